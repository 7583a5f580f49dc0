// The wire table against the writer: what was read can be said again, and means the same.
#include "meaning.hpp"

#include "catch.hpp"

#include <cstddef>
#include <string>

using namespace tinyhttp;
using namespace wire;
using kind = h1::wire_event::kind;

namespace {

const h1::limits defaults;

template <class Message>
struct read_message {
  Message head;
  std::string content;
  fields trailers;
  bool chunked = false;
};

/// Reads the message that `c` has received, to its end.
template <class Message>
read_message<Message> read_one(h1::connection& c) {
  read_message<Message> m;
  for (;;) {
    const auto event = c.next_event(m.head);
    REQUIRE(event.what != kind::failed);
    REQUIRE(event.what != kind::need_more);
    if (event.what == kind::data) m.content += event.data;
    if (event.what != kind::end) continue;
    if (c.trailers() != nullptr) m.trailers = *c.trailers();
    m.chunked = c.incoming().by == h1::framing::rule::chunked;
    m.head.body = m.chunked ? stream_body([] { return std::string(); }) : body(m.content);
    return m;
  }
}

/// Writes `m` by `c`.
template <class Message>
std::string write_one(h1::connection& c, const read_message<Message>& m) {
  buffer out;
  const auto plan = c.send(out, m.head, "");
  if (plan.sends_body && !m.content.empty()) {
    REQUIRE(c.begin_data(out, m.content.size()));
    out.append(m.content);
    out.append(c.behind_data());
  }
  REQUIRE(c.finish(out, &m.trailers));
  return std::string(out.view());
}

/// The fields but for those that the writer decides on.
std::string lasting_lines(fields f) {
  for (const auto* name : {"Connection", "Content-Length", "Transfer-Encoding", "Proxy-Connection", "Host"})
    f.remove(name);
  return field_lines(f);
}

}  // namespace

TEST_CASE("every request of the wire table can be written again and means the same", "[wire][h1][writer]") {
  for (const auto& c : requests()) {
    if (c.at != fault::none) continue;
    INFO(c.says << "\n" << visible(c.octets));
    h1::connection first(h1::side::server, defaults), again(h1::side::server, defaults);
    h1::connection client(h1::side::client, defaults);
    first.receive(c.octets);
    const auto meant = read_one<request>(first);
    again.receive(write_one(client, meant));
    const auto back = read_one<request>(again);
    CHECK(again.unread().empty());
    CHECK(back.head.method == meant.head.method);
    CHECK(back.head.target == meant.head.target);
    CHECK(back.head.version == meant.head.version);
    CHECK(back.head.fields["Host"] == meant.head.fields["Host"]);
    CHECK(lasting_lines(back.head.fields) == lasting_lines(meant.head.fields));
    CHECK(back.content == c.body);
    CHECK(field_lines(back.trailers) == c.trailers);
    CHECK(again.reusable() == c.keep_alive);
  }
}

TEST_CASE("every response of the wire table can be written again and means the same", "[wire][h1][writer]") {
  for (const auto& c : responses()) {
    if (c.at != fault::none) continue;
    INFO(c.says << "\n" << visible(c.octets));
    const auto asked = question_of(c);
    h1::connection first(h1::side::client, defaults), again(h1::side::client, defaults);
    h1::connection server(h1::side::server, defaults);
    buffer question;
    for (auto* client : {&first, &again}) {
      question.clear();
      (void)client->send(question, asked, "a");
      REQUIRE(client->finish(question, nullptr));
    }
    first.receive(c.octets);
    if (c.until_close) first.peer_closed();
    const auto meant = read_one<response>(first);
    server.receive(question.view());
    (void)read_one<request>(server);
    again.receive(write_one(server, meant));
    const auto back = read_one<response>(again);
    CHECK(again.unread().empty());
    CHECK(back.head.status == meant.head.status);
    CHECK(lasting_lines(back.head.fields) == lasting_lines(meant.head.fields));
    CHECK(back.content == c.body);
    if (meant.chunked) CHECK(field_lines(back.trailers) == c.trailers);
  }
}
