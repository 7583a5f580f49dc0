// tinyhttp/h1/limits.hpp -- every bound on what a peer can make us hold, with the precedent for each.
//
// Numbers only. The status for exceeding one is stated beside it.
#pragma once

#include <cstddef>

namespace tinyhttp::h1 {

/// Bounds on the parts of a message. All are finite unless set otherwise.
struct limits {
  /// Octets of a request target; more is 414. RFC 9112 3 asks for 8000 at least; nginx takes 8 KiB.
  std::size_t target = 8 * 1024;

  /// Octets of a head, from the start line to the empty line; more is 431. Between node (16 KiB)
  /// and nginx (four buffers of 8 KiB).
  std::size_t head = 32 * 1024;

  /// Field lines of a head or a trailer section; more is 431. As Apache's LimitRequestFields.
  std::size_t fields = 100;

  /// Octets of a trailer section; more is 431.
  std::size_t trailer = 8 * 1024;

  /// Octets of chunk extensions, and of zeros in front of chunk sizes, in a whole body; more is 400.
  /// As hyper.
  std::size_t chunk_extensions = 16 * 1024;

  /// Empty lines skipped before a request line (RFC 9112 2.2 asks for one); more is 400. None is
  /// skipped before a status line.
  std::size_t empty_lines = 4;
};

}  // namespace tinyhttp::h1
