// tinyhttp/net/system.hpp -- the system calls on sockets and served files, behind one seam for tests.
//
// What cannot fail for reasons that matter (close, fcntl, the loop's own wake signal) is called where
// it is needed. Interruptions (EINTR) end here. Nothing here decides anything: callers get a count or an errno.
#pragma once

#include <tinyhttp/core/result.hpp>

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>
#if defined(__linux__)
#include <sys/epoll.h>
#include <sys/eventfd.h>
#endif

namespace tinyhttp::net {

/// The calls that a test can make fail.
enum class system_call : std::uint8_t {
  socket, bind, listen, accept, connect, set_option, get_option, name,
  receive, send, send_file, pread, shutdown, poll, epoll_create, epoll_control, epoll_wait,
  wake_create,
};

/// What happens to a call instead: it fails with `error`, or moves `at_most` octets.
struct fault {
  int error = 0;                                         // errno value; 0 lets the call happen
  std::size_t at_most = static_cast<std::size_t>(-1);  // octets
};

/// Decides, before each call, what goes wrong. Called by every thread that uses sockets.
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

/// `connection refused` for ECONNREFUSED: the system's text, begun in lower case.
[[nodiscard]] inline std::string errno_text(int value);

/// `what: cause`. A peer that went away makes it `closed`, a deadline of the system's `timeout`,
/// anything else `otherwise`.
[[nodiscard, gnu::cold]] inline error system_error(std::string what, int value,
                                        error_kind otherwise = error_kind::io);

/// The calls themselves. Each gives what the call gives, or -errno; none leaves EINTR to its caller
/// unless it says so.
namespace os {

/// The injector in force. For tests; set it while no other thread uses sockets.
inline std::atomic<fault_injector*> injector{nullptr};

/// Faults are being injected, so that a short count says nothing about the peer.
[[nodiscard]] inline bool is_injected() noexcept {
  const fault_injector* hook = injector.load(std::memory_order_relaxed);
  return hook != nullptr && !hook->only_watches();
}

/// 0: the call may happen, and move `allowed` octets; else -errno.
[[gnu::cold, gnu::noinline]] inline std::int64_t inject(fault_injector& hook, system_call which, int descriptor,
                                                        bool retry, std::size_t& allowed) noexcept {
  for (;;) {
    const fault f = hook.before(which, descriptor);
    if (retry && f.error == EINTR) continue;
    if (f.at_most < allowed) allowed = f.at_most;
    return -f.error;
  }
}

template <bool Retry = true, class Call>
std::int64_t invoke(system_call which, int descriptor, std::size_t length, Call call) noexcept {
  for (;;) {
    std::size_t allowed = length;
    if (fault_injector* hook = injector.load(std::memory_order_acquire); hook != nullptr) {
      const std::int64_t refused = inject(*hook, which, descriptor, Retry, allowed);
      if (refused != 0) return refused;
    }
    const auto count = static_cast<std::int64_t>(call(allowed));
    if (count >= 0) return count;
    const int cause = errno;
    if (!Retry || cause != EINTR) return -cause;
  }
}

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
  return invoke(system_call::socket, -1, 0, [&](std::size_t) { return ::socket(family, type, 0); });
#else
  const std::int64_t made = invoke(system_call::socket, -1, 0,
                                   [&](std::size_t) { return ::socket(family, SOCK_STREAM, 0); });
  if (made < 0) return made;
  set_flags(static_cast<int>(made), non_blocking);
  const int on = 1;
  ::setsockopt(static_cast<int>(made), SOL_SOCKET, SO_NOSIGPIPE, &on, sizeof on);
  return made;
#endif
}

inline std::int64_t bind(int fd, const sockaddr* to, socklen_t size) noexcept {
  return invoke(system_call::bind, fd, 0, [&](std::size_t) { return ::bind(fd, to, size); });
}
inline std::int64_t listen(int fd, int backlog) noexcept {
  return invoke(system_call::listen, fd, 0, [&](std::size_t) { return ::listen(fd, backlog); });
}
inline std::int64_t accept(int fd, sockaddr* peer, socklen_t* size, bool non_blocking) noexcept {
#if defined(SOCK_CLOEXEC)
  const int flags = SOCK_CLOEXEC | (non_blocking ? SOCK_NONBLOCK : 0);
  return invoke(system_call::accept, fd, 0,
                [&](std::size_t) { return ::accept4(fd, peer, size, flags); });
#else
  const std::int64_t made =
      invoke(system_call::accept, fd, 0, [&](std::size_t) { return ::accept(fd, peer, size); });
  if (made >= 0) set_flags(static_cast<int>(made), non_blocking);
  return made;
#endif
}

/// May give -EINTR: the connection then goes on being made, as with -EINPROGRESS.
inline std::int64_t connect(int fd, const sockaddr* to, socklen_t size) noexcept {
  return invoke<false>(system_call::connect, fd, 0,
                       [&](std::size_t) { return ::connect(fd, to, size); });
}
inline std::int64_t set_option(int fd, int level, int name, int value) noexcept {
  return invoke(system_call::set_option, fd, 0, [&](std::size_t) {
    return ::setsockopt(fd, level, name, &value, sizeof value);
  });
}
/// Closing will reset the connection instead of ending it in order.
inline void reset_on_close(int fd) noexcept {
  const linger at_once{1, 0};
  invoke(system_call::set_option, fd, 0, [&](std::size_t) {
    return ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  });
}
/// The value of an option that is a non-negative int.
inline std::int64_t get_option(int fd, int level, int name) noexcept {
  int value = 0;
  socklen_t size = sizeof value;
  const std::int64_t status = invoke(system_call::get_option, fd, 0, [&](std::size_t) {
    return ::getsockopt(fd, level, name, &value, &size);
  });
  return status < 0 ? status : value;
}
inline std::int64_t local_name(int fd, sockaddr* name, socklen_t* size) noexcept {
  return invoke(system_call::name, fd, 0, [&](std::size_t) { return ::getsockname(fd, name, size); });
}
inline std::int64_t peer_name(int fd, sockaddr* name, socklen_t* size) noexcept {
  return invoke(system_call::name, fd, 0, [&](std::size_t) { return ::getpeername(fd, name, size); });
}

inline std::int64_t receive(int fd, char* into, std::size_t size, int flags = 0) noexcept {
  return invoke(system_call::receive, fd, size,
                [&](std::size_t allowed) { return ::recv(fd, into, allowed, flags); });
}
inline std::int64_t send(int fd, const char* from, std::size_t size, bool more = false) noexcept {
#if defined(MSG_MORE)
  const int flags = no_signal | (more ? MSG_MORE : 0);
#else
  const int flags = no_signal | (more ? 0 : 0);
#endif
  return invoke(system_call::send, fd, size,
                [&](std::size_t allowed) { return ::send(fd, from, allowed, flags); });
}
/// Sends `count` pieces of `size` octets together.
inline std::int64_t send(int fd, iovec* pieces, std::size_t count, std::size_t size,
                         bool more = false) noexcept {
  if (count == 1) return send(fd, static_cast<const char*>(pieces->iov_base), size, more);
#if defined(MSG_MORE)
  const int flags = no_signal | (more ? MSG_MORE : 0);
#else
  const int flags = no_signal | (more ? 0 : 0);
#endif
  return invoke(system_call::send, fd, size, [&](std::size_t allowed) {
    if (allowed < pieces->iov_len) return ::send(fd, pieces->iov_base, allowed, flags);
    msghdr message{};
    message.msg_iov = pieces;
    message.msg_iovlen = static_cast<decltype(message.msg_iovlen)>(allowed < size ? 1 : count);
    return ::sendmsg(fd, &message, flags);
  });
}

inline std::int64_t pread(int fd, char* into, std::size_t size, std::uint64_t offset) noexcept {
  return invoke(system_call::pread, fd, size, [&](std::size_t allowed) {
    return ::pread(fd, into, allowed, static_cast<off_t>(offset));
  });
}
inline std::int64_t shutdown(int fd, int how) noexcept {
  return invoke(system_call::shutdown, fd, 0, [&](std::size_t) { return ::shutdown(fd, how); });
}
/// May give -EINTR: the caller knows how much of its time is left.
inline std::int64_t poll(pollfd* set, std::size_t count, int milliseconds) noexcept {
  return invoke<false>(system_call::poll, -1, 0, [&](std::size_t) {
    return ::poll(set, static_cast<nfds_t>(count), milliseconds);
  });
}

}  // namespace os

// ---------------------------------------------------------------------------------------------

namespace detail {

// The two strerror_r of this world: one gives a status and fills the buffer, one gives the text.
inline const char* strerror_result(int, const char* buffer) noexcept { return buffer; }
inline const char* strerror_result(const char* text, const char*) noexcept { return text; }

}  // namespace detail

inline std::string errno_text(int value) {
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
