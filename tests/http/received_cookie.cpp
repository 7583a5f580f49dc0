// tests/http/received_cookie.cpp -- tests http/received_cookie.hpp
#include "catch.hpp"

#include <tinyhttp/http/received_cookie.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

using namespace tinyhttp;

namespace {

constexpr std::int64_t now = 1'000'000'000;  // 2001-09-09 01:46:40
constexpr std::int64_t most = now + 400 * 86'400;

/// `name|value|domain|path|expires - now|flags`; `-` for what is ignored.
std::string read(std::string_view field) {
  const auto c = parse_set_cookie(field, now);
  if (!c) return "-";
  std::string text = c->name + '|' + c->value + '|' + c->domain + '|' + c->path + '|';
  if (c->expires)
    text += *c->expires <= now ? "over" : *c->expires == most ? "most" : std::to_string(*c->expires - now);
  return text + '|' + (c->secure ? "s" : "") + (c->http_only ? "h" : "");
}

}  // namespace

TEST_CASE("a Set-Cookie field is read as user agents read it (RFC 6265 5.2)", "[http][cookie]") {
  const struct {
    const char* field;
    const char* expected;
  } rows[] = {
      {"foo=bar", "foo|bar||||"},
      {"foo", "-"},
      {"=bar", "-"},
      {"=", "-"},
      {"", "-"},
      {"   ", "-"},
      {"; foo=bar", "-"},
      {"foo=", "foo|||||"},
      {"  A  = BC  ;foo;;;   bar", "A|BC||||"},
      {"  A=== BC  ;foo;;;   bar", "A|== BC||||"},
      {"z=y, a=b", "z|y, a=b||||"},
      {"foo=\"bar; baz\"", "foo|\"bar||||"},
      {"a=\"zzz \"   \"ppp\"  ;", "a|\"zzz \"   \"ppp\"||||"},
      {"foo=\xe6\x98\xa5", "foo|\xe6\x98\xa5||||"},
      {"foo=a\tb", "-"},
      {"foo=bar; Secure; HttpOnly", "foo|bar||||sh"},
      {"foo=bar; seCURe=no;httponly = x", "foo|bar||||sh"},
      {"foo=bar; \"Secure\"", "foo|bar||||"},
      {"foo=bar; Secure qux", "foo|bar||||"},
      {"foo=bar; Path=/a; Path=/b", "foo|bar||/b||"},
      {"foo=bar; Path=/a; Path=", "foo|bar||||"},
      {"foo=bar; Path = /a b ", "foo|bar||/a b||"},
      {"foo=bar; path=a", "foo|bar||||"},
      {"foo=bar; path=/a\tb", "foo|bar||||"},
      {"foo=bar; Domain=Example.COM", "foo|bar|example.com|||"},
      {"foo=bar; Domain=.example.com", "foo|bar|example.com|||"},
      {"foo=bar; Domain=", "foo|bar||||"},
      {"foo=bar; Domain", "foo|bar||||"},
      {"foo=bar; Domain=a.b; Domain=", "foo|bar|a.b|||"},
      {"foo=bar; max-age=10", "foo|bar|||10|"},
      {"foo=bar; max-age=0", "foo|bar|||over|"},
      {"foo=bar; max-age=-1", "foo|bar|||over|"},
      {"foo=bar; max-age=-", "foo|bar|||over|"},
      {"foo=bar; max-age=1x", "foo|bar||||"},
      {"foo=bar; max-age=+1", "foo|bar||||"},
      {"foo=bar; max-age=", "foo|bar||||"},
      {"foo=bar; max-age=99999999999999999999999", "foo|bar|||most|"},
      {"foo=bar; expires=Sun, 09 Sep 2001 01:46:50 GMT", "foo|bar|||10|"},
      {"foo=bar; expires=Sun, 09 Sep 2001 01:46:40 GMT", "foo|bar|||over|"},
      {"foo=bar; expires=Thu, 01 Jan 2037 00:00:00 GMT", "foo|bar|||most|"},
      {"foo=bar; expires=never", "foo|bar||||"},
      {"foo=bar; expires=Thu, 01 Jan 1970 00:00:00 GMT; max-age=5", "foo|bar|||5|"},
      {"foo=bar; max-age=5; expires=Thu, 01 Jan 1970 00:00:00 GMT", "foo|bar|||5|"},
      {"foo=bar; max-age=5; max-age=junk", "foo|bar|||5|"},
      {"foo=bar; SameSite=Strict; Priority=High; Version=1", "foo|bar||||"},
  };
  for (const auto& row : rows) {
    INFO(row.field);
    CHECK(read(row.field) == row.expected);
  }
}

TEST_CASE("cookies that are too large are ignored, and attributes that are", "[http][cookie]") {
  CHECK(read("a=" + std::string(4095, 'x')) != "-");
  CHECK(read("a=" + std::string(4096, 'x')) == "-");
  CHECK(read("a=b; path=/" + std::string(1023, 'x')).size() > 1000);
  CHECK(read("a=b; path=/" + std::string(1024, 'x')) == "a|b||||");
}

TEST_CASE("an octet of each value: which divide the parts of a cookie's date (RFC 6265 5.1.1)", "[http][cookie][date]") {
  for (int octet = 0; octet < 256; ++octet) {
    const bool divides = octet == '\t' || (octet >= ' ' && octet <= '~' && octet != ':' && !ascii::is_digit(static_cast<char>(octet)) &&
                                          !ascii::is_alpha(static_cast<char>(octet)));
    CAPTURE(octet);
    CHECK(parse_cookie_date(std::string("9") + static_cast<char>(octet) + "Sep 2001 1:2:3").has_value() == divides);
  }
}

TEST_CASE("the dates of cookies come in any order and many forms (RFC 6265 5.1.1)", "[http][cookie][date]") {
  const struct {
    const char* text;
    const char* date;  // as HTTP writes it; empty: none
  } rows[] = {
      {"Mon, 10-Dec-2007 17:02:24 GMT", "Mon, 10 Dec 2007 17:02:24 GMT"},
      {"Thursday, 01-Jan-1970 00:00:00 GMT", "Thu, 01 Jan 1970 00:00:00 GMT"},
      {"Mon Dec 10 16:32:30 2007 GMT", "Mon, 10 Dec 2007 16:32:30 GMT"},
      {"Wednesday, 01-Jan-10 00:00:00 GMT", "Fri, 01 Jan 2010 00:00:00 GMT"},
      {"Mon, 10-Dec-07 20:35:03 GMT", "Mon, 10 Dec 2007 20:35:03 GMT"},
      {"Thu, 31 Dec 23:55:55 2037 GMT", "Thu, 31 Dec 2037 23:55:55 GMT"},
      {"Wed Dec 12 2007 08:44:07 GMT-0500 (EST)", "Wed, 12 Dec 2007 08:44:07 GMT"},
      {"Wednesday, 01-Jan-10 0:0:00 GMT", "Fri, 01 Jan 2010 00:00:00 GMT"},
      {"Thu, 10 Dec 2009 13:57:2 GMT", "Thu, 10 Dec 2009 13:57:02 GMT"},
      {"1 jan 99 1:2:3", "Fri, 01 Jan 1999 01:02:03 GMT"},
      {"1 january 69 1:2:3", "Tue, 01 Jan 2069 01:02:03 GMT"},
      {"2 Feb 2022 3 Mar 2023 1:2:3", "Wed, 02 Feb 2022 01:02:03 GMT"},
      {"29 Feb 2024 00:00:00", "Thu, 29 Feb 2024 00:00:00 GMT"},
      {"1:2:3x 4th May 2005", "Wed, 04 May 2005 01:02:03 GMT"},
      {"29 Feb 2023 00:00:00", ""},
      {"Mon, 10-Dec-2007", ""},
      {"10 17:02:24 2007", ""},
      {"Dec 2007 17:02:24", ""},
      {"10 Dec 17:02:24", ""},
      {"17:02:24 09:10:11 Dec 2007", "Sun, 09 Dec 2007 17:02:24 GMT"},  // the second is no time any more, but a day
      {"1 Jan 1970 23:59:59", "Thu, 01 Jan 1970 23:59:59 GMT"},
      {"1 Jan 70 0:0:0", "Thu, 01 Jan 1970 00:00:00 GMT"},
      {"1 Jan 1601 0:0:0", "Mon, 01 Jan 1601 00:00:00 GMT"},
      {"1 Jan 100 0:0:0", ""},
      {"10 Dec 2007 17h02:24", ""},
      {"10 Dec 2007 017:02:24", ""},
      {"10 Dec 1600 17:02:24", ""},
      {"10 Dec 20070 17:02:24", ""},
      {"100 Dec 2007 17:02:24", ""},
      {"10 Dec 2007 24:02:24", ""},
      {"10 Dec 2007 17:60:24", ""},
      {"10 Dec 2007 17:02:60", ""},
      {"10 Dec 2007 17:02", ""},
      {"10 Dec 2007 17:02:241", ""},
      {"0 Dec 2007 17:02:24", ""},
      {"", ""},
  };
  for (const auto& row : rows) {
    INFO(row.text);
    const auto read = parse_cookie_date(row.text);
    CHECK((read ? format_date(*read).string() : "") == row.date);
  }
}
