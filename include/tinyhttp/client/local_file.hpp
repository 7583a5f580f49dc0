// tinyhttp/client/local_file.hpp -- a file of ours as the body of a request.
//
// Names come from the user, never from a peer. Files to write are in part_file.hpp.
#pragma once

#include <tinyhttp/core/result.hpp>
#include <tinyhttp/core/shared.hpp>
#include <tinyhttp/http/body.hpp>
#include <tinyhttp/net/descriptor.hpp>
#include <tinyhttp/net/system.hpp>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>

namespace tinyhttp {

/// The regular file at `path` as the body of a request: read while it is sent, by sendfile where
/// the system can. Its length is the one that it has now.
[[nodiscard]] inline result<body> file_body(const std::string& path);

// ---------------------------------------------------------------------------------------------

namespace detail {

class local_source final : public content_source {
 public:
  explicit local_source(net::descriptor file) noexcept : file_(std::move(file)) {}
  [[nodiscard]] int descriptor() const noexcept override { return file_.get(); }
  [[nodiscard]] result<std::size_t> read_at(std::uint64_t offset,
                                            std::span<char> room) const override {
    const std::int64_t count = net::os::pread(file_.get(), room.data(), room.size(), offset);
    if (count < 0) return net::system_error("read the file to send", static_cast<int>(-count));
    return static_cast<std::size_t>(count);
  }

 private:
  net::descriptor file_;
};

[[nodiscard]] inline int open_file(const std::string& path, int flags, mode_t mode = 0666) noexcept {
  for (;;) {
    const int fd = ::open(path.c_str(), flags | O_CLOEXEC | O_NOCTTY, mode);
    if (fd >= 0 || errno != EINTR) return fd;
  }
}

}  // namespace detail

inline result<body> file_body(const std::string& path) {
  net::descriptor file(detail::open_file(path, O_RDONLY | O_NONBLOCK));
  struct stat facts;
  if (!file || ::fstat(file.get(), &facts) != 0) return net::system_error("open " + path, errno);
  if (!S_ISREG(facts.st_mode))
    return error(error_kind::io, "open " + path + ": not a regular file");
  const auto size = static_cast<std::uint64_t>(facts.st_size);
  return body(content_slice{share<const content_source>(new detail::local_source(std::move(file))), 0, size});
}

}  // namespace tinyhttp
