// tinyhttp/testing/match.hpp -- which requests are meant: method, path, fields, or a predicate.
//
// And how far a request is from being one of them, for failure texts. Knows no server.
#pragma once

#include <tinyhttp/core/ascii.hpp>
#include <tinyhttp/core/function.hpp>
#include <tinyhttp/core/owned_list.hpp>
#include <tinyhttp/core/result.hpp>
#include <tinyhttp/core/shared.hpp>
#include <tinyhttp/http/percent.hpp>
#include <tinyhttp/testing/exchange.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace tinyhttp::testing {

/// A set of requests. A value; its member functions return narrower sets.
///
///     get("/fw.img").with("Range", "bytes=500000-").without("If-Range")
class matcher {
 public:
  /// An empty `method` matches any. In `path`, `*` matches any run of octets; with a `?`, the query counts, too. `http://...`
  /// matches targets in the form that proxies receive. Throws `bad_result` for what no request can have: a path that does not
  /// begin with `/` or `*`, unless it contains a `:`; a method that is not a token, or `get` where GET is meant.
  matcher(std::string method, std::string path);

  /// The field exists with this value; `*` matches any run of octets. Throws `bad_result` for an invalid field name.
  [[nodiscard]] matcher with(std::string name, std::string value = "*") const {
    return wanting({std::move(name), std::move(value), false});
  }
  [[nodiscard]] matcher without(std::string name) const { return wanting({std::move(name), {}, true}); }
  /// The first MiB of the body is this; `*` matches any run of octets.
  [[nodiscard]] matcher with_body(std::string body) const {
    matcher made = *this;
    made.body_ = std::move(body);
    return made;
  }
  /// `holds` decides, and `what` describes it for failure texts. `holds` is called by the server's thread, and by threads that
  /// ask for matches. It must not call the server: the journal may be locked.
  template <class F>
  [[nodiscard]] matcher where(F holds, std::string what) const {
    matcher made = *this;
    made.asked_.push_back({shared<const condition>(new condition(std::move(holds))), std::move(what)});
    return made;
  }

  /// Only requests on the `n`th connection, counted from 1.
  [[nodiscard]] matcher on_connection(std::size_t n) const {
    return where([n](const exchange& x) { return x.connection == n; }, "the connection is number " + ascii::to_decimal(n));
  }

  [[nodiscard]] bool matches(const exchange& x) const {
    return (no_handshake_ ? x.no_handshake() : x.failure.empty()) && miss(x).far == 0;
  }
  /// The matcher in words: `GET /fw.img with Range: bytes=500000-`.
  [[nodiscard]] std::string text() const;

  /// How far a request is from matching (0: it matches), and the first difference in words.
  struct difference {
    std::uint64_t far = 0;
    std::string why;
  };
  [[nodiscard]] difference miss(const exchange& x) const;

 private:
  friend matcher failed_handshake(std::string why);
  struct field_wish {
    std::string name;
    std::string value;
    bool absent;
  };
  using condition = function<bool(const exchange&) const>;
  struct question {
    shared<const condition> holds;
    std::string what;
  };

  [[nodiscard]] matcher wanting(field_wish wish) const {
    if (!ascii::is_token(wish.name))
      throw bad_result(error(error_kind::invalid_argument, "\"" + wish.name + "\" is no name of a field, such as Range"));
    matcher made = *this;
    made.wanted_.push_back(std::move(wish));
    return made;
  }

  std::string method_;
  std::string path_;
  value_list<field_wish> wanted_;
  std::optional<std::string> body_;
  value_list<question> asked_;
  bool no_handshake_ = false;
};

[[nodiscard]] inline matcher get(std::string path) { return {"GET", std::move(path)}; }
[[nodiscard]] inline matcher head(std::string path) { return {"HEAD", std::move(path)}; }
[[nodiscard]] inline matcher post(std::string path) { return {"POST", std::move(path)}; }
[[nodiscard]] inline matcher put(std::string path) { return {"PUT", std::move(path)}; }
[[nodiscard]] inline matcher patch(std::string path) { return {"PATCH", std::move(path)}; }
[[nodiscard]] inline matcher delete_(std::string path) { return {"DELETE", std::move(path)}; }
/// Matches any method.
[[nodiscard]] inline matcher any(std::string path = "*") { return {"", std::move(path)}; }
/// Matches no request, but a failed TLS handshake with `why` in the reason.
[[nodiscard]] inline matcher failed_handshake(std::string why = {});

// ---------------------------------------------------------------------------------------------

namespace detail {

/// Whether `text` fits `shape`, in which `*` is any run. Linear except after the last star, to which it goes back.
[[nodiscard]] inline bool fits(std::string_view shape, std::string_view text) noexcept {
  std::size_t s = 0, t = 0, star = shape.npos, mark = 0;
  while (t < text.size()) {
    if (s < shape.size() && shape[s] == '*') {
      star = s++;
      mark = t;
    } else if (s < shape.size() && shape[s] == text[t]) {
      ++s;
      ++t;
    } else if (star != shape.npos) {
      s = star + 1;
      t = ++mark;
    } else {
      return false;
    }
  }
  while (s < shape.size() && shape[s] == '*') ++s;
  return s == shape.size();
}

/// The first number in `bytes=500000-`.
[[nodiscard]] inline std::optional<std::uint64_t> first_number(std::string_view value) noexcept {
  std::size_t begin = 0;
  while (begin < value.size() && !ascii::is_digit(value[begin])) ++begin;
  std::size_t end = begin;
  while (end < value.size() && ascii::is_digit(value[end])) ++end;
  return ascii::parse_decimal(value.substr(begin, end - begin));
}

/// How `got` misses `wanted`, in words, if both contain a number.
[[nodiscard]] inline std::string numeric_miss(std::string_view wanted, std::string_view got) {
  const auto w = first_number(wanted), g = first_number(got);
  if (!w || !g || *w == *g) return {};
  const std::uint64_t by = *w > *g ? *w - *g : *g - *w;
  return ascii::to_decimal(by) + (by == 1 ? " octet too " : " octets too ") + (*w > *g ? "early" : "late");
}

}  // namespace detail

inline matcher::matcher(std::string method, std::string path) : method_(std::move(method)), path_(std::move(path)) {
  for (const std::string_view known : {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE"})
    if (method_ != known && ascii::equal_ignoring_case(method_, known))  // RFC 9110 9.1
      throw bad_result(error(error_kind::invalid_argument,
                             "method \"" + method_ + "\": capitals count, " + std::string(known) + " is meant"));
  if (!method_.empty() && !ascii::is_token(method_))
    throw bad_result(error(error_kind::invalid_argument, "method \"" + method_ + "\" is no token, such as GET"));
  if (path_.starts_with('/') || path_.starts_with('*') || path_.find(':') != path_.npos) return;
  throw bad_result(error(error_kind::invalid_argument, "path \"" + path_ + "\" does not begin with / or *"));
}

inline matcher::difference matcher::miss(const exchange& x) const {
  difference all;
  const auto note = [&all](std::uint64_t far, std::string why) {
    if (all.far == 0 || far > 1000) all.why = std::move(why);
    all.far += far;
  };
  if (!method_.empty() && method_ != x.method) note(400, "its method is " + x.method);
  const bool whole = !path_.starts_with('/') && path_.find("://") != path_.npos;
  std::string_view there = whole ? std::string_view(x.target) : x.path_and_query();
  if (path_.find('?') == path_.npos) there = there.substr(0, there.find('?'));
  if (!detail::fits(path_, there)) {
    const auto decoded = percent_decode(there);
    if (!decoded || !detail::fits(path_, *decoded)) note(2000, "its path is " + std::string(there));
  }
  for (const auto& wish : wanted_) {
    const auto got = x.fields.combined(wish.name);
    if (wish.absent) {
      if (got) note(100, "it has " + wish.name + ": " + *got);
    } else if (!got) {
      note(100, "it has no " + wish.name);
    } else if (!detail::fits(wish.value, *got)) {
      const auto number = detail::numeric_miss(wish.value, *got);
      note(number.empty() ? 80 : 40, wish.name + ": " + *got + (number.empty() ? "" : "   " + number));
    }
  }
  if (body_ && !detail::fits(*body_, x.body)) note(60, "its body is " + x.body.substr(0, 200));
  for (const auto& q : asked_)
    if (!(*q.holds)(x)) note(60, "not so: " + q.what);
  return all;
}

inline matcher failed_handshake(std::string why) {
  std::string what = "the reason has `" + why + "` in it";
  matcher made = any();
  if (!why.empty())
    made = made.where([why](const exchange& x) { return x.failure.find(why) != x.failure.npos; }, std::move(what));
  made.no_handshake_ = true;
  return made;
}

inline std::string matcher::text() const {
  std::string out = no_handshake_    ? "failed TLS handshake"
                    : method_.empty() ? "any request for " + path_ : method_ + " " + path_;
  const char* between = " with ";
  for (const auto& wish : wanted_) {
    out += wish.absent ? " without " + wish.name : between + wish.name + ": " + wish.value;
    if (!wish.absent) between = ", ";
  }
  if (body_) out += between + ("body " + *body_);
  for (const auto& q : asked_) out += " where " + q.what;
  return out;
}

}  // namespace tinyhttp::testing
