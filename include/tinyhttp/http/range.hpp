// tinyhttp/http/range.hpp -- which bytes of a representation the client asked for.
//
// Pure: text and a length in, a verdict and its Content-Range out; content_range.hpp parses one. RFC 9110 14. Who may
// ask (GET only, after the preconditions of 13) is decided in conditional.hpp.
#pragma once

#include <tinyhttp/core/ascii.hpp>
#include <tinyhttp/core/small_vector.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

namespace tinyhttp {

/// A run of bytes within a representation. Half-open here; only the wire format is inclusive.
struct byte_range {
  std::uint64_t offset = 0;  // bytes from the start of the representation
  std::uint64_t length = 0;  // bytes

  friend bool operator==(const byte_range&, const byte_range&) = default;
};

using byte_ranges = small_vector<byte_range, 1>;  // usually one.

/// The outcome of a Range field.
enum class range_verdict : std::uint8_t {
  whole,          // no usable range: answer 200 with everything
  partial,        // answer 206 with `ranges`
  unsatisfiable,  // answer 416
};

/// The verdict on a Range field, and the selected ranges.
struct range_selection {
  range_verdict verdict = range_verdict::whole;
  byte_ranges ranges;  // non-empty only for `partial`; request order, each length > 0, none touches
                       // another: together at most the representation
};

/// Evaluates a `Range` field. Ranges that touch or overlap become one, at the position of the first of them
/// (15.3.7.2).
///
/// @param field       the field value, e.g. `bytes=0-499, -500`; only read during the call
/// @param size        length of the selected representation, in bytes
/// @param max_ranges  specs that are worth answering; 16 is more than any reader of media or
///                    archives was seen to send, and bounds what the parts' heads cost
/// @return            never fails. A field that we cannot use (unknown unit, bad syntax, more than
///                    `max_ranges` specs, or more than two that overlap) selects the whole: 14.2
///                    lets a server ignore Range, and ignoring costs less than amplification.
[[nodiscard]] inline range_selection select_ranges(std::string_view field, std::uint64_t size,
                                                   std::size_t max_ranges = 16);

/// The value of a `Range` field that asks for `length` bytes from `offset` on, or for the rest.
/// `length` is not 0.
[[nodiscard]] inline std::string format_range(std::uint64_t offset, std::optional<std::uint64_t> length = std::nullopt);

/// `bytes 0-4/10`; `bytes */10` for an empty range, which has no last byte to name.
[[nodiscard]] inline std::string format_content_range(byte_range range, std::uint64_t size);

// ---------------------------------------------------------------------------------------------

namespace detail {

/// Resolves one range-spec (14.1.2) against `size`. Length 0: well-formed, but unsatisfiable.
/// False: not a range-spec.
[[nodiscard]] constexpr bool resolve_range_spec(std::string_view spec, std::uint64_t size, byte_range& into) noexcept {
  const auto dash = spec.find('-');
  if (dash == spec.npos) return false;
  const auto before = spec.substr(0, dash);
  const auto after = spec.substr(dash + 1);

  if (before.empty()) {  // suffix-range: the last n bytes
    const auto wanted = ascii::parse_decimal(after);
    if (!wanted) return false;
    const auto length = *wanted < size ? *wanted : size;
    into = {size - length, length};
    return true;
  }

  const auto first = ascii::parse_decimal(before);
  const auto last =
      after.empty() ? std::numeric_limits<std::uint64_t>::max() : ascii::parse_decimal(after);
  if (!first || !last || *last < *first) return false;
  const auto end = *last < size ? *last + 1 : size;
  into = *first < size ? byte_range{*first, end - *first} : byte_range{size, 0};
  return true;
}

/// Adds `added` to `ranges`, which do not touch one another, and keeps them so: what it touches is
/// joined to it at the earliest place. Says whether it shared a byte with any of them.
inline bool join_range(byte_ranges& ranges, byte_range added) {
  constexpr auto nowhere = std::numeric_limits<std::size_t>::max();
  std::size_t place = nowhere;
  std::size_t kept = 0;
  std::uint64_t end = added.offset + added.length;
  bool overlapped = false;
  const byte_range asked = added;
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    const byte_range r = ranges[i];
    const std::uint64_t r_end = r.offset + r.length;
    if (r.offset > asked.offset + asked.length || asked.offset > r_end) {
      ranges[kept++] = r;
      continue;
    }
    overlapped = overlapped || (r.offset < asked.offset + asked.length && asked.offset < r_end);
    if (r.offset < added.offset) added.offset = r.offset;
    if (r_end > end) end = r_end;
    if (place == nowhere) place = kept++;
  }
  added.length = end - added.offset;
  while (ranges.size() > kept) ranges.pop_back();
  if (place == nowhere) {
    ranges.push_back(added);
  } else {
    ranges[place] = added;
  }
  return overlapped;
}

}  // namespace detail

inline range_selection select_ranges(std::string_view field, std::uint64_t size, std::size_t max_ranges) {
  if (size == 0) return {};  // no byte that a Content-Range could name

  const auto equals = field.find('=');
  if (equals == field.npos) return {};
  if (!ascii::equal_ignoring_case(field.substr(0, equals), "bytes")) return {};

  range_selection selection{range_verdict::unsatisfiable, {}};
  std::size_t specs = 0;
  std::size_t overlaps = 0;
  auto list = field.substr(equals + 1);
  while (const auto spec = ascii::take_list_element(list)) {
    byte_range range;
    if (!detail::resolve_range_spec(*spec, size, range) || ++specs > max_ranges) return {};
    if (range.length == 0) continue;
    // "More than two overlapping ranges" is a sign of a broken client or of an attack (14.2).
    if (detail::join_range(selection.ranges, range) && ++overlaps > 1) return {};
    selection.verdict = range_verdict::partial;
  }
  if (specs == 0) return {};
  return selection;
}

inline std::string format_range(std::uint64_t offset, std::optional<std::uint64_t> length) {
  constexpr auto max = std::numeric_limits<std::uint64_t>::max();
  std::string text = "bytes=";
  ascii::append_decimal(text, offset);
  text += '-';
  if (length && *length != 0 && *length <= max - offset)
    ascii::append_decimal(text, offset + (*length - 1));
  return text;
}

inline std::string format_content_range(byte_range range, std::uint64_t size) {
  std::string text = "bytes ";
  if (range.length != 0) {
    ascii::append_decimal(text, range.offset);
    text += '-';
    ascii::append_decimal(text, range.offset + (range.length - 1));
  } else {
    text += '*';
  }
  text += '/';
  ascii::append_decimal(text, size);
  return text;
}

}  // namespace tinyhttp
