// Forms: cutting changes nothing, no part is larger than the body, and what was read is written and read again.
#include "fuzz.hpp"

#include <tinyhttp/http/multipart.hpp>
#include <tinyhttp/http/multipart_parser.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace tinyhttp;
using event = multipart_parser::event;

namespace {

const multipart_limits bounds{.parts = 5, .head = 120};
struct read_form {
  event last = event::need_more;
  std::vector<form_part> parts;
  std::string why;
  friend bool operator==(const read_form&, const read_form&) = default;
};

read_form read(std::string_view octets, std::size_t every) {
  multipart_parser parser("x", bounds);
  read_form all;
  for (;;) {
    all.last = parser.next();
    if (all.last == event::need_more) {
      if (octets.empty()) return all;
      parser.feed(octets.substr(0, every));
      octets.remove_prefix(octets.substr(0, every).size());
    } else if (all.last == event::part) {
      all.parts.push_back(parser.part());
    } else if (all.last == event::content) {
      fuzz::require(!parser.content().empty(), "content is not empty");
      all.parts.back().content.append(parser.content());
    } else if (all.last == event::failed) {
      all.why = parser.failure().message();
      return all;
    } else if (all.last == event::end) {
      return all;
    }
  }
}

/// Forms write backslashes and percent signs as they are, and so may mean two things by them.
bool is_plain(std::string_view name) { return name.find_first_of("\\%") == name.npos; }

void write_and_read_again(const std::vector<form_part>& parts) {
  multipart_form form("another");
  for (const form_part& each : parts) {
    if (each.content.find("--another") != std::string::npos) return;
    if (!is_plain(each.name) || !is_plain(each.file_name.value_or(""))) return;
    if (each.file_name) form.add_file(each.name, *each.file_name, body(each.content), "a/b");
    else form.add(each.name, each.content);
  }
  const typed_body sent = std::move(form).finish();
  std::string octets;
  if (const auto* pieces = sent.body.pieces()) {
    for (const body_piece& piece : *pieces) octets.append(piece.octets);
  } else {
    octets = sent.body.text();
  }
  const auto again = parse_multipart(octets, sent.media_type);
  fuzz::require(again.has_value() && again->size() == parts.size(), "what we write is read");
  for (std::size_t i = 0; i < parts.size(); ++i)
    fuzz::require((*again)[i].name == parts[i].name && (*again)[i].file_name == parts[i].file_name &&
                      (*again)[i].content == parts[i].content, "and is the same");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view octets(reinterpret_cast<const char*>(data), size);
  const read_form whole = read(octets, size + 1);
  for (const std::size_t every : {std::size_t{1}, std::size_t{3}, std::size_t{64}})
    fuzz::require(read(octets, every) == whole, "cutting changes nothing");
  std::size_t sum = 0;
  for (const form_part& each : whole.parts) sum += each.content.size();
  fuzz::require(sum <= size, "no more content than body");
  if (whole.last == event::end) write_and_read_again(whole.parts);
  return 0;
}
