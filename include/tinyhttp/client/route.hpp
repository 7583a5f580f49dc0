// tinyhttp/client/route.hpp -- the route to an origin: direct, over a Unix-domain socket, or by a proxy; and what that
// means for requests and kept connections.
//
// Pure. Connecting is in connecting.hpp.
#pragma once

#include <tinyhttp/client/credentials.hpp>
#include <tinyhttp/client/options.hpp>
#include <tinyhttp/client/proxy.hpp>
#include <tinyhttp/http/request.hpp>
#include <tinyhttp/http/url.hpp>

#include <string>

namespace tinyhttp {

/// Points into the options that it was made from.
struct route {
  const proxy* via = nullptr;  // null: straight
  bool tunnels = false;        // the proxy relays octets; otherwise it is asked in the origin's place

  /// Requests are sent to the proxy in absolute form (RFC 9112 3.2.2).
  [[nodiscard]] bool is_absolute_form() const noexcept { return via != nullptr && !tunnels; }

  /// Writes the key under which connections are kept: those with another route or origin never mix. `out` is empty if
  /// there is no memory for it: half a key would be another's.
  void write_key(std::string& out, const url& to) const try {
    out.clear();
    detail::append_host_field(out.append(to.scheme).append("://"), to);
    if (via != nullptr) out.append(tunnels ? " through " : " by ").append(via->to_string());
  } catch (...) {
    out.clear();
    throw;
  }
};

/// Chooses the route. A Unix-domain socket takes precedence over any proxy, as in curl.
[[nodiscard]] inline route route_to(const url& to, const client_options& with) {
  route way;
  if (!with.unix_path.empty()) return way;
  way.via = find_proxy(with.proxies, to);
  if (way.via != nullptr)
    way.tunnels = to.is_secure() || with.proxies.tunnels ||
                  way.via->speaks != proxy::protocol::http;
  return way;
}

/// Turns a request to `to` into one for a proxy: with the whole URL as its target, without a path for `*` (RFC 9112
/// 3.2.4), and with our proxy credentials unless it has its own. False: the URL is no valid target.
[[nodiscard]] inline bool put_in_absolute_form(request& r, const url& to, const proxy& via) {
  const std::string host = to.host_field();
  if (!r.fields.contains("Host")) r.fields.add("Host", host);
  if (via.credentials && !r.fields.contains("Proxy-Authorization"))
    r.fields.add("Proxy-Authorization", basic_credentials(*via.credentials));
  std::string whole = to.origin();
  if (r.target.form() != target_form::asterisk) whole.append(r.target.text());
  return r.target.assign(whole, r.method);
}

}  // namespace tinyhttp
