#include <tinyhttp/http/response.hpp>

#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "catch.hpp"

using namespace tinyhttp;

namespace {

void send(const response& r) {
  if (r.attached() == nullptr) return;
  const sent_report report{.status = r.status};
  for (auto& each : r.attached()->sent) each(report);
}

}  // namespace

TEST_CASE("makers name the type of what they hold", "[http][response]") {
  CHECK(text("x").fields["Content-Type"] == "text/plain; charset=utf-8");
  CHECK(html("x").fields["Content-Type"] == "text/html; charset=utf-8");
  CHECK(json("{}").fields["Content-Type"] == "application/json");
  CHECK(content("x", "image/png").fields["Content-Type"] == "image/png");
  CHECK(text("x").status == status::ok);
  CHECK(text("x", status::created).status == status::created);
  CHECK(text("x").body.text() == "x");
  CHECK_THROWS_AS(content("x", "text/plain\r\nX: y"), std::invalid_argument);
}

TEST_CASE("a literal makes the same response as any other octets", "[http][response]") {
  const std::string octets = "[1, 2]";
  for (const auto& [literal, other] :
       {std::pair(text("[1, 2]", status::created), text(octets, status::created)),
        std::pair(html("[1, 2]", status::created), html(octets, status::created)),
        std::pair(json("[1, 2]", status::created), json(octets, status::created))}) {
    CHECK(literal.body.text() == other.body.text());
    CHECK(literal.status == other.status);
    CHECK(literal.fields.wire_text() == other.fields.wire_text());
  }
  CHECK(text({}).body.text().empty());
  char room[8] = "a";
  CHECK(text(room).body.text() == "a");
}

TEST_CASE("fields are set in a chain, and cannot split a message", "[http][response][security]") {
  const response r = text("x").with("Cache-Control", "no-store").with("content-type", "a/b");
  CHECK(r.fields["cache-control"] == "no-store");
  CHECK(r.fields.count("Content-Type") == 1);
  CHECK_THROWS_AS(text("x").with("A", "1\r\n\r\n<html>"), std::invalid_argument);
}

TEST_CASE("a problem tells the status and nothing else", "[http][response]") {
  CHECK(problem(status::not_found).body.text() == "404 Not Found\n");
  CHECK(problem(599).body.text() == "599\n");
  CHECK(problem(status::not_found).fields.size() == 1);
}

TEST_CASE("a redirect's location cannot split a message",
          "[http][response][rfc9110-10.2.2][security]") {
  const auto [to, location] = GENERATE(table<std::string, std::string>({
      {"/a?b=c#d", "/a?b=c#d"},
      {"https://example.com/%41", "https://example.com/%41"},
      {"http://[::1]/!$&'()*+,-./:;=?@_~", "http://[::1]/!$&'()*+,-./:;=?@_~"},
      {"/a b", "/a%20b"},
      {"/a\r\nSet-Cookie: x", "/a%0D%0ASet-Cookie:%20x"},
      {"/caf\xc3\xa9", "/caf%C3%A9"},
      {std::string("/\0", 2), "/%00"},
      {"/<\">\\^`{|}\x7f", "/%3C%22%3E%5C%5E%60%7B%7C%7D%7F"},
  }));
  const response r = redirect(to);
  CHECK(r.fields["Location"] == location);
  CHECK(r.status == status::found);
  CHECK(redirect(to, status::permanent_redirect).status == status::permanent_redirect);
  CHECK_THROWS_AS(redirect(""), std::invalid_argument);
  for (const int wrong : {200, 201, 299, 400, 404}) CHECK_THROWS_AS(redirect(to, wrong), std::invalid_argument);
}

TEST_CASE("a response without hooks has none", "[http][response]") {
  CHECK(text("x").attached() == nullptr);
}

TEST_CASE("everyone who asked hears of a response, in order", "[http][response][on_sent]") {
  std::vector<int> heard;
  response r = text("x");
  r.on_sent([&heard](const sent_report&) { heard.push_back(1); });
  r.on_sent([&heard](const sent_report& report) { heard.push_back(report.status.code()); });
  const response moved = std::move(r);
  send(moved);
  CHECK(heard == std::vector<int>{1, 200});
}

TEST_CASE("what a copy of a response is given stays with that copy", "[http][response][on_sent]") {
  std::vector<int> heard;
  response kept = text("x");
  kept.on_sent([&heard](const sent_report&) { heard.push_back(0); });
  kept.takeover([](raw_stream&) -> task<void> { co_return; });

  for (int i = 1; i <= 3; ++i) {  // a handler that answers with a response it keeps
    response copy = kept;
    copy.on_sent([&heard, i](const sent_report&) { heard.push_back(i); });
    CHECK(copy.attached()->takeover);
    send(copy);
  }
  CHECK(heard == std::vector<int>{0, 1, 0, 2, 0, 3});
  CHECK(kept.attached()->sent.size() == 1);
}
