// tinyhttp/testing/connection.hpp -- one client of a fake server, from its first octet to its last.
//
// Reads as a server does (h1/connection.hpp), decides (answer.hpp), and then sends octet by octet
// what was asked for, faults included, keeping the journal. A template over the stream.
#pragma once

#include <tinyhttp/core/task.hpp>
#include <tinyhttp/http/date.hpp>
#include <tinyhttp/testing/answer.hpp>
#include <tinyhttp/testing/journal.hpp>
#include <tinyhttp/testing/wire.hpp>
#include <tinyhttp/testing/wire_plan.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tinyhttp::testing {

/// What the connections of one server share. Any thread.
struct fake_state {
  rule_book rules;
  journal_book journal;
  h1::limits limits;
};

template <net::stream S>
class fake_connection {
 public:
  fake_connection(S& stream, fake_state& shared, bool in_memory = false)
      : shared_(shared), wire_(stream, shared.limits, in_memory), number_(shared.journal.next_connection()) {}
  ~fake_connection() { settle(ending::stopped); }

  [[nodiscard]] task<void> run();

  /// Brings the numbers of the journal up to date; true when nothing more is on its way to a client.
  bool refresh();
  /// What cannot happen without a socket, in the order in which it was to happen.
  [[nodiscard]] const std::string& markers() const noexcept { return markers_; }

 private:
  enum class outcome : std::uint8_t { next, over };

  /// A response whose octets may not have arrived yet.
  struct account {
    std::size_t number;
    std::uint64_t body_at;  // octets of the connection before this body
    std::uint64_t end_at;   // and before what follows it
    std::uint64_t handed;
    bool over;
  };

  exchange begin_exchange() {
    exchange x;
    x.connection = number_;
    x.on_connection = ++exchanges_;
    x.began = wire_.loop().now();
    return x;
  }
  task<bool> read_body(exchange& x);
  task<outcome> answer();
  task<outcome> refuse();
  task<outcome> send(const decision& made, std::string head, const body_map& body);
  task<bool> send_head(const std::string& head, const std::vector<placed_event>& events, std::size_t& done);
  task<bool> send_body(const act& how, const body_map& body, const std::vector<placed_event>& events,
                       std::size_t& done);
  task<bool> write(std::string_view octets);
  task<bool> happen(const placed_event& what);
  task<bool> wait_at(const gate& which, std::uint64_t times);
  task<bool> wait_until(time_point when);
  task<bool> end_by_reset();
  task<bool> left();
  task<void> part();

  void begin_account(std::uint64_t planned, std::uint64_t head_left);
  void settle(ending how, std::string note = {});

  fake_state& shared_;
  wire<S> wire_;
  std::size_t number_;
  std::size_t exchanges_ = 0;
  request incoming_;
  std::size_t current_ = 0;  // the running exchange's number in the journal; 0: none runs
  std::vector<account> accounts_;
  std::size_t piece_ = 0;  // octets per write; 0: any
  std::string pending_;    // head octets that go out with the first of the body
  std::string markers_;
};

// ---------------------------------------------------------------------------------------------

namespace detail {

[[nodiscard]] constexpr std::uint64_t smaller(std::uint64_t a, std::uint64_t b) noexcept { return a < b ? a : b; }

}  // namespace detail

template <net::stream S>
task<void> fake_connection<S>::run() {
  for (;;) {
    const auto next = wire_.parser.next_event(incoming_);
    outcome then = outcome::next;
    if (next.what == h1::event::kind::need_more) {
      const bool more = co_await wire_.receive();
      if (!more) co_return;
      continue;
    }
    if (next.what == h1::event::kind::closed) co_return;
    if (next.what == h1::event::kind::failed) {
      then = co_await refuse();
    } else {
      then = co_await answer();
    }
    if (then == outcome::over || !wire_.parser.restart()) break;
  }
}

/// Octets that are no request: written down, and answered as a server does.
template <net::stream S>
task<typename fake_connection<S>::outcome> fake_connection<S>::refuse() {
  const auto why = wire_.parser.failure();
  exchange x = begin_exchange();
  x.raw_head = wire_.received.substr(0, 64 * 1024);
  x.failure = why.why;
  x.status = why.status;
  current_ = shared_.journal.add(std::move(x));
  const auto date = format_date(wire_.loop().unix_seconds());
  const response answer = problem(why.status);
  std::string head;
  wire_.parser.forbid_reuse();
  wire_.parser.send(head, answer, date.view());
  begin_account(answer.body.text().size(), head.size());
  head.append(answer.body.text());
  const bool sent = co_await wire_.write(head);
  if (!sent) co_return outcome::over;
  settle(ending::fin);
  co_await part();
  co_return outcome::over;
}

/// Reads the request's body; false when it does not come to its end.
template <net::stream S>
task<bool> fake_connection<S>::read_body(exchange& x) {
  constexpr std::size_t most_kept = 1024 * 1024;  // octets
  bool continued = !x.fields.has_token("Expect", "100-continue");
  for (;;) {
    const auto next = wire_.parser.next_event(incoming_);
    if (next.what == h1::event::kind::end) co_return true;
    if (next.what == h1::event::kind::data) {
      x.body_size += next.data.size();
      if (x.body.size() < most_kept) x.body.append(next.data.substr(0, most_kept - x.body.size()));
      wire_.received.clear();
      continue;
    }
    if (next.what != h1::event::kind::need_more) co_return false;
    if (!continued) {
      std::string interim;
      wire_.parser.send_informational(interim, status::continue_, {});
      const bool sent = co_await wire_.write(interim);
      if (!sent) co_return false;
      continued = true;
    }
    const bool more = co_await wire_.receive();
    if (!more) co_return false;
  }
}

template <net::stream S>
task<typename fake_connection<S>::outcome> fake_connection<S>::answer() {
  exchange x = begin_exchange();
  x.raw_head = wire_.received.substr(0, wire_.received.size() - wire_.parser.unread().size());
  wire_.received.erase(0, x.raw_head.size());
  x.method = incoming_.method.name();
  x.target = incoming_.target.text();
  x.fields = incoming_.fields;
  const bool whole = co_await read_body(x);
  wire_.received = wire_.parser.unread();
  x.queued = wire_.received.size();
  if (!whole) x.failure = wire_.parser.failure() ? wire_.parser.failure().why : "the body ended too early";
  const std::int64_t now = wire_.loop().unix_seconds();
  auto made = decide(shared_.rules, incoming_, x, now);
  const bool raw = made.how.what == act::kind::raw;
  if (!raw && made.answer.body.stream() != nullptr) {
    const std::uint64_t most = 64 * 1024 * 1024;  // octets
    (void)co_await made.answer.body.read_all(most);
  }
  if (!raw) x.status = made.answer.status.code();
  current_ = shared_.journal.add(std::move(x));
  if (!whole) {
    settle(ending::client_left);
    co_return outcome::over;
  }

  std::string head;
  body_map body;
  if (raw) {
    body = body_map(made.how.octets);
    wire_.parser.forbid_reuse();
  } else {
    const auto date = format_date(now);
    const auto plan = wire_.parser.send(head, made.answer, date.view());
    std::string nothing;
    if (plan.sends_body) {
      body = body_map(made.answer);
      (void)wire_.parser.begin_data(nothing, body.size());
    }
    (void)wire_.parser.finish(nothing, nullptr);
    if (!plan.sends_body) made.how.chunk = 0;
    apply_edits(head, made.how);
  }
  if (made.how.replaced_at)
    if (const auto at = body.place_of(*made.how.replaced_at, true)) body.swap_from(*at, *made.how.replacement);
  const auto then = co_await send(made, std::move(head), body);
  co_return then;
}

template <net::stream S>
task<typename fake_connection<S>::outcome> fake_connection<S>::send(const decision& made, std::string head,
                                                                    const body_map& body) {
  const auto events = place_events(made.how, body, head.size());
  std::size_t done = 0;
  piece_ = made.how.piece;
  begin_account(body.size(), head.size());
  const bool headed = co_await send_head(head, events, done);
  if (!headed) co_return outcome::over;
  const bool sent = co_await send_body(made.how, body, events, done);
  if (!sent) co_return outcome::over;
  if (made.how.closes || !wire_.parser.reusable()) {
    settle(ending::fin);
    co_await part();
    co_return outcome::over;
  }
  settle(ending::kept);
  co_return outcome::next;
}

template <net::stream S>
task<bool> fake_connection<S>::send_head(const std::string& head, const std::vector<placed_event>& events,
                                         std::size_t& done) {
  std::size_t at = 0;
  while (done < events.size() && events[done].in_head) {
    const auto stop = static_cast<std::size_t>(events[done].at);
    const bool sent = co_await write(std::string_view(head).substr(at, stop - at));
    if (!sent) co_return false;
    at = stop;
    const bool goes_on = co_await happen(events[done]);
    ++done;
    if (!goes_on) co_return false;
  }
  pending_.assign(head, at);
  accounts_.back().body_at = wire_.stream().sent() + pending_.size();
  if (piece_ == 0) co_return true;
  const std::string tiny = std::exchange(pending_, {});
  const bool sent = co_await write(tiny);
  co_return sent;
}

template <net::stream S>
task<bool> fake_connection<S>::send_body(const act& how, const body_map& body,
                                         const std::vector<placed_event>& events, std::size_t& done) {
  constexpr std::uint64_t most = 64 * 1024;  // octets read at a time
  std::vector<std::uint64_t> flips;
  for (const auto& each : how.flips)
    if (const auto at = body.place_of(each, false)) flips.push_back(*at);
  std::string octets;
  std::uint64_t at = 0, chunks = 0, paid = 0, slices = 0;
  time_point due = wire_.loop().now();
  for (;;) {
    while (done < events.size() && events[done].at == at) {
      const bool sent = co_await write({});
      if (!sent) co_return false;
      const bool goes_on = co_await happen(events[done]);
      ++done;
      if (!goes_on) co_return false;
    }
    if (at == body.size()) break;
    std::uint64_t size = detail::smaller(body.size() - at, how.chunk > 0 ? std::uint64_t{how.chunk} : most);
    if (done < events.size()) size = detail::smaller(size, events[done].at - at);
    if (how.slice > 0) size = detail::smaller(size, how.slice - at % how.slice);
    if (how.throttle_octets > 0) size = detail::smaller(size, how.throttle_octets - paid);
    octets.resize(static_cast<std::size_t>(size));
    if (!body.read(at, octets)) {
      settle(ending::fin, "the content has become shorter");
      co_await part();
      co_return false;
    }
    for (const std::uint64_t flip : flips)
      if (flip >= at && flip < at + size) octets[static_cast<std::size_t>(flip - at)] ^= 1;
    at += size;
    if (how.chunk > 0) {
      const auto frame = frame_chunk(static_cast<std::size_t>(chunks++), size, at == body.size(), how.broken);
      if (at == body.size() && how.broken == chunk_fault::cut_inside) octets.resize(octets.size() / 2);
      octets.insert(0, frame.in_front).append(frame.behind);
    }
    const bool sent = co_await write(octets);
    if (!sent) co_return false;
    accounts_.back().handed = at;
    if (how.slice > 0 && at % how.slice == 0 && at < body.size()) {
      ++slices;
      const bool opened = co_await wait_at(*how.slice_gate, slices);
      if (!opened) co_return false;
    }
    paid += size;
    if (how.throttle_octets > 0 && paid == how.throttle_octets && at < body.size()) {
      paid = 0;
      due += std::chrono::duration_cast<duration>(how.throttle_time);
      const bool waited = co_await wait_until(due);
      if (!waited) co_return false;
    }
  }
  const bool sent = co_await write(how.behind);
  co_return sent;
}

/// Writes what is pending, and then `octets`. False when the client has gone, which is written down.
template <net::stream S>
task<bool> fake_connection<S>::write(std::string_view octets) {
  const std::string head = std::exchange(pending_, {});
  bool sent = true;
  if (piece_ == 0) {
    sent = co_await wire_.write(head, octets);
  } else {
    for (std::size_t at = 0; sent && at < octets.size(); at += piece_) {
      sent = co_await wire_.write(octets.substr(at, piece_));
      co_await wire_.loop().yield();
    }
  }
  if (sent) co_return true;
  co_return co_await left();
}

template <net::stream S>
task<bool> fake_connection<S>::left() {
  settle(ending::client_left);
  co_return false;
}

/// Ends our side, waits for the client to end its own, and brings the journal up to date.
template <net::stream S>
task<void> fake_connection<S>::part() {
  co_await wire_.finish();
  refresh();
  accounts_.clear();
}

/// False: the response ends here, and the journal knows how.
template <net::stream S>
task<bool> fake_connection<S>::happen(const placed_event& what) {
  constexpr const char* names[] = {"[cut]", "[reset]", "[stall]", "[hold]", "[pause]"};
  if (wire_.in_memory()) markers_ += names[static_cast<int>(what.event.what)];
  switch (what.event.what) {
    case wire_event::kind::cut:
      settle(ending::fin);
      co_await part();
      co_return false;
    case wire_event::kind::reset: co_return co_await end_by_reset();
    case wire_event::kind::hold: co_return co_await wait_at(*what.event.gate, 1);
    case wire_event::kind::pause: {
      const time_point when = wire_.loop().now() + std::chrono::duration_cast<duration>(what.event.time);
      co_return co_await wait_until(when);
    }
    case wire_event::kind::stall: {
      const woken why = co_await wire_.park(net::timer::never);
      if (why == woken::deadline) settle(ending::stopped, "stalled");
      co_return co_await left();
    }
  }
  co_return false;
}

/// Lets everything arrive and then resets: a reset makes kernels drop what is still under way.
template <net::stream S>
task<bool> fake_connection<S>::end_by_reset() {
  const time_point deadline = wire_.loop().now() + patience();
  const bool all = co_await wire_.drained(deadline);
  if (!all && wire_.stream().peer_gone()) co_return co_await left();
  std::string note;
  if (!all) note = std::string("reset early: client stopped reading");
  settle(ending::reset, std::move(note));
  accounts_.clear();
  if (!wire_.in_memory()) wire_.stream().abort();
  co_return false;
}

template <net::stream S>
task<bool> fake_connection<S>::wait_at(const gate& which, std::uint64_t times) {
  if (wire_.in_memory()) co_return true;
  const bool all = co_await wire_.drained(net::timer::never);
  if (!all) co_return co_await left();
  wire_.waker()->rung = false;
  const gate::visit visit(which, times, bell::caller(wire_.waker(), wire_.loop()));
  for (;;) {
    const woken why = co_await wire_.park(net::timer::never);
    if (why == woken::rung) co_return true;
    if (why == woken::gone) co_return co_await left();
  }
}

template <net::stream S>
task<bool> fake_connection<S>::wait_until(time_point when) {
  for (;;) {
    const woken why = co_await wire_.park(when);
    if (why == woken::deadline) co_return true;
    if (why == woken::gone) co_return co_await left();
  }
}

template <net::stream S>
void fake_connection<S>::begin_account(std::uint64_t planned, std::uint64_t head_left) {
  accounts_.push_back({current_, wire_.stream().sent() + head_left, 0, 0, false});
  shared_.journal.change(current_, [&](exchange& x) { x.planned = planned; });
}

template <net::stream S>
void fake_connection<S>::settle(ending how, std::string note) {
  if (current_ == 0) return;
  const std::size_t number = std::exchange(current_, 0);
  if (!accounts_.empty() && accounts_.back().number == number) {
    accounts_.back().over = true;
    accounts_.back().end_at = wire_.stream().sent();
  }
  refresh();
  shared_.journal.change(number, [&](exchange& x) {
    x.end = how;
    x.note = std::move(note);
    x.ended = wire_.loop().now();
  });
}

template <net::stream S>
bool fake_connection<S>::refresh() {
  const std::uint64_t sent = wire_.stream().sent();
  const std::uint64_t acked = wire_.acknowledged();
  bool settled = true;
  std::erase_if(accounts_, [&](account& a) {
    const std::uint64_t end = a.over ? a.end_at : sent;
    std::uint64_t handed = 0, arrived = 0;
    shared_.journal.change(a.number, [&](exchange& x) {
      const std::uint64_t out = end > a.body_at ? end - a.body_at : 0;
      handed = detail::smaller(x.planned, a.handed > out ? a.handed : out);
      arrived = acked >= end ? handed : acked > a.body_at ? detail::smaller(handed, acked - a.body_at) : 0;
      x.handed = handed;
      x.acked = arrived;
    });
    if (a.over && arrived < handed) settled = false;
    return a.over && acked >= end;
  });
  return settled;
}

}  // namespace tinyhttp::testing
