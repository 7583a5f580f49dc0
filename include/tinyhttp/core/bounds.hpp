// tinyhttp/core/bounds.hpp -- keeping a number within another: `at_most(wanted, room)`.
//
// What std::min does, without the 20,000 lines that <algorithm> brings into every program.
#pragma once

namespace tinyhttp {

/// `value`, or `bound` if that is less.
template <class T>
[[nodiscard]] constexpr T at_most(T value, T bound) noexcept {
  return bound < value ? bound : value;
}

}  // namespace tinyhttp
