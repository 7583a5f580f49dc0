#include <tinyhttp/app/router.hpp>

#include <cstddef>
#include <new>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "allocations.hpp"
#include "catch.hpp"

using namespace tinyhttp;

namespace {

/// A handler that says its name, and the values of the named segments it is asked about.
auto say(std::string_view name, std::vector<std::string> parameters = {}) {
  return [name = std::string(name), parameters = std::move(parameters)](const request& r) {
    std::string line = name;
    for (const auto& each : parameters)
      line.append(" ").append(each).append("=").append(r.path_params[each]);
    return text(std::move(line));
  };
}

std::string answer(const router& app, const method& m, std::string_view target) {
  const response r = app(request(m, target));
  return r.status == status::ok ? std::string(r.body.text())
                                : ascii::to_decimal(static_cast<std::uint64_t>(r.status.code()));
}
std::string answer(const router& app, std::string_view target) {
  return answer(app, method::get, target);
}

std::string allow(const router& app, const method& m, std::string_view target) {
  return std::string(app(request(m, target)).fields["Allow"]);
}

}  // namespace

TEST_CASE("a router calls the handler of the path and the method", "[app][router]") {
  router app;
  app.get("/", say("root"))
      .get("/hello/{name}", say("hello", {"name"}))
      .post("/hello/{name}", say("greet", {"name"}))
      .put("/a", say("put"))
      .patch("/a", say("patch"))
      .delete_("/a", say("delete"))
      .head("/a", say("head"))
      .options("/a", say("options"))
      .route("BREW", "/a", say("brew"))
      .any("/b", say("any"));

  CHECK(answer(app, "/") == "root");
  CHECK(answer(app, "/hello/ada") == "hello name=ada");
  CHECK(answer(app, method::post, "/hello/ada") == "greet name=ada");
  for (const auto* m : {"PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "BREW"}) {
    CAPTURE(m);
    CHECK(answer(app, m, "/a") == ascii::to_lower(m));
    CHECK(answer(app, m, "/b") == "any");
  }
}

TEST_CASE("the query and the authority of a target choose nothing", "[app][router][rfc9112-3.2]") {
  router app;
  app.get("/a", say("a")).get("/", say("root"));

  CHECK(answer(app, "/a?b=/c") == "a");
  CHECK(answer(app, "/?") == "root");
  CHECK(answer(app, "http://example.com/a?x") == "a");
  CHECK(answer(app, "http://example.com") == "root");
  CHECK(answer(app, "http://example.com?x=1") == "root");
}

TEST_CASE("the first segment that differs decides: literal, named, rest", "[app][router]") {
  router app;
  app.get("/{path...}", say("rest", {"path"}))
      .get("/{kind}/me", say("kind-me", {"kind"}))
      .get("/users/{id}", say("user", {"id"}))
      .get("/users/me", say("me"))
      .get("/users/{id}/posts/{post}", say("post", {"id", "post"}))
      .get("/users/me/settings", say("settings"))
      .get("/users/me/{what...}", say("what", {"what"}));

  CHECK(answer(app, "/users/me") == "me");
  CHECK(answer(app, "/users/you") == "user id=you");
  CHECK(answer(app, "/pets/me") == "kind-me kind=pets");
  CHECK(answer(app, "/users/me/settings") == "settings");
  CHECK(answer(app, "/users/me/posts/7") == "what what=posts/7");
  CHECK(answer(app, "/users/you/posts/7") == "post id=you post=7");
  CHECK(answer(app, "/users/you/posts") == "rest path=users/you/posts");
  CHECK(answer(app, "/pets") == "rest path=pets");
  CHECK(answer(app, "/") == "rest path=");
}

TEST_CASE("a branch that leads nowhere is left again for a less specific one", "[app][router]") {
  router app;
  app.get("/a/b/c/d", say("literal"))
      .get("/a/{x}/c/e", say("one", {"x"}))
      .get("/{x}/b/{y}/f", say("two", {"x", "y"}))
      .get("/{x}/{y}/{z}/{w}", say("four", {"x", "y", "z", "w"}));

  CHECK(answer(app, "/a/b/c/d") == "literal");
  CHECK(answer(app, "/a/b/c/e") == "one x=b");
  CHECK(answer(app, "/a/b/c/f") == "two x=a y=c");
  CHECK(answer(app, "/a/b/c/g") == "four x=a y=b z=c w=g");
  CHECK(answer(app, "/a/b/c") == "404");
  CHECK(answer(app, "/a/b/c/d/") == "404");
}

TEST_CASE("literal patterns are told apart by every octet, however many there are", "[app][router]") {
  router app;
  std::vector<std::string> paths;
  for (std::size_t size = 0; size < 40; ++size)
    for (const char* const last : {"", "/", "x", "y", "/x", "/y"})
      paths.push_back("/" + std::string(size, 'a') + last);
  for (const auto& path : paths) app.get(path, say(path));
  std::size_t wrong = 0;
  for (const auto& path : paths) {
    if (answer(app, path) != path) ++wrong;
    if (answer(app, path + "z") != "404") ++wrong;
    std::string other = path;
    for (std::size_t i = 1; i < other.size(); ++i) {
      const char kept = std::exchange(other[i], 'z');
      if (answer(app, other) != "404") ++wrong;
      other[i] = kept;
    }
  }
  CHECK(wrong == 0);
  CHECK(answer(app, "/%61%61x") == "/aax");
}

TEST_CASE("a literal route without the method leaves the path to a less specific one", "[app][router]") {
  router app;
  app.get("/a", say("literal")).any("/{x}", say("named", {"x"}));
  router inner;
  inner.get("/c", say("inner")).otherwise(say("below"));
  app.mount("/b", std::move(inner));
  CHECK(answer(app, "/a") == "literal");
  CHECK(answer(app, method::head, "/a") == "literal");
  CHECK(answer(app, method::post, "/a") == "named x=a");
  CHECK(answer(app, "/b/c") == "inner");
  CHECK(answer(app, method::put, "/b/c") == "405");
  CHECK(answer(app, method::put, "/b/d") == "below");
}

TEST_CASE("slashes are counted as they stand", "[app][router]") {
  router app;
  app.get("/a", say("a"))
      .get("/b/", say("b/"))
      .get("/c/{x}", say("c", {"x"}))
      .get("/d/{x...}", say("d", {"x"}));

  CHECK(answer(app, "/a/") == "404");
  CHECK(answer(app, "//a") == "404");
  CHECK(answer(app, "/b") == "404");
  CHECK(answer(app, "/b/") == "b/");
  CHECK(answer(app, "/c") == "404");
  CHECK(answer(app, "/c/") == "404");  // a named segment is not empty
  CHECK(answer(app, "/c/1/") == "404");
  CHECK(answer(app, "/d") == "404");
  CHECK(answer(app, "/d/") == "d x=");
  CHECK(answer(app, "/d/1//2/") == "d x=1//2/");
}

TEST_CASE("a literal route is found whatever its first segment begins with", "[app][router]") {
  router app;
  for (const char* pattern : {"/", "//b", "/a", "/\xC3\xA9", "/~x/y"}) app.get(pattern, [pattern](const request&) { return text(pattern); });
  for (const char* pattern : {"/", "//b", "/a", "/~x/y"}) CHECK(answer(app, pattern) == pattern);
  CHECK(answer(app, "/%C3%A9") == "/\xC3\xA9");
  CHECK(answer(app, "/%61") == "/a");
  CHECK(answer(app, "/%7Ex/y") == "/~x/y");
  for (const char* other : {"/!", "/b", "//a", "/>x/y", "/%62"}) CHECK(answer(app, other) == "404");
  app.get("/{any}", [](const request&) { return text("any"); });
  CHECK(answer(app, "/b") == "any");
}

TEST_CASE("a path is compared and handed on as it decodes, after it was split",
          "[app][router][rfc3986-2.1]") {
  router app;
  app.get("/users/{id}", say("user", {"id"}))
      .get("/users/admin", say("admin"))
      .get("/caf\xc3\xa9/a b", say("cafe"))
      .get("/files/{path...}", say("file", {"path"}));

  // literals
  CHECK(answer(app, "/users/%61dmin") == "admin");
  CHECK(answer(app, "/%75sers/admin") == "admin");
  CHECK(answer(app, "/caf%C3%a9/a%20b") == "cafe");
  CHECK(answer(app, "/users%2Fadmin") == "404");
  CHECK(answer(app, "/Users/admin") == "404");
  // named
  CHECK(answer(app, "/users/a%20b%2520c+d") == "user id=a b%20c+d");
  CHECK(answer(app, "/users/a%2Fb") == "user id=a/b");
  CHECK(answer(app, "/users/@a%2Fb.c..d%2F") == "user id=@a/b.c..d/");
  CHECK(answer(app, "/users/..a.") == "user id=..a.");
  // rest
  CHECK(answer(app, "/files/a%20b/.c%23/") == "file path=a b/.c#/");
}

TEST_CASE("a path that no handler should see is refused", "[app][router][security]") {
  router app;
  app.get("/users/{id}", say("user")).get("/files/{path...}", say("file"));
  const std::string path = GENERATE(
      // malformed escapes, wherever they stand
      "/%", "/%4", "/%zz", "/users/%", "/users/a%4", "/users/%4x", "/files/%%41", "/nowhere/%g1",
      // octets and segments that are not what they look like
      "/users/%00", "/users/a%00b", "/users/..", "/users/%2e%2E", "/users/.", "/files/..",
      "/files/a/../b", "/files/a/%2e./b", "/files/./a", "/files/a/.", "/files/a%00", "/files/a%2Fb",
      "/files/%2fetc", "/files//etc/passwd", "/files/..%5c..%5cx",
      // slashes that are escaped, in one segment: a path that is put behind a folder's leads out of it
      "/users/..%2f..%2fetc%2fpasswd", "/users/a%2f..%2f..%2fb", "/users/%2e%2e%2fa", "/users/a%2F..", "/users/.%2fa",
      "/users/%2fetc", "/users/..%5c..%5ca");

  CAPTURE(path);
  CHECK(answer(app, path) == "400");
}

TEST_CASE("dots are refused where they are a whole part of a path, and nowhere else", "[app][router][security]") {
  router app;
  app.get("/files/{path...}", say("file", {"path"}));
  const std::string_view octets = "./a\\";
  std::string wrong;
  for (std::size_t number = 0; number < 4 * 4 * 4 * 4 * 4 * 4; ++number) {
    std::string rest = "a";
    for (std::size_t left = number; left != 0; left /= 4) rest += octets[left % 4];
    if (number % 2 != 0) rest.erase(0, 1);
    bool dots = rest.starts_with('/');
    for (std::size_t at = 0; at <= rest.size();) {
      const std::string part = rest.substr(at, rest.find_first_of("/\\", at) - at);
      dots = dots || part == "." || part == "..";
      at += part.size() + 1;
    }
    if (answer(app, "/files/" + rest) != (dots ? "400" : "file path=" + rest)) wrong += rest + " ";
  }
  CHECK(wrong.empty());
}

TEST_CASE("HEAD is answered by the GET handler, unless it has its own",
          "[app][router][rfc9110-9.3.2]") {
  router app;
  app.any("/a", say("any"))
      .get("/a", say("get"))
      .get("/b", say("get"))
      .head("/b", say("head"))
      .post("/c", say("post"));

  CHECK(answer(app, method::head, "/a") == "get");
  CHECK(answer(app, method::head, "/b") == "head");
  CHECK(answer(app, method::head, "/c") == "405");
}

TEST_CASE("a method that a known path lacks is 405, with what it has in Allow",
          "[app][router][rfc9110-15.5.6]") {
  router app;
  app.get("/a", say("a")).post("/a", say("a")).put("/{x}", say("x")).delete_("/b/{x...}", say("b"));

  const response r = app(request(method::delete_, "/a"));
  CHECK(r.status == status::method_not_allowed);
  CHECK(r.fields["Allow"] == "GET, HEAD, POST, PUT, OPTIONS");
  CHECK(answer(app, method::put, "/a") == "x");  // the most specific one that has the method
  CHECK(answer(app, "BREW", "/b/") == "405");
  CHECK(allow(app, "get", "/b/1/2") == "DELETE, OPTIONS");  // methods are case-sensitive
}

TEST_CASE("a method that no route has is 501 where nothing is known, else 404",
          "[app][router][rfc9110-9.1]") {
  router app;
  app.get("/a", say("a")).post("/b", say("b"));

  CHECK(answer(app, "BREW", "/nowhere") == "501");
  CHECK(answer(app, method::delete_, "/nowhere") == "501");
  CHECK(answer(app, method::get, "/nowhere") == "404");
  CHECK(answer(app, method::head, "/nowhere") == "404");
  CHECK(answer(app, method::post, "/nowhere") == "404");
  CHECK(answer(app, method::options, "/nowhere") == "404");
  CHECK(answer(app.any("/c", say("c")), "BREW", "/nowhere") == "404");
}

TEST_CASE("OPTIONS tells what a path, or the whole router, can do",
          "[app][router][rfc9110-9.3.7]") {
  router app;
  app.get("/a", say("a")).post("/b", say("b")).options("/c", say("own"));

  const response r = app(request(method::options, "/a"));
  CHECK(r.status == status::no_content);
  CHECK(r.fields["Allow"] == "GET, HEAD, OPTIONS");
  CHECK(r.body.text().empty());
  CHECK(answer(app, method::options, "/c") == "own");

  CHECK(answer(app, method::options, "*") == "204");
  CHECK(allow(app, method::options, "*") == "GET, HEAD, POST, OPTIONS");
  CHECK(allow(router(), method::options, "*") == "OPTIONS");
}

TEST_CASE("CONNECT has no path, and no route", "[app][router][rfc9110-9.3.6]") {
  router app;
  CHECK(answer(app, method::connect, "example.com:443") == "501");
  app.get("/", say("root"));
  CHECK(answer(app, method::connect, "example.com:443") == "501");
  app.otherwise(say("otherwise"));
  CHECK(answer(app, method::connect, "example.com:443") == "otherwise");
}

TEST_CASE("what no pattern fits goes to otherwise, whatever the method", "[app][router]") {
  router app;
  app.get("/a", say("a")).otherwise(say("first")).otherwise(say("otherwise"));

  CHECK(answer(app, "/b") == "otherwise");
  CHECK(answer(app, "BREW", "/b") == "otherwise");
  CHECK(answer(app, method::options, "/b") == "otherwise");
  CHECK(answer(app, method::post, "/a") == "405");
  CHECK(answer(app, "/%") == "400");
}

TEST_CASE("HEAD is GET's before it is any's, whichever came first", "[app][router]") {
  router app;
  app.get("/a", say("get")).any("/a", say("any")).any("/b", say("any")).get("/b", say("get"));
  for (const auto* path : {"/a", "/b"}) {
    CHECK(answer(app, method::head, path) == "get");
    CHECK(answer(app, method::put, path) == "any");
  }
}

TEST_CASE("a request that is asked about again has the parameters of its new path", "[app][router]") {
  router app;
  app.get("/{name}", say("one", {"name"})).get("/fixed/path", say("literal", {"name"})).get("/x/{other}", say("two", {"name", "other"}));
  request r = request::get("/ada");
  CHECK(response(app(r)).body.text() == "one name=ada");
  r.target = target("/fixed/path");
  CHECK(response(app(r)).body.text() == "literal name=");
  r.target = target("/ada");
  CHECK(response(app(r)).body.text() == "one name=ada");
  r.target = target("/x/y");
  CHECK(response(app(r)).body.text() == "two name= other=y");
}

TEST_CASE("a prefix with a slash at its end is refused", "[app][router]") {
  router app;
  CHECK_THROWS_AS(app.mount("/a/", router()), std::invalid_argument);
}

TEST_CASE("a mounted router answers below its prefix", "[app][router]") {
  router users;
  users.get("/{id}", say("user", {"tenant", "id"})).otherwise(say("no user"));
  router app;
  app.mount("/t/{tenant}/users", std::move(users))
      .get("/t/{tenant}", say("tenant", {"tenant"}))
      .otherwise(say("nothing"));

  CHECK(answer(app, "/t/x") == "tenant tenant=x");
  CHECK(answer(app, "/t/x/users/7") == "user tenant=x id=7");
  CHECK(answer(app, method::post, "/t/x/users/7") == "405");
  CHECK(allow(app, method::post, "/t/x/users/7") == "GET, HEAD, OPTIONS");
  CHECK(answer(app, "/t/x/users/7/8") == "no user");
  CHECK(answer(app, "/t/x/users/../..") ==
        "no user");  // nothing is captured, so nothing is refused
  CHECK(answer(app, "/t/x/users") == "nothing");
  CHECK(answer(app, "/t/x/user") == "nothing");
}

TEST_CASE("a route for which there is no memory is none, and the router goes on", "[app][router][memory]") {
  if (!allocations_are_counted()) return;
  for (long at = 0, failed = 1; failed != 0; ++at) {
    router app;
    app.get("/a", say("a"));
    router other;
    other.get("/b/{x}/c", say("c")).post("/b", say("b")).otherwise(say("other"));
    fail_allocation_after(at);
    try {
      app.get("/first/second/third/{fourth}/fifth", say("five")).mount("/prefix", std::move(other));
    } catch (const std::bad_alloc&) {
    }
    failed = allocation_has_failed() ? 1 : 0;
    fail_allocation_after(-1);
    INFO("allocation " << at);
    const std::size_t there = app.routes().size();
    CHECK((there == 1 || there == 2 || (there == 4 && failed == 0)));
    CHECK(app(request::get("/a")).status == status::ok);
    CHECK((app(request::get("/first/second/third/4/fifth")).status == status::ok) == (there > 1));
    for (const auto* path : {"/first", "/first/second", "/first/second/third/4", "/prefix"})
      CHECK(app(request::get(path)).status == status::not_found);
    for (const auto* path : {"/prefix/b/1/c", "/prefix/none"})
      CHECK((app(request::get(path)).status == status::ok) == (there == 4));
    if (there == 1) app.get("/first/second/third/{fourth}/fifth", say("again"));
    CHECK(app(request::get("/first/second/third/4/fifth")).status == status::ok);
  }
}

TEST_CASE("a router that cannot be mounted as a whole is not mounted at all", "[app][router]") {
  router app;
  app.get("/a/{x}", say("own", {"x"}));
  router other;
  other.get("/b/c", say("literal")).get("/{y}", say("same")).otherwise(say("otherwise"));
  CHECK_THROWS_AS(app.mount("/a", std::move(other)), std::invalid_argument);

  CHECK(app.routes().size() == 1);
  CHECK(answer(app, "/a/b/c") == "404");
  CHECK(answer(app, method::post, "/a/b/c") == "501");
  CHECK(answer(app, "/a/1") == "own x=1");
  router better;
  better.get("/b/c", say("literal"));
  app.mount("/a", std::move(better));
  CHECK(answer(app, "/a/b/c") == "literal");
}

TEST_CASE("a rest without a name takes what is handed to nobody", "[app][router]") {
  router app;
  app.any("/t/{tenant}/{...}", say("api", {"tenant", ""})).get("/t/x/own", say("own")).get("/{rest...}", say("rest", {"rest"}));

  for (const char* below : {"/", "/a", "//a", "/a%2Fb", "/./a", "/%2e%2e/a", "/own/x", "/%00"}) {
    INFO(below);
    CHECK(answer(app, std::string("/t/x") + below) == "api tenant=x =");
    CHECK(answer(app, "BREW", std::string("/t/x") + below) == "api tenant=x =");
  }
  CHECK(answer(app, "/t/x/own") == "own");
  CHECK(answer(app, "/t/x") == "rest rest=t/x");
  CHECK(answer(app, "/t/x/%") == "400");
  CHECK(answer(app, "/t/../a") == "400");  // that has a name
  CHECK(answer(app, "/a%2Fb") == "400");
  CHECK_THROWS_AS(app.any("/t/{x}/{rest...}", say("again")), std::invalid_argument);
  CHECK_THROWS_AS(app.any("/{...}/x", say("more")), std::invalid_argument);
}

TEST_CASE("a router is a handler, and fits into another", "[app][router]") {
  STATIC_REQUIRE(handler<router>);
  router inner;
  inner.get("/in/{x}", say("inner", {"x"}));
  router outer;
  outer.any("/in/{all...}", std::move(inner));

  CHECK(answer(outer, "/in/1") == "inner x=1");
  CHECK(answer(outer, "/in/") == "404");
}

TEST_CASE("two routes for the same requests are refused, and both are named", "[app][router]") {
  router app;
  app.get("/users/{id}", say("1")).any("/files/{path...}", say("2"));
  const auto refused = [&app](const char* m, const char* pattern) -> std::string {
    try {
      if (*m == '\0') {
        app.any(pattern, say("x"));
      } else {
        app.route(m, pattern, say("x"));
      }
    } catch (const std::invalid_argument& e) {
      return e.what();
    }
    return "accepted";
  };

  CHECK(refused("GET", "/users/{name}") ==
        "router: GET /users/{name} fits the same requests as GET /users/{id}");
  CHECK(refused("", "/files/{rest...}") ==
        "router: any /files/{rest...} fits the same requests as any /files/{path...}");
  CHECK(refused("PUT", "/users/{name}") == "accepted");
  CHECK(refused("GET", "/users/{id}/") == "accepted");
  CHECK(refused("GET", "/files/{name}") == "accepted");
  CHECK(refused("GET", "/files/{path...}") == "accepted");
  CHECK(app.routes().size() == 6);
}

TEST_CASE("each route names its segments itself, even where another shares them", "[app][router]") {
  router app;
  app.get("/u/{id}", say("get", {"id", "name"})).put("/u/{name}", say("put", {"id", "name"}));

  CHECK(answer(app, "/u/7") == "get id=7 name=");
  CHECK(answer(app, method::put, "/u/7") == "put id= name=7");
}

TEST_CASE("a pattern that cannot be meant is refused", "[app][router]") {
  const auto [pattern, why] = GENERATE(table<std::string, std::string>({
      {"", "does not begin with /"},
      {"users", "does not begin with /"},
      {"*", "does not begin with /"},
      {"/{}", "a name is missing"},
      {"/{a...}/b", "a rest segment stands at the end"},
      {"/{a...}/", "a rest segment stands at the end"},
      {"/{a}/{a}", "a name stands twice"},
      {"/{a}/{a...}", "a name stands twice"},
      {"/x{a}", "braces enclose a whole segment"},
      {"/{a}x", "braces enclose a whole segment"},
      {"/{a}-{b}", "braces enclose a whole segment"},
      {"/{", "braces enclose a whole segment"},
      {"/}", "braces enclose a whole segment"},
      {"/:id", "a named segment is written {name}, all that is left {name...}"},
      {"/<id>", "a named segment is written {name}, all that is left {name...}"},
      {"/a/(\\d+)", "a named segment is written {name}, all that is left {name...}"},
      {"/a/*", "a named segment is written {name}, all that is left {name...}"},
      {"/{id:int}", "a name is no more than a name: a handler checks the value"},
      {"/{id:[0-9]+}", "a name is no more than a name: a handler checks the value"},
      {"/{*path}", "a name is no more than a name: a handler checks the value"},
      {"/{path*}", "a name is no more than a name: a handler checks the value"},
      {"/{*...}", "a name is no more than a name: a handler checks the value"},
      {"/{int(id)}", "a name is no more than a name: a handler checks the value"},
      {"/a%20b", "is a path, without escapes, query or control octets"},
      {"/a?b", "is a path, without escapes, query or control octets"},
      {"/a#b", "is a path, without escapes, query or control octets"},
      {"/a\nb", "is a path, without escapes, query or control octets"},
      {"/a/../b", "has a dot segment"},
      {"/.", "has a dot segment"},
  }));

  CAPTURE(pattern);
  router app;
  CHECK_THROWS_WITH(app.get(pattern, say("x")), "router: pattern " + pattern + ": " + why);
  CHECK(app.routes().empty());
  CHECK(answer(app, "/") == "404");
}

TEST_CASE("routes() lists what is registered, in that order", "[app][router]") {
  router sub;
  sub.get("/y", say("y")).otherwise(say("z"));
  router app;
  app.get("/{x}", say("x")).any("/b", say("b")).mount("/sub", std::move(sub));

  const auto all = app.routes();
  REQUIRE(all.size() == 3);
  CHECK(all[0].method == "GET");
  CHECK(all[0].pattern == "/{x}");
  CHECK(all[1].method.empty());
  CHECK(all[2].pattern == "/sub/y");
}

TEST_CASE("the body is read first for a route that cannot wait, and only for that",
          "[app][router][handler]") {
  int pulls = 0;
  const auto upload = [&pulls] {
    body b = stream_body([&pulls, left = 3]() mutable {
      ++pulls;
      return std::string(left-- > 0 ? 4 : 0, 'x');
    });
    b.set_default_limit(10);
    return b;
  };
  router app;
  app.post("/sync", say("sync")).post("/async", [](request&) -> task<response> {
    co_return text("async");
  });

  const response refused = app(request::post("/async", upload()));
  CHECK(refused.body.text() == "async");
  CHECK(pulls == 0);
  const response too_large = app(request::post("/sync", upload()));
  CHECK(too_large.status == status::content_too_large);
  CHECK(pulls == 3);
  const response missed = app(request::post("/nowhere", upload()));
  CHECK(missed.status == status::not_found);
  CHECK(pulls == 3);
}

TEST_CASE("a long and deep path costs what its length costs", "[app][router][security]") {
  router app;
  std::string deep;
  for (int i = 0; i < 200; ++i) deep += "/a";
  app.get(deep + "/{x}/b", say("deep")).get("/{x...}", say("rest", {"x"}));
  std::string path;
  for (int i = 0; i < 30000; ++i) path += "/a";
  CHECK(answer(app, path) == "rest x=" + path.substr(1));
  CHECK(answer(app, std::string(100000, '/')) == "400");
}

TEST_CASE("a route is found without allocating, literal or named", "[app][router][budget]") {
  if (!allocations_are_counted()) return;
  router app;
  const auto empty = [](const request&) { return response(status::no_content); };
  for (int i = 0; i < 20; ++i)
    app.get("/section" + std::to_string(i) + "/a-rather-long-literal-segment/page", empty)
        .put("/section" + std::to_string(i) + "/{name}", empty);
  request literal(method::get, "/section19/a%2drather-long-literal-segment/page");
  request named(method::put, "/section7/a-value-of-more-than-sixteen-octets");

  const std::size_t before = allocations();
  const int first = app(literal).now().status.code();
  const int second = app(named).now().status.code();
  const std::size_t used = allocations() - before;
  CHECK(first == 204);
  CHECK(second == 204);
  CHECK(used == 0);
}
