// tinyhttp/net/interrupter.hpp -- interrupts threads that wait in this layer.
#pragma once

#include <tinyhttp/core/atomic.hpp>
#include <tinyhttp/core/chrono.hpp>
#include <tinyhttp/core/clock.hpp>
#include <tinyhttp/net/system.hpp>
#include <tinyhttp/net/wake_descriptors.hpp>

#include <cstdint>
#include <span>

namespace tinyhttp::net {

/// Passed to blocking connects and streams, whose waits end when it is cancelled. Once cancelled it stays so: every
/// wait that uses it, now or later, ends with `error_kind::cancelled`. It must outlive what it was passed to. If the
/// system has no descriptor for it, waits notice only at their deadlines.
class interrupter {
 public:
  interrupter() noexcept { descriptors_.open(); }

  /// Any thread, any number of times; also from a signal handler.
  void cancel() noexcept {
    cancelled_.store(true, threading::memory_order::release);
    descriptors_.wake();
  }
  [[nodiscard]] bool cancelled() const noexcept {
    return cancelled_.load(threading::memory_order::acquire);
  }

  /// Readable once cancelled.
  [[nodiscard]] int native() const noexcept { return descriptors_.native(); }

 private:
  threading::atomic<bool> cancelled_{false};
  wake_descriptors descriptors_;
};

/// Blocks this thread until one of `set` is ready, until `when`, or until `stop` (if any) is cancelled; the last
/// element of `set` is reserved for `stop`. Returns 0, -ETIMEDOUT, -ECANCELED or another -errno.
[[nodiscard]] inline std::int64_t wait_in_thread(std::span<pollfd> set, time_point when,
                                                 const interrupter* stop) noexcept {
  set.back() = {stop != nullptr ? stop->native() : -1, POLLIN, 0};
  for (;;) {
    if (stop != nullptr && stop->cancelled()) return -ECANCELED;
    int milliseconds = -1;
    if (when != time_point::max()) {
      const duration left = when - std::chrono::steady_clock::now();
      if (left <= duration::zero()) return -ETIMEDOUT;
      const duration hour = std::chrono::hours(1);
      milliseconds = static_cast<int>(
          std::chrono::ceil<std::chrono::milliseconds>(left < hour ? left : hour).count());
    }
    const std::int64_t count = os::poll(set.data(), set.size(), milliseconds);
    if (count < 0 && count != -EINTR) return count;
    if (count <= 0 || (stop != nullptr && stop->cancelled())) continue;
    for (const pollfd& each : set.first(set.size() - 1))
      if (each.revents != 0) return 0;
  }
}

/// The same for one descriptor.
[[nodiscard]] inline std::int64_t wait_in_thread(int fd, short events, time_point when,
                                                 const interrupter* stop) noexcept {
  pollfd set[2] = {{fd, events, 0}, {-1, 0, 0}};
  return wait_in_thread(set, when, stop);
}

}  // namespace tinyhttp::net
