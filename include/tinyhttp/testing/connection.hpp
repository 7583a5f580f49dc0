// tinyhttp/testing/connection.hpp -- one client connection of a fake server, from its first octet to its last.
//
// Reads as a server does (h1/connection.hpp), decides (answer.hpp), and lets sender.hpp send. A template over the
// stream: sockets, or memory.
#pragma once

#include <tinyhttp/core/bounds.hpp>
#include <tinyhttp/core/buffer.hpp>
#include <tinyhttp/core/chrono.hpp>
#include <tinyhttp/core/owned.hpp>
#include <tinyhttp/core/task.hpp>
#include <tinyhttp/http/date.hpp>
#include <tinyhttp/testing/answer.hpp>
#include <tinyhttp/testing/handshake.hpp>
#include <tinyhttp/testing/journal.hpp>
#include <tinyhttp/testing/sender.hpp>
#include <tinyhttp/testing/wire.hpp>
#include <tinyhttp/testing/wire_plan.hpp>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <string>
#include <string_view>
#include <utility>

namespace tinyhttp::testing {

/// The state that the connections of one server share. Any thread.
struct fake_state {
  rule_book rules;
  journal_book journal;
  h1::limits limits;
  std::uint64_t most_body = 0;  // octets of a request's body that are kept
};

/// Stream and state must outlive it. Loop thread only.
template <net::stream S>
class fake_connection {
 public:
  fake_connection(S& stream, fake_state& shared, bool in_memory = false)
      : shared_(shared),
        wire_(stream, shared.limits, in_memory),
        sender_(wire_, shared.journal),
        number_(shared.journal.next_connection()) {}

  [[nodiscard]] task<void> run();
  /// The same after a handshake for `by`, to which `how` is applied.
  [[nodiscard]] task<void> run_secured(owned<net::secure_session> by, act how);

  /// Updates the numbers in the journal; true if nothing more is on its way to a client.
  bool refresh() { return sender_.refresh(); }
  /// Events that cannot happen without a socket, in their order.
  [[nodiscard]] const std::string& markers() const noexcept { return sender_.markers(); }

 private:
  exchange begin_exchange() {
    exchange x;
    x.connection = number_;
    x.on_connection = ++exchanges_;
    x.began = std::chrono::steady_clock::now();
    if constexpr (requires { wire_.stream().session(); })
      if (const auto* with = wire_.stream().session()) note_session(x, *with);
    return x;
  }
  static void note_session(exchange& x, const net::secure_session& with) {
    x.server_name = with.server_name();
    x.client_subject = with.peer_subject();
  }
  enum class body_read : std::uint8_t { whole, early, broken, over };
  task<body_read> read_body(exchange& x, const act& how, std::size_t& happened);
  task<void> pull_body(decision& made, exchange& x);
  body_map compose(decision& made, std::int64_t now, std::string& head);
  task<bool> answer();
  task<bool> refuse();
  task<bool> refuse(exchange& x);

  fake_state& shared_;
  wire<S> wire_;
  sender<S> sender_;
  std::size_t number_;
  std::size_t exchanges_ = 0;
  request incoming_;
};

// ---------------------------------------------------------------------------------------------

template <net::stream S>
task<void> fake_connection<S>::run() {
  for (;;) {
    const auto next = wire_.parser.next_event(incoming_);
    bool goes_on = false;
    if (next.what == h1::wire_event::kind::need_more) {
      const bool more = co_await wire_.receive();
      if (!more) co_return;
      continue;
    }
    if (next.what == h1::wire_event::kind::closed) co_return;
    if (next.what == h1::wire_event::kind::failed) {
      goes_on = co_await refuse();
    } else {
      goes_on = co_await answer();
    }
    if (shared_.journal.has_listener()) co_await sender_.publish();
    if (!goes_on || !wire_.parser.restart()) break;
  }
}

template <net::stream S>
task<void> fake_connection<S>::run_secured(owned<net::secure_session> by, act how) {
  fake_handshake shaking(wire_.stream().below(), *by, how);
  auto handshake = shaking.run();
  const handshake_outcome came_to = co_await handshake;
  if (came_to.secure) {
    wire_.stream().secure(std::move(by));
    auto serving = run();
    co_await serving;
    co_return;
  }
  exchange x = begin_exchange();
  note_session(x, *by);
  const std::string_view why = came_to.failure;
  x.failure.assign("TLS handshake: ").append(why.substr(why.starts_with("TLS: ") ? 5 : 0));
  x.fired = std::move(how.name);
  sender_.note(std::move(x), came_to.end);
}

/// Octets that are no request: written down, and answered as a server does.
template <net::stream S>
task<bool> fake_connection<S>::refuse() {
  exchange x = begin_exchange();
  x.raw_head = wire_.received.substr(0, 64 * 1024);
  co_return co_await refuse(x);
}

template <net::stream S>
task<bool> fake_connection<S>::refuse(exchange& x) {
  const auto why = wire_.parser.failure();
  x.failure = why.why;
  x.status = why.status;
  decision made;
  made.answer = problem(why.status);
  made.how.closes = true;
  wire_.parser.forbid_reuse();
  buffer composed;
  const auto date = format_date(wire_.loop().unix_seconds());
  wire_.parser.send(composed, made.answer, date.view());
  std::string head(composed.view());
  const body_map body(made.answer);
  co_return co_await sender_.send(x, made, head, body);
}

/// Reads the request's body, until its end or until its answer is due. `how` says what happens meanwhile.
template <net::stream S>
auto fake_connection<S>::read_body(exchange& x, const act& how, std::size_t& happened) -> task<body_read> {
  const auto events = place_early(how);
  bool continued = !x.fields.has_token("Expect", "100-continue");
  for (;;) {
    while (happened < events.size() && events[happened].at <= x.body_size) {
      const placed_event& due = events[happened++];
      if (due.event->what == wire_event::kind::answer) co_return body_read::early;
      const bool goes_on = co_await sender_.happen_early(x, how, due);
      if (!goes_on) co_return body_read::over;
    }
    const auto next = wire_.parser.next_event(incoming_);
    x.whole_body = next.what == h1::wire_event::kind::end;
    if (x.whole_body) co_return body_read::whole;
    if (next.what == h1::wire_event::kind::data) {
      x.body_size += next.data.size();
      x.body.append(next.data.substr(0, at_most(shared_.most_body - x.body.size(), next.data.size())));
      wire_.received.clear();
      continue;
    }
    if (next.what != h1::wire_event::kind::need_more) co_return body_read::broken;
    if (!continued) {
      buffer interim;
      wire_.parser.send_informational(interim, status::continue_, {});
      const bool sent = co_await wire_.write(interim.view());
      if (!sent) co_return body_read::broken;
      continued = true;
    }
    const bool more = co_await wire_.receive();
    if (!more) co_return body_read::broken;
  }
}

/// Has the body of the answer at hand; where that fails the answer is a 500.
template <net::stream S>
task<void> fake_connection<S>::pull_body(decision& made, exchange& x) {
  try {
    auto reading = made.answer.body.read_all(detail::most_pulled);
    const auto all = co_await reading;
    if (all) co_return;
    x.thrown = all.error().message();
  } catch (const std::exception& failed) {
    x.thrown = failed.what();
  }
  made.how = act{};
  made.answer = problem(status::internal_server_error);
}

/// What goes out: the body, and the head before it, which is empty where the octets are given as they are.
template <net::stream S>
body_map fake_connection<S>::compose(decision& made, std::int64_t now, std::string& head) {
  body_map body;
  if (made.how.what == act::kind::raw) {
    body = body_map(made.how.octets);
    wire_.parser.forbid_reuse();
  } else {
    const auto date = format_date(now);
    buffer composed, nothing;
    const auto plan = wire_.parser.send(composed, made.answer, date.view());
    head = composed.view();
    if (plan.sends_body) {
      body = body_map(made.answer);
      (void)wire_.parser.begin_data(nothing, body.size());
    }
    if (incoming_.method == method::head || made.answer.status.forbids_content()) made.how.chunk = 0;
    else if (made.how.chunk == 0 && !made.how.trailers.empty()) made.how.chunk = 16 * 1024;
    (void)wire_.parser.finish(nothing, nullptr);
    apply_edits(head, made.how);
  }
  if (made.how.replaced_at)
    if (const auto at = body.place_of(*made.how.replaced_at, true)) body.swap_from(*at, *made.how.replacement);
  return body;
}

template <net::stream S>
task<bool> fake_connection<S>::answer() {
  exchange x = begin_exchange();
  x.raw_head = wire_.received.substr(0, wire_.received.size() - wire_.parser.unread().size());
  wire_.received.erase(0, x.raw_head.size());
  x.method = incoming_.method.name();
  x.target = incoming_.target.text();
  x.fields = incoming_.fields;
  const auto set = shared_.rules.current();  // keeps the rule that is chosen
  chosen_act chosen = early_act(*set, x);
  std::size_t happened = 0;
  const body_read came = co_await read_body(x, chosen.how, happened);
  if (came == body_read::over) co_return false;
  if (came == body_read::early) {
    wire_.received.clear();
  } else {
    wire_.received = wire_.parser.unread();
  }
  x.queued = wire_.received.size();
  if (came == body_read::broken && wire_.parser.failure()) co_return co_await refuse(x);
  if (came == body_read::broken) {
    x.failure = "the body did not come to its end";
    sender_.note(std::move(x), ending::client_left);
    co_return false;
  }

  const std::int64_t now = wire_.loop().unix_seconds();
  auto made = decide(shared_.rules, incoming_, x, now, std::move(chosen));
  made.happened = happened;
  if (!x.thrown.empty()) shared_.journal.note_failure();
  if (made.answer.body.stream() != nullptr && incoming_.method != method::head) {
    auto pulling = pull_body(made, x);
    co_await pulling;
  }
  if (made.how.what != act::kind::raw) x.status = made.answer.status.code();
  std::string head;
  const body_map body = compose(made, now, head);
  co_return co_await sender_.send(x, made, head, body);
}

}  // namespace tinyhttp::testing
