// tinyhttp/net/acceptor.hpp -- accepts connections on a loop: `co_await from.accept()`.
//
// Several loops may each have one over the same listener; a new connection wakes one of them.
#pragma once

#include <tinyhttp/core/result.hpp>
#include <tinyhttp/net/listener.hpp>
#include <tinyhttp/net/loop.hpp>

#include <coroutine>
#include <cstdint>
#include <utility>

namespace tinyhttp::net {

/// Loop and listener must outlive it. One `accept` at a time. Must not move.
///
/// `takes_turns`: set it if other loops also accept from `from`. The system wakes the first idle loop in its queue,
/// so after each burst we go to the end of that queue; otherwise one loop would get all connections.
class acceptor : watch {
 public:
  class accept_operation;

  [[gnu::cold]] acceptor(net::loop& on, listener& from, bool takes_turns = false)
      : watch(ready_now), loop_(on), listener_(from), takes_turns_(takes_turns) {
    on.poller().add(*this, from.native(), watch::trigger::shared);
  }
  [[gnu::cold]] ~acceptor() { loop_.poller().remove(*this, true); }

  /// The next connection, non-blocking, ready for a tcp_stream. Fails if the machine or process has no descriptor
  /// left: wait a little before the next call; the connection stays queued.
  [[nodiscard]] accept_operation accept();

  /// A pending `accept` fails with `cancelled`, and so does every later one.
  void close() noexcept;

 private:
  static void ready_now(watch& w, std::uint8_t what);
  /// Connections in a row before other work on the loop, and other loops, get their turn.
  static constexpr int burst = 16;

  net::loop& loop_;
  listener& listener_;
  accept_operation* waiting_ = nullptr;
  int in_a_row_ = 0;
  bool takes_turns_;
  bool closed_ = false;
};

/// Gives the next connection; `cancelled` once the acceptor is closed.
class acceptor::accept_operation : waiter {
 public:
  explicit accept_operation(acceptor& from) noexcept : waiter(step), from_(from) {}
  ~accept_operation() { leave(); }
  [[nodiscard]] bool await_ready() { return step(*this); }
  void await_suspend(std::coroutine_handle<> awaiter) noexcept {
    handle = awaiter;
    from_.waiting_ = this;
  }
  result<accepted> await_resume() {
    if (status_ <= 0) return failure();
    return std::move(next_);
  }

 private:
  friend class acceptor;
  static bool step(waiter& w);
  void leave() noexcept {
    if (from_.waiting_ == this) from_.waiting_ = nullptr;
  }
  [[nodiscard, gnu::cold]] error failure() const {
    const address& at = from_.listener_.local_address();
    if (status_ < 0) return is_queued_ ? detail::accept_error(at, status_) : detail::listen_error(at, status_);
    return {error_kind::cancelled, std::string("accept on ").append(at.to_string()).append(": told to stop")};
  }
  acceptor& from_;
  accepted next_;
  std::int64_t status_ = 0;  // 1: next_ is there; -errno: this has failed; else it is still waited for
  bool is_queued_ = false;   // the failure is that of taking a connection, which is still queued
};

// ---------------------------------------------------------------------------------------------

inline acceptor::accept_operation acceptor::accept() { return accept_operation(*this); }

inline void acceptor::ready_now(watch& w, std::uint8_t) {
  auto& self = static_cast<acceptor&>(w);
  self.in_a_row_ = 0;
  if (self.waiting_ == nullptr) {
    self.loop_.poller().rest(self);
  } else if (!self.waiting_->is_linked()) {
    self.loop_.schedule(*self.waiting_);
  }
}

inline void acceptor::close() noexcept {
  closed_ = true;
  loop_.poller().remove(*this, true);
  if (waiting_ != nullptr && !waiting_->is_linked()) loop_.schedule(*waiting_);
}

inline bool acceptor::accept_operation::step(waiter& w) {
  auto& self = static_cast<accept_operation&>(w);
  acceptor& from = self.from_;
  if (from.closed_) {
    self.leave();
    return true;
  }
  if (from.in_a_row_ < burst) {
    self.status_ = from.listener_.take(self.next_);
    if (self.status_ > 0) ++from.in_a_row_;
  }
  self.is_queued_ = self.status_ < 0;
  if (self.status_ == 0) {
    if (from.takes_turns_ && from.in_a_row_ > 0) from.loop_.poller().rest(from);
    from.in_a_row_ = 0;
    self.status_ = from.loop_.poller().want(from, ready::readable);
  }
  if (self.status_ != 0) self.leave();
  return self.status_ != 0;
}

}  // namespace tinyhttp::net
