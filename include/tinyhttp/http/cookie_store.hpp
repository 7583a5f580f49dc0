// tinyhttp/http/cookie_store.hpp -- a user's cookies: which are accepted, and which are sent where.
//
// Pure: time is an argument. RFC 6265 5.3 and 5.4, and of its successor (rfc6265bis) what protects
// Secure cookies, and the two name prefixes. SameSite means nothing here: all requests are the
// program's own. Not thread-safe: see client/cookie_jar.hpp.
#pragma once

#include <tinyhttp/core/ascii.hpp>
#include <tinyhttp/http/ip_address.hpp>
#include <tinyhttp/http/received_cookie.hpp>
#include <tinyhttp/http/url.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tinyhttp {

/// A cookie as a client keeps it (RFC 6265 5.3).
struct stored_cookie {
  std::string name;
  std::string value;
  std::string domain;  // in lower case
  std::string path;
  std::optional<std::int64_t> expires;  // seconds since 1970; empty: with the session
  bool host_only = true;                // for `domain` itself, not for what ends in it
  bool secure = false;
  bool http_only = false;
  std::uint64_t created = 0;  // counts; what was made first is sent first
  std::uint64_t used = 0;     // counts; what was not used for longest is forgotten first
};

/// Bounds on what sites can make us keep; the least recently used cookies are dropped first. As in RFC 6265 6.1.
struct cookie_limits {
  std::size_t per_domain = 50;
  std::size_t in_all = 3000;
};

/// There is no list of public suffixes: a Domain without a dot in it (`com`) is refused, but `co.uk` is not, so that
/// sites below it could set cookies for each other. A program that talks to sites that do not trust each other should
/// use one store for each.
class cookie_store {
 public:
  explicit cookie_store(cookie_limits limits = {}) noexcept : limits_(limits) {}

  /// Processes one Set-Cookie field of an answer from `from`. False if it is ignored.
  bool set(const url& from, std::string_view set_cookie, std::int64_t now);

  /// The value of the Cookie field for a request to `to`: longer paths first, then older cookies.
  /// Empty when there are none.
  [[nodiscard]] std::string field_for(const url& to, std::int64_t now);

  /// Adds a cookie that was stored earlier, and replaces one of the same name, domain and path.
  void put(stored_cookie cookie, std::int64_t now);

  [[nodiscard]] const std::vector<stored_cookie>& cookies() const noexcept { return cookies_; }
  void clear() noexcept { cookies_.clear(); }

 private:
  [[nodiscard]] bool would_replace_secure(const stored_cookie& cookie) const;
  void remove_expired(std::int64_t now);
  void bound(std::string_view domain);
  void forget_least_used(std::string_view domain);

  cookie_limits limits_;
  std::vector<stored_cookie> cookies_;
  std::uint64_t count_ = 0;
};

/// RFC 6265 5.1.3: `host` is `domain`, or is no address and ends in a dot and `domain`.
[[nodiscard]] constexpr bool domain_matches(std::string_view host, std::string_view domain) noexcept;

/// RFC 6265 5.1.4: `path` is `prefix`, or lies below it.
[[nodiscard]] constexpr bool cookie_path_matches(std::string_view path,
                                                 std::string_view prefix) noexcept;

// ---------------------------------------------------------------------------------------------

namespace detail {

[[nodiscard]] inline std::string_view path_of(const url& from) noexcept {
  return std::string_view(from.target).substr(0, from.target.find('?'));
}

/// The directory of a path without the slash at its end (5.1.4).
[[nodiscard]] constexpr std::string_view default_cookie_path(std::string_view path) noexcept {
  const auto slash = path.rfind('/');
  return slash == path.npos || slash == 0 ? std::string_view("/") : path.substr(0, slash);
}

[[nodiscard]] constexpr bool is_address(std::string_view host) noexcept {
  return host.find(':') != host.npos || ip_address::parse(host);
}

/// Whose it is. False when the one who sets it has no right to that domain (5.3).
[[nodiscard]] inline bool settle_domain(stored_cookie& cookie, std::string_view host) {
  cookie.host_only = cookie.domain.empty() || (cookie.domain == host && is_address(host));
  if (cookie.domain.empty()) cookie.domain = host;
  if (cookie.domain == host && host.find('.') == host.npos) cookie.host_only = true;
  if (cookie.host_only) return true;
  const auto dot = cookie.domain.find('.');  // the one of `com.` does not count
  return domain_matches(host, cookie.domain) && dot < cookie.domain.size() - 1;
}

/// The prefixes `__Secure-` and `__Host-` promise something (rfc6265bis 4.1.3).
[[nodiscard]] inline bool keeps_promise_of_name(const stored_cookie& cookie, bool named_domain) {
  const bool for_host = ascii::starts_with_ignoring_case(cookie.name, "__Host-");
  if (!for_host && !ascii::starts_with_ignoring_case(cookie.name, "__Secure-")) return true;
  return cookie.secure && (!for_host || (!named_domain && cookie.path == "/"));
}

[[nodiscard]] inline bool is_same_cookie(const stored_cookie& a, const stored_cookie& b) noexcept {
  return a.name == b.name && a.domain == b.domain && a.host_only == b.host_only && a.path == b.path;
}

[[nodiscard]] constexpr bool has_ended(const stored_cookie& cookie, std::int64_t now) noexcept {
  return cookie.expires && *cookie.expires <= now;
}

}  // namespace detail

constexpr bool domain_matches(std::string_view host, std::string_view domain) noexcept {
  if (host == domain) return true;
  return host.size() > domain.size() && host.ends_with(domain) &&
         host[host.size() - domain.size() - 1] == '.' && !detail::is_address(host);
}

constexpr bool cookie_path_matches(std::string_view path, std::string_view prefix) noexcept {
  if (!path.starts_with(prefix)) return false;
  return path.size() == prefix.size() || prefix.ends_with('/') || path[prefix.size()] == '/';
}

/// rfc6265bis 5.7: who cannot read a Secure cookie must not be able to put another in its place.
inline bool cookie_store::would_replace_secure(const stored_cookie& cookie) const {
  for (const stored_cookie& other : cookies_)
    if (other.secure && other.name == cookie.name &&
        (domain_matches(other.domain, cookie.domain) || domain_matches(cookie.domain, other.domain)) &&
        cookie_path_matches(cookie.path, other.path))
      return true;
  return false;
}

inline bool cookie_store::set(const url& from, std::string_view set_cookie, std::int64_t now) {
  auto received = parse_set_cookie(set_cookie, now);
  if (!received || (received->secure && !from.is_secure())) return false;
  stored_cookie cookie;
  cookie.name = std::move(received->name);
  cookie.value = std::move(received->value);
  cookie.domain = std::move(received->domain);
  cookie.path = received->path.empty() ? std::string(detail::default_cookie_path(detail::path_of(from)))
                                       : std::move(received->path);
  cookie.expires = received->expires;
  cookie.secure = received->secure;
  cookie.http_only = received->http_only;
  const bool named_domain = !cookie.domain.empty();
  if (!detail::settle_domain(cookie, from.host)) return false;
  if (!detail::keeps_promise_of_name(cookie, named_domain)) return false;
  if (!from.is_secure() && would_replace_secure(cookie)) return false;
  put(std::move(cookie), now);
  return true;
}

inline void cookie_store::put(stored_cookie cookie, std::int64_t now) {
  cookie.created = cookie.used = ++count_;
  for (std::size_t i = 0; i < cookies_.size(); ++i) {
    if (!detail::is_same_cookie(cookies_[i], cookie)) continue;
    cookie.created = cookies_[i].created;
    cookies_.erase(cookies_.begin() + static_cast<std::ptrdiff_t>(i));
    break;
  }
  if (detail::has_ended(cookie, now)) return;
  remove_expired(now);
  const std::string domain = cookie.domain;
  cookies_.push_back(std::move(cookie));
  bound(domain);
}

inline void cookie_store::remove_expired(std::int64_t now) {
  std::erase_if(cookies_, [now](const stored_cookie& c) { return detail::has_ended(c, now); });
}

/// Forgets what is too much after a cookie of `domain` has come.
inline void cookie_store::bound(std::string_view domain) {
  std::size_t same = 0;
  for (const stored_cookie& c : cookies_)
    if (c.domain == domain) ++same;
  if (same > limits_.per_domain) forget_least_used(domain);
  if (cookies_.size() > limits_.in_all) forget_least_used({});
}

/// Of that domain, or of all where it is empty.
inline void cookie_store::forget_least_used(std::string_view domain) {
  std::size_t least = cookies_.size();
  for (std::size_t i = 0; i < cookies_.size(); ++i)
    if ((domain.empty() || cookies_[i].domain == domain) &&
        (least == cookies_.size() || cookies_[i].used < cookies_[least].used))
      least = i;
  cookies_.erase(cookies_.begin() + static_cast<std::ptrdiff_t>(least));
}

inline std::string cookie_store::field_for(const url& to, std::int64_t now) {
  std::vector<stored_cookie*> sent;
  for (stored_cookie& c : cookies_) {
    const bool for_host = c.host_only ? to.host == c.domain : domain_matches(to.host, c.domain);
    if (!for_host || detail::has_ended(c, now) || (c.secure && !to.is_secure()) ||
        !cookie_path_matches(detail::path_of(to), c.path))
      continue;
    c.used = ++count_;
    std::size_t place = sent.size();  // insertion: there are few
    const auto goes_before = [&c](const stored_cookie& other) {
      if (c.path.size() != other.path.size()) return c.path.size() > other.path.size();
      return c.created < other.created;
    };
    while (place > 0 && goes_before(*sent[place - 1])) --place;
    sent.insert(sent.begin() + static_cast<std::ptrdiff_t>(place), &c);
  }
  std::string field;
  for (const stored_cookie* c : sent)
    field.append(field.empty() ? "" : "; ").append(c->name).append("=").append(c->value);
  return field;
}

}  // namespace tinyhttp
