// tinyhttp/files/listing_text.hpp -- names and sizes as they go into HTML and JSON.
//
// Pure: text in, escaped text out. Knows no listing.
#pragma once

#include <tinyhttp/core/ascii.hpp>
#include <tinyhttp/core/utf8.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace tinyhttp::files {

/// Appends `text` with `&<>"'` escaped, for HTML text and quoted attributes.
inline void append_html(std::string& out, std::string_view text);
/// Appends `text` as a JSON string, quotes included.
inline void append_json(std::string& out, std::string_view text);
/// Appends a size for people: `0 B`, `999 B`, `1.4 KiB`, `5.0 GiB`.
inline void append_size(std::string& out, std::uint64_t octets);

// ---------------------------------------------------------------------------------------------

inline void append_html(std::string& out, std::string_view text) {
  for (const char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      case '\'': out += "&#39;"; break;
      default: out += c;
    }
  }
}

inline void append_json(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    const auto octet = static_cast<unsigned char>(text.front());
    if (length == 0) {
      out += "\xEF\xBF\xBD";  // U+FFFD
    } else if (octet < 0x20) {
      ascii::append_hex_octet(out.append("\\u00"), text.front());
    } else {
      if (octet == '"' || octet == '\\') out += '\\';
      out.append(text.substr(0, length));
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  out += '"';
}

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
