// tests/client/support.hpp -- what the tests of client/ share: servers that say exactly what a test
// wrote down, over memory and over loopback.
#pragma once

#include "../net/support.hpp"
#include "catch.hpp"

#include <tinyhttp/client/async.hpp>
#include <tinyhttp/client/client.hpp>
#include <tinyhttp/client/exchange.hpp>
#include <tinyhttp/core/function.hpp>
#include <tinyhttp/net/listener.hpp>
#include <tinyhttp/testing/memory_stream.hpp>

#include <atomic>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace client_test {

using namespace tinyhttp;
using testing::memory_stream;
using memory_connection = client_connection<memory_stream>;

/// What `exchange` makes, as one value.
template <net::stream Stream>
task<result<response>> exchanged(shared<client_connection<Stream>>& over, request& r, exchange_options with = {}) {
  response answer;
  task<result<void>> asking = exchange(over, r, answer, with);
  const result<void> answered = co_await asking;
  if (!answered) co_return answered.error();
  co_return std::move(answer);
}

/// The client's end of a connection in memory, and the server's, with time that stands still.
struct memory_peer {
  explicit memory_peer(testing::delivery to_client = {}, testing::delivery to_server = {})
      : on(net::loop_options{.time = &time}),
        server(on, to_server),
        connection(share(new memory_connection("h:1", h1::limits{}, on, to_client))) {
    memory_stream::connect(connection->stream, server);
  }

  /// The server says `octets`; with `ends`, nothing more after them.
  void say(std::string_view octets, bool ends = false) {
    if (!octets.empty()) {
      const std::string_view pieces[] = {octets};
      on.run_until_done(write_all(pieces)).value();
    }
    if (ends) static_cast<void>(server.shutdown_send());
  }
  task<result<void>> write_all(std::span<const std::string_view> pieces) {
    const result<void> written = co_await server.write(pieces);
    co_return written;
  }

  /// The exchange, and its body read to the end: everything the client makes of the octets.
  result<response> ask(request r = request::get("/x"), exchange_options with = {}) {
    if (!connection) connection = std::move(idle);
    connection->when_idle = [this](shared<memory_connection> c) { idle = std::move(c); };
    return on.run_until_done(ask_whole(r, with));
  }
  task<result<response>> ask_whole(request& r, exchange_options with) {
    task<result<response>> running = exchanged(connection, r, with);
    result<response> answer = co_await running;
    connection.reset();
    if (!answer) co_return answer;
    const result<std::string_view> whole = co_await answer->body.read_all();
    if (!whole) co_return whole.error();
    co_return answer;
  }

  net_test::held_time time;
  net::loop on;
  memory_stream server;
  shared<memory_connection> connection;
  shared<memory_connection> idle;  // what an exchange gave back for another
};

/// Reads one request with a Content-Length body, or none; empty at the end.
inline std::string read_request(net::socket& from) {
  std::string text;
  char piece[4096];
  std::size_t size = std::string::npos;
  while (text.size() < size) {
    const auto count = from.receive(piece);
    if (!count || *count == 0) return text;
    text.append(piece, *count);
    const auto end = text.find("\r\n\r\n");
    if (size != std::string::npos || end == text.npos) continue;
    const auto at = text.find("Content-Length: ");
    const auto digits =
        at == text.npos ? std::string("0") : text.substr(at + 16, text.find("\r\n", at) - at - 16);
    size = end + 4 + static_cast<std::size_t>(*ascii::parse_decimal_strict(digits));
  }
  return text;
}

/// A server on loopback that handles each connection with `serve(socket, number)`, in a thread of
/// its own.
class scripted_server {
 public:
  using handler = function<void(net::socket&, int)>;
  explicit scripted_server(handler serve)
      : listener_(net::listener::bind({.host = "127.0.0.1"}).value()),
        thread_([this, serve = std::move(serve)]() mutable {
          for (;;) {
            auto next = listener_.accept();
            if (!next || stopping_) break;
            const int number = connections_++;
            serving_.emplace_back(
                [&serve, number, s = std::move(next->socket)]() mutable { serve(s, number); });
          }
          for (std::thread& each : serving_) each.join();
        }) {}
  ~scripted_server() {
    stopping_ = true;
    auto wake = net::socket::open(AF_INET).value();
    static_cast<void>(wake.connect(listener_.local_address()));
    thread_.join();
  }

  [[nodiscard]] std::string url(std::string_view target = "/") const {
    return "http://" + listener_.local_address().to_string() + std::string(target);
  }
  [[nodiscard]] int connections() const { return connections_; }

 private:
  net::listener listener_;
  std::atomic<int> connections_{0};
  std::atomic<bool> stopping_{false};
  std::vector<std::thread> serving_;  // of the accepting thread
  std::thread thread_;
};

/// Answers each request of a connection with the next of `answers`, then closes it.
inline scripted_server::handler say_in_turn(std::vector<std::string> answers) {
  return [answers = std::move(answers)](net::socket& s, int) {
    for (const std::string& answer : answers) {
      if (read_request(s).empty()) return;
      if (!s.send_all(answer)) return;
    }
  };
}

/// An `async_client` on a loop of its own, with the face of a `client`: one test for both.
class looped_client {
 public:
  explicit looped_client(client_options with = {}) : asks_(std::move(with)) {}
  result<response> call(std::string_view to, call_options how = {}) {
    return on_.run_until_done(asks_.call(to, std::move(how)));
  }
  result<response> get(std::string_view to) { return on_.run_until_done(asks_.get(to)); }
  result<response> head(std::string_view to) { return on_.run_until_done(asks_.head(to)); }
  result<response> open(std::string_view to, call_options how = {}) {
    return on_.run_until_done(asks_.open(to, std::move(how)));
  }
  result<response> send(request r) { return on_.run_until_done(asks_.send(std::move(r))); }
  result<response> post(std::string_view to, body content, std::string_view media_type) {
    return on_.run_until_done(asks_.post(to, std::move(content), media_type));
  }
  result<response> put(std::string_view to, body content, std::string_view media_type) {
    return on_.run_until_done(asks_.put(to, std::move(content), media_type));
  }
  result<response> patch(std::string_view to, body content, std::string_view media_type) {
    return on_.run_until_done(asks_.patch(to, std::move(content), media_type));
  }
  result<response> delete_(std::string_view to) { return on_.run_until_done(asks_.delete_(to)); }
  std::size_t idle_connections() { return on_.run_until_done(count()); }
  result<std::string_view> next(body& from) { return on_.run_until_done(from.next()); }

 private:
  task<std::size_t> count() { co_return asks_.idle_connections(); }
  net::loop on_;
  async_client asks_;
};

/// The next octets of a body that `c` gave.
inline result<std::string_view> next_of(client&, body& from) { return pull(from); }
inline result<std::string_view> next_of(looped_client& c, body& from) { return c.next(from); }

/// All of it.
template <class Client>
std::string whole_of(Client& c, body& from) {
  std::string all;
  for (;;) {
    const auto piece = next_of(c, from);
    if (!piece) return piece.error().message();
    if (piece->empty()) return all;
    all += *piece;
  }
}

}  // namespace client_test
