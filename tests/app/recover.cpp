#include <tinyhttp/app/recover.hpp>

#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "catch.hpp"

using namespace tinyhttp;

namespace {

template <class H>
response call(const H& h, request r = request::get("/report?x")) {
  return h(r).get();
}

struct heard {
  std::vector<std::string> lines;
  auto hook() {
    return [this](const request& r, std::string_view what) {
      lines.push_back(std::string(r.target.text()).append(": ").append(what));
    };
  }
};

}  // namespace

TEST_CASE("what a handler throws becomes a constant 500 and reaches the hook",
          "[app][recover][security]") {
  heard log;
  const auto at_once = with_recover(
      [](const request&) -> response { throw std::runtime_error("secret"); }, log.hook());
  const auto later = with_recover(
      [](request&) -> task<response> {
        throw std::runtime_error("later secret");
        co_return response();
      },
      log.hook());
  const auto strange = with_recover([](const request&) -> response { throw 7; }, log.hook());

  for (const response& r : {call(at_once), call(later), call(strange)}) {
    CHECK(r.status == status::internal_server_error);
    CHECK(r.body.text() == problem(status::internal_server_error).body.text());
    CHECK(r.fields.size() == 1);
  }
  CHECK(log.lines == std::vector<std::string>{"/report?x: secret", "/report?x: later secret",
                                              "/report?x: something that is no std::exception"});
}

TEST_CASE("a handler that throws nothing is left alone", "[app][recover]") {
  heard log;
  const auto at_once = with_recover([](const request&) { return text("now"); }, log.hook());
  const auto later =
      with_recover([](request&) -> task<response> { co_return text("later"); }, log.hook());

  request r = request::get("/");
  CHECK(at_once(r).is_ready());
  CHECK(call(at_once).body.text() == "now");
  CHECK(call(later).body.text() == "later");
  CHECK(log.lines.empty());
}

TEST_CASE("a hook may be left out", "[app][recover]") {
  const auto silent = with_recover([](const request&) -> response { throw 1; }, error_hook());
  CHECK(call(silent).status == status::internal_server_error);
}

TEST_CASE("what a body throws while it is read first is recovered from, too", "[app][recover]") {
  heard log;
  const auto app = with_recover([](const request& r) { return text(r.body); }, log.hook());
  body bad = stream_body([]() -> std::string { throw std::runtime_error("pull"); });
  CHECK(call(app, request::post("/up", std::move(bad))).status == status::internal_server_error);
  CHECK(log.lines == std::vector<std::string>{"/up: pull"});
}
