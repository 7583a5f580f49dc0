// tinyhttp/testing/torture_cases.hpp -- the catalogue of what can go wrong with a download, by name.
//
// Each entry prepares a server, and says what a good downloader does with it. Runs nothing.
#pragma once

#include <tinyhttp/core/chrono.hpp>
#include <tinyhttp/testing/fake_server.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tinyhttp::testing {

/// What a downloader must do; octets other than the file's are never right.
enum class expected : std::uint8_t {
  content,  // have the content: there is nothing wrong
  either,   // have it, or say that it has not
};

/// What is served, and what a good client does with it.
struct torture_case {
  std::string_view name;
  expected good;
  void (*prepare)(fake_server&);
};

/// What `/file` has in each case, and what it becomes if a case swaps it.
struct torture_file {
  static constexpr std::size_t size = 200'000;  // octets: several segments, one window
  [[nodiscard]] static content first() { return pattern(size, 7); }
  [[nodiscard]] static content second() { return pattern(size, 8); }
};

/// All cases, in the order in which they run.
[[nodiscard]] inline const std::vector<torture_case>& torture_cases();

// ---------------------------------------------------------------------------------------------

namespace detail {

inline void torture(fake_server& s, behavior b) { s.on("/file", std::move(b)); }

[[nodiscard]] inline std::string ok_head(std::string_view lines) {
  return std::string("HTTP/1.1 200 OK\r\n").append(lines).append("\r\n");
}

using srv = fake_server;
inline constexpr auto needed = expected::content;
inline constexpr auto either = expected::either;

// Lines that end early.
inline void add_cut_cases(std::vector<torture_case>& to) {
  const torture_case all[] = {
      {"healthy", needed, [](srv&) {}},
      {"closed before the head, once", either, [](srv& s) { torture(s, cut(before_head).times(1)); }},
      {"closed before the head, always", either, [](srv& s) { torture(s, cut(before_head)); }},
      {"reset before the head, once", either, [](srv& s) { torture(s, reset(before_head).times(1)); }},
      {"reset before the head, always", either, [](srv& s) { torture(s, reset(before_head)); }},
      {"cut in the status line", either, [](srv& s) { torture(s, cut(in_head{7})); }},
      {"cut in a field line", either, [](srv& s) { torture(s, cut(in_head{60})); }},
      {"reset in a field line", either, [](srv& s) { torture(s, reset(in_head{60})); }},
      {"cut behind the head", either, [](srv& s) { torture(s, cut(after{0})); }},
      {"cut after 1 octet", either, [](srv& s) { torture(s, cut(after{1}) | ignore_range()); }},
      {"cut in the middle, once", either, [](srv& s) { torture(s, cut(after{100'000}).times(1)); }},
      {"cut in the middle, always", either, [](srv& s) { torture(s, cut(after{100'000}) | ignore_range()); }},
      {"cut one octet early", either, [](srv& s) { torture(s, cut(after{torture_file::size - 1}) | ignore_range()); }},
      {"cut at a place of the file", either, [](srv& s) { torture(s, cut(offset{65'536})); }},
      {"reset in the middle, once", either, [](srv& s) { torture(s, reset(after{100'000}).times(1)); }},
      {"reset in the middle, always", either, [](srv& s) { torture(s, reset(after{100'000}) | ignore_range()); }},
      {"reset one octet early", either, [](srv& s) { torture(s, reset(after{torture_file::size - 1}) | ignore_range()); }},
      {"reset at the end", either, [](srv& s) { torture(s, reset(after{torture_file::size}) | ignore_range()); }},
      {"hung up on at once, once", either, [](srv& s) { s.hang_up(1); }},
      {"refused", either, [](srv& s) { s.refuse(); }},
      {"stale connection: closed behind each answer", needed, [](srv& s) { torture(s, close_after()); }},
      {"flaky", either, [](srv& s) { torture(s, flaky(0.5, 0x5eed, reset(after{50'000}))); }},
  };
  to.insert(to.end(), std::begin(all), std::end(all));
}

// Lies about where a message ends.
inline void add_framing_cases(std::vector<torture_case>& to) {
  const torture_case all[] = {
      {"length one too large", either, [](srv& s) { torture(s, length(torture_file::size + 1) | ignore_range()); }},
      {"length far too large", either, [](srv& s) { torture(s, length(1'000'000) | ignore_range()); }},
      {"two different lengths", either, [](srv& s) { torture(s, double_length(9)); }},
      {"the same length twice", either, [](srv& s) { torture(s, double_length(torture_file::size)); }},
      {"length negative", either, [](srv& s) { torture(s, length_text("-1")); }},
      {"length no number", either, [](srv& s) { torture(s, length_text("many")); }},
      {"length over 64 bits", either, [](srv& s) { torture(s, length_text("99999999999999999999")); }},
      {"length with a sign", either, [](srv& s) { torture(s, length_text("+200000")); }},
      {"no length", needed, [](srv& s) { torture(s, no_length()); }},
      {"octets behind the body", either, [](srv& s) { torture(s, extra("EXTRA")); }},
      {"another response behind the body", either, [](srv& s) { torture(s, extra(ok_head("Content-Length: 2\r\n") + "no")); }},
      {"chunked", needed, [](srv& s) { torture(s, chunked(1000)); }},
      {"chunked, a few octets each", needed, [](srv& s) { torture(s, chunked(16)); }},
      {"chunked and a length", either, [](srv& s) { torture(s, chunked(1000) | add_header("Content-Length", "99") | close_after()); }},
      {"chunk size no number", either, [](srv& s) { torture(s, chunked(1000, chunk_fault::bad_size)); }},
      {"chunk size negative", either, [](srv& s) { torture(s, chunked(1000, chunk_fault::negative_size)); }},
      {"chunk size over 64 bits", either, [](srv& s) { torture(s, chunked(1000, chunk_fault::huge_size)); }},
      {"chunk without its line end", either, [](srv& s) { torture(s, chunked(1000, chunk_fault::no_line_end)); }},
      {"last chunk missing", either, [](srv& s) { torture(s, chunked(1000, chunk_fault::no_last)); }},
      {"cut inside a chunk", either, [](srv& s) { torture(s, chunked(1000, chunk_fault::cut_inside)); }},
      {"unknown transfer coding", either, [](srv& s) { torture(s, add_header("Transfer-Encoding", "x-unknown") | close_after()); }},
      {"unknown content coding", either, [](srv& s) { torture(s, add_header("Content-Encoding", "gzip")); }},
  };
  to.insert(to.end(), std::begin(all), std::end(all));
}

// Heads that are odd, or none.
inline void add_head_cases(std::vector<torture_case>& to) {
  const torture_case all[] = {
      {"three 103 first", needed, [](srv& s) { torture(s, noise(103, 3)); }},
      {"an unasked 100 first", needed, [](srv& s) { torture(s, noise(100, 1)); }},
      {"an unasked 101", either, [](srv& s) { torture(s, reply(200, "x") | status_line("HTTP/1.1 101 Switching Protocols")); }},
      {"lines end with LF alone", either, [](srv& s) { torture(s, bare_lf()); }},
      {"HTP/1.1", either, [](srv& s) { torture(s, status_line("HTP/1.1 200 OK")); }},
      {"HTTP/3.7", either, [](srv& s) { torture(s, status_line("HTTP/3.7 200 OK")); }},
      {"status of two digits", either, [](srv& s) { torture(s, status_line("HTTP/1.1 20 OK")); }},
      {"status 999", either, [](srv& s) { torture(s, status_line("HTTP/1.1 999 Odd")); }},
      {"no head, only a body", either, [](srv& s) { torture(s, raw("just octets, no head")); }},
      {"a space before a colon", either, [](srv& s) { torture(s, add_header("X-Odd ", "1")); }},
      {"a NUL in a field", either, [](srv& s) { torture(s, add_header("X-Nul", std::string("a\0b", 3))); }},
      {"a field line folded", either, [](srv& s) { torture(s, add_header("X-Folded", "a\r\n b")); }},
      {"a field of 200 KB", either, [](srv& s) { torture(s, serve().header("X-Long", std::string(200'000, 'x'))); }},
      {"a thousand fields", either, [](srv& s) {
         behavior b = serve();
         for (int i = 0; i < 1000; ++i) b = b | add_header("X-Many", "1");
         torture(s, b);
       }},
      {"a head without an end", either, [](srv& s) { torture(s, raw(std::string("HTTP/1.1 200 OK\r\n") + std::string(2'000'000, 'x'))); }},
      {"octet by octet", needed, [](srv& s) { torture(s, tiny_writes(7)); }},
  };
  to.insert(to.end(), std::begin(all), std::end(all));
}

// Answers that are well-formed, and wrong or unwelcome.
inline void add_meaning_cases(std::vector<torture_case>& to) {
  const torture_case all[] = {
      {"204", either, [](srv& s) { torture(s, reply(204)); }},
      {"206 to a request for all", either, [](srv& s) {
         torture(s, reply(206, torture_file::first().slice(0, 100)).header("Content-Range", "bytes 0-99/200000"));
       }},
      {"206 of another range, on resuming", either, [](srv& s) {
         torture(s, cut(after{100'000}).times(1).then([](const exchange& x) -> behavior {
           if (x.header("Range").empty()) return serve();
           return reply(206, torture_file::first().slice(5, 100'000)).header("Content-Range", "bytes 5-100004/200000");
         }));
       }},
      {"ranges ignored, on resuming", either, [](srv& s) { torture(s, cut(after{100'000}).times(1).then(ignore_range())); }},
      {"416 on resuming", either, [](srv& s) { torture(s, cut(after{100'000}).times(1).then(reply(416))); }},
      {"another file, on resuming", either, [](srv& s) {
         torture(s, cut(after{100'000}).times(1).then(swap_content(torture_file::second(), "\"v2\"")));
       }},
      {"another file without validators, on resuming", either, [](srv& s) {
         s.file("/file", torture_file::first()).no_validators();
         torture(s, cut(after{100'000}).times(1).then(swap_content(torture_file::second())));
       }},
      {"another file of the same weak tag, on resuming", either, [](srv& s) {
         s.file("/file", torture_file::first()).etag("W/\"v\"").no_modified();
         torture(s, cut(after{100'000}).times(1).then(swap_content(torture_file::second(), "W/\"v\"")));
       }},
      {"404", either, [](srv& s) { torture(s, reply(404)); }},
      {"410 with a page", either, [](srv& s) { torture(s, reply(410, "<html>gone</html>", "text/html")); }},
      {"401", either, [](srv& s) { torture(s, basic_auth("u", "p")); }},
      {"500", either, [](srv& s) { torture(s, reply(500)); }},
      {"503 once, with Retry-After", either, [](srv& s) { torture(s, reply(503).retry_after(std::chrono::seconds(0)).times(1)); }},
      {"503 always", either, [](srv& s) { torture(s, reply(503)); }},
      {"redirected", either, [](srv& s) {
         s.file("/other", torture_file::first());
         torture(s, redirect("/other"));
       }},
      {"redirected in a circle", either, [](srv& s) { torture(s, redirect("/file")); }},
      {"redirected without a Location", either, [](srv& s) { torture(s, reply(302)); }},
      {"redirected to a file of this machine", either, [](srv& s) { torture(s, redirect("file:///etc/hostname")); }},
      {"stalls in the middle", either, [](srv& s) { torture(s, stall(after{100'000}) | ignore_range()); }},
      {"stalls before the head", either, [](srv& s) { torture(s, stall(before_head)); }},
  };
  to.insert(to.end(), std::begin(all), std::end(all));
}

}  // namespace detail

inline const std::vector<torture_case>& torture_cases() {
  static const std::vector<torture_case> all = [] {
    std::vector<torture_case> made;
    detail::add_cut_cases(made);
    detail::add_framing_cases(made);
    detail::add_head_cases(made);
    detail::add_meaning_cases(made);
    return made;
  }();
  return all;
}

}  // namespace tinyhttp::testing
