// tinyhttp/core/chrono.hpp -- the durations and clocks of std::chrono, and no more of it.
//
// libstdc++'s <chrono> has calendars, time zones and their streams as well: a tenth of a second for each source at
// -O0. Include <chrono> to use those.
#pragma once

#if __has_include(<bits/chrono.h>)  // what libstdc++'s own <mutex> and <thread> include of it, since 12
#include <bits/chrono.h>
#else
#include <chrono>
#endif
