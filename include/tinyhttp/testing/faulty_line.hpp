// tinyhttp/testing/faulty_line.hpp -- what can happen to a connection between two octets: an end, a
// reset, a wait.
//
// Each leaves the journal saying how it was. Knows no responses.
#pragma once

#include <tinyhttp/core/chrono.hpp>
#include <tinyhttp/core/task.hpp>
#include <tinyhttp/testing/gate.hpp>
#include <tinyhttp/testing/ledger.hpp>
#include <tinyhttp/testing/wire.hpp>
#include <tinyhttp/testing/wire_plan.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace tinyhttp::testing {

/// One connection's sending side. Every task gives false when the connection is over; the journal
/// knows how.
template <net::stream S>
class faulty_line {
 public:
  faulty_line(wire<S>& over, journal_book& in) : wire_(over), ledger_(over, in) {}

 protected:
  /// Writes what is pending, and then `octets`.
  task<bool> write(std::string_view octets);
  /// Lets an event happen, here and now.
  task<bool> happen(const placed_event& what);
  task<bool> wait_at(const gate& which, std::uint64_t times);
  task<bool> wait_until(time_point when);
  task<bool> end_by_reset();
  /// Does to the octets below TLS what should not happen to them; false when the client has gone.
  task<bool> break_session(wire_event::kind how);
  /// The client has gone.
  task<bool> left();
  /// Ends our side, waits for the client to end its own, and brings the journal up to date.
  task<void> part();

  wire<S>& wire_;
  ledger<S> ledger_;
  std::size_t piece_ = 0;  // octets per write; 0: any
  std::string pending_;    // head octets that go out with the first of the body
  std::string markers_;
};

// ---------------------------------------------------------------------------------------------

template <net::stream S>
task<bool> faulty_line<S>::write(std::string_view octets) {
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
task<bool> faulty_line<S>::left() {
  ledger_.settle(ending::client_left);
  co_return false;
}

template <net::stream S>
task<void> faulty_line<S>::part() {
  co_await wire_.finish();
  ledger_.refresh();
  ledger_.close();
}

template <net::stream S>
task<bool> faulty_line<S>::happen(const placed_event& what) {
  constexpr const char* names[] = {"[cut]", "[reset]", "[stall]", "[hold]", "[pause]", "[truncate]", "[bad record]"};
  if (wire_.in_memory()) markers_ += names[static_cast<int>(what.event->what)];
  switch (what.event->what) {
    case wire_event::kind::truncate:
    case wire_event::kind::bad_record: {
      const bool broken = co_await break_session(what.event->what);
      if (!broken) co_return co_await left();
      [[fallthrough]];
    }
    case wire_event::kind::cut:
      ledger_.settle(ending::fin);
      co_await part();
      co_return false;
    case wire_event::kind::answer: break;
    case wire_event::kind::reset: co_return co_await end_by_reset();
    case wire_event::kind::hold: co_return co_await wait_at(*what.event->gate, 1);
    case wire_event::kind::pause: {
      const time_point when = wire_.loop().now() + std::chrono::duration_cast<duration>(what.event->time);
      co_return co_await wait_until(when);
    }
    case wire_event::kind::stall:
      for (woken why = woken::rung; why == woken::rung;) why = co_await wire_.park(net::timer::never);
      co_return co_await left();
  }
  co_return false;  // kind::answer is no event of the line's
}

template <net::stream S>
task<bool> faulty_line<S>::break_session(wire_event::kind how) {
  if constexpr (requires { wire_.stream().below(); }) {
    if (wire_.stream().session() == nullptr) co_return true;
    if (how == wire_event::kind::truncate) {
      (void)wire_.stream().below().shutdown_send();  // if that fails, so will what comes next
      co_return true;
    }
    std::string record("\x17\x03\x03\x00\x40", 5);  // application data, 64 octets (RFC 8446 5.1)
    record.resize(5 + 64, '\x5a');
    const std::string_view parts[] = {record};
    const std::span<const std::string_view> pieces(parts);
    const auto written = co_await wire_.stream().below().write(pieces);
    co_return written.has_value();
  }
  co_return true;
}

/// Lets everything arrive and then resets: a reset makes kernels drop what is still under way.
template <net::stream S>
task<bool> faulty_line<S>::end_by_reset() {
  const time_point deadline = wire_.loop().now() + patience();
  const bool all = co_await wire_.drained(deadline);
  if (!all && wire_.stream().peer_gone()) co_return co_await left();
  std::string note;
  if (!all) note = std::string("reset early: client stopped reading");
  ledger_.settle(ending::reset, std::move(note));
  ledger_.close();
  if (!wire_.in_memory()) wire_.stream().abort();
  co_return false;
}

template <net::stream S>
task<bool> faulty_line<S>::wait_at(const gate& which, std::uint64_t times) {
  if (wire_.in_memory()) co_return true;
  const bool all = co_await wire_.drained(net::timer::never);
  if (!all) co_return co_await left();
  const gate::visit visit(which, times, bell::caller(wire_.waker(), wire_.loop()));
  for (;;) {
    if (visit.passed()) co_return true;
    const woken why = co_await wire_.park(net::timer::never);
    if (why == woken::gone) co_return co_await left();
  }
}

template <net::stream S>
task<bool> faulty_line<S>::wait_until(time_point when) {
  for (;;) {
    const woken why = co_await wire_.park(when);
    if (why == woken::deadline) co_return true;
    if (why == woken::gone) co_return co_await left();
  }
}

}  // namespace tinyhttp::testing
