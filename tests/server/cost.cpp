// What a connection costs: octets while it idles, system calls for each answer.
#include "server/support.hpp"

#include "allocations.hpp"

#include <tinyhttp/files/plan.hpp>
#include <tinyhttp/server/census.hpp>

#include <array>
#include <atomic>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace server_test;

namespace {

/// Many connections on one loop, held as a shard holds them.
class many_connections {
 public:
  explicit many_connections(any_handler app, net::time_source* time = nullptr)
      : app_(std::move(app)), loop_({.time = time}), services_(with_, loop_), host_(app_, services_) {}
  ~many_connections() {
    for (auto& one : all_) {
      one->running.reset();
      one->stream.close();
    }
  }
  void open(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      auto pair = net_test::connected_sockets(AF_UNIX);
      peers_.push_back(std::move(pair.theirs));
      all_.push_back(std::make_unique<held>(loop_, std::move(pair.ours), host_));
      all_.back()->running = all_.back()->serving.run();
      all_.back()->running.start();
    }
  }
  /// Each peer asks `octets`, and reads what it is answered; gives how many octets that was.
  std::size_t ask(std::string_view octets) {
    say(octets);
    return take();
  }
  /// Each peer asks `octets`, and the loop has one turn.
  void say(std::string_view octets) {
    for (auto& peer : peers_)
      REQUIRE(::send(peer.native(), octets.data(), octets.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(octets.size()));
    loop_.run_once();
  }
  /// So many peers have been answered, and have not read that.
  [[nodiscard]] std::size_t answered() const {
    std::size_t count = 0;
    char first;
    for (auto& peer : peers_) count += ::recv(peer.native(), &first, 1, MSG_PEEK | MSG_DONTWAIT) == 1;
    return count;
  }

 private:
  std::size_t take() {
    std::size_t all = 0;
    std::array<char, 64 * 1024> room;
    for (auto& peer : peers_) {
      const ssize_t got = ::recv(peer.native(), room.data(), room.size(), MSG_DONTWAIT);
      REQUIRE(got > 0);
      all += static_cast<std::size_t>(got);
    }
    return all;
  }

  struct held {
    held(net::loop& on, net::socket ours, connection_host<net::tcp_stream>& host)
        : stream(on, std::move(ours), *net::address::parse("127.0.0.1", 1), net::tcp_stream::state::connected),
          serving(stream, host) {}
    void* owner = nullptr;
    address_census::seat seat;
    bool finished = false;
    net::tcp_stream stream;
    served_connection<net::tcp_stream> serving;
    task<void> running;
  };

  const server_options with_;
  any_handler app_;
  net::loop loop_;
  server_services services_;
  connection_host<net::tcp_stream> host_;
  std::vector<std::unique_ptr<held>> all_;
  std::vector<net::socket> peers_;
};

/// Counts the calls that the network part makes, and disturbs none.
class call_counter final : public net::fault_injector {
 public:
  call_counter() { net::os::injector.store(this); }
  ~call_counter() override { net::os::injector.store(nullptr); }
  net::fault before(net::system_call, int) noexcept override {
    ++calls;
    return {};
  }
  [[nodiscard]] bool only_watches() const noexcept override { return true; }
  std::size_t calls = 0;
};

response hello(const request&) { return text("Hello, World!"); }

/// A clock that stands still but for what is added.
class held_time final : public net::time_source {
 public:
  [[nodiscard]] time_point now() noexcept override { return time_point(std::chrono::hours(1)) + passed; }
  duration passed{};
};

}  // namespace

TEST_CASE("a connection that idles holds half a kilobyte at most", "[server][cost]") {
  if (!allocations_are_counted()) return;
  held_time time;  // so that as many are busy at once each time
  many_connections on(hello, &time);
  on.open(net::loop::company);
  on.ask(get_root);  // what all of them share is made now
  const std::ptrdiff_t before = octets_held();
  on.open(200);
  on.ask(get_root);
  on.ask(get_root);
  const auto each = (octets_held() - before) / 200;
  INFO(each << " octets each, with their places in the tables of the loop");
  CHECK(each > 300);
  CHECK(each <= 490);
}

TEST_CASE("a connection whose handler waits holds no buffer to receive into", "[server][cost]") {
  if (!allocations_are_counted()) return;
  many_connections on([](const request& asked) -> task<response> {
    auto& time = asked.context->clock();
    auto waiting = time.wait_until(time.now() + std::chrono::hours(1));
    co_await waiting;
    co_return text("Hello, World!");
  });
  on.open(1);
  on.say(get_root);
  const std::ptrdiff_t before = octets_held();
  on.open(100);
  on.say(get_root);
  const auto each = (octets_held() - before) / 100;
  INFO(each << " octets each");
  CHECK(each > 1000);
  CHECK(each <= 6 * 1024);
}

TEST_CASE("answers of one turn are sent together, a few at a time", "[server][cost]") {
  constexpr std::size_t few = net::loop::company;
  std::vector<std::size_t> sent_before;  // each handler
  many_connections* all = nullptr;
  held_time time;
  many_connections on([&](const request&) {
    sent_before.push_back(all->answered());
    return text("Hello, World!");
  }, &time);
  all = &on;
  on.open(2 * few + 1);
  on.ask(get_root);
  std::vector<std::size_t> expected(2 * few + 1, 0);
  for (std::size_t i = few; i < 2 * few; ++i) expected[i] = few;
  expected[2 * few] = 2 * few;
  CHECK(sent_before == expected);
}

TEST_CASE("no answer waits for another handler once those before have taken long", "[server][cost]") {
  held_time time;
  std::vector<std::size_t> sent_before;
  many_connections* all = nullptr;
  many_connections on([&](const request&) {
    sent_before.push_back(all->answered());
    if (sent_before.size() == 3) time.passed += net::loop::company_time;
    return text("Hello, World!");
  }, &time);
  all = &on;
  on.open(6);
  on.ask(get_root);
  CHECK(sent_before == std::vector<std::size_t>{0, 0, 0, 3, 3, 3});  // and the next few are a company of their own
  sent_before.assign(3, 0);
  on.ask(get_root);
  CHECK(sent_before == std::vector<std::size_t>(9, 0));
}

TEST_CASE("an answer costs one call to receive and one to send", "[server][cost]") {
  constexpr std::size_t count = 64;
  many_connections on(hello);
  on.open(count);
  on.ask(get_root);
  call_counter counter;
  on.ask(get_root);
  CHECK(static_cast<double>(counter.calls) / count <= 2.2);
  counter.calls = 0;
  std::string pipelined;
  for (int i = 0; i < 16; ++i) pipelined += get_root;
  on.ask(pipelined);
  CHECK(static_cast<double>(counter.calls) / (16 * count) <= 0.2);
}

TEST_CASE("several ranges from memory cost one call to send, too", "[server][cost]") {
  files::facts known;
  known.size = 1000;
  const auto octets = std::make_shared<const std::string>(1000, 'x');
  many_connections on([&](const request& r) { return files::answer(r, known, octets, 0); });
  on.open(1);
  call_counter counter;
  CHECK(on.ask("GET / HTTP/1.1\r\nHost: h\r\nRange: bytes=1-9,20-29,-5\r\n\r\n") > 25);
  const std::size_t parts = std::exchange(counter.calls, 0);
  on.ask("GET / HTTP/1.1\r\nHost: h\r\nRange: bytes=1-9\r\n\r\n");
  CHECK(parts == counter.calls);
}

TEST_CASE("a connection that ends leaves its memory to those that follow", "[server][cost][allocations]") {
  if (!allocations_are_counted()) return;
  std::vector<std::size_t> counts;
  counts.reserve(100);
  {
    const server running([&counts](const request&) {
      counts.push_back(allocations());
      return text("");
    }, {.port = 0});
    for (int i = 0; i < 20; ++i) {
      raw_client first(running), second(running), third(running);
      for (raw_client* each : {&first, &second, &third})
        REQUIRE(each->ask("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").status == 200);
    }
  }
  REQUIRE(counts.size() == 60);
  CHECK(counts[59] == counts[29]);
}
