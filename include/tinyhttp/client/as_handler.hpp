// tinyhttp/client/as_handler.hpp -- a client as a handler: passes requests on to another server.
//
//     router r;
//     r.any("/api/{...}", as_handler(async_client(), "http://127.0.0.1:9000"));
//
// Decides nothing about fields (forwarding.hpp) or connections (the client).
#pragma once

#include <tinyhttp/client/call.hpp>
#include <tinyhttp/client/forwarding.hpp>
#include <tinyhttp/core/owned.hpp>
#include <tinyhttp/core/result.hpp>
#include <tinyhttp/core/task.hpp>
#include <tinyhttp/h1/writer.hpp>
#include <tinyhttp/http/request.hpp>
#include <tinyhttp/http/response.hpp>
#include <tinyhttp/http/url.hpp>

#include <concepts>
#include <string>
#include <string_view>
#include <utility>

namespace tinyhttp {

namespace detail {
template <class Client>
class forwarding_handler;
}  // namespace detail

/// A handler that sends each request on to `upstream`, a URL: method, path and query (below the path of `upstream`,
/// octet for octet; `..` is 404), fields, body and trailers. `OPTIONS *` is passed on if the handler stands for the whole
/// upstream; otherwise it answers 204 itself. Throws `bad_result` for a bad URL, for one with a query or a user, which
/// would not be used, for https if the client has no TLS, and for a `strip_prefix` without a leading slash.
///
/// With an `async_client` it waits on the server's loop, and bodies are streamed both ways, no faster
/// than the slower side. If the peer leaves, the exchange with the upstream ends. If the upstream's answer is cut
/// off, it is cut off for the peer, too. With a `client`, wrap the handler in `blocking`; then
/// both bodies are read whole, within the server's and the client's limits.
///
/// The client's options apply, except for its User-Agent, decoder and redirects: those are a matter
/// between peer and upstream. Informational responses and upgrades (101) are not passed on.
template <class Client>
[[nodiscard]] auto as_handler(Client over, std::string_view upstream, forward_options how = {}) {
  url base = parse_url(upstream).value();
  const bool has_query = base.target.find('?') != base.target.npos;
  if (has_query || !base.userinfo.empty())
    throw bad_result(error(error_kind::invalid_argument, "forward to " + base.origin() + base.target +
                                                             ": a URL with a query or a user"));
  if (!how.strip_prefix.empty() && how.strip_prefix.front() != '/')
    throw bad_result(error(error_kind::invalid_argument, "forward to " + base.origin() + ": strip_prefix does not begin with /"));
  if (base.is_secure() && over.options().tls == nullptr)
    throw bad_result(error(error_kind::tls, "forward to " + base.origin() + ": TLS is off (client_options::tls, tls.hpp)"));
  return detail::forwarding_handler<Client>(std::move(over), std::move(base), std::move(how));
}

/// A handler that sends each request to the server that the request names: the target is a URL, as in requests
/// to a proxy (RFC 9112 3.2.2); otherwise the answer is 400. Anyone who can send it requests can reach
/// every server that this machine can reach.
template <class Client>
[[nodiscard]] auto as_handler(Client over, forward_options how = {}) {
  return detail::forwarding_handler<Client>(std::move(over), error(error_kind::invalid_argument, ""),
                                            std::move(how));
}

// ---------------------------------------------------------------------------------------------

namespace detail {

template <class Client>
concept waits_on_a_loop = requires(const Client& c, std::string_view to) {
  { c.get(to) } -> std::same_as<task<result<response>>>;
};

template <class Client>
class forwarding_handler {
 public:
  /// Without `upstream`, requests say where they go.
  forwarding_handler(Client over, result<url> upstream, forward_options how)
      : inner_(new inner(std::move(over), std::move(upstream), std::move(how))) {}

  task<response> operator()(request& r) const
    requires waits_on_a_loop<Client>
  {
    return wait(*inner_, r);
  }
  response operator()(request& r) const
    requires(!waits_on_a_loop<Client>)
  {
    std::string to;
    call_options asked;
    if (const status refused = inner_->prepare(r, to, asked); refused != status::ok)
      return answer_here(refused);
    auto answer = inner_->over.call(to, std::move(asked));
    if (!answer) answer = error(answer.error().kind(), answer.error().message());  // our limit, no hint
    return inner_->finish(r.method, std::move(answer));
  }

 private:
  struct inner {
    inner(Client c, result<url> u, forward_options h)
        : over(std::move(c)), upstream(std::move(u)), how(std::move(h)) {}

    /// What to ask where; not 200: answer that, and ask nobody.
    status prepare(request& r, std::string& to, call_options& asked) const;
    response finish(const method& asked, result<response> answer) const;

    Client over;
    result<url> upstream;
    forward_options how;
  };

  static response answer_here(status code) {
    return code == status::no_content ? response(code) : problem(code);
  }
  static task<response> wait(const inner& in, request& r) {
    std::string to;
    call_options asked;
    if (const status refused = in.prepare(r, to, asked); refused != status::ok)
      co_return answer_here(refused);
    task<result<response>> asking = in.over.open(to, std::move(asked));
    result<response> answer = co_await asking;
    co_return in.finish(r.method, std::move(answer));
  }

  owned<const inner> inner_;
};

template <class Client>
status forwarding_handler<Client>::inner::prepare(request& r, std::string& to,
                                                  call_options& asked) const {
  if (r.method == method::connect) return status::not_implemented;
  auto fields = forward_fields(r, how);
  if (!fields) return r.method == method::options ? status::no_content : status::not_implemented;
  if (upstream) {
    auto target = forward_target(r, upstream->target, how);
    if (!target) return r.target.form() == target_form::asterisk ? status::no_content : status::not_found;
    to = upstream->origin();
    asked.target = std::move(*target);
  } else {
    if (r.target.form() == target_form::asterisk) return status::no_content;  // it means this server
    if (r.target.form() != target_form::absolute) return status::bad_request;
    to = received_origin(r);
    asked.target = received_target(r);
  }
  asked.method = r.method;
  asked.fields = std::move(*fields);
  asked.body = std::move(r.body);
  asked.max_redirects = 0;
  asked.as_is = true;
  return status::ok;
}

template <class Client>
response forwarding_handler<Client>::inner::finish(const method& asked, result<response> answer) const {
  if (answer) {
    remove_hop_by_hop(answer->fields);
    // Nobody has said how long GET's body would be, so we do not, either (RFC 9110 8.6).
    if (asked == method::head && !h1::detail::told_length(answer->fields))
      answer->body = stream_body([] { return std::string(); });
    return std::move(*answer);
  }
  if (how.log) how.log(answer.error().message());
  return gateway_problem(answer.error());
}

}  // namespace detail

}  // namespace tinyhttp
