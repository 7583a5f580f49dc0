// tinyhttp/app/time_limit.hpp -- a bound on how long a handler may wait.
//
// For handlers that are coroutines: one that does not wait cannot be stopped, only moved away
// (blocking.hpp). Takes its time from `request_context::clock`.
#pragma once

#include <tinyhttp/app/handler.hpp>
#include <tinyhttp/core/chrono.hpp>
#include <tinyhttp/core/clock.hpp>
#include <tinyhttp/core/shared.hpp>

#include <coroutine>
#include <memory>
#include <utility>

namespace tinyhttp {

/// A handler that calls `h`, and when its response has not come within `limit`, destroys the
/// coroutine where it waits and answers 503. Without a context, as in tests, there is no limit.
template <handler H>
[[nodiscard]] auto with_time_limit(H h, duration limit);

// ---------------------------------------------------------------------------------------------

namespace detail {

/// Awaits whichever of two tasks ends first. It goes on from the loop's own turn, since a task must
/// not be destroyed from inside the other, or from inside itself.
class first_of_two {
 public:
  first_of_two(request_context& context, task<response>& work, task<void>& timer)
      : work_(work), timer_(timer), shared_(share(new state)) {
    shared_->context = &context;
  }
  first_of_two(const first_of_two&) = delete;
  first_of_two& operator=(const first_of_two&) = delete;
  ~first_of_two() { shared_->waiter = nullptr; }

  [[nodiscard]] bool await_ready() {
    work_.start(finished, shared_.get());
    return work_.done();
  }
  void await_suspend(std::coroutine_handle<> waiter) {
    shared_->waiter = waiter;
    shared_->self = shared_;
    timer_.start(finished, shared_.get());
  }
  void await_resume() const noexcept {}

 private:
  struct state {
    request_context* context = nullptr;
    std::coroutine_handle<> waiter = nullptr;
    std::weak_ptr<state> self;
    bool is_over = false;
  };

  /// Runs inside the frame of the task that ended.
  static void finished(void* context) {
    auto& of = *static_cast<state*>(context);
    auto shared = of.self.lock();  // null while nobody waits yet
    if (!shared || std::exchange(of.is_over, true)) return;
    of.context->post([shared] {
      if (shared->waiter) std::exchange(shared->waiter, nullptr).resume();
    });
  }

  task<response>& work_;
  task<void>& timer_;
  std::shared_ptr<state> shared_;
};

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
    first_of_two first(context, work, timer);
    co_await first;
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
