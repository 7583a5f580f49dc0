// tinyhttp/client/engine.hpp -- a call from its URL to its answer: reuses or opens a connection, asks, retries where
// allowed, follows redirects.
//
// One set of coroutines for every client: over a transport that blocks the thread they run straight through, over one
// on a loop they wait. Knows no sockets: connections come from the transport.
#pragma once

#include <tinyhttp/client/call.hpp>
#include <tinyhttp/client/connection.hpp>
#include <tinyhttp/client/credentials.hpp>
#include <tinyhttp/client/exchange.hpp>
#include <tinyhttp/client/options.hpp>
#include <tinyhttp/client/pool.hpp>
#include <tinyhttp/client/redirects.hpp>
#include <tinyhttp/client/route.hpp>
#include <tinyhttp/client/spares.hpp>
#include <tinyhttp/client/transport.hpp>
#include <tinyhttp/core/clock.hpp>
#include <tinyhttp/core/held_here.hpp>
#include <tinyhttp/core/owned_list.hpp>
#include <tinyhttp/core/result.hpp>
#include <tinyhttp/core/shared.hpp>
#include <tinyhttp/core/task.hpp>
#include <tinyhttp/http/body.hpp>
#include <tinyhttp/http/request.hpp>
#include <tinyhttp/http/response.hpp>
#include <tinyhttp/http/url.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace tinyhttp {

/// How much of the answer a call waits for before it returns.
enum class answer_until : std::uint8_t { head, end };

/// The logic of a client, and its kept connections. Must outlive its tasks. Responses may outlive it: if a body ends
/// later, its connection is then closed. As thread-safe as its transport.
template <client_transport Transport>
class client_engine {
 public:
  using connection = client_connection<typename Transport::stream>;

  client_engine(client_options with, Transport over)
      : options_(std::move(with)), transport_(std::move(over)), pool_{share(new pool(typename pool::bounds{
            options_.kept_per_origin, options_.kept_in_all, at_most_a_year(options_.keep_for)}))} {
    if (!options_.user_agent.empty()) static_cast<void>(usual_.try_add("User-Agent", options_.user_agent));
  }

  /// Sends a request to `to`, a result<url> or a URL as text, which is parsed at once; an error in it is the result.
  /// Returns the answer once its head, or all of it, has arrived.
  template <class Url>
  [[nodiscard]] task<result<response>> run(Url to, call_options&& how, answer_until goes_to) const {
    loan lent(*calls_);
    result<void> begun = (*lent).read(std::move(to));
    if (begun) begun = begin(*lent, how);
    return run(std::move(lent), std::move(begun), goes_to);
  }

  [[nodiscard]] const client_options& options() const noexcept { return options_; }
  [[nodiscard]] std::size_t idle_connections() const { return pool_.shares->size(); }

 private:
  using pool = connection_pool<connection>;

  /// A call on its way.
  struct call {
    url to;
    std::string before_path;  // in the text that `to` was parsed from; empty: there is none
    request asked;    // as the caller has it, or the last redirect
    response answer;  // to that
    exchange_options with;
    std::size_t max_redirects = 0;
    bool decodes = false;  // Accept-Encoding is ours, and so is the decoding
    informational_sink informational;
    redirect_sink redirected;
    std::string key;       // of the connections over which `to` can be asked; empty: not written yet
    value_list<url> been;  // where redirects led away from
    bool repeats = false;  // the last answer said how else to ask
    std::uint64_t expects_from = 0;   // `with.expect_continue_from` of other requests than this repetition
    std::string_view credentials_in;  // the field of `asked` that is for this repetition alone; empty: none

    /// Parses `text` into `to`: from its path on, if what stands before it is that of the call before.
    result<void> read(std::string_view text) {
      if (!before_path.empty() && text.starts_with(before_path) &&
          detail::read_behind_authority(text.substr(before_path.size()), to))
        return {};
      before_path.clear();
      key.clear();
      const result<void> made = parse_url(text, to);
      if (made) before_path = text.substr(0, text.find_first_of("/?#", text.find("//") + 2));
      return made;
    }
    result<void> read(result<url>&& next) {
      if (!next) return next.error();
      if (!same_origin(to, *next)) key.clear();
      to = std::move(*next);
      before_path.clear();
      return {};
    }

    /// As new, but for the memory of its texts.
    void clear() {
      asked.clear();
      answer.fields.clear();
      answer.body.clear();
      with = {};
      max_redirects = 0;
      decodes = false;
      informational = {};
      redirected = {};
      been.clear();
      repeats = false;
      credentials_in = {};
    }
  };

  using calls = spares<call, 16>;
  using loan = typename calls::loan;

  /// Shared with connections in use; a connection that comes back after its client is gone is closed.
  struct own_pool {
    explicit own_pool(shared<pool> made) noexcept : shares(std::move(made)) {}
    own_pool(own_pool&&) noexcept = default;
    own_pool& operator=(own_pool&& other) noexcept {
      std::swap(shares, other.shares);
      return *this;
    }
    ~own_pool() {
      if (shares) shares->close();
    }
    shared<pool> shares;
  };

  task<result<response>> run(loan lent, result<void> begun, answer_until goes_to) const;
  result<void> begin(call& c, call_options& how) const;
  task<result<void>> ask(call& c) const;
  [[nodiscard]] bool repeat(call& c) const;
  result<bool> redirect(call& c, std::size_t followed) const;
  result<void> decode(call& c) const;

  client_options options_;
  fields usual_;  // of a request that has none; without User-Agent where that is no field value
  Transport transport_;
  own_pool pool_;
  shared<calls> calls_ = share(new calls);
};

// ---------------------------------------------------------------------------------------------

namespace detail {

/// Octets of an unwanted body up to which reading it is quicker than connecting anew.
inline constexpr std::uint64_t worth_reading = 64 * 1024;

/// Pulls a body that nobody wants, if that is quick, so that its connection can be used again.
template <class = void>
task<void> discard(body& unwanted) {
  if (unwanted.is_octets() || unwanted.length().value_or(0) > worth_reading) co_return;
  task<result<std::string_view>> reading = unwanted.read_all(worth_reading);
  const result<std::string_view> rest = co_await reading;
  static_cast<void>(rest);
}

}  // namespace detail

/// Makes of `how`, which it uses up, a request; and says how patient to be about it.
template <client_transport Transport>
result<void> client_engine<Transport>::begin(call& c, call_options& how) const {
  c.max_redirects = how.max_redirects.value_or(options_.max_redirects);
  c.with.first_octet_timeout = options_.first_octet_timeout;
  c.with.idle_timeout = options_.idle_timeout;
  c.with.least_rate = options_.least_rate;
  c.with.least_rate_window = options_.least_rate_window;
  c.with.body_limit = options_.body_limit;
  c.with.expect_continue_from = options_.expect_continue_from;
  c.with.expect_timeout = options_.expect_timeout;
  c.with.total_timeout = how.total_timeout.value_or(options_.total_timeout);
  if (c.with.total_timeout.count() > 0) c.with.deadline = deadline_in(transport_.now(), c.with.total_timeout);
  c.informational = std::move(how.informational);
  c.redirected = std::move(how.redirected);
  if (c.informational) c.with.informational = &c.informational;

  request& r = c.asked;
  r.method = how.method;
  const bool fits = how.target.empty() ? r.target.assign(c.to.target, r.method) : detail::set_target(r, c.to, how.target);
  if (!fits)
    return error(error_kind::invalid_argument, detail::describe(r.method, c.to) + ": no target for this method");
  if (!how.body.is_octets() || !how.body.text().empty()) r.body = std::move(how.body);
  if (how.fields.empty() && !how.as_is) r.fields = usual_;
  else r.fields = std::move(how.fields);
  if (how.as_is) {
    c.with.expect_continue_from = 0;
    return {};
  }
  if (!options_.user_agent.empty() && !r.fields.get("User-Agent"))
    r.fields.add("User-Agent", options_.user_agent);
  if (!c.to.userinfo.empty() && !r.fields.contains("Authorization"))
    if (const auto value = basic_credentials_of_url(c.to.userinfo))
      r.fields.add("Authorization", *value);
  c.decodes = options_.decoder != nullptr && !r.fields.contains("Accept-Encoding") && !r.fields.contains("Range");
  if (c.decodes) r.fields.add("Accept-Encoding", options_.decoder->accepted());
  return {};
}

/// One exchange, over a kept connection or a new one. A kept one that the server has closed in the
/// meantime costs idempotent requests a second attempt, and only those (RFC 9110 9.2.2, RFC 9112
/// 9.3.1).
template <client_transport Transport>
task<result<void>> client_engine<Transport>::ask(call& c) const {
  const route way = route_to(c.to, options_);
  const bool changes = !options_.hooks.empty() || way.is_absolute_form();
  held_here<request> changed;  // by hooks, and for a proxy
  request& r = changes ? changed.emplace(c.asked) : c.asked;
  for (exchange_hook* hook : options_.hooks) hook->before(c.to, r);
  if (way.is_absolute_form() && !put_in_absolute_form(r, c.to, *way.via))
    co_return error(error_kind::invalid_argument, detail::describe(c.asked.method, c.to) + ": no target for a proxy");
  const bool repeatable = r.method.is_idempotent() && r.body.stream() == nullptr;
  const bool expects = r.fields.get("Expect").has_value();

  if (c.key.empty()) way.write_key(c.key, c.to);
  shared<connection> over = pool_.shares->take(c.key, transport_.now());
  for (bool kept = over != nullptr;; kept = false) {
    if (!over) {
      auto connecting = transport_.connect(c.to, options_, c.with.deadline);
      result<shared<connection>> made = co_await connecting;
      if (!made) co_return made.error();
      over = std::move(*made);
      over->kept_for = c.key;
    }
    over->when_idle = [home = pool_.shares](shared<connection> idle) {
      const time_point now = idle->now();
      home->put(std::move(idle), now);
    };
    task<result<void>> asking = exchange(over, r, c.answer, c.with);
    const result<void> answered = co_await asking;
    if (!expects && r.fields.may_contain("Expect")) r.fields.remove("Expect");  // the exchange may have added it
    const bool stale = kept && !answered && answered.error().kind() == error_kind::closed && !over->answered();
    if (!stale || !repeatable) {
      if (answered)
        for (exchange_hook* hook : options_.hooks) hook->after(c.to, c.answer);
      co_return answered;
    }
    over.reset();
  }
}

/// The answer says how else it wants to be asked: true when `c` has become that, once for each request.
template <client_transport Transport>
bool client_engine<Transport>::repeat(call& c) const {
  request& r = c.asked;
  if (c.repeats) {  // what was for that request is for no other
    c.repeats = false;
    c.with.expect_continue_from = c.expects_from;
    r.fields.remove(std::exchange(c.credentials_in, {}));
    return false;
  }
  const int code = c.answer.status.code();
  if ((code != 401 && code != 407 && code != 417) || r.body.stream() != nullptr) return false;
  c.expects_from = c.with.expect_continue_from;
  const bool has_asked = c.expects_from > 0 && r.body.length().value_or(0) >= c.expects_from;
  if (code == 417) {
    if (!has_asked || r.fields.contains("Expect")) return false;
    c.with.expect_continue_from = 0;  // RFC 9110 10.1.1: try again without
    return c.repeats = true;
  }
  if (options_.credentials == nullptr || (code == 407 && !route_to(c.to, options_).is_absolute_form())) return false;
  const std::string_view field = code == 407 ? "Proxy-Authorization" : "Authorization";  // RFC 9110 11.7
  const std::optional<std::string> credentials = options_.credentials->answer(c.to, r, c.answer);
  if (!credentials) return false;
  r.fields.remove(field);
  if (!r.fields.try_add(field, *credentials)) return false;
  c.credentials_in = field;
  return c.repeats = true;
}

/// Where the answer leads: true when `c` has become the next request, false when it is final.
template <client_transport Transport>
result<bool> client_engine<Transport>::redirect(call& c, std::size_t followed) const {
  const response& answer = c.answer;
  if (c.max_redirects == 0) return false;
  const auto next = redirect_target(c.to, answer, options_.allow_insecure_redirects);
  if (!next) return next.error().within(detail::describe(c.asked.method, c.to));
  if (!*next) return false;
  c.been.push_back(c.to);
  if (followed == c.max_redirects) {
    bool loops = false;
    for (const url& earlier : c.been) loops = loops || earlier == **next;
    return error(error_kind::limit, detail::describe(c.asked.method, c.to) + ": more than " +
                                        ascii::to_decimal(c.max_redirects) +
                                        (loops ? " redirects, in a loop" : " redirects"));
  }
  if (c.asked.body.stream() != nullptr && redirected_method(c.asked.method, answer.status) == c.asked.method)
    return false;  // the body has been pulled and cannot be sent again
  if (c.redirected)
    if (const result<void> goes_on = c.redirected(**next); !goes_on) return goes_on.error().within(detail::describe(c.asked.method, c.to));
  follow_redirect(c.asked, c.to, **next, answer.status);
  static_cast<void>(c.read(url(**next)));
  return true;
}

template <client_transport Transport>
result<void> client_engine<Transport>::decode(call& c) const {
  response& answer = c.answer;
  const bool has_content = !answer.body.is_octets() || !answer.body.text().empty();
  if (!c.decodes || !has_content || !answer.fields.contains("Content-Encoding")) return {};
  const result<void> decoded = options_.decoder->decode(answer, detail::describe(c.asked.method, c.to));
  answer.body.set_default_limit(options_.body_limit);
  return decoded;
}

template <client_transport Transport>
task<result<response>> client_engine<Transport>::run(loan lent, result<void> begun, answer_until goes_to) const {
  if (!begun) co_return begun.error();
  call& c = *lent;
  for (std::size_t followed = 0;;) {
    task<result<void>> asking = ask(c);
    const result<void> answered = co_await asking;
    if (!answered) co_return answered.error();
    bool asks_again = repeat(c);
    if (!asks_again) {
      const result<bool> goes_on = redirect(c, followed);
      if (!goes_on) co_return goes_on.error();
      asks_again = *goes_on;
      ++followed;
    }
    if (asks_again) {
      task<void> unwanted = detail::discard(c.answer.body);
      co_await unwanted;
      c.answer.body.clear();
      continue;
    }
    if (const result<void> decoded = decode(c); !decoded) co_return decoded.error();
    if (goes_to == answer_until::head || c.answer.body.is_octets()) co_return std::move(c.answer);
    task<result<std::string_view>> reading = c.answer.body.read_all(options_.body_limit);
    const result<std::string_view> all = co_await reading;
    if (all) co_return std::move(c.answer);
    const std::string about = detail::describe(c.asked.method, c.to);
    const bool is_bare = all.error().kind() == error_kind::limit && !all.error().message().starts_with(about);
    co_return is_bare ? all.error().within(about) : all.error();
  }
}

}  // namespace tinyhttp
