// tinyhttp/testing/journal.hpp -- what has come in and how it ended, readable from any thread.
//
// Stores copies and returns copies, as many as its bound allows. Knows no sockets: connections write
// into it.
#pragma once

#include <tinyhttp/core/ascii.hpp>
#include <tinyhttp/core/chrono.hpp>
#include <tinyhttp/core/function.hpp>
#include <tinyhttp/core/owned.hpp>
#include <tinyhttp/core/owned_list.hpp>
#include <tinyhttp/testing/exchange.hpp>
#include <tinyhttp/testing/match.hpp>
#include <tinyhttp/testing/units.hpp>
#include <tinyhttp/testing/verdict.hpp>

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace tinyhttp::testing {

/// The journal itself. Any thread may call every function.
class journal_book {
 public:
  /// About how many octets of memory exchanges may use. Beyond that, the oldest finished ones are dropped.
  void keep_at_most(std::uint64_t octets) { most_ = octets; }

  /// Adds a new exchange and returns its number.
  std::size_t add(exchange x);
  /// Calls `change(exchange&)` on the exchange of that number, unless it has been dropped.
  template <class Change>
  void change(std::size_t number, Change change);

  [[nodiscard]] std::vector<exchange> snapshot() const;
  [[nodiscard]] std::size_t next_connection() { return ++connections_; }

  /// Waits, for at most `at_most`, until `count` matching requests have come, or with `ended` have ended.
  [[nodiscard]] verdict wait_for(const matcher& m, std::size_t count, std::chrono::milliseconds at_most,
                                 bool ended) const;

  /// Records that a verdict was false: then the journal is worth printing.
  void note_failure() const noexcept { failed_.store(true, std::memory_order_relaxed); }
  [[nodiscard]] bool has_failure() const noexcept { return failed_.load(std::memory_order_relaxed); }

  /// Sets a function that is called with each exchange that is over, once its last octet has been acknowledged or
  /// given up, on the server's thread. Call this before the first request.
  void on_over(function<void(const exchange&)> f) { on_over_ = std::move(f); }
  [[nodiscard]] bool has_listener() const noexcept { return static_cast<bool>(on_over_); }
  void publish(std::size_t number);

 private:
  struct page {
    exchange x;
    std::uint64_t weight = 0;  // octets of memory, about
    bool told = false;         // the listener has been told that it is over
  };
  [[nodiscard]] page* find(std::size_t number) noexcept;
  [[nodiscard]] std::vector<exchange> copies() const;
  void forget_oldest();

  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  owned_list<page> pages_;  // by number; some may be missing
  std::size_t last_ = 0;     // number
  std::uint64_t weight_ = 0, most_ = std::uint64_t{256} << 20;
  std::atomic<std::size_t> connections_{0};
  mutable std::atomic<bool> failed_{false};
  function<void(const exchange&)> on_over_;
};

/// The requests that match, for counting: `CHECK(srv.saw(get("/x")).exactly(2))`. Holds the
/// journal as it was.
class sightings {
 public:
  sightings(matcher m, std::vector<exchange> journal, const journal_book& of)
      : matcher_(std::move(m)), journal_(std::move(journal)), book_(of) {}

  [[nodiscard]] std::size_t count() const;
  [[nodiscard]] verdict exactly(std::size_t n) const { return judge(count() == n, ascii::to_decimal(n)); }
  [[nodiscard]] verdict once() const { return exactly(1); }
  [[nodiscard]] verdict never() const { return exactly(0); }
  [[nodiscard]] verdict at_least(std::size_t n) const { return judge(count() >= n, "at least " + ascii::to_decimal(n)); }
  [[nodiscard]] verdict at_most(std::size_t n) const { return judge(count() <= n, "at most " + ascii::to_decimal(n)); }
  explicit operator bool() const = delete;      // say how often: once(), exactly(2), at_least(1), never()
  bool operator==(std::size_t) const = delete;  // say exactly(2), which tells what came instead

 private:
  [[nodiscard]] verdict judge(bool holds, const std::string& wanted) const;

  matcher matcher_;
  std::vector<exchange> journal_;
  const journal_book& book_;
};

/// Whether requests in `journal` match these in this order; others may have come between them.
[[nodiscard]] inline verdict came_in_order(std::initializer_list<matcher> wanted, const std::vector<exchange>& journal,
                                           const journal_book& of);

// ---------------------------------------------------------------------------------------------

namespace detail {

/// `nearest: #2  Range: bytes=499999-   1 octet too early`, or an empty string.
[[nodiscard]] inline std::string nearest_miss(const matcher& m, const std::vector<exchange>& journal) {
  const exchange* nearest = nullptr;
  matcher::difference least;
  for (const auto& each : journal) {
    auto miss = m.miss(each);
    if (!each.failure.empty() || miss.far == 0) continue;
    if (nearest != nullptr && miss.far >= least.far) continue;
    nearest = &each;
    least = std::move(miss);
  }
  if (nearest == nullptr) return {};
  std::string out = "nearest: #" + ascii::to_decimal(nearest->number) + "  " + least.why;
  if (nearest->rule.line > 0) out += "      (answered by the rule at " + nearest->rule.text() + ")";
  return out + "\n";
}

}  // namespace detail

inline std::size_t journal_book::add(exchange x) {
  const std::lock_guard lock(mutex_);
  x.number = ++last_;
  const std::uint64_t weight = sizeof(page) + 3 * x.raw_head.size() + x.body.size();
  pages_.push_back(owned<page>(new page{std::move(x), weight}));
  weight_ += weight;
  if (weight_ > most_) forget_oldest();
  changed_.notify_all();
  return last_;
}

/// To half of what is allowed, so that it is seldom needed.
inline void journal_book::forget_oldest() {
  std::size_t kept = 0;
  for (std::size_t i = 0; i < pages_.size(); ++i) {
    const page& each = pages_[i];
    const bool done = each.x.over() && (each.told || !on_over_);
    if (done && weight_ > most_ / 2) weight_ -= each.weight;
    else pages_.swap(i, kept++);
  }
  while (pages_.size() > kept) pages_.pop_back();
}

inline journal_book::page* journal_book::find(std::size_t number) noexcept {
  std::size_t low = 0, high = pages_.size();
  while (low < high) {
    const std::size_t middle = low + (high - low) / 2;
    if (pages_[middle].x.number < number) low = middle + 1;
    else high = middle;
  }
  return low < pages_.size() && pages_[low].x.number == number ? &pages_[low] : nullptr;
}

template <class Change>
void journal_book::change(std::size_t number, Change change) {
  const std::lock_guard lock(mutex_);
  if (page* const found = find(number)) change(found->x);
  changed_.notify_all();
}

inline void journal_book::publish(std::size_t number) {
  if (!on_over_) return;
  const std::lock_guard lock(mutex_);
  page* const found = find(number);
  if (found == nullptr) return;
  on_over_(found->x);
  found->told = true;
}

inline std::vector<exchange> journal_book::copies() const {
  std::vector<exchange> all;
  all.reserve(pages_.size());
  for (const auto& each : pages_) all.push_back(each.x);
  return all;
}

inline std::vector<exchange> journal_book::snapshot() const {
  const std::lock_guard lock(mutex_);
  return copies();
}

inline verdict journal_book::wait_for(const matcher& m, std::size_t count,
                                      std::chrono::milliseconds at_most, bool ended) const {
  std::unique_lock lock(mutex_);
  const bool came = changed_.wait_for(lock, at_most, [&] {
    std::size_t seen = 0;
    for (const auto& [x, weight, told] : pages_) seen += m.matches(x) && (x.over() || !ended) ? 1u : 0u;
    return seen >= count;
  });
  if (came) return {true, {}};
  note_failure();
  const auto all = copies();
  return {false, "waited " + ascii::to_decimal(static_cast<std::uint64_t>(at_most.count())) + " ms for " +
                     ascii::to_decimal(count) + " x " + m.text() + "\n" + detail::nearest_miss(m, all) +
                     to_text(all)};
}

inline std::size_t sightings::count() const {
  std::size_t seen = 0;
  for (const auto& each : journal_) seen += matcher_.matches(each) ? 1u : 0u;
  return seen;
}

inline verdict came_in_order(std::initializer_list<matcher> wanted, const std::vector<exchange>& journal, const journal_book& of) {
  std::size_t at = 0, last = 0;
  std::string before;
  for (const matcher& each : wanted) {
    while (at < journal.size() && !each.matches(journal[at])) ++at;
    if (at == journal.size()) {
      of.note_failure();
      const std::string behind = before.empty() ? "" : " behind " + before + " (#" + ascii::to_decimal(last) + ")";
      return {false, "expected " + each.text() + behind + ", saw none\n" + to_text(journal)};
    }
    before = each.text();
    last = journal[at++].number;
  }
  return {true, "in that order\n" + to_text(journal)};
}

inline verdict sightings::judge(bool holds, const std::string& wanted) const {
  if (!holds) book_.note_failure();
  std::string out = "expected " + wanted + " x " + matcher_.text() + ", saw " + ascii::to_decimal(count()) + "\n";
  if (!holds) out += detail::nearest_miss(matcher_, journal_);
  return {holds, out + to_text(journal_)};
}

}  // namespace tinyhttp::testing
