// tinyhttp/client/transport.hpp -- what a client needs from outside: connections and the time.
//
// An interface only: blocking_transport.hpp waits in the thread, loop_transport.hpp on a loop.
#pragma once

#include <tinyhttp/client/connection.hpp>
#include <tinyhttp/client/options.hpp>
#include <tinyhttp/core/clock.hpp>
#include <tinyhttp/core/result.hpp>
#include <tinyhttp/core/shared.hpp>
#include <tinyhttp/core/task.hpp>
#include <tinyhttp/http/url.hpp>

#include <concepts>

namespace tinyhttp {

/// The source of a client's connections and time. `connect` returns a connection for requests to `to`, or fails at
/// the earlier of `deadline` and the options' own. It alone deals with names, several addresses, proxies and other
/// kinds of sockets.
template <class T>
concept client_transport =
    requires(const T& t, const url& to, const client_options& with, time_point deadline) {
      typename T::stream;
      {
        t.connect(to, with, deadline)
      } -> std::same_as<task<result<shared<client_connection<typename T::stream>>>>>;
      { t.now() } -> std::same_as<time_point>;
    };

}  // namespace tinyhttp
