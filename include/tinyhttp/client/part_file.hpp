// tinyhttp/client/part_file.hpp -- a local file that appears complete or not at all.
//
// With local_file.hpp the only header of this layer that opens files. A name that a peer suggested must have passed
// safe_file_name before.
#pragma once

#include <tinyhttp/client/local_file.hpp>
#include <tinyhttp/core/ascii.hpp>
#include <tinyhttp/core/result.hpp>
#include <tinyhttp/files/system.hpp>
#include <tinyhttp/net/descriptor.hpp>
#include <tinyhttp/net/system.hpp>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace tinyhttp {

/// A file being written: `PATH.part` beside `PATH`, renamed to `PATH` by `commit`. Until then the old `PATH`, if any,
/// stays as it is. An existing path that is no regular file (a device, a pipe) is written in place; opening a pipe
/// waits until somebody reads it. Move-only; what was not committed or kept is removed at the end.
class part_file {
 public:
  /// Starts over. Fails with `open PATH.part: cause`, also if another process writes that part.
  [[nodiscard]] static result<part_file> create(const std::string& path) {
    return open(path, how::anew);
  }
  /// Continues after what an earlier one left; an absent part counts as empty.
  [[nodiscard]] static result<part_file> resume(const std::string& path) {
    return open(path, how::on);
  }
  /// The same for a name that somebody else chose: fails if a file or link of that name exists.
  [[nodiscard]] static result<part_file> resume_new(const std::string& path) {
    return open(path, how::on_for_a_new_file);
  }

  part_file(part_file&& other) noexcept
      : path_(std::move(other.path_)),
        part_(std::exchange(other.part_, {})),
        file_(std::move(other.file_)),
        size_(other.size_),
        keep_(other.keep_),
        replaces_(other.replaces_) {}
  part_file& operator=(part_file&&) = delete;
  ~part_file() { close(); }

  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }  // octets
  /// The final path; whether a part is used; and where a note about the part belongs.
  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  [[nodiscard]] bool has_part() const noexcept { return !part_.empty(); }
  [[nodiscard]] std::string note_path() const { return path_ + ".part.from"; }

  /// Writes at the end.
  result<void> write(std::string_view octets);
  /// Drops everything after the first `size` octets.
  result<void> truncate(std::uint64_t size);

  /// Writes and reads at any offset in a part; writing past the end grows it. Several threads may do so at once, each
  /// in a range of its own; call `size` and the other members only when they are done.
  result<void> write_at(std::uint64_t offset, std::string_view octets) const;
  result<std::size_t> read_at(std::uint64_t offset, std::span<char> room) const;
  /// Looks up the size after writes by `write_at`.
  result<void> measure();
  /// Makes what was written survive a power cut.
  result<void> flush() const;

  /// Leaves the part behind if it is not committed, for a later `resume`.
  void keep(bool on) noexcept { keep_ = on; }

  /// Gives the file its name, and replaces what had it. `sync`: octets and name survive a power cut, the name only if
  /// the directory may be read.
  result<void> commit(bool sync);

 private:
  enum class how : unsigned char { anew, on, on_for_a_new_file };

  part_file(std::string path, std::string part, net::descriptor file) noexcept
      : path_(std::move(path)), part_(std::move(part)), file_(std::move(file)) {}
  [[nodiscard]] static result<part_file> open(const std::string& path, how goes);
  [[nodiscard]] static result<net::descriptor> open_locked(const std::string& part, struct stat& facts);
  result<void> take_name() const;
  void close() noexcept {
    if (file_ && !part_.empty() && !keep_) ::unlink(part_.c_str());
    file_.close();
  }

  std::string path_;  // where it goes in the end, symbolic links resolved
  std::string part_;  // empty: written in place
  net::descriptor file_;
  std::uint64_t size_ = 0;
  bool keep_ = false;
  bool replaces_ = true;  // what has the name already
};

/// A short text beside a part, replaced as a whole; only a note for a later run.
[[nodiscard]] inline std::optional<std::string> read_note(const std::string& path);
inline result<void> write_note(const std::string& path, std::string_view text, bool sync);
inline void remove_note(std::string path) noexcept;

/// Replaces the file's content by `text` as a whole; if the path is a link, the content of its target. An existing
/// path that is no regular file is written in place; a pipe that nobody reads is an error. Several may do so at once:
/// one of their texts remains.
inline result<void> replace_file(const std::string& path, std::string_view text, mode_t mode);

// ---------------------------------------------------------------------------------------------

namespace detail {

/// `path`, or where it leads when it is a symbolic link: the link stays, its target is replaced.
[[nodiscard]] inline std::string behind_links(const std::string& path) {
  struct stat facts;
  if (::lstat(path.c_str(), &facts) != 0 || !S_ISLNK(facts.st_mode)) return path;
  char* const resolved = ::realpath(path.c_str(), nullptr);
  if (resolved == nullptr) return path;
  std::string real = resolved;
  std::free(resolved);
  return real;
}

inline int sync_to_disk(const net::descriptor& what) noexcept {
  return files::detail::uninterrupted([&] { return ::fsync(what.get()); });
}

/// At `offset`, or where the file stands when there is none.
inline result<void> write_all(int fd, std::string_view octets, const std::string& name,
                              std::optional<std::uint64_t> offset = std::nullopt) {
  while (!octets.empty()) {
    const ssize_t count =
        offset ? ::pwrite(fd, octets.data(), octets.size(), static_cast<off_t>(*offset))
               : ::write(fd, octets.data(), octets.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return net::system_error("write " + name, errno);
    octets.remove_prefix(static_cast<std::size_t>(count));
    if (offset) *offset += static_cast<std::uint64_t>(count);
  }
  return {};
}

}  // namespace detail

/// The part, ours alone. Whoever had it before may have given it its name, or removed it, between our
/// opening and our lock: then that is not the part any more. `facts` are what it is once it is ours.
inline result<net::descriptor> part_file::open_locked(const std::string& part, struct stat& facts) {
  for (int attempts = 10; attempts > 0; --attempts) {
    net::descriptor file(detail::open_file(part, O_RDWR | O_CREAT | O_NOFOLLOW));
    if (!file) return net::system_error("open " + part, errno);
    struct stat got;
    if (::fstat(file.get(), &got) != 0 || !S_ISREG(got.st_mode))
      return error(error_kind::io, "open " + part + ": not a regular file");
    if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) break;
    if (::lstat(part.c_str(), &facts) == 0 && facts.st_ino == got.st_ino && facts.st_dev == got.st_dev)
      return file;
  }
  return error(error_kind::io, "open " + part + ": somebody else writes it");
}

inline result<part_file> part_file::open(const std::string& path, how goes) {
  if (path.empty()) return net::system_error("open \"\"", ENOENT);  // its part would be `.part`
  std::string target = goes == how::on_for_a_new_file ? path : detail::behind_links(path);
  struct stat facts;
  if (goes == how::on_for_a_new_file && ::lstat(path.c_str(), &facts) == 0)
    return net::system_error("open " + path, EEXIST);
  const bool exists = ::stat(target.c_str(), &facts) == 0;
  if (exists && S_ISDIR(facts.st_mode)) return net::system_error("open " + path, EISDIR);
  if (exists && !S_ISREG(facts.st_mode)) {
    net::descriptor special(detail::open_file(target, O_WRONLY));
    if (!special) return net::system_error("open " + path, errno);
    return part_file(std::move(target), {}, std::move(special));
  }
  std::string part = target + ".part";
  struct stat got;
  auto locked = open_locked(part, got);
  if (!locked) return locked.error();
  net::descriptor file = std::move(*locked);
  if (exists && ((got.st_mode ^ facts.st_mode) & 0777) != 0) static_cast<void>(::fchmod(file.get(), facts.st_mode & 0777));
  part_file made(std::move(target), std::move(part), std::move(file));
  made.replaces_ = goes != how::on_for_a_new_file;
  made.size_ = static_cast<std::uint64_t>(got.st_size);
  if (goes != how::anew) return made;
  remove_note(made.note_path());  // it spoke of other octets
  const result<void> emptied = made.truncate(0);
  if (!emptied) return emptied.error();
  return made;
}

inline result<void> part_file::write(std::string_view octets) {
  const result<void> written = part_.empty() ? detail::write_all(file_.get(), octets, path_)
                                             : write_at(size_, octets);
  if (written) size_ += octets.size();
  return written;
}

inline result<void> part_file::truncate(std::uint64_t size) {
  if (!part_.empty() && ::ftruncate(file_.get(), static_cast<off_t>(size)) != 0)
    return net::system_error("cut " + part_, errno);
  size_ = size;
  return {};
}

inline result<void> part_file::write_at(std::uint64_t offset, std::string_view octets) const {
  return detail::write_all(file_.get(), octets, part_, offset);
}

inline result<std::size_t> part_file::read_at(std::uint64_t offset, std::span<char> room) const {
  const std::int64_t count = net::os::pread(file_.get(), room.data(), room.size(), offset);
  if (count < 0) return net::system_error("read " + part_, static_cast<int>(-count));
  return static_cast<std::size_t>(count);
}

inline result<void> part_file::measure() {
  struct stat facts;
  if (::fstat(file_.get(), &facts) != 0) return net::system_error("read " + part_, errno);
  size_ = static_cast<std::uint64_t>(facts.st_size);
  return {};
}

inline result<void> part_file::flush() const {
  if (detail::sync_to_disk(file_) == 0) return {};
  return net::system_error("write " + part_, errno);
}

/// By rename, or where nothing may be replaced by link, which fails if something is there.
inline result<void> part_file::take_name() const {
  if (!replaces_ && ::link(part_.c_str(), path_.c_str()) == 0) {
    ::unlink(part_.c_str());
    return {};
  }
  const bool taken = !replaces_ && errno == EEXIST;  // else: a file system without links
  if (!taken && ::rename(part_.c_str(), path_.c_str()) == 0) return {};
  return net::system_error("rename " + part_ + " to " + path_, errno);
}

inline result<void> part_file::commit(bool sync) {
  if (part_.empty()) {
    file_.close();
    return {};
  }
  net::descriptor folder;
  if (sync) {
    if (const result<void> flushed = flush(); !flushed) return flushed;
    const std::string name = path_.substr(0, path_.rfind('/') + 1) + ".";  // npos + 1 is 0
    folder = net::descriptor(detail::open_file(name, O_RDONLY | O_DIRECTORY));
    if (!folder && errno != EACCES) return net::system_error("open " + name, errno);
  }
  if (const result<void> named = take_name(); !named) return named;
  part_.clear();
  file_.close();
  const bool settled = !folder || detail::sync_to_disk(folder) == 0 || errno == EINVAL;  // not every file system can
  return settled ? result<void>() : net::system_error("write " + path_, errno);
}

/// Also removes what a killed process may have left of a note being written, if there is memory for its name.
inline void remove_note(std::string path) noexcept {
  ::unlink(path.c_str());
  try {
    ::unlink(path.append(".new").c_str());
  } catch (...) {
  }
}

inline std::optional<std::string> read_note(const std::string& path) {
  const net::descriptor file(detail::open_file(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK));
  if (!file) return std::nullopt;
  std::string text(8192, '\0');
  const std::int64_t count = net::os::pread(file.get(), text.data(), text.size(), 0);
  if (count < 0) return std::nullopt;
  text.resize(static_cast<std::size_t>(count));
  return text;
}

namespace detail {

inline constexpr int fresh_flags = O_WRONLY | O_CREAT | O_EXCL;  // another's file would keep its mode

/// Writes `text` into `file`, just made as `fresh`, which then gets the name `path`; else it goes.
inline result<void> write_and_rename(const net::descriptor& file, const std::string& fresh, const std::string& path,
                                     std::string_view text, bool sync) {
  if (!file) return net::system_error("open " + fresh, errno);
  const result<void> written = write_all(file.get(), text, fresh);
  if (!written || (sync && sync_to_disk(file) != 0) || ::rename(fresh.c_str(), path.c_str()) != 0) {
    const int cause = errno;
    ::unlink(fresh.c_str());
    return written ? net::system_error("write " + path, cause) : written;
  }
  return {};
}

}  // namespace detail

inline result<void> write_note(const std::string& path, std::string_view text, bool sync) {
  const std::string fresh = path + ".new";
  net::descriptor file(detail::open_file(fresh, detail::fresh_flags));
  if (!file && errno == EEXIST && ::unlink(fresh.c_str()) == 0)
    file = net::descriptor(detail::open_file(fresh, detail::fresh_flags));
  return detail::write_and_rename(file, fresh, path, text, sync);
}

inline result<void> replace_file(const std::string& path, std::string_view text, mode_t mode) {
  const std::string target = detail::behind_links(path);
  struct stat facts;
  if (::stat(target.c_str(), &facts) != 0 || S_ISREG(facts.st_mode)) {
    std::string fresh = target + ".";  // nobody else's, be it another thread's that saves the same
    ascii::append_hex(fresh, files::unguessable());
    const net::descriptor file(detail::open_file(fresh, detail::fresh_flags, mode));
    return detail::write_and_rename(file, fresh, target, text, false);
  }
  const net::descriptor special(detail::open_file(target, O_WRONLY | O_NONBLOCK));  // no wait for a pipe's reader
  if (!special && errno == ENXIO) return error(error_kind::io, "open " + path + ": nobody reads it");
  if (!special || ::fcntl(special.get(), F_SETFL, 0) != 0) return net::system_error("open " + path, errno);
  return detail::write_all(special.get(), text, path);
}

}  // namespace tinyhttp
