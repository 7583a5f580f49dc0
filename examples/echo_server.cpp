// An echo server on a plain socket: it sends back what it receives, 16 octets at a time.
//
//   $ ./echo_server                      # or: ./echo_server ADDRESS PORT; '' means every interface
//   starting up on localhost port 10000
//   waiting for a connection
//   connection from ('127.0.0.1', 52186)
//   received "This is the mess"
//   sending data back to the client

#include <tinyhttp/net/listener.hpp>

#include <cstdio>
#include <string>

namespace th = tinyhttp;

int fail(const th::error& why) {
  std::fprintf(stderr, "echo_server: %s\n", why.message().c_str());
  return 1;
}

th::result<void> echo(th::net::socket connection, const std::string& from) {
  std::printf("connection from %s\n", from.c_str());
  for (char octets[16];;) {
    const auto count = connection.receive(octets);
    if (!count) return count.error();
    const std::string_view data(octets, *count);
    std::printf("received \"%.*s\"\n", static_cast<int>(data.size()), data.data());
    if (data.empty()) break;
    std::puts("sending data back to the client");
    if (const auto sent = connection.send_all(data); !sent) return sent;
  }
  std::printf("no more data from %s\n", from.c_str());
  return {};
}

int main(int argc, char** argv) {
  const std::string host = argc > 1 ? argv[1] : "localhost";
  const auto port = th::ascii::parse_decimal_strict(argc > 2 ? argv[2] : "10000", 65535);
  const bool helps = argc == 2 && host == "--help";
  if (helps || argc > 3 || !port)
    return std::fputs("usage: echo_server [ADDRESS] [PORT]   (PORT: 0 to 65535)\n", helps ? stdout : stderr), helps ? 0 : 2;
  std::setvbuf(stdout, nullptr, _IOLBF, BUFSIZ);
  auto listener = th::net::listener::bind({.host = host, .port = static_cast<std::uint16_t>(*port)});
  if (!listener) return fail(listener.error());
  const auto& real = listener->local_address();
  std::printf("starting up on %s port %d\n", host.empty() ? real.host().c_str() : host.c_str(),
              real.port());
  for (;;) {
    std::puts("waiting for a connection");
    auto next = listener->accept();
    if (!next) return fail(next.error());
    const auto from = "('" + next->peer.host() + "', " + std::to_string(next->peer.port()) + ")";
    if (const auto done = echo(std::move(next->socket), from); !done) fail(done.error());
  }
}
