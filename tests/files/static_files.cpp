// The handler over a directory: called as a function, without a socket.
#include <tinyhttp/files/static_files.hpp>

#include "scratch.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace tinyhttp;
using Catch::Matchers::ContainsSubstring;
using files::confinement;

namespace {

response get(const static_files& serve, std::string_view target, const fields& f = {}) {
  return serve(request::get(target, f));
}

}  // namespace

TEST_CASE("a file is served with its content and type", "[files][static_files]") {
  const scratch::folder f;
  f.write("page.html", "<p>hi");
  f.write("empty.css", "");
  f.write("noext", "x");
  f.set_time("page.html", 784'111'777);
  const static_files serve(f.path());
  const auto r = get(serve, "/page.html?query=ignored");
  CHECK(r.status == status::ok);
  CHECK(r.fields["Content-Type"] == "text/html; charset=utf-8");
  CHECK(r.fields["Last-Modified"] == "Sun, 06 Nov 1994 08:49:37 GMT");
  CHECK(r.fields["X-Content-Type-Options"] == "nosniff");
  CHECK(r.fields["Cache-Control"] == "no-cache");
  CHECK(r.fields["Accept-Ranges"] == "bytes");
  CHECK(r.fields["ETag"].starts_with('"'));
  CHECK(r.body.length() == 5U);
  CHECK(scratch::octets(r.body) == "<p>hi");
  CHECK(get(serve, "/empty.css").body.length() == 0U);
  CHECK(get(serve, "/empty.css").status == status::ok);
  CHECK(get(serve, "/noext").fields["Content-Type"] == "application/octet-stream");
  CHECK(get(serve, "http://any.host/page.html").status == status::ok);  // absolute form
}

TEST_CASE("HEAD tells what GET would", "[files][static_files]") {
  const scratch::folder f;
  f.write("a.txt", "0123456789");
  const static_files serve(f.path());
  const response by_get = get(serve, "/a.txt");
  const response by_head = serve(request::head("/a.txt"));
  std::string one, two;
  by_get.fields.append_to(one);
  by_head.fields.append_to(two);
  CHECK(one == two);
  CHECK(by_head.body.length() == by_get.body.length());
}

TEST_CASE("other methods are told which are allowed, before their body is read",
          "[files][static_files]") {
  const scratch::folder f;
  f.write("a.txt", "x");
  const any_handler serve(static_files(f.path()));
  for (const char* name : {"POST", "PUT", "DELETE", "PATCH", "BREW"}) {
    request r(method(name), "/a.txt");
    r.body = stream_body([]() -> result<std::string> { return error(error_kind::io, "was read"); });
    const response answered = serve(std::move(r));
    CHECK(answered.status == status::method_not_allowed);
    CHECK(answered.fields["Allow"] == "GET, HEAD");
  }
  CHECK(serve(request(method::options, "*")).status == status::method_not_allowed);
}

TEST_CASE("a cached copy is validated by tag and by date", "[files][static_files]") {
  const scratch::folder f;
  f.write("a.txt", "one");
  f.set_time("a.txt", 784'111'777);
  const static_files serve(f.path());
  const response first = get(serve, "/a.txt");
  CHECK(get(serve, "/a.txt", {{"If-None-Match", first.fields["ETag"]}}).status == 304);
  CHECK(get(serve, "/a.txt", {{"If-Modified-Since", first.fields["Last-Modified"]}}).status == 304);
  f.write("b.txt", "two");  // as long as the other, with the same time
  f.set_time("b.txt", 784'111'777);
  std::filesystem::rename(f.path("b.txt"), f.path("a.txt"));
  const response second = get(serve, "/a.txt", {{"If-None-Match", first.fields["ETag"]}});
  CHECK(second.status == status::ok);
  CHECK(scratch::octets(second.body) == "two");
}

TEST_CASE("a range at the end of a sparse 5 GiB file", "[files][static_files][range]") {
  const scratch::folder f;
  f.write("big.iso", "");
  const std::uint64_t size = std::uint64_t{5} << 30;
  REQUIRE(::truncate(f.path("big.iso").c_str(), static_cast<off_t>(size)) == 0);
  const int fd = ::open(f.path("big.iso").c_str(), O_WRONLY | O_CLOEXEC);
  REQUIRE(::pwrite(fd, "end", 3, static_cast<off_t>(size - 3)) == 3);
  ::close(fd);
  const static_files serve(f.path());
  CHECK(get(serve, "/big.iso").body.length() == size);
  const auto last = get(serve, "/big.iso", {{"Range", "bytes=-3"}});
  CHECK(last.status == status::partial_content);
  CHECK(last.fields["Content-Range"] == "bytes 5368709117-5368709119/5368709120");
  CHECK(scratch::octets(last.body) == "end");
  const auto two = get(serve, "/big.iso", {{"Range", "bytes=0-0,5368709119-"}});
  CHECK_THAT(scratch::octets(two.body), ContainsSubstring("bytes 5368709119-5368709119/5368709120"));
  CHECK(get(serve, "/big.iso", {{"Range", "bytes=5368709120-"}}).status == 416);
}

TEST_CASE("names of every kind are found by their escapes", "[files][static_files]") {
  const scratch::folder f;
  const std::pair<std::string, std::string_view> names[] = {
      {"with space.txt", "/with%20space.txt"},
      {"\xC3\xA9t\xC3\xA9.txt", "/%C3%A9t%c3%a9.txt"},
      {"100%.txt", "/100%25.txt"},
      {"what?.txt", "/what%3F.txt"},
      {"a#b.txt", "/a%23b.txt"},
      {"\"q\".txt", "/%22q%22.txt"},
      {"it's.txt", "/it's.txt"},
      {"a&b=c;d.txt", "/a&b=c;d.txt"},
      {"<b>.txt", "/%3Cb%3E.txt"},
      {"a+b.txt", "/a+b.txt"},
      {"\xFF.txt", "/%FF.txt"},
      {"%41.txt", "/%2541.txt"},
      {"-rf", "/-rf"},
      {"a:b", "/a:b"},
  };
  for (const auto& [name, path] : names) f.write(name, name);
  f.write("two\nlines", "x");
  const static_files serve(f.path());
  for (const auto& [name, path] : names) {
    CAPTURE(path);
    const auto r = get(serve, path);
    CHECK(r.status == status::ok);
    CHECK(scratch::octets(r.body) == name);
  }
  CHECK(get(serve, "/two%0Alines").status == 400);
  const std::string listing = scratch::octets(get(serve, "/").body);
  CHECK_THAT(listing, ContainsSubstring("14 files"));
  CHECK(listing.find("two") == std::string::npos);  // what cannot be asked for is not shown
}

TEST_CASE("a directory without its slash is redirected to it, on this host", "[files][static_files]") {
  const scratch::folder f;
  f.make_folder("dir");
  f.make_folder("a b/c");
  const static_files serve(f.path());
  const static_files mounted(f.path(), {.strip_prefix = "/files"});
  CHECK(get(serve, "/dir").status == status::moved_permanently);
  CHECK(get(serve, "/dir").fields["Location"] == "/dir/");
  CHECK(get(serve, "/dir?x=1&y=%20").fields["Location"] == "/dir/?x=1&y=%20");
  CHECK(get(serve, "/dir?").fields["Location"] == "/dir/?");
  CHECK(get(serve, "/a%20b/c").fields["Location"] == "/a%20b/c/");
  CHECK(get(serve, "http://evil.example/dir").fields["Location"] == "/dir/");
  CHECK(get(mounted, "/files/dir").fields["Location"] == "/files/dir/");
  CHECK(get(mounted, "/files").fields["Location"] == "/files/");
  for (const char* path : {"//dir", "///dir", "//evil.example/..", "/\\evil.example/dir", "//dir/",
                           "/%2fdir", "/%5cdir", "/.//dir", "/dir//"}) {
    CAPTURE(path);
    CHECK_FALSE(get(serve, path).fields.contains("Location"));
    CHECK(get(serve, path).status.is_client_error());
  }
}

TEST_CASE("a fallback answers navigations to what there is not, and nothing else", "[files][static_files]") {
  const scratch::folder f;
  f.write("index.html", "home");
  f.write("app.js", "js");
  f.make_folder("empty");
  const static_files serve(f.path(), {.strip_prefix = "/ui", .listing = false, .fallback = "index.html"});
  const fields page{{"Accept", "text/html,*/*;q=0.8"}};
  for (int i = 0; i < 2; ++i) {  // off the disk, and maybe kept
    for (const char* path : {"/ui/users/42", "/ui/users/", "/ui/a.b"}) {
      const response made = get(serve, path, page);
      CHECK(scratch::octets(made.body) == "home");
      CHECK(made.status == status::ok);
      CHECK(made.fields["Content-Type"] == "text/html; charset=utf-8");
      CHECK(made.fields["Vary"] == "Accept, Sec-Fetch-Mode");
    }
    CHECK(get(serve, "/ui/index.html").fields["Vary"] == "");
    CHECK(get(serve, "/ui/missing.js", {{"Accept", "*/*"}}).status == 404);
    CHECK(get(serve, "/ui/users/42").status == 404);
    CHECK(get(serve, "/ui/x", {{"Sec-Fetch-Mode", "navigate"}}).status == 200);
    CHECK(get(serve, "/ui/x", {{"Sec-Fetch-Mode", "cors"}, {"Accept", "text/html"}}).status == 404);
    CHECK(get(serve, "/ui/x", {{"Accept", "TEXT/HTML ; Q=0.000, */*"}}).status == 404);  // refused by name
    CHECK(get(serve, "/ui/x", {{"Accept", "text/html;q=0.001"}}).status == 200);
    CHECK(get(serve, "/ui/x").fields["Vary"] == "Accept, Sec-Fetch-Mode");
    CHECK(scratch::octets(get(serve, "/ui/app.js", page).body) == "js");
    CHECK(get(serve, "/ui/empty/", page).status == 403);
    CHECK(get(serve, "/ui/../x", page).status == 400);
    CHECK(get(serve, "/users/42", page).status == 404);
  }
  CHECK(get(static_files(f.path()), "/users/42", page).status == 404);
  CHECK(get(static_files(f.path(), {.fallback = "gone.html"}), "/users/42", page).status == 404);
  CHECK(get(static_files(f.path(), {.fallback = "empty"}), "/users/42", page).status == 404);
  CHECK_THROWS_AS(static_files(f.path(), {.fallback = "/index.html"}), std::invalid_argument);
  CHECK_THROWS_WITH(static_files(f.path(), {.strip_prefix = "ui"}), "strip_prefix begins with /, fallback does not");
}

TEST_CASE("a mount is a prefix that ends where a segment does", "[files][static_files]") {
  const scratch::folder f;
  f.write("a.txt", "x");
  for (const char* prefix : {"/files", "/files/"}) {
    const static_files serve(f.path(), {.strip_prefix = prefix});
    CHECK(get(serve, "/files/a.txt").status == 200);
    CHECK(get(serve, "/files/").status == 200);
    CHECK(get(serve, "/a.txt").status == 404);
    CHECK(get(serve, "/filesa.txt").status == 404);
    CHECK(get(serve, "/files//a.txt").status == 404);
    CHECK(get(serve, "/files%2fa.txt").status == 404);
  }
}

TEST_CASE("a directory shows its index, else its listing, else nothing", "[files][static_files]") {
  const scratch::folder f;
  f.write("index.html", "home");
  f.write("sub/x.txt", "x");
  f.write("odd/index.html/x", "x");  // a directory of that name is no index
  f.write("alt/default.htm", "alt");
  const static_files serve(f.path());
  CHECK(scratch::octets(get(serve, "/").body) == "home");
  CHECK(get(serve, "/").fields["Content-Type"] == "text/html; charset=utf-8");
  const auto listed = get(serve, "/sub/");
  CHECK(listed.status == status::ok);
  CHECK_THAT(scratch::octets(listed.body), ContainsSubstring("href=\"./x.txt\""));
  CHECK_THAT(std::string(listed.fields["Content-Security-Policy"]), ContainsSubstring("default-src 'none'"));
  CHECK(get(serve, "/odd/").status == status::ok);

  const static_files closed(f.path(), {.index = {"default.htm", "index.html"}, .listing = false});
  CHECK(get(closed, "/sub/").status == status::forbidden);
  CHECK(scratch::octets(get(closed, "/alt/").body) == "alt");
  CHECK(get(closed, "/sub/x.txt").status == status::ok);
}

TEST_CASE("a listing is JSON for programs", "[files][static_files]") {
  const scratch::folder f;
  f.write("sub/x.txt", "123");
  const static_files serve(f.path());
  const auto type = [&](const char* accept) {
    return std::string(get(serve, "/sub/", {{"Accept", accept}}).fields["Content-Type"]);
  };
  CHECK(type("application/json") == "application/json");
  CHECK(type("application/json;q=0.9, */*;q=0.1") == "application/json");
  CHECK(type("text/html,application/json;q=0.9") == "text/html; charset=utf-8");
  CHECK(type("*/*") == "text/html; charset=utf-8");
  const auto r = get(serve, "/sub/", {{"Accept", "application/json"}});
  CHECK(r.fields["Vary"] == "Accept");
  CHECK_THAT(scratch::octets(r.body), ContainsSubstring("\"name\":\"x.txt\",\"type\":\"file\",\"size\":3"));
}

TEST_CASE("dot-files are hidden unless asked for", "[files][static_files][security]") {
  const scratch::folder f;
  f.write(".git/config", "secret");
  f.write(".env", "secret");
  f.write(".well-known/acme", "token");
  const static_files serve(f.path());
  CHECK(get(serve, "/.git/config").status == 404);
  CHECK(get(serve, "/.env").status == 404);
  CHECK(get(serve, "/%2eenv").status == 404);
  CHECK(scratch::octets(get(serve, "/.well-known/acme").body) == "token");
  const std::string listing = scratch::octets(get(serve, "/").body);
  CHECK(listing.find("git") == std::string::npos);
  CHECK(listing.find("well-known") != std::string::npos);
  const static_files all(f.path(), {.dot_files = true});
  CHECK(get(all, "/.env").status == 200);
  CHECK_THAT(scratch::octets(get(all, "/").body), ContainsSubstring(".git/"));
}

TEST_CASE("types and the cache policy can be set", "[files][static_files]") {
  const scratch::folder f;
  f.write("a.tar.gz", "x");
  f.write("a.GZ", "x");
  const static_files serve(f.path(), {.cache_control = "max-age=60",
                                      .media_types = {{".tar.gz", "application/x-gtar"},
                                                      {".gz", "application/x-mine"}}});
  CHECK(get(serve, "/a.tar.gz").fields["Content-Type"] == "application/x-gtar");
  CHECK(get(serve, "/a.GZ").fields["Content-Type"] == "application/x-mine");
  CHECK(get(serve, "/a.GZ").fields["Cache-Control"] == "max-age=60");
}

TEST_CASE("a policy says how long a file may be kept", "[files][static_files]") {
  const scratch::folder f;
  for (const char* name : {"index.html", "assets/app.js", "font.WOFF2", "app.3f9ab2c1.js"}) f.write(name, "x");
  const static_files serve(f.path(), {.cache_rules = {{.prefix = "assets/", .cache_control = "max-age=60"},
                                                      {.suffix = ".woff2", .cache_control = "max-age=70"},
                                                      {.hashed = true}}});
  const auto policy = [&](const char* path) { return std::string(get(serve, path).fields["Cache-Control"]); };
  CHECK(policy("/index.html") == "no-cache");
  CHECK(policy("/assets/app.js") == "max-age=60");
  CHECK(policy("/font.WOFF2") == "max-age=70");
  CHECK(policy("/app.3f9ab2c1.js") == "public, max-age=31536000, immutable");
}

TEST_CASE("options that would split a message are refused at once", "[files][static_files][security]") {
  const scratch::folder f;
  const std::string bad = "x\r\nInjected: 1";
  CHECK_THROWS_AS(static_files(f.path(), {.cache_control = bad}), std::invalid_argument);
  CHECK_THROWS_AS(static_files(f.path(), {.cache_rules = {{.cache_control = bad}}}), std::invalid_argument);
  CHECK_THROWS_AS(static_files(f.path(), {.media_types = {{".x", bad}}}), std::invalid_argument);
}

TEST_CASE("errors tell a status and nothing of this machine", "[files][static_files][security]") {
  const scratch::folder f;
  f.write("file", "x");
  f.write("folder/file", "x");
  REQUIRE(::mkfifo(f.path("fifo").c_str(), 0666) == 0);
  REQUIRE(::chmod(f.path("file").c_str(), 0) == 0);
  REQUIRE(::chmod(f.path("folder").c_str(), 0) == 0);
  const static_files serve(f.path());
  const scratch::nobody low;
  const std::pair<const char*, int> rows[] = {{"/nothing", 404}, {"/file", 403},   {"/folder/", 403},
                                              {"/fifo", 404},    {"/file/", 404},  {"/%00", 400},
                                              {"/folder/file", 403}};
  for (const auto& [path, code] : rows) {
    CAPTURE(path);
    const auto r = get(serve, path);
    CHECK(r.status == code);
    CHECK(scratch::octets(r.body) == scratch::octets(problem(code).body));
  }
}

TEST_CASE("what is wrong with this machine is told to its owner", "[files][static_files]") {
  const scratch::folder f;
  std::vector<std::string> told;
  const static_files serve(f.path(), {.on_error = [&](const error& e) { told.push_back(e.message()); }});
  CHECK(get(serve, "/nothing").status == 404);
  CHECK(told.empty());
}

TEST_CASE("a root that does not exist is an exception that says so", "[files][static_files]") {
  CHECK_THROWS_WITH(static_files("no/such/root"),
                    "serve directory \"no/such/root\": no such file or directory");
}

TEST_CASE("a file that shrinks behind its response cuts the body, and never pads it",
          "[files][static_files]") {
  const scratch::folder f;
  f.write("log", std::string(200'000, 'x'));
  const static_files serve(f.path());
  const auto r = get(serve, "/log");
  REQUIRE(r.body.length() == 200'000U);
  REQUIRE(::truncate(f.path("log").c_str(), 100) == 0);
  CHECK(scratch::octets(r.body) == "error: content ended before its length");
}

TEST_CASE("a file that is replaced or removed behind its response is sent as it was",
          "[files][static_files]") {
  const scratch::folder f;
  f.write("file", "first");
  const static_files serve(f.path());
  const auto replaced = get(serve, "/file");
  f.write("new", "second, and longer");
  std::filesystem::rename(f.path("new"), f.path("file"));
  CHECK(scratch::octets(replaced.body) == "first");
  const auto removed = get(serve, "/file");
  std::filesystem::remove(f.path("file"));
  CHECK(scratch::octets(removed.body) == "second, and longer");
  CHECK(get(serve, "/file").status == 404);
}

TEST_CASE("no spelling of a path reaches outside the root", "[files][static_files][security]") {
  const scratch::folder f;
  f.write("canary", "CANARY");
  f.write("secret/canary", "CANARY");
  f.write("root-sibling/canary", "CANARY");
  f.write("root/sub/file", "inside");
  f.write("root/index.html", "inside");
  f.link("root/out", "../secret");
  f.link("root/sub/out", f.path("secret"));
  std::vector<std::string> spellings;
  for (const char* dots : {"..", "%2e%2e", ".%2e", "%2E.", "%252e%252e", "%25%32%65%25%32%65", "%c0%ae%c0%ae",
                           "%e0%80%ae%e0%80%ae", "%uff0e%uff0e", "%u002e%u002e", "..;", "..%00", "...", "....",
                           "%ef%bc%8e%ef%bc%8e", "..%20", "%20.."})
    for (const char* slash : {"/", "%2f", "%2F", "\\", "%5c", "%252f", "%255c", "%c0%af", "%e0%80%af", "//", "/./",
                              ";/", "%2f%2f", "/%2e/", "\\/", "%u2215"})
      for (const char* start : {"/", "/sub/", "/sub/../", "//", "/./", "/out/", "/sub/out/"})
        for (const char* end : {"canary", "secret/canary", "root-sibling/canary"})
          spellings.push_back(std::string(start) + dots + slash + end);
  for (const char* more : {"/out/canary", "/sub/out/canary", "/out", "/out/", "/sub/out/", "/../root-sibling/canary",
                           "/..", "/../", "/%2e%2e", "/sub/../../canary", "/sub/%2e%2e/%2e%2e/canary",
                           "/proc/self/root/etc/passwd", "//etc/passwd", "/%2fetc%2fpasswd", "/file:///etc/passwd"})
    spellings.push_back(more);
  for (const char* absolute : {"canary", "secret/canary"}) {
    spellings.push_back(f.path(absolute));
    spellings.push_back("/" + f.path(absolute));
    spellings.push_back("/%2f" + f.path(absolute));
  }
  CHECK(spellings.size() > 500);
  std::size_t leaks = 0, served = 0;
  for (const auto way : {confinement::walk, confinement::automatic}) {
    const static_files serve(f.path("root"), {.dot_files = true, .confined_by = way});
    for (const auto& spelling : spellings) {
      request r;
      if (!r.target.assign(spelling, method::get)) continue;
      const response answered = serve(r);
      const std::string octets = scratch::octets(answered.body);
      if (octets.find("CANARY") != octets.npos || octets.find("canary") != octets.npos ||
          octets.find("root:") != octets.npos) {
        ++leaks;
        UNSCOPED_INFO(spelling);
      }
      served += answered.status.is_success();
    }
  }
  CHECK(leaks == 0);
  CHECK(served == 0);
}

TEST_CASE("errors may have pages of your own", "[files][static_files][error_pages]") {
  const scratch::folder root;
  root.write("404.html", "<p>nowhere");
  root.write(".errors/405.html", "<p>only reading");
  root.write("a.txt", "0123456789");
  const static_files serve(root.path(), {.listing = false,
                                         .error_pages = {{404, "404.html"},
                                                         {405, ".errors/405.html"},
                                                         {403, "missing.html"},
                                                         {400, "."}}});
  const response lost = serve(request::get("/none"));
  CHECK(lost.status == 404);
  CHECK(scratch::octets(lost.body) == "<p>nowhere");
  CHECK(lost.fields["Content-Type"] == "text/html; charset=utf-8");
  CHECK(lost.fields.count("Content-Type") == 1);
  CHECK(lost.fields["Cache-Control"] == "no-store");
  CHECK(lost.fields["X-Content-Type-Options"] == "nosniff");
  CHECK_FALSE(lost.fields.contains("ETag"));
  CHECK(response(serve(request::head("/none"))).body.length() == 10U);
  CHECK(scratch::octets(response(serve(request::get("/404.html"))).body) == "<p>nowhere");
  // Conditions and ranges are about what was asked for, which there is not.
  CHECK(response(serve(request::get("/none", {{"Range", "bytes=0-0"}, {"If-Match", "*"}}))).status == 404);

  const response refused = serve(request(method::put, "/a.txt"));
  CHECK(refused.fields["Allow"] == "GET, HEAD");
  CHECK(scratch::octets(refused.body) == "<p>only reading");
  CHECK(scratch::octets(response(serve(request::get("/"))).body) == "403 Forbidden\n");
  CHECK(scratch::octets(response(serve(request::get("/%zz"))).body) == "400 Bad Request\n");
  CHECK(scratch::octets(response(serve(request::get("/a.txt"))).body) == "0123456789");
}

TEST_CASE("dot segments that a client left standing are a redirect, on this host",
          "[files][static_files][security][rfc3986-6.2.2.3]") {
  const scratch::folder root;
  root.write("a/Packages", "x");
  const static_files serve(root.path());
  const auto location = [&](const char* target) {
    const response r = serve(request::get(target));
    return r.status == 301 ? std::string(r.fields["Location"]) : std::to_string(r.status.code());
  };
  CHECK(location("/./a/Packages") == "/a/Packages");  // apt-get, for `deb http://host ./`
  CHECK(location("/a/./Packages?q=/./") == "/a/Packages?q=/./");
  CHECK(location("/././a/././Packages") == "/a/Packages");
  CHECK(location("/a/.") == "/a/");
  CHECK(location("/.") == "/");
  CHECK(location("/./") == "/");
  CHECK(location("/a/./") == "/a/");
  // Nothing that could mean another host, and nothing that is escaped or goes up.
  for (const char* target : {"/.//evil.example/", "/./%2fevil.example/", "/./\\evil.example", "/./.", "/.././a",
                             "/./../a", "/%2e/a", "/./%2e%2e/a", "/a/..", "/./%zz"}) {
    CAPTURE(target);
    const auto got = location(target);
    CHECK((got == "400" || got == "404" || got == "/"));
  }
}
