// tests/allocations.hpp -- how often the running thread has asked for memory: for tests of budgets.
#pragma once

#include <cstddef>

/// Calls of `operator new` on this thread so far.
[[nodiscard]] std::size_t allocations() noexcept;

/// False where a sanitizer watches the memory: then `allocations()` stays 0.
[[nodiscard]] bool allocations_are_counted() noexcept;
