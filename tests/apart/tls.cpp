// tests/apart/tls.cpp -- tests tls.hpp and tls/: our client and our server, and what goes wrong between them
#include "../client/support.hpp"
#include "catch.hpp"
#include "folder.hpp"
#include "own_process.hpp"
#include "skip.hpp"
#include "tls_support.hpp"

#include <tinyhttp/client/as_handler.hpp>
#include <tinyhttp/client/async.hpp>
#include <tinyhttp/client/client.hpp>
#include <tinyhttp/client/download.hpp>
#include <tinyhttp/files/static_files.hpp>
#include <tinyhttp/net/descriptor.hpp>
#include <tinyhttp/net/listener.hpp>
#include <tinyhttp/net/proxy_header.hpp>
#include <tinyhttp/tls.hpp>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>

using namespace client_test;
using namespace tls_test;
using namespace std::string_literals;

namespace {

struct ends_with_us {
  explicit ends_with_us(pid_t one) noexcept : process(one) {}
  ends_with_us(const ends_with_us&) = delete;
  ends_with_us& operator=(const ends_with_us&) = delete;
  ~ends_with_us() {
    ::kill(process, SIGTERM);
    ::waitpid(process, nullptr, 0);
  }
  pid_t process;
};

}  // namespace

TEMPLATE_TEST_CASE("a client and a server speak by TLS, and keep their connection", "[apart][tls][threads]", client, looped_client) {
  const auto server = serving(hello);
  TestType c(trusting());
  for (int i = 0; i < 3; ++i) {
    const auto answer = c.get(server.url());
    if (!answer) FAIL(answer.error().message());
    CHECK(answer->body.text() == "secure ");
  }
  CHECK(server.open_connections() == 1);
  CHECK(server.url().starts_with("https://127.0.0.1:"));
  CHECK(c.get(at_localhost(server)).value().status == 200);
}

TEST_CASE("a static client", "[.]") {  // in a process of its own, see below
  ::alarm(60);
  static client c(trusting());
  static const tls_server server(hello, {.port = 0, .tls = show()});
  CHECK(c.get(server.url()).value().body.text() == "secure ");  // and the connection is kept
}

TEST_CASE("a client and a server may be static, and end behind main", "[apart][tls][threads]") {
  CHECK(status_of_own_process("a static client") == 0);
}

TEST_CASE("what a proxy says stands in front of TLS", "[apart][tls][threads][proxy_header]") {
  const tls_server server([](const request& r) { return text((r.is_secure() ? "secure " : "plain ") + std::string(r.peer())); },
                          {.port = 0, .introduced_by = net::read_proxy_header, .tls = show()});
  auto listening = net::listener::bind({.host = "127.0.0.1", .port = 0}).value();
  std::thread proxy([&] {  // one connection: says whose it is, and passes octets on both ways
    pollfd waits{listening.native(), POLLIN, 0};
    ::poll(&waits, 1, 20'000);
    const net::descriptor near(::accept(listening.native(), nullptr, nullptr));
    const net::descriptor far(::socket(AF_INET, SOCK_STREAM, 0));
    const auto to = *net::address::parse("127.0.0.1", server.port());
    static_cast<void>(::connect(far.get(), to.native(), to.native_size()));
    const std::string_view header = "PROXY TCP4 203.0.113.9 127.0.0.1 4711 443\r\n";
    static_cast<void>(::send(far.get(), header.data(), header.size(), MSG_NOSIGNAL));
    char room[4096];
    pollfd both[] = {{near.get(), POLLIN, 0}, {far.get(), POLLIN, 0}};
    for (ssize_t count = 1; count > 0;) {
      if (::poll(both, 2, 20'000) <= 0) return;
      const std::size_t from = both[0].revents != 0 ? 0 : 1;
      count = ::recv(both[from].fd, room, sizeof room, 0);
      if (count > 0) count = ::send(both[1 - from].fd, room, static_cast<std::size_t>(count), MSG_NOSIGNAL);
    }
  });
  {
    client c(trusting());
    const auto answer = c.get("https://127.0.0.1:" + std::to_string(listening.local_address().port()) + "/");
    CHECK(answer.value().body.text() == "secure 203.0.113.9:4711");
  }
  proxy.join();
  client direct(trusting());
  CHECK_FALSE(direct.get(server.url()));
}

TEST_CASE("haproxy says whose connections it passes on, and which are its own", "[apart][tls][threads][proxy_header]") {
  std::atomic<int> lines{0}, checks{0};
  const auto with = [&lines](context tls) {
    return server_options{.port = 0, .patience = {.drain = std::chrono::milliseconds(50)},
                          .log = [&lines](std::string_view) { ++lines; }, .introduced_by = net::read_proxy_header, .tls = std::move(tls)};
  };
  const auto app = [&checks](const request& r) {
    if (r.method == method::options && r.peer().starts_with("127.0.0.1:")) ++checks;
    return text((r.is_secure() ? "secure " : "plain ") + std::string(r.peer()));
  };
  const server plain(app, with(nullptr));
  const tls_server secured(app, with(show()));

  const scratch::folder here;
  std::ofstream settings(here / "conf");
  settings << "defaults\n mode tcp\n timeout connect 20s\n timeout client 20s\n timeout server 20s\n";
  struct front {
    net::listener at;  // haproxy's, where connections wait for it from now on
    bool secure;
  };
  std::vector<front> fronts;
  const auto pass_on = [&](const char* host, std::uint16_t to, std::string_view how) {
    auto bound = net::listener::bind({.host = host, .port = 0});
    if (!bound) return skip("no IPv6 here: " + bound.error().message());
    fronts.push_back({std::move(*bound), to == secured.port()});
    settings << "listen " << fronts.size() << "\n bind fd@" << fronts.back().at.native() << "\n server s 127.0.0.1:" << to << ' ' << how << '\n';
  };
  pass_on("127.0.0.1", plain.port(), "send-proxy");
  pass_on("127.0.0.1", plain.port(), "send-proxy-v2 proxy-v2-options crc32c,authority");
  pass_on("::1", plain.port(), "send-proxy");
  pass_on("::1", plain.port(), "send-proxy-v2");
  pass_on("127.0.0.1", secured.port(), "send-proxy-v2-ssl-cn");
  pass_on("127.0.0.1", secured.port(), "send-proxy");
  settings << "backend looked_after\n mode http\n option httpchk\n server s 127.0.0.1:" << plain.port() << " check inter 20ms send-proxy-v2\n"
           << "backend only_connected\n server s 127.0.0.1:" << plain.port() << " check inter 20ms\n";
  settings.close();

  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  for (const front& each : fronts) ::posix_spawn_file_actions_adddup2(&actions, each.at.native(), each.at.native());
  const std::string log = here / "log", conf = here / "conf";
  for (const int out : {1, 2}) ::posix_spawn_file_actions_addopen(&actions, out, log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  const char* const words[] = {"haproxy", "-db", "-f", conf.c_str(), nullptr};
  pid_t process = 0;
  const int failed = ::posix_spawnp(&process, words[0], &actions, nullptr, const_cast<char* const*>(words), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) {
    CHECK(failed == ENOENT);
    return skip("haproxy is not there");
  }
  const ends_with_us child(process);
  for (const front& each : fronts) {
    const net::address& at = each.at.local_address();
    auto as = trusting();
    as.total_timeout = std::chrono::seconds(20);
    if (at.family() == AF_INET) as.local_address = *net::address::parse("127.0.0.2", 0);
    const auto answer = client(as).get((each.secure ? "https://" : "http://") + at.to_string());
    if (!answer) FAIL(answer.error().message());
    CHECK(answer->body.text().starts_with(std::string(each.secure ? "secure " : "plain ") + (at.family() == AF_INET ? "127.0.0.2:" : "[::1]:")));
  }
  for (int i = 0; i < 2'000 && checks < 2; ++i) ::poll(nullptr, 0, 10);
  CHECK(checks >= 2);  // by LOCAL, so from haproxy itself
  CHECK(lines == 0);   // connections without an octet are nobody's fault
}

TEST_CASE("bodies of every size go through TLS both ways", "[apart][tls][threads]") {
  const auto server = serving([](request& r) -> task<response> {
    const std::uint64_t most = 10'000'000;
    auto reading = r.body.read_all(most);
    const auto all = co_await reading;
    if (!all) co_return body_problem(all.error());
    co_return text(std::string(*all));
  });
  client c(trusting());
  for (const std::size_t size : {0u, 1u, 16'383u, 16'384u, 16'385u, 65'536u, 70'000u, 3'000'000u}) {
    std::string octets(size, '\0');
    for (std::size_t i = 0; i < size; ++i) octets[i] = static_cast<char>(i * 7919 >> 5);
    const auto answer = c.post(server.url(), octets, "text/plain");
    if (!answer) FAIL(size << ": " << answer.error().message());
    CHECK((answer->body.text() == octets));
  }
}

TEST_CASE("files are sent and downloaded by TLS", "[apart][tls][threads]") {
  const scratch::folder here;
  std::string octets(5'000'000, 'x');
  for (std::size_t i = 0; i < octets.size(); i += 97) octets[i] = static_cast<char>(i >> 8);
  std::ofstream(here / "big", std::ios::binary) << octets;
  const auto server = serving(static_files(here.path()));
  client c(trusting());
  const scratch::folder there;
  download_options how;
  how.parallel = GENERATE(std::size_t{1}, std::size_t{4});
  const auto done = download(c, server.url() + "big", there / "big", std::move(how));
  if (!done) FAIL(done.error().message());
  auto got = file_body(there / "big").value();
  CHECK((pull_all(got, 10'000'000).value() == octets));
  CHECK(there.names() == std::vector<std::string>{"big"});
}

TEST_CASE("a server that is not who it should be is refused", "[apart][tls][security][threads]") {
  struct row {
    certificate_wishes wishes;
    const char* why;
  };
  const std::vector<row> rows{
      {{.names = {"other.example"}}, "hostname mismatch"},
      {{.names = {"*.localhost"}}, "hostname mismatch"},
      {{.names = {}, .subject = "localhost"}, "hostname mismatch"},  // RFC 9110 4.3.4: no common names
      {{.names = {"127.0.0.1"}, .subject = "localhost"}, "hostname mismatch"},
      {{.names = {"local*"}}, "hostname mismatch"},
      {{.begins = std::chrono::hours(-48), .ends = std::chrono::hours(-24)}, "certificate has expired"},
      {{.begins = std::chrono::hours(24), .ends = std::chrono::hours(48)}, "certificate is not yet valid"},
      {{.self_signed = true}, "self-signed certificate"},
  };
  for (const row& r : rows) {
    const auto server = serving(hello, show(r.wishes));
    client c(trusting());
    const auto answer = c.get(at_localhost(server));
    CAPTURE(r.why);
    REQUIRE_FALSE(answer);
    CHECK(answer.error().kind() == error_kind::tls);
    CHECK(answer.error().message() ==
          "connect https://localhost:" + std::to_string(server.port()) + ": TLS: " + r.why);
  }
}

TEST_CASE("a wildcard stands for one label, the first, and all of it", "[apart][tls][security][threads]") {
  const auto server = serving(hello, show({.names = {"*.one.localhost", "*.*.two.localhost", "f*.three.localhost", "*o.three.localhost",
                                                     "four.*.localhost", "xn--*.five.localhost", "*.localhost", "*"}}));
  struct row {
    const char* host;
    bool works;
  };
  for (const row& r : std::vector<row>{{"a.one.localhost", true}, {"A.ONE.LocalHost", true}, {"a.one.localhost.", true}, {"xn--4ca.one.localhost", true},
                                       {"one.localhost", false}, {"a.b.one.localhost", false}, {"a.b.two.localhost", false}, {"foo.three.localhost", false},
                                       {"four.a.localhost", false}, {"xn--4ca.five.localhost", false}, {"localhost", false}, {"127.0.0.1", false},
                                       {"a.localhost", false}}) {  // no wildcard for all of a top-level domain
    const auto said = ask(trust(), std::string("https://").append(r.host).append(":").append(std::to_string(server.port())));
    CAPTURE(r.host, said);
    CHECK((said == "secure ") == r.works);
    CHECK((said.find(": TLS: ") != said.npos && said.ends_with(" mismatch")) != r.works);
  }
}

TEST_CASE("a host that begins with a dot is no certificate's", "[apart][tls][security][threads]") {
  const auto server = serving(hello, show({.names = {"www.localhost", ".dotted.localhost"}}));
  const std::string at = ":" + std::to_string(server.port());
  CHECK(ask(trust(), "https://www.localhost" + at) == "secure ");
  for (const std::string host : {".localhost", ".dotted.localhost"})  // OpenSSL would take any name that ends so
    CHECK(ask(trust(), "https://" + host + at) == "connect https://" + host + at + ": TLS: " + host + " is no host's name");
}

TEST_CASE("keys that change in the middle of an answer change nothing about it", "[apart][tls][threads]") {
  const int kind = GENERATE(SSL_KEY_UPDATE_REQUESTED, SSL_KEY_UPDATE_NOT_REQUESTED);
  const context shown = show();
  scripted_server server([&](net::socket& s, int) {
    const std::unique_ptr<SSL, decltype(&::SSL_free)> ssl(::SSL_new(native(shown)), ::SSL_free);
    ::SSL_set_accept_state(ssl.get());
    ::SSL_set_fd(ssl.get(), s.native());
    char room[4096];
    const auto says = [&](const std::string& octets) { return ::SSL_write(ssl.get(), octets.data(), static_cast<int>(octets.size())) > 0; };
    if (::SSL_read(ssl.get(), room, sizeof room) <= 0 || !says("HTTP/1.1 200 OK\r\nContent-Length: 400000\r\n\r\n")) return;
    for (int i = 0; i < 1000; ++i)
      if (::SSL_key_update(ssl.get(), kind) != 1 || !says(std::string(400, static_cast<char>('a' + i % 26)))) return;
    if (::SSL_read(ssl.get(), room, sizeof room) <= 0) return;  // with the keys that we have asked for
    static_cast<void>(says("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"));
  });
  client c(trusting());
  const std::string url = "https" + server.url().substr(4);
  std::string all;
  for (int i = 0; i < 1000; ++i) all.append(400, static_cast<char>('a' + i % 26));
  const auto answer = c.get(url);
  if (!answer) FAIL(answer.error().message());
  CHECK((answer->body.text() == all));
  CHECK(c.get(url).value().body.text() == "hi");
}

TEST_CASE("an address has to stand in the certificate", "[apart][tls][security][threads]") {
  const auto server = serving(hello, show({.names = {"localhost"}}));
  client c(trusting());
  CHECK(c.get(at_localhost(server)).has_value());
  const auto refused = c.get(server.url());
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message().ends_with(": TLS: IP address mismatch"));
}

TEST_CASE("whom to trust is said, and nobody else is trusted", "[apart][tls][security][threads]") {
  const auto server = serving(hello);
  SECTION("the system's authorities know nothing of it") {
    client c({.tls = tls_client_context().value()});
    const auto answer = c.get(server.url());
    REQUIRE_FALSE(answer);
    CHECK(answer.error().kind() == error_kind::tls);
  }
  SECTION("another authority") {
    const throwaway_authority other;
    client c({.tls = tls_client_context({.ca = other.certificate()}).value()});
    const auto answer = c.get(server.url());
    REQUIRE_FALSE(answer);
    CHECK(answer.error().kind() == error_kind::tls);
  }
  SECTION("a file") {
    const scratch::folder here;
    std::ofstream(here / "ca.pem") << authority().certificate();
    client c({.tls = tls_client_context({.ca_file = here / "ca.pem"}).value()});
    CHECK(c.get(server.url()).has_value());
  }
  SECTION("anybody, when told so") {
    client c({.tls = tls_client_context({.verify_server = false}).value()});
    CHECK(c.get(server.url()).has_value());
  }
}

TEST_CASE("a server may ask for a certificate", "[apart][tls][security][threads]") {
  const auto server = serving(hello, show({}, {.client_ca = authority().certificate()}));
  const auto me = authority().issue({.subject = "me"});
  client with({.tls = trust({.certificate = me.certificate, .key = me.key})});
  CHECK(with.get(server.url()).value().body.text() == "secure CN=me");
  client without(trusting());
  const auto refused = without.get(server.url());
  REQUIRE_FALSE(refused);
  CAPTURE(refused.error().message());
  CHECK(refused.error().kind() == error_kind::tls);
  const throwaway_authority other;
  const auto stranger = other.issue({.subject = "me"});
  client strange({.tls = trust({.certificate = stranger.certificate, .key = stranger.key})});
  CHECK_FALSE(strange.get(server.url()));
}

TEST_CASE("what cannot be a context says why", "[apart][tls]") {
  const std::string ed25519_key =  // made for this test
      "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIPPAGD4bC/4G4Nj1mfPAkE7XmLop7bMmgizxDMJscFkH\n-----END PRIVATE KEY-----\n";
  const scratch::folder here;
  const auto why = [](const auto& made) { return made ? std::string("made") : made.error().message(); };
  std::ofstream(here / "empty");
  std::ofstream(here / "ca.pem") << authority().certificate();
  CHECK(why(tls_client_context({.ca_file = here / "none"})) == "TLS: open " + (here / "none") + ": no such file");
  CHECK(why(tls_client_context({.ca_file = here / "empty"})) == "TLS: " + (here / "empty") + ": no certificate in it");
  CHECK(why(tls_server_context({})) == "TLS: a server needs a certificate");
  CHECK(why(tls_server_context({.certificate_file = here / "ca.pem"})) == "TLS: " + (here / "ca.pem") + ": no key in it, or one with a password");
  const auto mine = authority().issue(), other = authority().issue();
  const std::string damaged = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
  CHECK(why(tls_client_context({.ca = authority().certificate() + damaged})) == "TLS: ca: a damaged certificate in it");
  CHECK(why(tls_server_context({.certificate = mine.certificate + damaged, .key = mine.key})) == "TLS: certificate: a damaged certificate in it");
  const std::string cut = mine.certificate.substr(0, mine.certificate.size() / 2);
  CHECK(why(tls_client_context({.ca = authority().certificate() + cut})) == "TLS: ca: a damaged certificate in it");
  CHECK(why(tls_client_context({.ca = "# ours\n" + authority().certificate() + mine.key + "the end\n"})) == "made");
  CHECK(why(tls_server_context({.certificate = mine.certificate, .key = other.key})) == "TLS: use key: key values mismatch");
  CHECK(why(tls_server_context({.certificate = mine.certificate, .key = ed25519_key})) == "TLS: use key: key type mismatch");
  CHECK(why(server::start(hello, {.port = 0, .tls = show()})) == "server_options::tls is for a tls_server (tls.hpp)");
  CHECK(why(tls_server::start(hello, {.port = 0})) == "a tls_server needs server_options::tls");
}

TEST_CASE("who speaks HTTP where TLS is spoken is told so in HTTP, whatever the method", "[apart][tls]") {
  const auto answer_to = [](std::string_view first, std::size_t early = 0) {  // octets that come by themselves
    const auto server = show()->begin("", 0).value();
    first.copy(server->room().data(), early);
    server->received(early);
    CHECK(server->handshake().value() == false);
    first.substr(early).copy(server->room().data(), first.size() - early);
    server->received(first.size() - early);
    CHECK_FALSE(server->handshake());
    std::string answer;
    server->take_outgoing(answer);
    return answer;
  };
  for (const char* const head : {"GET / HTTP/1.1\r\n", "OPTIONS * HTTP/1.1\r\n", "DELETE /x HTTP/1.1\r\n", "CONNECT a:1 HTTP/1.1\r\n", "M-SEARCH * HTTP/1.1\r\n",
                                 "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "PATCH"}) {
    CAPTURE(head);
    CHECK(answer_to(head).starts_with("HTTP/1.1 400 Bad Request\r\n"));
  }
  CHECK(answer_to("GET / HTTP/1.1\r\n", 1).starts_with("HTTP/1.1 400 Bad Request\r\n"));
  for (const char* const head : {"SSH-2.0-x\r\n", "\x15\x03\x03\x7f\x7f\x7f", " / HTTP/1.1\r\n"}) {
    CAPTURE(head);
    CHECK_FALSE(answer_to(head).starts_with("HTTP/"));
  }
}

TEST_CASE("without TLS an https URL is an error, and so is http to a TLS port", "[apart][tls][threads]") {
  const auto server = serving(hello);
  client plain;
  const auto off = plain.get(server.url());
  REQUIRE_FALSE(off);
  CHECK(off.error().kind() == error_kind::tls);
  const auto mixed = plain.get("http://127.0.0.1:" + std::to_string(server.port()) + "/");
  REQUIRE(mixed);
  CHECK(mixed->status == status::bad_request);
  CHECK(mixed->body.text() == "This port speaks TLS: use https URLs\n");
  const tinyhttp::server http(hello, {.port = 0});
  client c(trusting());
  const auto no_tls = c.get("https://127.0.0.1:" + std::to_string(http.port()) + "/");
  REQUIRE_FALSE(no_tls);
  CHECK(no_tls.error().kind() == error_kind::tls);
  CAPTURE(no_tls.error().message());
  CHECK(no_tls.error().message().find(": TLS: wrong version number") != std::string::npos);
}

TEST_CASE("octets that end without an end of TLS are no whole answer", "[apart][tls][security][threads]") {
  const std::string head = "HTTP/1.1 200 OK\r\n";
  const auto framed = GENERATE(as<std::string>(), "Content-Length: 5\r\n\r\nhello", "\r\nhello");
  const bool says_end = GENERATE(true, false);
  const context ctx = show();
  scripted_server server([&](net::socket& s, int) {
    net::secured_stream<net::blocking_stream> over(std::move(s), net::address());
    over.secure(ctx->begin({}, 0).value());
    char room[4096];
    const std::span<char> all(room);
    auto reading = over.read(all);
    static_cast<void>(reading.await_resume());
    const std::string octets = head + framed;
    const std::string_view pieces[] = {octets};
    auto writing = over.write(pieces);
    static_cast<void>(writing.await_resume());
    if (!says_end) static_cast<void>(over.below().shutdown_send());
    over.close();
  });
  client c(trusting());
  const auto answer = c.get("https" + server.url().substr(4));
  if (says_end || framed.starts_with("Content-Length")) {
    if (!answer) FAIL(answer.error().message());
    CHECK(answer->body.text() == "hello");
  } else {
    REQUIRE_FALSE(answer);
    CHECK(answer.error().kind() == error_kind::closed);
    CHECK(answer.error().message().ends_with(": connection closed without an end of TLS after 5 octets"));
  }
}

TEST_CASE("a handshake that does not come to its end is an error in time", "[apart][tls][timeout][threads]") {
  std::atomic<bool> asked{false};
  const auto says = GENERATE(as<std::string>(), "", "HTTP/1.1 400 Bad Request\r\n\r\n", "\x15\x03\x03\x00\x02\x02\x28"s,
                             "\x16\x03\x03\x3f\xff and then nothing more", "close");
  scripted_server server([&](net::socket& s, int) {
    char room[4096];
    static_cast<void>(s.receive(room));
    asked = true;
    if (says == "close") return;
    static_cast<void>(s.send_all(says));
    for (auto more = s.receive(room); more && *more > 0;) more = s.receive(room);
  });
  const std::string url = "https" + server.url().substr(4);
  const bool is_silent = says.empty() || says.starts_with('\x16');
  SECTION("by the deadline") {
    auto with = trusting();
    if (is_silent) with.connect_timeout = std::chrono::milliseconds(30);
    client c(std::move(with));
    const auto answer = c.get(url);
    REQUIRE_FALSE(answer);
    CAPTURE(answer.error().message());
    CHECK(answer.error().kind() == (is_silent ? error_kind::timeout : error_kind::tls));
    CHECK(answer.error().message().starts_with("connect " + url.substr(0, url.size() - 1) + ": "));
  }
  SECTION("by another thread") {
    if (!is_silent) return;
    net::interrupter stop;
    auto with = trusting();
    with.stop = &stop;
    client c(std::move(with));
    std::thread canceller([&] {
      while (!asked) std::this_thread::yield();
      stop.cancel();
    });
    const auto answer = c.get(url);
    canceller.join();
    REQUIRE_FALSE(answer);
    CHECK(answer.error().kind() == error_kind::cancelled);
    CHECK(answer.error().message() == "connect " + url.substr(0, url.size() - 1) + ": told to stop");
  }
}

TEST_CASE("redirects go to https, and not back unless that is allowed", "[apart][tls][redirect][security][threads]") {
  const tinyhttp::server plain([](const request& r) { return text("plain " + std::string(r.fields["Authorization"])); }, {.port = 0});
  std::string to = plain.url();
  const auto secure = serving([&](const request& r) {
    if (r.path() == "/back") return response(status::found, {{"Location", to}});
    return text("secure " + std::string(r.fields["Authorization"]));
  });
  const tinyhttp::server front([&](const request&) { return response(status::found, {{"Location", secure.url()}}); }, {.port = 0});
  client c(trusting());
  call_options how;
  how.max_redirects = 3;
  how.fields.add("Authorization", "Bearer x");
  CHECK(c.call(front.url(), std::move(how)).value().body.text() == "secure ");
  call_options back;
  back.max_redirects = 3;
  const auto refused = c.call(secure.url() + "back", std::move(back));
  REQUIRE_FALSE(refused);
  CAPTURE(refused.error().message());
  auto lax = trusting();
  lax.allow_insecure_redirects = true;
  client careless(std::move(lax));
  call_options again;
  again.max_redirects = 3;
  CHECK(careless.call(secure.url() + "back", std::move(again)).value().body.text() == "plain ");
}

TEST_CASE("a proxy sees nothing of https, and servers are verified behind it, too", "[apart][tls][proxy][security][threads]") {
  const auto good = serving(hello);
  const auto bad = serving(hello, show({.names = {"other.example"}}));
  std::string seen;
  scripted_server proxy([&](net::socket& s, int) {
    const std::string asked = read_request(s);
    seen = asked.substr(0, asked.find("\r\n"));
    const auto colon = asked.find(':');
    const auto port = ascii::parse_decimal_strict(asked.substr(colon + 1, asked.find(' ', colon) - colon - 1)).value();
    auto up = net::socket::open(AF_INET).value();
    if (!up.connect(*net::address::parse("127.0.0.1", static_cast<std::uint16_t>(port)))) return;
    static_cast<void>(s.send_all("HTTP/1.1 200 OK\r\n\r\n"));
    pollfd set[2] = {{s.native(), POLLIN, 0}, {up.native(), POLLIN, 0}};
    for (char room[8192];;) {
      if (::poll(set, 2, -1) < 0) return;
      for (int i = 0; i < 2; ++i) {
        if (set[i].revents == 0) continue;
        const auto count = (i == 0 ? s : up).receive(room);
        if (!count || *count == 0) return;
        static_cast<void>((i == 0 ? up : s).send_all({room, *count}));
      }
    }
  });
  auto with = trusting();
  with.proxies.https = parse_proxy(proxy.url()).value();
  client c(std::move(with));
  CHECK(c.get(at_localhost(good)).value().body.text() == "secure ");
  CHECK(seen == "CONNECT localhost:" + std::to_string(good.port()) + " HTTP/1.1");
  const auto refused = c.get(at_localhost(bad));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message().ends_with(": TLS: hostname mismatch"));
}

TEST_CASE("one https client serves sixteen threads", "[apart][tls][threads]") {
  const auto server = serving(hello);
  client c(trusting());
  std::atomic<int> good{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 16; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 10; ++i) {
        const auto answer = c.get(server.url());
        good += answer && answer->body.text() == "secure ";
      }
    });
  for (auto& each : threads) each.join();
  CHECK(good == 160);
}

TEST_CASE("a server behind TLS tells its upstream so", "[apart][tls][proxy][threads]") {
  const tinyhttp::server up([](const request& r) { return text(std::string(r.fields["X-Forwarded-Proto"])); }, {.port = 0});
  const auto front = serving(as_handler(async_client(), up.url()));
  client c(trusting());
  CHECK(c.get(front.url()).value().body.text() == "https");
}

TEST_CASE("a handshake has as long as a head, whatever the client does meanwhile", "[apart][tls][timeout][threads]") {
  const auto said = GENERATE(as<std::string>(), "", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"s);
  tls_server server(hello, {.port = 0, .patience = {.head = std::chrono::milliseconds(30)}, .tls = show()});
  auto silent = net::socket::open(AF_INET).value();
  silent.connect(server.local_address()).value();
  silent.send_all(said).value();
  char room[100];
  const auto end = silent.receive(room);
  CHECK((!end || *end == 0));
}

TEST_CASE("a certificate is replaced while the server runs", "[apart][tls][threads]") {
  const auto shown = std::make_shared<replaceable_tls_context>(show({.begins = std::chrono::hours(-48), .ends = std::chrono::hours(-24)}));
  const auto server = serving(hello, shown);
  client c(trusting());
  const auto before = c.get(server.url());
  REQUIRE_FALSE(before);
  CHECK(before.error().message().ends_with(": TLS: certificate has expired"));
  shown->replace(show());
  CHECK(c.get(server.url()).value().body.text() == "secure ");
  shown->replace(show({.names = {"other.example"}}));
  CHECK(c.get(server.url()).value().body.text() == "secure ");  // over the connection that is kept
  client later(trusting());
  CHECK_FALSE(later.get(server.url()));
}

TEST_CASE("a server that stops does not wait for handshakes", "[apart][tls][threads]") {
  tls_server server(hello, {.port = 0, .tls = show()});
  auto silent = net::socket::open(AF_INET).value();
  silent.connect(server.local_address()).value();
  while (server.open_connections() == 0) std::this_thread::yield();
  server.stop();
  CHECK(server.wait() == 0);
}

TEST_CASE("a session counts in what a connection may hold", "[apart][tls]") {
  const context own = show();
  const auto with_budget = [&](std::uint64_t octets) {
    return server_options{.port = 0, .memory_per_connection = static_cast<std::size_t>(octets), .tls = own};
  };
  const auto refused = tls_server::start(hello, with_budget(memory_needed({.port = 0})));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message().find("memory_per_connection") != std::string::npos);
  CHECK(tls_server::start(hello, with_budget(memory_needed(with_budget(0)))));
}

TEST_CASE("a server that stops ends its TLS connections, and answers what runs", "[apart][tls][threads]") {
  auto server = serving(hello);
  client c(trusting());
  CHECK(c.get(server.url()).has_value());
  server.stop();
  CHECK(server.wait() == 0);
  CHECK_FALSE(c.get(server.url()));
}

TEST_CASE("a peer that changes keys without end is an error, and is given no more memory", "[apart][tls][security]") {
  const auto session = show()->begin("", 0).value();
  const context trusted = trust();
  const std::unique_ptr<SSL, decltype(&::SSL_free)> peer(
      ::SSL_new(static_cast<const detail::tls_context&>(*trusted).native()), ::SSL_free);
  BIO* const in = ::BIO_new(::BIO_s_mem());
  BIO* const out = ::BIO_new(::BIO_s_mem());
  ::SSL_set_bio(peer.get(), in, out);
  ::SSL_set_connect_state(peer.get());
  const auto deliver = [&] {
    const auto room = session->room();
    const int count = ::BIO_read(out, room.data(), static_cast<int>(room.size()));
    session->received(static_cast<std::size_t>(count > 0 ? count : 0));
  };
  std::string answer;
  for (bool done = false; !done; ::BIO_write(in, answer.data(), static_cast<int>(answer.size()))) {
    ::SSL_do_handshake(peer.get());
    deliver();
    done = session->handshake().value();
    answer.clear();
    session->take_outgoing(answer);
  }
  const int kind = GENERATE(SSL_KEY_UPDATE_REQUESTED, SSL_KEY_UPDATE_NOT_REQUESTED);
  char room[8];
  const auto change_keys = [&] {
    REQUIRE(::SSL_key_update(peer.get(), kind) == 1);
    ::SSL_do_handshake(peer.get());
    deliver();
    return session->decrypt(room);
  };
  for (int i = 0; i < 100; ++i) REQUIRE(change_keys().value() == 0);
  REQUIRE(::SSL_write(peer.get(), "plain", 5) == 5);
  deliver();
  CHECK(session->decrypt(room).value() == 5);

  result<std::size_t> got = change_keys();
  for (int i = 0; i < 10'000 && got; ++i) got = change_keys();
  REQUIRE_FALSE(got);
  CHECK(got.error().kind() == error_kind::tls);
  CHECK(session->has_news());
  answer.clear();
  session->take_outgoing(answer);
  CHECK(answer.size() < 256 * 1024);
}

TEST_CASE("a handshake is not begun again", "[apart][tls][security]") {
  const auto session = show()->begin("", 0).value();
  raw_client peer("localhost", TLS1_2_VERSION);
  REQUIRE(peer.meet(*session).has_value());
  ::SSL_clear_options(peer.native_session(), SSL_OP_NO_RENEGOTIATION);
  REQUIRE(::SSL_renegotiate(peer.native_session()) == 1);
  char room[8];
  for (int i = 0; i < 2; ++i) {  // a greeting, and then what shows that we go on
    if (i == 1) REQUIRE(::SSL_write(peer.native_session(), "plain", 5) <= 0);  // it waits for its handshake
    peer.speak_to(*session);
    CHECK(session->decrypt(room).value() == 0);
    std::string answer;
    session->take_outgoing(answer);
    CHECK(answer.size() == (i == 0 ? 31u : 0u));  // an alert: no_renegotiation (RFC 5246 7.2.2), a warning
  }
}

TEST_CASE("who looks for news learns afterwards why there will be none", "[apart][tls][security]") {
  const auto server = show({.names = {"localhost"}})->begin("", 0).value();
  const auto client = trust()->begin("localhost", 443).value();
  const auto carry = [](net::secure_session& from, net::secure_session& to, char flipped = 0) {
    std::string octets;
    from.take_outgoing(octets);
    if (!octets.empty()) octets.back() = static_cast<char>(octets.back() ^ flipped);
    REQUIRE(octets.size() <= to.room().size());
    octets.copy(to.room().data(), octets.size());
    to.received(octets.size());
  };
  for (bool done = false; !done; carry(*server, *client)) {
    done = client->handshake().value();
    carry(*client, *server);
    done = server->handshake().value() && done;
  }
  char room[8];
  CHECK_FALSE(client->has_news());
  CHECK(client->decrypt(room).value() == 0);
  server->encrypt("plain").value();
  carry(*server, *client, 1);
  for (int i = 0; i < 2; ++i) {
    CHECK(client->has_news());
    const auto got = client->decrypt(room);
    REQUIRE_FALSE(got);
    CHECK(got.error().message() == "TLS: decryption failed or bad record mac");
  }
}

namespace {

detail::tls_session_store& store_of(const context& of) { return *detail::owned_by<detail::tls_session_store>(native(of)); }

}  // namespace

TEST_CASE("a connection resumes an earlier one's session, by either version", "[apart][tls][resumption][threads]") {
  const int newest = GENERATE(TLS1_2_VERSION, TLS1_3_VERSION);
  const context shown = show(), trusted = trust();
  ::SSL_CTX_set_max_proto_version(native(trusted), newest);
  const auto server = serving(hello, shown);
  for (int i = 0; i < 6; ++i) CHECK(ask(trusted, server.url()) == "secure ");
  CHECK(::SSL_CTX_sess_accept_good(native(shown)) == 6);
  CHECK(::SSL_CTX_sess_hits(native(shown)) == 5);
  CHECK(::SSL_CTX_sess_number(native(shown)) == 0);
  CHECK(::SSL_CTX_get_max_early_data(native(shown)) == 0);
}

TEST_CASE("sessions are resumed by whichever of a server's loops", "[apart][tls][resumption][threads]") {
  const context shown = show();
  const tls_server server(hello, {.port = 0, .threads = 4, .tls = shown});
  std::atomic<int> good{0};
  std::vector<std::thread> clients;
  for (int t = 0; t < 4; ++t)
    clients.emplace_back([&] {
      const context own = trust();
      for (int i = 0; i < 8; ++i) good += ask(own, server.url()) == "secure ";
    });
  for (auto& each : clients) each.join();
  CHECK(good == 32);
  CHECK(::SSL_CTX_sess_hits(native(shown)) == 28);
}

TEST_CASE("a server or a client that resumes nothing begins each connection anew", "[apart][tls][resumption][threads]") {
  const int newest = GENERATE(TLS1_2_VERSION, TLS1_3_VERSION);
  const bool is_server = GENERATE(true, false);
  const context shown = show({}, {.resume_sessions = !is_server}), trusted = trust({.resume_sessions = is_server});
  ::SSL_CTX_set_max_proto_version(native(trusted), newest);
  const auto server = serving(hello, shown);
  for (int i = 0; i < 3; ++i) CHECK(ask(trusted, server.url()) == "secure ");
  CHECK(::SSL_CTX_sess_accept_good(native(shown)) == 3);
  CHECK(::SSL_CTX_sess_hits(native(shown)) == 0);
  // Nothing is given away that could be resumed later.
  const std::string peer = "127.0.0.1:" + std::to_string(server.port());
  if (is_server) CHECK_FALSE(store_of(trusted).take(peer, std::chrono::steady_clock::now()).session);
  else CHECK(detail::owned_by<detail::tls_session_store>(native(trusted)) == nullptr);
}

TEST_CASE("a session is resumed with the same host, port and demands only", "[apart][tls][resumption][security][threads]") {
  const context shown = show(), trusted = trust();
  const auto server = serving(hello, shown);
  const auto other = serving(hello, shown);  // it could open the other's tickets
  CHECK(ask(trusted, server.url()) == "secure ");
  CHECK(ask(trusted, at_localhost(server)) == "secure ");
  CHECK(ask(trusted, other.url()) == "secure ");
  CHECK(ask(trust(), server.url()) == "secure ");
  CHECK(ask(tls_client_context({.verify_server = false}).value(), server.url()) == "secure ");
  CHECK(::SSL_CTX_sess_accept_good(native(shown)) == 5);
  CHECK(::SSL_CTX_sess_hits(native(shown)) == 0);
}

TEST_CASE("a ticket of TLS 1.3 is used once, also when connections are begun at once", "[apart][tls][resumption][security][threads]") {
  const context shown = show(), trusted = trust();
  const auto server = serving(hello, shown);
  CHECK(ask(trusted, server.url()) == "secure ");
  const auto begun = [&] {
    const auto session = trusted->begin("127.0.0.1", server.port()).value();
    CHECK_FALSE(session->handshake().value());
    std::string octets;
    session->take_outgoing(octets);
    return octets.size();
  };
  const auto first = begun(), second = begun(), third = begun();  // two tickets are given with a full handshake
  CHECK(first == second);
  CHECK(third + 100 < second);
}

TEST_CASE("what another context began is begun again", "[apart][tls][resumption][security][threads]") {
  const context before = show(), after = show({}, {.client_ca = authority().certificate()});
  const auto renewed = std::make_shared<replaceable_tls_context>(before);
  const auto server = serving(hello, renewed);
  const auto own = authority().issue({.subject = "me"});
  const context me = trust({.certificate = own.certificate, .key = own.key}), nobody = trust();
  CHECK(ask(me, server.url()) == "secure ");
  CHECK(ask(nobody, server.url()) == "secure ");
  renewed->replace(after);
  CHECK(ask(me, server.url()) == "secure CN=me");
  CHECK_THAT(ask(nobody, server.url()), Catch::Matchers::Contains("TLS: "));
  CHECK(::SSL_CTX_sess_hits(native(after)) == 0);
}

TEST_CASE("who has shown a certificate is known again, and shows it again in time", "[apart][tls][resumption][security][threads]") {
  const context shown = show({}, {.client_ca = authority().certificate()});
  const auto server = serving(hello, shown);
  const auto own = authority().issue({.subject = "me"});
  const context me = trust({.certificate = own.certificate, .key = own.key});
  for (int i = 0; i < 6; ++i) CHECK(ask(me, server.url()) == "secure CN=me");
  CHECK(::SSL_CTX_sess_hits(native(shown)) == 4);  // two tickets for each time it was shown, none for a ticket
}

TEST_CASE("a server whose certificate has expired, or was last seen a day ago, is not resumed", "[apart][tls][resumption][security][threads]") {
  const auto now = std::chrono::steady_clock::now();
  const auto day = detail::tls_session_store::most_age;
  SECTION("expired") {
    const context shown = show({.begins = std::chrono::hours(-48), .ends = std::chrono::hours(-24)});
    const context careless = tls_client_context({.verify_server = false}).value();
    const auto server = serving(hello, shown);
    CHECK(ask(careless, server.url()) == "secure ");
    CHECK(ask(careless, server.url()) == "secure ");
    CHECK(::SSL_CTX_sess_hits(native(shown)) == 0);
  }
  SECTION("a day ago, however often it was resumed since") {
    const context trusted = trust();
    const auto server = serving(hello);
    const std::string peer = "127.0.0.1:" + std::to_string(server.port());
    CHECK(ask(trusted, server.url()) == "secure ");
    const auto proven_by = std::chrono::steady_clock::now();
    for (int i = 0; i < 2; ++i) CHECK(ask(trusted, server.url()) == "secure ");
    const auto newest = store_of(trusted).take(peer, now);
    REQUIRE(newest.session);
    CHECK(newest.proven <= proven_by);
    CHECK(ask(trusted, server.url()) == "secure ");
    CHECK_FALSE(store_of(trusted).take(peer, now + day + std::chrono::minutes(1)).session);
  }
}

TEST_CASE("a session that failed is not resumed", "[apart][tls][resumption][security][threads]") {
  const context shown = show(), trusted = trust();
  scripted_server server([&](net::socket& s, int) {
    net::secured_stream<net::blocking_stream> over(std::move(s), net::address());
    over.secure(shown->begin({}, 0).value());
    char room[4096];
    const std::span<char> all(room);
    auto reading = over.read(all);
    if (!reading.await_resume()) return;
    const bool breaks = ::SSL_CTX_sess_hits(native(shown)) > 0;
    const std::string octets = breaks ? std::string("\x17\x03\x03\x00\x13", 5) + std::string(19, 'x')
                                      : std::string("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi");
    const std::string_view pieces[] = {octets};
    if (breaks) {
      auto writing = over.below().write(pieces);
      static_cast<void>(writing.await_resume());
    } else {
      auto writing = over.write(pieces);
      static_cast<void>(writing.await_resume());
    }
    over.close();
  });
  const std::string url = "https" + server.url().substr(4);
  const std::string peer = url.substr(8, url.find('/', 8) - 8);
  CHECK(ask(trusted, url) == "hi");
  CHECK_THAT(ask(trusted, url), Catch::Matchers::Contains("TLS: "));
  CHECK_FALSE(store_of(trusted).take(peer, std::chrono::steady_clock::now()).session);
}

TEST_CASE("a client keeps few sessions, and the oldest gives way", "[apart][tls][resumption]") {
  using store = detail::tls_session_store;
  const context trusted = trust();
  const auto server = serving(hello);
  const auto now = std::chrono::steady_clock::now();
  CHECK(ask(trusted, server.url()) == "secure ");
  const auto one = store_of(trusted).take("127.0.0.1:" + std::to_string(server.port()), now);
  REQUIRE(one.session);
  const auto copy = [&] { return std::unique_ptr<SSL_SESSION, store::free_session>(::SSL_SESSION_dup(one.session.get())); };
  store kept;
  for (std::size_t i = 0; i < store::most + 2; ++i) kept.put({std::to_string(i), now, copy()});
  CHECK_FALSE(kept.take("1", now).session);
  CHECK(kept.take("2", now).session);
  CHECK_FALSE(kept.take("2", now).session);
  CHECK(kept.take(std::to_string(store::most + 1), now).session);
  kept.drop("3");
  CHECK_FALSE(kept.take("3", now).session);
  CHECK(kept.take("4", now).session);
}

TEST_CASE("a key seals tickets for one lifetime of theirs, and opens them for another", "[apart][tls][resumption][security]") {
  using keys = detail::tls_ticket_keys;
  const std::unique_ptr<EVP_CIPHER_CTX, decltype(&::EVP_CIPHER_CTX_free)> cipher(::EVP_CIPHER_CTX_new(), ::EVP_CIPHER_CTX_free);
  const std::unique_ptr<EVP_MAC, decltype(&::EVP_MAC_free)> kind(::EVP_MAC_fetch(nullptr, "HMAC", nullptr), ::EVP_MAC_free);
  const std::unique_ptr<EVP_MAC_CTX, decltype(&::EVP_MAC_CTX_free)> mac(::EVP_MAC_CTX_new(kind.get()), ::EVP_MAC_CTX_free);
  const time_point start{};
  const auto at = [&](int minutes) { return start + std::chrono::minutes(minutes); };
  unsigned char iv[16] = {};
  keys k(start);
  const auto seal = [&](int minutes) {
    std::string name(16, '\0');
    REQUIRE(k.seal(at(minutes), reinterpret_cast<unsigned char*>(name.data()), iv, cipher.get(), mac.get()));
    return name;
  };
  const auto open = [&](int minutes, const std::string& name) {
    return k.open(at(minutes), reinterpret_cast<const unsigned char*>(name.data()), iv, cipher.get(), mac.get());
  };
  CHECK(open(0, std::string(16, '\0')) == keys::found::nothing);
  const auto first = seal(1);
  CHECK(seal(119) == first);
  CHECK(open(119, first) == keys::found::newest);
  const auto second = seal(120);
  CHECK(second != first);
  CHECK(open(239, first) == keys::found::older);
  CHECK(open(239, second) == keys::found::newest);
  CHECK(open(240, first) == keys::found::nothing);
  CHECK(open(240, second) == keys::found::older);
  CHECK(open(100'000, second) == keys::found::nothing);
  const auto third = seal(100'000);
  CHECK(open(100'119, third) == keys::found::newest);
}
