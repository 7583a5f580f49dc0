// tinyhttp/server/request_body.hpp -- the body of a request, pulled by its handler.
//
// Pulled no faster than asked for, held to a least rate, and over with its request. RFC 9112 6 and 9.3.
#pragma once

#include <tinyhttp/core/shared.hpp>
#include <tinyhttp/server/served_exchange.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

namespace tinyhttp {

/// The body of a request while its exchange runs. A handler may keep it longer; then it is an error.
template <looped_stream S>
class served_exchange<S>::incoming_body final : public body_stream {
 public:
  incoming_body(served_exchange& of, std::optional<std::uint64_t> length)
      : owner_(&of),
        pace_(of.options().patience, least_rate<S>::direction::receiving),
        length_(length) {
    pace_.restart(of.stream());
  }
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

  served_exchange* owner_;
  least_rate<S> pace_;
  std::optional<std::uint64_t> length_;
};

// ---------------------------------------------------------------------------------------------

/// The time in which the peer's octets are waited for; it ends with whoever waits, too.
template <looped_stream S>
class served_exchange<S>::waiting_for_peer {
 public:
  explicit waiting_for_peer(least_rate<S>& pace) : pace_(pace) { pace_.begin(); }
  waiting_for_peer(const waiting_for_peer&) = delete;
  waiting_for_peer& operator=(const waiting_for_peer&) = delete;
  ~waiting_for_peer() { end(); }
  void end() const { pace_.end(); }

 private:
  least_rate<S>& pace_;
};

template <looped_stream S>
void served_exchange<S>::prepare_body() {
  in_head_ = false;
  incoming_.context = this;
  wire_.end_without_body();
  if (!wire_.incoming_done()) begin_body();
}

template <looped_stream S>
void served_exchange<S>::begin_body() {
  request& r = incoming_;
  const auto by = wire_.incoming();
  std::optional<std::uint64_t> length;
  if (by.by == h1::framing::rule::length) length = by.length;
  body_ = share<body_stream>(new incoming_body(*this, length));
  r.body = body_;
  r.body.set_default_limit(options().body_limit);
  continue_owed_ = r.version == http_version::http_1_1 && r.fields.has_token("Expect", "100-continue");
}

/// The next octets of the request's body.
template <looped_stream S>
task<result<std::string_view>> served_exchange<S>::pull() {
  const auto body = body_;  // its handler may let go of it
  for (;;) {
    const auto next = wire_.next_event(incoming_);
    if (next.what == h1::wire_event::kind::data) co_return next.data;
    if (next.what == h1::wire_event::kind::end) co_return std::string_view();
    if (next.what == h1::wire_event::kind::failed) co_return wire_.failure().error();
    const bool writing = is_writing();  // that reads from `out_`
    if (!writing && std::exchange(continue_owed_, false)) wire_.send_informational(out_, status::continue_, {});
    if (writing || !answering_) {
      auto flushing = flush();
      const bool flushed = co_await flushing;
      if (writing) continue;
      if (!flushed) co_return sent_.error();
    }
    auto& on = stream().loop();  // whoever gets the octets may decode them
    auto others = is_share_used_up() ? on.yield() : on.give_way();
    co_await others;
    const auto into = room();
    const waiting_for_peer pause(static_cast<incoming_body&>(*body).pace());
    const auto got = co_await stream().read(into);
    pause.end();
    if (!got) wire_.forbid_reuse();
    if (!got && got.error().kind() == error_kind::timeout)
      co_return error(error_kind::timeout, "body: it comes too slowly", 408);
    if (!got) co_return got.error();
    if (*got == 0) wire_.peer_closed();
    wire_.received(*got);
  }
}

}  // namespace tinyhttp
