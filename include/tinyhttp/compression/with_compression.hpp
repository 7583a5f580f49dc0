// tinyhttp/compression/with_compression.hpp -- compresses a handler's answers for clients that accept it.
//
// Separate because it needs zlib (-lz). RFC 9110 8.4, 8.8.3 and 12.5.3. Knows no socket.
#pragma once

#include <tinyhttp/app/handler.hpp>
#include <tinyhttp/compression/encoded_body.hpp>
#include <tinyhttp/compression/gzip_encoder.hpp>
#include <tinyhttp/core/ascii.hpp>
#include <tinyhttp/core/shared.hpp>
#include <tinyhttp/http/conditional.hpp>
#include <tinyhttp/http/media_type.hpp>
#include <tinyhttp/http/negotiation.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace tinyhttp {

/// Text, JSON, XML, scripts, wasm, and fonts and pictures that are not already compressed. Not `text/event-stream`: a
/// stream that stays open would hold the encoder's memory all the time.
[[nodiscard]] constexpr bool is_compressible(std::string_view content_type) noexcept;

/// Which answers are compressed, and how.
struct compression_options {
  std::vector<content_encoding> codings{gzip_encoding()};  // best first; the order decides between equals

  std::uint64_t smallest = 1024;  // octets, if known: shorter bodies save nothing worth having
  std::uint64_t largest = std::uint64_t{16} << 20;  // longer ones cost too much to be compressed at each request

  /// Decides by the Content-Type what is worth compressing.
  bool (*suits)(std::string_view content_type) = &is_compressible;
};

/// A handler that calls `h` and compresses its answer if the client's Accept-Encoding prefers that.
///
/// A body of up to 64 KiB in memory is compressed at once. Larger bodies, files and streams are compressed as they are
/// sent, 64 KiB at a time, and a stream's octets are flushed before it waits. Such an answer has no
/// Content-Length. HTTP/1.0 gets only short bodies compressed.
///
/// Not compressed: 1xx, 204, 205 and CONNECT; partial content, and answers with a Content-Encoding, a digest of their
/// octets, or `Cache-Control: no-transform`; other types and lengths; and everything, if there is no memory for an
/// encoder. An answer that depends on the client says `Vary: Accept-Encoding`.
///
/// In `blocking`, around a handler that returns a response, its threads compress what is compressed at once.
///
/// A strong ETag `"a"` becomes `"a-gzip"`. If-None-Match and If-Match with it reach `h` with `"a"` beside it, so
/// that both work as they should. If-Range does not, as ranges are of the uncompressed content.
template <handler H>
[[nodiscard]] auto with_compression(H h, compression_options options = {});

// ---------------------------------------------------------------------------------------------

namespace detail {

/// The tag of the coded representation of what `etag` names; empty where one tag does for both, as a weak one.
[[nodiscard]] inline std::string coded_tag(std::string_view etag, std::string_view coding) {
  const auto tag = parse_entity_tag(etag);
  if (!tag || tag->weak) return {};
  return std::string(etag.substr(0, etag.size() - 1)).append("-").append(coding).append("\"");
}

/// Adds to a list of tags those of the representations before `coding`. Not instead: a handler may have such
/// tags of its own. True: there were some.
inline bool add_plain_tags(fields& to, std::string_view name, std::string_view coding) {
  if (!to.contains(name)) return false;
  const auto said = to.combined(name);
  const std::string end = std::string("-").append(coding).append("\"");
  if (said->find(end) == said->npos) return false;
  std::string list = *said;
  for (std::string_view rest = *said; !rest.empty();) {
    const auto text = take_tag_text(rest);
    if (text.ends_with(end))
      list.append(", ").append(text.substr(0, text.size() - end.size())).append("\"");
  }
  to.set(name, list);
  return true;
}

/// What a request says of codings.
struct coding_asked {
  const content_encoding* by = nullptr;  // null: as it is
  bool is_head = false;
  bool is_old = false;         // HTTP/1.0
  std::string coded_tags = {};  // If-None-Match, where it names coded representations
};

[[nodiscard]] inline bool must_stay(const fields& f) noexcept {
  for (const auto* name : {"Content-Encoding", "Content-Digest", "Repr-Digest", "Digest", "Content-MD5"})
    if (f.contains(name)) return true;
  return f.has_token("Cache-Control", "no-transform");
}

/// The length of what a GET would be answered with.
[[nodiscard]] inline std::optional<std::uint64_t> told_size(const response& made, bool is_head) {
  const auto length = made.body.length();
  if (!is_head || length != 0U) return length;
  const auto told = ascii::parse_decimal(made.fields["Content-Length"]);
  return told ? told : length;
}

template <handler H>
class compressing_handler {
 public:
  compressing_handler(H h, compression_options options) : handler_(std::move(h)), options_(std::move(options)) {
    for (const auto& each : options_.codings) names_.push_back(each.name);
  }

  /// Gives a response where `H` does, so that in `blocking` its threads do the work of both.
  auto operator()(request& r) const {
    const bool is_tunnel = r.method == method::connect;
    auto asked = is_tunnel ? coding_asked() : ask(r);  // before the handler has it
    auto code = [this, is_tunnel, asked = std::move(asked)](response& made) {
      if (!is_tunnel) answer(made, asked);
    };
    if constexpr (std::is_same_v<decltype(handler_(r)), response>) {
      response made = handler_(r);
      code(made);
      return made;
    } else {
      return transform(invoke(handler_, r), std::move(code));
    }
  }

 private:
  /// Reads `r`, and makes its conditions mean for the handler what they mean for the client.
  [[nodiscard]] coding_asked ask(request& r) const {
    coding_asked asked{nullptr, r.method == method::head, r.version == http_version::http_1_0};
    const auto best = preferred_coding(r.fields.combined("Accept-Encoding"), names_);
    for (const auto& each : options_.codings) {
      if (best == each.name) asked.by = &each;
      add_plain_tags(r.fields, "If-Match", each.name);
    }
    if (asked.by == nullptr) return asked;
    if (add_plain_tags(r.fields, "If-None-Match", asked.by->name)) asked.coded_tags = r.fields["If-None-Match"];
    // A date names all representations alike, and the part would be of another than the client may have.
    if (const auto condition = r.fields.get("If-Range"); condition && !parse_entity_tag(*condition))
      r.fields.remove("Range");
    return asked;
  }

  void answer(response& made, const coding_asked& asked) const {
    const int code = made.status.code();
    if (made.status.is_informational() || code == 204 || code == 205 || must_stay(made.fields)) return;
    const bool is_unchanged = made.status == status::not_modified;  // says nothing of type and size
    const bool is_part = made.status == status::partial_content || made.fields.contains("Content-Range");
    const auto size = told_size(made, asked.is_head);
    if (!is_unchanged) {
      const auto type = made.fields["Content-Type"];
      if (!options_.suits(type) && !(is_part && ascii::starts_with_ignoring_case(type, "multipart/byteranges"))) return;
      if (!is_part && size && (*size < options_.smallest || *size > options_.largest)) return;
    }
    if (!made.fields.has_token("Vary", "Accept-Encoding") && !made.fields.has_token("Vary", "*"))
      made.fields.add("Vary", "Accept-Encoding");
    if (asked.by == nullptr || is_part) return;
    const std::string tag = coded_tag(made.fields["ETag"], asked.by->name);
    if (is_unchanged) {
      if (!names_current(asked.coded_tags, {.etag = tag}, weak_match)) return;
    } else if (!encode(made, asked, size)) {
      return;
    } else {
      made.fields.set("Content-Encoding", asked.by->name).remove("Content-Length");
      if (made.fields.contains("Accept-Ranges")) made.fields.set("Accept-Ranges", "none");
    }
    if (!tag.empty()) made.fields.set("ETag", tag);
  }

  /// False: it stays as it is.
  [[nodiscard]] static bool encode(response& made, const coding_asked& asked, std::optional<std::uint64_t> size) {
    const bool is_at_once = size && *size <= encoding_turn && made.body.is_octets();
    if (asked.is_old && !is_at_once) return false;
    if (asked.is_head) {  // nobody needs the octets to know that there would be some
      made.body = stream_body([] { return std::string(); });
      return true;
    }
    auto by = asked.by->make(asked.by->level, size);
    if (!by) return false;
    if (!is_at_once) {
      made.body = share<body_stream>(new encoded_stream<>(std::move(made.body), std::move(by)));
      return true;
    }
    auto coded = encode_whole(*by, made.body.text());
    if (coded) made.body = std::move(*coded);
    return coded.has_value();
  }

  H handler_;
  compression_options options_;
  std::vector<std::string_view> names_;
};

}  // namespace detail

constexpr bool is_compressible(std::string_view content_type) noexcept {
  const auto type = parse_media_type(content_type);
  if (!type) return false;
  if (ascii::equal_ignoring_case(type->type, "text")) return !type->is("text/event-stream");
  for (const auto* end : {"+json", "+xml", "+yaml"})
    if (ascii::ends_with_ignoring_case(type->subtype, end)) return true;
  for (const auto* each :
       {"application/json", "application/javascript", "application/xml", "application/wasm", "application/x-ndjson",
        "application/jsonl", "application/yaml", "application/toml", "application/sql", "application/rtf",
        "application/x-sh", "application/x-javascript", "application/vnd.ms-fontobject", "font/ttf", "font/otf",
        "image/bmp", "image/x-icon", "image/vnd.microsoft.icon"})
    if (type->is(each)) return true;
  return false;
}

template <handler H>
auto with_compression(H h, compression_options options) {
  return detail::compressing_handler<H>(std::move(h), std::move(options));
}

}  // namespace tinyhttp
