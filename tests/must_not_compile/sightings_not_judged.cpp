// Whether something was seen is a question of how often.
// error: operator bool\(\) const = delete; .* // say how often: once\(\)
#include <tinyhttp/testing/fake_server.hpp>

using namespace tinyhttp::testing;

int main() {
  fake_server srv;
#ifdef CONTROL
  return srv.saw(get("/x")).never() ? 0 : 1;
#else
  return srv.saw(get("/x")) ? 0 : 1;
#endif
}
