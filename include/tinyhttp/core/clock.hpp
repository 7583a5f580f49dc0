// tinyhttp/core/clock.hpp -- time as an argument, so that tests can stop it.
//
// An interface only: a loop supplies the real clock, tests a manual one.
#pragma once

#include <tinyhttp/core/chrono.hpp>
#include <tinyhttp/core/task.hpp>

#include <cstdint>

namespace tinyhttp {

using time_point = std::chrono::steady_clock::time_point;
using duration = std::chrono::steady_clock::duration;

inline constexpr std::chrono::milliseconds a_year = std::chrono::hours(24 * 365);

/// Clamps `span` to between 0 and a year, because `milliseconds::max()` and `min()` do not fit into a `duration`.
[[nodiscard]] constexpr std::chrono::milliseconds at_most_a_year(std::chrono::milliseconds span) noexcept {
  if (span.count() < 0) return span.zero();
  return span < a_year ? span : a_year;
}

/// `span` after `now`; a span of more than a year never ends, so `milliseconds::max()` means no deadline.
[[nodiscard]] constexpr time_point deadline_in(time_point now, std::chrono::milliseconds span) noexcept {
  return span > a_year ? time_point::max() : now + duration(at_most_a_year(span));
}

/// Seconds since 1970-01-01 00:00 UTC by the system's calendar.
[[nodiscard]] inline std::int64_t system_unix_seconds() noexcept {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::seconds>(since).count();
}

/// A source of time for deadlines, and of the calendar time that Date fields show.
class clock {
 public:
  clock() = default;
  clock(const clock&) = delete;
  clock& operator=(const clock&) = delete;
  virtual ~clock() = default;

  /// Monotonic. May be the time at which the running turn of a loop began.
  [[nodiscard]] virtual time_point now() noexcept = 0;

  /// Seconds since 1970-01-01 00:00 UTC.
  [[nodiscard]] virtual std::int64_t unix_seconds() noexcept = 0;

  /// Finishes at `when`, or at once if that has passed.
  [[nodiscard]] virtual task<void> wait_until(time_point when) = 0;
};

}  // namespace tinyhttp
