// tests/folder.hpp -- a directory of its own for one test.
#pragma once

#include "catch.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include <fcntl.h>
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
  [[nodiscard]] std::string operator/(std::string_view name) const { return path(name); }
  /// What is in it, sorted.
  [[nodiscard]] std::vector<std::string> names() const {
    std::vector<std::string> found;
    for (const auto& each : std::filesystem::directory_iterator(path_))
      found.push_back(each.path().filename().string());
    std::sort(found.begin(), found.end());
    return found;
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

}  // namespace scratch
