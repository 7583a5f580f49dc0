// tinyhttp/app/time_limit.hpp -- limits how long a handler may wait.
//
// For handlers that are coroutines. A handler that does not wait cannot be stopped, only moved to another
// thread (blocking.hpp). Takes the time from `request_context::clock`.
#pragma once

#include <tinyhttp/app/first_to_end.hpp>
#include <tinyhttp/app/handler.hpp>
#include <tinyhttp/core/chrono.hpp>
#include <tinyhttp/core/clock.hpp>
#include <tinyhttp/core/task.hpp>

#include <utility>

namespace tinyhttp {

/// A handler that calls `h`. If the response is not there within `limit`, it destroys the coroutine
/// where it waits and answers 503. Without a context, as in tests, there is no limit.
template <handler H>
[[nodiscard]] auto with_time_limit(H h, duration limit);

// ---------------------------------------------------------------------------------------------

namespace detail {

template <handler H>
class limited_handler {
 public:
  limited_handler(H h, duration limit) : handler_(std::move(h)), limit_(limit) {}

  reply operator()(request& r) const {
    reply made = invoke(handler_, r);
    if (made.is_ready() || r.context == nullptr) return made;
    return wait(*r.context, std::move(made.later()), limit_);
  }

 private:
  static task<response> wait(request_context& context, task<response> work, duration limit) {
    const auto whole = std::chrono::ceil<std::chrono::milliseconds>(limit);  // as loops wait
    task<void> timer = context.clock().wait_until(deadline_in(context.clock().now(), whole));
    if (!work.try_start()) {
      first_to_end first(work, timer);
      co_await first;
    }
    if (work.done()) co_return work.take();
    work.reset();  // now, not when the answer has been sent
    co_return problem(status::service_unavailable);
  }

  H handler_;
  duration limit_;
};

}  // namespace detail

template <handler H>
auto with_time_limit(H h, duration limit) {
  return detail::limited_handler<H>(std::move(h), limit);
}

}  // namespace tinyhttp
