// tinyhttp/core/atomic.hpp -- atomic values: the part of std::atomic that is used here.
//
// <atomic> also has waiting, floating point and a class for each width: 2,800 lines, and two or three functions per
// operation in an unoptimised build. Each operation here is one instruction.
#pragma once

namespace tinyhttp::threading {

/// As std::memory_order.
enum class memory_order : int {
  relaxed = __ATOMIC_RELAXED,
  acquire = __ATOMIC_ACQUIRE,
  release = __ATOMIC_RELEASE,
  acq_rel = __ATOMIC_ACQ_REL,
  seq_cst = __ATOMIC_SEQ_CST,
};

/// A bool, a number or a pointer that several threads may read and change at once, as std::atomic. Must not move.
template <class T>
class atomic {
 public:
  [[gnu::always_inline]] constexpr atomic() noexcept = default;
  [[gnu::always_inline]] constexpr explicit atomic(T value) noexcept : value_(value) {}
  atomic(const atomic&) = delete;
  atomic& operator=(const atomic&) = delete;

  [[nodiscard, gnu::always_inline]] T load(memory_order order = memory_order::seq_cst) const noexcept {
    return __atomic_load_n(&value_, static_cast<int>(order));
  }
  [[gnu::always_inline]] void store(T value, memory_order order = memory_order::seq_cst) noexcept {
    __atomic_store_n(&value_, value, static_cast<int>(order));
  }
  /// Returns the value before the change; so do the next two.
  [[gnu::always_inline]] T exchange(T value, memory_order order = memory_order::seq_cst) noexcept {
    return __atomic_exchange_n(&value_, value, static_cast<int>(order));
  }
  [[gnu::always_inline]] T fetch_add(T more, memory_order order = memory_order::seq_cst) noexcept {
    return __atomic_fetch_add(&value_, more, static_cast<int>(order));
  }
  [[gnu::always_inline]] T fetch_sub(T less, memory_order order = memory_order::seq_cst) noexcept {
    return __atomic_fetch_sub(&value_, less, static_cast<int>(order));
  }
  /// Replaces `expected` by `value`. False if the value is another one, which stays.
  [[nodiscard, gnu::always_inline]] bool try_replace(T expected, T value, memory_order order) noexcept {
    return __atomic_compare_exchange_n(&value_, &expected, value, false, static_cast<int>(order), __ATOMIC_RELAXED);
  }

 private:
  alignas(sizeof(T)) T value_ = {};
};

}  // namespace tinyhttp::threading
