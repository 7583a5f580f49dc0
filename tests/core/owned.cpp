#include <tinyhttp/core/owned.hpp>

#include "catch.hpp"

#include <utility>

using tinyhttp::owned;

namespace {

struct counted {
  explicit counted(int& alive) : alive_(alive) { ++alive_; }
  counted(const counted&) = delete;
  ~counted() { --alive_; }
  int& alive_;
};

}  // namespace

TEST_CASE("an owned object goes with its owner, once, however often the owner is moved") {
  int alive = 0;
  {
    owned<counted> first(new counted(alive));
    owned<counted> second(std::move(first));
    CHECK_FALSE(first);
    CHECK(second);
    first = std::move(second);
    CHECK(first);
    CHECK(second.get() == nullptr);
    CHECK(alive == 1);
  }
  CHECK(alive == 0);
}

TEST_CASE("an owner that is given another object destroys the one before") {
  int alive = 0, others = 0;
  owned<counted> holder(new counted(alive));
  holder.reset(new counted(others));
  CHECK(alive == 0);
  CHECK(others == 1);
  holder = owned<counted>();
  CHECK(others == 0);
}

TEST_CASE("an owner moved to itself keeps its object, and one that gives it up does not destroy it") {
  int alive = 0;
  owned<counted> holder(new counted(alive));
  auto& same = holder;
  holder = std::move(same);
  REQUIRE(holder);
  CHECK(alive == 1);
  counted* const given = holder.release();
  CHECK_FALSE(holder);
  CHECK(alive == 1);
  delete given;
}
