// A file server that is perfect until told to misbehave: for tests in shell, Python, Rust, anything.
//
//   $ ./fake_file_server --file /fw.img=3MiB:seed7 --on '/fw.img cut 500000 x1' &
//   listening on http://127.0.0.1:40441/
//   $ curl -sO http://127.0.0.1:40441/fw.img
//    #1 c1.1 GET /fw.img  200  500000/3145728 acked  cut after 500000  FIN
//
//   fake_file_server [--port N] [--dir /mount=DIR]... [--file /path=3MiB:seed7]...
//                    [--text /path=TEXT]... [--on '/path BEHAVIOUR']... [--journal FILE]
//
// BEHAVIOUR: reply CODE, redirect URL, serve, raw FILE, ignore-range, swap SEED, basic-auth USER:PASS,
// retry-after S, flaky PERCENT SEED; cut N, reset N, stall N, flip-bit N, throttle BYTES/s;
// length N, no-length, double-length N, extra TEXT, chunked N, bad-chunks, no-last-chunk,
// tiny-writes N, noise CODE, bare-lf, close. Joined by blanks; `xN` for so many requests, and `then`
// what comes behind. N counts octets of the body; `@N` is a place in the file, `head` before the head.
//
// The first line says where it listens; then a line for each exchange that is over, and as a JSON
// object a line in FILE. SIGTERM and SIGINT end it with status 0.

#include <tinyhttp/server/signals.hpp>
#include <tinyhttp/testing/fake_server.hpp>
#include <tinyhttp/testing/script.hpp>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace th = tinyhttp;
namespace tt = tinyhttp::testing;

[[noreturn]] void usage(const std::string& problem) {
  std::fprintf(stderr, "fake_file_server: %s\n", problem.c_str());
  std::fputs("usage: fake_file_server [--port N] [--dir /mount=DIR]... [--file /path=SIZE[:seedN]]...\n"
             "                        [--text /path=TEXT]... [--on '/path BEHAVIOUR']... [--journal FILE]\n",
             stderr);
  std::exit(2);
}

// `/path` and what stands behind the first `between`.
std::pair<std::string, std::string> split(const std::string& option, const std::string& value, char between) {
  const auto at = value.find(between);
  if (at == value.npos || value[0] != '/') usage(option + " " + value + ": expected /path" + between + "...");
  return {value.substr(0, at), value.substr(at + 1)};
}

template <class T>
T checked(const std::string& option, th::result<T> got) {
  if (!got) usage(option + ": " + got.error().message());
  return std::move(*got);
}

void declare(tt::fake_server& srv, const std::string& option, const std::string& value) {
  if (option == "--on") {
    auto [path, script] = split(option, value, ' ');
    return srv.on(path, checked(option, tt::parse_behavior(script)));
  }
  auto [path, what] = split(option, value, '=');
  if (option == "--dir") return srv.mount(path, what);
  srv.file(path, option == "--text" ? tt::text(what) : checked(option, tt::parse_content(what)));
}

int main(int argc, char** argv) try {
  tt::fake_server_options with;
  std::vector<std::pair<std::string, std::string>> said;
  std::FILE* journal = nullptr;
  for (int i = 1; i < argc; i += 2) {
    const std::string option = argv[i];
    if (i + 1 == argc) usage(option + ": something is missing behind it");
    const std::string value = argv[i + 1];
    if (option == "--port") {
      const auto port = th::ascii::parse_decimal_strict(value, 65535);
      if (!port) usage("--port " + value + ": not a number from 0 to 65535");
      with.port = static_cast<std::uint16_t>(*port);
    } else if (option == "--journal") {
      journal = std::fopen(value.c_str(), "we");
      if (journal == nullptr) usage("--journal " + value + ": cannot be written");
    } else if (option == "--dir" || option == "--file" || option == "--text" || option == "--on") {
      said.emplace_back(option, value);
    } else {
      usage("unknown option " + option);
    }
  }

  th::signal_wait stop{SIGINT, SIGTERM};
  {
    tt::fake_server srv(with);
    for (const auto& [option, value] : said) declare(srv, option, value);
    srv.on_over([journal](const tt::exchange& x) {
      std::printf("%s\n", x.line().c_str());
      std::fflush(stdout);
      if (journal == nullptr) return;
      std::fprintf(journal, "%s\n", x.json().c_str());
      std::fflush(journal);
    });
    std::printf("listening on %s\n", srv.url().c_str());
    std::fflush(stdout);
    stop.wait();
  }
  if (journal != nullptr) std::fclose(journal);
} catch (const std::exception& failed) {
  return std::fprintf(stderr, "fake_file_server: %s\n", failed.what()), 1;
}
