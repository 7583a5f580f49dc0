// Control octets, names and targets, found the fast way and the plain way.
#include <tinyhttp/h1/scan.hpp>

#include "catch.hpp"

#include <cstddef>
#include <string>

using namespace tinyhttp::h1;

namespace {

constexpr bool control_octets_are_those_of_rfc5234() {
  for (int octet = 0; octet < 256; ++octet) {
    const bool control = (octet <= 0x1f && octet != 0x09) || octet == 0x7f;
    if (is_control(static_cast<char>(octet)) != control) return false;
  }
  return true;
}
static_assert(control_octets_are_those_of_rfc5234());

}  // namespace

TEST_CASE("the fast scan finds what the plain one finds, whatever octet stands where",
          "[h1][scan][rfc9110-5.5]") {
  std::size_t compared = 0, differences = 0;
  for (std::size_t size = 0; size <= 150; size += size < 40 ? 1 : 11) {
    for (std::size_t at = 0; at < size; ++at) {
      for (int octet = 0; octet < 256; ++octet) {
        std::string text(size, 'a');
        text[at] = static_cast<char>(octet);
        const char* const end = text.data() + text.size();
        ++compared;
        control_octets controls(text.data(), end);
        if (controls.next(text.data()) != find_control_portable(text.data(), end)) ++differences;
      }
    }
  }
  CHECK(compared == (40 * 41 / 2 + 51 + 62 + 73 + 84 + 95 + 106 + 117 + 128 + 139 + 150) * 256);
  CHECK(differences == 0);
}

TEST_CASE("control octets come one after the other, from any start, and tabs and obs-text are none",
          "[h1][scan]") {
  for (std::size_t size = 1; size < 420; size += 7) {
    for (std::size_t step = 1; step < 90; step += size < 100 ? 1 : 13) {
      std::string text(size, 'x');
      for (std::size_t i = 0; i < size; i += step) text[size - 1 - i] = "\r\t\n\xff\x7f~\x80\x1f"[i / step % 8];
      const char* const end = text.data() + text.size();
      for (std::size_t first = 0; first <= size; first += 1 + first / 3) {
        control_octets controls(text.data() + first, end, first);
        std::size_t differences = 0;
        const char* from = text.data() + first;
        for (;;) {
          const char* const found = controls.next(from);
          if (found != find_control_portable(from, end)) ++differences;
          if (controls.next(found) != found) ++differences;  // it is still there
          if (found == end) break;
          from = found + (first % 2 == 0 || found + 1 == end ? 1 : 2);  // as one does behind CRLF
        }
        REQUIRE(differences == 0);
      }
    }
  }
}

TEST_CASE("a name ends where the plain search says, whatever stands behind it", "[h1][scan][rfc9110-5.6.2]") {
  std::size_t compared = 0, differences = 0;
  for (std::size_t at = 0; at < 40; ++at) {
    for (int octet = 0; octet < 256; ++octet) {
      std::string text(40, at % 3 == 0 ? '-' : 'k');
      text[at] = static_cast<char>(octet);
      const char* const begin = text.data();
      for (const std::size_t size : {at, at + 1, text.size()}) {
        const char* const end = begin + size;
        const char* const expected = find_token_end_portable(begin, end);
        compared += 2;
        if (find_token_end(begin, end, end) != expected) ++differences;
        if (find_token_end(begin, end, begin + text.size()) != expected) ++differences;
      }
    }
  }
  CHECK(compared == 40 * 256 * 6);
  CHECK(differences == 0);
}

TEST_CASE("a target and its query are where the plain search says, whatever stands behind", "[h1][scan][rfc9112-3.2]") {
  std::size_t compared = 0, differences = 0;
  for (std::size_t at = 0; at < 40; ++at) {
    for (int octet = 0; octet < 256; ++octet) {
      for (const std::size_t question : {std::size_t{3}, std::size_t{18}, std::size_t{39}, std::size_t{60}}) {
        std::string text(64, 'x');
        text[question] = '?';
        text[at] = static_cast<char>(octet);
        const char* const begin = text.data();
        for (const std::size_t size : {at, at + 1, std::size_t{48}, text.size()}) {
          const auto expected = scan_target_portable(begin, begin + size);
          for (const char* const readable : {begin + size, begin + text.size()}) {
            const auto found = scan_target(begin, begin + size, readable);
            ++compared;
            if (found.end != expected.end || found.question != expected.question) ++differences;
          }
        }
      }
    }
  }
  CHECK(compared == 40 * 256 * 4 * 8);
  CHECK(differences == 0);
}

TEST_CASE("nothing to be found is the end, of nothing too", "[h1][scan]") {
  const std::string text(100, '\t');
  const char* const end = text.data() + text.size();
  CHECK(control_octets(text.data(), end).next(text.data()) == end);
  CHECK(control_octets(nullptr, nullptr).next(nullptr) == nullptr);
}
