// tests/apart/tls_support.hpp -- what the tests of tls.hpp share: an authority, and both ends that trust it.
#pragma once

#include "catch.hpp"

#include <tinyhttp/client/client.hpp>
#include <tinyhttp/tls.hpp>
#include <tinyhttp/tls/authority.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace tls_test {

using namespace tinyhttp;
using testing::certificate_wishes;
using testing::throwaway_authority;

using context = std::shared_ptr<const net::secure_context>;

inline const throwaway_authority& authority() {
  static const throwaway_authority one;
  return one;
}
inline context show(const certificate_wishes& wishes = {}, tls_server_options with = {}) {
  const auto own = authority().issue(wishes);
  with.certificate = own.certificate;
  with.key = own.key;
  return tls_server_context(with).value();
}
inline context trust(tls_client_options with = {}) {
  with.ca = authority().certificate();
  return tls_client_context(with).value();
}
inline client_options trusting() {
  client_options with;
  with.tls = trust();
  return with;
}
inline tls_server serving(any_handler app, context with = show()) {
  return tls_server(std::move(app), {.port = 0, .patience = {.drain = std::chrono::milliseconds(50)}, .tls = std::move(with)});
}
inline response hello(const request& r) {
  return text(std::string(r.context->is_secure() ? "secure " : "plain ") + r.context->peer_subject());
}
inline std::string at_localhost(const tls_server& s, std::string_view target = "/") {
  return "https://localhost:" + std::to_string(s.port()) + std::string(target);
}
/// By a connection of its own.
inline std::string ask(const context& by, const std::string& url) {
  client c({.tls = by});
  const auto answer = c.get(url);
  return answer ? std::string(answer->body.text()) : answer.error().message();
}
inline SSL_CTX* native(const context& of) { return static_cast<const detail::tls_context&>(*of).native(); }

/// OpenSSL's client, which says what ours never would, and a server's session, with nothing but memory between them.
class raw_client {
 public:
  explicit raw_client(const std::string& name, int newest = TLS1_3_VERSION,
                      const context& by = tls_client_context({.verify_server = false}).value())
      : ssl_(::SSL_new(native(by)), ::SSL_free), in_(::BIO_new(::BIO_s_mem())), out_(::BIO_new(::BIO_s_mem())) {
    ::SSL_set_bio(ssl_.get(), in_, out_);
    ::SSL_set_connect_state(ssl_.get());
    ::SSL_set_max_proto_version(ssl_.get(), newest);
    std::string host = name;
    if (!name.empty()) REQUIRE(::SSL_ctrl(ssl_.get(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, host.data()) == 1);
  }
  SSL* native_session() const { return ssl_.get(); }

  /// What it says next.
  std::string says() {
    ::SSL_do_handshake(ssl_.get());
    char* octets = nullptr;
    const long size = BIO_get_mem_data(out_, &octets);
    std::string said(octets, static_cast<std::size_t>(size));
    static_cast<void>(BIO_reset(out_));
    return said;
  }
  void speak_to(net::secure_session& server) {
    const std::string said = says();
    const auto room = server.room();
    REQUIRE(said.size() <= room.size());
    said.copy(room.data(), said.size());
    server.received(said.size());
  }
  /// To the end of the handshake, and of what the server says behind it.
  result<void> meet(net::secure_session& server) {
    for (int turns = 0; turns < 10; ++turns) {
      speak_to(server);
      const auto done = server.handshake();
      std::string answer;
      server.take_outgoing(answer);
      ::BIO_write(in_, answer.data(), static_cast<int>(answer.size()));
      if (!done) return done.error();
      if (!*done) continue;
      char octet;
      ::SSL_do_handshake(ssl_.get());
      ::SSL_read(ssl_.get(), &octet, 1);  // TLS 1.3 brings tickets behind the handshake
      return {};
    }
    return error(error_kind::tls, "no end");
  }
  /// Who the server is, or why there was no handshake.
  std::string ask(const context& by) {
    const auto server = by->begin("", 0).value();
    const auto met = meet(*server);
    if (!met) return met.error().message();
    X509* const shown = ::SSL_get0_peer_certificate(ssl_.get());
    char name[100] = {};
    ::X509_NAME_get_text_by_NID(::X509_get_subject_name(shown), NID_commonName, name, sizeof name);
    return name;
  }
  using kept_session = std::unique_ptr<SSL_SESSION, decltype(&::SSL_SESSION_free)>;
  kept_session session() const { return {::SSL_get1_session(ssl_.get()), ::SSL_SESSION_free}; }
  void resume(const kept_session& from) { REQUIRE(::SSL_set_session(ssl_.get(), from.get()) == 1); }
  bool resumed() const { return ::SSL_session_reused(ssl_.get()) == 1; }

 private:
  std::unique_ptr<SSL, decltype(&::SSL_free)> ssl_;
  BIO* in_;   // both are the session's
  BIO* out_;
};

}  // namespace tls_test
