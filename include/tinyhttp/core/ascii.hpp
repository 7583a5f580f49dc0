// tinyhttp/core/ascii.hpp -- octet classes, case folding, numbers and list elements of HTTP text.
//
// Pure and constexpr. Knows octets, not messages; never looks at the process's locale.
#pragma once

#include <tinyhttp/version.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

namespace tinyhttp::ascii {

/// `DIGIT` of RFC 5234 B.1.
[[nodiscard]] constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

/// `ALPHA` of RFC 5234 B.1.
[[nodiscard]] constexpr bool is_alpha(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/// The value of a hexadecimal digit of either case, or -1.
[[nodiscard]] constexpr int hex_value(char c) noexcept;

/// `tchar` of RFC 9110 5.6.2: what methods and field names are made of.
[[nodiscard]] constexpr bool is_token_char(char c) noexcept;

/// `field-vchar`, SP or HTAB of RFC 9110 5.5: everything except control octets; obs-text is included.
[[nodiscard]] constexpr bool is_field_octet(char c) noexcept;

/// An octet allowed in a request target: visible US-ASCII (RFC 3986). Characters that this RFC wants escaped
/// (`"<>\^{|}` and the backquote) are accepted, because browsers send them.
[[nodiscard]] constexpr bool is_target_octet(char c) noexcept { return c > 0x20 && c < 0x7f; }

/// `text` is a non-empty `token` (RFC 9110 5.6.2).
[[nodiscard]] constexpr bool is_token(std::string_view text) noexcept;

/// `text` is valid as a field value: no control octet, no blank at either end (RFC 9110 5.5).
[[nodiscard]] constexpr bool is_field_value(std::string_view text) noexcept;

/// Converts US-ASCII letters to lower case and leaves other octets unchanged.
[[nodiscard]] constexpr char to_lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

[[nodiscard]] inline std::string to_lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = to_lower(c);
  return lower;
}

/// `a` and `b` are equal if the case of US-ASCII letters is ignored, as in field names, schemes and codings.
[[nodiscard]] constexpr bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept;

/// `text` begins with `prefix`, ignoring case.
[[nodiscard]] constexpr bool starts_with_ignoring_case(std::string_view text,
                                                       std::string_view prefix) noexcept {
  return text.size() >= prefix.size() &&
         equal_ignoring_case(text.substr(0, prefix.size()), prefix);
}
/// `text` ends with `suffix`, ignoring case.
[[nodiscard]] constexpr bool ends_with_ignoring_case(std::string_view text,
                                                     std::string_view suffix) noexcept {
  return text.size() >= suffix.size() &&
         equal_ignoring_case(text.substr(text.size() - suffix.size()), suffix);
}

/// `text` without the spaces and tabs around it (`OWS`, RFC 9110 5.6.3).
[[nodiscard]] constexpr std::string_view trim(std::string_view text) noexcept;

/// Parses `1*DIGIT`. A number too large for 64 bits becomes the maximum and does not wrap. Empty if `text` is empty
/// or has anything but digits. For Range.
[[nodiscard]] constexpr std::optional<std::uint64_t> parse_decimal(std::string_view text) noexcept;

/// `text` contains a control octet: CTL of RFC 5234.
[[nodiscard]] constexpr bool has_control(std::string_view text) noexcept;

/// Parses `1*DIGIT` and refuses a number that does not fit. For Content-Length, ports, statuses.
[[nodiscard]] constexpr std::optional<std::uint64_t> parse_decimal_strict(
    std::string_view text, std::uint64_t max = std::numeric_limits<std::uint64_t>::max()) noexcept;

/// Takes the next element off a comma-separated list (RFC 9110 5.6.1), trimmed. Skips empty elements and ignores
/// commas within quoted strings. Empty when the list is used up. Views point into `list`.
[[nodiscard]] constexpr std::optional<std::string_view> take_list_element(
    std::string_view& list) noexcept;

/// The comma-separated `list` contains `token`, ignoring case.
[[nodiscard]] constexpr bool list_contains(std::string_view list, std::string_view token) noexcept;

/// The number of decimal digits of `value`.
[[nodiscard]] constexpr std::size_t decimal_size(std::uint64_t value) noexcept {
  std::size_t digits = 1;
  for (std::uint64_t more = 10; value >= more && digits < 20; more *= 10) ++digits;
  return digits;
}
/// Writes the digits so that the last one is right before `end`; returns where the first one is.
constexpr char* write_decimal(char* end, std::uint64_t value) noexcept {
  for (; value >= 10; value /= 10) *--end = static_cast<char>('0' + value % 10);
  *--end = static_cast<char>('0' + value);
  return end;
}

/// Appends `value` in decimal digits.
[[gnu::noinline]] inline void append_decimal(std::string& out, std::uint64_t value) {
  char digits[20];  // as many as 2^64 has
  const char* const first = write_decimal(digits + sizeof digits, value);
  out.append(first, static_cast<std::size_t>(digits + sizeof digits - first));
}
/// `value` in decimal digits.
[[nodiscard]] inline std::string to_decimal(std::uint64_t value) {
  std::string text;
  append_decimal(text, value);
  return text;
}

/// Appends `value` in lower-case hexadecimal digits, without a prefix or leading zeros.
inline void append_hex(std::string& out, std::uint64_t value);
/// Appends `octet` as two digits, taken from the sixteen given.
[[gnu::noinline]] inline void append_hex_octet(std::string& out, char octet,
                                                const char* digits = "0123456789abcdef") {
  const auto value = static_cast<unsigned char>(octet);
  const char two[] = {digits[value / 16], digits[value % 16]};
  out.append(two, sizeof two);
}

// ---------------------------------------------------------------------------------------------

namespace detail {

[[nodiscard]] constexpr std::array<bool, 256> make_token_table() noexcept {
  std::array<bool, 256> table{};
  for (std::size_t i = 0; i < 256; ++i) {
    const char c = static_cast<char>(i);
    table[i] = i < 128 && (is_digit(c) || is_alpha(c));
  }
  for (const char c : std::string_view("!#$%&'*+-.^_`|~")) table[static_cast<unsigned char>(c)] = true;
  return table;
}

inline constexpr std::array<bool, 256> token_table = make_token_table();

/// Whether `size` octets are the same. For names and paths, which a call of memcmp takes longer for.
[[nodiscard]] inline bool same_octets(const char* a, const char* b, std::size_t size) noexcept {
  const auto same = [=](auto word, std::size_t at) {
    auto other = word;
    std::memcpy(&word, a + at, sizeof word);
    std::memcpy(&other, b + at, sizeof other);
    return word == other;
  };
  if (size >= 8) {
    for (std::size_t at = 0; at < size - 8; at += 8)
      if (!same(std::uint64_t{}, at)) return false;
    return same(std::uint64_t{}, size - 8);
  }
  if (size >= 4) return same(std::uint32_t{}, 0) && same(std::uint32_t{}, size - 4);
  for (std::size_t at = 0; at < size; ++at)
    if (a[at] != b[at]) return false;
  return true;
}

/// For tables of names: eight octets at a time, the last of them once more where they are not whole. Whoever
/// chooses names can make some that collide.
[[nodiscard]] inline std::size_t hash_of(std::string_view name) noexcept {
  const auto octets_at = [name](auto octets, std::size_t at) {
    std::memcpy(&octets, name.data() + at, sizeof octets);
    return std::uint64_t{octets};
  };
  std::uint64_t sum = name.size();
  const auto mix = [&sum](std::uint64_t octets) {
    sum = (sum ^ octets) * 0x9e3779b97f4a7c15u;
    sum ^= sum >> 32;
  };
  const std::size_t size = name.size();
  for (std::size_t at = 0; at + 8 < size; at += 8) mix(octets_at(std::uint64_t{}, at));
  if (size >= 8) mix(octets_at(std::uint64_t{}, size - 8));
  else if (size >= 4) mix(octets_at(std::uint32_t{}, 0) << 32 | octets_at(std::uint32_t{}, size - 4));
  else if (size > 0) mix(octets_at(std::uint8_t{}, 0) << 16 | octets_at(std::uint8_t{}, size / 2) << 8 | octets_at(std::uint8_t{}, size - 1));
  return static_cast<std::size_t>(sum);
}

/// False: none of the eight octets at `text` is a control octet. True: one may be.
[[nodiscard]] constexpr bool may_hold_control(const char* text) noexcept {
  std::uint64_t word = 0;
  if (std::is_constant_evaluated()) {
    for (std::size_t i = 0; i < 8; ++i)
      word |= std::uint64_t{static_cast<unsigned char>(text[i])} << 8 * i;
  } else {
    std::memcpy(&word, text, sizeof word);
  }
  constexpr std::uint64_t ones = 0x0101010101010101;
  const std::uint64_t del = word ^ ones * 0x7f;
  return (((word - ones * 0x20) & ~word) | ((del - ones) & ~del)) & ones * 0x80;
}

}  // namespace detail

constexpr int hex_value(char c) noexcept {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

constexpr bool is_token_char(char c) noexcept {
  return detail::token_table[static_cast<unsigned char>(c)];
}

constexpr bool is_field_octet(char c) noexcept {
  const auto octet = static_cast<unsigned char>(c);
  return (octet >= 0x20 && octet != 0x7f) || octet == '\t';
}

constexpr bool is_token(std::string_view text) noexcept {
  for (const char c : text)
    if (!is_token_char(c)) return false;
  return !text.empty();
}

constexpr bool is_field_value(std::string_view text) noexcept {
  const auto blank = [](char c) { return c == ' ' || c == '\t'; };
  if (!text.empty() && (blank(text.front()) || blank(text.back()))) return false;
  std::size_t at = 0;
  for (; text.size() - at >= 8; at += 8) {
    if (!detail::may_hold_control(text.data() + at)) continue;
    for (std::size_t i = at; i < at + 8; ++i)
      if (!is_field_octet(text[i])) return false;
  }
  for (; at < text.size(); ++at)
    if (!is_field_octet(text[at])) return false;
  return true;
}

constexpr bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept {
  if (a.size() != b.size()) return false;
  if (a.empty() || ((a[0] ^ b[0]) & ~0x20) != 0) return a.empty();  // as most that differ
  if (!std::is_constant_evaluated() && detail::same_octets(a.data(), b.data(), a.size())) return true;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (a[i] != b[i] && to_lower(a[i]) != to_lower(b[i])) return false;
  return true;
}

constexpr std::string_view trim(std::string_view text) noexcept {
  const auto blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

constexpr std::optional<std::uint64_t> parse_decimal(std::string_view text) noexcept {
  constexpr auto max = std::numeric_limits<std::uint64_t>::max();
  if (text.empty()) return std::nullopt;
  std::uint64_t value = 0;
  for (const char c : text) {
    if (!is_digit(c)) return std::nullopt;
    const auto digit = static_cast<std::uint64_t>(c - '0');
    value = value > (max - digit) / 10 ? max : value * 10 + digit;
  }
  return value;
}

constexpr bool has_control(std::string_view text) noexcept {
  while (text.size() >= 8 && !detail::may_hold_control(text.data())) text.remove_prefix(8);
  for (const char c : text)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return true;
  return false;
}

constexpr std::optional<std::uint64_t> parse_decimal_strict(std::string_view text,
                                                            std::uint64_t max) noexcept {
  if (text.empty()) return std::nullopt;
  constexpr std::uint64_t largest = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t value = 0;
  for (const char c : text) {
    if (!is_digit(c)) return std::nullopt;
    const auto digit = static_cast<std::uint64_t>(c - '0');
    if (value >= largest / 10 && (value > largest / 10 || digit > largest % 10)) return std::nullopt;
    value = value * 10 + digit;
  }
  return value <= max ? std::optional<std::uint64_t>(value) : std::nullopt;
}

constexpr std::optional<std::string_view> take_list_element(std::string_view& list) noexcept {
  while (!list.empty()) {
    std::size_t end = 0;
    bool quoted = false;
    for (; end < list.size() && (quoted || list[end] != ','); ++end) {
      if (list[end] == '"') quoted = !quoted;
      if (quoted && list[end] == '\\' && end + 1 < list.size()) ++end;
    }
    const auto element = trim(list.substr(0, end));
    list.remove_prefix(end < list.size() ? end + 1 : end);
    if (!element.empty()) return element;
  }
  return std::nullopt;
}

constexpr bool list_contains(std::string_view list, std::string_view token) noexcept {
  if (list.find(',') == list.npos) return !token.empty() && equal_ignoring_case(trim(list), token);
  while (const auto element = take_list_element(list))
    if (equal_ignoring_case(*element, token)) return true;
  return false;
}

inline void append_hex(std::string& out, std::uint64_t value) {
  char digits[16];
  std::size_t start = sizeof digits;
  do {
    digits[--start] = "0123456789abcdef"[value % 16];
    value /= 16;
  } while (value != 0);
  out.append(digits + start, sizeof digits - start);
}

}  // namespace tinyhttp::ascii
