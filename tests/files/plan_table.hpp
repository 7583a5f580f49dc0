// tests/files/plan_table.hpp -- requests for known content, and what the answer has to be.
//
// The one table that the pure engine and every source of files is held to, by GET and by HEAD. Knows
// no engine, no socket and no test framework.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace plan_table {

/// What is asked for: three contents of 10, 1 and 0 octets.
inline constexpr std::string_view ten = "0123456789", one = "x", none = "";

inline constexpr const char* modified_date = "Mon, 01 Jan 2024 00:00:00 GMT";
inline constexpr long long modified = 1'704'067'200;

/// In `fields`, {tag} is the content's entity tag, {date} its Last-Modified, and {date-} and {date+}
/// are a second earlier and a day later; lines are divided by `\n`.
struct row {
  std::string_view of;          // ten, one or none
  std::string_view fields;
  int status = 200;             // to GET; HEAD has no ranges
  std::string_view parts = {};  // of a 206: `0-4`, or `0-1,8-9` for a multipart
};

/// Says something only where the content has a Last-Modified.
[[nodiscard]] inline bool needs_date(const row& r) { return r.fields.find("{date") != r.fields.npos; }

inline constexpr row rows[] = {
    {ten, ""}, {one, ""}, {none, ""},
    // one range (14.1.2)
    {ten, "Range: bytes=0-0", 206, "0-0"}, {ten, "Range: bytes=0-4", 206, "0-4"},
    {ten, "Range: bytes=4-6", 206, "4-6"}, {ten, "Range: bytes=9-9", 206, "9-9"},
    {ten, "Range: bytes=9-", 206, "9-9"}, {ten, "Range: bytes=0-", 206, "0-9"},
    {ten, "Range: bytes=0-9", 206, "0-9"}, {ten, "Range: bytes=0-10", 206, "0-9"},
    {ten, "Range: bytes=8-99", 206, "8-9"}, {ten, "Range: bytes=5-18446744073709551615", 206, "5-9"},
    {ten, "Range: bytes=8-99999999999999999999", 206, "8-9"},
    {ten, "Range: bytes=00000000000000000000000001-02", 206, "1-2"},
    {ten, "Range: bytes=-1", 206, "9-9"}, {ten, "Range: bytes=-9", 206, "1-9"},
    {ten, "Range: bytes=-10", 206, "0-9"}, {ten, "Range: bytes=-11", 206, "0-9"},
    {ten, "Range: bytes=-18446744073709551616", 206, "0-9"},
    {ten, "Range: bytes=-99999999999999999999", 206, "0-9"},
    {ten, "Range: BYTES=1-2", 206, "1-2"}, {ten, "Range: Bytes=1-2", 206, "1-2"},
    {ten, "range: bytes=1-2", 206, "1-2"}, {ten, "Range:   bytes=1-2  ", 206, "1-2"},
    {one, "Range: bytes=0-0", 206, "0-0"}, {one, "Range: bytes=0-", 206, "0-0"},
    {one, "Range: bytes=-1", 206, "0-0"}, {one, "Range: bytes=-5", 206, "0-0"},
    {one, "Range: bytes=0-7", 206, "0-0"},
    // nowhere (15.5.17)
    {ten, "Range: bytes=10-", 416}, {ten, "Range: bytes=10-10", 416}, {ten, "Range: bytes=11-20", 416},
    {ten, "Range: bytes=-0", 416}, {ten, "Range: bytes=-0,-0", 416}, {ten, "Range: bytes=10-,11-", 416},
    {ten, "Range: bytes=10-11,-0", 416}, {ten, "Range: bytes=18446744073709551615-", 416},
    {ten, "Range: bytes=99999999999999999999-", 416},
    {ten, "Range: bytes=99999999999999999999-99999999999999999999", 416},
    {one, "Range: bytes=1-", 416}, {one, "Range: bytes=1-1", 416}, {one, "Range: bytes=-0", 416},
    // of nothing: there is no octet that a Content-Range could name
    {none, "Range: bytes=0-0"}, {none, "Range: bytes=0-"}, {none, "Range: bytes=-1"},
    {none, "Range: bytes=-0"}, {none, "Range: bytes=5-9"}, {none, "Range: bytes=0-0,1-1"},
    {none, "Range: nonsense"},
    // not to be used, so ignored (14.2)
    {ten, "Range: items=0-4"}, {ten, "Range: byte=0-4"}, {ten, "Range: bytess=0-4"}, {ten, "Range: none"},
    {ten, "Range: bytes"}, {ten, "Range: bytes="}, {ten, "Range: bytes=,"}, {ten, "Range: bytes= , ,"},
    {ten, "Range: ="}, {ten, "Range: =0-4"}, {ten, "Range:"}, {ten, "Range: 0-4"},
    {ten, "Range: bytes 0-4"}, {ten, "Range: bytes:0-4"}, {ten, "Range: bytes =0-4"},
    {ten, "Range: bytes=a-b"}, {ten, "Range: bytes=0x0-4"}, {ten, "Range: bytes=0-4a"},
    {ten, "Range: bytes=4-3"}, {ten, "Range: bytes=20-10"}, {ten, "Range: bytes=1"}, {ten, "Range: bytes=-"},
    {ten, "Range: bytes=--1"}, {ten, "Range: bytes=1--2"}, {ten, "Range: bytes=-1-2"},
    {ten, "Range: bytes=0-1-2"}, {ten, "Range: bytes=+0-4"}, {ten, "Range: bytes=0-+4"},
    {ten, "Range: bytes=0 -4"}, {ten, "Range: bytes=0- 4"}, {ten, "Range: bytes=0-4;5-6"},
    {ten, "Range: bytes=0-4 5-6"}, {ten, "Range: bytes=0-4/10"}, {ten, "Range: bytes=0.5-4"},
    {ten, "Range: bytes=0-1,x"}, {ten, "Range: bytes=x,0-1"}, {ten, "Range: bytes=0-1,4-3"},
    {ten, "Range: bytes=\"0-4\""}, {ten, "Range: bytes=*"}, {ten, "Range: bytes=0-*"},
    {ten, "Range: bytes=0-1\nRange: bytes=4-5"},
    // several, which may touch or overlap and then are one (15.3.7.2)
    {ten, "Range: bytes=0-1,4-5", 206, "0-1,4-5"}, {ten, "Range: bytes=4-5,0-1", 206, "4-5,0-1"},
    {ten, "Range: bytes=0-0,-1", 206, "0-0,9-9"}, {ten, "Range: bytes=-1,0-0", 206, "9-9,0-0"},
    {ten, "Range: bytes=0-0,2-2,4-4,6-6,8-8", 206, "0-0,2-2,4-4,6-6,8-8"},
    {ten, "Range: bytes= 0-1 , 4-5 ", 206, "0-1,4-5"}, {ten, "Range: bytes=,0-1,,4-5,", 206, "0-1,4-5"},
    {ten, "Range: bytes=0-1,\t4-5", 206, "0-1,4-5"},
    {ten, "Range: bytes=0-1,2-3", 206, "0-3"}, {ten, "Range: bytes=2-3,0-1", 206, "0-3"},
    {ten, "Range: bytes=0-4,3-6", 206, "0-6"}, {ten, "Range: bytes=0-9,3-4", 206, "0-9"},
    {ten, "Range: bytes=3-4,0-9", 206, "0-9"}, {ten, "Range: bytes=0-4,0-4", 206, "0-4"},
    {ten, "Range: bytes=5-,-5", 206, "5-9"}, {ten, "Range: bytes=0-1,2-3,6-7", 206, "0-3,6-7"},
    {ten, "Range: bytes=0-1,50-60", 206, "0-1"}, {ten, "Range: bytes=50-60,0-1", 206, "0-1"},
    {ten, "Range: bytes=0-1,-0", 206, "0-1"}, {ten, "Range: bytes=0-1,10-,8-", 206, "0-1,8-9"},
    {ten, "Range: bytes=0-,0-,0-,0-"},  // more than two overlap: an attack
    {ten, "Range: bytes=0-0,2-2,4-4,6-6,8-8,20-,21-,22-,23-,24-,25-,26-,27-,28-,29-,30-,31-"},
    {one, "Range: bytes=0-0,0-0", 206, "0-0"},
    // If-None-Match (13.1.2): weak comparison
    {ten, "If-None-Match: {tag}", 304}, {ten, "If-None-Match: W/{tag}", 304}, {ten, "If-None-Match: *", 304},
    {ten, "If-None-Match: \"a\", {tag}", 304}, {ten, "If-None-Match: {tag}, \"a\"", 304},
    {ten, "If-None-Match: \"a\",{tag},\"b\"", 304}, {ten, "If-None-Match: , ,{tag}", 304},
    {ten, "If-None-Match: W/\"a\", W/{tag}", 304}, {ten, "If-None-Match: \"a, b\", {tag}", 304},
    {ten, "If-None-Match: \"a\"\nIf-None-Match: {tag}", 304}, {ten, "If-None-Match: \"a\\\", {tag}", 304},
    {ten, "If-None-Match: \"a\""}, {ten, "If-None-Match: W/\"a\""}, {ten, "If-None-Match: w/{tag}"},
    {ten, "If-None-Match: \"\""}, {ten, "If-None-Match:"}, {ten, "If-None-Match: a"},
    {ten, "If-None-Match: \"*\""}, {ten, "If-None-Match: \"a"}, {ten, "If-None-Match: \"a, {tag}, b\""},
    {ten, "If-None-Match: \"a\" {tag}"}, {one, "If-None-Match: {tag}", 304}, {none, "If-None-Match: {tag}", 304},
    {none, "If-None-Match: *", 304},
    // If-Match (13.1.1): strong comparison
    {ten, "If-Match: {tag}"}, {ten, "If-Match: *"}, {ten, "If-Match: \"a\", {tag}"},
    {ten, "If-Match: \"a\"\nIf-Match: {tag}"}, {ten, "If-Match: {tag},"}, {none, "If-Match: {tag}"},
    {ten, "If-Match: W/{tag}", 412}, {ten, "If-Match: \"a\"", 412}, {ten, "If-Match: \"a\", W/{tag}", 412},
    {ten, "If-Match:", 412}, {ten, "If-Match: a", 412}, {ten, "If-Match: \"*\"", 412},
    {ten, "If-Match: \"\"", 412}, {none, "If-Match: \"a\"", 412},
    // If-Modified-Since (13.1.3), in every form of a date (5.6.7)
    {ten, "If-Modified-Since: {date}", 304}, {ten, "If-Modified-Since: {date+}", 304},
    {ten, "If-Modified-Since: {date-}"}, {none, "If-Modified-Since: {date}", 304},
    {ten, "If-Modified-Since: Monday, 01-Jan-24 00:00:00 GMT{date?}", 304},
    {ten, "If-Modified-Since: Mon Jan  1 00:00:00 2024{date?}", 304},
    {ten, "If-Modified-Since: Thu, 01 Jan 1970 00:00:00 GMT"}, {ten, "If-Modified-Since: yesterday"},
    {ten, "If-Modified-Since:"}, {ten, "If-Modified-Since: 1704067200"},
    {ten, "If-Modified-Since: 2024-01-01T00:00:00Z"}, {ten, "If-Modified-Since: {date}, {date}"},
    {ten, "If-Modified-Since: {date}\nIf-Modified-Since: {date}"}, {ten, "If-Modified-Since: *"},
    // If-Unmodified-Since (13.1.4)
    {ten, "If-Unmodified-Since: {date}"}, {ten, "If-Unmodified-Since: {date+}"},
    {ten, "If-Unmodified-Since: {date-}", 412}, {none, "If-Unmodified-Since: {date-}", 412},
    {ten, "If-Unmodified-Since: Sunday, 31-Dec-23 23:59:59 GMT{date?}", 412},
    {ten, "If-Unmodified-Since: Sun Dec 31 23:59:59 2023{date?}", 412},
    {ten, "If-Unmodified-Since: yesterday"}, {ten, "If-Unmodified-Since:"},
    // in this order (13.2.2)
    {ten, "If-Match: {tag}\nIf-Unmodified-Since: {date-}"},
    {ten, "If-Match: \"a\"\nIf-Unmodified-Since: {date+}", 412},
    {ten, "If-None-Match: \"a\"\nIf-Modified-Since: {date+}"},
    {ten, "If-None-Match: {tag}\nIf-Modified-Since: {date-}", 304},
    {ten, "If-Match: {tag}\nIf-None-Match: {tag}", 304}, {ten, "If-Match: *\nIf-None-Match: *", 304},
    {ten, "If-Match: \"a\"\nIf-None-Match: {tag}", 412}, {ten, "If-Match: {tag}\nIf-None-Match: \"a\""},
    {ten, "If-Match: {tag}\nIf-Modified-Since: {date}", 304},
    {ten, "If-Unmodified-Since: {date}\nIf-Modified-Since: {date}", 304},
    {ten, "If-Unmodified-Since: {date-}\nIf-None-Match: {tag}", 412},
    {ten, "If-Unmodified-Since: {date+}\nIf-None-Match: {tag}", 304},
    // conditions come before ranges
    {ten, "Range: bytes=0-4\nIf-None-Match: {tag}", 304}, {ten, "Range: bytes=20-\nIf-None-Match: {tag}", 304},
    {ten, "Range: bytes=0-4\nIf-None-Match: \"a\"", 206, "0-4"}, {ten, "Range: bytes=0-4\nIf-Match: \"a\"", 412},
    {ten, "Range: bytes=20-\nIf-Match: \"a\"", 412}, {ten, "Range: bytes=20-\nIf-Match: {tag}", 416},
    {ten, "Range: bytes=0-4\nIf-Match: {tag}", 206, "0-4"},
    {ten, "Range: bytes=0-4\nIf-Modified-Since: {date}", 304},
    {ten, "Range: bytes=0-4\nIf-Modified-Since: {date-}", 206, "0-4"},
    {ten, "Range: bytes=0-4\nIf-Unmodified-Since: {date}", 206, "0-4"},
    {ten, "Range: bytes=0-4\nIf-Unmodified-Since: {date-}", 412},
    // If-Range (13.1.5): a strong validator, exactly, or the whole
    {ten, "Range: bytes=0-4\nIf-Range: {tag}", 206, "0-4"},
    {ten, "Range: bytes=0-1,8-9\nIf-Range: {tag}", 206, "0-1,8-9"},
    {ten, "Range: bytes=20-\nIf-Range: {tag}", 416}, {ten, "Range: bytes=20-\nIf-Range: \"a\""},
    {ten, "Range: bytes=0-4\nIf-Range: \"a\""}, {ten, "Range: bytes=0-4\nIf-Range: W/{tag}"},
    {ten, "Range: bytes=0-4\nIf-Range: {tag}, \"a\""}, {ten, "Range: bytes=0-4\nIf-Range: *"},
    {ten, "Range: bytes=0-4\nIf-Range:"}, {ten, "Range: bytes=0-4\nIf-Range: nonsense"},
    {ten, "Range: bytes=0-4\nIf-Range: {tag}\nIf-Range: {tag}"},
    {ten, "Range: bytes=0-4\nIf-Range: {date}", 206, "0-4"}, {ten, "Range: bytes=0-4\nIf-Range: {date+}"},
    {ten, "Range: bytes=0-4\nIf-Range: {date-}"}, {ten, "Range: bytes=20-\nIf-Range: {date-}"},
    {ten, "Range: bytes=0-4\nIf-Range: Monday, 01-Jan-24 00:00:00 GMT{date?}", 206, "0-4"},
    {ten, "Range: bytes=0-4\nIf-Range: Mon Jan  1 00:00:00 2024{date?}", 206, "0-4"},
    {ten, "If-Range: {tag}"}, {ten, "If-Range: \"a\""},
    {ten, "Range: bytes=0-4\nIf-Range: {tag}\nIf-None-Match: {tag}", 304},
    {ten, "Range: bytes=0-4\nIf-Range: \"a\"\nIf-Match: {tag}"},
    {ten, "Range: bytes=0-4\nIf-Range: {tag}\nIf-Match: {tag}", 206, "0-4"},
    {ten, "Range: items=0-4\nIf-Range: {tag}"}, {none, "Range: bytes=0-4\nIf-Range: {tag}"},
    // what is no concern of files
    {ten, "Accept: image/png"}, {ten, "Accept-Encoding: identity;q=0"}, {ten, "Accept-Encoding: *;q=0"},
    {ten, "Accept-Encoding: gzip, br, zstd"}, {ten, "Accept-Ranges: none\nRange: bytes=0-0", 206, "0-0"},
    {ten, "Content-Range: bytes 0-4/10"}, {ten, "Cache-Control: no-cache\nIf-None-Match: {tag}", 304},
    {ten, "Pragma: no-cache"}, {ten, "Range: bytes=0-4\nAccept-Encoding: gzip", 206, "0-4"},
};
inline constexpr std::size_t row_count = sizeof rows / sizeof rows[0];
static_assert(2 * row_count >= 300, "each row is two cases: GET and HEAD");

/// A row's fields as (name, value), with the placeholders filled in.
struct field {
  std::string name, value;
};
[[nodiscard]] inline std::vector<field> fields_of(const row& r, const std::string& tag) {
  std::string text(r.fields);
  const auto fill = [&text](std::string_view what, std::string_view by) {
    for (auto at = text.find(what); at != text.npos; at = text.find(what)) text.replace(at, what.size(), by);
  };
  fill("{tag}", tag);
  fill("{date?}", "");
  fill("{date}", modified_date);
  fill("{date-}", "Sun, 31 Dec 2023 23:59:59 GMT");
  fill("{date+}", "Tue, 02 Jan 2024 00:00:00 GMT");
  std::vector<field> made;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = text.find('\n', at);
    const auto line = text.substr(at, end - at);
    const auto colon = line.find(':');
    const auto first = line.find_first_not_of(" ", colon + 1);
    const auto value = first == line.npos ? "" : line.substr(first);
    made.push_back({line.substr(0, colon), value.substr(0, value.find_last_not_of(" ") + 1)});
    at = end == text.npos ? text.size() : end + 1;
  }
  return made;
}

/// `0-1,8-9` as pairs.
[[nodiscard]] inline std::vector<std::pair<std::size_t, std::size_t>> parts_of(const row& r) {
  std::vector<std::pair<std::size_t, std::size_t>> made;
  const auto digit = [&](std::size_t at) { return static_cast<std::size_t>(r.parts[at] - '0'); };
  for (std::size_t at = 0; at < r.parts.size(); at += 4) made.emplace_back(digit(at), digit(at + 2));
  return made;
}

}  // namespace plan_table
