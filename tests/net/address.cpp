// Tests of net/address.hpp.
#include "net/support.hpp"

#include <tinyhttp/net/address.hpp>

using tinyhttp::net::address;

TEST_CASE("a numeric address is read and written back", "[net][address]") {
  struct row {
    std::string_view text;
    std::string_view host;
    std::string_view whole;
    int family;
  };
  const auto [text, host, whole, family] = GENERATE(values<row>({
      {"127.0.0.1", "127.0.0.1", "127.0.0.1:80", AF_INET},
      {"0.0.0.0", "0.0.0.0", "0.0.0.0:80", AF_INET},
      {"255.10.100.9", "255.10.100.9", "255.10.100.9:80", AF_INET},
      {"::1", "::1", "[::1]:80", AF_INET6},
      {"[::1]", "::1", "[::1]:80", AF_INET6},
      {"2001:DB8:0:0::1", "2001:db8::1", "[2001:db8::1]:80", AF_INET6},
      {"fe80::1%1", "fe80::1%1", "[fe80::1%1]:80", AF_INET6},
      {"fe80::1%lo", "fe80::1%1", "[fe80::1%1]:80", AF_INET6},
  }));
  CAPTURE(text);
  const auto parsed = address::parse(text, 80);
  REQUIRE(parsed.has_value());
  CHECK(parsed->host() == host);
  CHECK(parsed->to_string() == whole);
  CHECK(parsed->family() == family);
  CHECK(parsed->port() == 80);
  CHECK(address::parse(parsed->host(), 80) == parsed);
}

TEST_CASE("what is not a numeric address is not taken for one", "[net][address]") {
  const auto text = GENERATE(values<std::string_view>({
      "", "localhost", "1.2.3", "1.2.3.4.5", "256.1.1.1", "01.2.3.4x", " 127.0.0.1", "[127.0.0.1]",
      "[::1", "::1]", "[", "]", "[]", ":::", "fe80::1%", "fe80::1%no-such-link", "1.2.3.4%1", "unix:/tmp/x",
      {"127.0.0.1\0.evil", 15}, {"::1\0", 4}}));
  CAPTURE(text);
  CHECK_FALSE(address::parse(text, 80).has_value());
  CHECK_FALSE(address::parse(std::string(5000, '1'), 80).has_value());
}

TEST_CASE("a Unix-domain address is a path or an abstract name", "[net][address]") {
  const address file = address::unix_domain("/tmp/x").value();
  CHECK(file.to_string() == "unix:/tmp/x");
  CHECK(file.host() == "/tmp/x");
  CHECK(file.port() == 0);
  CHECK(file.is_unix_domain());
  CHECK(file.is_loopback());
  const address name = address::unix_domain("@tinyhttp").value();
  CHECK(name.to_string() == "unix:@tinyhttp");
  CHECK(address::from_native(name.native(), name.native_size()) == name);
  CHECK_FALSE(name == file);

  CHECK(address::unix_domain(std::string(107, 'x')).has_value());
  CHECK(address::unix_domain(std::string(108, 'x')).error().message().ends_with("too long for a socket"));
  CHECK_FALSE(address::unix_domain("").has_value());
  CHECK_FALSE(address::unix_domain("@").has_value());
  CHECK_FALSE(address::unix_domain(std::string_view("a\0b", 3)).has_value());
}

TEST_CASE("an unknown address says so and equals only its like", "[net][address]") {
  CHECK(address().to_string() == "unknown address");
  CHECK(address() == address());
  CHECK_FALSE(address() == *address::parse("0.0.0.0", 0));
  sockaddr odd{};
  odd.sa_family = AF_INET;
  CHECK(address::from_native(&odd, 4) == address());  // cut short
  odd.sa_family = 250;
  CHECK(address::from_native(&odd, sizeof odd) == address());
}

TEST_CASE("addresses differ by host, port and family", "[net][address]") {
  const address a = *address::parse("127.0.0.1", 80);
  CHECK(a == *address::parse("127.0.0.1", 80));
  CHECK_FALSE(a == *address::parse("127.0.0.2", 80));
  CHECK_FALSE(a == *address::parse("127.0.0.1", 81));
  CHECK(a.with_port(81) == *address::parse("127.0.0.1", 81));
  CHECK(address::parse("fe80::1%1", 80)->with_port(81) == *address::parse("fe80::1%1", 81));
  CHECK(address::unix_domain("/tmp/x")->with_port(81) == *address::unix_domain("/tmp/x"));
}

TEST_CASE("an IPv4 peer of an IPv6 socket is seen as what it is", "[net][address]") {
  CHECK(address::parse("::ffff:10.0.0.1", 5)->unmapped() == *address::parse("10.0.0.1", 5));
  CHECK(address::parse("::ffff:127.0.0.1", 5)->is_loopback());
  CHECK(address::parse("::1", 5)->unmapped() == *address::parse("::1", 5));
  CHECK(address::parse("127.9.9.9", 5)->is_loopback());
  CHECK_FALSE(address::parse("128.0.0.1", 5)->is_loopback());
  CHECK(address::parse("::", 5)->is_unspecified());
  CHECK(address::parse("0.0.0.0", 5)->is_unspecified());
  CHECK_FALSE(address::parse("::1", 5)->is_unspecified());
}
