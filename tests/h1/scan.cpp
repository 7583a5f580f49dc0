// Control octets, names and targets, found the fast way and the plain way.
#include <tinyhttp/h1/scan.hpp>
#include <tinyhttp/http/target.hpp>

#include "catch.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

using namespace tinyhttp::h1;

namespace {

constexpr bool control_octets_are_those_of_rfc5234() {
  for (int octet = 0; octet < 256; ++octet) {
    const bool control = (octet <= 0x1f && octet != 0x09) || octet == 0x7f;
    if (is_control(static_cast<char>(octet)) != control) return false;
  }
  return true;
}
static_assert(control_octets_are_those_of_rfc5234());

}  // namespace

namespace {

/// Where `line_ends` says that lines end, and where they do not go on.
std::vector<const char*> ends_of(const std::string& text, std::size_t first) {
  std::vector<const char*> found;
  line_ends ends(text.data() + first, text.data() + text.size(), first);
  while (const char* const end = ends.next()) found.push_back(end);
  found.push_back(ends.stop());
  return found;
}
std::vector<const char*> ends_of_portable(const std::string& text, std::size_t first) {
  std::vector<const char*> found;
  const char* const end = text.data() + text.size();
  const char* from = text.data() + first;
  for (;; from += 2) {
    from = find_control_portable(from, end);
    found.push_back(from);
    if (end - from < 2 || from[0] != '\r' || from[1] != '\n') return found;
  }
}

}  // namespace

TEST_CASE("the fast scan finds what the plain one finds, whatever octet stands where",
          "[h1][scan][rfc9110-5.5]") {
  std::size_t compared = 0, differences = 0;
  for (std::size_t size = 0; size <= 150; size += size < 40 ? 1 : 11) {
    for (std::size_t at = 0; at < size; ++at) {
      for (int octet = 0; octet < 256; ++octet) {
        std::string text(size, 'a');
        text[at] = static_cast<char>(octet);
        ++compared;
        if (ends_of(text, 0) != ends_of_portable(text, 0)) ++differences;
      }
    }
  }
  CHECK(compared == (40 * 41 / 2 + 51 + 62 + 73 + 84 + 95 + 106 + 117 + 128 + 139 + 150) * 256);
  CHECK(differences == 0);
}

TEST_CASE("in a long line, too, the fast scan finds what the plain one finds", "[h1][scan]") {
  std::size_t differences = 0;
  for (const std::size_t size : {255u, 256u, 257u, 320u, 384u, 450u, 700u}) {
    for (std::size_t at = 0; at < size; ++at) {
      for (const char octet : {'\0', '\t', '\r', '\x1f', ' ', '~', '\x7f', '\x80', '\xff'}) {
        std::string text(size, 'a');
        text[at] = octet;
        if (ends_of(text, 0) != ends_of_portable(text, 0)) ++differences;
      }
    }
  }
  CHECK(differences == 0);
}

TEST_CASE("line ends come one after the other, from any start, and tabs and obs-text are none", "[h1][scan]") {
  std::size_t found = 0;
  for (std::size_t size = 1; size < 420; size += 7) {
    for (std::size_t step = 2; step < 140; step += size < 100 ? 1 : 13) {
      for (const std::string_view last : {"\r\n", "\r", "\n", "\x1f", "\x7f"}) {
        std::string text(size, 'x');
        for (std::size_t i = 0; i + 2 < size; i += step) text.replace(i + 1, 2, i / step % 3 != 2 ? "\r\n" : "\t\xff");
        text += last;
        std::size_t differences = 0;
        for (std::size_t first = 0; first <= text.size(); first += 1 + first / 3) {
          if (first != 0 && text[first - 1] == '\r') continue;
          const auto ends = ends_of(text, first);
          found += ends.size() - 1;
          if (ends != ends_of_portable(text, first)) ++differences;
        }
        REQUIRE(differences == 0);
      }
    }
  }
  CHECK(found > 100'000);
}

TEST_CASE("letters and hyphens end where the plain search says, whatever stands behind them",
          "[h1][scan][rfc9110-5.6.2]") {
  std::size_t compared = 0, differences = 0;
  for (std::size_t at = 0; at < 40; ++at) {
    for (int octet = 0; octet < 256; ++octet) {
      std::string text(40, at % 3 == 0 ? '-' : 'k');
      text[at] = static_cast<char>(octet);
      text += ':';
      const char* expected = text.data();
      while (tinyhttp::ascii::is_alpha(*expected) || *expected == '-') ++expected;
      for (std::size_t size = static_cast<std::size_t>(expected - text.data()) + 1; size <= text.size(); size += 7) {
        ++compared;
        const char* const wide = wide_end({text.data(), size});
        if (skip_letters(text.data(), wide) != expected) ++differences;
        const char* const some = skip_some_letters(text.data(), wide);
        if (some != expected && (some != text.data() + 16 || expected < some)) ++differences;
      }
    }
  }
  CHECK(compared > 40 * 256);
  CHECK(differences == 0);
}

TEST_CASE("a target and its query are where the plain search says, whatever stands behind", "[h1][scan][rfc9112-3.2]") {
  std::size_t compared = 0, differences = 0;
  for (std::size_t at = 0; at < 40; ++at) {
    for (int octet = 0; octet < 256; ++octet) {
      for (const std::size_t question : {std::size_t{3}, std::size_t{18}, std::size_t{39}, std::size_t{60}}) {
        for (const std::size_t size : {at, at + 1, std::size_t{48}, std::size_t{64}}) {
          std::string text(70, 'x');
          text[question] = '?';
          text[at] = static_cast<char>(octet);
          text[size] = size % 2 == 0 ? ' ' : '\r';
          const char* const begin = text.data();
          const auto expected = scan_target_portable(begin, begin + size);
          for (const char* const wide : {wide_end({begin, size + 1}), wide_end(text)}) {
            const auto found = scan_target(begin, begin + size, wide);
            ++compared;
            if (found.end != expected.end || found.question != expected.question) ++differences;
          }
        }
      }
    }
  }
  CHECK(compared == 40 * 256 * 4 * 8);
  CHECK(differences == 0);
}

TEST_CASE("a host that is taken at a glance is one, whatever octet stands where", "[h1][scan][rfc9110-7.2]") {
  std::size_t taken = 0, differences = 0;
  for (const std::string_view host :
       {"a", "a:", "a:80", ":80", "::1", "[::1]:80", "127.0.0.1:8080", "www.example.com", "www.example.com:65535",
        "a.host.of-thirty.two.octets.test", "one-of.thirty-three.octets.tests:", "a-host.of.twelve:0080"}) {
    for (std::size_t at = 0; at <= host.size(); ++at) {
      for (int octet = 0; octet < 256; ++octet) {
        for (const std::string_view in_front : {"", "0123456789abc", "0123456789:/@%\x80"}) {
          std::string text = std::string(in_front).append(host).append("9");
          text[in_front.size() + at] = static_cast<char>(octet);
          const auto changed = std::string_view(text).substr(in_front.size());
          const auto whole = changed.substr(0, host.size());
          for (const auto shown : {whole, changed, whole.substr(0, at)}) {
            if (!is_usual_host(shown, text.data())) continue;
            ++taken;
            if (!tinyhttp::is_host_and_port(shown, false)) ++differences;
          }
        }
      }
    }
  }
  CHECK(differences == 0);
#if defined(__SSE2__)
  CHECK(taken > 50'000);
#endif
}

TEST_CASE("the hosts that most ask for are taken at a glance, others are not", "[h1][scan][rfc9110-7.2]") {
  const std::string_view begin = "GET / HTTP/1.1\r\nHost: ";
  const auto taken = [&](std::string_view host) {
    const std::string text = std::string(begin).append(host);
    return is_usual_host(std::string_view(text).substr(begin.size()), text.data());
  };
#if defined(__SSE2__)
  for (const char* usual : {"a", "localhost", "127.0.0.1:8080", "www.example.com", "EXAMPLE.com:80", "a:", "a:0080",
                            "xn--bcher-kva.example", "a-name.of-thirty.two.octets.test"})
    CHECK(taken(usual));
#endif
  for (const char* other : {"", ":80", ":", "a:80801", "a:b", "a:8:", "a/b", "a_b", "a%20", "[::1]", "u@a", "a b"})
    CHECK_FALSE(taken(other));
  CHECK_FALSE(is_usual_host(begin.substr(0, 3), begin.data()));  // no sixteen octets to look at
}

#if defined(__SSE2__)
TEST_CASE("64 octets are looked at alike, sixteen or 32 at a time", "[h1][scan]") {
  if (!__builtin_cpu_supports("avx2")) return;
  std::size_t differences = 0;
  for (std::size_t at = 0; at < 64; ++at) {
    for (int octet = 0; octet < 256; ++octet) {
      std::string room(64 + 32, octet % 2 == 0 ? 'x' : '\t');
      char* const text = room.data() + at % 32;  // wherever it stands in memory
      text[at] = static_cast<char>(octet);
      const std::uint64_t marks = detail::marks64_avx2(text);
      for (std::size_t i = 0; i < 64; ++i)
        if ((marks >> i & 1) != (text[i] < ' ' || text[i] == 0x7f)) ++differences;
    }
  }
  CHECK(differences == 0);
}
#endif

TEST_CASE("nothing to be found is the end, of nothing too", "[h1][scan]") {
  const std::string text(100, '\t');
  const char* const end = text.data() + text.size();
  line_ends ends(text.data(), end);
  CHECK(ends.next() == nullptr);
  CHECK(ends.stop() == end);
  line_ends none(nullptr, nullptr);
  CHECK(none.next() == nullptr);
  CHECK(none.stop() == nullptr);
}
