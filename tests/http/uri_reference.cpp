// How references resolve: every example of RFC 3986 5.4, and what attackers add to them.
#include <tinyhttp/http/uri_reference.hpp>

#include "catch.hpp"

#include <optional>
#include <string>
#include <string_view>

using namespace tinyhttp;
using namespace std::string_view_literals;

static_assert(split_uri_reference("http://a:8/b?c#d").authority == "a:8");

TEST_CASE("references resolve as the RFC's examples do", "[http][uri_reference][rfc3986-5.4]") {
  struct row {
    std::string_view reference, whole;
  };
  const row rows[] = {
      // 5.4.1 normal examples
      {"g:h", "g:h"},
      {"g", "http://a/b/c/g"},
      {"./g", "http://a/b/c/g"},
      {"g/", "http://a/b/c/g/"},
      {"/g", "http://a/g"},
      {"//g", "http://g"},
      {"?y", "http://a/b/c/d;p?y"},
      {"g?y", "http://a/b/c/g?y"},
      {"#s", "http://a/b/c/d;p?q#s"},
      {"g#s", "http://a/b/c/g#s"},
      {"g?y#s", "http://a/b/c/g?y#s"},
      {";x", "http://a/b/c/;x"},
      {"g;x", "http://a/b/c/g;x"},
      {"g;x?y#s", "http://a/b/c/g;x?y#s"},
      {"", "http://a/b/c/d;p?q"},
      {".", "http://a/b/c/"},
      {"./", "http://a/b/c/"},
      {"..", "http://a/b/"},
      {"../", "http://a/b/"},
      {"../g", "http://a/b/g"},
      {"../..", "http://a/"},
      {"../../", "http://a/"},
      {"../../g", "http://a/g"},
      // 5.4.2 abnormal examples
      {"../../../g", "http://a/g"},
      {"../../../../g", "http://a/g"},
      {"/./g", "http://a/g"},
      {"/../g", "http://a/g"},
      {"g.", "http://a/b/c/g."},
      {".g", "http://a/b/c/.g"},
      {"g..", "http://a/b/c/g.."},
      {"..g", "http://a/b/c/..g"},
      {"./../g", "http://a/b/g"},
      {"./g/.", "http://a/b/c/g/"},
      {"g/./h", "http://a/b/c/g/h"},
      {"g/../h", "http://a/b/c/h"},
      {"g;x=1/./y", "http://a/b/c/g;x=1/y"},
      {"g;x=1/../y", "http://a/b/c/y"},
      {"g?y/./x", "http://a/b/c/g?y/./x"},
      {"g?y/../x", "http://a/b/c/g?y/../x"},
      {"g#s/./x", "http://a/b/c/g#s/./x"},
      {"g#s/../x", "http://a/b/c/g#s/../x"},
      {"http:g", "http:g"},
      // what else comes over the wire
      {"?", "http://a/b/c/d;p?"},
      {"#", "http://a/b/c/d;p?q#"},
      {"//g/../h", "http://g/h"},
      {"//", "http://"},
      {"///x", "http:///x"},
      {"http://g/a/../b", "http://g/b"},
      {"HTTPS://g/", "HTTPS://g/"},
      {"1:2", "http://a/b/c/1:2"},  // no scheme: it begins with a digit
      {"./g:h", "http://a/b/c/g:h"},
      {"g/h:i", "http://a/b/c/g/h:i"},
      {":g", "http://a/b/c/:g"},
      {"%2e%2e/g", "http://a/b/c/%2e%2e/g"},  // escapes are the server's to read
      {"\\\\g", "http://a/b/c/\\\\g"},
      {"/\\g", "http://a/\\g"},
      {"..//g", "http://a/b//g"},
      {"a\0b"sv, "http://a/b/c/a\0b"sv},
  };
  for (const row& r : rows) {
    CAPTURE(r.reference);
    CHECK(resolve_reference("http://a/b/c/d;p?q", r.reference) == r.whole);
  }
}

TEST_CASE("references resolve against bases of any shape", "[http][uri_reference][rfc3986-5.2]") {
  struct row {
    std::string_view base, reference, whole;
  };
  const row rows[] = {
      {"http://a", "g", "http://a/g"},
      {"http://a?q", "g", "http://a/g"},
      {"http://a?q", "", "http://a?q"},
      {"http://a#f", "", "http://a"},
      {"http://a/b", "?", "http://a/b?"},
      {"http://a/b?x=/y/", "g", "http://a/g"},
      {"mailto:a@b", "g", "mailto:g"},
      {"file:///a/b", "../..//g", "file:////g"},
      {"x:/a", "/.//g", "x:/.//g"},  // not an authority
      {"", "g", "g"},
      {"", "", ""},
  };
  for (const row& r : rows) {
    CAPTURE(r.base, r.reference);
    CHECK(resolve_reference(r.base, r.reference) == r.whole);
  }
}

TEST_CASE("a split reference tells absent from empty", "[http][uri_reference][rfc3986-3]") {
  const auto none = split_uri_reference("");
  CHECK((!none.scheme && !none.authority && none.path.empty() && !none.query && !none.fragment));
  const auto empty = split_uri_reference("x://?#");
  CHECK(empty.scheme == "x");
  CHECK(empty.authority == "");
  CHECK(empty.path.empty());
  CHECK(empty.query == "");
  CHECK(empty.fragment == "");
  const auto full = split_uri_reference("http://u@h:1/p?q?r#f#g?h");
  CHECK(full.authority == "u@h:1");
  CHECK(full.path == "/p");
  CHECK(full.query == "q?r");
  CHECK(full.fragment == "f#g?h");
  CHECK_FALSE(split_uri_reference("1a:b").scheme);
  CHECK_FALSE(split_uri_reference("a/b:c").scheme);
  CHECK_FALSE(split_uri_reference("a b:c").scheme);
  CHECK(split_uri_reference("a1+b-c.d:e").scheme == "a1+b-c.d");
}

TEST_CASE("dot segments never lead above the top, however many", "[http][uri_reference]") {
  std::string up, down;
  for (int i = 0; i < 100'000; ++i) {
    up += "/..";
    down += "/a";
  }
  CHECK(remove_dot_segments(down + up + up + "/x") == "/x");
  CHECK(remove_dot_segments(up) == "/");
  CHECK(remove_dot_segments(std::string(100'000, '/')).size() == 100'000);
  CHECK(remove_dot_segments("/a/b/c/./../../g") == "/a/g");
  CHECK(remove_dot_segments("mid/content=5/../6") == "mid/6");
  CHECK(remove_dot_segments("...") == "...");
  CHECK(remove_dot_segments("../a") == "a");
  CHECK(remove_dot_segments("./a") == "a");
  CHECK(remove_dot_segments(".") == "");
  CHECK(remove_dot_segments("..") == "");
  CHECK(remove_dot_segments("/a/...") == "/a/...");
}
