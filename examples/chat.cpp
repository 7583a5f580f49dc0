// A page on which everybody reads what anybody says: server-sent events.
//
//   $ ./chat
//   listening on http://127.0.0.1:8080/
//   $ curl -N http://127.0.0.1:8080/events &
//   $ curl http://127.0.0.1:8080/say -d hello
//   id: 1
//   data: hello
//
//   chat [PORT]

#include <tinyhttp/tinyhttp.hpp>

#include <atomic>
#include <cstdio>
#include <exception>
#include <string>

namespace th = tinyhttp;

const char page[] = R"(<!doctype html>
<meta charset="utf-8">
<title>chat</title>
<link rel="icon" href="data:,">
<form><input autofocus> <button>say</button></form>
<ul></ul>
<script>
const events = new EventSource('/events');  // comes back by itself, with the id of the last event
events.onmessage = event => document.querySelector('ul').append(
    Object.assign(document.createElement('li'), {textContent: event.data}));
document.forms[0].onsubmit = event => {
  event.preventDefault();
  fetch('/say', {method: 'POST', body: document.querySelector('input').value});
  event.target.reset();
};
</script>
)";

int main(int argc, char** argv) try {
  const auto port = th::ascii::parse_decimal_strict(argc > 1 ? argv[1] : "8080", 65535);
  const bool helps = argc == 2 && std::string(argv[1]) == "--help";
  if (helps || argc > 2 || !port) return std::fputs("usage: chat [PORT]\n", helps ? stdout : stderr), helps ? 0 : 2;

  th::event_channel said;
  std::atomic<unsigned> count = 0;
  th::router app;
  app.get("/", [](const th::request&) { return th::html(page); })
      .get("/events", [&](const th::request& req) { return said.subscribe(req); })
      .post("/say", [&](const th::request& req) {
        const auto told = said.publish({.data = std::string(req.body.text()), .id = std::to_string(++count)});
        return told ? th::response(th::status::no_content) : th::problem(th::status::bad_request);
      });

  th::signal_wait stop{SIGINT, SIGTERM};
  th::server server(std::move(app), {.port = static_cast<std::uint16_t>(*port)});
  std::printf("listening on %s\n", server.url().c_str());
  std::fflush(stdout);
  stop.wait();
} catch (const std::exception& failed) {
  return std::fprintf(stderr, "chat: %s\n", failed.what()), 1;
}
