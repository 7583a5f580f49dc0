// tinyhttp/core/shared.hpp -- what is shared, with one std::shared_ptr and one control block for all types.
//
// A std::shared_ptr of its own is some 15 functions for each type that an unoptimised build has to make and
// emit, a control block another 30, and in every build a virtual table and its relocations.
#pragma once

#include <cstddef>
#include <memory>
#include <type_traits>

namespace tinyhttp {

namespace detail {
template <class T>
void destroy(const void* last) {
  delete static_cast<const T*>(last);
}

/// Owns `made`, which was made by `new`; it is destroyed as what it is, at once if that fails.
template <class T>
[[nodiscard]] std::shared_ptr<const void> share_any(T* made) {
  return std::shared_ptr<const void>(static_cast<const void*>(made), destroy<T>);
}
}  // namespace detail

/// Shares `made`, which was made by `new`, as users know it: as what it is, or as `As`. For what is made
/// seldom, as a control block of its own is another allocation.
template <class As = void, class T>
[[nodiscard]] std::shared_ptr<std::conditional_t<std::is_void_v<As>, T, As>> share(T* made) {
  static_assert(!requires { made->weak_from_this(); }, "it would not know that it is shared");
  return {detail::share_any(made), made};
}

/// As std::shared_ptr<T>, for what stays inside.
template <class T>
class shared {
 public:
  [[gnu::always_inline]] shared() noexcept = default;
  [[gnu::always_inline]] shared(std::nullptr_t) noexcept {}
  [[gnu::always_inline]] explicit shared(T* made) : held_(detail::share_any(made)) {}
  /// A `part` of what `whole` shares, all of which it holds.
  template <class Whole>
  [[gnu::always_inline]] shared(const shared<Whole>& whole, T* part) noexcept : held_(whole.owner(), part) {}
  [[gnu::always_inline]] shared(const shared&) noexcept = default;
  [[gnu::always_inline]] shared(shared&&) noexcept = default;
  [[gnu::always_inline]] shared& operator=(const shared&) noexcept = default;
  [[gnu::always_inline]] shared& operator=(shared&&) noexcept = default;
  [[gnu::always_inline]] ~shared() = default;

  [[gnu::always_inline]] void reset() noexcept { held_.reset(); }
  [[nodiscard, gnu::always_inline]] T* get() const noexcept {
    return static_cast<T*>(const_cast<void*>(held_.get()));
  }
  [[nodiscard, gnu::always_inline]] T& operator*() const noexcept { return *get(); }
  [[nodiscard, gnu::always_inline]] T* operator->() const noexcept { return get(); }
  [[nodiscard, gnu::always_inline]] explicit operator bool() const noexcept { return held_ != nullptr; }
  [[nodiscard, gnu::always_inline]] bool operator==(const shared& other) const noexcept { return get() == other.get(); }

  /// What holds it, to make a std::shared_ptr that does, too.
  [[nodiscard, gnu::always_inline]] const std::shared_ptr<const void>& owner() const& noexcept { return held_; }
  [[nodiscard, gnu::always_inline]] std::shared_ptr<const void> owner() && noexcept {
    return static_cast<std::shared_ptr<const void>&&>(held_);
  }

 private:
  std::shared_ptr<const void> held_;
};

}  // namespace tinyhttp
