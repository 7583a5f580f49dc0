// tinyhttp/client/blocking_transport.hpp -- the connections of a client that waits in its caller's
// thread.
#pragma once

#include <tinyhttp/client/connection.hpp>
#include <tinyhttp/client/options.hpp>
#include <tinyhttp/core/bounds.hpp>
#include <tinyhttp/core/clock.hpp>
#include <tinyhttp/core/result.hpp>
#include <tinyhttp/core/task.hpp>
#include <tinyhttp/http/url.hpp>
#include <tinyhttp/net/blocking_stream.hpp>
#include <tinyhttp/net/connector.hpp>

#include <chrono>
#include <memory>
#include <utility>

namespace tinyhttp {

/// A `client_transport` for any number of threads: connects anew each time, in the calling one.
class blocking_transport {
 public:
  using stream = net::blocking_stream;
  using connection = std::shared_ptr<client_connection<stream>>;

  [[nodiscard]] time_point now() const noexcept { return std::chrono::steady_clock::now(); }

  /// Over TCP, straight to the host. `with.stop` ends it from another thread.
  template <class = void>  // g++ compiles every coroutine it sees; a template only where it is used
  [[nodiscard]] task<result<connection>> connect(const url& to, const client_options& with,
                                                 time_point deadline) const;
};

// ---------------------------------------------------------------------------------------------

template <class>
task<result<blocking_transport::connection>> blocking_transport::connect(const url& to,
                                                                         const client_options& with,
                                                                         time_point deadline) const {
  if (to.is_secure())
    co_return error(error_kind::invalid_argument, "connect " + to.origin() + ": no TLS in this build");
  net::connect_options how;
  how.timeout = at_most<std::chrono::milliseconds>(
      with.connect_timeout, std::chrono::ceil<std::chrono::milliseconds>(deadline - now()));
  how.stop = with.stop;
  auto made = net::connect(to.host, to.port, how);
  if (!made) co_return made.error();
  co_return std::make_shared<client_connection<stream>>(
      to.host_field(), with.limits, std::move(made->socket), made->peer, with.stop);
}

}  // namespace tinyhttp
