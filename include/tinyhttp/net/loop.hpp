// tinyhttp/net/loop.hpp -- an event loop for one thread: readiness, deadlines, and which coroutine runs next.
//
// A loop resumes waiting coroutines, only from its own turn, never from within another operation. Several loops live
// side by side; they share nothing. Knows no protocol.
#pragma once

#include <tinyhttp/core/atomic.hpp>
#include <tinyhttp/core/chrono.hpp>
#include <tinyhttp/core/clock.hpp>
#include <tinyhttp/core/function.hpp>
#include <tinyhttp/core/owned.hpp>
#include <tinyhttp/core/task.hpp>
#include <tinyhttp/net/loop_locals.hpp>
#include <tinyhttp/net/poller.hpp>
#include <tinyhttp/net/posted_calls.hpp>
#include <tinyhttp/net/time_source.hpp>
#include <tinyhttp/net/timers.hpp>
#include <tinyhttp/net/waiter.hpp>
#include <tinyhttp/net/wake_descriptors.hpp>

#include <coroutine>
#include <cstdint>
#include <utility>

namespace tinyhttp::net {

/// The options of a `loop`; `time` must outlive it.
struct loop_options {
  net::backend backend = net::backend::best;
  time_source* time = nullptr;  // nullptr: the system's clocks
};

/// Everything except `stop` and `post` belongs to the one thread that runs the loop.
class loop final : public clock {
 public:
  /// Throws `bad_result` if the system has no descriptor left for it.
  explicit loop(loop_options with = {});
  /// Waiting coroutines must be gone already; posted functions are dropped.
  inline ~loop() override;  // so that the table of virtual functions is made only where one is used

  /// Runs turns until `stop`. What a posted function throws leaves `run`. After either, `run` may be called again.
  void run();
  /// Runs one turn: waits up to `at_most` for something to do, then does it.
  void run_once(duration at_most = duration::max());
  /// Any thread. Ends `run` after the current turn, or the next `run` at once.
  void stop() noexcept;
  /// Any thread. The loop's thread calls `f` in its next turn, in the order of posting.
  void post(function<void()> f);
  /// The same for a call allocated in advance: needs no memory.
  void post(owned<posted_call> made) {
    posted_.post(std::move(made));
    wake();
  }

  /// Runs the loop until `t` has ended; returns its value or throws what it threw.
  template <class T>
  T run_until_done(task<T> t) {
    bool done = false;
    const being_current here(*this);
    now_ = look();
    t.start([](void* flag) { *static_cast<bool*>(flag) = true; }, &done);
    while (!done) run_once();
    return t.take();
  }

  /// The loop that runs in this thread, in a turn or in `run_until_done`; null if none does.
  [[nodiscard]] static loop* current() noexcept { return current_; }
  /// Objects that others keep here until the loop ends.
  [[nodiscard]] loop_locals& locals() noexcept { return locals_; }

  /// The time at which this turn's work began.
  [[nodiscard]] time_point now() noexcept override { return now_; }
  /// The same in calendar time.
  [[nodiscard]] std::int64_t unix_seconds() noexcept override {
    if (std::exchange(dated_turn_, turn_) != turn_) unix_seconds_ = time_->unix_seconds();
    return unix_seconds_;
  }
  /// The current time, to measure how long something takes within a turn.
  [[nodiscard]] time_point look() noexcept { return seen_ = time_->now(); }
  /// The latest time known without reading the clock.
  [[nodiscard]] time_point seen() const noexcept { return seen_; }
  [[nodiscard, gnu::cold]] inline task<void> wait_until(time_point when) override;

  /// The same as `wait_until` without a coroutine frame: `co_await on.sleep_until(when)`.
  [[nodiscard]] class sleep_awaiter sleep_until(time_point when) noexcept;
  /// Lets all other ready coroutines go first: `co_await on.yield()`.
  [[nodiscard]] class yield_awaiter yield() noexcept;
  /// The same if this turn has already taken `turn_time`, otherwise nothing: call it before each step of a
  /// computation.
  [[nodiscard]] class yield_awaiter give_way() noexcept;

  // What awaitables are made of.

  /// `w` continues in the next turn. It must not be linked already.
  void schedule(waiter& w) noexcept { ready_.push_back(w); }
  /// `w` continues in this turn, behind all others; in the next one if no turn is running. Likewise.
  void schedule_last(waiter& w) noexcept { running_.push_back(w); }
  /// `w` continues in this turn, behind `company - 1` others at most, and behind none once the first of them have
  /// taken `company_time` by the clock readings since. What each of them does, such as sending, costs less in a row
  /// than between other work, because it stays in the processor's caches. Likewise.
  void schedule_soon(waiter& w) noexcept { soon_.push_back(w); }
  /// `w` continues in the next turn or a later one, behind all others and behind earlier ones of this kind. These get
  /// `turn_time` of each turn, at least one of them: however many have much to do, nobody waits for them all.
  /// Likewise.
  void schedule_later(waiter& w) noexcept {
    later_.push_back(w);
    if (!later_turn_.is_linked()) schedule(later_turn_);
  }
  static constexpr unsigned company = 16;
  static constexpr duration company_time = std::chrono::microseconds(200);
  static constexpr duration turn_time = std::chrono::milliseconds(1);  // with 0.2, 8 encoders of gzip use 8 % more CPU: caches
  [[nodiscard]] timer_queue& timers() noexcept { return timers_; }
  [[nodiscard]] net::poller& poller() noexcept { return poller_; }
  [[nodiscard]] net::backend backend() const noexcept { return poller_.which(); }
  /// Counts turns, so that work in one turn can be bounded.
  [[nodiscard]] std::uint32_t turn() const noexcept { return turn_; }

 private:
  struct being_current {
    explicit being_current(loop& on) noexcept : before(current_) { current_ = &on; }
    ~being_current() { current_ = before; }
    loop* before;
  };
  inline static thread_local loop* current_ = nullptr;

  [[nodiscard]] int milliseconds_to_wait(duration at_most);
  void open_wake_descriptors();
  void wake() noexcept {
    if (!woken_.exchange(true, threading::memory_order::acq_rel)) wake_descriptors_.wake();
  }
  void take_wake_signal() noexcept;
  void run_posted();
  void run_ready();
  static bool run_later(waiter& w);
  static void go_on(waiter& w) {
    if (w.attempt(w)) w.handle.resume();
  }

  time_source system_time_;
  time_source* time_;
  time_point seen_;  // not before now_
  time_point now_;
  std::int64_t unix_seconds_ = 0;
  std::uint32_t turn_ = 0;
  std::uint32_t dated_turn_ = 0xffffffff;  // the turn that unix_seconds_ is of
  net::poller poller_;
  timer_queue timers_;
  waiter_list ready_;    // go on in the next turn
  waiter_list running_;  // go on in this one
  waiter_list soon_;     // likewise, between those
  waiter_list later_;    // behind those, as far as there is time, when it is `later_turn_`'s turn
  struct later_turn : waiter {
    explicit later_turn(loop& on) noexcept : waiter(run_later), of(on) {}
    loop& of;
    bool is_behind = false;  // all others
  };
  later_turn later_turn_{*this};
  wake_descriptors wake_descriptors_;
  struct wake_watch : watch {
    wake_watch() noexcept
        : watch([](watch& w, std::uint8_t) { static_cast<wake_watch&>(w).signalled = true; }) {}
    bool signalled = false;
  };
  wake_watch wake_watch_;
  threading::atomic<bool> stopped_{false};
  threading::atomic<bool> woken_{false};  // a wake signal is on its way or has come
  loop_locals locals_;
  posted_calls posted_;  // dropped while all else is still there
};

/// Waits for a time. Does not allocate, except that the loop's queue may grow.
class sleep_awaiter : waiter, timer {
 public:
  sleep_awaiter(loop& on, time_point when) noexcept
      : waiter(always), timer(when_due), loop_(on), when_(when) {}
  ~sleep_awaiter() { loop_.timers().remove(*this); }
  [[nodiscard]] bool await_ready() const noexcept { return when_ <= loop_.now(); }
  void await_suspend(std::coroutine_handle<> awaiter) {
    handle = awaiter;
    loop_.timers().set(*this, when_);
  }
  void await_resume() const noexcept {}

 private:
  static void when_due(timer& t) {
    auto& self = static_cast<sleep_awaiter&>(t);
    self.loop_.schedule(self);
  }
  loop& loop_;
  time_point when_;
};

/// Goes behind all others that are ready, or does not wait at all.
class yield_awaiter : waiter {
 public:
  yield_awaiter(loop& on, time_point from) noexcept : waiter(always), loop_(on), from_(from) {}
  [[nodiscard, gnu::noinline]] bool await_ready() const noexcept { return loop_.look() < from_; }
  void await_suspend(std::coroutine_handle<> awaiter) noexcept {
    handle = awaiter;
    loop_.schedule_later(*this);
  }
  void await_resume() const noexcept {}

 private:
  loop& loop_;
  time_point from_;  // before, there is nothing to be done
};

// ---------------------------------------------------------------------------------------------

[[gnu::cold]] inline loop::loop(loop_options with)
    : time_(with.time != nullptr ? with.time : &system_time_), now_(look()), poller_(with.backend) {
  open_wake_descriptors();
}

[[gnu::cold]] inline loop::~loop() {
  locals_.clear();
  poller_.remove(wake_watch_, false);
}

inline sleep_awaiter loop::sleep_until(time_point when) noexcept { return {*this, when}; }
inline yield_awaiter loop::yield() noexcept { return {*this, time_point::min()}; }
inline yield_awaiter loop::give_way() noexcept { return {*this, now_ + turn_time}; }

inline task<void> loop::wait_until(time_point when) { co_await sleep_until(when); }

inline void loop::run() {
  now_ = look();
  while (!stopped_.load(threading::memory_order::acquire)) run_once();
  stopped_.store(false, threading::memory_order::relaxed);
}

[[gnu::cold]] inline void loop::stop() noexcept {
  stopped_.store(true, threading::memory_order::release);
  wake();
}

[[gnu::noinline]] inline void loop::post(function<void()> f) {
  post(owned<posted_call>(new posted_call(std::move(f))));
}

inline void loop::run_once(duration at_most) {
  const being_current here(*this);
  if (poller_.which() == backend::poll) poller_.want(wake_watch_, ready::readable);
  poller_.wait(milliseconds_to_wait(at_most));
  now_ = look();
  ++turn_;
  timers_.expire(now_);
  if (wake_watch_.signalled || woken_.load(threading::memory_order::acquire)) {
    take_wake_signal();
    run_posted();
  }
  run_ready();
}

inline int loop::milliseconds_to_wait(duration at_most) {
  if (!ready_.empty() || !running_.empty() || !soon_.empty()) return 0;
  if (woken_.load(threading::memory_order::acquire)) return 0;
  const time_point next = timers_.next();
  const time_point now = time_->now();
  if (next <= now || at_most <= duration::zero()) return 0;
  if (time_->skip_to(next)) return 0;
  const duration until = next == timer::never ? duration::max() : next - now;
  const duration shorter = until < at_most ? until : at_most;
  if (shorter == duration::max()) return -1;
  // Rounded up, so that a deadline has passed when we wake; at most an hour, then we look again.
  constexpr duration millisecond = std::chrono::milliseconds(1);
  constexpr duration an_hour = std::chrono::hours(1);
  const duration whole = (shorter < an_hour ? shorter : an_hour) + millisecond - duration(1);
  return static_cast<int>(whole / millisecond);
}

inline void loop::run_posted() {
  posted_.take_in();
  try {
    while (const auto next = posted_.next()) next->call();
  } catch (...) {
    if (!posted_.empty()) wake();  // the rest is called in the next turn
    throw;
  }
}

inline void loop::run_ready() {
  running_.splice_back(ready_);
  while (!running_.empty() || !soon_.empty()) {
    const time_point begun = seen_;
    for (unsigned i = 0; i < company && !running_.empty() && seen_ - begun < company_time; ++i) go_on(running_.pop_front());
    while (!soon_.empty()) go_on(soon_.pop_front());
    if (!running_.empty()) static_cast<void>(look());
  }
}

/// Goes behind all others first. Who comes to `later_` meanwhile is of the next turn, behind who is ready by then.
[[gnu::cold]] inline bool loop::run_later(waiter& w) {
  auto& self = static_cast<later_turn&>(w);
  loop& on = self.of;
  if (!std::exchange(self.is_behind, !self.is_behind)) {
    on.schedule_last(self);
    return false;
  }
  waiter end(waiter::always);
  on.later_.push_back(end);
  if (!self.is_linked()) on.schedule(self);  // already: if one throws, the rest goes on in the next turn
  for (time_point until = timer::never;;) {
    while (!on.soon_.empty()) go_on(on.soon_.pop_front());
    if (&on.later_.front() == &end) break;
    const time_point at = on.look();
    if (at >= until) break;
    if (until == timer::never) until = at + turn_time;
    go_on(on.later_.pop_front());
  }
  end.unlink();
  if (on.later_.empty()) self.unlink();
  return false;
}

inline void loop::take_wake_signal() noexcept {
  // epoll tells of each signal once. To take it would be told of, too: there is room for another.
  if (poller_.which() == backend::poll) wake_descriptors_.take();
  wake_watch_.signalled = false;
  woken_.exchange(false, threading::memory_order::acq_rel);  // before the queue is looked at
}

[[gnu::cold]] inline void loop::open_wake_descriptors() {
  os::attempt opening(system_call::wake_create, -1);
  while (opening.is_due()) opening.gave(wake_descriptors_.open());
  std::int64_t status = opening.result();
  if (status >= 0) status = poller_.add(wake_watch_, wake_descriptors_.native(), watch::trigger::edge);
  if (status < 0) throw bad_result(system_error("make a loop", static_cast<int>(-status)));
}

}  // namespace tinyhttp::net
