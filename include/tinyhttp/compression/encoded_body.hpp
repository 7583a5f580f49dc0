// tinyhttp/compression/encoded_body.hpp -- applies a content coding to a body while it is pulled.
//
// RFC 9110 8.4. Knows no coding itself: gzip_encoder.hpp and others supply them, and a program may supply its own.
#pragma once

#include <tinyhttp/core/owned.hpp>
#include <tinyhttp/core/result.hpp>
#include <tinyhttp/core/task.hpp>
#include <tinyhttp/http/body.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace tinyhttp {

/// How much of the input must be output.
enum class encoding_step : std::uint8_t {
  more,    // the encoder chooses what it outputs
  flush,   // everything put in can be decoded from the output so far
  finish,  // the same, and the input is complete
};

/// Applies one coding, to one body. Used by one thread at a time.
class coding_encoder {
 public:
  coding_encoder() = default;
  coding_encoder(const coding_encoder&) = delete;
  coding_encoder& operator=(const coding_encoder&) = delete;
  virtual ~coding_encoder() = default;

  /// Encodes from the front of `in` into `out`, and removes from `in` what was used. A flush ends with a call that
  /// has room for 7 octets.
  ///
  /// @return  the octets written: fewer than fit only if `in` is used up and the step is done. No call may follow an error
  [[nodiscard]] virtual result<std::size_t> encode(std::string_view& in, std::span<char> out,
                                                   encoding_step step) = 0;
};

/// A coding and how to apply it.
struct content_encoding {
  std::string_view name;  // as in Content-Encoding, in lower case; as valid as its literal
  int level;              // the coding's own
  /// Makes an encoder for a body of `length` octets, if known. Null if there is no memory.
  std::unique_ptr<coding_encoder> (*make)(int level, std::optional<std::uint64_t> length);
};

// ---------------------------------------------------------------------------------------------

namespace detail {

inline constexpr std::size_t encoding_turn = 64 * 1024;  // octets encoded without letting others go on

/// All of `plain`, coded.
[[nodiscard]] inline result<std::string> encode_whole(coding_encoder& by, std::string_view plain) {
  std::string coded;
  for (std::size_t size = 0;;) {
    coded.resize(size + plain.size() / 2 + 512);
    const auto got = by.encode(plain, std::span<char>(coded).subspan(size), encoding_step::finish);
    if (!got) return got.error();
    size += *got;
    if (size == coded.size()) continue;
    coded.resize(size);
    return coded;
  }
}

/// Flushes where it would have to wait for more, and where much has come to little. What fails stays a
/// failure: the coding's end is never written then.
template <class = void>  // g++ compiles every coroutine it sees; a template only where it is used
class encoded_stream final : public body_stream {
 public:
  encoded_stream(body plain, std::unique_ptr<coding_encoder> by)
      : plain_(std::move(plain)), by_(std::move(by)), window_(window), left_(plain_.length()) {}

  task<result<std::string_view>> next() override {
    if (failure_) co_return *failure_;
    std::size_t used = 0, filled = 0;
    while (by_) {
      if (step_ == encoding_step::more) {
        if (used == encoding_turn) {
          if (filled > 0) break;
          step_ = encoding_step::flush;
        } else if (input_.empty()) {
          if (pulling_.is_empty()) {
            pulling_ = plain_.next();
            pulling_.try_start();
          }
          if (pulling_.done() || !is_owing_) {
            auto pulling = std::move(pulling_);
            const result<std::string_view> piece = co_await pulling;
            if (!piece) co_return give_up(piece.error());
            if (!keeps_promise(piece->size())) co_return give_up({error_kind::io, "body: not as long as was promised"});
            input_ = *piece;
            if (piece->empty()) step_ = encoding_step::finish;
          } else {
            step_ = encoding_step::flush;
          }
        }
      }
      const bool takes_more = step_ == encoding_step::more;
      auto part = input_.substr(0, takes_more ? encoding_turn - used : 0);
      const std::size_t offered = part.size();
      const auto got = by_->encode(part, {window_.get() + filled, window - filled}, step_);
      if (!got) co_return give_up(got.error());
      input_.remove_prefix(offered - part.size());
      used += offered - part.size();
      filled += *got;
      const bool is_full = filled == window;
      if (takes_more) is_owing_ = true;
      else if (!is_full) end_step();
      if (is_full || (!takes_more && filled > 0)) break;
    }
    co_return std::string_view(window_.get(), filled);
  }
  [[nodiscard]] const fields* trailers() const noexcept override { return plain_.trailers(); }

 private:
  static constexpr std::size_t window = 16 * 1024;  // octets

  /// A length that nobody is told any more still tells whether all is here.
  [[nodiscard]] bool keeps_promise(std::size_t more) noexcept {
    if (!left_) return true;
    if (more == 0 ? *left_ != 0 : more > *left_) return false;
    *left_ -= more;
    return true;
  }
  void end_step() noexcept {
    if (step_ == encoding_step::finish) by_.reset();
    is_owing_ = false;
    step_ = encoding_step::more;
  }
  /// The first error is the last word; what is left is let go.
  [[nodiscard]] error give_up(const error& why) {
    failure_ = why;
    by_.reset();
    input_ = {};
    return why;
  }

  body plain_;
  std::unique_ptr<coding_encoder> by_;  // null: its end has been written
  owned_octets window_;
  std::optional<std::uint64_t> left_;       // octets of `plain_`, where it says how many
  std::string_view input_;                  // of the piece that was pulled last
  task<result<std::string_view>> pulling_;  // the next one; not awaited while there is something to flush
  encoding_step step_ = encoding_step::more;
  bool is_owing_ = false;  // what went in may not have come out
  std::optional<error> failure_;
};

}  // namespace detail

}  // namespace tinyhttp
