// tinyhttp/client/pool.hpp -- open, idle connections, kept per origin for the next call.
//
// Opens none and speaks no protocol. Thread-safe; bounded in number and in time.
#pragma once

#include <tinyhttp/core/chrono.hpp>
#include <tinyhttp/core/clock.hpp>
#include <tinyhttp/core/mutex.hpp>
#include <tinyhttp/core/shared.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tinyhttp {

/// `Connection` has a `stream`, and `kept_for` says to which origin it is connected. A connection that does not fit,
/// has been kept too long, or has octets or an end to read while idle (most likely its end) is closed, outside the
/// lock.
template <class Connection>
class connection_pool {
 public:
  /// How many idle connections are kept, and how long.
  struct bounds {
    std::size_t per_origin = 8;
    std::size_t in_all = 64;
    duration keep_for = std::chrono::seconds(60);
  };
  explicit connection_pool(const bounds& with) : bounds_(with) {}

  /// The most recently used connection to `origin` that is still good; null if there is none.
  [[nodiscard]] shared<Connection> take(std::string_view origin, time_point now);

  /// Keeps `idle`; if there are too many, closes the one kept longest.
  void put(shared<Connection> idle, time_point now);

  /// Closes all kept connections, and those put back later.
  void close() {
    entries all;
    const std::lock_guard lock(guard_);  // destroyed before `all`
    all.swap(kept_);
    closed_ = true;
  }

  [[nodiscard]] std::size_t size() const {
    const std::lock_guard lock(guard_);
    return kept_.size();
  }

 private:
  struct entry {
    shared<Connection> connection;
    time_point since;
  };
  using entries = std::vector<entry>;

  void move_out(std::size_t at, entries& to) {
    to.push_back(std::move(kept_[at]));
    kept_.erase(kept_.begin() + static_cast<std::ptrdiff_t>(at));
  }

  bounds bounds_;
  mutable std::mutex guard_;
  entries kept_;  // guarded; in the order in which they were put
  bool closed_ = false;  // guarded
};

// ---------------------------------------------------------------------------------------------

namespace detail {

/// Nothing has come while nothing was asked: not an end, not an error, not an octet.
template <class Stream>
[[nodiscard]] bool is_silent(Stream& s) {
  if constexpr (requires { s.has_news(); }) {
    return !s.has_news();
  } else {
    return !s.peer_gone();
  }
}

}  // namespace detail

template <class Connection>
shared<Connection> connection_pool<Connection>::take(std::string_view origin,
                                                              time_point now) {
  for (;;) {
    entries stale;
    shared<Connection> found;
    {
      const std::lock_guard lock(guard_);
      for (std::size_t i = kept_.size(); i-- > 0;) {
        if (now - kept_[i].since > bounds_.keep_for) {
          move_out(i, stale);
        } else if (!found && kept_[i].connection->kept_for == origin) {
          found = std::move(kept_[i].connection);
          kept_.erase(kept_.begin() + static_cast<std::ptrdiff_t>(i));
        }
      }
    }
    if (!found || detail::is_silent(found->stream)) return found;
  }
}

template <class Connection>
void connection_pool<Connection>::put(shared<Connection> idle, time_point now) {
  entries surplus;
  const std::lock_guard lock(guard_);  // destroyed before `surplus`, which closes
  if (closed_) return;
  kept_.push_back({std::move(idle), now});
  const std::string& origin = kept_.back().connection->kept_for;
  std::size_t same = 0, longest_kept = 0;  // of this origin
  for (std::size_t i = kept_.size(); i-- > 0;) {
    if (kept_[i].connection->kept_for != origin) continue;
    ++same;
    longest_kept = i;
  }
  if (same > bounds_.per_origin) move_out(longest_kept, surplus);
  if (kept_.size() > bounds_.in_all) move_out(0, surplus);
}

}  // namespace tinyhttp
