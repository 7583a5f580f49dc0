// How the cost of two things grows: of a router with its routes, of a head with its fields.
//
//   grow MILLISECONDS
//
// Prints a line of JSON for each size, measured for at least so long: nanoseconds for one look-up and
// call of a handler, or for one head that is read.
#include <tinyhttp/app/router.hpp>
#include <tinyhttp/h1/connection.hpp>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

namespace th = tinyhttp;

namespace {

std::chrono::milliseconds at_least{50};

template <class F>
void measure(const char* curve, unsigned size, F once) {
  using steady = std::chrono::steady_clock;
  for (std::size_t count = 64;; count *= 2) {
    const auto began = steady::now();
    for (std::size_t i = 0; i < count; ++i) once(i);
    const auto took = steady::now() - began;
    if (took < at_least) continue;
    const double each = std::chrono::duration<double, std::nano>(took).count() / static_cast<double>(count);
    std::printf("{\"curve\": \"%s\", \"x\": %u, \"ns\": %.2f}\n", curve, size, each);
    return;
  }
}

void routes(unsigned count) {
  th::router app;
  for (unsigned i = 0; i < count; ++i)
    app.get("/many/" + std::to_string(i) + "/{name}", [](const th::request&) { return th::response(th::status::no_content); });
  std::vector<th::request> asked;  // spread over the routes
  for (unsigned i = 0; i < 64; ++i) asked.push_back(th::request::get("/many/" + std::to_string(i * 997u % count) + "/x"));
  measure("routes", count, [&](std::size_t i) {
    if (app(asked[i % asked.size()]).get().status != th::status::no_content) std::abort();
  });
}

void fields(unsigned count) {
  std::string head = "GET /hello HTTP/1.1\r\nHost: 127.0.0.1\r\n";
  for (unsigned i = 1; i < count; ++i) head += "X-Field-" + std::to_string(i) + ": value " + std::to_string(i) + "\r\n";
  head += "\r\n";
  const th::h1::limits bounds;
  th::request into;
  th::buffer room;
  measure("fields", count, [&](std::size_t) {
    th::h1::connection wire(th::h1::side::server, bounds);
    wire.take_memory(room);
    wire.receive(head);
    if (wire.next_event(into).what != th::h1::wire_event::kind::head) std::abort();
    wire.give_memory(room, 1 << 20);
  });
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1) at_least = std::chrono::milliseconds(std::atoi(argv[1]));
  for (const unsigned count : {1u, 3u, 10u, 30u, 100u, 300u, 1000u, 3000u, 10000u}) routes(count);
  for (const unsigned count : {1u, 2u, 5u, 10u, 20u, 50u, 100u}) fields(count);
}
