// Which coding and which media type a client prefers.
#include <tinyhttp/http/negotiation.hpp>

#include "catch.hpp"

#include <array>
#include <optional>
#include <string>
#include <string_view>

using namespace tinyhttp;
using namespace std::string_view_literals;

static_assert(parse_quality("0.5") == 500);
static_assert(coding_quality("gzip;q=0.5, *;q=0.1", "br") == 100);
static_assert(media_type_quality("text/*;q=0.3, text/html", "text/html") == 1000);

TEST_CASE("a weight has three decimals at most", "[http][negotiation][rfc9110-12.4.2]") {
  struct row {
    std::string_view text;
    std::optional<quality> value;
  };
  const row rows[] = {
      {"0", 0},        {"1", 1000},     {"0.", 0},
      {"1.", 1000},    {"0.5", 500},    {"0.05", 50},
      {"0.123", 123},  {"0.001", 1},    {"0.000", 0},
      {"1.0", 1000},   {"1.000", 1000}, {"1.001", {}},
      {"1.1", {}},     {"0.1234", {}},  {"1.0000", {}},
      {"2", {}},       {"", {}},        {".5", {}},
      {"00.5", {}},    {"0,5", {}},     {"-0", {}},
      {"+1", {}},      {"0.-1", {}},    {"0.5 ", {}},
      {" 0.5", {}},    {"1e0", {}},     {"0x1", {}},
      {"0.5\0"sv, {}}, {"\"1\"", {}},   {"nan", {}},
      {"10", {}},      {"01", {}},      {"99999999999999999999", {}},
  };
  for (const row& r : rows) {
    CAPTURE(r.text);
    CHECK(parse_quality(r.text) == r.value);
  }
}

TEST_CASE("the best content coding is chosen", "[http][negotiation][rfc9110-12.5.3]") {
  constexpr std::array offered{"br"sv, "zstd"sv, "gzip"sv};
  struct row {
    std::optional<std::string_view> field;
    std::optional<std::string_view> coding;
  };
  const row rows[] = {
      {std::nullopt, "identity"},  // did not ask
      {"", "identity"},
      {"gzip", "gzip"},
      {"GZip", "gzip"},
      {"x-gzip", "gzip"},
      {"gzip, br", "br"},  // our order decides between equals
      {"gzip, deflate, br, zstd", "br"},
      {"gzip;q=1.0, br;q=0.5", "gzip"},
      {"gzip;q=0.5", "gzip"},  // identity is not listed: a last resort
      {"gzip;q=0.001", "gzip"},
      {"gzip;q=0.5, identity", "identity"},
      {"gzip;q=0.5, identity;q=0.5", "gzip"},
      {"gzip;q=0.5, identity;q=0.4", "gzip"},
      {"gzip;q=0", "identity"},
      {"gzip;q=0, br;q=0.000", "identity"},
      {"deflate", "identity"},
      {"identity", "identity"},
      // *
      {"*", "br"},
      {"br;q=0, *", "zstd"},
      {"*, br;q=0", "zstd"},
      {"gzip, *;q=0.5", "gzip"},
      {"*;q=0.5, identity", "identity"},
      {"*;q=0.5, identity;q=0.1", "br"},
      {"gzip, *;q=0", "gzip"},
      {"identity;q=0", {}},
      {"identity;q=0, gzip", "gzip"},
      {"*;q=0", {}},
      {"*;q=0, identity", "identity"},
      {"*;q=0, identity;q=0.1", "identity"},
      {"gzip;q=0, *;q=0", {}},
      {"identity;q=0, *", "br"},
      {"deflate, *;q=0", {}},
      // form and nonsense
      {" , ,gzip ,, ", "gzip"},
      {"gzip ; q=0.2 , br;q=0.1", "gzip"},
      {"gzip;Q=0, br", "br"},
      {"gzip;q=2, br;q=0.1", "br"},  // a malformed element counts for nothing
      {"gzip;q=", "identity"},
      {"gzip;q=0.5;q=1, br;q=0.6", "br"},
      {"gzip;level=9", "gzip"},
      {"gzip q=1", "identity"},
      {"gzipp", "identity"},
      {"\"gzip\"", "identity"},
      {"gzip\0"sv, "identity"},
      {"gzip;q=0, gzip", "identity"},  // the first mention counts
  };
  for (const row& r : rows) {
    CAPTURE(r.field);
    CHECK(preferred_coding(r.field, offered) == r.coding);
  }
  CHECK(preferred_coding("gzip", {}) == "identity");
  CHECK(preferred_coding("identity;q=0", {}) == std::nullopt);
  constexpr std::array with_identity{"identity"sv, "gzip"sv};
  CHECK(preferred_coding("gzip", with_identity) == "gzip");
  CHECK(preferred_coding("identity;q=0.5, gzip;q=0.5", with_identity) == "gzip");
  CHECK(coding_quality("gzip;q=2, gzip;q=0.5", "gzip") == 500);  // what is malformed hides nothing
  CHECK(coding_quality("gzip;q=2, *;q=0.3", "gzip") == 300);
  CHECK(coding_quality("*;q=0.5, *;q=0.1", "gzip") == 500);
  CHECK(coding_quality("gzip;q=0.5", "x-gzip") == 500);
  CHECK(coding_quality("x-compress", "compress") == 1000);
  CHECK(preferred_coding("*;q=0", with_identity) == std::nullopt);
  CHECK(preferred_coding(std::string(1'000'000, ','), offered) == "identity");
}

TEST_CASE("the closest media range decides", "[http][negotiation][rfc9110-12.5.1]") {
  constexpr std::string_view example =
      "text/*;q=0.3, text/plain;q=0.7, text/plain;format=flowed, text/plain;format=fixed;q=0.4, "
      "*/*;q=0.5";
  struct row {
    std::string_view accept, type;
    quality expected;
  };
  const row rows[] = {
      // the RFC's table
      {example, "text/plain;format=flowed", 1000},
      {example, "text/plain", 700},
      {example, "text/html", 300},
      {example, "image/jpeg", 500},
      {example, "text/plain;format=fixed", 400},
      {example, "text/html;level=3", 300},
      // more
      {"text/html", "text/html; charset=utf-8", 1000},
      {"TEXT/HTML", "text/html", 1000},
      {"text/html;charset=UTF-8", "text/html; charset=\"utf-8\"", 1000},
      {"text/html;charset=latin1", "text/html; charset=utf-8", 0},
      {"text/html;q=0, */*", "text/html", 0},
      {"*/*, text/html;q=0", "text/html", 0},
      {"text/*;q=0, text/html", "text/html", 1000},
      {"*/*;q=0.5, text/*;q=0.3", "text/html", 300},
      {"text/plain", "text/html", 0},
      {"text/html;b=2", "text/html;a=1;b=2", 1000},
      {"application/*", "application/json", 1000},
      {"application/*", "applicatio/json", 0},
      {"*/json", "application/json", 0},  // no such range
      {"application/json;q=2", "application/json", 0},
      {"application/json;q", "application/json", 0},
      {"json", "application/json", 0},
      {"*", "application/json", 0},
      {"application/json;q=0.5;ext=1", "application/json", 500},
      {"a/b;x=\",\";q=0.2, c/d", "c/d", 1000},
      {"", "text/html", 0},
      {",", "text/html", 0},
      {"text/html\0"sv, "text/html", 0},
      {"*/*", "nonsense", 0},
  };
  for (const row& r : rows) {
    CAPTURE(r.accept, r.type);
    CHECK(media_type_quality(r.accept, r.type) == r.expected);
  }
}

TEST_CASE("a page or its data: the client chooses", "[http][negotiation][rfc9110-12.5.1]") {
  constexpr std::array offered{"text/html; charset=utf-8"sv, "application/json"sv};
  constexpr auto html = offered[0];
  constexpr auto json = offered[1];
  struct row {
    std::optional<std::string_view> accept;
    std::optional<std::string_view> type;
  };
  const row rows[] = {
      {std::nullopt, html},
      {"*/*", html},
      {"text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8", html},
      {"application/json", json},
      {"application/json, text/plain, */*", json},
      {"application/json, */*;q=0.9", json},
      {"application/json, text/html", html},
      {"application/json;q=0.9, text/html;q=0.8", json},
      {"application/*", json},
      {"text/html;q=0, */*", json},
      {"image/png", {}},
      {"", html},
      {" , ", html},
      {"nonsense", {}},
      {"text/*, application/json", json},
      {"*/*;q=0", {}},
  };
  for (const row& r : rows) {
    CAPTURE(r.accept);
    CHECK(preferred_media_type(r.accept, offered) == r.type);
  }
  CHECK(preferred_media_type("*/*", {}) == std::nullopt);
  CHECK(preferred_media_type(std::nullopt, {}) == std::nullopt);
}
