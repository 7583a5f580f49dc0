// tinyhttp/app/router.hpp -- a handler made of handlers: one for each method and path pattern.
//
//     router app;
//     app.get("/hello/{name}", hello).post("/echo", echo).otherwise(static_files("public"));
//
// Looks only at method and path, never at the host, the query or the body.
#pragma once

#include <tinyhttp/app/handler.hpp>
#include <tinyhttp/app/route_tree.hpp>

#include <cstddef>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tinyhttp {

/// Finds the route of a request and calls its handler, which reads `req.path_params`.
///
/// Patterns are explained at `route_pattern`. Of those that match the path and have the method, the
/// most specific one is chosen: `/users/me` before `/users/{id}` before `/{path...}`. A path is decoded
/// and compared segment by segment. It is not normalized: `/a`, `/a/` and `//a` are three paths.
///
/// The router itself answers
///  - HEAD with the GET route, unless there is a HEAD route (RFC 9110 9.3.2: the writer sends no
///  content);
///  - OPTIONS with 204 and Allow, unless there is an OPTIONS route; so too `OPTIONS *`;
///  - 400 if the path has a malformed escape, or a value that `route_tree::capture` refuses;
///  - 405 with Allow if patterns match the path, but none has the method;
///  - 501 if no pattern matches, and no route at all has the method (RFC 9110 9.1); otherwise 404.
///
/// Add all routes first; then requests may come from any number of threads. The router must outlive
/// its replies. Finding a literal route allocates nothing.
class router {
 public:
  router() = default;
  router(const router&) = delete;  // pass it with std::move
  router(router&&) = default;
  router& operator=(router&&) = default;

  /// Adds a route. Throws std::invalid_argument for a bad pattern, and for one that matches the same
  /// paths with the same method as an existing route.
  router& route(const method& m, std::string_view pattern, any_handler h) {
    return add(m, pattern, std::move(h));
  }
  router& get(std::string_view pattern, any_handler h) {
    return add(method::get, pattern, std::move(h));
  }
  router& head(std::string_view pattern, any_handler h) {
    return add(method::head, pattern, std::move(h));
  }
  router& post(std::string_view pattern, any_handler h) {
    return add(method::post, pattern, std::move(h));
  }
  router& put(std::string_view pattern, any_handler h) {
    return add(method::put, pattern, std::move(h));
  }
  router& patch(std::string_view pattern, any_handler h) {
    return add(method::patch, pattern, std::move(h));
  }
  router& delete_(std::string_view pattern, any_handler h) {
    return add(method::delete_, pattern, std::move(h));
  }
  router& options(std::string_view pattern, any_handler h) {
    return add(method::options, pattern, std::move(h));
  }
  /// Adds a route for every method that has no route of its own at that pattern.
  router& any(std::string_view pattern, any_handler h) {
    return add(std::nullopt, pattern, std::move(h));
  }

  /// Sets the handler for paths that no pattern matches, whatever the method, in place of 404 and 501. A
  /// later call replaces it.
  router& otherwise(any_handler h) {
    otherwise_.emplace(std::move(h));
    return *this;
  }

  /// Takes over the routes of `other`, each with `prefix` in front: a pattern without a trailing
  /// slash, or an empty string. Their handlers see the whole path. The `otherwise` of `other` answers
  /// below `prefix` if no pattern matches. Throws like `route`; then none of the routes was added.
  router& mount(std::string_view prefix, router other);

  reply operator()(request& r) const;

  /// For tests: the response to a temporary request.
  response operator()(request&& r) const { return (*this)(r).get(); }

  /// A registered route; `routes()` returns them in order of registration. The views are valid until a route is added
  /// or the router is destroyed.
  struct entry {
    std::string_view method;  // empty: any
    std::string_view pattern;
  };
  [[nodiscard]] std::vector<entry> routes() const;

 private:
  struct endpoint {
    std::optional<tinyhttp::method> method;  // none: any
    std::string pattern;
    std::vector<std::string> names;  // of its named and rest segments, from left to right
    any_handler handler;
    bool is_fallback = false;  // an `otherwise` that was mounted

    [[nodiscard]] bool takes(const tinyhttp::method& m) const noexcept {
      return method.has_value() && *method == m;
    }
    [[nodiscard]] std::string_view method_name() const noexcept {
      return method ? method->name() : std::string_view();
    }
  };
  struct found {
    const endpoint* by = nullptr;
    const endpoint* fallback = nullptr;  // of the most specific place that has one
    route_tree::hit hit{};
    bool path_is_known = false;
  };

  router& add(std::optional<method> m, std::string_view pattern, any_handler h, bool fallback = false);
  void take_back(std::size_t from) noexcept;
  [[gnu::always_inline]] void pick(route_tree::place at, const method& m, found& best) const noexcept;
  [[nodiscard]] found find(std::string_view path, const method& m) const;
  [[nodiscard]] reply search(request& r) const;
  [[nodiscard]] reply miss(request& r, bool path_is_known) const;
  [[nodiscard]] std::string allowed(std::string_view path) const;
  [[nodiscard]] bool implements(const method& m) const noexcept;

  route_tree tree_;
  std::vector<std::vector<std::size_t>> places_;  // by place: indices into `endpoints_`
  std::vector<endpoint> endpoints_;
  std::optional<any_handler> otherwise_;
};

// ---------------------------------------------------------------------------------------------

inline router& router::add(std::optional<method> m, std::string_view pattern, any_handler h, bool fallback) {
  const route_pattern parsed(pattern);
  endpoint added{std::move(m), std::string(pattern), {}, std::move(h), fallback};
  for (const auto& segment : parsed.segments)
    if (segment.is != route_pattern::kind::literal) added.names.emplace_back(segment.text);

  places_.resize(tree_.size() + parsed.segments.size());  // first: each place in the tree is one here, whatever throws
  auto& here = places_[tree_.add(parsed)];
  for (const std::size_t i : here) {
    const endpoint& there = endpoints_[i];
    if (there.method != added.method || there.is_fallback != fallback) continue;
    const std::string by(added.method_name().empty() ? "any" : added.method_name());
    throw std::invalid_argument("router: " + by + " " + added.pattern +
                                " fits the same requests as " + by + " " + there.pattern);
  }
  here.reserve(here.size() + 1);
  endpoints_.push_back(std::move(added));
  here.push_back(endpoints_.size() - 1);
  return *this;
}

inline router& router::mount(std::string_view prefix, router other) {
  if (prefix.ends_with('/')) detail::refuse_pattern(prefix, "a prefix has no slash at its end");
  const std::string front(prefix);
  const std::size_t before = endpoints_.size();
  try {
    for (endpoint& each : other.endpoints_)
      add(std::move(each.method), front + each.pattern, std::move(each.handler), each.is_fallback);
    if (other.otherwise_) add(std::nullopt, front + "/{...}", std::move(*other.otherwise_), true);
  } catch (...) {
    take_back(before);
    throw;
  }
  return *this;
}

/// Removes the endpoints from index `from` on; a place without endpoints matches nothing.
inline void router::take_back(std::size_t from) noexcept {
  for (auto& here : places_)
    while (!here.empty() && here.back() >= from) here.pop_back();
  while (endpoints_.size() > from) endpoints_.pop_back();
}

/// Picks the endpoint at a place for a method: its own, else GET's for HEAD, else any's.
inline void router::pick(route_tree::place at, const method& m, found& best) const noexcept {
  for (const std::size_t i : places_[at]) {
    const endpoint& each = endpoints_[i];
    if (each.is_fallback) {
      if (best.fallback == nullptr) best.fallback = &each;
      continue;
    }
    best.path_is_known = true;
    if (each.takes(m)) {
      best.by = &each;
      return;
    }
    const bool lends_itself = m == method::head && each.takes(method::get);
    if (lends_itself || (!each.method && best.by == nullptr)) best.by = &each;
  }
}

inline router::found router::find(std::string_view path, const method& m) const {
  found best;
  if (tree_.may_fit(path)) tree_.search(path, [&](route_tree::hit hit) {
    best.hit = hit;
    pick(hit.at, m, best);
    return best.by != nullptr;
  });
  if (!best.path_is_known) best.by = best.fallback;
  return best;
}

inline reply router::operator()(request& r) const {
  if (const auto at = tree_.literal(r.target.path()); at != route_tree::none) {
    found here;
    pick(at, r.method, here);
    if (here.by != nullptr) {
      r.path_params.clear();
      return here.by->handler(r);
    }
  }
  return search(r);
}

/// For a path that is no literal pattern as it stands, or has no route there for the method.
[[gnu::noinline]] inline reply router::search(request& r) const {
  const auto path = r.target.path();
  if (!path.starts_with('/')) return miss(r, r.target.form() == target_form::asterisk);
  if (!is_percent_encoded(path)) return problem(status::bad_request);
  const found route = find(path, r.method);
  if (route.by == nullptr) return miss(r, route.path_is_known);
  r.path_params.clear();
  if (!route.by->is_fallback && !tree_.capture(route.hit, path, route.by->names, r.path_params))
    return problem(status::bad_request);
  return route.by->handler(r);
}

inline reply router::miss(request& r, bool path_is_known) const {
  if (!path_is_known) {
    if (otherwise_) return (*otherwise_)(r);
    return problem(implements(r.method) ? status::not_found : status::not_implemented);
  }
  const bool asked = r.method == method::options;
  response made = asked ? response(status::no_content) : problem(status::method_not_allowed);
  made.fields.add("Allow", allowed(r.target.path()));
  return made;
}

/// The methods of every route that matches `path`, or of every route for `*` (RFC 9110 9.3.7, 10.2.1).
inline std::string router::allowed(std::string_view path) const {
  std::string list;
  const auto add = [&list](std::string_view name) {
    std::string_view rest = list;
    while (const auto element = ascii::take_list_element(rest))
      if (*element == name) return;
    if (!name.empty()) list.append(list.empty() ? "" : ", ").append(name);
  };
  const auto add_endpoint = [&add](const endpoint& each) {
    if (each.is_fallback) return;
    add(each.method_name());
    if (each.takes(method::get)) add(method::head.name());
  };
  if (path == "*") {
    for (const endpoint& each : endpoints_) add_endpoint(each);
  } else {
    tree_.search(path, [&](route_tree::hit hit) {
      for (const std::size_t i : places_[hit.at]) add_endpoint(endpoints_[i]);
      return false;
    });
  }
  add(method::options.name());
  return list;
}

/// GET and HEAD always count (RFC 9110 9.1), and OPTIONS does because the router itself answers it.
inline bool router::implements(const method& m) const noexcept {
  if (m == method::get || m == method::head || m == method::options) return true;
  for (const endpoint& each : endpoints_)
    if (!each.method || each.takes(m)) return true;
  return false;
}

inline std::vector<router::entry> router::routes() const {
  std::vector<entry> all;
  for (const endpoint& each : endpoints_)
    if (!each.is_fallback) all.push_back({each.method_name(), each.pattern});
  return all;
}

}  // namespace tinyhttp
