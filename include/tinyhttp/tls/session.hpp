// tinyhttp/tls/session.hpp -- a `secure_session` by OpenSSL.
//
// Needs OpenSSL 3. OpenSSL sees no descriptor: it reads and writes two buffers of ours, through a BIO of
// two functions. Its queue of errors is emptied here, so that nothing of one session shows in another.
#pragma once

#include <tinyhttp/core/ascii.hpp>
#include <tinyhttp/core/bounds.hpp>
#include <tinyhttp/core/chrono.hpp>
#include <tinyhttp/core/result.hpp>
#include <tinyhttp/net/address.hpp>
#include <tinyhttp/net/secure_session.hpp>
#include <tinyhttp/tls/names.hpp>
#include <tinyhttp/tls/resumption.hpp>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace tinyhttp::detail {

/// `what: reason`, by OpenSSL's code or out of its queue, which is empty then.
[[nodiscard]] inline error tls_failure(std::string_view what, unsigned long code = 0) {
  if (code == 0) code = ::ERR_peek_last_error();
  const char* const reason = ERR_SYSTEM_ERROR(code) ? std::strerror(ERR_GET_REASON(code)) : ::ERR_reason_error_string(code);
  ::ERR_clear_error();
  std::string line = "TLS: ";
  line.append(what).append(what.empty() ? "" : ": ").append(reason != nullptr ? reason : "it failed for no known reason");
  if (ERR_GET_LIB(code) == ERR_LIB_SSL && ERR_GET_REASON(code) == SSL_R_WRONG_VERSION_NUMBER)
    line.append(", as where no TLS is spoken");  // by far the most frequent cause
  return {error_kind::tls, std::move(line)};
}

/// What is between OpenSSL and the stream below.
struct tls_wire {
  std::unique_ptr<char[]> in;
  std::size_t first = 0;  // of what has come and is not decrypted
  std::size_t last = 0;
  std::string out;
};

/// The BIO of a session; one for all, made when it is first needed. Never freed: sessions of static objects end later than
/// whatever is made here.
[[nodiscard]] inline BIO_METHOD* tls_wire_method() noexcept {
  static BIO_METHOD* const one = [] {
    BIO_METHOD* const m = ::BIO_meth_new(BIO_TYPE_SOURCE_SINK | ::BIO_get_new_index(), "tinyhttp");
    if (m == nullptr) return m;
    ::BIO_meth_set_create(m, [](BIO* b) {
      ::BIO_set_init(b, 1);
      return 1;
    });
    ::BIO_meth_set_read(m, [](BIO* b, char* to, int size) {
      auto& w = *static_cast<tls_wire*>(::BIO_get_data(b));
      BIO_clear_retry_flags(b);
      const std::size_t count = at_most(w.last - w.first, static_cast<std::size_t>(size > 0 ? size : 0));
      if (count == 0) {
        BIO_set_retry_read(b);
        return -1;
      }
      std::memcpy(to, w.in.get() + w.first, count);
      w.first += count;
      return static_cast<int>(count);
    });
    ::BIO_meth_set_write(m, [](BIO* b, const char* from, int size) {
      BIO_clear_retry_flags(b);
      try {
        static_cast<tls_wire*>(::BIO_get_data(b))->out.append(from, static_cast<std::size_t>(size));
      } catch (...) {  // out of memory
        return -1;
      }
      return size;
    });
    ::BIO_meth_set_ctrl(m, [](BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1L : 0L; });
    return m;
  }();
  return one;
}

/// For who speaks HTTP where TLS is spoken (RFC 9110 15.5.1).
inline constexpr std::string_view answer_to_plain_http =
    "HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Type: text/plain\r\nContent-Length: 37\r\n\r\n"
    "This port speaks TLS: use https URLs\n";

class tls_session final : public net::secure_session {
 public:
  /// Of a server, `by_name` has the certificates to choose from; null: `of` has the only one.
  tls_session(SSL_CTX* of, bool accepts, std::shared_ptr<const tls_names> by_name = nullptr)
      : ssl_(::SSL_new(of)), names_(std::move(by_name)) {
    BIO* const wire = ssl_ != nullptr ? ::BIO_new(tls_wire_method()) : nullptr;
    if (wire == nullptr) return;
    ::BIO_set_data(wire, &wire_);
    ::SSL_set_bio(ssl_, wire, wire);  // it owns the one reference
    if (accepts) ::SSL_set_accept_state(ssl_);
    else ::SSL_set_connect_state(ssl_);
    if (names_) ::SSL_set_ex_data(ssl_, 0, this);
    works_ = true;
  }
  ~tls_session() override { ::SSL_free(ssl_); }

  [[nodiscard]] bool works() const noexcept { return works_; }
  /// The server has to be `host`; with `verify` its certificate has to say so, and be trusted.
  result<void> expect(std::string_view host, bool verify);
  /// Goes on from the last session with the same, if there is one, and keeps what the server gives for
  /// the next. It has to be one of the same context's, which has the same demands.
  void resume(std::string_view host, std::uint16_t port);
  [[nodiscard]] bool resumed() const noexcept { return ::SSL_session_reused(ssl_) == 1; }
  /// Set for a client's SSL_CTX: OpenSSL calls it with what can be resumed.
  [[nodiscard]] static int keep(SSL* of, SSL_SESSION* session) noexcept;
  /// Set for the SSL_CTX of sessions with names: OpenSSL calls it with a greeting that has come.
  [[nodiscard]] static int choose(SSL* of, int* alert, void*) noexcept;

  [[nodiscard]] inline result<bool> handshake() override;
  [[nodiscard]] inline result<std::size_t> decrypt(std::span<char> into) override;
  [[nodiscard]] inline bool has_news() override;
  [[nodiscard]] bool ended() const noexcept override { return ended_; }
  [[nodiscard]] inline result<void> encrypt(std::string_view plain) override;
  void end() noexcept override {
    ::ERR_clear_error();
    ::SSL_shutdown(ssl_);
    ::ERR_clear_error();
  }
  void take_outgoing(std::string& to) override {
    if (to.empty()) to.swap(wire_.out);
    else to.append(wire_.out);
    wire_.out.clear();
  }
  [[nodiscard]] inline std::span<char> room() override;
  void received(std::size_t octets) noexcept override {
    wire_.last += octets;
    quiet_ += octets;
  }
  void rest() noexcept override {
    if (wire_.first == wire_.last) wire_.in.reset();
  }
  [[nodiscard]] inline bool covers(std::string_view host) const override;
  [[nodiscard]] std::string server_name() const override {
    const char* const name = ::SSL_get_servername(ssl_, TLSEXT_NAMETYPE_host_name);
    return name != nullptr ? name : "";
  }
  [[nodiscard]] inline std::string peer_subject() const override;

 private:
  static constexpr std::size_t room_size = 18 * 1024;  // octets: more than a record and its frame
  static constexpr std::size_t most_noise = 128 * 1024;  // octets

  /// The peer says much that is not for us, or makes us say as much: new keys without end (RFC 8446 4.6.3).
  [[nodiscard]] bool is_noise() const noexcept { return quiet_ > most_noise || wire_.out.size() > most_noise; }

  /// All that a client has said yet begins with a method. OpenSSL knows four, and those piece by piece, too.
  [[nodiscard]] inline bool is_plain_http() const noexcept;
  /// Why the last call did not succeed, or `has_news` before it: 0 for a wish for more, or for the peer's end.
  [[nodiscard]] result<std::size_t> obstacle(int outcome);
  [[nodiscard]] tls_session_store* store() const noexcept {
    return owned_by<tls_session_store>(::SSL_get_SSL_CTX(ssl_));
  }

  SSL* ssl_;
  std::shared_ptr<const tls_names> names_;
  std::string peer_;     // host:port where sessions are kept
  time_point proven_{};  // when the peer showed the certificate that a resumed session relies on
  tls_wire wire_;
  std::size_t quiet_ = 0;  // octets that have come since the last plain one
  unsigned long broken_by_ = 0;  // OpenSSL's code for what `has_news` met
  bool works_ = false;
  bool ended_ = false;
};

inline result<void> tls_session::expect(std::string_view host, bool verify) {
  std::string name(host);
  if (name.ends_with('.')) name.pop_back();  // in names of certificates there is no root
  const bool is_address = net::address::parse(name, 0).has_value();
  if (!is_address && ::SSL_ctrl(ssl_, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, name.data()) != 1)
    return tls_failure("name " + name);  // SSL_set_tlsext_host_name, without its C cast in users' programs
  if (!verify) return {};
  // OpenSSL would take `.org` for a wish that the certificate be for anything that ends so.
  if (name.starts_with('.')) return error(error_kind::tls, "TLS: " + name + " is no host's name");
  ::SSL_set_verify(ssl_, SSL_VERIFY_PEER, nullptr);
  X509_VERIFY_PARAM* const check = ::SSL_get0_param(ssl_);
  // RFC 9110 4.3.4: names are those in subjectAltName; a common name is none.
  ::X509_VERIFY_PARAM_set_hostflags(check, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
  const int set = is_address ? ::X509_VERIFY_PARAM_set1_ip_asc(check, name.c_str())
                             : ::X509_VERIFY_PARAM_set1_host(check, name.data(), name.size());
  if (set != 1 || name.empty()) return tls_failure("expect " + name);
  return {};
}

inline void tls_session::resume(std::string_view host, std::uint16_t port) {
  ascii::append_decimal(peer_.append(host).append(":"), port);
  ::SSL_set_ex_data(ssl_, 0, this);
  const auto last = store()->take(peer_, std::chrono::steady_clock::now());
  if (last.session && ::SSL_set_session(ssl_, last.session.get()) == 1) proven_ = last.proven;
}

inline int tls_session::keep(SSL* of, SSL_SESSION* session) noexcept {
  const auto* const self = static_cast<const tls_session*>(::SSL_get_ex_data(of, 0));
  if (self == nullptr) return 0;
  try {
    // A copy: the connection goes on changing its own.
    tls_session_store::kept one{self->peer_, self->resumed() ? self->proven_ : std::chrono::steady_clock::now(), {}};
    one.session.reset(::SSL_SESSION_dup(session));
    if (one.session) self->store()->put(std::move(one));
  } catch (...) {  // out of memory: it is not resumed then
  }
  return 0;  // `session` is not ours
}

inline int tls_session::choose(SSL* of, int* alert, void*) noexcept {
  const auto* const self = static_cast<const tls_session*>(::SSL_get_ex_data(of, 0));
  try {
    if (go_over_to(self->names_->find(asked_name(of)), of)) return SSL_CLIENT_HELLO_SUCCESS;
  } catch (...) {  // out of memory
  }
  *alert = SSL_AD_INTERNAL_ERROR;
  return SSL_CLIENT_HELLO_ERROR;
}

inline bool tls_session::covers(std::string_view host) const {
  if (!names_) return true;
  SSL_CTX* const wanted = names_->find(host);
  if (wanted == ::SSL_get_SSL_CTX(ssl_)) return true;
  return ::SSL_CTX_get_verify_mode(wanted) == SSL_VERIFY_NONE && ::SSL_version(ssl_) >= SSL_CTX_get_min_proto_version(wanted);
}

inline result<std::size_t> tls_session::obstacle(int outcome) {
  switch (broken_by_ != 0 ? SSL_ERROR_SSL : ::SSL_get_error(ssl_, outcome)) {
    case SSL_ERROR_WANT_READ: return std::size_t{0};
    case SSL_ERROR_ZERO_RETURN: ended_ = true; return std::size_t{0};
    default: break;
  }
  if (!peer_.empty()) store()->drop(peer_);
  const long verified = ::SSL_get_verify_result(ssl_);
  const bool judges = ::SSL_get_verify_mode(ssl_) != SSL_VERIFY_NONE && !::SSL_is_server(ssl_);
  if (judges && verified != X509_V_OK && !::SSL_is_init_finished(ssl_)) {
    ::ERR_clear_error();
    return error(error_kind::tls, std::string("TLS: ") + ::X509_verify_cert_error_string(verified));
  }
  return tls_failure("", broken_by_);
}

inline bool tls_session::is_plain_http() const noexcept {
  if (!::SSL_is_server(ssl_) || quiet_ != wire_.last) return false;
  std::string_view came(wire_.in.get(), wire_.last);
  came = came.substr(0, came.find(' '));
  for (const char c : came)
    if ((c < 'A' || c > 'Z') && c != '-') return false;
  return !came.empty();
}

inline result<bool> tls_session::handshake() {
  ::ERR_clear_error();
  const int outcome = ::SSL_do_handshake(ssl_);
  if (outcome == 1) {
    quiet_ = 0;
    if (!peer_.empty() && resumed() && ::SSL_version(ssl_) < TLS1_3_VERSION)
      static_cast<void>(keep(ssl_, ::SSL_get0_session(ssl_)));  // TLS 1.2 gives no new one for it
    return true;
  }
  if (const auto code = ::ERR_peek_last_error(); code != 0 && (ERR_GET_REASON(code) == SSL_R_HTTP_REQUEST || is_plain_http()))
    wire_.out.assign(answer_to_plain_http);  // an alert would be noise to whoever asked that
  const auto why = obstacle(outcome);
  if (!why) return why.error();
  if (ended_) return error(error_kind::tls, "TLS: the peer ended the handshake");
  return false;
}

inline result<std::size_t> tls_session::decrypt(std::span<char> into) {
  ::ERR_clear_error();
  std::size_t count = 0;
  const int outcome = broken_by_ != 0 ? -1 : ::SSL_read_ex(ssl_, into.data(), into.size(), &count);
  if (outcome == 1) quiet_ = 0;
  if (is_noise()) return error(error_kind::tls, "TLS: the peer changes keys without end");
  if (outcome == 1) return count;
  return obstacle(outcome);
}

inline bool tls_session::has_news() {
  if (is_noise()) return true;
  ::ERR_clear_error();
  char octet;
  std::size_t count = 0;
  const int outcome = ::SSL_peek_ex(ssl_, &octet, 1, &count);
  const bool wants_more = outcome != 1 && ::SSL_get_error(ssl_, outcome) == SSL_ERROR_WANT_READ;
  if (outcome != 1 && broken_by_ == 0) broken_by_ = ::ERR_peek_last_error();  // OpenSSL tells once
  ::ERR_clear_error();
  return !wants_more || broken_by_ != 0;
}

inline result<void> tls_session::encrypt(std::string_view plain) {
  while (!plain.empty()) {
    ::ERR_clear_error();
    std::size_t count = 0;
    const int outcome = ::SSL_write_ex(ssl_, plain.data(), plain.size(), &count);
    if (outcome != 1) {
      const auto why = obstacle(outcome);
      return why ? error(error_kind::tls, "TLS: the peer interrupts") : why.error();
    }
    plain.remove_prefix(count);
  }
  return {};
}

inline std::span<char> tls_session::room() {
  if (!wire_.in) wire_.in = std::make_unique_for_overwrite<char[]>(room_size);
  if (wire_.first == wire_.last) wire_.first = wire_.last = 0;
  if (wire_.first > 0) {
    std::memmove(wire_.in.get(), wire_.in.get() + wire_.first, wire_.last - wire_.first);
    wire_.last -= std::exchange(wire_.first, 0);
  }
  return {wire_.in.get() + wire_.last, room_size - wire_.last};
}

inline std::string tls_session::peer_subject() const {
  X509* const shown = ::SSL_get0_peer_certificate(ssl_);
  BIO* const text = shown != nullptr ? ::BIO_new(::BIO_s_mem()) : nullptr;
  if (text == nullptr) return {};
  ::X509_NAME_print_ex(text, ::X509_get_subject_name(shown), 0, XN_FLAG_RFC2253);
  char* octets = nullptr;
  const long size = BIO_get_mem_data(text, &octets);
  std::string subject(octets, static_cast<std::size_t>(size > 0 ? size : 0));
  ::BIO_free(text);
  return subject;
}

}  // namespace tinyhttp::detail
