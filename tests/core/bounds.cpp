// A number within another, also where the two have different types.
#include "catch.hpp"

#include <tinyhttp/core/bounds.hpp>

#include <cstdint>
#include <type_traits>

using tinyhttp::at_most;

TEST_CASE("a number of any size is kept within a bound, as a number of the bound's type", "[core][bounds]") {
  const std::uint64_t large = (std::uint64_t{1} << 32) + 1, small = 2;
  const std::uint32_t bound = 3;
  static_assert(std::is_same_v<decltype(at_most(large, bound)), std::uint32_t>);
  CHECK(at_most(large, bound) == 3);
  CHECK(at_most(small, bound) == 2);
  CHECK(at_most(bound, small) == 2);
  CHECK(at_most(bound, large) == 3);
  CHECK(at_most(-5, 3) == -5);
}
