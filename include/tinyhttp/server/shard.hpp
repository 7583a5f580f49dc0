// tinyhttp/server/shard.hpp -- one loop's part of a server: accepts, serves, and stops.
//
// Owns its connections; each owns its coroutine. Everything except `stop` and what says so runs on the loop's thread.
#pragma once

#include <tinyhttp/app/handler.hpp>
#include <tinyhttp/core/atomic.hpp>
#include <tinyhttp/core/chrono.hpp>
#include <tinyhttp/core/clock.hpp>
#include <tinyhttp/core/frame_memory.hpp>
#include <tinyhttp/core/function.hpp>
#include <tinyhttp/core/owned.hpp>
#include <tinyhttp/core/owned_list.hpp>
#include <tinyhttp/core/task.hpp>
#include <tinyhttp/net/acceptor.hpp>
#include <tinyhttp/net/address.hpp>
#include <tinyhttp/net/listener.hpp>
#include <tinyhttp/net/loop.hpp>
#include <tinyhttp/net/send_file.hpp>
#include <tinyhttp/net/system.hpp>
#include <tinyhttp/net/tcp_stream.hpp>
#include <tinyhttp/net/timers.hpp>
#include <tinyhttp/net/waiter.hpp>
#include <tinyhttp/server/census.hpp>
#include <tinyhttp/server/complaints.hpp>
#include <tinyhttp/server/options.hpp>
#include <tinyhttp/server/serve.hpp>
#include <tinyhttp/server/services.hpp>

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace tinyhttp {

/// Accepts connections from a shared listener and serves them. Handler, options and listener must outlive it. A
/// template, so that a program without a server compiles nothing of it.
template <looped_stream Stream>
class basic_shard {
 public:
  /// `at_drain` is called on the loop's thread once nothing more is accepted.
  [[gnu::cold]] basic_shard(const any_handler& app, const server_options& options, net::listener& from,
              address_census& census, function<void()> at_drain)
      : options_(options),
        listener_(from),
        census_(census),
        at_drain_(std::move(at_drain)),
        loop_({.backend = options.backend}),
        services_(options, loop_),
        host_(app, services_),
        acceptor_(loop_, from, options.threads > 1),
        reaper_(*this),
        drain_end_(*this),
        accepting_(accept_all()),
        at_stop_(new net::posted_call([this] { begin_drain(); })) {
    services_.post = [this](function<void()> work) { loop_.post(std::move(work)); };
    host_.abandon = [this](served_connection<Stream>& left) { finish(connections_[left.place]); };
  }
  [[gnu::cold]] ~basic_shard() {
    for (auto& held : connections_) cut(held);
  }

  /// Serves until stopped and drained.
  void run();

  /// Any thread, once. Accepts no new connections and closes idle ones; running exchanges, and requests already
  /// received, have until the deadline. Needs no memory, so it cannot fail.
  void stop() {
    services_.ending.store(true, threading::memory_order::relaxed);
    if (at_stop_) loop_.post(std::move(at_stop_));
  }

  /// Any thread. Serves a connection that was accepted elsewhere, while there is room.
  [[gnu::cold]] void take(net::accepted from) {
    owned<net::posted_call> call(new net::posted_call([this, held = std::move(from)]() mutable {
      if (!services_.stopping && connections_.size() < options_.connections) try_begin(std::move(held));
      coming_.fetch_sub(1);
    }));
    coming_.fetch_add(1);
    loop_.post(std::move(call));
  }

  /// The calling thread is the one that runs this shard.
  [[nodiscard]] bool is_here() const noexcept { return net::loop::current() == &loop_; }

  /// Connections that the drain deadline cut off. After `run`.
  [[nodiscard]] std::size_t cut_off() const noexcept { return cut_off_; }
  /// Any thread.
  [[nodiscard]] std::size_t open() const noexcept { return open_.load(threading::memory_order::relaxed) + coming_.load(); }

 private:
  struct held_connection {
    held_connection(basic_shard& of, net::accepted&& from, address_census::seat&& admitted)
        : owner(of),
          seat(std::move(admitted)),
          stream(of.loop_, std::move(from.socket), from.peer, net::tcp_stream::state::prepared),
          serving(stream, of.host_) {}
    [[gnu::noinline]] ~held_connection() = default;
    static void* operator new(std::size_t size) { return detail::frame_memory::take(size); }
    static void operator delete(void* memory, std::size_t size) noexcept { detail::frame_memory::give(memory, size); }
    basic_shard& owner;
    address_census::seat seat;
    bool finished = false;
    bool introducing = false;
    held_connection* next_finished = nullptr;
    Stream stream;
    served_connection<Stream> serving;
    task<void> running;
  };

  /// Destroys finished connections at the end of a turn, when nothing of theirs is on the stack, and
  /// before the system is asked for news of them.
  struct reaper : net::waiter {
    explicit reaper(basic_shard& of) noexcept : waiter(reap), owner(of) {}
    static bool reap(waiter& w) {
      static_cast<reaper&>(w).owner.reap();
      return false;
    }
    basic_shard& owner;
  };

  /// Cuts off what still runs when the time for draining is over.
  struct drain_end : net::timer {
    explicit drain_end(basic_shard& of) noexcept : timer(passed), owner(of) {}
    ~drain_end() { owner.loop_.timers().remove(*this); }
    static void passed(net::timer& t) { static_cast<drain_end&>(t).owner.end_drain(); }
    basic_shard& owner;
  };

  /// Ends once there is room for another connection.
  struct room_awaiter : net::waiter {
    explicit room_awaiter(basic_shard& of) noexcept : waiter(always), owner(of) {}
    ~room_awaiter() { owner.waiting_for_room_ = nullptr; }
    [[nodiscard]] bool await_ready() const noexcept {
      return owner.connections_.size() < owner.options_.connections;
    }
    void await_suspend(std::coroutine_handle<> awaiter) noexcept {
      handle = awaiter;
      owner.waiting_for_room_ = this;
    }
    void await_resume() const noexcept {}
    basic_shard& owner;
  };
  room_awaiter room() noexcept { return room_awaiter(*this); }

  task<void> accept_all();
  void try_begin(net::accepted&& from);
  void begin(net::accepted&& from);
  [[gnu::cold]] task<void> introduce(held_connection& held);
  [[gnu::cold]] void accept_queued();
  void finish(held_connection& done);
  [[nodiscard]] static net::tcp_stream& plain(held_connection& held) noexcept {
    if constexpr (is_secured_stream<Stream>) return held.stream.below();
    else return held.stream;
  }
  [[gnu::noinline]] static void cut(held_connection& held) noexcept {
    held.running.reset();
    held.stream.close();
  }
  void reap();
  [[gnu::cold]] void begin_drain();
  [[gnu::cold]] void end_drain();

  static constexpr duration pause_for_room = std::chrono::milliseconds(50);  // out of descriptors

  const server_options& options_;
  net::listener& listener_;
  address_census& census_;
  function<void()> at_drain_;
  net::loop loop_;
  server_services services_;
  accept_complaints complaints_{services_};
  connection_host<Stream> host_;
  net::acceptor acceptor_;
  owned_list<held_connection> connections_;
  held_connection* finished_ = nullptr;  // and those behind its next_finished
  reaper reaper_;
  drain_end drain_end_;
  room_awaiter* waiting_for_room_ = nullptr;
  task<void> accepting_;
  owned<net::posted_call> at_stop_;  // made beforehand
  std::size_t cut_off_ = 0;
  threading::atomic<std::size_t> open_{0};
  threading::atomic<std::size_t> coming_{0};  // taken, and not yet seen by the loop
};

// ---------------------------------------------------------------------------------------------

template <looped_stream Stream>
void basic_shard<Stream>::run() {
  const net::broken_pipe_hold quiet;
  accepting_.start();
  for (bool ended = false; !ended;) {
    try {
      loop_.run();
      ended = true;
    } catch (...) {  // by a function that a handler posted
      services_.log_thrown("posted function");
    }
  }
  accepting_.reset();
}

template <looped_stream Stream>
task<void> basic_shard<Stream>::accept_all() {
  while (!services_.stopping) {
    try {
      co_await room();
      auto got = co_await acceptor_.accept();
      if (got) {
        try_begin(std::move(*got));
        continue;
      }
      if (got.error().kind() == error_kind::cancelled) co_return;
      complaints_.tell(got.error());
      const time_point later = loop_.now() + pause_for_room;
      co_await loop_.sleep_until(later);
      continue;
    } catch (...) {  // no memory to say why, or to sleep
    }
    co_await loop_.yield();
  }
}

/// For want of memory a connection may not come about; the next one may.
template <looped_stream Stream>
void basic_shard<Stream>::try_begin(net::accepted&& from) {
  const std::size_t before = connections_.size();
  try {
    begin(std::move(from));
  } catch (...) {
    if (connections_.size() > before) connections_.pop_back();
    services_.log_thrown("accept");
  }
}

template <looped_stream Stream>
void basic_shard<Stream>::begin(net::accepted&& from) {
  auto seat = census_.admit(options_.introduced_by != nullptr ? net::address() : from.peer);
  if (!seat) return complaints_.tell(from.peer);  // and `from` closes the connection
  connections_.push_back(owned<held_connection>(new held_connection(*this, std::move(from), std::move(seat))));
  held_connection& held = connections_.back();
  if (const int why = plain(held).refused(); why != 0) complaints_.tell(net::system_error("watch a connection", why));
  if constexpr (is_secured_stream<Stream>) {
    if (const auto secured = held.stream.secure(*options_.tls, {}, 0); !secured) {
      connections_.pop_back();
      return services_.log(secured.error().message());
    }
  }
  held.serving.place = static_cast<std::uint32_t>(connections_.size() - 1);
  held.running = options_.introduced_by != nullptr ? introduce(held) : held.serving.run();
  open_.store(connections_.size(), threading::memory_order::relaxed);
  held.running.start(
      [](void* done) {
        auto& self = *static_cast<held_connection*>(done);
        self.owner.finish(self);
      },
      &held);
}

/// Whoever connects speaks for somebody else, and says for whom first.
template <looped_stream Stream>
task<void> basic_shard<Stream>::introduce(held_connection& held) {
  net::tcp_stream& under = plain(held);
  under.expires_at(deadline_in(loop_.now(), options_.patience.head));
  held.introducing = true;
  auto reading = options_.introduced_by(under);
  const result<net::address> told = co_await reading;
  held.introducing = false;
  if (!told) {
    if (told.error().kind() == error_kind::protocol) complaints_.tell(told.error());
    co_return;
  }
  if (told->is_known()) under.set_peer(*told);
  held.seat = census_.admit(under.peer());
  if (!held.seat) {
    complaints_.tell(under.peer());
    co_return;
  }
  auto serving = held.serving.run();
  co_await serving;
}

template <looped_stream Stream>
void basic_shard<Stream>::finish(held_connection& done) {
  if (std::exchange(done.finished, true)) return;
  done.next_finished = finished_;
  finished_ = &done;
  if (!reaper_.is_linked()) loop_.schedule_last(reaper_);
}

template <looped_stream Stream>
void basic_shard<Stream>::reap() {
  held_connection* next = finished_;
  finished_ = nullptr;
  while (held_connection* const gone = next) {
    next = gone->next_finished;
    cut(*gone);
    const std::uint32_t place = gone->serving.place;
    const auto last_seen = connections_.take(place);
    if (place < connections_.size()) connections_[place].serving.place = place;
  }
  open_.store(connections_.size(), threading::memory_order::relaxed);
  if (waiting_for_room_ != nullptr) loop_.schedule(*waiting_for_room_);
  waiting_for_room_ = nullptr;
  if (services_.stopping && connections_.empty()) loop_.stop();
}

/// Whoever connected before we were told to stop is served. Who goes on connecting does not keep us.
template <looped_stream Stream>
void basic_shard<Stream>::accept_queued() {
  net::accepted next;
  for (std::size_t left = options_.connections; left > 0; --left) {
    if (connections_.size() >= options_.connections || listener_.take(next) <= 0) return;
    try_begin(std::move(next));
  }
}

template <looped_stream Stream>
void basic_shard<Stream>::begin_drain() {
  if (services_.stopping) return;
  accept_queued();
  services_.stopping = true;
  while (!services_.until_stop.empty()) loop_.schedule(services_.until_stop.pop_front());
  acceptor_.close();
  at_drain_();
  for (auto& held : connections_) {
    pollfd look{held.stream.native(), POLLIN, 0};  // a request that nobody has looked at yet
    if ((held.serving.is_idle() || held.introducing) && net::os::poll(&look, 1, 0) <= 0) finish(held);
  }
  if (connections_.empty()) return loop_.stop();
  try {
    loop_.timers().set(drain_end_, deadline_in(loop_.now(), options_.patience.drain));
  } catch (...) {  // no memory for a deadline
    end_drain();
  }
}

template <looped_stream Stream>
void basic_shard<Stream>::end_drain() {
  cut_off_ = connections_.size();
  for (auto& held : connections_) finish(held);
}

}  // namespace tinyhttp
