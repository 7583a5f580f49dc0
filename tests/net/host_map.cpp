// Tests of net/host_map.hpp.
#include "catch.hpp"

#include <tinyhttp/net/host_map.hpp>

using namespace tinyhttp;
using net::host_mapping;

namespace {

std::string shown(const result<host_mapping>& read) {
  if (!read) return read.error().message();
  std::string text = read->host + " " + std::to_string(read->port) + " ->";
  for (const std::string& each : read->to) text += " " + each;
  return text + " " + std::to_string(read->to_port);
}

}  // namespace

TEST_CASE("a mapping is read as curl's --resolve writes it", "[net][host_map]") {
  struct row {
    std::string text, means;
  };
  const auto [text, means] = GENERATE(values<row>({
      {"example.com:80:127.0.0.1", "example.com 80 -> 127.0.0.1 0"},
      {"Example.COM:443:127.0.0.1,[::1]", "example.com 443 -> 127.0.0.1 [::1] 0"},
      {"*:80:::1", " 80 -> ::1 0"},
      {"[::2]:80:::1", "::2 80 -> ::1 0"},
      {"example.com:80:", "\"example.com:80:\" is not HOST:PORT:ADDRESS"},
      {"example.com:80", "\"example.com:80\" is not HOST:PORT:ADDRESS"},
      {"example.com:0:::1", "\"example.com:0:::1\" is not HOST:PORT:ADDRESS"},
      {"example.com:65536:::1", "\"example.com:65536:::1\" is not HOST:PORT:ADDRESS"},
      {"example.com:x:::1", "\"example.com:x:::1\" is not HOST:PORT:ADDRESS"},
      {":80:::1", "\":80:::1\" is not HOST:PORT:ADDRESS"},
      {"[::2:80:::1", "\"[::2:80:::1\" is not HOST:PORT:ADDRESS"},
      {"a\nb", "\"a?b\" is not HOST:PORT:ADDRESS"},
      {"", "\"\" is not HOST:PORT:ADDRESS"},
      {std::string(201, 'x'), "\"" + std::string(200, 'x') + "\" is not HOST:PORT:ADDRESS"},
  }));
  CAPTURE(text);
  CHECK(shown(net::parse_host_addresses(text)) == means);
}

TEST_CASE("a mapping is read as curl's --connect-to writes it", "[net][host_map]") {
  struct row {
    std::string text, means;
  };
  const auto [text, means] = GENERATE(values<row>({
      {"example.com:80:other.example:81", "example.com 80 -> other.example 81"},
      {"Example.com:80:[::1]:81", "example.com 80 -> ::1 81"},
      {"::other.example:", " 0 -> other.example 0"},
      {"[::1]:80::81", "::1 80 -> 81"},
      {"example.com::other.example:81", "example.com 0 -> other.example 81"},
      {"example.com:80:other.example:81:", "\"example.com:80:other.example:81:\" is not HOST1:PORT1:HOST2:PORT2"},
      {"example.com:80:other.example", "\"example.com:80:other.example\" is not HOST1:PORT1:HOST2:PORT2"},
      {"example.com:80:[::1]81", "\"example.com:80:[::1]81\" is not HOST1:PORT1:HOST2:PORT2"},
  }));
  CAPTURE(text);
  CHECK(shown(net::parse_connect_to(text)) == means);
}

TEST_CASE("the first mapping that fits host and port is taken", "[net][host_map]") {
  const std::vector<host_mapping> all{
      {.host = "a.example", .port = 80, .to = {"10.0.0.1"}},
      {.host = "a.example", .to = {"10.0.0.2"}},
      {.host = "b.example", .to = {"10.0.0.3"}},
      {.host = "", .port = 8080, .to = {"10.0.0.4"}},
  };
  const auto found = [&](std::string_view host, std::uint16_t port) {
    const host_mapping* one = net::find_mapping(all, host, port);
    return one == nullptr ? std::string("none") : one->to.front();
  };
  CHECK(found("a.example", 80) == "10.0.0.1");
  CHECK(found("A.EXAMPLE", 80) == "10.0.0.1");
  CHECK(found("a.example", 81) == "10.0.0.2");
  CHECK(found("b.example", 8080) == "10.0.0.3");
  CHECK(found("c.example", 8080) == "10.0.0.4");
  CHECK(found("c.example", 80) == "none");
}
