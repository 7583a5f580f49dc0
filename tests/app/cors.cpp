#include <tinyhttp/app/cors.hpp>
#include <tinyhttp/app/router.hpp>

#include <chrono>
#include <stdexcept>
#include <string>
#include <utility>

#include "catch.hpp"

using namespace tinyhttp;

namespace {

any_handler shared_with(cors_options options) {
  router app;
  app.get("/", [](const request&) { return text("x").with("Vary", "Accept"); });
  return with_cors(std::move(app), std::move(options));
}

request preflight(std::string_view origin) {
  return {method::options, "/", {{"Origin", origin}, {"Access-Control-Request-Method", "PUT"}}};
}

}  // namespace

TEST_CASE("a listed origin is named, any other gets the plain response", "[app][cors]") {
  const auto app = shared_with({.origins = {"https://a.example", "https://b.example"},
                                .response_fields = {"ETag", "X-A"},
                                .credentials = true});
  const response listed = app(request::get("/", {{"Origin", "https://b.example"}}));
  CHECK(listed.body.text() == "x");
  CHECK(listed.fields["Access-Control-Allow-Origin"] == "https://b.example");
  CHECK(listed.fields["Access-Control-Allow-Credentials"] == "true");
  CHECK(listed.fields["Access-Control-Expose-Headers"] == "ETag, X-A");
  CHECK(listed.fields.combined("Vary") == "Accept, Origin");

  for (const auto* origin :
       {"https://c.example", "https://b.example.evil", "HTTPS://b.example", "null", "*"}) {
    CAPTURE(origin);
    const response other = app(request::get("/", {{"Origin", origin}}));
    CHECK(other.body.text() == "x");
    CHECK(!other.fields.contains("Access-Control-Allow-Origin"));
    CHECK(!other.fields.contains("Access-Control-Allow-Credentials"));
    CHECK(other.fields.has_token("Vary", "Origin"));
  }
  CHECK(!app(request::get("/")).fields.contains("Access-Control-Allow-Origin"));
}

TEST_CASE("a preflight is answered without the handler", "[app][cors]") {
  const auto app = shared_with({.origins = {"https://a.example"},
                                .methods = {"GET", "PUT"},
                                .request_fields = {"X-Token"},
                                .max_age = std::chrono::minutes(1)});
  const response r = app(preflight("https://a.example"));
  CHECK(r.status == status::no_content);
  CHECK(r.fields["Access-Control-Allow-Methods"] == "GET, PUT");
  CHECK(r.fields["Access-Control-Allow-Headers"] == "X-Token");
  CHECK(r.fields["Access-Control-Max-Age"] == "60");
  CHECK(r.fields["Access-Control-Allow-Origin"] == "https://a.example");
  CHECK(!r.fields.contains("Access-Control-Allow-Credentials"));
  const response other = app(preflight("https://c.example"));
  CHECK(other.status == status::no_content);
  CHECK(other.fields.size() == 1);  // Vary
  const response options = app(request(method::options, "/", {{"Origin", "https://a.example"}}));
  CHECK(options.fields["Allow"] == "GET, HEAD, OPTIONS");  // no preflight: the handler's
  CHECK(app(request(method::options, "/", {{"Access-Control-Request-Method", "PUT"}})).fields["Allow"] == "GET, HEAD, OPTIONS");
  CHECK(app(request::get("/", {{"Origin", "https://a.example"}, {"Access-Control-Request-Method", "PUT"}})).body.text() == "x");
}

TEST_CASE("what nobody asked for is not allowed", "[app][cors][security]") {
  const auto app = shared_with({.origins = {"https://a.example"}, .max_age = std::chrono::seconds(-1)});
  const response r = app(preflight("https://a.example"));
  CHECK(!r.fields.contains("Access-Control-Allow-Credentials"));
  CHECK(!r.fields.contains("Access-Control-Allow-Headers"));
  CHECK(!r.fields.contains("Access-Control-Expose-Headers"));
  CHECK(r.fields["Access-Control-Max-Age"] == "0");
  CHECK(!app(request::get("/", {{"Origin", "https://a.example"}})).fields.contains("Access-Control-Allow-Credentials"));
}

TEST_CASE("answers that differ by Origin say so once", "[app][cors]") {
  const auto app = with_cors([](const request&) { return text("x").with("Vary", "origin"); }, {.origins = {"https://a.example"}});
  request r = request::get("/", {{"Origin", "https://a.example"}});
  CHECK(response(app(r)).fields.combined("Vary") == "origin");
  CHECK(!shared_with({.origins = {"*"}})(preflight("https://a.example")).fields.contains("Vary"));
}

TEST_CASE("any origin is a star, and never with credentials", "[app][cors][security]") {
  const response r = shared_with({.origins = {"*"}})(request::get("/", {{"Origin", "null"}}));
  CHECK(r.fields["Access-Control-Allow-Origin"] == "*");
  CHECK(r.fields.combined("Vary") == "Accept");
  CHECK_THROWS_AS(shared_with({.origins = {"*"}, .credentials = true}), std::invalid_argument);
  CHECK_THROWS_AS(shared_with({.origins = {"*", "https://a.example"}}), std::invalid_argument);
  for (const auto* wrong : {"a\r\nb", "", "a.example", "https://a.example/", "https://a.example/app", "https://", "://a"})
    CHECK_THROWS_AS(shared_with({.origins = {wrong}}), std::invalid_argument);
  for (const auto* right : {"null", "http://localhost:3000", "https://a.example", "app://x"})
    CHECK_NOTHROW(shared_with({.origins = {right}}));
  CHECK_THROWS_AS(shared_with({.methods = {"a\nb"}}), std::invalid_argument);
  CHECK_THROWS_AS(shared_with({.response_fields = {"a\nb"}}), std::invalid_argument);
}
