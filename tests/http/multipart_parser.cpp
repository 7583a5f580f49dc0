// Forms with files, as browsers and curl send them: octets in, parts out.
#include <tinyhttp/http/multipart.hpp>
#include <tinyhttp/http/multipart_parser.hpp>

#include "catch.hpp"

#include <string>
#include <string_view>
#include <vector>

using namespace tinyhttp;
using namespace std::string_view_literals;

namespace {

constexpr std::string_view type = "multipart/form-data; boundary=x";

/// All parts, or why not; fed `every` octets at a time.
std::string read(std::string_view octets, std::size_t every, const multipart_limits& bounds = {}) {
  multipart_parser parser("x", bounds);
  std::string told;
  for (std::size_t fed = 0;;) switch (parser.next()) {
      case multipart_parser::event::need_more:
        if (fed == octets.size()) return told + "cut off";
        parser.feed(octets.substr(fed, every));
        fed += octets.substr(fed, every).size();
        break;
      case multipart_parser::event::part:
        told.append("[").append(parser.part().name).append("|");
        told.append(parser.part().file_name.value_or("-")).append("|").append(parser.part().media_type).append("|");
        break;
      case multipart_parser::event::content:
        REQUIRE_FALSE(parser.content().empty());
        told.append(parser.content());
        break;
      case multipart_parser::event::end_of_part: told.append("]"); break;
      case multipart_parser::event::end:
        CHECK(parser.next() == multipart_parser::event::end);
        return told + "end";
      case multipart_parser::event::failed:
        CHECK(parser.next() == multipart_parser::event::failed);
        return told + parser.failure().message() + " " + ascii::to_decimal(static_cast<unsigned>(parser.failure().status_hint()));
    }
}

std::string part(std::string_view disposition, std::string_view content = "1") {
  return std::string("--x\r\nContent-Disposition: ").append(disposition).append("\r\n\r\n").append(content).append("\r\n");
}

}  // namespace

TEST_CASE("a form is taken apart, however it is cut", "[http][multipart]") {
  struct row {
    std::string body;
    std::string told;
  };
  const std::string a = part("form-data; name=a");
  const row rows[] = {
      {"--x--", "end"},
      {"--x--\r\n", "end"},
      {"--x--anything", "end"},
      {a + "--x--\r\n", "[a|-||1]end"},
      {a + a + "--x--", "[a|-||1][a|-||1]end"},
      {"nobody's\r\n" + a + "--x--", "[a|-||1]end"},
      {"--y\r\n--x \t\r\nContent-Disposition: form-data; name=a\r\n\r\n\r\n--x--", "[a|-||]end"},
      {part("form-data; name=\"a\"; filename=\"b.txt\"", "two\r\nlines\r\n") + "--x--", "[a|b.txt||two\r\nlines\r\n]end"},
      {"--x\r\ncontent-type: text/html\r\nX-Other: 1\r\nCONTENT-DISPOSITION:form-data;name=a\r\n\r\n1\r\n--x--", "[a|-|text/html|1]end"},
      {part("form-data; name=a", "\r\n--\r\n-x\r\r\n\n--") + "--x--", "[a|-||\r\n--\r\n-x\r\r\n\n--]end"},
      {part("form-data; name=\"\"; filename=\"\"", "") + "--x--", "[|||]end"},
      {part("form-data; name=a; filename*=UTF-8''b") + "--x--", "[a|-||1]end"},  // RFC 7578 4.2: not used
      // What is between quotes.
      {part("form-data; name=\"a\\\"b\\\\c\\d%22%0D%0A%41\"") + "--x--", "[a\"b\\c\\d\"\r\n%41|-||1]end"},
      {part("form-data; name=\"\xc3\xa9;\"; filename=\"C:\\new\\t\"") + "--x--", "[\xc3\xa9;|C:\\new\\t||1]end"},
      // Cut off.
      {"", "cut off"},
      {"--x", "cut off"},
      {"--x-", "cut off"},
      {"--x\r", "cut off"},
      {a, "[a|-||cut off"},  // what may be a boundary is kept back
      {a + "--x", "[a|-||1]cut off"},
      {a.substr(0, a.size() - 1), "[a|-||cut off"},
      // Refused.
      {"--xy\r\n", "multipart: a boundary's line goes on 400"},
      {"--x\n\r\n", "multipart: a boundary's line goes on 400"},
      {"--x" + std::string(257, ' '), "multipart: too many blanks behind a boundary 400"},
      {"--x\r\n\r\n1\r\n--x--", "multipart: a part has no name 400"},
      {"--x\r\nContent-Type: a/b\r\n\r\n1\r\n--x--", "multipart: a part has no name 400"},
      {part("form-data") + "--x--", "multipart: a part has no name 400"},
      {part("attachment; name=a"), "multipart: a part's Content-Disposition is not one form-data 400"},
      {part("form-data; name=a\r\nContent-Disposition: form-data; name=b"), "multipart: a part's Content-Disposition is not one form-data 400"},
      {part("form-data; name=a; name=b"), "multipart: a part is named twice 400"},
      {part("form-data; name=a; filename=b; filename=c"), "multipart: a part is named twice 400"},
      {part("form-data; name=a\r\nContent-Type: a/b\r\ncontent-type: c/d"), "multipart: a part has two types 400"},
      {part("form-data; name=\"a"), "multipart: a part's Content-Disposition is malformed 400"},
      {part("form-data; filename=b; name=a") + "--x--", "[a|b||1]end"},
      {"--x" + std::string(256, ' ') + a.substr(3) + "--x--", "[a|-||1]end"},
      {part("form-data; name=a\r\nno-colon"), "multipart: a part has a malformed field line 400"},
      {part("form-data; name=a b"), "multipart: a part's Content-Disposition is malformed 400"},
      {part("form-data; name=a\r\n folded"), "multipart: a part has a malformed field line 400"},
      {part("form-data; name=a\r\nX : 1"), "multipart: a part has a malformed field line 400"},
      {part("form-data; name=a\nX: 1"), "multipart: a part has a malformed field line 400"},
      {part(std::string("form-data; name=\"a\0\"", 20)), "multipart: a part has a malformed field line 400"},
  };
  for (const row& each : rows) {
    CAPTURE(each.body);
    for (const std::size_t every : {each.body.size() + 1, std::size_t{1}, std::size_t{2}, std::size_t{3}, std::size_t{7}})
      CHECK(read(each.body, every) == each.told);
    for (std::size_t cut = 0; cut <= each.body.size(); ++cut)  // with octets behind it, which do not matter
      if (each.told.ends_with("end")) CHECK(read(each.body + each.body.substr(cut), each.body.size()) == each.told);
  }
}

TEST_CASE("a form has bounds", "[http][multipart][limit]") {
  const std::string a = part("form-data; name=a");
  const std::size_t head = a.find("\r\n\r\n") - 5;
  for (const std::size_t every : {std::size_t{1}, std::size_t{1000}}) {
    CHECK(read(a + a + "--x--", every, {.parts = 2}) == "[a|-||1][a|-||1]end");
    CHECK(read(a + a + "--x--", every, {.parts = 1}) == "[a|-||1]multipart: too many parts 413");
    CHECK(read(a + "--x--", every, {.head = head}) == "[a|-||1]end");
    CHECK(read(a + "--x--", every, {.head = head - 1}) == "multipart: the head of a part is too large 413");
    CHECK(read("--x\r\n" + std::string(100, 'a'), every, {.head = 96}) == "multipart: the head of a part is too large 413");
  }
}

TEST_CASE("the boundary is told by Content-Type", "[http][multipart]") {
  CHECK(boundary_of(type).value() == "x");
  CHECK(boundary_of("Multipart/Form-Data; charset=utf-8; Boundary=\"a b\"").value() == "a b");
  CHECK(boundary_of("multipart/form-data; boundary=" + std::string(70, 'b')).value() == std::string(70, 'b'));
  for (const auto other : {""sv, "text/plain"sv, "multipart/mixed; boundary=x"sv, "application/x-www-form-urlencoded"sv})
    CHECK(boundary_of(other).error().status_hint() == 415);
  for (const auto bad : {"multipart/form-data"sv, "multipart/form-data; boundary=\"\""sv, "multipart/form-data; boundary=\"a \""sv, "multipart/form-data; boundary=\" a\""sv})
    CHECK(boundary_of(bad).error().status_hint() == 400);
  CHECK(boundary_of("multipart/form-data; boundary=" + std::string(71, 'b')).error().status_hint() == 400);
}

TEST_CASE("what our form writes is read back", "[http][multipart]") {
  const std::vector<form_part> parts = {
      {"plain", std::nullopt, "", "value"},
      {"quo\"te\r\n\xc3\xa9", std::nullopt, "", ""},
      {"file", "a\"b.txt", "text/plain", "\r\n--boundar\r\n"},
      {"", "", "application/octet-stream", std::string("\0\xff", 2)},
  };
  multipart_form form("boundary");
  for (const form_part& each : parts) {
    if (each.file_name) form.add_file(each.name, *each.file_name, body(each.content), each.media_type);
    else form.add(each.name, each.content);
  }
  auto sent = std::move(form).finish();
  auto reading = sent.body.read_all(4096);
  REQUIRE(reading.try_start());
  const std::string octets(reading.take().value());
  CHECK(parse_multipart(octets, sent.media_type).value() == parts);
  CHECK(parse_multipart(octets.substr(0, octets.size() - 5), sent.media_type).error().message() ==
        "multipart: the body ends before its last boundary");
  CHECK(parse_multipart(octets.substr(0, octets.size() - 5), sent.media_type).error().status_hint() == 400);
  CHECK(parse_multipart(octets, "text/plain").error().status_hint() == 415);
}
