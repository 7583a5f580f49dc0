// tinyhttp/app/auth.hpp -- the Basic scheme in front of a handler (RFC 7617).
//
// Names and passwords are sent in the clear, so use it only over connections that are protected otherwise.
// It knows no users; a function of the program decides whom to let in.
#pragma once

#include <tinyhttp/app/handler.hpp>
#include <tinyhttp/http/media_type.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace tinyhttp {

/// Whether `a` and `b` are equal, in a time that depends only on the length of `b`, so that it does not reveal how
/// much of a secret the guess `a` got right.
[[nodiscard]] inline bool equal_in_constant_time(std::string_view a, std::string_view b) noexcept;

/// The user name and password that a client sent, decoded.
struct basic_login {
  std::string user;      // without a colon
  std::string password;  // neither holds a control octet (RFC 7617 2)
};

/// The credentials in an `Authorization` field; empty if it has another scheme or is malformed.
[[nodiscard]] inline std::optional<basic_login> parse_basic_credentials(std::string_view field);

/// Decides whether to let somebody in. Should compare secrets with `equal_in_constant_time`.
using credentials_check = function<bool(const basic_login&) const>;

/// A handler that calls `h` for those whom `accepts` lets in, and answers 401 to all others before
/// reading their body. Browsers show `realm` to people; throws std::invalid_argument if it contains
/// a control octet.
template <handler H>
[[nodiscard]] auto with_basic_auth(H h, std::string_view realm, credentials_check accepts);

// ---------------------------------------------------------------------------------------------

inline bool equal_in_constant_time(std::string_view a, std::string_view b) noexcept {
  volatile unsigned different = a.size() != b.size();  // volatile: no shortcut is taken
  for (std::size_t i = 0; i < b.size(); ++i) {
    const char other = a.empty() ? '\0' : a[i % a.size()];
    different = different | static_cast<unsigned>(static_cast<unsigned char>(other ^ b[i]));
  }
  return different == 0;
}

namespace detail {

[[nodiscard]] constexpr int base64_value(char c) noexcept {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (ascii::is_digit(c)) return c - '0' + 52;
  if (c == '+') return 62;
  return c == '/' ? 63 : -1;
}

/// RFC 4648 4, padding required, unused bits zero.
[[nodiscard]] inline std::optional<std::string> base64_decode(std::string_view text) {
  std::size_t padding = 0;
  while (padding < 2 && text.ends_with('=')) {
    text.remove_suffix(1);
    ++padding;
  }
  std::string decoded;
  std::uint32_t bits = 0;
  unsigned held = 0;  // bits in `bits` that are not written yet
  for (const char c : text) {
    const int value = base64_value(c);
    if (value < 0) return std::nullopt;
    bits = (bits << 6) | static_cast<std::uint32_t>(value);
    held += 6;
    if (held < 8) continue;
    held -= 8;
    decoded.push_back(static_cast<char>((bits >> held) & 0xff));
  }
  if (held != padding * 2 || (bits & ((1u << held) - 1)) != 0) return std::nullopt;
  return decoded;
}

template <handler H>
class basic_auth_handler {
 public:
  basic_auth_handler(H h, std::string challenge, credentials_check accepts)
      : handler_(std::move(h)), challenge_(std::move(challenge)), accepts_(std::move(accepts)) {}

  reply operator()(request& r) const {
    if (r.fields.count("Authorization") == 1) {
      const auto shown = parse_basic_credentials(r.fields["Authorization"]);
      if (shown && accepts_(*shown)) return invoke(handler_, r);
    }
    return problem(status::unauthorized).with("WWW-Authenticate", challenge_);
  }

 private:
  H handler_;
  std::string challenge_;
  credentials_check accepts_;
};

}  // namespace detail

inline std::optional<basic_login> parse_basic_credentials(std::string_view field) {
  if (!ascii::starts_with_ignoring_case(field, "Basic ")) return std::nullopt;
  const auto decoded = detail::base64_decode(ascii::trim(field.substr(6)));
  const std::size_t colon = decoded ? decoded->find(':') : std::string::npos;
  if (colon == std::string::npos || ascii::has_control(*decoded)) return std::nullopt;
  return basic_login{decoded->substr(0, colon), decoded->substr(colon + 1)};
}

template <handler H>
auto with_basic_auth(H h, std::string_view realm, credentials_check accepts) {
  for (const char c : realm)
    if (!ascii::is_field_octet(c)) throw std::invalid_argument("with_basic_auth: control octet in realm");
  std::string challenge = "Basic realm=";
  append_quoted(challenge, realm);
  challenge.append(", charset=\"UTF-8\"");
  return detail::basic_auth_handler<H>(std::move(h), std::move(challenge), std::move(accepts));
}

}  // namespace tinyhttp
