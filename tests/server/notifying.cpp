// Handlers that wait for what others bring about, on loops that serve, beside threads that do not.
#include <tinyhttp/app/notifier.hpp>
#include <tinyhttp/app/promise.hpp>

#include "server/support.hpp"

#include <atomic>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace server_test;

namespace {

/// What people have said; `/N` is what came behind the first N, once there is something, and POST says something.
class board {
 public:
  void say(std::string what) {
    {
      const std::lock_guard lock(guard_);
      said_.push_back(std::move(what));
    }
    changed.notify_all();
  }
  [[nodiscard]] std::optional<std::string> behind(std::size_t count) {
    const std::lock_guard lock(guard_);
    if (said_.size() <= count) return std::nullopt;
    std::string all;
    for (std::size_t i = count; i < said_.size(); ++i) all.append(said_[i]).append(";");
    return all;
  }
  task<response> operator()(request& r) {
    if (r.method == method::post) {
      const auto read = co_await r.body.read_all();
      if (!read) co_return body_problem(read.error());
      say(std::string(*read));
      co_return response(status::no_content);
    }
    const flag_at_end flag(ended);
    ++begun;
    const std::size_t from = static_cast<std::size_t>(ascii::parse_decimal(r.path().substr(1)).value());
    auto waiting = changed.wait_for(r.context, span, [this, from] { return behind(from); });
    const auto fresh = co_await waiting;
    co_return fresh ? text(*fresh) : response(status::no_content);
  }

  notifier changed;
  std::chrono::milliseconds span = 1h;
  std::atomic<int> begun{0}, ended{0};

 private:
  std::mutex guard_;
  std::vector<std::string> said_;
};

auto handler_of(board& all) {
  return [&all](request& r) { return all(r); };
}

}  // namespace

TEST_CASE("a handler waits for what another handler brings about", "[server][notifier]") {
  board all;
  served_in_memory waits(handler_of(all));
  served_in_memory says(handler_of(all));
  CHECK(waits.exchange(get("/0")).empty());
  CHECK(says.exchange("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi").starts_with("HTTP/1.1 204 "));
  waits.settle();
  CHECK(waits.received().ends_with("\r\n\r\nhi;"));
  CHECK(waits.exchange("HEAD /1 HTTP/1.1\r\nHost: a\r\n\r\n").empty());
  all.say("you");
  waits.settle();
  std::string head = waits.received();
  CHECK(take_answer(head, true).has("Content-Length: 4"));
  CHECK(head.empty());
}

TEST_CASE("a wait has its time, to the millisecond", "[server][notifier]") {
  board all;
  all.span = 2500ms;
  served_in_memory served(handler_of(all));
  const time_point begun = served.time.now();
  served.send("GET /0 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  CHECK(served.until_served().starts_with("HTTP/1.1 204 "));
  CHECK(served.time.now() - begun >= 2500ms);
  CHECK(served.time.now() - begun < 2600ms);
}

TEST_CASE("what is said by many threads comes to every waiter on two loops, and nothing is missed", "[server][notifier][threads]") {
  constexpr std::size_t speakers = 3, times = 60, listeners = 6;
  board all;
  server running(handler_of(all), {.port = 0, .threads = 2});
  std::vector<std::thread> threads;
  std::string heard[listeners];
  for (std::string& mine : heard)
    threads.emplace_back([&] {
      raw_client c(running);
      for (std::size_t count = 0; count < speakers * times;) {
        const answer a = c.ask(get("/" + std::to_string(count)));
        if (a.status != 200) return;
        for (const char octet : a.body) count += octet == ';';
        mine += a.body;
      }
    });
  for (std::size_t i = 0; i < speakers; ++i)
    threads.emplace_back([&, i] {
      for (std::size_t n = 0; n < times; ++n) all.say(std::to_string(i));
    });
  for (auto& each : threads) each.join();
  const std::string whole = all.behind(0).value();
  for (const std::string& one : heard) CHECK(one == whole);
  running.stop();
  CHECK(running.wait() == 0);
  CHECK(all.ended == all.begun);
}

TEST_CASE("a peer that leaves frees what waits for it, while others are told", "[server][notifier][threads]") {
  board all;
  server running(handler_of(all), {.port = 0, .threads = 2, .half_closed_is_gone = true});
  std::atomic<bool> over{false};
  std::thread speaker([&] {
    while (!over) {
      all.changed.notify_all();
      std::this_thread::yield();
    }
  });
  for (int i = 0; i < 50; ++i) {
    raw_client resets(running), closes(running);
    resets.send(get("/0"));
    closes.send(get("/0"));
    CHECK(eventually([&] { return all.begun == 2 * i + 2; }));
    resets.reset();
    closes.close();
  }
  CHECK(eventually([&] { return all.ended == 100 && running.open_connections() == 0; }));
  over = true;
  speaker.join();
}

TEST_CASE("a server that is told to stop ends what waits, while others are told", "[server][notifier][threads]") {
  board all;
  std::atomic<bool> over{false};
  std::thread speaker([&] {
    while (!over) {
      all.changed.notify_all();
      std::this_thread::yield();
    }
  });
  for (int i = 0; i < 10; ++i) {
    server running(handler_of(all), {.port = 0, .threads = 2, .patience = {.drain = 1h}});
    all.begun = all.ended = 0;
    std::vector<raw_client> readers;
    for (int n = 0; n < 8; ++n) {
      readers.emplace_back(running);
      readers.back().send(get("/0"));
    }
    CHECK(eventually([&] { return all.begun == 8; }));
    running.stop();
    for (auto& reader : readers) CHECK(reader.receive().status == 204);
    readers.clear();
    CHECK(running.wait() == 0);
    CHECK(all.ended == 8);
  }
  over = true;
  speaker.join();
}

TEST_CASE("a server that is cut off, and a notifier that goes before it, leave nobody behind", "[server][notifier]") {
  for (int i = 0; i < 5; ++i) {
    std::optional<notifier> changed(std::in_place);
    std::atomic<int> begun{0}, ended{0};
    server running([&](request& r) -> task<response> {
      const flag_at_end flag(ended);
      auto waiting = changed->wait_for(r.context, 1h, [] { return false; });
      ++begun;
      const bool told = co_await waiting;
      const never for_ever;
      if (r.path() == "/stays") co_await for_ever;
      co_return text(told ? "told" : "over");
    }, {.port = 0, .threads = 2, .patience = {.drain = 0ms}});
    raw_client goes(running), stays(running);
    goes.send(get("/"));
    stays.send(get("/stays"));
    CHECK(eventually([&] { return begun == 2; }));
    changed.reset();
    CHECK(goes.receive().body == "over");
    running.stop();
    CHECK(running.wait() == 1);  // cut off
    CHECK(ended == 2);
  }
}

TEST_CASE("a handler asks another thread, which answers, or drops the question, or ends before its peer and its server do", "[server][promise][threads]") {
  std::mutex guard;
  std::vector<std::pair<std::string, promise<std::string>>> asked;
  std::atomic<bool> over{false};
  std::thread other([&] {
    while (!over) {
      std::vector<std::pair<std::string, promise<std::string>>> now;
      {
        const std::lock_guard lock(guard);
        now.swap(asked);
      }
      for (auto& [what, told] : now)
        if (what == "/state") told.set_value("good");
      std::this_thread::yield();  // and those of which nothing is known are dropped
    }
  });
  server running([&](request& r) -> task<response> {
    promise<std::string> told;
    const auto coming = told.get_future();
    {
      const std::lock_guard lock(guard);
      asked.emplace_back(r.path(), std::move(told));
    }
    auto waiting = coming.wait_for(r.context, 1h);
    const auto state = co_await waiting;
    co_return state ? text(*state) : problem(404);
  }, {.port = 0, .threads = 2});
  raw_client c(running), d(running);
  for (int i = 0; i < 100; ++i) {
    c.send(get("/state"));
    d.send(get("/unknown"));
    CHECK(c.receive().body == "good");
    CHECK(d.receive().status == 404);
  }
  over = true;
  other.join();
  c.send(get("/state"));
  d.send("GET /state HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  CHECK(eventually([&] {
    const std::lock_guard lock(guard);
    return asked.size() == 2;
  }));
  c.reset();
  running.stop();
  for (auto& [what, told] : asked) told.set_value("stopping");  // an answer under way is waited for
  CHECK(d.receive().body == "stopping");
  CHECK(running.wait() == 0);
}
