// tinyhttp/http/multipart.hpp -- multipart/form-data: what HTML forms with files send (RFC 7578).
//
// Pure: the boundary is an argument, since randomness comes from the system (client/upload_form.hpp makes
// one). multipart_parser.hpp parses. Names are escaped as in the HTML Standard and curl.
#pragma once

#include <tinyhttp/core/ascii.hpp>
#include <tinyhttp/core/result.hpp>
#include <tinyhttp/core/shared.hpp>
#include <tinyhttp/core/task.hpp>
#include <tinyhttp/http/body.hpp>
#include <tinyhttp/http/media_type.hpp>
#include <tinyhttp/http/typed_body.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tinyhttp {

/// The parts of a form, in order. Files are sent by sendfile and not read into memory.
class multipart_form {
 public:
  /// `boundary` must not occur in any part: 1 to 70 token characters, chosen at random. Throws
  /// std::invalid_argument if it is not valid.
  explicit multipart_form(std::string boundary);

  /// Adds a field. Its value is sent unchanged; browsers would write its line ends as CRLF.
  multipart_form& add(std::string_view name, std::string_view value);

  /// Adds a file: octets, a slice, pieces, or a stream. `file_name` is what the server sees.
  ///
  /// @param media_type  empty: by the file's name, without a charset. Throws std::invalid_argument if it is not a valid
  ///                    field value
  multipart_form& add_file(std::string_view name, std::string_view file_name, body content,
                           std::string_view media_type = {});

  /// The whole form, for one message. Its length is known unless a stream's is not; with a stream it can
  /// be sent only once.
  template <class = void>
  [[nodiscard]] typed_body finish() &&;

 private:
  void begin_part(std::string_view name);

  std::string boundary_;
  std::string text_;  // what follows the last of `bodies_`
  std::vector<body> bodies_;
};

/// Joins bodies into one: into pieces, or into a stream if one of them is a stream.
template <class = void>  // g++ compiles every coroutine it sees; a template only where it is used
[[nodiscard]] body join_bodies(std::vector<body> bodies);

// ---------------------------------------------------------------------------------------------

namespace detail {

/// For a name between quotes: what would end it, or the line, is percent-encoded.
inline void append_form_data_name(std::string& out, std::string_view name) {
  out += '"';
  for (const char c : name) {
    if (c == '"' || c == '\r' || c == '\n') append_escape(out, c);
    else out += c;
  }
  out += '"';
}

/// Without `; charset=utf-8`: nobody has looked into the file.
[[nodiscard]] inline std::string_view essence_of(std::string_view media_type) noexcept {
  return media_type.substr(0, media_type.find(';'));
}

template <class = void>  // g++ compiles every coroutine it sees; a template only where it is used
class joined_stream final : public body_stream {
 public:
  explicit joined_stream(std::vector<body> bodies) : bodies_(std::move(bodies)) {}

  task<result<std::string_view>> next() override {
    while (at_ < bodies_.size()) {
      const result<std::string_view> piece = co_await bodies_[at_].next();
      if (!piece || !piece->empty()) co_return piece;
      ++at_;
    }
    co_return std::string_view();
  }
  [[nodiscard]] std::optional<std::uint64_t> length() const override {
    std::uint64_t sum = 0;
    for (const body& part : bodies_) {
      const auto length = part.length();
      if (!length) return std::nullopt;
      sum += *length;
    }
    return sum;
  }

 private:
  std::vector<body> bodies_;
  std::size_t at_ = 0;
};

}  // namespace detail

template <class>
body join_bodies(std::vector<body> bodies) {
  for (const body& part : bodies)
    if (part.stream() != nullptr)
      return body(share(new detail::joined_stream<>(std::move(bodies))));
  owned_list<body_piece> pieces;
  for (body& part : bodies) {
    if (const auto* slice = part.slice()) {
      pieces.push_back(owned<body_piece>(new body_piece(*slice)));
    } else if (const auto* many = part.pieces()) {
      for (const body_piece& piece : *many) pieces.push_back(owned<body_piece>(new body_piece(piece)));
    } else if (!part.text().empty()) {
      pieces.push_back(owned<body_piece>(new body_piece(part.text())));
    }
  }
  return body(std::move(pieces));
}

inline multipart_form::multipart_form(std::string boundary) : boundary_(std::move(boundary)) {
  if (boundary_.size() > 70 || !ascii::is_token(boundary_))
    throw std::invalid_argument("multipart_form: the boundary is not 1 to 70 token characters");
}

inline void multipart_form::begin_part(std::string_view name) {
  text_.append("--").append(boundary_).append("\r\nContent-Disposition: form-data; name=");
  detail::append_form_data_name(text_, name);
}

inline multipart_form& multipart_form::add(std::string_view name, std::string_view value) {
  begin_part(name);
  text_.append("\r\n\r\n").append(value).append("\r\n");
  return *this;
}

inline multipart_form& multipart_form::add_file(std::string_view name, std::string_view file_name,
                                                body content, std::string_view media_type) {
  if (media_type.empty()) media_type = detail::essence_of(media_type_of(file_name));
  if (!ascii::is_field_value(media_type))
    throw std::invalid_argument("multipart_form: the media type is no field value");
  begin_part(name);
  detail::append_form_data_name(text_.append("; filename="), file_name);
  text_.append("\r\nContent-Type: ").append(media_type).append("\r\n\r\n");
  bodies_.emplace_back(std::exchange(text_, "\r\n"));
  bodies_.push_back(std::move(content));
  return *this;
}

template <class>
typed_body multipart_form::finish() && {
  bodies_.emplace_back(text_.append("--").append(boundary_).append("--\r\n"));
  body whole = bodies_.size() == 1 ? std::move(bodies_.front()) : join_bodies(std::move(bodies_));
  return {std::move(whole), "multipart/form-data; boundary=" + boundary_};
}

}  // namespace tinyhttp
