// tinyhttp/app/blocking.hpp -- runs a handler that blocks in worker threads, never in the loop.
//
// For handlers that query a database, read slow files or compute for long.
#pragma once

#include <tinyhttp/app/handler.hpp>
#include <tinyhttp/app/worker_call.hpp>
#include <tinyhttp/app/worker_pool.hpp>
#include <tinyhttp/core/chrono.hpp>
#include <tinyhttp/core/owned.hpp>
#include <tinyhttp/core/shared.hpp>
#include <tinyhttp/core/thread.hpp>

#include <coroutine>
#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace tinyhttp {

/// A handler that has `h` called by threads of its own. The body is read first, as for any handler
/// that cannot wait. `h` is called from several threads at once, with a copy of the request, so nothing
/// dangles if the client has gone meanwhile; `cancelled()` says so. What `h` throws is thrown on the
/// loop thread. If all threads are busy and `waiting` requests wait for one, the answer is 503 at once
/// (RFC 9110 15.6.4).
///
/// Without a context, as in tests, `h` is called in place. Destroying the handler waits for the
/// running calls of `h`.
template <handler H>
[[nodiscard]] auto blocking(H h, worker_options options = {});

// ---------------------------------------------------------------------------------------------

namespace detail {

/// One call of a blocking handler.
template <class Unused = void>  // g++ compiles every coroutine it sees; a template only where it is used
class blocking_call final : public request_context, public worker_visit {
 public:
  /// Copies `r`, but moves its body. `r` has a context.
  explicit blocking_call(request& r)
      : worker_visit(r.context),
        body_(std::exchange(r.body, {})),
        request_(r),
        peer_(r.context->peer()),
        subject_(r.context->peer_subject()),
        secure_(r.context->is_secure()) {
    request_.body = std::move(body_);
    request_.context = this;
  }

  // On the loop thread.

  response take() {
    if (thrown_) std::rethrow_exception(thrown_);
    return std::move(*made_);
  }
  [[nodiscard]] body give_back_body() noexcept { return std::exchange(request_.body, {}); }

  // On the worker's.

  template <class H>
  void run(const H& h) noexcept {
    if (!abandoned()) {
      try {
        made_ = h(request_);
      } catch (...) {
        thrown_ = std::current_exception();
      }
    }
  }

  // request_context, for the handler: nothing of it touches the connection.

  [[nodiscard]] std::string_view peer() const noexcept override { return peer_; }
  [[nodiscard]] bool is_secure() const noexcept override { return secure_; }
  [[nodiscard]] std::string peer_subject() const override { return subject_; }
  [[nodiscard]] bool cancelled() const noexcept override { return abandoned(); }
  [[nodiscard]] bool stopping() const noexcept override { return worker_visit::stopping(); }
  [[nodiscard]] task<result<void>> inform(status, const fields&) override {
    co_return error(error_kind::invalid_argument, "inform: not from a blocking handler");
  }
  [[nodiscard]] tinyhttp::clock& clock() noexcept override { return clock_; }
  void post(function<void()> work) override { worker_visit::post(std::move(work)); }
  [[nodiscard]] request_context& lasting() noexcept override {
    request_context* const loop = lasting_loop();
    return loop != nullptr ? *loop : *this;  // then nobody will see the response
  }

 private:
  /// A thread of its own may sleep.
  class thread_clock final : public tinyhttp::clock {
   public:
    [[nodiscard]] time_point now() noexcept override { return std::chrono::steady_clock::now(); }
    [[nodiscard]] std::int64_t unix_seconds() noexcept override { return system_unix_seconds(); }
    [[nodiscard]] task<void> wait_until(time_point when) override {
      if (const auto at = now(); when > at) threading::thread::sleep_for(when - at);
      co_return;
    }
  };

  tinyhttp::body body_;
  request request_;
  std::string peer_, subject_;
  bool secure_;
  thread_clock clock_;
  std::optional<response> made_;
  std::exception_ptr thrown_;
};

/// What the coroutine awaits, and what tells the call when the coroutine is destroyed meanwhile.
template <class H>
class blocking_wait {
 public:
  blocking_wait(const H& h, worker_pool& pool, request& r)
      : handler_(h), pool_(pool), call_(share(new blocking_call<>(r))) {}
  blocking_wait(const blocking_wait&) = delete;
  blocking_wait& operator=(const blocking_wait&) = delete;
  ~blocking_wait() { call_->abandon(); }

  [[nodiscard]] bool await_ready() const noexcept { return false; }
  bool await_suspend(std::coroutine_handle<> waiter) {
    call_->wait(waiter);
    accepted_ = pool_.submit([call = call_, handler = &handler_]() noexcept {
      call->run(*handler);
      worker_visit::leave(call);
    });
    return accepted_;
  }
  /// Whether the handler was called.
  [[nodiscard]] bool await_resume() const noexcept { return accepted_; }
  [[nodiscard]] blocking_call<>& call() noexcept { return *call_; }

 private:
  const H& handler_;
  worker_pool& pool_;
  shared<blocking_call<>> call_;
  bool accepted_ = false;
};

template <class H>
class blocking_handler {
 public:
  blocking_handler(H h, worker_options options)
      : inner_(new inner(std::move(h), options)) {}

  reply operator()(request& r) const {
    if (r.context == nullptr) return invoke(inner_->call, r);
    return wait(*inner_, r);
  }

 private:
  struct inner {
    inner(H h, worker_options options) : call(std::move(h)), pool(options) {}
    H call;
    worker_pool pool;  // gone before `call`, which its threads use
  };

  static task<response> wait(inner& in, request& r) {
    const auto read = co_await r.body.read_all();
    if (!read) co_return body_problem(read.error());
    blocking_wait<H> waiting(in.call, in.pool, r);
    const bool called = co_await waiting;
    r.body = waiting.call().give_back_body();
    if (!called) co_return problem(status::service_unavailable);
    co_return waiting.call().take();
  }

  owned<inner> inner_;
};

}  // namespace detail

template <handler H>
auto blocking(H h, worker_options options) {
  static_assert(
      std::is_same_v<decltype(std::as_const(h)(std::declval<request&>())), response>,
      "blocking() is for handlers that return a response; one that can wait needs no thread");
  return detail::blocking_handler<H>(std::move(h), options);
}

}  // namespace tinyhttp
