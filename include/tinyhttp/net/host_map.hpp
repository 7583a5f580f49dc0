// tinyhttp/net/host_map.hpp -- hosts that are redirected to other addresses than the resolver's.
//
// Pure: what curl calls --resolve and --connect-to. Changes where to connect, never what is sent: Host fields and
// certificate names stay those of the URL.
#pragma once

#include <tinyhttp/core/ascii.hpp>
#include <tinyhttp/core/result.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tinyhttp::net {

/// Connections to `host` and `port` go to `to` instead.
struct host_mapping {
  std::string host = {};              // in lower case; empty: every host
  std::uint16_t port = 0;             // 0: every port
  std::vector<std::string> to = {};   // addresses, names or `unix:PATH`; all addresses found are tried. Empty: `host`
  std::uint16_t to_port = 0;          // 0: the requested one
};

/// The first mapping that matches, or null. Points into `all`.
[[nodiscard]] inline const host_mapping* find_mapping(const std::vector<host_mapping>& all,
                                                      std::string_view host, std::uint16_t port);

/// Parses `HOST:PORT:ADDRESS[,ADDRESS]...` as curl's --resolve does; HOST may be `*`. Brackets around IPv6 addresses
/// are optional after PORT.
[[nodiscard]] inline result<host_mapping> parse_host_addresses(std::string_view text);

/// Parses `HOST1:PORT1:HOST2:PORT2` as curl's --connect-to does: an empty HOST1 or PORT1 matches any, an empty HOST2
/// or PORT2 keeps the requested one. IPv6 addresses need brackets.
[[nodiscard]] inline result<host_mapping> parse_connect_to(std::string_view text);

// ---------------------------------------------------------------------------------------------

inline const host_mapping* find_mapping(const std::vector<host_mapping>& all, std::string_view host,
                                        std::uint16_t port) {
  for (const host_mapping& each : all)
    if ((each.host.empty() || ascii::equal_ignoring_case(each.host, host)) &&
        (each.port == 0 || each.port == port))
      return &each;
  return nullptr;
}

namespace detail {

/// Takes the text up to the next colon, which goes too; brackets hold theirs together and are taken
/// off. False when there is no colon and one must be there.
inline bool take_part(std::string_view& text, std::string_view& part, bool last = false) {
  if (text.starts_with('[')) {
    const auto end = text.find(']');
    if (end == text.npos) return false;
    part = text.substr(1, end - 1);
    text.remove_prefix(end + 1);
    if (!last && !text.starts_with(':')) return false;
  } else {
    const auto colon = text.find(':');
    if (!last && colon == text.npos) return false;
    part = text.substr(0, colon);
    text.remove_prefix(part.size());
  }
  if (!last) text.remove_prefix(1);
  return !last || text.empty();
}

/// Empty text is port 0 where `may_be_empty`.
inline bool read_port(std::string_view text, std::uint16_t& port, bool may_be_empty) {
  if (text.empty()) return may_be_empty;
  const auto number = ascii::parse_decimal_strict(text, 65535);
  if (!number || *number == 0) return false;
  port = static_cast<std::uint16_t>(*number);
  return true;
}

inline error bad_mapping(std::string_view text, std::string_view wanted) {
  std::string shown;
  for (const char c : text.substr(0, 200)) shown += ascii::is_target_octet(c) ? c : '?';
  return {error_kind::invalid_argument, "\"" + shown + "\" is not " + std::string(wanted)};
}

}  // namespace detail

inline result<host_mapping> parse_host_addresses(std::string_view text) {
  const auto refuse = [&] { return detail::bad_mapping(text, "HOST:PORT:ADDRESS"); };
  host_mapping made;
  std::string_view rest = text;
  std::string_view host;
  std::string_view port;
  if (!detail::take_part(rest, host) || host.empty() || !detail::take_part(rest, port) ||
      !detail::read_port(port, made.port, false))
    return refuse();
  if (host != "*") made.host = ascii::to_lower(host);
  while (const auto each = ascii::take_list_element(rest)) made.to.emplace_back(*each);
  if (made.to.empty()) return refuse();
  return made;
}

inline result<host_mapping> parse_connect_to(std::string_view text) {
  host_mapping made;
  std::string_view rest = text;
  std::string_view host;
  std::string_view port;
  std::string_view to_host;
  std::string_view to_port;
  if (!detail::take_part(rest, host) || !detail::take_part(rest, port) ||
      !detail::take_part(rest, to_host) || !detail::take_part(rest, to_port, true) ||
      !detail::read_port(port, made.port, true) || !detail::read_port(to_port, made.to_port, true))
    return detail::bad_mapping(text, "HOST1:PORT1:HOST2:PORT2");
  made.host = ascii::to_lower(host);
  if (!to_host.empty()) made.to.emplace_back(to_host);
  return made;
}

}  // namespace tinyhttp::net
