// The table of extensions holds what it promises.
#include <tinyhttp/http/file_extensions.hpp>
#include <tinyhttp/http/media_type.hpp>

#include "catch.hpp"

#include <string>

using namespace tinyhttp;

static_assert(file_extensions.size() >= 150);

TEST_CASE("every extension is lower case and every type is one", "[http][media_type]") {
  for (const auto& row : file_extensions) {
    CAPTURE(row.extension, row.media_type);
    CHECK(row.extension == ascii::to_lower(row.extension));
    CHECK(ascii::is_token(row.extension));
    CHECK(row.extension.find('.') == row.extension.npos);
    const auto type = parse_media_type(row.media_type);
    REQUIRE(type);
    if (type->type == "text") {
      CHECK(type->parameter("charset") == "utf-8");
    }
    CHECK(media_type_of("x." + std::string(row.extension)) == row.media_type);
  }
}
