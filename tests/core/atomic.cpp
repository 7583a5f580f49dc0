// Tests of core/atomic.hpp.
#include "catch.hpp"

#include <tinyhttp/core/atomic.hpp>
#include <tinyhttp/core/thread.hpp>

#include <cstdint>

namespace threading = tinyhttp::threading;

TEST_CASE("what is changed gives what was there before") {
  threading::atomic<std::int64_t> number{-1};
  CHECK(number.exchange(5, threading::memory_order::acq_rel) == -1);
  CHECK(number.fetch_add(3, threading::memory_order::relaxed) == 5);
  CHECK(number.fetch_sub(1) == 8);
  CHECK(number.load(threading::memory_order::acquire) == 7);
  number.store(std::int64_t{1} << 40, threading::memory_order::release);
  CHECK(number.load() == std::int64_t{1} << 40);
}

TEST_CASE("what is replaced only where it is as expected stays where it is not") {
  int one = 1, two = 2;
  threading::atomic<int*> where;
  CHECK(where.load() == nullptr);
  CHECK(where.try_replace(nullptr, &one, threading::memory_order::release));
  CHECK(!where.try_replace(nullptr, &two, threading::memory_order::release));
  CHECK(where.load() == &one);
}

TEST_CASE("no change of two threads is lost") {
  threading::atomic<unsigned> sum{0};
  const auto count = [](void* into) noexcept {
    for (int i = 0; i < 20'000; ++i) static_cast<threading::atomic<unsigned>*>(into)->fetch_add(1, threading::memory_order::relaxed);
  };
  tinyhttp::threading::thread other;
  REQUIRE(other.start(count, &sum) == 0);
  count(&sum);
  other.join();
  CHECK(sum.load() == 40'000);
}
