// tinyhttp/h1/scan.hpp -- finds line ends and octets that are not allowed in a head, many at a time.
//
// Finds where a line, a name and a request target end. Sixteen octets are one value of the compiler's vector types:
// SSE2, NEON or what the machine has. Each function has a portable twin, and a test compares them; machines without
// vectors (i386 as usually compiled) use the twin.
#pragma once

#include <tinyhttp/core/ascii.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace tinyhttp::h1 {

/// A control octet other than HTAB (RFC 5234 B.1): never part of a value, a name or a target.
[[nodiscard]] constexpr bool is_control(char c) noexcept {
  const auto octet = static_cast<unsigned char>(c);
  return (octet < 0x20 && octet != '\t') || octet == 0x7f;
}

/// The first control octet in [first, last), or `last`.
[[nodiscard]] constexpr const char* find_control_portable(const char* first, const char* last) noexcept {
  while (first != last && !is_control(*first)) ++first;
  return first;
}

/// The end of the token at the front of [first, last): `first` if there is none.
[[nodiscard]] constexpr const char* find_token_end(const char* first, const char* last) noexcept {
  while (first != last && ascii::is_token_char(*first)) ++first;
  return first;
}

/// The longest prefix that consists of request target octets.
struct target_text {
  const char* end = nullptr;       // the first octet that is no part of it, or `last`
  const char* question = nullptr;  // the first `?` in front of that, or `end`
};

[[nodiscard]] constexpr target_text scan_target_portable(const char* first, const char* last) noexcept {
  const char* question = nullptr;
  for (; first != last && ascii::is_target_octet(*first) && *first != '#'; ++first)
    if (*first == '?' && question == nullptr) question = first;
  return {first, question != nullptr ? question : first};
}

namespace detail {

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ && (defined(__SSE2__) || !defined(__i386__))
using octets16 [[gnu::vector_size(16)]] = unsigned char;
using marks16 [[gnu::vector_size(16)]] = signed char;  // all bits of an octet, or none

[[nodiscard]] inline octets16 load16(const char* place) noexcept {
  octets16 octets;
  __builtin_memcpy(&octets, place, sizeof octets);
  return octets;
}
/// A bit for each of sixteen octets that are marked.
[[nodiscard]] inline unsigned bits(marks16 marks) noexcept {
#if defined(__SSE2__)
  using chars16 [[gnu::vector_size(16)]] = char;
  return static_cast<unsigned>(__builtin_ia32_pmovmskb128(reinterpret_cast<chars16>(marks)));
#else
  std::uint64_t halves[2];
  __builtin_memcpy(halves, &marks, sizeof halves);
  // A bit of its own is left of each octet, and the highest octet of the product is the sum of all.
  for (std::uint64_t& half : halves) half = (half & 0x8040201008040201) * 0x0101010101010101 >> 56;
  return static_cast<unsigned>(halves[0] | halves[1] << 8);
#endif
}
/// The place of the first bit.
[[nodiscard]] inline std::size_t first_bit(unsigned mask) noexcept {
  return static_cast<unsigned>(__builtin_ctz(mask));
}

/// Those that are larger than `least`, as signed.
[[nodiscard]] inline marks16 above(octets16 octets, signed char least) noexcept {
  return reinterpret_cast<marks16>(octets) > least;
}
/// Those that are visible US-ASCII or, with `least` one less, SP: one more than that, as signed, is large.
[[nodiscard]] inline marks16 visible(octets16 octets, signed char least = '!') noexcept {
  return above(octets + 1, least);
}
/// Those that are not visible.
[[nodiscard]] inline marks16 invisible(octets16 octets) noexcept {
  return reinterpret_cast<marks16>(octets + 1) < static_cast<signed char>('!' + 1);
}
/// A bit for each octet that is SP or visible US-ASCII.
[[nodiscard]] inline std::uint64_t usual_bits(const char* place) noexcept { return bits(visible(load16(place), ' ')); }
[[nodiscard]] inline octets16 lesser(octets16 a, octets16 b) noexcept { return a < b ? a : b; }
inline constexpr unsigned char turn = 0xff - '~';  // added to octets, the usual ones become the largest
/// The least of 64 octets in each of sixteen places, turned.
[[nodiscard]] inline octets16 least_of_64(const char* place) noexcept {
  return lesser(lesser(load16(place) + turn, load16(place + 16) + turn),
                lesser(load16(place + 32) + turn, load16(place + 48) + turn));
}
/// Whether all of the 128 octets at `place` are usual.
[[nodiscard]] inline bool all_usual(const char* place) noexcept {
  return bits(lesser(least_of_64(place), least_of_64(place + 64)) < ' ' + turn) == 0;
}

#if defined(__SSE2__)
/// `marks64` for processors with vectors of 32 octets.
[[nodiscard, gnu::target("avx2")]] inline std::uint64_t marks64_avx2(const char* place) noexcept {
  using octets32 [[gnu::vector_size(32)]] = unsigned char;
  using marks32 [[gnu::vector_size(32)]] = signed char;
  using chars32 [[gnu::vector_size(32)]] = char;
  // Not by memcpy, which g++ 12 does in halves of these by way of the stack: loads that wait for two stores.
  // Nor through a vector that is aligned(1): g++ 12 forgets that where it does not optimize, and loads as if it were aligned.
  struct [[gnu::packed, gnu::may_alias]] halves {
    octets32 low, high;
  };
  const auto* const both = reinterpret_cast<const halves*>(place);
  const marks32 low = reinterpret_cast<marks32>(both->low + 1) > ' ';
  const marks32 high = reinterpret_cast<marks32>(both->high + 1) > ' ';
  const auto low_bits = static_cast<unsigned>(__builtin_ia32_pmovmskb256(reinterpret_cast<chars32>(low)));
  const auto high_bits = static_cast<unsigned>(__builtin_ia32_pmovmskb256(reinterpret_cast<chars32>(high)));
  return ~(low_bits | std::uint64_t{high_bits} << 32);
}
#endif
/// A bit for each of the 64 octets at `place` that is not usual.
[[nodiscard]] inline std::uint64_t marks64(const char* place) noexcept {
#if defined(__AVX2__)
  return marks64_avx2(place);
#else
  return ~(usual_bits(place) | usual_bits(place + 16) << 16 | usual_bits(place + 32) << 32 |
           usual_bits(place + 48) << 48);
#endif
}
/// The same for [first, last), fewer than 64. Octets from `begin` on may be read, too.
[[nodiscard, gnu::noinline]] inline std::uint64_t last_marks(const char* begin, const char* first,
                                                             const char* last) noexcept {
  if (last - begin >= 64) return marks64(last - 64) >> (64 - (last - first));
  const auto size = static_cast<std::size_t>(last - first);
  std::uint64_t marks = 0;
  std::size_t at = 0;
  for (; size - at >= 16; at += 16) marks |= (usual_bits(first + at) ^ 0xffff) << at;
  if (at == size) return marks;
  if (last - begin >= 16) return marks | ((usual_bits(last - 16) ^ 0xffff) >> (16 - (size - at)) << at);
  for (; at < size; ++at) marks |= std::uint64_t{is_control(first[at])} << at;
  return marks;
}
/// The same for [first, last), of the first 64, likewise.
[[nodiscard, gnu::always_inline]] inline std::uint64_t marks_of(const char* begin, const char* first,
                                                                const char* last) noexcept {
  if (last - first >= 64) [[likely]] return marks64(first);
  return last_marks(begin, first, last);
}
#else
[[nodiscard]] inline bool all_usual(const char*) noexcept { return false; }
[[nodiscard]] inline std::uint64_t marks_of(const char*, const char* first, const char* last) noexcept {
  std::uint64_t marks = 0;
  for (std::size_t at = 0; at < 64 && first + at != last; ++at)
    marks |= std::uint64_t{is_control(first[at])} << at;
  return marks;
}
#endif

/// The last of the windows from `first` on that hold nothing but usual octets, as that one does.
[[nodiscard, gnu::cold]] inline const char* last_without_marks(const char* first, const char* last) noexcept {
  while (last - first >= 192 && all_usual(first + 64)) first += 128;
  return first;
}

}  // namespace detail

/// Finds the ends of the lines in [first, last) one after the other, 64 octets at a time. `in_front` octets before
/// `first` may be read, too, but have no effect. `first` must not split a CRLF.
class line_ends {
 public:
  line_ends(const char* first, const char* last, std::size_t in_front = 0) noexcept
      : begin_(first - in_front), ahead_(first), last_(last) {
    if (in_front >= 64 || first == last) return;
    // From what stands in front on: then it need not be known yet where that ends.
    marks_ = detail::marks_of(begin_, begin_, last) & ~std::uint64_t{0} << in_front;
    ahead_ = begin_ + 64;
  }

  /// The next CRLF; null if there is none, and `stop` is the reason.
  [[nodiscard, gnu::always_inline]] const char* next() noexcept {
    for (;;) {
      while (marks_ == 0) {
        if (ahead_ >= last_) return stop_at(last_);
        marks_ = detail::marks_of(begin_, ahead_, last_);
        if (marks_ == 0) [[unlikely]] ahead_ = detail::last_without_marks(ahead_, last_);
        ahead_ += 64;
      }
      const char* const at = ahead_ - 64 + __builtin_ctzll(marks_);
      marks_ &= marks_ - 1;
      if (at < last_ - 1 && std::memcmp(at, "\r\n", 2) == 0) [[likely]] {
        marks_ &= marks_ - 1;
        return at;
      }
      if (is_control(*at) && !is_seen(at)) return stop_at(at);  // else HTAB or obs-text
    }
  }
  /// The first control octet that is no line end, or `last`.
  [[nodiscard]] const char* stop() const noexcept { return ahead_; }

 private:
  /// The second half of a CRLF, the first one being in the window before.
  [[nodiscard]] bool is_seen(const char* at) const noexcept {
    return at == ahead_ - 64 && at != begin_ && at[-1] == '\r';
  }
  const char* stop_at(const char* place) noexcept {
    ahead_ = place;
    return nullptr;
  }

  const char* begin_;
  const char* ahead_;  // what is looked at next, behind a window of 64 octets
  const char* last_;
  std::uint64_t marks_ = 0;  // those of the window that are not usual, and not looked at
};

/// The end of the places from which sixteen octets may be read; null if there is no such place.
[[nodiscard]] inline const char* wide_end(std::string_view octets) noexcept {
  return octets.size() >= 16 ? octets.data() + octets.size() - 15 : nullptr;
}

namespace detail {

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ && (defined(__SSE2__) || !defined(__i386__))
[[nodiscard]] inline marks16 letters(octets16 octets) noexcept {
  return above((octets | 0x20) + (0x7f - 'z'), 'a' - 1 + (0x7f - 'z'));
}
/// A bit for each of sixteen octets that is neither a letter nor a hyphen.
[[nodiscard]] inline unsigned others16(const char* place) noexcept {
  const octets16 octets = load16(place);
  return bits(letters(octets) | (octets == '-')) ^ 0xffff;
}
/// Those of sixteen octets that are larger than `least`, up to '9'.
[[nodiscard]] inline marks16 up_to_nine(octets16 octets, signed char least) noexcept {
  return above(octets + (0x7f - '9'), static_cast<signed char>(least + (0x7f - '9')));
}
/// A bit for each that is no digit.
[[nodiscard]] inline unsigned no_digits16(const char* place) noexcept {
  return bits(up_to_nine(load16(place), '0' - 1)) ^ 0xffff;
}
/// A bit for each that is no letter, digit, hyphen or dot.
[[nodiscard]] inline unsigned no_name16(const char* place) noexcept {
  const octets16 octets = load16(place);
  return bits(letters(octets) | (up_to_nine(octets, '-' - 1) & (octets != '/'))) ^ 0xffff;
}
#endif

/// `skip_letters` where that is not done at a glance.
[[nodiscard, gnu::noinline]] inline const char* skip_more_letters(const char* first,
                                                              [[maybe_unused]] const char* wide) noexcept {
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ && (defined(__SSE2__) || !defined(__i386__))
  for (; first < wide; first += 16)
    if (const unsigned others = others16(first)) return first + first_bit(others);
  if (wide != nullptr) {
    const char* const last = wide - 1;
    if (const unsigned others = others16(last) >> (first - last)) return first + first_bit(others);
  }
#endif
  while (ascii::is_alpha(*first) || *first == '-') ++first;
  return first;
}

}  // namespace detail

/// Skips letters and hyphens, which most names are made of, up to another octet or sixteen of them. Before `wide`,
/// sixteen octets may be read.
[[nodiscard]] inline const char* skip_some_letters(const char* first, const char* wide) noexcept {
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ && (defined(__SSE2__) || !defined(__i386__))
  if (first < wide) [[likely]] {
    const detail::octets16 octets = detail::load16(first);
    return first + detail::first_bit(~detail::bits(detail::letters(octets) | (octets == '-')));  // behind those are bits, too
  }
#endif
  return detail::skip_more_letters(first, wide);
}

/// Skips all of them.
[[nodiscard]] inline const char* skip_letters(const char* first, const char* wide) noexcept {
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ && (defined(__SSE2__) || !defined(__i386__))
  if (first < wide) [[likely]] {
    if (const unsigned others = detail::others16(first)) [[likely]] return first + detail::first_bit(others);
    first += 16;
  }
#endif
  return detail::skip_more_letters(first, wide);
}

/// `text` has the usual form of a Host field: a name of letters, digits, hyphens and dots, optionally with a port of
/// up to four digits. False: `is_host_and_port` must decide. Octets from `begin` on may be read.
[[nodiscard]] inline bool is_usual_host([[maybe_unused]] std::string_view text,
                                        [[maybe_unused]] const char* begin) noexcept {
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ && (defined(__SSE2__) || !defined(__i386__))
  const char* at = text.data();
  const char* const end = at + text.size();
  if (text.empty() || end - begin < 16) return false;
  for (; end - at > 16; at += 16)
    if (detail::no_name16(at) != 0) return false;
  const auto in_front = static_cast<unsigned>(16 - (end - at));
  const unsigned others = detail::no_name16(end - 16) >> in_front;
  if (others == 0) return true;
  const char* const colon = at + detail::first_bit(others);
  const unsigned behind = detail::no_digits16(end - 16) >> in_front >> (colon - at) >> 1;
  return *colon == ':' && colon != text.data() && behind == 0 && end - colon <= 5;
#else
  return false;
#endif
}

/// As `scan_target_portable`, but sixteen octets at a time before `wide`, which is the `wide_end` of octets up to
/// `last`.
[[nodiscard]] inline target_text scan_target(const char* first, const char* last,
                                             [[maybe_unused]] const char* wide) noexcept {
  const char* question = nullptr;
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ && (defined(__SSE2__) || !defined(__i386__))
  for (; first < wide; first += 16) {
    const detail::octets16 octets = detail::load16(first);
    const unsigned stops = detail::bits((octets == '#') | detail::invisible(octets)) | 0x10000;
    const unsigned marks = stops | detail::bits(octets == '?');
    if (question == nullptr && (marks & 0xffff) != 0) question = first + detail::first_bit(marks);
    const std::size_t stop = detail::first_bit(stops);
    if (stop < 16) [[likely]] return {first + stop, question};
  }
#endif
  const auto rest = scan_target_portable(first, last);
  return {rest.end, question != nullptr ? question : rest.question};
}

}  // namespace tinyhttp::h1
