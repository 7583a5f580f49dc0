// tinyhttp/http/target.hpp -- request targets: origin, absolute, asterisk and authority form.
//
// RFC 9112 3.2. Splits the target and judges its octets; decodes nothing unasked, resolves nothing.
#pragma once

#include <tinyhttp/core/ascii.hpp>
#include <tinyhttp/core/small_vector.hpp>
#include <tinyhttp/http/method.hpp>
#include <tinyhttp/http/percent.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace tinyhttp {

/// The four forms of RFC 9112 3.2.
enum class target_form : std::uint8_t {
  origin,     // /path?query
  absolute,   // http://authority/path?query
  authority,  // host:port, for CONNECT only
  asterisk,   // *, for OPTIONS only
};

/// A request target, in the octets in which it was sent. Views are valid until the target is changed or destroyed. A
/// target that was moved from is `/`.
class target {
 public:
  target() noexcept { reset(); }
  target(const target&) = default;
  target& operator=(const target&) = default;
  target(target&& other) noexcept { take(other); }
  target& operator=(target&& other) noexcept {
    if (this != &other) take(other);
    return *this;
  }
  ~target() = default;

  /// Throws std::invalid_argument if `text` is no valid target for method `m`.
  target(std::string_view text, const method& m = method::get) : target() {
    if (!assign(text, m)) throw std::invalid_argument("target: not a request target");
  }
  target(const char* text) : target(std::string_view(text)) {}

  /// Becomes `text`. False, and unchanged, if it is no valid target for method `m`: empty, an octet outside visible
  /// US-ASCII, a fragment, or a form that does not fit the method.
  [[nodiscard]] bool assign(std::string_view text, const method& m);
  /// The same, for the parser: it has looked at every octet, and found the first `?` at `question`;
  /// no less than the size of `text` when there is none. `wide`: from its beginning on, sixteen octets may be read.
  [[nodiscard]] bool assign_checked(std::string_view text, std::size_t question, const method& m, bool wide = false);
  /// Becomes `/`, keeping its memory.
  void reset() noexcept {
    text_.assign("/", 1);
    form_ = target_form::origin;
    authority_at_ = authority_size_ = path_at_ = 0;
    path_size_ = 1;
  }

  [[nodiscard]] std::string_view text() const noexcept { return part(0, text_.size()); }
  [[nodiscard]] target_form form() const noexcept { return form_; }

  /// The path, with escapes as sent. Starts with `/` in origin and absolute form; `*` for asterisk form; empty for
  /// authority form.
  [[nodiscard]] std::string_view path() const noexcept {
    return path_size_ == 0 && form_ == target_form::absolute
               ? std::string_view("/")
               : part(path_at_, path_size_);
  }

  /// What follows the first `?`, with escapes as sent.
  [[nodiscard]] std::string_view query() const noexcept {
    const std::size_t end = path_at_ + path_size_;
    return end < text_.size() ? part(end + 1, text_.size() - end - 1) : std::string_view();
  }
  [[nodiscard]] bool has_query() const noexcept { return path_at_ + path_size_ < text_.size(); }

  /// `host:port` of absolute and authority form; empty otherwise.
  [[nodiscard]] std::string_view authority() const noexcept {
    return part(authority_at_, authority_size_);
  }

  friend bool operator==(const target& a, const target& b) noexcept { return a.text() == b.text(); }

 private:
  [[nodiscard]] std::string_view part(std::size_t at, std::size_t size) const noexcept {
    return {text_.data() + at, size};
  }
  void take(target& other) noexcept;
  [[nodiscard]] bool assign_special(std::string_view text, std::size_t question, const method& m);
  void set(std::string_view text, target_form form, std::size_t authority_at, std::size_t authority_size,
           std::size_t path_at, std::size_t question, bool wide = false);

  small_vector<char, 64> text_;
  target_form form_ = target_form::origin;
  std::size_t authority_at_ = 0, authority_size_ = 0;
  std::size_t path_at_ = 0, path_size_ = 1;
};

/// `text` is `uri-host [ ":" port ]` (RFC 9110 7.2), the syntax of a Host field and an authority. Userinfo is
/// refused; an empty host only where `may_be_empty`.
[[nodiscard]] constexpr bool is_host_and_port(std::string_view text, bool may_be_empty) noexcept;

/// A Host field, or the result of `request::peer()`, without the port: `[::1]:80` is `[::1]`. A view into it.
[[nodiscard]] constexpr std::string_view without_port(std::string_view host_and_port) noexcept {
  const std::string_view before = host_and_port.substr(0, host_and_port.find_last_not_of("0123456789") + 1);
  return before.ends_with(':') ? before.substr(0, before.size() - 1) : host_and_port;
}

// ---------------------------------------------------------------------------------------------

namespace detail {

/// Behind the `reg-name` that `text` begins with; `npos` where an escape in it is broken.
[[nodiscard]] constexpr std::size_t reg_name_size(std::string_view text) noexcept {
  const char* const begin = text.data();
  const char* const end = begin + text.size();
  const auto plain = [](const char* at) -> unsigned { return reg_name_table[static_cast<unsigned char>(*at)]; };
  for (const char* at = begin;; at += 3) {
    while (end - at >= 4 && (plain(at) & plain(at + 1) & plain(at + 2) & plain(at + 3)) != 0) at += 4;
    while (at != end && plain(at) != 0) ++at;
    if (at == end || *at != '%') return static_cast<std::size_t>(at - begin);
    if (end - at < 3 || ascii::hex_value(at[1]) < 0 || ascii::hex_value(at[2]) < 0) return text.npos;
  }
}

/// Behind the `IP-literal` that `text` begins with; `npos` where it is none.
[[nodiscard, gnu::noinline]] constexpr std::size_t ip_literal_size(std::string_view text) noexcept {
  const std::size_t end = text.find(']');
  if (end == text.npos || end < 3) return text.npos;
  for (const char c : text.substr(1, end - 1))
    if (ascii::hex_value(c) < 0 && c != ':' && c != '.') return text.npos;
  return end + 1;
}

/// `text` is empty or a number of at most 65535: what may stand behind the colon of an authority.
[[nodiscard]] constexpr bool is_port(std::string_view text) noexcept {
  unsigned port = 0;
  for (const char c : text) {
    if (!ascii::is_digit(c)) return false;
    port = port * 10 + static_cast<unsigned>(c - '0');
    if (port > 65535) return false;
  }
  return true;
}

/// The length of the scheme that `text` starts with, followed by `://`; 0 when there is none.
[[nodiscard]] constexpr std::size_t scheme_size(std::string_view text) noexcept {
  std::size_t size = 0;
  while (size < text.size() && (ascii::is_alpha(text[size]) ||
                                (size > 0 && (ascii::is_digit(text[size]) || text[size] == '+' ||
                                              text[size] == '-' || text[size] == '.'))))
    ++size;
  return text.substr(size).starts_with("://") ? size : 0;
}

}  // namespace detail

constexpr bool is_host_and_port(std::string_view text, bool may_be_empty) noexcept {
  if (text.empty()) return may_be_empty;
  const std::size_t end = text[0] == '[' ? detail::ip_literal_size(text) : detail::reg_name_size(text);
  if (end == 0 || end == text.npos) return false;
  return end == text.size() || (text[end] == ':' && detail::is_port(text.substr(end + 1)));
}

inline bool target::assign(std::string_view text, const method& m) {
  for (const char c : text)
    if (!ascii::is_target_octet(c) || c == '#') return false;
  return assign_checked(text, text.find('?'), m);
}

inline bool target::assign_checked(std::string_view text, std::size_t question, const method& m, bool wide) {
  if (text.starts_with('/') && m != method::connect) {
    set(text, target_form::origin, 0, 0, 0, question, wide);
    return true;
  }
  return assign_special(text, question, m);
}

/// Whatever is not in origin form, as hardly any is.
[[gnu::cold, gnu::noinline]] inline bool target::assign_special(std::string_view text, std::size_t question, const method& m) {
  if (m == method::connect) {  // here the port is not optional (RFC 9112 3.2.3)
    const std::size_t colon = text.find_last_of(":]");
    if (colon == text.npos || text[colon] != ':' || colon + 1 == text.size()) return false;
    if (!is_host_and_port(text, false)) return false;
    set(text, target_form::authority, 0, text.size(), text.size(), question);
    return true;
  }
  if (text == "*") {
    if (m != method::options) return false;
    set(text, target_form::asterisk, 0, 0, 0, question);
    return true;
  }
  const std::size_t scheme = detail::scheme_size(text);
  if (scheme == 0) return false;
  const std::size_t authority_at = scheme + 3;
  std::size_t path_at = text.find_first_of("/?", authority_at);
  if (path_at == text.npos) path_at = text.size();
  if (!is_host_and_port(text.substr(authority_at, path_at - authority_at), false)) return false;
  set(text, target_form::absolute, authority_at, path_at - authority_at, path_at, question);
  return true;
}

/// The places that are left must be ones in the text that is left.
inline void target::take(target& other) noexcept {
  text_ = std::move(other.text_);
  form_ = other.form_;
  authority_at_ = other.authority_at_;
  authority_size_ = other.authority_size_;
  path_at_ = other.path_at_;
  path_size_ = other.path_size_;
  other.reset();
}

inline void target::set(std::string_view text, target_form form, std::size_t authority_at,
                        std::size_t authority_size, std::size_t path_at, std::size_t question, bool wide) {
  if (wide && text.size() <= 16) {  // in one piece: what a path is found by is then sooner read, too
    std::memcpy(text_.data(), text.data(), 16);
    text_.resize_within(text.size());
  } else {
    text_.assign(text.data(), text.size());
  }
  form_ = form;
  authority_at_ = authority_at;
  authority_size_ = authority_size;
  path_at_ = path_at;
  path_size_ = (question < text.size() ? question : text.size()) - path_at;
}

}  // namespace tinyhttp
