// An answer of server-sent events: when it sends what, by a clock that is held still.
#include <tinyhttp/app/event_stream.hpp>
#include <tinyhttp/app/handler.hpp>
#include <tinyhttp/http/event_reader.hpp>

#include "catch.hpp"

#include <chrono>
#include <coroutine>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace tinyhttp;
using namespace std::chrono_literals;

namespace {

/// Gives events one by one, when the test says so.
class source {
 public:
  struct awaiter {
    source& of;
    ~awaiter() { of.waiter_ = nullptr; }
    [[nodiscard]] bool await_ready() const noexcept { return of.now_.has_value(); }
    void await_suspend(std::coroutine_handle<> h) noexcept { of.waiter_ = h; }
    void await_resume() const noexcept {}
  };
  task<std::optional<event>> next() {
    ++calls;
    awaiter waiting{*this};
    co_await waiting;
    auto given = *std::exchange(now_, std::nullopt);
    co_return given;
  }
  void give(std::optional<event> e) {
    now_ = std::move(e);
    if (waiter_) std::exchange(waiter_, nullptr).resume();
  }
  [[nodiscard]] bool is_awaited() const noexcept { return static_cast<bool>(waiter_); }

  int calls = 0;

 private:
  std::optional<std::optional<event>> now_;
  std::coroutine_handle<> waiter_ = nullptr;
};

/// Time that passes when the test says so, for one who waits.
class held_context final : public request_context, public tinyhttp::clock {
 public:
  [[nodiscard]] std::string_view peer() const noexcept override { return {}; }
  [[nodiscard]] bool cancelled() const noexcept override { return false; }
  [[nodiscard]] bool stopping() const noexcept override { return stops; }
  [[nodiscard]] task<result<void>> inform(status, const fields&) override { return ready_task(result<void>()); }
  [[nodiscard]] tinyhttp::clock& clock() noexcept override { return *this; }
  void post(function<void()>) override {}
  [[nodiscard]] time_point now() noexcept override { return now_; }
  [[nodiscard]] std::int64_t unix_seconds() noexcept override { return 0; }
  [[nodiscard]] task<void> wait_until(time_point when) override {
    until_ = when;
    struct awaiter {
      held_context& of;
      ~awaiter() { of.waiter_ = nullptr; }
      [[nodiscard]] bool await_ready() const noexcept { return of.until_ <= of.now_; }
      void await_suspend(std::coroutine_handle<> h) noexcept { of.waiter_ = h; }
      void await_resume() const noexcept {}
    };
    awaiter waiting{*this};
    co_await waiting;
  }
  void pass(duration time) {
    now_ += time;
    if (waiter_ && until_ <= now_) wake();
  }
  void stop() {
    stops = true;
    if (waiter_) wake();
  }
  [[nodiscard]] bool is_awaited() const noexcept { return static_cast<bool>(waiter_); }

  bool stops = false;

 private:
  void wake() { std::exchange(waiter_, nullptr).resume(); }
  time_point now_ = time_point(100h);
  time_point until_{};
  std::coroutine_handle<> waiter_ = nullptr;
};

struct fixture {
  explicit fixture(event_stream_options with = {}) {
    r.context = &context;
    made = event_stream(r, [this] { return events.next(); }, with);
  }
  /// Asks for the next piece.
  void pull() {
    pulling = made.body.next();
    pulling.try_start();
  }
  /// The piece, which has to be there.
  std::string piece() {
    REQUIRE(pulling.done());
    return std::string(pulling.take().value());
  }
  std::string pulled() {
    pull();
    return piece();
  }

  source events;
  held_context context;
  request r = request::get("/");
  response made;
  task<result<std::string_view>> pulling;
};

task<std::optional<event>> next_of(std::vector<event>& left) {
  if (left.empty()) co_return std::nullopt;
  event first = std::move(left.front());
  left.erase(left.begin());
  co_return first;
}

}  // namespace

TEST_CASE("a handler's events are an answer that nobody stores", "[app][events]") {
  const any_handler app = [](const request& r) {
    std::vector<event> left{{"1", "tick", "a"}, {"2"}};
    return event_stream(r, [left]() mutable { return next_of(left); });
  };
  response answer = app(request::get("/"));
  CHECK(answer.status == status::ok);
  CHECK(answer.fields["Content-Type"] == "text/event-stream");
  CHECK(answer.fields["Cache-Control"] == "no-store");
  CHECK(answer.fields["X-Accel-Buffering"] == "no");
  CHECK(answer.body.length() == std::nullopt);
  auto reading = answer.body.read_all();
  REQUIRE(reading.try_start());
  CHECK(reading.take().value() == "id: a\nevent: tick\ndata: 1\n\ndata: 2\n\n");
}

TEST_CASE("where no event comes a comment goes out each time the time is over", "[app][events]") {
  fixture f;
  f.pull();
  f.context.pass(14'999ms);
  CHECK_FALSE(f.pulling.done());
  f.context.pass(1ms);
  CHECK(f.piece() == ":\n\n");
  f.pull();
  f.context.pass(15s);
  CHECK(f.piece() == ":\n\n");
  CHECK(f.events.calls == 1);  // which still waits
  f.pull();
  f.context.pass(10s);
  f.events.give(event{"7"});
  CHECK(f.piece() == "data: 7\n\n");
  CHECK_FALSE(f.context.is_awaited());
  f.pull();
  CHECK(f.events.calls == 2);
  f.context.pass(14s);  // from when the peer had taken that
  CHECK_FALSE(f.pulling.done());
  f.context.pass(1s);
  CHECK(f.piece() == ":\n\n");
}

TEST_CASE("an event that comes while the peer takes another piece is next", "[app][events]") {
  fixture f;
  f.pull();
  f.context.pass(15s);
  CHECK(f.piece() == ":\n\n");
  f.events.give(event{"1"});
  CHECK(f.pulled() == "data: 1\n\n");
  f.events.give(event{"2"});  // nobody has asked yet
  CHECK(f.pulled() == "data: 2\n\n");
  f.pull();
  f.events.give(std::nullopt);
  CHECK(f.piece().empty());
}

TEST_CASE("how often comments go out is an option, and so is never", "[app][events]") {
  fixture often({.keep_alive = 10ms});
  often.pull();
  often.context.pass(10ms);
  CHECK(often.piece() == ":\n\n");
  for (const auto none : {0ms, std::chrono::milliseconds::min(), std::chrono::milliseconds::max()}) {
    fixture never({.keep_alive = none});
    never.pull();
    never.context.pass(1000h);
    CHECK_FALSE(never.pulling.done());
    never.context.stop();
    CHECK(never.piece().empty());
  }
}

TEST_CASE("a stream ends when its server is to stop, whether it waits or not", "[app][events]") {
  fixture waits;
  waits.pull();
  CHECK(waits.events.is_awaited());
  waits.context.stop();
  CHECK(waits.piece().empty());
  waits.made.body.clear();
  CHECK_FALSE(waits.events.is_awaited());

  fixture does_not;
  does_not.events.give(event{"1"});
  CHECK(does_not.pulled() == "data: 1\n\n");
  does_not.events.give(event{"2"});
  does_not.context.stops = true;
  CHECK(does_not.pulled().empty());
}

TEST_CASE("a stream that is given up leaves nobody waiting", "[app][events][cancel]") {
  fixture f;
  f.pull();
  CHECK(f.events.is_awaited());
  CHECK(f.context.is_awaited());
  f.pulling.reset();
  CHECK_FALSE(f.context.is_awaited());
  CHECK(f.events.is_awaited());  // kept for whoever pulls again
  f.events.give(event{"1"});
  CHECK(f.pulled() == "data: 1\n\n");
  f.pull();
  f.pulling.reset();
  f.made.body.clear();
  CHECK_FALSE(f.events.is_awaited());
}

TEST_CASE("a stream without a context that is given up leaves nobody waiting, either", "[app][events][cancel]") {
  source events;
  response made = event_stream(request::get("/"), [&events] { return events.next(); });
  auto pulling = made.body.next();
  REQUIRE_FALSE(pulling.try_start());
  pulling.reset();
  REQUIRE_FALSE(events.is_awaited());
  events.give(event{"1"});
  pulling = made.body.next();
  REQUIRE(pulling.try_start());
  CHECK(pulling.take().value() == "data: 1\n\n");
}

TEST_CASE("what threw once is asked anew by who pulls again", "[app][events]") {
  int calls = 0;
  const auto next = [&calls]() -> task<std::optional<event>> {
    if (++calls == 1) throw std::runtime_error("thrown");
    co_return calls == 2 ? std::optional(event{"2"}) : std::nullopt;
  };
  response made = event_stream(request::get("/"), next);
  auto first = made.body.next();
  REQUIRE(first.try_start());
  CHECK_THROWS_WITH(first.take(), "thrown");
  auto second = made.body.next();
  REQUIRE(second.try_start());
  REQUIRE(calls == 2);
  CHECK(second.take().value() == "data: 2\n\n");
}

TEST_CASE("an event that cannot be written, or an error, ends a stream as an error", "[app][events]") {
  fixture f;
  f.pull();
  f.events.give(event{.data = "x", .type = "a\nb"});
  REQUIRE(f.pulling.done());
  CHECK(f.pulling.take().error().message() == "event: its type has a line end");

  const request r = request::get("/");
  const auto failing = []() -> task<result<std::optional<event>>> {
    co_return error(error_kind::closed, "the source has gone");
  };
  response failed = event_stream(r, failing);
  auto pulling = failed.body.next();
  REQUIRE(pulling.try_start());
  CHECK(pulling.take().error().message() == "the source has gone");

  const auto throwing = []() -> task<std::optional<event>> {
    throw std::runtime_error("thrown");
    co_return std::nullopt;
  };
  response thrown = event_stream(r, throwing);
  auto second = thrown.body.next();
  REQUIRE(second.try_start());
  CHECK_THROWS_WITH(second.take(), "thrown");
}

TEST_CASE("the events of another answer are passed on, and so is what has been formatted", "[app][events]") {
  const request r = request::get("/");
  response upstream = content("id: 7\ndata: a\r\n\r\n:\n\ndata:b\n\ndata: c", "text/event-stream");
  auto reader = event_reader::of(upstream).value();
  response passed = event_stream(r, [&reader] { return reader.next(); });
  auto reading = passed.body.read_all();
  REQUIRE(reading.try_start());
  CHECK(reading.take().value() == "id: 7\ndata: a\n\ndata: b\n\n");

  const auto shared = std::make_shared<const std::string>(":formatted\n\n");
  response formatted = event_stream(r, [left = 2, shared]() mutable {
    return ready_task(left-- > 0 ? shared : nullptr);
  });
  auto second = formatted.body.read_all();
  REQUIRE(second.try_start());
  CHECK(second.take().value() == ":formatted\n\n:formatted\n\n");
}
