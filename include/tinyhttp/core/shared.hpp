// tinyhttp/core/shared.hpp -- a shared pointer: owns an object together with its copies.
//
// In place of std::shared_ptr, which brings <memory> and with it the standard's streams and locales: a tenth of the
// time to compile a server at -O0. This is one class for all types. It accepts a std::shared_ptr or a
// std::unique_ptr.
#pragma once

#include <tinyhttp/core/atomic.hpp>
#include <tinyhttp/core/concepts.hpp>

#include <cstddef>
#include <new>
#include <type_traits>

namespace tinyhttp {

namespace detail {

template <class T>
void destroy(const void* last) noexcept {
  static_assert(sizeof(T) > 0, "what is shared is complete where it was made");
  delete static_cast<const T*>(last);
}

/// A share of anything, and a pointer to that or a part of it. Copies may be in several threads.
class shared_owner {
 public:
  [[gnu::always_inline]] shared_owner() noexcept = default;
  shared_owner(const shared_owner& other) noexcept : shared_owner(other, other.part_) {}
  shared_owner(shared_owner&& other) noexcept : shared_owner(static_cast<shared_owner&&>(other), other.part_) {}
  shared_owner& operator=(const shared_owner& other) noexcept { return *this = shared_owner(other); }
  shared_owner& operator=(shared_owner&& other) noexcept {
    if (this == &other) return *this;
    const shared_owner gone(static_cast<shared_owner&&>(*this), nullptr);
    part_ = other.part_;
    whole_ = other.whole_;
    other.part_ = nullptr;
    other.whole_ = nullptr;
    return *this;
  }
  ~shared_owner() {
    if (whole_ != nullptr) leave();
  }

  [[nodiscard, gnu::always_inline]] const void* get() const noexcept { return part_; }
  [[nodiscard, gnu::always_inline]] explicit operator bool() const noexcept { return part_ != nullptr; }
  /// How many share it, this one too; another thread may be about to change that.
  [[nodiscard]] std::size_t use_count() const noexcept {
    return whole_ != nullptr ? whole_->owners.load(threading::memory_order::relaxed) : 0;
  }
  void reset() noexcept { *this = shared_owner(); }

 protected:
  using destroyer = void (*)(const void* last) noexcept;
  /// Owns `made`, which is destroyed at once if that fails.
  shared_owner(const void* made, destroyer destroys) : part_(made) {
    try {
      if (made != nullptr) whole_ = ::new (::operator new(sizeof(whole))) whole{made, destroys};
    } catch (...) {
      destroys(made);
      throw;
    }
  }
  shared_owner(const shared_owner& of, const void* part) noexcept : part_(part), whole_(of.whole_) {
    if (whole_ != nullptr) whole_->owners.fetch_add(1, threading::memory_order::relaxed);
  }
  shared_owner(shared_owner&& of, const void* part) noexcept : part_(part), whole_(of.whole_) {
    of.part_ = nullptr;
    of.whole_ = nullptr;
  }

  /// Holds `other` beside the count, and points to a `part` of what that owns. Where nothing is shared yet.
  template <class Other>
  void hold(Other&& other, const void* part) {
    whole_ = ::new (::operator new(sizeof(holding<Other>))) holding<Other>(static_cast<Other&&>(other));
    part_ = part;
  }

 private:
  struct whole {
    const void* thing;
    destroyer destroys;
    threading::atomic<std::size_t> owners{1};
  };
  template <class Other>
  struct holding : whole {
    static_assert(moved_silently<Other> && alignof(Other) <= __STDCPP_DEFAULT_NEW_ALIGNMENT__);
    explicit holding(Other&& other) noexcept
        : whole{&held, [](const void* last) noexcept { static_cast<const Other*>(last)->~Other(); }},
          held(static_cast<Other&&>(other)) {}
    Other held;
  };

  [[gnu::noinline]] void leave() noexcept {
    // The only owner is no thread's but ours, and then nobody can become another.
    if (whole_->owners.load(threading::memory_order::acquire) != 1 &&
        whole_->owners.fetch_sub(1, threading::memory_order::acq_rel) != 1)
      return;
    whole_->destroys(whole_->thing);
    ::operator delete(whole_);
  }

  const void* part_ = nullptr;
  whole* whole_ = nullptr;
};

/// Shares a `T`, as std::shared_ptr does, or owns one, as std::unique_ptr does.
template <class Pointer, class T>
concept shares = requires(Pointer& pointer, T*& to) { to = pointer.get(); } &&
                 (requires(Pointer& pointer) { pointer.use_count(); } || requires(Pointer& pointer, T*& to) { to = pointer.release(); });

}  // namespace detail

/// Owns a `T` together with its copies, or nothing; the last copy destroys it. Like std::shared_ptr, but without weak
/// pointers and custom deleters.
template <class T>
class shared : public detail::shared_owner {
 public:
  [[gnu::always_inline]] shared() noexcept = default;
  [[gnu::always_inline]] shared(std::nullptr_t) noexcept {}
  /// `made` must come from `new`.
  [[gnu::always_inline]] explicit shared(T* made) : shared_owner(made, detail::destroy<T>) {}
  /// The same for a class derived from `T`, which is destroyed as its own type.
  template <class Made>
    requires(!std::is_same_v<const Made, const T> && requires(Made* made, T*& to) { to = made; })
  explicit shared(Made* made) : shared(shared<Made>(made)) {}
  /// Points to a `part` of the object of `all`, and keeps that whole object alive.
  template <class Whole>
  [[gnu::always_inline]] shared(const shared<Whole>& all, T* part) noexcept : shared_owner(all, part) {}
  template <class Whole>
  [[gnu::always_inline]] shared(shared<Whole>&& all, T* part) noexcept
      : shared_owner(static_cast<shared_owner&&>(all), part) {}
  /// What is a `T`, too.
  template <class Other>
    requires detail::shares<shared<Other>, T>
  [[gnu::always_inline]] shared(shared<Other> other) noexcept : shared(static_cast<shared<Other>&&>(other), other.get()) {}
  /// Holds a std::shared_ptr, a std::unique_ptr, or another pointer like them; this takes an allocation.
  template <class Pointer>
    requires(detail::shares<Pointer, T> && !std::is_base_of_v<shared_owner, Pointer>)
  shared(Pointer pointer) {
    if (T* const part = pointer.get()) hold(static_cast<Pointer&&>(pointer), part);
  }
  [[gnu::always_inline]] shared(const shared&) noexcept = default;
  [[gnu::always_inline]] shared(shared&&) noexcept = default;
  [[gnu::always_inline]] shared& operator=(const shared&) noexcept = default;
  [[gnu::always_inline]] shared& operator=(shared&&) noexcept = default;
  [[gnu::always_inline]] ~shared() = default;

  [[nodiscard, gnu::always_inline]] T* get() const noexcept {
    return static_cast<T*>(const_cast<void*>(shared_owner::get()));
  }
  [[nodiscard, gnu::always_inline]] T& operator*() const noexcept { return *get(); }
  [[nodiscard, gnu::always_inline]] T* operator->() const noexcept { return get(); }
  [[nodiscard, gnu::always_inline]] bool operator==(const shared& other) const noexcept { return get() == other.get(); }
  [[nodiscard, gnu::always_inline]] bool operator==(std::nullptr_t) const noexcept { return get() == nullptr; }
};

/// Makes a `shared` of `made`, which came from `new`, as its own type or as `As`.
template <class As = void, class T>
[[nodiscard]] shared<std::conditional_t<std::is_void_v<As>, T, As>> share(T* made) {
  return shared<T>(made);
}

}  // namespace tinyhttp
