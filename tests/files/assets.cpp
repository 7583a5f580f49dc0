// The handler over contents in memory.
#include <tinyhttp/files/assets.hpp>

#include "scratch.hpp"

#include <stdexcept>
#include <string>
#include <string_view>

using namespace tinyhttp;

namespace {

assets site(assets_options options = {}) {
  assets made(std::move(options));
  made.add("index.html", "home").add("app.js", "0123456789").add("docs/index.html", "docs");
  made.add("docs/a b.txt", "text").add(".well-known/x", "x");
  return made;
}

response get(const assets& serve, std::string_view target, const fields& f = {}) {
  return serve(request::get(target, f));
}

}  // namespace

TEST_CASE("an asset is served by its name, with its type and a tag", "[files][assets]") {
  const assets serve = site();
  CHECK(serve.size() == 5);
  const response r = get(serve, "/app.js?v=1");
  CHECK(r.status == status::ok);
  CHECK(r.fields["Content-Type"] == "text/javascript; charset=utf-8");
  CHECK(r.fields["Cache-Control"] == "no-cache");
  CHECK_FALSE(r.fields.contains("Last-Modified"));
  CHECK(scratch::octets(r.body) == "0123456789");
  CHECK(get(serve, "/app.js", {{"If-None-Match", r.fields["ETag"]}}).status == 304);
  CHECK(scratch::octets(get(serve, "/app.js", {{"Range", "bytes=-2"}}).body) == "89");
  CHECK(get(serve, "/app.js", {{"Range", "bytes=10-"}}).fields["Content-Range"] == "bytes */10");
  CHECK(scratch::octets(get(serve, "/docs/a%20b.txt").body) == "text");
  CHECK(scratch::octets(get(serve, "/.well-known/x").body) == "x");
  const response by_head = serve(request::head("/app.js"));
  CHECK(by_head.body.length() == 10U);
  CHECK(serve(request(method::put, "/app.js")).operator response().fields["Allow"] == "GET, HEAD");
}

TEST_CASE("two contents have two tags, equal ones have one", "[files][assets]") {
  const auto tag = [](std::string octets) {
    assets one;
    one.add("x", std::move(octets));
    return std::string(get(one, "/x").fields["ETag"]);
  };
  CHECK(tag("same") == tag("same"));
  CHECK(tag("") != tag(std::string(1, '\0')));
  CHECK(tag("abcdefgh") != tag("abcdefgi"));
  CHECK(tag("abcdefgh12345678") != tag("12345678abcdefgh"));
  CHECK(tag(std::string(8, '\0')) != tag(std::string(16, '\0')));
}

TEST_CASE("folders have an index, and a slash", "[files][assets]") {
  const assets serve = site();
  CHECK(scratch::octets(get(serve, "/").body) == "home");
  CHECK(scratch::octets(get(serve, "/docs/").body) == "docs");
  CHECK(get(serve, "/docs?q").fields["Location"] == "/docs/?q");
  CHECK(get(serve, "/none/").status == 404);
  CHECK(get(serve, "/app.js/").status == 404);
  CHECK(get(serve, "//docs").status == 404);
  CHECK(get(serve, "/../app.js").status == 400);
  CHECK(get(serve, "/./docs/").fields["Location"] == "/docs/");
  CHECK(get(serve, "/.//docs/").status == 400);
  const assets mounted = site({.strip_prefix = "/ui"});
  CHECK(get(mounted, "/ui").fields["Location"] == "/ui/");
  CHECK(scratch::octets(get(mounted, "/ui/app.js").body) == "0123456789");
  CHECK(get(mounted, "/app.js").status == 404);
}

TEST_CASE("a prefix begins with a slash, and a fallback does not", "[files][assets]") {
  CHECK_THROWS_WITH(assets({.strip_prefix = "ui"}), "strip_prefix begins with /, fallback does not");
  CHECK_THROWS_AS(assets({.fallback = "/index.html"}), std::invalid_argument);
}

TEST_CASE("a fallback is for navigations only", "[files][assets]") {
  const assets serve = site({.fallback = "index.html"});
  const fields page{{"Accept", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"}};
  CHECK(scratch::octets(get(serve, "/users/42", page).body) == "home");
  CHECK(get(serve, "/users/42", page).status == status::ok);
  CHECK(get(serve, "/users/42", page).fields["Vary"] == "Accept, Sec-Fetch-Mode");
  CHECK(get(serve, "/index.html", page).fields["Vary"] == "");
  CHECK(get(serve, "/missing.js", {{"Accept", "*/*"}}).status == 404);
  CHECK(get(serve, "/users/42").status == 404);
  CHECK(get(serve, "/x", {{"Sec-Fetch-Mode", "navigate"}}).status == 200);
  CHECK(get(serve, "/x", {{"Sec-Fetch-Mode", "cors"}, {"Accept", "text/html"}}).status == 404);
  CHECK(get(serve, "/x", {{"Accept", "TEXT/HTML ; Q=0.000, */*"}}).status == 404);  // refused by name
  CHECK(get(serve, "/x", {{"Accept", "text/html;q=0.001"}}).status == 200);
  CHECK(get(serve, "/x").fields["Vary"] == "Accept, Sec-Fetch-Mode");
  CHECK(get(site(), "/users/42", page).status == 404);
}

TEST_CASE("variants go to those who accept them", "[files][assets]") {
  assets serve;
  serve.add("a.css", "plain").add("a.css", "brotli", "br").add("a.css", "gzipped", "gzip");
  serve.add("only.css", "gzipped", "gzip");
  const auto octets = [&](const char* accept) {
    return scratch::octets(get(serve, "/a.css", {{"Accept-Encoding", accept}}).body);
  };
  CHECK(octets("gzip, br") == "brotli");
  CHECK(octets("gzip") == "gzipped");
  CHECK(octets("deflate") == "plain");
  CHECK(octets("br;q=0, gzip;q=0") == "plain");
  CHECK(octets("identity;q=0, deflate") == "plain");
  const response r = get(serve, "/a.css", {{"Accept-Encoding", "br"}});
  CHECK(r.fields["Content-Encoding"] == "br");
  CHECK(r.fields["Vary"] == "Accept-Encoding");
  CHECK(r.fields["ETag"] != get(serve, "/a.css").fields["ETag"]);
  CHECK(get(serve, "/only.css").fields["Content-Encoding"] == "gzip");
  assets coded_first;
  coded_first.add("a", "gzipped", "gzip").add("a", "plain");
  CHECK(scratch::octets(get(coded_first, "/a").body) == "plain");
  CHECK(scratch::octets(get(coded_first, "/a", {{"Accept-Encoding", "deflate;q=0.5, br, identity;q=0"}}).body) == "plain");
}

TEST_CASE("one content in two codings has two tags, and each its policy", "[files][assets]") {
  assets serve({.cache_control = "no-store", .cache_rules = {{.suffix = ".js", .cache_control = "max-age=60"}}});
  serve.add("a.js", "same").add("a.js", "same", "gzip").add("b", "other");
  const response plain = get(serve, "/a.js"), coded = get(serve, "/a.js", {{"Accept-Encoding", "gzip"}});
  CHECK(plain.fields["ETag"] != coded.fields["ETag"]);
  CHECK(plain.fields["Cache-Control"] == "max-age=60");
  CHECK(coded.fields["Cache-Control"] == "max-age=60");
  CHECK(get(serve, "/b").fields["Cache-Control"] == "no-store");
}

TEST_CASE("a name is replaced by adding it again, and must be one", "[files][assets]") {
  assets serve;
  serve.add("a", "one").add("a", "two");
  CHECK(serve.size() == 1);
  CHECK(scratch::octets(get(serve, "/a").body) == "two");
  for (const char* bad : {"", "/a", "a/", "a//b", "../a", "a/./b", "a\\b", "a\nb"}) {
    CAPTURE(bad);
    CHECK_THROWS_AS(serve.add(bad, "x"), std::invalid_argument);
  }
  CHECK_THROWS_AS(serve.add("b", "x", "g zip"), std::invalid_argument);
  CHECK_THROWS_AS(assets({.cache_control = "a\r\nb"}), std::invalid_argument);
}

TEST_CASE("errors of assets may have pages of your own", "[files][assets][error_pages]") {
  assets serve({.error_pages = {{404, "404.html"}, {400, "none.html"}}});
  serve.add("404.html", "<p>nowhere").add("404.html", "gzipped", "gzip");
  const response lost = get(serve, "/x", {{"Accept-Encoding", "gzip"}});
  CHECK(lost.status == 404);
  CHECK(scratch::octets(lost.body) == "<p>nowhere");
  CHECK_FALSE(lost.fields.contains("Content-Encoding"));
  CHECK(lost.fields["Content-Type"] == "text/html; charset=utf-8");
  CHECK(scratch::octets(get(serve, "/../x").body) == "400 Bad Request\n");
}

TEST_CASE("what cannot be added leaves the assets as they were", "[files][assets]") {
  assets serve({.media_types = {{".bad", "text/plain\r\nX: y"}}});
  serve.add("index.html", "home");
  CHECK_THROWS_AS(serve.add("a.bad", "octets"), std::invalid_argument);
  CHECK(serve.size() == 1);
  CHECK(get(serve, "/a.bad").status == 404);
  CHECK_THROWS_AS(serve.add("index.html", "other", "no token"), std::invalid_argument);
  CHECK(scratch::octets(get(serve, "/").body) == "home");
}
