// tinyhttp/testing/call.hpp -- calls an application without a socket, as a function or by octets.
//
// The handler, the parser and the writer are those of a server; the connection is memory.
#pragma once

#include <tinyhttp/app/handler.hpp>
#include <tinyhttp/net/loop.hpp>
#include <tinyhttp/server/options.hpp>
#include <tinyhttp/server/serve.hpp>
#include <tinyhttp/server/services.hpp>
#include <tinyhttp/testing/memory_stream.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace tinyhttp::testing {

/// The response of `app`, with its body pulled into octets: `call(app, request::get("/x")).body.text()`. For handlers
/// that wait for nothing that needs a loop. Throws what the handler throws, and `bad_result` if its body fails.
template <handler H>
[[nodiscard]] response call(const H& app, request r) {
  response made = invoke(app, r).get();
  const std::uint64_t most = std::uint64_t{1} << 30;  // octets
  auto all = made.body.read_all(most);
  all.start();
  (void)all.take().value();
  return made;
}

/// Returns the octets with which a server of `app` answers these octets, to the end of its last answer. `app` may
/// wait for time and for work that it posts, as in a server.
template <handler H>
[[nodiscard]] std::string call(const H& app, std::string_view octets, server_options with = {}) {
  net::loop loop;
  const any_handler erased([&app](request& r) { return invoke(app, r); });
  server_services services(with, loop);
  services.post = [&loop](function<void()> work) { loop.post(std::move(work)); };
  memory_pair ends(loop);
  detail::say_all(ends.first, octets);
  connection_host<memory_stream> host(erased, services);
  served_connection<memory_stream> serving(ends.second, host);
  loop.run_until_done(serving.run());
  return std::string(ends.first.unread());
}

}  // namespace tinyhttp::testing
