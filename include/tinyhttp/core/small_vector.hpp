// tinyhttp/core/small_vector.hpp -- a vector of trivial elements whose first N need no allocation.
//
// For the octets and entries of messages: a message of usual size is built without the heap. Other internal code uses
// it in place of std::vector, which has five times the functions to compile for each type.
#pragma once

#include <cstddef>
#include <cstring>
#include <new>
#include <type_traits>
#include <utility>

namespace tinyhttp {

namespace detail {

/// A small vector of any type: one class for all, so that it is compiled once. `here` is the room in the
/// vector itself, `octets` are those of an element.
class small_vector_memory {
 protected:
  [[gnu::always_inline]] small_vector_memory(void* here, std::size_t capacity) noexcept
      : first_(here), capacity_(capacity) {}

  /// Room for `wanted` elements, or twice of what there was.
  [[gnu::noinline]] void grow(std::size_t wanted, std::size_t octets, void* here) {
    const std::size_t doubled = capacity_ * 2;
    const std::size_t capacity = wanted > doubled ? wanted : doubled;
    void* const larger = ::operator new(capacity * octets);
    std::memcpy(larger, first_, size_ * octets);
    free(here);
    first_ = larger;
    capacity_ = capacity;
  }
  void free(void* here) noexcept {
    if (first_ != here) ::operator delete(first_);
  }
  void* extend(std::size_t count, std::size_t octets, void* here) {
    if (size_ + count > capacity_) grow(size_ + count, octets, here);
    void* const added = static_cast<char*>(first_) + size_ * octets;
    size_ += count;
    return added;
  }
  void append(const void* from, std::size_t count, std::size_t octets, void* here) {
    if (count != 0) std::memcpy(extend(count, octets, here), from, count * octets);
  }
  void erase(std::size_t first, std::size_t count, std::size_t octets) noexcept {
    char* const gap = static_cast<char*>(first_) + first * octets;
    std::memmove(gap, gap + count * octets, (size_ - first - count) * octets);
    size_ -= count;
  }
  /// Becomes what `other` is, which has `inside` elements in `there` and keeps none.
  void take(small_vector_memory& other, std::size_t octets, void* here, void* there, std::size_t inside) noexcept {
    free(here);
    first_ = other.first_ != there ? other.first_ : std::memcpy(here, there, other.size_ * octets);
    size_ = other.size_;
    capacity_ = other.capacity_;
    other.first_ = there;
    other.size_ = 0;
    other.capacity_ = inside;
  }

  void* first_;  // owned, unless the elements are in the vector itself
  std::size_t size_ = 0;
  std::size_t capacity_;
};

}  // namespace detail

/// Contiguous; grows by doubling. `clear()` keeps the capacity. References are valid until the size changes. Moving
/// from one leaves it empty.
template <class T, std::size_t N>
class small_vector : detail::small_vector_memory {
  static_assert(std::is_trivially_copyable_v<T> && alignof(T) <= __STDCPP_DEFAULT_NEW_ALIGNMENT__);

 public:
  [[gnu::always_inline]] small_vector() noexcept : small_vector_memory(inline_, N) {}
  [[gnu::always_inline]] small_vector(const small_vector& other) : small_vector_memory(inline_, N) { append(other.data(), other.size()); }
  [[gnu::always_inline]] small_vector(small_vector&& other) noexcept : small_vector_memory(inline_, N) { take(other); }
  small_vector& operator=(const small_vector& other) {
    if (this != &other) {
      clear();
      append(other.data(), other.size());
    }
    return *this;
  }
  [[gnu::always_inline]] small_vector& operator=(small_vector&& other) noexcept {
    if (this != &other) take(other);
    return *this;
  }
  [[gnu::always_inline]] ~small_vector() { free(inline_); }

  [[nodiscard, gnu::always_inline]] T* data() noexcept { return static_cast<T*>(first_); }
  [[nodiscard, gnu::always_inline]] const T* data() const noexcept { return static_cast<const T*>(first_); }
  [[nodiscard, gnu::always_inline]] std::size_t size() const noexcept { return size_; }
  [[nodiscard, gnu::always_inline]] std::size_t capacity() const noexcept { return capacity_; }
  [[nodiscard, gnu::always_inline]] bool empty() const noexcept { return size_ == 0; }
  [[nodiscard, gnu::always_inline]] T& operator[](std::size_t i) noexcept { return data()[i]; }
  [[nodiscard, gnu::always_inline]] const T& operator[](std::size_t i) const noexcept { return data()[i]; }
  [[nodiscard, gnu::always_inline]] T* begin() noexcept { return data(); }
  [[nodiscard, gnu::always_inline]] T* end() noexcept { return data() + size_; }
  [[nodiscard, gnu::always_inline]] const T* begin() const noexcept { return data(); }
  [[nodiscard, gnu::always_inline]] const T* end() const noexcept { return data() + size_; }

  [[gnu::always_inline]] void clear() noexcept { size_ = 0; }
  [[gnu::always_inline]] void reserve(std::size_t wanted) {
    if (wanted > capacity_) grow(wanted, sizeof(T), inline_);
  }
  [[nodiscard, gnu::always_inline]] T& back() noexcept { return data()[size_ - 1]; }
  [[nodiscard, gnu::always_inline]] const T& back() const noexcept { return data()[size_ - 1]; }
  [[gnu::always_inline]] void pop_back() noexcept { --size_; }
  [[gnu::always_inline]] void push_back(T element) { *extend(1) = element; }

  /// Appends `count` elements; `from` must not point into this vector.
  [[gnu::always_inline]] void append(const T* from, std::size_t count) {
    small_vector_memory::append(from, count, sizeof(T), inline_);
  }

  /// Replaces the content by `count` elements, which may be some of its own.
  [[gnu::always_inline]] void assign(const T* from, std::size_t count) {
    if (count > capacity_) {  // then they are others
      size_ = 0;
      grow(count, sizeof(T), inline_);
    }
    if (count != 0) std::memmove(data(), from, count * sizeof(T));
    size_ = count;
  }

  /// Appends `count` elements and returns a pointer to them; the caller must fill them in.
  [[nodiscard, gnu::always_inline]] T* extend(std::size_t count) {
    return static_cast<T*>(small_vector_memory::extend(count, sizeof(T), inline_));
  }

  /// Sets the size, which must be within the capacity. The caller must have filled in new elements.
  [[gnu::always_inline]] void resize_within(std::size_t size) noexcept { size_ = size; }

  /// Removes `count` elements from `first` on, moving the rest down.
  [[gnu::always_inline]] void erase(std::size_t first, std::size_t count) noexcept {
    small_vector_memory::erase(first, count, sizeof(T));
  }

  /// Frees heap memory and becomes empty.
  void release() noexcept {
    free(inline_);
    first_ = inline_;
    capacity_ = N;
    size_ = 0;
  }

 private:
  [[gnu::always_inline]] void take(small_vector& other) noexcept {
    small_vector_memory::take(other, sizeof(T), inline_, other.inline_, N);
  }

  T inline_[N];
};

}  // namespace tinyhttp
