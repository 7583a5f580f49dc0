// What it costs to start a server and to stop it.  starts COUNT
//
// Prints microseconds, of the clock and of this process's CPU time, for each start and stop: of a
// fake server, and of a server without anything to serve. One line of JSON for each.
#include <tinyhttp/server/server.hpp>
#include <tinyhttp/testing/fake_server.hpp>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>

namespace th = tinyhttp;

namespace {

double cpu_microseconds() { return static_cast<double>(std::clock()) * 1e6 / CLOCKS_PER_SEC; }

template <class F>
void measure(const char* what, int count, F once) {
  using steady = std::chrono::steady_clock;
  once();
  const double cpu = cpu_microseconds();
  const auto began = steady::now();
  for (int i = 0; i < count; ++i) once();
  const double took = std::chrono::duration<double, std::micro>(steady::now() - began).count();
  std::printf("{\"what\": \"%s\", \"us\": %.2f, \"cpu_us\": %.2f}\n", what, took / count,
              (cpu_microseconds() - cpu) / count);
}

}  // namespace

int main(int argc, char** argv) {
  const int count = argc > 1 ? std::atoi(argv[1]) : 100;
  measure("fake_server", count, [] { th::testing::fake_server one; });
  measure("server", count, [] {
    th::server one([](const th::request&) { return th::text("x"); }, {.port = 0});
  });
}
