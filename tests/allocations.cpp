#include "allocations.hpp"

#include <cstdlib>
#include <new>

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
}

std::size_t allocations() noexcept { return counted; }
bool allocations_are_counted() noexcept { return TESTS_COUNT_ALLOCATIONS != 0; }

#if TESTS_COUNT_ALLOCATIONS

// The other forms of new and delete (arrays, nothrow, sized) come down to these.
void* operator new(std::size_t size) {
  ++counted;
  if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

#endif
