// tinyhttp/net/thread.hpp -- a thread that runs one function.
//
// The standard's takes any callable with any arguments, which costs more compile time than a server's thread is
// worth.
#pragma once

#include <pthread.h>

namespace tinyhttp::net {

/// Empty, or a thread that must be joined before this is destroyed. Must not move.
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

}  // namespace tinyhttp::net
