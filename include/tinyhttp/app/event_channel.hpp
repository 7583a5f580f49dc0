// tinyhttp/app/event_channel.hpp -- sends the same server-sent events to many pages; any thread may publish.
//
// An event is formatted once when it is published, and kept for a while. Each page has a position in the kept events, so
// no page makes a publisher wait, and one that reconnects continues where it was.
#pragma once

#include <tinyhttp/app/event_stream.hpp>
#include <tinyhttp/core/mutex.hpp>
#include <tinyhttp/core/result.hpp>
#include <tinyhttp/core/shared.hpp>
#include <tinyhttp/core/task.hpp>
#include <tinyhttp/http/events.hpp>
#include <tinyhttp/http/request.hpp>
#include <tinyhttp/http/response.hpp>
#include <tinyhttp/http/status.hpp>

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tinyhttp {

/// The options of an `event_channel`.
struct event_channel_options {
  std::size_t kept = 256;  // events, for pages that are slow or reconnect
};

namespace detail {

/// A page's wait, which a publisher ends. The function posted in between may outlive both.
struct channel_wait {
  std::coroutine_handle<> waiter = nullptr;  // the loop thread's
  request_context* loop = nullptr;           // stays while this is among those who wait
  std::size_t place = 0;
};

/// What a channel and its streams share.
class channel_state {
 public:
  using octets = shared<const std::string>;

  explicit channel_state(std::size_t kept) : most_(kept > 0 ? kept : 1) {}

  void publish(const event& e, std::string&& formatted);
  void close();
  [[nodiscard]] bool is_closed() const;
  /// Where a page continues that saw the event of that id last; at the next event to be published, if that is not kept.
  [[nodiscard]] std::uint64_t place_behind(std::string_view id) const;
  /// The event at `place`, which is advanced; null if there is none yet, or never will be (see `ends_at`).
  [[nodiscard]] octets take(std::uint64_t& place) const;
  /// There will never be an event at `place`: the channel is closed, or the event has been dropped.
  [[nodiscard]] bool ends_at(std::uint64_t place) const;
  /// False: there is something, or never will be.
  bool wait(const shared<channel_wait>& who, std::uint64_t place, std::coroutine_handle<> waiter);
  void leave(channel_wait& who) noexcept;

 private:
  struct kept_event {
    octets text;
    std::string id;
  };
  [[nodiscard]] std::uint64_t first() const noexcept { return next_ - kept_.size(); }
  [[nodiscard]] const kept_event& at(std::uint64_t place) const noexcept { return kept_[place % most_]; }
  void wake_all();

  const std::size_t most_;
  mutable std::mutex mutex_;       // of all below
  std::vector<kept_event> kept_;   // a ring: the event of a place is at its remainder
  std::uint64_t next_ = 0;         // the place of what is published next
  bool closed_ = false;
  std::vector<shared<channel_wait>> waiting_;
};

/// Awaits the next event of a channel, or its end.
class until_published {
 public:
  until_published(channel_state& of, const shared<channel_wait>& who, std::uint64_t place) noexcept
      : channel_(of), who_(who), place_(place) {}
  until_published(const until_published&) = delete;
  until_published& operator=(const until_published&) = delete;
  ~until_published() { channel_.leave(*who_); }
  [[nodiscard]] bool await_ready() const noexcept { return false; }
  bool await_suspend(std::coroutine_handle<> waiter) { return channel_.wait(who_, place_, waiter); }
  void await_resume() const noexcept {}

 private:
  channel_state& channel_;
  const shared<channel_wait>& who_;
  std::uint64_t place_;
};

/// Gives a stream the channel's events from a place on. Without a loop it ends instead of waiting.
template <class = void>  // g++ compiles every coroutine it sees; a template only where it is used
class channel_reader {
 public:
  channel_reader(shared<channel_state> of, std::uint64_t place, request_context* loop)
      : channel_(std::move(of)), wait_(share(new channel_wait)), place_(place) {
    wait_->loop = loop;
  }
  task<channel_state::octets> operator()() {
    for (;;) {
      channel_state::octets next = channel_->take(place_);
      if (next || wait_->loop == nullptr || channel_->ends_at(place_)) co_return next;
      until_published published(*channel_, wait_, place_);
      co_await published;
    }
  }

 private:
  shared<channel_state> channel_;
  shared<channel_wait> wait_;
  std::uint64_t place_;
};

}  // namespace detail

/// A channel of events for many streams. Any thread may call every function. Destroying it ends its streams, as `close` does.
class event_channel {
 public:
  explicit event_channel(event_channel_options with = {})
      : state_(share(new detail::channel_state(with.kept))) {}
  event_channel(const event_channel&) = delete;
  event_channel& operator=(const event_channel&) = delete;
  ~event_channel() {
    try {
      close();
    } catch (...) {  // no memory to tell them
    }
  }

  /// Publishes an event to every open stream, and waits for none. Errors are those of `format_event`.
  result<void> publish(const event& e) {
    auto formatted = format_event(e);
    if (!formatted) return formatted.error();
    state_->publish(e, std::move(*formatted));
    return {};
  }

  /// The response to `r` with the events published from now on, or after its Last-Event-ID if that is still kept. If a
  /// page falls behind by more than what is kept, its stream is ended, and the page reconnects. After `close` the answer is
  /// 204, which asks the page not to. Without a context, as in tests, the stream has the kept events after Last-Event-ID.
  template <class = void>
  [[nodiscard]] response subscribe(const request& r, event_stream_options with = {}) {
    if (state_->is_closed()) return response(status::no_content);
    const std::uint64_t place = state_->place_behind(r.fields["Last-Event-ID"]);
    request_context* const loop = r.context != nullptr ? &r.context->lasting() : nullptr;
    return event_stream(r, detail::channel_reader<>(state_, place, loop), with);
  }

  /// Ends every stream once it has sent what was published.
  void close() { state_->close(); }

 private:
  shared<detail::channel_state> state_;
};

// ---------------------------------------------------------------------------------------------

namespace detail {

inline void channel_state::publish(const event& e, std::string&& formatted) {
  kept_event made{share(new std::string(std::move(formatted))), e.id.value_or(std::string())};
  const std::lock_guard lock(mutex_);
  if (closed_) return;
  if (kept_.size() < most_) kept_.push_back(std::move(made));
  else kept_[next_ % most_] = std::move(made);
  ++next_;
  wake_all();
}

inline void channel_state::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  wake_all();
}

/// Resumes all waiters, each on its loop.
inline void channel_state::wake_all() {
  for (; !waiting_.empty(); waiting_.pop_back()) {
    waiting_.back()->loop->post([who = waiting_.back()] {
      if (who->waiter) std::exchange(who->waiter, nullptr).resume();
    });
  }
}

inline bool channel_state::is_closed() const {
  const std::lock_guard lock(mutex_);
  return closed_;
}

inline std::uint64_t channel_state::place_behind(std::string_view id) const {
  const std::lock_guard lock(mutex_);
  std::uint64_t place = next_;
  while (!id.empty() && place > first() && at(place - 1).id != id) --place;
  return id.empty() || place == first() ? next_ : place;
}

inline channel_state::octets channel_state::take(std::uint64_t& place) const {
  const std::lock_guard lock(mutex_);
  if (place < first() || place == next_) return nullptr;
  return at(place++).text;
}

inline bool channel_state::ends_at(std::uint64_t place) const {
  const std::lock_guard lock(mutex_);
  return place < first() || (place == next_ && closed_);
}

inline bool channel_state::wait(const shared<channel_wait>& who, std::uint64_t place,
                                std::coroutine_handle<> waiter) {
  const std::lock_guard lock(mutex_);
  if (place != next_ || closed_) return false;
  waiting_.push_back(who);
  who->place = waiting_.size() - 1;
  who->waiter = waiter;
  return true;
}

inline void channel_state::leave(channel_wait& who) noexcept {
  const std::lock_guard lock(mutex_);
  who.waiter = nullptr;
  if (who.place >= waiting_.size() || waiting_[who.place].get() != &who) return;
  waiting_[who.place] = std::move(waiting_.back());
  waiting_[who.place]->place = who.place;
  waiting_.pop_back();
}

}  // namespace detail

}  // namespace tinyhttp
