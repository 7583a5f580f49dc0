#include <tinyhttp/app/access_log.hpp>
#include <tinyhttp/app/router.hpp>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "catch.hpp"

using namespace tinyhttp;
using namespace std::chrono_literals;

namespace {

std::string line(const access_entry& entry) {
  std::string out;
  append_access_line(out, entry);
  return out;
}

/// Does what a server does when a response is over.
void finish(const response& r, sent_report report) {
  report.status = r.status;
  REQUIRE(r.attached() != nullptr);
  for (auto& each : r.attached()->sent) each(report);
}

auto into(std::vector<std::string>& lines) {
  return [&lines](const access_entry& entry) { lines.push_back(line(entry)); };
}

}  // namespace

TEST_CASE("an access line says who, what, and how it went", "[app][access_log]") {
  struct row {
    access_entry entry;
    std::string line;
  };
  const auto [entry, expected] = GENERATE(values<row>({
      {{"GET", "/hello?x=1", "127.0.0.1:52186", 200, 12, true, 381us},
       R"(127.0.0.1:52186 "GET /hello?x=1" 200 12 0.381ms)"},
      {{"PUT", "/", "[::1]:80", 204, 0, true, 12s}, R"([::1]:80 "PUT /" 204 0 12000.000ms)"},
      {{"GET", "/big", "", 200, 5000000000, false, 999ns},
       R"(- "GET /big" 200 5000000000 0.000ms cut)"},
      {{"GET", "/", "", 200, 0, true, 1007009us}, R"(- "GET /" 200 0 1007.009ms)"},
      {{"GET", "/", "", 200, 0, true, -5ms}, R"(- "GET /" 200 0 0.000ms)"},
      {access_entry(), R"(- "- -" 200 0 0.000ms)"},
  }));
  CHECK(line(entry) == expected);
}

TEST_CASE("no name from outside can forge an access line", "[app][access_log][security]") {
  access_entry entry{"GET", "/", "/tmp/a\nb"};
  CHECK(line(entry) == R"(/tmp/a\x0ab "GET /" 200 0 0.000ms)");
  entry.target = "/\" 200 1\r\n\x1b[2J\\\x7f\xff";
  CHECK(line(entry) == R"(/tmp/a\x0ab "GET /\x22 200 1\x0d\x0a\x1b[2J\x5c\x7f\xff" 200 0 0.000ms)");

  for (int octet = 0; octet < 256; ++octet) {
    const std::string text(1, static_cast<char>(octet));
    entry.target = text;
    const std::string written = line(entry);
    const bool clean =
        written.find_first_not_of(
            " !\"#$%&'()*+,-./"
            "0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~") ==
        written.npos;
    if (!clean) FAIL_CHECK("octet " << octet << " came through");
  }
  SUCCEED();
}

TEST_CASE("the sink hears of a response when it is over, not before", "[app][access_log]") {
  std::vector<std::string> lines;
  const auto app =
      with_access_log([](const request&) { return text("hello").with("X-A", "1"); }, into(lines));

  response r;
  {
    request asked = request::get("/a%20b?c");
    r = app(asked).get();
  }  // the request may be gone by the time the response is sent
  CHECK(r.body.text() == "hello");
  CHECK(lines.empty());
  finish(r, {.body_octets = 5, .complete = true, .time = 2ms});
  CHECK(lines == std::vector<std::string>{R"(- "GET /a%20b?c" 200 5 2.000ms)"});
}

TEST_CASE("a coroutine's response is logged, and so is a router's refusal", "[app][access_log]") {
  std::vector<std::string> lines;
  router routes;
  routes.get("/slow", [](request&) -> task<response> { co_return text("slow", status::accepted); });
  const auto app = with_access_log(std::move(routes), into(lines));

  request slow = request::get("/slow");
  finish(app(slow).get(), {.body_octets = 4, .complete = false, .time = 1ms});
  request missing("BREW", "/pot");
  finish(app(missing).get(), {.body_octets = 20, .complete = true, .time = 1ms});
  CHECK(lines == std::vector<std::string>{R"(- "GET /slow" 202 4 1.000ms cut)",
                                          R"(- "BREW /pot" 501 20 1.000ms)"});
}
