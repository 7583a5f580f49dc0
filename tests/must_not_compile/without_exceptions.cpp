// Who has turned exceptions off is told so first, and not by each `throw`.
// compile: -fno-exceptions
// error: tinyhttp needs exceptions: compile without -fno-exceptions
#include <tinyhttp/core/result.hpp>

int main() {}
