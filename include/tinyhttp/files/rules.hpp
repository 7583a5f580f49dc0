// tinyhttp/files/rules.hpp -- rules by file name: the media type, and how long to cache the file.
//
// Pure: names in, field values out. First match first.
#pragma once

#include <tinyhttp/core/ascii.hpp>
#include <tinyhttp/http/media_type.hpp>

#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace tinyhttp {

/// The media type of file names that end in `suffix`, such as `.log`, ignoring case.
struct media_type_rule {
  std::string suffix = {};
  std::string media_type = {};  // a Content-Type value
};

/// The Cache-Control of files whose name, relative to the root, matches everything that is set here.
struct cache_rule {
  std::string prefix = {};  // as `assets/`
  std::string suffix = {};  // as `.woff2`, ignoring case
  bool hashed = false;      // only names with a content hash: `app.3f9ab2c1.js`, `app-3f9ab2c1.js`
  std::string cache_control = "public, max-age=31536000, immutable";  // a year: as good as ever
};

namespace files {

/// The Content-Type for a file name: from a rule, or from `media_type_of`.
[[nodiscard]] inline std::string_view media_type_by(const std::vector<media_type_rule>& rules,
                                                    std::string_view name) noexcept;

/// The Cache-Control for a file name: from a rule, or `otherwise`.
[[nodiscard]] inline std::string_view cache_control_by(const std::vector<cache_rule>& rules, std::string_view name,
                                                       std::string_view otherwise) noexcept;

/// The name contains a content hash, as build tools write it: a run of at least eight hexadecimal digits, at least
/// one of them a decimal digit, between `.`, `-` or `_`, and before the extension. Eight letters like `deadbeef` may
/// be a word; a date such as `20240501` is no hash either.
[[nodiscard]] constexpr bool has_content_hash(std::string_view name) noexcept;

// ---------------------------------------------------------------------------------------------

namespace detail {

/// Texts of options that go into fields are judged once, not at the first request that needs them.
[[gnu::cold]] inline void require_field_value(std::string_view what, std::string_view value) {
  if (!ascii::is_field_value(value))
    throw std::invalid_argument(std::string(what).append(": not the value of a field"));
}
/// A prefix of paths has a slash in front, a name beneath the root has none: else they would be those of nothing.
[[gnu::cold]] inline void require_places(std::string_view prefix, std::string_view fallback) {
  if ((!prefix.empty() && prefix.front() != '/') || fallback.starts_with('/'))
    throw std::invalid_argument("strip_prefix begins with /, fallback does not");
}

}  // namespace detail

inline std::string_view media_type_by(const std::vector<media_type_rule>& rules, std::string_view name) noexcept {
  for (const auto& rule : rules)
    if (ascii::ends_with_ignoring_case(name, rule.suffix)) return rule.media_type;
  return media_type_of(name);
}

inline std::string_view cache_control_by(const std::vector<cache_rule>& rules, std::string_view name,
                                         std::string_view otherwise) noexcept {
  for (const auto& rule : rules)
    if (name.starts_with(rule.prefix) && ascii::ends_with_ignoring_case(name, rule.suffix) &&
        (!rule.hashed || has_content_hash(name)))
      return rule.cache_control;
  return otherwise;
}

constexpr bool has_content_hash(std::string_view name) noexcept {
  if (const auto slash = name.rfind('/'); slash != name.npos) name.remove_prefix(slash + 1);
  std::size_t run = 0, digits = 0;
  bool at_start = false;  // of a run: behind a separator
  for (const char c : name) {
    if (c == '.' || c == '-' || c == '_') {
      if (at_start && run >= 8 && digits != 0 && digits != run) return true;
      at_start = true;
      run = digits = 0;
    } else if (at_start && ascii::hex_value(c) >= 0) {
      ++run;
      digits += ascii::is_digit(c);
    } else {
      at_start = false;
    }
  }
  return false;
}

}  // namespace files
}  // namespace tinyhttp
