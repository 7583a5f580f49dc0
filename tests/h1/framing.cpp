// How long a body is, from every combination of what the fields can say about it.
#include <tinyhttp/h1/framing.hpp>

#include "catch.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

using namespace tinyhttp;
using h1::framing;
using rule = h1::framing::rule;

namespace {

framing of_response(const method& asked, http_version version, status code, const fields& f) {
  framing by;
  const auto wrong = h1::frame_response(asked, version, code, f, by);
  CHECK_FALSE(wrong);
  return by;
}

}  // namespace

TEST_CASE("every pair of length fields is either one length or refused", "[h1][framing][rfc9112-6.3][security]") {
  const std::vector<std::string_view> lengths{"", "0", "2", "02", "+2", "-2", "2,2", "2 2", "0x2", "x",
                                              "18446744073709551618", "4611686018427387904", "4611686018427387905"};
  const std::vector<std::string_view> codings{"", "chunked", "Chunked", "gzip", "gzip, chunked",
                                              "chunked, chunked", "identity", "chunked;a", "xchunked"};
  const auto number = [](std::string_view text) -> std::optional<std::uint64_t> {
    if (text == "0") return 0;
    if (text == "2" || text == "02") return 2;
    if (text == "4611686018427387904") return std::uint64_t{1} << 62;
    return std::nullopt;
  };
  const auto is_chunked = [](std::string_view text) { return text == "chunked" || text == "Chunked"; };
  for (const auto version : {http_version::http_1_0, http_version::http_1_1}) {
    for (int length_lines = 0; length_lines <= 2; ++length_lines) {
      for (int coding_lines = 0; coding_lines <= 2; ++coding_lines) {
        for (const auto length : lengths) {
          for (const auto coding : codings) {
            request r(method::post, "/", {{"Host", "a"}});
            r.version = version;
            for (int i = 0; i < length_lines; ++i) r.fields.add("Content-Length", length);
            for (int i = 0; i < coding_lines; ++i) r.fields.add("transfer-encoding", coding);
            framing by;
            const auto wrong = h1::frame_request(r, by);
            CAPTURE(length_lines, coding_lines, length, coding);
            if (length_lines == 0 && coding_lines == 0) {
              CHECK_FALSE(wrong);
              CHECK(by == framing{});
            } else if (coding_lines == 0 && length_lines == 1 && number(length)) {
              CHECK_FALSE(wrong);
              CHECK(by == framing{rule::length, *number(length)});
            } else if (coding_lines == 1 && length_lines == 0 && is_chunked(coding) &&
                       version == http_version::http_1_1) {
              CHECK_FALSE(wrong);
              CHECK(by == framing{rule::chunked, 0});
            } else {
              CHECK((wrong.status == 400 || wrong.status == 501));
              CHECK((wrong.status == 400 || coding == "gzip, chunked"));
            }
          }
        }
      }
    }
  }
}

TEST_CASE("HEAD, 1xx, 204, 304 and a tunnel have no body, whatever is said", "[h1][framing][rfc9112-6.3]") {
  const std::vector<fields> said{{}, {{"Content-Length", "5"}}, {{"Transfer-Encoding", "chunked"}},
                                 {{"Content-Length", "x"}, {"Transfer-Encoding", "y"}}};
  for (const auto& f : said) {
    for (const auto version : {http_version::http_1_0, http_version::http_1_1}) {
      CHECK(of_response(method::head, version, status::ok, f) == framing{});
      CHECK(of_response(method::head, version, status::not_found, f) == framing{});
      CHECK(of_response(method::get, version, status::no_content, f) == framing{});
      CHECK(of_response(method::get, version, status::not_modified, f) == framing{});
      CHECK(of_response(method::get, version, status::early_hints, f) == framing{});
      CHECK(of_response(method::connect, version, status::ok, f) == framing{});
      CHECK(of_response(method::connect, version, status(299), f) == framing{});
    }
  }
  const auto& length = said[1];
  CHECK(of_response(method::connect, http_version::http_1_1, status::found, length) == framing{rule::length, 5});
  CHECK(of_response(method("head"), http_version::http_1_1, status::ok, length) == framing{rule::length, 5});
  CHECK(of_response(method::get, http_version::http_1_1, status::ok, {}) == framing{rule::until_close, 0});
  CHECK(of_response(method::get, http_version::http_1_0, status(205), {}) == framing{rule::until_close, 0});
}

TEST_CASE("who wants to keep a connection", "[h1][framing][rfc9112-9.3]") {
  using enum http_version;
  CHECK(h1::wants_keep_alive(http_1_1, {}));
  CHECK_FALSE(h1::wants_keep_alive(http_1_0, {}));
  CHECK(h1::wants_keep_alive(http_1_0, {{"connection", "Keep-Alive"}}));
  CHECK_FALSE(h1::wants_keep_alive(http_1_1, {{"Connection", "a"}, {"Connection", ",, Close"}}));
  CHECK_FALSE(h1::wants_keep_alive(http_1_0, {{"Connection", "keep-alive, close"}}));
  CHECK(h1::wants_keep_alive(http_1_1, {{"Connection", "not-close"}}));
  CHECK_FALSE(h1::wants_keep_alive(http_1_0, {{"Connection", "upgrade"}}));
}

TEST_CASE("lengths of a response that agree are one, whatever else it says, and what was decided before is forgotten",
          "[h1][framing][rfc9112-6.3]") {
  const fields twice{{"Content-Length", "5"}, {"Content-Type", "a/b"}, {"content-length", "5"}};
  CHECK(of_response(method::get, http_version::http_1_1, status::ok, twice) == framing{rule::length, 5});
  framing by{rule::chunked, 7};
  CHECK_FALSE(h1::frame_response(method::head, http_version::http_1_1, status::ok, twice, by));
  CHECK(by == framing{});
}
