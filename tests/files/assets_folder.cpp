// A folder that is carried along: what is taken, as what, and what is not.
#include <tinyhttp/files/assets_folder.hpp>

#include "scratch.hpp"

#include <string>
#include <vector>

using namespace tinyhttp;

TEST_CASE("a folder is read whole, and stored variants are told apart", "[files][assets][assets_folder]") {
  const scratch::folder outside, root;
  outside.write("canary", "x");
  root.write("index.html", "home");
  root.write("css/a b.css", "plain");
  for (const char* stored : {"css/a b.css.gz", "css/a b.css.br", "css/a b.css.zst"}) root.write(stored, stored);
  root.write("old.js", "new");
  root.write("old.js.gz", "of an earlier state");
  root.write("alone.tar.gz", "no variant of anything");
  root.write(".env", "secret");
  root.write(".well-known/x", "token");
  root.write("empty", "");
  root.write("bad\nname", "x");
  root.link("out", outside.path("canary"));
  root.set_time("old.js.gz", 1000);
  const auto read = read_folder(root.path()).value();
  std::vector<std::string> names;
  for (const auto& file : read) names.push_back(file.name + " " + std::string(file.coding));
  CHECK(names == std::vector<std::string>{".well-known/x ", "css/a b.css ", "css/a b.css br", "css/a b.css gzip",
                                          "css/a b.css zstd", "alone.tar.gz ", "empty ", "index.html ", "old.js "});

  assets site;
  CHECK(add_folder(site, root.path()).value() == 9);
  CHECK(site.size() == 6);
  const auto octets = [&](const char* target, const char* coding = "") {
    return scratch::octets(response(site(request::get(target, {{"Accept-Encoding", coding}}))).body);
  };
  CHECK(octets("/") == "home");
  CHECK(octets("/css/a%20b.css") == "plain");
  CHECK(octets("/css/a%20b.css", "br") == "css/a b.css.br");
  CHECK(octets("/css/a%20b.css", "zstd, gzip;q=0.5") == "css/a b.css.zst");
  CHECK(octets("/old.js", "gzip") == "new");
  CHECK(octets("/alone.tar.gz", "gzip") == "no variant of anything");
  CHECK(response(site(request::get("/.env"))).status == 404);
  CHECK(read_folder(root.path(), {.dot_files = true}).value().size() == 10);
}

TEST_CASE("a folder that is too large, goes in circles or is not there is an error",
          "[files][assets][assets_folder]") {
  const scratch::folder root;
  root.write("a", "12345");
  root.write("b", "678901");
  CHECK(read_folder(root.path(), {.largest = 11}));
  const auto large = read_folder(root.path(), {.largest = 10});
  REQUIRE_FALSE(large);
  CHECK(large.error().message() == "bundle \"b\": larger than 10 octets in all");
  root.make_folder("sub");
  root.link("sub/up", "../sub");
  const auto circle = read_folder(root.path());
  REQUIRE_FALSE(circle);
  CHECK(circle.error().message().find("directories too deep") != std::string::npos);
  CHECK(read_folder(root.path(), {.symbolic_links = files::links::none}).value().size() == 2);
  CHECK_FALSE(read_folder(root.path("none")));
}
