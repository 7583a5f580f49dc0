// tests/testing/script.cpp -- tests testing/script.hpp: behaviours and contents written as text.
#include "support.hpp"

#include "catch.hpp"

#include <tinyhttp/testing/script.hpp>

#include <string>

using namespace tinyhttp::testing;
using testing_support::talk;

TEST_CASE("sizes have units, patterns have seeds", "[testing][script]") {
  CHECK(parse_size("500000") == 500'000);
  CHECK(parse_size("3MiB") == 3_MiB);
  CHECK(parse_size("10GiB") == 10_GiB);
  for (const char* wrong : {"", "MiB", "-1", "1.5MiB", "3mb", "99999999999GiB", "18446744073709551616"})
    CHECK_FALSE(parse_size(wrong));
  CHECK(parse_content("1KiB:seed7").value().octets() == pattern(1_KiB, 7).octets());
  CHECK(parse_content("5").value().size() == 5);
  CHECK_FALSE(parse_content("5:seed"));
  CHECK_FALSE(parse_content("five"));
}

TEST_CASE("a script says what the functions say", "[testing][script]") {
  CHECK(parse_behavior("cut 500000 x1 then serve").value().name() ==
        cut(after{500'000}).times(1).then(serve()).name());
  CHECK(parse_behavior("serve | reset @64KiB x2").value().name() == (serve() | reset(offset{64_KiB})).times(2).name());
  CHECK(parse_behavior("stall head").value().name() == stall(before_head).name());
  CHECK(parse_behavior("cut head+12").value().name() == cut(in_head{12}).name());
  CHECK(parse_behavior("reset request+1KiB").value().name() == reset(in_request{1024}).name());
  CHECK(parse_behavior("reply 413 early").value().name() == (reply(413) | early()).name());
  CHECK(parse_behavior("early 1000 | stall request x2").value().name() == (early(1000) | stall(in_request{0})).times(2).name());
  CHECK(parse_behavior("reply 404 x3 then redirect /x").value().acts().size() == 2);
  const behavior late = parse_behavior("pause head 200").value();
  CHECK(late.acts()[0].name == pause(before_head, std::chrono::milliseconds(200)).acts()[0].name);
  CHECK((*late.acts()[0].events.begin()).time == std::chrono::milliseconds(200));
  CHECK(parse_behavior("throttle 64KiB/s").value().acts()[0].throttle_octets == 64_KiB / 20);
  const behavior odd = parse_behavior("throttle 39/s").value();  // one octet at a time, but 39 of them
  CHECK(odd.acts()[0].throttle_octets == 1);
  CHECK(std::chrono::seconds(1) / odd.acts()[0].throttle_time == 39);
  CHECK(parse_behavior("basic-auth u: | ignore-range").value().acts()[0].credentials);
  CHECK(parse_behavior("flip-bit 7").value().acts()[0].flips[0].in == position::kind::file);
  CHECK(parse_behavior("flaky 20 7").value().acts()[0].probability == 0.2);
}

TEST_CASE("what is no script is refused by name", "[testing][script]") {
  for (const char* wrong : {"", "explode", "cut", "cut here", "x1", "then serve", "cut 5 then", "reply 99", "reply 1000",
                            "chunked 0", "throttle 0/s", "throttle fast", "pause head", "pause 5 soon", "flaky 20", "flaky 101 5", "reply 100",
                            "noise 200", "raw /does/not/exist", "cut 5 x", "cut -5", "basic-auth u", "throttle 10KiB", "throttle 10KiB/min",
                            "cut 5 x1 x2", "cut 5 x1 reset 6", "cut 5 x1 | reset 6", "| cut 5", "cut 5 |", "cut 5 | | close", "cut 5 | then serve",
                            "flip-bit request", "cut request+", "cut request5", "early now",
                            "redirect then serve", "extra |", "reply 404 redirect /x", "serve | swap 9"}) {
    const auto got = parse_behavior(wrong);
    INFO(wrong);
    CHECK_FALSE(got);
    if (!got) CHECK_FALSE(got.error().message().empty());
  }
}

TEST_CASE("a swap by seed is as large as what it replaces", "[testing][script]") {
  fake_server srv;
  srv.file("/f", pattern(1000, 1));
  srv.on("/f", parse_behavior("swap 9 x1").value());
  CHECK(testing_support::fetch(srv, "/f").body() == pattern(1000, 9).octets());
  CHECK(testing_support::fetch(srv, "/f").body() == pattern(1000, 9).octets());
}
