#include <tinyhttp/http/escape.hpp>

#include <string>

#include "catch.hpp"

using namespace tinyhttp;

TEST_CASE("text stands in HTML as it is, and ends neither an attribute nor an element", "[http][escape]") {
  CHECK(escape_html("a < b && \"c\" > 'd'") == "a &lt; b &amp;&amp; &quot;c&quot; &gt; &#39;d&#39;");
  CHECK(escape_html("\xC3\xA4\n") == "\xC3\xA4\n");
}

TEST_CASE("text of any octets is a JSON string", "[http][escape]") {
  CHECK(quote_json("") == "\"\"");
  CHECK(quote_json("a \"b\" \\ /\n\x7F\xC3\xA4") == "\"a \\\"b\\\" \\\\ /\\u000a\x7F\xC3\xA4\"");
  CHECK(quote_json(std::string("\0\x1F", 2)) == "\"\\u0000\\u001f\"");
  CHECK(quote_json("\xC3(\xED\xA0\x80") == "\"\xEF\xBF\xBD(\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"");  // no UTF-8, no surrogates
}
