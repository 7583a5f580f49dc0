// tinyhttp/net/stream.hpp -- the concept that every connection meets, whatever is below it.
//
// The layers above are written once over this concept: tcp_stream (many on a loop), blocking_stream (one in a
// thread), and the memory streams of tests. Knows no protocol.
#pragma once

#include <tinyhttp/core/clock.hpp>
#include <tinyhttp/core/function.hpp>
#include <tinyhttp/core/result.hpp>
#include <tinyhttp/net/address.hpp>

#include <concepts>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace tinyhttp::net {

/// `co_await`ing an `A` yields a `T`.
template <class A, class T>
concept awaitable_for = requires(A& a) {
  { a.await_ready() } -> std::same_as<bool>;
  { a.await_resume() } -> std::same_as<T>;
};

/// A connection. One thread; at most one operation of each direction (read, readable | write, send_file) at a time.
/// The arguments of an operation must live until it ends. An operation that is destroyed while it waits does not
/// affect later ones, but octets may have been written.
///
///     read(into)                 how many octets came, 0 once the peer has closed its sending side
///     readable()                 ends when `read` would have something to say; takes no buffer
///     write(pieces)              all octets of all pieces, in order, gathered
///     send_file(fd, at, length)  how many octets went out; fewer only if the file ended early
///     expires_at(when)           a pending or later operation fails with `timeout` from then on;
///                                moving it later costs nothing
///     received(), sent()         octets so far
///     peer_gone()                reset, or closed both ways, as far as known without reading
///     on_peer_gone(f)            calls `f` once when that happens, from the loop
///     shutdown_send()            the peer will read an end after what was written
///     close(), abort()           pending operations fail with `cancelled`; abort resets the peer
template <class S>
concept stream = requires(S& s, const S& c, std::span<char> into,
                          std::span<const std::string_view> pieces, int fd, std::uint64_t n,
                          time_point when, function<void()> f) {
  { s.read(into) } -> awaitable_for<result<std::size_t>>;
  { s.readable() } -> awaitable_for<result<void>>;
  { s.write(pieces) } -> awaitable_for<result<void>>;
  { s.send_file(fd, n, n) } -> awaitable_for<result<std::uint64_t>>;
  s.expires_at(when);
  s.never_expires();
  { c.received() } -> std::same_as<std::uint64_t>;
  { c.sent() } -> std::same_as<std::uint64_t>;
  { s.peer_gone() } -> std::same_as<bool>;
  s.on_peer_gone(std::move(f));
  s.shutdown_send();
  s.close();
  s.abort();
  { c.peer() } -> std::convertible_to<const address&>;
  { c.local_address() } -> std::same_as<result<address>>;
};

/// An operation that has finished before it is awaited.
template <class T>
class completed {
 public:
  explicit completed(result<T> outcome) : outcome_(std::move(outcome)) {}
  [[nodiscard]] bool await_ready() const noexcept { return true; }
  void await_suspend(std::coroutine_handle<>) const noexcept {}
  result<T> await_resume() { return std::move(outcome_); }

 private:
  result<T> outcome_;
};

}  // namespace tinyhttp::net
