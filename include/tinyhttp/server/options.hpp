// tinyhttp/server/options.hpp -- everything a server can be told, with defaults that are safe.
//
// An aggregate: `{.port = 8080, .threads = 2}`. No macro, no global. Every bound is finite.
#pragma once

#include <tinyhttp/core/chrono.hpp>
#include <tinyhttp/core/function.hpp>
#include <tinyhttp/core/result.hpp>
#include <tinyhttp/core/shared.hpp>
#include <tinyhttp/core/task.hpp>
#include <tinyhttp/h1/limits.hpp>
#include <tinyhttp/net/poller.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace tinyhttp {

namespace net {
class address;
class secure_context;  // secure_session.hpp
class tcp_stream;
}  // namespace net

/// How long a peer may take. A body must come, and a response must be taken, at a least rate: after
/// `grace`, `octets_per_second` on average, as Apache's mod_reqtimeout has it (20 s and 500).
struct patience {
  std::chrono::milliseconds head{20'000};  // from the first octet of a request to its last field
  std::chrono::milliseconds idle{60'000};  // between requests; nginx waits 75 s, browsers less
  std::chrono::milliseconds grace{20'000};
  std::uint64_t octets_per_second = 500;
  std::chrono::milliseconds linger{2'000};  // for a peer to read the last answer before we hang up
  std::chrono::milliseconds drain{10'000};  // for running exchanges when the server stops
};

/// Of a `server`, which keeps a copy. Every bound and deadline is finite.
struct server_options {
  std::string host = "127.0.0.1";  // an address, a host name, or empty for all interfaces
  std::uint16_t port = 8080;       // 0 takes a free one
  std::string unix_path = {};      // instead: a Unix-domain socket there, a path or `@name` (abstract)
  int listening_fd = -1;           // instead: a socket that listens already, as service managers hand over. The server's from
                                   // then on; it stays the caller's, open, if the server does not start
  int backlog = 511;               // connections that nobody has accepted, as nginx; the system may cap it
  unsigned threads = 1;            // loops that share the listening socket; 0 is 1

  h1::limits limits = {};
  std::uint64_t body_limit = std::uint64_t{1} << 20;  // octets read before a handler that cannot wait; nginx
  std::size_t drain_octets = 256 * 1024;  // of a request body that nobody read; beyond, we hang up
  std::size_t connections = 16 * 1024;    // at once, per thread; further ones wait in the backlog
  /// At once, from one IPv4 address or one IPv6 network (/64), over all threads; further ones are
  /// closed at once. Behind a proxy everybody has its address: as many as `connections` then.
  std::size_t connections_per_address = 8 * 1024;
  std::size_t requests_per_connection = 1'000'000;  // the last one's answer says `close`
  /// Octets that a connection may hold for its peer, all in all: what it has received, answers that
  /// wait to be sent, a body read first. 0: what the bounds above come to, 3 MB by default, two of
  /// them for the body. Less makes the buffers smaller; a server whose bounds do not fit won't start.
  std::size_t memory_per_connection = 0;
  tinyhttp::patience patience = {};

  /// Who closes its sending side has gone: a handler or stream that waits is ended, and `cancelled()`. Such is a
  /// connection that was closed, until something is sent. False: it may wait for its answer (`nc -N`), and gets it.
  bool half_closed_is_gone = false;

  /// Told about what concerns no request: out of descriptors, an exception that a handler threw,
  /// a handler that held the loop. One line without a line end; any loop thread. Null: silence.
  function<void(std::string_view) const> log = {};

  /// Reads what a proxy says of each connection before anything else is said, within `patience.head`, and tells
  /// who the peer is, to be counted and shown: `net::read_proxy_header` (net/proxy_header.hpp). Null: the
  /// connection is the peer's own.
  task<result<net::address>> (*introduced_by)(net::tcp_stream& from) = nullptr;

  /// For a `tls_server` (tls.hpp): its certificate and key. A handshake has `patience.head`.
  shared<const net::secure_context> tls = nullptr;

  net::backend backend = net::backend::best;  // how loops wait: by epoll where there is one, else by poll
};

}  // namespace tinyhttp
