// tests/wire/meaning.hpp -- a case's meaning as the lines of a transcript, and what drivers put behind it.
#pragma once

#include "cases.hpp"
#include "transcript.hpp"

#include <string>
#include <string_view>

namespace wire {

inline constexpr std::string_view request_behind = "GET /behind HTTP/1.1\r\nHost: behind\r\n\r\n";
inline constexpr std::string_view response_behind = "HTTP/1.1 299 behind\r\nContent-Length: 0\r\n\r\n";

[[nodiscard]] inline std::string meaning(const request_case& c) {
  return message_lines(c.method + " " + c.target + " " + c.version, c.fields, c.body, c.trailers, c.keep_alive);
}

[[nodiscard]] inline std::string status_text(int code) {
  return tinyhttp::ascii::to_decimal(static_cast<std::uint64_t>(code));
}

[[nodiscard]] inline std::string meaning(const response_case& c) {
  return c.interim + message_lines(status_text(c.status), c.fields, c.body, c.trailers, c.keep_alive);
}

/// The request that `c` answers.
[[nodiscard]] inline tinyhttp::request question_of(const response_case& c) {
  return {tinyhttp::method(c.asked), c.asked == "CONNECT" ? "a:1" : "/"};
}

}  // namespace wire
