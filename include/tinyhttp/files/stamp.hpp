// tinyhttp/files/stamp.hpp -- the identity of a file's state on disk, and the entity tag made from it.
//
// Values only; directory.hpp fills them in.
#pragma once

#include <tinyhttp/core/ascii.hpp>

#include <cstdint>
#include <string>

namespace tinyhttp::files {

/// Identifies the state of a file: equal stamps mean equal content, as far as the kernel can tell.
struct file_stamp {
  bool is_directory = false;
  std::uint64_t size = 0;      // octets
  std::int64_t modified = 0;   // seconds since 1970
  std::uint32_t modified_ns = 0;
  std::int64_t changed = 0;    // seconds since 1970: of the inode, which no utility sets back
  std::uint32_t changed_ns = 0;
  std::uint64_t inode = 0;
  std::uint64_t device = 0;

  friend bool operator==(const file_stamp&, const file_stamp&) = default;
};

/// A name in a directory: a regular file, a directory, or a link to one inside.
struct entry {
  std::string name = {};
  bool is_directory = false;
  std::uint64_t size = 0;
  std::int64_t modified = 0;  // seconds since 1970
};

/// A strong entity tag (RFC 9110 8.8.3), which differs whenever the stamp differs. Reveals nothing about the stamp.
[[nodiscard]] inline std::string entity_tag_of(const file_stamp& s);

/// 64 bits, each of which depends on every bit of `value`: for entity tags and boundaries, not for secrets.
[[nodiscard]] constexpr std::uint64_t mix(std::uint64_t value) noexcept {
  value ^= value >> 30;  // the finaliser known as splitmix64
  value *= 0xbf58476d1ce4e5b9;
  value ^= value >> 27;
  value *= 0x94d049bb133111eb;
  return value ^ (value >> 31);
}

// ---------------------------------------------------------------------------------------------

inline std::string entity_tag_of(const file_stamp& s) {
  std::uint64_t sum = 0;
  const std::uint64_t parts[] = {s.size, static_cast<std::uint64_t>(s.modified), s.modified_ns,
                                 static_cast<std::uint64_t>(s.changed), s.changed_ns, s.inode, s.device};
  for (const std::uint64_t part : parts) sum = mix(sum + part + 0x9e3779b97f4a7c15);
  std::string tag = "\"";
  ascii::append_hex(tag, sum);
  return tag.append("\"");
}

}  // namespace tinyhttp::files
