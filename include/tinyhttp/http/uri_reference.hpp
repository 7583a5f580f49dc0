// tinyhttp/http/uri_reference.hpp -- URI references: their five components, and how they are resolved.
//
// Pure text, RFC 3986 3 and 5.2; any scheme. Checks no octets and escapes none: url.hpp does.
#pragma once

#include <tinyhttp/core/ascii.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace tinyhttp {

/// The components of a reference, without delimiters; views into the text. An empty component (`http://x?`) differs
/// from an absent one.
struct uri_components {
  std::optional<std::string_view> scheme;
  std::optional<std::string_view> authority;
  std::string_view path;
  std::optional<std::string_view> query;
  std::optional<std::string_view> fragment;
};

/// Splits any text (RFC 3986 appendix B); never fails.
[[nodiscard]] constexpr uri_components split_uri_reference(std::string_view text) noexcept;

/// Resolves `reference` (`../x?y`, `//host/`, `#top`, or a whole URI) against `base`, which is a whole URI (5.2.2,
/// strict: a reference with a scheme stands alone). Linear in time.
[[nodiscard]] inline std::string resolve_reference(std::string_view base,
                                                   std::string_view reference);

/// `path` without its `.` and `..` segments (5.2.4); no `..` leads above the top. Escaped dots stay.
[[nodiscard]] inline std::string remove_dot_segments(std::string_view path);

// ---------------------------------------------------------------------------------------------

namespace detail {

/// `scheme` of RFC 3986 3.1.
[[nodiscard]] constexpr bool is_uri_scheme(std::string_view text) noexcept {
  if (text.empty() || !ascii::is_alpha(text[0])) return false;
  for (const char c : text)
    if (!ascii::is_alpha(c) && !ascii::is_digit(c) && c != '+' && c != '-' && c != '.')
      return false;
  return true;
}

/// Takes what stands before the first of `delimiters` off `text`. A search for each beats one of every octet for all.
[[nodiscard]] constexpr std::string_view take_until(std::string_view& text,
                                                    std::string_view delimiters) noexcept {
  auto taken = text;
  for (const char each : delimiters) taken = taken.substr(0, taken.find(each));
  text.remove_prefix(taken.size());
  return taken;
}

/// The path of a relative reference behind the directory of the base (5.2.3).
[[nodiscard]] inline std::string merge_paths(const uri_components& base, std::string_view path) {
  if (base.authority && base.path.empty()) return std::string("/").append(path);
  const std::size_t directory = base.path.rfind('/') + 1;  // npos + 1 is 0
  return std::string(base.path.substr(0, directory)).append(path);
}

}  // namespace detail

constexpr uri_components split_uri_reference(std::string_view text) noexcept {
  uri_components found;
  const auto scheme = text.substr(0, text.find(':'));  // of the octets of a scheme, none delimits
  if (scheme.size() < text.size() && detail::is_uri_scheme(scheme)) {
    found.scheme = scheme;
    text.remove_prefix(scheme.size() + 1);
  }
  if (text.starts_with("//")) {
    text.remove_prefix(2);
    found.authority = detail::take_until(text, "/?#");
  }
  found.path = detail::take_until(text, "?#");
  if (text.starts_with('?')) {
    text.remove_prefix(1);
    found.query = detail::take_until(text, "#");
  }
  if (text.starts_with('#')) found.fragment = text.substr(1);
  return found;
}

inline std::string remove_dot_segments(std::string_view path) {
  std::string out;
  out.reserve(path.size());
  const auto drop_last = [&out] {
    const std::size_t slash = out.rfind('/');
    out.resize(slash == out.npos ? 0 : slash);
  };
  while (!path.empty()) {
    if (path.starts_with("../")) {
      path.remove_prefix(3);
    } else if (path.starts_with("./") || path.starts_with("/./")) {
      path.remove_prefix(2);
    } else if (path.starts_with("/../")) {
      path.remove_prefix(3);
      drop_last();
    } else if (path == "/.") {
      path = "/";
    } else if (path == "/..") {
      path = "/";
      drop_last();
    } else if (path == "." || path == "..") {
      path = {};
    } else {
      const std::size_t next = path.find('/', 1);
      const auto segment = path.substr(0, next);
      out += segment;
      path.remove_prefix(segment.size());
    }
  }
  return out;
}

inline std::string resolve_reference(std::string_view base, std::string_view reference) {
  const uri_components from = split_uri_reference(base);
  const uri_components to = split_uri_reference(reference);

  const bool own_scheme = to.scheme.has_value();
  const bool own_authority = own_scheme || to.authority.has_value();
  const bool own_path = own_authority || !to.path.empty();
  const auto scheme = own_scheme ? to.scheme : from.scheme;
  const auto authority = own_authority ? to.authority : from.authority;
  const auto query = own_path || to.query ? to.query : from.query;
  std::string path(from.path);
  if (own_authority || to.path.starts_with('/')) {
    path = remove_dot_segments(to.path);
  } else if (own_path) {
    path = remove_dot_segments(detail::merge_paths(from, to.path));
  }

  std::string whole;
  if (scheme) whole.append(*scheme) += ':';
  if (authority) whole.append("//").append(*authority);
  if (!authority && path.starts_with("//"))
    whole += "/.";  // so that it is not read as an authority
  whole += path;
  if (query) whole.append("?").append(*query);
  if (to.fragment) whole.append("#").append(*to.fragment);
  return whole;
}

}  // namespace tinyhttp
