#include <tinyhttp/http/request.hpp>

#include <stdexcept>
#include <string>
#include <utility>

#include "catch.hpp"

using namespace tinyhttp;

TEST_CASE("a request is built in one expression", "[http][request]") {
  CHECK(request().method == method::get);
  CHECK(request().path() == "/");
  CHECK(request::head("/a").method == method::head);
  const auto r = request::post("/a?b", "body", {{"Content-Type", "text/plain"}});
  CHECK(r.method == method::post);
  CHECK(r.path() == "/a");
  CHECK(r.query() == "b");
  CHECK(r.body.text() == "body");
  CHECK(r.fields["content-type"] == "text/plain");
  CHECK(request::put("/a", "body").method == method::put);
  CHECK(request::put("/a", "body").body.text() == "body");
  CHECK(request::patch("/a", "body", {{"A", "b"}}).method == method::patch);
  CHECK(request::patch("/a", "body", {{"A", "b"}}).fields["A"] == "b");
  CHECK(request::delete_("/a", {{"A", "b"}}).method == method::delete_);
  CHECK(request::delete_("/a", {{"A", "b"}}).fields["A"] == "b");
  CHECK(request("BREW", "/pot").method.name() == "BREW");
  CHECK(request(method::options, "*").target.form() == target_form::asterisk);
  CHECK(request(method::connect, "h:1").target.form() == target_form::authority);
}

TEST_CASE("a request that could not be sent cannot be built", "[http][request][security]") {
  CHECK_THROWS_AS(request("GE T", "/"), std::invalid_argument);
  CHECK_THROWS_AS(request::get("/a b"), std::invalid_argument);
  CHECK_THROWS_AS(request::get("/\r\nX: y"), std::invalid_argument);
  CHECK_THROWS_AS(request::get("*"), std::invalid_argument);
  CHECK_THROWS_AS(request::get("/", {{"A", "1\r\nB: 2"}}), std::invalid_argument);
}

TEST_CASE("the host is the target's before it is the field's", "[http][request][rfc9112-3.2.2]") {
  CHECK(request::get("http://a:1/", {{"Host", "b"}}).host() == "a:1");
  CHECK(request::get("/", {{"Host", "b"}}).host() == "b");
  CHECK(request(method::connect, "c:2").host() == "c:2");
  CHECK(request::get("/").host().empty());
}

TEST_CASE("a request without a server has nobody behind it", "[http][request]") {
  request r;
  CHECK(r.peer().empty());
  CHECK(!r.cancelled());
  auto told = r.inform(status::early_hints, {});
  told.start();
  REQUIRE(told.done());
  CHECK(told.take());
}

TEST_CASE("what a proxy said goes before what the request has", "[http][request]") {
  request r = request::get("http://a/", {{"Host", "b"}});
  CHECK(!r.is_secure());
  r.forwarded = {"192.0.2.1:0", "c", forwarded_facts::scheme_told::https};
  CHECK(r.peer() == "192.0.2.1:0");
  CHECK(r.host() == "c");
  CHECK(r.is_secure());
}

TEST_CASE("a cleared request is as new", "[http][request]") {
  request r("BREW", "http://h/a?b", {{"A", "1"}}, "body");
  r.version = http_version::http_1_0;
  r.path_params.add("id", "7");
  r.forwarded = {"192.0.2.1:0", "c", forwarded_facts::scheme_told::https};
  r.clear();
  CHECK(r.peer().empty());
  CHECK(!r.is_secure());
  CHECK(r.method == method::get);
  CHECK(r.target == target("/"));
  CHECK(r.host().empty());
  CHECK(r.version == http_version::http_1_1);
  CHECK(r.fields.empty());
  CHECK(r.body.length() == 0);
  CHECK(r.path_params.size() == 0);
}

TEST_CASE("path parameters own their octets; the last of a name counts", "[http][request]") {
  path_parameters p;
  CHECK(p["id"].empty());
  {
    const std::string name = "id", value(200, 'x');
    p.add(name, value);
    p.add("empty", "");
  }
  CHECK(p["id"] == std::string(200, 'x'));
  p.add("id", std::string("a\0b", 3));
  CHECK(p["id"] == std::string("a\0b", 3));
  CHECK(p["empty"].empty());
  CHECK(p["i"].empty());
  CHECK(p.size() == 3);
  const path_parameters copy = p;
  p.clear();
  CHECK(copy["id"].size() == 3);
}

TEST_CASE("requests are values", "[http][request][lifetime]") {
  request a("BREW", "/a-target-that-is-longer-than-a-small-string", {{"A", "1"}}, "body");
  const request b = a;
  const request c = std::move(a);
  for (const request* each : {&b, &c}) {
    CHECK(each->method.name() == "BREW");
    CHECK(each->path() == "/a-target-that-is-longer-than-a-small-string");
    CHECK(each->fields["a"] == "1");
    CHECK(each->body.text() == "body");
  }
}
