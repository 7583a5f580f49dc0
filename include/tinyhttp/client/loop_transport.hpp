// tinyhttp/client/loop_transport.hpp -- the connections of a client that waits on a loop.
#pragma once

#include <tinyhttp/client/connecting.hpp>
#include <tinyhttp/client/connection.hpp>
#include <tinyhttp/client/options.hpp>
#include <tinyhttp/core/clock.hpp>
#include <tinyhttp/core/result.hpp>
#include <tinyhttp/core/shared.hpp>
#include <tinyhttp/core/task.hpp>
#include <tinyhttp/http/url.hpp>
#include <tinyhttp/net/address_memory.hpp>
#include <tinyhttp/net/connector.hpp>
#include <tinyhttp/net/loop.hpp>
#include <tinyhttp/net/secured_stream.hpp>
#include <tinyhttp/net/tcp_stream.hpp>
#include <tinyhttp/net/waiting.hpp>

#include <utility>

namespace tinyhttp {

/// A `client_transport` for one loop, which must outlive it; for that loop's thread only.
class loop_transport {
 public:
  using stream = net::secured_stream<net::tcp_stream>;
  using connection = shared<client_connection<stream>>;

  explicit loop_transport(net::loop& on) : on_(&on) {}

  [[nodiscard]] time_point now() const noexcept { return on_->now(); }

  /// See connecting.hpp.
  template <class = void>  // g++ compiles every coroutine it sees; a template only where it is used
  [[nodiscard]] task<result<connection>> connect(const url& to, const client_options& with,
                                                 time_point deadline) const;

 private:
  static_assert(net::stream<stream>);

  net::loop* on_;
  shared<net::address_memory> winners_ = share(new net::address_memory);
};

// ---------------------------------------------------------------------------------------------

template <class>
task<result<loop_transport::connection>> loop_transport::connect(const url& to,
                                                                 const client_options& with,
                                                                 time_point deadline) const {
  net::loop_waiting here(*on_);
  const auto make = [&](net::connected made) {
    return share(new client_connection<stream>(to.host_field(), with.limits, *on_,
                                               std::move(made.socket), made.peer));
  };
  auto connecting = connect_along<stream>(here, to, with, *winners_, deadline, make);
  result<connection> made = co_await connecting;
  co_return made;
}

}  // namespace tinyhttp
