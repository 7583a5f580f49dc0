// A result is a value or an error, and says which.
#include <tinyhttp/core/result.hpp>

#include "../allocations.hpp"
#include "catch.hpp"

#include <memory>
#include <string>
#include <type_traits>
#include <utility>

using namespace tinyhttp;

namespace {

result<int> half(int n) {
  if (n % 2 != 0) return error(error_kind::invalid_argument, "half: odd", 400);
  return n / 2;
}

result<void> positive(int n) {
  if (n <= 0) return error(error_kind::limit, "positive: too small");
  return {};
}

static_assert(!std::is_default_constructible_v<result<int>>);
static_assert(std::is_default_constructible_v<result<void>>);
static_assert(!std::is_constructible_v<result<int>, std::string>);
static_assert(!std::is_convertible_v<result<int>, bool>, "tested explicitly only");

}  // namespace

TEST_CASE("a result holds a value or an error", "[core][result]") {
  const auto good = half(4);
  REQUIRE(good);
  CHECK(good.has_value());
  CHECK(*good == 2);
  CHECK(good.value() == 2);

  const auto bad = half(3);
  REQUIRE_FALSE(bad);
  CHECK_FALSE(bad.has_value());
  CHECK(bad.error().kind() == error_kind::invalid_argument);
  CHECK(bad.error().message() == "half: odd");
  CHECK(bad.error().status_hint() == 400);
}

TEST_CASE("a result of nothing says only whether it worked", "[core][result]") {
  auto good = positive(1);
  CHECK(good);
  CHECK_NOTHROW(good.value());
  CHECK_NOTHROW(positive(1).value());
  const auto bad = positive(0);
  CHECK_FALSE(bad);
  CHECK(bad.error().status_hint() == 0);
  CHECK_THROWS_AS(bad.value(), bad_result);
  CHECK_THROWS_AS(positive(0).value(), bad_result);
}

TEST_CASE("value() throws what went wrong", "[core][result]") {
  auto bad = half(1);
  CHECK_THROWS_AS(bad.value(), bad_result);
  CHECK_THROWS_AS(std::as_const(bad).value(), bad_result);
  try {
    (void)half(1).value();
    FAIL("nothing was thrown");
  } catch (const bad_result& thrown) {
    CHECK(std::string(thrown.what()) == "half: odd");
    CHECK(thrown.error().kind() == error_kind::invalid_argument);
    CHECK(thrown.error().status_hint() == 400);
  }
}

TEST_CASE("a result moves what it holds", "[core][result]") {
  result<std::unique_ptr<int>> owner = std::make_unique<int>(7);
  REQUIRE(owner);
  CHECK(**owner == 7);
  auto taken = *std::move(owner);
  CHECK(*taken == 7);
  CHECK(*owner == nullptr);

  result<std::unique_ptr<int>> other = std::make_unique<int>(8);
  const std::unique_ptr<int> last = std::move(other).value();
  CHECK(*last == 8);

  result<std::string> text = "abc";
  text->append("d");
  CHECK(*text == "abcd");
  text.value() += 'e';
  const result<std::string> copy = text;
  CHECK(copy->size() == 5);
  text = error(error_kind::closed, "gone");
  CHECK_FALSE(text);
  CHECK(*copy == "abcde");
  auto failed = text;
  CHECK(failed.error().message() == "gone");
  failed = copy;
  CHECK(*failed == "abcde");
}

TEST_CASE("a result destroys what it holds when it ends or holds something else", "[core][result]") {
  const auto watched = std::make_shared<int>(7);
  {
    result<std::shared_ptr<int>> one = watched;
    CHECK(watched.use_count() == 2);
    one = error(error_kind::closed, "gone");
    CHECK(watched.use_count() == 1);
    one = result<std::shared_ptr<int>>(watched);
    result<std::shared_ptr<int>> two = watched;
    CHECK(watched.use_count() == 3);
    auto& same = two;
    two = std::move(same);
    CHECK(*two == watched);
  }
  CHECK(watched.use_count() == 1);
  if (!allocations_are_counted()) return;
  const auto before = octets_held();
  {
    result<int> one = error(error_kind::closed, std::string(1000, 'x'));
    one = 7;
    CHECK(octets_held() == before);
    one = error(error_kind::closed, std::string(1000, 'x'));
  }
  CHECK(octets_held() == before);
}

TEST_CASE("an error can be seen from further out", "[core][result]") {
  const error inner(error_kind::connect, "127.0.0.1:9: connection refused", 502);
  const error outer = inner.within("get http://localhost:9/");
  CHECK(outer.message() == "get http://localhost:9/: 127.0.0.1:9: connection refused");
  CHECK(outer.kind() == error_kind::connect);
  CHECK(outer.status_hint() == 502);
  CHECK(inner.message() == "127.0.0.1:9: connection refused");
}
