#include "server/support.hpp"

#include "allocations.hpp"

#include <tinyhttp/app/router.hpp>
#include <tinyhttp/app/time_limit.hpp>
#include <tinyhttp/app/trusted_proxies.hpp>
#include <tinyhttp/http/body.hpp>

#include <atomic>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

using namespace server_test;

namespace {

std::string post(std::string_view target, std::string_view body, std::string_view more = "") {
  return std::string("POST ").append(target).append(" HTTP/1.1\r\nHost: a\r\nContent-Length: ")
      .append(std::to_string(body.size())).append("\r\n").append(more).append("\r\n").append(body);
}

response echo_target(const request& r) { return text(std::string(r.target.text())); }
response echo_body(const request& r) { return text(std::string(r.body.text())); }

task<response> pulls_all(request& r) {
  std::string all;
  for (;;) {
    const auto piece = co_await r.body.next();
    if (!piece) co_return problem(status(piece.error().status_hint() != 0 ? piece.error().status_hint() : 400));
    if (piece->empty()) break;
    all.append(*piece);
  }
  co_return text(std::move(all));
}

}  // namespace

TEST_CASE("pipelined requests in one segment are answered in order", "[server][rfc9112-9.3.2]") {
  served_in_memory s(echo_target);
  std::string octets;
  for (int i = 0; i < 100; ++i) octets += get("/" + std::to_string(i));
  std::string back = s.exchange(octets);
  for (int i = 0; i < 100; ++i) {
    const answer a = take_answer(back);
    REQUIRE(a.status == 200);
    REQUIRE(a.body == "/" + std::to_string(i));
  }
  CHECK(back.empty());
  CHECK_FALSE(s.done());
}

TEST_CASE("a request may come octet by octet", "[server]") {
  served_in_memory s(echo_body, {}, {.fragment = 1});
  std::string back = s.exchange(post("/", "hello") + get("/2"));
  CHECK(take_answer(back).body == "hello");
  CHECK(take_answer(back).status == 200);
  CHECK(back.empty());
}

TEST_CASE("HTTP/1.0 closes behind the answer unless asked to stay", "[server][rfc9112-9.3]") {
  served_in_memory s(echo_target);
  std::string back = s.exchange("GET /a HTTP/1.0\r\n\r\n");
  const answer a = take_answer(back);
  CHECK(a.body == "/a");
  CHECK(a.has("Connection: close"));
  s.until_served();

  served_in_memory kept(echo_target);
  back = kept.exchange("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  CHECK(take_answer(back).has("Connection: keep-alive"));
  CHECK_FALSE(kept.done());
}

TEST_CASE("HEAD is answered with the head that GET would have, and nothing else", "[server][rfc9110-9.3.2]") {
  served_in_memory s(echo_target);
  std::string back = s.exchange("HEAD /four HTTP/1.1\r\nHost: a\r\n\r\n" + get("/next"));
  const answer a = take_answer(back, true);
  CHECK(a.has("Content-Length: 5"));
  CHECK(take_answer(back).body == "/next");
}

TEST_CASE("a HEAD that is refused before its head is read has no content in its answer, either", "[server][rfc9110-9.3.2]") {
  for (const char* head : {"HEAD /a b HTTP/1.1\r\nHost: a\r\n\r\n", "HEAD / HTTP/1.1\r\nHost : a\r\n\r\n", "HEAD / HTTP/1.1\r\n\r\n",
                           "HEAD / HTTP/1.1\r\nHost: a\nb\r\n\r\n"}) {
    CAPTURE(head);
    served_in_memory s(echo_target);
    std::string back = s.exchange(head);
    const answer a = take_answer(back, true);
    CHECK(a.status == 400);
    CHECK(a.has("Content-Length: 16"));
    CHECK(back.empty());
  }
  served_in_memory s(echo_target);  // and the next one that is refused has
  std::string back = s.exchange("HEAD / HTTP/1.1\r\nHost: a\r\n\r\nGET /a b HTTP/1.1\r\n\r\n");
  CHECK(take_answer(back, true).status == 200);
  CHECK(take_answer(back).body.size() == 16);
}

TEST_CASE("a body is read before a handler that cannot wait", "[server]") {
  served_in_memory s(echo_body);
  std::string back = s.exchange(post("/", "some octets"));
  CHECK(take_answer(back).body == "some octets");
  back = s.exchange("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                    "5\r\nhello\r\n3;x=y\r\n wo\r\n0\r\nX-Trailer: 1\r\n\r\n");
  CHECK(take_answer(back).body == "hello wo");
  CHECK_FALSE(s.done());
}

TEST_CASE("a body beyond the limit is refused before the handler runs", "[server]") {
  int calls = 0;
  served_in_memory s([&](const request&) { ++calls; return text("no"); }, {.body_limit = 10});
  SECTION("by its length") {
    std::string back = s.exchange(post("/", std::string(11, 'x')));
    CHECK(take_answer(back).status == 413);
    CHECK_FALSE(s.done());  // the rest was small enough to be read and dropped
    back = s.exchange(get("/"));
    CHECK(take_answer(back).status == 200);
    CHECK(calls == 1);
  }
  SECTION("chunked, as soon as it is known") {
    std::string back = s.exchange("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                                  "b\r\nhello world\r\n0\r\n\r\n");
    CHECK(take_answer(back).status == 413);
    CHECK(calls == 0);
  }
  SECTION("without inviting the upload") {
    std::string back = s.exchange("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n"
                                  "Expect: 100-continue\r\n\r\n");
    const answer a = take_answer(back);
    CHECK(a.status == 413);
    CHECK(a.has("Connection: close"));
    CHECK(back.empty());
    CHECK(calls == 0);
  }
}

TEST_CASE("100 Continue goes out at the first pull", "[server][rfc9110-10.1.1]") {
  const std::string head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n";
  SECTION("of a handler whose body is read first") {
    served_in_memory s(echo_body);
    CHECK(s.exchange(head) == "HTTP/1.1 100 Continue\r\n\r\n");
    std::string back = s.exchange("hello");
    CHECK(take_answer(back).body == "hello");
    CHECK_FALSE(s.done());
  }
  SECTION("of a coroutine") {
    served_in_memory s(pulls_all);
    CHECK(s.exchange(head) == "HTTP/1.1 100 Continue\r\n\r\n");
    std::string back = s.exchange("hello");
    CHECK(take_answer(back).body == "hello");
  }
  SECTION("never, when the handler answers without reading") {
    served_in_memory s([](request&) -> task<response> { co_return problem(status::unauthorized); });
    std::string back = s.exchange(head);
    const answer a = take_answer(back);
    CHECK(a.status == 401);
    CHECK(a.has("Connection: close"));
    CHECK(back.empty());
  }
  SECTION("not when the octets came without waiting") {
    served_in_memory s(echo_body);
    std::string back = s.exchange(head + "hello");
    const answer a = take_answer(back);
    CHECK(a.status == 200);
    CHECK(a.body == "hello");
  }
  SECTION("not to HTTP/1.0") {
    served_in_memory s(echo_body);
    CHECK(s.exchange("POST / HTTP/1.0\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n").empty());
    std::string back = s.exchange("hello");
    CHECK(take_answer(back).body == "hello");
  }
}

TEST_CASE("other expectations are refused with 417", "[server][rfc9110-10.1.1]") {
  const std::string head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n";
  for (const std::string fields : {"Expect: miracles\r\n", "Expect: 100-continue, miracles\r\n",
                                   "Expect: 100-continue\r\nExpect: miracles\r\n", "Expect: 100-continue=1\r\n"}) {
    CAPTURE(fields);
    served_in_memory s(echo_body);
    std::string back = s.exchange(head + fields + "\r\n");
    CHECK(take_answer(back).status == 417);
  }
}

TEST_CASE("an Expect field is a list, whose every element counts", "[server][rfc9110-10.1.1]") {
  const std::string head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n";
  SECTION("the same twice is asked for once") {
    for (const std::string fields : {"Expect: 100-continue, 100-Continue\r\n", "Expect: 100-continue,\r\n",
                                     "Expect: 100-continue\r\nExpect: 100-continue\r\n"}) {
      CAPTURE(fields);
      served_in_memory s(echo_body);
      CHECK(s.exchange(head + fields + "\r\n") == "HTTP/1.1 100 Continue\r\n\r\n");
      std::string back = s.exchange("hello");
      CHECK(take_answer(back).body == "hello");
    }
  }
  SECTION("an empty one expects nothing") {
    served_in_memory s(echo_body);
    CHECK(s.exchange(head + "Expect:\r\n\r\n").empty());
    std::string back = s.exchange("hello");
    CHECK(take_answer(back).body == "hello");
  }
}

TEST_CASE("a body that nobody read is drained within bounds", "[server][rfc9112-9.3]") {
  const auto ignores = [](request&) -> task<response> { co_return text("seen enough"); };
  SECTION("and then the connection goes on") {
    served_in_memory s(ignores);
    std::string back = s.exchange(post("/", std::string(1000, 'x')) + get("/"));
    CHECK(take_answer(back).body == "seen enough");
    CHECK(take_answer(back).body == "seen enough");
    CHECK_FALSE(s.done());
  }
  SECTION("or else the connection ends, and says so beforehand") {
    served_in_memory s(ignores, {.drain_octets = 100});
    std::string back = s.exchange("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nxx");
    const answer a = take_answer(back);
    CHECK(a.body == "seen enough");
    CHECK(a.has("Connection: close"));
    back = s.exchange(std::string(998, 'x') + get("/"));
    CHECK(back.empty());
    s.until_served();
    CHECK_FALSE(s.pair.second.peer_gone());  // no reset that might eat the answer
  }
  SECTION("chunked, too much of it") {
    served_in_memory s(ignores, {.drain_octets = 100});
    std::string big = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (int i = 0; i < 50; ++i) big += "a\r\n0123456789\r\n";
    std::string back = s.exchange(big);
    CHECK(take_answer(back).body == "seen enough");
    back = s.exchange("0\r\n\r\n" + get("/"));
    CHECK(back.empty());
    s.until_served();
  }
  SECTION("broken, behind its answer: that was the last") {
    served_in_memory s(ignores);
    std::string back = s.exchange("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nX\r\n\r\n" + get("/behind"));
    CHECK(take_answer(back).body == "seen enough");
    CHECK(back.empty());
    CHECK(s.until_served().empty());
  }
}

TEST_CASE("the answer to a request is not read as another one when its body follows", "[server]") {
  served_in_memory s([](request&) -> task<response> { co_return text("ok"); }, {.drain_octets = 4});
  const std::string smuggled = get("/smuggled");
  std::string back = s.exchange(post("/", smuggled));
  CHECK(take_answer(back).status == 200);
  CHECK(back.empty());
}

TEST_CASE("octets that are no request get one answer and nothing behind them is read", "[server]") {
  served_in_memory s(echo_target);
  std::string back = s.exchange("GET / HTTP/1.1\r\n\r\n" + get("/behind"));
  const answer a = take_answer(back);
  CHECK(a.status == 400);
  CHECK(a.has("Connection: close"));
  CHECK(back.empty());
  CHECK(s.until_served().empty());
  CHECK_FALSE(s.pair.second.peer_gone());
}

TEST_CASE("answers in front of a broken request are not lost", "[server]") {
  served_in_memory s(echo_target);
  std::string back = s.exchange(get("/1") + get("/2") + "NONSENSE\r\n\r\n");
  CHECK(take_answer(back).body == "/1");
  CHECK(take_answer(back).body == "/2");
  CHECK(take_answer(back).status == 400);
  CHECK(back.empty());
}

TEST_CASE("a half-closed connection still gets all its answers", "[server][rfc9112-9.6]") {
  served_in_memory s(echo_target);
  REQUIRE(s.pair.second.shutdown_send());
  SECTION("nothing was asked") {
    s.start();
    s.settle();
    CHECK(s.done());
  }
  SECTION("in the middle of a head") {
    served_in_memory t(echo_target);
    t.send(get("/1") + "GET / HT");
    REQUIRE(t.pair.second.shutdown_send());
    std::string back = t.until_served();
    CHECK(take_answer(back).body == "/1");
    CHECK(take_answer(back).status == 400);
  }
  SECTION("behind two requests") {
    served_in_memory t(echo_target);
    t.send(get("/1") + get("/2"));
    REQUIRE(t.pair.second.shutdown_send());
    std::string back = t.until_served();
    CHECK(take_answer(back).body == "/1");
    CHECK(take_answer(back).body == "/2");
    CHECK(back.empty());
  }
}

TEST_CASE("an exception in a handler is a constant 500 and a line in the log", "[server]") {
  std::vector<std::string> lines;
  server_options with;
  with.log = [&lines](std::string_view line) { lines.emplace_back(line); };
  const auto check = [&](served_in_memory& s) {
    std::string back = s.exchange(get("/1"));
    const answer a = take_answer(back);
    CHECK(a.status == 500);
    CHECK(a.body.find("secret") == std::string::npos);
    back = s.exchange(get("/2"));
    CHECK(take_answer(back).status == 500);
    REQUIRE(lines.size() == 2);
    CHECK(lines[0].find("secret") != std::string::npos);
  };
  SECTION("at once") {
    served_in_memory s([](const request&) -> response { throw std::runtime_error("secret\r\nforged\x7f line"); },
                       std::move(with));
    check(s);
    CHECK(lines[0] == "GET /1: handler threw: secret??forged? line");
  }
  SECTION("in a coroutine") {
    served_in_memory s([](request& r) -> task<response> {
      co_await r.context->clock().wait_until(r.context->clock().now());
      throw std::runtime_error("secret");
    }, std::move(with));
    check(s);
  }
}

TEST_CASE("who holds the loop for long is named in the log, once", "[server]") {
  std::string lines;
  served_in_memory* served = nullptr;
  served_in_memory s([&served](const request& r) {
    if (r.path() == "/slow") served->time.advance(250ms);
    return text("");
  }, {.log = [&lines](std::string_view line) { lines.append(line).append("\n"); }});
  served = &s;
  s.exchange(get("/quick") + get("/quick") + get("/quick"));
  CHECK(lines.empty());
  const std::string rest = " held the loop for 250 ms: wrap it in blocking()\n";
  SECTION("alone") {
    s.exchange(get("/slow"));
    s.exchange(get("/slow"));
    CHECK(lines == "handler of /slow" + rest);
  }
  SECTION("the first of several") {
    s.exchange(get("/slow") + get("/quick"));
    CHECK(lines == "handler of requests that came together" + rest);
  }
  SECTION("in front of a part of another") {
    s.exchange(get("/slow") + "GET /qu");
    CHECK(lines == "handler of requests that came together" + rest);
  }
}

TEST_CASE("an exception that is none of the standard's is a 500, too", "[server]") {
  served_in_memory s([](const request&) -> response { throw 42; });
  std::string back = s.exchange(get("/1"));
  CHECK(take_answer(back).status == 500);
}

TEST_CASE("on_sent tells once how a response went", "[server]") {
  std::vector<sent_report> reports;
  const auto told = [&reports](const request& r) {
    response made = text(std::string(r.target.text() == "/large" ? 100'000 : r.target.text() == "/huge" ? 1'000'000 : 5, 'x'));
    made.on_sent([&reports](const sent_report& report) { reports.push_back(report); });
    return made;
  };
  SECTION("complete") {
    served_in_memory s(told);
    s.exchange(get("/") + get("/large"));
    REQUIRE(reports.size() == 2);
    CHECK(reports[0].complete);
    CHECK(reports[0].body_octets == 5);
    CHECK(reports[1].complete);
    CHECK(reports[1].body_octets == 100'000);
    CHECK(reports[1].status == status::ok);
  }
  SECTION("once, though the rest of the request comes behind the answer") {
    served_in_memory s([&reports](request&) -> task<response> {
      response made = text("unread");
      made.on_sent([&reports](const sent_report& report) { reports.push_back(report); });
      co_return made;
    });
    const std::string whole = post("/", "0123456789");
    s.send(whole.substr(0, whole.size() - 5));
    CHECK(reports.size() == 1);
    s.send(whole.substr(whole.size() - 5) + get("/"));
    CHECK(reports.size() == 2);
  }
  SECTION("cut off because the peer has gone, with the octets that went") {
    served_in_memory s(told, {}, {}, {.capacity = 1000});
    s.send(get(GENERATE("/large", "/huge")));
    CHECK(reports.empty());
    const std::string went(s.pair.second.unread());
    s.pair.second.abort();
    s.until_served();
    s.destroy();
    REQUIRE(reports.size() == 1);
    CHECK_FALSE(reports[0].complete);
    CHECK(reports[0].body_octets == went.size() - went.find("\r\n\r\n") - 4);
  }
  SECTION("cut off in its head") {
    served_in_memory s(told, {}, {}, {.capacity = 10});
    s.send(get("/"));
    s.destroy();
    REQUIRE(reports.size() == 1);
    CHECK_FALSE(reports[0].complete);
    CHECK(reports[0].body_octets == 0);
  }
  SECTION("cut off because the server ends") {
    {
      served_in_memory s(told, {}, {}, {.capacity = 1000});
      s.send(get("/large"));
      CHECK(reports.empty());
      s.destroy();
    }
    REQUIRE(reports.size() == 1);
    CHECK_FALSE(reports[0].complete);
  }
}

TEST_CASE("on_sent of a response that is sent again tells each time", "[server]") {
  int told = 0;
  const response shared = text("hello").on_sent([&told](const sent_report& report) { told += report.complete; });
  served_in_memory s([&](const request&) { return shared; });
  s.exchange(get("/1") + get("/2"));
  s.exchange(get("/3"));
  CHECK(told == 3);
}

TEST_CASE("what is answered does not wait for a handler behind it", "[server][rfc9112-9.3.2]") {
  served_in_memory s([](request& r) -> reply {
    if (r.path() == "/fast") return text("fast");
    return [](request& asked) -> task<response> {
      const time_point later = asked.context->clock().now() + 1s;
      co_await asked.context->clock().wait_until(later);
      const auto told = co_await asked.context->inform(status::early_hints, {});
      co_return text(told ? "slow" : "untold");
    }(r);
  });
  std::string back = s.exchange(get("/fast") + get("/slow") + get("/fast"));
  CHECK(take_answer(back).body == "fast");
  CHECK(back.empty());
  for (int i = 0; i < 200; ++i) s.loop.run_once(10ms);
  back = s.received();
  CHECK(take_answer(back).status == 103);
  CHECK(take_answer(back).body == "slow");
  CHECK(take_answer(back).body == "fast");
}

TEST_CASE("nothing follows an answer that was cut off", "[server][security]") {
  const std::string big(15'000, 'b');
  const auto answers = [&big](request& r) -> reply {
    if (r.path() == "/big") return text(big);
    return [](request& asked) -> task<response> {
      auto reading = asked.body.read_all();
      const auto all = co_await reading;
      co_return text(all ? "read" : "THE LATER ANSWER");
    }(r);
  };
  const std::string asked = get("/big") + get("/big") + "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n";
  SECTION("because the peer took too long") {
    served_in_memory s(answers, {.patience = {.grace = 1s, .octets_per_second = 1'000'000}}, {}, {.capacity = 20'000});
    s.send(asked);
    for (const auto until = s.time.now() + 1s; s.time.now() <= until;) s.loop.run_once(10ms);  // then it reads
    const std::string back = s.until_served();
    CHECK(back.find("LATER") == std::string::npos);
    CHECK(back.size() == 20'000);
  }
  SECTION("because the handler was given up meanwhile") {
    served_in_memory s(with_time_limit(answers, 500ms), {}, {}, {.capacity = 20'000});
    s.send(asked);
    for (const auto until = s.time.now() + 500ms; s.time.now() <= until;) s.loop.run_once(10ms);
    const std::string back = s.until_served();
    CHECK(back.find("503") == std::string::npos);
    CHECK(back.size() == 20'000);
  }
}

TEST_CASE("a body that throws is cut off, told apart from an end, and logged", "[server][security]") {
  struct broken final : content_source {
    result<std::size_t> read_at(std::uint64_t, std::span<char>) const override { throw std::runtime_error("no tape"); }
  };
  const bool is_stream = GENERATE(true, false);
  std::string logged;
  served_in_memory s([&](const request& r) {
    if (r.path() == "/first") return text("first");
    if (!is_stream) return response(status::ok, {}, content_slice{std::make_shared<broken>(), 0, 100});
    return text(stream_body([pulls = 0]() mutable -> std::string {
      if (pulls++ == 0) return "one ";
      throw std::runtime_error("no tape");
    }));
  }, {.log = [&](std::string_view line) { logged += line; }});
  SECTION("behind another answer") {
    s.send(get("/first") + get("/"));
    std::string back = s.until_served();
    CHECK(take_answer(back).body == "first");
    CHECK_FALSE(take_answer(back).complete);
  }
  SECTION("to a peer that knows ends only") {
    s.send("GET / HTTP/1.0\r\n\r\n");
    s.until_served();
    if (is_stream) CHECK_FALSE(s.pair.first.is_open());  // reset
  }
  CHECK(logged == "GET /: body threw: no tape");
}

TEST_CASE("an on_sent that throws harms neither server nor peer", "[server]") {
  const auto throws = [](const request& r) {
    response made = text(std::string(r.target.text() == "/large" ? 100'000 : r.target.text() == "/huge" ? 1'000'000 : 5, 'x'));
    made.on_sent([](const sent_report&) { throw std::runtime_error("no"); });
    return made;
  };
  SECTION("behind a response") {
    std::string logged;
    served_in_memory s(throws, {.log = [&logged](std::string_view line) { logged += line; }});
    std::string back = s.exchange(get("/"));
    CHECK(take_answer(back).status == 200);
    CHECK(logged == "GET /: on_sent threw: no");
  }
  SECTION("of a response that was cut off") {
    served_in_memory s(throws, {}, {}, {.capacity = 1000});
    s.send(get("/large"));
    s.destroy();
    CHECK_FALSE(s.serving);
  }
}

TEST_CASE("after 101 the connection belongs to who took it over", "[server][rfc9110-7.8]") {
  served_in_memory s([](const request&) {
    response made(status::switching_protocols);
    made.with("Upgrade", "echo");
    made.takeover([](raw_stream& raw) -> task<void> {
      char room[100];
      for (;;) {
        const auto count = co_await raw.read(room);
        if (!count || *count == 0) co_return;
        const std::string_view octets(room, *count);
        const auto sent = co_await raw.write(octets);
        if (!sent) co_return;
      }
    });
    return made;
  });
  std::string back = s.exchange(get("/", "Connection: upgrade\r\nUpgrade: echo\r\n") + "behind");
  const answer a = take_answer(back);
  CHECK(a.status == 101);
  CHECK(a.has("Upgrade: echo"));
  CHECK(back == "behind");
  CHECK(s.exchange(" and on") == " and on");
  REQUIRE(s.pair.second.shutdown_send());
  CHECK(s.until_served().empty());
}

TEST_CASE("another protocol begins behind the whole request, its unread body too", "[server][security][rfc9110-7.8]") {
  served_in_memory s([](request& r) -> task<response> {
    response made(r.method == method::connect ? status::ok : status::switching_protocols, {{"Upgrade", "any"}});
    made.takeover([](raw_stream& raw) -> task<void> {
      char room[100];
      const auto count = co_await raw.read(room);
      const std::string said = "<" + std::string(room, count ? *count : 0) + ">";
      const auto sent = co_await raw.write(said);
      (void)sent;
    });
    co_return made;
  }, {.drain_octets = 100});
  const std::string asks = GENERATE("GET / HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: any\r\n", "CONNECT a:1 HTTP/1.1\r\n");
  const auto head = [&](const std::string& lines) { return asks + "Host: a\r\n" + lines + "\r\n"; };
  const int code = asks.starts_with("GET") ? 101 : 200;

  SECTION("with a length") {
    std::string back = s.exchange(head("Content-Length: 5\r\n") + "hello" + "raw");
    CHECK(take_answer(back, true).status == code);
    CHECK(back == "<raw>");
  }
  SECTION("in chunks, the last of which come later") {
    std::string back = s.exchange(head("Transfer-Encoding: chunked\r\n") + "5\r\nhello\r\n");
    CHECK(take_answer(back, true).status == code);
    CHECK(back.empty());
    CHECK(s.exchange("0\r\n\r\nraw") == "<raw>");
  }
  SECTION("more than is drained: nothing begins") {
    std::string back = s.exchange(head("Content-Length: 500\r\n") + std::string(500, 'x') + "raw");
    CHECK(take_answer(back, true).status == code);
    CHECK(back.empty());
    CHECK(s.done());
  }
  SECTION("who waits for leave to send it gets that first") {
    std::string back = s.exchange(head("Content-Length: 5\r\nExpect: 100-continue\r\n"));
    if (code == 101) CHECK(take_answer(back).status == 100);
    CHECK(take_answer(back, true).status == code);
    CHECK(s.exchange("helloraw") == "<raw>");
  }
}

TEST_CASE("who has not asked for another protocol gets a 500 and goes on in this one", "[server][security][rfc9110-7.8]") {
  std::string logged;
  int told = 0;
  bool taken = false;
  const int code = GENERATE(100, 101);
  served_in_memory s([&](const request& r) {
    if (r.path() == "/next") return text("next");
    response made(code, {{"Upgrade", "echo"}});
    made.on_sent([&](const sent_report& sent) { told = sent.status.code(); });
    made.takeover([&](raw_stream&) -> task<void> { taken = true; co_return; });
    return made;
  }, {.log = [&](std::string_view line) { logged += line; }});
  const std::string asked = GENERATE(get("/"), get("/", "Upgrade: echo\r\n"), get("/", "Connection: upgrade\r\n"),
                                     std::string("GET / HTTP/1.0\r\nConnection: upgrade, keep-alive\r\nUpgrade: echo\r\n\r\n"));
  std::string back = s.exchange(asked + get("/next"));
  const answer a = take_answer(back);
  CHECK(a.status == 500);
  CHECK_FALSE(a.has("Upgrade: echo"));
  CHECK(take_answer(back).body == "next");
  CHECK(told == 500);
  CHECK_FALSE(taken);
  CHECK(logged == (code == 101 ? "GET /: handler answered 101 without an Upgrade asked for"
                               : "GET /: handler answered 100, which is no last answer"));
}

TEST_CASE("an interim status is no last answer, even where another protocol was asked for", "[server][rfc9110-15.2]") {
  const int code = GENERATE(100, 103);
  served_in_memory s([code](const request&) {
    response made(code, {{"Upgrade", "echo"}});
    made.body = "hints";
    return made;
  });
  std::string back = s.exchange(get("/", "Connection: upgrade\r\nUpgrade: echo\r\n"));
  const answer a = take_answer(back);
  CHECK(a.status == 500);
  CHECK(a.body.empty());
  CHECK_FALSE(a.has("Upgrade: echo"));
}

TEST_CASE("a takeover that throws ends the connection and is logged", "[server]") {
  std::vector<std::string> lines;
  server_options with;
  with.log = [&lines](std::string_view line) { lines.emplace_back(line); };
  served_in_memory s([](const request&) {
    response made(status::switching_protocols);
    made.takeover([](raw_stream&) -> task<void> { throw std::runtime_error("no more"); co_return; });
    return made;
  }, std::move(with));
  std::string back = s.exchange(get("/", "Connection: upgrade\r\nUpgrade: echo\r\n"));
  CHECK(take_answer(back).status == 101);
  CHECK(s.done());
  REQUIRE(lines.size() == 1);
}

TEST_CASE("informational responses go out at once", "[server][rfc9110-15.2]") {
  const auto hints = [](request& r) -> task<response> {
    const fields hint{{"Link", "</a.css>; rel=preload"}};
    const auto sent = co_await r.inform(status::early_hints, hint);
    co_return text(sent ? "ok" : "not sent");
  };
  served_in_memory s(hints);
  std::string back = s.exchange(get("/"));
  const answer first = take_answer(back);
  CHECK(first.status == 103);
  CHECK(first.has("Link: </a.css>; rel=preload"));
  CHECK(take_answer(back).body == "ok");

  back = s.exchange("GET / HTTP/1.0\r\n\r\n");
  CHECK(take_answer(back).status == 200);
}

TEST_CASE("the last of a connection's requests says so", "[server]") {
  served_in_memory s(echo_target, {.requests_per_connection = 3});
  std::string back = s.exchange(get("/1") + get("/2") + get("/3") + get("/4"));
  CHECK_FALSE(take_answer(back).has("Connection: close"));
  CHECK_FALSE(take_answer(back).has("Connection: close"));
  CHECK(take_answer(back).has("Connection: close"));
  CHECK(back.empty());
  s.until_served();
}

TEST_CASE("a server that ends answers the requests that have come, and says which answer is the last", "[server]") {
  served_in_memory s([](const request&) { return text("served"); });
  s.services.ending.store(true);
  std::string back = s.exchange(get("/1") + post("/2", "hello") + get("/3"));
  for (int i = 0; i < 2; ++i) {
    const answer a = take_answer(back);
    CHECK(a.status == 200);
    CHECK_FALSE(a.has("Connection: close"));
  }
  const answer last = take_answer(back);
  CHECK(last.status == 200);
  CHECK(last.has("Connection: close"));
  CHECK(s.exchange(get("/4")).empty());
  s.until_served();
}

TEST_CASE("closing first leaves the peer time to read and to stop sending", "[server][rfc9112-9.6]") {
  served_in_memory s([](const request&) { return text("bye").with("Connection", "close"); });
  std::string back = s.exchange(get("/"));
  CHECK(take_answer(back).has("Connection: close"));
  CHECK_FALSE(s.done());  // more requests may be on their way: closing now would reset
  CHECK(s.pair.second.peer_closed());
  s.send(get("/late"));
  CHECK(s.received().empty());
  s.until_served();
  CHECK(s.took == s.options.patience.linger);
}

TEST_CASE("what a refused peer goes on to send is taken, however much, until the time is up", "[server][rfc9112-9.6]") {
  served_in_memory s(echo_target);
  std::string back = s.exchange("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100000000\r\n\r\n");
  CHECK(take_answer(back).status == 413);
  const std::string piece(1'000'000, 'x');
  for (int i = 0; i < 20; ++i) {
    s.send(piece);
    CHECK(s.received().empty());
    CHECK_FALSE(s.done());  // who writes first and reads then would get a reset, and no answer
  }
  s.until_served();
  CHECK(s.took == s.options.patience.linger);
}

TEST_CASE("an answer says when it was made", "[server][rfc9110-6.6.1]") {
  served_in_memory s(echo_target);
  std::string back = s.exchange(get("/"));
  CHECK(take_answer(back).has("Date: Sun, 06 Nov 1994 08:49:37 GMT"));
  ++s.time.unix_time;
  back = s.exchange(get("/"));
  CHECK(take_answer(back).has("Date: Sun, 06 Nov 1994 08:49:38 GMT"));
}

TEST_CASE("a request knows nothing of the path of the one before", "[server][security]") {
  router app;
  app.get("/of/{user}", [](const request& r) { return text(std::string(r.path_params["user"])); })
      .otherwise([](const request& r) { return text("[" + std::string(r.path_params["user"]) + "]"); });
  served_in_memory s(std::move(app));
  std::string back = s.exchange(get("/of/ada") + get("/none") + "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n" + get("/of/bob"));
  CHECK(take_answer(back).body == "ada");
  CHECK(take_answer(back).body == "[]");
  CHECK(take_answer(back).body.find("ada") == std::string::npos);
  CHECK(take_answer(back).body == "bob");
}

TEST_CASE("what came at once earns a peer no more than another grace", "[server][security]") {
  server_options with;
  with.patience.grace = 1s;
  with.patience.octets_per_second = 10;
  served_in_memory s(pulls_all, std::move(with));
  s.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n");
  s.send(std::string(900, 'x'));  // at that rate the time of 90 seconds
  int waited = 0;
  for (; waited < 100 && !s.pair.second.peer_closed(); ++waited) {
    s.time.advance(100ms);
    s.send("");
  }
  CHECK(waited >= 10);
  CHECK(waited <= 25);
}

TEST_CASE("a peer that said it would close is not waited for", "[server]") {
  served_in_memory s(echo_target);
  std::string back = s.exchange(get("/", "Connection: close\r\n"));
  CHECK(take_answer(back).has("Connection: close"));
  CHECK(s.done());
}

TEST_CASE("deadlines end what a peer does not", "[server]") {
  server_options with;
  with.patience = {.head = 100ms, .idle = 300ms, .grace = 200ms, .octets_per_second = 100,
                   .linger = 50ms, .drain = 1s};
  SECTION("idle: closed without a word") {
    served_in_memory s(echo_target, std::move(with));
    s.exchange(get("/"));
    CHECK(s.until_served().empty());
    CHECK(s.took == 300ms);
  }
  SECTION("a connection on which nothing comes") {
    served_in_memory s(echo_target, std::move(with));
    s.start();
    CHECK(s.until_served().empty());
    CHECK(s.took == 300ms);
  }
  SECTION("a head that stops: 408") {
    served_in_memory s(echo_target, std::move(with));
    s.send("GET / HT");
    std::string back = s.until_served();
    CHECK(take_answer(back).status == 408);
    CHECK(s.took == 150ms);
  }
  SECTION("a head that stops behind a whole request: 408 as soon") {
    served_in_memory s(echo_target, std::move(with));
    s.send(get("/1") + "GET / HT");
    std::string back = s.until_served();
    CHECK(take_answer(back).status == 200);
    CHECK(take_answer(back).status == 408);
    CHECK(s.took == 150ms);
  }
  SECTION("a body that stops") {
    served_in_memory s(echo_body, std::move(with));
    s.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc");
    std::string back = s.until_served();
    const answer a = take_answer(back);
    CHECK(a.status == 408);
    CHECK(a.has("Connection: close"));
    CHECK(s.took <= 500ms);
  }
  SECTION("a peer that takes nothing") {
    served_in_memory s([](const request&) { return text(std::string(100'000, 'x')); }, std::move(with), {},
                       {.capacity = 1000});
    s.send(get("/"));
    for (int i = 0; i < 1000 && !s.done(); ++i) s.loop.run_once(10ms);
    CHECK(s.done());
    CHECK(s.time.now() - time_point(std::chrono::hours(1)) <= 500ms);
  }
}

TEST_CASE("a head that drips has its deadline all the same", "[server]") {
  server_options with;
  with.patience.head = 100ms;
  served_in_memory s(echo_target, std::move(with));
  int sent = 0;
  s.send("G");
  for (; sent < 100 && !s.pair.second.peer_closed(); ++sent) {
    s.time.advance(10ms);
    s.send(sent == 0 ? "ET / HTTP/1.1\r\nA: " : "x");
  }
  CHECK(sent >= 9);
  CHECK(sent <= 11);
  std::string back = s.received();
  CHECK(take_answer(back).status == 408);
}

TEST_CASE("a body that drips slower than the least rate is given up", "[server]") {
  const bool waits = GENERATE(false, true);
  server_options with;
  with.patience.grace = 1s;
  with.patience.octets_per_second = 100;
  any_handler app = waits ? any_handler(pulls_all) : any_handler(echo_body);
  served_in_memory s(std::move(app), std::move(with));
  s.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n");
  int sent = 0;
  for (; sent < 100 && !s.pair.second.peer_closed(); ++sent) {
    s.time.advance(100ms);
    s.send("x");
  }
  CHECK(sent >= 9);
  CHECK(sent <= 15);
  std::string back = s.received();
  CHECK(take_answer(back).status == 408);
}

TEST_CASE("patience may be without end", "[server]") {
  server_options with;
  const auto endless = std::chrono::milliseconds::max();
  with.patience = {.head = endless, .idle = endless, .grace = endless, .linger = endless};
  with.patience.octets_per_second = GENERATE(std::uint64_t{0}, std::uint64_t{1}, ~std::uint64_t{0});
  served_in_memory s(pulls_all, std::move(with));
  s.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n");
  s.time.advance(std::chrono::hours(24 * 100));
  s.send("x");
  s.time.advance(std::chrono::hours(24 * 100));
  std::string back = s.exchange("y");
  CHECK(take_answer(back).status == 200);
}

TEST_CASE("a body that nobody reads may not drip for ever either", "[server]") {
  server_options with;
  with.patience.grace = 1s;
  with.patience.octets_per_second = 100;
  served_in_memory s([](request&) -> task<response> { co_return text("ok"); }, std::move(with));
  s.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n");
  int sent = 0;
  for (; sent < 100 && !s.pair.second.peer_closed(); ++sent) {
    s.time.advance(100ms);
    s.send("x");
  }
  CHECK(sent <= 15);
}

TEST_CASE("a body that is slow but fast enough is read to its end", "[server]") {
  server_options with;
  with.patience.grace = 1s;
  with.patience.octets_per_second = 100;
  served_in_memory s(pulls_all, std::move(with));
  s.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n");
  for (int i = 0; i < 50; ++i) {
    s.time.advance(100ms);
    s.send(std::string(20, 'x'));
  }
  std::string back = s.received();
  CHECK(take_answer(back).body.size() == 1000);
}

TEST_CASE("a handler that takes its time between two pulls does not cost the peer its deadline", "[server]") {
  server_options with;
  with.patience.grace = 1s;
  with.patience.octets_per_second = 100;
  served_in_memory s([](request& r) -> task<response> {
    const auto first = co_await r.body.next();
    const time_point later = r.context->clock().now() + 1h;
    co_await r.context->clock().wait_until(later);
    const auto second = co_await r.body.next();
    co_return text(second ? "ok" : second.error().message());
  }, std::move(with));
  s.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc");
  s.time.advance(1h);
  s.settle();
  s.send("defghij");
  std::string back = s.received();
  CHECK(take_answer(back).body == "ok");
}

TEST_CASE("a handler that waits has no deadline of its own", "[server]") {
  served_in_memory s([](request& r) -> task<response> {
    const time_point later = r.context->clock().now() + 24h;
    co_await r.context->clock().wait_until(later);
    co_return text("at last");
  });
  s.send(get("/"));
  s.time.advance(24h);
  s.settle();
  std::string back = s.received();
  CHECK(take_answer(back).body == "at last");
}

TEST_CASE("destroying a connection destroys the handler that waits", "[server]") {
  std::atomic<int> ended{0};
  served_in_memory s([&ended](request&) -> task<response> {
    const flag_at_end flag(ended);
    const never waiting;
    co_await waiting;
    co_return text("never");
  });
  s.send(get("/"));
  CHECK(ended == 0);
  CHECK(s.serving->is_handling());
  s.destroy();
  CHECK(ended == 1);
}

TEST_CASE("a body is an error once its request is over", "[server]") {
  body kept;
  served_in_memory s([&kept](request& r) -> task<response> {
    kept = r.body;
    co_return text("ok");
  });
  std::string back = s.exchange(post("/", "hello"));
  CHECK(take_answer(back).status == 200);
  auto pulling = kept.next();
  pulling.start();
  REQUIRE(pulling.done());
  CHECK(pulling.take().error().kind() == error_kind::closed);
  back = s.exchange(get("/"));
  CHECK(take_answer(back).status == 200);
}

TEST_CASE("memory is given back while a connection idles", "[server]") {
  served_in_memory s(echo_target);
  for (int i = 0; i < 5; ++i) {
    std::string back = s.exchange(get("/" + std::string(5000, 'x')));
    CHECK(take_answer(back).status == 200);
    CHECK(s.serving->is_idle());
  }
}

TEST_CASE("a keep-alive GET allocates nothing in steady state", "[server]") {
  const auto shared = share(new const std::string(1000, 'x'));
  const int kind = GENERATE(0, 1, 2);
  const auto app = [&](const request&) {
    if (kind == 0) return response(status::ok, {}, body(shared));
    if (kind == 1) return text("hello");
    return response(status::no_content);
  };
  served_in_memory s(app);
  const std::string ask = get("/some/path?with=query", "User-Agent: test\r\nAccept: */*\r\nCookie: a=b\r\n");
  char room[16 * 1024];
  std::size_t counted = 0;
  for (int i = 0; i < 100; ++i) {
    const std::array<std::string_view, 1> pieces{ask};
    auto writing = s.pair.second.write(pieces);
    REQUIRE(writing.await_ready());
    if (!s.started) s.start();
    const std::size_t before = allocations();
    for (int turn = 0; turn < 3; ++turn) s.loop.run_once(duration::zero());
    const std::size_t after = allocations();
    auto reading = s.pair.second.read(room);
    REQUIRE(reading.await_ready());
    REQUIRE(*reading.await_resume() > 30);
    if (i >= 50) counted += after - before;
  }
  CHECK(counted == 0);
}

TEST_CASE("what a trusted proxy says counts for one request", "[server][trusted_proxies][security]") {
  const auto who = [](const request& r) { return text(std::string(r.peer()).append(r.is_secure() ? " https " : " http ").append(r.host())); };
  router app;
  app.get("/behind", with_trusted_proxies(who, {.proxies = {"127.0.0.1"}, .scheme = true, .host = true}));
  app.get("/", who);
  served_in_memory s(std::move(app));
  const std::string says = "X-Forwarded-For: 203.0.113.9\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: b\r\n";
  const auto check = [](std::string back) {
    for (const char* body : {"203.0.113.9:0 https b", "127.0.0.1:1 http a", "127.0.0.1:1 http a", "203.0.113.9:0 https b"})
      CHECK(take_answer(back).body == body);
    CHECK(back.empty());
  };
  const std::string requests[] = {get("/behind", says), get("/", says), get("/behind"), get("/behind", says)};
  check(s.exchange(requests[0] + requests[1] + requests[2] + requests[3]));
  std::string back;
  for (const std::string& one : requests) back += s.exchange(one);
  check(back);
}

TEST_CASE("a body that is pulled after its handler knows the client still", "[server][trusted_proxies]") {
  served_in_memory s(with_trusted_proxies([](request& r) {
    return content(stream_body([left = 2, &r]() mutable -> task<result<std::string>> {
      const time_point later = r.context->clock().now() + 1ms;
      co_await r.context->clock().wait_until(later);
      co_return left-- > 0 ? std::string(r.peer()).append(" ") : std::string();
    }), "text/plain");
  }, {.proxies = {"127.0.0.1"}}));
  s.send(get("/", "Connection: close\r\nX-Forwarded-For: 2001:db8:1:2:3:4:5:6\r\n"));
  std::string back = s.until_served();
  CHECK(take_answer(back).body == "[2001:db8:1:2:3:4:5:6]:0 [2001:db8:1:2:3:4:5:6]:0 ");
}

TEST_CASE("one connection that always has more to ask lets the others have turns", "[server]") {
  int calls = 0;
  served_in_memory s([&calls](const request&) { ++calls; return response(status::no_content); });
  std::string many;
  for (int i = 0; i < 10'000; ++i) many += get_root;
  const std::array<std::string_view, 1> pieces{many};
  auto writing = s.pair.second.write(pieces);
  REQUIRE(writing.await_ready());
  s.start();
  CHECK(calls < 1000);
  s.settle(10'000);
  CHECK(calls == 10'000);
}

TEST_CASE("a handler that works on its body as it comes gives way behind each long step", "[server]") {
  int steps = 0;
  served_in_memory* running = nullptr;
  served_in_memory s([&](request& r) -> task<response> {
    for (;;) {
      const auto piece = co_await r.body.next();
      if (piece.value().empty()) co_return text("ok");
      ++steps;
      running->time.advance(1ms);
    }
  });
  running = &s;
  const std::string octets = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 500000\r\n\r\n" + std::string(500'000, 'x');
  const std::array<std::string_view, 1> pieces{octets};
  auto writing = s.pair.second.write(pieces);
  REQUIRE(writing.await_ready());
  s.start();
  CHECK(steps <= 2);  // what came with the head needs no read
  for (int turn = 0, before = steps; turn < 200; ++turn, before = steps) {
    s.loop.run_once(duration::zero());
    CHECK(steps - before <= 1);
  }
  CHECK(steps > 4);
  std::string back = s.received();
  CHECK(take_answer(back).body == "ok");
}

TEST_CASE("a handler that holds the loop can ask whether its peer has gone", "[server]") {
  std::atomic<bool> called{false}, noticed{false};
  server running([&](const request& r) {
    called = true;
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);  // a test that gets here has failed
    while (!r.cancelled() && std::chrono::steady_clock::now() < end) std::this_thread::yield();
    noticed = r.cancelled();
    return text("nobody reads this");
  }, {.port = 0, .backend = net_test::any_backend()});
  raw_client c(running);
  REQUIRE(c.send(get("/")));
  REQUIRE(eventually([&] { return called.load(); }));
  c.reset();
  CHECK(eventually([&] { return noticed.load(); }));
}

TEST_CASE("nothing that may wait is begun for a peer that has gone", "[server]") {
  bool begun = false;
  served_in_memory* running = nullptr;
  const bool streams = GENERATE(true, false);
  const auto later = [](bool& flag) -> task<response> {
    flag = true;
    co_return text("late");
  };
  served_in_memory s([&](request&) -> reply {
    running->pair.second.abort();
    if (!streams) return later(begun);
    return text(stream_body([&begun] {
      begun = true;
      return std::string();
    }));
  });
  running = &s;
  s.send(get_root);
  CHECK(s.done());
  CHECK_FALSE(begun);
}
