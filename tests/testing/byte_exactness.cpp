// tests/testing/byte_exactness.cpp -- how exact cut, reset and hold are, and how soon a server is there.
//
// The hidden cases measure what docs/testing.md publishes:  tests '[measure]'
#include "support.hpp"

#include "catch.hpp"

#include <tinyhttp/testing/fake_server.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

using namespace tinyhttp::testing;
using testing_support::talk;

namespace {

/// How many of `runs` responses of 3 MiB that end at `n` gave the client something else.
std::size_t inexact(std::size_t runs, std::uint64_t n, bool by_reset) {
  fake_server srv;
  const content file = pattern(3_MiB, 7);
  srv.file("/f", file);
  srv.on("/f", by_reset ? reset(after{n}) : cut(after{n}));
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < runs; ++i) {
    const auto got = talk(srv, "GET /f HTTP/1.1\r\nHost: t\r\n\r\n");
    const bool exact = got.body().size() == n && got.error.empty() != by_reset;
    wrong += exact ? 0u : 1u;
    if (!exact) std::printf("run %zu: %zu octets, \"%s\"\n", i, got.body().size(), got.error.c_str());
  }
  for (const auto& each : srv.journal()) wrong += each.acked == n ? 0u : 1u;
  return wrong;
}

}  // namespace

TEST_CASE("cuts and resets are exact, run after run", "[testing][byte_exactness]") {
  for (const std::uint64_t n : {1u, 4096u, 65'537u, 500'000u}) {
    CHECK(inexact(25, n, false) == 0);
    CHECK(inexact(25, n, true) == 0);
  }
}

TEST_CASE("measured: 10,000 cuts and 10,000 resets", "[.][measure]") {
  std::size_t wrong = 0;
  std::printf("| octets | runs | cut: other than exact | reset: other than exact |\n|---|---|---|---|\n");
  for (const auto& [n, runs] : std::vector<std::pair<std::uint64_t, std::size_t>>{
           {0, 1000}, {1, 1000}, {1460, 1000}, {65'536, 2000}, {100'000, 2000}, {500'000, 2000}, {2'000'000, 1000}}) {
    const auto cuts = inexact(runs, n, false), resets = inexact(runs, n, true);
    std::printf("| %llu | %zu | %zu | %zu |\n", static_cast<unsigned long long>(n), runs, cuts, resets);
    wrong += cuts + resets;
  }
  CHECK(wrong == 0);
}

TEST_CASE("measured: start and stop", "[.][measure]") {
  std::vector<double> took;
  for (int i = 0; i < 1000; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    { fake_server srv; }
    took.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count());
  }
  std::sort(took.begin(), took.end());
  std::printf("start and stop: median %.3f ms, 99th percentile %.3f ms\n", took[500], took[990]);
  CHECK(took.size() == 1000);
}
