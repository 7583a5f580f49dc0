#include <tinyhttp/http/method.hpp>

#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "catch.hpp"

using namespace tinyhttp;

TEST_CASE("a method promises what RFC 9110 says of its name", "[http][method][rfc9110-9.2]") {
  struct row {
    std::string_view name;
    bool safe;
    bool idempotent;
  };
  const auto [name, safe, idempotent] = GENERATE(values<row>({
      {"GET", true, true},
      {"HEAD", true, true},
      {"OPTIONS", true, true},
      {"TRACE", true, true},
      {"PUT", false, true},
      {"DELETE", false, true},
      {"POST", false, false},
      {"PATCH", false, false},
      {"CONNECT", false, false},
      {"BREW", false, false},
      {"get", false, false},  // case-sensitive: another method
  }));
  CAPTURE(name);
  const method m(name);
  CHECK(m.name() == name);
  CHECK(m.is_safe() == safe);
  CHECK(m.is_idempotent() == idempotent);
}

TEST_CASE("methods are equal when their names are, whatever way they came about",
          "[http][method]") {
  CHECK(method() == method::get);
  CHECK(method("DELETE") == method::delete_);
  CHECK(method("get") != method::get);
  CHECK(method("BREW") == method("BREW"));
  CHECK(method("BREW") != method("BREWS"));
  method m("BREW");
  CHECK(m.assign("PUT"));
  CHECK(m == method::put);  // nothing is left of the other name
}

TEST_CASE("only a token is a method", "[http][method][rfc9110-5.6.2][security]") {
  const std::string text = GENERATE(
      std::string(), std::string("GE T"), std::string("GET\r\nX"), std::string("GET\0", 4),
      std::string("G\xc3\xa9T"), std::string("GET/"), std::string("\"GET\""), std::string(" GET"));
  CAPTURE(text);
  CHECK_THROWS_AS(method(text), std::invalid_argument);
  method m("BREW");
  CHECK(!m.assign(text));
  CHECK(m.name() == "BREW");
}

TEST_CASE("every octet is judged in a method as the grammar has it",
          "[http][method][rfc9110-5.6.2]") {
  const std::string_view tchar =
      "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  for (int octet = 0; octet < 256; ++octet) {
    const std::string text(1, static_cast<char>(octet));
    method m;
    if (m.assign(text) != (tchar.find(text[0]) != tchar.npos)) FAIL_CHECK("octet " << octet);
  }
  SUCCEED();
}

TEST_CASE("methods of other protocols are copied, and told apart by their names", "[http][method]") {
  const method brew("BREW");
  method copy;
  copy = brew;
  CHECK(copy.name() == "BREW");
  CHECK(copy == brew);
  CHECK(method("POUR") != brew);
  CHECK(method::get != brew);
  copy = method(method::put);
  CHECK(copy == method::put);
  CHECK(copy.name() == "PUT");
}

TEST_CASE("a method may be assigned its own name", "[http][method]") {
  method m("A-METHOD-WITH-A-LONG-NAME");
  CHECK(m.assign(m.name().substr(2)));
  CHECK(m.name() == "METHOD-WITH-A-LONG-NAME");
}
