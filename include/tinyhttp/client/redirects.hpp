// tinyhttp/client/redirects.hpp -- where a redirect leads, and what of the request is kept.
//
// Pure: a URL, a request and a response in, the next request out. RFC 9110 15.4. Sends nothing and
// counts no hops.
#pragma once

#include <tinyhttp/core/result.hpp>
#include <tinyhttp/http/request.hpp>
#include <tinyhttp/http/response.hpp>
#include <tinyhttp/http/url.hpp>

#include <initializer_list>
#include <optional>
#include <string_view>
#include <utility>

namespace tinyhttp {

/// The URL to which `answer` redirects the request to `from`: the Location of a 301, 302, 303, 307 or 308, resolved
/// against `from`. Its userinfo is dropped; a fragment is inherited (RFC 9110 10.2.2).
///
/// @return  empty for any other answer, or one without Location: then it is final. An error of kind
///          `protocol` for a Location that is no http(s) URL, and for two that differ; of kind
///          `invalid_argument` when https leads to http and `allow_insecure` is not set.
[[nodiscard]] inline result<std::optional<url>> redirect_target(const url& from,
                                                                const response& answer,
                                                                bool allow_insecure);

/// The method of the next request: 303 makes it GET unless it is HEAD; 301 and 302 make a POST a
/// GET, as every browser does (15.4.2, 15.4.3); 307 and 308 keep it.
[[nodiscard]] inline method redirected_method(const method& asked, status answer);

/// Turns `r`, which asked `from`, into the request for `to`. When the method changes to GET the
/// body and the fields that describe it go (15.4). On another origin, whatever identifies the user
/// goes: Authorization, Cookie, Proxy-Authorization, and a Host that was set by hand.
inline void follow_redirect(request& r, const url& from, const url& to, status answer);

// ---------------------------------------------------------------------------------------------

inline result<std::optional<url>> redirect_target(const url& from, const response& answer,
                                                  bool allow_insecure) {
  const int code = answer.status.code();
  const bool redirects = code == 301 || code == 302 || code == 303 || code == 307 || code == 308;
  const auto location = answer.fields.get("Location");
  if (!redirects || !location) return std::optional<url>();
  for (const auto [name, value] : answer.fields)
    if (ascii::equal_ignoring_case(name, "Location") && value != *location)
      return error(error_kind::protocol, "redirect with two Locations that differ");

  auto to = resolve_reference(from, *location);
  if (!to) return error(error_kind::protocol, "redirect to a bad " + to.error().message());
  if (from.is_secure() && !to->is_secure() && !allow_insecure)
    return error(error_kind::invalid_argument,
                 "redirect from https to " + to->origin() + " refused");
  to->userinfo.clear();
  if (to->fragment.empty()) to->fragment = from.fragment;
  return std::optional<url>(std::move(*to));
}

inline method redirected_method(const method& asked, status answer) {
  const int code = answer.code();
  if (code == 303 && asked != method::head) return method::get;
  if ((code == 301 || code == 302) && asked == method::post) return method::get;
  return asked;
}

inline void follow_redirect(request& r, const url& from, const url& to, status answer) {
  const method next = redirected_method(r.method, answer);
  if (next != r.method) {
    r.method = next;
    r.body = {};
    for (const std::string_view name :
         {"Content-Type", "Content-Length", "Content-Encoding", "Content-Language",
          "Content-Location", "Content-Range", "Content-MD5", "Digest", "Content-Digest",
          "Repr-Digest", "Last-Modified", "Transfer-Encoding", "Trailer", "Expect"})
      r.fields.remove(name);
  }
  if (!same_origin(from, to))
    for (const std::string_view name :
         {"Authorization", "Cookie", "Cookie2", "Proxy-Authorization", "Host", "Origin", "Referer"})
      r.fields.remove(name);
  r.target = target(to.target);
}

}  // namespace tinyhttp
