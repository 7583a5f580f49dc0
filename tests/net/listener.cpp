// Tests of net/listener.hpp.
#include "folder.hpp"
#include "net/support.hpp"

#include <thread>

#include <sys/wait.h>

using namespace net_test;
using net::listener;

namespace {

/// A client of `to`, and what the listener saw of it.
net::accepted meet(listener& at, const net::address& to, net::socket& client) {
  client = net::socket::open(to.family()).value();
  client.connect(to).value();
  return at.accept().value();
}

bool has_ipv6() {
  const auto tried = listener::bind({.host = "::1"});
  return tried.has_value();
}

}  // namespace

TEST_CASE("port 0 takes a free port and tells which", "[net][listener]") {
  auto at = listener::bind({.host = "127.0.0.1"}).value();
  CHECK(at.local_address().port() != 0);
  CHECK(at.local_address().host() == "127.0.0.1");
  net::socket client;
  const auto got = meet(at, at.local_address(), client);
  CHECK(got.peer == client.local_address().value());
}

TEST_CASE("a bind error names address, port and cause", "[net][listener]") {
  auto first = listener::bind({.host = "127.0.0.1"}).value();
  const std::uint16_t port = first.local_address().port();
  const auto second = listener::bind({.host = "127.0.0.1", .port = port});
  REQUIRE_FALSE(second);
  CHECK(second.error().message() ==
        "listen on 127.0.0.1:" + std::to_string(port) + ": address already in use");
  const auto elsewhere = listener::bind({.host = "203.0.113.1", .port = 80});  // RFC 5737: nobody's
  REQUIRE_FALSE(elsewhere);
  CHECK(elsewhere.error().message() == "listen on 203.0.113.1:80: cannot assign requested address");
  CHECK(listener::bind({.host = "a b"}).error().message() == "listen on a b: resolve a?b: not a host name");
}

TEST_CASE("two processes cannot listen on one port", "[net][listener]") {
  auto first = listener::bind({.host = GENERATE("127.0.0.1", "")}).value();
  const std::uint16_t port = first.local_address().port();
  const pid_t child = ::fork();
  if (child == 0) {
    ::alarm(10);
    const auto second = listener::bind({.host = "127.0.0.1", .port = port});
    const bool refused = !second && second.error().message().ends_with("address already in use");
    ::_exit(refused ? 0 : 1);
  }
  int status = -1;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(status == 0);
}

TEST_CASE("a port is free again at once, in spite of connections that just ended", "[net][listener]") {
  std::uint16_t port = 0;
  {
    auto at = listener::bind({.host = "127.0.0.1"}).value();
    port = at.local_address().port();
    net::socket client;
    auto got = meet(at, at.local_address(), client);
    got.socket.close();  // our side closes first: it is the one left in TIME_WAIT
    char octet[1];
    CHECK(client.receive(octet).value() == 0);
  }
  CHECK(listener::bind({.host = "127.0.0.1", .port = port}).has_value());
}

TEST_CASE("an empty host listens on every interface, for both families", "[net][listener]") {
  auto at = listener::bind({.host = ""}).value();
  CHECK(at.local_address().is_unspecified());
  const std::uint16_t port = at.local_address().port();
  net::socket client;
  const auto got = meet(at, *net::address::parse("127.0.0.1", port), client);
  CHECK(got.peer == client.local_address().value());  // IPv4, not ::ffff:127.0.0.1
  if (has_ipv6()) {
    net::socket client6;
    CHECK(meet(at, *net::address::parse("::1", port), client6).peer.host() == "::1");
  }
}

TEST_CASE("a machine without IPv6 listens on every IPv4 interface", "[net][listener][faults]") {
  const faults no_ipv6(net::system_call::socket, {.error = EAFNOSUPPORT}, 0, 1);
  const auto at = listener::bind({.host = ""});
  REQUIRE(at.has_value());
  CHECK(at->local_address().host() == "0.0.0.0");
}

TEST_CASE("ipv6_only leaves IPv4 to others", "[net][listener]") {
  if (!has_ipv6()) return;
  auto six = listener::bind({.host = "::", .ipv6_only = true}).value();
  const std::uint16_t port = six.local_address().port();
  CHECK(listener::bind({.host = "0.0.0.0", .port = port}).has_value());
}

TEST_CASE("a name is tried with each of its addresses", "[net][listener]") {
  const auto at = listener::bind({.host = "localhost"});
  REQUIRE(at.has_value());
  CHECK(at->local_address().is_loopback());
}

TEST_CASE("descriptors are not inherited and accepted sockets are as asked", "[net][listener]") {
  auto at = listener::bind({}).value();
  CHECK((::fcntl(at.native(), F_GETFD) & FD_CLOEXEC) != 0);
  net::socket client;
  const auto blocking = meet(at, at.local_address(), client);
  CHECK((::fcntl(blocking.socket.native(), F_GETFD) & FD_CLOEXEC) != 0);
  CHECK((::fcntl(blocking.socket.native(), F_GETFL) & O_NONBLOCK) == 0);
  CHECK(net::os::get_option(blocking.socket.native(), IPPROTO_TCP, TCP_NODELAY) != 0);
  CHECK_FALSE(at.try_accept().value().has_value());
  auto second = net::socket::open(AF_INET).value();
  second.connect(at.local_address()).value();
  const auto got = at.try_accept().value();
  REQUIRE(got.has_value());
  CHECK((::fcntl(got->socket.native(), F_GETFL) & O_NONBLOCK) != 0);
}

TEST_CASE("no SO_REUSEPORT, ever", "[net][listener]") {
  const auto at = listener::bind({}).value();
  CHECK(net::os::get_option(at.native(), SOL_SOCKET, SO_REUSEPORT) == 0);
}

TEST_CASE("connections that died in the queue are skipped, our own troubles are told", "[net][listener][faults]") {
  auto at = listener::bind({}).value();
  auto client = net::socket::open(AF_INET).value();
  client.connect(at.local_address()).value();
  {
    const faults full(net::system_call::accept, {.error = EMFILE}, 0, 1);
    const auto refused = at.try_accept();
    REQUIRE_FALSE(refused);
    CHECK(refused.error().message() ==
          "accept on " + at.local_address().to_string() + ": too many open files");
  }
  const faults dead(net::system_call::accept, {.error = ECONNABORTED}, 0, 3);
  CHECK(at.try_accept().value().has_value());  // it was still in the queue
}

TEST_CASE("a Unix socket's file is there while we listen, and only then", "[net][listener][unix]") {
  const scratch::folder folder;
  const std::string path = folder.path("s");
  {
    auto at = listener::bind({.unix_path = path}).value();
    CHECK(at.local_address().to_string() == "unix:" + path);
    net::socket client;
    auto got = meet(at, at.local_address(), client);
    CHECK(got.peer.is_unix_domain());
    const auto second = listener::bind({.unix_path = path});
    REQUIRE_FALSE(second);  // somebody listens
    CHECK(second.error().message() == "listen on unix:" + path + ": address already in use");
    auto moved = std::move(at);
    CHECK(::access(path.c_str(), F_OK) == 0);
  }
  CHECK(::access(path.c_str(), F_OK) != 0);
}

TEST_CASE("a stale Unix socket is replaced, any other file is left alone", "[net][listener][unix]") {
  const scratch::folder folder;
  const std::string path = folder.path("s");
  {
    const auto stale = net::socket::open(AF_UNIX).value();  // bound, never listening, then closed
    const auto name = net::address::unix_domain(path).value();
    REQUIRE(::bind(stale.native(), name.native(), name.native_size()) == 0);
  }
  CHECK(listener::bind({.unix_path = path}).has_value());
  const net::descriptor file(::open(path.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
  REQUIRE(file);
  CHECK_FALSE(listener::bind({.unix_path = path}).has_value());
  CHECK(::access(path.c_str(), F_OK) == 0);
}

TEST_CASE("a Unix socket's file that is somebody else's by now stays", "[net][listener][unix]") {
  const scratch::folder folder;
  const std::string path = folder.path("s");
  std::optional<listener> first(listener::bind({.unix_path = path}).value());
  ::unlink(path.c_str());
  const auto second = listener::bind({.unix_path = path}).value();
  first.reset();
  CHECK(::access(path.c_str(), F_OK) == 0);
}

TEST_CASE("an abstract name needs no file", "[net][listener][unix]") {
  const std::string name = "@tinyhttp-test-" + std::to_string(::getpid());
  auto at = listener::bind({.unix_path = name}).value();
  CHECK(at.local_address().to_string() == "unix:" + name);
  net::socket client;
  meet(at, at.local_address(), client);
}

TEST_CASE("a listening socket can be adopted, anything else is refused", "[net][listener]") {
  auto made = net::socket::open(AF_INET).value();
  const auto name = *net::address::parse("127.0.0.1", 0);
  REQUIRE(::bind(made.native(), name.native(), name.native_size()) == 0);
  const auto idle = listener::adopt(made.native());
  REQUIRE_FALSE(idle);
  CHECK(idle.error().message() ==
        "adopt descriptor " + std::to_string(made.native()) + ": it does not listen");
  REQUIRE(::listen(made.native(), 5) == 0);
  auto at = listener::adopt(made.release().release()).value();
  net::socket client;
  const auto met = meet(at, at.local_address(), client);
  CHECK(net::os::get_option(met.socket.native(), IPPROTO_TCP, TCP_NODELAY) != 0);  // as of one of our own
  CHECK_FALSE(listener::adopt(-1).has_value());
  CHECK_FALSE(listener::adopt(client.native()).has_value());
}
