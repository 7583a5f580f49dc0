// tinyhttp/client/forwarding.hpp -- what a proxy passes on of a message.
//
// Pure: fields in, fields out. RFC 9110 7.6, RFC 7239. Sends nothing.
#pragma once

#include <tinyhttp/core/ascii.hpp>
#include <tinyhttp/core/function.hpp>
#include <tinyhttp/core/result.hpp>
#include <tinyhttp/http/fields.hpp>
#include <tinyhttp/http/media_type.hpp>
#include <tinyhttp/http/percent.hpp>
#include <tinyhttp/http/request.hpp>
#include <tinyhttp/http/response.hpp>
#include <tinyhttp/http/status.hpp>
#include <tinyhttp/http/uri_reference.hpp>

#include <cstddef>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

namespace tinyhttp {

/// The options of `as_handler`: what the proxy changes in requests.
struct forward_options {
  /// The upstream sees the Host field of the request; otherwise its own name.
  bool keep_host = false;

  /// Removed from the path before the path of the upstream's URL is put in front, such as `/api`; empty: nothing is.
  std::string strip_prefix = {};

  /// Our name in the Via field of requests (RFC 9110 7.6.3); empty: none is added.
  std::string via = "tinyhttp";

  /// Adds X-Forwarded-For, -Host and -Proto; `forwarded`: adds Forwarded (RFC 7239).
  bool x_forwarded = true;
  bool forwarded = false;

  /// Keeps such fields of the request, and appends ours. Only if the sender of the request can be
  /// trusted; otherwise they are dropped.
  bool trust_forwarded = false;

  /// Called with one line that says why a request got 502 or 504; the peer is not told. Called by any thread.
  function<void(std::string_view) const> log = {};
};

/// Removes the fields that are for one connection only: those that Connection names, and those that are so by
/// definition (RFC 9110 7.6.1). The next writer decides how the body is framed.
inline void remove_hop_by_hop(fields& from);

/// The fields of the forwarded request, given the received request `r`. Empty when it goes no further: its
/// Max-Forwards is used up (RFC 9110 7.6.2).
[[nodiscard]] inline std::optional<fields> forward_fields(const request& r,
                                                          const forward_options& how);

/// The path and query of `r` octet for octet (RFC 9110 7.7), as sent to the upstream: below `base`, the path of its
/// URL. `*` stays `*` if the whole upstream is meant: no prefix, and `/` as base. Empty if the path does not
/// start with `strip_prefix`, and if some server may read one of its segments as `..`, escaped or not: it might lead out
/// of the paths that are passed on. Below a prefix or a base that is not `/`, a broken escape counts as such: nobody
/// knows how a server reads `%u002e`.
[[nodiscard]] inline std::optional<std::string> forward_target(const request& r,
                                                               std::string_view base,
                                                               const forward_options& how);

/// The path and query of `r` in origin form, as received; `*` for OPTIONS with a URL without either, which the last
/// proxy turns into `*` (RFC 9112 3.2.4).
[[nodiscard]] inline std::string received_target(const request& r);
/// The part of an absolute target before those.
[[nodiscard]] inline std::string_view received_origin(const request& r) {
  const std::string_view text = r.target.text();
  const std::string_view authority = r.target.authority();
  return text.substr(0, static_cast<std::size_t>(authority.data() - text.data()) + authority.size());
}

/// The answer when the upstream gave none: 504 after a timeout, the hint of an error that the client's own request
/// caused, otherwise 502; it does not say why.
[[nodiscard]] inline response gateway_problem(const error& why);

// ---------------------------------------------------------------------------------------------

namespace detail {

/// A node of Forwarded: what is no token is quoted (RFC 7239 4); `unknown` when there is none.
inline std::string forwarded_node(std::string_view host) {
  if (host.empty()) return "unknown";
  const bool is_v6 = host.find(':') != host.npos;
  return is_v6 ? "\"[" + std::string(host) + "]\"" : std::string(host);
}

/// The address of a peer such as `127.0.0.1:52186` or `[::1]:4`, without port and brackets; empty
/// for one that is no IP address.
inline std::string_view address_of_peer(std::string_view peer) {
  const auto colon = peer.rfind(':');
  if (colon == peer.npos || peer.starts_with("unix")) return {};
  peer = peer.substr(0, colon);
  if (peer.starts_with('[') && peer.ends_with(']')) peer = peer.substr(1, peer.size() - 2);
  return peer;
}

/// Who asks us, and how. Where the fields that came go on, ours behind them is about the connection.
struct asked_by {
  asked_by(const request& r, const forward_options& how)
      : peer(address_of_peer(how.trust_forwarded && r.context != nullptr ? r.context->peer() : r.peer())),
        scheme((how.trust_forwarded && r.context != nullptr ? r.context->is_secure() : r.is_secure()) ? "https" : "http") {}
  std::string_view peer, scheme;
};

/// What came of them is believed; the address is added to the others.
inline void add_x_forwarded(fields& to, const request& r, const asked_by& by) {
  to.add("X-Forwarded-For", by.peer.empty() ? "unknown" : by.peer);
  if (!r.host().empty() && !to.contains("X-Forwarded-Host"))
    static_cast<void>(to.try_add("X-Forwarded-Host", r.host()));
  if (!to.contains("X-Forwarded-Proto")) to.add("X-Forwarded-Proto", by.scheme);
}

inline void add_forwarded(fields& to, const request& r, const asked_by& by) {
  std::string line = "for=" + forwarded_node(by.peer);
  if (!r.host().empty()) append_quoted(line.append(";host="), r.host());
  static_cast<void>(to.try_add("Forwarded", line.append(";proto=").append(by.scheme)));
}

/// A segment of `path` is `..` to some reader: escapes count as what they stand for, a backslash as a slash,
/// and a semicolon as the end of a name, as parameters of a path have it. A broken escape stands for itself.
[[nodiscard, gnu::cold]] inline bool leads_upwards(std::string_view path) {
  std::string decoded;
  while (!path.empty()) {
    const int octet = take_decoded_octet(path);
    if (octet < 0) path.remove_prefix(1);
    decoded.push_back(octet < 0 ? '%' : static_cast<char>(octet));
  }
  for (std::string_view rest = decoded; !rest.empty(); rest.remove_prefix(rest.empty() ? 0 : 1))
    if (take_until(rest, "/\\;") == "..") return true;
  return false;
}

}  // namespace detail

inline void remove_hop_by_hop(fields& from) {
  if (const auto named = from.combined("Connection")) {
    std::string_view list = *named;
    while (const auto name = ascii::take_list_element(list))
      if (!ascii::equal_ignoring_case(*name, "Host")) from.remove(*name);
  }
  for (const std::string_view name : {"Connection", "Keep-Alive", "Proxy-Connection", "TE", "Upgrade",
                                      "Transfer-Encoding", "Proxy-Authorization"})
    from.remove(name);
}

inline std::optional<fields> forward_fields(const request& r, const forward_options& how) {
  fields made = r.fields;
  remove_hop_by_hop(made);
  for (const std::string_view name : {"Content-Length", "Host"}) made.remove(name);
  if (r.version == http_version::http_1_0) made.remove("Expect");  // means nothing there (10.1.1), and we ask by 1.1
  if (how.keep_host) static_cast<void>(made.try_add("Host", r.host()));
  if (!how.trust_forwarded)
    for (const std::string_view name :
         {"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto"})
      made.remove(name);
  if (how.x_forwarded) detail::add_x_forwarded(made, r, detail::asked_by(r, how));
  if (how.forwarded) detail::add_forwarded(made, r, detail::asked_by(r, how));
  if (!how.via.empty())
    made.add("Via", (r.version == http_version::http_1_0 ? "1.0 " : "1.1 ") + how.via);

  if (r.method != method::options && r.method != method::trace) return made;
  if (const auto left = ascii::parse_decimal_strict(made["Max-Forwards"])) {
    if (*left == 0) return std::nullopt;
    made.set("Max-Forwards", ascii::to_decimal(*left - 1));
  }
  return made;
}

inline std::optional<std::string> forward_target(const request& r, std::string_view base,
                                                 const forward_options& how) {
  if (base.ends_with('/')) base.remove_suffix(1);
  std::string_view path = r.path();
  if (path == "*" && base.empty() && how.strip_prefix.empty()) return std::string(path);
  if (!path.starts_with('/') || !path.starts_with(how.strip_prefix)) return std::nullopt;
  const bool is_part = !base.empty() || !how.strip_prefix.empty();
  if (is_part && !is_percent_encoded(path)) return std::nullopt;
  const bool may_lead_upwards = path.find("..") != path.npos || path.find('%') != path.npos;
  if (may_lead_upwards && detail::leads_upwards(path)) return std::nullopt;
  path.remove_prefix(how.strip_prefix.size());
  if (!path.empty() && path.front() != '/' && !how.strip_prefix.ends_with('/'))
    return std::nullopt;  // /api is not the beginning of /apiary
  std::string made(base);
  if (!path.starts_with('/')) made.push_back('/');
  made.append(path);
  if (r.target.has_query()) made.append("?").append(r.query());
  return made;
}

inline std::string received_target(const request& r) {
  const bool is_bare = r.target.form() == target_form::absolute && r.target.text() == received_origin(r);
  if (is_bare && r.method == method::options) return "*";
  std::string made(r.path());
  if (r.target.has_query()) made.append("?").append(r.query());
  return made;
}

inline response gateway_problem(const error& why) {
  if (why.kind() == error_kind::timeout && why.status_hint() == 0)
    return problem(status::gateway_timeout);
  return problem(why.status_hint() >= 400 ? status(why.status_hint()) : status::bad_gateway);
}

}  // namespace tinyhttp
