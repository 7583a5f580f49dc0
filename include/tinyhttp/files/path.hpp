// tinyhttp/files/path.hpp -- turns the path of a request target into a name that is safe to open.
//
// Pure: octets in, octets or a refusal out. Opens nothing: that what it lets through stays beneath
// a root, whatever links lie there, is directory.hpp's business.
#pragma once

#include <tinyhttp/core/ascii.hpp>
#include <tinyhttp/core/result.hpp>
#include <tinyhttp/http/percent.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace tinyhttp {

/// What `safe_path` allows.
struct safe_path_options {
  bool dot_files = false;  // let through names that start with a dot; `.well-known` always is
};

/// Turns the path of a request target, with escapes as sent, into a relative file name: percent-decoded once, without
/// a leading slash, segments separated by `/`; a trailing slash is kept. `/` becomes `.`. Append it to a directory's
/// name and a slash, or better, open it through `files::directory`.
///
/// Nothing is repaired, so that one file has one name. Refused with status hint 400: what is no path
/// (an escape without two hexadecimal digits, no slash at its front), `.` and `..` as segments, and
/// the octets that no name of ours holds: NUL and other controls, `\`, and an encoded `/`. RFC 3986
/// 5.2.4 has clients remove dot segments before they ask; one that arrives, escaped or not, is a
/// mistake or an attack. Refused with 404: empty segments, names that are too long, dot-files.
/// A segment has up to 255 octets (NAME_MAX of the usual file systems), all of it 4095 (PATH_MAX of Linux).
///
/// Linear in `path.size()`. Any thread.
[[nodiscard]] inline result<std::string> safe_path(std::string_view path, const safe_path_options& options = {});

/// The same into `name`, whose memory is used again. After a refusal its content means nothing.
[[nodiscard]] inline result<void> safe_path(std::string_view path, std::string& name, const safe_path_options& options);

/// The same check for one segment that is already decoded, such as a name in a directory: a request for it would be
/// allowed.
[[nodiscard]] constexpr bool is_safe_name(std::string_view name, const safe_path_options& options = {}) noexcept;

// ---------------------------------------------------------------------------------------------

namespace detail {

inline constexpr std::size_t longest_file_name = 255;   // octets
inline constexpr std::size_t longest_file_path = 4095;  // octets, without the NUL at its end

/// No segment of a path holds it: controls, the separators of any system, and NUL above all.
[[nodiscard]] constexpr bool is_name_octet(char c) noexcept {
  const auto octet = static_cast<unsigned char>(c);
  return octet >= 0x20 && octet != 0x7f && c != '/' && c != '\\';
}

/// So many octets at the front of `path` stand for themselves.
[[nodiscard]] constexpr std::size_t usual_octets(std::string_view path) noexcept {
  std::size_t count = 0;
  while (count < path.size() && path[count] != '%' && is_name_octet(path[count])) ++count;
  return count;
}

/// The status that refuses `name` as a segment, or 0.
[[nodiscard]] constexpr int refuse_name(std::string_view name, const safe_path_options& options) noexcept {
  if (name.empty() || name.size() > longest_file_name) return 404;
  if (name[0] != '.') return 0;
  if (name == "." || name == "..") return 400;
  return options.dot_files || name == ".well-known" ? 0 : 404;
}

[[nodiscard, gnu::cold]] inline error refused_path(int code, const char* why) {
  return {error_kind::invalid_argument, std::string("path: ").append(why), code};
}

}  // namespace detail

constexpr bool is_safe_name(std::string_view name, const safe_path_options& options) noexcept {
  for (const char c : name)
    if (!detail::is_name_octet(c)) return false;
  return detail::refuse_name(name, options) == 0;
}

inline result<void> safe_path(std::string_view path, std::string& name, const safe_path_options& options) {
  name.clear();
  if (!path.starts_with('/')) return detail::refused_path(400, "does not start with a slash");
  if (path.size() > detail::longest_file_path * 3) return detail::refused_path(404, "too long");
  path.remove_prefix(1);
  std::size_t segment = 0;  // where the current one begins in `name`
  const auto refuse_segment = [&] {
    return detail::refuse_name(std::string_view(name).substr(segment), options);
  };
  while (!path.empty()) {
    const std::size_t usual = detail::usual_octets(path);
    name.append(path.data(), usual);
    path.remove_prefix(usual);
    if (path.empty()) break;
    if (path.front() == '/') {
      if (const int code = refuse_segment()) return detail::refused_path(code, "segment refused");
      name += '/';
      segment = name.size();
      path.remove_prefix(1);
      continue;
    }
    const int octet = take_decoded_octet(path);
    if (octet < 0) return detail::refused_path(400, "bad escape");
    const char c = static_cast<char>(octet);
    if (!detail::is_name_octet(c)) return detail::refused_path(400, "octet that no name holds");
    name += c;
  }
  if (segment < name.size())  // else a slash ended it
    if (const int code = refuse_segment()) return detail::refused_path(code, "segment refused");
  if (name.size() > detail::longest_file_path) return detail::refused_path(404, "too long");
  if (name.empty()) name = ".";
  return {};
}

inline result<std::string> safe_path(std::string_view path, const safe_path_options& options) {
  std::string name;
  if (auto judged = safe_path(path, name, options); !judged) return judged.error();
  return name;
}

}  // namespace tinyhttp
