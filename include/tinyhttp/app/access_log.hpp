// tinyhttp/app/access_log.hpp -- one log line for each response that was sent or cut off.
//
// Knows when a response is over (`response::on_sent`), not how it was made. Text from peers is
// escaped, so that no request can forge a line.
#pragma once

#include <tinyhttp/app/handler.hpp>
#include <tinyhttp/core/chrono.hpp>
#include <tinyhttp/core/shared.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <utility>

namespace tinyhttp {

/// What is known about a finished exchange. The views are valid during the call of the sink.
struct access_entry {
  std::string_view method;
  std::string_view target;  // as it was sent, not decoded
  std::string_view peer;    // empty without a server
  tinyhttp::status status{};
  std::uint64_t body_octets = 0;     // content handed to the kernel
  bool complete = true;              // the whole message was handed over
  std::chrono::nanoseconds time{0};  // from the request's head to the response's end
};

/// Appends one line, without a line end:
///
///     127.0.0.1:52186 "GET /hello?x=1" 200 12 0.381ms
///
/// Control octets, octets outside US-ASCII and `"` in text from peers become `\xNN`, and so does `\`; empty
/// text becomes `-`. A response that was cut off has ` cut` at the end.
inline void append_access_line(std::string& out, const access_entry& entry);

/// Receives each entry, on the loop thread of the connection: with several loops, from several threads at
/// once. Must not throw.
using access_sink = function<void(const access_entry&) const>;

/// Writes a whole line to standard output and flushes it, so that a pipe's reader sees it at once.
inline void print_access_line(const access_entry& entry);

/// A handler that calls `h` and reports to `sink` how its response was sent. If `h` throws there is no response:
/// put `with_recover` inside.
template <handler H>
[[nodiscard]] auto with_access_log(H h, access_sink sink = print_access_line);

// ---------------------------------------------------------------------------------------------

namespace detail {

/// Keeps what the line needs, since neither request nor handler need live until the response is
/// sent.
class access_note {
 public:
  access_note(shared<const access_sink> sink, const request& r)
      : sink_(std::move(sink)), method_(r.method.name().size()), target_(r.target.text().size()) {
    const auto peer = r.peer();
    text_.reserve(method_ + target_ + peer.size());
    text_.append(r.method.name()).append(r.target.text()).append(peer);
  }

  void operator()(const sent_report& sent) const {
    const std::string_view text = text_;
    (*sink_)({text.substr(0, method_), text.substr(method_, target_),
              text.substr(method_ + target_), sent.status, sent.body_octets, sent.complete,
              sent.time});
  }

 private:
  shared<const access_sink> sink_;
  std::string text_;  // method, target and peer, one behind the other
  std::size_t method_, target_;
};

template <handler H>
class logging_handler {
 public:
  logging_handler(H h, access_sink sink)
      : handler_(std::move(h)), sink_(new access_sink(std::move(sink))) {}

  reply operator()(request& r) const {
    access_note note(sink_, r);  // before the handler has it
    reply made = invoke(handler_, r);
    if (made.is_ready()) made.now().on_sent(std::move(note));
    else made.later() = transform_later(std::move(made.later()), noting{std::move(note)});
    return made;
  }

 private:
  struct noting {
    access_note note;
    void operator()(response& made) { made.on_sent(std::move(note)); }
  };

  H handler_;
  shared<const access_sink> sink_;
};

inline void append_log_text(std::string& out, std::string_view text) {
  if (text.empty()) out.push_back('-');
  const auto is_plain = [](char c) { return c >= 0x20 && c < 0x7f && c != '"' && c != '\\'; };
  while (!text.empty()) {
    std::size_t plain = 0;
    while (plain < text.size() && is_plain(text[plain])) ++plain;
    out.append(text.data(), plain);
    text.remove_prefix(plain);
    if (text.empty()) break;
    ascii::append_hex_octet(out.append("\\x"), text.front());
    text.remove_prefix(1);
  }
}

}  // namespace detail

inline void append_access_line(std::string& out, const access_entry& entry) {
  detail::append_log_text(out, entry.peer);
  out.append(" \"");
  detail::append_log_text(out, entry.method);
  out.push_back(' ');
  detail::append_log_text(out, entry.target);
  out.append("\" ");
  ascii::append_decimal(out, static_cast<std::uint64_t>(entry.status.code()));
  out.push_back(' ');
  ascii::append_decimal(out, entry.body_octets);
  out.push_back(' ');
  const auto count = entry.time.count();
  const auto microseconds = count > 0 ? static_cast<std::uint64_t>(count) / 1000 : 0;
  ascii::append_decimal(out, microseconds / 1000);
  const std::string digits = ascii::to_decimal(1000 + microseconds % 1000);
  out.append(".").append(digits, 1).append("ms");
  if (!entry.complete) out.append(" cut");
}

inline void print_access_line(const access_entry& entry) {
  std::string line;
  append_access_line(line, entry);
  line.push_back('\n');
  std::fwrite(line.data(), 1, line.size(), stdout);
  std::fflush(stdout);
}

template <handler H>
auto with_access_log(H h, access_sink sink) {
  return detail::logging_handler<H>(std::move(h), std::move(sink));
}

}  // namespace tinyhttp
