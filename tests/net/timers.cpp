// Tests of net/timers.hpp.
#include "net/support.hpp"

#include <tinyhttp/net/timers.hpp>

#include <algorithm>
#include <cstdint>
#include <deque>
#include <vector>

using namespace tinyhttp;
using net::timer;
using net::timer_queue;
using std::chrono::seconds;

namespace {

const time_point start = time_point(seconds(1000));

struct counted : timer {
  explicit counted(int i = 0) : timer(count), id(i) {}
  static void count(timer& t) {
    auto& self = static_cast<counted&>(t);
    ++self.times;
    if (self.order != nullptr) self.order->push_back(self.id);
  }
  int id;
  int times = 0;
  std::vector<int>* order = nullptr;
};

}  // namespace

TEST_CASE("a timer is due once, at its deadline and not before", "[net][timers]") {
  timer_queue queue;
  counted t;
  queue.set(t, start);
  CHECK(queue.next() == start);
  queue.expire(start - duration(1));
  CHECK(t.times == 0);
  queue.expire(start);
  queue.expire(start + seconds(9));
  CHECK(t.times == 1);
  CHECK(queue.size() == 0);
  CHECK(queue.next() == timer::never);
}

TEST_CASE("moving a deadline on leaves the heap alone until the old time comes", "[net][timers]") {
  timer_queue queue;
  counted t;
  queue.set(t, start);
  queue.set(t, start + seconds(5));
  CHECK(queue.next() == start);  // nothing was rearranged
  queue.expire(start);
  CHECK(t.times == 0);
  CHECK(queue.next() == start + seconds(5));
  queue.expire(start + seconds(5));
  CHECK(t.times == 1);
}

TEST_CASE("a deadline can be moved back, switched off and on again", "[net][timers]") {
  timer_queue queue;
  counted t;
  queue.set(t, start + seconds(5));
  queue.set(t, start);
  CHECK(queue.next() == start);
  queue.set(t, timer::never);
  queue.expire(start + seconds(9));
  CHECK(t.times == 0);
  CHECK(queue.size() == 0);
  queue.set(t, start + seconds(10));
  queue.expire(start + seconds(10));
  CHECK(t.times == 1);
}

TEST_CASE("ten thousand timers come in the order of their deadlines", "[net][timers]") {
  constexpr int count = 10'000;
  timer_queue queue;
  std::deque<counted> timers;
  std::vector<int> order;
  std::uint32_t state = 7;
  for (int i = 0; i < count; ++i) {
    state = state * 1664525 + 1013904223;
    timers.emplace_back(static_cast<int>(state >> 12));
    timers.back().order = &order;
    queue.set(timers.back(), start + seconds(timers.back().id));
  }
  for (int i = 0; i < count; i += 3) queue.remove(timers[static_cast<std::size_t>(i)]);
  queue.expire(time_point::max() - duration(1));
  CHECK(order.size() == count - (count + 2) / 3);
  CHECK(std::is_sorted(order.begin(), order.end()));
  CHECK(queue.size() == 0);
}

TEST_CASE("a queue agrees with a list, whatever is done to both", "[net][timers]") {
  std::uint32_t seed = 12345;
  const auto next = [&seed](std::uint32_t bound) {
    seed = seed * 1'664'525 + 1'013'904'223;
    return (seed >> 8) % bound;
  };
  timer_queue queue;
  std::deque<counted> timers(40);
  std::vector<time_point> model(timers.size(), timer::never);
  time_point now = start;
  for (int step = 0; step < 20'000; ++step) {
    const std::size_t which = next(40);
    switch (next(8)) {
      case 0:
        queue.remove(timers[which]);
        model[which] = timer::never;
        break;
      case 1:
        queue.set(timers[which], timer::never);
        model[which] = timer::never;
        break;
      case 2: {
        now += seconds(next(5));
        for (auto& t : timers) t.times = 0;
        queue.expire(now);
        for (std::size_t i = 0; i < timers.size(); ++i) {
          const bool is_due = model[i] <= now;
          REQUIRE(timers[i].times == (is_due ? 1 : 0));
          if (is_due) model[i] = timer::never;
        }
        break;
      }
      default:
        model[which] = now + seconds(next(50)) - seconds(next(10));
        queue.set(timers[which], model[which]);
    }
    REQUIRE(queue.next() <= *std::min_element(model.begin(), model.end()));
    REQUIRE(queue.size() <= timers.size());
  }
}

TEST_CASE("a timer that is switched off before it was ever set is in no queue", "[net][timers]") {
  timer_queue queue;
  counted t;
  queue.set(t, timer::never);
  CHECK(queue.size() == 0);
}

TEST_CASE("ten thousand deadlines that move on all the time cost no rearranging", "[net][timers]") {
  timer_queue queue;
  std::deque<counted> timers(10'000);
  for (auto& t : timers) queue.set(t, start);
  for (int round = 1; round <= 100; ++round)
    for (auto& t : timers) queue.set(t, start + seconds(round));
  CHECK(queue.next() == start);
  CHECK(queue.size() == timers.size());
  queue.expire(start + seconds(99));
  for (auto& t : timers) REQUIRE(t.times == 0);
  queue.expire(start + seconds(100));
  for (auto& t : timers) REQUIRE(t.times == 1);
}

TEST_CASE("a timer that is due may remove others and set itself again", "[net][timers]") {
  struct busy : timer {
    busy(timer_queue& in, timer& victim) : timer(act), queue(in), other(victim) {}
    static void act(timer& t) {
      auto& self = static_cast<busy&>(t);
      ++self.times;
      self.queue.remove(self.other);
      self.queue.set(self, self.deadline + seconds(1));
    }
    timer_queue& queue;
    timer& other;
    int times = 0;
  };
  timer_queue queue;
  counted victim;
  busy b(queue, victim);
  queue.set(b, start);
  queue.set(victim, start);
  queue.expire(start);
  CHECK(b.times == 1);
  CHECK(queue.size() == 1);
  queue.expire(start + seconds(3));
  CHECK(b.times == 4);
  queue.remove(b);
  queue.remove(victim);  // was perhaps due first; removing twice is nothing
  CHECK(queue.size() == 0);
}

TEST_CASE("a deadline lies between now and a year from now, or nowhere", "[net][timers]") {
  const time_point now{std::chrono::hours(1000)};
  using std::chrono::milliseconds;
  CHECK(deadline_in(now, milliseconds(5)) == now + milliseconds(5));
  CHECK(deadline_in(now, a_year) == now + a_year);
  CHECK(deadline_in(now, milliseconds::max()) == time_point::max());
  CHECK(deadline_in(now, milliseconds(-1)) == now);
  CHECK(deadline_in(now, milliseconds::min()) == now);
  CHECK(at_most_a_year(milliseconds::min()) == milliseconds(0));
}
