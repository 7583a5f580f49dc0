// Tests of net/loop.hpp and net/waiter.hpp.
#include "net/support.hpp"

#include <atomic>
#include <deque>
#include <memory>
#include <stdexcept>
#include <thread>
#include <vector>

using namespace net_test;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

task<int> answer() { co_return 42; }

task<void> sleep_then_note(net::loop& on, time_point when, std::vector<int>& order, int id) {
  co_await on.sleep_until(when);
  order.push_back(id);
}

task<int> sleep_through_clock(tinyhttp::clock& on, duration how_long) {
  const time_point start = on.now();
  task<void> wait = on.wait_until(start + how_long);
  co_await wait;
  co_return static_cast<int>((on.now() - start) / seconds(1));
}

task<void> yield_and_note(net::loop& on, std::string& log, char name, int times) {
  for (int i = 0; i < times; ++i) {
    log += name;
    co_await on.yield();
  }
}

task<int> throw_later(net::loop& on) {
  co_await on.yield();
  throw std::runtime_error("thrown by a task");
}

}  // namespace

TEST_CASE("a loop runs a task to its end and gives its value", "[net][loop]") {
  net::loop loop({.backend = any_backend()});
  CHECK(loop.run_until_done(answer()) == 42);
  CHECK_THROWS_WITH(loop.run_until_done(throw_later(loop)), "thrown by a task");
}

TEST_CASE("sleepers wake in the order of their times, whatever the order of asking", "[net][loop]") {
  held_time time;
  net::loop loop({.backend = any_backend(), .time = &time});
  std::vector<int> order;
  const time_point start = loop.now();
  auto late = sleep_then_note(loop, start + hours(2), order, 3);
  auto soon = sleep_then_note(loop, start + seconds(1), order, 1);
  auto next = sleep_then_note(loop, start + hours(1), order, 2);
  auto past = sleep_then_note(loop, start - hours(1), order, 0);
  for (auto* t : {&late, &soon, &next, &past}) t->start();
  while (!late.done()) loop.run_once();
  CHECK(order == std::vector{0, 1, 2, 3});
  CHECK(loop.now() == start + hours(2));
}

TEST_CASE("waiting through the clock interface works on held and on real time", "[net][loop]") {
  held_time time;
  net::loop held({.time = &time});
  CHECK(held.run_until_done(sleep_through_clock(held, hours(5))) == 5 * 3600);
  CHECK(held.unix_seconds() == 784111777);
  net::loop real({.backend = any_backend()});
  const auto before = std::chrono::steady_clock::now();
  real.run_until_done(sleep_through_clock(real, milliseconds(20)));
  CHECK(std::chrono::steady_clock::now() - before >= milliseconds(20));
  CHECK(real.unix_seconds() > 1'700'000'000);
}

TEST_CASE("a sleeper that is destroyed leaves nothing behind", "[net][loop][cancellation]") {
  held_time time;
  net::loop loop({.time = &time});
  std::vector<int> order;
  {
    auto sleeper = sleep_then_note(loop, loop.now() + seconds(1), order, 1);
    sleeper.start();
    CHECK(loop.timers().size() == 1);
  }
  CHECK(loop.timers().size() == 0);
  {
    auto due = sleep_then_note(loop, loop.now() + seconds(1), order, 2);
    due.start();
    time.advance(seconds(2));
    loop.timers().expire(time.now());  // scheduled, and destroyed before its turn
  }
  loop.run_once(duration::zero());
  CHECK(order.empty());
}

TEST_CASE("ten thousand sleepers cost neither threads nor order", "[net][loop]") {
  held_time time;
  net::loop loop({.backend = any_backend(), .time = &time});
  std::vector<int> order;
  std::deque<task<void>> sleepers;
  for (int i = 0; i < 10'000; ++i) {
    sleepers.push_back(
        sleep_then_note(loop, loop.now() + seconds(1 + (i * 7919) % 10'000), order, (i * 7919) % 10'000));
    sleepers.back().start();
  }
  while (order.size() < sleepers.size()) loop.run_once();
  CHECK(std::is_sorted(order.begin(), order.end()));
}

TEST_CASE("those who yield take turns", "[net][loop]") {
  net::loop loop({.backend = any_backend()});
  std::string log;
  auto a = yield_and_note(loop, log, 'a', 3);
  auto b = yield_and_note(loop, log, 'b', 3);
  a.start();
  b.start();
  while (!a.done() || !b.done()) loop.run_once();
  CHECK(log == "ababab");
}

TEST_CASE("who has much to do keeps nobody waiting for longer than one step, however many they are", "[net][loop]") {
  held_time time;
  net::loop loop({.backend = any_backend(), .time = &time});
  std::string log;
  const auto compute = [&](char name, duration step) -> task<void> {
    for (;;) {
      co_await loop.yield();
      log += name;
      time.advance(step);
    }
  };
  SECTION("each step fills a turn") {
    std::vector<task<void>> many;
    for (const char name : {'a', 'b', 'c'}) many.push_back(compute(name, seconds(1)));
    for (auto& each : many) each.start();
    for (int i = 0; i < 5; ++i) {
      loop.post([&log] { log += '.'; });
      loop.run_once();
    }
    CHECK(log == ".a.b.c.a.b");  // those who are ready go first
    many.erase(many.begin() + 2);  // leaves by itself
    loop.run_once();
    loop.run_once();
    CHECK(log == ".a.b.c.a.bab");
  }
  SECTION("short steps share one") {
    auto a = compute('a', net::loop::turn_time / 4), b = compute('b', net::loop::turn_time / 4);
    a.start();
    b.start();
    loop.run_once();
    CHECK(log == "ab");  // once each: others may be ready by now
    loop.run_once();
    CHECK(log == "abab");
  }
}

TEST_CASE("who gives way goes on at once while a turn is young", "[net][loop]") {
  held_time time;
  net::loop loop({.backend = any_backend(), .time = &time});
  int steps = 0;
  const auto compute = [&]() -> task<void> {
    for (;;) {
      co_await loop.give_way();
      ++steps;
      time.advance(net::loop::turn_time / 4);
    }
  };
  auto computing = compute();
  computing.start();
  CHECK(steps == 4);
  loop.run_once();
  CHECK(steps == 8);
}

TEST_CASE("what is scheduled last goes on in the same turn, behind all others", "[net][loop]") {
  struct noting : net::waiter {
    noting(net::loop& of, std::string& to, char name) : waiter(note), on(of), log(to), is(name) {}
    static bool note(net::waiter& w) {
      auto& self = static_cast<noting&>(w);
      self.log += self.is;
      if (self.then != nullptr) self.on.schedule_last(*self.then);
      return false;
    }
    net::loop& on;
    std::string& log;
    char is;
    noting* then = nullptr;
  };
  net::loop loop({.backend = any_backend()});
  std::string log;
  noting first(loop, log, 'a'), second(loop, log, 'b'), last(loop, log, 'z');
  first.then = &last;
  loop.schedule(first);
  loop.schedule(second);
  loop.run_once();
  CHECK(log == "abz");
  loop.schedule_last(last);  // outside of a turn: the next one does not wait for anything else
  loop.run_once();
  CHECK(log == "abzz");
  first.then = nullptr;
  loop.schedule_later(last);  // behind those, too, who come after it
  loop.schedule(first);
  loop.schedule(second);
  loop.run_once();
  CHECK(log == "abzzabz");
}

TEST_CASE("what is scheduled soon goes on in the same turn, behind a few others", "[net][loop]") {
  struct noting : net::waiter {
    noting(net::loop& of, std::string& to) : waiter(note), on(of), log(to) {}
    static bool note(net::waiter& w) {
      auto& self = static_cast<noting&>(w);
      self.log += self.again ? 'a' : 'z';
      if (std::exchange(self.again, false)) self.on.schedule_soon(self);
      return false;
    }
    net::loop& on;
    std::string& log;
    bool again = true;
  };
  net::loop loop({.backend = any_backend()});
  std::string log;
  const std::size_t few = net::loop::company;
  std::vector<std::unique_ptr<noting>> many;
  for (std::size_t i = 0; i < few + 3; ++i) loop.schedule(*many.emplace_back(new noting(loop, log)));
  loop.run_once();
  CHECK(log == std::string(few, 'a') + std::string(few, 'z') + "aaazzz");
  loop.schedule_soon(*many.front());  // outside of a turn: the next one does not wait for anything else
  many.back()->again = true;
  loop.schedule_soon(*many.back());
  many[1]->again = true;
  loop.schedule_soon(*many[1]);
  many.erase(many.begin() + 1);  // leaves by itself
  loop.run_once();
  CHECK(log.substr(2 * few + 6) == "zaz");
}

TEST_CASE("functions posted by other threads run in the loop's, in order", "[net][loop][threads]") {
  net::loop loop({.backend = any_backend()});
  constexpr int each = 2000;
  std::vector<int> got[2];
  std::thread::id ran_in;
  int finished = 0;
  const auto post_all = [&](int who) {
    for (int i = 0; i < each; ++i) loop.post([&got, who, i] { got[who].push_back(i); });
    loop.post([&] {
      ran_in = std::this_thread::get_id();
      if (++finished == 2) loop.stop();
    });
  };
  std::thread one(post_all, 0);
  std::thread two(post_all, 1);
  loop.run();
  one.join();
  two.join();
  CHECK(ran_in == std::this_thread::get_id());
  for (const auto& list : got) {
    CHECK(list.size() == each);
    CHECK(std::is_sorted(list.begin(), list.end()));
  }
}

TEST_CASE("a loop can be stopped from another thread while it sleeps, and run again", "[net][loop][threads]") {
  net::loop loop({.backend = any_backend()});
  for (int i = 0; i < 50; ++i) {
    std::thread stopper([&] { loop.stop(); });
    loop.run();
    stopper.join();
  }
  loop.stop();
  loop.run();  // was told before it began
  bool ran = false;
  loop.post([&] {
    ran = true;
    loop.stop();
  });
  loop.run();  // was not told again
  CHECK(ran);
}

TEST_CASE("a loop that was woken sleeps again", "[net][loop]") {
  net::loop loop({.backend = any_backend()});
  for (int i = 0; i < 3; ++i) {
    loop.post([] {});
    loop.run_once(duration::zero());
    const auto begin = std::chrono::steady_clock::now();
    loop.run_once(std::chrono::milliseconds(5));
    CHECK(std::chrono::steady_clock::now() - begin >= std::chrono::milliseconds(5));
  }
}

TEST_CASE("a task that is run to its end begins at the time that it is", "[net][loop]") {
  held_time time;
  net::loop loop({.time = &time});
  time.advance(std::chrono::hours(1));
  const time_point begun = loop.run_until_done([](net::loop& on) -> task<time_point> { co_return on.now(); }(loop));
  CHECK(begun == time.now());
}

TEST_CASE("what is posted when a loop drops its posts is dropped, too", "[net][loop]") {
  const auto kept = std::make_shared<int>();
  {
    net::loop loop({.backend = any_backend()});
    struct last_word {
      ~last_word() { loop.post([held = std::move(held)] {}); }
      net::loop& loop;
      std::shared_ptr<int> held;
    };
    loop.post([word = std::shared_ptr<last_word>(new last_word{loop, kept})] {});
  }
  CHECK(kept.use_count() == 1);
}

TEST_CASE("a post wakes a loop that has nothing else to do, every time", "[net][loop][threads]") {
  net::loop loop({.backend = any_backend()});
  std::atomic<int> rounds{0};
  std::thread poster([&] {
    for (int i = 0; i < 2000; ++i) {
      loop.post([&] { rounds.fetch_add(1); });
      while (rounds.load() <= i) std::this_thread::yield();
    }
    loop.stop();
  });
  loop.run();
  poster.join();
  CHECK(rounds == 2000);
}

TEST_CASE("what a posted function throws comes out of run, and the next one is not lost", "[net][loop]") {
  net::loop loop({.backend = any_backend()});
  bool ran = false;
  loop.post([] { throw std::runtime_error("thrown by a post"); });
  loop.post([&] {
    ran = true;
    loop.post([&] { loop.stop(); });
  });
  CHECK_THROWS_WITH(loop.run(), "thrown by a post");
  CHECK_FALSE(ran);
  loop.run();
  CHECK(ran);
}

TEST_CASE("who waits behind one that throws goes on in the next turn", "[net][loop]") {
  struct throwing : net::waiter {
    throwing() : waiter([](net::waiter&) -> bool { throw std::runtime_error("thrown by an attempt"); }) {}
  };
  net::loop loop({.backend = any_backend()});
  std::string log;
  throwing first;
  loop.schedule_later(first);
  auto behind = yield_and_note(loop, log, 'a', 2);
  behind.start();
  CHECK(log == "a");
  CHECK_THROWS_WITH(loop.run_once(), "thrown by an attempt");
  loop.run_once(milliseconds(0));
  CHECK(log == "aa");
}

TEST_CASE("several loops live side by side, one in each thread", "[net][loop][threads]") {
  const auto backend = any_backend();
  net::loop one({.backend = backend});
  net::loop two({.backend = backend});
  int hops = 0;  // handed to and fro by the posts themselves
  struct ping {
    net::loop& here;
    net::loop& there;
    int& hops;
    void operator()() const {
      if (++hops < 1000) {
        there.post(ping{there, here, hops});
      } else {
        here.stop();
        there.stop();
      }
    }
  };
  one.post(ping{one, two, hops});
  std::thread other([&] { two.run(); });
  one.run();
  other.join();
  CHECK(hops == 1000);
}

TEST_CASE("a loop without descriptors for itself says so", "[net][loop]") {
  const faults none(net::system_call::wake_create, {.error = EMFILE});
  CHECK_THROWS_WITH(net::loop(), "make a loop: too many open files");
}
