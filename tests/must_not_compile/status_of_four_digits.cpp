// A status that cannot be sent is refused where it is written, if that is a constant.
// error: constant expression
#include <tinyhttp/http/status.hpp>

int main() {
#ifdef CONTROL
  constexpr tinyhttp::status s(404);
#else
  constexpr tinyhttp::status s(4040);
#endif
  return s.code() == 404 ? 0 : 1;
}
