// tests/wire/rows.hpp -- the rows of the wire table: parts of messages, and what must come of them.
//
// Data only. cases.hpp makes whole messages of them: field lines and chunked bodies are tried in
// requests and in responses. A row says in words what it shows; RFC 9112 unless another is named.
#pragma once

#include <cstddef>
#include <string_view>

namespace wire {

/// Where a refused message gives itself away.
enum class fault {
  none,   // it is accepted
  head,   // before anybody could act on it
  body,   // behind a head that was fine
  close,  // only in that the peer closes: it is cut off
};

/// Octets in a literal, NUL among them.
struct octets : std::string_view {
  template <std::size_t N>
  constexpr octets(const char (&literal)[N]) : std::string_view(literal, N - 1) {}
};

// --- request lines (3): a Host field and the empty line follow -----------------------------------

struct request_line_row {
  const char* says;
  octets line;  // without its CRLF
  int status;   // 0: accepted
  const char* method = "GET";
  const char* target = "/";
  const char* version = "HTTP/1.1";
};

inline constexpr request_line_row request_lines[] = {
    {"the plain one", "GET / HTTP/1.1", 0},
    {"HTTP/1.0", "GET / HTTP/1.0", 0, "GET", "/", "HTTP/1.0"},
    {"a later minor version counts as 1.1 (9110 2.5)", "GET / HTTP/1.2", 0},
    {"the last minor version there is", "GET / HTTP/1.9", 0},
    {"HEAD", "HEAD / HTTP/1.1", 0, "HEAD"},
    {"DELETE", "DELETE /a HTTP/1.1", 0, "DELETE", "/a"},
    {"OPTIONS of a path", "OPTIONS /a HTTP/1.1", 0, "OPTIONS", "/a"},
    {"PATCH without a body", "PATCH / HTTP/1.1", 0, "PATCH"},
    {"TRACE", "TRACE / HTTP/1.1", 0, "TRACE"},
    {"a method nobody has registered", "BREW /pot HTTP/1.1", 0, "BREW", "/pot"},
    {"a method is any token", "!#$%&'*+-.^_`|~09azAZ / HTTP/1.1", 0, "!#$%&'*+-.^_`|~09azAZ"},
    {"methods are case-sensitive", "get / HTTP/1.1", 0, "get"},
    {"a method that begins like another", "GETS / HTTP/1.1", 0, "GETS"},
    {"a method of one octet", "G / HTTP/1.1", 0, "G"},
    {"M-SEARCH", "M-SEARCH / HTTP/1.1", 0, "M-SEARCH"},
    {"PRI with version 1.1 is a method like any other", "PRI / HTTP/1.1", 0, "PRI"},
    // targets
    {"a path and a query", "GET /a/b?c=d&e HTTP/1.1", 0, "GET", "/a/b?c=d&e"},
    {"an empty query", "GET /? HTTP/1.1", 0, "GET", "/?"},
    {"question marks in a query", "GET /?a?b HTTP/1.1", 0, "GET", "/?a?b"},
    {"two slashes in front name no host", "GET //evil.example/ HTTP/1.1", 0, "GET", "//evil.example/"},
    {"dots stand as they came", "GET /a/../b/./c HTTP/1.1", 0, "GET", "/a/../b/./c"},
    {"escapes stand as they came", "GET /%41%2f%00 HTTP/1.1", 0, "GET", "/%41%2f%00"},
    {"an escape that is none is judged later", "GET /%zz% HTTP/1.1", 0, "GET", "/%zz%"},
    {"octets that ought to be escaped, as browsers send them", "GET /<\">\\^`{|} HTTP/1.1", 0, "GET", "/<\">\\^`{|}"},
    {"sub-delims", "GET /!$&'()*+,;=:@ HTTP/1.1", 0, "GET", "/!$&'()*+,;=:@"},
    {"a colon in the first segment", "GET /a:80/ HTTP/1.1", 0, "GET", "/a:80/"},
    {"absolute form", "GET http://b/c HTTP/1.1", 0, "GET", "http://b/c"},
    {"absolute form without a path", "GET http://b HTTP/1.1", 0, "GET", "http://b"},
    {"absolute form with a port and a query", "GET http://b:81?x HTTP/1.1", 0, "GET", "http://b:81?x"},
    {"absolute form of an IPv6 host", "GET http://[::1]:80/ HTTP/1.1", 0, "GET", "http://[::1]:80/"},
    {"absolute form, scheme in capitals", "GET HTTP://B/ HTTP/1.1", 0, "GET", "HTTP://B/"},
    {"absolute form of another scheme", "GET https://b/ HTTP/1.1", 0, "GET", "https://b/"},
    {"asterisk form", "OPTIONS * HTTP/1.1", 0, "OPTIONS", "*"},
    {"authority form", "CONNECT b:443 HTTP/1.1", 0, "CONNECT", "b:443"},
    {"authority form, IPv6", "CONNECT [::1]:443 HTTP/1.1", 0, "CONNECT", "[::1]:443"},
    // refused: the form does not go with the method
    {"asterisk form is for OPTIONS", "GET * HTTP/1.1", 400},
    {"asterisk form and more", "OPTIONS ** HTTP/1.1", 400},
    {"asterisk form with a query", "OPTIONS *?a HTTP/1.1", 400},
    {"CONNECT to a path", "CONNECT / HTTP/1.1", 400},
    {"CONNECT without a port", "CONNECT b HTTP/1.1", 400},
    {"CONNECT with an empty port", "CONNECT b: HTTP/1.1", 400},
    {"CONNECT without a host", "CONNECT :443 HTTP/1.1", 400},
    {"CONNECT to an IPv6 host without a port", "CONNECT [::1] HTTP/1.1", 400},
    {"CONNECT with a port out of range", "CONNECT b:65536 HTTP/1.1", 400},
    {"CONNECT with userinfo", "CONNECT u@b:443 HTTP/1.1", 400},
    {"CONNECT in absolute form", "CONNECT http://b:443/ HTTP/1.1", 400},
    {"authority form is for CONNECT", "GET b:443 HTTP/1.1", 400},
    {"a relative path", "GET a/b HTTP/1.1", 400},
    {"a query alone", "GET ?a HTTP/1.1", 400},
    {"a fragment", "GET /#a HTTP/1.1", 400},
    {"a fragment of an absolute form", "GET http://b/#a HTTP/1.1", 400},
    {"absolute form without a host", "GET http:///a HTTP/1.1", 400},
    {"absolute form with userinfo (9110 4.2.4)", "GET http://u:p@b/ HTTP/1.1", 400},
    {"absolute form with a port that is no number", "GET http://b:x/ HTTP/1.1", 400},
    {"absolute form with a bracket left open", "GET http://[::1/ HTTP/1.1", 400},
    {"absolute form with a backslash for an end of the host", "GET http://b\\@c/ HTTP/1.1", 400},
    {"a scheme without slashes", "GET mailto:a HTTP/1.1", 400},
    {"a scheme that starts with a digit", "GET 1http://b/ HTTP/1.1", 400},
    // refused: octets
    {"obs-text in a target", "GET /\xc3\xa9 HTTP/1.1", 400},
    {"NUL in a target", "GET /\0 HTTP/1.1", 400},
    {"NUL in a method", "GE\0T / HTTP/1.1", 400},
    {"DEL in a target", "GET /\x7f HTTP/1.1", 400},
    {"a control octet in a target", "GET /\x01 HTTP/1.1", 400},
    {"an escape character in a target", "GET /\x1b[0m HTTP/1.1", 400},
    {"TAB in a target", "GET /\t HTTP/1.1", 400},
    {"bare CR in a target", "GET /\rX: y HTTP/1.1", 400},
    {"bare CR between the parts", "GET\r/ HTTP/1.1", 400},
    {"bare LF in a target", "GET /\nX: y HTTP/1.1", 400},
    {"bare CR at the end of the line", "GET / HTTP/1.1\r", 400},
    {"vertical tab for a space", "GET\v/ HTTP/1.1", 400},
    {"form feed for a space", "GET /\fHTTP/1.1", 400},
    {"no-break space for a space", "GET\xa0/ HTTP/1.1", 400},
    // refused: parts
    {"a space in front", " GET / HTTP/1.1", 400},
    {"a TAB in front", "\tGET / HTTP/1.1", 400},
    {"two spaces behind the method", "GET  / HTTP/1.1", 400},
    {"two spaces behind the target", "GET /  HTTP/1.1", 400},
    {"a space at the end", "GET / HTTP/1.1 ", 400},
    {"a TAB at the end", "GET / HTTP/1.1\t", 400},
    {"TAB for a space behind the method", "GET\t/ HTTP/1.1", 400},
    {"TAB for a space behind the target", "GET /\tHTTP/1.1", 400},
    {"a space in the target", "GET /a b HTTP/1.1", 400},
    {"four parts", "GET / HTTP/1.1 x", 400},
    {"two versions", "GET / HTTP/1.1 HTTP/1.1", 400},
    {"an empty target", "GET  HTTP/1.1", 400},
    {"no target", "GET HTTP/1.1", 400},
    {"no version: HTTP/0.9", "GET /", 400},
    {"no version but its space", "GET / ", 400},
    {"a method alone", "GET", 400},
    {"a space alone", " ", 400},
    {"an empty method", " / HTTP/1.1", 400},
    {"a method that is no token", "G(T / HTTP/1.1", 400},
    {"a method in quotation marks", "\"GET\" / HTTP/1.1", 400},
    {"a method with a colon", "GET: / HTTP/1.1", 400},
    {"a method with obs-text", "G\xc9T / HTTP/1.1", 400},
    {"a field line for a request line", "Host: a", 400},
    {"a status line for a request line", "HTTP/1.1 200 OK", 400},
    // refused: versions (2.3: the name is case-sensitive, one digit on either side)
    {"http in lower case", "GET / http/1.1", 400},
    {"Http in mixed case", "GET / Http/1.1", 400},
    {"no minor version", "GET / HTTP/1", 400},
    {"a dot without a minor version", "GET / HTTP/1.", 400},
    {"no major version", "GET / HTTP/.1", 400},
    {"a minor version of two digits", "GET / HTTP/1.10", 400},
    {"a minor version with a zero in front", "GET / HTTP/1.01", 400},
    {"a major version of two digits", "GET / HTTP/11.1", 400},
    {"a major version with a zero in front", "GET / HTTP/01.1", 400},
    {"a comma for the dot", "GET / HTTP/1,1", 400},
    {"a minor version that is a letter", "GET / HTTP/1.x", 400},
    {"a minor version with a sign", "GET / HTTP/1.-", 400},
    {"a blank for the slash", "GET / HTTP 1.1", 400},
    {"another protocol's name", "GET / HTTQ/1.1", 400},
    {"ICY", "GET / ICY/1.1", 400},
    {"RTSP", "OPTIONS * RTSP/1.0", 400},
    {"SIP", "OPTIONS sip:a SIP/2.0", 400},
    {"a name that ends in HTTP", "GET / XHTTP/1.1", 400},
    {"HTTP/2 in text", "GET / HTTP/2.0", 505},
    {"HTTP/2 without a minor version", "GET / HTTP/2", 400},
    {"HTTP/3 in text", "GET / HTTP/3.0", 505},
    {"version 0.9 spelled out", "GET / HTTP/0.9", 505},
    {"version 9.9", "GET / HTTP/9.9", 505},
    {"an HTTP/2 preface", "PRI * HTTP/2.0", 505},
    {"a wrong version is told before a wrong target", "GET x HTTP/2.0", 505},
};

// --- status lines (4): `Content-Length: 0` and the empty line follow -----------------------------

struct status_line_row {
  const char* says;
  octets line;
  int status;  // 0: refused
  bool keep_alive = true;
};

inline constexpr status_line_row status_lines[] = {
    {"the plain one", "HTTP/1.1 200 OK", 200},
    {"HTTP/1.0 closes", "HTTP/1.0 200 OK", 200, false},
    {"a later minor version", "HTTP/1.7 200 OK", 200},
    {"an empty reason", "HTTP/1.1 200 ", 200},
    {"no reason, nor the space in front of it", "HTTP/1.1 200", 200},
    {"a reason of several words", "HTTP/1.1 404 Not Found At All", 404},
    {"a reason that means something else", "HTTP/1.1 500 OK", 500},
    {"a reason with TAB and obs-text", "HTTP/1.1 200 a\tb\xe9\xff", 200},
    {"a reason that starts with a space", "HTTP/1.1 200  OK", 200},
    {"a code nobody has registered", "HTTP/1.1 299 x", 299},
    {"the last code of a class", "HTTP/1.1 599 x", 599},
    {"a code of no class is passed on (9110 15)", "HTTP/1.1 999 x", 999},
    {"205", "HTTP/1.1 205 Reset Content", 205},
    {"426", "HTTP/1.1 426 Upgrade Required", 426},
    {"a code of two digits", "HTTP/1.1 20 OK", 0},
    {"a code of four digits", "HTTP/1.1 2000 OK", 0},
    {"a code below 100", "HTTP/1.1 099 x", 0},
    {"code 000", "HTTP/1.1 000 x", 0},
    {"a code with a sign", "HTTP/1.1 +20 OK", 0},
    {"a negative code", "HTTP/1.1 -20 OK", 0},
    {"a hexadecimal code", "HTTP/1.1 0x1 OK", 0},
    {"a code with a letter", "HTTP/1.1 2O0 OK", 0},
    {"no code", "HTTP/1.1 OK", 0},
    {"no code, and a space", "HTTP/1.1 ", 0},
    {"a version alone", "HTTP/1.1", 0},
    {"two spaces in front of the code", "HTTP/1.1  200 OK", 0},
    {"TAB in front of the code", "HTTP/1.1\t200 OK", 0},
    {"TAB behind the code", "HTTP/1.1 200\tOK", 0},
    {"a reason glued to the code", "HTTP/1.1 200OK", 0},
    {"a space in front", " HTTP/1.1 200 OK", 0},
    {"an empty line in front: the octets before were not what they seemed", "\r\nHTTP/1.1 200 OK", 0},
    {"http in lower case", "http/1.1 200 OK", 0},
    {"HTTP/2", "HTTP/2.0 200 OK", 0},
    {"HTTP/2 without a minor version", "HTTP/2 200", 0},
    {"HTTP/0.9", "HTTP/0.9 200 OK", 0},
    {"no minor version", "HTTP/1 200 OK", 0},
    {"ICY, as radio stations say", "ICY 200 OK", 0},
    {"HTTP without a version", "HTTP 200 OK", 0},
    {"a request line", "GET / HTTP/1.1", 0},
    {"text", "hello", 0},
    {"NUL in the reason", "HTTP/1.1 200 O\0K", 0},
    {"a control octet in the reason", "HTTP/1.1 200 O\x08K", 0},
    {"bare CR in the reason", "HTTP/1.1 200 O\rK", 0},
    {"bare LF in the reason", "HTTP/1.1 200 O\nK", 0},
    {"bare LF as the end of the line", "HTTP/1.1 200 OK\nX: y", 0},
    {"an SSH greeting", "SSH-2.0-OpenSSH_9.2", 0},
    {"an SMTP greeting", "220 a ESMTP", 0},
};

// --- field lines (5), in a request and in a response ----------------------------------------------

struct field_row {
  const char* says;
  octets lines;  // between other fields and the end of the head, without the last CRLF
  bool accepted;
  octets meaning = "";
};

inline constexpr field_row field_rows[] = {
    {"the plain one", "X: y", true, "X: y\n"},
    {"no space behind the colon", "X:y", true, "X: y\n"},
    {"blanks around a value are no part of it", "X: \t y z \t ", true, "X: y z\n"},
    {"an empty value", "X:", true, "X: \n"},
    {"a value of blanks", "X: \t ", true, "X: \n"},
    {"TAB inside a value", "X: a\tb", true, "X: a\tb\n"},
    {"obs-text in a value", "X: \x80\xc3\xa9\xff", true, "X: \x80\xc3\xa9\xff\n"},
    {"no-break space is no blank", "X: \xa0y\xa0", true, "X: \xa0y\xa0\n"},
    {"every visible octet", "X: !\"#$%&'()*+,-./0:;<=>?@AZ[\\]^_`az{|}~", true, "X: !\"#$%&'()*+,-./0:;<=>?@AZ[\\]^_`az{|}~\n"},
    {"a colon in a value", "X: a: b", true, "X: a: b\n"},
    {"a colon first in a value", "X::y", true, "X: :y\n"},
    {"every character of a token", "!#$%&'*+-.^_`|~09azAZ: y", true, "!#$%&'*+-.^_`|~09azAZ: y\n"},
    {"a name keeps its case", "x-OtHeR: y", true, "x-OtHeR: y\n"},
    {"a name of digits", "123: y", true, "123: y\n"},
    {"repeated lines stay apart, in order", "X: 1\r\nY: 2\r\nx: 3", true, "X: 1\nY: 2\nx: 3\n"},
    {"quotation marks mean nothing here", "X: \"a", true, "X: \"a\n"},
    {"what looks like a request in a value", "X: GET / HTTP/1.1", true, "X: GET / HTTP/1.1\n"},
    {"an escape in a value is not decoded", "X: %0d%0aY: z", true, "X: %0d%0aY: z\n"},
    {"a backslash and letters are no line end", "X: a\\r\\nY: z", true, "X: a\\r\\nY: z\n"},
    {"underscore is no hyphen: Content_Length", "Content_Length: 7", true, "Content_Length: 7\n"},
    {"underscore is no hyphen: Transfer_Encoding", "Transfer_Encoding: chunked", true, "Transfer_Encoding: chunked\n"},
    {"a longer name: Transfer-Encodings", "Transfer-Encodings: chunked", true, "Transfer-Encodings: chunked\n"},
    {"a longer name: X-Content-Length", "X-Content-Length: 9", true, "X-Content-Length: 9\n"},
    {"a method override is nobody's business here", "X-HTTP-Method-Override: PUT", true, "X-HTTP-Method-Override: PUT\n"},
    {"Connection may name itself", "Connection: x, y", true, "Connection: x, y\n"},
    // refused
    {"a space in front of the colon (5.1)", "X : y", false},
    {"TAB in front of the colon", "X\t: y", false},
    {"a space in front of the colon of Transfer-Encoding", "Transfer-Encoding : chunked", false},
    {"a space in front of the colon of Content-Length", "Content-Length : 5", false},
    {"a folded line (5.2)", "X: y\r\n z", false},
    {"a line folded with TAB", "X: y\r\n\tz", false},
    {"a folded line that looks like a field", "X: y\r\n Y: z", false},
    {"a folded line of blanks", "X: y\r\n ", false},
    {"a fold that hides chunked", "Transfer-Encoding:\r\n chunked", false},
    {"an indented field", " X: y", false},
    {"an empty name", ": y", false},
    {"no colon", "X", false},
    {"no colon, two words", "X y", false},
    {"a colon alone", ":", false},
    {"a blank line that is not empty", " ", false},
    {"a space in a name", "X Y: z", false},
    {"NUL in a name", "X\0: y", false},
    {"NUL in a value", "X: y\0z", false},
    {"NUL at the end of a value", "X: y\0", false},
    {"NUL behind Transfer-Encoding", "Transfer-Encoding\0: chunked", false},
    {"obs-text in a name", "X\xc3\xa9: y", false},
    {"quotation marks in a name", "\"X\": y", false},
    {"a parenthesis in a name", "X(: y", false},
    {"a slash in a name", "X/Y: z", false},
    {"an at sign in a name", "X@Y: z", false},
    {"a comma in a name", "X,Y: z", false},
    {"a semicolon in a name", "X;Y: z", false},
    {"an equals sign in a name", "X=Y: z", false},
    {"brackets in a name", "X[0]: z", false},
    {"braces in a name", "X{0}: z", false},
    {"a backslash in a name", "X\\Y: z", false},
    {"a question mark in a name", "X?: z", false},
    {"angle brackets in a name", "<X>: z", false},
    {"DEL in a name", "X\x7f: y", false},
    {"DEL in a value", "X: y\x7f", false},
    {"SOH in a value", "X: y\x01", false},
    {"backspace in a value", "X: y\bz", false},
    {"vertical tab in a value", "X: y\vz", false},
    {"vertical tab in front of a value", "X:\vy", false},
    {"form feed in a value", "X: y\fz", false},
    {"ESC in a value", "X: \x1b[31m", false},
    {"unit separator in a value", "X: a\x1f", false},
    {"vertical tab in front of chunked", "Transfer-Encoding: \vchunked", false},
    {"bare CR in a value", "X: y\rz", false},
    {"bare CR in a value, and what looks like a field", "X: y\rY: z", false},
    {"bare CR in front of a name", "\rX: y", false},
    {"CR CR LF", "X: y\r", false},
    {"bare CR between colon and value", "X:\ry", false},
    {"bare LF as the end of a line", "X: y\nY: z", false},
    {"bare LF in front of a name", "\nX: y", false},
    {"LF CR", "X: y\n\rY: z", false},
    {"bare LF as an empty line", "X: y\n", false},
    {"bare LF behind a CRLF", "X: y\r\n\nGET /evil HTTP/1.1\r\nHost: a", false},
    {"a request line among the fields", "GET / HTTP/1.1", false},
};

// --- request framing (6.3) and Host (3.2) ----------------------------------------------------------

struct framing_row {
  const char* says;
  octets lines;   // all fields, each with its CRLF
  octets behind;  // what follows the head
  int status;
  octets meaning = "";  // the fields
  octets body = "";
  const char* version = "HTTP/1.1";
  bool keep_alive = true;
};

inline constexpr framing_row request_framings[] = {
    {"no length is no body", "Host: a\r\n", "", 0, "Host: a\n"},
    {"a length", "Host: a\r\nContent-Length: 2\r\n", "hi", 0, "Host: a\nContent-Length: 2\n", "hi"},
    {"a length of 0", "Host: a\r\nContent-Length: 0\r\n", "", 0, "Host: a\nContent-Length: 0\n"},
    {"zeros in front of a length", "Host: a\r\nContent-Length: 0002\r\n", "hi", 0, "Host: a\nContent-Length: 0002\n", "hi"},
    {"names in any case", "hOST: a\r\ncONTENT-lENGTH: 2\r\n", "hi", 0, "hOST: a\ncONTENT-lENGTH: 2\n", "hi"},
    {"blanks around a length", "Host: a\r\nContent-Length: \t 2 \r\n", "hi", 0, "Host: a\nContent-Length: 2\n", "hi"},
    {"any octet in a body", "Host: a\r\nContent-Length: 8\r\n", "\0\r\n\xff\r\n\r\n", 0, "Host: a\nContent-Length: 8\n", "\0\r\n\xff\r\n\r\n"},
    {"a body that looks like a request", "Host: a\r\nContent-Length: 18\r\n", "GET / HTTP/1.1\r\n\r\n", 0, "Host: a\nContent-Length: 18\n", "GET / HTTP/1.1\r\n\r\n"},
    {"chunked", "Host: a\r\nTransfer-Encoding: chunked\r\n", "2\r\nhi\r\n0\r\n\r\n", 0, "Host: a\nTransfer-Encoding: chunked\n", "hi"},
    {"chunked in any case", "Host: a\r\ntransfer-encoding: cHuNkEd\r\n", "2\r\nhi\r\n0\r\n\r\n", 0, "Host: a\ntransfer-encoding: cHuNkEd\n", "hi"},
    {"HTTP/1.0 with a length closes", "Content-Length: 2\r\n", "hi", 0, "Content-Length: 2\n", "hi", "HTTP/1.0", false},
    {"HTTP/1.0 that asks to keep the connection", "Connection: keep-alive\r\nContent-Length: 2\r\n", "hi", 0, "Connection: keep-alive\nContent-Length: 2\n", "hi", "HTTP/1.0"},
    {"Connection: close", "Host: a\r\nConnection: close\r\n", "", 0, "Host: a\nConnection: close\n", "", "HTTP/1.1", false},
    {"close in a list, in any case", "Host: a\r\nConnection: x, CLOSE ,y\r\n", "", 0, "Host: a\nConnection: x, CLOSE ,y\n", "", "HTTP/1.1", false},
    {"close on a second line", "Host: a\r\nConnection: x\r\nConnection: close\r\n", "", 0, "Host: a\nConnection: x\nConnection: close\n", "", "HTTP/1.1", false},
    {"close beats keep-alive", "Host: a\r\nConnection: keep-alive, close\r\n", "", 0, "Host: a\nConnection: keep-alive, close\n", "", "HTTP/1.1", false},
    {"close beats keep-alive in HTTP/1.0", "Connection: keep-alive\r\nConnection: close\r\n", "", 0, "Connection: keep-alive\nConnection: close\n", "", "HTTP/1.0", false},
    {"a token that only contains close", "Host: a\r\nConnection: closed\r\n", "", 0, "Host: a\nConnection: closed\n"},
    {"keep-alive changes nothing in HTTP/1.1", "Host: a\r\nConnection: keep-alive\r\n", "", 0, "Host: a\nConnection: keep-alive\n"},
    {"Proxy-Connection means nothing", "Host: a\r\nProxy-Connection: close\r\n", "", 0, "Host: a\nProxy-Connection: close\n"},
    // lengths that are none
    {"an empty length", "Host: a\r\nContent-Length:\r\n", "", 400},
    {"a length with a plus sign", "Host: a\r\nContent-Length: +2\r\n", "hi", 400},
    {"a length with a minus sign", "Host: a\r\nContent-Length: -2\r\n", "hi", 400},
    {"minus zero", "Host: a\r\nContent-Length: -0\r\n", "", 400},
    {"a hexadecimal length", "Host: a\r\nContent-Length: 0x2\r\n", "hi", 400},
    {"hexadecimal digits", "Host: a\r\nContent-Length: a\r\n", "0123456789", 400},
    {"a length with a fraction", "Host: a\r\nContent-Length: 2.0\r\n", "hi", 400},
    {"a length with an exponent", "Host: a\r\nContent-Length: 2e0\r\n", "hi", 400},
    {"a length with an underscore", "Host: a\r\nContent-Length: 1_0\r\n", "0123456789", 400},
    {"a length with a blank in it", "Host: a\r\nContent-Length: 1 2\r\n", "hi", 400},
    {"a length with a suffix", "Host: a\r\nContent-Length: 2b\r\n", "hi", 400},
    {"a length with a semicolon", "Host: a\r\nContent-Length: 2;\r\n", "hi", 400},
    {"a length in quotation marks", "Host: a\r\nContent-Length: \"2\"\r\n", "hi", 400},
    {"a length with no-break space", "Host: a\r\nContent-Length: \xa0" "2\r\n", "hi", 400},
    {"digits of another script", "Host: a\r\nContent-Length: \xd9\xa2\r\n", "hi", 400},
    {"a length beyond 64 bits that wraps to 2", "Host: a\r\nContent-Length: 18446744073709551618\r\n", "hi", 400},
    {"a length of 2^64-1", "Host: a\r\nContent-Length: 18446744073709551615\r\n", "hi", 400},
    {"a length of 2^63", "Host: a\r\nContent-Length: 9223372036854775808\r\n", "hi", 400},
    {"a length beyond 32 bits that would wrap to 2 is cut, not short", "Host: a\r\nContent-Length: 99999999999999999999999999999999999\r\n", "hi", 400},
    {"a list of equal lengths", "Host: a\r\nContent-Length: 2, 2\r\n", "hi", 400},
    {"a list of two lengths", "Host: a\r\nContent-Length: 2, 3\r\n", "hi", 400},
    {"a list with an empty element", "Host: a\r\nContent-Length: 2,\r\n", "hi", 400},
    {"a list with an empty element in front", "Host: a\r\nContent-Length: ,2\r\n", "hi", 400},
    {"two lengths that agree", "Host: a\r\nContent-Length: 2\r\nContent-Length: 2\r\n", "hi", 400},
    {"two lengths that differ", "Host: a\r\nContent-Length: 2\r\nContent-Length: 3\r\n", "hi!", 400},
    {"two lengths, the first empty", "Host: a\r\nContent-Length:\r\nContent-Length: 2\r\n", "hi", 400},
    {"two lengths, other case", "Host: a\r\nContent-Length: 2\r\ncontent-length: 0\r\n", "hi", 400},
    // both
    {"a length and chunked", "Host: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n", 400},
    {"chunked and a length", "Host: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n", "0\r\n\r\n", 400},
    {"chunked and a length of 0", "Host: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 0\r\n", "0\r\n\r\n", 400},
    {"a broken coding and a length", "Host: a\r\nTransfer-Encoding: xchunked\r\nContent-Length: 2\r\n", "hi", 400},
    {"an empty coding and a length", "Host: a\r\nTransfer-Encoding:\r\nContent-Length: 2\r\n", "hi", 400},
    {"chunked in HTTP/1.0", "Transfer-Encoding: chunked\r\n", "0\r\n\r\n", 400, "", "", "HTTP/1.0"},
    {"chunked in HTTP/1.0 with keep-alive", "Connection: keep-alive\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n", 400, "", "", "HTTP/1.0"},
    {"both in HTTP/1.0", "Transfer-Encoding: chunked\r\nContent-Length: 2\r\n", "hi", 400, "", "", "HTTP/1.0"},
    // codings
    {"an empty coding", "Host: a\r\nTransfer-Encoding:\r\n", "", 400},
    {"identity", "Host: a\r\nTransfer-Encoding: identity\r\n", "", 400},
    {"gzip alone", "Host: a\r\nTransfer-Encoding: gzip\r\n", "", 400},
    {"gzip, then chunked: not implemented", "Host: a\r\nTransfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n", 501},
    {"an unknown coding, then chunked", "Host: a\r\nTransfer-Encoding: x, chunked\r\n", "0\r\n\r\n", 501},
    {"identity, then chunked", "Host: a\r\nTransfer-Encoding: identity, chunked\r\n", "0\r\n\r\n", 501},
    {"chunked, then gzip", "Host: a\r\nTransfer-Encoding: chunked, gzip\r\n", "0\r\n\r\n", 400},
    {"chunked, then identity", "Host: a\r\nTransfer-Encoding: chunked, identity\r\n", "0\r\n\r\n", 400},
    {"chunked twice", "Host: a\r\nTransfer-Encoding: chunked, chunked\r\n", "0\r\n\r\n", 400},
    {"chunked on two lines", "Host: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n", 400},
    {"gzip and chunked on two lines", "Host: a\r\nTransfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n", 400},
    {"chunked and identity on two lines", "Host: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", "0\r\n\r\n", 400},
    {"chunked with a parameter", "Host: a\r\nTransfer-Encoding: chunked;q=1\r\n", "0\r\n\r\n", 400},
    {"chunked with a semicolon", "Host: a\r\nTransfer-Encoding: chunked;\r\n", "0\r\n\r\n", 400},
    {"chunked with a comma behind", "Host: a\r\nTransfer-Encoding: chunked,\r\n", "0\r\n\r\n", 400},
    {"chunked with a comma in front", "Host: a\r\nTransfer-Encoding: ,chunked\r\n", "0\r\n\r\n", 400},
    {"xchunked", "Host: a\r\nTransfer-Encoding: xchunked\r\n", "0\r\n\r\n", 400},
    {"chunkedx", "Host: a\r\nTransfer-Encoding: chunkedx\r\n", "0\r\n\r\n", 400},
    {"chunked in quotation marks", "Host: a\r\nTransfer-Encoding: \"chunked\"\r\n", "0\r\n\r\n", 400},
    {"chunked in apostrophes", "Host: a\r\nTransfer-Encoding: 'chunked'\r\n", "0\r\n\r\n", 400},
    {"a blank in chunked", "Host: a\r\nTransfer-Encoding: chun ked\r\n", "0\r\n\r\n", 400},
    {"no-break space in front of chunked", "Host: a\r\nTransfer-Encoding: \xa0" "chunked\r\n", "0\r\n\r\n", 400},
    {"a line separator of Unicode behind chunked", "Host: a\r\nTransfer-Encoding: chunked\xc2\x85\r\n", "0\r\n\r\n", 400},
    {"chunked in front of a second colon", "Host: a\r\nTransfer-Encoding: : chunked\r\n", "0\r\n\r\n", 400},
    {"a quoted list that ends in chunked", "Host: a\r\nTransfer-Encoding: \"a, chunked\r\n", "0\r\n\r\n", 400},
    {"the word with a Kelvin sign in it", "Host: a\r\nTransfer-Encoding: chun\xe2\x84\xaa" "ed\r\n", "0\r\n\r\n", 400},
    // Host
    {"an empty Host", "Host:\r\n", "", 0, "Host: \n"},
    {"Host with a port", "Host: a:80\r\n", "", 0, "Host: a:80\n"},
    {"Host with an empty port", "Host: a:\r\n", "", 0, "Host: a:\n"},
    {"Host: an IPv4 address", "Host: 127.0.0.1:8080\r\n", "", 0, "Host: 127.0.0.1:8080\n"},
    {"Host: an IPv6 address", "Host: [::1]:8080\r\n", "", 0, "Host: [::1]:8080\n"},
    {"Host: a name with an escape and sub-delims", "Host: a%20b!$&'()*+,;=\r\n", "", 0, "Host: a%20b!$&'()*+,;=\n"},
    {"Host: an underscore, as some have", "Host: a_b\r\n", "", 0, "Host: a_b\n"},
    {"Host comes last", "X: y\r\nHost: a\r\n", "", 0, "X: y\nHost: a\n"},
    {"no Host in HTTP/1.0", "X: y\r\n", "", 0, "X: y\n", "", "HTTP/1.0", false},
    {"no Host in HTTP/1.1", "X: y\r\n", "", 400},
    {"no field at all", "", "", 400},
    {"no Host in HTTP/1.2", "X: y\r\n", "", 400, "", "", "HTTP/1.2"},
    {"two Hosts that agree", "Host: a\r\nHost: a\r\n", "", 400},
    {"two Hosts that differ", "Host: a\r\nHost: b\r\n", "", 400},
    {"two Hosts, one empty", "Host:\r\nHost: b\r\n", "", 400},
    {"two Hosts in HTTP/1.0", "Host: a\r\nhost: b\r\n", "", 400, "", "", "HTTP/1.0"},
    {"Host with a path", "Host: a/b\r\n", "", 400},
    {"Host with a query", "Host: a?b\r\n", "", 400},
    {"Host with a fragment", "Host: a#b\r\n", "", 400},
    {"Host with userinfo", "Host: u@a\r\n", "", 400},
    {"Host with a scheme", "Host: http://a\r\n", "", 400},
    {"Host with a blank", "Host: a b\r\n", "", 400},
    {"Host with a TAB", "Host: a\tb\r\n", "", 400},
    {"Host with obs-text", "Host: \xc3\xa9\r\n", "", 400},
    {"Host with a backslash", "Host: a\\b\r\n", "", 400},
    {"Host with quotation marks", "Host: \"a\"\r\n", "", 400},
    {"Host with angle brackets", "Host: <a>\r\n", "", 400},
    {"Host with a broken escape", "Host: a%2\r\n", "", 400},
    {"Host with an escape that is none", "Host: a%zz\r\n", "", 400},
    {"Host with a port that is no number", "Host: a:b\r\n", "", 400},
    {"Host with a port out of range", "Host: a:65536\r\n", "", 400},
    {"Host with a signed port", "Host: a:+80\r\n", "", 400},
    {"Host with two ports", "Host: a:80:81\r\n", "", 400},
    {"Host: a port alone", "Host: :80\r\n", "", 400},
    {"Host: an IPv6 address without brackets", "Host: ::1\r\n", "", 400},
    {"Host: a bracket left open", "Host: [::1\r\n", "", 400},
    {"Host: a bracket too many", "Host: ::1]\r\n", "", 400},
    {"Host: octets behind a bracket", "Host: [::1]x\r\n", "", 400},
    {"Host: brackets around nothing", "Host: []\r\n", "", 400},
    {"Host: brackets around a name", "Host: [evil]\r\n", "", 400},
    {"Host: an IPv6 zone", "Host: [fe80::1%25eth0]\r\n", "", 400},
    {"a malformed Host in HTTP/1.0", "Host: a/b\r\n", "", 400, "", "", "HTTP/1.0"},
};

// --- chunked bodies (7.1), in a request and in a response -----------------------------------------

enum class chunked { whole, broken, broken_431, cut };

struct chunked_row {
  const char* says;
  octets wire;
  chunked verdict;
  octets body = "";
  octets trailers = "";
};

inline constexpr chunked_row chunked_bodies[] = {
    {"nothing but the end", "0\r\n\r\n", chunked::whole},
    {"one chunk", "2\r\nhi\r\n0\r\n\r\n", chunked::whole, "hi"},
    {"several chunks", "1\r\na\r\n2\r\nbc\r\n3\r\ndef\r\n0\r\n\r\n", chunked::whole, "abcdef"},
    {"hexadecimal digits of both cases", "a\r\n0123456789\r\nB\r\n0123456789a\r\n0\r\n\r\n", chunked::whole, "01234567890123456789a"},
    {"zeros in front", "00002\r\nhi\r\n0\r\n\r\n", chunked::whole, "hi"},
    {"an end of several zeros", "2\r\nhi\r\n000\r\n\r\n", chunked::whole, "hi"},
    {"a size in twenty digits", "00000000000000000002\r\nhi\r\n0\r\n\r\n", chunked::whole, "hi"},
    {"data that look like a chunk header", "5\r\n0\r\n\r\n\r\n0\r\n\r\n", chunked::whole, "0\r\n\r\n"},
    {"any octet as data", "4\r\n\0\xff\r\n\r\n0\r\n\r\n", chunked::whole, "\0\xff\r\n"},
    // extensions (7.1.1): skipped
    {"an extension", "2;a=b\r\nhi\r\n0\r\n\r\n", chunked::whole, "hi"},
    {"an extension without a value", "2;a\r\nhi\r\n0\r\n\r\n", chunked::whole, "hi"},
    {"several extensions", "2;a=b;c;d=e\r\nhi\r\n0\r\n\r\n", chunked::whole, "hi"},
    {"blanks around an extension", "2 \t; a = b\r\nhi\r\n0\r\n\r\n", chunked::whole, "hi"},
    {"a quoted value", "2;a=\"b;c\\\"d\"\r\nhi\r\n0\r\n\r\n", chunked::whole, "hi"},
    {"obs-text in a quoted value", "2;a=\"\xc3\xa9\"\r\nhi\r\n0\r\n\r\n", chunked::whole, "hi"},
    {"an extension of the end", "2\r\nhi\r\n0;a=b\r\n\r\n", chunked::whole, "hi"},
    {"digits in an extension are no size", "2;f=ff\r\nhi\r\n0\r\n\r\n", chunked::whole, "hi"},
    // trailers (7.1.2)
    {"a trailer", "2\r\nhi\r\n0\r\nX: y\r\n\r\n", chunked::whole, "hi", "X: y\n"},
    {"several trailers, in order", "0\r\nX: 1\r\nY: 2\r\nx: 3\r\n\r\n", chunked::whole, "", "X: 1\nY: 2\nx: 3\n"},
    {"a trailer with blanks around its value", "0\r\nX: \t y \r\n\r\n", chunked::whole, "", "X: y\n"},
    {"a trailer with an empty value", "0\r\nX:\r\n\r\n", chunked::whole, "", "X: \n"},
    {"ETag and a digest are fine there", "0\r\nETag: \"a\"\r\nContent-Digest: sha-256=:x:\r\n\r\n", chunked::whole, "", "ETag: \"a\"\nContent-Digest: sha-256=:x:\n"},
    // sizes that are none
    {"an empty size", "\r\nhi\r\n0\r\n\r\n", chunked::broken},
    {"an extension without a size", ";a=b\r\nhi\r\n0\r\n\r\n", chunked::broken},
    {"a plus sign", "+2\r\nhi\r\n0\r\n\r\n", chunked::broken},
    {"a minus sign", "-2\r\nhi\r\n0\r\n\r\n", chunked::broken},
    {"minus zero", "-0\r\n\r\n", chunked::broken},
    {"a prefix", "0x2\r\nhi\r\n0\r\n\r\n", chunked::broken},
    {"a capital prefix", "0X2\r\nhi\r\n0\r\n\r\n", chunked::broken},
    {"an underscore", "1_0\r\n0123456789abcdef\r\n0\r\n\r\n", chunked::broken},
    {"a suffix", "2h\r\nhi\r\n0\r\n\r\n", chunked::broken},
    {"the letter after f", "g\r\n0123456789abcdef\r\n0\r\n\r\n", chunked::broken},
    {"a fraction", "2.0\r\nhi\r\n0\r\n\r\n", chunked::broken},
    {"a comma", "2,2\r\nhi\r\n0\r\n\r\n", chunked::broken},
    {"quotation marks", "\"2\"\r\nhi\r\n0\r\n\r\n", chunked::broken},
    {"a blank in front", " 2\r\nhi\r\n0\r\n\r\n", chunked::broken},
    {"a TAB in front", "\t2\r\nhi\r\n0\r\n\r\n", chunked::broken},
    {"a blank behind", "2 \r\nhi\r\n0\r\n\r\n", chunked::broken},
    {"a TAB behind", "2\t\r\nhi\r\n0\r\n\r\n", chunked::broken},
    {"a blank inside", "1 0\r\n0123456789abcdef\r\n0\r\n\r\n", chunked::broken},
    {"a blank and a word", "2 hi\r\nhi\r\n0\r\n\r\n", chunked::broken},
    {"NUL in front", "\0" "2\r\nhi\r\n0\r\n\r\n", chunked::broken},
    {"NUL behind", "2\0\r\nhi\r\n0\r\n\r\n", chunked::broken},
    {"vertical tab in front", "\v2\r\nhi\r\n0\r\n\r\n", chunked::broken},
    {"digits of another script", "\xd9\xa2\r\nhi\r\n0\r\n\r\n", chunked::broken},
    {"a size beyond 64 bits that wraps to 2", "10000000000000002\r\nhi\r\n0\r\n\r\n", chunked::broken},
    {"a size of 2^64-1", "ffffffffffffffff\r\nhi\r\n0\r\n\r\n", chunked::broken},
    {"a size of 2^63", "8000000000000000\r\nhi\r\n0\r\n\r\n", chunked::broken},
    {"a size of many digits", "fffffffffffffffffffffffffffffff\r\nhi\r\n0\r\n\r\n", chunked::broken},
    {"a size beyond 32 bits that would wrap to 2 is cut", "100000002\r\nhi\r\n0\r\n\r\n", chunked::cut},
    // line ends
    {"bare LF behind a size", "2\nhi\r\n0\r\n\r\n", chunked::broken},
    {"bare LF behind an extension", "2;a\nhi\r\n0\r\n\r\n", chunked::broken},
    {"bare LF inside an extension, and a chunk behind it", "2;\nxx\r\n4c\r\n0\r\n\r\n", chunked::broken},
    {"bare CR behind a size", "2\rhi\r\n0\r\n\r\n", chunked::broken},
    {"bare CR inside an extension", "2;a\rb\r\nhi\r\n0\r\n\r\n", chunked::broken},
    {"CR CR LF behind a size", "2\r\r\nhi\r\n0\r\n\r\n", chunked::broken},
    {"bare LF behind the end's size", "0\n\r\n", chunked::broken},
    {"a control octet in an extension", "2;a=\x01\r\nhi\r\n0\r\n\r\n", chunked::broken},
    {"NUL in an extension", "2;a=\0\r\nhi\r\n0\r\n\r\n", chunked::broken},
    {"no CRLF behind the data", "2\r\nhi0\r\n\r\n", chunked::broken},
    {"bare LF behind the data", "2\r\nhi\n0\r\n\r\n", chunked::broken},
    {"bare CR behind the data", "2\r\nhi\r0\r\n\r\n", chunked::broken},
    {"more data than the size says", "2\r\nhi!\r\n0\r\n\r\n", chunked::broken},
    {"two octets for the CRLF behind the data", "2\r\nhiXX0\r\n\r\n", chunked::broken},
    {"LF CR behind the data", "2\r\nhi\n\r0\r\n\r\n", chunked::broken},
    {"an empty line between chunks", "2\r\nhi\r\n\r\n0\r\n\r\n", chunked::broken},
    {"bare LF for the last line", "0\r\n\n", chunked::broken},
    {"bare CR for the last line", "0\r\n\rX", chunked::broken},
    // trailers that are none
    {"a trailer without a colon", "0\r\nX\r\n\r\n", chunked::broken},
    {"a request instead of the last CRLF", "0\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", chunked::broken},
    {"a trailer with a space in front of the colon", "0\r\nX : y\r\n\r\n", chunked::broken},
    {"an indented trailer", "0\r\n X: y\r\n\r\n", chunked::broken},
    {"a folded trailer", "0\r\nX: y\r\n z\r\n\r\n", chunked::broken},
    {"a trailer with an empty name", "0\r\n: y\r\n\r\n", chunked::broken},
    {"NUL in a trailer", "0\r\nX: \0\r\n\r\n", chunked::broken},
    {"bare LF behind a trailer", "0\r\nX: y\n\r\n", chunked::broken},
    {"bare CR in a trailer", "0\r\nX: y\rz\r\n\r\n", chunked::broken},
    {"Content-Length as a trailer", "0\r\nContent-Length: 5\r\n\r\n", chunked::broken},
    {"Transfer-Encoding as a trailer", "0\r\nTransfer-Encoding: chunked\r\n\r\n", chunked::broken},
    {"Host as a trailer", "0\r\nhost: b\r\n\r\n", chunked::broken},
    {"Connection as a trailer", "0\r\nConnection: close\r\n\r\n", chunked::broken},
    {"Authorization as a trailer", "0\r\nAuthorization: Basic eDp5\r\n\r\n", chunked::broken},
    {"Cookie as a trailer", "0\r\nCookie: a=b\r\n\r\n", chunked::broken},
    {"Content-Type as a trailer", "0\r\nContent-Type: text/html\r\n\r\n", chunked::broken},
    {"Trailer as a trailer", "0\r\nTrailer: X\r\n\r\n", chunked::broken},
    // cut off
    {"nothing", "", chunked::cut},
    {"cut in a size", "1", chunked::cut},
    {"cut in the CRLF of a size", "2\r", chunked::cut},
    {"cut in front of data", "2\r\n", chunked::cut},
    {"cut in data", "2\r\nh", chunked::cut},
    {"cut in front of the data's CRLF", "2\r\nhi", chunked::cut},
    {"cut in the data's CRLF", "2\r\nhi\r", chunked::cut},
    {"cut between chunks", "2\r\nhi\r\n", chunked::cut},
    {"cut in the end's size", "2\r\nhi\r\n0", chunked::cut},
    {"cut behind the end's size", "2\r\nhi\r\n0\r\n", chunked::cut},
    {"cut in the last CRLF", "2\r\nhi\r\n0\r\n\r", chunked::cut},
    {"cut in an extension", "2;a=", chunked::cut},
    {"cut in a trailer", "0\r\nX: y", chunked::cut},
    {"cut behind a trailer", "0\r\nX: y\r\n", chunked::cut},
};

// --- whole requests ---------------------------------------------------------------------------------

struct request_row {
  const char* says;
  octets wire;
  fault at;
  int status;
  const char* method = "GET";
  const char* target = "/";
  const char* version = "HTTP/1.1";
  octets fields = "";
  octets body = "";
  bool keep_alive = true;
};

inline constexpr request_row whole_requests[] = {
    {"one empty line in front is skipped (2.2)", "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", fault::none, 0, "GET", "/", "HTTP/1.1", "Host: a\n"},
    {"as many empty lines as are allowed", "\r\n\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", fault::none, 0, "GET", "/", "HTTP/1.1", "Host: a\n"},
    {"an empty line too many", "\r\n\r\n\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", fault::head, 400},
    {"a bare LF in front", "\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", fault::head, 400},
    {"a bare CR in front", "\rGET / HTTP/1.1\r\nHost: a\r\n\r\n", fault::head, 400},
    {"a line of blanks in front", " \r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", fault::head, 400},
    {"a byte order mark in front", "\xef\xbb\xbfGET / HTTP/1.1\r\nHost: a\r\n\r\n", fault::head, 400},
    {"NUL in front", "\0" "GET / HTTP/1.1\r\nHost: a\r\n\r\n", fault::head, 400},
    {"line feeds alone all over", "GET / HTTP/1.1\nHost: a\n\n", fault::head, 400},
    {"carriage returns alone all over", "GET / HTTP/1.1\rHost: a\r\r", fault::head, 400},
    {"LF CR all over", "GET / HTTP/1.1\n\rHost: a\n\r\n\r", fault::head, 400},
    {"HTTP/0.9", "GET /\r\n", fault::head, 400},
    {"HTTP/1.0 without a field", "GET / HTTP/1.0\r\n\r\n", fault::none, 0, "GET", "/", "HTTP/1.0", "", "", false},
    {"the first field line is indented", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", fault::head, 400},
    {"the first field line is indented, and the second is what it hides", "GET / HTTP/1.1\r\n \r\nHost: a\r\n\r\n", fault::head, 400},
    {"an HTTP/2 preface with its first frame", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0", fault::head, 505},
    {"a TLS hello", "\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03", fault::head, 400},
    {"an SSH greeting", "SSH-2.0-OpenSSH_9.2\r\n", fault::head, 400},
    {"a proxy's PROXY line", "PROXY TCP4 127.0.0.1 127.0.0.1 1 2\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", fault::head, 400},
    {"an SMTP greeting", "EHLO a\r\n", fault::head, 400},
    {"a memcached command", "get a\r\n", fault::head, 400},
    {"a Redis command", "*1\r\n$4\r\nPING\r\n", fault::head, 400},
    {"HEAD with a body is read to its end", "HEAD / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi", fault::none, 0, "HEAD", "/", "HTTP/1.1", "Host: a\nContent-Length: 2\n", "hi"},
    {"GET with a body is read to its end", "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi", fault::none, 0, "GET", "/", "HTTP/1.1", "Host: a\nContent-Length: 2\n", "hi"},
    {"GET with a chunked body", "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n", fault::none, 0, "GET", "/", "HTTP/1.1", "Host: a\nTransfer-Encoding: chunked\n", "hi"},
    {"PUT without a length has no body", "PUT / HTTP/1.1\r\nHost: a\r\n\r\n", fault::none, 0, "PUT", "/", "HTTP/1.1", "Host: a\n"},
    {"Expect changes nothing on the wire", "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nhi", fault::none, 0, "POST", "/", "HTTP/1.1", "Host: a\nExpect: 100-continue\nContent-Length: 2\n", "hi"},
    {"Upgrade to h2c is not taken", "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n", fault::none, 0, "GET", "/", "HTTP/1.1", "Host: a\nConnection: Upgrade, HTTP2-Settings\nUpgrade: h2c\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\n"},
    {"an absolute form beats its Host", "GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n", fault::none, 0, "GET", "http://b/", "HTTP/1.1", "Host: a\n"},
    {"an absolute form does without no Host", "GET http://b/ HTTP/1.1\r\n\r\n", fault::head, 400},
    {"CONNECT with a matching Host", "CONNECT b:443 HTTP/1.1\r\nHost: b:443\r\n\r\n", fault::none, 0, "CONNECT", "b:443", "HTTP/1.1", "Host: b:443\n"},
    {"what a browser sends", "GET /favicon.ico HTTP/1.1\r\nHost: localhost:8080\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64)\r\nAccept: image/avif,image/webp,*/*;q=0.8\r\nAccept-Language: en-US,en;q=0.5\r\nAccept-Encoding: gzip, deflate, br\r\nConnection: keep-alive\r\nCookie: a=b; c=d\r\n\r\n", fault::none, 0, "GET", "/favicon.ico", "HTTP/1.1", "Host: localhost:8080\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64)\nAccept: image/avif,image/webp,*/*;q=0.8\nAccept-Language: en-US,en;q=0.5\nAccept-Encoding: gzip, deflate, br\nConnection: keep-alive\nCookie: a=b; c=d\n"},
    {"what ab sends", "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\nHost: 127.0.0.1:8000\r\nUser-Agent: ApacheBench/2.3\r\nAccept: */*\r\n\r\n", fault::none, 0, "GET", "/", "HTTP/1.0", "Connection: Keep-Alive\nHost: 127.0.0.1:8000\nUser-Agent: ApacheBench/2.3\nAccept: */*\n"},
    {"cut in a method", "GE", fault::close, 400},
    {"cut in a target", "GET /", fault::close, 400},
    {"cut in a version", "GET / HTTP/1.", fault::close, 400},
    {"cut in the request line's CRLF", "GET / HTTP/1.1\r", fault::close, 400},
    {"cut behind the request line", "GET / HTTP/1.1\r\n", fault::close, 400},
    {"cut in a field", "GET / HTTP/1.1\r\nHost: ", fault::close, 400},
    {"cut in front of the last CRLF", "GET / HTTP/1.1\r\nHost: a\r\n", fault::close, 400},
    {"cut in the last CRLF", "GET / HTTP/1.1\r\nHost: a\r\n\r", fault::close, 400},
    {"cut in front of a body", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n", fault::close, 400},
    {"cut in a body", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nhi", fault::close, 400},
    {"cut in a body of HTTP/1.0", "POST / HTTP/1.0\r\nContent-Length: 3\r\n\r\nhi", fault::close, 400},
    {"a length beyond 32 bits is not short", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4294967298\r\n\r\nhi", fault::close, 400},
    {"the largest length that is taken", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4611686018427387904\r\n\r\nhi", fault::close, 400},
};

// --- whole responses --------------------------------------------------------------------------------

struct response_row {
  const char* says;
  const char* asked;
  octets wire;
  fault at;
  int status = 200;
  octets fields = "";
  octets body = "";
  bool keep_alive = true;
  bool until_close = false;
  octets interim = "";
};

inline constexpr response_row whole_responses[] = {
    {"by length", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", fault::none, 200, "Content-Length: 2\n", "hi"},
    {"by length, empty", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", fault::none, 200, "Content-Length: 0\n"},
    {"chunked", "GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n", fault::none, 200, "Transfer-Encoding: chunked\n", "hi"},
    {"until close", "GET", "HTTP/1.1 200 OK\r\n\r\nhi", fault::none, 200, "", "hi", false, true},
    {"until close, empty", "GET", "HTTP/1.1 200 OK\r\n\r\n", fault::none, 200, "", "", false, true},
    {"until close in HTTP/1.0", "GET", "HTTP/1.0 200 OK\r\n\r\nhi", fault::none, 200, "", "hi", false, true},
    {"until close although it promises keep-alive", "GET", "HTTP/1.1 200 OK\r\nConnection: keep-alive\r\n\r\nhi", fault::none, 200, "Connection: keep-alive\n", "hi", false, true},
    {"HTTP/1.0 with keep-alive", "GET", "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nhi", fault::none, 200, "Connection: keep-alive\nContent-Length: 2\n", "hi"},
    {"HTTP/1.0 without keep-alive", "GET", "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi", fault::none, 200, "Content-Length: 2\n", "hi", false},
    {"Connection: close", "GET", "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi", fault::none, 200, "Connection: close\nContent-Length: 2\n", "hi", false},
    {"lengths on two lines that agree", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nhi", fault::none, 200, "Content-Length: 2\nContent-Length: 2\n", "hi"},
    {"a body that looks like a response", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 19\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", fault::none, 200, "Content-Length: 19\n", "HTTP/1.1 200 OK\r\n\r\n"},
    {"an error with a body", "GET", "HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno", fault::none, 404, "Content-Length: 2\n", "no"},
    {"205 with the length it has", "GET", "HTTP/1.1 205 Reset Content\r\nContent-Length: 0\r\n\r\n", fault::none, 205, "Content-Length: 0\n"},
    // no body whatever the fields say (6.3, rule 1)
    {"HEAD with a length", "HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", fault::none, 200, "Content-Length: 1000\n"},
    {"HEAD with chunked", "HEAD", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", fault::none, 200, "Transfer-Encoding: chunked\n"},
    {"HEAD without either", "HEAD", "HTTP/1.1 200 OK\r\n\r\n", fault::none, 200},
    {"HEAD with both", "HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n", fault::none, 200, "Content-Length: 2\nTransfer-Encoding: chunked\n"},
    {"HEAD that failed", "HEAD", "HTTP/1.1 404 Not Found\r\nContent-Length: 5\r\n\r\n", fault::none, 404, "Content-Length: 5\n"},
    {"204 with a length", "GET", "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", fault::none, 204, "Content-Length: 5\n"},
    {"204 with chunked", "GET", "HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n", fault::none, 204, "Transfer-Encoding: chunked\n"},
    {"204 without either", "DELETE", "HTTP/1.1 204 No Content\r\n\r\n", fault::none, 204},
    {"304 with a length", "GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\nETag: \"a\"\r\n\r\n", fault::none, 304, "Content-Length: 5\nETag: \"a\"\n"},
    {"304 without a length", "GET", "HTTP/1.1 304 Not Modified\r\n\r\n", fault::none, 304},
    {"2xx of CONNECT is a tunnel, not a message", "CONNECT", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", fault::none, 200, "Content-Length: 5\n", "", false},
    {"a refused CONNECT has a body", "CONNECT", "HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno", fault::none, 403, "Content-Length: 2\n", "no"},
    // interim responses
    {"100, then the final one", "POST", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", fault::none, 200, "Content-Length: 0\n", "", true, false, "interim 100\n"},
    {"103 with fields, then the final one without them", "GET", "HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", fault::none, 200, "Content-Length: 0\n", "", true, false, "interim 103\nLink: </a>; rel=preload\n"},
    {"several interim ones", "GET", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n", fault::none, 204, "", "", true, false, "interim 100\ninterim 103\ninterim 103\n"},
    {"an interim one nobody has registered", "GET", "HTTP/1.1 199 x\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n", fault::none, 204, "", "", true, false, "interim 199\n"},
    {"an interim one has no body whatever it says", "GET", "HTTP/1.1 100 Continue\r\nContent-Length: 5\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n", fault::none, 204, "", "", true, false, "interim 100\nContent-Length: 5\n"},
    {"close in an interim one is not the final one's", "GET", "HTTP/1.1 102 Processing\r\nConnection: close\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n", fault::none, 204, "", "", true, false, "interim 102\nConnection: close\n"},
    {"101 that nobody asked for", "GET", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n", fault::head},
    {"nothing behind an interim one", "GET", "HTTP/1.1 100 Continue\r\n\r\n", fault::close},
    // refused framing
    {"lengths that differ", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nhi!", fault::head},
    {"a list of lengths", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\nhi", fault::head},
    {"an empty length", "GET", "HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\nhi", fault::head},
    {"a signed length", "GET", "HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\nhi", fault::head},
    {"a negative length", "GET", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nhi", fault::head},
    {"a hexadecimal length", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 0x2\r\n\r\nhi", fault::head},
    {"a length beyond 64 bits", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551618\r\n\r\nhi", fault::head},
    {"a length and chunked", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", fault::head},
    {"chunked in HTTP/1.0", "GET", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", fault::head},
    {"gzip alone", "GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nhi", fault::head},
    {"identity", "GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\nhi", fault::head},
    {"gzip, then chunked", "GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", fault::head},
    {"chunked twice", "GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", fault::head},
    {"an empty coding", "GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding:\r\n\r\nhi", fault::head},
    {"HTTP/0.9: a body without a head", "GET", "<html>hi</html>\n", fault::head},
    {"an HTTP/2 settings frame", "GET", "\0\0\x12\x04\0\0\0\0\0", fault::head},
    {"a TLS alert", "GET", "\x15\x03\x01\0\x02\x02\x46", fault::head},
    {"line feeds alone all over", "GET", "HTTP/1.1 200 OK\nContent-Length: 0\n\n", fault::head},
    // cut off
    {"nothing at all", "GET", "", fault::close},
    {"cut in a version", "GET", "HTTP/1.", fault::close},
    {"cut behind the status line", "GET", "HTTP/1.1 200 OK\r\n", fault::close},
    {"cut in a field", "GET", "HTTP/1.1 200 OK\r\nContent-Len", fault::close},
    {"cut in the last CRLF", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r", fault::close},
    {"cut in front of a body", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", fault::close},
    {"cut in a body", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nh", fault::close},
    {"cut in a body of HTTP/1.0", "GET", "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nh", fault::close},
    {"cut in the head of a HEAD", "HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n", fault::close},
};

}  // namespace wire
