// Tests of net/connector.hpp and net/interrupter.hpp.
#include "net/support.hpp"

#include <tinyhttp/net/connector.hpp>

#include <atomic>
#include <thread>
#include <vector>

using namespace net_test;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

/// A listening socket that takes a connection before connect(2) returns: time held still can tell
/// nothing about those that take a while.
struct ready_listener {
  net::listener listener =
      net::listener::bind({.unix_path = "@tinyhttp-ready-" + std::to_string(::getpid())}).value();
  [[nodiscard]] const net::address& address() const { return listener.local_address(); }
};

std::uint16_t closed_port() {
  return net::listener::bind({}).value().local_address().port();
}

result<net::connected> connect_on_loop(net::loop& loop, std::vector<net::address> to,
                                       std::string name, net::connect_options with = {}) {
  return loop.run_until_done(net::connect(loop, std::move(to), std::move(name), with));
}

}  // namespace

TEST_CASE("a connection tells which address it got", "[net][connector]") {
  auto listener = net::listener::bind({.host = "localhost"}).value();
  const std::uint16_t port = listener.local_address().port();
  const auto got = net::connect("localhost", port);
  REQUIRE(got.has_value());
  CHECK(got->peer == listener.local_address());
  CHECK(net::name_of_type(got->socket.type()) == "SOCK_STREAM");
  CHECK((::fcntl(got->socket.native(), F_GETFL) & O_NONBLOCK) == 0);
  CHECK(net::os::get_option(got->socket.native(), IPPROTO_TCP, TCP_NODELAY) != 0);
}

TEST_CASE("a refused connection is one line with address, port and cause", "[net][connector]") {
  const std::uint16_t port = closed_port();
  const std::string line = "connect 127.0.0.1:" + std::to_string(port) + ": connection refused";
  const auto blocking = net::connect("127.0.0.1", port);
  REQUIRE_FALSE(blocking);
  CHECK(blocking.error().kind() == error_kind::connect);
  CHECK(blocking.error().message() == line);
  net::loop loop({.backend = any_backend()});
  const auto on_loop = loop.run_until_done(net::connect(loop, "127.0.0.1", port));
  REQUIRE_FALSE(on_loop);
  CHECK(on_loop.error().message() == line);
  CHECK(net::connect("no such host", 80).error().kind() == error_kind::resolve);
}

TEST_CASE("nobody answers: the deadline ends it", "[net][connector][deadline]") {
  const full_listener full;
  const auto& to = full.listener.local_address();
  const auto failed = net::connect("127.0.0.1", to.port(), {.timeout = milliseconds(30)});
  REQUIRE_FALSE(failed);
  CHECK(failed.error().kind() == error_kind::timeout);
  CHECK(failed.error().message() == "connect " + to.to_string() + ": timed out");
  net::loop loop({.backend = any_backend()});
  const auto late = connect_on_loop(loop, {to}, "there", {.timeout = milliseconds(30)});
  REQUIRE_FALSE(late);
  CHECK(late.error().kind() == error_kind::timeout);
  CHECK(late.error().message() == "connect there: timed out");
}

TEST_CASE("one dead address does not use up the time of the next", "[net][connector][deadline]") {
  const full_listener full;
  const ready_listener alive;
  const auto refused = *net::address::parse("127.0.0.1", closed_port());
  held_time time;
  net::loop loop({.backend = any_backend(), .time = &time});
  const time_point begin = time.now();
  const auto got =
      connect_on_loop(loop, {full.listener.local_address(), refused, alive.address()}, "there",
                      {.timeout = milliseconds(150)});
  REQUIRE(got.has_value());
  CHECK(got->peer == alive.address());
  CHECK((::fcntl(got->socket.native(), F_GETFL) & O_NONBLOCK) != 0);
  CHECK(time.now() - begin == milliseconds(50));

  const auto failed = connect_on_loop(loop, {full.listener.local_address(), refused}, "there",
                                      {.timeout = milliseconds(40)});
  REQUIRE_FALSE(failed);
  CHECK(failed.error().kind() == error_kind::connect);
  CHECK(failed.error().message() == "connect there: " + full.listener.local_address().to_string() +
                                        ": timed out; " + refused.to_string() +
                                        ": connection refused");
  CHECK(connect_on_loop(loop, {}, "there").error().message() == "connect there: no address to try");
}

TEST_CASE("a connect on a loop can be destroyed while it waits", "[net][connector][cancellation]") {
  const full_listener full;
  net::loop loop({.backend = any_backend()});
  {
    std::vector<net::address> to{full.listener.local_address()};
    auto attempt = net::connect(loop, std::move(to), "there");
    attempt.start();
    loop.run_once(duration::zero());
    CHECK_FALSE(attempt.done());
  }
  loop.run_once(duration::zero());
  CHECK(loop.timers().size() == 0);
}

TEST_CASE("a blocking connect can be told to stop by another thread", "[net][connector][threads]") {
  const full_listener full;
  net::interrupter stop;
  std::thread other([&] { stop.cancel(); });
  const auto failed = net::connect("127.0.0.1", full.listener.local_address().port(),
                                   {.timeout = seconds(20), .stop = &stop});
  other.join();
  REQUIRE_FALSE(failed);
  CHECK(failed.error().kind() == error_kind::cancelled);
}

TEST_CASE("Unix-domain names are connected to the same way", "[net][connector][unix]") {
  const std::string name = "@tinyhttp-connect-" + std::to_string(::getpid());
  CHECK(net::connect("unix:" + name, 0).error().message() ==
        "connect unix:" + name + ": connection refused");
  auto listener = net::listener::bind({.unix_path = name, .backlog = 0}).value();
  const auto got = net::connect("unix:" + name, 0);
  REQUIRE(got.has_value());
  CHECK(net::name_of_family(got->socket.family()) == "AF_UNIX");
  // A full queue gives no sign of life: we ask again until the deadline.
  const auto late = net::connect("unix:" + name, 0, {.timeout = milliseconds(30)});
  if (!late) CHECK(late.error().kind() == error_kind::timeout);
  net::loop loop({.backend = any_backend()});
  listener.accept().value();
  const auto on_loop = loop.run_until_done(net::connect(loop, "unix:" + name, 0));
  if (!on_loop) CHECK(on_loop.error().kind() == error_kind::connect);
}

TEST_CASE("a connect that a signal interrupts goes on being made", "[net][connector][faults]") {
  auto listener = net::listener::bind({}).value();
  struct begin_and_interrupt : net::fault_injector {
    explicit begin_and_interrupt(const net::address& where) : to(where) { net::os::injector.store(this); }
    ~begin_and_interrupt() override { net::os::injector.store(nullptr); }
    net::fault before(net::system_call which, int fd) noexcept override {
      if (which != net::system_call::connect) return {};
      static_cast<void>(::connect(fd, to.native(), to.native_size()));  // as the system does
      return {.error = EINTR};
    }
    net::address to;
  } const hook(listener.local_address());
  CHECK(net::connect("127.0.0.1", listener.local_address().port()).has_value());
  auto plain = net::socket::open(AF_INET).value();
  CHECK(plain.connect(listener.local_address()).has_value());
}

TEST_CASE("the second family wins when the first is dead, a quarter of a second later",
          "[net][connector][rfc8305-5]") {
  const full_listener dead;
  const ready_listener alive;
  held_time time;
  net::loop loop({.backend = any_backend(), .time = &time});
  const auto& to = dead.listener.local_address();
  const time_point begin = time.now();
  const auto got = connect_on_loop(loop, {to, alive.address()}, "h.test");
  REQUIRE(got.has_value());
  CHECK(got->peer == alive.address());
  CHECK(time.now() - begin == milliseconds(250));
}

TEST_CASE("the winner is tried first the next time", "[net][connector][rfc8305-4]") {
  auto alive = net::listener::bind({.host = "127.0.0.1"}).value();
  net::address_memory memory;
  net::connect_options with{.memory = &memory};
  struct count_connects : net::fault_injector {
    count_connects() { net::os::injector.store(this); }
    ~count_connects() override { net::os::injector.store(nullptr); }
    net::fault before(net::system_call which, int) noexcept override {
      count += which == net::system_call::connect;
      return {};
    }
    std::atomic<int> count{0};
  } calls;
  const std::uint16_t port = alive.local_address().port();
  REQUIRE(net::connect("localhost", port, with).has_value());  // ::1 refuses, 127.0.0.1 answers
  CHECK(calls.count == 2);
  REQUIRE(net::connect("localhost", port, with).has_value());
  CHECK(calls.count == 3);
  const std::string name = "localhost:" + std::to_string(port);
  CHECK(memory.winner(name, std::chrono::steady_clock::now()) == alive.local_address());
}

TEST_CASE("a connection leaves from the address it is told to", "[net][connector]") {
  auto listener = net::listener::bind({}).value();
  const std::uint16_t port = listener.local_address().port();
  net::connect_options with;
  with.from = *net::address::parse("127.0.0.7", 0);
  const auto got = net::connect("localhost", port, with);  // ::1 is of another family
  REQUIRE(got.has_value());
  CHECK(got->socket.local_address()->host() == "127.0.0.7");
  CHECK(listener.accept()->peer.host() == "127.0.0.7");

  with.from = *net::address::parse("192.0.2.77", 0);  // not ours
  const auto failed = net::connect("127.0.0.1", port, with);
  REQUIRE_FALSE(failed);
  CHECK(failed.error().message() == "connect 127.0.0.1:" + std::to_string(port) +
                                        " from 192.0.2.77: cannot assign requested address");
  with.from = *net::address::parse("::1", 0);
  CHECK(net::connect("127.0.0.1", 80, with).error().message() ==
        "connect 127.0.0.1:80 from ::1: no address to try");
}

TEST_CASE("a host map leads elsewhere, a Unix-domain socket included", "[net][connector][unix]") {
  const std::string name = "@tinyhttp-mapped-" + std::to_string(::getpid());
  auto local = net::listener::bind({.unix_path = name}).value();
  auto listener = net::listener::bind({}).value();
  net::connect_options with;
  with.hosts = {{.host = "u.test", .to = {"unix:" + name}},
                {.host = "h.test", .port = 80, .to = {"127.0.0.1"},
                 .to_port = listener.local_address().port()}};
  CHECK(net::connect("u.test", 80, with).value().peer.to_string() == "unix:" + name);
  CHECK(net::connect("h.test", 80, with).value().peer == listener.local_address());
  with.hosts[1].to_port = closed_port();
  CHECK(net::connect("h.test", 80, with).error().message() ==
        "connect h.test:80: connection refused");
}

TEST_CASE("losers are closed", "[net][connector]") {
  const full_listener dead;
  const ready_listener alive;
  held_time time;
  net::loop loop({.backend = any_backend(), .time = &time});
  const int lowest = net::descriptor(::dup(0)).get();
  {
    const auto got =
        connect_on_loop(loop, {dead.listener.local_address(), alive.address()}, "there");
    REQUIRE(got.has_value());
  }
  CHECK(net::descriptor(::dup(0)).get() == lowest);
  CHECK(loop.timers().size() == 0);
}

TEST_CASE("a system without descriptors is an error of the connect", "[net][connector][faults]") {
  const faults none(net::system_call::socket, {.error = EMFILE});
  CHECK(net::connect("localhost", 80).error().message() ==
        "connect localhost:80: too many open files");
}

TEST_CASE("a connect that the system fails anywhere is a line, and leaves nothing behind",
          "[net][connector][faults]") {
  using net::system_call;
  const auto which =
      GENERATE(system_call::socket, system_call::connect, system_call::set_option,
               system_call::get_option, system_call::bind, system_call::poll,
               system_call::epoll_control);
  auto listener = net::listener::bind({}).value();
  const std::uint16_t port = listener.local_address().port();
  net::loop loop({.backend = any_backend()});
  const net::connect_options with{.from = *net::address::parse("127.0.0.1", 0)};
  const int lowest = net::descriptor(::dup(0)).get();
  for (int call = 0; call < 4; ++call) {
    CAPTURE(static_cast<int>(which), call);
    const faults one(which, {.error = EIO}, call, 1);
    const auto blocking = net::connect("localhost", port, with);
    const auto looped = loop.run_until_done(net::connect(loop, "localhost", port, with));
    for (const auto* got : {&blocking, &looped}) {
      if (*got) continue;
      CHECK(got->error().kind() == error_kind::connect);
      CHECK(got->error().message() ==
            "connect localhost:" + std::to_string(port) + " from 127.0.0.1: input/output error");
    }
  }
  CHECK(net::descriptor(::dup(0)).get() == lowest);
  CHECK(loop.timers().size() == 0);
}
