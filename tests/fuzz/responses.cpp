// A response: one transcript however it is cut; and a server core can say it again.
#include "fuzz.hpp"

#include "wire/transcript.hpp"

#include <tinyhttp/h1/connection.hpp>

#include <string>
#include <string_view>

using namespace tinyhttp;

namespace {

const h1::limits bounds{.target = 64, .head = 512, .fields = 6, .trailer = 40, .chunk_extensions = 20, .empty_lines = 2};
const h1::limits wide{.head = 4096, .fields = 20};  // Connection may be added

struct read_response {
  response head;
  std::string content;
  fields trailers;
};

/// Reads the final response to `asked`; false when it is not complete.
bool final_response(const request& asked, std::string_view octets, const h1::limits& within, read_response& out) {
  h1::connection client(h1::side::client, within);
  buffer sent;
  (void)client.send(sent, asked, "a");
  (void)client.finish(sent, nullptr);
  client.receive(octets);
  client.peer_closed();
  for (;;) {
    const auto event = client.next_event(out.head);
    if (event.what == h1::wire_event::kind::failed) return false;
    if (event.what == h1::wire_event::kind::data) out.content += event.data;
    if (event.what != h1::wire_event::kind::end) continue;
    if (client.trailers() != nullptr) out.trailers = *client.trailers();
    return true;
  }
}

/// Sends what was read by a server core: a client core must read the same response.
void say_it_again(const request& asked, std::string_view octets) {
  read_response first, second;
  if (!final_response(asked, octets, bounds, first)) return;
  h1::connection server(h1::side::server, wide);
  request seen;
  buffer question, out;
  h1::connection client(h1::side::client, wide);
  (void)client.send(question, asked, "a");
  (void)client.finish(question, nullptr);
  server.receive(question.view());
  fuzz::require(server.next_event(seen).what == h1::wire_event::kind::head, "the question is a request");
  fuzz::require(server.next_event(seen).what == h1::wire_event::kind::end, "and complete");

  response& r = first.head;
  r.body = r.fields.contains("Transfer-Encoding") ? stream_body([] { return std::string(); })
                                                  : body(first.content);
  const auto plan = server.send(out, r, {});
  const bool may = plan.sends_body && !first.content.empty();
  if (may) {
    fuzz::require(server.begin_data(out, first.content.size()), "a body can be sent");
    out.append(first.content);
    out.append(server.behind_data());
  }
  fuzz::require(server.finish(out, &first.trailers), "a response can be finished");
  fuzz::require(final_response(asked, out.view(), wide, second), "a client reads what a server says");
  fuzz::require(second.head.status == r.status, "the status that was meant");
  fuzz::require(second.content == (may ? first.content : std::string()), "the content that was meant");
  if (plan.body.by == h1::framing::rule::chunked)
    fuzz::require(wire::field_lines(second.trailers) == wire::field_lines(first.trailers), "trailers too");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::choices input(data, size);
  const request questions[] = {{method::get, "/"}, {method::head, "/"}, {method::connect, "a:1"},
                               {method::get, "/", {{"Upgrade", "x"}}}};
  const auto& asked = questions[input.below(4)];
  const wire::cutting cut{.every = 1 + input.below(9)}, once{.at = input.below(256)};
  const auto octets = input.rest();
  for (const auto end : {wire::ending::open, wire::ending::closed}) {
    const auto whole = wire::read_response(asked, octets, {}, end, bounds);
    fuzz::require(wire::read_response(asked, octets, cut, end, bounds) == whole, "one transcript, however it is cut");
    fuzz::require(wire::read_response(asked, octets, once, end, bounds) == whole, "one transcript, cut once");
    fuzz::require(!whole.ends_with("went on after a refusal\n"), "nothing is read behind a refusal");
  }
  say_it_again(asked, octets);
  return 0;
}
