// tests/client/download_pieces.cpp -- tests client/download_pieces.hpp: ranges over several
// connections, against a file server that is told how to fail
#include "catch.hpp"
#include "download_support.hpp"

#include <tinyhttp/testing/fake_server.hpp>

#include <atomic>
#include <string>

using namespace client_test;
namespace fake = tinyhttp::testing;

namespace {

constexpr std::uint64_t size = 1'000'003;
const fake::content file = fake::pattern(size, 7);
const fake::content newer = fake::pattern(size, 8);

download_options four() {
  download_options how;
  how.parallel = 4;
  how.smallest_piece = 10'000;
  how.sync = false;
  return how;
}

/// The whole download, of what `srv` has at /f.
result<download_report> fetch(const fake::fake_server& srv, const scratch::folder& dir,
                              download_options how = four()) {
  client c;
  return download(c, srv.url("/f"), dir / "f", std::move(how));
}

bool is(const scratch::folder& dir, const fake::content& wanted) {
  auto got = file_body(dir / "f");
  return got && pull_all(*got, 2 * size).value() == wanted.octets() && dir.names() == names{"f"};
}

}  // namespace

TEST_CASE("a file comes in pieces over several connections", "[client][download][pieces][threads]") {
  scratch::folder dir;
  fake::fake_server srv;
  srv.file("/f", file).etag("\"v1\"");
  auto how = four();
  how.digest = expected_sha256(file.octets());
  std::uint64_t last = 0;
  how.progress_every = std::chrono::milliseconds(0);
  how.progress = [&](const download_progress& p) {
    CHECK(p.octets >= last);
    CHECK(p.total == size);
    last = p.octets;
    return true;
  };
  const auto done = fetch(srv, dir, std::move(how));
  if (!done) FAIL(done.error().message());
  CHECK(is(dir, file));
  CHECK(last == size);
  CHECK(done->octets == size);
  CHECK(done->head.fields["ETag"] == "\"v1\"");
  CHECK(srv.saw(fake::get("/f").with("Range", "bytes=0-9999").without("If-Range")).once());
  CHECK(srv.saw(fake::get("/f").with("If-Range", "\"v1\"")).exactly(4));
  CHECK(srv.saw(fake::get("/f")).exactly(5));
}

TEST_CASE("one connection does it where several are no use", "[client][download][pieces][threads]") {
  scratch::folder dir;
  fake::fake_server srv;
  std::size_t requests = 1;
  SECTION("a server that ignores ranges") {
    srv.file("/f", file).etag("\"v1\"");
    srv.on("/f", fake::ignore_range());
  }
  SECTION("a server that says no length") {
    srv.file("/f", file).etag("\"v1\"");
    srv.on("/f", fake::ignore_range() | fake::chunked(1000));
  }
  SECTION("a file without a validator") {
    srv.file("/f", file).no_validators();
    requests = 2;  // a part that nothing could be joined to is thrown away
  }
  SECTION("a weak validator") {
    srv.file("/f", file).etag("W/\"v1\"");
    requests = 2;
  }
  const auto done = fetch(srv, dir);
  if (!done) FAIL(done.error().message());
  CHECK(is(dir, file));
  CHECK(srv.saw(fake::get("/f")).exactly(requests));
}

TEST_CASE("small and empty files need no second connection", "[client][download][pieces][threads]") {
  scratch::folder dir;
  fake::fake_server srv;
  const std::uint64_t octets = GENERATE(0u, 1u, 9'999u, 10'000u);
  srv.file("/f", fake::pattern(octets, 3)).etag("\"v1\"");
  REQUIRE(fetch(srv, dir).has_value());
  CHECK(is(dir, fake::pattern(octets, 3)));
  CHECK(srv.saw(fake::get("/f")).at_most(2));  // an empty file has no range: 416
}

TEST_CASE("pieces of two files are never joined", "[client][download][pieces][threads]") {
  scratch::folder dir;
  fake::fake_server srv;
  srv.file("/f", file).etag("\"v1\"");
  SECTION("changed behind the first piece") {
    srv.on("/f", fake::serve().times(1).then(fake::swap_content(newer, "\"v2\"")));
  }
  SECTION("changed between the others") {
    srv.on("/f", fake::serve().times(3).then(fake::swap_content(newer, "\"v2\"")));
  }
  const auto done = fetch(srv, dir);
  if (!done) FAIL(done.error().message());
  CHECK(is(dir, newer));
}

TEST_CASE("a server that forgets to look at If-Range is noticed",
          "[client][download][pieces][threads]") {
  scratch::folder dir;
  const std::string old(40, 'o'), other(40, 'n');
  std::atomic<int> asked{0};
  scripted_server server([&](net::socket& s, int) {
    for (;;) {
      const std::string text = read_request(s);
      if (text.empty()) return;
      const auto at = text.find("Range: bytes=");
      std::string_view spec = std::string_view(text).substr(at == text.npos ? text.size() : at + 7);
      const auto range = select_ranges(spec.substr(0, spec.find('\r')), 40);
      const bool first = asked++ == 0;
      const std::string& body = first ? old : other;
      const std::string tag = first ? "ETag: \"v1\"\r\n" : "ETag: \"v2\"\r\n";
      const auto r = range.ranges.empty() ? byte_range{0, 40} : range.ranges[0];
      const auto answer = range.ranges.empty()
                              ? whole(body, tag)
                              : rest(body.substr(r.offset, r.length),
                                     format_content_range(r, 40).substr(6), tag);
      if (!s.send_all(answer)) return;
    }
  });
  client c;
  auto how = four();
  how.smallest_piece = 5;
  REQUIRE(download(c, server.url("/f"), dir / "f", std::move(how)).has_value());
  CHECK(content_of(dir / "f") == other);
}

TEST_CASE("what one connection does not finish, the others do",
          "[client][download][pieces][threads]") {
  scratch::folder dir;
  fake::fake_server srv;
  srv.file("/f", file).etag("\"v1\"");
  SECTION("cut off") { srv.on("/f", fake::serve().times(2).then(fake::cut(fake::after{1000}).times(1))); }
  SECTION("reset") { srv.on("/f", fake::serve().times(2).then(fake::reset(fake::after{1000}).times(1))); }
  SECTION("refused") { srv.on("/f", fake::serve().times(2).then(fake::reply(503).times(2))); }
  const auto done = fetch(srv, dir);
  if (!done) FAIL(done.error().message());
  CHECK(is(dir, file));
}

TEST_CASE("pieces that failed are asked for again, and only they",
          "[client][download][pieces][retry][threads]") {
  scratch::folder dir;
  fake::fake_server srv;
  srv.file("/f", file).etag("\"v1\"");
  srv.on("/f", fake::serve().times(1).then(fake::cut(fake::after{100'000}).times(4)));
  held_clock time;
  auto how = four();
  how.time = &time;
  how.retry.retries = 1;
  const auto done = fetch(srv, dir, std::move(how));
  if (!done) FAIL(done.error().message());
  CHECK(is(dir, file));
  CHECK(done->retries == 1);
  std::uint64_t sent = 0;
  for (const auto& x : srv.journal()) sent += x.acked;
  CHECK(sent < size + 5 * 1000);  // with the heads
}

TEST_CASE("a server that refuses pieces for a while is asked again when it said", "[client][download][pieces][retry][threads]") {
  scratch::folder dir;
  fake::fake_server srv;
  srv.file("/f", file).etag("\"v1\"");
  srv.on("/f", fake::serve().times(1).then((fake::reply(503, "") | fake::add_header("Retry-After", "7")).times(4)));
  held_clock time;
  auto how = four();
  how.time = &time;
  how.retry.retries = 1;
  const auto done = fetch(srv, dir, std::move(how));
  if (!done) FAIL(done.error().message());
  CHECK(is(dir, file));
  REQUIRE(time.waits.size() == 1);
  CHECK(time.waits[0] == std::chrono::seconds(7));
}

TEST_CASE("a part in pieces is gone on with by a later download, however it asks",
          "[client][download][pieces][threads]") {
  scratch::folder dir;
  fake::fake_server srv;
  srv.file("/f", file).etag("\"v1\"");
  auto how = four();
  const bool first_in_pieces = GENERATE(true, false);
  const bool then_in_pieces = GENERATE(true, false);
  how.parallel = first_in_pieces ? 4 : 1;
  how.progress_every = std::chrono::milliseconds(0);
  how.progress = [](const download_progress& p) { return p.octets < 400'000; };
  REQUIRE(fetch(srv, dir, std::move(how)).error().kind() == error_kind::cancelled);
  CHECK(dir.names() == names{"f.part", "f.part.from"});

  auto again = four();
  again.parallel = then_in_pieces ? 4 : 1;
  const std::size_t asked_before = srv.journal().size();
  SECTION("of the same file") {
    const auto done = fetch(srv, dir, std::move(again));
    if (!done) FAIL(done.error().message());
    CHECK(is(dir, file));
    CHECK((srv.journal().size() > asked_before + 1) == then_in_pieces);
    CHECK(done->resumed >= 10'000);
    CHECK(done->resumed < size);
  }
  SECTION("of another") {
    srv.file("/f", newer).etag("\"v2\"");
    const auto done = fetch(srv, dir, std::move(again));
    if (!done) FAIL(done.error().message());
    CHECK(is(dir, newer));
    CHECK(done->resumed == 0);
  }
}

TEST_CASE("a part in pieces is found under the name that the server has for it", "[client][download][pieces][threads]") {
  scratch::folder dir;
  fake::fake_server srv;
  srv.file("/f", file).etag("\"v1\"");
  std::string octets = file.octets().substr(0, 700'000);
  for (std::size_t i = 200'000; i < 500'000; ++i) octets[i] = '?';
  put(dir / "f.part", octets);
  write_note(dir / "f.part.from",
             srv.url("/f") + "\n\"v1\"\n" + ascii::to_decimal(size) + " pieces 0-199999,500000-699999,\n", false)
      .value();
  auto how = four();
  how.parallel = GENERATE(std::size_t{1}, std::size_t{4});
  how.digest = expected_sha256(file.octets());
  const std::size_t resumed = how.parallel == 1 ? 200'000 : 400'000;
  client c;
  const auto done = download_to(c, srv.url("/f"), dir / "", std::move(how));
  if (!done) FAIL(done.error().message());
  CHECK(is(dir, file));
  CHECK(done->resumed == resumed);
  if (resumed == 200'000) CHECK(srv.saw(fake::get("/f").with("Range", "bytes=200000-")).once());
}

TEST_CASE("a rest that is no larger than the smallest piece is none for several connections", "[client][download][pieces][threads]") {
  scratch::folder dir;
  fake::fake_server srv;
  srv.file("/f", file).etag("\"v1\"");
  const bool too_small = GENERATE(true, false);
  const std::uint64_t held = size - (too_small ? 10'000 : 10'001);
  put(dir / "f.part", file.octets().substr(0, held));
  write_note(dir / "f.part.from", srv.url("/f") + "\n\"v1\"\n" + ascii::to_decimal(size) + "\n", false).value();
  CHECK(fetch(srv, dir).value().resumed == held);
  CHECK(is(dir, file));
  CHECK(srv.saw(fake::get("/f").with("Range", "bytes=" + ascii::to_decimal(held) + "-")).exactly(too_small ? 1 : 0));
}

TEST_CASE("a part in pieces whose note says more than there is, is begun anew",
          "[client][download][pieces][threads]") {
  scratch::folder dir;
  fake::fake_server srv;
  srv.file("/f", file).etag("\"v1\"");
  put(dir / "f.part", "too short");
  const std::string note = srv.url("/f") + "\n\"v1\"\n" + ascii::to_decimal(size) + " pieces ";
  const bool complete = GENERATE(true, false);
  write_note(dir / "f.part.from", note + (complete ? "0-1000002,\n" : "500-1000,\n"), false).value();
  CHECK(fetch(srv, dir).value().resumed == 0);
  CHECK(is(dir, file));
}

TEST_CASE("what a callback throws out of a thread reaches the caller",
          "[client][download][pieces][threads]") {
  scratch::folder dir;
  fake::fake_server srv;
  srv.file("/f", file).etag("\"v1\"");
  auto how = four();
  how.progress_every = std::chrono::milliseconds(0);
  how.progress = [](const download_progress& p) -> bool {
    if (p.octets > 100'000) throw std::string("enough");
    return true;
  };
  CHECK_THROWS_AS(fetch(srv, dir, std::move(how)), std::string);
}
