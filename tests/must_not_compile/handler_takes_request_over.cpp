// A handler that took its request over would leave none for whoever called it.
// error: constraints? not satisfied|no matching function
#include <tinyhttp/app/recover.hpp>

#include <utility>

int main() {
#ifdef CONTROL
  const auto h = [](const tinyhttp::request&) { return tinyhttp::response(); };
#else
  const auto h = [](tinyhttp::request&&) { return tinyhttp::response(); };
#endif
  tinyhttp::request r;
  (void)tinyhttp::with_recover(h)(r);
}
