// tinyhttp/testing/exchange.hpp -- one request and its outcome, as the journal keeps it.
//
// A value: a copy is a snapshot. Knows no server.
#pragma once

#include <tinyhttp/core/ascii.hpp>
#include <tinyhttp/core/bounds.hpp>
#include <tinyhttp/core/clock.hpp>
#include <tinyhttp/http/fields.hpp>
#include <tinyhttp/testing/units.hpp>

#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

namespace tinyhttp::testing {

/// How an exchange ended.
enum class ending : std::uint8_t {
  running,      // not yet
  kept,         // complete, and the connection stays open
  fin,          // we ended the connection
  reset,        // we reset it
  client_left,  // the client closed or reset it before it had everything
  stopped,      // the server was stopped
};

/// A request as it was received, the answer, and its outcome.
struct exchange {
  std::size_t number = 0;         // in the journal, counted from 1
  std::size_t connection = 0;     // counted from 1
  std::size_t on_connection = 0;  // number of the exchange on its connection, from 1
  std::size_t queued = 0;         // octets of later requests that had already arrived (pipelining)

  std::string raw_head;  // to the last octet, in the client's order and case
  std::string method;
  std::string target;
  tinyhttp::fields fields;
  std::string body;             // its first MiB, or as much as `fake_server_options::body` says
  std::uint64_t body_size = 0;  // all octets of it that were read
  bool whole_body = false;      // whether that was the whole body
  std::string failure;          // why the octets are not a valid request; empty: they are

  std::string server_name;     // TLS: the host that the client named (SNI); empty: none
  std::string client_subject;  // TLS: the subject of the client's certificate, `CN=ada`; empty: none presented

  source_line rule;       // where the rule that answered was written
  std::size_t ordinal = 0;  // number of the request among those that met this rule, from 1
  std::string fired;      // what the rule did: `cut after 500000`
  bool matched = false;   // a rule, a file or a mount has answered
  std::string thrown;     // what a lambda threw, or why the answer's body could not be read

  int status = 0;
  std::uint64_t planned = 0;  // octets of body that the head announced or the content has
  std::uint64_t handed = 0;   // of these, given to the kernel
  std::uint64_t acked = 0;    // of these, acknowledged by the client's kernel
  ending end = ending::running;
  std::string note;  // what did not go as the rule says

  time_point began{};  // when the head was complete
  time_point ended{};

  /// The value of the first field of that name; empty when there is none.
  [[nodiscard]] std::string_view header(std::string_view name) const noexcept { return fields[name]; }
  /// The target from its path on: `/x?y` for `http://host/x?y`, the form that proxies receive (RFC 9112 3.2.2).
  [[nodiscard]] std::string_view path_and_query() const noexcept;
  /// The same without its query.
  [[nodiscard]] std::string_view path() const noexcept {
    const std::string_view from = path_and_query();
    return from.substr(0, from.find('?'));
  }
  [[nodiscard]] bool over() const noexcept { return end != ending::running; }
  /// Whether this is not a request but a failed TLS handshake.
  [[nodiscard]] bool no_handshake() const noexcept { return failure.starts_with("TLS handshake: "); }

  /// The line in the journal: ` #1 c1.1 GET /fw.img  Range: bytes=5-   206  5/5 acked  cut after 5   FIN`
  [[nodiscard]] std::string line() const;
  /// One JSON object, without a line end. If `body_octets` is not 0, it includes up to that much of the request's body.
  /// Octets that are not ASCII are written as if they were Latin-1.
  [[nodiscard]] std::string json(std::uint64_t body_octets = 0) const;
};

/// The request fields that matter for a download; `line` shows them.
inline constexpr std::string_view telling_fields[] = {"Range",         "If-Range",          "If-None-Match",
                                                      "If-Match",      "If-Modified-Since", "Authorization",
                                                      "Expect"};

/// The word for an ending in the journal.
[[nodiscard]] inline std::string_view name_of(ending e) noexcept;

/// The whole journal: `journal (2 exchanges, 2 connections)` and a line for each exchange.
[[nodiscard]] inline std::string to_text(const std::vector<exchange>& journal);

// ---------------------------------------------------------------------------------------------

inline std::string_view exchange::path_and_query() const noexcept {
  const std::string_view all = target;
  const auto host = all.find("://");
  if (all.starts_with('/') || host == all.npos || host > all.find('?')) return all;
  const auto from = all.find_first_of("/?", host + 3);
  return from == all.npos ? "/" : all.substr(from);
}

inline std::string_view name_of(ending e) noexcept {
  switch (e) {
    case ending::running: return "running";
    case ending::kept: return "kept";
    case ending::fin: return "FIN";
    case ending::reset: return "RST";
    case ending::client_left: return "client left";
    case ending::stopped: return "stopped";
  }
  return "";
}

namespace detail {

/// A JSON string in quotes; octets that are not printable ASCII are escaped as if they were Latin-1.
[[nodiscard]] inline std::string json_text(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto octet = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out.append({'\\', c});
    } else if (octet < 0x20 || octet > 0x7e) {
      ascii::append_hex_octet(out.append("\\u00"), c);
    } else {
      out.push_back(c);
    }
  }
  return out.append("\"");
}

}  // namespace detail

inline std::string exchange::line() const {
  std::string out = " #" + ascii::to_decimal(number) + " c" + ascii::to_decimal(connection) + "." +
                    ascii::to_decimal(on_connection) + " ";
  out += failure.empty() ? method + " " + target : no_handshake() ? failure : "not a request: " + failure;
  if (!server_name.empty()) out += "  to " + server_name;
  if (!client_subject.empty()) out += "  from " + client_subject;
  for (const auto name : telling_fields)
    if (const auto value = fields.get(name)) out.append("  ").append(name).append(": ").append(*value);
  if (status != 0) out += "  " + ascii::to_decimal(static_cast<std::uint64_t>(status));
  out += "  " + ascii::to_decimal(acked) + "/" + ascii::to_decimal(planned) + " acked";
  if (handed != acked) out += " (" + ascii::to_decimal(handed) + " handed to the kernel)";
  if (!fired.empty()) out += "  " + fired;
  out.append("  ").append(name_of(end));
  if (!note.empty()) out += "  " + note;
  if (!thrown.empty()) out += "  threw: " + thrown;
  if (!thrown.empty() && rule.line > 0) out += "      (the rule at " + rule.text() + ")";
  return out;
}

inline std::string exchange::json(std::uint64_t body_octets) const {
  using ascii::to_decimal;
  using detail::json_text;
  std::string out = "{";
  const auto add = [&out](std::string_view name, const std::string& value) {
    if (out.size() > 1) out += ",";
    out.append("\"").append(name).append("\":").append(value);
  };
  add("number", to_decimal(number));
  add("connection", to_decimal(connection));
  add("exchange", to_decimal(on_connection));
  add("queued", to_decimal(queued));
  add("method", json_text(method));
  add("target", json_text(target));
  std::string lines = "[";
  for (const auto [name, value] : fields) {
    if (lines.size() > 1) lines += ",";
    lines += "[" + json_text(name) + "," + json_text(value) + "]";
  }
  add("fields", lines + "]");
  add("body_size", to_decimal(body_size));
  if (body_octets > 0) add("body", json_text(std::string_view(body).substr(0, at_most(body_octets, body.size()))));
  if (!failure.empty()) add("failure", json_text(failure));
  if (!server_name.empty()) add("server_name", json_text(server_name));
  if (!client_subject.empty()) add("client_subject", json_text(client_subject));
  add("rule", rule.line > 0 ? json_text(rule.text()) : "null");
  add("fired", json_text(fired));
  add("status", to_decimal(static_cast<std::uint64_t>(status)));
  add("planned", to_decimal(planned));
  add("handed", to_decimal(handed));
  add("acked", to_decimal(acked));
  add("end", json_text(name_of(end)));
  if (!note.empty()) add("note", json_text(note));
  if (!thrown.empty()) add("thrown", json_text(thrown));
  if (over())
    add("microseconds", to_decimal(static_cast<std::uint64_t>(
                            std::chrono::duration_cast<std::chrono::microseconds>(ended - began).count())));
  return out + "}";
}

inline std::string to_text(const std::vector<exchange>& journal) {
  std::size_t connections = 0;
  for (const auto& each : journal)
    if (each.connection > connections) connections = each.connection;
  const auto counted = [](std::size_t n, const char* what) {
    return ascii::to_decimal(n) + " " + what + (n == 1 ? "" : "s");
  };
  std::string out = "journal (" + counted(journal.size(), "exchange") + ", " +
                    counted(connections, "connection");
  if (!journal.empty() && journal.front().number > 1)
    out += ", older ones before #" + ascii::to_decimal(journal.front().number) + " forgotten";
  out += ")\n";
  for (const auto& each : journal) out += each.line() + "\n";
  return out;
}

template <class Traits>
std::basic_ostream<char, Traits>& operator<<(std::basic_ostream<char, Traits>& out, const exchange& x) {
  return out << x.line();
}

}  // namespace tinyhttp::testing
