// Forms, as browsers send them.
#include <tinyhttp/http/form.hpp>

#include "catch.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

using namespace tinyhttp;
using namespace std::string_view_literals;

TEST_CASE("a form is read whole or not at all", "[http][form]") {
  struct row {
    std::string_view body;
    std::optional<std::vector<form_entry>> entries;
  };
  using entries = std::vector<form_entry>;
  const row rows[] = {
      {"", entries{}},
      {"&&", entries{}},
      {"a=1&b=2", entries{{"a", "1"}, {"b", "2"}}},
      {"a=1&a=2", entries{{"a", "1"}, {"a", "2"}}},
      {"a+b=c+d", entries{{"a b", "c d"}}},
      {"a%2Bb=%20", entries{{"a+b", " "}}},
      {"a=%26%3D&b", entries{{"a", "&="}, {"b", ""}}},
      {"a=b=c", entries{{"a", "b=c"}}},
      {"%C3%A9=%ff", entries{{"\xc3\xa9", "\xff"}}},
      {"a=%00", entries{{"a", std::string(1, '\0')}}},
      {"a=1\r\n", entries{{"a", "1\r\n"}}},
      {"=x", entries{{"", "x"}}},
      {"a=%", {}},
      {"a=%4", {}},
      {"%zz=1", {}},
      {"a=1&b=%g0", {}},
      {"a=%+1", {}},
      {"a=%\0"sv, {}},
  };
  for (const row& r : rows) {
    CAPTURE(r.body);
    const auto read = parse_form(r.body);
    REQUIRE(read.has_value() == r.entries.has_value());
    if (read) CHECK(*read == *r.entries);
    else CHECK(read.error().status_hint() == 400);
  }
}

TEST_CASE("a form has a bounded number of entries", "[http][form]") {
  std::string body;
  for (int i = 0; i < 1000; ++i) body += "a=1&";
  CHECK(parse_form(body)->size() == 1000);
  body += "a=1";
  REQUIRE_FALSE(parse_form(body));
  CHECK(parse_form(body).error().status_hint() == 413);
  CHECK(parse_form(body).error().message() == "form: too many entries");
  CHECK(parse_form(body, 2000)->size() == 1001);
  CHECK_FALSE(parse_form("a", 0));
  CHECK(parse_form("", 0));
}

TEST_CASE("single values are looked up without reading the rest", "[http][form]") {
  constexpr std::string_view body = "q=hello+world&a%2Bb=1&bad=%&q=2";
  CHECK(form_value(body, "q") == "hello world");
  CHECK(form_value(body, "a+b") == "1");
  CHECK(form_value(body, "bad") == std::nullopt);
  CHECK(form_value(body, "Q") == std::nullopt);
  CHECK(form_value("", "q") == std::nullopt);
}

TEST_CASE("what is encoded reads back", "[http][form]") {
  CHECK(encode_form({}) == "");
  CHECK(encode_form({{"name", "Ada Lovelace"}, {"a&b", "1=2+3"}}) ==
        "name=Ada+Lovelace&a%26b=1%3D2%2B3");
  CHECK(encode_form({{"*-._~", "\r\n\xc3\xa9"}}) == "*-._%7E=%0D%0A%C3%A9");
  std::string all;
  for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
  const std::string body = encode_form({{all, all}, {"", ""}});
  CHECK(parse_form(body).value() == std::vector<form_entry>{{all, all}, {"", ""}});
}
