// tinyhttp/net/operation.hpp -- the common base of a stream's awaitables on a loop: trying, waiting, and leaving the queue
// in the destructor.
//
// An operation is a step that is tried at once and then whenever its stream has news, until it is
// done. It lives in the coroutine that awaits it; nothing is allocated.
#pragma once

#include <tinyhttp/core/result.hpp>
#include <tinyhttp/net/loop.hpp>
#include <tinyhttp/net/system.hpp>
#include <tinyhttp/net/transfer.hpp>
#include <tinyhttp/net/waiter.hpp>

#include <coroutine>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace tinyhttp::net {

/// A stream has at most one operation in each direction at a time.
enum class direction : std::uint8_t { reading, writing };

/// Reasons not to go on that are no errno values.
namespace obstacle {
inline constexpr int timed_out = -1;
inline constexpr int cancelled = -2;
inline constexpr int busy = -3;
}  // namespace obstacle

/// `Stream` has `loop()` and `peer()`. For its operations it also has `waiting(way)`, which refers to the one that
/// waits in that direction; `obstacle_now()`, which is 0 or why no operation may continue; and `wait_for(way)`.
template <class Stream>
class operation : protected waiter {
 public:
  operation(const operation&) = delete;
  operation& operator=(const operation&) = delete;

  [[nodiscard]] bool await_ready() { return attempt(*this); }

  void await_suspend(std::coroutine_handle<> awaiter) {
    handle = awaiter;
    waiting_ = true;
    stream_.waiting(way_) = this;
    if (!again_) {
      stream_.wait_for(way_);
    } else if (!is_linked()) {
      stream_.loop().schedule_later(*this);
    }
  }

  /// For the stream: there is news.
  void wake() noexcept {
    if (!is_linked()) stream_.loop().schedule(*this);
  }

 protected:
  operation(Stream& on, direction way, bool (*step)(waiter&)) noexcept
      : waiter(step), stream_(on), way_(way) {}
  ~operation() { leave(); }

  /// Nothing speaks against going on: not closed, not too late, nobody else at it.
  [[nodiscard]] bool may_go_on() {
    again_ = false;
    failed_ = stream_.obstacle_now();
    if (failed_ == 0 && !waiting_ && stream_.waiting(way_) != nullptr) failed_ = obstacle::busy;
    if (failed_ != 0) leave();
    return failed_ == 0;
  }

  /// Takes the outcome of a step in; true when the operation is over.
  bool finish_or_wait(progress p) {
    if (p == progress::done) {
      leave();
      return true;
    }
    again_ = p == progress::again;
    if (waiting_) await_suspend(handle);
    return false;
  }

  /// `what PEER: cause`.
  [[nodiscard, gnu::cold]] error failure(std::string_view what) const {
    std::string line = std::string(what).append(stream_.peer().to_string());
    switch (failed_) {
      case obstacle::timed_out: return {error_kind::timeout, line.append(": timed out")};
      case obstacle::cancelled: return {error_kind::cancelled, line.append(": closed on our side")};
      case obstacle::busy:
        return {error_kind::invalid_argument, line.append(": another operation is under way")};
      default: return system_error(std::move(line), failed_);
    }
  }

  Stream& stream_;
  int failed_ = 0;  // errno value or obstacle

 private:
  void leave() noexcept {
    if (waiting_) stream_.waiting(way_) = nullptr;
    waiting_ = false;
  }

  direction way_;
  bool waiting_ = false;  // the stream knows of us
  bool again_ = false;    // not waiting for the stream, but for our next turn
};

}  // namespace tinyhttp::net
