// Serves a directory to any HTTP client.
//
//   $ c++ -std=c++20 -O2 -Iinclude examples/file_server.cpp -o file_server && ./file_server .
//   listening on http://127.0.0.1:8000/
//   127.0.0.1:52186 "GET /README.md" 200 6513 0.214ms
//
//   file_server [DIR] [--host ADDR] [--port N] [--threads N] [--quiet]
//
// Ctrl-C or SIGTERM: running answers finish, and the exit status is 0.

// <tinyhttp/tinyhttp.hpp> has all of this and more; with only what is used, compilers are done sooner.
#include <tinyhttp/app/access_log.hpp>
#include <tinyhttp/core/ascii.hpp>
#include <tinyhttp/files/static_files.hpp>
#include <tinyhttp/server/server.hpp>
#include <tinyhttp/server/signals.hpp>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <string_view>

namespace th = tinyhttp;

struct arguments {
  std::string directory = ".";
  bool quiet = false;
  th::server_options server = {.port = 8000};
};

[[noreturn]] void usage(const std::string& problem) {
  if (!problem.empty()) std::fprintf(stderr, "file_server: %s\n", problem.c_str());
  std::fputs("usage: file_server [DIR] [--host ADDR] [--port N] [--threads N] [--quiet]\n",
             problem.empty() ? stdout : stderr);
  std::exit(problem.empty() ? 0 : 2);
}

// The operand of an option, a number of at most `max`.
unsigned number(std::string_view option, const char* text, unsigned max) {
  if (const auto value = th::ascii::parse_decimal_strict(text, max)) return static_cast<unsigned>(*value);
  usage(std::string(option) + " " + text + ": not a number from 0 to " + th::ascii::to_decimal(max));
}

arguments parse(int argc, char** argv) {
  arguments args;
  bool directory_given = false;
  for (int i = 1; i < argc; ++i) {
    const std::string_view arg = argv[i];
    const auto operand = [&] { return i + 1 < argc ? argv[++i] : (usage(std::string(arg) + ": operand missing"), ""); };
    if (arg == "--host") args.server.host = operand();
    else if (arg == "--port") args.server.port = static_cast<std::uint16_t>(number(arg, operand(), 65535));
    else if (arg == "--threads") args.server.threads = number(arg, operand(), 256);
    else if (arg == "--quiet") args.quiet = true;
    else if (arg == "--help") usage("");
    else if (arg.size() > 1 && arg[0] == '-') usage(std::string(arg) + ": unknown option");
    else if (directory_given) usage(std::string(arg) + ": one directory is enough");
    else args.directory = arg, directory_given = true;
  }
  return args;
}

int main(int argc, char** argv) try {
  arguments args = parse(argc, argv);
  args.server.log = [](std::string_view line) {
    std::fprintf(stderr, "file_server: %.*s\n", static_cast<int>(line.size()), line.data());
  };
  th::signal_wait stop{SIGINT, SIGTERM};
  th::any_handler app = th::static_files(args.directory);
  if (!args.quiet) app = th::with_access_log(std::move(app));
  th::server server(std::move(app), std::move(args.server));
  std::printf("listening on %s\n", server.url().c_str());
  std::fflush(stdout);
  stop.wait();  // then the server's destructor lets running answers finish
} catch (const std::exception& failed) {
  std::fprintf(stderr, "file_server: %s\n", failed.what());
  return 1;
}
