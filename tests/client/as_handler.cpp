// tests/client/as_handler.cpp -- tests client/as_handler.hpp: peer, proxy and upstream in memory, time held
#include "../net/support.hpp"
#include "catch.hpp"

#include <tinyhttp/app/blocking.hpp>
#include <tinyhttp/app/router.hpp>
#include <tinyhttp/client/as_handler.hpp>
#include <tinyhttp/client/async.hpp>
#include <tinyhttp/client/client.hpp>
#include <tinyhttp/server/serve.hpp>
#include <tinyhttp/server/server.hpp>
#include <tinyhttp/testing/memory_stream.hpp>

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

using namespace tinyhttp;
using testing::memory_stream;

namespace {

/// A server in memory: each of its lines is served until it ends.
class memory_server {
 public:
  memory_server(net::loop& on, any_handler app, server_options with = {})
      : on_(on), app_(std::move(app)), options_(std::move(with)), services_(options_, on), host_(app_, services_) {
    services_.post = [&on](function<void()> work) { on.post(std::move(work)); };
  }
  void join(memory_stream& theirs, testing::delivery to_server = {}) {
    lines_.push_back(std::make_unique<line>(*this, to_server));
    memory_stream::connect(theirs, lines_.back()->stream);
    lines_.back()->running = serve(*lines_.back());
    static_cast<void>(lines_.back()->running.try_start());
  }
  [[nodiscard]] std::size_t lines() const { return lines_.size(); }

 private:
  struct line {
    line(memory_server& of, testing::delivery incoming)
        : stream(of.on_, incoming), serving(stream, of.host_) {}
    memory_stream stream;
    served_connection<memory_stream> serving;
    task<void> running;
  };
  static task<void> serve(line& l) {
    auto serving = l.serving.run();
    co_await serving;
    l.stream.close();
  }
  net::loop& on_;
  any_handler app_;
  server_options options_;
  server_services services_;
  connection_host<memory_stream> host_;
  std::vector<std::unique_ptr<line>> lines_;
};

/// The upstream of a test, which runs one at a time.
struct upstream_of_test {
  memory_server* server = nullptr;  // null: nobody listens
  testing::delivery to_client = {};
  std::string_view says = {};  // not empty: there is no server, but somebody who says this to all
  std::vector<std::unique_ptr<memory_stream>> talkers = {};
};
upstream_of_test upstream;

struct memory_transport {
  using stream = memory_stream;
  using connection = shared<client_connection<memory_stream>>;
  explicit memory_transport(net::loop& to) : on(&to) {}
  time_point now() const { return on->now(); }
  task<result<connection>> connect(const url& to, const client_options& with, time_point) const {
    if (upstream.server == nullptr) co_return error(error_kind::connect, "connect up: secret detail");
    auto made = share(new client_connection<memory_stream>(to.host_field(), with.limits, *on,
                                                                   upstream.to_client));
    if (upstream.says.empty()) {
      upstream.server->join(made->stream);
      co_return made;
    }
    upstream.talkers.push_back(std::make_unique<memory_stream>(*on));
    memory_stream::connect(made->stream, *upstream.talkers.back());
    const std::string_view pieces[] = {upstream.says};
    auto writing = upstream.talkers.back()->write(pieces);
    static_cast<void>(co_await writing);
    co_return made;
  }
  net::loop* on;
};
using memory_client = basic_async_client<memory_transport>;

/// A peer that talks to a proxy whose upstream answers with a handler.
struct chain {
  template <class App>
  explicit chain(App app, forward_options how = {}, testing::delivery to_peer = {},
                 testing::delivery to_proxy_from_up = {})
      : up(on, any_handler(std::move(app))),
        front(on, any_handler(as_handler(memory_client(), "http://up", std::move(how)))),
        peer(on, to_peer) {
    upstream = upstream_of_test{&up, to_proxy_from_up};
    front.join(peer);
  }
  ~chain() { upstream = {}; }

  void say(std::string_view octets) { on.run_until_done(write(octets)).value(); }
  task<result<void>> write(std::string_view octets) {
    const std::string_view pieces[] = {octets};
    const result<void> written = co_await peer.write(pieces);
    co_return written;
  }
  /// All that comes until nothing more does, without time passing.
  std::string hear() {
    std::string all;
    for (int quiet = 0; quiet < 20; ++quiet) {
      on.run_once(duration::zero());
      if (peer.unread().empty()) continue;
      quiet = 0;
      all += read(peer.unread().size());
    }
    return all;
  }
  std::string read(std::size_t size) {
    std::string piece(size, '\0');
    piece.resize(on.run_until_done(read_into(piece)).value());
    return piece;
  }
  task<result<std::size_t>> read_into(std::span<char> room) {
    const result<std::size_t> count = co_await peer.read(room);
    co_return count;
  }

  net_test::held_time time;
  net::loop on{net::loop_options{.time = &time}};
  memory_server up;
  memory_server front;
  memory_stream peer;
};

std::string without_date(std::string text) {
  for (std::size_t at; (at = text.find("Date: ")) != text.npos;) text.erase(at, text.find("\r\n", at) + 2 - at);
  return text;
}

}  // namespace

TEST_CASE("a message goes through whole, with its trailers", "[client][proxy]") {
  std::string seen;
  chain c([&](request& r) -> task<response> {
    seen = std::string(r.method.name()) + " " + std::string(r.target.text()) + " " +
           std::string(r.host()) + " " + std::string(r.fields["X-Own"]) + " " + std::string(r.fields["Via"]);
    const std::uint64_t limit = 100;
    auto reading = r.body.read_all(limit);
    const auto all = co_await reading;
    if (!all) co_return body_problem(all.error());
    response made(status::created, {{"X-Answer", "1"}, {"Keep-Alive", "x"}});
    std::string octets = std::string(*all) + "/" +
                         (r.body.trailers() != nullptr ? std::string((*r.body.trailers())["X-T"]) : "none");
    made.body = stream_body([octets]() mutable { return std::exchange(octets, std::string()); });
    co_return made;
  });
  c.say("POST /a%20b?c HTTP/1.1\r\nHost: h\r\nX-Own: 1\r\nTransfer-Encoding: chunked\r\n\r\n"
        "3\r\nabc\r\n2\r\nde\r\n0\r\nX-T: t\r\n\r\n");
  CHECK(without_date(c.hear()) ==
        "HTTP/1.1 201 Created\r\nX-Answer: 1\r\nTransfer-Encoding: chunked\r\n\r\n7\r\nabcde/t\r\n0\r\n\r\n");
  CHECK(seen == "POST /a%20b?c up 1 1.1 tinyhttp");
  SECTION("and the connections on both sides are used again") {
    c.say("GET /x HTTP/1.1\r\nHost: h\r\n\r\n");
    CHECK(c.hear().find("\r\n\r\n5\r\n/none\r\n0\r\n\r\n") != std::string::npos);
    CHECK(seen == "GET /x up  1.1 tinyhttp");
    CHECK(c.up.lines() == 1);
  }
}

TEST_CASE("a request goes on before its body comes, and without an Expect of ours", "[client][proxy]") {
  std::string seen;
  chain c([&seen](request& r) -> task<response> {
    seen = std::string(r.method.name()) + " " + std::string(r.fields["Expect"]);
    const std::uint64_t most = 10;
    auto reading = r.body.read_all(most);
    const auto all = co_await reading;
    co_return text(all ? std::string(*all) : "none");
  });
  c.say("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
  CHECK(c.hear().empty());
  CHECK(seen == "POST ");
  c.say("3\r\nabc\r\n0\r\n\r\n");
  CHECK(c.hear().ends_with("\r\n\r\nabc"));
}

TEST_CASE("an answer to HEAD has the length that upstream told, or none", "[client][proxy][rfc9110-8.6]") {
  chain c([](const request& r) {
    if (r.target.text() == "/known") return text("hello");
    return text(stream_body([] { return std::string(); }));
  });
  c.say("HEAD /known HTTP/1.1\r\nHost: h\r\n\r\n");
  CHECK(c.hear().find("Content-Length: 5\r\n") != std::string::npos);
  c.say("HEAD /unknown HTTP/1.1\r\nHost: h\r\n\r\n");
  const std::string heard = c.hear();
  CHECK(heard.starts_with("HTTP/1.1 200 OK\r\n"));
  CHECK(heard.find("Content-Length") == std::string::npos);
  CHECK(heard.ends_with("\r\n\r\n"));
}

TEST_CASE("what is no length goes on as none", "[client][proxy][rfc9110-8.6]") {
  chain c([](const request&) { return text("x"); });
  upstream.says = GENERATE("HTTP/1.1 200 OK\r\nContent-Length: abc\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\n",
                           "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n");
  c.say("HEAD / HTTP/1.1\r\nHost: h\r\n\r\n");
  const std::string heard = c.hear();
  CHECK(heard.starts_with("HTTP/1.1 200 OK\r\n"));
  CHECK(heard.find("Content-Length") == std::string::npos);
}

TEST_CASE("a handler in front of nothing that can be asked is not made", "[client][proxy]") {
  CHECK_THROWS_AS(as_handler(client(), "http://"), bad_result);
  CHECK_THROWS_WITH(as_handler(async_client(), "https://a"), "forward to https://a: TLS is off (client_options::tls, tls.hpp)");
  CHECK_THROWS_WITH(as_handler(client(), "http://h/base?x=1"),
                    "forward to http://h/base?x=1: a URL with a query or a user");
  CHECK_THROWS_WITH(as_handler(client(), "http://h", {.strip_prefix = "api"}), "forward to http://h: strip_prefix does not begin with /");
  CHECK_THROWS_WITH(as_handler(client(), "http://me:secret@h/"), "forward to http://h/: a URL with a query or a user");
}

TEST_CASE("a peer that does not read stops the upstream", "[client][proxy]") {
  constexpr int pieces = 400;
  int pulled = 0;
  chain c(
      [&](const request&) {
        return text(stream_body([&] { return ++pulled <= pieces ? std::string(10'000, 'x') : std::string(); }));
      },
      {}, {.capacity = 50'000}, {.capacity = 50'000});
  c.say("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  for (int i = 0; i < 200; ++i) c.on.run_once(duration::zero());
  CHECK(pulled > 0);
  CHECK(pulled < 100);  // both buffers, and what is in hand
  const int before = pulled;
  CHECK(c.hear().size() > pieces * 10'000u);
  CHECK(pulled == pieces + 1);
  CHECK(before < pulled);
}

TEST_CASE("an answer that is cut off upstream is cut off for the peer", "[client][proxy]") {
  std::string logged;
  chain c([](const request&) {
    int left = 2;
    return text(stream_body([left]() mutable -> result<std::string> {
      if (left-- == 0) return error(error_kind::io, "tape broken");
      return std::string("abc");
    }));
  });
  c.say("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  const std::string heard = c.hear();
  CHECK(heard.find("HTTP/1.1 200 OK\r\n") == 0);
  CHECK(heard.find("\r\n0\r\n") == std::string::npos);
  CHECK(c.peer.peer_closed());
}

TEST_CASE("a peer learns that there is no answer, and the log why", "[client][proxy][security]") {
  std::string logged;
  forward_options how;
  how.log = [&](std::string_view line) { logged += line; };
  const auto answered = [](std::string_view octets) {
    return std::string(octets.substr(0, octets.find("\r\n"))) + " / " + std::string(octets.substr(octets.find("\r\n\r\n") + 4));
  };
  SECTION("nobody listens") {
    chain c([](const request&) { return text("x"); }, std::move(how));
    upstream.server = nullptr;
    c.say("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    CHECK(answered(c.hear()) == "HTTP/1.1 502 Bad Gateway / 502 Bad Gateway\n");
    CHECK(logged == "connect up: secret detail");
  }
  SECTION("silence") {
    chain c([](request& r) -> task<response> {
      const auto far = r.context->clock().now() + std::chrono::hours(1);
      auto waiting = r.context->clock().wait_until(far);
      co_await waiting;
      co_return text("late");
    }, std::move(how));
    const auto before = c.time.now();
    c.say("GET /x HTTP/1.1\r\nHost: h\r\n\r\n");
    while (c.peer.unread().empty()) c.on.run_once();
    CHECK(answered(c.hear()) == "HTTP/1.1 504 Gateway Timeout / 504 Gateway Timeout\n");
    CHECK(c.time.now() - before == std::chrono::seconds(30));
    CHECK(logged == "GET http://up/x: silent for 30 s, before any answer");
  }
}

TEST_CASE("an upload is invited only once the upstream wants it", "[client][proxy][rfc9110-10.1.1]") {
  const std::string_view head = "PUT /x HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n";
  SECTION("wanted") {
    chain c([](const request& r) { return text(r.body.text()); });
    c.say(head);
    CHECK(c.hear() == "HTTP/1.1 100 Continue\r\n\r\n");
    c.say("abc");
    CHECK(c.hear().find("\r\n\r\nabc") != std::string::npos);
  }
  SECTION("refused") {
    chain c([](request&) -> task<response> { co_return problem(status::unauthorized); });
    c.say(head);
    CHECK(c.hear().find("HTTP/1.1 401 Unauthorized\r\n") == 0);
  }
}

TEST_CASE("a target goes on octet for octet", "[client][proxy][security][rfc9110-7.7]") {
  int asked = 0;
  chain c([&](const request& r) {
    ++asked;
    return text(std::string(r.method.name()).append(" ").append(r.target.text()).append(" ").append(r.host()));
  });
  const auto upstream_sees = [&](std::string line) {
    c.say(line + " HTTP/1.1\r\nHost: h\r\n\r\n");
    const std::string heard = c.hear();
    return heard.substr(heard.find("\r\n\r\n") + 4);
  };
  for (const char* line : {"OPTIONS *", "OPTIONS /", "GET /", "GET /?", "GET //", "GET //up/x", "GET /?a=b?c", "GET /%2f/./a%2Fb",
                           "GET /\"<>\\^`{|}?\"<>\\^`{|}", "GET /%zz%?%", "GET /a;b=..?../.."})
    CHECK(upstream_sees(line) == std::string(line) + " up");
  CHECK(upstream_sees("GET http://other/a|b?") == "GET /a|b? up");
  CHECK(upstream_sees("GET http://other?a|b") == "GET /?a|b up");
  CHECK(upstream_sees("OPTIONS http://other") == "OPTIONS / up");
  CHECK(asked == 14);
  for (const char* line : {"GET /a/..", "GET /../b", "GET /a/%2e%2E/b", "GET /a/..%2fb", "GET /..\\b", "GET /%/..;x/b",
                           "GET http://other/../b"})
    CHECK(upstream_sees(line) == "404 Not Found\n");
  for (const char* line : {"GET *", "GET /a b", "GET /a#b", "GET x", "GET ", "OPTIONS **"}) {  // ends its connection
    chain another([&](const request&) { return ++asked, text("x"); });
    another.say(std::string(line) + " HTTP/1.1\r\nHost: h\r\n\r\n");
    CHECK(another.hear().find("HTTP/1.1 400 ") == 0);
  }
  CHECK(asked == 14);
}

TEST_CASE("requests about the way, not its end, are answered here", "[client][proxy]") {
  int asked = 0;
  chain c([&](const request&) {
    ++asked;
    return text("x");
  });
  const auto first_line = [&](std::string_view octets) {
    c.say(octets);
    const std::string heard = c.hear();
    return heard.substr(0, heard.find("\r\n"));
  };
  c.say("OPTIONS * HTTP/1.1\r\nHost: h\r\nMax-Forwards: 0\r\n\r\n");
  CHECK(without_date(c.hear()) == "HTTP/1.1 204 No Content\r\n\r\n");
  CHECK(first_line("OPTIONS /x HTTP/1.1\r\nHost: h\r\nMax-Forwards: 0\r\n\r\n") == "HTTP/1.1 204 No Content");
  CHECK(first_line("TRACE /x HTTP/1.1\r\nHost: h\r\nMax-Forwards: 0\r\n\r\n") == "HTTP/1.1 501 Not Implemented");
  CHECK(asked == 0);
  CHECK(first_line("OPTIONS /x HTTP/1.1\r\nHost: h\r\nMax-Forwards: 1\r\n\r\n") == "HTTP/1.1 200 OK");
  CHECK(asked == 1);
  CHECK(first_line("CONNECT h:1 HTTP/1.1\r\nHost: h:1\r\n\r\n") == "HTTP/1.1 501 Not Implemented");
}

TEST_CASE("a proxy without an upstream goes where the request says", "[client][proxy][threads]") {
  server up([](const request& r) { return text(std::string(r.host()) + " " + std::string(r.target.text())); },
            {.port = 0});
  server front(as_handler(async_client()), {.port = 0});
  const std::string there = up.url().substr(7, up.url().size() - 8);
  const client c({.proxies = {.http = *parse_proxy(front.url())}});
  CHECK(c.get(up.url() + "x?y").value().body.text() == there + " /x?y");
  CHECK(c.call(up.url(), {.target = "/../a|b%?"}).value().body.text() == there + " /../a|b%?");
  CHECK(c.call(up.url(), {.method = method::options, .target = "*"}).value().body.text() == there + " *");
  CHECK(client().call(front.url(), {.method = method::options, .target = "*"}).value().status == 204);
  CHECK(client().get(front.url() + "x").value().status == 400);
}

TEST_CASE("what leads elsewhere is the peer's to follow, whatever the client's options say", "[client][proxy][threads]") {
  server up([](const request& r) {
    response there(status::found);
    there.fields.set("Location", r.target.text());
    return there;
  }, {.port = 0});
  server front(as_handler(async_client({.max_redirects = 5}), up.url() + "base", {.strip_prefix = "/api"}), {.port = 0});
  const auto answer = client().call(front.url() + "api/x").value();
  CHECK(answer.status == 302);
  CHECK(answer.fields["Location"] == "/base/x");
  CHECK(client().call(front.url(), {.method = method::options, .target = "*"}).value().status == 204);  // of this server: it is none of base
}

TEST_CASE("fields of the connection upstream stay there", "[client][proxy][rfc9110-7.6.1]") {
  chain c([](const request&) { return text("x"); });
  upstream.says = "HTTP/1.1 200 OK\r\nConnection: X-Hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\nX-End: 2\r\nContent-Length: 2\r\n\r\nhi";
  c.say("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  CHECK(without_date(c.hear()) == "HTTP/1.1 200 OK\r\nX-End: 2\r\nContent-Length: 2\r\n\r\nhi");
}

TEST_CASE("a blocking client is a handler for blocking()", "[client][proxy][threads]") {
  server up([](const request& r) { return text(std::string(r.method.name()) + " " + std::string(r.body.text())); },
            {.port = 0});
  client_options with;
  with.body_limit = 20;
  router r;
  r.any("/{path...}", blocking(as_handler(client(with), up.url())));
  server front(std::move(r), {.port = 0});
  const client c;
  CHECK(c.get(front.url()).value().body.text() == "GET ");
  CHECK(c.post(front.url(), "hello", "text/plain").value().body.text() == "POST hello");
  CHECK(c.post(front.url(), std::string(30, 'x'), "text/plain").value().status == 502);  // our limit
  CHECK(c.call(front.url(), {.method = method::trace, .fields = {{"Max-Forwards", "0"}}}).value().status == 501);
}

TEST_CASE("handlers on every loop of a server use one client", "[client][proxy][async][threads]") {
  server up([](const request& r) { return text(r.target.text()); }, {.port = 0, .threads = 2});
  server front(as_handler(async_client(), up.url()), {.port = 0, .threads = 3});
  std::vector<std::thread> threads;
  std::atomic<int> good{0};
  for (int t = 0; t < 6; ++t)
    threads.emplace_back([&] {
      const client c;
      for (int i = 0; i < 10; ++i) {
        const auto r = c.get(front.url() + std::to_string(i));
        if (r && r->body.text() == "/" + std::to_string(i)) ++good;
      }
    });
  for (auto& each : threads) each.join();
  CHECK(good == 60);
}
