// tests/fuzz/fuzz.hpp -- what the fuzz targets share: an oracle that fails loudly, and choices.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace fuzz {

/// What must hold, whatever the octets are.
inline void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "oracle: %s\n", what);
  std::abort();
}

/// Takes octets off the front of an input, to choose by.
class choices {
 public:
  choices(const std::uint8_t* data, std::size_t size) noexcept
      : rest_(reinterpret_cast<const char*>(data), size) {}
  [[nodiscard]] std::size_t below(std::size_t bound) noexcept {
    if (rest_.empty()) return 0;
    const auto octet = static_cast<unsigned char>(rest_.front());
    rest_.remove_prefix(1);
    return octet % bound;
  }
  [[nodiscard]] std::string_view take(std::size_t most) noexcept {
    const auto taken = rest_.substr(0, most);
    rest_.remove_prefix(taken.size());
    return taken;
  }
  [[nodiscard]] std::string_view rest() const noexcept { return rest_; }

 private:
  std::string_view rest_;
};

}  // namespace fuzz
