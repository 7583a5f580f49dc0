// Tests of net/tcp_stream.hpp, net/operation.hpp and net/transfer.hpp.
#include "net/support.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include <sys/resource.h>

using namespace net_test;
using net::tcp_stream;
using std::chrono::seconds;

namespace {

using text = std::string_view;

task<result<std::string>> read_once(tcp_stream& from, std::size_t size = 64) {
  std::string into(size, '\0');
  std::span<char> room(into);
  const result<std::size_t> count = co_await from.read(room);
  if (!count) co_return count.error();
  into.resize(*count);
  co_return into;
}

task<result<std::string>> read_all(tcp_stream& from) {
  std::string all;
  std::vector<char> into(32 * 1024);
  std::span<char> room(into);
  for (;;) {
    const result<std::size_t> count = co_await from.read(room);
    if (!count) co_return count.error();
    if (*count == 0) co_return all;
    all.append(into.data(), *count);
  }
}

task<void> read_singly(tcp_stream& from) {
  char octet[1];
  std::span<char> room(octet);
  for (;;) {
    const result<std::size_t> count = co_await from.read(room);
    if (!count || *count == 0) co_return;
  }
}

task<result<void>> wait_readable(tcp_stream& from) {
  const result<void> done = co_await from.readable();
  co_return done;
}

task<result<void>> write_all(tcp_stream& to, std::vector<std::string> pieces) {
  std::vector<text> views(pieces.begin(), pieces.end());
  std::span<const text> all(views);
  const result<void> done = co_await to.write(all);
  co_return done;
}

task<result<void>> write_and_end(tcp_stream& to, std::string octets) {
  text view(octets);
  std::span<const text> all(&view, 1);
  const result<void> done = co_await to.write(all);
  static_cast<void>(to.shutdown_send());
  co_return done;
}

task<result<std::uint64_t>> send_slice(tcp_stream& to, int fd, std::uint64_t at, std::uint64_t length) {
  const result<std::uint64_t> done = co_await to.send_file(fd, at, length);
  co_return done;
}

/// A stream on a loop, and the other end as a plain socket.
struct fixture {
  explicit fixture(net::backend which = any_backend(), int family = AF_INET,
                   net::time_source* time = nullptr)
      : loop({.backend = which, .time = time}),
        pair(connected_sockets(family)),
        stream(loop, std::move(pair.ours), pair.peer) {}
  net::loop loop;
  socket_pair pair;
  tcp_stream stream;
};

template <class T>
error error_of(const result<T>& r) {
  REQUIRE_FALSE(r.has_value());
  return r.error();
}

}  // namespace

TEST_CASE("octets come as they arrive, then the end", "[net][tcp_stream]") {
  fixture f(any_backend(), GENERATE(AF_INET, AF_UNIX));
  f.pair.theirs.send_all("hello").value();
  CHECK(f.loop.run_until_done(read_once(f.stream)).value() == "hello");
  f.pair.theirs.send_all("world").value();
  CHECK(f.loop.run_until_done(read_once(f.stream, 3)).value() == "wor");
  f.pair.theirs.shutdown_send().value();
  CHECK(f.loop.run_until_done(read_once(f.stream)).value() == "ld");
  CHECK(f.loop.run_until_done(read_once(f.stream)).value().empty());
  CHECK(f.loop.run_until_done(read_once(f.stream)).value().empty());  // and stays the end
  CHECK(f.stream.received() == 10);
  CHECK_FALSE(f.stream.peer_gone());
}

TEST_CASE("a half-closed connection still takes an answer", "[net][tcp_stream]") {
  fixture f;
  f.pair.theirs.send_all("question").value();
  f.pair.theirs.shutdown_send().value();
  CHECK(f.loop.run_until_done(read_all(f.stream)).value() == "question");
  f.loop.run_until_done(write_and_end(f.stream, "answer")).value();
  CHECK(read_to_end(f.pair.theirs) == "answer");
  CHECK(f.stream.sent() == 6);
}

TEST_CASE("after a short read nobody asks the system for EAGAIN", "[net][tcp_stream][cost]") {
  fixture f;
  // `readable` asks nobody: it is over at once if the stream believes that there is more.
  f.pair.theirs.send_all("hello").value();
  CHECK(f.loop.run_until_done(read_once(f.stream)).value() == "hello");
  auto waiting = wait_readable(f.stream);
  waiting.start();
  CHECK_FALSE(waiting.done());
  f.pair.theirs.send_all("!").value();
  while (!waiting.done()) f.loop.run_once();
  CHECK(f.loop.run_until_done(read_once(f.stream)).value() == "!");
}

TEST_CASE("waiting for octets needs no buffer", "[net][tcp_stream]") {
  fixture f;
  auto waiting = wait_readable(f.stream);
  waiting.start();
  f.loop.run_once(duration::zero());
  CHECK_FALSE(waiting.done());
  f.pair.theirs.send_all("x").value();
  while (!waiting.done()) f.loop.run_once();
  CHECK(waiting.take().has_value());
  CHECK(f.stream.received() == 0);
  CHECK(f.loop.run_until_done(read_once(f.stream)).value() == "x");
}

TEST_CASE("many pieces are written in order, empty ones too", "[net][tcp_stream]") {
  fixture f;
  std::vector<std::string> pieces;
  std::string all;
  for (int i = 0; i < 1000; ++i) {
    pieces.push_back(i % 3 == 0 ? "" : std::to_string(i) + ",");
    all += pieces.back();
  }
  f.loop.run_until_done(write_all(f.stream, pieces)).value();
  f.loop.run_until_done(write_all(f.stream, {})).value();
  f.loop.run_until_done(write_all(f.stream, {"", ""})).value();
  CHECK(f.stream.sent() == all.size());
  f.stream.close();
  CHECK(read_to_end(f.pair.theirs) == all);
}

TEST_CASE("a slow reader gets everything, in its own time", "[net][tcp_stream]") {
  fixture f(any_backend(), GENERATE(AF_INET, AF_UNIX));
  const std::string all = pattern(6 << 20);
  auto writing = write_and_end(f.stream, all);
  writing.start();
  for (int i = 0; i < 20; ++i) f.loop.run_once(duration::zero());
  CHECK_FALSE(writing.done());  // nobody reads: the buffers are full
  CHECK(f.stream.sent() > 0);
  CHECK(f.stream.sent() < all.size());
  std::string got;
  std::thread reader([&] { got = read_to_end(f.pair.theirs); });
  while (!writing.done()) f.loop.run_once();
  reader.join();
  CHECK((got == all));
  CHECK(f.stream.sent() == all.size());
}

TEST_CASE("what is written at once is what the system takes, and the rest goes its usual way", "[net][tcp_stream]") {
  fixture f(any_backend(), GENERATE(AF_INET, AF_UNIX));
  CHECK(f.stream.write_at_once("few") == 3);
  CHECK(f.stream.sent() == 3);
  const std::string all = pattern(12 << 20);
  std::size_t at = 0;
  for (int i = 0; i < 20; ++i) {
    f.loop.run_once(duration::zero());
    at += f.stream.write_at_once(text(all).substr(at));
  }
  CHECK(at > 0);
  CHECK(at < all.size());  // nobody reads: the buffers are full
  CHECK(f.stream.sent() == 3 + at);
  auto writing = write_and_end(f.stream, all.substr(at));
  writing.start();
  CHECK(f.stream.write_at_once("in between") == 0);
  std::string got;
  std::thread reader([&] { got = read_to_end(f.pair.theirs); });
  while (!writing.done()) f.loop.run_once();
  reader.join();
  CHECK((got == "few" + all));
}

TEST_CASE("nothing is written at once in vain: not to who has gone, too late, or on a closed stream", "[net][tcp_stream]") {
  fixture f;
  f.stream.expires_at(f.loop.now());
  CHECK(f.stream.write_at_once("x") == 0);
  f.stream.never_expires();
  f.pair.theirs.close();
  while (f.stream.write_at_once("x") > 0) f.loop.run_once(std::chrono::milliseconds(1));
  CHECK(error_of(f.loop.run_until_done(write_all(f.stream, {"x"}))).kind() == error_kind::closed);
  f.stream.close();
  CHECK(f.stream.write_at_once("x") == 0);
}

TEST_CASE("one-octet writes and reads lose nothing", "[net][tcp_stream][faults]") {
  const auto which = GENERATE(net::system_call::send, net::system_call::receive);
  fixture f;
  tcp_stream other(f.loop, std::move(f.pair.theirs), net::address());
  const faults few(which, {.at_most = 1});
  const std::string all = pattern(3000);
  auto writing = write_all(f.stream, {all.substr(0, 1), all.substr(1, 1999), all.substr(2000)});
  writing.start();
  std::string got;
  while (got.size() < all.size()) got += f.loop.run_until_done(read_once(other)).value();
  CHECK(got == all);
  CHECK(writing.done());
}

TEST_CASE("EAGAIN at any call only costs time", "[net][tcp_stream][faults]") {
  const auto which = GENERATE(net::system_call::send, net::system_call::receive);
  const int first = GENERATE(0, 1, 3);
  fixture f;
  tcp_stream other(f.loop, std::move(f.pair.theirs), net::address());
  const faults full(which, {.error = EAGAIN}, first, 5);
  const std::string all = pattern(200'000);
  auto writing = write_all(f.stream, {all});
  writing.start();
  std::string got;
  while (got.size() < all.size()) got += f.loop.run_until_done(read_once(other, 4096)).value();
  CHECK((got == all));
}

TEST_CASE("a reset is an error that names the peer", "[net][tcp_stream]") {
  fixture f;
  const std::string peer = f.pair.peer.to_string();
  auto reading = read_once(f.stream);
  reading.start();
  f.loop.run_once(duration::zero());
  net::os::reset_on_close(f.pair.theirs.native());
  f.pair.theirs.close();
  while (!reading.done()) f.loop.run_once();
  const error failed = error_of(reading.take());
  CHECK(failed.kind() == error_kind::closed);
  CHECK(failed.message() == "read from " + peer + ": connection reset by peer");
  const error write_failed = error_of(f.loop.run_until_done(write_all(f.stream, {"x"})));
  CHECK(write_failed.kind() == error_kind::closed);
  CHECK(write_failed.message().starts_with("write to " + peer + ": "));
}

TEST_CASE("a reset at the n-th call ends the operation there", "[net][tcp_stream][faults]") {
  fixture f;
  const faults reset(net::system_call::send, {.error = ECONNRESET}, GENERATE(0, 1), 1);
  auto first = f.loop.run_until_done(write_all(f.stream, {"x"}));
  auto second = f.loop.run_until_done(write_all(f.stream, {"y"}));
  CHECK(first.has_value() != second.has_value());
}

TEST_CASE("abort resets the peer, close ends in order", "[net][tcp_stream]") {
  fixture f;
  char octet[1];
  SECTION("abort") {
    f.stream.abort();
    CHECK(error_of(f.pair.theirs.receive(octet)).kind() == error_kind::closed);
  }
  SECTION("close") {
    f.stream.close();
    CHECK(f.pair.theirs.receive(octet).value() == 0);
  }
  CHECK(error_of(f.loop.run_until_done(read_once(f.stream))).kind() == error_kind::cancelled);
}

TEST_CASE("closing ends what waits, with cancelled", "[net][tcp_stream]") {
  fixture f;
  auto reading = read_once(f.stream);
  auto writing = write_all(f.stream, {pattern(16 << 20)});
  reading.start();
  writing.start();
  f.stream.close();
  CHECK_FALSE(reading.done());  // only the loop resumes
  while (!reading.done() || !writing.done()) f.loop.run_once();
  CHECK(error_of(reading.take()).kind() == error_kind::cancelled);
  CHECK(error_of(writing.take()).message() ==
        "write to " + f.pair.peer.to_string() + ": closed on our side");
}

TEST_CASE("a task can be destroyed wherever it waits", "[net][tcp_stream][cancellation]") {
  const auto backend = any_backend();
  const temporary_file file(pattern(1 << 20));
  const bool with_news = GENERATE(false, true);  // destroyed while scheduled already
  const int what = GENERATE(0, 1, 2, 3);
  fixture f(backend);
  {
    std::optional<task<result<std::string>>> reading;
    std::optional<task<result<void>>> other;
    std::optional<task<result<std::uint64_t>>> sending;
    if (what == 0) reading.emplace(read_once(f.stream)).start();
    if (what == 1) other.emplace(wait_readable(f.stream)).start();
    if (what == 2) other.emplace(write_all(f.stream, {pattern(16 << 20)})).start();
    if (what == 3) sending.emplace(send_slice(f.stream, file.fd(), 0, 1 << 20)).start();
    f.loop.run_once(duration::zero());
    if (with_news) {
      f.pair.theirs.send_all("x").value();
      f.loop.poller().wait(what < 2 ? 1000 : 0);
    }
  }
  f.loop.run_once(duration::zero());
  f.pair.theirs.send_all("y").value();
  const auto next = f.loop.run_until_done(read_once(f.stream)).value();
  CHECK(next.substr(0, 1) == (with_news ? "x" : "y"));
}

TEST_CASE("the loop survives streams that come and go with work pending", "[net][tcp_stream][cancellation]") {
  const auto backend = any_backend();
  net::loop loop({.backend = backend});
  for (int round = 0; round < 30; ++round) {
    auto pair = connected_sockets(AF_UNIX);
    tcp_stream stream(loop, std::move(pair.ours), net::address());
    auto reading = read_once(stream);
    reading.start();
    pair.theirs.send_all("x").value();
    loop.poller().wait(1000);
    if (round % 2 == 0) pair.theirs.close();
  }
  loop.run_once(duration::zero());
  SUCCEED();
}

TEST_CASE("a deadline ends what waits and what comes later, until it is moved", "[net][tcp_stream][deadline]") {
  held_time time;
  fixture f(any_backend(), AF_INET, &time);
  f.stream.expires_at(f.loop.now() + seconds(5));
  f.stream.expires_at(f.loop.now() + seconds(10));
  const time_point start = f.loop.now();
  const error late = error_of(f.loop.run_until_done(read_once(f.stream)));
  CHECK(late.kind() == error_kind::timeout);
  CHECK(late.message() == "read from " + f.pair.peer.to_string() + ": timed out");
  CHECK(f.loop.now() - start == seconds(10));
  CHECK(error_of(f.loop.run_until_done(write_all(f.stream, {"x"}))).kind() == error_kind::timeout);

  f.stream.expires_at(f.loop.now() + seconds(10));
  f.loop.run_until_done(write_all(f.stream, {"x"})).value();
  f.stream.never_expires();
  f.pair.theirs.send_all("y").value();
  CHECK(f.loop.run_until_done(read_once(f.stream)).value() == "y");
}

TEST_CASE("a stream leaves nothing with its loop, whichever way it ends", "[net][tcp_stream]") {
  fixture f;
  const auto free_place = [&f] {
    const auto other = connected_sockets(AF_UNIX);
    net::watch w([](net::watch&, std::uint8_t) {});
    REQUIRE(f.loop.poller().add(w, other.ours.native(), net::watch::trigger::edge) == 0);
    const std::uint32_t place = w.slot;
    f.loop.poller().remove(w, true);
    return place;
  };
  const std::uint32_t before = free_place();
  const auto left_by = [&f](const auto& leave) {
    auto pair = connected_sockets(AF_UNIX);
    std::optional<tcp_stream> stream(std::in_place, f.loop, std::move(pair.ours), net::address());
    stream->expires_at(f.loop.now() + seconds(3600));
    auto waiting = wait_readable(*stream);
    waiting.start();
    leave(stream, waiting);
    CHECK(f.loop.timers().size() == 0);
  };
  left_by([](auto& s, auto&) { s->close(); });
  CHECK(free_place() == before);
  left_by([](auto& s, auto&) { s->abort(); });
  CHECK(free_place() == before);
  left_by([](auto& s, auto& waiting) {
    waiting.reset();
    (void)s->release();
  });
  CHECK(free_place() == before);
  left_by([](auto& s, auto& waiting) {
    waiting.reset();
    s.reset();
  });
  CHECK(free_place() == before);
}

TEST_CASE("a deadline that is set on a closed stream goes with it", "[net][tcp_stream][deadline]") {
  fixture f;
  const auto left_by = [&f](const auto& leave) {
    auto pair = connected_sockets(AF_UNIX);
    tcp_stream stream(f.loop, std::move(pair.ours), net::address());
    leave(stream);
    stream.expires_at(f.loop.now() + seconds(5));
    CHECK(error_of(f.loop.run_until_done(read_once(stream))).kind() == error_kind::cancelled);
  };
  left_by([](tcp_stream& s) { s.close(); });
  left_by([](tcp_stream& s) { s.abort(); });
  left_by([](tcp_stream& s) { (void)s.release(); });
  CHECK(f.loop.timers().size() == 0);
}

TEST_CASE("a slow reader cannot outlast the deadline of a write", "[net][tcp_stream][deadline]") {
  fixture f;
  f.stream.expires_at(f.loop.now() + std::chrono::milliseconds(30));
  const auto failed = f.loop.run_until_done(write_all(f.stream, {pattern(32 << 20)}));
  CHECK(error_of(failed).kind() == error_kind::timeout);
}

TEST_CASE("only one operation each way at a time", "[net][tcp_stream]") {
  fixture f;
  auto first = read_once(f.stream);
  first.start();
  const error refused = error_of(f.loop.run_until_done(read_once(f.stream)));
  CHECK(refused.kind() == error_kind::invalid_argument);
  f.loop.run_until_done(write_all(f.stream, {"the other way is free"})).value();
  f.pair.theirs.send_all("x").value();
  while (!first.done()) f.loop.run_once();
  CHECK(first.take().value() == "x");
}

TEST_CASE("a peer that is gone is noticed without reading", "[net][tcp_stream]") {
  fixture f(any_backend(), GENERATE(AF_INET, AF_UNIX));
  int told = 0;
  f.stream.on_peer_gone([&] {
    ++told;
    f.loop.stop();
  });
  f.pair.theirs.send_all("unread").value();
  f.loop.run_once(duration::zero());
  CHECK(told == 0);
  CHECK_FALSE(f.stream.peer_gone());
  net::os::reset_on_close(f.pair.theirs.native());
  f.pair.theirs.close();
  f.loop.run();
  CHECK(told == 1);
  CHECK(f.stream.peer_gone());
  f.loop.run_once(duration::zero());
  CHECK(told == 1);
  f.stream.on_peer_gone([&] { ++told; });  // known already: told in the next turn
  CHECK(told == 1);
  f.loop.run_once(duration::zero());
  CHECK(told == 2);
}

TEST_CASE("a peer that closed its sending side is gone for whom takes it so", "[net][tcp_stream]") {
  fixture f(any_backend(), GENERATE(AF_INET, AF_UNIX));
  const bool takes_so = GENERATE(true, false), known_before = GENERATE(true, false);
  if (takes_so) f.stream.take_closing_for_gone();
  int told = 0;
  const auto tell = [&] { f.stream.on_peer_gone([&] { ++told; }); };
  if (!known_before) tell();
  f.pair.theirs.send_all("unread").value();
  f.loop.run_once(duration::zero());
  CHECK(told == 0);
  CHECK_FALSE(f.stream.peer_gone());
  f.pair.theirs.shutdown_send().value();
  CHECK(f.stream.peer_gone() == takes_so);
  if (known_before) tell();
  for (int i = 0; i < 3; ++i) f.loop.run_once(duration::zero());
  CHECK(told == (takes_so ? 1 : 0));
  CHECK(f.loop.run_until_done(read_once(f.stream)).value() == "unread");
  CHECK(f.loop.run_until_done(read_once(f.stream)).value().empty());
}

TEST_CASE("what is told that the peer is gone may destroy the stream", "[net][tcp_stream]") {
  net::loop loop({.backend = any_backend()});
  auto pair = connected_sockets();
  std::optional<tcp_stream> stream;
  stream.emplace(loop, std::move(pair.ours), pair.peer);
  stream->on_peer_gone([&] {
    stream.reset();
    loop.stop();
  });
  net::os::reset_on_close(pair.theirs.native());
  pair.theirs.close();
  loop.run();
  CHECK_FALSE(stream.has_value());
}

TEST_CASE("a slice of a file is sent, and fewer octets only if the file is shorter", "[net][tcp_stream][file]") {
  const std::string content = pattern(300'000);
  const temporary_file file(content);
  const bool copying = GENERATE(false, true);
  fixture f(any_backend(), GENERATE(AF_INET, AF_UNIX));
  std::optional<faults> no_send_file;
  if (copying) no_send_file.emplace(net::system_call::send_file, net::fault{.error = EINVAL});
  std::string got;
  std::thread reader([&] { got = read_to_end(f.pair.theirs); });
  CHECK(f.loop.run_until_done(send_slice(f.stream, file.fd(), 1000, 200'000)).value() == 200'000);
  CHECK(f.loop.run_until_done(send_slice(f.stream, file.fd(), 299'990, 100)).value() == 10);
  CHECK(f.loop.run_until_done(send_slice(f.stream, file.fd(), 400'000, 100)).value() == 0);
  CHECK(f.loop.run_until_done(send_slice(f.stream, file.fd(), 0, 0)).value() == 0);
  CHECK(f.stream.sent() == 200'010);
  f.stream.close();
  reader.join();
  CHECK((got == content.substr(1000, 200'000) + content.substr(299'990)));
}

TEST_CASE("when a sendfile falls short, no other is tried before there is room", "[net][tcp_stream][file][cost]") {
  struct watcher final : net::fault_injector {
    watcher() { net::os::injector.store(this); }
    ~watcher() override { net::os::injector.store(nullptr); }
    net::fault before(net::system_call which, int) noexcept override {
      if (which == net::system_call::send_file) ++sent, ++in_a_row;
      if (which == net::system_call::poll || which == net::system_call::epoll_wait) in_a_row = 0;
      if (in_a_row > most_in_a_row) most_in_a_row = in_a_row;
      return {};
    }
    [[nodiscard]] bool only_watches() const noexcept override { return true; }
    int sent = 0, in_a_row = 0, most_in_a_row = 0;
  };
  const std::string content = pattern(900'000);
  const temporary_file file(content);
  fixture f(net::backend::epoll, AF_UNIX);  // which holds less than that
  auto sending = send_slice(f.stream, file.fd(), 0, content.size());
  {
    const watcher calls;
    CHECK_FALSE(sending.try_start());
    CHECK(calls.sent == 1);
    f.loop.run_once(duration::zero());
    CHECK(calls.sent == 1);  // still no room, and nobody asks for it
  }
  std::string got;
  std::vector<char> room(64 * 1024);
  {
    const watcher calls;
    while (!sending.done()) {
      const ssize_t count = ::recv(f.pair.theirs.native(), room.data(), room.size(), MSG_DONTWAIT);
      if (count > 0) got.append(room.data(), static_cast<std::size_t>(count));
      f.loop.run_once(duration::zero());
    }
    CHECK(calls.sent > 1);
    CHECK(calls.most_in_a_row == 1);
  }
  CHECK(sending.take().value() == content.size());
  f.stream.close();
  got += read_to_end(f.pair.theirs);
  CHECK((got == content));
}

TEST_CASE("the tail of a file of 5 GiB is sent from where it is", "[net][tcp_stream][file]") {
  constexpr std::uint64_t size = 5ull << 30;
  temporary_file file;
  file.put("the last octets", size - 15);
  fixture f;
  CHECK(f.loop.run_until_done(send_slice(f.stream, file.fd(), size - 20, 20)).value() == 20);
  CHECK(f.loop.run_until_done(send_slice(f.stream, file.fd(), size - 4, 1ull << 40)).value() == 4);
  f.stream.close();
  CHECK(read_to_end(f.pair.theirs) == std::string("\0\0\0\0\0the last octetstets", 24));
}

TEST_CASE("a large file does not keep others of the loop waiting", "[net][tcp_stream][file]") {
  temporary_file file;
  file.put("x", (64u << 20) - 1);
  fixture f;
  std::thread reader([&] { read_to_end(f.pair.theirs); });
  auto sending = send_slice(f.stream, file.fd(), 0, 64u << 20);
  sending.start();
  int turns = 0;
  while (!sending.done()) {
    const std::uint64_t before = f.stream.sent();
    f.loop.run_once();
    ++turns;
    REQUIRE(f.stream.sent() - before <= net::step_octets);
  }
  CHECK(sending.take().value() == 64u << 20);
  CHECK(turns >= 63);
  f.stream.close();
  reader.join();
}

TEST_CASE("a peer that sends without pause does not keep others of the loop waiting", "[net][tcp_stream]") {
  fixture f;
  const std::string all = pattern(16 << 20);
  std::thread sender([&] {
    static_cast<void>(f.pair.theirs.send_all(all));
    f.pair.theirs.close();
  });
  auto reading = read_all(f.stream);
  reading.start();
  while (!reading.done()) {
    const std::uint64_t before = f.stream.received();
    f.loop.run_once();
    REQUIRE(f.stream.received() - before <= net::step_octets + 32 * 1024);
  }
  sender.join();
  CHECK((reading.take().value() == all));
}

TEST_CASE("octets read one by one do not keep others of the loop waiting", "[net][tcp_stream]") {
  fixture f;
  f.pair.theirs.send_all(std::string(1000, 'x')).value();
  f.pair.theirs.shutdown_send().value();
  auto reading = read_singly(f.stream);
  reading.start();
  while (!reading.done()) {
    const std::uint64_t before = f.stream.received();
    f.loop.run_once();
    REQUIRE(f.stream.received() - before <= 128);
  }
  CHECK(f.stream.received() == 1000);
}

TEST_CASE("signals that interrupt the loop's own wait cost a turn and nothing else", "[net][tcp_stream][faults]") {
  const auto backend = any_backend();
  fixture f(backend);
  const auto call = backend == net::backend::epoll ? net::system_call::epoll_wait : net::system_call::poll;
  const faults interrupted(call, {.error = EINTR}, 0, 5);
  f.pair.theirs.send_all("hello").value();
  CHECK(f.loop.run_until_done(read_once(f.stream)).value() == "hello");
  CHECK(interrupted.calls() > 5);
}

TEST_CASE("a file that cannot be read fails, a peer that went away too", "[net][tcp_stream][file]") {
  fixture f;
  const auto bad = f.loop.run_until_done(send_slice(f.stream, -1, 0, 10));
  CHECK(error_of(bad).message() ==
        "send a file to " + f.pair.peer.to_string() + ": bad file descriptor");
  const temporary_file file(pattern(1 << 20));
  net::os::reset_on_close(f.pair.theirs.native());
  f.pair.theirs.close();
  auto sent = f.loop.run_until_done(send_slice(f.stream, file.fd(), 0, 1 << 20));
  while (sent) sent = f.loop.run_until_done(send_slice(f.stream, file.fd(), 0, 1 << 20));
  CHECK(error_of(sent).kind() == error_kind::closed);
}

TEST_CASE("a stream that its loop cannot watch says so when used", "[net][tcp_stream][faults]") {
  net::loop loop({.backend = net::backend::epoll});
  auto pair = connected_sockets();
  const faults full(net::system_call::epoll_control, {.error = ENOSPC});
  tcp_stream stream(loop, std::move(pair.ours), pair.peer);
  CHECK(error_of(loop.run_until_done(read_once(stream))).message().ends_with("no space left on device"));
}

TEST_CASE("a socket that was released goes on elsewhere", "[net][tcp_stream]") {
  fixture f;
  net::socket socket = f.stream.release();
  f.pair.theirs.send_all("x").value();
  f.loop.run_once(duration::zero());
  net::loop elsewhere({.backend = f.loop.backend()});
  tcp_stream again(elsewhere, std::move(socket), f.pair.peer);
  CHECK(elsewhere.run_until_done(read_once(again)).value() == "x");
}

TEST_CASE("thousands of idle streams do not delay the one that speaks", "[net][tcp_stream]") {
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  const std::size_t count = files.rlim_cur < 3000 ? files.rlim_cur / 3 : 1000;
  net::loop loop({.backend = any_backend()});
  std::vector<socket_pair> pairs;
  std::vector<std::unique_ptr<tcp_stream>> streams;
  std::vector<task<result<std::string>>> reads;
  for (std::size_t i = 0; i < count; ++i) {
    pairs.push_back(connected_sockets(AF_UNIX));
    streams.push_back(std::make_unique<tcp_stream>(loop, std::move(pairs.back().ours), net::address()));
    streams.back()->expires_at(loop.now() + seconds(60));
    reads.push_back(read_once(*streams.back()));
    reads.back().start();
  }
  for (std::size_t i = 0; i < count; i += 97) {
    pairs[i].theirs.send_all("me").value();
    while (!reads[i].done()) loop.run_once();
    REQUIRE(reads[i].take().value() == "me");
  }
  CHECK_FALSE(reads[1].done());
  reads.clear();
}
