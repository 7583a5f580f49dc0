// tests/apart/digest.cpp -- tests digest.hpp, and http/digest_access.hpp with real hashes
#include "catch.hpp"

#include <tinyhttp/digest.hpp>
#include <tinyhttp/http/digest_access.hpp>

#include <optional>
#include <string>
#include <string_view>

using namespace tinyhttp;

TEST_CASE("digests are those of FIPS 180-4 and RFC 1321", "[apart][digest]") {
  CHECK(sha256_of("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(sha256_of("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(hash_with_openssl("MD5", "abc") == "900150983cd24fb0d6963f7d28e17f72");
  CHECK(hash_with_openssl("sha1", "abc") == "a9993e364706816aba3e25717850c26c9cd0d89d");
  CHECK(hash_with_openssl("SHA-512-256", "abc") ==
        "53048e2681941ef99b2e29b76b4c7dabe4c2d0c634fc6d46e0e2f13107e7af23");
  CHECK(hash_with_openssl("sha384", "")->size() == 96);
  CHECK(hash_with_openssl("SHA-512", "")->size() == 128);
  CHECK(!hash_with_openssl("sha3", ""));
  CHECK(make_hasher("crc32") == nullptr);
}

TEST_CASE("a sum takes octets as they come, and begins anew", "[apart][digest]") {
  const auto sum = make_hasher("SHA256");
  REQUIRE(sum);
  for (int round = 0; round < 2; ++round) {
    for (const char c : std::string_view("abc")) sum->update({&c, 1});
    CHECK(sum->finish() == sha256_of("abc"));
  }
  CHECK(sum->finish() == sha256_of(""));
}

namespace {

digest_challenge challenge(std::string_view field) {
  auto found = find_digest_challenge(field, &hash_with_openssl);
  REQUIRE(found);
  return *found;
}

std::string proof(std::string_view field, const digest_request& with) {
  const auto text = digest_credentials(challenge(field), with, &hash_with_openssl);
  REQUIRE(text);
  std::string_view rest = *text;
  return take_challenge(rest)->parameter("response").value();
}

}  // namespace

TEST_CASE("the examples of RFC 7616 3.9 and RFC 2617 3.5 come out as printed", "[apart][digest]") {
  digest_request mufasa;
  mufasa.user = "Mufasa";
  mufasa.password = "Circle of Life";
  mufasa.method = "GET";
  mufasa.target = "/dir/index.html";
  mufasa.cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";
  const std::string rest =
      "realm=\"http-auth@example.org\", qop=\"auth, auth-int\", "
      "nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", "
      "opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\"";
  CHECK(proof("Digest algorithm=SHA-256, " + rest, mufasa) ==
        "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1");
  CHECK(proof("Digest algorithm=MD5, " + rest, mufasa) == "8ca523f5e9506fed4657c9700eebdbec");
  CHECK(challenge("Digest algorithm=SHA-256, " + rest + ", Digest algorithm=MD5, " + rest).algorithm ==
        "SHA-256");

  mufasa.password = "Circle Of Life";
  mufasa.cnonce = "0a4f113b";
  CHECK(proof("Digest realm=\"testrealm@host.com\", qop=\"auth,auth-int\", "
              "nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", "
              "opaque=\"5ccc069c403ebaf9f0171e9517f40e41\"",
              mufasa) == "6629fae49393a05397450978507c4ef1");
}

TEST_CASE("the example of RFC 7616 3.9.2: SHA-512-256, a hidden user, UTF-8", "[apart][digest]") {
  digest_request doe;
  doe.user = "J\xc3\xa4s\xc3\xb8n Doe";
  doe.password = "Secret, or not?";
  doe.method = "GET";
  doe.target = "/doe.json";
  doe.cnonce = "NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v";
  const std::string field =
      "Digest realm=\"api@example.org\", qop=\"auth\", algorithm=SHA-512-256, "
      "nonce=\"5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK\", "
      "opaque=\"HRPCssKJSGjCrkzDg8OhwpzCiGChXYjwrI2QmXDnsOS\", charset=UTF-8, userhash=true";
  const auto text = digest_credentials(challenge(field), doe, &hash_with_openssl);
  REQUIRE(text);
  std::string_view rest = *text;
  const auto read = take_challenge(rest);
  CHECK(read->parameter("userhash") == "true");
  // The sums as erratum 4897 has them; those in the RFC are of a draft of SHA-512/256.
  CHECK(read->parameter("username") ==
        "793263caabb707a56211940d90411ea4a575adeccb7e360aeb624ed06ece9b0b");
  CHECK(read->parameter("response") ==
        "3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5");
}
