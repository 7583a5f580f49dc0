// tinyhttp/net/flight.hpp -- octets of a secure session on their way to the peer, and how far they have come.
//
// They are not the session's own, which a reader may move while somebody writes.
#pragma once

#include <tinyhttp/net/secure_session.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace tinyhttp::net::detail {

/// Empty at first. One thread; the session that it asks is the same each time.
class flight {
 public:
  /// What is to be sent next: that which the stream has not taken, and else what `from` has. A view
  /// until the next call.
  [[nodiscard]] std::string_view next(secure_session& from) {
    if (rest() == 0) {
      octets_.clear();
      gone_ = 0;
      from.take_outgoing(octets_);
    }
    return std::string_view(octets_).substr(gone_);
  }

  /// Octets that the stream has not been given.
  [[nodiscard]] std::size_t rest() const noexcept { return octets_.size() - gone_; }
  void went(std::uint64_t octets) noexcept { gone_ += static_cast<std::size_t>(octets); }
  /// The rest is not sent any more.
  void give_up() noexcept { gone_ = octets_.size(); }
  /// Once all has gone: keeps no more memory than `most` octets.
  void shrink(std::size_t most) noexcept {
    if (octets_.capacity() > most) octets_ = {};
  }

 private:
  std::string octets_;
  std::size_t gone_ = 0;
};

/// Counts what left of the flight by `way`, also when the one who waits for it is destroyed.
template <class Under>
class departure {
 public:
  departure(flight& of, Under& way) noexcept : of_(of), way_(way), before_(way.sent()) {}
  departure(const departure&) = delete;
  departure& operator=(const departure&) = delete;
  ~departure() { of_.went(way_.sent() - before_); }

 private:
  flight& of_;
  Under& way_;
  std::uint64_t before_;
};

}  // namespace tinyhttp::net::detail
