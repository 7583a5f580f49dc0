// Unit tests of a downloader, with a fake file server: the file to copy.
//
//   $ c++ -std=c++20 -Iinclude examples/test_a_downloader.cpp -pthread -o tests && ./tests
//   8 tests, 0 failed
//
// The same source is a test program of Catch2, GoogleTest, doctest or Boost.Test:
//
//   $ c++ -std=c++20 -Iinclude -DWITH_CATCH2  examples/test_a_downloader.cpp -pthread
//   $ c++ -std=c++20 -Iinclude -DWITH_DOCTEST examples/test_a_downloader.cpp -pthread
//   $ c++ -std=c++20 -Iinclude -DWITH_BOOST   examples/test_a_downloader.cpp -pthread
//   $ c++ -std=c++20 -Iinclude -DWITH_GTEST   examples/test_a_downloader.cpp -pthread -lgtest -lgtest_main
//
// (Catch2 3 needs -lCatch2Main -lCatch2 as well.) Replace `download` by your own, and keep the tests.

#include <tinyhttp/client/client.hpp>
#include <tinyhttp/testing.hpp>

#include <cstddef>
#include <string>
#include <thread>

using namespace tinyhttp::testing;

// ---- the framework: keep the lines of yours ------------------------------------------------------

#if defined(WITH_CATCH2) && __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
#elif defined(WITH_CATCH2)
#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>
#elif defined(WITH_DOCTEST)
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>
#elif defined(WITH_GTEST)
#include <gtest/gtest.h>
#define NAMED_TEST(name, words) TEST(Downloader, name)
#define CHECK(...) EXPECT_TRUE((__VA_ARGS__))
#elif defined(WITH_BOOST)
#define BOOST_TEST_MODULE downloader
#include <boost/test/included/unit_test.hpp>
#define NAMED_TEST(name, words) BOOST_AUTO_TEST_CASE(name)
#define CHECK(...) BOOST_TEST((__VA_ARGS__))
#else  // none: the least that will do
#include <cstdio>
#include <vector>
struct test_case {
  const char* words;
  void (*run)();
};
static std::vector<test_case> tests;
static int checks_failed = 0;
struct registered {
  registered(const char* words, void (*run)()) { tests.push_back({words, run}); }
};
#define NAMED_TEST(name, words)                    \
  static void name();                              \
  static const registered name##_in(words, &name); \
  static void name()
#define CHECK(...)                                                                     \
  do {                                                                                 \
    if (!(__VA_ARGS__)) ++checks_failed, std::printf("line %d: %s\n", __LINE__, #__VA_ARGS__); \
  } while (false)
int main() {
  for (const auto& each : tests) each.run();
  std::printf("%zu tests, %d failed\n", tests.size(), checks_failed);
  return checks_failed != 0;
}
#endif
#ifndef NAMED_TEST
#define NAMED_TEST(name, words) TEST_CASE(words)
#endif

// ---- the code under test: yours --------------------------------------------------------------------

struct outcome {
  bool ok = false;
  std::string octets;
};

// Gets a URL; when the line drops, goes on where it was, at most three times.
static outcome download(const std::string& url, std::size_t* progress = nullptr) {
  tinyhttp::client client;
  std::string have, tag;
  for (int attempt = 0; attempt < 4; ++attempt) {
    tinyhttp::call_options how;
    if (!have.empty() && !tag.empty()) {
      how.fields.set("Range", "bytes=" + std::to_string(have.size()) + "-");
      how.fields.set("If-Range", tag);
    } else {
      have.clear();
    }
    auto got = client.open(url, std::move(how));
    if (!got) continue;
    const int status = got->status.code();
    if (status == 503) continue;
    const auto wanted = "bytes " + std::to_string(have.size()) + "-";
    const bool goes_on = status == 206 && !have.empty() && got->fields["Content-Range"].starts_with(wanted);
    if (status != 200 && !goes_on) return {};
    if (status == 200) have.clear();
    tag = got->fields["ETag"];
    for (;;) {
      const auto piece = tinyhttp::pull(got->body);
      if (!piece) break;
      if (piece->empty()) return {true, have};
      have.append(*piece);
      if (progress != nullptr) *progress = have.size();
    }
  }
  return {};
}

// ---- the tests -------------------------------------------------------------------------------------

static const content firmware = pattern(3_MiB, 7);

NAMED_TEST(plain, "a file arrives as it is") {
  fake_server srv;
  srv.file("/fw.img", firmware);
  const auto got = download(srv.url("/fw.img"));
  CHECK(got.ok);
  CHECK(firmware.octets() == got.octets);
  CHECK(srv.saw(get("/fw.img").without("Range")).exactly(1));
}

NAMED_TEST(resumed, "a line that drops once costs nothing twice") {
  fake_server srv;
  srv.file("/fw.img", firmware).etag("\"v1\"");
  srv.on("/fw.img", cut(after{500'000}).times(1).then(serve()));  // 500,000 octets and an end, then healthy
  CHECK(download(srv.url("/fw.img")).octets == firmware.octets());
  CHECK(srv.saw(get("/fw.img")).exactly(2));
  CHECK(srv.journal()[1].header("Range") == "bytes=500000-");
}

NAMED_TEST(swapped, "halves of two files are never joined") {
  fake_server srv;
  srv.file("/fw.img", firmware).etag("\"v1\"");
  srv.on("/fw.img", cut(after{500'000}).times(1).then(swap_content(pattern(3_MiB, 8), "\"v2\"")));
  CHECK(download(srv.url("/fw.img")).octets == pattern(3_MiB, 8).octets());
  CHECK(srv.saw(get("/fw.img").with("If-Range", "\"v1\"")).exactly(1));
}

NAMED_TEST(reset_late, "a reset loses nothing of what came before it") {
  fake_server srv;
  srv.file("/fw.img", firmware).etag("\"v1\"");
  srv.on("/fw.img", reset(after{1_MiB}).times(1).then(serve()));
  CHECK(download(srv.url("/fw.img")).ok);
  CHECK(srv.journal()[0].acked == 1_MiB);
  CHECK(srv.saw(get("/fw.img").with("Range", "bytes=1048576-")).once());
}

NAMED_TEST(busy, "a busy mirror is asked again") {
  fake_server srv;
  srv.file("/index", text("ok"));
  srv.on("/index", reply(503).times(2).then(serve()));
  CHECK(download(srv.url("/index")).octets == "ok");
  CHECK(srv.saw(get("/index")).exactly(3));
}

NAMED_TEST(progress, "progress is what has arrived, without a sleep") {
  std::size_t shown = 0;
  std::jthread job;  // before the server: if the test ends early, that ends first, and with it the download
  fake_server srv;
  const gate half;
  srv.file("/big", pattern(2_MiB));
  srv.on("/big", hold(after{1_MiB}, half));
  job = std::jthread([&shown, url = srv.url("/big")] { (void)download(url, &shown); });
  CHECK(half.reached());  // exactly 1 MiB is in the client's kernel, and nothing behind it
  half.open();
  job.join();
  CHECK(shown == 2_MiB);
}

NAMED_TEST(gone, "a mirror that is down is an error, and comes back") {
  fake_server srv;
  srv.file("/x", text("x"));
  srv.refuse();
  CHECK(!download(srv.url("/x")).ok);
  srv.accept();
  CHECK(download(srv.url("/x")).ok);
}

NAMED_TEST(everything, "whatever goes wrong: the file, or an error") {
  const auto card = torture(
      [](const std::string& url) -> std::optional<std::string> {
        auto got = download(url);
        return got.ok ? std::optional(got.octets) : std::nullopt;
      },
      {.only = "cut"});  // leave this out to run them all
  CHECK(card.all_fine());
}
