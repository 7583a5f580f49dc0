// tinyhttp/client/credentials.hpp -- a user name and password, or a token, as a field value (RFC 7617, RFC 6750).
//
// Pure. redirects.hpp decides to whom they may be shown.
#pragma once

#include <tinyhttp/core/ascii.hpp>
#include <tinyhttp/http/percent.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace tinyhttp {

/// Base64 (RFC 4648 4), with padding.
[[nodiscard]] inline std::string base64_encode(std::string_view octets);

/// The value of an Authorization field for `user:password`, with the octets unchanged.
[[nodiscard]] inline std::string basic_credentials(std::string_view user_and_password) {
  return "Basic " + base64_encode(user_and_password);
}

/// The same from user and password. Throws std::invalid_argument for a user with a colon, and for control octets
/// in either (RFC 7617 2).
[[nodiscard]] inline std::string basic_credentials(std::string_view user,
                                                   std::string_view password) {
  if (user.find(':') != user.npos)
    throw std::invalid_argument("basic_credentials: a user has no colon");
  if (ascii::has_control(user) || ascii::has_control(password))
    throw std::invalid_argument("basic_credentials: a control octet");
  return basic_credentials(std::string(user).append(":").append(password));
}

/// The value of an Authorization field for a token (RFC 6750 2.1).
[[nodiscard]] inline std::string bearer_credentials(std::string_view token) {
  return std::string("Bearer ").append(token);
}

/// Basic credentials from the userinfo of a URL, with escapes decoded; a user without a password has an empty one.
/// Empty if an escape is malformed, or stands for a control octet.
[[nodiscard]] inline std::optional<std::string> basic_credentials_of_url(
    std::string_view userinfo) {
  auto decoded = percent_decode(userinfo);
  if (!decoded || ascii::has_control(*decoded)) return std::nullopt;
  if (userinfo.find(':') == userinfo.npos) decoded->push_back(':');
  return basic_credentials(*decoded);
}

// ---------------------------------------------------------------------------------------------

inline std::string base64_encode(std::string_view octets) {
  constexpr std::string_view alphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((octets.size() + 2) / 3 * 4);
  for (std::size_t at = 0; at < octets.size(); at += 3) {
    std::uint32_t group = 0;
    for (std::size_t i = 0; i < 3; ++i)
      group =
          group << 8 | (at + i < octets.size() ? static_cast<unsigned char>(octets[at + i]) : 0U);
    for (std::size_t i = 0; i < 4; ++i)
      text.push_back(at + i > octets.size() ? '=' : alphabet[group >> (18 - 6 * i) & 63]);
  }
  return text;
}

}  // namespace tinyhttp
