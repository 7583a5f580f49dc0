// tinyhttp/net/address_memory.hpp -- which address of a name answered last: to be tried first.
//
// Remembers outcomes only, never what names resolve to (RFC 8305 4, "historical data").
#pragma once

#include <tinyhttp/core/clock.hpp>
#include <tinyhttp/net/address.hpp>

#include <chrono>
#include <cstddef>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tinyhttp::net {

/// Thread-safe; bounded in number and in time, so that a network that has changed is noticed.
class address_memory {
 public:
  explicit address_memory(std::size_t most = 64, duration keep = std::chrono::minutes(10))
      : most_(most), keep_(keep) {}

  [[nodiscard]] std::optional<address> winner(std::string_view name, time_point now) const {
    const std::lock_guard lock(guard_);
    for (const entry& each : entries_)
      if (each.name == name && now - each.since < keep_) return each.at;
    return std::nullopt;
  }

  /// Takes the place of what was known of `name`; the oldest goes where there are too many.
  void remember(std::string_view name, const address& at, time_point now) {
    const std::lock_guard lock(guard_);
    for (std::size_t i = entries_.size(); i-- > 0;)
      if (entries_[i].name == name)
        entries_.erase(entries_.begin() + static_cast<std::ptrdiff_t>(i));
    if (entries_.size() >= most_) entries_.erase(entries_.begin());
    entries_.push_back({std::string(name), at, now});
  }

 private:
  struct entry {
    std::string name;
    address at;
    time_point since;
  };
  std::size_t most_;
  duration keep_;
  mutable std::mutex guard_;
  std::vector<entry> entries_;  // guarded; oldest first
};

}  // namespace tinyhttp::net
