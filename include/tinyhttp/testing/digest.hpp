// tinyhttp/testing/digest.hpp -- SHA-256, SHA-1 and CRC-32, as used in package indices.
//
// Small rather than fast; for tests, not for secrets. FIPS 180-4, RFC 1952 8.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace tinyhttp::testing {

/// Computes the SHA-256 of octets that arrive in pieces.
class sha256_sum {
 public:
  inline void add(std::string_view octets);
  /// The digest of all octets so far, in lower-case hexadecimal digits.
  [[nodiscard]] inline std::string hex() const;

 private:
  inline void take(std::string_view blocks);

  std::array<std::uint32_t, 8> sum_{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                    0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  std::uint64_t size_ = 0;
  std::string rest_;  // less than a block
};

/// The SHA-256 of `octets`, in lower-case hexadecimal digits.
[[nodiscard]] inline std::string sha256(std::string_view octets);
/// The SHA-1 of `octets`, in lower-case hexadecimal digits.
[[nodiscard]] inline std::string sha1(std::string_view octets);
[[nodiscard]] constexpr std::uint32_t crc32(std::string_view octets) noexcept;

// ---------------------------------------------------------------------------------------------

namespace detail {

/// `octets` and behind them a 1 bit, zeros, and the length of all `size` in bits: whole blocks of 64 octets.
[[nodiscard]] inline std::string padded_for_sha(std::string_view octets, std::uint64_t size) {
  std::string all(octets);
  all.push_back('\x80');
  while (all.size() % 64 != 56) all.push_back('\0');
  const std::uint64_t bits = size * 8;
  for (int shift = 56; shift >= 0; shift -= 8) all.push_back(static_cast<char>(bits >> shift & 0xff));
  return all;
}

[[nodiscard]] inline std::uint32_t big_endian_word(std::string_view from) noexcept {
  std::uint32_t word = 0;
  for (std::size_t i = 0; i < 4; ++i) word = word << 8 | static_cast<unsigned char>(from[i]);
  return word;
}

[[nodiscard]] inline std::string hex_words(const std::uint32_t* words, std::size_t count) {
  std::string out;
  for (std::size_t i = 0; i < count; ++i)
    for (int shift = 28; shift >= 0; shift -= 4) out.push_back("0123456789abcdef"[words[i] >> shift & 15]);
  return out;
}

inline constexpr std::array<std::uint32_t, 64> sha256_constants{
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

}  // namespace detail

/// Whole blocks of 64 octets.
inline void sha256_sum::take(std::string_view blocks) {
  for (std::size_t at = 0; at < blocks.size(); at += 64) {
    std::array<std::uint32_t, 64> w;
    for (std::size_t i = 0; i < 16; ++i) w[i] = detail::big_endian_word(blocks.substr(at + i * 4));
    for (std::size_t i = 16; i < 64; ++i) {
      const std::uint32_t a = std::rotr(w[i - 15], 7) ^ std::rotr(w[i - 15], 18) ^ (w[i - 15] >> 3);
      const std::uint32_t b = std::rotr(w[i - 2], 17) ^ std::rotr(w[i - 2], 19) ^ (w[i - 2] >> 10);
      w[i] = w[i - 16] + a + w[i - 7] + b;
    }
    auto [a, b, c, d, e, f, g, h] = sum_;
    for (std::size_t i = 0; i < 64; ++i) {
      const std::uint32_t s1 = std::rotr(e, 6) ^ std::rotr(e, 11) ^ std::rotr(e, 25);
      const std::uint32_t t1 = h + s1 + ((e & f) ^ (~e & g)) + detail::sha256_constants[i] + w[i];
      const std::uint32_t s0 = std::rotr(a, 2) ^ std::rotr(a, 13) ^ std::rotr(a, 22);
      const std::uint32_t t2 = s0 + ((a & b) ^ (a & c) ^ (b & c));
      h = g;
      g = f;
      f = e;
      e = d + t1;
      d = c;
      c = b;
      b = a;
      a = t1 + t2;
    }
    const std::array<std::uint32_t, 8> more{a, b, c, d, e, f, g, h};
    for (std::size_t i = 0; i < 8; ++i) sum_[i] += more[i];
  }
}

inline void sha256_sum::add(std::string_view octets) {
  size_ += octets.size();
  if (!rest_.empty()) {
    const auto missing = octets.substr(0, 64 - rest_.size());
    rest_.append(missing);
    octets.remove_prefix(missing.size());
    if (rest_.size() < 64) return;
    take(rest_);
  }
  const std::size_t whole = octets.size() - octets.size() % 64;
  take(octets.substr(0, whole));
  rest_ = octets.substr(whole);
}

inline std::string sha256_sum::hex() const {
  sha256_sum all = *this;
  all.take(detail::padded_for_sha(rest_, size_));
  return detail::hex_words(all.sum_.data(), all.sum_.size());
}

inline std::string sha256(std::string_view octets) {
  sha256_sum all;
  all.add(octets);
  return all.hex();
}

inline std::string sha1(std::string_view octets) {
  std::array<std::uint32_t, 5> sum{0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
  const std::string all = detail::padded_for_sha(octets, octets.size());
  for (std::size_t at = 0; at < all.size(); at += 64) {
    std::array<std::uint32_t, 80> w;
    for (std::size_t i = 0; i < 16; ++i) w[i] = detail::big_endian_word(std::string_view(all).substr(at + i * 4));
    for (std::size_t i = 16; i < 80; ++i) w[i] = std::rotl(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
    auto [a, b, c, d, e] = sum;
    for (std::size_t i = 0; i < 80; ++i) {
      const std::uint32_t f = i < 20 ? ((b & c) | (~b & d)) : i < 40 || i >= 60 ? b ^ c ^ d : (b & c) | (b & d) | (c & d);
      const std::uint32_t k = i < 20 ? 0x5a827999 : i < 40 ? 0x6ed9eba1 : i < 60 ? 0x8f1bbcdc : 0xca62c1d6;
      const std::uint32_t next = std::rotl(a, 5) + f + e + k + w[i];
      e = d;
      d = c;
      c = std::rotl(b, 30);
      b = a;
      a = next;
    }
    const std::array<std::uint32_t, 5> more{a, b, c, d, e};
    for (std::size_t i = 0; i < 5; ++i) sum[i] += more[i];
  }
  return detail::hex_words(sum.data(), sum.size());
}

constexpr std::uint32_t crc32(std::string_view octets) noexcept {
  std::uint32_t sum = 0xffffffff;
  for (const char c : octets) {
    sum ^= static_cast<unsigned char>(c);
    for (int bit = 0; bit < 8; ++bit) sum = sum >> 1 ^ (sum & 1 ? 0xedb88320 : 0);
  }
  return ~sum;
}

}  // namespace tinyhttp::testing
