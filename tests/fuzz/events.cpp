// Server-sent events: cutting changes nothing, bounds hold, and what was read is written and read again.
#include "fuzz.hpp"

#include <tinyhttp/http/events.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

using namespace tinyhttp;

namespace {

const event_limits bounds{.octets = 100};
struct read_stream {
  std::vector<event> events;
  std::string last_id;
  std::optional<std::chrono::milliseconds> retry;
  bool failed = false;
  friend bool operator==(const read_stream&, const read_stream&) = default;
};

read_stream read(std::string_view octets, std::size_t every, const event_limits& within = bounds) {
  event_parser parser({}, within);
  read_stream all;
  for (;;) {
    const auto next = parser.next();
    all.failed = !next;
    if (next && *next != nullptr) {
      all.events.push_back(**next);
      continue;
    }
    if (all.failed || octets.empty()) break;
    parser.feed(octets.substr(0, every));
    octets.remove_prefix(octets.substr(0, every).size());
  }
  all.last_id = parser.last_event_id();
  all.retry = parser.retry();
  return all;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view octets(reinterpret_cast<const char*>(data), size);
  const read_stream whole = read(octets, size + 1);
  for (const std::size_t every : {std::size_t{1}, std::size_t{3}, std::size_t{64}})
    fuzz::require(read(octets, every) == whole, "cutting changes nothing");
  std::string written;
  for (const event& each : whole.events) {
    fuzz::require(each.data.size() < bounds.octets && each.type.size() < bounds.octets, "an event has a bound");
    fuzz::require(each.data.find('\r') == each.data.npos, "lines end by LF");
    const auto formatted = format_event(each);
    fuzz::require(formatted.has_value(), "what was read can be written");
    written += *formatted;
  }
  fuzz::require(read(written, 5, {}).events == whole.events, "and read again");
  return 0;
}
