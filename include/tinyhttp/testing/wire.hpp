// tinyhttp/testing/wire.hpp -- octets to and from one client, with waits that end when the client leaves.
//
// What a fault needs that a server does not: knowing what the client's kernel has acknowledged,
// parking between two octets, ending one side only. Knows no rules.
#pragma once

#include <tinyhttp/core/chrono.hpp>
#include <tinyhttp/core/function.hpp>
#include <tinyhttp/core/shared.hpp>
#include <tinyhttp/core/task.hpp>
#include <tinyhttp/h1/connection.hpp>
#include <tinyhttp/net/loop.hpp>
#include <tinyhttp/net/secured_stream.hpp>
#include <tinyhttp/net/stream.hpp>
#include <tinyhttp/net/tcp_stream.hpp>
#include <tinyhttp/testing/units.hpp>

#include <array>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <sys/ioctl.h>
#if defined(__linux__)
#include <linux/sockios.h>
#endif

namespace tinyhttp::testing {

/// Octets that were handed to our kernel and that the client's has not acknowledged.
[[nodiscard]] inline std::uint64_t unacknowledged(const net::tcp_stream& s) noexcept {
  int count = 0;
#if defined(SIOCOUTQ)
  if (::ioctl(s.native(), SIOCOUTQ, &count) < 0) return 0;
#elif defined(SO_NWRITE)
  socklen_t size = sizeof count;
  if (::getsockopt(s.native(), SOL_SOCKET, SO_NWRITE, &count, &size) < 0) return 0;
#endif
  return count > 0 ? static_cast<std::uint64_t>(count) : 0;
}
template <net::stream S>
[[nodiscard]] std::uint64_t unacknowledged(const S&) noexcept {
  return 0;
}
/// With TLS: at least the number of plain octets that have not arrived.
template <net::stream Below>
[[nodiscard]] std::uint64_t unacknowledged(const net::secured_stream<Below>& s) noexcept {
  return unacknowledged(s.below()) + s.unsent();
}

/// Wakes a parked coroutine. Belongs to the loop's thread; `caller` makes what others may call.
struct bell {
  bool rung = false;
  function<void()> react;
  void ring() {
    rung = true;
    if (react) react();
  }
  [[nodiscard]] static function<void()> caller(shared<bell> of, net::loop& on) {
    return [of = std::move(of), &on] { on.post([of] { of->ring(); }); };
  }
};

/// Why a coroutine is no longer parked: the bell rang, the deadline passed, the client ended its sending side, or it
/// has gone.
enum class woken : std::uint8_t { rung, deadline, ended, gone };

/// Stream and bounds must outlive it. Loop thread only.
template <net::stream S>
class wire {
 public:
  wire(S& stream, const h1::limits& bounds, bool in_memory)
      : parser(h1::side::server, bounds), stream_(stream), in_memory_(in_memory) {
    bell_->react = [this] {
      if (parked_) stream_.expires_at(loop().now());
      if (nap_ != nullptr) nap_->wake();
    };
  }
  wire(const wire&) = delete;
  wire& operator=(const wire&) = delete;
  ~wire() { bell_->react = {}; }

  h1::connection parser;
  /// Received octets that belong to no exchange yet.
  std::string received;

  [[nodiscard]] S& stream() noexcept { return stream_; }
  [[nodiscard]] net::loop& loop() noexcept { return stream_.loop(); }
  [[nodiscard]] const shared<bell>& waker() const noexcept { return bell_; }
  /// No socket: nobody to wait for.
  [[nodiscard]] bool in_memory() const noexcept { return in_memory_; }
  [[nodiscard]] std::uint64_t acknowledged() const noexcept {
    const std::uint64_t sent = stream_.sent(), missing = unacknowledged(stream_);
    return sent > missing ? sent - missing : 0;
  }

  /// Reads some octets; false once the connection is unusable. Tells the parser of an end.
  task<bool> receive();
  /// Writes all octets of both; false if the client has gone.
  task<bool> write(std::string_view first, std::string_view second = {});
  /// Waits until everything written is acknowledged; false at `until`, or if the client has gone.
  task<bool> drained(time_point until);
  /// Waits for the bell or the time, and reads what arrives meanwhile. Reports once that the client has ended its
  /// side.
  task<woken> park(time_point until);
  /// Ends our side, and reads until the client has ended its own, or `patience()` has passed.
  task<void> finish();

 private:
  class nap;
  static constexpr std::size_t most_unread = 256 * 1024;  // octets of pipelined requests

  S& stream_;
  bool in_memory_;
  bool parked_ = false;  // a read that the bell ends
  bool ended_ = false;  // the client has ended its side
  nap* nap_ = nullptr;
  shared<bell> bell_ = shared<bell>(new bell);
};

/// A sleep that can be ended early.
template <net::stream S>
class wire<S>::nap : net::waiter, net::timer {
 public:
  nap(wire& of, time_point until) : waiter(always), timer(due), of_(of), until_(until) { of_.nap_ = this; }
  ~nap() {
    of_.loop().timers().remove(*this);
    of_.nap_ = nullptr;
  }
  [[nodiscard]] bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> awaiter) {
    handle = awaiter;
    of_.loop().timers().set(*this, until_);
  }
  void await_resume() const noexcept {}
  void wake() {
    if (!is_linked() && handle) of_.loop().schedule(*this);
  }

 private:
  static void due(timer& t) { static_cast<nap&>(t).wake(); }
  wire& of_;
  time_point until_;
};

// ---------------------------------------------------------------------------------------------

template <net::stream S>
task<bool> wire<S>::receive() {
  const auto room = parser.room(16 * 1024);
  const auto got = co_await stream_.read(room);
  if (!got) co_return false;
  if (*got == 0) {
    ended_ = true;
    parser.peer_closed();
  }
  received.append(room.data(), *got);
  parser.received(*got);
  co_return true;
}

template <net::stream S>
task<bool> wire<S>::write(std::string_view first, std::string_view second) {
  const std::array<std::string_view, 2> both{first, second};
  const std::span<const std::string_view> pieces(both.data(), second.empty() ? 1 : 2);
  if (first.empty() && second.empty()) co_return true;
  const auto sent = co_await stream_.write(pieces);
  co_return sent.has_value();
}

template <net::stream S>
task<bool> wire<S>::drained(time_point until) {
  constexpr int quick_looks = 64;  // an acknowledgement on loopback is there within microseconds
  for (int looks = 0; unacknowledged(stream_) > 0; ++looks) {
    if (stream_.peer_gone() || loop().now() >= until) co_return false;
    if (looks < quick_looks) {
      co_await loop().yield();
    } else {
      const time_point later = loop().now() + std::chrono::milliseconds(1);
      co_await loop().sleep_until(later);
    }
  }
  co_return true;
}

template <net::stream S>
task<woken> wire<S>::park(time_point until) {
  if (in_memory_) co_return woken::deadline;
  for (;;) {
    if (std::exchange(bell_->rung, false)) co_return woken::rung;
    if (loop().now() >= until) co_return woken::deadline;
    if (stream_.peer_gone()) co_return woken::gone;
    if (!ended_ && received.size() < most_unread) {
      stream_.expires_at(until);
      const auto room = parser.room(4 * 1024);
      parked_ = true;
      const auto got = co_await stream_.read(room);
      parked_ = false;
      stream_.never_expires();
      if (!got && got.error().kind() == error_kind::timeout) continue;
      if (!got) co_return woken::gone;
      received.append(room.data(), *got);
      parser.received(*got);
      if (*got > 0) continue;
      ended_ = true;
      parser.peer_closed();
      co_return woken::ended;
    }
    // Only a reset can be noticed now: looked for from time to time.
    const time_point soon = loop().now() + std::chrono::milliseconds(20);
    nap waiting(*this, soon < until ? soon : until);
    co_await waiting;
  }
}

template <net::stream S>
task<void> wire<S>::finish() {
  if constexpr (requires { stream_.finish(); }) {
    stream_.expires_at(loop().now() + patience());
    auto ending = stream_.finish();
    (void)co_await ending;
  }
  (void)stream_.shutdown_send();  // if that fails, so will the reads below
  if (ended_ || in_memory_) co_return;
  stream_.expires_at(loop().now() + patience());
  std::array<char, 16 * 1024> ignored;
  const std::span<char> room(ignored);
  for (;;) {
    const auto got = co_await stream_.read(room);
    if (!got || *got == 0) break;
  }
}

}  // namespace tinyhttp::testing
