// tests/pch/tests.hpp -- what nearly every test includes, compiled once. Saves time, adds nothing:
// a test still includes what it uses.
#include "../catch.hpp"

#include <algorithm>
#include <chrono>
#include <coroutine>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>
