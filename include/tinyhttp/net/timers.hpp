// tinyhttp/net/timers.hpp -- tens of thousands of deadlines that are cheap to move.
//
// Most deadlines never pass: each sign of life moves them later. So moving one later only stores the new time; the
// queue notices it when the old time comes. Knows no clock: `now` is an argument.
#pragma once

#include <tinyhttp/core/clock.hpp>
#include <tinyhttp/core/small_vector.hpp>

#include <cstddef>
#include <cstdint>

namespace tinyhttp::net {

/// A deadline, as a member of the object that may have to end. Not movable while it is in a queue.
struct timer {
  static constexpr time_point never = time_point::max();

  explicit timer(void (*when_due)(timer&)) noexcept : due(when_due) {}
  timer(const timer&) = delete;
  timer& operator=(const timer&) = delete;

  time_point deadline = never;
  void (*due)(timer&);          // called by `expire`; may set, remove or destroy any timer
  std::uint32_t place = absent;  // in the queue's heap

  static constexpr std::uint32_t absent = 0xffffffff;
};

/// A heap of deadlines. Setting one later is O(1), everything else O(log n); memory grows with the largest number of
/// timers and is kept.
class timer_queue {
 public:
  /// From now on `t` is due at `when`; `timer::never` switches it off.
  void set(timer& t, time_point when) {
    t.deadline = when;
    if (t.place == timer::absent) {
      if (when == timer::never) return;
      heap_.push_back({when, &t});
      t.place = static_cast<std::uint32_t>(heap_.size() - 1);
      rise(t.place);
    } else if (when < heap_[t.place].key) {
      heap_[t.place].key = when;
      rise(t.place);
    }
  }

  /// Forgets `t`, which may then be destroyed.
  void remove(timer& t) noexcept {
    if (t.place != timer::absent) take_out(t.place);
  }

  /// The earliest time at which `expire` may have something to do, perhaps too early.
  [[nodiscard]] time_point next() const noexcept {
    return heap_.empty() ? timer::never : heap_[0].key;
  }

  /// Calls `due` once for each timer whose deadline is not after `now`; the timer leaves the queue first.
  void expire(time_point now) {
    while (!heap_.empty() && heap_[0].key <= now) {
      timer& t = *heap_[0].owner;
      if (t.deadline > now && t.deadline != timer::never) {  // moved on meanwhile
        heap_[0].key = t.deadline;
        sink(0);
        continue;
      }
      take_out(0);
      if (t.deadline <= now) t.due(t);
    }
  }

  [[nodiscard]] std::size_t size() const noexcept { return heap_.size(); }

 private:
  struct entry {
    time_point key;  // never later than the owner's deadline
    timer* owner;
  };

  void put(std::uint32_t place, entry e) noexcept {
    heap_[place] = e;
    e.owner->place = place;
  }

  void rise(std::uint32_t place) noexcept {
    const entry moving = heap_[place];
    while (place > 0) {
      const std::uint32_t parent = (place - 1) / 2;
      if (heap_[parent].key <= moving.key) break;
      put(place, heap_[parent]);
      place = parent;
    }
    put(place, moving);
  }

  void sink(std::uint32_t place) noexcept {
    const entry moving = heap_[place];
    const auto count = static_cast<std::uint32_t>(heap_.size());
    for (std::uint32_t child = 2 * place + 1; child < count; child = 2 * place + 1) {
      if (child + 1 < count && heap_[child + 1].key < heap_[child].key) ++child;
      if (moving.key <= heap_[child].key) break;
      put(place, heap_[child]);
      place = child;
    }
    put(place, moving);
  }

  void take_out(std::uint32_t place) noexcept {
    heap_[place].owner->place = timer::absent;
    const entry last = heap_.back();
    heap_.pop_back();
    if (place == heap_.size()) return;
    put(place, last);
    rise(place);
    sink(last.owner->place);
  }

  small_vector<entry, 8> heap_;
};

}  // namespace tinyhttp::net
