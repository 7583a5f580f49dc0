// Tests of net/send_file.hpp: a peer that is gone is told by the count, never by a signal.
#include "net/support.hpp"

#include <tinyhttp/net/send_file.hpp>

#include <signal.h>

#include <thread>

using namespace net_test;

namespace {

bool is_held_back() {
  sigset_t now;
  ::pthread_sigmask(SIG_SETMASK, nullptr, &now);
  return sigismember(&now, SIGPIPE) == 1;
}

bool is_pending() {
  sigset_t pending;
  ::sigpending(&pending);
  return sigismember(&pending, SIGPIPE) == 1;
}

/// Sends to a peer that is gone until that is told.
std::int64_t send_to_nobody(int family) {
  const temporary_file file(pattern(100'000));
  auto pair = connected_sockets(family);
  pair.theirs.close();
  std::int64_t status = 0;
  for (int i = 0; i < 100 && status >= 0; ++i)
    status = net::os::send_file(pair.ours.native(), file.fd(), 0, 1000);
  if (status == -ECONNRESET) status = net::os::send_file(pair.ours.native(), file.fd(), 0, 1000);
  return status;
}

}  // namespace

TEST_CASE("sendfile to a peer that is gone raises no signal and leaves none", "[net][send_file][sigpipe]") {
  const bool before = is_held_back();
  CHECK(send_to_nobody(GENERATE(AF_INET, AF_UNIX)) == -EPIPE);
  CHECK_FALSE(is_pending());
  CHECK(is_held_back() == before);
}

TEST_CASE("the signal is held back once for many calls, and let go at the end", "[net][send_file][sigpipe]") {
  REQUIRE_FALSE(is_held_back());
  {
    const net::broken_pipe_hold held;
    CHECK(net::broken_pipe_hold::is_here());
    CHECK(is_held_back());
    CHECK(send_to_nobody(GENERATE(AF_INET, AF_UNIX)) == -EPIPE);
    CHECK_FALSE(is_pending());
    { const net::broken_pipe_hold again; }  // changes nothing
    CHECK(net::broken_pipe_hold::is_here());
    CHECK(is_held_back());
    std::thread([] { CHECK_FALSE(net::broken_pipe_hold::is_here()); }).join();
    ::raise(SIGPIPE);  // as a short count leaves it
  }
  CHECK_FALSE(is_held_back());  // and this process lives
  CHECK_FALSE(net::broken_pipe_hold::is_here());
}

TEST_CASE("a thread that holds the signal back for itself keeps what it has", "[net][send_file][sigpipe]") {
  sigset_t broken_pipe;
  sigset_t before;
  sigemptyset(&broken_pipe);
  sigaddset(&broken_pipe, SIGPIPE);
  ::pthread_sigmask(SIG_BLOCK, &broken_pipe, &before);
  ::raise(SIGPIPE);
  {
    const net::broken_pipe_hold held;
    CHECK_FALSE(net::broken_pipe_hold::is_here());
    CHECK(send_to_nobody(AF_UNIX) == -EPIPE);
  }
  CHECK(is_held_back());
  CHECK(is_pending());
  const timespec at_once{0, 0};
  CHECK(::sigtimedwait(&broken_pipe, nullptr, &at_once) == SIGPIPE);
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

// Linux tells a short count and raises the signal for what it tried after that, if the peer goes at
// the right moment, which is seldom: hence so many rounds.
TEST_CASE("a peer that goes in the middle of a sendfile leaves no signal", "[net][send_file][sigpipe]") {
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
