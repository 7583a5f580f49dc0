// tinyhttp/compression/gzip_encoder.hpp -- applies the content coding gzip, with zlib.
//
// Stands apart: needs zlib (-lz). RFC 1952.
#pragma once

#include <tinyhttp/compression/encoded_body.hpp>
#include <tinyhttp/core/bounds.hpp>
#include <tinyhttp/core/result.hpp>

#include <zlib.h>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string_view>

namespace tinyhttp {

/// The coding gzip, at level 1 (fast) to 9. Level 4 makes 12 to 15 % fewer octets than level 1 for 1.7 times the CPU;
/// level 6 another 4 to 6 % for 1.7 to 2.4 times that. Holds 268 KB for each body while it is coded, less for short
/// ones. Throws std::invalid_argument for other levels.
[[nodiscard]] inline content_encoding gzip_encoding(int level = 4);

// ---------------------------------------------------------------------------------------------

namespace detail {

class gzip_encoder final : public coding_encoder {
 public:
  gzip_encoder() = default;
  ~gzip_encoder() override { ::deflateEnd(&zlib_); }

  /// zlib takes all its memory here. A body that is shorter than the window needs none as large.
  [[nodiscard]] bool begin(int level, std::optional<std::uint64_t> length) noexcept {
    constexpr int most = 15;
    constexpr std::uint64_t lookahead = 262;  // octets of the window that zlib keeps free
    const int needed = length ? static_cast<int>(std::bit_width(at_most<std::uint64_t>(*length, 32768) + lookahead)) : most;
    const int bits = needed < 9 ? 9 : at_most(needed, most);
    return ::deflateInit2(&zlib_, level, Z_DEFLATED, bits + 16, bits - 7, Z_DEFAULT_STRATEGY) == Z_OK;
  }

  result<std::size_t> encode(std::string_view& in, std::span<char> out, encoding_step step) override {
    constexpr std::size_t most_at_once = std::size_t{1} << 30;  // octets; zlib counts in uInt
    const std::size_t offered = at_most<std::size_t>(in.size(), most_at_once);
    const std::size_t room = at_most<std::size_t>(out.size(), most_at_once);
    zlib_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));  // zlib does not write there
    zlib_.avail_in = static_cast<uInt>(offered);
    zlib_.next_out = reinterpret_cast<Bytef*>(out.data());
    zlib_.avail_out = static_cast<uInt>(room);
    static_cast<void>(::deflate(&zlib_, how(step)));  // nothing can fail: memory is there, the calls are in order
    in.remove_prefix(offered - zlib_.avail_in);
    return room - zlib_.avail_out;
  }

 private:
  [[nodiscard]] static int how(encoding_step step) noexcept {
    if (step == encoding_step::finish) return Z_FINISH;
    return step == encoding_step::flush ? Z_SYNC_FLUSH : Z_NO_FLUSH;
  }

  z_stream zlib_{};
};

[[nodiscard]] inline std::unique_ptr<coding_encoder> make_gzip_encoder(int level, std::optional<std::uint64_t> length) {
  auto made = std::make_unique<gzip_encoder>();
  if (!made->begin(level, length)) return nullptr;
  return made;
}

}  // namespace detail

inline content_encoding gzip_encoding(int level) {
  if (level < 1 || level > 9) throw std::invalid_argument("gzip_encoding: a level is 1 to 9");
  return {"gzip", level, &detail::make_gzip_encoder};
}

}  // namespace tinyhttp
