#include <tinyhttp/app/combined_log.hpp>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "catch.hpp"

using namespace tinyhttp;

namespace {

/// A connection from somewhere, at some time.
class place final : public request_context, public clock {
 public:
  explicit place(std::string peer) : peer_(std::move(peer)) {}
  std::string_view peer() const noexcept override { return peer_; }
  bool cancelled() const noexcept override { return false; }
  task<result<void>> inform(status, const fields&) override { return ready_task(result<void>()); }
  tinyhttp::clock& clock() noexcept override { return *this; }
  void post(function<void()>) override {}
  time_point now() noexcept override { return {}; }
  std::int64_t unix_seconds() noexcept override { return 784111777; }
  task<void> wait_until(time_point) override { co_return; }

 private:
  std::string peer_;
};

/// The line for `r`, when its answer is over.
template <class H>
std::string line_of(H h, request r, std::string peer = "192.0.2.1:4711") {
  std::vector<std::string> lines;
  const auto logged = with_combined_log(std::move(h), [&lines](std::string_view line) { lines.emplace_back(line); });
  place from(std::move(peer));
  r.context = &from;
  const response made = logged(r).get();
  CHECK(lines.empty());
  REQUIRE(made.attached() != nullptr);
  for (auto& each : made.attached()->sent) each({.status = made.status, .body_octets = 2326, .complete = true});
  REQUIRE(lines.size() == 1);
  return lines[0];
}
const auto ok = [](const request&) { return text("x"); };

}  // namespace

TEST_CASE("a line in Combined form has what the programs that read it want", "[app][combined_log]") {
  CHECK(line_of(ok, request::get("/a.gif?x=1", {{"Referer", "http://h/start"}, {"User-Agent", "Mozilla/4.08 [en]"}})) ==
        R"(192.0.2.1 - - [06/Nov/1994:08:49:37 +0000] "GET /a.gif?x=1 HTTP/1.1" 200 2326 "http://h/start" "Mozilla/4.08 [en]")");
  request old = request::post("/", "x");
  old.version = http_version::http_1_0;
  CHECK(line_of([](const request&) { return problem(404); }, std::move(old), "[2001:db8::1]:80") ==
        R"(2001:db8::1 - - [06/Nov/1994:08:49:37 +0000] "POST / HTTP/1.0" 404 2326 "-" "-")");
  const auto later = [](request&) -> task<response> { co_return response(status::no_content); };
  CHECK(line_of(later, request::get("/"), "unix:/run/a b") ==
        R"(unix:/run/a b - - [06/Nov/1994:08:49:37 +0000] "GET / HTTP/1.1" 204 2326 "-" "-")");
}

TEST_CASE("no request can forge a line in Combined form", "[app][combined_log][security]") {
  CHECK(line_of(ok, request::get("/%22\"?\\", {{"User-Agent", "a\" 200 1\t\xff"}, {"Referer", "\\"}})) ==
        R"(192.0.2.1 - - [06/Nov/1994:08:49:37 +0000] "GET /%22\x22?\x5c HTTP/1.1" 200 2326 "\x5c" "a\x22 200 1\x09\xff")");
}
