// tinyhttp/net/tcp_stream.hpp -- a connected socket on a loop, IP or Unix-domain.
//
// Every operation is tried at once and waits only when the system says so; none has a coroutine
// frame, none allocates. The contract of the operations is in stream.hpp.
#pragma once

#include <tinyhttp/core/function.hpp>
#include <tinyhttp/core/result.hpp>
#include <tinyhttp/net/address.hpp>
#include <tinyhttp/net/loop.hpp>
#include <tinyhttp/net/socket.hpp>
#include <tinyhttp/net/stream.hpp>
#include <tinyhttp/net/transfer.hpp>

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace tinyhttp::net {

class tcp_stream;

namespace detail {

enum class direction : std::uint8_t { reading, writing };

/// What the awaitables of tcp_stream share: trying, waiting, and leaving when destroyed.
class tcp_operation : protected waiter {
 public:
  tcp_operation(const tcp_operation&) = delete;
  tcp_operation& operator=(const tcp_operation&) = delete;
  [[nodiscard]] bool await_ready() { return attempt(*this); }
  void await_suspend(std::coroutine_handle<> awaiter) noexcept;

 protected:
  static constexpr int timed_out = -1;  // values of failed_ that are no errno values
  static constexpr int cancelled = -2;
  static constexpr int busy = -3;

  tcp_operation(tcp_stream& on, direction way, bool (*how)(waiter&)) noexcept
      : waiter(how), stream_(on), way_(way) {}
  ~tcp_operation();

  /// Nothing speaks against going on: not closed, not too late, nobody else at it.
  [[nodiscard]] bool may_go_on();
  /// Takes a step's outcome in; true when the operation is over.
  bool finish_or_wait(progress p);
  [[nodiscard]] error failure(std::string_view what) const;

  tcp_stream& stream_;
  int failed_ = 0;

 private:
  friend class net::tcp_stream;
  void leave() noexcept;
  direction way_;
  bool waiting_ = false;  // the stream knows of us
  bool again_ = false;    // not waiting for the descriptor, but for our next turn
};

}  // namespace detail

/// Registered with its loop from construction to `close`; stays where it is. If the loop cannot
/// take it, its operations say so. The loop outlives it.
class tcp_stream : watch, timer {
 public:
  class read_operation;
  class readable_operation;
  class writable_operation;
  class write_operation;
  class send_file_operation;

  /// Takes over a socket and makes it non-blocking. `connecting`: connect(2) has been called, and
  /// `writable` ends when that has.
  tcp_stream(net::loop& on, net::socket connected, const address& peer, bool connecting = false);
  ~tcp_stream() { close(); }

  [[nodiscard]] read_operation read(std::span<char> into);
  [[nodiscard]] readable_operation readable();
  [[nodiscard]] writable_operation writable();
  /// `more`: something follows at once, so the system may hold the last octets back for it.
  [[nodiscard]] write_operation write(std::span<const std::string_view> pieces, bool more = false);
  /// Gives others a turn after each `step_octets`.
  [[nodiscard]] send_file_operation send_file(int fd, std::uint64_t offset, std::uint64_t length);

  void expires_at(time_point when) { loop_.timers().set(*this, when); }
  void never_expires() { expires_at(timer::never); }

  [[nodiscard]] std::uint64_t received() const noexcept { return received_; }
  [[nodiscard]] std::uint64_t sent() const noexcept { return sent_; }

  /// The peer closed its sending side, perhaps with octets before that which nobody read yet.
  [[nodiscard]] bool peer_closed() const noexcept { return (known_ & ready::peer_closed) != 0; }
  [[nodiscard]] bool peer_gone() noexcept;
  void on_peer_gone(function<void()> f);

  result<void> shutdown_send() { return socket_.shutdown_send(); }
  void close() noexcept;
  void abort() noexcept;
  /// Leaves the loop and gives the socket away, open and non-blocking.
  [[nodiscard]] net::socket release() noexcept;

  [[nodiscard]] int native() const noexcept { return socket_.native(); }
  [[nodiscard]] const address& peer() const noexcept { return peer_; }
  [[nodiscard]] result<address> local_address() const { return socket_.local_address(); }
  [[nodiscard]] net::loop& loop() const noexcept { return loop_; }

 private:
  friend class detail::tcp_operation;
  struct gone_call : waiter {
    gone_call() noexcept : waiter(call) {}
    static bool call(waiter& w);
    function<void()> f;
  };

  static void ready_now(watch& w, std::uint8_t what);
  static void deadline_passed(timer& t);
  [[nodiscard]] detail::tcp_operation*& waiting(detail::direction way) noexcept {
    return way == detail::direction::reading ? reader_ : writer_;
  }
  void wake(detail::tcp_operation* waiting) noexcept;
  void leave_loop(bool stays_open) noexcept;
  [[nodiscard]] bool knows(std::uint8_t what) const noexcept { return (known_ & what) != 0; }
  void forget(std::uint8_t what) noexcept { known_ = static_cast<std::uint8_t>(known_ & ~what); }

  net::loop& loop_;
  net::socket socket_;
  detail::tcp_operation* reader_ = nullptr;
  detail::tcp_operation* writer_ = nullptr;
  std::uint64_t received_ = 0;
  std::uint64_t sent_ = 0;
  int broken_ = 0;  // errno value with which the loop refused us
  std::uint8_t known_;  // what the socket is ready for, as far as we have been told
  gone_call gone_;
  address peer_;
};

class tcp_stream::read_operation : public detail::tcp_operation {
 public:
  read_operation(tcp_stream& on, std::span<char> into) noexcept
      : tcp_operation(on, detail::direction::reading, step), into_(into) {}
  result<std::size_t> await_resume() {
    if (failed_ != 0) return failure("read from ");
    return count_;
  }

 private:
  static bool step(waiter& w);
  std::span<char> into_;
  std::size_t count_ = 0;
};

class tcp_stream::readable_operation : public detail::tcp_operation {
 public:
  explicit readable_operation(tcp_stream& on) noexcept
      : tcp_operation(on, detail::direction::reading, step) {}
  result<void> await_resume() {
    if (failed_ != 0) return failure("read from ");
    return {};
  }

 private:
  static bool step(waiter& w);
};

/// Ends when the socket takes octets, or when connecting has ended one way or the other.
class tcp_stream::writable_operation : public detail::tcp_operation {
 public:
  explicit writable_operation(tcp_stream& on) noexcept
      : tcp_operation(on, detail::direction::writing, step) {}
  result<void> await_resume() {
    if (failed_ != 0) return failure("write to ");
    return {};
  }

 private:
  static bool step(waiter& w);
};

class tcp_stream::write_operation : public detail::tcp_operation {
 public:
  write_operation(tcp_stream& on, std::span<const std::string_view> pieces, bool more) noexcept
      : tcp_operation(on, detail::direction::writing, step), gather_(pieces), more_(more) {}
  result<void> await_resume() {
    if (failed_ != 0) return failure("write to ");
    return {};
  }

 private:
  static bool step(waiter& w);
  gather gather_;
  bool more_;
};

class tcp_stream::send_file_operation : public detail::tcp_operation {
 public:
  send_file_operation(tcp_stream& on, int fd, std::uint64_t offset, std::uint64_t length) noexcept
      : tcp_operation(on, detail::direction::writing, step), slice_(fd, offset, length) {}
  result<std::uint64_t> await_resume() {
    if (failed_ != 0) return failure("send a file to ");
    return slice_.sent();
  }

 private:
  static bool step(waiter& w);
  file_slice slice_;
};

// ---------------------------------------------------------------------------------------------

inline tcp_stream::tcp_stream(net::loop& on, net::socket connected, const address& peer,
                              bool connecting)
    : watch(ready_now),
      timer(deadline_passed),
      loop_(on),
      socket_(std::move(connected)),
      known_(connecting ? std::uint8_t{0} : ready::writable),
      peer_(peer) {
  std::int64_t status = os::set_flags(socket_.native(), true);
  if (status >= 0) status = on.poller().add(*this, socket_.native(), watch::trigger::edge);
  if (status < 0) broken_ = static_cast<int>(-status);
}

inline auto tcp_stream::read(std::span<char> into) -> read_operation { return {*this, into}; }
inline auto tcp_stream::readable() -> readable_operation { return readable_operation(*this); }
inline auto tcp_stream::writable() -> writable_operation { return writable_operation(*this); }
inline auto tcp_stream::write(std::span<const std::string_view> pieces, bool more)
    -> write_operation {
  return {*this, pieces, more};
}
inline auto tcp_stream::send_file(int fd, std::uint64_t offset, std::uint64_t length)
    -> send_file_operation {
  return {*this, fd, offset, length};
}

inline bool tcp_stream::peer_gone() noexcept {
  if (loop_.backend() == backend::poll && !knows(ready::gone) && socket_) {
    pollfd set{native(), 0, 0};
    if (os::poll(&set, 1, 0) > 0) known_ |= ready::gone;
  }
  return knows(ready::gone);
}

inline void tcp_stream::on_peer_gone(function<void()> f) {
  gone_.f = std::move(f);
  if (!gone_.f) return;
  if (knows(ready::gone)) {
    if (!gone_.is_linked()) loop_.schedule(gone_);
  } else {
    loop_.poller().want(*this, ready::gone);
  }
}

inline bool tcp_stream::gone_call::call(waiter& w) {
  function<void()> f = std::move(static_cast<gone_call&>(w).f);  // it may destroy the stream
  if (f) f();
  return false;
}

inline void tcp_stream::wake(detail::tcp_operation* waiting) noexcept {
  if (waiting != nullptr && !waiting->is_linked()) loop_.schedule(*waiting);
}

inline void tcp_stream::ready_now(watch& w, std::uint8_t what) {
  auto& self = static_cast<tcp_stream&>(w);
  self.known_ |= what;
  if ((what & ready::readable) != 0) self.wake(self.reader_);
  if ((what & ready::writable) != 0) self.wake(self.writer_);
  if (!self.gone_.f) return;
  if ((what & ready::gone) == 0) {
    self.loop_.poller().want(self, ready::gone);
  } else if (!self.gone_.is_linked()) {
    self.loop_.schedule(self.gone_);
  }
}

inline void tcp_stream::deadline_passed(timer& t) {
  auto& self = static_cast<tcp_stream&>(t);
  self.wake(self.reader_);
  self.wake(self.writer_);
}

inline void tcp_stream::leave_loop(bool stays_open) noexcept {
  loop_.poller().remove(*this, stays_open);
  loop_.timers().remove(*this);
  gone_.unlink();
  wake(reader_);
  wake(writer_);
}

inline void tcp_stream::close() noexcept {
  if (!socket_) return;
  leave_loop(false);
  socket_.close();
}

inline void tcp_stream::abort() noexcept {
  if (!socket_) return;
  const linger at_once{1, 0};
  ::setsockopt(native(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  close();
}

inline net::socket tcp_stream::release() noexcept {
  leave_loop(true);
  return std::move(socket_);
}

namespace detail {

inline tcp_operation::~tcp_operation() { leave(); }

inline void tcp_operation::leave() noexcept {
  if (waiting_) stream_.waiting(way_) = nullptr;
  waiting_ = false;
}

inline bool tcp_operation::may_go_on() {
  again_ = false;
  if (!stream_.socket_) failed_ = cancelled;
  else if (stream_.broken_ != 0) failed_ = stream_.broken_;
  else if (!waiting_ && stream_.waiting(way_) != nullptr) failed_ = busy;
  else if (stream_.deadline <= stream_.loop_.now()) failed_ = timed_out;
  if (failed_ != 0) leave();
  return failed_ == 0;
}

inline bool tcp_operation::finish_or_wait(progress p) {
  if (p == progress::done) {
    leave();
    return true;
  }
  again_ = p == progress::again;
  if (waiting_) await_suspend(handle);
  return false;
}

inline void tcp_operation::await_suspend(std::coroutine_handle<> awaiter) noexcept {
  handle = awaiter;
  waiting_ = true;
  stream_.waiting(way_) = this;
  if (again_) {
    if (!is_linked()) stream_.loop_.schedule(*this);
    return;
  }
  const bool reading = way_ == direction::reading;
  stream_.forget(reading ? ready::readable : ready::writable);
  stream_.loop_.poller().want(stream_, reading ? ready::readable : ready::writable);
}

inline error tcp_operation::failure(std::string_view what) const {
  std::string line = std::string(what) + stream_.peer_.to_string();
  if (failed_ == timed_out) return {error_kind::timeout, line + ": timed out"};
  if (failed_ == cancelled) return {error_kind::cancelled, line + ": closed on our side"};
  if (failed_ == busy)
    return {error_kind::invalid_argument, line + ": another operation is under way"};
  return system_error(std::move(line), failed_);
}

}  // namespace detail

inline bool tcp_stream::read_operation::step(waiter& w) {
  auto& self = static_cast<read_operation&>(w);
  tcp_stream& s = self.stream_;
  if (!self.may_go_on()) return true;
  if (!s.knows(ready::readable)) return self.finish_or_wait(progress::wait);
  const std::int64_t count = os::receive(s.native(), self.into_.data(), self.into_.size());
  if (count == -EAGAIN) return self.finish_or_wait(full());
  if (count < 0) {
    self.failed_ = static_cast<int>(-count);
  } else {
    self.count_ = static_cast<std::size_t>(count);
    s.received_ += self.count_;
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

inline bool tcp_stream::writable_operation::step(waiter& w) {
  auto& self = static_cast<writable_operation&>(w);
  if (!self.may_go_on()) return true;
  const bool known = self.stream_.knows(ready::writable);
  return self.finish_or_wait(known ? progress::done : progress::wait);
}

inline bool tcp_stream::write_operation::step(waiter& w) {
  auto& self = static_cast<write_operation&>(w);
  tcp_stream& s = self.stream_;
  if (!self.may_go_on()) return true;
  if (!s.knows(ready::writable)) return self.finish_or_wait(progress::wait);
  return self.finish_or_wait(self.gather_.step(s.native(), s.sent_, self.failed_, self.more_));
}

inline bool tcp_stream::send_file_operation::step(waiter& w) {
  auto& self = static_cast<send_file_operation&>(w);
  tcp_stream& s = self.stream_;
  if (!self.may_go_on()) return true;
  if (!s.knows(ready::writable)) return self.finish_or_wait(progress::wait);
  return self.finish_or_wait(self.slice_.step(s.native(), s.sent_, self.failed_));
}

static_assert(stream<tcp_stream>);

}  // namespace tinyhttp::net
