// tinyhttp/files/system.hpp -- the operating system as this layer uses it: descriptors, error texts, randomness.
//
// Shared by directory.hpp, segment_walk.hpp, upload.hpp, and code in upper layers that opens files. Opens nothing
// itself, and knows no HTTP except the status hints of errors.
#pragma once

#include <tinyhttp/core/ascii.hpp>
#include <tinyhttp/core/clock.hpp>
#include <tinyhttp/core/result.hpp>
#include <tinyhttp/files/stamp.hpp>
#include <tinyhttp/http/body_parts.hpp>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <dirent.h>
#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

namespace tinyhttp::files {

/// A file descriptor that is closed on destruction; negative: none. Move-only.
class descriptor {
 public:
  explicit descriptor(int owned = -1) noexcept : number_(owned) {}
  descriptor(descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  descriptor& operator=(descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  [[nodiscard]] int get() const noexcept { return number_; }
  [[nodiscard]] int release() noexcept { return std::exchange(number_, -1); }

 private:
  int number_;
};

/// Reads names with readdir(3). Move-only.
class name_stream {
 public:
  name_stream() noexcept = default;
  name_stream(name_stream&& other) noexcept : held_(other.held_) { other.held_ = nullptr; }
  name_stream& operator=(name_stream&& other) noexcept {
    std::swap(held_, other.held_);
    return *this;
  }
  ~name_stream() {
    if (held_ != nullptr) ::closedir(held_);
  }
  /// Takes the descriptor of a directory, if that works.
  [[nodiscard]] bool open(int number) noexcept {
    held_ = ::fdopendir(number);
    return held_ != nullptr;
  }
  [[nodiscard]] explicit operator bool() const noexcept { return held_ != nullptr; }
  [[nodiscard]] const ::dirent* next() noexcept { return ::readdir(held_); }

 private:
  ::DIR* held_ = nullptr;
};

/// 64 bits that nobody can guess; the time, if the system has no randomness.
[[nodiscard]] inline std::uint64_t unguessable() noexcept {
  std::uint64_t bits = 0;
  return ::getentropy(&bits, sizeof bits) == 0 ? bits : static_cast<std::uint64_t>(system_unix_seconds());
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

/// So many descriptors this process may have.
[[nodiscard, gnu::cold]] inline std::size_t most_descriptors() noexcept {
  const long most = ::sysconf(_SC_OPEN_MAX);
  return most > 0 ? static_cast<std::size_t>(most) : 1024;
}

/// `call` again while a signal interrupts it.
template <class Call>
int uninterrupted(Call call) noexcept {
  for (;;) {
    const int got = call();
    if (got >= 0 || errno != EINTR) return got;
  }
}

[[nodiscard, gnu::cold]] inline int status_of(int cause) noexcept {
  switch (cause) {
    case ENOENT: case ENOTDIR: case ENAMETOOLONG: case ELOOP: case EXDEV: case ENXIO: case ENODEV:
    case EINVAL:
      return 404;
    case EACCES: case EPERM: case EROFS: return 403;
    case EISDIR: case ENOTEMPTY: return 409;
    case EEXIST: return 412;
    case EFBIG: return 413;
    case ENOSPC: case EDQUOT: return 507;
    case EMFILE: case ENFILE: case ENOMEM: case EAGAIN: return 503;
    default: return 500;
  }
}

/// The kernel's words, starting small, as our errors are written.
[[nodiscard, gnu::cold]] inline std::string cause_text(int cause) {
  char room[128] = "";
  const auto text = [&room](auto filled) -> const char* {  // two shapes of strerror_r exist
    if constexpr (std::is_same_v<decltype(filled), int>) return room;
    else return filled;
  };
  std::string words = text(::strerror_r(cause, room, sizeof room));
  if (!words.empty()) words[0] = ascii::to_lower(words[0]);
  return words;
}

/// `what "name": cause`, with the status that answers it.
[[nodiscard, gnu::cold]] inline error system_error(std::string_view what, std::string_view name, int cause) {
  std::string line(what);
  line.append(" \"").append(name).append("\": ").append(cause_text(cause));
  for (char& c : line)
    if (!ascii::is_field_octet(c)) c = '?';
  return {error_kind::io, std::move(line), status_of(cause)};
}

/// Of a look at `name`, and without words unless somebody is told of it.
[[nodiscard, gnu::cold]] inline error look_error(std::string_view name, int cause) {
  return status_of(cause) < 500 ? error(error_kind::io, "", status_of(cause)) : system_error("stat", name, cause);
}

[[nodiscard]] inline file_stamp stamp_of(const struct ::stat& s) noexcept {
#ifdef __APPLE__
  const auto& modified = s.st_mtimespec;
  const auto& changed = s.st_ctimespec;
#else
  const auto& modified = s.st_mtim;
  const auto& changed = s.st_ctim;
#endif
  return {.is_directory = S_ISDIR(s.st_mode), .size = static_cast<std::uint64_t>(s.st_size),
          .modified = modified.tv_sec, .modified_ns = static_cast<std::uint32_t>(modified.tv_nsec),
          .changed = changed.tv_sec, .changed_ns = static_cast<std::uint32_t>(changed.tv_nsec), .inode = s.st_ino,
          .device = s.st_dev};
}

}  // namespace detail

/// An open file as content.
class file_source final : public content_source {
 public:
  explicit file_source(files::descriptor file) noexcept : file_(std::move(file)) {}
  [[nodiscard]] int descriptor() const noexcept override { return file_.get(); }
  [[nodiscard]] result<std::size_t> read_at(std::uint64_t offset, std::span<char> room) const override {
    for (;;) {
      const auto got = ::pread(file_.get(), room.data(), room.size(), static_cast<off_t>(offset));
      if (got >= 0) return static_cast<std::size_t>(got);
      if (errno != EINTR) return error(error_kind::io, std::string("read file: ").append(detail::cause_text(errno)), 500);
    }
  }

 private:
  files::descriptor file_;
};

}  // namespace tinyhttp::files

namespace tinyhttp {

/// 48 hexadecimal digits that nobody can guess, for a session cookie. Throws std::runtime_error where the system has
/// no randomness.
[[nodiscard, gnu::cold]] inline std::string random_token() {
  char bits[24];
  if (::getentropy(bits, sizeof bits) != 0) throw std::runtime_error("random_token: the system has no randomness");
  std::string text;
  for (const char octet : bits) ascii::append_hex_octet(text, octet);
  return text;
}

}  // namespace tinyhttp
