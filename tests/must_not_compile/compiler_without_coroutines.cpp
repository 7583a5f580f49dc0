// Who has an older compiler is told which ones will do, and not by what does not compile then.
// compile: -U__cpp_impl_coroutine
// error: tinyhttp needs coroutines that work: g\+\+ 12, clang 14 or later
#include <tinyhttp/core/task.hpp>

int main() {}
