// tests/wire/cases.hpp -- octets and what they mean: the one table that every reader is held to.
//
// rows.hpp has the rows as they are easiest to read; here they become whole messages. A driver takes
// `requests()` or `responses()` and nothing else. Knows no test framework and no connection.
#pragma once

#include "rows.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace wire {

/// A request as a server receives it.
struct request_case {
  std::string says;    // a sentence about the case
  std::string octets;  // exactly one message, or one that is refused (what follows may be there, too)
  fault at = fault::none;
  int status = 0;  // of the refusal

  // What it means. Fields and trailers are `Name: value` lines, each ended by a line feed.
  std::string method = "GET", target = "/", version = "HTTP/1.1", fields, body, trailers;
  bool keep_alive = true;
};

/// A response as a client receives it that has sent a request of method `asked`.
struct response_case {
  std::string says;
  std::string asked = "GET";
  std::string octets;
  fault at = fault::none;  // a refusal has no status that matters

  int status = 200;
  std::string interim;  // `status` lines with their fields, of the 1xx in front
  std::string fields, body, trailers;
  bool keep_alive = true;
  bool until_close = false;  // only the close ends it
};

[[nodiscard]] inline std::vector<request_case> requests();
[[nodiscard]] inline std::vector<response_case> responses();

/// `text` for a message of a failing test: control octets as escapes.
[[nodiscard]] inline std::string visible(std::string_view text, std::size_t most = 400);

// ---------------------------------------------------------------------------------------------

inline std::string visible(std::string_view text, std::size_t most) {
  std::string shown;
  for (const char c : text.substr(0, most)) {
    const auto octet = static_cast<unsigned char>(c);
    if (c == '\r') shown += "\\r";
    else if (c == '\n') shown += "\\n";
    else if (octet >= 0x20 && octet < 0x7f) shown += c;
    else shown.append("\\x").append({"0123456789abcdef"[octet / 16], "0123456789abcdef"[octet % 16]});
  }
  if (text.size() > most) shown += "...";
  return shown;
}

inline std::vector<request_case> requests() {
  std::vector<request_case> all;
  for (const auto& row : request_lines) {
    request_case c;
    c.says = std::string("request line: ").append(row.says);
    c.octets = std::string(row.line).append("\r\nHost: a\r\n\r\n");
    c.at = row.status == 0 ? fault::none : fault::head;
    c.status = row.status;
    c.method = row.method;
    c.target = row.target;
    c.version = row.version;
    c.keep_alive = row.version == std::string_view("HTTP/1.1");
    c.fields = "Host: a\n";
    all.push_back(std::move(c));
  }
  for (const auto& row : field_rows) {
    request_case c;
    c.says = std::string("field line: ").append(row.says);
    c.octets = std::string("GET / HTTP/1.1\r\nHost: a\r\n").append(row.lines).append("\r\n\r\n");
    c.at = row.accepted ? fault::none : fault::head;
    c.status = row.accepted ? 0 : 400;
    c.fields = std::string("Host: a\n").append(row.meaning);
    all.push_back(std::move(c));
  }
  for (const auto& row : request_framings) {
    request_case c;
    c.says = std::string("framing: ").append(row.says);
    c.octets = std::string("POST / ").append(row.version).append("\r\n").append(row.lines).append("\r\n").append(row.behind);
    c.at = row.status == 0 ? fault::none : fault::head;
    c.status = row.status;
    c.method = "POST";
    c.version = row.version;
    c.fields = row.meaning;
    c.body = row.body;
    c.keep_alive = row.keep_alive;
    all.push_back(std::move(c));
  }
  for (const auto& row : chunked_bodies) {
    request_case c;
    c.says = std::string("chunked: ").append(row.says);
    c.octets = std::string("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n").append(row.wire);
    c.at = row.verdict == chunked::whole ? fault::none : row.verdict == chunked::cut ? fault::close : fault::body;
    c.status = row.verdict == chunked::whole ? 0 : row.verdict == chunked::broken_431 ? 431 : 400;
    c.method = "POST";
    c.fields = "Host: a\nTransfer-Encoding: chunked\n";
    c.body = row.body;
    c.trailers = row.trailers;
    all.push_back(std::move(c));
  }
  for (const auto& row : whole_requests) {
    request_case c;
    c.says = std::string("request: ").append(row.says);
    c.octets = row.wire;
    c.at = row.at;
    c.status = row.status;
    c.method = row.method;
    c.target = row.target;
    c.version = row.version;
    c.fields = row.fields;
    c.body = row.body;
    c.keep_alive = row.keep_alive;
    all.push_back(std::move(c));
  }
  return all;
}

inline std::vector<response_case> responses() {
  std::vector<response_case> all;
  for (const auto& row : status_lines) {
    response_case c;
    c.says = std::string("status line: ").append(row.says);
    c.octets = std::string(row.line).append("\r\nContent-Length: 0\r\n\r\n");
    c.at = row.status == 0 ? fault::head : fault::none;
    c.status = row.status;
    c.fields = "Content-Length: 0\n";
    c.keep_alive = row.keep_alive;
    all.push_back(std::move(c));
  }
  for (const auto& row : field_rows) {
    response_case c;
    c.says = std::string("field line: ").append(row.says);
    c.octets = std::string("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n").append(row.lines).append("\r\n\r\nhi");
    c.at = row.accepted ? fault::none : fault::head;
    c.fields = std::string("Content-Length: 2\n").append(row.meaning);
    c.body = "hi";
    all.push_back(std::move(c));
  }
  for (const auto& row : chunked_bodies) {
    response_case c;
    c.says = std::string("chunked: ").append(row.says);
    c.octets = std::string("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").append(row.wire);
    c.at = row.verdict == chunked::whole ? fault::none : row.verdict == chunked::cut ? fault::close : fault::body;
    c.fields = "Transfer-Encoding: chunked\n";
    c.body = row.body;
    c.trailers = row.trailers;
    all.push_back(std::move(c));
  }
  for (const auto& row : whole_responses) {
    response_case c;
    c.says = std::string("response: ").append(row.says);
    c.asked = row.asked;
    c.octets = row.wire;
    c.at = row.at;
    c.status = row.status;
    c.interim = row.interim;
    c.fields = row.fields;
    c.body = row.body;
    c.keep_alive = row.keep_alive;
    c.until_close = row.until_close;
    all.push_back(std::move(c));
  }
  return all;
}

}  // namespace wire
