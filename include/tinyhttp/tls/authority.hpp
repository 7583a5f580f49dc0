// tinyhttp/tls/authority.hpp -- a certificate authority that lives as long as a test.
//
// For tests only: its key is made when it is constructed, is on no disk, and nobody should trust it
// who is not a test. Needs OpenSSL 3. RFC 5280.
#pragma once

#include <tinyhttp/core/chrono.hpp>
#include <tinyhttp/core/result.hpp>
#include <tinyhttp/net/address.hpp>
#include <tinyhttp/tls/context.hpp>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <string>
#include <string_view>
#include <vector>

namespace tinyhttp::testing {

/// A certificate and its key, in PEM.
struct issued_certificate {
  std::string certificate;
  std::string key;
};

/// The contents of a certificate.
struct certificate_wishes {
  std::vector<std::string> names = {"localhost", "127.0.0.1", "::1"};  // host names and addresses
  std::string subject = "tinyhttp test";                               // its common name
  std::chrono::seconds begins{-3600};                                  // from now on
  std::chrono::seconds ends{24 * 3600};
  bool self_signed = false;  // by its own key instead of the authority's
};

/// Issues certificates signed by its own certificate. One thread at a time.
class throwaway_authority {
 public:
  /// Throws `bad_result` when OpenSSL cannot, which would be for want of memory or chance.
  explicit throwaway_authority(std::string_view name = "tinyhttp throw-away authority");

  /// Its own certificate, in PEM: whom to trust.
  [[nodiscard]] const std::string& certificate() const noexcept { return text_; }
  [[nodiscard]] issued_certificate issue(const certificate_wishes& wishes = {}) const;

 private:
  using key_pointer = tinyhttp::detail::tls_pointer<EVP_PKEY>;
  using certificate_pointer = tinyhttp::detail::tls_pointer<X509>;

  static key_pointer make_key();
  static certificate_pointer make_certificate(std::string_view subject, EVP_PKEY* key, std::chrono::seconds begins,
                                              std::chrono::seconds ends);
  static void add_extension(X509* to, X509* issuer, int kind, const std::string& value);
  static std::string to_pem(X509* certificate);
  static std::string to_pem(EVP_PKEY* key);
  static void check(bool worked, const char* what) {
    if (!worked) throw bad_result(tinyhttp::detail::tls_failure(what));
  }

  key_pointer key_;
  certificate_pointer own_;
  std::string text_;
};

// ---------------------------------------------------------------------------------------------

inline throwaway_authority::key_pointer throwaway_authority::make_key() {
  key_pointer made(::EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"));
  check(made != nullptr, "make a key");
  return made;
}

inline throwaway_authority::certificate_pointer throwaway_authority::make_certificate(
    std::string_view subject, EVP_PKEY* key, std::chrono::seconds begins, std::chrono::seconds ends) {
  certificate_pointer made(::X509_new());
  std::uint64_t serial = 0;
  check(made && ::RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial) == 1, "make a certificate");
  X509* const x = made.get();
  X509_NAME* const name = ::X509_get_subject_name(x);
  const auto* text = reinterpret_cast<const unsigned char*>(subject.data());
  const bool filled =
      ::X509_set_version(x, X509_VERSION_3) == 1 &&
      ::ASN1_INTEGER_set_uint64(::X509_get_serialNumber(x), serial >> 1) == 1 &&
      ::X509_gmtime_adj(::X509_getm_notBefore(x), static_cast<long>(begins.count())) != nullptr &&
      ::X509_gmtime_adj(::X509_getm_notAfter(x), static_cast<long>(ends.count())) != nullptr &&
      ::X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8, text, static_cast<int>(subject.size()), -1, 0) == 1 &&
      ::X509_set_pubkey(x, key) == 1;
  check(filled, "fill a certificate in");
  return made;
}

inline void throwaway_authority::add_extension(X509* to, X509* issuer, int kind, const std::string& value) {
  X509V3_CTX about{};
  X509V3_set_ctx_nodb(&about);
  ::X509V3_set_ctx(&about, issuer, to, nullptr, nullptr, 0);
  X509_EXTENSION* const made = ::X509V3_EXT_conf_nid(nullptr, &about, kind, value.c_str());
  const bool added = made != nullptr && ::X509_add_ext(to, made, -1) == 1;
  ::X509_EXTENSION_free(made);
  check(added, value.c_str());
}

inline std::string throwaway_authority::to_pem(X509* certificate) {
  const tinyhttp::detail::tls_pointer<BIO> text(::BIO_new(::BIO_s_mem()));
  check(text && ::PEM_write_bio_X509(text.get(), certificate) == 1, "write a certificate");
  char* octets = nullptr;
  const long size = BIO_get_mem_data(text.get(), &octets);
  return {octets, static_cast<std::size_t>(size)};
}

inline std::string throwaway_authority::to_pem(EVP_PKEY* key) {
  const tinyhttp::detail::tls_pointer<BIO> text(::BIO_new(::BIO_s_mem()));
  check(text && ::PEM_write_bio_PrivateKey(text.get(), key, nullptr, nullptr, 0, nullptr, nullptr) == 1, "write a key");
  char* octets = nullptr;
  const long size = BIO_get_mem_data(text.get(), &octets);
  return {octets, static_cast<std::size_t>(size)};
}

inline throwaway_authority::throwaway_authority(std::string_view name)
    : key_(make_key()),
      own_(make_certificate(name, key_.get(), std::chrono::hours(-1), std::chrono::hours(48))) {
  X509* const x = own_.get();
  check(::X509_set_issuer_name(x, ::X509_get_subject_name(x)) == 1, "name the issuer");
  add_extension(x, x, NID_basic_constraints, "critical,CA:TRUE");
  add_extension(x, x, NID_key_usage, "critical,keyCertSign,cRLSign");
  add_extension(x, x, NID_subject_key_identifier, "hash");
  check(::X509_sign(x, key_.get(), ::EVP_sha256()) > 0, "sign a certificate");
  text_ = to_pem(x);
}

inline issued_certificate throwaway_authority::issue(const certificate_wishes& wishes) const {
  const key_pointer key = make_key();
  const certificate_pointer made = make_certificate(wishes.subject, key.get(), wishes.begins, wishes.ends);
  X509* const x = made.get();
  X509* const issuer = wishes.self_signed ? x : own_.get();
  check(::X509_set_issuer_name(x, ::X509_get_subject_name(issuer)) == 1, "name the issuer");
  std::string names;
  for (const std::string& each : wishes.names)
    names.append(names.empty() ? "" : ",").append(net::address::parse(each, 0) ? "IP:" : "DNS:").append(each);
  if (!names.empty()) add_extension(x, issuer, NID_subject_alt_name, names);
  add_extension(x, issuer, NID_basic_constraints, "critical,CA:FALSE");
  add_extension(x, issuer, NID_key_usage, "critical,digitalSignature");
  add_extension(x, issuer, NID_ext_key_usage, "serverAuth,clientAuth");
  check(::X509_sign(x, wishes.self_signed ? key.get() : key_.get(), ::EVP_sha256()) > 0, "sign a certificate");
  return {to_pem(x), to_pem(key.get())};
}

}  // namespace tinyhttp::testing
