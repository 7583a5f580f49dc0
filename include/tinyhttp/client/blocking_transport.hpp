// tinyhttp/client/blocking_transport.hpp -- the connections of a client that blocks its caller's thread.
#pragma once

#include <tinyhttp/client/connecting.hpp>
#include <tinyhttp/client/connection.hpp>
#include <tinyhttp/client/options.hpp>
#include <tinyhttp/core/chrono.hpp>
#include <tinyhttp/core/clock.hpp>
#include <tinyhttp/core/result.hpp>
#include <tinyhttp/core/shared.hpp>
#include <tinyhttp/core/task.hpp>
#include <tinyhttp/http/url.hpp>
#include <tinyhttp/net/address_memory.hpp>
#include <tinyhttp/net/blocking_stream.hpp>
#include <tinyhttp/net/connector.hpp>
#include <tinyhttp/net/secured_stream.hpp>
#include <tinyhttp/net/waiting.hpp>

#include <utility>

namespace tinyhttp {

/// A `client_transport` for any number of threads: each `connect` makes a new connection in the calling thread.
class blocking_transport {
 public:
  using stream = net::secured_stream<net::blocking_stream>;
  using connection = shared<client_connection<stream>>;

  [[nodiscard]] time_point now() const noexcept { return std::chrono::steady_clock::now(); }

  /// See connecting.hpp. Another thread may cancel it by `with.stop`.
  template <class = void>  // g++ compiles every coroutine it sees; a template only where it is used
  [[nodiscard]] task<result<connection>> connect(const url& to, const client_options& with,
                                                 time_point deadline) const;

 private:
  static_assert(net::stream<stream>);

  shared<net::address_memory> winners_ = share(new net::address_memory);
};

// ---------------------------------------------------------------------------------------------

template <class>
task<result<blocking_transport::connection>> blocking_transport::connect(const url& to,
                                                                         const client_options& with,
                                                                         time_point deadline) const {
  net::thread_waiting here(with.stop);
  const auto make = [&](net::connected made) {
    return share(new client_connection<stream>(
        to.host_field(), with.limits, std::move(made.socket), made.peer, with.stop));
  };
  auto connecting = connect_along<stream>(here, to, with, *winners_, deadline, make);
  result<connection> made = co_await connecting;
  co_return made;
}

}  // namespace tinyhttp
