// tinyhttp/http/status.hpp -- status codes and their usual reason phrases.
//
// RFC 9110 15. Knows classes and phrases, not messages.
#pragma once

#include <tinyhttp/core/ascii.hpp>

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

namespace tinyhttp {

/// A three-digit status code. The phrase on the wire means nothing to programs (RFC 9112 4).
class status {
 public:
  constexpr status() noexcept = default;  // 200

  /// Throws std::invalid_argument outside 100 to 999.
  constexpr status(int code) : code_(static_cast<std::uint16_t>(code)) {
    if (code < 100 || code > 999) throw std::invalid_argument("status: not a three-digit code");
  }

  [[nodiscard]] constexpr int code() const noexcept { return code_; }
  [[nodiscard]] constexpr bool is_informational() const noexcept { return code_ / 100 == 1; }
  [[nodiscard]] constexpr bool is_success() const noexcept { return code_ / 100 == 2; }
  [[nodiscard]] constexpr bool is_redirection() const noexcept { return code_ / 100 == 3; }
  [[nodiscard]] constexpr bool is_client_error() const noexcept { return code_ / 100 == 4; }
  [[nodiscard]] constexpr bool is_server_error() const noexcept { return code_ / 100 == 5; }

  /// Whether the response has no content, whatever its fields say (RFC 9112 6.3, rule 1).
  [[nodiscard]] constexpr bool forbids_content() const noexcept {
    return is_informational() || code_ == 204 || code_ == 304;
  }

  /// The registered phrase, or the empty string.
  [[nodiscard]] constexpr std::string_view reason() const noexcept;

  /// `404 Not Found`; the code alone if no phrase is registered.
  [[nodiscard]] std::string to_string() const;

  friend constexpr bool operator==(status, status) noexcept = default;

  static const status continue_, switching_protocols, early_hints;
  static const status ok, created, accepted, no_content, partial_content;
  static const status moved_permanently, found, see_other, not_modified, temporary_redirect,
      permanent_redirect;
  static const status bad_request, unauthorized, forbidden, not_found, method_not_allowed,
      not_acceptable, request_timeout, conflict, gone, length_required, precondition_failed,
      content_too_large, uri_too_long, unsupported_media_type, range_not_satisfiable,
      expectation_failed, unprocessable_content, upgrade_required, too_many_requests,
      request_header_fields_too_large;
  static const status internal_server_error, not_implemented, bad_gateway, service_unavailable,
      gateway_timeout, http_version_not_supported;

 private:
  std::uint16_t code_ = 200;
};

// ---------------------------------------------------------------------------------------------

inline constexpr status status::continue_{100}, status::switching_protocols{101},
    status::early_hints{103};
inline constexpr status status::ok{200}, status::created{201}, status::accepted{202},
    status::no_content{204}, status::partial_content{206};
inline constexpr status status::moved_permanently{301}, status::found{302}, status::see_other{303},
    status::not_modified{304}, status::temporary_redirect{307}, status::permanent_redirect{308};
inline constexpr status status::bad_request{400}, status::unauthorized{401}, status::forbidden{403},
    status::not_found{404}, status::method_not_allowed{405}, status::not_acceptable{406},
    status::request_timeout{408}, status::conflict{409}, status::gone{410},
    status::length_required{411}, status::precondition_failed{412}, status::content_too_large{413},
    status::uri_too_long{414}, status::unsupported_media_type{415},
    status::range_not_satisfiable{416}, status::expectation_failed{417},
    status::unprocessable_content{422}, status::upgrade_required{426},
    status::too_many_requests{429}, status::request_header_fields_too_large{431};
inline constexpr status status::internal_server_error{500}, status::not_implemented{501},
    status::bad_gateway{502}, status::service_unavailable{503}, status::gateway_timeout{504},
    status::http_version_not_supported{505};

namespace detail {

/// Each code and where its phrase begins in one text, the last an end: pointers to phrases would be addresses
/// to be relocated, arrays of one size twice as large.
struct status_table {
  struct { std::uint16_t code, at; } entries[61];
  char text[920];
};

inline constexpr status_table statuses = [] {
  // clang-format off
  constexpr std::string_view registry =  // IANA's of July 2026, by code
      "100 Continue\n" "101 Switching Protocols\n" "102 Processing\n" "103 Early Hints\n" "200 OK\n" "201 Created\n"
      "202 Accepted\n" "203 Non-Authoritative Information\n" "204 No Content\n" "205 Reset Content\n"
      "206 Partial Content\n" "207 Multi-Status\n" "208 Already Reported\n" "226 IM Used\n" "300 Multiple Choices\n"
      "301 Moved Permanently\n" "302 Found\n" "303 See Other\n" "304 Not Modified\n" "305 Use Proxy\n"
      "307 Temporary Redirect\n" "308 Permanent Redirect\n" "400 Bad Request\n" "401 Unauthorized\n"
      "402 Payment Required\n" "403 Forbidden\n" "404 Not Found\n" "405 Method Not Allowed\n" "406 Not Acceptable\n"
      "407 Proxy Authentication Required\n" "408 Request Timeout\n" "409 Conflict\n" "410 Gone\n"
      "411 Length Required\n" "412 Precondition Failed\n" "413 Content Too Large\n" "414 URI Too Long\n"
      "415 Unsupported Media Type\n" "416 Range Not Satisfiable\n" "417 Expectation Failed\n"
      "421 Misdirected Request\n" "422 Unprocessable Content\n" "423 Locked\n" "424 Failed Dependency\n"
      "425 Too Early\n" "426 Upgrade Required\n" "428 Precondition Required\n" "429 Too Many Requests\n"
      "431 Request Header Fields Too Large\n" "451 Unavailable For Legal Reasons\n" "500 Internal Server Error\n"
      "501 Not Implemented\n" "502 Bad Gateway\n" "503 Service Unavailable\n" "504 Gateway Timeout\n"
      "505 HTTP Version Not Supported\n" "506 Variant Also Negotiates\n" "507 Insufficient Storage\n"
      "508 Loop Detected\n" "511 Network Authentication Required\n";
  // clang-format on
  status_table made{};
  std::size_t entry = 0, at = 0;
  for (std::size_t line = 0; line < registry.size(); ++entry) {
    const auto digit = [&](std::size_t i) { return registry[line + i] - '0'; };
    made.entries[entry] = {static_cast<std::uint16_t>(digit(0) * 100 + digit(1) * 10 + digit(2)), static_cast<std::uint16_t>(at)};
    for (line += 4; registry[line] != '\n'; ++line) made.text[at++] = registry[line];
    ++line;
  }
  made.entries[entry].at = static_cast<std::uint16_t>(at);
  return made;
}();

}  // namespace detail

constexpr std::string_view status::reason() const noexcept {
  const auto* at = detail::statuses.entries;
  for (std::size_t left = std::size(detail::statuses.entries) - 1; left > 0;) {  // halved until it is found
    const std::size_t half = left / 2;
    if (at[half].code == code_)
      return {detail::statuses.text + at[half].at, static_cast<std::size_t>(at[half + 1].at - at[half].at)};
    if (at[half].code < code_) {
      at += half + 1;
      left -= half + 1;
    } else {
      left = half;
    }
  }
  return "";
}

inline std::string status::to_string() const {
  std::string text = ascii::to_decimal(code_);
  if (const auto phrase = reason(); !phrase.empty()) text.append(" ").append(phrase);
  return text;
}

}  // namespace tinyhttp
