// tinyhttp/net/resolve.hpp -- host names to addresses, by asking the system's resolver.
//
// The one call of this floor that blocks for as long as others please; numbers never ask anybody.
// See resolver.hpp for one that can be given up.
#pragma once

#include <tinyhttp/core/result.hpp>
#include <tinyhttp/net/address.hpp>
#include <tinyhttp/net/system.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <netdb.h>

namespace tinyhttp::net {

/// The stream addresses of `host`, in the order in which they should be tried (RFC 6724), each
/// once. `host` is a number (`127.0.0.1`, `::1`, `[::1]`), a name, or `unix:PATH`. `passive`: for
/// listening, where an empty host means every interface. Fails with `resolve HOST: cause`.
[[nodiscard]] inline result<std::vector<address>> resolve(std::string_view host, std::uint16_t port,
                                                          bool passive = false);

/// What `resolve` says without asking anybody: of numbers, `unix:PATH`, and what is no host name.
/// No address: somebody has to be asked.
[[nodiscard]] inline result<std::vector<address>> addresses_of_literal(std::string_view host, std::uint16_t port);

// ---------------------------------------------------------------------------------------------

namespace detail {

[[gnu::cold]] inline result<std::vector<address>> ask_resolver(const std::string& host, std::uint16_t port,
                                                 bool passive) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = passive ? AI_PASSIVE : 0;
  addrinfo* found = nullptr;
  int status = 0;
  int cause = 0;
  do {
    status = ::getaddrinfo(host.empty() ? nullptr : host.c_str(), host.empty() ? "0" : nullptr,
                           &hints, &found);
    cause = errno;
  } while (status == EAI_SYSTEM && cause == EINTR);
  if (status != 0) {
    std::string why = status == EAI_SYSTEM ? errno_text(cause) : ::gai_strerror(status);
    if (!why.empty()) why.front() = ascii::to_lower(why.front());
    return error(error_kind::resolve, "resolve " + host + ": " + why);
  }
  std::vector<address> all;
  for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
    const address one = address::from_native(each->ai_addr, each->ai_addrlen).with_port(port);
    bool listed = !one.is_ip();
    for (const address& other : all) listed = listed || other == one;
    if (!listed) all.push_back(one);
  }
  ::freeaddrinfo(found);
  if (all.empty()) return error(error_kind::resolve, "resolve " + host + ": no usable address");
  return all;
}

}  // namespace detail

[[gnu::cold]] inline result<std::vector<address>> addresses_of_literal(std::string_view host, std::uint16_t port) {
  std::vector<address> found;
  if (host.starts_with("unix:")) {
    const auto local = address::unix_domain(host.substr(5));
    if (!local) return local.error();
    found.push_back(*local);
    return found;
  }
  if (const auto numeric = address::parse(host, port)) found.push_back(*numeric);
  if (!found.empty()) return found;
  bool has_bad_octet = false;
  for (const char c : host) has_bad_octet = has_bad_octet || !ascii::is_target_octet(c);
  if (!host.empty() && host.size() <= 255 && !has_bad_octet) return found;
  std::string shown;  // a log line stays a line, whatever the name holds
  for (const char c : host.substr(0, 255)) shown += ascii::is_target_octet(c) ? c : '?';
  return error(error_kind::resolve, "resolve " + shown + ": not a host name");
}

[[gnu::cold]] inline result<std::vector<address>> resolve(std::string_view host, std::uint16_t port,
                                                          bool passive) {
  if (!host.empty() || !passive)
    if (auto literal = addresses_of_literal(host, port); !literal || !literal->empty()) return literal;
  return detail::ask_resolver(std::string(host), port, passive);
}

}  // namespace tinyhttp::net
