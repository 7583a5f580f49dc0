// Tests of testing/memory_stream.hpp.
#include "net/support.hpp"

#include <tinyhttp/testing/memory_stream.hpp>

#include <memory>

using namespace net_test;
using std::chrono::seconds;
using testing::memory_pair;
using testing::memory_stream;

namespace {

task<result<std::string>> read_some(memory_stream& from) {
  char octets[64];
  std::span<char> room(octets);
  const result<std::size_t> count = co_await from.read(room);
  if (!count) co_return count.error();
  co_return std::string(octets, *count);
}

task<result<void>> write_one(memory_stream& to, std::string octets) {
  std::string_view view = octets;
  std::span<const std::string_view> pieces(&view, 1);
  const result<void> done = co_await to.write(pieces);
  co_return done;
}

task<result<std::uint64_t>> send_slice(memory_stream& to, int fd, std::uint64_t at,
                                       std::uint64_t length) {
  const result<std::uint64_t> done = co_await to.send_file(fd, at, length);
  co_return done;
}

struct fixture {
  explicit fixture(testing::delivery to_first = {}, testing::delivery to_second = {})
      : loop({.time = &time}), pair(loop, to_first, to_second) {}
  held_time time;
  net::loop loop;
  memory_pair pair;
};

}  // namespace

TEST_CASE("octets cross a memory pair both ways, then the end", "[testing][memory_stream]") {
  fixture f;
  f.loop.run_until_done(write_one(f.pair.first, "ping")).value();
  CHECK(f.pair.second.unread() == "ping");
  CHECK(f.loop.run_until_done(read_some(f.pair.second)).value() == "ping");
  auto waiting = read_some(f.pair.first);
  waiting.start();
  auto writing = write_one(f.pair.second, "pong");
  writing.start();
  CHECK(writing.done());
  CHECK_FALSE(waiting.done());  // only the loop resumes
  while (!waiting.done()) f.loop.run_once();
  CHECK(waiting.take().value() == "pong");
  f.pair.second.shutdown_send().value();
  CHECK(f.loop.run_until_done(read_some(f.pair.first)).value().empty());
  CHECK(f.pair.first.sent() == 4);
  CHECK(f.pair.first.received() == 4);
}

TEST_CASE("octets are delivered in the fragments that were asked for", "[testing][memory_stream]") {
  fixture f({.fragment = 1}, {.fragment = 3});
  f.loop.run_until_done(write_one(f.pair.first, "abcd")).value();
  CHECK(f.loop.run_until_done(read_some(f.pair.second)).value() == "abc");
  CHECK(f.loop.run_until_done(read_some(f.pair.second)).value() == "d");
  f.loop.run_until_done(write_one(f.pair.second, "xy")).value();
  CHECK(f.loop.run_until_done(read_some(f.pair.first)).value() == "x");
}

TEST_CASE("a full memory stream makes its writer wait", "[testing][memory_stream]") {
  const std::string content = pattern(100);
  const temporary_file file(content);
  fixture f({}, {.capacity = 8});
  std::string got;
  auto writing = write_one(f.pair.first, content);
  writing.start();
  CHECK_FALSE(writing.done());
  while (!writing.done() || !f.pair.second.unread().empty())
    got += f.loop.run_until_done(read_some(f.pair.second)).value();
  CHECK(got == content);
  auto sending = send_slice(f.pair.first, file.fd(), 10, 1000);
  sending.start();
  got.clear();
  while (got.size() < 90) got += f.loop.run_until_done(read_some(f.pair.second)).value();
  while (!sending.done()) f.loop.run_once();
  CHECK(sending.take().value() == 90);
  CHECK(got == content.substr(10));
}

TEST_CASE("closing a memory stream with octets unread resets, as TCP does", "[testing][memory_stream]") {
  fixture f;
  int told = 0;
  f.pair.first.on_peer_gone([&] { ++told; });
  f.loop.run_until_done(write_one(f.pair.first, "unread")).value();
  f.pair.second.close();
  CHECK(f.pair.first.peer_gone());
  CHECK(told == 0);
  f.loop.run_once(duration::zero());
  CHECK(told == 1);
  CHECK(f.loop.run_until_done(read_some(f.pair.first)).error().kind() == error_kind::closed);
  CHECK(f.loop.run_until_done(write_one(f.pair.first, "x")).error().kind() == error_kind::closed);
  CHECK(f.loop.run_until_done(read_some(f.pair.second)).error().kind() == error_kind::cancelled);
}

TEST_CASE("a memory stream closed in order has an end and then refuses", "[testing][memory_stream]") {
  fixture f;
  f.loop.run_until_done(write_one(f.pair.second, "last")).value();
  f.pair.second.close();
  CHECK(f.loop.run_until_done(read_some(f.pair.first)).value() == "last");
  CHECK(f.loop.run_until_done(read_some(f.pair.first)).value().empty());
  CHECK(f.loop.run_until_done(write_one(f.pair.first, "x")).error().message() ==
        "write to 127.0.0.1:1: broken pipe");
}

TEST_CASE("deadlines and destruction end a wait in memory too", "[testing][memory_stream][cancellation]") {
  fixture f;
  f.pair.first.expires_at(f.loop.now() + seconds(3600));
  CHECK(f.loop.run_until_done(read_some(f.pair.first)).error().kind() == error_kind::timeout);
  f.pair.first.never_expires();
  {
    auto waiting = read_some(f.pair.first);
    waiting.start();
    f.loop.run_until_done(write_one(f.pair.second, "x")).value();
  }
  f.loop.run_once(duration::zero());
  CHECK(f.loop.run_until_done(read_some(f.pair.first)).value() == "x");
}

TEST_CASE("a deadline that is set on a closed memory stream goes with it", "[testing][memory_stream]") {
  fixture f;
  {
    const auto pair = std::make_unique<memory_pair>(f.loop);
    pair->first.close();
    pair->first.expires_at(f.loop.now() + seconds(5));
    CHECK(f.loop.timers().size() == 1);
  }
  CHECK(f.loop.timers().size() == 0);
}

TEST_CASE("an end that aborts takes back what was not read", "[testing][memory_stream]") {
  fixture f;
  f.loop.run_until_done(write_one(f.pair.second, "lost")).value();
  CHECK(f.pair.second.is_open());
  f.pair.second.abort();
  CHECK_FALSE(f.pair.second.is_open());
  CHECK(f.pair.first.is_open());
  CHECK(f.pair.first.peer_closed());
  CHECK(f.pair.first.unread().empty());
  CHECK(f.loop.run_until_done(read_some(f.pair.first)).error().message() == "read from 127.0.0.1:1: connection reset by peer");
  CHECK(f.loop.run_until_done(write_one(f.pair.first, "x")).error().message() == "write to 127.0.0.1:1: connection reset by peer");
  CHECK(f.pair.first.sent() == 0);
  f.pair.second.close();  // once more is nothing
}

TEST_CASE("who closed one way has gone only for whom takes it so", "[testing][memory_stream]") {
  fixture f;
  int told = 0;
  f.pair.first.on_peer_gone([&] { ++told; });
  CHECK_FALSE(f.pair.first.peer_closed());
  f.pair.second.shutdown_send().value();
  CHECK(f.pair.first.peer_closed());
  CHECK_FALSE(f.pair.first.peer_gone());
  CHECK(f.loop.run_until_done(write_one(f.pair.second, "x")).error().message() == "write to 127.0.0.1:1: broken pipe");
  f.pair.first.take_closing_for_gone();
  CHECK(f.pair.first.peer_gone());
  f.loop.run_once(duration::zero());
  CHECK(told == 0);  // nobody asked since
  f.pair.first.on_peer_gone([&] { ++told; });
  f.loop.run_once(duration::zero());
  CHECK(told == 1);
}

TEST_CASE("a memory stream has one operation each way at a time", "[testing][memory_stream]") {
  fixture f({}, {.capacity = 1});
  auto reading = read_some(f.pair.first);
  auto writing = write_one(f.pair.first, "ab");
  reading.start();
  writing.start();
  CHECK(f.loop.run_until_done(read_some(f.pair.first)).error().kind() == error_kind::invalid_argument);
  CHECK(f.loop.run_until_done(write_one(f.pair.first, "c")).error().kind() == error_kind::invalid_argument);
  CHECK(f.loop.run_until_done(send_slice(f.pair.first, -1, 0, 1)).error().kind() == error_kind::invalid_argument);
  CHECK(f.pair.second.unread() == "a");
}

TEST_CASE("a file is sent in order, as much of it as there is and as is wanted", "[testing][memory_stream]") {
  const std::string content = pattern(300'000);
  const temporary_file file(content);
  fixture f;
  CHECK(f.loop.run_until_done(send_slice(f.pair.first, file.fd(), 5, 200'000)).value() == 200'000);
  CHECK(f.pair.second.unread() == content.substr(5, 200'000));
  CHECK(f.pair.first.sent() == 200'000);
  CHECK(f.loop.run_until_done(send_slice(f.pair.first, file.fd(), 290'000, 20'000)).value() == 10'000);
  CHECK(f.pair.second.unread().substr(200'000) == content.substr(290'000));
  CHECK(f.loop.run_until_done(send_slice(f.pair.first, -1, 0, 1)).error().message() == "send a file to 127.0.0.1:1: bad file descriptor");
  f.pair.second.abort();
  CHECK(f.loop.run_until_done(send_slice(f.pair.first, file.fd(), 0, 1)).error().kind() == error_kind::closed);
}
