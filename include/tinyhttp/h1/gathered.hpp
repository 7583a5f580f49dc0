// tinyhttp/h1/gathered.hpp -- short texts written one behind the other, where they are to be sent from.
//
// Appending each part of a head by itself is what a small one would cost most. Knows octets only.
#pragma once

#include <tinyhttp/core/ascii.hpp>
#include <tinyhttp/core/buffer.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace tinyhttp::h1::detail {

/// Writes texts into the room behind what is in `out`, which outlives it and is not touched meanwhile. What is
/// not flushed is lost. Nobody keeps its address, so that a compiler keeps its parts in registers.
class gathered {
 public:
  [[gnu::always_inline]] explicit gathered(buffer& out) : out_(out) { take(out.prepare(usual)); }
  gathered(const gathered&) = delete;
  gathered& operator=(const gathered&) = delete;

  /// Each part is a text, a number, or a literal, whose size the compiler knows.
  template <class... Parts>
  [[gnu::always_inline]] void put(const Parts&... parts) {
    const std::size_t most = (room_of(parts) + ...);
    if (most > static_cast<std::size_t>(end_ - at_)) [[unlikely]] {
      flush();
      take(more_room(out_, most));
    }
    ((at_ = write(at_, parts)), ...);
  }
  void flush() noexcept {
    out_.commit(static_cast<std::size_t>(at_ - begin_));
    begin_ = at_;
  }
  /// `append` is called with `out`, behind what has been put, and adds to that itself.
  template <class Append>
  void let(Append append) {
    flush();
    append(out_);
    take(more_room(out_, usual));
  }

 private:
  /// At most so many octets.
  [[nodiscard]] static std::size_t room_of(std::string_view text) noexcept { return text.size(); }
  [[nodiscard]] static std::size_t room_of(std::uint64_t) noexcept { return 20; }  // digits, as many as 2^64 has
  template <std::size_t Size>
  [[nodiscard]] static std::size_t room_of(const char (&)[Size]) noexcept { return Size - 1; }

  /// A date and most names and values are sooner copied in two halves that overlap than by a call.
  [[nodiscard, gnu::always_inline]] static char* write(char* at, std::string_view text) noexcept {
    constexpr std::size_t half = 16;
    if (text.size() >= half && text.size() <= 2 * half) {
      std::memcpy(at, text.data(), half);
      std::memcpy(at + text.size() - half, text.data() + text.size() - half, half);
    } else if (!text.empty()) {
      std::memcpy(at, text.data(), text.size());
    }
    return at + text.size();
  }
  /// In place: what has just been written in small pieces is read slowly in large ones.
  [[nodiscard]] static char* write(char* at, std::uint64_t number) noexcept {
    char* const end = at + ascii::decimal_size(number);
    ascii::write_decimal(end, number);
    return end;
  }
  template <std::size_t Size>
  [[nodiscard]] static char* write(char* at, const char (&text)[Size]) noexcept {
    std::memcpy(at, text, Size - 1);
    return at + (Size - 1);
  }

  [[nodiscard, gnu::noinline]] static std::span<char> more_room(buffer& out, std::size_t size) {
    return out.prepare(size);
  }
  void take(std::span<char> room) noexcept {
    begin_ = at_ = room.data();
    end_ = begin_ + room.size();
  }

  static constexpr std::size_t usual = 480;  // octets of a head

  buffer& out_;
  char* begin_;  // what is not flushed
  char* at_;
  char* end_;
};

}  // namespace tinyhttp::h1::detail
