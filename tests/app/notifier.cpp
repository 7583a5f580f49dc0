// Coroutines that wait for a change: who looks when, and who may go first.
#include <tinyhttp/app/event_stream.hpp>
#include <tinyhttp/app/notifier.hpp>
#include <tinyhttp/app/recover.hpp>
#include <tinyhttp/app/time_limit.hpp>
#include <tinyhttp/core/owned.hpp>

#include "allocations.hpp"
#include "catch.hpp"
#include "hand_loop.hpp"

#include <cstddef>
#include <memory>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using namespace tinyhttp;
using namespace std::chrono_literals;

namespace {

/// Something that changes, and one who waits for it to have a value.
struct board {
  std::optional<int> value;
  int looks = 0;
  owned<notifier> changed{new notifier()};

  task<std::optional<int>> wait(request_context* loop) {
    return changed->wait_for(loop, 5s, [this] {
      ++looks;
      return value;
    });
  }
};

}  // namespace

TEST_CASE("who waits looks again at each notification, until there is something", "[app][notifier]") {
  board b;
  hand_loop loop;
  auto waiting = b.wait(&loop);
  CHECK(b.looks == 0);
  waiting.start();
  CHECK(b.looks == 1);
  CHECK(loop.asked_for == loop.now() + 5s);
  b.changed->notify_all();
  CHECK(b.looks == 1);  // nobody but the loop lets it go on
  loop.run_one();
  CHECK(b.looks == 2);
  CHECK_FALSE(waiting.done());
  b.value = 7;
  b.changed->notify_all();
  loop.run_one();
  REQUIRE(waiting.done());
  CHECK(waiting.take() == 7);
  CHECK(b.looks == 3);
  CHECK_FALSE(loop.alarm_is_awaited());
}

TEST_CASE("what is there already is not waited for", "[app][notifier]") {
  board b;
  b.value = 7;
  hand_loop loop;
  auto waiting = b.wait(&loop);
  waiting.start();
  REQUIRE(waiting.done());
  CHECK(waiting.take() == 7);
  CHECK(loop.waits == 0);
}

TEST_CASE("a change behind a look, and before the wait, is not missed", "[app][notifier]") {
  notifier changed;
  hand_loop loop;
  int looks = 0;
  auto waiting = changed.wait_for(&loop, 5s, [&] {
    const bool was_there = looks > 0;
    if (++looks == 1) changed.notify_all();  // as another thread might
    return was_there;
  });
  waiting.start();
  CHECK(looks == 1);
  loop.run_one();
  REQUIRE(waiting.done());
  CHECK(waiting.take());
  CHECK(looks == 2);
  CHECK(loop.is_empty());
}

TEST_CASE("a look that notifies leaves the loop its turns, and the wait its end", "[app][notifier]") {
  notifier changed;
  hand_loop loop;
  int looks = 0;
  auto waiting = changed.wait_for(&loop, 5s, [&] {
    if (++looks < 1000) changed.notify_all();
    return false;
  });
  waiting.start();
  for (int turn = 1; turn < 5; ++turn, loop.run_one()) CHECK(looks == turn);
  loop.ring();
  REQUIRE(waiting.done());
  CHECK_FALSE(waiting.take());
  CHECK(looks == 6);
}

TEST_CASE("a burst of notifications wakes once", "[app][notifier]") {
  board b;
  hand_loop loop;
  auto waiting = b.wait(&loop);
  waiting.start();
  for (int i = 0; i < 100; ++i) b.changed->notify_all();
  loop.run_one();
  CHECK(loop.is_empty());
  CHECK(b.looks == 2);
}

TEST_CASE("the end of its time ends a wait, with a last look", "[app][notifier]") {
  board b;
  hand_loop loop;
  const bool is_there = GENERATE(false, true);
  auto waiting = b.wait(&loop);
  waiting.start();
  if (is_there) b.value = 7;  // and nobody says so
  loop.ring();
  REQUIRE(waiting.done());
  CHECK(waiting.take().has_value() == is_there);
  CHECK(b.looks == 2);
  b.changed->notify_all();
  CHECK(loop.is_empty());
}

TEST_CASE("a notification and the end of a wait in one turn are one end, of whichever comes first", "[app][notifier]") {
  board b;
  hand_loop loop;
  const bool is_late = GENERATE(false, true);
  auto waiting = b.wait(&loop);
  waiting.start();
  b.value = 7;
  b.changed->notify_all();
  if (is_late) loop.ring();
  loop.run_one();
  loop.ring();
  REQUIRE(waiting.done());
  CHECK(waiting.take() == 7);
  CHECK(b.looks == 2);
}

TEST_CASE("without a context there is one look, and where the time has passed, too", "[app][notifier]") {
  board b;
  auto alone = b.wait(nullptr);
  alone.start();
  REQUIRE(alone.done());
  CHECK_FALSE(alone.take());
  hand_loop loop;
  loop.is_over = true;  // as where the server stops already
  auto late = b.wait(&loop);
  late.start();
  REQUIRE(late.done());
  CHECK_FALSE(late.take());
  CHECK(b.looks == 2);
}

TEST_CASE("who waits may leave at any time and in any order, told or not", "[app][notifier][cancel]") {
  board b;
  b.value = 7;
  for (std::size_t leaves = 0; leaves < 3; ++leaves) {
    std::vector<owned<hand_loop>> loops;
    std::vector<task<std::optional<int>>> all;
    b.value.reset();
    for (std::size_t i = 0; i < 3; ++i) {
      loops.push_back(owned<hand_loop>(new hand_loop()));
      all.push_back(b.wait(loops[i].get()));
      all[i].start();
    }
    all[leaves].reset();
    b.value = 7;
    b.changed->notify_all();
    for (std::size_t i = 0; i < 3; ++i) CHECK(loops[i]->is_empty() == (i == leaves));
    const std::size_t told = (leaves + 1) % 3;
    all[told].reset();
    loops[told]->run_one();  // finds nobody
    const std::size_t stays = (leaves + 2) % 3;
    loops[stays]->run_one();
    REQUIRE(all[stays].done());
    CHECK(all[stays].take() == 7);
    for (auto& each : loops) CHECK_FALSE(each->alarm_is_awaited());
  }
}

TEST_CASE("a notifier that ends wakes who waits, and nothing of its is looked at any more", "[app][notifier][cancel]") {
  board b;
  hand_loop loop, left;
  auto waiting = b.wait(&loop);
  auto given_up = b.wait(&left);
  waiting.start();
  given_up.start();
  b.value = 7;
  b.changed.reset();
  given_up.reset();
  left.run_one();
  loop.run_one();
  REQUIRE(waiting.done());
  CHECK_FALSE(waiting.take());
  CHECK(b.looks == 2);  // at first, each of them
}

TEST_CASE("a wait that is begun when its notifier has ended looks once", "[app][notifier][cancel]") {
  board b;
  hand_loop loop;
  auto waiting = b.wait(&loop);
  b.changed.reset();
  waiting.start();
  REQUIRE(waiting.done());
  CHECK_FALSE(waiting.take());
  CHECK(b.looks == 1);
}

TEST_CASE("what a look throws ends the wait, and what it moves out comes out", "[app][notifier]") {
  notifier changed;
  hand_loop loop;
  int looks = 0;
  auto failing = changed.wait_for(&loop, 5s, [&] {
    if (++looks == 2) throw std::runtime_error("no board");
    return false;
  });
  failing.start();
  changed.notify_all();
  loop.run_one();
  REQUIRE(failing.done());
  CHECK_THROWS_AS(failing.take(), std::runtime_error);
  CHECK_FALSE(loop.alarm_is_awaited());

  auto there = std::make_unique<int>(7);
  auto taking = changed.wait_for(&loop, 5s, [&] { return std::move(there); });
  taking.start();
  REQUIRE(taking.done());
  CHECK(*taking.take() == 7);
}

TEST_CASE("who cannot be told for want of memory is told the next time, and the others are told now", "[app][notifier][memory]") {
  board b;
  hand_loop poor, rich;
  auto unlucky = b.wait(&poor);
  auto lucky = b.wait(&rich);
  unlucky.start();
  lucky.start();
  b.value = 7;
  poor.has_memory = false;
  b.changed->notify_all();
  CHECK(poor.is_empty());
  rich.run_one();
  CHECK(lucky.done());
  poor.has_memory = true;
  const bool by_time = GENERATE(false, true);
  if (by_time) {
    poor.ring();
  } else {
    b.changed->notify_all();
    poor.run_one();
  }
  REQUIRE(unlucky.done());
  CHECK(unlucky.take() == 7);
}

TEST_CASE("a wait whose end cannot be waited for throws", "[app][notifier][memory]") {
  board b;
  hand_loop loop;
  loop.has_memory = false;
  auto waiting = b.wait(&loop);
  waiting.start();
  REQUIRE(waiting.done());
  CHECK_THROWS_AS(waiting.take(), std::bad_alloc);
  b.changed->notify_all();
  CHECK(loop.is_empty());
}

TEST_CASE("each allocation of a wait may fail, and nothing is left of it", "[app][notifier][memory]") {
  if (!allocations_are_counted()) return;
  bool failed = true;
  for (long nth = 0; failed; ++nth) {
    REQUIRE(nth < 50);
    board b;
    hand_loop loop;
    bool threw = false;
    std::optional<int> made;
    fail_allocation_after(nth);
    try {
      auto waiting = b.wait(&loop);
      waiting.start();
      b.value = 7;
      b.changed->notify_all();
      if (!waiting.done() && !loop.is_empty()) loop.run_one();
      if (!waiting.done()) loop.ring();
      made = waiting.take();
    } catch (const std::bad_alloc&) {
      threw = true;
    }
    failed = allocation_has_failed();
    fail_allocation_after(-1);
    CHECK(threw != made.has_value());
    CHECK_FALSE(loop.alarm_is_awaited());
  }
}

TEST_CASE("what waits in a handler is ended by its time limit, and what it throws is recovered", "[app][notifier][time_limit]") {
  board b;
  hand_loop loop;
  request r = request::get("/");
  r.context = &loop;
  const any_handler app = with_recover(with_time_limit(
      [&b](request& req) -> task<response> {
        auto waiting = b.wait(req.context);
        const auto value = co_await waiting;
        if (value == 0) throw std::runtime_error("nothing is no answer");
        co_return text(value ? std::to_string(*value) : "none");
      },
      1s), {});
  for (const int told : {7, 0, -1}) {
    b.value.reset();
    reply made = app(r);
    made.later().start();
    if (told >= 0) {
      b.value = told;
      b.changed->notify_all();
      loop.run_one();
    } else {
      loop.ring_last();  // the limit
    }
    REQUIRE(made.later().done());
    CHECK(made.later().take().status == (told > 0 ? 200 : told == 0 ? 500 : 503));
    b.changed->notify_all();
    CHECK(loop.is_empty());
    CHECK_FALSE(loop.alarm_is_awaited());
  }
}

TEST_CASE("a stream of events waits for what it gives, and says meanwhile that it is there", "[app][notifier][events]") {
  board b;
  hand_loop loop;
  request r = request::get("/");
  r.context = &loop;
  response answer = event_stream(r, [&]() -> task<std::optional<event>> {
    auto waiting = b.wait(&loop);
    const auto value = co_await waiting;
    co_return event{std::to_string(value.value())};
  });
  auto pulling = answer.body.next();
  CHECK_FALSE(pulling.try_start());
  loop.ring_last();  // the stream's
  REQUIRE(pulling.done());
  CHECK(pulling.take().value() == ":\n\n");
  pulling = answer.body.next();
  CHECK_FALSE(pulling.try_start());
  b.value = 7;
  b.changed->notify_all();
  loop.run_one();
  REQUIRE(pulling.done());
  CHECK(pulling.take().value() == "data: 7\n\n");
}
