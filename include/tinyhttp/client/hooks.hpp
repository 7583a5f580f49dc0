// tinyhttp/client/hooks.hpp -- interfaces to take part in a call: keep cookies, answer challenges, decode contents.
//
// Interfaces only. `client_options` points to the implementations; engine.hpp calls them.
#pragma once

#include <tinyhttp/core/result.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace tinyhttp {

struct request;
struct response;
struct url;

// All of them must outlive the client. They are called in the thread that makes the call: by several threads
// at once if several use one client.

/// Sees every exchange of a call, including those of redirects and repeated requests. For cookies, signatures and
/// statistics.
class exchange_hook {
 public:
  exchange_hook() = default;
  exchange_hook(const exchange_hook&) = delete;
  exchange_hook& operator=(const exchange_hook&) = delete;
  virtual ~exchange_hook() = default;

  /// Called before `r` is sent to `to`. Changes to it apply to this exchange only: the next one
  /// starts from the caller's request.
  virtual void before(const url& /*to*/, request& /*r*/) {}
  /// Called when the head of `answer` has arrived from `from`; must not touch the body.
  virtual void after(const url& /*from*/, const response& /*answer*/) {}
};

/// Answers 401, and 407 from a proxy (RFC 9110 11). Called once for each request, and again after a redirect; never for
/// a request whose body is a stream, which cannot be sent again.
class challenge_answerer {
 public:
  challenge_answerer() = default;
  challenge_answerer(const challenge_answerer&) = delete;
  challenge_answerer& operator=(const challenge_answerer&) = delete;
  virtual ~challenge_answerer() = default;

  /// The value of the Authorization field (after 407: Proxy-Authorization) with which to repeat `r`, which
  /// got `challenge` from `to`. Empty: the challenge is returned as the answer.
  [[nodiscard]] virtual std::optional<std::string> answer(const url& to, const request& r,
                                                          const response& challenge) = 0;
};

/// Decodes content codings (RFC 9110 8.4). Used for requests that have neither Accept-Encoding nor Range: a caller that
/// asks for an encoded representation, or a part of one, gets it as it is.
class content_decoder {
 public:
  content_decoder() = default;
  content_decoder(const content_decoder&) = delete;
  content_decoder& operator=(const content_decoder&) = delete;
  virtual ~content_decoder() = default;

  /// The value of the Accept-Encoding field; the view lives as long as this.
  [[nodiscard]] virtual std::string_view accepted() const noexcept = 0;
  /// Replaces the body of `answer` by a decoded one, and adapts its fields. The new body must pull the
  /// old one to its end, and keeps `about` (`GET http://h:1/x`) for its error messages.
  [[nodiscard]] virtual result<void> decode(response& answer, std::string about) const = 0;
};

}  // namespace tinyhttp
