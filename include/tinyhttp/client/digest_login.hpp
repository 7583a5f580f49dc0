// tinyhttp/client/digest_login.hpp -- a user name and password for one origin, by the Digest scheme.
//
// RFC 7616. The hash function is an argument: digest.hpp has one. Answers 401, not the 407 of proxies.
#pragma once

#include <tinyhttp/client/hooks.hpp>
#include <tinyhttp/core/mutex.hpp>
#include <tinyhttp/files/system.hpp>
#include <tinyhttp/http/challenge.hpp>
#include <tinyhttp/http/digest_access.hpp>
#include <tinyhttp/http/request.hpp>
#include <tinyhttp/http/response.hpp>
#include <tinyhttp/http/url.hpp>

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace tinyhttp {

/// Answers the Digest challenges of one origin, and of no other, even after redirects. As a hook it also avoids
/// challenges: once a nonce has arrived, later requests carry the answer at once.
///
///     digest_login login("http://localhost:8000", "ada", "secret", &hash_with_openssl);
///     client c({.hooks = {&login}, .credentials = &login});
///
/// Any number of threads and clients may use one. The server's proof (rspauth) is not checked.
class digest_login final : public challenge_answerer, public exchange_hook {
 public:
  /// `of` is a URL of the origin; throws std::invalid_argument if it is not. User and password
  /// are in UTF-8; the user has no colon.
  digest_login(std::string_view of, std::string user, std::string password, hash_function hash);

  inline std::optional<std::string> answer(const url& to, const request& r,
                                           const response& challenge) override;
  inline void before(const url& to, request& r) override;
  inline void after(const url& from, const response& answer) override;

 private:
  std::optional<std::string> next_credentials(const request& r);

  url origin_;
  std::string user_;
  std::string password_;
  hash_function hash_;
  std::mutex guard_;  // of what follows
  std::optional<digest_challenge> challenge_;
  std::string cnonce_;
  std::uint32_t count_ = 0;  // requests with this nonce
};

// ---------------------------------------------------------------------------------------------

inline digest_login::digest_login(std::string_view of, std::string user, std::string password,
                                  hash_function hash)
    : user_(std::move(user)), password_(std::move(password)), hash_(hash) {
  auto parsed = parse_url(of);
  if (!parsed) throw std::invalid_argument("digest_login: " + parsed.error().message());
  origin_ = std::move(*parsed);
}

/// Under the guard, with a challenge.
inline std::optional<std::string> digest_login::next_credentials(const request& r) {
  ++count_;
  digest_request with;
  with.user = user_;
  with.password = password_;
  with.method = r.method.name();
  with.target = r.target.text();
  with.cnonce = cnonce_;
  with.count = count_;
  return digest_credentials(*challenge_, with, hash_);
}

inline std::optional<std::string> digest_login::answer(const url& to, const request& r,
                                                       const response& challenge) {
  if (!same_origin(to, origin_) || challenge.status != status::unauthorized) return std::nullopt;
  auto found = find_digest_challenge(
      challenge.fields.combined("WWW-Authenticate").value_or(std::string()), hash_);
  if (!found) return std::nullopt;
  const std::lock_guard lock(guard_);
  if (!challenge_ || challenge_->nonce != found->nonce) {
    count_ = 0;
    cnonce_.clear();
    for (int i = 0; i < 4; ++i)
      cnonce_ += detail::count_text(static_cast<std::uint32_t>(files::unguessable()));
  }
  challenge_ = std::move(found);
  return next_credentials(r);
}

inline void digest_login::before(const url& to, request& r) {
  if (!same_origin(to, origin_) || r.fields.contains("Authorization")) return;
  const std::lock_guard lock(guard_);
  if (!challenge_) return;
  if (const auto ready = next_credentials(r))
    static_cast<void>(r.fields.try_add("Authorization", *ready));  // refused: it will be asked for
}

/// A server may name the next nonce beforehand (RFC 7616 3.5).
inline void digest_login::after(const url& from, const response& answer) {
  const auto info = answer.fields.get("Authentication-Info");
  if (!info || !same_origin(from, origin_)) return;
  auto next = auth_challenge{{}, {}, *info}.parameter("nextnonce");
  const std::lock_guard lock(guard_);
  if (!next || !challenge_ || next->empty() || *next == challenge_->nonce) return;
  if (challenge_->first_nonce.empty()) challenge_->first_nonce = std::move(challenge_->nonce);
  challenge_->nonce = std::move(*next);
  count_ = 0;
}

}  // namespace tinyhttp
