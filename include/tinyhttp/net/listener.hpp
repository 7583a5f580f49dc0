// tinyhttp/net/listener.hpp -- a bound, listening socket: it exists only if it is listening.
//
// Several threads and loops may share one; the system hands each connection to one of them.
#pragma once

#include <tinyhttp/core/ascii.hpp>
#include <tinyhttp/core/bounds.hpp>
#include <tinyhttp/core/result.hpp>
#include <tinyhttp/net/address.hpp>
#include <tinyhttp/net/resolve.hpp>
#include <tinyhttp/net/socket.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <utility>

#include <sys/stat.h>
#include <sys/un.h>

namespace tinyhttp::net {

/// Where to listen.
struct listen_options {
  std::string host = "127.0.0.1";  // an address or a name; empty: every interface
  std::uint16_t port = 0;          // 0: a free one, see `listener::local_address`
  std::string unix_path = {};      // instead of host and port: a path, or `@name` (abstract)
  int backlog = 1024;              // connections established but not accepted; the system's bound is lower
                                   // on old kernels (net.core.somaxconn, 128 before Linux 5.4)
  bool ipv6_only = false;          // `::` without IPv4
  bool reuse_address = true;       // do not wait until an earlier server's last connections expire
};

/// A connection and the address of its peer. An IPv4 peer of an IPv6 socket is given by its IPv4 address.
struct accepted {
  net::socket socket;
  address peer;
};

/// Owns its socket; move-only. Any number of threads may accept from it.
class listener {
 public:
  /// Starts to listen. For a name, tries each of its addresses until one works. The file of a Unix socket is replaced
  /// if nobody listens on it, and removed at the end if it is still ours. Fails with `listen on 127.0.0.1:80: address
  /// already in use`.
  [[nodiscard]] static result<listener> bind(const listen_options& with);

  /// Takes over a socket that is already listening, as from a service manager. Fails if it is not listening; `fd`
  /// then stays the caller's.
  [[nodiscard]] static result<listener> adopt(int fd);

  listener(listener&&) noexcept = default;
  listener& operator=(listener&& other) noexcept;
  ~listener() { remove_file(); }

  /// Waits for the next connection, whose socket is blocking.
  result<accepted> accept();

  /// The next connection if there is one; its socket is non-blocking. Skips connections that are already gone. Errors
  /// are local (EMFILE): the connection stays in the queue.
  template <class Next = accepted>  // compiled only where it is used
  result<std::optional<Next>> try_accept();
  /// The same for loops: 1 with the connection in `next`, 0 if there is none, or -errno.
  [[nodiscard]] std::int64_t take(accepted& next, bool non_blocking = true) noexcept;

  /// The bound address, with the actual port.
  [[nodiscard]] const address& local_address() const noexcept { return local_; }
  [[nodiscard]] int native() const noexcept { return socket_.native(); }
  /// Releases the descriptor, open and non-blocking; a Unix socket's file stays.
  [[nodiscard]] int release() noexcept { return socket_.release().release(); }
  void close() noexcept {
    remove_file();
    socket_.close();
  }

 private:
  struct file_identity {
    dev_t device = 0;
    ino_t inode = 0;  // 0: no file
  };
  listener(net::socket listening, const address& local) noexcept
      : socket_(std::move(listening)), local_(local) {}
  static result<listener> bind_address(const address& to, const listen_options& with, int& cause);
  static result<listener> bind_path(const listen_options& with);
  void remove_file() noexcept;

  net::socket socket_;  // non-blocking, so that several may wait for one connection
  address local_;
  file_identity file_;  // of the Unix socket that we made
};

// ---------------------------------------------------------------------------------------------

namespace detail {

[[gnu::cold]] inline error listen_error(const address& on, std::int64_t status) {
  return system_error(std::string("listen on ").append(on.to_string()), static_cast<int>(-status));
}
[[gnu::cold]] inline error accept_error(const address& on, std::int64_t status) {
  return system_error(std::string("accept on ").append(on.to_string()), static_cast<int>(-status));
}

/// accept(2) reports what befell the connection, not us: go on to the next one.
inline bool is_peers_misfortune(std::int64_t status) noexcept {
  switch (-status) {
    case ECONNABORTED: case EPROTO: case ENETDOWN: case ENOPROTOOPT: case EHOSTDOWN:
    case EHOSTUNREACH: case EOPNOTSUPP: case ENETUNREACH: case EPERM:
      return true;
    default:
      return false;
  }
}

/// The file at `path` is a socket on which nobody listens.
[[gnu::cold]] inline bool is_stale_socket(const address& at) {
  struct stat facts;
  if (::lstat(at.host().c_str(), &facts) != 0 || !S_ISSOCK(facts.st_mode)) return false;
  const descriptor probe(static_cast<int>(os::make_socket(AF_UNIX, true)));
  return probe && os::connect(probe.get(), at.native(), at.native_size()) == -ECONNREFUSED;
}

}  // namespace detail

[[gnu::cold]] inline result<listener> listener::bind(const listen_options& with) {
  if (!with.unix_path.empty()) return bind_path(with);
  if (with.host.empty()) {
    // One socket for both families where the machine has IPv6, else IPv4 alone.
    const address all6 = *address_of_literal("::", with.port);
    const address all4 = *address_of_literal("0.0.0.0", with.port);
    int cause = 0;
    auto both = bind_address(all6, with, cause);
    const bool no_ipv6 = cause == EAFNOSUPPORT || cause == EADDRNOTAVAIL;
    return no_ipv6 && !with.ipv6_only ? bind_address(all4, with, cause) : std::move(both);
  }
  address_search search;
  if (auto begun = search.begin(with.host, with.port, true); !begun)
    return begun.error().within(std::string("listen on ").append(with.host));
  for (address to = search.next();;) {
    int cause = 0;
    auto bound = bind_address(to, with, cause);
    to = search.next();
    if (bound || !to.is_known()) return bound;
  }
}

/// `cause` becomes the errno value of a failure.
[[gnu::cold]] inline result<listener> listener::bind_address(const address& to, const listen_options& with,
                                               int& cause) {
  const bool only6 = with.ipv6_only || !to.is_unspecified();
  std::int64_t status = os::make_socket(to.family(), true);
  const int fd = static_cast<int>(status);
  net::socket made{descriptor(fd)};
  if (made && with.reuse_address && to.is_ip())
    status = os::set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  if (status >= 0 && to.family() == AF_INET6)
    status = os::set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, only6 ? 1 : 0);
  if (status >= 0 && to.is_ip())  // connections inherit it: one call for all of them
    status = os::set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  if (status >= 0) status = os::bind(fd, to.native(), to.native_size());
  if (status >= 0) status = os::listen(fd, with.backlog);
  if (status < 0) {
    cause = static_cast<int>(-status);
    return detail::listen_error(to, status);
  }
  const auto local = made.local_address();
  return listener(std::move(made), local ? *local : to);
}

[[gnu::cold]] inline result<listener> listener::bind_path(const listen_options& with) {
  const auto to = address::unix_domain(with.unix_path);
  if (!to) return to.error().within("listen");
  int cause = 0;
  auto bound = bind_address(*to, with, cause);
  const bool is_file = with.unix_path.front() != '@';
  if (cause == EADDRINUSE && is_file && detail::is_stale_socket(*to)) {
    ::unlink(with.unix_path.c_str());
    bound = bind_address(*to, with, cause);
  }
  struct stat facts;
  if (bound && is_file && ::lstat(with.unix_path.c_str(), &facts) == 0)
    bound->file_ = file_identity{facts.st_dev, facts.st_ino};
  return bound;
}

[[gnu::cold]] inline result<listener> listener::adopt(int fd) {
  if (fd < 0) return error(error_kind::invalid_argument, "adopt descriptor: there is none");
  const std::int64_t listening = os::get_option(fd, SOL_SOCKET, SO_ACCEPTCONN);
  std::string what = std::string("adopt descriptor ").append(ascii::to_decimal(static_cast<unsigned>(fd)));
  if (listening < 0) return system_error(what, static_cast<int>(-listening));
  if (listening == 0) return error(error_kind::invalid_argument, what.append(": it does not listen"));
  if (os::get_option(fd, SOL_SOCKET, SO_TYPE) != SOCK_STREAM)
    return error(error_kind::invalid_argument, what.append(": not a stream socket"));
  const std::int64_t status = os::set_flags(fd, true);
  if (status < 0) return system_error(what, static_cast<int>(-status));
  net::socket taken{descriptor(fd)};
  const auto local = taken.local_address();
  if (local && local->is_ip()) static_cast<void>(os::set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1));  // as of our own
  return listener(std::move(taken), local ? *local : address());
}

inline listener& listener::operator=(listener&& other) noexcept {
  if (this == &other) return *this;
  remove_file();
  socket_ = std::move(other.socket_);
  local_ = other.local_;
  file_ = other.file_;
  other.file_ = {};
  return *this;
}

inline void listener::remove_file() noexcept {
  if (!socket_ || file_.inode == 0) return;  // moved from, or not ours
  sockaddr_un at{};  // the end asks nobody for memory; the last octet stays 0
  std::memcpy(&at, local_.native(), at_most<std::size_t>(local_.native_size(), sizeof at - 1));
  struct stat facts;
  if (::lstat(at.sun_path, &facts) == 0 && facts.st_dev == file_.device && facts.st_ino == file_.inode)
    ::unlink(at.sun_path);
  file_ = {};
}

inline std::int64_t listener::take(accepted& next, bool non_blocking) noexcept {
  for (;;) {
    native_address peer;
    const std::int64_t made = os::accept(native(), peer.pointer(), &peer.size, non_blocking);
    if (made >= 0) {
      next.socket = net::socket(descriptor(static_cast<int>(made)));
      next.peer = peer.value().unmapped();
      return 1;
    }
    if (made == -EAGAIN) return 0;
    if (!detail::is_peers_misfortune(made)) return made;
  }
}

template <class Next>
result<std::optional<Next>> listener::try_accept() {
  Next next;
  const std::int64_t status = take(next);
  if (status < 0) return detail::accept_error(local_, status);
  return status > 0 ? std::optional<Next>(std::move(next)) : std::nullopt;
}

inline result<accepted> listener::accept() {
  for (accepted next;;) {
    const std::int64_t status = take(next, false);
    if (status < 0) return detail::accept_error(local_, status);
    if (status > 0) return next;
    const std::int64_t ready = detail::wait_for(native(), POLLIN);
    if (ready < 0) return detail::listen_error(local_, ready);
  }
}

}  // namespace tinyhttp::net
