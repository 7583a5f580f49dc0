// tests/app/trusted_proxies.cpp -- tests app/trusted_proxies.hpp
#include "../manual_context.hpp"
#include "catch.hpp"

#include <tinyhttp/app/access_log.hpp>
#include <tinyhttp/app/blocking.hpp>
#include <tinyhttp/app/trusted_proxies.hpp>

#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace tinyhttp;

namespace {

const trusted_proxy_options near{.proxies = {"127.0.0.1", "10.0.0.0/8", "::1", "2001:db8:7::/48"}};

/// `near`, and what else is taken from where.
trusted_proxy_options near_by(std::string_view field, bool scheme = false, bool host = false) {
  trusted_proxy_options made = near;
  made.field = field;
  made.scheme = scheme;
  made.host = host;
  return made;
}

std::string who(const request& r) {
  return std::string(r.peer()).append(r.is_secure() ? " https " : " http ").append(r.host());
}

/// What a handler sees of a request with these fields from `peer`, who has not come by TLS.
std::string seen(const trusted_proxy_options& with, fields f, std::string_view peer = "127.0.0.1:52186") {
  manual_context context;
  context.from = peer;
  request r = request::get("/", std::move(f));
  r.context = &context;
  const auto app = with_trusted_proxies([](const request& asked) { return text(who(asked)); }, with);
  return std::string(response(app(r)).body.text());
}

/// The peer that it sees.
std::string client(const trusted_proxy_options& with, fields f, std::string_view peer = "127.0.0.1:52186") {
  const std::string all = seen(with, std::move(f), peer);
  return all.substr(0, all.find(' '));
}
std::string client_of(std::string_view list, std::string_view peer = "127.0.0.1:52186") {
  return client(near, {{"X-Forwarded-For", list}}, peer);
}
std::string forwarded(std::string_view list) { return client(near_by("Forwarded"), {{"Forwarded", list}}); }

constexpr const char* proxy = "127.0.0.1:52186";

/// Numbers that are the same in each run.
struct dice {
  std::uint64_t state;
  unsigned operator()(unsigned sides) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return static_cast<unsigned>(state >> 33) % sides;
  }
};

}  // namespace

TEST_CASE("the first address from the right that is not trusted asks", "[app][trusted_proxies]") {
  struct row {
    const char* list;
    const char* client;
  };
  for (const auto& [list, expected] : {
           row{"203.0.113.9", "203.0.113.9:0"},
           row{"203.0.113.9, 10.1.2.3", "203.0.113.9:0"},
           row{"203.0.113.9,10.1.2.3 ,\t10.0.0.1", "203.0.113.9:0"},
           row{"6.6.6.6, 203.0.113.9", "203.0.113.9:0"},
           row{"127.0.0.1, 203.0.113.9, 10.1.2.3", "203.0.113.9:0"},
           row{"10.1.2.3, 10.4.5.6", "10.1.2.3:0"},
           row{"2001:db8::9, 2001:db8:7::1", "[2001:db8::9]:0"},
           row{"[2001:DB8:0::9]", "[2001:db8::9]:0"},
           row{"::ffff:203.0.113.9, ::ffff:10.1.2.3", "203.0.113.9:0"},
           row{"203.0.113.9:4711", "203.0.113.9:4711"},
           row{"[2001:db8::9]:4711, [::1]:5, 10.0.0.1:6", "[2001:db8::9]:4711"},
           row{", ,203.0.113.9,, 10.0.0.1, ,", "203.0.113.9:0"},
           row{"", proxy},
           row{" , ,", proxy},
       }) {
    CAPTURE(list);
    CHECK(client_of(list) == expected);
  }
  CHECK(client(near, {}) == proxy);
}

TEST_CASE("all lines of a field are one list", "[app][trusted_proxies][rfc9110-5.3]") {
  CHECK(client(near, {{"X-Forwarded-For", "6.6.6.6"}, {"A", "b"}, {"x-forwarded-for", "203.0.113.9"}}) == "203.0.113.9:0");
  CHECK(client(near, {{"X-Forwarded-For", "6.6.6.6, 203.0.113.9"},
                      {"X-Forwarded-For", ","},
                      {"X-Forwarded-For", "10.0.0.1"},
                      {"X-Forwarded-For", "10.0.0.2, 10.0.0.3"}}) == "203.0.113.9:0");
  CHECK(client(near, {{"X-Forwarded-For", "203.0.113.9"}, {"X-Forwarded-For", "\"10.0.0.1"}}) == proxy);
}

TEST_CASE("whoever is not trusted is believed nothing", "[app][trusted_proxies][security]") {
  const fields lies{{"X-Forwarded-For", "127.0.0.1"},
                    {"X-Forwarded-Proto", "https"},
                    {"X-Forwarded-Host", "bank"},
                    {"Forwarded", "for=127.0.0.1;proto=https;host=bank"},
                    {"Host", "h"}};
  for (const char* field : {"X-Forwarded-For", "Forwarded"}) {
    for (const std::string peer : {"203.0.113.9:80", "11.0.0.1:80", "[2001:db8::1]:80", "127.0.0.2:1", "unix:", "unix:/p",
                                   "unix:127.0.0.1:1", "unknown address", "", "127.0.0.1x:1", "[127.0.0.1]:1", "[::1"})
      CHECK(seen(near_by(field, true, true), lies, peer) == peer + " http h");
    for (const char* peer : {"127.0.0.1:80", "10.9.9.9:1", "[::1]:80", "[::ffff:127.0.0.1]:80", "[2001:db8:7::5]:1"})
      CHECK(seen(near_by(field, true, true), lies, peer) == "127.0.0.1:0 https bank");
  }
  CHECK(seen({}, lies) == "127.0.0.1:52186 http h");
  request alone = request::get("/", lies);
  CHECK(response(with_trusted_proxies([](const request& r) { return text(who(r)); }, near)(alone)).body.text() == " http h");
}

TEST_CASE("proxies come over Unix-domain sockets, and from a link of ours", "[app][trusted_proxies]") {
  const fields says{{"X-Forwarded-For", "203.0.113.9"}};
  CHECK(client({.proxies = {"unix:"}}, says, "unix:") == "203.0.113.9:0");
  CHECK(client({.proxies = {"unix:"}}, says, "unix:@proxy") == "203.0.113.9:0");
  CHECK(client({.proxies = {"unix:"}}, says, "127.0.0.1:1") == "127.0.0.1:1");
  CHECK(client({.proxies = {"fe80::/10"}}, says, "[fe80::1%2]:443") == "203.0.113.9:0");
}

TEST_CASE("what is no address ends the way, and the last good one stays", "[app][trusted_proxies][security]") {
  for (const char* bad :
       {"unknown", "_hidden", "localhost", "10.0.0", "10.0.0.256", "010.0.0.1", "10.0.0.1/8", "[10.0.0.1]", "[::1", "::1]",
        "[]", "[]:1", ":80", ":", "10.0.0.1:", "10.0.0.1:65536", "10.0.0.1:-1", "10.0.0.1:80:80", "[::1]80", "[::1]:",
        "\"10.0.0.1\"", "10.0.0.1 10.0.0.2", "10.0.0.1;", "for=10.0.0.1", "\\", "\"", "\"\"", "%31", "10.0.0.1%1", "-"}) {
    CAPTURE(bad);
    CHECK(client_of(std::string("6.6.6.6, ") + bad) == proxy);
    CHECK(client_of(std::string("6.6.6.6, ") + bad + ", 10.0.0.1:5") == "10.0.0.1:5");
    CHECK(client_of(std::string(bad) + ", 203.0.113.9, 10.0.0.1") == "203.0.113.9:0");
  }
}

TEST_CASE("what was believed of a request before is forgotten", "[app][trusted_proxies][security]") {
  manual_context stranger;
  stranger.from = "203.0.113.9:1";
  request r = request::get("/", {{"X-Forwarded-For", "6.6.6.6"}});
  r.context = &stranger;
  r.forwarded.peer = "10.0.0.1:0";
  r.forwarded.host = "bank";
  r.forwarded.scheme = forwarded_facts::scheme_told::https;
  const auto app = with_trusted_proxies([](const request& asked) { return text(who(asked)); }, near_by("X-Forwarded-For", true, true));
  CHECK(response(app(r)).body.text() == "203.0.113.9:1 http ");
}

TEST_CASE("Forwarded is read as RFC 7239 has it", "[app][trusted_proxies][rfc7239]") {
  struct row {
    const char* list;
    const char* client;
  };
  for (const auto& [list, expected] : {
           row{"for=203.0.113.9", "203.0.113.9:0"},
           row{"For=203.0.113.9;proto=http;by=203.0.113.43", "203.0.113.9:0"},
           row{"by=10.0.0.1;host=\"a,b\";FOR=\"203.0.113.9:4711\"", "203.0.113.9:4711"},
           row{"for=\"[2001:db8:cafe::17]:4711\"", "[2001:db8:cafe::17]:4711"},
           row{"for=\"[2001:db8:cafe::17]\"", "[2001:db8:cafe::17]:0"},
           row{"for=\"203.0.113.9:_port\", for=\"[::1]\"", "203.0.113.9:0"},
           row{"for=6.6.6.6, for=203.0.113.9, for=10.0.0.1", "203.0.113.9:0"},
           row{"for=\"203.0.113.\\9\"", "203.0.113.9:0"},
           row{"for=203.0.113.9;x=\"\\\", for=6.6.6.6\", for=10.0.0.1", "203.0.113.9:0"},
           row{"for=203.0.113.9;x=\"\\\\\\\\\", for=10.0.0.1", "203.0.113.9:0"},
           row{"for=203.0.113.9;;, for=10.0.0.1", "203.0.113.9:0"},
           row{"for=203.0.113.9, for=unknown", proxy},
           row{"for=203.0.113.9, for=_gazonk, for=10.0.0.1", "10.0.0.1:0"},
           row{"for=203.0.113.9, proto=https", proxy},
           row{"for=203.0.113.9, 10.0.0.1", proxy},
           row{"for=203.0.113.9, for=", proxy},
           row{"for=203.0.113.9, for=\"\"", proxy},
           row{"for=203.0.113.9, for=10.0.0.1:80", proxy},
           row{"for=203.0.113.9, for=10.0.0.1;for=10.0.0.2", proxy},
           row{"for=203.0.113.9, for=10.0.0.1;proto=http;proto=https", proxy},
           row{"for=203.0.113.9, for=10.0.0.1 x", proxy},
           row{"for=203.0.113.9, for=\"10.0.0.1", proxy},
           row{"for=203.0.113.9, =10.0.0.1", proxy},
           row{"for=6.6.6.6, nonsense, for=10.0.0.1", "10.0.0.1:0"},  // nobody looks behind it
           row{"for=6.6.6.6, for=10.0.0.3;for=10.0.0.2, for=10.0.0.1", "10.0.0.1:0"},
           row{"for=\"203.0.113.9:_a/b\"", proxy},
       }) {
    CAPTURE(list);
    CHECK(forwarded(list) == expected);
  }
  CHECK(client(near_by("forwarded"), {{"Forwarded", "for=203.0.113.9"}}) == "203.0.113.9:0");
  CHECK(client(near_by("Forwarded"), {{"X-Forwarded-For", "6.6.6.6"}}) == proxy);
  CHECK(client(near, {{"Forwarded", "for=6.6.6.6"}}) == proxy);
  CHECK(client(near_by("X-Real-IP"), {{"X-Real-IP", "203.0.113.9"}, {"X-Forwarded-For", "6.6.6.6"}}) == "203.0.113.9:0");
}

TEST_CASE("scheme and host are a proxy's to say where that is asked for", "[app][trusted_proxies]") {
  const fields x{{"Host", "h"}, {"X-Forwarded-For", "203.0.113.9"}, {"X-Forwarded-Proto", "HTTPS"}, {"X-Forwarded-Host", "a.test:8443"}};
  CHECK(seen(near, x) == "203.0.113.9:0 http h");
  CHECK(seen(near_by("X-Forwarded-For", true), x) == "203.0.113.9:0 https h");
  CHECK(seen(near_by("X-Forwarded-For", true, true), x) == "203.0.113.9:0 https a.test:8443");
  CHECK(seen(near_by("X-Forwarded-For", true, true), {{"Host", "h"}, {"X-Forwarded-Proto", "https"}}) == "127.0.0.1:52186 https h");

  SECTION("by the last element, which nobody in front of it can change") {
    CHECK(seen(near_by("X-Forwarded-For", true, true), {{"X-Forwarded-Proto", "https"},
                                                        {"X-Forwarded-Host", "bank, \"b"},
                                                        {"X-Forwarded-Proto", "https, http"},
                                                        {"X-Forwarded-Host", "h"}}) == "127.0.0.1:52186 http h");
  }
  SECTION("in Forwarded beside the address that counts") {
    const auto how = near_by("Forwarded", true, true);
    CHECK(seen(how, {{"Host", "h"}, {"Forwarded", "for=6.6.6.6;proto=http;host=x, for=203.0.113.9;proto=https;host=\"a:1\", for=10.0.0.1;proto=http;host=b"}}) ==
          "203.0.113.9:0 https a:1");
    CHECK(seen(how, {{"Host", "h"}, {"Forwarded", "for=6.6.6.6;proto=http, for=unknown;proto=https;host=a"}}) == "127.0.0.1:52186 https a");
    CHECK(seen(how, {{"Host", "h"}, {"Forwarded", "for=6.6.6.6;proto=https, for=203.0.113.9"}}) == "203.0.113.9:0 http h");
    CHECK(seen(how, {{"Host", "h"}, {"Forwarded", "for=6.6.6.6;proto=https;host=b, nonsense"}}) == "127.0.0.1:52186 http h");
  }
  SECTION("but not what is none") {
    const fields bad{{"Host", "h"}, {"X-Forwarded-Proto", "ftp"}, {"X-Forwarded-Host", "user@bank"}};
    CHECK(seen(near_by("X-Forwarded-For", true, true), bad) == "127.0.0.1:52186 http h");
    CHECK(seen(near_by("X-Forwarded-For", true, true), {{"Host", "h"}, {"X-Forwarded-Host", "a b"}, {"X-Forwarded-Proto", "https;"}}) ==
          "127.0.0.1:52186 http h");
  }
  SECTION("and of TLS between the proxy and us nobody is told") {
    manual_context context;
    context.secure = true;
    request r = request::get("/", {{"X-Forwarded-Proto", "http"}});
    r.context = &context;
    CHECK(r.is_secure());
    const auto app = with_trusted_proxies([](const request& asked) { return text(who(asked)); }, near_by("X-Forwarded-For", true));
    CHECK(response(app(r)).body.text() == "127.0.0.1:1 http ");
    CHECK(r.context->is_secure());
  }
}

TEST_CASE("what comes in front of a trusted proxy's words never changes them", "[app][trusted_proxies][security]") {
  // Any octets of an attacker, who is 203.0.113.9, and behind them what honest proxies add.
  dice roll{11};
  const std::string_view bits[] = {",", ", ", "\"", "\\", "\\\"", ";", "=", "for=", "6.6.6.6", "10.0.0.9", "127.0.0.1", "::1", "[", "]",
                                   ":80", "for=\"[::1]:6\"", "for=10.0.0.9, ", "unknown", " ", "\t", "\x80", "host=\"", "proto=https"};
  int lists = 0;
  for (int round = 0; round < 20'000; ++round) {
    const bool is_7239 = roll(2) == 0;
    const char* name = is_7239 ? "Forwarded" : "X-Forwarded-For";
    const auto element = [&](std::string node) {
      if (!is_7239) return node;
      const bool quoted = node.find_first_of(":[") != node.npos;
      std::string made = quoted ? "for=\"" + node + "\"" : "for=" + node;
      if (roll(3) == 0) made += ";host=\"a,\\\"b\\\\\"";
      if (roll(3) == 0) made.insert(0, "by=\"_,\";");
      return made;
    };
    fields f;
    for (unsigned lines = roll(3); lines > 0; --lines) {
      std::string lie;
      for (unsigned left = roll(12); left > 0; --left) lie += bits[roll(std::size(bits))];
      f.add(name, lie);
    }
    std::vector<std::string> honest{roll(8) == 0 ? "unknown" : roll(2) == 0 ? "203.0.113.9" : "[2001:db8::9]:1"};
    std::string expected = honest[0] == "203.0.113.9" ? "203.0.113.9:0" : honest[0];
    std::string last = proxy;
    for (unsigned left = roll(4); left > 0; --left) {
      honest.push_back("10.1.2." + std::to_string(left));
      if (honest.size() == 2) last = honest.back() + ":0";
    }
    if (expected == "unknown") expected = last;
    for (const std::string& node : honest) {
      if (roll(2) == 0 || f.empty()) {
        f.add(name, element(node));  // a line of its own, or behind the last one
      } else {
        const std::string before(f[f.size() - 1].value);
        std::vector<std::string> values;
        for (const auto& [n, v] : f) values.emplace_back(v);
        values.back() = before + (roll(2) == 0 ? ", " : ",") + element(node);
        f.clear();
        for (const auto& v : values) f.add(name, v);
      }
    }
    ++lists;
    if (client(near_by(name), f) != expected) FAIL_CHECK(*f.combined(name) << " is " << client(near_by(name), f) << ", not " << expected);
  }
  CHECK(lists == 20'000);
}

TEST_CASE("a list has as many elements as it likes", "[app][trusted_proxies][security]") {
  const auto times = [](int n, std::string_view what) {
    std::string all;
    for (int i = 0; i < n; ++i) all += what;
    return all;
  };
  CHECK(client_of(times(10'000, "10.0.0.1, ") + "203.0.113.9") == "203.0.113.9:0");
  CHECK(client_of("6.6.6.6" + times(10'000, ", 10.0.0.1")) == "10.0.0.1:0");
  CHECK(client_of("203.0.113.9" + times(99, ", 10.0.0.1")) == "203.0.113.9:0");
  CHECK(client_of("203.0.113.9" + times(100, ", 10.0.0.1")) == "10.0.0.1:0");
  CHECK(client_of("203.0.113.9" + times(100'000, " ,")) == "203.0.113.9:0");
  CHECK(client_of(times(100'000, "\\\"")) == proxy);
  CHECK(client_of(times(100'000, "\\") + "\", 203.0.113.9") == "203.0.113.9:0");
  CHECK(client_of(times(1'000'000, "1")) == proxy);
  CHECK(forwarded(times(100'000, "for=") + ", for=10.0.0.1") == "10.0.0.1:0");
  CHECK(forwarded("for=203.0.113.9" + times(100'000, ";a=b") + ", for=10.0.0.1") == "203.0.113.9:0");
  fields lines;
  for (int i = 0; i < 10'000; ++i) lines.add("X-Forwarded-For", "6.6.6.6");
  lines.add("X-Forwarded-For", "203.0.113.9");
  CHECK(client(near, lines) == "203.0.113.9:0");
}

TEST_CASE("who is no proxy is named when the handler is made", "[app][trusted_proxies]") {
  const auto made_of = [](std::string one) {
    static_cast<void>(with_trusted_proxies([](const request&) { return text("a"); }, {.proxies = {"127.0.0.1", std::move(one)}}));
  };
  CHECK_NOTHROW(made_of("unix:"));
  for (const std::string bad : {"", "localhost", "10.0.0.0/33", "10.0.0.1/8", "127.0.0.1:80", "[::1]", "unix:/path", "*", "10.0.0.0/8,::1"})
    CHECK_THROWS_WITH(made_of(bad), "with_trusted_proxies: " + bad + ": no address, network or unix:");
  CHECK_THROWS_AS(made_of("x"), std::invalid_argument);
  CHECK_THROWS_AS(with_trusted_proxies([](const request&) { return text(""); }, {.field = "X Forwarded"}), std::invalid_argument);
}

TEST_CASE("what is around a handler sees the proxy, what is inside the client", "[app][trusted_proxies][access_log]") {
  std::vector<std::string> peers;
  const auto note = [&peers](const access_entry& entry) { peers.emplace_back(entry.peer); };
  const auto hello = [](request& r) -> task<response> { co_return text(std::string(r.peer())); };
  const any_handler app =
      with_access_log(with_trusted_proxies(with_access_log(hello, note), near), note);
  manual_context context;
  request r = request::get("/", {{"X-Forwarded-For", "203.0.113.9"}});
  r.context = &context;
  const response made = app(r).get();
  CHECK(made.body.text() == "203.0.113.9:0");
  CHECK(r.context->peer() == "127.0.0.1:1");  // as it was
  CHECK(r.fields["X-Forwarded-For"] == "203.0.113.9");
  for (auto& each : made.attached()->sent) each({});
  CHECK(peers == std::vector<std::string>{"203.0.113.9:0", "127.0.0.1:1"});
}

TEST_CASE("a blocking handler sees the client, too", "[app][trusted_proxies][blocking][threads]") {
  manual_context loop;
  const auto app = with_trusted_proxies(blocking([](const request& r) { return text(who(r) + std::string(r.context->peer())); }),
                                        near_by("X-Forwarded-For", true, true));
  request r = request::get("/", {{"X-Forwarded-For", "203.0.113.9"}, {"X-Forwarded-Proto", "https"}, {"X-Forwarded-Host", "a"}});
  r.context = &loop;
  auto made = app(r);
  made.later().start();
  loop.run_one();
  CHECK(made.later().take().body.text() == "203.0.113.9:0 https a127.0.0.1:1");
}
