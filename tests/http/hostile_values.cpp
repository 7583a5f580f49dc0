// Hostile values: octets mutated from good ones must never break what each reader promises.
//
// Deterministic: the same million octets in every run. Asserts invariants, not only "no crash".
#include <tinyhttp/http/conditional.hpp>
#include <tinyhttp/http/content_range.hpp>
#include <tinyhttp/http/cookie.hpp>
#include <tinyhttp/http/cookie_file.hpp>
#include <tinyhttp/http/cookie_store.hpp>
#include <tinyhttp/http/date.hpp>
#include <tinyhttp/http/digest_access.hpp>
#include <tinyhttp/http/form.hpp>
#include <tinyhttp/http/media_type.hpp>
#include <tinyhttp/http/negotiation.hpp>
#include <tinyhttp/http/range.hpp>
#include <tinyhttp/http/url.hpp>

#include "catch.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace tinyhttp;
using namespace std::string_view_literals;

namespace {

/// Makes the next text out of seeds: cuts, joins, repeats and octets of the kind that matter.
class mutator {
 public:
  explicit mutator(std::vector<std::string_view> seeds) : seeds_(std::move(seeds)) {}

  std::string next() {
    std::string text(pick());
    for (std::uint32_t edits = random(4); edits != 0; --edits) {
      const std::size_t at = random(static_cast<std::uint32_t>(text.size()) + 1);
      switch (random(5)) {
        case 0:
          text.insert(at, 1, octet());
          break;
        case 1:
          text.erase(at, random(4));
          break;
        case 2:
          if (at < text.size()) text[at] = octet();
          break;
        case 3:
          text.insert(at, pick().substr(0, random(12)));
          break;
        default:
          text += text.substr(at);
      }
    }
    return text;
  }

 private:
  std::uint32_t random(std::uint32_t bound) {
    state_ = state_ * 6'364'136'223'846'793'005u + 1'442'695'040'888'963'407u;
    return static_cast<std::uint32_t>(state_ >> 33) % bound;
  }
  std::string_view pick() { return seeds_[random(static_cast<std::uint32_t>(seeds_.size()))]; }
  char octet() {
    constexpr auto special = "\0\r\n\t \"\\,;=%&+/?#@:[]-*.0919Zaf\x7f\x80\xff"sv;
    if (random(4) == 0) return static_cast<char>(random(256));
    return special[random(static_cast<std::uint32_t>(special.size()))];
  }

  std::vector<std::string_view> seeds_;
  std::uint64_t state_ = 42;
};

constexpr int rounds = 20'000;

bool is_inside(std::string_view part, std::string_view whole) {
  return part.empty() ||
         (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

}  // namespace

TEST_CASE("a date that is read can be written", "[fuzz][http][date]") {
  mutator texts({"Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT",
                 "Sun Nov  6 08:49:37 1994", "Tue, 29 Feb 2000 23:59:60 GMT"});
  for (int i = 0; i < rounds; ++i) {
    const std::string text = texts.next();
    const auto date = parse_date(text, 1'767'225'600);
    if (!date) continue;
    CAPTURE(text);
    const date_text written = format_date(*date);
    REQUIRE(parse_date(written, 0) == date);
    REQUIRE(text.size() >= 24);
  }
}

TEST_CASE("selected ranges lie inside, apart, and are no more than the whole",
          "[fuzz][http][range]") {
  mutator texts({"bytes=0-4", "bytes=-5", "bytes=9-", "bytes=0-0,2-2,-1",
                 "bytes=18446744073709551615-", "bytes=5-3,99-", "bytes 0-4/10", "bytes */10"});
  for (int i = 0; i < rounds; ++i) {
    const std::string text = texts.next();
    CAPTURE(text);
    for (const std::uint64_t size : {std::uint64_t{0}, std::uint64_t{10}, ~std::uint64_t{0}}) {
      const auto selection = select_ranges(text, size);
      REQUIRE((selection.verdict == range_verdict::partial) == !selection.ranges.empty());
      REQUIRE(selection.ranges.size() <= 16);
      for (const auto& a : selection.ranges) {
        REQUIRE((a.length != 0 && a.offset < size && a.length <= size - a.offset));
        REQUIRE(parse_content_range(format_content_range(a, size)) == content_range{a, size});
        for (const auto& b : selection.ranges)
          if (&a != &b) {
            REQUIRE((a.offset + a.length < b.offset || b.offset + b.length < a.offset));
          }
      }
    }
    if (const auto found = parse_content_range(text); found && found->range) {
      REQUIRE(found->range->length != 0);
      REQUIRE(found->range->offset + found->range->length > found->range->offset);
    }
  }
}

TEST_CASE("a URL that is read is the same when read again, and fit to be sent",
          "[fuzz][http][url]") {
  mutator texts({"http://u:p@a.example:8080/b/c;d?e=f&g#h", "https://[2001:db8::1.2.3.4]:1/%20",
                 "../x?y#z", "//h/../i", "http://a", "http:\\\\a@b/\xc3\xa9"});
  const url base = parse_url("http://a:81/b/c?d").value();
  for (int i = 0; i < rounds; ++i) {
    const std::string text = texts.next();
    for (const auto& read : {parse_url(text), resolve_reference(base, text)}) {
      if (!read) {
        for (const char c : read.error().message())
          REQUIRE((static_cast<unsigned char>(c) >= 0x20 && c != 0x7f));
        continue;
      }
      CAPTURE(text);
      REQUIRE(read->target.starts_with('/'));
      REQUIRE(is_percent_encoded(read->target));
      for (const char c : read->target + read->userinfo + read->host_field() + read->fragment)
        REQUIRE((ascii::is_target_octet(c) && c != '#'));
      REQUIRE_FALSE(read->host.empty());
      REQUIRE(read->port != 0);
      const auto again = parse_url(read->to_string());
      REQUIRE(again);
      REQUIRE(*again == *read);
    }
  }
}

TEST_CASE("fields are read into views of themselves", "[fuzz][http]") {
  mutator texts({"text/html; charset=\"utf-8\"; q=0.5", "gzip;q=0.5, br, *;q=0", "a=1; b=2",
                 "W/\"x\", \"y\\\", *", "*/*;q=0.8, text/*", "a=%20&b+c=d", "identity;q=0"});
  constexpr std::array<std::string_view, 2> codings{"br", "gzip"};
  constexpr std::array<std::string_view, 2> types{"text/html; charset=utf-8", "application/json"};
  for (int i = 0; i < rounds; ++i) {
    const std::string text = texts.next();
    CAPTURE(text);
    if (const auto type = parse_media_type(text)) {
      REQUIRE((ascii::is_token(type->type) && ascii::is_token(type->subtype)));
      REQUIRE(is_inside(type->parameters, text));
    }
    const auto coding = preferred_coding(text, codings);
    REQUIRE((!coding || *coding == "br" || *coding == "gzip" || *coding == "identity"));
    const auto type = preferred_media_type(text, types);
    REQUIRE((!type || *type == types[0] || *type == types[1]));

    std::string_view rest = text;
    while (const auto pair = take_cookie(rest)) {
      REQUIRE((is_inside(pair->name, text) && is_inside(pair->value, text)));
      REQUIRE(pair->value.find(';') == std::string_view::npos);
    }
    if (const auto made = format_set_cookie({.name = "a", .value = text})) {
      REQUIRE(*made == "a=" + text + "; Path=/; HttpOnly; SameSite=Lax");
      REQUIRE(made->find(';') == text.size() + 2);
    }
    if (const auto tag = parse_entity_tag(text)) {
      const representation_facts facts{.etag = text};
      REQUIRE(evaluate_preconditions(true, {.if_none_match = text}, facts) ==
              precondition_verdict::not_modified);
      REQUIRE(evaluate_if_range(text, facts) == !tag->weak);
    }
  }
}

TEST_CASE("a form that is read can be encoded and read again", "[fuzz][http][form]") {
  mutator texts({"a=1&b=2", "q=hello+world&x=%C3%A9", "a&=&b=c=d", "%00=%26", "&&&"});
  for (int i = 0; i < rounds; ++i) {
    const std::string text = texts.next();
    CAPTURE(text);
    const auto entries = parse_form(text);
    if (!entries) continue;
    std::string again;
    for (const auto& entry : *entries) append_form_entry(again, entry.name, entry.value);
    REQUIRE(parse_form(again).value() == *entries);
    const auto decoded = percent_decode(text);
    REQUIRE(decoded);
    REQUIRE(percent_decode(percent_encode(*decoded)) == decoded);
  }
}

TEST_CASE("a cookie that is taken is fit for a field, and comes back from a file",
          "[fuzz][http][cookie]") {
  mutator texts({"a=b; Path=/x; Domain=h.example; Secure; HttpOnly", "a=\"b c\"; max-age=99",
                 "__Host-a=b; Secure; Path=/", "a=b; expires=Sun, 09 Sep 2037 01:46:50 GMT; domain=.h"});
  const url from = parse_url("https://w.h.example/x/y").value();
  int taken = 0;
  for (int i = 0; i < rounds / 4; ++i) {
    const std::string text = texts.next();
    CAPTURE(text);
    cookie_store store;
    if (!store.set(from, text, 1'000'000'000)) continue;
    const std::string sent = store.field_for(from, 1'000'000'000);
    if (store.cookies().empty()) continue;  // it had expired
    ++taken;
    REQUIRE(sent.find_first_of("\r\n;"sv) == sent.npos);
    REQUIRE((sent.find('\0') == sent.npos && ascii::is_field_value(sent)));
    const std::string file = format_cookie_file(store.cookies());
    std::string_view rest = file;
    const auto back = take_cookie_line(rest);
    REQUIRE(back);
    REQUIRE((rest.empty() && back->name + '=' + back->value == store.cookies()[0].name + '=' +
                                                                   store.cookies()[0].value));
    REQUIRE((back->domain == store.cookies()[0].domain && back->path == store.cookies()[0].path));
    REQUIRE(domain_matches("w.h.example", back->domain));
  }
  CHECK(taken > 200);
}

TEST_CASE("challenges are views inside, and what answers one says the same again",
          "[fuzz][http][digest]") {
  mutator texts({"Digest realm=\"r\", nonce=\"n\", qop=\"auth\", opaque=\"a\\\"b\"", "Basic realm=x, Digest realm=r,nonce=n",
                 "Negotiate abc==, Digest nonce=n , realm=\"\" , algorithm=MD5-sess, userhash=true"});
  const hash_function hash = [](std::string_view, std::string_view octets) {
    return std::optional<std::string>(std::to_string(octets.size()));
  };
  int answered = 0;
  for (int i = 0; i < rounds / 4; ++i) {
    const std::string text = texts.next();
    CAPTURE(text);
    std::string_view field = text;
    while (const auto c = take_challenge(field))
      REQUIRE((is_inside(c->scheme, text) && is_inside(c->parameters, text) && !c->scheme.empty()));
    const auto to = find_digest_challenge(text, hash);
    if (!to) continue;
    digest_request with;
    with.user = "me", with.method = "GET", with.target = "/", with.cnonce = "c";
    const auto credentials = digest_credentials(*to, with, hash);
    REQUIRE(credentials);
    std::string_view rest = *credentials;
    const auto read = take_challenge(rest);
    REQUIRE((read && rest.empty()));
    REQUIRE((read->parameter("realm") == to->realm && read->parameter("nonce") == to->nonce));
    REQUIRE((read->parameter("uri") == "/" && read->parameter("opaque") == to->opaque));
    ++answered;
  }
  CHECK(answered > 200);
}
