// tests/client/client.cpp -- tests client/client.hpp and engine.hpp, and what async.hpp has in common
// with them
#include "../allocations.hpp"
#include "catch.hpp"
#include "net/support.hpp"
#include "support.hpp"

#include <tinyhttp/client/async.hpp>
#include <tinyhttp/client/client.hpp>
#include <tinyhttp/server/server.hpp>

#include <atomic>
#include <chrono>
#include <mutex>
#include <new>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace client_test;
using namespace std::string_literals;

namespace {

const std::string ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";

std::string redirect_to(std::string_view where, int code = 302) {
  return "HTTP/1.1 " + ascii::to_decimal(static_cast<std::uint64_t>(code)) +
         " Over There\r\nContent-Length: 4\r\nLocation: " + std::string(where) + "\r\n\r\nover";
}

std::string message_of(const result<response>& r) {
  return r ? "answer " + ascii::to_decimal(static_cast<std::uint64_t>(r->status.code()))
           : r.error().message();
}

}  // namespace

TEST_CASE("get gives status, fields and body", "[client][threads]") {
  std::string asked;
  scripted_server server([&](net::socket& s, int) {
    asked = read_request(s);
    static_cast<void>(
        s.send_all("HTTP/1.1 404 Not Found\r\nContent-Type: text/plain\r\n"
                   "Transfer-Encoding: chunked\r\n\r\n2\r\nno\r\n1\r\n!\r\n0\r\n\r\n"));
  });
  const auto r = get(server.url("/a b?c=\xc3\xa4#top"));
  if (!r) FAIL(r.error().message());
  CHECK(r->status == 404);
  CHECK(r->fields["content-type"] == "text/plain");
  CHECK(r->body.text() == "no!");
  CHECK(asked == "GET /a%20b?c=%C3%A4 HTTP/1.1\r\nHost: " + server.url("").substr(7) +
                     "\r\nUser-Agent: tinyhttp\r\n\r\n");
}

TEMPLATE_TEST_CASE("what cannot be asked is an error in one line", "[client]",
                   client, looped_client) {
  TestType c;
  CHECK(message_of(c.get("localhost/x")) == "url \"localhost/x\": no http:// or https:// in front");
  CHECK(message_of(c.get("https://localhost/")) ==
        "connect https://localhost: TLS is off (client_options::tls, tls.hpp)");
  CHECK(message_of(c.get("ftp://localhost/")).find("scheme") != std::string::npos);
  CHECK(message_of(c.call("http://h/", {.method = method::connect})) ==
        "CONNECT http://h/: no target for this method");
  CHECK(message_of(c.send(request::get("/x"))) == "send: the target is not an absolute URL");
  CHECK(message_of(c.post("http://h/", "x", "text/\r\nEvil: 1")) ==
        "POST: that is no media type");
  auto unused = net::listener::bind({.host = "127.0.0.1"}).value();
  const std::string at = unused.local_address().to_string();
  unused.close();
  const auto refused = c.get("http://" + at + "/");
  CHECK(message_of(refused) == "connect " + at + ": connection refused");
  CHECK(refused.error().kind() == error_kind::connect);
}

TEMPLATE_TEST_CASE("of the URL asked before, a call takes only what its own says, too", "[client][url][threads]", client,
                   looped_client) {
  std::string other;
  scripted_server server([&](net::socket& s, int) {
    for (std::string asked = read_request(s); !asked.empty(); asked = read_request(s)) {
      const std::string echo = "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(asked.size()) + "\r\n\r\n" + asked;
      if (!s.send_all(asked.starts_with("GET /away") ? redirect_to(other) : echo)) return;
    }
  });
  const std::string address = server.url("").substr(7);  // with its port
  const auto port = static_cast<std::uint16_t>(*ascii::parse_decimal_strict(address.substr(address.find(':') + 1)));
  other = "http://b.test:" + std::to_string(port) + "/there";
  const client_options with = {.max_redirects = 1,
                               .hosts = {{.host = "a.test", .port = port, .to = {"127.0.0.1"}},
                                         {.host = "b.test", .port = port, .to = {"127.0.0.1"}},
                                         {.host = "a.test", .port = 80, .to = {"127.0.0.1"}, .to_port = port},
                                         {.host = "b.test", .port = 80, .to = {"127.0.0.1"}, .to_port = port},
                                         {.host = "a.te", .port = 80, .to = {"127.0.0.1"}, .to_port = port}}};
  const std::string a = "http://a.test:" + std::to_string(port);
  const std::string urls[] = {a, a + "/x", a + "/x?y#z", a + "?q", a + "?", a + "#f", a + "/away", a + "0/x", a + "x/", a + "@b.test/", a + "/\t", a + "\n",
                              a + ":1/", a + "/\xc3\xa4 b", "HTTP://A.Test:" + std::to_string(port) + "/x", "http://a.test/x", "http://a.test",
                              "http://a.te", "http://u:p@" + a.substr(7) + "/x", "http://u:p@" + a.substr(7), "http://u@" + a.substr(7) + "/",
                              other, "https://127.0.0.1/x", "http://" + address + "/x", "http://" + address, "http://", "http:/a", ""};
  const auto told = [](const result<response>& r) { return r ? std::string(r->body.text()) : r.error().message(); };
  std::vector<std::string> alone;
  for (const std::string& each : urls) alone.push_back(told(TestType(with).get(each)));
  CHECK(alone[1].starts_with("GET /x HTTP/1.1\r\nHost: a.test:"));
  CHECK(alone[6].starts_with("GET /there HTTP/1.1\r\nHost: b.test:"));
  CHECK(alone[18].find("Authorization: Basic dTpw") != std::string::npos);
  TestType c(with);
  for (std::size_t i = 0; i < std::size(urls); ++i)
    for (std::size_t j = 0; j < std::size(urls); ++j) {
      CAPTURE(urls[i], urls[j]);
      CHECK(told(c.get(urls[i])) == alone[i]);
      CHECK(told(c.get(urls[j])) == alone[j]);
    }
}

TEMPLATE_TEST_CASE("a client keeps its connection for the next call", "[client][pool][threads]",
                   client, looped_client) {
  scripted_server server(say_in_turn({ok, ok, ok, ok}));
  TestType c;
  for (int i = 0; i < 3; ++i) CHECK(c.get(server.url()).value().body.text() == "hi");
  auto streamed = c.open(server.url());
  CHECK(whole_of(c, streamed.value().body) == "hi");
  CHECK(server.connections() == 1);
  CHECK(c.idle_connections() == 1);
}

TEMPLATE_TEST_CASE("a connection is not kept when the answer says so", "[client][pool][threads]",
                   client, looped_client) {
  const std::string answer = GENERATE(
      as<std::string>(), "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi",
      "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi", "HTTP/1.1 200 OK\r\n\r\nhi",
      "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhiHTTP/1.1 200 OK\r\nContent-Length: "
      "4\r\n\r\nevil");
  scripted_server server(say_in_turn({answer}));
  TestType c;
  for (int i = 0; i < 2; ++i) CHECK(c.get(server.url()).value().body.text() == "hi");
  CHECK(server.connections() == 2);
}

TEMPLATE_TEST_CASE("a kept connection that the server closed is noticed before it is used", "[client][pool][threads]",
                   client, looped_client) {
  scripted_server server(say_in_turn({ok}));
  TestType c;
  CHECK(message_of(c.get(server.url())) == "answer 200");
  // The server has closed, or is about to: either the look or the second attempt finds out.
  CHECK(message_of(c.get(server.url())) == "answer 200");
  CHECK(server.connections() == 2);
}

TEMPLATE_TEST_CASE("a request is repeated only on a stale connection, and only if it is idempotent", "[client][pool][threads][rfc9110-9.2.2]",
                   client, looped_client) {
  // The second request of a connection is read and answered with nothing: as stale as can be.
  std::atomic<int> asked{0};
  scripted_server server([&](net::socket& s, int) {
    for (int i = 0; i < 2; ++i) {
      if (read_request(s).empty()) return;
      ++asked;
      if (i == 0) static_cast<void>(s.send_all(ok));
    }
  });
  TestType c;
  CHECK(message_of(c.get(server.url())) == "answer 200");
  SECTION("GET") {
    CHECK(message_of(c.get(server.url())) == "answer 200");
    CHECK(asked == 3);
  }
  SECTION("PUT with octets") {
    CHECK(message_of(c.call(server.url(), {.method = method::put, .body = "x"})) == "answer 200");
    CHECK(asked == 3);
  }
  SECTION("POST is not") {
    const auto r = c.post(server.url("/p"), "x", "text/plain");
    CHECK(message_of(r) == "POST " + server.url("/p") + ": connection closed before any answer");
    CHECK(asked == 2);
  }
  SECTION("nor is a body that cannot be pulled twice") {
    int left = 1;
    body once = stream_body([left]() mutable { return std::string(left-- > 0 ? "x" : ""); }, 1);
    const auto r = c.call(server.url(), {.method = method::put, .body = std::move(once)});
    CHECK(r.error().kind() == error_kind::closed);
    CHECK(asked == 2);
  }
}

TEMPLATE_TEST_CASE("a new connection that closes without an answer is an error at once", "[client][threads]",
                   client, looped_client) {
  scripted_server server([](net::socket& s, int) { read_request(s); });
  TestType c;
  CHECK(message_of(c.get(server.url())) ==
        "GET " + server.url() + ": connection closed before any answer");
  CHECK(server.connections() == 1);
}

TEMPLATE_TEST_CASE("redirects are followed where that was asked for", "[client][redirects][threads]",
                   client, looped_client) {
  scripted_server server(say_in_turn({redirect_to("/b"), redirect_to("c?d", 307), ok}));
  TestType c;
  SECTION("not by default") {
    const auto r = c.get(server.url("/a"));
    CHECK(message_of(r) == "answer 302");
    CHECK(r->fields["Location"] == "/b");
    CHECK(r->body.text() == "over");
  }
  SECTION("by option, over one connection") {
    CHECK(c.call(server.url("/a"), {.max_redirects = 2}).value().body.text() == "hi");
    CHECK(server.connections() == 1);
  }
  SECTION("no more often than allowed") {
    CHECK(message_of(c.call(server.url("/a"), {.max_redirects = 1})) ==
          "GET " + server.url("/b") + ": more than 1 redirects");
  }
}

TEMPLATE_TEST_CASE("a caller is told where redirects lead, and may say no", "[client][redirects][security][threads]",
                   client, looped_client) {
  scripted_server server(say_in_turn({redirect_to("/b"), redirect_to("c?d#e", 307), ok}));
  TestType c({.max_redirects = 2});
  std::string told;
  SECTION("before each of them") {
    const auto note = [&](const url& to) -> result<void> { return told += to.to_string() + "\n", result<void>(); };
    CHECK(message_of(c.call(server.url("/a#top"), {.redirected = note})) == "answer 200");
    CHECK(told == server.url("/b#top") + "\n" + server.url("/c?d#e") + "\n");
  }
  SECTION("and what it says is the outcome") {
    const auto refuse = [&](const url& to) -> result<void> {
      told += to.target + "\n";
      return error(error_kind::invalid_argument, to.target + " is not for us");
    };
    const auto r = c.call(server.url("/a"), {.redirected = refuse});
    CHECK(message_of(r) == "GET " + server.url("/a") + ": /b is not for us");
    CHECK(r.error().kind() == error_kind::invalid_argument);
    CHECK(told == "/b\n");
  }
  SECTION("of none that is not followed") {
    const auto note = [&](const url& to) -> result<void> { return told += to.target, result<void>(); };
    CHECK(message_of(c.call(server.url("/a"), {.max_redirects = 0, .redirected = note})) == "answer 302");
    CHECK(told.empty());
  }
}

TEMPLATE_TEST_CASE("methods with a name of their own send what they are called", "[client][threads]", client,
                   looped_client) {
  std::string asked;
  scripted_server server([&](net::socket& s, int) {
    for (std::string each = read_request(s); !each.empty(); each = read_request(s)) {
      asked += each.substr(0, each.find(" HTTP")) + each.substr(each.find("\r\n\r\n") + 4) + "\n";
      if (!s.send_all(ok)) return;
    }
  });
  TestType c;
  CHECK(message_of(c.put(server.url("/a"), "1", "text/plain")) == "answer 200");
  CHECK(message_of(c.patch(server.url("/b"), "2", "text/plain")) == "answer 200");
  CHECK(message_of(c.delete_(server.url("/c"))) == "answer 200");
  CHECK(asked == "PUT /a1\nPATCH /b2\nDELETE /c\n");
  for (const auto* wrong : {"\r\n", "", "json", "{\"a\":\"b/c\"}", "text/plain\r\nA: b"})
    CHECK(message_of(c.put("http://h/", "x", wrong)) == "PUT: that is no media type");
}

TEMPLATE_TEST_CASE("a target that is given is sent as it stands, and redirects lead on from there",
                   "[client][redirects][security][threads][rfc9112-3.2]", client, looped_client) {
  struct row {
    method asks;
    std::string target, location, asked;
  };
  const row r = GENERATE(values<row>({
      {method::get, "/a/../\"|%zz?%", "c|d", "GET /a/../\"|%zz?%\nGET /c%7Cd\n"},  // octet for octet
      {method::get, "/a/b|?q", "c", "GET /a/b|?q\nGET /a/c\n"},
      {method::get, "/a/b|?q|", "#x", "GET /a/b|?q|\nGET /a/b%7C?q%7C\n"},
      {method::get, "/a", "#x", "GET /a\nGET /a\n"},
      {method::options, "*", "c|d", "OPTIONS *\nOPTIONS /c%7Cd\n"},
      {method::options, "*", "#x", "OPTIONS *\nOPTIONS /\n"},
  }));
  CAPTURE(r.target, r.location);
  std::string asked;
  {
    scripted_server server([&](net::socket& s, int) {
      for (const std::string& each : {redirect_to(r.location, 307), ok}) {
        asked += read_request(s).substr(0, 40);
        asked.resize(asked.rfind(" HTTP/1.1\r\n"));
        asked += '\n';
        if (!s.send_all(each)) return;
      }
    });
    TestType c({.max_redirects = 1});
    CHECK(message_of(c.call(server.url("/not/here?this"), {.method = r.asks, .target = r.target})) == "answer 200");
  }
  CHECK(asked == r.asked);
}

TEMPLATE_TEST_CASE("what could be taken for more or less than a target is none", "[client][security][rfc9112-3.2]",
                   client, looped_client) {
  TestType c;
  const std::string where = "http://127.0.0.1:1/x";  // nobody is asked
  for (const std::string& bad : {" "s, "/a b"s, "/a\r\nX: y"s, "/\t"s, "/\x7f"s, "/\xc3\xa4"s, "/#"s, "x"s, "?x"s, "*"s, "**"s,
                                 "http://h/"s, "h:80"s, "/a\n"s, "/a\0b"s})
    CHECK(message_of(c.call(where, {.target = bad})) == "GET " + where + ": no target for this method");
  CHECK(message_of(c.call(where, {.method = method::connect, .target = "h:80"})) == "CONNECT " + where + ": no target for this method");
  CHECK(message_of(c.call(where, {.method = method::options, .target = "**"})) == "OPTIONS " + where + ": no target for this method");
}

TEST_CASE("what a call says itself is not said for it", "[client][threads]") {
  std::string asked;
  scripted_server server([&](net::socket& s, int) {
    for (std::string each = read_request(s); !each.empty(); each = read_request(s)) {
      asked = each;
      if (!s.send_all(ok)) return;
    }
  });
  const std::string with_user = "http://u:p@" + server.url("/x").substr(7);
  client c({.user_agent = "ours"});
  CHECK(message_of(c.call(with_user, {.fields = {{"User-Agent", "mine"}, {"Authorization", "Bearer x"}}})) == "answer 200");
  CHECK(asked == "GET /x HTTP/1.1\r\nHost: " + server.url("").substr(7) + "\r\nUser-Agent: mine\r\nAuthorization: Bearer x\r\n\r\n");
  client nameless({.user_agent = ""});
  CHECK(message_of(nameless.get(server.url("/x"))) == "answer 200");
  CHECK(asked == "GET /x HTTP/1.1\r\nHost: " + server.url("").substr(7) + "\r\n\r\n");
  request whole(method::put, server.url("/y"), {{"User-Agent", "mine"}});
  whole.body = "content";
  CHECK(message_of(c.send(std::move(whole))) == "answer 200");
  CHECK(asked == "PUT /y HTTP/1.1\r\nHost: " + server.url("").substr(7) +
                     "\r\nUser-Agent: mine\r\nContent-Length: 7\r\n\r\ncontent");
}

TEST_CASE("a call knows nothing of the one before", "[client][threads]") {
  const std::string early = "HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n";
  SECTION("not whom it told of informational answers") {
    scripted_server server(say_in_turn({early + ok, early + ok}));
    client c;
    std::string told;
    const auto note = [&told](status code, const fields& f) { told += ascii::to_decimal(static_cast<unsigned>(code.code())).append(f["Link"]); };
    CHECK(message_of(c.call(server.url(), {.informational = note})) == "answer 200");
    CHECK(message_of(c.get(server.url())) == "answer 200");
    CHECK(told == "103<a>");
    CHECK(server.connections() == 1);
  }
  SECTION("nor where redirects led it") {
    scripted_server server(say_in_turn({redirect_to("/b"), ok, redirect_to("/d"), redirect_to("/a")}));
    client c({.max_redirects = 1});
    CHECK(message_of(c.get(server.url("/a"))) == "answer 200");
    CHECK(message_of(c.get(server.url("/c"))) == "GET " + server.url("/d") + ": more than 1 redirects");
  }
}

TEST_CASE("a server that falls silent is given up, as soon as the options of a client say", "[client][timeout][threads]") {
  std::string says;
  scripted_server server([&](net::socket& s, int) {
    static_cast<void>(read_request(s));
    static_cast<void>(s.send_all(says));
    static_cast<void>(read_request(s));  // the end
  });
  SECTION("before its answer") {
    client c({.first_octet_timeout = std::chrono::milliseconds(20)});
    CHECK(message_of(c.get(server.url("/x"))) == "GET " + server.url("/x") + ": silent for 20 ms, before any answer");
  }
  SECTION("in the middle of it") {
    says = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhi";
    client c({.idle_timeout = std::chrono::milliseconds(20)});
    CHECK(message_of(c.get(server.url("/x"))) == "GET " + server.url("/x") + ": silent for 20 ms, after 2 of 5 octets");
  }
}

TEMPLATE_TEST_CASE("a server that takes no more of a body is given up, too", "[client][timeout][threads]", client, looped_client) {
  std::atomic<bool> over{false};
  scripted_server server([&](net::socket& s, int) {
    char some[100];
    static_cast<void>(s.receive(some));
    over.wait(false);
  });
  TestType c({.idle_timeout = std::chrono::milliseconds(20), .expect_continue_from = 0});
  const auto answer = c.post(server.url("/x"), std::string(32 << 20, 'x'), "text/plain");
  over = true;
  over.notify_all();
  CHECK(message_of(answer) == "POST " + server.url("/x") + ": silent for 20 ms, before any answer");
}

TEST_CASE("an upload that looks up in vain for an answer goes on waiting for its peer", "[client][threads][faults]") {
  struct impatient final : net::fault_injector {
    impatient() { net::os::injector.store(this); }
    ~impatient() override { net::os::injector.store(nullptr); }
    net::fault before(net::system_call which, int) noexcept override {
      if (which != net::system_call::poll || !uploads) return {};
      if (++waits == 60) {  // more than there are looks for an answer before the buffers are full
        reads = true;
        reads.notify_all();
      }
      return {.error = waits <= 60 ? ETIMEDOUT : 0};
    }
    std::atomic<bool> uploads{false}, reads{false};
    std::atomic<int> waits{0};
  } waits;
  scripted_server server([&](net::socket& s, int) {
    if (read_request(s).empty() || !s.send_all(ok)) return;
    waits.reads.wait(false);
    if (!read_request(s).empty()) static_cast<void>(s.send_all(ok));
  });
  client c({.expect_continue_from = 0});
  CHECK(message_of(c.get(server.url("/x"))) == "answer 200");
  waits.uploads = true;
  CHECK(message_of(c.put(server.url("/x"), std::string(32 << 20, 'x'), "text/plain")) == "answer 200");
  CHECK(waits.waits > 60);
  waits.reads = true;
  waits.reads.notify_all();
}

TEST_CASE("who expects leave already is not made to twice", "[client][threads][rfc9110-10.1.1]") {
  std::string asked;
  scripted_server server([&](net::socket& s, int) {
    char piece[4096];
    while (asked.find("\r\n\r\n") == std::string::npos) {
      const auto count = s.receive(piece);
      if (!count || *count == 0) return;
      asked.append(piece, *count);
    }
    static_cast<void>(s.send_all(ok));
  });
  client c({.expect_continue_from = 1});
  CHECK(message_of(c.call(server.url(), {.method = method::post, .fields = {{"Expect", "100-continue"}}, .body = "x"})) == "answer 200");
  CHECK(asked.find("Expect: 100-continue\r\n") == asked.rfind("Expect: "));
}

TEST_CASE("a body is sent without leave once the options of a client say", "[client][timeout][threads][rfc9110-10.1.1]") {
  const scripted_server server(say_in_turn({ok}));  // which says nothing before it has read a body
  client c({.expect_continue_from = 1, .expect_timeout = std::chrono::milliseconds(0)});
  CHECK(message_of(c.call(server.url(), {.method = method::post, .body = "x", .total_timeout = std::chrono::milliseconds(900)})) ==
        "answer 200");
}

TEST_CASE("a body that was pulled is not sent again to where a redirect leads", "[client][redirects][threads]") {
  const int code = GENERATE(303, 307);
  std::string behind;
  {
    scripted_server server([&](net::socket& s, int) {
      std::string all;
      char piece[4096];
      while (!all.ends_with("0\r\n\r\n")) {
        const auto count = s.receive(piece);
        if (!count || *count == 0) return;
        all.append(piece, *count);
      }
      if (!s.send_all(redirect_to("/b", code))) return;
      behind = read_request(s);
      static_cast<void>(s.send_all(ok));
    });
    client c({.max_redirects = 1});
    int left = 1;
    auto pulled = stream_body([&left] { return left-- > 0 ? std::string("once") : std::string(); });
    const auto answer = c.call(server.url("/a"), {.method = method::post, .body = std::move(pulled)});
    CHECK(message_of(answer) == (code == 303 ? "answer 200" : "answer 307"));
  }
  CHECK(behind.starts_with("GET /b ") == (code == 303));  // 303 leaves the body behind
}

TEST_CASE("get follows up to ten redirects", "[client][redirects][threads]") {
  std::vector<std::string> answers(10, redirect_to("/x"));
  const bool one_more = GENERATE(false, true);
  answers.push_back(one_more ? redirect_to("/x") : ok);
  scripted_server server(say_in_turn(std::move(answers)));
  CHECK(message_of(get(server.url())) ==
        (one_more ? "GET " + server.url("/x") + ": more than 10 redirects, in a loop" : "answer 200"));
}

TEMPLATE_TEST_CASE("credentials in a URL go to its origin only", "[client][redirects][security][threads]",
                   client, looped_client) {
  std::string at_other;
  scripted_server other([&](net::socket& s, int) {
    at_other = read_request(s);
    static_cast<void>(s.send_all(ok));
  });
  std::string at_first;
  scripted_server first([&](net::socket& s, int) {
    at_first = read_request(s);
    static_cast<void>(s.send_all(redirect_to(other.url("/x"))));
  });
  const std::string with_user = "http://u:p@" + first.url("/").substr(7);
  TestType c({.max_redirects = 1});
  CHECK(message_of(c.call(with_user, {.fields = {{"Cookie", "a=b"}}})) == "answer 200");
  CHECK(at_first.find("Authorization: Basic dTpw\r\n") != std::string::npos);
  CHECK(at_first.find("u:p") == std::string::npos);
  CHECK(at_other.find("Authorization") == std::string::npos);
  CHECK(at_other.find("Cookie") == std::string::npos);
  CHECK(at_other.find("Host: " + other.url("").substr(7)) != std::string::npos);
}

TEST_CASE("a body is streamed piece by piece, or bounded when whole", "[client][threads]") {
  const std::string octets = net_test::pattern(5'000'000);
  const std::string answer = "HTTP/1.1 200 OK\r\nContent-Length: 5000000\r\n\r\n" + octets;
  scripted_server server([&](net::socket& s, int) {
    read_request(s);
    static_cast<void>(s.send_all(answer));
  });
  client c({.body_limit = 4'999'999});
  CHECK(message_of(c.get(server.url("/x"))) ==
        "GET " + server.url("/x") + ": body: more than 4999999 octets");
  auto r = c.open(server.url());
  REQUIRE(r);
  CHECK(r->body.length() == 5'000'000u);
  std::string got;
  std::size_t longest = 0;
  const auto taken = pull_each(r->body, [&](std::string_view piece) -> result<void> {
    got += piece;
    longest = std::max(longest, piece.size());
    return {};
  });
  CHECK(taken.value() == 5'000'000);
  CHECK((got == octets));
  CHECK(longest <= 1'000'000);
  SECTION("a sink that fails ends it") {
    auto again = c.open(server.url());
    const auto failed = pull_each(again.value().body, [](std::string_view) -> result<void> {
      return error(error_kind::io, "full");
    });
    CHECK(failed.error().message() == "full");
  }
}

TEMPLATE_TEST_CASE("a call ends at its deadline", "[client][timeout][threads]",
                   client, looped_client) {
  std::atomic<bool> over{false};
  scripted_server server([&](net::socket& s, int) {
    read_request(s);
    static_cast<void>(s.send_all("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab"));
    read_request(s);  // until the client gives up
    over = true;
  });
  TestType c;
  const auto r = c.call(server.url("/x"), {.total_timeout = std::chrono::milliseconds(50)});
  CHECK(message_of(r) ==
        "GET " + server.url("/x") + ": timed out after 50 ms, after 2 of 5 octets");
  CHECK(r.error().kind() == error_kind::timeout);
}

TEST_CASE("a server that takes no connection is given up at the time to connect", "[client][timeout][threads]") {
  const net_test::full_listener full;
  const std::string at = full.listener.local_address().to_string();
  client c({.connect_timeout = std::chrono::milliseconds(50)});
  const auto r = c.call("http://" + at + "/x");
  CHECK(message_of(r).find("connect " + at + ": ") == 0);
  CHECK(r.error().kind() == error_kind::timeout);
}

TEST_CASE("another thread ends a call", "[client][threads]") {
  net::interrupter stop;
  scripted_server server([&](net::socket& s, int) {
    read_request(s);
    stop.cancel();
    read_request(s);
  });
  client_options with;
  with.stop = &stop;
  client c(with);
  const auto r = c.get(server.url("/x"));
  CHECK(r.error().kind() == error_kind::cancelled);
  CHECK(message_of(r) == "GET " + server.url("/x") + ": told to stop before any answer");
}

TEMPLATE_TEST_CASE("a 417 is answered by asking without Expect", "[client][threads][rfc9110-10.1.1]",
                   client, looped_client) {
  std::vector<std::string> asked;
  scripted_server server([&](net::socket& s, int number) {
    std::string head;
    char piece[4096];
    while (head.find("\r\n\r\n") == head.npos) {
      const auto count = s.receive(piece);
      if (!count || *count == 0) return;
      head.append(piece, *count);
    }
    asked.push_back(head.substr(0, head.find("\r\n\r\n")));
    static_cast<void>(s.send_all(
        number == 0
            ? "HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            : ok));
  });
  TestType c({.expect_continue_from = 3});
  CHECK(message_of(c.post(server.url(), "hello", "text/plain")) == "answer 200");
  REQUIRE(asked.size() == 2);
  CHECK(asked[0].find("Expect: 100-continue") != std::string::npos);
  CHECK(asked[1].find("Expect") == std::string::npos);
}

TEST_CASE("a 417 to what expected nothing is the answer", "[client][threads][rfc9110-10.1.1]") {
  scripted_server server(say_in_turn(
      {"HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", ok}));
  client c;
  CHECK(message_of(c.post(server.url(), "hello", "text/plain")) == "answer 417");
}

TEST_CASE("waits without end are no short ones", "[client][threads][timeout]") {
  constexpr auto endless = std::chrono::milliseconds::max();
  scripted_server server(say_in_turn({ok, ok}));
  client c({.connect_timeout = endless,
            .first_octet_timeout = endless,
            .idle_timeout = endless,
            .least_rate = 1,
            .least_rate_window = endless,
            .total_timeout = endless,
            .keep_for = endless,
            .stagger = endless});
  CHECK(message_of(c.get(server.url())) == "answer 200");
  CHECK(message_of(c.post(server.url(), "x", "text/plain")) == "answer 200");
}

TEST_CASE("one client serves many threads", "[client][threads]") {
  scripted_server server(say_in_turn({ok, ok, ok}));
  client c;
  std::atomic<int> good{0};
  std::mutex guard;
  std::string complaints;
  std::vector<std::thread> threads;
  for (int t = 0; t < 16; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 5; ++i) {
        auto r = t % 4 != 0   ? c.get(server.url())
                 : i % 2 == 0 ? c.call(server.url(), {.method = method::put, .body = "x"})
                              : c.open(server.url());
        if (r && pull_all(r->body, 10).value() == "hi") {
          ++good;
        } else {
          const std::lock_guard lock(guard);
          complaints += message_of(r) + "; ";
        }
      }
    });
  for (auto& t : threads) t.join();
  CHECK(complaints == "");
  CHECK(good == 80);
}

TEST_CASE("a GET over a kept connection asks for no memory but its answer's", "[client][allocations][threads]") {
  if (!allocations_are_counted()) return;
  scripted_server server(say_in_turn(std::vector<std::string>(20, ok)));
  const client c({.hosts = {{.host = "a-host-with-a-long-name.test", .to = {"127.0.0.1"}}}});
  const bool is_short = GENERATE(true, false);
  std::string url = server.url(is_short ? "/short" : "/as/long/as/paths/usually/are");
  if (GENERATE(true, false)) url.replace(url.find("127.0.0.1"), 9, "a-host-with-a-long-name.test");
  for (int i = 0; i < 10; ++i) REQUIRE(c.get(url).value().status == 200);
  const std::size_t before = allocations();
  bool good = true;
  for (int i = 0; i < 10; ++i) good = c.get(url).value().status == 200 && good;
  const std::size_t after = allocations();
  CHECK(good);
  CHECK(after == before);
}

TEST_CASE("a call that memory ran out for leads none after it to another server", "[client][limit][threads]") {
  if (!allocations_are_counted()) return;
  const server one([](const request&) { return text("one"); }, {.port = 0});
  const server other([](const request&) { return text("other"); }, {.port = 0});
  const std::string host = "a.name.longer.than.a.string.keeps.in.its.place.example";
  std::size_t failures = 0;
  for (long nth = 0;; ++nth) {
    client asks({.hosts = {{.host = host, .port = 80, .to = {"127.0.0.1"}, .to_port = one.port()},
                           {.host = host, .port = 8080, .to = {"127.0.0.1"}, .to_port = other.port()}}});
    auto first = asks.get("http://" + host + "/");  // whose connection is kept
    REQUIRE(message_of(first) == "answer 200");
    const std::string elsewhere = "http://" + host + ":8080/";
    fail_allocation_after(nth);
    try {
      static_cast<void>(asks.get(elsewhere));
    } catch (const std::bad_alloc&) {
      ++failures;
    }
    const bool ran_out = allocation_has_failed();
    fail_allocation_after(-1);
    auto again = asks.get(elsewhere);
    REQUIRE(message_of(again) == "answer 200");
    REQUIRE(again->body.text() == "other");
    if (!ran_out) break;
  }
  CHECK(failures > 0);
}

TEST_CASE("of a short request that the system takes in part the rest follows", "[client][send][threads]") {
  class first_send : public net::fault_injector {
   public:
    first_send() { net::os::injector.store(this); }
    ~first_send() override { net::os::injector.store(nullptr); }
    void cut_at(std::size_t octets) { at_ = octets; }
    net::fault before(net::system_call which, int) noexcept override {
      if (which != net::system_call::send || std::this_thread::get_id() != mine_) return {};
      const std::size_t at = std::exchange(at_, std::string::npos);
      return at == 0 ? net::fault{.error = EAGAIN} : net::fault{.at_most = at};
    }

   private:
    const std::thread::id mine_ = std::this_thread::get_id();
    std::size_t at_ = std::string::npos;
  } faults;
  scripted_server server([](net::socket& s, int) {
    for (std::string asked = read_request(s); !asked.empty(); asked = read_request(s))
      if (!s.send_all("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(asked.size()) + "\r\n\r\n" + asked)) return;
  });
  const client c;
  const bool has_content = GENERATE(true, false);
  const auto ask = [&] { return has_content ? c.post(server.url(), "hello", "text/plain") : c.get(server.url()); };
  const auto asked = ask();
  const std::string all(asked.value().body.text());
  REQUIRE(all.ends_with(has_content ? "hello" : "\r\n\r\n"));
  for (std::size_t cut = 0; cut < all.size(); ++cut) {
    faults.cut_at(cut);
    const auto again = ask();
    CHECK(again.value().body.text() == all);
  }
  CHECK(server.connections() == 1);
}

TEST_CASE("a body outlives its client", "[client][threads]") {
  scripted_server server(
      say_in_turn({"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                   "2\r\nhi\r\n0\r\n\r\n"}));
  result<response> r = error(error_kind::io, "");
  {
    client c;
    r = c.open(server.url());
  }
  CHECK(pull_all(r.value().body, 10).value() == "hi");
}
