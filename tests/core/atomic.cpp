// Tests of core/atomic.hpp.
#include "catch.hpp"

#include <tinyhttp/core/atomic.hpp>
#include <tinyhttp/core/thread.hpp>

#include <cstdint>

using tinyhttp::atomic;
using tinyhttp::memory_order;

TEST_CASE("what is changed gives what was there before") {
  sync::atomic<std::int64_t> number{-1};
  CHECK(number.exchange(5, sync::memory_order::acq_rel) == -1);
  CHECK(number.fetch_add(3, sync::memory_order::relaxed) == 5);
  CHECK(number.fetch_sub(1) == 8);
  CHECK(number.load(sync::memory_order::acquire) == 7);
  number.store(std::int64_t{1} << 40, sync::memory_order::release);
  CHECK(number.load() == std::int64_t{1} << 40);
}

TEST_CASE("what is replaced only where it is as expected stays where it is not") {
  int one = 1, two = 2;
  sync::atomic<int*> where;
  CHECK(where.load() == nullptr);
  CHECK(where.try_replace(nullptr, &one, sync::memory_order::release));
  CHECK(!where.try_replace(nullptr, &two, sync::memory_order::release));
  CHECK(where.load() == &one);
}

TEST_CASE("no change of two threads is lost") {
  sync::atomic<unsigned> sum{0};
  const auto count = [](void* into) noexcept {
    for (int i = 0; i < 20'000; ++i) static_cast<sync::atomic<unsigned>*>(into)->fetch_add(1, sync::memory_order::relaxed);
  };
  tinyhttp::sync::thread other;
  REQUIRE(other.start(count, &sum) == 0);
  count(&sum);
  other.join();
  CHECK(sum.load() == 40'000);
}
