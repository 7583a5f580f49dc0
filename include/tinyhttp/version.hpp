// tinyhttp/version.hpp -- which tinyhttp this is, for #if, and what of the language it needs. The only macros of the
// library.
#pragma once

#if __cplusplus < 202002L
#error "tinyhttp needs C++20: compile with -std=c++20"
#include <tinyhttp_needs_a_newer_language>  // is nowhere, and so ends what would be thousands of errors
#elif !defined(__cpp_impl_coroutine) || (defined(__GNUC__) && !defined(__clang__) && __GNUC__ < 12)
#error "tinyhttp needs coroutines that work: g++ 12, clang 14 or later"
#endif
#if !defined(__cpp_exceptions)
#error "tinyhttp needs exceptions: compile without -fno-exceptions"
#endif

#define TINYHTTP_VERSION_MAJOR 0
#define TINYHTTP_VERSION_MINOR 1
#define TINYHTTP_VERSION_PATCH 0
#define TINYHTTP_VERSION "0.1.0"
