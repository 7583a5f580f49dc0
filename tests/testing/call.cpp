// tests/testing/call.cpp -- tests testing/call.hpp: an application without a socket.
#include "catch.hpp"

#include <tinyhttp/app/promise.hpp>
#include <tinyhttp/app/router.hpp>
#include <tinyhttp/testing/call.hpp>

#include <memory>
#include <string>
#include <thread>
#include <utility>

using namespace tinyhttp;
using Catch::Matchers::ContainsSubstring;

namespace {

task<response> echo(request& r) {
  const auto body = co_await r.body.read_all();
  if (!body) co_return body_problem(body.error());
  co_return tinyhttp::text(std::string(*body));
}

router application() {
  router app;
  app.get("/hello", [](const request&) { return tinyhttp::text("hello"); }).post("/echo", echo);
  app.get("/pulled", [](const request&) {
    return response(status::ok, {}, stream_body([left = 3]() mutable { return std::string(left-- > 0 ? "x" : ""); }));
  });
  return app;
}

}  // namespace

TEST_CASE("a handler is called with a request and gives a response whose body is at hand", "[testing][call]") {
  const router app = application();
  CHECK(testing::call(app, request::get("/hello")).body.text() == "hello");
  CHECK(testing::call(app, request::post("/echo", "again")).body.text() == "again");
  CHECK(testing::call(app, request::get("/pulled")).body.text() == "xxx");
  CHECK(testing::call(app, request::get("/absent")).status == status::not_found);
}

TEST_CASE("octets go in and octets come out, as of a server", "[testing][call]") {
  const router app = application();
  const auto both = testing::call(app,
                                  "GET /hello HTTP/1.1\r\nHost: t\r\n\r\n"
                                  "POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 2\r\n\r\nhi");
  CHECK_THAT(both, ContainsSubstring("\r\n\r\nhelloHTTP/1.1 200 OK\r\n") && Catch::Matchers::EndsWith("\r\n\r\nhi"));
  CHECK(testing::call(app, "GET /hello HTTP/1.1\r\n\r\n").substr(0, 12) == "HTTP/1.1 400");
  CHECK_THAT(testing::call(app, "GET /pulled HTTP/1.1\r\nHost: t\r\n\r\n"), ContainsSubstring("1\r\nx\r\n1\r\nx\r\n1\r\nx\r\n0\r\n\r\n"));
}

TEST_CASE("a handler that asks another thread is waited for when octets go in", "[testing][call][promise][threads]") {
  std::thread other;
  const auto asking = [&other](request& r) -> task<response> {
    promise<std::string> told;
    const auto coming = told.get_future();
    other = std::thread([told = std::move(told)] { told.set_value("hello"); });
    auto waiting = coming.wait_for(r.context, std::chrono::hours(1));
    const auto got = co_await waiting;
    co_return text(got.value());
  };
  CHECK(testing::call(asking, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").ends_with("\r\n\r\nhello"));
  other.join();
}
