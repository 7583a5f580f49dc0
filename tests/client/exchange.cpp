// tests/client/exchange.cpp -- tests client/exchange.hpp, connection.hpp and sending.hpp
#include "../wire/cases.hpp"
#include "../wire/transcript.hpp"
#include "catch.hpp"
#include "support.hpp"

#include <tinyhttp/http/url.hpp>
#include <tinyhttp/net/blocking_stream.hpp>
#include <tinyhttp/net/connector.hpp>

#include <string>
#include <string_view>
#include <vector>

using namespace client_test;

namespace {

const std::size_t whole = std::string::npos;

std::string trailer_lines(const response& r) {
  return r.body.trailers() != nullptr ? wire::field_lines(*r.body.trailers()) : std::string();
}

}  // namespace

TEST_CASE("the client makes of every response in the wire table what the table says",
          "[client][exchange][wire]") {
  const std::size_t fragment = GENERATE(as<std::size_t>(), std::string::npos, 1, 3);
  for (const wire::response_case& c : wire::responses()) {
    INFO(c.says << ": " << wire::visible(c.octets) << ", fragments of " << fragment);
    request r;
    r.method = method(c.asked);
    if (!r.target.assign(r.method == method::connect ? "h:1" : "/x", r.method)) FAIL("target");

    memory_peer peer({.fragment = fragment});
    const bool ends = c.at == wire::fault::close || c.until_close;
    peer.say(c.octets, ends);
    const auto answer = peer.ask(std::move(r));
    if (c.at != wire::fault::none) {
      REQUIRE(!answer);
      CHECK(!peer.idle);
      continue;
    }
    if (!answer) FAIL(answer.error().message());
    CHECK(answer->status == c.status);
    CHECK(wire::field_lines(answer->fields) == c.fields);
    CHECK(answer->body.text() == c.body);
    CHECK(trailer_lines(*answer) == c.trailers);
    CHECK((peer.idle != nullptr) == c.keep_alive);
  }
}

TEST_CASE("octets behind a response are never taken for the next one", "[client][exchange]") {
  const std::size_t fragment = GENERATE(as<std::size_t>(), std::string::npos, 1);
  for (const wire::response_case& c : wire::responses()) {
    if (c.at != wire::fault::none || c.until_close || c.asked != "GET" || c.status == 101) continue;
    INFO(c.says << ": " << wire::visible(c.octets));
    memory_peer peer({.fragment = fragment});
    peer.say(c.octets + "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nevil!");
    const auto answer = peer.ask();
    if (!answer) FAIL(answer.error().message());
    CHECK(answer->body.text() == c.body);
    // Where the rest had not arrived yet, the pool's look at an idle connection finds it.
    if (fragment == whole) CHECK(!peer.idle);
  }
}

TEST_CASE("a response that is cut off anywhere is an error", "[client][exchange][closed]") {
  const std::string answer =
      GENERATE(as<std::string>(), "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
               "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
               "HTTP/1.1 200 OK\r\nTransfer-Encoding: "
               "chunked\r\n\r\n2;x=y\r\nhe\r\n3\r\nllo\r\n0\r\nA: b\r\n\r\n",
               "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: "
               "5\r\n\r\nhello");
  const std::size_t fragment = GENERATE(as<std::size_t>(), std::string::npos, 1);
  for (std::size_t cut = 0; cut < answer.size(); ++cut) {
    CAPTURE(cut);
    memory_peer peer({.fragment = fragment});
    peer.say(answer.substr(0, cut), true);
    const auto got = peer.ask();
    REQUIRE(!got);
    CHECK(got.error().kind() == error_kind::closed);
    CHECK(!peer.idle);
  }
  memory_peer peer({.fragment = fragment});
  peer.say(answer, true);
  CHECK(peer.ask().value().body.text() == "hello");
}

TEST_CASE("the error line says what was asked, what happened and how much had come",
          "[client][exchange][closed]") {
  struct row {
    const char* octets;
    bool ends;
    error_kind kind;
    const char* line;
  };
  const std::string longest(40'000, 'a');
  const row rows[] = {
      {"", true, error_kind::closed, "GET http://h:1/x: connection closed before any answer"},
      {"HTTP/1.1 2", true, error_kind::closed,
       "GET http://h:1/x: connection closed in the middle of the response head"},
      {"HTTP/1.1 200 OK\r\nContent-Length: 3145728\r\n\r\n12345", true, error_kind::closed,
       "GET http://h:1/x: connection closed after 5 of 3145728 octets"},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n123", true, error_kind::closed,
       "GET http://h:1/x: connection closed after 3 octets"},
      {"SSH-2.0-OpenSSH_9.2\r\n", false, error_kind::protocol,
       "GET http://h:1/x: bad answer: no HTTP version in the start line"},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12345X", false,
       error_kind::protocol,
       "GET http://h:1/x: bad answer: chunk data not closed by CRLF, after 5 octets"},
      {"HTTP/1.1 101 Switching Protocols\r\n\r\n", false, error_kind::protocol,
       "GET http://h:1/x: bad answer: 101 without having asked for another protocol"},
  };
  for (const row& r : rows) {
    INFO(wire::visible(r.octets));
    memory_peer peer;
    peer.say(r.octets, r.ends);
    const auto got = peer.ask();
    REQUIRE(!got);
    CHECK(got.error().kind() == r.kind);
    CHECK(got.error().message() == r.line);
  }
}

TEST_CASE("whoever works on what a loop reads for it gives way behind each long step", "[client][exchange]") {
  memory_peer peer;
  const std::size_t size = 1024 * 1024;
  peer.say("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n" + std::string(size, 'x'));
  std::size_t seen = 0;
  int steps = 0;
  const auto decode = [&]() -> task<void> {
    auto r = request::get("/x");
    auto asking = exchanged(peer.connection, r);
    result<response> answer = co_await asking;
    for (;;) {
      const auto piece = co_await answer.value().body.next();
      if (piece.value().empty()) co_return;
      seen += piece->size();
      ++steps;
      peer.time.advance(std::chrono::milliseconds(1));
    }
  };
  auto decoding = decode();
  decoding.start();
  CHECK(steps <= 2);  // what came with the head needs no read
  for (int turn = 0; turn < 1000 && !decoding.done(); ++turn) {
    const int before = steps;
    peer.on.run_once(duration::zero());
    CHECK(steps - before <= 1);
  }
  CHECK(seen == size);
  CHECK(steps > 4);
}

TEST_CASE("a connection that idles has no deadline left of its exchange", "[client][exchange][timeout]") {
  memory_peer peer;
  peer.say("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  REQUIRE(peer.ask(request::get("/x"), {.deadline = peer.time.now() + std::chrono::seconds(1)}));
  REQUIRE(peer.idle);
  peer.time.advance(std::chrono::seconds(60));
  peer.on.run_once(duration::zero());
  auto waiting = peer.idle->stream.readable();
  CHECK_FALSE(waiting.await_ready());  // for octets, not for a time that has passed
}

TEST_CASE("what a server may make us hold is bounded", "[client][exchange][limit]") {
  std::string octets;
  error_kind kind = error_kind::limit;
  SECTION("its head") {
    kind = error_kind::protocol;
    octets = "HTTP/1.1 200 OK\r\nA: " + std::string(40'000, 'a') + "\r\n\r\n";
  }
  SECTION("its informational responses") {
    for (int i = 0; i < 100; ++i) octets += "HTTP/1.1 103 Early Hints\r\n\r\n";
  }
  SECTION("its body, when read whole") {
    octets = "HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n" + std::string(1001, 'x');
  }
  SECTION("its body, when read whole and of unknown length") {
    octets = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n" +
             std::string(1001, 'x') + "\r\n0\r\n\r\n";
  }
  memory_peer peer;
  peer.say(octets);
  const auto got = peer.ask(request::get("/x"), {.body_limit = 1000});
  REQUIRE(!got);
  CAPTURE(got.error().message());
  CHECK(got.error().kind() == kind);
  CHECK(!peer.idle);
}

TEST_CASE("a silent server is given up at the deadline that fits", "[client][exchange][timeout]") {
  using std::chrono::seconds;
  struct row {
    const char* octets;
    const char* line;
  };
  const row rows[] = {
      {"", "GET http://h:1/x: silent for 7 s, before any answer"},
      {"HTTP/1.1 200 OK\r\n",
       "GET http://h:1/x: response head incomplete after 3 s"},
      {"HTTP/1.1 103 Early Hints\r\n\r\n",
       "GET http://h:1/x: silent for 3 s, in the middle of the response head"},
      {"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
       "GET http://h:1/x: silent for 3 s, after 3 of 10 octets"},
  };
  for (const row& r : rows) {
    memory_peer peer;
    peer.say(r.octets);
    const auto got = peer.ask(request::get("/x"),
                              {.first_octet_timeout = seconds(7), .idle_timeout = seconds(3)});
    REQUIRE(!got);
    CHECK(got.error().kind() == error_kind::timeout);
    CHECK(got.error().message() == r.line);
  }
  SECTION("the deadline of the whole call counts before the others") {
    memory_peer peer;
    peer.say("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
    exchange_options with;
    with.deadline = peer.time.now() + seconds(1);
    with.total_timeout = seconds(1);
    const auto got = peer.ask(request::get("/x"), with);
    REQUIRE(!got);
    CHECK(got.error().message() == "GET http://h:1/x: timed out after 1 s, after 3 of 10 octets");
  }
}

TEST_CASE("a response head that drips has its deadline all the same", "[client][exchange][timeout]") {
  using std::chrono::seconds;
  memory_peer p;
  request r = request::get("/x");
  const time_point begin = p.time.now();
  auto answer = exchanged(p.connection, r, {.first_octet_timeout = seconds(7), .idle_timeout = seconds(3)});
  answer.start();
  const auto say_at = [&](seconds since, std::string_view octets) {
    if (answer.done()) return;
    p.on.run_until_done(p.on.wait_until(begin + since));
    if (!answer.done()) p.say(octets);
    p.on.run_once(duration::zero());
  };
  SECTION("each head has its time, from its first octet") {
    say_at(seconds(6), "HTTP/1.1 103 Early Hints\r\n");
    say_at(seconds(8), "\r\n");
    say_at(seconds(10), "HTTP/1.1 200");
    say_at(seconds(12), " OK\r\nContent-Length: 0\r\n\r\n");
    REQUIRE(answer.done());
    CHECK(answer.take().value().status == status::ok);
  }
  SECTION("the next octet gives no more of it") {
    for (int i = 0; i < 100; ++i) say_at(seconds(6 + i), "H");
    REQUIRE(answer.done());
    const result<response> got = answer.take();
    REQUIRE(!got);
    CHECK(got.error().kind() == error_kind::timeout);
    CHECK(got.error().message() == "GET http://h:1/x: response head incomplete after 3 s");
    CHECK(p.time.now() - begin == seconds(9));
  }
}

TEST_CASE("a request goes out exactly as it was meant", "[client][exchange][send]") {
  memory_peer peer;
  peer.say("HTTP/1.1 204 No Content\r\n\r\n");
  request r(method::post, "/form?a=b", {{"X-A", "1"}});
  std::string sent = "POST /form?a=b HTTP/1.1\r\nHost: h:1\r\nX-A: 1\r\n";
  SECTION("without content") { sent += "Content-Length: 0\r\n\r\n"; }
  SECTION("octets") {
    r.body = "hello";
    sent += "Content-Length: 5\r\n\r\nhello";
  }
  SECTION("more octets than are sent at a time") {
    const std::string octets = net_test::pattern(1'000'000);
    r.body = octets;
    sent += "Content-Length: 1000000\r\n\r\n" + octets;
  }
  SECTION("a stream of unknown length, with trailers") {
    int left = 3;
    r.body =
        stream_body([left]() mutable { return left-- > 0 ? std::string("abc") : std::string(); });
    sent += "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n3\r\nabc\r\n3\r\nabc\r\n0\r\n\r\n";
  }
  SECTION("a stream of known length") {
    int left = 2;
    r.body = stream_body(
        [left]() mutable { return left-- > 0 ? std::string("abc") : std::string(); }, 6);
    sent += "Content-Length: 6\r\n\r\nabcabc";
  }
  exchange_options with;
  with.expect_continue_from = 0;
  const auto got = peer.ask(std::move(r), with);
  if (!got) FAIL(got.error().message());
  CHECK(got->status == 204);
  CHECK(peer.server.unread() == sent);
  CHECK(peer.idle);
}

TEST_CASE("a connection that came back carries the next exchange", "[client][exchange]") {
  memory_peer peer;
  for (int i = 0; i < 3; ++i) {
    peer.say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n");
    CHECK(peer.ask().value().body.text() == "hi");
    REQUIRE(peer.idle);
  }
}

TEST_CASE("a body that does not keep its promise spoils the request, not the answer's truth",
          "[client][exchange][send]") {
  memory_peer peer;
  request r(method::put, "/x");
  const char* line = "";
  SECTION("too short") {
    r.body =
        stream_body([n = 1]() mutable { return n-- > 0 ? std::string("abc") : std::string(); }, 6);
    line = "PUT http://h:1/x: request body shorter than its length";
  }
  SECTION("too long") {
    r.body =
        stream_body([n = 3]() mutable { return n-- > 0 ? std::string("abc") : std::string(); }, 6);
    line = "PUT http://h:1/x: request body longer than its length";
  }
  SECTION("failing") {
    r.body = stream_body(
        []() -> result<std::string> { return error(error_kind::io, "tape broken"); }, 6);
    line = "PUT http://h:1/x: tape broken";
  }
  const auto got = peer.ask(std::move(r));
  REQUIRE(!got);
  CHECK(got.error().message() == line);
  CHECK(!peer.idle);
}

TEST_CASE("an early answer is taken, and ends the sending", "[client][exchange][send]") {
  memory_peer peer({}, {.capacity = 100'000});  // the server reads nothing
  peer.say("HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\nbig");
  const auto got =
      peer.ask(request::post("/x", std::string(1'000'000, 'x')), {.expect_continue_from = 0});
  if (!got) FAIL(got.error().message());
  CHECK(got->status == 413);
  CHECK(got->body.text() == "big");
  CHECK(!peer.idle);
}

TEST_CASE("a large body asks first", "[client][exchange][send][rfc9110-10.1.1]") {
  memory_peer peer;
  exchange_options with;
  with.expect_continue_from = 5;
  request r = request::post("/x", "hello");
  const std::string head =
      "POST /x HTTP/1.1\r\nHost: h:1\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n";
  SECTION("told to continue, it sends the body") {
    peer.say("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    CHECK(peer.ask(std::move(r), with).value().status == 200);
    CHECK(peer.server.unread() == head + "hello");
    CHECK(peer.idle);
  }
  SECTION("refused, it sends none, and the connection is not used again") {
    peer.say("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n");
    CHECK(peer.ask(std::move(r), with).value().status == 401);
    CHECK(peer.server.unread() == head);
    CHECK(!peer.idle);
  }
  SECTION("not told anything, it sends the body after a while") {
    const auto before = peer.time.now();
    const auto got = peer.ask(std::move(r), with);
    CHECK(!got);
    CHECK(peer.server.unread() == head + "hello");
    CHECK(peer.time.now() == before + with.expect_timeout + with.first_octet_timeout);
  }
  SECTION("other informational responses are no leave") {
    peer.say(
        "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 417 Expectation Failed\r\nContent-Length: "
        "0\r\n\r\n");
    CHECK(peer.ask(std::move(r), with).value().status == 417);
    CHECK(peer.server.unread() == head);
  }
}

TEST_CASE("informational responses are shown in order", "[client][exchange]") {
  memory_peer peer;
  peer.say(
      "HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
      "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX: y\r\n\r\n");
  std::string seen;
  informational_sink sink = [&](status s, const fields& f) {
    seen += ascii::to_decimal(static_cast<std::uint64_t>(s.code())) + " " + wire::field_lines(f);
  };
  const auto got = peer.ask(request::get("/x"), {.informational = &sink});
  CHECK(seen == "102 103 Link: </a>\n");
  CHECK(wire::field_lines(got.value().fields) == "Content-Length: 0\nX: y\n");
}

TEST_CASE("dropping a body before its end closes the connection", "[client][exchange]") {
  memory_peer peer;
  peer.say("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
  peer.connection->when_idle = [&](shared<memory_connection> c) {
    peer.idle = std::move(c);
  };
  {
    request r = request::get("/x");
    auto got = peer.on.run_until_done(exchanged(peer.connection, r));
    REQUIRE(got);
    CHECK(got->body.length() == 10u);
    CHECK(peer.on.run_until_done(got->body.next()).value() == "abc");
    peer.connection.reset();
    CHECK(!peer.server.peer_closed());
  }
  CHECK(peer.server.peer_closed());
  CHECK(!peer.idle);
}

TEST_CASE("an exchange that is destroyed while it waits leaves no trace", "[client][exchange]") {
  memory_peer peer({}, {.capacity = 1000});
  request r = request::post("/x", std::string(100'000, 'x'));
  {
    task<result<response>> asking = exchanged(peer.connection, r, {.expect_continue_from = 0});
    CHECK(!asking.try_start());
    peer.on.run_once(duration::zero());
  }
  peer.connection.reset();
  CHECK(peer.server.peer_closed());
}

TEST_CASE("the same exchange runs through in a thread", "[client][exchange][threads]") {
  const std::string octets = net_test::pattern(3'000'000);
  scripted_server server([&](net::socket& s, int) {
    const std::string asked = read_request(s);
    static_cast<void>(s.send_all("HTTP/1.1 200 OK\r\nContent-Length: 3000000\r\n\r\n"));
    if (asked.ends_with(octets)) static_cast<void>(s.send_all(octets));
  });
  const auto where = parse_url(server.url()).value();
  auto made = net::connect(where.host, where.port).value();
  auto over = share(new client_connection<net::blocking_stream>(
      where.host_field(), h1::limits{}, std::move(made.socket), made.peer));
  request r = request::post("/", octets);
  auto asking = exchanged(over, r, {.expect_continue_from = 0});
  REQUIRE(asking.try_start());
  auto answer = asking.take();
  if (!answer) FAIL(answer.error().message());
  auto reading = answer->body.read_all(octets.size());
  REQUIRE(reading.try_start());
  CHECK(reading.take().value() == octets);
}

TEST_CASE("a connection is used again only after the whole request", "[client][exchange][send][security]") {
  const std::string answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
  const auto asked = [] {
    request r = request::get("/x");
    r.method = method::put;
    r.body = stream_body([left = 1]() mutable { return std::string(left-- > 0 ? "abc" : ""); });
    return r;
  };
  const exchange_options at_once{.expect_continue_from = 0};
  memory_peer roomy;
  roomy.say(answer);
  REQUIRE(roomy.ask(asked(), at_once));
  const std::size_t size = roomy.server.unread().size();
  REQUIRE(roomy.server.unread().substr(size - 5) == "0\r\n\r\n");
  for (std::size_t room = 1; room <= size; ++room) {  // what the server takes before it answers
    CAPTURE(room);
    memory_peer peer({}, {.capacity = room});
    peer.say(answer);
    const auto got = peer.ask(asked(), at_once);
    if (!got) FAIL(got.error().message());
    CHECK(got->status == 200);
    CHECK((peer.idle != nullptr) == (room == size));
  }
}

TEST_CASE("in a thread, too, an early answer ends the sending", "[client][exchange][threads]") {
  // The server answers and reads no more, but keeps the connection until we close it.
  scripted_server server([](net::socket& s, int) {
    char piece[1000];
    static_cast<void>(s.receive(piece));
    static_cast<void>(s.send_all("HTTP/1.1 103 Early Hints\r\n\r\n"));
    static_cast<void>(s.send_all("HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\nbig"));
    pollfd gone{s.native(), POLLRDHUP, 0};
    static_cast<void>(net::os::poll(&gone, 1, 60'000));
  });
  const auto where = parse_url(server.url()).value();
  auto made = net::connect(where.host, where.port).value();
  auto over = share(new client_connection<net::blocking_stream>(
      where.host_field(), h1::limits{}, std::move(made.socket), made.peer));
  request r = request::post("/", std::string(64'000'000, 'x'));
  auto asking = exchanged(over, r, {.expect_continue_from = 0});
  REQUIRE(asking.try_start());
  auto answer = asking.take();
  if (!answer) FAIL(answer.error().message());
  CHECK(answer->status == 413);
  answer = error(error_kind::cancelled, "");
  over.reset();
}
