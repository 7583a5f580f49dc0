// tinyhttp/net/waiter.hpp -- a waiting coroutine as a list link: no allocation, leaves the list by itself.
//
// Knows nothing of loops; they keep lists of these.
#pragma once

#include <coroutine>

namespace tinyhttp::net {

/// A link that leaves its list when it is destroyed. Stays where it is.
struct waiter_link {
  waiter_link() noexcept = default;
  waiter_link(const waiter_link&) = delete;
  waiter_link& operator=(const waiter_link&) = delete;
  ~waiter_link() { unlink(); }

  [[nodiscard]] bool is_linked() const noexcept { return next != this; }
  void unlink() noexcept {
    previous->next = next;
    next->previous = previous;
    previous = next = this;
  }

  waiter_link* previous = this;
  waiter_link* next = this;
};

/// A coroutine that continues once `attempt`, called by the loop, reports that what it waits for is done. `attempt`
/// returns false if the waiter has arranged to wait again.
struct waiter : waiter_link {
  explicit waiter(bool (*how)(waiter&)) noexcept : attempt(how) {}
  static bool always(waiter&) { return true; }

  bool (*attempt)(waiter&);
  std::coroutine_handle<> handle = nullptr;
};

/// First in, first out. Does not own its elements.
class waiter_list {
 public:
  [[nodiscard]] bool empty() const noexcept { return !ends_.is_linked(); }
  void push_back(waiter& w) noexcept {
    w.previous = ends_.previous;
    w.next = &ends_;
    ends_.previous->next = &w;
    ends_.previous = &w;
  }
  [[nodiscard]] waiter& front() noexcept { return static_cast<waiter&>(*ends_.next); }
  waiter& pop_front() noexcept {
    auto& first = static_cast<waiter&>(*ends_.next);
    first.unlink();
    return first;
  }
  /// Takes all of `other`'s.
  void splice_back(waiter_list& other) noexcept {
    if (other.empty()) return;
    waiter_link* const first = other.ends_.next;
    waiter_link* const last = other.ends_.previous;
    other.ends_.previous = other.ends_.next = &other.ends_;
    first->previous = ends_.previous;
    ends_.previous->next = first;
    last->next = &ends_;
    ends_.previous = last;
  }

 private:
  waiter_link ends_;
};

}  // namespace tinyhttp::net
