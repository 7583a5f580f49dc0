// tinyhttp/compression/brotli.hpp -- decodes the content coding br, with brotli's own library.
//
// Stands apart: needs brotli (-lbrotlidec). RFC 7932. Encodes nothing.
#pragma once

#include <tinyhttp/core/owned.hpp>
#include <tinyhttp/core/result.hpp>
#include <tinyhttp/http/content_coding.hpp>

#include <brotli/decode.h>

#include <cstddef>
#include <cstdint>
#include <new>
#include <span>
#include <string>
#include <string_view>

namespace tinyhttp {

/// Decodes one brotli stream; its window is at most 16 MiB. The format has no checksum: damage that is still valid
/// brotli is not detected, but truncation is.
[[nodiscard]] inline owned<coding_decoder> make_brotli_decoder(const decode_limits&);

/// br (RFC 7932), for a list of codings.
inline constexpr content_coding brotli_coding{"br", &make_brotli_decoder};

// ---------------------------------------------------------------------------------------------

namespace detail {

[[nodiscard]] inline error brotli_failure(BrotliDecoderErrorCode said) {
  if (said <= BROTLI_DECODER_ERROR_ALLOC_CONTEXT_MODES && said >= BROTLI_DECODER_ERROR_ALLOC_BLOCK_TYPE_TREES)
    return no_memory_to_decode();
  return {error_kind::protocol, std::string("damaged (") + ::BrotliDecoderErrorString(said) + ")", 400};
}

class brotli_decoder final : public coding_decoder {
 public:
  brotli_decoder() : state_(::BrotliDecoderCreateInstance(nullptr, nullptr, nullptr)) {
    if (state_ == nullptr) throw std::bad_alloc();
  }
  ~brotli_decoder() override { ::BrotliDecoderDestroyInstance(state_); }

  result<std::size_t> decode(std::string_view& in, std::span<char> out) override {
    if (is_done_) return in.empty() ? result<std::size_t>(std::size_t{0}) : behind_the_end();
    std::size_t offered = in.size();
    std::size_t room = out.size();
    const auto* next_in = reinterpret_cast<const std::uint8_t*>(in.data());
    auto* next_out = reinterpret_cast<std::uint8_t*>(out.data());
    const BrotliDecoderResult said =
        ::BrotliDecoderDecompressStream(state_, &offered, &next_in, &room, &next_out, nullptr);
    in.remove_prefix(in.size() - offered);
    if (said == BROTLI_DECODER_RESULT_ERROR) return brotli_failure(::BrotliDecoderGetErrorCode(state_));
    is_done_ = said == BROTLI_DECODER_RESULT_SUCCESS;
    if (is_done_ && !in.empty()) return behind_the_end();
    return out.size() - room;
  }

  result<void> finish() override {
    if (is_done_) return {};
    return error(error_kind::protocol, "cut off", 400);
  }

 private:
  [[nodiscard]] static result<std::size_t> behind_the_end() {
    return error(error_kind::protocol, "octets behind the end", 400);
  }

  BrotliDecoderState* state_;
  bool is_done_ = false;
};

}  // namespace detail

inline owned<coding_decoder> make_brotli_decoder(const decode_limits&) {
  return owned<coding_decoder>(new detail::brotli_decoder());
}

}  // namespace tinyhttp
