// tinyhttp/http/constant_line.hpp -- a field line that is known at compile time.
//
// RFC 9110 5.5. Checked at compile time, so that no check is needed at run time.
#pragma once

#include <tinyhttp/core/ascii.hpp>

#include <cstddef>
#include <stdexcept>
#include <string_view>

namespace tinyhttp {

/// `name: value CRLF`, as sent on the wire. Anything else does not compile.
class constant_line {
 public:
  template <std::size_t Size>
  consteval explicit constant_line(const char (&line)[Size])
      : text_(line, Size - 1), name_size_(text_.find(": ")) {
    if (name_size_ == text_.npos || !text_.ends_with("\r\n")) throw std::invalid_argument("field line: no `name: value CRLF`");
    const auto value = text_.substr(name_size_ + 2, text_.size() - name_size_ - 4);
    if (!ascii::is_token(text_.substr(0, name_size_)) || !ascii::is_field_value(value))
      throw std::invalid_argument("field line: an octet that may not be there");
  }

  [[nodiscard]] constexpr std::string_view text() const noexcept { return text_; }
  [[nodiscard]] constexpr std::size_t name_size() const noexcept { return name_size_; }

 private:
  std::string_view text_;  // of a literal
  std::size_t name_size_;
};

}  // namespace tinyhttp
