// tinyhttp/files/mount.hpp -- the place of a file handler in a server's paths.
//
// What static_files.hpp and assets.hpp share. Pure, except for time and randomness, which come with the request if
// there is a server.
#pragma once

#include <tinyhttp/core/ascii.hpp>
#include <tinyhttp/core/clock.hpp>
#include <tinyhttp/files/path.hpp>
#include <tinyhttp/files/system.hpp>
#include <tinyhttp/http/negotiation.hpp>
#include <tinyhttp/http/request.hpp>
#include <tinyhttp/http/response.hpp>
#include <tinyhttp/http/uri_reference.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tinyhttp::files {

/// The rest of `path` below `prefix`: `/` and more, or empty text for the mount itself without its slash. Nothing if
/// `path` is not below it: a prefix matches whole segments only.
[[nodiscard]] constexpr std::optional<std::string_view> below_prefix(
    std::string_view path, std::string_view prefix) noexcept {
  while (prefix.ends_with('/')) prefix.remove_suffix(1);
  if (!prefix.empty() && !path.starts_with(prefix)) return std::nullopt;
  path.remove_prefix(prefix.size());
  if (!path.empty() && path.front() != '/') return std::nullopt;
  return path;
}

/// Redirects to the same path with a slash appended; the query is kept. Only for paths that `safe_path` accepted: it
/// refuses empty segments, so they begin with exactly one slash, and the target cannot be read as `//host`.
[[nodiscard, gnu::cold]] inline response slash_redirect(const request& r) {
  std::string location(r.path());
  location += '/';
  if (r.target.has_query()) location.append("?").append(r.query());
  return redirect(location, status::moved_permanently);
}

/// Where to redirect a client that left `.` segments unresolved, as apt-get does for `deb URI ./`: the path without
/// them (RFC 3986 6.2.2.3), with the query, so that each file has one name. Only for unescaped segments, and only if
/// `safe_path` accepts the rest, which then names no other host. Otherwise empty.
[[nodiscard, gnu::cold]] inline std::string without_dots(const request& r, const safe_path_options& paths) {
  std::string left;
  auto path = r.path();
  if (path.find("/./") == path.npos && !path.ends_with("/.")) return {};
  while (!path.empty()) {
    const auto end = path.find('/', 1);
    const auto segment = path.substr(0, end);  // with the slash in front
    if (segment != "/.") left.append(segment);
    path.remove_prefix(segment.size());
    if (path.empty() && segment == "/.") left += '/';
  }
  if (!safe_path(left, paths)) return {};
  if (r.target.has_query()) left.append("?").append(r.query());
  return left;
}

/// The answer to a path that `safe_path` refused: a redirect to the path without dots, or the refusal.
[[nodiscard, gnu::cold]] inline response refuse_path(const request& r, const error& why, const safe_path_options& paths) {
  const std::string elsewhere = without_dots(r, paths);
  return elsewhere.empty() ? problem(why.status_hint()) : redirect(elsewhere, status::moved_permanently);
}

/// A browser navigates to a page, as opposed to fetching a resource for one: by Sec-Fetch-Mode, or otherwise by
/// text/html in Accept, unless its weight is 0, which refuses it (RFC 9110 12.4.2).
[[nodiscard, gnu::cold]] inline bool is_navigation(const request& r) noexcept {
  if (const auto mode = r.fields.get("Sec-Fetch-Mode")) return *mode == "navigate";
  for (const auto [name, value] : r.fields) {
    if (!ascii::equal_ignoring_case(name, "Accept")) continue;
    auto list = value;
    while (auto element = ascii::take_list_element(list))
      if (ascii::equal_ignoring_case(ascii::trim(tinyhttp::detail::take_until(*element, ";")), "text/html") &&
          tinyhttp::detail::element_quality(*element) != 0)
        return true;
  }
  return false;
}

/// Adds the Vary that lets caches tell a fallback's answer from the 404 for other requests (RFC 9110 12.5.5).
[[nodiscard, gnu::cold]] inline response by_navigation(response made) {
  made.fields.add("Vary", "Accept, Sec-Fetch-Mode");
  return made;
}

/// The time to answer with: the server's, if there is a server.
[[nodiscard]] inline std::int64_t now_for(const request& r) noexcept {
  return r.context != nullptr ? r.context->clock().unix_seconds() : system_unix_seconds();
}

/// The seed of a multipart boundary; only several ranges need one.
[[nodiscard]] inline std::uint64_t seed_for(const request& r) noexcept {
  return r.fields["Range"].find(',') != std::string_view::npos ? unguessable() : 0;
}

/// The name of `file` in `folder`, where `folder` is `.` or ends in a slash.
[[nodiscard]] inline std::string inside(std::string_view folder, std::string_view file) {
  return folder == "." ? std::string(file) : std::string(folder).append(file);
}

}  // namespace tinyhttp::files
