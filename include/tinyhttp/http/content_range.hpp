// tinyhttp/http/content_range.hpp -- which bytes of a representation a part contains.
//
// Pure. RFC 9110 14.4.
#pragma once

#include <tinyhttp/core/ascii.hpp>
#include <tinyhttp/http/range.hpp>

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

namespace tinyhttp {

/// The content of a `Content-Range` field; at least one of the two members is set.
struct content_range {
  std::optional<byte_range> range;    // absent in a 416: `bytes */10`
  std::optional<std::uint64_t> size;  // bytes of the whole; absent when unknown: `bytes 0-4/*`

  friend bool operator==(const content_range&, const content_range&) = default;
};

/// `bytes 0-4/10`, `bytes 0-4/*`, or, if the range is absent or empty and so has no last byte, `bytes */10`.
[[nodiscard]] inline std::string format_content_range(std::optional<byte_range> range,
                                                      std::optional<std::uint64_t> size);

/// Parses a `Content-Range` in bytes. Empty for another unit, bad syntax, numbers beyond 64 bits, and ranges that are
/// reversed or end beyond `size`: such a part must not be combined (14.4).
template <class Found = content_range>  // compiled only where it is used
[[nodiscard]] constexpr std::optional<Found> parse_content_range(std::string_view field) noexcept;

// ---------------------------------------------------------------------------------------------

inline std::string format_content_range(std::optional<byte_range> range, std::optional<std::uint64_t> size) {
  std::string text = format_content_range(range.value_or(byte_range()), size.value_or(0));
  if (!size) text.back() = '*';
  return text;
}

template <class Found>
constexpr std::optional<Found> parse_content_range(std::string_view field) noexcept {
  constexpr auto max = std::numeric_limits<std::uint64_t>::max();
  if (!ascii::starts_with_ignoring_case(field, "bytes ")) return std::nullopt;
  field.remove_prefix(6);
  const auto slash = field.find('/');
  if (slash == field.npos) return std::nullopt;
  const auto positions = field.substr(0, slash);
  const auto complete = field.substr(slash + 1);

  Found found;
  if (complete != "*") {
    found.size = ascii::parse_decimal_strict(complete);
    if (!found.size) return std::nullopt;
  }
  if (positions == "*") return found.size ? std::optional(found) : std::nullopt;

  const auto dash = positions.find('-');
  if (dash == positions.npos) return std::nullopt;
  const auto first = ascii::parse_decimal_strict(positions.substr(0, dash));
  const auto last = ascii::parse_decimal_strict(positions.substr(dash + 1), max - 1);
  if (!first || !last || *last < *first) return std::nullopt;
  if (found.size && *last >= *found.size) return std::nullopt;
  found.range = byte_range{*first, *last - *first + 1};
  return found;
}

}  // namespace tinyhttp
