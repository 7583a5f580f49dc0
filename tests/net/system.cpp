// Tests of net/system.hpp: the seam, and what must not leak through it.
#include "net/support.hpp"

#include <tinyhttp/net/transfer.hpp>

using namespace net_test;
using net::system_call;

TEST_CASE("a cause is told in the system's words, begun in lower case", "[net][system]") {
  CHECK(net::errno_text(ECONNREFUSED) == "connection refused");
  CHECK(net::errno_text(EADDRINUSE) == "address already in use");
  CHECK(net::system_error("read from x", ECONNRESET).kind() == error_kind::closed);
  CHECK(net::system_error("read from x", ETIMEDOUT).kind() == error_kind::timeout);
  CHECK(net::system_error("read from x", EIO).kind() == error_kind::io);
  CHECK(net::system_error("read from 127.0.0.1:4000", ECONNRESET).message() ==
        "read from 127.0.0.1:4000: connection reset by peer");
}

TEST_CASE("interruptions are not seen above the seam", "[net][system]") {
  const auto which = GENERATE(system_call::socket, system_call::bind, system_call::listen,
                              system_call::accept, system_call::connect, system_call::set_option,
                              system_call::get_option, system_call::name, system_call::receive,
                              system_call::send, system_call::poll);
  CAPTURE(static_cast<int>(which));
  // connect(2) that is interrupted goes on by itself: only a real one can show that, see below.
  const net::fault interrupted{.error = which == system_call::connect ? 0 : EINTR};
  const faults three_times(which, interrupted, 0, 3);
  auto pair = connected_sockets();
  pair.theirs.send_all("hello").value();
  char octets[8];
  CHECK(pair.ours.receive(octets).value() == 5);
  pair.ours.non_blocking(true).value();
  pair.theirs.shutdown_send().value();
  CHECK(pair.ours.receive(octets).value() == 0);
}

TEST_CASE("short counts lose nothing and double nothing", "[net][system]") {
  const std::string all = pattern(5000);
  const auto which = GENERATE(system_call::receive, system_call::send);
  const std::size_t at_most = GENERATE(1u, 7u);
  const faults few(which, {.at_most = at_most});
  auto pair = connected_sockets();
  pair.ours.send_all(all).value();
  pair.ours.shutdown_send().value();
  CHECK(read_to_end(pair.theirs) == all);
}

TEST_CASE("a call moves no more than a test lets it, of one piece or of many", "[net][system]") {
  const auto pair = connected_sockets(AF_UNIX);
  char first[] = "ab", second[] = "cdef";
  const auto sent = [&](std::size_t at_most) {
    const faults few(system_call::send, {.at_most = at_most});
    iovec pieces[] = {{first, 2}, {second, 4}};
    return net::os::send(pair.ours.native(), pieces, 2, 6);
  };
  CHECK(sent(1) == 1);
  CHECK(sent(2) == 2);
  CHECK(sent(5) == 2);  // whole pieces, or a part of the first
  CHECK(sent(6) == 6);
  char octets[16];
  const faults few(system_call::receive, {.at_most = 3}, 0, 1);
  CHECK(net::os::receive(pair.theirs.native(), octets, sizeof octets) == 3);
  CHECK(net::os::receive(pair.theirs.native(), octets + 3, sizeof octets - 3) == 8);
  CHECK(std::string_view(octets, 11) == "aabababcdef");
}

TEST_CASE("an option that cannot be asked for is an error, not a value", "[net][system]") {
  CHECK(net::os::get_option(-1, SOL_SOCKET, SO_ERROR) == -EBADF);
}
