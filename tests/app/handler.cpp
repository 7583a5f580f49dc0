#include <tinyhttp/app/handler.hpp>

#include <coroutine>
#include <memory>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

#include "catch.hpp"

using namespace tinyhttp;

namespace {

response plain(const request& r) { return text(std::string(r.path())); }
task<response> waiting(request& r) {
  auto all = co_await r.body.read_all();
  if (!all) co_return body_problem(all.error());
  co_return text(*all);
}
reply either(request& r) {
  if (r.path() == "/now") return plain(r);
  return waiting(r);
}

body chunks(int* pulls, int count) {
  return stream_body([pulls, count]() mutable {
    ++*pulls;
    return std::string(count-- > 0 ? "1234" : "");
  });
}

struct counts_its_calls {
  response operator()(const request&) { return {}; }  // not const
};

}  // namespace

TEST_CASE("what is a handler, and what is not", "[app][handler]") {
  STATIC_REQUIRE(handler<decltype(&plain)>);
  STATIC_REQUIRE(handler<decltype(&waiting)>);
  STATIC_REQUIRE(handler<decltype(&either)>);
  STATIC_REQUIRE(handler<any_handler>);
  STATIC_REQUIRE(!handler<counts_its_calls>);
  STATIC_REQUIRE(!handler<int>);
  STATIC_REQUIRE(!handler<int (*)(request&)>);
  STATIC_REQUIRE(!handler<response (*)()>);
  STATIC_REQUIRE(!handler<response (*)(request &&)>);
  STATIC_REQUIRE(!std::is_constructible_v<any_handler, counts_its_calls>);
  struct not_copied {
    std::unique_ptr<int> held;
    response operator()(const request&) const { return {}; }
  };
  STATIC_REQUIRE(std::is_constructible_v<any_handler, not_copied>);
  STATIC_REQUIRE(!std::is_constructible_v<any_handler, not_copied&>);  // it has to be moved
  STATIC_REQUIRE(!std::is_copy_constructible_v<any_handler>);
  STATIC_REQUIRE(std::is_nothrow_move_constructible_v<any_handler>);
}

TEST_CASE("any handler is called as a function, whichever way it answers", "[app][handler]") {
  CHECK(any_handler(plain)(request::get("/a")).body.text() == "/a");
  CHECK(any_handler(waiting)(request::post("/", "body")).body.text() == "body");
  CHECK(any_handler(either)(request::get("/now")).body.text() == "/now");
  CHECK(any_handler(either)(request::post("/later", "body")).body.text() == "body");

  auto owned = std::make_unique<std::string>("owned");  // it may own what cannot be copied
  const any_handler h([owned = std::move(owned)](const request&) { return text(*owned); });
  CHECK(h(request::get("/")).body.text() == "owned");
}

TEST_CASE("a handler that cannot wait finds its body read, or is not called",
          "[app][handler][limit]") {
  int pulls = 0, calls = 0;
  const any_handler h([&calls](const request& r) { return ++calls, text(r.body); });

  request small = request::post("/", chunks(&pulls, 2));
  CHECK(response(h(small)).body.text() == "12341234");
  CHECK(pulls == 3);
  request large = request::post("/", chunks(&pulls, 100));
  large.body.set_default_limit(10);
  CHECK(response(h(large)).status == status::content_too_large);
  CHECK(calls == 1);
  CHECK(pulls == 6);
}

TEST_CASE("a function is called as it stands, by name and by pointer, once its body is read", "[app][handler]") {
  const auto by_pointer = &plain;
  request first = request::get("/a"), second = first;
  CHECK(invoke(plain, first).get().body.text() == "/a");
  CHECK(invoke(by_pointer, second).get().body.text() == "/a");
  int pulls = 0;
  for (request* each : {&first, &second}) each->body = chunks(&pulls, 1);
  CHECK(invoke(plain, first).get().body.text() == "/a");
  CHECK(invoke(by_pointer, second).get().body.text() == "/a");
  CHECK(pulls == 4);
}

TEST_CASE("a body that cannot be read is answered as its error hints", "[app][handler]") {
  const auto answered = [](int hint) {
    const any_handler h([](const request&) { return text("called"); });
    return h(request::post("/", stream_body([hint]() -> result<std::string> {
                             return error(error_kind::protocol, "secret", hint);
                           })));
  };
  CHECK(answered(0).status == status::bad_request);
  CHECK(answered(408).status == status::request_timeout);
  CHECK(answered(408).body.text() == "408 Request Timeout\n");

  CHECK(problem(error(error_kind::io, "secret")).status == status::internal_server_error);
  CHECK(problem(error(error_kind::io, "secret"), 502).status == 502);
  CHECK(problem(error(error_kind::io, "secret", 507), 502).body.text() == "507 Insufficient Storage\n");
}

TEST_CASE("a handler that can wait is called before its body is read", "[app][handler]") {
  int pulls = 0;
  const any_handler h([](request&) -> task<response> { co_return response(status::unauthorized); });
  CHECK(h(request::post("/", chunks(&pulls, 2))).status == status::unauthorized);
  CHECK(pulls == 0);
}

TEST_CASE("transform reaches the response now or when it comes", "[app][handler]") {
  const auto mark = [](response& r) { r.with("X-Mark", "1"); };
  request now = request::get("/now");
  reply first = transform(either(now), mark);
  REQUIRE(first.is_ready());
  CHECK(first.now().fields["x-mark"] == "1");
  request later = request::get("/later");
  reply second = transform(either(later), mark);
  REQUIRE(!second.is_ready());
  CHECK(std::move(second).get().fields["x-mark"] == "1");
}

TEST_CASE("a reply that needs a loop says so in a test, and is destroyed cleanly",
          "[app][handler]") {
  auto alive = std::make_shared<int>(0);
  const any_handler h([alive](request&) -> task<response> {
    const auto held = alive;
    const std::suspend_always forever;
    co_await forever;
    co_return response();
  });
  CHECK_THROWS_AS(h(request::get("/")), std::logic_error);
  CHECK(alive.use_count() == 2);
}

TEST_CASE("what a handler throws comes out of its reply", "[app][handler]") {
  const any_handler now([](const request&) -> response { throw std::runtime_error("now"); });
  const any_handler later([](request&) -> task<response> {
    throw std::runtime_error("later");
    co_return response();
  });
  CHECK_THROWS_WITH(now(request::get("/")), "now");
  CHECK_THROWS_WITH(later(request::get("/")), "later");
}
