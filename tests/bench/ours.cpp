// The server under measurement: twenty routes, and a directory behind them. Defaults throughout, but
// for what an argument says.
//
//   ours PORT DIRECTORY [threads=N] [trust=MILLISECONDS] [connections=N] [routes=N] [work=MICROSECONDS]
//
// `connections`: for one address. `routes`: so many more, /many/0/{name} and on. `work`: a route
// /work that keeps its thread busy for so long.
#include <tinyhttp/app/router.hpp>
#include <tinyhttp/files/static_files.hpp>
#include <tinyhttp/server/server.hpp>
#include <tinyhttp/server/signals.hpp>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>

namespace th = tinyhttp;

namespace {

/// The N of the argument `NAME=N`; `otherwise` where there is none.
unsigned given(int argc, char** argv, std::string_view name, unsigned otherwise) {
  for (int i = 3; i < argc; ++i) {
    const std::string_view all = argv[i];
    if (all.size() > name.size() && all.starts_with(name) && all[name.size()] == '=')
      return static_cast<unsigned>(std::atoi(argv[i] + name.size() + 1));
  }
  return otherwise;
}

th::response work(std::chrono::microseconds long_) {
  const auto end = std::chrono::steady_clock::now() + long_;
  while (std::chrono::steady_clock::now() < end) {
  }
  return th::text("Hello, World!");
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc < 3) return std::fputs("ours PORT DIRECTORY [NAME=N...]\n", stderr), 2;
  const auto greet = [](const th::request&) { return th::text("Hello, World!"); };
  th::router app;
  for (const char* noun : {"users", "orders", "items", "carts", "tags", "teams"}) {
    const std::string base = std::string("/api/").append(noun);
    app.get(base, greet).post(base, greet).get(base + "/{id}", greet);
  }
  app.get("/status", greet).get("/hello", greet);
  const unsigned routes = given(argc, argv, "routes", 0);
  for (unsigned i = 0; i < routes; ++i) app.get("/many/" + std::to_string(i) + "/{name}", greet);
  const std::chrono::microseconds busy(given(argc, argv, "work", 0));
  if (busy.count() > 0) app.get("/work", [busy](const th::request&) { return work(busy); });
  th::static_files_options files;
  files.trust_for = std::chrono::milliseconds(given(argc, argv, "trust", 0));
  app.otherwise(th::static_files(argv[2], std::move(files)));
  th::server_options with = {.port = static_cast<std::uint16_t>(std::atoi(argv[1]))};
  with.threads = given(argc, argv, "threads", with.threads);
  with.connections_per_address = given(argc, argv, "connections", static_cast<unsigned>(with.connections_per_address));
  th::signal_wait stop{SIGINT, SIGTERM};
  th::server server(std::move(app), std::move(with));
  stop.wait();
} catch (const std::exception& failed) {
  std::fprintf(stderr, "ours: %s\n", failed.what());
  return 1;
}
