// tinyhttp/tls/context.hpp -- certificates, keys and trusted authorities, for clients and servers.
//
// Needs OpenSSL 3 (-lssl -lcrypto), like all of tls.hpp. Reads files once, when a context is made; keeps
// no secret beyond what OpenSSL keeps. RFC 8446, RFC 9110 4.3.4.
#pragma once

#include <tinyhttp/core/owned.hpp>
#include <tinyhttp/core/result.hpp>
#include <tinyhttp/net/address.hpp>
#include <tinyhttp/net/secure_session.hpp>
#include <tinyhttp/tls/names.hpp>
#include <tinyhttp/tls/session.hpp>

#include <openssl/ssl.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tinyhttp {

/// The supported versions; older ones are broken (RFC 8996).
enum class tls_version : std::uint8_t { v1_2, v1_3 };

/// Text is PEM, as in files that begin with `-----BEGIN`; empty: none.
struct tls_client_options {
  /// Authorities to trust instead of the system's: certificates in a file, in a directory of
  /// hashed names, or as text. If any of these is set, nobody else is trusted.
  std::string ca_file = {};
  std::string ca_directory = {};
  std::string ca = {};

  /// What we present to a server that asks for a certificate: certificate, chain and key, as files or as text.
  std::string certificate_file = {};
  std::string key_file = {};
  std::string certificate = {};
  std::string key = {};

  /// False: accepts any server, so anybody on the way can read and change everything.
  bool verify_server = true;

  /// False: each connection makes a full handshake, and no server can tell by tickets that two belong to one client.
  bool resume_sessions = true;

  tls_version oldest = tls_version::v1_2;
};

/// The certificate of a server, and what it requires of clients. PEM text, as in files; empty: none.
struct tls_server_options {
  /// The server's certificate followed by its chain, and its key: as files or as text.
  std::string certificate_file = {};
  std::string key_file = {};
  std::string certificate = {};
  std::string key = {};

  /// Clients must present a certificate that one of these has issued.
  std::string client_ca_file = {};
  std::string client_ca = {};

  /// False: no client gets a ticket, so each connection makes a full handshake.
  bool resume_sessions = true;

  tls_version oldest = tls_version::v1_2;
};

/// For `client_options::tls`: servers are verified, by name or address. Fails with a line that names the file, of
/// kind `tls`.
///
/// Connections to a host and port resume sessions of earlier ones that the same context made. A resumed server
/// presents no certificate. It proves that it is the server that presented one up to a day ago, which
/// must not have expired since. What a new context would refuse is only refused once there is a new one.
[[nodiscard]] inline result<std::shared_ptr<const net::secure_context>> tls_client_context(
    const tls_client_options& with = {});

/// For `server_options::tls`.
///
/// Clients may resume sessions by tickets for up to two hours. A client that must present a certificate has
/// to do so again two hours after the last time; until then nobody checks whether it has expired.
[[nodiscard]] inline result<std::shared_ptr<const net::secure_context>> tls_server_context(
    const tls_server_options& with);

/// The same for several hosts, each with its own certificate and requirements. The host that a client names (SNI)
/// decides: the first certificate with that name, else the first with `*.` for its first label. A client that names
/// another host, an address or nothing gets the first of all. No session is resumed under another certificate.
///
/// A request for a host that demands a certificate or a later version of TLS, over a connection that was made for
/// another host, is answered 421 (RFC 9110 7.4). Fails with a line that names the file, also if a certificate after
/// the first covers no host that is not covered by those before it.
[[nodiscard]] inline result<std::shared_ptr<const net::secure_context>> tls_context_by_name(
    const std::vector<tls_server_options>& with);

// ---------------------------------------------------------------------------------------------

namespace detail {

class tls_context final : public net::secure_context {
 public:
  tls_context(bool of_server, bool resumes)
      : of_server_(of_server), resumes_(resumes),
        made_(::SSL_CTX_new(of_server ? ::TLS_server_method() : ::TLS_client_method())) {}

  result<void> set_up(tls_version oldest);
  result<void> trust(const std::string& file, const std::string& directory, const std::string& text,
                     bool system_else);
  result<void> show(const std::string& certificate_file, const std::string& certificate,
                    const std::string& key_file, const std::string& key);
  void verify(bool on) noexcept {
    verifies_ = on;
    if (on && of_server_) ::SSL_CTX_set_verify(native(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  }
  /// Sessions begin with this one, and go over to that which is for the client's host.
  void choose_from(std::shared_ptr<const tls_names> names) noexcept {
    names_ = std::move(names);
    ::SSL_CTX_set_client_hello_cb(native(), tls_session::choose, nullptr);
    const auto acknowledge = [](SSL*, int*, void*) { return SSL_TLSEXT_ERR_OK; };  // that the name was looked at
    ::SSL_CTX_callback_ctrl(native(), SSL_CTRL_SET_TLSEXT_SERVERNAME_CB,
                            reinterpret_cast<void (*)()>(static_cast<int (*)(SSL*, int*, void*)>(acknowledge)));
  }
  [[nodiscard]] SSL_CTX* native() const noexcept { return made_.get(); }

  [[nodiscard]] inline result<owned<net::secure_session>> begin(std::string_view host,
                                                                          std::uint16_t port) const override;

 private:
  [[nodiscard]] result<tls_pointer<BIO>> open(const std::string& file, const std::string& text) const;
  [[nodiscard]] static result<void> check_end(const std::string& name);
  [[nodiscard]] static int alpn(SSL*, const unsigned char** out, unsigned char* size,
                                const unsigned char* in, unsigned int in_size, void*) noexcept;

  bool of_server_;
  bool resumes_;
  bool verifies_ = false;
  tls_pointer<SSL_CTX> made_;
  std::shared_ptr<const tls_names> names_;
};

inline constexpr unsigned char http_1_1[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};  // RFC 7301

/// RFC 7301 3.2: only HTTP/1.1 is spoken here; who offers nothing of it is served all the same.
inline int tls_context::alpn(SSL*, const unsigned char** out, unsigned char* size, const unsigned char* in,
                             unsigned int in_size, void*) noexcept {
  unsigned char* chosen = nullptr;
  if (::SSL_select_next_proto(&chosen, size, http_1_1, sizeof http_1_1, in, in_size) != OPENSSL_NPN_NEGOTIATED)
    return SSL_TLSEXT_ERR_NOACK;
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

inline result<void> tls_context::set_up(tls_version oldest) {
  if (!made_) return tls_failure("make a TLS context");
  SSL_CTX* const c = made_.get();
  ::SSL_CTX_set_min_proto_version(c, oldest == tls_version::v1_3 ? TLS1_3_VERSION : TLS1_2_VERSION);
  ::SSL_CTX_set_options(c, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  ::SSL_CTX_set_mode(c, SSL_MODE_RELEASE_BUFFERS);
  if (of_server_) ::SSL_CTX_set_alpn_select_cb(c, alpn, nullptr);
  else if (::SSL_CTX_set_alpn_protos(c, http_1_1, sizeof http_1_1) != 0) return tls_failure("offer HTTP/1.1");
  if (of_server_ && !ask_us_for_ticket_keys(c)) return tls_failure("make keys for tickets");
  if (!resumes_) {
    never_resume(c);
  } else if (of_server_) {
    if (!let_server_resume(c)) return tls_failure("make keys for tickets");
  } else {
    if (!give(c, std::make_unique<tls_session_store>())) return tls_failure("keep sessions");
    ::SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    ::SSL_CTX_sess_set_new_cb(c, tls_session::keep);
  }
  return {};
}

inline result<tls_pointer<BIO>> tls_context::open(const std::string& file, const std::string& text) const {
  ::ERR_clear_error();
  tls_pointer<BIO> opened(file.empty() ? ::BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))
                                       : ::BIO_new_file(file.c_str(), "r"));
  if (!opened) return tls_failure("open " + file);
  return opened;
}

/// Behind the last certificate that could be read: is it the last that is there?
inline result<void> tls_context::check_end(const std::string& name) {
  const bool ends = ERR_GET_REASON(::ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  ::ERR_clear_error();
  return ends ? result<void>() : error(error_kind::tls, "TLS: " + name + ": a damaged certificate in it");
}

inline result<void> tls_context::trust(const std::string& file, const std::string& directory,
                                       const std::string& text, bool system_else) {
  if (file.empty() && directory.empty() && text.empty()) {
    if (system_else && ::SSL_CTX_set_default_verify_paths(native()) != 1)
      return tls_failure("read the system's authorities");
    return {};
  }
  if (!directory.empty() && ::SSL_CTX_load_verify_dir(native(), directory.c_str()) != 1)
    return tls_failure("read " + directory);
  for (const bool from_file : {true, false}) {
    if (from_file ? file.empty() : text.empty()) continue;
    auto from = open(from_file ? file : std::string(), text);
    if (!from) return from.error();
    const std::string name = from_file ? file : "ca";
    int count = 0;
    while (const tls_pointer<X509> one{::PEM_read_bio_X509(from->get(), nullptr, nullptr, nullptr)}) {
      ::X509_STORE_add_cert(::SSL_CTX_get_cert_store(native()), one.get());
      if (of_server_) ::SSL_CTX_add_client_CA(native(), one.get());
      ++count;
    }
    if (const auto whole = check_end(name); !whole) return whole;
    if (count == 0) return error(error_kind::tls, "TLS: " + name + ": no certificate in it");
  }
  return {};
}

inline result<void> tls_context::show(const std::string& certificate_file, const std::string& certificate,
                                      const std::string& key_file, const std::string& key) {
  if (certificate_file.empty() && certificate.empty()) return {};
  const std::string name = certificate_file.empty() ? "certificate" : certificate_file;
  auto from = open(certificate_file, certificate);
  if (!from) return from.error();
  const tls_pointer<X509> own(::PEM_read_bio_X509_AUX(from->get(), nullptr, nullptr, nullptr));
  if (!own) return error(error_kind::tls, "TLS: " + name + ": no certificate in it");
  if (::SSL_CTX_use_certificate(native(), own.get()) != 1) return tls_failure("use " + name);
  while (const tls_pointer<X509> next{::PEM_read_bio_X509(from->get(), nullptr, nullptr, nullptr)})
    ::SSL_CTX_add1_chain_cert(native(), next.get());
  if (const auto whole = check_end(name); !whole) return whole;
  const bool beside = key_file.empty() && key.empty();  // in the same file
  const std::string key_name = !key_file.empty() ? key_file : beside ? name : "key";
  auto key_from = beside ? open(certificate_file, certificate) : open(key_file, key);
  if (!key_from) return key_from.error();
  const auto no_password = [](char*, int, int, void*) { return -1; };  // ask nobody
  const tls_pointer<EVP_PKEY> own_key(::PEM_read_bio_PrivateKey(key_from->get(), nullptr, no_password, nullptr));
  if (!own_key) return error(error_kind::tls, "TLS: " + key_name + ": no key in it, or one with a password");
  // OpenSSL would keep a key of another type beside the certificate, for one that never comes.
  if (::X509_check_private_key(own.get(), own_key.get()) != 1 || ::SSL_CTX_use_PrivateKey(native(), own_key.get()) != 1)
    return tls_failure("use " + key_name);
  ::ERR_clear_error();
  return {};
}

inline result<owned<net::secure_session>> tls_context::begin(std::string_view host, std::uint16_t port) const {
  ::ERR_clear_error();
  owned<tls_session> made(new tls_session(native(), of_server_, names_));
  if (!made->works()) return tls_failure("begin a session");
  if (!of_server_) {
    if (const auto named = made->expect(host, verifies_); !named) return named.error();
    if (resumes_) made->resume(host, port);
  }
  return owned<net::secure_session>(made.release());
}

}  // namespace detail

inline result<std::shared_ptr<const net::secure_context>> tls_client_context(const tls_client_options& with) {
  auto made = std::make_shared<detail::tls_context>(false, with.resume_sessions);
  result<void> step = made->set_up(with.oldest);
  if (step) step = made->trust(with.ca_file, with.ca_directory, with.ca, true);
  if (step) step = made->show(with.certificate_file, with.certificate, with.key_file, with.key);
  if (!step) return step.error();
  made->verify(with.verify_server);
  return std::shared_ptr<const net::secure_context>(std::move(made));
}

namespace detail {

inline result<std::shared_ptr<tls_context>> make_server_context(const tls_server_options& with) {
  if (with.certificate_file.empty() && with.certificate.empty())
    return error(error_kind::tls, "TLS: a server needs a certificate");
  auto made = std::make_shared<tls_context>(true, with.resume_sessions);
  result<void> step = made->set_up(with.oldest);
  if (step) step = made->show(with.certificate_file, with.certificate, with.key_file, with.key);
  if (step) step = made->trust(with.client_ca_file, {}, with.client_ca, false);
  if (!step) return step.error();
  made->verify(!with.client_ca_file.empty() || !with.client_ca.empty());
  return made;
}

}  // namespace detail

inline result<std::shared_ptr<const net::secure_context>> tls_server_context(const tls_server_options& with) {
  auto made = detail::make_server_context(with);
  if (!made) return made.error();
  return std::shared_ptr<const net::secure_context>(std::move(*made));
}

inline result<std::shared_ptr<const net::secure_context>> tls_context_by_name(const std::vector<tls_server_options>& with) {
  std::shared_ptr<detail::tls_context> first;
  auto names = std::make_shared<detail::tls_names>();
  for (const tls_server_options& each : with) {
    const std::string name = !each.certificate_file.empty() ? each.certificate_file
                                                            : "certificate " + std::to_string(&each - with.data() + 1);
    auto made = detail::make_server_context(each);
    if (!made) return error(error_kind::tls, made.error().message() + (each.certificate_file.empty() ? " (" + name + ")" : ""));
    if (!names->add((*made)->native()) && first)
      return error(error_kind::tls, "TLS: " + name + ": for no host that those before it are not for");
    if (!first) first = std::move(*made);
  }
  if (!first) return error(error_kind::tls, "TLS: a server needs a certificate");
  first->choose_from(std::move(names));
  return std::shared_ptr<const net::secure_context>(std::move(first));
}

}  // namespace tinyhttp
