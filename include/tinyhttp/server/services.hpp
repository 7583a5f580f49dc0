// tinyhttp/server/services.hpp -- what the connections of one loop share.
//
// Time, the Date field's text, and whether the server is about to stop. Belongs to
// the loop's thread. Knows nothing of the connections.
#pragma once

#include <tinyhttp/core/ascii.hpp>
#include <tinyhttp/core/atomic.hpp>
#include <tinyhttp/core/chrono.hpp>
#include <tinyhttp/core/clock.hpp>
#include <tinyhttp/core/function.hpp>
#include <tinyhttp/http/date.hpp>
#include <tinyhttp/net/loop.hpp>
#include <tinyhttp/net/timers.hpp>
#include <tinyhttp/net/waiter.hpp>
#include <tinyhttp/server/budget.hpp>
#include <tinyhttp/server/options.hpp>

#include <coroutine>
#include <cstdint>
#include <exception>
#include <string>
#include <string_view>
#include <utility>

namespace tinyhttp {

/// Must outlive the connections; options and clock must outlive it.
class server_services {
 public:
  server_services(const server_options& with, tinyhttp::clock& time)
      : options(with), buffers(with), time_(time) {}

  const server_options& options;
  const connection_buffers buffers;
  threading::atomic<bool> ending{false};                 // any thread: answers say that they are the last
  bool stopping = false;                      // answer running exchanges, then hang up
  net::waiter_list until_stop;                // those who continue once we stop, if not before
  function<void(function<void()>)> post;      // to the loop, from any thread

  [[nodiscard]] tinyhttp::clock& clock() noexcept { return time_; }

  /// The value of a Date field now; the view lives until the next call.
  [[nodiscard]] std::string_view date() {
    const std::int64_t now = time_.unix_seconds();
    if (now != date_second_) {
      date_second_ = now;
      date_text_ = format_date(now);
    }
    return date_text_.view();
  }

  /// A handler has held the loop for `held`. Logs that once, if it delayed everybody else.
  void note_turn(std::chrono::nanoseconds held, std::string_view target) {
    if (held >= longest_turn && !std::exchange(complained_, true)) complain(held, target);
  }

  /// Exceptions from the user's hook end here: a log must not end a server. One line, whatever is in it: what
  /// handlers throw may have come from a peer.
  [[gnu::cold]] void log(std::string line) const noexcept {
    for (char& c : line)
      if (!ascii::is_field_octet(c)) c = '?';
    try {
      if (options.log) options.log(line);
    } catch (...) {
    }
  }
  /// Call it in a catch block: only the log learns what `who` threw.
  [[gnu::cold]] void log_thrown(std::string who) const noexcept {
    try {
      try {
        throw;
      } catch (const std::exception& thrown) {
        log(who.append(" threw: ").append(thrown.what()));
      } catch (...) {
        log(who.append(" threw something that is no std::exception"));
      }
    } catch (...) {  // no memory for the line
    }
  }

 private:
  static constexpr std::chrono::nanoseconds longest_turn = std::chrono::milliseconds(200);  // a delay that people notice

  [[gnu::cold]] void complain(std::chrono::nanoseconds held, std::string_view target) const {
    log(std::string("handler of ").append(target).append(" held the loop for ").append(
        ascii::to_decimal(static_cast<std::uint64_t>(held.count() / 1'000'000))).append(
        " ms: wrap it in blocking()"));
  }

  tinyhttp::clock& time_;
  bool complained_ = false;
  std::int64_t date_second_ = -1;
  date_text date_text_ = format_date(0);
};

/// Waits for a time, or until the server is told to stop.
class stop_or_time : net::waiter, net::timer {
 public:
  stop_or_time(net::loop& on, server_services& of, time_point when) noexcept
      : waiter(always), timer(when_due), loop_(on), services_(of), when_(when) {}
  ~stop_or_time() { loop_.timers().remove(*this); }
  [[nodiscard]] bool await_ready() const noexcept {
    return when_ <= loop_.now() || services_.ending.load(threading::memory_order::relaxed);
  }
  void await_suspend(std::coroutine_handle<> awaiter) {
    handle = awaiter;
    loop_.timers().set(*this, when_);
    services_.until_stop.push_back(*this);
  }
  void await_resume() const noexcept {}

 private:
  static void when_due(timer& t) {
    auto& self = static_cast<stop_or_time&>(t);
    self.unlink();  // from those who wait for the stop
    self.loop_.schedule(self);
  }
  net::loop& loop_;
  server_services& services_;
  time_point when_;
};

}  // namespace tinyhttp
