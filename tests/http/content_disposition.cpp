// tests/http/content_disposition.cpp -- tests http/content_disposition.hpp
#include "catch.hpp"

#include <tinyhttp/http/content_disposition.hpp>

#include <optional>
#include <string>
#include <string_view>

using namespace tinyhttp;

TEST_CASE("a Content-Disposition field suggests a name", "[http][rfc6266][rfc8187]") {
  struct row {
    std::string_view field;
    std::optional<std::string> name;
  };
  const row rows[] = {
      {"", {}},
      {"inline", {}},
      {"attachment", {}},
      {"attachment; filename=foo.html", "foo.html"},
      {"attachment; FILENAME=foo.html", "foo.html"},
      {"attachment; filename=\"foo.html\"", "foo.html"},
      {"attachment; filename=\"f\\\"oo.html\"", "f\"oo.html"},
      {"attachment; filename=\"a;b.txt\"; x=y", "a;b.txt"},
      {"attachment; filename=\"\"", ""},
      {"attachment; filename=a.txt; filename=b.txt", "a.txt"},
      {"attachment; foofilename=bar", {}},
      {"attachment; filename==x", {}},
      {"attachment; filename*=UTF-8''%e2%82%ac.txt", "\xe2\x82\xac.txt"},
      {"attachment; filename*=utf-8'en'a%20b", "a b"},
      {"attachment; filename*=ISO-8859-1''f%f6o", "f\xc3\xb6o"},
      {"attachment; filename=plain; filename*=UTF-8''better", "better"},
      {"attachment; filename*=UTF-8''better; filename=plain", "better"},
      {"attachment; filename=plain; filename*=KOI8-R''x", "plain"},
      {"attachment; filename=plain; filename*=UTF-8''%zz", "plain"},
      {"attachment; filename=plain; filename*=UTF-8", "plain"},
      {"attachment; filename=plain; filename*=ISO-8859-1''%zz", "plain"},
      {"attachment; filename*=ISO-8859-1''%80%7f", "\xc2\x80\x7f"},
      {"attachment; filename*=UTF-8''first; filename*=UTF-8''second", "first"},
      {"attachment; x=UTF-8''other; filename=plain", "plain"},
  };
  for (const row& r : rows) {
    CAPTURE(r.field);
    CHECK(disposition_file_name(r.field) == r.name);
  }
}

TEST_CASE("a name out of somebody else's hands is one harmless segment", "[http][rfc6266]") {
  struct row {
    std::string_view wanted;
    std::string name;
  };
  using namespace std::string_view_literals;
  const row rows[] = {
      {"a.txt", "a.txt"},
      {"", ""},
      {"/", ""},
      {"a/", ""},
      {"/etc/passwd", "passwd"},
      {"../../x", "x"},
      {"..\\..\\x.exe", "x.exe"},
      {"C:\\x", "x"},
      {".", ""},
      {"..", ""},
      {"...", ""},
      {".bashrc", "bashrc"},
      {" . .x", "x"},
      {"x. . ", "x"},
      {"a\nb\x7f\x1b[31mc"sv, "ab[31mc"},
      {"a\0b"sv, "ab"},
      {".\0."sv, ""},
      {"\0../x"sv, "x"},
      {"\xc3\xb6.txt", "\xc3\xb6.txt"},
      {"\xf6.txt", "_.txt"},
      {"\xc0\xaf..", "__"},                  // a slash in too many octets
      {"\xed\xa0\x80", "___"},              // half a pair
      {"\xf4\x90\x80\x80", "____"},        // beyond Unicode
      {"\xe2\x82", "__"},                    // cut off
  };
  for (const row& r : rows) {
    CAPTURE(r.wanted);
    CHECK(safe_file_name(r.wanted) == r.name);
  }
}

TEST_CASE("an answer names the file that it is to be kept in, to whoever reads the name", "[http][rfc6266][rfc8187]") {
  struct row {
    std::string_view name;
    std::string_view field;
  };
  using namespace std::string_view_literals;
  const row rows[] = {
      {"a b;c.txt", "attachment; filename=\"a b;c.txt\""},
      {"", "attachment"},
      {"..", "attachment"},
      {"../../etc/x", "attachment; filename=\"x\""},
      {"a\r\nX: y\0z"sv, "attachment; filename=\"aX: yz\""},
      {"\xc3\xbc ber.pdf", "attachment; filename=\"_ ber.pdf\"; filename*=UTF-8''%C3%BC%20ber.pdf"},
      {"a\"b.txt", "attachment; filename=\"a_b.txt\"; filename*=UTF-8''a%22b.txt"},
      {"100%.txt", "attachment; filename=\"100_.txt\"; filename*=UTF-8''100%25.txt"},
      {"'*'", "attachment; filename=\"'*'\""},
      {"\xe2\x82\xac'*'", "attachment; filename=\"_'*'\"; filename*=UTF-8''%E2%82%AC%27%2A%27"},
  };
  for (const row& r : rows) {
    CAPTURE(r.name);
    CHECK(save_as(r.name) == r.field);
    CHECK(disposition_file_name(save_as(r.name)).value_or("") == safe_file_name(r.name));
  }
}

TEST_CASE("a long name is cut between characters and keeps its extension", "[http]") {
  CHECK(safe_file_name(std::string(300, 'a') + ".tar", 20) == std::string(16, 'a') + ".tar");
  CHECK(safe_file_name(std::string(300, 'a')).size() == 200);
  CHECK(safe_file_name("a." + std::string(300, 'b'), 20) == "a." + std::string(18, 'b'));
  CHECK(safe_file_name(std::string(300, 'a') + "." + std::string(9, 'b'), 20) == std::string(10, 'a') + "." + std::string(9, 'b'));
  CHECK(safe_file_name(std::string(300, 'a') + "." + std::string(10, 'b'), 20) == std::string(20, 'a'));
  CHECK(safe_file_name(std::string(300, 'a') + "." + std::string(15, 'b'), 100) == std::string(84, 'a') + "." + std::string(15, 'b'));
  CHECK(safe_file_name(std::string(300, 'a') + "." + std::string(16, 'b'), 100) == std::string(100, 'a'));
  std::string umlauts;
  for (int i = 0; i < 20; ++i) umlauts += "\xc3\xb6";
  CHECK(safe_file_name(umlauts, 7) == umlauts.substr(0, 6));
}

TEST_CASE("the last segment of a path is a name, too", "[http]") {
  CHECK(file_name_of_target("/a/b.txt?x=/y") == "b.txt");
  CHECK(file_name_of_target("/a%20b") == "a b");
  CHECK(file_name_of_target("/%2e%2e%2fup") == "up");
  CHECK(file_name_of_target("/100%") == "100%");
  CHECK(file_name_of_target("/dir/") == "");
  CHECK(file_name_of_target("*") == "*");
}
