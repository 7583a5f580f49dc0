// tests/testing/sender.cpp -- tests testing/sender.hpp: what behaviours do to the octets of a response.
#include "support.hpp"

#include "catch.hpp"

#include <tinyhttp/testing/behaviors.hpp>
#include <tinyhttp/testing/fake_server.hpp>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <thread>

using namespace tinyhttp::testing;
using testing_support::fetch;
using testing_support::heard;
using testing_support::raw_client;
using testing_support::talk;
using Catch::Matchers::ContainsSubstring;

namespace {

const content octets_of_f = pattern(2_MiB, 7);

struct served : fake_server {
  explicit served(behavior how) {
    file("/f", octets_of_f).etag("\"v1\"");
    on("/f", std::move(how));
  }
};

heard fetch_kept(const fake_server& srv) { return talk(srv, "GET /f HTTP/1.1\r\nHost: t\r\n\r\n"); }

}  // namespace

TEST_CASE("a cut gives exactly the octets it says, and then an end in order", "[testing][sender]") {
  for (const std::uint64_t n : {0u, 1u, 65'535u, 65'536u, 500'000u, 2'097'152u}) {
    served srv(cut(after{n}));
    const auto got = fetch_kept(srv);
    CHECK(got.error.empty());
    CHECK(got.body() == octets_of_f.slice(0, n));
    CHECK_THAT(got.head(), ContainsSubstring("Content-Length: 2097152\r\n"));
    CHECK(srv.journal()[0].acked == n);
    CHECK(srv.journal()[0].end == ending::fin);
  }
}

TEST_CASE("the octets of content that arrived are counted without what frames chunks", "[testing][sender]") {
  for (const std::uint64_t n : {0u, 10u, 500'000u})
    for (const behavior& end : {cut(after{n}), reset(after{n})}) {
      served srv(end | chunked(1000));
      CHECK_THAT(fetch_kept(srv).head(), ContainsSubstring("chunked"));
      CHECK(srv.journal()[0].handed == n);
      CHECK(srv.journal()[0].acked == n);
    }
}

TEST_CASE("a cut is no reset, even when more requests wait behind the one that is cut", "[testing][sender]") {
  served srv(cut(after{500'000}));
  const std::string asked = "GET /f HTTP/1.1\r\nHost: t\r\n\r\n";
  const auto got = talk(srv, asked + asked + asked);
  CHECK(got.error.empty());
  CHECK(got.body().size() == 500'000);
  CHECK(srv.journal().size() == 1);
  CHECK(srv.journal()[0].queued == 2 * asked.size());
}

TEST_CASE("a reset comes when the client's kernel has exactly the octets before it", "[testing][sender]") {
  for (const std::uint64_t n : {0u, 1u, 500'000u, 2'000'000u}) {
    served srv(reset(after{n}));
    const auto got = fetch_kept(srv);
    CHECK_THAT(got.error, ContainsSubstring("reset"));
    CHECK(got.body() == octets_of_f.slice(0, n));
    CHECK(srv.journal()[0].acked == n);
    CHECK(srv.journal()[0].end == ending::reset);
  }
}

TEST_CASE("an offset is a place in the file, which a resumed response has passed", "[testing][sender]") {
  served srv(cut(offset{1000}));
  CHECK(fetch_kept(srv).body().size() == 1000);
  CHECK(fetch(srv, "/f", "Range: bytes=400-\r\n").body() == octets_of_f.slice(400, 600));
  CHECK(fetch(srv, "/f", "Range: bytes=1000-\r\n").body().size() == 2_MiB - 1000);
  CHECK(fetch(srv, "/f", "Range: bytes=0-99\r\n").body().size() == 100);
  srv.on("/f", cut(after{1000}));
  CHECK(fetch(srv, "/f", "Range: bytes=1000-\r\n").body().size() == 1000);
}

TEST_CASE("a head can be cut and reset at each of its octets", "[testing][sender]") {
  served whole(serve());
  const auto size = fetch(whole, "/f", "Range: bytes=0-0\r\n").head().size() + 2;
  for (std::size_t n = 0; n <= size; n += 13) {
    served srv(cut(in_head{n}).times(1).then(reset(in_head{n})));
    CHECK(fetch(srv, "/f", "Range: bytes=0-0\r\n").octets.size() == n);
    CHECK(fetch(srv, "/f", "Range: bytes=0-0\r\n").octets.size() == n);
  }
}

TEST_CASE("a gate freezes a response at an octet until it is opened", "[testing][sender]") {
  const gate half;
  served srv(hold(after{1_MiB}, half));
  raw_client client(srv);
  client.send("GET /f HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n");
  std::string got = client.receive(1_MiB);
  REQUIRE(half.reached());
  CHECK(srv.journal()[0].acked == 1_MiB);
  CHECK_FALSE(srv.journal()[0].over());
  half.open();
  got += client.receive_all().octets;
  CHECK(got.ends_with(octets_of_f.slice(2_MiB - 100, 100)));
  CHECK(srv.wait_for_end(get("/f")));
}

TEST_CASE("steps let one slice through at each opening", "[testing][sender]") {
  const gate each;
  served srv(step(512_KiB, each));
  std::string got;
  std::thread job([&] { got = fetch(srv, "/f").body(); });
  for (std::uint64_t slices = 1; slices <= 3; ++slices) {
    REQUIRE(each.reached());
    CHECK(srv.journal()[0].acked == slices * 512_KiB);
    each.open();
  }
  job.join();
  CHECK(octets_of_f.matches(got));
}

TEST_CASE("a stalled response ends when the client leaves, and the journal says so", "[testing][sender]") {
  served srv(stall(after{100'000}));
  {
    raw_client client(srv);
    client.send("GET /f HTTP/1.1\r\nHost: t\r\n\r\n");
    CHECK(client.receive(100'000).size() == 100'000);
  }
  REQUIRE(srv.wait_for_end(get("/f")));
  CHECK(srv.journal()[0].end == ending::client_left);
  CHECK(srv.journal()[0].handed == 100'000);
}

TEST_CASE("a client that leaves early is written down with what it has", "[testing][sender]") {
  fake_server srv;
  srv.file("/big", pattern(64_MiB, 1));
  {
    raw_client client(srv);
    client.send("GET /big HTTP/1.1\r\nHost: t\r\n\r\n");
    CHECK(client.receive(10'000).size() == 10'000);
  }
  REQUIRE(srv.wait_for_end(get("/big")));
  const auto x = srv.journal()[0];
  CHECK(x.end == ending::client_left);
  CHECK(x.acked < x.planned);
  CHECK(x.acked <= x.handed);
}

TEST_CASE("one bit is wrong, at its place in the file, whatever part is asked for", "[testing][sender]") {
  served srv(flip_bit(1'000'000));
  auto got = fetch(srv, "/f").body();
  REQUIRE(got.size() == 2_MiB);
  CHECK((got[1'000'000] ^ pattern_at(1'000'000, 7)) == 1);
  got[1'000'000] = pattern_at(1'000'000, 7);
  CHECK(octets_of_f.matches(got));
  CHECK(fetch(srv, "/f", "Range: bytes=1000000-1000000\r\n").body()[0] != pattern_at(1'000'000, 7));
  CHECK(fetch(srv, "/f", "Range: bytes=1000001-1000001\r\n").body()[0] == pattern_at(1'000'001, 7));
}

TEST_CASE("lengths are false as they were told, and the connection ends behind them", "[testing][sender]") {
  served srv(length(5).times(1).then(length(9'999'999)).times(1).then(double_length(7)).times(1).then(
      length_text("-1")).times(1).then(no_length()).times(1).then(extra("EXTRA")));
  CHECK_THAT(fetch_kept(srv).head(), ContainsSubstring("Content-Length: 5\r\n"));
  const auto longer = fetch_kept(srv);
  CHECK_THAT(longer.head(), ContainsSubstring("Content-Length: 9999999\r\n"));
  CHECK(longer.body().size() == 2_MiB);
  CHECK_THAT(fetch_kept(srv).head(),
             ContainsSubstring("Content-Length: 2097152\r\n") && ContainsSubstring("Content-Length: 7\r\n"));
  CHECK_THAT(fetch_kept(srv).head(), ContainsSubstring("Content-Length: -1\r\n"));
  CHECK_THAT(fetch_kept(srv).head(), !ContainsSubstring("Content-Length") && ContainsSubstring("Connection: close"));
  CHECK(fetch_kept(srv).body().ends_with("EXTRA"));
}

TEST_CASE("chunks are of the size they were told, and broken where they were told", "[testing][sender]") {
  fake_server srv;
  srv.file("/t", text("hello world"));
  const auto body_of = [&](behavior how) {
    srv.on("/t", how);
    return talk(srv, "GET /t HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n").body();
  };
  CHECK(body_of(chunked(4)) == "4\r\nhell\r\n4\r\no wo\r\n3\r\nrld\r\n0\r\n\r\n");
  CHECK(body_of(chunked(6, chunk_fault::bad_size)) == "6\r\nhello \r\nZZ\r\nworld\r\n0\r\n\r\n");
  CHECK(body_of(chunked(6, chunk_fault::no_last)) == "6\r\nhello \r\n5\r\nworld\r\n");
  CHECK(body_of(chunked(6, chunk_fault::no_line_end)) == "6\r\nhello 5\r\nworld\r\n0\r\n\r\n");
  CHECK(body_of(chunked(6, chunk_fault::cut_inside)) == "6\r\nhello \r\n5\r\nwo");
  CHECK(body_of(chunked(6, chunk_fault::huge_size)) == "6\r\nhello \r\nfffffffffffffffff\r\nworld\r\n0\r\n\r\n");
  CHECK(body_of(chunked(4) | cut(after{6})) == "4\r\nhell\r\n2\r\no \r\n");
}

TEST_CASE("heads can be anything", "[testing][sender]") {
  served srv(noise(103, 2).times(1).then(status_line("HTP/1.1 200 OK")).times(1).then(bare_lf()).times(1).then(
      raw("garbage")).times(1).then(serve().header("ETag", "\"other\"").without_header("Accept-Ranges")));
  CHECK(fetch(srv, "/f").octets.starts_with("HTTP/1.1 103 Noise\r\n\r\nHTTP/1.1 103 Noise\r\n\r\nHTTP/1.1 200 OK\r\n"));
  CHECK(fetch(srv, "/f").octets.starts_with("HTP/1.1 200 OK\r\n"));
  CHECK(fetch(srv, "/f").octets.starts_with("HTTP/1.1 200 OK\nDate"));
  CHECK(fetch(srv, "/f").octets == "garbage");
  const auto head = fetch(srv, "/f").head();
  CHECK_THAT(head, ContainsSubstring("ETag: \"other\"\r\n") && !ContainsSubstring("Accept-Ranges"));
}

TEST_CASE("tiny writes and a throttle change nothing but the pace", "[testing][sender]") {
  fake_server srv;
  const content small = pattern(3000, 9);
  srv.file("/t", small);
  srv.on("/t", (serve() | tiny_writes(7)).times(1).then(throttle(1000, std::chrono::microseconds(100))));
  CHECK(fetch(srv, "/t").body() == small.octets());
  CHECK(fetch(srv, "/t").body() == small.octets());
}

TEST_CASE("content is swapped between two requests, or in the middle of one", "[testing][sender]") {
  served srv(serve().times(1).then(swap_content(pattern(2_MiB, 8), "\"v2\"")).times(1));
  CHECK(octets_of_f.matches(fetch(srv, "/f").body()));
  const auto second = fetch(srv, "/f", "Range: bytes=1000-\r\nIf-Range: \"v1\"\r\n");
  CHECK(second.status() == 200);
  CHECK(pattern(2_MiB, 8).matches(second.body()));
  CHECK_THAT(fetch(srv, "/f").head(), ContainsSubstring("ETag: \"v2\"\r\n"));

  srv.on("/f", swap_content(pattern(2_MiB, 9), "\"v3\"", after{1000}).times(1));
  const auto mixed = fetch(srv, "/f").body();
  CHECK(pattern(2_MiB, 8).matches(mixed.substr(0, 1000), 0));
  CHECK(pattern(2_MiB, 9).matches(mixed.substr(1000), 1000));
  CHECK(pattern(2_MiB, 9).matches(fetch(srv, "/f").body()));
}

TEST_CASE("ranges are ignored, credentials asked for, and clients sent elsewhere", "[testing][sender]") {
  served srv(ignore_range());
  CHECK(fetch(srv, "/f", "Range: bytes=5-\r\n").status() == 200);
  srv.on("/f", serve() | basic_auth("u", "p"));
  const auto refused = fetch(srv, "/f");
  CHECK(refused.status() == 401);
  CHECK_THAT(refused.head(), ContainsSubstring("WWW-Authenticate: Basic"));
  CHECK(fetch(srv, "/f", "Authorization: Basic dTpw\r\n").status() == 200);
  CHECK(fetch(srv, "/f", "Authorization: basic dTpw\r\n").status() == 200);
  CHECK(fetch(srv, "/f", "Authorization: Basic DTPW\r\n").status() == 401);
  CHECK(fetch(srv, "/f", "Authorization: Bas\r\n").status() == 401);
  srv.on("/f", redirect("/elsewhere", 307));
  CHECK(fetch(srv, "/f").status() == 307);
  CHECK_THAT(fetch(srv, "/f").head(), ContainsSubstring("Location: /elsewhere\r\n"));
}

TEST_CASE("a flaky server fails in the same places in every run, whatever the order", "[testing][sender]") {
  const auto failures = [](std::uint64_t seed) {
    served srv(flaky(0.4, seed));
    std::string seen;
    for (int i = 0; i < 40; ++i) seen += fetch(srv, "/f", "Range: bytes=0-0\r\n").octets.empty() ? 'x' : '.';
    return seen;
  };
  const auto once = failures(0x5eed);
  CHECK(once == failures(0x5eed));
  CHECK(once != failures(0x5eee));
  CHECK(once.find('x') != std::string::npos);
  CHECK(once.find('.') != std::string::npos);
}

TEST_CASE("the journal says how a flaky server's failures are repeated", "[testing][sender]") {
  served srv(flaky(0.125, 0x5eed));
  (void)fetch(srv, "/f");
  CHECK_THAT(srv.journal()[0].line(), ContainsSubstring("replay: flaky(0.125, 0x5eed) request 1"));
  ::setenv("TINYHTTP_TEST_SEED", "0x7", 1);
  const auto other = flaky(1, 0x5eed);
  ::unsetenv("TINYHTTP_TEST_SEED");
  CHECK(other.name() == "flaky(1, 0x7)");
  CHECK(other.acts()[0].seed == 7);
}

TEST_CASE("a place that a response does not have is said not to be reached", "[testing][sender]") {
  const auto fired = [](const behavior& how, std::string_view more) {
    served srv(how);
    (void)fetch(srv, "/f", more);
    return srv.journal()[0].fired;
  };
  CHECK(fired(cut(after{3_MiB}), "") == "cut after 3145728 (not reached)");
  CHECK(fired(cut(after{2_MiB}), "") == "cut after 2097152");
  CHECK(fired(cut(offset{5}), "Range: bytes=5-\r\n") == "cut at offset 5 (not reached)");
  CHECK(fired(cut(after{5}), "If-None-Match: \"v1\"\r\n") == "cut after 5 (not reached)");
  CHECK(fired(pause(after{5}, std::chrono::nanoseconds(1)) | flip_bit(3_MiB), "") ==
        "pause after 5 | flip bit at offset 3145728 (not all reached)");
  CHECK(fired(swap_content(pattern(2_MiB, 8), "", after{3_MiB}), "") == "swap content after 3145728 (not reached)");
  CHECK(fired(cut(in_head{5}) | cut(in_head{5000}), "") == "cut in the head at 5 | cut in the head at 5000 (not all reached)");
}

TEST_CASE("a gate and a step that nobody comes to say what they waited for", "[testing][sender]") {
  using std::chrono::milliseconds;
  fake_server srv;
  const gate half, open;
  CHECK(half.reached(milliseconds(1)).text() == "waited 1 ms, and no response waits at the gate");
  open.open();
  CHECK(open.reached(milliseconds(1)).text() == "waited 1 ms, and no response waits at the gate, which has been opened");
  CHECK(half.has_failure());
  CHECK_FALSE(gate().has_failure());

  auto x = srv.expect(get("/f"));
  raw_client client(srv);
  client.send("GET /f HTTP/1.1\r\nHost: t\r\n\r\n");
  REQUIRE(x.wait());
  REQUIRE(x.cut());
  const auto late = x.octets(0, 1);
  CHECK_FALSE(late);
  CHECK_THAT(late.text(), ContainsSubstring("GET /f, expected at sender.cpp:"));
}

TEST_CASE("numbers that mean nothing are refused where they are said", "[testing][sender]") {
  CHECK_THROWS_WITH(flaky(-0.1, 1), ContainsSubstring("flaky: a probability is from 0 to 1"));
  CHECK_THROWS_AS(flaky(1.5, 1), tinyhttp::bad_result);
  CHECK_THROWS_WITH(throttle(0), ContainsSubstring("throttle: 0 octets"));
  CHECK_THROWS_AS(step(0, gate()), tinyhttp::bad_result);
  CHECK_THROWS_AS(tiny_writes(0), tinyhttp::bad_result);
  CHECK_THROWS_AS(chunked(0), tinyhttp::bad_result);
  CHECK_THROWS_WITH(reply(100), ContainsSubstring("noise()"));
}

TEST_CASE("an exchange is driven step by step by the test", "[testing][sender]") {
  fake_server srv;
  srv.file("/f", octets_of_f);
  auto x = srv.expect(get("/f"));
  raw_client client(srv);
  client.send("GET /f HTTP/1.1\r\nHost: t\r\nRange: bytes=10-\r\n\r\n");
  REQUIRE(x.wait());
  CHECK(x.head());
  CHECK(x.octets(0, 1000));
  CHECK(x.octets(1000, 5));
  CHECK(srv.journal()[0].acked == 1005);
  CHECK(x.reset());
  const auto got = client.receive_all();
  CHECK(got.status() == 206);
  CHECK(got.body() == octets_of_f.slice(10, 1005));
  CHECK_FALSE(x.octets(0, 1));
  CHECK(fetch(srv, "/f").status() == 200);  // one request only
}

TEST_CASE("two driven exchanges interleave as the test says", "[testing][sender]") {
  fake_server srv;
  srv.file("/a", text("aaaa"));
  srv.file("/b", text("bbbb"));
  auto a = srv.expect(get("/a"));
  auto b = srv.expect(get("/b"));
  raw_client first(srv), second(srv);
  first.send("GET /a HTTP/1.1\r\nHost: t\r\n\r\n");
  second.send("GET /b HTTP/1.1\r\nHost: t\r\n\r\n");
  CHECK(a.head());
  CHECK(b.head(404));
  CHECK(b.octets(0, 4));
  CHECK(b.cut());
  CHECK(second.receive_all().octets.starts_with("HTTP/1.1 404 Not Found\r\n"));
  CHECK(a.octets(0, 2));
  CHECK(a.rest());
  CHECK(a.finish());
  first.send("GET /a HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n");
  const auto both = first.receive_all().octets;
  CHECK_THAT(both, ContainsSubstring("aaaaHTTP/1.1 200 OK"));
}
