// tinyhttp/core/thread.hpp -- a thread that runs one function, and a condition variable.
//
// The standard's thread takes any callable with any arguments, and its condition brings <memory>, and with that streams
// and locales: more to compile than the threads of a program are worth.
#pragma once

#include <tinyhttp/core/chrono.hpp>
#include <tinyhttp/core/mutex.hpp>

#include <cerrno>

#include <pthread.h>
#include <time.h>

namespace tinyhttp::threading {

/// A thread, or none. Must not move; a started thread must be joined before this is destroyed.
class thread {
 public:
  thread() noexcept = default;
  thread(const thread&) = delete;
  thread& operator=(const thread&) = delete;

  /// Calls `run(what)` in a new thread; an exception that leaves it ends the program. Returns 0, or an errno value if
  /// there is no thread. Call it once, or again after `join`.
  [[nodiscard]] int start(void (*run)(void*) noexcept, void* what) noexcept {
    run_ = run;
    what_ = what;
    const int failed = ::pthread_create(&id_, nullptr, begin, this);
    runs_ = failed == 0;
    return failed;
  }

  /// Waits until the function has returned. Does nothing if there is no thread.
  void join() noexcept {
    if (runs_) ::pthread_join(id_, nullptr);
    runs_ = false;
  }

  /// The calling thread sleeps for at least `span`; not at all if that is negative.
  static void sleep_for(std::chrono::nanoseconds span) noexcept {
    if (span <= span.zero()) return;
    const auto whole = std::chrono::duration_cast<std::chrono::seconds>(span);
    ::timespec left = {};
    left.tv_sec = static_cast<::time_t>(whole.count());
    left.tv_nsec = static_cast<long>((span - whole).count());
    while (::nanosleep(&left, &left) != 0 && errno == EINTR) {
    }
  }

 private:
  static void* begin(void* of) noexcept {
    const auto& self = *static_cast<thread*>(of);
    self.run_(self.what_);
    return nullptr;
  }

  void (*run_)(void*) noexcept = nullptr;
  void* what_ = nullptr;
  pthread_t id_{};
  bool runs_ = false;
};

/// A condition variable, as std::condition_variable. Must not move; nobody may wait when it is destroyed.
class condition {
 public:
  condition() noexcept = default;
  condition(const condition&) = delete;
  condition& operator=(const condition&) = delete;
  ~condition() { ::pthread_cond_destroy(&native_); }

  /// Unlocks `held`, which this thread has locked, waits to be notified, and locks it again. May wake for no reason.
  void wait(std::mutex& held) { ::pthread_cond_wait(&native_, held.native_handle()); }
  void notify_one() noexcept { ::pthread_cond_signal(&native_); }
  void notify_all() noexcept { ::pthread_cond_broadcast(&native_); }

 private:
  pthread_cond_t native_ = PTHREAD_COND_INITIALIZER;
};

}  // namespace tinyhttp::threading
