// tests/server/support.hpp -- what the tests of server/ share: a raw client, a connection in memory.
#pragma once

#include "net/support.hpp"

#include <tinyhttp/app/handler.hpp>
#include <tinyhttp/server/serve.hpp>
#include <tinyhttp/server/server.hpp>
#include <tinyhttp/testing/memory_stream.hpp>

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <coroutine>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace server_test {

using namespace tinyhttp;
using namespace std::chrono_literals;

inline constexpr std::string_view get_root = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
/// The same for any target, `more` being lines of the head.
inline std::string get(std::string_view target, std::string_view more = "") {
  return std::string("GET ").append(target).append(" HTTP/1.1\r\nHost: a\r\n").append(more).append("\r\n");
}
inline std::string repeated(std::string_view text, std::size_t count) {
  std::string all;
  for (std::size_t i = 0; i < count; ++i) all += text;
  return all;
}

/// One response as it stood on the wire.
struct answer {
  int status = 0;
  std::string head;  // with its empty line
  std::string body;  // decoded
  std::string trailer;
  bool complete = false;

  [[nodiscard]] bool has(std::string_view field_line) const {
    return head.find(std::string("\r\n").append(field_line).append("\r\n")) != std::string::npos;
  }
};

/// Takes one response off the front of `octets`. `bodiless`: it answers HEAD.
inline answer take_answer(std::string& octets, bool bodiless = false, bool closed = true) {
  answer a;
  const std::size_t end = octets.find("\r\n\r\n");
  if (end == std::string::npos || octets.compare(0, 9, "HTTP/1.1 ") != 0) return a;
  a.head = octets.substr(0, end + 4);
  a.status = std::atoi(octets.c_str() + 9);
  std::string rest = octets.substr(end + 4);
  const auto value_of = [&](std::string_view name) -> std::optional<std::string> {
    const std::size_t at = a.head.find(std::string("\r\n").append(name).append(": "));
    if (at == std::string::npos) return std::nullopt;
    const std::size_t from = at + 4 + name.size();
    return a.head.substr(from, a.head.find("\r\n", from) - from);
  };
  const bool none = bodiless || a.status < 200 || a.status == 204 || a.status == 304;
  if (none) {
    a.complete = true;
  } else if (const auto length = value_of("Content-Length")) {
    const std::size_t size = static_cast<std::size_t>(std::atoll(length->c_str()));
    a.complete = rest.size() >= size;
    a.body = rest.substr(0, size);
    rest.erase(0, size);
  } else if (value_of("Transfer-Encoding") == "chunked") {
    std::size_t at = 0;  // where the next chunk starts
    for (;;) {
      const std::size_t line = rest.find("\r\n", at);
      if (line == std::string::npos) break;
      const std::size_t size = std::strtoull(rest.c_str() + at, nullptr, 16);
      if (size == 0) {
        const std::size_t last = rest.find("\r\n\r\n", line);
        if (last == std::string::npos) break;
        a.trailer = rest.substr(line + 2, last + 2 - line - 2);
        at = last + 4;
        a.complete = true;
        break;
      }
      a.body.append(rest, line + 2, size);
      if (rest.size() < line + 2 + size + 2) {
        at = rest.size();
        break;
      }
      at = line + 2 + size + 2;
    }
    rest.erase(0, at);
  } else {
    a.body = rest;
    a.complete = closed;
    rest.clear();
  }
  octets = rest;
  return a;
}

/// `call` again while a signal interrupts it.
template <class Call>
auto uninterrupted(const Call& call) {
  for (;;) {
    const auto got = call();
    if (got >= 0 || errno != EINTR) return got;
  }
}

/// A client that blocks, knows no HTTP but where a response ends, and never waits for ever.
class raw_client {
 public:
  explicit raw_client(const net::address& to, int receive_buffer = 0) : raw_client(to, {}, receive_buffer) {}
  /// From an address of this machine, unless that is unknown.
  raw_client(const net::address& to, const net::address& from, int receive_buffer = 0) {
    fd_ = net::descriptor(::socket(to.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (from.is_ip() && ::bind(fd_.get(), from.native(), from.native_size()) != 0)
      throw std::runtime_error("the test cannot bind");
    if (receive_buffer != 0)
      ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    const timeval bound{20, 0};  // a test that gets here has failed
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &bound, sizeof bound);
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_SNDTIMEO, &bound, sizeof bound);
    if (!fd_ || !connect(to)) throw std::runtime_error("the test cannot connect");  // Catch2 knows the main thread only
  }
  explicit raw_client(const server& to, int receive_buffer = 0)
      : raw_client(to.local_address(), receive_buffer) {}

  /// False once the peer takes no more.
  bool send(std::string_view octets) {
    while (!octets.empty()) {
      const ssize_t count = uninterrupted([&] { return ::send(fd_.get(), octets.data(), octets.size(), MSG_NOSIGNAL); });
      if (count <= 0) return false;
      octets.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
  }
  void half_close() { ::shutdown(fd_.get(), SHUT_WR); }
  void reset() {
    const linger now{1, 0};
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
    fd_.close();
  }
  void close() { fd_.close(); }

  /// One more read into what is kept. False: the end, a reset, or out of patience; see `end`.
  bool more() {
    std::array<char, 64 * 1024> room;
    const ssize_t count = uninterrupted([&] { return ::recv(fd_.get(), room.data(), room.size(), 0); });
    if (count > 0) {
      kept_.append(room.data(), static_cast<std::size_t>(count));
      return true;
    }
    end = count == 0 ? 0 : errno;
    return false;
  }
  /// The next response, whole unless the peer closed before.
  answer receive(bool bodiless = false) {
    for (bool closed = false;;) {
      std::string copy = kept_;
      answer a = take_answer(copy, bodiless, closed);
      if (a.complete || closed) {
        kept_ = std::move(copy);
        return a;
      }
      pollfd set{fd_.get(), POLLIN, 0};  // all that is there, before it is looked at again
      do closed = !more();
      while (!closed && ::poll(&set, 1, 0) > 0);
    }
  }
  answer ask(std::string_view octets, bool bodiless = false) {
    send(octets);
    return receive(bodiless);
  }
  /// All that comes until the end.
  std::string rest() {
    while (more()) {
    }
    return std::move(kept_);
  }
  /// The peer has closed in an orderly way, with nothing more to say.
  bool ended() {
    const std::string left = rest();
    return left.empty() && end == 0;
  }
  [[nodiscard]] std::string& kept() { return kept_; }
  [[nodiscard]] int native() const { return fd_.get(); }

  int end = -1;  // 0: closed in an orderly way; else errno

 private:
  bool connect(const net::address& to) {
    if (::connect(fd_.get(), to.native(), to.native_size()) == 0) return true;
    if (errno != EINTR) return false;
    pollfd made{fd_.get(), POLLOUT, 0};  // the connection goes on being made
    int failed = 0;
    socklen_t size = sizeof failed;
    return uninterrupted([&] { return ::poll(&made, 1, 20'000); }) == 1 &&
           ::getsockopt(fd_.get(), SOL_SOCKET, SO_ERROR, &failed, &size) == 0 && failed == 0;
  }

  net::descriptor fd_;
  std::string kept_;
};

/// One served connection without sockets, in held time.
class served_in_memory {
 public:
  explicit served_in_memory(any_handler app, server_options with = {}, testing::delivery to_server = {},
                            testing::delivery to_client = {})
      : options(std::move(with)),
        handler(std::move(app)),
        loop({.time = &time}),
        pair(loop, to_server, to_client),
        services(options, loop),
        host(handler, services),
        serving(std::in_place, pair.first, host) {
    services.post = [this](function<void()> work) { loop.post(std::move(work)); };
    running = serving->run();
  }

  /// Begins to serve.
  void start() {
    started = true;
    running.start();
  }
  /// Sends octets to the server and lets it work until nothing moves, without time passing.
  void send(std::string_view octets) {
    const std::array<std::string_view, 1> pieces{octets};
    auto writing = pair.second.write(pieces);
    REQUIRE(writing.await_ready());
    REQUIRE(writing.await_resume());
    if (!started) start();
    settle();
  }
  void settle(int turns = 50) {
    for (int i = 0; i < turns; ++i) loop.run_once(duration::zero());
  }
  /// Takes what has come back.
  std::string received() {
    std::string all;
    char room[16 * 1024];
    while (pair.second.is_open() && !pair.second.unread().empty()) {
      auto reading = pair.second.read(room);
      REQUIRE(reading.await_ready());
      all.append(room, *reading.await_resume());
    }
    return all;
  }
  std::string exchange(std::string_view octets) {
    send(octets);
    return received();
  }
  /// Lets time pass until the connection has been served; gives what came back.
  std::string until_served() {
    const time_point begun = time.now();
    std::string all = received();
    for (int i = 0; i < 100'000 && !running.done(); ++i) {
      loop.run_once(10ms);
      all += received();
    }
    took = time.now() - begun;
    REQUIRE(running.done());
    return all;
  }
  [[nodiscard]] bool done() const { return running.done(); }
  /// Ends it as the shard does.
  void destroy() {
    running.reset();
    pair.first.close();
    serving.reset();
  }

  server_options options;
  any_handler handler;
  net_test::held_time time;
  net::loop loop;
  testing::memory_pair pair;  // first: the server's end
  server_services services;
  connection_host<testing::memory_stream> host;
  std::optional<served_connection<testing::memory_stream>> serving;
  task<void> running;
  duration took{};
  bool started = false;
};

/// Says when it is destroyed.
struct flag_at_end {
  explicit flag_at_end(std::atomic<int>& counts) : counter(&counts) {}
  flag_at_end(const flag_at_end&) = delete;
  flag_at_end& operator=(const flag_at_end&) = delete;
  ~flag_at_end() { ++*counter; }
  std::atomic<int>* counter;
};

/// Never ends by itself.
struct never {
  [[nodiscard]] bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<>) const noexcept {}
  void await_resume() const noexcept {}
};

/// A file, sent by sendfile where it shows its descriptor, else read.
class file_content final : public content_source {
 public:
  explicit file_content(int fd, bool shows_descriptor = true) : fd_(fd), shows_(shows_descriptor) {}
  [[nodiscard]] int descriptor() const noexcept override { return shows_ ? fd_ : -1; }
  [[nodiscard]] result<std::size_t> read_at(std::uint64_t offset, std::span<char> room) const override {
    const std::int64_t count = net::os::pread(fd_, room.data(), room.size(), offset);
    if (count < 0) return net::system_error("read", static_cast<int>(-count));
    return static_cast<std::size_t>(count);
  }

 private:
  int fd_;
  bool shows_;
};

inline int open_descriptors() {
  int count = 0;
  for (int fd = 0; fd < 500; ++fd) count += ::fcntl(fd, F_GETFD) != -1;
  return count;
}

/// Waits, in bounds, until `f()`.
template <class F>
bool eventually(const F& f) {
  for (int i = 0; i < 20'000; ++i) {
    if (f()) return true;
    ::poll(nullptr, 0, 1);
  }
  return false;
}

}  // namespace server_test
