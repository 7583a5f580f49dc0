// tinyhttp/testing/script_rules.hpp -- rules written as text: which requests, what answers them, how many are expected.
//
// `GET /f with Range cut 5 x1` is a rule, `GET /f x2` is what a test expects. Words as in script.hpp.
#pragma once

#include <tinyhttp/core/ascii.hpp>
#include <tinyhttp/core/result.hpp>
#include <tinyhttp/testing/behavior.hpp>
#include <tinyhttp/testing/match.hpp>
#include <tinyhttp/testing/script.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace tinyhttp::testing {

/// Parses which requests are meant: `[METHOD] /path`, then conditions, each as often as needed: `with NAME:VALUE`,
/// `with NAME`, `without NAME`, `with-body TEXT`; `*` in path, value and text matches any run of octets.
[[nodiscard]] inline result<matcher> parse_requests(std::string_view text);

/// Requests followed by a script of behaviours: `GET /f with Range cut 5 x1`.
struct written_rule {
  matcher when;
  behavior then;
};
/// Parses such a rule; the error says what could not be parsed, and where.
[[nodiscard]] inline result<written_rule> parse_rule(std::string_view text);

/// Requests and the expected number: `GET /f x2`; `x2+` means or more; `GET /f` means one.
struct written_wish {
  matcher of;
  std::size_t count = 1;
  bool or_more = false;
};
/// Parses such a wish; the error says what could not be parsed, and where.
[[nodiscard]] inline result<written_wish> parse_wish(std::string_view text);

// ---------------------------------------------------------------------------------------------

namespace detail {

/// Method, path and what else is wanted of requests, as far as that goes.
[[nodiscard]] inline result<matcher> parse_when(script_words& words) {
  if (words.empty()) return script_error("", "a path is missing");
  std::string path(words.take()), method;
  if (ascii::is_token(path) && !path.starts_with('*')) {
    method = std::move(path);
    if (words.empty()) return script_error(method, "a path is missing behind it");
    path = words.take();
  }
  try {
    matcher made(std::move(method), std::move(path));
    while (words.is("with") || words.is("without") || words.is("with-body")) {
      const auto what = words.take();
      if (words.empty()) return script_error(what, "something is missing behind it");
      const std::string value(words.take());
      const auto colon = value.find(':');
      if (what == "with-body") made = made.with_body(value);
      else if (what == "without") made = made.without(value);
      else if (colon == value.npos) made = made.with(value);
      else made = made.with(value.substr(0, colon), std::string(ascii::trim(std::string_view(value).substr(colon + 1))));
    }
    return made;
  } catch (const bad_result& failed) {
    return failed.error();
  }
}

}  // namespace detail

inline result<written_rule> parse_rule(std::string_view text) {
  return detail::parse_words<written_rule>(text, [](detail::script_words& words) -> result<written_rule> {
    auto when = detail::parse_when(words);
    if (!when) return when.error();
    auto then = detail::parse_entries(words);
    if (!then) return then.error();
    return written_rule{std::move(*when), std::move(*then)};
  });
}

inline result<written_wish> parse_wish(std::string_view text) {
  return detail::parse_words<written_wish>(text, [](detail::script_words& words) -> result<written_wish> {
    auto of = detail::parse_when(words);
    if (!of) return of.error();
    written_wish made{std::move(*of)};
    if (words.empty()) return made;
    auto times = words.take();
    made.or_more = times.ends_with('+');
    if (made.or_more) times.remove_suffix(1);
    const auto count = times.starts_with('x') ? ascii::parse_decimal_strict(times.substr(1), 1'000'000'000) : std::nullopt;
    if (!count || !words.empty()) return detail::script_error(count ? words.peek() : times, "xN or xN+ ends what is expected");
    made.count = static_cast<std::size_t>(*count);
    return made;
  });
}

inline result<matcher> parse_requests(std::string_view text) {
  return detail::parse_words<matcher>(text, [](detail::script_words& words) -> result<matcher> {
    auto made = detail::parse_when(words);
    if (made && !words.empty()) return detail::script_error(words.peek(), "nothing of what requests have");
    return made;
  });
}

}  // namespace tinyhttp::testing
