// tinyhttp/net/time_source.hpp -- the source of a loop's time.
#pragma once

#include <tinyhttp/core/chrono.hpp>
#include <tinyhttp/core/clock.hpp>

#include <cstdint>

namespace tinyhttp::net {

/// The source of a loop's time. Tests override it to stop time; it must outlive the loop.
class time_source {
 public:
  time_source() = default;
  time_source(const time_source&) = delete;
  time_source& operator=(const time_source&) = delete;
  virtual ~time_source() = default;

  [[nodiscard]] virtual time_point now() noexcept { return std::chrono::steady_clock::now(); }
  [[nodiscard]] virtual std::int64_t unix_seconds() noexcept { return system_unix_seconds(); }
  /// The loop has nothing to do before `when` (`timer::never`: no deadline). True: time has moved there and no wait
  /// is needed; descriptors are then checked without waiting.
  virtual bool skip_to(time_point) noexcept { return false; }
};

}  // namespace tinyhttp::net
