// tinyhttp/client/options.hpp -- how patient and how generous a client is, with its reasons.
//
// Numbers, and pointers to what takes part in calls. Which of them a single call may change is said
// in call.hpp.
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

/// What a client is made with. All bounds are finite but that of the whole call: how long a big
/// download may take, nobody but the caller knows. Zero means "no such bound" where it says so.
struct client_options {
  /// To have a connection: the resolver, all addresses of a host, and what a proxy says. Browsers
  /// give up later, curl after 300 s; three lost SYNs are made up for within 7 s.
  std::chrono::milliseconds connect_timeout{10'000};

  /// From the end of the request to the first octet of the answer. As Go's programs usually set.
  std::chrono::milliseconds first_octet_timeout{30'000};

  /// Without an octet moving, in either direction, once the exchange is under way; and for a head,
  /// informational ones too, from its first octet to its last.
  std::chrono::milliseconds idle_timeout{30'000};

  /// A body, of a request or an answer, has to move so many octets a second, on average over the
  /// window; 0: no such bound, as in curl, whose --speed-limit and --speed-time these are. Time in
  /// which nobody waits for the peer does not count.
  std::uint64_t least_rate = 0;
  std::chrono::milliseconds least_rate_window{30'000};

  /// For a whole call, its redirects and the body included; zero: none.
  std::chrono::milliseconds total_timeout{0};

  /// Octets of a body that is read whole into memory; more is an error of kind `limit`.
  std::uint64_t body_limit = std::uint64_t{64} << 20;

  /// Bounds on the parts of an answer's head and framing.
  h1::limits limits = {};

  /// Redirects that are followed; 0: none, the answer says where to. `get` follows 10, as Go does.
  std::size_t max_redirects = 0;

  /// Follow a redirect from https to http, which gives the secret up.
  bool allow_insecure_redirects = false;

  /// The User-Agent field of requests that have none; empty: none is sent.
  std::string user_agent = "tinyhttp";

  /// Bodies from this size on (or of unknown size) ask first: `Expect: 100-continue` (RFC 9110
  /// 10.1.1), so that a refusal costs no upload. 1 MiB as in curl; 0: never ask.
  std::uint64_t expect_continue_from = std::uint64_t{1} << 20;

  /// How long to wait for that 100 before sending anyway; old servers never answer. As curl.
  std::chrono::milliseconds expect_timeout{1'000};

  /// Idle connections kept, for each origin and in all, and for how long: less than the 75 s after
  /// which nginx closes. One that the server closed sooner is noticed before it is used again.
  std::size_t kept_per_origin = 8;
  std::size_t kept_in_all = 64;
  std::chrono::milliseconds keep_for{60'000};

  /// Until the next address of a host is tried beside the one before (RFC 8305 8).
  std::chrono::milliseconds stagger{250};

  /// The local end of connections, its port 0 for any; the hosts' addresses of the other family are
  /// left out then. Unknown: the system's choice.
  net::address local_address = {};

  /// Hosts that are found elsewhere than the resolver says: curl's --resolve and --connect-to.
  std::vector<net::host_mapping> hosts = {};

  /// All connections go to this Unix-domain socket, a path or `@name`, and to no proxy.
  std::string unix_path = {};

  /// None unless set: see `proxy_from_environment`.
  proxy_settings proxies = {};

  /// Secures connections to https URLs: see `tls_client_context` in tls.hpp. Null: such URLs are errors.
  shared<const net::secure_context> tls = nullptr;

  /// Asks for names; outlives the client. Null: the one that all clients share.
  net::resolver* resolver = nullptr;

  /// Cancelled from another thread, ends every wait of a client that blocks. Outlives the client.
  const net::interrupter* stop = nullptr;

  /// Called around every exchange, in this order: a cookie jar is one. Each outlives the client.
  std::vector<exchange_hook*> hooks = {};
  /// Answers 401, and 407 of a proxy, once for each request. Outlives the client. Null: they are the answer.
  challenge_answerer* credentials = nullptr;
  /// Undoes content codings, and is what asks for them. Outlives the client. Null: none is asked for.
  const content_decoder* decoder = nullptr;
};

/// Sees every informational response (RFC 9110 15.2), such as 103, before the final one.
using informational_sink = function<void(status, const fields&)>;

/// The part of the options that one exchange goes by.
struct exchange_options {
  std::chrono::milliseconds first_octet_timeout{30'000};
  std::chrono::milliseconds idle_timeout{30'000};
  std::uint64_t least_rate = 0;  // octets a second; 0: none
  std::chrono::milliseconds least_rate_window{30'000};
  time_point deadline = time_point::max();     // for all of it, the body included
  std::chrono::milliseconds total_timeout{0};  // what the deadline came from; for the error line
  std::uint64_t body_limit = std::uint64_t{64} << 20;
  std::uint64_t expect_continue_from = std::uint64_t{1} << 20;
  std::chrono::milliseconds expect_timeout{1'000};
  informational_sink* informational = nullptr;  // lives until the head has come
};

}  // namespace tinyhttp
