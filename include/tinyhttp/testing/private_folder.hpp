// tinyhttp/testing/private_folder.hpp -- a directory for a fake server's socket and certificates.
//
// Removes only files that it was told of. Knows no server.
#pragma once

#include <tinyhttp/core/result.hpp>
#include <tinyhttp/net/system.hpp>

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include <unistd.h>

namespace tinyhttp::testing {

/// A directory below TMPDIR or /tmp that only this user can read; deleted with its files at the end.
class private_folder {
 public:
  /// Throws `bad_result`.
  private_folder();
  private_folder(const private_folder&) = delete;
  private_folder& operator=(const private_folder&) = delete;
  ~private_folder();

  /// The path of `name` in it, a file that is removed with the directory.
  [[nodiscard]] std::string keep(std::string_view name);
  /// The same with these octets in it. Throws `bad_result`.
  [[nodiscard]] std::string write(std::string_view name, std::string_view octets);

 private:
  std::string path_;
  std::string names_;  // each with a '/' in front
};

// ---------------------------------------------------------------------------------------------

inline private_folder::private_folder() {
  const char* base = std::getenv("TMPDIR");
  path_ = std::string(base != nullptr ? base : "/tmp") + "/tinyhttp-XXXXXX";
  if (::mkdtemp(path_.data()) == nullptr)
    throw bad_result(net::system_error("fake server: make " + path_, errno));
}

inline private_folder::~private_folder() {
  const std::size_t own = path_.size();
  for (std::size_t at = 0; at < names_.size(); path_.resize(own)) {
    const std::size_t next = names_.find('/', at + 1);
    ::unlink(path_.append(names_, at, next - at).c_str());
    at = next;
  }
  ::rmdir(path_.c_str());
}

inline std::string private_folder::keep(std::string_view name) {
  path_.reserve(path_.size() + 1 + name.size());  // the end asks nobody for memory
  names_.append("/").append(name);
  return path_ + "/" + std::string(name);
}

inline std::string private_folder::write(std::string_view name, std::string_view octets) {
  const std::string path = keep(name);
  std::FILE* const file = std::fopen(path.c_str(), "wx");
  bool written = file != nullptr && std::fwrite(octets.data(), 1, octets.size(), file) == octets.size();
  if (file != nullptr) written = std::fclose(file) == 0 && written;
  if (!written) throw bad_result(net::system_error("fake server: write " + path, errno));
  return path;
}

}  // namespace tinyhttp::testing
