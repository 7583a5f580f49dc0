// Who forgets the language's version is told so, and not by a thousand lines of what does not compile then.
// compile: -std=c++17
// error: fatal error: .?tinyhttp_needs_a_newer_language
#include <tinyhttp/core/task.hpp>

int main() {}
