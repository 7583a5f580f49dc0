// The answer to a request for known content: the engine by itself, without a file.
#include <tinyhttp/files/plan.hpp>

#include "scratch.hpp"

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

using namespace tinyhttp;

namespace {

constexpr std::int64_t now = 1'767'225'600;       // Thu, 01 Jan 2026 00:00:00 GMT
constexpr std::int64_t modified = 1'704'067'200;  // Mon, 01 Jan 2024 00:00:00 GMT
constexpr const char* modified_date = "Mon, 01 Jan 2024 00:00:00 GMT";
constexpr const char* later_date = "Tue, 02 Jan 2024 00:00:00 GMT";
constexpr const char* earlier_date = "Sun, 31 Dec 2023 23:59:59 GMT";

files::facts ten_octets() {
  files::facts f;
  f.size = 10;
  f.modified = modified;
  f.etag = "\"v1\"";
  f.media_type = "text/plain; charset=utf-8";
  return f;
}

const auto digits = std::make_shared<const std::string>("0123456789");

response ask(const request& r, const files::facts& f = ten_octets()) {
  return files::answer(r, f, digits, now);
}

/// Content that is made up: the octet at `n` is the low octet of n / 3.
class pattern final : public content_source {
 public:
  [[nodiscard]] result<std::size_t> read_at(std::uint64_t offset,
                                            std::span<char> room) const override {
    for (char& c : room) c = static_cast<char>(offset++ / 3);
    return room.size();
  }
};

}  // namespace

TEST_CASE("a plain GET has the whole and the fields that describe it", "[files][plan]") {
  const auto r = ask(request::get("/"));
  CHECK(r.status == status::ok);
  CHECK(scratch::octets(r.body) == "0123456789");
  CHECK(r.fields["Content-Type"] == "text/plain; charset=utf-8");
  CHECK(r.fields["ETag"] == "\"v1\"");
  CHECK(r.fields["Last-Modified"] == modified_date);
  CHECK(r.fields["Cache-Control"] == "no-cache");
  CHECK(r.fields["Accept-Ranges"] == "bytes");
  CHECK(r.fields["X-Content-Type-Options"] == "nosniff");
  CHECK_FALSE(r.fields.contains("Content-Range"));
  CHECK_FALSE(r.fields.contains("Vary"));
}

TEST_CASE("Range selects from ten octets", "[files][plan][range][rfc9110-14]") {
  struct row {
    const char* range;
    int status;
    const char* content_range;
    const char* octets;
  };
  const row rows[] = {
      {"bytes=0-0", 206, "bytes 0-0/10", "0"},
      {"bytes=0-4", 206, "bytes 0-4/10", "01234"},
      {"bytes=4-6", 206, "bytes 4-6/10", "456"},
      {"bytes=9-", 206, "bytes 9-9/10", "9"},
      {"bytes=0-", 206, "bytes 0-9/10", "0123456789"},
      {"bytes=-1", 206, "bytes 9-9/10", "9"},
      {"bytes=-10", 206, "bytes 0-9/10", "0123456789"},
      {"bytes=-11", 206, "bytes 0-9/10", "0123456789"},
      {"bytes=-99999999999999999999", 206, "bytes 0-9/10", "0123456789"},
      {"bytes=8-99", 206, "bytes 8-9/10", "89"},
      {"bytes=8-99999999999999999999", 206, "bytes 8-9/10", "89"},
      {"BYTES=1-2", 206, "bytes 1-2/10", "12"},
      {"bytes=1-2, 3-4", 206, "bytes 1-4/10", "1234"},  // they touch
      {"bytes=3-4,0-3", 206, "bytes 0-4/10", "01234"},  // they overlap
      {"bytes=0-1,50-60", 206, "bytes 0-1/10", "01"},   // the other is nowhere
      {"bytes=10-", 416, "bytes */10", "416 Range Not Satisfiable\n"},
      {"bytes=10-20", 416, "bytes */10", "416 Range Not Satisfiable\n"},
      {"bytes=-0", 416, "bytes */10", "416 Range Not Satisfiable\n"},
      {"bytes=99999999999999999999-", 416, "bytes */10", "416 Range Not Satisfiable\n"},
      {"bytes=10-,11-", 416, "bytes */10", "416 Range Not Satisfiable\n"},
      // not usable, so ignored
      {"items=0-4", 200, "", "0123456789"},
      {"bytes", 200, "", "0123456789"},
      {"bytes=", 200, "", "0123456789"},
      {"bytes=a-b", 200, "", "0123456789"},
      {"bytes=4-3", 200, "", "0123456789"},
      {"bytes=1", 200, "", "0123456789"},
      {"bytes=-", 200, "", "0123456789"},
      {"bytes=--1", 200, "", "0123456789"},
      {"bytes=0-1;2-3", 200, "", "0123456789"},
      {"0-4", 200, "", "0123456789"},
  };
  for (const auto& [range, code, content_range, octets] : rows) {
    CAPTURE(range);
    const auto r = ask(request::get("/", {{"Range", range}}));
    CHECK(r.status == code);
    CHECK(r.fields["Content-Range"] == content_range);
    CHECK(scratch::octets(r.body) == octets);
  }
}

TEST_CASE("Range is for GET alone", "[files][plan][range][rfc9110-14.2]") {
  const auto r = ask(request::head("/", {{"Range", "bytes=0-4"}}));
  CHECK(r.status == status::ok);
  CHECK(r.body.length() == 10U);
  CHECK_FALSE(r.fields.contains("Content-Range"));
  CHECK(r.fields["Accept-Ranges"] == "bytes");
}

TEST_CASE("two Range fields are one that cannot be used", "[files][plan][range]") {
  const auto r = ask(request::get("/", {{"Range", "bytes=0-1"}, {"Range", "bytes=4-5"}}));
  CHECK(r.status == status::ok);
}

TEST_CASE("ranges apart from one another go out as a multipart", "[files][plan][rfc9110-14.6]") {
  const auto r = ask(request::get("/", {{"Range", "bytes=0-1, 4-4, -2"}}));
  CHECK(r.status == status::partial_content);
  CHECK_FALSE(r.fields.contains("Content-Range"));
  CHECK(r.fields.count("Content-Type") == 1);
  const std::string type(r.fields["Content-Type"]);
  const std::string lead = "multipart/byteranges; boundary=";
  REQUIRE(type.substr(0, lead.size()) == lead);
  const std::string boundary = type.substr(lead.size());
  const auto part = [&](const char* range, const char* octets) {
    return "\r\n--" + boundary + "\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Range: bytes " +
           range + "/10\r\n\r\n" + octets;
  };
  const std::string expected =
      part("0-1", "01") + part("4-4", "4") + part("8-9", "89") + "\r\n--" + boundary + "--\r\n";
  CHECK(scratch::octets(r.body) == expected);
  CHECK(r.body.length() == expected.size());
}

TEST_CASE("ranges from memory are one piece, those of a file send what is read from it as it is", "[files][plan]") {
  const request r = request::get("/", {{"Range", "bytes=0-1, 4-4, -2"}});
  const response from_memory = ask(r);
  CHECK(from_memory.body.is_octets());
  const std::shared_ptr<const content_source> source = std::make_shared<pattern>();
  const response from_source = files::answer(r, ten_octets(), source, now);
  REQUIRE(from_source.body.pieces() != nullptr);
  CHECK(from_source.body.pieces()->size() == 7);
  CHECK(from_source.body.length() == from_memory.body.length());
}

TEST_CASE("the boundary follows the seed and is one token of at most 70 octets", "[files][plan]") {
  const request r = request::get("/", {{"Range", "bytes=0-1, 4-4"}});
  const auto one = files::make_plan(r, ten_octets(), now, 1).fields;
  const auto two = files::make_plan(r, ten_octets(), now, 2).fields;
  CHECK(one["Content-Type"] != two["Content-Type"]);
  const auto boundary = one["Content-Type"].substr(31);
  CHECK(ascii::is_token(boundary));
  CHECK(boundary.size() <= 70);
}

TEST_CASE("many ranges do not multiply the content", "[files][plan][range]") {
  std::string many = "bytes=0-";
  for (int i = 0; i < 1000; ++i) many += ",0-";
  CHECK(ask(request::get("/", {{"Range", many}})).status == status::ok);
  std::string spread = "bytes=0-0";
  for (int i = 1; i < 17; ++i) spread += "," + std::to_string(2 * i) + "-" + std::to_string(2 * i);
  files::facts f = ten_octets();
  f.size = 1000;
  CHECK(files::make_plan(request::get("/", {{"Range", spread}}), f, now).status == status::ok);
}

TEST_CASE("conditions are judged in the order of 13.2.2", "[files][plan][rfc9110-13.2.2]") {
  struct row {
    const char* name;
    const char* value;
    int status;
  };
  const row rows[] = {
      {"If-None-Match", "\"v1\"", 304},
      {"If-None-Match", "W/\"v1\"", 304},
      {"If-None-Match", "\"a\", \"v1\"", 304},
      {"If-None-Match", "*", 304},
      {"If-None-Match", "\"v2\"", 200},
      {"If-None-Match", "v1", 200},
      {"If-None-Match", "\"V1\"", 200},
      {"If-None-Match", "", 200},
      {"If-Match", "\"v1\"", 200},
      {"If-Match", "\"a\",\"v1\"", 200},
      {"If-Match", "*", 200},
      {"If-Match", "W/\"v1\"", 412},
      {"If-Match", "\"v2\"", 412},
      {"If-Match", "", 412},
      {"If-Modified-Since", modified_date, 304},
      {"If-Modified-Since", later_date, 304},
      {"If-Modified-Since", earlier_date, 200},
      {"If-Modified-Since", "Monday, 01-Jan-24 00:00:00 GMT", 304},
      {"If-Modified-Since", "Mon Jan  1 00:00:00 2024", 304},
      {"If-Modified-Since", "yesterday", 200},
      {"If-Unmodified-Since", modified_date, 200},
      {"If-Unmodified-Since", earlier_date, 412},
      {"If-Unmodified-Since", "yesterday", 200},
  };
  for (const auto& [name, value, code] : rows) {
    CAPTURE(name, value);
    CHECK(ask(request::get("/", {{name, value}})).status == code);
    CHECK(ask(request::head("/", {{name, value}})).status == code);
  }
}

TEST_CASE("of two conditions, the entity tag counts", "[files][plan][rfc9110-13.2.2]") {
  struct row {
    fields given;
    int status;
  };
  const row rows[] = {
      {{{"If-None-Match", "\"v2\""}, {"If-Modified-Since", later_date}}, 200},
      {{{"If-None-Match", "\"v1\""}, {"If-Modified-Since", earlier_date}}, 304},
      {{{"If-Match", "\"v1\""}, {"If-Unmodified-Since", earlier_date}}, 200},
      {{{"If-Match", "\"v2\""}, {"If-None-Match", "\"v1\""}}, 412},
      {{{"If-Match", "\"v1\""}, {"If-None-Match", "\"v1\""}}, 304},
      {{{"If-None-Match", "\"a\""}, {"If-None-Match", "\"v1\""}}, 304},  // two lines, one list
      {{{"If-None-Match", "\"v1\""}, {"Range", "bytes=20-"}}, 304},      // before any Range
      {{{"If-Match", "\"v2\""}, {"Range", "bytes=0-1"}}, 412},
  };
  for (const auto& [given, code] : rows) {
    CAPTURE(given["If-Match"], given["If-None-Match"]);
    CHECK(ask(request::get("/", given)).status == code);
  }
}

TEST_CASE("If-Range guards a Range by a strong validator", "[files][plan][rfc9110-13.1.5]") {
  struct row {
    const char* if_range;
    int status;
  };
  const row rows[] = {
      {"\"v1\"", 206},     {"W/\"v1\"", 200},  {"\"v2\"", 200}, {modified_date, 206},
      {earlier_date, 200}, {later_date, 200},  {"*", 200},      {"nonsense", 200},
      {"", 200},           {"\"v1\", \"v2\"", 200},
  };
  for (const auto& [if_range, code] : rows) {
    CAPTURE(if_range);
    CHECK(ask(request::get("/", {{"Range", "bytes=0-4"}, {"If-Range", if_range}})).status == code);
  }
  CHECK(ask(request::get("/", {{"If-Range", "\"v1\""}})).status == 200);
  CHECK(ask(request::get("/", {{"Range", "bytes=10-"}, {"If-Range", "\"v2\""}})).status == 200);

  files::facts weak = ten_octets();
  weak.etag = "W/\"v1\"";
  CHECK(ask(request::get("/", {{"Range", "bytes=0-4"}, {"If-Range", "W/\"v1\""}}), weak).status == 200);
  files::facts fresh = ten_octets();
  fresh.modified = now;  // may change again in this very second
  CHECK(ask(request::get("/", {{"Range", "bytes=0-4"},
                               {"If-Range", format_date(now)}}), fresh).status == 200);
}

TEST_CASE("a 304 has what a cache needs and nothing else", "[files][plan][rfc9110-15.4.5]") {
  files::facts f = ten_octets();
  f.varies = true;
  const auto r = ask(request::get("/", {{"If-None-Match", "\"v1\""}}), f);
  CHECK(r.status == status::not_modified);
  CHECK(r.fields["ETag"] == "\"v1\"");
  CHECK(r.fields["Cache-Control"] == "no-cache");
  CHECK(r.fields["Vary"] == "Accept-Encoding");
  CHECK_FALSE(r.fields.contains("Content-Type"));
  CHECK_FALSE(r.fields.contains("Last-Modified"));
  CHECK(r.body.length() == 0U);

  f.etag.clear();  // then the date is the validator
  const auto dated = ask(request::get("/", {{"If-Modified-Since", modified_date}}), f);
  CHECK(dated.status == status::not_modified);
  CHECK(dated.fields["Last-Modified"] == modified_date);
}

TEST_CASE("Last-Modified is never in the future", "[files][plan][rfc9110-8.8.2.1]") {
  files::facts f = ten_octets();
  f.modified = now + 86'400;
  CHECK(ask(request::get("/"), f).fields["Last-Modified"] == "Thu, 01 Jan 2026 00:00:00 GMT");
  CHECK(ask(request::get("/", {{"If-Modified-Since", modified_date}}), f).status == 200);
  CHECK(ask(request::get("/", {{"If-Unmodified-Since", modified_date}}), f).status == 412);
}

TEST_CASE("content without validators is whole or in ranges, never conditional", "[files][plan]") {
  files::facts f;
  f.size = 10;
  f.cache_control.clear();
  const auto r = ask(request::get("/"), f);
  CHECK_FALSE(r.fields.contains("ETag"));
  CHECK_FALSE(r.fields.contains("Last-Modified"));
  CHECK_FALSE(r.fields.contains("Cache-Control"));
  CHECK(r.fields["Content-Type"] == "application/octet-stream");
  CHECK(ask(request::get("/", {{"Range", "bytes=1-2"}}), f).status == 206);
  CHECK(ask(request::get("/", {{"If-Modified-Since", later_date}}), f).status == 200);
  CHECK(ask(request::get("/", {{"If-None-Match", "*"}}), f).status == 304);
  CHECK(ask(request::get("/", {{"If-Match", "\"v1\""}}), f).status == 412);
}

TEST_CASE("an encoded representation says so, in ranges too", "[files][plan]") {
  files::facts f = ten_octets();
  f.content_encoding = "gzip";
  f.varies = true;
  for (const auto& r : {ask(request::get("/"), f), ask(request::get("/", {{"Range", "bytes=1-"}}), f)}) {
    CHECK(r.fields["Content-Encoding"] == "gzip");
    CHECK(r.fields["Vary"] == "Accept-Encoding");
  }
}

TEST_CASE("any method but GET and HEAD is told which are allowed", "[files][plan]") {
  for (const char* name : {"POST", "PUT", "DELETE", "PATCH", "TRACE", "OPTIONS", "get", "X"}) {
    CAPTURE(name);
    const auto r = ask(request(method(name), "/", {{"If-Match", "\"v2\""}, {"Range", "bytes=99-"}}));
    CHECK(r.status == status::method_not_allowed);
    CHECK(r.fields["Allow"] == "GET, HEAD");
  }
}

TEST_CASE("empty content has no ranges", "[files][plan]") {
  files::facts f = ten_octets();
  f.size = 0;
  const auto empty = std::make_shared<const std::string>();
  for (const char* range : {"bytes=0-", "bytes=-1", "bytes=-0", "bytes=5-9", "bytes=0-0,2-3"}) {
    CAPTURE(range);
    const auto r = files::answer(request::get("/", {{"Range", range}}), f, empty, now);
    CHECK(r.status == status::ok);
    CHECK(r.body.length() == 0U);
  }
}

TEST_CASE("the numbers are 64 bits wide", "[files][plan]") {
  files::facts f = ten_octets();
  f.size = 0xFFFF'FFFF'FFFF'FFFFU;
  const std::shared_ptr<const content_source> content = std::make_shared<pattern>();
  const auto whole = files::answer(request::get("/"), f, content, now);
  CHECK(whole.body.length() == f.size);
  REQUIRE(whole.body.slice() != nullptr);
  CHECK(whole.body.slice()->length == f.size);

  const auto last = files::answer(request::get("/", {{"Range", "bytes=-3"}}), f, content, now);
  CHECK(last.fields["Content-Range"] ==
        "bytes 18446744073709551612-18446744073709551614/18446744073709551615");
  REQUIRE(last.body.slice() != nullptr);
  CHECK(last.body.slice()->offset == 0xFFFF'FFFF'FFFF'FFFCU);
  CHECK(scratch::octets(last.body) == "\x54\x54\x54");
}

TEST_CASE("generated content goes through the same engine", "[files][plan]") {
  files::facts f = ten_octets();
  const std::shared_ptr<const content_source> content = std::make_shared<pattern>();
  const auto ask_pattern = [&](const char* range) {
    return scratch::octets(files::answer(request::get("/", {{"Range", range}}), f, content, now).body);
  };
  using namespace std::string_literals;
  CHECK(ask_pattern("none") == "\0\0\0\1\1\1\2\2\2\3"s);
  CHECK(ask_pattern("bytes=2-4") == "\0\1\1"s);
  CHECK(ask_pattern("bytes=0-0,9-9").find("bytes 9-9/10\r\n\r\n\3\r\n--") != std::string::npos);
}
