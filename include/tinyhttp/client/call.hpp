// tinyhttp/client/call.hpp -- the options of one call, the same for every client.
#pragma once

#include <tinyhttp/client/credentials.hpp>
#include <tinyhttp/client/options.hpp>
#include <tinyhttp/core/chrono.hpp>
#include <tinyhttp/core/function.hpp>
#include <tinyhttp/core/result.hpp>
#include <tinyhttp/http/body.hpp>
#include <tinyhttp/http/fields.hpp>
#include <tinyhttp/http/method.hpp>
#include <tinyhttp/http/percent.hpp>
#include <tinyhttp/http/request.hpp>
#include <tinyhttp/http/typed_body.hpp>
#include <tinyhttp/http/url.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace tinyhttp {

/// Called with each redirect's target before it is requested, so the last one is where the answer came from. If it returns
/// an error, the target is not requested, and the call fails with that error.
using redirect_sink = function<result<void>(const url&)>;

/// The options of one call, besides the URL. The members behind `body` override the client's options.
struct call_options {
  tinyhttp::method method = tinyhttp::method::get;
  tinyhttp::fields fields = {};
  tinyhttp::body body = {};
  std::optional<std::size_t> max_redirects = std::nullopt;
  std::optional<std::chrono::milliseconds> total_timeout = std::nullopt;
  informational_sink informational = {};  // called for every 1xx response
  redirect_sink redirected = {};
  bool as_is = false;  // no field is added (User-Agent, Accept-Encoding, ...), nothing is decoded

  /// Sent in place of the URL's path and query, octet for octet: `/a|b?c`, or `*` with OPTIONS (RFC 9112 3.2.1,
  /// 3.2.4). Empty: the URL's. `invalid_argument` for octets outside visible US-ASCII, a `#`, or another form.
  /// Redirects are resolved against it.
  std::string target = {};

  /// The body and its Content-Type. These three throw like `fields::set`.
  void set_body(typed_body content) {
    fields.set("Content-Type", content.media_type);
    body = std::move(content.body);
  }
  /// Credentials: RFC 7617, with a `user` without a colon, or RFC 6750. Only sent to the origin of the URL. Neither
  /// hides its secret: without TLS anybody on the way can read it.
  void set_basic(std::string_view user, std::string_view password) {
    fields.set("Authorization", basic_credentials(user, password));
  }
  void set_bearer(std::string_view token) {
    fields.set("Authorization", bearer_credentials(token));
  }
};

namespace detail {

/// `GET http://h:1/x`, for error messages: without userinfo and fragment.
[[nodiscard]] inline std::string describe(const method& m, const url& to) {
  return std::string(m.name()).append(" ").append(to.origin()).append(to.target);
}

/// Sets the target of `r`, whose method is set, to `text` unchanged, and `to` to the same URL. False if it is invalid.
[[nodiscard]] inline bool set_target(request& r, url& to, std::string_view text) {
  if (!r.target.assign(text, r.method) || r.target.form() == target_form::absolute ||
      r.target.form() == target_form::authority)
    return false;
  to.target.clear();
  if (r.target.form() == target_form::asterisk) to.target = "/";
  else append_missing_escapes(to.target, r.path(), unescaped::path);
  if (r.target.has_query()) append_missing_escapes(to.target += '?', r.query(), unescaped::query);
  return true;
}

/// The call options for the arguments of `post` and the like, and of `send`.
[[nodiscard]] inline result<call_options> options_of(method m, body content, std::string_view media_type) {
  call_options how;
  how.method = std::move(m);
  how.body = std::move(content);
  const std::size_t slash = media_type.find('/');  // without one it is no type, and maybe it is the body
  if (slash != media_type.npos && ascii::is_token(media_type.substr(0, slash)) &&
      how.fields.try_add("Content-Type", media_type))
    return how;
  return error(error_kind::invalid_argument, std::string(how.method.name()) + ": that is no media type");
}
[[nodiscard]] inline result<url> url_of(const request& r) {
  if (r.target.form() == target_form::absolute) return parse_url(r.target.text());
  return error(error_kind::invalid_argument, "send: the target is not an absolute URL");
}
[[nodiscard]] inline call_options options_of(request r) {
  call_options how;
  how.method = std::move(r.method);
  how.fields = std::move(r.fields);
  how.body = std::move(r.body);
  return how;
}

}  // namespace detail

}  // namespace tinyhttp
