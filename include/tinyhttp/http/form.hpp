// tinyhttp/http/form.hpp -- application/x-www-form-urlencoded: what HTML forms send.
//
// Pure. The format of the URL Standard, part 5, in a body or in the query of a GET form. Differs
// from query.hpp in one thing: `+` is a space. Files come in multipart bodies, not here.
#pragma once

#include <tinyhttp/core/result.hpp>
#include <tinyhttp/http/percent.hpp>
#include <tinyhttp/http/query.hpp>

#include <cstddef>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tinyhttp {

/// The media type of these bodies.
inline constexpr std::string_view form_media_type = "application/x-www-form-urlencoded";

/// One name and value, decoded: any octets, also NUL and invalid UTF-8.
struct form_entry {
  std::string name;
  std::string value;

  friend bool operator==(const form_entry&, const form_entry&) = default;
};

/// `text` with each `+` turned into a space and escapes decoded. Empty if an escape is malformed; the URL Standard
/// would leave it as it is, so that two readers could understand the text differently.
[[nodiscard]] inline std::optional<std::string> form_decode(std::string_view text);

/// Every entry, in order. Error: a malformed escape, with status hint 400, or more than `max_entries`, with 413
/// (the default is that of other servers: enough for any form, and too few for an attack).
[[nodiscard]] inline result<std::vector<form_entry>> parse_form(std::string_view body, std::size_t max_entries = 1000);

/// The value of the first entry with that name; parsing stops there. Empty if there is none, or if that value
/// has a malformed escape. For a few look-ups in a body or query that is kept as it was received.
[[nodiscard]] inline std::optional<std::string> form_value(std::string_view body,
                                                           std::string_view name);

/// Appends one entry, after a `&` unless `body` is empty.
inline void append_form_entry(std::string& body, std::string_view name, std::string_view value);

/// Encodes these entries as a body:  `encode_form({{"name", "Ada Lovelace"}, {"born", "1815"}})`.
[[nodiscard]] inline std::string encode_form(
    std::initializer_list<std::pair<std::string_view, std::string_view>> entries) {
  std::string body;
  for (const auto& [name, value] : entries) append_form_entry(body, name, value);
  return body;
}

// ---------------------------------------------------------------------------------------------

namespace detail {

/// Letters, digits and `*-._` stay, a space becomes `+`, the rest is escaped.
inline void append_form_encoded(std::string& out, std::string_view text) {
  for (const char c : text) {
    if (c == ' ') {
      out += '+';
    } else if (c == '*') {
      out += c;
    } else if (c == '~') {
      out += "%7E";
    } else {
      append_percent_encoded(out, {&c, 1}, unescaped::nothing);
    }
  }
}

}  // namespace detail

inline std::optional<std::string> form_decode(std::string_view text) {
  std::string decoded;
  decoded.reserve(text.size());
  while (!text.empty()) {
    const bool space = text.front() == '+';
    const int octet = take_decoded_octet(text);
    if (octet < 0) return std::nullopt;
    decoded += space ? ' ' : static_cast<char>(octet);
  }
  return decoded;
}

inline result<std::vector<form_entry>> parse_form(std::string_view body, std::size_t max_entries) {
  std::vector<form_entry> entries;
  for (const auto& pair : query_pairs(body)) {
    auto name = form_decode(pair.name);
    auto value = form_decode(pair.value);
    if (!name || !value) return error(error_kind::protocol, "form: malformed escape", 400);
    if (entries.size() == max_entries) return error(error_kind::limit, "form: too many entries", 413);
    entries.push_back({std::move(*name), std::move(*value)});
  }
  return entries;
}

inline std::optional<std::string> form_value(std::string_view body, std::string_view name) {
  for (const auto& pair : query_pairs(body)) {
    const auto decoded = form_decode(pair.name);
    if (decoded && *decoded == name) return form_decode(pair.value);
  }
  return std::nullopt;
}

inline void append_form_entry(std::string& body, std::string_view name, std::string_view value) {
  if (!body.empty()) body += '&';
  detail::append_form_encoded(body, name);
  body += '=';
  detail::append_form_encoded(body, value);
}

}  // namespace tinyhttp
