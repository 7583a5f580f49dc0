// tinyhttp/testing/archive.hpp -- in-memory tar, ar and gzip archives, which packages consist of.
//
// Writes the minimum that real tools can read: regular files and directories, nothing compressed.
#pragma once

#include <tinyhttp/core/ascii.hpp>
#include <tinyhttp/testing/digest.hpp>

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace tinyhttp::testing {

/// A file of an archive: a path without a leading slash, and its octets. A directory ends in `/`.
struct archived_file {
  std::string path;
  std::string octets;
};

/// A POSIX ustar archive. Paths of at most 100 octets; throws std::length_error for longer ones.
[[nodiscard]] inline std::string make_tar(const std::vector<archived_file>& files);
/// An ar archive, the format of .deb files. Names of at most 15 octets; throws std::length_error for longer ones.
[[nodiscard]] inline std::string make_ar(const std::vector<archived_file>& files);
/// Gzip (RFC 1952), with blocks that are stored, not compressed.
[[nodiscard]] inline std::string make_gzip(std::string_view octets);

// ---------------------------------------------------------------------------------------------

namespace detail {

[[nodiscard]] inline std::string octal(std::uint64_t value, std::size_t digits) {
  std::string out(digits, '0');
  for (std::size_t i = digits; i-- > 0; value >>= 3) out[i] = static_cast<char>('0' + (value & 7));
  return out;
}

[[nodiscard]] inline std::string tar_head(const archived_file& file) {
  if (file.path.size() > 100) throw std::length_error("tar: a path of more than 100 octets");
  const bool folder = file.path.ends_with('/');
  std::string head(512, '\0');
  const auto put = [&head](std::size_t at, std::string_view text) { head.replace(at, text.size(), text); };
  put(0, file.path);
  put(100, octal(folder ? 0755 : 0644, 7));
  put(108, octal(0, 7));                         // owner
  put(116, octal(0, 7));                         // group
  put(124, octal(file.octets.size(), 11));
  put(136, octal(1'767'225'600, 11));            // 2026-01-01
  put(148, "        ");                          // what the sum of this head is counted with
  put(156, folder ? "5" : "0");
  put(257, std::string_view("ustar\0" "00", 8));
  put(265, "root");
  put(297, "root");
  std::uint64_t sum = 0;
  for (const char c : head) sum += static_cast<unsigned char>(c);
  put(148, octal(sum, 6) + '\0' + ' ');
  return head;
}

[[nodiscard]] inline std::string column(std::string text, std::size_t width) {
  text.resize(width, ' ');
  return text;
}

inline void append_little_endian(std::string& out, std::uint64_t value, int octets) {
  for (int i = 0; i < octets; ++i) out.push_back(static_cast<char>(value >> (8 * i) & 0xff));
}

}  // namespace detail

inline std::string make_tar(const std::vector<archived_file>& files) {
  std::string out;
  for (const auto& file : files) {
    out += detail::tar_head(file) + file.octets;
    out.append((512 - file.octets.size() % 512) % 512, '\0');
  }
  return out.append(1024, '\0');
}

inline std::string make_ar(const std::vector<archived_file>& files) {
  std::string out = "!<arch>\n";
  for (const auto& file : files) {
    if (file.path.size() > 15) throw std::length_error("ar: a name of more than 15 octets");
    out += detail::column(file.path, 16) + detail::column("1767225600", 12) + detail::column("0", 6) +
           detail::column("0", 6) + detail::column("100644", 8) +
           detail::column(ascii::to_decimal(file.octets.size()), 10) + "`\n" + file.octets;
    if (file.octets.size() % 2 != 0) out += "\n";
  }
  return out;
}

inline std::string make_gzip(std::string_view octets) {
  std::string out("\x1f\x8b\x08\0\0\0\0\0\0\xff", 10);
  std::string_view rest = octets;
  do {
    const auto block = rest.substr(0, 65'535);
    rest.remove_prefix(block.size());
    out.push_back(rest.empty() ? '\1' : '\0');
    detail::append_little_endian(out, block.size(), 2);
    detail::append_little_endian(out, ~block.size(), 2);
    out.append(block);
  } while (!rest.empty());
  detail::append_little_endian(out, crc32(octets), 4);
  detail::append_little_endian(out, octets.size(), 4);
  return out;
}

}  // namespace tinyhttp::testing
