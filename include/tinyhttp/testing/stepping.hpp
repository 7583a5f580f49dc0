// tinyhttp/testing/stepping.hpp -- an exchange that the test drives: head, some octets, a reset.
//
// The test's thread gives the next step and waits until its octets have arrived; the server's thread
// carries it out. Knows no sockets.
#pragma once

#include <tinyhttp/core/function.hpp>
#include <tinyhttp/core/shared.hpp>
#include <tinyhttp/testing/units.hpp>
#include <tinyhttp/testing/verdict.hpp>

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

namespace tinyhttp::testing {

/// One step of a driven exchange.
struct wire_command {
  enum class kind : std::uint8_t { head, octets, raw, rest, finish, cut, reset };
  kind what;
  int status = 0;
  std::uint64_t at = 0, count = 0;
  std::string text = {};
};

/// Connects the two threads.
class stepping {
 public:
  /// `expected`: the request, in words.
  explicit stepping(std::string expected) : expected_(std::move(expected)) {}

  // The test's side.
  [[nodiscard]] verdict wait_for_request() {
    std::unique_lock lock(mutex_);
    return has_come(lock);
  }
  [[nodiscard]] verdict say(wire_command what);
  void abandon();
  /// Whether a verdict was false: then the journal is worth printing.
  [[nodiscard]] bool has_failure() const noexcept { return failed_; }

  // The server's side.
  void arrive(function<void()> wake);
  /// The next step; `cut` if no more steps will come.
  [[nodiscard]] std::optional<wire_command> take();
  void done(bool went_well);
  void leave();

 private:
  [[nodiscard]] verdict has_come(std::unique_lock<std::mutex>& lock);
  [[nodiscard]] verdict failed(std::string why) {
    failed_ = true;
    return {false, expected_ + ": " + why};
  }

  std::string expected_;
  std::atomic<bool> failed_{false};
  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<wire_command> next_;
  function<void()> wake_;
  bool arrived_ = false, abandoned_ = false, over_ = false, went_well_ = true;
};

/// The result of `srv.expect(get("/a"))`: the test answers the next matching request by these calls. Each
/// call first waits for the request, and returns when the client's kernel has what it sent. It returns a
/// false verdict if the request does not come, or the client has gone. If this object is destroyed before
/// the end, the response is cut.
///
///     auto x = srv.expect(get("/a"));
///     std::jthread job{[&] { outcome = download(srv.url("/a")); }};
///     CHECK(x.head(206));
///     CHECK(x.octets(0, 1000));
///     CHECK(x.reset());
class expected_exchange {
 public:
  explicit expected_exchange(shared<stepping> with) : steps_(std::move(with)) {}
  expected_exchange(expected_exchange&&) noexcept = default;
  expected_exchange& operator=(expected_exchange&&) = delete;
  ~expected_exchange() {
    if (steps_) steps_->abandon();
  }

  /// Waits for the request.
  [[nodiscard]] verdict wait() { return steps_->wait_for_request(); }
  /// Sends the head that the path's file has for this request, with this status; 0: the correct one.
  verdict head(int status = 0) { return steps_->say({wire_command::kind::head, status}); }
  /// Sends `count` octets of the body from `at` on.
  verdict octets(std::uint64_t at, std::uint64_t count) {
    return steps_->say({wire_command::kind::octets, 0, at, count});
  }
  /// Sends any octets.
  verdict raw(std::string text) { return steps_->say({wire_command::kind::raw, 0, 0, 0, std::move(text)}); }
  /// Sends the rest of the body after the last `octets`.
  verdict rest() { return steps_->say({wire_command::kind::rest}); }
  /// Ends the response as complete; the connection stays open.
  verdict finish() { return steps_->say({wire_command::kind::finish}); }
  verdict cut() { return steps_->say({wire_command::kind::cut}); }
  verdict reset() { return steps_->say({wire_command::kind::reset}); }

 private:
  shared<stepping> steps_;
};

// ---------------------------------------------------------------------------------------------

inline verdict stepping::has_come(std::unique_lock<std::mutex>& lock) {
  if (changed_.wait_for(lock, patience(), [this] { return arrived_; })) return {true, expected_ + ": has come"};
  return failed("has not come within " + ascii::to_decimal(static_cast<std::uint64_t>(patience().count())) + " ms");
}

inline verdict stepping::say(wire_command what) {
  std::unique_lock lock(mutex_);
  auto come = has_come(lock);
  if (!come) return come;
  if (over_) return failed("the exchange is over");
  next_ = std::move(what);
  wake_();
  const bool did = changed_.wait_for(lock, patience() * 2, [this] { return !next_ || over_; });
  next_.reset();
  if (!did) return failed("the client does not take what was sent");
  return went_well_ ? verdict{true, expected_ + ": the client has it"} : failed("the client has gone");
}

inline void stepping::abandon() {
  const std::lock_guard lock(mutex_);
  abandoned_ = true;
  if (arrived_ && !over_) wake_();
}

inline void stepping::arrive(function<void()> wake) {
  const std::lock_guard lock(mutex_);
  wake_ = std::move(wake);
  arrived_ = true;
  changed_.notify_all();
}

inline std::optional<wire_command> stepping::take() {
  const std::lock_guard lock(mutex_);
  if (next_) return next_;
  if (abandoned_) return wire_command{wire_command::kind::cut};
  return std::nullopt;
}

inline void stepping::done(bool went_well) {
  const std::lock_guard lock(mutex_);
  went_well_ = went_well;
  next_.reset();
  changed_.notify_all();
}

inline void stepping::leave() {
  const std::lock_guard lock(mutex_);
  if (next_) went_well_ = false;
  over_ = true;
  wake_ = {};
  changed_.notify_all();
}

}  // namespace tinyhttp::testing
