// tinyhttp/testing/memory_stream.hpp -- two connected streams in memory, with delivery controlled by the test.
//
// A `net::stream` without sockets: fragments, slow readers and resets on demand, deadlines by the
// loop's clock. Behaves as TCP does: closing with octets unread resets the other end.
#pragma once

#include <tinyhttp/core/bounds.hpp>
#include <tinyhttp/core/function.hpp>
#include <tinyhttp/core/result.hpp>
#include <tinyhttp/net/address.hpp>
#include <tinyhttp/net/loop.hpp>
#include <tinyhttp/net/operation.hpp>
#include <tinyhttp/net/stream.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace tinyhttp::testing {

/// How octets reach one end.
struct delivery {
  std::size_t fragment = std::numeric_limits<std::size_t>::max();  // octets per read at most
  std::size_t capacity = std::numeric_limits<std::size_t>::max();  // unread octets; then writers wait
};

/// One end of the connection. Both ends are on one loop, or each on its own in the same thread.
class memory_stream : net::timer {
 public:
  class read_operation;
  class readable_operation;
  class write_operation;
  class send_file_operation;

  explicit memory_stream(net::loop& on, delivery incoming = {})
      : timer(deadline_passed), loop_(on), delivery_(incoming) {}
  ~memory_stream();

  /// Joins two ends that were never connected.
  static void connect(memory_stream& a, memory_stream& b) noexcept {
    a.other_ = &b;
    b.other_ = &a;
  }

  [[nodiscard]] read_operation read(std::span<char> into);
  [[nodiscard]] readable_operation readable();
  [[nodiscard]] write_operation write(std::span<const std::string_view> pieces, bool more = false);
  [[nodiscard]] send_file_operation send_file(int fd, std::uint64_t offset, std::uint64_t length);

  void expires_at(time_point when) { loop_.timers().set(*this, when); }
  void never_expires() { expires_at(timer::never); }
  [[nodiscard]] std::uint64_t received() const noexcept { return received_; }
  [[nodiscard]] std::uint64_t sent() const noexcept { return sent_; }
  [[nodiscard]] bool peer_closed() const noexcept { return ended_; }
  [[nodiscard]] bool peer_gone() const noexcept { return reset_ || (ended_ && (finished_ || closing_is_gone_)); }
  void on_peer_gone(function<void()> f);
  void take_closing_for_gone() noexcept { closing_is_gone_ = true; }

  result<void> shutdown_send();
  void close() noexcept { leave(!inbox_.empty()); }
  void abort() noexcept { leave(true); }

  [[nodiscard]] const net::address& peer() const noexcept { return peer_; }
  [[nodiscard]] result<net::address> local_address() const { return net::address(); }
  [[nodiscard]] net::loop& loop() const noexcept { return loop_; }

  /// Octets that have arrived and are unread.
  [[nodiscard]] std::string_view unread() const noexcept { return inbox_; }
  [[nodiscard]] bool is_open() const noexcept { return open_; }

 private:
  using any_operation = net::operation<memory_stream>;
  friend any_operation;
  struct gone_call : net::waiter {
    gone_call() noexcept : waiter(call) {}
    static bool call(net::waiter& w) {
      function<void()> f = std::move(static_cast<gone_call&>(w).f);
      if (f) f();
      return false;
    }
    function<void()> f;
  };

  static void deadline_passed(timer& t) { static_cast<memory_stream&>(t).news(); }
  void news() noexcept;
  void leave(bool reset) noexcept;
  [[nodiscard]] std::size_t room() const noexcept {
    return inbox_.size() < delivery_.capacity ? delivery_.capacity - inbox_.size() : 0;
  }
  /// Gives what went into the other end's inbox; 0 when there is no room now.
  std::size_t deliver(std::string_view octets, int& failed);

  // For operations.
  [[nodiscard]] any_operation*& waiting(net::direction way) noexcept {
    return way == net::direction::reading ? reader_ : writer_;
  }
  [[nodiscard]] int obstacle_now() const noexcept {
    if (!open_) return net::obstacle::cancelled;
    return timer::deadline <= loop_.now() ? net::obstacle::timed_out : 0;
  }
  void wait_for(net::direction) noexcept {}

  net::loop& loop_;
  delivery delivery_;
  memory_stream* other_ = nullptr;
  any_operation* reader_ = nullptr;
  any_operation* writer_ = nullptr;
  std::string inbox_;
  std::uint64_t received_ = 0;
  std::uint64_t sent_ = 0;
  bool open_ = true;
  bool ended_ = false;     // the other end sends no more
  bool finished_ = false;  // we send no more
  bool reset_ = false;
  bool closing_is_gone_ = false;  // the other end has gone once it sends no more
  gone_call gone_;
  const net::address peer_ = *net::address::parse("127.0.0.1", 1);
};

class memory_stream::read_operation : public net::operation<memory_stream> {
 public:
  read_operation(memory_stream& on, std::span<char> into) noexcept
      : operation(on, net::direction::reading, step), into_(into) {}
  result<std::size_t> await_resume() {
    if (failed_ != 0) return failure("read from ");
    return count_;
  }

 private:
  static bool step(net::waiter& w);
  std::span<char> into_;
  std::size_t count_ = 0;
};

class memory_stream::readable_operation : public net::operation<memory_stream> {
 public:
  explicit readable_operation(memory_stream& on) noexcept
      : operation(on, net::direction::reading, step) {}
  result<void> await_resume() {
    if (failed_ != 0) return failure("read from ");
    return {};
  }

 private:
  static bool step(net::waiter& w);
};

class memory_stream::write_operation : public net::operation<memory_stream> {
 public:
  write_operation(memory_stream& on, std::span<const std::string_view> pieces) noexcept
      : operation(on, net::direction::writing, step), rest_(pieces) {}
  result<void> await_resume() {
    if (failed_ != 0) return failure("write to ");
    return {};
  }

 private:
  static bool step(net::waiter& w);
  std::span<const std::string_view> rest_;
  std::size_t into_first_ = 0;
};

class memory_stream::send_file_operation : public net::operation<memory_stream> {
 public:
  send_file_operation(memory_stream& on, int fd, std::uint64_t offset,
                      std::uint64_t length) noexcept
      : operation(on, net::direction::writing, step), fd_(fd), offset_(offset), rest_(length) {}
  result<std::uint64_t> await_resume() {
    if (failed_ != 0) return failure("send a file to ");
    return count_;
  }

 private:
  static bool step(net::waiter& w);
  int fd_;
  std::uint64_t offset_;
  std::uint64_t rest_;
  std::uint64_t count_ = 0;
};

/// Two ends, connected. `to_first` says how octets reach `first`.
struct memory_pair {
  explicit memory_pair(net::loop& on, delivery to_first = {}, delivery to_second = {})
      : first(on, to_first), second(on, to_second) {
    memory_stream::connect(first, second);
  }
  memory_stream first;
  memory_stream second;
};

// ---------------------------------------------------------------------------------------------

inline memory_stream::~memory_stream() {
  close();
  loop_.timers().remove(*this);  // of a deadline that was set on a closed stream
  if (other_ != nullptr) other_->other_ = nullptr;
}

inline auto memory_stream::read(std::span<char> into) -> read_operation { return {*this, into}; }
inline auto memory_stream::readable() -> readable_operation { return readable_operation(*this); }
inline auto memory_stream::write(std::span<const std::string_view> pieces, bool)
    -> write_operation {
  return {*this, pieces};
}
inline auto memory_stream::send_file(int fd, std::uint64_t offset, std::uint64_t length)
    -> send_file_operation {
  return {*this, fd, offset, length};
}

inline void memory_stream::news() noexcept {
  if (reader_ != nullptr) reader_->wake();
  if (writer_ != nullptr) writer_->wake();
  if (peer_gone() && gone_.f && !gone_.is_linked()) loop_.schedule(gone_);
}

inline void memory_stream::on_peer_gone(function<void()> f) {
  gone_.f = std::move(f);
  news();
}

inline result<void> memory_stream::shutdown_send() {
  finished_ = true;
  if (other_ != nullptr) {
    other_->ended_ = true;
    other_->news();
  }
  news();
  return {};
}

inline void memory_stream::leave(bool reset) noexcept {
  if (!open_) return;
  open_ = false;
  loop_.timers().remove(*this);
  gone_.unlink();
  gone_.f = {};
  news();
  if (other_ == nullptr) return;
  other_->ended_ = true;
  other_->reset_ = other_->reset_ || reset;
  if (reset) other_->inbox_.clear();
  other_->news();
}

inline std::size_t memory_stream::deliver(std::string_view octets, int& failed) {
  if (reset_) failed = ECONNRESET;
  else if (finished_ || other_ == nullptr || !other_->open_) failed = EPIPE;
  if (failed != 0) return 0;
  const std::size_t count = at_most(octets.size(), other_->room());
  other_->inbox_.append(octets.substr(0, count));
  sent_ += count;
  if (count != 0) other_->news();
  return count;
}

inline bool memory_stream::read_operation::step(net::waiter& w) {
  auto& self = static_cast<read_operation&>(w);
  memory_stream& s = self.stream_;
  if (!self.may_go_on()) return true;
  if (s.reset_) {
    self.failed_ = ECONNRESET;
  } else if (!s.inbox_.empty()) {
    self.count_ = at_most(at_most(self.into_.size(), s.inbox_.size()), s.delivery_.fragment);
    s.inbox_.copy(self.into_.data(), self.count_);
    s.inbox_.erase(0, self.count_);
    s.received_ += self.count_;
    if (s.other_ != nullptr) s.other_->news();
  } else if (!s.ended_) {
    return self.finish_or_wait(net::progress::wait);
  }
  return self.finish_or_wait(net::progress::done);
}

inline bool memory_stream::readable_operation::step(net::waiter& w) {
  auto& self = static_cast<readable_operation&>(w);
  const memory_stream& s = self.stream_;
  if (!self.may_go_on()) return true;
  const bool has_news = !s.inbox_.empty() || s.ended_ || s.reset_;
  return self.finish_or_wait(has_news ? net::progress::done : net::progress::wait);
}

inline bool memory_stream::write_operation::step(net::waiter& w) {
  auto& self = static_cast<write_operation&>(w);
  if (!self.may_go_on()) return true;
  while (!self.rest_.empty() && self.failed_ == 0) {
    const std::string_view piece = self.rest_.front().substr(self.into_first_);
    const std::size_t count = self.stream_.deliver(piece, self.failed_);
    if (count < piece.size()) {
      self.into_first_ += count;
      if (self.failed_ == 0) return self.finish_or_wait(net::progress::wait);
    } else {
      self.into_first_ = 0;
      self.rest_ = self.rest_.subspan(1);
    }
  }
  return self.finish_or_wait(net::progress::done);
}

inline bool memory_stream::send_file_operation::step(net::waiter& w) {
  auto& self = static_cast<send_file_operation&>(w);
  if (!self.may_go_on()) return true;
  char piece[16 * 1024];
  for (std::size_t through = 0; self.rest_ != 0; through += sizeof piece) {
    if (through >= net::step_octets) return self.finish_or_wait(net::progress::again);
    const auto wanted = at_most(self.rest_, sizeof piece);
    const std::int64_t read = net::os::pread(self.fd_, piece, wanted, self.offset_);
    if (read < 0) self.failed_ = static_cast<int>(-read);
    if (read <= 0) break;
    const std::string_view octets(piece, static_cast<std::size_t>(read));
    const std::size_t count = self.stream_.deliver(octets, self.failed_);
    self.offset_ += count;
    self.rest_ -= count;
    self.count_ += count;
    if (self.failed_ != 0) break;
    if (count < octets.size()) return self.finish_or_wait(net::progress::wait);
  }
  return self.finish_or_wait(net::progress::done);
}

static_assert(net::stream<memory_stream>);

namespace detail {

/// Writes all of `octets`, for which there is room, and ends what is sent.
inline void say_all(memory_stream& from, std::string_view octets) {
  const std::string_view pieces[] = {octets};
  auto writing = from.write(pieces);
  (void)writing.await_ready();
  (void)writing.await_resume();
  (void)from.shutdown_send();
}

}  // namespace detail

}  // namespace tinyhttp::testing
