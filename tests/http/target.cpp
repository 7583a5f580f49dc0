#include <tinyhttp/http/target.hpp>

#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "catch.hpp"

using namespace tinyhttp;

TEST_CASE("a target is taken apart by its form", "[http][target][rfc9112-3.2]") {
  struct row {
    method m;
    std::string_view text;
    target_form form;
    std::string_view authority, path, query;
    bool has_query;
  };
  const auto each = GENERATE(values<row>({
      {"GET", "/", target_form::origin, "", "/", "", false},
      {"GET", "/a/b?c=d?e", target_form::origin, "", "/a/b", "c=d?e", true},
      {"GET", "/?", target_form::origin, "", "/", "", true},
      {"GET", "//host/x", target_form::origin, "", "//host/x", "", false},  // no authority here
      {"GET", "/a%2Fb%zz", target_form::origin, "", "/a%2Fb%zz", "", false},
      {"GET", "/http://h/", target_form::origin, "", "/http://h/", "", false},
      {"GET", "http://h", target_form::absolute, "h", "/", "", false},
      {"GET", "http://h?q", target_form::absolute, "h", "/", "q", true},
      {"GET", "HTTPS://h.example:8080/p?q", target_form::absolute, "h.example:8080", "/p", "q",
       true},
      {"GET", "http://[::1]:80/", target_form::absolute, "[::1]:80", "/", "", false},
      {"GET", "http://h:/", target_form::absolute, "h:", "/", "", false},
      {"GET", "coap+tcp-x.1://h/p", target_form::absolute, "h", "/p", "", false},
      {"OPTIONS", "*", target_form::asterisk, "", "*", "", false},
      {"OPTIONS", "/*", target_form::origin, "", "/*", "", false},
      {"CONNECT", "h:443", target_form::authority, "h:443", "", "", false},
      {"CONNECT", "[::1]:443", target_form::authority, "[::1]:443", "", "", false},
  }));
  CAPTURE(each.m.name(), each.text);
  const target t(each.text, each.m);
  CHECK(t.text() == each.text);
  CHECK(t.form() == each.form);
  CHECK(t.authority() == each.authority);
  CHECK(t.path() == each.path);
  CHECK(t.query() == each.query);
  CHECK(t.has_query() == each.has_query);
}

TEST_CASE("what is no target of a method is refused", "[http][target][rfc9112-3.2][security]") {
  const auto [name, text] = GENERATE(table<std::string, std::string>({
      // octets
      {"GET", ""},
      {"GET", "/a b"},
      {"GET", "/a\tb"},
      {"GET", "/\r\nX: y"},
      {"GET", "/\x7f"},
      {"GET", "/caf\xc3\xa9"},
      {"GET", std::string("/\0", 2)},
      {"GET", "/a#b"},
      {"GET", "#"},
      // forms that do not go with the method
      {"GET", "*"},
      {"OPTIONS", "**"},
      {"OPTIONS", "*/"},
      {"GET", "h:443"},
      {"GET", "a/b"},
      {"GET", "?q"},
      {"CONNECT", "/"},
      {"CONNECT", "*"},
      {"CONNECT", "http://h:80"},
      // authorities
      {"GET", "http://"},
      {"GET", "http:///x"},
      {"GET", "http://?q"},
      {"GET", "http://:80/"},
      {"GET", "http://u@h/"},
      {"GET", "http://u:p@h/"},
      {"GET", "http://h:80:80/"},
      {"GET", "http://h:65536/"},
      {"GET", "http://h:8x/"},
      {"GET", "http://h:-1/"},
      {"GET", "http://[::1/"},
      {"GET", "http://[]/"},
      {"GET", "http://[::1]x/"},
      {"GET", "http://[g::]/"},
      {"GET", "http://h\\x/"},
      {"GET", "http://h%zz/"},
      {"GET", "http://h%2/"},
      {"GET", "http:/h/"},
      {"GET", "://h/"},
      {"GET", "1http://h/"},
      {"CONNECT", ""},
      {"CONNECT", "h"},
      {"CONNECT", "h:"},
      {"CONNECT", ":443"},
      {"CONNECT", "[::1]"},
      {"CONNECT", "[::1]:"},
      {"CONNECT", "h:443/"},
      {"CONNECT", "u@h:443"},
      {"CONNECT", "h:99999"},
      {"CONNECT", "::1:443"},
  }));
  CAPTURE(name, text);
  const method m(name);
  target t("/before?q");
  CHECK(!t.assign(text, m));
  CHECK(t.text() == "/before?q");
  CHECK(t.query() == "q");
  CHECK_THROWS_AS(target(text, m), std::invalid_argument);
}

TEST_CASE("every octet is judged in a target: visible US-ASCII, and no fragment",
          "[http][target]") {
  for (int octet = 0; octet < 256; ++octet) {
    target t;
    const std::string text = std::string("/a") + static_cast<char>(octet);
    if (t.assign(text, method::get) != (octet > 0x20 && octet < 0x7f && octet != '#'))
      FAIL_CHECK("octet " << octet);
  }
  SUCCEED();
}

TEST_CASE("a target may be reassigned, shorter or from its own text", "[http][target]") {
  target t("http://a-host.example:8080/a/long/path?with=a&query");
  CHECK(t.assign("/x", method::get));
  CHECK(t.authority().empty());
  CHECK(!t.has_query());
  CHECK(t.assign("http://h/some/where?q", method::get));
  CHECK(t.assign(t.text().substr(8), method::get));
  CHECK(t.path() == "/some/where");
  CHECK(t.query() == "q");
  CHECK(t.form() == target_form::origin);
}

TEST_CASE("a Host field's value is a host and maybe a port", "[http][target][rfc9110-7.2]") {
  for (const auto* good :
       {"h", "h:80", "h:", "127.0.0.1:1", "[::1]", "[::]", "[2001::]", "[::ffff:1.2.3.4]:65535", "a_b", "%41", "%09%30"})
    CHECK(is_host_and_port(good, false));
  for (const auto* bad :
       {"", ":80", "h h", "h/", "h:65536", "h:+1", "[", "[]", "]", "[::1]a", "u@h", "%", "h%4", "h%z1", "h%1z",
        "[x::1]", "[::x]"}) {
    CAPTURE(bad);
    CHECK(!is_host_and_port(bad, false));
  }
  CHECK(is_host_and_port("", true));
  CHECK(!is_host_and_port(":80", true));
}

TEST_CASE("a host and a port are told apart", "[http][target]") {
  for (const auto& [text, host] : std::initializer_list<std::pair<std::string_view, std::string_view>>{
           {"h:80", "h"}, {"h", "h"}, {"h:", "h"}, {"127.0.0.1:52186", "127.0.0.1"}, {"[::1]:80", "[::1]"},
           {"[::1]", "[::1]"}, {"h1", "h1"}, {"10.0.0.1", "10.0.0.1"}, {"unix:/a", "unix:/a"}, {"", ""}, {":", ""}}) {
    CAPTURE(text);
    CHECK(without_port(text) == host);
  }
}

TEST_CASE("a target that was moved from is the root, long or short as it was", "[http][target][lifetime]") {
  const std::string path = "/" + std::string(GENERATE(3u, 5000u), 'a');
  target from("http://host.example" + path + "?query");
  target to(std::move(from));
  CHECK(to.path() == path);
  CHECK(to.query() == "query");
  CHECK(to.authority() == "host.example");
  CHECK(to.form() == target_form::absolute);
  CHECK(from.text() == "/");
  CHECK(from.path() == "/");
  CHECK(from.query().empty());
  CHECK(from.authority().empty());
  from = std::move(to);
  CHECK(from.path() == path);
  CHECK(to == target("/"));
  auto& same = from;
  from = std::move(same);
  CHECK(from.path() == path);
}
