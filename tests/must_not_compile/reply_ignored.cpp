// A reply that nobody takes is a response that nobody gets.
// error: nodiscard
#include <tinyhttp/app/handler.hpp>

int main() {
  const tinyhttp::any_handler h([](const tinyhttp::request&) { return tinyhttp::response(); });
  tinyhttp::request r;
#ifdef CONTROL
  (void)h(r);
#else
  h(r);
#endif
}
