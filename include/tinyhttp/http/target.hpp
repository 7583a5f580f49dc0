// tinyhttp/http/target.hpp -- request targets: origin, absolute, asterisk and authority form.
//
// RFC 9112 3.2. Splits the target and judges its octets; decodes nothing unasked, resolves nothing.
#pragma once

#include <tinyhttp/core/ascii.hpp>
#include <tinyhttp/http/method.hpp>
#include <tinyhttp/http/percent.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

namespace tinyhttp {

enum class target_form : std::uint8_t {
  origin,     // /path?query
  absolute,   // http://authority/path?query
  authority,  // host:port, for CONNECT only
  asterisk,   // *, for OPTIONS only
};

/// What a request asks for, in the octets it was sent in. Views live as long as the target is
/// neither changed nor destroyed.
class target {
 public:
  target() : text_("/") {}

  /// Throws std::invalid_argument for a text that is no target of a request with method `m`.
  target(std::string_view text, const method& m = method::get) : target() {
    if (!assign(text, m)) throw std::invalid_argument("target: not a request target");
  }
  target(const char* text) : target(std::string_view(text)) {}

  /// Becomes `text`; false, and unchanged, when it is no target of a request with method `m`:
  /// empty, an octet outside visible US-ASCII, a fragment, a form that does not go with the method.
  [[nodiscard]] bool assign(std::string_view text, const method& m);
  /// Becomes `/`, keeping its memory.
  void reset() noexcept {
    text_.assign(1, '/');
    form_ = target_form::origin;
    authority_at_ = authority_size_ = path_at_ = 0;
    path_size_ = 1;
  }

  [[nodiscard]] std::string_view text() const noexcept { return text_; }
  [[nodiscard]] target_form form() const noexcept { return form_; }

  /// The path with its escapes standing. Starts with `/` in origin and absolute form; `*` for
  /// asterisk form; empty for authority form.
  [[nodiscard]] std::string_view path() const noexcept {
    return path_size_ == 0 && form_ == target_form::absolute
               ? std::string_view("/")
               : std::string_view(text_).substr(path_at_, path_size_);
  }

  /// What stands behind the first `?`, without it, escapes standing.
  [[nodiscard]] std::string_view query() const noexcept {
    const std::size_t end = path_at_ + path_size_;
    return end < text_.size() ? std::string_view(text_).substr(end + 1) : std::string_view();
  }
  [[nodiscard]] bool has_query() const noexcept { return path_at_ + path_size_ < text_.size(); }

  /// `host:port` of absolute and authority form; empty otherwise.
  [[nodiscard]] std::string_view authority() const noexcept {
    return std::string_view(text_).substr(authority_at_, authority_size_);
  }

  friend bool operator==(const target& a, const target& b) noexcept { return a.text_ == b.text_; }

 private:
  void split(std::size_t authority_at, std::size_t authority_size, std::size_t path_at);

  std::string text_;
  target_form form_ = target_form::origin;
  std::size_t authority_at_ = 0, authority_size_ = 0;
  std::size_t path_at_ = 0, path_size_ = 1;
};

/// `text` is `uri-host [ ":" port ]` (RFC 9110 7.2): what a Host field and an authority may hold.
/// Userinfo is refused; an empty host only where `may_be_empty`.
[[nodiscard]] constexpr bool is_host_and_port(std::string_view text, bool may_be_empty) noexcept;

// ---------------------------------------------------------------------------------------------

namespace detail {

/// The octets of `reg-name` (RFC 3986 3.2.2): unreserved, pct-encoded, sub-delims.
inline constexpr std::array<bool, 256> reg_name_table = [] {
  std::array<bool, 256> table{};
  for (std::size_t i = 0; i < 128; ++i)
    table[i] = ascii::is_alpha(static_cast<char>(i)) || ascii::is_digit(static_cast<char>(i));
  for (const char c : std::string_view("-._~%!$&'()*+,;=")) table[static_cast<unsigned char>(c)] = true;
  return table;
}();
[[nodiscard]] constexpr bool is_reg_name_octet(char c) noexcept {
  return reg_name_table[static_cast<unsigned char>(c)];
}

/// What a request target may hold; a fragment is none of it.
inline constexpr std::array<bool, 256> target_table = [] {
  std::array<bool, 256> table{};
  for (std::size_t i = 0; i < 128; ++i)
    table[i] = ascii::is_target_octet(static_cast<char>(i)) && i != '#';
  return table;
}();

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
  std::size_t end = 0;
  if (text.starts_with('[')) {  // IP-literal
    end = text.find(']');
    if (end == text.npos || end < 3) return false;
    for (const char c : text.substr(1, end - 1))
      if (ascii::hex_value(c) < 0 && c != ':' && c != '.') return false;
    ++end;
  } else {
    while (end < text.size() && detail::is_reg_name_octet(text[end])) ++end;
    if (end == 0 && !(may_be_empty && text.empty())) return false;
    if (!is_percent_encoded(text.substr(0, end))) return false;
  }
  if (end == text.size()) return true;
  if (text[end] != ':') return false;
  const auto port = text.substr(end + 1);
  return port.empty() || ascii::parse_decimal_strict(port, 65535).has_value();
}

inline void target::split(std::size_t authority_at, std::size_t authority_size, std::size_t path_at) {
  authority_at_ = authority_at;
  authority_size_ = authority_size;
  path_at_ = path_at;
  const std::size_t question = text_.find('?', path_at);
  path_size_ = (question == text_.npos ? text_.size() : question) - path_at;
}

inline bool target::assign(std::string_view text, const method& m) {
  for (const char c : text)
    if (!detail::target_table[static_cast<unsigned char>(c)]) return false;
  if (text.starts_with('/') && m != method::connect) {
    text_ = text;
    form_ = target_form::origin;
    split(0, 0, 0);
    return true;
  }
  if (m == method::connect) {  // here the port is not optional (RFC 9112 3.2.3)
    const std::size_t colon = text.find_last_of(":]");
    if (colon == text.npos || text[colon] != ':' || colon + 1 == text.size()) return false;
    if (!is_host_and_port(text, false)) return false;
    text_ = text;
    form_ = target_form::authority;
    split(0, text.size(), text.size());
    return true;
  }
  if (text == "*") {
    if (m != method::options) return false;
    text_ = text;
    form_ = target_form::asterisk;
    split(0, 0, 0);
    return true;
  }
  const std::size_t scheme = detail::scheme_size(text);
  if (scheme == 0) return false;
  const std::size_t authority_at = scheme + 3;
  std::size_t path_at = text.find_first_of("/?", authority_at);
  if (path_at == text.npos) path_at = text.size();
  if (!is_host_and_port(text.substr(authority_at, path_at - authority_at), false)) return false;
  text_ = text;
  form_ = target_form::absolute;
  split(authority_at, path_at - authority_at, path_at);
  return true;
}

}  // namespace tinyhttp
