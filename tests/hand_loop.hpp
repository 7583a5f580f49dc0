// A request's context without a server, whose time passes when the test says so.
#pragma once

#include <tinyhttp/core/clock.hpp>
#include <tinyhttp/http/request.hpp>

#include "manual_context.hpp"

#include <coroutine>
#include <cstdint>
#include <new>
#include <string_view>
#include <utility>
#include <vector>

/// A loop that runs what is posted to it one by one, and whose alarms ring by hand.
class hand_loop final : public tinyhttp::request_context, public tinyhttp::clock {
 public:
  bool has_memory = true;
  bool is_over = false;             // alarms ring at once: the server stops
  int waits = 0;                    // alarms that were asked for
  tinyhttp::time_point asked_for{};  // the last of them

  [[nodiscard]] std::string_view peer() const noexcept override { return {}; }
  [[nodiscard]] bool cancelled() const noexcept override { return false; }
  [[nodiscard]] bool stopping() const noexcept override { return is_over; }
  [[nodiscard]] tinyhttp::task<tinyhttp::result<void>> inform(tinyhttp::status, const tinyhttp::fields&) override {
    return tinyhttp::ready_task(tinyhttp::result<void>());
  }
  [[nodiscard]] tinyhttp::clock& clock() noexcept override { return *this; }
  void post(tinyhttp::function<void()> work) override {
    if (!has_memory) throw std::bad_alloc();
    posted_.post(std::move(work));
  }
  void run_one() { posted_.run_one(); }
  [[nodiscard]] bool is_empty() { return posted_.is_empty(); }

  [[nodiscard]] tinyhttp::time_point now() noexcept override { return tinyhttp::time_point(std::chrono::seconds(100)); }
  [[nodiscard]] std::int64_t unix_seconds() noexcept override { return 0; }
  [[nodiscard]] tinyhttp::task<void> wait_until(tinyhttp::time_point when) override {
    ++waits;
    asked_for = when;
    if (!has_memory) throw std::bad_alloc();
    if (is_over) co_return;
    alarm ringing(*this);
    co_await ringing;
  }
  /// The alarm that was set first rings, or the last one; none, if there is none.
  void ring() { ring(false); }
  void ring_last() { ring(true); }
  [[nodiscard]] bool alarm_is_awaited() const noexcept { return !alarms_.empty(); }

 private:
  struct alarm {
    explicit alarm(hand_loop& on) : of(on) { on.alarms_.push_back(this); }
    alarm(const alarm&) = delete;
    alarm& operator=(const alarm&) = delete;
    ~alarm() { std::erase(of.alarms_, this); }
    [[nodiscard]] bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> awaiter) noexcept { waiter = awaiter; }
    void await_resume() const noexcept {}
    hand_loop& of;
    std::coroutine_handle<> waiter = nullptr;
  };
  void ring(bool last) {
    if (alarms_.empty()) return;
    alarm* const rings = last ? alarms_.back() : alarms_.front();
    std::erase(alarms_, rings);
    rings->waiter.resume();
  }

  manual_context posted_;
  std::vector<alarm*> alarms_;
};
