// tests/client/digest_login.cpp -- tests client/digest_login.hpp with a hash that can be read; over
// sockets, and with real ones, in tests/apart/digest.cpp
#include "catch.hpp"

#include <tinyhttp/client/digest_login.hpp>

#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

using namespace tinyhttp;

namespace {

std::optional<std::string> readable(std::string_view name, std::string_view octets) {
  if (name != "MD5") return std::nullopt;
  return std::string("(").append(octets).append(")");
}

const url home = parse_url("http://h:1/").value();

response asks(std::string_view nonce, std::string_view more = "", int code = 401) {
  response r{status(code)};
  r.fields.add("WWW-Authenticate",
               std::string("Digest realm=r, qop=auth, nonce=").append(nonce).append(more));
  return r;
}

/// `nonce nc` of what was sent; empty when nothing was.
std::string sent(const std::optional<std::string>& credentials) {
  if (!credentials) return "";
  std::string_view rest = *credentials;
  const auto read = take_challenge(rest).value();
  return read.parameter("nonce").value() + ' ' + read.parameter("nc").value();
}

std::string ahead(digest_login& login, const url& to = home) {
  request r = request::get("/x");
  login.before(to, r);
  const auto value = r.fields.get("Authorization");
  return value ? sent(std::string(*value)) : "";
}

}  // namespace

TEST_CASE("a login answers challenges, and goes ahead of those that follow", "[client][digest]") {
  digest_login login("http://h:1", "me", "pw", &readable);
  const request r = request::get("/x");
  CHECK(ahead(login) == "");
  CHECK(sent(login.answer(home, r, asks("one"))) == "one 00000001");
  request next(method::put, "/y?z");
  login.before(home, next);
  const std::string_view proof = next.fields["Authorization"];
  CHECK(proof.find("uri=\"/y?z\"") != proof.npos);
  CHECK(proof.find("(PUT:/y?z)") != proof.npos);  // RFC 7616 3.4.3
  CHECK(next.fields.size() == 1);
  login.before(home, next);  // has been there
  CHECK(next.fields.size() == 1);
  CHECK(ahead(login) == "one 00000003");
  const auto two = login.answer(home, r, asks("two", ", stale=true"));
  CHECK(sent(two) == "two 00000001");
  std::string_view rest = *two;
  CHECK(take_challenge(rest)->parameter("cnonce").value().size() == 32);
  CHECK(sent(login.answer(home, r, asks("two"))) == "two 00000002");  // a count is used once only

  response told(status::ok);
  told.fields.add("Authentication-Info", "qop=auth, nextnonce=\"three\"");
  login.after(home, told);
  CHECK(ahead(login) == "three 00000001");
  login.after(home, told);
  CHECK(ahead(login) == "three 00000002");
}

TEST_CASE("what names no next nonce of ours changes nothing", "[client][digest][security]") {
  digest_login login("http://h:1", "me", "pw", &readable);
  const auto tell = [&](const char* info, const url& from = home) {
    response told(status::ok);
    if (*info != '\0') told.fields.add("Authentication-Info", info);
    login.after(from, told);
  };
  tell("nextnonce=early");
  CHECK(ahead(login) == "");
  CHECK(sent(login.answer(home, request::get("/x"), asks("one"))) == "one 00000001");
  tell("");
  tell("qop=auth");
  tell("nextnonce=\"\"");
  tell("nextnonce=other", parse_url("http://h:2/").value());
  CHECK(ahead(login) == "one 00000002");
}

TEST_CASE("the secret of a -sess algorithm lasts until the next challenge, whatever nonce comes next",
          "[client][digest]") {
  digest_login login("http://h:1", "me", "pw", &readable);
  const auto proof = [](std::string_view credentials) {
    return take_challenge(credentials).value().parameter("response").value();
  };
  const auto next = [&](const char* nonce) {
    response told(status::ok);
    told.fields.add("Authentication-Info", std::string("nextnonce=").append(nonce));
    login.after(home, told);
    request r = request::get("/x");
    login.before(home, r);
    return proof(r.fields["Authorization"]);
  };
  const request r = request::get("/x");
  const std::string begun(login.answer(home, r, asks("one", ", algorithm=MD5-sess")).value());
  CHECK(proof(begun).starts_with("(((me:r:pw):one:"));  // RFC 7616 3.4.2
  CHECK(next("two").starts_with("(((me:r:pw):one:"));
  CHECK(next("three").starts_with("(((me:r:pw):one:"));
  CHECK(next("three").find("):three:00000002:") != std::string::npos);
  const std::string again(login.answer(home, r, asks("four", ", algorithm=MD5-sess")).value());
  CHECK(proof(again).starts_with("(((me:r:pw):four:"));
}

TEST_CASE("cnonces differ from login to login", "[client][digest]") {
  std::string seen;
  for (int i = 0; i < 2; ++i) {
    digest_login login("http://h:1", "me", "pw", &readable);
    const auto text = login.answer(home, request::get("/x"), asks("n")).value();
    std::string_view rest = text;
    const auto cnonce = take_challenge(rest)->parameter("cnonce").value();
    CHECK(cnonce.size() == 32);
    CHECK(cnonce != seen);
    seen = cnonce;
  }
}

TEST_CASE("a login is for one origin, and for challenges of its kind", "[client][digest][security]") {
  digest_login login("http://h:1/any/path", "me", "pw", &readable);
  const request r = request::get("/x");
  for (const char* other : {"http://h:2/", "http://i:1/", "https://h:1/"}) {
    CHECK(!login.answer(parse_url(other).value(), r, asks("n")));
  }
  CHECK(!login.answer(home, r, asks("n", "", 407)));
  CHECK(!login.answer(home, r, asks("n", ", algorithm=SHA-256")));
  response basic(status::unauthorized, {{"WWW-Authenticate", "Basic realm=x"}});
  CHECK(!login.answer(home, r, basic));
  CHECK(!login.answer(home, r, response(status::unauthorized)));

  CHECK(login.answer(home, r, asks("n")));
  CHECK(ahead(login, parse_url("http://h:2/").value()) == "");
  request own = request::get("/x");
  own.fields.add("Authorization", "Bearer x");
  login.before(home, own);
  CHECK(own.fields["Authorization"] == "Bearer x");
  CHECK_THROWS_AS(digest_login("h:1", "me", "pw", &readable), std::invalid_argument);
}

TEST_CASE("a user that would split the message is not sent", "[client][digest][security]") {
  digest_login login("http://h:1", "me\r\nEvil: 1", "pw", &readable);
  const auto text = login.answer(home, request::get("/x"), asks("n"));
  REQUIRE(text);  // refused by fields::try_add, as the client adds it
  CHECK(!fields().try_add("Authorization", *text));
  CHECK(ahead(login) == "");
}
