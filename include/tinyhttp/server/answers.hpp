// tinyhttp/server/answers.hpp -- what one connection says: responses whole or in parts, refusals, and its last word.
//
// Small answers are gathered, large ones wait for the peer, and a protocol may take the stream over.
#pragma once

#include <tinyhttp/server/send_body.hpp>
#include <tinyhttp/server/served_connection.hpp>

namespace tinyhttp {

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

/// Appends the whole answer to `out` if its body is at hand and small. False: nothing but the head
/// has been appended, and the rest is for `send_large`.
template <looped_stream S>
bool served_connection<S>::send_small(const response& r) {
  const auto plan = wire_.send(out(), r, services_.date());
  if (!plan.sends_body) return wire_.finish(out(), nullptr);
  const auto length = r.body.length();
  if (!length || *length > services_.buffers.small) return false;
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
  body_sender<S> sender(stream_, wire_, out(), sending_, share_, services_.buffers.window);
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

/// Says that we are done, and gives the peer time to read that: a reset would eat the answer.
template <looped_stream S>
task<void> served_connection<S>::linger() {
  (void)stream_.shutdown_send();  // if that fails, so will the reads below
  stream_.expires_at(services_.clock().now() + options_.patience.linger);
  wire_.discard_unread();
  for (std::size_t left = 4 * 1024 * 1024; left > 0;) {  // octets: more than kernels buffer
    const auto room = wire_.room(services_.buffers.receive);
    const auto got = co_await stream_.read(room);
    if (!got || *got == 0) co_return;
    left -= *got < left ? *got : left;
  }
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

}  // namespace tinyhttp
