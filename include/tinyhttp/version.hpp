// tinyhttp/version.hpp -- which tinyhttp this is, for #if, and what of the language it needs. The only macros of the
// library.
#pragma once

#if __cplusplus < 202002L
#error "tinyhttp needs C++20: compile with -std=c++20"
#endif
#if !defined(__cpp_exceptions)
#error "tinyhttp needs exceptions: compile without -fno-exceptions"
#endif

#define TINYHTTP_VERSION_MAJOR 0
#define TINYHTTP_VERSION_MINOR 1
#define TINYHTTP_VERSION_PATCH 0
#define TINYHTTP_VERSION "0.1.0"
