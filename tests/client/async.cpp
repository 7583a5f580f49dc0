// tests/client/async.cpp -- tests client/async.hpp: what is particular to loops. What every client does
// is in client.cpp and hooks.cpp.
#include "catch.hpp"
#include "stuck.hpp"
#include "support.hpp"

#include <tinyhttp/client/async.hpp>
#include <tinyhttp/net/loop.hpp>

#include <atomic>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace client_test;

namespace {

const std::string ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";

/// All at once; how many gave 200.
task<int> count_good(std::vector<task<result<response>>> calls) {
  for (auto& each : calls) static_cast<void>(each.try_start());
  int good = 0;
  for (auto& each : calls) {
    const result<response> answer = co_await each;
    if (answer && answer->status == status::ok) ++good;
  }
  co_return good;
}

task<void> ask_and_flag(async_client c, std::string url, call_options how, bool& done) {
  auto asking = c.call(url, std::move(how));
  const auto answer = co_await asking;
  static_cast<void>(answer);
  done = true;
}

task<void> start(task<void>& other) {
  static_cast<void>(other.try_start());
  co_return;
}

}  // namespace

TEST_CASE("many calls wait at once on one loop", "[client][async][threads]") {
  constexpr int many = 10;
  std::atomic<int> asked{0};
  net::interrupter all;
  scripted_server server([&](net::socket& s, int) {
    read_request(s);
    if (++asked == many) all.cancel();
    static_cast<void>(net::wait_in_thread(-1, 0, time_point::max(), &all));
    static_cast<void>(s.send_all(ok));
  });
  net::loop on;
  async_client c;
  std::vector<task<result<response>>> calls;
  for (int i = 0; i < many; ++i) calls.push_back(c.get(server.url()));
  CHECK(on.run_until_done(count_good(std::move(calls))) == many);
  CHECK(server.connections() == many);
}

TEST_CASE("one client serves the loops of many threads", "[client][async][threads]") {
  scripted_server server(say_in_turn({ok, ok, ok, ok, ok}));
  async_client c;
  std::atomic<int> good{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t)
    threads.emplace_back([&, copy = c] {
      net::loop on;
      for (int i = 0; i < 5; ++i) {
        const auto r = on.run_until_done(copy.get(server.url()));
        if (r && r->body.text() == "hi") ++good;
      }
    });
  for (auto& t : threads) t.join();
  CHECK(good == 40);
  CHECK(server.connections() == 8);
}

TEST_CASE("destroying a call ends it, wherever it is", "[client][async][threads]") {
  for (const phase at : all_phases) {
    CAPTURE(static_cast<int>(at));
    stuck_peer peer(at);
    net::loop on;
    async_client c(peer.options());
    bool done = false;
    auto asking = ask_and_flag(c, peer.url(), peer.how(), done);
    on.run_until_done(start(asking));
    while (!peer.is_reached()) on.run_once(std::chrono::milliseconds(1));
    for (int i = 0; i < 3; ++i) on.run_once(duration::zero());
    CHECK(!done);
    asking.reset();
    peer.wait_until_left();
    on.run_once(duration::zero());
  }
}

TEST_CASE("what would end a thread's wait is refused where there is no thread that waits", "[client][async]") {
  const net::interrupter stop;
  CHECK_THROWS_WITH(async_client({.stop = &stop}), "async_client: stop is for clients that block");
}

TEST_CASE("without a loop there is an error, not a wait", "[client][async]") {
  async_client c;
  auto asking = c.get("http://127.0.0.1:9/x");
  REQUIRE(asking.try_start());
  CHECK(asking.take().error().message() == "GET http://127.0.0.1:9/x: no loop runs in this thread");
  CHECK(c.idle_connections() == 0);
}

TEST_CASE("connections end with their loop, or once their client has gone", "[client][async][threads]") {
  net::interrupter closed;
  scripted_server server([&](net::socket& s, int number) {
    read_request(s);
    static_cast<void>(s.send_all(ok));
    if (read_request(s).empty() && number == 0) closed.cancel();
  });
  std::optional<async_client> c(std::in_place);
  std::optional<net::loop> on(std::in_place);
  CHECK(on->run_until_done(c->get(server.url())).value().status == 200);
  CHECK(on->locals().size() == 1);
  SECTION("the loop ends first") { on.reset(); }
  SECTION("the client goes first") {
    c.reset();
    CHECK(!closed.cancelled());
    const async_client other;
    CHECK(on->run_until_done(other.get(server.url())).value().status == 200);
    CHECK(on->locals().size() == 1);
  }
  CHECK(net::wait_in_thread(-1, 0, std::chrono::steady_clock::now() + std::chrono::seconds(20), &closed) ==
        -ECANCELED);
}

TEST_CASE("a call outlives its client, and a body its call", "[client][async][threads]") {
  const std::string octets = net_test::pattern(3'000'000);
  scripted_server server([&](net::socket& s, int) {
    read_request(s);
    static_cast<void>(s.send_all("HTTP/1.1 200 OK\r\nContent-Length: 3000000\r\n\r\n"));
    static_cast<void>(s.send_all(octets));
  });
  net::loop on;
  std::optional<async_client> c(std::in_place);
  auto asking = c->open(server.url());
  c.reset();
  auto answer = on.run_until_done(std::move(asking));
  REQUIRE(answer);
  std::string got;
  for (;;) {
    const auto piece = on.run_until_done(answer->body.next());
    REQUIRE(piece);
    if (piece->empty()) break;
    got += *piece;
  }
  CHECK((got == octets));
}

TEST_CASE("time on a loop is the loop's", "[client][async][timeout][threads]") {
  net_test::held_time time;
  net::loop on({.time = &time});
  stuck_peer peer(phase::before_the_head);
  async_client c;
  const auto before = time.now();
  const auto r = on.run_until_done(c.get(peer.url()));
  REQUIRE(!r);
  CHECK(r.error().message() == "GET " + peer.url() + ": silent for 30 s, before any answer");
  CHECK(time.now() >= before + std::chrono::seconds(30));
}
