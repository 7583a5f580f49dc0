// tinyhttp/net/send_file.hpp -- sendfile(2), and the SIGPIPE that it cannot suppress.
//
// Sending to a peer that is gone raises SIGPIPE, which other calls can suppress by a flag. Here it is blocked in the
// calling thread, for each call or for as long as the thread works for us.
#pragma once

#include <tinyhttp/net/system.hpp>

#include <cerrno>
#include <cstddef>
#include <cstdint>

#include <signal.h>
#include <sys/types.h>
#if defined(__linux__)
#include <sys/sendfile.h>
#endif

namespace tinyhttp::net {

/// Blocks SIGPIPE in the calling thread during its lifetime, and drops those that are raised meanwhile.
/// `os::send_file` then need not block it for each call, which saves two system calls. No effect if the thread
/// already blocks it. Only for threads of our own: threads and programs that they start inherit it.
class broken_pipe_hold {
 public:
  broken_pipe_hold() noexcept;
  broken_pipe_hold(const broken_pipe_hold&) = delete;
  broken_pipe_hold& operator=(const broken_pipe_hold&) = delete;
  ~broken_pipe_hold();

  /// One lives in this thread.
  [[nodiscard]] static bool is_here() noexcept { return here_; }

 private:
  inline static thread_local bool here_ = false;
  [[maybe_unused]] bool holds_ = false;
};

namespace os {

/// Sends from a file without copying; `-ENOSYS` if the system or the file cannot. Raises no SIGPIPE: without a
/// `broken_pipe_hold` in this thread, it blocks the signal meanwhile and takes it out of the queue.
inline std::int64_t send_file(int to, int from, std::uint64_t offset, std::size_t size) noexcept;

}  // namespace os

// ---------------------------------------------------------------------------------------------

#if defined(__linux__)
namespace detail {

[[nodiscard]] inline sigset_t broken_pipe() noexcept {
  sigset_t only;
  sigemptyset(&only);
  sigaddset(&only, SIGPIPE);
  return only;
}

/// Takes SIGPIPE out of the queue of this thread, which holds it back.
[[gnu::cold]] inline void drop_broken_pipe() noexcept {
  const sigset_t only = broken_pipe();
  const timespec at_once{0, 0};
  while (::sigtimedwait(&only, nullptr, &at_once) < 0 && errno == EINTR) {
  }
}

[[nodiscard, gnu::flatten]] inline std::int64_t call_sendfile(int to, int from, std::uint64_t offset, std::size_t size) noexcept {
  auto position = static_cast<off_t>(offset);
  os::attempt sending(system_call::send_file, to, size);
  while (sending.is_due()) sending.gave(::sendfile(to, from, &position, sending.allowed()));
  return sending.result();
}

/// Holds the signal back for this call alone.
[[nodiscard, gnu::cold]] inline std::int64_t send_file_alone(int to, int from, std::uint64_t offset, std::size_t size) noexcept {
  const sigset_t only = detail::broken_pipe();
  sigset_t before;
  sigset_t pending;
  sigemptyset(&pending);
  if (const int failed = ::pthread_sigmask(SIG_BLOCK, &only, &before); failed != 0) return -failed;
  const bool was_blocked = sigismember(&before, SIGPIPE) == 1;
  if (was_blocked) ::sigpending(&pending);
  const std::int64_t count = call_sendfile(to, from, offset, size);
  // A short count too: what was sent is told first, but the signal for the rest is there already.
  const bool broken = count == -EPIPE || (count >= 0 && static_cast<std::size_t>(count) < size);
  if (broken && sigismember(&pending, SIGPIPE) != 1) drop_broken_pipe();
  if (!was_blocked) ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return count;
}

}  // namespace detail

inline std::int64_t os::send_file(int to, int from, std::uint64_t offset, std::size_t size) noexcept {
  if (!broken_pipe_hold::is_here()) return detail::send_file_alone(to, from, offset, size);
  const std::int64_t count = detail::call_sendfile(to, from, offset, size);
  if (count == -EPIPE) detail::drop_broken_pipe();
  return count;
}

inline broken_pipe_hold::broken_pipe_hold() noexcept {
  const sigset_t only = detail::broken_pipe();
  sigset_t before;
  if (::pthread_sigmask(SIG_BLOCK, &only, &before) != 0) return;
  holds_ = sigismember(&before, SIGPIPE) != 1;
  if (holds_) here_ = true;
}

inline broken_pipe_hold::~broken_pipe_hold() {
  if (!holds_) return;
  detail::drop_broken_pipe();
  const sigset_t only = detail::broken_pipe();
  ::pthread_sigmask(SIG_UNBLOCK, &only, nullptr);
  here_ = false;
}
#else
inline broken_pipe_hold::broken_pipe_hold() noexcept = default;
inline broken_pipe_hold::~broken_pipe_hold() = default;
inline std::int64_t os::send_file(int, int, std::uint64_t, std::size_t) noexcept { return -ENOSYS; }
#endif

}  // namespace tinyhttp::net
