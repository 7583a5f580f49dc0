// A handler serves many requests, maybe from several threads: it is called while const.
// error: any_handler.* = delete;  // a handler takes a request&, not mutable
#include <tinyhttp/app/router.hpp>

int main() {
  int calls = 0;
  tinyhttp::router app;
#ifdef CONTROL
  app.get("/", [&calls](const tinyhttp::request&) { return ++calls, tinyhttp::response(); });
#else
  app.get("/", [calls](const tinyhttp::request&) mutable { return ++calls, tinyhttp::response(); });
#endif
  return calls;
}
