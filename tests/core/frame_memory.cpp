// tests/core/frame_memory.cpp -- tests core/frame_memory.hpp
#include "../allocations.hpp"
#include "catch.hpp"

#include <tinyhttp/core/frame_memory.hpp>
#include <tinyhttp/core/task.hpp>

#include <array>
#include <cstddef>
#include <cstdlib>
#include <thread>
#include <utility>
#include <vector>

using namespace tinyhttp;
using detail::frame_memory;

namespace {

task<int> deeper(int levels) {
  if (levels == 0) co_return 0;
  task<int> next = deeper(levels - 1);
  co_return 1 + co_await next;
}

int run(task<int> t) {
  static_cast<void>(t.try_start());
  return t.take();
}

/// A frame as large as it says, because it holds so much while it waits for what is done.
template <std::size_t Size>
task<int> large() {
  std::array<char, Size> held{};
  held[Size / 2] = 7;
  task<int> done = deeper(0);
  co_await done;
  co_return held[Size / 2];
}

}  // namespace

TEST_CASE("frames of usual calls are asked for once", "[core][task][allocations]") {
  if (!allocations_are_counted()) return;
  CHECK(run(deeper(3)) == 3);
  CHECK(run(large<3000>()) == 7);
  const std::size_t before = allocations();
  for (int i = 0; i < 100; ++i) {
    static_cast<void>(run(deeper(3)));
    static_cast<void>(run(large<3000>()));
  }
  CHECK(allocations() == before);
}

TEST_CASE("frames of every size are memory to write to, and no two share it", "[core][task]") {
  std::vector<std::pair<void*, std::size_t>> held;
  for (int round = 0; round < 3; ++round) {
    for (std::size_t size = 1; size < 6000; size += 97) {
      void* const memory = frame_memory::take(size);
      for (std::size_t i = 0; i < size; ++i) static_cast<unsigned char*>(memory)[i] = static_cast<unsigned char>(size);
      held.push_back({memory, size});
    }
    bool untouched = true;
    for (const auto& [memory, size] : held) {
      for (std::size_t i = 0; i < size; ++i)
        untouched = untouched && static_cast<unsigned char*>(memory)[i] == static_cast<unsigned char>(size);
      frame_memory::give(memory, size);
    }
    CHECK(untouched);
    held.clear();
  }
}

TEST_CASE("what is kept is bounded, however deep calls went", "[core][task][allocations]") {
  if (!allocations_are_counted()) return;
  CHECK(run(deeper(100)) == 100);
  const std::size_t before = allocations();
  CHECK(run(deeper(100)) == 100);
  CHECK(allocations() - before >= 100 - 16);
}

TEST_CASE("a few frames of each size are kept, fewer of large ones and none of the largest", "[core][task][allocations]") {
  if (!allocations_are_counted()) return;
  struct row {
    std::size_t size, kept;
  };
  const row rows[] = {{1, 16}, {24, 16}, {25, 16}, {504, 16}, {505, 4}, {1016, 4}, {1017, 2}, {1273, 2}, {4088, 2}, {4089, 0}, {9000, 0}};
  for (const row& r : rows) {
    CAPTURE(r.size);
    std::size_t asked = 0;
    std::ptrdiff_t octets = 0, left = 0;
    std::thread([&] {  // which has none yet
      void* all[20];
      const auto before = octets_held();
      for (void*& each : all) each = frame_memory::take(r.size);
      octets = (octets_held() - before) / 20;
      for (void* each : all) frame_memory::give(each, r.size);
      asked = allocations();
      for (void*& each : all) each = frame_memory::take(r.size);
      asked = allocations() - asked;
      for (void* each : all) frame_memory::give(each, r.size);
      left = octets_held() - before;
    }).join();
    CHECK(asked == 20 - r.kept);
    // malloc gives 16 octets more where the rest of a freed block would be too small to be one.
    CHECK(std::abs(left - static_cast<std::ptrdiff_t>(r.kept) * octets) <= static_cast<std::ptrdiff_t>(r.kept) * 16);
    CHECK(octets < static_cast<std::ptrdiff_t>(r.size) + 300);
  }
}

TEST_CASE("a thread that ends gives back all frames, and keeps none that end behind them", "[core][task][allocations][threads]") {
  if (!allocations_are_counted()) return;
  struct last_word {
    ~last_word() {
      if (late != nullptr) {
        frame_memory::give(late, 100);
        frame_memory::give(frame_memory::take(100), 100);
      }
      *left = octets_held() - before;
    }
    std::ptrdiff_t before;
    std::ptrdiff_t* left;
    void* late = nullptr;
  };
  const auto left_by = [](bool uses_frames) {
    std::ptrdiff_t left = 0;
    std::thread([&] {
      thread_local last_word at_the_end{octets_held(), &left};  // destroyed behind the memory of frames, which is not used yet
      if (!uses_frames) return;
      at_the_end.late = frame_memory::take(100);
      static_cast<void>(run(deeper(20)));
    }).join();
    return left;
  };
  CHECK(left_by(true) == left_by(false));  // what the thread itself is made of
}

TEST_CASE("a frame may end in another thread than it began in", "[core][task][threads]") {
  std::vector<task<int>> made;
  for (int i = 0; i < 10; ++i) made.push_back(deeper(5));
  std::thread([&] {
    for (auto& each : made) {
      static_cast<void>(each.try_start());
      CHECK(each.take() == 5);
      each.reset();
    }
  }).join();
  CHECK(run(deeper(5)) == 5);
}
