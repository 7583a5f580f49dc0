// tinyhttp/h1/head_parser.hpp -- parses octets into a start line and fields, or asks for more, or fails.
//
// RFC 9112 2 to 5. Pure and incremental: every octet is looked at once, and the result does not depend on how the
// octets were split. What the fields mean for framing is decided in framing.hpp.
#pragma once

#include <tinyhttp/core/ascii.hpp>
#include <tinyhttp/core/result.hpp>
#include <tinyhttp/h1/limits.hpp>
#include <tinyhttp/h1/scan.hpp>
#include <tinyhttp/http/request.hpp>
#include <tinyhttp/http/response.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace tinyhttp::h1 {

/// What is wrong in a peer's octets: a status to answer with, and a constant line that says why.
struct violation {
  int status = 0;  // 0: nothing is wrong
  const char* why = "";

  [[nodiscard]] explicit operator bool() const noexcept { return status != 0; }
  [[nodiscard]] tinyhttp::error error() const { return {error_kind::protocol, why, status}; }
};

/// A field line split at its colon, without the blanks around the value (RFC 9112 5).
struct field_line {
  std::size_t name_size = 0;
  std::size_t value_at = 0;
  std::size_t value_size = 0;
};

/// Splits `line`, which must have no control octet. Refuses obs-fold, blanks before the colon, and a name that is no
/// token.
[[nodiscard, gnu::cold]] inline violation split_field_line(std::string_view line, field_line& out) noexcept;

/// The same for [line, end) if it has the usual form: letters and hyphens, a colon, one space and a value that
/// neither begins nor ends with a blank. An empty name means that it has not. A CRLF must be at `end`; before `wide`,
/// sixteen octets may be read.
[[nodiscard]] inline field_line split_usual_line(const char* line, const char* end, const char* wide) noexcept;

/// The head of a response without its fields, as on the wire.
struct status_line {
  http_version version = http_version::http_1_1;
  tinyhttp::status status;
};

/// Parses one head. Its fields may be used once it is done; after a failure there are none. Call `parse` with all
/// octets from the head's first on, and again with more of them after each `need_more`; after `done`, the head was
/// the first `size()` of them. `reset` starts over.
class head_parser {
 public:
  enum class outcome : std::uint8_t { need_more, done, failed };

  explicit head_parser(const limits& bounds) noexcept : limits_(&bounds) {}

  /// Fills in method, target, version and fields.
  [[nodiscard]] outcome parse(std::string_view octets, request& into) {
    if (scanned_ == 0) {
      into.fields.clear();
      if (const std::size_t size = usual_request_line(octets, into)) return field_lines(octets, size, size, into.fields);
    }
    return run(octets, into.fields, limits_->empty_lines,
               [&into, this](std::string_view line) { return request_line(line, into); });
  }

  /// Fills in status line and fields. No empty line may precede it: it could be left over from the previous response
  /// (RFC 9112 2.2 allows it for servers only).
  [[nodiscard]] outcome parse(std::string_view octets, status_line& line_into, fields& into) {
    if (scanned_ == 0) into.clear();
    return run(octets, into, 0, [&](std::string_view line) { return response_line(line, line_into); });
  }

  /// The size of the head including its empty line, once done.
  [[nodiscard]] std::size_t size() const noexcept { return line_at_; }
  [[nodiscard]] const violation& failure() const noexcept { return failure_; }
  /// Part of a start line has been seen: the peer has begun a message.
  [[nodiscard]] bool begun() const noexcept { return scanned_ > line_at_ || in_fields_; }
  void reset() noexcept { *this = head_parser(*limits_); }

 private:
  template <class StartLine>
  outcome run(std::string_view octets, fields& into, std::size_t most_empty, StartLine start_line) {
    const auto state = in_fields_ ? outcome::done : first_lines(octets, most_empty, start_line);
    return state == outcome::done ? field_lines(octets, line_at_, scanned_, into) : state;
  }
  std::size_t usual_request_line(std::string_view octets, request& into);
  template <class StartLine>
  outcome first_lines(std::string_view octets, std::size_t most_empty, StartLine start_line);
  outcome field_lines(std::string_view octets, std::size_t line_at, std::size_t scanned, fields& into);
  outcome unended_line(std::string_view octets, const char* control) noexcept;
  /// Those that may be looked at: more belong to no head that is taken.
  [[nodiscard]] std::size_t bound(std::string_view octets) const noexcept {
    return octets.size() < limits_->head ? octets.size() : limits_->head;
  }
  [[nodiscard]] line_ends ends_in(std::string_view octets, std::size_t from) const noexcept {
    return {octets.data() + from, octets.data() + bound(octets), from};
  }
  violation request_line(std::string_view line, request& into) const;
  violation response_line(std::string_view line, status_line& into) const;
  [[nodiscard]] std::size_t longest_start_line() const noexcept { return limits_->target + 256; }
  outcome fail(violation why) noexcept {
    failure_ = why;
    return outcome::failed;
  }
  outcome fail(violation why, fields& into) noexcept {
    into.clear();  // they name places in a block that will not come
    return fail(why);
  }

  const limits* limits_;
  std::size_t scanned_ = 0;  // no control octet before this one, in the running line
  std::size_t line_at_ = 0;  // where the running line starts
  std::size_t empty_lines_ = 0;
  bool in_fields_ = false;
  violation failure_;
};

// ---------------------------------------------------------------------------------------------

namespace detail {

/// SP or HTAB, where no other control octet can be.
[[nodiscard]] inline bool is_blank(char c) noexcept { return static_cast<unsigned char>(c) <= ' '; }

}  // namespace detail

inline field_line split_usual_line(const char* line, const char* end, const char* wide) noexcept {
  const char* colon = skip_some_letters(line, wide);
  if (std::memcmp(colon, ": ", 2) != 0) [[unlikely]] colon = skip_letters(colon, wide);
  if (std::memcmp(colon, ": ", 2) != 0 || detail::is_blank(colon[2]) || detail::is_blank(end[-1])) return {};
  const auto name_size = static_cast<std::size_t>(colon - line);
  return {name_size, name_size + 2, static_cast<std::size_t>(end - colon) - 2};
}

inline violation split_field_line(std::string_view line, field_line& out) noexcept {
  const char* const begin = line.data();
  const char* const end = begin + line.size();
  const char* const colon = find_token_end(begin, end);
  if (colon == begin && (*begin == ' ' || *begin == '\t')) return {400, "folded or indented field line"};
  if (colon == begin || colon == end || *colon != ':')
    return {400, "field name is not a token followed by a colon"};
  const char* value = colon + 1;
  const char* value_end = end;
  while (detail::is_blank(value_end[-1])) --value_end;  // the colon ends that
  while (value != value_end && detail::is_blank(*value)) ++value;
  out = {static_cast<std::size_t>(colon - begin), static_cast<std::size_t>(value - begin),
         static_cast<std::size_t>(value_end - value)};
  return {};
}

namespace detail {

/// Reads `HTTP/DIGIT.DIGIT` (RFC 9112 2.3).
[[nodiscard]] inline violation read_version(std::string_view text, http_version& out) noexcept {
  if (text.size() == 8 && std::memcmp(text.data(), "HTTP/1.1", 8) == 0) {  // most are
    out = http_version::http_1_1;
    return {};
  }
  if (text.size() != 8 || !text.starts_with("HTTP/") || !ascii::is_digit(text[5]) ||
      text[6] != '.' || !ascii::is_digit(text[7]))
    return {400, "no HTTP version in the start line"};
  if (text[5] != '1') return {505, "HTTP major version is not 1"};
  out = text[7] == '0' ? http_version::http_1_0 : http_version::http_1_1;
  return {};
}

}  // namespace detail

/// Takes in a start line that is like nearly all that come: whole, the first, and nothing wrong with it; gives the octets
/// to behind its CRLF. Else 0, and `first_lines` goes on.
inline std::size_t head_parser::usual_request_line(std::string_view octets, request& into) {
  constexpr std::ptrdiff_t ending = 11;  // octets of " HTTP/1.1" and CRLF
  constexpr std::size_t longest_method = 16;
  const char* const line = octets.data();
  const std::size_t size = bound(octets);
  if (size < longest_method) return 0;
  const char* space = line + 3;
  const bool gets = std::memcmp(line, "GET ", 4) == 0;
  if (!gets) [[unlikely]] {
    space = find_token_end(line, line + longest_method);
    if (space == line + longest_method || *space != ' ') return 0;
  }
  const char* const target = space + 1;
  const char* const last = line + size;
  const target_text checked = scan_target(target, last, wide_end({line, size}));
  const std::string_view text(target, static_cast<std::size_t>(checked.end - target));
  if (last - checked.end < ending || text.size() > limits_->target) return 0;
  const char minor = checked.end[8];
  if (std::memcmp(checked.end, " HTTP/1.", 8) != 0 || (minor != '1' && minor != '0')) return 0;
  if (std::memcmp(checked.end + 9, "\r\n", 2) != 0) return 0;
  if (gets) into.method = method::get;
  else if (!into.method.assign({line, static_cast<std::size_t>(space - line)})) return 0;
  const auto question = static_cast<std::size_t>(checked.question - target);
  if (!into.target.assign_checked(text, question, into.method, last - target >= 16)) return 0;
  into.version = minor == '0' ? http_version::http_1_0 : http_version::http_1_1;
  in_fields_ = true;
  return static_cast<std::size_t>(checked.end + ending - line);
}

/// Takes lines in up to the start line. `done`: what follows are fields.
template <class StartLine>
[[gnu::noinline]] head_parser::outcome head_parser::first_lines(std::string_view octets, std::size_t most_empty,
                                                                StartLine start_line) {
  line_ends ends = ends_in(octets, scanned_);
  while (!in_fields_) {
    const char* const line = octets.data() + line_at_;
    const char* const end = ends.next();
    const std::string_view text(line, static_cast<std::size_t>((end != nullptr ? end : ends.stop()) - line));
    if (text.size() > longest_start_line()) return fail({414, "start line too long"});
    if (end == nullptr) return unended_line(octets, ends.stop());
    if (!text.empty()) {
      if (const auto wrong = start_line(text)) return fail(wrong);
      in_fields_ = true;
    } else if (++empty_lines_ > most_empty) {
      return fail({400, "empty lines instead of a start line"});
    }
    scanned_ = line_at_ += text.size() + 2;
  }
  return outcome::done;
}

/// Takes field lines in, up to the empty line. Where the running one starts and how far it has been looked at is
/// handed over: all that follows would wait for it to be stored and loaded.
inline head_parser::outcome head_parser::field_lines(std::string_view octets, std::size_t line_at, std::size_t scanned,
                                                     fields& into) {
  const char* const wide = wide_end(octets);
  const char* line = octets.data() + line_at;
  line_ends ends = ends_in(octets, scanned);
  fields::parsed_lines lines(into, octets.data(), limits_->fields);
  for (;;) {
    const char* const end = ends.next();
    if (end == nullptr) [[unlikely]] {
      line_at_ = static_cast<std::size_t>(line - octets.data());
      lines.keep();
      const auto state = unended_line(octets, ends.stop());
      return state == outcome::failed ? fail(failure_, into) : state;
    }
    if (line == end) [[unlikely]] break;
    field_line split = split_usual_line(line, end, wide);
    if (split.name_size == 0) [[unlikely]] {
      field_line unusual;
      if (const auto wrong = split_field_line({line, end}, unusual)) return fail(wrong, into);
      split = unusual;
    }
    if (!lines.have_room()) [[unlikely]] {
      lines.keep();
      if (into.size() == limits_->fields) return fail({431, "too many fields"}, into);
      lines = fields::parsed_lines(into, octets.data(), limits_->fields);
    }
    lines.add({line, split.name_size}, {line + split.value_at, split.value_size});
    line = end + 2;
  }
  scanned_ = line_at_ = static_cast<std::size_t>(line - octets.data()) + 2;
  lines.keep();
  into.set_block({octets.data(), line_at_});
  return outcome::done;
}

/// Behind the running line stands no CRLF: more is needed, or something is wrong.
inline head_parser::outcome head_parser::unended_line(std::string_view octets, const char* control) noexcept {
  scanned_ = static_cast<std::size_t>(control - octets.data());
  const std::size_t end = bound(octets);
  if (scanned_ < end && *control != '\r') return fail({400, "control octet or bare LF in the head"});
  if (scanned_ + 1 < end) return fail({400, "CR without LF in the head"});
  if (octets.size() > limits_->head || (scanned_ == end && end == limits_->head))
    return fail({431, "head too large"});
  return outcome::need_more;  // nothing found, or a last octet whose successor decides
}

[[gnu::cold]] inline violation head_parser::request_line(std::string_view line, request& into) const {
  const char* const end = line.data() + line.size();
  const char* space = line.data();
  while (space != end && *space != ' ') ++space;
  if (space == end || !into.method.assign({line.data(), static_cast<std::size_t>(space - line.data())}))
    return {400, "method is not a token followed by a space"};
  const char* const target = space + 1;
  const target_text checked = scan_target_portable(target, end);
  for (space = checked.end; space != end && *space != ' '; ++space) {}
  if (space == end) return {400, "no HTTP version in the start line"};
  const std::string_view text(target, static_cast<std::size_t>(space - target));
  const std::string_view version(space + 1, static_cast<std::size_t>(end - space - 1));
  if (const auto wrong = detail::read_version(version, into.version)) return wrong;
  if (text.size() > limits_->target) return {414, "request target too long"};
  const auto question = static_cast<std::size_t>(checked.question - target);
  if (space != checked.end || !into.target.assign_checked(text, question, into.method))
    return {400, "not a request target for this method"};
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
