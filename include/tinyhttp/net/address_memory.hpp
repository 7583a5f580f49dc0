// tinyhttp/net/address_memory.hpp -- remembers which address of a name answered last, to try it first.
//
// Remembers outcomes only, never what names resolve to (RFC 8305 4, "historical data").
#pragma once

#include <tinyhttp/core/chrono.hpp>
#include <tinyhttp/core/clock.hpp>
#include <tinyhttp/core/mutex.hpp>
#include <tinyhttp/core/owned.hpp>
#include <tinyhttp/core/owned_list.hpp>
#include <tinyhttp/net/address.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace tinyhttp::net {

/// Thread-safe; bounded in number and in time, so that a change of the network is noticed.
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

  /// Replaces what was known of `name`; the oldest entry is dropped if there are too many.
  void remember(std::string_view name, const address& at, time_point now) {
    const std::lock_guard lock(guard_);
    owned<entry> made(new entry{std::string(name), at, now});
    std::size_t oldest = 0;
    for (std::size_t i = entries_.size(); i-- > 0;)
      if (entries_[i].name == name) entries_.remove(i);
    for (std::size_t i = 0; i < entries_.size(); ++i)
      if (entries_[i].since < entries_[oldest].since) oldest = i;
    if (entries_.size() >= most_ && !entries_.empty()) entries_.remove(oldest);
    entries_.push_back(std::move(made));
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
  owned_list<entry> entries_;  // guarded
};

}  // namespace tinyhttp::net
