// tinyhttp/client/client.hpp -- asks servers for things: `get(url)`, and a client that keeps its
// connections.
//
// Blocking and thread-safe. A call runs in the thread that makes it; for many at once on one thread
// see async.hpp. Speaks http, and https where `client_options::tls` is set (tls.hpp).
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

/// Keeps connections for the next call; any number of threads may use one client at once, and copies
/// share what is kept. Responses may outlive it: a connection whose body ends later is closed then.
///
///     client c;
///     if (auto r = c.get("http://localhost:8000/")) use(r->body.text());
template <client_transport Transport>
class basic_client {
 public:
  explicit basic_client(client_options with = {}, Transport over = {})
      : engine_(std::move(with), std::move(over)) {}

  /// The whole answer, whatever its status: an error means that there is none, or that the body is
  /// not complete or has more than `body_limit` octets.
  [[nodiscard]] result<response> call(std::string_view to, call_options how = {}) const {
    return run(to, std::move(how), answer_until::end);
  }
  [[nodiscard]] result<response> get(std::string_view to) const { return call(to); }
  [[nodiscard]] result<response> head(std::string_view to) const {
    return call(to, {.method = method::head});
  }
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
  [[nodiscard]] result<response> delete_(std::string_view to) const {
    return call(to, {.method = method::delete_});
  }

  /// The answer as soon as its head is there. The body is pulled with `pull` (or `pull_each`),
  /// which waits; dropping it before its end closes the connection.
  [[nodiscard]] result<response> open(std::string_view to, call_options how = {}) const {
    return run(to, std::move(how), answer_until::head);
  }

  /// The same as `open` for a request whose target is a URL in absolute form (RFC 9112 3.2.2).
  [[nodiscard]] result<response> send(request r) const;

  [[nodiscard]] const client_options& options() const noexcept { return engine_.options(); }
  [[nodiscard]] std::size_t idle_connections() const { return engine_.idle_connections(); }

 private:
  result<response> ask(method m, std::string_view to, body content, std::string_view media_type) const;
  template <class Url>  // or the text of one
  result<response> run(Url to, call_options&& how, answer_until goes_to) const;

  client_engine<Transport> engine_;
};

/// The client that waits in its caller's thread.
using client = basic_client<blocking_transport>;

/// Asks once, over a connection of its own; the whole answer. Follows up to 10 redirects, and asks by GET, unless
/// `how` says otherwise.
template <class Client = client>
[[nodiscard]] result<response> get(std::string_view to, call_options how = {});

/// The next octets of a body, waiting for them in this thread; an empty view is the end. The view
/// lives until the next pull. For bodies that a blocking client gave, and those that are here. Likewise
/// the next event of an `event_reader` of such a body.
template <class Source>
[[nodiscard]] auto pull(Source& from) -> decltype(from.next().take());

/// Hands every piece of `from` to `sink`, a callable that takes a view and returns a result<void>;
/// its first error ends it. Gives the number of octets.
template <class Sink>
[[nodiscard]] result<std::uint64_t> pull_each(body& from, Sink&& sink);

/// Pulls the rest; an error of kind `limit` when it has more than `limit` octets.
template <class = void>
[[nodiscard]] result<std::string_view> pull_all(body& from, std::uint64_t limit);

// ---------------------------------------------------------------------------------------------

namespace detail {

/// Runs a task whose operations end before they are awaited.
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
