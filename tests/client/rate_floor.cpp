// Tests of client/rate_floor.hpp, and of what a connection makes of it.
#include "support.hpp"

#include <tinyhttp/client/rate_floor.hpp>

using namespace client_test;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

constexpr time_point start{seconds(1000)};

}  // namespace

TEST_CASE("a peer has a window's time, and earns more by octets", "[client][rate_floor]") {
  rate_floor rate(100, seconds(10), 0);
  CHECK(rate.begin(start, 0) == start + seconds(10));
  CHECK_FALSE(rate.is_over(start + milliseconds(9'999)));
  CHECK(rate.is_over(start + seconds(10)));
  // 4 s later 100 octets are there: a second's worth.
  CHECK(rate.begin(start + seconds(4), 100) == start + seconds(11));
  // A flood earns no more than a window.
  CHECK(rate.begin(start + seconds(5), 1'000'000) == start + seconds(15));
  CHECK(rate.begin(start + seconds(14), 1'000'010) == start + milliseconds(15'100));
}

TEST_CASE("a window without end is one", "[client][rate_floor]") {
  rate_floor endless(1'000'000'000, milliseconds::max(), 0);
  CHECK(endless.begin(start, 0) > start + std::chrono::hours(24 * 364));
  CHECK(endless.begin(start + seconds(1), 1'000) > start + std::chrono::hours(24 * 364));
  CHECK_FALSE(endless.is_over(start + std::chrono::hours(24 * 364)));
}

TEST_CASE("time in which nobody waits is free", "[client][rate_floor]") {
  rate_floor rate(100, seconds(10), 500);
  CHECK(rate.begin(start, 500) == start + seconds(10));
  rate.end(start + seconds(3));
  CHECK_FALSE(rate.is_over(start + seconds(60)));
  CHECK(rate.begin(start + seconds(60), 500) == start + seconds(67));
}

TEST_CASE("without a least rate nothing is ever too slow", "[client][rate_floor]") {
  rate_floor none;
  CHECK(none.begin(start, 0) == time_point::max());
  CHECK_FALSE(none.is_over(start + std::chrono::hours(1000)));
}

TEST_CASE("a body that drips is given up, though it is never silent", "[client][exchange][timeout]") {
  memory_peer p;
  exchange_options with;
  with.least_rate = 10;
  with.least_rate_window = seconds(20);
  p.say("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
  request r = request::get("/x");
  const time_point begin = p.time.now();
  auto running = exchanged(p.connection, r, with);
  auto answer = p.on.run_until_done(std::move(running));
  REQUIRE(answer.has_value());
  // An octet every 5 s: half a second earned for each 5 that pass.
  result<std::string_view> piece = std::string_view("x");
  int octets = 0;
  while (piece && octets < 100) {
    auto next = answer->body.next();
    next.start();
    if (!next.done()) {
      const time_point drop = begin + seconds(5) * (octets + 1);
      p.on.run_until_done(p.on.wait_until(drop));
      if (!next.done()) p.say("x");
      while (!next.done()) p.on.run_once(duration::zero());
    }
    piece = next.take();
    octets += piece ? 1 : 0;
  }
  REQUIRE_FALSE(piece);
  CHECK(piece.error().kind() == error_kind::timeout);
  CHECK(piece.error().message() ==
        "GET http://h:1/x: slower than 10 octets a second for 20 s, after 4 of 1000 octets");
  CHECK(p.time.now() - begin <= seconds(25));
}
