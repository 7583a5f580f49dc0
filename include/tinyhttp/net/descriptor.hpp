// tinyhttp/net/descriptor.hpp -- a file descriptor and its owner.
//
// Knows nothing of what the descriptor refers to.
#pragma once

#include <utility>

#include <unistd.h>

namespace tinyhttp::net {

/// Owns a descriptor; move-only. Closes it when destroyed.
class descriptor {
 public:
  descriptor() noexcept = default;
  explicit descriptor(int owned) noexcept : number_(owned) {}
  descriptor(descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  descriptor& operator=(descriptor&& other) noexcept {
    if (this != &other) {
      close();
      number_ = std::exchange(other.number_, -1);
    }
    return *this;
  }
  ~descriptor() { close(); }

  [[nodiscard]] int get() const noexcept { return number_; }
  [[nodiscard]] explicit operator bool() const noexcept { return number_ >= 0; }

  /// Gives it away without closing it.
  [[nodiscard]] int release() noexcept { return std::exchange(number_, -1); }

  /// Closed once, whatever close(2) says: after EINTR the number may be somebody else's already.
  void close() noexcept {
    if (number_ >= 0) ::close(std::exchange(number_, -1));
  }

 private:
  int number_ = -1;
};

}  // namespace tinyhttp::net
