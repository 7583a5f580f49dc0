// tinyhttp/core/concepts.hpp -- what can be done with a type, as expressions.
//
// The standard's traits are three to six class templates for each type that is asked about, and as long to
// compile as a function of its own; an expression is none.
#pragma once

#include <new>
#include <type_traits>

namespace tinyhttp::detail {

/// A `T` can be constructed from a `From`, as in std::is_constructible_v, whether or not it can be destroyed.
template <class T, class From>
concept made_from = requires(From&& from, void* place) { ::new (place) T(static_cast<From&&>(from)); };

/// Move construction of a `T` does not throw.
template <class T>
concept moved_silently = requires(T&& from, void* place) {
  { ::new (place) T(static_cast<T&&>(from)) } noexcept;
};

template <class R>
void take_as(R) noexcept;  // declared only

/// Calling an `F` with `Args` returns an `R`, or what converts to one; anything if `R` is void.
template <class F, class R, class... Args>
concept called_for = requires(F& f, Args&&... args) {
  requires std::is_same_v<R, void> || requires { take_as<R>(f(static_cast<Args&&>(args)...)); };
  f(static_cast<Args&&>(args)...);
};

}  // namespace tinyhttp::detail
