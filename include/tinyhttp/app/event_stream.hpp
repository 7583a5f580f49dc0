// tinyhttp/app/event_stream.hpp -- an answer that streams server-sent events.
//
// WHATWG HTML 9.2. Waits for the next event, or until a keep-alive comment is due; uses no thread.
#pragma once

#include <tinyhttp/app/first_to_end.hpp>
#include <tinyhttp/core/chrono.hpp>
#include <tinyhttp/core/clock.hpp>
#include <tinyhttp/core/result.hpp>
#include <tinyhttp/core/shared.hpp>
#include <tinyhttp/core/task.hpp>
#include <tinyhttp/http/body.hpp>
#include <tinyhttp/http/events.hpp>
#include <tinyhttp/http/request.hpp>
#include <tinyhttp/http/response.hpp>

#include <string>
#include <string_view>
#include <utility>

namespace tinyhttp {

/// The options of an `event_stream`, and of the streams of a channel.
struct event_stream_options {
  std::chrono::milliseconds keep_alive{15'000};  // a comment is sent after this long without an event; 0: never
};

namespace detail {

template <class Made>
inline constexpr bool gives_events = false;
template <class Made>
inline constexpr bool gives_events<task<Made>> = requires(const Made& made) { !made, *made; };

}  // namespace detail

/// The response to `r` that sends the events that `next()` returns; caches and proxies are told not to store or hold it back.
/// `next()` is called once the peer has taken the previous event. It returns a task of a `std::optional<event>`, empty at the
/// end, or of a result of one, whose error cuts the response off. The stream also ends when the server is told to stop. `next`,
/// its captures, and the waiting task are destroyed with the response, also if the peer has gone, which the next event or
/// comment reveals.
///
/// A `std::string` made by `format_event` may take the place of the event, and any other pointer to either the place of the
/// optional. Without a context, as in tests, there are no comments.
template <class Next>
  requires detail::gives_events<std::invoke_result_t<Next&>>
[[nodiscard]] response event_stream(const request& r, Next next, event_stream_options with = {});
template <class Next>  // for what is none: compilers show this line
response event_stream(const request&, Next, event_stream_options = {}) = delete;  // takes a coroutine without arguments that returns task<std::optional<event>>

// ---------------------------------------------------------------------------------------------

namespace detail {

[[nodiscard]] inline result<std::string> event_octets(const event& e) { return format_event(e); }
[[nodiscard]] inline result<std::string> event_octets(const std::string& formatted) { return formatted; }
template <class Made>
[[nodiscard]] result<std::string> next_octets(const Made& made) {
  if (!made) return std::string();
  return event_octets(*made);
}
template <class Made>
[[nodiscard]] result<std::string> next_octets(const result<Made>& made) {
  if (!made) return made.error();
  return next_octets(*made);
}

template <class Next>
class event_body final : public body_stream {
 public:
  event_body(request_context* on, Next next, const event_stream_options& with)
      : context_(on),
        next_(std::move(next)),
        keep_alive_(with.keep_alive > with.keep_alive.zero() ? with.keep_alive : with.keep_alive.max()) {}

  task<result<std::string_view>> next() override {
    const std::string_view end;
    if (context_ != nullptr && context_->stopping()) co_return end;
    if (running_.is_empty()) {
      running_ = next_();
      running_.try_start();
    }
    if (context_ != nullptr && !running_.done()) {
      task<void> quiet = context_->wait_for(keep_alive_);
      first_to_end either(running_, quiet);
      co_await either;
      if (!running_.done()) co_return context_->stopping() ? end : std::string_view(":\n\n");
    }
    auto ended = std::move(running_);  // here: gone, too, when it throws, or when nobody waits for this any more
    const auto made = co_await ended;
    auto octets = next_octets(made);
    if (!octets) co_return octets.error();
    window_ = std::move(*octets);
    co_return std::string_view(window_);
  }

 private:
  request_context* context_;
  Next next_;
  std::chrono::milliseconds keep_alive_;
  decltype(std::declval<Next&>()()) running_;  // what `next_` gave last, until it has ended; behind what it uses
  std::string window_;
};

}  // namespace detail

template <class Next>
  requires detail::gives_events<std::invoke_result_t<Next&>>
response event_stream(const request& r, Next next, event_stream_options with) {
  request_context* const context = r.context != nullptr ? &r.context->lasting() : nullptr;
  body events(share(new detail::event_body<Next>(context, std::move(next), with)));
  return content(std::move(events), "text/event-stream")
      .with("Cache-Control", "no-store")
      .with("X-Accel-Buffering", "no");  // nginx, asked by HTTP/1.0 as it is unless told otherwise, holds events back
}

}  // namespace tinyhttp
