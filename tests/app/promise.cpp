// A value that somebody else gives: when it comes, when it does not, and who may go first.
#include <tinyhttp/app/promise.hpp>
#include <tinyhttp/core/owned.hpp>

#include "allocations.hpp"
#include "catch.hpp"
#include "hand_loop.hpp"

#include <memory>
#include <new>
#include <optional>
#include <string>
#include <thread>
#include <utility>

using namespace tinyhttp;
using namespace std::chrono_literals;

namespace {

/// What has been told by now, waiting for nothing.
template <class T>
result<T> now(const future<T>& of) {
  auto looking = of.wait_for(nullptr, 0ms);
  looking.start();
  REQUIRE(looking.done());
  return looking.take();
}

/// What the wait ends with that a posted function brings to its end.
template <class T>
result<T> woken(task<result<T>>& waiting, hand_loop& loop) {
  CHECK_FALSE(waiting.done());
  loop.run_one();
  REQUIRE(waiting.done());
  CHECK_FALSE(loop.alarm_is_awaited());
  return waiting.take();
}

}  // namespace

TEST_CASE("a coroutine gets the value that another thread gives", "[app][promise][threads]") {
  promise<std::string> told;
  const auto coming = told.get_future();
  hand_loop loop;
  auto waiting = coming.wait_for(&loop, 2s);
  waiting.start();
  CHECK(loop.asked_for == loop.now() + 2s);
  std::thread other([told = std::move(told)] { told.set_value("hello"); });
  loop.run_one();  // waits for it
  other.join();
  REQUIRE(waiting.done());
  CHECK(waiting.take().value() == "hello");
}

TEST_CASE("what was told before is there at once, and given once", "[app][promise]") {
  promise<std::string> told;
  const auto coming = told.get_future();
  CHECK(now(coming).error().kind() == error_kind::timeout);
  CHECK(now(coming).error().status_hint() == 503);
  told.set_value("hello");
  CHECK(now(coming).value() == "hello");
  CHECK(now(coming).error().kind() == error_kind::closed);
}

TEST_CASE("the first that tells something counts, an error, too", "[app][promise]") {
  const promise<int> told;
  const auto coming = told.get_future();
  const promise<int> also(told);
  hand_loop loop;
  auto waiting = coming.wait_for(&loop, 2s);
  waiting.start();
  also.set_value(error(error_kind::io, "no disk"));
  told.set_value(1);
  CHECK(woken(waiting, loop).error().message() == "no disk");
  CHECK(loop.is_empty());
}

TEST_CASE("when the last copy of a promise has gone, nobody waits any longer", "[app][promise]") {
  std::optional<promise<int>> told(std::in_place), also(told);
  const auto coming = told->get_future();
  hand_loop loop;
  auto waiting = coming.wait_for(&loop, 2s);
  waiting.start();
  told.reset();
  CHECK(loop.is_empty());
  also.reset();
  const auto dropped = woken(waiting, loop);
  CHECK(dropped.error().kind() == error_kind::closed);
  CHECK(dropped.error().status_hint() == 503);

  told.emplace();
  const auto there = told->get_future();
  told->set_value(1);
  told.reset();
  CHECK(now(there).value() == 1);
}

TEST_CASE("who has waited in vain may wait again", "[app][promise]") {
  promise<int> told;
  const auto coming = told.get_future();
  hand_loop loop;
  auto waiting = coming.wait_for(&loop, 2s);
  waiting.start();
  loop.ring();
  REQUIRE(waiting.done());
  CHECK(waiting.take().error().kind() == error_kind::timeout);
  waiting = coming.wait_for(&loop, 2s);
  waiting.start();
  told.set_value(1);
  CHECK(woken(waiting, loop).value() == 1);
}

TEST_CASE("a promise may be kept when nobody waits any longer", "[app][promise][cancel]") {
  promise<std::unique_ptr<int>> told;
  owned<hand_loop> loop(new hand_loop());
  {
    auto waiting = told.get_future().wait_for(loop.get(), 2s);
    waiting.start();
    CHECK(loop->alarm_is_awaited());
  }
  CHECK_FALSE(loop->alarm_is_awaited());
  loop.reset();
  told.set_value(std::make_unique<int>(1));
  CHECK(*now(told.get_future()).value() == 1);
}

TEST_CASE("a promise of nothing says that it is so", "[app][promise]") {
  const promise<void> told;
  const auto coming = told.get_future();
  hand_loop loop;
  auto waiting = coming.wait_for(&loop, 2s);
  waiting.start();
  told.set_value();
  CHECK(woken(waiting, loop).has_value());
}

TEST_CASE("each allocation of a promise and its wait may fail, and nothing is left of them", "[app][promise][memory]") {
  if (!allocations_are_counted()) return;
  bool failed = true;
  for (long nth = 0; failed; ++nth) {
    REQUIRE(nth < 50);
    hand_loop loop;
    bool threw = false;
    int made = 0;
    fail_allocation_after(nth);
    try {
      promise<int> told;
      const auto coming = told.get_future();
      auto waiting = coming.wait_for(&loop, 2s);
      waiting.start();
      told.set_value(1);
      if (!waiting.done() && !loop.is_empty()) loop.run_one();
      if (!waiting.done()) loop.ring();
      made = *waiting.take();
    } catch (const std::bad_alloc&) {
      threw = true;
    }
    failed = allocation_has_failed();
    fail_allocation_after(-1);
    CHECK(threw != (made == 1));
    CHECK_FALSE(loop.alarm_is_awaited());
  }
}
