#include <tinyhttp/core/owned_list.hpp>

#include "catch.hpp"

#include <string>
#include <utility>

using tinyhttp::owned;
using tinyhttp::owned_list;
using tinyhttp::value_list;

namespace {

struct noted {
  noted(std::string& log, char name) : log_(log), name_(name) {}
  noted(const noted&) = delete;
  noted& operator=(const noted&) = delete;
  ~noted() { log_ += name_; }
  std::string& log_;
  char name_;
};

void add(owned_list<noted>& to, std::string& log, const char* names) {
  for (; *names != '\0'; ++names) to.push_back(owned<noted>(new noted(log, *names)));
}

std::string names(const owned_list<noted>& of) {
  std::string all;
  for (const auto& one : of) all += one.name_;
  return all;
}

}  // namespace

TEST_CASE("elements stay where they are while a list grows, and end with it, the last first", "[core][owned_list]") {
  std::string gone;
  {
    owned_list<noted> list;
    add(list, gone, "a");
    const noted* const first = &list[0];
    add(list, gone, "bcdefgh");
    CHECK(&list[0] == first);
    CHECK(names(list) == "abcdefgh");
    CHECK(list.back().name_ == 'h');
    CHECK(gone.empty());
  }
  CHECK(gone == "hgfedcba");
}

TEST_CASE("what is taken out of a list is the taker's, and the last fills its place", "[core][owned_list]") {
  std::string gone;
  owned_list<noted> list;
  add(list, gone, "abcd");
  {
    const owned<noted> taken = list.take(1);
    CHECK(taken->name_ == 'b');
    CHECK(names(list) == "adc");
    CHECK(gone.empty());
  }
  CHECK(gone == "b");
  static_cast<void>(list.take(2));
  CHECK(names(list) == "ad");
  list.swap(0, 1);
  list.pop_back();
  CHECK(names(list) == "d");
  CHECK(gone == "bca");
}

TEST_CASE("a list that was moved from is empty", "[core][owned_list]") {
  std::string gone;
  owned_list<noted> from;
  add(from, gone, "abcdef");
  const owned_list<noted> to = std::move(from);
  CHECK(from.empty());
  CHECK(names(to) == "abcdef");
  CHECK(gone.empty());
}

TEST_CASE("a list that takes another's place ends its own elements first, and may be its own source", "[core][owned_list]") {
  std::string gone;
  owned_list<noted> to, from;
  add(to, gone, "ab");
  add(from, gone, "cdefgh");
  to = std::move(from);
  CHECK(gone == "ba");
  CHECK(from.empty());
  CHECK(names(to) == "cdefgh");
  auto& same = to;
  to = std::move(same);
  CHECK(names(to) == "cdefgh");
  to.clear();
  CHECK(to.empty());
  CHECK(gone == "bahgfedc");
}

TEST_CASE("copies of a list of values have elements of their own", "[core][owned_list]") {
  const auto text_of = [](const value_list<std::string>& of) {
    std::string all;
    for (const auto& one : of) all += one;
    return all;
  };
  value_list<std::string> first;
  for (const char* each : {"a", "b", "c", "d", "e", "f"}) first.push_back(each);
  value_list<std::string> copy(first);
  copy[1] = "x";
  CHECK(text_of(first) == "abcdef");
  CHECK(text_of(copy) == "axcdef");
  first = copy;
  CHECK(text_of(first) == "axcdef");
  CHECK(&first[0] != &copy[0]);
  const auto& same = first;
  first = same;
  CHECK(text_of(first) == "axcdef");
  const value_list<std::string> moved = std::move(first);
  CHECK(first.empty());
  CHECK(text_of(moved) == "axcdef");
}
