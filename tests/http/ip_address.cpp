// tests/http/ip_address.cpp -- tests http/ip_address.hpp
#include "catch.hpp"

#include <tinyhttp/http/ip_address.hpp>

#include <string>
#include <string_view>

#include <arpa/inet.h>

using namespace tinyhttp;

namespace {

std::string written(std::string_view text) {
  const auto read = ip_address::parse(text);
  return read ? read->to_string() : "none";
}

bool is_in(std::string_view network, std::string_view address) {
  return ip_network::parse(network).value().contains(ip_address::parse(address).value());
}

/// Numbers that are the same in each run.
struct dice {
  std::uint64_t state = 7;
  unsigned operator()(unsigned sides) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return static_cast<unsigned>(state >> 33) % sides;
  }
};

}  // namespace

TEST_CASE("IPv6 addresses are told from what only looks like them", "[http][ip_address][rfc3986-3.2.2]") {
  for (const std::string_view good :
       {"::", "::1", "1::", "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7::", "::2:3:4:5:6:7:8", "1::8",
        "ABCD:ef01::", "::1.2.3.4", "1:2:3:4:5:6:1.2.3.4", "1::255.255.255.255"}) {
    CAPTURE(good);
    CHECK(is_ipv6_address(good));
  }
  for (const std::string_view bad : {"",
                                     ":",
                                     ":::",
                                     "1",
                                     "1:",
                                     ":1",
                                     "1:2:3:4:5:6:7",
                                     "1:2:3:4:5:6:7:8:9",
                                     "::1::",
                                     "1:::2",
                                     "12345::",
                                     "g::",
                                     "1:2:3:4:5:6:7:8::",
                                     "::1:2:3:4:5:6:7:8",
                                     "1.2.3.4",
                                     "::1.2.3",
                                     "::1.2.3.4.5",
                                     "::1.2.3.256",
                                     "::01.2.3.4",
                                     "::1.2.3.4:5",
                                     "1:2:3:4:5:6:7:1.2.3.4",
                                     "::1.2.3.",
                                     "::.1.2.3",
                                     "::1%eth0",
                                     " ::1",
                                     "::1 ",
                                     "1g::",
                                     "1:2 ::",
                                     "1:2:3:4:5:6:7:8:"}) {
    CAPTURE(bad);
    CHECK_FALSE(is_ipv6_address(bad));
  }
  CHECK_FALSE(is_ipv6_address(std::string(1'000'000, ':')));
  std::string groups;
  for (int i = 0; i < 100'000; ++i) groups += "1:";
  CHECK_FALSE(is_ipv6_address(groups + "1"));
}

TEST_CASE("an address has one text", "[http][ip_address][rfc5952]") {
  struct row {
    const char* text;
    const char* written;
  };
  for (const auto& [text, expected] : {
           row{"192.0.2.1", "192.0.2.1"},
           row{"0.0.0.0", "0.0.0.0"},
           row{"255.255.255.255", "255.255.255.255"},
           row{"::ffff:192.0.2.1", "192.0.2.1"},
           row{"0:0:0:0:0:FFFF:c000:201", "192.0.2.1"},
           row{"::192.0.2.1", "::c000:201"},
           row{"::", "::"},
           row{"::1", "::1"},
           row{"1::", "1::"},
           row{"2001:DB8:0:0:0:0:0:1", "2001:db8::1"},
           row{"2001:db8:0000:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},
           row{"2001:0:0:1:0:0:0:1", "2001:0:0:1::1"},
           row{"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
           row{"1:0:0:2:3:4:0:0", "1::2:3:4:0:0"},
           row{"1:2:3:4:5:6:0:0", "1:2:3:4:5:6::"},
           row{"64:ff9b::192.0.2.33", "64:ff9b::c000:221"},
           row{"1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"},
           row{"2001:db8::ffff:192.0.2.1", "2001:db8::ffff:c000:201"},
       }) {
    CAPTURE(text);
    CHECK(written(text) == expected);
    CHECK(written(expected) == expected);
  }
  CHECK(ip_address::parse("::ffff:10.0.0.1") == ip_address::parse("10.0.0.1"));
  CHECK(ip_address::parse("::10.0.0.1") != ip_address::parse("10.0.0.1"));
  CHECK(ip_address().to_string() == "::");
  static_assert(ip_address::parse("10.0.0.1")->is_v4() && !ip_address::parse("::1")->is_v4());
}

TEST_CASE("an IPv4 address is four numbers, and nothing that others take for it", "[http][ip_address][security]") {
  for (const std::string_view bad :
       {"", ".", "1", "1.2.3", "1.2.3.", ".1.2.3", "1.2.3.4.", "1.2.3.4.5", "1..2.3", "01.2.3.4", "1.2.3.04", "00.0.0.0",
        "256.1.1.1", "1.2.3.4444", "0x7f.0.0.1", "2130706433", "1.2.3.4 ", " 1.2.3.4", "1.2.3.4/8", "+1.2.3.4", "1.2.3.-4",
        "1.2.3.a", "[1.2.3.4]", "1.2.3.4%1", "\xd9\xa1.2.3.4"}) {
    CAPTURE(bad);
    CHECK(written(bad) == "none");
  }
  CHECK(written(std::string_view("1.2.3.4\0", 8)) == "none");
  CHECK(written(std::string(1'000'000, '1')) == "none");
}

TEST_CASE("what is read and written is what the system reads and writes", "[http][ip_address]") {
  dice roll;
  int addresses = 0, others = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string text;
    if (roll(2) == 0) {  // an address, some octets of which are zero
      unsigned char octets[16];
      for (auto& o : octets) o = static_cast<unsigned char>(roll(3) == 0 ? roll(256) : 0);
      char room[INET6_ADDRSTRLEN];
      text = ::inet_ntop(roll(4) == 0 ? AF_INET : AF_INET6, octets, room, sizeof room);
    } else {  // or what looks like one
      for (unsigned left = roll(12); left > 0; --left)
        text.append(roll(2) == 0 ? ":" : "").append(1, "0123456789abcF:.:::..."[roll(22)]);
    }
    const bool is_6 = text.find(':') != text.npos;
    unsigned char theirs[16] = {};
    const bool they_do = ::inet_pton(is_6 ? AF_INET6 : AF_INET, text.c_str(), theirs) == 1;
    const auto ours = ip_address::parse(text);
    if (ours.has_value() != they_do) FAIL_CHECK(text);
    ++(they_do ? addresses : others);
    if (!ours || !they_do) continue;
    bool same = true;
    for (unsigned i = 0; i < (is_6 ? 16u : 4u); ++i)
      same = same && (ours->group((is_6 ? i : i + 12) / 2) >> (i % 2 == 0 ? 8 : 0) & 0xff) == theirs[i];
    if (!same) FAIL_CHECK(text);
    if (written(ours->to_string()) != ours->to_string()) FAIL_CHECK(text);
    char room[INET6_ADDRSTRLEN];
    const std::string system = ::inet_ntop(is_6 ? AF_INET6 : AF_INET, theirs, room, sizeof room);
    if (system.find(':') == system.npos || system.find('.') == system.npos)  // it writes some as `::1.2.3.4`
      if (ours->to_string() != system) FAIL_CHECK(text << " " << ours->to_string() << " " << system);
  }
  CHECK(addresses > 10'000);
  CHECK(others > 1'000);
}

TEST_CASE("a network holds what begins like it", "[http][ip_address][rfc4632]") {
  CHECK(is_in("10.0.0.0/8", "10.255.0.1"));
  CHECK(!is_in("10.0.0.0/8", "11.0.0.0"));
  CHECK(!is_in("10.0.0.0/8", "9.255.255.255"));
  CHECK(is_in("10.0.0.0/8", "::ffff:10.1.2.3"));
  CHECK(is_in("::ffff:10.0.0.0/104", "10.1.2.3"));
  CHECK(!is_in("10.0.0.0/8", "::10.1.2.3"));
  CHECK(is_in("192.0.2.128/25", "192.0.2.129"));
  CHECK(!is_in("192.0.2.128/25", "192.0.2.127"));
  CHECK(is_in("192.0.2.1", "192.0.2.1"));
  CHECK(is_in("192.0.2.1/32", "192.0.2.1"));
  CHECK(!is_in("192.0.2.1", "192.0.2.0"));
  CHECK(is_in("0.0.0.0/0", "255.1.2.3"));
  CHECK(!is_in("0.0.0.0/0", "::1"));
  CHECK(is_in("::/0", "2001:db8::1"));
  CHECK(!is_in("::/0", "10.0.0.1"));
  CHECK(is_in("2001:db8::/33", "2001:db8:7fff::1"));
  CHECK(!is_in("2001:db8::/33", "2001:db8:8000::1"));
  CHECK(is_in("fe80::/10", "febf::1"));
  CHECK(is_in("2001:db8::/64", "2001:db8::1"));
  CHECK(!is_in("2001:db8::/64", "2001:db8:0:1::"));
  CHECK(is_in("2001:db8::1:0/112", "2001:db8::1:ffff"));
  CHECK(!is_in("2001:db8::1:0/112", "2001:db8:0:1::1:0"));
  CHECK(is_in("::/0", "2001:db8:0:1::"));
  CHECK(!is_in("::1", "::"));
  CHECK(!ip_network().contains(*ip_address::parse("::1")));
}

TEST_CASE("a network that is more, or less, than its text says is none", "[http][ip_address][security]") {
  for (const std::string_view bad :
       {"", "/", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/8 ", "10.0.0.0/8/8", "10.0.0.0/a", "10/8",
        "10.1.0.0/8", "2001:db8:1::/32", "192.0.2.129/25", "0.0.0.1/0", "::1/127", "::/129", "::/", "::ffff:10.0.0.0/8", "::ffff:0.0.0.0/95",
        "localhost", "10.0.0.0/255.0.0.0", "10.0.0.0/4294967304"}) {
    CAPTURE(bad);
    CHECK(!ip_network::parse(bad));
  }
  CHECK(ip_network::parse("::ffff:0.0.0.0/96"));
}
