// tinyhttp/client/progress.hpp -- the progress of a download: how far, how fast, how much time is left.
//
// Pure: time is an argument.
#pragma once

#include <tinyhttp/core/chrono.hpp>
#include <tinyhttp/core/clock.hpp>

#include <cstdint>
#include <optional>

namespace tinyhttp {

/// The progress of a download.
struct download_progress {
  std::uint64_t octets = 0;            // of the file, what earlier attempts had left included
  std::optional<std::uint64_t> total;  // of the whole file, if the server says
  double rate = 0;                     // octets a second, over the last seconds
  std::optional<std::chrono::seconds> left;  // at this rate; empty without a total or a rate
};

/// Computes progress from octets and times. The rate leans towards the last few seconds.
class progress_meter {
 public:
  /// Begins at `octets`, which were there before.
  void start(time_point now, std::uint64_t octets) noexcept {
    since_ = now;
    counted_ = octets;
    rate_ = 0;
  }

  [[nodiscard]] download_progress look(time_point now, std::uint64_t octets,
                                       std::optional<std::uint64_t> total) noexcept {
    using seconds = std::chrono::duration<double>;
    constexpr double memory = 3;       // seconds after which what was counts less than half
    constexpr double shortest = 0.25;  // seconds in which a rate can be told
    const double passed = seconds(now - since_).count();
    const double came = octets > counted_ ? static_cast<double>(octets - counted_) : 0;
    double rate = rate_;
    if (passed > 0 && (passed >= shortest || rate_ <= 0)) {
      const double weight = rate_ > 0 ? passed / (passed + memory) : 1;
      rate = rate_ + (came / passed - rate_) * weight;
    }
    if (passed >= shortest) {
      since_ = now;
      counted_ = octets;
      rate_ = rate;
    }
    download_progress seen{octets, total, rate, std::nullopt};
    if (total && *total >= octets && rate > 0) {
      constexpr double longest = 1e9;  // seconds; more is for ever
      const double left = static_cast<double>(*total - octets) / rate;
      if (left < longest) seen.left = std::chrono::seconds(static_cast<std::int64_t>(left + 0.5));
    }
    return seen;
  }

 private:
  time_point since_{};
  std::uint64_t counted_ = 0;
  double rate_ = 0;
};

}  // namespace tinyhttp
