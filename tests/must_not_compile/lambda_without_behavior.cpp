// A lambda that decides gives a behaviour, and not what a behaviour is made of.
// error: behavior\(F&&\) = delete;  // a behaviour is such as reply\(404\)
#include <tinyhttp/testing/fake_server.hpp>

using namespace tinyhttp::testing;

int main() {
  fake_server srv;
#ifdef CONTROL
  srv.on("/x", [](const exchange&) { return reply(200, "hi"); });
#else
  srv.on("/x", [](const exchange&) { return "hi"; });
#endif
}
