// tinyhttp/h1/head_parser.hpp -- octets in, a start line and fields out; or need more; or an error.
//
// RFC 9112 2 to 5. Pure and incremental: every octet is looked at once, and the outcome does not
// depend on how the octets were cut. What the fields mean for framing is decided in framing.hpp.
#pragma once

#include <tinyhttp/core/ascii.hpp>
#include <tinyhttp/core/result.hpp>
#include <tinyhttp/h1/limits.hpp>
#include <tinyhttp/h1/scan.hpp>
#include <tinyhttp/http/request.hpp>
#include <tinyhttp/http/response.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

namespace tinyhttp::h1 {

/// What went wrong in a peer's octets: a status to answer with, and a constant line to say why.
struct violation {
  int status = 0;  // 0: nothing is wrong
  const char* why = "";

  [[nodiscard]] explicit operator bool() const noexcept { return status != 0; }
  [[nodiscard]] tinyhttp::error error() const { return {error_kind::protocol, why, status}; }
};

/// A field line split at its colon, blanks around the value gone (RFC 9112 5).
struct field_line {
  std::size_t name_size = 0;
  std::size_t value_at = 0;
  std::size_t value_size = 0;
};

/// Splits `line`, which holds no control octet. Refuses obs-fold, blanks before the colon, and a
/// name that is no token. `behind`: so many octets behind `line` may be read, too.
[[nodiscard]] inline violation split_field_line(std::string_view line, field_line& out,
                                                std::size_t behind = 0) noexcept;

/// The head of a response, apart from its fields, as it stood on the wire.
struct status_line {
  http_version version = http_version::http_1_1;
  tinyhttp::status status;
};

/// Parses one head. Its fields may be looked at once it is done; after a failure there are none.
/// `parse` is called with all octets from the head's first on, again with more of
/// them after each `need_more`; after `done`, `size()` of them were the head. `reset` starts anew.
class head_parser {
 public:
  enum class outcome : std::uint8_t { need_more, done, failed };

  explicit head_parser(const limits& bounds) noexcept : limits_(&bounds) {}

  /// Fills in method, target, version and fields.
  [[nodiscard]] outcome parse(std::string_view octets, request& into) {
    return run(octets, into.fields, limits_->empty_lines,
               [&](std::string_view line) { return request_line(line, into); });
  }

  /// Fills in status line and fields. No empty line may stand in front: octets that the response
  /// before did not own would be taken for its end (RFC 9112 2.2 speaks of servers only).
  [[nodiscard]] outcome parse(std::string_view octets, status_line& line_into, fields& into) {
    return run(octets, into, 0, [&](std::string_view line) { return response_line(line, line_into); });
  }

  /// Octets from the beginning to behind the empty line, once done.
  [[nodiscard]] std::size_t size() const noexcept { return line_at_; }
  [[nodiscard]] const violation& failure() const noexcept { return failure_; }
  /// Part of a start line has been seen: the peer has begun a message.
  [[nodiscard]] bool begun() const noexcept { return scanned_ > line_at_ || in_fields_; }
  void reset() noexcept { *this = head_parser(*limits_); }

 private:
  template <class StartLine>
  outcome run(std::string_view octets, fields& into, std::size_t most_empty, StartLine start_line) {
    const outcome state = advance(octets, into, most_empty, start_line);
    if (state == outcome::failed) into.clear();  // they name places in a block that will not come
    return state;
  }
  template <class StartLine>
  outcome advance(std::string_view octets, fields& into, std::size_t most_empty, StartLine start_line);
  template <class StartLine>
  outcome line(std::string_view octets, std::size_t end, fields& into, std::size_t most_empty,
               StartLine start_line);
  violation add_field(std::string_view text, std::size_t behind, fields& into);
  violation request_line(std::string_view line, request& into) const;
  violation response_line(std::string_view line, status_line& into) const;
  [[nodiscard]] std::size_t longest_start_line() const noexcept { return limits_->target + 256; }
  outcome fail(violation why) noexcept {
    failure_ = why;
    return outcome::failed;
  }

  const limits* limits_;
  std::size_t scanned_ = 0;  // no control octet before this one, in the running line
  std::size_t line_at_ = 0;  // where the running line starts
  std::size_t empty_lines_ = 0;
  bool in_fields_ = false;
  violation failure_;
};

// ---------------------------------------------------------------------------------------------

inline violation split_field_line(std::string_view line, field_line& out, std::size_t behind) noexcept {
  const char* const begin = line.data();
  const char* const end = begin + line.size();
  const char* const colon = find_token_end(begin, end, behind);
  if (colon == begin && (*begin == ' ' || *begin == '\t')) return {400, "folded or indented field line"};
  if (colon == begin || colon == end || *colon != ':')
    return {400, "field name is not a token followed by a colon"};
  const auto blank = [](char c) { return c == ' ' || c == '\t'; };
  const char* value = colon + 1;
  const char* value_end = end;
  while (value != value_end && blank(*value)) ++value;
  while (value != value_end && blank(value_end[-1])) --value_end;
  out = {static_cast<std::size_t>(colon - begin), static_cast<std::size_t>(value - begin),
         static_cast<std::size_t>(value_end - value)};
  return {};
}

namespace detail {

/// Takes what stands in front of `to` off `text`.
[[nodiscard]] inline std::string_view take_front(std::string_view& text, const char* to) noexcept {
  const std::string_view front(text.data(), static_cast<std::size_t>(to - text.data()));
  text.remove_prefix(front.size());
  return front;
}

/// Reads `HTTP/DIGIT.DIGIT` (RFC 9112 2.3).
[[nodiscard]] constexpr violation read_version(std::string_view text, http_version& out) noexcept {
  if (text.size() != 8 || !text.starts_with("HTTP/") || !ascii::is_digit(text[5]) ||
      text[6] != '.' || !ascii::is_digit(text[7]))
    return {400, "no HTTP version in the start line"};
  if (text[5] != '1') return {505, "HTTP major version is not 1"};
  out = text[7] == '0' ? http_version::http_1_0 : http_version::http_1_1;
  return {};
}

}  // namespace detail

template <class StartLine>
head_parser::outcome head_parser::advance(std::string_view octets, fields& into,
                                          std::size_t most_empty, StartLine start_line) {
  const std::size_t bound = octets.size() < limits_->head ? octets.size() : limits_->head;
  if (scanned_ == 0) into.clear();
  for (;;) {
    const char* const found = find_control(octets.data() + scanned_, octets.data() + bound, scanned_);
    scanned_ = static_cast<std::size_t>(found - octets.data());
    if (!in_fields_ && scanned_ - line_at_ > longest_start_line())
      return fail({414, "start line too long"});
    if (scanned_ + 1 >= bound) {  // nothing found, or a last octet whose successor decides
      if (scanned_ < bound && *found != '\r') return fail({400, "control octet or bare LF in the head"});
      if (octets.size() > limits_->head || (scanned_ == bound && bound == limits_->head))
        return fail({431, "head too large"});
      return outcome::need_more;
    }
    if (*found != '\r') return fail({400, "control octet or bare LF in the head"});
    if (found[1] != '\n') return fail({400, "CR without LF in the head"});
    const std::size_t end = scanned_;
    if (const auto state = line(octets, end, into, most_empty, start_line); state != outcome::need_more)
      return state;
  }
}

/// Takes the line [line_at_, end) in, which ended with CRLF; `need_more` means: go on.
template <class StartLine>
head_parser::outcome head_parser::line(std::string_view octets, std::size_t end, fields& into,
                                       std::size_t most_empty, StartLine start_line) {
  const std::string_view text(octets.data() + line_at_, end - line_at_);
  violation wrong;
  if (in_fields_ && !text.empty()) {
    wrong = add_field(text, octets.size() - end, into);
  } else if (in_fields_) {
    scanned_ = line_at_ = end + 2;
    into.set_block({octets.data(), line_at_});
    return outcome::done;
  } else if (text.empty()) {
    if (++empty_lines_ > most_empty) wrong = {400, "empty lines instead of a start line"};
  } else {
    wrong = start_line(text);
    in_fields_ = true;
  }
  if (wrong) return fail(wrong);
  scanned_ = line_at_ = end + 2;
  return outcome::need_more;
}

inline violation head_parser::add_field(std::string_view text, std::size_t behind, fields& into) {
  field_line split;
  if (const auto wrong = split_field_line(text, split, behind)) return wrong;
  if (into.size() == limits_->fields) return {431, "too many fields"};
  into.add_parsed({text.data(), split.name_size}, line_at_, line_at_ + split.value_at, split.value_size);
  return {};
}

inline violation head_parser::request_line(std::string_view line, request& into) const {
  const char* const end = line.data() + line.size();
  const auto text_to = [&line](const char* to) { return detail::take_front(line, to); };
  const char* space = line.data();
  while (space != end && *space != ' ') ++space;
  if (space == end || !into.method.assign(text_to(space)))
    return {400, "method is not a token followed by a space"};
  line.remove_prefix(1);
  const auto target_size = line.find(' ');
  if (target_size == line.npos) return {400, "no HTTP version in the start line"};
  const auto text = text_to(line.data() + target_size);
  line.remove_prefix(1);
  if (const auto wrong = detail::read_version(line, into.version)) return wrong;
  if (text.size() > limits_->target) return {414, "request target too long"};
  if (!into.target.assign(text, into.method)) return {400, "not a request target for this method"};
  return {};
}

inline violation head_parser::response_line(std::string_view line, status_line& into) const {
  const auto space = line.find(' ');
  if (const auto wrong = detail::read_version(line.substr(0, space), into.version)) return wrong;
  if (space == line.npos) return {502, "no status code in the start line"};
  const auto rest = line.substr(space + 1);
  const auto code = ascii::parse_decimal_strict(rest.substr(0, 3), 999);
  // The space before an empty reason is often left out; nothing else can be meant by that.
  if (!code || *code < 100 || rest.size() < 3 || (rest.size() > 3 && rest[3] != ' '))
    return {502, "status code is not three digits from 100 on"};
  into.status = status(static_cast<int>(*code));
  return {};
}

}  // namespace tinyhttp::h1
