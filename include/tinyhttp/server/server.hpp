// tinyhttp/server/server.hpp -- a handler plus options, listening.
//
// A server exists only once its socket listens, so bound means ready. It runs in the background, on
// threads of its own. Its destructor stops and drains it, and joins the threads.
#pragma once

#include <tinyhttp/app/handler.hpp>
#include <tinyhttp/core/atomic.hpp>
#include <tinyhttp/core/mutex.hpp>
#include <tinyhttp/core/owned.hpp>
#include <tinyhttp/core/owned_list.hpp>
#include <tinyhttp/core/result.hpp>
#include <tinyhttp/core/thread.hpp>
#include <tinyhttp/net/address.hpp>
#include <tinyhttp/net/listener.hpp>
#include <tinyhttp/server/budget.hpp>
#include <tinyhttp/server/census.hpp>
#include <tinyhttp/server/options.hpp>
#include <tinyhttp/server/shard.hpp>

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>

namespace tinyhttp {

/// Serves `app` from construction to destruction. `app` is called on the loop threads: one, unless
/// the options ask for more. Every member function may be called from any thread, and from handlers. The
/// exceptions are `wait` and the destructor: they join the loop threads, so call them elsewhere. Loop
/// threads block SIGPIPE; threads and programs that a handler starts inherit that.
template <looped_stream Stream>
class basic_server {
 public:
  /// Throws `bad_result` when it cannot listen, or its options contradict each other:
  /// `listen on 127.0.0.1:80: permission denied`. If it throws anything, a `listening_fd` stays the caller's.
  [[gnu::cold]] explicit basic_server(any_handler app, server_options with = {})
      : basic_server(start(std::move(app), std::move(with)).value()) {}

  /// The same, but returns errors as values.
  [[nodiscard, gnu::cold]] static result<basic_server> start(any_handler app, server_options with = {});

  /// A moved-from server can only be assigned to or destroyed.
  basic_server(basic_server&&) noexcept = default;
  basic_server& operator=(basic_server&& other) noexcept {
    if (this != &other) {
      end();
      running_ = std::move(other.running_);
    }
    return *this;
  }
  ~basic_server() { end(); }

  /// Where it listens: `http://127.0.0.1:8080/`, with the actual port.
  [[nodiscard, gnu::cold]] std::string url() const;
  [[nodiscard]] std::uint16_t port() const noexcept { return running_->listening.local_address().port(); }
  [[nodiscard]] const net::address& local_address() const noexcept { return running_->listening.local_address(); }

  /// Serves a connection that was made elsewhere: accepted by the program's own loop, or handed over by another
  /// process. It is bounded like all others, and closed if there are too many or the server has been stopped. Fails
  /// if `connected` is not connected, or is not a stream socket.
  [[gnu::cold]] result<void> take(net::socket connected);

  /// Accepts no new connections from now on; running exchanges have `patience.drain` to finish. Returns at
  /// once; a second call changes nothing.
  [[gnu::cold]] void stop();

  /// Waits until the server has been stopped and drained; returns how many connections were cut off. Throws
  /// std::logic_error in a loop thread, such as a handler's, which would wait for itself. The destructor ends the program there.
  [[gnu::cold]] std::size_t wait();

  /// The number of open connections.
  [[nodiscard]] std::size_t open_connections() const noexcept;

 private:
  struct worker {
    basic_shard<Stream> shard;
    threading::thread thread;
  };
  struct state {
    [[gnu::cold]] state(any_handler a, server_options o)
        : app(std::move(a)), options(std::move(o)), census(options.connections_per_address), listening(listen(options)) {}
    [[gnu::cold]] ~state() {
      if (!runs && options.listening_fd >= 0) static_cast<void>(listening.release());  // the caller's again
    }
    any_handler app;
    server_options options;
    address_census census;
    net::listener listening;  // nothing behind it throws: who adopts a socket gives it back, or has it for good
    owned_list<worker> workers;
    bool runs = false;  // it has been started, threads and all
    threading::atomic<std::size_t> accepting{0};  // shards that still do
    std::mutex telling;
    bool stopped = false;  // guarded by telling: what is taken is with its loop before that is to end
    std::mutex joining;
  };
  explicit basic_server(owned<state> running) noexcept : running_(std::move(running)) {}
  [[gnu::cold]] static net::listener listen(const server_options& with);
  static void run(void* shard) noexcept { static_cast<basic_shard<Stream>*>(shard)->run(); }
  void end() {
    if (!running_) return;
    stop();
    wait();
  }

  owned<state> running_;
};

/// A server over TCP and Unix-domain sockets.
using server = basic_server<net::tcp_stream>;

/// Serves `app` while the calling thread waits: returns an error if it cannot listen, otherwise never. To stop, use
/// a server object (and signals.hpp).
template <class Server = server>
result<void> serve(any_handler app, server_options with = {});

// ---------------------------------------------------------------------------------------------

template <looped_stream Stream>
result<basic_server<Stream>> basic_server<Stream>::start(any_handler app, server_options with) {
  if (const auto fits = check_budget(with); !fits) return fits.error();
  if (is_secured_stream<Stream> != (with.tls != nullptr))
    return error(error_kind::invalid_argument,
                 is_secured_stream<Stream> ? "a tls_server needs server_options::tls"
                                           : "server_options::tls is for a tls_server (tls.hpp)");
  if (with.listening_fd >= 0 && !with.unix_path.empty())
    return error(error_kind::invalid_argument, "server options: unix_path, listening_fd: not both");
  try {
    owned<state> running(new state(std::move(app), std::move(with)));
    const unsigned threads = running->options.threads > 0 ? running->options.threads : 1;
    running->accepting.store(threads);
    const auto stop_listening = [&all = *running] {  // the last one: whoever comes now is refused
      if (all.accepting.fetch_sub(1) == 1) all.listening.close();
    };
    for (unsigned i = 0; i < threads; ++i)
      running->workers.push_back(owned<worker>(new worker{
          {running->app, running->options, running->listening, running->census, stop_listening}, {}}));
    basic_server made(std::move(running));
    for (auto& one : made.running_->workers)
      if (const int failed = one.thread.start(run, &one.shard); failed != 0)
        return net::system_error("start a thread", failed);
    made.running_->runs = true;
    return made;
  } catch (const bad_result& failed) {
    return failed.error();
  }
}

template <looped_stream Stream>
net::listener basic_server<Stream>::listen(const server_options& with) {
  auto bound = with.listening_fd >= 0 ? net::listener::adopt(with.listening_fd)
                                      : net::listener::bind({.host = with.host,
                                                             .port = with.port,
                                                             .unix_path = with.unix_path,
                                                             .backlog = with.backlog});
  return std::move(bound).value();
}

template <looped_stream Stream>
[[gnu::cold]] std::string basic_server<Stream>::url() const {
  const auto& at = local_address();
  if (at.family() == AF_UNIX) return at.to_string();
  return std::string(is_secured_stream<Stream> ? "https://" : "http://").append(at.to_string()).append("/");
}

template <looped_stream Stream>
result<void> basic_server<Stream>::take(net::socket connected) {
  auto peer = connected.peer_address();
  if (!peer) return peer.error();
  if (connected.type() != SOCK_STREAM)
    return error(error_kind::invalid_argument, "take a connection: not a stream socket");
  if (const std::int64_t failed = net::os::set_flags(connected.native(), true); failed < 0)
    return net::system_error("take a connection", static_cast<int>(-failed));
  if (peer->is_ip()) static_cast<void>(connected.no_delay(true));
  const std::lock_guard<std::mutex> lock(running_->telling);
  if (running_->stopped) return {};  // a loop that has ended would keep it, and not look at it
  auto* least = &running_->workers[0];
  for (auto& one : running_->workers)
    if (one.shard.open() < least->shard.open()) least = &one;
  least->shard.take({std::move(connected), peer->unmapped()});
  return {};
}

template <looped_stream Stream>
void basic_server<Stream>::stop() {
  const std::lock_guard<std::mutex> lock(running_->telling);
  if (std::exchange(running_->stopped, true)) return;
  for (auto& one : running_->workers) one.shard.stop();
}

template <looped_stream Stream>
std::size_t basic_server<Stream>::wait() {
  for (const auto& one : running_->workers)
    if (one.shard.is_here()) throw std::logic_error("server: a handler cannot wait for its own server");
  const std::lock_guard<std::mutex> lock(running_->joining);
  std::size_t cut_off = 0;
  for (auto& one : running_->workers) {
    one.thread.join();
    cut_off += one.shard.cut_off();
  }
  return cut_off;
}

template <looped_stream Stream>
std::size_t basic_server<Stream>::open_connections() const noexcept {
  std::size_t open = 0;
  for (const auto& one : running_->workers) open += one.shard.open();
  return open;
}

template <class Server>
result<void> serve(any_handler app, server_options with) {
  auto running = Server::start(std::move(app), std::move(with));
  if (!running) return running.error();
  running->wait();
  return {};
}

}  // namespace tinyhttp
