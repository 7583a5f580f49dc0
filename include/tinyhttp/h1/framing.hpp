// tinyhttp/h1/framing.hpp -- the length of a body: one pure function for each direction.
//
// RFC 9112 6.3, but stricter where two readers of one message could disagree: whatever is ambiguous is refused, and
// the connection ends.
#pragma once

#include <tinyhttp/core/ascii.hpp>
#include <tinyhttp/h1/head_parser.hpp>
#include <tinyhttp/http/fields.hpp>
#include <tinyhttp/http/method.hpp>
#include <tinyhttp/http/request.hpp>
#include <tinyhttp/http/status.hpp>
#include <tinyhttp/http/target.hpp>

#include <cstdint>
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
/// Refused with 400: no Host in HTTP/1.1, a second or malformed one; Content-Length beside Transfer-Encoding; a
/// second Content-Length, or one that is not plain digits within 64 bits (a list of equal ones too);
/// Transfer-Encoding in HTTP/1.0, or one that does not end in a single `chunked`. Refused with 501: a coding besides
/// `chunked`. `block` is the start of the octets of its fields, or of those that they were copied from.
[[nodiscard]] inline violation frame_request(const request& r, framing& out, const char* block) noexcept;
[[nodiscard]] inline violation frame_request(const request& r, framing& out) noexcept {
  return frame_request(r, out, r.fields.block());
}

/// Decides the framing of a response's body. `asked` is the method of the request.
///
/// Refused as above, but equal Content-Length lines are accepted. Without either field the body lasts until close.
[[nodiscard]] inline violation frame_response(const method& asked, http_version version, status code,
                                              const fields& f, framing& out) noexcept;

/// The sender will keep the connection open after this message (RFC 9112 9.3).
[[nodiscard]] inline bool wants_keep_alive(http_version version, const fields& f) noexcept {
  if (!f.may_contain("Connection")) return version == http_version::http_1_1;
  if (!f.may_repeat("Connection")) {
    const std::string_view said = f["Connection"];  // mostly just one of these
    if (said == "keep-alive" || said == "close") return said.size() != 5;
  }
  if (f.has_token("Connection", "close")) return false;
  return version == http_version::http_1_1 || f.has_token("Connection", "keep-alive");
}

// ---------------------------------------------------------------------------------------------

namespace detail {

[[nodiscard, gnu::cold, gnu::noinline]] inline bool has_several(const fields& f, std::string_view name) noexcept {
  return f.count(name) > 1;
}

/// Fields know without a search that most names stand there once or not at all.
[[nodiscard]] inline bool is_repeated(const fields& f, std::string_view name) noexcept {
  return f.may_repeat(name) && has_several(f, name);
}

/// All lines of that name say the same.
[[nodiscard, gnu::cold]] inline bool lines_agree(const fields& f, std::string_view name) noexcept {
  const auto first = f[name];
  for (const auto [line_name, value] : f)
    if (ascii::equal_ignoring_case(line_name, name) && value != first) return false;
  return true;
}

/// What is wrong with anything but `chunked`: another coding in front is one we do not implement; all else is broken.
[[nodiscard, gnu::cold]] inline violation judge_codings(std::string_view coding, bool repeated) noexcept {
  auto list = coding;
  std::string_view last;
  std::size_t chunked = 0;
  while (const auto element = ascii::take_list_element(list)) {
    last = *element;
    if (ascii::equal_ignoring_case(last, "chunked")) ++chunked;
  }
  if (!repeated && chunked == 1 && ascii::equal_ignoring_case(last, "chunked") && !coding.ends_with(',') &&
      !coding.starts_with(','))
    return {501, "transfer coding other than chunked"};
  return {400, "transfer coding does not end in one chunked"};
}

/// Takes exactly `chunked`.
[[nodiscard]] inline violation check_coding(std::string_view coding, bool repeated) noexcept {
  if (!repeated && ascii::equal_ignoring_case(coding, "chunked")) return {};
  return judge_codings(coding, repeated);
}

/// Framing by Transfer-Encoding or Content-Length; `out` stays as it was when there is neither.
[[nodiscard, gnu::noinline]] inline violation frame_by_fields(const fields& f, http_version version,
                                               framing& out) noexcept {
  const auto length = f.get("Content-Length");
  if (const auto coding = f.get("Transfer-Encoding")) {
    if (version == http_version::http_1_0) return {400, "Transfer-Encoding in HTTP/1.0"};
    if (length) return {400, "both Content-Length and Transfer-Encoding"};
    if (const auto wrong = check_coding(*coding, is_repeated(f, "Transfer-Encoding"))) return wrong;
    out = {framing::rule::chunked, 0};
    return {};
  }
  if (!length) return {};
  const auto octets = ascii::parse_decimal_strict(*length, std::uint64_t{1} << 62);
  if (!octets) return {400, "Content-Length is not a number of octets"};
  out = {framing::rule::length, *octets};
  return {};
}

}  // namespace detail

namespace detail {

[[nodiscard, gnu::noinline]] inline bool is_unusual_host(std::string_view host) noexcept { return is_host_and_port(host, true); }

}  // namespace detail

// Flattened: whether a search for a constant name is inlined, which makes it a few comparisons, is otherwise chance.
[[gnu::flatten]] inline violation frame_request(const request& r, framing& out, const char* block) noexcept {
  if (detail::is_repeated(r.fields, "Host")) return {400, "more than one Host"};
  if (const auto host = r.fields.get_of(block, "Host")) {
    if (!is_usual_host(*host, block) && !detail::is_unusual_host(*host))
      return {400, "Host is not a host and port"};
  } else if (r.version == http_version::http_1_1) {
    return {400, "no Host"};
  }
  out = {};
  if (!r.fields.may_contain("Content-Length") && !r.fields.may_contain("Transfer-Encoding")) return {};
  if (detail::is_repeated(r.fields, "Content-Length")) return {400, "more than one Content-Length"};
  return detail::frame_by_fields(r.fields, r.version, out);
}

inline violation frame_response(const method& asked, http_version version, status code,
                                const fields& f, framing& out) noexcept {
  out = {};
  if (asked == method::head || code.forbids_content()) return {};
  if (asked == method::connect && code.is_success()) return {};
  if (detail::is_repeated(f, "Content-Length") && !detail::lines_agree(f, "Content-Length"))
    return {502, "Content-Length lines that differ"};
  out = {framing::rule::until_close, 0};
  return detail::frame_by_fields(f, version, out);
}

}  // namespace tinyhttp::h1
