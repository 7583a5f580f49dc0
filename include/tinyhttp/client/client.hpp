// tinyhttp/client/client.hpp -- HTTP requests: `get(url)`, and a client that keeps its connections.
//
// Blocking and thread-safe. A call runs in the thread that makes it; to run many at once on one thread,
// see async.hpp. Speaks http, and https if `client_options::tls` is set (tls.hpp).
#pragma once

#include <tinyhttp/client/blocking_transport.hpp>
#include <tinyhttp/client/engine.hpp>
#include <tinyhttp/client/options.hpp>
#include <tinyhttp/core/result.hpp>
#include <tinyhttp/core/task.hpp>
#include <tinyhttp/http/body.hpp>
#include <tinyhttp/http/request.hpp>
#include <tinyhttp/http/response.hpp>
#include <tinyhttp/http/url.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>
#include <utility>

namespace tinyhttp {

/// A client that keeps connections for later calls. Any number of threads may use it at once; copies
/// share the kept connections. Responses may outlive it; their connections are then closed when the body ends.
///
///     client c;
///     if (auto r = c.get("http://localhost:8000/")) use(r->body.text());
template <client_transport Transport>
class basic_client {
 public:
  explicit basic_client(client_options with = {}, Transport over = {})
      : engine_(std::move(with), std::move(over)) {}

  /// Returns the whole answer, whatever its status. An error means that there is no answer, or that its
  /// body is incomplete or has more than `body_limit` octets.
  [[nodiscard]] result<response> call(std::string_view to, call_options how = {}) const {
    return run(to, std::move(how), answer_until::end);
  }
  [[nodiscard]] result<response> get(std::string_view to) const { return call(to); }
  [[nodiscard]] result<response> head(std::string_view to) const { return call(to, {.method = method::head}); }
  [[nodiscard]] result<response> post(std::string_view to, body content, std::string_view media_type) const {
    return ask(method::post, to, std::move(content), media_type);
  }
  [[nodiscard]] result<response> post(std::string_view to, typed_body content) const {
    return post(to, std::move(content.body), content.media_type);
  }
  [[nodiscard]] result<response> put(std::string_view to, body content, std::string_view media_type) const {
    return ask(method::put, to, std::move(content), media_type);
  }
  [[nodiscard]] result<response> patch(std::string_view to, body content, std::string_view media_type) const {
    return ask(method::patch, to, std::move(content), media_type);
  }
  [[nodiscard]] result<response> delete_(std::string_view to) const { return call(to, {.method = method::delete_}); }

  /// Returns the answer as soon as its head has arrived. Pull the body with `pull` (or `pull_each`),
  /// which block; dropping it before its end closes the connection.
  [[nodiscard]] result<response> open(std::string_view to, call_options how = {}) const {
    return run(to, std::move(how), answer_until::head);
  }

  /// Like `open`, for a request whose target is a URL in absolute form (RFC 9112 3.2.2).
  [[nodiscard]] result<response> send(request r) const;

  [[nodiscard]] const client_options& options() const noexcept { return engine_.options(); }
  [[nodiscard]] std::size_t idle_connections() const { return engine_.idle_connections(); }

 private:
  result<response> ask(method m, std::string_view to, body content, std::string_view media_type) const;
  template <class Url>  // or the text of one
  result<response> run(Url to, call_options&& how, answer_until goes_to) const;

  client_engine<Transport> engine_;
};

/// The blocking client.
using client = basic_client<blocking_transport>;

/// Sends one request over a connection of its own and returns the whole answer. Follows up to 10 redirects, and
/// uses GET unless `how` says otherwise.
template <class Client = client>
[[nodiscard]] result<response> get(std::string_view to, call_options how = {});

/// Returns the next octets of a body and blocks until they arrive; an empty view is the end. The view
/// is valid until the next pull. Works for bodies from a blocking client and bodies in memory, and
/// for the next event of an `event_reader` of such a body.
template <class Source>
[[nodiscard]] auto pull(Source& from) -> decltype(from.next().take());

/// Passes every piece of `from` to `sink`, a callable that takes a view and returns a result<void>;
/// its first error stops the reading. Returns the number of octets.
template <class Sink>
[[nodiscard]] result<std::uint64_t> pull_each(body& from, Sink&& sink);

/// Reads the rest of a body; an error of kind `limit` if that is more than `limit` octets.
template <class = void>
[[nodiscard]] result<std::string_view> pull_all(body& from, std::uint64_t limit);

// ---------------------------------------------------------------------------------------------

namespace detail {

/// Runs a task whose operations finish without suspending.
template <class T>
[[nodiscard]] result<T> run_through(task<result<T>> work) {
  if (work.try_start()) return work.take();
  return error(error_kind::invalid_argument, "the body waits for a loop, and there is none here");
}

}  // namespace detail

template <client_transport Transport>
template <class Url>
result<response> basic_client<Transport>::run(Url to, call_options&& how, answer_until goes_to) const {
  return detail::run_through(engine_.run(std::move(to), std::move(how), goes_to));
}

template <client_transport Transport>
result<response> basic_client<Transport>::ask(method m, std::string_view to, body content,
                                              std::string_view media_type) const {
  auto how = detail::options_of(std::move(m), std::move(content), media_type);
  if (!how) return how.error();
  return call(to, std::move(*how));
}

template <client_transport Transport>
result<response> basic_client<Transport>::send(request r) const {
  auto to = detail::url_of(r);
  return run(std::move(to), detail::options_of(std::move(r)), answer_until::head);
}

template <class Client>
result<response> get(std::string_view to, call_options how) {
  client_options with;
  with.max_redirects = 10;
  Client once(std::move(with));
  return once.call(to, std::move(how));
}

template <class Source>
auto pull(Source& from) -> decltype(from.next().take()) {
  if constexpr (std::is_same_v<Source, body>)
    if (from.stream() == nullptr) return from.next_here();
  return detail::run_through(from.next());
}

template <class>
result<std::string_view> pull_all(body& from, std::uint64_t limit) {
  return detail::run_through(from.read_all(limit));
}

template <class Sink>
result<std::uint64_t> pull_each(body& from, Sink&& sink) {
  std::uint64_t octets = 0;
  for (;;) {
    const auto piece = pull(from);
    if (!piece) return piece.error();
    if (piece->empty()) return octets;
    octets += piece->size();
    if (const result<void> taken = sink(*piece); !taken) return taken.error();
  }
}

}  // namespace tinyhttp
