// A number alone could be meant as a status or as a body.
// error: behavior\(F&&\) = delete;  // a behaviour is such as reply\(404\)
#include <tinyhttp/testing/fake_server.hpp>

using namespace tinyhttp::testing;

int main() {
  fake_server srv;
#ifdef CONTROL
  srv.on("/x", reply(404));
#else
  srv.on("/x", 404);
#endif
}
