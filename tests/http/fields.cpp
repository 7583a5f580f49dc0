#include <tinyhttp/http/fields.hpp>

#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "catch.hpp"

using namespace tinyhttp;

namespace {

std::string wire(const fields& f) {
  std::string out;
  f.append_to(out);
  return out;
}

/// Fields as a parser leaves them: places in a head.
fields parsed() {
  const std::string_view head = "GET / HTTP/1.1\r\nA:1\r\nB:  two\r\na:3\r\n\r\n";
  fields f;
  fields::parsed_lines lines(f, head.data(), 3);
  lines.add(head.substr(head.find("A:"), 1), head.substr(head.find("1\r\nB"), 1));
  lines.add(head.substr(head.find("B:"), 1), head.substr(head.find("two"), 3));
  CHECK(lines.have_room());
  lines.add(head.substr(head.find("a:"), 1), head.substr(head.find("3"), 1));
  CHECK_FALSE(lines.have_room());
  lines.keep();
  f.set_block(head);
  return f;
}

}  // namespace

TEST_CASE("a line that was checked while it was compiled is one like any other", "[http][fields]") {
  fields f(constant_line("Content-Type: text/plain; charset=utf-8\r\n"));
  CHECK(f.size() == 1);
  CHECK(f["content-type"] == "text/plain; charset=utf-8");
  CHECK(f.wire_text() == "Content-Type: text/plain; charset=utf-8\r\n");
  CHECK(f.add("Content-Type", "b").count("Content-Type") == 2);
  CHECK(f.may_repeat("Content-Type"));
  CHECK(f.remove("Content-Type") == 2);
  for (const std::size_t size : {std::size_t{255}, std::size_t{300}}) f.add("Long", std::string(size, 'x'));
  CHECK(f.size() == 2);
}

TEST_CASE("fields keep their order and their repeats, and find names of any case",
          "[http][fields][rfc9110-5.1]") {
  const fields f{{"Accept", "a"}, {"X-One", "1"}, {"ACCEPT", "b"}};

  CHECK(wire(f) == "Accept: a\r\nX-One: 1\r\nACCEPT: b\r\n");
  CHECK(f["accept"] == "a");
  CHECK(f.get("x-ONE") == "1");
  CHECK(f.count("Accept") == 2);
  CHECK(f.combined("accept") == "a, b");
  CHECK(!f.get("X-On"));
  CHECK(!f.contains("X-One-"));
  CHECK(!f.combined("none"));
  CHECK(f["none"].empty());
  std::vector<std::string> names;
  for (const auto& [name, value] : f) names.emplace_back(name);
  CHECK(names == std::vector<std::string>{"Accept", "X-One", "ACCEPT"});
}

TEST_CASE("lines of a name are combined into a view, of the fields where there is one line", "[http][fields]") {
  const fields f{{"Accept", "a"}, {"Host", "h"}, {"ACCEPT", ""}, {"accept", "b"}};
  std::string store = "old";
  const auto one = f.combined("host", store);
  REQUIRE(one);
  CHECK(*one == "h");
  CHECK(store == "old");
  CHECK(!f.combined("none", store));
  CHECK(f.combined("Accept", store) == "a, , b");
  CHECK(store == "a, , b");
}

TEST_CASE("fields know without a search what cannot be there twice", "[http][fields]") {
  fields f{{"Host", "a"}, {"Content-Length", "1"}};
  CHECK_FALSE(f.may_repeat("Host"));
  CHECK_FALSE(f.may_repeat("Absent"));
  CHECK_FALSE(f.may_repeat(""));
  f.add("HOST", "b");
  CHECK(f.may_repeat("host"));
  CHECK_FALSE(f.may_repeat("content-length"));
  CHECK(parsed().may_repeat("A"));
  CHECK_FALSE(parsed().may_repeat("B"));
  f.clear();
  f.add("Host", "a");
  CHECK_FALSE(f.may_repeat("Host"));
}

// `answer.fields["X"] = "y"` would set nothing, and does not compile.
static_assert(!std::is_assignable_v<decltype(std::declval<fields&>()["X"]), std::string_view>);

TEST_CASE("setting a field replaces all of its lines; removing counts them", "[http][fields]") {
  fields f{{"A", "1"}, {"B", "2"}, {"a", "3"}, {"C", "4"}};
  f.set("A", "5");
  CHECK(wire(f) == "B: 2\r\nC: 4\r\nA: 5\r\n");
  CHECK(f.remove("c") == 1);
  CHECK(f.remove("c") == 0);
  CHECK(wire(f) == "B: 2\r\nA: 5\r\n");
  f.add("a", "6");
  CHECK(f.remove("A") == 2);
  CHECK(f.remove("B") == 1);
  CHECK(f.empty());
  CHECK(wire(f).empty());
}

TEST_CASE("a field that could split a message cannot be built",
          "[http][fields][rfc9110-5.5][security]") {
  const auto [name, value] = GENERATE(table<std::string, std::string>({
      {"A", "1\r\nB: 2"},
      {"A", "1\n"},
      {"A", "1\r"},
      {"A", std::string("1\0", 2)},
      {"A", "\x7f"},
      {"A", "\x1b[2J"},
      {"A\r\nB", "1"},
      {"A:", "1"},
      {"A ", "1"},
      {" A", "1"},
      {"", "1"},
      {"A\xc3\xa9", "1"},
      {"A(b)", "1"},
      {std::string("A\0", 2), "1"},
  }));
  CAPTURE(name, value);
  fields f{{"A", "kept"}};
  CHECK_THROWS_AS(f.add(name, value), std::invalid_argument);
  CHECK_THROWS_AS(f.set(name, value), std::invalid_argument);
  CHECK(!f.try_add(name, value));
  CHECK(wire(f) == "A: kept\r\n");
}

TEST_CASE("a value may be empty, hold obs-text, and loses the blanks around it",
          "[http][fields][rfc9110-5.5]") {
  fields f;
  f.add("A", "").add("B", " \t x\ty \t").add("C", "caf\xe9").add("D", "  \t");
  CHECK(wire(f) == "A: \r\nB: x\ty\r\nC: caf\xe9\r\nD: \r\n");
  CHECK(f.get("A") == "");
  CHECK(f.set("B", "\t y ")["B"] == "y");
}

TEST_CASE("a value may come from the very fields it goes into", "[http][fields][lifetime]") {
  const std::string loud(180, 'x');  // nearly fills the room inside
  fields f{{"A", loud}, {"Other", "value-of-other"}};
  f.add("B", f["A"]);  // grows while the view is read
  CHECK(f["B"] == loud);
  f.set("A", f["A"]);  // removes what the view shows
  CHECK(f["A"] == loud);
  f.set("A", f["Other"]);
  CHECK(f["A"] == "value-of-other");
  f.set(f[0].name, "by its own name");
  CHECK(f["Other"] == "by its own name");
  CHECK(f.size() == 3);
}

TEST_CASE("tokens are found in lists, whatever their case, and not in parts of elements",
          "[http][fields][rfc9110-5.6.1]") {
  const fields f{{"Connection", "keep-alive, , Upgrade"}, {"connection", "x,\"a, close\""}};
  CHECK(f.has_token("Connection", "upgrade"));
  CHECK(f.has_token("Connection", "Keep-Alive"));
  CHECK(f.has_token("Connection", "x"));
  CHECK(!f.has_token("Connection", "keep"));
  CHECK(!f.has_token("Connection", "close"));  // inside a quoted string
  CHECK(!f.has_token("Connection", ""));
}

TEST_CASE("fields of a parser can be changed like others", "[http][fields]") {
  fields f = parsed();
  CHECK(wire(f) == "A: 1\r\nB: two\r\na: 3\r\n");
  CHECK(f.combined("a") == "1, 3");
  f.set("B", f["A"]);
  CHECK(wire(f) == "A: 1\r\na: 3\r\nB: 1\r\n");
  CHECK(f.remove("A") == 2);
  CHECK(wire(f) == "B: 1\r\n");
  f.clear();
  f.add("C", "fresh");
  CHECK(wire(f) == "C: fresh\r\n");
}

TEST_CASE("fields are values", "[http][fields]") {
  fields many;
  for (int i = 0; i < 100; ++i) many.add("Name-" + std::to_string(i), "value " + std::to_string(i));
  fields copy = many;
  copy.set("Name-7", "changed");
  CHECK(many["Name-7"] == "value 7");
  CHECK(copy["name-99"] == "value 99");

  fields moved = std::move(copy);
  CHECK(moved["Name-7"] == "changed");
  copy = fields{{"A", "1"}};
  CHECK(wire(copy) == "A: 1\r\n");
  fields& self = moved;
  moved = self;
  CHECK(moved.size() == 100);
}
