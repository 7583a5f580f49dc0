// tinyhttp/http/date.hpp -- HTTP dates to and from seconds since 1970.
//
// Pure and constexpr: no locale, no time zone, no clock. RFC 9110 5.6.7. The calendar is the
// proleptic Gregorian one; leap seconds have no number of their own, as in Unix time.
#pragma once

#include <tinyhttp/core/ascii.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tinyhttp {

/// The range of an HTTP-date: 0001-01-01 00:00:00 to 9999-12-31 23:59:59 UTC.
inline constexpr std::int64_t earliest_date = -62'135'596'800;
inline constexpr std::int64_t latest_date = 253'402'300'799;

/// Parses an HTTP-date in any of its three forms: `Sun, 06 Nov 1994 08:49:37 GMT` (IMF-fixdate), `Sunday, 06-Nov-94
/// 08:49:37 GMT` (RFC 850) and `Sun Nov  6 08:49:37 1994` (asctime).
///
/// Strict: the exact layout, case and field widths, days that exist, a second up to 60 (a leap
/// second: the second after it). The weekday must be the name of a day, but need not be that
/// date's: the date is complete without it, and wrong weekdays exist in the wild.
///
/// @param now  seconds since 1970, used only to give the two-digit years of RFC 850 a century: the
///             latest that puts the date no more than 50 years after `now`
/// @return     seconds since 1970-01-01 00:00:00 UTC; empty for anything else
[[nodiscard]] constexpr std::optional<std::int64_t> parse_date(std::string_view text, std::int64_t now) noexcept;

/// An IMF-fixdate, stored in the object. The view is valid as long as the object.
class date_text {
 public:
  static constexpr std::size_t length = 29;  // octets; fixed by the grammar

  [[nodiscard]] constexpr std::string_view view() const& noexcept {
    return {octets_, length};
  }
  std::string_view view() const&& = delete;
  [[nodiscard]] constexpr operator std::string_view() const noexcept {  // for arguments of calls
    return {octets_, length};
  }
  [[nodiscard]] std::string string() const { return {octets_, length}; }

 private:
  friend constexpr date_text format_date(std::int64_t unix_seconds) noexcept;
  constexpr date_text() noexcept = default;

  char octets_[length] = {};
};

/// Writes `unix_seconds` as IMF-fixdate, the only form that may be sent. Never allocates. Dates outside the years
/// 0001 to 9999 are clamped.
[[nodiscard]] constexpr date_text format_date(std::int64_t unix_seconds) noexcept;

// ---------------------------------------------------------------------------------------------

namespace detail {

inline constexpr std::int64_t seconds_per_day = 86'400;
inline constexpr std::int64_t days_before_1970 = 719'162;   // from 0001-01-01, a Monday
inline constexpr std::int64_t fifty_years = 1'577'847'600;  // seconds, of 365.2425 days a year

inline constexpr std::string_view month_names = "JanFebMarAprMayJunJulAugSepOctNovDec";
inline constexpr char weekday_names[][10] = {"Monday", "Tuesday",  "Wednesday", "Thursday",
                                             "Friday", "Saturday", "Sunday"};

struct civil_time {
  int year = 1;
  int month = 1;  // 1 to 12
  int day = 1;
  int hour = 0;
  int minute = 0;
  int second = 0;
};

[[nodiscard]] constexpr bool is_leap_year(int year) noexcept {
  return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

[[nodiscard]] constexpr int days_in_month(int year, int month) noexcept {
  constexpr int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return month == 2 && is_leap_year(year) ? 29 : days[month - 1];
}

[[nodiscard]] constexpr std::int64_t to_unix_seconds(const civil_time& t) noexcept {
  const std::int64_t years = t.year - 1;
  std::int64_t days = 365 * years + years / 4 - years / 100 + years / 400 + t.day - 1;
  for (int month = 1; month < t.month; ++month) days += days_in_month(t.year, month);
  return (days - days_before_1970) * seconds_per_day + t.hour * 3600 + t.minute * 60 + t.second;
}

/// The year and what is left of the days since 0001-01-01, found by cycles of 400, 100, 4 and 1
/// years; the last 100 of 400 years and the last year of four are a day longer than the others.
[[nodiscard]] constexpr civil_time to_civil_date(std::int64_t days) noexcept {
  const std::int64_t cycles = days / 146'097;
  std::int64_t rest = days % 146'097;
  const std::int64_t centuries = rest / 36'524 < 3 ? rest / 36'524 : 3;
  rest -= centuries * 36'524;
  const std::int64_t fours = rest / 1'461;
  rest %= 1'461;
  const std::int64_t ones = rest / 365 < 3 ? rest / 365 : 3;
  rest -= ones * 365;

  civil_time date;
  date.year = static_cast<int>(cycles * 400 + centuries * 100 + fours * 4 + ones + 1);
  for (; rest >= days_in_month(date.year, date.month); ++date.month)
    rest -= days_in_month(date.year, date.month);
  date.day = static_cast<int>(rest) + 1;
  return date;
}

[[nodiscard]] constexpr std::int64_t clamp_date(std::int64_t unix_seconds) noexcept {
  if (unix_seconds < earliest_date) return earliest_date;
  return unix_seconds > latest_date ? latest_date : unix_seconds;
}

/// Takes fixed pieces off the front of a date; the first that does not fit makes it fail for good.
class date_scanner {
 public:
  constexpr explicit date_scanner(std::string_view text) noexcept : rest_(text) {}

  constexpr void literal(std::string_view expected) noexcept {
    if (!rest_.starts_with(expected)) return fail();
    rest_.remove_prefix(expected.size());
  }
  [[nodiscard]] constexpr int digits(std::size_t count) noexcept {
    const auto value = ascii::parse_decimal(rest_.substr(0, count));
    if (rest_.size() < count || !value) {
      fail();
      return 0;
    }
    rest_.remove_prefix(count);
    return static_cast<int>(*value);
  }
  [[nodiscard]] constexpr int month() noexcept {
    for (int i = 0; i < 12; ++i) {
      if (!rest_.starts_with(month_names.substr(static_cast<std::size_t>(i) * 3, 3))) continue;
      rest_.remove_prefix(3);
      return i + 1;
    }
    fail();
    return 1;
  }
  /// The length of a weekday's name at the front, which is taken: 3, the full name's, or 0.
  [[nodiscard]] constexpr std::size_t weekday() noexcept {
    for (const char* const letters : weekday_names) {
      const std::string_view name = letters;
      if (!rest_.starts_with(name.substr(0, 3))) continue;
      const std::size_t length = rest_.starts_with(name) ? name.size() : 3;
      rest_.remove_prefix(length);
      return length;
    }
    fail();
    return 0;
  }
  constexpr void time_of_day(civil_time& t) noexcept {
    t.hour = digits(2);
    literal(":");
    t.minute = digits(2);
    literal(":");
    t.second = digits(2);
  }
  [[nodiscard]] constexpr bool next_is(char c) const noexcept { return rest_.starts_with(c); }
  [[nodiscard]] constexpr bool ended() const noexcept { return good_ && rest_.empty(); }

 private:
  constexpr void fail() noexcept {
    good_ = false;
    rest_ = {};
  }

  std::string_view rest_;
  bool good_ = true;
};

[[nodiscard]] constexpr bool exists(const civil_time& t) noexcept {
  return t.year >= 1 && t.day >= 1 && t.day <= days_in_month(t.year, t.month) && t.hour < 24 &&
         t.minute < 60 && t.second <= 60;
}

/// The latest year that ends in the two digits of `t.year` and puts `t` within 50 years of `now`.
[[nodiscard, gnu::cold]] constexpr int year_near(civil_time t, std::int64_t now) noexcept {
  now = clamp_date(now);
  const std::int64_t days = (now - earliest_date) / seconds_per_day;
  const int year = to_civil_date(days).year;
  t.year += year - year % 100 + 100;
  while (t.year > 100 && to_unix_seconds(t) > now + fifty_years) t.year -= 100;
  return t.year;
}

/// What follows the weekday in the format of asctime(3), which nobody sends any more.
[[gnu::cold]] constexpr void take_asctime(date_scanner& scan, civil_time& t) noexcept {
  scan.literal(" ");
  t.month = scan.month();
  scan.literal(" ");
  if (scan.next_is(' ')) {
    scan.literal(" ");
    t.day = scan.digits(1);
  } else {
    t.day = scan.digits(2);
  }
  scan.literal(" ");
  scan.time_of_day(t);
  scan.literal(" ");
  t.year = scan.digits(4);
}

}  // namespace detail

constexpr std::optional<std::int64_t> parse_date(std::string_view text, std::int64_t now) noexcept {
  detail::date_scanner scan(text);
  detail::civil_time t;
  const std::size_t weekday = scan.weekday();
  if (!scan.next_is(',')) {
    if (weekday != 3) return std::nullopt;
    detail::take_asctime(scan, t);
  } else {
    const bool rfc850 = weekday != 3;
    const std::string_view separator = rfc850 ? "-" : " ";
    scan.literal(", ");
    t.day = scan.digits(2);
    scan.literal(separator);
    t.month = scan.month();
    scan.literal(separator);
    t.year = scan.digits(rfc850 ? 2 : 4);
    scan.literal(" ");
    scan.time_of_day(t);
    scan.literal(" GMT");
    if (rfc850) t.year = detail::year_near(t, now);
  }
  if (!scan.ended() || !detail::exists(t)) return std::nullopt;
  return detail::to_unix_seconds(t);
}

constexpr date_text format_date(std::int64_t unix_seconds) noexcept {
  const std::int64_t since_year_one =
      detail::clamp_date(unix_seconds) + detail::days_before_1970 * detail::seconds_per_day;
  const std::int64_t days = since_year_one / detail::seconds_per_day;
  const auto second = static_cast<int>(since_year_one % detail::seconds_per_day);
  const auto date = detail::to_civil_date(days);

  date_text out;
  const auto put = [&](std::size_t at, std::string_view piece) {
    for (const char c : piece) out.octets_[at++] = c;
  };
  const auto put_digits = [&](std::size_t end, int value, int count) {
    for (; count > 0; --count, value /= 10) out.octets_[--end] = static_cast<char>('0' + value % 10);
  };
  put(0, "Mon, 01 Jan 0001 00:00:00 GMT");
  put(0, {detail::weekday_names[days % 7], 3});
  put_digits(7, date.day, 2);
  put(8, detail::month_names.substr(static_cast<std::size_t>(date.month - 1) * 3, 3));
  put_digits(16, date.year, 4);
  put_digits(19, second / 3600, 2);
  put_digits(22, second / 60 % 60, 2);
  put_digits(25, second % 60, 2);
  return out;
}

}  // namespace tinyhttp
