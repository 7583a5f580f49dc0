// tests/apart/gzipped.hpp -- what zlib makes of octets, for tests to decode.
#pragma once

#include "catch.hpp"

#include <zlib.h>

#include <string>
#include <string_view>

namespace apart_test {

inline const Bytef* octets(std::string_view text) { return reinterpret_cast<const Bytef*>(text.data()); }

/// `window_bits` as zlib has them: 31 for gzip, 15 for a zlib stream, -15 for bare deflate.
inline std::string deflated(std::string_view plain, int window_bits) {
  z_stream z{};
  REQUIRE(deflateInit2(&z, 6, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string coded(deflateBound(&z, static_cast<uLong>(plain.size())) + 64, '\0');
  z.next_in = const_cast<Bytef*>(octets(plain));
  z.avail_in = static_cast<uInt>(plain.size());
  z.next_out = reinterpret_cast<Bytef*>(coded.data());
  z.avail_out = static_cast<uInt>(coded.size());
  REQUIRE(deflate(&z, Z_FINISH) == Z_STREAM_END);
  coded.resize(z.total_out);
  deflateEnd(&z);
  return coded;
}

inline std::string gzipped(std::string_view plain) { return deflated(plain, 31); }

}  // namespace apart_test
