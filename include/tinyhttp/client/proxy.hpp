// tinyhttp/client/proxy.hpp -- chooses the proxy for a URL, as curl does.
//
// Pure, except for `proxy_from_environment`, which reads the environment when it is called and at no
// other time. tunnel.hpp talks to a proxy.
#pragma once

#include <tinyhttp/core/ascii.hpp>
#include <tinyhttp/core/result.hpp>
#include <tinyhttp/http/percent.hpp>
#include <tinyhttp/http/url.hpp>
#include <tinyhttp/net/address.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

namespace tinyhttp {

/// A proxy's location and how to talk to it.
struct proxy {
  enum class protocol : std::uint8_t {
    http,     // requests in absolute form, or CONNECT if a tunnel is wanted
    socks5,   // RFC 1928; host names are resolved here
    socks5h,  // the same; the proxy resolves them
  };
  protocol speaks = protocol::http;
  std::string host;  // an IPv6 address without brackets
  std::uint16_t port = 1080;
  std::optional<std::string> credentials = {};  // `user:password`, decoded

  /// `127.0.0.1:3128`, for error lines: without credentials.
  [[nodiscard]] std::string to_string() const {
    return detail::in_brackets(host) + ":" + ascii::to_decimal(port);
  }
};

/// Which proxy to use for which URLs; empty: none.
struct proxy_settings {
  std::optional<proxy> http = {};   // for http URLs
  std::optional<proxy> https = {};  // for https URLs
  std::string except = {};          // hosts to connect to directly: see `is_excepted`
  bool tunnels = false;             // CONNECT for http URLs, too (curl -p)
};

/// Parses `[SCHEME://][USER:PASSWORD@]HOST[:PORT]`; anything after that is ignored. SCHEME is http (also when there
/// is none), socks5 or socks5h; without a PORT it is 1080 for all of them. The error message shows no password.
[[nodiscard]] inline result<proxy> parse_proxy(std::string_view text);

/// Whether `host` is on the list, which is `*`, or host names and addresses separated by commas or blanks. A name matches
/// itself and all names below it, with or without a leading dot; it has no port. An address matches itself;
/// `10.0.0.0/8` and `fd00::/8` match networks.
[[nodiscard]] inline bool is_excepted(std::string_view list, std::string_view host);

/// The proxy for `to`, or null. Points into `from`.
[[nodiscard]] inline const proxy* find_proxy(const proxy_settings& from, const url& to);

/// The settings in the variables that `variable` returns by name, or null: `http_proxy` (only in lower case, because
/// in CGI programs HTTP_PROXY is a request field), `https_proxy`, `HTTPS_PROXY`, `all_proxy`, `ALL_PROXY` for both,
/// `no_proxy`, `NO_PROXY`. Empty ones count as unset. Fails if one of them is not a proxy that we can use.
template <class Lookup>
[[nodiscard]] result<proxy_settings> proxies_from(const Lookup& variable);

/// The settings in this process's environment. Other threads must not change it meanwhile.
[[nodiscard]] inline result<proxy_settings> proxy_from_environment() {
  return proxies_from([](const char* name) -> const char* { return std::getenv(name); });
}

// ---------------------------------------------------------------------------------------------

namespace detail {

/// There is a port behind the host.
[[nodiscard]] inline bool names_a_port(std::string_view authority) {
  const auto colon = authority.rfind(':');
  return colon != authority.npos && colon + 1 != authority.size() &&
         authority.find_first_of("]@", colon) == authority.npos;
}

}  // namespace detail

inline result<proxy> parse_proxy(std::string_view text) {
  const auto refuse = [&](std::string_view why) {
    return detail::url_error(text, why).within("proxy");
  };
  proxy made;
  std::string_view rest = text;
  if (const auto mark = text.find("://"); mark != text.npos) {
    const std::string scheme = ascii::to_lower(text.substr(0, mark));
    rest.remove_prefix(mark + 3);
    if (scheme == "socks5") made.speaks = proxy::protocol::socks5;
    else if (scheme == "socks5h") made.speaks = proxy::protocol::socks5h;
    else if (scheme != "http") return refuse("the scheme is none of http, socks5 and socks5h");
  }
  const std::string_view authority = detail::take_until(rest, "/?#");
  url parts;
  if (const auto wrong = detail::read_authority(authority, parts); !wrong.empty())
    return refuse(wrong);
  made.host = parts.host;
  if (detail::names_a_port(authority)) made.port = parts.port;
  if (parts.userinfo.empty()) return made;
  made.credentials = percent_decode(parts.userinfo);
  if (!made.credentials) return refuse("a broken escape");
  if (made.speaks == proxy::protocol::http && ascii::has_control(*made.credentials))
    return refuse("a control octet in user or password");  // RFC 7617 2
  if (parts.userinfo.find(':') == parts.userinfo.npos) *made.credentials += ':';
  return made;
}

namespace detail {

/// An entry of the list against a host that is an address. As curl: a prefix length of 0 means the
/// whole address, and what stands behind its digits is ignored.
[[nodiscard]] inline bool is_in_network(std::string_view entry, const net::address& host) {
  const std::string_view network = take_until(entry, "/");
  const auto base = net::address::parse(network, 0);
  if (!base || network.starts_with('[') || base->family() != host.family()) return false;
  const std::size_t all = host.ip_octets().size() * 8;
  std::size_t bits = 0;
  if (!entry.empty()) entry.remove_prefix(1);
  if (entry.starts_with('-')) return false;
  while (!entry.empty() && ascii::is_digit(entry.front()) && bits <= all) {
    bits = bits * 10 + static_cast<std::size_t>(entry.front() - '0');
    entry.remove_prefix(1);
  }
  return bits <= all && host.shares_prefix(*base, bits == 0 ? all : bits);
}

[[nodiscard]] inline bool is_name_below(std::string_view entry, std::string_view host) {
  if (entry.ends_with('.')) entry.remove_suffix(1);
  if (entry.starts_with('.')) entry.remove_prefix(1);
  if (entry.empty() || entry.size() > host.size()) return false;
  const std::size_t at = host.size() - entry.size();
  return (at == 0 || host[at - 1] == '.') && ascii::equal_ignoring_case(host.substr(at), entry);
}

}  // namespace detail

inline bool is_excepted(std::string_view list, std::string_view host) {
  if (list == "*") return true;
  const auto numeric = net::address::parse(host, 0);
  if (!numeric && host.ends_with('.')) host.remove_suffix(1);
  while (!list.empty()) {
    const std::string_view entry = detail::take_until(list, ", \t");
    if (!list.empty()) list.remove_prefix(1);
    if (entry.empty()) continue;
    if (numeric ? detail::is_in_network(entry, *numeric) : detail::is_name_below(entry, host))
      return true;
  }
  return false;
}

inline const proxy* find_proxy(const proxy_settings& from, const url& to) {
  const std::optional<proxy>& one = to.is_secure() ? from.https : from.http;
  return one && !is_excepted(from.except, to.host) ? &*one : nullptr;
}

template <class Lookup>
result<proxy_settings> proxies_from(const Lookup& variable) {
  const auto first_of = [&](std::initializer_list<const char*> names) -> const char* {
    for (const char* name : names)
      if (const char* value = variable(name); value != nullptr && *value != '\0') return name;
    return nullptr;
  };
  proxy_settings made;
  const auto read = [&](const char* name, std::optional<proxy>& into) -> result<void> {
    if (name == nullptr) return {};
    const auto one = parse_proxy(variable(name));
    if (!one) return one.error().within(name);
    into = *one;
    return {};
  };
  const char* http = first_of({"http_proxy", "all_proxy", "ALL_PROXY"});
  const char* https = first_of({"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"});
  if (const auto done = read(http, made.http); !done) return done.error();
  if (const auto done = read(https, made.https); !done) return done.error();
  if (const char* name = first_of({"no_proxy", "NO_PROXY"}); name != nullptr)
    made.except = variable(name);
  return made;
}

}  // namespace tinyhttp
