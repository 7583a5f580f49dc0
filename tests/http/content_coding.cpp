// tests/http/content_coding.cpp -- tests http/content_coding.hpp with codings made up for it
#include "catch.hpp"

#include <tinyhttp/http/content_coding.hpp>

#include <array>
#include <new>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace tinyhttp;

namespace {

/// Coded octets are the plain ones, each behind the coding's own letter, and a `.` at the end.
class lettered final : public coding_decoder {
 public:
  explicit lettered(char letter) : letter_(letter) {}
  result<std::size_t> decode(std::string_view& in, std::span<char> out) override {
    std::size_t written = 0;
    while (written < out.size() && !in.empty()) {
      const char c = in.front();
      if (ended_) return error(error_kind::protocol, "octets behind the end", 400);
      in.remove_prefix(1);
      if (is_second_) out[written++] = c;
      else if (c == '.') ended_ = true;
      else if (c != letter_) return error(error_kind::protocol, "damaged", 400);
      is_second_ = !is_second_ && !ended_;
    }
    return written;
  }
  result<void> finish() override {
    if (ended_) return {};
    return error(error_kind::protocol, "cut off", 400);
  }

 private:
  char letter_;
  bool is_second_ = false;
  bool ended_ = false;
};

template <char Letter>
owned<coding_decoder> make(const decode_limits&) {
  return owned<coding_decoder>(new lettered(Letter));
}

constexpr std::array<content_coding, 2> known{content_coding{"aa", &make<'a'>},
                                              content_coding{"gzip", &make<'g'>}};

std::string encode(std::string_view plain, char letter) {
  std::string coded;
  for (const char c : plain) coded.append({letter, c});
  return coded + '.';
}

response answer(std::string_view coding, body content, int code = 200) {
  response r(status(code), {{"ETag", "\"x\""}}, std::move(content));
  if (!coding.empty()) r.fields.add("Content-Encoding", coding);
  if (const auto length = r.body.length()) r.fields.add("Content-Length", ascii::to_decimal(*length));
  return r;
}

/// What comes out: the octets, and `!` with the error if one comes before the end.
std::string pulled(body& from) {
  std::string all;
  for (;;) {
    auto next = from.next();
    if (!next.try_start()) FAIL("it waits, and for nothing");
    const auto piece = next.take();
    if (!piece) return all + "!" + piece.error().message();
    if (piece->empty()) return all;
    all.append(*piece);
  }
}

std::string decoded(std::string_view coding, body content, const decode_limits& limits = {}) {
  response r = answer(coding, std::move(content));
  const auto done = decode(r, known, limits);
  return done ? pulled(r.body) : "refused: " + done.error().message();
}

body in_pieces(std::string octets, std::size_t size) {
  return stream_body([octets = std::move(octets), size, at = std::size_t{0}]() mutable {
    const auto piece = octets.substr(at, size);
    at += piece.size();
    return piece;
  });
}

}  // namespace

TEST_CASE("codings are undone in the reverse of the order they were applied in (RFC 9110 8.4)",
          "[http][coding]") {
  const std::string once = encode("hello", 'a');
  CHECK(decoded("aa", once) == "hello");
  CHECK(decoded("AA", once) == "hello");
  CHECK(decoded("identity", "hello") == "hello");
  CHECK(decoded("", "hello") == "hello");
  CHECK(decoded(" , aa, identity", once) == "hello");
  CHECK(decoded("x-gzip", encode("hello", 'g')) == "hello");
  CHECK(decoded("aa, gzip", encode(once, 'g')) == "hello");
  CHECK(decoded("gzip, aa", encode(once, 'g')) == "!aa: damaged after 0 decoded octets");
  response two_lines = answer("aa", encode(once, 'g'));
  two_lines.fields.add("Content-Encoding", "gzip");
  REQUIRE(decode(two_lines, known));
  CHECK(pulled(two_lines.body) == "hello");
}

TEST_CASE("decoding makes no difference to how the body was cut into pieces", "[http][coding]") {
  const std::string plain(20'000, 'x');
  const std::string coded = encode(encode(plain, 'a'), 'g');
  for (const std::size_t size : {1U, 2U, 3U, 1000U, 70'000U, 100'000U})
    CHECK(decoded("aa, gzip", in_pieces(coded, size)) == plain);
}

TEST_CASE("a decoded message has no Content-Encoding and no Content-Length", "[http][coding]") {
  response r = answer("aa", encode("hello", 'a'));
  r.body.set_default_limit(77);
  REQUIRE(decode(r, known));
  CHECK(r.fields.size() == 1);
  CHECK(r.fields["ETag"] == "\"x\"");
  CHECK(!r.body.length());
  CHECK(r.body.default_limit() == 77);

  request asked;
  asked.fields.add("Content-Encoding", "aa");
  asked.body = encode("hello", 'a');
  REQUIRE(decode(asked, known));
  CHECK(pulled(asked.body) == "hello");
}

TEST_CASE("an empty body stays as it is, for HEAD and 304 name codings of what they do not have",
          "[http][coding]") {
  response r = answer("br", {}, 304);
  REQUIRE(decode(r, known));
  CHECK(r.fields["Content-Encoding"] == "br");
  CHECK(decoded("aa", in_pieces("", 1)) == "!aa: cut off after 0 decoded octets");
}

TEST_CASE("a coding that is not known, and too many of them, change nothing", "[http][coding]") {
  response r = answer("aa, sdch", "octets");
  const auto refused = decode(r, known);
  REQUIRE(!refused);
  CHECK(refused.error().message() == "content coding sdch is not known here");
  CHECK(refused.error().status_hint() == 415);
  CHECK(r.body.text() == "octets");
  CHECK(r.fields.size() == 3);
  CHECK(decoded("aa,aa,aa,aa,aa,aa", "x") == "refused: more than 5 content codings");
  std::string five = "hi";
  for (int i = 0; i < 5; ++i) five = encode(five, 'a');
  CHECK(decoded("aa,aa,aa,aa,aa", five) == "hi");
}

TEST_CASE("a decoder that cannot be made changes nothing, either", "[http][coding]") {
  const content_coding none[] = {
      {"a", [](const decode_limits&) -> owned<coding_decoder> { throw std::bad_alloc(); }}};
  response answer = text("coded").with("Content-Encoding", "a");
  CHECK_THROWS_AS(static_cast<void>(decode(answer, none)), std::bad_alloc);
  CHECK(answer.fields["Content-Encoding"] == "a");
  CHECK(answer.body.text() == "coded");
}

TEST_CASE("a part in a coding is refused, and a part without one is not", "[http][coding]") {
  response part = answer("aa", "octets", 206);
  REQUIRE(!decode(part, known));
  response plain = answer("", "octets", 206);
  CHECK(decode(plain, known));
}

TEST_CASE("damage, cuts and octets behind the end are errors in place of the end", "[http][coding]") {
  CHECK(decoded("aa", "ahaexlalao.") == "!aa: damaged after 0 decoded octets");
  CHECK(decoded("aa", "ahae") == "he!aa: cut off after 2 decoded octets");
  CHECK(decoded("aa", "ahae..") == "!aa: octets behind the end after 0 decoded octets");
  CHECK(decoded("aa, gzip", encode("ahae", 'g')) == "he!aa: cut off after 2 decoded octets");

  response r = answer("aa", "ahae");
  REQUIRE(decode(r, known));
  CHECK(pulled(r.body).starts_with("he!"));
  CHECK(pulled(r.body) == "!aa: cut off after 2 decoded octets");  // for ever
}

TEST_CASE("an error of the coded body is the decoded body's", "[http][coding]") {
  body broken = stream_body([n = 0]() mutable -> result<std::string> {
    if (n++ == 0) return std::string("ah");
    return error(error_kind::closed, "connection closed");
  });
  CHECK(decoded("aa", std::move(broken)) == "h!connection closed");
}

TEST_CASE("each coding may give so many octets and no more", "[http][coding]") {
  const decode_limits five{.max_octets = 5};
  CHECK(decoded("aa", encode("hello", 'a'), five) == "hello");
  CHECK(decoded("aa", encode("hello!", 'a'), five) == "!aa: more than 5 decoded octets");
  CHECK(decoded("aa, gzip", encode(encode("hi", 'a'), 'g'), five) == "hi");
  CHECK(decoded("aa, gzip", encode(encode("hey", 'a'), 'g'), five) ==
        "!gzip: more than 5 decoded octets");
}

TEST_CASE("coded octets of which nothing comes are bounded, too", "[http][coding][security]") {
  struct idle final : coding_decoder {
    result<std::size_t> decode(std::string_view& in, std::span<char> out) override {
      for (; !in.empty(); in.remove_prefix(1))
        if (in.front() == '.') return in.remove_prefix(1), out[0] = '.', std::size_t{1};
      return std::size_t{0};
    }
    result<void> finish() override { return {}; }
  };
  const std::array<content_coding, 1> padded{
      content_coding{"padded", [](const decode_limits&) -> owned<coding_decoder> {
                       return owned<coding_decoder>(new idle);
                     }}};
  const auto from = [&](std::string octets) {
    response r = answer("padded", in_pieces(std::move(octets), 100'000));
    decode(r, padded).value();
    return pulled(r.body);
  };
  constexpr std::size_t most = 1024 * 1024;
  CHECK(from(std::string(most, ' ')).empty());
  CHECK(from(std::string(most, ' ') + ".").starts_with("."));
  CHECK(from(std::string(most + 1, ' ')) == "!padded: too many coded octets for 0 decoded ones");
  CHECK(from("." + std::string(most + 2, ' ')) == ".!padded: too many coded octets for 1 decoded ones");
}

TEST_CASE("what is known is offered", "[http][coding]") {
  CHECK(accept_encoding(known) == "aa, gzip");
  CHECK(accept_encoding({}).empty());
}
