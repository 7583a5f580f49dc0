// tinyhttp/h1/lifecycle.hpp -- what each side of an HTTP/1.1 connection may do next.
//
// Every transition of a connection lives in this file, as data. Nothing here knows which side is ours, so our output
// must obey the same rules as the peer's input. RFC 9112 9.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tinyhttp::h1 {

/// Which side of the connection sends; each has a phase of its own.
enum class side : std::uint8_t { client, server };

/// How far a side has come in the exchange.
enum class phase : std::uint8_t {
  idle,        // between exchanges
  answering,   // server only: has a request head, owes a response head
  body,        // head sent, body under way
  done,        // message complete, connection reusable
  must_close,  // message complete, connection not reusable
  closed,
};

/// What a side does: sends a head, octets of a body or its end, or closes.
enum class signal : std::uint8_t { request, informational, response, data, end, close };

/// One row: in which phase a side may send what, and its phase afterwards.
struct transition {
  side who;
  phase from;
  signal on;
  phase to;
};

// clang-format off
inline constexpr transition transitions[] = {
    {side::client, phase::idle,       signal::request,       phase::body},
    {side::client, phase::body,       signal::data,          phase::body},
    {side::client, phase::body,       signal::end,           phase::done},
    {side::client, phase::idle,       signal::close,         phase::closed},
    {side::client, phase::done,       signal::close,         phase::closed},
    {side::client, phase::must_close, signal::close,         phase::closed},

    {side::server, phase::idle,       signal::request,       phase::answering},
    {side::server, phase::idle,       signal::response,      phase::body},  // 400, 408, 431: no usable request
    {side::server, phase::answering,  signal::informational, phase::answering},
    {side::server, phase::answering,  signal::response,      phase::body},
    {side::server, phase::body,       signal::data,          phase::body},
    {side::server, phase::body,       signal::end,           phase::done},
    {side::server, phase::idle,       signal::close,         phase::closed},
    {side::server, phase::done,       signal::close,         phase::closed},
    {side::server, phase::must_close, signal::close,         phase::closed},
};
// clang-format on

namespace detail {

/// The same by side, phase and signal.
struct phase_table {
  phase to[2][8][8];  // six of eight, as eight are found by a shift
};
inline constexpr auto refused = static_cast<phase>(0xff);
inline constexpr phase_table next_phases = [] {
  phase_table all{};
  for (auto& of_side : all.to)
    for (auto& of_phase : of_side)
      for (phase& to : of_phase) to = refused;
  for (const auto& t : transitions)
    all.to[static_cast<std::size_t>(t.who)][static_cast<std::size_t>(t.from)][static_cast<std::size_t>(t.on)] = t.to;
  return all;
}();

/// The phase `who` enters when `on` happens in `from`; `refused` where the protocol forbids it.
[[nodiscard]] constexpr phase next(side who, phase from, signal on) noexcept {
  return next_phases.to[static_cast<std::size_t>(who)][static_cast<std::size_t>(from)][static_cast<std::size_t>(on)];
}

static_assert(next(side::server, phase::answering, signal::informational) == phase::answering);
static_assert(next(side::client, phase::done, signal::data) == refused, "a finished message stays finished");
static_assert(next(side::server, phase::body, signal::response) == refused, "one response per request");
static_assert(next(side::client, phase::body, signal::close) == refused, "a cut body is not a clean close");

}  // namespace detail

/// The phases of both sides of one connection, moved by the table above and by nothing else.
class lifecycle {
 public:
  [[nodiscard]] phase of(side who) const noexcept { return phases_[index(who)]; }

  /// Applies `on` to `who`; false, and unchanged, if the protocol forbids it. A request concerns both sides: the
  /// server owes an answer from then on.
  bool apply(side who, signal on) noexcept {
    const phase to = detail::next(who, of(who), on);
    if (to == detail::refused) return false;
    phases_[index(who)] = to == phase::done && !reusable_ ? phase::must_close : to;
    if (on == signal::request) phases_[index(side::server)] = phase::answering;
    return true;
  }

  /// One side said `Connection: close`, or the octets can no longer be trusted.
  void forbid_reuse() noexcept {
    reusable_ = false;
    for (phase& p : phases_)
      if (p == phase::done) p = phase::must_close;
  }
  [[nodiscard]] bool reusable() const noexcept { return reusable_; }

  /// Goes back to idle, if both sides are done and nothing forbids another exchange.
  bool restart() noexcept {
    if (phases_[0] != phase::done || phases_[1] != phase::done) return false;
    phases_[0] = phases_[1] = phase::idle;
    return true;
  }

 private:
  static constexpr std::size_t index(side who) noexcept { return static_cast<std::size_t>(who); }

  phase phases_[2] = {};
  bool reusable_ = true;
};

}  // namespace tinyhttp::h1
