// tinyhttp/testing/answer.hpp -- from a request and a set of rules to the answer.
//
// Finds the rule, plays its script, and lets files/plan.hpp decide about ranges and conditions. Sends nothing.
#pragma once

#include <tinyhttp/core/ascii.hpp>
#include <tinyhttp/core/shared.hpp>
#include <tinyhttp/files/plan.hpp>
#include <tinyhttp/http/request.hpp>
#include <tinyhttp/http/response.hpp>
#include <tinyhttp/testing/behavior.hpp>
#include <tinyhttp/testing/exchange.hpp>
#include <tinyhttp/testing/rules.hpp>

#include <cstdint>
#include <exception>
#include <string>
#include <string_view>
#include <utility>

namespace tinyhttp::testing {

/// What is sent as the answer to one request.
struct decision {
  act how;                   // with everything that concerns the wire
  response answer;           // unless `how` is raw
  std::size_t happened = 0;  // of its events, while the request's body was read
};

/// The act that answers a request, and the rule that it comes from, which lives as long as its rule set.
struct chosen_act {
  const rule* by = nullptr;  // null: none does
  act how;
};

/// Decides the answer, unless it was `chosen` early, and records in `x` which rule answered and why. Counts the
/// rule's requests; a swap of content is published in `book`. Removes the Range of `r` if it is to be ignored.
[[nodiscard]] inline decision decide(rule_book& book, request& r, exchange& x, std::int64_t now, chosen_act chosen = {});

/// The act that answers `x`, whose head has arrived, if it acts on the request's body; otherwise nothing. Counted.
[[nodiscard]] inline chosen_act early_act(const rule_set& set, exchange& x);

/// Answers with what the path has, ignoring rules.
[[nodiscard]] inline response serve_content(const rule_set& set, request& r, exchange& x, std::int64_t now);

// ---------------------------------------------------------------------------------------------

namespace detail {

/// The name and the file that `r` asks for: one that was declared with this query, else without.
[[nodiscard]] inline const std::pair<const std::string, shared<const fake_file>>* find_file(
    const rule_set& set, const request& r) {
  const std::string path(r.path());
  for (const std::string& name : {path + "?" + std::string(r.query()), path}) {
    auto found = set.files.find(name);
    if (found == set.files.end())
      if (const auto decoded = percent_decode(name)) found = set.files.find(*decoded);
    if (found != set.files.end()) return &*found;
  }
  return nullptr;
}

[[nodiscard]] inline const fake_mount* find_mount(const rule_set& set, std::string_view path) {
  const fake_mount* longest = nullptr;
  for (const auto& each : set.mounts) {
    if (!path.starts_with(each->prefix)) continue;
    const auto rest = path.substr(each->prefix.size());
    if (!rest.empty() && rest.front() != '/') continue;
    if (longest == nullptr || each->prefix.size() > longest->prefix.size()) longest = each.get();
  }
  return longest;
}

/// The draw for the `ordinal`th request of a rule: the same in every run and on every machine.
[[nodiscard]] inline bool draws(double probability, std::uint64_t seed, std::string_view rule,
                                std::uint64_t ordinal) {
  const std::uint64_t drawn = files::mix(files::mix(seed + fingerprint(rule)) + ordinal);
  return static_cast<double>(drawn >> 11) < probability * 9007199254740992.0;  // 2^53
}

/// The rule that answers and its entry for this request; null: none does. Counted by `counts`, 1 or, to look only, 0.
[[nodiscard]] inline const act* find_act(const rule_set& set, exchange& x, std::size_t counts, const rule*& found) {
  for (std::size_t i = set.rules.size(); i-- > 0;) {
    const rule& each = *set.rules[i];
    if (!each.when.matches(x)) continue;
    const std::size_t ordinal = each.met.fetch_add(counts, std::memory_order_relaxed) + 1;
    const act* entry = each.then.at(ordinal);
    if (entry == nullptr) continue;  // its script is over
    if (counts > 0) {
      x.rule = each.written;
      x.ordinal = ordinal;
    }
    found = &each;
    return entry;
  }
  return nullptr;
}

/// Replaces lambdas and draws by what they come to; `early`, draws alone.
[[nodiscard]] inline act settle(act one, exchange& x, const rule* of, bool early = false) {
  for (int depth = 0; depth < 8; ++depth) {  // a lambda that gives a lambda
    if (one.what == act::kind::compute && !early) {
      const behavior chosen = (*one.compute)(x);
      if (chosen.acts().size() > 1)
        throw bad_result(error(error_kind::invalid_argument, "a lambda gives one answer, not a script: " + chosen.name()));
      const act* first = chosen.at(1);
      act next = first != nullptr ? *first : act{};
      one.what = act::kind::serve;
      one.chosen = false;
      join(one, next);
    } else if (one.what == act::kind::flaky) {
      const std::string rule_text = of != nullptr ? of->when.text() : std::string();
      const bool fails = draws(one.probability, one.seed, rule_text, x.ordinal);
      const act* fault = fails ? one.fault->at(1) : nullptr;
      one.name = "replay: " + one.name + " request " + ascii::to_decimal(x.ordinal);
      one.what = act::kind::serve;
      one.chosen = false;
      if (fault != nullptr) join(one, *fault);
    } else {
      break;
    }
  }
  return one;
}

[[nodiscard]] inline response serve_file(const fake_file& file, const request& r, std::int64_t now) {
  const auto known = file.facts();
  auto made = files::answer(r, known, file.content.source(), now, file.content.identity());
  for (const auto [name, value] : file.fields) made.fields.set(name, value);
  return made;
}

/// The scheme is a word in any case (RFC 9110 11.1), what follows is not.
[[nodiscard]] inline bool same_credentials(std::string_view got, std::string_view wanted) noexcept {
  const auto scheme = wanted.find(' ');
  return ascii::equal_ignoring_case(got.substr(0, scheme), wanted.substr(0, scheme)) &&
         got.substr(got.size() < scheme ? got.size() : scheme) == wanted.substr(scheme);
}

inline void swap(rule_book& book, const request& r, act& how) {
  const auto set = book.current();
  const auto* const now = find_file(*set, r);
  if (!how.replacement)  // only told a seed: as large as what is there
    how.replacement = pattern(now != nullptr ? now->second->content.size() : 0, how.seed);
  const std::string name(now != nullptr ? std::string_view(now->first) : r.path());
  if (now == nullptr) declare_file(book, name, *how.replacement);
  book.edit_file(name, [&](fake_file& f) { file_handle::replace(f, *how.replacement, how.replacement_etag); });
}

}  // namespace detail

inline chosen_act early_act(const rule_set& set, exchange& x) {
  bool some = false;
  for (const auto& each : set.rules) some = some || each->early;
  if (!some) return {};
  const rule* by = nullptr;
  const act* entry = nullptr;
  try {
    entry = detail::find_act(set, x, 0, by);
    if (entry == nullptr || !says_of_request(*entry)) return {};
    entry = detail::find_act(set, x, 1, by);
  } catch (...) {
    return {};  // a condition of the test's: it throws again when the request is decided on
  }
  if (entry == nullptr) return {};
  return {by, detail::settle(*entry, x, by, true)};
}

inline response serve_content(const rule_set& set, request& r, exchange& x, std::int64_t now) {
  if (const auto* file = detail::find_file(set, r)) {
    response answer = detail::serve_file(*file->second, r, now);
    x.matched = answer.status != status::method_not_allowed;
    return answer;
  }
  if (const auto* mount = detail::find_mount(set, r.path())) return mount->serve(r, x, mount->prefix);
  return problem(status::not_found);
}

inline decision decide(rule_book& book, request& r, exchange& x, std::int64_t now, chosen_act chosen) {
  const auto set = book.current();
  decision made;
  try {
    if (chosen.by == nullptr)
      if (const act* entry = detail::find_act(*set, x, 1, chosen.by)) chosen.how = *entry;
    if (chosen.by != nullptr) {
      x.matched = true;
      made.how = detail::settle(std::move(chosen.how), x, chosen.by);
    }
    x.fired = made.how.name.empty() ? "serve" : made.how.name;
    if (made.how.credentials && !detail::same_credentials(x.header("Authorization"), *made.how.credentials)) {
      made.how = act{};
      x.fired += " (no credentials)";
      made.answer = problem(status::unauthorized).with("WWW-Authenticate", "Basic realm=\"test\"");
      return made;
    }
    if (made.how.ignores_range) r.fields.remove("Range");
    const bool ruled = x.matched;
    switch (made.how.what) {
      case act::kind::reply: made.answer = made.how.answer; break;
      case act::kind::raw: break;
      case act::kind::swap:
        if (made.how.replaced_at) made.answer = serve_content(*set, r, x, now);
        detail::swap(book, r, made.how);
        if (!made.how.replaced_at) made.answer = serve_content(*book.current(), r, x, now);
        break;
      default: made.answer = serve_content(*set, r, x, now);
    }
    x.matched = x.matched || ruled;
  } catch (const std::exception& failed) {
    x.thrown = failed.what();
  } catch (...) {
    x.thrown = "something that is no std::exception";
  }
  if (!x.thrown.empty()) {
    made.how = act{};
    made.answer = problem(status::internal_server_error);
  }
  return made;
}

}  // namespace tinyhttp::testing
