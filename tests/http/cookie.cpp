// Cookies: read leniently, written so that nothing can be slipped in.
#include <tinyhttp/http/cookie.hpp>

#include "catch.hpp"

#include <chrono>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

using namespace tinyhttp;
using namespace std::string_view_literals;

static_assert(cookie_value("a=1; b=2", "b") == "2");

TEST_CASE("a Cookie field is read into pairs", "[http][cookie][rfc6265-4.2]") {
  struct row {
    std::string_view field;
    std::vector<cookie_pair> pairs;
  };
  const row rows[] = {
      {"", {}},
      {"a=1", {{"a", "1"}}},
      {"a=1; b=2", {{"a", "1"}, {"b", "2"}}},
      {"a=1;b=2", {{"a", "1"}, {"b", "2"}}},
      {" a = 1 ;\tb\t=\t2 ", {{"a", "1"}, {"b", "2"}}},
      {"a=1; a=2", {{"a", "1"}, {"a", "2"}}},
      {"a=b=c", {{"a", "b=c"}}},
      {"a=\"x y\"", {{"a", "\"x y\""}}},
      {"a=1, b=2", {{"a", "1, b=2"}}},
      {"a=%20", {{"a", "%20"}}},
      {"a=", {{"a", ""}}},
      {"$Version=1; a=1", {{"$Version", "1"}, {"a", "1"}}},
      {"a", {}},
      {"=1", {}},
      {"=", {}},
      {";;; ;", {}},
      {"a; =1; b=2;", {{"b", "2"}}},
      {"a=\"x;y\"", {{"a", "\"x"}}},  // quotes protect no semicolon, in browsers neither
      {"a=\xc3\xa9", {{"a", "\xc3\xa9"}}},
  };
  for (const row& r : rows) {
    CAPTURE(r.field);
    std::vector<cookie_pair> pairs;
    auto rest = r.field;
    while (const auto pair = take_cookie(rest)) pairs.push_back(*pair);
    CHECK(pairs == r.pairs);
  }
  CHECK(cookie_value("a=1; a=2", "a") == "1");
  CHECK(cookie_value("a=1", "A") == std::nullopt);
  CHECK(cookie_value("ba=1", "a") == std::nullopt);
  CHECK(cookie_value(std::string(1'000'000, ';'), "a") == std::nullopt);
}

TEST_CASE("a Set-Cookie value says all it was given", "[http][cookie][rfc6265-4.1]") {
  using namespace std::chrono_literals;
  struct row {
    set_cookie cookie;
    std::string_view text;
  };
  const row rows[] = {
      {{.name = "a", .value = "1"}, "a=1; Path=/; HttpOnly; SameSite=Lax"},
      {{.name = "a", .value = ""}, "a=; Path=/; HttpOnly; SameSite=Lax"},
      {{.name = "a",
        .value = "1",
        .path = "",
        .http_only = false,
        .same_site = same_site::unstated},
       "a=1"},
      {{.name = "a", .value = "x=y/z", .path = "/p q", .domain = "Example.com"},
       "a=x=y/z; Path=/p q; Domain=Example.com; HttpOnly; SameSite=Lax"},
      {{.name = "a", .value = "1", .max_age = 1h, .expires = 784111777},
       "a=1; Path=/; Max-Age=3600; Expires=Sun, 06 Nov 1994 08:49:37 GMT; HttpOnly; SameSite=Lax"},
      {{.name = "a", .value = "", .max_age = 0s}, "a=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax"},
      {{.name = "a", .value = "", .max_age = std::chrono::seconds::min()},
       "a=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax"},
      {{.name = "a", .value = "", .expires = std::numeric_limits<std::int64_t>::min()},
       "a=; Path=/; Expires=Mon, 01 Jan 0001 00:00:00 GMT; HttpOnly; SameSite=Lax"},
      {{.name = "__Host-a",
        .value = "1",
        .secure = true,
        .same_site = same_site::none,
        .partitioned = true},
       "__Host-a=1; Path=/; Secure; HttpOnly; SameSite=None; Partitioned"},
      {{.name = "__Secure-a",
        .value = "1",
        .path = "/x",
        .domain = "a-1_b.example",
        .secure = true,
        .same_site = same_site::strict},
       "__Secure-a=1; Path=/x; Domain=a-1_b.example; Secure; HttpOnly; SameSite=Strict"},
  };
  for (const row& r : rows) {
    CAPTURE(r.text);
    const auto text = format_set_cookie(r.cookie);
    REQUIRE(text);
    CHECK(*text == r.text);
    CHECK(ascii::is_field_value(*text));
  }
}

TEST_CASE("what would split a Set-Cookie value, or be dropped, is refused", "[http][cookie]") {
  const std::string nul(1, '\0');
  struct row {
    set_cookie cookie;
    std::string_view message;
  };
  constexpr auto bad_value = "cookie \"a\": the value has an octet that may not stand there"sv;
  constexpr auto bad_path = "cookie \"a\": the path has an octet that may not stand there"sv;
  constexpr auto bad_domain = "cookie \"a\": the domain has an octet that may not stand there"sv;
  const row rows[] = {
      {{.name = "", .value = "1"}, "cookie \"?\": the name is not a token"},
      {{.name = "a b", .value = "1"}, "cookie \"?\": the name is not a token"},
      {{.name = "a=b", .value = "1"}, "cookie \"?\": the name is not a token"},
      {{.name = "a;Domain=x", .value = "1"}, "cookie \"?\": the name is not a token"},
      {{.name = "a\r\nX: y", .value = "1"}, "cookie \"?\": the name is not a token"},
      {{.name = "a" + nul, .value = "1"}, "cookie \"?\": the name is not a token"},
      {{.name = "a", .value = "1; Domain=evil.example"}, bad_value},
      {{.name = "a", .value = "1;"}, bad_value},
      {{.name = "a", .value = "1 2"}, bad_value},
      {{.name = "a", .value = "1,2"}, bad_value},
      {{.name = "a", .value = "\"1\""}, bad_value},
      {{.name = "a", .value = "1\\2"}, bad_value},
      {{.name = "a", .value = "1\r\nSet-Cookie: b=2"}, bad_value},
      {{.name = "a", .value = "\xc3\xa9"}, bad_value},
      {{.name = "a", .value = "\x7f"}, bad_value},
      {{.name = "a", .value = "1", .path = "/\x7f"}, bad_path},
      {{.name = "a", .value = nul}, bad_value},
      {{.name = "a", .value = "1", .path = "x"}, "cookie \"a\": the path does not begin with /"},
      {{.name = "a", .value = "1", .path = "/; Secure"}, bad_path},
      {{.name = "a", .value = "1", .path = "/\r\nX: y"}, bad_path},
      {{.name = "a", .value = "1", .path = "/" + nul}, bad_path},
      {{.name = "a", .value = "1", .path = "/\xc3\xa9"}, bad_path},
      {{.name = "a", .value = "1", .path = "/ "}, "cookie \"a\": the path ends in a space"},
      {{.name = "a", .value = "1", .domain = "x; Path=/"}, bad_domain},
      {{.name = "a", .value = "1", .domain = "x\n"}, bad_domain},
      {{.name = "a", .value = "1", .domain = "[::1]"}, bad_domain},
      {{.name = "a", .value = "1", .same_site = same_site::none},
       "cookie \"a\": SameSite=None needs secure"},
      {{.name = "a", .value = "1", .partitioned = true}, "cookie \"a\": Partitioned needs secure"},
      {{.name = "__Secure-a", .value = "1"}, "cookie \"__Secure-a\": its prefix needs secure"},
      {{.name = "__host-a", .value = "1"}, "cookie \"__host-a\": its prefix needs secure"},
      {{.name = "__Host-a", .value = "1", .path = "/x", .secure = true},
       "cookie \"__Host-a\": its prefix needs the path / and no domain"},
      {{.name = "__Host-a", .value = "1", .domain = "x", .secure = true},
       "cookie \"__Host-a\": its prefix needs the path / and no domain"},
      {{.name = "a", .value = std::string(4096, 'x')},
       "cookie \"a\": more than 4096 octets of name and value"},
  };
  for (const row& r : rows) {
    CAPTURE(r.message);
    const auto text = format_set_cookie(r.cookie);
    REQUIRE_FALSE(text);
    CHECK(text.error().kind() == error_kind::invalid_argument);
    CHECK(text.error().message() == r.message);
  }
  CHECK(format_set_cookie({.name = "a", .value = std::string(4095, 'x')}));
}
