// tinyhttp/app/handler.hpp -- a handler: anything that turns a request into a response.
//
// A handler is callable while const with a `request&`, and returns a `response`, a `task<response>`
// (if it has to wait), or a `reply` (if it may be either). Routers, middleware, static files and a
// server's application all have this shape. It knows no socket.
#pragma once

#include <tinyhttp/core/function.hpp>
#include <tinyhttp/core/held_here.hpp>
#include <tinyhttp/core/task.hpp>
#include <tinyhttp/http/request.hpp>
#include <tinyhttp/http/response.hpp>

#include <stdexcept>
#include <type_traits>
#include <utility>

namespace tinyhttp {

/// A response that is ready, or a coroutine that will return one: for handlers that only sometimes wait.
class [[nodiscard]] reply {
 public:
  reply(response&& now) { now_.emplace(std::move(now)); }
  reply(const response& now) { now_.emplace(now); }
  /// Ready, with the result of `make()`, constructed in place.
  template <class Make>
    requires std::is_same_v<std::invoke_result_t<Make&>, response>
  explicit reply(Make make) {
    now_.make(std::move(make));
  }
  reply(task<response> later) : later_(std::move(later)) {}

  [[nodiscard]] bool is_ready() const noexcept { return static_cast<bool>(now_); }

  /// The response, if `is_ready()`.
  [[nodiscard]] response& now() noexcept { return *now_; }
  /// The coroutine to await, if not `is_ready()`. The request must outlive it.
  [[nodiscard]] task<response>& later() noexcept { return later_; }

  /// The response in either case. Runs the coroutine in place, which suits tests, where nothing waits
  /// for a loop; throws std::logic_error if the coroutine does wait.
  response get() && {
    if (now_) return std::move(*now_);
    later_.start();
    if (!later_.done()) throw std::logic_error("reply: the handler waits for something only a loop brings");
    return later_.take();
  }
  operator response() && { return std::move(*this).get(); }

 private:
  held_here<response> now_;
  task<response> later_;
};

namespace detail {

template <class R>
concept handler_outcome = std::is_same_v<R, response> || std::is_same_v<R, task<response>> ||
                          std::is_same_v<R, reply>;

/// A callable that takes `request&` or `const request&` while it is const itself.
template <class H>
concept plain_handler = requires(const H& h, request& r) {
  { h(r) } -> handler_outcome;
};

}  // namespace detail

class any_handler;

template <class H>
concept handler = std::is_same_v<H, any_handler> || detail::plain_handler<H>;

/// Calls `h`. A handler that returns a `response` cannot wait, so the body is read first, within
/// `r.body`'s own limit; beyond it the answer is 413, and `h` is not called. A handler that can wait is
/// called at once and pulls the body itself. `h` and `r` must outlive the reply.
template <handler H>
reply invoke(const H& h, request& r);

/// Owns a handler of any type. A call costs one call through a pointer; nothing else is added.
class any_handler {
 public:
  template <class H>
    requires(!std::is_same_v<std::remove_cvref_t<H>, any_handler> &&
             detail::plain_handler<std::decay_t<H>> && std::is_constructible_v<std::decay_t<H>, H>)
  any_handler(H&& h)
      : call_([held = std::forward<H>(h)](request& r) -> reply { return invoke(held, r); }) {}

  // For what is none, or not handed over: compilers show these lines.
  template <class H>
    requires(!std::is_same_v<std::remove_cvref_t<H>, any_handler> && !detail::plain_handler<std::decay_t<H>>)
  any_handler(H&&) = delete;  // a handler takes a request&, not mutable, and returns response, task<response> or reply
  template <class H>
    requires(!std::is_same_v<std::remove_cvref_t<H>, any_handler> && detail::plain_handler<std::decay_t<H>> &&
             !std::is_constructible_v<std::decay_t<H>, H>)
  any_handler(H&&) = delete;  // this handler, such as a router, cannot be copied: hand it over by std::move

  reply operator()(request& r) const { return call_(r); }

  /// For tests: the response to a temporary request.
  response operator()(request&& r) const { return call_(r).get(); }

 private:
  function<reply(request&) const> call_;
};

/// Applies `f` to the response of `r`, now or when it is ready. `f` takes `response&` and must not wait.
template <class F>
reply transform(reply r, F f);

/// The answer to an error: the status that `failed` hints at, else `otherwise`, without the message.
[[nodiscard]] inline response problem(const error& failed, status otherwise = status::internal_server_error) {
  return problem(failed.status_hint() != 0 ? status(failed.status_hint()) : otherwise);
}

/// The answer when a body could not be read: 413, 400 or whatever status `failed` hints at.
[[nodiscard]] inline response body_problem(const error& failed) { return problem(failed, status::bad_request); }

// ---------------------------------------------------------------------------------------------

namespace detail {

/// One coroutine for all handlers. One for each cost 1.5 KB of code and 7 ms of compile time (g++), and in a unity build a
/// warning about a frame with a type without linkage.
template <class H>
response call_at(const void* h, request& r) {
  if constexpr (std::is_function_v<H>) return reinterpret_cast<H*>(const_cast<void*>(h))(r);
  else return (*static_cast<const H*>(h))(r);
}

template <class = void>
task<response> read_then_call(const void* h, response (*call)(const void*, request&), request& r) {
  const auto read = co_await r.body.read_all();
  if (!read) co_return body_problem(read.error());
  co_return call(h, r);
}

template <class F>
task<response> transform_later(task<response> later, F f) {
  response made = co_await later;
  f(made);
  co_return made;
}

}  // namespace detail

template <handler H>
reply invoke(const H& h, request& r) {
  if constexpr (std::is_same_v<decltype(h(r)), response>) {
    if (!r.body.is_octets())
      return detail::read_then_call(reinterpret_cast<const void*>(__builtin_addressof(h)), &detail::call_at<H>, r);
    return reply([&]() -> response { return h(r); });
  } else {
    return h(r);
  }
}

template <class F>
reply transform(reply r, F f) {
  if (!r.is_ready()) return detail::transform_later(std::move(r.later()), std::move(f));
  f(r.now());
  return r;
}

}  // namespace tinyhttp
