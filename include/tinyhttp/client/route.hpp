// tinyhttp/client/route.hpp -- the way to an origin: straight, over a Unix-domain socket, or by a
// proxy; and what that means for requests and for the keeping of connections.
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
  bool tunnels = false;        // the proxy passes octets on; else it is asked in the origin's place

  /// Requests go to the proxy as such: RFC 9112 3.2.2.
  [[nodiscard]] bool is_absolute_form() const noexcept { return via != nullptr && !tunnels; }

  /// What connections are kept by: those that take another way, or lead elsewhere, never mix.
  void append_key(std::string& out, const url& to) const {
    detail::append_host_field(out.append(to.scheme).append("://"), to);
    if (via != nullptr) out.append(tunnels ? " through " : " by ").append(via->to_string());
  }
};

/// A Unix-domain socket goes before any proxy, as in curl.
[[nodiscard]] inline route route_to(const url& to, const client_options& with) {
  route way;
  if (!with.unix_path.empty()) return way;
  way.via = find_proxy(with.proxies, to);
  if (way.via != nullptr)
    way.tunnels = to.is_secure() || with.proxies.tunnels ||
                  way.via->speaks != proxy::protocol::http;
  return way;
}

/// Makes of a request to `to` one that a proxy understands: the whole URL as its target, without path for `*`
/// (RFC 9112 3.2.4), and our credentials with it unless it has others. False: the URL makes no target.
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
