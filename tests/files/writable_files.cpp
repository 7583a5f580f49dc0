// PUT and DELETE: what is written, what is refused, and what never happens by halves.
#include <tinyhttp/files/writable_files.hpp>

#include "../manual_context.hpp"
#include "few_descriptors.hpp"
#include "scratch.hpp"

#include <atomic>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

using namespace tinyhttp;

namespace {

response ask(const writable_files& serve, const method& m, std::string_view target, body content = {},
             fields f = {}) {
  request r(m, target, std::move(f), std::move(content));
  return serve(r);
}
response put(const writable_files& serve, std::string_view target, body content, fields f = {}) {
  return ask(serve, method::put, target, std::move(content), std::move(f));
}
response remove(const writable_files& serve, std::string_view target, fields f = {}) {
  return ask(serve, method::delete_, target, {}, std::move(f));
}
std::string read(const writable_files& serve, std::string_view target) {
  const response r = ask(serve, method::get, target);
  return r.status == status::ok ? scratch::octets(r.body) : ascii::to_decimal(
      static_cast<std::uint64_t>(r.status.code()));
}
std::size_t count(const scratch::folder& root) {
  std::size_t names = 0;
  for ([[maybe_unused]] const auto& e : std::filesystem::recursive_directory_iterator(root.path())) ++names;
  return names;
}

/// A body that comes in pieces and whose length nobody knows; "" in the middle is an error.
body in_pieces(std::vector<std::string> pieces) {
  return stream_body([pieces = std::move(pieces), at = std::size_t{0}]() mutable -> result<std::string> {
    if (at == pieces.size()) return std::string();
    if (pieces[at].empty()) return error(error_kind::closed, "body: the peer has gone", 400);
    return pieces[at++];
  });
}

}  // namespace

TEST_CASE("a file is put, read, put again and deleted", "[files][writable_files][rfc9110-9.3.4]") {
  const scratch::folder root;
  const writable_files serve(root.path());
  const response made = put(serve, "/a%20b.txt", "one");
  CHECK(made.status == status::created);
  CHECK(read(serve, "/a%20b.txt") == "one");
  CHECK(made.fields["ETag"] == ask(serve, method::get, "/a%20b.txt").fields["ETag"]);

  const response replaced = put(serve, "/a%20b.txt", in_pieces({"t", "w", "o"}));
  CHECK(replaced.status == status::no_content);
  CHECK(replaced.fields["ETag"] != made.fields["ETag"]);
  CHECK(read(serve, "/a%20b.txt") == "two");
  CHECK(count(root) == 1);

  CHECK(put(serve, "/empty", "").status == status::created);
  CHECK(read(serve, "/empty").empty());
  CHECK(remove(serve, "/a%20b.txt").status == status::no_content);
  CHECK(remove(serve, "/a%20b.txt").status == status::not_found);
  CHECK(read(serve, "/a%20b.txt") == "404");
}

TEST_CASE("conditions keep one writer from undoing another", "[files][writable_files][rfc9110-13]") {
  const scratch::folder root;
  const writable_files serve(root.path());
  CHECK(put(serve, "/x", "1", {{"If-Match", "*"}}).status == 412);  // there is nothing to match
  CHECK(put(serve, "/x", "1", {{"If-Match", "\"a\""}}).status == 412);
  CHECK(count(root) == 0);
  const response first = put(serve, "/x", "1", {{"If-None-Match", "*"}});
  CHECK(first.status == 201);
  CHECK(put(serve, "/x", "2", {{"If-None-Match", "*"}}).status == 412);
  CHECK(read(serve, "/x") == "1");
  const std::string tag(first.fields["ETag"]);
  const response second = put(serve, "/x", "22", {{"If-Match", tag}});
  CHECK(second.status == 204);
  CHECK(put(serve, "/x", "3", {{"If-Match", tag}}).status == 412);  // the lost update
  CHECK(put(serve, "/x", "3", {{"If-Match", "W/" + std::string(second.fields["ETag"])}}).status == 412);
  CHECK(put(serve, "/x", "3", {{"If-None-Match", second.fields["ETag"]}}).status == 412);
  CHECK(put(serve, "/x", "3", {{"If-Unmodified-Since", "Thu, 01 Jan 1970 00:00:00 GMT"}}).status == 412);
  CHECK(read(serve, "/x") == "22");
  CHECK(remove(serve, "/x", {{"If-Match", tag}}).status == 412);
  CHECK(remove(serve, "/x", {{"If-None-Match", "*"}}).status == 412);
  CHECK(remove(serve, "/none", {{"If-Match", "*"}}).status == 404);
  CHECK(remove(serve, "/x", {{"If-Match", "\"z\", " + std::string(second.fields["ETag"])}}).status == 204);
  CHECK(count(root) == 0);
}

TEST_CASE("a condition is judged again when the body is there", "[files][writable_files]") {
  const scratch::folder root;
  const writable_files serve(root.path());
  const std::string tag(put(serve, "/x", "1").fields["ETag"]);
  bool meanwhile = false;
  const auto slow = [&] {
    return stream_body([&, sent = false]() mutable -> std::string {
      if (sent) return {};
      sent = meanwhile = true;
      CHECK(put(serve, "/x", "somebody else's").status.is_success());
      return "mine";
    });
  };
  CHECK(put(serve, "/x", slow(), {{"If-Match", tag}}).status == 412);
  CHECK(meanwhile);
  CHECK(read(serve, "/x") == "somebody else's");
  CHECK(remove(serve, "/x").status == 204);
  CHECK(put(serve, "/x", slow(), {{"If-None-Match", "*"}}).status == 412);
  CHECK(read(serve, "/x") == "somebody else's");
  CHECK(count(root) == 1);
}

TEST_CASE("what is refused is refused before its body is read, and leaves nothing",
          "[files][writable_files]") {
  const scratch::folder root;
  root.make_folder("folder");
  root.write("f", "old");
  const writable_files serve(root.path(), {.largest = 10});
  int pulled = 0;
  const auto sentinel = [&] {
    return stream_body([&pulled] {
      ++pulled;
      return std::string();
    }, 11);
  };
  CHECK(put(serve, "/new", sentinel()).status == 413);
  CHECK(put(serve, "/f", sentinel(), {{"Content-Range", "bytes 0-1/3"}}).status == 400);
  const response encoded = put(serve, "/f", sentinel(), {{"Content-Encoding", "gzip"}});
  CHECK(encoded.status == 415);
  CHECK(encoded.fields["Accept-Encoding"] == "identity");
  CHECK(put(serve, "/f", sentinel(), {{"Content-Encoding", "identity"}, {"Content-Encoding", "gzip"}}).status == 415);
  CHECK(put(serve, "/f", sentinel(), {{"Content-Encoding", "identity, gzip"}}).status == 415);
  const auto small = [&] { return stream_body([&pulled] { ++pulled; return std::string(); }); };
  for (const char* target : {"/", "/folder", "/folder/", "/none/x", "/f/x", "/new/"}) {
    CAPTURE(target);
    CHECK(put(serve, target, small()).status == 409);
  }
  CHECK(put(serve, "/.hidden", small()).status == 404);
  CHECK(put(serve, "/../x", small()).status == 400);
  CHECK(put(serve, "/a%2Fb", small()).status == 400);
  CHECK(put(serve, "//x", small()).status == 404);
  CHECK(put(serve, "/f", small(), {{"If-None-Match", "*"}}).status == 412);
  CHECK(pulled == 0);
  CHECK(remove(serve, "/folder").status == 409);
  CHECK(remove(serve, "/").status == 409);
  CHECK(remove(serve, "/none/x").status == 404);

  CHECK(put(serve, "/new", in_pieces({"01234", "56789", "a"})).status == 413);
  CHECK(put(serve, "/f", in_pieces({"01234", "56789", "a"})).status == 413);
  CHECK(put(serve, "/new", in_pieces({"01234", ""})).status == 400);
  CHECK(count(root) == 2);
  CHECK(read(serve, "/f") == "old");
  CHECK(put(serve, "/new", in_pieces({"01234", "56789"})).status == 201);
}

TEST_CASE("an upload that is abandoned half way leaves nothing", "[files][writable_files]") {
  const scratch::folder root;
  const writable_files serve(root.path());
  request r(method::put, "/x", {}, stream_body([sent = false]() mutable {
    return std::exchange(sent, true) ? std::string() : std::string("half");
  }));
  {
    reply later = serve(r);
    REQUIRE_FALSE(later.is_ready());
  }  // never run
  CHECK(count(root) == 0);
  CHECK(put(serve, "/x", in_pieces({"half", ""})).status == 400);
  CHECK(count(root) == 0);
}

TEST_CASE("the loop does not wait for the disk: a worker does", "[files][writable_files][threads]") {
  const scratch::folder root;
  const writable_files serve(root.path());
  manual_context loop;
  const auto begin = [&](request& r) {
    r.context = &loop;
    reply made = serve(r);
    REQUIRE_FALSE(made.is_ready());
    made.later().start();
    return made;
  };
  request abandoned(method::put, "/x", {}, body("never"));
  { const reply waiting = begin(abandoned); }
  CHECK(count(root) == 0);

  request r(method::put, "/x", {}, in_pieces({std::string(std::size_t{9} << 20, 'x'), "y"}));
  reply made = begin(r);
  loop.run_one();  // what the one that was abandoned left behind, or the first 8 MiB
  while (!made.later().done() && read(serve, "/x") == "404") loop.run_one();  // the rest of the content
  CHECK_FALSE(made.later().done());  // until its name is on disk, too
  loop.run_one();
  REQUIRE(made.later().done());
  CHECK(made.later().take().status == status::created);

  request again(method::delete_, "/x");
  reply removed = begin(again);
  CHECK(count(root) == 0);
  CHECK_FALSE(removed.later().done());
  loop.run_one();
  CHECK(removed.later().take().status == status::no_content);

  const writable_files quick(root.path(), {.durable = false});
  CHECK(put(quick, "/x", "at once").status == status::created);
  CHECK(loop.is_empty());
}

TEST_CASE("who cannot wait for a name to be on disk does not say that it is", "[files][writable_files]") {
  const scratch::folder root;
  std::string told;
  writable_files_options how;
  how.files.on_error = [&told](const error& why) { told = why.message(); };
  const writable_files serve(root.path(), std::move(how));
  const response made = [&] {
    const few_descriptors two(2);  // of the directory and of the file
    return put(serve, "/x", "octets");
  }();
  CHECK(made.status == status::service_unavailable);
  CHECK(told == "write \"x\": too many open files");
  CHECK(count(root) == 0);
  CHECK(put(serve, "/x", "octets").status == status::created);

  root.make_folder("box");  // for who may put, but not look
  ::chmod(root.path("box").c_str(), 0733);
  const scratch::nobody low;
  CHECK(put(serve, "/box/y", "octets").status == status::created);
}

TEST_CASE("writing never leaves the root", "[files][writable_files][security]") {
  const scratch::folder outside, root;
  outside.write("canary", "alive");
  outside.make_folder("sub");
  root.link("file", outside.path("canary"));
  root.link("dir", outside.path());
  root.link("dangling", "nowhere");
  root.make_folder("in");
  root.write("in/real", "real");
  root.link("alias", "in/real");
  REQUIRE(::mkfifo(root.path("fifo").c_str(), 0644) == 0);
  const writable_files serve(root.path());
  for (const char* target : {"/file", "/dir", "/dir/canary", "/dir/new", "/dir/sub/x", "/dangling", "/fifo"}) {
    CAPTURE(target);
    CHECK(put(serve, target, "dead").status == 409);
    CHECK(remove(serve, target).status == 404);
  }
  std::ifstream canary(outside.path("canary"));
  CHECK(std::string(std::istreambuf_iterator<char>(canary), {}) == "alive");
  CHECK(count(outside) == 2);

  CHECK(put(serve, "/alias", "new").status == 204);  // the link gives way; what it led to stays
  CHECK(read(serve, "/alias") == "new");
  CHECK(read(serve, "/in/real") == "real");
}

TEST_CASE("replacing and deleting can be switched off", "[files][writable_files]") {
  const scratch::folder root;
  root.write("405.html", "no");
  const writable_files serve(root.path(), {.files = {.strip_prefix = "/in", .error_pages = {{405, "405.html"}}},
                                           .replace = false,
                                           .remove = false,
                                           .durable = false});
  CHECK(put(serve, "/in/x", "1").status == 201);
  CHECK(put(serve, "/in/x", "2").status == 409);
  for (const char* field : {"If-None-Match", "If-Match"}) {  // conditions change no refusal (RFC 9110 13.2.1)
    CAPTURE(field);
    CHECK(put(serve, "/in/x", "2", {{field, "*"}}).status == 409);
    CHECK(put(serve, "/in/x", "2", {{field, "\"z\""}}).status == 409);
  }
  CHECK(put(serve, "/x", "2").status == 404);
  const response refused = remove(serve, "/in/x");
  CHECK(refused.status == 405);
  CHECK(refused.fields["Allow"] == "GET, HEAD, PUT");
  CHECK(scratch::octets(refused.body) == "no");
  CHECK(ask(serve, method::post, "/in/x", "2").status == 405);
  CHECK(read(serve, "/in/x") == "1");
  CHECK(ask(writable_files(root.path()), method::post, "/x").fields["Allow"] == "GET, HEAD, PUT, DELETE");
  const writable_files keeps(root.path(), {.replace = false, .durable = false});
  CHECK(remove(keeps, "/x", {{"If-Match", "\"z\""}}).status == 412);
  CHECK(remove(keeps, "/x").status == 204);
}

TEST_CASE("of many who create one name, one does; of many who update one state, one does",
          "[files][writable_files][threads]") {
  const scratch::folder root;
  const writable_files serve(root.path(), {.durable = false});
  for (int round = 0; round < 20; ++round) {
    const std::string target = "/x" + std::to_string(round);
    std::atomic<int> created = 0, updated = 0;
    const auto at_once = [&](const auto& act) {
      std::vector<std::thread> threads;
      for (int i = 0; i < 4; ++i) threads.emplace_back(act, i);
      for (auto& t : threads) t.join();
    };
    at_once([&](int i) {
      created += put(serve, target, std::to_string(i), {{"If-None-Match", "*"}}).status == 201;
    });
    CHECK(created == 1);
    const std::string tag(ask(serve, method::get, target).fields["ETag"]);
    at_once([&](int i) {
      updated += put(serve, target, std::to_string(i), {{"If-Match", tag}}).status == 204;
    });
    CHECK(updated == 1);
  }
  CHECK(count(root) == 20);
}
