// tinyhttp/server/serve.hpp -- one connection from its first octet to its last: h1 x stream x handler.
//
// One coroutine that reads like the way of a request: octets, request, handler, response, octets.
// A template over the stream, so that sockets, pipes and tests run the same code. RFC 9112 9.
#pragma once

#include <tinyhttp/app/handler.hpp>
#include <tinyhttp/core/result.hpp>
#include <tinyhttp/core/task.hpp>
#include <tinyhttp/h1/connection.hpp>
#include <tinyhttp/http/request.hpp>
#include <tinyhttp/http/response.hpp>
#include <tinyhttp/net/stream.hpp>
#include <tinyhttp/server/options.hpp>
#include <tinyhttp/server/pace.hpp>
#include <tinyhttp/server/send_body.hpp>
#include <tinyhttp/server/services.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tinyhttp {

/// Serves one connection. Everything it is given outlives it; destroying it ends the exchange
/// wherever it is, and with it a handler that waits.
template <looped_stream S>
class served_connection final : public request_context {
 public:
  served_connection(S& stream, const any_handler& app, server_services& services)
      : stream_(stream), app_(app), services_(services), options_(services.options),
        wire_(h1::side::server, services.options.limits),
        sending_(stream, services.options.patience, least_rate<S>::direction::sending) {}
  ~served_connection() override {
    report(false);
    end_exchange();
    if (memory_) give_memory_back();
  }

  /// Ends when the connection has been served; the stream is then to be closed.
  [[nodiscard]] task<void> run();

  /// Waits for a request, and holds nothing that would be lost.
  [[nodiscard]] bool is_idle() const noexcept { return idle_; }
  /// Waits for the application: only destroying this stops it when the peer has gone.
  [[nodiscard]] bool is_handling() const noexcept { return handling_; }

  // request_context
  [[nodiscard]] std::string_view peer() const noexcept override {
    if (peer_.empty()) peer_ = stream_.peer().to_string();
    return peer_;
  }
  [[nodiscard]] bool cancelled() const noexcept override { return stream_.peer_gone(); }
  [[nodiscard]] task<result<void>> inform(status code, const fields& with) override;
  [[nodiscard]] tinyhttp::clock& clock() noexcept override { return services_.clock(); }
  void post(function<void()> work) override { services_.post(std::move(work)); }

 private:
  class incoming_body;
  class taken_over;
  static constexpr std::size_t receive_size = 16 * 1024;  // octets asked for at a time
  static constexpr std::size_t flush_size = 64 * 1024;    // octets of answers gathered at most
  static constexpr std::size_t inline_size = 16 * 1024;   // octets of a body copied behind its head

  [[nodiscard]] request& incoming() noexcept { return memory_->incoming; }
  [[nodiscard]] std::string& out() noexcept { return memory_->out; }
  /// Of the running exchange, until it has been reported.
  [[nodiscard]] std::optional<response>& outgoing() noexcept { return memory_->outgoing; }

  void give_memory_back() {
    memory_->in = wire_.take_idle_memory();
    services_.give_back(std::move(memory_));
  }
  void wake_up();
  void begin_head();
  bool go_idle();
  void prepare_body();
  reply call_handler();
  response failed_handler() noexcept;
  bool send_small(const response& r);
  task<bool> send_large(const response& r);
  /// Writes `out`: `auto writing = start_flush(); co_await writing; end_flush();` No coroutine of
  /// its own, so that nothing is allocated.
  [[nodiscard]] auto start_flush() {
    stream_.never_expires();
    flushed_[0] = out();
    sending_.restart();
    sending_.begin();
    return stream_.write(flushed_);
  }
  void end_flush() {
    sending_.end();
    out().clear();
  }
  task<result<void>> flush();
  task<result<std::string_view>> pull();
  void refuse(response r);
  task<void> take_over();
  task<void> drain_request();
  task<void> linger();
  [[nodiscard]] bool must_hang_up() const noexcept;
  [[nodiscard]] bool peer_may_send_more() const noexcept;
  void report(bool complete) noexcept;
  void end_exchange() noexcept;

  S& stream_;
  const any_handler& app_;
  server_services& services_;
  const server_options& options_;
  h1::connection wire_;
  least_rate<S> sending_;
  turn_share share_;
  std::array<std::string_view, 1> flushed_;  // what `start_flush` writes
  std::unique_ptr<exchange_memory> memory_;
  std::shared_ptr<incoming_body> body_;  // of the running request, if it has one
  std::chrono::steady_clock::time_point began_;
  std::size_t requests_ = 0;
  bool idle_ = false;
  bool handling_ = false;
  bool answering_ = false;      // the response is on its way: `out` is its sender's
  bool in_head_ = false;        // the deadline of a request's head has been set
  bool continue_owed_ = false;  // Expect: 100-continue has not been answered
  bool unclean_ = false;        // the peer may still be sending: linger
  mutable std::string peer_;
};

/// The body of a request while its exchange runs. A handler may keep it longer; then it is an error.
template <looped_stream S>
class served_connection<S>::incoming_body final : public body_stream {
 public:
  incoming_body(served_connection& of, std::optional<std::uint64_t> length)
      : owner_(&of),
        pace_(of.stream_, of.options_.patience, least_rate<S>::direction::receiving),
        length_(length) {}
  task<result<std::string_view>> next() override {
    if (owner_ == nullptr) return ready_task(result<std::string_view>(over()));
    return owner_->pull();
  }
  [[nodiscard]] std::optional<std::uint64_t> length() const override { return length_; }
  [[nodiscard]] const fields* trailers() const noexcept override {
    return owner_ != nullptr ? owner_->wire_.trailers() : nullptr;
  }
  [[nodiscard]] least_rate<S>& pace() noexcept { return pace_; }
  void leave() noexcept {
    pace_.stop();
    owner_ = nullptr;
  }

 private:
  [[nodiscard]] static error over() { return {error_kind::closed, "body: its request is over"}; }

  served_connection* owner_;
  least_rate<S> pace_;
  std::optional<std::uint64_t> length_;
};

/// The connection as a protocol sees it that takes over.
template <looped_stream S>
class served_connection<S>::taken_over final : public raw_stream {
 public:
  explicit taken_over(served_connection& of) noexcept : owner_(of) {}
  task<result<std::size_t>> read(std::span<char> room) override {
    const auto kept = owner_.wire_.unread().substr(0, room.size());
    if (!kept.empty()) {
      const std::size_t size = kept.copy(room.data(), room.size());
      owner_.wire_.consume_unread(size);
      co_return size;
    }
    co_return co_await owner_.stream_.read(room);
  }
  task<result<void>> write(std::string_view octets) override {
    const std::array<std::string_view, 1> pieces{octets};
    co_return co_await owner_.stream_.write(pieces);
  }

 private:
  served_connection& owner_;
};

// ---------------------------------------------------------------------------------------------

template <looped_stream S>
task<void> served_connection<S>::run() {
  for (;;) {
    if (!memory_) wake_up();
    const auto next = wire_.next_event(incoming());
    if (next.what == h1::event::kind::need_more) {
      if (!out().empty()) {
        auto writing = start_flush();
        const auto sent = co_await writing;
        end_flush();
        if (!sent) co_return;
        continue;
      }
      if (!wire_.head_begun()) {
        if (!go_idle()) break;
        const auto ready = co_await stream_.readable();
        idle_ = false;
        if (!ready) break;
        wake_up();
      }
      begin_head();
      const auto room = wire_.room(receive_size);
      const auto got = co_await stream_.read(room);
      if (!got && got.error().kind() == error_kind::timeout && wire_.head_begun()) {
        refuse(problem(status::request_timeout));
        break;
      }
      if (!got) co_return;
      if (*got == 0) wire_.peer_closed();
      wire_.received(*got);
      continue;
    }
    if (next.what == h1::event::kind::closed) break;
    if (next.what == h1::event::kind::failed) {
      refuse(problem(wire_.failure().status));
      break;
    }
    if (share_.is_used_up(stream_.loop())) {
      auto others = stream_.loop().yield();
      co_await others;
    }
    stream_.never_expires();
    began_ = std::chrono::steady_clock::now();
    prepare_body();
    if (++requests_ >= options_.requests_per_connection) wire_.forbid_reuse();
    auto answer = call_handler();
    if (!answer.is_ready()) {
      if (stream_.peer_gone()) co_return;
      handling_ = true;
      auto& later = answer.later();
      try {
        outgoing() = co_await later;
      } catch (...) {
        outgoing() = failed_handler();
      }
      handling_ = false;
      later.reset();
    } else {
      outgoing() = std::move(answer.now());
    }

    if (services_.ending.load(std::memory_order_relaxed) || must_hang_up()) wire_.forbid_reuse();
    response& sending = *outgoing();
    if (!send_small(sending)) {
      const bool sent = co_await send_large(sending);
      if (!sent) co_return;
    }
    if (out().size() >= flush_size || sending.attached() != nullptr || !wire_.reusable()) {
      auto writing = start_flush();
      const auto sent = co_await writing;
      end_flush();
      if (!sent) co_return;
    }
    report(true);
    if (auto* hooks = sending.attached(); hooks != nullptr && hooks->takeover) {
      co_await take_over();
      co_return;
    }
    if (!wire_.incoming_done() && wire_.reusable()) co_await drain_request();
    if (!wire_.incoming_done()) unclean_ = true;
    if (peer_may_send_more()) unclean_ = true;
    end_exchange();
    if (!wire_.restart()) break;
  }
  if (memory_ && !out().empty()) {
    auto writing = start_flush();
    const auto sent = co_await writing;
    end_flush();
    if (!sent) co_return;
  }
  if (unclean_ || !wire_.unread().empty()) co_await linger();
}

/// Nothing is under way: gives memory back and sets the idle deadline. False: hang up instead.
template <looped_stream S>
bool served_connection<S>::go_idle() {
  if (services_.stopping) return false;
  give_memory_back();
  stream_.expires_at(services_.clock().now() + options_.patience.idle);
  in_head_ = false;  // empty lines may have come; the next head has a deadline of its own
  idle_ = true;
  return true;
}

template <looped_stream S>
void served_connection<S>::wake_up() {
  if (memory_) return;
  memory_ = services_.take_memory();
  wire_.lend_memory(std::move(memory_->in));
}

/// The deadline counts from the first octet of a head, or the end of what came in front of it.
template <looped_stream S>
void served_connection<S>::begin_head() {
  if (std::exchange(in_head_, true)) return;
  stream_.expires_at(services_.clock().now() + options_.patience.head);
}

template <looped_stream S>
void served_connection<S>::prepare_body() {
  in_head_ = false;
  request& r = incoming();
  r.context = this;
  r.body = {};
  const auto by = wire_.incoming();
  const bool empty = by.by == h1::framing::rule::length && by.length == 0;
  if (by.by == h1::framing::rule::none || empty) {
    (void)wire_.next_event(r);  // its end: nothing is left to be drained
    return;
  }
  std::optional<std::uint64_t> length;
  if (by.by == h1::framing::rule::length) length = by.length;
  body_ = std::make_shared<incoming_body>(*this, length);
  r.body = std::shared_ptr<body_stream>(body_);
  r.body.set_default_limit(options_.body_limit);
  continue_owed_ = r.version == http_version::http_1_1 && r.fields.contains("Expect");
}

/// Calls the application.
template <looped_stream S>
reply served_connection<S>::call_handler() {
  if (const auto expected = incoming().fields.get("Expect");
      expected && incoming().version == http_version::http_1_1 &&
      !ascii::equal_ignoring_case(*expected, "100-continue")) {
    return problem(status::expectation_failed);
  }
  try {
    reply answer = app_(incoming());
    services_.note_turn(std::chrono::steady_clock::now() - began_, incoming().target.text());
    return answer;
  } catch (...) {
    return failed_handler();
  }
}

/// Inside a catch block: the peer learns nothing, the log learns what was thrown.
template <looped_stream S>
response served_connection<S>::failed_handler() noexcept {
  try {
    throw;
  } catch (const std::exception& thrown) {
    services_.log(std::string(incoming().method.name()).append(": handler threw: ").append(thrown.what()));
  } catch (...) {
    services_.log("handler threw something that is no std::exception");
  }
  return problem(status::internal_server_error);
}

/// The body will not be read to its end within bounds, or may never come: no other request behind.
template <looped_stream S>
bool served_connection<S>::must_hang_up() const noexcept {
  if (wire_.incoming_done()) return false;
  return continue_owed_ || wire_.incoming_remaining() > options_.drain_octets;
}

/// Appends the whole answer to `out` if its body is at hand and small. False: nothing but the head
/// has been appended, and the rest is for `send_large`.
template <looped_stream S>
bool served_connection<S>::send_small(const response& r) {
  const auto plan = wire_.send(out(), r, services_.date());
  if (!plan.sends_body) return wire_.finish(out(), nullptr);
  const auto length = r.body.length();
  if (!length || *length > inline_size) return false;
  if (const auto* slice = r.body.slice()) {
    const std::size_t head_end = out().size();
    out().resize(head_end + static_cast<std::size_t>(*length));
    const std::span<char> room(out().data() + head_end, out().size() - head_end);
    const auto got = slice->source->read_at(slice->offset, room);
    if (!got || *got != *length) {  // the file has changed: the slow way will say so
      out().resize(head_end);
      return false;
    }
  } else if (r.body.is_octets()) {
    out().append(r.body.text());
  } else {
    return false;
  }
  // A known length is never chunked: nothing stands between the head and the octets.
  std::string nothing;
  return wire_.begin_data(nothing, *length) && wire_.finish(nothing, nullptr);
}

/// False: the message was cut off. The peer can tell from the end that comes too early, except where
/// the end is all that ever tells: then, and if it is the peer who failed, it gets a reset.
template <looped_stream S>
task<bool> served_connection<S>::send_large(const response& r) {
  const bool may_wait = r.body.stream() != nullptr;
  if (may_wait && stream_.peer_gone()) co_return false;
  handling_ = may_wait;
  answering_ = true;
  sending_.restart();
  body_sender<S> sender(stream_, wire_, out(), sending_, share_);
  auto sent = co_await sender.send(r.body);
  if (sent) {
    handling_ = answering_ = false;
    co_return true;
  }
  if (sender.has_source_failed()) {
    services_.log(sent.error().message());
    sent = co_await sender.flush();
  }
  const bool told_by_end = !r.body.length() && incoming().version == http_version::http_1_0;
  if (!sent || told_by_end) stream_.abort();
  co_return false;
}

template <looped_stream S>
task<result<void>> served_connection<S>::flush() {
  auto writing = start_flush();
  const auto sent = co_await writing;
  end_flush();
  co_return sent;
}

/// The next octets of the request's body.
template <looped_stream S>
task<result<std::string_view>> served_connection<S>::pull() {
  const auto body = body_;  // its handler may let go of it
  for (;;) {
    const auto next = wire_.next_event(incoming());
    if (next.what == h1::event::kind::data) co_return next.data;
    if (next.what == h1::event::kind::end) co_return std::string_view();
    if (next.what == h1::event::kind::failed) co_return wire_.failure().error();
    if (continue_owed_) wire_.send_informational(out(), status::continue_, {});
    continue_owed_ = false;
    if (!answering_ && !out().empty()) {
      const auto flushed = co_await flush();
      if (!flushed) co_return flushed.error();
    }
    if (share_.is_used_up(stream_.loop())) {
      auto others = stream_.loop().yield();
      co_await others;
    }
    const auto room = wire_.room(receive_size);
    body->pace().begin();
    const auto got = co_await stream_.read(room);
    body->pace().end();
    if (!got) wire_.forbid_reuse();
    if (!got && got.error().kind() == error_kind::timeout)
      co_return error(error_kind::timeout, "body: it comes too slowly", 408);
    if (!got) co_return got.error();
    if (*got == 0) wire_.peer_closed();
    wire_.received(*got);
  }
}

template <looped_stream S>
task<result<void>> served_connection<S>::inform(status code, const fields& with) {
  wire_.send_informational(out(), code, with);
  if (code == status::continue_) continue_owed_ = false;
  co_return co_await flush();
}

/// Answers octets that are no request, and reads no other behind them.
template <looped_stream S>
void served_connection<S>::refuse(response r) {
  wire_.forbid_reuse();
  unclean_ = true;
  (void)send_small(r);
}

template <looped_stream S>
task<void> served_connection<S>::take_over() {
  stream_.never_expires();
  taken_over raw(*this);
  handling_ = true;
  try {
    auto taken = outgoing()->attached()->takeover(raw);
    co_await taken;
  } catch (...) {
    (void)failed_handler();
  }
  handling_ = false;
}

/// Reads on to the end of a body that the handler left, within bounds.
template <looped_stream S>
task<void> served_connection<S>::drain_request() {
  for (std::size_t drained = 0; drained <= options_.drain_octets;) {
    const auto octets = co_await pull();
    if (!octets || octets->empty()) co_return;
    drained += octets->size();
  }
}

/// Says that we are done, and gives the peer time to read that: a reset would eat the answer.
template <looped_stream S>
task<void> served_connection<S>::linger() {
  (void)stream_.shutdown_send();  // if that fails, so will the reads below
  stream_.expires_at(services_.clock().now() + options_.patience.linger);
  wire_.discard_unread();
  for (std::size_t left = 4 * 1024 * 1024; left > 0;) {  // octets: more than kernels buffer
    const auto room = wire_.room(receive_size);
    const auto got = co_await stream_.read(room);
    if (!got || *got == 0) co_return;
    left -= *got < left ? *got : left;
  }
}

/// We close though the peer would have gone on: requests may be on their way (RFC 9112 9.6).
template <looped_stream S>
bool served_connection<S>::peer_may_send_more() const noexcept {
  if (wire_.reusable()) return false;
  const request& asked = memory_->incoming;
  return h1::wants_keep_alive(asked.version, asked.fields);
}

template <looped_stream S>
void served_connection<S>::report(bool complete) noexcept {
  if (!memory_ || !outgoing()) return;
  auto* hooks = outgoing()->attached();
  if (hooks == nullptr || hooks->sent.empty()) return;
  const auto took = std::chrono::steady_clock::now() - began_;
  const sent_report done{outgoing()->status, wire_.body_octets_sent(), complete, took};
  for (auto& hook : std::exchange(hooks->sent, {})) {
    try {
      hook(done);
    } catch (...) {
      services_.log("on_sent threw");
    }
  }
}

template <looped_stream S>
void served_connection<S>::end_exchange() noexcept {
  if (body_) body_->leave();
  body_.reset();
  if (memory_) {
    memory_->outgoing.reset();
    memory_->incoming.clear();
  }
  continue_owed_ = answering_ = false;
}

}  // namespace tinyhttp
