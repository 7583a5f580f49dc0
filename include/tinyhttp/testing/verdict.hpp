// tinyhttp/testing/verdict.hpp -- yes or no, with the reasons, for every test framework.
//
// Depends on no framework: Catch2, doctest and Boost.Test convert it to bool and stream it; GoogleTest's
// EXPECT_TRUE builds its AssertionResult from it.
#pragma once

#include <concepts>
#include <iosfwd>
#include <string>
#include <type_traits>
#include <utility>

namespace tinyhttp::testing {

/// The outcome of a check. `CHECK(v)`, `EXPECT_TRUE(v)` and `BOOST_TEST(v)` print its text if it is
/// false.
class [[nodiscard]] verdict {
 public:
  verdict(bool holds, std::string text) : holds_(holds), text_(std::move(text)) {}

  [[nodiscard]] explicit operator bool() const noexcept { return holds_; }
  [[nodiscard]] const std::string& text() const noexcept { return text_; }
  /// The opposite, with the same text. Negating that again gives a plain bool: Boost.Test asks `!!v`.
  [[nodiscard]] class contrary operator!() const;

  /// For GoogleTest: converts to anything that is made from a bool, takes streamed text, and has a `message()`.
  template <class Assertion>
    requires(std::is_class_v<Assertion> && std::constructible_from<Assertion, bool> &&
             requires(Assertion a, const std::string& t) {
               { a << t };
               { a.message() } -> std::convertible_to<const char*>;
             })
  operator Assertion() const {
    Assertion made(holds_);
    if (!holds_) made << text_;
    return made;
  }

 private:
  bool holds_;
  std::string text_;
};

/// The result of `!` on a verdict.
class [[nodiscard]] contrary : public verdict {
 public:
  using verdict::verdict;
  [[nodiscard]] bool operator!() const noexcept { return !static_cast<bool>(*this); }
};

inline contrary verdict::operator!() const { return {!holds_, text_}; }

template <class Traits>
std::basic_ostream<char, Traits>& operator<<(std::basic_ostream<char, Traits>& out, const verdict& v) {
  return out << v.text();
}

}  // namespace tinyhttp::testing
