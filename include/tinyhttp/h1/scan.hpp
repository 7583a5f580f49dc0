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
[[nodiscard]] constexpr const char* find_token_end(const char* first, const char* last) noexcept {
  while (first != last && ascii::is_token_char(*first)) ++first;
  return first;
}

/// A line that begins with a token.
struct token_line {
  const char* token_end = nullptr;  // behind the token
  const char* control = nullptr;    // the first control octet, or `last`
};

[[nodiscard]] constexpr token_line scan_token_line_portable(const char* first, const char* last) noexcept {
  const char* const control = find_control_portable(first, last);
  return {find_token_end(first, control), control};
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

#if defined(__SSE2__)
namespace detail {

[[nodiscard]] inline __m128i load16(const char* place) noexcept {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(place));
}
/// A bit for each of sixteen octets that are marked.
[[nodiscard]] inline unsigned bits(__m128i marks) noexcept {
  return static_cast<unsigned>(_mm_movemask_epi8(marks));
}

/// A bit for each control octet.
[[nodiscard]] inline unsigned control_bits(__m128i octets) noexcept {
  const __m128i low = _mm_cmpeq_epi8(_mm_min_epu8(octets, _mm_set1_epi8(0x1f)), octets);
  const __m128i value = _mm_andnot_si128(_mm_cmpeq_epi8(octets, _mm_set1_epi8('\t')), low);
  return bits(_mm_or_si128(value, _mm_cmpeq_epi8(octets, _mm_set1_epi8(0x7f))));
}

/// A bit for each octet that is neither letter nor hyphen, which most names are made of.
[[nodiscard]] inline unsigned unusual_name_bits(__m128i octets) noexcept {
  const __m128i letter = _mm_sub_epi8(_mm_or_si128(octets, _mm_set1_epi8(0x20)), _mm_set1_epi8('a'));
  const __m128i usual = _mm_or_si128(_mm_cmpeq_epi8(_mm_min_epu8(letter, _mm_set1_epi8('z' - 'a')), letter),
                                     _mm_cmpeq_epi8(octets, _mm_set1_epi8('-')));
  return bits(usual) ^ 0xffff;
}

/// False: no control octet is among the 64 at `place`, nor a tab. Cheaper than telling which.
[[nodiscard]] inline bool may_hold_control(const char* place) noexcept {
  const __m128i a = load16(place), b = load16(place + 16), c = load16(place + 32), d = load16(place + 48);
  const __m128i del = _mm_set1_epi8(0x7f);
  const __m128i least = _mm_min_epu8(_mm_min_epu8(a, b), _mm_min_epu8(c, d));
  const __m128i low = _mm_cmpeq_epi8(_mm_min_epu8(least, _mm_set1_epi8(0x1f)), least);
  const __m128i high = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(a, del), _mm_cmpeq_epi8(b, del)),
                                    _mm_or_si128(_mm_cmpeq_epi8(c, del), _mm_cmpeq_epi8(d, del)));
  return bits(_mm_or_si128(low, high)) != 0;
}

}  // namespace detail
#endif

/// `find_control_portable`, sixteen octets at a time where that can be had, more in a long run without
/// any. `in_front`: so many octets before `first` may be read, too, though they do not matter.
[[nodiscard]] inline const char* find_control(const char* first, const char* last,
                                              std::size_t in_front = 0) noexcept {
#if defined(__SSE2__)
  const char* const begin = first - in_front;
  for (;;) {
    const char* const near = last - first > 128 ? first + 128 : last;  // few lines end later
    for (; near - first >= 16; first += 16)
      if (const unsigned mask = detail::control_bits(detail::load16(first)); mask != 0)
        return first + __builtin_ctz(mask);
    if (near == last) break;
    while (last - first >= 64 && !detail::may_hold_control(first)) first += 64;
  }
  if (first != last && last - begin >= 16) {  // the rest, together with octets that are done
    const auto done = 16 - (last - first);
    const unsigned mask = detail::control_bits(detail::load16(last - 16)) >> done;
    return mask != 0 ? first + __builtin_ctz(mask) : last;
  }
#endif
  return find_control_portable(first, last);
}

/// `scan_token_line_portable`, the same way: one look at the first sixteen octets is most of it.
[[nodiscard]] inline token_line scan_token_line(const char* first, const char* last,
                                                std::size_t in_front = 0) noexcept {
#if defined(__SSE2__)
  if (last - first >= 16) {
    const __m128i octets = detail::load16(first);
    const unsigned unusual = detail::unusual_name_bits(octets);
    const unsigned controls = detail::control_bits(octets);
    const char* const control =
        controls != 0 ? first + __builtin_ctz(controls) : find_control(first + 16, last, in_front + 16);
    const char* const name_end = first + (unusual != 0 ? __builtin_ctz(unusual) : 16);
    return {name_end != control && *name_end != ':' ? find_token_end(name_end, control) : name_end, control};
  }
#endif
  const char* const control = find_control(first, last, in_front);
  return {find_token_end(first, control), control};
}

/// `scan_target_portable`, the same way. `behind`: so many octets from `last` on may be read, too.
[[nodiscard]] inline target_text scan_target(const char* first, const char* last,
                                             std::size_t behind = 0) noexcept {
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
    if (questions != 0 && question == nullptr) question = first + __builtin_ctz(questions);
    if (stops == 0 && last - first >= 16) continue;
    const char* stop = stops != 0 ? first + __builtin_ctz(stops) : last;
    if (stop > last) stop = last;
    return {stop, question != nullptr && question < stop ? question : stop};
  }
  const auto rest = scan_target_portable(first, last);
  return {rest.end, question != nullptr ? question : rest.question};
#else
  (void)behind;
  return scan_target_portable(first, last);
#endif
}

}  // namespace tinyhttp::h1
