// tinyhttp/app/promise.hpp -- lets a coroutine on a loop wait for a value that another thread sets once.
//
// Like std::promise and std::future, but no thread sleeps. Knows no loop; see notifier.hpp.
#pragma once

#include <tinyhttp/app/notifier.hpp>
#include <tinyhttp/core/chrono.hpp>
#include <tinyhttp/core/held_here.hpp>
#include <tinyhttp/core/mutex.hpp>
#include <tinyhttp/core/result.hpp>
#include <tinyhttp/core/shared.hpp>
#include <tinyhttp/core/task.hpp>
#include <tinyhttp/http/request.hpp>

#include <type_traits>
#include <utility>

namespace tinyhttp {

namespace detail {

/// What a promise and its future share.
template <class T>
class promised {
 public:
  /// Sets the result; only the first call counts. Null: there will be none.
  void tell(result<T>* value) {
    {
      const std::lock_guard lock(mutex_);
      if (over_) return;
      if (value != nullptr) value_.emplace(std::move(*value));
      over_ = true;
    }
    changed->notify(false);
  }
  [[nodiscard]] held_here<result<T>> take() {
    const std::lock_guard lock(mutex_);
    held_here<result<T>> taken(std::move(value_));
    value_.reset();
    if (!taken && over_) taken.emplace(error(error_kind::closed, "future: nobody will tell", 503));
    return taken;
  }

  const shared<notifier_state> changed{new notifier_state()};

 private:
  std::mutex mutex_;  // of those below
  held_here<result<T>> value_;
  bool over_ = false;
};

}  // namespace detail

/// Waits for the value that a copy of the promise sets.
template <class T>
class future {
 public:
  explicit future(shared<detail::promised<T>> of) noexcept : promised_(std::move(of)) {}

  /// Returns a task of the value, which is given only once, or of the error that was set. Other errors, with the hint
  /// 503: `timeout` after `span`, after which you may wait again; `closed` when the last copy of the promise has been
  /// destroyed, or the value was already given. The wait continues if the server is told to stop, as for any answer.
  /// Without a context, as in tests, it does not wait.
  [[nodiscard]] task<result<T>> wait_for(request_context* loop, std::chrono::milliseconds span) const {
    return wait(promised_, loop, span);
  }

 private:
  static task<result<T>> wait(shared<detail::promised<T>> of, request_context* loop, std::chrono::milliseconds span) {
    auto look = [of] { return of->take(); };
    auto waiting = detail::wait_for(of->changed, loop, span, detail::at_stop::goes_on, look);
    auto told = co_await waiting;
    if (told) co_return std::move(*told);
    co_return error(error_kind::timeout, "future: nobody has told in time", 503);
  }

  shared<detail::promised<T>> promised_;
};

/// Sets the value; give a copy to the thread that will set it. The first value or error that is set counts; when the
/// last copy is destroyed without one, the wait ends, too. Any thread may call every function, even if nobody waits
/// any more. `T` may be void. Take the future first, and move the promise away: a copy kept by the waiter keeps the
/// wait from ending. A moved-from promise is empty.
///
///     th::promise<std::string> told;
///     auto coming = told.get_future();
///     post([told = std::move(told)] { told.set_value(state()); });
///     auto waiting = coming.wait_for(req.context, 2s);
///     const auto state = co_await waiting;
template <class T>
class promise {
 public:
  promise() : told_(new teller()) {}

  [[nodiscard]] future<T> get_future() const { return future<T>(told_->to); }
  /// Sets the result: a `T`, or an error.
  void set_value(result<T> value) const { told_->to->tell(&value); }
  void set_value() const
    requires std::is_same_v<T, void>
  {
    set_value(result<void>());
  }

 private:
  struct teller {
    teller() : to(new detail::promised<T>()) {}
    ~teller() { to->tell(nullptr); }
    shared<detail::promised<T>> to;
  };
  shared<teller> told_;
};

}  // namespace tinyhttp
