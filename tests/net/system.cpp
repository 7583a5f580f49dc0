// Tests of net/system.hpp: the seam, and what must not leak through it.
#include "net/support.hpp"

#include <tinyhttp/net/transfer.hpp>

#include <signal.h>

#include <thread>

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

TEST_CASE("sendfile to a peer that is gone raises no signal and leaves none", "[net][system][sigpipe]") {
  const temporary_file file(pattern(100'000));
  auto pair = connected_sockets(GENERATE(AF_INET, AF_UNIX));
  pair.theirs.close();
  sigset_t before;
  sigset_t after;
  ::pthread_sigmask(SIG_SETMASK, nullptr, &before);
  std::int64_t status = 0;
  for (int i = 0; i < 100 && status >= 0; ++i)
    status = net::os::send_file(pair.ours.native(), file.fd(), 0, 1000);
  if (status == -ECONNRESET) status = net::os::send_file(pair.ours.native(), file.fd(), 0, 1000);
  CHECK(status == -EPIPE);
  sigset_t pending;
  ::sigpending(&pending);
  CHECK(sigismember(&pending, SIGPIPE) == 0);
  ::pthread_sigmask(SIG_SETMASK, nullptr, &after);
  CHECK(sigismember(&after, SIGPIPE) == sigismember(&before, SIGPIPE));
}

// Linux tells a short count and raises the signal for what it tried after that, if the peer goes at
// the right moment, which is seldom: hence so many rounds.
TEST_CASE("a peer that goes in the middle of a sendfile leaves no signal", "[net][system][sigpipe]") {
  sigset_t broken_pipe;
  sigset_t before;
  sigemptyset(&broken_pipe);
  sigaddset(&broken_pipe, SIGPIPE);
  ::pthread_sigmask(SIG_BLOCK, &broken_pipe, &before);  // so that a failure can be told
  constexpr std::size_t size = 1'000'000;               // more than the buffer takes: it blocks
  const temporary_file file(pattern(size));
  int left_over = 0;
  for (int round = 0; round < 1000; ++round) {
    auto pair = connected_sockets(AF_UNIX);
    std::thread leaving([&] {
      char first[1];
      (void)pair.theirs.receive(first);
      pair.theirs.close();
    });
    (void)net::os::send_file(pair.ours.native(), file.fd(), 0, size);
    leaving.join();
    sigset_t pending;
    ::sigpending(&pending);
    if (sigismember(&pending, SIGPIPE) == 1) ++left_over;
    const timespec at_once{0, 0};
    ::sigtimedwait(&broken_pipe, nullptr, &at_once);
  }
  CHECK(left_over == 0);
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

TEST_CASE("a SIGPIPE that somebody else holds back stays theirs", "[net][system][sigpipe]") {
  sigset_t broken_pipe;
  sigset_t before;
  sigemptyset(&broken_pipe);
  sigaddset(&broken_pipe, SIGPIPE);
  ::pthread_sigmask(SIG_BLOCK, &broken_pipe, &before);
  ::raise(SIGPIPE);
  const temporary_file file("content");
  auto pair = connected_sockets(AF_UNIX);
  pair.theirs.close();
  CHECK(net::os::send_file(pair.ours.native(), file.fd(), 0, 7) == -EPIPE);
  sigset_t pending;
  ::sigpending(&pending);
  CHECK(sigismember(&pending, SIGPIPE) == 1);
  const timespec at_once{0, 0};
  CHECK(::sigtimedwait(&broken_pipe, nullptr, &at_once) == SIGPIPE);
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}
