// tinyhttp/client/download_digest.hpp -- a digest that follows a file while it grows.
#pragma once

#include <tinyhttp/client/download_options.hpp>
#include <tinyhttp/client/part_file.hpp>
#include <tinyhttp/core/ascii.hpp>
#include <tinyhttp/core/bounds.hpp>
#include <tinyhttp/core/result.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace tinyhttp::detail {

/// A sum that follows a file, wherever it grows.
class running_digest {
 public:
  explicit running_digest(const expected_digest& of) : of_(of) { begin_anew(); }

  void begin_anew() {
    if (of_.sum && at_ > 0) static_cast<void>(of_.sum->finish());
    at_ = 0;
  }
  /// `octets` have been written at `offset`.
  void wrote(std::uint64_t offset, std::string_view octets) {
    if (!of_.sum || offset != at_) return;
    of_.sum->update(octets);
    at_ += octets.size();
  }
  /// Hashes what is in the file up to `size` and was not hashed yet.
  result<void> catch_up(const part_file& file, std::uint64_t size) {
    if (!of_.sum || at_ >= size) return {};
    std::string room(at_most(size - at_, std::size_t{256 * 1024}), '\0');
    while (at_ < size) {
      const auto left = at_most(size - at_, room.size());
      const auto count = file.read_at(at_, std::span<char>(room).first(left));
      if (!count) return count.error();
      if (*count == 0) return error(error_kind::io, "read " + file.path() + ".part: it has shrunk");
      of_.sum->update(std::string_view(room).substr(0, *count));
      at_ += *count;
    }
    return {};
  }
  /// The sum, if it is not the expected one.
  [[nodiscard]] std::optional<std::string> wrong() {
    if (!of_.sum) return std::nullopt;
    std::string sum = of_.sum->finish();
    at_ = 0;
    if (ascii::equal_ignoring_case(sum, of_.hex)) return std::nullopt;
    return sum;
  }

 private:
  const expected_digest& of_;
  std::uint64_t at_ = 0;  // octets summed up
};

}  // namespace tinyhttp::detail
