// tinyhttp/testing_tls.hpp -- fake servers that speak TLS, with certificates that live as long as they do.
//
// Separate because it needs OpenSSL 3 (-lssl -lcrypto). Keys are made at run time. The authority's and the
// server's keys are never on disk; a client's key is, in a directory that nobody else can read.
#pragma once

#include <tinyhttp/core/ascii.hpp>
#include <tinyhttp/core/chrono.hpp>
#include <tinyhttp/core/shared.hpp>
#include <tinyhttp/testing.hpp>
#include <tinyhttp/tls/authority.hpp>
#include <tinyhttp/tls/context.hpp>

#include <atomic>
#include <string>
#include <string_view>
#include <utility>

namespace tinyhttp::testing {

/// Which certificate a fake server presents, and what it requires of clients. Each has an authority of its own.
///
///     fake_server good{tls().host("localhost")}, stale{tls().expired()};
///     CHECK(download(good.url("/x"), good.ca_file()).ok);
///     CHECK(!download(stale.url("/x"), stale.ca_file()).ok);
class tls {
 public:
  /// Makes the certificate for these names and addresses instead of `127.0.0.1`, `::1` and `localhost`.
  /// `url()` has `localhost` if that is the first, otherwise the literal address: with any other first
  /// name a client finds a certificate for the wrong host.
  template <class... More>
  [[nodiscard]] tls host(std::string_view first, const More&... more) const {
    return with([&](tls& made) { made.wishes_.names = {std::string(first), std::string(more)...}; });
  }
  /// A certificate that expired an hour ago.
  [[nodiscard]] tls expired() const {
    return with([](tls& made) { made.valid(std::chrono::hours(-25), std::chrono::hours(-1)); });
  }
  /// A certificate that becomes valid in an hour.
  [[nodiscard]] tls not_yet_valid() const {
    return with([](tls& made) { made.valid(std::chrono::hours(1), std::chrono::hours(25)); });
  }
  /// A certificate signed by its own key; `ca_file()` has an unrelated authority.
  [[nodiscard]] tls self_signed() const {
    return with([](tls& made) { made.wishes_.self_signed = true; });
  }
  /// A certificate signed by an authority that is not the one in `ca_file()`.
  [[nodiscard]] tls unknown_authority() const {
    return with([](tls& made) { made.unknown_authority_ = true; });
  }
  /// Requires clients to present a certificate of the authority in `ca_file()`; `client_certificate_file()`
  /// is one, for `CN=subject`.
  [[nodiscard]] tls ask_client(std::string_view subject = "client") const {
    return with([&](tls& made) { made.client_ = subject; });
  }
  /// The oldest version of TLS that is accepted.
  [[nodiscard]] tls oldest(tls_version version) const {
    return with([&](tls& made) { made.oldest_ = version; });
  }

  /// Makes keys and certificates. Throws `bad_result` if OpenSSL fails.
  [[nodiscard]] shared<const fake_security> make() const;
  /// Options for a server on 127.0.0.1; for other addresses: `fake_server_options{.host = "::1", .tls = tls().make()}`.
  operator fake_server_options() const {
    fake_server_options made;
    made.tls = make();
    return made;
  }

 private:
  /// Of an authority: if two had the same name, one would be taken for the other with wrong signatures.
  static std::string new_name() {
    static std::atomic<unsigned> last{0};
    return "throw-away authority " + ascii::to_decimal(++last);
  }
  template <class Change>
  [[nodiscard]] tls with(Change change) const {
    tls made = *this;
    change(made);
    return made;
  }
  void valid(std::chrono::seconds begins, std::chrono::seconds ends) {
    wishes_.begins = begins;
    wishes_.ends = ends;
  }

  certificate_wishes wishes_{.names = {"127.0.0.1", "::1", "localhost"}};
  tls_version oldest_ = tls_version::v1_2;
  bool unknown_authority_ = false;
  std::string client_;
};

// ---------------------------------------------------------------------------------------------

inline shared<const fake_security> tls::make() const {
  const throwaway_authority trusted(new_name());
  const auto own = unknown_authority_ ? throwaway_authority(new_name()).issue(wishes_) : trusted.issue(wishes_);
  tls_server_options how;
  how.certificate = own.certificate;
  how.key = own.key;
  how.oldest = oldest_;
  fake_security made;
  made.authority = trusted.certificate();
  if (wishes_.names.front() == "localhost") made.host = "localhost";
  if (!client_.empty()) {
    how.client_ca = trusted.certificate();
    const auto shown = trusted.issue({.names = {}, .subject = client_});
    made.client = shown.certificate + shown.key;
  }
  made.context = tls_server_context(how).value();
  return share<const fake_security>(new fake_security(std::move(made)));
}

}  // namespace tinyhttp::testing
