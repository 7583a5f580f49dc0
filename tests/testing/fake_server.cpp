// tests/testing/fake_server.cpp -- tests testing/fake_server.hpp: files, rules, the port, the end.
#include "support.hpp"

#include "allocations.hpp"
#include "catch.hpp"
#include "folder.hpp"
#include "skip.hpp"

#include <tinyhttp/testing/fake_server.hpp>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace tinyhttp::testing;
using testing_support::fetch;
using testing_support::may_fork;
using testing_support::raw_client;
using testing_support::talk;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::EndsWith;

TEST_CASE("a file is served whole, by parts, conditionally and by its head alone", "[testing][fake_server]") {
  fake_server srv;
  const content firmware = pattern(3_MiB, 7);
  srv.file("/fw.img", firmware).etag("\"v1\"").type("application/x-firmware");

  const auto whole = fetch(srv, "/fw.img");
  CHECK(whole.status() == 200);
  CHECK(whole.body().size() == 3_MiB);
  CHECK(firmware.matches(whole.body()));
  CHECK_THAT(whole.head(), ContainsSubstring("Content-Type: application/x-firmware\r\n"));
  CHECK_THAT(whole.head(), ContainsSubstring("ETag: \"v1\"\r\n"));
  CHECK_THAT(whole.head(), ContainsSubstring("Accept-Ranges: bytes\r\n"));

  const auto part = fetch(srv, "/fw.img", "Range: bytes=1000-1999\r\n");
  CHECK(part.status() == 206);
  CHECK(part.body() == firmware.slice(1000, 1000));
  CHECK_THAT(part.head(), ContainsSubstring("Content-Range: bytes 1000-1999/3145728\r\n"));

  CHECK(fetch(srv, "/fw.img", "Range: bytes=5-\r\nIf-Range: \"v0\"\r\n").status() == 200);
  CHECK(fetch(srv, "/fw.img", "Range: bytes=5-9\r\nIf-Range: \"v1\"\r\n").body() == firmware.slice(5, 5));
  CHECK(fetch(srv, "/fw.img", "If-None-Match: \"v1\"\r\n").status() == 304);
  const auto outside = fetch(srv, "/fw.img", "Range: bytes=3145728-\r\n");
  CHECK(outside.status() == 416);
  CHECK_THAT(outside.head(), ContainsSubstring("Content-Range: bytes */3145728\r\n"));

  const auto head_only = talk(srv, "HEAD /fw.img HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n");
  CHECK_THAT(head_only.head(), ContainsSubstring("Content-Length: 3145728\r\n"));
  CHECK(head_only.body().empty());

  const auto several = fetch(srv, "/fw.img", "Range: bytes=0-3,10-13\r\n");
  CHECK_THAT(several.head(), ContainsSubstring("multipart/byteranges"));
  CHECK_THAT(several.body(), ContainsSubstring(firmware.slice(10, 4)));
  CHECK(srv.saw(get("/fw.img").with("Range")).exactly(5));
  CHECK(srv.saw(head("/fw.img")).once());
  CHECK(srv.quiet());
}

TEST_CASE("ten gigabytes cost neither memory nor disk", "[testing][fake_server]") {
  fake_server srv;
  srv.file("/huge", pattern(10 * 1_GiB, 3));
  const auto part = fetch(srv, "/huge", "Range: bytes=10000000000-10000000099\r\n");
  CHECK(part.body() == pattern(10 * 1_GiB, 3).slice(10'000'000'000, 100));
  CHECK_THAT(part.head(), ContainsSubstring("/10737418240\r\n"));
}

TEST_CASE("validators, types and fields are as they were told, or absent", "[testing][fake_server]") {
  fake_server srv;
  srv.file("/a.txt", text("a")).no_validators().header("X-Note", "1");
  srv.file("/b", text("b")).modified(0).no_etag();
  srv.file("/c", text("c")).etag("W/\"weak\"");
  const auto a = fetch(srv, "/a.txt").head();
  CHECK_THAT(a, !ContainsSubstring("ETag") && !ContainsSubstring("Last-Modified"));
  CHECK_THAT(a, ContainsSubstring("X-Note: 1\r\n") && ContainsSubstring("Content-Type: text/plain"));
  const auto b = fetch(srv, "/b").head();
  CHECK_THAT(b, ContainsSubstring("Last-Modified: Thu, 01 Jan 1970 00:00:00 GMT\r\n") && !ContainsSubstring("ETag"));
  CHECK(fetch(srv, "/c", "Range: bytes=0-0\r\nIf-Range: W/\"weak\"\r\n").status() == 200);
}

TEST_CASE("a server that has run out of descriptors and of memory at once goes on accepting", "[testing][fake_server]") {
  if (!allocations_are_counted()) return;
  struct : tinyhttp::net::fault_injector {
    tinyhttp::net::fault before(tinyhttp::net::system_call which, int) noexcept override {
      if (which != tinyhttp::net::system_call::accept || failed.exchange(true)) return {};
      fail_allocation_after(0);
      return {EMFILE};
    }
    std::atomic<bool> failed{false};
  } none_left;
  fake_server srv;
  tinyhttp::net::os::injector.store(&none_left);
  raw_client client(srv);
  const auto deadline = std::chrono::steady_clock::now() + patience();
  while (!allocation_has_failed() && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  CHECK(allocation_has_failed());
  fail_allocation_after(-1);
  tinyhttp::net::os::injector.store(nullptr);
  client.send("GET / HTTP/1.1\r\nHost: t\r\n\r\n");
  ::pollfd answer{client.socket().native(), POLLIN, 0};
  CHECK(::poll(&answer, 1, static_cast<int>(patience().count())) == 1);
}

TEST_CASE("a directory is served beside files from memory, the longest mount first", "[testing][fake_server]") {
  const scratch::folder folder;
  folder.write("x.txt", "from disk");
  {
    fake_server srv;
    srv.mount("/repo", folder.path());
    srv.file("/repo/y.txt", text("from memory"));
    CHECK(fetch(srv, "/repo/x.txt").body() == "from disk");
    CHECK(fetch(srv, "/repo/x.txt", "Range: bytes=5-\r\n").body() == "disk");
    CHECK(fetch(srv, "/repo/y.txt").body() == "from memory");
    CHECK(fetch(srv, "/repository").status() == 404);
    CHECK_THROWS_AS(srv.mount("/no", folder / "absent"), tinyhttp::bad_result);
  }
}

TEST_CASE("the last rule that matches prevails, and one whose script is over steps aside", "[testing][fake_server]") {
  fake_server srv;
  srv.file("/x", text("file"));
  srv.on("/x", reply(500));
  srv.on("/x", reply(503).retry_after(std::chrono::seconds(7)).times(1));
  const auto first = fetch(srv, "/x");
  CHECK(first.status() == 503);
  CHECK_THAT(first.head(), ContainsSubstring("Retry-After: 7\r\n"));
  CHECK(fetch(srv, "/x").status() == 500);
  srv.on("/*", serve());
  CHECK(fetch(srv, "/x").body() == "file");
  srv.forget_rules();
  CHECK(fetch(srv, "/x").body() == "file");
}

TEST_CASE("a lambda decides for each request, and what it throws is a 500 and no quiet", "[testing][fake_server]") {
  fake_server srv;
  srv.file("/x", text("x"));
  srv.on("/x", [](const exchange& x) -> behavior {
    if (x.header("X-Throw") == "1") throw std::runtime_error("as told");
    return x.header("Range").empty() ? reply(400, "a range, please") : serve();
  });
  CHECK(fetch(srv, "/x").body() == "a range, please");
  CHECK(fetch(srv, "/x", "Range: bytes=0-0\r\n").status() == 206);
  CHECK(srv.quiet());
  CHECK(fetch(srv, "/x", "X-Throw: 1\r\n").status() == 500);
  const auto loud = srv.quiet();
  CHECK_FALSE(loud);
  CHECK_THAT(loud.text(), ContainsSubstring("threw: as told      (the rule at fake_server.cpp:"));
  srv.on("/x", [](const exchange&) { return reply(503).times(1).then(serve()); });
  CHECK(fetch(srv, "/x").status() == 500);  // of which only the first entry would ever count
  CHECK(srv.journal().back().thrown == "a lambda gives one answer, not a script: reply 503 x1, then serve");
}

TEST_CASE("a broken quiet names the rule that is for the path, and why it did not answer", "[testing][fake_server]") {
  fake_server srv;
  srv.on(post("/todos"), reply(201));
  srv.on("/busy", reply(503).times(1));
  for (const auto* path : {"/busy", "/busy", "/todos", "/other"}) (void)fetch(srv, path);

  const auto loud = srv.quiet();
  CHECK_FALSE(loud);
  CHECK_THAT(loud.text(), ContainsSubstring(" is for POST /todos: its method is GET\n"));
  CHECK_THAT(loud.text(), ContainsSubstring(" is for any request for /busy: its script is over\n"));
  CHECK_THAT(loud.text(), ContainsSubstring("the rule at fake_server.cpp:"));
  CHECK_THAT(loud.text(), EndsWith("GET /other  404  14/14 acked  serve  FIN\n"));
}

TEST_CASE("a broken quiet names the file that is nearly meant, or what a file answers", "[testing][fake_server]") {
  fake_server srv;
  srv.file("/fw.img", text("x"));
  srv.file("/other/fw.bin", text("x"));
  CHECK(fetch(srv, "/fw.imgg").status() == 404);
  CHECK_THAT(srv.quiet().text(), EndsWith("FIN\n     the nearest path that has a file: /fw.img\n"));
  srv.tolerate(get("/fw.imgg"));
  CHECK(fetch(srv, "/").status() == 404);
  CHECK_THAT(srv.quiet().text(), EndsWith("GET /  404  14/14 acked  serve  FIN\n"));
  srv.tolerate(get("/"));
  CHECK(talk(srv, "PUT /fw.img HTTP/1.1\r\nHost: t\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx").status() == 405);
  CHECK_THAT(srv.quiet().text(), EndsWith("     a file answers GET and HEAD; for others there are rules\n"));
}

TEST_CASE("a rule that nobody met, and a script that did not come to its end, can be asked for", "[testing][fake_server]") {
  fake_server srv;
  CHECK(srv.all_played());
  srv.file("/x", text("x"));
  srv.on("/x", reply(503).times(2).then(serve()));
  srv.on("/y", cut(after{0}).times(1));
  srv.on("/z", serve().times(0));
  CHECK(fetch(srv, "/x").status() == 503);
  CHECK_THAT(srv.all_played().text(), ContainsSubstring(" for any request for /x: reply 503 x2, then serve, met 1 of 3 times\n") &&
                                          ContainsSubstring(" for any request for /y: cut after 0 x1, met 0 of 1 times\n") &&
                                          ContainsSubstring("journal (1 exchange"));
  for (int i = 0; i < 3; ++i) (void)fetch(srv, "/x");
  (void)fetch(srv, "/y");
  CHECK(srv.all_played());
}

TEST_CASE("a target as proxies are asked meets the rules of its path", "[testing][fake_server][rfc9112-3.2.2]") {
  fake_server srv;
  srv.file("/x", text("hello"));
  srv.on("/x?v=2", reply(503));
  srv.on(get("http://other.example/x"), reply(502));
  const auto status = [&](const std::string& target) {
    return srv.call("GET " + target + " HTTP/1.1\r\nHost: t\r\n\r\n").substr(9, 3);
  };

  CHECK(status("http://one.example/x") == "200");
  CHECK(status("http://one.example/x?v=2") == "503");
  CHECK(status("http://other.example/x?v=3") == "502");
  CHECK(status("http://one.example?v=2") == "404");
  CHECK(srv.saw(get("/x")).exactly(3));
  CHECK(srv.saw(get("http://one.example/*")).exactly(2));
  CHECK(srv.saw(get("http://*/x?v=3")).once());
  CHECK(srv.journal()[1].path() == "/x");
  CHECK(srv.journal()[1].path_and_query() == "/x?v=2");
}

TEST_CASE("a body that breaks its framing is answered with 400, and written down", "[testing][fake_server]") {
  fake_server srv;
  CHECK(srv.call("POST /x HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n0x5\r\nhello\r\n0\r\n\r\n")
            .starts_with("HTTP/1.1 400 Bad Request\r\n"));
  CHECK(srv.journal().at(0).target == "/x");
  CHECK(srv.journal().at(0).status == 400);
  CHECK_FALSE(srv.journal().at(0).failure.empty());
}

TEST_CASE("a rule and a question can be for a body", "[testing][fake_server]") {
  fake_server srv;
  srv.on(patch("/todos/7").with_body("*\"milk\"*"), reply(200));
  srv.on(delete_("/todos/*"), reply(204));
  const auto status = [&](const std::string& method, const std::string& body) {
    return srv.call(method + " /todos/7 HTTP/1.1\r\nHost: t\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body)
        .substr(9, 3);
  };

  CHECK(status("PATCH", "{\"title\":\"milk\"}") == "200");
  CHECK(status("PATCH", "{\"title\":\"bread\"}") == "404");
  CHECK(status("DELETE", "") == "204");
  CHECK(srv.saw(patch("/todos/7").with_body("{\"title\":\"bread\"}")).once());
  const auto no = srv.saw(patch("/todos/7").with("Host").with_body("{}")).once();
  CHECK_FALSE(no);
  CHECK_THAT(no.text(), ContainsSubstring("PATCH /todos/7 with Host: *, body {}"));
  CHECK_THAT(no.text(), ContainsSubstring("its body is {\"title\":\"milk\"}"));
}

TEST_CASE("what nothing was declared for is a 404 that breaks the quiet, unless tolerated", "[testing][fake_server]") {
  fake_server srv;
  CHECK(fetch(srv, "/probe.tfw").status() == 404);
  CHECK_FALSE(srv.quiet());
  srv.tolerate(any("/probe.*"));
  CHECK(srv.quiet());
}

TEST_CASE("a refused port stays ours, and comes back as often as it is told to", "[testing][fake_server]") {
  fake_server srv;
  srv.file("/x", text("x"));
  raw_client open(srv);  // a connection that is open all the while
  const auto at = *tinyhttp::net::address::parse("127.0.0.1", srv.port());
  for (int cycle = 0; cycle < 200; ++cycle) {
    srv.refuse();
    auto probe = tinyhttp::net::socket::open(AF_INET).value();
    REQUIRE_FALSE(probe.connect(at));
    if (cycle == 0) REQUIRE_FALSE(tinyhttp::net::listener::bind({.port = srv.port(), .reuse_address = false}));
    srv.accept();
    REQUIRE(fetch(srv, "/x").body() == "x");
  }
}

TEST_CASE("a black hole neither accepts nor refuses", "[testing][fake_server]") {
  fake_server srv;
  srv.file("/x", text("x"));
  srv.blackhole();
  auto probe = tinyhttp::net::socket::open(AF_INET, true).value();
  const auto at = *tinyhttp::net::address::parse("127.0.0.1", srv.port());
  CHECK(tinyhttp::net::os::connect(probe.native(), at.native(), at.native_size()) == -EINPROGRESS);
  srv.accept();
  CHECK(fetch(srv, "/x").body() == "x");
}

TEST_CASE("connections are hung up on before their request is read", "[testing][fake_server]") {
  fake_server srv;
  srv.file("/x", text("x"));
  srv.hang_up(1);
  raw_client first(srv);
  CHECK(first.receive_all().octets.empty());
  CHECK(fetch(srv, "/x").body() == "x");
  CHECK(srv.journal().size() == 1);
}

TEST_CASE("connections are ignored: accepted, never read from, never answered", "[testing][fake_server]") {
  fake_server srv;
  srv.file("/x", text("x"));
  srv.ignore_connections(1);
  raw_client first(srv);
  first.send("GET /x HTTP/1.1\r\nHost: t\r\n\r\n");
  CHECK(fetch(srv, "/x").body() == "x");  // the second is served
  CHECK(srv.journal().size() == 1);
  srv.drop_connections();
  CHECK_THAT(first.receive_all().error, ContainsSubstring("reset"));
}

TEST_CASE("a lambda may drop the connections, its own among them", "[testing][fake_server]") {
  fake_server srv;
  srv.file("/x", text("x")).etag("\"v\"");
  srv.on(any("/drop"), [&](const exchange&) -> behavior {
    srv.drop_connections();
    return reply(200, std::string(100'000, 'd')) | stall(after{10});
  });
  raw_client first(srv);
  first.send("GET /drop HTTP/1.1\r\nHost: t\r\n\r\n");
  CHECK_THAT(first.receive_all().error, ContainsSubstring("reset"));
  CHECK(fetch(srv, "/x").body() == "x");
  CHECK(srv.saw(get("/drop")).once());
}

TEST_CASE("an answer whose body is a stream comes whole each time, or is a 500 that tells", "[testing][fake_server]") {
  fake_server srv;
  const auto pulled = [](bool fails) {
    return tinyhttp::stream_body([fails, left = 3]() mutable -> tinyhttp::result<std::string> {
      if (left == 0 && fails) return tinyhttp::error(tinyhttp::error_kind::io, "the source broke");
      return std::string(left-- > 0 ? "x" : "");
    });
  };
  srv.on("/s", reply(tinyhttp::response(200, {}, pulled(false))));
  CHECK(fetch(srv, "/s").body() == "xxx");
  CHECK(fetch(srv, "/s").body() == "xxx");
  CHECK_THROWS_AS(reply(tinyhttp::response(200, {}, pulled(true))), tinyhttp::bad_result);
  CHECK(srv.quiet());
  act broken{.what = act::kind::reply, .chosen = true, .name = "broken"};
  broken.answer = tinyhttp::response(200, {}, pulled(true));
  srv.on("/b", behavior(std::move(broken)));
  CHECK(fetch(srv, "/b").status() == 500);
  CHECK_THAT(srv.quiet().text(), ContainsSubstring("threw: the source broke"));
}

TEST_CASE("a fault may be for the second connection alone", "[testing][fake_server]") {
  fake_server srv;
  srv.file("/x", text("x"));
  srv.on(any("/x").on_connection(2), reply(500));
  CHECK(fetch(srv, "/x").status() == 200);
  CHECK(fetch(srv, "/x").status() == 500);
  CHECK(fetch(srv, "/x").status() == 200);
  CHECK_THAT(srv.saw(get("/x").on_connection(4)).once().text(),
             ContainsSubstring("1 x GET /x where the connection is number 4, saw 0"));
}

TEST_CASE("a content knows its checksum", "[testing][fake_server]") {
  CHECK(text("abc").sha256() == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{65'535}, std::size_t{65'536}, std::size_t{100'000}})
    CHECK(pattern(size, 7).sha256() == sha256(pattern(size, 7).octets()));
}

TEST_CASE("a checksum is that of all pieces, however they are cut, and never asks for all of a content at once", "[testing][fake_server]") {
  const std::string all = pattern(300, 1).octets();
  for (std::size_t size = 0; size <= all.size(); size += size < 130 ? 1 : 17)
    for (const std::size_t piece : {1u, 7u, 63u, 64u, 65u, 128u, 300u}) {
      sha256_sum sum;
      for (std::size_t at = 0; at < size; at += piece) sum.add(std::string_view(all).substr(at, at + piece < size ? piece : size - at));
      INFO(size << " octets in pieces of " << piece);
      CHECK(sum.hex() == sha256(all.substr(0, size)));
    }
  struct watched final : tinyhttp::content_source {
    tinyhttp::result<std::size_t> read_at(std::uint64_t, std::span<char> room) const override {
      most = room.size() > most ? room.size() : most;
      for (char& each : room) each = 'a';
      return room.size();
    }
    mutable std::size_t most = 0;
  };
  const auto source = std::make_shared<const watched>();
  CHECK(content(source, 1'000'000, 1).sha256() == sha256(std::string(1'000'000, 'a')));
  CHECK(source->most == 65'536);
}

TEST_CASE("chunked bodies have trailers, and an end even if they are empty", "[testing][fake_server]") {
  fake_server srv;
  srv.file("/f", text("hello"));
  srv.file("/empty", text(""));
  srv.on("/f", (chunked(3) | trailer("X-Sum", "5") | trailer("X-More", "")).times(1).then(trailer("X-Sum", "5"))
                   .then(chunked(3, chunk_fault::no_last) | trailer("X-Sum", "5")));
  srv.on("/empty", chunked(3));
  CHECK(fetch(srv, "/f").body() == "3\r\nhel\r\n2\r\nlo\r\n0\r\nX-Sum: 5\r\nX-More: \r\n\r\n");
  const auto alone = fetch(srv, "/f");
  CHECK(alone.body() == "5\r\nhello\r\n0\r\nX-Sum: 5\r\n\r\n");
  CHECK_THAT(alone.head(), ContainsSubstring("\r\nTransfer-Encoding: chunked\r\n") && !ContainsSubstring("Content-Length"));
  CHECK(fetch(srv, "/f").body() == "3\r\nhel\r\n2\r\nlo\r\n");
  CHECK(fetch(srv, "/empty").body() == "0\r\n\r\n");
  CHECK(srv.journal()[1].fired == "trailer X-Sum");
  srv.on("/none", reply(204) | trailer("X-Sum", "5"));
  CHECK_THAT(fetch(srv, "/none").octets, !ContainsSubstring("chunked") && EndsWith("\r\n\r\n"));
  CHECK_THAT(talk(srv, "HEAD /empty HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n").octets, EndsWith("\r\n\r\n") && !EndsWith("0\r\n\r\n"));
}

TEST_CASE("requests are asked for in their order, whatever came between", "[testing][fake_server]") {
  fake_server srv;
  srv.file("/sums", text("s"));
  srv.file("/f", text("f"));
  for (const auto* path : {"/sums", "/sums", "/f"}) (void)fetch(srv, path);
  CHECK(srv.saw_in_order({get("/sums"), get("/f")}));
  CHECK(srv.saw_in_order({get("/sums"), get("/sums"), get("/f")}));
  CHECK(srv.saw_in_order({}));
  const auto wrong = srv.saw_in_order({get("/f"), get("/sums")});
  CHECK_FALSE(wrong);
  CHECK_THAT(wrong.text(), ContainsSubstring("expected GET /sums behind GET /f (#3), saw none\njournal (3 exchanges"));
  CHECK_THAT(srv.saw_in_order({get("/none")}).text(), ContainsSubstring("expected GET /none, saw none\n"));
}

TEST_CASE("a content says where octets are not its own, and a part of it is not all", "[testing][fake_server]") {
  const content right = text("0123456789");
  CHECK(right.matches("0123456789"));
  CHECK(right.matches("345", 3));
  CHECK(right.matches("012").text() == "3 octets of 10, all of them right");
  CHECK_FALSE(right.matches("012"));
  CHECK(right.matches("").text() == "0 octets of 10");
  CHECK(text("").matches(""));
  CHECK(right.matches("01234x6789").text() == "10 octets of 10, of which the first 5 are right; then comes 0x78 in place of 0x35");
  CHECK(right.matches("0123456789a").text() == "11 octets of 10, of which the first 10 are right; then comes 0x61 behind the end");
  CHECK_FALSE(right.matches("89a", 8));
  auto big = pattern(200'000, 1).octets();
  CHECK(pattern(200'000, 1).matches(big));
  big[150'000] = static_cast<char>(big[150'000] ^ 1);
  CHECK_THAT(pattern(200'000, 1).matches(big).text(), ContainsSubstring("the first 150000 are right"));
}

TEST_CASE("ending does not wait for a client that keeps its connection", "[testing][fake_server]") {
  auto srv = std::make_unique<fake_server>();
  srv->file("/x", text("x"));
  raw_client kept(*srv);
  kept.send("GET /x HTTP/1.1\r\nHost: t\r\n\r\n");
  CHECK_THAT(kept.receive(15), ContainsSubstring("200"));
  CHECK(srv->open_connections() == 1);
  srv.reset();
  CHECK(kept.receive_all().octets.ends_with("x"));
}

#if defined(__cpp_lib_jthread)  // libc++ came to it late
TEST_CASE("a test that ends early does not wait for what it holds", "[testing][fake_server]") {
  std::string got;
  const auto test = [&] {
    std::jthread job;
    fake_server srv;
    const gate half;
    srv.file("/x", pattern(1000));
    srv.on("/x", hold(after{500}, half));
    job = std::jthread([&got, client = raw_client(srv)]() mutable {
      client.send("GET /x HTTP/1.1\r\nHost: t\r\n\r\n");
      got = client.receive_all().octets;
    });
    if (half.reached()) throw std::runtime_error("as a framework does");
  };
  CHECK_THROWS_AS(test(), std::runtime_error);
  CHECK(got.ends_with(pattern(1000).octets().substr(0, 500)));
}
#endif

TEST_CASE("the report of a server that ends says what has arrived by then", "[testing][fake_server]") {
  std::FILE* const report = std::tmpfile();
  REQUIRE(report != nullptr);
  const int before = ::dup(STDERR_FILENO);
  auto srv = std::make_unique<fake_server>();
  const gate half;
  srv->file("/x", pattern(1000));
  srv->on("/x", hold(after{500}, half));
  raw_client client(*srv);
  client.send("GET /x HTTP/1.1\r\nHost: t\r\n\r\n");
  CHECK(half.reached());
  CHECK_FALSE(srv->wait_for(get("/none"), 1, std::chrono::milliseconds(1)));  // so there is a report
  ::dup2(::fileno(report), STDERR_FILENO);
  srv.reset();
  ::dup2(before, STDERR_FILENO);
  ::close(before);
  std::string text(4096, '\0');
  std::rewind(report);
  text.resize(std::fread(text.data(), 1, text.size(), report));
  std::fclose(report);
  CHECK_THAT(text, ContainsSubstring("500/1000 acked  hold after 500  running"));
}

TEST_CASE("a child of fork that destroys a server leaves it to its parent", "[testing][fake_server]") {
  if (!may_fork) return skip("a process of a sanitizer may hang when it forks");
  auto srv = std::make_unique<fake_server>();
  auto local = std::make_unique<fake_server>(unix_socket);
  srv->file("/x", text("x"));
  const pid_t child = ::fork();
  if (child == 0) {
    srv.reset();
    local.reset();
    ::_exit(0);
  }
  int status = -1;
  CHECK(::waitpid(child, &status, 0) == child);
  CHECK(status == 0);
  raw_client client(*srv);
  client.send("GET /x HTTP/1.1\r\nHost: t\r\n\r\n");
  CHECK(srv->wait_for(get("/x")));
  CHECK(::access(local->unix_path().c_str(), F_OK) == 0);
}

TEST_CASE("a thousand fixtures in one process leave nothing behind", "[testing][fake_server]") {
  std::size_t served = 0;
  for (int i = 0; i < 1000; ++i) {
    fake_server srv;
    srv.file("/x", text("x"));
    served += fetch(srv, "/x").body() == "x" ? 1u : 0u;
  }
  CHECK(served == 1000);
  std::vector<std::unique_ptr<fake_server>> at_once;
  for (int i = 0; i < 64; ++i) at_once.push_back(std::make_unique<fake_server>());
  CHECK(at_once.front()->port() != at_once.back()->port());
}

TEST_CASE("rules, files and the journal may be used by many threads at once", "[testing][fake_server]") {
  fake_server srv;
  srv.file("/x", text("x"));
  std::vector<std::thread> all;
  for (int t = 0; t < 4; ++t) {
    all.emplace_back([&srv, t] {
      for (int i = 0; i < 25; ++i) {
        if (t == 0) srv.file("/x", text(i % 2 == 0 ? "x" : "y"));
        if (t == 1) srv.on("/other", reply(503));
        (void)fetch(srv, "/x");
        (void)srv.journal();
      }
    });
  }
  for (auto& each : all) each.join();
  CHECK(srv.saw(get("/x")).exactly(100));
}

TEST_CASE("octets in and octets out without a socket, faults named at the end", "[testing][fake_server]") {
  fake_server srv;
  srv.file("/x", text("hello"));
  const std::string asked = "GET /x HTTP/1.1\r\nHost: t\r\n\r\n";
  CHECK(srv.call(asked).substr(0, 15) == "HTTP/1.1 200 OK");
  CHECK_THAT(srv.call(asked + asked), ContainsSubstring("helloHTTP/1.1 200 OK"));
  srv.on("/x", cut(after{2}).times(1).then(reset(after{1}) | tiny_writes()).times(1).then(stall(before_head)));
  CHECK_THAT(srv.call(asked), Catch::Matchers::EndsWith("\r\n\r\nhe[cut]"));
  CHECK_THAT(srv.call(asked), Catch::Matchers::EndsWith("\r\n\r\nh[reset]"));
  CHECK(srv.call(asked) == "[stall]");
  CHECK(srv.call("GET /x HTTP/1.1\r\n\r\n").substr(0, 12) == "HTTP/1.1 400");
  CHECK(srv.saw(get("/x")).exactly(6));
}

TEST_CASE("IPv6 and Unix-domain sockets are one word", "[testing][fake_server]") {
  fake_server local{unix_socket};
  local.file("/x", text("over a file"));
  auto client = tinyhttp::net::socket::open(AF_UNIX).value();
  client.connect(tinyhttp::net::address::unix_domain(local.unix_path()).value()).value();
  client.send_all("GET /x HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n").value();
  std::string got(4096, '\0');
  got.resize(client.receive(got).value());
  CHECK(got.ends_with("over a file"));
  if (tinyhttp::net::listener::bind({.host = "::1"})) {  // not every machine has it
    fake_server six{ipv6};
    CHECK(six.url("/x").starts_with("http://[::1]:"));
  }
}

TEST_CASE("a file can be declared for one query, beside that of the path", "[testing][fake_server]") {
  fake_server srv;
  srv.file("/a b?v=1", text("one"));
  CHECK(fetch(srv, "/a%20b").status() == 404);
  srv.file("/a b", text("any"));
  CHECK(fetch(srv, "/a%20b?v=1").body() == "one");
  CHECK(fetch(srv, "/a%20b?v=2").body() == "any");
  CHECK(fetch(srv, "/a%20b").body() == "any");
  CHECK_FALSE(srv.quiet());
}

TEST_CASE("content is swapped under the name that was declared, however the client escapes it", "[testing][fake_server]") {
  fake_server srv;
  srv.file("/a b", text("old"));
  srv.on("/a b", swap_content(text("new")));
  CHECK(fetch(srv, "/a%20b").body() == "new");
  CHECK(srv.quiet());
}

TEST_CASE("a behaviour for zero requests answers none", "[testing][fake_server]") {
  fake_server srv;
  srv.file("/x", text("whole"));
  for (const std::size_t failures : {0u, 1u}) {
    srv.forget_rules();
    srv.on("/x", reply(503).times(failures).then(serve()));
    CHECK(fetch(srv, "/x").status() == (failures == 0 ? 200 : 503));
    CHECK(fetch(srv, "/x").status() == 200);
  }
}

TEST_CASE("a URL of the server's is one, whatever the path holds", "[testing][fake_server]") {
  fake_server srv;
  srv.file("/a b\xc3\xa4", text("here"));
  CHECK(srv.url("/a b\xc3\xa4?c d#") == srv.url() + "a%20b%C3%A4?c%20d%23");
  CHECK(srv.url("/100%/%41?a=1&b=?") == srv.url() + "100%25/%41?a=1&b=?");
  CHECK(fetch(srv, srv.url("/a b\xc3\xa4").substr(srv.url().size() - 1)).body() == "here");
  CHECK(srv.saw(get("/a b\xc3\xa4")).once());
}

TEST_CASE("what cannot be asked for is refused where it is declared", "[testing][fake_server]") {
  fake_server srv;
  const auto refusal = [](auto declare) -> std::string {
    try {
      declare();
      return "none";
    } catch (const tinyhttp::bad_result& why) {
      return why.what();
    }
  };
  CHECK(refusal([&] { srv.file("fw.img", text("x")); }) == "fake_server: path \"fw.img\" does not begin with /");
  CHECK(refusal([&] { srv.mount("repo", "."); }) == "fake_server: path \"repo\" does not begin with /");
  CHECK(refusal([&] { (void)srv.url("fw.img"); }) == "fake_server: path \"fw.img\" does not begin with /");
  CHECK(refusal([&] { (void)srv.url(""); }) == "none");
  CHECK(refusal([&] { srv.on("fw.img", reply(404)); }) == "path \"fw.img\" does not begin with / or *");
  CHECK(refusal([&] { (void)srv.saw(get("")); }) == "path \"\" does not begin with / or *");
  CHECK(refusal([&] { srv.file("/x", text("x")).etag("v1"); }) == "etag(v1): quotes belong to it, as in etag(\"\\\"v1\\\"\")");
  CHECK(refusal([&] { srv.file("/x", text("x")).etag("W/\"v1\"").etag("").header("ETag", "v1"); }) == "none");
  CHECK(refusal([&] { srv.file("/x", on_disk(".")); }) == "fake file \".\": not a regular file");
  CHECK_THAT(refusal([&] { srv.file("/x", on_disk("none/such")); }), ContainsSubstring("no such file"));
  CHECK(refusal([&] { srv.on(matcher("get", "/x"), reply(404)); }) == "method \"get\": capitals count, GET is meant");
  CHECK(refusal([&] { srv.on(matcher("GET ", "/x"), reply(404)); }) == "method \"GET \" is no token, such as GET");
  CHECK(refusal([] { (void)matcher("purge", "/x"); }) == "none");  // of one's own, it may be
  CHECK(refusal([] { (void)get("/x").with("Range:", "bytes=5-"); }) == "\"Range:\" is no name of a field, such as Range");
  CHECK(refusal([] { (void)get("/x").without(""); }) == "\"\" is no name of a field, such as Range");
  CHECK(refusal([] { (void)flaky(0.5, 1, cut(after{1}).then(serve())); }) == "flaky: the fault is one answer, not a script: cut after 1 x1, then serve");
  CHECK(refusal([&] { (void)flip_bit(in_request{1}); }) == "flip_bit: in_request{n} is no place of a response");
  CHECK(refusal([&] { (void)swap_content(text("x"), "\"v\"", in_request{1}); }) == "swap_content: in_request{n} is no place of a response");
  CHECK(refusal([&] { srv.on_handshake(cut(in_request{1})); }) == "fake server: not for handshakes: cut in the request at 1");
}

namespace {

/// The head of a PUT of so many octets.
std::string put_head(std::size_t octets, const std::string& more = {}) {
  return "PUT /u HTTP/1.1\r\nHost: t\r\nConnection: close\r\nContent-Length: " + std::to_string(octets) + "\r\n" + more + "\r\n";
}

}  // namespace

TEST_CASE("an upload is refused, broken off or held while its body comes", "[testing][fake_server]") {
  const std::string part = put_head(100'000) + std::string(1500, 'x');
  fake_server srv;
  SECTION("in place of the 100 that it waits for") {
    srv.on(put("/u"), reply(413) | early());
    raw_client client(srv);
    client.send(put_head(100'000, "Expect: 100-continue\r\n"));
    CHECK(client.receive(12) == "HTTP/1.1 413");
    CHECK(client.receive_all().error.empty());  // and then an end
    CHECK_THAT(srv.journal()[0].line(), ContainsSubstring("413") && ContainsSubstring("reply 413 | early in the request at 0  FIN"));
  }
  SECTION("by an answer in the middle, behind the 100") {
    srv.on(put("/u"), reply(413) | early(1000));
    raw_client client(srv);
    client.send(put_head(100'000, "Expect: 100-continue\r\n"));
    CHECK(client.receive(25) == "HTTP/1.1 100 Continue\r\n\r\n");
    client.send(std::string(1500, 'x'));
    CHECK(client.receive(12) == "HTTP/1.1 413");
    const auto seen = srv.journal()[0];
    CHECK(seen.body_size == 1500);
    CHECK_FALSE(seen.whole_body);
  }
  SECTION("by a reset, and by an end in order") {
    srv.on(put("/u"), reset(in_request{1000}).times(1).then(cut(in_request{1000})));
    CHECK_FALSE(talk(srv, part).error.empty());
    const auto ended = talk(srv, part);
    CHECK(ended.error.empty());
    CHECK(ended.octets.empty());
    CHECK(srv.all_played());
    CHECK(srv.quiet());
    CHECK(srv.journal()[0].end == ending::reset);
    CHECK(srv.journal()[1].end == ending::fin);
  }
  SECTION("by a gate, and then once more, in the order of their places") {
    const gate later, first;
    srv.on(put("/u"), reply(201) | hold(in_request{50'000}, later) | hold(in_request{1000}, first));
    raw_client client(srv);
    client.send(part);
    CHECK(first.reached());
    client.send(std::string(98'500, 'y'));
    first.open();
    CHECK(later.reached());
    later.open();
    CHECK(client.receive_all().status() == 201);
    CHECK(srv.journal()[0].body_size == 100'000);
    CHECK(srv.journal()[0].whole_body);
  }
  SECTION("until the client leaves") {
    srv.on(put("/u"), stall(in_request{0}));
    {
      raw_client client(srv);
      client.send(part);
    }
    CHECK(srv.wait_for_end(put("/u")));
    CHECK(srv.journal()[0].end == ending::client_left);
  }
  SECTION("by the rule that its head meets, of several") {
    srv.on(put("/u"), reply(413) | early());
    srv.on(put("/u").with("X-Small"), reply(201));
    srv.on(put("/u").with_body("abc"), reply(507));  // at its head it has no body yet
    CHECK(talk(srv, put_head(3) + "abc").status() == 413);
    CHECK(talk(srv, put_head(3, "X-Small: 1\r\n") + "abc").status() == 507);
  }
}

TEST_CASE("what is said of a request's body happens, or the journal says that it did not", "[testing][fake_server]") {
  fake_server srv;
  srv.on(put("/u"), (reply(201) | early(1000)).times(1)
                        .then(flaky(1, 7, reset(in_request{2}))).then(flaky(0, 7, reset(in_request{2})))
                        .then([](const exchange&) { return reply(201) | early(1); }));
  CHECK(talk(srv, put_head(3) + "abc").status() == 201);
  CHECK_FALSE(talk(srv, put_head(3) + "abc").error.empty());
  CHECK(talk(srv, put_head(3) + "abc").status() == 404);  // served: there is no such file
  CHECK(talk(srv, put_head(3) + "abc").status() == 201);
  const auto all = srv.journal();
  CHECK(all[0].fired == "reply 201 | early in the request at 1000 (not reached)");
  CHECK_THAT(all[1].fired, ContainsSubstring("replay: flaky(1, 0x7) request 2 | reset in the request at 2") && !ContainsSubstring("not"));
  CHECK(all[1].end == ending::reset);
  CHECK(all[2].fired == "replay: flaky(0, 0x7) request 3");
  CHECK(all[3].fired == "lambda | reply 201 | early in the request at 1 (not reached)");
  CHECK(srv.call("GET /none HTTP/1.1\r\nHost: t\r\n\r\n").starts_with("HTTP/1.1 404"));
  srv.on(any().where([](const exchange&) -> bool { throw std::runtime_error("no"); }, "never asked in peace"), cut(in_request{0}));
  CHECK(talk(srv, put_head(0)).status() == 500);
  CHECK(srv.journal().back().thrown == "no");
  srv.forget_rules();
  srv.on(put("/u"), cut(in_request{1}));
  CHECK(srv.call(put_head(3) + "abc") == "[cut]");
}

TEST_CASE("of a request's body as much is kept as was asked for, and all is counted", "[testing][fake_server]") {
  fake_server some{{.body = 4}}, none{{.body = 0}};
  for (fake_server* srv : {&some, &none}) {
    srv->on(put("/u"), reply(201));
    CHECK(talk(*srv, put_head(100'000) + std::string(100'000, 'x')).status() == 201);
    CHECK(srv->journal()[0].body == std::string(srv == &some ? 4 : 0, 'x'));
    CHECK(srv->journal()[0].body_size == 100'000);
  }
}
