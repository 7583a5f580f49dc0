// tinyhttp/testing/behavior.hpp -- how a fake server answers, as values that can be named and joined.
//
// Three independent parts: what is answered (`serve`, `reply`, `raw`, ...), how it is sent
// (`cut`, `reset`, `stall`, `hold`, `throttle`, `flip_bit`, lies in the head), and for how long
// (`times`, `then`). Knows no sockets; wire_plan.hpp and connection.hpp carry it out.
#pragma once

#include <tinyhttp/core/ascii.hpp>
#include <tinyhttp/core/chrono.hpp>
#include <tinyhttp/core/function.hpp>
#include <tinyhttp/core/owned_list.hpp>
#include <tinyhttp/core/shared.hpp>
#include <tinyhttp/http/response.hpp>
#include <tinyhttp/testing/content.hpp>
#include <tinyhttp/testing/exchange.hpp>
#include <tinyhttp/testing/gate.hpp>
#include <tinyhttp/testing/units.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

namespace tinyhttp::testing {

class behavior;
class stepping;

namespace detail {
inline constexpr std::uint64_t most_pulled = std::uint64_t{64} << 20;  // octets of a stream that is answered with
}

/// What happens at one position of an exchange.
struct wire_event {
  enum class kind : std::uint8_t { cut, reset, stall, hold, pause, truncate, bad_record, answer };
  kind what;
  position at;
  std::optional<testing::gate> gate = {};
  std::chrono::nanoseconds time{0};
};

/// What is wrong with the chunks of a chunked body.
enum class chunk_fault : std::uint8_t {
  none,
  bad_size,      // the second chunk's size is `ZZ`
  no_last,       // ends without the chunk of size 0
  no_line_end,   // the first chunk's data is not followed by CRLF
  cut_inside,    // ends in the middle of the last chunk of data
  huge_size,     // the second chunk claims more octets than 64 bits can count
  negative_size,
};

/// One line of a head, changed before it is sent.
struct head_edit {
  enum class kind : std::uint8_t { set, add, remove, status_line, bare_lf };
  kind what;
  std::string name = {};
  std::string value = {};
};

/// One entry of a script: everything about one response. Behaviours are made of these; tests use
/// the functions of behaviors.hpp instead.
struct act {
  enum class kind : std::uint8_t { serve, reply, raw, swap, compute, flaky, stepped };
  using decision = function<behavior(const exchange&) const>;

  kind what = kind::serve;
  bool chosen = false;  // `what` was set, not defaulted: it prevails when joined
  std::string name;     // for the journal
  static constexpr std::size_t always = static_cast<std::size_t>(-1);
  std::size_t times = always;  // requests

  tinyhttp::response answer = {};           // reply
  std::string octets = {};                  // raw
  std::optional<content> replacement = {};  // swap
  std::string replacement_etag = {};
  std::optional<position> replaced_at = {};
  shared<const decision> compute = {};
  double probability = 0;  // flaky
  std::uint64_t seed = 0;
  shared<const behavior> fault = {};
  shared<stepping> steps = {};

  std::optional<std::string> credentials = {};  // `user:password`; others get 401
  bool ignores_range = false;
  value_list<wire_event> events = {};
  value_list<position> flips = {};
  std::uint64_t throttle_octets = 0;  // per `throttle_time`; 0: no throttle
  std::chrono::nanoseconds throttle_time{0};
  std::uint64_t slice = 0;            // octets between two openings of `slice_gate`
  std::optional<testing::gate> slice_gate = {};
  std::size_t piece = 0;  // octets per write; 0: as many as there are
  std::size_t chunk = 0;  // octets per chunk; 0: not chunked
  chunk_fault broken = chunk_fault::none;
  std::string trailers = {};  // field lines after the last chunk
  value_list<head_edit> edits = {};
  std::string in_front = {};  // octets in front of the head
  std::string behind = {};    // octets behind the body
  bool closes = false;        // the connection ends behind this response
};

/// How to answer the requests that match a rule. A value: copies share the script, but not how far a
/// server has come in it.
class behavior {
 public:
  behavior() : behavior(act{}) {}
  explicit behavior(act one) { acts_.push_back(std::move(one)); }
  /// The lambda decides for each request: `[](const exchange& x) -> behavior { ... }`. It is called on
  /// the server's thread. If it throws, the answer is a 500 and `quiet()` fails.
  template <class F>
    requires(!std::is_same_v<std::remove_cvref_t<F>, behavior> &&
             std::is_invocable_r_v<behavior, const std::decay_t<F>&, const exchange&>)
  behavior(F&& decide);
  template <class F>
    requires(!std::is_same_v<std::remove_cvref_t<F>, behavior> &&
             !std::is_invocable_r_v<behavior, const std::decay_t<F>&, const exchange&>)
  behavior(F&&) = delete;  // a behaviour is such as reply(404), serve(), or [](const exchange& x) -> behavior { ... }

  /// Applies for `n` requests (0: never); then what follows, or as if there were no such rule.
  [[nodiscard]] behavior times(std::size_t n) const;
  /// Continues with `next`. An entry without `times` then applies once.
  [[nodiscard]] behavior then(behavior next) const;
  /// Joins two behaviours. What the right side says about the answer prevails; a script on the right
  /// is joined to the last entry on the left.
  friend behavior operator|(behavior left, const behavior& right);

  /// Sets a field of the response, in place of what it would be. Octets that are not valid in a field
  /// are allowed here.
  [[nodiscard]] behavior header(std::string name, std::string value) const;
  [[nodiscard]] behavior without_header(std::string name) const;
  /// Adds Retry-After, in whole seconds.
  [[nodiscard]] behavior retry_after(std::chrono::seconds delay) const;

  /// The script, for the code that runs it.
  [[nodiscard]] const value_list<act>& acts() const noexcept { return acts_; }
  [[nodiscard]] std::string name() const;
  /// How many requests bring the script to its last entry, and to the end of that if it has one.
  [[nodiscard]] std::size_t least() const noexcept {
    std::size_t all = 0;
    for (const auto& each : acts_) all += each.times == act::always ? 1 : each.times;
    return all;
  }
  /// The entry for the `n`th request, counted from 1; null when the script is over.
  [[nodiscard]] const act* at(std::size_t n) const noexcept;

 private:
  template <class Change>
  [[nodiscard]] behavior changed(Change change) const;

  value_list<act> acts_;
};

/// Whether something of `one` may happen while the request's body is read.
[[nodiscard]] inline bool says_of_request(const act& one) noexcept;

// ---------------------------------------------------------------------------------------------

inline bool says_of_request(const act& one) noexcept {
  for (const auto& event : one.events)
    if (event.at.in == position::kind::request) return true;
  if (one.what != act::kind::flaky) return false;
  const act* fault = one.fault->at(1);
  return fault != nullptr && says_of_request(*fault);
}

template <class F>
  requires(!std::is_same_v<std::remove_cvref_t<F>, behavior> &&
           std::is_invocable_r_v<behavior, const std::decay_t<F>&, const exchange&>)
behavior::behavior(F&& decide) {
  act one{.what = act::kind::compute, .chosen = true, .name = "lambda"};
  one.compute = shared<const act::decision>(new act::decision(std::forward<F>(decide)));
  acts_.push_back(std::move(one));
}

template <class Change>
behavior behavior::changed(Change change) const {
  behavior made = *this;
  change(made.acts_.back());
  return made;
}

inline behavior behavior::times(std::size_t n) const {
  return changed([n](act& last) { last.times = n; });
}

inline behavior behavior::then(behavior next) const {
  behavior made = *this;
  if (made.acts_.back().times == act::always) made.acts_.back().times = 1;
  for (auto& each : next.acts_) made.acts_.push_back(std::move(each));
  return made;
}

inline behavior behavior::header(std::string name, std::string value) const {
  return changed([&](act& last) {
    last.edits.push_back({head_edit::kind::set, std::move(name), std::move(value)});
  });
}
inline behavior behavior::without_header(std::string name) const {
  return changed([&](act& last) { last.edits.push_back({head_edit::kind::remove, std::move(name), {}}); });
}
inline behavior behavior::retry_after(std::chrono::seconds delay) const {
  return header("Retry-After", ascii::to_decimal(static_cast<std::uint64_t>(delay.count())));
}

inline std::string behavior::name() const {
  std::string all;
  for (const auto& each : acts_) {
    if (!all.empty()) all += ", then ";
    all += each.name.empty() ? "serve" : each.name;
    if (each.times != act::always) all += " x" + ascii::to_decimal(each.times);
  }
  return all;
}

inline const act* behavior::at(std::size_t n) const noexcept {
  for (const auto& each : acts_) {
    if (n <= each.times) return &each;
    n -= each.times;
  }
  return nullptr;
}

namespace detail {

/// Adds the effects of `right` to `left`.
inline void join(act& left, const act& right) {
  if (right.chosen) {
    left.what = right.what;
    left.chosen = true;
    left.answer = right.answer;
    left.octets = right.octets;
    left.replacement = right.replacement;
    left.replacement_etag = right.replacement_etag;
    left.replaced_at = right.replaced_at;
    left.compute = right.compute;
    left.probability = right.probability;
    left.seed = right.seed;
    left.fault = right.fault;
    left.steps = right.steps;
  }
  if (!right.name.empty()) left.name += (left.name.empty() ? "" : " | ") + right.name;
  if (right.times != act::always) left.times = right.times;
  if (right.credentials) left.credentials = right.credentials;
  left.ignores_range = left.ignores_range || right.ignores_range;
  for (const auto& each : right.events) left.events.push_back(each);
  for (const auto& each : right.flips) left.flips.push_back(each);
  for (const auto& each : right.edits) left.edits.push_back(each);
  if (right.throttle_octets > 0) {
    left.throttle_octets = right.throttle_octets;
    left.throttle_time = right.throttle_time;
  }
  if (right.slice > 0) {
    left.slice = right.slice;
    left.slice_gate = right.slice_gate;
  }
  if (right.piece > 0) left.piece = right.piece;
  if (right.chunk > 0) left.chunk = right.chunk;
  if (right.broken != chunk_fault::none) left.broken = right.broken;
  left.trailers += right.trailers;
  left.in_front += right.in_front;
  left.behind += right.behind;
  left.closes = left.closes || right.closes;
}

}  // namespace detail

inline behavior operator|(behavior left, const behavior& right) {
  if (right.acts_.size() == 1) {
    for (auto& each : left.acts_) detail::join(each, right.acts_[0]);
    return left;
  }
  detail::join(left.acts_.back(), right.acts_[0]);
  for (std::size_t i = 1; i < right.acts_.size(); ++i) left.acts_.push_back(right.acts_[i]);
  return left;
}

}  // namespace tinyhttp::testing
