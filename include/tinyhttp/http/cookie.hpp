// tinyhttp/http/cookie.hpp -- the pairs of a Cookie field, and values for Set-Cookie.
//
// Pure. RFC 6265, and SameSite, Partitioned and the two name prefixes of its successor
// (draft-ietf-httpbis-rfc6265bis). Decodes nothing: a cookie's value is what was set. Keeps no jar.
#pragma once

#include <tinyhttp/core/ascii.hpp>
#include <tinyhttp/core/chrono.hpp>
#include <tinyhttp/core/result.hpp>
#include <tinyhttp/http/date.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tinyhttp {

/// One cookie of a request. Views into the field. Quotes around a value are part of it.
struct cookie_pair {
  std::string_view name;
  std::string_view value;

  friend bool operator==(const cookie_pair&, const cookie_pair&) = default;
};

/// Takes the next pair off a Cookie field's value. A part without `=` or without a name is skipped. Empty when the field
/// is used up. Lenient like every server: what a client returns was once accepted.
[[nodiscard]] constexpr std::optional<cookie_pair> take_cookie(std::string_view& field) noexcept;

/// The value of the first cookie of that name: the one with the longest path (RFC 6265 5.4).
[[nodiscard]] constexpr std::optional<std::string_view> cookie_value(
    std::string_view field, std::string_view name) noexcept;

/// A cookie's SameSite attribute: on requests from which sites a browser sends the cookie (rfc6265bis 5.6.7).
enum class same_site : std::uint8_t {
  unstated,  // browsers take it as lax
  lax,       // sent along links from elsewhere, but not with their forms, images or scripts
  strict,    // sent from our own pages only
  none,      // sent from everywhere; needs `secure`
};

/// A cookie to set. The defaults are the careful ones: for this host, this session, out of reach of scripts. `secure`
/// is false, because http on localhost is where everybody begins.
struct set_cookie {
  std::string name;  // a token
  std::string
      value;  // visible US-ASCII but `"`, `,`, `;` and the backslash; encode what else there is
  std::string path = "/";
  std::string domain = {};                                     // empty: this host only
  std::optional<std::chrono::seconds> max_age = std::nullopt;  // 0 or less removes the cookie
  std::optional<std::int64_t> expires = std::nullopt;  // seconds since 1970; max_age takes precedence
  bool secure = false;
  bool http_only = true;
  tinyhttp::same_site same_site = tinyhttp::same_site::lax;
  bool partitioned = false;  // a separate jar for each site that embeds us; needs `secure`
};

/// The value of a Set-Cookie field. Each cookie needs a field line of its own.
///
/// @return  `invalid_argument` for octets that would split the field or become an attribute, and for what
///          browsers drop silently: SameSite=None or Partitioned without Secure, the prefixes
///          `__Secure-` and `__Host-` without what they require, more than 4096 octets of name and
///          value. The error names the cookie, but never its value.
[[nodiscard]] inline result<std::string> format_set_cookie(const set_cookie& cookie);

// ---------------------------------------------------------------------------------------------

namespace detail {

inline constexpr std::size_t max_cookie_octets = 4096;  // rfc6265bis 5.6: user agents drop larger

/// `cookie-octet` (RFC 6265 4.1.1).
[[nodiscard]] constexpr bool is_cookie_octet(char c) noexcept {
  return c > 0x20 && c < 0x7f && c != '"' && c != ',' && c != ';' && c != '\\';
}

/// What is wrong with the attributes, or nothing.
[[nodiscard]] inline std::string_view cookie_fault(const set_cookie& cookie) {
  if (!ascii::is_token(cookie.name)) return "the name is not a token";
  if (cookie.name.size() + cookie.value.size() > max_cookie_octets)
    return "more than 4096 octets of name and value";
  for (const char c : cookie.value)
    if (!is_cookie_octet(c)) return "the value has an octet that may not stand there";
  if (!cookie.path.empty() && cookie.path.front() != '/') return "the path does not begin with /";
  for (const char c : cookie.path)
    if (c < 0x20 || c >= 0x7f || c == ';') return "the path has an octet that may not stand there";
  if (cookie.path.ends_with(' ')) return "the path ends in a space";
  for (const char c : cookie.domain)
    if (!ascii::is_alpha(c) && !ascii::is_digit(c) && c != '-' && c != '.' && c != '_')
      return "the domain has an octet that may not stand there";
  if (cookie.same_site == same_site::none && !cookie.secure) return "SameSite=None needs secure";
  if (cookie.partitioned && !cookie.secure) return "Partitioned needs secure";
  // The prefixes are compared ignoring case, as user agents have to.
  const bool host_only = ascii::starts_with_ignoring_case(cookie.name, "__Host-");
  if ((host_only || ascii::starts_with_ignoring_case(cookie.name, "__Secure-")) && !cookie.secure)
    return "its prefix needs secure";
  if (host_only && (!cookie.domain.empty() || cookie.path != "/"))
    return "its prefix needs the path / and no domain";
  return {};
}

}  // namespace detail

constexpr std::optional<cookie_pair> take_cookie(std::string_view& field) noexcept {
  while (!field.empty()) {
    const auto end = field.find(';');
    const auto text = field.substr(0, end);
    field.remove_prefix(end == field.npos ? field.size() : end + 1);
    const auto equals = text.find('=');
    if (equals == text.npos) continue;
    const cookie_pair pair{ascii::trim(text.substr(0, equals)),
                           ascii::trim(text.substr(equals + 1))};
    if (!pair.name.empty()) return pair;
  }
  return std::nullopt;
}

constexpr std::optional<std::string_view> cookie_value(std::string_view field,
                                                       std::string_view name) noexcept {
  while (const auto pair = take_cookie(field))
    if (pair->name == name) return pair->value;
  return std::nullopt;
}

inline result<std::string> format_set_cookie(const set_cookie& cookie) {
  if (const auto fault = detail::cookie_fault(cookie); !fault.empty()) {
    std::string_view shown = "?";
    if (ascii::is_token(cookie.name)) shown = cookie.name;
    return error(error_kind::invalid_argument,
                 std::string("cookie \"").append(shown.substr(0, 64)).append("\": ").append(fault));
  }
  std::string text = cookie.name + '=' + cookie.value;
  if (!cookie.path.empty()) text.append("; Path=").append(cookie.path);
  if (!cookie.domain.empty()) text.append("; Domain=").append(cookie.domain);
  if (cookie.max_age) {
    const auto seconds = cookie.max_age->count();  // negative ones mean what 0 means
    text.append("; Max-Age=");
    ascii::append_decimal(text, seconds > 0 ? static_cast<std::uint64_t>(seconds) : 0);
  }
  if (cookie.expires) text.append("; Expires=").append(format_date(*cookie.expires));
  if (cookie.secure) text.append("; Secure");
  if (cookie.http_only) text.append("; HttpOnly");
  if (cookie.same_site == same_site::lax) text.append("; SameSite=Lax");
  if (cookie.same_site == same_site::strict) text.append("; SameSite=Strict");
  if (cookie.same_site == same_site::none) text.append("; SameSite=None");
  if (cookie.partitioned) text.append("; Partitioned");
  return text;
}

}  // namespace tinyhttp
