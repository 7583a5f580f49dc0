// tests/testing/repositories.cpp -- tests testing/repositories.hpp, digest.hpp and archive.hpp, with the
// real clients where they are installed.
#include "support.hpp"

#include "catch.hpp"
#include "folder.hpp"
#include "skip.hpp"

#include <tinyhttp/testing/repositories.hpp>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>

#include <sys/wait.h>

using namespace tinyhttp::testing;

namespace {

int run(const std::string& command) {
  const int status = std::system((command + " >/dev/null 2>&1").c_str());
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/// Else the test is skipped.
bool installed(const std::string& command) {
  const bool here = run("command -v " + command) == 0;
  if (!here) skip(command + " is not installed");
  return here;
}

std::string read(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// An apt of its own: nothing of the machine's is read or written.
struct own_apt {
  scratch::folder home;
  explicit own_apt(const std::string& source) {
    run("mkdir -p " + home.path() + "/lists/partial " + home.path() + "/cache/archives/partial " + home.path() +
        "/etc/apt.conf.d " + home.path() + "/etc/preferences.d " + home.path() + "/etc/sources.d " + home.path() + "/got");
    std::ofstream(home.path() + "/status");
    std::ofstream(home.path() + "/sources.list") << source << "\n";
    std::ofstream(home.path() + "/apt.conf") << "Dir::State \"" << home.path() << "\"; Dir::State::Lists \"" << home.path()
        << "/lists\"; Dir::State::status \"" << home.path() << "/status\"; Dir::Cache \"" << home.path()
        << "/cache\"; Dir::Etc \"" << home.path() << "/etc\"; Dir::Etc::sourcelist \"" << home.path()
        << "/sources.list\"; Dir::Etc::sourceparts \"" << home.path() << "/etc/sources.d\"; Dir::Etc::parts \"" << home.path()
        << "/etc/apt.conf.d\"; APT::Sandbox::User \"\"; Acquire::Languages \"none\"; Acquire::Retries \"2\"; "
           "Acquire::http::Proxy \"DIRECT\"; APT::Architecture \"amd64\"; Acquire::By-Hash \"no\";\n";
  }
  int operator()(const std::string& what) const {
    return run("cd " + home.path() + "/got && APT_CONFIG=" + home.path() + "/apt.conf timeout 60 apt-get -q -y " + what);
  }
};

}  // namespace

TEST_CASE("digests are those of the standards", "[testing][digest]") {
  CHECK(sha256("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(sha256("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(sha256(std::string(1'000'000, 'a')) == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
  CHECK(sha1("abc") == "a9993e364706816aba3e25717850c26c9cd0d89d");
  CHECK(sha1(std::string(1'000'000, 'a')) == "34aa973cd4c4daa4f61eeb2bdbad27316534016f");
  CHECK(crc32("123456789") == 0xcbf43926);
}

TEST_CASE("a name that does not fit into an archive is refused, not cut", "[testing][archive]") {
  CHECK_THROWS_AS(make_ar({{"sixteen-octets-x", ""}}), std::length_error);
  CHECK_THROWS_AS(make_tar({{std::string(101, 'x'), ""}}), std::length_error);
}

TEST_CASE("archives are read by tar, gzip and dpkg-deb", "[testing][archive]") {
  const scratch::folder here;
  const std::string big = pattern(200'000, 5).octets();
  std::ofstream(here.path() + "/a.tgz", std::ios::binary) << make_gzip(make_tar({{"d/", ""}, {"d/x", "hello\n"}, {"big", big}}));
  CHECK(run("tar -xzf " + here.path() + "/a.tgz -C " + here.path()) == 0);
  CHECK(read(here.path() + "/d/x") == "hello\n");
  CHECK(read(here.path() + "/big") == big);
  if (!installed("dpkg-deb")) return;
  std::ofstream(here.path() + "/p.deb", std::ios::binary)
      << make_deb({.name = "p", .files = {{"usr/share/p/x", "in a package\n"}}});
  CHECK(run("dpkg-deb -x " + here.path() + "/p.deb " + here.path() + "/out") == 0);
  CHECK(read(here.path() + "/out/usr/share/p/x") == "in a package\n");
}

TEST_CASE("apt-get updates from a built repository and takes a package with what it needs", "[testing][repositories]") {
  if (!installed("apt-get")) return;
  fake_server srv;
  apt_repository apt(srv);
  const std::string payload = pattern(300'000, 1).octets();
  for (const std::string name : {"one", "two", "three", "four"})
    apt.add({.name = name, .files = {{"usr/share/" + name + "/data", payload}}});
  apt.add({.name = "all-of-them", .depends = {"one", "two", "three", "four"}});
  apt.publish();
  const own_apt get_packages(apt.source_line());
  REQUIRE(get_packages("update") == 0);
  // Cut in the middle of a pipeline: the first try loses what waited behind it.
  srv.on(apt.path_of("two"), cut(after{100'000}).times(1));
  CHECK(get_packages("install --download-only all-of-them") == 0);
  CHECK(srv.saw(any(apt.path_of("two"))).at_least(2));
  CHECK(srv.saw(any(apt.path_of("two")).with("Range", "bytes=100000-").with("If-Range")).once());
  bool pipelined = false;
  for (const auto& x : srv.journal()) pipelined = pipelined || x.queued > 0;
  CHECK(pipelined);
  CHECK(sha256(read(get_packages.home.path() + "/cache/archives/two_1.0.0_all.deb")) ==
        sha256(make_deb({.name = "two", .files = {{"usr/share/two/data", payload}}})));
}

TEST_CASE("apt-get refuses a package with one wrong bit", "[testing][repositories]") {
  if (!installed("apt-get")) return;
  fake_server srv;
  apt_repository apt(srv);
  apt.add({.name = "one", .files = {{"usr/share/one/data", pattern(50'000, 1).octets()}}}).publish();
  srv.on(apt.path_of("one"), flip_bit(20'000));
  const own_apt get_packages(apt.source_line());
  REQUIRE(get_packages("update") == 0);
  CHECK(get_packages("download one") != 0);
}

TEST_CASE("npm installs from a built registry, or says that it did not when the line drops", "[testing][repositories]") {
  if (!installed("npm")) return;
  fake_server srv;
  npm_registry npm(srv);
  npm.add({.name = "right", .files = {{"index.js", "module.exports = 2\n"}}});
  npm.add({.name = "left", .files = {{"index.js", "module.exports = 1\n"}}, .depends = {"right"}});
  srv.on(npm.tarball_of("left"), cut(after{100}).times(1));
  const scratch::folder here;
  std::ofstream(here.path() + "/package.json") << "{}";
  const std::string install = "cd " + here.path() + " && HOME=" + here.path() +
                              " timeout 120 npm install --no-audit --no-fund --no-update-notifier --registry=" +
                              npm.url() + " left";
  CHECK(run(install) != 0);  // npm does not ask again for a body that was cut, and says so
  CHECK(read(here.path() + "/node_modules/left/index.js").empty());
  CHECK(run(install) == 0);
  CHECK(read(here.path() + "/node_modules/left/index.js") == "module.exports = 1\n");
  CHECK(read(here.path() + "/node_modules/right/index.js") == "module.exports = 2\n");
  CHECK(srv.saw(get(npm.tarball_of("left"))).at_least(2));
}
