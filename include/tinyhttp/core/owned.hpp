// tinyhttp/core/owned.hpp -- an owning pointer, which internal code uses in place of std::unique_ptr.
//
// The standard's is a tuple with a deleter: an unoptimised build emits some 45 functions for each type; this is one.
// Interfaces keep std::unique_ptr, which users know.
#pragma once

#include <cstddef>

namespace tinyhttp {

/// Owns one object made by `new`, or nothing: `owned<T>(new T(...))`. Move-only.
template <class T>
class owned {
 public:
  [[gnu::always_inline]] owned() noexcept = default;
  [[gnu::always_inline]] explicit owned(T* made) noexcept : held_(made) {}
  [[gnu::always_inline]] owned(owned&& other) noexcept : held_(other.release()) {}
  [[gnu::always_inline]] owned& operator=(owned&& other) noexcept {
    reset(other.release());
    return *this;
  }
  [[gnu::always_inline]] ~owned() { reset(); }

  /// Destroys the held object, and holds `made` instead.
  void reset(T* made = nullptr) noexcept {
    static_assert(sizeof(T) > 0, "only a complete type can be destroyed");
    T* const old = held_;
    held_ = made;
    delete old;
  }
  /// Releases ownership: the caller owns the object.
  [[nodiscard, gnu::always_inline]] T* release() noexcept {
    T* const given = held_;
    held_ = nullptr;
    return given;
  }

  [[nodiscard, gnu::always_inline]] T* get() const noexcept { return held_; }
  [[nodiscard, gnu::always_inline]] T& operator*() const noexcept { return *held_; }
  [[nodiscard, gnu::always_inline]] T* operator->() const noexcept { return held_; }
  [[nodiscard, gnu::always_inline]] explicit operator bool() const noexcept { return held_ != nullptr; }

 private:
  T* held_ = nullptr;
};

/// Owns an array of uninitialised octets, or nothing.
class owned_octets {
 public:
  owned_octets() noexcept = default;
  explicit owned_octets(std::size_t size) : held_(new char[size]) {}
  owned_octets(owned_octets&& other) noexcept : held_(other.held_) { other.held_ = nullptr; }
  owned_octets& operator=(owned_octets&& other) noexcept {
    if (this == &other) return *this;
    delete[] held_;
    held_ = other.held_;
    other.held_ = nullptr;
    return *this;
  }
  ~owned_octets() { delete[] held_; }
  void swap(owned_octets& other) noexcept {
    char* const mine = held_;
    held_ = other.held_;
    other.held_ = mine;
  }

  [[nodiscard]] char* get() const noexcept { return held_; }

 private:
  char* held_ = nullptr;
};

}  // namespace tinyhttp
