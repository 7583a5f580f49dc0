#include "server/support.hpp"

#include <tinyhttp/http/body.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

using namespace server_test;

namespace {

/// Gives the pieces one after the other.
auto pieces_of(std::vector<std::string> pieces) {
  return [left = std::move(pieces), at = std::size_t{0}]() mutable {
    return at < left.size() ? left[at++] : std::string();
  };
}

}  // namespace

TEST_CASE("a stream of unknown length is chunked, and closed behind for HTTP/1.0", "[server][rfc9112-7.1]") {
  served_in_memory s([](const request&) { return text(stream_body(pieces_of({"one", "two", "three"}))); });
  std::string back = s.exchange(get_root);
  answer a = take_answer(back);
  CHECK(a.complete);
  CHECK(a.body == "onetwothree");
  CHECK(a.has("Transfer-Encoding: chunked"));
  CHECK_FALSE(s.done());

  back = s.exchange("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  a = take_answer(back);
  CHECK(a.body == "onetwothree");
  CHECK(a.has("Connection: close"));
  s.until_served();
  CHECK_FALSE(s.pair.second.peer_gone());
}

TEST_CASE("a stream of known length is sent with it", "[server]") {
  served_in_memory s([](const request&) { return text(stream_body(pieces_of({"one", "two"}), 6)); });
  std::string back = s.exchange(get_root);
  const answer a = take_answer(back);
  CHECK(a.has("Content-Length: 6"));
  CHECK(a.body == "onetwo");
  CHECK_FALSE(s.done());
}

TEST_CASE("a stream that breaks its promise cuts the connection", "[server]") {
  const auto check = [](any_handler app) {
    served_in_memory s(std::move(app));
    s.send(get_root);
    std::string back = s.until_served();
    const answer a = take_answer(back);
    CHECK_FALSE(a.complete);
    CHECK(back.empty());
  };
  SECTION("too short") {
    check([](const request&) { return text(stream_body(pieces_of({"one"}), 6)); });
  }
  SECTION("too long") {
    check([](const request&) { return text(stream_body(pieces_of({"one", "twothree"}), 6)); });
  }
  SECTION("failing, chunked") {
    check([](const request&) {
      return text(stream_body([n = 0]() mutable -> result<std::string> {
        if (n++ == 0) return std::string("one");
        return error(error_kind::io, "broken");
      }));
    });
  }
}

TEST_CASE("answers in front of one that is cut have been sent", "[server]") {
  served_in_memory s([](const request& r) {
    if (r.target.text() == "/1") return text("first");
    return text(stream_body([]() -> result<std::string> { return error(error_kind::io, "broken"); }));
  });
  s.send("GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n");
  // The reset that cuts the second may come as early as it likes in TCP; what counts is that the
  // first was handed over before it.
  CHECK(s.pair.first.sent() > 0);
}

TEST_CASE("a body that is computed gives way behind each long step", "[server]") {
  const int steps = 20;
  int made = 0;
  duration each = 1ms;
  served_in_memory* running = nullptr;
  const auto step = [&] {
    ++made;
    running->time.advance(each);
  };
  class computed final : public content_source {
   public:
    explicit computed(function<void() const> by) : by_(std::move(by)) {}
    result<std::size_t> read_at(std::uint64_t, std::span<char> room) const override {
      by_();
      std::fill(room.begin(), room.end(), 'x');
      return room.size();
    }

   private:
    function<void() const> by_;
  };
  served_in_memory s([&](const request& r) {
    if (r.target.text() == "/slice")
      return text(body(content_slice{std::make_shared<computed>(step), 0, std::uint64_t{steps} * 256 * 1024}));
    return text(stream_body([&] {
      if (made == steps) return std::string();
      step();
      return std::string(100, 'x');
    }));
  });
  running = &s;
  const auto most_in_a_turn = [&](std::string_view target) {
    int most = 0;
    const std::string asked = "GET " + std::string(target) + " HTTP/1.1\r\nHost: a\r\n\r\n";
    const std::array<std::string_view, 1> pieces{asked};
    auto writing = s.pair.second.write(pieces);
    REQUIRE(writing.await_ready());
    made = 0;
    if (!s.started) s.start();
    for (int turn = 0, before = made; turn < 100; ++turn, before = made) {
      s.loop.run_once(duration::zero());
      most = std::max(most, made - before);
      s.received();
    }
    CHECK(made >= steps);
    return most;
  };
  CHECK(most_in_a_turn("/stream") == 1);
  CHECK(most_in_a_turn("/slice") == 1);
  each = 250us;
  CHECK(most_in_a_turn("/stream") == 4);
  CHECK(most_in_a_turn("/slice") == 4);
}

TEST_CASE("a slow producer is no slow peer", "[server]") {
  server_options with;
  with.patience.grace = 1s;
  with.patience.octets_per_second = 100;
  served_in_memory s([](request& r) -> response {
    return text(stream_body([context = r.context, n = 0]() mutable -> task<result<std::string>> {
      if (n++ == 5) co_return std::string();
      const time_point later = context->clock().now() + 1min;
      co_await context->clock().wait_until(later);
      co_return std::string("event\n");
    }));
  }, std::move(with));
  s.send(get_root);
  std::string back = s.received();
  CHECK(back.find("\r\n\r\n") != std::string::npos);  // the head does not wait for the first octets
  for (int i = 0; i < 5; ++i) {
    s.time.advance(1min);
    s.settle();
    back += s.received();
  }
  s.settle();
  back += s.received();
  const answer a = take_answer(back);
  CHECK(a.complete);
  CHECK(a.body == "event\nevent\nevent\nevent\nevent\n");
}

TEST_CASE("a peer that has gone ends a stream that waits", "[server]") {
  std::atomic<int> ended{0};
  server_options with;
  server running([&ended](const request&) {
    auto flag = std::make_shared<flag_at_end>(ended);
    return text(stream_body([flag, n = 0]() mutable -> task<result<std::string>> {
      if (n++ == 0) co_return std::string("first\n");
      const never waiting;
      co_await waiting;
      co_return std::string();
    }));
  }, {.port = 0, .patience = {.drain = 50ms}, .backend = net_test::any_backend()});
  raw_client c(running);
  c.send(get_root);
  while (c.kept().find("first\n") == std::string::npos) REQUIRE(c.more());
  c.reset();
  CHECK(eventually([&] { return ended == 1; }));
  CHECK(eventually([&] { return running.open_connections() == 0; }));
}

TEST_CASE("a peer that takes slowly is waited for while it keeps the least rate", "[server]") {
  server_options with;
  with.patience.grace = 1s;
  with.patience.octets_per_second = 1000;
  const std::string octets = net_test::pattern(50'000);
  served_in_memory s([&octets](const request&) { return text(octets); }, std::move(with), {}, {.capacity = 500});
  s.send(get_root);
  std::string back;
  int rounds = 0;
  for (; rounds < 200 && !s.done(); ++rounds) {
    const std::string some = s.received();
    if (some.empty()) break;
    back += some;
    s.time.advance(250ms);  // 500 octets in a quarter of a second
    s.settle(5);
  }
  const answer a = take_answer(back);
  CHECK(a.complete);
  CHECK((a.body == octets));
}

TEST_CASE("a peer that takes too slowly is given up, whatever the body is", "[server]") {
  const int kind = GENERATE(0, 1, 2);
  server_options with;
  with.patience = {.grace = 1s, .octets_per_second = 1000, .linger = 10ms};
  const net_test::temporary_file file(net_test::pattern(300'000));
  const auto source = std::make_shared<file_content>(file.fd());
  served_in_memory s([&](const request&) {
    if (kind == 0) return text(std::string(300'000, 'x'));
    if (kind == 1) return text(body(content_slice{source, 0, 300'000}));
    return text(stream_body([] { return std::string(1000, 'y'); }));
  }, std::move(with), {}, {.capacity = 500});
  s.send(get_root);
  int rounds = 0;
  char room[10];
  for (; rounds < 200 && !s.pair.second.peer_gone(); ++rounds) {
    auto reading = s.pair.second.read(room);
    if (!reading.await_ready() || !reading.await_resume()) break;
    s.time.advance(100ms);  // 10 octets in a tenth of a second: a tenth of the least rate
    s.settle(5);
  }
  CHECK(rounds >= 9);
  CHECK(rounds <= 40);
  CHECK(s.done());
}

TEST_CASE("files go out whole, in slices, and in pieces", "[server]") {
  const std::string octets = net_test::pattern(3'000'000);
  const net_test::temporary_file file(octets);
  const bool shows = GENERATE(true, false);
  const auto source = std::make_shared<file_content>(file.fd(), shows);
  served_in_memory s([&](const request& r) {
    if (r.target.text() == "/small") return text(body(content_slice{source, 100, 50}));
    if (r.target.text() == "/empty") return text(body(content_slice{source, 100, 0}));
    if (r.target.text() == "/pieces")
      return text(body(std::vector<body_piece>{std::string("<"), content_slice{source, 5, 100'000},
                                               std::string("|"), content_slice{source, 0, 10},
                                               std::string(">")}));
    return text(body(content_slice{source, 1, 2'999'999}));
  });
  const auto ask = [](std::string_view target) {
    return std::string("GET ").append(target).append(" HTTP/1.1\r\nHost: a\r\n\r\n");
  };
  s.send(ask("/small") + ask("/empty") + ask("/pieces") + ask("/large") + ask("/small"));
  s.settle();
  std::string back = s.received();
  CHECK((take_answer(back).body == octets.substr(100, 50)));
  CHECK(take_answer(back).has("Content-Length: 0"));
  CHECK((take_answer(back).body == "<" + octets.substr(5, 100'000) + "|" + octets.substr(0, 10) + ">"));
  CHECK((take_answer(back).body == octets.substr(1)));
  CHECK((take_answer(back).body == octets.substr(100, 50)));
  CHECK(back.empty());
}

TEST_CASE("a file that shrinks while it is sent is never framed wrongly", "[server]") {
  const net_test::temporary_file file(net_test::pattern(1000));
  const bool shows = GENERATE(true, false);
  const auto source = std::make_shared<file_content>(file.fd(), shows);
  const std::uint64_t promised = GENERATE(std::uint64_t{5000}, std::uint64_t{500'000});
  served_in_memory s([&](const request&) { return text(body(content_slice{source, 0, promised})); });
  s.send(get_root);
  std::string back = s.until_served();
  CHECK_FALSE(take_answer(back).complete);
}

TEST_CASE("a response may be made of the request's body while that comes in", "[server]") {
  const std::size_t size = 500'000;  // more than both kernels hold for a reader of 4 KiB
  const bool chunked = GENERATE(true, false);
  server running([](request& r) -> task<response> {
    co_return text(stream_body([b = r.body]() mutable -> task<result<std::string>> {
      const auto piece = co_await b.next();
      if (!piece) co_return piece.error();
      co_return std::string(*piece);
    }));
  }, {.port = 0});
  raw_client c(running, 4096);
  const std::string octets = net_test::pattern(size);
  std::string all = chunked ? "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                            : "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n";
  if (chunked) {
    for (std::size_t at = 0; at < size; at += 100'000) all += "186a0\r\n" + octets.substr(at, 100'000) + "\r\n";
    all += "0\r\n\r\n";
  } else {
    all += octets;
  }
  std::thread sending([&] { c.send(all); });
  const answer a = c.receive();
  sending.join();
  CHECK(a.status == 200);
  CHECK(a.complete);
  CHECK((a.body == octets));
}
