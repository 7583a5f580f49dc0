// tinyhttp/h1/gathered.hpp -- short texts put together before they are appended.
//
// Appending each part of a head by itself is what a small one would cost most. Knows octets only.
#pragma once

#include <tinyhttp/core/ascii.hpp>

#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>

namespace tinyhttp::h1::detail {

/// Gathers texts for `out`, which outlives it. What is not flushed is lost.
class gathered {
 public:
  explicit gathered(std::string& out) noexcept : out_(out) {}
  gathered(const gathered&) = delete;
  gathered& operator=(const gathered&) = delete;

  /// Each part is a text, a number, or a literal, whose size the compiler knows.
  template <class... Parts>
  void put(const Parts&... parts) {
    char* at = place((size_of(parts) + ...));
    ((at = write(at, parts)), ...);
  }
  void flush() {
    if (used_ > 0) out_.append(room_, used_);
    used_ = 0;
  }

 private:
  [[nodiscard]] static std::size_t size_of(std::string_view text) noexcept { return text.size(); }
  [[nodiscard]] static std::size_t size_of(const ascii::decimal& number) noexcept { return number.text().size(); }
  template <std::size_t Size>
  [[nodiscard]] static std::size_t size_of(const char (&)[Size]) noexcept { return Size - 1; }

  [[nodiscard]] static char* write(char* at, std::string_view text) noexcept {
    if (!text.empty()) std::memcpy(at, text.data(), text.size());
    return at + text.size();
  }
  /// One by one: what has just been written in small pieces is read slowly in large ones.
  [[nodiscard]] static char* write(char* at, const ascii::decimal& number) noexcept {
    for (const char digit : number.text()) *at++ = digit;
    return at;
  }
  template <std::size_t Size>
  [[nodiscard]] static char* write(char* at, const char (&text)[Size]) noexcept {
    std::memcpy(at, text, Size - 1);
    return at + (Size - 1);
  }

  /// Where so many octets are to be written, all of them.
  [[nodiscard]] char* place(std::size_t size) {
    if (size > sizeof room_ - used_) return place_anew(size);
    used_ += size;
    return room_ + used_ - size;
  }
  [[nodiscard, gnu::noinline]] char* place_anew(std::size_t size) {
    flush();
    if (size > sizeof room_) {
      out_.resize(out_.size() + size);
      return out_.data() + out_.size() - size;
    }
    used_ = size;
    return room_;
  }

  std::string& out_;
  std::size_t used_ = 0;
  char room_[480];  // a head of usual size
};

}  // namespace tinyhttp::h1::detail
