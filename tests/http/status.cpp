#include <tinyhttp/http/status.hpp>

#include <cctype>
#include <climits>
#include <stdexcept>

#include "catch.hpp"

using namespace tinyhttp;

static_assert(status() == status::ok);
static_assert(status(404) == status::not_found);
static_assert(status::not_found.reason() == "Not Found");

TEST_CASE("a status has three digits", "[http][status][rfc9110-15]") {
  for (const int code : {INT_MIN, -100, -1, 0, 1, 99, 1000, 65636, INT_MAX}) {
    CAPTURE(code);
    CHECK_THROWS_AS(status(code), std::invalid_argument);
  }
  for (const int code : {100, 199, 299, 418, 599, 600, 999}) CHECK(status(code).code() == code);
}

TEST_CASE("every status belongs to the class of its first digit", "[http][status][rfc9110-15]") {
  for (int code = 100; code <= 999; ++code) {
    const status s(code);
    const int classes[] = {s.is_informational(), s.is_success(), s.is_redirection(),
                           s.is_client_error(), s.is_server_error()};
    for (int i = 0; i < 5; ++i)
      if ((classes[i] == 1) != (code / 100 == i + 1)) FAIL_CHECK(code << " class " << i + 1);
  }
  SUCCEED();
}

TEST_CASE("informational responses, 204 and 304 have no content", "[http][status][rfc9112-6.3]") {
  for (int code = 100; code <= 999; ++code)
    if (status(code).forbids_content() != (code < 200 || code == 204 || code == 304))
      FAIL_CHECK(code);
  SUCCEED();
}

TEST_CASE("a reason phrase is printable or not there", "[http][status][rfc9112-4]") {
  int named = 0;
  for (int code = 100; code <= 999; ++code) {
    const auto reason = status(code).reason();
    named += !reason.empty();
    for (const char c : reason)
      if (!(std::isalpha(static_cast<unsigned char>(c)) || c == ' ' || c == '-')) FAIL_CHECK(code);
  }
  CHECK(named >= 60);
  CHECK(status(418).reason().empty());  // "(Unused)" in the registry
  CHECK(status(306).reason().empty());
  CHECK(status::content_too_large.reason() == "Content Too Large");
}

TEST_CASE("a status as text is its code, and its phrase if it has one", "[http][status]") {
  CHECK(status::not_found.to_string() == "404 Not Found");
  CHECK(status(299).to_string() == "299");
}
