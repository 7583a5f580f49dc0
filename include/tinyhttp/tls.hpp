// tinyhttp/tls.hpp -- https, for clients and servers, by OpenSSL.
//
// Separate because it needs OpenSSL 3 (-lssl -lcrypto). Programs that do not include it pay nothing for it,
// and it changes no type: it makes the values for `client_options::tls` and `server_options::tls`.
//
//     client c({.tls = tls_client_context().value()});
//     auto answer = c.get("https://example.org/");
#pragma once

#include <tinyhttp/net/secured_stream.hpp>
#include <tinyhttp/net/tcp_stream.hpp>
#include <tinyhttp/server/server.hpp>
#include <tinyhttp/tls/context.hpp>
#include <tinyhttp/tls/replaceable.hpp>

namespace tinyhttp {

/// A server that accepts TLS only, as in
///
///     tls_server s(app, {.port = 8443, .tls = tls_server_context({.certificate_file = "c.pem",
///                                                                  .key_file = "k.pem"}).value()});
using tls_server = basic_server<net::secured_stream<net::tcp_stream>>;

}  // namespace tinyhttp
