// The table of requests for known content, against the pure engine and over sockets for every source.
#include "plan_table.hpp"

#include <tinyhttp/client/client.hpp>
#include <tinyhttp/files/assets.hpp>
#include <tinyhttp/files/plan.hpp>
#include <tinyhttp/files/static_files.hpp>
#include <tinyhttp/server/server.hpp>

#include "scratch.hpp"

#include <filesystem>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>

using namespace tinyhttp;

namespace {

constexpr std::int64_t now = 1'767'225'600;  // Thu, 01 Jan 2026 00:00:00 GMT

std::string tag_of(const plan_table::content& c) {
  if (c.tag == plan_table::content::no_tag) return {};
  const std::string opaque = "\"v" + std::to_string(c.size) + std::string(c.coding) + "\"";
  return c.tag == plan_table::content::weak ? "W/" + opaque : opaque;
}

files::facts facts_of(const plan_table::content& c) {
  files::facts f;
  f.size = c.size;
  if (c.dated) f.modified = plan_table::modified;
  f.etag = tag_of(c);
  f.media_type = c.media_type;
  f.content_encoding = c.coding;
  f.varies = c.varies;
  return f;
}

/// The same name in its other representation; itself where it has but one.
const plan_table::content& other_of(const plan_table::content& c) {
  return &c == &plan_table::packed ? plan_table::unpacked : &c == &plan_table::unpacked ? plan_table::packed : c;
}

/// Content that is made up while it is read.
class generated final : public content_source {
 public:
  explicit generated(const plan_table::content& of) : of_(of) {}
  [[nodiscard]] result<std::size_t> read_at(std::uint64_t offset, std::span<char> room) const override {
    if (offset >= of_.size || room.empty()) return std::size_t{0};
    const auto last = offset + 2 < of_.size ? offset + 2 : of_.size - 1;  // never all at once
    return plan_table::octets_of(of_, offset, last).copy(room.data(), room.size());
  }

 private:
  const plan_table::content& of_;
};

std::string content_range(const plan_table::content& of, std::uint64_t first, std::uint64_t last) {
  return "bytes " + std::to_string(first) + "-" + std::to_string(last) + "/" + std::to_string(of.size);
}

/// The body of a 206 with several parts.
std::string multipart(const plan_table::row& r, std::string_view content_type) {
  const std::string_view lead = "multipart/byteranges; boundary=";
  if (content_type.substr(0, lead.size()) != lead) return "no multipart";
  const std::string boundary(content_type.substr(lead.size()));
  std::string made;
  for (const auto& [first, last] : plan_table::parts_of(r)) {
    made += "\r\n--" + boundary + "\r\nContent-Type: " + std::string(r.of.media_type) + "\r\n";
    made += "Content-Range: " + content_range(r.of, first, last) + "\r\n\r\n";
    made += plan_table::octets_of(r.of, first, last);
  }
  return made + "\r\n--" + boundary + "--\r\n";
}

/// Holds the fields of an answer to its row.
void check_fields(const plan_table::row& r, const response& got, const std::string& tag, bool dated) {
  const bool success = r.status < 300, unchanged = r.status == 304;
  CHECK(got.status == r.status);
  CHECK(got.fields["ETag"] == (success || unchanged ? tag : ""));
  CHECK(got.fields["Accept-Ranges"] == (success ? "bytes" : ""));
  const bool shows_date = dated && r.of.dated && (success || (unchanged && tag.empty()));
  CHECK(got.fields["Last-Modified"] == (shows_date ? plan_table::modified_date : ""));
  CHECK(got.fields["Cache-Control"] == (success || unchanged ? "no-cache" : ""));
  CHECK(got.fields["Content-Encoding"] == (success ? r.of.coding : ""));
  CHECK(got.fields["Vary"] == ((success || unchanged) && r.of.varies ? "Accept-Encoding" : ""));
  if (unchanged) CHECK_FALSE(got.fields.contains("Content-Type"));
  const auto parts = plan_table::parts_of(r);
  if (r.status == 200 || parts.size() == 1) CHECK(got.fields["Content-Type"] == r.of.media_type);
  if (parts.size() == 1) {
    CHECK(got.fields["Content-Range"] == content_range(r.of, parts[0].first, parts[0].second));
  } else {
    CHECK(got.fields["Content-Range"] == (r.status == 416 ? "bytes */" + std::to_string(r.of.size) : ""));
  }
}

/// Holds the answer to a GET to its row.
void check(const plan_table::row& r, const response& got, const std::string& tag, bool dated) {
  check_fields(r, got, tag, dated);
  const std::string octets = scratch::octets(got.body);
  const auto parts = plan_table::parts_of(r);
  if (r.status == 200) CHECK(octets == r.of.octets);
  if (r.status == 304) CHECK(octets.empty());
  if (parts.size() == 1) CHECK(octets == plan_table::octets_of(r.of, parts[0].first, parts[0].second));
  if (parts.size() > 1) CHECK(octets == multipart(r, got.fields["Content-Type"]));
}

/// What HEAD has to say: what GET would without its Range (14.2).
plan_table::row without_range(const plan_table::row& r) {
  return {r.of, r.fields, r.status == 206 || r.status == 416 ? 200 : r.status};
}

fields given(const plan_table::row& r, const std::string& tag, const std::string& other) {
  fields made;
  for (const auto& [name, value] : plan_table::fields_of(r, tag, other)) made.add(name, value);
  return made;
}

/// What a server says of a content by HEAD.
response head_of(client& asking, const std::string& base, const plan_table::content& c) {
  fields accepting;
  if (!c.coding.empty()) accepting.add("Accept-Encoding", c.coding);
  return asking.call(base + std::string(c.path), {.method = method::head, .fields = accepting}).value();
}

/// Asks a server all that the table has for it, by GET and by HEAD; says how many cases that was.
template <class Has>
std::size_t ask_all(const server& running, bool dated, Has has) {
  client asking;
  std::string base = running.url();
  base.pop_back();
  std::size_t cases = 0;
  for (const auto& r : plan_table::rows) {
    if ((!dated && plan_table::needs_date(r)) || !has(r.of)) continue;
    const std::string url = base + std::string(r.of.path);
    CAPTURE(url, r.fields);
    const response plain = head_of(asking, base, r.of);
    const std::string tag(plain.fields["ETag"]);
    const std::string other(head_of(asking, base, other_of(r.of)).fields["ETag"]);
    CHECK((tag.empty() || tag != other || !r.of.varies));
    const auto got = asking.call(url, {.fields = given(r, tag, other)});
    REQUIRE(got);
    check(r, *got, tag, dated);

    const auto head = asking.call(url, {.method = method::head, .fields = given(r, tag, other)});
    REQUIRE(head);
    const auto expected = without_range(r);
    check_fields(expected, *head, tag, dated);
    CHECK(head->body.text().empty());
    if (expected.status == 200) CHECK(head->fields["Content-Length"] == std::to_string(r.of.size));
    cases += 2;
  }
  return cases;
}

}  // namespace

TEST_CASE("no row of the table stands there twice", "[files][plan]") {
  std::set<std::pair<std::string_view, std::string_view>> seen;
  for (const auto& r : plan_table::rows) {
    CAPTURE(r.of.path, r.fields);
    CHECK(seen.emplace(r.of.path, r.fields).second);
  }
}

TEST_CASE("the engine answers the whole table", "[files][plan][rfc9110-13][rfc9110-14]") {
  for (const auto& r : plan_table::rows) {
    CAPTURE(r.of.path, r.fields);
    const auto f = facts_of(r.of);
    const std::string path(r.of.path);
    const auto asked = given(r, f.etag, tag_of(other_of(r.of)));
    const auto source = std::make_shared<generated>(r.of);
    const auto made_up = files::answer(request::get(path, asked), f, source, now, 7);
    check(r, made_up, f.etag, true);
    check_fields(without_range(r), files::answer(request::head(path, asked), f, source, now), f.etag, true);
    if (&r.of != &plan_table::huge) {
      const auto content = std::make_shared<const std::string>(r.of.octets);
      const auto from_memory = files::answer(request::get(path, asked), f, content, now, 7);
      check(r, from_memory, f.etag, true);
      CHECK(from_memory.body.length() == made_up.body.length());
    }
    // A source without dates: what is said of them means nothing.
    files::facts undated = f;
    undated.modified.reset();
    if (!plan_table::needs_date(r))
      check(r, files::answer(request::get(path, asked), undated, source, now, 7), f.etag, false);
  }
}

TEST_CASE("files on disk answer the whole table over sockets", "[files][plan][server]") {
  const scratch::folder root;
  for (const auto& r : plan_table::rows) {
    const std::string name = std::string(r.of.path.substr(1)) + (r.of.coding.empty() ? "" : ".gz");
    if (!r.of.on_disk || std::filesystem::exists(root.path(name))) continue;
    root.write(name, r.of.octets);
    if (&r.of == &plan_table::huge) std::filesystem::resize_file(root.path(name), r.of.size);  // sparse
    root.set_time(name, plan_table::modified);
  }
  const bool kept = GENERATE(true, false);  // sent from memory, or by sendfile
  static_files_options options;
  options.precompressed = true;
  if (!kept) options.cache.octets = 0;
  const server running(static_files(root.path(), std::move(options)), {.port = 0});
  CHECK(ask_all(running, true, [](const auto& c) { return c.on_disk; }) >= 600);
}

TEST_CASE("assets answer the whole table over sockets", "[files][plan][server]") {
  assets site;
  for (const auto& r : plan_table::rows)
    if (r.of.in_assets) site.add(r.of.path.substr(1), std::string(r.of.octets), r.of.coding);
  const server running(site, {.port = 0});
  CHECK(ask_all(running, false, [](const auto& c) { return c.in_assets; }) >= 500);
}

TEST_CASE("generated content answers the whole table over sockets", "[files][plan][server]") {
  const auto handler = [](const request& r) -> response {
    for (const auto& each : plan_table::rows)
      if (each.of.path == r.path())
        return files::answer(r, facts_of(each.of), std::make_shared<generated>(each.of), files::now_for(r),
                             files::seed_for(r));
    return problem(404);
  };
  const server running(handler, {.port = 0});
  CHECK(ask_all(running, true, [](const auto& c) { return c.made_up; }) >= 600);
}

TEST_CASE("ranges, conditions and HEAD are about the coding that was chosen",
          "[files][static_files][precompressed][server]") {
  const scratch::folder root;
  const std::string plain(2000, 'p'), packed = "0123456789 packed";
  root.write("a.js", plain);
  root.write("a.js.gz", packed);
  const server running(static_files(root.path(), {.precompressed = true}), {.port = 0});
  const std::string url = running.url() + "a.js";
  client asking;
  const auto ask = [&](fields with, const method& how = method::get) {
    return asking.call(url, {.method = how, .fields = std::move(with)}).value();
  };
  const response whole = ask({{"Accept-Encoding", "gzip"}});
  CHECK(whole.fields["Content-Encoding"] == "gzip");
  CHECK(whole.fields["Vary"] == "Accept-Encoding");
  CHECK(whole.fields["Content-Type"] == "text/javascript; charset=utf-8");
  const std::string tag(whole.fields["ETag"]);
  const std::string plain_tag(ask({}).fields["ETag"]);
  CHECK(tag != plain_tag);

  const response part = ask({{"Accept-Encoding", "gzip"}, {"Range", "bytes=2-4"}, {"If-Range", tag}});
  CHECK(part.status == 206);
  CHECK(part.fields["Content-Range"] == "bytes 2-4/17");
  CHECK(part.fields["Content-Encoding"] == "gzip");
  CHECK(part.body.text() == "234");
  // A tag of the one says nothing of the other.
  CHECK(ask({{"Accept-Encoding", "gzip"}, {"Range", "bytes=2-4"}, {"If-Range", plain_tag}}).status == 200);
  CHECK(ask({{"Range", "bytes=1990-"}, {"If-Range", tag}}).body.text() == plain);
  CHECK(ask({{"Range", "bytes=1990-"}, {"If-Range", plain_tag}}).body.text().size() == 10);
  CHECK(ask({{"Accept-Encoding", "gzip"}, {"If-None-Match", plain_tag}}).status == 200);
  const response unchanged = ask({{"Accept-Encoding", "gzip"}, {"If-None-Match", tag}});
  CHECK(unchanged.status == 304);
  CHECK(unchanged.fields["Vary"] == "Accept-Encoding");
  CHECK(ask({{"Accept-Encoding", "gzip"}, {"Range", "bytes=17-"}}).fields["Content-Range"] == "bytes */17");
  CHECK(ask({{"Accept-Encoding", "gzip"}}, method::head).fields["Content-Length"] == "17");

  for (const char* unasked : {"", "identity", "br", "gzip;q=0", "*;q=0", "identity;q=0", "identity;q=0, br",
                              "GZIP;q=0", "gzip;q=0.000", "x-unknown", "gzip;q=0, *"}) {
    CAPTURE(unasked);
    const response got = ask({{"Accept-Encoding", unasked}});
    CHECK_FALSE(got.fields.contains("Content-Encoding"));
    CHECK(got.fields["Vary"] == "Accept-Encoding");
    CHECK(got.body.text() == plain);
  }
}
