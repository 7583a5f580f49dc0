// tinyhttp/http/query.hpp -- the `name=value&name=value` of queries, as views or decoded.
//
// Pure. The convention of the web, not of RFC 3986, for which a query is opaque. Splits before it
// decodes, so an escaped `&` or `=` is data. `+` is a plus sign here; in form.hpp it is a space.
#pragma once

#include <tinyhttp/http/percent.hpp>

#include <cstddef>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace tinyhttp {

/// One `name=value`, with escapes as sent. Views into the query. `a` and `a=` both have an empty value.
struct query_pair {
  std::string_view name;
  std::string_view value;

  friend bool operator==(const query_pair&, const query_pair&) = default;
};

/// Takes the next pair off `query`; skips empty ones (`&&`). Empty when the query is used up.
[[nodiscard]] constexpr std::optional<query_pair> take_query_pair(std::string_view& query) noexcept;

/// The pairs of a query, in order, for a range-based `for`. Valid as long as the text.
///
///     for (const auto [name, value] : query_pairs(req.target.query())) ...
class query_pairs {
 public:
  class iterator {
   public:
    using value_type = query_pair;
    using difference_type = std::ptrdiff_t;

    constexpr iterator() noexcept = default;
    constexpr explicit iterator(std::string_view query) noexcept : rest_(query) { ++*this; }
    [[nodiscard]] constexpr const query_pair& operator*() const noexcept { return *pair_; }
    [[nodiscard]] constexpr const query_pair* operator->() const noexcept { return &*pair_; }
    constexpr iterator& operator++() noexcept {
      pair_ = take_query_pair(rest_);
      return *this;
    }
    constexpr iterator operator++(int) noexcept {
      iterator before = *this;
      ++*this;
      return before;
    }
    /// Within one query. Every place differs by what is left, but the last pair and the end.
    friend constexpr bool operator==(const iterator& a, const iterator& b) noexcept {
      return a.pair_.has_value() == b.pair_.has_value() && a.rest_.size() == b.rest_.size();
    }

   private:
    std::string_view rest_;
    std::optional<query_pair> pair_;
  };

  constexpr explicit query_pairs(std::string_view query) noexcept : query_(query) {}
  [[nodiscard]] constexpr iterator begin() const noexcept { return iterator(query_); }
  [[nodiscard]] constexpr iterator end() const noexcept { return {}; }

 private:
  std::string_view query_;
};

/// The decoded value of the first pair whose decoded name is `name`. Empty if there is none, or if
/// that value has a malformed escape.
[[nodiscard]] inline std::optional<std::string> query_value(std::string_view query,
                                                            std::string_view name);

/// Appends `name=value`, escaped, after a `&` unless `query` is empty.
inline void append_query_pair(std::string& query, std::string_view name, std::string_view value);

/// `url`, absolute or not, with these pairs, escaped, added to its query: `with_query("http://h/find?lang=en#top",
/// {{"q", "fish & chips"}})` returns `http://h/find?lang=en&q=fish%20%26%20chips#top`.
[[nodiscard]] inline std::string with_query(
    std::string_view url, std::initializer_list<std::pair<std::string_view, std::string_view>> pairs);

// ---------------------------------------------------------------------------------------------

constexpr std::optional<query_pair> take_query_pair(std::string_view& query) noexcept {
  while (!query.empty()) {
    const std::size_t end = query.find('&');
    const auto text = query.substr(0, end);
    query.remove_prefix(end == query.npos ? query.size() : end + 1);
    if (text.empty()) continue;
    const std::size_t equals = text.find('=');
    if (equals == text.npos) return query_pair{text, {}};
    return query_pair{text.substr(0, equals), text.substr(equals + 1)};
  }
  return std::nullopt;
}

inline std::optional<std::string> query_value(std::string_view query, std::string_view name) {
  for (const auto& pair : query_pairs(query)) {
    const auto decoded = percent_decode(pair.name);
    if (decoded && *decoded == name) return percent_decode(pair.value);
  }
  return std::nullopt;
}

inline void append_query_pair(std::string& query, std::string_view name, std::string_view value) {
  if (!query.empty()) query += '&';
  append_percent_encoded(query, name, unescaped::nothing);
  query += '=';
  append_percent_encoded(query, value, unescaped::nothing);
}

inline std::string with_query(
    std::string_view url, std::initializer_list<std::pair<std::string_view, std::string_view>> pairs) {
  const auto hash = url.find('#');
  const auto front = url.substr(0, hash);
  const auto mark = front.find('?');
  std::string query(mark == front.npos ? std::string_view() : front.substr(mark + 1));
  for (const auto& [name, value] : pairs) append_query_pair(query, name, value);
  std::string made(front.substr(0, mark));
  if (!query.empty() || mark != front.npos) made.append("?").append(query);
  if (hash != url.npos) made.append(url.substr(hash));
  return made;
}

}  // namespace tinyhttp
