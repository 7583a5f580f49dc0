// tinyhttp/h1/scan.hpp -- finding line ends and octets that no head may hold, many at a time.
//
// Two questions: where is the next control octet (CR and LF are among the answers), and where does a
// name end? SSE2 where the compiler says that the machine has it, and a portable twin of each that a
// test holds equal to it.
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

/// The same, sixteen octets at a time where that can be had. `in_front`: so many octets before
/// `first` may be read, too, though they do not matter.
[[nodiscard]] inline const char* find_control(const char* first, const char* last,
                                              std::size_t in_front = 0) noexcept {
#if defined(__SSE2__)
  const __m128i highest_control = _mm_set1_epi8(0x1f);
  const __m128i tab = _mm_set1_epi8('\t');
  const __m128i del = _mm_set1_epi8(0x7f);
  const auto controls_at = [&](const char* place) noexcept {  // a bit for each octet
    const __m128i octets = _mm_loadu_si128(reinterpret_cast<const __m128i*>(place));
    const __m128i low = _mm_cmpeq_epi8(_mm_min_epu8(octets, highest_control), octets);
    const __m128i control = _mm_or_si128(_mm_andnot_si128(_mm_cmpeq_epi8(octets, tab), low),
                                         _mm_cmpeq_epi8(octets, del));
    return static_cast<unsigned>(_mm_movemask_epi8(control));
  };
  const char* const begin = first - in_front;
  for (; last - first >= 16; first += 16)
    if (const unsigned mask = controls_at(first); mask != 0) return first + __builtin_ctz(mask);
  if (first != last && last - begin >= 16) {  // the rest, together with octets that are done
    const auto done = 16 - (last - first);
    const unsigned mask = controls_at(last - 16) >> done;
    return mask != 0 ? first + __builtin_ctz(mask) : last;
  }
#endif
  return find_control_portable(first, last);
}

/// Where the token ends that [first, last) begins with: `first` when there is none.
[[nodiscard]] constexpr const char* find_token_end_portable(const char* first, const char* last) noexcept {
  while (first != last && ascii::is_token_char(*first)) ++first;
  return first;
}

/// The same, sixteen octets at a time as long as they are letters and hyphens. `behind`: so many
/// octets from `last` on may be read, too, though they do not matter.
[[nodiscard]] inline const char* find_token_end(const char* first, const char* last,
                                                std::size_t behind = 0) noexcept {
#if defined(__SSE2__)
  const char* const end = last + behind;
  while (end - first >= 16) {
    const __m128i octets = _mm_loadu_si128(reinterpret_cast<const __m128i*>(first));
    const __m128i letter = _mm_sub_epi8(_mm_or_si128(octets, _mm_set1_epi8(0x20)), _mm_set1_epi8('a'));
    const __m128i usual = _mm_or_si128(_mm_cmpeq_epi8(_mm_min_epu8(letter, _mm_set1_epi8('z' - 'a')), letter),
                                       _mm_cmpeq_epi8(octets, _mm_set1_epi8('-')));
    const unsigned others = static_cast<unsigned>(_mm_movemask_epi8(usual)) ^ 0xffff;
    first += others != 0 ? __builtin_ctz(others) : 16;
    if (first >= last) return last;
    if (others != 0) break;
  }
#endif
  return find_token_end_portable(first, last);
}

}  // namespace tinyhttp::h1
