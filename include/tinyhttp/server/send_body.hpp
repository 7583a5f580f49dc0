// tinyhttp/server/send_body.hpp -- puts the body of a message onto a stream, whatever it is made of.
//
// The join of body.hpp, h1's account of what was promised, and a stream. Octets are gathered with
// what waits to be sent, files go by sendfile, streams are pulled no faster than the peer takes them.
#pragma once

#include <tinyhttp/core/result.hpp>
#include <tinyhttp/core/task.hpp>
#include <tinyhttp/h1/connection.hpp>
#include <tinyhttp/http/body.hpp>
#include <tinyhttp/net/stream.hpp>
#include <tinyhttp/server/pace.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace tinyhttp {

/// Sends one body. Refers to everything it is given; lives as long as the sending.
template <looped_stream S>
class body_sender {
 public:
  /// `out`: octets that wait to be sent in front, such as the head. `window`: octets that are
  /// copied at a time where the content has no descriptor.
  body_sender(S& stream, h1::connection& wire, std::string& out, least_rate<S>& pace,
              turn_share& share, std::size_t window) noexcept
      : stream_(stream), wire_(wire), out_(out), pace_(pace), share_(share), window_(window) {}

  /// Sends all of `b` and the end of the message. After an error only cutting the connection tells
  /// the peer the truth. The end may be left in `out`.
  [[nodiscard]] task<result<void>> send(const body& b);

  /// Sends what waits in `out`. `more`: something follows at once.
  [[nodiscard]] task<result<void>> flush(bool more = false) { return write({}, {}, more); }

  /// Not the peer failed, but what was to be sent: it cannot be read, or is not as long as promised.
  [[nodiscard]] bool has_source_failed() const noexcept { return !peer_failed_; }

 private:
  static constexpr std::size_t turn_size = 256 * 1024;  // octets in a row before others have a turn
  static constexpr unsigned steps_of_piece = 16;         // what a stream computes takes time, too

  task<result<void>> send_piece(const body_piece& piece);
  task<result<void>> send_whole(const body& b);
  task<result<void>> send_octets(std::string_view octets);
  task<result<void>> send_slice(const content_slice& slice);
  task<result<void>> send_file(const content_slice& slice);
  task<result<void>> send_copied(const content_slice& slice);
  task<result<void>> send_stream(body_stream& source);
  task<result<void>> write(std::string_view data, std::string_view behind, bool more);

  [[nodiscard]] static error broken_promise() {
    return {error_kind::io, "body: not as long as was promised"};
  }

  S& stream_;
  h1::connection& wire_;
  std::string& out_;
  least_rate<S>& pace_;
  turn_share& share_;
  std::size_t window_;
  bool peer_failed_ = false;
};

// ---------------------------------------------------------------------------------------------

template <looped_stream S>
task<result<void>> body_sender<S>::send(const body& b) {
  const auto* const pieces = b.pieces();
  const std::size_t count = pieces != nullptr ? pieces->size() : 1;
  for (std::size_t i = 0; i < count; ++i) {
    auto sending = pieces != nullptr ? send_piece((*pieces)[i]) : send_whole(b);
    const auto sent = co_await sending;
    if (!sent) co_return sent;
  }
  if (!wire_.finish(out_, b.trailers())) co_return broken_promise();
  co_return result<void>();
}

template <looped_stream S>
task<result<void>> body_sender<S>::send_piece(const body_piece& piece) {
  return piece.is_slice() ? send_slice(piece.slice) : send_octets(piece.octets);
}

/// A body that is not of pieces.
template <looped_stream S>
task<result<void>> body_sender<S>::send_whole(const body& b) {
  if (auto* source = b.stream()) return send_stream(*source);
  const auto* slice = b.slice();
  return slice != nullptr ? send_slice(*slice) : send_octets(b.text());
}

/// Writes `out`, `data` and `behind` in one go.
template <looped_stream S>
task<result<void>> body_sender<S>::write(std::string_view data, std::string_view behind, bool more) {
  if (out_.empty() && data.empty() && behind.empty()) co_return result<void>();
  if (share_.is_used_up(stream_.loop())) {
    auto others = stream_.loop().yield();
    co_await others;
  }
  const std::array<std::string_view, 3> pieces{out_, data, behind};
  pace_.begin();
  result<void> sent;
  if constexpr (requires(S& s) { s.write(pieces, true); }) {
    sent = co_await stream_.write(pieces, more);
  } else {
    sent = co_await stream_.write(pieces);
  }
  pace_.end();
  out_.clear();
  peer_failed_ = !sent;
  co_return sent;
}

template <looped_stream S>
task<result<void>> body_sender<S>::send_octets(std::string_view octets) {
  while (!octets.empty()) {
    const auto part = octets.substr(0, turn_size);
    octets.remove_prefix(part.size());
    if (!wire_.begin_data(out_, part.size())) co_return broken_promise();
    std::string end;
    wire_.end_data(end);
    const auto sent = co_await write(part, end, !octets.empty());
    if (!sent) co_return sent;
  }
  co_return result<void>();
}

template <looped_stream S>
task<result<void>> body_sender<S>::send_slice(const content_slice& slice) {
  if (slice.length == 0) co_return result<void>();
  if (!wire_.begin_data(out_, slice.length)) co_return broken_promise();
  auto sending = slice.source->descriptor() >= 0 ? send_file(slice) : send_copied(slice);
  const auto sent = co_await sending;
  if (sent) wire_.end_data(out_);
  co_return sent;
}

template <looped_stream S>
task<result<void>> body_sender<S>::send_file(const content_slice& slice) {
  const auto head_sent = co_await flush(true);
  if (!head_sent) co_return head_sent;
  const int descriptor = slice.source->descriptor();
  if constexpr (requires { stream_.expect_much(); }) stream_.expect_much();
  for (std::uint64_t done = 0; done < slice.length;) {
    const std::uint64_t left = slice.length - done;
    // No more in one turn: what a fast peer has not taken yet falls out of the processor's cache.
    const std::uint64_t part = left < turn_size ? left : turn_size;
    pace_.begin();
    const auto sent = co_await stream_.send_file(descriptor, slice.offset + done, part);
    pace_.end();
    peer_failed_ = !sent;
    if (!sent) co_return sent.error();
    if (*sent < part) co_return error(error_kind::io, "body: the file ended before its length");
    done += *sent;
    if (done == slice.length) break;
    auto others = stream_.loop().yield();  // a fast peer shall not have us to itself
    co_await others;
  }
  co_return result<void>();
}

template <looped_stream S>
task<result<void>> body_sender<S>::send_copied(const content_slice& slice) {
  const auto room = std::make_unique_for_overwrite<char[]>(window_);
  for (std::uint64_t done = 0; done < slice.length;) {
    const std::uint64_t left = slice.length - done;
    const std::span<char> into(room.get(), left < window_ ? static_cast<std::size_t>(left) : window_);
    const auto got = slice.source->read_at(slice.offset + done, into);
    if (!got) co_return got.error();
    if (*got == 0) co_return error(error_kind::io, "body: the content ended before its length");
    done += *got;
    const std::string_view data(room.get(), *got);
    const std::string_view nothing;
    const auto sent = co_await write(data, nothing, done < slice.length);
    if (!sent) co_return sent;
  }
  co_return result<void>();
}

template <looped_stream S>
task<result<void>> body_sender<S>::send_stream(body_stream& source) {
  for (;;) {
    if (share_.is_used_up(stream_.loop(), steps_of_piece)) {
      auto others = stream_.loop().yield();
      co_await others;
    }
    auto pulling = source.next();
    if (!pulling.try_start()) {  // it waits: what is ready must not wait with it
      const auto flushed = co_await flush();
      if (!flushed) co_return flushed;
    }
    const auto pulled = co_await pulling;
    if (!pulled) co_return pulled.error();
    if (pulled->empty()) co_return result<void>();
    if (!wire_.begin_data(out_, pulled->size())) co_return broken_promise();
    std::string end;
    wire_.end_data(end);
    const auto sent = co_await write(*pulled, end, false);
    if (!sent) co_return sent;
  }
}

}  // namespace tinyhttp
