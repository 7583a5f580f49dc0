// tinyhttp/http/challenge.hpp -- what a server demands before it lets a client in.
//
// Pure. The grammar of WWW-Authenticate and its like (RFC 9110 11): several challenges in one list,
// whose parameters are separated by the same commas. Knows no scheme.
#pragma once

#include <tinyhttp/core/ascii.hpp>
#include <tinyhttp/http/media_type.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace tinyhttp {

/// One challenge, or credentials, which have the same syntax. Views into the field. Either token68 or the parameters
/// are empty.
struct auth_challenge {
  std::string_view scheme;      // `Digest`; compare ignoring case
  std::string_view token68;     // used by Negotiate and Basic
  std::string_view parameters;  // `realm="x", nonce="y"`

  /// The first parameter of that name, unquoted.
  [[nodiscard]] std::optional<std::string> parameter(std::string_view name) const;
};

/// Takes the next challenge off a field's value. Empty at its end, or at text that is no challenge.
[[nodiscard]] constexpr std::optional<auth_challenge> take_challenge(
    std::string_view& field) noexcept;

/// Takes the next `name=value` off a parameter list. Empty at its end, or at text that is no parameter.
[[nodiscard]] constexpr std::optional<field_parameter> take_auth_parameter(
    std::string_view& list) noexcept;

// ---------------------------------------------------------------------------------------------

namespace detail {

[[nodiscard]] constexpr std::string_view without_commas(std::string_view list) noexcept {
  while (!list.empty() && (list.front() == ',' || list.front() == ' ' || list.front() == '\t'))
    list.remove_prefix(1);
  return list;
}

[[nodiscard]] constexpr std::string_view without_blanks(std::string_view text) noexcept {
  while (text.starts_with(' ') || text.starts_with('\t')) text.remove_prefix(1);
  return text;
}

/// The length of a token68 that is all there is up to a comma or the end; else 0.
[[nodiscard]] constexpr std::size_t token68_length(std::string_view text) noexcept {
  std::size_t length = 0;
  const auto is_one_of_68 = [](char c) {
    return ascii::is_alpha(c) || ascii::is_digit(c) ||
           std::string_view("-._~+/").find(c) != std::string_view::npos;
  };
  while (length < text.size() && is_one_of_68(text[length])) ++length;
  if (length == 0) return 0;
  while (length < text.size() && text[length] == '=') ++length;
  const auto behind = without_blanks(text.substr(length));
  return behind.empty() || behind.front() == ',' ? length : 0;
}

}  // namespace detail

constexpr std::optional<field_parameter> take_auth_parameter(std::string_view& list) noexcept {
  auto left = detail::without_commas(list);
  field_parameter found;
  found.name = left.substr(0, detail::token_length(left));
  left = detail::without_blanks(left.substr(found.name.size()));
  if (found.name.empty() || !left.starts_with('=')) return std::nullopt;
  left = detail::without_blanks(left.substr(1));
  const auto quoted = detail::quoted_string_length(left);
  found.value = left.substr(0, quoted != 0 ? quoted : detail::token_length(left));
  left = detail::without_blanks(left.substr(found.value.size()));
  if (found.value.empty() || !(left.empty() || left.front() == ',')) return std::nullopt;
  list = left;
  return found;
}

constexpr std::optional<auth_challenge> take_challenge(std::string_view& field) noexcept {
  field = detail::without_commas(field);
  auto left = field;
  auth_challenge found;
  found.scheme = left.substr(0, detail::token_length(left));
  if (found.scheme.empty()) return std::nullopt;
  left.remove_prefix(found.scheme.size());
  if (!left.empty() && left.front() != ' ' && left.front() != ',') return std::nullopt;
  const bool has_more = left.starts_with(' ');
  left = detail::without_blanks(left);
  if (has_more) {
    found.token68 = left.substr(0, detail::token68_length(left));
    left.remove_prefix(found.token68.size());
    const auto begin = left;
    if (found.token68.empty())
      while (take_auth_parameter(left)) {
      }
    found.parameters = begin.substr(0, begin.size() - left.size());
  }
  field = left;
  return found;
}

inline std::optional<std::string> auth_challenge::parameter(std::string_view name) const {
  auto rest = parameters;
  while (const auto found = take_auth_parameter(rest))
    if (ascii::equal_ignoring_case(found->name, name)) return found->text();
  return std::nullopt;
}

}  // namespace tinyhttp
