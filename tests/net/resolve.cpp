// Tests of net/resolve.hpp.
#include "net/support.hpp"

#include <tinyhttp/net/resolve.hpp>

using namespace tinyhttp;
using net::address;
using net::resolve;

TEST_CASE("numbers resolve to themselves", "[net][resolve]") {
  CHECK(resolve("127.0.0.1", 80).value() == std::vector{*address::parse("127.0.0.1", 80)});
  CHECK(resolve("[::1]", 80).value() == std::vector{*address::parse("::1", 80)});
  CHECK(resolve("unix:/tmp/x", 80).value() == std::vector{address::unix_domain("/tmp/x").value()});
}

TEST_CASE("localhost has loopback addresses, each once, with the port", "[net][resolve]") {
  const auto found = resolve("localhost", 8080).value();
  REQUIRE_FALSE(found.empty());
  for (std::size_t i = 0; i < found.size(); ++i) {
    CHECK(found[i].is_loopback());
    CHECK(found[i].port() == 8080);
    for (std::size_t j = 0; j < i; ++j) CHECK_FALSE(found[i] == found[j]);
  }
}

TEST_CASE("an empty host means every interface, for listening only", "[net][resolve]") {
  for (const auto& each : resolve("", 80, true).value()) CHECK(each.is_unspecified());
  CHECK(resolve("", 80).error().kind() == error_kind::resolve);
}

TEST_CASE("what cannot be a host name never reaches the resolver", "[net][resolve]") {
  const auto host = GENERATE(values<std::string>({
      "a b", "a\nb", std::string("localhost\0.evil", 15), std::string(256, 'a')}));
  const auto failed = resolve(host, 80);
  REQUIRE_FALSE(failed);
  CHECK(failed.error().kind() == error_kind::resolve);
  CHECK(failed.error().message().ends_with(": not a host name"));
  CHECK(failed.error().message().find_first_of(std::string_view("\n\0", 2)) == std::string::npos);
}
