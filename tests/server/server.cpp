#include "folder.hpp"
#include "no_threads.hpp"
#include "server/support.hpp"
#include "skip.hpp"

#include <tinyhttp/app/blocking.hpp>
#include <tinyhttp/server/signals.hpp>

#include <array>
#include <atomic>
#include <csignal>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/wait.h>

using namespace server_test;

namespace {

response hello(const request&) { return text("hello"); }

server_options quick(std::chrono::milliseconds drain = 50ms) {
  server_options with;
  with.port = 0;
  with.patience.drain = drain;
  with.patience.linger = 50ms;
  with.backend = net_test::any_backend();
  return with;
}

/// A handler that says when it has started, and answers once it is told to go on.
auto at_last(std::atomic<bool>& started, const std::atomic<bool>& go_on) {
  return [&](request& r) -> task<response> {
    started = true;
    while (!go_on) {
      const time_point later = r.context->clock().now() + 1ms;
      co_await r.context->clock().wait_until(later);
    }
    co_return text("at last");
  };
}

}  // namespace

TEST_CASE("a server that exists is listening, and says where", "[server]") {
  const server running(hello, quick());
  CHECK(running.port() != 0);
  CHECK(running.url() == "http://127.0.0.1:" + std::to_string(running.port()) + "/");
  raw_client c(running);
  for (int i = 0; i < 1000; ++i) REQUIRE(c.ask(get_root).body == "hello");
  CHECK(running.open_connections() == 1);
}

TEST_CASE("a port that is taken is a clear error", "[server]") {
  const server first(hello, quick());
  const auto second = server::start(hello, {.port = first.port()});
  REQUIRE_FALSE(second);
  CHECK(second.error().message() ==
        "listen on 127.0.0.1:" + std::to_string(first.port()) + ": address already in use");
  CHECK_THROWS_AS(server(hello, {.port = first.port()}), bad_result);
}

TEST_CASE("IPv6 and Unix sockets are served, too", "[server]") {
  SECTION("IPv6") {
    auto with = quick();
    with.host = "::1";
    const auto running = server::start(hello, std::move(with));
    if (!running) {
      skip("no IPv6 here: " + running.error().message());
      return;
    }
    CHECK(running->url() == "http://[::1]:" + std::to_string(running->port()) + "/");
    CHECK(raw_client(*running).ask(get_root).body == "hello");
  }
  SECTION("Unix") {
    const scratch::folder directory;
    auto with = quick();
    with.unix_path = directory.path("s");
    {
      const server running(hello, std::move(with));
      CHECK(raw_client(running).ask(get_root).body == "hello");
    }
    CHECK(::access(directory.path("s").c_str(), F_OK) != 0);
  }
}

TEST_CASE("a server takes over a socket that listens already", "[server]") {
  auto made = net::listener::bind({});
  REQUIRE(made);
  const auto at = made->local_address();
  auto with = quick();
  SECTION("and is found there") {
    with.listening_fd = ::dup(made->native());
    const server running(hello, std::move(with));
    made->close();
    CHECK(running.port() == at.port());
    CHECK(raw_client(running).ask(get_root).body == "hello");
  }
  SECTION("and none that does not listen, which stays the caller's") {
    const net::descriptor other(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    with.listening_fd = other.get();
    const auto running = server::start(hello, std::move(with));
    REQUIRE_FALSE(running);
    CHECK(running.error().message() == "adopt descriptor " + std::to_string(other.get()) + ": it does not listen");
    CHECK(::fcntl(other.get(), F_GETFD) >= 0);
  }
  SECTION("and does not guess where two are told") {
    with.listening_fd = made->native();
    with.unix_path = "@" + std::to_string(at.port());
    const auto running = server::start(hello, std::move(with));
    REQUIRE_FALSE(running);
    CHECK(running.error().message() == "server options: unix_path, listening_fd: not both");
    CHECK(::fcntl(made->native(), F_GETFD) >= 0);
  }
  SECTION("which stays the caller's when the options are refused") {
    with.listening_fd = made->native();
    with.memory_per_connection = 1;
    CHECK_FALSE(server::start(hello, std::move(with)));
    CHECK(::fcntl(made->native(), F_GETFD) >= 0);
  }
#if defined(__GLIBC__)
  SECTION("or when there is no thread to serve with") {
    with.listening_fd = made->native();
    const no_threads none;
    const auto running = server::start(hello, std::move(with));
    REQUIRE_FALSE(running);
    CHECK(running.error().message() == "start a thread: resource temporarily unavailable");
    CHECK(::fcntl(made->native(), F_GETFD) >= 0);
  }
#endif
}

TEST_CASE("a handler that waits for its own server is told, and others go on", "[server]") {
  std::atomic<server*> own = nullptr;
  server running([&own](const request&) {
    own.load()->wait();
    return text("never");
  }, quick());
  own = &running;
  CHECK(raw_client(running).ask(get_root).status == 500);
  server other([&running](const request&) {
    running.stop();
    return text(std::to_string(running.wait()));
  }, quick());
  CHECK(raw_client(other).ask(get_root).body == "0");
}

TEST_CASE("a connection that was made elsewhere is served, bounded as others are, and ended with them", "[server]") {
  auto elsewhere = net::listener::bind({});
  REQUIRE(elsewhere);
  auto with = quick();
  with.connections_per_address = 1;
  server running([](const request& r) { return text(std::string(r.peer())); }, std::move(with));
  SECTION("over TCP, and its peer is known") {
    raw_client c(elsewhere->local_address());
    auto got = elsewhere->accept();
    REQUIRE(got);
    const std::string peer = got->peer.to_string();
    CHECK(running.take(std::move(got->socket)));
    CHECK(c.ask(get_root).body == peer);
    raw_client second(elsewhere->local_address());
    got = elsewhere->accept();
    REQUIRE(got);
    CHECK(running.take(std::move(got->socket)));
    CHECK(second.ended());
    running.stop();
    running.wait();
    CHECK(c.ended());
  }
  SECTION("one of a pair of sockets") {
    int pair[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
    net::socket ours{net::descriptor(pair[0])};
    CHECK(running.take(net::socket(net::descriptor(pair[1]))));
    CHECK(ours.send_all(get_root));
    std::array<char, 64> octets;
    const auto got = ours.receive(octets);
    REQUIRE(got);
    CHECK(std::string_view(octets.data(), *got).substr(0, 15) == "HTTP/1.1 200 OK");
  }
  SECTION("but not what is connected to nobody") {
    auto lone = net::socket::open(AF_INET);
    REQUIRE(lone);
    const auto taken = running.take(std::move(*lone));
    REQUIRE_FALSE(taken);
    CHECK(taken.error().message() == "read a peer's name: transport endpoint is not connected");
  }
  SECTION("nor what has no connections, though it be connected") {
    int pair[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair) == 0);
    const net::descriptor other(pair[0]);
    const auto taken = running.take(net::socket(net::descriptor(pair[1])));
    REQUIRE_FALSE(taken);
    CHECK(taken.error().kind() == error_kind::invalid_argument);
    CHECK(taken.error().message() == "take a connection: not a stream socket");
  }
  SECTION("nor by a server that has stopped") {
    running.stop();
    running.wait();
    raw_client c(elsewhere->local_address());
    auto got = elsewhere->accept();
    REQUIRE(got);
    CHECK(running.take(std::move(got->socket)));
    CHECK(c.ended());
  }
}

TEST_CASE("a connection that comes from elsewhere while the server ends is not left behind in it", "[server][threads]") {
  struct stopping_meanwhile : net::fault_injector {
    net::fault before(net::system_call which, int) noexcept override {
      if (auto* const to_stop = which == net::system_call::set_option ? running.exchange(nullptr) : nullptr) {
        to_stop->stop();
        to_stop->wait();
      }
      return {};
    }
    std::atomic<server*> running{nullptr};
  } meanwhile;
  auto elsewhere = net::listener::bind({});
  REQUIRE(elsewhere);
  server running(hello, quick());
  raw_client c(elsewhere->local_address());
  auto got = elsewhere->accept();
  REQUIRE(got);
  meanwhile.running = &running;
  net::os::injector.store(&meanwhile);
  const auto taken = running.take(std::move(got->socket));
  net::os::injector.store(nullptr);
  CHECK(taken);
  CHECK(running.open_connections() == 0);
  CHECK(c.ended());
}

TEST_CASE("connections that were made elsewhere go to the threads in turn, however fast they come", "[server][threads]") {
  auto elsewhere = net::listener::bind({});
  REQUIRE(elsewhere);
  auto with = quick();
  with.threads = 4;
  with.connections = 1;
  server running(hello, std::move(with));
  for (int round = 0; round < 20; ++round) {
    std::vector<std::unique_ptr<raw_client>> all;
    std::vector<net::socket> accepted;
    for (int i = 0; i < 4; ++i) {
      all.push_back(std::make_unique<raw_client>(elsewhere->local_address()));
      accepted.push_back(elsewhere->accept().value().socket);
    }
    for (auto& each : accepted) CHECK(running.take(std::move(each)));
    for (auto& each : all) CHECK(each->ask(get_root).body == "hello");
    all.clear();
    CHECK(eventually([&] { return running.open_connections() == 0; }));
  }
}

TEST_CASE("SIGPIPE is held back in the threads of a server, and in no other", "[server][sigpipe]") {
  const auto is_held_back = [] {
    sigset_t now;
    ::pthread_sigmask(SIG_SETMASK, nullptr, &now);
    return sigismember(&now, SIGPIPE) == 1;
  };
  const bool before = is_held_back();
  const server running([&](const request&) { return text(is_held_back() ? "held" : "not held"); }, quick());
  raw_client c(running);
  CHECK(c.ask(get_root).body == "held");
  CHECK(is_held_back() == before);
}

TEST_CASE("several threads share one listener", "[server]") {
  std::atomic<int> calls{0};
  auto with = quick();
  with.threads = 2;
  const server running([&calls](const request&) { ++calls; return text("hello"); }, std::move(with));
  std::vector<std::thread> clients;
  std::atomic<int> good{0};
  for (int i = 0; i < 4; ++i) {
    clients.emplace_back([&] {
      for (int n = 0; n < 20; ++n) {
        raw_client c(running);
        for (int k = 0; k < 5; ++k) good += c.ask(get_root).body == "hello" ? 1 : 0;
      }
    });
  }
  for (auto& client : clients) client.join();
  CHECK(good == 400);
  CHECK(calls == 400);
}

TEST_CASE("starting and stopping a thousand times leaves nothing behind", "[server]") {
  const int times = GENERATE(500);  // with each backend
  auto warm = quick();
  const auto backend = warm.backend;
  { const server once(hello, std::move(warm)); }
  const int before = open_descriptors();
  for (int i = 0; i < times; ++i) {
    const server running(hello, {.port = 0, .backend = backend});
    if (i % 50 == 0) REQUIRE(raw_client(running).ask(get_root).body == "hello");
  }
  CHECK(open_descriptors() == before);
}

TEST_CASE("a server is moved while it runs", "[server]") {
  server one(hello, quick());
  const auto port = one.port();
  server two(std::move(one));
  CHECK(two.port() == port);
  two = server(hello, quick());
  CHECK(raw_client(two).ask(get_root).body == "hello");
}

TEST_CASE("destroying a server ends whatever its peers do", "[server]") {
  std::atomic<int> ended{0};
  auto running = std::make_unique<server>([&ended](request& r) -> task<response> {
    if (r.target.text() == "/large") co_return text(std::string(30'000'000, 'x'));
    if (r.target.text() == "/wait") {
      const flag_at_end flag(ended);
      const never waiting;
      co_await waiting;
    }
    co_return text("hello");
  }, quick());
  raw_client fresh(*running), idle(*running), half(*running), waiting(*running), stalled(*running, 4096);
  CHECK(idle.ask(get_root).body == "hello");
  half.send("GET / HT");
  waiting.send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n");
  stalled.send("GET /large HTTP/1.1\r\nHost: a\r\n\r\n");
  while (stalled.kept().empty()) REQUIRE(stalled.more());
  CHECK(eventually([&] { return running->open_connections() == 5; }));
  running->stop();
  const std::size_t cut_off = running->wait();
  CHECK(cut_off >= 2);
  CHECK(cut_off <= 3);
  running.reset();
  CHECK(ended == 1);
  CHECK(fresh.ended());
  CHECK(idle.ended());
}

TEST_CASE("idle connections do not delay the end", "[server]") {
  auto with = quick(1h);
  server running(hello, std::move(with));
  raw_client fresh(running), idle(running);
  CHECK(idle.ask(get_root).body == "hello");
  running.stop();
  CHECK(running.wait() == 0);
  CHECK(fresh.ended());
  CHECK(idle.ended());
}

TEST_CASE("running exchanges finish while a server drains, and say that they were the last", "[server]") {
  std::atomic<bool> started{false};
  std::atomic<bool> go_on{false};
  server running(at_last(started, go_on), quick(1h));
  raw_client c(running);
  c.send(get_root);
  CHECK(eventually([&] { return started.load(); }));
  running.stop();
  go_on = true;
  const answer a = c.receive();
  CHECK(a.body == "at last");
  CHECK(a.has("Connection: close"));
  c.close();
  CHECK(running.wait() == 0);
}

TEST_CASE("an answer without end learns that its server is to stop, and ends as it should", "[server]") {
  std::atomic<int> asked{0};
  server running([&](const request& r) {
    CHECK_FALSE(r.context->stopping());
    auto tick = [&asked](request_context& context) -> task<result<std::string>> {
      ++asked;
      const time_point later = context.clock().now() + 1ms;
      co_await context.clock().wait_until(later);
      co_return context.stopping() ? std::string() : std::string("data: tick\n\n");
    };
    return content(stream_body([tick, &context = *r.context] { return tick(context); }), "text/event-stream");
  }, quick(1h));
  raw_client c(running);
  c.send(get_root);
  CHECK(eventually([&] { return asked > 1; }));
  running.stop();
  const answer a = c.receive();
  CHECK(a.complete);
  CHECK(a.body.starts_with("data: tick\n\n"));
  c.close();
  CHECK(running.wait() == 0);
}

TEST_CASE("a handler that blocks learns that its server is to stop", "[server][threads][blocking]") {
  std::atomic<bool> started{false};
  server running(blocking([&](const request& r) {
    CHECK_FALSE(r.context->stopping());
    started = true;
    while (!r.context->stopping()) std::this_thread::yield();
    return text("in time");
  }), quick(1h));
  raw_client c(running);
  c.send(get_root);
  CHECK(eventually([&] { return started.load(); }));
  running.stop();
  CHECK(c.receive().body == "in time");
  c.close();
  CHECK(running.wait() == 0);
}

TEST_CASE("what was pipelined before a server was told to stop is answered, wherever it waits", "[server]") {
  constexpr std::size_t behind = 1000;  // more octets than one read takes
  std::atomic<bool> started{false};
  std::atomic<bool> go_on{false};
  server running(at_last(started, go_on), quick(1h));
  raw_client c(running);
  std::string one = "GET / HTTP/1.1\r\nHost: h\r\nX: ";
  one.append(60 - one.size(), 'x').append("\r\n\r\n");  // of 64 octets, so that a read ends with one
  std::string requests;
  for (std::size_t i = 0; i < 1 + behind; ++i) requests += one;
  c.send(requests);
  CHECK(eventually([&] { return started.load(); }));
  running.stop();
  go_on = true;
  std::size_t answered = 0;
  for (bool last = false; !last; ++answered) {
    const answer a = c.receive();
    REQUIRE(a.body == "at last");
    last = a.has("Connection: close");
  }
  CHECK(answered == 1 + behind);
  c.close();
  CHECK(running.wait() == 0);
}

TEST_CASE("a handler may stop its server", "[server]") {
  server* self = nullptr;
  std::atomic<bool> ready{false};
  server running([&](const request&) {
    while (!ready) std::this_thread::yield();
    self->stop();
    self->stop();
    return text("bye");
  }, quick(1h));
  self = &running;
  ready = true;
  raw_client c(running);
  const answer a = c.ask(get_root);
  CHECK(a.body == "bye");
  CHECK(a.has("Connection: close"));
  c.close();
  CHECK(running.wait() == 0);
}

TEST_CASE("once stopped, a server is connected to no more", "[server]") {
  std::atomic<bool> started{false};
  server running([&](request&) -> task<response> {
    started = true;
    const never waiting;
    co_await waiting;
    co_return text("never");
  }, quick(1h));
  const auto to = running.local_address();
  raw_client c(running);
  c.send(get_root);
  CHECK(eventually([&] { return started.load(); }));
  running.stop();
  CHECK(eventually([&] {
    const net::descriptor late(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    return ::connect(late.get(), to.native(), to.native_size()) != 0 && errno == ECONNREFUSED;
  }));
  c.reset();
}

TEST_CASE("requests that were sent before a server stops are answered", "[server]") {
  std::atomic<bool> entered{false};
  std::atomic<bool> go_on{false};
  server running([&](const request& r) {  // holds the loop, so that nothing else is looked at
    if (r.target.text() == "/hold") {
      entered = true;
      while (!go_on) std::this_thread::yield();
    }
    return text("hello");
  }, quick(1h));
  raw_client idle(running), holder(running);
  CHECK(idle.ask(get_root).body == "hello");
  holder.send("GET /hold HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(eventually([&] { return entered.load(); }));
  raw_client queued(running);  // in the backlog
  queued.send(get_root);
  idle.send(get_root);
  running.stop();
  go_on = true;
  CHECK(idle.receive().body == "hello");
  CHECK(queued.receive().body == "hello");
  CHECK(holder.receive().body == "hello");
}

TEST_CASE("what a posted function throws is logged, and the server goes on", "[server]") {
  std::atomic<int> lines{0};
  auto with = quick();
  with.log = [&lines](std::string_view) { ++lines; };
  const server running([](request& r) {
    r.context->post([] { throw std::runtime_error("no"); });
    return text("hello");
  }, std::move(with));
  raw_client c(running);
  CHECK(c.ask(get_root).body == "hello");
  CHECK(c.ask(get_root).body == "hello");
  CHECK(eventually([&] { return lines >= 1; }));
}

TEST_CASE("signals are waited for, and the next one ends the process", "[server]") {
  const pid_t child = ::fork();
  if (child == 0) {
    ::signal(SIGTERM, SIG_DFL);  // the test program has its own way with it
    signal_wait stop{SIGTERM};
    ::raise(SIGTERM);
    const int came = stop.wait();
    if (came != SIGTERM) ::_exit(1);
    ::raise(SIGTERM);
    ::_exit(2);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(WIFSIGNALED(status));
  CHECK(WTERMSIG(status) == SIGTERM);
}
