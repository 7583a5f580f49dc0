// tinyhttp/testing/units.hpp -- positions in a response, sizes, and how long tests wait for others.
//
// Values only. The two positions in octets are spelled differently on purpose; see `after` and `offset`.
#pragma once

#include <tinyhttp/core/ascii.hpp>
#include <tinyhttp/core/chrono.hpp>

#include <cstdint>
#include <cstdlib>
#include <string>

namespace tinyhttp::testing {

inline namespace literals {
/// `3_MiB` octets. `using namespace tinyhttp::testing` makes these visible.
[[nodiscard]] consteval std::uint64_t operator""_KiB(unsigned long long n) { return n << 10; }
[[nodiscard]] consteval std::uint64_t operator""_MiB(unsigned long long n) { return n << 20; }
[[nodiscard]] consteval std::uint64_t operator""_GiB(unsigned long long n) { return n << 30; }
}  // namespace literals

/// After this many octets of the body of *this response*, whichever part of the file they are. The head
/// does not count, nor does chunk framing.
struct after {
  std::uint64_t octets = 0;
};

/// At this position in the *file*. A resumed response that begins there has already passed it.
struct offset {
  std::uint64_t octets = 0;
};

/// After this many octets of the response *head*; 0 is before anything of the response has been sent.
struct in_head {
  std::uint64_t octets = 0;
};
inline constexpr in_head before_head{};

/// When this many octets of the *request's* body, or a few more, have been read. 0 is before any of it, and before the
/// `100 Continue` that a client may wait for. The rule is then chosen by the request's head alone; a lambda comes too late to return one.
struct in_request {
  std::uint64_t octets = 0;
};

/// A position in an exchange: any of the four above.
struct position {
  enum class kind : std::uint8_t { head, body, file, request };

  constexpr position(in_head p) noexcept : in(kind::head), octets(p.octets) {}
  constexpr position(after p) noexcept : in(kind::body), octets(p.octets) {}
  constexpr position(offset p) noexcept : in(kind::file), octets(p.octets) {}
  constexpr position(in_request p) noexcept : in(kind::request), octets(p.octets) {}
  position(std::uint64_t) = delete;  // a number is no place: say after{n}, offset{n}, in_head{n} or in_request{n}

  kind in;
  std::uint64_t octets;
};

/// The longest time that anything here waits for somebody else: 2 s times TINYHTTP_TEST_PATIENCE (a whole
/// number), for slow machines. Waiting longer never makes a passing test fail.
[[nodiscard]] inline std::chrono::milliseconds patience() {
  static const std::chrono::milliseconds all = [] {
    const char* factor = std::getenv("TINYHTTP_TEST_PATIENCE");
    const auto times = ascii::parse_decimal_strict(factor != nullptr ? factor : "1", 10'000);
    return std::chrono::seconds(2) * static_cast<int>(times.value_or(1));
  }();
  return all;
}

/// A line of a test: where a rule was written.
struct source_line {
  const char* file = "";
  int line = 0;

  static constexpr source_line here(const char* f = __builtin_FILE(), int l = __builtin_LINE()) noexcept {
    return {f, l};
  }
  /// `mirror_test.cpp:31`.
  [[nodiscard]] std::string text() const {
    std::string_view name = file;
    name.remove_prefix(name.rfind('/') + 1);
    return std::string(name).append(":").append(ascii::to_decimal(static_cast<std::uint64_t>(line)));
  }
};

}  // namespace tinyhttp::testing
