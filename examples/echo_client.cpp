// Sends a message to an echo server and shows what comes back, 16 octets at a time.
//
//   $ ./echo_client                      # or: ./echo_client [--info] ADDRESS PORT
//   connecting to localhost port 10000
//   sending "This is the message.  It will be repeated."
//   received "This is the mess"
//   received "age.  It will be"
//   received " repeated."
//   closing socket

#include <tinyhttp/net/connector.hpp>

#include <cstdio>
#include <string>

namespace th = tinyhttp;

int fail(const th::error& why) {
  std::fprintf(stderr, "echo_client: %s\n", why.message().c_str());
  return 1;
}

th::result<void> exchange(th::net::socket& connection, std::string_view message) {
  std::printf("sending \"%.*s\"\n", static_cast<int>(message.size()), message.data());
  if (const auto sent = connection.send_all(message); !sent) return sent;
  char octets[16];
  for (std::size_t received = 0; received < message.size();) {
    const auto count = connection.receive(octets);
    if (!count) return count.error();
    if (*count == 0) return th::error(th::error_kind::closed, "the server closed too early");
    std::printf("received \"%.*s\"\n", static_cast<int>(*count), octets);
    received += *count;
  }
  return {};
}

int main(int argc, char** argv) {
  const bool info = argc > 1 && std::string_view(argv[1]) == "--info";
  if (info) ++argv, --argc;
  const std::string host = argc > 1 ? argv[1] : "localhost";
  const auto port = th::ascii::parse_decimal_strict(argc > 2 ? argv[2] : "10000", 65535);
  const bool helps = argc == 2 && host == "--help";
  if (helps || argc > 3 || !port || *port == 0)
    return std::fputs("usage: echo_client [--info] [ADDRESS] [PORT]   (PORT: 1 to 65535)\n", helps ? stdout : stderr), helps ? 0 : 2;
  std::setvbuf(stdout, nullptr, _IOLBF, BUFSIZ);
  if (!info) std::printf("connecting to %s port %d\n", host.c_str(), static_cast<int>(*port));
  auto got = th::net::connect(host, static_cast<std::uint16_t>(*port));
  if (!got) return fail(got.error());
  if (info)
    std::printf("Family  : %s\nType    : %s\nProtocol: %s\n\n",
                th::net::name_of_family(got->socket.family()).c_str(),
                th::net::name_of_type(got->socket.type()).c_str(),
                th::net::name_of_protocol(got->socket.protocol()).c_str());
  const auto done = exchange(got->socket, "This is the message.  It will be repeated.");
  std::puts("closing socket");
  got->socket.close();
  return done ? 0 : fail(done.error());
}
