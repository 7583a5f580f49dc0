// A handler makes a response; a number could be meant as a status or as a body.
// error: any_handler.* = delete;  // a handler takes a request&, not mutable
#include <tinyhttp/app/router.hpp>

int main() {
  tinyhttp::router app;
#ifdef CONTROL
  app.get("/", [](const tinyhttp::request&) { return tinyhttp::response(404); });
#else
  app.get("/", [](const tinyhttp::request&) { return 404; });
#endif
}
