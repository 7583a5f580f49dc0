// tests/no_threads.hpp -- a system that has no thread to give, for as long as one of these lives.
#pragma once

#if defined(__GLIBC__)
#include <cstddef>

#include <pthread.h>

#include "catch.hpp"

class no_threads {
 public:
  no_threads() {
    pthread_attr_t vast;
    REQUIRE(::pthread_getattr_default_np(&usual_) == 0);
    REQUIRE(::pthread_attr_init(&vast) == 0);
    REQUIRE(::pthread_attr_setstacksize(&vast, ~std::size_t{0} / 2) == 0);  // more than there are addresses
    REQUIRE(::pthread_setattr_default_np(&vast) == 0);
    ::pthread_attr_destroy(&vast);
  }
  no_threads(const no_threads&) = delete;
  no_threads& operator=(const no_threads&) = delete;
  ~no_threads() {
    CHECK(::pthread_setattr_default_np(&usual_) == 0);
    ::pthread_attr_destroy(&usual_);
  }

 private:
  pthread_attr_t usual_;
};
#endif
