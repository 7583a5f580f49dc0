// A handler that can wait needs no thread to wait in.
// error: blocking\(\) is for handlers that return a response
#include <tinyhttp/app/blocking.hpp>

int main() {
#ifdef CONTROL
  (void)tinyhttp::blocking([](tinyhttp::request&) { return tinyhttp::response(); });
#else
  (void)tinyhttp::blocking(
      [](tinyhttp::request&) -> tinyhttp::task<tinyhttp::response> { co_return tinyhttp::response(); });
#endif
}
