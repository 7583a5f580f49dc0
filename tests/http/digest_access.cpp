// tests/http/digest_access.cpp -- tests http/digest_access.hpp with a hash that can be read; the RFC's
// own examples, which need real ones, are in tests/apart/digest.cpp
#include "catch.hpp"

#include <tinyhttp/http/digest_access.hpp>

#include <optional>
#include <string>
#include <string_view>

using namespace tinyhttp;

namespace {

/// `MD5(octets)` for itself.
std::optional<std::string> readable(std::string_view name, std::string_view octets) {
  if (name != "MD5" && name != "SHA-256") return std::nullopt;
  return std::string(name.substr(0, 3)).append("(").append(octets).append(")");
}

std::string answered(std::string_view field, std::string_view user = "me") {
  const auto to = find_digest_challenge(field, &readable);
  if (!to) return "no challenge";
  digest_request with;
  with.user = user;
  with.password = "pw";
  with.method = "GET";
  with.target = "/x?y";
  with.cnonce = "cn";
  with.count = 0x1f;
  return digest_credentials(*to, with, &readable).value_or("no hash");
}

}  // namespace

TEST_CASE("the proof is made as RFC 7616 3.4 says", "[http][digest]") {
  CHECK(answered("Digest realm=\"r\", nonce=\"n\", qop=\"auth\", algorithm=SHA-256, opaque=\"o\"") ==
        "Digest username=\"me\", realm=\"r\", nonce=\"n\", uri=\"/x?y\", algorithm=SHA-256, "
        "cnonce=\"cn\", nc=0000001f, qop=auth, "
        "response=\"SHA(SHA(me:r:pw):n:0000001f:cn:auth:SHA(GET:/x?y))\", opaque=\"o\"");
  CHECK(answered("Digest realm=r, nonce=n, qop=\"auth-int, AUTH\"") ==
        "Digest username=\"me\", realm=\"r\", nonce=\"n\", uri=\"/x?y\", cnonce=\"cn\", "
        "nc=0000001f, qop=auth, response=\"MD5(MD5(me:r:pw):n:0000001f:cn:auth:MD5(GET:/x?y))\"");
}

TEST_CASE("a -sess algorithm hashes nonce and cnonce into the secret", "[http][digest]") {
  CHECK(answered("Digest realm=r, nonce=n, qop=auth, algorithm=MD5-sess")
            .find("algorithm=MD5-sess, cnonce=\"cn\", nc=0000001f, qop=auth, "
                  "response=\"MD5(MD5(MD5(me:r:pw):n:cn):n:0000001f:cn:auth:MD5(GET:/x?y))\"") !=
        std::string::npos);
}

TEST_CASE("a -sess algorithm tells its cnonce even without qop", "[http][digest]") {
  CHECK(answered("Digest realm=r, nonce=n, algorithm=MD5-sess") ==
        "Digest username=\"me\", realm=\"r\", nonce=\"n\", uri=\"/x?y\", algorithm=MD5-sess, cnonce=\"cn\", "
        "response=\"MD5(MD5(MD5(me:r:pw):n:cn):n:MD5(GET:/x?y))\"");
}

TEST_CASE("without qop it is as in RFC 2069", "[http][digest]") {
  CHECK(answered("Digest realm=r, nonce=n, opaque=\"\"") ==
        "Digest username=\"me\", realm=\"r\", nonce=\"n\", uri=\"/x?y\", "
        "response=\"MD5(MD5(me:r:pw):n:MD5(GET:/x?y))\", opaque=\"\"");
}

TEST_CASE("names are hidden, or told in UTF-8, where the server can read that", "[http][digest]") {
  CHECK(answered("Digest realm=r, nonce=n, userhash=true").starts_with(
      "Digest username=\"MD5(me:r)\", realm"));
  CHECK(answered("Digest realm=r, nonce=n, userhash=true").ends_with(", userhash=true"));
  CHECK(answered("Digest realm=r, nonce=n, charset=UTF-8", "J\xc3\xa4s").starts_with(
      "Digest username*=UTF-8''J%C3%A4s, realm"));
  CHECK(answered("Digest realm=r, nonce=n, charset=UTF-8").starts_with(
      "Digest username=\"me\", realm"));
  CHECK(answered("Digest realm=r, nonce=n", "J\xc3\xa4s").starts_with("Digest username=\"J\xc3\xa4s\", realm"));
  CHECK(answered("Digest realm=r, nonce=n, userhash=true, charset=UTF-8", "J\xc3\xa4s").starts_with(
      "Digest username=\"MD5(J\xc3\xa4s:r)\", realm"));
  CHECK(answered("Digest realm=r, nonce=n", "a\"b\\").starts_with(
      "Digest username=\"a\\\"b\\\\\", realm"));
}

TEST_CASE("of several challenges the first that can be answered is", "[http][digest]") {
  CHECK(answered("Basic realm=x, Digest realm=r, nonce=n, algorithm=SHA-512-256, "
                 "Digest realm=r, nonce=n2, algorithm=MD5, Digest realm=r, nonce=n3, algorithm=SHA-256")
            .find("nonce=\"n2\"") != std::string::npos);
  CHECK(answered("Basic realm=x") == "no challenge");
  CHECK(answered("Other realm=r, nonce=n") == "no challenge");
  CHECK(answered("Digest realm=r") == "no challenge");
  CHECK(answered("Digest nonce=n") == "no challenge");
  CHECK(answered("Digest realm=r, nonce=n, qop=\"auth-int\"") == "no challenge");
  CHECK(answered("Digest realm=r, nonce=n, algorithm=-sess") == "no challenge");
  CHECK(answered("") == "no challenge");
}

TEST_CASE("a stale nonce says so", "[http][digest]") {
  CHECK(find_digest_challenge("Digest realm=r, nonce=n, stale=TRUE", &readable)->is_stale);
  CHECK(!find_digest_challenge("Digest realm=r, nonce=n, stale=false", &readable)->is_stale);
}
