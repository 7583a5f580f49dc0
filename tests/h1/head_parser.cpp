// Heads: which octets may stand where, what is bounded, and that cutting changes nothing.
#include <tinyhttp/h1/head_parser.hpp>

#include "catch.hpp"

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

using namespace tinyhttp;
using h1::head_parser;
using outcome = head_parser::outcome;

namespace {

/// The status of the refusal of a request head; 0: accepted; -1: incomplete. Read whole and octet by
/// octet, which must come to the same.
int verdict(std::string_view octets, const h1::limits& bounds = {}) {
  request whole_into, into;
  head_parser whole(bounds), slow(bounds);
  const auto at_once = whole.parse(octets, whole_into);
  auto in_the_end = outcome::need_more;
  for (std::size_t size = 0; size <= octets.size() && in_the_end == outcome::need_more; ++size)
    in_the_end = slow.parse(octets.substr(0, size), into);
  CHECK(at_once == in_the_end);
  CHECK(whole.failure().status == slow.failure().status);
  if (at_once == outcome::done) {
    CHECK(whole.size() == slow.size());
    CHECK(whole_into.fields.size() == into.fields.size());
    CHECK(whole_into.method == into.method);
    CHECK(whole_into.target == into.target);
    CHECK(whole_into.query() == into.query());
    CHECK(whole_into.version == into.version);
  }
  if (at_once == outcome::failed) {
    CHECK(whole_into.fields.empty());
    CHECK(into.fields.empty());
    CHECK(whole.failure().status != 0);
    CHECK(std::string_view(whole.failure().why) == slow.failure().why);
    return whole.failure().status;
  }
  return at_once == outcome::done ? 0 : -1;
}

std::string head_with_target(std::size_t octets) {
  return "GET /" + std::string(octets - 1, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n";
}

std::string head_with_fields(std::size_t count) {
  std::string head = "GET / HTTP/1.1\r\n";
  for (std::size_t i = 0; i < count; ++i) head += "X: y\r\n";
  return head + "\r\n";
}

std::string head_of_size(std::size_t octets) {
  const std::string_view start = "GET / HTTP/1.1\r\nX: ", end = "\r\n\r\n";
  return std::string(start) + std::string(octets - start.size() - end.size(), 'y') + std::string(end);
}

}  // namespace

TEST_CASE("an octet of each value: where a head may hold it", "[h1][head_parser][rfc9112-3][rfc9112-5]") {
  for (int value = 0; value < 256; ++value) {
    const char octet = static_cast<char>(value);
    const std::string one(1, octet);
    CAPTURE(value);
    const bool crlf = octet == '\r' || octet == '\n';
    const int in_method = verdict("G" + one + "T / HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK(in_method == (ascii::is_token_char(octet) ? 0 : 400));
    const int in_target = verdict("GET /" + one + "b HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK(in_target == (value > 0x20 && value < 0x7f && octet != '#' ? 0 : 400));
    const int in_name = verdict("GET / HTTP/1.1\r\nX" + one + "Y: z\r\n\r\n");
    CHECK(in_name == (ascii::is_token_char(octet) || octet == ':' ? 0 : 400));
    const int in_value = verdict("GET / HTTP/1.1\r\nX: y" + one + "z\r\n\r\n");
    CHECK(in_value == (ascii::is_field_octet(octet) && !crlf ? 0 : 400));
    const int first_of_value = verdict("GET / HTTP/1.1\r\nX:" + one + "z\r\n\r\n");
    CHECK(first_of_value == in_value);
    const int in_major = verdict("GET / HTTP/" + one + ".1\r\nHost: a\r\n\r\n");
    CHECK(in_major == (octet == '1' ? 0 : ascii::is_digit(octet) ? 505 : 400));
    const int in_minor = verdict("GET / HTTP/1." + one + "\r\nHost: a\r\n\r\n");
    CHECK(in_minor == (ascii::is_digit(octet) ? 0 : 400));
    const int in_front = verdict(one + "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK(in_front == (ascii::is_token_char(octet) ? 0 : 400));
    const int for_first_space = verdict("GET" + one + "/ HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK(for_first_space == (octet == ' ' ? 0 : 400));
    const int behind_version = verdict("GET / HTTP/1.1" + one + "\r\nHost: a\r\n\r\n");
    CHECK(behind_version == 400);
    const int in_line_end = verdict("GET / HTTP/1.1\r" + one + "Host: a\r\n\r\n");
    CHECK(in_line_end == (octet == '\n' ? 0 : 400));
    const int for_last_line_end = verdict("GET / HTTP/1.1\r\nHost: a\r\n\r" + one);
    CHECK(for_last_line_end == (octet == '\n' ? 0 : 400));
  }
}

TEST_CASE("a target is not looked at behind the bound of a head, nor behind what has come", "[h1][head_parser][security]") {
  const std::string_view start = "GET /";
  for (std::size_t size = 500; size < 560; ++size) {
    std::vector<char> octets(size, '?');  // nothing behind them, so that a sanitizer sees who goes on
    std::copy(start.begin(), start.end(), octets.begin());
    for (const std::size_t target : {64U, 8192U}) {
      const h1::limits bounds{.target = target, .head = 512};
      request into;
      head_parser parser(bounds);
      const auto came_to = parser.parse({octets.data(), octets.size()}, into);
      if (came_to == outcome::failed) CHECK(parser.failure().status >= 414);
      CHECK((came_to == outcome::need_more) == (size < 512 && target > size));
    }
  }
}

TEST_CASE("the bounds of a head hold to the octet, however it is cut", "[h1][head_parser][security]") {
  h1::limits bounds;
  SECTION("target") {
    bounds.target = 20;
    CHECK(verdict(head_with_target(19), bounds) == 0);
    CHECK(verdict(head_with_target(20), bounds) == 0);
    CHECK(verdict(head_with_target(21), bounds) == 414);
    CHECK(verdict(head_with_target(500), bounds) == 414);
    CHECK(verdict("GET /" + std::string(10'000, 'a'), bounds) == 414);  // before its end is there
  }
  SECTION("head") {
    bounds.head = 100;
    CHECK(verdict(head_of_size(99), bounds) == 0);
    CHECK(verdict(head_of_size(100), bounds) == 0);
    CHECK(verdict(head_of_size(101), bounds) == 431);
    CHECK(verdict(head_of_size(5000), bounds) == 431);
    CHECK(verdict(head_of_size(101).substr(0, 99), bounds) == -1);
    CHECK(verdict(head_of_size(100) + std::string(1000, 'x'), bounds) == 0);  // what follows is free
    CHECK(verdict("GET / HTTP/1.1\r\n" + std::string(100, 'X'), bounds) == 431);
    CHECK(verdict("GET / HTTP/1.1\r\n" + std::string(83, 'X') + "\r", bounds) == -1);
    CHECK(verdict("GET / HTTP/1.1\r\n" + std::string(83, 'X') + "\r\n", bounds) == 431);
  }
  SECTION("fields") {
    bounds.fields = 5;
    CHECK(verdict(head_with_fields(4), bounds) == 0);
    CHECK(verdict(head_with_fields(5), bounds) == 0);
    CHECK(verdict(head_with_fields(6), bounds) == 431);
  }
  SECTION("no field at all may be the bound") {
    bounds.fields = 0;
    CHECK(verdict(head_with_fields(0), bounds) == 0);
    CHECK(verdict(head_with_fields(1), bounds) == 431);
  }
  SECTION("empty lines") {
    for (std::size_t allowed = 0; allowed < 4; ++allowed) {
      bounds.empty_lines = allowed;
      std::string front;
      for (std::size_t lines = 0; lines < 6; ++lines, front += "\r\n") {
        CAPTURE(allowed, lines);
        CHECK(verdict(front + head_with_fields(1), bounds) == (lines <= allowed ? 0 : 400));
      }
    }
  }
  SECTION("a bound on the head below the one on the target") {
    bounds.head = 50;
    CHECK(verdict(head_with_target(100), bounds) == 431);
  }
}

TEST_CASE("the defaults take what they say and no more", "[h1][head_parser][security]") {
  const h1::limits bounds;
  request into;
  const auto whole = [&](const std::string& octets) {
    head_parser parser(bounds);
    return parser.parse(octets, into) == outcome::done ? 0 : parser.failure().status;
  };
  CHECK(whole(head_with_target(8 * 1024)) == 0);
  CHECK(whole(head_with_target(8 * 1024 + 1)) == 414);
  CHECK(whole(head_of_size(32 * 1024)) == 0);
  CHECK(whole(head_of_size(32 * 1024 + 1)) == 431);
  CHECK(whole(head_with_fields(100)) == 0);
  CHECK(whole(head_with_fields(101)) == 431);
}

TEST_CASE("a parser can be used again, and what it filled in stays", "[h1][head_parser]") {
  const h1::limits bounds;
  head_parser parser(bounds);
  request first, second;
  const std::string octets = "\r\nGET /a HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\nPOST /b HTTP/1.0\r\nZ: 1\r\n\r\n";
  CHECK_FALSE(parser.begun());
  CHECK(parser.parse(octets.substr(0, 2), first) == outcome::need_more);
  CHECK_FALSE(parser.begun());  // an empty line begins no message
  CHECK(parser.parse(octets.substr(0, 3), first) == outcome::need_more);
  CHECK(parser.begun());
  REQUIRE(parser.parse(octets, first) == outcome::done);
  const auto rest = std::string_view(octets).substr(parser.size());
  parser.reset();
  CHECK_FALSE(parser.begun());
  REQUIRE(parser.parse(rest, second) == outcome::done);
  CHECK(parser.size() == rest.size());
  CHECK(first.target.text() == "/a");
  CHECK(first.fields["x"] == "y");
  CHECK(first.fields.size() == 2);
  CHECK(second.method == method::post);
  CHECK(second.version == http_version::http_1_0);
  CHECK(second.fields.size() == 1);
  CHECK(second.fields["Z"] == "1");
}

TEST_CASE("fields that were parsed can be changed as those that were built", "[h1][head_parser]") {
  const h1::limits bounds;
  head_parser parser(bounds);
  request r;
  REQUIRE(parser.parse("GET / HTTP/1.1\r\nHost: a\r\nX:1\r\nx:  2 \r\n\r\n", r) == outcome::done);
  r.fields.add("Y", "3");
  CHECK(r.fields.remove("X") == 2);
  r.fields.set("Host", "b");
  std::string out;
  r.fields.append_to(out);
  CHECK(out == "Y: 3\r\nHost: b\r\n");
}

TEST_CASE("a refused head leaves no field behind, at whatever octet it fails", "[h1][head_parser][security]") {
  const h1::limits bounds;
  const std::string good = "GET / HTTP/1.1\r\nHost: a\r\nX: yyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n\r\n";
  for (std::size_t at = 0; at < good.size(); ++at) {
    std::string bad = good;
    bad[at] = '\0';
    for (std::size_t cut = 0; cut <= bad.size(); ++cut) {
      head_parser parser(bounds);
      request into;
      if (parser.parse(std::string_view(bad).substr(0, cut), into) == outcome::need_more)
        CHECK(parser.parse(bad, into) == outcome::failed);
      CHECK(into.fields.empty());
      CHECK_FALSE(into.fields.contains("Host"));
    }
  }
}

TEST_CASE("a start line that has come whole is judged like one that comes octet by octet",
          "[h1][head_parser][rfc9112-3]") {
  std::size_t taken = 0, refused = 0;
  for (const std::string_view method : {"", "GET", "get", "G", "POST", "OPTIONS", "CONNECT", "PROPPATCH-OR-SO", "a-method-of-17-ch", "G(T"})
    for (const std::string_view target : {"", "/", "/a?b?c", "/sixteen-octets!", "/a#b", "/\x80", "/\t", "*", "a:1", "http://a/b?c",
                                          "/a-path-of/more-than/sixteen-octets?and=a-query", "/two words"})
      for (const std::string_view version : {"HTTP/1.1", "HTTP/1.0", "HTTP/1.2", "HTTP/2.0", "HTTP/1.", "HTTP/1.11", "http/1.1", ""})
        for (const std::string_view end : {"\r\n", "\n", "\r\r\n"}) {
          const auto line = std::string(method).append(" ").append(target).append(" ").append(version).append(end);
          for (const std::size_t longest : {3u, 8192u})
            for (const std::size_t head : {line.size() - 1, line.size() + 2, std::size_t{4096}}) {
              INFO(line << " " << longest << " " << head);
              ++(verdict(line + "\r\n", {.target = longest, .head = head}) == 0 ? taken : refused);
            }
        }
  CHECK(taken > 250);
  CHECK(refused > 10'000);
}

TEST_CASE("a field line is split at its colon", "[h1][head_parser][rfc9112-5]") {
  h1::field_line split;
  const auto failure = [&split](std::string_view line) {
    return h1::split_field_line(line, split).status;
  };
  CHECK(failure("Name:\t a value \t") == 0);
  CHECK(split.name_size == 4);
  CHECK(split.value_at == 7);
  CHECK(split.value_size == 7);
  CHECK(failure("Name : a") == 400);
  CHECK(failure(" Name: a") == 400);
  CHECK(failure("Name") == 400);
  CHECK(failure(":") == 400);
}

TEST_CASE("a usual field line is split like any other, and none else is usual", "[h1][head_parser][rfc9112-5]") {
  std::size_t usual = 0, others = 0, differences = 0;
  for (const std::string_view name : {"", "A", "Cookie-Two", "X1", "fifteen-letters", "sixteen--letters",
                                      "If-Unmodified-Since", "neither-a-digit-nor-anything-else",
                                      "neither-a-digit-nor-anything-but-1"})
    for (const std::string_view between : {":", ": ", ":  ", ":\t", " : "})
      for (const std::string_view value : {"", "v", "v ", "v\t", "a value of more than sixteen octets", "\xff"})
        for (const std::size_t behind : {2u, 9u, 40u}) {
          std::string octets(name);
          octets.append(between).append(value);
          const std::size_t size = octets.size();
          octets.append("\r\n").append(behind - 2, 'x');
          const std::vector<char> all(octets.begin(), octets.end());  // no octet more, for sanitizers
          const char* const wide = h1::wide_end({all.data(), all.size()});
          const auto quick = h1::split_usual_line(all.data(), all.data() + size, wide);
          h1::field_line plain;
          const bool is_line = size != 0 && !h1::split_field_line({all.data(), size}, plain);
          const bool is_usual = !name.empty() && name.find('1') == name.npos && between == ": " && !value.empty() &&
                                value.back() != ' ' && value.back() != '\t';
          if (is_usual != (quick.name_size != 0)) ++differences;
          ++(is_usual ? usual : others);
          if (is_usual && (!is_line || quick.name_size != plain.name_size || quick.value_at != plain.value_at ||
                           quick.value_size != plain.value_size))
            ++differences;
        }
  CHECK(usual == 6 * 3 * 3);
  CHECK(others == (9 * 5 * 6 - 6 * 3) * 3);
  CHECK(differences == 0);
}
