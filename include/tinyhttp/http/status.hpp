// tinyhttp/http/status.hpp -- status codes and their usual reason phrases.
//
// RFC 9110 15. Knows classes and phrases, not what a message around them looks like.
#pragma once

#include <cstdint>
#include <stdexcept>
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

constexpr std::string_view status::reason() const noexcept {
  switch (code_) {  // the IANA registry of July 2026
    case 100: return "Continue";
    case 101: return "Switching Protocols";
    case 102: return "Processing";
    case 103: return "Early Hints";
    case 200: return "OK";
    case 201: return "Created";
    case 202: return "Accepted";
    case 203: return "Non-Authoritative Information";
    case 204: return "No Content";
    case 205: return "Reset Content";
    case 206: return "Partial Content";
    case 207: return "Multi-Status";
    case 208: return "Already Reported";
    case 226: return "IM Used";
    case 300: return "Multiple Choices";
    case 301: return "Moved Permanently";
    case 302: return "Found";
    case 303: return "See Other";
    case 304: return "Not Modified";
    case 305: return "Use Proxy";
    case 307: return "Temporary Redirect";
    case 308: return "Permanent Redirect";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 402: return "Payment Required";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 406: return "Not Acceptable";
    case 407: return "Proxy Authentication Required";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 410: return "Gone";
    case 411: return "Length Required";
    case 412: return "Precondition Failed";
    case 413: return "Content Too Large";
    case 414: return "URI Too Long";
    case 415: return "Unsupported Media Type";
    case 416: return "Range Not Satisfiable";
    case 417: return "Expectation Failed";
    case 421: return "Misdirected Request";
    case 422: return "Unprocessable Content";
    case 423: return "Locked";
    case 424: return "Failed Dependency";
    case 425: return "Too Early";
    case 426: return "Upgrade Required";
    case 428: return "Precondition Required";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 451: return "Unavailable For Legal Reasons";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 502: return "Bad Gateway";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    case 505: return "HTTP Version Not Supported";
    case 506: return "Variant Also Negotiates";
    case 507: return "Insufficient Storage";
    case 508: return "Loop Detected";
    case 511: return "Network Authentication Required";
    default: return "";
  }
}

}  // namespace tinyhttp
