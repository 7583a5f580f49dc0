// tinyhttp/core/small_vector.hpp -- a vector of trivial elements whose first N need no allocation.
//
// For the octets and entries of messages: a message of usual size is built without the heap. Elsewhere
// inside in place of std::vector, which has five times the functions to be compiled for each type.
#pragma once

#include <cstddef>
#include <cstring>
#include <new>
#include <type_traits>
#include <utility>

namespace tinyhttp {

namespace detail {

/// The memory of a small vector, whatever is in it: one class for all, so that it is compiled once.
class small_vector_memory {
 protected:
  small_vector_memory(void* here, std::size_t capacity) noexcept : first_(here), capacity_(capacity) {}

  /// Room for `wanted` elements of `octets` each, or twice of what there was, which may be `here`.
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

  void* first_;  // owned, unless the elements are in the vector itself
  std::size_t size_ = 0;
  std::size_t capacity_;
};

}  // namespace detail

/// Contiguous, growing by doubling. `clear()` keeps the capacity. References live until the next
/// change of size. Moving from one leaves it empty.
template <class T, std::size_t N>
class small_vector : detail::small_vector_memory {
  static_assert(std::is_trivially_copyable_v<T> && alignof(T) <= __STDCPP_DEFAULT_NEW_ALIGNMENT__);

 public:
  small_vector() noexcept : small_vector_memory(inline_, N) {}
  small_vector(const small_vector& other) : small_vector_memory(inline_, N) { append(other.data(), other.size()); }
  small_vector(small_vector&& other) noexcept : small_vector_memory(inline_, N) { take(other); }
  small_vector& operator=(const small_vector& other) {
    if (this != &other) {
      clear();
      append(other.data(), other.size());
    }
    return *this;
  }
  small_vector& operator=(small_vector&& other) noexcept {
    if (this != &other) take(other);
    return *this;
  }
  ~small_vector() { free(inline_); }

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
  void reserve(std::size_t wanted) {
    if (wanted > capacity_) grow(wanted);
  }
  [[nodiscard, gnu::always_inline]] T& back() noexcept { return data()[size_ - 1]; }
  [[nodiscard, gnu::always_inline]] const T& back() const noexcept { return data()[size_ - 1]; }
  [[gnu::always_inline]] void pop_back() noexcept { --size_; }
  void push_back(T element) {
    if (size_ == capacity_) grow(size_ + 1);
    data()[size_++] = element;
  }

  /// Appends `count` elements; `from` must not point into this vector.
  void append(const T* from, std::size_t count) {
    if (count == 0) return;
    reserve(size_ + count);
    std::memcpy(data() + size_, from, count * sizeof(T));
    size_ += count;
  }

  /// Becomes `count` elements, which may be some of its own.
  void assign(const T* from, std::size_t count) {
    if (count > capacity_) {  // then they are others
      size_ = 0;
      grow(count);
    }
    if (count != 0) std::memmove(data(), from, count * sizeof(T));
    size_ = count;
  }

  /// Appends `count` elements that the caller fills in: what it points to is theirs.
  [[nodiscard]] T* extend(std::size_t count) {
    reserve(size_ + count);
    size_ += count;
    return data() + (size_ - count);
  }

  /// Becomes `size` elements, for which there is room. The caller has filled in those that are new.
  void resize_within(std::size_t size) noexcept { size_ = size; }

  /// Removes `count` elements from `first` on, moving the rest down.
  void erase(std::size_t first, std::size_t count) noexcept {
    std::memmove(data() + first, data() + first + count, (size_ - first - count) * sizeof(T));
    size_ -= count;
  }

  /// Gives heap memory back and becomes empty.
  void release() noexcept {
    free(inline_);
    first_ = inline_;
    capacity_ = N;
    size_ = 0;
  }

 private:
  void grow(std::size_t wanted) { small_vector_memory::grow(wanted, sizeof(T), inline_); }
  void take(small_vector& other) noexcept {
    free(inline_);
    first_ = other.first_ != other.inline_ ? other.first_ : std::memcpy(inline_, other.inline_, other.size_ * sizeof(T));
    size_ = other.size_;
    capacity_ = other.capacity_;
    other.first_ = other.inline_;
    other.size_ = 0;
    other.capacity_ = N;
  }

  T inline_[N];
};

}  // namespace tinyhttp
