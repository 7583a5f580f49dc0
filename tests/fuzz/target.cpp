// Request targets: their parts are parts of them, and the parser is of the same opinion.
#include "fuzz.hpp"

#include <tinyhttp/h1/head_parser.hpp>
#include <tinyhttp/http/target.hpp>

#include <string>
#include <string_view>

using namespace tinyhttp;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::choices input(data, size);
  const method methods[] = {method::get, method::options, method::connect, method("X")};
  const auto& m = methods[input.below(4)];
  const auto text = input.rest();
  target t;
  const bool accepted = t.assign(text, m);

  const h1::limits bounds{.target = 4096, .head = 8192};
  h1::head_parser parser(bounds);
  request r;
  const std::string line = std::string(m.name()) + " " + std::string(text) + " HTTP/1.1\r\n\r\n";
  const bool parsed = parser.parse(line, r) == h1::head_parser::outcome::done && parser.size() == line.size();
  if (text.find('\n') != text.npos) {  // the parser may find a whole line in it, and be content
    fuzz::require(!accepted, "a target is within its line");
  } else if (text.size() <= bounds.target) {
    fuzz::require(parsed == accepted, "parser and target agree");
  }
  if (!accepted) {
    fuzz::require(t.text() == "/" && t.form() == target_form::origin, "a refused text changes nothing");
    return 0;
  }
  fuzz::require(t.text() == text && t == r.target, "a target keeps its octets");
  switch (t.form()) {
    case target_form::origin:
      fuzz::require(t.path().starts_with('/') && t.authority().empty(), "origin form");
      break;
    case target_form::absolute:
      fuzz::require(t.path().starts_with('/') && is_host_and_port(t.authority(), false), "absolute form");
      break;
    case target_form::authority:
      fuzz::require(m == method::connect && t.authority() == text && t.path().empty(), "authority form");
      break;
    case target_form::asterisk:
      fuzz::require(m == method::options && t.path() == "*" && text == "*", "asterisk form");
      break;
  }
  const std::string tail = t.has_query() ? "?" + std::string(t.query()) : std::string();
  fuzz::require(text.ends_with(tail), "the query is the end");
  fuzz::require(t.path().find('?') == std::string_view::npos, "no question mark in a path");
  if (t.form() == target_form::origin)
    fuzz::require(std::string(t.path()) + tail == text, "a path and a query are all of an origin form");
  return 0;
}
