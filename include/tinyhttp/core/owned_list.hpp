// tinyhttp/core/owned_list.hpp -- a list of objects that it owns; each stays where it was made.
//
// For what is inside: a std::vector of owners is some 110 functions for each type that an unoptimised
// build has to make and emit, this is 20, as only pointers move.
#pragma once

#include <tinyhttp/core/owned.hpp>
#include <tinyhttp/core/small_vector.hpp>

#include <cstddef>
#include <utility>

namespace tinyhttp {

/// References to elements live until those are removed. The list is destroyed from its end on.
template <class T>
class owned_list {
 public:
  owned_list() noexcept = default;
  owned_list(owned_list&&) noexcept = default;
  owned_list& operator=(owned_list&&) = delete;
  ~owned_list() {
    while (!empty()) pop_back();
  }

  [[nodiscard, gnu::always_inline]] std::size_t size() const noexcept { return all_.size(); }
  [[nodiscard, gnu::always_inline]] bool empty() const noexcept { return all_.empty(); }
  [[nodiscard, gnu::always_inline]] T& operator[](std::size_t i) const noexcept { return *static_cast<T*>(all_[i]); }
  [[nodiscard, gnu::always_inline]] T& back() const noexcept { return *static_cast<T*>(all_.back()); }

  class iterator {
   public:
    [[gnu::always_inline]] explicit iterator(void* const* at) noexcept : at_(at) {}
    [[gnu::always_inline]] T& operator*() const noexcept { return *static_cast<T*>(*at_); }
    [[gnu::always_inline]] iterator& operator++() noexcept { return ++at_, *this; }
    friend bool operator==(iterator, iterator) noexcept = default;

   private:
    void* const* at_;
  };
  [[nodiscard, gnu::always_inline]] iterator begin() const noexcept { return iterator(all_.begin()); }
  [[nodiscard, gnu::always_inline]] iterator end() const noexcept { return iterator(all_.end()); }

  void push_back(owned<T> one) {
    all_.push_back(one.get());
    static_cast<void>(one.release());
  }
  /// Gives element `i` away; the last takes its place.
  [[nodiscard]] owned<T> take(std::size_t i) noexcept {
    swap(i, size() - 1);
    owned<T> taken(&back());
    all_.pop_back();
    return taken;
  }
  /// Destroys element `i`; the last takes its place.
  void remove(std::size_t i) noexcept { static_cast<void>(take(i)); }
  void pop_back() noexcept { remove(size() - 1); }
  void swap(std::size_t a, std::size_t b) noexcept { std::swap(all_[a], all_[b]); }

 private:
  small_vector<void*, 4> all_;  // one type for all lists
};

}  // namespace tinyhttp
