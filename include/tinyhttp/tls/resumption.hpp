// tinyhttp/tls/resumption.hpp -- what lets a later connection go on from an earlier one's handshake: the
// keys of a server's tickets, and the tickets that a client keeps.
//
// Needs OpenSSL 3. Both belong to an SSL_CTX and end with it, so that no other context's sessions are
// ever resumed. RFC 8446 2.2 and 4.6.1, RFC 5077.
#pragma once

#include <tinyhttp/core/chrono.hpp>
#include <tinyhttp/core/clock.hpp>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>

#include <cstddef>
#include <cstring>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tinyhttp::detail {

/// Where a `T` is among what an SSL_CTX owns.
template <class T>
[[nodiscard]] int tls_place() noexcept {
  static const int one = ::SSL_CTX_get_ex_new_index(
      0, nullptr, nullptr, nullptr, [](void*, void* owned, CRYPTO_EX_DATA*, int, long, void*) { delete static_cast<T*>(owned); });
  return one;
}
/// Null: it owns none.
template <class T>
[[nodiscard]] T* owned_by(const SSL_CTX* context) noexcept {
  return static_cast<T*>(::SSL_CTX_get_ex_data(context, tls_place<T>()));
}
template <class T>
bool give(SSL_CTX* context, std::unique_ptr<T> owned) noexcept {
  if (::SSL_CTX_set_ex_data(context, tls_place<T>(), owned.get()) != 1) return false;
  static_cast<void>(owned.release());
  return true;
}

/// The keys that seal a server's tickets. OpenSSL's own would stay for as long as the context: whoever
/// got hold of one could read all that TLS 1.2 ever resumed by it. Here a key seals for one lifetime of
/// a ticket, opens for one more, and is gone. Any thread.
class tls_ticket_keys {
 public:
  static constexpr std::chrono::hours lifetime{2};

  explicit tls_ticket_keys(time_point now) : made_(now) {}
  tls_ticket_keys(const tls_ticket_keys&) = delete;
  tls_ticket_keys& operator=(const tls_ticket_keys&) = delete;
  ~tls_ticket_keys() { ::OPENSSL_cleanse(keys_, sizeof keys_); }

  /// Sets up what seals a ticket, and says its key's `name` and an `iv`. False: there is no randomness.
  [[nodiscard]] bool seal(time_point now, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac);

  enum class found { nothing, newest, older };
  /// Sets up what opens a ticket that was sealed by the key of that `name`.
  [[nodiscard]] found open(time_point now, const unsigned char* name, const unsigned char* iv, EVP_CIPHER_CTX* cipher,
                           EVP_MAC_CTX* mac);

 private:
  struct key {
    unsigned char name[16];
    unsigned char cipher[32];
    unsigned char mac[32];
    bool is_set;
  };
  void turn(time_point now) noexcept;
  [[nodiscard]] static bool sign_by(key& with, EVP_MAC_CTX* mac) noexcept;

  std::mutex mutex_;
  key keys_[2] = {};  // the newest, and the one before
  time_point made_;   // the newest
};

/// The sessions that a client can resume, each for one connection. Few: the oldest gives way. Any thread.
class tls_session_store {
 public:
  static constexpr std::size_t most = 64;
  static constexpr std::size_t most_octets_of_ticket = 16 * 1024;
  /// How long a server's certificate counts without being shown again.
  static constexpr std::chrono::hours most_age{24};

  struct free_session {
    void operator()(SSL_SESSION* p) const noexcept { ::SSL_SESSION_free(p); }
  };
  struct kept {
    std::string peer;  // host:port
    time_point proven{};  // when it last showed its certificate
    std::unique_ptr<SSL_SESSION, free_session> session;
  };

  void put(kept one);
  /// The newest with `peer`, which is not here any more; without a session: none that is still good.
  [[nodiscard]] kept take(std::string_view peer, time_point now);
  /// Forgets all with `peer`.
  void drop(std::string_view peer);

 private:
  std::mutex mutex_;
  std::vector<kept> kept_;  // the oldest first
};

// ---------------------------------------------------------------------------------------------

inline void tls_ticket_keys::turn(time_point now) noexcept {
  for (int i = 0; i < 2 && now - made_ >= lifetime; ++i) {
    keys_[1] = keys_[0];
    ::OPENSSL_cleanse(&keys_[0], sizeof keys_[0]);
    made_ += lifetime;
  }
  if (now - made_ >= lifetime) made_ = now;  // both are gone
}

inline bool tls_ticket_keys::sign_by(key& with, EVP_MAC_CTX* mac) noexcept {
  char digest[] = "sha256";
  const OSSL_PARAM how[] = {::OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, with.mac, sizeof with.mac),
                            ::OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0), ::OSSL_PARAM_construct_end()};
  return ::EVP_MAC_CTX_set_params(mac, how) == 1;
}

inline bool tls_ticket_keys::seal(time_point now, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
                                  EVP_MAC_CTX* mac) {
  const std::lock_guard<std::mutex> lock(mutex_);
  turn(now);
  key& k = keys_[0];
  if (!k.is_set)
    k.is_set = ::RAND_bytes(k.name, sizeof k.name) == 1 && ::RAND_priv_bytes(k.cipher, sizeof k.cipher) == 1 &&
               ::RAND_priv_bytes(k.mac, sizeof k.mac) == 1;
  const EVP_CIPHER* const by = ::EVP_aes_256_cbc();
  if (!k.is_set || ::RAND_bytes(iv, ::EVP_CIPHER_get_iv_length(by)) != 1) return false;
  std::memcpy(name, k.name, sizeof k.name);
  return ::EVP_EncryptInit_ex2(cipher, by, k.cipher, iv, nullptr) == 1 && sign_by(k, mac);
}

inline tls_ticket_keys::found tls_ticket_keys::open(time_point now, const unsigned char* name, const unsigned char* iv,
                                                    EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac) {
  const std::lock_guard<std::mutex> lock(mutex_);
  turn(now);
  for (key& k : keys_) {
    if (!k.is_set || std::memcmp(name, k.name, sizeof k.name) != 0) continue;
    const bool ready = ::EVP_DecryptInit_ex2(cipher, ::EVP_aes_256_cbc(), k.cipher, iv, nullptr) == 1 && sign_by(k, mac);
    return !ready ? found::nothing : &k == keys_ ? found::newest : found::older;
  }
  return found::nothing;
}

inline void tls_session_store::put(kept one) {
  const unsigned char* ticket = nullptr;
  std::size_t octets = 0;
  ::SSL_SESSION_get0_ticket(one.session.get(), &ticket, &octets);
  if (octets > most_octets_of_ticket) return;
  const std::lock_guard<std::mutex> lock(mutex_);
  if (kept_.size() >= most) kept_.erase(kept_.begin());
  kept_.push_back(std::move(one));
}

inline tls_session_store::kept tls_session_store::take(std::string_view peer, time_point now) {
  const std::lock_guard<std::mutex> lock(mutex_);
  for (std::size_t i = kept_.size(); i-- > 0;) {
    if (kept_[i].peer != peer) continue;
    kept one = std::move(kept_[i]);
    kept_.erase(kept_.begin() + static_cast<std::ptrdiff_t>(i));
    const X509* const shown = ::SSL_SESSION_get0_peer(one.session.get());
    const bool expired = shown != nullptr && ::X509_cmp_current_time(::X509_get0_notAfter(shown)) < 0;
    if (!expired && now - one.proven < most_age && ::SSL_SESSION_is_resumable(one.session.get()) == 1) return one;
  }
  return {};
}

inline void tls_session_store::drop(std::string_view peer) {
  const std::lock_guard<std::mutex> lock(mutex_);
  for (std::size_t i = kept_.size(); i-- > 0;)
    if (kept_[i].peer == peer) kept_.erase(kept_.begin() + static_cast<std::ptrdiff_t>(i));
}

/// OpenSSL asks this for each ticket that it seals or opens. Whoever has to show a certificate gets no new
/// ticket for an old one, so that a certificate counts for one lifetime after it was shown.
inline int tls_ticket_key(SSL* session, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac,
                          int seals) noexcept {
  constexpr int no = 0, yes = 1, and_renew = 2, failed = -1;
  auto* const keys = owned_by<tls_ticket_keys>(::SSL_get_SSL_CTX(session));
  if (keys == nullptr) return no;
  const time_point now = std::chrono::steady_clock::now();
  if (seals != 0) return keys->seal(now, name, iv, cipher, mac) ? yes : failed;
  const auto key = keys->open(now, name, iv, cipher, mac);
  if (key == tls_ticket_keys::found::nothing) return no;
  if ((::SSL_get_verify_mode(session) & SSL_VERIFY_PEER) != 0) return yes;
  return key == tls_ticket_keys::found::older || ::SSL_version(session) == TLS1_3_VERSION ? and_renew : yes;
}

/// Tickets only, so that a server holds nothing for whoever may come back; and none lets a client speak
/// before its handshake (0-RTT), which could be played again.
inline bool let_server_resume(SSL_CTX* context) {
  unsigned char own[16];  // not even with the same keys would another context's sessions do
  ::SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  return ::RAND_bytes(own, sizeof own) == 1 && ::SSL_CTX_set_session_id_context(context, own, sizeof own) == 1 &&
         ::SSL_CTX_set_max_early_data(context, 0) == 1 &&
         give(context, std::make_unique<tls_ticket_keys>(std::chrono::steady_clock::now()));
}

/// Of every server: a session that goes over to another context asks for tickets here all the same, and gets them
/// by the keys of that one. Without keys there are none; OpenSSL would make some.
inline bool ask_us_for_ticket_keys(SSL_CTX* context) noexcept {
  ::SSL_CTX_set_timeout(context, static_cast<long>(std::chrono::seconds(tls_ticket_keys::lifetime).count()));
  return ::SSL_CTX_set_tlsext_ticket_key_evp_cb(context, tls_ticket_key) == 1;
}

/// Neither by tickets nor by numbers; of either side.
inline void never_resume(SSL_CTX* context) noexcept {
  ::SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  ::SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
  ::SSL_CTX_set_num_tickets(context, 0);  // TLS 1.3 has others
}

}  // namespace tinyhttp::detail
