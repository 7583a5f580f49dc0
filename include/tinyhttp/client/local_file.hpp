// tinyhttp/client/local_file.hpp -- a local file as the body of a request.
//
// Names come from the user, never from a peer. Files to write are in part_file.hpp.
#pragma once

#include <tinyhttp/core/result.hpp>
#include <tinyhttp/core/shared.hpp>
#include <tinyhttp/files/system.hpp>
#include <tinyhttp/http/body.hpp>
#include <tinyhttp/net/system.hpp>

#include <cerrno>
#include <cstdint>
#include <string>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>

namespace tinyhttp {

/// The regular file at `path` as a request body: read while it is sent, by sendfile if the system can. Its length is
/// the one that it has now.
[[nodiscard]] inline result<body> file_body(const std::string& path);

// ---------------------------------------------------------------------------------------------

namespace detail {

[[nodiscard]] inline int open_file(const std::string& path, int flags, mode_t mode = 0666) noexcept {
  for (;;) {
    const int fd = ::open(path.c_str(), flags | O_CLOEXEC | O_NOCTTY, mode);
    if (fd >= 0 || errno != EINTR) return fd;
  }
}

}  // namespace detail

inline result<body> file_body(const std::string& path) {
  files::descriptor file(detail::open_file(path, O_RDONLY | O_NONBLOCK));
  struct stat facts;
  if (file.get() < 0 || ::fstat(file.get(), &facts) != 0) return net::system_error("open " + path, errno);
  if (!S_ISREG(facts.st_mode))
    return error(error_kind::io, "open " + path + ": not a regular file");
  const auto size = static_cast<std::uint64_t>(facts.st_size);
  return body(content_slice{share<const content_source>(new files::file_source(std::move(file))), 0, size});
}

}  // namespace tinyhttp
