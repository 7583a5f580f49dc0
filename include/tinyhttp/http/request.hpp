// tinyhttp/http/request.hpp -- a request: a value that owns its octets.
//
// RFC 9110 9. The same type on both sides: a server receives it, a client sends it. Knows no
// socket; what only a running server can tell comes through `request_context`.
#pragma once

#include <tinyhttp/core/clock.hpp>
#include <tinyhttp/core/function.hpp>
#include <tinyhttp/http/body.hpp>
#include <tinyhttp/http/fields.hpp>
#include <tinyhttp/http/method.hpp>
#include <tinyhttp/http/status.hpp>
#include <tinyhttp/http/target.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace tinyhttp {

/// HTTP/1.x versions that are told apart. A later minor version counts as 1.1 (RFC 9110 2.5).
enum class http_version : std::uint8_t { http_1_0, http_1_1 };

/// What the connection that carries a request can tell a handler. Lives as long as the exchange.
class request_context {
 public:
  request_context() = default;
  request_context(const request_context&) = delete;
  request_context& operator=(const request_context&) = delete;
  virtual ~request_context() = default;

  /// The address at the other end of the socket, such as `127.0.0.1:52186`; never from a field.
  [[nodiscard]] virtual std::string_view peer() const noexcept = 0;
  /// Octets come and go by TLS.
  [[nodiscard]] virtual bool is_secure() const noexcept { return false; }
  /// Whom the peer's certificate is for, such as `CN=me`, where the server asks for one (`tls_server_options::client_ca`).
  [[nodiscard]] virtual std::string peer_subject() const { return {}; }
  /// The peer has gone, or the server is out of patience: nobody will see the response.
  [[nodiscard]] virtual bool cancelled() const noexcept = 0;
  /// The server has been told to stop and waits for the answers under way: one without end, such as a
  /// stream of events, had better find one. Any thread.
  [[nodiscard]] virtual bool stopping() const noexcept { return false; }
  /// Ends at `when`, or as soon as the server is told to stop: for answers without end.
  [[nodiscard]] virtual task<void> wait_until(time_point when) { return clock().wait_until(when); }
  /// The same, so long from now on.
  [[nodiscard]] task<void> wait_for(std::chrono::milliseconds span) { return wait_until(deadline_in(clock().now(), span)); }
  /// What lives as long as the exchange, and waits on its loop, for bodies that are streamed: not this
  /// in a `blocking` handler, which is over by then.
  [[nodiscard]] virtual request_context& lasting() noexcept { return *this; }
  /// Sends an informational response now (RFC 9110 15.2), such as 103. HTTP/1.0 peers get none.
  [[nodiscard]] virtual task<result<void>> inform(status code, const fields& with) = 0;
  [[nodiscard]] virtual tinyhttp::clock& clock() noexcept = 0;
  /// Any thread. Calls `work` on the loop of this exchange; dropped when that loop has ended.
  virtual void post(function<void()> work) = 0;
};

/// The values of a route's named segments, percent-decoded. Owns its octets.
class path_parameters {
 public:
  /// The value of that name; empty when the route has no such segment.
  [[nodiscard]] const std::string_view operator[](std::string_view name) const noexcept {
    for (std::size_t i = entries_.size(); i-- > 0;)
      if (text(entries_[i].name_at, entries_[i].name_size) == name)
        return text(entries_[i].value_at, entries_[i].value_size);
    return {};
  }
  [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }
  void clear() noexcept {
    text_.clear();
    entries_.clear();
  }
  void add(std::string_view name, std::string_view value) {
    entries_.push_back({append(name), static_cast<std::uint32_t>(name.size()), append(value),
                        static_cast<std::uint32_t>(value.size())});
  }

 private:
  struct entry {
    std::uint32_t name_at, name_size, value_at, value_size;
  };
  std::uint32_t append(std::string_view octets) {
    const auto at = static_cast<std::uint32_t>(text_.size());
    text_.append(octets.data(), octets.size());
    return at;
  }
  [[nodiscard]] std::string_view text(std::uint32_t at, std::uint32_t size) const noexcept {
    return {text_.data() + at, size};
  }

  small_vector<char, 64> text_;
  small_vector<entry, 4> entries_;
};

/// What a proxy that is trusted says of the request which it passes on (app/trusted_proxies.hpp). What is not
/// told is as the connection and the request have it.
struct forwarded_facts {
  enum class scheme_told : std::uint8_t { none, http, https };

  std::string peer;  // such as `192.0.2.1:0`, port 0 where that is not known; empty: not told
  std::string host;  // empty: not told
  scheme_told scheme = scheme_told::none;

  void clear() noexcept {
    peer.clear();
    host.clear();
    scheme = scheme_told::none;
  }
};

/// A request. Views into it live until that part is changed, or the request ends.
struct request {
  tinyhttp::method method;
  tinyhttp::target target;
  http_version version = http_version::http_1_1;
  tinyhttp::fields fields;
  tinyhttp::body body;
  path_parameters path_params;         // filled in by the router
  forwarded_facts forwarded;           // by `with_trusted_proxies`
  request_context* context = nullptr;  // null unless a server or a test supplies one

  request() = default;
  /// Throws std::invalid_argument for a text that is no target of that method.
  request(tinyhttp::method m, std::string_view t, tinyhttp::fields f = {}, tinyhttp::body b = {})
      : method(std::move(m)), target(t, method), fields(std::move(f)), body(std::move(b)) {}

  /// A request to call a handler with: `app(request::get("/hello"))`. These throw, too.
  [[nodiscard]] static request get(std::string_view t, tinyhttp::fields f = {}) {
    return {method::get, t, std::move(f)};
  }
  [[nodiscard]] static request head(std::string_view t, tinyhttp::fields f = {}) {
    return {method::head, t, std::move(f)};
  }
  [[nodiscard]] static request post(std::string_view t, tinyhttp::body b, tinyhttp::fields f = {}) {
    return {method::post, t, std::move(f), std::move(b)};
  }
  [[nodiscard]] static request put(std::string_view t, tinyhttp::body b, tinyhttp::fields f = {}) {
    return {method::put, t, std::move(f), std::move(b)};
  }
  [[nodiscard]] static request patch(std::string_view t, tinyhttp::body b, tinyhttp::fields f = {}) {
    return {method::patch, t, std::move(f), std::move(b)};
  }
  [[nodiscard]] static request delete_(std::string_view t, tinyhttp::fields f = {}) {
    return {method::delete_, t, std::move(f)};
  }

  [[nodiscard]] std::string_view path() const noexcept { return target.path(); }
  [[nodiscard]] std::string_view query() const noexcept { return target.query(); }

  /// The authority that is asked: of an absolute target, else of the Host field (RFC 9112 3.3); what a
  /// trusted proxy says goes before both.
  [[nodiscard]] std::string_view host() const noexcept {
    if (!forwarded.host.empty()) return forwarded.host;
    return target.authority().empty() ? fields["Host"] : target.authority();
  }

  /// Who asks, such as `127.0.0.1:52186`: the other end of the connection, or whom a trusted proxy there
  /// speaks for. Empty without a context.
  [[nodiscard]] std::string_view peer() const noexcept {
    if (!forwarded.peer.empty()) return forwarded.peer;
    return context != nullptr ? context->peer() : std::string_view();
  }
  /// It was asked by TLS: of us, or of a trusted proxy that says so.
  [[nodiscard]] bool is_secure() const noexcept {
    if (forwarded.scheme != forwarded_facts::scheme_told::none)
      return forwarded.scheme == forwarded_facts::scheme_told::https;
    return context != nullptr && context->is_secure();
  }
  [[nodiscard]] bool cancelled() const noexcept { return context != nullptr && context->cancelled(); }
  template <class = void>  // g++ compiles every coroutine it sees; a template only where it is used
  [[nodiscard]] task<result<void>> inform(status code, const tinyhttp::fields& with) {
    if (context == nullptr) co_return result<void>();
    co_return co_await context->inform(code, with);
  }

  /// Becomes as new, keeping the memory of its parts.
  void clear() {
    (void)method.assign(tinyhttp::method::get.name());
    target.reset();
    version = http_version::http_1_1;
    fields.clear();
    body.clear();
    path_params.clear();
    forwarded.clear();
    context = nullptr;
  }
};

}  // namespace tinyhttp
