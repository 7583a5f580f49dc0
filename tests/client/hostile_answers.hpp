// tests/client/hostile_answers.hpp -- what servers may say, octet by octet, and what a client must
// make of it: the body, or an error of that kind and with that line.
//
// Together with the responses of tests/wire, which say what a well-formed answer means. The rows
// that begin with `card` are the report card of real clients, half of which got each wrong.
#pragma once

#include <tinyhttp/core/result.hpp>

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace client_test {

struct hostile_answer {
  std::string says;
  std::string octets;                        // behind them the server closes
  std::optional<tinyhttp::error_kind> kind;  // empty: it is an answer
  std::string text;                          // its body; or the line, behind `GET URL: `
};

[[nodiscard]] inline std::vector<hostile_answer> hostile_answers();

/// Three good answers, cut in front of every octet.
[[nodiscard]] inline std::vector<hostile_answer> cut_answers();

/// What a server may answer that is asked for the rest of `content`, which was `"v1"` when its first
/// three octets came.
struct hostile_rest {
  const char* says;
  std::string answer;
  bool asked_again = false;  // for the whole; then it is `"v2"`, and says `new one`
  const char* content = "";  // of the file in the end; empty: an error,
  const char* line = "";     // with this behind `GET URL: `
};

[[nodiscard]] inline std::vector<hostile_rest> hostile_rests();

// ---------------------------------------------------------------------------------------------

namespace hostile {

using namespace std::string_view_literals;

constexpr std::optional<tinyhttp::error_kind> fine;
constexpr auto protocol = tinyhttp::error_kind::protocol;
constexpr auto closed = tinyhttp::error_kind::closed;
constexpr auto limit = tinyhttp::error_kind::limit;

inline std::string octets(std::string_view text) { return std::string(text); }
inline std::string repeated(std::string_view text, int times) {
  std::string all;
  while (times-- > 0) all += text;
  return all;
}
inline std::string status_line(std::string_view line) {
  return std::string(line) + "\r\nContent-Length: 2\r\n\r\nhi";
}
inline std::string field(std::string_view line) {
  return status_line("HTTP/1.1 200 OK\r\n" + std::string(line));
}
inline std::string length(std::string_view value) {
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::string(value) + "\r\n\r\nhi";
}
inline std::string coding(std::string_view value) {
  return "HTTP/1.1 200 OK\r\nTransfer-Encoding: " + std::string(value) +
         "\r\n\r\n2\r\nhi\r\n0\r\n\r\n";
}
inline std::string chunks(std::string_view text) {
  return "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + std::string(text);
}
const std::string much(200'000, 'x');
inline std::string big_field(std::string_view) { return field("X: " + much); }
inline std::string big_reason(std::string_view) { return status_line("HTTP/1.1 200 " + much); }
inline std::string big_extension(std::string_view) { return chunks("2;" + much + "\r\nhi\r\n0\r\n\r\n"); }
inline std::string big_trailer(std::string_view) { return chunks("2\r\nhi\r\n0\r\nX: " + much + "\r\n\r\n"); }
inline std::string many_fields(std::string_view) { return field(repeated("X: y\r\n", 1000) + "Z: z"); }
inline std::string many_informational(std::string_view) {
  return repeated("HTTP/1.1 103 Early Hints\r\n\r\n", 100) + field("X: y");
}
inline std::string many_empty_lines(std::string_view) { return repeated("\r\n", 50'000) + field("X: y"); }

}  // namespace hostile

namespace hostile {

// Plain data: a vector of strings written down here would cost a compiler minutes.
struct row {
  std::string_view says;
  std::string (*make)(std::string_view);
  std::string_view of;
  std::optional<tinyhttp::error_kind> kind;
  std::string_view text;
};

inline constexpr row answers[] = {
    {"card: a body longer than its length",
     octets, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhelloEXTRA"sv,
     fine, "hello"},
    {"card: a body shorter than its length",
     octets, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello"sv,
     closed, "connection closed after 5 of 10 octets"},
    {"card: two lengths that differ",
     octets, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 9\r\n\r\nhello"sv,
     protocol, "bad answer: Content-Length lines that differ"},
    {"card: two lengths that agree",
     octets, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello"sv,
     fine, "hello"},
    {"card: a length and chunked",
     octets, "HTTP/1.1 200 OK\r\nContent-Length: 99\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"sv,
     protocol, "bad answer: both Content-Length and Transfer-Encoding"},
    {"card: a chunk size that is none",
     chunks, "ZZ\r\nhello\r\n0\r\n\r\n"sv,
     protocol, "bad answer: chunk size is not hexadecimal, after 0 octets"},
    {"card: cut inside a chunk", chunks, "5\r\nhello\r\n5\r\nwo"sv, closed, "connection closed after 7 octets"},
    {"card: the last chunk missing", chunks, "5\r\nhello\r\n"sv, closed, "connection closed after 5 octets"},
    {"card: HTP instead of HTTP",
     octets, "HTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"sv,
     protocol, "bad answer: no HTTP version in the start line"},
    {"card: a body only, as HTTP/0.9",
     octets, "hello, I am all body"sv,
     closed, "connection closed in the middle of the response head"},
    {"card: three 103 in front",
     octets, "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"sv,
     fine, "hello"},
    {"card: a 100 that nobody asked for",
     octets, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"sv,
     fine, "hello"},
    {"card: lines that end with LF alone",
     octets, "HTTP/1.1 200 OK\nContent-Length: 5\n\nhello"sv,
     protocol, "bad answer: control octet or bare LF in the head"},
    {"card: nothing at all", octets, ""sv, closed, "connection closed before any answer"},
    {"card: a negative length",
     octets, "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello"sv,
     protocol, "bad answer: Content-Length is not a number of octets"},
    {"card: a length beyond 64 bits",
     octets, "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\nhello"sv,
     protocol, "bad answer: Content-Length is not a number of octets"},
    {"card: a field of 200 KB", big_field, "", protocol, "bad answer: head too large"},
    {"card: no length, until close", octets, "HTTP/1.1 200 OK\r\n\r\nhello"sv, fine, "hello"},
    {"card: gzip that is none",
     octets, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello"sv,
     fine, "hello"},
    {"a status line alone", status_line, "HTTP/1.1"sv, protocol, "bad answer: no status code in the start line"},
    {"a status line without a status",
     status_line, "HTTP/1.1 "sv,
     protocol, "bad answer: status code is not three digits from 100 on"},
    {"a status line with two digits",
     status_line, "HTTP/1.1 20 OK"sv,
     protocol, "bad answer: status code is not three digits from 100 on"},
    {"a status line with four digits",
     status_line, "HTTP/1.1 2000 OK"sv,
     protocol, "bad answer: status code is not three digits from 100 on"},
    {"a status line with a letter",
     status_line, "HTTP/1.1 2x0 OK"sv,
     protocol, "bad answer: status code is not three digits from 100 on"},
    {"a status line below 100",
     status_line, "HTTP/1.1 099 OK"sv,
     protocol, "bad answer: status code is not three digits from 100 on"},
    {"a status line above 599", status_line, "HTTP/1.1 600 OK"sv, fine, "hi"},
    {"a status line negative",
     status_line, "HTTP/1.1 -20 OK"sv,
     protocol, "bad answer: status code is not three digits from 100 on"},
    {"a status line with two spaces",
     status_line, "HTTP/1.1  200 OK"sv,
     protocol, "bad answer: status code is not three digits from 100 on"},
    {"a status line with a tab",
     status_line, "HTTP/1.1\t200 OK"sv,
     protocol, "bad answer: no HTTP version in the start line"},
    {"a status line with a space in front",
     status_line, " HTTP/1.1 200 OK"sv,
     protocol, "bad answer: no HTTP version in the start line"},
    {"a status line in lower case",
     status_line, "http/1.1 200 OK"sv,
     protocol, "bad answer: no HTTP version in the start line"},
    {"a status line of version 2",
     status_line, "HTTP/2.0 200 OK"sv,
     protocol, "bad answer: HTTP major version is not 1"},
    {"a status line of version 1.2", status_line, "HTTP/1.2 200 OK"sv, fine, "hi"},
    {"a status line with a long minor",
     status_line, "HTTP/1.01 200 OK"sv,
     protocol, "bad answer: no HTTP version in the start line"},
    {"a status line without a dot",
     status_line, "HTTP/11 200 OK"sv,
     protocol, "bad answer: no HTTP version in the start line"},
    {"a status line of another protocol",
     status_line, "HTTPS/1.1 200 OK"sv,
     protocol, "bad answer: no HTTP version in the start line"},
    {"a status line of a radio station",
     status_line, "ICY 200 OK"sv,
     protocol, "bad answer: no HTTP version in the start line"},
    {"a status line without a reason", status_line, "HTTP/1.1 200"sv, fine, "hi"},
    {"a status line with an empty reason", status_line, "HTTP/1.1 200 "sv, fine, "hi"},
    {"a status line with NUL in the reason",
     status_line, "HTTP/1.1 200 a\0b"sv,
     protocol, "bad answer: control octet or bare LF in the head"},
    {"a status line with CR in the reason",
     status_line, "HTTP/1.1 200 a\rb"sv,
     protocol, "bad answer: CR without LF in the head"},
    {"a status line with UTF-8 in the reason", status_line, "HTTP/1.1 200 gr\xc3\xbcn"sv, fine, "hi"},
    {"a status line that is a request",
     status_line, "GET / HTTP/1.1"sv,
     protocol, "bad answer: no HTTP version in the start line"},
    {"a status line of a mail server",
     status_line, "220 mail ESMTP"sv,
     protocol, "bad answer: no HTTP version in the start line"},
    {"a status line of ssh",
     status_line, "SSH-2.0-OpenSSH_9.2"sv,
     protocol, "bad answer: no HTTP version in the start line"},
    {"a status line of TLS",
     status_line, "\x16\x03\x01"sv,
     protocol, "bad answer: control octet or bare LF in the head"},
    {"a status line of HTTP/2",
     status_line, "PRI * HTTP/2.0"sv,
     protocol, "bad answer: no HTTP version in the start line"},
    {"a field line with a space in its name",
     field, "X a: b"sv,
     protocol, "bad answer: field name is not a token followed by a colon"},
    {"a field line with NUL", field, "X: a\0b"sv, protocol, "bad answer: control octet or bare LF in the head"},
    {"a field line with CR alone", field, "X: a\rb"sv, protocol, "bad answer: CR without LF in the head"},
    {"a field line without a name",
     field, ": b"sv,
     protocol, "bad answer: field name is not a token followed by a colon"},
    {"a field line without a colon",
     field, "X"sv,
     protocol, "bad answer: field name is not a token followed by a colon"},
    {"a field line with a space before the colon",
     field, "X : b"sv,
     protocol, "bad answer: field name is not a token followed by a colon"},
    {"a field line that is folded at once", field, " X: b"sv, protocol, "bad answer: folded or indented field line"},
    {"a field line that is folded", field, "X: a\r\n b"sv, protocol, "bad answer: folded or indented field line"},
    {"a field line with NUL in its name",
     field, "X\0: b"sv,
     protocol, "bad answer: control octet or bare LF in the head"},
    {"a field line named in UTF-8",
     field, "\xc3\xa9: b"sv,
     protocol, "bad answer: field name is not a token followed by a colon"},
    {"a field line with DEL", field, "X: \x7f"sv, protocol, "bad answer: control octet or bare LF in the head"},
    {"a field line with a control octet",
     field, "X: \x01"sv,
     protocol, "bad answer: control octet or bare LF in the head"},
    {"a field line with obs-text", field, "X: \xff"sv, fine, "hi"},
    {"a field line that is empty", field, "X:"sv, fine, "hi"},
    {"a field line with a tab", field, "X: a\tb"sv, fine, "hi"},
    {"a field line named in brackets",
     field, "(X): b"sv,
     protocol, "bad answer: field name is not a token followed by a colon"},
    {"a field line with LF in its name",
     field, "X\n: b"sv,
     protocol, "bad answer: control octet or bare LF in the head"},
    {"a field line with LF alone",
     field, "X: a\nY: b"sv,
     protocol, "bad answer: control octet or bare LF in the head"},
    {"a length that is empty", length, ""sv, protocol, "bad answer: Content-Length is not a number of octets"},
    {"a length that is signed", length, "+2"sv, protocol, "bad answer: Content-Length is not a number of octets"},
    {"a length that is of two numbers",
     length, "2 2"sv,
     protocol, "bad answer: Content-Length is not a number of octets"},
    {"a length that is a list that agrees",
     length, "2,2"sv,
     protocol, "bad answer: Content-Length is not a number of octets"},
    {"a length that is a list that does not",
     length, "2, 3"sv,
     protocol, "bad answer: Content-Length is not a number of octets"},
    {"a length that is hexadecimal",
     length, "0x2"sv,
     protocol, "bad answer: Content-Length is not a number of octets"},
    {"a length that is with a dot",
     length, "2.0"sv,
     protocol, "bad answer: Content-Length is not a number of octets"},
    {"a length that is with a letter",
     length, "2a"sv,
     protocol, "bad answer: Content-Length is not a number of octets"},
    {"a length that is quoted", length, "\"2\""sv, protocol, "bad answer: Content-Length is not a number of octets"},
    {"a length that is the most that fits",
     length, "18446744073709551615"sv,
     protocol, "bad answer: Content-Length is not a number of octets"},
    {"a length that is one more",
     length, "18446744073709551616"sv,
     protocol, "bad answer: Content-Length is not a number of octets"},
    {"a length that is beyond a signed number",
     length, "9223372036854775808"sv,
     protocol, "bad answer: Content-Length is not a number of octets"},
    {"a length that is with zeros in front", length, "002"sv, fine, "hi"},
    {"a length that is with tabs around it", length, "\t2\t"sv, fine, "hi"},
    {"a length that is a superscript",
     length, "\xb2"sv,
     protocol, "bad answer: Content-Length is not a number of octets"},
    {"a length that is with a parameter",
     length, "2;x"sv,
     protocol, "bad answer: Content-Length is not a number of octets"},
    {"a length that is with an exponent",
     length, "1e1"sv,
     protocol, "bad answer: Content-Length is not a number of octets"},
    {"a length that is no number", length, "NaN"sv, protocol, "bad answer: Content-Length is not a number of octets"},
    {"a transfer coding that is unknown to us",
     coding, "gzip"sv,
     protocol, "bad answer: transfer coding does not end in one chunked"},
    {"a transfer coding that is identity",
     coding, "identity"sv,
     protocol, "bad answer: transfer coding does not end in one chunked"},
    {"a transfer coding that is empty",
     coding, ""sv,
     protocol, "bad answer: transfer coding does not end in one chunked"},
    {"a transfer coding that is chunked twice",
     coding, "chunked, chunked"sv,
     protocol, "bad answer: transfer coding does not end in one chunked"},
    {"a transfer coding that is gzip, then chunked",
     coding, "gzip, chunked"sv,
     protocol, "bad answer: transfer coding other than chunked"},
    {"a transfer coding that is chunked, then gzip",
     coding, "chunked, gzip"sv,
     protocol, "bad answer: transfer coding does not end in one chunked"},
    {"a transfer coding that is nearly chunked",
     coding, "xchunked"sv,
     protocol, "bad answer: transfer coding does not end in one chunked"},
    {"a transfer coding that is chunked and a letter",
     coding, "chunkedx"sv,
     protocol, "bad answer: transfer coding does not end in one chunked"},
    {"a transfer coding that is chunked with a parameter",
     coding, "chunked;a=b"sv,
     protocol, "bad answer: transfer coding does not end in one chunked"},
    {"a transfer coding that is quoted",
     coding, "\"chunked\""sv,
     protocol, "bad answer: transfer coding does not end in one chunked"},
    {"a transfer coding that is in another case", coding, "Chunked"sv, fine, "hi"},
    {"a transfer coding that is behind an empty element",
     coding, ", chunked"sv,
     protocol, "bad answer: transfer coding does not end in one chunked"},
    {"a transfer coding that is in front of an empty element",
     coding, "chunked,"sv,
     protocol, "bad answer: transfer coding does not end in one chunked"},
    {"a transfer coding that is behind a control octet",
     coding, "\x0b""chunked"sv,
     protocol, "bad answer: control octet or bare LF in the head"},
    {"a transfer coding that is with a space",
     coding, "chun ked"sv,
     protocol, "bad answer: transfer coding does not end in one chunked"},
    {"chunked from HTTP/1.0",
     octets, "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n"sv,
     protocol, "bad answer: Transfer-Encoding in HTTP/1.0"},
    {"a transfer coding on two lines",
     octets, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n"sv,
     protocol, "bad answer: transfer coding does not end in one chunked"},
    {"a length behind chunked",
     octets, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n2\r\nhi\r\n0\r\n\r\n"sv,
     protocol, "bad answer: both Content-Length and Transfer-Encoding"},
    {"a length and a coding with a space before the colon",
     octets, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding : chunked\r\n\r\nhi"sv,
     protocol, "bad answer: field name is not a token followed by a colon"},
    {"chunks as they should be", chunks, "2\r\nhi\r\n0\r\n\r\n"sv, fine, "hi"},
    {"chunks with an extension", chunks, "2;a=b\r\nhi\r\n0\r\n\r\n"sv, fine, "hi"},
    {"chunks with a line end in an extension",
     chunks, "2;a=\"b\r\nc\"\r\nhi\r\n0\r\n\r\n"sv,
     protocol, "bad answer: chunk size is not hexadecimal, after 2 octets"},
    {"chunks with a space before an extension", chunks, "2 ;a\r\nhi\r\n0\r\n\r\n"sv, fine, "hi"},
    {"chunks with a sign",
     chunks, "+2\r\nhi\r\n0\r\n\r\n"sv,
     protocol, "bad answer: chunk size is not hexadecimal, after 0 octets"},
    {"chunks negative",
     chunks, "-2\r\nhi\r\n0\r\n\r\n"sv,
     protocol, "bad answer: chunk size is not hexadecimal, after 0 octets"},
    {"chunks with 0x",
     chunks, "0x2\r\nhi\r\n0\r\n\r\n"sv,
     protocol, "bad answer: chunk size is not hexadecimal, after 0 octets"},
    {"chunks with a space in front",
     chunks, " 2\r\nhi\r\n0\r\n\r\n"sv,
     protocol, "bad answer: chunk size is not hexadecimal, after 0 octets"},
    {"chunks with LF alone",
     chunks, "2\nhi\n0\n\n"sv,
     protocol, "bad answer: chunk size is not hexadecimal, after 0 octets"},
    {"chunks without a line end behind the data",
     chunks, "2\r\nhi0\r\n\r\n"sv,
     protocol, "bad answer: chunk data not closed by CRLF, after 2 octets"},
    {"chunks longer than they say",
     chunks, "2\r\nhix\r\n0\r\n\r\n"sv,
     protocol, "bad answer: chunk data not closed by CRLF, after 2 octets"},
    {"chunks shorter than they say",
     chunks, "3\r\nhi\r\n0\r\n\r\n"sv,
     protocol, "bad answer: chunk data not closed by CRLF, after 3 octets"},
    {"chunks without a size",
     chunks, "\r\nhi\r\n0\r\n\r\n"sv,
     protocol, "bad answer: chunk size is not hexadecimal, after 0 octets"},
    {"chunks of nearly 2^64",
     chunks, "ffffffffffffffff\r\nhi"sv,
     protocol, "bad answer: chunk size too large, after 0 octets"},
    {"chunks of 2^64",
     chunks, "10000000000000000\r\nhi"sv,
     protocol, "bad answer: chunk size too large, after 0 octets"},
    {"chunks with twenty digits", chunks, "00000000000000000002\r\nhi\r\n0\r\n\r\n"sv, fine, "hi"},
    {"chunks without the last line end", chunks, "2\r\nhi\r\n0\r\n"sv, closed, "connection closed after 2 octets"},
    {"chunks with a trailer", chunks, "2\r\nhi\r\n0\r\nX: y\r\n\r\n"sv, fine, "hi"},
    {"chunks with a trailer that is no field",
     chunks, "2\r\nhi\r\n0\r\nX y\r\n\r\n"sv,
     protocol, "bad answer: field name is not a token followed by a colon, after 2 octets"},
    {"chunks with a length in the trailer",
     chunks, "2\r\nhi\r\n0\r\nContent-Length: 9\r\n\r\n"sv,
     protocol, "bad answer: field not allowed in a trailer section, after 2 octets"},
    {"chunks that are none", chunks, "0\r\n\r\n"sv, fine, ""},
    {"chunks behind the last one", chunks, "0\r\n\r\n2\r\nhi\r\n0\r\n\r\n"sv, fine, ""},
    {"chunks with two zeros at the end", chunks, "2\r\nhi\r\n00\r\n\r\n"sv, fine, "hi"},
    {"chunks with an empty line between",
     chunks, "2\r\nhi\r\n\r\n0\r\n\r\n"sv,
     protocol, "bad answer: chunk size is not hexadecimal, after 2 octets"},
    {"chunks with two CR",
     chunks, "2\r\r\nhi\r\n0\r\n\r\n"sv,
     protocol, "bad answer: CR without LF in a chunk header, after 0 octets"},
    {"chunks with NUL behind the size",
     chunks, "2\0\r\nhi\r\n0\r\n\r\n"sv,
     protocol, "bad answer: chunk size is not hexadecimal, after 0 octets"},
    {"an extension of 100 KB", big_extension, "", protocol, "bad answer: chunk extensions too large, after 0 octets"},
    {"a trailer of 200 KB", big_trailer, "", protocol, "bad answer: trailer section too large, after 2 octets"},
    {"a thousand fields", many_fields, "", protocol, "bad answer: too many fields"},
    {"a reason of 200 KB", big_reason, "", protocol, "bad answer: start line too long"},
    {"a hundred informational answers", many_informational, "", limit, "too many informational responses"},
    {"empty lines without end", many_empty_lines, "", protocol, "bad answer: empty lines instead of a start line"},
    {"only a 100",
     octets, "HTTP/1.1 100 Continue\r\n\r\n"sv,
     closed, "connection closed in the middle of the response head"},
    {"a 101 that nobody asked for",
     octets, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n"sv,
     protocol, "bad answer: 101 without having asked for another protocol"},
    {"a 199 in front",
     octets, "HTTP/1.1 199 Mine\r\nX: y\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"sv,
     fine, "hi"},
    {"a 103 with a length",
     octets, "HTTP/1.1 103 x\r\nContent-Length: 2\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"sv,
     fine, "hi"},
    {"a 204 with a body", octets, "HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\nhi"sv, fine, ""},
    {"a 304 with a body", octets, "HTTP/1.1 304 Not Modified\r\nContent-Length: 2\r\n\r\nhi"sv, fine, ""},
    {"a 205 with a body", octets, "HTTP/1.1 205 Reset Content\r\nContent-Length: 2\r\n\r\nhi"sv, fine, "hi"},
    {"a second answer behind the first",
     octets, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhiHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"sv,
     fine, "hi"},
    {"an empty line in front",
     octets, "\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"sv,
     protocol, "bad answer: empty lines instead of a start line"},
    {"a byte order mark in front",
     octets, "\xef\xbb\xbfHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"sv,
     protocol, "bad answer: no HTTP version in the start line"},
    {"from HTTP/1.0, until close", octets, "HTTP/1.0 200 OK\r\n\r\nhi"sv, fine, "hi"},
    {"from HTTP/1.0, cut",
     octets, "HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nhi"sv,
     closed, "connection closed after 2 of 3 octets"},
    {"until close, with a connection that claims to stay",
     octets, "HTTP/1.1 200 OK\r\nConnection: keep-alive\r\n\r\nhi"sv,
     fine, "hi"},
    {"a NUL inside the body", octets, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\na\0b"sv, fine, "a\0b"sv},
    {"a body that looks like a head",
     octets, "HTTP/1.1 200 OK\r\nContent-Length: 19\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"sv,
     fine, "HTTP/1.1 200 OK\r\n\r\n"},
    {"a redirect to nowhere", octets, "HTTP/1.1 302 Found\r\nContent-Length: 2\r\n\r\nhi"sv, fine, "hi"},
    {"an error page that is cut",
     octets, "HTTP/1.1 500 x\r\nContent-Length: 3\r\n\r\nhi"sv,
     closed, "connection closed after 2 of 3 octets"},
    {"a 206 that nobody asked for",
     octets, "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-1/9\r\nContent-Length: 2\r\n\r\nhi"sv,
     fine, "hi"},
    {"a connection field with nonsense",
     octets, "HTTP/1.1 200 OK\r\nConnection: \x80, close,,\r\nContent-Length: 2\r\n\r\nhi"sv,
     fine, "hi"},
    {"a date that is none",
     octets, "HTTP/1.1 200 OK\r\nDate: yesterday\r\nContent-Length: 2\r\n\r\nhi"sv,
     fine, "hi"},
};

}  // namespace hostile

inline std::vector<hostile_answer> hostile_answers() {
  std::vector<hostile_answer> all;
  for (const hostile::row& r : hostile::answers)
    all.push_back({std::string(r.says), r.make(r.of), r.kind, std::string(r.text)});
  return all;
}

inline std::vector<hostile_answer> cut_answers() {
  const std::string body(40, 'b');
  struct {
    std::string head;
    std::vector<std::pair<std::string, bool>> rest;  // and whether it is content
    std::string of;                                  // ` of 40`, where the length is known
  } const answers[] = {
      {"HTTP/1.1 200 OK\r\nContent-Length: 40\r\nETag: \"v1\"\r\n\r\n", {{body, true}}, " of 40"},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
       {{"14\r\n", false}, {body.substr(20), true}, {"\r\n014;a=\"b\"\r\n", false}, {body.substr(20), true},
        {"\r\n0\r\nX: y\r\n\r\n", false}}, ""},
      {"HTTP/1.1 404 Not Found\r\nContent-Length: 40\r\nConnection: close\r\n\r\n", {{body, true}}, " of 40"},
  };
  std::vector<hostile_answer> all;
  for (const auto& each : answers) {
    std::string octets;
    const auto add = [&](const std::string& line) {
      all.push_back({"cut behind " + std::to_string(octets.size()), octets, hostile::closed, line});
    };
    for (const char c : each.head) {
      add(octets.empty() ? "connection closed before any answer"
                         : "connection closed in the middle of the response head");
      octets += c;
    }
    std::size_t came = 0;
    for (const auto& [piece, is_content] : each.rest)
      for (const char c : piece) {
        add("connection closed after " + std::to_string(came) + each.of + " octets");
        octets += c;
        came += is_content ? 1 : 0;
      }
    all.push_back({"not cut", octets, std::nullopt, body});
  }
  return all;
}

namespace hostile {

using parts = std::array<std::string_view, 3>;

/// A 206 of a Content-Range, other fields, and octets.
inline std::string part(const parts& of) {
  return "HTTP/1.1 206 Partial Content\r\nContent-Length: " + std::to_string(of[2].size()) +
         "\r\nContent-Range: " + std::string(of[0]) + "\r\n" + std::string(of[1]) + "\r\n" + std::string(of[2]);
}
/// The right one, but only so many octets of it.
inline std::string cut(const parts& of) {
  return "HTTP/1.1 206 x\r\nContent-Length: 4\r\nContent-Range: bytes 3-6/7\r\n\r\n" + std::string(of[0]);
}
/// A status and fields.
inline std::string other(const parts& of) {
  return "HTTP/1.1 " + std::string(of[0]) + "\r\nContent-Length: 3\r\n" + std::string(of[1]) + "\r\nno!";
}
inline std::string raw(const parts& of) { return std::string(of[0]); }

struct rest_row {
  const char* says;
  std::string (*make)(const parts&);
  parts of;
  bool asked_again;
  const char* content;
  const char* line;
};

inline constexpr rest_row rests[] = {
    {"the rest", part, {"bytes 3-6/7", "ETag: \"v1\"\r\n", "tent"}, false, "content", ""},
    {"the rest of a file that may grow", part, {"bytes 3-6/*", "ETag: \"v1\"\r\n", "tent"}, false, "content", ""},
    {"the rest, without a validator", part, {"bytes 3-6/7", "", "tent"}, false, "content", ""},
    {"the rest, in chunks", raw,
     {"HTTP/1.1 206 x\r\nTransfer-Encoding: chunked\r\nContent-Range: bytes 3-6/7\r\nETag: \"v1\"\r\n\r\n4\r\ntent\r\n0\r\n\r\n"}, false, "content", ""},
    {"the rest, until it closes", raw,
     {"HTTP/1.1 206 x\r\nContent-Range: bytes 3-6/7\r\nETag: \"v1\"\r\n\r\ntent"}, false, "content", ""},
    {"the rest, and an unknown field", part, {"bytes 3-6/7", "ETag: \"v1\"\r\nX: y\r\n", "tent"}, false, "content", ""},
    {"the rest, and the time of another", part,
     {"bytes 3-6/7", "ETag: \"v1\"\r\nLast-Modified: Sun, 01 Jan 2023 00:00:00 GMT\r\n", "tent"}, false, "content", ""},
    {"another tag", part, {"bytes 3-6/7", "ETag: \"v2\"\r\n", "tent"}, true, "new one", ""},
    {"the tag, but weak", part, {"bytes 3-6/7", "ETag: W/\"v1\"\r\n", "tent"}, true, "new one", ""},
    {"another weak tag", part, {"bytes 3-6/7", "ETag: W/\"v2\"\r\n", "tent"}, true, "new one", ""},
    {"the tag without quotes", part, {"bytes 3-6/7", "ETag: v1\r\n", "tent"}, true, "new one", ""},
    {"an empty tag", part, {"bytes 3-6/7", "ETag: \r\n", "tent"}, true, "new one", ""},
    {"two tags", part, {"bytes 3-6/7", "ETag: \"v1\"\r\nETag: \"v2\"\r\n", "tent"}, true, "new one", ""},
    {"one octet too early", part, {"bytes 2-6/7", "ETag: \"v1\"\r\n", "ntent"}, true, "new one", ""},
    {"one octet too late", part, {"bytes 4-6/7", "ETag: \"v1\"\r\n", "ent"}, true, "new one", ""},
    {"from the start", part, {"bytes 0-6/7", "ETag: \"v1\"\r\n", "content"}, true, "new one", ""},
    {"of a longer file", part, {"bytes 3-6/8", "ETag: \"v1\"\r\n", "tent"}, true, "new one", ""},
    {"of a shorter file", part, {"bytes 3-5/6", "ETag: \"v1\"\r\n", "ten"}, true, "new one", ""},
    {"behind the end", part, {"bytes 3-7/7", "ETag: \"v1\"\r\n", "tent!"}, true, "new one", ""},
    {"backwards", part, {"bytes 6-3/7", "ETag: \"v1\"\r\n", "tent"}, true, "new one", ""},
    {"no range, but a size", part, {"bytes */7", "ETag: \"v1\"\r\n", "tent"}, true, "new one", ""},
    {"of another unit", part, {"items 3-6/7", "ETag: \"v1\"\r\n", "tent"}, true, "new one", ""},
    {"without a unit", part, {"3-6/7", "ETag: \"v1\"\r\n", "tent"}, true, "new one", ""},
    {"with an equals sign", part, {"bytes=3-6/7", "ETag: \"v1\"\r\n", "tent"}, true, "new one", ""},
    {"without a size", part, {"bytes 3-6", "ETag: \"v1\"\r\n", "tent"}, true, "new one", ""},
    {"open", part, {"bytes 3-/7", "ETag: \"v1\"\r\n", "tent"}, true, "new one", ""},
    {"a suffix", part, {"bytes -4/7", "ETag: \"v1\"\r\n", "tent"}, true, "new one", ""},
    {"two ranges", part, {"bytes 3-4,5-6/7", "ETag: \"v1\"\r\n", "tent"}, true, "new one", ""},
    {"negative", part, {"bytes -3--6/7", "ETag: \"v1\"\r\n", "tent"}, true, "new one", ""},
    {"beyond 64 bits", part, {"bytes 3-6/18446744073709551616", "ETag: \"v1\"\r\n", "tent"}, true, "new one", ""},
    {"empty", part, {"", "ETag: \"v1\"\r\n", "tent"}, true, "new one", ""},
    {"without Content-Range", raw,
     {"HTTP/1.1 206 x\r\nContent-Length: 4\r\nETag: \"v1\"\r\n\r\ntent"}, true, "new one", ""},
    {"several parts", raw,
     {"HTTP/1.1 206 x\r\nContent-Type: multipart/byteranges; boundary=b\r\nContent-Length: 4\r\nETag: \"v1\"\r\n\r\n--b-"},
     true, "new one", ""},
    {"shorter than it says", part, {"bytes 3-6/7", "ETag: \"v1\"\r\n", "te"}, false, "", "got 5 of 7 octets"},
    {"shorter than was asked for", part, {"bytes 3-4/7", "ETag: \"v1\"\r\n", "te"}, true, "new one", ""},
    {"longer than it says", part,
     {"bytes 3-6/7", "ETag: \"v1\"\r\n", "tent!"}, false, "", "more octets than announced"},
    {"cut", cut, {"ten"}, false, "", "connection closed after 3 of 4 octets"},
    {"cut at once", cut, {""}, false, "", "connection closed after 0 of 4 octets"},
    {"the whole of another file", raw,
     {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nETag: \"v2\"\r\n\r\nv2"}, false, "v2", ""},
    {"the whole of the same file", raw,
     {"HTTP/1.1 200 OK\r\nContent-Length: 7\r\nETag: \"v1\"\r\n\r\ncontent"}, false, "content", ""},
    {"the whole, with a Content-Range that lies", raw,
     {"HTTP/1.1 200 OK\r\nContent-Length: 7\r\nContent-Range: bytes 3-6/7\r\nETag: \"v1\"\r\n\r\ncontent"}, false, "content", ""},
    {"the whole, empty", raw, {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"}, false, "(empty)", ""},
    {"not satisfiable", other, {"416 Range Not Satisfiable", "Content-Range: bytes */2\r\n"}, true, "new one", ""},
    {"not satisfiable, it does not say why", other, {"416 x"}, true, "new one", ""},
    {"not modified", raw, {"HTTP/1.1 304 Not Modified\r\n\r\n"}, false, "", "304 Not Modified"},
    {"no content", raw, {"HTTP/1.1 204 No Content\r\n\r\n"}, false, "", "204 No Content"},
    {"moved", other, {"302 Found", "Location: /g\r\n"}, false, "", "302 Found"},
    {"not found", other, {"404 Not Found"}, false, "", "404 Not Found"},
    {"failed precondition", other, {"412 Precondition Failed"}, false, "", "412 Precondition Failed"},
    {"busy", other, {"503 Service Unavailable"}, false, "", "503 Service Unavailable"},
    {"a status of its own", other, {"299 Fine"}, false, "", "299"},
    {"no HTTP", raw, {"tent"}, false, "", "connection closed in the middle of the response head"},
    {"nothing", raw, {""}, false, "", "connection closed before any answer"},
};

}  // namespace hostile

inline std::vector<hostile_rest> hostile_rests() {
  std::vector<hostile_rest> all;
  for (const hostile::rest_row& r : hostile::rests)
    all.push_back({r.says, r.make(r.of), r.asked_again, r.content, r.line});
  return all;
}

}  // namespace client_test
