// tinyhttp/core/held_here.hpp -- storage in place for an object that may exist or not.
//
// Like std::optional, but also for types that can be neither copied nor moved: a call makes the object in place. And
// an unoptimised build emits a quarter of the functions for each type.
#pragma once

#include <tinyhttp/core/concepts.hpp>

#include <new>

namespace tinyhttp {

/// Holds a `T` in place, or nothing. Moves if a `T` does; the source then holds a moved-from `T`.
template <class T>
class held_here {
 public:
  [[gnu::always_inline]] held_here() noexcept {}
  held_here(held_here&& other) noexcept(detail::moved_silently<T>)
    requires detail::made_from<T, T>
  {
    if (other.there_) put(static_cast<T&&>(other.value_));
  }
  held_here& operator=(held_here&& other) noexcept(detail::moved_silently<T>)
    requires detail::made_from<T, T>
  {
    if (this == &other) return *this;
    reset();
    if (other.there_) put(static_cast<T&&>(other.value_));
    return *this;
  }
  held_here(const held_here&) = delete;
  held_here& operator=(const held_here&) = delete;
  [[gnu::always_inline]] ~held_here() { reset(); }

  /// Replaces the object by what `make()` returns; holds nothing if that throws.
  template <class Make>
  T& make(Make make) {
    reset();
    ::new (place()) T(make());
    there_ = true;
    return value_;
  }
  template <class From>
  T& emplace(From&& from) {
    reset();
    put(static_cast<From&&>(from));
    return value_;
  }
  void reset() noexcept {
    if (!there_) return;
    there_ = false;
    value_.~T();
  }

  [[nodiscard, gnu::always_inline]] explicit operator bool() const noexcept { return there_; }
  [[nodiscard, gnu::always_inline]] T& operator*() noexcept { return value_; }
  [[nodiscard, gnu::always_inline]] T* operator->() noexcept { return __builtin_addressof(value_); }
  [[nodiscard, gnu::always_inline]] const T* operator->() const noexcept { return __builtin_addressof(value_); }

 private:
  /// Where nothing is.
  template <class From>
  void put(From&& from) {
    ::new (place()) T(static_cast<From&&>(from));
    there_ = true;
  }
  [[nodiscard, gnu::always_inline]] void* place() noexcept { return __builtin_addressof(value_); }

  union {
    T value_;
  };
  bool there_ = false;
};

}  // namespace tinyhttp
