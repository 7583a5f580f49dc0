// tinyhttp/app/worker_call.hpp -- lets a coroutine on a loop wait for work that a worker thread does.
//
// Knows no loop; it returns to it through `request_context::post`.
#pragma once

#include <tinyhttp/app/worker_pool.hpp>
#include <tinyhttp/core/atomic.hpp>
#include <tinyhttp/core/chrono.hpp>
#include <tinyhttp/core/function.hpp>
#include <tinyhttp/core/mutex.hpp>
#include <tinyhttp/core/shared.hpp>
#include <tinyhttp/core/thread.hpp>
#include <tinyhttp/http/request.hpp>

#include <coroutine>
#include <new>
#include <optional>
#include <utility>

namespace tinyhttp {

namespace detail {

/// What a waiting coroutine and a worker share. Either may be destroyed first, and so may the function
/// that is posted between them. The last one frees it.
class worker_visit {
 public:
  explicit worker_visit(request_context* loop) noexcept : loop_(loop) {}

  // On the loop thread.

  void wait(std::coroutine_handle<> waiter) noexcept { waiter_ = waiter; }
  /// Nobody waits any longer.
  void abandon() noexcept {
    const std::lock_guard lock(mutex_);
    abandoned_.store(true);
    loop_ = nullptr;
    waiter_ = nullptr;
  }

  // On the worker's.

  [[nodiscard]] bool abandoned() const noexcept { return abandoned_.load(); }
  /// `request_context::stopping` of whoever waits.
  [[nodiscard]] bool stopping() const noexcept {
    const std::lock_guard lock(mutex_);
    return loop_ != nullptr && loop_->stopping();
  }
  /// Calls `work` on the loop thread, if somebody still waits there.
  void post(function<void()> work) {
    const std::lock_guard lock(mutex_);  // the loop's context stays while we hold this
    if (loop_ != nullptr) loop_->post(std::move(work));
  }
  /// The lasting context on the loop, if somebody still waits there.
  [[nodiscard]] request_context* lasting_loop() noexcept {
    const std::lock_guard lock(mutex_);
    return loop_ != nullptr ? &loop_->lasting() : nullptr;
  }
  /// Resumes who waits for `self`, on the loop thread, once there is memory to post it.
  static void leave(const shared<worker_visit>& self) {
    for (bool told = false; !told;) try {
        self->post([self] {
          if (const auto waiter = std::exchange(self->waiter_, nullptr)) waiter.resume();
        });
        told = true;
      } catch (const std::bad_alloc&) {
        threading::thread::sleep_for(std::chrono::milliseconds(1));
      }
  }

 protected:
  ~worker_visit() = default;  // by whoever made it, as what it is

 private:
  mutable std::mutex mutex_;
  request_context* loop_;  // guarded by mutex_
  threading::atomic<bool> abandoned_{false};
  std::coroutine_handle<> waiter_ = nullptr;  // the loop thread's
};

}  // namespace detail

/// When awaited, has `work` called by a thread of `pool`, and returns its result. `work` must own what it
/// uses, as it goes on if the waiting coroutine is destroyed, and must not throw. It is called in place
/// without a context, as in tests, and when the pool does not take it. Await it once.
template <class Work>
class worker_call {
 public:
  worker_call(worker_pool& pool, request_context* loop, Work work)
      : pool_(pool), here_(loop == nullptr), visit_(share(new visit(loop, std::move(work)))) {}
  worker_call(const worker_call&) = delete;
  worker_call& operator=(const worker_call&) = delete;
  ~worker_call() { visit_->abandon(); }

  [[nodiscard]] bool await_ready() {
    if (here_) visit_->made = visit_->work();
    return here_;
  }
  bool await_suspend(std::coroutine_handle<> waiter) {
    visit_->wait(waiter);
    if (submitted()) return true;
    visit_->made = visit_->work();
    return false;
  }
  auto await_resume() { return std::move(*visit_->made); }

 private:
  struct visit final : detail::worker_visit {
    visit(request_context* loop, Work w) : worker_visit(loop), work(std::move(w)) {}
    Work work;
    std::optional<decltype(std::declval<Work&>()())> made;
  };

  bool submitted() noexcept {
    try {
      return pool_.submit([call = visit_] {
        if (!call->abandoned()) call->made = call->work();
        detail::worker_visit::leave(call);
      });
    } catch (...) {  // no thread can be started
      return false;
    }
  }

  worker_pool& pool_;
  const bool here_;
  shared<visit> visit_;
};

}  // namespace tinyhttp
