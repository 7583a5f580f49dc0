// tinyhttp/files/directory.hpp -- a directory from which no name can escape.
//
// The kernel opens names beneath the root; they are never compared as strings. For reading; upload.hpp
// writes. Knows no HTTP except the status that an error hints at.
#pragma once

#include <tinyhttp/core/owned_list.hpp>
#include <tinyhttp/core/result.hpp>
#include <tinyhttp/core/shared.hpp>
#include <tinyhttp/files/segment_walk.hpp>
#include <tinyhttp/files/stamp.hpp>
#include <tinyhttp/files/system.hpp>
#include <tinyhttp/http/body.hpp>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>
#if defined(__linux__) && __has_include(<linux/openat2.h>)
#include <linux/openat2.h>
#include <sys/syscall.h>
#endif

namespace tinyhttp::files {

/// How names are confined to the root.
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

/// How names are confined to a root.
struct directory_options {
  links symbolic_links = links::inside;
  confinement confined_by = confinement::automatic;
};

/// An open regular file, or an existing directory.
struct opened {
  file_stamp stamp = {};
  shared<const content_source> content = {};  // null for a directory
};

class directory;

/// A directory beneath a root, open to be listed. One thread.
class folder {
 public:
  /// Appends up to the given number of names, unsorted, and whether each is a directory. None: there are no more.
  [[nodiscard]] result<void> names(std::size_t most, owned_list<entry>& into);

  /// Fills in size and time. False: it is gone, or `directory::find` would not return it.
  [[nodiscard]] bool look(entry& e) const;

 private:
  friend class directory;
  folder(const directory& root, std::string name, descriptor held) noexcept
      : root_(&root), name_(std::move(name)), held_(std::move(held)) {}

  [[nodiscard]] result<void> begin();
  /// It was removed while it was open, as a root can be. readdir(3) calls that empty.
  [[nodiscard]] bool is_gone() const noexcept {
    struct ::stat s;
    return ::fstat(held_.get(), &s) == 0 && s.st_nlink == 0;
  }

  const directory* root_;
  std::string name_;
  descriptor held_;
  bool lives_ = false;  // there is something in it, be it `.`
  name_stream stream_;
};

/// A root directory, opened once: renaming or replacing it later has no effect here. Any thread may use it;
/// move-only. Error messages name the file and the cause, and are not for peers. A peer only sees the status hint: 404 if it is
/// absent, leads outside, or is neither a file nor a directory; 403 if it may not be read; 503 if descriptors or
/// memory have run out; 500 for the rest.
class directory {
 public:
  friend class folder;

  /// Error: `serve directory "x": no such file or directory`, or permission denied, if nothing beneath it
  /// can be opened. A directory that can be searched, but not read, serves files, and has no listing.
  [[nodiscard]] static result<directory> open(const std::string& root, directory_options options = {});

  /// Opens what `name`, a relative name, leads to; `.` is the root. Never blocks on a FIFO. `name` may be
  /// hostile: whatever it contains, nothing outside the root is opened.
  [[nodiscard]] result<opened> find(const std::string& name) const;

  /// The stamp of what `name` leads to, in one system call. Not confined, so it opens nothing, and
  /// only tells whether what `find` returned is still what the name means.
  [[nodiscard]] result<file_stamp> glance(const std::string& name) const;

  /// The same without a message: 0, or the errno value.
  [[nodiscard]] int look(const std::string& name, file_stamp& seen) const noexcept;

  /// `find` for a name that such a call has just found to be a file or a directory.
  [[nodiscard]] result<opened> find_seen(const std::string& name) const;

  /// Whether `name` leads to a regular file, by such a call; its stamp goes to `file`.
  [[nodiscard]] bool sees_file(const std::string& name, file_stamp& file) const noexcept;

  /// Whether `name` still leads to the file or directory of that stamp, by such a call.
  [[nodiscard]] bool is_still(const std::string& name, const file_stamp& stamp) const noexcept;

  /// The contents of the directory `name`, unsorted, without `.` and `..`, and without what `find` would
  /// not return: devices, sockets, FIFOs, and links that lead nowhere, outside, or may not be followed.
  template <class Entry = entry>  // compiled only where it is used
  [[nodiscard]] result<std::vector<Entry>> list(const std::string& name) const;

  /// The same in steps, for directories with very many entries: `folder::names` returns some at a time, and
  /// `folder::look` looks at each. Refers to this directory.
  [[nodiscard]] result<folder> open_folder(const std::string& name) const;

  /// A descriptor for the directory `name`, confined like `find`, for code that works in it.
  [[nodiscard]] result<descriptor> hold(const std::string& name) const {
    return open_beneath(name, detail::look_flags | O_DIRECTORY);
  }

  /// The kind of confinement that is used: never `automatic`.
  [[nodiscard]] confinement confined_by() const noexcept { return options_.confined_by; }

 private:
  directory(descriptor root, directory_options options) noexcept;
  result<descriptor> open_beneath(const std::string& name, int flags) const;
  int open_by_kernel(const char* name, int flags) const;
  int open_by_walk(const std::string& name, int flags) const;
  int open_anywhere(const std::string& name, int flags) const;

  descriptor root_;
  directory_options options_;
};

// ---------------------------------------------------------------------------------------------

inline directory::directory(descriptor root, directory_options options) noexcept
    : root_(std::move(root)), options_(options) {}

[[gnu::cold]] inline int directory::open_by_kernel([[maybe_unused]] const char* name,
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

[[gnu::cold]] inline int directory::open_by_walk(const std::string& name, int flags) const {
  detail::segment_walk walk(root_.get(), options_.symbolic_links == links::inside);
  return walk.open(name, flags);
}

/// Links may lead outside, but the name itself must not.
[[gnu::cold]] inline int directory::open_anywhere(const std::string& name, int flags) const {
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

[[gnu::cold]] inline result<descriptor> directory::open_beneath(const std::string& name, int flags) const {
  if (name.empty() || name.find('\0') != name.npos) return detail::system_error("open", name, ENOENT);
  descriptor got(options_.symbolic_links == links::anywhere ? open_anywhere(name, flags)
                 : options_.confined_by == confinement::walk ? open_by_walk(name, flags)
                                                             : open_by_kernel(name.c_str(), flags));
  if (got.get() < 0) return detail::system_error("open", name, errno);
  return got;
}

[[gnu::cold]] inline result<directory> directory::open(const std::string& root, directory_options options) {
  descriptor opened_root(detail::uninterrupted([&] { return ::open(root.c_str(), detail::look_flags | O_DIRECTORY); }));
  if (root.find('\0') != root.npos) return detail::system_error("serve directory", root, ENOENT);
  struct ::stat s;
  if (opened_root.get() < 0 || ::fstatat(opened_root.get(), ".", &s, 0) != 0)
    return detail::system_error("serve directory", root, errno);

  directory made(std::move(opened_root), options);
  if (options.confined_by != confinement::walk) {  // is openat2 there, and may we call it?
    const descriptor probe(made.open_by_kernel(".", detail::look_flags | O_DIRECTORY));
    if (probe.get() < 0 && options.confined_by == confinement::kernel)
      return detail::system_error("serve directory", root, errno);
    made.options_.confined_by = probe.get() < 0 ? confinement::walk : confinement::kernel;
  }
  return made;
}

inline int directory::look(const std::string& name, file_stamp& seen) const noexcept {
  struct ::stat s;
  if (::fstatat(root_.get(), name.c_str(), &s, 0) != 0) return errno;
  if (!S_ISREG(s.st_mode) && !S_ISDIR(s.st_mode)) return ENODEV;
  seen = detail::stamp_of(s);
  return 0;
}

[[gnu::cold]] inline result<file_stamp> directory::glance(const std::string& name) const {
  file_stamp seen;
  if (const int cause = look(name, seen)) return detail::system_error("stat", name, cause);
  return seen;
}

inline bool directory::sees_file(const std::string& name, file_stamp& file) const noexcept {
  return look(name, file) == 0 && !file.is_directory;
}

inline bool directory::is_still(const std::string& name, const file_stamp& stamp) const noexcept {
  file_stamp now;
  return look(name, now) == 0 && now == stamp;
}

[[gnu::cold]] inline result<opened> directory::find(const std::string& name) const {
  // Opening a FIFO or a device has effects on others; a glance tells them apart beforehand.
  if (auto seen = glance(name); !seen) return seen.error();
  return find_seen(name);
}

[[gnu::cold]] inline result<opened> directory::find_seen(const std::string& name) const {
  auto file = open_beneath(name, detail::read_flags);
  if (!file) return file.error();
  struct ::stat s;
  if (::fstat(file->get(), &s) != 0) return detail::system_error("stat", name, errno);
  if (S_ISDIR(s.st_mode)) return opened{detail::stamp_of(s), nullptr};
  if (!S_ISREG(s.st_mode)) return detail::system_error("open", name, ENODEV);
  return opened{detail::stamp_of(s), share<const content_source>(new file_source(std::move(*file)))};
}

[[gnu::cold]] inline result<folder> directory::open_folder(const std::string& name) const {
  auto held = open_beneath(name, detail::read_flags | O_DIRECTORY);
  if (!held) return held.error();
  return folder(*this, name, std::move(*held));
}

template <class Entry>
result<std::vector<Entry>> directory::list(const std::string& name) const {
  auto opened_folder = open_folder(name);
  if (!opened_folder) return opened_folder.error();
  std::vector<Entry> found;
  for (;;) {
    owned_list<entry> some;
    if (auto read = opened_folder->names(1000, some); !read) return read.error();
    if (some.empty()) return found;
    for (auto& e : some)
      if (opened_folder->look(e)) found.push_back(std::move(e));
  }
}

[[gnu::cold]] inline result<void> folder::begin() {
  const int own = ::fcntl(held_.get(), F_DUPFD_CLOEXEC, 0);  // the stream takes it
  if (own < 0) return detail::system_error("list", name_, errno);
  if (stream_.open(own)) return {};
  const error why = detail::system_error("list", name_, errno);
  ::close(own);
  return why;
}

[[gnu::cold]] inline result<void> folder::names(std::size_t most, owned_list<entry>& into) {
  if (!stream_)
    if (auto begun = begin(); !begun) return begun.error();
  for (std::size_t added = 0; added < most;) {
    errno = 0;
    const auto* next = stream_.next();
    if (next == nullptr && errno != 0) return detail::system_error("list", name_, errno);
    if (next == nullptr && !lives_ && is_gone()) return detail::system_error("list", name_, ENOENT);
    if (next == nullptr) return {};
    lives_ = true;
    const std::string_view name = next->d_name;
    if (name == "." || name == "..") continue;
    owned<entry> e(new entry{std::string(name), next->d_type == DT_DIR, 0, 0});
    // Some file systems do not tell, and a link is what it leads to: then only a look will do.
    const bool known = next->d_type == DT_DIR || next->d_type == DT_REG;
    if (!known && ((next->d_type != DT_LNK && next->d_type != DT_UNKNOWN) || !look(*e))) continue;
    into.push_back(std::move(e));
    ++added;
  }
  return {};
}

inline bool folder::look(entry& e) const {
  struct ::stat s;
  if (::fstatat(held_.get(), e.name.c_str(), &s, AT_SYMLINK_NOFOLLOW) != 0) return false;
  if (S_ISLNK(s.st_mode)) {
    const auto target =
        root_->open_beneath(std::string(name_).append("/").append(e.name), detail::look_flags);
    if (!target || ::fstat(target->get(), &s) != 0) return false;
  }
  if (!S_ISREG(s.st_mode) && !S_ISDIR(s.st_mode)) return false;
  e.is_directory = S_ISDIR(s.st_mode);
  e.size = static_cast<std::uint64_t>(s.st_size);
  e.modified = detail::stamp_of(s).modified;
  return true;
}

}  // namespace tinyhttp::files
