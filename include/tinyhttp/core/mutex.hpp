// tinyhttp/core/mutex.hpp -- std::mutex and std::lock_guard, and no more of <mutex>.
//
// libstdc++'s <mutex> has tuples, and locks that take turns and time, as well. Whoever uses those includes <mutex>.
#pragma once

#if __has_include(<bits/std_mutex.h>)  // what libstdc++'s own <condition_variable> includes
#include <bits/std_mutex.h>
#else
#include <mutex>
#endif
