// A comparison could only tell that it was false; exactly() tells what came instead.
// error: operator==\(std::size_t\) const = delete; .* // say exactly\(2\)
#include <tinyhttp/testing/fake_server.hpp>

using namespace tinyhttp::testing;

int main() {
  fake_server srv;
#ifdef CONTROL
  return srv.saw(get("/x")).exactly(2) ? 0 : 1;
#else
  return srv.saw(get("/x")) == 2 ? 0 : 1;
#endif
}
