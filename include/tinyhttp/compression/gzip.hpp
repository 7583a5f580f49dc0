// tinyhttp/compression/gzip.hpp -- decodes the content codings gzip and deflate, with zlib.
//
// Stands apart: needs zlib (-lz). RFC 1950 to 1952. Encodes nothing.
#pragma once

#include <tinyhttp/core/bounds.hpp>
#include <tinyhttp/core/owned.hpp>
#include <tinyhttp/core/result.hpp>
#include <tinyhttp/http/content_coding.hpp>

#include <zlib.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace tinyhttp {

/// Decodes any number of gzip members in a row, each with its checksum and length (RFC 1952 2.2). Also named x-gzip.
[[nodiscard]] inline owned<coding_decoder> make_gzip_decoder(const decode_limits&);

/// Decodes a zlib stream, as the coding is defined (RFC 9110 8.4.1.2), or the bare deflate stream that some servers
/// send instead, as browsers do. A bare stream has no checksum: damage that is still valid deflate is not detected.
[[nodiscard]] inline owned<coding_decoder> make_deflate_decoder(const decode_limits&);

/// gzip and deflate (RFC 9110 8.4.1), for a list of codings.
inline constexpr content_coding gzip_coding{"gzip", &make_gzip_decoder};
inline constexpr content_coding deflate_coding{"deflate", &make_deflate_decoder};

// ---------------------------------------------------------------------------------------------

namespace detail {

/// `said` of inflate, which is none of the good ones.
[[nodiscard]] inline error zlib_failure(int said, const char* why) {
  if (said == Z_MEM_ERROR) return no_memory_to_decode();
  return {error_kind::protocol, std::string("damaged (") + (why != nullptr ? why : "needs a dictionary") + ")", 400};
}

class zlib_decoder final : public coding_decoder {
 public:
  enum class format : std::uint8_t { gzip, deflate };

  explicit zlib_decoder(format of) noexcept : format_(of) {}
  ~zlib_decoder() override {
    if (now_ != place::in_front) ::inflateEnd(&zlib_);
  }

  result<std::size_t> decode(std::string_view& in, std::span<char> out) override {
    std::size_t written = 0;
    while (written < out.size()) {
      if (now_ != place::inside) {
        if (in.empty()) break;
        if (const result<void> ready = begin(in.front()); !ready) return ready.error();
      }
      const int said = inflate(in, out, written);
      if (said == Z_BUF_ERROR) break;  // wants more input
      if (said == Z_STREAM_END) now_ = place::behind;
      else if (said != Z_OK) return zlib_failure(said, zlib_.msg);
    }
    return written;
  }

  result<void> finish() override {
    if (now_ == place::behind) return {};
    return error(error_kind::protocol, "cut off", 400);
  }

 private:
  enum class place : std::uint8_t { in_front, inside, behind };  // of a stream or gzip member

  result<void> begin(char first) {
    if (now_ == place::behind) {
      if (format_ == format::deflate)
        return error(error_kind::protocol, "octets behind the end", 400);
      ::inflateReset(&zlib_);
    } else if (::inflateInit2(&zlib_, window_bits(first)) != Z_OK) {
      return no_memory_to_decode();
    }
    now_ = place::inside;
    return {};
  }

  /// What zlib takes for the format. The low four bits of a zlib header are 8; at the beginning of
  /// bare deflate that would be a stored block with padding that nobody writes.
  [[nodiscard]] int window_bits(char first) const noexcept {
    if (format_ == format::gzip) return 15 + 16;
    return (first & 0x0f) == 8 ? 15 : -15;
  }

  int inflate(std::string_view& in, std::span<char> out, std::size_t& written) noexcept {
    const auto octets = [](char* at) { return reinterpret_cast<Bytef*>(at); };
    const std::size_t offered = at_most<std::size_t>(in.size(), most_at_once);
    const std::size_t room = at_most<std::size_t>(out.size() - written, most_at_once);
    zlib_.next_in = octets(const_cast<char*>(in.data()));  // zlib does not write there
    zlib_.avail_in = static_cast<uInt>(offered);
    zlib_.next_out = octets(out.data() + written);
    zlib_.avail_out = static_cast<uInt>(room);
    const int said = ::inflate(&zlib_, Z_NO_FLUSH);
    in.remove_prefix(offered - zlib_.avail_in);
    written += room - zlib_.avail_out;
    return said;
  }

  static constexpr std::size_t most_at_once = std::size_t{1} << 30;  // octets; zlib counts in uInt

  z_stream zlib_{};
  format format_;
  place now_ = place::in_front;
};

}  // namespace detail

inline owned<coding_decoder> make_gzip_decoder(const decode_limits&) {
  return owned<coding_decoder>(new detail::zlib_decoder(detail::zlib_decoder::format::gzip));
}

inline owned<coding_decoder> make_deflate_decoder(const decode_limits&) {
  return owned<coding_decoder>(new detail::zlib_decoder(detail::zlib_decoder::format::deflate));
}

}  // namespace tinyhttp
