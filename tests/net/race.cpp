// Tests of net/race.hpp and net/address_memory.hpp: Happy Eyeballs without a socket or a clock.
#include "net/support.hpp"

#include <tinyhttp/net/address_memory.hpp>
#include <tinyhttp/net/race.hpp>

#include <vector>

using namespace tinyhttp;
using net::address;
using net::race;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

std::vector<address> addresses(std::initializer_list<std::string_view> hosts) {
  std::vector<address> all;
  for (const auto host : hosts) all.push_back(*address::parse(host, 80));
  return all;
}

std::string hosts(const std::vector<address>& all) {
  std::string text;
  for (const address& each : all) text += (text.empty() ? "" : " ") + each.host();
  return text;
}

constexpr time_point start{seconds(1000)};

/// A race between `count` addresses, and what it says to do after so many milliseconds.
struct held_race {
  explicit held_race(std::vector<address> all, milliseconds timeout = seconds(10))
      : decides(std::move(all), milliseconds(250), start, start + timeout) {}
  std::string at(int after) {
    const race::move move = decides.next(start + milliseconds(after));
    if (move.what == race::verb::over) return "over";
    if (move.what == race::verb::begin) return "begin " + std::to_string(move.which);
    return "wait until " +
           std::to_string(std::chrono::duration_cast<milliseconds>(move.until - start).count());
  }
  void fails(std::size_t which, int cause, int after) {
    decides.failed(which, cause, start + milliseconds(after));
  }
  race decides;
};

}  // namespace

TEST_CASE("families take turns, in the order of the resolver", "[net][race][rfc8305-4]") {
  CHECK(hosts(net::race_order(addresses({"::1", "::2", "::3", "10.0.0.1", "10.0.0.2"}))) ==
        "::1 10.0.0.1 ::2 10.0.0.2 ::3");
  CHECK(hosts(net::race_order(addresses({"10.0.0.1", "10.0.0.2", "::1"}))) ==
        "10.0.0.1 ::1 10.0.0.2");
  CHECK(hosts(net::race_order(addresses({"::1"}))) == "::1");
  CHECK(net::race_order({}).empty());
}

TEST_CASE("who won last is tried first, and then the other family", "[net][race][rfc8305-4]") {
  const auto all = addresses({"::1", "::2", "10.0.0.1", "10.0.0.2"});
  CHECK(hosts(net::race_order(all, *address::parse("10.0.0.2", 80))) ==
        "10.0.0.2 ::1 10.0.0.1 ::2");
  CHECK(hosts(net::race_order(all, *address::parse("10.0.0.9", 80))) ==
        "::1 10.0.0.1 ::2 10.0.0.2");
}

TEST_CASE("a name with hundreds of addresses is tried with a few of each family", "[net][race]") {
  std::vector<address> all;
  for (int i = 1; i <= 200; ++i)
    all.push_back(*address::parse("10.0.0." + std::to_string(i), 80));
  all.push_back(*address::parse("::1", 80));
  const auto order = net::race_order(all);
  CHECK(order.size() == net::most_attempts);
  CHECK(order[1].host() == "::1");
}

TEST_CASE("the next address is tried 250 ms after the last", "[net][race][rfc8305-5]") {
  held_race r(addresses({"::1", "10.0.0.1", "::2"}));
  CHECK(r.at(0) == "begin 0");
  CHECK(r.at(0) == "wait until 250");
  CHECK(r.at(249) == "wait until 250");
  CHECK(r.at(250) == "begin 1");
  CHECK(r.at(260) == "wait until 500");
  CHECK(r.at(500) == "begin 2");
  CHECK(r.at(501) == "wait until 10000");
  CHECK(r.at(10'000) == "over");
  const error why = r.decides.summary("h:80");
  CHECK(why.kind() == error_kind::timeout);
  CHECK(why.message() == "connect h:80: timed out");
}

TEST_CASE("the next address is tried at once when one fails", "[net][race][rfc8305-5]") {
  held_race r(addresses({"::1", "10.0.0.1", "::2"}));
  CHECK(r.at(0) == "begin 0");
  r.fails(0, ECONNREFUSED, 3);
  CHECK(r.at(3) == "begin 1");
  CHECK(r.at(3) == "wait until 253");
  CHECK(r.at(253) == "begin 2");
  r.fails(1, ENETUNREACH, 260);
  CHECK(r.at(260) == "wait until 10000");  // the last is still under way
  r.fails(2, ECONNREFUSED, 300);
  CHECK(r.at(300) == "over");
  CHECK(r.decides.summary("h:80").kind() == error_kind::connect);
  CHECK(r.decides.summary("h:80").message() ==
        "connect h:80: [::1]:80: connection refused; 10.0.0.1:80: network is unreachable; "
        "[::2]:80: connection refused");
}

TEST_CASE("every address has its turn before a near deadline", "[net][race]") {
  held_race r(addresses({"::1", "10.0.0.1", "::2"}), milliseconds(150));
  CHECK(r.at(0) == "begin 0");
  CHECK(r.at(0) == "wait until 50");
  CHECK(r.at(50) == "begin 1");
  CHECK(r.at(100) == "begin 2");
  CHECK(r.at(100) == "wait until 150");
  held_race hurried(addresses({"::1", "10.0.0.1"}), milliseconds(5));
  CHECK(hurried.at(0) == "begin 0");
  CHECK(hurried.at(0) == "wait until 5");  // never less than 10 ms between two
  CHECK(hurried.at(5) == "over");
  held_race crowded(addresses({"::1", "10.0.0.1", "::2", "10.0.0.2"}), milliseconds(30));
  CHECK(crowded.at(0) == "begin 0");
  CHECK(crowded.at(0) == "wait until 10");
}

TEST_CASE("an address that cannot begin yet is asked again a little later", "[net][race]") {
  held_race r({address::unix_domain("/x").value()});
  CHECK(r.at(0) == "begin 0");
  r.decides.postpone(0, start);
  CHECK(r.at(0) == "wait until 10");
  CHECK(r.at(10) == "begin 0");
  r.fails(0, ECONNREFUSED, 11);
  CHECK(r.at(11) == "over");
}

TEST_CASE("a race that is stopped says so, and what had failed before", "[net][race]") {
  held_race r(addresses({"::1", "10.0.0.1"}));
  CHECK(r.at(0) == "begin 0");
  r.fails(0, ECONNREFUSED, 1);
  CHECK(r.at(1) == "begin 1");
  r.decides.stop(ECANCELED);
  CHECK(r.at(2) == "over");
  CHECK(r.decides.summary("h:80").kind() == error_kind::cancelled);
  CHECK(r.decides.summary("h:80").message() ==
        "connect h:80: [::1]:80: connection refused; 10.0.0.1:80: told to stop");
  held_race nobody({});
  CHECK(nobody.at(0) == "over");
  CHECK(nobody.decides.summary("h:80").message() == "connect h:80: no address to try");
}

TEST_CASE("winners are remembered for a while, and not too many of them", "[net][race]") {
  net::address_memory memory(2, seconds(60));
  const auto all = addresses({"10.0.0.1", "10.0.0.2", "10.0.0.3"});
  memory.remember("a:80", all[0], start);
  memory.remember("a:80", all[1], start);
  CHECK(memory.winner("a:80", start + seconds(59)) == all[1]);
  CHECK_FALSE(memory.winner("a:80", start + seconds(60)));
  CHECK_FALSE(memory.winner("a:81", start));
  memory.remember("b:80", all[2], start + seconds(1));
  memory.remember("c:80", all[2], start + seconds(2));
  CHECK_FALSE(memory.winner("a:80", start + seconds(3)));
  CHECK(memory.winner("b:80", start + seconds(3)) == all[2]);
  CHECK(memory.winner("c:80", start + seconds(3)) == all[2]);
}
