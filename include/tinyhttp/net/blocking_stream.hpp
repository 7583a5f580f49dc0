// tinyhttp/net/blocking_stream.hpp -- a connection whose operations finish before they are awaited.
//
// For one connection in one thread, without a loop: code written over `stream` runs straight through, and waits in
// poll(2) where needed.
#pragma once

#include <tinyhttp/core/chrono.hpp>
#include <tinyhttp/core/function.hpp>
#include <tinyhttp/core/result.hpp>
#include <tinyhttp/net/address.hpp>
#include <tinyhttp/net/interrupter.hpp>
#include <tinyhttp/net/socket.hpp>
#include <tinyhttp/net/stream.hpp>
#include <tinyhttp/net/transfer.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace tinyhttp::net {

/// A connected socket on which every wait ends at the deadline, or when another thread cancels `stop` (then with
/// `error_kind::cancelled`). Without `stop`, a connection that stays in use becomes a blocking one with a receive
/// timeout, so that receiving needs no poll first.
class blocking_stream {
 public:
  blocking_stream(net::socket connected, const address& peer, const interrupter* stop = nullptr)
      : socket_(std::move(connected)), peer_(peer), stop_(stop),
        waiting_(stop == nullptr ? waiting::once : waiting::by_poll) {
    os::set_flags(socket_.native(), true);
  }
  blocking_stream(blocking_stream&&) noexcept = default;
  blocking_stream& operator=(blocking_stream&&) noexcept = default;

  [[nodiscard]] completed<std::size_t> read(std::span<char> into);
  [[nodiscard]] completed<void> readable();
  [[nodiscard]] completed<void> write(std::span<const std::string_view> pieces, bool more = false);
  /// Writes what the system takes at once, and returns how many of `octets` that was. The caller watches the
  /// deadline; `write` reports why the rest was not taken.
  [[nodiscard]] std::size_t write_at_once(std::string_view octets) noexcept;
  [[nodiscard]] completed<std::uint64_t> send_file(int fd, std::uint64_t offset, std::uint64_t length);

  void expires_at(time_point when) noexcept { deadline_ = when; }
  void never_expires() noexcept { deadline_ = time_point::max(); }

  [[nodiscard]] std::uint64_t received() const noexcept { return received_; }
  [[nodiscard]] std::uint64_t sent() const noexcept { return sent_; }

  /// Asks the system.
  [[nodiscard]] bool peer_closed() noexcept;
  [[nodiscard]] bool peer_gone() noexcept { return look(0) != 0; }
  /// `read` would not wait.
  [[nodiscard]] bool has_news() noexcept { return look(POLLIN) != 0; }
  /// Never called: nothing watches the socket while this thread does something else.
  void on_peer_gone(function<void()>) noexcept {}

  result<void> shutdown_send() { return socket_.shutdown_send(); }
  void close() noexcept { socket_.close(); }
  void abort() noexcept;
  /// The socket, non-blocking and without a timeout.
  [[nodiscard]] net::socket release() noexcept {
    wait_by_poll();
    return std::move(socket_);
  }

  [[nodiscard]] int native() const noexcept { return socket_.native(); }
  [[nodiscard]] const address& peer() const noexcept { return peer_; }
  [[nodiscard]] result<address> local_address() const { return socket_.local_address(); }

 private:
  static constexpr std::chrono::milliseconds patience{50};  // as long as most answers take; others are worth a poll

  /// 0 if operations may continue, otherwise -ETIMEDOUT, -ECANCELED or -EBADF.
  [[nodiscard]] std::int64_t may_go_on() const noexcept { return may_go_on(time_left()); }
  [[nodiscard]] std::int64_t may_go_on(duration left) const noexcept;
  /// To the deadline, or none; a look at the clock where there is a deadline.
  [[nodiscard]] duration time_left() const noexcept {
    if (deadline_ == time_point::max()) return duration::max();
    const time_point now = std::chrono::steady_clock::now();
    return deadline_ > now ? deadline_ - now : duration::zero();
  }
  [[nodiscard]] std::int64_t wait(short events) const noexcept {
    return wait_in_thread(native(), events, deadline_, stop_);
  }
  [[nodiscard]] error failure(std::string_view what, std::int64_t status) const;
  [[nodiscard]] short look(short events) const noexcept;
  [[nodiscard]] std::int64_t receive(std::span<char> into) noexcept;
  [[nodiscard]] bool system_waits(duration left) noexcept;
  void wait_by_poll() noexcept;
  template <class Step>
  std::int64_t carry_out(Step step);

  net::socket socket_;
  address peer_;
  const interrupter* stop_;
  time_point deadline_ = time_point::max();
  std::uint64_t received_ = 0;
  std::uint64_t sent_ = 0;
  bool drained_ = true;  // the last read took all there was: wait before the next
  enum class waiting : std::uint8_t { once, again, in_system, by_poll } waiting_;
};

// ---------------------------------------------------------------------------------------------

inline std::int64_t blocking_stream::may_go_on(duration left) const noexcept {
  if (!socket_) return -EBADF;
  if (stop_ != nullptr && stop_->cancelled()) return -ECANCELED;
  return left == duration::zero() ? -ETIMEDOUT : 0;
}

inline error blocking_stream::failure(std::string_view what, std::int64_t status) const {
  std::string line = std::string(what) + peer_.to_string();
  if (status == -ETIMEDOUT) return {error_kind::timeout, line + ": timed out"};
  if (status == -ECANCELED) return {error_kind::cancelled, line + ": told to stop"};
  if (status == -EBADF) return {error_kind::cancelled, line + ": closed on our side"};
  return system_error(std::move(line), static_cast<int>(-status));
}

/// Octets, or -errno.
inline std::int64_t blocking_stream::receive(std::span<char> into) noexcept {
  const duration left = time_left();
  if (const std::int64_t status = may_go_on(left); status != 0) return status;
  std::int64_t count = -EAGAIN;
  if (!drained_ || system_waits(left))
    count = os::receive(native(), into.data(), into.size(), drained_ ? 0 : MSG_DONTWAIT, os::attempt::interrupted::told);
  while (count == -EAGAIN || count == -EINTR) {
    count = wait(POLLIN);
    if (count == 0) count = os::receive(native(), into.data(), into.size(), MSG_DONTWAIT);
  }
  return count;
}

/// To receive may wait in the system, which gives up within the deadline. The first wait asks first:
/// not every connection has a second one, for which the two calls here would pay.
inline bool blocking_stream::system_waits(duration left) noexcept {
  if (waiting_ == waiting::once) {
    waiting_ = waiting::again;
  } else if (waiting_ == waiting::again) {
    const bool set = os::receive_timeout(native(), {0, std::chrono::microseconds(patience).count()}) == 0 &&
                     os::set_flags(native(), false) == 0;
    waiting_ = set ? waiting::in_system : waiting::by_poll;
  }
  return waiting_ == waiting::in_system && left > 2 * patience;
}

/// From now on every wait asks first, on a non-blocking socket.
inline void blocking_stream::wait_by_poll() noexcept {
  if (waiting_ == waiting::in_system) {
    os::set_flags(native(), true);
    os::receive_timeout(native(), {});
  }
  waiting_ = waiting::by_poll;
}

inline completed<std::size_t> blocking_stream::read(std::span<char> into) {
  const std::int64_t count = receive(into);
  if (count < 0) return completed<std::size_t>(failure("read from ", count));
  const auto octets = static_cast<std::size_t>(count);
  received_ += octets;
  drained_ = octets < into.size();
  return completed<std::size_t>(octets);
}

inline completed<void> blocking_stream::readable() {
  std::int64_t status = may_go_on();
  if (status == 0) status = wait(POLLIN);
  if (status < 0) return completed<void>(failure("read from ", status));
  return completed<void>(result<void>());
}

/// Repeats `step` until it is done: 0, or why it could not go on.
template <class Step>
std::int64_t blocking_stream::carry_out(Step step) {
  for (;;) {
    if (const std::int64_t status = may_go_on(); status != 0) return status;
    int failed = 0;
    const progress p = step(failed);
    if (p == progress::done) return -failed;
    if (p == progress::again) continue;
    if (const std::int64_t status = wait(POLLOUT); status < 0) return status;
  }
}

inline completed<void> blocking_stream::write(std::span<const std::string_view> pieces, bool more) {
  gather rest(pieces);
  const std::int64_t status =
      carry_out([&](int& failed) { return rest.step(native(), sent_, failed, more); });
  if (status < 0) return completed<void>(failure("write to ", status));
  return completed<void>(result<void>());
}

inline std::size_t blocking_stream::write_at_once(std::string_view octets) noexcept {
  const bool may = may_go_on(duration::max()) == 0;
  const std::int64_t count = may ? os::send(native(), octets.data(), octets.size(), MSG_DONTWAIT) : 0;
  if (count > 0) sent_ += static_cast<std::uint64_t>(count);
  return count > 0 ? static_cast<std::size_t>(count) : 0;
}

inline completed<std::uint64_t> blocking_stream::send_file(int fd, std::uint64_t offset, std::uint64_t length) {
  wait_by_poll();
  file_slice slice(fd, offset, length);
  const std::int64_t status =
      carry_out([&](int& failed) { return slice.step(native(), sent_, failed); });
  if (status < 0) return completed<std::uint64_t>(failure("send a file to ", status));
  return completed<std::uint64_t>(slice.sent());
}

inline short blocking_stream::look(short events) const noexcept {
  pollfd set{native(), events, 0};
  return socket_ && os::poll(&set, 1, 0) > 0 ? set.revents : short{0};
}

inline bool blocking_stream::peer_closed() noexcept {
  char octet;
  return look(POLLIN) != 0 && os::receive(native(), &octet, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

inline void blocking_stream::abort() noexcept {
  if (socket_) os::reset_on_close(native());
  close();
}

static_assert(stream<blocking_stream>);

}  // namespace tinyhttp::net
