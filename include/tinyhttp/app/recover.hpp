// tinyhttp/app/recover.hpp -- turns an exception thrown by a handler into a constant 500.
//
// The peer learns only that something failed; a hook gets the exception's text.
#pragma once

#include <tinyhttp/app/handler.hpp>

#include <cstdio>
#include <exception>
#include <string>
#include <string_view>
#include <utility>

namespace tinyhttp {

/// Receives the request and the exception's text, where the handler ran. Must not throw.
using error_hook = function<void(const request&, std::string_view) const>;

/// Prints one line on standard error: `GET /report: handler threw: no such table`.
inline void print_handler_error(const request& r, std::string_view what);

/// A handler that calls `h`, and answers 500 if it throws, at once or later.
template <handler H>
[[nodiscard]] auto with_recover(H h, error_hook on_error = print_handler_error);

// ---------------------------------------------------------------------------------------------

namespace detail {

template <handler H>
class recovering_handler {
 public:
  recovering_handler(H h, error_hook on_error)
      : handler_(std::move(h)), hook_(std::move(on_error)) {}

  reply operator()(request& r) const {
    try {
      reply made = invoke(handler_, r);
      if (made.is_ready()) return made;
      return finish(hook_, r, std::move(made.later()));
    } catch (...) {
      return recover(hook_, r);
    }
  }

 private:
  static task<response> finish(const error_hook& hook, const request& r, task<response> later) {
    try {
      response made = co_await later;
      co_return made;
    } catch (...) {
      co_return recover(hook, r);
    }
  }

  /// Inside a catch block.
  static response recover(const error_hook& hook, const request& r) {
    if (hook) {
      try {
        throw;
      } catch (const std::exception& thrown) {
        hook(r, thrown.what());
      } catch (...) {
        hook(r, "something that is no std::exception");
      }
    }
    return problem(status::internal_server_error);
  }

  H handler_;
  error_hook hook_;
};

}  // namespace detail

inline void print_handler_error(const request& r, std::string_view what) {
  std::string line(r.method.name());
  line.append(" ").append(r.target.text()).append(": handler threw: ");
  for (const char c : what)
    line.push_back(ascii::is_field_octet(c) ? c : '?');  // one line it stays
  line.push_back('\n');
  std::fwrite(line.data(), 1, line.size(), stderr);
}

template <handler H>
auto with_recover(H h, error_hook on_error) {
  return detail::recovering_handler<H>(std::move(h), std::move(on_error));
}

}  // namespace tinyhttp
