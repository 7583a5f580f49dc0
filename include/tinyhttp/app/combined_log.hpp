// tinyhttp/app/combined_log.hpp -- an access log that other programs can read, in Apache's Combined format.
//
// For programs that count, block or draw by such lines. Text from peers is escaped as in access_log.hpp, which has our
// own form, and the numbers as values.
#pragma once

#include <tinyhttp/app/access_log.hpp>
#include <tinyhttp/http/date.hpp>
#include <tinyhttp/http/target.hpp>

#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <utility>

namespace tinyhttp {

/// Receives a line, without a line end, on the loop thread of the connection: with several loops, from several
/// threads at once. Must not throw.
using line_sink = function<void(std::string_view line) const>;

/// Writes a whole line to standard output and flushes it, so that a pipe's reader sees it at once.
inline void print_line(std::string_view line);

/// A handler that calls `h` and reports to `sink` how its response was sent, once that is over:
///
///     127.0.0.1 - - [29/Nov/2026:20:54:42 +0000] "GET /hello?x=1 HTTP/1.1" 200 12 "-" "curl/7.88.1"
///
/// The client's address without the port; the time of the request, in UTC; the octets of content that were sent; Referer
/// and User-Agent. User names are never given. If `h` throws there is no line: put `with_recover` inside.
template <handler H>
[[nodiscard]] auto with_combined_log(H h, line_sink sink = print_line);

// ---------------------------------------------------------------------------------------------

namespace detail {

/// What stands in front of the status; and behind the octets.
[[nodiscard]] inline std::string combined_begin(const request& r) {
  std::string line;
  std::string_view who = without_port(r.peer());
  if (who.starts_with('[') && who.ends_with(']')) who = who.substr(1, who.size() - 2);
  append_log_text(line, who);
  const date_text now = format_date(r.context != nullptr ? r.context->clock().unix_seconds() : system_unix_seconds());
  const std::string_view date = now.view();  // Sun, 06 Nov 1994 08:49:37 GMT
  line.append(" - - [").append(date.substr(5, 2)).append("/").append(date.substr(8, 3)).append("/");
  line.append(date.substr(12, 4)).append(":").append(date.substr(17, 8)).append(" +0000] \"");
  append_log_text(line, r.method.name());
  append_log_text(line.append(" "), r.target.text());
  return line.append(r.version == http_version::http_1_0 ? " HTTP/1.0\" " : " HTTP/1.1\" ");
}
[[nodiscard]] inline std::string combined_end(const request& r) {
  std::string line(" \"");
  append_log_text(line, r.fields["Referer"]);
  append_log_text(line.append("\" \""), r.fields["User-Agent"]);
  return line.append("\"");
}

template <handler H>
class combined_log_handler {
 public:
  combined_log_handler(H h, line_sink sink) : handler_(std::move(h)), sink_(new line_sink(std::move(sink))) {}

  reply operator()(request& r) const {
    auto told = [sink = sink_, begin = combined_begin(r), end = combined_end(r)](const sent_report& sent) {
      std::string line = begin;
      ascii::append_decimal(line, static_cast<std::uint64_t>(sent.status.code()));
      ascii::append_decimal(line.append(" "), sent.body_octets);
      (*sink)(line.append(end));
    };
    return transform(invoke(handler_, r), [told = std::move(told)](response& made) mutable { made.on_sent(std::move(told)); });
  }

 private:
  H handler_;
  shared<const line_sink> sink_;
};

}  // namespace detail

inline void print_line(std::string_view line) {
  std::string whole(line);
  whole.push_back('\n');
  std::fwrite(whole.data(), 1, whole.size(), stdout);
  std::fflush(stdout);
}

template <handler H>
auto with_combined_log(H h, line_sink sink) {
  return detail::combined_log_handler<H>(std::move(h), std::move(sink));
}

}  // namespace tinyhttp
