// tinyhttp/net/transfer.hpp -- moves octets through a descriptor, one step at a time.
//
// The steps that tcp_stream and blocking_stream share. They never wait: they say what to wait for.
#pragma once

#include <tinyhttp/core/bounds.hpp>
#include <tinyhttp/core/buffer.hpp>
#include <tinyhttp/net/send_file.hpp>
#include <tinyhttp/net/system.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace tinyhttp::net {

/// The result of one step of an operation.
enum class progress : std::uint8_t {
  done,   // the operation is over, with `failed` or without
  wait,   // the descriptor has to become ready first
  again,  // there is more to do, but others should have a turn now
};

/// What to do on EAGAIN: wait, or, while faults are injected and EAGAIN cannot be trusted, try again.
[[nodiscard]] inline progress full() noexcept {
  return os::is_injected() ? progress::again : progress::wait;
}

/// How much one connection moves before the others on its loop have their turn; larger steps do not make a transfer
/// faster.
inline constexpr std::size_t step_octets = 1024 * 1024;

/// How much one connection has moved in the current turn of its loop.
class turn_share {
 public:
  /// Its share of this turn, the loop's `turn`th, is used up.
  [[nodiscard]] bool is_spent(std::uint32_t turn) noexcept {
    if (turn_ != turn) spent_ = 0;
    turn_ = turn;
    return spent_ >= step_octets;
  }
  void spend(std::uint64_t octets) noexcept { spent_ += static_cast<std::uint32_t>(octets) + 8 * 1024; }  // a call costs as much

 private:
  std::uint32_t spent_ = 0;
  std::uint32_t turn_ = 0;
};

/// The pieces of a gathered write and its progress. The pieces and the array of them belong to the caller.
class gather {
 public:
  explicit gather(std::span<const std::string_view> pieces) noexcept : rest_(pieces) {}

  /// Writes until all is written, the descriptor takes no more, or one step's worth is written. `failed` becomes an
  /// errno value; `moved` grows by what was written.
  progress step(int to, std::uint64_t& moved, int& failed, bool more) noexcept;

 private:
  void take(std::size_t octets) noexcept;
  [[nodiscard]] std::int64_t send_one(int to, int flags) const noexcept;
  [[gnu::noinline]] std::int64_t send_several(int to, int flags) const noexcept {
    constexpr std::size_t most = 64;  // far below IOV_MAX everywhere; a head and a few dozen slices
    iovec vectors[most];
    std::size_t count = 0;
    std::size_t size = 0;
    for (std::size_t i = 0; i < rest_.size() && count < most && size < step_octets; ++i) {
      const std::string_view piece = i == 0 ? rest_[i].substr(into_first_) : rest_[i];
      if (piece.empty()) continue;
      const std::size_t part = at_most(piece.size(), step_octets - size);
      vectors[count++] = {const_cast<char*>(piece.data()), part};
      size += part;
    }
    return os::send(to, vectors, count, size, flags);
  }

  std::span<const std::string_view> rest_;
  std::size_t into_first_ = 0;  // octets of the first piece that are through
};

/// A slice of an open file and its progress. The descriptor belongs to the caller, and its file position is not used.
/// The target must be non-blocking.
class file_slice {
 public:
  file_slice(int from, std::uint64_t offset, std::uint64_t length) noexcept
      : from_(from), offset_(offset), rest_(length) {}

  /// Like `gather::step`. Uses sendfile(2), or copies if that is not possible.
  progress step(int to, std::uint64_t& moved, int& failed);

  [[nodiscard]] std::uint64_t sent() const noexcept { return sent_; }

 private:
  std::int64_t copy(int to, std::size_t size);
  static bool takes_no_more(int to) noexcept;
  static bool cannot_send_file(std::int64_t status) noexcept {
    return status == -EINVAL || status == -ENOSYS || status == -EOPNOTSUPP || status == -EOVERFLOW;
  }

  int from_;
  bool copying_ = false;
  std::uint64_t offset_;
  std::uint64_t rest_;
  std::uint64_t sent_ = 0;
  buffer copied_;  // octets read from the file and not sent yet
};

// ---------------------------------------------------------------------------------------------

inline progress gather::step(int to, std::uint64_t& moved, int& failed, bool more) noexcept {
  const int flags = more ? MSG_DONTWAIT | os::more_follows : MSG_DONTWAIT;
  std::size_t through = 0;
  for (take(0); !rest_.empty();) {
    if (through >= step_octets) return progress::again;
    const std::int64_t sent = rest_.size() == 1 ? send_one(to, flags) : send_several(to, flags);
    if (sent < 0) {
      if (sent == -EAGAIN) return full();
      failed = static_cast<int>(-sent);
      return progress::done;
    }
    const auto octets = static_cast<std::size_t>(sent);
    moved += octets;
    through += octets;
    take(octets);
  }
  return progress::done;
}

/// So many octets are through, and pieces that are empty.
inline void gather::take(std::size_t octets) noexcept {
  while (!rest_.empty() && octets >= rest_.front().size() - into_first_) {
    octets -= rest_.front().size() - into_first_;
    into_first_ = 0;
    rest_ = rest_.subspan(1);
  }
  into_first_ += octets;
}

inline std::int64_t gather::send_one(int to, int flags) const noexcept {
  const std::string_view piece = rest_.front();
  return os::send(to, piece.data() + into_first_, at_most(piece.size() - into_first_, step_octets), flags);
}

inline progress file_slice::step(int to, std::uint64_t& moved, int& failed) {
  std::size_t through = 0;
  while (rest_ != 0) {
    if (through >= step_octets) return progress::again;
    const auto size = at_most(rest_, step_octets - through);
    std::int64_t count = copying_ ? copy(to, size) : os::send_file(to, from_, offset_, size);
    if (!copying_ && cannot_send_file(count)) {
      copying_ = true;
      count = copy(to, size);
    }
    if (count == -EAGAIN) return full();
    if (count < 0) failed = static_cast<int>(-count);
    if (count <= 0) return progress::done;
    const auto octets = static_cast<std::uint64_t>(count);
    offset_ += octets;
    rest_ -= octets;
    sent_ += octets;
    moved += octets;
    through += static_cast<std::size_t>(octets);
    if (octets < size && !copying_ && takes_no_more(to)) return full();
  }
  return progress::done;
}

/// The system says so. To ask costs less than a sendfile in vain, which looks up what it would send.
inline bool file_slice::takes_no_more(int to) noexcept {
  pollfd set{to, POLLOUT, 0};
  return os::poll(&set, 1, 0) == 0;
}

[[gnu::cold]] inline std::int64_t file_slice::copy(int to, std::size_t size) {
  constexpr std::size_t capacity = 64 * 1024;
  if (copied_.empty()) {
    const auto room = copied_.prepare(capacity);
    const std::int64_t count = os::pread(from_, room.data(), at_most(size, capacity), offset_);
    if (count <= 0) return count;
    copied_.commit(static_cast<std::size_t>(count));
  }
  const std::string_view rest = copied_.view();
  const std::int64_t count = os::send(to, rest.data(), rest.size());
  if (count > 0) copied_.consume(static_cast<std::size_t>(count));
  return count;
}

}  // namespace tinyhttp::net
