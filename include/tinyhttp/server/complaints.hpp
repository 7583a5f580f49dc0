// tinyhttp/server/complaints.hpp -- logs why a loop cannot accept connections, at most once in a while.
//
// Each kind then stays quiet for a minute, so that neither a peer nor an exhausted system can fill the log. Loop
// thread only.
#pragma once

#include <tinyhttp/core/ascii.hpp>
#include <tinyhttp/core/chrono.hpp>
#include <tinyhttp/core/clock.hpp>
#include <tinyhttp/core/result.hpp>
#include <tinyhttp/net/address.hpp>
#include <tinyhttp/server/services.hpp>

namespace tinyhttp {

/// Writes to `server_options::log`. Its arguments must outlive it.
class accept_complaints {
 public:
  explicit accept_complaints(server_services& through) noexcept : services_(through) {}

  /// Logs that accepting failed; once, until it has worked for a minute, because near the limit every other attempt
  /// fails.
  [[gnu::cold]] void tell(const error& why) {
    const time_point now = services_.clock().now();
    if (now >= quiet_until_) services_.log(why.message());
    quiet_until_ = now + quiet_for;
  }

  /// Logs that `peer` has too many connections; once a minute.
  [[gnu::cold]] void tell(const net::address& peer) {
    const time_point now = services_.clock().now();
    if (now < quiet_about_peers_until_) return;
    quiet_about_peers_until_ = now + quiet_for;
    const auto most = services_.options.connections_per_address;
    services_.log(peer.host().append(" has ").append(ascii::to_decimal(most))
                      .append(" connections: more are closed at once (connections_per_address)"));
  }

 private:
  static constexpr duration quiet_for = std::chrono::minutes(1);

  server_services& services_;
  time_point quiet_until_{};
  time_point quiet_about_peers_until_{};
};

}  // namespace tinyhttp
