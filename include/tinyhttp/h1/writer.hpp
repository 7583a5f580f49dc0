// tinyhttp/h1/writer.hpp -- turns messages into octets; the only place that decides how a body is framed.
//
// RFC 9112 3, 4, 6, 7. Appends to buffers, does no I/O. A handler's Content-Length, Transfer-Encoding and Connection
// are only requests: what is sent is true.
#pragma once

#include <tinyhttp/core/ascii.hpp>
#include <tinyhttp/core/buffer.hpp>
#include <tinyhttp/h1/body_reader.hpp>
#include <tinyhttp/h1/framing.hpp>
#include <tinyhttp/h1/gathered.hpp>
#include <tinyhttp/http/body.hpp>
#include <tinyhttp/http/fields.hpp>
#include <tinyhttp/http/method.hpp>
#include <tinyhttp/http/request.hpp>
#include <tinyhttp/http/response.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tinyhttp::h1 {

/// The sender's decisions about a message.
struct outgoing {
  framing body;             // how the octets are delimited
  bool sends_body = false;  // false: only the head is sent (HEAD, 204, 304, empty)
  bool keep_alive = true;   // false: the connection ends after this message
};

/// Decides how `r` is sent as the answer to a request of method `asked` by a peer of `version`. `keep_alive` is what
/// the connection would allow; a body that lasts until close, and the takeover of a 101, rule it out.
[[gnu::always_inline]] inline void plan_response(const response& r, const method& asked, http_version version,
                                                 bool keep_alive, outgoing& plan);
[[nodiscard]] inline outgoing plan_response(const response& r, const method& asked, http_version version, bool keep_alive) {
  outgoing plan;
  plan_response(r, asked, version, keep_alive, plan);
  return plan;
}

/// Decides how `r` is sent. A body of unknown length is chunked, which makes it HTTP/1.1.
[[nodiscard]] inline outgoing plan_request(const request& r);

/// Appends the status line and fields of `r`. `date` is the value of the Date field, left out if it is empty or `r`
/// has its own. `version` is the peer's.
[[gnu::always_inline]] inline void write_head(buffer& out, const response& r, const method& asked,
                                              const outgoing& plan, http_version version, std::string_view date);

/// Appends request line and fields of `r`, with Host from `authority` unless `r` has one; an
/// `authority` that is no host and port is left empty.
inline void write_head(buffer& out, const request& r, const outgoing& plan,
                       std::string_view authority);

/// Appends an informational response (RFC 9110 15.2).
inline void write_informational(buffer& out, status code, const fields& with);

/// Keeps account of a body being sent, so that its octets match what the head promised.
class body_writer {
 public:
  explicit body_writer(framing by) noexcept : by_(by) {}

  /// Appends what precedes `size` octets of data. False, and nothing is appended, if that is more than was promised,
  /// or 0, which would end a chunked body.
  [[nodiscard]] bool begin_data(buffer& out, std::uint64_t size);
  /// The body is `size` octets without framing, as promised.
  [[nodiscard]] bool take_whole(std::uint64_t size) noexcept {
    if (by_.by != framing::rule::length || size != by_.length || sent_ != 0) return false;
    sent_ = size;
    return true;
  }
  /// What follows those octets.
  [[nodiscard]] std::string_view behind_data() const noexcept {
    return by_.by == framing::rule::chunked ? "\r\n" : "";
  }
  /// Appends the end of the body; fields that do not belong in a trailer section are left out. False if octets are
  /// missing: then only closing the connection tells the peer so.
  [[nodiscard]] bool finish(buffer& out, const fields* trailers);

  [[nodiscard]] std::uint64_t sent() const noexcept { return sent_; }

 private:
  framing by_;
  std::uint64_t sent_ = 0;
};

// ---------------------------------------------------------------------------------------------

namespace detail {

/// The writer decides on these; a handler's own are not copied.
[[nodiscard]] inline bool is_writers_own(std::string_view name) noexcept {
  switch (name.size()) {
    case 10: return ascii::equal_ignoring_case(name, "Connection") ||
                    ascii::equal_ignoring_case(name, "Keep-Alive");
    case 14: return ascii::equal_ignoring_case(name, "Content-Length");
    case 16: return ascii::equal_ignoring_case(name, "Proxy-Connection");
    case 17: return ascii::equal_ignoring_case(name, "Transfer-Encoding");
    default: return false;
  }
}

/// Whether `f` may hold one of those.
[[nodiscard]] inline bool may_have_writers_own(const fields& f) noexcept {
  return f.may_contain("Connection") || f.may_contain("Keep-Alive") || f.may_contain("Content-Length") ||
         f.may_contain("Proxy-Connection") || f.may_contain("Transfer-Encoding");
}

[[gnu::always_inline]] inline void append_status_line(gathered& out, status code) {
  if (code == status::ok) {
    out.put("HTTP/1.1 200 OK\r\n");
  } else {
    out.put("HTTP/1.1 ", static_cast<std::uint64_t>(code.code()), " ", code.reason(), "\r\n");
  }
}

[[gnu::noinline]] inline void append_lines(buffer& out, const fields& f) {
  gathered lines(out);
  for (const auto [name, value] : f)
    if (!is_writers_own(name)) lines.put(name, ": ", value, "\r\n");
  lines.flush();
}

/// Copies `f` but for the writer's own, in one piece where there are none of those.
[[gnu::always_inline]] inline void append_fields(gathered& out, const fields& f) {
  const auto all = f.wire_text();
  if (all.empty() || may_have_writers_own(f)) out.let([&f](buffer& into) { append_lines(into, f); });
  else out.put(all);
}

[[gnu::always_inline]] inline void append_framing(gathered& out, const framing& by) {
  if (by.by == framing::rule::length) {
    out.put("Content-Length: ", by.length, "\r\n");
  } else if (by.by == framing::rule::chunked) {
    out.put("Transfer-Encoding: chunked\r\n");
  }
}

/// Appends what holds for this connection only: a field that has to be named there is, and so is
/// `persistence`, `close` or `keep-alive`, unless it is empty (RFC 9110 7.6.1).
[[gnu::always_inline]] inline void append_connection(gathered& out, bool upgrade, bool te,
                                                     std::string_view persistence) {
  if (!upgrade && !te && persistence.empty()) return;
  std::string_view between = "Connection: ";
  for (const auto option : {upgrade ? std::string_view("Upgrade") : std::string_view(),
                            te ? std::string_view("TE") : std::string_view(), persistence}) {
    if (option.empty()) continue;
    out.put(between, option);
    between = ", ";
  }
  out.put("\r\n");
}

[[gnu::noinline]] inline void append_chunk_head(buffer& out, std::uint64_t size) {
  char line[18];  // 16 digits and CRLF
  std::size_t begin = sizeof line;
  line[--begin] = '\n';
  line[--begin] = '\r';
  for (; size != 0; size >>= 4) line[--begin] = "0123456789abcdef"[size & 15];
  out.append({line + begin, sizeof line - begin});
}

[[gnu::cold]] inline void append_trailers(std::string& out, const fields& trailers) {
  for (const auto [name, value] : trailers)
    if (!is_forbidden_in_trailer(name)) out.append(name).append(": ").append(value).append("\r\n");
}

inline void append_last_chunk(buffer& out, const fields* trailers) {
  std::string text = "0\r\n";
  if (trailers != nullptr) append_trailers(text, *trailers);
  out.append(text.append("\r\n"));
}

/// A response to HEAD, or a 304, may tell the length of content that it does not carry. Empty when it does
/// not, or says what is no length, or two.
[[nodiscard, gnu::cold]] inline std::optional<std::uint64_t> told_length(const fields& f) noexcept {
  if (is_repeated(f, "Content-Length") && !lines_agree(f, "Content-Length")) return std::nullopt;
  return ascii::parse_decimal_strict(f["Content-Length"], std::uint64_t{1} << 62);
}

/// 101, and what answers CONNECT: what follows is no message.
[[nodiscard]] inline bool opens_tunnel(status code, const method& asked) noexcept {
  return code == status::switching_protocols || (asked == method::connect && code.is_success());
}

/// Whatever body the response has, its octets do not go out.
[[nodiscard]] inline bool is_without_content(status code, const method& asked) noexcept {
  if (code == status::ok) return asked == method::head || asked == method::connect;
  return code.forbids_content() || code.code() == 205 || asked == method::head || opens_tunnel(code, asked);
}

/// Completes the plan of such a response.
[[gnu::noinline]] inline void plan_without_content(const response& r, const method& asked, outgoing& plan) {
  if (opens_tunnel(r.status, asked)) {
    plan.keep_alive = false;
    return;
  }
  if (r.status == status::no_content || r.status.is_informational()) return;
  if (r.status.code() == 205) {  // RFC 9110 15.3.6: a form to be emptied, and nothing to show
    plan.body = {framing::rule::length, 0};
    return;
  }
  const auto length = r.body.length();
  const bool says_nothing = r.status == status::not_modified || length.value_or(0) == 0;
  if (const auto told = told_length(r.fields); told && says_nothing) plan.body = {framing::rule::length, *told};
  else if (length && r.status != status::not_modified) plan.body = {framing::rule::length, *length};
}

/// Completes the plan of one with a body of so many octets.
inline void plan_known_length(std::uint64_t octets, outgoing& plan) noexcept {
  plan.body = {framing::rule::length, octets};
  plan.sends_body = octets > 0;
}

/// Completes the plan of one whose body ends where it ends.
[[gnu::noinline]] inline void plan_unknown_length(http_version version, outgoing& plan) noexcept {
  const bool chunked = version == http_version::http_1_1;
  plan = {{chunked ? framing::rule::chunked : framing::rule::until_close, 0}, true, chunked && plan.keep_alive};
}

}  // namespace detail

inline void plan_response(const response& r, const method& asked, http_version version, bool keep_alive,
                          outgoing& plan) {
  plan.keep_alive = keep_alive && !r.fields.has_token("Connection", "close");
  // Most are octets; an optional is written in two pieces and read in one, which takes longer than all the rest.
  if (detail::is_without_content(r.status, asked)) [[unlikely]] detail::plan_without_content(r, asked, plan);
  else if (r.body.is_octets()) detail::plan_known_length(r.body.text().size(), plan);
  else if (const auto length = r.body.length()) detail::plan_known_length(*length, plan);
  else detail::plan_unknown_length(version, plan);
}

inline outgoing plan_request(const request& r) {
  outgoing plan;
  plan.keep_alive = wants_keep_alive(r.version, r.fields);
  const auto length = r.body.length();
  if (!length) {
    plan.body = {framing::rule::chunked, 0};
    plan.sends_body = true;
  } else if (*length > 0 || (!r.method.is_safe() && r.method != method::delete_ &&
                             r.method != method::connect)) {
    plan.body = {framing::rule::length, *length};  // RFC 9110 8.6: a POST says that it has nothing
    plan.sends_body = *length > 0;
  }
  return plan;
}

inline void write_head(buffer& out, const response& r, const method& asked,
                       const outgoing& plan, http_version version, std::string_view date) {
  detail::gathered text(out);
  const status code = r.status;
  const bool dated = !date.empty() && !r.fields.get("Date");
  if (dated && code == status::ok) [[likely]] {  // one text where it can be
    text.put("HTTP/1.1 200 OK\r\nDate: ", date, "\r\n");
  } else {
    detail::append_status_line(text, code);
    if (dated) text.put("Date: ", date, "\r\n");
  }
  detail::append_fields(text, r.fields);
  const bool tunnel = detail::opens_tunnel(code, asked);
  std::string_view persistence;
  if (!tunnel && !plan.keep_alive) persistence = "close";  // a tunnel needs no word about its end
  else if (!tunnel && version == http_version::http_1_0) persistence = "keep-alive";
  const bool upgrade = code == status::switching_protocols || r.fields.get("Upgrade");
  if (plan.body.by == framing::rule::length && persistence.empty() && !upgrade) [[likely]] {
    text.put("Content-Length: ", plan.body.length, "\r\n\r\n");
  } else {
    detail::append_framing(text, plan.body);
    detail::append_connection(text, upgrade, false, persistence);
    text.put("\r\n");
  }
  text.flush();
}

inline void write_head(buffer& out, const request& r, const outgoing& plan,
                       std::string_view authority) {
  const bool old = r.version == http_version::http_1_0 && plan.body.by != framing::rule::chunked;
  detail::gathered text(out);
  text.put(r.method.name(), " ", r.target.text(), old ? " HTTP/1.0\r\n" : " HTTP/1.1\r\n");
  if (!r.fields.get("Host"))
    text.put("Host: ", is_host_and_port(authority, true) ? authority : "", "\r\n");
  detail::append_fields(text, r.fields);
  detail::append_framing(text, plan.body);
  std::string_view persistence;
  if (!plan.keep_alive) persistence = "close";
  else if (old) persistence = "keep-alive";
  detail::append_connection(text, r.fields.get("Upgrade").has_value(), r.fields.get("TE").has_value(), persistence);
  text.put("\r\n");
  text.flush();
}

[[gnu::cold]] inline void write_informational(buffer& out, status code, const fields& with) {
  detail::gathered text(out);
  detail::append_status_line(text, code);
  detail::append_fields(text, with);
  text.put("\r\n");
  text.flush();
}

inline bool body_writer::begin_data(buffer& out, std::uint64_t size) {
  if (size == 0 || by_.by == framing::rule::none) return false;
  if (by_.by == framing::rule::length && size > by_.length - sent_) return false;
  sent_ += size;
  if (by_.by == framing::rule::chunked) detail::append_chunk_head(out, size);
  return true;
}

inline bool body_writer::finish(buffer& out, const fields* trailers) {
  if (by_.by == framing::rule::chunked) detail::append_last_chunk(out, trailers);
  return by_.by != framing::rule::length || sent_ == by_.length;
}

}  // namespace tinyhttp::h1
