// tinyhttp/core/function.hpp -- a move-only owner of anything callable.
//
// The standard's move_only_function arrives in C++23. Small callables are stored inside without allocation.
#pragma once

#include <tinyhttp/core/concepts.hpp>
#include <tinyhttp/version.hpp>

#include <cstddef>
#include <new>
#include <type_traits>

namespace tinyhttp {

template <class Signature>
class function;  // function<R(Args...)>: called as it is; function<R(Args...) const>: called while const

namespace detail {

/// Owns the target of a `function`, whatever its signature: one class for all, so that it is compiled
/// once.
class function_target {
 public:
  [[gnu::always_inline]] function_target() noexcept {}  // what is kept inside is not set to anything
  function_target(function_target&& other) noexcept { take(other); }
  function_target& operator=(function_target&& other) noexcept {
    if (this != &other) {
      reset();
      take(other);
    }
    return *this;
  }
  ~function_target() { reset(); }

  [[nodiscard, gnu::always_inline]] explicit operator bool() const noexcept { return call_ != nullptr; }

 protected:
  using any_call = void (*)();  // a pointer to a function of another type, cast back before it is called
  static constexpr std::size_t inline_size = 4 * sizeof(void*);  // a lambda with four references

  template <class F>
  static constexpr bool fits = sizeof(F) <= inline_size && alignof(F) <= alignof(std::max_align_t) &&
                               moved_silently<F>;

  template <class F, class Arg>
  [[gnu::always_inline]] void emplace(Arg&& target, any_call call) {
    if constexpr (fits<F>) {
      ::new (static_cast<void*>(storage_)) F(static_cast<Arg&&>(target));
    } else {
      ::new (static_cast<void*>(storage_)) F*(new F(static_cast<Arg&&>(target)));
    }
    manage_ = manage<F>;
    call_ = call;
  }

  template <class F>
  [[gnu::always_inline]] static F& target(const void* storage) noexcept {
    void* place = const_cast<void*>(storage);
    if constexpr (fits<F>) {
      return *__builtin_launder(static_cast<F*>(place));
    } else {
      return **__builtin_launder(static_cast<F**>(place));
    }
  }

  /// Moves `from` to `to`; destroys it where that is null.
  template <class F>
  static void manage(void* to, void* from) noexcept {
    if constexpr (fits<F>) {
      F& source = *__builtin_launder(static_cast<F*>(from));
      if (to != nullptr) ::new (to) F(static_cast<F&&>(source));
      source.~F();
    } else {
      F* source = *__builtin_launder(static_cast<F**>(from));
      if (to != nullptr) {
        ::new (to) F*(source);
      } else {
        delete source;
      }
    }
  }

  alignas(std::max_align_t) std::byte storage_[inline_size];
  void (*manage_)(void* to, void* from) noexcept = nullptr;
  any_call call_ = nullptr;

 private:
  [[gnu::noinline]] void take(function_target& other) noexcept {
    if (other.call_ == nullptr) return;
    other.manage_(storage_, other.storage_);
    manage_ = other.manage_;
    call_ = other.call_;
    other.call_ = nullptr;
  }
  [[gnu::noinline]] void reset() noexcept {
    if (call_ != nullptr) manage_(nullptr, storage_);
    call_ = nullptr;
  }
};

}  // namespace detail

/// Owns a callable. Empty when default-constructed or moved from; calling an empty one is undefined.
template <class R, class... Args>
class function<R(Args...)> : detail::function_target {
 public:
  using detail::function_target::operator bool;

  [[gnu::always_inline]] function() noexcept = default;
  function(const function&) = delete;  // what holds one, as options do, is handed over by std::move
  [[gnu::always_inline]] function(function&&) noexcept = default;
  [[gnu::always_inline]] function& operator=(function&&) noexcept = default;
  [[gnu::always_inline]] ~function() = default;
  template <class F>
    requires(!std::is_same_v<std::remove_cvref_t<F>, function> &&
             detail::called_for<std::decay_t<F>, R, Args...>)
  [[gnu::always_inline]] function(F&& target) {
    using held = std::decay_t<F>;
    emplace<held>(static_cast<F&&>(target), reinterpret_cast<any_call>(call<held>));
  }

  [[gnu::always_inline]] R operator()(Args... args) {
    return reinterpret_cast<call_type>(call_)(storage_, static_cast<Args&&>(args)...);
  }

 private:
  using call_type = R (*)(const void*, Args...);
  template <class F>
  static R call(const void* place, Args... args) {
    if constexpr (std::is_same_v<R, void>) {
      target<F>(place)(static_cast<Args&&>(args)...);
    } else {
      return target<F>(place)(static_cast<Args&&>(args)...);
    }
  }
};

/// The same, for callables that can be called while const: several threads may call it at once.
template <class R, class... Args>
class function<R(Args...) const> : detail::function_target {
 public:
  using detail::function_target::operator bool;

  [[gnu::always_inline]] function() noexcept = default;
  function(const function&) = delete;  // what holds one, as options do, is handed over by std::move
  [[gnu::always_inline]] function(function&&) noexcept = default;
  [[gnu::always_inline]] function& operator=(function&&) noexcept = default;
  [[gnu::always_inline]] ~function() = default;
  template <class F>
    requires(!std::is_same_v<std::remove_cvref_t<F>, function> &&
             detail::called_for<const std::decay_t<F>, R, Args...>)
  [[gnu::always_inline]] function(F&& target) {
    using held = std::decay_t<F>;
    emplace<held>(static_cast<F&&>(target), reinterpret_cast<any_call>(call<held>));
  }

  [[gnu::always_inline]] R operator()(Args... args) const {
    return reinterpret_cast<call_type>(call_)(storage_, static_cast<Args&&>(args)...);
  }

 private:
  using call_type = R (*)(const void*, Args...);
  template <class F>
  static R call(const void* place, Args... args) {
    if constexpr (std::is_same_v<R, void>) {
      static_cast<const F&>(target<F>(place))(static_cast<Args&&>(args)...);
    } else {
      return static_cast<const F&>(target<F>(place))(static_cast<Args&&>(args)...);
    }
  }
};

}  // namespace tinyhttp
