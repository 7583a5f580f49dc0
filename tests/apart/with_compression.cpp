// tests/apart/with_compression.cpp -- tests with_compression.hpp and what it is made of
#include "catch.hpp"
#include "server/support.hpp"

#include <tinyhttp/app/blocking.hpp>
#include <tinyhttp/app/router.hpp>
#include <tinyhttp/compression/gzip.hpp>
#include <tinyhttp/compression/with_compression.hpp>
#include <tinyhttp/files/assets.hpp>

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace server_test;

namespace {

/// Text that compresses about as text does.
std::string text_of(std::size_t size) {
  std::string made;
  for (std::uint32_t i = 1; made.size() < size; i = i * 1664525 + 1013904223) made.append("abcdefgh", i >> 29, 3);
  made.resize(size);
  return made;
}

std::string noise_of(std::size_t size) {
  std::string made(size, '\0');
  std::uint32_t x = 1;
  for (char& c : made) c = static_cast<char>((x = x * 1664525 + 1013904223) >> 24);
  return made;
}

/// What `coded` holds, as far as it goes; and whether that is a whole gzip stream.
struct undone {
  std::string text;
  bool is_whole = false;
};
undone gunzipped(std::string_view coded) {
  undone all;
  const auto by = make_gzip_decoder({});
  for (char room[4096]; ;) {
    const auto got = by->decode(coded, room);
    REQUIRE(got);
    all.text.append(room, *got);
    if (*got < sizeof room) break;
  }
  all.is_whole = by->finish().has_value();
  return all;
}

/// What a body gives, piece by piece, to its end or its failure.
struct pulled {
  std::vector<std::string> pieces;
  std::string all;
  std::string failure;
};
pulled pull(body& from) {
  pulled got;
  for (;;) {
    auto next = from.next();
    if (!next.try_start()) FAIL("it waits, and for nothing");
    const auto piece = next.take();
    if (!piece) got.failure = piece.error().message();
    if (!piece || piece->empty()) return got;
    got.pieces.emplace_back(*piece);
    got.all += *piece;
  }
}

const fields gzip_please{{"Accept-Encoding", "gzip"}};

any_handler saying(response r, compression_options options = {}) {
  return with_compression([r](const request&) { return r; }, std::move(options));
}
response asked(const response& r, std::string_view accept = "gzip", method m = method::get) {
  return saying(r)(request(std::move(m), "/", {{"Accept-Encoding", accept}}));
}
bool is_coded(const response& r) { return r.fields["Content-Encoding"] == "gzip"; }
bool varies(const response& r) { return r.fields.has_token("Vary", "Accept-Encoding"); }

/// Gives its pieces one by one, and waits where one is missing.
struct slow_source {
  std::vector<std::string> pieces;
  std::coroutine_handle<> waiter = nullptr;
  bool is_over = false;

  void give(std::string piece) {
    pieces.push_back(std::move(piece));
    if (waiter) std::exchange(waiter, nullptr).resume();
  }
  task<result<std::string>> next() {
    struct until_given {
      slow_source& of;
      bool await_ready() const noexcept { return !of.pieces.empty() || of.is_over; }
      void await_suspend(std::coroutine_handle<> h) const noexcept { of.waiter = h; }
      void await_resume() const noexcept {}
    } given{*this};
    co_await given;
    if (pieces.empty()) co_return std::string();
    std::string first = std::move(pieces.front());
    pieces.erase(pieces.begin());
    co_return first;
  }
};

/// Counts what is read of it.
class counted_source final : public content_source {
 public:
  explicit counted_source(std::uint64_t size) : size_(size) {}
  result<std::size_t> read_at(std::uint64_t offset, std::span<char> room) const override {
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(room.size(), size_ - offset));
    std::fill_n(room.begin(), size, 'z');
    read += size;
    return size;
  }
  mutable std::uint64_t read = 0;

 private:
  std::uint64_t size_;
};

auto pieces_of(std::vector<std::string> pieces) {
  return [left = std::move(pieces), at = std::size_t{0}]() mutable {
    return at < left.size() ? left[at++] : std::string();
  };
}

}  // namespace

TEST_CASE("an answer is compressed for a client that accepts it, and decodes to the same", "[apart][rfc9110-8.4]") {
  for (const std::size_t size : {1024U, 1025U, 20'000U, 65'536U, 65'537U, 300'000U}) {
    CAPTURE(size);
    const std::string plain = text_of(size);
    for (int level = 1; level <= 9; ++level) {
      response r = saying(json(plain), {.codings = {gzip_encoding(level)}})(request::get("/", gzip_please));
      CHECK(is_coded(r));
      CHECK(varies(r));
      CHECK(r.body.is_octets() == (size <= 65'536));  // then Content-Length is known
      const pulled got = pull(r.body);
      CHECK(got.failure == "");
      CHECK(got.all.size() < size / 2);
      const undone back = gunzipped(got.all);
      CHECK(back.text == plain);
      CHECK(back.is_whole);
    }
    response untouched = saying(json(plain))(request::get("/"));
    CHECK(untouched.body.text() == plain);
    CHECK(!untouched.fields.contains("Content-Encoding"));
    CHECK(varies(untouched));
  }
  CHECK_THROWS_AS(gzip_encoding(0), std::invalid_argument);
  CHECK_THROWS_AS(gzip_encoding(10), std::invalid_argument);
}

TEST_CASE("Accept-Encoding decides, whatever is in it", "[apart][rfc9110-12.5.3]") {
  const response page = html(text_of(5000));
  for (const auto* wants : {"gzip", "GZIP", "x-gzip", "*", "deflate, gzip;q=0.1, br", "gzip;q=0.001", "identity;q=0, gzip",
                            "gzip;q=0.5, identity;q=0.4", "br;q=1, *;q=0.2", "*;q=0, gzip;q=1", ", ,gzip", "gzip ; q=1.000"}) {
    CAPTURE(wants);
    const response r = asked(page, wants);
    CHECK(is_coded(r));
    CHECK(varies(r));
  }
  const std::string long_list = std::string(20'000, ',') + "gzip;q=2";
  for (const char* other : {"", "identity", "br", "gzip;q=0", "gzip;q=0.0", "*;q=0", "identity;q=0", "gzip;q=0, *",
                            "identity;q=1, gzip;q=0.5", "gzip;q=2", "gzip;q=", "gzip;q=-1", "gzip;q=0.0001", "gzip gzip", "gzipx", "\"gzip\"",
                            "gzip;q=\"1", ";q=1",
                            long_list.c_str()}) {
    CAPTURE(other);
    const response r = asked(page, other);
    CHECK(!r.fields.contains("Content-Encoding"));
    CHECK(varies(r));
    CHECK(r.body.text() == page.body.text());
  }
  const auto app = saying(page);
  CHECK(is_coded(app(request::get("/", {{"Accept-Encoding", "br"}, {"Accept-Encoding", "gzip"}}))));
}

TEST_CASE("what should not be compressed is left alone, to the field", "[apart]") {
  const std::string plain = text_of(5000);
  const response page = html(plain);
  const auto stays = [](const response& r) {
    const response got = asked(r);
    CHECK(got.body.text() == r.body.text());
    std::string before, after;
    r.fields.append_to(before);
    got.fields.append_to(after);
    CHECK(after == before);
  };
  for (const auto& [name, value] : {field{"Content-Encoding", "br"}, field{"Content-Encoding", "identity"},
                                    field{"Cache-Control", "public, No-Transform"}, field{"Content-Digest", "sha-256=:x:"},
                                    field{"Repr-Digest", "sha-256=:x:"}, field{"Digest", "sha-256=x"}, field{"Content-MD5", "x"}}) {
    CAPTURE(name, value);
    stays(response(page).with(name, value));
  }
  for (const int code : {100, 103, 204, 205}) {
    CAPTURE(code);
    response r = page;
    r.status = code;
    stays(r);
  }
  for (const auto* type : {"image/png", "image/jpeg", "video/mp4", "font/woff2", "application/zip", "application/gzip", "application/pdf",
                           "application/octet-stream", "text/event-stream", "text/event-stream; charset=utf-8", "text",
                           "textual/x", "", "; text/html"}) {
    CAPTURE(type);
    stays(content(plain, type));
  }
  stays(response(200, {}, plain));
  stays(html(text_of(1023)));
  stays(html(body()));
  stays(html(content_slice{std::make_shared<counted_source>((16U << 20) + 1), 0, (16U << 20) + 1}));

  const auto app = saying(page);
  const response tunnel = app(request(method::connect, "a:1", gzip_please));
  CHECK(!tunnel.fields.contains("Content-Encoding"));
}

TEST_CASE("text in every dress is compressed, and errors and other methods are, too", "[apart]") {
  const std::string plain = text_of(5000);
  for (const auto* type : {"text/plain", "TEXT/HTML; charset=utf-8", "application/json", "application/problem+json", "application/javascript",
                           "text/javascript", "image/svg+xml", "application/wasm",
                           "application/xhtml+xml; x=\"a;b\"", "font/ttf"}) {
    CAPTURE(type);
    CHECK(is_coded(asked(content(plain, type))));
  }
  for (const int code : {200, 201, 203, 400, 404, 500, 599}) CHECK(is_coded(asked(text(plain, code))));
  CHECK(is_coded(asked(text(plain), "gzip", method::post)));
  CHECK(is_coded(asked(text(plain), "gzip", method("X"))));
}

TEST_CASE("options decide on types and lengths", "[apart]") {
  const auto suits = [](std::string_view type) { return type == "a/b"; };
  const auto app = saying(content("12345678", "a/b"), {.smallest = 8, .largest = 8, .suits = suits});
  response r = app(request::get("/", gzip_please));
  CHECK(is_coded(r));
  CHECK(gunzipped(r.body.text()).text == "12345678");
  CHECK(!is_coded(saying(text("12345678"), {.smallest = 9})(request::get("/", gzip_please))));
  CHECK(!is_coded(saying(text("12345678"), {.smallest = 0, .largest = 7})(request::get("/", gzip_please))));
  CHECK(is_coded(saying(text(""), {.smallest = 0})(request::get("/", gzip_please))));
  CHECK(!is_coded(asked(text(text_of(5000)).with("Content-Range", "bytes 0-4999/9999"))));
  CHECK(!is_coded(saying(text(text_of(5000)), {.codings = {}})(request::get("/", gzip_please))));
}

TEST_CASE("Vary is added once, beside what is there", "[apart]") {
  const response page = html(text_of(5000));
  CHECK(asked(response(page).with("Vary", "Origin")).fields.combined("Vary") == "Origin, Accept-Encoding");
  CHECK(asked(response(page).with("Vary", "accept-encoding, Origin")).fields.combined("Vary") == "accept-encoding, Origin");
  CHECK(asked(response(page).with("Vary", "*")).fields.combined("Vary") == "*");
}

TEST_CASE("the compressed and the plain have tags of their own, and both are found again", "[apart][rfc9110-8.8.3]") {
  const auto ask = [](std::string_view tag, fields more, method m = method::get) {
    const any_handler app = with_compression([tag](const request& r) {
      const files::facts known{.size = 5000, .etag = std::string(tag), .media_type = "text/plain"};
      request as_get = r;
      as_get.method = method::get;  // of which make_plan knows the conditions
      response made = files::answer(as_get, known, std::make_shared<const std::string>(text_of(5000)), 0);
      made.fields.remove("Date");
      return made;
    });
    const response r = app(request(std::move(m), "/", std::move(more)));
    return std::to_string(r.status.code()) + " " + std::string(r.fields["ETag"]) + (is_coded(r) ? " coded" : "") +
           (varies(r) ? " varies" : "");
  };
  const auto gzip = [](std::string_view name, std::string_view value) { return fields{{"Accept-Encoding", "gzip"}, {name, value}}; };
  CHECK(ask("\"a\"", gzip("X", "")) == "200 \"a-gzip\" coded varies");
  CHECK(ask("\"a\"", {}) == "200 \"a\" varies");
  CHECK(ask("W/\"a\"", gzip("X", "")) == "200 W/\"a\" coded varies");

  // If-None-Match: the client's own representation is named in the 304
  CHECK(ask("\"a\"", gzip("If-None-Match", "\"a-gzip\"")) == "304 \"a-gzip\" varies");
  CHECK(ask("\"a\"", gzip("If-None-Match", "W/\"a-gzip\"")) == "304 \"a-gzip\" varies");
  CHECK(ask("\"a\"", gzip("If-None-Match", "\"b\", \"a-gzip\",\"c-gzip\"")) == "304 \"a-gzip\" varies");
  CHECK(ask("\"a\"", gzip("If-None-Match", "\"a\"")) == "304 \"a\" varies");
  CHECK(ask("\"a\"", gzip("If-None-Match", "\"a\", \"a-gzip\"")) == "304 \"a-gzip\" varies");
  CHECK(ask("\"a\"", gzip("If-None-Match", "*")) == "304 \"a\" varies");
  CHECK(ask("W/\"a\"", gzip("If-None-Match", "W/\"a\"")) == "304 W/\"a\" varies");
  CHECK(ask("\"a-gzip\"", gzip("If-None-Match", "\"a-gzip\"")) == "304 \"a-gzip\" varies");  // a handler's own
  CHECK(ask("\"a\"", gzip("If-None-Match", "\"b-gzip\"")) == "200 \"a-gzip\" coded varies");
  CHECK(ask("\"a\"", gzip("If-None-Match", "\"-gzip\"")) == "200 \"a-gzip\" coded varies");
  CHECK(ask("\"a\"", gzip("If-None-Match", "a-gzip\"")) == "200 \"a-gzip\" coded varies");
  CHECK(ask("\"a\"", gzip("If-None-Match", "\"a-gzip\"x\"")) == "200 \"a-gzip\" coded varies");
  // the compressed one is nothing to a client that can't decode it now
  CHECK(ask("\"a\"", {{"If-None-Match", "\"a-gzip\""}}) == "200 \"a\" varies");

  // If-Match: both name what is there now, whoever changes it
  for (const auto* accept : {"gzip", "identity"}) {
    const auto with = [&](std::string_view value) { return fields{{"Accept-Encoding", accept}, {"If-Match", value}}; };
    CHECK(ask("\"a\"", with("\"a-gzip\""), method::put).starts_with("200"));
    CHECK(ask("\"a\"", with("\"x\", \"a-gzip\""), method::put).starts_with("200"));
    CHECK(ask("\"a\"", with("\"a\""), method::put).starts_with("200"));
    CHECK(ask("\"a\"", with("\"b-gzip\""), method::put).starts_with("412"));
    CHECK(ask("\"a\"", with("W/\"a-gzip\""), method::put).starts_with("412"));
  }
}

TEST_CASE("a part is of the plain representation, and never goes behind a compressed beginning", "[apart][rfc9110-13.1.5]") {
  assets site;
  site.add("a.txt", text_of(5000));
  const any_handler app = with_compression(std::move(site));
  const auto get = [&](fields f) { return app(request::get("/a.txt", std::move(f))); };
  const response whole = get(gzip_please);
  const std::string coded(whole.fields["ETag"]);
  const std::string plain(get({}).fields["ETag"]);
  CHECK(is_coded(whole));
  CHECK(coded != plain);
  CHECK(whole.fields["Accept-Ranges"] == "none");
  CHECK(get({}).fields["Accept-Ranges"] == "bytes");

  const auto part = [&](std::string_view condition) {
    fields f{{"Accept-Encoding", "gzip"}, {"Range", "bytes=10-19"}};
    if (!condition.empty()) f.add("If-Range", condition);
    return get(std::move(f));
  };
  for (const response& r : {part(""), part(plain)}) {
    CHECK(r.status == 206);
    CHECK(r.body.text() == text_of(5000).substr(10, 10));
    CHECK(r.fields["ETag"] == plain);
    CHECK(!r.fields.contains("Content-Encoding"));
    CHECK(varies(r));  // as the whole would (RFC 9110 15.3.7)
  }
  const response parts = get({{"Accept-Encoding", "gzip"}, {"Range", "bytes=0-9, 20-29"}});
  CHECK(parts.fields["Content-Type"].starts_with("multipart/byteranges"));
  CHECK(!parts.fields.contains("Content-Encoding"));
  CHECK(varies(parts));
  for (const response& r : {part(coded), part("W/" + coded), part("\"x\"")}) {
    CHECK(r.status == 200);
    CHECK(r.fields["ETag"] == coded);
    CHECK(is_coded(r));
  }

  // a date says nothing of the coding
  const any_handler dated = with_compression([](const request& r) {
    const files::facts known{.size = 5000, .modified = 1000, .media_type = "text/plain"};
    return files::answer(r, known, std::make_shared<const std::string>(text_of(5000)), 1'000'000);
  });
  const fields resumed{{"Range", "bytes=10-19"}, {"If-Range", "Thu, 01 Jan 1970 00:16:40 GMT"}};
  CHECK(dated(request::get("/", fields(resumed))).status == 206);
  CHECK(is_coded(dated(request::get("/", fields(resumed).add("Accept-Encoding", "gzip")))));
}

TEST_CASE("HEAD says what GET says, and nothing of a length", "[apart][rfc9110-9.3.2]") {
  for (const std::size_t size : {100U, 5000U, 100'000U}) {
    CAPTURE(size);
    router app;
    app.get("/", [size](const request&) { return text(text_of(size)).with("ETag", "\"a\"").with("Accept-Ranges", "bytes"); });
    app.get("/own", [size](const request&) { return text(text_of(size)); });
    app.head("/own", [size](const request&) { return text("").with("Content-Length", std::to_string(size)); });
    const any_handler coding = with_compression(std::move(app));
    for (const auto* path : {"/", "/own"}) {
      std::string get, head;
      coding(request::get(path, gzip_please)).fields.append_to(get);
      const response answer = coding(request::head(path, gzip_please));
      answer.fields.append_to(head);
      if (size == 100 && path[1] != 0) get += "Content-Length: 100\r\n";
      CHECK(head == get);
      if (size > 100) CHECK(!answer.body.length());
    }
  }
}

TEST_CASE("coroutines, any_handler, and one inside another", "[apart]") {
  const std::string plain = text_of(5000);
  const auto later = with_compression([&](request& r) -> task<response> {
    auto reading = r.body.read_all();
    const auto read = co_await reading;
    co_return text(plain + std::string(*read)).with("ETag", "\"a\"");
  });
  request r = request::post("/", "x", gzip_please);
  response made = later(r);
  CHECK(gunzipped(made.body.text()).text == plain + "x");
  CHECK(made.fields["ETag"] == "\"a-gzip\"");

  const any_handler twice = with_compression(any_handler(with_compression([&](const request&) { return text(plain).with("ETag", "\"a\""); })));
  response once = twice(request::get("/", gzip_please));
  CHECK(once.fields.count("Content-Encoding") == 1);
  CHECK(once.fields["ETag"] == "\"a-gzip\"");
  CHECK(gunzipped(once.body.text()).text == plain);
}

TEST_CASE("in blocking, whoever handles a request codes its answer, too", "[apart][threads]") {
  const auto plain = text_of(5000);
  const auto lean = [&](auto h) { return with_compression(std::move(h)); };
  auto app = blocking(lean([&](const request& r) { return text(plain + std::string(r.body.text())); }));
  served_in_memory s(any_handler(std::move(app)));
  s.send("POST / HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx");
  std::string back;
  REQUIRE(eventually([&] {
    s.settle(1);
    back += s.received();
    std::string copy = back;
    return take_answer(copy).complete;
  }));
  const auto got = take_answer(back);
  CHECK(got.has("Content-Encoding: gzip"));
  CHECK(gunzipped(got.body).text == plain + "x");
}

TEST_CASE("a stream is compressed as it comes, however it is cut", "[apart]") {
  const std::string plain = text_of(30'000);
  for (const std::size_t size : {1U, 7U, 4096U, 30'000U}) {
    CAPTURE(size);
    std::vector<std::string> pieces;
    for (std::size_t at = 0; at < plain.size(); at += size) pieces.push_back(plain.substr(at, size));
    response r = asked(text(stream_body(pieces_of(std::move(pieces)))));
    CHECK(is_coded(r));
    CHECK(!r.body.length());
    const pulled got = pull(r.body);
    CHECK(got.all.size() < plain.size() / 2);  // not flushed for each piece
    const undone back = gunzipped(got.all);
    CHECK(back.text == plain);
    CHECK(back.is_whole);
    CHECK(pull(r.body).all == "");  // the end stays the end
  }
  response none = asked(text(stream_body([] { return std::string(); })));
  const undone nothing = gunzipped(pull(none.body).all);
  CHECK(nothing.text == "");
  CHECK(nothing.is_whole);
}

TEST_CASE("what a stream has said is out before it waits", "[apart]") {
  slow_source source;
  response r = asked(text(stream_body([&source] { return source.next(); })));
  std::string coded;
  const auto take = [&] {  // what comes without waiting; the last task waits
    for (;;) {
      auto next = r.body.next();
      if (!next.try_start()) return next;
      const auto piece = next.take();
      REQUIRE(piece);
      coded += *piece;
      if (piece->empty()) return next;
    }
  };
  std::string plain;
  auto waiting = take();
  CHECK(coded.empty());  // nothing was said, so nothing is flushed
  for (const std::string& event : {std::string("data: 1\n\n"), std::string("data: 2\n\n"), noise_of(16'000), noise_of(100'000),
                                   text_of(200'000), std::string(65'536, 'z'), std::string("x")}) {
    plain += event;
    source.give(event);
    REQUIRE(waiting.done());
    const auto piece = waiting.take();
    REQUIRE(piece);
    coded += *piece;
    waiting = take();
    const undone so_far = gunzipped(coded);
    CHECK(so_far.text == plain);
    CHECK(!so_far.is_whole);
  }
  source.is_over = true;
  source.waiter.resume();
  REQUIRE(waiting.done());
  coded += *waiting.take();
  static_cast<void>(take());
  CHECK(gunzipped(coded).is_whole);

  slow_source given_up;  // destroyed while it waits, with something flushed behind it
  response left = asked(text(stream_body([&given_up] { return given_up.next(); })));
  given_up.give("x");
  auto next = left.body.next();
  REQUIRE(next.try_start());
  CHECK(gunzipped(*next.take()).text == "x");
  CHECK(given_up.waiter);
}

TEST_CASE("what fails in the middle stays a failure", "[apart]") {
  const auto fails_after = [](int pieces) {
    return [left = pieces]() mutable -> result<std::string> {
      if (left-- > 0) return text_of(40'000);
      return error(error_kind::io, "the disk is gone");
    };
  };
  for (const int pieces : {0, 1, 3}) {
    CAPTURE(pieces);
    response r = asked(text(stream_body(fails_after(pieces))));
    CHECK(is_coded(r));
    const pulled got = pull(r.body);
    CHECK(got.failure == "the disk is gone");
    CHECK(!gunzipped(got.all).is_whole);
    CHECK(pull(r.body).failure == "the disk is gone");  // asked again, too
  }
  for (const std::uint64_t promised : {4999U, 5001U}) {
    response r = asked(text(stream_body(pieces_of({text_of(2500), text_of(2500)}), promised)));
    const pulled got = pull(r.body);
    CHECK(got.failure == "body: not as long as was promised");
    CHECK(!gunzipped(got.all).is_whole);
  }
  response kept = asked(text(stream_body(pieces_of({text_of(2500), text_of(2500)}), 5000)));
  CHECK(gunzipped(pull(kept.body).all).is_whole);

  class short_source final : public content_source {
    result<std::size_t> read_at(std::uint64_t offset, std::span<char> room) const override {
      if (offset > 0) return std::size_t{0};
      room.front() = 'x';
      return std::size_t{1};
    }
  };
  response file = asked(text(content_slice{std::make_shared<short_source>(), 0, 5000}));
  CHECK(pull(file.body).failure == "content ended before its length");
}

TEST_CASE("a turn sees 64 KiB at most, however little comes of it", "[apart]") {
  constexpr std::uint64_t size = 5U << 20;
  const auto source = std::make_shared<counted_source>(size);
  response r = asked(text(content_slice{source, 0, size}));
  std::string coded;
  for (std::uint64_t before = 0;; before = source->read) {
    auto next = r.body.next();
    REQUIRE(next.try_start());
    const auto piece = next.take();
    REQUIRE(piece);
    CHECK(source->read - before <= 64 * 1024);
    if (piece->empty()) break;
    coded += *piece;
  }
  CHECK(coded.size() < 20'000);
  CHECK(gunzipped(coded).text == std::string(size, 'z'));

  const std::string octets(size, 'z');
  response here = asked(text(octets));
  const pulled got = pull(here.body);
  CHECK(got.pieces.size() >= size / (64 * 1024));
  CHECK(gunzipped(got.all).text == octets);
}

TEST_CASE("octets that do not compress come out whole", "[apart]") {
  for (const std::size_t size : {1024U, 40'000U, 200'000U}) {
    response r = asked(text(noise_of(size)));
    const undone back = gunzipped(pull(r.body).all);
    CHECK(back.text == noise_of(size));
    CHECK(back.is_whole);
  }
}

TEST_CASE("without memory an answer goes out as it is, and an encoder's failure never looks like an end", "[apart][memory]") {
  using made = std::unique_ptr<coding_encoder>;
  const content_encoding poor{"gzip", 1, [](int, std::optional<std::uint64_t>) { return made(); }};
  response r = saying(text(text_of(5000)).with("ETag", "\"a\""), {.codings = {poor}})(request::get("/", gzip_please));
  CHECK(r.body.text() == text_of(5000));
  CHECK(!r.fields.contains("Content-Encoding"));
  CHECK(r.fields["ETag"] == "\"a\"");
  CHECK(varies(r));

  class broken final : public coding_encoder {
    result<std::size_t> encode(std::string_view&, std::span<char>, encoding_step) override {
      return error(error_kind::io, "no memory", 503);
    }
  };
  const content_encoding breaks{
      "gzip", 1, [](int, std::optional<std::uint64_t>) -> made { return std::make_unique<broken>(); }};
  response whole = saying(text(text_of(5000)), {.codings = {breaks}})(request::get("/", gzip_please));
  CHECK(whole.body.text() == text_of(5000));
  CHECK(!whole.fields.contains("Content-Encoding"));
  response streamed = saying(text(text_of(100'000)), {.codings = {breaks}})(request::get("/", gzip_please));
  CHECK(pull(streamed.body).failure == "no memory");
}

TEST_CASE("on the wire: with a length, in chunks, cut, and to HTTP/1.0", "[apart][server]") {
  const std::string small = text_of(5000), large = text_of(100'000);
  router app;
  app.get("/small", [&](const request&) { return text(small); });
  app.get("/large", [&](const request&) { return text(large); });
  app.get("/stream", [&](const request&) { return text(stream_body(pieces_of({small, large}))); });
  app.get("/fails", [&](const request&) {
    return text(stream_body([n = 0, &large]() mutable -> result<std::string> {
      if (n++ < 2) return large;
      return error(error_kind::io, "gone");
    }));
  });
  served_in_memory s(with_compression(std::move(app)));
  const auto ask = [&](std::string_view what, std::string_view version = "1.1") {
    std::string back = s.exchange("GET /" + std::string(what) + " HTTP/" + std::string(version) +
                                  "\r\nHost: a\r\nConnection: keep-alive\r\nAccept-Encoding: gzip\r\n\r\n");
    return take_answer(back);
  };
  answer a = ask("small");
  CHECK(a.has("Content-Length: " + std::to_string(a.body.size())));
  CHECK(a.has("Content-Encoding: gzip"));
  CHECK(gunzipped(a.body).text == small);
  a = ask("large");
  CHECK(a.has("Transfer-Encoding: chunked"));
  CHECK(a.complete);
  CHECK(gunzipped(a.body).text == large);
  a = ask("stream");
  CHECK(a.complete);
  CHECK(gunzipped(a.body).text == small + large);
  a = ask("small", "1.0");
  CHECK(a.has("Content-Encoding: gzip"));
  CHECK(gunzipped(a.body).text == small);
  a = ask("large", "1.0");  // has a length, as it had
  CHECK(a.has("Content-Length: 100000"));
  CHECK(a.has("Vary: Accept-Encoding"));
  CHECK(a.body == large);
  std::string head = s.exchange("HEAD /small HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n");
  const answer h = take_answer(head, true);
  CHECK(h.has("Content-Encoding: gzip"));
  CHECK(h.head.find("Content-Length") == std::string::npos);
  CHECK(head.empty());
  CHECK(!s.done());

  s.send("GET /fails HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n");
  std::string back = s.until_served();
  a = take_answer(back);
  CHECK(a.has("Content-Encoding: gzip"));
  CHECK(!a.complete);
  CHECK(!gunzipped(a.body).is_whole);
}
