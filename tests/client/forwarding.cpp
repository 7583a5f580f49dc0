// tests/client/forwarding.cpp -- tests client/forwarding.hpp
#include "../wire/transcript.hpp"
#include "catch.hpp"

#include <tinyhttp/client/forwarding.hpp>

#include <cstdlib>
#include <optional>
#include <string>
#include <utility>

using namespace tinyhttp;

namespace {

/// A connection from an address that a test chooses.
class context_at final : public request_context {
 public:
  explicit context_at(std::string_view peer) : peer_(peer) {}
  std::string_view peer() const noexcept override { return peer_; }
  bool cancelled() const noexcept override { return false; }
  task<result<void>> inform(status, const fields&) override { return ready_task(result<void>()); }
  tinyhttp::clock& clock() noexcept override { std::abort(); }
  void post(function<void()>) override {}

 private:
  std::string peer_;
};

std::string onward(request r, const forward_options& how, std::string_view peer = "192.0.2.7:4711") {
  context_at context(peer);
  r.context = &context;
  const auto made = forward_fields(r, how);
  return made ? wire::field_lines(*made) : "goes no further";
}

forward_options bare() {
  forward_options how;
  how.via.clear();
  how.x_forwarded = false;
  return how;
}

}  // namespace

TEST_CASE("fields for one connection do not go on", "[client][proxy][rfc9110-7.6.1]") {
  struct row {
    const char* says;
    fields in;
    const char* out;
  };
  const row rows[] = {
      {"end to end", {{"Accept", "a"}, {"X", "1"}, {"X", "2"}}, "Accept: a\nX: 1\nX: 2\n"},
      {"by definition",
       {{"Keep-Alive", "timeout=5"}, {"Proxy-Connection", "keep-alive"}, {"TE", "trailers"},
        {"Transfer-Encoding", "chunked"}, {"Upgrade", "websocket"}, {"Proxy-Authorization", "a"}, {"A", "b"}},
       "A: b\n"},
      {"named by Connection, in any case and on any line",
       {{"Connection", "close, x-a"}, {"Connection", "X-B"}, {"X-A", "1"}, {"x-b", "2"}, {"X-C", "3"}},
       "X-C: 3\n"},
      {"never Host, whatever Connection names", {{"Connection", "host, X"}, {"Host", "h"}, {"X", "1"}}, "Host: h\n"},
      {"what ends with the message goes on", {{"Trailer", "X"}, {"Expect", "100-continue"}},
       "Trailer: X\nExpect: 100-continue\n"},
  };
  for (const row& r : rows) {
    INFO(r.says);
    fields f = r.in;
    remove_hop_by_hop(f);
    CHECK(wire::field_lines(f) == r.out);
  }
}

TEST_CASE("the Host field goes on where that is asked for", "[client][proxy]") {
  forward_options how = bare();
  CHECK(onward(request::get("/", {{"Host", "h"}, {"A", "b"}}), how) == "A: b\n");
  how.keep_host = true;
  CHECK(onward(request::get("/", {{"Host", "h"}, {"A", "b"}}), how) == "A: b\nHost: h\n");
  CHECK(onward(request::get("/", {{"Host", "h"}, {"Connection", "Host"}}), how) == "Host: h\n");
  CHECK(onward(request::get("http://other/", {{"Host", "h"}}), how) == "Host: other\n");
}

TEST_CASE("upstream is told who asked, and believes no stranger", "[client][proxy][security][rfc7239]") {
  forward_options how = bare();
  how.x_forwarded = true;
  const request r = request::get("/", {{"Host", "h:1"}, {"X-Forwarded-For", "1.1.1.1"}, {"Forwarded", "for=1.1.1.1"}});
  CHECK(onward(r, how) == "X-Forwarded-For: 192.0.2.7\nX-Forwarded-Host: h:1\nX-Forwarded-Proto: http\n");
  CHECK(onward(r, how, "[2001:db8::1]:80") ==
        "X-Forwarded-For: 2001:db8::1\nX-Forwarded-Host: h:1\nX-Forwarded-Proto: http\n");
  CHECK(onward(r, how, "unix:/tmp/x") ==
        "X-Forwarded-For: unknown\nX-Forwarded-Host: h:1\nX-Forwarded-Proto: http\n");
  CHECK(onward(r, how, "nobody") ==
        "X-Forwarded-For: unknown\nX-Forwarded-Host: h:1\nX-Forwarded-Proto: http\n");
  SECTION("what a trusted one said of host and scheme stays as it is") {
    how.trust_forwarded = true;
    CHECK(onward(request::get("/", {{"Host", "h"}, {"X-Forwarded-Host", "a"}, {"X-Forwarded-Proto", "https"}}), how) ==
          "X-Forwarded-Host: a\nX-Forwarded-Proto: https\nX-Forwarded-For: 192.0.2.7\n");
  }
  SECTION("unless it is trusted: then ours comes behind") {
    how.trust_forwarded = true;
    CHECK(onward(r, how) ==
          "X-Forwarded-For: 1.1.1.1\nForwarded: for=1.1.1.1\nX-Forwarded-For: 192.0.2.7\n"
          "X-Forwarded-Host: h:1\nX-Forwarded-Proto: http\n");
  }
  SECTION("as RFC 7239 has it") {
    how.x_forwarded = false;
    how.forwarded = true;
    CHECK(onward(r, how) == "Forwarded: for=192.0.2.7;host=\"h:1\";proto=http\n");
    CHECK(onward(r, how, "[2001:db8::1]:80") ==
          "Forwarded: for=\"[2001:db8::1]\";host=\"h:1\";proto=http\n");
    CHECK(onward(request::get("/"), how, "") == "Forwarded: for=unknown;proto=http\n");
  }
  SECTION("a client that a trusted proxy named is who asked") {
    request behind = r;
    behind.forwarded = {"203.0.113.9:0", "a", forwarded_facts::scheme_told::https};
    CHECK(onward(behind, how) == "X-Forwarded-For: 203.0.113.9\nX-Forwarded-Host: a\nX-Forwarded-Proto: https\n");
    how.trust_forwarded = true;  // then what the proxy said stands there already
    how.forwarded = true;
    CHECK(onward(behind, how) ==
          "X-Forwarded-For: 1.1.1.1\nForwarded: for=1.1.1.1\nX-Forwarded-For: 192.0.2.7\nX-Forwarded-Host: a\n"
          "X-Forwarded-Proto: http\nForwarded: for=192.0.2.7;host=\"a\";proto=http\n");
  }
  SECTION("a field that Connection names is dropped before ours is added") {
    CHECK(onward(request::get("/", {{"Connection", "X-Forwarded-For"}}), how) ==
          "X-Forwarded-For: 192.0.2.7\nX-Forwarded-Proto: http\n");
  }
}

TEST_CASE("a request says through whom it came, and how far it may go", "[client][proxy][rfc9110-7.6]") {
  forward_options how = bare();
  how.via = "me";
  CHECK(onward(request::get("/", {{"Via", "1.0 other"}}), how) == "Via: 1.0 other\nVia: 1.1 me\n");
  request old = request::get("/");
  old.version = http_version::http_1_0;
  CHECK(onward(old, how) == "Via: 1.0 me\n");
  how.via.clear();
  CHECK(onward(request(method::trace, "/", {{"Max-Forwards", "1"}}), how) == "Max-Forwards: 0\n");
  CHECK(onward(request(method::options, "/", {{"Max-Forwards", "0"}}), how) == "goes no further");
  CHECK(onward(request(method::options, "/", {{"Max-Forwards", "x"}}), how) == "Max-Forwards: x\n");
  CHECK(onward(request::get("/", {{"Max-Forwards", "0"}}), how) == "Max-Forwards: 0\n");
}

TEST_CASE("what HTTP/1.0 expects means nothing, and does not become HTTP/1.1's", "[client][proxy][rfc9110-10.1.1]") {
  request r(method::post, "/", {{"Expect", "100-continue"}});
  CHECK(onward(r, bare()) == "Expect: 100-continue\n");
  r.version = http_version::http_1_0;
  CHECK(onward(r, bare()) == "");
}

TEST_CASE("a path is asked for below that of the upstream", "[client][proxy]") {
  struct row {
    const char* target;
    const char* base;
    const char* prefix;
    std::optional<std::string> onward;
  };
  const row rows[] = {
      {"/a?b=c", "/", "", "/a?b=c"},
      {"/a%20b//c/./d?", "/", "", "/a%20b//c/./d?"},
      {"//h/x", "/", "", "//h/x"},
      {"/?", "/", "", "/?"},
      {"/a\"<>\\^`{|}?\"<>\\^`{|}", "/", "", "/a\"<>\\^`{|}?\"<>\\^`{|}"},
      {"/a%7c%zz%2F%?%", "/", "", "/a%7c%zz%2F%?%"},
      {"/a%zz", "/base", "", std::nullopt},
      {"/%u002e%u002e/b", "/base", "", std::nullopt},
      {"/api/%u002e%u002e/b", "/", "/api", std::nullopt},
      {"/%u002e%u002e/b", "/", "", "/%u002e%u002e/b"},
      {"/a", "/base", "", "/base/a"},
      {"/a", "/base/", "", "/base/a"},
      {"http://h/a?b", "/", "", "/a?b"},
      {"http://h", "/", "", "/"},
      {"/api/x", "/", "/api", "/x"},
      {"/api", "/", "/api", "/"},
      {"/api?q", "/", "/api", "/?q"},
      {"/api/x", "/v1", "/api", "/v1/x"},
      {"/api/x", "/", "/api/", "/x"},
      {"/apiary", "/", "/api", std::nullopt},
      {"/other", "/", "/api", std::nullopt},
      {"/oth/er", "/", "/api", std::nullopt},
      {"/../x", "/base", "", std::nullopt},
      {"/a/%2E./x", "/base/", "", std::nullopt},
      {"/a/..%2fx", "/base", "", std::nullopt},
      {"/a\\..%5Cx", "/base", "", std::nullopt},
      {"/a/..;x/y", "/base", "", std::nullopt},
      {"/a/%2e%2e%3b/y", "/base", "", std::nullopt},
      {"/a/..", "/base", "", std::nullopt},
      {"/a/%/%2e.", "/base", "", std::nullopt},
      {"/api/../x", "/v1", "/api", std::nullopt},
      {"/api/../x", "/", "/api", std::nullopt},
      {"/api/../x", "/", "", std::nullopt},
      {"/api/%2e%2E%5cx", "/", "", std::nullopt},
      {"http://h/api/..", "/", "", std::nullopt},
      {"/..a/b../...?/../x", "/base", "", "/base/..a/b../...?/../x"},
  };
  for (const row& r : rows) {
    INFO(r.target << " below " << r.base << " without " << r.prefix);
    forward_options how;
    how.strip_prefix = r.prefix;
    CHECK(forward_target(request::get(r.target), r.base, how) == r.onward);
  }
}

TEST_CASE("a question about a server as a whole goes on where a whole server is passed on", "[client][proxy][rfc9112-3.2.4]") {
  const request r(method::options, "*");
  forward_options how;
  CHECK(forward_target(r, "/", how) == "*");
  CHECK(forward_target(r, "/base", how) == std::nullopt);
  how.strip_prefix = "/api";
  CHECK(forward_target(r, "/", how) == std::nullopt);
}

TEST_CASE("the last proxy asks for path and query of a URL, or for *", "[client][proxy][rfc9112-3.2.4]") {
  const auto asked = [](const method& m, const char* target) {
    const request r(m, target);
    return std::string(received_origin(r)) + " " + received_target(r);
  };
  CHECK(asked(method::options, "http://h:1") == "http://h:1 *");
  CHECK(asked(method::get, "http://h:1") == "http://h:1 /");
  CHECK(asked(method::options, "http://h:1/") == "http://h:1 /");
  CHECK(asked(method::options, "http://h:1?") == "http://h:1 /?");
  CHECK(asked(method::options, "HTTP://[::1]/h:1") == "HTTP://[::1] /h:1");
  CHECK(asked(method::get, "http://h?a/b") == "http://h /?a/b");
  CHECK(asked(method::get, "http://h/../a|b%?%zz\\") == "http://h /../a|b%?%zz\\");
}

TEST_CASE("a peer learns that upstream failed, and nothing else", "[client][proxy][security]") {
  const auto of = [](error_kind kind, int hint) {
    const response r = gateway_problem(error(kind, "connect 10.0.0.1:80: connection refused", hint));
    return std::to_string(r.status.code()) + " " + std::string(r.body.text());
  };
  CHECK(of(error_kind::connect, 0) == "502 502 Bad Gateway\n");
  CHECK(of(error_kind::resolve, 0) == "502 502 Bad Gateway\n");
  CHECK(of(error_kind::closed, 0) == "502 502 Bad Gateway\n");
  CHECK(of(error_kind::timeout, 0) == "504 504 Gateway Timeout\n");
  CHECK(of(error_kind::timeout, 408) == "408 408 Request Timeout\n");
  CHECK(of(error_kind::limit, 413) == "413 413 Content Too Large\n");
  CHECK(of(error_kind::limit, 400) == "400 400 Bad Request\n");
}
