// A small site: one greeting, one echo, everything else from a directory.
//
//   $ ./hello public
//   listening on http://127.0.0.1:8080/
//   $ curl http://127.0.0.1:8080/hello/ada
//   hello, ada
//   $ curl http://127.0.0.1:8080/echo -d hi
//   hi
//
//   hello [DIR] [PORT]

#include <tinyhttp/tinyhttp.hpp>

#include <cstdio>
#include <exception>
#include <string>

namespace th = tinyhttp;

// Nothing to wait for: a plain function. Its request body, if any, has already been read.
th::response hello(const th::request& req) {
  return th::text("hello, " + std::string(req.path_params["name"]) + "\n");
}

// Something to wait for: a coroutine. It pulls the body when it wants it.
th::task<th::response> echo(th::request& req) {
  const std::uint64_t limit = 64 * 1024;  // octets
  const auto body = co_await req.body.read_all(limit);
  if (!body) co_return th::body_problem(body.error());
  co_return th::text(*body);
}

int main(int argc, char** argv) try {
  const auto port = th::ascii::parse_decimal_strict(argc > 2 ? argv[2] : "8080", 65535);
  const bool helps = argc == 2 && std::string(argv[1]) == "--help";
  if (helps || argc > 3 || !port) return std::fputs("usage: hello [DIR] [PORT]\n", helps ? stdout : stderr), helps ? 0 : 2;

  th::router app;
  app.get("/hello/{name}", hello)
      .post("/echo", echo)
      .otherwise(th::static_files(argc > 1 ? argv[1] : "."));

  th::signal_wait stop{SIGINT, SIGTERM};
  th::server server(th::with_access_log(std::move(app)), {.port = static_cast<std::uint16_t>(*port)});
  std::printf("listening on %s\n", server.url().c_str());
  std::fflush(stdout);
  stop.wait();
} catch (const std::exception& failed) {
  return std::fprintf(stderr, "hello: %s\n", failed.what()), 1;
}
