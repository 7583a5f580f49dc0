// tinyhttp/server/options.hpp -- all options of a server, with safe defaults.
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

/// How long a peer may take. After `grace`, a request body must arrive, and a response be taken, at
/// `octets_per_second` or more on average. The values are those of Apache's mod_reqtimeout (20 s and 500).
struct patience {
  std::chrono::milliseconds head{20'000};  // from the first octet of a request to its last field
  std::chrono::milliseconds idle{60'000};  // between requests; nginx waits 75 s, browsers less
  std::chrono::milliseconds grace{20'000};
  std::uint64_t octets_per_second = 500;
  std::chrono::milliseconds linger{2'000};  // for a peer to read the last answer before we close
  std::chrono::milliseconds drain{10'000};  // for running exchanges when the server stops
};

/// The options of a `server`, which keeps a copy. Every bound and timeout is finite.
struct server_options {
  std::string host = "127.0.0.1";  // an address, a host name, or empty for all interfaces
  std::uint16_t port = 8080;       // 0: any free port
  std::string unix_path = {};      // instead: a Unix-domain socket there, a path or `@name` (abstract)
  int listening_fd = -1;           // instead: a socket that is already listening, as service managers pass. The server owns
                                   // it from then on; if the server does not start, it stays the caller's, and open
  int backlog = 511;               // connections not yet accepted, as in nginx; the system may cap it
  unsigned threads = 1;            // loops that share the listening socket; 0 means 1

  h1::limits limits = {};
  std::uint64_t body_limit = std::uint64_t{1} << 20;  // octets read before a handler that cannot wait, as in nginx
  std::size_t drain_octets = 256 * 1024;  // read and dropped of a request body that no handler read; beyond, we close
  std::size_t connections = 16 * 1024;    // at once, per thread; more wait in the backlog
  /// Connections at once from one IPv4 address or one IPv6 network (/64), over all threads; more are
  /// closed at once. Behind a proxy without `introduced_by` everybody has its address: allow `connections` for each
  /// thread there.
  std::size_t connections_per_address = 8 * 1024;
  std::size_t requests_per_connection = 1'000'000;  // the last answer says `close`
  /// All octets that a connection may hold for its peer: what it has received, answers that wait to
  /// be sent, a body that is read first. 0: the sum of the bounds above, by default 3 MB, of which 2 MB
  /// are for the body. A smaller value shrinks the buffers; if the bounds do not fit, the server does not start.
  std::size_t memory_per_connection = 0;
  tinyhttp::patience patience = {};

  /// Treats a peer that closes its sending side as gone: its handler or stream is ended where it waits, and
  /// `cancelled()` is true. False: it may be waiting for its answer (`nc -N`), and gets it. Until something is
  /// sent, a closed connection looks the same.
  bool half_closed_is_gone = false;

  /// Called for what belongs to no request: out of descriptors, an exception that a handler threw,
  /// a handler that blocked the loop. One line without a line end; called by any loop thread. Null: silent.
  function<void(std::string_view) const> log = {};

  /// Reads what a proxy announces at the start of each connection, within `patience.head`, and returns the
  /// peer's address, which `request::peer()` gives and `connections_per_address` counts:
  /// `net::read_proxy_header` (net/proxy_header.hpp). Null: there is no such proxy.
  task<result<net::address>> (*introduced_by)(net::tcp_stream& from) = nullptr;

  /// For a `tls_server` (tls.hpp): its certificate and key. The handshake must end within `patience.head`.
  shared<const net::secure_context> tls = nullptr;

  net::backend backend = net::backend::best;  // how loops wait: epoll where available, else poll
};

}  // namespace tinyhttp
