// tinyhttp/core/mutex.hpp -- std::mutex and std::lock_guard, and no more of <mutex>.
//
// libstdc++'s <mutex> also has tuples and timed and recursive locks. Include <mutex> to use those.
#pragma once

#if __has_include(<bits/std_mutex.h>)  // what libstdc++'s own <condition_variable> includes
#include <bits/std_mutex.h>
#else
#include <mutex>
#endif
