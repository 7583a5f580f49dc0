// tinyhttp/http/events.hpp -- server-sent events, written and parsed as a page's EventSource does.
//
// Pure and incremental: text/event-stream, WHATWG HTML 9.2. Octets are not decoded: where browsers put U+FFFD for
// invalid UTF-8, we pass on what arrived.
#pragma once

#include <tinyhttp/core/ascii.hpp>
#include <tinyhttp/core/chrono.hpp>
#include <tinyhttp/core/clock.hpp>
#include <tinyhttp/core/result.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace tinyhttp {

/// A server-sent event.
struct event {
  std::string data;                     // any text; its line ends arrive as LF
  std::string type = "message";         // what a page listens to; empty means the same
  std::optional<std::string> id = {};   // what a page sends when it reconnects; an empty string: nothing any more
  std::optional<std::chrono::milliseconds> retry = {};  // the pause before it reconnects, a year at most

  friend bool operator==(const event&, const event&) = default;
};

/// Bounds for readers of events; exceeding one is an error of kind `limit`.
struct event_limits {
  std::size_t octets = 1024 * 1024;  // of an event's data plus the line that is being read
};

/// The lines of the event, including the empty one at the end. Error: `invalid_argument` for a type or an id with a
/// line end, and for an id with a NUL, which readers ignore.
[[nodiscard]] inline result<std::string> format_event(const event& e);

/// Parses a stream incrementally: `feed`, then `next` until it needs more. Text after the last empty line of a
/// stream is not an event. Holds the octets it was fed last, and one event.
class event_parser {
 public:
  /// `last_event_id`: of the stream that this one continues.
  explicit event_parser(std::string last_event_id = {}, const event_limits& bounds = {})
      : limit_(bounds.octets), id_(std::move(last_event_id)), last_id_(id_) {}

  void feed(std::string_view octets) {
    octets_.erase(0, at_);
    searched_ -= at_;
    at_ = 0;
    if (!failed_) octets_.append(octets);
  }

  /// The next event, valid until the next call; null: it needs more octets. Errors are of kind `limit`, and permanent.
  [[nodiscard]] result<const event*> next();

  /// The id of the last event that has one, even if its data is empty: for the Last-Event-ID field.
  [[nodiscard]] const std::string& last_event_id() const noexcept { return last_id_; }
  /// The pause before reconnecting, if the server set one.
  [[nodiscard]] std::optional<std::chrono::milliseconds> retry() const noexcept { return retry_; }

 private:
  [[nodiscard]] bool begins();
  [[nodiscard]] std::optional<std::string_view> next_line();
  void take_field(std::string_view line);
  [[nodiscard]] bool dispatch();

  std::size_t limit_;
  std::string octets_;
  std::size_t at_ = 0;        // octets before this one are done with
  std::size_t searched_ = 0;  // a line that begins at `at_` does not end before this octet
  bool begun_ = false;        // it has been seen whether there is a byte order mark
  bool after_cr_ = false;     // an LF belongs to the line end before it
  bool failed_ = false;
  event read_{};              // what the fields say since the last event
  event made_{};
  std::string id_;  // in force, though no empty line may have come
  std::string last_id_;
  std::optional<std::chrono::milliseconds> retry_;
};

// ---------------------------------------------------------------------------------------------

inline result<std::string> format_event(const event& e) {
  constexpr std::string_view line_ends = "\r\n";
  if (e.type.find_first_of(line_ends) != e.type.npos)
    return error(error_kind::invalid_argument, "event: its type has a line end");
  if (e.id && e.id->find_first_of(std::string_view("\r\n\0", 3)) != e.id->npos)
    return error(error_kind::invalid_argument, "event: its id has a line end or a NUL");
  std::string text;
  if (e.id) text.append("id: ").append(*e.id).append("\n");
  if (!e.type.empty() && e.type != "message") text.append("event: ").append(e.type).append("\n");
  if (e.retry) {
    text.append("retry: ");
    ascii::append_decimal(text, static_cast<std::uint64_t>(at_most_a_year(*e.retry).count()));
    text.append("\n");
  }
  for (std::string_view rest = e.data;;) {
    const std::size_t end = rest.find_first_of(line_ends);
    text.append("data: ").append(rest.substr(0, end)).append("\n");
    if (end == rest.npos) return text.append("\n");
    rest.remove_prefix(end + (rest.substr(end, 2) == line_ends ? 2 : 1));
  }
}

inline result<const event*> event_parser::next() {
  constexpr const event* none = nullptr;
  while (!failed_ && begins()) {
    const auto line = next_line();
    const std::size_t size = line ? line->size() : octets_.size() - at_;
    failed_ = size > limit_ || read_.data.size() > limit_ - size;
    if (!line || failed_) break;
    if (!line->empty()) take_field(*line);
    else if (dispatch()) return &made_;
  }
  if (failed_) return error(error_kind::limit, "event: more than " + ascii::to_decimal(limit_) + " octets");
  return none;
}

/// The stream, behind its byte order mark, if it has one.
inline bool event_parser::begins() {
  if (begun_) return true;
  constexpr std::string_view mark = "\xef\xbb\xbf";
  if (octets_.size() < mark.size() && mark.starts_with(octets_)) return false;
  begun_ = true;
  if (octets_.starts_with(mark)) at_ = searched_ = mark.size();
  return true;
}

/// A CR ends a line at once, whatever comes then: who sent it may wait for what we do.
inline std::optional<std::string_view> event_parser::next_line() {
  if (after_cr_ && at_ < octets_.size()) {
    if (octets_[at_] == '\n') searched_ = ++at_;
    after_cr_ = false;
  }
  const std::size_t end = octets_.find_first_of("\r\n", searched_);
  if (end == octets_.npos) {
    searched_ = octets_.size();
    return std::nullopt;
  }
  const std::string_view line = std::string_view(octets_).substr(at_, end - at_);
  after_cr_ = octets_[end] == '\r';
  at_ = searched_ = end + 1;
  return line;
}

inline void event_parser::take_field(std::string_view line) {
  const std::size_t colon = line.find(':');
  const std::string_view name = line.substr(0, colon);
  std::string_view value = colon == line.npos ? std::string_view() : line.substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  if (name == "data") {
    read_.data.append(value).append("\n");
  } else if (name == "event") {
    read_.type = value;
  } else if (name == "id") {
    if (value.find('\0') == value.npos) read_.id = id_ = value;
  } else if (name == "retry") {
    constexpr std::uint64_t most = a_year.count();
    if (const auto number = ascii::parse_decimal(value))
      read_.retry = retry_ = std::chrono::milliseconds(*number < most ? *number : most);
  }
}

/// At an empty line. False: without data there is no event, but its id counts.
inline bool event_parser::dispatch() {
  last_id_ = id_;
  made_ = std::exchange(read_, {});
  if (made_.data.empty()) return false;
  made_.data.pop_back();
  if (made_.type.empty()) made_.type = "message";
  return true;
}

}  // namespace tinyhttp
