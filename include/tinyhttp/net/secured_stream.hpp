// tinyhttp/net/secured_stream.hpp -- a stream that may have a secure session between it and its user.
//
// Without a session, every operation is the stream's own. With one, octets pass through it, in coroutines written
// once for any stream below. Knows no TLS library.
#pragma once

#include <tinyhttp/core/bounds.hpp>
#include <tinyhttp/core/function.hpp>
#include <tinyhttp/core/owned.hpp>
#include <tinyhttp/core/result.hpp>
#include <tinyhttp/core/task.hpp>
#include <tinyhttp/net/address.hpp>
#include <tinyhttp/net/flight.hpp>
#include <tinyhttp/net/layered_operation.hpp>
#include <tinyhttp/net/secure_session.hpp>
#include <tinyhttp/net/stream.hpp>
#include <tinyhttp/net/system.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace tinyhttp::net {

class loop;

/// A `net::stream` on top of another. If the octets below end before the session does, that is an error (`closed`),
/// not an end: an attacker may have cut the connection.
template <stream Under>
class secured_stream {
 public:
  using pieces = std::span<const std::string_view>;
  using read_operation =
      detail::operation_over<decltype(std::declval<Under&>().read(std::span<char>())), result<std::size_t>>;
  using readable_operation =
      detail::operation_over<decltype(std::declval<Under&>().readable()), result<void>>;
  using write_operation =
      detail::operation_over<decltype(std::declval<Under&>().write(pieces())), result<void>>;
  using send_file_operation =
      detail::operation_over<decltype(std::declval<Under&>().send_file(0, 0, 0)), result<std::uint64_t>>;

  template <class... Args>
  explicit secured_stream(Args&&... opened_with) : under_(std::forward<Args>(opened_with)...) {}
  secured_stream(const secured_stream&) = delete;
  secured_stream& operator=(const secured_stream&) = delete;
  ~secured_stream() { close(); }

  /// From now on octets pass through `session`. `handshake` or the first operation does the handshake; until it is
  /// over, no other operation may run.
  void secure(owned<secure_session> session) noexcept { session_ = std::move(session); }
  /// The same with a session that `by` begins with `host`. If that fails, nothing is secured.
  [[nodiscard]] result<void> secure(const secure_context& by, std::string_view host, std::uint16_t port) {
    auto session = by.begin(host, port);
    if (!session) return session.error();
    secure(std::move(*session));
    return {};
  }
  [[nodiscard]] const secure_session* session() const noexcept { return session_.get(); }
  [[nodiscard]] task<result<void>> handshake();

  [[nodiscard]] read_operation read(std::span<char> into) {
    return carry_out<read_operation>([&] { return under_.read(into); }, [&] { return decrypt(into); });
  }
  [[nodiscard]] readable_operation readable() {
    return carry_out<readable_operation>([&] { return under_.readable(); }, [&] { return await_news(); });
  }
  [[nodiscard]] write_operation write(pieces all, bool more = false) {
    return carry_out<write_operation>([&] { return under_.write(all, more); }, [&] { return encrypt(all); });
  }
  [[nodiscard]] send_file_operation send_file(int fd, std::uint64_t offset, std::uint64_t length) {
    return carry_out<send_file_operation>([&] { return under_.send_file(fd, offset, length); },
                                          [&] { return encrypt_file(fd, offset, length); });
  }
  /// `read` would return at once, with octets or the end. Takes in what has arrived, and never waits. Not while an
  /// operation reads.
  [[nodiscard]] bool has_news();

  void expires_at(time_point when) { under_.expires_at(when); }
  void never_expires() { under_.never_expires(); }
  /// Plain octets.
  [[nodiscard]] std::uint64_t received() const noexcept { return session_ ? received_ : under_.received(); }
  [[nodiscard]] std::uint64_t sent() const noexcept { return session_ ? sent_ : under_.sent(); }
  /// The octets below ended before the session did.
  [[nodiscard]] bool is_cut_off() const noexcept { return cut_off_; }
  /// Encrypted octets not yet given to the stream below.
  [[nodiscard]] std::size_t unsent() const noexcept { return flight_.rest(); }
  [[nodiscard]] bool peer_gone() noexcept { return under_.peer_gone(); }
  void on_peer_gone(function<void()> f) { under_.on_peer_gone(std::move(f)); }
  void take_closing_for_gone() noexcept { under_.take_closing_for_gone(); }

  /// Announces the end to the peer, and waits until the system has taken that; reading may continue.
  [[nodiscard]] task<result<void>> finish();
  /// Both of these announce the end to the peer, as far as the system takes that at once.
  result<void> shutdown_send() {
    say_end();
    return under_.shutdown_send();
  }
  void close() noexcept {
    say_end();
    under_.close();
  }
  void abort() noexcept { under_.abort(); }

  /// The stream below. Writing to it breaks the session.
  [[nodiscard]] Under& below() noexcept { return under_; }
  [[nodiscard]] const Under& below() const noexcept { return under_; }
  [[nodiscard]] int native() const noexcept
    requires requires(const Under& u) { u.native(); }
  {
    return under_.native();
  }
  [[nodiscard]] net::loop& loop() const noexcept
    requires requires(const Under& u) { u.loop(); }
  {
    return under_.loop();
  }
  void expect_much() noexcept
    requires requires(Under& u) { u.expect_much(); }
  {
    under_.expect_much();
  }
  [[nodiscard]] decltype(auto) peer() const noexcept { return under_.peer(); }
  [[nodiscard]] result<address> local_address() const { return under_.local_address(); }

 private:
  static constexpr std::size_t record_size = 16 * 1024;  // RFC 8446 5.1
  static constexpr std::size_t flight_size = 4 * record_size;

  template <class Operation, class Plain, class Secured>
  Operation carry_out(Plain plain, Secured secured) {
    if constexpr (std::is_same_v<Operation, decltype(plain())>) {
      if (!session_) return plain();
      auto running = secured();
      running.start();
      return Operation(running.take());
    } else {
      return Operation(static_cast<bool>(session_), plain, secured);
    }
  }

  task<result<void>> flush();
  task<result<std::size_t>> decrypt(std::span<char> into);
  task<result<void>> await_news();
  task<result<void>> encrypt(pieces all);
  task<result<std::uint64_t>> encrypt_file(int fd, std::uint64_t offset, std::uint64_t length);
  void say_end() noexcept;
  /// The stream below has something, or might.
  [[nodiscard]] bool is_below_ready() noexcept {
    if constexpr (requires(Under& u) { u.native(); }) {
      pollfd set{under_.native(), POLLIN, 0};
      return os::poll(&set, 1, 0) > 0;
    } else {
      return true;
    }
  }
  [[nodiscard]] error cut_off() const {
    return {error_kind::closed, "read from " + address(under_.peer()).to_string() + ": cut off below TLS"};
  }

  Under under_;
  owned<secure_session> session_;
  detail::flight flight_;
  std::uint64_t received_ = 0;
  std::uint64_t sent_ = 0;
  bool established_ = false;
  bool cut_off_ = false;
  bool ended_ = false;  // the peer has been told
};

// ---------------------------------------------------------------------------------------------

/// Sends all that is outgoing.
template <stream Under>
task<result<void>> secured_stream<Under>::flush() {
  for (std::string_view octets = flight_.next(*session_); !octets.empty(); octets = flight_.next(*session_)) {
    const std::string_view parts[] = {octets};
    const pieces all(parts);
    const detail::departure leaving(flight_, under_);
    const result<void> written = co_await under_.write(all);
    if (!written) co_return written;
  }
  flight_.shrink(2 * record_size);
  co_return result<void>();
}

/// To the end of the handshake. Errors of the session are told to the peer, and are of kind `tls`.
template <stream Under>
task<result<void>> secured_stream<Under>::handshake() {
  while (!established_) {
    const result<bool> done = session_->handshake();
    auto flushing = flush();
    const result<void> flushed = co_await flushing;
    if (!done) co_return done.error();
    if (!flushed) co_return flushed;
    established_ = *done;
    if (established_) break;
    const std::span<char> room = session_->room();
    const result<std::size_t> got = co_await under_.read(room);
    if (!got) co_return got.error();
    if (*got == 0) co_return error(error_kind::tls, "TLS: connection closed in the handshake");
    session_->received(*got);
  }
  co_return result<void>();
}

template <stream Under>
task<result<std::size_t>> secured_stream<Under>::decrypt(std::span<char> into) {
  if (!established_) {
    auto making = handshake();
    const result<void> made = co_await making;
    if (!made) co_return made.error();
  }
  for (;;) {
    const result<std::size_t> count = session_->decrypt(into);
    if (!count) co_return count;
    received_ += *count;
    if (*count > 0 || session_->ended()) co_return count;
    if (cut_off_) co_return cut_off();
    const std::span<char> room = session_->room();
    const result<std::size_t> got = co_await under_.read(room);
    if (!got) co_return got;
    cut_off_ = *got == 0;
    session_->received(*got);
  }
}

/// Holds no memory while it waits for the peer.
template <stream Under>
task<result<void>> secured_stream<Under>::await_news() {
  if (!established_) {
    auto making = handshake();
    const result<void> made = co_await making;
    if (!made) co_return made;
  }
  while (!session_->has_news() && !cut_off_) {
    session_->rest();
    const result<void> ready = co_await under_.readable();
    if (!ready) co_return ready;
    const std::span<char> room = session_->room();
    const result<std::size_t> got = co_await under_.read(room);
    if (!got) co_return got.error();
    cut_off_ = *got == 0;
    session_->received(*got);
  }
  co_return result<void>();
}

template <stream Under>
bool secured_stream<Under>::has_news() {
  if (!session_) return is_below_ready();
  while (!session_->has_news() && !cut_off_) {
    if (!is_below_ready()) return false;
    auto reading = under_.read(session_->room());
    if (!reading.await_ready()) return false;
    const result<std::size_t> got = reading.await_resume();
    if (!got) return true;
    cut_off_ = *got == 0;
    session_->received(*got);
  }
  return true;
}

template <stream Under>
task<result<void>> secured_stream<Under>::encrypt(pieces all) {
  if (!established_) {
    auto making = handshake();
    const result<void> made = co_await making;
    if (!made) co_return made;
  }
  auto flushing = flush();  // what an operation that was given up has left
  result<void> flushed = co_await flushing;
  std::size_t sealed = 0;
  for (std::string_view piece : all)
    while (flushed && !piece.empty()) {
      const std::string_view part = piece.substr(0, record_size);
      piece.remove_prefix(part.size());
      if (const auto taken = session_->encrypt(part); !taken) co_return taken;
      sent_ += part.size();
      sealed += part.size();
      if (sealed < flight_size) continue;
      sealed = 0;
      flushing = flush();
      flushed = co_await flushing;
    }
  if (!flushed) co_return flushed;
  flushing = flush();
  flushed = co_await flushing;
  co_return flushed;
}

template <stream Under>
task<result<std::uint64_t>> secured_stream<Under>::encrypt_file(int fd, std::uint64_t offset,
                                                                std::uint64_t length) {
  std::string room;
  std::uint64_t done = 0;
  while (done < length) {
    room.resize(at_most(length - done, flight_size));
    const std::int64_t count = os::pread(fd, room.data(), room.size(), offset + done);
    if (count == -EINTR) continue;
    if (count < 0) co_return system_error("read a file to send", static_cast<int>(-count));
    if (count == 0) break;
    const std::string_view parts[] = {std::string_view(room).substr(0, static_cast<std::size_t>(count))};
    const pieces all(parts);
    auto writing = encrypt(all);
    const result<void> written = co_await writing;
    if (!written) co_return written.error();
    done += static_cast<std::uint64_t>(count);
  }
  co_return done;
}

template <stream Under>
task<result<void>> secured_stream<Under>::finish() {
  if (!session_ || !established_ || ended_) co_return result<void>();
  ended_ = true;
  session_->end();
  auto flushing = flush();
  const result<void> flushed = co_await flushing;
  if (!flushed) flight_.give_up();
  co_return flushed;
}

template <stream Under>
void secured_stream<Under>::say_end() noexcept {
  if (!session_ || !established_ || ended_) return;
  ended_ = true;
  if (unsent() > 0) return;  // in the middle of something: the end would not be read as one
  session_->end();
  const std::string_view octets = flight_.next(*session_);
  if (octets.empty()) return;
  if constexpr (requires { under_.native(); }) {
    static_cast<void>(os::send(under_.native(), octets.data(), octets.size(), MSG_DONTWAIT));
    flight_.give_up();  // what the system has not taken stays unsaid
  } else {
    const std::string_view parts[] = {octets};
    const detail::departure leaving(flight_, under_);
    auto writing = under_.write(parts);
    static_cast<void>(writing.await_ready());
  }
}

}  // namespace tinyhttp::net
