#include <tinyhttp/app/time_limit.hpp>

#include <chrono>
#include <coroutine>
#include <cstdint>
#include <new>
#include <string_view>
#include <utility>

#include "catch.hpp"

using namespace tinyhttp;
using namespace std::chrono_literals;

namespace {

/// Somebody who waits until he is told to go on; forgotten when destroyed.
class gate {
 public:
  struct awaiter {
    gate& of;
    ~awaiter() { of.waiter_ = nullptr; }
    [[nodiscard]] bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> h) noexcept { of.waiter_ = h; }
    void await_resume() const noexcept {}
  };
  task<void> wait() {
    awaiter waiting{*this};
    co_await waiting;
  }
  void open() {
    if (waiter_) std::exchange(waiter_, nullptr).resume();
  }
  [[nodiscard]] bool is_awaited() const noexcept { return static_cast<bool>(waiter_); }

 private:
  std::coroutine_handle<> waiter_ = nullptr;
};

/// A loop and a clock that do what the test says, when it says it.
class manual_context final : public request_context, public tinyhttp::clock {
 public:
  [[nodiscard]] std::string_view peer() const noexcept override { return {}; }
  [[nodiscard]] bool cancelled() const noexcept override { return false; }
  [[nodiscard]] task<result<void>> inform(status, const fields&) override {
    return ready_task(result<void>());
  }
  [[nodiscard]] tinyhttp::clock& clock() noexcept override { return *this; }
  void post(function<void()>) override { throw std::bad_alloc(); }
  [[nodiscard]] time_point now() noexcept override { return time_point(100s); }
  [[nodiscard]] std::int64_t unix_seconds() noexcept override { return 0; }
  [[nodiscard]] task<void> wait_until(time_point when) override {
    asked_for = when;
    if (!has_memory) throw std::bad_alloc();
    co_await alarm.wait();
  }

  gate alarm;
  time_point asked_for;
  bool has_memory = true;
};

struct fixture {
  gate work;
  manual_context loop;
  request r = request::get("/");
  any_handler app = with_time_limit(
      [this](request&) -> task<response> {
        co_await work.wait();
        co_return text("done");
      },
      5s);
  fixture() { r.context = &loop; }
};

}  // namespace

TEST_CASE("a handler that is done in time is answered by itself", "[app][time_limit]") {
  fixture f;
  reply made = f.app(f.r);
  made.later().start();
  CHECK(f.loop.asked_for == time_point(105s));
  f.work.open();
  REQUIRE(made.later().done());
  CHECK(made.later().take().body.text() == "done");
  CHECK(!f.loop.alarm.is_awaited());
}

TEST_CASE("a handler that is late is destroyed where it waits", "[app][time_limit]") {
  fixture f;
  reply made = f.app(f.r);
  made.later().start();
  f.loop.alarm.open();
  REQUIRE(made.later().done());
  CHECK(made.later().take().status == status::service_unavailable);
  CHECK(!f.work.is_awaited());
}

TEST_CASE("both at once is one answer, of whichever came first", "[app][time_limit]") {
  fixture f;
  const bool is_late = GENERATE(false, true);
  reply made = f.app(f.r);
  made.later().start();
  if (is_late) f.loop.alarm.open();
  f.work.open();
  f.loop.alarm.open();
  REQUIRE(made.later().done());
  CHECK(made.later().take().status == (is_late ? status::service_unavailable : status::ok));
}

TEST_CASE("a limit that nobody can keep for want of memory ends the handler", "[app][time_limit][memory]") {
  fixture f;
  f.loop.has_memory = false;
  reply made = f.app(f.r);
  made.later().start();
  REQUIRE(made.later().done());
  CHECK(made.later().take().status == status::service_unavailable);
  CHECK(!f.work.is_awaited());
}

TEST_CASE("an exchange that ends before its limit leaves nobody waiting",
          "[app][time_limit][cancel]") {
  fixture f;
  {
    reply made = f.app(f.r);
    made.later().start();
    CHECK(f.work.is_awaited());
  }
  CHECK(!f.work.is_awaited());
  CHECK(!f.loop.alarm.is_awaited());
}

TEST_CASE("what does not wait, or has no server, has no limit", "[app][time_limit]") {
  fixture f;
  const any_handler at_once = with_time_limit([](const request&) { return text("now"); }, 0s);
  CHECK(at_once(f.r).is_ready());
  const any_handler never_waits =
      with_time_limit([](request&) -> task<response> { co_return text("soon"); }, 0s);
  reply soon = never_waits(f.r);
  soon.later().start();
  REQUIRE(soon.later().done());
  CHECK(soon.later().take().body.text() == "soon");
  CHECK(never_waits(request::get("/")).body.text() == "soon");
  CHECK(!f.loop.alarm.is_awaited());
}
