// tinyhttp/http/media_type.hpp -- values like `text/html; charset=utf-8`: parsed, written, and chosen by file name.
//
// Pure. RFC 9110 8.3 and 5.6.6. Never looks into a file: content is not sniffed here.
#pragma once

#include <tinyhttp/core/ascii.hpp>
#include <tinyhttp/http/file_extensions.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace tinyhttp {

/// One `name=value` after a `;` (RFC 9110 5.6.6). Views into the parsed text.
struct field_parameter {
  std::string_view name;
  std::string_view value;  // as written, with quotes and backslashes

  /// The value without quotes and escapes.
  [[nodiscard]] std::string text() const;
};

/// Takes the next parameter off `rest`, which begins at a `;` or is empty; skips empty ones (`;;`). Empty result: all
/// are taken if `rest` is now empty; otherwise what is left is not a parameter (no `=`, a name that is no token, a
/// value that is neither token nor quoted string).
template <class Found = field_parameter>  // compiled only where it is used
[[nodiscard]] constexpr std::optional<Found> take_parameter(std::string_view& rest) noexcept;

/// A media type. Views into the parsed text; compare types and names ignoring case.
struct media_type {
  std::string_view type;        // `text`
  std::string_view subtype;     // `html`
  std::string_view parameters;  // from the first `;` on, well-formed; or empty

  /// `type/subtype` is `essence`, ignoring case.
  [[nodiscard]] constexpr bool is(std::string_view essence) const noexcept;

  /// The first parameter of that name, unquoted.
  [[nodiscard]] std::optional<std::string> parameter(std::string_view name) const;
};

/// Parses the value of a Content-Type field. Empty for anything that is not exactly one.
template <class Found = media_type>  // compiled only where it is used
[[nodiscard]] constexpr std::optional<Found> parse_media_type(std::string_view field) noexcept;

/// Appends `text` as a quoted string (RFC 9110 5.6.4). Control octets are not checked here; `fields` refuses them.
inline void append_quoted(std::string& out, std::string_view text);

/// The Content-Type value for a file name, by its extension: the part after the last dot of the last segment,
/// ignoring case, unless that dot is the first character. `application/octet-stream` if it is unknown. The view is
/// always valid.
[[nodiscard]] constexpr std::string_view media_type_of(std::string_view file_name) noexcept;

// ---------------------------------------------------------------------------------------------

namespace detail {

/// The length of the quoted-string (RFC 9110 5.6.4) at the front of `text`; 0 when there is none.
[[nodiscard]] constexpr std::size_t quoted_string_length(std::string_view text) noexcept {
  if (!text.starts_with('"')) return 0;
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '"') return i + 1;
    if (text[i] == '\\') ++i;
    if (i == text.size() || !ascii::is_field_octet(text[i])) return 0;
  }
  return 0;
}

[[nodiscard]] constexpr std::size_t token_length(std::string_view text) noexcept {
  std::size_t length = 0;
  while (length < text.size() && ascii::is_token_char(text[length])) ++length;
  return length;
}

/// Compares `text` with a lower-case extension: negative, 0 or positive.
[[nodiscard]] constexpr int compare_extension(std::string_view text,
                                              std::string_view extension) noexcept {
  for (std::size_t i = 0; i < text.size() && i < extension.size(); ++i) {
    const auto a = static_cast<unsigned char>(ascii::to_lower(text[i]));
    const auto b = static_cast<unsigned char>(extension[i]);
    if (a != b) return a < b ? -1 : 1;
  }
  if (text.size() == extension.size()) return 0;
  return text.size() < extension.size() ? -1 : 1;
}

/// As `take_parameter`, into `found`; false where that is empty.
constexpr bool next_parameter(std::string_view& rest, field_parameter& found) noexcept {
  auto left = ascii::trim(rest);
  while (left.starts_with(';')) left = ascii::trim(left.substr(1));
  if (left.empty()) {
    rest = left;
    return false;
  }
  if (!ascii::trim(rest).starts_with(';')) return false;

  found.name = left.substr(0, token_length(left));
  if (found.name.empty() || !left.substr(found.name.size()).starts_with('=')) return false;
  left.remove_prefix(found.name.size() + 1);
  const auto quoted = quoted_string_length(left);
  found.value = left.substr(0, quoted != 0 ? quoted : token_length(left));
  left = ascii::trim(left.substr(found.value.size()));
  if (found.value.empty() || !(left.empty() || left.starts_with(';'))) return false;
  rest = left;
  return true;
}

/// Reads `field` into `found`; false where it is not exactly one media type.
[[nodiscard]] constexpr bool read_media_type(std::string_view field, media_type& found) noexcept {
  field = ascii::trim(field);
  found.type = field.substr(0, token_length(field));
  field.remove_prefix(found.type.size());
  if (found.type.empty() || !field.starts_with('/')) return false;
  field.remove_prefix(1);
  found.subtype = field.substr(0, token_length(field));
  field = ascii::trim(field.substr(found.subtype.size()));
  if (found.subtype.empty() || !(field.empty() || field.starts_with(';'))) return false;
  found.parameters = field;
  field_parameter skipped;
  while (next_parameter(field, skipped)) continue;
  return field.empty();
}

}  // namespace detail

inline std::string field_parameter::text() const {
  if (!value.starts_with('"')) return std::string(value);
  std::string unquoted;
  for (std::size_t i = 1; i + 1 < value.size(); ++i) {
    if (value[i] == '\\') ++i;
    unquoted += value[i];
  }
  return unquoted;
}

template <class Found>
constexpr std::optional<Found> take_parameter(std::string_view& rest) noexcept {
  Found found;
  return detail::next_parameter(rest, found) ? std::optional(found) : std::nullopt;
}

constexpr bool media_type::is(std::string_view essence) const noexcept {
  return essence.size() == type.size() + 1 + subtype.size() && essence[type.size()] == '/' &&
         ascii::equal_ignoring_case(essence.substr(0, type.size()), type) &&
         ascii::equal_ignoring_case(essence.substr(type.size() + 1), subtype);
}

inline std::optional<std::string> media_type::parameter(std::string_view name) const {
  auto rest = parameters;
  field_parameter next;
  while (detail::next_parameter(rest, next))
    if (ascii::equal_ignoring_case(next.name, name)) return next.text();
  return std::nullopt;
}

template <class Found>
constexpr std::optional<Found> parse_media_type(std::string_view field) noexcept {
  Found found;
  return detail::read_media_type(field, found) ? std::optional(found) : std::nullopt;
}

inline void append_quoted(std::string& out, std::string_view text) {
  out += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  out += '"';
}

constexpr std::string_view media_type_of(std::string_view file_name) noexcept {
  constexpr std::string_view unknown = "application/octet-stream";
  file_name.remove_prefix(file_name.rfind('/') + 1);  // npos + 1 is 0
  const auto dot = file_name.rfind('.');
  if (dot == file_name.npos || dot == 0) return unknown;
  const auto extension = file_name.substr(dot + 1);

  std::string_view table = file_extensions;
  while (!table.empty()) {
    const std::size_t begin = table.rfind('\n', table.size() / 2 - 1) + 1;  // of a line in the middle
    std::string_view behind = table.substr(begin);
    const file_extension middle = take_file_extension(behind);
    const int order = detail::compare_extension(extension, middle.extension);
    if (order == 0) return middle.media_type;
    table = order < 0 ? table.substr(0, begin) : behind;
  }
  return unknown;
}

}  // namespace tinyhttp
