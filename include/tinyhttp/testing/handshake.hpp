// tinyhttp/testing/handshake.hpp -- a fake server's side of a TLS handshake, and the faults injected into it.
//
// Written over the session's interface and the stream below: knows no TLS library, and no requests.
#pragma once

#include <tinyhttp/core/result.hpp>
#include <tinyhttp/core/task.hpp>
#include <tinyhttp/net/secure_session.hpp>
#include <tinyhttp/net/stream.hpp>
#include <tinyhttp/net/timers.hpp>
#include <tinyhttp/testing/behavior.hpp>
#include <tinyhttp/testing/exchange.hpp>
#include <tinyhttp/testing/units.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace tinyhttp::testing {

/// `one` can be applied to a handshake: `cut`, `reset` or `stall` after a number of octets sent, `raw` in place of
/// all octets, or `serve`.
[[nodiscard]] inline bool is_for_handshakes(const act& one) noexcept {
  if (one.what == act::kind::raw) return one.events.empty();
  if (one.what != act::kind::serve || one.events.size() > 1 || says_of_request(one)) return false;
  if (one.events.empty()) return true;
  const auto kind = one.events[0].what;
  return kind == wire_event::kind::cut || kind == wire_event::kind::reset || kind == wire_event::kind::stall;
}

/// How a handshake went.
struct handshake_outcome {
  bool secure = false;
  std::string failure;            // why not
  ending end = ending::running;   // of the connection
};

/// The server's side of a handshake over `below`, to which the act `how` is applied. All three must outlive it.
template <net::stream Below>
class fake_handshake {
 public:
  fake_handshake(Below& below, net::secure_session& by, const act& how)
      : below_(below), session_(by), event_(how.events.empty() ? nullptr : &how.events[0]),
        raw_(how.what == act::kind::raw ? &how.octets : nullptr) {}

  task<handshake_outcome> run();

 private:
  task<bool> send(std::string_view octets);
  task<handshake_outcome> misbehave();
  /// Reads until the client has left, or `patience()` has passed.
  task<void> ignore(time_point until);
  [[nodiscard]] bool is_due(std::size_t next) const noexcept {
    return event_ != nullptr && sent_ + next >= event_->at.octets;
  }

  Below& below_;
  net::secure_session& session_;
  const wire_event* event_;
  const std::string* raw_;
  std::uint64_t sent_ = 0;
};

// ---------------------------------------------------------------------------------------------

template <net::stream Below>
task<bool> fake_handshake<Below>::send(std::string_view octets) {
  if (octets.empty()) co_return true;
  const std::string_view parts[] = {octets};
  const std::span<const std::string_view> pieces(parts);
  const auto written = co_await below_.write(pieces);
  sent_ += octets.size();
  co_return written.has_value();
}

template <net::stream Below>
task<void> fake_handshake<Below>::ignore(time_point until) {
  char octets[4096];
  const std::span<char> room(octets);
  below_.expires_at(until);
  for (;;) {
    const auto got = co_await below_.read(room);
    if (!got || *got == 0) co_return;
  }
}

template <net::stream Below>
task<handshake_outcome> fake_handshake<Below>::misbehave() {
  handshake_outcome made;
  made.end = ending::fin;
  made.failure = "ended as it was told";
  const auto kind = event_ != nullptr ? event_->what : wire_event::kind::cut;
  if (kind == wire_event::kind::reset) {
    made.end = ending::reset;
    below_.abort();
    co_return made;
  }
  time_point until = net::timer::never;
  if (kind == wire_event::kind::cut) {
    (void)below_.shutdown_send();  // if that fails, so will the reads below
    until = below_.loop().now() + patience();
  } else {
    made.end = ending::client_left;
  }
  auto ignoring = ignore(until);
  co_await ignoring;
  co_return made;
}

template <net::stream Below>
task<handshake_outcome> fake_handshake<Below>::run() {
  handshake_outcome made;
  std::string out;
  for (bool begun = false;;) {
    const result<bool> step = session_.handshake();
    session_.take_outgoing(out);
    if (raw_ != nullptr && begun) out = *raw_;
    const bool misbehaves = (raw_ != nullptr && begun) || (event_ != nullptr && begun && is_due(out.size()));
    if (misbehaves && event_ != nullptr) out.resize(static_cast<std::size_t>(event_->at.octets - sent_));
    auto sending = send(out);
    const bool sent = co_await sending;
    out.clear();
    if (sent && misbehaves) {
      auto ending_it = misbehave();
      co_return co_await ending_it;
    }
    made.end = ending::client_left;
    made.failure = "the client left";
    if (!step) {
      made.failure = step.error().message();
      if (made.failure.find(" alert ") == made.failure.npos) made.end = ending::fin;  // who complains is us
    }
    if (!step || !sent) co_return made;
    if (*step) break;
    const std::span<char> room = session_.room();
    const auto got = co_await below_.read(room);
    if (!got || *got == 0) co_return made;
    session_.received(*got);
    begun = true;
  }
  made = {true, {}, ending::running};
  co_return made;
}

}  // namespace tinyhttp::testing
