// tinyhttp/h1/connection.hpp -- one HTTP/1.1 connection without its socket, for either role.
//
// Octets that arrived go in, events come out; messages go in, octets to send come out. The same table (lifecycle.hpp)
// binds the peer and us. RFC 9112. Does no I/O and knows no time.
#pragma once

#include <tinyhttp/core/buffer.hpp>
#include <tinyhttp/h1/body_reader.hpp>
#include <tinyhttp/h1/framing.hpp>
#include <tinyhttp/h1/head_parser.hpp>
#include <tinyhttp/h1/lifecycle.hpp>
#include <tinyhttp/h1/limits.hpp>
#include <tinyhttp/h1/writer.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

namespace tinyhttp::h1 {

/// What the octets received so far mean.
struct wire_event {
  enum class kind : std::uint8_t {
    need_more,      // receive, then ask again
    informational,  // client: a 1xx head; the final one is still to come
    head,           // a head is complete; its fields are in the message given to `next_event`
    data,           // `data` holds octets of the body; valid until the next call
    end,            // the body is complete
    closed,         // the peer closed, at a point where it may
    failed,         // the peer broke the protocol: see `failure()`; nothing more is read
  };
  kind what = kind::need_more;
  std::string_view data;
};

/// Neither copyable nor thread-safe: belongs to whoever drives one connection.
class connection {
 public:
  connection(side us, const limits& bounds) noexcept
      : us_(us), them_(us == side::server ? side::client : side::server), limits_(&bounds), parser_(bounds) {}

  // --- what arrives ---

  /// Room to receive at least `wanted` octets. Invalidates the views of the last event.
  [[nodiscard]] std::span<char> room(std::size_t wanted) {
    drop_used();
    return in_.prepare(wanted);
  }
  void received(std::size_t octets) noexcept { in_.commit(octets); }
  void receive(std::string_view octets) {
    drop_used();
    in_.append(octets);
  }
  /// The peer has closed its sending side: no more octets will come.
  void peer_closed() noexcept { peer_closed_ = true; }

  /// Server: the next step of the request. `into` is filled in while a head is read, and must be the same object
  /// until the head is complete; its body is not touched.
  [[nodiscard]] wire_event next_event(request& into);

  /// For use between messages. False: nothing has arrived, and `next_event` would return `need_more`.
  [[nodiscard]] bool may_have_event() const noexcept { return in_.size() > used_ || peer_closed_; }

  /// Client: the next step of the response to the request sent last. `into` likewise.
  [[nodiscard]] wire_event next_event(response& into);

  [[nodiscard]] const violation& failure() const noexcept { return failure_; }
  /// How the peer's body is delimited, once its head has arrived.
  [[nodiscard]] const framing& incoming() const noexcept { return incoming_; }
  [[nodiscard]] bool incoming_done() const noexcept {
    return life_.of(them_) == phase::done || life_.of(them_) == phase::must_close;
  }
  /// Consumes the end of the peer's message if it has no body, so that `next_event` need not report it.
  void end_without_body() noexcept {
    const bool empty = incoming_.by == framing::rule::length && incoming_.length == 0;
    if (incoming_.by == framing::rule::none || empty) life_.apply(them_, signal::end);
  }
  /// The peer's last head said that it keeps the connection open after this exchange (RFC 9112 9.3).
  [[nodiscard]] bool peer_keeps_alive() const noexcept { return peer_keeps_alive_; }
  [[nodiscard]] std::uint64_t incoming_remaining() const noexcept { return reader_.remaining(); }
  [[nodiscard]] const fields* trailers() const noexcept { return reader_.trailers(); }

  /// Octets not consumed yet: those of the next message, or of another protocol.
  [[nodiscard]] std::string_view unread() noexcept {
    drop_used();
    return in_.view();
  }
  void consume_unread(std::size_t octets) noexcept { in_.consume(octets); }
  void discard_unread() noexcept { in_.consume(unread().size()); }
  /// A message of the peer has begun but its head is not complete.
  [[nodiscard]] bool head_begun() const noexcept { return parser_.begun(); }
  /// Takes over the memory of `from` to receive into, unless it has memory already.
  void take_memory(buffer& from) noexcept {
    if (in_.capacity() == 0) in_.swap(from);
  }
  /// Gives the memory to `to` if no octets are in it. If `to` has memory, or this has grown beyond `most` octets, it
  /// is freed instead.
  void give_memory(buffer& to, std::size_t most) noexcept {
    if (in_.capacity() == 0) return;
    drop_used();
    if (!in_.empty()) return;
    if (to.capacity() == 0 && in_.capacity() <= most) to.swap(in_);
    else in_.release();
  }
  /// Frees the receive buffer if it is empty, unless its size is at most `keep` octets.
  void release_idle_memory(std::size_t keep = 0) noexcept {
    drop_used();
    if (in_.empty() && in_.capacity() > keep) in_.release();
  }

  // --- what is sent: all of these append to `out` ---

  /// Server: the head of the answer. Also for a request that could not be parsed. A 1xx other than 101 would leave
  /// the peer waiting for the answer, so it is sent as 500.
  outgoing send(buffer& out, const response& r, std::string_view date) {
    outgoing plan;
    send(out, r, date, plan);
    return plan;
  }
  /// The same, for callers that want the plan: writing it in pieces and copying it whole would take longer than all
  /// the rest.
  [[gnu::always_inline]] void send(buffer& out, const response& wanted, std::string_view date, outgoing& plan);
  void send_informational(buffer& out, status code, const fields& with) {
    if (!code.is_informational() || code == status::switching_protocols) return;  // that is final
    if (version_ == http_version::http_1_1 && life_.apply(us_, signal::informational))
      write_informational(out, code, with);
  }

  /// Client: the head of a request. Only if the connection is idle and nothing is unread: octets that arrived before
  /// the request are not its response, and `next_event` will fail.
  outgoing send(buffer& out, const request& r, std::string_view authority);

  /// Appends what precedes `size` octets of our body. False if that is more than promised.
  [[nodiscard]] bool begin_data(buffer& out, std::uint64_t size) {
    return life_.apply(us_, signal::data) && writer_.begin_data(out, size);
  }
  /// What must follow those octets; it is not appended.
  [[nodiscard]] std::string_view behind_data() const noexcept { return writer_.behind_data(); }
  /// States that all `size` octets of a body of known length have been appended. False: it has another length.
  [[nodiscard]] bool finish_with(std::uint64_t size) noexcept {
    return writer_.take_whole(size) && life_.apply(us_, signal::end);
  }
  /// Appends the end of our message. False if octets are missing: then the connection must be cut.
  [[nodiscard]] bool finish(buffer& out, const fields* trailers);
  [[nodiscard]] std::uint64_t body_octets_sent() const noexcept { return writer_.sent(); }

  // --- what next ---

  /// Allows no further exchange after the current one.
  void forbid_reuse() noexcept { life_.forbid_reuse(); }
  [[nodiscard]] bool reusable() const noexcept { return life_.reusable(); }
  /// If both messages are complete and another exchange may follow, gets ready for it. A client refuses while there
  /// are unread octets, which nobody has asked for.
  bool restart() {
    if (us_ == side::client && !unread().empty()) life_.forbid_reuse();
    if (!life_.restart()) return false;
    parser_.reset();
    asked_ = method::get;
    return true;
  }

 private:
  void drop_used() noexcept {
    if (used_ == 0) [[likely]] return;
    in_.consume(used_);
    used_ = 0;
  }
  /// A client answers nobody: its statuses are what a gateway would say (RFC 9110 15.6.3).
  wire_event fail(const violation& why) noexcept {
    failure_ = {us_ == side::client ? 502 : why.status, why.why};
    life_.forbid_reuse();
    return {wire_event::kind::failed, {}};
  }
  wire_event head_without_end(fields& into);
  /// What goes out in place of a 1xx. Never destroyed: a static server still answers while what is younger is.
  [[nodiscard, gnu::cold, gnu::noinline]] static const response& no_interim() {
    static const response& made = *new response(status::internal_server_error);
    return made;
  }
  wire_event begin_body(http_version version, const fields& f);
  wire_event body_event();

  side us_, them_;
  const limits* limits_;
  buffer in_;
  std::size_t used_ = 0;  // octets at the front of `in_` that the last event showed
  bool peer_closed_ = false;
  bool peer_keeps_alive_ = true;
  bool upgrade_asked_ = false;
  http_version version_ = http_version::http_1_1;  // of the peer
  method asked_;                                   // of the running exchange's request
  head_parser parser_;
  status_line line_;  // client: of the head being read
  framing incoming_;
  body_reader reader_{framing{}, *limits_};
  body_writer writer_{framing{}};
  lifecycle life_;
  violation failure_;
};

// ---------------------------------------------------------------------------------------------

/// The head is not complete: more is needed, or the peer has closed.
inline wire_event connection::head_without_end(fields& into) {
  if (!peer_closed_) return {};
  into.clear();
  if (us_ == side::client) return fail({502, "connection closed before the end of the response head"});
  if (!parser_.begun()) return {wire_event::kind::closed, {}};
  return fail({400, "connection closed in the middle of a request head"});
}

inline wire_event connection::begin_body(http_version version, const fields& f) {
  version_ = version;
  peer_keeps_alive_ = wants_keep_alive(version, f);
  if (!peer_keeps_alive_ || incoming_.by == framing::rule::until_close) life_.forbid_reuse();
  reader_.restart(incoming_);
  return {wire_event::kind::head, {}};
}

inline wire_event connection::next_event(request& into) {
  drop_used();
  if (failure_) return {wire_event::kind::failed, {}};
  if (life_.of(side::client) != phase::idle) return body_event();
  if (in_.empty() && !peer_closed_) return {};
  const std::string_view octets = in_.view();
  const auto state = parser_.parse(octets, into);
  if (state != head_parser::outcome::done) {
    if (octets.starts_with("HEAD ")) asked_ = method::head;  // what refuses it has no content, either (RFC 9110 9.3.2)
    return state == head_parser::outcome::failed ? fail(parser_.failure()) : head_without_end(into.fields);
  }
  in_.consume(parser_.size());  // they stay where they are until there is to be room for others
  asked_ = into.method;
  if (const auto wrong = frame_request(into, incoming_, octets.data())) return fail(wrong);
  life_.apply(side::client, signal::request);
  return begin_body(into.version, into.fields);
}

inline wire_event connection::next_event(response& into) {
  drop_used();
  if (failure_) return {wire_event::kind::failed, {}};
  if (life_.of(side::server) == phase::body) return body_event();
  if (life_.of(side::server) != phase::answering) return {wire_event::kind::end, {}};
  switch (parser_.parse(in_.view(), line_, into.fields)) {
    case head_parser::outcome::need_more: return head_without_end(into.fields);
    case head_parser::outcome::failed: return fail(parser_.failure());
    case head_parser::outcome::done: break;
  }
  in_.consume(parser_.size());
  parser_.reset();
  into.status = line_.status;
  if (line_.status == status::switching_protocols && !upgrade_asked_)
    return fail({502, "101 without having asked for another protocol"});
  if (line_.status.is_informational() && line_.status != status::switching_protocols) {
    life_.apply(side::server, signal::informational);
    return {wire_event::kind::informational, {}};
  }
  if (const auto wrong = frame_response(asked_, line_.version, line_.status, into.fields, incoming_))
    return fail(wrong);
  life_.apply(side::server, signal::response);
  const bool tunnel = asked_ == method::connect && line_.status.is_success();
  if (tunnel || line_.status == status::switching_protocols) life_.forbid_reuse();
  return begin_body(line_.version, into.fields);
}

inline wire_event connection::body_event() {
  if (incoming_done()) return {wire_event::kind::end, {}};
  const auto step = reader_.read(in_.view());
  used_ = step.consumed;
  switch (step.state) {
    case body_reader::outcome::data: return {wire_event::kind::data, step.data};
    case body_reader::outcome::failed:
      return fail(reader_.failure());
    case body_reader::outcome::end: break;
    case body_reader::outcome::need_more:
      drop_used();
      if (!peer_closed_) return {};
      if (!reader_.complete_at_close())
        return fail({400, "connection closed in the middle of a body"});
      break;
  }
  life_.apply(them_, signal::end);
  return {wire_event::kind::end, {}};
}

inline void connection::send(buffer& out, const response& wanted, std::string_view date, outgoing& plan) {
  const bool is_interim = wanted.status.is_informational() && wanted.status != status::switching_protocols;
  const response& r = is_interim ? no_interim() : wanted;
  const bool answers_a_request = life_.of(side::server) == phase::answering;
  plan_response(r, asked_, version_, life_.reusable() && answers_a_request, plan);
  if (!plan.keep_alive) life_.forbid_reuse();
  life_.apply(side::server, signal::response);
  write_head(out, r, asked_, plan, version_, date);
  writer_ = body_writer(plan.sends_body ? plan.body : framing{});
}

inline outgoing connection::send(buffer& out, const request& r, std::string_view authority) {
  const auto plan = plan_request(r);
  if (!unread().empty()) fail({502, "octets in front of the request that they would answer"});
  if (!plan.keep_alive) life_.forbid_reuse();
  asked_ = r.method;
  upgrade_asked_ = r.fields.get("Upgrade").has_value();
  life_.apply(side::client, signal::request);
  write_head(out, r, plan, authority);
  writer_ = body_writer(plan.sends_body ? plan.body : framing{});
  return plan;
}

inline bool connection::finish(buffer& out, const fields* trailers) {
  if (!writer_.finish(out, trailers)) {
    life_.forbid_reuse();
    return false;
  }
  return life_.apply(us_, signal::end);
}

}  // namespace tinyhttp::h1
