// Which bytes a Range field selects, and what a Content-Range says.
#include <tinyhttp/http/content_range.hpp>
#include <tinyhttp/http/range.hpp>

#include "catch.hpp"

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

using namespace tinyhttp;

namespace {

constexpr auto whole = range_verdict::whole;
constexpr auto partial = range_verdict::partial;
constexpr auto unsatisfiable = range_verdict::unsatisfiable;
constexpr auto max = std::numeric_limits<std::uint64_t>::max();

std::vector<byte_range> all_of(const byte_ranges& ranges) { return {ranges.begin(), ranges.end()}; }

}  // namespace

TEST_CASE("a Range field selects bytes of a 10-byte representation",
          "[http][range][rfc9110-14.1.2]") {
  struct row {
    std::string_view field;
    range_verdict verdict;
    std::vector<byte_range> ranges;
  };
  using namespace std::string_view_literals;
  const row rows[] = {
      // int-range
      {"bytes=0-4", partial, {{0, 5}}},
      {"bytes=0-0", partial, {{0, 1}}},
      {"bytes=9-9", partial, {{9, 1}}},
      {"bytes=9-", partial, {{9, 1}}},
      {"bytes=0-", partial, {{0, 10}}},
      {"bytes=4-99", partial, {{4, 6}}},  // last-pos clamps to the end
      {"bytes=10-", unsatisfiable, {}},
      {"bytes=10-20", unsatisfiable, {}},
      {"bytes=4-3", whole, {}},  // last before first: invalid, so ignored
      {"bytes=20-10", whole, {}},
      {"bytes=000000000000000000000000000004-05", partial, {{4, 2}}},
      // suffix-range
      {"bytes=-3", partial, {{7, 3}}},
      {"bytes=-10", partial, {{0, 10}}},
      {"bytes=-11", partial, {{0, 10}}},
      {"bytes=-0", unsatisfiable, {}},
      {"bytes=-", whole, {}},
      {"bytes=--1", whole, {}},
      // lists, in request order
      {"bytes=0-0,-1", partial, {{0, 1}, {9, 1}}},
      {"bytes=-1,0-0", partial, {{9, 1}, {0, 1}}},
      {"bytes=0-0, ,-1", partial, {{0, 1}, {9, 1}}},
      {"bytes= 0-0\t,\t5-5 ", partial, {{0, 1}, {5, 1}}},
      {"bytes=0-0,20-30", partial, {{0, 1}}},  // the unsatisfiable one is left out
      {"bytes=20-30,40-", unsatisfiable, {}},
      {"bytes=0-0,x", whole, {}},
      {"bytes=0-0,3-2", whole, {}},
      // touching and overlapping ones become one, at the place of the first
      {"bytes=0-1,2-3", partial, {{0, 4}}},
      {"bytes=2-3,0-1", partial, {{0, 4}}},
      {"bytes=0-5,3-7", partial, {{0, 8}}},
      {"bytes=3-7,0-5", partial, {{0, 8}}},
      {"bytes=0-1,4-5,2-3", partial, {{0, 6}}},
      {"bytes=8-8,0-1,4-5,2-3", partial, {{8, 1}, {0, 6}}},
      {"bytes=4-5,8-8,0-1,2-3", partial, {{0, 6}, {8, 1}}},
      {"bytes=0-0,2-2,4-4,6-6", partial, {{0, 1}, {2, 1}, {4, 1}, {6, 1}}},
      {"bytes=2-3,0-9", partial, {{0, 10}}},
      {"bytes=0-,0-", partial, {{0, 10}}},
      // more than two that overlap
      {"bytes=0-,0-,0-", whole, {}},
      {"bytes=0-3,2-5,4-7", whole, {}},
      {"bytes=0-1,1-2,5-6,6-7", whole, {}},
      {"bytes=0-1,4-5,1-3,0-0", whole, {}},
      {"bytes=0-1,2-3,4-5", partial, {{0, 6}}},  // to touch is not to overlap, on either side
      {"bytes=4-5,2-3,0-1", partial, {{0, 6}}},
      // unit and syntax
      {"Bytes=0-4", partial, {{0, 5}}},
      {"items=0-4", whole, {}},
      {"bytes =0-4", whole, {}},
      {"=0-4", whole, {}},
      {"bytes", whole, {}},
      {"bytes=", whole, {}},
      {"bytes=,", whole, {}},
      {"bytes= , ,, ", whole, {}},
      {"", whole, {}},
      {"bytes=0", whole, {}},
      {"bytes=0-4-5", whole, {}},
      {"bytes=+1-2", whole, {}},
      {"bytes=1-+2", whole, {}},
      {"bytes=0x1-2", whole, {}},
      {"bytes=1.0-2", whole, {}},
      {"bytes=0 - 4", whole, {}},
      {"bytes=0-4;bytes=5-6", whole, {}},
      {"bytes=\"0-4\"", whole, {}},
      {"bytes=0-4\0"sv, whole, {}},
      // beyond 64 bits: far away, not wrapped around
      {"bytes=0-18446744073709551615", partial, {{0, 10}}},
      {"bytes=18446744073709551615-18446744073709551615", unsatisfiable, {}},
      {"bytes=18446744073709551616-", unsatisfiable, {}},
      {"bytes=99999999999999999999-", unsatisfiable, {}},
      {"bytes=1-99999999999999999999999999999999999999", partial, {{1, 9}}},
      {"bytes=-99999999999999999999", partial, {{0, 10}}},
      // also where the second is the lower one: 14.2 lets what is invalid be refused
      {"bytes=99999999999999999999-18446744073709551615", unsatisfiable, {}},
      {"bytes=99999999999999999999-18446744073709551614", whole, {}},
  };
  for (const row& r : rows) {
    CAPTURE(r.field);
    const auto selection = select_ranges(r.field, 10);
    CHECK(selection.verdict == r.verdict);
    CHECK(all_of(selection.ranges) == r.ranges);
  }
}

TEST_CASE("an empty representation has no ranges", "[http][range]") {
  for (const std::string_view field : {"bytes=0-", "bytes=-1", "bytes=0-0", "bytes=-0"}) {
    CAPTURE(field);
    CHECK(select_ranges(field, 0).verdict == whole);
  }
}

TEST_CASE("positions are 64 bits wide", "[http][range]") {
  CHECK(all_of(select_ranges("bytes=5368709120-5368709121", max).ranges) ==
        std::vector<byte_range>{{5'368'709'120, 2}});
  CHECK(all_of(select_ranges("bytes=-1", max).ranges) == std::vector<byte_range>{{max - 1, 1}});
  CHECK(all_of(select_ranges("bytes=0-", max).ranges) == std::vector<byte_range>{{0, max}});
  CHECK(all_of(select_ranges("bytes=18446744073709551614-", max).ranges) ==
        std::vector<byte_range>{{max - 1, 1}});
  CHECK(select_ranges("bytes=18446744073709551615-", max).verdict == unsatisfiable);
}

TEST_CASE("what a client can make us send is bounded", "[http][range][rfc9110-14.2]") {
  const auto specs = [](std::size_t count) {
    std::string field = "bytes=";
    for (std::size_t i = 0; i < count; ++i) {
      ascii::append_decimal(field, 10 * i);
      field += '-';
      ascii::append_decimal(field, 10 * i);
      field += ',';
    }
    return field;
  };
  CHECK(select_ranges(specs(16), 1000).ranges.size() == 16);
  CHECK(select_ranges(specs(17), 1000).verdict == whole);
  CHECK(select_ranges(specs(17), 5).verdict == whole);  // unsatisfiable ones count too
  CHECK(select_ranges(specs(2), 1000, 1).verdict == whole);
  CHECK(select_ranges("bytes=0-0", 1000, 0).verdict == whole);
  CHECK(select_ranges(specs(100'000), 1000).verdict == whole);
  CHECK(select_ranges("bytes=" + std::string(1'000'000, ','), 10).verdict == whole);
}

TEST_CASE("every selection agrees with a byte-by-byte definition", "[http][range]") {
  constexpr std::uint64_t size = 6;
  std::vector<std::string> specs;
  for (unsigned a = 0; a < 8; ++a) {
    specs.push_back(std::to_string(a) + "-");
    specs.push_back("-" + std::to_string(a));
    for (unsigned b = a; b < 8; ++b) specs.push_back(std::to_string(a) + "-" + std::to_string(b));
  }
  const auto marks = [size](const range_selection& s) {
    std::string bytes(size, '.');
    for (const auto& r : s.ranges)
      for (auto i = static_cast<std::size_t>(r.offset); i < r.offset + r.length; ++i) {
        REQUIRE(i < size);
        REQUIRE(bytes[i] == '.');  // no byte twice
        bytes[i] = '#';
      }
    return bytes;
  };
  for (const auto& one : specs) {
    for (const auto& two : specs) {
      const auto both = select_ranges("bytes=" + one + "," + two, size);
      std::string expected = marks(select_ranges("bytes=" + one, size));
      const std::string other = marks(select_ranges("bytes=" + two, size));
      for (std::size_t i = 0; i < size; ++i)
        if (other[i] == '#') expected[i] = '#';
      CAPTURE(one, two);
      REQUIRE(marks(both) == expected);
      REQUIRE((both.verdict == partial) == (expected.find('#') != expected.npos));
    }
  }
}

TEST_CASE("a client asks for ranges", "[http][range]") {
  CHECK(format_range(0) == "bytes=0-");
  CHECK(format_range(5) == "bytes=5-");
  CHECK(format_range(5, 1) == "bytes=5-5");
  CHECK(format_range(5, 10) == "bytes=5-14");
  CHECK(format_range(0, max) == "bytes=0-18446744073709551614");
  CHECK(format_range(max, max) == "bytes=18446744073709551615-");  // the end would not fit
}

TEST_CASE("Content-Range names what a part is", "[http][range][rfc9110-14.4]") {
  CHECK(format_content_range(byte_range{0, 5}, 10) == "bytes 0-4/10");
  CHECK(format_content_range(byte_range{9, 1}, 10) == "bytes 9-9/10");
  CHECK(format_content_range(byte_range{0, 5}, std::nullopt) == "bytes 0-4/*");
  CHECK(format_content_range(std::nullopt, 10) == "bytes */10");
  CHECK(format_content_range(byte_range{}, 10) == "bytes */10");
  CHECK(format_content_range(byte_range{0, max}, max) ==
        "bytes 0-18446744073709551614/18446744073709551615");
}

TEST_CASE("Content-Range is read strictly", "[http][range][rfc9110-14.4]") {
  struct row {
    std::string_view field;
    std::optional<content_range> meaning;
  };
  using namespace std::string_view_literals;
  const row rows[] = {
      {"bytes 0-4/10", content_range{byte_range{0, 5}, 10}},
      {"BYTES 0-4/10", content_range{byte_range{0, 5}, 10}},
      {"bytes 0-9/10", content_range{byte_range{0, 10}, 10}},
      {"bytes 3-3/*", content_range{byte_range{3, 1}, {}}},
      {"bytes */10", content_range{{}, 10}},
      {"bytes */0", content_range{{}, 0}},
      {"bytes 0-18446744073709551614/18446744073709551615", content_range{byte_range{0, max}, max}},
      {"bytes */*", {}},
      {"bytes 0-10/10", {}},  // ends behind the whole
      {"bytes 4-3/10", {}},
      {"bytes 0-0/0", {}},
      {"bytes 0-18446744073709551615/*", {}},  // its length has no number
      {"bytes 0-4/18446744073709551616", {}},
      {"bytes 18446744073709551616-18446744073709551617/*", {}},
      {"items 0-4/10", {}},
      {"bytes=0-4/10", {}},
      {"bytes  0-4/10", {}},
      {"bytes 0-4/10 ", {}},
      {"bytes 0 - 4/10", {}},
      {"bytes -4/10", {}},
      {"bytes 0-/10", {}},
      {"bytes 0-4", {}},
      {"bytes 4/10", {}},
      {"bytes 0-4/", {}},
      {"bytes /10", {}},
      {"bytes +0-4/10", {}},
      {"bytes 0-4/10/10", {}},
      {"bytes 0-4/10\0"sv, {}},
      {"bytes ", {}},
      {"bytes", {}},
      {"", {}},
  };
  for (const row& r : rows) {
    CAPTURE(r.field);
    CHECK(parse_content_range(r.field) == r.meaning);
  }
}
