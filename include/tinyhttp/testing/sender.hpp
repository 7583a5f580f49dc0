// tinyhttp/testing/sender.hpp -- sends one response, octet by octet, with the faults injected into it.
//
// Takes a head, a body and an `act`, and does what that says on the wire. Knows no rules.
#pragma once

#include <tinyhttp/core/ascii.hpp>
#include <tinyhttp/core/bounds.hpp>
#include <tinyhttp/core/chrono.hpp>
#include <tinyhttp/core/small_vector.hpp>
#include <tinyhttp/core/task.hpp>
#include <tinyhttp/testing/answer.hpp>
#include <tinyhttp/testing/faulty_line.hpp>
#include <tinyhttp/testing/ledger.hpp>
#include <tinyhttp/testing/stepping.hpp>
#include <tinyhttp/testing/wire.hpp>
#include <tinyhttp/testing/wire_plan.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace tinyhttp::testing {

/// Sends the responses of one connection, and keeps the journal. Every task returns false if the connection is over;
/// the journal says how.
template <net::stream S>
class sender : faulty_line<S> {
 public:
  sender(wire<S>& over, journal_book& in) : faulty_line<S>(over, in) {}

  /// Answers `x`, which goes into the journal, with `head` and `body`, as `made` says.
  task<bool> send(exchange& x, const decision& made, const std::string& head, const body_map& body);
  /// Lets something happen while the request of `x` is read; false: the connection is over, and `x` in the journal.
  task<bool> happen_early(exchange& x, const act& how, const placed_event& what);
  /// Updates the journal; true if nothing more is on its way to the client.
  bool refresh() { return ledger_.refresh(); }
  /// The exchange that has ended is as it will stay: tells whoever listens.
  task<void> publish() {
    const time_point until = wire_.loop().now() + patience() / 8;
    (void)co_await wire_.drained(until);
    ledger_.refresh();
    ledger_.publish();
  }
  /// Events that cannot happen without a socket, in their order.
  [[nodiscard]] const std::string& markers() const noexcept { return markers_; }
  /// An exchange that gets no answer.
  void note(exchange x, ending how) {
    ledger_.begin(std::move(x), 0, 0);
    ledger_.settle(how);
  }

 private:
  task<bool> send_head(const std::string& head, const placed_events& events, std::size_t& done);
  task<bool> send_body(const act& how, const body_map& body, const placed_events& events,
                       std::size_t& done);
  task<bool> play_steps(stepping& steps, const std::string& head, const body_map& body);
  task<bool> write_body(const body_map& body, std::uint64_t at, std::uint64_t end);

  using line = faulty_line<S>;
  using line::end_by_reset, line::happen, line::left, line::part, line::wait_at, line::wait_until, line::write;
  using line::ledger_, line::markers_, line::pending_, line::piece_, line::wire_;
};

// ---------------------------------------------------------------------------------------------

namespace detail {

/// `head` with another status in its first line.
[[nodiscard]] inline std::string with_status(const std::string& head, int code) {
  if (code == 0) return head;
  std::string line = "HTTP/1.1 " + ascii::to_decimal(static_cast<std::uint64_t>(code)) + " ";
  return line.append(status(code).reason()) + head.substr(head.find('\r'));
}

}  // namespace detail

template <net::stream S>
task<bool> sender<S>::send(exchange& x, const decision& made, const std::string& head, const body_map& body) {
  const auto events = place_events(made.how, body, head.size());
  std::size_t done = 0;
  piece_ = made.how.piece;
  x.fired += unreached(made.how, made.happened + events.size(), body);
  ledger_.begin(std::move(x), body.size(), head.size());
  if (made.how.what == act::kind::stepped) co_return co_await play_steps(*made.how.steps, head, body);
  const bool headed = co_await send_head(head, events, done);
  if (!headed) co_return false;
  const bool sent = co_await send_body(made.how, body, events, done);
  if (!sent) co_return false;
  if (made.how.closes || !wire_.parser.reusable()) {
    ledger_.settle(ending::fin);
    co_await part();
    co_return false;
  }
  ledger_.settle(ending::kept);
  co_return true;
}

template <net::stream S>
task<bool> sender<S>::happen_early(exchange& x, const act& how, const placed_event& what) {
  const auto kind = what.event->what;
  const bool waits = kind == wire_event::kind::hold || kind == wire_event::kind::pause;
  x.fired = how.name;
  x.matched = true;
  if (!waits) ledger_.begin(std::move(x), 0, 0);
  const bool goes_on = co_await happen(what);
  if (waits && !goes_on) note(std::move(x), ending::client_left);
  co_return goes_on;
}

template <net::stream S>
task<bool> sender<S>::send_head(const std::string& head, const placed_events& events,
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
  ledger_.body_follows(pending_.size());
  if (piece_ == 0) co_return true;
  const std::string tiny = std::exchange(pending_, {});
  const bool sent = co_await write(tiny);
  co_return sent;
}

template <net::stream S>
task<bool> sender<S>::send_body(const act& how, const body_map& body,
                                const placed_events& events, std::size_t& done) {
  constexpr std::uint64_t most = 64 * 1024;  // octets read at a time
  constexpr std::size_t gathered = 16 * 1024;  // octets of small chunks that go out together
  small_vector<std::uint64_t, 4> flips;
  for (const auto& each : how.flips)
    if (const auto at = body.place_of(each, false)) flips.push_back(*at);
  const std::string_view nothing;
  std::string octets, piece;
  std::uint64_t at = 0, chunks = 0, paid = 0, slices = 0;
  time_point due = wire_.loop().now();
  ledger_.content_handed(0, how.chunk > 0);
  for (;;) {
    while (done < events.size() && events[done].at == at) {
      const bool sent = co_await write(nothing);
      if (!sent) co_return false;
      const bool goes_on = co_await happen(events[done]);
      ++done;
      if (!goes_on) co_return false;
    }
    if (at == body.size()) break;
    std::uint64_t size = at_most(body.size() - at, how.chunk > 0 ? std::uint64_t{how.chunk} : most);
    if (done < events.size()) size = at_most(size, events[done].at - at);
    if (how.slice > 0) size = at_most(size, how.slice - at % how.slice);
    if (how.throttle_octets > 0) size = at_most(size, how.throttle_octets - paid);
    piece.resize(static_cast<std::size_t>(size));
    if (!body.read(at, piece)) {
      ledger_.settle(ending::fin, "the content has become shorter");
      co_await part();
      co_return false;
    }
    for (const std::uint64_t flip : flips)
      if (flip >= at && flip < at + size) piece[static_cast<std::size_t>(flip - at)] ^= 1;
    at += size;
    if (how.chunk > 0) {
      const auto frame = frame_chunk(static_cast<std::size_t>(chunks++), size, at == body.size(), how.broken);
      if (at == body.size() && how.broken == chunk_fault::cut_inside) piece.resize(piece.size() / 2);
      octets.append(frame.in_front).append(piece).append(frame.behind);
      if (at == body.size()) octets.append(end_of_chunks(how));
      const bool stops = at == body.size() || (done < events.size() && events[done].at == at) ||
                         how.slice > 0 || how.throttle_octets > 0;
      if (!stops && octets.size() < gathered) continue;
    } else {
      octets.swap(piece);
    }
    const bool sent = co_await write(octets);
    if (!sent) co_return false;
    octets.clear();
    ledger_.content_handed(at, how.chunk > 0);
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
  const std::string end = (how.chunk > 0 && body.size() == 0 ? end_of_chunks(how) : std::string()) + how.behind;
  const bool sent = co_await write(end);
  co_return sent;
}

template <net::stream S>
task<bool> sender<S>::write_body(const body_map& body, std::uint64_t at, std::uint64_t end) {
  std::string octets;
  end = at_most(end, body.size());
  while (at < end) {
    octets.resize(at_most(end - at, std::size_t{64} * 1024));
    if (!body.read(at, octets)) co_return false;
    const bool sent = co_await wire_.write(octets);
    if (!sent) co_return false;
    at += octets.size();
  }
  co_return true;
}

/// Does what the test says, and tells it when the client has what was sent.
template <net::stream S>
task<bool> sender<S>::play_steps(stepping& steps, const std::string& head, const body_map& body) {
  if (wire_.in_memory()) co_return false;
  steps.arrive(bell::caller(wire_.waker(), wire_.loop()));
  struct leaving {
    stepping& of;
    ~leaving() { of.leave(); }
  } const guard{steps};
  std::uint64_t next = 0;
  for (;;) {
    const auto said = steps.take();
    if (!said) {
      const woken why = co_await wire_.park(net::timer::never);
      if (why == woken::gone) co_return co_await left();
      continue;
    }
    bool sent = true;
    switch (said->what) {
      case wire_command::kind::head: {
        const std::string octets = detail::with_status(head, said->status);
        ledger_.body_follows(octets.size());
        sent = co_await wire_.write(octets);
        break;
      }
      case wire_command::kind::octets:
        next = said->at + said->count;
        sent = co_await write_body(body, said->at, next);
        break;
      case wire_command::kind::raw: sent = co_await wire_.write(said->text); break;
      case wire_command::kind::rest: {
        const std::uint64_t all = body.size();
        sent = co_await write_body(body, next, all);
        break;
      }
      case wire_command::kind::finish:
        ledger_.settle(ending::kept);
        steps.done(true);
        co_return true;
      case wire_command::kind::cut:
        ledger_.settle(ending::fin);
        steps.done(true);
        co_await part();
        co_return false;
      case wire_command::kind::reset:
        sent = co_await end_by_reset();
        steps.done(true);
        co_return false;
    }
    if (sent) sent = co_await wire_.drained(net::timer::never);
    steps.done(sent);
    if (!sent) co_return co_await left();
  }
}

}  // namespace tinyhttp::testing
