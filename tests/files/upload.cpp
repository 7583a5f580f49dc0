// A file that is written beneath a root: all of it, or nothing.
#include <tinyhttp/files/upload.hpp>

#include "scratch.hpp"

#include <set>
#include <string>

using namespace tinyhttp;
using namespace tinyhttp::files;

namespace {

/// All names beneath a folder, hidden ones too.
std::set<std::string> names_in(const scratch::folder& root) {
  std::set<std::string> names;
  for (const auto& e : std::filesystem::recursive_directory_iterator(root.path()))
    names.insert(std::filesystem::relative(e.path(), root.path()).string());
  return names;
}

std::string read(const scratch::folder& root, const char* name) {
  std::ifstream file(root.path(name), std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

TEST_CASE("an upload shows when it is complete, and not before", "[files][upload]") {
  const bool unnamed = GENERATE(true, false);
  CAPTURE(unnamed);
  const scratch::folder root;
  root.make_folder("a");
  const auto within = directory::open(root.path()).value();
  const auto where = place::open(within, "a/new").value();
  CHECK(where.look() == occupant::nothing);
  {
    auto file = upload::begin(where, unnamed).value();
    REQUIRE(file.write("half"));
    CHECK_FALSE(std::filesystem::exists(root.path("a/new")));
  }  // given up
  CHECK(names_in(root) == std::set<std::string>{"a"});

  auto file = upload::begin(where, unnamed).value();
  REQUIRE(file.write("whole "));
  REQUIRE(file.write("content"));
  CHECK_FALSE(file.should_wait());
  REQUIRE(file.disk_wait_for_content()());
  const auto stamp = file.commit().value();
  CHECK(names_in(root) == std::set<std::string>{"a", "a/new"});
  CHECK(read(root, "a/new") == "whole content");
  CHECK(stamp == within.glance("a/new").value());
  CHECK(where.look() == occupant::file);
  CHECK(where.disk_wait_for_names().value()());
}

TEST_CASE("an upload asks to wait for the disk every 8 MiB", "[files][upload]") {
  const scratch::folder root;
  const auto within = directory::open(root.path()).value();
  const auto where = place::open(within, "x").value();
  const auto wait = [&] {
    auto file = upload::begin(where).value();
    const std::string piece(std::size_t{4} << 20, 'x');
    REQUIRE(file.write(piece));
    CHECK_FALSE(file.should_wait());
    REQUIRE(file.write(piece));
    CHECK(file.should_wait());
    auto of_content = file.disk_wait_for_content();
    CHECK_FALSE(file.should_wait());
    return of_content;
  }();
  CHECK(wait());  // of a file that is given up meanwhile, too
  CHECK(names_in(root).empty());
}

TEST_CASE("an upload replaces in one step, or only takes a free name", "[files][upload]") {
  const bool unnamed = GENERATE(true, false);
  const scratch::folder root;
  root.write("x", "old");
  const auto within = directory::open(root.path()).value();
  const auto old = within.find("x").value();
  const auto where = place::open(within, "x").value();
  {
    auto file = upload::begin(where, unnamed).value();
    REQUIRE(file.write("new"));
    const auto refused = file.commit_new();
    REQUIRE_FALSE(refused);
    CHECK(refused.error().status_hint() == 412);
  }
  CHECK(read(root, "x") == "old");
  auto file = upload::begin(where, unnamed).value();
  REQUIRE(file.write("new"));
  REQUIRE(file.commit());
  CHECK(read(root, "x") == "new");
  CHECK(names_in(root).size() == 1);
  char was[4] = "";
  CHECK(old.content->read_at(0, std::span(was, 3)).value() == 3);  // who reads it, reads on
  CHECK(std::string(was) == "old");

  const auto fresh = place::open(within, "y").value();
  auto other = upload::begin(fresh, unnamed).value();
  REQUIRE(other.commit_new());
  CHECK(names_in(root) == std::set<std::string>{"x", "y"});
}

TEST_CASE("a place is beneath its root, however its directory is spelled", "[files][upload][security]") {
  const auto by = GENERATE(confinement::automatic, confinement::walk);
  const scratch::folder outside, root;
  root.make_folder("in");
  root.link("out", outside.path());
  root.link("up", "../..");
  root.link("alias", "in");
  const auto within = directory::open(root.path(), {.confined_by = by}).value();
  for (const char* name : {"out/x", "up/x", "../x", "in/../../x", "none/x"}) {
    CAPTURE(name);
    const auto where = place::open(within, name);
    REQUIRE_FALSE(where);
    CHECK(where.error().status_hint() == 404);
  }
  for (const char* name : {".", "..", "in/", "in/..", "in/."}) {
    CAPTURE(name);
    CHECK_FALSE(place::open(within, name));
  }
  CHECK(place::open(within, "alias/x"));
  const auto strict = directory::open(root.path(), {links::none, by}).value();
  CHECK_FALSE(place::open(strict, "alias/x"));
}

TEST_CASE("a place stays the directory that it was opened in", "[files][upload][security]") {
  const scratch::folder outside, root;
  root.make_folder("in");
  const auto within = directory::open(root.path()).value();
  const auto where = place::open(within, "in/x").value();
  std::filesystem::rename(root.path("in"), root.path("moved"));
  root.link("in", outside.path());
  auto file = upload::begin(where).value();
  REQUIRE(file.write("here"));
  REQUIRE(file.commit());
  CHECK(read(root, "moved/x") == "here");
  CHECK(names_in(outside).empty());
}

TEST_CASE("an upload never goes through a link at the end of its name", "[files][upload][security]") {
  const scratch::folder outside, root;
  outside.write("canary", "alive");
  root.link("x", outside.path("canary"));
  const auto within = directory::open(root.path()).value();
  const auto where = place::open(within, "x").value();
  CHECK(where.look() == occupant::link);
  {
    auto file = upload::begin(where).value();
    REQUIRE(file.write("dead"));
    REQUIRE(file.commit());
  }
  CHECK(where.look() == occupant::file);
  CHECK(read(outside, "canary") == "alive");
  root.link("y", outside.path("canary"));
  REQUIRE(place::open(within, "y").value().remove());
  CHECK(read(outside, "canary") == "alive");
}

TEST_CASE("what the disk says has a status", "[files][upload]") {
  CHECK(files::detail::status_of(ENOSPC) == 507);
  CHECK(files::detail::status_of(EDQUOT) == 507);
  CHECK(files::detail::status_of(EROFS) == 403);
  const scratch::folder root;
  root.make_folder("closed");
  ::chmod(root.path("closed").c_str(), 0555);
  const auto within = directory::open(root.path()).value();
  const auto where = place::open(within, "closed/x").value();
  const scratch::nobody here;
  const auto file = upload::begin(where);
  REQUIRE_FALSE(file);
  CHECK(file.error().status_hint() == 403);
  CHECK(file.error().message() == "write \"x\": permission denied");
}
