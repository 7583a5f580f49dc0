#include <tinyhttp/app/worker_call.hpp>
#include <tinyhttp/core/task.hpp>

#include <memory>
#include <semaphore>
#include <thread>

#include "../manual_context.hpp"
#include "catch.hpp"

using namespace tinyhttp;

namespace {

template <class Work>
task<std::thread::id> wait_for(worker_pool& pool, request_context* loop, Work work) {
  worker_call<Work> call(pool, loop, std::move(work));
  co_return co_await call;
}

}  // namespace

TEST_CASE("a coroutine gets from a worker what its work returned", "[app][threads][worker_call]") {
  worker_pool pool({});
  manual_context loop;
  auto waiting = wait_for(pool, &loop, [] { return std::this_thread::get_id(); });
  waiting.start();
  CHECK_FALSE(waiting.done());  // nobody but the loop lets it go on
  loop.run_one();
  REQUIRE(waiting.done());
  CHECK(waiting.take() != std::this_thread::get_id());
}

TEST_CASE("without a loop, or room in the pool, work is done in place", "[app][threads][worker_call]") {
  worker_pool pool({.threads = 1, .waiting = 0});
  auto at_once = wait_for(pool, nullptr, [] { return std::this_thread::get_id(); });
  at_once.start();
  REQUIRE(at_once.done());
  CHECK(at_once.take() == std::this_thread::get_id());

  manual_context loop;
  std::binary_semaphore begun(0), go(0);
  auto first = wait_for(pool, &loop, [&] {
    begun.release();
    go.acquire();
    return std::thread::id();
  });
  first.start();
  begun.acquire();
  auto second = wait_for(pool, &loop, [] { return std::this_thread::get_id(); });
  second.start();
  REQUIRE(second.done());
  CHECK(second.take() == std::this_thread::get_id());
  go.release();
  loop.run_one();
  CHECK(first.done());
}

TEST_CASE("work goes on when nobody waits for it any longer, and keeps what it owns", "[app][threads][worker_call][cancel]") {
  std::binary_semaphore begun(0), gone(0);
  const auto owned = std::make_shared<int>(0);
  auto loop = std::make_unique<manual_context>();
  {
    worker_pool pool({});
    {
      auto given_up = wait_for(pool, loop.get(), [&begun, &gone, owned] {
        begun.release();
        gone.acquire();
        *owned = 1;
        return std::thread::id();
      });
      given_up.start();
      begun.acquire();
    }
    loop.reset();
    gone.release();
  }  // waits for the worker
  CHECK(*owned == 1);
  CHECK(owned.use_count() == 1);
}
