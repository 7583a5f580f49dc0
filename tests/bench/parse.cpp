// What it costs to read and to write heads.  parse MILLISECONDS
//
// Five kinds of requests from the small to the large, read by our connection into a `request` with
// every check on, by http_parser and by Boost.Beast; and the limits, a sweep of the octets for
// delimiters by SSE2, one by AVX2 and a memcpy. One line of JSON for each.
#include <tinyhttp/h1/connection.hpp>

#if __has_include(<http_parser.h>)
#include <http_parser.h>
#define HAS_HTTP_PARSER 1
#endif
#if __has_include(<boost/beast/http.hpp>)
#include <boost/beast/http.hpp>
#define HAS_BEAST 1
#endif

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include <immintrin.h>

namespace th = tinyhttp;

namespace {

std::chrono::milliseconds at_least{100};

template <class F>
void measure(const char* head, const char* parser, F once) {
  using steady = std::chrono::steady_clock;
  std::size_t count = 64;
  for (;;) {
    const auto began = steady::now();
    for (std::size_t i = 0; i < count; ++i) once();
    const auto took = steady::now() - began;
    if (took >= at_least) {
      const double each = std::chrono::duration<double, std::nano>(took).count() / static_cast<double>(count);
      std::printf("{\"head\": \"%s\", \"parser\": \"%s\", \"ns\": %.2f}\n", head, parser, each);
      return;
    }
    count *= 2;
  }
}

template <class T>
void keep(const T& value) {
  asm volatile("" : : "g"(&value) : "memory");
}

struct kind {
  const char* name;
  std::string octets;
};

std::vector<kind> requests() {
  const std::string browser =
      "Host: www.example.com\r\nConnection: keep-alive\r\nCache-Control: max-age=0\r\n"
      "Upgrade-Insecure-Requests: 1\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 "
      "(KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36\r\nAccept: text/html,application/xhtml+xml,"
      "application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8\r\nAccept-Encoding: gzip, deflate, br\r\n"
      "Accept-Language: en-GB,en;q=0.9,de;q=0.8\r\n";
  std::vector<kind> all;
  all.push_back({"smallest", "GET / HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n"});
  all.push_back({"tool", "GET /files/report.pdf HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nUser-Agent: curl/7.88.1\r\n"
                         "Accept: */*\r\n\r\n"});
  all.push_back({"browser", "GET /index.html HTTP/1.1\r\n" + browser + "\r\n"});
  all.push_back({"conditional", "GET /static/app.js?v=17 HTTP/1.1\r\n" + browser +
                                    "Referer: https://www.example.com/index.html\r\nIf-None-Match: \"5f3a-1c9d\"\r\n"
                                    "If-Modified-Since: Tue, 15 Nov 1994 12:45:26 GMT\r\n\r\n"});
  all.push_back({"cookies", "GET /account/orders HTTP/1.1\r\n" + browser + "Cookie: session=" +
                                std::string(1200, 'a') + "; theme=dark; consent=" + std::string(824, 'b') + "\r\n\r\n"});
  return all;
}

struct ours {
  th::h1::limits bounds;
  th::request into;
  th::buffer room;

  void parse(const std::string& octets) {
    th::h1::connection wire(th::h1::side::server, bounds);
    wire.take_memory(room);
    wire.receive(octets);
    if (wire.next_event(into).what != th::h1::wire_event::kind::head) std::abort();
    keep(into);
    wire.give_memory(room, 1 << 20);
  }
};

#ifdef HAS_HTTP_PARSER
void parse_http_parser(const std::string& octets) {
  http_parser_settings settings;
  http_parser_settings_init(&settings);
  static unsigned seen;
  const auto note = [](http_parser*, const char*, std::size_t size) { return seen += static_cast<unsigned>(size), 0; };
  settings.on_url = settings.on_header_field = settings.on_header_value = note;
  http_parser parser;
  http_parser_init(&parser, HTTP_REQUEST);
  if (http_parser_execute(&parser, &settings, octets.data(), octets.size()) != octets.size()) std::abort();
  keep(seen);
}
#endif

#ifdef HAS_BEAST
void parse_beast(const std::string& octets) {
  namespace http = boost::beast::http;
  http::request_parser<http::empty_body> parser;
  boost::beast::error_code failed;
  parser.put(boost::asio::buffer(octets.data(), octets.size()), failed);
  if (failed || !parser.is_header_done()) std::abort();
  keep(parser);
}
#endif

/// Looks at each octet once, for the delimiters that a parser needs to know of.
unsigned sweep(const std::string& octets) {
  const __m128i colon = _mm_set1_epi8(':');
  const __m128i highest_control = _mm_set1_epi8(0x1f);
  unsigned found = 0;
  std::size_t at = 0;
  for (; at + 16 <= octets.size(); at += 16) {
    const __m128i x = _mm_loadu_si128(reinterpret_cast<const __m128i*>(octets.data() + at));
    const __m128i hit = _mm_or_si128(_mm_cmpeq_epi8(x, colon), _mm_cmpeq_epi8(_mm_min_epu8(x, highest_control), x));
    for (auto mask = static_cast<unsigned>(_mm_movemask_epi8(hit)); mask != 0; mask &= mask - 1)
      found += static_cast<unsigned>(__builtin_ctz(mask));
  }
  for (; at < octets.size(); ++at) found += octets[at] == ':' || octets[at] < 0x20;
  return found;
}

/// The same, 32 octets at a time. Only where the processor can.
__attribute__((target("avx2"))) unsigned sweep_avx2(const std::string& octets) {
  const __m256i colon = _mm256_set1_epi8(':');
  const __m256i highest_control = _mm256_set1_epi8(0x1f);
  unsigned found = 0;
  std::size_t at = 0;
  for (; at + 32 <= octets.size(); at += 32) {
    const __m256i x = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(octets.data() + at));
    const __m256i hit =
        _mm256_or_si256(_mm256_cmpeq_epi8(x, colon), _mm256_cmpeq_epi8(_mm256_min_epu8(x, highest_control), x));
    for (auto mask = static_cast<unsigned>(_mm256_movemask_epi8(hit)); mask != 0; mask &= mask - 1)
      found += static_cast<unsigned>(__builtin_ctz(mask));
  }
  for (; at < octets.size(); ++at) found += octets[at] == ':' || octets[at] < 0x20;
  return found;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1) at_least = std::chrono::milliseconds(std::atoi(argv[1]));
  ours reader;
  std::vector<char> copy(8192);
  for (const auto& [name, octets] : requests()) {
    const std::string label = std::string(name) + " " + std::to_string(octets.size());
    measure(label.c_str(), "tinyhttp", [&] { reader.parse(octets); });
#ifdef HAS_HTTP_PARSER
    measure(label.c_str(), "http_parser", [&] { parse_http_parser(octets); });
#endif
#ifdef HAS_BEAST
    measure(label.c_str(), "Beast", [&] { parse_beast(octets); });
#endif
    measure(label.c_str(), "sweep, SSE2", [&] { keep(sweep(octets)); });
    if (__builtin_cpu_supports("avx2"))
      measure(label.c_str(), "sweep, AVX2", [&] { keep(sweep_avx2(octets)); });
    measure(label.c_str(), "memcpy", [&] {
      std::memcpy(copy.data(), octets.data(), octets.size());
      keep(copy[0]);
    });
  }
  th::response small = th::text("Hello, World!");
  th::buffer out;
  const th::h1::outgoing plan = th::h1::plan_response(small, th::method::get, th::http_version::http_1_1, true);
  measure("response head", "tinyhttp", [&] {
    out.clear();
    th::h1::write_head(out, small, th::method::get, plan, th::http_version::http_1_1, "Thu, 01 Jan 2026 00:00:00 GMT");
    keep(out.view());
  });
  th::response file(th::status::ok, {{"Content-Type", "text/javascript; charset=utf-8"},
                                     {"ETag", "\"5f3a-1c9d\""},
                                     {"Cache-Control", "no-cache"},
                                     {"Last-Modified", "Tue, 15 Nov 1994 12:45:26 GMT"},
                                     {"Accept-Ranges", "bytes"},
                                     {"X-Content-Type-Options", "nosniff"}},
                    std::string(1024, 'x'));
  const th::h1::outgoing whole = th::h1::plan_response(file, th::method::get, th::http_version::http_1_1, true);
  measure("file's head", "tinyhttp", [&] {
    out.clear();
    th::h1::write_head(out, file, th::method::get, whole, th::http_version::http_1_1, "Thu, 01 Jan 2026 00:00:00 GMT");
    keep(out.view());
  });
  measure("small response", "tinyhttp", [&] {
    th::response made = th::text("Hello, World!");
    keep(made);
  });
}
