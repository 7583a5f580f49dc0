// tests/catch.hpp -- the one way to Catch2, whichever of versions 2.13 and 3 is installed.
//
// Write tests with version 3's names. What they are called in 2.13 is decided here only.
#pragma once

#if __has_include(<catch2/catch_all.hpp>)

#include <catch2/catch_all.hpp>

#else

#define CATCH_CONFIG_ENABLE_ALL_STRINGMAKERS
#include <catch2/catch.hpp>

#include <string>
#include <utility>

namespace Catch::Matchers {

inline auto ContainsSubstring(const std::string& text,
                              CaseSensitive::Choice choice = CaseSensitive::Yes) {
  return Contains(text, choice);
}

}  // namespace Catch::Matchers

#endif
