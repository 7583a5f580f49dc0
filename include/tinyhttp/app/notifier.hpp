// tinyhttp/app/notifier.hpp -- lets a coroutine on a loop wait for a change that another thread or handler makes.
//
// Like std::condition_variable, but no thread sleeps. Knows no loop; it returns to it through `request_context::post`.
#pragma once

#include <tinyhttp/core/chrono.hpp>
#include <tinyhttp/core/mutex.hpp>
#include <tinyhttp/core/shared.hpp>
#include <tinyhttp/core/task.hpp>
#include <tinyhttp/http/request.hpp>

#include <coroutine>
#include <cstdint>
#include <type_traits>
#include <utility>

namespace tinyhttp {

namespace detail {

class until_notified;

/// A link in a ring of waiters.
struct notified_link {
  notified_link* previous = this;
  notified_link* next = this;
  void unlink() noexcept {
    previous->next = next;
    next->previous = previous;
    previous = next = this;
  }
};

/// What a notifier shares with its waiters, which may outlive it.
class notifier_state {
 public:
  static constexpr std::uint64_t closed = ~std::uint64_t{0};

  /// Changes with each notification; `closed` is the last.
  [[nodiscard]] std::uint64_t count() const noexcept {
    const std::lock_guard lock(mutex_);
    return count_;
  }
  inline void notify(bool closes) noexcept;
  /// False: there has been a notification since `seen`.
  bool enter(notified_link& who, std::uint64_t seen) noexcept {
    const std::lock_guard lock(mutex_);
    if (count_ != seen) return false;
    who.previous = waiting_.previous;
    who.next = &waiting_;
    waiting_.previous = waiting_.previous->next = &who;
    return true;
  }
  void leave(notified_link& who) noexcept {
    const std::lock_guard lock(mutex_);
    who.unlink();
  }

 private:
  mutable std::mutex mutex_;  // of all below, and held while a waiter's loop is told, which stays for that
  std::uint64_t count_ = 0;
  notified_link waiting_;
};

/// Awaits a notification after `seen`, or the end of a task that has been started. May be awaited again.
class until_notified : notified_link {
 public:
  until_notified(notifier_state& of, request_context& loop, task<void>& end)
      : state_(of), loop_(loop), end_(end), goes_on_(new std::coroutine_handle<>(nullptr)) {}
  until_notified(const until_notified&) = delete;
  until_notified& operator=(const until_notified&) = delete;
  ~until_notified() { leave(); }

  std::uint64_t seen = 0;

  [[nodiscard]] bool await_ready() const noexcept { return end_.done(); }
  bool await_suspend(std::coroutine_handle<> awaiter) noexcept {
    *goes_on_ = awaiter;
    try {
      if (!state_.enter(*this, seen)) tell();  // not in place: who notifies without end would hold the loop
    } catch (...) {
      return false;  // no memory: in place after all
    }
    return end_.await_suspend(awaiter);
  }
  void await_resume() noexcept { leave(); }

 private:
  friend notifier_state;
  void leave() noexcept {
    state_.leave(*this);
    *goes_on_ = nullptr;
    (void)end_.await_suspend(nullptr);  // it goes on, and nobody with it
  }
  /// What is posted may come when nobody waits any longer.
  void tell() {
    loop_.post([goes_on = goes_on_] {
      if (const auto awaiter = std::exchange(*goes_on, nullptr)) awaiter.resume();
    });
  }

  notifier_state& state_;
  request_context& loop_;
  task<void>& end_;
  shared<std::coroutine_handle<>> goes_on_;  // the loop thread's
};

template <class Ready>
concept look = requires(Ready& ready) { static_cast<bool>(ready()); };

enum class at_stop : bool { ends, goes_on };  // a wait, when the server is told to stop

template <class Ready, class Made = std::remove_cvref_t<decltype(std::declval<Ready&>()())>>
task<Made> wait_for(shared<notifier_state> on, request_context* loop, std::chrono::milliseconds span, at_stop then, Ready ready) {
  std::uint64_t seen = on->count();  // before what is looked at: a change behind that is another notification
  Made made = ready();
  if (made || loop == nullptr) co_return made;
  task<void> end =
      then == at_stop::ends ? loop->wait_for(span) : loop->clock().wait_until(deadline_in(loop->clock().now(), span));
  until_notified notified(*on, *loop, end);
  for (bool over = end.try_start() || seen == notifier_state::closed; !made && !over;) {
    notified.seen = seen;
    co_await notified;
    seen = on->count();
    over = end.done() || seen == notifier_state::closed;
    if (seen != notifier_state::closed) made = ready();
  }
  if (!made && end.done()) end.take();  // throws what it threw
  co_return made;
}

}  // namespace detail

/// Wakes coroutines that wait for a change of something. Any thread may call every function.
///
///     auto waiting = changed.wait_for(req.context, 25s, [&] { return news_behind(after); });
///     const std::optional<std::string> news = co_await waiting;
class notifier {
 public:
  notifier() : state_(new detail::notifier_state()) {}
  notifier(const notifier&) = delete;
  notifier& operator=(const notifier&) = delete;
  /// Ends the remaining waits, without calling their `ready` again.
  ~notifier() { state_->notify(true); }

  /// Makes each waiter check again, on its loop. Call it after the change; you may hold a mutex of yours. If there is no memory
  /// to notify a waiter, it checks at the next notification, or at the end of its time.
  void notify_all() noexcept { state_->notify(false); }

  /// Returns a task of what `ready()` returned last: the first result that tests true (a bool, a pointer, a std::optional with a
  /// value), or the result after `span`, or when the server is told to stop. `ready` is called on the thread of `loop` (a
  /// `request::context`), first at once and then after each notification; none is lost in between. It must not wait. Without a
  /// context, as in tests, it is called once. With g++ 12, put the task on a line of its own, as above: that compiler destroys
  /// a lambda within an awaited expression twice.
  template <detail::look Ready>
  [[nodiscard]] auto wait_for(request_context* loop, std::chrono::milliseconds span, Ready ready) {
    return detail::wait_for(state_, loop, span, detail::at_stop::ends, std::move(ready));
  }

 private:
  shared<detail::notifier_state> state_;
};

// ---------------------------------------------------------------------------------------------

inline void detail::notifier_state::notify(bool closes) noexcept {
  const std::lock_guard lock(mutex_);
  count_ = closes ? closed : count_ + 1;
  for (notified_link* next = waiting_.next; next != &waiting_;) {
    auto& who = static_cast<until_notified&>(*next);
    next = next->next;
    try {
      who.tell();
      who.unlink();
    } catch (...) {  // no memory: the others may have better luck
    }
  }
}

}  // namespace tinyhttp
