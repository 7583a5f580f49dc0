// tinyhttp/core/function.hpp -- a move-only owner of anything callable.
//
// The standard's move_only_function arrives in C++23. Small callables are kept inside; nothing is
// allocated for them.
#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

namespace tinyhttp {

template <class Signature>
class function;  // function<R(Args...)>: called as it is; function<R(Args...) const>: called while const

namespace detail {

/// The storage and the two operations shared by every signature. `Invoke` is the type of the
/// function pointer that calls the target.
template <class Invoke>
class function_base {
 public:
  function_base() = default;
  function_base(function_base&& other) noexcept { take(other); }
  function_base& operator=(function_base&& other) noexcept {
    if (this != &other) {
      reset();
      take(other);
    }
    return *this;
  }
  ~function_base() { reset(); }

  [[nodiscard]] explicit operator bool() const noexcept { return invoke_ != nullptr; }

 protected:
  static constexpr std::size_t inline_size = 4 * sizeof(void*);  // a lambda with four references

  template <class F>
  static constexpr bool fits = sizeof(F) <= inline_size && alignof(F) <= alignof(std::max_align_t) &&
                               std::is_nothrow_move_constructible_v<F>;

  template <class F, class Arg>
  void emplace(Arg&& target, Invoke invoke) {
    if constexpr (fits<F>) {
      ::new (static_cast<void*>(storage_)) F(std::forward<Arg>(target));
      manage_ = [](void* to, void* from) noexcept {
        F& source = *std::launder(static_cast<F*>(from));
        if (to != nullptr) ::new (to) F(std::move(source));
        source.~F();
      };
    } else {
      ::new (static_cast<void*>(storage_)) F*(std::make_unique<F>(std::forward<Arg>(target)).release());
      manage_ = [](void* to, void* from) noexcept {
        F* source = *std::launder(static_cast<F**>(from));
        if (to != nullptr) {
          ::new (to) F*(source);
        } else {
          delete source;
        }
      };
    }
    invoke_ = invoke;
  }

  template <class F>
  static F& target(const void* storage) noexcept {
    void* place = const_cast<void*>(storage);
    if constexpr (fits<F>) {
      return *std::launder(static_cast<F*>(place));
    } else {
      return **std::launder(static_cast<F**>(place));
    }
  }

  [[nodiscard]] const void* storage() const noexcept { return storage_; }
  [[nodiscard]] Invoke invoker() const noexcept { return invoke_; }

 private:
  void take(function_base& other) noexcept {
    if (other.invoke_ == nullptr) return;
    other.manage_(storage_, other.storage_);
    manage_ = other.manage_;
    invoke_ = std::exchange(other.invoke_, nullptr);
  }
  void reset() noexcept {
    if (invoke_ != nullptr) manage_(nullptr, storage_);
    invoke_ = nullptr;
  }

  alignas(std::max_align_t) std::byte storage_[inline_size];
  void (*manage_)(void* to, void* from) noexcept = nullptr;  // moves `from` to `to`, or destroys it
  Invoke invoke_ = nullptr;
};

}  // namespace detail

/// Owns a callable. Empty when default-constructed or moved from; calling an empty one is undefined.
template <class R, class... Args>
class function<R(Args...)> : public detail::function_base<R (*)(const void*, Args...)> {
 public:
  function() = default;
  template <class F>
    requires(!std::is_same_v<std::remove_cvref_t<F>, function> &&
             std::is_invocable_r_v<R, std::decay_t<F>&, Args...>)
  function(F&& target) {
    using held = std::decay_t<F>;
    this->template emplace<held>(std::forward<F>(target), [](const void* place, Args... args) -> R {
      if constexpr (std::is_void_v<R>) {
        function::template target<held>(place)(std::forward<Args>(args)...);
      } else {
        return function::template target<held>(place)(std::forward<Args>(args)...);
      }
    });
  }

  R operator()(Args... args) { return this->invoker()(this->storage(), std::forward<Args>(args)...); }
};

/// The same, for callables that can be called while const: several threads may call it at once.
template <class R, class... Args>
class function<R(Args...) const> : public detail::function_base<R (*)(const void*, Args...)> {
 public:
  function() = default;
  template <class F>
    requires(!std::is_same_v<std::remove_cvref_t<F>, function> &&
             std::is_invocable_r_v<R, const std::decay_t<F>&, Args...>)
  function(F&& target) {
    using held = std::decay_t<F>;
    this->template emplace<held>(std::forward<F>(target), [](const void* place, Args... args) -> R {
      if constexpr (std::is_void_v<R>) {
        std::as_const(function::template target<held>(place))(std::forward<Args>(args)...);
      } else {
        return std::as_const(function::template target<held>(place))(std::forward<Args>(args)...);
      }
    });
  }

  R operator()(Args... args) const {
    return this->invoker()(this->storage(), std::forward<Args>(args)...);
  }
};

}  // namespace tinyhttp
