// Bodies out of octets: by length, chunked, until close; cut anywhere, bounded everywhere.
#include <tinyhttp/h1/body_reader.hpp>

#include "catch.hpp"

#include <cstddef>
#include <string>
#include <string_view>

using namespace tinyhttp;
using h1::body_reader;
using h1::framing;
using outcome = h1::body_reader::outcome;
using rule = h1::framing::rule;

namespace {

struct read_result {
  outcome state = outcome::need_more;
  std::string data;
  std::size_t consumed = 0;
  int status = 0;
  friend bool operator==(const read_result&, const read_result&) = default;
};

/// Reads `octets` in pieces of `every`.
read_result read_all(framing by, std::string_view octets, std::size_t every, const h1::limits& bounds = {}) {
  body_reader reader(by, bounds);
  read_result all;
  std::size_t given = 0;
  for (;;) {
    const auto step = reader.read(octets.substr(all.consumed, given - all.consumed));
    all.consumed += step.consumed;
    all.data += step.data;
    all.state = step.state;
    all.status = reader.failure().status;
    if (step.state == outcome::data) {
      CHECK_FALSE(step.data.empty());
      continue;
    }
    if (step.state != outcome::need_more) return all;
    CHECK(all.consumed == given);  // everything that was there has been taken
    if (given == octets.size()) return all;
    given = octets.size() - given < every ? octets.size() : given + every;
  }
}

/// The same however it is cut.
read_result read_all(framing by, std::string_view octets, const h1::limits& bounds = {}) {
  const auto whole = read_all(by, octets, octets.size() + 1, bounds);
  for (const std::size_t every : {1U, 2U, 3U, 5U}) CHECK(read_all(by, octets, every, bounds) == whole);
  return whole;
}

constexpr framing chunked{rule::chunked, 0};

int chunked_status(const std::string& octets, const h1::limits& bounds) {
  const auto all = read_all(chunked, octets, bounds);
  CHECK(all.state != outcome::need_more);
  return all.status;
}

}  // namespace

TEST_CASE("a body takes its own octets and no others", "[h1][body_reader][rfc9112-6.3]") {
  CHECK(read_all({rule::none, 0}, "next") == read_result{outcome::end, "", 0, 0});
  CHECK(read_all({rule::length, 0}, "next") == read_result{outcome::end, "", 0, 0});
  CHECK(read_all({rule::length, 3}, "abcnext") == read_result{outcome::end, "abc", 3, 0});
  CHECK(read_all({rule::length, 3}, "ab") == read_result{outcome::need_more, "ab", 2, 0});
  CHECK(read_all({rule::until_close, 0}, "abc") == read_result{outcome::need_more, "abc", 3, 0});
  CHECK(read_all(chunked, "3\r\nabc\r\n0\r\n\r\nnext") == read_result{outcome::end, "abc", 13, 0});
}

TEST_CASE("the close completes only a body that waits for it", "[h1][body_reader][rfc9112-8]") {
  const h1::limits bounds;
  const auto complete = [&](framing by, std::string_view octets) {
    body_reader reader(by, bounds);
    while (!octets.empty()) {
      const auto step = reader.read(octets);
      if (step.state == outcome::end) break;
      octets.remove_prefix(step.consumed);
    }
    return reader.complete_at_close();
  };
  CHECK(complete({rule::until_close, 0}, ""));
  CHECK(complete({rule::until_close, 0}, "a"));
  CHECK(complete({rule::none, 0}, ""));
  CHECK(complete({rule::length, 2}, "ab"));
  CHECK_FALSE(complete({rule::length, 2}, "a"));
  const std::string whole = "1;x=y\r\na\r\n0\r\nX: y\r\n\r\n";
  for (std::size_t cut = 0; cut < whole.size(); ++cut) CHECK_FALSE(complete(chunked, whole.substr(0, cut)));
  CHECK(complete(chunked, whole));
}

TEST_CASE("what remains of a known length is known", "[h1][body_reader]") {
  const h1::limits bounds;
  body_reader reader({rule::length, 5}, bounds);
  CHECK(reader.remaining() == 5);
  CHECK(reader.read("abc").data == "abc");
  CHECK(reader.remaining() == 2);
  CHECK(reader.read("de").data == "de");
  CHECK(reader.done());
  CHECK(reader.remaining() == 0);
}

TEST_CASE("an octet of each value: where a chunk may hold it", "[h1][body_reader][rfc9112-7.1]") {
  for (int value = 0; value < 256; ++value) {
    const char octet = static_cast<char>(value);
    const std::string one(1, octet);
    CAPTURE(value);
    const auto first = read_all(chunked, one + "\r\n");
    CHECK((first.state == outcome::failed) == (ascii::hex_value(octet) < 0));
    const auto behind_size = read_all(chunked, "1" + one + "\r\n");
    const bool may_follow = ascii::hex_value(octet) >= 0 || octet == ';';
    CHECK((behind_size.state == outcome::failed) == !may_follow);
    const auto in_extension = read_all(chunked, "1;" + one + "\r\na\r\n0\r\n\r\n");
    CHECK((in_extension.state == outcome::end) == ascii::is_field_octet(octet));
    const auto as_data = read_all(chunked, "1\r\n" + one + "\r\n0\r\n\r\n");
    CHECK(as_data == read_result{outcome::end, one, 11, 0});
    const auto behind_data = read_all(chunked, "1\r\na" + one + "\n0\r\n\r\n");
    CHECK((behind_data.state == outcome::end) == (octet == '\r'));
    const auto line_end = read_all(chunked, "1\r" + one + "a\r\n0\r\n\r\n");
    CHECK((line_end.state == outcome::end) == (octet == '\n'));
    const auto last = read_all(chunked, "0\r\n\r" + one);
    CHECK((last.state == outcome::end) == (octet == '\n'));
    const auto in_trailer = read_all(chunked, "0\r\nX: y" + one + "z\r\n\r\n");
    CHECK((in_trailer.state == outcome::end) == ascii::is_field_octet(octet));
  }
}

TEST_CASE("the bounds of a chunked body hold to the octet", "[h1][body_reader][security]") {
  h1::limits bounds;
  SECTION("extensions of one chunk") {
    bounds.chunk_extensions = 10;
    const auto with = [](std::size_t octets) { return "1;" + std::string(octets - 1, 'a') + "\r\nx\r\n0\r\n\r\n"; };
    CHECK(chunked_status(with(9), bounds) == 0);
    CHECK(chunked_status(with(10), bounds) == 0);
    CHECK(chunked_status(with(11), bounds) == 400);
  }
  SECTION("extensions of many chunks, taken together") {
    bounds.chunk_extensions = 10;
    std::string octets;
    for (int chunk = 0; chunk < 5; ++chunk) octets += "1;a\r\nx\r\n";
    CHECK(chunked_status(octets + "0\r\n\r\n", bounds) == 0);
    CHECK(chunked_status(octets + "0;\r\n\r\n", bounds) == 400);
  }
  SECTION("zeros in front of a size") {
    bounds.chunk_extensions = 10;
    CHECK(chunked_status("00000000000\r\n\r\n", bounds) == 0);  // 1 digit, 10 zeros
    CHECK(chunked_status("000000000000\r\n\r\n", bounds) == 400);
    CHECK(read_all(chunked, std::string(100'000, '0')).status == 400);
  }
  SECTION("octets of a trailer section") {
    bounds.trailer = 10;
    const auto with = [](std::size_t octets) { return "0\r\nX:" + std::string(octets - 2, 'y') + "\r\n\r\n"; };
    CHECK(chunked_status(with(9), bounds) == 0);
    CHECK(chunked_status(with(10), bounds) == 0);
    CHECK(chunked_status(with(11), bounds) == 431);
  }
  SECTION("lines of a trailer section") {
    bounds.fields = 3;
    CHECK(chunked_status("0\r\na:1\r\nb:2\r\nc:3\r\n\r\n", bounds) == 0);
    CHECK(chunked_status("0\r\na:1\r\nb:2\r\nc:3\r\nd:4\r\n\r\n", bounds) == 431);
  }
  SECTION("a size") {
    CHECK(read_all(chunked, "3fffffffffffffff\r\n", bounds).state == outcome::need_more);
    CHECK(chunked_status("4000000000000000\r\n", bounds) == 400);
  }
}

TEST_CASE("a reader that begins another body knows nothing of the one before", "[h1][body_reader][security]") {
  h1::limits bounds;
  bounds.trailer = bounds.chunk_extensions = 4;
  body_reader reader(chunked, bounds);
  const auto read = [&reader](std::string_view octets) {
    for (;;) {
      const auto step = reader.read(octets);
      octets.remove_prefix(step.consumed);
      if (step.state != outcome::data) return step.state;
    }
  };
  const std::string_view whole = "1;abc\r\nx\r\n0\r\nA: 1\r\n\r\n";
  for (int times = 0; times < 2; ++times) {  // the bounds are those of one body
    CHECK(read(whole) == outcome::end);
    CHECK(reader.trailers() != nullptr);
    reader.restart(chunked);
    CHECK(reader.trailers() == nullptr);
  }
  CHECK(read("0\r\n\r\n") == outcome::end);
  CHECK(reader.trailers() == nullptr);
  reader.restart({rule::length, 9});
  CHECK(read("unread") == outcome::need_more);
  reader.restart(chunked);
  CHECK(read("0\r\n\r\n") == outcome::end);
}

TEST_CASE("only zeros in front of a size are counted", "[h1][body_reader]") {
  h1::limits bounds;
  bounds.chunk_extensions = 0;
  CHECK(chunked_status("10\r\n" + std::string(16, 'x') + "\r\n0\r\n\r\n", bounds) == 0);
}

TEST_CASE("no field that decides something may be a trailer", "[h1][body_reader][rfc9110-6.5.1][security]") {
  for (const std::string_view name : {"content-length", "TRANSFER-ENCODING", "Host", "Connection", "Trailer",
                                      "TE", "Authorization", "Set-Cookie", "Content-Type", "Content-Range",
                                      "Range", "If-None-Match", "Expect", "Max-Forwards"}) {
    CAPTURE(name);
    CHECK(h1::is_forbidden_in_trailer(name));
    CHECK(read_all(chunked, "0\r\n" + std::string(name) + ": 1\r\n\r\n").status == 400);
  }
  for (const std::string_view name : {"ETag", "Server-Timing", "X", "Content-Digest", "Last-Modified"})
    CHECK_FALSE(h1::is_forbidden_in_trailer(name));
}
