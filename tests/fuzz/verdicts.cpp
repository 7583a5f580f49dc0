// What our cores make of octets, for programs that compare us with others.
//
//   verdicts            prints the wire table: ROLE TAB ASKED TAB OCTETS TAB SAYS, octets in hexadecimal
//   verdicts -          reads lines of ROLE TAB ASKED TAB OCTETS, prints a verdict for each:
//                       "read METHOD TARGET BODY" or "read STATUS BODY" (body in hexadecimal),
//                       "refused WHY", or "incomplete", of the first message, followed by a close
#include "wire/meaning.hpp"

#include <tinyhttp/h1/connection.hpp>

#include <cstdio>
#include <string>
#include <string_view>

using namespace tinyhttp;

namespace {

std::string hex(std::string_view octets) {
  std::string text;
  for (const char c : octets) {
    const auto octet = static_cast<unsigned char>(c);
    text.append({"0123456789abcdef"[octet / 16], "0123456789abcdef"[octet % 16]});
  }
  return text;
}

std::string unhex(std::string_view text) {
  std::string octets;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2)
    octets += static_cast<char>(ascii::hex_value(text[i]) * 16 + ascii::hex_value(text[i + 1]));
  return octets;
}

template <class Message, class Start>
std::string verdict(h1::connection& wire, std::string_view octets, Start start) {
  Message seen;
  wire.receive(octets);
  wire.peer_closed();
  std::string head, content;
  for (;;) {
    const auto event = wire.next_event(seen);
    if (event.what == h1::wire_event::kind::failed) {
      const std::string_view why = wire.failure().why;
      return why.find("connection closed") == why.npos ? std::string("refused ").append(why) : "incomplete";
    }
    if (event.what == h1::wire_event::kind::closed) return "incomplete";
    if (event.what == h1::wire_event::kind::head) head = start(seen);
    if (event.what == h1::wire_event::kind::data) content += event.data;
    if (event.what == h1::wire_event::kind::end) return "read " + head + " " + hex(content);
  }
}

std::string verdict(std::string_view role, std::string_view asked, std::string_view octets) {
  const h1::limits bounds;
  if (role == "request") {
    h1::connection wire(h1::side::server, bounds);
    return verdict<request>(wire, octets, [](const request& r) {
      return std::string(r.method.name()) + " " + std::string(r.target.text());
    });
  }
  h1::connection wire(h1::side::client, bounds);
  buffer out;
  const method m(asked);
  (void)wire.send(out, request(m, m == method::connect ? "a:1" : "/"), "a");
  (void)wire.finish(out, nullptr);
  return verdict<response>(wire, octets, [](const response& r) { return wire::status_text(r.status.code()); });
}

}  // namespace

int main(int argc, char**) {
  if (argc == 1) {
    for (const auto& c : wire::requests()) std::printf("request\tGET\t%s\t%s\n", hex(c.octets).c_str(), c.says.c_str());
    for (const auto& c : wire::responses())
      std::printf("response\t%s\t%s\t%s\n", c.asked.c_str(), hex(c.octets).c_str(), c.says.c_str());
    return 0;
  }
  std::string line;
  for (int c; (c = std::getchar()) != EOF;) {
    if (c != '\n') {
      line += static_cast<char>(c);
      continue;
    }
    const auto first = line.find('\t'), second = line.find('\t', first + 1);
    const std::string_view text = line;
    std::printf("%s\n", verdict(text.substr(0, first), text.substr(first + 1, second - first - 1),
                                unhex(text.substr(second + 1))).c_str());
    line.clear();
  }
}
