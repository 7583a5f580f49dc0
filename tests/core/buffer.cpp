// A buffer gives back what was put in, in order, however it moves and grows.
#include <tinyhttp/core/buffer.hpp>

#include "../allocations.hpp"
#include "catch.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

using namespace tinyhttp;

static_assert(!std::is_copy_constructible_v<buffer>);
static_assert(std::is_nothrow_move_constructible_v<buffer>);

TEST_CASE("a new buffer is empty and owns nothing", "[core][buffer]") {
  buffer b;
  CHECK(b.empty());
  CHECK(b.size() == 0);
  CHECK(b.capacity() == 0);
  CHECK(b.view().empty());
  b.append("");
  b.consume(0);
  b.commit(0);
  b.release();
  CHECK(b.prepare(0).empty());
  CHECK(b.capacity() == 0);
}

TEST_CASE("octets come out as they went in", "[core][buffer]") {
  buffer b;
  b.append("hello ");
  auto room = b.prepare(5);
  REQUIRE(room.size() >= 5);
  std::copy_n("world", 5, room.begin());
  CHECK(b.view() == "hello ");  // not content before it is committed
  b.commit(5);
  CHECK(b.view() == "hello world");
  b.consume(6);
  CHECK(b.view() == "world");
  b.consume(5);
  CHECK(b.empty());
  b.append(std::string_view("\0\xff", 2));
  CHECK(b.view() == std::string_view("\0\xff", 2));
}

TEST_CASE("a part of the room may be committed", "[core][buffer]") {
  buffer b;
  auto room = b.prepare(100);
  room[0] = 'a';
  b.commit(1);
  room = b.prepare(1);
  CHECK(room.size() == b.capacity() - 1);  // all that there is
  CHECK(b.view() == "a");
}

TEST_CASE("a buffer that is used up starts at its beginning again", "[core][buffer]") {
  buffer b;
  b.append(std::string(64, 'x'));
  const std::size_t capacity = b.capacity();
  for (int i = 0; i < 1000; ++i) {
    b.consume(b.size());
    b.append(std::string(64, 'y'));
  }
  CHECK(b.capacity() == capacity);
  b.consume(b.size());
  CHECK(b.prepare(0).size() == capacity);
}

TEST_CASE("a buffer moves what it holds only where room is missing, and grows only where that is not enough", "[core][buffer]") {
  buffer b;
  b.append(std::string(64, 'x'));
  b.consume(1);
  const char* const place = b.view().data();
  CHECK(b.prepare(0).empty());
  CHECK(b.view().data() == place);
  b.consume(31);
  CHECK(b.prepare(32).size() == 32);  // half of it is held: that moves
  CHECK(b.capacity() == 64);
  CHECK(b.view().data() == place - 1);
  b.commit(24);
  const char* const same = b.view().data();
  CHECK(b.prepare(8).size() == 8);
  CHECK(b.view().data() == same);
  b.consume(2);
  CHECK(b.prepare(9).size() == 74);  // more than half is held: moving it would be dear
  CHECK(b.capacity() == 128);
  CHECK(b.view() == std::string(30, 'x') + std::string(b.view().substr(30)));
  CHECK(b.prepare(1000).size() == 1000);  // more than twice of what there was
}

TEST_CASE("a buffer that is cleared keeps its memory", "[core][buffer]") {
  buffer b;
  b.append(std::string(64, 'x'));
  b.consume(3);
  b.clear();
  CHECK(b.empty());
  CHECK(b.prepare(64).size() == 64);
  CHECK(b.capacity() == 64);
}

TEST_CASE("a buffer does not grow while little of it is used", "[core][buffer]") {
  buffer b;
  (void)b.prepare(64);
  for (int i = 0; i < 1000; ++i) {  // eight octets in, eight out, never quite empty
    b.append("01234567");
    if (b.size() > 8) b.consume(8);
  }
  CHECK(b.capacity() == 64);
  CHECK(b.view() == "01234567");
}

TEST_CASE("moving a buffer moves what it holds", "[core][buffer]") {
  buffer a;
  a.append("xabc");
  a.consume(1);
  buffer b = std::move(a);
  CHECK(b.view() == "abc");
  CHECK(a.empty());
  CHECK(a.capacity() == 0);
  a.append("again");  // moved from, and usable
  CHECK(a.view() == "again");
  a = std::move(b);
  CHECK(a.view() == "abc");
  CHECK(b.empty());
  CHECK(b.capacity() == 0);
  b.append("longer than what was there");
  const std::size_t capacity = b.capacity();
  buffer c;
  c = std::move(b);
  CHECK(c.capacity() == capacity);
  CHECK(b.capacity() == 0);
  buffer& alias = a;
  a = std::move(alias);
  CHECK(a.view() == "abc");
}

TEST_CASE("two buffers swap what they hold", "[core][buffer]") {
  buffer a, b;
  a.append("xabc");
  a.consume(1);
  const char* const octets = a.view().data();
  a.swap(b);
  CHECK(b.view() == "abc");
  CHECK(b.view().data() == octets);
  CHECK(a.empty());
  CHECK(a.capacity() == 0);
  b.swap(b);
  CHECK(b.view() == "abc");
}

TEST_CASE("releasing gives the memory back", "[core][buffer]") {
  buffer b;
  b.append(std::string(10'000, 'x'));
  b.consume(3);
  b.release();
  CHECK(b.empty());
  CHECK(b.capacity() == 0);
  CHECK(b.view().data() == nullptr);
  b.append("abc");
  CHECK(b.view() == "abc");
}

TEST_CASE("no buffer keeps memory that it has no more use for", "[core][buffer][allocations]") {
  if (!allocations_are_counted()) return;
  const auto before = octets_held();
  {
    buffer a, b;
    a.append("a");
    a.append(std::string(1000, 'x'));
    b.append(std::string(3000, 'x'));
    const auto held = octets_held();
    a = std::move(b);
    CHECK(octets_held() < held);
    a.release();
    CHECK(octets_held() == before);
    a.append("again");
  }
  CHECK(octets_held() == before);
}

TEST_CASE("a buffer agrees with a string, whatever is done to both", "[core][buffer]") {
  std::uint32_t seed = 12345;
  const auto next = [&seed](std::uint32_t bound) {
    seed = seed * 1'664'525 + 1'013'904'223;
    return (seed >> 8) % bound;
  };
  buffer b;
  std::string model;
  for (int step = 0; step < 20'000; ++step) {
    const std::string piece(next(50), static_cast<char>('a' + next(26)));
    switch (next(5)) {
      case 0:
      case 1:
        b.append(piece);
        model += piece;
        break;
      case 2: {
        const auto room = b.prepare(piece.size());
        REQUIRE(room.size() >= piece.size());
        std::fill(room.begin(), room.end(), '#');  // all of it may be written to
        std::copy(piece.begin(), piece.end(), room.begin());
        b.commit(piece.size());
        model += piece;
        break;
      }
      default: {
        const std::size_t count = next(static_cast<std::uint32_t>(model.size()) + 1);
        b.consume(count);
        model.erase(0, count);
        if (next(100) == 0) {
          b.release();
          model.clear();
        }
      }
    }
    REQUIRE(b.view() == model);
    REQUIRE(b.size() == model.size());
    REQUIRE(b.capacity() >= b.size());
  }
}
