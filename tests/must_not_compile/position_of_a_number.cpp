// 500 octets of what? Of this response's body, of the file, of the head.
// error: position\(std::uint64_t\) = delete;  // a number is no place: say after\{n\}
#include <tinyhttp/testing/fake_server.hpp>

using namespace tinyhttp::testing;

int main() {
  fake_server srv;
#ifdef CONTROL
  srv.on("/x", cut(after{500}));
#else
  srv.on("/x", cut(500));
#endif
}
