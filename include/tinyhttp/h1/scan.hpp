// tinyhttp/h1/scan.hpp -- finding line ends and octets that no head may hold, many at a time.
//
// Where is the next control octet (CR and LF are among the answers), where does a name end, and where a
// request target? SSE2 where the compiler says that the machine has it, and a portable twin of each that
// a test holds equal to it.
#pragma once

#include <tinyhttp/core/ascii.hpp>

#include <cstddef>
#include <cstdint>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

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

#if defined(__SSE2__)
[[nodiscard]] inline __m128i load16(const char* place) noexcept {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(place));
}
/// A bit for each of sixteen octets that are marked.
[[nodiscard]] inline unsigned bits(__m128i marks) noexcept {
  return static_cast<unsigned>(_mm_movemask_epi8(marks));
}
/// The place of the first bit.
[[nodiscard]] inline std::size_t first_bit(unsigned mask) noexcept {
  return static_cast<unsigned>(__builtin_ctz(mask));
}

/// A bit for each octet that is SP or visible US-ASCII: one more than it, as signed, is large then.
[[nodiscard]] inline std::uint64_t usual_bits(const char* place) noexcept {
  return bits(_mm_cmpgt_epi8(_mm_add_epi8(load16(place), _mm_set1_epi8(1)), _mm_set1_epi8(0x20)));
}
/// Whether all of the 64 octets at `place` are that.
[[nodiscard]] inline bool all_usual(const char* place) noexcept {
  const __m128i turned = _mm_set1_epi8(-0x7f);  // the same, unsigned: SSE2 has a minimum for that
  const __m128i least = _mm_min_epu8(_mm_min_epu8(_mm_add_epi8(load16(place), turned),
                                                  _mm_add_epi8(load16(place + 16), turned)),
                                     _mm_min_epu8(_mm_add_epi8(load16(place + 32), turned),
                                                  _mm_add_epi8(load16(place + 48), turned)));
  return bits(_mm_cmpeq_epi8(_mm_min_epu8(least, _mm_set1_epi8(-0x60)), least)) == 0;
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
/// as in most names. `behind`: so many octets from `last` on may be read, too, though they do not matter.
[[nodiscard]] inline const char* find_token_end(const char* first, const char* last,
                                                [[maybe_unused]] std::size_t behind = 0) noexcept {
#if defined(__SSE2__)
  if (last + behind - first >= 16) {
    const __m128i octets = detail::load16(first);
    const __m128i letter = _mm_sub_epi8(_mm_or_si128(octets, _mm_set1_epi8(0x20)), _mm_set1_epi8('a'));
    const __m128i usual = _mm_or_si128(_mm_cmpeq_epi8(_mm_min_epu8(letter, _mm_set1_epi8('z' - 'a')), letter),
                                       _mm_cmpeq_epi8(octets, _mm_set1_epi8('-')));
    first += detail::first_bit(~detail::bits(usual));
    if (first >= last) return last;
    if (*first == ':') return first;
  }
#endif
  return find_token_end_portable(first, last);
}

/// `scan_target_portable`, the same way.
[[nodiscard]] inline target_text scan_target(const char* first, const char* last,
                                             [[maybe_unused]] std::size_t behind = 0) noexcept {
#if defined(__SSE2__)
  const char* const end = last + behind;
  const char* question = nullptr;
  for (; end - first >= 16; first += 16) {
    const __m128i octets = detail::load16(first);
    const __m128i visible = _mm_cmpgt_epi8(octets, _mm_set1_epi8(0x20));  // signed: no obs-text
    const __m128i others = _mm_or_si128(_mm_cmpeq_epi8(octets, _mm_set1_epi8(0x7f)),
                                        _mm_cmpeq_epi8(octets, _mm_set1_epi8('#')));
    const unsigned stops = detail::bits(_mm_andnot_si128(others, visible)) ^ 0xffff;
    const unsigned questions = detail::bits(_mm_cmpeq_epi8(octets, _mm_set1_epi8('?')));
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
