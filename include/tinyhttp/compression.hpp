// tinyhttp/compression.hpp -- decodes the content codings of the web: gzip, deflate, br and zstd.
//
// Stands apart: needs zlib, brotli and zstd (-lz -lbrotlidec -lzstd). A program that has only some
// of them includes their headers in compression/ and names their codings. RFC 9110 8.4.
#pragma once

#include <tinyhttp/compression/brotli.hpp>
#include <tinyhttp/compression/gzip.hpp>
#include <tinyhttp/compression/zstd.hpp>
#include <tinyhttp/core/result.hpp>
#include <tinyhttp/http/content_coding.hpp>
#include <tinyhttp/http/request.hpp>
#include <tinyhttp/http/response.hpp>

#include <array>

namespace tinyhttp {

/// All codings; `accept_encoding(all_codings)` asks for them.
inline constexpr std::array<content_coding, 4> all_codings{gzip_coding, deflate_coding,
                                                           brotli_coding, zstd_coding};

/// As `decode` in http/content_coding.hpp, with all codings.
///
///     if (auto undone = decode(answer); !undone) return undone.error();
template <class = void>
[[nodiscard]] result<void> decode(response& answer, const decode_limits& limits = {}) {
  return decode(answer, all_codings, limits);
}
template <class = void>
[[nodiscard]] result<void> decode(request& asked, const decode_limits& limits = {}) {
  return decode(asked, all_codings, limits);
}

}  // namespace tinyhttp
