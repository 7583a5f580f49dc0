// Takes files by PUT, gives them back by GET, removes them by DELETE. Writers have to know a secret.
//
//   $ c++ -std=c++20 -O2 -Iinclude examples/upload_server.cpp -o upload_server && mkdir inbox
//   $ SECRET=swordfish ./upload_server inbox
//   files go to http://127.0.0.1:8000/
//   $ curl -u me:swordfish -T photo.jpg http://127.0.0.1:8000/
//   201 Created
//
//   upload_server FOLDER [PORT]
#include <tinyhttp/tinyhttp.hpp>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <utility>

namespace th = tinyhttp;

int main(int argc, char** argv) try {
  const char* secret = std::getenv("SECRET");
  const auto port = th::ascii::parse_decimal_strict(argc > 2 ? argv[2] : "8000", 65535);
  const bool helps = argc == 2 && std::string(argv[1]) == "--help";
  if (helps || argc < 2 || argc > 3 || !port || secret == nullptr || *secret == '\0')
    return std::fputs("usage: SECRET=... upload_server FOLDER [PORT]\n", helps ? stdout : stderr), helps ? 0 : 2;

  auto guarded = th::with_basic_auth(
      th::writable_files(argv[1], {.largest = std::uint64_t{4} << 30}), "uploads",
      [wanted = std::string(secret)](const th::basic_login& login) {
        return th::equal_in_constant_time(login.password, wanted);
      });
  // Anybody reads; only who knows the secret writes.
  auto app = [reading = th::static_files(argv[1]), writing = std::move(guarded)](th::request& r) {
    return r.method.is_safe() ? reading(r) : writing(r);
  };

  th::signal_wait stop{SIGINT, SIGTERM};
  const th::server server(th::with_access_log(std::move(app)), {.port = static_cast<std::uint16_t>(*port)});
  std::printf("files go to %s\n", server.url().c_str());
  std::fflush(stdout);
  stop.wait();
} catch (const std::exception& failed) {
  std::fprintf(stderr, "upload_server: %s\n", failed.what());
  return 1;
}
