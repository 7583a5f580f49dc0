// tinyhttp/server/census.hpp -- counts the connections of each peer address, over all threads.
//
// An IPv6 host has a whole /64 of addresses, so a /64 is counted as one address. Knows only addresses and numbers;
// the code that accepts connections decides what to do about one too many.
#pragma once

#include <tinyhttp/core/mutex.hpp>
#include <tinyhttp/core/small_vector.hpp>
#include <tinyhttp/net/address.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>

namespace tinyhttp {

/// Counts connections by address. Every member function may be called from any thread. Must outlive its seats.
class address_census {
 public:
  /// A seat counts one connection until it is destroyed. A moved-from seat counts nothing. False: there was no room.
  class seat {
   public:
    seat() noexcept = default;
    seat(seat&& other) noexcept : in_(other.in_), who_(other.who_) { other.in_ = nullptr; }
    seat& operator=(seat&& other) noexcept {
      std::swap(in_, other.in_);
      std::swap(who_, other.who_);
      return *this;
    }
    ~seat() {
      if (in_ != nullptr) in_->leave(who_);
    }

    [[nodiscard]] explicit operator bool() const noexcept { return in_ != nullptr || who_ == uncounted; }

   private:
    friend class address_census;
    static constexpr std::uint64_t uncounted = 1;
    seat(address_census* in, std::uint64_t who) noexcept : in_(in), who_(who) {}
    address_census* in_ = nullptr;  // null: none, or one that is not counted
    std::uint64_t who_ = 0;
  };

  /// Allows `most` seats for each address, but at least one.
  explicit address_census(std::size_t most) noexcept : most_(most > 0 ? most : 1) {}

  /// Returns a seat, or one that is false if all seats of `peer` are taken. Peers on Unix sockets are not counted.
  [[nodiscard]] seat admit(const net::address& peer);

  /// The number of addresses that have connections now.
  [[nodiscard]] std::size_t size() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return used_;
  }

 private:
  struct entry {
    std::uint64_t who = 0;
    std::size_t count = 0;  // 0: nobody
  };

  /// An IPv4 address, or the network of an IPv6 one. The two cannot be taken for each other: nobody
  /// has the networks whose upper half is zero (RFC 4291 2.5).
  static std::uint64_t identity(const net::address& peer) noexcept;
  /// Where `who` is, or would be: probed linearly from a place that peers cannot foresee.
  [[nodiscard]] std::size_t home(std::uint64_t who) const noexcept;
  [[nodiscard]] std::size_t find(std::uint64_t who) const noexcept;
  [[gnu::cold]] void grow();
  void leave(std::uint64_t who) noexcept;
  void close_gap(std::size_t gap) noexcept;

  std::size_t most_;
  mutable std::mutex mutex_;
  using table = small_vector<entry, 16>;
  [[nodiscard]] static table empty_table(std::size_t size) {
    table made;
    while (made.size() < size) made.push_back({});
    return made;
  }
  table table_ = empty_table(16);  // a power of two, at most half full
  std::size_t used_ = 0;
};

// ---------------------------------------------------------------------------------------------

inline std::uint64_t address_census::identity(const net::address& peer) noexcept {
  std::uint64_t who = 0;
  if (peer.family() == AF_INET) {
    sockaddr_in v4;
    std::memcpy(&v4, peer.native(), sizeof v4);
    who = ntohl(v4.sin_addr.s_addr);
  } else {
    sockaddr_in6 v6;
    std::memcpy(&v6, peer.native(), sizeof v6);
    for (std::size_t i = 0; i < sizeof who; ++i) who = who << 8 | v6.sin6_addr.s6_addr[i];
  }
  return who;
}

inline std::size_t address_census::home(std::uint64_t who) const noexcept {
  const std::uint64_t secret = reinterpret_cast<std::uintptr_t>(this);
  std::uint64_t mixed = (who ^ secret) * 0x9e3779b97f4a7c15u;
  mixed = (mixed ^ mixed >> 32) * 0xd6e8feb86659fd93u;
  return static_cast<std::size_t>(mixed >> 32) & (table_.size() - 1);
}

inline std::size_t address_census::find(std::uint64_t who) const noexcept {
  std::size_t at = home(who);
  while (table_[at].count != 0 && table_[at].who != who) at = (at + 1) & (table_.size() - 1);
  return at;
}

inline address_census::seat address_census::admit(const net::address& peer) {
  if (!peer.is_ip()) return {nullptr, seat::uncounted};
  const std::uint64_t who = identity(peer.unmapped());
  const std::lock_guard<std::mutex> lock(mutex_);
  if ((used_ + 1) * 2 > table_.size()) grow();
  entry& found = table_[find(who)];
  if (found.count == most_) return {};
  if (found.count == 0) ++used_;
  found = {who, found.count + 1};
  return {this, who};
}

inline void address_census::grow() {
  table larger = empty_table(table_.size() * 2);
  const table before = std::move(table_);
  table_ = std::move(larger);
  for (const entry& one : before)
    if (one.count != 0) table_[find(one.who)] = one;
}

[[gnu::noinline]] inline void address_census::leave(std::uint64_t who) noexcept {
  const std::lock_guard<std::mutex> lock(mutex_);
  const std::size_t at = find(who);
  if (--table_[at].count > 0) return;
  --used_;
  close_gap(at);
}

/// Moves up what would not be found behind an empty place.
inline void address_census::close_gap(std::size_t gap) noexcept {
  const std::size_t mask = table_.size() - 1;
  for (std::size_t at = (gap + 1) & mask; table_[at].count != 0; at = (at + 1) & mask) {
    const std::size_t way = (at - home(table_[at].who)) & mask;  // how far it stands behind its home
    if (way < ((at - gap) & mask)) continue;
    table_[gap] = table_[at];
    table_[at] = {};
    gap = at;
  }
}

}  // namespace tinyhttp
