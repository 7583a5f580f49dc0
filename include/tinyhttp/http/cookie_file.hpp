// tinyhttp/http/cookie_file.hpp -- cookies in the text format of Netscape, which curl, wget and browsers' exporters write.
//
// Pure: text in, text out. One cookie per line, with tabs between: domain, whether it includes subdomains, path,
// whether TLS only, expiry (0: with the session), name and value.
#pragma once

#include <tinyhttp/core/ascii.hpp>
#include <tinyhttp/http/cookie_store.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace tinyhttp {

/// Writes a cookie file that `curl -b` reads.
[[nodiscard]] inline std::string format_cookie_file(std::span<const stored_cookie> cookies);

/// Takes lines off `text` up to and including the next one that holds a cookie, and returns that cookie. Comments and
/// invalid lines are skipped. Empty at the end.
[[nodiscard]] inline std::optional<stored_cookie> take_cookie_line(std::string_view& text);

// ---------------------------------------------------------------------------------------------

namespace detail {

inline constexpr std::string_view http_only_mark = "#HttpOnly_";

[[nodiscard]] inline std::optional<stored_cookie> parse_cookie_line(std::string_view line) {
  stored_cookie made;
  made.http_only = line.starts_with(http_only_mark);
  if (made.http_only) line.remove_prefix(http_only_mark.size());
  else if (line.starts_with('#')) return std::nullopt;
  std::array<std::string_view, 7> parts;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const auto tab = i + 1 < parts.size() ? line.find('\t') : line.npos;
    if (i + 2 < parts.size() && tab == line.npos) return std::nullopt;  // the value may be absent
    parts[i] = line.substr(0, tab);
    line.remove_prefix(tab == line.npos ? line.size() : tab + 1);
  }
  const auto [domain, for_all, path, secure, end, name, value] = parts;
  const auto expires = ascii::parse_decimal(end);
  if (!expires || *expires > static_cast<std::uint64_t>(latest_date)) return std::nullopt;
  made.domain = ascii::to_lower(domain.substr(domain.starts_with('.') ? 1 : 0));
  made.path = path;
  made.name = name;
  made.value = value;
  if (*expires > 0) made.expires = static_cast<std::int64_t>(*expires);
  made.host_only = !ascii::equal_ignoring_case(for_all, "TRUE");
  made.secure = ascii::equal_ignoring_case(secure, "TRUE");
  const bool makes_sense = !made.domain.empty() && made.path.starts_with('/') && !made.name.empty() &&
                           made.name.size() + made.value.size() <= max_cookie_octets &&
                           ascii::is_field_value(made.name + made.value) &&
                           made.name.find_first_of("=;") == std::string::npos &&
                           made.value.find_first_of(";\t") == std::string::npos;
  if (!makes_sense) return std::nullopt;
  return made;
}

}  // namespace detail

inline std::string format_cookie_file(std::span<const stored_cookie> cookies) {
  std::string text = "# Netscape HTTP Cookie File\n# domain, subdomains, path, secure, end, name, value\n\n";
  for (const stored_cookie& c : cookies) {
    if (c.http_only) text += detail::http_only_mark;
    text.append(c.host_only ? "" : ".").append(c.domain);
    text.append(c.host_only ? "\tFALSE\t" : "\tTRUE\t").append(c.path);
    text.append(c.secure ? "\tTRUE\t" : "\tFALSE\t");
    const std::int64_t end = c.expires.value_or(0);
    ascii::append_decimal(text, end > 0 ? static_cast<std::uint64_t>(end) : 0);
    text.append("\t").append(c.name).append("\t").append(c.value).append("\n");
  }
  return text;
}

inline std::optional<stored_cookie> take_cookie_line(std::string_view& text) {
  while (!text.empty()) {
    const auto end = text.find('\n');
    auto line = text.substr(0, end);
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (auto cookie = detail::parse_cookie_line(line)) return cookie;
  }
  return std::nullopt;
}

}  // namespace tinyhttp
