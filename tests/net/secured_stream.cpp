// tests/net/secured_stream.cpp -- tests net/secured_stream.hpp over streams in memory, with a session made up for it
#include "catch.hpp"
#include "net/support.hpp"

#include <tinyhttp/net/secured_stream.hpp>
#include <tinyhttp/testing/memory_stream.hpp>

#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

using namespace net_test;
using testing::memory_stream;
using secured_end = net::secured_stream<memory_stream>;

namespace {

/// Each says `hello`; then records of a length in one octet and so many octets, each with a bit turned;
/// a length of 0 is the end, one of 255 is nonsense.
class toy_session final : public net::secure_session {
 public:
  explicit toy_session(std::string* freed = nullptr) : rested(freed) { outgoing_ = "hello"; }

  result<bool> handshake() override {
    if (in_.size() < 5) return false;
    if (!in_.starts_with("hello")) return error(error_kind::tls, "toy: no hello");
    in_.erase(0, 5);
    return true;
  }
  result<std::size_t> decrypt(std::span<char> into) override {
    if (plain_.empty()) open_record();
    if (broken_) return error(error_kind::tls, "toy: nonsense");
    const std::size_t count = at_most(plain_.size(), into.size());
    for (std::size_t i = 0; i < count; ++i) into[i] = plain_[i];
    plain_.erase(0, count);
    return count;
  }
  bool has_news() override {
    if (plain_.empty()) open_record();
    return !plain_.empty() || ended_ || broken_;
  }
  bool ended() const noexcept override { return ended_ && plain_.empty(); }
  result<void> encrypt(std::string_view plain) override {
    for (; !plain.empty(); plain.remove_prefix(at_most<std::size_t>(plain.size(), 200))) {
      const auto part = plain.substr(0, 200);
      outgoing_.push_back(static_cast<char>(part.size()));
      for (const char c : part) outgoing_.push_back(static_cast<char>(c ^ 1));
    }
    return {};
  }
  void end() noexcept override { outgoing_.push_back('\0'); }
  void take_outgoing(std::string& to) override { to += std::exchange(outgoing_, {}); }
  std::span<char> room() override { return room_; }
  void received(std::size_t octets) noexcept override { in_.append(room_, octets); }
  void rest() noexcept override {
    if (rested != nullptr) *rested += 'r';
  }
  std::string server_name() const override { return {}; }
  std::string peer_subject() const override { return {}; }

  std::string* rested;

 private:
  void open_record() {
    if (in_.empty() || ended_) return;
    const auto size = static_cast<unsigned char>(in_[0]);
    broken_ = size == 255;
    ended_ = size == 0;
    if (broken_ || ended_ || in_.size() < size + 1u) return;
    for (const char c : in_.substr(1, size)) plain_.push_back(static_cast<char>(c ^ 1));
    in_.erase(0, size + 1u);
  }

  char room_[64];
  std::string in_, plain_, outgoing_;
  bool ended_ = false, broken_ = false;
};

/// Two ends with a session each, and time that stands still.
struct pair {
  explicit pair(testing::delivery to_a = {}, testing::delivery to_b = {})
      : on(net::loop_options{.time = &time}), a(on, to_a), b(on, to_b) {
    memory_stream::connect(a.below(), b.below());
    a.secure(owned<net::secure_session>(new toy_session(&rested)));
    b.secure(owned<net::secure_session>(new toy_session));
  }
  /// Shakes hands, both at once.
  void meet() {
    auto ours = a.handshake(), theirs = b.handshake();
    ours.start();
    on.run_until_done(std::move(theirs)).value();
    finish(ours).value();
  }
  template <class T>
  T finish(task<T>& running) {
    for (int turns = 0; !running.done() && turns < 100'000; ++turns) on.run_once(duration::zero());
    REQUIRE(running.done());
    return running.take();
  }

  held_time time;
  net::loop on;
  secured_end a;
  secured_end b;
  std::string rested;
};

task<result<void>> say(secured_end& over, std::string_view octets) {
  const std::string_view parts[] = {octets.substr(0, octets.size() / 3), octets.substr(octets.size() / 3)};
  const std::span<const std::string_view> all(parts);
  const result<void> written = co_await over.write(all);
  co_return written;
}
/// `size` octets, or fewer where an end comes first, or `!` and an error.
task<std::string> hear(secured_end& over, std::size_t size) {
  std::string all;
  while (all.size() < size) {
    char room[300];
    const std::span<char> into(room, at_most(sizeof room, size - all.size()));
    const result<std::size_t> got = co_await over.read(into);
    if (!got) co_return all + "!" + got.error().message();
    if (*got == 0) break;
    all.append(room, *got);
  }
  co_return all;
}

std::string some_octets(std::size_t size) {
  std::string made(size, '\0');
  for (std::size_t i = 0; i < size; ++i) made[i] = static_cast<char>(i * 31 >> 3);
  return made;
}

}  // namespace

TEST_CASE("without a session a secured stream is the stream below", "[net][secured]") {
  held_time time;
  net::loop on(net::loop_options{.time = &time});
  secured_end a(on), b(on);
  memory_stream::connect(a.below(), b.below());
  auto saying = say(a, "as it is");
  saying.start();
  REQUIRE(saying.done());
  CHECK(b.below().unread() == "as it is");
  CHECK(on.run_until_done(hear(b, 8)) == "as it is");
  CHECK(b.received() == 8);
  CHECK(a.sent() == 8);
}

TEST_CASE("octets go through the session, however they are delivered", "[net][secured]") {
  const auto fragment = GENERATE(std::size_t{1}, std::size_t{3}, std::size_t{1'000'000});
  const auto capacity = GENERATE(std::size_t{5}, std::size_t{70}, std::size_t{1'000'000});
  pair p({fragment, capacity}, {fragment, capacity});
  p.meet();
  for (const std::size_t size : {0u, 1u, 199u, 200u, 201u, 5'000u}) {
    CAPTURE(fragment, capacity, size);
    const std::string octets = some_octets(size), back = some_octets(size + 7);
    auto out = say(p.a, octets), in = say(p.b, back);  // both ways at once
    auto heard = hear(p.b, octets.size()), answered = hear(p.a, back.size());
    out.start();
    in.start();
    heard.start();
    answered.start();
    CHECK(p.finish(heard) == octets);
    CHECK(p.finish(answered) == back);
    CHECK(p.finish(out).has_value());
    CHECK(p.finish(in).has_value());
  }
  CHECK(p.a.sent() == p.b.received());
  CHECK(p.b.sent() == p.a.received());
}

TEST_CASE("an end that the session did not say is an error", "[net][secured][security]") {
  pair p;
  p.meet();
  auto saying = say(p.a, "whole");
  saying.start();
  REQUIRE(p.finish(saying));
  const bool says = GENERATE(true, false);
  if (says) static_cast<void>(p.a.shutdown_send());
  else static_cast<void>(p.a.below().shutdown_send());
  const std::string heard = p.on.run_until_done(hear(p.b, 100));
  if (says) CHECK(heard == "whole");
  else CHECK(heard.starts_with("whole!read from "));
  if (!says) CHECK(heard.ends_with(": cut off below TLS"));
}

TEST_CASE("an end waits for room", "[net][secured]") {
  pair p({}, {.capacity = 8});
  p.meet();
  auto saying = say(p.a, "123456");  // two records, of eight octets together: nothing more fits
  saying.start();
  REQUIRE(p.finish(saying));
  auto ending = p.a.finish();
  ending.start();
  p.on.run_once(duration::zero());
  CHECK_FALSE(ending.done());
  SECTION("that comes") {
    auto hearing = hear(p.b, 100);
    hearing.start();
    CHECK(p.finish(ending));
    CHECK(p.finish(hearing) == "123456");
  }
  SECTION("until the deadline") {
    p.a.expires_at(p.on.now());
    const auto told = p.finish(ending);
    REQUIRE_FALSE(told);
    CHECK(told.error().kind() == error_kind::timeout);
    CHECK(p.a.unsent() == 0);
  }
}

TEST_CASE("nonsense is an error, before and after the handshake", "[net][secured][security]") {
  SECTION("before") {
    pair p;
    const std::string_view parts[] = {"HTTP/1.1 400"};
    auto writing = p.a.below().write(parts);
    REQUIRE(writing.await_ready());
    const auto met = p.on.run_until_done(p.b.handshake());
    REQUIRE_FALSE(met);
    CHECK(met.error().message() == "toy: no hello");
  }
  SECTION("the end before") {
    pair p;
    static_cast<void>(p.a.below().shutdown_send());
    const auto met = p.on.run_until_done(p.b.handshake());
    REQUIRE_FALSE(met);
    CHECK(met.error().kind() == error_kind::tls);
  }
  SECTION("after") {
    pair p;
    p.meet();
    const std::string_view parts[] = {"\xff"};
    auto writing = p.a.below().write(parts);
    REQUIRE(writing.await_ready());
    CHECK(p.on.run_until_done(hear(p.b, 1)) == "!toy: nonsense");
  }
}

TEST_CASE("what is given up in the middle does not disturb what comes behind it", "[net][secured]") {
  pair p({}, {.capacity = 10});
  p.meet();
  const std::string first = some_octets(1'000);
  {
    auto given_up = say(p.a, first);
    given_up.start();
    REQUIRE_FALSE(given_up.done());
  }
  const auto taken = static_cast<std::size_t>(p.a.sent());
  REQUIRE(taken > 0);
  auto next = say(p.a, "next");
  next.start();
  auto heard = hear(p.b, taken + 4);
  heard.start();
  CHECK(p.finish(heard) == first.substr(0, taken) + "next");
  {
    auto given_up = hear(p.b, 1);
    given_up.start();
    REQUIRE_FALSE(given_up.done());
  }
  auto last = say(p.a, "x");
  last.start();
  CHECK(p.on.run_until_done(hear(p.b, 1)) == "x");
}

TEST_CASE("deadlines and closing end what waits in a session, too", "[net][secured][timeout]") {
  pair p({}, {.capacity = 10});
  p.meet();
  const auto kind = [](const auto& r) { return r ? std::string("fine") : r.error().message(); };
  p.a.expires_at(p.time.now() + std::chrono::seconds(1));
  const std::string much = some_octets(100);
  CHECK(kind(p.on.run_until_done(say(p.a, much))).ends_with(": timed out"));
  p.a.never_expires();
  auto waits = hear(p.b, 1);
  waits.start();
  p.b.close();
  const std::string heard = p.finish(waits);
  CHECK(heard.find('!') != std::string::npos);
}

TEST_CASE("readable means that there is something to read, not that something came", "[net][secured]") {
  pair p;
  p.meet();
  CHECK_FALSE(p.b.has_news());
  const auto wait = [](secured_end& on) -> task<result<void>> {
    const result<void> ready = co_await on.readable();
    co_return ready;
  };
  auto ready = wait(p.b);
  ready.start();
  const std::string_view half[] = {std::string_view("\x03" "`c", 3)};  // two of three octets
  auto writing = p.a.below().write(half);
  REQUIRE(writing.await_ready());
  for (int i = 0; i < 10; ++i) p.on.run_once(duration::zero());
  CHECK_FALSE(ready.done());
  const std::string_view other[] = {"b"};
  auto rest = p.a.below().write(other);
  REQUIRE(rest.await_ready());
  CHECK(p.finish(ready).has_value());
  CHECK(p.b.has_news());
  CHECK(p.on.run_until_done(hear(p.b, 3)) == "abc");
  CHECK_FALSE(p.b.has_news());
  auto idle = wait(p.a);
  idle.start();
  CHECK_FALSE(p.rested.empty());  // it gives its memory back before it waits
}

TEST_CASE("files are sent through a session", "[net][secured]") {
  std::FILE* const file = std::tmpfile();
  REQUIRE(file != nullptr);
  const std::string octets = some_octets(150'000);
  std::fwrite(octets.data(), 1, octets.size(), file);
  std::fflush(file);
  const auto send = [&](secured_end& over, std::uint64_t at, std::uint64_t size) -> task<result<std::uint64_t>> {
    const int fd = ::fileno(file);
    const result<std::uint64_t> sent = co_await over.send_file(fd, at, size);
    co_return sent;
  };
  pair p({}, {.capacity = 1'000});
  p.meet();
  auto sending = send(p.a, 10, 140'000);
  sending.start();
  auto hearing = hear(p.b, 140'000);
  hearing.start();
  CHECK((p.finish(hearing) == octets.substr(10, 140'000)));
  CHECK(p.finish(sending).value() == 140'000);
  auto short_one = send(p.a, 149'000, 5'000);
  short_one.start();
  auto rest = hear(p.b, 1'000);
  rest.start();
  CHECK((p.finish(rest) == octets.substr(149'000)));
  CHECK(p.finish(short_one).value() == 1'000);  // the file ended
  std::fclose(file);
}

TEST_CASE("who closes says that this is the end", "[net][secured][security]") {
  pair p;
  p.meet();
  p.a.close();
  auto hearing = hear(p.b, 10);
  hearing.start();
  CHECK(p.finish(hearing) == "");
  CHECK_FALSE(p.b.is_cut_off());
}

TEST_CASE("a session that has not begun has no end to be said", "[net][secured]") {
  pair p;
  auto shaking = p.a.handshake();
  shaking.start();
  CHECK(p.a.below().sent() == 5);  // `hello`
  p.a.close();
  CHECK(p.a.below().sent() == 5);
}
