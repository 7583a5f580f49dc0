// tinyhttp/http/request.hpp -- a request: a value that owns its octets.
//
// RFC 9110 9. The same type on both sides: a server receives it, a client sends it. It knows no
// socket; `request_context` gives access to what only a running server can tell.
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

/// The HTTP/1.x versions that are distinguished. A later minor version counts as 1.1 (RFC 9110 2.5).
enum class http_version : std::uint8_t { http_1_0, http_1_1 };

/// What a handler can learn from the connection that carries a request. Lives as long as the exchange.
class request_context {
 public:
  request_context() = default;
  request_context(const request_context&) = delete;
  request_context& operator=(const request_context&) = delete;
  virtual ~request_context() = default;

  /// The address at the other end of the socket, such as `127.0.0.1:52186`; never taken from a field.
  [[nodiscard]] virtual std::string_view peer() const noexcept = 0;
  /// Whether the connection uses TLS.
  [[nodiscard]] virtual bool is_secure() const noexcept { return false; }
  /// The subject of the peer's certificate, such as `CN=me`, if the server asks for one (`tls_server_options::client_ca`).
  [[nodiscard]] virtual std::string peer_subject() const { return {}; }
  /// The peer has gone, or the server has given the exchange up: nobody will see the response.
  [[nodiscard]] virtual bool cancelled() const noexcept = 0;
  /// The server has been told to stop and waits for the running exchanges: a response without end, such
  /// as a stream of events, should finish. Any thread.
  [[nodiscard]] virtual bool stopping() const noexcept { return false; }
  /// Waits until `when`, or until the server is told to stop, if that is sooner: for responses without end.
  [[nodiscard]] virtual task<void> wait_until(time_point when) { return clock().wait_until(when); }
  /// The same, for a span of time from now.
  [[nodiscard]] task<void> wait_for(std::chrono::milliseconds span) { return wait_until(deadline_in(clock().now(), span)); }
  /// A context that lives as long as the exchange and waits on its loop, for streamed bodies. In a
  /// `blocking` handler this is another object than the handler's own context, which ends with the handler.
  [[nodiscard]] virtual request_context& lasting() noexcept { return *this; }
  /// Sends an informational response now (RFC 9110 15.2), such as 103. HTTP/1.0 peers get none.
  [[nodiscard]] virtual task<result<void>> inform(status code, const fields& with) = 0;
  [[nodiscard]] virtual tinyhttp::clock& clock() noexcept = 0;
  /// Calls `work` on the loop of this exchange; drops it if that loop has ended. Any thread.
  virtual void post(function<void()> work) = 0;
};

/// The values of a route's named segments, percent-decoded. Owns its octets.
class path_parameters {
 public:
  /// The value of the segment of that name; empty when the route has no such segment.
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

/// What a trusted proxy says about a request that it passes on (app/trusted_proxies.hpp). For what it does
/// not say, the connection and the request decide.
struct forwarded_facts {
  enum class scheme_told : std::uint8_t { none, http, https };

  std::string peer;  // such as `192.0.2.1:0`, with port 0 if it is unknown; empty: not told
  std::string host;  // empty: not told
  scheme_told scheme = scheme_told::none;

  void clear() noexcept {
    peer.clear();
    host.clear();
    scheme = scheme_told::none;
  }
};

/// A request. Views into a part are valid until that part is changed or the request is destroyed.
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
  /// Throws std::invalid_argument if `t` is not a valid target for that method.
  request(tinyhttp::method m, std::string_view t, tinyhttp::fields f = {}, tinyhttp::body b = {})
      : method(std::move(m)), target(t, method), fields(std::move(f)), body(std::move(b)) {}

  /// Requests for calling a handler directly: `app(request::get("/hello"))`. These throw, too.
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

  /// The host (and port) that the client asked for: from a trusted proxy, else from an absolute target, else
  /// from the Host field (RFC 9112 3.3).
  [[nodiscard]] std::string_view host() const noexcept {
    if (!forwarded.host.empty()) return forwarded.host;
    return target.authority().empty() ? fields["Host"] : target.authority();
  }

  /// The client's address, such as `127.0.0.1:52186`: what a trusted proxy says, else the other end of the
  /// connection. Empty without a context.
  [[nodiscard]] std::string_view peer() const noexcept {
    if (!forwarded.peer.empty()) return forwarded.peer;
    return context != nullptr ? context->peer() : std::string_view();
  }
  /// The client used TLS: to us, or to a trusted proxy that says so.
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

  /// Resets the request to a new one, but keeps the memory of its parts.
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
