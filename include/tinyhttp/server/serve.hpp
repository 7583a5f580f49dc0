// tinyhttp/server/serve.hpp -- one connection from its first octet to its last: h1 x stream x handler.
//
// A small coroutine waits for requests. What has come is answered by plain functions, in one go; only
// what has to be waited for then takes another coroutine. RFC 9112 9.
#pragma once

#include <tinyhttp/server/answers.hpp>
#include <tinyhttp/server/handling.hpp>
#include <tinyhttp/server/request_body.hpp>
#include <tinyhttp/server/served_connection.hpp>
#include <tinyhttp/server/served_exchange.hpp>

#include <cstddef>
#include <utility>

namespace tinyhttp {

template <looped_stream S>
task<void> served_connection<S>::run() {
  if constexpr (is_secured_stream<S>) {
    stream_.expires_at(deadline_in(host_.services.clock().now(), host_.services.options.patience.head));
    idle_ = true;
    auto shaking = stream_.handshake();
    const result<void> secured = co_await shaking;
    if (!secured) co_return;
  }
  while (go_idle()) {
    until_readable waiting(stream_);
    const bool ready = co_await waiting;
    idle_ = false;
    if (!ready) co_return;
    busy_ = host_.lend(*this);
    auto came_to = busy_->answer_at_once();
    if (came_to == served_exchange<S>::outcome::composed) {
      auto& others = busy_->others();
      co_await others;
      came_to = busy_->go_on_at_once();
    }
    if (came_to == served_exchange<S>::outcome::waits) {
      auto rest = busy_->serve();
      const bool goes_on = co_await rest;
      came_to = goes_on ? served_exchange<S>::outcome::idle : served_exchange<S>::outcome::over;
    }
    host_.give_back(std::move(busy_), came_to == served_exchange<S>::outcome::idle);
    if (came_to == served_exchange<S>::outcome::over) co_return;
  }
}

template <looped_stream S>
auto served_exchange<S>::answer_at_once() -> outcome {
  auto reading = stream().read(room());
  if (!reading.await_ready()) return outcome::waits;
  const auto got = reading.await_resume();
  if (!got) return outcome::over;
  if (*got == 0) wire_.peer_closed();
  wire_.received(*got);
  at_once_ = true;
  const auto came_to = answer_what_came();
  at_once_ = false;
  if (handled_ > 0) note_handlers();
  if (came_to != outcome::waits || wire_.incoming_done()) give_back_room();
  return came_to;
}

template <looped_stream S>
auto served_exchange<S>::answer_what_came() -> outcome {
  for (;;) {
    if (stage_ == stage::receiving) {
      if (is_share_used_up()) return outcome::waits;
      if (wire_.may_have_event() && next_request()) continue;
      if (at_once_ && is_composed()) return outcome::composed;
      if (!flush_now()) return sent_ ? outcome::waits : outcome::over;
      return wire_.unread().empty() ? outcome::idle : outcome::waits;
    }
    if (stage_ == stage::handling || stage_ == stage::large) return outcome::waits;
    const bool ends = stage_ == stage::over;
    const bool flushes = ends || must_flush();
    if (flushes && at_once_ && is_composed()) return outcome::composed;
    if (flushes && !flush_now()) return sent_ ? outcome::waits : outcome::over;
    if (ends) return must_linger() || is_secured_stream<S> ? outcome::waits : outcome::over;
    if (ends_behind_a_wait()) return outcome::waits;
    conclude();
  }
}

template <looped_stream S>
task<bool> served_exchange<S>::serve() {
  const end_of_waiting guard(*this);
  for (bool goes_on = true; goes_on;) {
    if (stage_ != stage::receiving) stream().never_expires();
    if (is_share_used_up()) {
      auto others = stream().loop().yield();
      co_await others;
    }
    task<bool> step;
    switch (stage_) {
      case stage::receiving:
        if (next_request()) break;
        if (!is_composed() && !wire_.head_begun() && wire_.unread().empty()) co_return true;
        step = receive();
        break;
      case stage::handling: step = wait_for_handler(); break;
      case stage::large: step = send_large(); break;
      case stage::answered:
        if (must_flush() || ends_behind_a_wait()) step = finish_answer();
        else conclude();
        break;
      case stage::over: step = hang_up(); break;
    }
    if (!step.is_empty()) goes_on = co_await step;
  }
  co_return false;
}

/// What is awaited must not outlive the coroutine that would go on.
template <looped_stream S>
class served_exchange<S>::end_of_waiting {
 public:
  explicit end_of_waiting(served_exchange& of) noexcept : of_(of) {}
  end_of_waiting(const end_of_waiting&) = delete;
  end_of_waiting& operator=(const end_of_waiting&) = delete;
  ~end_of_waiting() {
    of_.writing_.reset();
    of_.sending_file_.reset();
    if (of_.outgoing() == nullptr) of_.answer_.reset();
  }

 private:
  served_exchange& of_;
};

/// Takes the next request in and has it answered, as far as it is here. False: it takes more octets.
template <looped_stream S>
bool served_exchange<S>::next_request() {
  const auto next = wire_.next_event(incoming_);
  if (next.what == h1::wire_event::kind::need_more) return false;
  if (next.what == h1::wire_event::kind::failed) refuse(problem(wire_.failure().status));
  stage_ = stage::over;
  if (next.what != h1::wire_event::kind::head) return true;
  began_ = loop_->seen();
  prepare_body();
  if (++connection_->requests_ >= options().requests_per_connection) wire_.forbid_reuse();
  call_handler();
  stage_ = stage::handling;
  if (answer_->is_ready()) answer();
  return true;
}

/// There is something behind the request, with us or in the kernel. Only between its end and the next.
template <looped_stream S>
bool served_exchange<S>::has_more_come() {
  if (!wire_.unread().empty()) return true;
  auto reading = stream().read(room());
  if (!reading.await_ready()) return false;
  const auto got = reading.await_resume();
  if (got && *got == 0) wire_.peer_closed();
  if (got) wire_.received(*got);
  return got && *got > 0;
}

/// More octets of a head, once what is composed is out.
template <looped_stream S>
task<bool> served_exchange<S>::receive() {
  auto flushing = flush();
  if (!co_await flushing) co_return false;
  if (!wire_.head_begun()) {
    if (wire_.unread().empty() || !connection_->go_idle()) co_return wire_.unread().empty();
    const auto ready = co_await stream().readable();  // empty lines are here
    connection_->idle_ = in_head_ = false;
    if (!ready) co_return false;
  }
  // The deadline counts from the first octet of a head, or the end of what came in front of it.
  if (!std::exchange(in_head_, true)) stream().expires_at(deadline_in(clock().now(), options().patience.head));
  // What is left of the buffer behind a part of a head is used before that grows.
  const auto into = wire_.unread().empty() ? room() : wire_.room(buffers().receive / 4 + 1);
  const auto got = co_await stream().read(into);
  if (!got && got.error().kind() == error_kind::timeout && wire_.head_begun()) {
    refuse(problem(status::request_timeout));
    co_return true;
  }
  if (!got) co_return false;
  if (*got == 0) wire_.peer_closed();
  wire_.received(*got);
  co_return true;
}

/// Everything of an answer that has to be waited for, to the next request.
template <looped_stream S>
task<bool> served_exchange<S>::finish_answer() {
  if (must_flush()) {
    auto flushing = flush();
    if (!co_await flushing) co_return false;
  }
  report(true);
  std::size_t drained = 0;  // of a body that its handler left
  while (!wire_.incoming_done() && ends_behind_a_wait() && drained <= options().drain_octets) {
    const auto octets = co_await pull();
    if (!octets || octets->empty()) break;
    drained += octets->size();
  }
  if (is_taken_over()) {  // the other protocol begins behind the whole request (RFC 9110 7.8)
    if (!wire_.incoming_done() || !begin_handling()) co_return false;
    taken_over raw(*this);
    try {
      auto taken = answer_->now().attached()->takeover(raw);
      co_await taken;
    } catch (...) {
      (void)failed_handler();
    }
    handling_ = false;
    co_return false;
  }
  conclude();
  co_return true;
}

/// The answer is out, but something else has to be waited for: a protocol that takes over, or the
/// rest of a request that nobody read.
template <looped_stream S>
bool served_exchange<S>::ends_behind_a_wait() noexcept {
  return is_taken_over() || (!wire_.incoming_done() && wire_.reusable());
}

template <looped_stream S>
bool served_exchange<S>::is_taken_over() noexcept {
  const auto* hooks = answer_->now().attached();
  return hooks != nullptr && hooks->takeover;
}

/// The exchange is over; is there to be another?
template <looped_stream S>
void served_exchange<S>::conclude() {
  report(true);
  if (!wire_.incoming_done() || peer_may_send_more()) unclean_ = true;
  end_exchange();
  stage_ = wire_.restart() ? stage::receiving : stage::over;
}

/// The body will not be read to its end within bounds, or may never come: no other request behind.
template <looped_stream S>
bool served_exchange<S>::must_hang_up() const noexcept {
  if (wire_.incoming_done()) return false;
  return continue_owed_ || wire_.incoming_remaining() > options().drain_octets;
}

/// We close though the peer would have gone on: requests may be on their way (RFC 9112 9.6).
template <looped_stream S>
bool served_exchange<S>::peer_may_send_more() const noexcept {
  return !wire_.reusable() && wire_.peer_keeps_alive();
}

/// Says what is left to say and that we are done, and gives the peer time to read that: a reset would
/// eat the answer. Always false.
template <looped_stream S>
task<bool> served_exchange<S>::hang_up() {
  auto flushing = flush();
  if (!co_await flushing) co_return false;
  if constexpr (is_secured_stream<S>) {  // the kernel may be full, and an end that is not told is none
    stream().expires_at(deadline_in(clock().now(), options().patience.grace));
    auto ending = stream().finish();
    const result<void> told = co_await ending;
    if (!told) co_return false;
  }
  if (!must_linger()) co_return false;
  (void)stream().shutdown_send();  // if that fails, so will the reads below
  stream().expires_at(deadline_in(clock().now(), options().patience.linger));
  wire_.discard_unread();
  for (;;) {  // however much it is: proxies such as Apache write all of a body before they read
    const auto into = room();
    const auto got = co_await stream().read(into);
    if (!got || *got == 0) co_return false;
  }
}

template <looped_stream S>
inline void served_exchange<S>::end_exchange() noexcept {
  if (body_) static_cast<incoming_body&>(*body_).leave();
  body_.reset();
  answer_.reset();
  incoming_.body.clear();
  incoming_.forwarded.clear();
  incoming_.path_params.clear();  // the next head writes over the rest
  continue_owed_ = answering_ = handling_ = reported_ = false;
}

template <looped_stream S>
bool served_exchange<S>::is_renewed(bool idle) noexcept {
  sending_.stop();
  if (!idle) {  // another connection starts anew
    give_up();
    wire_.discard_unread();
  }
  give_back_room();
  if (!idle) {
    wire_.~connection();
    ::new (static_cast<void*>(&wire_)) h1::connection(h1::side::server, options().limits);
    sent_ = {};
  }
  out_.clear();
  tail_ = {};
  file_ = nullptr;
  return out_.capacity() <= largest_kept;
}

}  // namespace tinyhttp
