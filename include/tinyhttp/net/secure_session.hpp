// tinyhttp/net/secure_session.hpp -- secures a connection (TLS), as octets in and octets out.
//
// An interface only, so that programs without TLS need no TLS library: tls.hpp has OpenSSL's sessions. Knows no
// stream and never waits; secured_stream.hpp runs a session over a stream.
#pragma once

#include <tinyhttp/core/owned.hpp>
#include <tinyhttp/core/result.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace tinyhttp::net {

/// One end of a secure connection. Errors are of kind `tls` and end it; the outgoing octets then tell the peer. One
/// thread at a time.
class secure_session {
 public:
  secure_session() = default;
  secure_session(const secure_session&) = delete;
  secure_session& operator=(const secure_session&) = delete;
  virtual ~secure_session() = default;

  /// Continues the handshake. True: it is done. False: it needs more from the peer.
  [[nodiscard]] virtual result<bool> handshake() = 0;

  /// Decrypts into the front of `into` and returns how many octets. 0: it needs more from the peer, or `ended()`.
  [[nodiscard]] virtual result<std::size_t> decrypt(std::span<char> into) = 0;
  /// `decrypt` would return something other than a need for more.
  [[nodiscard]] virtual bool has_news() = 0;
  /// The peer has announced the end, after what was decrypted.
  [[nodiscard]] virtual bool ended() const noexcept = 0;

  /// Encrypts `plain` into the outgoing octets.
  [[nodiscard]] virtual result<void> encrypt(std::string_view plain) = 0;
  /// Announces our end to the peer.
  virtual void end() noexcept = 0;

  /// Moves the outgoing octets to the end of `to`.
  virtual void take_outgoing(std::string& to) = 0;

  /// Room for octets from the peer, and how many were received into it.
  [[nodiscard]] virtual std::span<char> room() = 0;
  virtual void received(std::size_t octets) noexcept = 0;
  /// Frees the memory of `room` if it is empty.
  virtual void rest() noexcept = 0;

  /// On a server: a request for `host`, as in a Host field, may be answered here. False: a connection that had named
  /// that host would have had to show more, such as a certificate.
  [[nodiscard]] virtual bool covers(std::string_view) const { return true; }
  /// The name that the client asked for (SNI), on a server; empty: none.
  [[nodiscard]] virtual std::string server_name() const = 0;
  /// The subject of the peer's certificate, such as `CN=me`; empty: it has shown none.
  [[nodiscard]] virtual std::string peer_subject() const = 0;
};

/// Creates sessions that share certificates and settings. Any thread.
class secure_context {
 public:
  secure_context() = default;
  secure_context(const secure_context&) = delete;
  secure_context& operator=(const secure_context&) = delete;
  virtual ~secure_context() = default;

  /// Begins a session with `host`, a name or an address, for which the peer's certificate must be valid. An earlier
  /// session with the same host and port may be resumed. A server ignores both.
  [[nodiscard]] virtual result<owned<secure_session>> begin(std::string_view host, std::uint16_t port) const = 0;
};

}  // namespace tinyhttp::net
