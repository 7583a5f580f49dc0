// A directory as a response: which form, which names, and how little of it at a time.
#include <tinyhttp/files/listing_answer.hpp>

#include "scratch.hpp"
#include "server/support.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

using namespace tinyhttp;
using namespace tinyhttp::files;
using Catch::Matchers::ContainsSubstring;

namespace {

response listed(const scratch::folder& of, std::string_view accept, safe_path_options shown = {}) {
  shared<const directory> root(new directory(directory::open(of.path()).value()));
  return listing_answer(request::get("/", {{"Accept", accept}}), std::move(root), ".", shown).value();
}

}  // namespace

TEST_CASE("a listing is a page unless data are preferred, and shows what can be asked for",
          "[files][listing_answer]") {
  const scratch::folder root;
  root.write("a", "1");
  root.write(".hidden", "1");
  const response page = listed(root, "text/html, application/json;q=0.9");
  CHECK(page.fields["Content-Type"] == "text/html; charset=utf-8");
  CHECK(page.fields["Vary"] == "Accept");
  CHECK_THAT(scratch::octets(page.body), ContainsSubstring("0 directories, 1 file<"));
  const response data = listed(root, "application/json", {.dot_files = true});
  CHECK(data.fields["Content-Type"] == "application/json");
  CHECK_THAT(scratch::octets(data.body), ContainsSubstring("\"name\":\".hidden\""));
}

TEST_CASE("a directory that is not there has no listing", "[files][listing_answer]") {
  const scratch::folder root;
  shared<const directory> opened(new directory(directory::open(root.path()).value()));
  const auto none = listing_answer(request::get("/"), std::move(opened), "none/", {});
  REQUIRE_FALSE(none);
  CHECK(none.error().status_hint() == 404);
}

TEST_CASE("a root that is deleted is not there any more, while an empty one is", "[files][listing_answer]") {
  const scratch::folder above;
  REQUIRE(::mkdir(above.path("root").c_str(), 0700) == 0);
  const shared<const directory> opened(new directory(directory::open(above.path("root")).value()));
  const auto ask = [&] { return listing_answer(request::get("/"), opened, ".", {}); };
  CHECK(ask().has_value());
  REQUIRE(::rmdir(above.path("root").c_str()) == 0);
  const auto none = ask();
  REQUIRE_FALSE(none);
  CHECK(none.error().status_hint() == 404);
}

TEST_CASE("many names are read, sorted and written in portions, and all of them arrive",
          "[files][listing_answer]") {
  const scratch::folder root;
  for (int i = 0; i < 1700; ++i)
    descriptor(::open(root.path("f" + std::to_string(i)).c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0644));
  const response data = listed(root, "application/json");
  CHECK(data.body.stream() != nullptr);
  const std::string text = scratch::octets(data.body);
  std::size_t rows = 0, at = 0;
  std::string before;
  while ((at = text.find("{\"name\":\"", at)) != text.npos) {
    const std::string name = text.substr(at + 9, text.find('"', at + 9) - at - 9);
    REQUIRE(before < name);
    before = name;
    ++rows;
    ++at;
  }
  CHECK(rows == 1700);
}

TEST_CASE("while a huge listing is made, others are served: a turn of the loop costs a thousand entries",
          "[files][listing_answer][server]") {
  const listing_order order{GENERATE(sort_key::name, sort_key::size), false};
  constexpr std::size_t all = 20'000, share = 4 * 250;  // four pieces a turn
  std::size_t read = 0, looked = 0;
  const auto handler = [&](const request&) -> response {
    auto more = [&read](owned_list<entry>& into) -> result<bool> {
      for (int i = 0; i < 250; ++i)
        into.push_back(owned(new entry{"file" + std::to_string(read++ * 7919 % all), false, 0, 0}));
      return read < all;
    };
    return html(listing_page(".", std::move(more), order, [&looked](entry& e) {
                  e.size = ++looked % 1000;
                  return true;
                }).value());
  };
  server_test::served_in_memory s(handler);
  s.start();
  s.settle(2);
  const std::array<std::string_view, 1> asked{server_test::get_root};
  auto writing = s.pair.second.write(asked);
  REQUIRE(writing.await_ready());
  REQUIRE(writing.await_resume());

  std::string got;
  std::size_t turns = 0, most = 0, at_first_octet = 0, others = 0;
  for (; !got.ends_with("\r\n0\r\n\r\n") && turns < 2000; ++turns) {
    const std::size_t before = read + looked, served = others;
    s.loop.post([&others] { ++others; });  // somebody else's work
    s.loop.run_once(duration::zero());
    got += s.received();
    REQUIRE(others == served + 1);
    if (got.empty()) continue;
    if (at_first_octet == 0) at_first_octet = read + looked;
    if (at_first_octet != read + looked && read + looked - before > most) most = read + looked - before;
  }
  CHECK(got.size() > 40 * all);
  CHECK(looked == all);
  CHECK(at_first_octet <= (order.key == sort_key::name ? 1 : 2) * (5 * 250 + share));
  CHECK(most <= (order.key == sort_key::name ? 1 : 2) * share);
  CHECK(turns >= 2 * all / share);
}
