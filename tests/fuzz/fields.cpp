// Fields against a naive model: any mix of adding, setting and removing, then a way over the wire.
#include "fuzz.hpp"

#include <tinyhttp/h1/head_parser.hpp>
#include <tinyhttp/http/fields.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace tinyhttp;

namespace {

using model = std::vector<std::pair<std::string, std::string>>;

void erase(model& m, std::string_view name) {
  std::erase_if(m, [&](const auto& line) { return ascii::equal_ignoring_case(line.first, name); });
}

void compare(const fields& f, const model& m) {
  fuzz::require(f.size() == m.size(), "as many lines");
  for (std::size_t i = 0; i < m.size(); ++i) {
    fuzz::require(f[i].name == m[i].first && f[i].value == m[i].second, "the same lines in the same order");
    const auto first = f.get(m[i].first);
    fuzz::require(first.has_value(), "what is there is found");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::choices input(data, size);
  static const h1::limits wide{.head = std::size_t{1} << 20, .fields = 100'000};
  fields f;
  model m;
  while (!input.rest().empty()) {
    const auto what = input.below(5);
    const auto name = input.take(1 + input.below(3));
    const auto value = input.take(input.below(8));
    const bool good = ascii::is_token(name) && ascii::is_field_value(ascii::trim(value));
    if (what <= 1) {
      fuzz::require(f.try_add(name, value) == good, "what may be added");
      if (good) m.emplace_back(name, ascii::trim(value));
    } else if (what == 2 && good) {
      f.set(name, value);
      erase(m, name);
      m.emplace_back(name, ascii::trim(value));
    } else if (what == 3) {
      f.remove(name);
      erase(m, name);
    } else if (what == 4) {  // over the wire: from now on the lines live in a head
      std::string head = "HTTP/1.1 200 OK\r\n";
      f.append_to(head);
      head += "\r\n";
      fields parsed;
      h1::head_parser parser(wide);
      h1::status_line line;
      fuzz::require(parser.parse(head, line, parsed) == h1::head_parser::outcome::done, "fields are a head");
      fuzz::require(parser.size() == head.size(), "and nothing but one");
      fields copy = parsed;
      f = std::move(copy);
    }
    compare(f, m);
  }
  return 0;
}
