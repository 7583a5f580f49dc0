// tests/apart/testing_tls.cpp -- tests testing_tls.hpp: fake servers with certificates good and bad, and
// TLS that is broken to the octet
#include "../testing/support.hpp"
#include "allocations.hpp"
#include "catch.hpp"
#include "folder.hpp"
#include "skip.hpp"

#include <tinyhttp/client/client.hpp>
#include <tinyhttp/testing/recording.hpp>
#include <tinyhttp/testing_tls.hpp>
#include <tinyhttp/tls.hpp>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <new>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace tinyhttp::testing;
using tinyhttp::client;
using tinyhttp::client_options;
using tinyhttp::error_kind;

namespace {

client_options trusting(const fake_server& srv, tinyhttp::tls_client_options with = {}) {
  with.ca_file = srv.ca_file();
  client_options made;
  made.tls = tinyhttp::tls_client_context(with).value();
  return made;
}
/// The body that `c` gets, or why it gets none.
std::string fetched(client& c, const std::string& url) {
  const auto answer = c.get(url);
  return answer ? std::string(answer->body.text()) : answer.error().message();
}
std::string fetched(const fake_server& srv, const std::string& url) {
  client c(trusting(srv));
  return fetched(c, url);
}
std::string contents(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}
/// The exit status of a command, and what it wrote.
std::pair<int, std::string> run(const std::string& command) {
  std::FILE* const from = ::popen((command + " 2>/dev/null").c_str(), "r");
  REQUIRE(from != nullptr);
  std::string said;
  for (char room[1000]; const std::size_t count = std::fread(room, 1, sizeof room, from);) said.append(room, count);
  const int status = ::pclose(from);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, said};
}
bool exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

}  // namespace

TEST_CASE("a fake server speaks TLS to who trusts its authority", "[testing_tls]") {
  fake_server srv{tls()};
  srv.file("/x", pattern(300'000, 7));
  CHECK(srv.url().starts_with("https://127.0.0.1:"));
  CHECK(fetched(srv, srv.url("/x")) == pattern(300'000, 7).octets());
  CHECK(srv.wait_for_end(get("/x")));
  const auto all = srv.journal();
  REQUIRE(all.size() == 1);
  CHECK(all[0].acked == 300'000);
  CHECK(all[0].server_name.empty());  // an address is no name (RFC 6066 3)
  CHECK(srv.quiet());
  fake_server plain;
  CHECK(plain.ca_file().empty());
  CHECK(plain.ca().empty());
}

TEST_CASE("an https origin is recorded by who trusts it, and by nobody else", "[testing_tls][recording]") {
  const scratch::folder kept;
  fake_server origin{tls()}, srv, again;
  origin.file("/x", text("secret"));
  recording_options how{.from = origin.url(), .mode = record_mode::missing};
  srv.mount("/trusting", recorded(kept.path(), {.from = how.from, .mode = how.mode, .asking = trusting(origin)}));
  how.asking.tls = tinyhttp::tls_client_context().value();
  srv.mount("/doubting", recorded(kept / "none", how));
  CHECK(testing_support::fetch(srv, "/doubting/x").status() == 500);
  CHECK(!exists(kept / "none"));
  CHECK(testing_support::fetch(srv, "/trusting/x").body() == "secret");
  again.mount("/", recorded(kept.path(), {.mode = record_mode::replay}));
  CHECK(testing_support::fetch(again, "/x").body() == "secret");
}

TEST_CASE("a certificate is as bad as the test wants", "[testing_tls][security]") {
  struct row {
    tls wishes;
    const char* why;
    const char* alert;
  };
  const auto& [wishes, why, alert] = GENERATE(values<row>({
      {tls().expired(), "certificate has expired", "alert certificate expired"},
      {tls().not_yet_valid(), "certificate is not yet valid", "alert bad certificate"},
      {tls().host("other.example"), "IP address mismatch", "alert bad certificate"},
      {tls().host("localhost", "other.example").expired(), "certificate has expired", "alert certificate expired"},
      {tls().self_signed(), "self-signed certificate", "alert unknown ca"},
      {tls().unknown_authority(), "unable to get local issuer certificate", "alert unknown ca"},
  }));
  fake_server srv{wishes};
  srv.file("/x", text("x"));
  const std::string url = srv.url("/x");
  CHECK(fetched(srv, url) == "connect " + url.substr(0, url.size() - 2) + ": TLS: " + why);
  CHECK(srv.wait_for(failed_handshake(alert)));
  CHECK(srv.saw(failed_handshake()).once());
  CHECK(srv.saw(get("/x")).never());
  CHECK(!srv.quiet());
  srv.tolerate(failed_handshake(alert));
  CHECK(srv.quiet());
  client careless(trusting(srv, {.verify_server = false}));
  CHECK(fetched(careless, url) == "x");
}

TEST_CASE("the journal knows the host that was named, and the client", "[testing_tls]") {
  fake_server srv{tls().host("localhost").ask_client("ada")};
  srv.file("/x", text("x"));
  CHECK(srv.url().starts_with("https://localhost:"));
  SECTION("who shows a certificate") {
    client c(trusting(srv, {.certificate_file = srv.client_certificate_file()}));
    CHECK(fetched(c, srv.url("/x")) == "x");
    const auto all = srv.journal();
    REQUIRE(all.size() == 1);
    CHECK(all[0].server_name == "localhost");
    CHECK(all[0].client_subject == "CN=ada");
    CHECK(all[0].line().starts_with(" #1 c1.1 GET /x  to localhost  from CN=ada  200"));
    CHECK(all[0].json().find(R"("server_name":"localhost","client_subject":"CN=ada")") != std::string::npos);
  }
  SECTION("who shows none") {
    CHECK(fetched(srv, srv.url("/x")).find("certificate required") != std::string::npos);
    CHECK(srv.wait_for(failed_handshake("peer did not return a certificate")));
    const auto all = srv.journal();
    REQUIRE(all.size() == 1);
    CHECK(all[0].line() == " #1 c1.1 TLS handshake: peer did not return a certificate  to localhost  0/0 acked  FIN");
  }
  SECTION("who shows one of somebody else") {
    const fake_server other{tls().ask_client()};
    client c(trusting(srv, {.certificate_file = other.client_certificate_file()}));
    CHECK(fetched(c, srv.url("/x")).find("TLS: ") != std::string::npos);
    CHECK(srv.wait_for(failed_handshake("certificate verify failed")));
  }
}

TEST_CASE("what is wrong with a handshake reads well", "[testing_tls]") {
  fake_server srv{tls()};
  const client_options nobody{.tls = tinyhttp::tls_client_context().value()};
  client c(nobody);
  CHECK_FALSE(c.get(srv.url("/x")));
  CHECK(srv.wait_for(failed_handshake()));
  const auto seen = srv.saw(get("/x")).once();
  CHECK(!seen);
  CHECK(seen.text() == "expected 1 x GET /x, saw 0\njournal (1 exchange, 1 connection)\n"
                    " #1 c1.1 TLS handshake: tlsv1 alert unknown ca  0/0 acked  client left\n");
  const auto none = srv.saw(failed_handshake("expired")).once();
  CHECK(none.text().starts_with("expected 1 x failed TLS handshake where the reason has `expired` in it, saw 0\n"));
}

TEST_CASE("a handshake ends where it was told to", "[testing_tls]") {
  fake_server srv{tls()};
  srv.file("/x", text("x"));
  client c(trusting(srv));
  SECTION("by an end at any octet") {
    // Our octets: ServerHello to Finished, and, when the client has finished too, tickets (RFC 8446 4.6.1).
    bool finished = false;
    std::uint64_t at = 0, cuts = 0;
    for (std::string why; at < 10'000; at += at < 8 ? 1 : 31, ++cuts) {
      srv.on_handshake(cut(after{at}));
      CAPTURE(at);
      why = fetched(c, srv.url("/x"));
      if (why == "x") break;  // it was over before
      finished = finished || why.ends_with(" before any answer");
      CHECK_THAT(why, Catch::EndsWith(finished ? " before any answer" : ": TLS: connection closed in the handshake"));
    }
    CHECK(at > 500);
    CHECK(at < 10'000);
    CHECK(srv.wait_for_end(failed_handshake("ended as it was told"), cuts));
    CHECK(srv.journal()[8].fired == "cut after 8");
    CHECK(srv.journal()[8].end == ending::fin);
  }
  SECTION("by a reset, and then no more") {
    srv.on_handshake(reset(after{100}).times(2));
    CHECK(fetched(c, srv.url("/x")).ends_with(": connection reset in the TLS handshake"));
    CHECK(fetched(c, srv.url("/x")).ends_with(": connection reset in the TLS handshake"));
    CHECK(fetched(c, srv.url("/x")) == "x");
    CHECK(srv.saw(failed_handshake()).exactly(2));
  }
  SECTION("by silence") {
    srv.on_handshake(stall(after{200}).then(serve()));
    auto with = trusting(srv);
    with.connect_timeout = std::chrono::milliseconds(30);
    client hasty(std::move(with));
    const auto late = hasty.get(srv.url("/x"));
    REQUIRE_FALSE(late);
    CHECK(late.error().kind() == error_kind::timeout);
    CHECK(fetched(c, srv.url("/x")) == "x");
    CHECK(srv.wait_for_end(failed_handshake()));
  }
  SECTION("by octets that are no TLS") {
    srv.on_handshake(raw("SSH-2.0-OpenSSH_9.2\r\n").then(raw(std::string(30'000, '\0'))).then(serve()));
    CHECK(fetched(c, srv.url("/x")).ends_with(": TLS: wrong version number, as where no TLS is spoken"));
    CHECK(fetched(c, srv.url("/x")).find(": TLS: ") != std::string::npos);
    CHECK(fetched(c, srv.url("/x")) == "x");
  }
  SECTION("but not by what only an answer can do") {
    CHECK_THROWS_WITH(srv.on_handshake(reply(404)), "fake server: not for handshakes: reply 404");
    CHECK_THROWS_WITH(srv.on_handshake(cut(after{1}) | stall(after{2})), Catch::StartsWith("fake server: not for handshakes: "));
  }
  SECTION("before its first octet") {
    srv.hang_up();
    CHECK_FALSE(c.get(srv.url("/x")));
    CHECK(fetched(c, srv.url("/x")) == "x");
  }
}

TEST_CASE("with TLS octets of the answer are counted, not those on the wire", "[testing_tls]") {
  fake_server srv{tls()};
  const std::string all = pattern(100'000, 3).octets();
  srv.file("/x", pattern(100'000, 3));
  client c(trusting(srv));
  const auto by = GENERATE(values<std::pair<behavior, const char*>>({
      {cut(after{70'001}), "FIN"}, {truncate(after{70'001}), "FIN"}, {reset(after{70'001}), "RST"}}));
  srv.on("/x", by.first);
  const auto failed = c.get(srv.url("/x"));
  REQUIRE_FALSE(failed);
  CHECK(failed.error().message().find("after 70001 of 100000 octets") != std::string::npos);
  CHECK(srv.wait_for_end(get("/x")));
  const auto book = srv.journal();
  CHECK(book[0].handed == 70'001);
  CHECK(book[0].acked == 70'001);
  CHECK(name_of(book[0].end) == std::string_view(by.second));
}

TEST_CASE("an answer that only the end ends is whole with an end of TLS, and else an error", "[testing_tls][security]") {
  fake_server srv{tls()};
  srv.file("/x", text("hello, world"));
  client c(trusting(srv));
  srv.on("/x", no_length());
  CHECK(fetched(c, srv.url("/x")) == "hello, world");
  srv.on("/x", no_length() | cut(after{5}));
  CHECK(fetched(c, srv.url("/x")) == "hello");  // nothing tells it that this was all of it
  srv.on("/x", no_length() | truncate(after{5}));
  const auto failed = c.get(srv.url("/x"));
  REQUIRE_FALSE(failed);
  CHECK(failed.error().kind() == error_kind::closed);
  CHECK(failed.error().message().find("after 5 octets") != std::string::npos);
  CHECK(srv.saw(get("/x")).exactly(3));
}

TEST_CASE("a record that nobody with the keys has made is an error, wherever it comes", "[testing_tls][security]") {
  fake_server srv{tls()};
  srv.file("/x", text("hello, world"));
  client c(trusting(srv));
  const auto at = GENERATE(values<position>({in_head{0}, in_head{20}, after{0}, after{5}, after{11}}));
  srv.on("/x", bad_record(at));
  const auto failed = c.get(srv.url("/x"));
  REQUIRE_FALSE(failed);
  CAPTURE(failed.error().message());
  CHECK(failed.error().kind() == error_kind::tls);
  CHECK(failed.error().message().find("decryption failed or bad record mac") != std::string::npos);
}

TEST_CASE("the faults of TLS are cuts where there is none", "[testing_tls]") {
  fake_server srv;
  srv.file("/x", text("hello, world"));
  srv.on("/x", GENERATE(values<behavior>({truncate(after{5}), bad_record(after{5})})));
  CHECK(testing_support::fetch(srv, "/x").body() == "hello");
}

TEST_CASE("who speaks HTTP to a port of TLS is told so, in HTTP", "[testing_tls]") {
  const fake_server srv{tls()};
  const auto answer = testing_support::fetch(srv, "/x");
  CHECK(answer.status() == 400);
  CHECK(answer.body() == "This port speaks TLS: use https URLs\n");
  CHECK(answer.error.empty());
  CHECK(srv.saw(failed_handshake("http request")).once());
}

TEST_CASE("the files of a server go with it, and only we can read them", "[testing_tls]") {
  std::string ca, shown;
  {
    const fake_server srv{tls().ask_client()};
    ca = srv.ca_file();
    shown = srv.client_certificate_file();
    CHECK(contents(ca) == srv.ca());
    CHECK(contents(shown) == srv.client_certificate());
    CHECK(srv.ca().starts_with("-----BEGIN CERTIFICATE-----\n"));
    CHECK(srv.ca().find("PRIVATE KEY") == std::string::npos);
    CHECK(srv.client_certificate().find("-----BEGIN PRIVATE KEY-----\n") != std::string::npos);
    struct stat about {};
    REQUIRE(::stat(ca.substr(0, ca.rfind('/')).c_str(), &about) == 0);
    CHECK((about.st_mode & 0777) == 0700);
  }
  CHECK_FALSE(exists(ca));
  CHECK_FALSE(exists(shown));
  CHECK_FALSE(exists(ca.substr(0, ca.rfind('/'))));
}

TEST_CASE("TLS goes over IPv6 and over Unix-domain sockets as well", "[testing_tls]") {
  SECTION("IPv6") {
    fake_server srv{fake_server_options{.host = "::1", .tls = tls().make()}};
    srv.file("/x", text("x"));
    CHECK(srv.url().starts_with("https://[::1]:"));
    CHECK(fetched(srv, srv.url("/x")) == "x");
  }
  SECTION("a Unix-domain socket") {
    fake_server srv{fake_server_options{.unix_socket = true, .tls = tls().make()}};
    srv.file("/x", text("x"));
    auto with = trusting(srv);
    with.unix_path = srv.unix_path();
    client c(std::move(with));
    CHECK(fetched(c, srv.url("/x")) == "x");
  }
}

TEST_CASE("wget tells a truncation from an end", "[testing_tls][programs]") {
  if (run("command -v wget").first != 0) return skip("wget is not installed");
  fake_server srv{tls()};
  srv.file("/x", text("hello, world"));
  const std::string wget = "wget -q --no-proxy --tries=1 --timeout=10 -O - --ca-certificate=" + srv.ca_file() + " " + srv.url("/x");
  srv.on("/x", no_length() | cut(after{5}));
  CHECK(run(wget) == std::pair(0, std::string("hello")));
  srv.on("/x", no_length() | truncate(after{5}));
  CHECK(run(wget) == std::pair(4, std::string("hello")));
}

TEST_CASE("curl sees what a fake server does with TLS", "[testing_tls][programs]") {
  if (run("command -v curl").first != 0) return skip("curl is not installed");
  fake_server srv{tls().host("localhost").ask_client("ada")};
  srv.file("/x", text("hello, world"));
  const std::string base = "curl -sS --noproxy '*' --max-time 10 --cacert " + srv.ca_file();
  const std::string curl = base + " --cert " + srv.client_certificate_file() + " " + srv.url("/x");
  const auto got = run(curl);
  CHECK(got == std::pair(0, std::string("hello, world")));
  CHECK(srv.journal()[0].client_subject == "CN=ada");
  CHECK(srv.journal()[0].server_name == "localhost");
  CHECK(run(base + " " + srv.url("/x")).first == 56);  // no certificate: the server's alert
  CHECK(run("curl -sS --noproxy '*' " + srv.url("/x")).first == 60);  // nobody it trusts
  CHECK(srv.wait_for(failed_handshake("unknown ca")));
  srv.on("/x", no_length() | cut(after{5}));
  CHECK(run(curl) == std::pair(0, std::string("hello")));
  srv.on("/x", bad_record(after{5}));
  CHECK(run(curl).first == 56);
  srv.forget_rules();
  srv.on_handshake(cut(after{100}).then(raw("SSH-2.0-x\r\n")).then(serve()));
  CHECK(run(curl).first == 35);
  CHECK(run(curl).first == 35);
  CHECK(run(curl).first == 0);
  fake_server stale{tls().expired()};
  CHECK(run("curl -sS --noproxy '*' --cacert " + stale.ca_file() + " " + stale.url("/x")).first == 60);
  CHECK(stale.wait_for(failed_handshake("certificate expired")));
}

TEST_CASE("whichever allocation fails, a client goes on whose TLS connection was reset meanwhile", "[testing_tls][memory][threads]") {
  if (!allocations_are_counted()) return;
  fake_server srv{tls()};
  srv.file("/x", text("hello"));
  client c(trusting(srv));
  const std::string url = srv.url("/x");
  bool is_over = false;
  for (long at = 0; !is_over; ++at) {
    INFO("allocation " << at);
    REQUIRE(fetched(c, url) == "hello");
    REQUIRE(c.idle_connections() == 1);
    srv.drop_connections();
    fail_allocation_after(at);
    try {
      const auto answer = c.get(url);
      is_over = !allocation_has_failed();
    } catch (const std::bad_alloc&) {
    }
    fail_allocation_after(-1);
    REQUIRE(at < 1000);
  }
}
