// tinyhttp/core/frame_memory.hpp -- memory of coroutine frames, kept for the next frames of the thread.
//
// The same calls make frames of the same sizes again and again: after the first time they allocate nothing. Bounded,
// and disabled under sanitizers, which must see each frame come and go.
#pragma once

#include <cstddef>
#include <new>

namespace tinyhttp::detail {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool keeps_frames = false;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
inline constexpr bool keeps_frames = false;
#else
inline constexpr bool keeps_frames = true;
#endif
#else
inline constexpr bool keeps_frames = true;
#endif

/// Spare frames of one thread, by size. A frame may end in another thread than it began in.
class frame_memory {
 public:
  [[nodiscard, gnu::noinline]] static void* take(std::size_t size) {
    const std::size_t shelf = shelf_of(size);
    if (!keeps_frames || shelf >= shelves) return ::operator new(size);
    frame_memory* const mine = here();
    if (mine == nullptr || mine->first_[shelf] == nullptr) return ::operator new(size_on(shelf));
    spare* const found = mine->first_[shelf];
    mine->first_[shelf] = found->next;
    --mine->count_[shelf];
    return found;
  }

  static void give(void* frame, std::size_t size) noexcept {
    const std::size_t shelf = shelf_of(size);
    frame_memory* const mine = keeps_frames && shelf < shelves ? here() : nullptr;
    if (mine == nullptr || mine->count_[shelf] == most_on(shelf)) return ::operator delete(frame);
    mine->first_[shelf] = ::new (frame) spare{mine->first_[shelf]};
    ++mine->count_[shelf];
  }

 private:
  struct spare {
    spare* next;
  };
  // Sizes are 32 octets apart, so that little is wasted, and from 1 KiB on 256; with the eight octets that
  // malloc adds they are whole.
  static constexpr std::size_t small_shelves = 32;
  static constexpr std::size_t shelves = 44;  // up to 4 KiB: larger frames are rare

  static std::size_t shelf_of(std::size_t size) noexcept {
    return size <= 1016 ? (size + 7) / 32 : small_shelves + (size - 1017) / 256;
  }
  static std::size_t size_on(std::size_t shelf) noexcept {
    return shelf < small_shelves ? shelf * 32 + 24 : 1016 + (shelf - small_shelves + 1) * 256;
  }

  /// Connections come and go by the dozen, large frames one in the other: 184 KiB in all, at worst.
  static unsigned char most_on(std::size_t shelf) noexcept {
    return shelf < small_shelves / 2 ? 16 : shelf < small_shelves ? 4 : 2;
  }

  /// Null if the thread is ending and has freed everything.
  static frame_memory* here() noexcept {
    if (gone_) return nullptr;
    static thread_local frame_memory mine;
    return &mine;
  }
  frame_memory() = default;
  ~frame_memory() {
    gone_ = true;
    for (spare*& first : first_)
      while (first != nullptr) {
        spare* const next = first->next;
        ::operator delete(first);
        first = next;
      }
  }

  inline static thread_local bool gone_ = false;
  spare* first_[shelves] = {};
  unsigned char count_[shelves] = {};
};

}  // namespace tinyhttp::detail
