// tests/client/cookie_jar.cpp -- tests client/cookie_jar.hpp
#include "../files/scratch.hpp"
#include "catch.hpp"
#include "support.hpp"

#include <tinyhttp/client/client.hpp>
#include <tinyhttp/client/cookie_jar.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <sys/stat.h>

using namespace client_test;

namespace {

std::int64_t held_time() noexcept { return 1'000'000'000; }

/// What a request says of cookies.
std::string cookies_in(const std::string& asked) {
  const auto at = asked.find("Cookie: ");
  return at == asked.npos ? "" : asked.substr(at + 8, asked.find("\r\n", at) - at - 8);
}

const std::string sets =
    "HTTP/1.1 302 Over There\r\nLocation: /b\r\nSet-Cookie: a=1\r\nContent-Length: 0\r\n"
    "Set-Cookie: b=2; path=/b; HttpOnly\r\n\r\n";
const std::string plain = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";

}  // namespace

TEST_CASE("a jar takes cookies from every answer and gives them to every request",
          "[client][cookie][threads]") {
  std::vector<std::string> seen;
  scripted_server server([&](net::socket& s, int) {
    for (const std::string& answer : {sets, plain, plain, plain}) {
      const std::string asked = read_request(s);
      if (asked.empty()) return;
      seen.push_back(cookies_in(asked));
      if (!s.send_all(answer)) return;
    }
  });
  cookie_jar cookies(&held_time);
  client_options with;
  with.max_redirects = 5;
  with.hooks = {&cookies};
  client c(std::move(with));
  REQUIRE(c.get(server.url("/a")));
  REQUIRE(c.get(server.url("/c")));
  call_options own;
  own.fields.add("Cookie", "own=3");
  REQUIRE(c.call(server.url("/b/x"), std::move(own)));
  CHECK(seen == std::vector<std::string>{"", "b=2; a=1", "a=1", "b=2; a=1; own=3"});
}

TEST_CASE("a jar goes to a file that only its owner reads, and comes back", "[client][cookie]") {
  const scratch::folder folder;
  const std::string path = folder.path("cookies");
  const url h = parse_url("http://h.example/").value();
  cookie_jar cookies(&held_time);
  CHECK(cookies.set(h, "a=1; max-age=100"));
  CHECK(cookies.set(h, "session=2"));
  CHECK(!cookies.set(h, "nothing"));
  REQUIRE(cookies.save(path));
  struct stat facts;
  REQUIRE(::stat(path.c_str(), &facts) == 0);
  CHECK((facts.st_mode & 0777) == 0600);

  cookie_jar again(&held_time);
  REQUIRE(again.load(path));
  CHECK(again.cookies().size() == 2);
  request r = request::get("/");
  again.before(h, r);
  CHECK(r.fields["Cookie"] == "a=1; session=2");

  REQUIRE(again.save(path, false));
  again.clear();
  REQUIRE(again.load(path));
  CHECK(again.cookies().size() == 1);
  const auto missing = again.load(path + ".none");
  REQUIRE(!missing);
  CHECK(missing.error().message() == "open " + path + ".none: no such file or directory");
}

TEST_CASE("a jar serves many threads", "[client][cookie][threads]") {
  cookie_jar cookies(&held_time);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&cookies, t] {
      const url to = parse_url("http://h" + std::to_string(t) + ".example/").value();
      for (int i = 0; i < 100; ++i) {
        response answer(status::ok, {{"Set-Cookie", "n=" + std::to_string(i)}});
        cookies.after(to, answer);
        request r = request::get("/");
        cookies.before(to, r);
      }
    });
  for (std::thread& t : threads) t.join();
  CHECK(cookies.cookies().size() == 4);
}
