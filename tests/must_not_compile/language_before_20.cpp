// Who forgets the language's version is told so first, and not by what does not compile then.
// compile: -std=c++17
// error: tinyhttp needs C\+\+20: compile with -std=c\+\+20
#include <tinyhttp/core/task.hpp>

int main() {}
