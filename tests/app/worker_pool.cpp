#include <tinyhttp/app/worker_pool.hpp>

#include <atomic>
#include <chrono>
#include <memory>
#include <new>
#include <optional>
#include <semaphore>
#include <utility>
#include <vector>

#include "allocations.hpp"
#include "catch.hpp"
#include "no_threads.hpp"

using namespace tinyhttp;

TEST_CASE("a pool runs as many at once as it has threads, and queues up to its bound",
          "[app][threads][worker_pool][limit]") {
  std::counting_semaphore<8> begun(0), go(0);
  std::atomic<int> done = 0;
  std::optional<worker_pool> pool(worker_options{.threads = 2, .waiting = 1});
  const auto work = [&] {
    begun.release();
    go.acquire();
    ++done;
  };
  CHECK(pool->submit(work));
  CHECK(pool->submit(work));
  begun.acquire();
  begun.acquire();  // both run at once
  CHECK(pool->submit(work));
  CHECK(!pool->submit(work));
  go.release(3);
  begun.acquire();
  pool.reset();  // waits for what runs
  CHECK(done == 3);
}

TEST_CASE("a pool that ends drops what has not begun", "[app][threads][worker_pool]") {
  std::binary_semaphore begun(0), go(0);
  auto held = std::make_shared<int>(0);
  std::optional<worker_pool> pool(worker_options{.threads = 1, .waiting = 8});
  CHECK(pool->submit([&] {
    begun.release();
    go.acquire();
  }));
  begun.acquire();
  CHECK(pool->submit([held] { ++*held; }));
  CHECK(held.use_count() == 2);
  // Whichever of the two comes first: the second work is either dropped or done, and let go of.
  go.release();
  pool.reset();
  CHECK(held.use_count() == 1);
}

TEST_CASE("a pool that ends takes no more, not even from its own work", "[app][threads][worker_pool]") {
  struct releasing {
    std::binary_semaphore& once_gone;
    ~releasing() { once_gone.release(); }
  };
  std::binary_semaphore begun(0), ending(0);
  bool ends = false, taken = true;
  {
    worker_pool pool({.threads = 1, .waiting = 8});
    auto last = std::make_shared<releasing>(ending);
    CHECK(pool.submit([&] {
      begun.release();
      ends = ending.try_acquire_for(std::chrono::seconds(10));
      taken = pool.submit([] {});
    }));
    begun.acquire();
    CHECK(pool.submit([held = std::move(last)] {}));  // dropped
  }
  CHECK(ends);
  CHECK_FALSE(taken);
}

TEST_CASE("work is begun in the order in which it came", "[app][threads][worker_pool]") {
  std::counting_semaphore<64> go(0), done(0);
  std::vector<int> order;
  worker_pool pool({.threads = 1, .waiting = 64});
  CHECK(pool.submit([&] { go.acquire(); }));
  std::vector<int> expected;
  for (int i = 0; i < 40; ++i) {
    expected.push_back(i);
    CHECK(pool.submit([&order, &done, i] {
      order.push_back(i);
      done.release();
    }));
  }
  go.release();
  for (int i = 0; i < 40; ++i) done.acquire();
  CHECK(order == expected);
}

TEST_CASE("a pool of no threads has one", "[app][threads][worker_pool]") {
  std::binary_semaphore ran(0);
  worker_pool pool({.threads = 0, .waiting = 0});
  CHECK(pool.submit([&] { ran.release(); }));
  ran.acquire();
}

TEST_CASE("work waits for a thread that is there when there is no memory for a further one", "[app][threads][worker_pool]") {
  if (!allocations_are_counted()) return;
  std::binary_semaphore begun(0), go(0), done(0);
  worker_pool pool({.threads = 4, .waiting = 100});
  CHECK(pool.submit([&] {
    begun.release();
    go.acquire();
  }));
  begun.acquire();
  fail_allocation_after(0);
  bool taken = false;
  try {
    taken = pool.submit([&] { done.release(); });
  } catch (const std::bad_alloc&) {  // what is wrong here
  }
  const bool failed = allocation_has_failed();
  fail_allocation_after(-1);
  go.release();
  CHECK(taken);
  CHECK(failed);
  if (taken) done.acquire();
}

#if defined(__GLIBC__)
TEST_CASE("a pool that gets no further thread keeps to its bound with those it has", "[app][threads][worker_pool][limit]") {
  std::binary_semaphore begun(0), go(0);
  worker_pool pool({.threads = 4, .waiting = 1});
  CHECK(pool.submit([&] {
    begun.release();
    go.acquire();
  }));
  begun.acquire();
  bool taken = false, refused = false;
  {
    const no_threads none;
    taken = pool.submit([] {});
    refused = !pool.submit([] {});
  }
  go.release();
  CHECK(taken);
  CHECK(refused);
}
#endif
