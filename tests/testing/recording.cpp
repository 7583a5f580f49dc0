// tests/testing/recording.cpp -- tests testing/recording.hpp: an origin's answers, kept and given again.
#include "support.hpp"

#include "catch.hpp"
#include "folder.hpp"

#include <tinyhttp/testing/recording.hpp>

#include <atomic>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

using namespace tinyhttp::testing;
using testing_support::fetch;
using testing_support::talk;
using Catch::Matchers::ContainsSubstring;

namespace {

std::string text_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

recording_options from(const fake_server& origin, record_mode mode, std::string_view below = "/") {
  recording_options how;
  how.from = origin.url(below);
  how.mode = mode;
  how.asking.total_timeout = patience();
  return how;
}

/// A request of this method on a connection of its own.
testing_support::heard ask(const fake_server& srv, std::string_view method, std::string_view target,
                           std::string_view more = {}, std::string_view body = {}) {
  std::string octets(method);
  octets.append(" ").append(target).append(" HTTP/1.1\r\nHost: t\r\nConnection: close\r\n").append(more);
  if (!body.empty()) octets.append("Content-Length: ").append(std::to_string(body.size())).append("\r\n");
  return talk(srv, octets.append("\r\n").append(body));
}

/// What is said when there is no good answer.
std::string complaint(const fake_server& srv) {
  const auto all = srv.journal();
  return all.empty() ? std::string() : all.back().thrown;
}

std::string refusal_of(std::string folder, recording_options with) {
  try {
    (void)recorded(std::move(folder), std::move(with));
  } catch (const tinyhttp::bad_result& failed) {
    return failed.what();
  }
  return {};
}

constexpr auto replay_only = record_mode::replay;

}  // namespace

TEST_CASE("what an origin has said once is said again without it", "[testing][recording]") {
  const scratch::folder kept;
  const content firmware = pattern(100'000, 7);
  {
    fake_server origin;
    origin.file("/fw.img", firmware).etag("\"v1\"").type("application/x-firmware");
    fake_server srv;
    srv.mount("/", recorded(kept / "answers", from(origin, record_mode::missing)));
    const auto got = fetch(srv, "/fw.img");
    CHECK(got.status() == 200);
    CHECK(got.body() == firmware.octets());
    CHECK(srv.quiet());
    CHECK(srv.journal()[0].fired == "serve, recorded as GET,fw.img.http");
    CHECK(origin.saw(get("/fw.img")).once());
  }
  fake_server srv;
  srv.mount("/", recorded(kept / "answers", {.from = "http://127.0.0.1:1", .mode = replay_only}));
  const auto got = fetch(srv, "/fw.img");
  CHECK(got.status() == 200);
  CHECK(got.body() == firmware.octets());
  CHECK_THAT(got.head(), ContainsSubstring("ETag: \"v1\"\r\n") && ContainsSubstring("Content-Length: 100000\r\n") &&
                             ContainsSubstring("Content-Type: application/x-firmware\r\n") && ContainsSubstring("Date: "));
  CHECK(srv.quiet());
  CHECK(srv.journal()[0].fired == "serve from GET,fw.img.http");
}

TEST_CASE("a kept answer is a response that people can read, whole and without secrets", "[testing][recording]") {
  const scratch::folder kept;
  fake_server origin;
  origin.on("/x", reply(404, "not here\n").header("Set-Cookie", "id=secret").header("X-Served-By", "a") | chunked(3));
  fake_server srv;
  srv.mount("/", recorded(kept.path(), from(origin, record_mode::missing)));
  CHECK(ask(srv, "GET", "/x?q=1&r=2", "Authorization: Basic c2VjcmV0\r\n").status() == 404);
  CHECK(srv.quiet());  // it was declared, whatever its status
  REQUIRE(kept.names() == std::vector<std::string>{"GET,x@q=1+r=2.http"});
  CHECK(text_of(kept / "GET,x@q=1+r=2.http") ==
        "HTTP/1.1 404 Not Found\r\nContent-Type: text/plain; charset=utf-8\r\nX-Served-By: a\r\nContent-Length: 9\r\n\r\n"
        "not here\n");
  CHECK(origin.saw(get("/x?q=1&r=2").with("Authorization", "Basic c2VjcmV0")).once());
}

TEST_CASE("a request whose answer is not kept is a 500, and who looks is told which file and how", "[testing][recording]") {
  const scratch::folder kept;
  fake_server origin, srv, alone;
  origin.file("/x", text("x"));
  srv.mount("/", recorded(kept.path(), from(origin, replay_only)));
  CHECK(fetch(srv, "/x").status() == 500);
  CHECK(complaint(srv) == "GET /x: no answer is kept in " + kept.path() + "/GET,x.http; TINYHTTP_TEST_RECORD=missing asks " +
                              origin.url(""));
  const auto verdict = srv.quiet();
  CHECK(!verdict);
  CHECK_THAT(verdict.text(), ContainsSubstring("GET,x.http; TINYHTTP_TEST_RECORD=missing"));
  CHECK(origin.saw(any()).never());
  CHECK(kept.names().empty());

  alone.mount("/", recorded(kept / "absent", {.mode = replay_only}));
  CHECK(fetch(alone, "/x").status() == 500);
  CHECK_THAT(complaint(alone), ContainsSubstring("no URL to ask"));
}

TEST_CASE("ranges, conditions and HEAD are answered out of a kept file as by a server that has it", "[testing][recording]") {
  const scratch::folder kept;
  fake_server origin;
  origin.file("/f", text("0123456789")).etag("\"v1\"").header("Cache-Control", "max-age=60");
  origin.on("/plain", reply(200, "0123456789"));
  fake_server srv;
  srv.mount("/", recorded(kept.path(), from(origin, record_mode::missing)));

  const auto part = fetch(srv, "/f", "Range: bytes=2-4\r\nIf-Range: \"v1\"\r\n");  // recorded whole
  CHECK(part.status() == 206);
  CHECK(part.body() == "234");
  CHECK_THAT(part.head(), ContainsSubstring("Content-Range: bytes 2-4/10\r\n") && ContainsSubstring("Cache-Control: max-age=60\r\n"));
  CHECK(origin.saw(get("/f").without("Range").without("If-Range")).once());
  CHECK(fetch(srv, "/f").body() == "0123456789");
  CHECK(fetch(srv, "/f", "Range: bytes=2-4\r\nIf-Range: \"v0\"\r\n").body() == "0123456789");
  CHECK(fetch(srv, "/f", "Range: bytes=10-\r\n").status() == 416);
  CHECK_THAT(fetch(srv, "/f", "Range: bytes=0-0,9-9\r\n").head(), ContainsSubstring("Content-Type: multipart/byteranges"));
  CHECK(fetch(srv, "/f", "If-Match: \"v0\"\r\n").status() == 412);

  const auto same = fetch(srv, "/f", "If-None-Match: \"v1\"\r\n");
  CHECK(same.status() == 304);
  CHECK(same.body().empty());
  CHECK_THAT(same.head(), ContainsSubstring("ETag: \"v1\"\r\n") && ContainsSubstring("Cache-Control: max-age=60\r\n") &&
                              !ContainsSubstring("Content-Type"));
  const auto head_only = ask(srv, "HEAD", "/f");
  CHECK(head_only.status() == 200);
  CHECK(head_only.body().empty());
  CHECK_THAT(head_only.head(), ContainsSubstring("Content-Length: 10\r\n"));
  CHECK(origin.saw(any("/f")).once());

  const auto whole = fetch(srv, "/plain", "Range: bytes=2-4\r\n");  // its origin does not say that it has ranges
  CHECK(whole.status() == 200);
  CHECK(whole.body() == "0123456789");
}

TEST_CASE("rules go on top of what is kept: a line that drops, and a resumption", "[testing][recording]") {
  const scratch::folder kept;
  const content firmware = pattern(50'000, 3);
  {
    fake_server origin;
    origin.file("/fw.img", firmware).etag("\"v1\"");
    fake_server srv;
    srv.mount("/", recorded(kept.path(), from(origin, record_mode::missing)));
    CHECK(fetch(srv, "/fw.img").status() == 200);
  }
  fake_server srv;
  srv.mount("/", recorded(kept.path(), {.mode = replay_only}));
  srv.on("/fw.img", cut(after{20'000}).times(1).then(flip_bit(offset{30'000})));
  CHECK(fetch(srv, "/fw.img").body() == firmware.slice(0, 20'000));
  auto rest = fetch(srv, "/fw.img", "Range: bytes=20000-\r\nIf-Range: \"v1\"\r\n");
  CHECK(rest.status() == 206);
  auto octets = rest.body();
  REQUIRE(octets.size() == 30'000);
  octets[10'000] = static_cast<char>(octets[10'000] ^ 1);
  CHECK(octets == firmware.slice(20'000, 30'000));
  CHECK(srv.journal()[0].fired == "cut after 20000 from GET,fw.img.http");
}

TEST_CASE("`missing` asks for what is not kept, `all` anew for everything", "[testing][recording]") {
  const scratch::folder kept;
  fake_server origin, srv, other;
  auto file = origin.file("/x", text("one"));
  srv.mount("/", recorded(kept.path(), from(origin, record_mode::missing)));
  CHECK(fetch(srv, "/x").body() == "one");
  file.content(text("two"));
  CHECK(fetch(srv, "/x").body() == "one");
  CHECK(origin.saw(get("/x")).once());

  other.mount("/", recorded(kept.path(), from(origin, record_mode::all)));
  CHECK(fetch(other, "/x").body() == "two");
  CHECK(origin.saw(get("/x")).exactly(2));
  CHECK(fetch(srv, "/x").body() == "two");
  CHECK(kept.names() == std::vector<std::string>{"GET,x.http"});
}

TEST_CASE("the environment says whether to record, and nonsense there is an error", "[testing][recording]") {
  const scratch::folder kept;
  fake_server origin;
  origin.file("/x", text("x"));
  const auto ask_by = [&](const char* told) {
    if (told != nullptr) ::setenv("TINYHTTP_TEST_RECORD", told, 1);
    fake_server srv;
    const auto clear = [] { ::unsetenv("TINYHTTP_TEST_RECORD"); };
    try {
      srv.mount("/", recorded(kept.path(), from(origin, record_mode::by_environment)));
    } catch (const tinyhttp::bad_result&) {
      clear();
      return -1;
    }
    clear();
    return fetch(srv, "/x").status();
  };
  CHECK(ask_by(nullptr) == 500);
  CHECK(ask_by("yes") == -1);
  CHECK(ask_by("missing") == 200);
  CHECK(ask_by("all") == 200);
  CHECK(ask_by("replay") == 200);
  CHECK(origin.saw(get("/x")).exactly(2));
  CHECK_THAT(refusal_of("d", {.mode = record_mode::all}), ContainsSubstring("no URL"));
  CHECK_THAT(refusal_of("d", {.from = "ftp://h/"}), ContainsSubstring("ftp"));
}

TEST_CASE("names of answers are readable, differ for what differs, and stay in their folder", "[testing][recording]") {
  CHECK(recording_name("GET", "/", "") == "GET,.http");
  CHECK(recording_name("GET", "/pool/main/a_1.0-1%2bb1.deb", "") == "GET,pool,main,a_1.0-1%2bb1.deb.http");
  CHECK(recording_name("GET", "/..%2f..%2fetc/passwd", "") == "GET,..%2f..%2fetc,passwd.http");
  CHECK(recording_name("GET", "/../../etc/passwd", "") == "GET,..,..,etc,passwd.http");
  CHECK(recording_name("GET", "/a,b@c+d~e", "") == "GET,a%2Cb%40c%2Bd%7Ee.http");
  CHECK(recording_name("GET", "/%00", "") == "GET,%00.http");
  CHECK(recording_name("GET", std::string_view("/\0\n*\\:|\"<>", 10), "") == "GET,%00%0A%2A%5C%3A%7C%22%3C%3E.http");
  CHECK(recording_name("a/../b", "/", "") == "a,..,b,.http");
  CHECK(recording_name("POST", "/f", "a") != recording_name("POST", "/f", "b"));
  CHECK(recording_name("POST", "/f", "a") == "POST,f~ca978112ca1bbdca.http");

  const std::string long_query = "/search?q=" + std::string(300, 'x');
  const std::string name = recording_name("GET", long_query, "");
  CHECK(name.size() == 165);
  CHECK(name.starts_with("GET,search@q=xxx"));
  CHECK(recording_name("GET", long_query + "y", "") != name);

  const scratch::folder around;
  around.make_folder("answers");
  fake_server origin;
  origin.on("*", reply(200, "from afar"));
  fake_server srv;
  srv.mount("/", recorded(around / "answers", from(origin, record_mode::missing)));
  for (const std::string& target : {std::string("/%00"), std::string("/a\\..\\b"), std::string("/.git/config"), long_query})
    CHECK(fetch(srv, target).body() == (target[1] == 'a' ? "500 Internal Server Error\n" : "from afar"));
  for (const char* target : {"/..%2f..%2fx", "/../x"}) {
    CHECK(fetch(srv, target).status() == 500);
    CHECK(complaint(srv) == "record " + std::string(target) + ": it leads out of what is mounted");
  }
  CHECK(around.names() == std::vector<std::string>{"answers"});
  CHECK(origin.saw(get(long_query)).once());
  CHECK(origin.saw(any()).exactly(3));
}

TEST_CASE("an answer that was edited by hand is taken as it reads", "[testing][recording]") {
  const scratch::folder kept;
  kept.write("GET,a.http", "HTTP/1.1 200 OK\nETag: \"edited\"\nAccept-Ranges: bytes\n\nline\nline\r\n");
  kept.write("GET,b.http", "HTTP/1.1 503 Maintenance\r\nRetry-After: 7\n\r\n");
  kept.write("GET,c.http", "HTTP/1.1 304 Not Modified\r\nETag: \"c\"\r\n\r\n");
  fake_server srv;
  srv.mount("/", recorded(kept.path(), {.mode = replay_only}));
  const auto a = fetch(srv, "/a");
  CHECK(a.body() == "line\nline\r\n");
  CHECK_THAT(a.head(), ContainsSubstring("ETag: \"edited\"\r\n") && ContainsSubstring("Content-Length: 11\r\n"));
  CHECK(fetch(srv, "/a", "Range: bytes=5-\r\n").body() == "line\r\n");
  const auto b = fetch(srv, "/b");
  CHECK(b.status() == 503);
  CHECK_THAT(b.head(), ContainsSubstring("Retry-After: 7\r\n") && ContainsSubstring("Content-Length: 0\r\n"));
  CHECK(fetch(srv, "/c").status() == 304);
  CHECK(srv.quiet());
}

TEST_CASE("a damaged answer is a 500, and who looks is told the file and the line", "[testing][recording]") {
  const scratch::folder kept;
  fake_server srv;
  srv.mount("/", recorded(kept.path(), {.mode = replay_only}));
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"", "1: the head ends without an empty line"},
      {"HTTP/1.1 200 OK\r\n", "2: the head ends without an empty line"},
      {"HTTP/1.1 200 OK\r\nA: b", "2: the head ends without an empty line"},
      {"\r\nHTTP/1.1 200 OK\r\n\r\n", "1: empty lines instead of a start line"},
      {"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "1: no HTTP version in the start line"},
      {"HTTP/1.1 2x0 OK\r\n\r\n", "1: status code is not three digits from 100 on"},
      {"HTTP/1.1 200 OK\r\nA: b\r\nno field\r\n\r\n", "3: field name is not a token followed by a colon"},
      {"HTTP/1.1 200 OK\r\nA: b\r\n C: d\r\n\r\n", "3: folded or indented field line"},
      {"HTTP/1.1 200 OK\nA: b\x01\n\n", "2: control octet or bare LF in the head"},
      {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfour", "2: Content-Length: 5, but 4 octets behind the head"},
      {"HTTP/1.1 200 OK\r\nA: b\r\ncontent-length: -1\r\n\r\nf", "3: Content-Length: -1, but 1 octet behind the head"},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "2: what is kept has no Transfer-Encoding"},
      {"HTTP/1.1 204 No Content\r\n\r\nx", "3: 1 octet behind the head, where nothing belongs"},
      {"HTTP/1.1 100 Continue\r\n\r\n", "1: not a final answer"},
  };
  for (const auto& [octets, why] : cases) {
    kept.write("GET,x.http", octets);
    CHECK(fetch(srv, "/x").status() == 500);
    CHECK(complaint(srv) == kept.path() + "/GET,x.http:" + std::string(why));
  }
  kept.make_folder("GET,d.http");
  CHECK(fetch(srv, "/d").status() == 500);
  CHECK_THAT(complaint(srv), ContainsSubstring("GET,d.http\": not a regular file"));
}

TEST_CASE("what did not come whole is not kept", "[testing][recording]") {
  const scratch::folder kept;
  fake_server origin;
  origin.file("/f", pattern(10'000, 1));
  auto how = from(origin, record_mode::missing);
  how.asking.body_limit = 20'000;
  fake_server srv;
  srv.mount("/", recorded(kept.path(), how));
  for (const behavior& fault : {cut(after{5'000}), reset(after{5'000}), no_length() | chunked(1000, chunk_fault::no_last),
                                raw("HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n"), raw("SSH-2.0-x\r\n")}) {
    origin.forget_rules();
    origin.on("/f", fault);
    CHECK(fetch(srv, "/f").status() == 500);
    CHECK_THAT(complaint(srv), ContainsSubstring("record: ") && ContainsSubstring(origin.url("/f")));
  }
  origin.refuse();
  CHECK(fetch(srv, "/f").status() == 500);
  CHECK(kept.names().empty());
  origin.accept();
  origin.forget_rules();
  CHECK(pattern(10'000, 1).matches(fetch(srv, "/f").body()));
  CHECK(kept.names() == std::vector<std::string>{"GET,f.http"});
}

TEST_CASE("redirects are kept as they are, and lead below the mount where they led below the origin", "[testing][recording]") {
  const scratch::folder kept;
  std::string urls[2];
  {
    fake_server origin;
    urls[0] = origin.url("/debian/pool/b?x=1") + "#end";
    urls[1] = origin.url("/elsewhere");
    const std::pair<std::string, std::string> leads[] = {
        {"absolute", urls[0]}, {"path", "/debian/c"}, {"relative", "../d"},           {"base", "/debian"},
        {"outside", urls[1]},  {"near", "/debianish"}, {"far", "https://h.example/x"}};
    for (const auto& [name, to] : leads) origin.on("/debian/a/" + name, redirect(to));
    fake_server srv;
    srv.mount("/deb/", recorded(kept.path(), from(origin, record_mode::missing, "/debian/")));
    for (const auto& [name, to] : leads) CHECK(fetch(srv, "/deb/a/" + name).status() == 302);
    CHECK(fetch(srv, "/deb/../x").status() == 500);
    CHECK(origin.saw(any("/debian/a/*")).exactly(std::size(leads)));
    CHECK_THAT(text_of(kept / "GET,a,absolute.http"), ContainsSubstring("Location: " + urls[0] + "\r\n"));
  }
  fake_server srv;
  const std::string base = urls[1].substr(0, urls[1].rfind('/'));
  srv.mount("/deb", recorded(kept.path(), {.from = base + "/debian", .mode = replay_only}));
  const auto leads_to = [&](const std::string& name) {
    const auto head = fetch(srv, "/deb/a/" + name).head();
    const auto at = head.find("Location: ") + 10;
    return head.substr(at, head.find("\r\n", at) - at);
  };
  CHECK(leads_to("absolute") == "/deb/pool/b?x=1#end");
  CHECK(leads_to("path") == "/deb/c");
  CHECK(leads_to("relative") == "/deb/d");
  CHECK(leads_to("base") == "/deb/");
  CHECK(leads_to("outside") == urls[1]);
  CHECK(leads_to("near") == "/debianish");
  CHECK(leads_to("far") == "https://h.example/x");
}

TEST_CASE("binary bodies, no bodies, heads alone and posts come back as they were", "[testing][recording]") {
  const scratch::folder kept;
  std::string every;
  for (int i = 0; i < 1024; ++i) every += static_cast<char>(i % 256);
  std::optional<fake_server> origin;
  origin.emplace();
  origin->on("/binary", reply(200, every, "application/octet-stream"));
  origin->on("/none", reply(204).header("X-Kind", "none"));
  origin->on("/empty", reply(200, ""));
  origin->file("/big", text(every)).etag("\"b\"");
  origin->on("/unknown", reply(200, every) | no_length());
  origin->on("/form", [](const exchange& x) -> behavior { return reply(201, "got " + x.body); });
  fake_server srv;
  srv.mount("/", recorded(kept.path(), from(*origin, record_mode::missing)));
  for (int round = 0; round < 2; ++round) {
    CHECK(fetch(srv, "/binary").body() == every);
    const auto none = fetch(srv, "/none");
    CHECK(none.status() == 204);
    CHECK_THAT(none.head(), ContainsSubstring("X-Kind: none\r\n") && !ContainsSubstring("Content-Length"));
    CHECK_THAT(fetch(srv, "/empty").head(), ContainsSubstring("Content-Length: 0\r\n"));
    const auto big = ask(srv, "HEAD", "/big"), unknown = ask(srv, "HEAD", "/unknown");
    CHECK_THAT(big.head(), ContainsSubstring("Content-Length: 1024\r\n"));
    CHECK_THAT(unknown.head(), !ContainsSubstring("Content-Length"));
    CHECK(big.body() + unknown.body() == "");
    CHECK(ask(srv, "HEAD", "/big", "If-None-Match: \"b\"\r\n").status() == 304);
    CHECK(ask(srv, "POST", "/form", "Expect: 100-continue\r\n", "a=1").octets.ends_with("\r\n\r\ngot a=1"));
    CHECK(ask(srv, "POST", "/form", {}, "a=2").body() == "got a=2");
    if (round == 0) origin.reset();
  }
  CHECK(srv.quiet());
  CHECK(kept.names().size() == 7);
  CHECK(ask(srv, "POST", "/form", {}, std::string(2_MiB, 'x')).status() == 500);
  CHECK(complaint(srv) == "recorded: the request's body has 2097152 octets, fake_server_options::body is 1048576");
  srv.on("/form", early(1));
  CHECK(ask(srv, "POST", "/form", {}, "a=1").status() == 500);  // the origin must not get a part for the whole
  CHECK(complaint(srv) == "recorded: the request's body was not read to its end, as `early` says");
}

TEST_CASE("several that record at once leave whole answers", "[testing][recording]") {
  const scratch::folder kept;
  const content file = pattern(300'000, 9);
  fake_server origin;
  origin.file("/f", file);
  const auto mode = from(origin, record_mode::all);
  std::atomic<int> wrong{0};
  {
    std::vector<std::thread> all;
    for (int i = 0; i < 4; ++i)
      all.emplace_back([&] {
        fake_server srv;
        srv.mount("/", recorded(kept.path(), mode));
        for (int round = 0; round < 5; ++round) wrong += fetch(srv, "/f").body() == file.octets() ? 0 : 1;
      });
    for (auto& each : all) each.join();
  }
  CHECK(wrong == 0);
  CHECK(kept.names() == std::vector<std::string>{"GET,f.http"});
  fake_server srv;
  srv.mount("/", recorded(kept.path(), {.mode = replay_only}));
  CHECK(fetch(srv, "/f").body() == file.octets());
}

TEST_CASE("a function answers below a mount, and what it throws is no quiet", "[testing][recording]") {
  fake_server srv;
  srv.mount("/api/", [](tinyhttp::request& r, exchange& x, std::string_view prefix) {
    x.matched = true;
    if (r.path().ends_with("/bad")) throw std::runtime_error("bad");
    return tinyhttp::text(std::string(r.path().substr(prefix.size())) + " " + x.body);
  });
  CHECK(ask(srv, "POST", "/api/x", {}, "body").body() == "/x body");
  CHECK(srv.quiet());
  CHECK(fetch(srv, "/api/bad").status() == 500);
  CHECK(complaint(srv) == "bad");
  CHECK(!srv.quiet());
}
