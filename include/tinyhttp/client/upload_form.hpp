// tinyhttp/client/upload_form.hpp -- a form with local files: multipart.hpp plus what needs the operating system.
#pragma once

#include <tinyhttp/client/local_file.hpp>
#include <tinyhttp/core/result.hpp>
#include <tinyhttp/files/system.hpp>
#include <tinyhttp/http/multipart.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace tinyhttp {

/// A boundary of 192 random bits, so that nobody can guess it and put it into a part.
[[nodiscard]] inline std::string random_boundary() {
  std::string text = "------------------------";  // as curl and browsers begin theirs
  for (int i = 0; i < 3; ++i) {
    const std::uint64_t bits = files::unguessable();
    for (int shift = 60; shift >= 0; shift -= 4) text += "0123456789abcdef"[bits >> shift & 15];
  }
  return text.substr(2);  // 70 octets at most
}

/// Adds the file at `path` in its current state, under the last segment of its path; it is read while it is sent.
/// Fails with `open PATH: cause`, and nothing is added.
inline result<void> add_path(multipart_form& to, std::string_view name, const std::string& path,
                             std::string_view media_type = {}) {
  auto content = file_body(path);
  if (!content) return content.error();
  const std::string_view all = path;
  to.add_file(name, all.substr(all.rfind('/') + 1), std::move(*content), media_type);
  return {};
}

}  // namespace tinyhttp
