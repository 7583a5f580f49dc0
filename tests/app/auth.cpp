#include <tinyhttp/app/auth.hpp>

#include <stdexcept>
#include <string>
#include <string_view>

#include "catch.hpp"

using namespace tinyhttp;

namespace {

auto guarded() {
  return with_basic_auth([](const request&) { return text("in"); }, "the \"vault\"",
                         [](const basic_login& shown) {
                           return shown.user == "Aladdin" &&
                                  equal_in_constant_time(shown.password, "open sesame");
                         });
}

}  // namespace

TEST_CASE("only those whom the program accepts come in", "[app][auth][rfc7617-2]") {
  const any_handler app = guarded();
  CHECK(app(request::get("/", {{"Authorization", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="}}))
            .body.text() == "in");
  CHECK(app(request::get("/", {{"Authorization", "bAsIc QWxhZGRpbjpvcGVuIHNlc2FtZQ=="}}))
            .body.text() == "in");

  const response refused = app(request::get("/"));
  CHECK(refused.status == status::unauthorized);
  CHECK(refused.fields["WWW-Authenticate"] == R"(Basic realm="the \"vault\"", charset="UTF-8")");
  for (const auto* shown :
       {"", "Basic", "Basic ", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZ", "Basic QWxhZGRpbg==",
        "Bearer QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZR==",
        "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ== x", "Basic ====", "Basic Og=="}) {
    CAPTURE(shown);
    CHECK(app(request::get("/", {{"Authorization", shown}})).status == status::unauthorized);
  }
}

TEST_CASE("two Authorization fields are one too many", "[app][auth][security]") {
  const any_handler app = guarded();
  const std::string good = "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==";
  CHECK(app(request::get("/", {{"Authorization", good}, {"Authorization", good}})).status ==
        status::unauthorized);
}

TEST_CASE("who is not let in has no body read", "[app][auth]") {
  int pulls = 0;
  const any_handler app = guarded();
  const response r =
      app(request::post("/", stream_body([&pulls] { return ++pulls, std::string(); })));
  CHECK(r.status == status::unauthorized);
  CHECK(pulls == 0);
}

TEST_CASE("credentials are read as they were meant", "[app][auth][rfc7617-2]") {
  const auto colons = parse_basic_credentials("Basic dTpwOnE6");  // u:p:q:
  REQUIRE(colons);
  CHECK(colons->user == "u");
  CHECK(colons->password == "p:q:");
  const auto empty = parse_basic_credentials("Basic Og==");  // :
  REQUIRE(empty);
  CHECK(empty->user.empty());
  CHECK(!parse_basic_credentials("BasicOg=="));
  const auto whole_alphabet = parse_basic_credentials("Basic dTpAeHhaeHhzeHhZPj4+Pz8/");
  REQUIRE(whole_alphabet);
  CHECK(whole_alphabet->password == "@xxZxxsxxY>>>???");
  CHECK(!parse_basic_credentials("Basic O-_="));  // the alphabet of URLs is another
  for (const auto* bad : {"Basic YTo-", "Basic YTpiA===", "Basic YTp", "Basic YTo", "Basic YT==o=", "Basic QWxhZGRpbg=="}) {
    CAPTURE(bad);
    CHECK(!parse_basic_credentials(bad));  // octets of no base64, too much padding or too little, no colon
  }
}

TEST_CASE("credentials with a control octet are none", "[app][auth][security][rfc7617-2]") {
  CHECK_FALSE(parse_basic_credentials("Basic YQBiOmM="));  // "a\0b:c"
  CHECK_FALSE(parse_basic_credentials("Basic YTpiAGM="));  // "a:b\0c"
  CHECK_FALSE(parse_basic_credentials("Basic YTpiCg=="));  // "a:b\n"
  CHECK_FALSE(parse_basic_credentials("Basic f2E6Yg=="));  // "\177a:b"
  CHECK(parse_basic_credentials("Basic YTo="));            // "a:"
}

TEST_CASE("secrets are equal or not, whatever their lengths", "[app][auth]") {
  CHECK(equal_in_constant_time("", ""));
  CHECK(equal_in_constant_time("abc", "abc"));
  CHECK(!equal_in_constant_time("abc", "abd"));
  CHECK(!equal_in_constant_time("", "abc"));
  CHECK(!equal_in_constant_time("abc", ""));
  CHECK(!equal_in_constant_time("abcabc", "abc"));
  CHECK(!equal_in_constant_time("abc", "abcabc"));
  CHECK(!equal_in_constant_time(std::string_view("\0", 1), ""));
}

TEST_CASE("a realm cannot split a message", "[app][auth][security]") {
  const auto h = [](const request&) { return response(); };
  CHECK_THROWS_AS(with_basic_auth(h, "a\r\nb", [](const basic_login&) { return true; }),
                  std::invalid_argument);
}
