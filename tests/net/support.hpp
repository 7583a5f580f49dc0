// tests/net/support.hpp -- what the tests of net/ share: connected pairs, faults, held time.
#pragma once

#include "catch.hpp"

#include <tinyhttp/net/listener.hpp>
#include <tinyhttp/net/loop.hpp>
#include <tinyhttp/net/socket.hpp>
#include <tinyhttp/net/tcp_stream.hpp>

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace net_test {

using namespace tinyhttp;

/// Two connected sockets, over TCP on loopback or over a Unix-domain pair.
struct socket_pair {
  net::socket ours;
  net::socket theirs;
  net::address peer;  // of ours
};

inline socket_pair connected_sockets(int family = AF_INET) {
  if (family == AF_UNIX) {
    int ends[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
    return {net::socket(net::descriptor(ends[0])), net::socket(net::descriptor(ends[1])),
            net::address()};
  }
  auto listener = net::listener::bind({.host = "127.0.0.1"}).value();
  auto theirs = net::socket::open(AF_INET).value();
  theirs.connect(listener.local_address()).value();
  auto ours = listener.accept().value();
  return {std::move(ours.socket), std::move(theirs), ours.peer};
}

/// A listening socket whose queue is full: whoever connects to it waits for ever.
struct full_listener {
  full_listener() : listener(net::listener::bind({.backlog = 0}).value()) {
    for (int i = 0; i < 8; ++i) {  // Linux takes backlog + 1, and drops what comes then
      fillers.push_back(net::socket::open(AF_INET, true).value());
      const auto& to = listener.local_address();
      net::os::connect(fillers.back().native(), to.native(), to.native_size());
    }
  }
  net::listener listener;
  std::vector<net::socket> fillers;
};

/// Octets that differ everywhere, so that a lost or doubled one shows.
inline std::string pattern(std::size_t size) {
  std::string octets(size, '\0');
  std::uint32_t state = 1;
  for (char& c : octets) c = static_cast<char>((state = state * 1664525 + 1013904223) >> 24);
  return octets;
}

/// Reads until the end, blocking.
inline std::string read_to_end(net::socket& from) {
  std::string all;
  char piece[16 * 1024];
  for (;;) {
    const auto count = from.receive(piece);
    if (!count || *count == 0) return all;
    all.append(piece, *count);
  }
}

/// Time that stands still, and jumps when a loop has nothing else to do.
class held_time : public net::time_source {
 public:
  time_point now() noexcept override { return now_; }
  std::int64_t unix_seconds() noexcept override { return unix_time; }
  bool skip_to(time_point when) noexcept override {
    if (when == net::timer::never) return false;
    now_ = when;
    return true;
  }
  void advance(duration by) noexcept { now_ += by; }

  std::int64_t unix_time = 784111777;  // as in RFC 9110 5.6.7; stands still

 private:
  time_point now_ = time_point(std::chrono::hours(1));
};

/// Lets calls of one kind go wrong while it lives.
class faults : public net::fault_injector {
 public:
  faults(net::system_call which, net::fault what, int from = 0, int count = 1'000'000)
      : which_(which), what_(what), from_(from), until_(from + count) {
    net::os::injector.store(this);
  }
  ~faults() override { net::os::injector.store(nullptr); }
  net::fault before(net::system_call which, int) noexcept override {
    if (which != which_) return {};
    const int call = calls_++;
    return call >= from_ && call < until_ ? what_ : net::fault{};
  }
  [[nodiscard]] int calls() const { return calls_; }

 private:
  net::system_call which_;
  net::fault what_;
  int from_;
  int until_;
  std::atomic<int> calls_{0};
};

/// An open temporary file without a name.
class temporary_file {
 public:
  temporary_file() {
    char name[] = "/tmp/tinyhttp-test-XXXXXX";
    file_ = net::descriptor(::mkostemp(name, O_CLOEXEC));
    REQUIRE(file_);
    ::unlink(name);
  }
  explicit temporary_file(std::string_view content) : temporary_file() { put(content, 0); }
  void put(std::string_view content, std::uint64_t at) {
    REQUIRE(::pwrite(fd(), content.data(), content.size(), static_cast<off_t>(at)) ==
            static_cast<ssize_t>(content.size()));
  }
  [[nodiscard]] int fd() const { return file_.get(); }

 private:
  net::descriptor file_;
};

inline net::backend any_backend() { return GENERATE(net::backend::epoll, net::backend::poll); }

}  // namespace net_test
