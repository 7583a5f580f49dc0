// tinyhttp/server/shard.hpp -- one loop's share of a server: it accepts, serves, and stops.
//
// Owns its connections; each owns its coroutine. Everything runs on the loop's thread but `stop`.
#pragma once

#include <tinyhttp/app/handler.hpp>
#include <tinyhttp/core/task.hpp>
#include <tinyhttp/net/acceptor.hpp>
#include <tinyhttp/net/listener.hpp>
#include <tinyhttp/net/loop.hpp>
#include <tinyhttp/net/tcp_stream.hpp>
#include <tinyhttp/net/waiter.hpp>
#include <tinyhttp/server/options.hpp>
#include <tinyhttp/server/serve.hpp>
#include <tinyhttp/server/services.hpp>

#include <atomic>
#include <chrono>
#include <coroutine>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace tinyhttp {

/// Accepts from a shared listener and serves. Handler, options and listener outlive it.
class shard {
 public:
  shard(const any_handler& app, const server_options& options, net::listener& from)
      : app_(app),
        options_(options),
        loop_({.backend = options.backend}),
        services_(options, loop_),
        acceptor_(loop_, from),
        reaper_(*this) {
    services_.post = [this](function<void()> work) { loop_.post(std::move(work)); };
  }
  ~shard() {
    for (auto& held : connections_) cut(*held);
  }

  /// Serves until stopped and drained.
  void run() {
    accepting_ = accept_all();
    accepting_.start();
    loop_.run();
    accepting_.reset();
  }

  /// Any thread. No new connections, idle ones close; running exchanges have until the deadline.
  void stop() {
    loop_.post([this] { begin_drain(); });
  }

  /// Connections that the drain deadline cut off. After `run`.
  [[nodiscard]] std::size_t cut_off() const noexcept { return cut_off_; }
  /// Any thread.
  [[nodiscard]] std::size_t open() const noexcept { return open_.load(std::memory_order_relaxed); }

 private:
  struct held_connection {
    held_connection(shard& of, net::accepted&& from)
        : owner(of),
          stream(of.loop_, std::move(from.socket), from.peer),
          serving(stream, of.app_, of.services_) {}
    shard& owner;
    std::size_t place = 0;  // in connections_
    bool finished = false;
    net::tcp_stream stream;
    served_connection<net::tcp_stream> serving;
    task<void> running;
  };

  /// Destroys finished connections in the next turn, when nothing of theirs is on the stack.
  struct reaper : net::waiter {
    explicit reaper(shard& of) noexcept : waiter(reap), owner(of) {}
    static bool reap(waiter& w) {
      static_cast<reaper&>(w).owner.reap();
      return false;
    }
    shard& owner;
  };

  /// Ends once there is room for another connection.
  struct room_awaiter : net::waiter {
    explicit room_awaiter(shard& of) noexcept : waiter(always), owner(of) {}
    ~room_awaiter() { owner.waiting_for_room_ = nullptr; }
    [[nodiscard]] bool await_ready() const noexcept {
      return owner.connections_.size() < owner.options_.connections;
    }
    void await_suspend(std::coroutine_handle<> awaiter) noexcept {
      handle = awaiter;
      owner.waiting_for_room_ = this;
    }
    void await_resume() const noexcept {}
    shard& owner;
  };
  room_awaiter room() noexcept { return room_awaiter(*this); }

  task<void> accept_all();
  void begin(net::accepted&& from);
  void finish(held_connection& done);
  static void cut(held_connection& held) noexcept {
    held.running.reset();
    held.stream.close();
  }
  void reap();
  void begin_drain();
  task<void> end_drain();

  const any_handler& app_;
  const server_options& options_;
  net::loop loop_;
  server_services services_;
  net::acceptor acceptor_;
  std::vector<std::unique_ptr<held_connection>> connections_;
  std::vector<held_connection*> finished_;
  reaper reaper_;
  room_awaiter* waiting_for_room_ = nullptr;
  task<void> accepting_;
  task<void> draining_;
  std::size_t cut_off_ = 0;
  std::atomic<std::size_t> open_{0};
};

// ---------------------------------------------------------------------------------------------

inline task<void> shard::accept_all() {
  bool complained = false;
  for (;;) {
    co_await room();
    auto got = co_await acceptor_.accept();
    if (got) {
      complained = false;
      begin(std::move(*got));
      continue;
    }
    if (got.error().kind() == error_kind::cancelled) co_return;
    if (!complained) services_.log(got.error().message());  // once, until it works again
    complained = true;
    const time_point later = loop_.now() + std::chrono::milliseconds(50);
    co_await loop_.sleep_until(later);
  }
}

inline void shard::begin(net::accepted&& from) {
  (void)from.socket.no_delay(true);
  connections_.push_back(std::make_unique<held_connection>(*this, std::move(from)));
  held_connection& held = *connections_.back();
  held.place = connections_.size() - 1;
  open_.store(connections_.size(), std::memory_order_relaxed);
  held.stream.on_peer_gone([&held] {
    if (held.serving.is_handling()) held.owner.finish(held);
  });
  held.running = held.serving.run();
  held.running.start(
      [](void* done) {
        auto& self = *static_cast<held_connection*>(done);
        self.owner.finish(self);
      },
      &held);
}

inline void shard::finish(held_connection& done) {
  if (std::exchange(done.finished, true)) return;
  finished_.push_back(&done);
  if (!reaper_.is_linked()) loop_.schedule(reaper_);
}

inline void shard::reap() {
  for (held_connection* gone : std::exchange(finished_, {})) {
    cut(*gone);
    const std::size_t place = gone->place;
    std::swap(connections_[place], connections_.back());
    connections_[place]->place = place;
    connections_.pop_back();
  }
  open_.store(connections_.size(), std::memory_order_relaxed);
  if (waiting_for_room_ != nullptr) loop_.schedule(*std::exchange(waiting_for_room_, nullptr));
  if (services_.stopping && connections_.empty()) loop_.stop();
}

inline void shard::begin_drain() {
  if (std::exchange(services_.stopping, true)) return;
  acceptor_.close();
  for (auto& held : connections_)
    if (held->serving.is_idle()) finish(*held);
  if (connections_.empty()) return loop_.stop();
  draining_ = end_drain();
  draining_.start();
}

inline task<void> shard::end_drain() {
  const time_point deadline = loop_.now() + options_.patience.drain;
  co_await loop_.sleep_until(deadline);
  cut_off_ = connections_.size();
  for (auto& held : connections_) finish(*held);
}

}  // namespace tinyhttp
