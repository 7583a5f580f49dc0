// Tests of core/task.hpp.
#include "catch.hpp"

#include <tinyhttp/core/task.hpp>

#include <memory>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

using namespace tinyhttp;

namespace {

/// Waits until the test says go, and notices when it is destroyed while it waits.
struct gate {
  struct awaiter {
    explicit awaiter(gate& g) : at(g) {}
    awaiter(const awaiter&) = delete;
    awaiter& operator=(const awaiter&) = delete;
    ~awaiter() {
      if (at.waiting) ++at.abandoned;
      at.waiting = nullptr;
    }
    [[nodiscard]] bool await_ready() const noexcept { return at.open; }
    void await_suspend(std::coroutine_handle<> h) const noexcept { at.waiting = h; }
    void await_resume() const noexcept {}
    gate& at;
  };
  awaiter wait() { return awaiter(*this); }
  void go() {
    open = true;
    if (waiting) std::exchange(waiting, nullptr).resume();
  }
  bool open = false;
  int abandoned = 0;
  std::coroutine_handle<> waiting = nullptr;
};

task<int> value_of(int v) { co_return v; }

task<int> pass_gate(gate& g, int v) {
  co_await g.wait();
  co_return v;
}

task<int> sum(gate& g) {
  const int a = co_await pass_gate(g, 1);
  const int b = co_await value_of(2);
  co_return a + b;
}

task<int> fail_at(gate& g) {
  co_await g.wait();
  throw std::runtime_error("behind the gate");
}

task<std::string> rescue(gate& g) {
  std::string said;
  try {
    co_await fail_at(g);
  } catch (const std::runtime_error& e) {
    said = e.what();
  }
  co_return said;
}

task<void> note(std::vector<int>& log, int what) {
  log.push_back(what);
  co_return;
}

task<long> many(long count) {
  long total = 0;
  for (long i = 0; i < count; ++i) {
    const int one = co_await value_of(1);
    total += one;
  }
  co_return total;
}

task<void> hold(gate& g, std::shared_ptr<int> held) {
  co_await g.wait();
  ++*held;
}

task<void> hold_deeply(gate& g, std::shared_ptr<int> held, int depth) {
  if (depth == 0) {
    co_await hold(g, held);
  } else {
    co_await hold_deeply(g, held, depth - 1);
  }
}

task<std::unique_ptr<int>> boxed(int v) { co_return std::make_unique<int>(v); }

}  // namespace

TEST_CASE("a task does nothing until it is started", "[core][task]") {
  std::vector<int> log;
  auto t = note(log, 1);
  CHECK(log.empty());
  t.start();
  CHECK(t.done());
  CHECK(log == std::vector{1});
}

TEST_CASE("a task that waits goes on when what it waits for says so", "[core][task]") {
  gate g;
  auto t = sum(g);
  t.start();
  CHECK_FALSE(t.done());
  g.go();
  REQUIRE(t.done());
  CHECK(t.take() == 3);
}

TEST_CASE("what a task throws comes out where it is awaited or taken", "[core][task]") {
  gate g;
  auto t = rescue(g);
  t.start();
  g.go();
  CHECK(t.take() == "behind the gate");
  auto bare = fail_at(g);
  bare.start();
  REQUIRE(bare.done());
  CHECK_THROWS_AS(bare.take(), std::runtime_error);
}

TEST_CASE("a value that is awaited in place is where the task keeps it, and is not moved", "[core][task]") {
  struct counted {
    explicit counted(int& of) : moves(&of) {}
    counted(counted&& other) noexcept : moves(other.moves) { ++*moves; }
    counted& operator=(counted&&) = delete;
    int* moves;
  };
  const auto make = [](gate& g, int& moves) -> task<counted> {
    co_await g.wait();
    co_return counted(moves);
  };
  const auto look = [](task<counted>& from, int& moves) -> task<int> {
    auto there = from.in_place();
    const counted& made = co_await there;
    if (made.moves != &moves) co_return -1;
    co_return moves;
  };
  gate g;
  int moves = 0;
  auto made = make(g, moves);
  auto looked = look(made, moves);
  looked.start();
  CHECK_FALSE(looked.done());
  g.go();
  REQUIRE(looked.done());
  CHECK(looked.take() == 1);  // into its place
}

TEST_CASE("awaited in place, too, what a task throws comes out", "[core][task]") {
  gate g;
  const auto rescue_in_place = [](gate& at) -> task<std::string> {
    auto failing = fail_at(at);
    auto there = failing.in_place();
    std::string said = "nothing";
    try {
      const int& value = co_await there;
      said = std::to_string(value);
    } catch (const std::runtime_error& e) {
      said = e.what();
    }
    co_return said;
  };
  auto t = rescue_in_place(g);
  t.start();
  g.go();
  REQUIRE(t.done());
  CHECK(t.take() == "behind the gate");
}

TEST_CASE("a task tells once when it has ended", "[core][task]") {
  gate g;
  int told = 0;
  auto t = pass_gate(g, 5);
  t.start([](void* count) { ++*static_cast<int*>(count); }, &told);
  CHECK(told == 0);
  g.go();
  CHECK(told == 1);
  CHECK(t.take() == 5);
}

TEST_CASE("a million tasks that end at once do not grow the stack", "[core][task]") {
  auto t = many(1'000'000);
  t.start();
  REQUIRE(t.done());
  CHECK(t.take() == 1'000'000);
}

TEST_CASE("destroying a task destroys all that it waits for, and nobody is resumed", "[core][task][cancellation]") {
  gate g;
  const auto held = std::make_shared<int>(0);
  {
    auto t = hold_deeply(g, held, 50);
    t.start();
    CHECK(held.use_count() > 1);
  }
  CHECK(held.use_count() == 1);
  CHECK(g.abandoned == 1);
  g.go();
  CHECK(*held == 0);
}

TEST_CASE("a task that was never started lets go of its arguments", "[core][task][cancellation]") {
  gate g;
  const auto held = std::make_shared<int>(0);
  { const auto t = hold(g, held); }
  CHECK(held.use_count() == 1);
  CHECK(g.abandoned == 0);
}

// Whoever forgets to await one is told so, also where only `if (!answer)` is asked.
static_assert(!std::is_constructible_v<bool, task<void>> && !std::is_constructible_v<bool, task<int>>);

TEST_CASE("tasks move, and one that is assigned over is destroyed", "[core][task]") {
  gate g;
  const auto held = std::make_shared<int>(0);
  auto a = hold(g, held);
  a.start();
  auto b = std::move(a);
  CHECK(a.is_empty());
  CHECK_FALSE(b.is_empty());
  b = task<void>();
  CHECK(g.abandoned == 1);
  CHECK(held.use_count() == 1);
  auto c = value_of(7);
  auto d = value_of(8);
  d = std::move(c);
  CHECK(c.is_empty());
  CHECK(d.try_start());
  CHECK(d.take() == 7);
}

TEST_CASE("a task that was started is awaited where it waits, and begins no second time", "[core][task]") {
  gate g;
  auto started = pass_gate(g, 5);
  CHECK_FALSE(started.try_start());
  auto waits = [](task<int>& on) -> task<int> { co_return co_await on; }(started);
  CHECK_FALSE(waits.try_start());
  CHECK_FALSE(started.done());
  g.go();
  REQUIRE(waits.done());
  CHECK(waits.take() == 5);
}

TEST_CASE("a task's value may be move-only, and may be there already", "[core][task]") {
  auto t = boxed(7);
  t.start();
  CHECK(*t.take() == 7);
  auto r = ready_task(std::string("here"));
  r.start();
  CHECK(r.take() == "here");
}
