// What is kept, what is forgotten, and that a change on disk is seen at once.
#include <tinyhttp/files/static_files.hpp>

#include "few_descriptors.hpp"
#include "scratch.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <iterator>
#include <memory>
#include <string>
#include <thread>
#include <vector>

using namespace tinyhttp;
using namespace tinyhttp::files;

namespace {

shared<const kept_file> of_size(std::size_t octets) {
  auto* const made = new kept_file;
  made->octets = std::make_shared<const std::string>(octets, 'x');
  made->known.size = octets;
  return shared<const kept_file>(made);
}

/// A server whose clock is far ahead, so that every file has been left alone for long.
class later final : public request_context, private tinyhttp::clock {
 public:
  [[nodiscard]] std::string_view peer() const noexcept override { return "test"; }
  [[nodiscard]] bool cancelled() const noexcept override { return false; }
  [[nodiscard]] task<result<void>> inform(status, const fields&) override {
    return ready_task(result<void>());
  }
  [[nodiscard]] tinyhttp::clock& clock() noexcept override { return *this; }
  void post(function<void()>) override {}
  duration after{};

 private:
  [[nodiscard]] time_point now() noexcept override { return time_point(after); }
  [[nodiscard]] std::int64_t unix_seconds() noexcept override { return system_unix_seconds() + 3600; }
  [[nodiscard]] task<void> wait_until(time_point) override { co_return; }
};

response get(const static_files& serve, std::string_view target, const fields& f = {}, duration after = {}) {
  later context;
  context.after = after;
  request r = request::get(target, f);
  r.context = &context;
  return serve(r);
}

/// The octets came from memory, not from an open file.
bool from_memory(const response& r) { return r.body.is_octets(); }

}  // namespace

TEST_CASE("a cache keeps what was used last, within its bounds", "[files][cache]") {
  cache kept({.octets = 1 << 20, .largest = 1000, .files = 3});
  for (const char* name : {"a", "b", "c"}) kept.keep(name, of_size(10));
  CHECK(kept.find("a").get() != nullptr);  // now the one used last
  kept.keep("d", of_size(10));
  CHECK(kept.find("b").get() == nullptr);
  CHECK(kept.find("a").get() != nullptr);
  CHECK(kept.find("c").get() != nullptr);
  CHECK(kept.find("d").get() != nullptr);
  const auto newer = of_size(20);
  kept.keep("a", newer);
  CHECK(kept.find("a").get() == newer.get());
  kept.forget("a");
  CHECK(kept.find("a").get() == nullptr);
  kept.forget("never there");
}

TEST_CASE("a folder without its slash is redirected, whatever is kept of it", "[files][cache]") {
  const scratch::folder f;
  f.write("index.html", "<a href=x>");
  const static_files serve(f.path(), {.strip_prefix = "/files"});
  for (int i = 0; i < 2; ++i) {
    CHECK(get(serve, "/files").status == status::moved_permanently);
    CHECK(get(serve, "/files/").status == status::ok);
  }
  CHECK(from_memory(get(serve, "/files/")));
}

TEST_CASE("the way to a folder's slash is kept until it is another folder, or none", "[files][cache]") {
  const scratch::folder f;
  f.make_folder("a%b");
  f.write("d/index.html", "d");
  f.make_folder("outside/e");
  f.make_folder("root/e");
  std::filesystem::create_directory_symlink("../outside/e", f.path("root/link"));
  const static_files serve(f.path());
  const static_files below(f.path("root"));
  CHECK(get(serve, "/d").status == 301);
  CHECK(get(serve, "/a%25b").status == 301);
  CHECK(get(serve, "/d/").status == 200);
  std::vector<response> looked_at;  // nothing can be opened, so a look is enough
  {
    const few_descriptors none(0);
    for (const char* path : {"/d?query", "/a%25b", "/a%b", "/d/", "/nothing", "/outside"}) looked_at.push_back(get(serve, path));
  }
  CHECK(looked_at[0].status == 301);
  CHECK(looked_at[0].fields["Location"] == "/d/?query");
  CHECK(looked_at[1].fields["Location"] == "/a%25b/");
  CHECK(looked_at[2].status == 400);
  CHECK(looked_at[3].status == 200);
  CHECK(looked_at[4].status == 404);
  CHECK(looked_at[5].status == 503);  // which has not been opened yet
  for (int i = 0; i < 2; ++i) CHECK(get(below, "/link").status == 404);  // nothing is told of what is outside
  CHECK(get(below, "/link/").status == 404);
  std::filesystem::remove_all(f.path("d"));
  CHECK(get(serve, "/d").status == 404);
  f.write("d", "a file");
  CHECK(get(serve, "/d").status == 200);
  std::filesystem::remove(f.path("d"));
  std::filesystem::create_directory_symlink("outside", f.path("d"));
  CHECK(get(serve, "/d").status == 301);
  CHECK(get(serve, "/d").status == 301);
  CHECK(get(below, "/e").status == 301);
  std::filesystem::remove(f.path("root/e"));
  std::filesystem::create_directory_symlink("../outside/e", f.path("root/e"));
  CHECK(get(below, "/e").status == 404);
}

TEST_CASE("a folder by the name of an index is none, kept or not", "[files][cache]") {
  const scratch::folder f;
  f.write("d/index.html/x", "x");
  const static_files serve(f.path());
  for (int i = 0; i < 2; ++i) {
    CHECK(get(serve, "/d/index.html").status == 301);
    CHECK(get(serve, "/d/").status == 200);
    CHECK(get(serve, "/%64/").status == 200);
  }
}

TEST_CASE("a folder that may be searched, but not read, has an index", "[files][cache][security]") {
  const scratch::folder f;
  f.write("d/index.html", "index");
  f.make_folder("e");
  for (const char* name : {"d", "e"}) std::filesystem::permissions(f.path(name), std::filesystem::perms(0711));
  const static_files serve(f.path()), unlisted(f.path(), {.listing = false});
  const scratch::nobody us;
  CHECK(scratch::octets(get(serve, "/d/").body) == "index");
  CHECK(get(serve, "/d").status == 403);
  CHECK(get(serve, "/e/").status == 403);
  CHECK(get(unlisted, "/e/").status == 403);
}

TEST_CASE("a folder outside is none, listed or not", "[files][cache][security]") {
  const scratch::folder f;
  f.make_folder("outside");
  f.make_folder("root");
  std::filesystem::create_directory_symlink("../outside", f.path("root/link"));
  for (const bool listing : {true, false}) CHECK(get(static_files(f.path("root"), {.listing = listing}), "/link/").status == 404);
}

TEST_CASE("a folder that only its owner may read is no way to its slash for others", "[files][cache][security]") {
  const scratch::folder f;
  f.make_folder("d");
  const static_files serve(f.path());
  CHECK(get(serve, "/d").status == 301);
  std::filesystem::permissions(f.path("d"), std::filesystem::perms::owner_all);
  const scratch::nobody us;
  CHECK(get(serve, "/d").status == 403);
}

TEST_CASE("a 304 from what is kept has the fields of one that is planned", "[files][cache]") {
  const scratch::folder folder;
  folder.write("a.html", "kept");
  for (const char* cache_control : {"no-cache", ""}) {
    const static_files keeps(folder.path(), {.cache_control = cache_control}), plans(folder.path(), {.cache_control = cache_control, .cache = {.octets = 0}});
    const std::string tag(get(keeps, "/a.html").fields["ETag"]);
    for (const fields& f : {fields{{"If-None-Match", tag}}, {{"If-None-Match", "\"x\", " + tag}}, {{"If-None-Match", tag}, {"Range", "bytes=0-1"}},
                            {{"If-None-Match", tag}, {"If-Match", "\"x\""}}, {{"If-None-Match", "\"x\""}, {"If-None-Match", tag}},
                            {{"If-None-Match", tag}, {"If-Unmodified-Since", "Sat, 01 Jan 2000 00:00:00 GMT"}}}) {
      const response one = get(keeps, "/a.html", f), two = get(plans, "/a.html", f);
      std::string left, right;
      one.fields.append_to(left);
      two.fields.append_to(right);
      CHECK(one.status == two.status);
      CHECK(left == right);
    }
  }
}

TEST_CASE("a cache is bounded in octets", "[files][cache]") {
  cache kept({.octets = 100'000, .largest = 50'000, .files = 100});
  kept.keep("a", of_size(50'000));
  kept.keep("b", of_size(30'000));
  kept.keep("c", of_size(30'000));
  CHECK(kept.find("a").get() == nullptr);
  CHECK(kept.find("b").get() != nullptr);
  CHECK(kept.find("c").get() != nullptr);
  CHECK(kept.takes(50'000));
  CHECK_FALSE(kept.takes(50'001));
  CHECK_FALSE(cache({.octets = 0}).takes(0));
  CHECK_FALSE(cache({.files = 0}).takes(0));
}

TEST_CASE("a cache agrees with a plain list of what was used last", "[files][cache]") {
  cache kept({.octets = std::size_t{1} << 30, .largest = 10, .files = 37});
  std::vector<std::string> recent;  // the newest first
  std::uint64_t random = 1;
  for (int step = 0; step < 20'000; ++step) {
    random = mix(random + 1);
    const std::string name = "n" + std::to_string(random % 60);
    const auto at = std::find(recent.begin(), recent.end(), name);
    switch (random / 64 % 8) {
      case 0:
        kept.forget(name);
        if (at != recent.end()) recent.erase(at);
        break;
      case 1: case 2: case 3:
        kept.keep(name, of_size(1));
        if (at != recent.end()) recent.erase(at);
        recent.insert(recent.begin(), name);
        if (recent.size() > 37) recent.pop_back();
        break;
      default:
        REQUIRE((kept.find(name).get() != nullptr) == (at != recent.end()));
        if (at != recent.end()) std::rotate(recent.begin(), at, at + 1);
    }
  }
}

TEST_CASE("a small file comes from memory the second time", "[files][cache]") {
  const scratch::folder f;
  f.write("small.txt", "0123456789");
  f.write("large.bin", std::string(65'537, 'x'));
  f.write("sub/index.html", "home");
  const static_files serve(f.path());
  for (int i = 0; i < 3; ++i) {
    const response r = get(serve, "/small.txt");
    CHECK(from_memory(r));
    CHECK(scratch::octets(r.body) == "0123456789");
    CHECK(r.fields["Content-Type"] == "text/plain; charset=utf-8");
    CHECK_FALSE(from_memory(get(serve, "/large.bin")));
    CHECK(scratch::octets(get(serve, "/sub/").body) == "home");
    const response part = get(serve, "/small.txt", {{"Range", "bytes=-3"}});
    CHECK(part.status == 206);
    CHECK(scratch::octets(part.body) == "789");
    CHECK(get(serve, "/small.txt", {{"If-None-Match", r.fields["ETag"]}}).status == 304);
  }
  CHECK_FALSE(from_memory(get(static_files(f.path(), {.cache = {.octets = 0}}), "/small.txt")));
}

TEST_CASE("a larger file is kept open, as long as it is what is on disk", "[files][cache]") {
  const scratch::folder f;
  f.write("a", std::string(20'000, 'a'));
  f.write("huge", std::string((1 << 20) + 1, 'h'));
  const static_files serve(f.path());
  const auto source_of = [&](const char* target) { return get(serve, target).body.slice()->source; };
  const auto first = source_of("/a");
  CHECK(source_of("/a") == first);
  CHECK(source_of("/huge") != source_of("/huge"));
  f.write("new", std::string(20'000, 'b'));
  std::filesystem::rename(f.path("new"), f.path("a"));
  CHECK(source_of("/a") != first);
  CHECK(scratch::octets(get(serve, "/a").body) == std::string(20'000, 'b'));
  const auto open = source_of("/a");
  CHECK(open.use_count() > 1);
  std::filesystem::remove(f.path("a"));
  CHECK(get(serve, "/a").status == 404);
  CHECK(open.use_count() == 1);  // so its space is free, once the answer is gone
}

TEST_CASE("what is kept is found by the path that means its name, not by the name as it stands", "[files][cache]") {
  const scratch::folder f;
  f.write("A.txt", "the letter");
  f.write("%41.txt", "the sign");
  f.write("100%", "all");
  const static_files serve(f.path());
  for (int i = 0; i < 3; ++i) {
    CHECK(scratch::octets(get(serve, "/%2541.txt").body) == "the sign");
    CHECK(scratch::octets(get(serve, "/%41.txt").body) == "the letter");
    CHECK(scratch::octets(get(serve, "/A.txt").body) == "the letter");
    CHECK(scratch::octets(get(serve, "/100%25").body) == "all");
    CHECK(get(serve, "/100%").status == status::bad_request);
  }
  CHECK(from_memory(get(serve, "/%2541.txt")));
}

TEST_CASE("open files are few, whatever is asked for", "[files][cache]") {
  const scratch::folder f;
  const auto open_now = [] {
    const std::filesystem::directory_iterator all("/proc/self/fd"), end;
    return std::distance(all, end);
  };
  if (!std::filesystem::exists("/proc/self/fd")) return;
  for (int i = 0; i < 100; ++i) {
    f.write("f" + std::to_string(i), "");
    std::filesystem::resize_file(f.path("f" + std::to_string(i)), i == 0 ? 20'000 : 1 << 20);
  }
  const auto opens = [&](const static_files& serve) {
    const auto before = open_now();
    for (int i = 0; i < 100; ++i) CHECK(get(serve, "/f" + std::to_string(i)).status == 200);
    return open_now() - before;
  };
  CHECK(opens(static_files(f.path(), {.cache = {.open = 10}})) == 10);
  CHECK(opens(static_files(f.path(), {.cache = {.open = 0}})) == 0);
  CHECK(opens(static_files(f.path(), {.cache = {.open = 90}})) == 64);  // which hold 64 MiB, were they deleted
  const few_descriptors few(200);
  const auto eighth = opens(static_files(f.path()));
  CHECK(eighth >= 200 / 8);
  CHECK(eighth < 50);
}

TEST_CASE("many open files do not push out what is in memory", "[files][cache]") {
  const scratch::folder f;
  f.write("page", "small");
  const static_files serve(f.path(), {.cache = {.open = 10}});
  const response page = get(serve, "/page");
  for (int i = 0; i < 200; ++i) {
    const std::string name = "image" + std::to_string(i);
    f.write(name, std::string(20'000, 'x'));
    CHECK(get(serve, "/" + name).status == 200);
  }
  CHECK(get(serve, "/page").body.text().data() == page.body.text().data());
}

TEST_CASE("for a while the disk is trusted, if that is asked for", "[files][cache]") {
  const scratch::folder f;
  f.write("a", "one");
  const static_files serve(f.path(), {.trust_for = std::chrono::seconds(1)});
  CHECK(scratch::octets(get(serve, "/a").body) == "one");
  CHECK(scratch::octets(get(serve, "/a").body) == "one");  // now it has been compared
  f.write("a", "two");
  CHECK(scratch::octets(get(serve, "/a").body) == "one");
  CHECK(scratch::octets(get(serve, "/a", {}, std::chrono::milliseconds(999)).body) == "one");
  CHECK(scratch::octets(get(serve, "/a", {}, std::chrono::milliseconds(1000)).body) == "two");
}

TEST_CASE("a file that was changed just now is not kept", "[files][cache]") {
  const scratch::folder f;
  f.write("a", "x");
  const static_files serve(f.path());
  const response r = serve(request::get("/a"));
  CHECK_FALSE(from_memory(r));
}

TEST_CASE("kept or not, the answer is the same", "[files][cache]") {
  const scratch::folder f;
  f.write("a.html", "0123456789");
  const static_files with(f.path()), without(f.path(), {.cache = {.octets = 0}});
  for (const fields& given : {fields{}, fields{{"Range", "bytes=2-4"}}, fields{{"Range", "bytes=99-"}},
                              fields{{"If-Match", "\"no\""}}, fields{{"If-None-Match", "*"}},
                              fields{{"If-Modified-Since", "Fri, 01 Jan 2100 00:00:00 GMT"}},
                              fields{{"If-Unmodified-Since", "Sat, 01 Jan 2000 00:00:00 GMT"}},
                              fields{{"Range", "bytes=2-4"}, {"If-Range", "\"no\""}}}) {
    for (int i = 0; i < 2; ++i) {
      const response one = get(with, "/a.html", given), two = get(without, "/a.html", given);
      std::string left, right;
      one.fields.append_to(left);
      two.fields.append_to(right);
      CHECK(one.status == two.status);
      CHECK(left == right);
      CHECK(scratch::octets(one.body) == scratch::octets(two.body));
    }
  }
  CHECK(get(with, "/a.html", {{"If-Modified-Since", "Fri, 01 Jan 2100 00:00:00 GMT"}}).status == 304);
  CHECK(get(with, "/a.html", {{"If-Unmodified-Since", "Sat, 01 Jan 2000 00:00:00 GMT"}}).status == 412);
  later context;
  request head = request::head("/a.html");
  head.context = &context;
  const response told = with(head);
  CHECK(told.status == 200);
  CHECK(from_memory(told));
}

TEST_CASE("a file is kept from the second second after its last change on", "[files][cache]") {
  const scratch::folder f;
  f.write("a", "x");
  const directory root = directory::open(f.path()).value();
  kept_files kept(root, {}, std::chrono::milliseconds(0));
  const auto keeps = [&](std::int64_t changed, std::int64_t modified) {
    opened file = root.find("a").value();
    file.stamp.changed = changed;
    file.stamp.modified = modified;
    facts known;
    known.size = 1;
    return static_cast<bool>(kept.keep("a", "a", known, file, 1000));
  };
  CHECK(keeps(998, 998));
  CHECK(keeps(998, 999));
  CHECK_FALSE(keeps(999, 998));
  CHECK_FALSE(keeps(1000, 998));
  CHECK_FALSE(keeps(998, 1000));  // a time that is set may be any
}

TEST_CASE("what is kept is found by the paths that lead to it, and no other", "[files][cache][security]") {
  const scratch::folder f;
  f.write("a b", "blank");
  f.write("a%20b", "percent");
  f.write("sub/.home.html", "home");
  const static_files serve(f.path()), hides(f.path(), {.index = {".home.html"}});
  for (int i = 0; i < 2; ++i) {
    CHECK(scratch::octets(get(serve, "/a%20b").body) == "blank");
    CHECK(scratch::octets(get(serve, "/%61%20b").body) == "blank");
    CHECK(scratch::octets(get(serve, "/a%2520b").body) == "percent");
    CHECK(get(serve, "//a%20b").status == 404);
    CHECK(get(serve, "/a%20b/").status == 404);
    CHECK(scratch::octets(get(hides, "/sub/").body) == "home");
    CHECK(get(hides, "/sub/.home.html").status == 404);  // an index, but no name to ask for
  }
}

TEST_CASE("a fallback that has no path of its own has none once it is kept, either", "[files][cache][static_files]") {
  const scratch::folder f;
  f.write(".app.html", "app");
  const static_files serve(f.path(), {.fallback = ".app.html"});
  for (int i = 0; i < 3; ++i) {
    CHECK(get(serve, "/.app.html").status == 404);
    CHECK(scratch::octets(get(serve, "/users/42", {{"Accept", "text/html"}}).body) == "app");
  }
}

TEST_CASE("a change on disk is seen at the next request", "[files][cache]") {
  const scratch::folder f;
  f.write("a", "one");
  f.set_time("a", 1000);
  const static_files serve(f.path());
  const std::string first(get(serve, "/a").fields["ETag"]);
  CHECK(scratch::octets(get(serve, "/a").body) == "one");

  f.write("new", "two");  // replaced, with the same size and time
  f.set_time("new", 1000);
  std::filesystem::rename(f.path("new"), f.path("a"));
  CHECK(scratch::octets(get(serve, "/a").body) == "two");
  CHECK(get(serve, "/a").fields["ETag"] != first);

  f.write("a", "three");  // written in place
  CHECK(scratch::octets(get(serve, "/a").body) == "three");
  std::filesystem::remove(f.path("a"));
  CHECK(get(serve, "/a").status == 404);
  f.make_folder("a");
  CHECK(get(serve, "/a").status == 301);
}

TEST_CASE("what may not be read any more is not served from memory", "[files][cache][security]") {
  const scratch::folder f;
  f.write("a", "secret");
  const static_files serve(f.path());
  CHECK(get(serve, "/a").status == 200);
  ::chmod(f.path("a").c_str(), 0);
  const scratch::nobody low;
  CHECK(get(serve, "/a").status == 403);
}

TEST_CASE("a name that becomes a link outside is not served from memory", "[files][cache][security]") {
  const scratch::folder f;
  f.write("root/a", "inside");
  f.write("root/d/a", "inside");
  f.write("outside/a", "canary");
  const static_files serve(f.path("root"));
  CHECK(get(serve, "/a").status == 200);
  CHECK(get(serve, "/d/a").status == 200);
  std::filesystem::remove(f.path("root/a"));
  f.link("root/a", "../outside/a");
  std::filesystem::remove_all(f.path("root/d"));
  f.link("root/d", "../outside");
  CHECK(get(serve, "/a").status == 404);
  CHECK(get(serve, "/d/a").status == 404);
}

TEST_CASE("many threads may ask one handler while files change", "[files][cache][threads]") {
  const scratch::folder f;
  for (int i = 0; i < 8; ++i) f.write("f" + std::to_string(i), std::string(100, 'x'));
  const static_files serve(f.path(), {.cache = {.octets = 4096, .files = 4}});
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      later context;
      for (int i = 0; i < 500; ++i) {
        request r = request::get("/f" + std::to_string((i * 7 + t) % 8));
        r.context = &context;
        const response made = serve(r);
        if (made.status != 200 || made.body.length() != 100U) ++wrong;
        if (t == 0 && i % 50 == 0) {
          f.write("new", std::string(100, 'y'));
          std::filesystem::rename(f.path("new"), f.path("f" + std::to_string(i % 8)));
        }
      }
    });
  for (auto& t : threads) t.join();
  CHECK(wrong == 0);
}

TEST_CASE("compressed siblings go to those who accept them", "[files][static_files][precompressed]") {
  const scratch::folder f;
  f.write("app.js", "source");
  f.write("app.js.gz", "gzipped");
  f.write("app.js.br", "brotli");
  f.write("old.css", "source");
  f.write("old.css.gz", "gzipped");
  f.write("plain.txt", "source");
  for (const char* name : {"app.js", "app.js.gz", "app.js.br", "old.css"}) f.set_time(name, 2000);
  f.set_time("old.css.gz", 1999);
  const static_files serve(f.path(), {.precompressed = true});
  struct row {
    const char* accept;
    const char* coding;
    const char* octets;
  };
  const row rows[] = {
      {"gzip, deflate, br", "br", "brotli"},
      {"gzip", "gzip", "gzipped"},
      {"x-gzip", "gzip", "gzipped"},
      {"br;q=0.1, gzip", "gzip", "gzipped"},
      {"br;q=0, *", "gzip", "gzipped"},
      {"identity, gzip;q=0", "", "source"},
      {"zstd", "", "source"},
      {"deflate", "", "source"},
      {"", "", "source"},
      {"identity;q=0, compress", "", "source"},  // nothing fits: better this than nothing
  };
  for (int round = 0; round < 2; ++round) {  // from disk, then from memory
    for (const auto& [accept, coding, octets] : rows) {
      CAPTURE(round, accept);
      const response r = get(serve, "/app.js", {{"Accept-Encoding", accept}});
      CHECK(r.fields["Content-Encoding"] == coding);
      CHECK(r.fields["Vary"] == "Accept-Encoding");
      CHECK(r.fields["Content-Type"] == "text/javascript; charset=utf-8");
      CHECK(scratch::octets(r.body) == octets);
    }
    CHECK(scratch::octets(get(serve, "/app.js").body) == "source");  // did not ask
    CHECK(get(serve, "/app.js").fields["Vary"] == "Accept-Encoding");
    // the sibling by its own name is itself
    const response own = get(serve, "/app.js.gz", {{"Accept-Encoding", "gzip"}});
    CHECK_FALSE(own.fields.contains("Content-Encoding"));
    CHECK(own.fields["Content-Type"] == "application/gzip");
    // an older sibling is stale
    CHECK(scratch::octets(get(serve, "/old.css", {{"Accept-Encoding", "gzip"}}).body) == "source");
    CHECK_FALSE(get(serve, "/plain.txt", {{"Accept-Encoding", "gzip"}}).fields.contains("Vary"));
  }
  const fields gzip{{"Accept-Encoding", "gzip"}};
  const std::string tag(get(serve, "/app.js", gzip).fields["ETag"]);
  CHECK(tag != get(serve, "/app.js").fields["ETag"]);
  const response part =
      get(serve, "/app.js", {{"Accept-Encoding", "gzip"}, {"Range", "bytes=0-1"}, {"If-Range", tag}});
  CHECK(part.status == 206);
  CHECK(part.fields["Content-Range"] == "bytes 0-1/7");
  CHECK(scratch::octets(part.body) == "gz");
  CHECK(get(serve, "/app.js", {{"If-None-Match", tag}}).status == 200);
  CHECK(get(serve, "/app.js", {{"If-None-Match", tag}, {"Accept-Encoding", "gzip"}}).status == 304);

  const response off = get(static_files(f.path()), "/app.js", gzip);
  CHECK(scratch::octets(off.body) == "source");
}

TEST_CASE("whatever siblings there are, the coding is the one that is preferred among them", "[files][precompressed]") {
  const scratch::folder f;
  struct kind {
    const char* name;
    std::string_view coding;
  };
  const kind kinds[] = {{"a.br", "br"}, {"a.zst", "zstd"}, {"a.gz", "gzip"}};
  f.write("a", "source");
  const auto root = directory::open(f.path());
  const char* const accepts[] = {"", "gzip", "gzip, deflate, br, zstd", "br;q=0.5, gzip;q=0.6", "zstd;q=0, *", "*", "*;q=0",
                                 "identity, gzip;q=0.9", "identity;q=0.5, br;q=0.5", "identity;q=0", "deflate", "gzip;q=0, br;q=0.001",
                                 "x-gzip;q=0.3, zstd;q=0.3", "*;q=0.5, identity;q=0.4", "br;q=2, gzip"};
  for (unsigned there = 0; there < 8; ++there) {
    std::vector<std::string_view> offered;
    for (unsigned i = 0; i < 3; ++i) {
      std::filesystem::remove(f.path(kinds[i].name));
      if ((there >> i & 1) == 0) continue;
      f.write(kinds[i].name, std::string(10 + i, 'x'));
      offered.push_back(kinds[i].coding);
    }
    CHECK(choose_variant(*root, "a", std::nullopt).coding.empty());
    for (const char* accept : accepts) {
      CAPTURE(there, accept);
      const auto chosen = choose_variant(*root, "a", accept);
      const auto wanted = preferred_coding(accept, offered).value_or("identity");
      CHECK(chosen.coding == (wanted == "identity" ? "" : wanted));
      CHECK(chosen.varies == !offered.empty());
      CHECK(chosen.stamp == *root->glance(std::string("a").append(chosen.suffix)));
    }
  }
  CHECK_FALSE(choose_variant(*root, "none", "gzip").varies);
}

TEST_CASE("a sibling made before its file changed, in the same second, is not served",
          "[files][static_files][precompressed]") {
  constexpr files::file_stamp source{.modified = 100, .modified_ns = 500};
  const auto fits = [&](std::int64_t seconds, std::uint32_t ns) {
    return files::detail::is_as_new({.modified = seconds, .modified_ns = ns}, source);
  };
  CHECK(fits(101, 0));
  CHECK(fits(100, 500));
  CHECK(fits(100, 501));
  CHECK_FALSE(fits(100, 499));
  CHECK_FALSE(fits(99, 999));
  CHECK(fits(100, 0));  // its time was cut to seconds, as archives do
}
