// tinyhttp/http/method.hpp -- request methods: any token, the registered ones by name.
//
// RFC 9110 9. Knows what a method promises (safe, idempotent), not who implements it.
#pragma once

#include <tinyhttp/core/ascii.hpp>

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

namespace tinyhttp {

/// A method is a case-sensitive token. The usual ones cost no memory; others keep their text.
class method {
  static constexpr std::string_view names[] = {
      "", "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"};

 public:
  /// One of the registered methods below: a constant, ready before any code runs.
  class known {
   public:
    [[nodiscard]] constexpr std::string_view name() const noexcept { return names[id_]; }
    friend constexpr bool operator==(known, known) noexcept = default;

   private:
    friend class method;
    constexpr explicit known(std::uint8_t id) noexcept : id_(id) {}
    std::uint8_t id_;  // index into `names`
  };
  static const known get, head, post, put, delete_, connect, options, trace, patch;

  method() noexcept = default;  // GET
  method(known one) noexcept : id_(one.id_) {}
  method(const method&) = default;
  method(method&&) noexcept = default;
  method& operator=(const method& from) {
    id_ = from.id_;
    if (id_ == 0) other_ = from.other_;
    return *this;
  }
  method& operator=(method&&) noexcept = default;
  method& operator=(known one) noexcept {
    id_ = one.id_;
    return *this;
  }
  ~method() = default;

  /// Throws std::invalid_argument if `name` is not a token (RFC 9110 5.6.2).
  method(std::string_view name) {
    if (!assign(name)) throw std::invalid_argument("method: not a token");
  }
  method(const char* name) : method(std::string_view(name)) {}
  method(const std::string& name) : method(std::string_view(name)) {}

  /// Sets the method to `name`; false, without a change, if that is not a token. Keeps its memory.
  [[nodiscard]] bool assign(std::string_view name);

  [[nodiscard]] std::string_view name() const noexcept {
    return id_ == 0 ? std::string_view(other_) : names[id_];
  }

  /// Whether it asks for no change on the server (RFC 9110 9.2.1).
  [[nodiscard]] bool is_safe() const noexcept;
  /// Whether sending it twice has the effect of sending it once (RFC 9110 9.2.2).
  [[nodiscard]] bool is_idempotent() const noexcept;

  friend bool operator==(const method& a, const method& b) noexcept {
    return a.id_ == b.id_ && (a.id_ != 0 || a.other_ == b.other_);
  }
  bool operator==(known other) const noexcept { return id_ == other.id_; }

 private:
  std::uint8_t id_ = 1;  // index into `names`; 0: see `other_`
  std::string other_;
};

// ---------------------------------------------------------------------------------------------

inline constexpr method::known method::get{1}, method::head{2}, method::post{3}, method::put{4},
    method::delete_{5}, method::connect{6}, method::options{7}, method::trace{8}, method::patch{9};

inline bool method::is_safe() const noexcept {
  return *this == get || *this == head || *this == options || *this == trace;
}
inline bool method::is_idempotent() const noexcept {
  return is_safe() || *this == put || *this == delete_;
}

inline bool method::assign(std::string_view name) {
  if (name == "GET") {  // most are
    id_ = get.id_;
    return true;
  }
  for (std::size_t i = 1; i < std::size(names); ++i) {
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
