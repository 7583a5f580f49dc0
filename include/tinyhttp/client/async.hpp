// tinyhttp/client/async.hpp -- the client for coroutines: `co_await c.get(url)` on the running loop.
//
// The rules for calls in client.hpp hold here, too; only the waiting differs. In a server's handler the
// loop is the server's.
#pragma once

#include <tinyhttp/client/engine.hpp>
#include <tinyhttp/client/loop_transport.hpp>
#include <tinyhttp/client/options.hpp>
#include <tinyhttp/core/result.hpp>
#include <tinyhttp/core/shared.hpp>
#include <tinyhttp/core/task.hpp>
#include <tinyhttp/http/body.hpp>
#include <tinyhttp/http/request.hpp>
#include <tinyhttp/http/response.hpp>
#include <tinyhttp/http/url.hpp>
#include <tinyhttp/net/loop.hpp>

#include <stdexcept>
#include <string_view>
#include <utility>

namespace tinyhttp {

/// A call waits on the loop of the thread where it is first awaited, and keeps its connection there for the next call
/// on that loop. So any number of loops and threads may use one client. Copies are the same client. Tasks may outlive
/// it. Connections are closed when their loop ends, or when the client has been destroyed and the loop makes a call for
/// another one. Pull the body of an answer on the loop of its call, and destroy it before the loop.
///
/// Destroying a task ends its call and closes its connection. Without a loop a call fails with
/// `invalid_argument`.
template <client_transport Transport>
class basic_async_client {
 public:
  /// Throws std::invalid_argument if `client_options::stop` is set: it ends waits in threads, which there are none of here.
  explicit basic_async_client(client_options with = {})
      : shared_(share(new state{std::move(with), {}})) {
    if (options().stop != nullptr) throw std::invalid_argument("async_client: stop is for clients that block");
  }

  /// The whole answer, whatever its status.
  [[nodiscard]] task<result<response>> call(std::string_view to, call_options how = {}) const {
    return run(shared_, parse_url(to), std::move(how), answer_until::end);
  }
  [[nodiscard]] task<result<response>> get(std::string_view to) const { return call(to); }
  [[nodiscard]] task<result<response>> head(std::string_view to) const { return call(to, {.method = method::head}); }
  [[nodiscard]] task<result<response>> post(std::string_view to, body content, std::string_view media_type) const {
    return ask(method::post, to, std::move(content), media_type);
  }
  [[nodiscard]] task<result<response>> post(std::string_view to, typed_body content) const {
    return post(to, std::move(content.body), content.media_type);
  }
  [[nodiscard]] task<result<response>> put(std::string_view to, body content, std::string_view media_type) const {
    return ask(method::put, to, std::move(content), media_type);
  }
  [[nodiscard]] task<result<response>> patch(std::string_view to, body content, std::string_view media_type) const {
    return ask(method::patch, to, std::move(content), media_type);
  }
  [[nodiscard]] task<result<response>> delete_(std::string_view to) const { return call(to, {.method = method::delete_}); }

  /// The answer as soon as its head has arrived. Pull the body with `co_await`; dropping it before
  /// its end closes the connection.
  [[nodiscard]] task<result<response>> open(std::string_view to, call_options how = {}) const {
    return run(shared_, parse_url(to), std::move(how), answer_until::head);
  }

  /// The same as `open` for a request whose target is a URL in absolute form (RFC 9112 3.2.2).
  [[nodiscard]] task<result<response>> send(request r) const {
    auto to = detail::url_of(r);
    return run(shared_, std::move(to), detail::options_of(std::move(r)), answer_until::head);
  }

  [[nodiscard]] const client_options& options() const noexcept { return shared_->options; }
  /// On the loop that runs.
  [[nodiscard]] std::size_t idle_connections() const;

 private:
  using engine = client_engine<Transport>;
  /// What copies share, and loops know them by.
  struct state {
    client_options options;
    net::local_owner here;
  };

  task<result<response>> ask(method m, std::string_view to, body content, std::string_view media_type) const;
  static task<result<response>> run(shared<const state> of, result<url> to, call_options how, answer_until goes_to);
  static shared<engine> engine_on(net::loop& on, const state& of) {
    return on.locals().template of<engine>(
        of.here, [&] { return share(new engine(of.options, Transport(on))); });
  }

  shared<const state> shared_;
};

/// The client that waits on loops.
using async_client = basic_async_client<loop_transport>;

// ---------------------------------------------------------------------------------------------

template <client_transport Transport>
task<result<response>> basic_async_client<Transport>::run(shared<const state> of, result<url> to,
                                                          call_options how, answer_until goes_to) {
  if (!to) co_return to.error();
  net::loop* on = net::loop::current();
  if (on == nullptr)
    co_return error(error_kind::invalid_argument,
                    detail::describe(how.method, *to) + ": no loop runs in this thread");
  const shared<engine> asks = engine_on(*on, *of);
  task<result<response>> running = asks->run(std::move(to), std::move(how), goes_to);
  auto there = running.in_place();
  result<response>& answer = co_await there;
  co_return std::move(answer);
}

template <client_transport Transport>
task<result<response>> basic_async_client<Transport>::ask(method m, std::string_view to, body content,
                                                          std::string_view media_type) const {
  auto how = detail::options_of(std::move(m), std::move(content), media_type);
  if (!how) return ready_task<result<response>>(how.error());
  return call(to, std::move(*how));
}

template <client_transport Transport>
std::size_t basic_async_client<Transport>::idle_connections() const {
  net::loop* on = net::loop::current();
  return on != nullptr ? engine_on(*on, *shared_)->idle_connections() : 0;
}

}  // namespace tinyhttp
