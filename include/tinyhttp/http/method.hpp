// tinyhttp/http/method.hpp -- request methods: any token, the registered ones by name.
//
// RFC 9110 9. Knows what a method promises (safe, idempotent), not who implements it.
#pragma once

#include <tinyhttp/core/ascii.hpp>

#include <array>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace tinyhttp {

/// A method is a case-sensitive token. The usual ones cost no memory; others keep their text.
class method {
 public:
  static const method get, head, post, put, delete_, connect, options, trace, patch;

  method() noexcept : method(1) {}  // GET

  /// Throws std::invalid_argument when `name` is not a token (RFC 9110 5.6.2).
  method(std::string_view name) {
    if (!assign(name)) throw std::invalid_argument("method: not a token");
  }
  method(const char* name) : method(std::string_view(name)) {}

  /// Becomes `name`; false, and unchanged, when that is not a token. Keeps its memory.
  [[nodiscard]] bool assign(std::string_view name);

  [[nodiscard]] std::string_view name() const noexcept {
    return id_ == 0 ? std::string_view(other_) : names[id_];
  }

  /// Asks for nothing to change on the server (RFC 9110 9.2.1).
  [[nodiscard]] bool is_safe() const noexcept {
    return *this == get || *this == head || *this == options || *this == trace;
  }
  /// Twice is the same as once (RFC 9110 9.2.2).
  [[nodiscard]] bool is_idempotent() const noexcept {
    return is_safe() || *this == put || *this == delete_;
  }

  friend bool operator==(const method& a, const method& b) noexcept {
    return a.id_ == b.id_ && (a.id_ != 0 || a.other_ == b.other_);
  }

 private:
  static constexpr std::array<std::string_view, 10> names{
      "", "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"};

  constexpr explicit method(int id) noexcept : id_(static_cast<std::uint8_t>(id)) {}

  std::uint8_t id_ = 1;  // index into `names`; 0: see `other_`
  std::string other_;
};

// ---------------------------------------------------------------------------------------------

inline const method method::get{1};
inline const method method::head{2};
inline const method method::post{3};
inline const method method::put{4};
inline const method method::delete_{5};
inline const method method::connect{6};
inline const method method::options{7};
inline const method method::trace{8};
inline const method method::patch{9};

inline bool method::assign(std::string_view name) {
  for (std::size_t i = 1; i < names.size(); ++i) {
    if (names[i] != name) continue;
    id_ = static_cast<std::uint8_t>(i);
    return true;
  }
  if (!ascii::is_token(name)) return false;
  id_ = 0;
  other_ = name;
  return true;
}

}  // namespace tinyhttp
