// Octet classes over all 256 octets, numbers, lists.
#include <tinyhttp/core/ascii.hpp>

#include "catch.hpp"

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

using namespace tinyhttp;
using namespace std::string_view_literals;

namespace {

constexpr auto max = std::numeric_limits<std::uint64_t>::max();

/// `is` holds for exactly those of the 256 octets that `defined` holds for.
template <class Is, class Defined>
constexpr bool same_class(Is is, Defined defined) {
  for (int octet = 0; octet < 256; ++octet)
    if (is(static_cast<char>(octet)) != defined(octet)) return false;
  return true;
}

constexpr bool between(int octet, char first, char last) { return octet >= first && octet <= last; }
constexpr bool any_of(int octet, std::string_view set) {
  return octet < 128 && set.find(static_cast<char>(octet)) != set.npos;
}
constexpr bool alpha(int o) { return between(o, 'a', 'z') || between(o, 'A', 'Z'); }
constexpr bool digit(int o) { return between(o, '0', '9'); }

static_assert(same_class([](char c) { return ascii::is_digit(c); }, digit));
static_assert(same_class([](char c) { return ascii::is_alpha(c); }, alpha));
static_assert(same_class([](char c) { return ascii::is_token_char(c); },
                         [](int o) {
                           return alpha(o) || digit(o) || any_of(o, "!#$%&'*+-.^_`|~");
                         }));
static_assert(same_class([](char c) { return ascii::is_field_octet(c); },
                         [](int o) { return o == 9 || (o >= 32 && o != 127); }));
static_assert(same_class([](char c) { return ascii::is_target_octet(c); },
                         [](int o) { return o > 32 && o < 127; }));
static_assert(same_class([](char c) { return ascii::hex_value(c) >= 0; },
                         [](int o) {
                           return digit(o) || between(o, 'a', 'f') || between(o, 'A', 'F');
                         }));

/// Every hexadecimal digit has its own value, in either case.
constexpr bool hex_values_are_right() {
  constexpr std::string_view lower = "0123456789abcdef";
  constexpr std::string_view upper = "0123456789ABCDEF";
  for (int i = 0; i < 16; ++i) {
    const auto at = static_cast<std::size_t>(i);
    if (ascii::hex_value(lower[at]) != i || ascii::hex_value(upper[at]) != i) return false;
  }
  return true;
}
static_assert(hex_values_are_right());

/// Folding changes the 26 capitals and nothing else.
constexpr bool folding_is_ascii_only() {
  for (int o = 0; o < 256; ++o) {
    const int folded = between(o, 'A', 'Z') ? o + 32 : o;
    if (ascii::to_lower(static_cast<char>(o)) != static_cast<char>(folded)) return false;
  }
  return true;
}
static_assert(folding_is_ascii_only());

static_assert(ascii::is_token("Content-Length") && !ascii::is_token("") && !ascii::is_token("a b"));
static_assert(ascii::trim(" \t a b \t ") == "a b" && ascii::trim(" \t").empty());
static_assert(ascii::trim("\r\na\v") == "\r\na\v", "only OWS is space");

}  // namespace

TEST_CASE("two octets are equal ignoring case only if they fold alike", "[core][ascii]") {
  for (int a = 0; a < 256; ++a) {
    for (int b = 0; b < 256; ++b) {
      const char one[] = {static_cast<char>(a)};
      const char two[] = {static_cast<char>(b)};
      const bool equal = a == b || (alpha(a) && alpha(b) && (a ^ b) == 32);
      if (ascii::equal_ignoring_case({one, 1}, {two, 1}) != equal) FAIL(a << " and " << b);
    }
  }
  CHECK(ascii::equal_ignoring_case("", ""));
  CHECK_FALSE(ascii::equal_ignoring_case("a", ""));
  CHECK_FALSE(ascii::equal_ignoring_case("a", "ab"));
  CHECK_FALSE(ascii::equal_ignoring_case("[", "{"));  // 32 apart, but no letters
  CHECK(ascii::starts_with_ignoring_case("BYTES=0-", "bytes="));
  CHECK_FALSE(ascii::starts_with_ignoring_case("byte", "bytes"));
  CHECK(ascii::starts_with_ignoring_case("", ""));
  CHECK(ascii::to_lower("AbC-\xc3\x89"sv) == "abc-\xc3\x89");
}

TEST_CASE("a field value has no control octet and no space around it",
          "[core][ascii][rfc9110-5.5]") {
  for (const std::string_view good : {"", "a", "a b", "a\tb", "\xff", "\"a, b\""}) {
    CAPTURE(good);
    CHECK(ascii::is_field_value(good));
  }
  for (const std::string_view bad : {" "sv, "\t"sv, " a"sv, "a "sv, "a\t"sv, "a\r\nb: c"sv, "a\n"sv,
                                     "\r"sv, "a\0b"sv, "\x7f"sv, "\x1b[0m"sv}) {
    CAPTURE(bad);
    CHECK_FALSE(ascii::is_field_value(bad));
  }
}

TEST_CASE("one reader of decimals clamps, the other refuses", "[core][ascii]") {
  struct row {
    std::string_view text;
    std::optional<std::uint64_t> clamped, strict;
  };
  const row rows[] = {
      {"0", 0, 0},
      {"7", 7, 7},
      {"0007", 7, 7},
      {"4294967296", 4294967296, 4294967296},
      {"18446744073709551614", max - 1, max - 1},
      {"18446744073709551615", max, max},
      {"18446744073709551616", max, {}},
      {"18446744073709551625", max, {}},
      {"28446744073709551615", max, {}},
      {"184467440737095516150", max, {}},
      {"99999999999999999999999999999999999999999", max, {}},
      {"000000000000000000000000000000000000000018446744073709551615", max, max},
      {"", {}, {}},
      {"+1", {}, {}},
      {"-1", {}, {}},
      {"-0", {}, {}},
      {" 1", {}, {}},
      {"1 ", {}, {}},
      {"1,2", {}, {}},
      {"0x10", {}, {}},
      {"1e3", {}, {}},
      {"1.0", {}, {}},
      {"1\0"sv, {}, {}},
      {"\xd9\xa1", {}, {}},  // a digit, but not of ours
      {"99999999999999999999x", {}, {}},
  };
  for (const row& r : rows) {
    CAPTURE(r.text);
    CHECK(ascii::parse_decimal(r.text) == r.clamped);
    CHECK(ascii::parse_decimal_strict(r.text) == r.strict);
  }
}

TEST_CASE("a strict decimal has any bound", "[core][ascii]") {
  for (const std::uint64_t bound : {0u, 5u, 9u, 10u, 99u, 255u, 999u}) {
    CAPTURE(bound);
    std::uint64_t accepted = 0;
    while (ascii::parse_decimal_strict(std::to_string(accepted), bound) == accepted) ++accepted;
    CHECK(accepted == bound + 1);
    for (std::uint64_t beyond = bound + 1; beyond < 1100; ++beyond)
      if (ascii::parse_decimal_strict(std::to_string(beyond), bound)) FAIL(beyond << " was taken");
  }
}

TEST_CASE("a control octet is found wherever it stands, and no other octet is one", "[core][ascii]") {
  std::size_t wrong = 0;
  for (std::size_t size = 0; size <= 24; ++size) {
    for (std::size_t at = 0; at < size; ++at) {
      for (int octet = 0; octet < 256; ++octet) {
        for (const char around : {'a', '\x80', '\xff', ' '}) {
          std::string text(size, around);
          text[at] = static_cast<char>(octet);
          if (ascii::has_control(text) != (octet < 0x20 || octet == 0x7f)) ++wrong;
        }
      }
    }
  }
  CHECK(wrong == 0);
  CHECK_FALSE(ascii::has_control(""));
  static_assert(ascii::has_control("0123456789\t") && !ascii::has_control("0123456789"));
}

TEST_CASE("list elements are trimmed, empty ones skipped, quotes respected",
          "[core][ascii][rfc9110-5.6.1]") {
  struct row {
    std::string_view list;
    std::vector<std::string_view> elements;
  };
  const row rows[] = {
      {"", {}},
      {",", {}},
      {" , \t,", {}},
      {"a", {"a"}},
      {"a,b", {"a", "b"}},
      {" a , ,b\t,", {"a", "b"}},
      {"a b,c", {"a b", "c"}},
      {"\"a,b\",c", {"\"a,b\"", "c"}},
      {"x=\"a,b\" ,c", {"x=\"a,b\"", "c"}},
      {"\"a\\\",b\",c", {"\"a\\\",b\"", "c"}},
      {"\"ab,c\",d", {"\"ab,c\"", "d"}},
      {"\"a\\\\\",c", {"\"a\\\\\"", "c"}},
      {"a\\,b", {"a\\", "b"}},  // a backslash escapes inside quotes only
      {"\"a,b", {"\"a,b"}},     // an open quote takes the rest
      {"\"a,b\\", {"\"a,b\\"}},
      {"\",", {"\","}},
      {"a\0,b"sv, {"a\0"sv, "b"}},
  };
  for (const row& r : rows) {
    CAPTURE(r.list);
    std::vector<std::string_view> elements;
    auto rest = r.list;
    while (const auto element = ascii::take_list_element(rest)) elements.push_back(*element);
    CHECK(elements == r.elements);
    CHECK(rest.empty());
  }
  CHECK(ascii::list_contains("keep-alive, Upgrade", "upgrade"));
  CHECK(ascii::list_contains(",,close", "close"));
  CHECK_FALSE(ascii::list_contains("closed", "close"));
  CHECK_FALSE(ascii::list_contains("\"close\"", "close"));
  CHECK_FALSE(ascii::list_contains("", ""));
  CHECK(ascii::list_contains(" close\t", "Close"));
  CHECK(ascii::list_contains("a, b,c", "c"));
  CHECK_FALSE(ascii::list_contains("a, b,c", "d"));
  CHECK_FALSE(ascii::list_contains(std::string(1'000'000, ','), "close"));
}

TEST_CASE("numbers are written without a zero too many", "[core][ascii]") {
  struct row {
    std::uint64_t value;
    std::string_view decimal, hex;
  };
  const row rows[] = {
      {0, "0", "0"},      {9, "9", "9"},          {10, "10", "a"},
      {255, "255", "ff"}, {4096, "4096", "1000"}, {max, "18446744073709551615", "ffffffffffffffff"},
  };
  for (const row& r : rows) {
    std::string decimal = "x";
    ascii::append_decimal(decimal, r.value);
    CHECK(decimal == "x" + std::string(r.decimal));
    CHECK(ascii::to_decimal(r.value) == r.decimal);
    std::string hex = "x";
    ascii::append_hex(hex, r.value);
    CHECK(hex == "x" + std::string(r.hex));
  }
}

TEST_CASE("how many digits a number has is told on both sides of each power of ten", "[core][ascii]") {
  std::uint64_t power = 1;
  for (std::size_t digits = 1; digits < 20; ++digits, power *= 10) {
    CHECK(ascii::decimal_size(power) == digits);
    CHECK(ascii::decimal_size(power * 10 - 1) == digits);
  }
  CHECK(ascii::decimal_size(power) == 20);
  CHECK(ascii::decimal_size(max) == 20);
  CHECK(ascii::decimal_size(0) == 1);
}

TEST_CASE("a field value is refused for any octet that may not stand in one, wherever that is", "[core][ascii]") {
  for (int octet = 0; octet < 256; ++octet) {
    for (const std::size_t size : {8u, 16u, 23u}) {
      for (std::size_t at = 1; at < size - 1; ++at) {  // the first and the last may be no blank, which is another rule
        std::string text(size, 'a');
        text[at] = static_cast<char>(octet);
        CAPTURE(octet, at);
        REQUIRE(tinyhttp::ascii::is_field_value(text) == tinyhttp::ascii::is_field_octet(static_cast<char>(octet)));
      }
    }
  }
  static_assert(tinyhttp::ascii::is_field_value("text/plain; charset=utf-8"));
  static_assert(!tinyhttp::ascii::is_field_value("text/plain;\ncharset=utf-8"));
}

TEST_CASE("texts of any size are the same by each of their octets, and by no other", "[core][ascii]") {
  const std::string all = "xabcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz?";
  for (std::size_t size = 0; size < 40; ++size) {
    CAPTURE(size);
    const std::string_view one = std::string_view(all).substr(1, size);
    std::string other = "y" + std::string(one) + "!";
    const auto second = [&] { return std::string_view(other).substr(1, size); };
    REQUIRE(ascii::detail::same_octets(one.data(), second().data(), size));
    REQUIRE(ascii::detail::hash_of(one) == ascii::detail::hash_of(second()));
    for (std::size_t at = 0; at < size; ++at) {
      other[at + 1] ^= 0x20;  // a capital
      REQUIRE_FALSE(ascii::detail::same_octets(one.data(), second().data(), size));
      REQUIRE(ascii::detail::hash_of(one) != ascii::detail::hash_of(second()));
      REQUIRE(ascii::equal_ignoring_case(one, second()));
      REQUIRE(ascii::starts_with_ignoring_case(all, "x" + std::string(second())));
      REQUIRE(ascii::ends_with_ignoring_case("x" + std::string(one), second()));
      other[at + 1] = '-';
      REQUIRE_FALSE(ascii::equal_ignoring_case(one, second()));
      REQUIRE_FALSE(ascii::starts_with_ignoring_case(all, "x" + std::string(second())));
      REQUIRE_FALSE(ascii::ends_with_ignoring_case("x" + std::string(one), second()));
      other[at + 1] = one[at];
    }
  }
  CHECK_FALSE(ascii::ends_with_ignoring_case("b", "ab"));
}

TEST_CASE("an octet is two digits", "[core][ascii]") {
  std::string text = "x";
  ascii::append_hex_octet(text, '\x09');
  ascii::append_hex_octet(text, '\xf0');
  ascii::append_hex_octet(text, '\xab', "0123456789ABCDEF");
  CHECK(text == "x09f0AB");
}
