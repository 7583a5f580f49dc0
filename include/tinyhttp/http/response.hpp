// tinyhttp/http/response.hpp -- a response: a value that owns its octets.
//
// RFC 9110 15. It says what to send. The writer alone decides how it is framed, and whether the
// content is sent at all (HEAD, 204, 304).
#pragma once

#include <tinyhttp/core/chrono.hpp>
#include <tinyhttp/core/function.hpp>
#include <tinyhttp/core/owned.hpp>
#include <tinyhttp/core/owned_list.hpp>
#include <tinyhttp/core/result.hpp>
#include <tinyhttp/core/shared.hpp>
#include <tinyhttp/core/task.hpp>
#include <tinyhttp/http/body.hpp>
#include <tinyhttp/http/fields.hpp>
#include <tinyhttp/http/percent.hpp>
#include <tinyhttp/http/status.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace tinyhttp {

/// The raw connection, for a protocol that takes over after a 101 (RFC 9110 7.8).
class raw_stream {
 public:
  virtual ~raw_stream() = default;
  /// Reads octets and returns their number; 0 is the end. Begins with what came after the request.
  [[nodiscard]] virtual task<result<std::size_t>> read(std::span<char> room) = 0;
  [[nodiscard]] virtual task<result<void>> write(std::string_view octets) = 0;
};

/// How sending a response went, for logs and metrics.
struct sent_report {
  tinyhttp::status status{};
  std::uint64_t body_octets = 0;     // content handed to the kernel
  bool complete = false;             // the whole message was handed over
  std::chrono::nanoseconds time{0};  // from the request's last head octet to the response's last
};

/// A response: returned from a handler, or received by a client.
struct response {
  tinyhttp::status status;
  tinyhttp::fields fields;
  tinyhttp::body body;

  response() = default;
  response(const response&) = default;
  [[gnu::noinline]] response(response&&) = default;  // large, and handlers' answers are made in their place
  response& operator=(const response&) = default;
  response& operator=(response&&) = default;
  ~response() = default;
  response(tinyhttp::status code, tinyhttp::fields&& f = {}, tinyhttp::body b = {})
      : status(code), fields(std::move(f)), body(std::move(b)) {}
  response(tinyhttp::status code, const tinyhttp::fields& f, tinyhttp::body&& b = {})
      : status(code), fields(f), body(std::move(b)) {}
  response(tinyhttp::status code, const tinyhttp::fields& f, const tinyhttp::body& b)
      : status(code), fields(f), body(b) {}
  [[gnu::always_inline]] response(tinyhttp::status code, const constant_line& f, tinyhttp::body&& b)
      : status(code), fields(f), body(std::move(b)) {}
  /// In place: short octets that are copied and moved on are written in pieces that are slow to read.
  [[gnu::always_inline]] response(tinyhttp::status code, const constant_line& f, std::string_view octets)
      : status(code), fields(f), body(octets) {}

  /// Sets a field; for chaining: `return text("hi").with("Cache-Control", "no-store")`. Throws like `fields::set`.
  response& with(std::string_view name, std::string_view value) & {
    fields.set(name, value);
    return *this;
  }
  response&& with(std::string_view name, std::string_view value) && {
    fields.set(name, value);
    return std::move(*this);
  }

  /// Calls `f` once, on the loop thread, when the response has been sent or given up.
  response& on_sent(function<void(const sent_report&)> f) {
    own_hooks().add(std::move(f));
    return *this;
  }

  /// Hands the connection to `f` after this response (usually a 101); the connection ends when `f` does.
  response& takeover(function<task<void>(raw_stream&)> f) {
    own_hooks().takeover = std::move(f);
    return *this;
  }

  /// What `on_sent` and `takeover` left here, for the sender of the response. Null when unused.
  struct hooks {
    using sent_hook = function<void(const sent_report&)>;
    owned_list<sent_hook> sent;
    function<task<void>(raw_stream&)> takeover;
    void add(sent_hook f) { sent.push_back(owned<sent_hook>(new sent_hook(std::move(f)))); }
  };
  [[nodiscard]] hooks* attached() const noexcept { return hooks_.get(); }

 private:
  hooks& own_hooks() {
    if (!hooks_) hooks_ = shared<hooks>(new hooks);
    else if (hooks_.use_count() > 1) part_hooks();
    return *hooks_;
  }
  [[gnu::cold]] void part_hooks();

  shared<hooks> hooks_;  // shared by copies until more are added to one of them
};

/// Hooks that other copies share stay theirs; this copy calls them through hooks of its own.
inline void response::part_hooks() {
  shared<hooks> own(new hooks);
  own->add([others = hooks_](const sent_report& report) {
    for (auto& each : others->sent) each(report);
  });
  if (hooks_->takeover)
    own->takeover = [others = hooks_](raw_stream& raw) { return others->takeover(raw); };
  hooks_ = std::move(own);
}

/// A response with octets of any type; the functions below set the usual types. `code` is the status. Throws
/// std::invalid_argument if `media_type` is not a valid field value.
[[nodiscard, gnu::noinline]] inline response content(body octets, std::string_view media_type, status code = {}) {
  response made;
  made.status = code;
  made.body = std::move(octets);
  made.fields.add("Content-Type", media_type);
  return made;
}
namespace detail {

/// For literals: the caller's compiler counts the octets, and everything is written in its place.
[[nodiscard, gnu::noinline]] inline response text_here(std::string_view octets, status code) {
  return response(code, constant_line("Content-Type: text/plain; charset=utf-8\r\n"), octets);
}
[[nodiscard, gnu::noinline]] inline response html_here(std::string_view octets, status code) {
  return response(code, constant_line("Content-Type: text/html; charset=utf-8\r\n"), octets);
}
[[nodiscard, gnu::noinline]] inline response json_here(std::string_view octets, status code) {
  return response(code, constant_line("Content-Type: application/json\r\n"), octets);
}

}  // namespace detail

[[nodiscard]] inline response text(body octets, status code = {}) {
  return response(code, constant_line("Content-Type: text/plain; charset=utf-8\r\n"), std::move(octets));
}
template <std::size_t Size>
[[nodiscard]] response text(const char (&octets)[Size], status code = {}) {
  return detail::text_here(octets, code);
}
[[nodiscard]] inline response html(body octets, status code = {}) {
  return response(code, constant_line("Content-Type: text/html; charset=utf-8\r\n"), std::move(octets));
}
template <std::size_t Size>
[[nodiscard]] response html(const char (&octets)[Size], status code = {}) {
  return detail::html_here(octets, code);
}
/// A JSON response; `octets` are already JSON text.
[[nodiscard]] inline response json(body octets, status code = {}) {
  return response(code, constant_line("Content-Type: application/json\r\n"), std::move(octets));
}
template <std::size_t Size>
[[nodiscard]] response json(const char (&octets)[Size], status code = {}) {
  return detail::json_here(octets, code);
}

/// A short page that tells people what went wrong: the status, and nothing about this machine.
[[nodiscard, gnu::cold]] inline response problem(status code) {
  return detail::text_here(code.to_string().append("\n"), code);
}

/// Redirects the client to `location`, a URI reference. Octets that may not appear in one are
/// percent-encoded; existing escapes are left alone. The target is not checked: do not pass on what
/// a peer sent. Throws std::invalid_argument for an empty one, and for a status that is not 3xx.
[[nodiscard, gnu::cold]] inline response redirect(std::string_view location, status code = status::found) {
  if (location.empty() || !code.is_redirection()) throw std::invalid_argument("redirect: to nowhere, or not by a 3xx");
  std::string escaped;
  for (std::size_t at = 0, end = 0; at < location.size(); at = end) {  // those that may stand, and one that may not
    const auto stays = [](char c) { return detail::stays_unescaped(c, unescaped::query) || c == '%' || c == '#' || c == '[' || c == ']'; };
    while (end < location.size() && stays(location[end])) ++end;
    escaped.append(location.substr(at, end - at));
    if (end < location.size()) detail::append_escape(escaped, location[end++]);
  }
  response made = problem(code);
  made.fields.add("Location", escaped);
  return made;
}

}  // namespace tinyhttp
