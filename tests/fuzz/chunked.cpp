// Bodies: cutting changes nothing, and a chunked body that was read can be written and read again.
#include "fuzz.hpp"

#include <tinyhttp/h1/body_reader.hpp>
#include <tinyhttp/h1/writer.hpp>

#include <string>
#include <string_view>

using namespace tinyhttp;
using outcome = h1::body_reader::outcome;
using rule = h1::framing::rule;

namespace {

const h1::limits bounds{.fields = 3, .trailer = 40, .chunk_extensions = 20};
const h1::limits wide{.fields = 3};  // a written trailer has a blank behind its colon

struct read_body {
  outcome state = outcome::need_more;
  std::string data;
  std::string trailers;
  std::size_t consumed = 0;
  int status = 0;
  bool complete = false;
  friend bool operator==(const read_body&, const read_body&) = default;
};

read_body read(h1::framing by, std::string_view octets, std::size_t every, const h1::limits& within = bounds) {
  h1::body_reader reader(by, within);
  read_body all;
  for (std::size_t given = 0;;) {
    const auto step = reader.read(octets.substr(all.consumed, given - all.consumed));
    fuzz::require(all.consumed + step.consumed <= given, "no more is consumed than there is");
    all.consumed += step.consumed;
    all.data += step.data;
    all.state = step.state;
    if (step.state == outcome::data) {
      fuzz::require(!step.data.empty(), "data are not empty");
      continue;
    }
    if (step.state != outcome::need_more) break;
    fuzz::require(all.consumed == given, "all is consumed before more is asked for");
    if (given == octets.size()) break;
    given = octets.size() - given < every ? octets.size() : given + every;
  }
  all.status = reader.failure().status;
  all.complete = reader.complete_at_close();
  if (reader.trailers() != nullptr) reader.trailers()->append_to(all.trailers);
  return all;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::choices input(data, size);
  const auto every = 1 + input.below(7);
  const h1::framing ways[] = {{rule::chunked, 0}, {rule::length, size / 2}, {rule::until_close, 0}, {}};
  for (const auto& by : ways) {
    const auto whole = read(by, input.rest(), input.rest().size() + 1);
    fuzz::require(read(by, input.rest(), every) == whole, "the same body, however it is cut");
    if (by.by != rule::chunked || whole.state != outcome::end) continue;
    h1::body_writer writer(by);
    buffer out;
    for (std::size_t at = 0; at < whole.data.size(); at += 3) {
      const auto part = std::string_view(whole.data).substr(at, 3);
      fuzz::require(writer.begin_data(out, part.size()), "a chunk can be begun");
      out.append(part);
      out.append(writer.behind_data());
    }
    fields trailers;
    h1::head_parser parser(wide);
    h1::status_line line;
    fuzz::require(parser.parse("HTTP/1.1 200 OK\r\n" + whole.trailers + "\r\n", line, trailers) ==
                      h1::head_parser::outcome::done, "trailers are fields");
    fuzz::require(writer.finish(out, &trailers), "a body can be finished");
    const auto back = read(by, out.view(), 4, wide);
    fuzz::require(back.state == outcome::end && back.consumed == out.size(), "what was written is a body");
    fuzz::require(back.data == whole.data && back.trailers == whole.trailers, "what was written is what was read");
  }
  return 0;
}
