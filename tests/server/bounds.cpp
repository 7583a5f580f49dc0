// Each bound of `server_options`, set to little: what just fits is served, one more is not.
#include "server/support.hpp"

#include <functional>
#include <string>
#include <string_view>

using namespace server_test;

namespace {

struct bound {
  const char* name;
  int status;  // beyond it
  void (*set)(server_options&);
  std::string (*message)(std::size_t more);  // `more`: 0 fits, 1 does not
};

const std::string chunked = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";

const bound bounds[] = {
    {"target", 414, [](auto& o) { o.limits.target = 20; },
     [](std::size_t more) { return "GET /" + std::string(19 + more, 'x') + " HTTP/1.1\r\nHost: a\r\n\r\n"; }},
    {"head", 431, [](auto& o) { o.limits.head = 100; },
     [](std::size_t more) { return "GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(68 + more, 'x') + "\r\n\r\n"; }},
    {"fields", 431, [](auto& o) { o.limits.fields = 10; },
     [](std::size_t more) { return "GET / HTTP/1.1\r\nHost: a\r\n" + repeated("X: y\r\n", 9 + more) + "\r\n"; }},
    {"empty lines", 400, [](auto& o) { o.limits.empty_lines = 3; },
     [](std::size_t more) { return repeated("\r\n", 3 + more) + std::string(get_root); }},
    {"trailer", 431, [](auto& o) { o.limits.trailer = 30; },
     [](std::size_t more) { return chunked + "1\r\nx\r\n0\r\nX: " + std::string(27 + more, 'y') + "\r\n\r\n"; }},
    {"lines of a trailer", 431, [](auto& o) { o.limits.fields = 3; },
     [](std::size_t more) { return chunked + "1\r\nx\r\n0\r\n" + repeated("X: y\r\n", 3 + more) + "\r\n"; }},
    {"chunk extensions", 400, [](auto& o) { o.limits.chunk_extensions = 10; },
     [](std::size_t more) { return chunked + "1;abcd\r\nx\r\n1;abc" + std::string(1 + more, 'd') + "\r\nx\r\n0\r\n\r\n"; }},
    {"body", 413, [](auto& o) { o.body_limit = 10; },
     [](std::size_t more) { return chunked + "5\r\n01234\r\n" + (more != 0 ? "6\r\n5" : "5\r\n") + "56789\r\n0\r\n\r\n"; }},
};

}  // namespace

TEST_CASE("what fits a bound is served, and one more is refused with its status", "[server][limit]") {
  for (const auto& one : bounds) {
    for (const std::size_t fragment : {std::size_t{1}, std::size_t{100'000}}) {
      INFO(one.name << " in fragments of " << fragment);
      server_options with;
      one.set(with);
      served_in_memory s([](const request&) { return text("served"); }, std::move(with), {.fragment = fragment});
      s.send(one.message(0));
      s.settle(500);
      std::string back = s.received();
      CHECK(take_answer(back).status == 200);
      CHECK(back.empty());
      s.send(one.message(1));
      s.settle(500);
      back = s.received();
      const answer refused = take_answer(back);
      CHECK(refused.status == one.status);
      CHECK(back.empty());
    }
  }
}

TEST_CASE("pipelined requests are read ahead within bounds, and then wait at the peer's", "[server][limit]") {
  int calls = 0;
  served_in_memory s([&calls](request& r) -> task<response> {
    ++calls;
    if (calls == 2) {
      const time_point later = r.context->clock().now() + 1s;
      co_await r.context->clock().wait_until(later);
    }
    co_return text("served");
  }, {}, {.capacity = 1'000'000});
  const std::string many = repeated(get_root, 6'000);  // 168,000 octets
  s.send(many);
  CHECK(calls == 2);  // the second one waits
  const std::size_t read = many.size() - s.pair.first.unread().size();
  CHECK(read >= 2 * get_root.size());
  CHECK(read <= 64 * 1024);
  s.settle(5'000);
  CHECK(calls == 2);
  for (int i = 0; i < 10'000 && calls < 6'000; ++i) s.loop.run_once(2s);
  CHECK(calls == 6'000);
}

TEST_CASE("a server is patient as long as is said of it, and no longer", "[server][timeout]") {
  const patience usual = server_options().patience;
  CHECK(usual.head == 20s);
  CHECK(usual.idle == 60s);
  CHECK(usual.grace == 20s);
  CHECK(usual.octets_per_second == 500);
  CHECK(usual.linger == 2s);
  CHECK(usual.drain == 10s);
}
