// tinyhttp/core/result.hpp -- a value, or an error that says what failed, where and why.
//
// Errors are values on data paths. Knows neither messages nor sockets: a status hint is a number for upper layers, a
// cause is text.
#pragma once

#include <tinyhttp/core/concepts.hpp>
#include <tinyhttp/version.hpp>

#include <cstdint>
#include <new>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace tinyhttp {

/// The kind of an error, for programs that decide by it.
enum class error_kind : std::uint8_t {
  invalid_argument,  // our caller passed something unusable
  resolve,           // a host name has no address
  connect,           // no connection was established
  tls,               // no secure connection was established, or its octets were altered
  timeout,           // a deadline passed
  protocol,          // the peer broke the protocol
  limit,             // a bound was exceeded
  closed,            // the peer closed, or cut a message off
  cancelled,         // we were told to stop
  io,                // the operating system refused
};

/// What failed, where, and why, in one line.
class error {
 public:
  // Not inline, and cold: errors are made and passed on in hundreds of places, and seldom.
  [[gnu::cold, gnu::noinline]] error(error_kind kind, std::string message, int status_hint = 0)
      : kind_(kind), status_hint_(status_hint), message_(static_cast<std::string&&>(message)) {}
  [[gnu::cold, gnu::noinline]] error(error_kind kind, const char* message, int status_hint = 0)
      : kind_(kind), status_hint_(status_hint), message_(message) {}
  [[gnu::cold, gnu::noinline]] error(const error&) = default;
  [[gnu::cold, gnu::noinline]] error(error&&) noexcept = default;
  [[gnu::cold, gnu::noinline]] error& operator=(const error&) = default;
  [[gnu::cold, gnu::noinline]] error& operator=(error&&) noexcept = default;
  [[gnu::cold, gnu::noinline]] ~error() = default;

  [[nodiscard]] error_kind kind() const noexcept { return kind_; }

  /// One line without a line end, such as `connect 127.0.0.1:9: connection refused`. It may name files and addresses
  /// of this machine, so it is for logs and local users, never for a peer.
  [[nodiscard]] const std::string& message() const noexcept { return message_; }

  /// The status with which a server answers this error (RFC 9110 15), or 0 if there is none.
  [[nodiscard]] int status_hint() const noexcept { return status_hint_; }

  /// The same error with context: `where: message`.
  [[nodiscard, gnu::cold]] error within(std::string_view where) const {
    return {kind_, std::string(where).append(": ").append(message_), status_hint_};
  }

 private:
  error_kind kind_;
  int status_hint_;
  std::string message_;
};

/// The exception that `result<T>::value()` throws.
class bad_result : public std::runtime_error {
 public:
  explicit bad_result(tinyhttp::error failed)
      : std::runtime_error(failed.message()), error_(static_cast<tinyhttp::error&&>(failed)) {}
  [[nodiscard]] const tinyhttp::error& error() const noexcept { return error_; }

 private:
  tinyhttp::error error_;
};

namespace detail {
struct nothing {};  // what a result<void> holds
[[noreturn, gnu::cold, gnu::noinline]] inline void throw_result(const error& failed) { throw bad_result(failed); }
}  // namespace detail

/// A `T` or an `error`. `T` may be void: then it says only whether something worked. It is copied and moved as `T`
/// is; the source of a move keeps a moved-from value or error.
///
///     if (auto r = get(url)) use(*r); else log(r.error().message());
template <class T>
class [[nodiscard]] result {
  using stored = std::conditional_t<std::is_same_v<T, void>, detail::nothing, T>;

 public:
  using value_type = T;

  [[gnu::always_inline]] result() noexcept
    requires std::is_same_v<T, void>
      : value_(), has_value_(true) {}
  template <class U = stored>
    requires(!std::is_same_v<T, void> && !std::is_same_v<std::remove_cvref_t<U>, result> &&
             !std::is_same_v<std::remove_cvref_t<U>, tinyhttp::error> && detail::made_from<stored, U>)
  [[gnu::always_inline]] result(U&& value) : value_(static_cast<U&&>(value)), has_value_(true) {}
  [[gnu::always_inline]] result(tinyhttp::error&& failed) noexcept
      : error_(static_cast<tinyhttp::error&&>(failed)), has_value_(false) {}
  [[gnu::always_inline]] result(const tinyhttp::error& failed) : error_(failed), has_value_(false) {}

  result(result&& other) noexcept(detail::moved_silently<stored>) : has_value_(other.has_value_) {
    if (has_value_) ::new (static_cast<void*>(&value_)) stored(static_cast<stored&&>(other.value_));
    else ::new (static_cast<void*>(&error_)) tinyhttp::error(static_cast<tinyhttp::error&&>(other.error_));
  }
  result(const result& other)
    requires detail::made_from<stored, const stored&>
      : has_value_(other.has_value_) {
    if (has_value_) ::new (static_cast<void*>(&value_)) stored(other.value_);
    else ::new (static_cast<void*>(&error_)) tinyhttp::error(other.error_);
  }
  result& operator=(result&& other) noexcept(detail::moved_silently<stored>) {
    if (this != &other) {
      this->~result();
      ::new (static_cast<void*>(this)) result(static_cast<result&&>(other));
    }
    return *this;
  }
  result& operator=(const result& other)
    requires detail::made_from<stored, const stored&>
  {
    return *this = result(other);
  }
  ~result() {
    if (has_value_) value_.~stored();
    else error_.~error();
  }

  [[nodiscard, gnu::always_inline]] bool has_value() const noexcept { return has_value_; }
  [[nodiscard, gnu::always_inline]] explicit operator bool() const noexcept { return has_value_; }

  /// The value. Undefined if there is none; `value()` checks.
  [[nodiscard, gnu::always_inline]] stored& operator*() & noexcept { return value_; }
  [[nodiscard, gnu::always_inline]] const stored& operator*() const& noexcept { return value_; }
  [[nodiscard, gnu::always_inline]] stored&& operator*() && noexcept { return static_cast<stored&&>(value_); }
  [[nodiscard, gnu::always_inline]] stored* operator->() noexcept { return &value_; }
  [[nodiscard, gnu::always_inline]] const stored* operator->() const noexcept { return &value_; }

  /// The value; throws `bad_result` with the error's line if there is none.
  std::add_lvalue_reference_t<T> value() & {
    check();
    if constexpr (!std::is_same_v<T, void>) return value_;
  }
  std::add_lvalue_reference_t<const T> value() const& {
    check();
    if constexpr (!std::is_same_v<T, void>) return value_;
  }
  T value() && {
    check();
    if constexpr (!std::is_same_v<T, void>) return static_cast<stored&&>(value_);
  }

  /// The error. Undefined if there is none.
  [[nodiscard, gnu::always_inline]] const tinyhttp::error& error() const noexcept { return error_; }

 private:
  void check() const {
    if (!has_value_) detail::throw_result(error_);
  }

  union {  // not std::variant: there are dozens of results in a program, and those cost compile time
    stored value_;
    tinyhttp::error error_;
  };
  bool has_value_;
};

}  // namespace tinyhttp
