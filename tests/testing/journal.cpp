// tests/testing/journal.cpp -- tests testing/journal.hpp, match.hpp, exchange.hpp and verdict.hpp.
#include "support.hpp"

#include "catch.hpp"

#include <tinyhttp/testing/journal.hpp>

#include <chrono>
#include <memory>
#include <sstream>
#include <string>
#include <type_traits>
#include <vector>

using namespace tinyhttp::testing;
using testing_support::fetch;
using testing_support::raw_client;
using testing_support::talk;
using Catch::Matchers::ContainsSubstring;

TEST_CASE("a false verdict shows the nearest miss, the rule's line and the journal", "[testing][journal]") {
  fake_server srv;
  srv.file("/fw.img", pattern(10'000, 7));
  srv.on("/fw.img", serve());
  const int line = __LINE__ - 1;
  (void)fetch(srv, "/fw.img");
  (void)fetch(srv, "/fw.img", "Range: bytes=4999-\r\n");
  const auto no = srv.saw(get("/fw.img").with("Range", "bytes=5000-")).exactly(1);
  CHECK_FALSE(no);
  CHECK_THAT(no.text(), ContainsSubstring("expected 1 x GET /fw.img with Range: bytes=5000-, saw 0\n"));
  CHECK_THAT(no.text(), ContainsSubstring("nearest: #2  Range: bytes=4999-   1 octet too early"));
  CHECK_THAT(no.text(), ContainsSubstring("(answered by the rule at journal.cpp:" + std::to_string(line) + ")"));
  CHECK_THAT(no.text(), ContainsSubstring("journal (2 exchanges, 2 connections)\n"));
  CHECK_THAT(no.text(), ContainsSubstring(" #2 c2.1 GET /fw.img  Range: bytes=4999-  206  5001/5001 acked  serve  FIN"));
  CHECK(!no);
  CHECK_FALSE(!srv.saw(get("/fw.img")).exactly(2));
}

TEST_CASE("requests are counted in every way", "[testing][journal]") {
  fake_server srv;
  srv.file("/a", text("a"));
  (void)fetch(srv, "/a");
  (void)fetch(srv, "/a?q=1", "X-Test: one two\r\n");
  CHECK(srv.saw(get("/a")).exactly(2));
  CHECK(srv.saw(get("/a?q=1")).once());
  CHECK(srv.saw(any("/*")).at_least(2));
  CHECK(srv.saw(any()).at_most(2));
  CHECK(srv.saw(post("/a")).never());
  CHECK(srv.saw(any().with("X-Test")).once());
  CHECK(srv.saw(any().with("x-test", "one*")).once());
  CHECK(srv.saw(any().without("X-Test")).once());
  CHECK(srv.saw(get("/a").where([](const exchange& x) { return x.connection == 2; }, "on the second connection")).once());
}

TEST_CASE("requests are kept as they came: octets, order, body, and what waited behind", "[testing][journal]") {
  fake_server srv;
  const std::string first = "POST /a HTTP/1.1\r\nhOsT: t\r\nX-B: 2\r\nX-A: 1\r\nContent-Length: 5\r\n\r\n";
  const std::string second = "GET /b HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n";
  (void)talk(srv, first + "hello" + second);
  const auto all = srv.journal();
  REQUIRE(all.size() == 2);
  CHECK(all[0].raw_head == first);
  CHECK(all[0].body == "hello");
  CHECK(all[0].queued == second.size());
  CHECK(all[1].raw_head == second);
  CHECK(all[1].on_connection == 2);
  CHECK(all[1].connection == 1);
}

TEST_CASE("a large body is kept in part and counted whole; Expect gets its 100", "[testing][journal]") {
  fake_server srv;
  srv.on("/up", reply(201));
  raw_client client(srv);
  client.send("PUT /up HTTP/1.1\r\nHost: t\r\nExpect: 100-continue\r\nContent-Length: 3000000\r\nConnection: close\r\n\r\n");
  CHECK(client.receive(25) == "HTTP/1.1 100 Continue\r\n\r\n");
  client.send(std::string(3'000'000, 'x'));
  CHECK(client.receive_all().status() == 201);
  CHECK(srv.journal()[0].body.size() == 1_MiB);
  CHECK(srv.journal()[0].body_size == 3'000'000);
}

TEST_CASE("what is no request, or only the beginning of one, is written down with the reason", "[testing][journal]") {
  fake_server srv;
  CHECK(talk(srv, "NONSENSE\r\n\r\n").status() == 400);
  {
    raw_client client(srv);
    client.send("POST /a HTTP/1.1\r\nHost: t\r\nContent-Length: 5\r\n\r\nhe");
  }
  REQUIRE(srv.wait_for_end(any("/a"), 0));
  while (srv.open_connections() > 0) {
  }
  const auto all = srv.journal();
  REQUIRE(all.size() == 2);
  CHECK_FALSE(all[0].failure.empty());
  CHECK(all[0].raw_head == "NONSENSE\r\n\r\n");
  CHECK_THAT(all[1].failure, ContainsSubstring("middle of a body"));
  CHECK_FALSE(srv.quiet());
}

TEST_CASE("waiting ends when the request comes, or at its deadline", "[testing][journal]") {
  fake_server srv;
  srv.file("/a", text("a"));
  const auto no = srv.wait_for(get("/a"), 1, std::chrono::milliseconds(1));
  CHECK_FALSE(no);
  CHECK_THAT(no.text(), ContainsSubstring("waited 1 ms for 1 x GET /a"));
  raw_client client(srv);
  client.send("GET /a HTTP/1.1\r\nHost: t\r\n\r\n");
  CHECK(srv.wait_for(get("/a")));
  CHECK(srv.wait_for_end(get("/a")));
}

TEST_CASE("a shape fits a text by its stars", "[testing][journal]") {
  struct row {
    const char* shape;
    const char* text;
    bool fits;
  };
  for (const row& r : std::vector<row>{{"", "", true}, {"", "a", false}, {"a", "", false}, {"a", "a", true}, {"a", "ab", false}, {"ab", "a", false},
                                       {"*", "", true}, {"*", "ab", true}, {"a*", "a", true}, {"a**", "a", true}, {"a*b", "ab", true},
                                       {"a*b", "a", false}, {"a*b", "axxb", true}, {"a*b", "axxbx", false}, {"*a", "ba", true}, {"*ab", "aab", true},
                                       {"*a*b*", "xaxb", true}, {"*a*b*", "xbxa", false}}) {
    INFO(r.shape << " " << r.text);
    CHECK(detail::fits(r.shape, r.text) == r.fits);
  }
}

TEST_CASE("by how much a number misses is told in words", "[testing][journal]") {
  CHECK(detail::numeric_miss("bytes=500000-", "bytes=499999-") == "1 octet too early");
  CHECK(detail::numeric_miss("bytes=5-", "bytes=6-") == "1 octet too late");
  CHECK(detail::numeric_miss("bytes=5-", "bytes=7-9") == "2 octets too late");
  CHECK(detail::numeric_miss("7", "5") == "2 octets too early");
  for (const auto& [wanted, got] : {std::pair("bytes=5-", "bytes=5-6"), std::pair("x", "bytes=5-"), std::pair("5", "x"), std::pair("", "")})
    CHECK(detail::numeric_miss(wanted, got).empty());
}

TEST_CASE("of what differs the worst is told, and a path first", "[testing][journal]") {
  exchange x;
  x.method = "PUT";
  x.target = "/a";
  x.fields.add("Range", "bytes=4-");
  x.body = "content";
  const auto why = [&x](const matcher& m) { return m.miss(x).why; };
  CHECK(why(put("/a")) == "");
  CHECK(put("/a").miss(x).far == 0);
  CHECK(why(get("/b")) == "its path is /a");
  CHECK(why(get("/a").with("Range", "bytes=5-")) == "its method is PUT");
  CHECK(why(put("/a").with("Range", "bytes=5-")) == "Range: bytes=4-   1 octet too early");
  CHECK(why(put("/a").with("Range", "none")) == "Range: bytes=4-");
  CHECK(why(put("/a").with("If-Range")) == "it has no If-Range");
  CHECK(why(put("/a").without("Range")) == "it has Range: bytes=4-");
  CHECK(why(put("/a").with_body("other*")) == "its body is content");
  CHECK(why(put("/a").where([](const exchange&) { return false; }, "that")) == "not so: that");
  CHECK(put("/a").with("Range", "bytes=5-").miss(x).far < put("/a").with("Range", "none").miss(x).far);  // a number that is off is near
  CHECK(put("/a").with("Range", "none").miss(x).far < put("/a").with("If-Range").miss(x).far);
  CHECK(get("/a").miss(x).far < put("/b").miss(x).far);
  CHECK(put("/a").without("Range").text() == "PUT /a without Range");
  CHECK(put("/a").with("Range", "x").without("A").with("B", "y").text() == "PUT /a with Range: x without A, B: y");
  CHECK(failed_handshake("why").text() == "failed TLS handshake where the reason has `why` in it");
}

TEST_CASE("an exchange is a line, a JSON object, and can be streamed", "[testing][exchange]") {
  exchange x;
  x.number = 1;
  x.connection = 2;
  x.on_connection = 3;
  x.method = "GET";
  x.target = "/\"\x01";
  x.status = 200;
  x.planned = x.handed = 10;
  x.acked = 4;
  x.end = ending::client_left;
  CHECK(x.line() == " #1 c2.3 GET /\"\x01  200  4/10 acked (10 handed to the kernel)  client left");
  CHECK_THAT(x.json(), ContainsSubstring("\"target\":\"/\\\"\\u0001\"") && ContainsSubstring("\"acked\":4"));
  x.fields.add("A", "b");
  x.fields.add("C", "d");
  CHECK(x.json() == R"({"number":1,"connection":2,"exchange":3,"queued":0,"method":"GET","target":"/\"\u0001","fields":[["A","b"],["C","d"]],)"
                    R"("body_size":0,"rule":null,"fired":"","status":200,"planned":10,"handed":10,"acked":4,"end":"client left","microseconds":0})");
  exchange failed;
  failed.end = ending::running;
  failed.queued = 9;
  failed.failure = "f";
  failed.server_name = "s";
  failed.client_subject = "c";
  failed.fired = "cut";
  failed.note = "n";
  failed.thrown = "t";
  CHECK(failed.json() == R"({"number":0,"connection":0,"exchange":0,"queued":9,"method":"","target":"","fields":[],"body_size":0,)"
                         R"("failure":"f","server_name":"s","client_subject":"c","rule":null,"fired":"cut","status":0,"planned":0,"handed":0,"acked":0,)"
                         R"("end":"running","note":"n","thrown":"t"})");
  CHECK(failed.line() == " #0 c0.0 not a request: f  to s  from c  0/0 acked  cut  running  n  threw: t");
  x.body = "a\xff" "bc";
  CHECK_THAT(x.json(), !ContainsSubstring("\"body\""));
  CHECK_THAT(x.json(3), ContainsSubstring("\"body\":\"a\\u00ffb\""));
  std::ostringstream out;
  out << x << verdict(false, "because");
  CHECK(out.str() == x.line() + "because");
}

TEST_CASE("the contrary of a verdict has its reasons, and twice the contrary is a bool", "[testing][journal]") {
  const verdict no(false, "because");
  CHECK(!no);
  CHECK((!no).text() == "because");
  static_assert(std::is_same_v<decltype(!!no), bool>);
  CHECK((!!no) == false);
  CHECK((!!verdict(true, "")) == true);
}

TEST_CASE("a journal that is full forgets its oldest, and never one that runs or that nobody was told of",
          "[testing][journal]") {
  std::vector<std::size_t> told;  // longer than the server, which tells of the last exchanges when it ends
  auto srv = std::make_unique<fake_server>(fake_server_options{.journal = 200'000});
  const std::string padding(1000, 'x');
  const gate until;
  srv->file("/x", text("x"));
  srv->on("/held", hold(before_head, until));
  srv->on_over([&told](const exchange& x) { told.push_back(x.number); });
  raw_client held(*srv);
  held.send("GET /held HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n");
  REQUIRE(until.reached());
  for (int i = 0; i < 300; ++i) REQUIRE(fetch(*srv, "/x", "X-Padding: " + padding + "\r\n").status() == 200);
  until.open();
  CHECK(held.receive_all().status() == 404);
  REQUIRE(srv->wait_for_end(get("/held")));
  const auto kept = srv->journal();
  CHECK(kept.size() > 10);
  CHECK(kept.size() < 60);
  CHECK(kept.front().path() == "/held");
  CHECK(kept[1].number > 200);
  CHECK(kept.back().number == 301);
  CHECK_THAT(to_text({kept.begin() + 1, kept.end()}), ContainsSubstring("forgotten)"));
  srv.reset();
  CHECK(told.size() == 301);
}
