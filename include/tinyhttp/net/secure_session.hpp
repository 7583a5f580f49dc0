// tinyhttp/net/secure_session.hpp -- secures a connection (TLS), as octets in and octets out.
//
// An interface only, so that nobody needs a TLS library who uses none: tls.hpp brings the sessions of
// OpenSSL. Knows no stream and waits for nothing; secured_stream.hpp runs one over a stream.
#pragma once

#include <tinyhttp/core/owned.hpp>
#include <tinyhttp/core/result.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace tinyhttp::net {

/// One end of a secure connection. Errors are of kind `tls` and end it; what is then outgoing tells
/// the peer. One thread at a time.
class secure_session {
 public:
  secure_session() = default;
  secure_session(const secure_session&) = delete;
  secure_session& operator=(const secure_session&) = delete;
  virtual ~secure_session() = default;

  /// Goes on with the handshake. True: it is done. False: the peer has to say more.
  [[nodiscard]] virtual result<bool> handshake() = 0;

  /// Plain octets for the front of `into`: how many. 0: the peer has to say more, or `ended()`.
  [[nodiscard]] virtual result<std::size_t> decrypt(std::span<char> into) = 0;
  /// `decrypt` would give something else than a wish for more.
  [[nodiscard]] virtual bool has_news() = 0;
  /// The peer has said that nothing comes behind what was decrypted.
  [[nodiscard]] virtual bool ended() const noexcept = 0;

  /// Takes `plain` in, to be outgoing.
  [[nodiscard]] virtual result<void> encrypt(std::string_view plain) = 0;
  /// Tells the peer that nothing more comes.
  virtual void end() noexcept = 0;

  /// Puts what is to be sent behind `to`, and forgets it.
  virtual void take_outgoing(std::string& to) = 0;

  /// Room for octets from the peer, and how many have come into it.
  [[nodiscard]] virtual std::span<char> room() = 0;
  virtual void received(std::size_t octets) noexcept = 0;
  /// Gives back the memory of `room` while nothing is in it.
  virtual void rest() noexcept = 0;

  /// On a server: a request for `host`, as in a Host field, may be answered here. False: a connection that had
  /// named it would have had to show more, such as a certificate.
  [[nodiscard]] virtual bool covers(std::string_view) const { return true; }
  /// The name that the client asked for (SNI), on a server; empty: none.
  [[nodiscard]] virtual std::string server_name() const = 0;
  /// Whom the peer's certificate is for, such as `CN=me`; empty: it has shown none.
  [[nodiscard]] virtual std::string peer_subject() const = 0;
};

/// Creates sessions that share certificates and settings. Any thread.
class secure_context {
 public:
  secure_context() = default;
  secure_context(const secure_context&) = delete;
  secure_context& operator=(const secure_context&) = delete;
  virtual ~secure_context() = default;

  /// A session with `host`, a name or an address, whose certificate has to be for it; with the same
  /// host and port an earlier one may be resumed. On a server neither means anything.
  [[nodiscard]] virtual result<owned<secure_session>> begin(std::string_view host, std::uint16_t port) const = 0;
};

}  // namespace tinyhttp::net
