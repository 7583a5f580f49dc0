// What a root lets out, on both ways of confinement.
#include <tinyhttp/files/directory.hpp>

#include "few_descriptors.hpp"
#include "scratch.hpp"

#include <atomic>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <sys/socket.h>
#include <sys/sysmacros.h>
#include <sys/un.h>

using namespace tinyhttp;
using files::confinement;
using files::directory;

namespace {

std::vector<confinement> both_ways() {
  std::vector<confinement> ways{confinement::walk};
  if (directory::open("/", {.confined_by = confinement::kernel})) ways.push_back(confinement::kernel);
  return ways;
}

directory open_root(const scratch::folder& root, confinement way,
                    files::links links = files::links::inside) {
  auto opened = directory::open(root.path(), {links, way});
  REQUIRE(opened);
  return std::move(*opened);
}

/// The octets behind `name`, or why there are none.
std::string content(const directory& root, const std::string& name) {
  const auto found = root.find(name);
  if (!found) return "status " + std::to_string(found.error().status_hint());
  if (found->stamp.is_directory) return "directory";
  return scratch::octets(body(content_slice{found->content, 0, found->stamp.size}));
}

std::set<std::string> names(const directory& root, const std::string& name) {
  std::set<std::string> all;
  const auto listed = root.list(name);
  REQUIRE(listed);
  for (const auto& e : *listed) all.insert(e.name + (e.is_directory ? "/" : ""));
  return all;
}

}  // namespace

TEST_CASE("a root that cannot be served is named together with the cause", "[files][directory]") {
  const scratch::folder f;
  f.write("file", "x");
  const auto why = [](const std::string& root) { return directory::open(root).error().message(); };
  CHECK(why("no/such") == "serve directory \"no/such\": no such file or directory");
  CHECK(why(f.path("file")) == "serve directory \"" + f.path("file") + "\": not a directory");
  CHECK(why("") == "serve directory \"\": no such file or directory");
  CHECK(why(std::string("/\0tmp", 5)) == "serve directory \"/?tmp\": no such file or directory");
}

TEST_CASE("what is beneath the root is found, with its facts", "[files][directory]") {
  const scratch::folder f;
  f.write("a.txt", "hello");
  f.write("sub/deeper/b", "deep");
  f.write("empty", "");
  f.set_time("a.txt", 784'111'777);
  for (const auto way : both_ways()) {
    const auto root = open_root(f, way);
    CAPTURE(static_cast<int>(way));
    CHECK(root.confined_by() == way);
    CHECK(content(root, "a.txt") == "hello");
    CHECK(content(root, "sub/deeper/b") == "deep");
    CHECK(content(root, "empty").empty());
    CHECK(content(root, ".") == "directory");
    CHECK(content(root, "sub") == "directory");
    CHECK(content(root, "sub/") == "directory");
    CHECK(content(root, "sub/deeper/../../a.txt") == "hello");  // never leaves
    CHECK(content(root, "a.txt/") == "status 404");
    CHECK(content(root, "a.txt/b") == "status 404");
    CHECK(content(root, "nothing") == "status 404");
    CHECK(content(root, "") == "status 404");
    CHECK(content(root, std::string(300, 'x')) == "status 404");
    CHECK(content(root, std::string("a.txt\0.png", 10)) == "status 404");
    const auto found = root.find("a.txt");
    REQUIRE(found);
    CHECK(found->stamp.modified == 784'111'777);
    CHECK(found->stamp.size == 5);
    CHECK(found->content->descriptor() >= 0);
    CHECK((::fcntl(found->content->descriptor(), F_GETFD) & FD_CLOEXEC) != 0);
    CHECK(*root.glance("a.txt") == found->stamp);
  }
}

TEST_CASE("names that lead outside lead nowhere", "[files][directory][security]") {
  const scratch::folder f;
  f.write("canary", "outside");
  f.write("root/in", "inside");
  f.make_folder("root/sub");
  for (const auto way : both_ways()) {
    auto opened = directory::open(f.path("root"), {.confined_by = way});
    REQUIRE(opened);
    CAPTURE(static_cast<int>(way));
    for (const std::string& name :
         {std::string("../canary"), std::string("sub/../../canary"), std::string("./../canary"),
          std::string("sub/../sub/../../canary"), std::string(".."), std::string("../"),
          f.path("canary"), f.path("root/in"), "/" + f.path("canary"), std::string("/"),
          std::string("../root/in"), std::string("/proc/self/environ")}) {
      CAPTURE(name);
      CHECK(content(*opened, name) == "status 404");
      CHECK_FALSE(opened->list(name));
    }
  }
}

TEST_CASE("symbolic links are followed inside the root only", "[files][directory][security]") {
  const scratch::folder f;
  f.write("canary", "outside");
  f.write("outside/x", "outside");
  f.write("root/in", "inside");
  f.write("root/a/b/c", "deep");
  f.link("root/to-file", "in");
  f.link("root/to-folder", "a/b");
  f.link("root/a/up", "../in");
  f.link("root/a/b/up-and-down", "../../a/b/c");
  f.link("root/to-link", "to-file");
  f.link("root/trailing", "a/b/");
  f.link("root/out-file", "../canary");
  f.link("root/out-folder", "../outside");
  f.link("root/a/out", "../../canary");
  f.link("root/out-and-in", "../root/in");
  f.link("root/absolute", f.path("canary"));
  f.link("root/absolute-inside", f.path("root/in"));
  f.link("root/loop", "loop");
  f.link("root/loop-a", "loop-b");
  f.link("root/loop-b", "loop-a");
  f.link("root/dangling", "nothing");
  f.link("root/magic", "/proc/self/root");
  f.link("root/file-as-folder", "in/");
  struct row {
    const char* name;
    const char* inside;
  };
  const row rows[] = {
      {"to-file", "inside"},
      {"to-folder", "directory"},
      {"to-folder/c", "deep"},
      {"to-folder/", "directory"},
      {"a/up", "inside"},
      {"to-folder/up-and-down", "deep"},
      {"to-link", "inside"},
      {"trailing/c", "deep"},
      {"trailing/../b/c", "deep"},
      {"out-file", "status 404"},
      {"out-folder/x", "status 404"},
      {"out-folder", "status 404"},
      {"a/out", "status 404"},
      {"out-and-in", "status 404"},
      {"absolute", "status 404"},
      {"absolute-inside", "status 404"},
      {"loop", "status 404"},
      {"loop-a", "status 404"},
      {"loop/x", "status 404"},
      {"dangling", "status 404"},
      {"magic/etc/passwd", "status 404"},
      {"file-as-folder", "status 404"},
  };
  for (const auto way : both_ways()) {
    auto inside = directory::open(f.path("root"), {files::links::inside, way});
    auto none = directory::open(f.path("root"), {files::links::none, way});
    REQUIRE(inside);
    REQUIRE(none);
    for (const auto& [name, expected] : rows) {
      CAPTURE(static_cast<int>(way), name);
      CHECK(content(*inside, name) == expected);
      CHECK(content(*none, name) == "status 404");
    }
    CHECK(content(*none, "a/b/c") == "deep");
    auto anywhere = directory::open(f.path("root"), {files::links::anywhere, way});
    REQUIRE(anywhere);
    CHECK(content(*anywhere, "out-file") == "outside");
    CHECK(content(*anywhere, "out-folder/x") == "outside");
    CHECK(content(*anywhere, "absolute-inside") == "inside");
    CHECK(content(*anywhere, "loop") == "status 404");
    CHECK(content(*anywhere, "../canary") == "status 404");  // links may leave, names not
    CHECK(content(*anywhere, "a/../in") == "status 404");
    CHECK(content(*anywhere, f.path("canary")) == "status 404");
    CHECK(names(*none, ".") == std::set<std::string>{"a/", "in"});
    CHECK(names(*inside, ".") ==
          std::set<std::string>{"a/", "in", "to-file", "to-folder/", "to-link", "trailing/"});
  }
}

TEST_CASE("a chain of links has an end", "[files][directory]") {
  const scratch::folder f;
  f.write("link0", "reached");
  for (int i = 1; i <= 50; ++i)
    f.link("link" + std::to_string(i), "link" + std::to_string(i - 1));
  for (const auto way : both_ways()) {
    const auto root = open_root(f, way);
    CAPTURE(static_cast<int>(way));
    CHECK(content(root, "link40") == "reached");
    CHECK(content(root, "link41") == "status 404");
  }
}

TEST_CASE("what is neither file nor directory is not served, and does not block",
          "[files][directory][security]") {
  const scratch::folder f;
  REQUIRE(::mkfifo(f.path("fifo").c_str(), 0666) == 0);
  f.link("to-fifo", "fifo");
  f.link("to-null", "/dev/null");
  const bool has_device = ::mknod(f.path("device").c_str(), S_IFCHR | 0666, makedev(1, 3)) == 0;
  const int s = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  REQUIRE(s >= 0);
  ::sockaddr_un address{};
  address.sun_family = AF_UNIX;
  f.path("socket").copy(address.sun_path, sizeof address.sun_path - 1);
  REQUIRE(::bind(s, reinterpret_cast<const ::sockaddr*>(&address), sizeof address) == 0);
  for (const auto way : both_ways()) {
    const auto root = open_root(f, way);
    CAPTURE(static_cast<int>(way));
    for (const char* name : {"fifo", "to-fifo", "to-null", "socket"}) {
      CAPTURE(name);
      CHECK(content(root, name) == "status 404");
    }
    if (has_device) CHECK(content(root, "device") == "status 404");
    CHECK(names(root, ".").empty());
  }
  ::close(s);
}

TEST_CASE("what may not be read is forbidden", "[files][directory]") {
  const scratch::folder f;
  f.write("file", "secret");
  f.write("folder/file", "secret");
  REQUIRE(::chmod(f.path("file").c_str(), 0) == 0);
  REQUIRE(::chmod(f.path("folder").c_str(), 0) == 0);
  for (const auto way : both_ways()) {
    const auto root = open_root(f, way);
    CAPTURE(static_cast<int>(way));
    const scratch::nobody low;
    CHECK(content(root, "file") == "status 403");
    CHECK(content(root, "folder/file") == "status 403");
    REQUIRE_FALSE(root.list("folder"));
    CHECK(root.list("folder").error().status_hint() == 403);
  }
  ::chmod(f.path("folder").c_str(), 0755);
}

TEST_CASE("a root beneath which nothing can be opened is refused; one that can only be searched is none",
          "[files][directory]") {
  const scratch::folder f;
  f.write("root/file", "public");
  for (const auto way : both_ways()) {
    CAPTURE(static_cast<int>(way));
    const auto opened = [&](mode_t mode) {
      REQUIRE(::chmod(f.path("root").c_str(), mode) == 0);
      const scratch::nobody low;
      return files::directory::open(f.path("root"), {.confined_by = way});
    };
    for (const mode_t mode : {0u, 0644u}) {
      const auto refused = opened(mode);
      REQUIRE_FALSE(refused);
      CHECK(refused.error().message() == "serve directory \"" + f.path("root") + "\": permission denied");
    }
    const auto searched = opened(0711);
    REQUIRE(searched);
    const scratch::nobody low;
    CHECK(content(*searched, "file") == "public");
    CHECK(searched->list(".").error().status_hint() == 403);
  }
}

TEST_CASE("running out of descriptors is an error in words", "[files][directory]") {
  const scratch::folder f;
  f.write("file", "x");
  for (const auto way : both_ways()) {
    const auto root = open_root(f, way);
    const auto found = [&] {
      const few_descriptors none(0);
      return root.find("file");
    }();
    REQUIRE_FALSE(found);
    CHECK(found.error().message() == "open \"file\": too many open files");
    CHECK(found.error().status_hint() == 503);
  }
}

TEST_CASE("a directory lists files, directories and links inside", "[files][directory]") {
  const scratch::folder f;
  f.write("a b", "12345");
  f.write("two\nlines", "");
  f.write(".hidden", "");
  f.write("sub/x", "");
  f.set_time("a b", 784'111'777);
  for (const auto way : both_ways()) {
    const auto root = open_root(f, way);
    CHECK(names(root, ".") == std::set<std::string>{"a b", "two\nlines", ".hidden", "sub/"});
    CHECK(names(root, "sub") == std::set<std::string>{"x"});
    CHECK(names(root, "sub/") == std::set<std::string>{"x"});
    const auto all = root.list(".");
    REQUIRE(all);
    for (const auto& e : *all) {
      if (e.name != "a b") continue;
      CHECK(e.size == 5);
      CHECK(e.modified == 784'111'777);
    }
    CHECK(root.list("a b").error().status_hint() == 404);
    CHECK(root.list("nothing").error().status_hint() == 404);
  }
}

TEST_CASE("a root that is renamed or replaced later stays the one that was opened",
          "[files][directory]") {
  const scratch::folder f;
  f.write("root/file", "first");
  for (const auto way : both_ways()) {
    auto root = directory::open(f.path("root"), {.confined_by = way});
    REQUIRE(root);
    std::filesystem::rename(f.path("root"), f.path("moved"));
    f.write("root/file", "second");
    CHECK(content(*root, "file") == "first");
    std::filesystem::remove_all(f.path("root"));
    std::filesystem::rename(f.path("moved"), f.path("root"));
  }
}

TEST_CASE("a 5 GiB file is read at its end", "[files][directory]") {
  const scratch::folder f;
  f.write("big", "");
  const std::uint64_t size = std::uint64_t{5} << 30;
  REQUIRE(::truncate(f.path("big").c_str(), static_cast<off_t>(size)) == 0);
  const int fd = ::open(f.path("big").c_str(), O_WRONLY | O_CLOEXEC);
  REQUIRE(::pwrite(fd, "end", 3, static_cast<off_t>(size - 3)) == 3);
  ::close(fd);
  for (const auto way : both_ways()) {
    const auto root = open_root(f, way);
    const auto found = root.find("big");
    REQUIRE(found);
    CHECK(found->stamp.size == size);
    CHECK(scratch::octets(body(content_slice{found->content, size - 3, 3})) == "end");
  }
}

TEST_CASE("a stamp changes whenever the content can have", "[files][directory]") {
  const scratch::folder f;
  f.write("file", "one");
  f.set_time("file", 1000);
  const auto root = open_root(f, confinement::walk);
  const auto first = *root.glance("file");
  CHECK(*root.glance("file") == first);
  f.write("new", "two");  // as long, set back to the same time, another inode
  f.set_time("new", 1000);
  std::filesystem::rename(f.path("new"), f.path("file"));
  CHECK_FALSE(*root.glance("file") == first);
  CHECK_FALSE(root.is_still("file", first));
}

TEST_CASE("swapping a directory for a link outside never lets a canary out",
          "[files][directory][security]") {
  const scratch::folder f;
  f.write("outside/file", "canary");
  f.write("root/d/file", "inside");
  f.link("root/l", "../outside");
  for (const auto way : both_ways()) {
    auto root = directory::open(f.path("root"), {.confined_by = way});
    REQUIRE(root);
    std::atomic<bool> stop{false};
    std::thread swapper([&] {
      const std::string d = f.path("root/d"), l = f.path("root/l");
      while (!stop)
        ::renameat2(AT_FDCWD, d.c_str(), AT_FDCWD, l.c_str(), RENAME_EXCHANGE);
    });
    int leaks = 0, served = 0;
    for (int i = 0; i < 3000; ++i) {
      const auto got = content(*root, "d/file");
      leaks += got == "canary";
      served += got == "inside";
    }
    stop = true;
    swapper.join();
    CAPTURE(static_cast<int>(way), served);
    CHECK(leaks == 0);
  }
}

TEST_CASE("a folder gives its names some at a time, each once", "[files][directory]") {
  const scratch::folder root;
  for (int i = 0; i < 10; ++i) root.write("f" + std::to_string(i), "");
  const auto within = directory::open(root.path()).value();
  auto in = within.open_folder(".").value();
  std::set<std::string> seen;
  for (const std::size_t wanted : {3u, 3u, 3u, 1u, 0u, 0u}) {
    tinyhttp::owned_list<tinyhttp::files::entry> some;
    REQUIRE(in.names(3, some));
    CHECK(some.size() == wanted);
    for (const auto& e : some) CHECK(seen.insert(e.name).second);
  }
  CHECK(seen.size() == 10);
}
