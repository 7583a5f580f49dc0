#include <tinyhttp/core/shared.hpp>

#include "../allocations.hpp"
#include "catch.hpp"

#include <memory>
#include <new>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

using tinyhttp::share;
using tinyhttp::shared;

namespace {

struct counted {
  explicit counted(int& alive) : alive_(alive) { ++alive_; }
  counted(const counted&) = delete;
  counted& operator=(const counted&) = delete;
  ~counted() { --alive_; }
  int& alive_;
};

}  // namespace

TEST_CASE("what is shared is destroyed as what it is, with its last owner", "[core][shared]") {
  int alive = 0;
  shared<const counted> first = share<const counted>(new counted(alive));
  shared<const counted> last = first;
  CHECK(first.use_count() == 2);
  first.reset();
  CHECK(alive == 1);
  last.reset();
  CHECK(alive == 0);
}

TEST_CASE("what is shared is the object that was made", "[core][shared]") {
  auto* const made = new std::string("a");
  const shared<std::string> owner = share(made);
  CHECK(owner.get() == made);
  CHECK(owner.use_count() == 1);
  CHECK(shared<std::string>().use_count() == 0);
}

TEST_CASE("who stays inside shares the same way, parts too, and leaves nothing where it is moved from", "[core][shared]") {
  struct pair {
    explicit pair(int& alive) : first(alive), second(alive) {}
    counted first, second;
  };
  int alive = 0;
  shared<const pair> whole(new pair(alive));
  auto copy = whole;
  CHECK(copy.get() == whole.get());
  shared<const counted> part(whole, &whole->second);
  const auto* const second = &whole->second;
  whole.reset();
  CHECK_FALSE(whole);
  shared<const pair> moved(std::move(copy));
  CHECK_FALSE(copy);
  moved = nullptr;
  CHECK(alive == 2);
  shared<const counted> other(new counted(alive));
  CHECK(alive == 3);
  other = std::move(part);
  CHECK(alive == 2);
  CHECK(other.get() == second);
  CHECK_FALSE(part);
  part = std::move(other);
  CHECK(part.get() == second);
  shared<const counted> last(std::move(part), second);
  CHECK_FALSE(part);
  CHECK(last.use_count() == 1);
  part = shared<const counted>();
  CHECK(alive == 2);
  last.reset();
  CHECK(alive == 0);
}

TEST_CASE("what is made is destroyed as what it is, though it is shared as a part of it", "[core][shared]") {
  struct first {
    int octets[4] = {};
  };
  struct second {
    int number = 7;
  };
  struct both : first, second, counted {
    explicit both(int& alive) : counted(alive) {}
  };
  int alive = 0;
  {
    const shared<const second> one(new both(alive));
    CHECK(one->number == 7);
    CHECK(alive == 1);
    CHECK(one.use_count() == 1);
  }
  CHECK(alive == 0);
}

TEST_CASE("who assigns one to itself keeps it", "[core][shared]") {
  int alive = 0;
  shared<counted> one(new counted(alive));
  auto& same = one;
  one = same;
  one = std::move(same);
  CHECK(alive == 1);
  CHECK(one.use_count() == 1);
}

TEST_CASE("one takes over what a std::unique_ptr owns", "[core][shared]") {
  std::weak_ptr<int> watched;
  {
    auto inside = std::make_shared<int>(7);
    watched = inside;
    struct keeper {
      std::shared_ptr<int> kept;
    };
    shared<keeper> taken = std::unique_ptr<keeper>(new keeper{std::move(inside)});
    const shared<const keeper> other(taken);
    taken = std::unique_ptr<keeper>();
    CHECK(!taken);
    CHECK(*other->kept == 7);
  }
  CHECK(watched.expired());
}

TEST_CASE("one holds what a std::shared_ptr shares, as a base, too, and lets go of it with the last copy", "[core][shared]") {
  struct base {
    virtual ~base() = default;
    int one = 1;
  };
  struct other {
    virtual ~other() = default;
    int two = 2;
  };
  struct both : other, base {};
  auto outside = std::make_shared<both>();
  shared<const base> inside = outside;
  CHECK(inside.get() == static_cast<base*>(outside.get()));
  CHECK(outside.use_count() == 2);
  const shared<const base> copy = inside;
  CHECK(outside.use_count() == 2);  // what holds it is shared
  CHECK(copy.use_count() == 2);
  inside = std::shared_ptr<base>();
  CHECK_FALSE(inside);
  CHECK(inside == nullptr);
  const std::weak_ptr<both> watcher = outside;
  outside.reset();
  CHECK_FALSE(watcher.expired());
  CHECK(copy->one == 1);
}

TEST_CASE("one of a type becomes one of its base, where the base is", "[core][shared]") {
  struct base {
    virtual ~base() = default;
    int one = 1;
  };
  struct other {
    virtual ~other() = default;
    int two = 2;
  };
  struct both : other, base {};
  shared<both> made = share(new both);
  const shared<const base> seen = made;
  CHECK(seen.get() == static_cast<base*>(made.get()));
  CHECK(made.use_count() == 2);
  const shared<base> moved = std::move(made);
  CHECK(moved == seen);
  CHECK(moved.use_count() == 2);
  CHECK_FALSE(made);
  CHECK_FALSE(std::is_convertible_v<shared<const base>, shared<base>>);
  CHECK_FALSE(std::is_convertible_v<shared<base>, shared<both>>);
  CHECK_FALSE(std::is_convertible_v<base*, shared<base>>);
}

TEST_CASE("copies in several threads destroy what they share once", "[core][shared]") {
  int alive = 0;
  shared<counted> one(new counted(alive));
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([mine = one]() mutable {
      for (int turn = 0; turn < 1000; ++turn) {
        auto copy = mine;
        mine = std::move(copy);
      }
    });
  one.reset();
  for (auto& each : threads) each.join();
  threads.clear();
  CHECK(alive == 0);
}

TEST_CASE("what is shared and what counts its owners go together, also where there is no memory to count them", "[core][shared][allocations]") {
  if (!allocations_are_counted()) return;
  const auto before = octets_held();
  int alive = 0;
  {
    const shared<const counted> one(new counted(alive));
    const shared<const counted> two = one;
    const shared<const counted> none(static_cast<counted*>(nullptr));
    CHECK_FALSE(none);
    CHECK(none.use_count() == 0);
  }
  CHECK(octets_held() == before);
  auto* const made = new counted(alive);
  fail_allocation_after(0);
  CHECK_THROWS_AS(share(made), std::bad_alloc);
  fail_allocation_after(-1);
  CHECK(alive == 0);
}
