// tinyhttp/tls/names.hpp -- which of a server's certificates is for the host that a client names.
//
// Needs OpenSSL 3. Each certificate is in an SSL_CTX with the demands that go with it. RFC 6066 3 (SNI),
// RFC 9525 6.3 (wildcards: a whole label, the first).
#pragma once

#include <tinyhttp/core/ascii.hpp>

#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace tinyhttp::detail {

struct free_tls {
  void operator()(SSL_CTX* p) const noexcept { ::SSL_CTX_free(p); }
  void operator()(BIO* p) const noexcept { ::BIO_free(p); }
  void operator()(X509* p) const noexcept { ::X509_free(p); }
  void operator()(EVP_PKEY* p) const noexcept { ::EVP_PKEY_free(p); }
  void operator()(GENERAL_NAMES* p) const noexcept { ::GENERAL_NAMES_free(p); }
};
template <class T>
using tls_pointer = std::unique_ptr<T, free_tls>;

/// Is not changed any more once sessions use it. Any thread.
class tls_names {
 public:
  /// `one` is for the host names in its certificate that none before has; the first is for all others, too.
  /// False: there are none.
  bool add(SSL_CTX* one);

  /// For a name as clients write it: in any case, with a root dot; in a Host field with a port.
  [[nodiscard]] SSL_CTX* find(std::string_view host) const;

 private:
  [[nodiscard]] static tls_pointer<SSL_CTX> share_of(SSL_CTX* one) noexcept {
    ::SSL_CTX_up_ref(one);
    return tls_pointer<SSL_CTX>(one);
  }

  tls_pointer<SSL_CTX> first_;
  std::map<std::string, tls_pointer<SSL_CTX>, std::less<>> by_name_;  // small letters
};

/// The host in the greeting that OpenSSL is about to look at; empty: none. One that is not as RFC 6066 has it
/// may be anything: OpenSSL refuses it later.
[[nodiscard]] inline std::string_view asked_name(SSL* of) noexcept {
  const unsigned char* octets = nullptr;
  std::size_t size = 0;
  constexpr std::size_t front = 5;  // the size of a list, a kind, the size of a name
  if (::SSL_client_hello_get0_ext(of, TLSEXT_TYPE_server_name, &octets, &size) != 1 || size < front) return {};
  return {reinterpret_cast<const char*>(octets) + front, size - front};
}

/// From here on `session` has what sessions of `one` begin with. Only within OpenSSL's call for a greeting: before
/// versions, tickets and certificates are looked at.
[[nodiscard]] inline bool go_over_to(SSL_CTX* one, SSL* session) noexcept {
  if (::SSL_set_SSL_CTX(session, one) != one) return false;  // its certificate, tickets' keys and authorities
  ::SSL_set_verify(session, ::SSL_CTX_get_verify_mode(one), nullptr);
  ::SSL_clear_options(session, SSL_OP_NO_TICKET);
  ::SSL_set_options(session, ::SSL_CTX_get_options(one));
  return ::SSL_set_num_tickets(session, ::SSL_CTX_get_num_tickets(one)) == 1 &&
         ::SSL_set_min_proto_version(session, static_cast<int>(::SSL_CTX_get_min_proto_version(one))) == 1;
}

// ---------------------------------------------------------------------------------------------

inline bool tls_names::add(SSL_CTX* one) {
  bool added = false;
  const tls_pointer<GENERAL_NAMES> names(static_cast<GENERAL_NAMES*>(
      ::X509_get_ext_d2i(::SSL_CTX_get0_certificate(one), NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
    int kind = 0;
    const auto* const text = static_cast<const ASN1_STRING*>(::GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names.get(), i), &kind));
    if (kind != GEN_DNS) continue;
    const std::string_view name(reinterpret_cast<const char*>(::ASN1_STRING_get0_data(text)),
                                static_cast<std::size_t>(::ASN1_STRING_length(text)));
    added |= by_name_.try_emplace(ascii::to_lower(name), share_of(one)).second;
  }
  if (!first_) first_ = share_of(one);
  return added;
}

inline SSL_CTX* tls_names::find(std::string_view host) const {
  host = host.substr(0, host.rfind(':'));  // an address in brackets finds nothing, whatever is left of it
  if (host.ends_with('.')) host.remove_suffix(1);
  const std::string name = ascii::to_lower(host);
  auto found = by_name_.find(name);
  if (const auto dot = name.find('.'); found == by_name_.end() && dot != name.npos && dot > 0)
    found = by_name_.find("*" + name.substr(dot));
  return found != by_name_.end() ? found->second.get() : first_.get();
}

}  // namespace tinyhttp::detail
