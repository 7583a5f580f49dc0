// tests/files/scratch.hpp -- what tests of files do again and again, beside folder.hpp.
#pragma once

#include <tinyhttp/http/body.hpp>
#include <tinyhttp/http/response.hpp>

#include "catch.hpp"
#include "folder.hpp"

#include <cstdint>
#include <string>
#include <string_view>

#include <fcntl.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <unistd.h>

namespace scratch {

/// While it lives, this thread has no more rights over files than anybody.
class nobody {
 public:
  nobody() : before_(::setfsuid(65534)) {}
  nobody(const nobody&) = delete;
  nobody& operator=(const nobody&) = delete;
  ~nobody() { ::setfsuid(static_cast<uid_t>(before_)); }

 private:
  int before_;
};

/// All octets of a body; what could not be read shows as `error: ...`.
inline std::string octets(tinyhttp::body b) {
  auto reading = b.read_all(std::uint64_t{1} << 24);
  reading.start();
  REQUIRE(reading.done());
  const auto read = reading.take();
  return read ? std::string(*read) : "error: " + read.error().message();
}

}  // namespace scratch
