// A stream of requests: one transcript however it is cut; and a client core can say it all again.
#include "fuzz.hpp"

#include "wire/transcript.hpp"

#include <tinyhttp/h1/connection.hpp>

#include <string>
#include <string_view>

using namespace tinyhttp;

namespace {

const h1::limits bounds{.target = 64, .head = 512, .fields = 6, .trailer = 40, .chunk_extensions = 20, .empty_lines = 2};
const h1::limits wide{.target = 64, .head = 4096, .fields = 20};  // Host and Connection may be added

/// Reads the first request; false when there is none that is complete.
bool first_request(std::string_view octets, const h1::limits& within, request& r, std::string& content,
                   fields& trailers) {
  h1::connection server(h1::side::server, within);
  server.receive(octets);
  for (;;) {
    const auto event = server.next_event(r);
    if (event.what == h1::wire_event::kind::head) continue;
    if (event.what == h1::wire_event::kind::data) {
      content += event.data;
      continue;
    }
    if (event.what != h1::wire_event::kind::end) return false;
    if (server.trailers() != nullptr) trailers = *server.trailers();
    return true;
  }
}

/// Sends what was read by a client core: a server core must read the same request.
void say_it_again(std::string_view octets) {
  request r;
  std::string content;
  fields trailers;
  if (!first_request(octets, bounds, r, content, trailers)) return;
  r.body = r.fields.contains("Transfer-Encoding")
               ? stream_body([] { return std::string(); })
               : body(content);
  h1::connection client(h1::side::client, bounds);
  buffer out;
  const auto plan = client.send(out, r, "a");
  if (plan.sends_body && !content.empty()) {
    fuzz::require(client.begin_data(out, content.size()), "a body can be sent");
    out.append(content);
    out.append(client.behind_data());
  }
  fuzz::require(client.finish(out, &trailers), "a request can be finished");
  request back;
  std::string content_back;
  fields trailers_back;
  fuzz::require(first_request(out.view(), wide, back, content_back, trailers_back),
                "a server reads what a client says");
  fuzz::require(back.method == r.method && back.target == r.target && content_back == content,
                "a server reads what a client meant");
  fuzz::require(wire::field_lines(trailers_back) == wire::field_lines(trailers), "trailers too");
  fuzz::require(h1::wants_keep_alive(back.version, back.fields) == h1::wants_keep_alive(r.version, r.fields),
                "and whether the connection goes on");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::choices input(data, size);
  const wire::cutting cut{.every = 1 + input.below(9)}, once{.at = input.below(256)};
  const auto octets = input.rest();
  for (const auto end : {wire::ending::open, wire::ending::closed}) {
    const auto whole = wire::read_requests(octets, {}, end, bounds);
    fuzz::require(wire::read_requests(octets, cut, end, bounds) == whole, "one transcript, however it is cut");
    fuzz::require(wire::read_requests(octets, once, end, bounds) == whole, "one transcript, cut once");
    fuzz::require(!whole.ends_with("went on after a refusal\n"), "nothing is read behind a refusal");
  }
  say_it_again(octets);
  return 0;
}
