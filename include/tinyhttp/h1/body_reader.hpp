// tinyhttp/h1/body_reader.hpp -- takes the octets of one body out of the received octets.
//
// RFC 9112 6 and 7. Fixed length, chunked, or until close. Pure and incremental; its data are views of the octets it
// was given; only trailers are copied.
#pragma once

#include <tinyhttp/core/ascii.hpp>
#include <tinyhttp/core/bounds.hpp>
#include <tinyhttp/core/owned.hpp>
#include <tinyhttp/h1/framing.hpp>
#include <tinyhttp/h1/head_parser.hpp>
#include <tinyhttp/h1/limits.hpp>
#include <tinyhttp/http/fields.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace tinyhttp::h1 {

/// A field that decides framing, routing or authentication: never accepted in a trailer section, nor sent in one (RFC
/// 9110 6.5.1).
[[nodiscard]] inline bool is_forbidden_in_trailer(std::string_view name) noexcept;

/// Reads one body. Call `read` with the available octets, drop `consumed` of them, repeat.
class body_reader {
 public:
  enum class outcome : std::uint8_t {
    need_more,  // all was consumed
    data,       // `data` is the next part of the body, not empty
    end,        // the body is complete; what follows belongs to somebody else
    failed,     // see `failure()`
  };
  struct step {
    outcome state;
    std::size_t consumed;   // octets at the front of the input that were used
    std::string_view data;  // a view into the input
  };

  body_reader(framing by, const limits& bounds) noexcept : limits_(&bounds) { restart(by); }

  /// Starts another body.
  void restart(framing by) noexcept;

  [[nodiscard]] step read(std::string_view in);

  /// The peer has closed: returns whether the body is complete at this point.
  [[nodiscard]] bool complete_at_close() const noexcept {
    return stage_ == stage::until_close || stage_ == stage::done;
  }
  [[nodiscard]] bool done() const noexcept { return stage_ == stage::done; }
  [[nodiscard]] const violation& failure() const noexcept { return failure_; }

  /// The trailer section, once the end has been read; null when there is none.
  [[nodiscard]] const fields* trailers() const noexcept { return trailers_ ? &trailers_->lines : nullptr; }

  /// Octets of data still to come, for a body of known length; 0 otherwise.
  [[nodiscard]] std::uint64_t remaining() const noexcept {
    return stage_ == stage::fixed ? left_ : 0;
  }

 private:
  enum class stage : std::uint8_t {
    fixed, until_close, size_first, size, extension_blank, extension, size_lf, chunk, chunk_cr,
    chunk_lf, trailer, trailer_lf, done, failed,
  };

  struct trailer_section {
    std::string running;  // line, as far as it is here
    fields lines;
  };

  step take_data(std::string_view in, std::size_t at);
  void take_framing(char c);
  void take_size(char c);
  void take_trailer_octet(char c);
  void take_trailer_line();
  void fail(violation why) noexcept {
    failure_ = why;
    stage_ = stage::failed;
  }
  void expect(char c, char wanted, stage next, const char* why) noexcept {
    if (c == wanted) {
      stage_ = next;
    } else {
      fail({400, why});
    }
  }

  const limits* limits_;
  stage stage_ = stage::done;
  std::uint64_t left_ = 0;           // octets of the running chunk, or of the whole
  std::size_t extension_ = 0;        // octets of chunk extensions, and of zeros, so far
  std::size_t trailer_octets_ = 0;   // octets of trailer lines so far
  owned<trailer_section> trailers_;  // rare, so not worth its room in every connection
  violation failure_;
};

// ---------------------------------------------------------------------------------------------

[[gnu::cold]] inline bool is_forbidden_in_trailer(std::string_view name) noexcept {
  static constexpr const char* forbidden[] = {
      "Content-Length", "Transfer-Encoding", "Host", "Connection", "Trailer", "TE", "Upgrade",
      "Keep-Alive", "Content-Type", "Content-Encoding", "Content-Range", "Authorization",
      "Proxy-Authorization", "Proxy-Connection", "WWW-Authenticate", "Proxy-Authenticate",
      "Set-Cookie", "Cookie", "Cache-Control", "Expires", "Age", "Date", "Vary", "Location",
      "Retry-After", "Expect", "Range", "If-Match", "If-None-Match", "If-Modified-Since",
      "If-Unmodified-Since", "If-Range", "Max-Forwards", "Pragma", "Warning"};
  for (const std::string_view each : forbidden)
    if (ascii::equal_ignoring_case(name, each)) return true;
  return false;
}

inline void body_reader::restart(framing by) noexcept {
  if (trailers_) trailers_.reset();
  switch (by.by) {
    case framing::rule::none: stage_ = stage::done; break;
    case framing::rule::length:
      left_ = by.length;
      stage_ = left_ > 0 ? stage::fixed : stage::done;
      break;
    case framing::rule::chunked:
      stage_ = stage::size_first;
      extension_ = trailer_octets_ = 0;
      failure_ = {};
      break;
    case framing::rule::until_close: stage_ = stage::until_close; break;
  }
}

inline body_reader::step body_reader::read(std::string_view in) {
  std::size_t at = 0;
  for (;;) {
    if (stage_ == stage::done) return {outcome::end, at, {}};
    if (stage_ == stage::failed) return {outcome::failed, at, {}};
    if (at == in.size()) return {outcome::need_more, at, {}};
    if (stage_ == stage::fixed || stage_ == stage::chunk || stage_ == stage::until_close)
      return take_data(in, at);
    take_framing(in[at++]);
  }
}

inline body_reader::step body_reader::take_data(std::string_view in, std::size_t at) {
  auto data = in.substr(at);
  if (stage_ != stage::until_close) {
    data = data.substr(0, at_most(left_, data.size()));
    left_ -= data.size();
    if (left_ == 0) stage_ = stage_ == stage::fixed ? stage::done : stage::chunk_cr;
  }
  return {outcome::data, at + data.size(), data};
}

/// Takes one octet of a chunk header, a chunk's end, or the trailer section.
inline void body_reader::take_framing(char c) {
  switch (stage_) {
    case stage::size_first:
    case stage::size:
    case stage::extension_blank:
    case stage::extension: take_size(c); break;
    case stage::size_lf:
      expect(c, '\n', left_ > 0 ? stage::chunk : stage::trailer, "CR without LF in a chunk header");
      break;
    case stage::chunk_cr: expect(c, '\r', stage::chunk_lf, "chunk data not closed by CRLF"); break;
    case stage::chunk_lf: expect(c, '\n', stage::size_first, "chunk data not closed by CRLF"); break;
    case stage::trailer:
      if (c == '\r') stage_ = stage::trailer_lf;
      else take_trailer_octet(c);
      break;
    case stage::trailer_lf:
      expect(c, '\n', stage::trailer, "CR without LF in the trailer section");
      if (stage_ == stage::trailer) take_trailer_line();
      break;
    default: break;
  }
}

/// Takes one octet of `chunk-size [ chunk-ext ] CRLF` (RFC 9112 7.1).
inline void body_reader::take_size(char c) {
  const int digit = ascii::hex_value(c);
  if (digit >= 0 && (stage_ == stage::size_first || stage_ == stage::size)) {
    if (stage_ == stage::size_first) left_ = 0;
    if (left_ >> 58 != 0) return fail({400, "chunk size too large"});  // 62 bits hold any file
    if (left_ == 0 && stage_ == stage::size && ++extension_ > limits_->chunk_extensions)
      return fail({400, "chunk size in too many digits"});  // zeros without end say nothing either
    left_ = left_ * 16 + static_cast<std::uint64_t>(digit);
    stage_ = stage::size;
    return;
  }
  if (stage_ == stage::size_first) return fail({400, "chunk size is not hexadecimal"});
  if (c == '\r' && stage_ != stage::extension_blank) {
    stage_ = stage::size_lf;
    return;
  }
  if (++extension_ > limits_->chunk_extensions) return fail({400, "chunk extensions too large"});
  const bool blank = c == ' ' || c == '\t';
  if (stage_ == stage::extension) {
    if (is_control(c)) fail({400, "control octet in a chunk extension"});
  } else if (c == ';') {
    stage_ = stage::extension;
  } else if (blank) {
    stage_ = stage::extension_blank;  // allowed in front of a semicolon only
  } else {
    fail({400, "chunk size is not hexadecimal"});
  }
}

[[gnu::cold]] inline void body_reader::take_trailer_octet(char c) {
  if (is_control(c)) return fail({400, "control octet or bare LF in the trailer section"});
  if (++trailer_octets_ > limits_->trailer) return fail({431, "trailer section too large"});
  if (!trailers_) trailers_.reset(new trailer_section);
  trailers_->running.push_back(c);
}

[[gnu::cold]] inline void body_reader::take_trailer_line() {
  if (!trailers_ || trailers_->running.empty()) {
    stage_ = stage::done;
    return;
  }
  const std::string_view line = trailers_->running;
  field_line split;
  if (const auto wrong = split_field_line(line, split)) return fail(wrong);
  const auto name = line.substr(0, split.name_size);
  if (is_forbidden_in_trailer(name)) return fail({400, "field not allowed in a trailer section"});
  if (trailers_->lines.size() == limits_->fields) return fail({431, "too many trailer fields"});
  trailers_->lines.add(name, line.substr(split.value_at, split.value_size));
  trailers_->running.clear();
}

}  // namespace tinyhttp::h1
