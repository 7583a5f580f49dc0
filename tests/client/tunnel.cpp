// Tests of client/tunnel.hpp: what is said to proxies, and what hostile ones are told.
#include "support.hpp"

#include <tinyhttp/client/tunnel.hpp>

#include <string>
#include <string_view>

using namespace client_test;
using namespace std::string_literals;

namespace {

/// A proxy in memory that says what was written down for it.
struct memory_proxy {
  explicit memory_proxy(std::string_view proxy_text, testing::delivery how = {})
      : on(net::loop_options{.time = &time}),
        theirs(on, {}),
        ours(on, how),
        via(parse_proxy(proxy_text).value()) {
    memory_stream::connect(ours, theirs);
  }

  /// Opens a tunnel to `to`, the proxy having said `octets` (and then nothing, or the end).
  std::string open(std::string_view to, std::string_view octets, bool ends = false) {
    const std::string_view pieces[] = {octets};
    on.run_until_done(say(pieces)).value();
    if (ends) static_cast<void>(theirs.shutdown_send());
    const url where = parse_url(to).value();
    ours.expires_at(time.now() + std::chrono::seconds(10));
    const auto opened = on.run_until_done(open_tunnel(ours, via, where, bounds));
    kind = opened ? error_kind::io : opened.error().kind();
    return opened ? "open" : opened.error().message();
  }
  task<result<void>> say(std::span<const std::string_view> pieces) {
    if (pieces[0].empty()) co_return result<void>();
    const result<void> written = co_await theirs.write(pieces);
    co_return written;
  }
  /// What the proxy was told.
  std::string heard() { return on.run_until_done(hear()); }
  task<std::string> hear() {
    char room[4096];
    std::span<char> all(room);
    theirs.expires_at(time.now() + std::chrono::seconds(1));
    const result<std::size_t> count = co_await theirs.read(all);
    co_return std::string(room, count ? *count : 0);
  }

  net_test::held_time time;
  net::loop on;
  memory_stream theirs;
  memory_stream ours;
  proxy via;
  h1::limits bounds;
  error_kind kind = error_kind::io;
};

const std::string granted = "\5\0"s + "\5\0\0\1\0\0\0\0\0\0"s;

}  // namespace

TEST_CASE("CONNECT asks for host and port, and no more", "[client][tunnel][rfc9110-9.3.6]") {
  memory_proxy p("127.0.0.1:3128");
  CHECK(p.open("http://h.example/x", "HTTP/1.1 200 Connection established\r\n\r\n") == "open");
  CHECK(p.heard() == "CONNECT h.example:80 HTTP/1.1\r\nHost: h.example:80\r\n\r\n");
  memory_proxy with_user("u:p@127.0.0.1:3128");
  CHECK(with_user.open("http://u2:p2@[::1]:81/x", "HTTP/1.0 204 fine\r\n\r\n") == "open");
  CHECK(with_user.heard() ==
        "CONNECT [::1]:81 HTTP/1.1\r\nHost: [::1]:81\r\nProxy-Authorization: Basic dTpw\r\n\r\n");
}

TEST_CASE("what a proxy answers to CONNECT is told in a line", "[client][tunnel]") {
  struct row {
    std::string octets;
    bool ends;
    std::string outcome;
    error_kind kind;
  };
  const auto r = GENERATE(values<row>({
      {"HTTP/1.1 407 x\r\nProxy-Authenticate: Basic realm=\"x\"\r\n\r\n", false,
       "407 Proxy Authentication Required", error_kind::connect},
      {"HTTP/1.1 502 x\r\nContent-Length: 5\r\n\r\nhello", false, "502 Bad Gateway",
       error_kind::connect},
      {"HTTP/1.1 799 x\r\n\r\n", false, "799", error_kind::connect},
      {"HTTP/1.1 302 x\r\nLocation: http://evil.example/\r\n\r\n", false, "302 Found",
       error_kind::connect},
      {"HTTP/1.1 100 x\r\n\r\nHTTP/1.1 200 x\r\n\r\n", false, "open", error_kind::io},
      {"HTTP/1.1 200 x\r\nContent-Length: 5\r\n\r\n", false, "open", error_kind::io},
      {"", true, "connection closed before its answer", error_kind::closed},
      {"HTTP/1.1 200 x\r\n", true, "connection closed before its answer", error_kind::closed},
      {"HTTP/1.1 200 x\r\n", false, "timed out", error_kind::timeout},
      {"", false, "timed out", error_kind::timeout},
      {"SSH-2.0-OpenSSH\r\n", false, "bad answer: no HTTP version in the start line", error_kind::protocol},
      {"HTTP/1.1 101 x\r\nUpgrade: x\r\n\r\n", false,
       "bad answer: 101 without having asked for another protocol", error_kind::protocol},
      {"HTTP/1.1 200 x\r\nX: " + std::string(4096, 'x'), false, "bad answer: head too large",
       error_kind::protocol},
  }));
  for (const std::size_t at_once : {std::size_t{1} << 20, std::size_t{1}}) {
    CAPTURE(r.octets.substr(0, 100), at_once);
    memory_proxy p("127.0.0.1:3128", {.fragment = at_once});
    p.bounds.head = 2048;
    const std::string outcome = p.open("http://h.example/", r.octets, r.ends);
    CHECK(outcome == (r.outcome == "open" ? "" : "proxy 127.0.0.1:3128: ") + r.outcome);
    CHECK(p.kind == r.kind);
  }
}

TEST_CASE("a proxy that answers before it is asked is refused", "[client][tunnel][security]") {
  memory_proxy p("127.0.0.1:3128");
  CHECK(p.open("http://h.example/", "HTTP/1.1 200 x\r\n\r\nHTTP/1.1 200 x\r\n\r\n") ==
        "proxy 127.0.0.1:3128: octets that nobody has asked for");
  CHECK(p.kind == error_kind::protocol);
}

TEST_CASE("a proxy that has nothing but interim answers is given up", "[client][tunnel][limit]") {
  memory_proxy p("127.0.0.1:3128");
  std::string octets;
  for (int i = 0; i < 100; ++i) octets += "HTTP/1.1 103 x\r\n\r\n";
  CHECK(p.open("http://h.example/", octets) ==
        "proxy 127.0.0.1:3128: too many informational responses");
  CHECK(p.kind == error_kind::limit);
}

TEST_CASE("SOCKS5 is asked for a name or an address", "[client][tunnel][rfc1928-4]") {
  memory_proxy p("socks5h://127.0.0.1:1080");
  CHECK(p.open("http://h.example:258/x", granted) == "open");
  CHECK(p.heard() == "\5\1\0"s + "\5\1\0\3\x9h.example\1\2"s);
  memory_proxy p4("socks5://127.0.0.1:1080");
  CHECK(p4.open("http://127.0.0.9/", granted) == "open");
  CHECK(p4.heard() == "\5\1\0"s + "\5\1\0\1\x7f\0\0\x9\0\x50"s);
  memory_proxy p6("socks5://127.0.0.1:1080");
  CHECK(p6.open("http://[::1]/", granted) == "open");
  CHECK(p6.heard() == "\5\1\0"s + "\5\1\0\4"s + std::string(15, '\0') + "\1\0\x50"s);
  memory_proxy nameless("socks5h://127.0.0.1:1080");
  nameless.via.credentials = "me";  // not of a URL
  CHECK(nameless.open("http://h/", "\5\2"s + "\1\0"s + granted.substr(2)) == "open");
  CHECK(nameless.heard().find("\1\2me\0\5"s) != std::string::npos);
  memory_proxy too_long("socks5h://127.0.0.1:1080");
  CHECK(too_long.open("http://" + std::string(256, 'a') + "/", granted) ==
        "proxy 127.0.0.1:1080: the host's name is too long for SOCKS5");
}

TEST_CASE("SOCKS5 logs in with user and password where the proxy wants that",
          "[client][tunnel][rfc1929]") {
  memory_proxy p("socks5h://me:secret@127.0.0.1:1080");
  CHECK(p.open("http://h/", "\5\2"s + "\1\0"s + granted.substr(2)) == "open");
  CHECK(p.heard() == "\5\2\0\2"s + "\1\2me\6secret"s + "\5\1\0\3\1h\0\x50"s);
  memory_proxy refused("socks5h://me:wrong@127.0.0.1:1080");
  CHECK(refused.open("http://h/", "\5\2"s + "\1\1"s) ==
        "proxy 127.0.0.1:1080: user or password refused");
  memory_proxy unasked("socks5h://me:secret@127.0.0.1:1080");
  CHECK(unasked.open("http://h/", granted) == "open");
  CHECK(unasked.heard().find("secret") == std::string::npos);
  memory_proxy too_long("socks5h://me:" + std::string(256, 'x') + "@127.0.0.1:1080");
  CHECK(too_long.open("http://h/", "\5\2"s) ==
        "proxy 127.0.0.1:1080: SOCKS5 takes users and passwords of up to 255 octets");
}

TEST_CASE("what a SOCKS5 proxy answers is told in a line", "[client][tunnel][rfc1928-6]") {
  struct row {
    std::string octets;
    bool ends;
    std::string outcome;
  };
  const std::string hello = "\5\0"s;
  const auto r = GENERATE_COPY(values<row>({
      {granted, false, "open"},
      {hello + "\5\0\0\3\4abcd\0\0"s, false, "open"},
      {hello + "\5\0\0\3\0\0\0"s, false, "open"},
      {hello + "\5\0\0\4"s + std::string(18, '\0'), false, "open"},
      {hello + "\5\1\0\1\0"s, false, "general failure"},
      {hello + "\5\2\0\1\0"s, false, "not allowed by its rules"},
      {hello + "\5\3\0\1\0"s, false, "network unreachable"},
      {hello + "\5\4\0\1\0"s, false, "host unreachable"},
      {hello + "\5\5\0\1\0"s, false, "connection refused"},
      {hello + "\5\6\0\1\0"s, false, "timed out on its way"},
      {hello + "\5\7\0\1\0"s, false, "it knows no CONNECT"},
      {hello + "\5\x8\0\1\0"s, false, "it does not know this family of addresses"},
      {hello + "\5\xff\0\1\0"s, false, "a failure that RFC 1928 does not name"},
      {hello + "\5\0\0\2\0\0\0\0\0\0"s, false, "an answer with an unknown kind of address"},
      {hello + "\4\0\0\1\0\0\0\0\0\0"s, false, "it does not speak SOCKS5"},
      {"\5\xff"s, false, "it wants a user and a password"},
      {"\5\2"s, false, "it wants a user and a password"},
      {"\4\0"s, false, "it does not speak SOCKS5"},
      {"HTTP/1.1 400 Bad Request\r\n\r\n", false, "it does not speak SOCKS5"},
      {"", true, "connection closed before its answer"},
      {"\5"s, true, "connection closed before its answer"},
      {hello, true, "connection closed before its answer"},
      {hello + "\5\0\0\3\xff" + "abc"s, true, "connection closed before its answer"},
      {hello + "\5\0\0\1\0\0\0\0\0"s, false, "timed out"},
      {hello, false, "timed out"},
      {"", false, "timed out"},
  }));
  for (const std::size_t at_once : {std::size_t{1} << 20, std::size_t{1}}) {
    CAPTURE(r.octets, at_once);
    memory_proxy p("socks5h://127.0.0.1:1080", {.fragment = at_once});
    const std::string outcome = p.open("http://h.example/", r.octets, r.ends);
    CHECK(outcome == (r.outcome == "open" ? "" : "proxy 127.0.0.1:1080: ") + r.outcome);
  }
}

TEST_CASE("whatever octets a proxy says, the outcome is a line and comes in time",
          "[client][tunnel][security]") {
  std::uint32_t state = 11;
  const auto random = [&](std::size_t below) {
    state = state * 1664525 + 1013904223;
    return (state >> 8) % below;
  };
  const std::string bases[] = {"HTTP/1.1 200 x\r\nA: b\r\n\r\n", granted, "\5\2"s + "\1\0"s + granted.substr(2)};
  int opened = 0;
  for (int i = 0; i < 300; ++i) {
    std::string octets = bases[i % 3];
    for (std::size_t changes = random(3); changes > 0; --changes)
      octets[random(octets.size())] = static_cast<char>(random(256));
    if (random(4) == 0) octets.resize(random(octets.size() + 1));
    memory_proxy p(i % 3 == 0 ? "h:1" : "socks5h://u:p@h:1", {.fragment = 1 + random(5)});
    const std::string outcome = p.open("http://h.example/", octets, random(2) == 0);
    CAPTURE(octets, outcome);
    opened += outcome == "open";
    REQUIRE((outcome == "open" || outcome.starts_with("proxy h:1: ")));
    REQUIRE(outcome.find_first_of("\r\n") == std::string::npos);
  }
  CHECK(opened > 25);
}
