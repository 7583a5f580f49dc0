// tests/testing/support.hpp -- a client of plain sockets for the tests of fake servers.
#pragma once

#include <tinyhttp/net/socket.hpp>
#include <tinyhttp/testing.hpp>

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace testing_support {

// A process that is forked while other threads allocate: glibc sees to that, the sanitizers of g++ 12
// and clang 16 do not, and the child may wait for ever.
#ifndef __has_feature
#define __has_feature(what) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || \
    __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
inline constexpr bool may_fork = false;
#else
inline constexpr bool may_fork = true;
#endif

/// Everything that came, and how it ended.
struct heard {
  std::string octets;
  std::string error;  // empty: the server ended in order

  [[nodiscard]] std::string head() const { return octets.substr(0, octets.find("\r\n\r\n") + 2); }
  [[nodiscard]] std::string body() const {
    const auto end = octets.find("\r\n\r\n");
    return end == std::string::npos ? std::string() : octets.substr(end + 4);
  }
  [[nodiscard]] int status() const { return octets.size() < 12 ? 0 : std::stoi(octets.substr(9, 3)); }
};

/// A connection, to be used step by step.
class raw_client {
 public:
  explicit raw_client(const tinyhttp::testing::fake_server& srv)
      : socket_(tinyhttp::net::socket::open(AF_INET).value()) {
    socket_.connect(*tinyhttp::net::address::parse("127.0.0.1", srv.port())).value();
  }
  void send(std::string_view octets) { socket_.send_all(octets).value(); }
  /// Reads until there are `size` octets, or an end.
  std::string receive(std::size_t size) {
    std::string all;
    std::array<char, 65536> room;
    while (all.size() < size) {
      const auto wanted = size - all.size() < room.size() ? size - all.size() : room.size();
      const auto got = socket_.receive(std::span<char>(room.data(), wanted));
      if (!got || *got == 0) break;
      all.append(room.data(), *got);
    }
    return all;
  }
  heard receive_all() {
    heard all;
    std::array<char, 65536> room;
    for (;;) {
      const auto got = socket_.receive(room);
      if (!got) all.error = got.error().message();
      if (!got || *got == 0) return all;
      all.octets.append(room.data(), *got);
    }
  }
  tinyhttp::net::socket& socket() { return socket_; }

 private:
  tinyhttp::net::socket socket_;
};

/// Sends `octets` and reads to the end.
inline heard talk(const tinyhttp::testing::fake_server& srv, std::string_view octets) {
  raw_client client(srv);
  client.send(octets);
  return client.receive_all();
}

/// A GET on a connection of its own. `more`: field lines.
inline heard fetch(const tinyhttp::testing::fake_server& srv, std::string_view path, std::string_view more = {}) {
  return talk(srv, "GET " + std::string(path) + " HTTP/1.1\r\nHost: t\r\nConnection: close\r\n" +
                       std::string(more) + "\r\n");
}

}  // namespace testing_support
