// tinyhttp/core/shared.hpp -- std::shared_ptr with one control block for objects of all types.
//
// For what is made seldom. A control block of its own is a class for each type: some 30 functions that an
// unoptimised build has to make and emit, and in every build a virtual table and its relocations.
#pragma once

#include <memory>
#include <utility>

namespace tinyhttp {

namespace detail {
template <class T>
void destroy(void* last) {
  delete static_cast<T*>(last);
}
}  // namespace detail

/// Shares `made`, which was made by `new`, as an `As`; it is destroyed as what it is, at once if that fails.
template <class As, class T>
[[nodiscard]] std::shared_ptr<As> share(T* made) {
  std::shared_ptr<void> owner(static_cast<void*>(made), detail::destroy<T>);
  return std::shared_ptr<As>(std::move(owner), made);
}

}  // namespace tinyhttp
