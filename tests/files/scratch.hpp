// tests/files/scratch.hpp -- a directory for one test, and what tests of files do again and again.
#pragma once

#include <tinyhttp/http/body.hpp>
#include <tinyhttp/http/response.hpp>

#include "catch.hpp"

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include <fcntl.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <unistd.h>

namespace scratch {

/// A new directory, removed with all that is in it at the end.
class folder {
 public:
  folder() {
    std::string name = (std::filesystem::temp_directory_path() / "tinyhttp-test-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) std::abort();
    ::chmod(name.c_str(), 0755);
    path_ = name;
  }
  folder(const folder&) = delete;
  folder& operator=(const folder&) = delete;
  ~folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  [[nodiscard]] std::string path(std::string_view name = {}) const {
    return name.empty() ? path_.string() : path_.string().append("/").append(name);
  }
  void write(std::string_view name, std::string_view octets) const {
    std::filesystem::create_directories(std::filesystem::path(path(name)).parent_path());
    std::ofstream(path(name), std::ios::binary).write(octets.data(),
                                                      static_cast<std::streamsize>(octets.size()));
  }
  void make_folder(std::string_view name) const { std::filesystem::create_directories(path(name)); }
  void link(std::string_view name, const std::string& target) const {
    REQUIRE(::symlink(target.c_str(), path(name).c_str()) == 0);
  }
  /// Sets the modification time, in seconds since 1970.
  void set_time(std::string_view name, std::int64_t seconds) const {
    const timespec times[2] = {{seconds, 0}, {seconds, 0}};
    REQUIRE(::utimensat(AT_FDCWD, path(name).c_str(), times, 0) == 0);
  }

 private:
  std::filesystem::path path_;
};

/// While it lives, this thread has no more rights over files than anybody.
class nobody {
 public:
  nobody() : before_(::setfsuid(65534)) {}
  nobody(const nobody&) = delete;
  nobody& operator=(const nobody&) = delete;
  ~nobody() { ::setfsuid(static_cast<uid_t>(before_)); }

 private:
  int before_;
};

/// All octets of a body; what could not be read shows as `error: ...`.
inline std::string octets(tinyhttp::body b) {
  auto reading = b.read_all(std::uint64_t{1} << 24);
  reading.start();
  REQUIRE(reading.done());
  const auto read = reading.take();
  return read ? std::string(*read) : "error: " + read.error().message();
}

}  // namespace scratch
