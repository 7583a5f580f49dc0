// Percent-encoding: read strictly, written for each part of a URL.
#include <tinyhttp/http/percent.hpp>

#include "catch.hpp"

#include <optional>
#include <string>
#include <string_view>

using namespace tinyhttp;
using namespace std::string_view_literals;

static_assert(is_percent_encoded("a%20b%2F") && !is_percent_encoded("100%"));

TEST_CASE("escapes are decoded once and strictly", "[http][percent][rfc3986-2.1]") {
  struct row {
    std::string_view text;
    std::optional<std::string> decoded;
  };
  const row rows[] = {
      {"", ""},
      {"abc", "abc"},
      {"a%20b", "a b"},
      {"%2f%2F", "//"},
      {"%2e%2E", ".."},
      {"%c3%a9", "\xc3\xa9"},
      {"%ff", "\xff"},  // octets, not characters
      {"a+b", "a+b"},
      {"%2B", "+"},
      {"%25", "%"},
      {"%2541", "%41"},  // once
      {"%00", std::string(1, '\0')},
      {"a%00b", std::string("a\0b", 3)},
      {"%0d%0a", "\r\n"},
      {"\xc3\xa9", "\xc3\xa9"},
      {"%", {}},
      {"%4", {}},
      {"a%", {}},
      {"%%", {}},
      {"%%41", {}},
      {"%4g", {}},
      {"%g4", {}},
      {"% 41", {}},
      {"%+4", {}},
      {"%-1", {}},
      {"%0x", {}},
      {"%u0041", {}},
      {"%4\0"sv, {}},
      {"%\0"sv, {}},
      {"good%20then%zz", {}},
  };
  for (const row& r : rows) {
    CAPTURE(r.text);
    CHECK(percent_decode(r.text) == r.decoded);
    CHECK(is_percent_encoded(r.text) == r.decoded.has_value());
  }
}

TEST_CASE("each part of a URL keeps its own delimiters", "[http][percent][rfc3986-3.3]") {
  constexpr std::string_view text = "aZ0-._~ !$&'()*+,;=:@/?#[]%\"<>\\^`{|}\xc3\xa9";
  constexpr std::string_view tail = "%23%5B%5D%25%22%3C%3E%5C%5E%60%7B%7C%7D%C3%A9";
  CHECK(percent_encode(text, unescaped::segment) ==
        "aZ0-._~%20!$&'()*+,;=:@%2F%3F" + std::string(tail));
  CHECK(percent_encode(text, unescaped::path) == "aZ0-._~%20!$&'()*+,;=:@/%3F" + std::string(tail));
  CHECK(percent_encode(text, unescaped::query) == "aZ0-._~%20!$&'()*+,;=:@/?" + std::string(tail));
  CHECK(percent_encode(text) ==
        "aZ0-._~%20%21%24%26%27%28%29%2A%2B%2C%3B%3D%3A%40%2F%3F" + std::string(tail));
}

TEST_CASE("every octet survives encoding and decoding", "[http][percent]") {
  std::string all;
  for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
  for (const auto kept :
       {unescaped::nothing, unescaped::segment, unescaped::path, unescaped::query}) {
    const std::string encoded = percent_encode(all, kept);
    for (const char c : encoded) REQUIRE(ascii::is_target_octet(c));
    CHECK(percent_decode(encoded) == all);
  }
}

TEST_CASE("missing escapes are added, standing ones left alone", "[http][percent]") {
  struct row {
    std::string_view text, escaped;
  };
  const row rows[] = {
      {"", ""},
      {"/a b", "/a%20b"},
      {"/a%20b", "/a%20b"},
      {"/a%2fb", "/a%2fb"},
      {"/100%", "/100%25"},
      {"/%zz", "/%25zz"},
      {"/%%41", "/%25%41"},
      {"/%4", "/%254"},
      {"/\xc3\xa9", "/%C3%A9"},
      {"/\0"sv, "/%00"},
      {"/a#b?c", "/a%23b%3Fc"},
  };
  for (const row& r : rows) {
    CAPTURE(r.text);
    std::string once;
    append_missing_escapes(once, r.text, unescaped::path);
    CHECK(once == r.escaped);
    std::string twice;
    append_missing_escapes(twice, once, unescaped::path);
    CHECK(twice == once);
  }
}
