// tinyhttp/net/layered_operation.hpp -- an operation that is the stream's below, or work of the layer above it.
//
// For streams over other streams, such as secured_stream.hpp: what they do not change costs what it costs
// below. Knows neither streams nor what layers do.
#pragma once

#include <tinyhttp/core/held_here.hpp>
#include <tinyhttp/core/task.hpp>
#include <tinyhttp/net/stream.hpp>

#include <coroutine>
#include <type_traits>

namespace tinyhttp::net::detail {

/// An operation of the stream below, or a task that does its work. Tried, as all operations are,
/// when it is asked whether it is ready.
template <class Plain, class T>
class layered_operation {
 public:
  template <class MakePlain, class MakeSecured>
  layered_operation(bool in_session, MakePlain plain, MakeSecured secure) {
    if (in_session) secured_ = secure();
    else plain_.make(plain);
  }
  [[nodiscard]] bool await_ready() {
    return plain_ ? plain_->await_ready() : secured_.try_start();
  }
  void await_suspend(std::coroutine_handle<> awaiter) {
    if (plain_) plain_->await_suspend(awaiter);
    else secured_.await_suspend(awaiter);
  }
  [[nodiscard]] T await_resume() { return plain_ ? plain_->await_resume() : secured_.take(); }

 private:
  held_here<Plain> plain_;
  task<T> secured_;
};

/// Over a stream whose operations are over at once, so are ours.
template <class Plain, class T>
using operation_over =
    std::conditional_t<requires(Plain p) { []<class R>(completed<R>&) {}(p); }, Plain, layered_operation<Plain, T>>;

}  // namespace tinyhttp::net::detail
