// tinyhttp/server/send_body.hpp -- writes a message body to a stream, whatever the body consists of.
//
// Joins body.hpp, h1's account of what was promised, and a stream. Octets are gathered with pending output, files are
// sent by sendfile, streams are pulled no faster than the peer reads.
#pragma once

#include <tinyhttp/core/bounds.hpp>
#include <tinyhttp/core/buffer.hpp>
#include <tinyhttp/core/result.hpp>
#include <tinyhttp/core/task.hpp>
#include <tinyhttp/h1/connection.hpp>
#include <tinyhttp/http/body.hpp>
#include <tinyhttp/net/stream.hpp>
#include <tinyhttp/server/pace.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

namespace tinyhttp {

/// Sends one body, part by part. Refers to all its arguments; must live until the body is sent.
template <looped_stream S>
class body_sender {
 public:
  /// `out`: octets to send before the body, such as the head. `window`: octets copied at a time if the content has no
  /// descriptor.
  body_sender(const body& b, S& stream, h1::connection& wire, buffer& out, least_rate<S>& pace,
              turn_share& share, std::size_t window) noexcept
      : body_(b), stream_(stream), wire_(wire), out_(out), pace_(pace), share_(share), window_(window) {}

  /// There is another part, which `send_next` sends. If sending returns false, which `failure()` explains, only
  /// cutting the connection tells the peer the truth.
  [[nodiscard]] bool has_next() const noexcept { return sent_ < (body_.pieces() != nullptr ? body_.pieces()->size() : 1); }
  [[nodiscard]] task<bool> send_next();
  /// Ends the message, after all parts; the end may stay in `out`. Likewise.
  [[nodiscard]] bool finish() { return wire_.finish(out_, body_.trailers()) || break_promise(); }

  /// Sends what waits in `out`. `more`: something follows at once.
  [[nodiscard]] task<bool> flush(bool more = false) { return write({}, {}, more); }

  /// The content failed, not the peer: it cannot be read, or is not as long as promised.
  [[nodiscard]] bool has_source_failed() const noexcept { return !peer_failed_; }
  [[nodiscard]] const error& failure() const noexcept { return state_.error(); }

 private:
  static constexpr std::size_t turn_size = 256 * 1024;  // octets handed over at a time
  static constexpr unsigned steps_of_piece = 16;         // of a turn's share, that a piece of a stream takes

  task<bool> send_part(std::string_view octets, const content_slice* slice);
  // Built for size: each step of theirs moves 64 KiB or more.
  [[gnu::cold]] task<bool> send_file(const content_slice& slice);
  [[gnu::cold]] task<bool> send_octets(std::string_view octets, const content_slice* slice);
  task<bool> send_stream(body_stream& source);
  task<bool> write(std::string_view data, std::string_view behind, bool more);

  /// False, for whoever returns it.
  bool fail(error why) {
    state_ = std::move(why);
    return false;
  }
  [[gnu::cold]] bool break_promise() { return fail({error_kind::io, "body: not as long as was promised"}); }
  [[gnu::cold]] bool end_early() { return fail({error_kind::io, "body: the content ended before its length"}); }

  const body& body_;
  std::size_t sent_ = 0;  // parts
  S& stream_;
  h1::connection& wire_;
  buffer& out_;
  least_rate<S>& pace_;
  turn_share& share_;
  std::size_t window_;
  result<void> state_;
  bool peer_failed_ = false;
};

// ---------------------------------------------------------------------------------------------

template <looped_stream S>
task<bool> body_sender<S>::send_next() {
  const std::size_t i = sent_++;
  if (const auto* const pieces = body_.pieces()) {
    const body_piece& piece = (*pieces)[i];
    return send_part(piece.octets, piece.is_slice() ? &piece.slice : nullptr);
  }
  if (auto* source = body_.stream()) return send_stream(*source);
  const auto* slice = body_.slice();
  return send_part(slice == nullptr ? body_.text() : std::string_view(), slice);
}

/// Of known length: `slice`, or where that is null `octets`.
template <looped_stream S>
task<bool> body_sender<S>::send_part(std::string_view octets, const content_slice* slice) {
  if (slice != nullptr && slice->source->descriptor() >= 0) return send_file(*slice);
  return send_octets(octets, slice);
}

/// Writes `out`, `data` and `behind` in one go.
template <looped_stream S>
task<bool> body_sender<S>::write(std::string_view data, std::string_view behind, bool more) {
  if (out_.empty() && data.empty() && behind.empty()) co_return true;
  if (share_.is_used_up(stream_.loop())) {
    auto others = stream_.loop().yield();
    co_await others;
  }
  const std::string_view pieces[] = {out_.view(), data, behind};
  pace_.begin();
  if constexpr (requires(S& s) { s.write(pieces, true); }) {
    state_ = co_await stream_.write(pieces, more);
  } else {
    state_ = co_await stream_.write(pieces);
  }
  pace_.end();
  out_.clear();
  peer_failed_ = !state_;
  co_return !peer_failed_;
}

/// What is here, or can only be copied.
template <looped_stream S>
task<bool> body_sender<S>::send_octets(std::string_view octets, const content_slice* slice) {
  const std::uint64_t length = slice != nullptr ? slice->length : octets.size();
  if (length == 0) co_return true;
  if (!wire_.begin_data(out_, length)) co_return break_promise();
  const std::size_t at_once = slice != nullptr ? window_ : turn_size;
  buffer copy;
  for (std::uint64_t done = 0; done < length;) {
    auto others = stream_.loop().give_way();
    co_await others;
    const auto size = at_most(length - done, at_once);
    std::string_view part;
    if (slice != nullptr) {
      const auto room = copy.prepare(size).first(size);
      const auto got = slice->source->read_at(slice->offset + done, room);
      if (!got) co_return fail(got.error());
      if (*got == 0) co_return end_early();
      part = {room.data(), *got};
    } else {
      part = octets.substr(static_cast<std::size_t>(done), size);
    }
    done += part.size();
    const std::string_view nothing;
    auto writing = write(part, nothing, done < length);
    if (!co_await writing) co_return false;
  }
  out_.append(wire_.behind_data());
  co_return true;
}

template <looped_stream S>
task<bool> body_sender<S>::send_file(const content_slice& slice) {
  if (slice.length == 0) co_return true;
  if (!wire_.begin_data(out_, slice.length)) co_return break_promise();
  auto sending_head = flush(true);
  if (!co_await sending_head) co_return false;
  const int descriptor = slice.source->descriptor();
  if constexpr (requires { stream_.expect_much(); }) stream_.expect_much();
  pace_.begin();
  const auto sent = co_await stream_.send_file(descriptor, slice.offset, slice.length);
  pace_.end();
  peer_failed_ = !sent;
  if (!sent) co_return fail(sent.error());
  if (*sent < slice.length) co_return end_early();
  out_.append(wire_.behind_data());
  co_return true;
}

template <looped_stream S>
task<bool> body_sender<S>::send_stream(body_stream& source) {
  for (;;) {
    auto& on = stream_.loop();  // four pieces a turn, or fewer: what makes them may compute
    auto others = share_.is_used_up(on, steps_of_piece) ? on.yield() : on.give_way();
    co_await others;
    auto pulling = source.next();
    if (!pulling.try_start()) {  // it waits: what is ready must not wait with it
      auto flushing = flush();
      if (!co_await flushing) co_return false;
    }
    const auto pulled = co_await pulling;
    if (!pulled) co_return fail(pulled.error());
    if (pulled->empty()) co_return true;
    if (!wire_.begin_data(out_, pulled->size())) co_return break_promise();
    auto writing = write(*pulled, wire_.behind_data(), false);
    if (!co_await writing) co_return false;
  }
}

}  // namespace tinyhttp
