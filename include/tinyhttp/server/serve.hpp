// tinyhttp/server/serve.hpp -- one connection from its first octet to its last: h1 x stream x handler.
//
// One coroutine that reads like the way of a request: octets, request, handler, response, octets.
// RFC 9112 9.
#pragma once

#include <tinyhttp/server/answers.hpp>
#include <tinyhttp/server/request_body.hpp>
#include <tinyhttp/server/served_connection.hpp>

namespace tinyhttp {

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
      const auto room = wire_.room(services_.buffers.receive);
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

    if (is_last_answer() || must_hang_up()) wire_.forbid_reuse();
    response& sending = *outgoing();
    if (!send_small(sending)) {
      const bool sent = co_await send_large(sending);
      if (!sent) co_return;
    }
    if (out().size() >= services_.buffers.gather || sending.attached() != nullptr || !wire_.reusable()) {
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

/// We close though the peer would have gone on: requests may be on their way (RFC 9112 9.6).
template <looped_stream S>
bool served_connection<S>::peer_may_send_more() const noexcept {
  if (wire_.reusable()) return false;
  const request& asked = memory_->incoming;
  return h1::wants_keep_alive(asked.version, asked.fields);
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
