// tinyhttp/app/route_pattern.hpp -- the pattern of a route, parsed and checked.
//
// Patterns come from the program, not from a peer, so a pattern that makes no sense throws an exception.
#pragma once

#include <tinyhttp/core/ascii.hpp>

#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace tinyhttp {

/// A parsed pattern. `/` begins each segment, which is one of
///
///     literal    users        itself, however the path escapes it; written here without escapes
///     named      {id}         any one segment that is not empty
///     rest       {path...}    the rest of the path, slashes included, maybe empty; only at the end. `{...}` has
///                             no name and passes nothing on, so it accepts what a name does not: see `route_tree::capture`
struct route_pattern {
  enum class kind : std::uint8_t { literal, named, rest };
  struct segment {
    kind is;
    std::string_view text;  // of the literal, or the name; a view into the pattern
  };

  std::vector<segment> segments;

  /// Throws std::invalid_argument with the pattern and the reason.
  explicit route_pattern(std::string_view pattern);
};

// ---------------------------------------------------------------------------------------------

namespace detail {

[[noreturn]] inline void refuse_pattern(std::string_view pattern, std::string_view why) {
  throw std::invalid_argument(
      std::string("router: pattern ").append(pattern).append(": ").append(why));
}

/// The segment of `path` whose slash is at `slash`, without it.
[[nodiscard]] inline std::string_view segment_at(std::string_view path,
                                                 std::size_t slash) noexcept {
  const std::size_t end = path.find('/', slash + 1);
  return path.substr(slash + 1, end == path.npos ? path.npos : end - slash - 1);
}

}  // namespace detail

inline route_pattern::route_pattern(std::string_view pattern) {
  if (!pattern.starts_with('/')) detail::refuse_pattern(pattern, "does not begin with /");
  for (std::size_t slash = 0; slash < pattern.size();) {
    auto text = detail::segment_at(pattern, slash);
    slash += 1 + text.size();
    kind is = kind::literal;
    if (text.starts_with('{') && text.ends_with('}')) {
      is = text.ends_with("...}") ? kind::rest : kind::named;
      text = text.substr(1, text.size() - (is == kind::rest ? 5 : 2));
      if (text.empty() && is == kind::named) detail::refuse_pattern(pattern, "a name is missing");
      if (is == kind::rest && slash < pattern.size())
        detail::refuse_pattern(pattern, "a rest segment stands at the end");
      if (text.find_first_of(":*?+=<>()[]") != text.npos)
        detail::refuse_pattern(pattern, "a name is no more than a name: a handler checks the value");
      for (const auto& earlier : segments)
        if (earlier.is != kind::literal && earlier.text == text)
          detail::refuse_pattern(pattern, "a name stands twice");
    } else if (text == "*" || text.find_first_of(":<(") == 0) {
      detail::refuse_pattern(pattern, "a named segment is written {name}, all that is left {name...}");
    }
    if (text.find_first_of("{}") != text.npos)
      detail::refuse_pattern(pattern, "braces enclose a whole segment");
    for (const char c : text)
      if (!ascii::is_field_octet(c) || c == '\t' || c == '%' || c == '?' || c == '#')
        detail::refuse_pattern(pattern, "is a path, without escapes, query or control octets");
    if (text == "." || text == "..") detail::refuse_pattern(pattern, "has a dot segment");
    segments.push_back({is, text});
  }
}

}  // namespace tinyhttp
