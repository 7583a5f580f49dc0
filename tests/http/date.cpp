// What an HTTP-date says, in its three forms, and the one form that we write.
#include <tinyhttp/http/date.hpp>

#include "catch.hpp"

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

using namespace tinyhttp;

namespace {

constexpr std::int64_t now_2026 = 1'767'225'600;  // 2026-01-01 00:00:00
constexpr std::int64_t example = 784'111'777;     // the date of RFC 9110's examples

static_assert(parse_date("Sun, 06 Nov 1994 08:49:37 GMT", now_2026) == example);
static_assert(parse_date("Sunday, 06-Nov-94 08:49:37 GMT", now_2026) == example);
static_assert(parse_date("Sun Nov  6 08:49:37 1994", now_2026) == example);
static_assert(std::string_view(format_date(example)) == "Sun, 06 Nov 1994 08:49:37 GMT");

}  // namespace

TEST_CASE("the three forms of a date are read strictly", "[http][date][rfc9110-5.6.7]") {
  struct row {
    std::string_view text;
    std::optional<std::int64_t> seconds;
  };
  using namespace std::string_view_literals;
  const row rows[] = {
      {"Thu, 01 Jan 1970 00:00:00 GMT", 0},
      {"Wed, 31 Dec 1969 23:59:59 GMT", -1},
      {"Mon, 01 Jan 0001 00:00:00 GMT", earliest_date},
      {"Fri, 31 Dec 9999 23:59:59 GMT", latest_date},
      {"Tue, 29 Feb 2000 12:00:00 GMT", 951'825'600},
      {"Tue, 19 Jan 2038 03:14:08 GMT", 2'147'483'648},
      {"Wed Nov 16 08:49:37 1994", 784'975'777},
      // a leap second is the second after it
      {"Sat, 31 Dec 2016 23:59:60 GMT", 1'483'228'800},
      {"Sat, 31 Dec 2016 23:59:61 GMT", {}},
      // the weekday must be one, not the right one
      {"Mon, 06 Nov 1994 08:49:37 GMT", example},
      {"Xxx, 06 Nov 1994 08:49:37 GMT", {}},
      {"sun, 06 Nov 1994 08:49:37 GMT", {}},
      {"06 Nov 1994 08:49:37 GMT", {}},
      // days that do not exist
      {"Wed, 29 Feb 1995 00:00:00 GMT", {}},
      {"Thu, 29 Feb 1900 00:00:00 GMT", {}},
      {"Sun, 31 Apr 1994 00:00:00 GMT", {}},
      {"Sun, 00 Nov 1994 00:00:00 GMT", {}},
      {"Sun, 06 Nov 0000 00:00:00 GMT", {}},
      {"Sun, 06 Nov 1994 24:00:00 GMT", {}},
      {"Sun, 06 Nov 1994 23:60:00 GMT", {}},
      {"Sun, 06 Non 1994 08:49:37 GMT", {}},
      {"Sun, 06 NOV 1994 08:49:37 GMT", {}},
      // widths and layout
      {"Sun, 6 Nov 1994 08:49:37 GMT", {}},
      {"Sun, 06 Nov 94 08:49:37 GMT", {}},
      {"Sun, 06 Nov 1994 8:49:37 GMT", {}},
      {"Sun, 06 Nov 1994 08:49:37 UTC", {}},
      {"Sun, 06 Nov 1994 08:49:37 +0000", {}},
      {"Sun, 06 Nov 1994 08:49:37", {}},
      {"Sun, 06 Nov 1994 08:49:37 GMT ", {}},
      {" Sun, 06 Nov 1994 08:49:37 GMT", {}},
      {"Sun,  06 Nov 1994 08:49:37 GMT", {}},
      {"Sun, 06-Nov-94 08:49:37 GMT", {}},
      {"Sunday, 06 Nov 1994 08:49:37 GMT", {}},
      {"Sunday, 06-Nov-1994 08:49:37 GMT", {}},
      {"Sunday Nov  6 08:49:37 1994", {}},
      {"Sun Nov 6 08:49:37 1994", {}},
      {"Sun Nov 06 08:49:37 1994", example},  // 2DIGIT is a day of the grammar too
      {"Sun Nov  6 08:49:37 1994 GMT", {}},
      // hostile
      {"", {}},
      {"Sun", {}},
      {"Sun,", {}},
      {"Sunday", {}},
      {"0", {}},
      {"784111777", {}},
      {"Sun, 06 Nov 1994 08:49:37 GM\0"sv, {}},
      {"Sun, 06 Nov 1994 08:49:37 GMT\0"sv, {}},
      {"Sun, -6 Nov 1994 08:49:37 GMT", {}},
      {"Sun, +6 Nov 1994 08:49:37 GMT", {}},
      {"Sun, 06 Nov 99999999999999999999 08:49:37 GMT", {}},
      {"Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT", {}},
  };
  for (const row& r : rows) {
    CAPTURE(r.text);
    CHECK(parse_date(r.text, now_2026) == r.seconds);
  }
}

TEST_CASE("a two-digit year is at most 50 years ahead", "[http][date][rfc9110-5.6.7]") {
  struct row {
    std::string_view text;
    std::int64_t now;
    std::string_view same;
  };
  const row rows[] = {
      {"Sunday, 06-Nov-94 08:49:37 GMT", 0, "Sun, 06 Nov 1994 08:49:37 GMT"},
      {"Thursday, 01-Jan-70 00:00:00 GMT", now_2026, "Thu, 01 Jan 2070 00:00:00 GMT"},
      {"Wednesday, 01-Jan-75 00:00:00 GMT", now_2026, "Tue, 01 Jan 2075 00:00:00 GMT"},
      {"Friday, 31-Dec-76 00:00:00 GMT", now_2026, "Fri, 31 Dec 1976 00:00:00 GMT"},
      {"Monday, 01-Jan-77 00:00:00 GMT", now_2026, "Sat, 01 Jan 1977 00:00:00 GMT"},
      // seen from 2090
      {"Friday, 01-Jan-10 00:00:00 GMT", 3'786'912'000, "Wed, 01 Jan 2110 00:00:00 GMT"},
      {"Tuesday, 29-Feb-00 00:00:00 GMT", now_2026, "Tue, 29 Feb 2000 00:00:00 GMT"},
      {"Sunday, 06-Nov-94 08:49:37 GMT", std::numeric_limits<std::int64_t>::max(),
       "Thu, 06 Nov 9994 08:49:37 GMT"},
  };
  for (const row& r : rows) {
    CAPTURE(r.text, r.now);
    CHECK(parse_date(r.text, r.now) == parse_date(r.same, 0));
    CHECK(parse_date(r.same, 0).has_value());
  }
  // 2100 has no 29 February: the century is chosen first, then the day must exist in it
  CHECK_FALSE(parse_date("Monday, 29-Feb-00 00:00:00 GMT", 3'786'912'000));
  CHECK(parse_date("Sunday, 06-Nov-94 08:49:37 GMT", std::numeric_limits<std::int64_t>::min()));
}

TEST_CASE("what is written reads back as the same second", "[http][date]") {
  // a stride that is prime and a bit over three months: every month, weekday and leap rule is hit
  for (std::int64_t s = earliest_date; s <= latest_date; s += 8'000'009) {
    const date_text written = format_date(s);
    if (parse_date(written, 0) != s) FAIL(s << " was written as " << written.string());
  }
  std::int64_t day = 0;
  for (; day < 146'097; ++day)  // every day of a 400-year cycle
    if (parse_date(format_date(day * 86'400), 0) != day * 86'400) break;
  CHECK(day == 146'097);
}

TEST_CASE("dates that cannot be written clamp to the nearest", "[http][date]") {
  constexpr auto least = std::numeric_limits<std::int64_t>::min();
  constexpr auto most = std::numeric_limits<std::int64_t>::max();
  CHECK(format_date(least).string() == "Mon, 01 Jan 0001 00:00:00 GMT");
  CHECK(format_date(earliest_date - 1).string() == "Mon, 01 Jan 0001 00:00:00 GMT");
  CHECK(format_date(latest_date + 1).string() == "Fri, 31 Dec 9999 23:59:59 GMT");
  CHECK(format_date(most).string() == "Fri, 31 Dec 9999 23:59:59 GMT");
  CHECK(format_date(-1).string() == "Wed, 31 Dec 1969 23:59:59 GMT");
}
