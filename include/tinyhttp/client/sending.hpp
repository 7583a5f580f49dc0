// tinyhttp/client/sending.hpp -- sends a request's head and body, piece by piece.
//
// Octets are sent with the head in one gathered write, files by send_file, streams while they are pulled. Stops if
// the answer comes first. Does not interpret the answer.
#pragma once

#include <tinyhttp/client/connection.hpp>
#include <tinyhttp/core/bounds.hpp>
#include <tinyhttp/core/buffer.hpp>
#include <tinyhttp/core/chrono.hpp>
#include <tinyhttp/core/result.hpp>
#include <tinyhttp/core/task.hpp>
#include <tinyhttp/http/body.hpp>
#include <tinyhttp/net/stream.hpp>

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

namespace tinyhttp {

namespace detail {

/// A stream whose operations run through cannot be woken by an answer while it sends.
template <class Stream>
concept sends_in_thread = requires(Stream& s) {
  { s.readable() } -> std::same_as<net::completed<void>>;
  { s.native() } -> std::same_as<int>;
};

/// How long such a stream sends without looking whether an answer has come.
inline constexpr std::chrono::milliseconds between_looks{250};

}  // namespace detail

/// Sends the connection's `head_room`, and then `content`; the connection's wire must have begun the request. No
/// `content`: only the head is sent.
///
/// `answered` is called before each piece, on streams that wait in the thread and could not be woken by an
/// answer: true ends the sending. Others are destroyed by their owner.
template <net::stream Stream, class Answered>
class request_sender {
 public:
  request_sender(client_connection<Stream>& on, body* content, Answered answered)
      : c_(on), head_(on.head_room), content_(content), answered_(std::move(answered)) {}

  /// Ends when all is sent, when the answer came first, or with the error that stopped it. The sender must outlive
  /// the task.
  task<result<void>> run();

 private:
  task<result<void>> send_octets(std::string_view octets);
  task<result<void>> send_slice(const content_slice& slice);
  task<result<void>> send_file(const content_slice& slice, std::uint64_t done, std::uint64_t part);
  task<result<void>> send_pulled(body& from);
  task<result<void>> write(std::string_view octets);
  task<result<void>> write_head() { return write({}); }
  [[nodiscard]] bool goes_on_after(const error& cause, std::uint64_t moved);
  void expect_progress();
  [[nodiscard]] std::chrono::milliseconds longest_wait() const {
    const auto idle = c_.options().idle_timeout;
    return detail::sends_in_thread<Stream>
               ? at_most<std::chrono::milliseconds>(idle, detail::between_looks)
               : idle;
  }
  [[nodiscard]] error gave_up(const error& cause) {
    c_.wait_at_most(c_.options().idle_timeout);  // what the error line shall speak of
    return c_.failed(cause);
  }
  [[nodiscard]] bool stop() { return stopped_ = stopped_ || answered_(); }

  static constexpr std::size_t octets_at_a_time = 256 * 1024;  // between two looks for an answer
  static constexpr std::uint64_t file_octets_at_a_time = 1024 * 1024;

  client_connection<Stream>& c_;
  buffer& head_;  // framing in front of the octets that come next
  std::string_view tail_;  // framing behind them
  body* content_;
  Answered answered_;
  bool stopped_ = false;
  time_point give_up_{};  // without an octet moving until then
};

// ---------------------------------------------------------------------------------------------

/// An octet has moved, or is about to for the first time.
template <net::stream Stream, class Answered>
void request_sender<Stream, Answered>::expect_progress() {
  give_up_ = deadline_in(c_.now(), c_.options().idle_timeout);
}

/// A wait has ended: says whether to send the rest, having looked for an answer.
template <net::stream Stream, class Answered>
bool request_sender<Stream, Answered>::goes_on_after(const error& cause, std::uint64_t moved) {
  if (!detail::sends_in_thread<Stream> || cause.kind() != error_kind::timeout) return false;
  if (moved > 0) expect_progress();
  const time_point now = c_.now();
  return !c_.is_too_slow() && now < give_up_ && now < c_.options().deadline;
}

template <net::stream Stream, class Answered>
task<result<void>> request_sender<Stream, Answered>::write(std::string_view octets) {
  std::array<std::string_view, 3> parts{head_.view(), octets, tail_};
  const std::span<const std::string_view> all(parts);
  expect_progress();
  for (;;) {
    c_.wait_for_progress(longest_wait());
    const std::uint64_t before = c_.stream.sent();
    const result<void> written = co_await c_.stream.write(all);
    if (written) c_.progressed();
    if (written) break;
    std::uint64_t moved = c_.stream.sent() - before;
    if (!goes_on_after(written.error(), moved)) co_return gave_up(written.error());
    if (stop()) break;
    for (std::string_view& part : parts) {
      const auto gone = at_most(moved, part.size());
      part.remove_prefix(gone);
      moved -= gone;
    }
  }
  head_.clear();
  tail_ = {};
  co_return result<void>();
}

template <net::stream Stream, class Answered>
task<result<void>> request_sender<Stream, Answered>::send_octets(std::string_view octets) {
  while (!octets.empty() && !stop()) {
    const auto part = octets.substr(0, octets_at_a_time);
    octets.remove_prefix(part.size());
    if (!c_.wire.begin_data(head_, part.size()))
      co_return c_.about({error_kind::invalid_argument, "request body longer than its length"});
    tail_ = c_.wire.behind_data();
    const result<void> written = co_await write(part);
    if (!written) co_return written;
  }
  co_return result<void>();
}

template <net::stream Stream, class Answered>
task<result<void>> request_sender<Stream, Answered>::send_slice(const content_slice& slice) {
  if (slice.source->descriptor() < 0) {
    body copied(slice);
    const result<void> sent = co_await send_pulled(copied);
    co_return sent;
  }
  std::uint64_t done = 0;
  while (done < slice.length && !stop()) {
    const std::uint64_t part = at_most(slice.length - done, file_octets_at_a_time);
    if (!c_.wire.begin_data(head_, part))
      co_return c_.about({error_kind::invalid_argument, "request body longer than its length"});
    if (!head_.empty()) {
      const result<void> written = co_await write_head();
      if (!written) co_return written;
    }
    const result<void> sent = co_await send_file(slice, done, part);
    if (!sent) co_return sent;
    done += part;
  }
  co_return result<void>();
}

template <net::stream Stream, class Answered>
task<result<void>> request_sender<Stream, Answered>::send_file(const content_slice& slice, std::uint64_t done,
                                                               std::uint64_t part) {
  const int from = slice.source->descriptor();
  expect_progress();
  while (part > 0 && !stopped_) {
    c_.wait_for_progress(longest_wait());
    const std::uint64_t before = c_.stream.sent();
    const std::uint64_t offset = slice.offset + done;
    const result<std::uint64_t> sent = co_await c_.stream.send_file(from, offset, part);
    if (sent && *sent < part)
      co_return c_.about({error_kind::io, "the file to send ended before its length"});
    if (sent) c_.progressed();
    if (sent) break;
    const std::uint64_t moved = c_.stream.sent() - before;
    if (!goes_on_after(sent.error(), moved)) co_return gave_up(sent.error());
    static_cast<void>(stop());
    done += moved;
    part -= moved;
  }
  co_return result<void>();
}

template <net::stream Stream, class Answered>
task<result<void>> request_sender<Stream, Answered>::send_pulled(body& from) {
  while (!stop()) {
    task<result<std::string_view>> pulling = from.next();
    if (!pulling.try_start() && !head_.empty()) {  // it waits: what is ready must not wait with it
      const result<void> written = co_await write_head();
      if (!written) co_return written;
    }
    const result<std::string_view> piece = co_await pulling;
    if (!piece) co_return c_.about(piece.error());
    if (piece->empty()) break;
    const std::string_view octets = *piece;
    const result<void> written = co_await send_octets(octets);
    if (!written) co_return written;
  }
  co_return result<void>();
}

template <net::stream Stream, class Answered>
task<result<void>> request_sender<Stream, Answered>::run() {
  result<void> sent;
  c_.set_sending(true);
  const bool has_content = content_ != nullptr;
  if (has_content && content_->is_octets()) {
    const std::string_view octets = content_->text();
    sent = co_await send_octets(octets);
  } else if (const auto* slice = has_content ? content_->slice() : nullptr) {
    sent = co_await send_slice(*slice);
  } else if (const auto* pieces = has_content ? content_->pieces() : nullptr) {
    for (std::size_t i = 0; i < pieces->size() && sent && !stopped_; ++i) {
      const body_piece& piece = (*pieces)[i];
      if (piece.is_slice()) {
        sent = co_await send_slice(piece.slice);
      } else {
        sent = co_await send_octets(piece.octets);
      }
    }
  } else if (has_content) {
    sent = co_await send_pulled(*content_);
  }
  if (!sent || stopped_) co_return sent;
  if (has_content && !c_.wire.finish(head_, content_->trailers()))
    co_return c_.about({error_kind::invalid_argument, "request body shorter than its length"});
  if (!head_.empty()) sent = co_await write_head();
  if (sent && !stopped_) c_.set_sending(false);  // the wire's word is not enough: it has only composed
  co_return sent;
}

}  // namespace tinyhttp
