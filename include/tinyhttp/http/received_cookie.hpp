// tinyhttp/http/received_cookie.hpp -- a Set-Cookie field as its recipient reads it.
//
// Pure. RFC 6265 5.1 and 5.2: the lenient reading that user agents agree on. Whether the cookie is
// taken, and sent back, is decided in cookie_store.hpp.
#pragma once

#include <tinyhttp/core/ascii.hpp>
#include <tinyhttp/core/bounds.hpp>
#include <tinyhttp/http/cookie.hpp>
#include <tinyhttp/http/date.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

namespace tinyhttp {

/// A cookie as it was received. Quotes around the value belong to it.
struct received_cookie {
  std::string name;
  std::string value;
  std::string domain;  // lower case, without a dot in front; empty: none was named
  std::string path;    // begins with a slash; empty: none was named
  std::optional<std::int64_t> expires;  // seconds since 1970; empty: with the session
  bool secure = false;
  bool http_only = false;  // passed on, but there are no scripts here to hide it from
};

/// Parses the value of one Set-Cookie field. Empty for what user agents ignore: no name or no `=`, more than 4096
/// octets of name and value, control octets (including tabs, which would break cookie files). Invalid attributes are
/// skipped; the last of each kind counts.
///
/// @param now  seconds since 1970. A cookie lives 400 days at most, whatever it asks for (rfc6265bis
///             5.5); one that has expired is given as such, for it removes another
[[nodiscard]] inline std::optional<received_cookie> parse_set_cookie(std::string_view field,
                                                                     std::int64_t now);

/// Parses the date of an Expires attribute, which has many formats (RFC 6265 5.1.1): a time, a day, a month and a
/// year in any order; the rest is ignored. Seconds since 1970.
[[nodiscard]] constexpr std::optional<std::int64_t> parse_cookie_date(
    std::string_view text) noexcept;

// ---------------------------------------------------------------------------------------------

namespace detail {

inline constexpr std::int64_t longest_cookie_life = 400 * seconds_per_day;
inline constexpr std::size_t max_attribute_octets = 1024;  // rfc6265bis 5.6: longer ones are ignored

/// The number at the front of `text`: `least` to `most` digits and then no further digit.
[[nodiscard]] constexpr std::optional<int> leading_number(std::string_view text, std::size_t least,
                                                          std::size_t most) noexcept {
  std::size_t digits = 0;
  int number = 0;
  for (; digits < text.size() && ascii::is_digit(text[digits]); ++digits) {
    if (digits == most) return std::nullopt;
    number = number * 10 + (text[digits] - '0');
  }
  if (digits < least) return std::nullopt;
  return number;
}

/// Reads `h:m:s` and whatever stands behind it.
[[nodiscard]] constexpr bool read_time(std::string_view token, civil_time& to) noexcept {
  int* const parts[] = {&to.hour, &to.minute, &to.second};
  int read[3] = {};
  for (int i = 0; i < 3; ++i) {
    const auto number = leading_number(token, 1, 2);
    if (!number) return false;
    read[i] = *number;
    if (i == 2) break;
    const auto colon = token.find_first_not_of("0123456789");
    if (colon == token.npos || token[colon] != ':') return false;
    token.remove_prefix(colon + 1);
  }
  for (int i = 0; i < 3; ++i) *parts[i] = read[i];
  return true;
}

/// 1 to 12; 0 when `token` does not begin with the name of a month.
[[nodiscard]] constexpr int month_of(std::string_view token) noexcept {
  for (int month = 1; month <= 12; ++month) {
    const auto name = month_names.substr(static_cast<std::size_t>(month - 1) * 3, 3);
    if (ascii::starts_with_ignoring_case(token, name)) return month;
  }
  return 0;
}

/// `delimiter` of RFC 6265 5.1.1.
[[nodiscard]] constexpr bool divides_dates(char c) noexcept {
  return c == '\t' || (c >= 0x20 && c <= 0x2f) || (c >= 0x3b && c <= 0x40) ||
         (c >= 0x5b && c <= 0x60) || (c >= 0x7b && c <= 0x7e);
}

/// What is found of a date, each part once.
struct date_parts {
  civil_time at;
  bool has_time = false, has_day = false, has_month = false, has_year = false;

  constexpr void take(std::string_view token) noexcept {
    if (!has_time && read_time(token, at)) {
      has_time = true;
    } else if (const auto day = leading_number(token, 1, 2); !has_day && day) {
      has_day = true;
      at.day = *day;
    } else if (const int month = month_of(token); !has_month && month != 0) {
      has_month = true;
      at.month = month;
    } else if (const auto year = leading_number(token, 2, 4); !has_year && year) {
      has_year = true;
      at.year = *year + (*year < 70 ? 2000 : *year < 100 ? 1900 : 0);
    }
  }
  [[nodiscard]] constexpr bool is_date() const noexcept {
    return has_time && has_day && has_month && has_year && at.year >= 1601 && at.day >= 1 &&
           at.day <= days_in_month(at.year, at.month) && at.hour <= 23 && at.minute <= 59 &&
           at.second <= 59;
  }
};

/// Seconds since 1970 at which Max-Age ends a cookie; empty when it is no number (5.2.2).
[[nodiscard]] constexpr std::optional<std::int64_t> end_of_max_age(std::string_view text,
                                                                   std::int64_t now) noexcept {
  const bool negative = text.starts_with('-');
  const auto digits = text.substr(negative ? 1 : 0);
  if (text.empty() || digits.find_first_not_of("0123456789") != digits.npos) return std::nullopt;
  if (negative || digits.find_first_not_of('0') == digits.npos)
    return std::numeric_limits<std::int64_t>::min();
  const auto seconds = ascii::parse_decimal(digits);
  const auto most = static_cast<std::uint64_t>(longest_cookie_life);
  return now + static_cast<std::int64_t>(at_most(seconds.value_or(most), most));
}

inline void take_cookie_attribute(received_cookie& to, std::string_view name,
                                  std::string_view value,
                                  std::optional<std::int64_t>& max_age, std::int64_t now) {
  if (value.size() > max_attribute_octets || ascii::has_control(value)) return;
  if (ascii::equal_ignoring_case(name, "Expires")) {
    if (const auto end = parse_cookie_date(value)) to.expires = *end;
  } else if (ascii::equal_ignoring_case(name, "Max-Age")) {
    if (const auto end = end_of_max_age(value, now)) max_age = end;
  } else if (ascii::equal_ignoring_case(name, "Domain")) {
    if (value.starts_with('.')) value.remove_prefix(1);
    if (!value.empty()) to.domain = ascii::to_lower(value);
  } else if (ascii::equal_ignoring_case(name, "Path")) {
    to.path = value.starts_with('/') ? value : std::string_view();
  } else if (ascii::equal_ignoring_case(name, "Secure")) {
    to.secure = true;
  } else if (ascii::equal_ignoring_case(name, "HttpOnly")) {
    to.http_only = true;
  }
}

/// Takes what stands in front of the next `;`, divided at its first `=`.
[[nodiscard]] constexpr cookie_pair take_cookie_part(std::string_view& rest,
                                                     bool& has_equals) noexcept {
  const auto end = rest.find(';');
  const auto text = rest.substr(0, end);
  rest.remove_prefix(end == rest.npos ? rest.size() : end + 1);
  const auto equals = text.find('=');
  has_equals = equals != text.npos;
  if (!has_equals) return {ascii::trim(text), {}};
  return {ascii::trim(text.substr(0, equals)), ascii::trim(text.substr(equals + 1))};
}

}  // namespace detail

constexpr std::optional<std::int64_t> parse_cookie_date(std::string_view text) noexcept {
  detail::date_parts found;
  while (!text.empty()) {
    std::size_t length = 0;
    while (length < text.size() && !detail::divides_dates(text[length])) ++length;
    if (length > 0) found.take(text.substr(0, length));
    text.remove_prefix(length < text.size() ? length + 1 : length);
  }
  if (!found.is_date()) return std::nullopt;
  return detail::to_unix_seconds(found.at);
}

inline std::optional<received_cookie> parse_set_cookie(std::string_view field, std::int64_t now) {
  bool has_equals = false;
  const cookie_pair pair = detail::take_cookie_part(field, has_equals);
  if (!has_equals || pair.name.empty() ||
      pair.name.size() + pair.value.size() > detail::max_cookie_octets ||
      ascii::has_control(pair.name) || ascii::has_control(pair.value))
    return std::nullopt;
  received_cookie made;
  made.name = pair.name;
  made.value = pair.value;
  std::optional<std::int64_t> max_age;
  while (!field.empty()) {
    const cookie_pair attribute = detail::take_cookie_part(field, has_equals);
    detail::take_cookie_attribute(made, attribute.name, attribute.value, max_age, now);
  }
  if (max_age) made.expires = max_age;  // goes first (5.3)
  if (made.expires) made.expires = at_most(*made.expires, now + detail::longest_cookie_life);
  return made;
}

}  // namespace tinyhttp
