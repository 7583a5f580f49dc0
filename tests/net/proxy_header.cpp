// tests/net/proxy_header.cpp -- tests net/proxy_header.hpp
#include "catch.hpp"

#include <tinyhttp/net/proxy_header.hpp>

#include <cstring>
#include <string>
#include <string_view>

using namespace tinyhttp;
using net::proxy_header_reader;

namespace {

/// What a reader makes of `octets`, of which it is given at most `step` at once, and of how many.
std::string read(std::string_view octets, std::size_t step = 1000) {
  proxy_header_reader reader;
  std::size_t taken = 0;
  while (taken < octets.size()) {
    auto room = reader.room();
    if (room.empty()) return "no room";
    std::size_t count = room.size() < step ? room.size() : step;
    if (count > octets.size() - taken) count = octets.size() - taken;
    std::memcpy(room.data(), octets.data() + taken, count);
    taken += count;
    const auto is = reader.received(count);
    if (is == proxy_header_reader::state::broken) return "broken";
    if (is == proxy_header_reader::state::done) return reader.source().to_string() + " " + std::to_string(taken);
  }
  return "more";
}

std::string binary(unsigned command, unsigned family, std::string_view rest, std::size_t length) {
  std::string made("\r\n\r\n\0\r\nQUIT\n", 12);
  for (const std::size_t octet : {std::size_t{command}, std::size_t{family}, length >> 8, length & 255}) made += static_cast<char>(octet);
  return made.append(rest);
}
std::string binary(unsigned command, unsigned family, std::string_view rest) { return binary(command, family, rest, rest.size()); }

const std::string v4("\xcb\x00\x71\x09\x7f\x00\x00\x01\x12\x67\x01\xbb", 12);
const std::string v6 = std::string("\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x09", 16) + std::string(16, '\1') + "\x12\x67\x01\xbb";

}  // namespace

TEST_CASE("a proxy says who connects, and nothing behind that is taken", "[net][proxy_header]") {
  const std::string six = "[2001:db8::9]:4711";
  struct row {
    std::string header;
    std::string source;
  };
  const row rows[] = {
      {"PROXY TCP4 203.0.113.9 127.0.0.1 4711 443\r\n", "203.0.113.9:4711"},
      {"PROXY TCP4 0.0.0.0 0.0.0.0 0 0\r\n", "0.0.0.0:0"},
      {"PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n", "255.255.255.255:65535"},
      {"PROXY TCP6 2001:db8::9 :: 4711 443\r\n", six},
      {"PROXY TCP6 :: :: 0 0\r\n", "[::]:0"},
      {"PROXY TCP6 ::ffff:203.0.113.9 ::ffff:127.0.0.1 4711 443\r\n", "203.0.113.9:4711"},
      {"PROXY UNKNOWN\r\n", "unknown address"},
      {"PROXY UNKNOWN ffff::1 ffff::2 x y z  z\r\n", "unknown address"},
      {"PROXY UNKNOWN " + std::string(91, 'x') + "\r\n", "unknown address"},  // 107 octets
      {binary(0x21, 0x11, v4), "203.0.113.9:4711"},
      {binary(0x21, 0x12, v4), "unknown address"},
      {binary(0x21, 0x21, v6), six},
      {binary(0x21, 0x21, std::string(10, '\0') + "\xff\xff\xcb" + std::string(1, '\0') + "\x71\x09" + v6.substr(16)), "203.0.113.9:4711"},
      {binary(0x21, 0x11, v4 + "\4" + std::string(1, '\0') + "\1x"), "203.0.113.9:4711"},
      {binary(0x21, 0x11, v4 + std::string(500 - 12, 'x')), "203.0.113.9:4711"},
      {binary(0x21, 0x21, v6 + std::string(65535 - 36, '\r')), six},
      {binary(0x21, 0x31, std::string(216, '/')), "unknown address"},
      {binary(0x21, 0x00, ""), "unknown address"},
      {binary(0x21, 0x00, "abc"), "unknown address"},
      {binary(0x20, 0x00, ""), "unknown address"},
      {binary(0x20, 0x11, v4), "unknown address"},
      {binary(0x20, 0x11, ""), "unknown address"},
      {binary(0x20, 0x11, std::string(65535, '\n')), "unknown address"},
  };
  for (const row& r : rows) {
    CAPTURE(r.header.substr(0, 120));
    const std::string expected = r.source + " " + std::to_string(r.header.size());
    for (const std::size_t step : {1u, 2u, 7u, 1000u}) {
      CHECK(read(r.header, step) == expected);
      CHECK(read(r.header + "GET / HTTP/1.1\r\n\r\n", step) == expected);
    }
    bool ended_early = false;
    for (std::size_t cut = 0; cut < r.header.size(); cut += r.header.size() < 600 ? 1u : 1009u)
      ended_early = ended_early || read(r.header.substr(0, cut)) != "more";
    CHECK(!ended_early);
  }
}

TEST_CASE("what is no PROXY header is broken as soon as that shows", "[net][proxy_header][security]") {
  for (const std::string& bad : {
           std::string("GET / HTTP/1.1\r\n"), std::string("G"), std::string("\r\nG"), std::string("\x16\x03\x01"), std::string(1, '\0'),
           std::string("PROXX"), std::string("PROXY\r"), std::string("PROXY TCP4 203.0.113.9 127.0.0.1 4711 443\nG"),
           std::string("PROXY TCP4\r\n12345"), std::string("PROXY TCP4 203.0.113.9 127.0.0.1 4711\r\n"),
           std::string("PROXY TCP4 203.0.113.9 127.0.0.1 4711 443 \r\n"), std::string("PROXY TCP4 203.0.113.9 127.0.0.1 4711 443 1\r\n"),
           std::string("PROXY TCP4  203.0.113.9 127.0.0.1 4711 443\r\n"), std::string("PROXY TCP4 203.0.113.9 127.0.0.1 65536 443\r\n"),
           std::string("PROXY TCP4 203.0.113.9 127.0.0.1 4711 -1\r\n"), std::string("PROXY TCP4 203.0.113.9 127.0.0.1 4711 \r\n"),
           std::string("PROXY TCP4 203.0.113.9 x 4711 443\r\n"), std::string("PROXY TCP4 2001:db8::9 ::1 4711 443\r\n"),
           std::string("PROXY TCP6 203.0.113.9 127.0.0.1 4711 443\r\n"), std::string("PROXY TCP6 [2001:db8::9] ::1 4711 443\r\n"),
           std::string("PROXY TCP6 fe80::1%1 ::1 4711 443\r\n"), std::string("PROXY tcp4 203.0.113.9 127.0.0.1 4711 443\r\n"),
           std::string("PROXY TCP5 203.0.113.9 127.0.0.1 4711 443\r\n"), std::string("PROXY TCP5 2001:db8::9 ::1 4711 443\r\n"), std::string("PROXY TCP4 203.0.113.9 127.0.0.1 4711 44\r3\r\n"),
           std::string("PROXY  UNKNOWN\r\n"), std::string("PROXY UNKNOWNx\r\n"),
           "PROXY UNKNOWN " + std::string(92, 'x') + "\r\n", "PROXY TCP4 " + std::string(10'000, '1'),
           binary(0x22, 0x11, v4), binary(0x11, 0x11, v4), binary(0x31, 0x11, v4), binary(0x01, 0x11, v4), binary(0x21, 0x41, v4),
           binary(0x21, 0x13, v4), binary(0x21, 0xff, v4), binary(0x21, 0x11, v4.substr(1)), binary(0x21, 0x11, ""),
           binary(0x21, 0x21, v6.substr(1)), binary(0x21, 0x21, v4)}) {
    CAPTURE(bad.substr(0, 120));
    CHECK(read(bad, 1) == "broken");
    CHECK(read(bad) == "broken");
  }
  CHECK(read("P") == "more");
  CHECK(read("\r") == "more");
}

TEST_CASE("each octet of a good header, changed to any other, is broken, or says something else", "[net][proxy_header][security]") {
  int broken = 0, different = 0;
  for (const std::string& good : {std::string("PROXY TCP4 203.0.113.9 127.0.0.1 4711 443\r\n"), binary(0x21, 0x11, v4 + "tail")})
    for (std::size_t i = 0; i < good.size(); ++i)
      for (int octet = 0; octet < 256; ++octet) {
        std::string changed = good;
        changed[i] = static_cast<char>(octet);
        const std::string got = read(changed + std::string(70'000, 'x'), 13);
        if (got == "broken") ++broken;
        else if (got.ends_with(" " + std::to_string(good.size()))) ++different;
        else if (got == "more" || (i != 14 && i != 15)) FAIL_CHECK(i << " " << octet << " " << got);  // those two are the length
      }
  CHECK(broken > 5'000);
  CHECK(different > 1'000);
}
