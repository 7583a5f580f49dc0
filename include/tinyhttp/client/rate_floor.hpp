// tinyhttp/client/rate_floor.hpp -- the minimum rate of a peer before it is given up.
//
// Pure: times and counts are arguments. Knows neither streams nor HTTP.
#pragma once

#include <tinyhttp/core/chrono.hpp>
#include <tinyhttp/core/clock.hpp>

#include <cstdint>

namespace tinyhttp {

/// A time budget: it starts with one window, shrinks while we wait, and grows by a second for each
/// `octets_per_second` moved, but never beyond one window.
class rate_floor {
 public:
  rate_floor() = default;
  rate_floor(std::uint64_t octets_per_second, std::chrono::milliseconds window, std::uint64_t moved)
      : rate_(octets_per_second),
        window_(at_most_a_year(window)),
        left_(window_),
        counted_(moved) {}

  /// Starts a wait at `now`, after `moved` octets in all, and returns its deadline.
  time_point begin(time_point now, std::uint64_t moved) {
    end(now);
    if (rate_ == 0) return time_point::max();
    left_ += earned(moved - counted_);
    if (left_ > window_) left_ = window_;
    counted_ = moved;
    begun_ = now;
    waiting_ = true;
    return now + left_;
  }
  void end(time_point now) {
    if (waiting_) left_ -= now - begun_;
    waiting_ = false;
  }
  /// The wait has lasted too long.
  [[nodiscard]] bool is_over(time_point now) const { return waiting_ && now - begun_ >= left_; }

 private:
  [[nodiscard]] duration earned(std::uint64_t octets) const {
    const std::chrono::seconds whole(octets / rate_);
    if (whole >= window_) return window_;
    return whole + std::chrono::microseconds(octets % rate_ * 1'000'000 / rate_);
  }

  std::uint64_t rate_ = 0;
  std::chrono::milliseconds window_{0};
  duration left_{0};
  std::uint64_t counted_ = 0;
  time_point begun_{};
  bool waiting_ = false;
};

}  // namespace tinyhttp
