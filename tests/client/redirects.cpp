// tests/client/redirects.cpp -- tests client/redirects.hpp and client/credentials.hpp
#include "catch.hpp"

#include <tinyhttp/client/call.hpp>
#include <tinyhttp/client/credentials.hpp>
#include <tinyhttp/client/redirects.hpp>

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

using namespace tinyhttp;

namespace {

response answer(int code, std::string_view location) { return {code, {{"Location", location}}}; }

std::string led_to(std::string_view from, std::string_view location, bool allow_insecure = false) {
  const auto to = redirect_target(parse_url(from).value(), answer(302, location), allow_insecure);
  if (!to) return to.error().message();
  return *to ? (*to)->to_string() : "nowhere";
}

}  // namespace

TEST_CASE("a redirect is what its status and its Location say",
          "[client][redirects][rfc9110-15.4]") {
  const url from = parse_url("http://a/b").value();
  for (const int code : {301, 302, 303, 307, 308}) {
    CAPTURE(code);
    const auto to = redirect_target(from, answer(code, "/c"), false).value();
    REQUIRE(to);
    CHECK(to->to_string() == "http://a/c");
  }
  for (const int code : {200, 201, 300, 304, 305, 306, 404, 503})
    CHECK(!redirect_target(from, answer(code, "/c"), false).value());
  CHECK(!redirect_target(from, response(302), false).value());  // no Location: it is the answer
}

TEST_CASE("a Location is resolved against what was asked", "[client][redirects][rfc9110-10.2.2]") {
  struct row {
    const char* from;
    const char* location;
    const char* to;
  };
  const row rows[] = {
      {"http://a:81/b/c?d", "e", "http://a:81/b/e"},
      {"http://a:81/b/c?d", "../e?f", "http://a:81/e?f"},
      {"http://a:81/b/c?d", "/e", "http://a:81/e"},
      {"http://a:81/b/c?d", "?e", "http://a:81/b/c?e"},
      {"http://a:81/b/c?d", "//e/f", "http://e/f"},
      {"http://a:81/b/c", "http://e", "http://e/"},
      {"http://a/b", "HTTP://E:80/F", "http://e/F"},
      {"http://a/b", "/\xc3\xa4 b", "http://a/%C3%A4%20b"},  // raw UTF-8 and spaces are out there
      {"http://a/b#top", "/c", "http://a/c#top"},            // a fragment is inherited
      {"http://a/b#top", "/c#here", "http://a/c#here"},
      {"http://user:pw@a/b", "/c", "http://a/c"},  // they are in a field by now
      {"http://a/b", "http://user:pw@a/c", "http://a/c"},
      {"http://a/b", "https://a/c", "https://a/c"},
  };
  for (const row& r : rows) {
    CAPTURE(r.from, r.location);
    CHECK(led_to(r.from, r.location) == r.to);
  }
}

TEST_CASE("a redirect that leads astray is refused", "[client][redirects]") {
  CHECK(led_to("http://a/", "ftp://b/").starts_with("redirect to a bad url"));
  CHECK(led_to("http://a/", "javascript:alert(1)").starts_with("redirect to a bad url"));
  CHECK(led_to("http://a/", "file:///etc/passwd").starts_with("redirect to a bad url"));
  CHECK(led_to("http://a/", "http://").starts_with("redirect to a bad url"));
  CHECK(led_to("http://a/", "http://b\\c/").starts_with("redirect to a bad url"));
  CHECK(led_to("https://a/", "http://b/") == "redirect from https to http://b refused");
  CHECK(led_to("https://a/", "http://b/", true) == "http://b/");

  response two(302, {{"Location", "/a"}, {"Location", "/b"}});
  const auto to = redirect_target(parse_url("http://a/").value(), two, false);
  REQUIRE(!to);
  CHECK(to.error().kind() == error_kind::protocol);
}

TEST_CASE("the method that follows depends on status and method",
          "[client][redirects][rfc9110-15.4]") {
  struct row {
    const char* asked;
    const char* after[5];  // 301, 302, 303, 307, 308
  };
  const row rows[] = {
      {"GET", {"GET", "GET", "GET", "GET", "GET"}},
      {"HEAD", {"HEAD", "HEAD", "HEAD", "HEAD", "HEAD"}},
      {"POST", {"GET", "GET", "GET", "POST", "POST"}},
      {"PUT", {"PUT", "PUT", "GET", "PUT", "PUT"}},
      {"DELETE", {"DELETE", "DELETE", "GET", "DELETE", "DELETE"}},
  };
  const int codes[] = {301, 302, 303, 307, 308};
  for (const row& r : rows)
    for (std::size_t i = 0; i < 5; ++i) {
      CAPTURE(r.asked, codes[i]);
      CHECK(redirected_method(method(r.asked), codes[i]).name() == r.after[i]);
    }
}

TEST_CASE("what goes along on a redirect", "[client][redirects][security]") {
  const url from = parse_url("http://a:81/x").value();
  request r = request::post("/x", "content",
                            {{"Content-Type", "text/plain"},
                             {"Authorization", "Basic eDp5"},
                             {"Cookie", "a=b"},
                             {"X-Own", "1"}});
  SECTION("all of it with 307 on the same origin") {
    follow_redirect(r, from, parse_url("http://a:81/y?z").value(), 307);
    CHECK(r.target.text() == "/y?z");
    CHECK(r.method == method::post);
    CHECK(r.body.text() == "content");
    CHECK(r.fields.size() == 4);
  }
  SECTION("nothing that describes the content when it goes") {
    follow_redirect(r, from, parse_url("http://a:81/y").value(), 303);
    CHECK(r.method == method::get);
    CHECK(r.body.length() == 0u);
    CHECK(!r.fields.contains("Content-Type"));
    CHECK(r.fields["Authorization"] == "Basic eDp5");
  }
  SECTION("nothing that says who asks to another host, port or scheme") {
    const std::string to = GENERATE(as<std::string>(), "http://b:81/y", "http://a/y",
                                    "https://a:81/y", "http://sub.a:81/y");
    follow_redirect(r, from, parse_url(to).value(), 307);
    CHECK(!r.fields.contains("Authorization"));
    CHECK(!r.fields.contains("Cookie"));
    CHECK(r.fields["X-Own"] == "1");
    CHECK(r.body.text() == "content");
  }
}

TEST_CASE("base64 as in its RFC", "[client][credentials][rfc4648-10]") {
  const char* const rows[][2] = {{"", ""},
                                 {"f", "Zg=="},
                                 {"fo", "Zm8="},
                                 {"foo", "Zm9v"},
                                 {"foob", "Zm9vYg=="},
                                 {"fooba", "Zm9vYmE="},
                                 {"foobar", "Zm9vYmFy"},
                                 {"\xff\xfe\xfb", "//77"}};
  for (const auto& row : rows) CHECK(base64_encode(row[0]) == row[1]);
  CHECK(base64_encode(std::string_view("\0\0", 2)) == "AAA=");
}

TEST_CASE("a user and a password, or a token, become credentials", "[client][credentials]") {
  CHECK(basic_credentials("Aladdin", "open sesame") == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
  CHECK(basic_credentials("", ":") == "Basic Ojo=");
  CHECK_THROWS_AS(basic_credentials("a:b", "c"), std::invalid_argument);
  CHECK_THROWS_AS(basic_credentials("a\n", "c"), std::invalid_argument);  // RFC 7617 2
  CHECK_THROWS_AS(basic_credentials("a", "c\x7f"), std::invalid_argument);
  CHECK(bearer_credentials("mF_9.B5f-4.1JqM") == "Bearer mF_9.B5f-4.1JqM");
  call_options how;
  how.set_bearer("abc");
  how.set_basic("Aladdin", "open sesame");
  how.set_body(form_body({{"a", "b"}}));
  CHECK(how.fields.count("Authorization") == 1);
  CHECK(how.fields["Authorization"] == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
  CHECK(how.fields["Content-Type"] == form_media_type);
  CHECK(how.body.text() == "a=b");
  CHECK_THROWS_AS(how.set_bearer("a\r\nEvil: 1"), std::invalid_argument);
}

TEST_CASE("userinfo becomes credentials with its escapes decoded",
          "[client][credentials][rfc7617]") {
  CHECK(basic_credentials("Aladdin:open sesame") == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
  CHECK(basic_credentials_of_url("Aladdin:open%20sesame") == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
  CHECK(basic_credentials_of_url("u") == basic_credentials("u:"));
  CHECK(!basic_credentials_of_url("u:%zz"));
  CHECK(!basic_credentials_of_url("u:%0A"));
  CHECK(!basic_credentials_of_url("u%00:p"));
}
