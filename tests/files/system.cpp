#include <tinyhttp/files/system.hpp>

#include <string>

#include "catch.hpp"

using namespace tinyhttp;

TEST_CASE("a random token is 48 hexadecimal digits, and another one each time", "[files][random]") {
  const std::string one = random_token();
  CHECK(one.size() == 48);
  CHECK(one.find_first_not_of("0123456789abcdef") == std::string::npos);
  CHECK(random_token() != one);
}
