// tinyhttp/client/options.hpp -- all options of a client: timeouts, bounds, and the reasons for their defaults.
//
// Numbers, and pointers to objects that take part in calls. call.hpp says which of them a single call
// can override.
#pragma once

#include <tinyhttp/client/hooks.hpp>
#include <tinyhttp/client/proxy.hpp>
#include <tinyhttp/core/chrono.hpp>
#include <tinyhttp/core/clock.hpp>
#include <tinyhttp/core/function.hpp>
#include <tinyhttp/core/shared.hpp>
#include <tinyhttp/h1/limits.hpp>
#include <tinyhttp/http/fields.hpp>
#include <tinyhttp/http/status.hpp>
#include <tinyhttp/net/address.hpp>
#include <tinyhttp/net/host_map.hpp>
#include <tinyhttp/net/interrupter.hpp>
#include <tinyhttp/net/resolver.hpp>
#include <tinyhttp/net/secure_session.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace tinyhttp {

/// The options of a client. All bounds are finite except that of the whole call: only the caller knows how
/// long a big download may take. Zero means "no bound" where it says so.
struct client_options {
  /// To get a connection: name resolution, all addresses of a host, and a proxy's handshake. Browsers
  /// give up later, curl after 300 s; three lost SYNs are retransmitted within 7 s.
  std::chrono::milliseconds connect_timeout{10'000};

  /// From the end of the request to the first octet of the answer. A usual setting in Go programs.
  std::chrono::milliseconds first_octet_timeout{30'000};

  /// Time without an octet moving, in either direction, during an exchange. Also for a head, including
  /// informational ones, from its first octet to its last.
  std::chrono::milliseconds idle_timeout{30'000};

  /// The least rate of a request or response body, in octets per second, on average over the window.
  /// 0: no bound, as in curl; these are its --speed-limit and --speed-time. Time in which nobody waits
  /// for the peer does not count.
  std::uint64_t least_rate = 0;
  std::chrono::milliseconds least_rate_window{30'000};

  /// For a whole call, including redirects and the body; zero: none.
  std::chrono::milliseconds total_timeout{0};

  /// Octets of a body that is read whole into memory; a larger one is an error of kind `limit`.
  std::uint64_t body_limit = std::uint64_t{64} << 20;

  /// Bounds on the parts of an answer's head and framing.
  h1::limits limits = {};

  /// Redirects to follow. 0: none; the redirect is returned as the answer. `get` follows 10, as Go does.
  std::size_t max_redirects = 0;

  /// Follow a redirect from https to http, which gives up secrecy.
  bool allow_insecure_redirects = false;

  /// The User-Agent field of requests that have none; empty: no such field is sent.
  std::string user_agent = "tinyhttp";

  /// For a body of this size or more (or of unknown size), ask first: `Expect: 100-continue` (RFC 9110
  /// 10.1.1), so that a refusal costs no upload. 1 MiB as in curl; 0: never ask.
  std::uint64_t expect_continue_from = std::uint64_t{1} << 20;

  /// How long to wait for that 100 before sending anyway, as old servers never send it. As in curl.
  std::chrono::milliseconds expect_timeout{1'000};

  /// Idle connections kept per origin and in all, and for how long: less than the 75 s after which
  /// nginx closes. If the server closed one sooner, that is noticed before it is used again.
  std::size_t kept_per_origin = 8;
  std::size_t kept_in_all = 64;
  std::chrono::milliseconds keep_for{60'000};

  /// Delay before the next address of a host is tried beside the previous one (RFC 8305 8).
  std::chrono::milliseconds stagger{250};

  /// The local address of connections, with port 0 for any port; host addresses of the other family are
  /// skipped then. Unknown: the system's choice.
  net::address local_address = {};

  /// Overrides for where hosts are found: curl's --resolve and --connect-to.
  std::vector<net::host_mapping> hosts = {};

  /// All connections go to this Unix-domain socket, a path or `@name`, and to no proxy.
  std::string unix_path = {};

  /// None unless set: see `proxy_from_environment`.
  proxy_settings proxies = {};

  /// Secures connections to https URLs: see `tls_client_context` in tls.hpp. Null: such URLs are errors.
  shared<const net::secure_context> tls = nullptr;

  /// Resolves names; must outlive the client. Null: the one that all clients share.
  net::resolver* resolver = nullptr;

  /// Ends every wait of a blocking client when it is cancelled, from any thread. Must outlive the client.
  const net::interrupter* stop = nullptr;

  /// Called around every exchange, in this order, for example a cookie jar. Each must outlive the client.
  std::vector<exchange_hook*> hooks = {};
  /// Answers a 401, or a proxy's 407, once per request. Must outlive the client. Null: these are returned as the answer.
  challenge_answerer* credentials = nullptr;
  /// Decodes content codings, and announces them in requests. Must outlive the client. Null: no coding is requested.
  const content_decoder* decoder = nullptr;
};

/// Called for every informational response (RFC 9110 15.2), such as 103, before the final one.
using informational_sink = function<void(status, const fields&)>;

/// The options that apply to one exchange.
struct exchange_options {
  std::chrono::milliseconds first_octet_timeout{30'000};
  std::chrono::milliseconds idle_timeout{30'000};
  std::uint64_t least_rate = 0;  // octets per second; 0: none
  std::chrono::milliseconds least_rate_window{30'000};
  time_point deadline = time_point::max();     // for all of it, the body included
  std::chrono::milliseconds total_timeout{0};  // what the deadline came from; for the error line
  std::uint64_t body_limit = std::uint64_t{64} << 20;
  std::uint64_t expect_continue_from = std::uint64_t{1} << 20;
  std::chrono::milliseconds expect_timeout{1'000};
  informational_sink* informational = nullptr;  // lives until the head has come
};

}  // namespace tinyhttp
