// Media types: read, written, and guessed from file names.
#include <tinyhttp/http/media_type.hpp>

#include "catch.hpp"

#include <optional>
#include <string>
#include <string_view>

using namespace tinyhttp;
using namespace std::string_view_literals;

static_assert(media_type_of("index.html") == "text/html; charset=utf-8");
static_assert(parse_media_type("Text/HTML;Charset=\"utf-8\"")->is("text/html"));

TEST_CASE("a media type is read whole or not at all", "[http][media_type][rfc9110-8.3.1]") {
  struct row {
    std::string_view field;
    std::optional<std::string_view> essence;
    std::optional<std::string> charset = std::nullopt;
  };
  const row rows[] = {
      {"text/html", "text/html"},
      {"text/html;charset=utf-8", "text/html", "utf-8"},
      {"Text/HTML; Charset=UTF-8", "text/html", "UTF-8"},
      {"text/html;charset=\"utf-8\"", "text/html", "utf-8"},
      {"text/html ; charset=utf-8", "text/html", "utf-8"},
      {"text/html; a=b; charset=x; charset=y", "text/html", "x"},
      {"text/html;", "text/html"},
      {"text/html; ;; charset=x ;", "text/html", "x"},
      {" text/html ", "text/html"},
      {"text/html; charset=\"a\\\"b\\\\c\"", "text/html", "a\"b\\c"},
      {"text/html; charset=\"a;b=c\"", "text/html", "a;b=c"},
      {"text/html; charset=\"\"", "text/html", ""},
      {"multipart/form-data; boundary=\"a b\"", "multipart/form-data"},
      {"image/svg+xml", "image/svg+xml"},
      {"*/*", "*/*"},
      {"text", {}},
      {"text/", {}},
      {"/html", {}},
      {"/", {}},
      {"", {}},
      {"text/html/x", {}},
      {"text /html", {}},
      {"text/ html", {}},
      {"text/html charset=utf-8", {}},
      {"text/html, text/plain", {}},
      {"text/html; charset", {}},
      {"text/html; charset=", {}},
      {"text/html; charset =utf-8", {}},
      {"text/html; charset:utf-8", {}},
      {"text:html", {}},
      {"text/html; charset= utf-8", {}},
      {"text/html; =utf-8", {}},
      {"text/html; charset=a b", {}},
      {"text/html; charset=\"a", {}},
      {"text/html; charset=\"a\\", {}},
      {"text/html; charset=\"a\"b", {}},
      {"text/html; charset=\"a\nb\"", {}},
      {"text/html; charset=\"a\\\r\"", {}},
      {"text/html\0"sv, {}},
      {"text/html; charset=\"\0\""sv, {}},
      {"text/html\r\nX: y", {}},
      {"t\xc3\xa9xt/html", {}},
  };
  for (const row& r : rows) {
    CAPTURE(r.field);
    const auto type = parse_media_type(r.field);
    CHECK(type.has_value() == r.essence.has_value());
    if (!type || !r.essence) continue;
    CHECK(type->is(*r.essence));
    CHECK(type->parameter("charset") == r.charset);
  }
}

TEST_CASE("parameters stand behind a semicolon", "[http][media_type][rfc9110-5.6.6]") {
  std::string_view rest = "a=b";
  CHECK(!take_parameter(rest));
  CHECK(rest == "a=b");
}

TEST_CASE("a media type is compared whole", "[http][media_type]") {
  const auto type = parse_media_type("text/html");
  REQUIRE(type);
  for (const std::string_view other : {"", "/", "text", "text/", "text/htm", "text/html5",
                                       "texthtml/", "text/html;charset=utf-8", "tex/thtml", "text-html",
                                       "best/html", "text/htmx"}) {
    CAPTURE(other);
    CHECK_FALSE(type->is(other));
  }
}

TEST_CASE("a quoted string is read back as it was", "[http][media_type][rfc9110-5.6.4]") {
  struct row {
    std::string_view text, quoted;
  };
  const row rows[] = {
      {"a b", "\"a b\""},
      {"", "\"\""},
      {"a\"b\\c", "\"a\\\"b\\\\c\""},
      {"\xc3\xa9", "\"\xc3\xa9\""},
  };
  for (const row& r : rows) {
    CAPTURE(r.text);
    std::string out = "text/plain; x=";
    append_quoted(out, r.text);
    CHECK(out == "text/plain; x=" + std::string(r.quoted));
    const auto back = parse_media_type(out);
    REQUIRE(back);
    CHECK(back->parameter("x") == std::string(r.text));
  }
}

TEST_CASE("file names promise media types", "[http][media_type]") {
  constexpr std::string_view unknown = "application/octet-stream";
  struct row {
    std::string_view name, type;
  };
  const row rows[] = {
      {"index.html", "text/html; charset=utf-8"},
      {"INDEX.HTM", "text/html; charset=utf-8"},
      {"a/b.d/style.Css", "text/css; charset=utf-8"},
      {"app.js", "text/javascript; charset=utf-8"},
      {"app.mjs", "text/javascript; charset=utf-8"},
      {"app.js.map", "application/json"},
      {"data.json", "application/json"},
      {"data.jsonld", "application/ld+json"},
      {"app.webmanifest", "application/manifest+json"},
      {"module.wasm", "application/wasm"},
      {"logo.svg", "image/svg+xml; charset=utf-8"},
      {"feed.xml", "application/xml; charset=utf-8"},
      {"photo.avif", "image/avif"},
      {"photo.webp", "image/webp"},
      {"photo.jpeg", "image/jpeg"},
      {"favicon.ico", "image/vnd.microsoft.icon"},
      {"font.woff2", "font/woff2"},
      {"film.mp4", "video/mp4"},
      {"film.webm", "video/webm"},
      {"part.ts", "video/mp2t"},
      {"list.m3u8", "application/vnd.apple.mpegurl"},
      {"song.opus", "audio/ogg"},
      {"song.flac", "audio/flac"},
      {"source.tar.gz", "application/gzip"},
      {"x.br", "application/x-brotli"},
      {"x.zst", "application/zstd"},
      {"x.xz", "application/x-xz"},
      {"x_1.0-1_amd64.deb", "application/vnd.debian.binary-package"},
      {"x.rpm", "application/x-rpm"},
      {"a.3g2", "video/3gpp2"},       // the first of the table
      {"a.zst", "application/zstd"},  // the last
      {"README", unknown},
      {"a.unheard-of", unknown},
      {"a.", unknown},
      {".html", unknown},  // a hidden file without an extension
      {"a/.html", unknown},
      {"html", unknown},
      {".config.json", "application/json"},
      {"a.html/", unknown},
      {"a.html/b", unknown},
      {"", unknown},
      {".", unknown},
      {"..", unknown},
      {"/", unknown},
      {"a.html\0"sv, unknown},
      {"a.html ", unknown},
      {"a.\xff", unknown},
      {"a.htmlx", unknown},
      {"a.htm1", unknown},
  };
  for (const row& r : rows) {
    CAPTURE(r.name);
    CHECK(media_type_of(r.name) == r.type);
  }
  CHECK(media_type_of("a." + std::string(1'000'000, 'z')) == unknown);
}
