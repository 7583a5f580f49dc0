// Heads of requests and responses: cutting changes nothing, and what was read can be written again.
#include "fuzz.hpp"

#include <tinyhttp/h1/head_parser.hpp>
#include <tinyhttp/h1/writer.hpp>

#include <string>
#include <string_view>

using namespace tinyhttp;
using h1::head_parser;
using outcome = head_parser::outcome;

namespace {

const h1::limits bounds{.target = 64, .head = 512, .fields = 6, .empty_lines = 2};

bool same(const fields& a, const fields& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (a[i].name != b[i].name || a[i].value != b[i].value) return false;
  return true;
}

void check_request(std::string_view octets, std::size_t step) {
  head_parser whole(bounds), slow(bounds);
  request once, twice;
  const auto verdict = whole.parse(octets, once);
  auto cut = outcome::need_more;
  for (std::size_t size = 0; cut == outcome::need_more; size += step) {
    cut = slow.parse(octets.substr(0, size), twice);
    if (size >= octets.size()) break;
  }
  fuzz::require(verdict == cut, "a request head: the same verdict");
  fuzz::require(whole.failure().status == slow.failure().status, "a request head: the same status");
  if (verdict == outcome::failed) fuzz::require(once.fields.empty(), "a refused head leaves no fields");
  if (verdict != outcome::done) return;
  fuzz::require(whole.size() == slow.size() && whole.size() <= octets.size(), "a request head: its size");
  fuzz::require(once.method == twice.method && once.target == twice.target && once.version == twice.version &&
                    same(once.fields, twice.fields), "a request head: the same values");

  std::string out(once.method.name());
  out.append(" ").append(once.target.text());
  out.append(once.version == http_version::http_1_0 ? " HTTP/1.0\r\n" : " HTTP/1.1\r\n");
  once.fields.append_to(out);
  out.append("\r\n");
  fields built;
  for (const auto [name, value] : once.fields) built.add(name, value);
  fuzz::require(same(built, once.fields), "fields that were read can be built");
  static const h1::limits wide{.target = 64, .head = 4096, .fields = 6};
  head_parser third(wide);
  request back;
  fuzz::require(third.parse(out, back) == outcome::done && third.size() == out.size(), "what was written is a head");
  fuzz::require(back.method == once.method && back.target == once.target && same(back.fields, once.fields),
                "what was written is what was read");
}

void check_response(std::string_view octets, std::size_t step) {
  head_parser whole(bounds), slow(bounds);
  h1::status_line once, twice;
  fields first, second;
  const auto verdict = whole.parse(octets, once, first);
  auto cut = outcome::need_more;
  for (std::size_t size = 0; cut == outcome::need_more; size += step) {
    cut = slow.parse(octets.substr(0, size), twice, second);
    if (size >= octets.size()) break;
  }
  fuzz::require(verdict == cut, "a response head: the same verdict");
  if (verdict != outcome::done) return;
  fuzz::require(whole.size() == slow.size(), "a response head: its size");
  fuzz::require(once.status == twice.status && once.version == twice.version && same(first, second),
                "a response head: the same values");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::choices input(data, size);
  const auto step = 1 + input.below(5);
  check_request(input.rest(), step);
  check_response(input.rest(), step);
  return 0;
}
