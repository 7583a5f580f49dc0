// tests/few_descriptors.hpp -- a process that can open `left` files and no more, for as long as one of these lives.
#pragma once

#include <vector>

#include <sys/resource.h>
#include <unistd.h>

#include "catch.hpp"

class few_descriptors {
 public:
  explicit few_descriptors(int left) {
    REQUIRE(::getrlimit(RLIMIT_NOFILE, &before_) == 0);
    rlimit tight = before_;
    std::vector<int> free;  // the lowest that there are
    for (int i = 0; i <= left; ++i) free.push_back(::dup(0));
    for (const int each : free) ::close(each);
    tight.rlim_cur = static_cast<rlim_t>(free.back());
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &tight) == 0);
  }
  few_descriptors(const few_descriptors&) = delete;
  few_descriptors& operator=(const few_descriptors&) = delete;
  ~few_descriptors() { CHECK(::setrlimit(RLIMIT_NOFILE, &before_) == 0); }

 private:
  rlimit before_{};
};
