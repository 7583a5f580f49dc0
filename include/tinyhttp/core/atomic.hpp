// tinyhttp/core/atomic.hpp -- what several threads change: as much of std::atomic as is used here.
//
// <atomic> has waiting, floating point and a class for each width as well: 2,800 lines, and two or three functions
// for each thing that is done, which an unoptimised build makes. Each of these is an instruction.
#pragma once

namespace tinyhttp::sync {

/// How a change orders what else its thread reads and writes, as std::memory_order.
enum class memory_order : int {
  relaxed = __ATOMIC_RELAXED,
  acquire = __ATOMIC_ACQUIRE,
  release = __ATOMIC_RELEASE,
  acq_rel = __ATOMIC_ACQ_REL,
  seq_cst = __ATOMIC_SEQ_CST,
};

/// A truth value, a number or a pointer that several threads may read and change at once, as std::atomic. Stays where it is.
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
  /// These give what was there before.
  [[gnu::always_inline]] T exchange(T value, memory_order order = memory_order::seq_cst) noexcept {
    return __atomic_exchange_n(&value_, value, static_cast<int>(order));
  }
  [[gnu::always_inline]] T fetch_add(T more, memory_order order = memory_order::seq_cst) noexcept {
    return __atomic_fetch_add(&value_, more, static_cast<int>(order));
  }
  [[gnu::always_inline]] T fetch_sub(T less, memory_order order = memory_order::seq_cst) noexcept {
    return __atomic_fetch_sub(&value_, less, static_cast<int>(order));
  }
  /// Puts `value` where `expected` is. False: something else is there.
  [[nodiscard, gnu::always_inline]] bool try_replace(T expected, T value, memory_order order) noexcept {
    return __atomic_compare_exchange_n(&value_, &expected, value, false, static_cast<int>(order), __ATOMIC_RELAXED);
  }

 private:
  alignas(sizeof(T)) T value_ = {};
};

}  // namespace tinyhttp::sync
