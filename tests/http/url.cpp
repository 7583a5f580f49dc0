// URLs for a client: taken apart, escaped where they must be, refused where they are ambiguous.
#include <tinyhttp/http/url.hpp>

#include "catch.hpp"

#include <string>
#include <string_view>

using namespace tinyhttp;
using namespace std::string_view_literals;

TEST_CASE("a URL is taken apart", "[http][url][rfc3986-3]") {
  struct row {
    std::string_view text;
    url parts;
    std::string_view host_field;
  };
  const row rows[] = {
      {"http://a", {"http", "", "a", 80, "/", ""}, "a"},
      {"http://a/", {"http", "", "a", 80, "/", ""}, "a"},
      {"HTTP://Example.COM/Path", {"http", "", "example.com", 80, "/Path", ""}, "example.com"},
      {"https://a", {"https", "", "a", 443, "/", ""}, "a"},
      {"https://a:80/", {"https", "", "a", 80, "/", ""}, "a:80"},
      {"http://a:443/", {"http", "", "a", 443, "/", ""}, "a:443"},
      {"http://a:80/", {"http", "", "a", 80, "/", ""}, "a"},
      {"http://a:8080/x", {"http", "", "a", 8080, "/x", ""}, "a:8080"},
      {"http://a:/x", {"http", "", "a", 80, "/x", ""}, "a"},
      {"http://a:0080/x", {"http", "", "a", 80, "/x", ""}, "a"},
      {"http://a:65535", {"http", "", "a", 65535, "/", ""}, "a:65535"},
      {"http://127.0.0.1:9/x", {"http", "", "127.0.0.1", 9, "/x", ""}, "127.0.0.1:9"},
      {"http://[::1]/", {"http", "", "::1", 80, "/", ""}, "[::1]"},
      {"http://[2001:DB8::1]:8080",
       {"http", "", "2001:db8::1", 8080, "/", ""},
       "[2001:db8::1]:8080"},
      {"http://[::ffff:127.0.0.1]:1/",
       {"http", "", "::ffff:127.0.0.1", 1, "/", ""},
       "[::ffff:127.0.0.1]:1"},
      {"http://u:pw@a:1/x?y#z", {"http", "u:pw", "a", 1, "/x?y", "z"}, "a:1"},
      {"http://u%40:p%3A@a/", {"http", "u%40:p%3A", "a", 80, "/", ""}, "a"},
      {"http://\xc3\xa9:\"@a/", {"http", "%C3%A9:%22", "a", 80, "/", ""}, "a"},
      {"http://@a/", {"http", "", "a", 80, "/", ""}, "a"},
      {"http://a?q", {"http", "", "a", 80, "/?q", ""}, "a"},
      {"http://a?", {"http", "", "a", 80, "/?", ""}, "a"},
      {"http://a#f", {"http", "", "a", 80, "/", "f"}, "a"},
      {"http://a?q=/x?y@b:c", {"http", "", "a", 80, "/?q=/x?y@b:c", ""}, "a"},
      {"http://a/x@b:c//d;e=f,g", {"http", "", "a", 80, "/x@b:c//d;e=f,g", ""}, "a"},
      {"http://a/x#y#z", {"http", "", "a", 80, "/x", "y%23z"}, "a"},
      {"http://a_b-c.~/", {"http", "", "a_b-c.~", 80, "/", ""}, "a_b-c.~"},
      // typed paths are not rewritten
      {"http://a/b/../c/./d", {"http", "", "a", 80, "/b/../c/./d", ""}, "a"},
      {"http://a//b", {"http", "", "a", 80, "//b", ""}, "a"},
      // what cannot stand in a target is escaped, once
      {"http://a/b c", {"http", "", "a", 80, "/b%20c", ""}, "a"},
      {"http://a/b ", {"http", "", "a", 80, "/b%20", ""}, "a"},
      {"http://a/b%20c", {"http", "", "a", 80, "/b%20c", ""}, "a"},
      {"http://a/%2e%2E/%00", {"http", "", "a", 80, "/%2e%2E/%00", ""}, "a"},
      {"http://a/100%", {"http", "", "a", 80, "/100%25", ""}, "a"},
      {"http://a/%zz", {"http", "", "a", 80, "/%25zz", ""}, "a"},
      {"http://a/\xc3\xa9?\xc3\xa9#\xc3\xa9",
       {"http", "", "a", 80, "/%C3%A9?%C3%A9", "%C3%A9"},
       "a"},
      {"http://a/\"<>\\^`{|}[]",
       {"http", "", "a", 80, "/%22%3C%3E%5C%5E%60%7B%7C%7D%5B%5D", ""},
       "a"},
      {"http://a/?b=c d+e&f=\"", {"http", "", "a", 80, "/?b=c%20d+e&f=%22", ""}, "a"},
  };
  for (const row& r : rows) {
    CAPTURE(r.text);
    const auto parsed = parse_url(r.text);
    REQUIRE(parsed);
    CHECK(parsed->scheme == r.parts.scheme);
    CHECK(parsed->userinfo == r.parts.userinfo);
    CHECK(parsed->host == r.parts.host);
    CHECK(parsed->port == r.parts.port);
    CHECK(parsed->target == r.parts.target);
    CHECK(parsed->fragment == r.parts.fragment);
    CHECK(parsed->host_field() == r.host_field);
    for (const char c : parsed->target) CHECK(ascii::is_target_octet(c));
    const auto again = parse_url(parsed->to_string());
    REQUIRE(again);
    CHECK(*again == *parsed);
  }
}

TEST_CASE("a URL's target is a path and a query", "[http][url]") {
  const auto parts = [](std::string_view text) {
    const url u = parse_url(text).value();
    return std::pair(std::string(u.path()), std::string(u.query()));
  };
  using pair = std::pair<std::string, std::string>;
  CHECK(parts("http://h") == pair("/", ""));
  CHECK(parts("http://h/a%20b/?x=1?#y") == pair("/a%20b/", "x=1?"));
  CHECK(parts("http://h?x") == pair("/", "x"));
  CHECK(parts("http://h//a?") == pair("//a", ""));
}

TEST_CASE("a URL that cannot be used says why", "[http][url]") {
  struct row {
    std::string_view text, message;
  };
  const row rows[] = {
      {"", "url \"\": no http:// or https:// in front"},
      {"http://", "url \"http://\": no host"},
      {"http:///x", "url \"http:///x\": no host"},
      {"http://?x", "url \"http://?x\": no host"},
      {"http://:80/", "url \"http://:80/\": no host"},
      {"http://u@/", "url \"http://...@/\": no host"},
      {"http://u@:80/", "url \"http://...@:80/\": no host"},
      {"a", "url \"a\": no http:// or https:// in front"},
      {"/a/b", "url \"/a/b\": no http:// or https:// in front"},
      {"//a/b", "url \"//a/b\": no http:// or https:// in front"},
      {"localhost:80/x", "url \"localhost:80/x\": no http:// or https:// in front"},
      {"http:a", "url \"http:a\": no http:// or https:// in front"},
      {"http:/a", "url \"http:/a\": no http:// or https:// in front"},
      {"http:\\\\a", "url \"http:\\\\a\": no http:// or https:// in front"},
      {" http://a", "url \" http://a\": no http:// or https:// in front"},
      {"://a", "url \"://a\": no http:// or https:// in front"},
      {"ftp://a/", "url \"ftp://a/\": the scheme is neither http nor https"},
      {"file:///etc/passwd", "url \"file:///etc/passwd\": the scheme is neither http nor https"},
      {"http:a?http://b", "url \"http:a?http://b\": no // behind the scheme"},
      {"http://a b/", "url \"http://a b/\": a space before the path"},
      {"http://a /", "url \"http://a /\": a space before the path"},
      {"http://a:8 0/", "url \"http://a:8 0/\": a space before the path"},
      {"http://[::1] /", "url \"http://[::1] /\": a space before the path"},
      {"http://a b@c/", "url \"http://...@c/\": a space before the path"},
      {"http://a\\b/", "url \"http://a\\b/\": a backslash before the path"},
      {"http://a\\@b/", "url \"http://...@b/\": a backslash before the path"},
      {"http://a@b@c/", "url \"http://...@c/\": more than one @ before the path"},
      {"http://a%2eb/", "url \"http://a%2eb/\": the host has an octet that may not stand there"},
      {"http://b\xc3\xbc/",
       "url \"http://b\xc3\xbc/\": the host has an octet that may not stand there"},
      {"http://a<b/", "url \"http://a<b/\": the host has an octet that may not stand there"},
      {"http://a[b]/", "url \"http://a[b]/\": the host has an octet that may not stand there"},
      {"http://[::1]x/", "url \"http://[::1]x/\": the host has an octet that may not stand there"},
      {"http://[::1", "url \"http://[::1\": no ] behind the address"},
      {"http://[]/", "url \"http://[]/\": not an IPv6 address"},
      {"http://[a]/", "url \"http://[a]/\": not an IPv6 address"},
      {"http://[127.0.0.1]/", "url \"http://[127.0.0.1]/\": not an IPv6 address"},
      {"http://[fe80::1%25eth0]/", "url \"http://[fe80::1%25eth0]/\": not an IPv6 address"},
      {"http://::1/", "url \"http://::1/\": no host"},
      {"http://a:0/", "url \"http://a:0/\": the port is not a number from 1 to 65535"},
      {"http://a:65536/", "url \"http://a:65536/\": the port is not a number from 1 to 65535"},
      {"http://a:18446744073709551696/",
       "url \"http://a:18446744073709551696/\": the port is not a number from 1 to 65535"},
      {"http://a:-1/", "url \"http://a:-1/\": the port is not a number from 1 to 65535"},
      {"http://a:+80/", "url \"http://a:+80/\": the port is not a number from 1 to 65535"},
      {"http://a:8x/", "url \"http://a:8x/\": the port is not a number from 1 to 65535"},
      {"http://a:80:80/", "url \"http://a:80:80/\": the port is not a number from 1 to 65535"},
      {"http://a/\r\nX: y", "url \"http://a/??X: y\": a control octet"},
      {"http://a/\tb", "url \"http://a/?b\": a control octet"},
      {"http://a\0b/"sv, "url \"http://a?b/\": a control octet"},
      {"http://a/\0"sv, "url \"http://a/?\": a control octet"},
      {"http://a/#\x7f", "url \"http://a/#?\": a control octet"},
      {"http://u:secret@a:99999/x@y",
       "url \"http://...@a:99999/x@y\": the port is not a number from 1 to 65535"},
      {"u:secret@a/", "url \"...@a/\": no http:// or https:// in front"},
  };
  for (const row& r : rows) {
    CAPTURE(r.text);
    const auto parsed = parse_url(r.text);
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().kind() == error_kind::invalid_argument);
    CHECK(parsed.error().message() == r.message);
  }
  const auto huge = parse_url("ftp://" + std::string(1'000'000, 'a'));
  REQUIRE_FALSE(huge);
  CHECK(huge.error().message().size() < 300);
  CHECK(parse_url("http://a/" + std::string(1'000'000, ' '))->target.size() == 3'000'001);
}

TEST_CASE("a URL that is read into a used one leaves nothing of that", "[http][url]") {
  url into;
  REQUIRE(parse_url("http://user:word@h:81/x?q#part", into));
  REQUIRE(parse_url("http://k", into));
  CHECK(into == parse_url("http://k/").value());
}

TEST_CASE("an origin is scheme, host and port", "[http][url][rfc9110-4.3.1]") {
  const auto same = [](std::string_view a, std::string_view b) {
    const url one = parse_url(a).value();
    const url two = parse_url(b).value();
    CHECK(same_origin(one, two) == (one.origin() == two.origin()));
    return same_origin(one, two);
  };
  CHECK(same("http://a/x", "HTTP://A:80/y#z"));
  CHECK(same("http://u@a/", "http://a/"));
  CHECK_FALSE(same("http://a/", "https://a/"));
  CHECK_FALSE(same("http://a/", "http://a:81/"));
  CHECK_FALSE(same("http://a/", "http://a./"));
  CHECK_FALSE(same("http://a:443/", "https://a/"));
  CHECK(parse_url("https://[::1]:8443/x")->origin() == "https://[::1]:8443");
}

TEST_CASE("a redirect's reference resolves to a URL, or to an error",
          "[http][url][rfc9110-10.2.2]") {
  const url base = parse_url("http://u:p@a:81/b/c?d#e").value();
  struct row {
    std::string_view reference, whole;
  };
  const row rows[] = {
      {"f", "http://u:p@a:81/b/f"},
      {"../f?g#h", "http://u:p@a:81/f?g#h"},
      {"/\xc3\xa9 f", "http://u:p@a:81/%C3%A9%20f"},
      {"", "http://u:p@a:81/b/c?d"},
      {"//h/i", "http://h/i"},
      {"https://h", "https://h/"},
      {"/\\evil.example", "http://u:p@a:81/%5Cevil.example"},
      {"\\\\evil.example", "http://u:p@a:81/b/%5C%5Cevil.example"},
      {"///evil.example", ""},
      {"//evil.example\\@a/", ""},
      {"http:evil.example", ""},
      {"http:/\\evil.example", ""},
      {"javascript:alert(1)", ""},
      {"file:///etc/passwd", ""},
      {"/x\r\nSet-Cookie: a=b", ""},
  };
  for (const row& r : rows) {
    CAPTURE(r.reference);
    const auto resolved = resolve_reference(base, r.reference);
    CHECK(resolved.has_value() == !r.whole.empty());
    if (resolved) {
      CHECK(resolved->to_string() == r.whole);
    }
  }
}
