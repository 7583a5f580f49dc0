// tinyhttp/server/pace.hpp -- how slow a peer may be, and how much one connection may do in a turn.
//
// Two small accounts that keep one peer from holding up a server, by sending too slowly, or so fast that nobody else
// is served. Knows streams and time, no HTTP.
#pragma once

#include <tinyhttp/core/bounds.hpp>
#include <tinyhttp/core/chrono.hpp>
#include <tinyhttp/core/clock.hpp>
#include <tinyhttp/net/loop.hpp>
#include <tinyhttp/net/stream.hpp>
#include <tinyhttp/net/timers.hpp>
#include <tinyhttp/server/options.hpp>

#include <concepts>
#include <cstdint>

namespace tinyhttp {

/// A stream on a loop.
template <class S>
concept looped_stream = net::stream<S> && requires(const S& s) {
  { s.loop() } -> std::same_as<net::loop&>;
};

/// A stream that may have a secure session in between.
template <class S>
concept is_secured_stream = requires(const S& s) { s.session(); };

/// Holds a peer to a minimum rate while somebody waits for it: it may take `grace`, and one second more for each
/// `octets_per_second` moved, but never more than another `grace` at once. Time in which nobody waits for the peer (a
/// handler works, a stream has nothing to send) does not count. When the allowance is used up, the stream's
/// operations fail with `timeout`.
template <looped_stream S>
class least_rate : net::timer {
 public:
  enum class direction : std::uint8_t { receiving, sending };

  least_rate(const patience& with, direction way) noexcept
      : timer(look), patience_(with), way_(way) {}
  ~least_rate() { stop(); }

  /// Starts a new message, with the whole `grace`. `on` must outlive this, unless `stop` is called first.
  void restart(S& on) noexcept {
    stream_ = &on;
    left_ = at_most_a_year(patience_.grace);
    counted_ = moved();
  }
  /// From now on we wait for the peer.
  void begin() {
    if (patience_.octets_per_second != 0) loop().timers().set(*this, loop().now() + left_);
  }
  /// We no longer wait.
  void end() {
    if (stream_ == nullptr || timer::deadline == timer::never) return;
    left_ = timer::deadline > loop().now() ? timer::deadline - loop().now() : duration::zero();
    loop().timers().set(*this, timer::never);
  }
  void stop() noexcept {
    if (stream_ != nullptr) loop().timers().remove(*this);
    stream_ = nullptr;
  }

 private:
  [[nodiscard]] net::loop& loop() const noexcept { return stream_->loop(); }
  [[nodiscard]] std::uint64_t moved() const noexcept {
    return way_ == direction::sending ? stream_->sent() : stream_->received();
  }
  static void look(timer& t) { static_cast<least_rate&>(t).look_now(); }
  [[gnu::cold]] void look_now();

  S* stream_ = nullptr;
  const patience& patience_;
  direction way_;
  duration left_{};
  std::uint64_t counted_ = 0;  // octets that have earned their time
};

/// How many steps one connection may do in one turn of its loop while others wait.
class turn_share {
 public:
  /// Counts `more` steps. True: now let the others go first, and then continue.
  [[nodiscard]] bool is_used_up(net::loop& on, unsigned more = 1) noexcept {
    if (on.turn() != turn_) {
      turn_ = on.turn();
      steps_ = 0;
    }
    steps_ += more;
    if (steps_ < most_steps) return false;
    steps_ = 0;
    return true;
  }

 private:
  static constexpr std::uint32_t most_steps = 64;  // requests, or reads of 16 KiB: a megabyte

  std::uint32_t turn_ = 0;
  std::uint32_t steps_ = 0;
};

// ---------------------------------------------------------------------------------------------

/// The time is up: has it been earned anew?
template <looped_stream S>
void least_rate<S>::look_now() {
  const std::uint64_t now_moved = moved();
  const std::uint64_t fresh = now_moved - counted_;
  counted_ = now_moved;
  const std::uint64_t rate = patience_.octets_per_second;
  const std::chrono::milliseconds rest(fresh % rate * 1000 / rate);
  const std::chrono::milliseconds earned = at_most(std::chrono::seconds(fresh / rate) + rest, at_most_a_year(patience_.grace));
  const time_point until = timer::deadline + duration(earned);
  if (until > loop().now()) {
    loop().timers().set(*this, until);
  } else {
    stream_->expires_at(loop().now());
  }
}

}  // namespace tinyhttp
