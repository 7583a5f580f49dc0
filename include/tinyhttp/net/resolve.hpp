// tinyhttp/net/resolve.hpp -- resolves host names with the system's resolver.
//
// The only call of this layer that blocks for as long as name servers take; numbers never block. See resolver.hpp for
// one that can be abandoned.
#pragma once

#include <tinyhttp/core/result.hpp>
#include <tinyhttp/net/address.hpp>
#include <tinyhttp/net/system.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <netdb.h>

namespace tinyhttp::net {

/// The stream addresses of `host`, without duplicates, in the order in which to try them (RFC 6724). `host` is a
/// number (`127.0.0.1`, `::1`, `[::1]`), a name, or `unix:PATH`. `passive`: for listening, where an empty host means
/// every interface. Fails with `resolve HOST: cause`.
[[nodiscard]] inline result<std::vector<address>> resolve(std::string_view host, std::uint16_t port,
                                                          bool passive = false);

/// What `resolve` returns without asking the system: for a number, for `unix:PATH`, and for what is no host name.
/// Unknown: the system has to be asked.
[[nodiscard]] inline result<address> address_of_literal(std::string_view host, std::uint16_t port);

/// The same, one address at a time, for callers that may not need all of them.
class address_search {
 public:
  address_search() = default;
  address_search(const address_search&) = delete;
  address_search& operator=(const address_search&) = delete;
  ~address_search() {
    if (found_ != nullptr) ::freeaddrinfo(found_);
  }

  /// Call it once, before `next`, which then has at least one address.
  [[nodiscard]] result<void> begin(std::string_view host, std::uint16_t port, bool passive = false);
  /// The next address; unknown: there are no more.
  [[nodiscard]] address next() noexcept;

 private:
  [[nodiscard]] result<void> ask_system(const std::string& host, bool passive);
  [[nodiscard]] bool is_listed_before(const address& one) const noexcept;
  [[nodiscard]] address read(const addrinfo& from) const noexcept {
    return address::from_native(from.ai_addr, from.ai_addrlen).with_port(port_);
  }

  address ahead_;              // what `next` will give
  addrinfo* found_ = nullptr;  // owned
  const addrinfo* at_ = nullptr;
  std::uint16_t port_ = 0;
};

// ---------------------------------------------------------------------------------------------

namespace detail {

[[nodiscard, gnu::cold]] inline error resolve_error(std::string_view host, std::string_view why) {
  return {error_kind::resolve, std::string("resolve ").append(host).append(": ").append(why)};
}

}  // namespace detail

[[gnu::cold]] inline result<void> address_search::begin(std::string_view host, std::uint16_t port, bool passive) {
  port_ = port;
  if (!host.empty() || !passive) {
    const auto literal = address_of_literal(host, port);
    if (!literal) return literal.error();
    ahead_ = *literal;
  }
  return ahead_.is_known() ? result<void>() : ask_system(std::string(host), passive);
}

[[gnu::cold]] inline result<void> address_search::ask_system(const std::string& host, bool passive) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = passive ? AI_PASSIVE : 0;
  int status = 0;
  int cause = 0;
  do {
    status = ::getaddrinfo(host.empty() ? nullptr : host.c_str(), host.empty() ? "0" : nullptr,
                           &hints, &found_);
    cause = errno;
  } while (status == EAI_SYSTEM && cause == EINTR);
  if (status != 0) {
    found_ = nullptr;
    std::string why = status == EAI_SYSTEM ? errno_text(cause) : ::gai_strerror(status);
    if (!why.empty()) why.front() = ascii::to_lower(why.front());
    return detail::resolve_error(host, why);
  }
  at_ = found_;
  static_cast<void>(next());  // there is none yet
  if (!ahead_.is_known()) return detail::resolve_error(host, "no usable address");
  return {};
}

[[gnu::cold]] inline address address_search::next() noexcept {
  const address given = ahead_;
  ahead_ = address();
  for (; at_ != nullptr && !ahead_.is_known(); at_ = at_->ai_next) {
    const address one = read(*at_);
    if (one.is_ip() && !is_listed_before(one)) ahead_ = one;
  }
  return given;
}

inline bool address_search::is_listed_before(const address& one) const noexcept {
  for (const addrinfo* other = found_; other != at_; other = other->ai_next)
    if (read(*other) == one) return true;
  return false;
}

[[gnu::cold]] inline result<address> address_of_literal(std::string_view host, std::uint16_t port) {
  if (host.starts_with("unix:")) return address::unix_domain(host.substr(5));
  address numeric;
  if (numeric.assign(host, port)) return numeric;
  bool has_bad_octet = false;
  for (const char c : host) has_bad_octet = has_bad_octet || !ascii::is_target_octet(c);
  if (!host.empty() && host.size() <= 255 && !has_bad_octet) return address();
  std::string shown;  // a log line stays a line, whatever the name holds
  for (const char c : host.substr(0, 255)) shown += ascii::is_target_octet(c) ? c : '?';
  return detail::resolve_error(shown, "not a host name");
}

[[gnu::cold]] inline result<std::vector<address>> resolve(std::string_view host, std::uint16_t port,
                                                          bool passive) {
  address_search search;
  if (auto begun = search.begin(host, port, passive); !begun) return begun.error();
  std::vector<address> all;
  for (address one = search.next(); one.is_known(); one = search.next()) all.push_back(one);
  return all;
}

}  // namespace tinyhttp::net
