// tinyhttp/http/conditional.hpp -- entity tags, and whether a request's conditions let it proceed.
//
// Pure: field values, or fields, and facts in, a verdict out. RFC 9110 8.8 and 13. Knows no files and no
// clock: where facts come from, and what a 304 or 412 looks like, is decided above.
#pragma once

#include <tinyhttp/core/ascii.hpp>
#include <tinyhttp/http/date.hpp>
#include <tinyhttp/http/fields.hpp>
#include <tinyhttp/http/method.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tinyhttp {

/// An entity tag (8.8.3). `opaque` is the text between the quotes; a view into the parsed text.
struct entity_tag {
  std::string_view opaque;
  bool weak = false;

  friend bool operator==(const entity_tag&, const entity_tag&) = default;
};

/// Parses `"xyzzy"` or `W/"xyzzy"`. Empty for anything else. A tag has no escapes, so a backslash is an octet like
/// any other.
template <class Found = entity_tag>  // compiled only where it is used
[[nodiscard]] constexpr std::optional<Found> parse_entity_tag(std::string_view text) noexcept;

/// Strong comparison (8.8.3.2): the same octets. Weak tags never match strongly.
[[nodiscard]] constexpr bool strong_match(const entity_tag& a, const entity_tag& b) noexcept {
  return !a.weak && !b.weak && a.opaque == b.opaque;
}

/// Weak comparison (8.8.3.2): equivalent content.
[[nodiscard]] constexpr bool weak_match(const entity_tag& a, const entity_tag& b) noexcept {
  return a.opaque == b.opaque;
}

/// The current state of the selected representation.
struct representation_facts {
  std::string_view etag = {};  // as it is sent, quotes included; empty: it has none
  std::optional<std::int64_t> last_modified = std::nullopt;  // seconds since 1970
  bool exists = true;    // false: the target has no current representation (a PUT that creates)
  std::int64_t now = 0;  // seconds since 1970: the Date of the answer
};

/// The values of a request's conditional fields; absent fields are empty, repeated ones are combined with commas.
struct preconditions {
  std::optional<std::string_view> if_match = std::nullopt;
  std::optional<std::string_view> if_none_match = std::nullopt;
  std::optional<std::string_view> if_modified_since = std::nullopt;
  std::optional<std::string_view> if_unmodified_since = std::nullopt;
};

/// The outcome of a request's conditions.
enum class precondition_verdict : std::uint8_t {
  proceed,              // perform the method
  not_modified,         // answer 304
  precondition_failed,  // answer 412
};

/// Evaluates the conditions in the order of 13.2.2. Call it once the request would otherwise be
/// answered with 2xx or 412 (13.2.1): not for a request that ends in 404 or 403 anyway.
///
/// An invalid date is ignored (13.1.3, 13.1.4). An element of a list that is not an entity tag matches nothing:
/// If-Match then fails and If-None-Match then passes, both on the safe side.
///
/// @param is_get_or_head  the method is GET or HEAD, which alone can be answered with 304
[[nodiscard]] constexpr precondition_verdict evaluate_preconditions(
    bool is_get_or_head, const preconditions& fields, const representation_facts& facts) noexcept;

/// The same for a request of this method with these fields:
///
///     evaluate_preconditions(req.method, req.fields, {.etag = tag})
[[nodiscard]] inline precondition_verdict evaluate_preconditions(const method& m, const fields& f,
                                                                 const representation_facts& facts);

/// A `Last-Modified` is a strong validator only if it is at least one second older than the `Date` it is compared
/// with; otherwise the content may change again within that same second (8.8.2.2; RFC 7232 asked for 60 seconds).
/// Remaining risk: a writer that sets times back.
[[nodiscard]] constexpr bool is_strong_date(std::int64_t last_modified, std::int64_t date) noexcept {
  return last_modified < date;
}

/// The Range of a request may be applied, because its `If-Range` matches the current representation (13.1.5). An
/// entity tag must match strongly; a date must be exactly the Last-Modified, and a strong one. Anything else is
/// false: answer with the whole.
[[nodiscard]] constexpr bool evaluate_if_range(std::string_view if_range, const representation_facts& facts) noexcept;

// ---------------------------------------------------------------------------------------------

namespace detail {

/// `etagc` (8.8.3): visible octets but the quote, and obs-text.
[[nodiscard]] constexpr bool is_etag_octet(char c) noexcept {
  const auto octet = static_cast<unsigned char>(c);
  return octet >= 0x21 && octet != '"' && octet != 0x7f;
}

/// Reads `text` into `tag`; false where it is none.
[[nodiscard]] constexpr bool read_entity_tag(std::string_view text, entity_tag& tag) noexcept {
  tag.weak = text.starts_with("W/");  // case-sensitive (8.8.3)
  if (tag.weak) text.remove_prefix(2);
  if (text.size() < 2 || text.front() != '"' || text.back() != '"') return false;
  tag.opaque = text.substr(1, text.size() - 2);
  for (const char c : tag.opaque)
    if (!is_etag_octet(c)) return false;
  return true;
}

/// Takes the element at the front of a list of entity tags, up to a comma outside quotes. Not
/// `ascii::take_list_element`: in `"a\", "b"` the backslash escapes nothing.
[[nodiscard]] constexpr std::string_view take_tag_text(std::string_view& list) noexcept {
  bool quoted = false;
  std::size_t end = 0;
  for (; end < list.size() && (quoted || list[end] != ','); ++end)
    if (list[end] == '"') quoted = !quoted;
  const auto element = ascii::trim(list.substr(0, end));
  list.remove_prefix(end < list.size() ? end + 1 : end);
  return element;
}

/// There may be a condition of 13.1, If-Range aside.
[[nodiscard]] inline bool may_have_conditions(const fields& f) noexcept {
  return f.may_contain("If-Match") || f.may_contain("If-None-Match") || f.may_contain("If-Modified-Since") ||
         f.may_contain("If-Unmodified-Since");
}

using tag_comparison = bool (*)(const entity_tag&, const entity_tag&) noexcept;

/// `field` (`*`, or a list of tags) names the current representation.
[[nodiscard]] constexpr bool names_current(std::string_view field, const representation_facts& facts,
                                           tag_comparison matches) noexcept {
  if (!facts.exists) return false;
  if (ascii::trim(field) == "*") return true;
  entity_tag current, tag;
  if (!read_entity_tag(facts.etag, current)) return false;
  while (!field.empty())
    if (read_entity_tag(take_tag_text(field), tag) && matches(tag, current)) return true;
  return false;
}

/// Both dates of a comparison with Last-Modified are there, and it is later than the field's;
/// `if_ignored` when the field is to be ignored.
[[nodiscard]] constexpr bool modified_since(
    const std::optional<std::string_view>& field, const representation_facts& facts,
    bool if_ignored) noexcept {
  if (!field || !facts.exists || !facts.last_modified) return if_ignored;
  const auto date = parse_date(*field, facts.now);
  if (!date) return if_ignored;
  return *facts.last_modified > *date;
}

}  // namespace detail

template <class Found>
constexpr std::optional<Found> parse_entity_tag(std::string_view text) noexcept {
  Found tag;
  return detail::read_entity_tag(text, tag) ? std::optional(tag) : std::nullopt;
}

constexpr precondition_verdict evaluate_preconditions(bool is_get_or_head, const preconditions& fields,
                                                      const representation_facts& facts) noexcept {
  using enum precondition_verdict;
  // Steps 1 and 2: the state that the client thinks it changes.
  if (fields.if_match) {
    if (!detail::names_current(*fields.if_match, facts, strong_match)) return precondition_failed;
  } else if (detail::modified_since(fields.if_unmodified_since, facts, false)) {
    return precondition_failed;
  }
  // Steps 3 and 4: the copy that the client has.
  if (fields.if_none_match) {
    if (detail::names_current(*fields.if_none_match, facts, weak_match))
      return is_get_or_head ? not_modified : precondition_failed;
  } else if (is_get_or_head &&
             !detail::modified_since(fields.if_modified_since, facts, true)) {
    return not_modified;
  }
  return proceed;  // step 5 is evaluate_if_range, step 6 the method
}

inline precondition_verdict evaluate_preconditions(const method& m, const fields& f, const representation_facts& facts) {
  if (!detail::may_have_conditions(f)) return precondition_verdict::proceed;
  std::string match, none_match, modified, unmodified;
  preconditions given;
  given.if_match = f.combined("If-Match", match);
  given.if_none_match = f.combined("If-None-Match", none_match);
  given.if_modified_since = f.combined("If-Modified-Since", modified);
  given.if_unmodified_since = f.combined("If-Unmodified-Since", unmodified);
  return evaluate_preconditions(m == method::get || m == method::head, given, facts);
}

constexpr bool evaluate_if_range(std::string_view if_range, const representation_facts& facts) noexcept {
  if (!facts.exists) return false;
  entity_tag tag, current;
  if (detail::read_entity_tag(if_range, tag))
    return detail::read_entity_tag(facts.etag, current) && strong_match(tag, current);
  const auto date = parse_date(if_range, facts.now);
  return date && facts.last_modified && *date == *facts.last_modified &&
         is_strong_date(*date, facts.now);
}

}  // namespace tinyhttp
