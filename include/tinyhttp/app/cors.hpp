// tinyhttp/app/cors.hpp -- lets web pages of other origins use a handler (the Fetch standard, 3.3).
//
// Browsers obey these fields; everybody else ignores them. This protects no handler.
#pragma once

#include <tinyhttp/app/handler.hpp>
#include <tinyhttp/core/chrono.hpp>

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tinyhttp {

/// Which pages of other origins may use a handler, and for what.
struct cors_options {
  std::vector<std::string> origins{};  // such as `https://example.com`; `*` alone: any
  std::vector<std::string> methods{"GET", "HEAD", "POST"};  // that a page may use
  std::vector<std::string> request_fields{};   // that a page may send besides the safelisted ones
  std::vector<std::string> response_fields{};  // that a page may read besides the safelisted ones
  bool credentials = false;                    // cookies and Authorization; not together with `*`
  std::chrono::seconds max_age{600};           // how long a browser may keep a preflight answer
};

/// A handler that calls `h` and adds the fields that browsers require, and that answers their preflight
/// requests itself. An origin that is not listed gets the same response without these fields.
/// Throws std::invalid_argument for `*` beside other origins or with credentials, and for an invalid origin, such
/// as one with a path: no browser would send it.
template <handler H>
[[nodiscard]] auto with_cors(H h, cors_options options);

// ---------------------------------------------------------------------------------------------

namespace detail {

[[nodiscard]] inline std::string joined(const std::vector<std::string>& words) {
  std::string all;
  for (const auto& each : words) all.append(all.empty() ? "" : ", ").append(each);
  return all;
}

template <handler H>
class cors_handler {
 public:
  cors_handler(H h, cors_options options)
      : handler_(std::move(h)), options_(std::move(options)),
        any_(options_.origins.size() == 1 && options_.origins[0] == "*") {
    // Invalid field values are reported now, not at the first request.
    fields checked;
    add_preflight(checked);
    add_allowance(checked, "*");
    for (const auto& each : options_.origins) {
      checked.add("Origin", each);
      if (each == "*" && (!any_ || options_.credentials))
        throw std::invalid_argument("with_cors: * goes with no other origin and no credentials");
      const std::size_t host = each.find("://") + 3;  // npos + 3 is 2
      if (each != "*" && each != "null" && (host < 4 || host == each.size() || each.find('/', host) != each.npos))
        throw std::invalid_argument("with_cors: " + each + ": an origin is scheme://host, and a port");
    }
  }

  reply operator()(request& r) const {
    const auto origin = r.fields.get("Origin");
    const bool allowed = origin && allows(*origin);
    if (origin && r.method == method::options &&
        r.fields.contains("Access-Control-Request-Method")) {
      response made(status::no_content);
      add_vary(made.fields);
      if (allowed) {
        add_allowance(made.fields, *origin);
        add_preflight(made.fields);
      }
      return made;
    }
    const std::string shown(allowed ? *origin : std::string_view());
    return transform(invoke(handler_, r), [this, shown](response& made) {
      add_vary(made.fields);
      if (!shown.empty()) add_allowance(made.fields, shown);
    });
  }

 private:
  [[nodiscard]] bool allows(std::string_view origin) const noexcept {
    if (any_) return true;
    for (const auto& each : options_.origins)
      if (each == origin) return true;  // origins are compared octet by octet
    return false;
  }
  /// Caches keep the answers to different origins apart.
  void add_vary(fields& to) const {
    if (!any_ && !to.has_token("Vary", "Origin")) to.add("Vary", "Origin");
  }
  void add_allowance(fields& to, std::string_view origin) const {
    to.set("Access-Control-Allow-Origin", any_ ? std::string_view("*") : origin);
    if (options_.credentials) to.set("Access-Control-Allow-Credentials", "true");
    if (!options_.response_fields.empty())
      to.set("Access-Control-Expose-Headers", joined(options_.response_fields));
  }
  void add_preflight(fields& to) const {
    to.set("Access-Control-Allow-Methods", joined(options_.methods));
    if (!options_.request_fields.empty())
      to.set("Access-Control-Allow-Headers", joined(options_.request_fields));
    const auto age = options_.max_age.count();
    to.set("Access-Control-Max-Age", ascii::to_decimal(age > 0 ? static_cast<std::uint64_t>(age) : 0));
  }

  H handler_;
  cors_options options_;
  bool any_;
};

}  // namespace detail

template <handler H>
auto with_cors(H h, cors_options options) {
  return detail::cors_handler<H>(std::move(h), std::move(options));
}

}  // namespace tinyhttp
