// A small vector keeps its elements, inside or on the heap.
#include <tinyhttp/core/small_vector.hpp>

#include "../allocations.hpp"
#include "catch.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

using namespace tinyhttp;

namespace {

using ints = small_vector<int, 4>;

std::vector<int> contents(const ints& v) { return {v.begin(), v.end()}; }

ints up_to(int n) {
  ints v;
  for (int i = 0; i < n; ++i) v.push_back(i);
  return v;
}

bool is_inside(const ints& v) {
  const auto* object = reinterpret_cast<const std::byte*>(&v);
  const auto* place = reinterpret_cast<const std::byte*>(v.data());
  return place >= object && place < object + sizeof v;
}

static_assert(std::is_nothrow_move_constructible_v<ints>);

}  // namespace

TEST_CASE("the first elements need no allocation", "[core][small_vector]") {
  ints v;
  CHECK(v.empty());
  CHECK(v.capacity() == 4);
  for (int i = 0; i < 4; ++i) v.push_back(i);
  CHECK(is_inside(v));
  v.push_back(4);
  CHECK_FALSE(is_inside(v));
  CHECK(v.capacity() == 8);
  CHECK(contents(v) == std::vector<int>{0, 1, 2, 3, 4});
  v[2] = 7;
  CHECK(std::as_const(v)[2] == 7);
  CHECK(v.size() == 5);
}

TEST_CASE("clearing keeps the room, releasing gives it back", "[core][small_vector]") {
  auto v = up_to(100);
  const std::size_t capacity = v.capacity();
  v.clear();
  CHECK(v.empty());
  CHECK(v.capacity() == capacity);
  v.push_back(1);
  v.release();
  CHECK(v.empty());
  CHECK(v.capacity() == 4);
  CHECK(is_inside(v));
  v.push_back(2);
  CHECK(contents(v) == std::vector<int>{2});
}

TEST_CASE("room is reserved once", "[core][small_vector]") {
  ints v;
  v.push_back(1);
  v.reserve(3);
  CHECK(is_inside(v));
  v.reserve(1000);
  CHECK(v.capacity() == 1000);
  const int* place = v.data();
  for (int i = 1; i < 1000; ++i) v.push_back(i);
  CHECK(v.data() == place);
  CHECK(v[0] == 1);
  CHECK(v[999] == 999);
  v.reserve(5);
  CHECK(v.capacity() == 1000);
}

TEST_CASE("copies are equal and apart", "[core][small_vector]") {
  for (const int n : {0, 1, 4, 5, 50}) {
    CAPTURE(n);
    auto original = up_to(n);
    const ints copy = original;
    CHECK(contents(copy) == contents(original));
    ints assigned = up_to(7);
    assigned = original;
    CHECK(contents(assigned) == contents(original));
    for (int& i : original) i = -1;
    CHECK(contents(copy) == contents(up_to(n)));
    CHECK(contents(assigned) == contents(up_to(n)));
    ints& alias = assigned;
    assigned = alias;
    CHECK(contents(assigned) == contents(up_to(n)));
  }
}

TEST_CASE("moving leaves an empty vector that can be used", "[core][small_vector]") {
  for (const int n : {0, 1, 4, 5, 50}) {
    for (const int before : {0, 3, 30}) {
      CAPTURE(n, before);
      auto original = up_to(n);
      ints moved = std::move(original);
      CHECK(contents(moved) == contents(up_to(n)));
      CHECK(original.empty());
      CHECK(original.capacity() == 4);
      CHECK(is_inside(original));
      original.push_back(9);
      CHECK(contents(original) == std::vector<int>{9});

      ints assigned = up_to(before);
      assigned = std::move(moved);
      CHECK(contents(assigned) == contents(up_to(n)));
      CHECK(assigned.capacity() == up_to(n).capacity());
      CHECK(is_inside(assigned) == (n <= 4));
      CHECK(moved.empty());
      moved.push_back(8);
      assigned.push_back(n);
      CHECK(contents(moved) == std::vector<int>{8});
      CHECK(contents(assigned) == contents(up_to(n + 1)));
    }
  }
}

TEST_CASE("moving a vector to itself changes nothing", "[core][small_vector]") {
  for (const int n : {0, 3, 30}) {
    CAPTURE(n);
    auto v = up_to(n);
    ints& alias = v;
    v = std::move(alias);
    CHECK(contents(v) == contents(up_to(n)));
  }
}

TEST_CASE("erasing closes the gap", "[core][small_vector]") {
  for (const int n : {4, 10}) {
    CAPTURE(n);
    for (int first = 0; first <= n; ++first) {
      for (int count = 0; first + count <= n; ++count) {
        auto v = up_to(n);
        auto model = contents(v);
        model.erase(model.begin() + first, model.begin() + first + count);
        v.erase(static_cast<std::size_t>(first), static_cast<std::size_t>(count));
        CHECK(contents(v) == model);
      }
    }
  }
}

TEST_CASE("appending takes many at once, or none", "[core][small_vector]") {
  ints v;
  v.append(nullptr, 0);
  CHECK(v.empty());
  const int many[] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
  v.append(many, 3);
  CHECK(is_inside(v));
  v.append(many + 3, 6);
  CHECK(contents(v) == std::vector<int>(many, many + 9));
  v.append(many, 0);
  CHECK(v.size() == 9);
}

TEST_CASE("room that was extended into is filled in by the caller, behind what was there", "[core][small_vector]") {
  tinyhttp::small_vector<char, 4> v;
  v.append("ab", 2);
  std::memcpy(v.extend(3), "cde", 3);
  CHECK(std::string_view(v.data(), v.size()) == "abcde");
  CHECK(v.extend(0) == v.data() + v.size());
}

TEST_CASE("a vector becomes what it is assigned, some of its own too", "[core][small_vector]") {
  ints v = up_to(3);
  v.assign(v.data() + 1, 2);
  CHECK(contents(v) == std::vector<int>{1, 2});
  const ints many = up_to(20);
  v.assign(many.data(), 4);
  CHECK(is_inside(v));
  v.assign(many.data(), many.size());
  CHECK(contents(v) == contents(many));
  CHECK(v.capacity() == many.size());
  v.assign(v.data() + 5, 3);
  CHECK(contents(v) == std::vector<int>{5, 6, 7});
  v.assign(nullptr, 0);
  CHECK(v.empty());
}

TEST_CASE("no vector keeps memory that it has no more use for", "[core][small_vector][allocations]") {
  if (!allocations_are_counted()) return;
  const auto before = octets_held();
  {
    ints v = up_to(30);
    CHECK(octets_held() > before);
    v.release();
    CHECK(octets_held() == before);
    v = up_to(30);
    const auto held = octets_held();
    v = up_to(30);
    CHECK(octets_held() == held);
    ints moved = std::move(v);
    CHECK(octets_held() == held);
    moved = up_to(2);
    CHECK(octets_held() == before);
    moved.reserve(100);
  }
  CHECK(octets_held() == before);
}
