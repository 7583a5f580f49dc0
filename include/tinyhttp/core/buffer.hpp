// tinyhttp/core/buffer.hpp -- one contiguous octet buffer: written at the back, read from the front.
//
// Knows octets only. Layers above decide what they mean and how many may be held.
#pragma once

#include <tinyhttp/core/owned.hpp>

#include <cstddef>
#include <cstring>
#include <span>
#include <string_view>
#include <utility>

namespace tinyhttp {

/// Write octets into `prepare()`d room, `commit()` them, read them through `view()` and drop them with `consume()`.
/// Views are valid until the next `prepare`, `consume` or `release`.
class buffer {
 public:
  buffer() noexcept = default;
  buffer(buffer&& other) noexcept
      : memory_(std::move(other.memory_)),
        capacity_(std::exchange(other.capacity_, 0)),
        begin_(std::exchange(other.begin_, 0)),
        end_(std::exchange(other.end_, 0)) {}
  buffer& operator=(buffer&& other) noexcept {
    memory_ = std::move(other.memory_);
    capacity_ = std::exchange(other.capacity_, 0);
    begin_ = std::exchange(other.begin_, 0);
    end_ = std::exchange(other.end_, 0);
    return *this;
  }
  ~buffer() = default;
  void swap(buffer& other) noexcept {
    memory_.swap(other.memory_);
    std::swap(capacity_, other.capacity_);
    std::swap(begin_, other.begin_);
    std::swap(end_, other.end_);
  }

  [[nodiscard]] std::string_view view() const noexcept {
    return {memory_.get() + begin_, end_ - begin_};
  }
  [[nodiscard]] std::size_t size() const noexcept { return end_ - begin_; }
  [[nodiscard]] bool empty() const noexcept { return begin_ == end_; }
  [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }

  /// All free room at the back, for at least `wanted` more octets. May move the content or grow the buffer.
  std::span<char> prepare(std::size_t wanted) {
    if (capacity_ - end_ < wanted) make_room(wanted);
    return {memory_.get() + end_, capacity_ - end_};
  }

  /// The first `count` octets of the room have been written.
  void commit(std::size_t count) noexcept { end_ += count; }

  [[gnu::always_inline]] void append(std::string_view octets) {
    if (octets.empty()) return;
    std::memcpy(prepare(octets.size()).data(), octets.data(), octets.size());
    commit(octets.size());
  }

  /// Drops the first `count` octets.
  void consume(std::size_t count) noexcept {
    begin_ += count;
    if (begin_ == end_) begin_ = end_ = 0;
  }

  /// Drops the content and keeps the memory.
  void clear() noexcept { begin_ = end_ = 0; }

  /// Drops the content and frees the memory.
  void release() noexcept {
    memory_ = owned_octets();
    capacity_ = begin_ = end_ = 0;
  }

 private:
  [[gnu::noinline]] void make_room(std::size_t wanted) {
    const std::size_t held = size();
    if (capacity_ - held >= wanted && held <= capacity_ / 2) {  // moving is cheap: linear in all
      std::memmove(memory_.get(), memory_.get() + begin_, held);
    } else {
      const std::size_t doubled = capacity_ * 2;
      const std::size_t capacity = held + wanted > doubled ? held + wanted : doubled;
      owned_octets larger(capacity);
      if (held != 0) std::memcpy(larger.get(), memory_.get() + begin_, held);
      memory_ = std::move(larger);
      capacity_ = capacity;
    }
    begin_ = 0;
    end_ = held;
  }

  owned_octets memory_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;  // first octet held
  std::size_t end_ = 0;    // behind the last octet held
};

}  // namespace tinyhttp
