// tinyhttp/testing_tls.hpp -- fake servers that speak TLS, with certificates that live as long as they do.
//
// Stands apart: needs OpenSSL 3 (-lssl -lcrypto). Keys are made at run time; the authority's and the
// server's own are on no disk. A client's is, in a directory that nobody else can read.
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

/// What certificate a fake server shows, and what it asks of clients. Each has an authority of its own.
///
///     fake_server good{tls().host("localhost")}, stale{tls().expired()};
///     CHECK(download(good.url("/x"), good.ca_file()).ok);
///     CHECK(!download(stale.url("/x"), stale.ca_file()).ok);
class tls {
 public:
  /// The certificate is for these names and addresses instead of `127.0.0.1`, `::1` and `localhost`.
  /// `url()` has `localhost` if that is the first, and else the literal address: with any other first
  /// name a client finds the wrong host there.
  template <class... More>
  [[nodiscard]] tls host(std::string_view first, const More&... more) const {
    return with([&](tls& made) { made.wishes_.names = {std::string(first), std::string(more)...}; });
  }
  /// The certificate was good until an hour ago.
  [[nodiscard]] tls expired() const {
    return with([](tls& made) { made.valid(std::chrono::hours(-25), std::chrono::hours(-1)); });
  }
  /// It will be good in an hour.
  [[nodiscard]] tls not_yet_valid() const {
    return with([](tls& made) { made.valid(std::chrono::hours(1), std::chrono::hours(25)); });
  }
  /// It is signed by its own key; `ca_file()` has an authority that knows nothing of it.
  [[nodiscard]] tls self_signed() const {
    return with([](tls& made) { made.wishes_.self_signed = true; });
  }
  /// An authority has signed it, but not the one in `ca_file()`.
  [[nodiscard]] tls unknown_authority() const {
    return with([](tls& made) { made.unknown_authority_ = true; });
  }
  /// Clients have to show a certificate of the authority in `ca_file()`; `client_certificate_file()` is
  /// one, for `CN=subject`.
  [[nodiscard]] tls ask_client(std::string_view subject = "client") const {
    return with([&](tls& made) { made.client_ = subject; });
  }
  /// Nothing older than this is spoken.
  [[nodiscard]] tls oldest(tls_version version) const {
    return with([&](tls& made) { made.oldest_ = version; });
  }

  /// Makes keys and certificates. Throws `bad_result` when OpenSSL cannot.
  [[nodiscard]] shared<const fake_security> make() const;
  /// The server listens on 127.0.0.1; on others: `fake_server_options{.host = "::1", .tls = tls().make()}`.
  operator fake_server_options() const {
    fake_server_options made;
    made.tls = make();
    return made;
  }

 private:
  /// Of an authority: with the same name one would be taken for another whose signatures are wrong.
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
