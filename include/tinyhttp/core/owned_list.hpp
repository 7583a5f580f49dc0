// tinyhttp/core/owned_list.hpp -- a list that owns its elements; each stays at its address.
//
// For internal use: for a std::vector of owners an unoptimised build emits some 110 functions for each type, for this
// two, because only pointers move.
#pragma once

#include <tinyhttp/core/owned.hpp>
#include <tinyhttp/core/small_vector.hpp>

#include <cstddef>
#include <utility>

namespace tinyhttp {

namespace detail {

/// The pointers of an owned list, whatever they point to: one class for all, so that it is compiled once.
class pointer_list {
 public:
  [[nodiscard, gnu::always_inline]] std::size_t size() const noexcept { return all_.size(); }
  [[nodiscard, gnu::always_inline]] bool empty() const noexcept { return all_.empty(); }
  void reserve(std::size_t wanted) { all_.reserve(wanted); }
  void swap(std::size_t a, std::size_t b) noexcept {
    void* const at_a = all_[a];
    all_[a] = all_[b];
    all_[b] = at_a;
  }

 protected:
  void add(void* one) { all_.push_back(one); }
  /// The last takes the place of `i`.
  [[nodiscard]] void* remove(std::size_t i) noexcept {
    void* const removed = all_[i];
    all_[i] = all_.back();
    all_.pop_back();
    return removed;
  }

  small_vector<void*, 4> all_;
};

}  // namespace detail

/// References to elements stay valid until those elements are removed. Elements are destroyed last to first.
template <class T>
class owned_list : public detail::pointer_list {
 public:
  [[gnu::always_inline]] owned_list() noexcept = default;
  [[gnu::always_inline]] owned_list(owned_list&&) noexcept = default;
  owned_list& operator=(owned_list&& other) noexcept {
    if (this != &other) clear();
    all_ = std::move(other.all_);
    return *this;
  }
  ~owned_list() { clear(); }

  [[nodiscard, gnu::always_inline]] T& operator[](std::size_t i) const noexcept { return *static_cast<T*>(all_[i]); }
  [[nodiscard, gnu::always_inline]] T& back() const noexcept { return *static_cast<T*>(all_.back()); }

  class iterator {
   public:
    [[gnu::always_inline]] explicit iterator(void* const* at) noexcept : at_(at) {}
    [[gnu::always_inline]] T& operator*() const noexcept { return *static_cast<T*>(*at_); }
    [[gnu::always_inline]] iterator& operator++() noexcept { return ++at_, *this; }
    [[gnu::always_inline]] bool operator==(const iterator& other) const noexcept { return at_ == other.at_; }

   private:
    void* const* at_;
  };
  [[nodiscard, gnu::always_inline]] iterator begin() const noexcept { return iterator(all_.begin()); }
  [[nodiscard, gnu::always_inline]] iterator end() const noexcept { return iterator(all_.end()); }

  [[gnu::always_inline]] void push_back(owned<T> one) {
    add(one.get());
    static_cast<void>(one.release());
  }
  /// Returns ownership of element `i`; the last element takes its place.
  [[nodiscard, gnu::always_inline]] owned<T> take(std::size_t i) noexcept {
    return owned<T>(static_cast<T*>(pointer_list::remove(i)));
  }
  /// Destroys element `i`; the last element takes its place.
  void remove(std::size_t i) noexcept { delete static_cast<T*>(pointer_list::remove(i)); }
  [[gnu::always_inline]] void pop_back() noexcept { remove(size() - 1); }
  [[gnu::always_inline]] void clear() noexcept {
    while (!empty()) pop_back();
  }
};

/// An `owned_list` with value semantics: a copy has copies of the elements.
template <class T>
class value_list : public owned_list<T> {
 public:
  [[gnu::always_inline]] value_list() noexcept = default;
  [[gnu::always_inline]] value_list(value_list&&) noexcept = default;
  value_list(const value_list& other) : owned_list<T>() {
    for (const T& each : other) push_back(each);
  }
  [[gnu::always_inline]] value_list& operator=(value_list&&) noexcept = default;
  value_list& operator=(const value_list& other) { return *this = value_list(other); }
  [[gnu::always_inline]] ~value_list() = default;

  void push_back(T one) { owned_list<T>::push_back(owned<T>(new T(std::move(one)))); }
};

}  // namespace tinyhttp
