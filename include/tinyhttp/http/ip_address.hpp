// tinyhttp/http/ip_address.hpp -- IP addresses and networks parsed from text, to be compared.
//
// Pure. RFC 4291 2.2, RFC 4632 3.1, RFC 5952. Knows no sockets and no zones; net/address.hpp does.
#pragma once

#include <tinyhttp/core/ascii.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tinyhttp {

/// An IPv4 or IPv6 address. `::ffff:192.0.2.1` equals `192.0.2.1`.
class ip_address {
 public:
  /// Parses `192.0.2.1`, without leading zeros, or `2001:db8::1`, without brackets. Empty for anything else.
  [[nodiscard]] static constexpr std::optional<ip_address> parse(std::string_view text) noexcept;

  [[nodiscard]] constexpr bool is_v4() const noexcept { return high_ == 0 && low_ >> 32 == 0xffff; }
  /// One of the eight numbers of 16 bits that IPv6 has; an IPv4 address is the last two.
  [[nodiscard]] constexpr unsigned group(unsigned i) const noexcept {
    return static_cast<unsigned>((i < 4 ? high_ : low_) >> (3 - i % 4) * 16 & 0xffff);
  }
  /// The canonical text of RFC 5952.
  [[nodiscard]] std::string to_string() const;

  [[nodiscard]] friend constexpr bool operator==(const ip_address&, const ip_address&) noexcept = default;

 private:
  friend class ip_network;
  [[nodiscard]] static constexpr std::optional<std::uint32_t> read_v4(std::string_view text) noexcept;
  [[nodiscard]] constexpr bool read_v6(std::string_view text) noexcept;

  std::uint64_t high_ = 0, low_ = 0;  // the first 64 bits, and the others
};

/// The addresses that share a prefix.
class ip_network {
 public:
  /// Parses `192.0.2.0/24`, `2001:db8::/32`, or an address, which is a network of one. Empty for anything else, and
  /// if a bit after the prefix is set.
  [[nodiscard]] static constexpr std::optional<ip_network> parse(std::string_view text) noexcept;

  /// No IPv4 address is in an IPv6 network, not even in `::/0`.
  [[nodiscard]] constexpr bool contains(const ip_address& one) const noexcept {
    return ((one.high_ ^ first_.high_) & high_mask_) == 0 && ((one.low_ ^ first_.low_) & low_mask_) == 0 &&
           one.is_v4() == first_.is_v4();
  }

 private:
  ip_address first_;
  std::uint64_t high_mask_ = ~std::uint64_t{0}, low_mask_ = ~std::uint64_t{0};  // the bits that they share
};

/// `text` is an IPv6 address (RFC 3986 3.2.2), without brackets or zone.
[[nodiscard]] constexpr bool is_ipv6_address(std::string_view text) noexcept;

// ---------------------------------------------------------------------------------------------

constexpr std::optional<ip_address> ip_address::parse(std::string_view text) noexcept {
  ip_address made;
  if (text.find(':') != text.npos) return made.read_v6(text) ? std::optional(made) : std::nullopt;
  const auto v4 = read_v4(text);
  if (!v4) return std::nullopt;
  made.low_ = std::uint64_t{0xffff} << 32 | *v4;
  return made;
}

constexpr std::optional<std::uint32_t> ip_address::read_v4(std::string_view text) noexcept {
  std::uint32_t value = 0;
  for (int left = 4; left > 0; --left) {
    const std::string_view part = text.substr(0, text.find('.'));
    const auto number = ascii::parse_decimal_strict(part, 255);
    if (!number || (part.size() > 1 && part.front() == '0')) return std::nullopt;
    value = value << 8 | static_cast<std::uint32_t>(*number);
    text.remove_prefix(part.size());
    if (text.empty()) return left == 1 ? std::optional(value) : std::nullopt;
    text.remove_prefix(1);
  }
  return std::nullopt;
}

constexpr bool ip_address::read_v6(std::string_view text) noexcept {
  constexpr unsigned no_gap = 9;
  std::uint32_t groups[8] = {};
  unsigned count = 0, gap = no_gap;  // of the groups
  if (text.starts_with("::")) {
    gap = 0;
    text.remove_prefix(2);
  }
  while (!text.empty()) {
    std::uint32_t value = 0;
    std::size_t digits = 0;
    for (; digits < text.size() && digits < 5 && ascii::hex_value(text[digits]) >= 0; ++digits)
      value = value << 4 | static_cast<std::uint32_t>(ascii::hex_value(text[digits]));
    if (text.substr(digits).starts_with('.')) {  // the last 32 bits, as IPv4
      const auto v4 = read_v4(text);
      if (!v4 || count > 6) return false;
      groups[count++] = *v4 >> 16;
      groups[count++] = *v4 & 0xffff;
      break;
    }
    if (digits == 0 || digits > 4 || count == 8) return false;
    groups[count++] = value;
    text.remove_prefix(digits);
    if (text.empty()) break;
    if (!text.starts_with(':') || text.size() == 1) return false;
    text.remove_prefix(1);
    if (!text.starts_with(':')) continue;
    if (gap != no_gap) return false;
    gap = count;
    text.remove_prefix(1);
  }
  if (gap == no_gap ? count != 8 : count > 7) return false;
  for (unsigned i = 0; i < count; ++i) {  // what is behind the gap stands at the end
    const unsigned place = i < gap ? i : 8 - count + i;
    (place < 4 ? high_ : low_) |= std::uint64_t{groups[i]} << (3 - place % 4) * 16;
  }
  return true;
}

inline std::string ip_address::to_string() const {
  std::string text;
  if (is_v4()) {
    for (int shift = 24; shift >= 0; shift -= 8) ascii::append_decimal(text.append(shift == 24 ? "" : "."), low_ >> shift & 0xff);
    return text;
  }
  unsigned gap = 8, longest = 1;  // the first of the longest runs of two zeros or more
  for (unsigned i = 0, run = 0; i < 8; ++i) {
    run = group(i) == 0 ? run + 1 : 0;
    if (run <= longest) continue;
    longest = run;
    gap = i + 1 - run;
  }
  for (unsigned i = 0; i < 8; ++i) {
    if (i == gap) {
      text.append("::");
      i += longest - 1;
      continue;
    }
    if (!text.empty() && text.back() != ':') text.push_back(':');
    ascii::append_hex(text, group(i));
  }
  return text;
}

constexpr std::optional<ip_network> ip_network::parse(std::string_view text) noexcept {
  const std::size_t slash = text.find('/');
  const auto first = ip_address::parse(text.substr(0, slash));
  if (!first) return std::nullopt;
  ip_network made;
  made.first_ = *first;
  if (slash == text.npos) return made;
  const std::size_t written = text.find(':') == text.npos ? 32 : 128;  // bits of such a text
  const auto bits = ascii::parse_decimal_strict(text.substr(slash + 1), written);
  if (!bits) return std::nullopt;
  const std::size_t behind = written - static_cast<std::size_t>(*bits);  // of the prefix
  made.low_mask_ = behind < 64 ? ~std::uint64_t{0} << behind : 0;
  if (behind > 64) made.high_mask_ = behind < 128 ? ~std::uint64_t{0} << (behind - 64) : 0;
  if ((first->high_ & ~made.high_mask_) != 0 || (first->low_ & ~made.low_mask_) != 0) return std::nullopt;
  return made;
}

constexpr bool is_ipv6_address(std::string_view text) noexcept {
  return text.find(':') != text.npos && ip_address::parse(text);
}

}  // namespace tinyhttp
