// tinyhttp/h1/scan.hpp -- finding line ends and octets that no head may hold, many at a time.
//
// Where is the next control octet (CR and LF are among the answers), where does a name end, and where a
// request target? Sixteen octets are one value of the compiler's vector types, which are SSE2 or NEON or what
// else the machine has. Each has a portable twin that a test holds equal to it.
#pragma once

#include <tinyhttp/core/ascii.hpp>

#include <cstddef>
#include <cstdint>

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

/// Where the token ends that [first, last) begins with: `first` when there is none.
[[nodiscard]] constexpr const char* find_token_end_portable(const char* first, const char* last) noexcept {
  while (first != last && ascii::is_token_char(*first)) ++first;
  return first;
}

/// A request target, as far as its octets may stand in one.
struct target_text {
  const char* end = nullptr;       // the first octet that may not, or `last`
  const char* question = nullptr;  // the first `?` in front of that, or `end`
};

[[nodiscard]] constexpr target_text scan_target_portable(const char* first, const char* last) noexcept {
  const char* question = nullptr;
  for (; first != last && ascii::is_target_octet(*first) && *first != '#'; ++first)
    if (*first == '?' && question == nullptr) question = first;
  return {first, question != nullptr ? question : first};
}

namespace detail {

/// Up to 64 octets from `first` on, and a bit for each of them that control octets are among.
struct window {
  const char* first = nullptr;
  std::uint64_t marks = 0;
};

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
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
/// A bit for each octet that is SP or visible US-ASCII.
[[nodiscard]] inline std::uint64_t usual_bits(const char* place) noexcept { return bits(visible(load16(place), ' ')); }
[[nodiscard]] inline octets16 lesser(octets16 a, octets16 b) noexcept { return a < b ? a : b; }
/// Whether all of the 64 octets at `place` are that: turned so that they are the largest, the least is large.
[[nodiscard]] inline bool all_usual(const char* place) noexcept {
  constexpr unsigned char turn = 0xff - '~';
  const octets16 least = lesser(lesser(load16(place) + turn, load16(place + 16) + turn),
                                lesser(load16(place + 32) + turn, load16(place + 48) + turn));
  return bits(least < ' ' + turn) == 0;
}

/// A bit for each octet of [first, last) that is not, of the first 64: control octets and, seldom there,
/// HTAB and obs-text. Octets from `begin` on may be read, too.
[[nodiscard]] inline std::uint64_t marks_of(const char* begin, const char* first, const char* last) noexcept {
  if (last - first >= 64)
    return ~(usual_bits(first) | usual_bits(first + 16) << 16 | usual_bits(first + 32) << 32 |
             usual_bits(first + 48) << 48);
  const auto size = static_cast<std::size_t>(last - first);
  std::uint64_t marks = 0;
  std::size_t at = 0;
  for (; size - at >= 16; at += 16) marks |= (usual_bits(first + at) ^ 0xffff) << at;
  if (at == size) return marks;
  if (last - begin >= 16) {  // the rest, together with octets that are done
    const std::uint64_t rest = usual_bits(last - 16) ^ 0xffff;
    return marks | (size >= 16 ? rest << (size - 16) : rest >> (16 - size));
  }
  for (; at < size; ++at) marks |= std::uint64_t{is_control(first[at])} << at;
  return marks;
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

/// The first window of [first, last) with a mark, or one at `last`.
[[nodiscard]] inline window find_window(const char* begin, const char* first, const char* last) noexcept {
  while (first != last) {
    if (const std::uint64_t marks = marks_of(begin, first, last); marks != 0) return {first, marks};
    if (last - first <= 64) break;
    first += 64;
    while (last - first >= 64 && all_usual(first)) first += 64;
  }
  return {last, 0};
}

}  // namespace detail

/// The control octets of [first, last), one after the other, found 64 octets at a time. `in_front`: so
/// many octets before `first` may be read, too, though they do not matter.
class control_octets {
 public:
  control_octets(const char* first, const char* last, std::size_t in_front = 0) noexcept
      : begin_(first - in_front), last_(last), window_(detail::find_window(begin_, first, last)) {}

  /// The first one from `from` on, or `last`. `from` lies in [first, last], and not before the last answer.
  [[nodiscard]] const char* next(const char* from) noexcept {
    for (;;) {
      const auto done = static_cast<std::size_t>(from - window_.first);
      const std::uint64_t marks = done < 64 ? window_.marks >> done : 0;
      if (marks == 0) {
        if (from >= window_.first) {
          if (last_ - window_.first <= 64) return last_;
          window_ = detail::find_window(begin_, window_.first + 64, last_);
        }
        if (from < window_.first) from = window_.first;
        continue;
      }
      from += __builtin_ctzll(marks);
      if (*from == '\r' || is_control(*from)) return from;  // most are CR
      ++from;  // HTAB or obs-text
    }
  }

 private:
  const char* begin_;
  const char* last_;
  detail::window window_;
};

/// `find_token_end_portable`, the first sixteen octets at once as far as they are letters and hyphens,
/// as in most names. Octets up to `readable` may be read, too, though they do not matter.
[[nodiscard]] inline const char* find_token_end(const char* first, const char* last,
                                                [[maybe_unused]] const char* readable) noexcept {
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
  if (readable - first >= 16) {
    const detail::octets16 octets = detail::load16(first);
    const detail::marks16 letters = detail::above((octets | 0x20) + (0x7f - 'z'), 'a' - 1 + (0x7f - 'z'));
    first += detail::first_bit(~detail::bits(letters | (octets == '-')));
    if (first >= last) return last;
    if (*first == ':') return first;
  }
#endif
  return find_token_end_portable(first, last);
}

/// `scan_target_portable`, the same way.
[[nodiscard]] inline target_text scan_target(const char* first, const char* last,
                                             [[maybe_unused]] const char* readable) noexcept {
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
  const char* question = nullptr;
  for (; readable - first >= 16; first += 16) {
    const detail::octets16 octets = detail::load16(first);
    const unsigned stops = detail::bits(~detail::visible(octets) | (octets == '#'));
    const unsigned questions = detail::bits(octets == '?');
    if (questions != 0 && question == nullptr) question = first + detail::first_bit(questions);
    if (stops == 0 && last - first >= 16) continue;
    const char* stop = stops != 0 ? first + detail::first_bit(stops) : last;
    if (stop > last) stop = last;
    return {stop, question != nullptr && question < stop ? question : stop};
  }
  const auto rest = scan_target_portable(first, last);
  return {rest.end, question != nullptr ? question : rest.question};
#else
  return scan_target_portable(first, last);
#endif
}

}  // namespace tinyhttp::h1
