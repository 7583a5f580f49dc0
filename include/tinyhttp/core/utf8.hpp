// tinyhttp/core/utf8.hpp -- the length of a UTF-8 character (RFC 3629).
#pragma once

#include <cstddef>
#include <string_view>

namespace tinyhttp {

/// The length of the UTF-8 sequence at the front of `text` (RFC 3629 4); 0 if there is no valid one.
[[nodiscard]] constexpr std::size_t utf8_length(std::string_view text) noexcept {
  const auto octet = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  if (text.empty()) return 0;
  const unsigned char first = octet(0);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i)
    if ((octet(i) & 0xc0) != 0x80) return 0;
  if (first == 0xe0 && octet(1) < 0xa0) return 0;  // would fit into fewer octets
  if (first == 0xed && octet(1) > 0x9f) return 0;  // half of a UTF-16 pair
  if (first == 0xf0 && octet(1) < 0x90) return 0;
  if (first == 0xf4 && octet(1) > 0x8f) return 0;  // beyond U+10FFFF
  return length;
}

}  // namespace tinyhttp
