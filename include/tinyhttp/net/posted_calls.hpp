// tinyhttp/net/posted_calls.hpp -- calls that other threads post to a loop's thread, in order.
//
// Any thread puts calls in, one thread takes them out. Knows nothing of loops, nor how to wake one.
#pragma once

#include <tinyhttp/core/function.hpp>
#include <tinyhttp/core/mutex.hpp>
#include <tinyhttp/core/owned.hpp>
#include <tinyhttp/net/waiter.hpp>

#include <utility>

namespace tinyhttp::net {

/// A call allocated in advance, so that posting it needs no memory.
struct posted_call : waiter {
  explicit posted_call(function<void()> f) : waiter(always), call(std::move(f)) {}
  function<void()> call;
};

/// Owns the calls; those that were not taken out are dropped with it.
class posted_calls {
 public:
  posted_calls() noexcept = default;
  posted_calls(const posted_calls&) = delete;
  posted_calls& operator=(const posted_calls&) = delete;
  [[gnu::cold]] ~posted_calls() {
    do take_in();  // the end of one may post another
    while (next());
  }

  /// Any thread.
  [[gnu::noinline]] void post(owned<posted_call> made) {
    const std::lock_guard lock(posting_);
    posted_.push_back(*made.release());
  }

  /// Takes in all calls posted so far.
  [[gnu::noinline]] void take_in() {
    const std::lock_guard lock(posting_);
    calling_.splice_back(posted_);
  }
  /// The first call of those taken in; null if there is none.
  [[nodiscard]] owned<posted_call> next() noexcept {
    return owned<posted_call>(calling_.empty() ? nullptr : static_cast<posted_call*>(&calling_.pop_front()));
  }
  /// All calls that were taken in have been returned.
  [[nodiscard]] bool empty() const noexcept { return calling_.empty(); }

 private:
  std::mutex posting_;
  waiter_list posted_;  // guarded by posting_
  waiter_list calling_;
};

}  // namespace tinyhttp::net
