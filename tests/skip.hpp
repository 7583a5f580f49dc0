// tests/skip.hpp -- for a test that needs what is not here.
#pragma once

#include <string>

/// The running test counts as skipped, for the reason given, unless it fails. It does not end here.
void skip(const std::string& why);
