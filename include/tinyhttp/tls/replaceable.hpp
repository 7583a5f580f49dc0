// tinyhttp/tls/replaceable.hpp -- certificates that can be replaced while a server runs.
//
// A context around another, which can be exchanged. Knows no TLS library itself.
#pragma once

#include <tinyhttp/core/owned.hpp>
#include <tinyhttp/core/result.hpp>
#include <tinyhttp/net/secure_session.hpp>

#include <cstdint>
#include <memory>
#include <mutex>
#include <string_view>
#include <utility>

namespace tinyhttp {

/// Also for `server_options::tls` and `client_options::tls`. Every member function may be called from any thread.
///
///     auto shown = std::make_shared<replaceable_tls_context>(tls_server_context(files).value());
///     tls_server s(app, {.port = 8443, .tls = shown});
///     if (auto renewed = tls_server_context(files)) shown->replace(*renewed);  // else the old one stays
class replaceable_tls_context final : public net::secure_context {
 public:
  /// Neither this nor what replaces it is null.
  explicit replaceable_tls_context(std::shared_ptr<const net::secure_context> first) noexcept
      : current_(std::move(first)) {}

  /// For connections from now on; those that are open keep what they have. What was begun by the old one
  /// is not resumed by the next.
  void replace(std::shared_ptr<const net::secure_context> next) noexcept {
    const std::lock_guard<std::mutex> lock(mutex_);
    current_.swap(next);
  }

  [[nodiscard]] result<owned<net::secure_session>> begin(std::string_view host,
                                                                   std::uint16_t port) const override {
    return current()->begin(host, port);
  }

 private:
  [[nodiscard]] std::shared_ptr<const net::secure_context> current() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return current_;
  }

  mutable std::mutex mutex_;
  std::shared_ptr<const net::secure_context> current_;
};

}  // namespace tinyhttp
