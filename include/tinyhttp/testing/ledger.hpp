// tinyhttp/testing/ledger.hpp -- how much of each response was handed to the kernel, and how much arrived.
//
// Three numbers: planned, handed to our kernel, acknowledged by the client's. What a send call
// accepted says little about what a client has.
#pragma once

#include <tinyhttp/core/bounds.hpp>
#include <tinyhttp/core/chrono.hpp>
#include <tinyhttp/core/small_vector.hpp>
#include <tinyhttp/testing/journal.hpp>
#include <tinyhttp/testing/wire.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

namespace tinyhttp::testing {

/// Accounts for the octets of one connection, in the journal. One exchange runs at a time; earlier ones are tracked
/// until everything has arrived.
template <net::stream S>
class ledger {
 public:
  ledger(wire<S>& of, journal_book& in) : wire_(of), journal_(in) {}
  ~ledger() {
    settle(ending::stopped);
    publish();
  }
  ledger(const ledger&) = delete;
  ledger& operator=(const ledger&) = delete;

  /// An exchange whose body of `planned` octets goes out behind `head` more.
  void begin(exchange x, std::uint64_t planned, std::uint64_t head);
  /// The body begins behind the next `head` octets, after all.
  void body_follows(std::uint64_t head) { accounts_.back().body_at = wire_.stream().sent() + head; }
  /// So many octets of content have been handed over; with `framed`, the connection has sent more for them.
  void content_handed(std::uint64_t octets, bool framed) {
    accounts_.back().handed = octets;
    accounts_.back().framed = framed;
  }
  /// The current exchange has ended like this. Does nothing if there is none.
  void settle(ending how, std::string note = {});
  /// Tells who listens of the exchange that has ended.
  void publish() {
    if (ended_ != 0) journal_.publish(std::exchange(ended_, 0));
  }
  /// Updates the journal; true if nothing more is on its way to the client.
  bool refresh();
  /// No more news: the connection is to be closed.
  void close() { accounts_.clear(); }

 private:
  /// A response whose octets may not have arrived yet.
  struct account {
    std::size_t number;
    std::uint64_t body_at;  // octets of the connection before this body
    std::uint64_t end_at;   // and before what follows it
    std::uint64_t handed;
    bool over;
    bool framed = false;  // in chunks: what the connection has sent is no number of content
  };

  wire<S>& wire_;
  journal_book& journal_;
  std::size_t current_ = 0;  // the running exchange's number in the journal; 0: none runs
  std::size_t ended_ = 0;    // that of one that nobody was told of
  small_vector<account, 2> accounts_;
};

// ---------------------------------------------------------------------------------------------

template <net::stream S>
void ledger<S>::begin(exchange x, std::uint64_t planned, std::uint64_t head) {
  x.planned = planned;
  const std::size_t number = journal_.add(std::move(x));
  accounts_.push_back({number, wire_.stream().sent() + head, 0, 0, false});
  current_ = number;
}

template <net::stream S>
void ledger<S>::settle(ending how, std::string note) {
  if (current_ == 0) return;
  const std::size_t number = ended_ = std::exchange(current_, 0);
  accounts_.back().over = true;
  accounts_.back().end_at = wire_.stream().sent();
  refresh();
  journal_.change(number, [&](exchange& x) {
    x.end = how;
    x.note = std::move(note);
    x.ended = std::chrono::steady_clock::now();
  });
}

template <net::stream S>
bool ledger<S>::refresh() {
  const std::uint64_t sent = wire_.stream().sent();
  const std::uint64_t acked = wire_.acknowledged();
  bool settled = true;
  for (std::size_t i = 0; i < accounts_.size();) {
    const account& a = accounts_[i];
    const std::uint64_t end = a.over ? a.end_at : sent;
    const std::uint64_t out = end > a.body_at ? end - a.body_at : 0;
    std::uint64_t handed = 0, arrived = 0;
    journal_.change(a.number, [&](exchange& x) {
      handed = at_most(x.planned, a.framed || a.handed > out ? a.handed : out);
      arrived = acked >= end ? handed : acked > a.body_at ? at_most(handed, acked - a.body_at) : 0;
      x.handed = handed;
      x.acked = arrived;
    });
    if (a.over && arrived < handed) settled = false;
    if (a.over && acked >= end) accounts_.erase(i, 1);
    else ++i;
  }
  return settled;
}

}  // namespace tinyhttp::testing
