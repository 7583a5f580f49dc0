// tests/apart/tls_names.cpp -- tests tls_context_by_name: which certificate a client gets, and what comes with it
#include "catch.hpp"
#include "folder.hpp"
#include "tls_support.hpp"

#include <tinyhttp/client/client.hpp>
#include <tinyhttp/net/blocking_stream.hpp>
#include <tinyhttp/tls.hpp>

#include <atomic>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace tls_test;
using namespace std::string_literals;

namespace {

/// Options with a certificate for `names`, whose subject is `CN=subject`.
tls_server_options certified(std::string subject, std::vector<std::string> names, tls_server_options with = {}) {
  const auto own = authority().issue({.names = std::move(names), .subject = std::move(subject)});
  with.certificate = own.certificate;
  with.key = own.key;
  return with;
}
context by_name(const std::vector<tls_server_options>& all) { return tls_context_by_name(all).value(); }
context some_names() {
  return by_name({certified("first", {"example.org", "www.example.org"}),
                  certified("second", {"*.example.org", "blog.example.net", "198.51.100.7", "www.example.org"}),
                  certified("third", {"special.example.org", "EXAMPLE.com", "*.sub.example.com"})});
}

std::string shown_to(const context& by, const std::string& name, int newest = TLS1_3_VERSION) {
  return raw_client(name, newest).ask(by);
}

}  // namespace

TEST_CASE("a client gets the certificate that is for the name it asks for, and else the first", "[apart][tls][names]") {
  struct row {
    const char* name;
    const char* subject;
  };
  const context all = some_names();
  const int newest = GENERATE(TLS1_2_VERSION, TLS1_3_VERSION);
  for (const row& r : std::vector<row>{
           {"example.org", "first"},           {"EXAMPLE.Org", "first"},      {"example.org.", "first"},
           {"www.example.org", "first"},       {"shop.example.org", "second"}, {"sHOP.example.ORG.", "second"},
           {"special.example.org", "third"},   {"blog.example.net", "second"}, {"example.com", "third"},
           {"a.sub.example.com", "third"},     {"a.b.example.org", "first"},  {"a.b.sub.example.com", "first"},
           {"sub.example.com", "first"},       {".example.org", "first"},     {"xexample.org", "first"},
           {"example.org.example.net", "first"}, {"198.51.100.7", "first"},   {"other.example", "first"},
           {"", "first"},                      {".", "first"},                {"..", "first"},
           {"shop.example.org:443", "second"}, {"*.example.org", "second"},   {"\xff\x01\xc3.example.org", "second"}}) {
    CAPTURE(r.name);
    CHECK(shown_to(all, r.name, newest) == r.subject);
  }
}

TEST_CASE("a name of 255 octets is a name, and a greeting whose name is damaged is refused or served", "[apart][tls][names][security]") {
  const context all = some_names();
  CHECK(shown_to(all, std::string(255, 'a')) == "first");
  CHECK(shown_to(all, std::string(243, 'a') + ".example.org") == "second");
  const std::string name = "shop.example.org";
  const std::string greeting = raw_client(name).says();
  const std::size_t at = greeting.find(name);
  REQUIRE(at != greeting.npos);
  int refused = 0;
  for (std::size_t i = at - 9; i < at + name.size(); ++i)  // the extension's kind and size, the list's, the name's
    for (const char with : {'\0', '\x01', '\x7f', '\xff'}) {
      std::string damaged = greeting;
      damaged[i] = with;
      const auto server = all->begin("", 0).value();
      damaged.copy(server->room().data(), damaged.size());
      server->received(damaged.size());
      const auto step = server->handshake();
      refused += !step;
      if (step) CHECK_FALSE(*step);
    }
  CHECK(refused > 20);
}

TEST_CASE("a session of one certificate is not resumed under another", "[apart][tls][names][resumption][security]") {
  const int newest = GENERATE(TLS1_2_VERSION, TLS1_3_VERSION);
  const context all = some_names();
  for (const auto& [from, to, resumes] : {std::tuple("example.org", "example.org", true),
                                          std::tuple("shop.example.org", "shop.example.org", true),
                                          std::tuple("example.org", "shop.example.org", false),
                                          std::tuple("shop.example.org", "example.org", false),
                                          std::tuple("shop.example.org", "example.com", false)}) {
    raw_client earlier(from, newest);
    const auto first = earlier.ask(all);
    raw_client later(to, newest);
    later.resume(earlier.session());
    CAPTURE(from, to);
    CHECK((later.ask(all) == first) == resumes);
    CHECK(later.resumed() == resumes);
  }
}

TEST_CASE("whoever has to show a certificate does so for that name, resumed or not", "[apart][tls][names][resumption][security]") {
  const int newest = GENERATE(TLS1_2_VERSION, TLS1_3_VERSION);
  const bool first_demands = GENERATE(true, false);
  tls_server_options open = certified("open", {"open.example"}), closed = certified("closed", {"closed.example"});
  closed.client_ca = authority().certificate();
  const context all = first_demands ? by_name({closed, open}) : by_name({open, closed});
  const auto own = authority().issue({.subject = "me"});
  const context me = tls_client_context({.certificate = own.certificate, .key = own.key, .verify_server = false}).value();

  raw_client nobody("open.example", newest);
  CHECK(nobody.ask(all) == "open");
  CHECK_THAT(shown_to(all, "closed.example", newest), Catch::Matchers::Contains("peer did not return a certificate"));
  raw_client sneaks("closed.example", newest);
  sneaks.resume(nobody.session());
  CHECK_THAT(sneaks.ask(all), Catch::Matchers::Contains("peer did not return a certificate"));

  raw_client known("closed.example", newest, me);
  CHECK(known.ask(all) == "closed");
  CHECK(sk_X509_NAME_num(::SSL_get0_peer_CA_list(known.native_session())) == 1);  // whose it may be
  raw_client again("closed.example", newest);  // by its ticket alone
  again.resume(known.session());
  CHECK(again.ask(all) == "closed");
  CHECK(again.resumed());
  const auto server = all->begin("", 0).value();
  CHECK(raw_client("closed.example", newest, me).meet(*server).has_value());
  CHECK(server->peer_subject() == "CN=me");
  CHECK(server->server_name() == "closed.example");
}

TEST_CASE("versions and tickets are as each certificate stands with them, whichever is the first", "[apart][tls][names][resumption]") {
  const bool strict_first = GENERATE(true, false);
  tls_server_options strict = certified("strict", {"strict.example"}), easy = certified("easy", {"easy.example"}),
                     forgetful = certified("forgetful", {"forgetful.example"});
  strict.oldest = tls_version::v1_3;
  strict.resume_sessions = forgetful.resume_sessions = false;
  const context all = strict_first ? by_name({strict, forgetful, easy}) : by_name({easy, strict, forgetful});
  CHECK(shown_to(all, "easy.example", TLS1_2_VERSION) == "easy");
  CHECK(shown_to(all, "strict.example", TLS1_3_VERSION) == "strict");
  CHECK_THAT(shown_to(all, "strict.example", TLS1_2_VERSION), Catch::Matchers::Contains("unsupported protocol"));
  for (const auto& [name, newest, resumes] : {std::tuple("strict.example", TLS1_3_VERSION, false), std::tuple("easy.example", TLS1_3_VERSION, true),
                                              std::tuple("easy.example", TLS1_2_VERSION, true), std::tuple("forgetful.example", TLS1_3_VERSION, false),
                                              std::tuple("forgetful.example", TLS1_2_VERSION, false)}) {
    CAPTURE(name, newest);
    raw_client earlier(name, newest);
    static_cast<void>(earlier.ask(all));
    const auto kept = earlier.session();
    CHECK((::SSL_SESSION_has_ticket(kept.get()) == 1) == resumes);
    CHECK(::SSL_SESSION_get_ticket_lifetime_hint(kept.get()) == (resumes ? 7200u : 0u));
    raw_client later(name, newest);
    later.resume(kept);
    static_cast<void>(later.ask(all));
    CHECK(later.resumed() == resumes);
  }
}

TEST_CASE("each name is acknowledged, and spoken to by HTTP/1.1", "[apart][tls][names]") {
  const context all = some_names();
  const int newest = GENERATE(TLS1_2_VERSION, TLS1_3_VERSION);
  for (const char* const name : {"example.org", "shop.example.org"}) {
    raw_client c(name, newest);
    static_cast<void>(c.ask(all));
    CHECK(::SSL_SESSION_get0_hostname(c.session().get()) == std::string(name));
    const unsigned char* chosen = nullptr;
    unsigned size = 0;
    ::SSL_get0_alpn_selected(c.native_session(), &chosen, &size);
    CHECK(std::string_view(reinterpret_cast<const char*>(chosen), size) == "http/1.1");
  }
}

TEST_CASE("each certificate comes with the chain behind it", "[apart][tls][names]") {
  tls_server_options longer = certified("longer", {"longer.example"});
  longer.certificate += authority().certificate();
  const context all = by_name({certified("alone", {"alone.example"}), longer});
  for (const auto& [name, certificates] : {std::pair("alone.example", 1), std::pair("longer.example", 2)}) {
    raw_client c(name);
    static_cast<void>(c.ask(all));
    CHECK(sk_X509_num(::SSL_get_peer_cert_chain(c.native_session())) == certificates);
  }
}

TEST_CASE("a request for another host than the connection's is served where that host demands no more", "[apart][tls][names][security][threads]") {
  tls_server_options open = certified("open", {"open.localhost", "also.localhost"}), closed = certified("closed", {"closed.localhost"}),
                     plain = certified("plain", {"plain.localhost"}), modern = certified("modern", {"modern.localhost"});
  closed.client_ca = authority().certificate();
  modern.oldest = tls_version::v1_3;
  const bool first_demands = GENERATE(true, false);
  const context all = first_demands ? by_name({closed, open, plain, modern}) : by_name({open, closed, plain, modern});
  std::atomic<int> called{0};
  const auto server = serving([&](const request& r) {
    ++called;
    return text(std::string(r.host()) + " " + r.context->peer_subject());
  }, all);
  const std::string port = ":" + std::to_string(server.port());
  const auto own = authority().issue({.subject = "me"});
  const auto status_of = [&](const std::string& name, const std::string& head, bool shows = false, int newest = TLS1_3_VERSION) {
    tls_client_options how;
    how.verify_server = false;
    if (shows) how.certificate = own.certificate, how.key = own.key;
    const context by = tls_client_context(how).value();
    ::SSL_CTX_set_max_proto_version(native(by), newest);
    auto connected = net::socket::open(AF_INET).value();
    connected.connect(server.local_address()).value();
    net::secured_stream<net::blocking_stream> over(std::move(connected), server.local_address());
    over.secure(*by, name, 443).value();
    const std::string_view pieces[] = {head};
    auto writing = over.write(pieces);
    const result<void> written = writing.await_resume();
    if (!written) return written.error().message();
    char room[4096];
    auto reading = over.read(std::span<char>(room));
    const auto got = reading.await_resume();
    return got ? std::string(room, *got).substr(9, 3) : got.error().message();
  };
  const auto asks = [&](const std::string& host) { return "GET / HTTP/1.1\r\nHost: " + host + "\r\n\r\n"; };
  for (const char* const host : {"open.localhost", "OPEN.localhost.", "also.localhost", "plain.localhost"})
    CHECK(status_of("open.localhost", asks(host + port)) == "200");
  const int before = called;
  for (const char* const host : {"closed.localhost", "Closed.LocalHost.", "closed.localhost."}) {
    CHECK(status_of("open.localhost", asks(host)) == "421");
    CHECK(status_of("plain.localhost", asks(host + port)) == "421");
  }
  CHECK(status_of("open.localhost", "GET https://closed.localhost/ HTTP/1.1\r\nHost: open.localhost\r\n\r\n") == "421");
  CHECK(called == before);
  // Hosts of no certificate are the first's, and so is a request that names none.
  for (const std::string& head : {asks("other.localhost"), asks("127.0.0.1" + port), asks("[::1]" + port), "GET / HTTP/1.0\r\n\r\n"s})
    CHECK(status_of("open.localhost", head) == (first_demands ? "421" : "200"));
  // Who has shown a certificate for one name may ask for those that demand nothing.
  CHECK(status_of("closed.localhost", asks("closed.localhost"), true) == "200");
  CHECK(status_of("closed.localhost", asks("open.localhost"), true) == "200");
  CHECK(status_of("open.localhost", asks("modern.localhost"), false, TLS1_2_VERSION) == "421");
  CHECK(status_of("open.localhost", asks("modern.localhost")) == "200");
}

TEST_CASE("a 421 leaves the connection to those it is for", "[apart][tls][names][threads]") {
  tls_server_options open = certified("open", {"open.localhost"}), closed = certified("closed", {"closed.localhost"});
  closed.client_ca = authority().certificate();
  const auto server = serving(hello, by_name({open, closed}));
  client c(trusting());
  const std::string url = "https://open.localhost:" + std::to_string(server.port()) + "/";
  call_options misled;
  misled.fields.add("Host", "closed.localhost");
  CHECK(c.get(url).value().status == 200);
  CHECK(c.call(url, std::move(misled)).value().status == 421);
  CHECK(c.get(url).value().body.text() == "secure ");
  CHECK(server.open_connections() == 1);
}

TEST_CASE("all certificates are replaced at once while the server runs", "[apart][tls][names][threads]") {
  const auto a = certified("a", {"a.localhost"});
  const auto b = [](std::string subject) { return certified(std::move(subject), {"b.localhost"}); };
  const auto shown = std::make_shared<replaceable_tls_context>(by_name({a, b("old")}));
  const auto old_session = shown->begin("", 0).value();
  CHECK(shown_to(shown, "b.localhost") == "old");
  shown->replace(by_name({a, b("new")}));
  CHECK(shown_to(shown, "b.localhost") == "new");
  CHECK(shown_to(shown, "a.localhost") == "a");
  raw_client late("b.localhost");  // of a connection that was there before
  CHECK(late.meet(*old_session).has_value());
  CHECK(old_session->covers("a.localhost"));
}

TEST_CASE("what is wrong with one of several certificates is said with its file", "[apart][tls][names]") {
  const scratch::folder here;
  const auto why = [](const std::vector<tls_server_options>& all) {
    const auto made = tls_context_by_name(all);
    return made ? std::string("made") : made.error().message();
  };
  const auto in_files = [&](const std::string& name, const testing::issued_certificate& own) {
    std::ofstream(here / (name + ".pem")) << own.certificate;
    std::ofstream(here / (name + ".key")) << own.key;
    return tls_server_options{.certificate_file = here / (name + ".pem"), .key_file = here / (name + ".key")};
  };
  const auto a = in_files("a", authority().issue({.names = {"a.example"}}));
  const auto b = in_files("b", authority().issue({.names = {"b.example"}}));
  const auto nameless = in_files("nameless", authority().issue({.names = {}, .subject = "c.example"}));
  const auto address = in_files("address", authority().issue({.names = {"192.0.2.1"}}));
  tls_server_options mixed = b;
  mixed.key_file = a.key_file;
  CHECK(why({a, b}) == "made");
  CHECK(why({nameless, b}) == "made");  // the first is for whoever names no other
  CHECK(why({}) == "TLS: a server needs a certificate");
  CHECK(why({a, {}}) == "TLS: a server needs a certificate (certificate 2)");
  CHECK(why({a, {.certificate_file = here / "c.pem"}}) == "TLS: open " + (here / "c.pem") + ": no such file");
  CHECK(why({a, mixed}) == "TLS: use " + (here / "a.key") + ": key values mismatch");
  CHECK(why({a, nameless}) == "TLS: " + (here / "nameless.pem") + ": for no host that those before it are not for");
  CHECK(why({a, address}) == "TLS: " + (here / "address.pem") + ": for no host that those before it are not for");
  CHECK(why({a, b, a}) == "TLS: " + (here / "a.pem") + ": for no host that those before it are not for");
  CHECK(why({a, certified("x", {"a.example"})}) == "TLS: certificate 2: for no host that those before it are not for");
  CHECK(why({a, {.certificate = "nonsense"}}) == "TLS: certificate: no certificate in it (certificate 2)");
}
