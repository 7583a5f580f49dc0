// The server under measurement: twenty routes, and a directory behind them. Defaults throughout.
//
//   ours PORT DIRECTORY [THREADS]
#include <tinyhttp/app/router.hpp>
#include <tinyhttp/files/static_files.hpp>
#include <tinyhttp/server/server.hpp>
#include <tinyhttp/server/signals.hpp>

#include <cstdio>
#include <cstdlib>
#include <string>

namespace th = tinyhttp;

int main(int argc, char** argv) try {
  if (argc < 3) return std::fputs("ours PORT DIRECTORY [THREADS]\n", stderr), 2;
  const auto greet = [](const th::request&) { return th::text("Hello, World!"); };
  th::router app;
  for (const char* noun : {"users", "orders", "items", "carts", "tags", "teams"}) {
    const std::string base = std::string("/api/").append(noun);
    app.get(base, greet).post(base, greet).get(base + "/{id}", greet);
  }
  app.get("/status", greet).get("/hello", greet).otherwise(th::static_files(argv[2]));
  th::signal_wait stop{SIGINT, SIGTERM};
  th::server server(std::move(app), {.port = static_cast<std::uint16_t>(std::atoi(argv[1])),
                                     .threads = argc > 3 ? static_cast<unsigned>(std::atoi(argv[3])) : 1u});
  stop.wait();
} catch (const std::exception& failed) {
  std::fprintf(stderr, "ours: %s\n", failed.what());
  return 1;
}
