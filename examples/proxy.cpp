// A reverse proxy: paths that begin so go to one server, paths that begin otherwise to another.
//
//   $ ./proxy 8080 /api=http://127.0.0.1:9000 /=http://127.0.0.1:9001
//   listening on http://127.0.0.1:8080/
//   $ curl http://127.0.0.1:8080/api/users
//
// The longest prefix counts, by whole segments: /api is no beginning of /apiary. The upstream gets the
// path as it is, and X-Forwarded-For, -Host and -Proto. Bodies stream both ways. When an upstream does
// not answer, the client gets 502 or 504, and standard error the reason.
//
// Behind another proxy, `--trust 127.0.0.1` (or a network) believes what that one says of its client.
//
//   proxy PORT [--trust ADDRESS]... PREFIX=URL...

#include <tinyhttp/tinyhttp.hpp>

#include <chrono>
#include <cstdio>
#include <exception>
#include <string>
#include <string_view>
#include <utility>

namespace th = tinyhttp;

namespace {

// Everything at `prefix` and below it goes to `upstream`. Throws for what is no URL or no path.
void add(th::router& app, const th::async_client& client, std::string_view prefix,
         std::string_view upstream) {
  while (prefix.ends_with('/')) prefix.remove_suffix(1);
  const auto forward = [&] {
    return th::as_handler(client, upstream, {.log = [](std::string_view line) {
      std::fprintf(stderr, "proxy: %.*s\n", static_cast<int>(line.size()), line.data());
    }});
  };
  if (prefix.empty()) return static_cast<void>(app.otherwise(forward()));
  app.any(prefix, forward());
  app.any(std::string(prefix) + "/{...}", forward());  // unlike {path...}, with %2F, and // in front
}

}  // namespace

int main(int argc, char** argv) try {
  const auto port = th::ascii::parse_decimal_strict(argc > 2 ? argv[1] : "", 65535);
  const bool helps = argc == 2 && std::string_view(argv[1]) == "--help";
  if (!port) return std::fputs("usage: proxy PORT [--trust ADDRESS]... PREFIX=URL...\n", helps ? stdout : stderr), helps ? 0 : 2;

  // One client for all upstreams: it keeps connections to each of them on every loop.
  const th::async_client client({.connect_timeout = std::chrono::seconds(5),
                                 .kept_per_origin = 64,
                                 .kept_in_all = 256});
  th::router app;
  th::trusted_proxy_options trusted;
  for (int i = 2; i < argc; ++i) {
    const std::string_view route(argv[i]);
    if (route == "--trust" && i + 1 < argc) {
      trusted.proxies.push_back(argv[++i]);
      continue;
    }
    const auto equals = route.find('=');
    if (equals == route.npos || !route.starts_with('/'))
      return std::fprintf(stderr, "proxy: %s: not PREFIX=URL\n", argv[i]), 2;
    add(app, client, route.substr(0, equals), route.substr(equals + 1));
  }

  th::signal_wait stop{SIGINT, SIGTERM};
  th::server server(th::with_trusted_proxies(std::move(app), std::move(trusted)), {.port = static_cast<std::uint16_t>(*port)});
  std::printf("listening on %s\n", server.url().c_str());
  std::fflush(stdout);
  stop.wait();
} catch (const std::exception& failed) {
  return std::fprintf(stderr, "proxy: %s\n", failed.what()), 1;
}
