#include <tinyhttp/server/census.hpp>

#include "catch.hpp"

#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

using namespace tinyhttp;

namespace {
net::address at(const std::string& host) { return *net::address::parse(host, 1234); }
}  // namespace

TEST_CASE("an address has so many seats, and gets them back", "[server][limit][threads]") {
  address_census census(2);
  auto one = std::make_unique<address_census::seat>(census.admit(at("127.0.0.1")));
  {
    const auto two = census.admit(at("127.0.0.1"));
    CHECK(two);
    CHECK_FALSE(census.admit(at("127.0.0.1")));
    CHECK(census.admit(at("127.0.0.2")));
    CHECK(census.size() == 1);  // 127.0.0.2 has left again
  }
  const auto again = census.admit(at("127.0.0.1"));
  CHECK(again);
  const address_census::seat moved(std::move(*one));
  one.reset();
  CHECK_FALSE(census.admit(at("127.0.0.1")));
}

TEST_CASE("IPv6 counts by network, a mapped address as IPv4, a Unix socket not at all", "[server][limit][threads]") {
  address_census census(1);
  const auto first = census.admit(at("2001:db8:1:2::1"));
  CHECK_FALSE(census.admit(at("2001:db8:1:2:ffff::9")));
  const auto neighbour = census.admit(at("2001:db8:1:3::1"));
  CHECK(neighbour);
  CHECK(census.admit(at("184.13.1.32")));  // 2001:db8 read from the other end
  const auto four = census.admit(at("127.0.0.1"));
  CHECK_FALSE(census.admit(at("::ffff:127.0.0.1")));
  const auto local = census.admit(at("::1"));
  CHECK(local);
  CHECK(census.size() == 4);
  const auto here = net::address::unix_domain("/tmp/x");
  const auto a = census.admit(*here), b = census.admit(*here);
  CHECK((a && b));
  CHECK(census.size() == 4);
}

TEST_CASE("thousands of addresses come and go in any order, and none is miscounted", "[server][limit][threads]") {
  address_census census(3);
  std::vector<std::optional<address_census::seat>> seats(6000);
  const auto name = [](std::size_t i) { return at("10.0." + std::to_string(i / 250) + "." + std::to_string(i % 250)); };
  std::size_t step = 1, held = 0, refused = 0;
  for (int round = 0; round < 20'000; ++round) {
    step = (step * 1103515245 + 12345) % 2147483648u;
    const std::size_t which = step / 7 % seats.size();
    if (seats[which]) {
      seats[which].reset();
      --held;
    } else {
      auto got = census.admit(name(which / 3));
      if (!got) {
        ++refused;
        continue;
      }
      seats[which].emplace(std::move(got));
      ++held;
    }
  }
  for (std::size_t i = 0; i < seats.size(); ++i)
    if (!seats[i]) seats[i].emplace(census.admit(name(i / 3)));
  CHECK(refused == 0);  // three seats each, never a fourth
  CHECK(held > 1000);
  CHECK(census.size() == 2000);
  for (std::size_t i = 0; i < 2000; ++i) refused += !census.admit(name(i));
  CHECK(refused == 2000);
  seats.clear();
  CHECK(census.size() == 0);
}

TEST_CASE("threads share a census", "[server][limit][threads]") {
  address_census census(4);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&census, t] {
      for (int i = 0; i < 2000; ++i) {
        const auto mine = census.admit(at("10.0.0." + std::to_string(i % 50)));
        const auto other = census.admit(at("10.0.1." + std::to_string(t)));
        if (!mine || !other) std::abort();
      }
    });
  for (auto& one : threads) one.join();
  CHECK(census.size() == 0);
}
