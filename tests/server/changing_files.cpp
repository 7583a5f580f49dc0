// Files that shrink, grow, are replaced or deleted while they are sent, over sockets: the message is
// whole and right, or it is cut so that the peer can tell.
#include "files/scratch.hpp"
#include "server/support.hpp"

#include <tinyhttp/files/static_files.hpp>

#include <atomic>
#include <cstdio>
#include <string>
#include <string_view>
#include <thread>

#include <unistd.h>

using namespace server_test;

namespace {

constexpr std::size_t size = 6'000'000;  // octets: more than the system buffers

struct change {
  const char* name;
  bool whole;  // the answer that is under way is complete
  int after;   // the status of the next one
  void (*make)(const scratch::folder&);
};

const change changes[] = {
    {"shrinks", false, 200, [](const scratch::folder& in) { REQUIRE(::truncate(in.path("file").c_str(), size - 1000) == 0); }},
    {"shrinks to what has been sent, or less", false, 200,
     [](const scratch::folder& in) { REQUIRE(::truncate(in.path("file").c_str(), 5000) == 0); }},
    {"is emptied", false, 200, [](const scratch::folder& in) { REQUIRE(::truncate(in.path("file").c_str(), 0) == 0); }},
    {"grows", true, 200, [](const scratch::folder& in) { REQUIRE(::truncate(in.path("file").c_str(), size + 5000) == 0); }},
    {"is replaced", true, 200,
     [](const scratch::folder& in) {
       in.write("new", "new");
       REQUIRE(std::rename(in.path("new").c_str(), in.path("file").c_str()) == 0);
     }},
    {"is deleted", true, 404, [](const scratch::folder& in) { REQUIRE(::unlink(in.path("file").c_str()) == 0); }},
    {"becomes a directory", true, 301,
     [](const scratch::folder& in) {
       REQUIRE(::unlink(in.path("file").c_str()) == 0);
       in.make_folder("file");
     }},
};

}  // namespace

TEST_CASE("a file that changes while it is sent gives its octets or a message that is cut", "[server][files][threads]") {
  const std::string octets = net_test::pattern(size);
  const auto backend = net_test::any_backend();
  for (const change& one : changes) {
    INFO("a file that " << one.name);
    const scratch::folder root;
    root.write("file", octets);
    std::atomic<int> lines{0};
    const server running(static_files(root.path()), {.port = 0, .log = [&lines](std::string_view) { ++lines; }, .backend = backend});
    raw_client c(running, 64 * 1024);
    c.send(get("/file") + get("/file"));  // the second one is answered only if the first was whole
    while (c.kept().size() < 100'000) REQUIRE(c.more());
    one.make(root);
    while (c.kept().size() < size && c.more()) {  // then looked at once
    }
    const answer first = c.receive();
    CHECK(first.status == 200);
    CHECK(first.has("Content-Length: 6000000"));
    CHECK(first.complete == one.whole);
    if (one.whole) {
      CHECK((first.body == octets));
      const answer second = c.receive();
      CHECK(second.status == one.after);
      CHECK(second.complete);
    } else {
      CHECK(c.end == 0);  // nothing behind, least of all another answer
      CHECK(first.body.size() < size);
      // What has come is what was in the file; where it was cut off, the system may have wiped a page.
      CHECK((first.body.compare(0, 100'000, octets, 0, 100'000) == 0));
      CHECK(eventually([&] { return lines == 1; }));
    }
    raw_client next(running);
    const answer now = next.ask(get("/file"));
    CHECK(now.status == one.after);
    CHECK(now.complete);
  }
}

TEST_CASE("a small file that changes all the time is answered with what it was at one moment, or cut",
          "[server][files][threads]") {
  const scratch::folder root;
  root.write("file", std::string(1000, 'a'));
  const server running(static_files(root.path()), {.port = 0, .log = {}, .backend = net_test::any_backend()});
  std::atomic<bool> enough{false};
  std::thread changing([&] {  // in place, by shrinking and by growing, as careless programs do
    for (int i = 0; !enough; ++i) {
      if (::truncate(root.path("file").c_str(), i % 2 ? 1000 : 30) != 0) return;
      if (i % 7 == 0) {
        root.write("new", std::string(500, 'a'));
        std::rename(root.path("new").c_str(), root.path("file").c_str());
      }
    }
  });
  int whole = 0, cut = 0, odd = 0;
  for (int i = 0; i < 1000 && whole + cut < 1000; ++i) {
    raw_client c(running);
    std::string many;
    for (int k = 0; k < 5; ++k) many += get("/file");
    c.send(many);
    c.half_close();
    std::string all = c.rest();
    while (!all.empty()) {
      const answer a = take_answer(all);
      if (!a.complete) {
        cut += a.status == 200 && all.empty();
        odd += a.status != 200;  // octets that are no answer: the framing was wrong
        break;
      }
      whole += a.status == 200;
      for (const char octet : a.body) odd += octet != 'a' && octet != '\0';
      odd += a.status != 200;
    }
  }
  enough = true;
  changing.join();
  CHECK(odd == 0);
  CHECK(whole > 100);
}
