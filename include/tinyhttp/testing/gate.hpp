// tinyhttp/testing/gate.hpp -- makes a response wait until the test lets it go on; in place of sleeping.
//
// Knows neither sockets nor messages: a visit leaves a function to call.
#pragma once

#include <tinyhttp/core/chrono.hpp>
#include <tinyhttp/core/function.hpp>
#include <tinyhttp/core/shared.hpp>
#include <tinyhttp/core/small_vector.hpp>
#include <tinyhttp/testing/units.hpp>
#include <tinyhttp/testing/verdict.hpp>

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <utility>

namespace tinyhttp::testing {

/// A gate, shut at first. Copies are the same gate. Any thread; may be destroyed before or after its visits.
///
///     gate half;
///     srv.on("/big", hold(after{1_MiB}, half));
///     ...                                        // start the download in a thread declared before `srv`
///     REQUIRE(half.reached());                   // exactly 1 MiB is in the client's kernel
///     half.open();
class gate {
 public:
  /// Waits, at most for the given time, until an exchange waits at this gate; the client has then
  /// acknowledged everything before it.
  [[nodiscard]] verdict reached(std::chrono::milliseconds at_most = patience()) const;
  /// Whether such a wait failed: then the journal is worth printing.
  [[nodiscard]] bool has_failure() const noexcept { return state_->failed; }

  /// Opens the gate. With `hold` for good; with `step` for the next slice of each response.
  void open() const;

  class visit;

 private:
  struct state {
    std::mutex mutex;
    std::condition_variable changed;
    std::uint64_t opened = 0;
    small_vector<const visit*, 4> waiting;
    std::atomic<bool> failed{false};
  };
  shared<state> state_ = shared<state>(new state);
};

/// One exchange's stay at a gate: from construction until the gate has been opened `times` times in
/// all, or the visit is destroyed. `pass` is called then, by whoever opens the gate, before `open` returns.
class gate::visit {
 public:
  visit(const gate& at, std::uint64_t times, function<void()> pass)
      : state_(at.state_), needed_(times), pass_(std::move(pass)) {
    const std::lock_guard lock(state_->mutex);
    if (state_->opened >= needed_) {
      passed_ = true;
      pass_();
      return;
    }
    state_->waiting.push_back(this);
    state_->changed.notify_all();
  }
  visit(const visit&) = delete;
  visit& operator=(const visit&) = delete;
  ~visit() {
    const std::lock_guard lock(state_->mutex);
    auto& all = state_->waiting;
    for (std::size_t i = all.size(); i-- > 0;)
      if (all[i] == this) all.erase(i, 1);
  }
  [[nodiscard]] bool passed() const noexcept { return passed_; }

 private:
  friend class gate;
  shared<state> state_;
  std::uint64_t needed_;
  mutable function<void()> pass_;
  mutable std::atomic<bool> passed_{false};
};

// ---------------------------------------------------------------------------------------------

inline verdict gate::reached(std::chrono::milliseconds at_most) const {
  std::unique_lock lock(state_->mutex);
  if (state_->changed.wait_for(lock, at_most, [this] { return !state_->waiting.empty(); })) return {true, "a response waits at the gate"};
  state_->failed = true;
  return {false, "waited " + ascii::to_decimal(static_cast<std::uint64_t>(at_most.count())) + " ms, and no response waits at the gate" +
                     (state_->opened > 0 ? ", which has been opened" : "")};
}

inline void gate::open() const {
  const std::lock_guard lock(state_->mutex);
  ++state_->opened;
  for (std::size_t i = 0; i < state_->waiting.size();) {
    const visit& v = *state_->waiting[i];
    if (v.needed_ > state_->opened) {
      ++i;
      continue;
    }
    v.passed_ = true;
    v.pass_();
    state_->waiting.erase(i, 1);
  }
}

}  // namespace tinyhttp::testing
