// tinyhttp/net/connector.hpp -- from a host and a port to a connection, within one deadline.
//
// Each address of a name is tried in turn and has its share of the time, so that one dead address
// cannot use it all up.
#pragma once

#include <tinyhttp/core/result.hpp>
#include <tinyhttp/core/task.hpp>
#include <tinyhttp/net/address.hpp>
#include <tinyhttp/net/interrupter.hpp>
#include <tinyhttp/net/resolve.hpp>
#include <tinyhttp/net/socket.hpp>
#include <tinyhttp/net/tcp_stream.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tinyhttp::net {

struct connect_options {
  std::chrono::milliseconds timeout{10'000};  // for all addresses together; not for the resolver
  bool no_delay = true;                       // see socket::no_delay
  const interrupter* stop = nullptr;          // ends a blocking connect from another thread
};

/// A connection, and which of the addresses it got. The socket tells family, type and protocol.
struct connected {
  net::socket socket;
  address peer;
};

/// Connects, blocking this thread; the socket that comes back blocks too. `host` may be a number, a
/// name, or `unix:PATH`. Fails with `connect 127.0.0.1:9: connection refused`; if the addresses of a
/// name failed for different reasons, each is told.
[[nodiscard]] inline result<connected> connect(std::string_view host, std::uint16_t port,
                                               const connect_options& with = {});

/// The same on a loop, without blocking it, for addresses that are known already. `name` is for the
/// error line. The socket that comes back does not block, ready for a tcp_stream. `stop` is ignored:
/// destroying the task ends it.
template <class = void>  // g++ compiles every coroutine it sees; a template only where it is used
[[nodiscard]] task<result<connected>> connect(loop& on, std::vector<address> to, std::string name,
                                              connect_options with = {});

/// Resolves `host` first, which blocks the loop unless it is a number or `unix:PATH`.
template <class = void>
[[nodiscard]] task<result<connected>> connect(loop& on, std::string host, std::uint16_t port,
                                              connect_options with = {});

// ---------------------------------------------------------------------------------------------

namespace detail {

/// What went wrong with each address, and the one line that tells it.
class connect_failures {
 public:
  explicit connect_failures(std::string name) : name_(std::move(name)) {}

  void add(const address& at, std::int64_t status) {
    all_.push_back({at, static_cast<int>(-status)});
  }
  [[nodiscard]] error summary() const {
    bool same = true;
    for (const failure& each : all_) same = same && each.cause == all_.front().cause;
    std::string line = "connect " + name_ + ": ";
    if (all_.empty()) return {error_kind::connect, line + "no address to try"};
    for (std::size_t i = 0; i < (same ? 1 : all_.size()); ++i) {
      if (i != 0) line += "; ";
      if (!same) line += all_[i].at.to_string() + ": ";
      line += text_of(all_[i].cause);
    }
    return {same ? kind_of(all_.front().cause) : error_kind::connect, std::move(line)};
  }

 private:
  struct failure {
    address at;
    int cause;
  };
  static std::string text_of(int cause) {
    if (cause == ETIMEDOUT) return "timed out";
    return cause == ECANCELED ? "told to stop" : errno_text(cause);
  }
  static error_kind kind_of(int cause) {
    if (cause == ETIMEDOUT) return error_kind::timeout;
    return cause == ECANCELED ? error_kind::cancelled : error_kind::connect;
  }
  std::string name_;
  std::vector<failure> all_;
};

/// The part of the time until `end` that the next of `left` addresses may use.
inline time_point share_of(time_point now, time_point end, std::size_t left) {
  if (left <= 1 || end <= now) return end;
  return now + (end - now) / static_cast<duration::rep>(left);
}

inline time_point deadline_in(time_point now, std::chrono::milliseconds timeout) {
  return timeout > std::chrono::hours(24 * 365) ? time_point::max() : now + timeout;
}

inline std::string name_of_target(std::string_view host, std::uint16_t port) {
  if (host.starts_with("unix:")) return std::string(host);
  if (const auto numeric = address::parse(host, port)) return numeric->to_string();
  return std::string(host) + ":" + std::to_string(port);
}

/// Begins to connect: 0 when that was all, -EINPROGRESS when one has to wait, else the failure.
inline std::int64_t begin_connect(net::socket& made, const address& to, bool no_delay) {
  const std::int64_t opened = os::make_socket(to.family(), true);
  if (opened < 0) return opened;
  made = net::socket(descriptor(static_cast<int>(opened)));
  if (no_delay && to.is_ip()) static_cast<void>(made.no_delay(true));
  const std::int64_t status = os::connect(made.native(), to.native(), to.native_size());
  return status == -EINTR ? -EINPROGRESS : status;
}

inline std::int64_t connect_one(net::socket& made, const address& to, time_point until,
                                const connect_options& with) {
  for (;;) {
    std::int64_t status = begin_connect(made, to, with.no_delay);
    if (status == -EINPROGRESS) {
      status = wait_in_thread(made.native(), POLLOUT, until, with.stop);
      return status < 0 ? status : connect_outcome(made.native());
    }
    if (status != -EAGAIN || !to.is_unix_domain()) return status;
    // A Unix listener's queue is full, and nothing tells when it no longer is: ask now and then.
    const time_point soon = std::chrono::steady_clock::now() + std::chrono::milliseconds(10);
    status = wait_in_thread(-1, 0, soon < until ? soon : until, with.stop);
    if (status == -ECANCELED || soon >= until) return status;
  }
}

}  // namespace detail

inline result<connected> connect(std::string_view host, std::uint16_t port,
                                 const connect_options& with) {
  const auto candidates = resolve(host, port);
  if (!candidates) return candidates.error();
  const time_point end = detail::deadline_in(std::chrono::steady_clock::now(), with.timeout);
  detail::connect_failures failures(detail::name_of_target(host, port));
  for (std::size_t i = 0; i < candidates->size(); ++i) {
    const address& to = (*candidates)[i];
    const time_point now = std::chrono::steady_clock::now();
    const time_point until = detail::share_of(now, end, candidates->size() - i);
    net::socket made;
    const std::int64_t status = detail::connect_one(made, to, until, with);
    if (status >= 0) {
      if (const auto blocks = made.non_blocking(false); !blocks) return blocks.error();
      return connected{std::move(made), to};
    }
    failures.add(to, status);
    if (status == -ECANCELED) break;
  }
  return failures.summary();
}

template <class>
task<result<connected>> connect(loop& on, std::vector<address> to, std::string name,
                                connect_options with) {
  const time_point end = detail::deadline_in(on.now(), with.timeout);
  detail::connect_failures failures(std::move(name));
  for (std::size_t i = 0; i < to.size(); ++i) {
    net::socket made;
    std::int64_t status = detail::begin_connect(made, to[i], with.no_delay);
    if (status == -EINPROGRESS) {
      tcp_stream pending(on, std::move(made), to[i], true);
      pending.expires_at(detail::share_of(on.now(), end, to.size() - i));
      const result<void> ended = co_await pending.writable();
      made = pending.release();
      status = ended ? detail::connect_outcome(made.native()) : -ETIMEDOUT;
    }
    if (status >= 0) co_return connected{std::move(made), to[i]};
    failures.add(to[i], status);
  }
  co_return failures.summary();
}

template <class>
task<result<connected>> connect(loop& on, std::string host, std::uint16_t port,
                                connect_options with) {
  auto candidates = resolve(host, port);
  if (!candidates) co_return candidates.error();
  task<result<connected>> attempt =
      connect(on, std::move(*candidates), detail::name_of_target(host, port), with);
  result<connected> made = co_await attempt;
  co_return made;
}

}  // namespace tinyhttp::net
