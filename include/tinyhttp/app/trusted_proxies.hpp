// tinyhttp/app/trusted_proxies.hpp -- the real client's address, as told by trusted proxies.
//
// Anybody can send the fields that proxies set, so they are believed only as far as trusted proxies wrote them: RFC
// 7239 8.1. Knows no socket; the peer's address comes from the request's context.
#pragma once

#include <tinyhttp/app/handler.hpp>
#include <tinyhttp/core/ascii.hpp>
#include <tinyhttp/core/small_vector.hpp>
#include <tinyhttp/http/ip_address.hpp>
#include <tinyhttp/http/media_type.hpp>
#include <tinyhttp/http/target.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tinyhttp {

/// Which proxies are trusted, and for what. Without `proxies`, none are.
struct trusted_proxy_options {
  /// Addresses and networks, such as `127.0.0.1`, `::1`, `10.0.0.0/8`; `unix:` is every peer on a Unix-domain
  /// socket. Every proxy on the way must be among them.
  std::vector<std::string> proxies{};

  /// The field to which each of them appends the address it was asked from, as the last element of a list
  /// of addresses, or of the elements of `Forwarded` (RFC 7239).
  std::string field = "X-Forwarded-For";

  /// Take from them the scheme and the host that the client asked for: the last element of X-Forwarded-Proto and
  /// X-Forwarded-Host, or what is beside the address in `Forwarded`. Only safe if the proxies overwrite these
  /// fields: many pass them on as they came.
  bool scheme = false;
  bool host = false;
};

/// A handler that calls `h` with a request whose `peer()`, and on demand `is_secure()` and `host()`, are those of the
/// client that connected to the outermost trusted proxy. Nothing is believed from anybody else.
///
/// The list is read from its end, over all lines of the field: each address was written by the proxy after
/// it, the last one by the peer of the connection. The first that is not trusted is the client. An element that
/// is no address, such as `unknown`, ends the search, too; then the last trusted address is the client. Without a
/// context, as in tests, nobody is trusted.
///
/// Put it around everything that uses the peer: `with_trusted_proxies(with_access_log(app), {...})`.
/// The fields are not changed. Throws std::invalid_argument for a proxy that is no address or network, and for
/// an invalid field name.
template <handler H>
[[nodiscard]] auto with_trusted_proxies(H h, trusted_proxy_options options);

// ---------------------------------------------------------------------------------------------

namespace detail {

/// An address in a list, with or without its port (RFC 7239 6).
struct forwarded_address {
  ip_address address;
  std::uint16_t port = 0;

  [[nodiscard]] std::string to_string() const {
    std::string text = address.is_v4() ? address.to_string() : '[' + address.to_string() + ']';
    ascii::append_decimal(text += ':', port);
    return text;
  }
};

/// Reads `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]` or `[2001:db8::1]:80`; a hidden port, such as
/// `_a`, is 0. The zone of an address in brackets is another machine's, or said by the system: dropped.
[[nodiscard]] inline std::optional<forwarded_address> parse_forwarded_address(std::string_view text) noexcept {
  const std::size_t close = text.starts_with('[') ? text.find(']') : 0;
  const std::size_t colon = text.find(':', close);
  std::string_view host = text, port;
  if (close != 0) {
    if (close == text.npos) return std::nullopt;
    host = text.substr(1, close - 1);
    host = host.substr(0, host.find('%'));
    port = text.substr(close + 1);
    if (host.find(':') == host.npos) return std::nullopt;
  } else if (colon != text.npos && colon == text.rfind(':')) {
    host = text.substr(0, colon);
    port = text.substr(colon);
  }
  const auto address = ip_address::parse(host);
  if (!address) return std::nullopt;
  if (port.empty()) return forwarded_address{*address};
  const bool is_hidden = port.starts_with(":_") && ascii::is_token(port.substr(1));
  const auto number = is_hidden ? 0 : ascii::parse_decimal_strict(port.substr(1), 65535);
  if (port.front() != ':' || !number) return std::nullopt;
  return forwarded_address{*address, static_cast<std::uint16_t>(*number)};
}

/// The elements of a list field, the last one first, over all of its lines, without empty ones. A quoted
/// string is one element. Because it reads from the end, nothing before an element can change what it is.
class list_from_its_end {
 public:
  list_from_its_end(const fields& of, std::string_view name) noexcept
      : fields_(of), name_(name), lines_(of.may_contain(name) ? of.size() : 0) {}

  /// Empty when there are no more.
  [[nodiscard]] std::optional<std::string_view> next() noexcept {
    for (;;) {
      if (rest_.empty()) {
        if (lines_ == 0) return std::nullopt;
        const field line = fields_[--lines_];
        if (ascii::equal_ignoring_case(line.name, name_)) rest_ = line.value;
        continue;
      }
      const auto element = ascii::trim(take_last());
      if (!element.empty()) return element;
    }
  }

 private:
  [[nodiscard]] std::string_view take_last() noexcept {
    std::size_t begin = rest_.size();
    for (bool quoted = false; begin > 0 && (quoted || rest_[begin - 1] != ','); --begin)
      if (rest_[begin - 1] == '"' && !(quoted && is_escaped(begin - 1))) quoted = !quoted;
    const auto element = rest_.substr(begin);
    rest_ = rest_.substr(0, begin > 0 ? begin - 1 : 0);
    return element;
  }
  [[nodiscard]] bool is_escaped(std::size_t at) const noexcept {
    std::size_t backslashes = 0;
    while (backslashes < at && rest_[at - backslashes - 1] == '\\') ++backslashes;
    return backslashes % 2 != 0;
  }

  const fields& fields_;
  std::string_view name_;
  std::size_t lines_;  // that have not been looked at
  std::string_view rest_;
};

struct forwarded_element {
  std::string node, host, scheme;
};

/// Parses `for=192.0.2.1;proto=https;host=h`. False, without a change to `into`, if it is malformed or has one of
/// these twice (RFC 7239 4).
[[nodiscard, gnu::cold]] inline bool parse_forwarded_element(std::string_view text, forwarded_element& into) {
  const std::string all = std::string(";").append(text);
  std::string_view rest = all;
  forwarded_element made;
  while (const auto pair = take_parameter(rest)) {
    std::string* to = nullptr;
    if (ascii::equal_ignoring_case(pair->name, "for")) to = &made.node;
    if (ascii::equal_ignoring_case(pair->name, "host")) to = &made.host;
    if (ascii::equal_ignoring_case(pair->name, "proto")) to = &made.scheme;
    if (to == nullptr) continue;
    if (!to->empty()) return false;
    *to = pair->text();
  }
  if (rest.empty()) into = std::move(made);
  return rest.empty();
}

/// Whom to believe, and what: what `with_trusted_proxies` was told.
class proxy_trust {
 public:
  explicit proxy_trust(trusted_proxy_options options)
      : options_(std::move(options)), is_forwarded_(ascii::equal_ignoring_case(options_.field, "Forwarded")) {
    if (!ascii::is_token(options_.field)) throw std::invalid_argument("with_trusted_proxies: field: no name of one");
    for (const std::string& each : options_.proxies) {
      const auto network = ip_network::parse(each);
      if (!network && each != "unix:")
        throw std::invalid_argument("with_trusted_proxies: " + each + ": no address, network or unix:");
      if (network) networks_.push_back(*network);
      else trusts_unix_ = true;
    }
  }

  /// Fills in `r.forwarded`, anew.
  void believe(request& r) const {
    r.forwarded.clear();
    if (r.context == nullptr || !trusts(r.context->peer())) return;
    forwarded_element told;  // the last that could be read
    std::optional<forwarded_address> who;
    list_from_its_end list(r.fields, options_.field);
    for (std::size_t read = 0; read < most_proxies; ++read) {
      const auto element = list.next();
      if (!element || (is_forwarded_ && !parse_forwarded_element(*element, told))) break;
      const auto next = parse_forwarded_address(is_forwarded_ ? told.node : *element);
      if (!next) break;
      who = next;
      if (!trusts(who->address)) break;
    }
    if (who) r.forwarded.peer = who->to_string();
    if (options_.scheme) take_scheme(r, is_forwarded_ ? told.scheme : last_of(r, "X-Forwarded-Proto"));
    if (options_.host) take_host(r, is_forwarded_ ? told.host : last_of(r, "X-Forwarded-Host"));
  }

 private:
  static constexpr std::size_t most_proxies = 100;  // on the way of a request

  [[nodiscard]] bool trusts(std::string_view peer) const noexcept {
    if (peer.starts_with("unix:")) return trusts_unix_;
    const auto at = parse_forwarded_address(peer);
    return at && trusts(at->address);
  }
  [[nodiscard]] bool trusts(const ip_address& one) const noexcept {
    for (const ip_network& each : networks_)
      if (each.contains(one)) return true;
    return false;
  }

  [[nodiscard]] static std::string_view last_of(const request& r, std::string_view name) noexcept {
    return list_from_its_end(r.fields, name).next().value_or(std::string_view());
  }
  static void take_scheme(request& r, std::string_view told) noexcept {
    using scheme = forwarded_facts::scheme_told;
    if (ascii::equal_ignoring_case(told, "https")) r.forwarded.scheme = scheme::https;
    if (ascii::equal_ignoring_case(told, "http")) r.forwarded.scheme = scheme::http;
  }
  static void take_host(request& r, std::string_view told) {
    if (is_host_and_port(told, false)) r.forwarded.host = told;
  }

  trusted_proxy_options options_;
  bool is_forwarded_;
  bool trusts_unix_ = false;
  small_vector<ip_network, 4> networks_;
};

template <handler H>
class trusting_handler {
 public:
  trusting_handler(H h, trusted_proxy_options options) : handler_(std::move(h)), trust_(std::move(options)) {}

  reply operator()(request& r) const {
    trust_.believe(r);
    return invoke(handler_, r);
  }

 private:
  H handler_;
  proxy_trust trust_;
};

}  // namespace detail

template <handler H>
auto with_trusted_proxies(H h, trusted_proxy_options options) {
  return detail::trusting_handler<H>(std::move(h), std::move(options));
}

}  // namespace tinyhttp
