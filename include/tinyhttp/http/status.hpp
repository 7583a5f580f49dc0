// tinyhttp/http/status.hpp -- status codes and their usual reason phrases.
//
// RFC 9110 15. Knows classes and phrases, not what a message around them looks like.
#pragma once

#include <tinyhttp/core/ascii.hpp>

#include <cstddef>
#include <cstdint>
#include <iterator>
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

  /// The response has no content whatever its fields say (RFC 9112 6.3, rule 1).
  [[nodiscard]] constexpr bool forbids_content() const noexcept {
    return is_informational() || code_ == 204 || code_ == 304;
  }

  /// The registered phrase, or the empty string.
  [[nodiscard]] constexpr std::string_view reason() const noexcept;

  /// `404 Not Found`; the code alone where no phrase is registered.
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

/// The phrases stand in the table itself: pointers to them would be addresses to be relocated.
struct status_phrase {
  std::uint16_t code;
  char text[32];
};

inline constexpr status_phrase status_phrases[] = {  // the IANA registry of July 2026, by code
    {100, "Continue"},
    {101, "Switching Protocols"},
    {102, "Processing"},
    {103, "Early Hints"},
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {203, "Non-Authoritative Information"},
    {204, "No Content"},
    {205, "Reset Content"},
    {206, "Partial Content"},
    {207, "Multi-Status"},
    {208, "Already Reported"},
    {226, "IM Used"},
    {300, "Multiple Choices"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {305, "Use Proxy"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {402, "Payment Required"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {407, "Proxy Authentication Required"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {411, "Length Required"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {416, "Range Not Satisfiable"},
    {417, "Expectation Failed"},
    {421, "Misdirected Request"},
    {422, "Unprocessable Content"},
    {423, "Locked"},
    {424, "Failed Dependency"},
    {425, "Too Early"},
    {426, "Upgrade Required"},
    {428, "Precondition Required"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {451, "Unavailable For Legal Reasons"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
    {506, "Variant Also Negotiates"},
    {507, "Insufficient Storage"},
    {508, "Loop Detected"},
    {511, "Network Authentication Required"},
};

}  // namespace detail

constexpr std::string_view status::reason() const noexcept {
  const detail::status_phrase* at = detail::status_phrases;
  for (std::size_t left = std::size(detail::status_phrases); left > 0;) {  // halved until it is found
    const std::size_t half = left / 2;
    if (at[half].code == code_) return at[half].text;
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
  return reason().empty() ? text : text.append(" ").append(reason());
}

}  // namespace tinyhttp
