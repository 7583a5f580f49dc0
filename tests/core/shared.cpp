#include <tinyhttp/core/shared.hpp>

#include "catch.hpp"

#include <memory>
#include <string>

using tinyhttp::share;

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
  const auto owner = share<std::string>(made);
  CHECK(owner.get() == made);
  CHECK(owner.use_count() == 1);
}
