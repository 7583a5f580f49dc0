// Client core and server core, joined by memory: whole exchanges, and what breaks them.
#include <tinyhttp/h1/connection.hpp>

#include "catch.hpp"
#include "wire/transcript.hpp"

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

using namespace tinyhttp;
using kind = h1::wire_event::kind;
using h1::side;
using wire::ending;

namespace {

const h1::limits defaults;

/// Sends `message` with `content` by `c`, `content` in pieces of `piece`.
template <class Message>
std::string send_all(h1::connection& c, const Message& message, std::string_view content,
                     std::string_view extra, std::size_t piece, const fields* trailers = nullptr) {
  buffer out;
  const auto plan = c.send(out, message, extra);
  for (std::size_t at = 0; plan.sends_body && at < content.size(); at += piece) {
    const auto part = content.substr(at, piece);
    REQUIRE(c.begin_data(out, part.size()));
    out.append(part);
    out.append(c.behind_data());
  }
  REQUIRE(c.finish(out, trailers));
  return std::string(out.view());
}

/// Feeds `octets` in fragments and collects the body, until the message is complete.
template <class Message>
std::string receive_all(h1::connection& c, Message& into, std::string_view octets, std::size_t fragment) {
  std::string content;
  for (;;) {
    const auto event = c.next_event(into);
    if (event.what == kind::end) {
      CHECK(octets.empty());
      return content;
    }
    if (event.what == kind::data) content += event.data;
    else if (event.what == kind::failed) return std::string("failed: ") + c.failure().why;
    if (event.what != kind::need_more) continue;
    if (octets.empty()) return "incomplete";
    c.receive(octets.substr(0, fragment));
    octets.remove_prefix(std::min(fragment, octets.size()));
  }
}

body unknown_length() {
  return stream_body([] { return std::string(); });
}

std::string refused(std::string_view octets) {
  h1::connection server(side::server, defaults);
  request seen;
  server.receive(octets);
  while (server.next_event(seen).what != kind::failed) {}
  buffer out;
  const auto plan = server.send(out, problem(server.failure().status), {});
  CHECK_FALSE(plan.keep_alive);
  if (plan.sends_body) {
    CHECK(server.begin_data(out, 1));
    out.append("x");
  }
  return std::string(out.view());
}

}  // namespace

TEST_CASE("a client core and a server core understand each other", "[h1][connection]") {
  const std::string content(1000, 'x');
  for (const std::size_t fragment : {1UL, 7UL, 100'000UL}) {
    for (const std::size_t piece : {1UL, 300UL, 1000UL}) {
      for (const bool request_known : {true, false}) {
        for (const bool response_known : {true, false}) {
          h1::connection client(side::client, defaults), server(side::server, defaults);
          for (int exchange = 0; exchange < 3; ++exchange) {
            const fields trailers{{"X-End", "z"}};
            const request asked(method::put, "/a?b", {{"X", "y"}}, request_known ? body(content) : unknown_length());
            const auto there = send_all(client, asked, content, "h:1", piece, &trailers);
            request seen;
            CHECK(receive_all(server, seen, there, fragment) == content);
            CHECK(seen.method == method::put);
            CHECK(seen.target.text() == "/a?b");
            CHECK(seen.fields["Host"] == "h:1");
            CHECK(seen.fields["X"] == "y");
            CHECK((server.trailers() != nullptr) == !request_known);

            const response answer(201, {{"Y", "z"}}, response_known ? body(content) : unknown_length());
            const auto back = send_all(server, answer, content, "now", piece, &trailers);
            response got;
            CHECK(receive_all(client, got, back, fragment) == content);
            CHECK(got.status == status::created);
            CHECK(got.fields["Y"] == "z");
            CHECK(got.fields["Date"] == "now");
            CHECK(client.restart());
            CHECK(server.restart());
          }
        }
      }
    }
  }
}

TEST_CASE("any number of requests in one segment are read one by one", "[h1][connection][rfc9112-9.3.2]") {
  std::string octets, expected;
  for (int i = 0; i < 500; ++i) {
    const std::string number = std::to_string(i);
    octets += "POST /" + number + " HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(number.size()) +
              "\r\n\r\n" + number + (i % 3 == 0 ? "\r\n" : "");
    expected += wire::message_lines("POST /" + number + " HTTP/1.1",
                                    "Host: a\nContent-Length: " + std::to_string(number.size()) + "\n", number, "", true);
  }
  expected += "closed; unread [\r\n]\n";
  CHECK(wire::read_requests(octets + "\r\n", {}, ending::closed) == expected);
  for (const std::size_t every : {1UL, 3UL, 64UL, 1000UL}) {
    auto seen = wire::read_requests(octets, {.every = every}, ending::closed);
    expected.resize(expected.rfind("closed"));
    CHECK(seen.substr(0, expected.size()) == expected);
    expected += "closed; unread []\n";
  }
}

TEST_CASE("between messages there is nothing to ask for until octets come, or the peer closes", "[h1][connection]") {
  h1::connection c(side::server, defaults);
  request seen;
  CHECK_FALSE(c.may_have_event());
  CHECK(c.next_event(seen).what == kind::need_more);
  const std::string_view one = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx";
  c.receive(one);
  CHECK(c.may_have_event());
  for (const auto what : {kind::head, kind::data, kind::end}) CHECK(c.next_event(seen).what == what);
  buffer out;
  static_cast<void>(c.send(out, response(status::no_content), {}));
  REQUIRE(c.finish(out, nullptr));
  REQUIRE(c.restart());
  CHECK_FALSE(c.may_have_event());
  c.receive(one.substr(0, 1));
  CHECK(c.may_have_event());
  c.discard_unread();
  CHECK_FALSE(c.may_have_event());
  c.peer_closed();
  CHECK(c.may_have_event());
  CHECK(c.next_event(seen).what == kind::closed);
}

TEST_CASE("a peer that closes at any octet: complete messages count, a cut one is refused",
          "[h1][connection][rfc9112-8]") {
  const std::string first = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1;x\r\na\r\n0\r\nX: y\r\n\r\n";
  const std::string both = first + "\r\nGET /b HTTP/1.1\r\nHost: a\r\n\r\n";
  for (std::size_t size = 0; size <= both.size(); ++size) {
    const auto seen = wire::read_requests(std::string_view(both).substr(0, size), {}, ending::closed);
    const bool clean = size == 0 || size == both.size() || (size >= first.size() && size <= first.size() + 2);
    CAPTURE(size);
    CHECK((seen.find("closed; unread") != std::string::npos) == clean);
    CHECK((seen.find("refused 400") != std::string::npos) == !clean);
    CHECK((seen.find("POST / ") != std::string::npos && seen.find("may go on") != std::string::npos) == (size >= first.size()));
  }
  const std::string answer = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
  for (std::size_t size = 0; size < answer.size(); ++size)
    CHECK(wire::read_response(request(), std::string_view(answer).substr(0, size), {}, ending::closed)
              .find("refused 502") != std::string::npos);
}

TEST_CASE("behind Connection: close nothing is read", "[h1][connection][rfc9112-9.6][security]") {
  const std::string next = "GET /next HTTP/1.1\r\nHost: a\r\n\r\n";
  for (const std::string first : {"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "GET / HTTP/1.0\r\n\r\n"}) {
    h1::connection server(side::server, defaults);
    server.receive(first + next);
    request seen;
    CHECK(server.next_event(seen).what == kind::head);
    CHECK(server.next_event(seen).what == kind::end);
    CHECK(server.next_event(seen).what == kind::end);
    (void)send_all(server, response(204), "", {}, 1);
    CHECK_FALSE(server.restart());
    CHECK(server.next_event(seen).what == kind::end);
    CHECK(server.unread() == next);
  }
}

TEST_CASE("a server that closes says so, and reads nothing more", "[h1][connection][rfc9112-9.6]") {
  h1::connection server(side::server, defaults);
  server.receive("GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /next HTTP/1.1\r\nHost: a\r\n\r\n");
  request seen;
  CHECK(server.next_event(seen).what == kind::head);
  CHECK(server.next_event(seen).what == kind::end);
  const auto out = send_all(server, response(200, {{"Connection", "close"}}), "", {}, 1);
  CHECK(out == "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
  CHECK_FALSE(server.restart());
}

TEST_CASE("a refusal is answered, with the framing that fits", "[h1][connection]") {
  CHECK(refused("x\n") == "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 16\r\n"
                          "Connection: close\r\n\r\nx");
  // its head could be read, so it is known to be a HEAD: no content
  CHECK(refused("HEAD / HTTP/1.1\r\n\r\n").ends_with("\r\n\r\n"));
  // the one before was a HEAD, this one is nothing
  h1::connection server(side::server, defaults);
  server.receive("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n\x01");
  request seen;
  CHECK(server.next_event(seen).what == kind::head);
  CHECK(server.next_event(seen).what == kind::end);
  (void)send_all(server, response(204), "", {}, 1);
  REQUIRE(server.restart());
  CHECK(server.next_event(seen).what == kind::failed);
  buffer out;
  CHECK(server.send(out, problem(400), {}).sends_body);
}

TEST_CASE("interim responses go out before the final one, and only to HTTP/1.1",
          "[h1][connection][rfc9110-15.2]") {
  for (const std::string version : {"1.0", "1.1"}) {
    h1::connection server(side::server, defaults);
    request seen;
    buffer out;
    server.send_informational(out, 103, {});  // nobody has asked yet
    CHECK(out.empty());
    server.receive("GET / HTTP/" + version + "\r\nHost: a\r\n\r\n");
    CHECK(server.next_event(seen).what == kind::head);
    server.send_informational(out, 100, {});
    server.send_informational(out, 103, {{"Link", "</a>"}});
    server.send_informational(out, 200, {});  // no interim response
    server.send_informational(out, 101, {});
    CHECK(out.view() == (version == "1.0" ? "" : "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"));
    (void)server.send(out, response(204), {});
    const auto size = out.size();
    server.send_informational(out, 103, {});  // too late
    CHECK(out.size() == size);
  }
}

TEST_CASE("an interim status as the answer would leave the peer waiting: it goes out as 500",
          "[h1][connection][rfc9110-15.2][security]") {
  h1::connection server(side::server, defaults);
  request seen;
  server.receive("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(server.next_event(seen).what == kind::head);
  CHECK(server.next_event(seen).what == kind::end);
  const auto out = send_all(server, response(103, {{"Link", "</a>"}}, body("x")), "x", {}, 1);
  CHECK(out == "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n");
  CHECK(server.restart());
}

TEST_CASE("body octets go out only where there is a body", "[h1][connection][security]") {
  for (const std::string_view asked : {"HEAD", "GET"}) {
    h1::connection server(side::server, defaults);
    request seen;
    server.receive(std::string(asked) + " / HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK(server.next_event(seen).what == kind::head);
    buffer out;
    CHECK_FALSE(server.begin_data(out, 1));  // no head yet
    CHECK(out.empty());
    (void)server.send(out, asked == "GET" ? response(204, {}, body("x")) : response(200, {}, body("x")), {});
    const auto size = out.size();
    CHECK_FALSE(server.begin_data(out, 1));
    CHECK(server.finish(out, nullptr));
    CHECK_FALSE(server.begin_data(out, 1));
    CHECK(out.size() == size);
  }
}

TEST_CASE("a body that is there as a whole is ended with one word, if it is as long as was promised", "[h1][connection]") {
  h1::connection server(side::server, defaults);
  request seen;
  server.receive("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(server.next_event(seen).what == kind::head);
  CHECK(server.next_event(seen).what == kind::end);
  buffer out;
  CHECK_FALSE(server.finish_with(5));  // no head yet
  (void)server.send(out, response(200, {}, body("hello")), {});
  CHECK_FALSE(server.finish_with(4));
  CHECK_FALSE(server.restart());
  CHECK(server.finish_with(5));
  CHECK_FALSE(server.finish_with(5));
  CHECK(server.body_octets_sent() == 5);
  CHECK(server.restart());
}

TEST_CASE("a body that falls short ends the connection", "[h1][connection]") {
  h1::connection server(side::server, defaults);
  request seen;
  server.receive("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(server.next_event(seen).what == kind::head);
  CHECK(server.next_event(seen).what == kind::end);
  buffer out;
  (void)server.send(out, response(200, {}, body("hello")), {});
  CHECK(server.begin_data(out, 2));
  CHECK_FALSE(server.finish(out, nullptr));
  CHECK_FALSE(server.restart());
  CHECK_FALSE(server.reusable());
}

TEST_CASE("a client that said close asks nothing more, and neither does one whose answer ends with the connection",
          "[h1][connection][rfc9112-9.6]") {
  for (const bool says_close : {true, false}) {
    h1::connection client(side::client, defaults);
    request asks = request::get("/");
    if (says_close) asks.fields.add("Connection", "close");
    send_all(client, asks, {}, "h", 1);
    client.receive(says_close ? "HTTP/1.1 204 No Content\r\n\r\n" : "HTTP/1.1 200 OK\r\n\r\n");
    response seen;
    CHECK(client.next_event(seen).what == kind::head);
    CHECK_FALSE(client.reusable());
    client.peer_closed();
    CHECK(client.next_event(seen).what == kind::end);
    CHECK_FALSE(client.restart());
  }
}

TEST_CASE("a head that is cut off leaves no fields", "[h1][connection][lifetime]") {
  h1::connection client(side::client, defaults);
  send_all(client, request::get("/"), {}, "h", 1);
  client.receive("HTTP/1.1 200 OK\r\nA: 1\r\nB");
  response seen;
  CHECK(client.next_event(seen).what == kind::need_more);
  client.peer_closed();
  CHECK(client.next_event(seen).what == kind::failed);
  CHECK(seen.fields.empty());
}

TEST_CASE("octets that came before a request are never its response", "[h1][connection][security]") {
  const std::string stray = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil";
  response got;
  SECTION("on a fresh connection") {
    h1::connection client(side::client, defaults);
    client.receive(stray);
    (void)send_all(client, request(), "", "a", 1);
    CHECK(client.next_event(got).what == kind::failed);
    CHECK(client.failure().status == 502);
  }
  SECTION("behind another response") {
    h1::connection client(side::client, defaults);
    (void)send_all(client, request(), "", "a", 1);
    client.receive("HTTP/1.1 204 No Content\r\n\r\n" + stray);
    CHECK(client.next_event(got).what == kind::head);
    CHECK(client.next_event(got).what == kind::end);
    CHECK_FALSE(client.restart());
    CHECK_FALSE(client.reusable());
  }
  SECTION("while the connection idles") {
    h1::connection client(side::client, defaults);
    (void)send_all(client, request(), "", "a", 1);
    client.receive("HTTP/1.1 204 No Content\r\n\r\n");
    CHECK(client.next_event(got).what == kind::head);
    CHECK(client.next_event(got).what == kind::end);
    CHECK(client.restart());
    client.receive(stray);
    (void)send_all(client, request(), "", "a", 1);
    CHECK(client.next_event(got).what == kind::failed);
  }
}

TEST_CASE("another protocol takes over only when asked, and gets its octets", "[h1][connection][rfc9110-7.8]") {
  h1::connection client(side::client, defaults), server(side::server, defaults);
  const auto there = send_all(client, request(method::get, "/", {{"Upgrade", "x"}}), "", "a", 1);
  server.receive(there + "its own");
  request seen;
  CHECK(server.next_event(seen).what == kind::head);
  CHECK(server.next_event(seen).what == kind::end);
  const auto back = send_all(server, response(101, {{"Upgrade", "x"}}), "", {}, 1);
  CHECK(server.unread() == "its own");
  CHECK_FALSE(server.restart());
  client.receive(back + "more");
  response got;
  CHECK(client.next_event(got).what == kind::head);
  CHECK(got.status == status::switching_protocols);
  CHECK(client.next_event(got).what == kind::end);
  CHECK(client.unread() == "more");
  CHECK_FALSE(client.restart());
}

TEST_CASE("an HTTP/1.0 peer keeps its connection if it asks to, and gets no chunks",
          "[h1][connection][rfc9112-9.3]") {
  h1::connection server(side::server, defaults);
  request seen;
  server.receive("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  CHECK(server.next_event(seen).what == kind::head);
  CHECK(server.next_event(seen).what == kind::end);
  CHECK(send_all(server, response(200, {}, body("hi")), "hi", {}, 2) ==
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nhi");
  REQUIRE(server.restart());
  server.receive("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  CHECK(server.next_event(seen).what == kind::head);
  CHECK(server.next_event(seen).what == kind::end);
  CHECK(send_all(server, response(200, {}, unknown_length()), "hi", {}, 2) ==
        "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhi");
  CHECK_FALSE(server.restart());
}

TEST_CASE("an early answer leaves the rest of the request to be read", "[h1][connection]") {
  h1::connection server(side::server, defaults);
  request seen;
  server.receive("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nab");
  CHECK(server.next_event(seen).what == kind::head);
  (void)send_all(server, response(403), "", {}, 1);
  CHECK_FALSE(server.restart());
  CHECK(server.incoming_remaining() == 4);
  CHECK(server.next_event(seen).data == "ab");
  CHECK(server.next_event(seen).what == kind::need_more);
  server.receive("cdGET /next HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(server.next_event(seen).data == "cd");
  CHECK(server.next_event(seen).what == kind::end);
  REQUIRE(server.restart());
  CHECK(server.next_event(seen).what == kind::head);
  CHECK(seen.target.text() == "/next");
}

TEST_CASE("every bound gives one verdict, however the octets are cut", "[h1][connection][security]") {
  h1::limits bounds;
  bounds.target = 30;
  bounds.head = 150;
  bounds.fields = 4;
  bounds.trailer = 20;
  bounds.chunk_extensions = 8;
  bounds.empty_lines = 2;
  std::vector<std::string> octets;
  for (std::size_t n = 1; n < 40; ++n) {
    const std::string some(n, 'a');
    octets.push_back("GET /" + some + " HTTP/1.1\r\nHost: a\r\n\r\n");
    octets.push_back("GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(n + 90, 'a') + "\r\n\r\n");
    octets.push_back("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0;" + some + "\r\n\r\n");
    octets.push_back("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + std::string(n, '0') + "\r\n\r\n");
    octets.push_back("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX:" + some + "\r\n\r\n");
    std::string lines, front;
    for (std::size_t i = 0; i < n % 8; ++i) lines += "X:y\r\n", front += "\r\n";
    octets.push_back(front + "GET / HTTP/1.1\r\nHost: a\r\n" + lines + "\r\n");
    octets.push_back("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + lines + "\r\n");
  }
  std::size_t refusals = 0;
  for (const auto& one : octets) {
    const auto whole = wire::read_requests(one + "\x01", {}, ending::closed, bounds);
    refusals += whole.starts_with("GET") || whole.starts_with("POST") ? 0U : 1U;
    for (std::size_t at = 0; at <= one.size(); ++at)
      REQUIRE(wire::read_requests(one + "\x01", {.at = at}, ending::closed, bounds) == whole);
    REQUIRE(wire::read_requests(one + "\x01", {.every = 1}, ending::closed, bounds) == whole);
    const std::string answer = "HTTP/1.1 200 OK" + one.substr(one.find("\r\nHost"));
    const auto back = wire::read_response(request(), answer, {}, ending::closed, bounds);
    REQUIRE(wire::read_response(request(), answer, {.every = 1}, ending::closed, bounds) == back);
  }
  CHECK(refusals > 60);
  CHECK(refusals < octets.size() - 60);
}

TEST_CASE("memory follows what arrives, not what is promised", "[h1][connection][security]") {
  h1::connection server(side::server, defaults);
  request seen;
  server.receive("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4611686018427387904\r\n\r\n");
  CHECK(server.next_event(seen).what == kind::head);
  const std::string part(16 * 1024, 'x');
  for (int i = 0; i < 100; ++i) {
    server.receive(part);
    CHECK(server.next_event(seen).data.size() == part.size());
    CHECK(server.next_event(seen).what == kind::need_more);
  }
  server.release_idle_memory();
  CHECK(server.unread().empty());
}
