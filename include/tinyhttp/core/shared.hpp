// tinyhttp/core/shared.hpp -- std::shared_ptr with one control block for objects of all types.
//
// For what is made seldom. A control block of its own is a class for each type: some 30 functions that an
// unoptimised build has to make and emit, and in every build a virtual table and its relocations.
#pragma once

#include <memory>
#include <utility>

namespace tinyhttp {

/// Shares `made`, which was made by `new`; it is destroyed if that fails.
template <class T>
[[nodiscard]] std::shared_ptr<T> share(T* made) {
  void (*const destroy)(void*) = [](void* last) { delete static_cast<T*>(last); };
  std::shared_ptr<void> owner(static_cast<void*>(made), destroy);
  return std::shared_ptr<T>(std::move(owner), made);
}

}  // namespace tinyhttp
