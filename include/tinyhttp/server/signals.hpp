// tinyhttp/server/signals.hpp -- waits for SIGINT or SIGTERM, for programs that want that.
//
// Opt-in: nothing else in this library waits for signals. Installs no handler; the signals are
// blocked and waited for, so that stopping happens in ordinary code.
#pragma once

#include <initializer_list>

#include <csignal>
#include <pthread.h>

namespace tinyhttp {

/// Blocks the signals, from construction on, in the calling thread and in threads that it starts later; so make it
/// before the server. `wait` returns when one has arrived; another one then ends the process as usual, for the impatient.
/// Bound to one thread: wait and destroy it in the thread that made it.
///
///     signal_wait stop{SIGINT, SIGTERM};
///     server running(std::move(app));
///     stop.wait();             // the destructor of `running` drains
class signal_wait {
 public:
  signal_wait(std::initializer_list<int> numbers) noexcept {
    sigemptyset(&awaited_);
    for (const int number : numbers) sigaddset(&awaited_, number);
    pthread_sigmask(SIG_BLOCK, &awaited_, &before_);
  }
  signal_wait(const signal_wait&) = delete;
  signal_wait& operator=(const signal_wait&) = delete;
  ~signal_wait() { restore(); }

  /// Waits, and returns the number of the signal that arrived.
  int wait() noexcept {
    int came = 0;
    while (sigwait(&awaited_, &came) != 0) {
    }
    restore();
    return came;
  }

 private:
  void restore() noexcept { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

  sigset_t awaited_{};
  sigset_t before_{};
};

}  // namespace tinyhttp
