// tinyhttp/http/content_disposition.hpp -- the file name that a server suggests: written, and read safely.
//
// Pure. RFC 6266 for the field, RFC 8187 for names beyond US-ASCII. No name from `safe_file_name` leads out of the
// directory to whose path it is appended.
#pragma once

#include <tinyhttp/core/ascii.hpp>
#include <tinyhttp/core/bounds.hpp>
#include <tinyhttp/core/utf8.hpp>
#include <tinyhttp/http/media_type.hpp>
#include <tinyhttp/http/percent.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace tinyhttp {

/// The name in a Content-Disposition field: `filename*` if it can be decoded, otherwise `filename`. As the server
/// wrote it, unquoted, in UTF-8 if the field says so; pass it through `safe_file_name`. Empty if there is none.
[[nodiscard]] inline std::optional<std::string> disposition_file_name(std::string_view field);

/// Makes a safe file name out of untrusted text: the part after the last slash or backslash, without control octets,
/// without dots and spaces at the front or spaces and dots at the end, at most `most` octets, keeping the extension.
/// Octets that are not UTF-8 become `_`. Empty when nothing is left.
[[nodiscard]] inline std::string safe_file_name(std::string_view wanted, std::size_t most = 200);

/// A Content-Disposition value that makes browsers save the answer as a file. The name is what `safe_file_name` makes
/// of `name`, quoted; if it is more than plain US-ASCII, also in UTF-8, which all browsers prefer.
[[nodiscard]] inline std::string save_as(std::string_view name);

/// The last segment of a URL's path, unescaped, as a file name; empty if there is none.
[[nodiscard]] inline std::string file_name_of_target(std::string_view target);

// ---------------------------------------------------------------------------------------------

namespace detail {

/// `UTF-8'en'%e2%82%ac`, decoded (RFC 8187 3.2). Empty for other charsets and broken escapes.
[[nodiscard]] inline std::optional<std::string> decode_ext_value(std::string_view value) {
  const auto first = value.find('\'');
  const auto second = first == value.npos ? first : value.find('\'', first + 1);
  if (second == value.npos) return std::nullopt;
  const auto charset = value.substr(0, first);
  const auto octets = percent_decode(value.substr(second + 1));
  if (!octets || ascii::equal_ignoring_case(charset, "UTF-8")) return octets;
  if (!ascii::equal_ignoring_case(charset, "ISO-8859-1")) return std::nullopt;
  std::string text;
  for (const char c : *octets) {
    const auto octet = static_cast<unsigned char>(c);
    if (octet >= 0x80) text += static_cast<char>(0xc0 | octet >> 6);
    text += octet < 0x80 ? c : static_cast<char>(0x80 | (octet & 0x3f));
  }
  return text;
}

/// Cuts `name` to `most` octets between characters, keeping a short extension.
inline void shorten_file_name(std::string& name, std::size_t most) {
  constexpr std::size_t longest_extension = 16;
  const auto dot = name.rfind('.');
  std::string extension;
  if (dot != name.npos && name.size() - dot <= at_most(longest_extension, most / 2))
    extension = name.substr(dot);
  std::size_t end = most - extension.size();
  while (end > 0 && (static_cast<unsigned char>(name[end]) & 0xc0) == 0x80) --end;
  name.replace(end, name.npos, extension);
}

}  // namespace detail

inline std::optional<std::string> disposition_file_name(std::string_view field) {
  const auto mark = field.find(';');
  if (mark == field.npos) return std::nullopt;
  auto rest = field.substr(mark);
  std::optional<std::string> plain;
  std::optional<std::string> extended;
  while (const auto parameter = take_parameter(rest)) {
    if (!plain && ascii::equal_ignoring_case(parameter->name, "filename"))
      plain = parameter->text();
    if (!extended && ascii::equal_ignoring_case(parameter->name, "filename*"))
      extended = detail::decode_ext_value(parameter->value);
  }
  return extended ? extended : plain;
}

inline std::string safe_file_name(std::string_view wanted, std::size_t most) {
  if (const auto slash = wanted.find_last_of("/\\"); slash != wanted.npos)
    wanted.remove_prefix(slash + 1);
  std::string name;
  while (!wanted.empty()) {
    const std::size_t length = utf8_length(wanted);
    const auto octet = static_cast<unsigned char>(wanted[0]);
    if (length == 0) name += '_';
    if (length > 1 || (length == 1 && octet >= 0x20 && octet != 0x7f))
      name.append(wanted.substr(0, length));
    wanted.remove_prefix(length == 0 ? 1 : length);
  }
  name.erase(0, at_most(name.find_first_not_of(". "), name.size()));
  if (name.size() > most) detail::shorten_file_name(name, most);
  while (!name.empty() && (name.back() == '.' || name.back() == ' ')) name.pop_back();
  return name;
}

inline std::string save_as(std::string_view name) {
  const std::string safe = safe_file_name(name);
  if (safe.empty()) return "attachment";
  std::string field = "attachment; filename=\"";
  bool is_plain = true;
  for (const char c : safe) {  // RFC 6266 appendix D: `\` and `%` are read in more ways than one
    const bool stays = c >= 0x20 && c < 0x7f && c != '"' && c != '\\' && c != '%';
    is_plain = is_plain && stays;
    if (stays) field += c;
    else if ((static_cast<unsigned char>(c) & 0xc0) != 0x80) field += '_';  // one for a character
  }
  field += '"';
  if (!is_plain) append_percent_encoded(field.append("; filename*=UTF-8''"), safe, unescaped::nothing);
  return field;
}

inline std::string file_name_of_target(std::string_view target) {
  target = target.substr(0, target.find_first_of("?#"));
  const auto last = target.substr(target.rfind('/') + 1);  // npos + 1 is 0
  return safe_file_name(percent_decode(last).value_or(std::string(last)));
}

}  // namespace tinyhttp
