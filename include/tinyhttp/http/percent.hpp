// tinyhttp/http/percent.hpp -- percent-encoding (RFC 3986 2.1): encoding and decoding.
//
// Decodes what it is given and no more: callers must split first, so that an escaped delimiter never delimits. Knows
// neither paths nor queries.
#pragma once

#include <tinyhttp/core/ascii.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tinyhttp {

/// Takes the next octet off `text`; an escape counts as the octet that it encodes. Returns -1 at the end, and at a
/// `%` without two hexadecimal digits after it.
[[nodiscard]] constexpr int take_decoded_octet(std::string_view& text) noexcept;

/// Every `%` in `text` is followed by two hexadecimal digits.
[[nodiscard]] constexpr bool is_percent_encoded(std::string_view text) noexcept;

/// `text` with each escape replaced by its octet, whatever that is: NUL, `/` and invalid UTF-8 too. Empty when an
/// escape is malformed. `+` is a plus sign. A NUL can cut a name short in C functions: refuse it before opening files
/// or logging.
[[nodiscard]] inline std::optional<std::string> percent_decode(std::string_view text);

/// Which octets are left unescaped, besides letters, digits and `-._~`.
enum class unescaped : std::uint8_t {
  nothing,  // for one name or value of a query, or for userinfo: every delimiter is escaped
  segment,  // for one segment of a path: `!$&'()*+,;=:@` (pchar, RFC 3986 3.3)
  path,     // for a whole path: the same plus `/`
  query,    // for a whole query or fragment: the same plus `/` and `?` (3.4)
};

/// Appends `text` and escapes every octet that `unescaped` does not allow; `%` becomes `%25`.
inline void append_percent_encoded(std::string& out, std::string_view text, unescaped kept);

/// `text` with each octet that is not allowed written as `%` and two hexadecimal digits (RFC 3986 2.1).
[[nodiscard]] inline std::string percent_encode(std::string_view text, unescaped kept = unescaped::nothing) {
  std::string encoded;
  append_percent_encoded(encoded, text, kept);
  return encoded;
}

/// The same for text that may already be escaped, as people type it: valid escapes are kept. Applying it twice
/// changes nothing more.
inline void append_missing_escapes(std::string& out, std::string_view text, unescaped kept);

// ---------------------------------------------------------------------------------------------

constexpr int take_decoded_octet(std::string_view& text) noexcept {
  if (text.empty()) return -1;
  std::size_t used = 1;
  int octet = static_cast<unsigned char>(text[0]);
  if (octet == '%') {
    const int high = text.size() > 2 ? ascii::hex_value(text[1]) : -1;
    const int low = text.size() > 2 ? ascii::hex_value(text[2]) : -1;
    if (high < 0 || low < 0) return -1;
    octet = high * 16 + low;
    used = 3;
  }
  text.remove_prefix(used);
  return octet;
}

constexpr bool is_percent_encoded(std::string_view text) noexcept {
  for (;;) {
    const std::size_t escape = text.find('%');
    if (escape == text.npos) return true;
    text.remove_prefix(escape);
    if (take_decoded_octet(text) < 0) return false;
  }
}

inline std::optional<std::string> percent_decode(std::string_view text) {
  std::string decoded;
  decoded.reserve(text.size());
  for (;;) {
    const auto plain = text.substr(0, text.find('%'));
    decoded.append(plain);
    text.remove_prefix(plain.size());
    if (text.empty()) return decoded;
    const int octet = take_decoded_octet(text);
    if (octet < 0) return std::nullopt;
    decoded.push_back(static_cast<char>(octet));
  }
}

namespace detail {

/// The octets of `reg-name` (RFC 3986 3.2.2): unreserved and sub-delims. No escapes.
inline constexpr std::array<bool, 256> reg_name_table = [] {
  std::array<bool, 256> table{};
  for (std::size_t i = 0; i < 128; ++i)
    table[i] = ascii::is_alpha(static_cast<char>(i)) || ascii::is_digit(static_cast<char>(i));
  for (const char c : std::string_view("-._~!$&'()*+,;=")) table[static_cast<unsigned char>(c)] = true;
  return table;
}();

[[nodiscard]] constexpr bool stays_unescaped(char c, unescaped kept) noexcept {
  if (kept == unescaped::nothing)
    return ascii::is_alpha(c) || ascii::is_digit(c) || c == '-' || c == '.' || c == '_' || c == '~';
  return reg_name_table[static_cast<unsigned char>(c)] || c == ':' || c == '@' ||
         (c == '/' && kept != unescaped::segment) || (c == '?' && kept == unescaped::query);
}

inline void append_escape(std::string& out, char c) {
  out += '%';
  ascii::append_hex_octet(out, c, "0123456789ABCDEF");  // upper case: RFC 3986 2.1
}

/// Takes what precedes the first of `delimiters` off `text`, and appends it escaped; with `MayBeEscaped`, valid escapes
/// are kept. `delimiters` must be octets that `kept` does not leave unescaped.
template <bool MayBeEscaped>
[[gnu::noinline]] void take_escaped(std::string& out, std::string_view& text, unescaped kept, std::string_view delimiters) {
  for (std::size_t plain = 0;; plain = 0) {
    for (; plain < text.size(); ++plain) {
      if (stays_unescaped(text[plain], kept)) continue;
      auto rest = text.substr(plain);
      if (rest[0] != '%' || !MayBeEscaped || take_decoded_octet(rest) < 0) break;
      plain += 2;
    }
    out.append(text.data(), plain);
    text.remove_prefix(plain);
    if (text.empty() || delimiters.find(text.front()) != delimiters.npos) return;
    append_escape(out, text.front());
    text.remove_prefix(1);
  }
}

}  // namespace detail

inline void append_percent_encoded(std::string& out, std::string_view text, unescaped kept) {
  detail::take_escaped<false>(out, text, kept, {});
}

inline void append_missing_escapes(std::string& out, std::string_view text, unescaped kept) {
  detail::take_escaped<true>(out, text, kept, {});
}

}  // namespace tinyhttp
