// tinyhttp/server/served_connection.hpp -- one connection as its shard sees it, and what it keeps.
//
// It keeps little while idle: an exchange borrows what it needs from the loop while it runs (served_exchange.hpp). A
// template over the stream, so that sockets, pipes and tests run the same code.
#pragma once

#include <tinyhttp/app/handler.hpp>
#include <tinyhttp/core/buffer.hpp>
#include <tinyhttp/core/function.hpp>
#include <tinyhttp/core/owned.hpp>
#include <tinyhttp/core/task.hpp>
#include <tinyhttp/server/options.hpp>
#include <tinyhttp/server/pace.hpp>
#include <tinyhttp/server/services.hpp>

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace tinyhttp {

template <looped_stream S>
class served_exchange;
template <looped_stream S>
class served_connection;

/// What the connections of one loop share: the application, the loop's services, and exchanges to borrow. Refers to
/// the first two. Belongs to the loop's thread.
template <looped_stream S>
class connection_host {
 public:
  connection_host(const any_handler& called, server_services& with) : app(called), services(with) {}

  const any_handler& app;
  server_services& services;
  /// The loop calls it with a connection whose peer has gone while the application is at work.
  function<void(served_connection<S>&)> abandon = {};

  /// The receive buffer, for one connection at a time: received octets are mostly answered before the next connection
  /// has its turn. Without memory while it is lent.
  buffer receiving = {};

  /// Lends an exchange to `borrower`, which gives it back when it idles or has ended.
  [[nodiscard]] owned<served_exchange<S>> lend(served_connection<S>& borrower);
  void give_back(owned<served_exchange<S>> used, bool idle) noexcept {
    if (used->is_renewed(idle) && spares_ < most_spare) spare_[spares_++] = std::move(used);
  }

 private:
  [[nodiscard, gnu::cold]] owned<served_exchange<S>> make() { return owned<served_exchange<S>>(new served_exchange<S>(*this)); }

  static constexpr std::size_t most_spare = 64;  // as many as are busy in one turn

  owned<served_exchange<S>> spare_[most_spare];
  std::size_t spares_ = 0;
};

/// Serves one connection. Its arguments must outlive it. Destroying it ends the exchange at any point, and with it a
/// waiting handler.
template <looped_stream S>
class served_connection {
 public:
  served_connection(S& stream, connection_host<S>& host) noexcept : stream_(stream), host_(host) {
    if (host.services.options.half_closed_is_gone) stream.take_closing_for_gone();
  }

  /// Ends when the connection has been served; then close the stream.
  [[nodiscard]] task<void> run();

  std::uint32_t place = 0;  // where its shard keeps it

  /// It waits for a request, and has nothing that would be lost.
  [[nodiscard]] bool is_idle() const noexcept { return idle_; }
  /// It waits for the application: if the peer has gone, only destroying this stops it.
  [[nodiscard]] bool is_handling() const noexcept { return busy_ && busy_->is_handling(); }

 private:
  friend served_exchange<S>;

  /// Ends when there is something to be read; false: the connection is over.
  class until_readable {
   public:
    explicit until_readable(S& on) : operation_(on.readable()) {}
    [[nodiscard]] bool await_ready() { return operation_.await_ready(); }
    void await_suspend(std::coroutine_handle<> awaiter) { operation_.await_suspend(awaiter); }
    [[nodiscard]] bool await_resume() { return operation_.await_resume().has_value(); }

   private:
    decltype(std::declval<S&>().readable()) operation_;
  };

  /// Nothing is under way: sets the idle deadline. False: hang up instead.
  bool go_idle() {
    auto& services = host_.services;
    if (services.stopping) return false;
    stream_.expires_at(deadline_in(services.clock().now(), services.options.patience.idle));
    idle_ = true;
    return true;
  }

  /// From now on destroying this is all that ends a handler whose peer has gone.
  void watch_peer(bool gone) {
    if (std::exchange(tells_gone_, true) && !gone) return;  // told of that before, perhaps of nobody's concern then
    stream_.on_peer_gone([this] {
      if (is_handling() && host_.abandon) host_.abandon(*this);
    });
  }

  bool idle_ = false;
  bool tells_gone_ = false;  // the stream has been asked to say when its peer goes
  S& stream_;
  connection_host<S>& host_;
  owned<served_exchange<S>> busy_;  // null while idle
  std::size_t requests_ = 0;
  turn_share share_;
};

// ---------------------------------------------------------------------------------------------

template <looped_stream S>
owned<served_exchange<S>> connection_host<S>::lend(served_connection<S>& borrower) {
  auto lent = spares_ > 0 ? std::move(spare_[--spares_]) : make();
  lent->begin(borrower);
  return lent;
}

}  // namespace tinyhttp
