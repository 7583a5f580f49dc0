// Server-sent events: written, and read however their octets are cut.
#include <tinyhttp/http/events.hpp>

#include "catch.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace tinyhttp;
using namespace std::chrono_literals;
using namespace std::string_view_literals;

namespace {

struct read_stream {
  std::vector<event> events;
  std::string last_id;
  std::optional<std::chrono::milliseconds> retry;
  std::string failure;

  friend bool operator==(const read_stream&, const read_stream&) = default;
};

/// What a stream says that ends behind `octets`; fed `every` octets at a time, in one more piece than that.
read_stream read_in_pieces(std::string_view octets, std::size_t every, event_parser parser = event_parser()) {
  read_stream all;
  for (;;) {
    const auto next = parser.next();
    if (!next) {
      CHECK(next.error().kind() == error_kind::limit);
      CHECK_FALSE(parser.next());
      parser.feed("\n\ndata: more\n\n");
      CHECK_FALSE(parser.next());
      all.failure = next.error().message();
      break;
    }
    if (*next != nullptr) {
      all.events.push_back(**next);
    } else if (octets.empty()) {
      break;
    } else {
      parser.feed(octets.substr(0, every));
      octets.remove_prefix(octets.substr(0, every).size());
    }
  }
  all.last_id = parser.last_event_id();
  all.retry = parser.retry();
  return all;
}

/// The same, whole and cut after each octet, which must not differ.
read_stream read(std::string_view octets) {
  read_stream whole = read_in_pieces(octets, octets.size() + 1);
  for (const std::size_t every : {std::size_t{1}, std::size_t{2}, std::size_t{3}, std::size_t{7}}) {
    CAPTURE(octets, every);
    CHECK(read_in_pieces(octets, every) == whole);
  }
  return whole;
}

std::vector<event> events_of(std::string_view octets) { return read(octets).events; }

std::string with_line_feeds(std::string_view data) {
  std::string made;
  for (std::size_t i = 0; i < data.size(); ++i) {
    if (data[i] == '\r' && data.substr(i, 2) == "\r\n") continue;
    made += data[i] == '\r' ? '\n' : data[i];
  }
  return made;
}

}  // namespace

TEST_CASE("an event is written as lines that its reader puts together", "[http][events]") {
  struct row {
    event written;
    std::string_view octets;
  };
  const auto [written, octets] = GENERATE(values<row>({
      {{"hello"}, "data: hello\n\n"},
      {{""}, "data: \n\n"},
      {{" two spaces"}, "data:  two spaces\n\n"},
      {{"one\ntwo\r\nthree\rfour"}, "data: one\ndata: two\ndata: three\ndata: four\n\n"},
      {{"\n\r\n\r\r"}, "data: \ndata: \ndata: \ndata: \ndata: \n\n"},
      {{"7", "tick"}, "event: tick\ndata: 7\n\n"},
      {{"7", ""}, "data: 7\n\n"},
      {{"7", "message", "a b"}, "id: a b\ndata: 7\n\n"},
      {{"7", "message", ""}, "id: \ndata: 7\n\n"},
      {{.data = "x", .retry = 3s}, "retry: 3000\ndata: x\n\n"},
      {{.data = "x", .retry = -3s}, "retry: 0\ndata: x\n\n"},
      {{.data = "x", .retry = std::chrono::milliseconds::max()}, "retry: 31536000000\ndata: x\n\n"},
      {{"x", "tick", "9", 10ms}, "id: 9\nevent: tick\nretry: 10\ndata: x\n\n"},
      {{"id: 1", "data: 2"}, "event: data: 2\ndata: id: 1\n\n"},
  }));
  CAPTURE(octets);
  CHECK(format_event(written).value() == octets);
}

TEST_CASE("what would inject a line into an event is refused", "[http][events]") {
  for (const std::string_view evil : {"a\nb"sv, "a\rb"sv, "\r\n"sv, "a\n"sv}) {
    CHECK(format_event({.data = "x", .type = std::string(evil)}).error().message() == "event: its type has a line end");
    const auto refused = format_event({.data = "x", .id = std::string(evil)});
    CHECK(refused.error().kind() == error_kind::invalid_argument);
    CHECK(refused.error().message() == "event: its id has a line end or a NUL");
  }
  CHECK_FALSE(format_event({.data = "x", .id = std::string("a\0b"sv)}));
  CHECK(format_event({.data = std::string("a\0b"sv), .type = std::string("\0"sv)}).value() == "event: \0\ndata: a\0b\n\n"sv);
}

TEST_CASE("a stream of events is read as WHATWG HTML says", "[http][events]") {
  struct row {
    std::string_view octets;
    std::vector<event> events;
  };
  const auto [octets, expected] = GENERATE(values<row>({
      // the standard's examples
      {"data: YHOO\ndata: +2\ndata: 10\n\n", {{"YHOO\n+2\n10"}}},
      {": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n",
       {{"first event", "message", "1"}, {"second event", "message", ""}, {" third event"}}},
      {"data\n\ndata\ndata\n\ndata:", {{""}, {"\n"}}},
      {"data:test\n\ndata: test\n\n", {{"test"}, {"test"}}},
      // line ends, also mixed
      {"data: a\r\rdata: b\r\n\r\ndata: c\n\n", {{"a"}, {"b"}, {"c"}}},
      {"data: a\r\n\ndata: b\r\r\ndata: c\n\r", {{"a"}, {"b"}, {"c"}}},
      {"data: a\n\r\ndata: b\r\n\r", {{"a"}, {"b"}}},
      {"data: a\r\ndata: b\r\n\r\n", {{"a\nb"}}},
      // the byte order mark
      {"\xef\xbb\xbf" "data: a\n\n", {{"a"}}},
      {"\xef\xbb\xbf\xef\xbb\xbf" "data: a\n\ndata: b\n\n", {{"b"}}},
      {"\xef\xbb" "data: a\n\ndata: b\n\n", {{"b"}}},
      {"data: \xef\xbb\xbf" "a\n\n", {{"\xef\xbb\xbf" "a"}}},
      // fields
      {"data:a:b\n\n", {{"a:b"}}},
      {"data:\ta\n\n", {{"\ta"}}},
      {"data: a \n\n", {{"a "}}},
      {"Data: a\n data: b\ndata : c\ndata: d\nnone\nnone: e\n\n", {{"d"}}},
      {":\n:data: a\ndata: b\n: c\n\n", {{"b"}}},
      {"event: tick\ndata: a\n\ndata: b\n\n", {{"a", "tick"}, {"b"}}},
      {"event: tick\nevent: tock\ndata: a\n\n", {{"a", "tock"}}},
      {"event: tick\nevent\ndata: a\n\n", {{"a"}}},
      {"event:  tick\ndata: a\n\n", {{"a", " tick"}}},
      {"retry: 10\ndata: a\n\n", {{"a", "message", std::nullopt, 10ms}}},
      {"other: 10\ndata: a\n\n", {{"a"}}},
      {"retry: 1\nretry: x\nretry: -1\nretry: 1.5\nretry:\nretry:  2\ndata: a\n\n", {{"a", "message", std::nullopt, 1ms}}},
      {"retry: 007\nretry\ndata: a\n\n", {{"a", "message", std::nullopt, 7ms}}},
      {"retry: 99999999999999999999999\ndata: a\n\n", {{"a", "message", std::nullopt, 8760h}}},
      {"id: 1\nid: 2\ndata: a\n\n", {{"a", "message", "2"}}},
      {"id: 1\nid: 2\0\ndata: a\n\n"sv, {{"a", "message", "1"}}},
      {"data: a\0b\n\n"sv, {{std::string("a\0b"sv)}}},
      {"data: \xff\xc3\n\n", {{"\xff\xc3"}}},
      // no data, no event
      {"event: tick\n\ndata: a\n\n", {{"a"}}},
      {"id: 1\n\ndata: a\n\n", {{"a"}}},
      {"\n\n\r\r\n:\n\n", {}},
      // what is not complete is no event
      {"data: a\n", {}},
      {"data: a\n\ndata: b\n", {{"a"}}},
      {"data: a\n\ndata: b", {{"a"}}},
      {"", {}},
      {"\xef\xbb", {}},
  }));
  CAPTURE(octets);
  CHECK(events_of(octets) == expected);
}

TEST_CASE("the last event's id is kept until another comes, and counts at the empty line only", "[http][events]") {
  CHECK(read("id: 1\ndata: a\n\ndata: b\n\n").last_id == "1");
  CHECK(read("id: 1\ndata: a\n\nid: 2\n\n").last_id == "2");
  CHECK(read("id: 1\ndata: a\n\nid: 2\ndata: b\n").last_id == "1");
  CHECK(read("id: 1\ndata: a\n\nid\n\n").last_id.empty());
  CHECK(read("retry: 5\n\n").retry == 5ms);
  CHECK(read("retry: 5\n").retry == 5ms);
  CHECK(read("data: a\n\n").retry == std::nullopt);

  const read_stream gone_on = read_in_pieces("data: a\n\n", 100, event_parser("before"));
  CHECK(gone_on.last_id == "before");
  CHECK(gone_on.events == std::vector<event>{{"a"}});
  CHECK(read_in_pieces("", 1, event_parser("before")).last_id == "before");
}

TEST_CASE("an event is there as soon as its last octet is, whatever may follow", "[http][events]") {
  event_parser parser;
  parser.feed("data: a\r\n\r");
  REQUIRE(parser.next().value() != nullptr);
  CHECK(parser.next().value() == nullptr);
  parser.feed("\ndata: b\r\n\r\n");
  const event* const b = parser.next().value();
  REQUIRE(b != nullptr);
  CHECK(b->data == "b");
  CHECK(parser.next().value() == nullptr);
}

TEST_CASE("an event has a bound", "[http][events][limit]") {
  const event_limits ten{.octets = 10};
  const auto read_ten = [&](std::string_view octets) {
    const read_stream whole = read_in_pieces(octets, 1000, event_parser({}, ten));
    CHECK(read_in_pieces(octets, 1, event_parser({}, ten)) == whole);
    CHECK(read_in_pieces(octets, 3, event_parser({}, ten)) == whole);
    return whole;
  };
  CHECK(read_ten("data:12345\n\n").events == std::vector<event>{{"12345"}});
  CHECK(read_ten("data:12345").failure.empty());
  const read_stream long_line = read_ten("data:1\n\ndata:123456\n\n");
  CHECK(long_line.events == std::vector<event>{{"1"}});
  CHECK(long_line.failure == "event: more than 10 octets");
  CHECK(read_ten("data:123456").failure == "event: more than 10 octets");
  CHECK(read_ten(":2345678901").failure == "event: more than 10 octets");
  CHECK(read_ten("data:1\ndata:23\n\n").events == std::vector<event>{{"1\n23"}});
  CHECK(read_ten("data:1\ndata:2\ndata:3\n\n").events == std::vector<event>{{"1\n2\n3"}});
  CHECK(read_ten("data:1\ndata:2\ndata:34\n\n").failure == "event: more than 10 octets");

  event_parser usual;
  usual.feed("data:" + std::string(1024 * 1024 - 5, 'x'));
  CHECK(usual.next().value() == nullptr);
  usual.feed("x");
  CHECK(usual.next().error().message() == "event: more than 1048576 octets");
}

TEST_CASE("whatever is written is read again, however it is cut", "[http][events]") {
  std::uint32_t state = 2026;
  const auto below = [&state](std::uint32_t bound) {
    state = state * 1664525 + 1013904223;
    return (state >> 8) % bound;
  };
  const auto text = [&](std::string_view but_not) {
    // octets of every kind, but more of those that mean something
    static constexpr std::string_view telling = "\r\n\r\n: \0\xef\xbb\xbf"sv;
    std::string made(below(8), '\0');
    for (char& c : made) do {
        c = below(2) == 0 ? telling[below(static_cast<std::uint32_t>(telling.size()))] : static_cast<char>(below(256));
      } while (but_not.find(c) != but_not.npos);
    return made;
  };
  for (int round = 0; round < 2000; ++round) {
    std::vector<event> written;
    std::string octets;
    for (std::uint32_t count = 1 + below(4); count > 0; --count) {
      event e{text(""), text("\r\n")};
      if (below(2) == 0) e.id = text("\r\n\0"sv);
      if (below(4) == 0) e.retry = std::chrono::milliseconds(below(100'000));
      octets += format_event(e).value();
      e.data = with_line_feeds(e.data);
      if (e.type.empty()) e.type = "message";
      written.push_back(std::move(e));
    }
    CAPTURE(octets);
    REQUIRE(read_in_pieces(octets, octets.size()).events == written);
    REQUIRE(read_in_pieces(octets, 1 + below(5)).events == written);
  }
}
