// tinyhttp/files/segment_walk.hpp -- opens a name beneath a directory, one segment at a time.
//
// What confines where the kernel can't: O_NOFOLLOW at each step, links resolved here. Knows no root
// of a server; directory.hpp decides when it is used.
#pragma once

#include <tinyhttp/files/system.hpp>

#include <cerrno>
#include <cstddef>
#include <string>
#include <string_view>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace tinyhttp::files::detail {

inline constexpr std::size_t max_depth = 256;  // descriptors that one walk may hold
inline constexpr int max_links = 40;           // followed in one walk: Linux's own bound

/// A walk of one segment at a time, built for size: system calls are what it costs. Holds every directory
/// on the way, so that `..` in a link goes back to where we came from and no further than the root, without
/// asking the file system.
class segment_walk {
 public:
  segment_walk(int root, bool follow) noexcept : root_(root), follow_(follow) {}
  segment_walk(const segment_walk&) = delete;
  segment_walk& operator=(const segment_walk&) = delete;
  ~segment_walk() {
    while (depth_ > 0) leave();
  }

  /// A descriptor for `name` opened with `flags`, or -1 with errno.
  [[gnu::cold]] int open(const std::string& name, int flags) {
    rest_ = name;
    if (rest_.starts_with('/')) return fail(EXDEV);
    while (!rest_.empty()) {
      const auto end = rest_.find('/');
      const bool last = rest_.find_first_not_of('/', end) == rest_.npos;
      const bool to_directory = end != rest_.npos;
      const std::string segment = rest_.substr(0, end);
      rest_.erase(0, last ? rest_.npos : rest_.find_first_not_of('/', end));
      if (segment.empty() || segment == ".") continue;
      if (segment == "..") {
        if (depth_ == 0) return fail(EXDEV);
        leave();
        continue;
      }
      if (!enter_or_follow(segment, to_directory)) return -1;
      if (leaf_.empty()) continue;
      return open_here(leaf_.c_str(), flags | O_NOFOLLOW);
    }
    return open_here(".", flags);
  }

 private:
  [[nodiscard]] int here() const noexcept { return depth_ == 0 ? root_ : held_[depth_ - 1]; }
  [[nodiscard]] int open_here(const char* name, int flags) const noexcept {
    return uninterrupted([&] { return ::openat(here(), name, flags); });
  }
  void leave() noexcept {
    ::close(held_[--depth_]);
  }
  static int fail(int cause) noexcept {
    errno = cause;
    return -1;
  }

  /// Steps into a directory, puts a link's target before the rest, or notes a file in `leaf_`.
  [[gnu::cold]] bool enter_or_follow(const std::string& segment, bool to_directory) {
    struct ::stat s;
    if (::fstatat(here(), segment.c_str(), &s, AT_SYMLINK_NOFOLLOW) != 0) return false;
    if (S_ISLNK(s.st_mode)) return follow(segment, to_directory);
    if (!S_ISDIR(s.st_mode)) {
      if (to_directory) return fail(ENOTDIR) == 0;
      leaf_ = segment;
      return true;
    }
    if (depth_ == max_depth) return fail(ENAMETOOLONG) == 0;
    const int next = open_here(segment.c_str(), look_flags | O_NOFOLLOW | O_DIRECTORY);
    if (next < 0) return false;
    held_[depth_++] = next;
    return true;
  }

  [[gnu::cold]] bool follow(const std::string& segment, bool to_directory) {
    if (!follow_ || ++links_ > max_links) return fail(ELOOP) == 0;
    char target[4096];
    const auto got = ::readlinkat(here(), segment.c_str(), target, sizeof target);
    if (got < 0) return false;
    const std::string_view text(target, static_cast<std::size_t>(got));
    if (text.starts_with('/')) return fail(EXDEV) == 0;
    if (text.empty() || text.size() + rest_.size() + 1 > sizeof target)
      return fail(ENAMETOOLONG) == 0;
    std::string longer(text);
    if (to_directory) longer.append("/");
    rest_.insert(0, longer);
    return true;
  }

  int root_;
  bool follow_;
  int links_ = 0;
  std::string rest_;
  std::string leaf_;
  int held_[max_depth];
  std::size_t depth_ = 0;  // how many of them there are
};

}  // namespace tinyhttp::files::detail
