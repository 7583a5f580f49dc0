// tinyhttp/net/poller.hpp -- which descriptors are ready: epoll on Linux, poll(2) everywhere.
//
// Reports readiness and nothing else; the loop knows who waits and what for.
#pragma once

#include <tinyhttp/core/small_vector.hpp>
#include <tinyhttp/net/descriptor.hpp>
#include <tinyhttp/net/system.hpp>

#include <cstddef>
#include <cstdint>

namespace tinyhttp::net {

/// The system interface that reports readiness.
enum class backend : std::uint8_t {
  best,   // epoll if available
  epoll,  // poll if epoll is not available
  poll,
};

/// What a descriptor is ready for, as bits.
namespace ready {
inline constexpr std::uint8_t readable = 1;
inline constexpr std::uint8_t writable = 2;
inline constexpr std::uint8_t peer_closed = 4;  // the peer sends no more
inline constexpr std::uint8_t gone = 8;         // both directions are closed, or the peer reset
}  // namespace ready

/// A descriptor that a poller watches. Must not move, and must be removed before it is destroyed.
struct watch {
  enum class trigger : std::uint8_t {
    edge,    // a connection: reported once per change, so its owner remembers
    shared,  // a listening socket, perhaps in several pollers: one of them is told, again and again
  };

  explicit watch(void (*when_ready)(watch&, std::uint8_t what)) noexcept : happened(when_ready) {}
  watch(const watch&) = delete;
  watch& operator=(const watch&) = delete;

  void (*happened)(watch&, std::uint8_t what);  // called by `wait`; may remove or destroy any watch
  int descriptor = -1;
  std::uint32_t slot = absent;    // in the poller's table
  std::uint32_t polled = absent;  // in the set of poll(2)
  trigger how = trigger::edge;
  bool listening = false;  // shared: the system has it in its set

  static constexpr std::uint32_t absent = 0xffffffff;
};

/// Waits for many descriptors at once. With epoll a connection costs one system call in its lifetime; with poll each
/// turn costs time for every descriptor that is waited for.
class poller {
 public:
  /// Falls back to poll if the system has no epoll, or no descriptor left for it.
  explicit poller(backend which) noexcept;

  [[nodiscard]] backend which() const noexcept { return epoll_ ? backend::epoll : backend::poll; }

  /// Watches `fd` from now on. Returns 0 or -errno.
  std::int64_t add(watch& w, int fd, watch::trigger how);

  /// Forgets `w`. `stays_open`: the descriptor outlives `w`; otherwise it is about to be closed.
  void remove(watch& w, bool stays_open) noexcept;

  /// Asks for one of `what` to be reported, once; `wait` reports it. Returns 0 or -errno.
  std::int64_t want(watch& w, std::uint8_t what) {
    const bool told_anyway = epoll_ && w.how == watch::trigger::edge;
    return told_anyway ? 0 : ask_for(w, what);
  }

  /// No longer asks for a shared descriptor: it is not reported until it is wanted again.
  void rest(watch& w) noexcept;

  /// Reports what is ready, and waits up to `milliseconds` for it (-1: until something is ready).
  void wait(int milliseconds);

 private:
  struct slot {
    watch* owner = nullptr;
    std::uint32_t generation = 0;  // tells a late report for an earlier owner
    std::uint32_t next_free = watch::absent;
  };

  [[gnu::noinline]] std::uint32_t take_slot(watch& w) {
    if (free_slot_ == watch::absent) {
      slots_.push_back({});
      free_slot_ = static_cast<std::uint32_t>(slots_.size() - 1);
    }
    const std::uint32_t place = free_slot_;
    slot& taken = slots_[place];
    free_slot_ = taken.next_free;
    taken.next_free = watch::absent;
    taken.owner = &w;
    return place;
  }
  std::int64_t ask_for(watch& w, std::uint8_t what);
  std::int64_t control(watch& w, int operation) noexcept;
  void wait_epoll(int milliseconds);
  void wait_poll(int milliseconds);
  void stop_polling(watch& w) noexcept {
    if (w.polled != watch::absent) leave_polled(w);
  }
  void leave_polled(watch& w) noexcept;

  descriptor epoll_;
  small_vector<slot, 8> slots_;
  std::uint32_t free_slot_ = watch::absent;  // the first of those without an owner
  small_vector<pollfd, 1> polled_;         // poll(2) only, dense
  small_vector<std::uint32_t, 1> owners_;  // slots of polled_
};

// ---------------------------------------------------------------------------------------------

namespace os {

#if defined(__linux__)
inline constexpr short peer_closed_event = POLLRDHUP;
#else
inline constexpr short peer_closed_event = 0;  // reading tells
#endif

/// What to ask poll(2) for, to be told of `what`; `gone` it tells unasked.
constexpr short poll_events(std::uint8_t what) noexcept {
  int events = (what & ready::readable) != 0 ? POLLIN : 0;
  if ((what & ready::writable) != 0) events |= POLLOUT;
  if ((what & ready::peer_closed) != 0) events |= peer_closed_event;
  return static_cast<short>(events);
}
/// What poll(2) tells by `events`.
constexpr std::uint8_t ready_by(short events) noexcept {
  std::uint8_t what = 0;
  if ((events & POLLIN) != 0) what |= ready::readable;
  if ((events & POLLOUT) != 0) what |= ready::writable;
  if ((events & peer_closed_event) != 0) what |= ready::peer_closed | ready::readable;
  if ((events & (POLLHUP | POLLERR | POLLNVAL)) != 0) what |= ready::gone | ready::readable | ready::writable;
  return what;
}

#if defined(__linux__)
inline std::int64_t epoll_create() noexcept {
  attempt making(system_call::epoll_create, -1);
  while (making.is_due()) making.gave(::epoll_create1(EPOLL_CLOEXEC));
  return making.result();
}
inline std::int64_t epoll_control(int set, int operation, int fd, epoll_event* event) noexcept {
  attempt telling(system_call::epoll_control, fd);
  while (telling.is_due()) telling.gave(::epoll_ctl(set, operation, fd, event));
  return telling.result();
}
/// May give -EINTR.
[[gnu::flatten]] inline std::int64_t epoll_wait(int set, epoll_event* events, int count, int milliseconds) noexcept {
  attempt waiting(system_call::epoll_wait, set, 0, attempt::interrupted::told);
  while (waiting.is_due()) waiting.gave(::epoll_wait(set, events, count, milliseconds));
  return waiting.result();
}
#endif

}  // namespace os

inline poller::poller(backend which) noexcept {
#if defined(__linux__)
  if (which != backend::poll) epoll_ = descriptor(static_cast<int>(os::epoll_create()));
#else
  static_cast<void>(which);
#endif
}

inline std::int64_t poller::add(watch& w, int fd, watch::trigger how) {
  w.descriptor = fd;
  w.how = how;
  w.slot = take_slot(w);
#if defined(__linux__)
  if (epoll_ && how == watch::trigger::edge) {
    const std::int64_t status = control(w, EPOLL_CTL_ADD);
    if (status < 0) remove(w, false);
    return status;
  }
#endif
  return 0;
}

inline void poller::remove(watch& w, bool stays_open) noexcept {
  if (w.slot == watch::absent) return;
  stop_polling(w);
#if defined(__linux__)
  if (epoll_ && stays_open && (w.how == watch::trigger::edge || w.listening))
    control(w, EPOLL_CTL_DEL);
#else
  static_cast<void>(stays_open);
#endif
  slot& left = slots_[w.slot];
  left.owner = nullptr;
  ++left.generation;
  left.next_free = free_slot_;
  free_slot_ = w.slot;
  w.slot = watch::absent;
  w.listening = false;
}

[[gnu::noinline]] inline std::int64_t poller::ask_for(watch& w, std::uint8_t what) {
  if (w.slot == watch::absent) return 0;
#if defined(__linux__)
  if (epoll_) return w.listening ? 0 : control(w, EPOLL_CTL_ADD);  // a shared one
#endif
  if (w.polled == watch::absent) {
    owners_.reserve(owners_.size() + 1);  // if that throws, the two are still as long as each other
    polled_.push_back({w.descriptor, 0, 0});
    owners_.push_back(w.slot);
    w.polled = static_cast<std::uint32_t>(polled_.size() - 1);
  }
  short& events = polled_[w.polled].events;
  events = static_cast<short>(events | os::poll_events(what));
  return 0;
}

inline void poller::rest(watch& w) noexcept {
#if defined(__linux__)
  if (epoll_ && w.listening) control(w, EPOLL_CTL_DEL);
#endif
  stop_polling(w);
}

[[gnu::noinline]] inline void poller::leave_polled(watch& w) noexcept {
  const std::uint32_t last = static_cast<std::uint32_t>(polled_.size() - 1);
  if (w.polled != last) {
    polled_[w.polled] = polled_[last];
    owners_[w.polled] = owners_[last];
    slots_[owners_[last]].owner->polled = w.polled;
  }
  polled_.pop_back();
  owners_.pop_back();
  w.polled = watch::absent;
}

inline void poller::wait(int milliseconds) {
  if (epoll_) {
    wait_epoll(milliseconds);
  } else {
    wait_poll(milliseconds);
  }
}

#if defined(__linux__)

inline std::int64_t poller::control(watch& w, int operation) noexcept {
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | static_cast<std::uint32_t>(EPOLLET);
  if (w.how == watch::trigger::shared) event.events = EPOLLIN | EPOLLEXCLUSIVE;
  event.data.u64 = std::uint64_t{slots_[w.slot].generation} << 32 | w.slot;
  const std::int64_t status = os::epoll_control(epoll_.get(), operation, w.descriptor, &event);
  if (w.how == watch::trigger::shared) w.listening = status == 0 && operation == EPOLL_CTL_ADD;
  return status;
}

inline void poller::wait_epoll(int milliseconds) {
  constexpr int most = 256;  // more than that are reported in the next turn
  epoll_event events[most];
  const std::int64_t count = os::epoll_wait(epoll_.get(), events, most, milliseconds);
  for (std::int64_t i = 0; i < count; ++i) {
    const epoll_event& event = events[i];
    const slot& s = slots_[static_cast<std::uint32_t>(event.data.u64)];
    if (s.owner == nullptr || s.generation != event.data.u64 >> 32) continue;
    std::uint8_t what = 0;
    if ((event.events & EPOLLIN) != 0) what |= ready::readable;
    if ((event.events & EPOLLOUT) != 0) what |= ready::writable;
    if ((event.events & EPOLLRDHUP) != 0) what |= ready::peer_closed | ready::readable;
    if ((event.events & (EPOLLHUP | EPOLLERR)) != 0)
      what |= ready::gone | ready::readable | ready::writable;
    s.owner->happened(*s.owner, what);
  }
}

#else

inline std::int64_t poller::control(watch&, int) noexcept { return 0; }
inline void poller::wait_epoll(int) {}

#endif

inline void poller::wait_poll(int milliseconds) {
  if (os::poll(polled_.data(), polled_.size(), milliseconds) <= 0) return;
  // From the back, so that what `stop_polling` moves down has been looked at.
  for (std::size_t i = polled_.size(); i-- > 0;) {
    if (i >= polled_.size()) continue;
    const short events = polled_[i].revents;
    if (events == 0) continue;
    watch& w = *slots_[owners_[i]].owner;
    stop_polling(w);  // asked for once, told once
    w.happened(w, os::ready_by(events));
  }
}

}  // namespace tinyhttp::net
