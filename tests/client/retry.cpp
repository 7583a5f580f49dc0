// tests/client/retry.cpp -- tests client/retry.hpp and client/progress.hpp
#include "catch.hpp"

#include <tinyhttp/client/progress.hpp>
#include <tinyhttp/client/retry.hpp>

#include <chrono>
#include <optional>

using namespace tinyhttp;
using namespace std::chrono_literals;

TEST_CASE("only what may pass is worth a retry", "[client][retry]") {
  for (const int status : {408, 429, 500, 502, 503, 504})
    CHECK(is_worth_a_retry(error_kind::protocol, status));
  for (const int status : {200, 400, 401, 403, 404, 410, 416, 501, 505, 511})
    CHECK(!is_worth_a_retry(error_kind::protocol, status));
  for (const auto kind : {error_kind::closed, error_kind::timeout, error_kind::resolve})
    CHECK(is_worth_a_retry(kind, 0));
  for (const auto kind : {error_kind::invalid_argument, error_kind::connect, error_kind::protocol,
                          error_kind::limit, error_kind::cancelled, error_kind::io})
    CHECK(!is_worth_a_retry(kind, 0));
}

TEST_CASE("Retry-After is seconds or a date", "[client][retry][rfc9110-10.2.3]") {
  constexpr std::int64_t now = 784111777;  // Sun, 06 Nov 1994 08:49:37 GMT
  CHECK(parse_retry_after("120", now) == 120s);
  CHECK(parse_retry_after("0", now) == 0s);
  CHECK(parse_retry_after("99999999999999999999", now) == 168h);
  CHECK(parse_retry_after("Sun, 06 Nov 1994 08:50:00 GMT", now) == 23s);
  CHECK(parse_retry_after("Sun, 06 Nov 1994 08:49:00 GMT", now) == 0s);
  CHECK(parse_retry_after("Fri, 31 Dec 9999 23:59:59 GMT", now) == 168h);
  for (const auto* bad : {"", "-1", "soon", "1.5", "1 s"}) CHECK(!parse_retry_after(bad, now));
}

TEST_CASE("pauses double up to a bound, each by chance between a half and all of it",
          "[client][retry]") {
  for (std::uint64_t seed = 1; seed < 50; ++seed) {
    retry_options with{.retries = 5, .first_delay = 1s, .longest_delay = 4s, .seed = seed};
    retry_schedule schedule(with);
    for (const auto most : {1s, 2s, 4s, 4s, 4s}) {
      const auto pause = schedule.next_pause(error_kind::closed);
      REQUIRE(pause);
      CHECK(*pause >= most / 2);
      CHECK(*pause <= most);
    }
    CHECK(!schedule.next_pause(error_kind::closed));
    CHECK(schedule.made() == 5);
    retry_schedule again(with), other({.retries = 5, .first_delay = 1h, .seed = seed + 1});
    retry_schedule same(with);
    CHECK(again.next_pause(error_kind::closed) == same.next_pause(error_kind::closed));
  }
}

TEST_CASE("pauses without end are no short ones", "[client][retry]") {
  constexpr auto endless = std::chrono::milliseconds::max();
  retry_schedule schedule({.retries = 70, .first_delay = 1s, .longest_delay = endless, .longest_retry_after = endless});
  auto before = std::chrono::milliseconds(0);
  while (schedule.left() > 0) {
    const auto pause = schedule.next_pause(error_kind::closed).value();
    CHECK(pause >= before);  // half of what doubled is no less than all of what was before
    before = pause < a_year / 2 ? pause : a_year / 2;
  }
  CHECK(before == a_year / 2);
}

TEST_CASE("a server that asks for more patience gets it, within a bound", "[client][retry]") {
  retry_schedule schedule({.retries = 9, .longest_retry_after = 60s, .seed = 1});
  schedule.refused(503, "60", "", 0);
  CHECK(schedule.next_pause(error_kind::protocol) == 60s);
  schedule.refused(503, "Thu, 01 Jan 2026 00:00:30 GMT", "Thu, 01 Jan 2026 00:00:00 GMT", 5);
  CHECK(schedule.next_pause(error_kind::protocol) == 30s);  // by the server's own clock
  schedule.refused(503, "0", "", 0);
  CHECK(*schedule.next_pause(error_kind::protocol) > 1s);  // but never more often than by ourselves
  schedule.refused(503, "61", "", 0);
  CHECK(!schedule.next_pause(error_kind::protocol));
  schedule.begin();
  CHECK(schedule.next_pause(error_kind::timeout));
  CHECK(!schedule.next_pause(error_kind::protocol));
}

TEST_CASE("a pause ends at once when it is told to stop", "[client][retry]") {
  net::interrupter stop;
  stop.cancel();
  thread_clock<> time(&stop);
  CHECK(pause_for(time, 1h, &stop).error().kind() == error_kind::cancelled);
  thread_clock<> calm(nullptr);
  CHECK(pause_for(calm, 0ms, nullptr).has_value());
}

TEST_CASE("progress tells the rate of the last seconds, and what is left at it",
          "[client][progress]") {
  const time_point start{1h};
  progress_meter meter;
  meter.start(start, 1000);  // were there before: no part of the rate
  auto seen = meter.look(start, 1000, 5000);
  CHECK(seen.rate == 0);
  CHECK(!seen.left);
  seen = meter.look(start + 1s, 2000, 5000);
  CHECK(seen.octets == 2000);
  CHECK(seen.total == 5000u);
  CHECK(seen.rate == Approx(1000));
  CHECK(seen.left == 3s);
  for (int i = 2; i <= 30; ++i) seen = meter.look(start + i * 1s, 2000 + static_cast<unsigned>(i - 1) * 100, 5000);
  CHECK(seen.rate == Approx(100).epsilon(0.05));  // the fast start is forgotten
  CHECK(!meter.look(start + 31s, 5000, std::nullopt).left);
  CHECK(meter.look(start + 32s, 5000, 5000).left == 0s);
}

TEST_CASE("progress that is looked at all the time tells the same rate", "[client][progress]") {
  const time_point start{1h};
  progress_meter meter;
  meter.start(start, 0);
  download_progress seen;
  for (int i = 1; i <= 10000; ++i) seen = meter.look(start + i * 1ms, static_cast<unsigned>(i) * 50u, 1000000);
  CHECK(seen.rate == Approx(50000).epsilon(0.01));
}
