// Tests of net/blocking_stream.hpp.
#include "net/support.hpp"

#include <tinyhttp/net/blocking_stream.hpp>

#include <thread>

using namespace net_test;
using net::blocking_stream;
using std::chrono::milliseconds;

namespace {

/// The same coroutine over any stream: sends `question`, and reads the answer to its end.
template <net::stream Stream>
task<result<std::string>> ask(Stream& s, std::string_view question) {
  std::span<const std::string_view> pieces(&question, 1);
  const result<void> sent = co_await s.write(pieces);
  if (!sent) co_return sent.error();
  static_cast<void>(s.shutdown_send());
  std::string answer;
  char octets[512];
  std::span<char> room(octets);
  for (;;) {
    const result<std::size_t> count = co_await s.read(room);
    if (!count) co_return count.error();
    if (*count == 0) co_return answer;
    answer.append(octets, *count);
  }
}

std::thread echo_whole(net::socket& over) {
  return std::thread([&over] {
    const std::string all = read_to_end(over);
    static_cast<void>(over.send_all(all));
    over.close();
  });
}

result<std::size_t> read_one(blocking_stream& from) {
  char octet[1];
  return from.read(octet).await_resume();
}

}  // namespace

TEST_CASE("one coroutine serves blocking streams and streams on a loop", "[net][blocking_stream]") {
  const std::string question = pattern(3 << 20);
  SECTION("blocking: it is over when it has been started") {
    auto pair = connected_sockets(GENERATE(AF_INET, AF_UNIX));
    std::thread peer = echo_whole(pair.theirs);
    blocking_stream s(std::move(pair.ours), pair.peer);
    auto asking = ask(s, question);
    asking.start();
    REQUIRE(asking.done());
    CHECK((asking.take().value() == question));
    CHECK(s.sent() == question.size());
    CHECK(s.received() == question.size());
    peer.join();
  }
  SECTION("on a loop") {
    net::loop loop({.backend = any_backend()});
    auto pair = connected_sockets();
    std::thread peer = echo_whole(pair.theirs);
    net::tcp_stream s(loop, std::move(pair.ours), pair.peer);
    CHECK((loop.run_until_done(ask(s, question)).value() == question));
    peer.join();
  }
}

TEST_CASE("a blocking stream's deadline ends each kind of wait", "[net][blocking_stream][deadline]") {
  auto pair = connected_sockets();
  blocking_stream s(std::move(pair.ours), pair.peer);
  const auto soon = [&] { s.expires_at(std::chrono::steady_clock::now() + milliseconds(15)); };
  soon();
  const auto read = read_one(s);
  REQUIRE_FALSE(read);
  CHECK(read.error().kind() == error_kind::timeout);
  CHECK(read.error().message() == "read from " + pair.peer.to_string() + ": timed out");
  CHECK(s.readable().await_resume().error().kind() == error_kind::timeout);  // and later ones
  soon();
  const std::string much = pattern(32 << 20);
  std::string_view piece = much;
  CHECK(s.write({&piece, 1}).await_resume().error().kind() == error_kind::timeout);
  s.never_expires();
  pair.theirs.send_all("x").value();
  CHECK(s.readable().await_resume().has_value());
  CHECK(read_one(s).value() == 1);
}

TEST_CASE("a connection that goes on receives without asking first, and keeps its deadlines",
          "[net][blocking_stream][deadline]") {
  auto pair = connected_sockets(GENERATE(AF_INET, AF_UNIX));
  blocking_stream s(std::move(pair.ours), pair.peer);
  char room[16];
  {
    const faults counted(net::system_call::poll, {});
    for (int i = 0; i < 5; ++i) {
      pair.theirs.send_all("x").value();
      REQUIRE(s.read(room).await_resume().value() == 1);
    }
    CHECK(counted.calls() == 1);  // not every connection has a second wait: the first one polls
  }
  const auto start = std::chrono::steady_clock::now();
  const auto in = [&](int span) { s.expires_at(start + milliseconds(span)); };
  SECTION("near ones and far ones") {
    const int span = GENERATE(15, 140);
    in(span);
    CHECK(s.read(room).await_resume().error().kind() == error_kind::timeout);
    CHECK(std::chrono::steady_clock::now() >= start + milliseconds(span));
    s.never_expires();
    pair.theirs.send_all("y").value();
    CHECK(s.read(room).await_resume().value() == 1);
  }
  SECTION("also where signals never cease") {
    in(140);
    const faults in_force(net::system_call::receive, {.error = EINTR});
    CHECK(s.read(room).await_resume().error().kind() == error_kind::timeout);
  }
  SECTION("for writes") {
    in(15);
    const std::string much = pattern(32 << 20);
    std::string_view piece = much;
    CHECK(s.write({&piece, 1}).await_resume().error().kind() == error_kind::timeout);
  }
  SECTION("for files, from which it goes on with polls") {
    in(15);
    const temporary_file file(pattern(32 << 20));
    CHECK(s.send_file(file.fd(), 0, 32 << 20).await_resume().error().kind() == error_kind::timeout);
    s.never_expires();
    pair.theirs.send_all("y").value();
    const faults counted(net::system_call::poll, {});
    CHECK(s.read(room).await_resume().value() == 1);
    CHECK(counted.calls() == 1);
  }
  SECTION("and looks for an end without waiting") {
    CHECK_FALSE(s.peer_closed());
    CHECK_FALSE(s.has_news());
  }
  SECTION("until it is given away, non-blocking") {
    const net::socket given = s.release();
    CHECK(net::os::receive(given.native(), room, sizeof room) == -EAGAIN);
    timeval left{1, 1};
    socklen_t size = sizeof left;
    REQUIRE(::getsockopt(given.native(), SOL_SOCKET, SO_RCVTIMEO, &left, &size) == 0);
    CHECK(left.tv_sec == 0);
    CHECK(left.tv_usec == 0);
  }
}

TEST_CASE("a blocking stream can be told to stop by another thread", "[net][blocking_stream][threads]") {
  net::interrupter stop;
  auto pair = connected_sockets();
  blocking_stream s(std::move(pair.ours), pair.peer, &stop);
  std::thread other([&] { stop.cancel(); });
  const auto read = read_one(s);
  other.join();
  REQUIRE_FALSE(read);
  CHECK(read.error().kind() == error_kind::cancelled);
  std::string_view piece = "x";
  CHECK(s.write({&piece, 1}).await_resume().error().kind() == error_kind::cancelled);
}

TEST_CASE("a blocking stream sends files, and notices ends and resets", "[net][blocking_stream]") {
  const std::string content = pattern(2 << 20);
  const temporary_file file(content);
  auto pair = connected_sockets();
  blocking_stream s(std::move(pair.ours), pair.peer);
  CHECK_FALSE(s.peer_closed());
  std::string got;
  std::thread reader([&] {
    char octets[65536];
    while (got.size() < content.size() - 5) got.append(octets, pair.theirs.receive(octets).value());
  });
  CHECK(s.send_file(file.fd(), 5, content.size()).await_resume().value() == content.size() - 5);
  reader.join();
  CHECK((got == content.substr(5)));
  pair.theirs.shutdown_send().value();
  CHECK(read_one(s).value() == 0);
  CHECK(s.peer_closed());
  CHECK_FALSE(s.peer_gone());
  net::os::reset_on_close(pair.theirs.native());
  pair.theirs.close();
  std::string_view piece = "x";
  CHECK(s.write({&piece, 1}).await_resume().error().kind() == error_kind::closed);
  CHECK(s.peer_gone());
  s.close();
  CHECK(read_one(s).error().kind() == error_kind::cancelled);
}

TEST_CASE("interruptions, short counts and EAGAIN do not change what is read", "[net][blocking_stream][faults]") {
  struct row {
    net::system_call which;
    net::fault what;
    int times;
  };
  const auto [which, what, times] = GENERATE(values<row>({
      {net::system_call::poll, {.error = EINTR}, 4},
      {net::system_call::receive, {.error = EINTR}, 4},
      {net::system_call::receive, {.error = EAGAIN}, 4},
      {net::system_call::receive, {.at_most = 1}, 1'000'000},
      {net::system_call::send, {.error = EAGAIN}, 4},
      {net::system_call::send, {.at_most = 3}, 1'000'000},
  }));
  auto pair = connected_sockets();
  const faults in_force(which, what, 0, times);
  std::thread peer = echo_whole(pair.theirs);
  blocking_stream s(std::move(pair.ours), pair.peer);
  const std::string question = pattern(100);
  auto asking = ask(s, question);
  asking.start();
  peer.join();
  CHECK(asking.take().value() == question);
}
