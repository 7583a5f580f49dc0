// The table of requests for known content, against the pure engine and over sockets for every source.
#include "plan_table.hpp"

#include <tinyhttp/client/client.hpp>
#include <tinyhttp/files/assets.hpp>
#include <tinyhttp/files/plan.hpp>
#include <tinyhttp/files/static_files.hpp>
#include <tinyhttp/server/server.hpp>

#include "scratch.hpp"

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

using namespace tinyhttp;

namespace {

constexpr std::int64_t now = 1'767'225'600;  // Thu, 01 Jan 2026 00:00:00 GMT

files::facts facts_of(std::string_view content) {
  files::facts f;
  f.size = content.size();
  f.modified = plan_table::modified;
  f.etag = "\"v" + std::to_string(content.size()) + "\"";
  f.media_type = "text/plain; charset=utf-8";
  return f;
}

/// Content that is made up while it is read.
class generated final : public content_source {
 public:
  explicit generated(std::string_view all) : all_(all) {}
  [[nodiscard]] result<std::size_t> read_at(std::uint64_t offset, std::span<char> room) const override {
    const auto rest = all_.substr(static_cast<std::size_t>(offset));
    return rest.copy(room.data(), room.size() < 3 ? room.size() : 3);  // never all at once
  }

 private:
  std::string_view all_;
};

std::string_view content_at(std::string_view path) {
  return path == "/ten.txt" ? plan_table::ten : path == "/one.txt" ? plan_table::one : plan_table::none;
}
std::string path_of(const plan_table::row& r) {
  return r.of == plan_table::ten ? "/ten.txt" : r.of == plan_table::one ? "/one.txt" : "/none.txt";
}

/// The body of a 206 with several parts.
std::string multipart(const plan_table::row& r, std::string_view content_type) {
  const std::string_view lead = "multipart/byteranges; boundary=";
  if (content_type.substr(0, lead.size()) != lead) return "no multipart";
  const std::string boundary(content_type.substr(lead.size()));
  std::string made;
  for (const auto& [first, last] : plan_table::parts_of(r)) {
    made += "\r\n--" + boundary + "\r\nContent-Type: text/plain; charset=utf-8\r\n";
    made += "Content-Range: bytes " + std::to_string(first) + "-" + std::to_string(last) + "/" +
            std::to_string(r.of.size()) + "\r\n\r\n";
    made += r.of.substr(first, last - first + 1);
  }
  return made + "\r\n--" + boundary + "--\r\n";
}

/// Holds the answer to a GET to its row.
void check(const plan_table::row& r, response got, const std::string& tag, bool dated) {
  CHECK(got.status == r.status);
  const std::string octets = scratch::octets(got.body);
  const std::string size = std::to_string(r.of.size());
  const auto parts = plan_table::parts_of(r);
  if (r.status == 200) CHECK(octets == r.of);
  if (r.status == 206 && parts.size() == 1) {
    const auto [first, last] = parts[0];
    CHECK(octets == r.of.substr(first, last - first + 1));
    CHECK(got.fields["Content-Range"] ==
          "bytes " + std::to_string(first) + "-" + std::to_string(last) + "/" + size);
    CHECK(got.fields["Content-Type"] == "text/plain; charset=utf-8");
  } else if (r.status == 206) {
    CHECK(octets == multipart(r, got.fields["Content-Type"]));
    CHECK_FALSE(got.fields.contains("Content-Range"));
  } else {
    CHECK(got.fields["Content-Range"] == (r.status == 416 ? "bytes */" + size : ""));
  }
  if (r.status == 304) {
    CHECK(octets.empty());
    CHECK_FALSE(got.fields.contains("Content-Type"));
  }
  const bool success = r.status < 300;
  CHECK(got.fields["ETag"] == (success || r.status == 304 ? tag : ""));
  CHECK(got.fields["Accept-Ranges"] == (success ? "bytes" : ""));
  CHECK(got.fields["Last-Modified"] == (success && dated ? plan_table::modified_date : ""));
  CHECK(got.fields["Cache-Control"] == (success || r.status == 304 ? "no-cache" : ""));
  CHECK_FALSE(got.fields.contains("Content-Encoding"));
}

/// What HEAD has to say: what GET would without its Range (14.2).
plan_table::row without_range(plan_table::row r) {
  if (r.status == 206 || r.status == 416) r.status = 200;
  r.parts = {};
  return r;
}

fields given(const plan_table::row& r, const std::string& tag) {
  fields made;
  for (const auto& [name, value] : plan_table::fields_of(r, tag)) made.add(name, value);
  return made;
}

/// Asks a server all there is in the table; says how many cases that was.
std::size_t ask_all(const server& running, bool dated) {
  client asking;
  std::string base = running.url();
  base.pop_back();
  std::size_t cases = 0;
  for (const auto& r : plan_table::rows) {
    if (!dated && plan_table::needs_date(r)) continue;
    const std::string url = base + path_of(r);
    CAPTURE(url, r.fields);
    auto plain = asking.get(url);
    REQUIRE(plain);
    const std::string tag(plain->fields["ETag"]);
    auto got = asking.call(url, {.fields = given(r, tag)});
    REQUIRE(got);
    check(r, std::move(*got), tag, dated);

    auto head = asking.call(url, {.method = method::head, .fields = given(r, tag)});
    REQUIRE(head);
    const auto expected = without_range(r);
    CHECK(head->status == expected.status);
    CHECK(head->body.text().empty());
    if (expected.status == 200) {
      for (const auto& [name, value] : plain->fields)
        if (name != "Date") CHECK(head->fields[name] == value);
      CHECK(head->fields["Content-Length"] == std::to_string(r.of.size()));
    }
    cases += 2;
  }
  return cases;
}

}  // namespace

TEST_CASE("the engine answers the whole table", "[files][plan][rfc9110-13][rfc9110-14]") {
  for (const auto& r : plan_table::rows) {
    CAPTURE(r.of, r.fields);
    const auto f = facts_of(r.of);
    const auto content = std::make_shared<const std::string>(r.of);
    const std::string path = path_of(r);
    const auto from_memory = files::answer(request::get(path, given(r, f.etag)), f, content, now, 7);
    check(r, from_memory, f.etag, true);
    const auto made_up = files::answer(request::get(path, given(r, f.etag)), f,
                                       std::make_shared<generated>(r.of), now, 7);
    check(r, made_up, f.etag, true);
    CHECK(from_memory.body.length() == made_up.body.length());

    const auto expected = without_range(r);
    const auto head = files::answer(request::head(path, given(r, f.etag)), f, content, now);
    check(expected, head, f.etag, true);
    // A source without dates: what is said of them means nothing.
    files::facts undated = f;
    undated.modified.reset();
    if (!plan_table::needs_date(r))
      check(r, files::answer(request::get(path, given(r, f.etag)), undated, content, now, 7), f.etag, false);
  }
}

TEST_CASE("files on disk answer the whole table over sockets", "[files][plan][server]") {
  const scratch::folder root;
  for (const char* path : {"/ten.txt", "/one.txt", "/none.txt"}) {
    root.write(path + 1, content_at(path));
    root.set_time(path + 1, plan_table::modified);
  }
  const bool kept = GENERATE(true, false);  // sent from memory, or by sendfile
  static_files_options options;
  if (!kept) options.cache.octets = 0;
  const server running(static_files(root.path(), std::move(options)), {.port = 0});
  CHECK(ask_all(running, true) >= 300);
}

TEST_CASE("assets answer the whole table over sockets", "[files][plan][server]") {
  assets site;
  for (const char* path : {"/ten.txt", "/one.txt", "/none.txt"})
    site.add(path + 1, std::string(content_at(path)));
  const server running(site, {.port = 0});
  CHECK(ask_all(running, false) >= 300);
}

TEST_CASE("generated content answers the whole table over sockets", "[files][plan][server]") {
  const auto handler = [](const request& r) -> response {
    const auto content = content_at(r.path());
    return files::answer(r, facts_of(content), std::make_shared<generated>(content), files::now_for(r),
                         files::seed_for(r));
  };
  const server running(handler, {.port = 0});
  CHECK(ask_all(running, true) >= 300);
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
