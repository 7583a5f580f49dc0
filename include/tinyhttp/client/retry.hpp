// tinyhttp/client/retry.hpp -- which failures are worth another attempt, and when.
//
// Only makes decisions; the one wait here uses a clock that tests can replace.
#pragma once

#include <tinyhttp/core/ascii.hpp>
#include <tinyhttp/core/bounds.hpp>
#include <tinyhttp/core/chrono.hpp>
#include <tinyhttp/core/clock.hpp>
#include <tinyhttp/core/result.hpp>
#include <tinyhttp/core/task.hpp>
#include <tinyhttp/files/stamp.hpp>
#include <tinyhttp/http/date.hpp>
#include <tinyhttp/net/interrupter.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace tinyhttp {

/// How often and how soon a failed attempt is repeated. The delays double, and each is randomly between half and all
/// of its value, so that clients which failed together do not come back together.
struct retry_options {
  std::size_t retries = 0;                               // after the first attempt
  std::chrono::milliseconds first_delay{1'000};          // as in curl
  std::chrono::milliseconds longest_delay{60'000};       // where doubling ends
  std::chrono::milliseconds longest_retry_after{300'000};  // if a server asks for more, there is no retry
  std::uint64_t seed = 0;                                // of the random delays; 0: a new one each time
};

/// Whether another attempt may succeed: the connection broke or was silent, the name was not found, or the server answered
/// 408, 429, 500, 502, 503 or 504 (`status`; 0 if there was no answer).
[[nodiscard]] constexpr bool is_worth_a_retry(error_kind kind, int status) noexcept {
  if (status != 0)
    return status == 408 || status == 429 || status == 500 || (status >= 502 && status <= 504);
  return kind == error_kind::closed || kind == error_kind::timeout || kind == error_kind::resolve;
}

/// How long a Retry-After field (RFC 9110 10.2.3) asks to wait from `now` (seconds since 1970; the answer's own Date
/// if it has one, so that the clocks need not agree). Empty if the field cannot be parsed.
[[nodiscard]] constexpr std::optional<std::chrono::seconds> parse_retry_after(
    std::string_view field, std::int64_t now) noexcept {
  constexpr std::int64_t week = 7 * 86'400;  // longer is as good as never
  if (const auto delay = ascii::parse_decimal(field))
    return std::chrono::seconds(at_most<std::uint64_t>(*delay, week));
  const auto date = parse_date(field, now);
  if (!date) return std::nullopt;
  return std::chrono::seconds(*date <= now ? 0 : at_most(*date - now, week));
}

/// The remaining attempts, and the pause before each.
class retry_schedule {
 public:
  explicit retry_schedule(const retry_options& with)
      : with_(with), next_(with.first_delay), state_(with.seed) {
    const auto ticks = std::chrono::steady_clock::now().time_since_epoch().count();
    if (state_ == 0) state_ = static_cast<std::uint64_t>(ticks);
  }

  /// Call these when an attempt begins, and when it was refused at `now` (seconds since 1970) with these fields.
  void begin() noexcept {
    status_ = 0;
    asked_ = nothing;
  }
  void refused(int status, std::string_view retry_after, std::string_view date,
               std::int64_t now) noexcept {
    status_ = status;
    asked_ = parse_retry_after(retry_after, parse_date(date, now).value_or(now)).value_or(nothing);
  }

  [[nodiscard]] std::size_t made() const noexcept { return made_; }
  [[nodiscard]] std::size_t left() const noexcept { return with_.retries - made_; }

  /// The pause before another attempt, if the last one failed with `kind`; empty if there is to be
  /// none. What the server asked for is the pause, unchanged.
  [[nodiscard]] std::optional<std::chrono::milliseconds> next_pause(error_kind kind) noexcept {
    if (left() == 0 || !is_worth_a_retry(kind, status_)) return std::nullopt;
    if (asked_ > with_.longest_retry_after) return std::nullopt;
    ++made_;
    const std::chrono::milliseconds delay = at_most_a_year(at_most(next_, with_.longest_delay));
    next_ = delay * 2;
    const auto half = static_cast<std::uint64_t>(delay.count() > 0 ? delay.count() / 2 : 0);
    const auto chance = std::chrono::milliseconds(static_cast<std::int64_t>(random() % (half + 1)));
    const std::chrono::milliseconds own = delay - chance;
    return asked_ > own ? std::chrono::milliseconds(asked_) : own;
  }

 private:
  static constexpr std::chrono::seconds nothing{-1};

  [[nodiscard]] std::uint64_t random() noexcept { return files::mix(state_ += 0x9e3779b97f4a7c15); }  // splitmix64

  retry_options with_;
  std::chrono::milliseconds next_;
  std::uint64_t state_;
  std::size_t made_ = 0;
  int status_ = 0;  // of the answer that refused; 0: it failed otherwise
  std::chrono::seconds asked_ = nothing;  // by the server
};

/// The system's time for blocking code: a wait blocks the thread, and ends early if `stop` is cancelled.
template <class = void>
class thread_clock final : public clock {
 public:
  explicit thread_clock(const net::interrupter* stop) noexcept : stop_(stop) {}

  [[nodiscard]] time_point now() noexcept override { return std::chrono::steady_clock::now(); }
  [[nodiscard]] std::int64_t unix_seconds() noexcept override { return system_unix_seconds(); }
  [[nodiscard]] task<void> wait_until(time_point when) override {
    static_cast<void>(net::wait_in_thread(-1, 0, when, stop_));
    co_return;
  }

 private:
  const net::interrupter* stop_;
};

/// Waits in this thread, with a blocking clock. An error if the clock does not block, or if `stop`, which may be null, is
/// cancelled by then.
template <class = void>
[[nodiscard]] result<void> pause_for(clock& by, std::chrono::milliseconds length,
                                     const net::interrupter* stop) {
  task<void> waiting = by.wait_until(deadline_in(by.now(), length));
  if (!waiting.try_start())
    return error(error_kind::invalid_argument, "this clock waits for a loop");
  waiting.take();
  if (stop == nullptr || !stop->cancelled()) return {};
  return error(error_kind::cancelled, "told to stop");
}

}  // namespace tinyhttp
