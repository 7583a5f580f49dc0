// The wire table against the parser, the body readers and the connection, cut in every way.
#include "meaning.hpp"

#include "catch.hpp"

#include <string>
#include <string_view>
#include <vector>

using namespace tinyhttp;
using namespace wire;

namespace {

constexpr std::size_t short_message = 120;  // octets: cut at every place

/// Every way to cut `size` octets that a test can afford.
std::vector<cutting> cuttings(std::size_t size) {
  std::vector<cutting> all{{}, {.every = 1}, {.every = 2}, {.every = 7}};
  if (size <= short_message)
    for (std::size_t at = 1; at < size; ++at) all.push_back({.at = at});
  return all;
}

std::string refusal(const request_case& c) {
  return "refused " + status_text(c.status) + "\n";
}

}  // namespace

TEST_CASE("the wire table has a case for everything that can go wrong", "[wire]") {
  CHECK(requests().size() + responses().size() >= 400);
}

TEST_CASE("a server core gives every request of the wire table its meaning", "[wire][h1][rfc9112]") {
  for (const auto& c : requests()) {
    INFO(c.says << "\n" << visible(c.octets));
    for (const auto cut : cuttings(c.octets.size())) {
      INFO("cut every " << cut.every << ", at " << cut.at);
      const auto alone = read_requests(c.octets, cut, ending::open);
      if (c.at == fault::none) {
        const auto after = c.keep_alive ? "waits; unread []\n" : "hung up; unread []\n";
        CHECK(alone == meaning(c) + after);
      } else if (c.at == fault::close) {
        CHECK(alone.starts_with("waits"));
        const auto cut_off = read_requests(c.octets, cut, ending::closed);
        CHECK(cut_off.ends_with(refusal(c)));
        CHECK(cut_off.find("may go on") == std::string::npos);
      } else {
        CHECK(alone.starts_with("in the body of") == (c.at == fault::body));
        CHECK(alone.ends_with(refusal(c)));
        CHECK(alone.find("body ") == alone.find("body of"));  // no message was complete
      }
    }
  }
}

TEST_CASE("octets behind a request are the next one, or nothing at all", "[wire][h1][rfc9112-9.3.2]") {
  const auto next = message_lines("GET /behind HTTP/1.1", "Host: behind\n", "", "", true);
  for (const auto& c : requests()) {
    if (c.at == fault::close) continue;
    const std::string both = c.octets + std::string(request_behind);
    INFO(c.says << "\n" << visible(both));
    for (const auto cut : cuttings(both.size())) {
      INFO("cut every " << cut.every << ", at " << cut.at);
      const auto seen = read_requests(both, cut, ending::closed);
      if (c.at != fault::none) {
        CHECK(seen.ends_with(refusal(c)));
        CHECK(seen.find("GET /behind") == std::string::npos);
      } else if (c.keep_alive) {
        CHECK(seen == meaning(c) + next + "closed; unread []\n");
      } else {
        CHECK(seen == meaning(c) + "hung up; unread [" + std::string(request_behind) + "]\n");
      }
    }
  }
}

TEST_CASE("a client core gives every response of the wire table its meaning", "[wire][h1][rfc9112]") {
  for (const auto& c : responses()) {
    INFO(c.says << "\n" << visible(c.octets));
    const request question = question_of(c);
    for (const auto cut : cuttings(c.octets.size())) {
      INFO("cut every " << cut.every << ", at " << cut.at);
      const auto open = read_response(question, c.octets, cut, ending::open);
      const auto closed = read_response(question, c.octets, cut, ending::closed);
      if (c.at == fault::none && c.until_close) {
        CHECK(open.find("waits for the body") != std::string::npos);
        CHECK(closed == meaning(c) + "done; unread []\n");
      } else if (c.at == fault::none) {
        CHECK(open == meaning(c) + "done; unread []\n");
        CHECK(closed == open);
      } else if (c.at == fault::close) {
        CHECK(open.find("waits") != std::string::npos);
        CHECK(closed.ends_with("refused 502\n"));
      } else {
        CHECK(open.ends_with("refused 502\n"));
        CHECK(open.starts_with("in the body of") == (c.at == fault::body));
      }
    }
  }
}

TEST_CASE("octets behind a response are no part of it", "[wire][h1][rfc9112-6.3]") {
  for (const auto& c : responses()) {
    if (c.at != fault::none || c.until_close) continue;
    const std::string both = c.octets + std::string(response_behind);
    INFO(c.says << "\n" << visible(both));
    const request question = question_of(c);
    for (const auto cut : cuttings(both.size())) {
      INFO("cut every " << cut.every << ", at " << cut.at);
      CHECK(read_response(question, both, cut, ending::open) ==
            meaning(c) + "done; unread [" + std::string(response_behind) + "]\n");
    }
  }
}
