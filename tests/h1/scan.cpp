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
  for (std::size_t size = 0; size <= 50; ++size) {
    for (std::size_t at = 0; at < size; ++at) {
      for (int octet = 0; octet < 256; ++octet) {
        std::string text(size, 'a');
        text[at] = static_cast<char>(octet);
        const char* const end = text.data() + text.size();
        ++compared;
        if (find_control(text.data(), end) != find_control_portable(text.data(), end)) ++differences;
      }
    }
  }
  CHECK(compared == 50 * 51 / 2 * 256);
  CHECK(differences == 0);
}

TEST_CASE("the first of several control octets is found, from any start", "[h1][scan]") {
  std::string text(64, 'x');
  for (std::size_t first = 0; first < 48; ++first) {
    for (std::size_t second = first; second < 64; second += 3) {
      std::string marked = text;
      marked[second] = '\n';
      marked[first] = '\x7f';
      for (std::size_t from = 0; from <= first; ++from) {
        const char* const found = find_control(marked.data() + from, marked.data() + marked.size());
        REQUIRE(found == marked.data() + first);
        std::string after = marked;  // what stands in front does not matter
        for (std::size_t i = 0; i < from; ++i) after[i] = i % 2 == 0 ? '\r' : '\n';
        REQUIRE(find_control(after.data() + from, after.data() + after.size(), from) == after.data() + first);
      }
    }
  }
}

TEST_CASE("a control octet behind a long run is found, tabs in front of it or not", "[h1][scan]") {
  for (std::size_t size = 100; size < 420; ++size) {
    for (const std::size_t from_end : {1u, 2u, 17u, 65u}) {
      for (const char stop : {'\r', '\x7f', '\x1f'}) {
        std::string text(size, '~');
        text[size / 2] = '\t';
        text[size / 3] = '\xff';
        text[size - from_end] = stop;
        const char* const end = text.data() + text.size();
        REQUIRE(find_control(text.data(), end) == end - from_end);
        REQUIRE(find_control(text.data(), end - from_end) == end - from_end);
      }
    }
  }
}

TEST_CASE("a name and its line end where the plain search says, whatever stands in and behind them",
          "[h1][scan][rfc9110-5.6.2]") {
  std::size_t compared = 0, differences = 0;
  for (std::size_t at = 0; at < 40; ++at) {
    for (int octet = 0; octet < 256; ++octet) {
      for (const char behind : {'k', '7', '\n', '\t'}) {
        std::string text(at % 3 == 0 ? 40 : 19, at % 3 == 0 ? '-' : 'k');
        text.append(21, behind);
        text[at] = static_cast<char>(octet);
        const char* const begin = text.data();
        for (const std::size_t size : {at, at + 1, text.size()}) {
          for (const std::size_t first : {std::size_t{0}, at / 2}) {
            const auto expected = scan_token_line_portable(begin + first, begin + size);
            const auto found = scan_token_line(begin + first, begin + size, first);
            ++compared;
            if (found.control != expected.control || found.token_end != expected.token_end) ++differences;
          }
        }
      }
    }
  }
  CHECK(compared == 40 * 256 * 4 * 6);
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
          for (const std::size_t behind : {std::size_t{0}, text.size() - size}) {
            const auto found = scan_target(begin, begin + size, behind);
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
  CHECK(find_control(text.data(), text.data() + text.size()) == text.data() + text.size());
  CHECK(find_control(nullptr, nullptr) == nullptr);
  const std::string high("\x80\xff\xa0\xc3\x80\xff\xa0\xc3\x80\xff\xa0\xc3\x80\xff\xa0\xc3 \xfe");
  CHECK(find_control(high.data(), high.data() + high.size()) == high.data() + high.size());
}
