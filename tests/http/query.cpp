// Queries, pair by pair.
#include <tinyhttp/http/query.hpp>

#include "catch.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

using namespace tinyhttp;
using namespace std::string_view_literals;

TEST_CASE("a query is split before it is decoded", "[http][query]") {
  struct row {
    std::string_view query;
    std::vector<query_pair> pairs;
  };
  const row rows[] = {
      {"", {}},
      {"&", {}},
      {"&&&", {}},
      {"a=1", {{"a", "1"}}},
      {"a=1&b=2", {{"a", "1"}, {"b", "2"}}},
      {"a=1&a=2", {{"a", "1"}, {"a", "2"}}},
      {"&a=1&&b=2&", {{"a", "1"}, {"b", "2"}}},
      {"a", {{"a", ""}}},
      {"a=", {{"a", ""}}},
      {"=1", {{"", "1"}}},
      {"=", {{"", ""}}},
      {"a=b=c", {{"a", "b=c"}}},
      {"a%26b=1%3D2", {{"a%26b", "1%3D2"}}},
      {"a+b=c+d", {{"a+b", "c+d"}}},
      {"a=1;b=2", {{"a", "1;b=2"}}},  // a semicolon has not separated since 2014
      {"a=?/:@", {{"a", "?/:@"}}},
      {"a\0b=\0"sv, {{"a\0b"sv, "\0"sv}}},
  };
  for (const row& r : rows) {
    CAPTURE(r.query);
    std::vector<query_pair> pairs;
    for (const auto& pair : query_pairs(r.query)) pairs.push_back(pair);
    CHECK(pairs == r.pairs);
    std::vector<query_pair> taken;
    auto rest = r.query;
    while (const auto pair = take_query_pair(rest)) taken.push_back(*pair);
    CHECK(taken == r.pairs);
  }
}

TEST_CASE("values are looked up and decoded", "[http][query]") {
  constexpr std::string_view query = "a=1&b=x%20y&c&d=%zz&%65=5&a=2&f=p+q&g%zz=1&n=%00&h=%26%3D";
  struct row {
    std::string_view name;
    std::optional<std::string> value;
  };
  const row rows[] = {
      {"a", "1"},
      {"b", "x y"},
      {"c", ""},
      {"d", {}},
      {"e", "5"},
      {"f", "p+q"},
      {"h", "&="},
      {"g%zz", {}},
      {"g", {}},
      {"A", {}},
      {"", {}},
      {"zz", {}},
      {"n", std::string(1, '\0')},
  };
  for (const row& r : rows) {
    CAPTURE(r.name);
    CHECK(query_value(query, r.name) == r.value);
  }
}

TEST_CASE("what is appended is found again", "[http][query]") {
  std::string all;
  for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
  std::string query;
  append_query_pair(query, "a b", "1&2=3");
  append_query_pair(query, all, all);
  append_query_pair(query, "", "");
  CHECK(query.starts_with("a%20b=1%262%3D3&"));
  CHECK(query.ends_with("&="));
  for (const char c : query) REQUIRE(ascii::is_target_octet(c));
  CHECK(query_value(query, "a b") == "1&2=3");
  CHECK(query_value(query, all) == all);
  CHECK(query_value(query, "") == "");
}

TEST_CASE("a place in a query is its own", "[http][query]") {
  const query_pairs pairs("a=1&b=2&");
  auto i = pairs.begin();
  const auto first = i++;
  CHECK(first->name == "a");
  CHECK(i->name == "b");
  CHECK(first != i);
  CHECK(first == pairs.begin());
  CHECK(i != pairs.end());
  ++i;
  CHECK(i == pairs.end());
  CHECK(query_pairs("").begin() == query_pairs("").end());
  std::size_t count = 0;
  const std::string ampersands(1'000'000, '&');
  for (const auto& pair : query_pairs(ampersands)) count += pair.name.size() + 1;
  CHECK(count == 0);
}

TEST_CASE("a URL gets a query, or more of one", "[http][query]") {
  CHECK(with_query("http://h/find?lang=en#top", {{"q", "fish & chips"}}) ==
        "http://h/find?lang=en&q=fish%20%26%20chips#top");
  CHECK(with_query("http://h", {{"a", "b"}, {"c=", "\xc3\xa4%20+"}}) ==
        "http://h?a=b&c%3D=%C3%A4%2520%2B");
  CHECK(with_query("/x?", {{"a", ""}}) == "/x?a=");
  CHECK(with_query("/x#a?b", {{"c", "d"}}) == "/x?c=d#a?b");
  CHECK(with_query("/x", {}) == "/x");
  CHECK(with_query("/x?", {}) == "/x?");
}
