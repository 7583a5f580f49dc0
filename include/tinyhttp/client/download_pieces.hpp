// tinyhttp/client/download_pieces.hpp -- the missing ranges of a file, over several connections.
//
// Each connection is a thread with a range to ask for under If-Range (RFC 9110 13.1.5, 14). One
// that fails gives its rest back to the others. Knows no notes, no names, no second attempts.
#pragma once

#include <tinyhttp/client/client.hpp>
#include <tinyhttp/client/part_file.hpp>
#include <tinyhttp/client/part_origin.hpp>
#include <tinyhttp/core/ascii.hpp>
#include <tinyhttp/core/atomic.hpp>
#include <tinyhttp/core/bounds.hpp>
#include <tinyhttp/core/function.hpp>
#include <tinyhttp/core/mutex.hpp>
#include <tinyhttp/core/result.hpp>
#include <tinyhttp/core/thread.hpp>
#include <tinyhttp/http/content_range.hpp>
#include <tinyhttp/http/range.hpp>
#include <tinyhttp/http/response.hpp>
#include <tinyhttp/http/url.hpp>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tinyhttp::detail {

/// The request of a download; `call_options` itself cannot be copied.
[[nodiscard]] inline call_options same_call(const call_options& how) {
  call_options call;
  call.method = how.method;
  call.fields = how.fields;
  call.body = how.body;
  call.max_redirects = how.max_redirects;
  call.total_timeout = how.total_timeout;
  call.as_is = how.as_is;
  call.target = how.target;
  return call;
}

/// The range of a 206 if it belongs to the same file as `origin` and begins at `offset`.
[[nodiscard]] inline std::optional<byte_range> matching_range(const response& answer,
                                                              const part_origin& origin,
                                                              std::uint64_t offset) {
  const auto part = parse_content_range(answer.fields["Content-Range"]);
  if (!part || !part->range || part->range->offset != offset) return std::nullopt;
  if (!has_validator(answer.fields, origin.validator)) return std::nullopt;
  if (part->size && origin.total && *part->size != *origin.total) return std::nullopt;
  return part->range;
}

/// Cuts what is missing into about `count` pieces of one size, none shorter than `smallest` unless
/// it is all there is in its place.
[[nodiscard]] inline std::vector<byte_range> cut_in_pieces(const std::vector<byte_range>& missing,
                                                           std::size_t count,
                                                           std::uint64_t smallest) {
  std::uint64_t sum = 0;
  for (const byte_range& gap : missing) sum += gap.length;
  const std::uint64_t share = sum / count + 1;
  const std::uint64_t size = share < smallest ? smallest : share;
  std::vector<byte_range> pieces;
  for (byte_range gap : missing)
    while (gap.length > 0) {
      const std::uint64_t length = gap.length < 2 * smallest ? gap.length : at_most(size, gap.length);
      pieces.push_back({gap.offset, length});
      gap.offset += length;
      gap.length -= length;
    }
  return pieces;
}

/// Why the last connection gave up.
struct piece_failure {
  error why;
  int status = 0;                // of the answer that was refused; 0: another reason
  std::string retry_after = {};  // and its Retry-After and Date
  std::string date = {};
};

template <class Client>
class piece_fetcher {
 public:
  /// `came` is called with each range that has been written to the file, by one thread at a time; an error ends
  /// everything.
  using range_sink = function<result<void>(byte_range)>;

  piece_fetcher(Client& with, const url& from, const call_options& ask, const part_origin& origin,
                const part_file& file, range_sink came)
      : client_(with), from_(from), ask_(ask), origin_(origin), file_(file), came_(std::move(came)) {}

  /// Fetches `pieces` over at most `connections` connections. True: all of them are in the file.
  /// False: the server has another file now, or no ranges any more. An error leaves holes.
  result<bool> run(std::vector<byte_range> pieces, std::size_t connections);

  [[nodiscard]] const std::optional<piece_failure>& failure() const noexcept { return failure_; }
  [[nodiscard]] std::optional<response>& head() noexcept { return head_; }  // of one answer

 private:
  void work() noexcept;
  std::optional<byte_range> take();
  std::optional<piece_failure> fetch(byte_range& rest);
  std::optional<piece_failure> receive(response& answer, byte_range got, byte_range& rest);
  bool is_stopping() {
    const std::lock_guard lock(guard_);
    return stopping_;
  }
  void give_back(byte_range rest, std::optional<piece_failure> why);
  [[nodiscard]] piece_failure failed(error_kind kind, std::string_view why) const {
    return {error(kind, describe(ask_.method, from_).append(": ").append(why))};
  }

  Client& client_;
  const url& from_;
  const call_options& ask_;
  const part_origin& origin_;
  const part_file& file_;
  range_sink came_;

  threading::atomic<std::size_t> done_{0};  // pieces
  std::mutex guard_;                  // of all below
  std::vector<byte_range> left_;
  bool stopping_ = false;
  bool changed_ = false;
  std::optional<piece_failure> failure_;
  std::exception_ptr thrown_;
  std::optional<response> head_;
};

template <class Client>
std::optional<byte_range> piece_fetcher<Client>::take() {
  const std::lock_guard lock(guard_);
  if (stopping_ || left_.empty()) return std::nullopt;
  const byte_range next = left_.front();
  left_.erase(left_.begin());
  return next;
}

template <class Client>
void piece_fetcher<Client>::give_back(byte_range rest, std::optional<piece_failure> why) {
  const std::lock_guard lock(guard_);
  if (rest.length > 0) left_.push_back(rest);
  if (!why) return;
  const auto kind = why->why.kind();
  const bool ends_all = kind == error_kind::io || kind == error_kind::cancelled;
  if (ends_all || !failure_) failure_ = std::move(why);
  stopping_ = stopping_ || ends_all;
}

/// Asks for `rest` until all of it is there, or all are to stop.
template <class Client>
std::optional<piece_failure> piece_fetcher<Client>::fetch(byte_range& rest) {
  while (rest.length > 0 && !is_stopping()) {
    call_options call = same_call(ask_);
    call.fields.set("Range", format_range(rest.offset, rest.length));
    call.fields.set("If-Range", origin_.validator);
    auto answer = client_.open(from_.to_string(), std::move(call));
    if (!answer) return piece_failure{answer.error()};
    const int code = answer->status.code();
    if (code != 206 && code != 200 && code != 416) {
      auto why = failed(error_kind::protocol, answer->status.to_string());
      why.status = code;
      why.retry_after = answer->fields["Retry-After"];
      why.date = answer->fields["Date"];
      return why;
    }
    const auto got = code == 206 ? matching_range(*answer, origin_, rest.offset) : std::nullopt;
    if (!got || got->length > rest.length) {
      const std::lock_guard lock(guard_);
      changed_ = stopping_ = true;
      return std::nullopt;
    }
    if (auto why = receive(*answer, *got, rest)) return why;
  }
  return std::nullopt;
}

template <class Client>
std::optional<piece_failure> piece_fetcher<Client>::receive(response& answer, byte_range got,
                                                            byte_range& rest) {
  std::uint64_t left = got.length;
  for (;;) {
    const auto piece = pull(answer.body);
    if (!piece) return piece_failure{piece.error()};
    if (piece->size() > left) return failed(error_kind::protocol, "more octets than its range has");
    if (piece->empty()) break;
    if (const auto written = file_.write_at(rest.offset, *piece); !written)
      return piece_failure{written.error()};
    const byte_range here{rest.offset, piece->size()};
    rest.offset += here.length;
    rest.length -= here.length;
    left -= here.length;
    const std::lock_guard lock(guard_);
    if (const auto taken = came_(here); !taken) return piece_failure{taken.error()};
    if (stopping_) return std::nullopt;
  }
  if (left > 0)
    return failed(error_kind::protocol, "got " + ascii::to_decimal(got.length - left) + " of " +
                                            ascii::to_decimal(got.length) + " octets of a range");
  const std::lock_guard lock(guard_);
  answer.body = {};
  if (!head_) head_ = std::move(answer);
  return std::nullopt;
}

template <class Client>
void piece_fetcher<Client>::work() noexcept {
  try {
    while (auto next = take()) {
      byte_range rest = *next;
      auto why = fetch(rest);
      const bool fine = !why && rest.length == 0;
      if (fine) done_.fetch_add(1);
      if (!fine) give_back(rest, std::move(why));
      if (!fine) return;  // the others take it over, each but once
    }
  } catch (...) {  // the caller's own, out of `came`
    const std::lock_guard lock(guard_);
    thrown_ = std::current_exception();
    stopping_ = true;
  }
}

template <class Client>
result<bool> piece_fetcher<Client>::run(std::vector<byte_range> pieces, std::size_t connections) {
  left_ = std::move(pieces);
  const std::size_t wanted = at_most(connections, left_.size());
  std::vector<threading::thread> others(wanted > 0 ? wanted - 1 : 0);
  const auto work_here = [](void* self) noexcept { static_cast<piece_fetcher*>(self)->work(); };
  for (threading::thread& each : others)
    if (each.start(work_here, this) != 0) break;  // no more threads: those that are there will do
  work();
  for (threading::thread& each : others) each.join();
  if (done_.load() > 0) work();  // what was given back after the others had left
  if (thrown_) std::rethrow_exception(thrown_);
  if (changed_) return false;
  if (!left_.empty() || (stopping_ && failure_)) return failure_->why;
  return true;
}

}  // namespace tinyhttp::detail
