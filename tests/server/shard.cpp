#include "server/support.hpp"

#include <tinyhttp/net/proxy_header.hpp>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <sys/resource.h>
#include <sys/wait.h>

using namespace server_test;

namespace {

server_options quick() {
  server_options with;
  with.port = 0;
  with.patience.drain = 50ms;
  with.patience.linger = 50ms;
  with.backend = net_test::any_backend();
  return with;
}

}  // namespace

TEST_CASE("connections beyond the limit wait until one ends", "[server]") {
  auto with = quick();
  with.connections = 2;
  const server running([](const request&) { return text("hello"); }, std::move(with));
  raw_client one(running), two(running);
  CHECK(one.ask(get_root).body == "hello");
  CHECK(two.ask(get_root).body == "hello");
  raw_client three(running);
  three.send(get_root);
  pollfd set{three.native(), POLLIN, 0};
  CHECK(one.ask(get_root).body == "hello");  // a whole round trip, and three has none
  CHECK(::poll(&set, 1, 0) == 0);
  two.close();
  CHECK(three.receive().body == "hello");
  CHECK(running.open_connections() == 2);
}

TEST_CASE("an address with too many connections gets no more, and one line in the log", "[server][limit]") {
  std::atomic<int> lines{0};
  auto with = quick();
  with.threads = 2;
  with.connections_per_address = 2;
  with.log = [&lines](std::string_view line) {
    if (line == "127.0.0.1 has 2 connections: more are closed at once (connections_per_address)") ++lines;
  };
  const server running([](const request&) { return text("hello"); }, std::move(with));
  {
    raw_client one(running), two(running);
    CHECK(one.ask(get_root).body == "hello");
    CHECK(two.ask(get_root).body == "hello");
    for (int i = 0; i < 20; ++i) {
      raw_client more(running);
      CHECK_FALSE(more.more());
    }
    CHECK(running.open_connections() == 2);
    CHECK(lines >= 1);
    CHECK(lines <= 2);  // each thread says so for itself
    raw_client neighbour(running.local_address(), *net::address::parse("127.0.0.2", 0));
    CHECK(neighbour.ask(get_root).body == "hello");
  }
  CHECK(eventually([&] { return running.open_connections() == 0; }));
  raw_client c(running);
  CHECK(c.ask(get_root).body == "hello");
}

TEST_CASE("a proxy introduces each connection, which is its client's from then on", "[server][proxy_header][limit]") {
  auto with = quick();
  with.introduced_by = net::read_proxy_header;
  with.connections_per_address = 2;
  const server running([](const request& r) { return text(std::string(r.peer())); }, std::move(with));
  const std::string nine = "PROXY TCP4 203.0.113.9 127.0.0.1 4711 80\r\n", eight = "PROXY TCP4 203.0.113.8 127.0.0.1 1 80\r\n";
  const std::string twice = std::string(get_root) + std::string(get_root);
  {
    raw_client one(running), two(running), local(running);
    CHECK(one.ask(nine + twice).body == "203.0.113.9:4711");
    CHECK(one.receive().body == "203.0.113.9:4711");
    CHECK(one.ask(get_root).body == "203.0.113.9:4711");
    for (const char octet : nine) two.send(std::string(1, octet));
    CHECK(two.ask(get_root).body == "203.0.113.9:4711");
    CHECK(local.ask("PROXY UNKNOWN\r\n" + std::string(get_root)).body.starts_with("127.0.0.1:"));
    raw_client more(running), other(running);
    CHECK(more.ask(nine + twice).status == 0);  // a third connection of that client
    CHECK(other.ask(eight + twice).body == "203.0.113.8:1");
    two.close();
    CHECK(eventually([&] { return running.open_connections() == 3; }));
    raw_client again(running);
    CHECK(again.ask(nine + twice).body == "203.0.113.9:4711");
  }
  CHECK(eventually([&] { return running.open_connections() == 0; }));
}

TEST_CASE("a system that has no room to watch a connection is told of, once, and the next one is served", "[server][faults]") {
  std::atomic<int> lines{0};
  auto with = quick();
  with.backend = net::backend::epoll;
  with.log = [&lines](std::string_view line) {
    if (line == "watch a connection: no space left on device") ++lines;
  };
  struct no_room final : net::fault_injector {
    no_room() { net::os::injector.store(this); }
    ~no_room() override { net::os::injector.store(nullptr); }
    net::fault before(net::system_call which, int fd) noexcept override {
      sockaddr_storage peer;
      socklen_t size = sizeof peer;
      if (which != net::system_call::epoll_control || ::getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &size) != 0) return {};
      return {.error = refused++ < 2 ? ENOSPC : 0};
    }
    std::atomic<int> refused{0};
  } const full;
  const server running([](const request&) { return text("hello"); }, std::move(with));
  for (int i = 0; i < 2; ++i) CHECK(raw_client(running).rest().empty());
  CHECK(raw_client(running).ask(get_root).body == "hello");
  CHECK(lines == 1);
}

TEST_CASE("who is not introduced is not answered", "[server][proxy_header][security]") {
  std::atomic<int> lines{0};
  auto with = quick();
  with.introduced_by = net::read_proxy_header;
  with.log = [&lines](std::string_view line) {
    if (line == "PROXY header: something else came") ++lines;
  };
  server running([](const request& r) { return text(std::string(r.peer())); }, std::move(with));
  for (const std::string& octets : {std::string(get_root), "PROXY TCP4 1.1.1.1 1.1.1.1 1\r\n" + std::string(get_root), std::string("\x16\x03\x01")}) {
    raw_client c(running);
    CHECK(c.ask(octets).status == 0);
  }
  CHECK(lines == 1);
  raw_client leaves(running);
  leaves.half_close();
  CHECK_FALSE(leaves.more());
  CHECK(lines == 1);
}

TEST_CASE("an introduction has the time of a head", "[server][proxy_header]") {
  auto with = quick();
  with.introduced_by = net::read_proxy_header;
  with.patience.head = 30ms;
  const server running([](const request&) { return text("hello"); }, std::move(with));
  raw_client silent(running), begun(running);
  begun.send("PROXY TCP4 1.1.1.1");
  CHECK_FALSE(silent.more());
  CHECK_FALSE(begun.more());
}

TEST_CASE("a server that stops does not wait for an introduction", "[server][proxy_header]") {
  auto with = quick();
  with.patience.drain = 1h;
  with.introduced_by = net::read_proxy_header;
  with.patience.head = 1h;
  server running([](const request&) { return text("hello"); }, std::move(with));
  raw_client silent(running);
  CHECK(eventually([&] { return running.open_connections() == 1; }));
  running.stop();
  CHECK(running.wait() == 0);
  CHECK_FALSE(silent.more());
}

TEST_CASE("peers that go on connecting do not keep a server from stopping", "[server][limit]") {
  struct one_more_each_time : net::fault_injector {
    net::fault before(net::system_call which, int) noexcept override {
      const net::address* const at = to;
      if (which != net::system_call::accept || at == nullptr || ++calls > 1000) return {};
      const net::descriptor one(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
      static_cast<void>(::connect(one.get(), at->native(), at->native_size()));
      return {};
    }
    std::atomic<const net::address*> to{nullptr};
    std::atomic<int> calls{0};
  } flood;
  auto with = quick();
  with.connections = 8;
  with.connections_per_address = 1;
  server running([](const request&) { return text("hello"); }, std::move(with));
  const net::address at = running.local_address();
  raw_client first(running);
  CHECK(first.ask(get_root).body == "hello");
  net::os::injector.store(&flood);
  flood.to = &at;
  running.stop();
  running.wait();
  net::os::injector.store(nullptr);
  CHECK(flood.calls <= 8);
}

TEST_CASE("a server that waits for room can be stopped", "[server]") {
  auto with = quick();
  with.connections = 1;
  server running([](const request&) { return text("hello"); }, std::move(with));
  raw_client one(running), two(running);
  CHECK(one.ask(get_root).body == "hello");
  running.stop();
  CHECK(running.wait() == 0);
}

#if !defined(__SANITIZE_THREAD__)  // which needs descriptors of its own in the forked process
TEST_CASE("out of descriptors, a server says so once and recovers", "[server]") {
  const auto backend = net_test::any_backend();
  const pid_t child = ::fork();
  if (child == 0) {
    std::atomic<int> lines{0};
    server_options with;
    with.port = 0;
    with.patience.drain = 50ms;
    with.backend = backend;
    with.log = [&lines](std::string_view) { ++lines; };
    auto running = server::start([](const request&) { return text("hello"); }, std::move(with));
    if (!running) ::_exit(10);
    // Clients take half of what is left, so that the server runs out.
    const int next = ::dup(0);
    ::close(next);
    const rlimit most{static_cast<rlim_t>(next + 11), static_cast<rlim_t>(next + 11)};
    ::setrlimit(RLIMIT_NOFILE, &most);
    std::vector<int> clients;
    const auto& to = running->local_address();
    for (;;) {
      const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
      if (fd < 0) break;
      if (::connect(fd, to.native(), to.native_size()) != 0) ::_exit(11);
      clients.push_back(fd);
    }
    if (!eventually([&] { return lines >= 1; })) ::_exit(12);
    ::poll(nullptr, 0, 200);  // several attempts fail meanwhile
    if (lines != 1) ::_exit(13);
    const int last = clients.back();
    clients.pop_back();
    for (const int fd : clients) ::close(fd);
    if (::send(last, get_root.data(), get_root.size(), MSG_NOSIGNAL) < 0) ::_exit(14);
    pollfd set{last, POLLIN, 0};
    if (::poll(&set, 1, 10'000) != 1) ::_exit(15);
    char room[12];
    if (::recv(last, room, sizeof room, 0) != 12 || std::string_view(room, 12) != "HTTP/1.1 200") ::_exit(16);
    ::_exit(0);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
}
#endif

TEST_CASE("no reset eats an answer that came early", "[server][rfc9112-9.6]") {
  auto with = quick();
  with.patience.linger = 5s;
  const server running([](request&) -> task<response> { co_return problem(status::unauthorized); }, std::move(with));
  for (int i = 0; i < 20; ++i) {
    raw_client c(running);
    c.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3000000\r\n\r\n");
    c.send(std::string(3'000'000, 'x'));  // all of it, before the answer is looked at
    const answer a = c.receive();
    REQUIRE(a.status == 401);
    REQUIRE(a.has("Connection: close"));
    c.half_close();
    REQUIRE(c.ended());
  }
}

TEST_CASE("requests behind the last one do not cost its answer", "[server][rfc9112-9.6]") {
  auto with = quick();
  with.requests_per_connection = 1;
  with.patience.linger = 5s;
  const server running([](const request&) { return text(std::string(100'000, 'x')); }, std::move(with));
  std::string many;
  for (int i = 0; i < 5000; ++i) many += get_root;
  for (int i = 0; i < 10; ++i) {
    raw_client c(running);
    c.send(many);
    c.half_close();
    const answer a = c.receive();
    REQUIRE(a.complete);
    REQUIRE(c.ended());
  }
}

TEST_CASE("deadlines hold over sockets", "[server]") {
  auto with = quick();
  // `idle` is what this test has, on a busy machine, to say something on each of its connections.
  with.patience = {.head = 50ms, .idle = 500ms, .grace = 50ms, .octets_per_second = 1'000'000, .linger = 20ms, .drain = 50ms};
  const server running([](const request& r) {
    return text(r.target.text() == "/large" ? std::string(30'000'000, 'x') : std::string("hello"));
  }, std::move(with));
  raw_client fresh(running), idle(running), half(running), body(running), stalled(running, 4096);
  half.send("GET / HT");
  body.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nabc");
  stalled.send("GET /large HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(idle.ask(get_root).body == "hello");
  CHECK(fresh.ended());
  CHECK(idle.ended());
  CHECK(half.receive().status == 408);
  CHECK(body.receive().status == 408);
  CHECK(eventually([&] { return running.open_connections() == 0; }));
  CHECK(stalled.rest().size() < 30'000'000);
}

TEST_CASE("one peer that never stops asking does not keep the others waiting", "[server]") {
  std::atomic<bool> enough{false};
  const server running([](request& r) -> task<response> {
    for (;;) {
      const auto piece = co_await r.body.next();
      if (!piece || piece->empty()) break;
    }
    co_return text("hello");
  }, quick());
  raw_client greedy(running), uploader(running);
  std::thread asking([&] {
    std::string many;
    for (int i = 0; i < 200; ++i) many += get_root;
    while (!enough && greedy.send(many)) {
      for (int i = 0; i < 200; ++i) {
        if (greedy.receive().body != "hello") return;
      }
    }
  });
  std::thread uploading([&] {
    uploader.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    const std::string chunk = "10000\r\n" + std::string(0x10000, 'x') + "\r\n";
    while (!enough && uploader.send(chunk)) {
    }
  });
  raw_client c(running);
  for (int i = 0; i < 50; ++i) CHECK(c.ask(get_root).body == "hello");
  enough = true;
  asking.join();
  uploading.join();
}
