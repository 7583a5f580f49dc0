// tests/testing/content.cpp -- tests testing/content.hpp and testing/digest.hpp
#include "catch.hpp"

#include <tinyhttp/testing/content.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

using namespace tinyhttp::testing;

TEST_CASE("a pattern has the same octets at each place, however much is asked for at once", "[testing][content]") {
  const content all = pattern(1003, 7);
  std::string octets;
  for (std::uint64_t i = 0; i < 1003; ++i) octets += pattern_at(i, 7);
  CHECK(all.octets() == octets);
  for (const std::size_t at : {0u, 1u, 7u, 8u, 9u, 990u, 1000u, 1002u})
    for (const std::size_t length : {0u, 1u, 7u, 8u, 9u, 17u, 2000u}) {
      CAPTURE(at, length);
      CHECK(all.slice(at, length) == octets.substr(at, length));
    }
  CHECK(all.slice(1003, 1).empty());
  CHECK(all.slice(~std::uint64_t{0}, 1).empty());
  CHECK(octets.substr(0, 8) != octets.substr(8, 8));
  CHECK(pattern(8, 1).octets() != pattern(8, 2).octets());
}

TEST_CASE("contents are the same by what they are made of", "[testing][content]") {
  CHECK(pattern(8, 1).identity() == pattern(8, 1).identity());
  CHECK(pattern(8, 1).identity() != pattern(8, 2).identity());
  CHECK(pattern(8, 1).identity() != pattern(9, 1).identity());
  CHECK(text("ab").identity() == text("ab").identity());
  CHECK(text("ab").identity() != text("ba").identity());
  CHECK(text("ab").identity() != text("ac").identity());
}

TEST_CASE("the sum of a content is that of its octets, whatever their number", "[testing][content]") {
  CHECK(text("").sha256() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(text("abc").sha256() == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  for (const std::size_t size : {1u, 55u, 56u, 63u, 64u, 65u, 119u, 120u, 127u, 128u, 1000u, 65'536u, 65'537u, 200'000u}) {
    CAPTURE(size);
    const std::string octets = pattern(size, 3).octets();
    CHECK(pattern(size, 3).sha256() == sha256(octets));
    sha256_sum by_pieces;
    for (std::size_t at = 0; at < size; at += 37) by_pieces.add(std::string_view(octets).substr(at, 37));
    CHECK(by_pieces.hex() == sha256(octets));
  }
}

TEST_CASE("where octets begin to be others is told, with both", "[testing][content]") {
  const content wanted = text("hello");
  CHECK(wanted.matches("hello"));
  CHECK(wanted.matches("heLlo").text() == "5 octets of 5, of which the first 2 are right; then comes 0x4c in place of 0x6c");
  CHECK(wanted.matches("hell").text() == "4 octets of 5, all of them right");
  CHECK(wanted.matches("hello!").text() == "6 octets of 5, of which the first 5 are right; then comes 0x21 behind the end");
  CHECK(wanted.matches("").text() == "0 octets of 5");
}
