// tinyhttp/files/listing_text.hpp -- file sizes as text for a page.
#pragma once

#include <tinyhttp/core/ascii.hpp>

#include <cstddef>
#include <cstdint>
#include <string>

namespace tinyhttp::files {

/// Appends a human-readable size: `0 B`, `999 B`, `1.4 KiB`, `5.0 GiB`.
inline void append_size(std::string& out, std::uint64_t octets);

// ---------------------------------------------------------------------------------------------

inline void append_size(std::string& out, std::uint64_t octets) {
  if (octets < 1024) {
    ascii::append_decimal(out, octets);
    out += " B";
    return;
  }
  std::size_t unit = 0;
  while (octets >= 1024 * 1024 && unit < 5) {
    octets /= 1024;
    ++unit;
  }
  const std::uint64_t tenths = octets * 10 / 1024;
  ascii::append_decimal(out, tenths / 10);
  if (tenths < 1000) out.append(".").append(1, static_cast<char>('0' + tenths % 10));
  out.append(" ").append(1, "KMGTPE"[unit]).append("iB");
}

}  // namespace tinyhttp::files
