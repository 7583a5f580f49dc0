// Tests of core/thread.hpp.
#include "catch.hpp"

#include <tinyhttp/core/thread.hpp>

#include <pthread.h>

using tinyhttp::threading::thread;
using tinyhttp::threading::condition;

namespace {

struct note {
  pthread_t by = {};
  int calls = 0;
};

void take(void* into) noexcept {
  auto& seen = *static_cast<note*>(into);
  seen.by = ::pthread_self();
  ++seen.calls;
}

}  // namespace

TEST_CASE("a thread calls its function once, beside its starter, and join waits until it has returned") {
  note seen;
  thread one;
  REQUIRE(one.start(take, &seen) == 0);
  one.join();
  CHECK(seen.calls == 1);
  CHECK(::pthread_equal(seen.by, ::pthread_self()) == 0);
}

TEST_CASE("a thread that was joined can be started again, and joined twice") {
  note seen;
  thread one;
  for (int i = 0; i < 2; ++i) {
    REQUIRE(one.start(take, &seen) == 0);
    one.join();
    one.join();
  }
  CHECK(seen.calls == 2);
}

TEST_CASE("a thread that was never started has nothing to join") {
  thread none;
  none.join();
  SUCCEED("it came back");
}

TEST_CASE("who waits for a condition goes on once it is notified, and holds the mutex again") {
  struct shared_state {
    std::mutex mutex;
    condition changed;
    int turn = 0;
  } state;
  thread other;
  REQUIRE(other.start(
              [](void* of) noexcept {
                auto& with = *static_cast<shared_state*>(of);
                const std::lock_guard lock(with.mutex);
                with.turn = 1;
                with.changed.notify_one();
                while (with.turn != 2) with.changed.wait(with.mutex);
                with.turn = 3;
                with.changed.notify_all();
              },
              &state) == 0);
  {
    const std::lock_guard lock(state.mutex);
    while (state.turn != 1) state.changed.wait(state.mutex);
    state.turn = 2;
    state.changed.notify_one();
    while (state.turn != 3) state.changed.wait(state.mutex);
  }
  other.join();
  CHECK(state.turn == 3);
}

TEST_CASE("a thread sleeps no shorter than it is told, and not at all for nothing") {
  const auto before = std::chrono::steady_clock::now();
  thread::sleep_for(std::chrono::milliseconds(-5'000));
  thread::sleep_for(std::chrono::microseconds(300));
  const auto took = std::chrono::steady_clock::now() - before;
  CHECK(took >= std::chrono::microseconds(300));
  CHECK(took < std::chrono::milliseconds(5'000));
}
