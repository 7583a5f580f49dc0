// tinyhttp/net/race.hpp -- when to try which address of a name: "Happy Eyeballs" as a pure decision.
//
// Pure. Time and outcomes go in, the next move comes out; knows no sockets. RFC 8305.
#pragma once

#include <tinyhttp/core/chrono.hpp>
#include <tinyhttp/core/clock.hpp>
#include <tinyhttp/core/result.hpp>
#include <tinyhttp/core/small_vector.hpp>
#include <tinyhttp/net/address.hpp>
#include <tinyhttp/net/system.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace tinyhttp::net {

/// The most addresses of a name that are tried: the first of each family, in turn. Each unanswered attempt holds a
/// descriptor.
inline constexpr std::size_t most_attempts = 16;

/// The order in which to try `all`, which the resolver has sorted (RFC 6724): first `preferred`, if it is among them,
/// then the families in turn, so that a dead family costs one wait (RFC 8305 4).
[[nodiscard]] inline std::vector<address> race_order(
    const std::vector<address>& all, const std::optional<address>& preferred = std::nullopt);

/// A race of connection attempts to several addresses, of which one wins: each begins `stagger` after the one before,
/// or at once if that has failed; those under way continue meanwhile.
class race {
 public:
  enum class verb : std::uint8_t {
    begin,  // begin to connect to `at(which)`, and ask again
    wait,   // for an attempt under way, or until `until`
    over,   // nobody has won; `summary` tells why
  };
  struct move {
    verb what;
    std::size_t which = 0;
    time_point until = time_point::max();
  };

  /// Every address gets its turn before the deadline, so the stagger may be shorter than requested, but never less
  /// than 10 ms (RFC 8305 5).
  race(std::vector<address> entrants, duration stagger, time_point now, time_point deadline);

  [[nodiscard]] move next(time_point now);

  /// The attempt has failed with an errno value.
  void failed(std::size_t which, int cause, time_point now);
  /// The attempt could not begin; it may a little later.
  void postpone(std::size_t which, time_point now);
  /// Ends the race with an errno value, with which all attempts fail that have not failed yet.
  void stop(int cause);

  [[nodiscard]] const address& at(std::size_t which) const noexcept { return all_[which]; }
  [[nodiscard]] std::size_t size() const noexcept { return all_.size(); }

  /// `connect NAME: cause`, or the cause for each address if they differ.
  [[nodiscard]] error summary(const std::string& name) const;

 private:
  std::vector<address> all_;
  small_vector<int, 8> causes_;  // errno values, of those that have failed
  duration stagger_;
  time_point deadline_;
  time_point next_begins_;
  std::size_t begun_ = 0;
  std::size_t under_way_ = 0;
  bool held_ = false;  // the next waits for its time although nobody is under way
};

// ---------------------------------------------------------------------------------------------

inline std::vector<address> race_order(const std::vector<address>& all,
                                       const std::optional<address>& preferred) {
  std::vector<address> order;
  if (preferred)
    for (const address& each : all)
      if (each == *preferred && order.empty()) order.push_back(each);
  if (order.empty() && !all.empty()) order.push_back(all.front());
  std::vector<address> rest[2];  // of the family of the first, and of others
  for (const address& each : all)
    if (!(each == order.front()))
      rest[each.family() == order.front().family() ? 0 : 1].push_back(each);
  for (std::size_t i = 0; i < all.size(); ++i)
    for (const auto& family : {&rest[1], &rest[0]})
      if (i < family->size() && order.size() < most_attempts) order.push_back((*family)[i]);
  return order;
}

inline race::race(std::vector<address> entrants, duration stagger, time_point now,
                  time_point deadline)
    : all_(std::move(entrants)), stagger_(stagger), deadline_(deadline), next_begins_(now) {
  for (std::size_t i = 0; i < all_.size(); ++i) causes_.push_back(0);
  if (all_.empty() || deadline == time_point::max()) return;
  const duration share = (deadline - now) / static_cast<duration::rep>(all_.size());
  const duration least = std::chrono::milliseconds(10);
  if (share < stagger_) stagger_ = share < least ? least : share;
}

inline race::move race::next(time_point now) {
  if (now >= deadline_) stop(ETIMEDOUT);
  const bool has_more = begun_ < all_.size();
  if (has_more && ((under_way_ == 0 && !held_) || now >= next_begins_)) {
    ++under_way_;
    held_ = false;
    next_begins_ = now + stagger_;
    return {verb::begin, begun_++};
  }
  if (under_way_ == 0 && !held_) return {verb::over};
  return {verb::wait, 0, has_more && next_begins_ < deadline_ ? next_begins_ : deadline_};
}

inline void race::failed(std::size_t which, int cause, time_point now) {
  causes_[which] = cause;
  --under_way_;
  next_begins_ = now;
}

inline void race::postpone(std::size_t which, time_point now) {
  begun_ = which;
  --under_way_;
  held_ = true;
  next_begins_ = now + std::chrono::milliseconds(10);
}

inline void race::stop(int cause) {
  for (int& each : causes_)
    if (each == 0) each = cause;
  begun_ = all_.size();
  under_way_ = 0;
  held_ = false;
}

inline error race::summary(const std::string& name) const {
  std::string line = "connect " + name + ": ";
  if (all_.empty()) return {error_kind::connect, line + "no address to try"};
  const auto text_of = [](int cause) {
    if (cause == ETIMEDOUT) return std::string("timed out");
    return cause == ECANCELED ? std::string("told to stop") : errno_text(cause);
  };
  bool same = true;
  bool stopped = false;
  for (const int each : causes_) {
    same = same && each == causes_[0];
    stopped = stopped || each == ECANCELED;
  }
  for (std::size_t i = 0; i < (same ? 1 : all_.size()); ++i) {
    if (i != 0) line += "; ";
    if (!same) line += all_[i].to_string() + ": ";
    line += text_of(causes_[i]);
  }
  error_kind kind = error_kind::connect;
  if (same && causes_[0] == ETIMEDOUT) kind = error_kind::timeout;
  if (stopped) kind = error_kind::cancelled;
  return {kind, std::move(line)};
}

}  // namespace tinyhttp::net
