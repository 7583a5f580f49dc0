// tinyhttp/client/client.hpp -- asks servers for things: `get(url)`, and a client that keeps its
// connections.
//
// Blocking and thread-safe. A call runs in the thread that makes it; for many at once on one thread
// see exchange.hpp. Speaks http; https needs a TLS library and is refused until it has one.
#pragma once

#include <tinyhttp/client/connection.hpp>
#include <tinyhttp/client/credentials.hpp>
#include <tinyhttp/client/exchange.hpp>
#include <tinyhttp/client/options.hpp>
#include <tinyhttp/client/pool.hpp>
#include <tinyhttp/client/redirects.hpp>
#include <tinyhttp/core/bounds.hpp>
#include <tinyhttp/core/result.hpp>
#include <tinyhttp/core/task.hpp>
#include <tinyhttp/http/body.hpp>
#include <tinyhttp/http/request.hpp>
#include <tinyhttp/http/response.hpp>
#include <tinyhttp/http/url.hpp>
#include <tinyhttp/net/blocking_stream.hpp>
#include <tinyhttp/net/connector.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tinyhttp {

/// What a call asks, beside the URL. The members behind `body` override the client's options.
struct call_options {
  tinyhttp::method method = tinyhttp::method::get;
  tinyhttp::fields fields = {};
  tinyhttp::body body = {};
  std::optional<std::size_t> max_redirects = std::nullopt;
  std::optional<std::chrono::milliseconds> total_timeout = std::nullopt;
  informational_sink informational = {};  // called for every 1xx response
};

/// Keeps connections for the next call; any number of threads may use one client at once. Responses
/// may outlive it: a connection whose body ends later is closed then.
///
///     client c;
///     if (auto r = c.get("http://localhost:8000/")) use(r->body.text());
template <net::stream Stream>
class basic_client {
 public:
  explicit basic_client(client_options with = {});

  /// The whole answer, whatever its status: an error means that there is none, or that the body is
  /// not complete or has more than `max_body` octets.
  [[nodiscard]] result<response> call(std::string_view to, call_options how = {});
  [[nodiscard]] result<response> get(std::string_view to) { return call(to); }
  [[nodiscard]] result<response> head(std::string_view to) {
    return call(to, {.method = method::head});
  }
  [[nodiscard]] result<response> post(std::string_view to, body content,
                                      std::string_view media_type);

  /// The answer as soon as its head is there. The body is pulled with `pull` (or `pull_each`),
  /// which waits; dropping it before its end closes the connection.
  [[nodiscard]] result<response> open(std::string_view to, call_options how = {});

  /// The same as `open` for a request whose target is a URL in absolute form (RFC 9112 3.2.2).
  [[nodiscard]] result<response> send(request r);

  [[nodiscard]] const client_options& options() const noexcept { return options_; }
  [[nodiscard]] std::size_t idle_connections() const { return pool_->size(); }

 private:
  using connection = client_connection<Stream>;
  using pool = connection_pool<connection>;

  result<std::shared_ptr<connection>> connect(const url& to, time_point deadline) const;
  result<response> ask(const url& to, const request& r, const exchange_options& with);
  result<response> ask_over(std::shared_ptr<connection>& over, const url& to, const request& r,
                            const exchange_options& with);
  result<response> follow(url to, request r, std::size_t max_redirects,
                          const exchange_options& with);
  result<response> run(const result<url>& to, call_options& how);

  client_options options_;
  std::shared_ptr<pool> pool_;
};

/// The client that waits in its caller's thread.
using client = basic_client<net::blocking_stream>;

/// Asks once, over a connection of its own, following up to 10 redirects; the whole answer.
template <class Client = client>
[[nodiscard]] result<response> get(std::string_view to, call_options how = {});

/// The next octets of `from`, waiting for them in this thread; an empty view is the end. The view
/// lives until the next pull. For bodies that a blocking client gave, and those that are here.
template <class = void>
[[nodiscard]] result<std::string_view> pull(body& from);

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

/// `GET http://h:1/x`, for error lines: without userinfo and fragment.
[[nodiscard]] inline std::string describe(const method& m, const url& to) {
  return std::string(m.name()).append(" ").append(to.origin()).append(to.target);
}

/// A redirect's own body: pulled if that is quick, so that its connection can be used again.
template <class = void>
void discard(body& content) {
  constexpr std::uint64_t worth_it =
      64 * 1024;  // octets; reading more takes longer than connecting
  if (content.length().value_or(worth_it) <= worth_it)
    static_cast<void>(run_through(content.read_all(worth_it)));
}

}  // namespace detail

template <net::stream Stream>
basic_client<Stream>::basic_client(client_options with)
    : options_(std::move(with)),
      pool_(std::make_shared<pool>(typename pool::bounds{
          options_.kept_per_origin, options_.kept_in_all, options_.keep_for})) {}

template <net::stream Stream>
auto basic_client<Stream>::connect(const url& to, time_point deadline) const
    -> result<std::shared_ptr<connection>> {
  if (to.is_secure())
    return error(error_kind::invalid_argument, "connect " + to.origin() + ": no TLS in this build");
  const auto left =
      std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
  net::connect_options with;
  with.timeout = at_most<std::chrono::milliseconds>(options_.connect_timeout, left);
  with.stop = options_.stop;
  auto made = net::connect(to.host, to.port, with);
  if (!made) return made.error();
  return std::make_shared<connection>(to.host_field(), options_.limits, std::move(made->socket),
                                      made->peer, options_.stop);
}

/// Asks over `over`, which comes back to the pool when the exchange leaves it fit.
template <net::stream Stream>
result<response> basic_client<Stream>::ask_over(std::shared_ptr<connection>& over, const url& to,
                                         const request& r, const exchange_options& with) {
  over->when_idle = [weak = std::weak_ptr<pool>(pool_),
                     origin = to.origin()](std::shared_ptr<connection> idle) {
    if (const auto home = weak.lock())
      home->put(origin, std::move(idle), std::chrono::steady_clock::now());
  };
  request attempt = r;
  return detail::run_through(exchange(over, attempt, with));
}

/// Asks over a kept connection, or a new one. A kept one that the server has closed in the meantime
/// costs idempotent requests a second attempt, and only those (RFC 9110 9.2.2, RFC 9112 9.3.1).
template <net::stream Stream>
result<response> basic_client<Stream>::ask(const url& to, const request& r, const exchange_options& with) {
  const bool repeatable = r.method.is_idempotent() && r.body.stream() == nullptr;
  const std::string origin = to.origin();
  if (auto kept = pool_->take(origin, std::chrono::steady_clock::now())) {
    auto answer = ask_over(kept, to, r, with);
    const bool stale = !answer && answer.error().kind() == error_kind::closed && !kept->answered();
    if (!stale || !repeatable) return answer;
  }
  auto fresh = connect(to, with.deadline);
  if (!fresh) return fresh.error();
  return ask_over(*fresh, to, r, with);
}

template <net::stream Stream>
result<response> basic_client<Stream>::follow(url to, request r, std::size_t max_redirects,
                                       const exchange_options& with) {
  for (std::size_t followed = 0;; ++followed) {
    auto answer = ask(to, r, with);
    if (answer && answer->status == status::expectation_failed && r.body.stream() == nullptr) {
      exchange_options unasked = with;  // RFC 9110 10.1.1: 417 means to try again without
      unasked.expect_continue_from = 0;
      if (!r.fields.contains("Expect") && r.body.length().value_or(0) > 0)
        answer = ask(to, r, unasked);
    }
    if (!answer || max_redirects == 0) return answer;
    const auto next = redirect_target(to, *answer, options_.allow_insecure_redirects);
    if (!next) return next.error().within(detail::describe(r.method, to));
    if (!*next) return answer;
    if (followed == max_redirects)
      return error(error_kind::limit, detail::describe(r.method, to) + ": more than " +
                                          ascii::to_decimal(max_redirects) + " redirects");
    if (r.body.stream() != nullptr && redirected_method(r.method, answer->status) == r.method)
      return answer;  // the body has been pulled and cannot be sent again
    detail::discard(answer->body);
    follow_redirect(r, to, **next, answer->status);
    to = **next;
  }
}

template <net::stream Stream>
result<response> basic_client<Stream>::run(const result<url>& to, call_options& how) {
  if (!to) return to.error();
  exchange_options with;
  with.first_octet_timeout = options_.first_octet_timeout;
  with.idle_timeout = options_.idle_timeout;
  with.max_body = options_.max_body;
  with.expect_continue_from = options_.expect_continue_from;
  with.expect_timeout = options_.expect_timeout;
  with.total_timeout = how.total_timeout.value_or(options_.total_timeout);
  if (with.total_timeout.count() > 0)
    with.deadline = std::chrono::steady_clock::now() + with.total_timeout;
  if (how.informational) with.informational = &how.informational;

  request r;
  r.method = how.method;
  if (!r.target.assign(to->target, r.method))
    return error(error_kind::invalid_argument,
                 detail::describe(r.method, *to) + ": no target for this method");
  r.fields = std::move(how.fields);
  r.body = std::move(how.body);
  if (!options_.user_agent.empty() && !r.fields.contains("User-Agent"))
    r.fields.add("User-Agent", options_.user_agent);
  if (!to->userinfo.empty() && !r.fields.contains("Authorization"))
    if (const auto value = basic_credentials_of_url(to->userinfo))
      r.fields.add("Authorization", *value);
  return follow(*to, std::move(r), how.max_redirects.value_or(options_.max_redirects), with);
}

template <net::stream Stream>
result<response> basic_client<Stream>::open(std::string_view to, call_options how) {
  return run(parse_url(to), how);
}

template <net::stream Stream>
result<response> basic_client<Stream>::call(std::string_view to, call_options how) {
  const auto where = parse_url(to);
  const method asked = how.method;
  auto answer = run(where, how);
  if (!answer || answer->body.is_octets()) return answer;
  const auto whole = pull_all(answer->body, options_.max_body);
  if (whole) return answer;
  const error& why = whole.error();
  return why.kind() == error_kind::limit ? why.within(detail::describe(asked, *where)) : why;
}

template <net::stream Stream>
result<response> basic_client<Stream>::post(std::string_view to, body content,
                                     std::string_view media_type) {
  call_options how;
  how.method = method::post;
  how.body = std::move(content);
  if (!how.fields.try_add("Content-Type", media_type))
    return error(error_kind::invalid_argument, "post: the media type is no field value");
  return call(to, std::move(how));
}

template <net::stream Stream>
result<response> basic_client<Stream>::send(request r) {
  if (r.target.form() != target_form::absolute)
    return error(error_kind::invalid_argument, "send: the target is not an absolute URL");
  call_options how;
  how.method = std::move(r.method);
  how.fields = std::move(r.fields);
  how.body = std::move(r.body);
  return run(parse_url(r.target.text()), how);
}

template <class Client>
result<response> get(std::string_view to, call_options how) {
  client_options with;
  with.max_redirects = 10;
  Client once(std::move(with));
  return once.call(to, std::move(how));
}

template <class>
result<std::string_view> pull(body& from) { return detail::run_through(from.next()); }

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
