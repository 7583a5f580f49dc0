// tinyhttp/net/wake_descriptors.hpp -- a descriptor that any thread can make readable.
//
// Loops and threads wait for it beside their sockets: an eventfd on Linux, a pipe elsewhere.
#pragma once

#include <tinyhttp/net/descriptor.hpp>
#include <tinyhttp/net/system.hpp>

#include <cstdint>

namespace tinyhttp::net {

/// Has no descriptors until `open`; closes them when destroyed.
class wake_descriptors {
 public:
  /// Returns -1 and sets errno if no descriptor is left, as system calls do.
  [[gnu::cold, gnu::noinline]] int open() noexcept {
#if defined(__linux__)
    read_ = descriptor(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    return read_.get();
#else
    int ends[2];
    if (::pipe(ends) < 0) return -1;
    read_ = descriptor(ends[0]);
    write_ = descriptor(ends[1]);
    for (const int end : ends) os::set_flags(end, true);
    return 0;
#endif
  }

  /// Readable once somebody has called `wake`, until `take`.
  [[nodiscard]] int native() const noexcept { return read_.get(); }

  /// Any thread, also from a signal handler: errno is unchanged.
  void wake() noexcept {
    const std::uint64_t one = 1;
    const int saved = errno;
    while (::write(write_ ? write_.get() : read_.get(), &one, sizeof one) < 0 && errno == EINTR) {
    }
    errno = saved;
  }

  /// Makes it unreadable until `wake` is called again.
  void take() noexcept {
    std::uint64_t ignored[8];
    while (::read(read_.get(), ignored, sizeof ignored) < 0 && errno == EINTR) {
    }
  }

 private:
  descriptor read_;
  descriptor write_;  // empty where read_ is an eventfd
};

}  // namespace tinyhttp::net
