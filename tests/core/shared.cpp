#include <tinyhttp/core/shared.hpp>

#include "catch.hpp"

#include <memory>
#include <string>
#include <utility>

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
  std::shared_ptr<const counted> first = share<const counted>(new counted(alive));
  std::shared_ptr<void> last = std::const_pointer_cast<counted>(first);
  CHECK(first.use_count() == 2);
  first.reset();
  CHECK(alive == 1);
  last.reset();
  CHECK(alive == 0);
}

TEST_CASE("what is shared is the object that was made", "[core][shared]") {
  auto* const made = new std::string("a");
  const std::shared_ptr<std::string> owner = share(made);
  CHECK(owner.get() == made);
  CHECK(owner.use_count() == 1);
  std::weak_ptr<std::string> watcher = owner;
  CHECK(watcher.lock() == owner);
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
  CHECK(part.get() == second);
  const std::shared_ptr<const counted> outside(std::move(part).owner(), second);
  CHECK_FALSE(part);
  CHECK(outside.use_count() == 1);
  part = shared<const counted>();
  CHECK(alive == 2);
}
