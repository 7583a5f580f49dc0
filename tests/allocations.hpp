// tests/allocations.hpp -- what the running thread asks of the memory: for tests of budgets.
#pragma once

#include <cstddef>

/// Calls of `operator new` on this thread so far.
[[nodiscard]] std::size_t allocations() noexcept;

/// Octets that this thread has asked for and not given back, and the most that there were since
/// `reset_peak`. Meaningful where one thread does all the work.
[[nodiscard]] std::ptrdiff_t octets_held() noexcept;
[[nodiscard]] std::ptrdiff_t peak_of_octets_held() noexcept;
void reset_peak() noexcept;

/// The allocation after the next `count`, on whatever thread, throws std::bad_alloc; so do those behind it, `times` in all.
/// A negative count: none does.
void fail_allocation_after(long count, long times = 1) noexcept;
/// It has thrown.
[[nodiscard]] bool allocation_has_failed() noexcept;

/// False where a sanitizer watches the memory: then all of these stay 0. The running test may end there: it has
/// succeeded in something, which is that.
[[nodiscard]] bool allocations_are_counted();
