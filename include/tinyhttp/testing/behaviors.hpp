// tinyhttp/testing/behaviors.hpp -- the vocabulary: serve, reply, cut, reset, hold, and the lies.
//
// Each returns a value (behavior.hpp); nothing happens here. Numbers without a meaning throw `bad_result`.
#pragma once

#include <tinyhttp/client/credentials.hpp>
#include <tinyhttp/core/ascii.hpp>
#include <tinyhttp/core/chrono.hpp>
#include <tinyhttp/core/result.hpp>
#include <tinyhttp/core/shared.hpp>
#include <tinyhttp/http/body.hpp>
#include <tinyhttp/testing/behavior.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace tinyhttp::testing {

// --- what is answered ---

/// Serves what is at the path: its file or its mount, with ranges and conditional requests; else 404.
[[nodiscard]] inline behavior serve();
/// Answers with a status and a body; without a body, a line that names the status.
[[nodiscard]] inline behavior reply(int code, std::optional<std::string> body = std::nullopt,
                                    std::string_view media_type = "text/plain; charset=utf-8");
/// Answers with any response. A stream body is pulled now and sent whole each time; throws `bad_result` if pulling
/// fails, waits for a loop, or gives more than 64 MiB.
[[nodiscard]] inline behavior reply(response answer);
/// Redirects to `location`.
[[nodiscard]] inline behavior redirect(std::string location, int code = 302);
/// Sends exactly these octets, then ends the connection. All of them count for `after{n}`.
[[nodiscard]] inline behavior raw(std::string octets);
/// Answers a request for a range with the whole file and 200.
[[nodiscard]] inline behavior ignore_range();
/// Replaces the path's file by `other` from this request on, with `etag`; if that is empty, with a tag made for it.
[[nodiscard]] inline behavior swap_content(content other, std::string etag = {});
/// The same in the middle of this response: the rest of it comes from `other`.
[[nodiscard]] inline behavior swap_content(content other, std::string etag, position at);
/// Answers 401 with a challenge, unless the request has these credentials.
[[nodiscard]] inline behavior basic_auth(std::string_view user, std::string_view password);
/// `fault` with that probability, else `serve`. The draw depends only on the seed, the rule's matcher and
/// how many requests met it before. TINYHTTP_TEST_SEED, such as 0x5eed, replaces every seed. The journal
/// says which draws failed, with the call that repeats them.
[[nodiscard]] inline behavior flaky(double probability, std::uint64_t seed, behavior fault);
[[nodiscard]] inline behavior flaky(double probability, std::uint64_t seed);

// --- how it goes on the wire ---

/// Ends our sending side exactly there: the client reads that many octets and then an end. Reads on, and
/// discards, until the client has closed too, so that nothing is reset by accident.
[[nodiscard]] inline behavior cut(position at);
/// Resets the connection there, once the client's kernel has acknowledged every earlier octet.
[[nodiscard]] inline behavior reset(position at);
/// Like `cut`, but with TLS only the socket is closed: without a close_notify, as when an attacker ends
/// the connection (RFC 8446 6.1).
[[nodiscard]] inline behavior truncate(position at);
/// With TLS, sends a record there that was not made with the connection's keys, and then ends the connection.
[[nodiscard]] inline behavior bad_record(position at);
/// Sends nothing more from there on, until the client leaves.
[[nodiscard]] inline behavior stall(position at);
/// Waits there until the gate opens, the client leaves or the server ends.
[[nodiscard]] inline behavior hold(position at, gate until);
/// Waits at the gate after each `octets` of the body.
[[nodiscard]] inline behavior step(std::uint64_t octets, gate each);
/// Waits there for a time. For watching, and for tests of timeouts; otherwise prefer `hold`.
[[nodiscard]] inline behavior pause(position at, std::chrono::nanoseconds time);
/// Sends at most `octets` of the body in each `time`.
[[nodiscard]] inline behavior throttle(std::uint64_t octets, std::chrono::nanoseconds time = std::chrono::seconds(1));
/// Flips the lowest bit of the octet at this position of the file.
[[nodiscard]] inline behavior flip_bit(std::uint64_t file_offset);
[[nodiscard]] inline behavior flip_bit(position at);
/// Sends head and body in writes of this many octets.
[[nodiscard]] inline behavior tiny_writes(std::size_t octets = 1);

/// Answers once this many octets of the request's body have been read, whatever is still to come, and then ends the
/// connection. 0: in place of the `100 Continue` that a client may wait for (RFC 9110 10.1.1).
[[nodiscard]] inline behavior early(std::uint64_t octets = 0);

// --- framing, true and false ---

/// Sends the body in chunks of this size.
[[nodiscard]] inline behavior chunked(std::size_t octets, chunk_fault broken = chunk_fault::none);
/// Adds a trailer field. The body is chunked for that (RFC 9112 7.1.2); `chunked` sets the sizes. HEAD gets none.
[[nodiscard]] inline behavior trailer(std::string name, std::string value);
/// Sends a Content-Length of `octets`, whatever the body has; then ends the connection.
[[nodiscard]] inline behavior length(std::uint64_t octets);
/// The same with any text as the length: `-1`, `99999999999999999999`, `5, 5`.
[[nodiscard]] inline behavior length_text(std::string text);
/// Adds a second Content-Length after the true one.
[[nodiscard]] inline behavior double_length(std::uint64_t octets);
/// Sends no length: only the end of the connection ends the body.
[[nodiscard]] inline behavior no_length();
/// Sends octets after the body, and then ends the connection.
[[nodiscard]] inline behavior extra(std::string octets);
/// Sends `count` informational responses first.
[[nodiscard]] inline behavior noise(int code = 103, int count = 3);
/// Sends another first line: `HTP/1.1 200 OK`.
[[nodiscard]] inline behavior status_line(std::string line);
/// Ends the lines of the head with LF alone.
[[nodiscard]] inline behavior bare_lf();
/// Adds a field line.
[[nodiscard]] inline behavior add_header(std::string name, std::string value);
/// Ends the connection after this response, and says so with `Connection: close`.
[[nodiscard]] inline behavior close_after();

// ---------------------------------------------------------------------------------------------

namespace detail {

[[nodiscard]] inline std::string text_of(position at) {
  switch (at.in) {
    case position::kind::head: return at.octets == 0 ? "before the head" : "in the head at " + ascii::to_decimal(at.octets);
    case position::kind::body: return "after " + ascii::to_decimal(at.octets);
    case position::kind::file: return "at offset " + ascii::to_decimal(at.octets);
    case position::kind::request: return "in the request at " + ascii::to_decimal(at.octets);
  }
  return {};
}

[[nodiscard]] inline behavior on_wire(std::string name, wire_event event) {
  act one{.name = std::move(name)};
  one.events.push_back(std::move(event));
  return behavior(std::move(one));
}

[[nodiscard]] inline behavior edited(std::string name, head_edit edit, bool closes) {
  act one{.name = std::move(name)};
  one.edits.push_back(std::move(edit));
  one.closes = closes;
  return behavior(std::move(one));
}

/// A stream gives its octets only once, but a behaviour is used again and again.
inline void pull_now(body& from) {
  if (from.stream() == nullptr) return;
  auto reading = from.read_all(most_pulled);
  if (!reading.try_start()) throw bad_result(error(error_kind::invalid_argument, "reply: the body waits for a loop"));
  (void)reading.take().value();
}

/// For behaviours on octets that we send.
inline void check_response(position at, const char* what) {
  if (at.in != position::kind::request) return;
  throw bad_result(error(error_kind::invalid_argument, std::string(what) + ": in_request{n} is no place of a response"));
}

/// For a number of octets which, if 0, would never end or never happen.
inline void check_some(std::uint64_t octets, const char* what) {
  if (octets == 0) throw bad_result(error(error_kind::invalid_argument, std::string(what) + ": 0 octets at a time"));
}

}  // namespace detail

inline behavior serve() { return behavior(act{.chosen = true, .name = "serve"}); }

inline behavior reply(response answer) {
  if (answer.status.is_informational() && answer.status != status::switching_protocols)
    throw bad_result(error(error_kind::invalid_argument, "reply: a 1xx is no last answer; noise() sends one in front"));
  detail::pull_now(answer.body);
  const auto code = static_cast<std::uint64_t>(answer.status.code());
  return behavior(act{.what = act::kind::reply,
                      .chosen = true,
                      .name = "reply " + ascii::to_decimal(code),
                      .answer = std::move(answer)});
}
inline behavior reply(int code, std::optional<std::string> body, std::string_view media_type) {
  return reply(body ? tinyhttp::content(tinyhttp::body(std::move(*body)), media_type, status(code))
                    : problem(status(code)));
}
inline behavior redirect(std::string location, int code) {
  auto made = reply(tinyhttp::redirect(location, status(code)));
  return made;
}
inline behavior raw(std::string octets) {
  return behavior(act{.what = act::kind::raw, .chosen = true, .name = "raw", .octets = std::move(octets), .closes = true});
}
inline behavior ignore_range() {
  return behavior(act{.name = "ignore range", .ignores_range = true});
}
inline behavior swap_content(content other, std::string etag) {
  return behavior(act{.what = act::kind::swap,
                      .chosen = true,
                      .name = "swap content",
                      .replacement = std::move(other),
                      .replacement_etag = std::move(etag)});
}
inline behavior swap_content(content other, std::string etag, position at) {
  detail::check_response(at, "swap_content");
  return behavior(act{.what = act::kind::swap,
                      .chosen = true,
                      .name = "swap content " + detail::text_of(at),
                      .replacement = std::move(other),
                      .replacement_etag = std::move(etag),
                      .replaced_at = at});
}
inline behavior basic_auth(std::string_view user, std::string_view password) {
  return behavior(act{.name = "basic auth",
                      .credentials = basic_credentials(std::string(user).append(":").append(password))});
}
inline behavior flaky(double probability, std::uint64_t seed, behavior fault) {
  if (!(probability >= 0 && probability <= 1)) throw bad_result(error(error_kind::invalid_argument, "flaky: a probability is from 0 to 1"));
  if (fault.acts().size() > 1)
    throw bad_result(error(error_kind::invalid_argument, "flaky: the fault is one answer, not a script: " + fault.name()));
  if (const char* other = std::getenv("TINYHTTP_TEST_SEED")) seed = std::strtoull(other, nullptr, 0);
  char shown[32];
  std::snprintf(shown, sizeof shown, "%.15g, 0x", probability);
  std::string name = std::string("flaky(") + shown;
  ascii::append_hex(name, seed);
  return behavior(act{.what = act::kind::flaky,
                      .chosen = true,
                      .name = name + ")",
                      .probability = probability,
                      .seed = seed,
                      .fault = shared<const behavior>(new behavior(std::move(fault)))});
}
inline behavior flaky(double probability, std::uint64_t seed) {
  return flaky(probability, seed, reset(before_head));
}

inline behavior cut(position at) {
  return detail::on_wire("cut " + detail::text_of(at), {wire_event::kind::cut, at});
}
inline behavior reset(position at) {
  return detail::on_wire("reset " + detail::text_of(at), {wire_event::kind::reset, at});
}
inline behavior truncate(position at) {
  return detail::on_wire("truncate " + detail::text_of(at), {wire_event::kind::truncate, at});
}
inline behavior bad_record(position at) {
  return detail::on_wire("bad record " + detail::text_of(at), {wire_event::kind::bad_record, at});
}
inline behavior stall(position at) {
  return detail::on_wire("stall " + detail::text_of(at), {wire_event::kind::stall, at});
}
inline behavior hold(position at, gate until) {
  return detail::on_wire("hold " + detail::text_of(at), {wire_event::kind::hold, at, std::move(until)});
}
inline behavior pause(position at, std::chrono::nanoseconds time) {
  return detail::on_wire("pause " + detail::text_of(at), {wire_event::kind::pause, at, {}, time});
}
inline behavior step(std::uint64_t octets, gate each) {
  detail::check_some(octets, "step");
  return behavior(act{.name = "step " + ascii::to_decimal(octets), .slice = octets, .slice_gate = std::move(each)});
}
inline behavior throttle(std::uint64_t octets, std::chrono::nanoseconds time) {
  detail::check_some(octets, "throttle");
  return behavior(act{.name = "throttle", .throttle_octets = octets, .throttle_time = time});
}
inline behavior flip_bit(position at) {
  detail::check_response(at, "flip_bit");
  act one{.name = "flip bit " + detail::text_of(at)};
  one.flips.push_back(at);
  return behavior(std::move(one));
}
inline behavior flip_bit(std::uint64_t file_offset) { return flip_bit(position(offset{file_offset})); }
inline behavior tiny_writes(std::size_t octets) {
  detail::check_some(octets, "tiny_writes");
  return behavior(act{.name = "tiny writes", .piece = octets});
}

inline behavior early(std::uint64_t octets) {
  act one{.name = "early " + detail::text_of(in_request{octets})};
  one.events.push_back({wire_event::kind::answer, in_request{octets}});
  one.edits.push_back({head_edit::kind::set, "Connection", "close"});
  one.closes = true;
  return behavior(std::move(one));
}

inline behavior chunked(std::size_t octets, chunk_fault broken) {
  detail::check_some(octets, "chunked");
  return behavior(act{.name = broken == chunk_fault::none ? "chunked" : "broken chunks",
                      .chunk = octets,
                      .broken = broken,
                      .closes = broken != chunk_fault::none});
}
inline behavior trailer(std::string name, std::string value) {
  return behavior(act{.name = "trailer " + name, .trailers = name + ": " + value + "\r\n"});
}
inline behavior length_text(std::string text) {
  return detail::edited("length " + text, {head_edit::kind::set, "Content-Length", text}, true);
}
inline behavior length(std::uint64_t octets) { return length_text(ascii::to_decimal(octets)); }
inline behavior double_length(std::uint64_t octets) {
  return detail::edited("second length " + ascii::to_decimal(octets),
                        {head_edit::kind::add, "Content-Length", ascii::to_decimal(octets)}, true);
}
inline behavior no_length() {
  return detail::edited("no length", {head_edit::kind::remove, "Content-Length", {}}, true);
}
inline behavior extra(std::string octets) {
  return behavior(act{.name = "extra octets", .behind = std::move(octets), .closes = true});
}
inline behavior noise(int code, int count) {
  std::string all;
  for (int i = 0; i < count; ++i)
    all.append("HTTP/1.1 ").append(ascii::to_decimal(static_cast<std::uint64_t>(code))).append(" Noise\r\n\r\n");
  return behavior(act{.name = "noise", .in_front = std::move(all)});
}
inline behavior status_line(std::string line) {
  return detail::edited("status line", {head_edit::kind::status_line, {}, std::move(line)}, true);
}
inline behavior bare_lf() { return detail::edited("bare LF", {head_edit::kind::bare_lf}, false); }
inline behavior add_header(std::string name, std::string value) {
  std::string label = "header " + name;
  return detail::edited(std::move(label), {head_edit::kind::add, std::move(name), std::move(value)}, false);
}
inline behavior close_after() {
  act one{.name = "close"};
  one.edits.push_back({head_edit::kind::set, "Connection", "close"});
  one.closes = true;
  return behavior(std::move(one));
}

}  // namespace tinyhttp::testing
