// tinyhttp/core/task.hpp -- task<T>: a lazy coroutine, owned by whoever awaits it.
//
// Cancellation is destruction: destroying a task destroys the frames it waits for, and every awaitable deregisters in
// its destructor. Knows no loop and no thread; a task is resumed by what it waits for, and belongs to one thread at a
// time.
#pragma once

#include <tinyhttp/core/concepts.hpp>
#include <tinyhttp/core/frame_memory.hpp>
#include <tinyhttp/core/held_here.hpp>
#include <tinyhttp/version.hpp>

#include <coroutine>
#include <cstddef>
#include <exception>
#include <type_traits>
#include <utility>

namespace tinyhttp {

template <class T>
class task;

namespace detail {

/// What every task's promise knows: what to resume when the coroutine is finished.
struct task_promise_base {
  void* behind = nullptr;             // the coroutine that awaits, or what `finished` is called with
  void (*finished)(void*) = nullptr;  // for a task started without an awaiter
  std::exception_ptr thrown = nullptr;
  bool started = false;

  struct final_awaiter {
    [[nodiscard]] bool await_ready() const noexcept { return false; }
    template <class Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> self) const noexcept {
      return self.promise().finish();
    }
    void await_resume() const noexcept {}
  };

  static void* operator new(std::size_t size) { return frame_memory::take(size); }
  static void operator delete(void* frame, std::size_t size) noexcept {
    frame_memory::give(frame, size);
  }

  [[nodiscard]] std::suspend_always initial_suspend() const noexcept { return {}; }
  [[nodiscard]] final_awaiter final_suspend() const noexcept { return {}; }
  void unhandled_exception() noexcept { thrown = std::current_exception(); }
  /// Calls `finished`, if it is set; returns the coroutine to resume.
  [[nodiscard]] std::coroutine_handle<> finish() const noexcept {
    if (finished == nullptr && behind != nullptr) return std::coroutine_handle<>::from_address(behind);
    if (finished != nullptr) finished(behind);
    return std::noop_coroutine();
  }
  void check() {
    if (thrown) rethrow();
  }
  [[noreturn, gnu::cold, gnu::noinline]] void rethrow() { std::rethrow_exception(std::move(thrown)); }
};

template <class T>
struct task_promise : task_promise_base {
  held_here<T> value;

  task<T> get_return_object() noexcept;
  template <class U = T>
    requires made_from<T, U>
  void return_value(U&& returned) {
    value.emplace(static_cast<U&&>(returned));
  }
  T take() { return static_cast<T&&>(kept()); }
  T& kept() {
    check();
    return *value;
  }
};

template <>
struct task_promise<void> : task_promise_base {
  task<void> get_return_object() noexcept;
  void return_void() const noexcept {}
  void take() { check(); }
};

/// The base of every task: the owner of a frame. One class for all, so that it is compiled once.
class task_frame {
 public:
  [[gnu::always_inline]] task_frame() noexcept = default;
  explicit task_frame(std::coroutine_handle<> frame) noexcept : frame_(frame) {}
  task_frame(task_frame&& other) noexcept : frame_(other.frame_) { other.frame_ = nullptr; }
  task_frame& operator=(task_frame&& other) noexcept {
    if (this != &other) {
      reset();
      frame_ = other.frame_;
      other.frame_ = nullptr;
    }
    return *this;
  }
  ~task_frame() {
    if (frame_) reset();
  }

  /// Destroys the coroutine, wherever it waits. Not from code that runs inside that coroutine.
  [[gnu::noinline]] void reset() noexcept {
    const std::coroutine_handle<> ended = frame_;
    frame_ = nullptr;
    if (ended) ended.destroy();
  }

  [[nodiscard]] bool is_empty() const noexcept { return !frame_; }
  explicit operator bool() const = delete;  // the result of a task is known once it is awaited: co_await it
  [[nodiscard]] bool done() const noexcept { return frame_.done(); }
  [[nodiscard]] bool await_ready() const noexcept { return frame_.done(); }

 protected:
  // Neither throws: what a coroutine throws stays in its promise.
  bool run(task_promise_base& promise) noexcept {
    promise.started = true;
    frame_.resume();
    return frame_.done();
  }
  [[gnu::noinline]] bool run_for(std::coroutine_handle<> awaiter, task_promise_base& promise) noexcept {
    if (!promise.started && run(promise)) return false;  // go on in place
    promise.behind = awaiter.address();
    return true;
  }

  std::coroutine_handle<> frame_ = nullptr;
};

}  // namespace detail

/// A coroutine that does nothing until it is awaited or started, and is destroyed with its owner.
///
/// `co_await t` runs it and returns its value, or throws what it threw. A task that ends without waiting resumes its
/// awaiter without growing the stack, however many such tasks follow.
template <class T = void>
class [[nodiscard]] task : public detail::task_frame {
 public:
  using promise_type = detail::task_promise<T>;
  using handle_type = std::coroutine_handle<promise_type>;

  [[gnu::always_inline]] task() noexcept = default;
  [[gnu::always_inline]] task(task&&) noexcept = default;
  [[gnu::always_inline]] task& operator=(task&&) noexcept = default;
  [[gnu::always_inline]] ~task() = default;
  [[gnu::always_inline]] explicit task(handle_type frame) noexcept : task_frame(frame) {}

  /// Runs until the coroutine waits or ends. Once `done()`, `take()` returns the value. `finished`, if given, is
  /// called with `context` at the end, from within the frame: it must not destroy the frame, and nobody may await the
  /// task before that.
  void start(void (*finished)(void*) = nullptr, void* context = nullptr) noexcept {
    promise().finished = finished;
    promise().behind = context;
    try_start();
  }

  /// Runs until the coroutine waits or ends; true if it has ended. It may be awaited afterwards.
  [[gnu::always_inline]] bool try_start() noexcept { return run(promise()); }

  /// The value of a finished coroutine; throws what it threw.
  [[gnu::always_inline]] T take() { return promise().take(); }

  bool await_suspend(std::coroutine_handle<> awaiter) noexcept { return run_for(awaiter, promise()); }
  T await_resume() { return take(); }

  /// Awaits the value without moving it: `auto there = t.in_place(); T& value = co_await there;`. The value lives as
  /// long as the task.
  [[nodiscard]] auto in_place() noexcept {
    struct awaiter {
      task& of;
      [[nodiscard]] bool await_ready() const noexcept { return of.await_ready(); }
      bool await_suspend(std::coroutine_handle<> behind) noexcept { return of.await_suspend(behind); }
      [[nodiscard]] auto& await_resume() { return of.promise().kept(); }
    };
    return awaiter{*this};
  }

 private:
  [[nodiscard]] promise_type& promise() const noexcept { return handle_type::from_address(frame_.address()).promise(); }
};

namespace detail {

template <class T>
task<T> task_promise<T>::get_return_object() noexcept {
  return task<T>(std::coroutine_handle<task_promise>::from_promise(*this));
}
inline task<void> task_promise<void>::get_return_object() noexcept {
  return task<void>(std::coroutine_handle<task_promise>::from_promise(*this));
}

}  // namespace detail

/// A task that already has its value.
template <class T>
task<T> ready_task(T value) {
  co_return value;
}

}  // namespace tinyhttp
