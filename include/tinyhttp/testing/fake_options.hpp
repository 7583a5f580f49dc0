// tinyhttp/testing/fake_options.hpp -- where a fake server listens, and how it is secured.
//
// Knows no TLS library: testing_tls.hpp makes what is taken here.
#pragma once

#include <tinyhttp/core/shared.hpp>
#include <tinyhttp/net/secure_session.hpp>

#include <cstdint>
#include <string>

namespace tinyhttp::testing {

/// What `tls().make()` in testing_tls.hpp returns. Certificates and keys are PEM text.
struct fake_security {
  shared<const net::secure_context> context;
  std::string host;       // in `url()`; empty: the literal address
  std::string authority;  // the CA certificate for clients to trust
  std::string client;     // certificate and key for a client to present; empty: none is requested
};

/// Where a fake server listens, and how much it keeps.
struct fake_server_options {
  std::string host = "127.0.0.1";  // an address
  std::uint16_t port = 0;          // 0: any free port
  bool unix_socket = false;        // instead: a Unix-domain socket in a directory of its own
  shared<const fake_security> tls = nullptr;  // see testing_tls.hpp
  std::uint64_t journal = std::uint64_t{256} << 20;  // octets, about; beyond, the oldest exchanges are dropped
  std::uint64_t body = 1024 * 1024;  // octets of each request's body that are kept; all are counted
};
/// Options for a server on `[::1]`: `fake_server srv{ipv6};`
inline const fake_server_options ipv6{.host = "::1"};
inline const fake_server_options unix_socket{.unix_socket = true};

}  // namespace tinyhttp::testing
