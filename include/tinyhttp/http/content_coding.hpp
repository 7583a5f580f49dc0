// tinyhttp/http/content_coding.hpp -- decoding the content codings of a message while its body is pulled.
//
// RFC 9110 8.4. Knows no coding itself: compression.hpp brings those of zlib, brotli and zstd, and
// a program may bring its own. Encodes nothing.
#pragma once

#include <tinyhttp/core/ascii.hpp>
#include <tinyhttp/core/owned.hpp>
#include <tinyhttp/core/result.hpp>
#include <tinyhttp/core/shared.hpp>
#include <tinyhttp/core/task.hpp>
#include <tinyhttp/http/body.hpp>
#include <tinyhttp/http/fields.hpp>
#include <tinyhttp/http/negotiation.hpp>
#include <tinyhttp/http/request.hpp>
#include <tinyhttp/http/response.hpp>
#include <tinyhttp/http/status.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tinyhttp {

/// Bounds on what a peer can make us do with little input. Memory beside these: 64 KiB for each coding.
struct decode_limits {
  /// Octets that any one coding may produce. 1 GiB fits on a disk, but stops an hour of zeros.
  std::uint64_t max_octets = std::uint64_t{1} << 30;

  /// Codings in a row. As in curl; a second one occurs now and then, by mistake.
  std::size_t max_codings = 5;

  /// Octets of history that a decoder may have to keep, for formats that leave it to the sender:
  /// zstd, where 8 MiB is the most that an HTTP sender may ask for (RFC 9659). Brotli keeps at most
  /// 16 MiB, gzip and deflate 32 KiB, whatever is said here.
  std::uint64_t max_window = std::uint64_t{8} << 20;
};

/// Decodes one coding, for one body. Used by one thread at a time.
class coding_decoder {
 public:
  coding_decoder() = default;
  coding_decoder(const coding_decoder&) = delete;
  coding_decoder& operator=(const coding_decoder&) = delete;
  virtual ~coding_decoder() = default;

  /// Decodes from the front of `in` into `out`, and removes from `in` what was used.
  ///
  /// @return  the octets written: fewer than fit only if `in` is used up. An error if the coded octets are damaged,
  ///          continue after their end, or memory is short. No call may follow an error
  [[nodiscard]] virtual result<std::size_t> decode(std::string_view& in, std::span<char> out) = 0;

  /// Call it at the end of the input, once all of it has been decoded: an error if it is cut off.
  [[nodiscard]] virtual result<void> finish() = 0;
};

/// The error of a decoder that runs out of memory, whatever the octets are.
[[nodiscard]] inline error no_memory_to_decode() { return {error_kind::io, "no memory", 503}; }

/// A coding and how to decode it.
struct content_coding {
  std::string_view name;  // as in Content-Encoding, in lower case; as valid as its literal
  owned<coding_decoder> (*make)(const decode_limits&);
};

/// An Accept-Encoding value that offers these codings, without preference.
[[nodiscard]] inline std::string accept_encoding(std::span<const content_coding> known);

/// Replaces `content` by the decoded octets, and removes Content-Encoding and Content-Length from `about`. The octets
/// are decoded while the body is pulled. A body that is damaged, cut off, or continues after its end gives an error
/// of kind `protocol` (status hint 400) in place of its end, and never ends short. More octets than the limit are an
/// error of kind `limit` (413), lack of memory in a decoder is one of kind `io` (503). Error lines begin with
/// `where`, if given.
///
/// An empty body (an answer to HEAD, a 304, a length of 0) is left unchanged, with its fields. Strictly, even an
/// empty body has coded octets, but servers do send this.
///
/// @return  an error for a coding that is not among `known`, and for too many (415); nothing has
///          changed then
template <class = void>
[[nodiscard]] result<void> decode(fields& about, body& content,
                                  std::span<const content_coding> known,
                                  const decode_limits& limits = {}, std::string where = {});

/// The same for a message. A 206 in a coding is an error: a part cannot be decoded by itself.
template <class = void>
[[nodiscard]] result<void> decode(response& answer, std::span<const content_coding> known,
                                  const decode_limits& limits = {}, std::string where = {});
template <class = void>
[[nodiscard]] result<void> decode(request& asked, std::span<const content_coding> known,
                                  const decode_limits& limits = {}, std::string where = {}) {
  return decode(asked.fields, asked.body, known, limits, std::move(where));
}

// ---------------------------------------------------------------------------------------------

namespace detail {

/// Decoders in a row, the one that was applied last in front. Does no I/O: coded octets go in by
/// `feed`, decoded ones come out by `next`.
class decoding_chain {
 public:
  explicit decoding_chain(std::uint64_t max_octets) noexcept : max_octets_(max_octets) {}

  void add(const content_coding& coding, const decode_limits& limits) {
    stages_.push_back({coding.name, coding.make(limits), owned_octets(window)});
  }

  /// More coded octets, which stay until `next` has given an empty view; none is their end.
  void feed(std::string_view octets) noexcept {
    stages_.front().input = octets;
    stages_.front().ended = octets.empty();
  }
  [[nodiscard]] bool was_fed_all() const noexcept { return stages_.front().ended; }

  /// The next decoded octets, until the next call; an empty view when it has to be fed, or when
  /// everything is decoded.
  [[nodiscard]] result<std::string_view> next() { return next_of(stages_.size() - 1); }

 private:
  static constexpr std::size_t window = 64 * 1024;  // octets
  // Empty blocks, comments and padding: a peer could send them for ever, and nothing would come out.
  static constexpr std::uint64_t most_overhead = 1024 * 1024;  // octets beyond twice the decoded ones

  struct stage {
    std::string_view name;
    owned<coding_decoder> by;
    owned_octets out;
    std::string_view input = {};
    std::uint64_t octets = 0;  // decoded so far
    std::uint64_t used = 0;    // coded octets for these
    bool was_full = false;     // there may be more without further input
    bool ended = false;        // no more input will come
  };

  [[nodiscard]] error failed(const stage& at, const error& why) const {
    std::string line(at.name);
    ascii::append_decimal(line.append(": ").append(why.message()).append(" after "), at.octets);
    return {why.kind(), line.append(" decoded octets"), why.status_hint()};
  }

  [[nodiscard]] result<std::string_view> decode(stage& at) {
    const std::size_t before = at.input.size();
    const auto got = at.by->decode(at.input, {at.out.get(), window});
    if (!got) return failed(at, got.error());
    at.was_full = *got == window;
    at.octets += *got;
    at.used += before - at.input.size();
    if (at.used > 2 * at.octets + most_overhead)
      return error(error_kind::limit, std::string(at.name) + ": too many coded octets for " +
                                          ascii::to_decimal(at.octets) + " decoded ones", 413);
    if (at.octets > max_octets_)
      return error(error_kind::limit,
                   std::string(at.name) + ": more than " + ascii::to_decimal(max_octets_) +
                       " decoded octets",
                   413);
    return std::string_view(at.out.get(), *got);
  }

  /// As deep as there are codings, a handful.
  [[nodiscard]] result<std::string_view> next_of(std::size_t place) {
    stage& at = stages_[place];
    for (;;) {
      if (!at.input.empty() || at.was_full) {
        const auto got = decode(at);
        if (!got || !got->empty()) return got;
      } else if (at.ended) {
        const result<void> whole = at.by->finish();
        if (!whole) return failed(at, whole.error());
        return std::string_view();
      } else if (place == 0) {
        return std::string_view();
      } else {
        const auto more = next_of(place - 1);
        if (!more) return more;
        at.input = *more;
        at.ended = more->empty() && was_fed_all();
        if (more->empty() && !at.ended) return more;
      }
    }
  }

  std::uint64_t max_octets_;
  std::vector<stage> stages_;
};

[[nodiscard]] inline error seen_from(std::string_view where, const error& why) {
  return where.empty() ? why : why.within(where);
}

template <class = void>  // g++ compiles every coroutine it sees; a template only where it is used
class decoded_stream final : public body_stream {
 public:
  decoded_stream(body coded, decoding_chain chain, std::string where)
      : coded_(std::move(coded)), chain_(std::move(chain)), where_(std::move(where)) {}

  task<result<std::string_view>> next() override {
    if (failure_) co_return *failure_;
    for (;;) {
      const result<std::string_view> decoded = chain_.next();
      if (!decoded) co_return give_up(seen_from(where_, decoded.error()));
      if (!decoded->empty() || chain_.was_fed_all()) co_return *decoded;
      const result<std::string_view> piece = co_await coded_.next();
      if (!piece) co_return give_up(piece.error());
      chain_.feed(*piece);
    }
  }
  [[nodiscard]] const fields* trailers() const noexcept override { return coded_.trailers(); }

 private:
  /// The first error is the last word; what is left of the coded body is let go.
  [[nodiscard]] error give_up(const error& why) {
    failure_ = why;
    coded_ = {};
    return why;
  }

  body coded_;
  decoding_chain chain_;
  std::string where_;
  std::optional<error> failure_;
};

[[nodiscard]] inline const content_coding* find_coding(std::span<const content_coding> known,
                                                       std::string_view name) noexcept {
  for (const content_coding& coding : known)
    if (ascii::equal_ignoring_case(coding.name, coding_name(name))) return &coding;
  return nullptr;
}

/// What the elements of Content-Encoding name, in the order in which they were applied.
[[nodiscard]] inline result<std::vector<const content_coding*>> codings_of(
    const fields& about, std::span<const content_coding> known, std::size_t at_most) {
  constexpr int unsupported = 415;
  std::vector<const content_coding*> found;
  const std::string all = about.combined("Content-Encoding").value_or(std::string());
  std::string_view rest = all;
  while (const auto name = ascii::take_list_element(rest)) {
    if (ascii::equal_ignoring_case(*name, "identity")) continue;
    if (found.size() == at_most)
      return error(error_kind::limit, "more than " + ascii::to_decimal(at_most) + " content codings",
                   unsupported);
    found.push_back(find_coding(known, *name));
    if (found.back() == nullptr)
      return error(error_kind::protocol,
                   "content coding " + std::string(name->substr(0, 40)) + " is not known here",
                   unsupported);
  }
  return found;
}

}  // namespace detail

inline std::string accept_encoding(std::span<const content_coding> known) {
  std::string list;
  for (const content_coding& coding : known)
    list.append(list.empty() ? "" : ", ").append(coding.name);
  return list;
}

template <class>
result<void> decode(fields& about, body& content, std::span<const content_coding> known,
                    const decode_limits& limits, std::string where) {
  if (!about.contains("Content-Encoding") || content.length() == 0) return {};
  const auto codings = detail::codings_of(about, known, limits.max_codings);
  if (!codings) return detail::seen_from(where, codings.error());
  detail::decoding_chain chain(limits.max_octets);
  for (std::size_t i = codings->size(); i-- > 0;) chain.add(*(*codings)[i], limits);
  about.remove("Content-Encoding");
  if (codings->empty()) return {};
  const std::uint64_t limit = content.default_limit();
  content = body(share(new detail::decoded_stream<>(std::move(content), std::move(chain),
                                                   std::move(where))));
  content.set_default_limit(limit);
  about.remove("Content-Length");
  return {};
}

template <class>
result<void> decode(response& answer, std::span<const content_coding> known,
                    const decode_limits& limits, std::string where) {
  const bool is_part = answer.status == status::partial_content;
  const auto coding = answer.fields.get("Content-Encoding");
  if (is_part && coding && !ascii::equal_ignoring_case(*coding, "identity"))
    return detail::seen_from(where, error(error_kind::protocol,
                                     "a part in a content coding cannot be decoded by itself"));
  return decode(answer.fields, answer.body, known, limits, std::move(where));
}

}  // namespace tinyhttp
