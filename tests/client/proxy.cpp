// Tests of client/proxy.hpp and client/route.hpp: who is asked through which proxy.
#include "catch.hpp"
#include "no_proxy_table.hpp"

#include <tinyhttp/client/proxy.hpp>
#include <tinyhttp/client/route.hpp>
#include <tinyhttp/http/uri_reference.hpp>

#include <map>
#include <string>
#include <string_view>

using namespace tinyhttp;
using tinyhttp::detail::take_until;

namespace {

std::string shown(const result<proxy>& read) {
  if (!read) return read.error().message();
  std::string text = read->speaks == proxy::protocol::http     ? "http "
                     : read->speaks == proxy::protocol::socks5 ? "socks5 "
                                                               : "socks5h ";
  return text + read->to_string() + (read->credentials ? " " + *read->credentials : "");
}

result<proxy_settings> settings_of(const std::map<std::string, std::string>& environment) {
  return proxies_from([&](const char* name) -> const char* {
    const auto found = environment.find(name);
    return found == environment.end() ? nullptr : found->second.c_str();
  });
}

std::string proxy_for(const std::string& to, const std::map<std::string, std::string>& environment) {
  const auto settings = settings_of(environment);
  if (!settings) return settings.error().message();
  const proxy* found = find_proxy(*settings, parse_url(to).value());
  return found == nullptr ? "direct" : found->to_string();
}

}  // namespace

TEST_CASE("a proxy is written as curl has it", "[client][proxy]") {
  struct row {
    std::string text, means;
  };
  const auto [text, means] = GENERATE(values<row>({
      {"127.0.0.1:3128", "http 127.0.0.1:3128"},
      {"http://Proxy.example:8080/ignored?x", "http proxy.example:8080"},
      {"HTTP://proxy.example", "http proxy.example:1080"},
      {"proxy.example:", "http proxy.example:1080"},
      {"[::1]:8080", "http [::1]:8080"},
      {"http://[::1]", "http [::1]:1080"},
      {"socks5://[::1]:9050", "socks5 [::1]:9050"},
      {"socks5h://u:p@localhost", "socks5h localhost:1080 u:p"},
      {"http://u%40x:p%3aq@h:1", "http h:1 u@x:p:q"},
      {"u@h:1", "http h:1 u:"},
      {"https://secret:password@h",
       "proxy: url \"https://...@h\": the scheme is none of http, socks5 and socks5h"},
      {"socks4://h", "proxy: url \"socks4://h\": the scheme is none of http, socks5 and socks5h"},
      {"http://", "proxy: url \"http://\": no host"},
      {"", "proxy: url \"\": no host"},
      {"h:0", "proxy: url \"h:0\": the port is not a number from 1 to 65535"},
      {"h:65536", "proxy: url \"h:65536\": the port is not a number from 1 to 65535"},
      {"http://a b", "proxy: url \"http://a b\": a space before the path"},
      {"http://a\r\nX: y", "proxy: url \"http://a??X: y\": a control octet"},
      {"u:%00@h:1", "proxy: url \"...@h:1\": a control octet in user or password"},
      {"socks5://u:%01@h:1", "socks5 h:1 u:\x01"},
      {"[::1", "proxy: url \"[::1\": no ] behind the address"},
  }));
  CAPTURE(text);
  CHECK(shown(parse_proxy(text)) == means);
}

TEST_CASE("hosts on the list are asked directly, as by curl", "[client][proxy]") {
  std::string_view rest = client_test::no_proxy_table;
  int rows = 0;
  while (!rest.empty()) {
    std::string_view line = take_until(rest, "\n");
    if (!rest.empty()) rest.remove_prefix(1);
    if (line.empty()) continue;
    std::string_view part[3];
    for (std::string_view& each : part) {
      each = take_until(line, "\t");
      line.remove_prefix(1);
    }
    CAPTURE(part[2], line);
    const bool excepted = is_excepted(line, parse_url(part[2]).value().host);
    CHECK((excepted ? "direct" : "proxy") == part[1]);
    ++rows;
  }
  CHECK(rows == 99);
}

TEST_CASE("the environment is read as curl reads it", "[client][proxy]") {
  const std::string plain = "http://h.example/";
  const std::string secure = "https://h.example/";
  CHECK(proxy_for(plain, {}) == "direct");
  CHECK(proxy_for(plain, {{"http_proxy", "p:1"}}) == "p:1");
  CHECK(proxy_for(plain, {{"HTTP_PROXY", "p:1"}}) == "direct");  // a CGI program's request field
  CHECK(proxy_for(plain, {{"https_proxy", "p:1"}}) == "direct");
  CHECK(proxy_for(secure, {{"https_proxy", "p:1"}, {"HTTPS_PROXY", "p:2"}}) == "p:1");
  CHECK(proxy_for(secure, {{"HTTPS_PROXY", "p:2"}, {"all_proxy", "p:3"}}) == "p:2");
  CHECK(proxy_for(secure, {{"http_proxy", "p:1"}}) == "direct");
  for (const auto& to : {plain, secure}) {
    CHECK(proxy_for(to, {{"ALL_PROXY", "p:4"}}) == "p:4");
    CHECK(proxy_for(to, {{"all_proxy", "p:3"}, {"ALL_PROXY", "p:4"}}) == "p:3");
    CHECK(proxy_for(to, {{"all_proxy", "p:3"}, {"no_proxy", "example"}}) == "direct");
    CHECK(proxy_for(to, {{"all_proxy", "p:3"}, {"NO_PROXY", "example"}}) == "direct");
    CHECK(proxy_for(to, {{"all_proxy", "p:3"}, {"no_proxy", "x"}, {"NO_PROXY", "*"}}) == "p:3");
    CHECK(proxy_for(to, {{"all_proxy", "p:3"}, {"no_proxy", ""}, {"NO_PROXY", "*"}}) == "direct");
  }
  CHECK(proxy_for(plain, {{"http_proxy", ""}, {"all_proxy", "p:3"}}) == "p:3");
  CHECK(proxy_for(plain, {{"http_proxy", "ftp://p"}}) ==
        "http_proxy: proxy: url \"ftp://p\": the scheme is none of http, socks5 and socks5h");
}

TEST_CASE("a prefix that is longer than the address, or negative, holds nobody", "[client][proxy]") {
  CHECK(is_excepted("127.0.0.1/32", "127.0.0.1"));
  CHECK_FALSE(is_excepted("127.0.0.1/33", "127.0.0.1"));
  CHECK_FALSE(is_excepted("127.0.0.1/320", "127.0.0.1"));
  CHECK_FALSE(is_excepted("127.0.0.1/-1", "127.0.0.1"));
}

TEST_CASE("connections that take different ways are kept apart", "[client][proxy][security]") {
  const url to = parse_url("http://h.example:81/x").value();
  client_options with;
  const auto key = [&] {
    std::string made;
    route_to(to, with).write_key(made, to);
    return made;
  };
  CHECK(key() == "http://h.example:81");
  with.proxies.http = parse_proxy("p:1").value();
  CHECK(key() == "http://h.example:81 by p:1");
  CHECK(route_to(to, with).is_absolute_form());
  with.proxies.tunnels = true;
  CHECK(key() == "http://h.example:81 through p:1");
  CHECK_FALSE(route_to(to, with).is_absolute_form());
  with.proxies.tunnels = false;
  with.proxies.https = parse_proxy("p:1").value();
  CHECK_FALSE(route_to(parse_url("https://h.example/").value(), with).is_absolute_form());
  with.proxies.http = parse_proxy("socks5h://p:1").value();
  CHECK(key() == "http://h.example:81 through p:1");
  with.proxies.except = "h.example";
  CHECK(route_to(to, with).via == nullptr);
  with.proxies.except.clear();
  with.unix_path = "/run/x";
  CHECK(route_to(to, with).via == nullptr);
}

TEST_CASE("a request for a proxy names all of its URL", "[client][proxy][rfc9112-3.2.2]") {
  const url to = parse_url("http://h.example:81/x?y").value();
  const proxy via = parse_proxy("u:p@proxy:1").value();
  request r = request::get(to.target);
  REQUIRE(put_in_absolute_form(r, to, via));
  CHECK(r.target.text() == "http://h.example:81/x?y");
  CHECK(r.fields["Host"] == "h.example:81");
  CHECK(r.fields["Proxy-Authorization"] == "Basic dTpw");
  request own = request::get("/", {{"Proxy-Authorization", "Digest x"}, {"Host", "other"}});
  REQUIRE(put_in_absolute_form(own, to, via));
  CHECK(own.fields["Proxy-Authorization"] == "Digest x");
  CHECK(own.fields["Host"] == "other");
  CHECK(own.fields.size() == 2);
}

TEST_CASE("whatever text is read as a proxy can be written and read again, or is refused in a line",
          "[client][proxy][security]") {
  const std::string_view alphabet = "http:socks5h//:@[]%4.,-?#ab1 \r\n\\";
  std::uint32_t state = 7;
  const auto random = [&](std::size_t below) {
    state = state * 1664525 + 1013904223;
    return (state >> 8) % below;
  };
  int read = 0;
  for (int i = 0; i < 4'000; ++i) {
    std::string text = random(2) == 0 ? "" : random(2) == 0 ? "http://" : "socks5h://";
    for (std::size_t left = random(16); left > 0; --left) text += alphabet[random(alphabet.size())];
    const auto one = parse_proxy(text);
    if (!one) {
      REQUIRE(one.error().message().find_first_of("\r\n") == std::string::npos);
      continue;
    }
    ++read;
    CAPTURE(text);
    const auto again = parse_proxy(one->to_string());
    REQUIRE(again.has_value());
    REQUIRE(again->to_string() == one->to_string());
    REQUIRE(again->host == one->host);
    static_cast<void>(is_excepted(text, one->host));
    if (one->host.find(',') == std::string::npos && one->host != "." && one->host != "..")
      REQUIRE(is_excepted(one->host, one->host));
  }
  CHECK(read > 200);
}
