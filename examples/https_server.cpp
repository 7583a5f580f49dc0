// Serves a directory by TLS. Needs OpenSSL 3:
//
//   $ c++ -std=c++20 -O2 -Iinclude examples/https_server.cpp -lssl -lcrypto -o https_server
//   $ openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=localhost
//         -addext subjectAltName=DNS:localhost,IP:127.0.0.1 -keyout key.pem -out certificate.pem
//   $ ./https_server . certificate.pem key.pem 8443
//   listening on https://127.0.0.1:8443/
//
//   $ curl --cacert certificate.pem https://localhost:8443/
//
// More certificates with their keys may follow: each is for the names in it, the first for all others, too.
//
// Ctrl-C or SIGTERM: running answers finish, and the exit status is 0.

#include <tinyhttp/files/static_files.hpp>
#include <tinyhttp/server/signals.hpp>
#include <tinyhttp/tls.hpp>

#include <cstdio>
#include <exception>
#include <string>
#include <vector>

namespace th = tinyhttp;

int main(int argc, char** argv) try {
  const bool says_port = argc % 2 == 1;
  const auto port = says_port ? th::ascii::parse_decimal_strict(argv[argc - 1], 65535) : 8443;
  const bool helps = argc == 2 && std::string(argv[1]) == "--help";
  if (argc < 4 || !port)
    return std::fputs("usage: https_server DIR CERTIFICATE KEY [CERTIFICATE KEY]... [PORT]\n", helps ? stdout : stderr), helps ? 0 : 2;
  std::vector<th::tls_server_options> shown;
  for (int i = 2; i + 1 < argc; i += 2) shown.push_back({.certificate_file = argv[i], .key_file = argv[i + 1]});
  th::server_options with;
  with.port = static_cast<std::uint16_t>(*port);
  with.tls = th::tls_context_by_name(shown).value();
  with.log = [](std::string_view line) {
    std::fprintf(stderr, "https_server: %.*s\n", static_cast<int>(line.size()), line.data());
  };
  th::signal_wait stop{SIGINT, SIGTERM};
  th::tls_server server(th::static_files(argv[1]), std::move(with));
  std::printf("listening on %s\n", server.url().c_str());
  std::fflush(stdout);
  stop.wait();  // then the server's destructor lets running answers finish
} catch (const std::exception& failed) {
  std::fprintf(stderr, "https_server: %s\n", failed.what());
  return 1;
}
