// tinyhttp/http/digest_access.hpp -- the Digest scheme: answers a challenge without revealing the password (RFC 7616).
//
// Pure: hash, time and randomness are arguments. Needs no library. qop is `auth`, or absent as in RFC 2069;
// `auth-int`, which covers the body, is not answered. Does not check rspauth.
#pragma once

#include <tinyhttp/core/ascii.hpp>
#include <tinyhttp/core/bounds.hpp>
#include <tinyhttp/http/challenge.hpp>
#include <tinyhttp/http/percent.hpp>

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace tinyhttp {

/// The digest of `octets` in lower-case hexadecimal digits; empty if the algorithm is unknown. Names: `MD5`,
/// `SHA-256`, `SHA-512-256`. `hash_with_openssl` in digest.hpp is one.
using hash_function = std::optional<std::string> (*)(std::string_view name,
                                                     std::string_view octets);

/// A parsed Digest challenge; the values are unquoted.
struct digest_challenge {
  std::string realm;
  std::string nonce;
  std::optional<std::string> opaque;
  std::string algorithm;     // as it came, `-sess` included; empty: MD5
  bool has_qop = false;      // `auth`; else as in RFC 2069
  bool is_stale = false;     // the nonce was too old, the password may be right
  bool hashes_user = false;  // the user's name is to be hidden, too
  bool is_utf8 = false;
  std::string first_nonce = {};  // of the session, where `nonce` has taken its place (RFC 7616 3.4.2); else empty
};

/// Parses a challenge; empty if it is of another scheme, lacks realm or nonce, or offers no qop that we support.
[[nodiscard]] inline std::optional<digest_challenge> parse_digest_challenge(
    const auth_challenge& from);

/// The first challenge of a field, several lines joined, whose algorithm `hash` supports: a server lists them in
/// order of preference (RFC 7616 3.7).
[[nodiscard]] inline std::optional<digest_challenge> find_digest_challenge(std::string_view field,
                                                                           hash_function hash);

/// What the credentials are computed from, besides the challenge.
struct digest_request {
  std::string_view user;      // without a colon; in UTF-8, as is the password
  std::string_view password;
  std::string_view method;
  std::string_view target;    // as it is sent
  std::string_view cnonce;    // our own unguessable text
  std::uint32_t count = 1;    // of the requests with this nonce, this one included
};

/// The value of an Authorization field. Empty when `hash` does not have the algorithm.
[[nodiscard]] inline std::optional<std::string> digest_credentials(const digest_challenge& to,
                                                                   const digest_request& with,
                                                                   hash_function hash);

// ---------------------------------------------------------------------------------------------

namespace detail {

/// `a:b:c`, which everything here is a hash of.
[[nodiscard]] inline std::string with_colons(std::initializer_list<std::string_view> parts) {
  std::string text;
  bool is_first = true;
  for (const std::string_view part : parts) {
    if (!is_first) text += ':';
    text += part;
    is_first = false;
  }
  return text;
}

/// The algorithm's name without `-sess`.
[[nodiscard]] inline std::string_view hash_name(std::string_view algorithm) noexcept {
  constexpr std::string_view session = "-sess";
  if (algorithm.empty()) return "MD5";
  const std::size_t behind = algorithm.size() - at_most(algorithm.size(), session.size());
  const bool is_session = ascii::equal_ignoring_case(algorithm.substr(behind), session);
  return is_session ? algorithm.substr(0, behind) : algorithm;
}

[[nodiscard]] inline bool is_session(const digest_challenge& c) noexcept {
  return !c.algorithm.empty() && hash_name(c.algorithm).size() != c.algorithm.size();
}

/// The count as the eight hexadecimal digits of `nc`.
[[nodiscard]] inline std::string count_text(std::uint32_t count) {
  std::string digits;
  for (int shift = 28; shift >= 0; shift -= 4) digits += "0123456789abcdef"[count >> shift & 15];
  return digits;
}

inline void append_auth_parameter(std::string& out, std::string_view name, std::string_view value) {
  append_quoted(out.append(out.back() == ' ' ? "" : ", ").append(name) += '=', value);
}

/// The user as the challenge wants to be told: hidden, in UTF-8 (RFC 8187), or plain.
inline void append_user(std::string& out, const digest_challenge& to, std::string_view user,
                        std::string_view hidden) {
  bool is_ascii = true;
  for (const char c : user) is_ascii = is_ascii && static_cast<unsigned char>(c) < 0x80;
  if (!to.hashes_user && to.is_utf8 && !is_ascii) {
    append_percent_encoded(out.append("username*=UTF-8''"), user, unescaped::nothing);
  } else {
    append_auth_parameter(out, "username", to.hashes_user ? hidden : user);
  }
}

/// The proof: RFC 7616 3.4.1 to 3.4.3. Empty when there is no such hash.
[[nodiscard]] inline std::optional<std::string> digest_proof(const digest_challenge& to,
                                                             const digest_request& with,
                                                             hash_function hash) {
  const std::string_view name = hash_name(to.algorithm);
  auto who = hash(name, with_colons({with.user, to.realm, with.password}));
  const std::string& begun_by = to.first_nonce.empty() ? to.nonce : to.first_nonce;
  if (who && is_session(to)) who = hash(name, with_colons({*who, begun_by, with.cnonce}));
  const auto what = hash(name, with_colons({with.method, with.target}));
  if (!who || !what) return std::nullopt;
  if (!to.has_qop) return hash(name, with_colons({*who, to.nonce, *what}));
  return hash(name, with_colons({*who, to.nonce, count_text(with.count), with.cnonce, "auth", *what}));
}

}  // namespace detail

inline std::optional<digest_challenge> parse_digest_challenge(const auth_challenge& from) {
  if (!ascii::equal_ignoring_case(from.scheme, "Digest")) return std::nullopt;
  auto realm = from.parameter("realm");
  auto nonce = from.parameter("nonce");
  if (!realm || !nonce) return std::nullopt;
  digest_challenge made;
  made.realm = std::move(*realm);
  made.nonce = std::move(*nonce);
  made.opaque = from.parameter("opaque");
  made.algorithm = from.parameter("algorithm").value_or(std::string());
  if (const auto qop = from.parameter("qop")) {
    if (!ascii::list_contains(*qop, "auth")) return std::nullopt;
    made.has_qop = true;
  }
  const auto says = [&from](std::string_view name, std::string_view value) {
    return ascii::equal_ignoring_case(from.parameter(name).value_or(std::string()), value);
  };
  made.is_stale = says("stale", "true");
  made.hashes_user = says("userhash", "true");
  made.is_utf8 = says("charset", "UTF-8");
  return made;
}

inline std::optional<digest_challenge> find_digest_challenge(std::string_view field,
                                                             hash_function hash) {
  while (const auto challenge = take_challenge(field)) {
    auto digest = parse_digest_challenge(*challenge);
    if (digest && hash(detail::hash_name(digest->algorithm), {})) return digest;
  }
  return std::nullopt;
}

inline std::optional<std::string> digest_credentials(const digest_challenge& to,
                                                     const digest_request& with,
                                                     hash_function hash) {
  const auto proof = detail::digest_proof(to, with, hash);
  const auto hidden = hash(detail::hash_name(to.algorithm),
                           detail::with_colons({with.user, to.realm}));
  if (!proof || !hidden) return std::nullopt;
  std::string text = "Digest ";
  detail::append_user(text, to, with.user, *hidden);
  detail::append_auth_parameter(text, "realm", to.realm);
  detail::append_auth_parameter(text, "nonce", to.nonce);
  detail::append_auth_parameter(text, "uri", with.target);
  if (!to.algorithm.empty()) text.append(", algorithm=").append(to.algorithm);
  if (to.has_qop || detail::is_session(to)) detail::append_auth_parameter(text, "cnonce", with.cnonce);
  if (to.has_qop) text.append(", nc=").append(detail::count_text(with.count)).append(", qop=auth");
  detail::append_auth_parameter(text, "response", *proof);
  if (to.opaque) detail::append_auth_parameter(text, "opaque", *to.opaque);
  if (to.hashes_user) text.append(", userhash=true");
  return text;
}

}  // namespace tinyhttp
