// A request's context without a server.
#pragma once

#include <tinyhttp/core/clock.hpp>
#include <tinyhttp/http/request.hpp>

#include <condition_variable>
#include <cstdint>
#include <cstdlib>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

/// A loop that only runs what is posted to it, when the test says so. Its time stands still.
class manual_context final : public tinyhttp::request_context, public tinyhttp::clock {
 public:
  std::string_view from = "127.0.0.1:1";  // the peer
  bool secure = false;                     // and its certificate is for `me`

  [[nodiscard]] std::string_view peer() const noexcept override { return from; }
  [[nodiscard]] bool is_secure() const noexcept override { return secure; }
  [[nodiscard]] std::string peer_subject() const override { return secure ? "CN=me" : ""; }
  [[nodiscard]] bool cancelled() const noexcept override { return false; }
  [[nodiscard]] tinyhttp::task<tinyhttp::result<void>> inform(tinyhttp::status, const tinyhttp::fields&) override {
    return tinyhttp::ready_task(tinyhttp::result<void>());
  }
  [[nodiscard]] tinyhttp::clock& clock() noexcept override { return *this; }
  void post(tinyhttp::function<void()> work) override {
    const std::lock_guard lock(mutex_);
    posted_.push_back(std::move(work));
    changed_.notify_one();
  }

  [[nodiscard]] tinyhttp::time_point now() noexcept override { return {}; }
  [[nodiscard]] std::int64_t unix_seconds() noexcept override { return 1'700'000'000; }
  [[nodiscard]] tinyhttp::task<void> wait_until(tinyhttp::time_point) override { std::abort(); }  // nobody does

  /// Waits for one function and runs it.
  void run_one() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !posted_.empty(); });
    auto work = std::move(posted_.front());
    posted_.pop_front();
    lock.unlock();
    work();
  }
  [[nodiscard]] bool is_empty() {
    const std::lock_guard lock(mutex_);
    return posted_.empty();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<tinyhttp::function<void()>> posted_;
};
