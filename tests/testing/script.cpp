// tests/testing/script.cpp -- tests testing/script.hpp and testing/script_rules.hpp: behaviours, contents and requests written as text.
#include "support.hpp"

#include "catch.hpp"

#include <tinyhttp/testing/script.hpp>
#include <tinyhttp/testing/script_rules.hpp>

#include <string>

using namespace tinyhttp::testing;
using testing_support::talk;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::EndsWith;

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

TEST_CASE("what a word of a script does is what its function does", "[testing][script]") {
  struct row {
    const char* script;
    behavior does;
  };
  const row rows[] = {
      {"ignore-range", ignore_range()},
      {"no-length", no_length()},
      {"bad-chunks", chunked(1000, chunk_fault::bad_size)},
      {"no-last-chunk", chunked(1000, chunk_fault::no_last)},
      {"chunked 700", chunked(700)},
      {"bare-lf", bare_lf()},
      {"close", close_after()},
      {"retry-after 7", reply(503).retry_after(std::chrono::seconds(7))},
      {"length 9", length(9)},
      {"double-length 9", double_length(9)},
      {"noise 100", noise(100)},
      {"noise 199", noise(199)},
      {"extra more", extra("more")},
      {"redirect /x", redirect("/x")},
      {"reply 200 body hi", reply(200, "hi")},
      {"reply 101", reply(101)},
      {"etag v2", serve().header("ETag", "\"v2\"")},
      {"flaky 100 7", flaky(1, 7)},
      {"cut @1000", cut(offset{1000})},
      {"flip-bit 1001", flip_bit(offset{1001})},
  };
  const auto said = [](behavior does) {
    fake_server srv;
    srv.file("/f", pattern(2500, 1));
    srv.on("/f", std::move(does));
    std::string all = srv.call("GET /f HTTP/1.1\r\nHost: h\r\nRange: bytes=1-2400\r\n\r\n");
    if (const auto date = all.find("Date: "); date != all.npos) all.erase(date, all.find('\n', date) - date);
    return all;
  };
  const std::string plain = said(serve());
  for (const row& r : rows) {
    INFO(r.script);
    const auto got = parse_behavior(r.script);
    REQUIRE(got);
    const std::string octets = said(*got);
    CHECK(octets == said(r.does));
    CHECK(octets != plain);
  }
  CHECK(said(parse_behavior("serve").value()) == plain);
  CHECK(said(parse_behavior("tiny-writes 1").value()) == plain);
  CHECK(parse_behavior("tiny-writes 1").value().name() == tiny_writes(1).name());
  const behavior both = parse_behavior("serve | basic-auth me:p:w").value();
  fake_server srv;
  srv.file("/f", text("hello"));
  srv.on("/f", both);
  CHECK_THAT(srv.call("GET /f HTTP/1.1\r\nHost: h\r\nAuthorization: Basic bWU6cDp3\r\n\r\n"), EndsWith("hello"));
}

TEST_CASE("what is no script is refused by name", "[testing][script]") {
  for (const char* wrong : {"", "explode", "cut", "cut here", "x1", "then serve", "cut 5 then", "reply 99", "reply 1000",
                            "chunked 0", "throttle 0/s", "throttle fast", "pause head", "pause 5 soon", "flaky 20", "flaky 101 5", "reply 100",
                            "noise 200", "noise 99", "explode 150", "tiny-writes 0", "reply 199", "flaky 20 x", "'serve", "serve x1000001", "raw /does/not/exist", "cut 5 x", "cut -5", "basic-auth u", "throttle 10KiB", "throttle 10KiB/min",
                            "cut 5 x1 x2", "cut 5 x1 reset 6", "cut 5 x1 | reset 6", "| cut 5", "cut 5 |", "cut 5 | | close", "cut 5 | then serve",
                            "flip-bit request", "cut request+", "cut request5", "early now",
                            "reply 200 body", "reply 200 body then serve", "header X-A", "header :x", "header 'X A:b'", "without-header X:", "etag", "trailer X",
                            "reply 200 body 'unclosed", "redirect \"/x", "'cut' 'x", "redirect then serve", "extra |", "reply 404 redirect /x", "serve | swap 9"}) {
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

TEST_CASE("an answer's body, fields and tag are words, in quotes where there are blanks", "[testing][script]") {
  fake_server srv;
  srv.file("/f", text("hello"));
  srv.on("/new", parse_behavior(R"(reply 201 body '{"id": 7}' header Content-Type:application/json header "X-Note: two words" | etag v2 x1 then reply 204 body '')").value());
  const auto made = testing_support::fetch(srv, "/new");
  CHECK(made.status() == 201);
  CHECK(made.body() == R"({"id": 7})");
  for (const char* line : {"\r\nContent-Type: application/json\r\n", "\r\nX-Note: two words\r\n", "\r\nETag: \"v2\"\r\n"})
    CHECK_THAT(made.head(), ContainsSubstring(line));
  CHECK(srv.journal()[0].fired == "reply 201 | header Content-Type | header X-Note | etag");
  CHECK(testing_support::fetch(srv, "/new").status() == 204);
  srv.on("/f", parse_behavior("without-header ETag header Last-Modified:never").value());
  CHECK_THAT(testing_support::fetch(srv, "/f").head(), !ContainsSubstring("ETag") && ContainsSubstring("Last-Modified: never\r\n"));
  srv.on("/f", parse_behavior("chunked 3 trailer X-Sum:5").value());
  CHECK(testing_support::fetch(srv, "/f").body() == "3\r\nhel\r\n2\r\nlo\r\n0\r\nX-Sum: 5\r\n\r\n");
  CHECK(parse_behavior("redirect 'then'").value().acts()[0].answer.fields["Location"] == "then");
  CHECK(parse_etag("v1") == "\"v1\"");
  CHECK(parse_etag("\"v1\"") == "\"v1\"");
  CHECK(parse_etag("W/\"v1\"") == "W/\"v1\"");
}

TEST_CASE("requests are written by what they have, with what answers them or how many are expected", "[testing][script]") {
  CHECK(parse_requests("/f").value().text() == any("/f").text());
  CHECK(parse_requests("PURGE * with Range:bytes=5-* with 'X-A: two words' without If-Range with-body '*a b*'").value().text() ==
        matcher("PURGE", "*").with("Range", "bytes=5-*").with("X-A", "two words").without("If-Range").with_body("*a b*").text());
  CHECK(parse_requests("GET http://example.org/x").value().text() == get("http://example.org/x").text());
  const auto rule = parse_rule("GET /f with Range cut 5 x1 then serve").value();
  CHECK(rule.when.text() == get("/f").with("Range").text());
  CHECK(rule.then.name() == "cut after 5 x1, then serve");
  const auto twice = parse_wish("GET /f x2").value(), more = parse_wish("GET /f with Range x0+").value(), once = parse_wish("/f").value();
  CHECK(twice.of.text() == "GET /f");
  CHECK((twice.count == 2 && !twice.or_more));
  CHECK((more.count == 0 && more.or_more));
  CHECK((once.count == 1 && !once.or_more));

  const auto why = [](const auto& got) { return got ? std::string("nothing") : got.error().message(); };
  CHECK_THAT(why(parse_rule("get /f cut 5")), EndsWith("method \"get\": capitals count, GET is meant"));
  CHECK_THAT(why(parse_rule("GET")), EndsWith("\"GET\": a path is missing behind it"));
  CHECK_THAT(why(parse_rule("/f")), EndsWith("a behaviour is missing at the end"));
  CHECK_THAT(why(parse_rule("f cut 5")), EndsWith("path \"cut\" does not begin with / or *"));
  CHECK_THAT(why(parse_rule("/f with Range: cut 5")), EndsWith("nothing"));
  CHECK_THAT(why(parse_rule("/f with 'A b:c' cut 5")), EndsWith("\"A b\" is no name of a field, such as Range"));
  CHECK_THAT(why(parse_rule("/f with")), EndsWith("\"with\": something is missing behind it"));
  CHECK_THAT(why(parse_rule("/f redirect 'x")), EndsWith("\"'x\": the quote is not closed"));
  CHECK_THAT(why(parse_wish("")), EndsWith("a path is missing"));
  CHECK_THAT(why(parse_wish("/f 2")), EndsWith("\"2\": xN or xN+ ends what is expected"));
  CHECK_THAT(why(parse_wish("/f x2 x3")), EndsWith("\"x3\": xN or xN+ ends what is expected"));
  CHECK_THAT(why(parse_requests("/f x2")), EndsWith("\"x2\": nothing of what requests have"));
}
