// tinyhttp/server/budget.hpp -- how much memory one connection may use for its peer, and for what.
//
// Arithmetic on the options, done once per server: the buffer sizes, and the maximum sum of these and the bounds on
// messages. tests/server/budget.cpp measures that no connection exceeds it.
#pragma once

#include <tinyhttp/core/ascii.hpp>
#include <tinyhttp/core/bounds.hpp>
#include <tinyhttp/core/result.hpp>
#include <tinyhttp/server/options.hpp>

#include <cstddef>
#include <cstdint>

namespace tinyhttp {

/// The buffer sizes of one connection, in octets: these, or smaller if `memory_per_connection` is small. Received
/// octets that are not consumed yet, as of pipelined requests, wait in `receive`.
struct connection_buffers {
  std::size_t receive = 16 * 1024;  // received at a time
  std::size_t gather = 64 * 1024;   // answers that wait to be sent together
  std::size_t small = 16 * 1024;    // a body that is copied after its head
  std::size_t window = 256 * 1024;  // of content without a descriptor that is being sent

  explicit connection_buffers(const server_options& with) noexcept {
    const std::size_t all = with.memory_per_connection;
    if (all == 0) return;
    receive = at_most(receive, all / 64 + 1);
    gather = at_most(gather, all / 32);
    small = at_most(small, all / 64);
    window = at_most(window, all / 8 + 1);
  }
};

/// The most octets that a connection with these options can hold for its peer. While a buffer grows, it has its old
/// and its new memory at once: three times its old content when it doubles, or twice if the final size is known. What
/// the handler and its response hold is not counted.
[[nodiscard]] inline std::uint64_t memory_needed(const server_options& with) noexcept {
  const connection_buffers buffers(with);
  const auto bounded = [](std::uint64_t bound) { return at_most(bound, std::uint64_t{1} << 56); };  // no sum wraps around
  const std::uint64_t head = bounded(with.limits.head);
  const std::uint64_t request = 4 * head + 4 * bounded(with.limits.trailer) + 128 * bounded(with.limits.fields);
  const std::uint64_t received = 3 * (2 * head + buffers.receive);
  const std::uint64_t answers = 3 * (std::uint64_t{buffers.gather} + buffers.small + head);
  const std::uint64_t frames = 8 * 1024;  // coroutines, and the connection itself
  // A record that comes, a flight that goes, a part of a file, and what OpenSSL has for itself.
  const std::uint64_t session = with.tls == nullptr ? 0 : (18 + 3 * 82 + 64 + 64) * 1024;
  return session + request + received + answers + buffers.window + 2 * bounded(with.body_limit) + frames;
}

/// Fails if the bounds do not fit into the configured budget.
[[nodiscard, gnu::cold]] inline result<void> check_budget(const server_options& with) {
  const std::uint64_t budget = with.memory_per_connection;
  const std::uint64_t needed = memory_needed(with);
  if (budget == 0 || needed <= budget) return {};
  return error(error_kind::invalid_argument,
               std::string("server options: memory_per_connection is ").append(ascii::to_decimal(budget))
                   .append(", but body_limit and limits need ").append(ascii::to_decimal(needed)));
}

}  // namespace tinyhttp
