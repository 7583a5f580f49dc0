// What is said of a file by its name.
#include <tinyhttp/files/rules.hpp>

#include "catch.hpp"

#include <string_view>
#include <vector>

using namespace tinyhttp;
using files::has_content_hash;

TEST_CASE("a content hash is told from a word and a date", "[files][rules]") {
  for (const std::string_view name : {"app.3f9ab2c1.js", "app-3f9ab2c1.js", "a/b/app_3F9AB2C1.css",
                                      "chunk.0123456789abcdef.mjs", "x.min.3f9ab2c1d.js.map"}) {
    CAPTURE(name);
    CHECK(has_content_hash(name));
  }
  for (const std::string_view name : {"app.js", "3f9ab2c1.js", "app.3f9ab2c.js", "app.deadbeef.js", "report-20240501.pdf",
                                      "app.3f9ab2c1", "app.3f9ab2cg.js", "3f9a.b2c1/app.js", "app.x3f9ab2c1.js", ""}) {
    CAPTURE(name);
    CHECK_FALSE(has_content_hash(name));
  }
}

TEST_CASE("the first rule that fits decides", "[files][rules]") {
  const std::vector<media_type_rule> types{{".tar.gz", "a/b"}, {".GZ", "c/d"}};
  CHECK(files::media_type_by(types, "x.tar.gz") == "a/b");
  CHECK(files::media_type_by(types, "x.gz") == "c/d");
  CHECK(files::media_type_by(types, "x.html") == "text/html; charset=utf-8");
  CHECK(files::media_type_by({}, "gz") == "application/octet-stream");
  const std::vector<cache_rule> rules{{.prefix = "a/", .suffix = ".js", .cache_control = "one"},
                                      {.prefix = "a/", .cache_control = "two"}};
  CHECK(files::cache_control_by(rules, "a/x.JS", "none") == "one");
  CHECK(files::cache_control_by(rules, "a/x.css", "none") == "two");
  CHECK(files::cache_control_by(rules, "b/x.js", "none") == "none");
}
