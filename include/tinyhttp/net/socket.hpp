// tinyhttp/net/socket.hpp -- one stream socket: connect, receive, send, shut down, and who it talks to.
//
// Every call here may block its thread; for many connections at once see tcp_stream.hpp.
#pragma once

#include <tinyhttp/core/result.hpp>
#include <tinyhttp/net/address.hpp>
#include <tinyhttp/net/descriptor.hpp>
#include <tinyhttp/net/system.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace tinyhttp::net {

/// Owns a stream socket; move-only. Programs that this one starts do not inherit it, and it never raises SIGPIPE.
/// Sending and receiving may happen in two threads at once.
class socket {
 public:
  socket() noexcept = default;
  explicit socket(descriptor owned) noexcept : descriptor_(std::move(owned)) {}

  /// An unconnected socket of `family` (AF_INET, AF_INET6, AF_UNIX).
  [[nodiscard]] static result<socket> open(int family, bool non_blocking = false);

  /// Connects to one address. See `net::connect` for names, several addresses and deadlines.
  result<void> connect(const address& to);

  /// Waits for octets and writes them into `into`; returns how many, 0 once the peer sends no more.
  result<std::size_t> receive(std::span<char> into);

  /// Sends all of `octets`, and waits as long as that takes.
  result<void> send_all(std::string_view octets);

  /// Ends our sending side: the peer reads an end after what was sent; we can still receive.
  result<void> shutdown_send();

  [[nodiscard]] result<address> local_address() const;
  [[nodiscard]] result<address> peer_address() const;

  /// Sends small pieces at once instead of waiting for an acknowledgement (TCP_NODELAY).
  result<void> no_delay(bool on);
  /// Detects after a long silence that the peer is gone (SO_KEEPALIVE).
  result<void> keep_alive(bool on);
  result<void> receive_buffer(int octets);
  result<void> send_buffer(int octets);
  result<void> non_blocking(bool on);

  /// AF_*, SOCK_* and IPPROTO_* of this socket, or -1. `name_of_family` and so on print them.
  [[nodiscard]] int family() const noexcept;
  [[nodiscard]] int type() const noexcept { return option(SO_TYPE); }
  [[nodiscard]] int protocol() const noexcept;

  [[nodiscard]] int native() const noexcept { return descriptor_.get(); }
  [[nodiscard]] explicit operator bool() const noexcept { return static_cast<bool>(descriptor_); }
  [[nodiscard]] descriptor release() noexcept { return std::move(descriptor_); }
  void close() noexcept { descriptor_.close(); }

 private:
  [[nodiscard]] int option(int name) const noexcept {
    const std::int64_t value = os::get_option(native(), SOL_SOCKET, name);
    return value < 0 ? -1 : static_cast<int>(value);
  }
  /// `what PEER: cause`.
  [[nodiscard]] error failure(const char* what, std::int64_t status) const;
  using name_call = std::int64_t(int, sockaddr*, socklen_t*) noexcept;
  [[nodiscard]] result<address> name_by(name_call* call, const char* what) const;
  result<void> set(int level, int name, int value, std::string_view what) const;
  [[nodiscard]] std::string peer_text() const;

  descriptor descriptor_;
};

/// `AF_INET` and so on, as programs spell them; the number if the name is unknown here.
[[nodiscard]] inline std::string name_of_family(int family);
[[nodiscard]] inline std::string name_of_type(int type);
[[nodiscard]] inline std::string name_of_protocol(int protocol);

// ---------------------------------------------------------------------------------------------

namespace detail {

/// The call's failure as a result: `what: cause`.
inline result<void> checked(std::int64_t status, std::string_view what) {
  if (status >= 0) return {};
  return system_error(std::string(what), static_cast<int>(-status));
}

/// Waits until `descriptor` can do what `events` says, however often a signal interrupts.
inline std::int64_t wait_for(int descriptor, short events) noexcept {
  pollfd set{descriptor, events, 0};
  for (;;) {
    const std::int64_t ready = os::poll(&set, 1, -1);
    if (ready != -EINTR) return ready;
  }
}

/// How a connection that was begun has ended: 0 or -errno.
inline std::int64_t connect_outcome(int descriptor) noexcept {
  const std::int64_t failed = os::get_option(descriptor, SOL_SOCKET, SO_ERROR);
  return failed <= 0 ? failed : -failed;
}

}  // namespace detail

inline result<socket> socket::open(int family, bool non_blocking) {
  const std::int64_t made = os::make_socket(family, non_blocking);
  if (made < 0) return system_error("open a socket", static_cast<int>(-made));
  return socket(descriptor(static_cast<int>(made)));
}

inline result<void> socket::connect(const address& to) {
  std::int64_t status = os::connect(native(), to.native(), to.native_size());
  if (status == -EINTR || status == -EINPROGRESS) {
    status = detail::wait_for(native(), POLLOUT);
    if (status >= 0) status = detail::connect_outcome(native());
  }
  if (status >= 0) return {};
  return system_error("connect " + to.to_string(), static_cast<int>(-status), error_kind::connect);
}

inline result<std::size_t> socket::receive(std::span<char> into) {
  for (;;) {
    const std::int64_t count = os::receive(native(), into.data(), into.size());
    if (count >= 0) return static_cast<std::size_t>(count);
    if (count != -EAGAIN) return failure("read from ", count);
    if (const auto ready = detail::checked(detail::wait_for(native(), POLLIN), "wait"); !ready)
      return ready.error();
  }
}

inline result<void> socket::send_all(std::string_view octets) {
  while (!octets.empty()) {
    const std::int64_t count = os::send(native(), octets.data(), octets.size());
    if (count >= 0) {
      octets.remove_prefix(static_cast<std::size_t>(count));
    } else if (count != -EAGAIN) {
      return failure("write to ", count);
    } else if (const auto ready = detail::checked(detail::wait_for(native(), POLLOUT), "wait");
               !ready) {
      return ready;
    }
  }
  return {};
}

inline result<void> socket::shutdown_send() {
  const std::int64_t status = os::shutdown(native(), SHUT_WR);
  if (status < 0) return failure("end sending to ", status);
  return {};
}
[[gnu::cold]] inline error socket::failure(const char* what, std::int64_t status) const {
  return system_error(what + peer_text(), static_cast<int>(-status));
}

inline result<address> socket::local_address() const {
  return name_by(os::local_name, "read a socket's name");
}
inline result<address> socket::peer_address() const {
  return name_by(os::peer_name, "read a peer's name");
}
[[gnu::cold, gnu::noinline]] inline result<address> socket::name_by(name_call* call, const char* what) const {
  native_address name;
  const std::int64_t status = call(native(), name.pointer(), &name.size);
  if (status < 0) return system_error(what, static_cast<int>(-status));
  return name.value();
}
inline std::string socket::peer_text() const {
  const auto peer = peer_address();
  return peer ? peer->to_string() : "a peer that is gone";
}

inline result<void> socket::set(int level, int name, int value, std::string_view what) const {
  return detail::checked(os::set_option(native(), level, name, value), what);
}
inline result<void> socket::no_delay(bool on) {
  return set(IPPROTO_TCP, TCP_NODELAY, on ? 1 : 0, "set TCP_NODELAY");
}
inline result<void> socket::keep_alive(bool on) {
  return set(SOL_SOCKET, SO_KEEPALIVE, on ? 1 : 0, "set SO_KEEPALIVE");
}
inline result<void> socket::receive_buffer(int octets) {
  return set(SOL_SOCKET, SO_RCVBUF, octets, "set SO_RCVBUF");
}
inline result<void> socket::send_buffer(int octets) {
  return set(SOL_SOCKET, SO_SNDBUF, octets, "set SO_SNDBUF");
}
inline result<void> socket::non_blocking(bool on) {
  return detail::checked(os::set_flags(native(), on), "set O_NONBLOCK");
}

inline int socket::family() const noexcept {
  native_address name;
  return os::local_name(native(), name.pointer(), &name.size) < 0 ? -1 : name.storage.ss_family;
}
inline int socket::protocol() const noexcept {
#if defined(SO_PROTOCOL)
  return option(SO_PROTOCOL);
#else
  return family() == AF_UNIX ? 0 : IPPROTO_TCP;
#endif
}

inline std::string name_of_family(int family) {
  if (family == AF_INET) return "AF_INET";
  if (family == AF_INET6) return "AF_INET6";
  if (family == AF_UNIX) return "AF_UNIX";
  return std::to_string(family);
}
inline std::string name_of_type(int type) {
  if (type == SOCK_STREAM) return "SOCK_STREAM";
  if (type == SOCK_DGRAM) return "SOCK_DGRAM";
  return std::to_string(type);
}
inline std::string name_of_protocol(int protocol) {
  if (protocol == IPPROTO_TCP) return "IPPROTO_TCP";
  if (protocol == IPPROTO_IP) return "IPPROTO_IP";
  return std::to_string(protocol);
}

}  // namespace tinyhttp::net
