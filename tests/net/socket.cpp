// Tests of net/socket.hpp and net/descriptor.hpp.
#include "net/support.hpp"

#include <thread>

#include <fcntl.h>
#include <signal.h>

using namespace net_test;

TEST_CASE("a descriptor is closed once, by its last owner", "[net][descriptor]") {
  int ends[2];
  REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  {
    net::descriptor a(ends[0]);
    net::descriptor b(std::move(a));
    CHECK_FALSE(a);
    CHECK(b.get() == ends[0]);
    net::descriptor c(ends[1]);
    c = std::move(b);
    CHECK(::fcntl(ends[1], F_GETFD) == -1);  // closed when replaced
    CHECK(c.release() == ends[0]);
  }
  CHECK(::fcntl(ends[0], F_GETFD) != -1);
  ::close(ends[0]);
}

TEST_CASE("two plain sockets talk", "[net][socket]") {
  auto pair = connected_sockets();
  pair.theirs.send_all("hello").value();
  pair.theirs.shutdown_send().value();
  char octets[16];
  CHECK(pair.ours.receive(octets).value() == 5);
  CHECK(std::string_view(octets, 5) == "hello");
  CHECK(pair.ours.receive(octets).value() == 0);
  pair.ours.send_all("answer").value();  // half-closed: the other way still works
  CHECK(pair.theirs.receive(octets).value() == 6);
  CHECK(pair.ours.peer_address().value() == pair.theirs.local_address().value());
}

TEST_CASE("a socket says what it is", "[net][socket]") {
  const auto tcp = net::socket::open(AF_INET).value();
  CHECK(net::name_of_family(tcp.family()) == "AF_INET");
  CHECK(net::name_of_type(tcp.type()) == "SOCK_STREAM");
  CHECK(net::name_of_protocol(tcp.protocol()) == "IPPROTO_TCP");
  CHECK(net::name_of_family(net::socket::open(AF_UNIX).value().family()) == "AF_UNIX");
  CHECK(net::name_of_family(AF_INET6) == "AF_INET6");
  CHECK(net::name_of_family(-1) == "-1");
  CHECK((::fcntl(tcp.native(), F_GETFD) & FD_CLOEXEC) != 0);
  CHECK(tcp.peer_address().error().message() == "read a peer's name: transport endpoint is not connected");
}

TEST_CASE("options are set, and refused with a line", "[net][socket]") {
  auto tcp = net::socket::open(AF_INET).value();
  tcp.no_delay(true).value();
  tcp.keep_alive(true).value();
  tcp.send_buffer(65536).value();
  tcp.receive_buffer(65536).value();
  CHECK(net::os::get_option(tcp.native(), IPPROTO_TCP, TCP_NODELAY) != 0);
  CHECK(net::os::get_option(tcp.native(), SOL_SOCKET, SO_KEEPALIVE) == 1);
  net::socket closed;
  CHECK(closed.no_delay(true).error().message() == "set TCP_NODELAY: bad file descriptor");
}

TEST_CASE("a refused connection names the address and the cause", "[net][socket]") {
  auto listener = net::listener::bind({}).value();
  const auto where = listener.local_address();
  listener.close();
  auto tcp = net::socket::open(AF_INET).value();
  const auto failed = tcp.connect(where);
  REQUIRE_FALSE(failed);
  CHECK(failed.error().kind() == error_kind::connect);
  CHECK(failed.error().message() == "connect " + where.to_string() + ": connection refused");
}

TEST_CASE("sending to a peer that is gone is an error and no signal", "[net][socket][sigpipe]") {
  struct sigaction before{};
  ::sigaction(SIGPIPE, nullptr, &before);
  REQUIRE(before.sa_handler == SIG_DFL);  // a signal would end this program
  auto pair = connected_sockets(GENERATE(AF_INET, AF_UNIX));
  pair.theirs.close();
  auto sent = pair.ours.send_all("x");
  for (int i = 0; i < 100 && sent; ++i) sent = pair.ours.send_all("x");
  REQUIRE_FALSE(sent);
  CHECK(sent.error().kind() == error_kind::closed);
  struct sigaction after{};
  ::sigaction(SIGPIPE, nullptr, &after);
  CHECK(after.sa_handler == SIG_DFL);
}

TEST_CASE("more than the buffers hold arrives whole", "[net][socket]") {
  auto pair = connected_sockets();
  const std::string all = pattern(8 << 20);
  std::thread sender([&] {
    static_cast<void>(pair.ours.send_all(all));
    pair.ours.close();
  });
  const std::string got = read_to_end(pair.theirs);
  sender.join();
  CHECK((got == all));
}
