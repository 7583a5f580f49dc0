#include "client/download_support.hpp"

#include <tinyhttp/client/follow_events.hpp>

#include <chrono>
#include <string>
#include <vector>

using namespace client_test;
using namespace std::chrono_literals;

namespace {

std::string stream(std::string_view events, std::size_t missing = 0) {
  return "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: " +
         ascii::to_decimal(events.size() + missing) + "\r\n\r\n" + std::string(events);
}
const std::string no_more = "HTTP/1.1 204 No Content\r\n\r\n";

/// A clock in whose first pause somebody cancels.
class cancelling_clock final : public clock {
 public:
  explicit cancelling_clock(net::interrupter& stop) : stop_(stop) {}
  time_point now() noexcept override { return {}; }
  std::int64_t unix_seconds() noexcept override { return 0; }
  task<void> wait_until(time_point) override {
    stop_.cancel();
    co_return;
  }

 private:
  net::interrupter& stop_;
};

}  // namespace

TEST_CASE("events are followed over streams that end, lines that break and servers that start again",
          "[client][events][threads]") {
  one_answer_each peer({stream("id: 1\ndata: a\n\nretry: 40\n\n"), stream("id: 2\ndata: b\n\n", 9),
                        "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n", "", stream("data: c\n\ndata: d\n\n")});
  held_clock time;
  client c;
  std::string seen;
  const auto done = follow_events(
      c, peer.server.url("/e"), [&](const event& e) { return (seen += e.data) != "abc"; },
      {.fields = {{"Authorization", "Bearer x"}}, .time = &time});
  CHECK(done);
  CHECK(seen == "abc");  // and `take`, which wanted no more, is not called again
  CHECK(time.waits == std::vector<std::chrono::milliseconds>{40ms, 40ms, 40ms, 40ms});
  CHECK(peer.asked(0).find("\r\nLast-Event-ID:") == std::string::npos);
  CHECK(peer.asked(1).find("\r\nLast-Event-ID: 1\r\n") != std::string::npos);
  CHECK(peer.asked(2).find("\r\nLast-Event-ID: 2\r\n") != std::string::npos);
  CHECK(peer.asked(4).find("\r\nLast-Event-ID: 2\r\n") != std::string::npos);
  CHECK(peer.asked(4).find("\r\nAuthorization: Bearer x\r\n") != std::string::npos);
}

TEST_CASE("a server that wants to be asked again at once, and is gone, is not asked without end", "[client][events][threads]") {
  const std::string busy = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n";
  one_answer_each peer({stream("retry: 0\ndata: a\n\n"), busy, "", stream(""), busy, stream("data: b\n\n"), busy, busy, busy, busy, busy, busy,
                        busy, busy, busy, busy, no_more});
  held_clock time;
  client c;
  CHECK(follow_events(c, peer.server.url("/e"), [](const event&) { return true; }, {.time = &time}));
  CHECK(time.waits == std::vector<std::chrono::milliseconds>{0ms, 10ms, 30ms, 70ms, 150ms, 0ms, 10ms, 30ms, 70ms, 150ms, 310ms,
                                                             630ms, 1270ms, 2550ms, 3000ms, 3000ms});
}

TEST_CASE("a refusal that asks for patience gets it, within a bound", "[client][events][threads][rfc9110-10.2.3]") {
  const auto busy = [](const std::string& fields) { return "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n" + fields + "\r\n"; };
  one_answer_each peer({busy("Retry-After: 20\r\n"), busy("Retry-After: 1\r\n"), busy("Retry-After: 86400\r\n"), busy("Retry-After: soon\r\n"),
                        busy("Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nRetry-After: Sun, 06 Nov 1994 08:50:07 GMT\r\n"),
                        busy("Retry-After: Sun, 06 Nov 1994 08:49:57 GMT\r\n"), no_more});
  held_clock time;
  client c;
  CHECK(follow_events(c, peer.server.url("/e"), [](const event&) { return true; }, {.time = &time}));
  CHECK(time.waits == std::vector<std::chrono::milliseconds>{20s, 3s, 300s, 3s, 30s, 20s});
}

TEST_CASE("a server that is not there yet is asked again", "[client][events][threads][faults]") {
  one_answer_each peer({no_more});
  held_clock time;
  client c;
  const net_test::faults refused(net::system_call::connect, {.error = ECONNREFUSED}, 0, 2);
  CHECK(follow_events(c, peer.server.url("/e"), [](const event&) { return true; }, {.time = &time}));
  CHECK(time.waits == std::vector<std::chrono::milliseconds>{3s, 3s});
}

TEST_CASE("a server that asks not to come back is not asked again", "[client][events][threads]") {
  one_answer_each peer({stream("data: a\n\n"), no_more});
  held_clock time;
  client c;
  int events = 0;
  CHECK(follow_events(c, peer.server.url("/e"), [&](const event&) { return ++events > 0; },
                      {.last_event_id = "7", .time = &time}));
  CHECK(events == 1);
  CHECK(time.waits == std::vector<std::chrono::milliseconds>{3000ms});
  CHECK(peer.asked(0).find("\r\nLast-Event-ID: 7\r\n") != std::string::npos);
}

TEST_CASE("what would be no better another time ends the following of events", "[client][events][threads]") {
  held_clock time;
  client c;
  const auto failure = [&](std::string answer, follow_options how = {}) {
    one_answer_each peer({std::move(answer)});
    how.time = &time;
    const auto done = follow_events(c, peer.server.url("/e"), [](const event&) { return true; }, std::move(how));
    return done ? std::string() : done.error().message();
  };
  CHECK(failure("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n") == "events: the answer is 404 Not Found");
  CHECK(failure(whole("x", "Content-Type: text/plain\r\n")) == "events: the answer is text/plain");
  CHECK(failure(stream("data: 12345678\n\n"), {.limits = {.octets = 7}}).find("7") != std::string::npos);
  CHECK(follow_events(c, "x", [](const event&) { return true; }).error().kind() == error_kind::invalid_argument);
  CHECK(time.waits.empty());
}

TEST_CASE("following events is cancelled in its pauses, too", "[client][events][threads]") {
  one_answer_each peer({stream("data: a\n\n")});
  net::interrupter stop;
  cancelling_clock time(stop);
  client c({.stop = &stop});
  const auto done = follow_events(c, peer.server.url("/e"), [](const event&) { return true; }, {.time = &time});
  REQUIRE(!done);
  CHECK(done.error().kind() == error_kind::cancelled);
  CHECK(done.error().message() == "events: told to stop");
}
