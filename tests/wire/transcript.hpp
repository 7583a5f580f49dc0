// tests/wire/transcript.hpp -- what a connection makes of octets, as one text that can be compared.
//
// Octets and the places where they are cut go in; what the sans-I/O core saw comes out, one line a
// thing. Two ways of cutting agree exactly when their transcripts are equal. Knows no test framework.
#pragma once

#include <tinyhttp/h1/connection.hpp>

#include <cstddef>
#include <limits>
#include <string>
#include <string_view>

namespace wire {

/// Cuts octets into fragments: at every multiple of `every`, and at `at`.
struct cutting {
  std::size_t every = std::numeric_limits<std::size_t>::max();
  std::size_t at = std::numeric_limits<std::size_t>::max();

  /// The length of the fragment that starts at `from`.
  [[nodiscard]] std::size_t size(std::size_t from, std::size_t total) const noexcept {
    std::size_t end = total;
    if (every < end - from) end = from + every;
    if (from < at && at < end) end = at;
    return end - from;
  }
};

[[nodiscard]] inline std::string field_lines(const tinyhttp::fields& f) {
  std::string text;
  for (const auto& [name, value] : f) text.append(name).append(": ").append(value).append("\n");
  return text;
}

[[nodiscard]] inline const char* version_text(tinyhttp::http_version v) noexcept {
  return v == tinyhttp::http_version::http_1_0 ? "HTTP/1.0" : "HTTP/1.1";
}

/// The lines a transcript has for one message, so that an expectation can be written the same way.
[[nodiscard]] inline std::string message_lines(std::string_view start, std::string_view fields,
                                               std::string_view body, std::string_view trailers,
                                               bool keep_alive) {
  std::string text;
  text.append(start).append("\n").append(fields);
  text.append("body ").append(tinyhttp::ascii::to_decimal(body.size())).append(" [").append(body);
  text.append("]\n").append(trailers).append(keep_alive ? "may go on\n" : "the last one\n");
  return text;
}

/// How many octets, and what follows them.
enum class ending { open, closed };

namespace detail {

/// Octets on their way into a connection, a fragment at a time.
class feeder {
 public:
  feeder(tinyhttp::h1::connection& to, std::string_view octets, cutting cut, ending end)
      : to_(to), octets_(octets), cut_(cut), end_(end) {}

  /// Gives the next fragment, or the close; false when there is nothing more to give.
  bool feed() {
    if (at_ < octets_.size()) {
      const std::size_t size = cut_.size(at_, octets_.size());
      // A copy of its own, so that a view kept too long is noticed by the sanitizer.
      const std::string fragment(octets_.substr(at_, size));
      to_.receive(fragment);
      at_ += size;
      return true;
    }
    if (end_ == ending::open || told_) return false;
    told_ = true;
    to_.peer_closed();
    return true;
  }
  /// What no message has taken.
  [[nodiscard]] std::string rest() {
    return std::string(to_.unread()).append(octets_.substr(at_));
  }

 private:
  tinyhttp::h1::connection& to_;
  std::string_view octets_;
  cutting cut_;
  ending end_;
  std::size_t at_ = 0;
  bool told_ = false;
};

inline void stop(std::string& text, feeder& from, std::string_view why) {
  text.append(why).append("; unread [").append(from.rest()).append("]\n");
}

[[nodiscard]] inline std::string failed_line(const tinyhttp::h1::connection& c) {
  return std::string("refused ").append(tinyhttp::ascii::to_decimal(
      static_cast<std::uint64_t>(c.failure().status))).append("\n");
}

}  // namespace detail

/// What a server sees. Every request is answered with 404, once it has been read.
[[nodiscard]] inline std::string read_requests(std::string_view octets, cutting cut, ending end,
                                               const tinyhttp::h1::limits& bounds = {}) {
  using namespace tinyhttp;
  using kind = h1::wire_event::kind;
  h1::connection wire(h1::side::server, bounds);
  detail::feeder from(wire, octets, cut, end);
  request seen;
  std::string text, start, lines, body;
  buffer out;
  for (;;) {
    const auto event = wire.next_event(seen);
    switch (event.what) {
      case kind::need_more:
        if (from.feed()) break;
        detail::stop(text, from, start.empty() ? "waits" : "waits for the body of " + start);
        return text;
      case kind::head:
        start.append(seen.method.name()).append(" ").append(seen.target.text()).append(" ");
        start.append(version_text(seen.version));
        lines = field_lines(seen.fields);
        break;
      case kind::data: body.append(event.data); break;
      case kind::end: {
        const auto* section = wire.trailers();
        const std::string trailers = section != nullptr ? field_lines(*section) : std::string();
        const auto plan = wire.send(out, response(status::not_found), {});
        const bool sent = wire.finish(out, nullptr);
        text += message_lines(start, lines, body, trailers, plan.keep_alive);
        if (!sent) text += "could not answer\n";
        start.clear(), lines.clear(), body.clear();
        seen.clear();
        if (wire.restart()) break;
        detail::stop(text, from, "hung up");
        return text;
      }
      case kind::closed: detail::stop(text, from, "closed"); return text;
      case kind::failed:
        if (!start.empty()) text.append("in the body of ").append(start).append("\n");
        text += detail::failed_line(wire);
        while (from.feed())
          if (wire.next_event(seen).what != kind::failed) text += "went on after a refusal\n";
        return text;
      case kind::informational: return "informational on a server";
    }
  }
}

/// What a client sees that has asked `question`.
[[nodiscard]] inline std::string read_response(const tinyhttp::request& question,
                                               std::string_view octets, cutting cut, ending end,
                                               const tinyhttp::h1::limits& bounds = {}) {
  using namespace tinyhttp;
  using kind = h1::wire_event::kind;
  h1::connection wire(h1::side::client, bounds);
  detail::feeder from(wire, octets, cut, end);
  std::string text, start, lines, body;
  buffer out;
  (void)wire.send(out, question, "a");
  (void)wire.finish(out, nullptr);
  response seen;
  for (;;) {
    const auto event = wire.next_event(seen);
    const auto code = ascii::to_decimal(static_cast<std::uint64_t>(seen.status.code()));
    switch (event.what) {
      case kind::need_more:
        if (from.feed()) break;
        detail::stop(text, from, start.empty() ? "waits" : "waits for the body of " + start);
        return text;
      case kind::informational:
        text.append("interim ").append(code).append("\n").append(field_lines(seen.fields));
        break;
      case kind::head:
        start = code;
        lines = field_lines(seen.fields);
        break;
      case kind::data: body.append(event.data); break;
      case kind::end: {
        const auto* section = wire.trailers();
        text += message_lines(start, lines, body,
                              section != nullptr ? field_lines(*section) : std::string(),
                              wire.reusable());
        detail::stop(text, from, "done");
        return text;
      }
      case kind::failed:
        if (!start.empty()) text.append("in the body of ").append(start).append("\n");
        text += detail::failed_line(wire);
        while (from.feed())
          if (wire.next_event(seen).what != kind::failed) text += "went on after a refusal\n";
        return text;
      case kind::closed: return "closed on a client";
    }
  }
}

}  // namespace wire
