// tinyhttp/net/tcp_stream.hpp -- a connected socket on a loop, IP or Unix-domain.
//
// Every operation is tried at once and waits only if the system says so; none has a coroutine frame or allocates. The
// contract of the operations is in stream.hpp.
#pragma once

#include <tinyhttp/core/function.hpp>
#include <tinyhttp/core/owned.hpp>
#include <tinyhttp/core/result.hpp>
#include <tinyhttp/net/address.hpp>
#include <tinyhttp/net/loop.hpp>
#include <tinyhttp/net/operation.hpp>
#include <tinyhttp/net/small_address.hpp>
#include <tinyhttp/net/socket.hpp>
#include <tinyhttp/net/stream.hpp>
#include <tinyhttp/net/transfer.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

namespace tinyhttp::net {

/// Registered with its loop from construction to `close`; must not move. If the loop cannot register it, its
/// operations fail. The loop must outlive it, and it must outlive its operations. Its work in one turn of the loop is
/// bounded (`step_octets`): neither a download nor a peer that sends without pause delays the others.
class tcp_stream : watch, timer {
 public:
  class read_operation;
  class readable_operation;
  class write_operation;
  class send_file_operation;

  /// `prepared`: the socket is already non-blocking and not inherited, as those of a listener are.
  enum class state : std::uint8_t { connected, prepared };
  /// Takes over a socket, and makes it non-blocking unless it is `prepared`.
  tcp_stream(net::loop& on, net::socket connected, const address& peer, state at = state::connected);
  ~tcp_stream() {
    close();
    loop_.timers().remove(*this);  // whoever did not know that it was closed may have set a deadline
  }

  /// `into` must not be empty.
  [[nodiscard]] read_operation read(std::span<char> into);
  [[nodiscard]] readable_operation readable();
  /// `more`: more follows at once, so the system may hold back the last octets until then.
  [[nodiscard]] write_operation write(std::span<const std::string_view> pieces, bool more = false);
  /// Writes what the system takes at once, without an operation, and returns how many of `octets` that was. `write`
  /// reports why the rest was not taken.
  [[nodiscard]] std::size_t write_at_once(std::string_view octets) noexcept;
  [[nodiscard]] send_file_operation send_file(int fd, std::uint64_t offset, std::uint64_t length);

  /// Call it before sending much. For a peer on this machine, less then waits in the kernel, so that it is read while
  /// in the processor's caches. For other peers nothing changes: long distances need large buffers.
  void expect_much() noexcept;

  void expires_at(time_point when) { loop_.timers().set(*this, when); }
  void never_expires() { expires_at(timer::never); }

  [[nodiscard]] std::uint64_t received() const noexcept { return received_; }
  [[nodiscard]] std::uint64_t sent() const noexcept { return sent_; }

  /// The peer has closed its sending side, perhaps after octets that were not read yet. Known only with epoll; with
  /// poll, reading finds out.
  [[nodiscard]] bool peer_closed() const noexcept { return knows(ready::peer_closed); }
  [[nodiscard]] bool peer_gone() noexcept;
  void on_peer_gone(function<void()> f);
  /// From now on the two above count a peer that closed its sending side as gone.
  void take_closing_for_gone() noexcept { gone_is_ = ready::gone | ready::peer_closed; }

  result<void> shutdown_send() { return socket_.shutdown_send(); }
  void close() noexcept;
  void abort() noexcept;
  /// Leaves the loop and releases the socket, open and non-blocking.
  [[nodiscard]] net::socket release() noexcept;

  /// The errno value with which registering with the loop failed; 0: it did not.
  [[nodiscard]] int refused() const noexcept { return obstacle_ > 0 ? obstacle_ : 0; }

  [[nodiscard]] int native() const noexcept { return socket_.native(); }
  [[nodiscard]] address peer() const noexcept { return peer_.value(); }
  /// Sets the address to report as the peer's from now on, for a peer that speaks for another.
  void set_peer(const address& seen) { peer_ = small_address(seen); }
  [[nodiscard]] result<address> local_address() const { return socket_.local_address(); }
  [[nodiscard]] net::loop& loop() const noexcept { return loop_; }

 private:
  using any_operation = operation<tcp_stream>;
  friend any_operation;
  struct gone_call : waiter {
    explicit gone_call(function<void()> what) noexcept : waiter(call), f(std::move(what)) {}
    static bool call(waiter& w);
    function<void()> f;
  };

  static void ready_now(watch& w, std::uint8_t what);
  static void deadline_passed(timer& t) { static_cast<tcp_stream&>(t).wake_all(); }
  void wake_all() noexcept;
  void leave_loop(bool stays_open) noexcept;
  [[nodiscard]] bool knows(std::uint8_t what) const noexcept { return (known_ & what) != 0; }
  void forget(std::uint8_t what) noexcept { known_ = static_cast<std::uint8_t>(known_ & ~what); }

  // For operations.
  [[nodiscard]] any_operation*& waiting(direction way) noexcept {
    return waiting_[static_cast<std::size_t>(way)];
  }
  [[nodiscard]] int obstacle_now() const noexcept;
  void wait_for(direction way);

  net::socket socket_;
  net::loop& loop_;
  any_operation* waiting_[2] = {};  // by direction
  std::uint64_t received_ = 0;
  std::uint64_t sent_ = 0;
  owned<gone_call> gone_;  // once somebody wants to be told
  turn_share share_;
  int obstacle_ = 0;    // closed on our side, or the errno value with which the loop refused us
  std::uint8_t known_;  // what the socket is ready for, as far as we have been told
  std::uint8_t gone_is_ = ready::gone;  // any of these
  bool expects_much_ = false;
  small_address peer_;
};

/// Of `read`; ends at the first octets, or the end.
class tcp_stream::read_operation : public operation<tcp_stream> {
 public:
  read_operation(tcp_stream& on, std::span<char> into) noexcept : operation(on, direction::reading, step), into_(into) {}
  result<std::size_t> await_resume() {
    if (failed_ != 0) return failure("read from ");
    return count_;
  }

 private:
  static bool step(waiter& w);
  std::span<char> into_;
  std::size_t count_ = 0;
};

class tcp_stream::readable_operation : public operation<tcp_stream> {
 public:
  explicit readable_operation(tcp_stream& on) noexcept : operation(on, direction::reading, step) {}
  result<void> await_resume() {
    if (failed_ != 0) return failure("read from ");
    return {};
  }

 private:
  static bool step(waiter& w);
};

/// Of `write`; ends when all has been taken.
class tcp_stream::write_operation : public operation<tcp_stream> {
 public:
  write_operation(tcp_stream& on, std::span<const std::string_view> pieces, bool more) noexcept
      : operation(on, direction::writing, step), gather_(pieces), more_(more) {}
  result<void> await_resume() {
    if (failed_ != 0) return failure("write to ");
    return {};
  }

 private:
  static bool step(waiter& w);
  gather gather_;
  bool more_;
};

/// Of `send_file`; gives how many octets went.
class tcp_stream::send_file_operation : public operation<tcp_stream> {
 public:
  send_file_operation(tcp_stream& on, int fd, std::uint64_t offset, std::uint64_t length) noexcept
      : operation(on, direction::writing, step), slice_(fd, offset, length) {}
  result<std::uint64_t> await_resume() {
    if (failed_ != 0) return failure("send a file to ");
    return slice_.sent();
  }

 private:
  static bool step(waiter& w);
  file_slice slice_;
};

// ---------------------------------------------------------------------------------------------

inline tcp_stream::tcp_stream(net::loop& on, net::socket connected, const address& peer, state at)
    : watch(ready_now),
      timer(deadline_passed),
      socket_(std::move(connected)),
      loop_(on),
      known_(ready::writable),
      peer_(peer) {
  std::int64_t status = at == state::prepared ? 0 : os::set_flags(socket_.native(), true);
  if (status >= 0) status = on.poller().add(*this, socket_.native(), watch::trigger::edge);
  if (status < 0) obstacle_ = socket_ ? static_cast<int>(-status) : obstacle::cancelled;
}

inline auto tcp_stream::read(std::span<char> into) -> read_operation { return {*this, into}; }
inline auto tcp_stream::readable() -> readable_operation { return readable_operation(*this); }
inline auto tcp_stream::write(std::span<const std::string_view> pieces, bool more) -> write_operation {
  return {*this, pieces, more};
}
inline std::size_t tcp_stream::write_at_once(std::string_view octets) noexcept {
  if (obstacle_now() != 0 || waiting(direction::writing) != nullptr || !knows(ready::writable)) return 0;
  if (os::is_injected() || share_.is_spent(loop_.turn())) return 0;
  const std::int64_t sent = os::send(native(), octets.data(), at_most(octets.size(), step_octets), MSG_DONTWAIT);
  if (sent < 0) return 0;
  const auto count = static_cast<std::size_t>(sent);
  sent_ += count;
  share_.spend(count);
  return count;
}
inline auto tcp_stream::send_file(int fd, std::uint64_t offset, std::uint64_t length) -> send_file_operation {
  return {*this, fd, offset, length};
}

inline void tcp_stream::expect_much() noexcept {
  constexpr int enough = 128 * 1024;  // octets; Linux takes twice as many
  if (std::exchange(expects_much_, true)) return;
  const address at = peer();
  if (at.is_ip() && at.is_loopback()) os::set_option(native(), SOL_SOCKET, SO_SNDBUF, enough);
}

inline bool tcp_stream::peer_gone() noexcept {
  if (!knows(gone_is_) && socket_) {  // whoever asks may hold the loop, which then learns nothing
    pollfd set{native(), os::poll_events(gone_is_), 0};
    if (os::poll(&set, 1, 0) > 0) known_ |= os::ready_by(set.revents);
  }
  return knows(gone_is_);
}

inline void tcp_stream::on_peer_gone(function<void()> f) {
  gone_.reset();
  if (!f) return;
  gone_.reset(new gone_call(std::move(f)));
  if (!knows(gone_is_)) {
    loop_.poller().want(*this, gone_is_);
  } else {
    loop_.schedule(*gone_);
  }
}

inline bool tcp_stream::gone_call::call(waiter& w) {
  function<void()> f = std::move(static_cast<gone_call&>(w).f);  // it may destroy the stream
  if (f) f();
  return false;
}

inline void tcp_stream::ready_now(watch& w, std::uint8_t what) {
  auto& self = static_cast<tcp_stream&>(w);
  self.known_ |= what;
  any_operation* const reader = self.waiting(direction::reading);
  any_operation* const writer = self.waiting(direction::writing);
  if ((what & ready::readable) != 0 && reader != nullptr) reader->wake();
  if ((what & ready::writable) != 0 && writer != nullptr) writer->wake();
  if (!self.gone_ || !self.gone_->f) return;
  if ((what & self.gone_is_) == 0) {
    self.loop_.poller().want(self, self.gone_is_);
  } else if (!self.gone_->is_linked()) {
    self.loop_.schedule(*self.gone_);
  }
}

[[gnu::noinline]] inline void tcp_stream::wake_all() noexcept {
  for (any_operation* const each : waiting_)
    if (each != nullptr) each->wake();
}

[[gnu::noinline]] inline void tcp_stream::leave_loop(bool stays_open) noexcept {
  loop_.poller().remove(*this, stays_open);
  loop_.timers().remove(*this);
  obstacle_ = obstacle::cancelled;
  gone_.reset();
  wake_all();
}

[[gnu::noinline]] inline void tcp_stream::close() noexcept {
  if (!socket_) return;
  leave_loop(false);
  socket_.close();
}

inline void tcp_stream::abort() noexcept {
  if (socket_) os::reset_on_close(native());
  close();
}

inline net::socket tcp_stream::release() noexcept {
  leave_loop(true);
  return std::move(socket_);
}

inline int tcp_stream::obstacle_now() const noexcept {
  if (obstacle_ != 0) return obstacle_;
  return timer::deadline <= loop_.now() ? obstacle::timed_out : 0;
}

inline void tcp_stream::wait_for(direction way) {
  const std::uint8_t what = way == direction::reading ? ready::readable : ready::writable;
  forget(what);
  loop_.poller().want(*this, what);
}

inline bool tcp_stream::read_operation::step(waiter& w) {
  auto& self = static_cast<read_operation&>(w);
  tcp_stream& s = self.stream_;
  if (!self.may_go_on()) return true;
  if (!s.knows(ready::readable)) return self.finish_or_wait(progress::wait);
  if (s.share_.is_spent(s.loop_.turn())) return self.finish_or_wait(progress::again);
  const std::int64_t count = os::receive(s.native(), self.into_.data(), self.into_.size());
  if (count == -EAGAIN) return self.finish_or_wait(full());
  if (count < 0) {
    self.failed_ = static_cast<int>(-count);
  } else {
    self.count_ = static_cast<std::size_t>(count);
    s.received_ += self.count_;
    s.share_.spend(self.count_);
    // A short read has emptied the socket: the next one waits without asking, unless an end is due.
    if (count > 0 && self.count_ < self.into_.size() && !os::is_injected() &&
        !s.knows(ready::peer_closed | ready::gone))
      s.forget(ready::readable);
  }
  return self.finish_or_wait(progress::done);
}

inline bool tcp_stream::readable_operation::step(waiter& w) {
  auto& self = static_cast<readable_operation&>(w);
  if (!self.may_go_on()) return true;
  const bool known = self.stream_.knows(ready::readable);
  return self.finish_or_wait(known ? progress::done : progress::wait);
}

inline bool tcp_stream::write_operation::step(waiter& w) {
  auto& self = static_cast<write_operation&>(w);
  tcp_stream& s = self.stream_;
  if (!self.may_go_on()) return true;
  if (!s.knows(ready::writable)) return self.finish_or_wait(progress::wait);
  if (s.share_.is_spent(s.loop_.turn())) return self.finish_or_wait(progress::again);
  const std::uint64_t before = s.sent_;
  const progress p = self.gather_.step(s.native(), s.sent_, self.failed_, self.more_);
  s.share_.spend(s.sent_ - before);
  return self.finish_or_wait(p);
}

inline bool tcp_stream::send_file_operation::step(waiter& w) {
  auto& self = static_cast<send_file_operation&>(w);
  tcp_stream& s = self.stream_;
  if (!self.may_go_on()) return true;
  if (!s.knows(ready::writable)) return self.finish_or_wait(progress::wait);
  if (s.share_.is_spent(s.loop_.turn())) return self.finish_or_wait(progress::again);
  const std::uint64_t before = s.sent_;
  const progress p = self.slice_.step(s.native(), s.sent_, self.failed_);
  s.share_.spend(s.sent_ - before);
  return self.finish_or_wait(p);
}

static_assert(stream<tcp_stream>);

}  // namespace tinyhttp::net
