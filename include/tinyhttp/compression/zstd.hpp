// tinyhttp/compression/zstd.hpp -- decodes the content coding zstd, with zstd's own library.
//
// Stands apart: needs zstd 1.4 or later (-lzstd). RFC 8878 and 9659. Encodes nothing.
#pragma once

#include <tinyhttp/core/bounds.hpp>
#include <tinyhttp/core/owned.hpp>
#include <tinyhttp/core/result.hpp>
#include <tinyhttp/http/content_coding.hpp>

#include <zstd.h>
#include <zstd_errors.h>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <new>
#include <span>
#include <string>
#include <string_view>

namespace tinyhttp {

/// Decodes any number of frames in a row, skippable ones included (RFC 8878 3). Frames that need more history than
/// `max_window`, which counts in powers of two from 1 KiB on, are refused. A checksum is verified if there is one;
/// `zstd` writes them, most servers do not.
[[nodiscard]] inline owned<coding_decoder> make_zstd_decoder(const decode_limits& limits);

/// zstd (RFC 8878), for a list of codings.
inline constexpr content_coding zstd_coding{"zstd", &make_zstd_decoder};

// ---------------------------------------------------------------------------------------------

namespace detail {

/// `said`, of which ZSTD_isError is true.
[[nodiscard]] inline error zstd_failure(std::size_t said) {
  switch (::ZSTD_getErrorCode(said)) {
    case ZSTD_error_memory_allocation: return no_memory_to_decode();
    case ZSTD_error_frameParameter_windowTooLarge: return {error_kind::limit, "needs a larger window", 413};
    default: return {error_kind::protocol, std::string("damaged (") + ::ZSTD_getErrorName(said) + ")", 400};
  }
}

class zstd_decoder final : public coding_decoder {
 public:
  explicit zstd_decoder(std::uint64_t max_window) : state_(::ZSTD_createDStream()) {
    if (state_ == nullptr) throw std::bad_alloc();
    const int exponent = static_cast<int>(std::bit_width(max_window)) - 1;
    const ZSTD_bounds allowed = ::ZSTD_dParam_getBounds(ZSTD_d_windowLogMax);
    const int kept = exponent < allowed.lowerBound ? allowed.lowerBound
                                                   : at_most<int>(exponent, allowed.upperBound);
    ::ZSTD_DCtx_setParameter(state_, ZSTD_d_windowLogMax, kept);
  }
  ~zstd_decoder() override { ::ZSTD_freeDStream(state_); }

  result<std::size_t> decode(std::string_view& in, std::span<char> out) override {
    ZSTD_inBuffer from{in.data(), in.size(), 0};
    ZSTD_outBuffer to{out.data(), out.size(), 0};
    while (to.pos < to.size && (from.pos < from.size || left_ != 0)) {
      const std::size_t used = from.pos;
      const std::size_t written = to.pos;
      left_ = ::ZSTD_decompressStream(state_, &to, &from);
      if (::ZSTD_isError(left_) != 0) return zstd_failure(left_);
      has_frame_ = true;
      const bool fits = account(in.substr(used, from.pos - used), to.pos - written);
      if (!fits) return error(error_kind::protocol, "damaged (not as long as its head says)", 400);
      if (from.pos == used && to.pos == written) break;  // wants more input
    }
    in.remove_prefix(from.pos);
    return to.pos;
  }

  result<void> finish() override {
    if (has_frame_ && left_ == 0) return {};
    return error(error_kind::protocol, "cut off", 400);
  }

 private:
  /// Compares a frame's length with its head, which the library (1.5.4) forgets to do for frames
  /// that come in pieces and have a checksum.
  [[nodiscard]] bool account(std::string_view used, std::size_t written) {
    head_.append(used.substr(0, longest_head - head_.size()));
    octets_ += written;
    if (left_ != 0) return true;
    const auto said = ::ZSTD_getFrameContentSize(head_.data(), head_.size());
    const bool fits = said == ZSTD_CONTENTSIZE_UNKNOWN || said == octets_;
    head_.clear();
    octets_ = 0;
    return fits;
  }

  static constexpr std::size_t longest_head = 18;  // octets, RFC 8878 3.1.1, the magic number too

  ZSTD_DStream* state_;
  std::string head_;          // of the frame under way
  std::uint64_t octets_ = 0;  // decoded of the frame under way
  std::size_t left_ = 0;    // what zstd wants next; 0 at the end of a frame
  bool has_frame_ = false;  // one has begun
};

}  // namespace detail

inline owned<coding_decoder> make_zstd_decoder(const decode_limits& limits) {
  return owned<coding_decoder>(new detail::zstd_decoder(limits.max_window));
}

}  // namespace tinyhttp
