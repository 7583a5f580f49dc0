// tinyhttp/http/negotiation.hpp -- chooses the representation that the client prefers.
//
// Pure: the values of Accept and Accept-Encoding and the offers in, a choice out. RFC 9110 12.4 and 12.5. What to do
// if nothing is acceptable (406, or send it anyway) is the caller's decision.
#pragma once

#include <tinyhttp/core/ascii.hpp>
#include <tinyhttp/http/media_type.hpp>

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

namespace tinyhttp {

/// A weight in thousandths: 0 means "not acceptable", 1000 is the maximum.
using quality = int;

/// Parses a `qvalue` (12.4.2): `0`, `1`, and up to three decimals. Empty for anything else.
template <class Quality = quality>  // compiled only where it is used
[[nodiscard]] constexpr std::optional<Quality> parse_quality(std::string_view text) noexcept;

/// The quality that a client gives to the content coding `coding` (12.5.3), by its own name or otherwise by `*`.
/// Empty when neither is listed: then `identity` is acceptable and other codings are not. `x-gzip` and `x-compress`
/// are the names without `x-` (8.4.1). The first mention counts; malformed elements are ignored.
template <class Quality = quality>  // compiled only where it is used
[[nodiscard]] constexpr std::optional<Quality> coding_quality(std::string_view accept_encoding,
                                                              std::string_view coding) noexcept;

/// The content coding to answer with.
///
/// @param accept_encoding  the field's value. Absent: `identity`. The RFC lets a server send any
///                         coding then; those who did not ask tend not to decode
/// @param offered          codings that we have, best first, which decides between equals; whether
///                         `identity` is among them or not, it is there, as the last resort
/// @return                 an element of `offered`, or `identity`; empty when even that is refused
///                         (`identity;q=0`, or `*;q=0`) and nothing else is wanted
[[nodiscard]] constexpr std::optional<std::string_view> preferred_coding(
    std::optional<std::string_view> accept_encoding,
    std::span<const std::string_view> offered) noexcept;

/// The quality that `accept` gives to a media type: that of the most specific range that matches it (12.5.1),
/// parameters first; 0 if none matches.
///
/// @param type  what we would send, such as `text/html; charset=utf-8`
[[nodiscard]] constexpr quality media_type_quality(std::string_view accept,
                                                   std::string_view type) noexcept;

/// The media type to answer with: the one of the highest quality; among equals the one matched by the more specific
/// range (`application/json, */*` prefers JSON, though `*/*` has the same weight), then the first of `offered`. The
/// first if the field is absent or empty; nothing if none is acceptable.
[[nodiscard]] constexpr std::optional<std::string_view> preferred_media_type(
    std::optional<std::string_view> accept, std::span<const std::string_view> offered) noexcept;

// ---------------------------------------------------------------------------------------------

namespace detail {

inline constexpr quality no_quality = -1;  // none is named, or what is there is malformed

[[nodiscard]] constexpr quality read_quality(std::string_view text) noexcept {
  if (text.empty() || (text[0] != '0' && text[0] != '1')) return no_quality;
  quality value = (text[0] - '0') * 1000;
  if (text.size() == 1) return value;
  if (text[1] != '.' || text.size() > 5) return no_quality;
  quality scale = 100;
  for (const char c : text.substr(2)) {
    if (!ascii::is_digit(c)) return no_quality;
    value += (c - '0') * scale;
    scale /= 10;
  }
  return value <= 1000 ? value : no_quality;
}

/// The q among the parameters of one list element: 1000 when there is none, `no_quality` when it, or any
/// parameter, is malformed.
[[nodiscard, gnu::noinline]] constexpr quality element_quality(std::string_view parameters) noexcept {
  quality found = no_quality;
  field_parameter parameter;
  while (next_parameter(parameters, parameter)) {
    if (found != no_quality || !ascii::equal_ignoring_case(parameter.name, "q")) continue;
    found = read_quality(parameter.value);
    if (found == no_quality) return no_quality;
  }
  if (!parameters.empty()) return no_quality;
  return found == no_quality ? 1000 : found;
}

[[nodiscard]] constexpr std::string_view coding_name(std::string_view name) noexcept {
  if (ascii::equal_ignoring_case(name, "x-gzip")) return "gzip";
  if (ascii::equal_ignoring_case(name, "x-compress")) return "compress";
  return name;
}

/// As `coding_quality`; `no_quality` where that is empty.
[[nodiscard]] constexpr quality listed_quality(std::string_view accept_encoding, std::string_view coding) noexcept {
  quality any = no_quality;
  coding = coding_name(coding);
  while (const auto element = ascii::take_list_element(accept_encoding)) {
    const auto semicolon = element->find(';');
    const auto name = ascii::trim(element->substr(0, semicolon));
    const quality weight = element_quality(element->substr(semicolon == element->npos ? element->size() : semicolon));
    if (weight == no_quality) continue;
    if (ascii::equal_ignoring_case(coding_name(name), coding)) return weight;
    if (name == "*" && any == no_quality) any = weight;
  }
  return any;
}

/// Whether `quoted` and `plain`, either of which may be a quoted string, are the same value. Case
/// is ignored: it matters in no parameter that is worth negotiating about.
[[nodiscard]] constexpr bool same_parameter_value(std::string_view a, std::string_view b) noexcept {
  const auto unquote = [](std::string_view v) {
    return v.size() >= 2 && v.front() == '"' ? v.substr(1, v.size() - 2) : v;
  };
  return ascii::equal_ignoring_case(unquote(a), unquote(b));
}

[[nodiscard, gnu::cold]] constexpr bool has_parameter(const media_type& type,
                                           const field_parameter& wanted) noexcept {
  auto rest = type.parameters;
  field_parameter parameter;
  while (next_parameter(rest, parameter))
    if (ascii::equal_ignoring_case(parameter.name, wanted.name))
      return same_parameter_value(parameter.value, wanted.value);
  return false;
}

/// How closely `range` covers `type`: 0 not at all, 1 for `*/*`, 2 for `type/*`, 3 for the type,
/// one more for every parameter that they share.
[[nodiscard]] constexpr std::size_t specificity(const media_type& range,
                                                const media_type& type) noexcept {
  const bool any_type = range.type == "*";
  const bool any_subtype = range.subtype == "*";
  if (any_type && !any_subtype) return 0;
  if (!any_type && !ascii::equal_ignoring_case(range.type, type.type)) return 0;
  if (!any_subtype && !ascii::equal_ignoring_case(range.subtype, type.subtype)) return 0;
  std::size_t level = any_type ? 1 : any_subtype ? 2 : 3;
  auto rest = range.parameters;
  field_parameter parameter;
  while (next_parameter(rest, parameter)) {
    if (ascii::equal_ignoring_case(parameter.name, "q")) break;  // the weight ends the range
    if (!has_parameter(type, parameter)) return 0;
    ++level;
  }
  return level;
}

/// The range of `accept` that covers `type` most closely, and how closely.
struct range_match {
  quality weight = 0;
  std::size_t level = 0;
};

[[nodiscard]] constexpr range_match closest_range(std::string_view accept,
                                                  std::string_view type) noexcept {
  range_match found;
  media_type offer, range;
  if (!read_media_type(type, offer)) return found;
  while (const auto element = ascii::take_list_element(accept)) {
    if (!read_media_type(*element, range)) continue;
    const quality weight = element_quality(range.parameters);
    const std::size_t level = weight != no_quality ? specificity(range, offer) : 0;
    if (level > found.level) found = {weight, level};
  }
  return found;
}

}  // namespace detail

template <class Quality>
constexpr std::optional<Quality> parse_quality(std::string_view text) noexcept {
  const Quality read = detail::read_quality(text);
  return read != detail::no_quality ? std::optional(read) : std::nullopt;
}

template <class Quality>
constexpr std::optional<Quality> coding_quality(std::string_view accept_encoding,
                                                std::string_view coding) noexcept {
  const Quality listed = detail::listed_quality(accept_encoding, coding);
  return listed != detail::no_quality ? std::optional(listed) : std::nullopt;
}

constexpr std::optional<std::string_view> preferred_coding(
    std::optional<std::string_view> accept_encoding,
    std::span<const std::string_view> offered) noexcept {
  constexpr std::string_view identity = "identity";
  if (!accept_encoding) return identity;
  std::optional<std::string_view> best;
  quality best_quality = 0;
  for (const std::string_view coding : offered) {
    if (ascii::equal_ignoring_case(coding, identity)) continue;
    const quality q = detail::listed_quality(*accept_encoding, coding);
    if (q <= best_quality) continue;
    best = coding;
    best_quality = q;
  }
  // Unlisted, identity is acceptable but not preferred to anything that was asked for (12.5.3).
  const quality plain = detail::listed_quality(*accept_encoding, identity);
  if ((plain != detail::no_quality ? plain : best ? 0 : 1) > best_quality) return identity;
  return best;
}

constexpr quality media_type_quality(std::string_view accept, std::string_view type) noexcept {
  return detail::closest_range(accept, type).weight;
}

constexpr std::optional<std::string_view> preferred_media_type(
    std::optional<std::string_view> accept, std::span<const std::string_view> offered) noexcept {
  std::optional<std::string_view> best;
  detail::range_match best_match;
  auto list = accept ? *accept : std::string_view();
  const bool says_nothing = !ascii::take_list_element(list);
  for (const std::string_view type : offered) {
    if (says_nothing) return type;
    const auto match = detail::closest_range(*accept, type);
    if (match.weight < best_match.weight || match.weight == 0) continue;
    if (match.weight == best_match.weight && match.level <= best_match.level) continue;
    best = type;
    best_match = match;
  }
  return best;
}

}  // namespace tinyhttp
