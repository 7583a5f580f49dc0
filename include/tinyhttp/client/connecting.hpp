// tinyhttp/client/connecting.hpp -- from a URL and the options to a connection that is ready for requests, through any
// proxy.
//
// Shared by the transports, which supply a way to wait (net/waiting.hpp) and make streams from sockets.
#pragma once

#include <tinyhttp/client/connection.hpp>
#include <tinyhttp/client/options.hpp>
#include <tinyhttp/client/route.hpp>
#include <tinyhttp/client/tunnel.hpp>
#include <tinyhttp/core/bounds.hpp>
#include <tinyhttp/core/chrono.hpp>
#include <tinyhttp/core/clock.hpp>
#include <tinyhttp/core/result.hpp>
#include <tinyhttp/core/shared.hpp>
#include <tinyhttp/core/task.hpp>
#include <tinyhttp/http/url.hpp>
#include <tinyhttp/net/connector.hpp>
#include <tinyhttp/net/find_addresses.hpp>
#include <tinyhttp/net/stream.hpp>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace tinyhttp {

/// Connects along `route_to(to, with)`, including name resolution and a proxy's answer, until the earlier of
/// `deadline` and `connect_timeout`. `make` turns a `net::connected` into the stream's `shared<client_connection>`.
/// The arguments must outlive the task.
template <net::stream Stream, class Waiting, class Make>
[[nodiscard]] task<result<shared<client_connection<Stream>>>> connect_along(
    Waiting& waits, const url& to, const client_options& with, net::address_memory& winners,
    time_point deadline, const Make& make);

// ---------------------------------------------------------------------------------------------

namespace detail {

[[nodiscard]] inline net::connect_options connect_options_of(const client_options& with,
                                                             net::address_memory& winners,
                                                             duration left) {
  net::connect_options how;
  how.timeout = at_most<std::chrono::milliseconds>(
      with.connect_timeout, std::chrono::ceil<std::chrono::milliseconds>(left));
  how.stagger = with.stagger;
  how.from = with.local_address;
  how.hosts = with.hosts;
  how.memory = &winners;
  how.resolver = with.resolver;
  return how;
}

/// `to` with its host as an address, for proxies that resolve no names. IPv4 before IPv6: such a
/// proxy cannot be asked to race, and there are more of them that know IPv4.
template <class Waiting>
task<result<url>> with_address(Waiting& waits, url to, const net::connect_options& how,
                               time_point end) {
  auto finding = net::find_addresses(waits, to.host, to.port, how, end);
  const result<std::vector<net::address>> found = co_await finding;
  if (!found) co_return found.error();
  const net::address* best = nullptr;
  for (const net::address& each : *found)
    if (each.is_ip() && (best == nullptr || best->ip_octets().size() > each.ip_octets().size()))
      best = &each;
  if (best == nullptr)
    co_return error(error_kind::resolve, "resolve " + to.host + ": no address for a proxy");
  to.host = best->host();
  to.port = best->port();
  co_return to;
}

/// Asks the proxy for a way to `to`, by its name or by its address as the proxy understands it.
template <net::stream Stream, class Waiting>
task<result<void>> tunnel_to(Waiting& waits, Stream& over, const url& to, const proxy& via,
                             const client_options& with, const net::connect_options& how, time_point end) {
  url beyond = to;
  if (via.speaks == proxy::protocol::socks5) {
    auto finding = with_address(waits, to, how, end);
    result<url> found = co_await finding;
    if (!found) co_return found.error();
    beyond = std::move(*found);
  }
  auto opening = open_tunnel(over, via, beyond, with.limits);
  const result<void> opened = co_await opening;
  co_return opened;
}

/// From here on `made` is a secure connection with `to`, or of no use.
template <class Connection>
task<result<void>> secure(Connection& made, const url& to, const net::secure_context& by) {
  const std::string line = "connect " + to.origin();
  if (const auto begun = made.stream.secure(by, to.host, to.port); !begun) co_return begun.error().within(line);
  made.scheme = "https";
  auto shaking = made.stream.handshake();
  const result<void> secured = co_await shaking;
  if (secured) co_return secured;
  switch (const error& why = secured.error(); why.kind()) {
    case error_kind::timeout: co_return error(why.kind(), line + ": timed out in the TLS handshake");
    case error_kind::cancelled: co_return error(why.kind(), line + ": told to stop");
    case error_kind::closed: co_return error(why.kind(), line + ": connection reset in the TLS handshake");
    default: co_return why.within(line);
  }
}

}  // namespace detail

template <net::stream Stream, class Waiting, class Make>
task<result<shared<client_connection<Stream>>>> connect_along(
    Waiting& waits, const url& to, const client_options& with, net::address_memory& winners,
    time_point deadline, const Make& make) {
  if (to.is_secure() && with.tls == nullptr)
    co_return error(error_kind::tls, "connect " + to.origin() + ": TLS is off (client_options::tls, tls.hpp)");
  const route way = route_to(to, with);
  const auto how = detail::connect_options_of(with, winners, deadline - waits.now());
  const time_point end = deadline_in(waits.now(), how.timeout);

  std::string host = way.via != nullptr ? way.via->host : to.host;
  if (!with.unix_path.empty()) host = "unix:" + with.unix_path;
  const std::uint16_t port = way.via != nullptr ? way.via->port : to.port;
  auto connecting = net::connect_with(waits, std::move(host), port, how);
  result<net::connected> made = co_await connecting;
  if (!made) co_return way.via != nullptr ? made.error().within("proxy") : made.error();
  shared<client_connection<Stream>> ready = make(std::move(*made));
  if (!way.tunnels && !to.is_secure()) co_return ready;
  ready->stream.expires_at(end);
  if (way.tunnels) {
    auto opening = detail::tunnel_to(waits, ready->stream, to, *way.via, with, how, end);
    const result<void> opened = co_await opening;
    if (!opened) co_return opened.error();
  }
  if (to.is_secure()) {
    auto securing = detail::secure(*ready, to, *with.tls);
    const result<void> secured = co_await securing;
    if (!secured) co_return secured.error();
  }
  ready->stream.never_expires();
  co_return ready;
}

}  // namespace tinyhttp
