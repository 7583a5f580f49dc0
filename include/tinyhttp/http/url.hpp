// tinyhttp/http/url.hpp -- the absolute http and https URLs that a client takes.
//
// Pure. RFC 3986 for the syntax, RFC 9110 4.2 for the two schemes. Resolves no names, and does not
// rewrite paths: `..` and existing escapes are sent as they were written.
#pragma once

#include <tinyhttp/core/ascii.hpp>
#include <tinyhttp/core/result.hpp>
#include <tinyhttp/http/ip_address.hpp>
#include <tinyhttp/http/percent.hpp>
#include <tinyhttp/http/uri_reference.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace tinyhttp {

/// A parsed URL. `parse_url` makes only valid ones; code that sets members must keep them valid.
struct url {
  std::string scheme = "http";  // `http` or `https`, in lower case
  std::string userinfo;         // `user:password`, still escaped; percent_decode after splitting
  std::string host;             // lower case; an IPv6 address without its brackets
  std::uint16_t port = 80;      // the scheme's default if the text has none
  std::string target = "/";     // path and query as they are sent, escaped where necessary
  std::string fragment;         // never sent

  [[nodiscard]] bool is_secure() const noexcept { return std::string_view(scheme) == "https"; }

  /// The parts of `target`, still escaped: `/a` and `x=1` of `/a?x=1`.
  [[nodiscard]] std::string_view path() const noexcept { return std::string_view(target).substr(0, target.find('?')); }
  [[nodiscard]] std::string_view query() const noexcept {
    const auto question = target.find('?');
    return question == target.npos ? std::string_view() : std::string_view(target).substr(question + 1);
  }

  /// The value for a Host field: brackets around IPv6, and the port unless it is the scheme's default.
  [[nodiscard]] std::string host_field() const;

  /// `http://host:port`, as in `host_field`: connections, credentials and cookies belong to this.
  [[nodiscard]] std::string origin() const { return scheme + "://" + host_field(); }

  /// The whole URL, password included: not for logs.
  [[nodiscard]] std::string to_string() const;

  friend bool operator==(const url&, const url&) = default;
};

/// Whether scheme, host and port are the same (RFC 6454).
[[nodiscard]] inline bool same_origin(const url& a, const url& b) noexcept {
  return a.scheme == b.scheme && a.host == b.host && a.port == b.port;
}

/// Parses an absolute URL. In path, query and fragment, octets that are not allowed there (spaces, quotes, UTF-8, a
/// lone `%`) are escaped, and well-formed escapes stay. In the parts before them nothing is repaired: spaces, backslashes,
/// a second `@` and non-ASCII hosts (write punycode) are refused. Escapes in a host are refused, too, though reg-name
/// has them: no name in DNS needs them, and two readings of one host are one too many. A control octet is refused
/// anywhere.
///
/// @return  `invalid_argument` errors such as `url "http://": no host`. The message never shows a
///          password or a control octet, and is short however long the text is.
[[nodiscard]] inline result<url> parse_url(std::string_view text);

/// The same into an existing URL, whose memory is reused. After a failure its members have no meaning.
[[nodiscard]] inline result<void> parse_url(std::string_view text, url& into);

/// Resolves `reference` (the value of a Location field, a link) against `base`: RFC 3986 5.2, dot segments removed.
/// The fragment is the reference's own (RFC 9110 10.2.2 lets a redirect inherit one: see there).
[[nodiscard]] inline result<url> resolve_reference(const url& base, std::string_view reference) {
  return parse_url(resolve_reference(base.to_string(), reference));
}

// ---------------------------------------------------------------------------------------------

namespace detail {

/// `host` as it stands in front of a port: an IPv6 address in brackets.
[[nodiscard]] inline std::string in_brackets(const std::string& host) {
  return host.find(':') == host.npos ? host : '[' + host + ']';
}

inline void append_host_field(std::string& out, const url& of) {
  if (of.host.find(':') == of.host.npos) out.append(of.host);
  else out.append("[").append(of.host).append("]");
  if (of.port != (of.is_secure() ? 443 : 80)) ascii::append_decimal(out += ':', of.port);
}

/// One line about `text`: what stands before an `@` and every control octet hidden, cut at 200.
inline error url_error(std::string_view text, std::string_view why) {
  if (ascii::has_control(text)) why = "a control octet";  // whatever else is wrong
  const auto slashes = text.find("//");
  const std::size_t start = slashes == text.npos ? 0 : slashes + 2;
  const auto end = text.find_first_of("/?#", start);
  const auto at = text.substr(0, end).rfind('@');
  const bool hides = at != text.npos && at >= start;
  std::string line(text.substr(0, hides ? start : 0));
  line.append(hides ? "..." : "").append(text.substr(hides ? at : 0));
  if (line.size() > 200) line.replace(200, line.npos, "...");
  for (char& c : line)
    if (ascii::has_control({&c, 1})) c = '?';
  return {error_kind::invalid_argument, line.insert(0, "url \"").append("\": ").append(why)};
}

/// Reads `host [ ":" port ]` into `to`; gives what is wrong with it, or nothing.
[[nodiscard]] inline std::string_view read_host_and_port(std::string_view text, url& to) {
  std::string_view host;
  if (text.starts_with('[')) {
    const auto close = text.find(']');
    if (close == text.npos) return "no ] behind the address";
    host = text.substr(1, close - 1);
    if (!is_ipv6_address(host)) return "not an IPv6 address";
    text.remove_prefix(close + 1);
  } else {
    while (host.size() < text.size() && reg_name_table[static_cast<unsigned char>(text[host.size()])]) host = {text.data(), host.size() + 1};
    text.remove_prefix(host.size());
    if (host.empty() && (text.empty() || text[0] == ':')) return "no host";
  }
  to.host = host;
  for (char& c : to.host) c = ascii::to_lower(c);
  to.port = to.is_secure() ? 443 : 80;
  if (text.empty() || text == ":") return {};  // an empty port is the scheme's own (RFC 3986 3.2.3)
  if (!text.starts_with(':')) return "the host has an octet that may not stand there";
  const auto port = ascii::parse_decimal_strict(text.substr(1), 65535);
  if (!port || *port == 0) return "the port is not a number from 1 to 65535";
  to.port = static_cast<std::uint16_t>(*port);
  return {};
}

/// What is wrong with an authority that holds octets of which people are told, or nothing.
[[nodiscard, gnu::cold]] inline std::string_view misplaced_octet(std::string_view text) {
  if (ascii::has_control(text)) return "a control octet";
  const auto found = text.find_first_of(" \\");
  return found == text.npos ? "" : text[found] == ' ' ? "a space before the path" : "a backslash before the path";
}

/// What is wrong with a text that begins with neither `http://` nor `https://`.
[[nodiscard, gnu::cold]] inline std::string_view wrong_scheme(std::string_view text) {
  const uri_components parts = split_uri_reference(text);
  if (!parts.scheme || (!parts.authority && text.find("://") == text.npos)) return "no http:// or https:// in front";
  return ascii::equal_ignoring_case(*parts.scheme, "http") || ascii::equal_ignoring_case(*parts.scheme, "https")
             ? "no // behind the scheme" : "the scheme is neither http nor https";
}

/// Reads an authority into `to`; gives what is wrong with it, or nothing.
[[nodiscard]] inline std::string_view read_authority(std::string_view text, url& to) {
  std::string_view place = text;
  to.userinfo.clear();
  if (const auto at = text.find('@'); at != text.npos) {
    if (const auto wrong = misplaced_octet(text); !wrong.empty()) return wrong;
    place.remove_prefix(at + 1);
    if (place.find('@') != text.npos) return "more than one @ before the path";
    append_missing_escapes(to.userinfo, text.substr(0, at), unescaped::segment);
  }
  const auto wrong = read_host_and_port(place, to);
  const auto plainer = wrong.empty() ? wrong : misplaced_octet(text);  // neither is in a host or a port
  return plainer.empty() ? wrong : plainer;
}

/// Reads what follows an authority into `to`. False, and `to` is unchanged: `text` has a control octet, or does not
/// begin where an authority ends.
[[nodiscard]] inline bool read_behind_authority(std::string_view text, url& to) {
  const char first = text.empty() ? '/' : text[0];
  if ((first != '/' && first != '?' && first != '#') || ascii::has_control(text)) return false;
  to.target.clear();
  to.target.reserve(text.size());
  if (!text.starts_with('/')) to.target = "/";
  take_escaped<true>(to.target, text, unescaped::path, "?#");
  if (text.starts_with('?')) take_escaped<true>(to.target, text, unescaped::query, "#");
  to.fragment.clear();
  if (!text.empty()) append_missing_escapes(to.fragment, text.substr(1), unescaped::query);
  return true;
}

}  // namespace detail

inline result<void> parse_url(std::string_view text, url& into) {
  const std::string_view front = text.size() > 4 && ascii::to_lower(text[4]) == 's' ? "https://" : "http://";
  if (!ascii::starts_with_ignoring_case(text, front)) return detail::url_error(text, detail::wrong_scheme(text));
  into.scheme.assign(front, 0, front.size() - 3);
  std::string_view rest = text.substr(front.size());
  const auto wrong = detail::read_authority(detail::take_until(rest, "/?#"), into);
  if (!wrong.empty() || !detail::read_behind_authority(rest, into)) return detail::url_error(text, wrong);
  return {};
}

inline result<url> parse_url(std::string_view text) {
  url made;
  if (const auto read = parse_url(text, made); !read) return read.error();
  return made;
}

inline std::string url::host_field() const {
  std::string field;
  detail::append_host_field(field, *this);
  return field;
}

inline std::string url::to_string() const {
  std::string text = scheme + "://";
  if (!userinfo.empty()) text.append(userinfo) += '@';
  text.append(host_field()).append(target);
  if (!fragment.empty()) text.append("#").append(fragment);
  return text;
}

}  // namespace tinyhttp
