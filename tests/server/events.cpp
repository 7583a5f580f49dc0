// Streams of server-sent events, from a handler to whoever reads them.
#include <tinyhttp/app/blocking.hpp>
#include <tinyhttp/app/event_channel.hpp>
#include <tinyhttp/app/event_stream.hpp>
#include <tinyhttp/client/async.hpp>
#include <tinyhttp/client/client.hpp>
#include <tinyhttp/http/event_reader.hpp>

#include "support.hpp"

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

using namespace server_test;

namespace {

/// `count` ticks, a second apart.
task<std::optional<event>> tick(request_context& context, int& count) {
  if (count == 0) co_return std::nullopt;
  auto second = context.wait_for(1s);
  co_await second;
  --count;
  co_return event{.data = std::to_string(count), .type = "tick"};
}
any_handler ticks(int count) {
  return [count](const request& r) {
    return event_stream(r, [&context = r.context->lasting(), count]() mutable { return tick(context, count); });
  };
}

/// Never says anything; counts those who wait for it.
task<std::optional<event>> silence(std::atomic<int>& ended) {
  const flag_at_end at_end(ended);
  never waiting;
  co_await waiting;
  co_return std::nullopt;
}
auto silent(std::atomic<int>& ended, event_stream_options with = {}) {
  return [&ended, with](const request& r) { return event_stream(r, [&ended] { return silence(ended); }, with); };
}

/// Answers a request for events after `Last-Event-ID`, two at a time, with their numbers as ids; then 204.
response numbered(const request& r) {
  const std::string_view seen = r.fields["Last-Event-ID"];
  const std::uint64_t from = seen.empty() ? 0 : ascii::parse_decimal(seen).value();
  if (from >= 4) return response(status::no_content);
  return event_stream(r, [from, count = 0]() mutable {
    std::optional<event> made;
    if (++count <= 2) made = event{.data = "x", .id = std::to_string(from + static_cast<unsigned>(count)), .retry = 1ms};
    return ready_task(std::move(made));
  });
}

task<std::string> follow(async_client client, std::string to) {
  std::string seen;
  std::string told;
  for (;;) {
    call_options how{.fields = event_fields(seen)};
    auto asking = client.open(to, std::move(how));
    auto answer = co_await asking;
    if (!answer || answer->status == 204) co_return told;
    auto events = event_reader::of(*answer, seen);
    for (bool more = events.has_value(); more;) {
      auto pulling = events->next();
      const auto e = co_await pulling;
      more = e && *e != nullptr;
      if (more) told.append((*e)->id.value_or("-")).append(" ");
    }
    if (events) seen = events->last_event_id();
  }
}

}  // namespace

TEST_CASE("events leave one by one, each as a chunk of its own, octet for octet", "[server][events]") {
  served_in_memory served(ticks(2));
  const time_point begun = served.time.now();
  std::string came = served.exchange("GET / HTTP/1.1\r\nHost: a\r\nAccept: text/event-stream\r\n\r\n");
  CHECK(came.starts_with("HTTP/1.1 200 OK\r\n"));
  CHECK(came.find("\r\nContent-Type: text/event-stream\r\n") != std::string::npos);
  CHECK(came.find("\r\nCache-Control: no-store\r\n") != std::string::npos);
  CHECK(came.ends_with("\r\n\r\n"));  // the head does not wait for an event
  served.loop.run_once(10ms);
  served.settle();
  CHECK(served.time.now() - begun == 1s);
  CHECK(served.received() == "15\r\nevent: tick\ndata: 1\n\n\r\n");
  served.loop.run_once(10ms);
  served.settle();
  CHECK(served.time.now() - begun == 2s);
  CHECK(served.received() == "15\r\nevent: tick\ndata: 0\n\n\r\n0\r\n\r\n");
}

TEST_CASE("a silent stream says every 15 seconds that it is there, for as long as it may last", "[server][events]") {
  std::atomic<int> ended{0};
  {
    served_in_memory served(silent(ended));
    const time_point begun = served.time.now();
    (void)served.exchange(get_root);
    for (int i = 1; i <= 1000; ++i) {
      std::string came;
      while (came.empty() && served.time.now() - begun < i * 15s) {  // other timers look up, too
        served.loop.run_once(10ms);
        served.settle();
        came = served.received();
      }
      REQUIRE(came == "3\r\n:\n\n\r\n");
      REQUIRE(served.time.now() - begun == i * 15s);
    }
    CHECK(ended == 0);
    served.destroy();
    CHECK(ended == 1);
  }
}

TEST_CASE("a stream to HTTP/1.0 ends with its connection, and HEAD waits for nothing", "[server][events]") {
  std::atomic<int> ended{0};
  served_in_memory old(ticks(1));
  old.send("GET / HTTP/1.0\r\nHost: a\r\n\r\n");
  const std::string answer = old.until_served();
  CHECK(answer.find("Transfer-Encoding") == std::string::npos);
  CHECK(answer.ends_with("\r\n\r\nevent: tick\ndata: 0\n\n"));
  served_in_memory head(silent(ended));
  CHECK(head.exchange("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n").ends_with("\r\n\r\n"));
  CHECK(head.exchange("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n").ends_with("\r\n\r\n"));
}

TEST_CASE("a server that is told to stop ends its streams at once, those that wait for nothing else, too", "[server][events]") {
  std::atomic<int> ended{0};
  server running(silent(ended, {.keep_alive = 1h}), {.port = 0, .patience = {.drain = 1h}});
  std::vector<raw_client> readers;
  for (int i = 0; i < 20; ++i) {
    readers.emplace_back(running);
    readers.back().send(get_root);
    while (readers.back().kept().find("\r\n\r\n") == std::string::npos) REQUIRE(readers.back().more());
  }
  running.stop();
  for (auto& reader : readers) {
    const answer a = reader.receive();
    CHECK(a.complete);
    CHECK(a.body.empty());
    CHECK(reader.ended());
  }
  CHECK(running.wait() == 0);
  CHECK(ended == 20);
}

TEST_CASE("whoever has gone is noticed by what is sent, and nothing of the stream is left", "[server][events]") {
  std::atomic<int> ended{0};
  server running(silent(ended, {.keep_alive = 5ms}), {.port = 0});
  for (const bool resets : {false, true}) {
    raw_client c(running);
    c.send(get_root);
    while (c.kept().find("3\r\n:\n\n\r\n") == std::string::npos) REQUIRE(c.more());
    if (resets) c.reset();
    else c.close();
    CHECK(eventually([&] { return ended == (resets ? 2 : 1); }));
  }
}

TEST_CASE("a handler that blocks may answer with a stream, which waits on the loop", "[server][events][blocking]") {
  std::atomic<int> ended{0};
  server running(blocking(silent(ended, {.keep_alive = 5ms})), {.port = 0});
  raw_client c(running);
  c.send(get_root);
  for (int comments = 0; comments < 3;) {
    REQUIRE(c.more());
    const std::string& all = c.kept();
    comments = 0;
    for (std::size_t at = 0; (at = all.find(":\n\n", at)) != std::string::npos; ++at) ++comments;
  }
  running.stop();
  CHECK(c.receive().complete);
  c.close();
  CHECK(running.wait() == 0);
  CHECK(ended == 1);
}

TEST_CASE("a client follows a stream over its ends, and is told when to stop", "[server][events][client]") {
  server running(numbered, {.port = 0});
  const client asks;
  std::string seen;
  std::string told;
  for (;;) {
    auto answer = asks.open(running.url(), {.fields = event_fields(seen)}).value();
    if (answer.status == 204) break;
    auto events = event_reader::of(answer, seen).value();
    while (const event* e = pull(events).value()) told.append(e->id.value()).append(" ");
    seen = events.last_event_id();
    CHECK(events.retry() == 1ms);
  }
  CHECK(told == "1 2 3 4 ");
  CHECK(asks.idle_connections() == 1);

  net::loop loop;
  CHECK(loop.run_until_done(follow(async_client(), running.url())) == "1 2 3 4 ");
}

TEST_CASE("a stream that is cut off is an error for its reader, not an end", "[server][events][client]") {
  server running([](const request& r) {
    return event_stream(r, [count = 0]() mutable {
      return ready_task(result<std::optional<event>>(
          count++ == 0 ? result<std::optional<event>>(event{"1"}) : error(error_kind::io, "the source broke")));
    });
  }, {.port = 0});
  auto answer = client().open(running.url()).value();
  auto events = event_reader::of(answer).value();
  CHECK(pull(events).value()->data == "1");
  CHECK(pull(events).error().kind() == error_kind::closed);
}

TEST_CASE("what several threads publish reaches every page, in one order", "[server][events]") {
  event_channel news({.kept = 1000});
  server running([&news](const request& r) { return news.subscribe(r); }, {.port = 0, .threads = 2});
  std::vector<raw_client> pages;
  for (int i = 0; i < 10; ++i) {
    pages.emplace_back(running);
    pages.back().send(get_root);
    while (pages.back().kept().find("\r\n\r\n") == std::string::npos) REQUIRE(pages.back().more());
  }
  std::vector<std::thread> publishers;
  for (const char* who : {"a", "b", "c"})
    publishers.emplace_back([&news, who] {
      for (int i = 0; i < 200; ++i)
        if (!news.publish({.data = std::to_string(i), .type = who})) return;
    });
  pages.pop_back();  // while they do
  for (auto& each : publishers) each.join();
  news.close();
  const answer first = pages.front().receive();
  CHECK(first.complete);
  event_parser parser;
  parser.feed(first.body);
  int next[3] = {};
  while (const event* e = parser.next().value()) CHECK(e->data == std::to_string(next[e->type[0] - 'a']++));
  for (const int count : next) CHECK(count == 200);
  for (std::size_t i = 1; i < pages.size(); ++i) CHECK(pages[i].receive().body == first.body);
}

TEST_CASE("pages come and go while others publish", "[server][events]") {
  event_channel news({.kept = 4});
  server running([&news](const request& r) { return news.subscribe(r); }, {.port = 0, .threads = 2});
  std::atomic<bool> over{false};
  std::thread publisher([&] {
    while (!over && news.publish({"x"})) std::this_thread::yield();
  });
  for (int i = 0; i < 100; ++i) {
    raw_client c(running);
    c.send(get_root);
    CHECK(c.more());
    if (i % 2 == 0) c.reset();
  }
  running.stop();
  over = true;
  publisher.join();
  CHECK(running.wait() == 0);
}
