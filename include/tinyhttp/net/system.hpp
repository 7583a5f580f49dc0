// tinyhttp/net/system.hpp -- the system calls on sockets and served files, behind one interface that tests can replace.
//
// Calls whose failure does not matter (close, fcntl, the loop's own wake signal) are made where they are needed.
// Interruptions (EINTR) are handled here. Nothing is decided here: callers get a count or an errno.
#pragma once

#include <tinyhttp/core/atomic.hpp>
#include <tinyhttp/core/result.hpp>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>
#if defined(__linux__)
#include <sys/epoll.h>
#include <sys/eventfd.h>
#endif

namespace tinyhttp::net {

static_assert(sizeof(off_t) == 8, "tinyhttp: compile with -D_FILE_OFFSET_BITS=64 on this platform");

/// The calls that a test can make fail.
enum class system_call : std::uint8_t {
  socket, bind, listen, accept, connect, set_option, get_option, name,
  receive, send, send_file, pread, shutdown, poll, epoll_create, epoll_control, epoll_wait,
  wake_create,
};

/// What happens instead of a call: it fails with `error`, or moves at most `at_most` octets.
struct fault {
  int error = 0;                                         // errno value; 0: the call is made
  std::size_t at_most = static_cast<std::size_t>(-1);  // octets
};

/// Decides before each call whether it fails. Every thread that uses sockets calls it.
class fault_injector {
 public:
  fault_injector() = default;
  fault_injector(const fault_injector&) = delete;
  fault_injector& operator=(const fault_injector&) = delete;
  virtual ~fault_injector() = default;
  virtual fault before(system_call which, int descriptor) noexcept = 0;
  /// Counts, say, but never disturbs a call.
  [[nodiscard]] virtual bool only_watches() const noexcept { return false; }
};

/// `connection refused` for ECONNREFUSED: the system's text, starting in lower case.
[[nodiscard]] inline std::string errno_text(int value);

/// `what: cause`. Its kind is `closed` if the peer went away, `timeout` for a timeout of the system's, and otherwise
/// `otherwise`.
[[nodiscard, gnu::cold]] inline error system_error(std::string what, int value,
                                        error_kind otherwise = error_kind::io);

/// The calls themselves. Each returns the call's result, or -errno; none returns EINTR unless it says so.
namespace os {

/// The current injector. For tests; set it while no other thread uses sockets.
inline threading::atomic<fault_injector*> injector{nullptr};

/// Faults are being injected, so a short count says nothing about the peer.
[[nodiscard]] inline bool is_injected() noexcept {
  const fault_injector* hook = injector.load(threading::memory_order::relaxed);
  return hook != nullptr && !hook->only_watches();
}

/// What is to happen to a call, by whoever injects faults. `retry`: an interruption only has it asked again.
[[gnu::cold, gnu::noinline]] inline fault inject(fault_injector& hook, system_call which, int descriptor,
                                                 bool retry) noexcept {
  for (;;) {
    const fault f = hook.before(which, descriptor);
    if (!retry || f.error != EINTR) return f;
  }
}

/// One call, which a test may make fail or move less. A class and no template: it is compiled once. What
/// runs for each request is flattened.
///
///     attempt reading(system_call::receive, fd, size);
///     while (reading.is_due()) reading.gave(::recv(fd, into, reading.allowed(), 0));
///     return reading.result();
class attempt {
 public:
  enum class interrupted : bool { told, retried };  // EINTR

  attempt(system_call which, int descriptor, std::size_t length = 0, interrupted then = interrupted::retried) noexcept
      : retries_(then == interrupted::retried), allowed_(length) {
    fault_injector* const hook = injector.load(threading::memory_order::acquire);
    if (hook == nullptr) return;
    const fault f = inject(*hook, which, descriptor, retries_);
    if (f.at_most < length) allowed_ = f.at_most;
    result_ = -f.error;
    due_ = f.error == 0;
  }

  /// The call is to be made; else there is a result.
  [[nodiscard]] bool is_due() const noexcept { return due_; }
  /// What the call gave.
  void gave(std::int64_t count) noexcept {
    result_ = count < 0 ? -errno : count;
    due_ = retries_ && result_ == -EINTR;
  }
  /// Octets that the call may move.
  [[nodiscard]] std::size_t allowed() const noexcept { return allowed_; }
  [[nodiscard]] std::int64_t result() const noexcept { return result_; }

 private:
  bool retries_;
  bool due_ = true;
  std::size_t allowed_;
  std::int64_t result_ = 0;
};

#if defined(MSG_NOSIGNAL)
inline constexpr int no_signal = MSG_NOSIGNAL;
#else
inline constexpr int no_signal = 0;  // SO_NOSIGPIPE does it, set by `make_socket`
#endif

/// F_SETFD and F_SETFL by hand, for systems and descriptors that did not come with them.
inline std::int64_t set_flags(int descriptor, bool non_blocking) noexcept {
  const int flags = ::fcntl(descriptor, F_GETFL);
  if (flags < 0) return -errno;
  const int wanted = non_blocking ? flags | O_NONBLOCK : flags & ~O_NONBLOCK;
  if (wanted != flags && ::fcntl(descriptor, F_SETFL, wanted) < 0) return -errno;
  return ::fcntl(descriptor, F_SETFD, FD_CLOEXEC) < 0 ? -errno : 0;
}

/// A stream socket that is not inherited and never raises SIGPIPE.
inline std::int64_t make_socket(int family, bool non_blocking) noexcept {
#if defined(SOCK_CLOEXEC)
  const int type = SOCK_STREAM | SOCK_CLOEXEC | (non_blocking ? SOCK_NONBLOCK : 0);
#else
  const int type = SOCK_STREAM;
#endif
  attempt making(system_call::socket, -1);
  while (making.is_due()) making.gave(::socket(family, type, 0));
#if !defined(SOCK_CLOEXEC)
  const std::int64_t made = making.result();
  if (made < 0) return made;
  set_flags(static_cast<int>(made), non_blocking);
  const int on = 1;
  ::setsockopt(static_cast<int>(made), SOL_SOCKET, SO_NOSIGPIPE, &on, sizeof on);
#endif
  return making.result();
}

[[gnu::cold]] inline std::int64_t bind(int fd, const sockaddr* to, socklen_t size) noexcept {
  attempt binding(system_call::bind, fd);
  while (binding.is_due()) binding.gave(::bind(fd, to, size));
  return binding.result();
}
[[gnu::cold]] inline std::int64_t listen(int fd, int backlog) noexcept {
  attempt listening(system_call::listen, fd);
  while (listening.is_due()) listening.gave(::listen(fd, backlog));
  return listening.result();
}
inline std::int64_t accept(int fd, sockaddr* peer, socklen_t* size, bool non_blocking) noexcept {
  attempt accepting(system_call::accept, fd);
#if defined(SOCK_CLOEXEC)
  const int flags = SOCK_CLOEXEC | (non_blocking ? SOCK_NONBLOCK : 0);
  while (accepting.is_due()) accepting.gave(::accept4(fd, peer, size, flags));
#else
  while (accepting.is_due()) accepting.gave(::accept(fd, peer, size));
  if (accepting.result() >= 0) set_flags(static_cast<int>(accepting.result()), non_blocking);
#endif
  return accepting.result();
}

/// May give -EINTR: the connection then goes on being made, as with -EINPROGRESS.
inline std::int64_t connect(int fd, const sockaddr* to, socklen_t size) noexcept {
  attempt connecting(system_call::connect, fd, 0, attempt::interrupted::told);
  while (connecting.is_due()) connecting.gave(::connect(fd, to, size));
  return connecting.result();
}
inline std::int64_t set_option(int fd, int level, int name, int value) noexcept {
  attempt setting(system_call::set_option, fd);
  while (setting.is_due()) setting.gave(::setsockopt(fd, level, name, &value, sizeof value));
  return setting.result();
}
/// Receiving that waits for so long in vain gives -EAGAIN.
[[gnu::cold]] inline std::int64_t receive_timeout(int fd, timeval span) noexcept {
  attempt setting(system_call::set_option, fd);
  while (setting.is_due()) setting.gave(::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &span, sizeof span));
  return setting.result();
}
/// Closing will reset the connection instead of ending it in order.
[[gnu::cold]] inline void reset_on_close(int fd) noexcept {
  const linger at_once{1, 0};
  attempt setting(system_call::set_option, fd);
  while (setting.is_due()) setting.gave(::setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once));
}
/// The value of an option that is a non-negative int.
[[gnu::cold]] inline std::int64_t get_option(int fd, int level, int name) noexcept {
  int value = 0;
  socklen_t size = sizeof value;
  attempt asking(system_call::get_option, fd);
  while (asking.is_due()) asking.gave(::getsockopt(fd, level, name, &value, &size));
  return asking.result() < 0 ? asking.result() : value;
}
[[gnu::cold]] inline std::int64_t local_name(int fd, sockaddr* name, socklen_t* size) noexcept {
  attempt asking(system_call::name, fd);
  while (asking.is_due()) asking.gave(::getsockname(fd, name, size));
  return asking.result();
}
inline std::int64_t peer_name(int fd, sockaddr* name, socklen_t* size) noexcept {
  attempt asking(system_call::name, fd);
  while (asking.is_due()) asking.gave(::getpeername(fd, name, size));
  return asking.result();
}

/// May give -EINTR where it is `told`.
[[gnu::flatten]] inline std::int64_t receive(int fd, char* into, std::size_t size, int flags = 0,
                                             attempt::interrupted then = attempt::interrupted::retried) noexcept {
  attempt receiving(system_call::receive, fd, size, then);
  while (receiving.is_due()) receiving.gave(::recv(fd, into, receiving.allowed(), flags));
  return receiving.result();
}
#if defined(MSG_MORE)
inline constexpr int more_follows = MSG_MORE;
#else
inline constexpr int more_follows = 0;
#endif
[[gnu::flatten]] inline std::int64_t send(int fd, const char* from, std::size_t size, int flags = 0) noexcept {
  attempt sending(system_call::send, fd, size);
  while (sending.is_due()) sending.gave(::send(fd, from, sending.allowed(), no_signal | flags));
  return sending.result();
}
/// Sends `count` pieces of `size` octets together.
[[gnu::flatten]] inline std::int64_t send(int fd, iovec* pieces, std::size_t count, std::size_t size,
                                          int flags = 0) noexcept {
  if (count == 1) return send(fd, static_cast<const char*>(pieces->iov_base), size, flags);
  attempt sending(system_call::send, fd, size);
  while (sending.is_due()) {
    const std::size_t allowed = sending.allowed();
    if (allowed < pieces->iov_len) {
      sending.gave(::send(fd, pieces->iov_base, allowed, no_signal | flags));
      continue;
    }
    msghdr message{};
    message.msg_iov = pieces;
    message.msg_iovlen = static_cast<decltype(message.msg_iovlen)>(allowed < size ? 1 : count);
    sending.gave(::sendmsg(fd, &message, no_signal | flags));
  }
  return sending.result();
}

inline std::int64_t pread(int fd, char* into, std::size_t size, std::uint64_t offset) noexcept {
  attempt reading(system_call::pread, fd, size);
  while (reading.is_due()) reading.gave(::pread(fd, into, reading.allowed(), static_cast<off_t>(offset)));
  return reading.result();
}
inline std::int64_t shutdown(int fd, int how) noexcept {
  attempt ending(system_call::shutdown, fd);
  while (ending.is_due()) ending.gave(::shutdown(fd, how));
  return ending.result();
}
/// May give -EINTR: the caller knows how much of its time is left.
inline std::int64_t poll(pollfd* set, std::size_t count, int milliseconds) noexcept {
  attempt waiting(system_call::poll, -1, 0, attempt::interrupted::told);
  while (waiting.is_due()) waiting.gave(::poll(set, static_cast<nfds_t>(count), milliseconds));
  return waiting.result();
}

}  // namespace os

// ---------------------------------------------------------------------------------------------

namespace detail {

// The two strerror_r of this world: one gives a status and fills the buffer, one gives the text.
inline const char* strerror_result(int, const char* buffer) noexcept { return buffer; }
inline const char* strerror_result(const char* text, const char*) noexcept { return text; }

}  // namespace detail

[[gnu::cold]] inline std::string errno_text(int value) {
  char buffer[128] = "unknown error";
  std::string text = detail::strerror_result(::strerror_r(value, buffer, sizeof buffer), buffer);
  const auto is_upper = [](char c) { return c >= 'A' && c <= 'Z'; };
  if (text.size() > 1 && is_upper(text[0]) && !is_upper(text[1]))
    text[0] = static_cast<char>(text[0] - 'A' + 'a');
  return text;
}

inline error system_error(std::string what, int value, error_kind otherwise) {
  error_kind kind = otherwise;
  if (value == ECONNRESET || value == EPIPE || value == ECONNABORTED) kind = error_kind::closed;
  if (value == ETIMEDOUT) kind = error_kind::timeout;
  return {kind, what.append(": ").append(errno_text(value))};
}

}  // namespace tinyhttp::net
