// tinyhttp/http/multipart_parser.hpp -- parses a multipart/form-data body into its parts.
//
// Pure and incremental: the outcome does not depend on how the octets were cut. RFC 7578, and RFC 2046
// 5.1 below it. What two parsers could read differently is refused. multipart.hpp writes.
#pragma once

#include <tinyhttp/core/ascii.hpp>
#include <tinyhttp/core/result.hpp>
#include <tinyhttp/http/media_type.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tinyhttp {

/// Bounds for parsing a form. Exceeding either is an error of kind `limit`, with 413.
struct multipart_limits {
  std::size_t parts = 1000;
  std::size_t head = 8 * 1024;  // octets of the fields of one part
};

/// A field of a form, or a file. Names are usually UTF-8, but may be any octets; of the control octets only HTAB, and CR
/// and LF, which arrive escaped.
struct form_part {
  std::string name;
  std::optional<std::string> file_name;  // the peer's name for it: see `safe_file_name`; empty for a field
  std::string media_type = {};           // from the peer; may be empty
  std::string content = {};              // from `parse_multipart` only

  friend bool operator==(const form_part&, const form_part&) = default;
};

/// The boundary parameter of a Content-Type field. Error: status hint 415 for another type, 400 without a boundary,
/// or with one that is not 1 to 70 octets (RFC 2046 5.1.1).
[[nodiscard]] inline result<std::string> boundary_of(std::string_view content_type);

/// Parses all parts of a body in memory. Errors have status hint 400 (also if the body was cut off), 413 or 415.
[[nodiscard]] inline result<std::vector<form_part>> parse_multipart(std::string_view body, std::string_view content_type,
                                                                    const multipart_limits& bounds = {});

/// Parses a body incrementally: `feed`, then `next` until it needs more. Holds the octets it was fed last, and less than
/// `head` plus a boundary of earlier ones.
class multipart_parser {
 public:
  enum class event : std::uint8_t {
    need_more,    // at the end of the body: it was cut off
    part,         // a new one, in `part()`
    content,      // octets of it, in `content()`
    end_of_part,  // its content is complete
    end,          // of the form; what follows does not matter
    failed,       // permanently; see `failure()`
  };

  explicit multipart_parser(std::string_view boundary, const multipart_limits& bounds = {})
      : limits_(bounds), delimiter_(std::string("\r\n--").append(boundary)) {}

  void feed(std::string_view octets) {
    octets_.erase(0, at_);
    at_ = 0;
    if (stage_ != stage::over) octets_.append(octets);
  }
  [[nodiscard]] event next();

  [[nodiscard]] const form_part& part() const noexcept { return part_; }
  /// Valid until the next call.
  [[nodiscard]] std::string_view content() const noexcept { return content_; }
  [[nodiscard]] const error& failure() const noexcept { return failure_; }

 private:
  enum class stage : std::uint8_t { preamble, boundary, head, content, over, failed };

  [[nodiscard]] std::string_view rest() const noexcept { return std::string_view(octets_).substr(at_); }
  [[nodiscard]] event skip_preamble();
  [[nodiscard]] event read_boundary();
  [[nodiscard]] event read_head();
  [[nodiscard]] event read_content();
  [[nodiscard]] const char* read_field(std::string_view line);
  event fail(error_kind kind, const char* why, int status) {
    stage_ = stage::failed;
    failure_ = error(kind, why, status);
    return event::failed;
  }

  multipart_limits limits_;
  std::string delimiter_;
  std::string octets_ = "\r\n";  // the first boundary may begin the body
  std::size_t at_ = 0;           // octets before this one are done with
  std::size_t parts_ = 0;
  std::size_t searched_ = 0;  // of a head: its end does not begin before this octet
  stage stage_ = stage::preamble;
  bool is_named_ = false;  // by a Content-Disposition
  form_part part_;
  std::string_view content_;
  error failure_{error_kind::protocol, "", 400};
};

// ---------------------------------------------------------------------------------------------

namespace detail {

/// Between quotes as HTML forms and curl write it: a backslash counts in front of itself and a quote
/// only, as names of files have others, and what would end name or line is percent-encoded.
[[nodiscard]] inline std::string form_data_name(std::string_view value) {
  if (!value.starts_with('"')) return std::string(value);
  value = value.substr(1, value.size() - 2);
  std::string name;
  while (!value.empty()) {
    std::size_t taken = 1;
    char c = value[0];
    const std::string_view three = value.substr(0, 3);
    if (c == '\\' && value.size() > 1 && (value[1] == '"' || value[1] == '\\')) {
      c = value[1];
      taken = 2;
    } else if (three == "%22" || three == "%0D" || three == "%0A") {
      c = three == "%22" ? '"' : three == "%0D" ? '\r' : '\n';
      taken = 3;
    }
    name += c;
    value.remove_prefix(taken);
  }
  return name;
}

}  // namespace detail

inline result<std::string> boundary_of(std::string_view content_type) {
  const auto type = parse_media_type(content_type);
  if (!type || !type->is("multipart/form-data"))
    return error(error_kind::protocol, "multipart: the body is no multipart/form-data", 415);
  auto boundary = type->parameter("boundary");
  if (!boundary || boundary->empty() || boundary->size() > 70 || !ascii::is_field_value(*boundary))
    return error(error_kind::protocol, "multipart: no boundary of 1 to 70 octets in Content-Type", 400);
  return std::move(*boundary);
}

inline result<std::vector<form_part>> parse_multipart(std::string_view body, std::string_view content_type,
                                                      const multipart_limits& bounds) {
  const auto boundary = boundary_of(content_type);
  if (!boundary) return boundary.error();
  multipart_parser parser(*boundary, bounds);
  parser.feed(body);
  std::vector<form_part> parts;
  for (;;) switch (parser.next()) {
      case multipart_parser::event::need_more:
        return error(error_kind::protocol, "multipart: the body ends before its last boundary", 400);
      case multipart_parser::event::part: parts.push_back(parser.part()); break;
      case multipart_parser::event::content: parts.back().content.append(parser.content()); break;
      case multipart_parser::event::end_of_part: break;
      case multipart_parser::event::end: return parts;
      case multipart_parser::event::failed: return parser.failure();
    }
}

inline multipart_parser::event multipart_parser::next() {
  if (stage_ == stage::preamble && skip_preamble() == event::need_more) return event::need_more;
  if (stage_ == stage::boundary)
    if (const event what = read_boundary(); stage_ != stage::head) return what;
  if (stage_ == stage::head) return read_head();
  if (stage_ == stage::content) return read_content();
  at_ = octets_.size();
  return stage_ == stage::over ? event::end : event::failed;
}

/// What stands in front of the first boundary is nobody's (RFC 2046 5.1.1).
inline multipart_parser::event multipart_parser::skip_preamble() {
  const std::size_t found = rest().find(delimiter_);
  if (found == std::string_view::npos) {
    if (rest().size() >= delimiter_.size()) at_ = octets_.size() - (delimiter_.size() - 1);
    return event::need_more;
  }
  at_ += found + delimiter_.size();
  stage_ = stage::boundary;
  return event::part;
}

/// Behind a boundary: `--` ends the form, blanks and a line's end begin a part.
inline multipart_parser::event multipart_parser::read_boundary() {
  constexpr std::size_t most_blanks = 256;
  const std::string_view octets = rest();
  if (octets.starts_with("--")) {
    stage_ = stage::over;
    return event::end;
  }
  const std::size_t first = octets.find_first_not_of(" \t");
  const std::size_t blanks = first == octets.npos ? octets.size() : first;
  const std::string_view end = octets.substr(blanks);
  if (blanks > most_blanks) return fail(error_kind::limit, "multipart: too many blanks behind a boundary", 400);
  if (end.empty() || end == "\r" || octets == "-") return event::need_more;
  if (!end.starts_with("\r\n")) return fail(error_kind::protocol, "multipart: a boundary's line goes on", 400);
  if (parts_++ == limits_.parts) return fail(error_kind::limit, "multipart: too many parts", 413);
  at_ += blanks + 2;
  stage_ = stage::head;
  return event::part;
}

inline multipart_parser::event multipart_parser::read_head() {
  const std::string_view octets = rest();
  const std::size_t size = octets.starts_with("\r\n") ? 0 : octets.find("\r\n\r\n", searched_);
  if (size == octets.npos ? octets.size() >= limits_.head + 4 : size > limits_.head)
    return fail(error_kind::limit, "multipart: the head of a part is too large", 413);
  if (size == octets.npos) {
    searched_ = octets.size() < 3 ? 0 : octets.size() - 3;
    return event::need_more;
  }
  searched_ = 0;
  part_ = {};
  is_named_ = false;
  for (std::string_view left = octets.substr(0, size); !left.empty();) {
    const std::size_t end = left.find("\r\n");
    if (const char* wrong = read_field(left.substr(0, end))) return fail(error_kind::protocol, wrong, 400);
    left = end == left.npos ? std::string_view() : left.substr(end + 2);
  }
  if (!is_named_) return fail(error_kind::protocol, "multipart: a part has no name", 400);
  at_ += size == 0 ? 2 : size + 4;
  stage_ = stage::content;
  return event::part;
}

/// Null, or what is wrong. Fields other than these two have no meaning here (RFC 7578 4.8).
inline const char* multipart_parser::read_field(std::string_view line) {
  const std::size_t colon = line.find(':');
  if (colon == line.npos || !ascii::is_token(line.substr(0, colon)) || !ascii::is_field_value(ascii::trim(line.substr(colon + 1))))
    return "multipart: a part has a malformed field line";
  const std::string_view name = line.substr(0, colon);
  const std::string_view value = ascii::trim(line.substr(colon + 1));
  if (ascii::equal_ignoring_case(name, "Content-Type")) {
    if (!part_.media_type.empty()) return "multipart: a part has two types";
    part_.media_type = value;
  }
  if (!ascii::equal_ignoring_case(name, "Content-Disposition")) return nullptr;
  const std::size_t mark = value.find(';');
  if (is_named_ || !ascii::equal_ignoring_case(ascii::trim(value.substr(0, mark)), "form-data"))
    return "multipart: a part's Content-Disposition is not one form-data";
  std::string_view parameters = value.substr(mark == value.npos ? value.size() : mark);
  while (const auto parameter = take_parameter(parameters)) {
    const bool is_name = ascii::equal_ignoring_case(parameter->name, "name");
    const bool is_file_name = ascii::equal_ignoring_case(parameter->name, "filename");
    if ((is_name && is_named_) || (is_file_name && part_.file_name)) return "multipart: a part is named twice";
    if (is_name) part_.name = detail::form_data_name(parameter->value);
    if (is_file_name) part_.file_name = detail::form_data_name(parameter->value);
    is_named_ = is_named_ || is_name;
  }
  return parameters.empty() ? nullptr : "multipart: a part's Content-Disposition is malformed";
}

inline multipart_parser::event multipart_parser::read_content() {
  const std::string_view octets = rest();
  const std::size_t end = octets.find(delimiter_);
  if (end == 0) {
    at_ += delimiter_.size();
    stage_ = stage::boundary;
    return event::end_of_part;
  }
  const std::size_t kept = delimiter_.size() - 1;  // it may begin there
  const std::size_t known = end != octets.npos ? end : octets.size() > kept ? octets.size() - kept : 0;
  content_ = octets.substr(0, known);
  at_ += known;
  return known == 0 ? event::need_more : event::content;
}

}  // namespace tinyhttp
