// tests/client/pool.cpp -- tests client/pool.hpp
#include "catch.hpp"

#include <tinyhttp/client/pool.hpp>

#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace tinyhttp;

namespace {

struct fake_stream {
  bool gone = false;
  [[nodiscard]] bool peer_gone() const noexcept { return gone; }
};
struct fake_connection {
  fake_connection(int n, std::string origin) : number(n), kept_for(std::move(origin)) {}
  fake_stream stream;
  int number;
  std::string kept_for;
};
using pool = connection_pool<fake_connection>;

const time_point start{std::chrono::hours(1)};
shared<fake_connection> make(int number, std::string origin = "http://a") {
  return share(new fake_connection(number, std::move(origin)));
}

}  // namespace

TEST_CASE("the connection used last is taken first, and only by its origin", "[client][pool]") {
  pool p({});
  p.put(make(1), start);
  p.put(make(2), start);
  p.put(make(3, "http://b"), start);
  CHECK(p.take("http://a", start)->number == 2);
  CHECK(p.take("http://a", start)->number == 1);
  CHECK(p.take("http://a", start) == nullptr);
  CHECK(p.take("http://a:81", start) == nullptr);
  CHECK(p.take("https://b", start) == nullptr);
  CHECK(p.take("http://b", start)->number == 3);
  CHECK(p.size() == 0);
}

TEST_CASE("a connection whose peer has spoken unasked is closed instead of used",
          "[client][pool]") {
  pool p({});
  auto good = make(1), gone = make(2);
  const auto seen = gone;
  gone->stream.gone = true;
  p.put(std::move(good), start);
  p.put(std::move(gone), start);
  CHECK(p.take("http://a", start)->number == 1);
  CHECK(seen.use_count() == 1);
}

TEST_CASE("a connection is kept no longer than allowed", "[client][pool]") {
  pool p({.keep_for = std::chrono::seconds(10)});
  p.put(make(1), start);
  p.put(make(2, "http://b"), start);
  p.put(make(3, "http://b"), start + std::chrono::seconds(5));
  CHECK(p.take("http://b", start + std::chrono::seconds(11))->number == 3);
  CHECK(p.size() == 0);  // the others were closed in passing
}

TEST_CASE("of too many connections the longest kept are closed", "[client][pool]") {
  pool p({.per_origin = 2, .in_all = 3});
  for (int i = 1; i <= 3; ++i) p.put(make(i), start);
  CHECK(p.size() == 2);
  p.put(make(4, "http://b"), start);
  p.put(make(5, "http://c"), start);
  CHECK(p.size() == 3);
  CHECK(p.take("http://a", start)->number == 3);
  CHECK(p.take("http://a", start) == nullptr);

  pool shared({.per_origin = 2});  // each origin costs itself only
  shared.put(make(9, "http://b"), start);
  for (int i = 1; i <= 3; ++i) shared.put(make(i), start);
  CHECK(shared.size() == 3);
  CHECK(shared.take("http://b", start)->number == 9);
  CHECK(shared.take("http://a", start)->number == 3);
  CHECK(shared.take("http://a", start)->number == 2);

  pool none({.per_origin = 0});
  none.put(make(1), start);
  CHECK(none.size() == 0);
}

TEST_CASE("threads share a pool", "[client][pool][threads]") {
  pool p({});
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&p] {
      for (int i = 0; i < 500; ++i) {
        auto c = p.take("http://a", start);
        if (!c) c = make(0);
        ++c->number;  // nobody else has it
        p.put(std::move(c), start);
      }
    });
  for (auto& t : threads) t.join();
  CHECK(p.size() >= 1);
  CHECK(p.size() <= 4);
}

TEST_CASE("a pool that is closed keeps nothing, and nothing that comes back", "[client][pool]") {
  pool p({});
  const auto kept = make(1), in_use = make(2);
  p.put(kept, start);
  p.close();
  p.put(in_use, start);
  CHECK(p.size() == 0);
  CHECK(p.take("http://a", start) == nullptr);
  CHECK(kept.use_count() == 1);
  CHECK(in_use.use_count() == 1);
}
