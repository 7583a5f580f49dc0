// Messages to octets: what frames them is true, and nothing that is written splits.
#include <tinyhttp/h1/writer.hpp>

#include "catch.hpp"
#include "wire/transcript.hpp"

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace tinyhttp;
using h1::framing;
using rule = h1::framing::rule;
using wire::ending;

namespace {

constexpr auto v10 = http_version::http_1_0;
constexpr auto v11 = http_version::http_1_1;

std::string head_of(const response& r, const method& asked = method::get, http_version version = v11,
                    bool keep_alive = true) {
  buffer out;
  h1::write_head(out, r, asked, h1::plan_response(r, asked, version, keep_alive), version, "D");
  return std::string(out.view());
}

std::string head_of(const request& r, std::string_view authority = "a") {
  buffer out;
  h1::write_head(out, r, h1::plan_request(r), authority);
  return std::string(out.view());
}

body stream_of(std::string_view octets) {
  return stream_body([rest = std::string(octets)]() mutable { return std::exchange(rest, std::string()); });
}

/// Numbers that look random and are the same every time (xorshift).
class numbers {
 public:
  explicit numbers(std::uint64_t seed) : state_(seed * 2 + 1) {}
  std::uint64_t below(std::uint64_t bound) {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 7;
    state_ ^= state_ << 17;
    return state_ % bound;
  }
  /// Octets of every value, those that could do harm more often.
  std::string octets(std::uint64_t most) {
    std::string text;
    for (auto left = below(most + 1); left > 0; --left) {
      constexpr std::string_view bad("\r\n\0 :\t,;/?#\x7f\x80", 13);
      text += below(3) == 0 ? bad[static_cast<std::size_t>(below(bad.size()))]
                            : static_cast<char>(below(2) == 0 ? 'a' + below(26) : below(256));
    }
    return text;
  }

 private:
  std::uint64_t state_;
};

}  // namespace

TEST_CASE("a response says how long it is, as the peer's version and the method allow",
          "[h1][writer][rfc9112-6]") {
  const response known(200, {}, body("hi"));
  const response streamed(200, {}, stream_of("hi"));
  CHECK(head_of(known) == "HTTP/1.1 200 OK\r\nDate: D\r\nContent-Length: 2\r\n\r\n");
  CHECK(head_of(known, method::head) == head_of(known));
  CHECK(head_of(known, method::get, v10) ==
        "HTTP/1.1 200 OK\r\nDate: D\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\n");
  CHECK(head_of(known, method::get, v11, false) ==
        "HTTP/1.1 200 OK\r\nDate: D\r\nContent-Length: 2\r\nConnection: close\r\n\r\n");
  CHECK(head_of(streamed) == "HTTP/1.1 200 OK\r\nDate: D\r\nTransfer-Encoding: chunked\r\n\r\n");
  CHECK(head_of(streamed, method::get, v10) == "HTTP/1.1 200 OK\r\nDate: D\r\nConnection: close\r\n\r\n");
  CHECK(head_of(streamed, method::head) == "HTTP/1.1 200 OK\r\nDate: D\r\n\r\n");
  CHECK(head_of(response(200)) == "HTTP/1.1 200 OK\r\nDate: D\r\nContent-Length: 0\r\n\r\n");
  CHECK(head_of(response(299)) == "HTTP/1.1 299 \r\nDate: D\r\nContent-Length: 0\r\n\r\n");
}

TEST_CASE("what must have no content has none", "[h1][writer][rfc9110-6.4.1][rfc9110-15]") {
  struct row {
    int code;
    const char* head;
  };
  for (const auto& [code, head] : {
           row{204, "HTTP/1.1 204 No Content\r\nDate: D\r\n\r\n"},
           row{304, "HTTP/1.1 304 Not Modified\r\nDate: D\r\n\r\n"},
           row{205, "HTTP/1.1 205 Reset Content\r\nDate: D\r\nContent-Length: 0\r\n\r\n"},
       }) {
    for (const auto& b : {body("hi"), stream_of("hi"), body()}) {
      const response r(code, {}, b);
      CHECK(head_of(r) == head);
      CHECK_FALSE(h1::plan_response(r, method::get, v11, true).sends_body);
    }
  }
  CHECK_FALSE(h1::plan_response(response(200, {}, body("hi")), method::head, v11, true).sends_body);
}

TEST_CASE("a HEAD or 304 may tell the length that the content would have", "[h1][writer][rfc9110-8.6]") {
  CHECK(head_of(response(200, {{"Content-Length", "5"}}), method::head) ==
        "HTTP/1.1 200 OK\r\nDate: D\r\nContent-Length: 5\r\n\r\n");
  CHECK(head_of(response(304, {{"Content-Length", "5"}})) ==
        "HTTP/1.1 304 Not Modified\r\nDate: D\r\nContent-Length: 5\r\n\r\n");
  CHECK(head_of(response(304, {{"Content-Length", "five"}})) == "HTTP/1.1 304 Not Modified\r\nDate: D\r\n\r\n");
}

TEST_CASE("a handler's words about framing are wishes", "[h1][writer][security]") {
  response r(200, {{"Content-Length", "99"}, {"X", "y"}, {"transfer-encoding", "gzip, chunked"},
                   {"Keep-Alive", "timeout=5"}, {"Connection", "X"}, {"Proxy-Connection", "close"}},
             body("hi"));
  CHECK(head_of(r) == "HTTP/1.1 200 OK\r\nDate: D\r\nX: y\r\nContent-Length: 2\r\n\r\n");
  r.fields.set("Connection", "close");
  CHECK(head_of(r) == "HTTP/1.1 200 OK\r\nDate: D\r\nX: y\r\nContent-Length: 2\r\nConnection: close\r\n\r\n");
  r.fields = {{"Date", "then"}};
  CHECK(head_of(r) == "HTTP/1.1 200 OK\r\nDate: then\r\nContent-Length: 2\r\n\r\n");
}

TEST_CASE("a field that holds for one connection is named in Connection", "[h1][writer][rfc9110-7.6.1]") {
  CHECK(head_of(response(101, {{"Upgrade", "x"}})) ==
        "HTTP/1.1 101 Switching Protocols\r\nDate: D\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n");
  CHECK(head_of(response(426, {{"Upgrade", "x"}}), method::get, v11, false) ==
        "HTTP/1.1 426 Upgrade Required\r\nDate: D\r\nUpgrade: x\r\nContent-Length: 0\r\nConnection: Upgrade, close\r\n\r\n");
  CHECK(head_of(request(method::get, "/", {{"Upgrade", "x"}, {"TE", "trailers"}, {"Connection", "close"}})) ==
        "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: x\r\nTE: trailers\r\nConnection: Upgrade, TE, close\r\n\r\n");
}

TEST_CASE("a tunnel has no framing", "[h1][writer][rfc9110-9.3.6]") {
  const response opened(200, {{"Content-Length", "5"}}, body("hello"));
  const auto plan = h1::plan_response(opened, method::connect, v11, true);
  CHECK_FALSE(plan.sends_body);
  CHECK_FALSE(plan.keep_alive);
  CHECK(head_of(opened, method::connect) == "HTTP/1.1 200 OK\r\nDate: D\r\n\r\n");
  CHECK(head_of(response(403, {}, body("no")), method::connect) ==
        "HTTP/1.1 403 Forbidden\r\nDate: D\r\nContent-Length: 2\r\n\r\n");
}

TEST_CASE("a request says how long it is, where it has something or ought to",
          "[h1][writer][rfc9110-8.6]") {
  CHECK(head_of(request(method::get, "/a?b")) == "GET /a?b HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(head_of(request(method::post, "/", {}, body("hi"))) ==
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n");
  CHECK(head_of(request(method::post, "/")) == "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
  CHECK(head_of(request(method::delete_, "/")) == "DELETE / HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(head_of(request(method::get, "/", {}, body("hi"))) ==
        "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n");
  CHECK(head_of(request(method::put, "/", {}, stream_of("hi"))) ==
        "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  CHECK(head_of(request(method::get, "/", {{"Host", "b"}, {"Content-Length", "7"}, {"Transfer-Encoding", "x"}})) ==
        "GET / HTTP/1.1\r\nHost: b\r\n\r\n");
}

TEST_CASE("an HTTP/1.0 request keeps its word, and chunks make it HTTP/1.1", "[h1][writer][rfc9112-6.1]") {
  request r(method::post, "/", {}, body("hi"));
  r.version = v10;
  CHECK(head_of(r) == "POST / HTTP/1.0\r\nHost: a\r\nContent-Length: 2\r\nConnection: close\r\n\r\n");
  r.fields.add("Connection", "keep-alive");
  CHECK(head_of(r) == "POST / HTTP/1.0\r\nHost: a\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\n");
  r.body = stream_of("hi");
  CHECK(head_of(r).starts_with("POST / HTTP/1.1\r\n"));
}

TEST_CASE("an authority that could split a request is not written", "[h1][writer][security]") {
  for (const std::string_view bad : {"a\r\nX: y", "a b", "a/b", "u@a", "a\n", "a:b"})
    CHECK(head_of(request(), bad) == "GET / HTTP/1.1\r\nHost: \r\n\r\n");
  CHECK(head_of(request(), "[::1]:80") == "GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n");
}

TEST_CASE("an informational response carries its fields and no framing", "[h1][writer][rfc9110-15.2]") {
  buffer out;
  h1::write_informational(out, 103, {{"Link", "</a>"}, {"Content-Length", "3"}, {"Connection", "close"}});
  CHECK(out.view() == "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n");
}

TEST_CASE("a body that is not as long as was promised is noticed", "[h1][writer][security]") {
  buffer out;
  h1::body_writer by_length({rule::length, 5});
  CHECK(by_length.begin_data(out, 3));
  CHECK_FALSE(by_length.begin_data(out, 3));
  CHECK_FALSE(by_length.finish(out, nullptr));
  CHECK(by_length.begin_data(out, 2));
  CHECK(by_length.finish(out, nullptr));
  CHECK(by_length.sent() == 5);
  CHECK(out.empty());

  h1::body_writer at_once({rule::length, 5});
  CHECK_FALSE(at_once.take_whole(4));
  CHECK_FALSE(at_once.take_whole(6));
  CHECK(at_once.sent() == 0);
  CHECK(at_once.take_whole(5));
  CHECK(at_once.sent() == 5);
  CHECK_FALSE(at_once.take_whole(5));
  CHECK_FALSE(h1::body_writer({rule::chunked, 0}).take_whole(0));
  CHECK_FALSE(h1::body_writer({rule::until_close, 0}).take_whole(0));

  h1::body_writer none(framing{});
  CHECK_FALSE(none.begin_data(out, 1));
  CHECK_FALSE(none.take_whole(0));
  CHECK(none.finish(out, nullptr));
  CHECK(out.empty());
}

TEST_CASE("a chunk is never empty, and the end comes once", "[h1][writer][rfc9112-7.1]") {
  buffer out;
  h1::body_writer chunks({rule::chunked, 0});
  CHECK_FALSE(chunks.begin_data(out, 0));
  CHECK(chunks.begin_data(out, 26));
  out.append("abcdefghijklmnopqrstuvwxyz");
  out.append(chunks.behind_data());
  const fields trailers{{"X", "y"}, {"Content-Length", "3"}, {"Host", "b"}};
  CHECK(chunks.finish(out, &trailers));
  CHECK(out.view() == "1a\r\nabcdefghijklmnopqrstuvwxyz\r\n0\r\nX: y\r\n\r\n");
}

TEST_CASE("whatever octets a user hands in, one request is read back, the one that was meant",
          "[h1][writer][security]") {
  std::size_t built = 0;
  for (std::uint64_t seed = 1; seed <= 4000; ++seed) {
    numbers n(seed);
    request r;
    std::string lines = "Host: a\n";
    (void)r.method.assign(n.octets(4));
    (void)r.target.assign("/" + n.octets(6), r.method);
    for (auto count = n.below(4); count > 0; --count) {
      const std::string name = n.below(4) == 0 ? n.octets(3) : "X" + std::string(1, static_cast<char>('a' + n.below(26)));
      const std::string value = n.octets(8);
      const bool can = r.fields.try_add(name, value);
      if (can) ++built;
      if (can) lines.append(name).append(": ").append(ascii::trim(value)).append("\n");
      else CHECK_THROWS_AS(r.fields.add(name, value), std::invalid_argument);
    }
    const std::string content = n.octets(20);
    const bool streamed = n.below(2) == 0;
    r.body = streamed ? stream_of(content) : body(content);
    const auto plan = h1::plan_request(r);
    buffer out;
    h1::write_head(out, r, plan, "a");
    if (plan.body.by == rule::length)
      lines.append("Content-Length: ").append(ascii::to_decimal(plan.body.length)).append("\n");
    else if (plan.body.by == rule::chunked) lines.append("Transfer-Encoding: chunked\n");
    h1::body_writer writer(plan.sends_body ? plan.body : framing{});
    if (!content.empty()) {
      REQUIRE(writer.begin_data(out, content.size()));
      out.append(content);
      out.append(writer.behind_data());
    }
    REQUIRE(writer.finish(out, nullptr));

    const auto start = std::string(r.method.name()) + " " + std::string(r.target.text()) + " HTTP/1.1";
    CHECK(wire::read_requests(out.view(), {}, ending::closed) ==
          wire::message_lines(start, lines, content, "", r.method != method::connect) + "closed; unread []\n");
  }
  CHECK(built > 500);
}

TEST_CASE("whatever octets a handler hands in, one response is read back, the one that was meant",
          "[h1][writer][security]") {
  for (std::uint64_t seed = 1; seed <= 4000; ++seed) {
    numbers n(seed);
    response r(static_cast<int>(200 + n.below(400)));
    std::string lines;
    for (auto count = n.below(4); count > 0; --count) {
      const std::string name = n.below(4) == 0 ? n.octets(3) : "X" + std::string(1, static_cast<char>('a' + n.below(26)));
      const std::string value = n.octets(8);
      if (r.fields.try_add(name, value)) lines.append(name).append(": ").append(ascii::trim(value)).append("\n");
    }
    if (n.below(3) == 0) {
      const std::string location = "/" + n.octets(8);
      const auto moved = redirect(location);
      r.fields.set("Location", moved.fields["Location"]);
      lines.append("Location: ").append(moved.fields["Location"]).append("\n");
      CHECK(ascii::is_field_value(moved.fields["Location"]));
    }
    const std::string content = n.octets(20);
    r.body = n.below(2) == 0 ? stream_of(content) : body(content);
    const method asked = n.below(3) == 0 ? method::head : method::get;
    const auto plan = h1::plan_response(r, asked, v11, true);
    buffer out;
    h1::write_head(out, r, asked, plan, v11, {});
    if (plan.body.by == rule::length)
      lines.append("Content-Length: ").append(ascii::to_decimal(plan.body.length)).append("\n");
    else if (plan.body.by == rule::chunked) lines.append("Transfer-Encoding: chunked\n");
    h1::body_writer writer(plan.sends_body ? plan.body : framing{});
    if (plan.sends_body && !content.empty()) {
      REQUIRE(writer.begin_data(out, content.size()));
      out.append(content);
      out.append(writer.behind_data());
    }
    REQUIRE(writer.finish(out, nullptr));
    const auto seen = plan.sends_body ? content : std::string();
    CHECK(wire::read_response(request(asked, "/"), out.view(), {}, ending::open) ==
          wire::message_lines(ascii::to_decimal(static_cast<std::uint64_t>(r.status.code())), lines, seen, "", true) +
              "done; unread []\n");
  }
}
