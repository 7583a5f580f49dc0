// tinyhttp/http/body_parts.hpp -- what a body can consist of besides octets: a source, pieces, a stream.
//
// The interfaces that content comes through; body.hpp makes one type of them.
#pragma once

#include <tinyhttp/core/result.hpp>
#include <tinyhttp/core/shared.hpp>
#include <tinyhttp/core/task.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace tinyhttp {

class fields;

/// Octets that can be read at any offset: an open file, a generated pattern. Shared and immutable
/// as an object; what it reads may change underneath, as files do.
class content_source {
 public:
  content_source() = default;
  content_source(const content_source&) = delete;
  content_source& operator=(const content_source&) = delete;
  virtual ~content_source() = default;

  /// An open file with the same octets, for sendfile; -1 if there is none.
  [[nodiscard]] virtual int descriptor() const noexcept { return -1; }

  /// Reads into `room` from `offset` on. May return fewer octets than fit; 0 is the end.
  [[nodiscard]] virtual result<std::size_t> read_at(std::uint64_t offset,
                                                    std::span<char> room) const = 0;
};

/// Reads `size` octets of `of` from `offset` on. An error if it ends earlier or fails.
[[nodiscard, gnu::cold]] inline result<std::string> read_octets(const content_source& of, std::uint64_t offset, std::size_t size) {
  std::string all(size, '\0');
  for (std::size_t done = 0; done < size;) {
    const auto got = of.read_at(offset + done, {all.data() + done, size - done});
    if (!got) return got.error();
    if (*got == 0) return error(error_kind::io, "content ended before its length");
    done += *got;
  }
  return all;
}

/// A range of octets of a source.
struct content_slice {
  shared<const content_source> source;
  std::uint64_t offset = 0;
  std::uint64_t length = 0;  // octets
};

/// One part of a body that has several: octets of its own, or a slice.
struct body_piece {
  body_piece(std::string own) noexcept : octets(std::move(own)) {}
  body_piece(std::string_view own) : octets(own) {}
  body_piece(const char* own) : octets(own) {}
  body_piece(content_slice part) noexcept : slice(std::move(part)) {}

  [[nodiscard]] bool is_slice() const noexcept { return slice.source != nullptr; }
  [[nodiscard]] std::uint64_t length() const noexcept { return is_slice() ? slice.length : octets.size(); }

  std::string octets = {};
  content_slice slice = {};  // of a source, where it is one
};

/// A body that is pulled piece by piece.
class body_stream {
 public:
  body_stream() = default;
  body_stream(const body_stream&) = delete;
  body_stream& operator=(const body_stream&) = delete;
  virtual ~body_stream() = default;

  /// The next octets; an empty view is the end. The view is valid until the next call. An error ends the stream, and
  /// cuts off the message that it is the body of.
  [[nodiscard]] virtual task<result<std::string_view>> next() = 0;

  /// The total number of octets, if it is known in advance.
  [[nodiscard]] virtual std::optional<std::uint64_t> length() const { return std::nullopt; }

  /// The trailer section, once the end has been pulled (RFC 9110 6.5). Null if there is none.
  [[nodiscard]] virtual const fields* trailers() const noexcept { return nullptr; }
};

}  // namespace tinyhttp
