// tests/apart/tls_support.hpp -- what the tests of tls.hpp share: an authority, and both ends that trust it.
#pragma once

#include <tinyhttp/client/client.hpp>
#include <tinyhttp/tls.hpp>
#include <tinyhttp/tls/authority.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace tls_test {

using namespace tinyhttp;
using testing::certificate_wishes;
using testing::throwaway_authority;

using context = std::shared_ptr<const net::secure_context>;

inline const throwaway_authority& authority() {
  static const throwaway_authority one;
  return one;
}
inline context show(const certificate_wishes& wishes = {}, tls_server_options with = {}) {
  const auto own = authority().issue(wishes);
  with.certificate = own.certificate;
  with.key = own.key;
  return tls_server_context(with).value();
}
inline context trust(tls_client_options with = {}) {
  with.ca = authority().certificate();
  return tls_client_context(with).value();
}
inline client_options trusting() {
  client_options with;
  with.tls = trust();
  return with;
}
inline tls_server serving(any_handler app, context with = show()) {
  return tls_server(std::move(app), {.port = 0, .patience = {.drain = std::chrono::milliseconds(50)}, .tls = std::move(with)});
}
inline response hello(const request& r) {
  return text(std::string(r.context->is_secure() ? "secure " : "plain ") + r.context->peer_subject());
}
inline std::string at_localhost(const tls_server& s, std::string_view target = "/") {
  return "https://localhost:" + std::to_string(s.port()) + std::string(target);
}
/// By a connection of its own.
inline std::string ask(const context& by, const std::string& url) {
  client c({.tls = by});
  const auto answer = c.get(url);
  return answer ? std::string(answer->body.text()) : answer.error().message();
}
inline SSL_CTX* native(const context& of) { return static_cast<const detail::tls_context&>(*of).native(); }

}  // namespace tls_test
