// Tests of core/thread.hpp.
#include "catch.hpp"

#include <tinyhttp/core/thread.hpp>

#include <pthread.h>

using tinyhttp::thread;

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
