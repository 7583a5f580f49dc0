// tinyhttp/client/connection.hpp -- the client's end of one connection: its stream, its HTTP state, its timeouts, and the
// errors that it reports.
//
// Knows no pool and no redirects. One exchange at a time, in one thread at a time.
#pragma once

#include <tinyhttp/client/options.hpp>
#include <tinyhttp/client/rate_floor.hpp>
#include <tinyhttp/core/bounds.hpp>
#include <tinyhttp/core/buffer.hpp>
#include <tinyhttp/core/chrono.hpp>
#include <tinyhttp/core/clock.hpp>
#include <tinyhttp/core/function.hpp>
#include <tinyhttp/core/result.hpp>
#include <tinyhttp/core/shared.hpp>
#include <tinyhttp/h1/connection.hpp>
#include <tinyhttp/http/request.hpp>
#include <tinyhttp/http/response.hpp>
#include <tinyhttp/net/stream.hpp>
#include <tinyhttp/net/system.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace tinyhttp {

/// Must not move: streams and the wire point into it.
template <net::stream Stream>
class client_connection {
 public:
  /// `authority` is the value of a Host field; `opened_with` makes the stream.
  template <class... Args>
  client_connection(std::string authority, const h1::limits& bounds, Args&&... opened_with)
      : limits_(bounds), authority_(std::move(authority)), stream(std::forward<Args>(opened_with)...),
        wire(h1::side::client, limits_) {}
  client_connection(const client_connection&) = delete;
  client_connection& operator=(const client_connection&) = delete;

  /// A request cut off by an early answer is reset: otherwise the system would go on sending what the peer does not
  /// want.
  ~client_connection() {
    if (is_sending_) stream.abort();
  }

 private:
  static constexpr std::size_t largest_kept = 32 * 1024;  // octets of an idle receive buffer

  h1::limits limits_;
  std::string authority_;

 public:
  Stream stream;
  h1::connection wire;

  /// Receives the connection once an exchange has left it fit for another; if empty, it is closed.
  function<void(shared<client_connection>)> when_idle;

  /// What it is kept for, such as `http://h:1` (see `route::write_key`); set by its maker.
  std::string kept_for;

  /// The scheme of the URLs that can be requested over it, for error lines: a literal.
  std::string_view scheme = "http";

  /// A buffer for request heads, reused from one exchange to the next.
  buffer head_room;

  [[nodiscard]] const std::string& authority() const noexcept { return authority_; }

  /// Begins an exchange. Its deadlines come from `with`. Its error lines name `r`, which must live until the exchange
  /// ends or `label` is called.
  void begin(const request& r, const exchange_options& with);
  [[nodiscard]] const exchange_options& options() const noexcept { return options_; }

  /// The subject of error lines, `GET http://h:1/x`, made at the first call.
  const std::string& label() const;

  /// The current wait, or the next, ends after `patience`, or at the deadline of the call.
  void wait_at_most(std::chrono::milliseconds patience) { wait_at_most(patience, now()); }
  void wait_at_most(std::chrono::milliseconds patience, time_point from) {
    patience_ = patience;
    stream.expires_at(at_most(deadline_in(from, patience), options_.deadline));
  }
  /// The same for octets of a body, which also have a minimum rate.
  void wait_for_progress(std::chrono::milliseconds patience) {
    wait_at_most(patience);
    if (options_.least_rate == 0) return;
    const time_point late = rate_.begin(now(), stream.received() + stream.sent());
    if (late < at_most(deadline_in(now(), patience), options_.deadline)) stream.expires_at(late);
  }
  /// Octets have moved; nobody waits until the next call.
  void progressed() {
    if (options_.least_rate != 0) rate_.end(now());
  }
  [[nodiscard]] bool is_too_slow() { return rate_.is_over(now()); }

  [[nodiscard]] time_point now() noexcept {
    if constexpr (requires { stream.loop().now(); }) {
      return stream.loop().now();
    } else {
      return std::chrono::steady_clock::now();
    }
  }

  /// Takes in the result of a read; an error ends the exchange. The end of the peer's octets is an event of the wire,
  /// not an error here.
  std::optional<error> took(const result<std::size_t>& read);

  /// The final head has arrived: what is missing from now on is missing from the body.
  void head_is_here() noexcept { head_came_ = true; }

  /// Counts received body octets, for error lines.
  void count_body(std::size_t octets) noexcept { body_octets_ += octets; }

  /// Sends as many of `octets` as the system takes at once, if there is no session in between and the deadline has
  /// not passed, and returns how many; from now on we wait for the answer.
  [[nodiscard]] std::size_t send_at_once(std::string_view octets) {
    if constexpr (requires { stream.below().write_at_once(octets); }) {
      const time_point from = now();
      if (stream.session() != nullptr || from >= options_.deadline) return 0;
      wait_at_most(options_.first_octet_timeout, from);
      return stream.below().write_at_once(octets);
    }
    return 0;
  }

  /// Sets whether the body of a request is being sent.
  void set_sending(bool on) noexcept { is_sending_ = on; }

  /// An octet of the answer has arrived. A peer that closed while idle sends none.
  [[nodiscard]] bool answered() const noexcept { return stream.received() != received_before_; }

  /// The connection can be used again: both messages are complete, nothing is left over.
  [[nodiscard]] bool become_idle() {
    if (is_sending_ || peer_closed_ || !wire.unread().empty() || !wire.restart()) return false;
    wire.release_idle_memory(largest_kept);
    stream.never_expires();  // the deadline was the exchange's
    return true;
  }

  /// The error after the wire reported `failed`, in one line.
  [[nodiscard]] error broken();
  /// The error after an operation of the stream failed.
  [[nodiscard]] error failed(const error& cause);
  /// Any other error, prefixed with `GET http://h:1/x: `.
  [[nodiscard]] error about(const error& cause) const { return cause.within(label()); }

 private:
  [[nodiscard]] std::string progress();
  [[nodiscard]] error timed_out();

  const request* asked_ = nullptr;
  mutable std::string label_;
  exchange_options options_;
  std::chrono::milliseconds patience_{0};
  rate_floor rate_;
  std::uint64_t body_octets_ = 0;
  std::uint64_t received_before_ = 0;
  bool head_came_ = false;
  bool peer_closed_ = false;
  bool is_sending_ = false;
};

// ---------------------------------------------------------------------------------------------

namespace detail {

/// `30 s`, or `1500 ms` where seconds would not tell it.
[[nodiscard]] inline std::string to_text(std::chrono::milliseconds span) {
  const auto count = static_cast<std::uint64_t>(span.count() < 0 ? 0 : span.count());
  return count % 1000 == 0 ? ascii::to_decimal(count / 1000) + " s"
                           : ascii::to_decimal(count) + " ms";
}

}  // namespace detail

template <net::stream Stream>
void client_connection<Stream>::begin(const request& r, const exchange_options& with) {
  options_ = with;
  rate_ = rate_floor(with.least_rate, with.least_rate_window, stream.received() + stream.sent());
  asked_ = &r;
  label_.clear();
  body_octets_ = 0;
  received_before_ = stream.received();
  head_came_ = false;
}

template <net::stream Stream>
std::optional<error> client_connection<Stream>::took(const result<std::size_t>& read) {
  if (!read) return failed(read.error());
  progressed();
  peer_closed_ = *read == 0;
  if (peer_closed_) wire.peer_closed();
  else wire.received(*read);
  return std::nullopt;
}

template <net::stream Stream>
const std::string& client_connection<Stream>::label() const {
  if (!label_.empty()) return label_;
  label_.assign(asked_->method.name()).append(" ");
  if (asked_->target.form() != target_form::absolute)
    label_.append(scheme).append("://").append(asked_->fields.get("Host").value_or(authority_));
  return label_.append(asked_->target.text());
}

/// ` after 500000 of 3145728 octets`, or where in the answer it happened.
template <net::stream Stream>
std::string client_connection<Stream>::progress() {
  if (!answered()) return " before any answer";
  if (!head_came_) return " in the middle of the response head";
  std::string text = " after ";
  ascii::append_decimal(text, body_octets_);
  if (wire.incoming().by == h1::framing::rule::length)
    ascii::append_decimal(text += " of ", wire.incoming().length);
  return text += " octets";
}

template <net::stream Stream>
error client_connection<Stream>::timed_out() {
  std::string line = label();
  if (now() >= options_.deadline) {
    line.append(": timed out");
    if (options_.total_timeout.count() > 0)
      line.append(" after ").append(detail::to_text(options_.total_timeout));
  } else if (is_too_slow()) {
    ascii::append_decimal(line.append(": slower than "), options_.least_rate);
    line.append(" octets a second for ").append(detail::to_text(options_.least_rate_window));
  } else if (!head_came_ && !wire.unread().empty()) {  // it may drip, and not be silent at all
    line.append(": response head incomplete after ").append(detail::to_text(patience_));
    return {error_kind::timeout, std::move(line)};
  } else {
    line.append(": silent for ").append(detail::to_text(patience_));
  }
  return {error_kind::timeout, line.append(",").append(progress())};
}

template <net::stream Stream>
error client_connection<Stream>::failed(const error& cause) {
  if (cause.kind() == error_kind::timeout) return timed_out();
  if (cause.kind() == error_kind::closed) {
    std::string_view how = ": connection reset";
    if constexpr (requires { stream.is_cut_off(); })
      if (stream.is_cut_off()) how = ": connection closed without an end of TLS";
    return {error_kind::closed, std::string(label()).append(how).append(progress())};
  }
  if (cause.kind() == error_kind::cancelled)
    return {error_kind::cancelled, label() + ": told to stop" + progress()};
  return about(cause);
}

template <net::stream Stream>
error client_connection<Stream>::broken() {
  if (peer_closed_) return {error_kind::closed, label() + ": connection closed" + progress()};
  std::string line = label() + ": bad answer: " + wire.failure().why;
  if (head_came_) line.append(",").append(progress());
  return {error_kind::protocol, std::move(line)};
}

}  // namespace tinyhttp
