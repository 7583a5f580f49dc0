// Sequences of UTF-8 at each border of RFC 3629 4.
#include <tinyhttp/core/utf8.hpp>

#include "catch.hpp"

#include <string>
#include <string_view>

using namespace tinyhttp;
using namespace std::string_view_literals;

TEST_CASE("a sequence of UTF-8 is as long as its first octet says [RFC 3629 3]", "[core][utf8]") {
  CHECK(utf8_length("\0"sv) == 1);
  CHECK(utf8_length("\x7f..."sv) == 1);
  CHECK(utf8_length("\xc2\x80"sv) == 2);
  CHECK(utf8_length("\xdf\xbf..."sv) == 2);
  CHECK(utf8_length("\xe0\xa0\x80"sv) == 3);
  CHECK(utf8_length("\xed\x9f\xbf"sv) == 3);
  CHECK(utf8_length("\xee\x80\x80"sv) == 3);
  CHECK(utf8_length("\xf0\x90\x80\x80"sv) == 4);
  CHECK(utf8_length("\xf4\x8f\xbf\xbf..."sv) == 4);
}

TEST_CASE("what is no UTF-8 begins no sequence: overlong, surrogates, past U+10FFFF [RFC 3629 4]", "[core][utf8]") {
  for (const auto wrong : {"\x80"sv, "\xbf"sv, "\xc0\x80"sv, "\xc1\xbf"sv, "\xe0\x9f\xbf"sv, "\xed\xa0\x80"sv,
                           "\xf0\x8f\xbf\xbf"sv, "\xf4\x90\x80\x80"sv, "\xf5\x80\x80\x80"sv, "\xff"sv}) {
    CAPTURE(wrong);
    CHECK(utf8_length(wrong) == 0);
  }
}

TEST_CASE("a sequence of UTF-8 that is cut off, or goes on with something else, is none", "[core][utf8]") {
  CHECK(utf8_length("") == 0);
  for (const auto whole : {"\xc2\x80"sv, "\xe2\x82\xac"sv, "\xf0\x9f\x98\x80"sv}) {
    for (std::size_t size = 1; size < whole.size(); ++size) {
      CHECK(utf8_length(whole.substr(0, size)) == 0);
      std::string broken(whole);
      broken[size] = '-';
      CHECK(utf8_length(broken) == 0);
    }
  }
}
