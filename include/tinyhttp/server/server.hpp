// tinyhttp/server/server.hpp -- a handler plus options, listening.
//
// Bound means ready: a server exists only once its socket listens. It runs in the background, on
// threads of its own, and stops, drains and joins when it is destroyed.
#pragma once

#include <tinyhttp/app/handler.hpp>
#include <tinyhttp/core/result.hpp>
#include <tinyhttp/net/address.hpp>
#include <tinyhttp/net/listener.hpp>
#include <tinyhttp/server/options.hpp>
#include <tinyhttp/server/shard.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace tinyhttp {

/// Serves `app` from construction to destruction. `app` is called on the loop threads: one, unless
/// options ask for more. Every member function may be called from any thread, from a handler too,
/// but `wait`, and destruction, which join those threads.
class server {
 public:
  /// Throws `bad_result` when it cannot listen: `listen on 127.0.0.1:80: permission denied`.
  explicit server(any_handler app, server_options with = {}) : server(start(std::move(app), std::move(with)).value()) {}

  /// The same with errors as values.
  [[nodiscard]] static result<server> start(any_handler app, server_options with = {});

  server(server&&) noexcept = default;
  server& operator=(server&& other) noexcept {
    if (this != &other) {
      end();
      running_ = std::move(other.running_);
    }
    return *this;
  }
  ~server() { end(); }

  /// Where it listens: `http://127.0.0.1:8080/`, with the port that it really has.
  [[nodiscard]] std::string url() const;
  [[nodiscard]] std::uint16_t port() const noexcept { return running_->listening.local_address().port(); }
  [[nodiscard]] const net::address& local_address() const noexcept { return running_->listening.local_address(); }

  /// No new connections from now on; running exchanges have `patience.drain` to finish. Returns at
  /// once; a second call changes nothing.
  void stop();

  /// Waits until it has been stopped and drained; says how many connections were cut off.
  std::size_t wait();

  /// Connections open now.
  [[nodiscard]] std::size_t open_connections() const noexcept;

 private:
  struct state {
    state(any_handler a, server_options o, net::listener l)
        : app(std::move(a)), options(std::move(o)), listening(std::move(l)) {}
    any_handler app;
    server_options options;
    net::listener listening;
    std::vector<std::unique_ptr<shard>> shards;
    std::vector<std::thread> threads;
    std::atomic<bool> stopped{false};
    std::mutex joining;
  };
  explicit server(std::unique_ptr<state> running) noexcept : running_(std::move(running)) {}
  void end() {
    if (!running_) return;
    stop();
    wait();
  }

  std::unique_ptr<state> running_;
};

/// Serves `app` in the calling thread's time: returns when it cannot listen, and otherwise not
/// before the process is told to end.
inline result<void> serve(any_handler app, server_options with = {});

// ---------------------------------------------------------------------------------------------

inline result<server> server::start(any_handler app, server_options with) {
  auto bound = net::listener::bind({.host = with.host,
                                    .port = with.port,
                                    .unix_path = with.unix_path,
                                    .backlog = with.backlog});
  if (!bound) return bound.error();
  auto running = std::make_unique<state>(std::move(app), std::move(with), std::move(*bound));
  const unsigned threads = running->options.threads > 0 ? running->options.threads : 1;
  try {
    for (unsigned i = 0; i < threads; ++i)
      running->shards.push_back(std::make_unique<shard>(running->app, running->options, running->listening));
  } catch (const bad_result& failed) {
    return failed.error();
  }
  server made(std::move(running));
  for (auto& one : made.running_->shards) made.running_->threads.emplace_back([&one] { one->run(); });
  return made;
}

inline std::string server::url() const {
  const auto& at = local_address();
  return at.family() == AF_UNIX ? at.to_string() : "http://" + at.to_string() + "/";
}

inline void server::stop() {
  if (running_->stopped.exchange(true)) return;
  for (auto& one : running_->shards) one->stop();
}

inline std::size_t server::wait() {
  const std::lock_guard<std::mutex> lock(running_->joining);
  std::size_t cut_off = 0;
  for (auto& thread : running_->threads)
    if (thread.joinable()) thread.join();
  for (auto& one : running_->shards) cut_off += one->cut_off();
  return cut_off;
}

inline std::size_t server::open_connections() const noexcept {
  std::size_t open = 0;
  for (const auto& one : running_->shards) open += one->open();
  return open;
}

inline result<void> serve(any_handler app, server_options with) {
  auto running = server::start(std::move(app), std::move(with));
  if (!running) return running.error();
  running->wait();
  return {};
}

}  // namespace tinyhttp
