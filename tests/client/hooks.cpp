// tests/client/hooks.cpp -- tests client/hooks.hpp: what takes part in a call, and when
#include "catch.hpp"
#include "support.hpp"

#include <tinyhttp/client/client.hpp>

#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

using namespace client_test;

namespace {

const std::string ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";

std::string answer(std::string_view status, std::string_view fields, std::string_view body = {}) {
  return "HTTP/1.1 " + std::string(status) + "\r\n" + std::string(fields) +
         "Content-Length: " + ascii::to_decimal(body.size()) + "\r\n\r\n" + std::string(body);
}

/// Says what is in `answers`, and keeps what was asked. One connection, which then closes.
struct recording_server {
  explicit recording_server(std::vector<std::string> answers)
      : server([this, all = std::move(answers)](net::socket& s, int) {
          for (const std::string& each : all) {
            const std::string request = read_request(s);
            if (request.empty()) return;
            {
              const std::lock_guard lock(guard);
              asked.push_back(request);
            }
            if (!s.send_all(each)) return;
          }
        }) {}
  [[nodiscard]] bool was_asked(std::size_t which, std::string_view with) {
    const std::lock_guard lock(guard);
    INFO((which < asked.size() ? asked[which] : std::string("not asked")));
    return which < asked.size() && asked[which].find(with) != std::string::npos;
  }
  std::mutex guard;
  std::vector<std::string> asked;  // guarded
  scripted_server server;
};

/// Numbers what it sees, in both directions.
class counting_hook final : public exchange_hook {
 public:
  explicit counting_hook(std::string name) : name_(std::move(name)) {}
  void before(const url& to, request& r) override {
    r.fields.add(name_, std::to_string(++sent));
    seen += "> " + to.target + "\n";
  }
  void after(const url& from, const response& a) override {
    seen += "< " + from.target + " " + std::to_string(a.status.code()) + "\n";
  }
  int sent = 0;
  std::string seen;

 private:
  std::string name_;
};

class fixed_credentials final : public challenge_answerer {
 public:
  std::optional<std::string> answer(const url&, const request& r,
                                    const response& challenge) override {
    seen += std::string(r.method.name()) + " " + std::string(r.target.text()) + " " +
            std::string(challenge.fields["WWW-Authenticate"]) + "\n";
    return value;
  }
  std::optional<std::string> value = "Basic dTpw";
  std::string seen;
};

/// The coding `loud`: every letter is upper case, and there are three exclamation marks behind.
class loud_decoder final : public content_decoder {
 public:
  std::string_view accepted() const noexcept override { return "loud"; }
  result<void> decode(response& a, std::string about) const override {
    if (a.fields["Content-Encoding"] != "loud") return error(error_kind::protocol, about + ": what?");
    a.fields.remove("Content-Encoding");
    a.fields.remove("Content-Length");
    const auto raw = std::make_shared<body>(std::move(a.body));
    a.body = std::shared_ptr<body_stream>(std::make_shared<quiet_stream>(raw));
    return {};
  }

 private:
  struct quiet_stream final : body_stream {
    explicit quiet_stream(std::shared_ptr<body> from) : raw(std::move(from)) {}
    task<result<std::string_view>> next() override {
      auto pulling = raw->next();
      const auto pulled = co_await pulling;
      if (!pulled) co_return pulled.error();
      window.clear();
      for (const char c : *pulled)
        if (c != '!') window += ascii::to_lower(c);
      co_return std::string_view(window);
    }
    std::shared_ptr<body> raw;
    std::string window;
  };
};

}  // namespace

TEMPLATE_TEST_CASE("hooks see every exchange of a call, and change that one only", "[client][hooks][threads]",
                   client, looped_client) {
  recording_server at({answer("302 Found", "Location: /b\r\n"), answer("302 Found", "Location: /c\r\n"), ok});
  counting_hook first("X-First");
  counting_hook second("X-Second");
  TestType c({.max_redirects = 5, .hooks = {&first, &second}});
  const auto got = c.call(at.server.url("/a"), {.fields = {{"X-Own", "1"}}});
  if (!got) FAIL(got.error().message());
  CHECK(first.seen == "> /a\n< /a 302\n> /b\n< /b 302\n> /c\n< /c 200\n");
  CHECK(second.seen == first.seen);
  for (int i = 0; i < 3; ++i) {
    CAPTURE(i);
    const std::string number = std::to_string(i + 1);
    CHECK(at.was_asked(static_cast<std::size_t>(i), "X-Own: 1\r\nUser-Agent: tinyhttp\r\nX-First: " +
                                                        number + "\r\nX-Second: " + number + "\r\n\r\n"));
  }
}

TEMPLATE_TEST_CASE("a challenge is answered once", "[client][hooks][threads][rfc9110-11]",
                   client, looped_client) {
  const std::string challenge = answer("401 Unauthorized", "WWW-Authenticate: Basic realm=\"x\"\r\n", "no");
  fixed_credentials credentials;
  TestType c({.max_redirects = 5, .credentials = &credentials});
  SECTION("and the connection is used again") {
    recording_server at({challenge, ok});
    CHECK(c.get(at.server.url("/a")).value().body.text() == "hi");
    CHECK(at.was_asked(1, "Authorization: Basic dTpw\r\n"));
    CHECK(at.server.connections() == 1);
    CHECK(credentials.seen == "GET /a Basic realm=\"x\"\n");
  }
  SECTION("of the target that was sent (RFC 7616 3.4.6), and that is sent again") {
    recording_server at({challenge, ok});
    CHECK(c.call(at.server.url("/not"), {.target = "/a|b%?"}).value().status == 200);
    CHECK(credentials.seen == "GET /a|b%? Basic realm=\"x\"\n");
    CHECK(at.was_asked(0, "GET /a|b%? HTTP/1.1\r\n"));
    CHECK(at.was_asked(1, "GET /a|b%? HTTP/1.1\r\n"));
  }
  SECTION("what is refused again is the answer") {
    recording_server at({challenge, challenge});
    const auto got = c.get(at.server.url());
    CHECK(got.value().status == 401);
    CHECK(got.value().body.text() == "no");
  }
  SECTION("what the caller sent is replaced, not doubled") {
    recording_server at({challenge, ok});
    CHECK(c.call(at.server.url(), {.fields = {{"Authorization", "Bearer a"}}}).value().status == 200);
    CHECK(at.was_asked(0, "Authorization: Bearer a\r\n"));
    CHECK(at.was_asked(1, "Authorization: Basic dTpw\r\n"));
    CHECK(!at.was_asked(1, "Bearer"));
  }
  SECTION("without credentials it is the answer") {
    credentials.value.reset();
    recording_server at({challenge});
    CHECK(c.get(at.server.url()).value().body.text() == "no");
  }
  SECTION("credentials that could split the message are not sent") {
    credentials.value = "a\r\nX: y";
    recording_server at({challenge});
    CHECK(c.get(at.server.url()).value().status == 401);
  }
  SECTION("a body that cannot be sent again is not") {
    recording_server at({challenge});
    int left = 1;
    body once = stream_body([left]() mutable { return std::string(left-- > 0 ? "x" : ""); }, 1);
    CHECK(c.call(at.server.url(), {.method = method::put, .body = std::move(once)}).value().status == 401);
    CHECK(credentials.seen == "");
  }
  SECTION("a proxy gets another field") {
    recording_server at({answer("407 Proxy Authentication Required", ""), ok});
    TestType by({.proxies = {.http = parse_proxy(at.server.url()).value()}, .credentials = &credentials});
    CHECK(by.get("http://h.test/").value().status == 200);
    CHECK(at.was_asked(1, "Proxy-Authorization: Basic dTpw\r\n"));
  }
  SECTION("a server that makes itself out to be a proxy gets nothing") {
    recording_server at({answer("407 Proxy Authentication Required", "")});
    CHECK(c.get(at.server.url()).value().status == 407);
    CHECK(credentials.seen == "");
  }
  SECTION("a redirect starts afresh") {
    recording_server at({challenge, answer("302 Found", "Location: /b\r\n"), challenge, ok});
    CHECK(c.get(at.server.url("/a")).value().status == 200);
    CHECK(!at.was_asked(2, "Authorization"));
    CHECK(at.was_asked(3, "GET /b HTTP/1.1"));
    CHECK(at.was_asked(3, "Authorization: Basic dTpw\r\n"));
  }
}

TEMPLATE_TEST_CASE("a decoder is asked for what it asked for, and nothing else",
                   "[client][hooks][threads][rfc9110-8.4]", client, looped_client) {
  const std::string loud = answer("200 OK", "Content-Encoding: loud\r\n", "HELLO!!!");
  const loud_decoder decoder;
  TestType c({.body_limit = 20, .decoder = &decoder});
  SECTION("its coding") {
    recording_server at({loud});
    const auto got = c.get(at.server.url());
    CHECK(got.value().body.text() == "hello");
    CHECK(!got.value().fields.contains("Content-Encoding"));
    CHECK(at.was_asked(0, "Accept-Encoding: loud\r\n"));
  }
  SECTION("streamed") {
    recording_server at({loud});
    auto got = c.open(at.server.url());
    CHECK(whole_of(c, got.value().body) == "hello");
  }
  SECTION("bounded when whole") {
    recording_server at({answer("200 OK", "Content-Encoding: loud\r\n", std::string(21, 'A'))});
    const auto got = c.get(at.server.url("/x"));
    REQUIRE(!got);
    CHECK(got.error().message() == "GET " + at.server.url("/x") + ": body: more than 20 octets");
  }
  SECTION("another coding is its to refuse") {
    recording_server at({answer("200 OK", "Content-Encoding: quiet\r\n", "x")});
    CHECK(c.get(at.server.url("/x")).error().message() == "GET " + at.server.url("/x") + ": what?");
  }
  SECTION("no coding, and no content") {
    recording_server at({ok, answer("200 OK", "Content-Encoding: quiet\r\n")});
    CHECK(c.get(at.server.url()).value().body.text() == "hi");
    CHECK(c.head(at.server.url()).value().status == 200);
  }
  SECTION("who asks for an encoded representation gets it") {
    recording_server at({loud, loud});
    CHECK(c.call(at.server.url(), {.fields = {{"Accept-Encoding", "loud"}}}).value().body.text() == "HELLO!!!");
    CHECK(c.call(at.server.url(), {.fields = {{"Range", "bytes=0-8"}}}).value().body.text() == "HELLO!!!");
    CHECK(!at.was_asked(1, "Accept-Encoding"));
  }
}

TEST_CASE("nothing of a call stays for the next one", "[client][hooks][threads]") {
  recording_server at({answer("302 Found", "Location: /b\r\n"), ok, answer("302 Found", "Location: /c\r\n"),
                       answer("200 OK", "Content-Encoding: loud\r\n", "HELLO!!!")});
  const loud_decoder decoder;
  const client c({.decoder = &decoder});
  CHECK(c.call(at.server.url("/a"), {.fields = {{"X-Own", "1"}}, .max_redirects = 1}).value().status == 200);
  CHECK(c.get(at.server.url("/a")).value().status == 302);  // redirects were for the other call
  const auto raw = c.call(at.server.url("/as/it/is"), {.as_is = true});
  CHECK(raw.value().body.text() == "HELLO!!!");
  CHECK(raw.value().fields["Content-Encoding"] == "loud");
  CHECK(!at.was_asked(3, "X-Own"));
  CHECK(!at.was_asked(3, "Accept-Encoding"));
  CHECK(!at.was_asked(3, "User-Agent"));
}
