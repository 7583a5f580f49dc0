// tests/files/plan_table.hpp -- requests for known content, and what the answer has to be.
//
// The one table that the pure engine and every source of files is held to, by GET and by HEAD. Knows
// no engine, no socket and no test framework.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace plan_table {

/// What is asked for. Where a source cannot have it, as a table of assets cannot hold 5 GiB, its rows
/// are not asked there.
struct content {
  std::string_view path;
  std::uint64_t size;
  std::string_view octets;  // empty: that many zeros
  std::string_view media_type = "text/plain; charset=utf-8";
  std::string_view coding = {};
  bool varies = false;
  enum tag_kind { strong, weak, no_tag } tag = strong;
  bool dated = true;
  bool on_disk = true, in_assets = true, made_up = true;
};
inline constexpr std::string_view digits = "0123456789";
inline constexpr content ten{"/ten.txt", 10, digits}, one{"/one.txt", 1, "x"}, none{"/none.txt", 0, ""};
inline constexpr content huge{.path = "/huge.bin", .size = 5368709120, .octets = "",
                              .media_type = "application/octet-stream", .in_assets = false};
// One name, two representations: who accepts gzip gets other octets under another tag.
inline constexpr content packed{.path = "/z.js", .size = 10, .octets = digits,
                                .media_type = "text/javascript; charset=utf-8", .coding = "gzip",
                                .varies = true, .made_up = false};
inline constexpr content unpacked{.path = "/z.js", .size = 16, .octets = "plain as it can.",
                                  .media_type = "text/javascript; charset=utf-8", .varies = true,
                                  .made_up = false};
// Types, which the parts of a multipart repeat.
inline constexpr content image{"/p.png", 10, digits, "image/png"};
inline constexpr content wasm{"/m.wasm", 10, digits, "application/wasm"};
inline constexpr content vector{"/v.svg", 10, digits, "image/svg+xml; charset=utf-8"};
inline constexpr content unknown{"/data", 10, digits, "application/octet-stream"};
// Validators that neither files nor assets have, but who makes content up may.
inline constexpr content weak{.path = "/weak.txt", .size = 10, .octets = digits, .tag = content::weak,
                              .on_disk = false, .in_assets = false};
inline constexpr content tagless{.path = "/tagless.txt", .size = 10, .octets = digits,
                                 .tag = content::no_tag, .on_disk = false, .in_assets = false};
inline constexpr content bare{.path = "/bare.txt", .size = 10, .octets = digits, .tag = content::no_tag,
                              .dated = false, .on_disk = false, .in_assets = false};

inline constexpr const char* modified_date = "Mon, 01 Jan 2024 00:00:00 GMT";
inline constexpr long long modified = 1'704'067'200;

/// In `fields`, {tag} is the content's entity tag, {opaque} the same without `W/`, {other} that of the
/// other representation, {date} its Last-Modified, and {date-} and {date+} are a second earlier and a
/// day later; lines are divided by `\n`.
struct row {
  const content& of;
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
    // beyond 31, 32 and 63 bits: never the whole, which nobody wants to read in a test
    {huge, "Range: bytes=0-0", 206, "0-0"}, {huge, "Range: bytes=-1", 206, "5368709119-5368709119"},
    {huge, "Range: bytes=-5", 206, "5368709115-5368709119"}, {huge, "Range: bytes=-0", 416},
    {huge, "Range: bytes=5368709119-", 206, "5368709119-5368709119"},
    {huge, "Range: bytes=5368709110-99999999999", 206, "5368709110-5368709119"},
    {huge, "Range: bytes=5368709110-18446744073709551616", 206, "5368709110-5368709119"},
    {huge, "Range: bytes=2147483647-2147483648", 206, "2147483647-2147483648"},
    {huge, "Range: bytes=4294967295-4294967296", 206, "4294967295-4294967296"},
    {huge, "Range: bytes=4294967296-4294967299", 206, "4294967296-4294967299"},
    {huge, "Range: bytes=00000000000000004294967296-4294967296", 206, "4294967296-4294967296"},
    {huge, "Range: bytes=0-0,5368709119-5368709119", 206, "0-0,5368709119-5368709119"},
    {huge, "Range: bytes=0-0,-1", 206, "0-0,5368709119-5368709119"},
    {huge, "Range: bytes=4294967290-4294967295,4294967296-4294967299", 206, "4294967290-4294967299"},
    {huge, "Range: bytes=5368709119-5368709119,5368709118-5368709118", 206, "5368709118-5368709119"},
    {huge, "Range: bytes=2147483648-2147483649,4294967296-4294967297,-2", 206,
     "2147483648-2147483649,4294967296-4294967297,5368709118-5368709119"},
    {huge, "Range: bytes=5368709120-,0-0", 206, "0-0"}, {huge, "Range: bytes=5368709120-", 416},
    {huge, "Range: bytes=5368709120-5368709130,-0", 416},
    {huge, "Range: bytes=9223372036854775807-9223372036854775808", 416},
    {huge, "Range: bytes=9223372036854775808-", 416}, {huge, "Range: bytes=18446744073709551615-", 416},
    {huge, "If-None-Match: {tag}", 304}, {huge, "If-Match: \"a\"", 412},
    {huge, "If-Modified-Since: {date}", 304}, {huge, "If-Unmodified-Since: {date-}", 412},
    {huge, "Range: bytes=4294967296-4294967296\nIf-Range: {tag}", 206, "4294967296-4294967296"},
    {huge, "Range: bytes=4294967296-4294967296\nIf-Range: {date}", 206, "4294967296-4294967296"},
    {huge, "Range: bytes=5368709120-\nIf-Range: {tag}", 416},
    // a chosen coding: everything is about its octets and its tag (8.8.3.3, 14.2)
    {packed, "Accept-Encoding: gzip"}, {packed, "Accept-Encoding: GZip"}, {packed, "Accept-Encoding: x-gzip"},
    {packed, "Accept-Encoding: gzip;q=0.001"}, {packed, "Accept-Encoding: *"},
    {packed, "Accept-Encoding: br, zstd, gzip"}, {packed, "Accept-Encoding: br;q=1, gzip;q=0.5, *;q=0"},
    {packed, "Accept-Encoding: gzip, identity;q=0"}, {packed, "Accept-Encoding: identity;q=0.5, gzip"},
    {packed, "Accept-Encoding: br\nAccept-Encoding: gzip"}, {packed, "Accept-Encoding: identity;q=0, *"},
    {packed, "Accept-Encoding: gzip\nRange: bytes=0-4", 206, "0-4"},
    {packed, "Accept-Encoding: gzip\nRange: bytes=0-1,8-9", 206, "0-1,8-9"},
    {packed, "Accept-Encoding: gzip\nRange: bytes=-1", 206, "9-9"},
    {packed, "Accept-Encoding: gzip\nRange: bytes=10-", 416},
    {packed, "Accept-Encoding: gzip\nIf-None-Match: {tag}", 304},
    {packed, "Accept-Encoding: gzip\nIf-None-Match: {other}"},
    {packed, "Accept-Encoding: gzip\nIf-None-Match: {other}, {tag}", 304},
    {packed, "Accept-Encoding: gzip\nIf-Match: {tag}"}, {packed, "Accept-Encoding: gzip\nIf-Match: {other}", 412},
    {packed, "Accept-Encoding: gzip\nRange: bytes=0-4\nIf-Range: {tag}", 206, "0-4"},
    {packed, "Accept-Encoding: gzip\nRange: bytes=0-4\nIf-Range: {other}"},
    {packed, "Accept-Encoding: gzip\nRange: bytes=10-\nIf-Range: {other}"},
    {packed, "Accept-Encoding: gzip\nRange: bytes=0-4\nIf-None-Match: {tag}", 304},
    {unpacked, ""}, {unpacked, "Accept-Encoding:"}, {unpacked, "Accept-Encoding: identity"},
    {unpacked, "Accept-Encoding: br, zstd"}, {unpacked, "Accept-Encoding: gzip;q=0"},
    {unpacked, "Accept-Encoding: *;q=0"}, {unpacked, "Accept-Encoding: gzip;q=0, *"},
    {unpacked, "Accept-Encoding: identity, gzip;q=0.5"}, {unpacked, "Accept-Encoding: gzip;q=2"},
    {unpacked, "Range: bytes=0-0,15-15", 206, "0-0,15-15"}, {unpacked, "Range: bytes=10-", 206, "10-15"},
    {unpacked, "Range: bytes=16-", 416}, {unpacked, "If-None-Match: {tag}", 304},
    {unpacked, "If-None-Match: {other}"}, {unpacked, "If-Match: {other}", 412},
    {unpacked, "Range: bytes=10-\nIf-Range: {tag}", 206, "10-15"}, {unpacked, "Range: bytes=10-\nIf-Range: {other}"},
    // types, which every part names again (14.6)
    {image, ""}, {image, "Range: bytes=0-1", 206, "0-1"}, {image, "Range: bytes=0-1,8-9", 206, "0-1,8-9"},
    {image, "Range: bytes=10-", 416}, {image, "If-None-Match: {tag}", 304},
    {wasm, ""}, {wasm, "Range: bytes=-2", 206, "8-9"}, {wasm, "Range: bytes=8-9,0-1", 206, "8-9,0-1"},
    {wasm, "Range: bytes=10-", 416}, {wasm, "If-Match: \"a\"", 412},
    {vector, ""}, {vector, "Range: bytes=5-", 206, "5-9"}, {vector, "Range: bytes=0-0,2-2,-1", 206, "0-0,2-2,9-9"},
    {vector, "If-Modified-Since: {date}", 304},
    {unknown, ""}, {unknown, "Range: bytes=0-0", 206, "0-0"}, {unknown, "Range: bytes=1-1,3-3", 206, "1-1,3-3"},
    {unknown, "Range: bytes=11-", 416},
    // a weak tag is good for 304 and for nothing else (8.8.3.2)
    {weak, ""}, {weak, "Range: bytes=0-4", 206, "0-4"}, {weak, "If-None-Match: {tag}", 304},
    {weak, "If-None-Match: {opaque}", 304}, {weak, "If-None-Match: W/\"a\", {tag}", 304}, {weak, "If-None-Match: *", 304},
    {weak, "If-Match: {tag}", 412}, {weak, "If-Match: {opaque}", 412}, {weak, "If-Match: *"},
    {weak, "Range: bytes=0-4\nIf-Range: {tag}"}, {weak, "Range: bytes=0-4\nIf-Range: {opaque}"},
    {weak, "Range: bytes=0-4\nIf-Range: {date}", 206, "0-4"}, {weak, "Range: bytes=20-\nIf-Range: {tag}"},
    // no tag: the date decides, and a 304 has to carry it (15.4.5)
    {tagless, ""}, {tagless, "If-None-Match: \"a\""}, {tagless, "If-None-Match: *", 304},
    {tagless, "If-Match: \"a\"", 412}, {tagless, "If-Match: *"}, {tagless, "If-Modified-Since: {date}", 304},
    {tagless, "If-Modified-Since: {date-}"}, {tagless, "If-None-Match: \"a\"\nIf-Modified-Since: {date}"},
    {tagless, "If-Unmodified-Since: {date-}", 412}, {tagless, "Range: bytes=0-4\nIf-Range: {date}", 206, "0-4"},
    {tagless, "Range: bytes=0-4\nIf-Range: \"a\""},
    // neither: conditions on what there is not
    {bare, ""}, {bare, "If-None-Match: *", 304}, {bare, "If-Match: *"}, {bare, "If-Match: \"a\"", 412},
    {bare, "If-Modified-Since: {date+}"}, {bare, "If-Unmodified-Since: {date-}"},
    {bare, "Range: bytes=2-3", 206, "2-3"}, {bare, "Range: bytes=2-3\nIf-Range: {date}"},
    {bare, "Range: bytes=2-3\nIf-Range: \"\""}, {bare, "Range: bytes=10-", 416},
    // three conditions and more, still in the order of 13.2.2
    {ten, "If-Match: {tag}\nIf-Unmodified-Since: {date-}\nIf-None-Match: {tag}", 304},
    {ten, "If-Match: {tag}\nIf-None-Match: \"a\"\nIf-Modified-Since: {date+}"},
    {ten, "If-Match: \"a\"\nIf-None-Match: {tag}\nRange: bytes=0-4", 412},
    {ten, "If-Match: \"a\"\nIf-None-Match: \"b\"\nIf-Range: {tag}\nRange: bytes=0-4", 412},
    {ten, "If-Unmodified-Since: {date}\nIf-None-Match: \"a\"\nIf-Modified-Since: {date}"},
    {ten, "If-Unmodified-Since: {date}\nIf-Modified-Since: {date-}\nRange: bytes=0-4", 206, "0-4"},
    {ten, "If-Unmodified-Since: {date-}\nIf-Modified-Since: {date}", 412},
    {ten, "If-Match: *\nIf-Unmodified-Since: {date-}\nIf-Modified-Since: {date}", 304},
    {ten, "If-Match: {tag}\nIf-Unmodified-Since: {date}\nIf-None-Match: \"a\"\nIf-Modified-Since: {date}\n"
          "Range: bytes=0-4\nIf-Range: {tag}", 206, "0-4"},
    {ten, "If-Match: {tag}\nIf-Unmodified-Since: {date}\nIf-None-Match: \"a\"\nIf-Modified-Since: {date}\n"
          "Range: bytes=0-4\nIf-Range: \"a\""},
    {ten, "If-None-Match: \"a\"\nRange: bytes=20-\nIf-Range: {tag}", 416},
    {ten, "If-Modified-Since: {date-}\nRange: bytes=20-", 416},
    {ten, "If-Match: {tag}\nRange: bytes=20-\nIf-Range: {date-}"},
    {ten, "If-None-Match: {tag}\nRange: nonsense\nIf-Range: \"a\"", 304},
    {ten, "If-Modified-Since: yesterday\nRange: bytes=0-4", 206, "0-4"},
    {ten, "If-Unmodified-Since: yesterday\nRange: bytes=0-4", 206, "0-4"},
    {ten, "If-None-Match: nonsense\nIf-Modified-Since: {date}"},  // there, so the date says nothing
    {ten, "If-Match: W/{tag}\nIf-Match: {tag}"}, {ten, "If-Match: \"a\"\nIf-Match: \"b\"", 412},
    {none, "If-None-Match: {tag}\nRange: bytes=0-0", 304}, {none, "If-Match: \"a\"\nRange: bytes=0-0", 412},
    {one, "If-None-Match: \"a\"\nRange: bytes=0-0,0-0", 206, "0-0"},
    // If-Range once more: what is no strong validator to the letter is none
    {ten, "Range: bytes=5-\nIf-Range: {tag}", 206, "5-9"}, {ten, "Range: bytes=-2\nIf-Range: {tag}", 206, "8-9"},
    {ten, "Range: bytes=-2\nIf-Range: {date}", 206, "8-9"}, {ten, "Range: bytes=0-1,8-9\nIf-Range: {date}", 206, "0-1,8-9"},
    {ten, "Range: bytes=0-1,8-9\nIf-Range: \"a\""}, {ten, "Range: bytes=0-4\nIf-Range: w/{tag}"},
    {ten, "Range: bytes=0-4\nIf-Range: \"\""}, {ten, "Range: bytes=0-4\nIf-Range: v10"},
    {ten, "Range: bytes=0-4\nIf-Range: {tag}{tag}"}, {ten, "Range: bytes=0-4\nIf-Range: {date}, {date}"},
    {ten, "Range: bytes=0-4\nIf-Range: 2024-01-01T00:00:00Z"}, {ten, "Range: bytes=0-4\nIf-Range: 1704067200"},
    {one, "Range: bytes=0-0\nIf-Range: {tag}", 206, "0-0"}, {one, "Range: bytes=1-\nIf-Range: {tag}", 416},
    {one, "Range: bytes=1-\nIf-Range: \"a\""},
    // dates at the edges
    {ten, "If-Modified-Since: Fri, 31 Dec 9999 23:59:59 GMT{date?}", 304},
    {ten, "If-Modified-Since: Sun, 31 Dec 2023 23:59:60 GMT{date?}", 304},  // a leap second: midnight
    {ten, "If-Modified-Since: Mon, 01 Jan 2024 00:00:00 +0000"}, {ten, "If-Modified-Since: Mon, 32 Jan 2024 00:00:00 GMT"},
    {ten, "If-Unmodified-Since: Thu, 01 Jan 1970 00:00:00 GMT{date?}", 412},
    {ten, "If-Unmodified-Since: Mon, 01 Jan 2024 00:00:00 CET"},
};
inline constexpr std::size_t row_count = sizeof rows / sizeof rows[0];
static_assert(row_count >= 300, "and each row is two cases: GET and HEAD");

/// A row's fields as (name, value), with the placeholders filled in.
struct field {
  std::string name, value;
};
[[nodiscard]] inline std::vector<field> fields_of(const row& r, const std::string& tag,
                                                  const std::string& other) {
  std::string text(r.fields);
  const auto fill = [&text](std::string_view what, std::string_view by) {
    for (auto at = text.find(what); at != text.npos; at = text.find(what)) text.replace(at, what.size(), by);
  };
  fill("{tag}", tag);
  fill("{opaque}", tag.substr(tag.find('"') == tag.npos ? 0 : tag.find('"')));
  fill("{other}", other);
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
[[nodiscard]] inline std::vector<std::pair<std::uint64_t, std::uint64_t>> parts_of(const row& r) {
  std::vector<std::pair<std::uint64_t, std::uint64_t>> made;
  std::size_t at = 0;
  const auto number = [&] {
    std::uint64_t n = 0;
    while (at < r.parts.size() && r.parts[at] >= '0') n = 10 * n + static_cast<std::uint64_t>(r.parts[at++] - '0');
    ++at;  // past `-` or `,`
    return n;
  };
  while (at < r.parts.size()) {
    const auto first = number();
    made.emplace_back(first, number());
  }
  return made;
}

/// The octets of a content from `first` to `last`.
[[nodiscard]] inline std::string octets_of(const content& of, std::uint64_t first, std::uint64_t last) {
  const auto length = static_cast<std::size_t>(last - first + 1);
  if (of.octets.empty()) return std::string(length, '\0');
  return std::string(of.octets.substr(static_cast<std::size_t>(first), length));
}

}  // namespace plan_table
