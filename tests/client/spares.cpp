// tests/client/spares.cpp -- tests client/spares.hpp
#include "catch.hpp"

#include <tinyhttp/client/spares.hpp>

#include <string>

using namespace tinyhttp;

namespace {

struct page {
  std::string text;
  void clear() noexcept { text.clear(); }
};

}  // namespace

TEST_CASE("what was given back is lent again, empty, with its memory", "[client]") {
  spares<page, 2> some;
  const char* memory = nullptr;
  {
    const spares<page, 2>::loan first(some);
    (*first).text.assign(1000, 'x');
    memory = (*first).text.data();
    CHECK(some.size() == 0);
  }
  CHECK(some.size() == 1);
  const spares<page, 2>::loan again(some);
  CHECK((*again).text.empty());
  CHECK((*again).text.data() == memory);
}

TEST_CASE("no more are kept than allowed", "[client]") {
  spares<page, 2> some;
  {
    const spares<page, 2>::loan a(some), b(some), c(some);
  }
  CHECK(some.size() == 2);
}
