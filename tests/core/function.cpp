// A function owns its target, wherever it keeps it, and destroys it once.
#include <tinyhttp/core/function.hpp>

#include "catch.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

using namespace tinyhttp;

namespace {

/// Counts the objects that live, and carries `Size` octets about.
template <std::size_t Size, bool NothrowMove = true>
struct counted {
  explicit counted(int& counter) : living(&counter) { ++*living; }
  counted(counted&& other) noexcept(NothrowMove) : living(other.living) { ++*living; }
  counted(const counted& other) : living(other.living) { ++*living; }
  counted& operator=(counted&&) = delete;
  ~counted() { --*living; }
  int operator()(int n) const { return n + 1; }

  int* living;
  std::array<char, Size> ballast{};
};

int twice(int n) { return 2 * n; }

struct only_while_mutable {
  void operator()() {}
};

static_assert(!std::is_copy_constructible_v<function<void()>>);
static_assert(std::is_nothrow_move_constructible_v<function<void()>>);
static_assert(std::is_nothrow_move_assignable_v<function<void()>>);
static_assert(!std::is_constructible_v<function<int()>, int>);
static_assert(!std::is_constructible_v<function<void(int)>, void (*)()>);
static_assert(!std::is_constructible_v<function<void() const>, only_while_mutable>,
              "what is called while const must be callable while const");

}  // namespace

TEST_CASE("a function calls what it was made of", "[core][function]") {
  function<int(int)> empty;
  CHECK_FALSE(empty);

  function<int(int)> pointer = twice;
  REQUIRE(pointer);
  CHECK(pointer(4) == 8);

  int calls = 0;
  function<int(int)> counting = [&calls](int n) { return n + ++calls; };
  CHECK(counting(1) == 2);
  CHECK(counting(1) == 3);

  function<int(int)> stateful = [n = 0](int add) mutable { return n += add; };
  CHECK(stateful(2) == 2);
  CHECK(stateful(3) == 5);

  const function<int(int) const> constant = [](int n) { return -n; };
  CHECK(constant(4) == -4);
}

TEST_CASE("arguments and values pass through unchanged", "[core][function]") {
  function<std::unique_ptr<int>(std::unique_ptr<int>)> pass = [](std::unique_ptr<int> p) {
    ++*p;
    return p;
  };
  CHECK(*pass(std::make_unique<int>(1)) == 2);

  function<int&(int&)> same = [](int& n) -> int& { return n; };
  int n = 0;
  CHECK(&same(n) == &n);

  function<std::size_t(const std::string&, std::string&&)> sizes = [](const std::string& a,
                                                                      std::string&& b) {
    return a.size() + std::string(std::move(b)).size();
  };
  CHECK(sizes("ab", "cde") == 5);
}

TEMPLATE_TEST_CASE("a target lives as long as its function", "[core][function]", (counted<1>),
                   (counted<24>), (counted<25>), (counted<1000>), (counted<1, false>)) {
  int living = 0;
  {
    function<int(int)> one = TestType(living);
    CHECK(living == 1);
    function<int(int)> two = std::move(one);
    CHECK(living == 1);
    CHECK_FALSE(one);
    CHECK(two(1) == 2);

    one = std::move(two);
    CHECK(living == 1);
    CHECK_FALSE(two);

    two = TestType(living);
    CHECK(living == 2);
    two = std::move(one);  // the old target goes
    CHECK(living == 1);
    CHECK(two(5) == 6);

    function<int(int)>& alias = two;
    two = std::move(alias);
    CHECK(living == 1);
    CHECK(two(5) == 6);

    two = function<int(int)>();
    CHECK(living == 0);
    CHECK_FALSE(two);

    one = function<int(int)>();
    CHECK_FALSE(one);
    one = TestType(living);
    two = TestType(living);
    CHECK(living == 2);
  }
  CHECK(living == 0);
}

TEST_CASE("move-only and over-aligned targets are kept", "[core][function]") {
  function<int()> owner = [p = std::make_unique<int>(7)] { return *p; };
  function<int()> moved = std::move(owner);
  CHECK(moved() == 7);

  struct alignas(64) wide {
    bool operator()() const { return reinterpret_cast<std::uintptr_t>(this) % 64 == 0; }
  };
  function<bool()> aligned = wide{};
  function<bool()> aligned_too = std::move(aligned);
  CHECK(aligned_too());
}

TEST_CASE("what a target throws passes through", "[core][function]") {
  function<void()> throws = [] { throw std::runtime_error("thrown"); };
  CHECK_THROWS_AS(throws(), std::runtime_error);
  CHECK(throws);

  struct refuses {
    refuses() = default;
    refuses(const refuses&) { throw std::runtime_error("no copy"); }
    void operator()() const {}
  };
  const refuses target;
  CHECK_THROWS_AS(function<void()>(target), std::runtime_error);
}
