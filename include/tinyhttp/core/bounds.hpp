// tinyhttp/core/bounds.hpp -- clamping a number: `at_most(wanted, room)`.
//
// What std::min does, without the 20,000 lines that <algorithm> brings into every program.
#pragma once

namespace tinyhttp {

/// `value`, or `bound` if that is smaller.
template <class T>
[[nodiscard]] constexpr T at_most(T value, T bound) noexcept {
  return bound < value ? bound : value;
}

/// The same for another unsigned type, such as that of a file's size; the result has the bound's type.
template <class Wide, class T>
  requires(Wide(-1) > Wide(0) && T(-1) > T(0))
[[nodiscard]] constexpr T at_most(Wide value, T bound) noexcept {
  return bound < value ? bound : static_cast<T>(value);
}

}  // namespace tinyhttp
