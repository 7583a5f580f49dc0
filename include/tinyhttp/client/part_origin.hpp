// tinyhttp/client/part_origin.hpp -- what the octets of an unfinished download belong to.
//
// Pure, with a text form that can be kept beside the part. RFC 9110 8.8 (which validators show that a representation
// is still the same) and 14.3.
#pragma once

#include <tinyhttp/core/ascii.hpp>
#include <tinyhttp/http/conditional.hpp>
#include <tinyhttp/http/date.hpp>
#include <tinyhttp/http/fields.hpp>
#include <tinyhttp/http/range.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tinyhttp {

/// The ranges of a file that have been downloaded.
class held_ranges {
 public:
  void add(byte_range more) {
    if (more.length > 0) detail::join_range(ranges_, more);
  }
  /// The missing pieces of a file of `size` octets, in order.
  [[nodiscard]] std::vector<byte_range> missing(std::uint64_t size) const;
  [[nodiscard]] std::uint64_t octets() const noexcept;
  /// Where the last piece ends.
  [[nodiscard]] std::uint64_t end() const noexcept;
  /// The number of octets from the first one on without a gap.
  [[nodiscard]] std::uint64_t prefix() const noexcept;
  [[nodiscard]] const byte_ranges& ranges() const noexcept { return ranges_; }

 private:
  byte_ranges ranges_;  // none touches another; in no order
};

/// The note beside a part file.
struct part_origin {
  std::string url;
  std::string validator;               // a strong entity tag, or a Last-Modified that is as good
  std::optional<std::uint64_t> total;  // octets of the whole
  std::optional<held_ranges> pieces;   // empty: the part is a beginning, as long as its file

  [[nodiscard]] std::string to_text() const;
  [[nodiscard]] static std::optional<part_origin> parse(std::string_view text);

 private:
  static constexpr std::string_view pieces_mark = " pieces ";
};

/// The validator that If-Range may carry: a strong entity tag, otherwise a Last-Modified that is at least a second
/// older than the answer, which makes it strong (RFC 9110 8.8.2.2). Empty: there is none.
[[nodiscard]] inline std::string strong_validator(const fields& f);

/// Nothing in `f` shows that this is a different representation from the one that had `validator`.
[[nodiscard]] inline bool has_validator(const fields& f, std::string_view validator);

// ---------------------------------------------------------------------------------------------

inline std::vector<byte_range> held_ranges::missing(std::uint64_t size) const {
  std::vector<byte_range> gaps;
  for (std::uint64_t at = 0; at < size;) {
    std::uint64_t next = size;   // where the gap that begins at `at` ends
    std::uint64_t behind = size;  // and where the piece behind it does
    for (const byte_range& r : ranges_) {
      if (r.offset < at || r.offset >= next) continue;
      next = r.offset;
      behind = r.offset + r.length;
    }
    if (next > at) gaps.push_back({at, next - at});
    at = behind;
  }
  return gaps;
}

inline std::uint64_t held_ranges::octets() const noexcept {
  std::uint64_t sum = 0;
  for (const byte_range& r : ranges_) sum += r.length;
  return sum;
}
inline std::uint64_t held_ranges::end() const noexcept {
  std::uint64_t last = 0;
  for (const byte_range& r : ranges_)
    if (r.offset + r.length > last) last = r.offset + r.length;
  return last;
}
inline std::uint64_t held_ranges::prefix() const noexcept {
  for (const byte_range& r : ranges_)
    if (r.offset == 0) return r.length;
  return 0;
}

/// Three lines: URL, validator, and the size; behind it, for a part in pieces, `pieces 0-99,300-399`.
inline std::string part_origin::to_text() const {
  std::string text = url + '\n' + validator + '\n' + (total ? ascii::to_decimal(*total) : "");
  if (pieces) text += pieces_mark;
  if (pieces)
    for (const byte_range& r : pieces->ranges())
      text.append(format_range(r.offset, r.length).substr(6)).append(",");  // without `bytes=`
  return text += '\n';
}

inline std::optional<part_origin> part_origin::parse(std::string_view text) {
  part_origin made;
  for (std::string* line : {&made.url, &made.validator}) {
    const auto end = text.find('\n');
    if (end == text.npos || end == 0) return std::nullopt;
    *line = text.substr(0, end);
    text.remove_prefix(end + 1);
  }
  const auto tag = parse_entity_tag(made.validator);
  if (!(tag && !tag->weak) && !parse_date(made.validator, 0)) return std::nullopt;
  if (!text.ends_with('\n')) return std::nullopt;  // cut short
  text.remove_suffix(1);
  const auto mark = text.find(pieces_mark);
  made.total = ascii::parse_decimal_strict(text.substr(0, mark));
  if (mark == text.npos) return made;
  if (!made.total) return std::nullopt;
  made.pieces.emplace();
  auto list = text.substr(mark + pieces_mark.size());
  while (const auto piece = ascii::take_list_element(list)) {
    byte_range range;
    if (!detail::resolve_range_spec(*piece, *made.total, range) || range.length == 0) return std::nullopt;
    made.pieces->add(range);
  }
  return made;
}

inline std::string strong_validator(const fields& f) {
  if (const auto tag = parse_entity_tag(f["ETag"]); tag && !tag->weak)
    return std::string(f["ETag"]);
  if (f.contains("ETag")) return {};  // a weak one says that octets may differ
  const auto modified = parse_date(f["Last-Modified"], 0);
  const auto date = parse_date(f["Date"], 0);
  if (!modified || !date || *date - *modified < 1) return {};
  return std::string(f["Last-Modified"]);
}

inline bool has_validator(const fields& f, std::string_view validator) {
  const std::string_view name = validator.starts_with('"') ? "ETag" : "Last-Modified";
  for (const auto [each, value] : f)
    if (ascii::equal_ignoring_case(each, name) && value != validator) return false;
  return true;
}

}  // namespace tinyhttp
