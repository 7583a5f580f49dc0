// tests/http/cookie_store.cpp -- tests http/cookie_store.hpp and http/cookie_file.hpp
#include "catch.hpp"

#include <tinyhttp/http/cookie_file.hpp>
#include <tinyhttp/http/cookie_store.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

using namespace tinyhttp;

namespace {

constexpr std::int64_t now = 1'000'000'000;

url at(std::string_view text) { return parse_url(text).value(); }

struct row {
  const char* from;               // who sets
  std::vector<const char*> sets;  // its Set-Cookie fields
  const char* to;                 // who is asked then
  const char* sent;               // the Cookie field
};

}  // namespace

TEST_CASE("which cookies are taken, and which are sent where (RFC 6265 5.3, 5.4)", "[http][cookie]") {
  const row rows[] = {
      // names and values
      {"http://a.example/", {"foo=bar", "foo=qux"}, "http://a.example/", "foo=qux"},
      {"http://a.example/", {"z=y", "a=b"}, "http://a.example/", "z=y; a=b"},
      {"http://a.example/", {"a=b", "=x", "c=d"}, "http://a.example/", "a=b; c=d"},
      {"http://a.example/", {"a=b", "A=c"}, "http://a.example/", "a=b; A=c"},
      {"http://a.example/", {"a=b", "c=d", "a=e"}, "http://a.example/", "a=e; c=d"},
      {"http://a.example/", {"a=b", "a=c; max-age=0"}, "http://a.example/", ""},
      {"http://a.example/", {"a=b; expires=Thu, 01 Jan 1970 00:00:00 GMT"}, "http://a.example/", ""},
      {"http://a.example/", {"a=b; max-age=1"}, "http://a.example/", "a=b"},
      // hosts
      {"http://a.example/", {"a=b"}, "http://b.a.example/", ""},
      {"http://a.example/", {"a=b"}, "http://example/", ""},
      {"http://a.example:81/", {"a=b"}, "http://a.example:82/", "a=b"},
      {"http://A.Example/", {"a=b"}, "http://a.example/", "a=b"},
      {"http://a.b.example/", {"a=b; domain=b.example"}, "http://a.b.example/", "a=b"},
      {"http://a.b.example/", {"a=b; domain=b.example"}, "http://b.example/", "a=b"},
      {"http://a.b.example/", {"a=b; domain=.B.EXAMPLE"}, "http://c.b.example/", "a=b"},
      {"http://a.b.example/", {"a=b; domain=b.example"}, "http://ab.example/", ""},
      {"http://a.b.example/", {"a=b; domain=b.example"}, "http://xb.example/", ""},
      {"http://a.b.x/", {"a=b; domain=b.x"}, "http://b.x/", "a=b"},
      {"http://a.b.example/", {"a=b; domain=a.b.example"}, "http://x.a.b.example/", "a=b"},
      {"http://b.example/", {"a=b; domain=a.b.example"}, "http://a.b.example/", ""},
      {"http://a.b.example/", {"a=b; domain=c.b.example"}, "http://c.b.example/", ""},
      {"http://a.b.example/", {"a=b; domain=..b.example"}, "http://a.b.example/", ""},
      {"http://a.b.example/", {"a=b; domain=b.example."}, "http://a.b.example/", ""},
      {"http://a.b.example/", {"a=b; domain=\"b.example\""}, "http://a.b.example/", ""},
      {"http://a.example/", {"a=b; domain=example"}, "http://a.example/", ""},
      {"http://a.example/", {"a=b; domain=."}, "http://a.example/", "a=b"},
      {"http://a.b.example/", {"a=1", "a=2; domain=a.b.example"}, "http://a.b.example/", "a=1; a=2"},
      {"http://localhost/", {"a=b; domain=localhost"}, "http://localhost/", "a=b"},
      {"http://localhost/", {"a=b; domain=localhost"}, "http://x.localhost/", ""},
      {"http://a.example./", {"a=b; domain=example."}, "http://b.example./", ""},
      {"http://www.a.example./", {"a=b; domain=a.example."}, "http://b.a.example./", "a=b"},
      {"http://a.example./", {"a=b; domain=example"}, "http://b.example/", ""},
      // addresses
      {"http://127.0.0.1/", {"a=b"}, "http://127.0.0.1/", "a=b"},
      {"http://127.0.0.1/", {"a=b; domain=127.0.0.1"}, "http://127.0.0.1/", "a=b"},
      {"http://127.0.0.1/", {"a=1", "a=2; domain=127.0.0.1"}, "http://127.0.0.1/", "a=2"},
      {"http://127.0.0.1/", {"a=b; domain=0.0.1"}, "http://127.0.0.1/", ""},
      {"http://127.0.0.1/", {"a=b; domain=0.0.1"}, "http://1.0.0.1/", ""},
      {"http://[::1]/", {"a=b"}, "http://[::1]:9/", "a=b"},
      // paths
      {"http://h.example/a/b", {"a=b"}, "http://h.example/a/c?d", "a=b"},
      {"http://h.example/a/b", {"a=b"}, "http://h.example/a", "a=b"},
      {"http://h.example/a/b", {"a=b"}, "http://h.example/", ""},
      {"http://h.example/a/b", {"a=b"}, "http://h.example/ab", ""},
      {"http://h.example/a/", {"a=b"}, "http://h.example/a/x", "a=b"},
      {"http://h.example/a?b/c", {"a=b"}, "http://h.example/x", "a=b"},
      {"http://h.example/a/b", {"a=b; path=/"}, "http://h.example/x", "a=b"},
      {"http://h.example/", {"a=b; path=/x"}, "http://h.example/x/y", "a=b"},
      {"http://h.example/", {"a=b; path=/x"}, "http://h.example/x?/y", "a=b"},
      {"http://h.example/", {"a=b; path=/x"}, "http://h.example/xy", ""},
      {"http://h.example/", {"a=b; path=/x/"}, "http://h.example/x", ""},
      {"http://h.example/", {"a=b; path=/X"}, "http://h.example/x", ""},
      {"http://h.example/", {"a=b; path=x"}, "http://h.example/y", "a=b"},
      {"http://h.example/", {"a=1; path=/", "a=2; path=/x", "b=3; path=/x"}, "http://h.example/x",
       "a=2; b=3; a=1"},
      // Secure
      {"https://h.example/", {"a=b; secure"}, "https://h.example/", "a=b"},
      {"https://h.example/", {"a=b; secure"}, "http://h.example/", ""},
      {"http://h.example/", {"a=b; secure"}, "https://h.example/", ""},
      {"https://h.example/", {"a=b"}, "http://h.example/", "a=b"},
      // prefixes
      {"https://h.example/", {"__Secure-a=b"}, "https://h.example/", ""},
      {"https://h.example/", {"__Secure-a=b; secure"}, "https://h.example/", "__Secure-a=b"},
      {"https://a.h.example/x/y", {"__Secure-a=b; secure; domain=h.example"}, "https://h.example/x", "__Secure-a=b"},
      {"https://h.example/", {"__Host-a=b; secure; path=/"}, "https://h.example/", "__Host-a=b"},
      {"https://h.example/x/y", {"__host-a=b; secure"}, "https://h.example/x/y", ""},
      {"https://h.example/", {"__Host-a=b; secure; domain=h.example"}, "https://h.example/", ""},
  };
  for (const row& r : rows) {
    INFO(r.from << " sets " << r.sets.back() << ", asked: " << r.to);
    cookie_store store;
    for (const char* set : r.sets) store.set(at(r.from), set, now);
    CHECK(store.field_for(at(r.to), now) == r.sent);
  }
}

TEST_CASE("http cannot put a cookie in the place of one that https keeps", "[http][cookie][security]") {
  cookie_store store;
  REQUIRE(store.set(at("https://a.h.example/x"), "id=1; secure; domain=h.example; path=/x", now));
  CHECK(!store.set(at("http://a.h.example/x/y"), "id=2", now));
  CHECK(!store.set(at("http://h.example/"), "id=2; path=/x", now));
  CHECK(store.set(at("http://h.example/"), "id=2; path=/", now));
  CHECK(store.set(at("http://h.example/"), "other=2; path=/x", now));
  CHECK(store.set(at("https://a.h.example/"), "id=3; domain=h.example; path=/x", now));
  REQUIRE(store.set(at("https://deep.site.example/"), "sid=1; secure", now));
  CHECK(!store.set(at("http://site.example/"), "sid=2; domain=site.example", now));  // it would be sent to `deep`, too
  CHECK(store.set(at("http://other.example/"), "sid=2", now));                        // nobody's business here
}

TEST_CASE("whoever sets a cookie is told that it is ignored", "[http][cookie]") {
  cookie_store store;
  CHECK(!store.set(at("http://h.example/"), "=nothing", now));
  CHECK(!store.set(at("http://h.example/"), "a=b; secure", now));
  CHECK(!store.set(at("http://h.example/"), "a=b; domain=other.example", now));
  CHECK(!store.set(at("https://h.example/"), "__Host-a=b; path=/", now));
  CHECK(store.cookies().empty());
}

TEST_CASE("cookies end when they said", "[http][cookie]") {
  cookie_store store;
  store.set(at("http://h.example/"), "a=b; max-age=10", now);
  store.set(at("http://h.example/"), "session=1", now);
  CHECK(store.field_for(at("http://h.example/"), now + 9) == "a=b; session=1");
  CHECK(store.field_for(at("http://h.example/"), now + 10) == "session=1");
  store.set(at("http://h.example/"), "c=d", now + 10);
  CHECK(store.cookies().size() == 2);
  store.set(at("http://h.example/"), "over=1; max-age=0", now + 10);
  CHECK(store.cookies().size() == 2);  // what has ended when it comes is not kept
}

TEST_CASE("a domain with too many cookies costs no other one, and the first may be the one that goes", "[http][cookie]") {
  cookie_store store({.per_domain = 2, .in_all = 9});
  store.set(at("http://other.example/"), "a=1", now);
  for (const char* set : {"a=1", "b=2", "c=3"}) store.set(at("http://h.example/"), set, now);
  CHECK(store.field_for(at("http://other.example/"), now) == "a=1");
  CHECK(store.field_for(at("http://h.example/"), now) == "b=2; c=3");
  cookie_store small({.per_domain = 2, .in_all = 2});
  for (const char* from : {"http://a.example/", "http://b.example/", "http://c.example/"}) small.set(at(from), "x=1", now);
  CHECK(small.field_for(at("http://a.example/"), now) == "");
  CHECK(small.field_for(at("http://b.example/"), now) == "x=1");
}

TEST_CASE("a domain has so many cookies, and so have all; the least used go first", "[http][cookie]") {
  CHECK(cookie_limits().per_domain == 50);
  CHECK(cookie_limits().in_all == 3000);
  cookie_store store({.per_domain = 50, .in_all = 70});
  const url h = at("http://h.example/");
  for (int i = 0; i < 50; ++i) store.set(h, "n" + std::to_string(i) + "=x; path=/" + std::to_string(i), now);
  CHECK(store.field_for(at("http://h.example/0"), now) == "n0=x");
  store.set(h, "last=x; path=/last", now);
  CHECK(store.cookies().size() == 50);
  CHECK(store.field_for(at("http://h.example/0"), now) == "n0=x");
  CHECK(store.field_for(at("http://h.example/1"), now) == "");
  for (int i = 0; i < 100; ++i)
    store.set(at("http://h" + std::to_string(i) + ".example/"), "a=b", now);
  CHECK(store.cookies().size() == 70);
  CHECK(store.field_for(at("http://h99.example/"), now) == "a=b");
  CHECK(store.field_for(at("http://h29.example/"), now) == "");
}

TEST_CASE("cookies go to a file and come back", "[http][cookie]") {
  cookie_store store;
  store.set(at("http://h.example/"), "session=1", now);
  store.set(at("https://a.h.example/x/y"), "b=\"2 2\"; secure; httponly; domain=h.example; max-age=9", now);
  store.set(at("http://[::1]/"), "empty=", now);
  const std::string text = format_cookie_file(store.cookies());
  CHECK(text ==
        "# Netscape HTTP Cookie File\n# domain, subdomains, path, secure, end, name, value\n\n"
        "h.example\tFALSE\t/\tFALSE\t0\tsession\t1\n"
        "#HttpOnly_.h.example\tTRUE\t/x\tTRUE\t1000000009\tb\t\"2 2\"\n"
        "::1\tFALSE\t/\tFALSE\t0\tempty\t\n");
  cookie_store again;
  std::string_view rest = text;
  while (auto cookie = take_cookie_line(rest)) again.put(std::move(*cookie), now);
  CHECK(format_cookie_file(again.cookies()) == text);
  CHECK(again.field_for(at("https://b.h.example/x"), now) == "b=\"2 2\"");
}

TEST_CASE("lines that are no cookies are skipped", "[http][cookie]") {
  std::string_view text =
      "# a comment\n\n"
      "h.example\tFALSE\t/\tFALSE\t0\n"
      "h.example\tFALSE\t/\tFALSE\tsoon\ta\tb\n"
      "\tFALSE\t/\tFALSE\t0\ta\tb\n"
      "h.example\tFALSE\tx\tFALSE\t0\ta\tb\n"
      "h.example\tFALSE\t/\tFALSE\t0\t\tb\n"
      "h.example\tFALSE\t/\tFALSE\t0\ta;x\tb\n"
      "h.example\tFALSE\t/\tFALSE\t0\ta\tb; c=d\n"
      "h.example\tFALSE\t/\tFALSE\t0\ta\tb\x01\n"
      "h.example\tFALSE\t/\tFALSE\t99999999999999\ta\tb\n"
      "#h.example\tFALSE\t/\tFALSE\t0\ta\tb\n"
      "h.example\tFALSE\t/\tFALSE\t0\ta\tb\tc\n"
      "H.Example\tTRUE\t/\tFALSE\t0\tgood\r\n";
  const auto cookie = take_cookie_line(text);
  REQUIRE(cookie);
  CHECK(cookie->name == "good");
  CHECK(cookie->value == "");
  CHECK(cookie->domain == "h.example");
  CHECK(!cookie->host_only);
  CHECK(!take_cookie_line(text));
  const std::string start = "h.example\tFALSE\t/\tFALSE\t0\ta\t";
  const std::string fits = start + std::string(4095, 'x');  // and no line's end behind it
  text = fits;
  CHECK(take_cookie_line(text));
  const std::string larger = start + std::string(4096, 'x');
  text = larger;
  CHECK(!take_cookie_line(text));
}
