// tinyhttp/server/send_body.hpp -- puts the body of a message onto a stream, whatever it is made of.
//
// The join of body.hpp, h1's account of what was promised, and a stream. Octets are gathered with
// what waits to be sent, files go by sendfile, streams are pulled no faster than the peer takes them.
#pragma once

#include <tinyhttp/core/clock.hpp>
#include <tinyhttp/core/result.hpp>
#include <tinyhttp/core/task.hpp>
#include <tinyhttp/h1/connection.hpp>
#include <tinyhttp/http/body.hpp>
#include <tinyhttp/net/stream.hpp>
#include <tinyhttp/server/options.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

namespace tinyhttp {

/// A deadline that moves on with the octets: `grace`, and then at the least rate on average.
template <net::stream S>
class least_rate {
 public:
  least_rate(S& on, const patience& with, time_point start, std::uint64_t octets_before) noexcept
      : stream_(on), patience_(with), start_(start), before_(octets_before) {}

  /// Sets the stream's deadline for a peer that has moved `octets` in all.
  void expect(std::uint64_t octets) {
    const std::uint64_t rate = patience_.octets_per_second;
    if (rate == 0) return stream_.never_expires();
    const std::chrono::seconds earned((octets - before_) / rate);
    stream_.expires_at(start_ + patience_.grace + earned);
  }

 private:
  S& stream_;
  const patience& patience_;
  time_point start_;
  std::uint64_t before_;
};

/// Sends one body. Refers to everything it is given; lives as long as the sending.
template <net::stream S>
class body_sender {
 public:
  /// `out`: octets that wait to be sent in front, such as the head.
  body_sender(S& stream, h1::connection& wire, std::string& out, least_rate<S>& pace) noexcept
      : stream_(stream), wire_(wire), out_(out), pace_(pace) {}

  /// Sends all of `b` and the end of the message. After an error only cutting the connection tells
  /// the peer the truth. The end may be left in `out`.
  [[nodiscard]] task<result<void>> send(const body& b);

  /// Sends what waits in `out`. `more`: something follows at once.
  [[nodiscard]] task<result<void>> flush(bool more = false);

 private:
  static constexpr std::size_t window = 256 * 1024;  // octets between two looks at the deadline

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
};

// ---------------------------------------------------------------------------------------------

template <net::stream S>
task<result<void>> body_sender<S>::send(const body& b) {
  result<void> sent;
  if (auto* source = b.stream()) {
    sent = co_await send_stream(*source);
  } else if (const auto* slice = b.slice()) {
    sent = co_await send_slice(*slice);
  } else if (const auto* pieces = b.pieces()) {
    for (const auto& piece : *pieces) {
      if (const auto* octets = std::get_if<std::string>(&piece)) {
        sent = co_await send_octets(*octets);
      } else {
        sent = co_await send_slice(*std::get_if<content_slice>(&piece));
      }
      if (!sent) break;
    }
  } else {
    sent = co_await send_octets(b.text());
  }
  if (!sent) co_return sent;
  if (!wire_.finish(out_, b.trailers())) co_return broken_promise();
  co_return sent;
}

/// Writes `out`, `data` and `behind` in one go.
template <net::stream S>
task<result<void>> body_sender<S>::write(std::string_view data, std::string_view behind, bool more) {
  pace_.expect(stream_.sent());
  const std::array<std::string_view, 3> pieces{out_, data, behind};
  result<void> sent;
  if constexpr (requires(S& s) { s.write(pieces, true); }) {
    sent = co_await stream_.write(pieces, more);
  } else {
    sent = co_await stream_.write(pieces);
  }
  out_.clear();
  co_return sent;
}

template <net::stream S>
task<result<void>> body_sender<S>::flush(bool more) {
  if (out_.empty()) co_return result<void>();
  co_return co_await write({}, {}, more);
}

template <net::stream S>
task<result<void>> body_sender<S>::send_octets(std::string_view octets) {
  while (!octets.empty()) {
    const auto part = octets.substr(0, window);
    octets.remove_prefix(part.size());
    if (!wire_.begin_data(out_, part.size())) co_return broken_promise();
    std::string end;
    wire_.end_data(end);
    const auto sent = co_await write(part, end, !octets.empty());
    if (!sent) co_return sent;
  }
  co_return result<void>();
}

template <net::stream S>
task<result<void>> body_sender<S>::send_slice(const content_slice& slice) {
  if (slice.length == 0) co_return result<void>();
  if (!wire_.begin_data(out_, slice.length)) co_return broken_promise();
  result<void> sent;
  if (slice.source->descriptor() >= 0) {
    sent = co_await send_file(slice);
  } else {
    sent = co_await send_copied(slice);
  }
  if (sent) wire_.end_data(out_);
  co_return sent;
}

template <net::stream S>
task<result<void>> body_sender<S>::send_file(const content_slice& slice) {
  const auto head_sent = co_await flush(true);
  if (!head_sent) co_return head_sent;
  const int descriptor = slice.source->descriptor();
  for (std::uint64_t done = 0; done < slice.length;) {
    const std::uint64_t left = slice.length - done;
    const std::uint64_t part = left < 4 * window ? left : 4 * window;
    pace_.expect(stream_.sent());
    const auto sent = co_await stream_.send_file(descriptor, slice.offset + done, part);
    if (!sent) co_return sent.error();
    if (*sent < part) co_return error(error_kind::io, "body: the file ended before its length");
    done += *sent;
  }
  co_return result<void>();
}

template <net::stream S>
task<result<void>> body_sender<S>::send_copied(const content_slice& slice) {
  const auto room = std::make_unique_for_overwrite<char[]>(window);
  for (std::uint64_t done = 0; done < slice.length;) {
    const std::uint64_t left = slice.length - done;
    const std::span<char> into(room.get(), left < window ? static_cast<std::size_t>(left) : window);
    const auto got = slice.source->read_at(slice.offset + done, into);
    if (!got) co_return got.error();
    if (*got == 0) co_return error(error_kind::io, "body: the content ended before its length");
    done += *got;
    const auto sent = co_await write({room.get(), *got}, {}, done < slice.length);
    if (!sent) co_return sent;
  }
  co_return result<void>();
}

template <net::stream S>
task<result<void>> body_sender<S>::send_stream(body_stream& source) {
  for (;;) {
    auto pulling = source.next();
    if (!pulling.try_start()) {  // it waits: what is ready must not wait with it
      const auto flushed = co_await flush();
      if (!flushed) co_return flushed;
      stream_.never_expires();
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
