// tinyhttp/net/waiting.hpp -- waiting for one of several descriptors, in this thread or on a loop.
//
// Two types with the same members, so that a coroutine is written once over either: in a thread it runs straight
// through, on a loop it lets others run.
#pragma once

#include <tinyhttp/core/chrono.hpp>
#include <tinyhttp/core/clock.hpp>
#include <tinyhttp/core/owned_list.hpp>
#include <tinyhttp/net/interrupter.hpp>
#include <tinyhttp/net/loop.hpp>
#include <tinyhttp/net/poller.hpp>

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <span>

namespace tinyhttp::net {

/// Waits in the calling thread; another thread may cancel `stop`, if any, which must outlive it.
class thread_waiting {
 public:
  explicit thread_waiting(const interrupter* stop = nullptr) noexcept : stop_(stop) {}

  [[nodiscard]] time_point now() const noexcept { return std::chrono::steady_clock::now(); }

  struct ended {
    std::int64_t status;
    [[nodiscard]] bool await_ready() const noexcept { return true; }
    void await_suspend(std::coroutine_handle<>) const noexcept {}
    [[nodiscard]] std::int64_t await_resume() const noexcept { return status; }
  };
  /// Ends when one of `set` is ready, which is then noted in `set`, or at `until`. The last of `set` is ignored.
  /// Returns 0, -ETIMEDOUT, -ECANCELED or another -errno.
  [[nodiscard]] ended ready(std::span<pollfd> set, time_point until) noexcept {
    return {wait_in_thread(set, until, stop_)};
  }

 private:
  const interrupter* stop_;
};

/// Waits on a loop, which must outlive it. To cancel, destroy the waiting task.
class loop_waiting {
 public:
  explicit loop_waiting(net::loop& on) noexcept : loop_(on) {}

  [[nodiscard]] time_point now() const noexcept { return loop_.now(); }
  [[nodiscard]] net::loop& loop() const noexcept { return loop_; }

  class any_ready;
  /// The same; `set` must outlive the wait, and its descriptors must be in no other watch of this loop. It may end
  /// with 0 although none is ready.
  [[nodiscard]] any_ready ready(std::span<pollfd> set, time_point until) noexcept;

 private:
  net::loop& loop_;
};

class loop_waiting::any_ready : waiter, timer {
 public:
  any_ready(net::loop& on, std::span<pollfd> set, time_point until) noexcept
      : waiter(always), timer(when_due), loop_(on), set_(set.first(set.size() - 1)), until_(until) {}
  ~any_ready() { leave(); }

  [[nodiscard]] bool await_ready() noexcept { return look() || until_ <= loop_.now(); }
  void await_suspend(std::coroutine_handle<> awaiter) {
    handle = awaiter;
    loop_.timers().set(*this, until_);
    watches_.reserve(set_.size());
    for (std::size_t i = 0; i < set_.size() && status_ == 0; ++i) {
      watches_.push_back(owned<one>(new one));
      enter(watches_.back(), set_[i]);
    }
    if (status_ < 0) loop_.schedule(*this);
  }
  [[nodiscard]] std::int64_t await_resume() {
    leave();
    if (status_ < 0 || look()) return status_;
    return until_ <= loop_.now() ? -ETIMEDOUT : 0;
  }

 private:
  struct one : watch {
    one() noexcept : watch([](watch& w, std::uint8_t) { static_cast<one&>(w).owner->wake(); }) {}
    any_ready* owner = nullptr;
  };

  /// Asks the system which are ready now.
  [[nodiscard]] bool look() noexcept { return os::poll(set_.data(), set_.size(), 0) > 0; }
  void enter(one& w, const pollfd& at) {
    w.owner = this;
    status_ = loop_.poller().add(w, at.fd, watch::trigger::edge);
    const std::uint8_t what = (at.events & POLLOUT) != 0 ? ready::writable : ready::readable;
    if (status_ == 0) status_ = loop_.poller().want(w, what);
  }
  void leave() noexcept {
    for (one& each : watches_) loop_.poller().remove(each, true);
    watches_.clear();
    loop_.timers().remove(*this);
  }
  void wake() noexcept {
    if (!is_linked()) loop_.schedule(*this);
  }
  static void when_due(timer& t) { static_cast<any_ready&>(t).wake(); }

  net::loop& loop_;
  std::span<pollfd> set_;
  time_point until_;
  owned_list<one> watches_;
  std::int64_t status_ = 0;
};

inline auto loop_waiting::ready(std::span<pollfd> set, time_point until) noexcept -> any_ready {
  return {loop_, set, until};
}

}  // namespace tinyhttp::net
