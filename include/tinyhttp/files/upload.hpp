// tinyhttp/files/upload.hpp -- writes a file beneath a root, so that others see all of it or nothing.
//
// A temporary file, fsync and rename. Where the kernel can, the temporary file has no name at all, so that not even a
// power failure leaves one. Knows no request; upper layers decide whether to write.
#pragma once

#include <tinyhttp/core/ascii.hpp>
#include <tinyhttp/core/result.hpp>
#include <tinyhttp/core/shared.hpp>
#include <tinyhttp/files/directory.hpp>
#include <tinyhttp/files/stamp.hpp>
#include <tinyhttp/files/system.hpp>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace tinyhttp::files {

/// What exists under a name in a directory, without following links.
enum class occupant : std::uint8_t { nothing, file, link, other };

/// Waits until data is on the disk, if the file system supports that. It shares ownership of what it needs: any
/// thread may wait, at any time.
class disk_wait {
 public:
  disk_wait(shared<const descriptor> what, std::string name) noexcept
      : what_(std::move(what)), name_(std::move(name)) {}
  [[nodiscard]] result<void> operator()() const {
    if (what_->get() < 0) return {};
    const int failed = detail::uninterrupted([&] { return ::fsync(what_->get()); });
    return failed == 0 || errno == EINVAL ? result<void>() : detail::system_error("write", name_, errno);
  }

 private:
  shared<const descriptor> what_;  // without a number: there is nothing to wait for
  std::string name_;
};

/// A location for a file beneath a root: its directory, held open, and its name in it. Whatever happens to the path
/// meanwhile, all operations act in that directory.
class place {
 public:
  /// Error: status hint 404 if there is no such directory beneath `root`, or it is outside.
  ///
  /// @param name  relative, as from `safe_path`, without a slash at its end
  [[nodiscard]] static result<place> open(const directory& root, const std::string& name);

  [[nodiscard]] occupant look() const noexcept;

  /// Removes the file, or the link, of that name.
  [[nodiscard]] result<void> remove() const;

  /// A wait for the names in the directory. If the directory may not be read, no wait is possible, and it ends at
  /// once.
  [[nodiscard]] result<disk_wait> disk_wait_for_names() const;

 private:
  friend class upload;
  place(descriptor folder, std::string name) noexcept
      : folder_(std::move(folder)), name_(std::move(name)) {}

  descriptor folder_;
  std::string name_;
};

/// A file while it is being written. Destroyed before `commit`, it leaves nothing.
class upload {
 public:
  /// Begins a file for `where`, which must outlive it, with permissions by the umask. Without `unnamed`, or if the
  /// kernel has no files without a name, it is a hidden file, `.upload-...`.
  [[nodiscard]] static result<upload> begin(const place& where, bool unnamed = true);
  upload(upload&& other) noexcept
      : where_(other.where_), file_(std::move(other.file_)),
        temporary_(std::exchange(other.temporary_, {})), unflushed_(other.unflushed_) {}
  upload& operator=(upload&&) = delete;
  ~upload() { discard(); }

  /// Appends. Error: status hint 507 if the disk is full.
  [[nodiscard]] result<void> write(std::string_view octets);

  /// A wait for the content so far.
  [[nodiscard]] disk_wait disk_wait_for_content() {
    unflushed_ = 0;
    return {file_, where_->name_};
  }
  /// 8 MiB have been written since the last wait: wait now, so that little is left to wait for at the end.
  [[nodiscard]] bool should_wait() const noexcept { return unflushed_ >= flush_every; }

  /// Gives the file its name, atomically: opening that name gives the old file or this one. Call it once.
  [[nodiscard]] result<file_stamp> commit() { return commit_as(true); }
  /// The same, but a name that is taken is an error with status hint 412.
  [[nodiscard]] result<file_stamp> commit_new() { return commit_as(false); }

 private:
  static constexpr std::uint64_t flush_every = std::uint64_t{8} << 20;  // octets

  upload(const place& where, descriptor file, std::string temporary)
      : where_(&where), file_(share<const descriptor>(new descriptor(std::move(file)))), temporary_(std::move(temporary)) {}
  [[nodiscard]] static std::string temporary_name();
  [[nodiscard]] int link_as(const char* name) const noexcept;
  [[nodiscard]] bool name_it(bool replace);
  [[nodiscard]] result<file_stamp> commit_as(bool replace);
  void discard() noexcept {
    if (!temporary_.empty()) ::unlinkat(where_->folder_.get(), temporary_.c_str(), 0);
    temporary_.clear();
  }
  [[nodiscard]] error failed(const char* what) const {
    return detail::system_error(what, where_->name_, errno);
  }

  const place* where_;
  shared<const descriptor> file_;
  std::string temporary_;  // empty: it has no name
  std::uint64_t unflushed_ = 0;
};

// ---------------------------------------------------------------------------------------------

inline result<place> place::open(const directory& root, const std::string& name) {
  const auto slash = name.rfind('/');
  auto folder = root.hold(slash == name.npos ? "." : name.substr(0, slash));
  if (!folder) return folder.error();
  std::string last = name.substr(slash == name.npos ? 0 : slash + 1);
  if (last.empty() || last == "." || last == "..")
    return detail::system_error("write", name, EISDIR);
  return place(std::move(*folder), std::move(last));
}

inline occupant place::look() const noexcept {
  struct ::stat s;
  if (::fstatat(folder_.get(), name_.c_str(), &s, AT_SYMLINK_NOFOLLOW) != 0)
    return errno == ENOENT ? occupant::nothing : occupant::other;
  return S_ISREG(s.st_mode) ? occupant::file : S_ISLNK(s.st_mode) ? occupant::link : occupant::other;
}

inline result<void> place::remove() const {
  if (::unlinkat(folder_.get(), name_.c_str(), 0) != 0)
    return detail::system_error("remove", name_, errno);
  return {};
}

inline result<disk_wait> place::disk_wait_for_names() const {
  descriptor readable(::openat(folder_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (readable.get() < 0 && errno != EACCES) return detail::system_error("write", name_, errno);
  return disk_wait(share<const descriptor>(new descriptor(std::move(readable))), name_);
}

inline std::string upload::temporary_name() {
  std::string name = ".upload-";
  ascii::append_hex(name, unguessable());
  return name;
}

inline result<upload> upload::begin(const place& where, [[maybe_unused]] bool unnamed) {
  const int folder = where.folder_.get();
#ifdef O_TMPFILE
  if (unnamed && ::faccessat(AT_FDCWD, "/proc/self/fd", X_OK, 0) == 0) {  // where it gets its name
    descriptor made(detail::uninterrupted(
        [&] { return ::openat(folder, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666); }));
    if (made.get() >= 0) return upload(where, std::move(made), {});
  }
#endif
  std::string name = temporary_name();
  descriptor named(detail::uninterrupted([&] {
    return ::openat(folder, name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
  }));
  if (named.get() < 0) return detail::system_error("write", where.name_, errno);
  return upload(where, std::move(named), std::move(name));
}

inline result<void> upload::write(std::string_view octets) {
  while (!octets.empty()) {
    const auto put = ::write(file_->get(), octets.data(), octets.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return failed("write");
    octets.remove_prefix(static_cast<std::size_t>(put));
    unflushed_ += static_cast<std::uint64_t>(put);
  }
  return {};
}

inline int upload::link_as(const char* name) const noexcept {
  const int folder = where_->folder_.get();
  if (!temporary_.empty()) return ::linkat(folder, temporary_.c_str(), folder, name, 0);
  char self[40];
  std::snprintf(self, sizeof self, "/proc/self/fd/%d", file_->get());
  return ::linkat(AT_FDCWD, self, folder, name, AT_SYMLINK_FOLLOW);
}

/// Linking fails where a name is taken; renaming replaces it. What has no name is linked, then renamed.
inline bool upload::name_it(bool replace) {
  if (!replace) return link_as(where_->name_.c_str()) == 0;
  if (temporary_.empty()) {
    std::string name = temporary_name();
    if (link_as(name.c_str()) != 0) return false;
    temporary_ = std::move(name);
  }
  const int folder = where_->folder_.get();
  if (::renameat(folder, temporary_.c_str(), folder, where_->name_.c_str()) != 0) return false;
  temporary_.clear();
  return true;
}

inline result<file_stamp> upload::commit_as(bool replace) {
  if (!name_it(replace)) {
    const error why = failed("write");
    discard();
    return why;
  }
  discard();  // the other name, where it had one
  struct ::stat s;
  if (::fstat(file_->get(), &s) != 0) return failed("stat");
  return detail::stamp_of(s);
}

}  // namespace tinyhttp::files
