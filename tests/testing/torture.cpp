// tests/testing/torture.cpp -- tests testing/torture.hpp and sweep.hpp, on good and on bad downloaders.
#include "support.hpp"

#include "catch.hpp"
#include "no_threads.hpp"

#include <tinyhttp/client/download.hpp>
#include <tinyhttp/testing/sweep.hpp>
#include <tinyhttp/testing/torture.hpp>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <unistd.h>

using testing_support::may_fork;
using namespace tinyhttp::testing;
using Catch::Matchers::ContainsSubstring;

namespace {

tinyhttp::client_options impatient() {
  tinyhttp::client_options how;
  how.first_octet_timeout = how.idle_timeout = std::chrono::milliseconds(800);  // of a busy machine, too
  how.max_redirects = 5;
  return how;
}

tinyhttp::result<std::string> get_whole(const std::string& url) {
  tinyhttp::client with(impatient());
  auto got = with.get(url);
  if (!got) return got.error();
  if (got->status != tinyhttp::status::ok)
    return tinyhttp::error(tinyhttp::error_kind::protocol, "status " + std::to_string(got->status.code()));
  return std::string(got->body.text());
}

/// Downloads to a file, twice if need be, going on with what the first attempt has left.
tinyhttp::result<std::string> download_twice(const std::string& url, std::size_t connections) {
  tinyhttp::client with(impatient());
  // Where syncing to disk costs nothing, if there is such a place.
  std::string folder = ::access("/dev/shm", W_OK) == 0 ? "/dev/shm/tinyhttp-XXXXXX" : "/tmp/tinyhttp-XXXXXX";
  if (::mkdtemp(folder.data()) == nullptr) std::abort();
  const std::string path = folder + "/file";
  const auto attempt = [&] {
    tinyhttp::download_options how;
    how.sync = false;
    how.parallel = connections;
    how.smallest_piece = 100;
    return tinyhttp::download(with, url, path, std::move(how));
  };
  auto got = attempt();
  if (!got) got = attempt();
  std::ifstream in(path, std::ios::binary);
  std::string octets{std::istreambuf_iterator<char>(in), {}};
  for (const char* end : {"", ".part", ".part.from"}) std::remove((path + end).c_str());
  std::remove(folder.c_str());
  if (!got) return got.error();
  return octets;
}

tinyhttp::result<std::string> download_and_resume(const std::string& url) { return download_twice(url, 1); }
tinyhttp::result<std::string> download_in_pieces(const std::string& url) { return download_twice(url, 4); }

/// What is written in a hurry: reads until the end, whatever that means.
std::optional<std::string> naive(const std::string& url) {
  const auto at = url.find(':', 7);
  const auto port = static_cast<std::uint16_t>(std::stoi(url.substr(at + 1)));
  auto socket = tinyhttp::net::socket::open(AF_INET).value();
  if (!socket.connect(*tinyhttp::net::address::parse("127.0.0.1", port))) return std::nullopt;
  if (!socket.send_all("GET /file HTTP/1.0\r\nHost: t\r\n\r\n")) return std::nullopt;
  std::string all;
  std::array<char, 65536> room;
  for (;;) {
    const auto got = socket.receive(room);
    if (!got || *got == 0) break;
    all.append(room.data(), *got);
  }
  if (all.substr(0, 12) == "HTTP/1.1 999") std::abort();
  const auto end = all.find("\r\n\r\n");
  return end == all.npos ? std::nullopt : std::optional(all.substr(end + 4));
}

}  // namespace

TEST_CASE("the catalogue has sixty cases and more, each with a name of its own", "[testing][torture]") {
  const auto& all = torture_cases();
  CHECK(all.size() >= 60);
  for (std::size_t i = 0; i < all.size(); ++i)
    for (std::size_t j = 0; j < i; ++j) CHECK(all[i].name != all[j].name);
}

TEST_CASE("servers stand still while a process is made, and go on behind that", "[testing][torture]") {
  std::vector<std::unique_ptr<fake_server>> servers(3);
  servers[0] = std::make_unique<fake_server>();
  servers[2] = std::make_unique<fake_server>();
  std::atomic<int> done{0};
  std::vector<std::thread> asking;
  {
    const detail::standstill held(servers);
    for (auto* const each : {servers[0].get(), servers[2].get()})
      asking.emplace_back([&done, each] { done += each->open_connections() == 0 ? 1 : 100; });
    std::this_thread::yield();
    CHECK(done == 0);
  }
  for (auto& each : asking) each.join();
  CHECK(done == 2);
}

TEST_CASE("our client has the content or says that it has not, whatever goes wrong", "[testing][torture][client]") {
  const auto card = torture(get_whole, {.time_limit = patience() * 10, .isolate = may_fork});
  INFO(card.text());
  CHECK(card.all_fine());
  CHECK(card.count(mark::right) >= 8);
}

TEST_CASE("our download does, too, and goes on only with the same file", "[testing][torture][client]") {
  const auto card = torture(download_and_resume, {.time_limit = patience() * 10, .isolate = may_fork});
  INFO(card.text());
  CHECK(card.all_fine());
  CHECK(card.count(mark::right) >= 12);
}

TEST_CASE("our download over four connections does, too", "[testing][torture][client]") {
  const bool all = std::getenv("TINYHTTP_LONG") != nullptr;  // else in a tenth of the time
  const auto card = torture(download_in_pieces,
                            {.time_limit = patience() * 10, .isolate = may_fork, .only = all ? "" : "cut"});
  INFO(card.text());
  CHECK(card.all_fine());
  CHECK(card.count(mark::right) >= (all ? 12 : 2));
  if (all) CHECK(sweep_cuts(download_in_pieces, {.size = 300, .heal = true}));
}

TEST_CASE("a naive download is found out: it corrupts, hangs and crashes", "[testing][torture]") {
  if (!may_fork) {
    SUCCEED("a crash needs a process of its own");
    return;
  }
  const auto card = torture(naive, {.time_limit = patience()});
  CHECK_FALSE(card.all_fine());
  CHECK(card.count(mark::silent_corruption) > 10);
  CHECK(card.count(mark::hang) >= 2);
  CHECK(card.count(mark::crash) == 1);
  CHECK_THAT(card.text(), ContainsSubstring("SILENT CORRUPTION  cut in the middle, always"));
  CHECK_THAT(card.text(), ContainsSubstring("CRASH              status 999"));
}

TEST_CASE("a download may run in threads instead of processes", "[testing][torture]") {
  const auto card = torture(get_whole, {.isolate = false, .only = "cut"});
  CHECK(card.all_fine());
  CHECK(card.lines().size() >= 8);
}

TEST_CASE("what a preparation throws comes out, and nobody runs on behind it", "[testing][torture]") {
  const auto prepare = [](std::size_t i) {
    if (i > 0) throw std::runtime_error("no port left");
    return std::string("argument");
  };
  const auto nothing = [](auto...) { return std::string(); };
  std::atomic<int> calls{0};
  const auto count = [&](const std::string& argument) {
    ++calls;
    return std::optional<std::string>(argument);
  };
  for (const bool in_processes : {false, may_fork}) {
    CHECK_THROWS_AS(run_apart(2, 2, std::chrono::seconds(10), in_processes, prepare, nothing, nothing, nothing, count),
                    std::runtime_error);
  }
  CHECK(calls == 0);
}

#if defined(__GLIBC__)
TEST_CASE("a call for which there is no thread says so, and nothing is terminated", "[testing][torture]") {
  int ended = 0;
  const auto prepare = [](std::size_t) { return std::string("argument"); };
  const auto done = [&ended](std::size_t) { ++ended; };
  const auto nothing = [] { return std::string(); };
  const auto call = [](const std::string& argument) { return std::optional<std::string>(argument); };
  const auto got = [&] {
    const no_threads none;
    return run_apart(3, 2, std::chrono::seconds(10), false, prepare, done, nothing, nothing, call);
  }();
  for (const auto& each : got) CHECK(each.text == "cannot start a thread");
  CHECK(ended == 3);
}
#endif

TEST_CASE("an end at every octet of head and body gives the file or an error", "[testing][sweep][client]") {
  CHECK(sweep_cuts(get_whole));
  CHECK(sweep_cuts(download_and_resume, {.size = 64, .heal = true}));
  CHECK_FALSE(sweep_cuts(naive));
}
