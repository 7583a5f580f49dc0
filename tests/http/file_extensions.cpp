// The table of extensions holds what it promises.
#include <tinyhttp/http/file_extensions.hpp>
#include <tinyhttp/http/media_type.hpp>

#include "catch.hpp"

#include <string>

using namespace tinyhttp;

TEST_CASE("every extension is lower case, there once and in order, and every type is one", "[http][media_type]") {
  std::size_t rows = 0;
  std::string_view before;
  for (std::string_view table = file_extensions; !table.empty(); ++rows) {
    const auto row = take_file_extension(table);
    CAPTURE(row.extension, row.media_type);
    CHECK(before < row.extension);
    before = row.extension;
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
  CHECK(rows >= 150);
}
