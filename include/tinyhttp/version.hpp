// tinyhttp/version.hpp -- which tinyhttp this is, for #if. The only macros of the library.
#pragma once

#define TINYHTTP_VERSION_MAJOR 0
#define TINYHTTP_VERSION_MINOR 1
#define TINYHTTP_VERSION_PATCH 0
#define TINYHTTP_VERSION "0.1.0"
