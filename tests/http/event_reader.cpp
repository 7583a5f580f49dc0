// Server-sent events, pulled off the body of an answer.
#include <tinyhttp/http/event_reader.hpp>

#include "catch.hpp"

#include <chrono>
#include <string>
#include <string_view>
#include <utility>

using namespace tinyhttp;
using namespace std::chrono_literals;

namespace {

/// An answer that comes `every` octets at a time; a `!` is where it breaks.
response answer_of(std::string_view octets, std::size_t every = 1, std::string_view type = "text/event-stream") {
  auto pull = [left = std::string(octets), every]() mutable -> result<std::string> {
    std::string piece = left.substr(0, every);
    left.erase(0, every);
    if (piece == "!") return error(error_kind::closed, "body: cut off");
    return piece;
  };
  return content(stream_body(std::move(pull)), type);
}

template <class T>
T now(task<T> work) {
  REQUIRE(work.try_start());
  return work.take();
}

}  // namespace

TEST_CASE("events are pulled off an answer one by one", "[http][events]") {
  for (const std::size_t every : {std::size_t{1}, std::size_t{5}, std::size_t{1000}}) {
    CAPTURE(every);
    response answer = answer_of("retry: 20\nid: 1\ndata: a\n\n:\n\nevent: tick\ndata: b\ndata: c\n\nid: 2\ndata: d", every);
    auto events = event_reader::of(answer).value();
    const event* e = now(events.next()).value();
    REQUIRE(e != nullptr);
    CHECK(*e == event{"a", "message", "1", 20ms});
    e = now(events.next()).value();
    REQUIRE(e != nullptr);
    CHECK(*e == event{"b\nc", "tick"});
    CHECK(now(events.next()).value() == nullptr);
    CHECK(now(events.next()).value() == nullptr);
    CHECK(events.last_event_id() == "1");
    CHECK(events.retry() == 20ms);
  }
}

TEST_CASE("an answer that breaks, or an event that is too large, is an error behind what came before", "[http][events]") {
  response broken = answer_of("id: 1\ndata: a\n\ndata: b\n!");
  auto events = event_reader::of(broken, "0").value();
  CHECK(events.last_event_id() == "0");
  REQUIRE(now(events.next()).value() != nullptr);
  CHECK(now(events.next()).error().message() == "body: cut off");
  CHECK(events.last_event_id() == "1");

  response large = answer_of("data: a\n\ndata: 34567890", 1000);
  auto bounded = event_reader::of(large, {}, {.octets = 10}).value();
  REQUIRE(now(bounded.next()).value() != nullptr);
  CHECK(now(bounded.next()).error().kind() == error_kind::limit);
}

TEST_CASE("what is no stream of events is not read as one", "[http][events]") {
  response page = html("data: a\n\n");
  CHECK(event_reader::of(page).error().message() == "events: the answer is text/html; charset=utf-8");
  CHECK(event_reader::of(page).error().kind() == error_kind::protocol);
  response untyped(status::ok);
  CHECK(event_reader::of(untyped).error().message() == "events: the answer is of no type");
  response over(status::no_content);
  CHECK(event_reader::of(over).error().message() == "events: the answer is 204 No Content");
  response failed = answer_of("data: a\n\n");
  failed.status = status::internal_server_error;
  CHECK(event_reader::of(failed).error().message() == "events: the answer is 500 Internal Server Error");
  response described = answer_of("data: a\n\n", 10, "Text/Event-Stream; charset=UTF-8");
  CHECK(event_reader::of(described));
}

TEST_CASE("who comes back says what it saw last, unless no field can", "[http][events]") {
  CHECK(event_fields()["Accept"] == "text/event-stream");
  CHECK(event_fields()["Cache-Control"] == "no-store");
  CHECK_FALSE(event_fields().contains("Last-Event-ID"));
  CHECK(event_fields("7 \xc3\xa4")["Last-Event-ID"] == "7 \xc3\xa4");
  CHECK(event_fields(" 7 ")["Last-Event-ID"] == "7");
  CHECK_FALSE(event_fields("\x01").contains("Last-Event-ID"));
}
