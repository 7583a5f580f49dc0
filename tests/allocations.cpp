#include "allocations.hpp"
#include "catch.hpp"

#include <atomic>
#include <cstdlib>
#include <limits>
#include <new>

#include <malloc.h>

#ifndef __has_feature
#define __has_feature(what) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || \
    __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define TESTS_COUNT_ALLOCATIONS 0
#else
#define TESTS_COUNT_ALLOCATIONS 1
#endif

namespace {
thread_local std::size_t counted = 0;
thread_local std::ptrdiff_t held = 0;
thread_local std::ptrdiff_t peak = 0;
constexpr long never = std::numeric_limits<long>::min() / 2;
std::atomic<long> left_until_failure{never};  // at 0 and below they fail, so many in a row
std::atomic<long> failures_in_a_row{1};
std::atomic<bool> has_failed{false};
}  // namespace

std::size_t allocations() noexcept { return counted; }
std::ptrdiff_t octets_held() noexcept { return held; }
std::ptrdiff_t peak_of_octets_held() noexcept { return peak; }
void reset_peak() noexcept { peak = held; }
void fail_allocation_after(long count, long times) noexcept {
  has_failed = false;
  failures_in_a_row = times;
  left_until_failure = count < 0 ? never : count;
}
bool allocation_has_failed() noexcept { return has_failed; }
bool allocations_are_counted() {
  if (TESTS_COUNT_ALLOCATIONS == 0) SUCCEED("a sanitizer watches the memory");
  return TESTS_COUNT_ALLOCATIONS != 0;
}

#if TESTS_COUNT_ALLOCATIONS

// The other forms of new and delete (arrays, nothrow, sized) come down to these.
void* operator new(std::size_t size) {
  ++counted;
  const long last = -failures_in_a_row.load(std::memory_order_relaxed);
  if (left_until_failure.load(std::memory_order_relaxed) > last) {
    // What was switched off meanwhile, by another thread, stays so.
    const long left = left_until_failure--;
    if (left <= 0 && left > last) {
      has_failed = true;
      throw std::bad_alloc();
    }
  }
  void* memory = std::malloc(size == 0 ? 1 : size);
  if (memory == nullptr) throw std::bad_alloc();
  held += static_cast<std::ptrdiff_t>(::malloc_usable_size(memory));
  if (held > peak) peak = held;
  return memory;
}
void operator delete(void* memory) noexcept {
  if (memory != nullptr) held -= static_cast<std::ptrdiff_t>(::malloc_usable_size(memory));
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept { ::operator delete(memory); }

#endif
