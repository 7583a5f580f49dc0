// tinyhttp/client/exchange.hpp -- one request and its response on an open connection.
//
// The same coroutine over every stream: in a thread it runs straight through, on a loop it waits. RFC 9112. Knows no
// pool, no redirects, no URLs; retries nothing.
#pragma once

#include <tinyhttp/client/connection.hpp>
#include <tinyhttp/client/options.hpp>
#include <tinyhttp/client/sending.hpp>
#include <tinyhttp/core/buffer.hpp>
#include <tinyhttp/core/owned.hpp>
#include <tinyhttp/core/result.hpp>
#include <tinyhttp/core/shared.hpp>
#include <tinyhttp/core/task.hpp>
#include <tinyhttp/h1/connection.hpp>
#include <tinyhttp/http/body.hpp>
#include <tinyhttp/http/request.hpp>
#include <tinyhttp/http/response.hpp>
#include <tinyhttp/net/stream.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace tinyhttp {

/// Sends `r` and reads the answer. `answer` is filled in once the head has arrived. A body that has not arrived yet
/// is a stream that owns the connection, and gives it to `when_idle` at its end. Dropping such a body before its end
/// closes the connection.
///
/// `r` is used up: a stream in its body is pulled, `Expect: 100-continue` may be added. The arguments must outlive
/// the task; `over` is null if the connection is already free.
///
/// Fails with `GET http://h:1/x: connection closed after 500000 of 3145728 octets` and its like, of kind `closed`,
/// `timeout`, `protocol`, `limit`, `cancelled` or `io`; reading the body fails with the same. An answer that arrives
/// before the request is sent completely is accepted, and ends the sending.
template <net::stream Stream>
[[nodiscard]] task<result<void>> exchange(shared<client_connection<Stream>>& over, request& r, response& answer,
                                          const exchange_options& with);

// ---------------------------------------------------------------------------------------------

namespace detail {

inline constexpr std::size_t head_room = 16 * 1024;   // octets asked for while a head is expected
inline constexpr std::size_t body_room = 128 * 1024;  // and while a body is: bigger gains nothing
inline constexpr int most_informational = 64;         // before a final head; real servers send two
inline constexpr std::size_t short_body = 4 * 1024;   // octets of a request that go out as part of its head

/// The body of a response, pulled from its connection.
template <net::stream Stream>
class response_stream final : public body_stream {
 public:
  using connection_pointer = shared<client_connection<Stream>>;

  explicit response_stream(connection_pointer from) : c_(std::move(from)) {
    if (c_->wire.incoming().by == h1::framing::rule::length) length_ = c_->wire.incoming().length;
  }

  task<result<std::string_view>> next() override {
    if (failure_) co_return *failure_;
    while (c_) {
      const h1::wire_event event = c_->wire.next_event(unused_);
      if (event.what == h1::wire_event::kind::data) {
        c_->count_body(event.data.size());
        co_return event.data;
      }
      if (event.what == h1::wire_event::kind::end) {
        finish();
        break;
      }
      if (event.what != h1::wire_event::kind::need_more) {
        give_up(c_->broken());
        co_return *failure_;
      }
      const std::span<char> room = c_->wire.room(body_room);
      c_->wait_for_progress(c_->options().idle_timeout);
      const result<std::size_t> read = co_await c_->stream.read(room);
      if (auto failed = c_->took(read)) {
        give_up(std::move(*failed));
        co_return *failure_;
      }
      if constexpr (requires { c_->stream.loop(); }) {  // whoever gets the octets may decode them
        auto others = c_->stream.loop().give_way();
        co_await others;
      }
    }
    co_return std::string_view();
  }

  [[nodiscard]] std::optional<std::uint64_t> length() const override { return length_; }
  [[nodiscard]] const fields* trailers() const noexcept override { return trailers_.get(); }

 private:
  void give_up(error why) {
    failure_.emplace(std::move(why));
    c_.reset();
  }
  void finish() {
    if (const auto* section = c_->wire.trailers()) trailers_.reset(new fields(*section));
    retire(std::move(c_));
  }

 public:
  /// The exchange is over: the connection goes to whoever keeps it, or is closed.
  static void retire(connection_pointer c) {
    if (!c->become_idle() || !c->when_idle) return;
    auto keep = std::move(c->when_idle);
    keep(std::move(c));
  }

 private:
  connection_pointer c_;
  response unused_;  // what the wire would fill in while a head is read
  std::optional<std::uint64_t> length_;
  owned<fields> trailers_;
  std::optional<error> failure_;
};

/// One exchange up to the head of its answer: what `exchange` does step by step.
template <net::stream Stream>
class running_exchange {
 public:
  running_exchange(shared<client_connection<Stream>>& over, request& r, response& answer)
      : owner_(over), c_(*over), request_(r), response_(answer) {}

  /// Composes the head. True: it is to be sent alone at first, by `ask_first`.
  [[nodiscard]] bool begins_with_question() {
    const std::uint64_t from = c_.options().expect_continue_from;
    if (from > 0 && request_.version == http_version::http_1_1 && request_.body.length().value_or(from) >= from &&
        !request_.fields.contains("Expect"))
      request_.fields.add("Expect", "100-continue");
    c_.head_room.clear();
    const h1::outgoing plan = c_.wire.send(c_.head_room, request_, c_.authority());
    return plan.sends_body && request_.fields.has_token("Expect", "100-continue");
  }

  task<result<void>> ask_first();
  [[nodiscard]] bool waits_for_leave() noexcept { return waits_for_leave_ = waits_for_leave_ && !has_leave_; }

  /// Sends a request that is here and short, as far as that goes at once: true when all of it has gone.
  [[nodiscard]] bool is_sent_at_once() {
    if (!request_.body.is_octets() || request_.body.text().size() > short_body) return false;
    buffer& head = c_.head_room;
    const std::string_view content = request_.body.text();
    is_in_head_ = content.empty() ? c_.wire.finish(head, nullptr) : c_.wire.finish_with(content.size());
    if (!is_in_head_) return false;  // the sender tells why
    head.append(content);
    c_.set_sending(true);
    head.consume(c_.send_at_once(head.view()));
    c_.set_sending(!head.empty());
    return head.empty();
  }

  /// What goes out behind the head; null: that has it.
  [[nodiscard]] body* rest() noexcept { return is_in_head_ ? nullptr : &request_.body; }
  template <class Sender>
  task<void> send(Sender& sender);
  [[nodiscard]] const result<void>& sent() const noexcept { return sent_; }
  bool answered_while_sending();

  /// Takes in what is here: true once the final head is.
  result<bool> take_events() {
    while (!has_head_ && c_.wire.may_have_event()) {
      const h1::wire_event event = c_.wire.next_event(response_);
      if (event.what == h1::wire_event::kind::need_more) return false;
      if (event.what == h1::wire_event::kind::head) {
        c_.head_is_here();
        has_head_ = true;
      } else if (event.what != h1::wire_event::kind::informational) {
        return c_.broken();
      } else if (++informational_ > most_informational) {
        return c_.about({error_kind::limit, "too many informational responses"});
      } else {
        if (c_.options().informational != nullptr)
          (*c_.options().informational)(response_.status, response_.fields);
        has_leave_ = has_leave_ || response_.status == status::continue_;
        if (waits_for_leave_ && has_leave_) return false;
      }
    }
    return has_head_;
  }

  /// A head has begun, or is expected behind an informational one: each has `idle_timeout` to be whole,
  /// so that none can drip.
  void wait_for_head() {
    const int stage = 2 * informational_ + (c_.wire.unread().empty() ? 0 : 1);
    if (stage != stage_) c_.wait_at_most(c_.options().idle_timeout);
    stage_ = stage;
  }

  /// A body that came with its head becomes octets, and the connection is free at once; another one
  /// is a stream that owns the connection.
  void attach_body() {
    const h1::framing& by = c_.wire.incoming();
    const std::uint64_t limit = c_.options().body_limit;
    const bool is_here = by.by == h1::framing::rule::none || (by.by == h1::framing::rule::length &&
                          by.length <= c_.wire.unread().size() && by.length <= limit);
    if (!is_here) {
      static_cast<void>(c_.label());  // while the request is there
      response_.body = body(share(new response_stream<Stream>(owner_)));
      response_.body.set_default_limit(limit);
      return;
    }
    response_.body.clear();
    if (const h1::wire_event event = c_.wire.next_event(response_); event.what == h1::wire_event::kind::data) {
      response_.body.become(event.data);
      static_cast<void>(c_.wire.next_event(response_));  // its end
    }
    response_stream<Stream>::retire(std::move(owner_));  // from here on it may be in another thread's hands
  }

 private:
  shared<client_connection<Stream>>& owner_;
  client_connection<Stream>& c_;
  request& request_;
  response& response_;
  result<void> sent_;
  bool has_head_ = false;
  bool is_in_head_ = false;       // the body
  bool waits_for_leave_ = false;  // the body waits for a 100
  bool has_leave_ = false;
  int informational_ = 0;
  int stage_ = 0;  // of the answer's heads: two for each, before its first octet and from then on
};

/// Sends the head alone and waits a while for an answer, leave to send the body perhaps (RFC 9110 10.1.1).
template <net::stream Stream>
task<result<void>> running_exchange<Stream>::ask_first() {
  const std::string_view parts[] = {c_.head_room.view()};
  const std::span<const std::string_view> all(parts);
  c_.wait_at_most(c_.options().idle_timeout);
  const result<void> written = co_await c_.stream.write(all);
  if (!written) co_return c_.failed(written.error());
  c_.head_room.clear();
  c_.wait_at_most(c_.options().expect_timeout);
  const result<void> ready = co_await c_.stream.readable();
  if (!ready && ready.error().kind() == error_kind::timeout && c_.now() < c_.options().deadline)
    co_return result<void>();  // an old server: it says nothing and waits for the body
  if (!ready) co_return c_.failed(ready.error());
  c_.wait_at_most(c_.options().first_octet_timeout);
  waits_for_leave_ = true;
  co_return result<void>();
}

/// On a stream that waits in the thread, nothing can wake us while we send: takes in what has come.
/// True when there is no point in sending more.
template <net::stream Stream>
bool running_exchange<Stream>::answered_while_sending() {
  if constexpr (sends_in_thread<Stream>) {
    if (!c_.stream.has_news()) return false;
    const std::span<char> room = c_.wire.room(head_room);
    auto reading = c_.stream.read(room);
    if (c_.took(reading.await_resume())) return true;
    const result<bool> there = take_events();
    return !there || *there;
  }
  return false;
}

/// Runs beside the reading of the answer.
template <net::stream Stream>
template <class Sender>
task<void> running_exchange<Stream>::send(Sender& sender) {
  try {
    task<result<void>> sending = sender.run();
    sent_ = co_await sending;
  } catch (...) {  // the body's own, or want of memory; it is thrown again where the answer is waited for
    c_.stream.abort();  // else the system would go on offering what is left of the request
    throw;
  }
  if (sent_) {
    c_.wait_at_most(c_.options().first_octet_timeout);
  } else if (sent_.error().kind() != error_kind::closed) {
    c_.stream.abort();  // no answer can come; whoever waits for one is told
  }
}

}  // namespace detail

template <net::stream Stream>
task<result<void>> exchange(shared<client_connection<Stream>>& over, request& r, response& answer,
                            const exchange_options& with) {
  client_connection<Stream>& c = *over;
  c.begin(r, with);
  detail::running_exchange<Stream> running(over, r, answer);
  result<void> step;
  if (running.begins_with_question()) {
    task<result<void>> asking = running.ask_first();
    step = co_await asking;
  }
  const auto looks = [&running] { return running.answered_while_sending(); };
  bool begun = step && !running.waits_for_leave() && running.is_sent_at_once();
  request_sender<Stream, decltype(looks)> sender(c, running.rest(), looks);
  task<void> sending;  // beside the reading
  while (step) {
    if (!begun && !running.waits_for_leave()) {
      begun = true;
      sending = running.send(sender);
      sending.start();
    }
    const result<bool> there = running.take_events();
    if (!there) step = there.error();
    if (!there || *there) break;
    if (!begun && !running.waits_for_leave()) continue;
    running.wait_for_head();
    const std::span<char> room = c.wire.room(detail::head_room);
    const result<std::size_t> read = co_await c.stream.read(room);
    if (auto failed = c.took(read)) step = std::move(*failed);
  }
  if (!sending.is_empty() && sending.done()) sending.take();  // throws what the body threw
  // What stopped the sending is told, unless an answer tells it better. An answer that came first
  // ends the sending here: the task goes, and with it the connection's fitness for another.
  if (!step && !running.sent()) co_return running.sent();
  if (!step) co_return step;
  sending = {};
  running.attach_body();
  co_return result<void>();
}

}  // namespace tinyhttp
