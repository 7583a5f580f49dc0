// tinyhttp/http/event_reader.hpp -- server-sent events read from an answer's body as they arrive.
#pragma once

#include <tinyhttp/core/chrono.hpp>
#include <tinyhttp/core/result.hpp>
#include <tinyhttp/core/task.hpp>
#include <tinyhttp/http/body.hpp>
#include <tinyhttp/http/events.hpp>
#include <tinyhttp/http/fields.hpp>
#include <tinyhttp/http/media_type.hpp>
#include <tinyhttp/http/response.hpp>
#include <tinyhttp/http/status.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace tinyhttp {

/// The fields of a request for events that continues after `last_event_id`. That is left out if it is empty, or
/// contains control octets, which no field may have.
[[nodiscard]] inline fields event_fields(std::string_view last_event_id = {}) {
  fields made = {{"Accept", "text/event-stream"}, {"Cache-Control", "no-store"}};
  if (!last_event_id.empty()) (void)made.try_add("Last-Event-ID", last_event_id);
  return made;
}

/// Reads events from an answer's body, which must outlive it: `co_await events.next()`, or `pull(events)` in a
/// thread.
template <class = void>  // g++ compiles every coroutine it sees; a template only where it is used
class basic_event_reader {
 public:
  /// Fails if the answer is not a 200 of text/event-stream. A 204 asks the client not to reconnect.
  [[nodiscard]] static result<basic_event_reader> of(response& r, std::string last_event_id = {},
                                                     const event_limits& bounds = {});

  /// The next event, valid until the next call; null at the end. Errors: those of the body, or an event that is too large.
  [[nodiscard]] task<result<const event*>> next();

  /// As in `event_parser`, for the next request.
  [[nodiscard]] const std::string& last_event_id() const noexcept { return parser_.last_event_id(); }
  [[nodiscard]] std::optional<std::chrono::milliseconds> retry() const noexcept { return parser_.retry(); }

 private:
  basic_event_reader(body& from, std::string&& last_event_id, const event_limits& bounds)
      : from_(&from), parser_(std::move(last_event_id), bounds) {}

  body* from_;
  event_parser parser_;
};

/// Reads the events in an answer's body as they arrive.
using event_reader = basic_event_reader<>;

// ---------------------------------------------------------------------------------------------

template <class T>
result<basic_event_reader<T>> basic_event_reader<T>::of(response& r, std::string last_event_id,
                                                        const event_limits& bounds) {
  const std::string_view type = r.fields["Content-Type"];
  const auto parsed = parse_media_type(type);
  if (r.status == status::ok && parsed && parsed->is("text/event-stream"))
    return basic_event_reader(r.body, std::move(last_event_id), bounds);
  std::string why = "events: the answer is ";
  if (r.status != status::ok) why.append(r.status.to_string());
  else why.append(type.empty() ? "of no type" : type);
  return error(error_kind::protocol, std::move(why));
}

template <class T>
task<result<const event*>> basic_event_reader<T>::next() {
  for (;;) {
    const result<const event*> made = parser_.next();
    if (!made || *made != nullptr) co_return made;
    auto pulling = from_->next();
    const result<std::string_view> piece = co_await pulling;
    if (!piece) co_return piece.error();
    if (piece->empty()) co_return made;
    parser_.feed(*piece);
  }
}

}  // namespace tinyhttp
