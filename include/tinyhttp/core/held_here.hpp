// tinyhttp/core/held_here.hpp -- room for an object that may be there or not, and that never moves.
//
// As std::optional, for what can be neither copied nor moved: it is made by a call, in its place.
#pragma once

#include <memory>
#include <new>
#include <utility>

namespace tinyhttp {

/// Holds a `T` or nothing. Stays where it is.
template <class T>
class held_here {
 public:
  held_here() noexcept {}
  held_here(const held_here&) = delete;
  held_here& operator=(const held_here&) = delete;
  ~held_here() { reset(); }

  /// Holds what `make()` returns instead of what is there. When that throws, nothing.
  template <class Make>
  T& make(Make make) {
    reset();
    ::new (static_cast<void*>(std::addressof(value_))) T(make());
    there_ = true;
    return value_;
  }
  void reset() noexcept {
    if (std::exchange(there_, false)) value_.~T();
  }

  [[nodiscard]] explicit operator bool() const noexcept { return there_; }
  [[nodiscard]] T& operator*() noexcept { return value_; }
  [[nodiscard]] T* operator->() noexcept { return std::addressof(value_); }
  [[nodiscard]] const T* operator->() const noexcept { return std::addressof(value_); }

 private:
  union {
    T value_;
  };
  bool there_ = false;
};

}  // namespace tinyhttp
