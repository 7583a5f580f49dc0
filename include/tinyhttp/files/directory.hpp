// tinyhttp/files/directory.hpp -- a directory that nothing leads out of.
//
// The only header of this floor that touches the operating system. Names are opened beneath the
// root by the kernel, never judged by comparing strings. Knows no HTTP but the status that an error
// hints at.
#pragma once

#include <tinyhttp/core/ascii.hpp>
#include <tinyhttp/core/result.hpp>
#include <tinyhttp/files/stamp.hpp>
#include <tinyhttp/http/body.hpp>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <ctime>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <dirent.h>
#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>
#if defined(__linux__) && __has_include(<linux/openat2.h>)
#include <linux/openat2.h>
#include <sys/syscall.h>
#endif

namespace tinyhttp::files {

/// What holds names beneath the root.
enum class confinement : std::uint8_t {
  automatic,  // the kernel, where it can; else the walk
  kernel,     // openat2(2) with RESOLVE_BENEATH: one system call, Linux 5.6 and later
  walk,       // one segment at a time with O_NOFOLLOW: anywhere, also where seccomp forbids openat2
};

/// Which symbolic links are followed.
enum class links : std::uint8_t {
  none,
  inside,    // those that stay beneath the root; one to an absolute name never counts as that
  anywhere,  // all: whoever can make a link beneath the root decides what is served
};

struct directory_options {
  links symbolic_links = links::inside;
  confinement confined_by = confinement::automatic;
};

/// A regular file that is open, or a directory that exists.
struct opened {
  file_stamp stamp;
  std::shared_ptr<const content_source> content;  // null for a directory
};

/// A root, opened once: renaming or replacing it later changes nothing here. Any thread may use it;
/// move-only. Errors name the file and the cause, for us; a peer is told their status hint alone:
/// 404 for what is absent, leads outside, or is neither a file nor a directory; 403 for what may not
/// be read; 503 when descriptors or memory have run out; 500 for the rest.
class directory {
 public:
  /// Error: `serve directory "x": no such file or directory`.
  [[nodiscard]] static result<directory> open(const std::string& root,
                                              directory_options options = {});

  /// Opens what `name`, relative, leads to; `.` is the root. Never blocks on a FIFO. `name` may be
  /// hostile: whatever it holds, nothing outside the root is opened.
  [[nodiscard]] result<opened> find(const std::string& name) const;

  /// The stamp of what `name` leads to, in one system call. Not confined, so it opens nothing and
  /// only serves to tell whether something that `find` gave is still what the name means.
  [[nodiscard]] result<file_stamp> glance(const std::string& name) const;

  /// What is in the directory `name`, unsorted, without `.` and `..`, and without what `find` would
  /// not give: devices, sockets, FIFOs, and links that lead nowhere, outside, or may not be followed.
  [[nodiscard]] result<std::vector<entry>> list(const std::string& name) const;

  /// What confines: never `automatic`.
  [[nodiscard]] confinement confined_by() const noexcept { return options_.confined_by; }

 private:
  class handle;  // owns a descriptor
  class open_file;

  directory(handle root, directory_options options) noexcept;
  result<handle> open_beneath(const std::string& name, int flags) const;
  int open_by_kernel(const char* name, int flags) const;
  int open_by_walk(const std::string& name, int flags) const;
  int open_anywhere(const std::string& name, int flags) const;

  static error failed(std::string_view what, std::string_view name, int cause);
  static file_stamp stamp_of(const struct ::stat& s) noexcept;

  class handle {
   public:
    explicit handle(int owned = -1) noexcept : number_(owned) {}
    handle(handle&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
    handle& operator=(handle&& other) noexcept {
      std::swap(number_, other.number_);
      return *this;
    }
    ~handle() {
      if (number_ >= 0) ::close(number_);
    }
    [[nodiscard]] int get() const noexcept { return number_; }
    [[nodiscard]] int release() noexcept { return std::exchange(number_, -1); }

   private:
    int number_;
  };

  handle root_;
  directory_options options_;
};

/// Seconds since 1970 by the clock of the machine, for who has no other.
[[nodiscard]] inline std::int64_t wall_clock() noexcept { return std::time(nullptr); }

/// 64 bits that nobody can guess.
[[nodiscard]] inline std::uint64_t unguessable() noexcept {
  std::uint64_t bits = 0;
  return ::getentropy(&bits, sizeof bits) == 0 ? bits : static_cast<std::uint64_t>(wall_clock());
}

// ---------------------------------------------------------------------------------------------

namespace detail {

static_assert(sizeof(off_t) == 8, "tinyhttp: compile with -D_FILE_OFFSET_BITS=64 on this platform");

#ifdef O_PATH
inline constexpr int look_flags = O_PATH | O_CLOEXEC;  // to hold a name, not to read it
#else
inline constexpr int look_flags = O_RDONLY | O_NONBLOCK | O_CLOEXEC;
#endif
inline constexpr int read_flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;

inline constexpr std::size_t max_depth = 256;  // descriptors that one walk may hold
inline constexpr int max_links = 40;           // followed in one walk: Linux's own bound

/// `call` again while a signal interrupts it.
template <class Call>
int uninterrupted(Call call) noexcept {
  for (;;) {
    const int got = call();
    if (got >= 0 || errno != EINTR) return got;
  }
}

[[nodiscard]] inline int status_of(int cause) noexcept {
  switch (cause) {
    case ENOENT: case ENOTDIR: case ENAMETOOLONG: case ELOOP: case EXDEV: case ENXIO: case ENODEV:
    case EINVAL:
      return 404;
    case EACCES: case EPERM: return 403;
    case EMFILE: case ENFILE: case ENOMEM: case EAGAIN: return 503;
    default: return 500;
  }
}

/// The kernel's words, starting small, as our errors are written.
[[nodiscard]] inline std::string cause_text(int cause) {
  char room[128] = "";
  const auto text = [&room](auto filled) -> const char* {  // two shapes of strerror_r exist
    if constexpr (std::is_same_v<decltype(filled), int>) return room;
    else return filled;
  };
  std::string words = text(::strerror_r(cause, room, sizeof room));
  if (!words.empty()) words[0] = ascii::to_lower(words[0]);
  return words;
}

/// A walk of one segment at a time. Holds every directory on the way, so that `..` in a link goes
/// back to where we came from and no further than the root, without asking the file system.
class segment_walk {
 public:
  segment_walk(int root, bool follow) noexcept : root_(root), follow_(follow) {}
  segment_walk(const segment_walk&) = delete;
  segment_walk& operator=(const segment_walk&) = delete;
  ~segment_walk() {
    while (!held_.empty()) leave();
  }

  /// A descriptor for `name` opened with `flags`, or -1 with errno.
  int open(const std::string& name, int flags) {
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
        if (held_.empty()) return fail(EXDEV);
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
  [[nodiscard]] int here() const noexcept { return held_.empty() ? root_ : held_.back(); }
  [[nodiscard]] int open_here(const char* name, int flags) const noexcept {
    return uninterrupted([&] { return ::openat(here(), name, flags); });
  }
  void leave() noexcept {
    ::close(held_.back());
    held_.pop_back();
  }
  static int fail(int cause) noexcept {
    errno = cause;
    return -1;
  }

  /// Steps into a directory, puts a link's target before the rest, or notes a file in `leaf_`.
  bool enter_or_follow(const std::string& segment, bool to_directory) {
    struct ::stat s;
    if (::fstatat(here(), segment.c_str(), &s, AT_SYMLINK_NOFOLLOW) != 0) return false;
    if (S_ISLNK(s.st_mode)) return follow(segment, to_directory);
    if (!S_ISDIR(s.st_mode)) {
      if (to_directory) return fail(ENOTDIR) == 0;
      leaf_ = segment;
      return true;
    }
    if (held_.size() == max_depth) return fail(ENAMETOOLONG) == 0;
    held_.reserve(held_.size() + 1);
    const int next = open_here(segment.c_str(), look_flags | O_NOFOLLOW | O_DIRECTORY);
    if (next < 0) return false;
    held_.push_back(next);
    return true;
  }

  bool follow(const std::string& segment, bool to_directory) {
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
  std::vector<int> held_;
};

}  // namespace detail

class directory::open_file final : public content_source {
 public:
  explicit open_file(handle file) noexcept : file_(std::move(file)) {}
  [[nodiscard]] int descriptor() const noexcept override { return file_.get(); }
  [[nodiscard]] result<std::size_t> read_at(std::uint64_t offset,
                                            std::span<char> room) const override {
    for (;;) {
      const auto got = ::pread(file_.get(), room.data(), room.size(), static_cast<off_t>(offset));
      if (got >= 0) return static_cast<std::size_t>(got);
      if (errno != EINTR) return error(error_kind::io, "read file: " + detail::cause_text(errno), 500);
    }
  }

 private:
  handle file_;
};

inline directory::directory(handle root, directory_options options) noexcept
    : root_(std::move(root)), options_(options) {}

inline error directory::failed(std::string_view what, std::string_view name, int cause) {
  std::string line(what);
  line.append(" \"").append(name).append("\": ").append(detail::cause_text(cause));
  for (char& c : line)
    if (!ascii::is_field_octet(c)) c = '?';
  return {error_kind::io, std::move(line), detail::status_of(cause)};
}

inline file_stamp directory::stamp_of(const struct ::stat& s) noexcept {
#ifdef __APPLE__
  const auto& modified = s.st_mtimespec;
  const auto& changed = s.st_ctimespec;
#else
  const auto& modified = s.st_mtim;
  const auto& changed = s.st_ctim;
#endif
  return {.is_directory = S_ISDIR(s.st_mode),
          .size = static_cast<std::uint64_t>(s.st_size),
          .modified = modified.tv_sec,
          .modified_ns = static_cast<std::uint32_t>(modified.tv_nsec),
          .changed = changed.tv_sec,
          .changed_ns = static_cast<std::uint32_t>(changed.tv_nsec),
          .inode = s.st_ino,
          .device = s.st_dev};
}

inline int directory::open_by_kernel([[maybe_unused]] const char* name,
                                     [[maybe_unused]] int flags) const {
#if defined(RESOLVE_BENEATH) && defined(SYS_openat2)
  ::open_how how{};
  how.flags = static_cast<unsigned>(flags);
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  if (options_.symbolic_links == links::none) how.resolve |= RESOLVE_NO_SYMLINKS;
  // EAGAIN: something was renamed while the kernel resolved a `..` of a link; it asks to try again.
  for (int attempt = 0;; ++attempt) {
    const int got = detail::uninterrupted([&] {
      return static_cast<int>(::syscall(SYS_openat2, root_.get(), name, &how, sizeof how));
    });
    if (got >= 0 || errno != EAGAIN || attempt == 16) return got;
  }
#else
  errno = ENOSYS;
  return -1;
#endif
}

inline int directory::open_by_walk(const std::string& name, int flags) const {
  detail::segment_walk walk(root_.get(), options_.symbolic_links == links::inside);
  return walk.open(name, flags);
}

/// Links may lead outside, but the name itself must not.
inline int directory::open_anywhere(const std::string& name, int flags) const {
  bool leaves = name.starts_with('/');
  for (std::size_t at = 0; at < name.size() && !leaves;) {
    const auto end = name.find('/', at);
    leaves = std::string_view(name).substr(at, end - at) == "..";
    at = end == name.npos ? name.size() : end + 1;
  }
  errno = EXDEV;
  if (leaves) return -1;
  return detail::uninterrupted([&] { return ::openat(root_.get(), name.c_str(), flags); });
}

inline result<directory::handle> directory::open_beneath(const std::string& name, int flags) const {
  if (name.empty() || name.find('\0') != name.npos) return failed("open", name, ENOENT);
  handle got(options_.symbolic_links == links::anywhere    ? open_anywhere(name, flags)
             : options_.confined_by == confinement::walk ? open_by_walk(name, flags)
                                                         : open_by_kernel(name.c_str(), flags));
  if (got.get() < 0) return failed("open", name, errno);
  return got;
}

inline result<directory> directory::open(const std::string& root, directory_options options) {
  handle opened_root(detail::uninterrupted(
      [&] { return ::open(root.c_str(), detail::look_flags | O_DIRECTORY); }));
  if (root.find('\0') != root.npos) return failed("serve directory", root, ENOENT);
  if (opened_root.get() < 0) return failed("serve directory", root, errno);

  directory made(std::move(opened_root), options);
  if (options.confined_by != confinement::walk) {  // is openat2 there, and may we call it?
    const handle probe(made.open_by_kernel(".", detail::look_flags | O_DIRECTORY));
    if (probe.get() < 0 && options.confined_by == confinement::kernel)
      return failed("serve directory", root, errno);
    made.options_.confined_by = probe.get() < 0 ? confinement::walk : confinement::kernel;
  }
  return made;
}

inline result<file_stamp> directory::glance(const std::string& name) const {
  struct ::stat s;
  if (::fstatat(root_.get(), name.c_str(), &s, 0) != 0) return failed("stat", name, errno);
  if (!S_ISREG(s.st_mode) && !S_ISDIR(s.st_mode)) return failed("stat", name, ENODEV);
  return stamp_of(s);
}

inline result<opened> directory::find(const std::string& name) const {
  // Opening a FIFO or a device has effects on others; a glance tells them apart beforehand.
  if (auto seen = glance(name); !seen) return seen.error();
  auto file = open_beneath(name, detail::read_flags);
  if (!file) return file.error();
  struct ::stat s;
  if (::fstat(file->get(), &s) != 0) return failed("stat", name, errno);
  if (S_ISDIR(s.st_mode)) return opened{stamp_of(s), nullptr};
  if (!S_ISREG(s.st_mode)) return failed("open", name, ENODEV);
  return opened{stamp_of(s), std::make_shared<open_file>(std::move(*file))};
}

inline result<std::vector<entry>> directory::list(const std::string& name) const {
  auto held = open_beneath(name, detail::read_flags | O_DIRECTORY);
  if (!held) return held.error();
  const std::unique_ptr<::DIR, int (*)(::DIR*)> stream(::fdopendir(held->get()), ::closedir);
  if (!stream) return failed("list", name, errno);
  const int here = held->release();  // the stream's now

  std::vector<entry> found;
  for (;;) {
    errno = 0;
    const auto* next = ::readdir(stream.get());
    if (next == nullptr) {
      if (errno != 0) return failed("list", name, errno);
      return found;
    }
    const std::string_view entry_name = next->d_name;
    if (entry_name == "." || entry_name == "..") continue;
    struct ::stat s;
    if (::fstatat(here, next->d_name, &s, AT_SYMLINK_NOFOLLOW) != 0) continue;
    if (S_ISLNK(s.st_mode)) {
      const auto target =
          open_beneath(std::string(name).append("/").append(entry_name), detail::look_flags);
      if (!target || ::fstat(target->get(), &s) != 0) continue;
    }
    if (!S_ISREG(s.st_mode) && !S_ISDIR(s.st_mode)) continue;
    const auto stamp = stamp_of(s);
    found.push_back({std::string(entry_name), stamp.is_directory, stamp.size, stamp.modified});
  }
}

}  // namespace tinyhttp::files
