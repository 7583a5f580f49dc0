// Which paths become names, and what becomes of the others.
#include <tinyhttp/files/path.hpp>

#include "catch.hpp"

#include <string>
#include <string_view>

using namespace tinyhttp;

namespace {

/// The name, or the status of the refusal in words.
std::string judged(std::string_view path, const safe_path_options& options = {}) {
  const auto name = safe_path(path, options);
  return name ? *name : "refused " + ascii::to_decimal(static_cast<std::uint64_t>(
                                         name.error().status_hint()));
}

}  // namespace

TEST_CASE("a path becomes a relative name, decoded once", "[files][path]") {
  struct row {
    std::string_view path;
    std::string_view name;
  };
  const row rows[] = {
      {"/", "."},
      {"/a", "a"},
      {"/a/b.txt", "a/b.txt"},
      {"/a/", "a/"},
      {"/a%20b", "a b"},
      {"/a+b", "a+b"},  // plus means a space in forms only
      {"/%C3%A9t%c3%a9", "\xC3\xA9t\xC3\xA9"},
      {"/100%25", "100%"},
      {"/%2541", "%41"},  // once
      {"/%252e%252e/a", "%2e%2e/a"},
      {"/%252f", "%2f"},
      {"/a%3Fb%23c", "a?b#c"},
      {"/%22quoted%22%3Cb%3E", "\"quoted\"<b>"},
      {"/a..b", "a..b"},
      {"/a.", "a."},
      {"/...", "refused 404"},  // a dot-file like any other
      {"/C:", "C:"},
      {"/~root", "~root"},
      {"/-rf", "-rf"},
      {"/%FF", "\xFF"},  // names are octets, not text
  };
  for (const auto& [path, name] : rows) {
    CAPTURE(path);
    CHECK(judged(path) == name);
  }
}

TEST_CASE("a path that could mean something else is refused, not repaired", "[files][path]") {
  struct row {
    std::string_view path;
    std::string_view verdict;
  };
  const row rows[] = {
      // no path
      {"", "refused 400"},
      {"a", "refused 400"},
      {"*", "refused 400"},
      {"%2Fa", "refused 400"},
      // escapes
      {"/%", "refused 400"},
      {"/%4", "refused 400"},
      {"/%zz", "refused 400"},
      {"/%u002e", "refused 400"},
      {"/a%", "refused 400"},
      {"/%+1", "refused 400"},
      // dot segments
      {"/.", "refused 400"},
      {"/..", "refused 400"},
      {"/../a", "refused 400"},
      {"/a/../b", "refused 400"},
      {"/a/./b", "refused 400"},
      {"/a/..", "refused 400"},
      {"/%2e", "refused 400"},
      {"/%2e%2E/a", "refused 400"},
      {"/.%2e/", "refused 400"},
      // octets that no name holds
      {"/a%00", "refused 400"},
      {"/a%00.txt", "refused 400"},
      {"/%0d%0a", "refused 400"},
      {"/%7f", "refused 400"},
      {"/%1f", "refused 400"},
      {"/a%2fb", "refused 400"},
      {"/a%2Fb", "refused 400"},
      {"/a\\b", "refused 400"},
      {"/..\\a", "refused 400"},
      {"/a%5Cb", "refused 400"},
      // absolute names and empty segments
      {"//", "refused 404"},
      {"//etc/passwd", "refused 404"},
      {"/a//b", "refused 404"},
      {"/a//", "refused 404"},
      // dot-files
      {"/.git/config", "refused 404"},
      {"/a/.htaccess", "refused 404"},
      {"/%2egit", "refused 404"},
      {"/.well-known2", "refused 404"},
      {"/.Well-known", "refused 404"},
  };
  for (const auto& [path, verdict] : rows) {
    CAPTURE(path);
    CHECK(judged(path) == verdict);
  }
}

TEST_CASE("a NUL in the path itself is refused", "[files][path]") {
  CHECK(judged(std::string_view("/a\0b", 4)) == "refused 400");
  CHECK(judged(std::string_view("/\0", 2)) == "refused 400");
}

TEST_CASE("dot-files can be asked for, dot segments cannot", "[files][path]") {
  const safe_path_options all{.dot_files = true};
  CHECK(judged("/.git/config", all) == ".git/config");
  CHECK(judged("/...", all) == "...");
  CHECK(judged("/..", all) == "refused 400");
  CHECK(judged("/.", all) == "refused 400");
  CHECK(judged("/.well-known/acme") == ".well-known/acme");
  CHECK(judged("/.well-known/.hidden") == "refused 404");
}

TEST_CASE("names and paths have a greatest length", "[files][path]") {
  CHECK(judged("/" + std::string(255, 'a')) == std::string(255, 'a'));
  CHECK(judged("/" + std::string(256, 'a')) == "refused 404");
  std::string deep;
  for (int i = 0; i < 2048; ++i) deep += "/a";
  CHECK(judged(deep) == deep.substr(1));  // 4095 octets
  CHECK(judged(deep + "b") == "refused 404");
  CHECK(judged("/" + std::string(1 << 20, '/')) == "refused 404");
  std::string escaped = "/";
  for (int i = 0; i < 255; ++i) escaped += "%61";
  CHECK(judged(escaped) == std::string(255, 'a'));
}

TEST_CASE("a decoded name is judged as a request for it would be", "[files][path]") {
  CHECK(is_safe_name("a b"));
  CHECK(is_safe_name(".well-known"));
  CHECK_FALSE(is_safe_name(""));
  CHECK_FALSE(is_safe_name("."));
  CHECK_FALSE(is_safe_name(".."));
  CHECK_FALSE(is_safe_name(".hidden"));
  CHECK(is_safe_name(".hidden", {.dot_files = true}));
  CHECK_FALSE(is_safe_name("two\nlines"));
  CHECK_FALSE(is_safe_name("back\\slash"));
  CHECK_FALSE(is_safe_name("a/b"));
  for (int c = 0; c < 256; ++c) {
    const std::string name(1, static_cast<char>(c));
    CAPTURE(c);
    std::string path = "/%";
    path.append({"0123456789abcdef"[c / 16], "0123456789abcdef"[c % 16]});
    CHECK(is_safe_name(name) == safe_path(path).has_value());
  }
}
