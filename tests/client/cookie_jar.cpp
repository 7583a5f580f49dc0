// tests/client/cookie_jar.cpp -- tests client/cookie_jar.hpp; with a client in tests/apart/client.cpp
#include "../files/scratch.hpp"
#include "catch.hpp"

#include <tinyhttp/client/cookie_jar.hpp>

#include <atomic>
#include <cstdint>
#include <fstream>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace tinyhttp;

namespace {

/// A file that somebody else has left, readable by all.
void leave_a_file(const std::string& path) {
  std::ofstream(path) << "left over";
  REQUIRE(::chmod(path.c_str(), 0644) == 0);
}

std::int64_t held_time() noexcept { return 1'000'000'000; }

}  // namespace

TEST_CASE("a jar takes cookies from answers and puts them in front of a request's own",
          "[client][cookie]") {
  const url from = parse_url("http://h.example/a").value();
  cookie_jar cookies(&held_time);
  response answer(status::ok, {{"Set-Cookie", "a=1"}, {"X", "y"}, {"set-cookie", "b=2; path=/b"}});
  cookies.after(from, answer);
  request r = request::get("/b");
  r.fields.add("Cookie", "own=3");
  cookies.before(parse_url("http://h.example/b").value(), r);
  CHECK(r.fields.count("Cookie") == 1);
  CHECK(r.fields["Cookie"] == "b=2; a=1; own=3");
  request elsewhere = request::get("/");
  cookies.before(parse_url("http://i.example/").value(), elsewhere);
  CHECK(!elsewhere.fields.contains("Cookie"));
}

TEST_CASE("a jar goes to a file that only its owner reads, and comes back", "[client][cookie]") {
  const scratch::folder folder;
  const std::string path = folder.path("cookies");
  const url h = parse_url("http://h.example/").value();
  cookie_jar cookies(&held_time);
  CHECK(cookies.set(h, "a=1; max-age=100"));
  CHECK(cookies.set(h, "session=2"));
  CHECK(!cookies.set(h, "nothing"));
  leave_a_file(path + ".new");
  REQUIRE(cookies.save(path));
  struct stat facts;
  REQUIRE(::stat(path.c_str(), &facts) == 0);
  CHECK((facts.st_mode & 0777) == 0600);
  CHECK(folder.names() == std::vector<std::string>{"cookies", "cookies.new"});  // that was nobody's business

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

TEST_CASE("a jar that goes to a pipe or a device is written into it, and leaves it what it is", "[client][cookie]") {
  const scratch::folder folder;
  const std::string path = folder.path("pipe");
  REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
  const int reader = ::open(path.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC);
  REQUIRE(reader >= 0);
  cookie_jar cookies(&held_time);
  REQUIRE(cookies.set(parse_url("http://h.example/a").value(), "a=1"));
  CHECK(cookies.save(path));
  std::string text(4096, '\0');
  const auto count = ::read(reader, text.data(), text.size());
  text.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
  CHECK(text == format_cookie_file(cookies.cookies()));
  ::close(reader);
  struct stat facts;
  REQUIRE(::lstat(path.c_str(), &facts) == 0);
  CHECK(S_ISFIFO(facts.st_mode));
  CHECK(folder.names() == std::vector<std::string>{"pipe"});
  CHECK_FALSE(cookies.save(folder.path()));
}

TEST_CASE("a jar does not wait for somebody to read a pipe, but for who reads it slowly", "[client][cookie][threads]") {
  const scratch::folder folder;
  const std::string path = folder.path("pipe");
  REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
  cookie_jar cookies(&held_time);
  for (int i = 0; i < 20; ++i)
    REQUIRE(cookies.set(parse_url("http://h.example/a").value(), "n" + std::to_string(i) + "=" + std::string(1000, 'v')));
  const auto unread = cookies.save(path);
  REQUIRE_FALSE(unread);
  CHECK(unread.error().message() == "open " + path + ": nobody reads it");

  const int reader = ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  REQUIRE(reader >= 0);
#ifdef F_SETPIPE_SZ
  REQUIRE(::fcntl(reader, F_SETPIPE_SZ, 4096) >= 0);  // octets: far less than the text
#endif
  REQUIRE(::fcntl(reader, F_SETFL, 0) == 0);
  result<void> saved;
  std::atomic<bool> over = false;
  std::thread saving([&] {
    saved = cookies.save(path);
    over = true;
  });
  std::string text, room(512, '\0');
  for (bool was_over = false;;) {
    const auto count = ::read(reader, room.data(), room.size());
    if (count < 0 || (count == 0 && was_over)) break;
    text.append(room, 0, static_cast<std::size_t>(count));
    was_over = over;
  }
  saving.join();
  ::close(reader);
  CHECK(saved);
  CHECK(text == format_cookie_file(cookies.cookies()));
}

TEST_CASE("a jar is saved by many threads at once, each time as a whole", "[client][cookie][threads]") {
  const scratch::folder folder;
  const std::string path = folder.path("cookies");
  cookie_jar cookies(&held_time);
  REQUIRE(cookies.set(parse_url("http://h.example/").value(), "a=" + std::string(3000, 'x')));
  const std::string whole = format_cookie_file(cookies.cookies());
  std::atomic<int> failed{0};
  std::vector<std::thread> all;
  for (int i = 0; i < 4; ++i)
    all.emplace_back([&] {
      for (int n = 0; n < 100; ++n) {
        if (!cookies.save(path)) ++failed;
        cookie_jar other(&held_time);
        if (!other.load(path) || format_cookie_file(other.cookies()) != whole) ++failed;
      }
    });
  for (auto& each : all) each.join();
  CHECK(failed == 0);
  CHECK(folder.names() == std::vector<std::string>{"cookies"});
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
