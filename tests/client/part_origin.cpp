// tests/client/part_origin.cpp -- tests client/part_origin.hpp
#include "catch.hpp"

#include <tinyhttp/client/download_pieces.hpp>
#include <tinyhttp/client/part_origin.hpp>

#include <string>
#include <vector>

using namespace tinyhttp;
using ranges = std::vector<byte_range>;

TEST_CASE("the pieces of a file that are here leave gaps", "[client][download]") {
  held_ranges held;
  CHECK(held.missing(10) == ranges{{0, 10}});
  CHECK(held.missing(0).empty());
  held.add({4, 2});
  held.add({8, 1});
  CHECK(held.missing(10) == ranges{{0, 4}, {6, 2}, {9, 1}});
  CHECK(held.octets() == 3);
  CHECK(held.end() == 9);
  CHECK(held.prefix() == 0);
  held.add({6, 2});
  held.add({0, 0});
  REQUIRE(held.ranges().size() == 1);
  CHECK(held.ranges()[0] == byte_range{4, 5});
  held.add({0, 4});
  CHECK(held.prefix() == 9);
  CHECK(held.missing(10) == ranges{{9, 1}});
  held.add({9, 1});
  CHECK(held.missing(10).empty());
}

TEST_CASE("a note beside a part says what it is a part of", "[client][download]") {
  part_origin origin{"http://h/f", "\"v1\"", 1000, {}};
  const auto same = [](const part_origin& a) {
    const auto b = part_origin::parse(a.to_text());
    REQUIRE(b);
    CHECK(b->to_text() == a.to_text());
    CHECK(b->pieces.has_value() == a.pieces.has_value());
    return *b;
  };
  CHECK(same(origin).total == 1000u);
  origin.pieces.emplace();
  CHECK(same(origin).pieces->octets() == 0);
  origin.pieces->add({500, 100});
  origin.pieces->add({0, 1});
  CHECK(origin.to_text() == "http://h/f\n\"v1\"\n1000 pieces 500-599,0-0,\n");
  CHECK(same(origin).pieces->missing(1000) == ranges{{1, 499}, {600, 400}});
  origin.total.reset();
  origin.pieces.reset();
  CHECK(!same(origin).total);
}

TEST_CASE("a note that was cut off or is about nothing is none", "[client][download]") {
  const std::string good = "http://h/f\n\"v1\"\n1000 pieces 0-9,\n";
  for (std::size_t i = 0; i < good.size(); ++i) {
    CHECK(!part_origin::parse(good.substr(0, i)));
  }
  CHECK(part_origin::parse("u\nSun, 06 Nov 1994 08:49:37 GMT\n1\n"));
  for (const auto* bad : {"\n\"v\"\n1\n", "u\n\n1\n", "u\n\"v\"\n10 pieces 10-11,\n", "u\n\"v\"\n10 pieces 3-1,\n",
                          "u\n\"v\"\n10 pieces x,\n", "u\n\"v\"\n pieces 0-1,\n", "u\n\"v\"\n10 pieces 0-1,\nmore\n",
                          "u\nv\n1\n", "u\nW/\"v\"\n1\n", "u\n\"v\x01\"\n1\n", "u\n\"v\"\r\nX: y\"\n1\n"})
    CHECK(!part_origin::parse(bad));
}

TEST_CASE("what is missing is cut into pieces of one size", "[client][download]") {
  using detail::cut_in_pieces;
  CHECK(cut_in_pieces({}, 4, 1).empty());
  CHECK(cut_in_pieces({{0, 10}}, 1, 1) == ranges{{0, 10}});
  CHECK(cut_in_pieces({{0, 10}}, 4, 1) == ranges{{0, 3}, {3, 3}, {6, 3}, {9, 1}});
  CHECK(cut_in_pieces({{0, 10}}, 4, 6) == ranges{{0, 10}});
  CHECK(cut_in_pieces({{0, 10}, {90, 10}}, 2, 1) == ranges{{0, 10}, {90, 10}});
  std::uint64_t at = 0;  // together they are all of it
  for (const auto& piece : cut_in_pieces({{0, 1'000'003}}, 7, 1000)) {
    CHECK(piece.offset == at);
    at += piece.length;
  }
  CHECK(at == 1'000'003);
}
