// A directory as a page and as data: escaped in every context, sorted as asked.
#include <tinyhttp/files/listing.hpp>

#include "scratch.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

using namespace tinyhttp;
using namespace tinyhttp::files;
using Catch::Matchers::ContainsSubstring;

namespace {

std::string order_of(std::vector<entry> entries, listing_order order) {
  sort_entries(entries, order);
  std::string names;
  for (const auto& e : entries) names += e.name;
  return names;
}

std::vector<entry> four() {
  return {{"c", false, 10, 300}, {"a", false, 30, 100}, {"b", false, 10, 200}, {"d", true, 0, 1}};
}

body page_of(std::string name, std::vector<entry> entries, listing_order order, look_at look = {}) {
  return listing_page(std::move(name), entries_from(std::move(entries)), order, std::move(look)).value();
}
body json_of(std::string name, std::vector<entry> entries, look_at look = {}) {
  return listing_json(std::move(name), entries_from(std::move(entries)), std::move(look)).value();
}

std::string size_text(std::uint64_t octets) {
  std::string out;
  append_size(out, octets);
  return out;
}

std::string json_text(std::string_view text) {
  std::string out;
  append_json(out, text);
  return out;
}

}  // namespace

TEST_CASE("directories come first, names decide between equals", "[files][listing]") {
  CHECK(order_of(four(), {}) == "dabc");
  CHECK(order_of(four(), {sort_key::name, true}) == "dcba");
  CHECK(order_of(four(), {sort_key::size, false}) == "dbca");
  CHECK(order_of(four(), {sort_key::size, true}) == "dabc");
  CHECK(order_of(four(), {sort_key::time, false}) == "dabc");
  CHECK(order_of(four(), {sort_key::time, true}) == "dcba");
  CHECK(order_of({}, {}).empty());
}

TEST_CASE("the order is read from the query, nonsense aside", "[files][listing]") {
  CHECK(parse_order("") == listing_order{});
  CHECK(parse_order("sort=size&order=desc") == listing_order{sort_key::size, true});
  CHECK(parse_order("order=desc&x=y&sort=time") == listing_order{sort_key::time, true});
  CHECK(parse_order("sort=name&order=asc") == listing_order{});
  CHECK(parse_order("sort=<script>&order=&&&=") == listing_order{});
}

TEST_CASE("names are escaped for HTML and for URLs", "[files][listing][security]") {
  const std::string page = scratch::octets(page_of(
      "a&b/<i>/", {{"<script>alert('x')</script> & \"q\" %41?#", false, 1, 0}, {"x:y", false, 1, 0}},
      {}));
  CHECK(page.find("<script") == std::string::npos);
  CHECK(page.find("<i>") == std::string::npos);
  CHECK_THAT(page, ContainsSubstring(
      "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt; &amp; &quot;q&quot; %41?#</bdi>"));
  CHECK_THAT(page, ContainsSubstring("href=\"./%3Cscript%3Ealert%28%27x%27%29%3C%2Fscript%3E%20%26%20"
                                     "%22q%22%20%2541%3F%23\""));
  CHECK_THAT(page, ContainsSubstring("href=\"./x%3Ay\""));
  CHECK_THAT(page, ContainsSubstring("<title>/a&amp;b/&lt;i&gt;/</title>"));
}

TEST_CASE("breadcrumbs lead upwards, whatever the prefix", "[files][listing]") {
  const std::string deep = scratch::octets(page_of("a/b/", {}, {}));
  CHECK_THAT(deep, ContainsSubstring("<h1><a href=\"./../../\">root</a> / <a href=\"./../\"><bdi>a</bdi>"
                                     "</a> / <a href=\"./\"><bdi>b</bdi></a> / </h1>"));
  CHECK_THAT(deep, ContainsSubstring("<a href=\"../\">../</a>"));
  const std::string top = scratch::octets(page_of(".", {}, {}));
  CHECK_THAT(top, ContainsSubstring("<h1><a href=\"./\">root</a> / </h1>"));
  CHECK(top.find("../") == std::string::npos);
}

TEST_CASE("a column's link turns the order around", "[files][listing]") {
  const std::string page = scratch::octets(page_of(".", four(), {sort_key::size, true}));
  CHECK_THAT(page, ContainsSubstring("aria-sort=descending><a href=\"?sort=size&amp;order=asc\">Size &darr;"));
  CHECK_THAT(page, ContainsSubstring("<a href=\"?sort=name&amp;order=asc\">Name</a>"));
  CHECK_THAT(page, ContainsSubstring("1 directory, 3 files"));
}

TEST_CASE("a page is a table of names, sizes and times", "[files][listing]") {
  const std::string page = scratch::octets(page_of("x/", {{"a", false, 1, 0}, {"b", false, 2048, 1'000'000'000}, {"d", true, 0, 0}}, {}));
  CHECK(page.starts_with("<!DOCTYPE html>"));
  CHECK(page.substr(page.find("<table>")) ==
        "<table>\n"
        "<tr><th aria-sort=ascending><a href=\"?sort=name&amp;order=desc\">Name &uarr;</a>"
        "<th class=n><a href=\"?sort=size&amp;order=desc\">Size</a>"
        "<th class=\"n t\"><a href=\"?sort=time&amp;order=desc\">Modified (UTC)</a>\n"
        "<tr><td><a href=\"../\">../</a><td class=n><td class=\"n t\">\n"
        "<tr><td><a href=\"./d/\"><bdi>d/</bdi></a><td class=n><td class=\"n t\">01 Jan 1970 00:00\n"
        "<tr><td><a href=\"./a\"><bdi>a</bdi></a><td class=n title=\"1 byte\">1 B<td class=\"n t\">01 Jan 1970 00:00\n"
        "<tr><td><a href=\"./b\"><bdi>b</bdi></a><td class=n title=\"2048 bytes\">2.0 KiB<td class=\"n t\">09 Sep 2001 01:46\n"
        "</table>\n<p>1 directory, 2 files</p>\n");
}

TEST_CASE("sizes are for people", "[files][listing]") {
  CHECK(size_text(0) == "0 B");
  CHECK(size_text(1023) == "1023 B");
  CHECK(size_text(1024) == "1.0 KiB");
  CHECK(size_text(1536) == "1.5 KiB");
  CHECK(size_text(102'400) == "100 KiB");
  CHECK(size_text(1'048'575) == "1023 KiB");
  CHECK(size_text(1'048'576) == "1.0 MiB");
  CHECK(size_text(std::uint64_t{5} << 30) == "5.0 GiB");
  CHECK(size_text(0xFFFF'FFFF'FFFF'FFFF) == "15.9 EiB");
}

TEST_CASE("a listing for programs is JSON", "[files][listing]") {
  CHECK(scratch::octets(json_of("a/", {{"x y", false, 3, -5}, {"d", true, 4096, 7}})) ==
        "{\"path\":\"/a/\",\"entries\":[\n"
        "{\"name\":\"d\",\"type\":\"directory\",\"size\":null,\"modified\":7,\"href\":\"./d/\"},\n"
        "{\"name\":\"x y\",\"type\":\"file\",\"size\":3,\"modified\":-5,\"href\":\"./x%20y\"}\n"
        "]}\n");
  CHECK(scratch::octets(json_of(".", {})) == "{\"path\":\"/\",\"entries\":[\n]}\n");
}

TEST_CASE("JSON strings are UTF-8, whatever the names are", "[files][listing]") {
  CHECK(json_text("a\"b\\c\n\x1f") == "\"a\\\"b\\\\c\\u000a\\u001f\"");
  CHECK(json_text("\xC3\xA9\xF0\x9F\x98\x80") == "\"\xC3\xA9\xF0\x9F\x98\x80\"");
  const std::string bad = "\xEF\xBF\xBD";
  CHECK(json_text("\xFF") == "\"" + bad + "\"");
  CHECK(json_text("\xC3") == "\"" + bad + "\"");
  CHECK(json_text("\xC0\xAE") == "\"" + bad + bad + "\"");             // overlong
  CHECK(json_text("\xED\xA0\x80") == "\"" + bad + bad + bad + "\"");   // a surrogate
  CHECK(json_text("\xF4\x90\x80\x80").size() == 2 + 4 * bad.size());  // beyond U+10FFFF
}

TEST_CASE("a listing of many entries is a stream of runs", "[files][listing]") {
  std::vector<entry> many;
  for (int i = 0; i < 2500; ++i) many.push_back({"file" + std::to_string(i), false, 1, 0});
  const body page = page_of(".", many, {});
  CHECK(page.stream() != nullptr);
  const std::string text = scratch::octets(page);
  std::size_t rows = 0;
  for (auto at = text.find("<tr><td>"); at != text.npos; at = text.find("<tr><td>", at + 1)) ++rows;
  CHECK(rows == 2500);
  CHECK_THAT(text, ContainsSubstring("2500 files"));

  std::vector<entry> exactly(many.begin(), many.begin() + 1250);
  CHECK(page_of(".", exactly, {}).is_octets());
  exactly.push_back({"one more", false, 1, 0});
  CHECK(json_of(".", exactly).stream() != nullptr);
  const std::string json = scratch::octets(json_of(".", exactly));
  CHECK(json.substr(json.size() - 5) == "}\n]}\n");
}

TEST_CASE("an order is what a plain sort gives, whatever names begin with", "[files][listing]") {
  std::uint64_t state = 7;
  const auto draw = [&state](std::uint64_t below) { return mix(state += 0x9e3779b97f4a7c15) % below; };
  for (int round = 0; round < 60; ++round) {
    std::vector<entry> entries;
    const std::string lead(draw(12), 'x');
    for (std::uint64_t i = draw(60); i != 0; --i) {
      std::string name = lead;
      for (auto length = draw(12); length != 0; --length) name += "ab\x7f\xff"[draw(4)];
      const std::int64_t times[] = {0, -1, 5, std::numeric_limits<std::int64_t>::min(),
                                    std::numeric_limits<std::int64_t>::max()};
      entries.push_back({name, draw(3) == 0, draw(2) == 0 ? draw(4) : ~draw(2), times[draw(5)]});
    }
    const auto key = static_cast<sort_key>(draw(3));
    const listing_order order{key, draw(2) == 1};
    auto expected = entries;
    std::stable_sort(expected.begin(), expected.end(), [&](const entry& a, const entry& b) {
      if (a.is_directory != b.is_directory) return a.is_directory;
      const bool turned = order.descending;
      if (key == sort_key::size && a.size != b.size) return turned ? a.size > b.size : a.size < b.size;
      if (key == sort_key::time && a.modified != b.modified)
        return turned ? a.modified > b.modified : a.modified < b.modified;
      return key == sort_key::name && turned ? b.name < a.name : a.name < b.name;
    });
    sort_entries(entries, order);
    const auto names = [](const std::vector<entry>& all) {
      std::vector<std::string> made;
      for (const auto& e : all) made.push_back(e.name);
      return made;
    };
    // Sizes of 2^64-1 and 2^64-2 fall together in 63 bits: no file is so large.
    CHECK(names(entries).size() == names(expected).size());
    if (key != sort_key::size) CHECK(names(entries) == names(expected));
  }
}

TEST_CASE("entries are looked at when their turn comes, and left out when they are gone",
          "[files][listing]") {
  std::vector<entry> many;
  for (int i = 0; i < 1300; ++i) many.push_back({"file" + std::to_string(i), false, 0, 0});
  std::size_t looked = 0;
  const auto look = [&looked](entry& e) {
    e.size = 1300 - ++looked;
    return e.name != "file7";
  };
  body page = page_of(".", many, {}, look);
  CHECK(looked == 0);
  for (const std::size_t so_far : {0u, 250u, 500u}) {  // the first piece reads what is left
    auto piece = page.next();
    piece.start();
    REQUIRE(piece.done());
    CHECK(looked == so_far);
  }
  const std::string rest = scratch::octets(page);
  CHECK(looked == 1300);
  CHECK_THAT(rest, ContainsSubstring("1299 files"));

  looked = 0;
  const std::string by_size = scratch::octets(page_of(".", many, {sort_key::size, false}, look));
  CHECK(looked == 1300);
  CHECK(by_size.find(">file1299<") < by_size.find(">file0<"));  // looked at last, so smallest
  CHECK(by_size.find(">file7<") == by_size.npos);
  CHECK(scratch::octets(json_of(".", many, look)).find("file7\"") == std::string::npos);
}

TEST_CASE("slices are merged into the order of the whole", "[files][listing]") {
  std::uint64_t state = 11;
  const auto draw = [&state](std::uint64_t below) { return mix(state += 0x9e3779b97f4a7c15) % below; };
  for (int round = 0; round < 60; ++round) {
    const listing_order order{static_cast<sort_key>(draw(3)), draw(2) == 1};
    std::vector<entry> all;
    sorted_slices merged(order);
    for (auto slices = draw(9); slices != 0; --slices) {
      owned_list<entry> slice;
      for (auto i = draw(12); i != 0; --i) {
        std::string name = "a long beginning";
        for (auto length = draw(4); length != 0; --length) name += "ab\x7f\xff"[draw(4)];
        all.push_back({name + std::to_string(all.size()), draw(3) == 0, draw(4), static_cast<std::int64_t>(draw(4)) - 2});
        slice.push_back(owned(new entry(all.back())));
      }
      merged.add(std::move(slice));
    }
    sort_entries(all, order);
    std::string wanted, got;
    for (const auto& e : all) wanted += e.name + "\n";
    while (const entry* e = merged.next()) got += e->name + "\n";
    CHECK(got == wanted);
    CHECK(merged.next() == nullptr);
  }
}

TEST_CASE("a directory that fails while it is read is an error, early or late", "[files][listing]") {
  const auto failing = [](int good) {
    return [good, calls = 0](owned_list<entry>& into) mutable -> result<bool> {
      if (calls == good) return error(error_kind::io, "list \"x\": input/output error", 500);
      into.push_back(owned(new entry{"file" + std::to_string(calls++), false, 1, 0}));
      return true;
    };
  };
  const auto early = listing_page(".", failing(3), {});
  REQUIRE_FALSE(early);
  CHECK(early.error().status_hint() == 500);
  const auto late = listing_json(".", failing(8));
  REQUIRE(late);
  CHECK(scratch::octets(*late) == "error: list \"x\": input/output error");
}

TEST_CASE("a portion that shows nothing is not the end", "[files][listing]") {
  int calls = 0;
  const auto mostly_hidden = [&calls](owned_list<entry>& into) -> result<bool> {
    if (++calls % 4 == 0) into.push_back(owned(new entry{"file" + std::to_string(calls), false, 1, 0}));
    return calls < 12;
  };
  const body page = listing_page(".", mostly_hidden, {}).value();
  CHECK(calls == 5);
  CHECK(page.stream() != nullptr);
  const std::string text = scratch::octets(page);
  CHECK_THAT(text, ContainsSubstring("3 files"));
  CHECK_THAT(text, ContainsSubstring(">file12<"));
}
