// tinyhttp/app/first_to_end.hpp -- a coroutine waits for one of two tasks, whichever ends first.
//
// For the thread of the loop that runs all three. Allocates nothing.
#pragma once

#include <tinyhttp/core/task.hpp>

#include <coroutine>

namespace tinyhttp::detail {

/// Awaits whichever of two tasks ends first. The first has been started, and may be awaited again.
template <class T>
class first_to_end {
 public:
  first_to_end(task<T>& one, task<void>& other) noexcept : one_(one), other_(other) {}
  first_to_end(const first_to_end&) = delete;
  first_to_end& operator=(const first_to_end&) = delete;
  ~first_to_end() { (void)one_.await_suspend(nullptr); }  // it goes on, and nobody with it

  [[nodiscard]] bool await_ready() const noexcept { return one_.done(); }
  bool await_suspend(std::coroutine_handle<> awaiter) noexcept {
    (void)one_.await_suspend(awaiter);
    return other_.await_suspend(awaiter);
  }
  void await_resume() const noexcept {}

 private:
  task<T>& one_;
  task<void>& other_;
};

}  // namespace tinyhttp::detail
