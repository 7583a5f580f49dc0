// A router owns its handlers, which may own anything: it moves, and is not copied.
// error: deleted function|deleted constructor|implicitly[- ]deleted|no matching function
#include <tinyhttp/app/router.hpp>

#include <utility>

int main() {
  tinyhttp::router app;
#ifdef CONTROL
  tinyhttp::router other(std::move(app));
#else
  tinyhttp::router other(app);
#endif
  (void)other;
}
