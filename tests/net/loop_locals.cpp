// tests/net/loop_locals.cpp -- tests net/loop_locals.hpp, and which loop is the current one
#include "catch.hpp"

#include <tinyhttp/core/task.hpp>
#include <tinyhttp/net/loop.hpp>
#include <tinyhttp/net/loop_locals.hpp>

#include <memory>
#include <thread>

using namespace tinyhttp;

namespace {

struct counted {
  explicit counted(int& alive) : alive_(alive) { ++alive_; }
  ~counted() { --alive_; }
  int& alive_;
};

task<net::loop*> who_runs() { co_return net::loop::current(); }

}  // namespace

TEST_CASE("what an owner keeps on a loop is found again, and ends with either", "[net][loop]") {
  int alive = 0;
  const auto make = [&] { return share(new counted(alive)); };
  const auto first = std::make_shared<int>(1);
  auto second = std::make_shared<const int>(2);
  SECTION("with the loop") {
    {
      net::loop on;
      const counted* made = on.locals().of<counted>(first, make).get();
      CHECK(on.locals().of<counted>(first, make).get() == made);
      CHECK(on.locals().of<counted>(second, make).get() != made);
      CHECK(alive == 2);
    }
    CHECK(alive == 0);
  }
  SECTION("with the owner, at the next look") {
    net::loop_locals locals;
    CHECK(locals.of<counted>(second, make));
    CHECK(locals.of<counted>(first, make));
    second.reset();
    CHECK(locals.size() == 2);
    CHECK(locals.of<counted>(first, make));
    CHECK(locals.size() == 1);
    CHECK(alive == 1);
  }
  SECTION("who still uses it keeps it") {
    net::loop_locals locals;
    const auto used = locals.of<counted>(first, make);
    locals.clear();
    CHECK(alive == 1);
  }
}

TEST_CASE("a loop is the current one while it runs, in its thread only", "[net][loop][threads]") {
  net::loop outer;
  net::loop inner;
  CHECK(net::loop::current() == nullptr);
  CHECK(outer.run_until_done(who_runs()) == &outer);
  net::loop* posted = nullptr;
  net::loop* within = nullptr;
  net::loop* elsewhere = &outer;
  outer.post([&] {
    within = inner.run_until_done(who_runs());
    posted = net::loop::current();
    std::thread([&] { elsewhere = net::loop::current(); }).join();
  });
  outer.run_once();
  CHECK(within == &inner);
  CHECK(posted == &outer);
  CHECK(elsewhere == nullptr);
  CHECK(net::loop::current() == nullptr);
}
