// Servers and clients when there is no memory: an answer, an error or std::bad_alloc, and the next call is served.
#include "allocations.hpp"
#include "folder.hpp"
#include "server/support.hpp"

#include <tinyhttp/app/blocking.hpp>
#include <tinyhttp/app/event_stream.hpp>
#include <tinyhttp/app/router.hpp>
#include <tinyhttp/app/time_limit.hpp>
#include <tinyhttp/client/as_handler.hpp>
#include <tinyhttp/client/async.hpp>
#include <tinyhttp/client/client.hpp>
#include <tinyhttp/client/download.hpp>
#include <tinyhttp/files/writable_files.hpp>
#include <tinyhttp/testing/fake_server.hpp>

#include <atomic>
#include <coroutine>
#include <filesystem>
#include <new>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

using namespace server_test;

namespace {

router greetings() {
  router app;
  app.get("/hello/{name}", [](const request& r) { return text("hello, " + std::string(r.path_params["name"])); });
  app.post("/echo", [](request& r) -> task<response> {
    std::string all;
    for (;;) {
      const auto piece = co_await r.body.next();
      if (!piece) co_return problem(status::bad_request);
      if (piece->empty()) co_return text(std::move(all));
      all.append(*piece);
    }
  });
  app.get("/moved", [](const request&) { return response(status::found).with("Location", "/hello/you"); });
  return app;
}

/// `asked` was answered by `expected`, or by an error. Asks for no memory itself.
bool is_answer_or_error(const result<response>& asked, std::string_view expected) {
  return !asked || asked->status != status::ok || asked->body.text() == expected;
}

}  // namespace

TEST_CASE("a server can be stopped when there is no memory", "[server][memory]") {
  server running(greetings(), {.port = 0});
  raw_client c(running);
  CHECK(c.ask("GET /hello/you HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").status == 200);
  fail_allocation_after(0);
  running.stop();
  const std::size_t cut = running.wait();
  fail_allocation_after(-1);
  CHECK(cut == 0);
}

TEST_CASE("whichever allocation fails, a server that does not start leaves the socket that it was to take over", "[server][memory]") {
  if (!allocations_are_counted()) return;
  const auto made = net::listener::bind({});
  REQUIRE(made);
  bool starts = false;
  for (long at = 0; !starts; ++at) {
    INFO("allocation " << at);
    const int handed = ::dup(made->native());
    const int before = open_descriptors();
    fail_allocation_after(at);
    try {
      const server running(greetings(), {.port = 0, .listening_fd = handed, .threads = 2});
      starts = true;
    } catch (const std::bad_alloc&) {
    }
    fail_allocation_after(-1);
    CHECK(open_descriptors() == before - (starts ? 1 : 0));
    CHECK((::fcntl(handed, F_GETFD) >= 0) == !starts);
    ::close(handed);
    REQUIRE(at < 1000);
  }
}

TEST_CASE("a server that has no memory for the deadline of what runs ends that at once", "[server][memory]") {
  if (!allocations_are_counted()) return;
  for (std::size_t count = 1; count < 18; ++count) {  // one of them finds its loop's room for deadlines full
    INFO(count << " connections");
    std::atomic<std::size_t> handled{0};
    router app;
    app.get("/", [&handled](request&) -> task<response> {
      ++handled;
      co_await std::suspend_always();  // for ever
      co_return text("");
    });
    server running(std::move(app), {.port = 0, .patience = {.drain = 20ms}});
    std::vector<raw_client> waiting;
    for (std::size_t i = 0; i < count; ++i) {
      waiting.emplace_back(running);
      waiting.back().send(get_root);
    }
    while (handled < count) std::this_thread::yield();
    fail_allocation_after(0, 1000);
    running.stop();
    const std::size_t cut = running.wait();
    fail_allocation_after(-1);
    REQUIRE(cut == count);
  }
}

TEST_CASE("an answer that waits for its peer is cut off when there is no memory", "[server][memory]") {
  if (!allocations_are_counted()) return;
  const std::string large(200'000, 'x');
  served_in_memory s([&large](const request&) { return text(large); }, {}, {}, {1000, 5000});
  s.send(get_root);  // fills the way back, and nobody reads
  REQUIRE_FALSE(s.done());
  fail_allocation_after(0, 1000);
  s.destroy();
  const bool failed = allocation_has_failed();
  fail_allocation_after(-1);
  CHECK_FALSE(failed);  // none was asked for
}

TEST_CASE("a server on a Unix socket can be stopped when there is no memory", "[server][memory]") {
  const scratch::folder folder;
  server running(greetings(), {.unix_path = folder / "a socket whose path is longer than a string holds in itself"});
  fail_allocation_after(0);
  running.stop();
  const std::size_t cut = running.wait();
  fail_allocation_after(-1);
  CHECK(cut == 0);
  CHECK(folder.names().empty());
}

TEST_CASE("a worker that has no memory to say that it is done says so a little later", "[server][app][memory][threads]") {
  if (!allocations_are_counted()) return;
  const server running(blocking([](const request&) {
    response made(status::no_content);
    fail_allocation_after(0, 5);
    return made;
  }), {.port = 0});
  raw_client c(running);
  CHECK(c.ask(get_root).status == 204);
  CHECK(allocation_has_failed());
  fail_allocation_after(-1);
}

TEST_CASE("whichever allocation fails, a server that forwards goes on", "[server][client][memory]") {
  if (!allocations_are_counted()) return;
  const server upstream(greetings(), {.port = 0});
  bool is_over = false;
  for (long at = 0; !is_over; ++at) {
    INFO("allocation " << at);
    const server running(as_handler(async_client(), upstream.url()), {.port = 0});
    raw_client c(running);
    fail_allocation_after(at);
    c.send("GET /hello/you HTTP/1.1\r\nHost: a\r\n\r\n");
    pollfd answered{c.native(), POLLIN, 0};
    const int ready = uninterrupted([&] { return ::poll(&answered, 1, 20'000); });
    is_over = !allocation_has_failed();
    fail_allocation_after(-1);
    CHECK(ready == 1);  // or hung up
    raw_client next(running);
    CHECK(next.ask("GET /hello/you HTTP/1.1\r\nHost: a\r\n\r\n").body == "hello, you");
    REQUIRE(at < 1000);
  }
}

TEST_CASE("a peer that there is no memory to name is unknown, until there is", "[server][memory]") {
  if (!allocations_are_counted()) return;
  router app;
  app.get("/", [](const request& r) {
    fail_allocation_after(0, 1000);
    const bool unknown = r.peer().empty();
    fail_allocation_after(-1);
    return text(std::string(unknown ? "unknown, then " : "") + std::string(r.peer().substr(0, 16)));
  });
  const server running(std::move(app), {.port = 0});
  raw_client c(running.local_address(), *net::address::parse("127.100.100.100", 0));
  CHECK(c.ask(get_root).body == "unknown, then 127.100.100.100:");
}

TEST_CASE("whichever allocations fail, a server and its client go on", "[server][client][memory]") {
  if (!allocations_are_counted()) return;
  const long in_a_row = GENERATE(1L, 2L, 5L);
  const auto longest = 10s;  // no deadline of the library's is as short
  int failures = 0, wrong = 0;
  for (long at = 0;; ++at) {
    INFO("allocation " << at << ", " << in_a_row << " in a row");
    const auto began = std::chrono::steady_clock::now();
    fail_allocation_after(at, in_a_row);
    try {
      server running(greetings(), {.port = 0});
      client c({.max_redirects = 2});
      for (const std::string_view path : {"hello/you", "moved", "hello/you"}) {
        try {
          wrong += !is_answer_or_error(c.get(running.url() + std::string(path)), "hello, you");
        } catch (const std::bad_alloc&) {
        }
      }
      try {
        wrong += !is_answer_or_error(c.post(running.url() + "echo", body("octets"), "text/plain"), "octets");
      } catch (const std::bad_alloc&) {
      }
      const bool is_over = !allocation_has_failed();
      fail_allocation_after(-1);
      const auto answer = c.get(running.url() + "hello/you");
      if (!answer) FAIL(answer.error().message());
      CHECK(answer->body.text() == "hello, you");
      if (is_over) break;
    } catch (const std::bad_alloc&) {  // it did not start
    }
    fail_allocation_after(-1);
    ++failures;
    CHECK(std::chrono::steady_clock::now() - began < longest);
  }
  CHECK(wrong == 0);
  CHECK(failures > 50);
}

TEST_CASE("a server that has no memory for connections, nor to say so, accepts the next", "[server][memory]") {
  if (!allocations_are_counted()) return;
  for (int failures = 1; failures < 8; ++failures) {
    INFO(failures << " failures in a row");
    const server running(greetings(), {.port = 0});  // whose thread has no spare memory yet
    fail_allocation_after(0, failures);
    raw_client c(running.local_address());
    pollfd ended{c.native(), POLLIN, 0};
    const int ready = uninterrupted([&] { return ::poll(&ended, 1, 20'000); });
    fail_allocation_after(-1);
    CHECK(ready == 1);
    raw_client next(running);
    next.send("GET /hello/you HTTP/1.1\r\nHost: a\r\n\r\n");
    pollfd answered{next.native(), POLLIN, 0};
    REQUIRE(uninterrupted([&] { return ::poll(&answered, 1, 5'000); }) == 1);
    CHECK(next.receive().body == "hello, you");
  }
}

TEST_CASE("a handler that has no memory is answered for when there is none for that either", "[server][memory]") {
  if (!allocations_are_counted()) return;
  std::atomic<long> failures{0};
  router app;
  app.get("/", [](const request&) { return text("hello"); });
  app.get("/greedy", [&failures](const request&) -> response {
    fail_allocation_after(0, failures);
    throw std::bad_alloc();
  });
  const server running(std::move(app), {.port = 0});
  for (failures = 1; failures < 16; ++failures) {
    INFO(failures << " failures in a row");
    raw_client c(running), next(running);
    c.send("GET /greedy HTTP/1.1\r\nHost: a\r\n\r\n");
    pollfd answered{c.native(), POLLIN, 0};
    const int ready = uninterrupted([&] { return ::poll(&answered, 1, 20'000); });
    fail_allocation_after(-1);
    CHECK(ready == 1);  // or hung up
    CHECK(next.ask(get_root).body == "hello");
  }
}

TEST_CASE("whichever allocations fail, an answer of any kind is whole, an error, or cut off so that it shows", "[server][memory]") {
  if (!allocations_are_counted()) return;
  const long in_a_row = GENERATE(1L, 3L);
  const scratch::folder folder;
  const std::string much = repeated("octets ", 50'000);
  folder.write("much", much);
  folder.write("put", "old");
  const auto streamed = [&much](const request&) {
    return text(stream_body([&much, at = std::size_t{0}]() mutable {
      std::string piece = much.substr(at, 100'000);
      at += piece.size();
      return piece;
    }));
  };
  const auto waits = [](request& r) -> task<response> {
    const time_point later = r.context->clock().now() + 1ms;
    co_await r.context->clock().wait_until(later);
    co_return text("waited");
  };
  const auto events = [](const request& r) {
    return event_stream(r, [&context = *r.context, count = 0]() mutable -> task<std::optional<event>> {
      if (++count == 3) co_return std::nullopt;
      const time_point later = context.clock().now() + 1ms;
      co_await context.clock().wait_until(later);
      co_return event{.data = "tick"};
    });
  };
  router app;
  app.get("/", [](const request&) { return text("hello"); }).get("/streamed", streamed).get("/waits", with_time_limit(waits, 10s));
  app.get("/blocks", blocking([](const request&) { return text("blocked"); })).get("/events", events);
  app.any("/files/{path...}", writable_files(folder.path(), {.files = {.strip_prefix = "/files"}}));

  const struct {
    std::string asked;
    std::string_view begins, ends;  // what a whole answer does
  } kinds[] = {{get("/streamed", "Connection: close\r\n"), much, much},
               {"GET /streamed HTTP/1.0\r\n\r\n", much, much},
               {get("/waits", "Connection: close\r\n"), "waited", "waited"},
               {get("/blocks", "Connection: close\r\n"), "blocked", "blocked"},
               {get("/events", "Connection: close\r\n"), "data: tick\n\n", "data: tick\n\ndata: tick\n\n"},
               {get("/files/much", "Connection: close\r\n"), much, much},
               {get("/files/", "Connection: close\r\n"), "<!DOCTYPE html>", " files</p>\n"},
               {"PUT /files/put HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 3\r\n\r\nnew", "", ""}};
  std::string room(1'000'000, '\0');
  for (const auto& kind : kinds) {
    for (long at = 0; ; ++at) {
      INFO(kind.asked << "allocation " << at << ", " << in_a_row << " in a row");
      const server running([&app](request& r) { return app(r); }, {.port = 0, .patience = {.linger = 10ms, .drain = 100ms}});
      raw_client c(running);
      fail_allocation_after(at, in_a_row);
      c.send(kind.asked);
      std::size_t size = 0;
      ssize_t count = 0;
      do {
        count = uninterrupted([&] { return ::recv(c.native(), room.data() + size, room.size() - size, 0); });
        if (count > 0) size += static_cast<std::size_t>(count);
      } while (count > 0);
      const bool is_over = !allocation_has_failed();
      fail_allocation_after(-1);
      std::string came = room.substr(0, size);
      const answer got = take_answer(came, false, count == 0);
      if (got.complete && got.status < 400) {
        CHECK(got.body.starts_with(kind.begins));
        CHECK(got.body.ends_with(kind.ends));
      }
      CHECK(std::filesystem::file_size(folder / "put") == 3);  // the old one or the new one
      raw_client next(running);
      CHECK(next.ask(get_root).body == "hello");
      if (!is_over) continue;
      CHECK(got.complete);
      CHECK(got.status < 300);
      break;
    }
  }
}

TEST_CASE("whichever allocation fails, a download is done or leaves the old file, and beside it what helps the next", "[server][client][memory]") {
  if (!allocations_are_counted()) return;
  const long in_a_row = GENERATE(1L, 3L);
  const scratch::folder from, to;
  const std::string much = repeated("octets ", 50'000);
  from.write("f", much);
  const server running(static_files(from.path()), {.port = 0});
  const std::string path = to / "f", url = running.url() + "f";
  bool is_over = false;
  for (long at = 0; !is_over; ++at) {
    INFO("allocation " << at << ", " << in_a_row << " in a row");
    to.write("f", "old");
    client c;
    bool is_done = false;
    fail_allocation_after(at, in_a_row);
    try {
      is_done = download(c, url, path, {.sync = false}).has_value();
    } catch (const std::bad_alloc&) {
    }
    is_over = !allocation_has_failed();
    fail_allocation_after(-1);
    CHECK(std::filesystem::file_size(path) == (is_done ? much.size() : 3));
    const auto left = to.names();
    const bool has_part = left.size() == 3 && std::filesystem::file_size(to / "f.part") > 0;
    CHECK((left.size() == 1 || (!is_done && has_part)));
    CHECK(download(c, url, path, {.sync = false}));
    CHECK(to.names().size() == 1);
    CHECK(std::filesystem::file_size(path) == much.size());
  }
}

TEST_CASE("whichever allocation fails, a fake server ends", "[testing][memory]") {
  if (!allocations_are_counted()) return;
  const long in_a_row = GENERATE(1L, 3L);
  for (long at = 0;; ++at) {
    fail_allocation_after(at, in_a_row);
    try {
      const testing::fake_server local{testing::unix_socket};  // which has a folder
      testing::fake_server served;
      served.file("/x", testing::pattern(1000, 7));
      raw_client c(*net::address::parse("127.0.0.1", served.port()), *net::address::parse("127.0.0.2", 0));
      c.send("GET /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
      while (c.more()) {
      }
    } catch (const std::bad_alloc&) {
    } catch (const bad_result&) {
    }
    const bool is_over = !allocation_has_failed();
    fail_allocation_after(-1);
    if (is_over) break;
    REQUIRE(at < 1000);
  }
}

TEST_CASE("whichever allocation fails, a fake server that is told something does it or throws", "[testing][memory]") {
  if (!allocations_are_counted()) return;
  const auto is_over_at = [](long at, auto say) {
    testing::fake_server served;
    fail_allocation_after(at);
    try {
      say(served);
    } catch (const std::bad_alloc&) {
    } catch (const bad_result&) {
    }
    const bool is_over = !allocation_has_failed();
    fail_allocation_after(-1);
    served.accept();
    raw_client c(*net::address::parse("127.0.0.1", served.port()));
    CHECK(c.ask("GET /none HTTP/1.1\r\nHost: a\r\n\r\n").status == 404);
    return is_over;
  };
  for (long at = 0; !is_over_at(at, [](auto& served) { served.refuse(); }); ++at) REQUIRE(at < 100);
  for (long at = 0; !is_over_at(at, [](auto& served) { served.accept(); }); ++at) REQUIRE(at < 100);
  for (long at = 0; !is_over_at(at, [](auto& served) { served.blackhole(); }); ++at) REQUIRE(at < 100);
  for (long at = 0; !is_over_at(at, [](auto& served) { served.drop_connections(); }); ++at) REQUIRE(at < 100);
}
