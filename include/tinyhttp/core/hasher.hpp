// tinyhttp/core/hasher.hpp -- a hash over octets, supplied by the caller.
//
// An interface only: the user chooses the hash and the library that computes it.
#pragma once

#include <string>
#include <string_view>

namespace tinyhttp {

/// Hashes octets as they come. Used by one thread at a time.
class hasher {
 public:
  hasher() = default;
  hasher(const hasher&) = delete;
  hasher& operator=(const hasher&) = delete;
  virtual ~hasher() = default;

  virtual void update(std::string_view octets) = 0;

  /// The digest of all octets since the last `finish`, in hexadecimal digits. Starts over.
  [[nodiscard]] virtual std::string finish() = 0;
};

}  // namespace tinyhttp
