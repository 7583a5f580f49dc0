// tinyhttp/http/multipart_reader.hpp -- the parts of a form, including files, read from a body as they arrive.
//
// For handlers that can wait: no part is kept in memory. Other handlers use `parse_multipart`.
#pragma once

#include <tinyhttp/core/result.hpp>
#include <tinyhttp/core/task.hpp>
#include <tinyhttp/http/body.hpp>
#include <tinyhttp/http/multipart_parser.hpp>
#include <tinyhttp/http/request.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace tinyhttp {

/// Reads the parts of a request's body, which must outlive the reader. Errors have status hints: 400 if it is malformed or
/// cut off, 413, and those of the body. After an error nothing more can be read.
///
///     auto form = multipart_reader::of(r);
///     if (!form) co_return body_problem(form.error());
///     for (;;) {
///       const auto more = co_await form->next_part();
///       if (!more) co_return body_problem(more.error());
///       if (!*more) break;
///       ...
template <class = void>  // g++ compiles every coroutine it sees; a template only where it is used
class basic_multipart_reader {
 public:
  /// Errors are those of `boundary_of`.
  [[nodiscard]] static result<basic_multipart_reader> of(request& r, const multipart_limits& bounds = {}) {
    const auto boundary = boundary_of(r.fields["Content-Type"]);
    if (!boundary) return boundary.error();
    return basic_multipart_reader(r.body, *boundary, bounds);
  }

  /// Moves on to the next part, and skips the unread rest of the previous one. False: the form has ended.
  [[nodiscard]] task<result<bool>> next_part();

  /// The current part.
  [[nodiscard]] const form_part& part() const noexcept { return parser_.part(); }

  /// The next octets of its content, or none at its end. They are valid until the next call.
  [[nodiscard]] task<result<std::string_view>> next_piece();

  /// The rest of its content. More than `limit` octets are an error with status hint 413.
  [[nodiscard]] task<result<std::string>> read_part(std::size_t limit);

 private:
  using event = multipart_parser::event;

  basic_multipart_reader(body& from, std::string_view boundary, const multipart_limits& bounds)
      : from_(&from), parser_(boundary, bounds) {}
  [[nodiscard]] task<result<event>> next();

  body* from_;
  multipart_parser parser_;
  event last_ = event::end_of_part;
};

/// Reads the parts of a multipart body one after the other, as they arrive.
using multipart_reader = basic_multipart_reader<>;

// ---------------------------------------------------------------------------------------------

/// The parser's next event, once there is one.
template <class T>
task<result<multipart_parser::event>> basic_multipart_reader<T>::next() {
  while ((last_ = parser_.next()) == event::need_more) {
    auto pulling = from_->next();
    const result<std::string_view> piece = co_await pulling;
    if (!piece) co_return piece.error();
    if (piece->empty()) co_return error(error_kind::protocol, "multipart: the body ends before its last boundary", 400);
    parser_.feed(*piece);
  }
  if (last_ == event::failed) co_return parser_.failure();
  co_return last_;
}

template <class T>
task<result<bool>> basic_multipart_reader<T>::next_part() {
  if (last_ == event::end) co_return false;
  for (;;) {
    auto going_on = next();
    const result<event> what = co_await going_on;
    if (!what) co_return what.error();
    if (*what == event::part || *what == event::end) co_return *what == event::part;
  }
}

template <class T>
task<result<std::string_view>> basic_multipart_reader<T>::next_piece() {
  if (last_ == event::end_of_part || last_ == event::end) co_return std::string_view();
  auto going_on = next();
  const result<event> what = co_await going_on;
  if (!what) co_return what.error();
  co_return *what == event::content ? parser_.content() : std::string_view();
}

template <class T>
task<result<std::string>> basic_multipart_reader<T>::read_part(std::size_t limit) {
  std::string all;
  for (;;) {
    auto pulling = next_piece();
    const result<std::string_view> piece = co_await pulling;
    if (!piece) co_return piece.error();
    if (piece->empty()) co_return all;
    if (piece->size() > limit - all.size())
      co_return error(error_kind::limit, "multipart: the content of a part is too large", 413);
    all.append(*piece);
  }
}

}  // namespace tinyhttp
