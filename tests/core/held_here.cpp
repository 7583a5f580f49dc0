// tests/core/held_here.cpp -- tests core/held_here.hpp
#include "catch.hpp"

#include <tinyhttp/core/held_here.hpp>

#include <memory>
#include <stdexcept>
#include <utility>

using namespace tinyhttp;

namespace {

/// Can be neither copied nor moved, and says who lives.
struct counted {
  explicit counted(int& living) : alive(living) { ++alive; }
  counted(const counted&) = delete;
  ~counted() { --alive; }
  int& alive;
};

}  // namespace

TEST_CASE("what is held is made in its place, and destroyed once", "[core][held_here]") {
  int first = 0, second = 0;
  {
    held_here<counted> holder;
    CHECK_FALSE(holder);
    holder.reset();
    CHECK(&holder.make([&] { return counted(first); }) == &*holder);
    CHECK(holder);
    CHECK(first == 1);
    holder.make([&] { return counted(second); });
    CHECK(first == 0);
    CHECK(second == 1);
    holder.emplace(first);
    CHECK(first == 1);
    CHECK(second == 0);
    holder.reset();
    CHECK_FALSE(holder);
    CHECK(first == 0);
    holder.emplace(second);
  }
  CHECK(second == 0);
}

TEST_CASE("nothing is held when making it throws", "[core][held_here]") {
  int living = 0;
  held_here<counted> holder;
  holder.emplace(living);
  CHECK_THROWS_AS(holder.make([]() -> counted { throw std::runtime_error("not made"); }), std::runtime_error);
  CHECK_FALSE(holder);
  CHECK(living == 0);
}

TEST_CASE("what is held moves, and what was held before is destroyed", "[core][held_here]") {
  const auto watched = std::make_shared<int>(7);
  held_here<std::shared_ptr<int>> one, two, none;
  one.emplace(watched);
  held_here<std::shared_ptr<int>> moved(std::move(one));
  CHECK(*moved == watched);
  CHECK(watched.use_count() == 2);
  two.emplace(std::make_shared<int>(8));
  two = std::move(moved);
  CHECK(*two == watched);
  CHECK(watched.use_count() == 2);
  auto& same = two;
  two = std::move(same);
  REQUIRE(two);
  CHECK(*two == watched);
  two = std::move(none);
  CHECK_FALSE(two);
  CHECK(watched.use_count() == 1);
  const held_here<std::shared_ptr<int>> empty(std::move(none));
  CHECK_FALSE(empty);
}
