// tests/apart/client.cpp -- a client with what stands apart: decoders and Digest logins; and a jar
//
// One file for them all: the client is what takes long to compile.
#include "../client/support.hpp"
#include "catch.hpp"
#include "gzipped.hpp"

#include <tinyhttp/client/client.hpp>
#include <tinyhttp/client/cookie_jar.hpp>
#include <tinyhttp/client/decoding.hpp>
#include <tinyhttp/client/digest_login.hpp>
#include <tinyhttp/compression.hpp>
#include <tinyhttp/digest.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace client_test;
using apart_test::gzipped;

namespace {

/// What a request says of cookies.
std::string cookies_in(const std::string& asked) {
  const auto at = asked.find("Cookie: ");
  return at == asked.npos ? "" : asked.substr(at + 8, asked.find("\r\n", at) - at - 8);
}

const std::string sets =
    "HTTP/1.1 302 Over There\r\nLocation: /b\r\nSet-Cookie: a=1\r\nContent-Length: 0\r\n"
    "Set-Cookie: b=2; path=/b; HttpOnly\r\n\r\n";
const std::string hi = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";

std::string text_of(std::size_t size) {
  std::string text;
  for (std::uint32_t i = 0; text.size() < size; i = i * 1664525 + 1013904223) text += "abcd"[i >> 30];
  return text;
}

}  // namespace

TEST_CASE("a client asks for what it can decode, and gives it decoded", "[apart][client][threads]") {
  const std::string plain = text_of(200'000);
  const auto says = [](std::string_view coding, const std::string& coded, std::size_t size) {
    return "HTTP/1.1 200 OK\r\nContent-Encoding: " + std::string(coding) +
           "\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n" + coded;
  };
  const auto whole = [&](std::string_view coding, const std::string& coded) {
    return says(coding, coded, coded.size());
  };
  const std::string cut = gzipped(plain).substr(0, 9'000);
  const client_codings codings(all_codings, {.max_octets = 250'000});
  client_options with;
  with.decoder = &codings;
  std::string asked;

  const auto ask = [&](std::string answer) {
    scripted_server server([&](net::socket& s, int) {
      asked = read_request(s);
      static_cast<void>(s.send_all(answer));
    });
    auto r = client(with).get(server.url("/x"));
    if (r) return std::string(r->body.text() == plain ? "plain " : "other ") +
                  std::string(r->fields["Content-Encoding"]);
    std::string line = r.error().message();
    const std::string start = "GET " + server.url("/x") + ": ";
    return line.starts_with(start) ? line.substr(start.size()) : "?" + line;
  };
  CHECK(ask(whole("gzip", gzipped(plain))) == "plain ");
  CHECK(asked.find("\r\nAccept-Encoding: gzip, deflate, br, zstd\r\n") != std::string::npos);
  CHECK(ask(whole("gzip, gzip", gzipped(gzipped(plain)))) == "plain ");
  CHECK(ask(whole("gzip", cut)).starts_with("gzip: cut off after "));
  CHECK(ask(says("gzip", cut, 20'000)) == "connection closed after 9000 of 20000 octets");
  CHECK(ask(whole("gzip", gzipped(plain) + "xyz")).starts_with("gzip: damaged (incorrect header"));
  CHECK(ask(whole("br", "junk")).starts_with("br: "));
  CHECK(ask(whole("sdch", "junk")) == "content coding sdch is not known here");
  CHECK(ask(whole("gzip", gzipped(plain + plain))) == "gzip: more than 250000 decoded octets");
  with.body_limit = 100'000;
  CHECK(ask(whole("gzip", gzipped(plain))) == "body: more than 100000 octets");
}

TEST_CASE("a client logs in by Digest, and goes on without being asked again",
          "[apart][client][digest][threads]") {
  const auto answer_for = [](const std::string& asked, std::string_view target, int count) {
    const std::string nc = "nc=0000000" + ascii::to_decimal(static_cast<std::uint64_t>(count));
    const auto at = asked.find("Authorization: Digest ");
    if (at == asked.npos || asked.find(nc) == asked.npos)
      return std::string("HTTP/1.1 401 Who\r\nContent-Length: 2\r\nWWW-Authenticate: Basic realm=x\r\n"
                         "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\", qop=\"auth\", "
                         "algorithm=SHA-256\r\n\r\nno");
    std::string_view field = std::string_view(asked).substr(at + 15);
    field = field.substr(0, field.find("\r\n"));
    const auto sent = take_challenge(field).value();
    digest_request with;
    const std::string cnonce = sent.parameter("cnonce").value();
    with.user = "ada", with.password = "pw", with.method = "GET", with.target = target;
    with.cnonce = cnonce, with.count = static_cast<std::uint32_t>(count);
    const auto expected = digest_credentials(
        *find_digest_challenge("Digest realm=r, nonce=n, qop=auth, algorithm=SHA-256", &hash_with_openssl),
        with, &hash_with_openssl);
    std::string_view rest = *expected;
    const bool right = sent.parameter("response") == take_challenge(rest)->parameter("response");
    return std::string("HTTP/1.1 ") + (right ? "200 OK" : "403 No") + "\r\nContent-Length: 2\r\n\r\nhi";
  };
  scripted_server server([&](net::socket& s, int) {
    for (const auto& [target, count] : {std::pair{"/a", 1}, {"/a", 1}, {"/b?c", 2}, {"/d", 3}}) {
      const std::string asked = read_request(s);
      if (asked.empty() || !s.send_all(answer_for(asked, target, count))) return;
    }
  });
  digest_login login(server.url("/"), "ada", "pw", &hash_with_openssl);
  client_options with;
  with.hooks = {&login};
  with.credentials = &login;
  client c(std::move(with));
  for (const char* target : {"/a", "/b?c", "/d"}) {
    const auto r = c.get(server.url(target));
    if (!r) FAIL(r.error().message());
    CHECK(r->status == 200);
  }
  CHECK(server.connections() == 1);
}

TEST_CASE("a jar takes cookies from every answer and gives them to every request",
          "[apart][client][cookie][threads]") {
  std::vector<std::string> seen;
  scripted_server server([&](net::socket& s, int) {
    for (const std::string& answer : {sets, hi, hi, hi}) {
      const std::string asked = read_request(s);
      if (asked.empty()) return;
      seen.push_back(cookies_in(asked));
      if (!s.send_all(answer)) return;
    }
  });
  cookie_jar cookies;
  client_options with;
  with.max_redirects = 5;
  with.hooks = {&cookies};
  client c(std::move(with));
  REQUIRE(c.get(server.url("/a")));
  REQUIRE(c.get(server.url("/c")));
  call_options own;
  own.fields.add("Cookie", "own=3");
  REQUIRE(c.call(server.url("/b/x"), std::move(own)));
  CHECK(seen == std::vector<std::string>{"", "b=2; a=1", "a=1", "b=2; a=1; own=3"});
}
