// tinyhttp/testing/content.hpp -- what a fake file holds: text, octets, a seeded pattern, a file.
//
// A pattern is computed where it is read. So ten gigabytes of it need neither memory nor disk, and any
// slice of a download can be checked. Knows no server.
#pragma once

#include <tinyhttp/core/ascii.hpp>
#include <tinyhttp/core/bounds.hpp>
#include <tinyhttp/core/result.hpp>
#include <tinyhttp/core/shared.hpp>
#include <tinyhttp/files/plan.hpp>
#include <tinyhttp/files/system.hpp>
#include <tinyhttp/http/body.hpp>
#include <tinyhttp/testing/digest.hpp>
#include <tinyhttp/testing/verdict.hpp>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>

namespace tinyhttp::testing {

/// A known number of octets. Cheap to copy: copies share them.
class content {
 public:
  content() : content(std::string()) {}
  content(std::string octets);
  content(std::string_view octets) : content(std::string(octets)) {}
  content(const char* octets) : content(std::string(octets)) {}
  content(shared<const content_source> from, std::uint64_t size, std::uint64_t identity)
      : source_(std::move(from)), size_(size), identity_(identity) {}

  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }
  /// A number that differs for different content; entity tags are made from it.
  [[nodiscard]] std::uint64_t identity() const noexcept { return identity_; }
  [[nodiscard]] const shared<const content_source>& source() const noexcept { return source_; }

  /// Returns `length` octets from `at` on, or as many as there are.
  [[nodiscard]] std::string slice(std::uint64_t at, std::uint64_t length) const;
  /// Returns all octets, in memory.
  [[nodiscard]] std::string octets() const { return slice(0, size_); }

  /// SHA-256 of all octets, in hexadecimal digits: what a client should end up with.
  /// Computed piece by piece.
  [[nodiscard]] std::string sha256() const;

  /// Whether `got` is all of this; if not, says from where on it differs. Holds no more than a window in memory.
  [[nodiscard]] verdict matches(std::string_view got) const { return compared(got, 0, size_); }
  /// Whether `got` is a slice: the octets of this from `at` on, as many as `got` has.
  [[nodiscard]] verdict matches(std::string_view got, std::uint64_t at) const { return compared(got, at, got.size()); }

 private:
  [[nodiscard]] verdict compared(std::string_view got, std::uint64_t at, std::uint64_t length) const;

  shared<const content_source> source_;
  std::uint64_t size_;
  std::uint64_t identity_;
};

/// Content with the octets of `t`.
[[nodiscard]] inline content text(std::string t) { return {std::move(t)}; }
[[nodiscard]] inline content octets(std::string_view t) { return {t}; }

/// `size` octets that look random, the same for the same `seed` on every machine.
[[nodiscard]] inline content pattern(std::uint64_t size, std::uint64_t seed = 0);

/// The octet at position `at` of any pattern with that seed.
[[nodiscard]] constexpr char pattern_at(std::uint64_t at, std::uint64_t seed) noexcept;

/// The regular file at `path`, opened now. Throws `bad_result` if that fails.
[[nodiscard]] inline content on_disk(const std::string& path);

// ---------------------------------------------------------------------------------------------

namespace detail {

[[nodiscard]] constexpr std::uint64_t pattern_word(std::uint64_t index, std::uint64_t seed) noexcept {
  return files::mix(index + 1 + seed * 0x9e3779b97f4a7c15);
}

class memory_source final : public content_source {
 public:
  explicit memory_source(std::string octets) : octets_(std::move(octets)) {}
  [[nodiscard]] result<std::size_t> read_at(std::uint64_t at, std::span<char> room) const override {
    if (at >= octets_.size()) return std::size_t{0};
    return octets_.copy(room.data(), room.size(), static_cast<std::size_t>(at));
  }

 private:
  std::string octets_;
};

class pattern_source final : public content_source {
 public:
  pattern_source(std::uint64_t size, std::uint64_t seed) : size_(size), seed_(seed) {}
  [[nodiscard]] result<std::size_t> read_at(std::uint64_t at, std::span<char> room) const override {
    if (at >= size_) return std::size_t{0};
    const std::uint64_t left = size_ - at;
    const std::size_t count = at_most(left, room.size());
    std::uint64_t word = pattern_word(at / 8, seed_) >> (at % 8 * 8);
    for (std::size_t i = 0; i < count; ++i, ++at) {
      if (i > 0 && at % 8 == 0) word = pattern_word(at / 8, seed_);
      room[i] = static_cast<char>(word & 0xff);
      word >>= 8;
    }
    return count;
  }

 private:
  std::uint64_t size_;
  std::uint64_t seed_;
};

[[nodiscard]] inline std::uint64_t fingerprint(std::string_view octets) noexcept {
  std::uint64_t sum = octets.size();
  for (const char c : octets) sum = (sum ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return files::mix(sum);
}

}  // namespace detail

constexpr char pattern_at(std::uint64_t at, std::uint64_t seed) noexcept {
  return static_cast<char>(detail::pattern_word(at / 8, seed) >> (at % 8 * 8) & 0xff);
}

inline content::content(std::string octets)
    : size_(octets.size()), identity_(detail::fingerprint(octets)) {
  source_ = share<const content_source>(new detail::memory_source(std::move(octets)));
}

inline content pattern(std::uint64_t size, std::uint64_t seed) {
  return {share<const content_source>(new detail::pattern_source(size, seed)), size,
          files::mix(size + files::mix(seed + 1))};
}

inline content on_disk(const std::string& path) {
  files::descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));  // a FIFO must not hold us up
  struct stat facts;
  if (file.get() < 0 || ::fstat(file.get(), &facts) != 0)
    throw bad_result(files::detail::system_error("fake file", path, errno));
  if (!S_ISREG(facts.st_mode)) throw bad_result(error(error_kind::io, "fake file \"" + path + "\": not a regular file"));
  const auto size = static_cast<std::uint64_t>(facts.st_size);
  return {share<const content_source>(new files::file_source(std::move(file))), size,
          files::mix(size + files::mix(static_cast<std::uint64_t>(facts.st_mtime)))};
}

inline std::string content::slice(std::uint64_t at, std::uint64_t length) const {
  if (at >= size_) return {};
  if (length > size_ - at) length = size_ - at;
  return read_octets(*source_, at, static_cast<std::size_t>(length)).value();
}

inline std::string content::sha256() const {
  sha256_sum all;
  for (std::uint64_t at = 0; at < size_; at += 64 * 1024) all.add(slice(at, 64 * 1024));
  return all.hex();
}

inline verdict content::compared(std::string_view got, std::uint64_t at, std::uint64_t length) const {
  constexpr std::size_t window = 64 * 1024;  // octets
  std::size_t same = 0;
  for (bool equal = true; equal && same < got.size();) {
    const auto piece = got.substr(same, window);
    const std::string right = slice(at + same, piece.size());
    const std::size_t before = same;
    while (same < before + right.size() && got[same] == right[same - before]) ++same;
    equal = same == before + piece.size();
  }
  std::string text = ascii::to_decimal(got.size()) + " octets of " + ascii::to_decimal(length);
  if (same == got.size()) return {got.size() == length, text + (got.empty() ? "" : ", all of them right")};
  text += ", of which the first " + ascii::to_decimal(same) + " are right; then comes 0x";
  ascii::append_hex_octet(text, got[same]);
  if (at + same >= size_) return {false, text + " behind the end"};
  ascii::append_hex_octet(text += " in place of 0x", slice(at + same, 1)[0]);
  return {false, std::move(text)};
}

}  // namespace tinyhttp::testing
