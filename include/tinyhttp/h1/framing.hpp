// tinyhttp/h1/framing.hpp -- how long is the body? One pure function for each direction.
//
// RFC 9112 6.3, stricter where two readers of one message could come to two answers: whatever is
// ambiguous is refused, and the connection ends.
#pragma once

#include <tinyhttp/core/ascii.hpp>
#include <tinyhttp/h1/head_parser.hpp>
#include <tinyhttp/http/fields.hpp>
#include <tinyhttp/http/method.hpp>
#include <tinyhttp/http/request.hpp>
#include <tinyhttp/http/status.hpp>
#include <tinyhttp/http/target.hpp>

#include <cstdint>
#include <optional>
#include <string_view>

namespace tinyhttp::h1 {

/// Where a body ends.
struct framing {
  enum class rule : std::uint8_t { none, length, chunked, until_close };
  rule by = rule::none;
  std::uint64_t length = 0;  // octets, for rule::length

  friend bool operator==(const framing&, const framing&) = default;
};

/// Decides the framing of a request's body and checks its Host field (RFC 9112 3.2, 6.3).
///
/// Refused with 400: no Host in HTTP/1.1, a second or malformed one; Content-Length beside
/// Transfer-Encoding; a second Content-Length, or one that is not plain digits within 64 bits (a
/// list of equal ones too); Transfer-Encoding in HTTP/1.0, or one that does not end in a single
/// `chunked`. Refused with 501: a coding besides `chunked`.
[[nodiscard]] inline violation frame_request(const request& r, framing& out) noexcept;

/// Decides the framing of a response's body. `asked` is the method of the request.
///
/// Refused: as above, but equal Content-Length lines agree on one answer and are taken. Without
/// either field only the close ends the body.
[[nodiscard]] inline violation frame_response(const method& asked, http_version version, status code,
                                              const fields& f, framing& out) noexcept;

/// The sender will keep the connection open behind this message (RFC 9112 9.3).
[[nodiscard]] inline bool wants_keep_alive(http_version version, const fields& f) noexcept {
  if (f.has_token("Connection", "close")) return false;
  return version == http_version::http_1_1 || f.has_token("Connection", "keep-alive");
}

// ---------------------------------------------------------------------------------------------

namespace detail {

/// What the fields say about length, with the lines that matter picked out in one pass.
struct length_fields {
  std::size_t lengths = 0, codings = 0, hosts = 0;
  std::string_view length, coding, host;  // of the first line of each
  bool lengths_agree = true;
};

[[nodiscard]] inline length_fields pick_length_fields(const fields& f) noexcept {
  length_fields found;
  for (const auto& [name, value] : f) {
    switch (name.size()) {
      case 4:
        if (ascii::equal_ignoring_case(name, "Host") && found.hosts++ == 0) found.host = value;
        break;
      case 14:
        if (!ascii::equal_ignoring_case(name, "Content-Length")) break;
        if (found.lengths++ == 0) found.length = value;
        found.lengths_agree = found.lengths_agree && value == found.length;
        break;
      case 17:
        if (ascii::equal_ignoring_case(name, "Transfer-Encoding") && found.codings++ == 0) found.coding = value;
        break;
      default: break;
    }
  }
  return found;
}

/// Takes exactly `chunked`. Another coding in front is one we do not implement; all else is broken.
[[nodiscard]] inline violation check_coding(const length_fields& found) noexcept {
  if (found.codings == 1 && ascii::equal_ignoring_case(found.coding, "chunked")) return {};
  auto list = found.coding;
  std::string_view last;
  std::size_t chunked = 0;
  while (const auto element = ascii::take_list_element(list)) {
    last = *element;
    if (ascii::equal_ignoring_case(last, "chunked")) ++chunked;
  }
  if (found.codings == 1 && chunked == 1 && ascii::equal_ignoring_case(last, "chunked") &&
      !found.coding.ends_with(',') && !found.coding.starts_with(','))
    return {501, "transfer coding other than chunked"};
  return {400, "transfer coding does not end in one chunked"};
}

/// Framing by Transfer-Encoding or Content-Length; `out` stays as it was when there is neither.
[[nodiscard]] inline violation frame_by_fields(const length_fields& found, http_version version,
                                               framing& out) noexcept {
  if (found.codings > 0) {
    if (version == http_version::http_1_0) return {400, "Transfer-Encoding in HTTP/1.0"};
    if (found.lengths > 0) return {400, "both Content-Length and Transfer-Encoding"};
    if (const auto wrong = check_coding(found)) return wrong;
    out = {framing::rule::chunked, 0};
    return {};
  }
  if (found.lengths == 0) return {};
  const auto length = ascii::parse_decimal_strict(found.length, std::uint64_t{1} << 62);
  if (!length) return {400, "Content-Length is not a number of octets"};
  out = {framing::rule::length, *length};
  return {};
}

}  // namespace detail

inline violation frame_request(const request& r, framing& out) noexcept {
  const auto found = detail::pick_length_fields(r.fields);
  if (found.hosts > 1) return {400, "more than one Host"};
  if (found.hosts == 0 && r.version == http_version::http_1_1) return {400, "no Host"};
  if (!is_host_and_port(found.host, true)) return {400, "Host is not a host and port"};
  if (found.lengths > 1) return {400, "more than one Content-Length"};
  out = {};
  return detail::frame_by_fields(found, r.version, out);
}

inline violation frame_response(const method& asked, http_version version, status code,
                                const fields& f, framing& out) noexcept {
  out = {};
  if (asked == method::head || code.forbids_content()) return {};
  if (asked == method::connect && code.is_success()) return {};
  const auto found = detail::pick_length_fields(f);
  if (!found.lengths_agree) return {502, "Content-Length lines that differ"};
  out = {framing::rule::until_close, 0};
  return detail::frame_by_fields(found, version, out);
}

}  // namespace tinyhttp::h1
