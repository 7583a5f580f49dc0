// tests/client/download.cpp -- tests client/download*.hpp, client/part_*.hpp and client/local_file.hpp
#include "catch.hpp"
#include "download_support.hpp"
#include "few_descriptors.hpp"

#include <tinyhttp/client/download.hpp>

#include <string>
#include <vector>

#include <sys/stat.h>
#include <unistd.h>

using namespace client_test;

TEST_CASE("a part becomes the file when it is committed, and not before", "[client][local_file]") {
  scratch::folder dir;
  put(dir / "f", "old");
  {
    auto part = part_file::create(dir / "f").value();
    part.write("half").value();
    CHECK(content_of(dir / "f") == "old");
    CHECK(dir.names() == names{"f", "f.part"});
    SECTION("committed") {
      part.commit(true).value();
      CHECK(content_of(dir / "f") == "half");
    }
    SECTION("given up") {}
    SECTION("kept for later") { part.keep(true); }
    SECTION("written by two at once") {
      const auto second = part_file::create(dir / "f");
      CHECK(second.error().message() == "open " + (dir / "f.part") + ": somebody else writes it");
    }
  }
  if (dir.names() == names{"f", "f.part"}) {
    auto part = part_file::resume(dir / "f").value();
    CHECK(part.size() == 4);
    part.write("+rest").value();
    part.commit(false).value();
    CHECK(content_of(dir / "f") == "half+rest");
  }
  CHECK(dir.names() == names{"f"});
}

TEST_CASE("a part that cannot be committed for good is not committed", "[client][local_file]") {
  scratch::folder dir;
  put(dir / "f", "old");
  auto part = part_file::create(dir / "f").value();
  part.write("new").value();
  const auto committed = [&] {
    const few_descriptors none(0);
    return part.commit(true);
  }();
  REQUIRE_FALSE(committed);
  CHECK(committed.error().message().ends_with(": too many open files"));
  CHECK(content_of(dir / "f") == "old");
  CHECK(part.commit(true));
  CHECK(content_of(dir / "f") == "new");
}

TEST_CASE("a part replaces what a link leads to, and keeps the file's mode",
          "[client][local_file]") {
  scratch::folder dir;
  put(dir / "f", "old");
  REQUIRE(::chmod((dir / "f").c_str(), 0640) == 0);
  REQUIRE(::symlink("f", (dir / "link").c_str()) == 0);
  put(dir / "link", "new");
  CHECK(content_of(dir / "f") == "new");
  struct stat facts;
  REQUIRE(::lstat((dir / "link").c_str(), &facts) == 0);
  CHECK(S_ISLNK(facts.st_mode));
  REQUIRE(::stat((dir / "f").c_str(), &facts) == 0);
  CHECK((facts.st_mode & 0777) == 0640);
}

TEST_CASE("what is no regular file is written in place or refused", "[client][local_file]") {
  scratch::folder dir;
  auto part = part_file::create("/dev/null").value();
  CHECK(part.write("gone").has_value());
  CHECK(part.commit(true).has_value());
  struct stat facts;
  REQUIRE(::stat("/dev/null", &facts) == 0);
  CHECK(S_ISCHR(facts.st_mode));

  CHECK(part_file::create("/tmp").error().message() == "open /tmp: is a directory");
  CHECK(part_file::create("").error().message() == "open \"\": no such file or directory");
  CHECK(part_file::create(dir / "no/such").error().message() ==
        "open " + (dir / "no/such.part") + ": no such file or directory");
  CHECK(file_body("/dev/null").error().message() == "open /dev/null: not a regular file");
  CHECK(file_body(dir / "none").error().message() ==
        "open " + (dir / "none") + ": no such file or directory");
  REQUIRE(::symlink("elsewhere", (dir / "f.part").c_str()) == 0);  // not through a planted link
  CHECK(!part_file::create(dir / "f"));
}

TEST_CASE("a file is a body of a known length", "[client][local_file]") {
  scratch::folder dir;
  put(dir / "f", "content");
  auto content = file_body(dir / "f").value();
  CHECK(content.length() == 7u);
  CHECK(content.slice()->source->descriptor() >= 0);
  CHECK(pull_all(content, 7).value() == "content");
}

TEST_CASE("a download without a client makes one, which follows redirects", "[client][download]") {
  scratch::folder dir;
  one_answer_each peer({"HTTP/1.1 302 Found\r\nLocation: /g\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", whole("hello"),
                        whole("again")});
  const std::string url = peer.server.url("/f");

  CHECK(download(url, dir / "f").value().octets == 5);
  CHECK(content_of(dir / "f") == "hello");
  CHECK(peer.asked(1).starts_with("GET /g "));
  CHECK(download(url, dir / "f", {}));  // a string is no client
  CHECK(content_of(dir / "f") == "again");
}

TEST_CASE("a download is the whole file, and nothing else is left", "[client][download][threads]") {
  scratch::folder dir;
  one_answer_each peer({whole("content")});
  client c;
  const auto done = download(c, peer.server.url("/f"), dir / "f");
  if (!done) FAIL(done.error().message());
  CHECK(done->octets == 7);
  CHECK(done->head.fields["ETag"] == "\"v1\"");
  CHECK(content_of(dir / "f") == "content");
  CHECK(dir.names() == names{"f"});
}

TEST_CASE("of a file that came whole with its head no note is written", "[client][download][threads]") {
  scratch::folder dir;
  const std::string content(GENERATE(7u, 100'000u), 'x');
  one_answer_each peer({whole(content)});
  REQUIRE(::mkdir((dir / "f.part.from").c_str(), 0700) == 0);  // where a note would be
  client c;
  const auto done = download(c, peer.server.url("/f"), dir / "f");
  CHECK(done.has_value() == (content.size() == 7));
  if (done) CHECK(content_of(dir / "f") == content);
}

TEST_CASE("a download that fails leaves the old file, and a part only where it is of use",
          "[client][download][threads]") {
  enum class leaves { nothing, what_was, part };
  struct row {
    std::string answer;
    leaves part;
    const char* line;  // behind `GET URL: `
  };
  const row rows[] = {
      {"", leaves::what_was, "connection closed before any answer"},
      {"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno", leaves::what_was, "404 Not Found"},
      {"HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-1/7\r\nContent-Length: 2\r\n\r\nco",
       leaves::what_was, "206 Partial Content"},
      {whole("content").substr(0, whole("").size() + 3), leaves::part,
       "connection closed after 3 of 7 octets"},
      {whole("content", "ETag: W/\"v1\"\r\n").substr(0, whole("", "ETag: W/\"v1\"\r\n").size() + 3),
       leaves::nothing, "connection closed after 3 of 7 octets"},
      {whole("content", "").substr(0, whole("", "").size() + 3), leaves::nothing,
       "connection closed after 3 of 7 octets"},
      {whole("content").substr(0, whole("").size()), leaves::nothing,
       "connection closed after 0 of 7 octets"},
      {"HTTP/1.1 200 OK\r\nETag: \"v1\"\r\nTransfer-Encoding: chunked\r\n\r\n3\r\ncon\r\nX", leaves::part,
       "bad answer: chunk size is not hexadecimal, after 3 octets"},
      {whole("content, and more"), leaves::nothing, "more than 10 octets"},
  };
  const bool earlier = GENERATE(false, true);  // there is a part of nobody knows what
  for (const row& r : rows) {
    INFO(r.answer);
    scratch::folder dir;
    put(dir / "f", "old");
    if (earlier) put(dir / "f.part", "xx"), put(dir / "f.part.from", "?\n");
    one_answer_each peer({r.answer});
    client c;
    download_options how;
    how.limit = 10;
    const std::string url = peer.server.url("/f");
    const auto done = download(c, url, dir / "f", std::move(how));
    REQUIRE(!done);
    CHECK(done.error().message() == "GET " + url + ": " + r.line);
    CHECK(content_of(dir / "f") == "old");
    const bool leaves_part = r.part == leaves::part || (earlier && r.part == leaves::what_was);
    CHECK(dir.names() == (leaves_part ? names{"f", "f.part", "f.part.from"} : names{"f"}));
  }
}

TEST_CASE("any answer's body may be wanted, but not for the whole what is a part or nothing",
          "[client][download][threads][rfc9110-15.4.5]") {
  const std::string part = rest("tent", "3-6/7");
  const std::string page = "HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno";
  const std::string unchanged = "HTTP/1.1 304 Not Modified\r\n\r\n";
  struct row {
    std::string answer;
    const char* range;  // of the call's own
    bool any;
    const char* content;
  };
  const row r = GENERATE_COPY(values<row>({{page, "", true, "no"},
                                           {part, "", true, "old"},
                                           {part, "bytes=3-", true, "tent"},
                                           {part, "bytes=3-", false, "tent"},
                                           {unchanged, "", true, "old"},
                                           {unchanged, "bytes=3-", false, "old"}}));
  INFO(r.answer << r.range << r.any);
  scratch::folder dir;
  put(dir / "f", "old");
  put(dir / "f.part", "con");  // of an earlier download, but a range of one's own is no rest
  one_answer_each peer({r.answer});
  const std::string url = peer.server.url("/f");
  put(dir / "f.part.from", url + "\n\"v1\"\n7\n");
  client c;
  download_options how;
  how.any_status = r.any;
  how.resume = *r.range != '\0';
  if (how.resume) how.call.fields.set("Range", r.range);
  const auto done = download(c, url, dir / "f", std::move(how));
  CHECK(done.has_value() == (r.content != std::string_view("old")));
  CHECK(content_of(dir / "f") == r.content);
  CHECK(peer.asked(0).find("If-Range") == std::string::npos);
}

TEST_CASE("a download goes on where it stopped, if it is the same file",
          "[client][download][threads][rfc9110-13.1.5]") {
  scratch::folder dir;
  const std::string cut = whole("content").substr(0, whole("").size() + 3);
  struct row {
    const char* says;
    std::string second;
    std::string third;
    std::string content;
    std::uint64_t resumed;
  };
  const row r = GENERATE_COPY(values<row>({
      {"the rest", rest("tent", "3-6/7"), "", "content", 3},
      {"the rest, of a length that it does not tell", rest("tent", "3-6/*"), "", "content", 3},
      {"the rest, without a validator", rest("tent", "3-6/7", ""), "", "content", 3},
      {"another file instead", whole("new one", "ETag: \"v2\"\r\n"), "", "new one", 0},
      {"the rest of another", rest("tent", "3-6/7", "ETag: \"v2\"\r\n"), whole("new one"),
       "new one", 0},
      {"the rest of a longer one", rest("tent!", "3-7/8"), whole("new one"), "new one", 0},
      {"not the rest that was asked for", rest("ent", "4-6/7"), whole("new one"), "new one", 0},
      {"something without a range", rest("tent", "nonsense"), whole("new one"), "new one", 0},
      {"nothing at this place",
       "HTTP/1.1 416 Range Not Satisfiable\r\nContent-Range: bytes */2\r\n"
       "Content-Length: 0\r\n\r\n",
       whole("ab"), "ab", 0},
  }));
  INFO(r.says);
  one_answer_each peer({cut, r.second, r.third});
  client c;
  const std::string url = peer.server.url("/f");
  REQUIRE(!download(c, url, dir / "f"));
  const auto done = download(c, url, dir / "f");
  if (!done) FAIL(done.error().message());
  CHECK(content_of(dir / "f") == r.content);
  CHECK(done->resumed == r.resumed);
  CHECK(dir.names() == names{"f"});
  CHECK(peer.asked(1).find("Range: bytes=3-\r\nIf-Range: \"v1\"\r\n") != std::string::npos);
  if (!r.third.empty()) CHECK(peer.asked(2).find("Range") == std::string::npos);
}

TEST_CASE("a target that is given says what a part is of, and how its file is called", "[client][download][threads]") {
  scratch::folder dir;
  one_answer_each peer({whole("content").substr(0, whole("").size() + 3), whole("another"), whole("third")});
  client c;
  const std::string url = peer.server.url("/f");
  CHECK(!download(c, url, dir / "f", {.call = {.target = "/a|b"}}));
  CHECK(download(c, url, dir / "f", {.call = {.target = "/c"}}).value().resumed == 0);
  CHECK(peer.asked(0).find("GET /a|b HTTP/1.1\r\n") == 0);
  CHECK(peer.asked(1).find("Range") == std::string::npos);
  CHECK(content_of(dir / "f") == "another");
  CHECK(download_to(c, url, dir / "", {.call = {.target = "/d"}}).has_value());
  CHECK(dir.names() == names{"d", "f"});
}

TEST_CASE("a rest that ends too early, or is an error, does not touch what is there",
          "[client][download][threads]") {
  scratch::folder dir;
  one_answer_each peer({whole("content").substr(0, whole("").size() + 3),
                        "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 3-6/7\r\nContent-Length: 2\r\n\r\nte",
                        "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n",
                        rest("nt", "5-6/7")});
  client c;
  const std::string url = peer.server.url("/f");
  CHECK(!download(c, url, dir / "f"));
  CHECK(download(c, url, dir / "f").error().message() == "GET " + url + ": got 5 of 7 octets");
  CHECK(download(c, url, dir / "f").error().status_hint() == 503);
  CHECK(download(c, url, dir / "f").value().resumed == 5);
  CHECK(content_of(dir / "f") == "content");
}

TEST_CASE("a rest that comes in smaller parts than asked for is asked for until it is all there",
          "[client][download][threads][rfc9110-15.3.7]") {
  scratch::folder dir;
  const std::string cut = whole("content").substr(0, whole("").size() + 3);
  SECTION("at once, and no retry is spent on it") {
    one_answer_each peer({cut, rest("t", "3-3/7"), rest("en", "4-5/*"), rest("t", "6-6/7")});
    client c;
    const std::string url = peer.server.url("/f");
    CHECK(!download(c, url, dir / "f"));
    const auto done = download(c, url, dir / "f", {.digest = expected_sha256("content")});
    if (!done) FAIL(done.error().message());
    CHECK(content_of(dir / "f") == "content");
    CHECK(done->octets == 7);
    CHECK(done->resumed == 3);
    CHECK(done->retries == 0);
    CHECK(peer.asked(2).find("Range: bytes=4-\r\nIf-Range: \"v1\"\r\n") != std::string::npos);
    CHECK(peer.asked(3).find("Range: bytes=6-\r\n") != std::string::npos);
  }
  SECTION("unless it is another file by then") {
    one_answer_each peer({cut, rest("te", "3-4/7"), whole("new one", "ETag: \"v2\"\r\n")});
    client c;
    CHECK(!download(c, peer.server.url("/f"), dir / "f"));
    CHECK(download(c, peer.server.url("/f"), dir / "f").value().resumed == 0);
    CHECK(content_of(dir / "f") == "new one");
  }
  SECTION("a part that has more in it than its range is refused") {
    one_answer_each peer({cut, rest("tent", "3-4/7")});
    client c;
    const std::string url = peer.server.url("/f");
    CHECK(!download(c, url, dir / "f"));
    CHECK(download(c, url, dir / "f").error().message() == "GET " + url + ": more octets than announced");
    CHECK(content_of(dir / "f.part") == "con");
  }
  SECTION("a part beyond the end that was told first is of another file") {
    one_answer_each peer({cut, rest("tents", "3-7/*"), whole("new one")});
    client c;
    CHECK(!download(c, peer.server.url("/f"), dir / "f"));
    CHECK(download(c, peer.server.url("/f"), dir / "f").value().resumed == 0);
    CHECK(content_of(dir / "f") == "new one");
  }
}

TEST_CASE("a rest whose end nobody knows is not taken for one", "[client][download][threads]") {
  const bool is_short = GENERATE(true, false);
  scratch::folder dir;
  const std::string begun = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nETag: \"v1\"\r\n\r\n3\r\ncon\r\n";
  std::string part = "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 3-6/*\r\nETag: \"v1\"\r\n\r\nte";
  if (!is_short) part += "nt";
  one_answer_each peer({begun, part, whole("content")});
  client c;
  const std::string url = peer.server.url("/f");
  CHECK(!download(c, url, dir / "f"));
  CHECK(dir.names() == names{"f.part", "f.part.from"});
  CHECK(download(c, url, dir / "f").value().resumed == 0);
  CHECK(content_of(dir / "f") == "content");
}

TEST_CASE("a note that no server can have caused begins anew", "[client][download][security][threads]") {
  scratch::folder dir;
  one_answer_each peer({whole("content")});
  const std::string url = peer.server.url("/f");
  put(dir / "f.part", "con");
  write_note(dir / "f.part.from", url + "\n\"v1\r\n\"\n7\n", false).value();
  client c;
  CHECK(download(c, url, dir / "f").value().resumed == 0);
  CHECK(content_of(dir / "f") == "content");
}

TEST_CASE("a part that has everything asks for its last octet again",
          "[client][download][threads]") {
  scratch::folder dir;
  one_answer_each peer({rest("t", "6-6/7")});
  const std::string url = peer.server.url("/f");
  put(dir / "f.part", "content");
  write_note(dir / "f.part.from", url + "\n\"v1\"\n7\n", false).value();
  client c;
  CHECK(download(c, url, dir / "f").value().resumed == 6);
  CHECK(content_of(dir / "f") == "content");
}

TEST_CASE("a part of something else, or of unknown origin, is begun anew",
          "[client][download][threads]") {
  scratch::folder dir;
  one_answer_each peer({whole("content")});
  const std::string url = peer.server.url("/f");
  put(dir / "f.part", "other");
  const std::string note =
      GENERATE_COPY(as<std::string>(), "", url, url + "\n\"v1\"\n",
                    "http://elsewhere/f\n\"v1\"\n7\n", url + "\n\n7\n", url + "\n\"v1\"\n3\n");
  if (!note.empty()) write_note(dir / "f.part.from", note, false).value();
  client c;
  CHECK(download(c, url, dir / "f").value().resumed == 0);
  CHECK(content_of(dir / "f") == "content");
  CHECK(peer.asked(0).find("Range") == std::string::npos);
}

TEST_CASE("which validators may say that a file is the same",
          "[client][download][rfc9110-8.8.2.2]") {
  struct row {
    fields f;
    const char* validator;
  };
  const row rows[] = {
      {{{"ETag", "\"a\""}}, "\"a\""},
      {{{"ETag", "W/\"a\""}}, ""},
      {{{"ETag", "a"}}, ""},
      {{{"Last-Modified", "Sun, 01 Jan 2023 00:00:00 GMT"}}, ""},
      {{{"Last-Modified", "Sun, 01 Jan 2023 00:00:00 GMT"},
        {"Date", "Sun, 01 Jan 2023 00:00:00 GMT"}},
       ""},
      {{{"Last-Modified", "Sun, 01 Jan 2023 00:00:00 GMT"},
        {"Date", "Sun, 01 Jan 2023 00:00:01 GMT"}},
       "Sun, 01 Jan 2023 00:00:00 GMT"},
      {{{"ETag", "W/\"a\""},
        {"Last-Modified", "Sun, 01 Jan 2023 00:00:00 GMT"},
        {"Date", "Mon, 02 Jan 2023 00:00:00 GMT"}},
       ""},
      {{}, ""},
  };
  for (const row& r : rows) {
    std::string text;
    r.f.append_to(text);
    CAPTURE(text);
    CHECK(strong_validator(r.f) == r.validator);
  }
}

TEST_CASE("progress is told in octets", "[client][download][threads]") {
  scratch::folder dir;
  one_answer_each peer({whole("content")});
  std::string seen;
  download_options how;
  how.progress_every = GENERATE(std::chrono::milliseconds(100), std::chrono::milliseconds::max());
  how.progress = [&](const download_progress& p) {
    seen += ascii::to_decimal(p.octets) + "/" + ascii::to_decimal(p.total.value_or(0)) + " ";
    return true;
  };
  client c;
  CHECK(download(c, peer.server.url(), dir / "f", std::move(how)));
  CHECK(seen == "7/7 ");
}

TEST_CASE("a download that is told to stop by its progress is cancelled, and goes on later",
          "[client][download][threads]") {
  scratch::folder dir;
  one_answer_each peer({whole("content").substr(0, whole("").size() + 3), rest("tent", "3-6/7")});
  download_options how;
  how.progress_every = std::chrono::milliseconds(0);
  how.progress = [](const download_progress& p) { return p.octets < 3; };
  client c;
  const std::string url = peer.server.url("/f");
  const auto stopped = download(c, url, dir / "f", std::move(how));
  REQUIRE(!stopped);
  CHECK(stopped.error().kind() == error_kind::cancelled);
  CHECK(stopped.error().message() == "GET " + url + ": cancelled after 3 of 7 octets");
  CHECK(download(c, url, dir / "f").value().resumed == 3);
  CHECK(content_of(dir / "f") == "content");
}

TEST_CASE("what may pass is tried again, later each time, and goes on with what came",
          "[client][download][retry][threads]") {
  scratch::folder dir;
  held_clock time;
  one_answer_each peer({"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n",
                        whole("content").substr(0, whole("").size() + 3), "",
                        rest("tent", "3-6/7")});
  download_options how;
  how.retry = {.retries = 3, .seed = 1};
  how.time = &time;
  client c;
  const auto done = download(c, peer.server.url("/f"), dir / "f", std::move(how));
  if (!done) FAIL(done.error().message());
  CHECK(content_of(dir / "f") == "content");
  CHECK(done->retries == 3);
  CHECK(done->resumed == 0);  // it is one download
  CHECK(peer.asked(3).find("Range: bytes=3-\r\nIf-Range: \"v1\"\r\n") != std::string::npos);
  using std::chrono::milliseconds;
  REQUIRE(time.waits.size() == 3);
  CHECK(time.waits[0] == milliseconds(7000));  // as the server asked
  CHECK((time.waits[1] >= milliseconds(1000) && time.waits[1] <= milliseconds(2000)));
  CHECK((time.waits[2] >= milliseconds(2000) && time.waits[2] <= milliseconds(4000)));
  CHECK(dir.names() == names{"f"});
}

TEST_CASE("what is no GET is asked for once", "[client][download][retry][threads]") {
  scratch::folder dir;
  held_clock time;
  one_answer_each peer({whole("content").substr(0, whole("").size() + 3), whole("content")});
  download_options how;
  how.call.method = method::post;
  how.call.fields = {{"Authorization", "Bearer x"}};
  how.call.body = "question";
  how.parallel = 4;
  how.retry.retries = 3;
  how.time = &time;
  client c;
  CHECK_FALSE(download(c, peer.server.url("/f"), dir / "f", std::move(how)));
  CHECK(time.waits.empty());
  CHECK(peer.server.connections() == 1);
  CHECK(peer.asked(0).starts_with("POST /f "));
  CHECK(peer.asked(0).find("\r\nAuthorization: Bearer x\r\n") != std::string::npos);
  CHECK(peer.asked(0).ends_with("\r\n\r\nquestion"));
  CHECK(peer.asked(0).find("Range") == std::string::npos);  // of what it makes there are no pieces
}

TEST_CASE("what would fail again is not tried again", "[client][download][retry][threads]") {
  struct row {
    const char* answer;
    const char* line;
  };
  const row r = GENERATE(values<row>({
      {"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "404 Not Found"},
      {"HTTP/1.1 501 Not Implemented\r\nContent-Length: 0\r\n\r\n", "501 Not Implemented"},
      {"HTTP/1.1 503 Busy\r\nRetry-After: 301\r\nContent-Length: 0\r\n\r\n",
       "503 Service Unavailable"},
      {"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
       "bad answer: Content-Length is not a number of octets"},
  }));
  scratch::folder dir;
  held_clock time;
  one_answer_each peer({r.answer});
  download_options how;
  how.retry.retries = 5;
  how.time = &time;
  client c;
  const std::string url = peer.server.url("/f");
  CHECK(download(c, url, dir / "f", std::move(how)).error().message() == "GET " + url + ": " + r.line);
  CHECK(time.waits.empty());
  CHECK(dir.names().empty());
}

TEST_CASE("a file whose digest is another one is an error, and nothing of it stays",
          "[client][download][digest][threads]") {
  scratch::folder dir;
  put(dir / "f", "old");
  one_answer_each peer({whole("content")});
  download_options how;
  how.digest = expected_sha256("another");
  client c;
  const std::string url = peer.server.url("/f");
  const auto done = download(c, url, dir / "f", std::move(how));
  REQUIRE(!done);
  CHECK(done.error().kind() == error_kind::protocol);
  CHECK(done.error().message() == "GET " + url + ": its digest is " + testing::sha256("content") +
                                      ", not " + testing::sha256("another"));
  CHECK(content_of(dir / "f") == "old");
  CHECK(dir.names() == names{"f"});
}

TEST_CASE("a digest that nothing sums up is an error, not a file that was never checked", "[client][download][digest]") {
  scratch::folder dir;
  download_options how;
  how.digest = {nullptr, "d41d8"};  // as of make_hasher("md-5")
  client c;
  const auto done = download(c, "http://127.0.0.1:9/f", dir / "f", std::move(how));
  REQUIRE(!done);
  CHECK(done.error().message() == "GET http://127.0.0.1:9/f: nothing was given that sums up its digest");
  CHECK(dir.names().empty());
}

TEST_CASE("a digest covers what was there already", "[client][download][digest][threads]") {
  scratch::folder dir;
  const std::string cut = whole("content").substr(0, whole("").size() + 3);
  // The second says `TENT`: the octets of an earlier run count, and so do those of this one.
  const std::string tail = GENERATE(as<std::string>(), "tent", "TENT");
  const bool in_one_run = GENERATE(false, true);
  held_clock time;
  one_answer_each peer({cut, rest(tail, "3-6/7")});
  client c;
  const std::string url = peer.server.url("/f");
  const auto options = [&](std::size_t retries) {
    download_options how;
    how.digest = expected_sha256("content");
    how.time = &time;
    how.retry.retries = retries;
    return how;
  };
  if (!in_one_run) REQUIRE(!download(c, url, dir / "f", options(0)));
  const auto done = download(c, url, dir / "f", options(in_one_run ? 1 : 0));
  CHECK(done.has_value() == (tail == "tent"));
  CHECK(dir.names() == (done ? names{"f"} : names{}));
}

TEST_CASE("a digest begins anew with the file", "[client][download][digest][threads]") {
  scratch::folder dir;
  held_clock time;
  one_answer_each peer({whole("content").substr(0, whole("").size() + 3),
                        whole("new one", "ETag: \"v2\"\r\n")});
  download_options how;
  how.digest = expected_sha256("new one");
  how.retry.retries = 1;
  how.time = &time;
  client c;
  CHECK(download(c, peer.server.url("/f"), dir / "f", std::move(how)).has_value());
  CHECK(content_of(dir / "f") == "new one");
}

TEST_CASE("a file gets the name that the server suggests, inside the directory only",
          "[client][download][rfc6266][threads]") {
  struct row {
    const char* field;
    const char* target;
    const char* name;
  };
  const row r = GENERATE(values<row>({
      {"attachment; filename=\"report.pdf\"", "/x", "report.pdf"},
      {"attachment; filename=\"../../etc/passwd\"", "/x", "passwd"},
      {"attachment; filename=f.part", "/x", "f.part_"},
      {"attachment; filename=f.PART.from", "/x", "f.PART.from_"},
      {"attachment; filename=f.new", "/x", "f.new_"},
      {"attachment; filename=\"..\"", "/dir/page.html?q=/z", "page.html"},
      {"inline", "/a%20b", "a b"},
      {"attachment; filename*=UTF-8''..%2f..%2f.ssh%2fkeys", "/x", "keys"},
      {"", "/..%2f..%2fup", "up"},
      {"", "/", "download"},
  }));
  scratch::folder dir;
  one_answer_each peer({whole("content", std::string("Content-Disposition: ") + r.field + "\r\n")});
  client c;
  const auto done = download_to(c, peer.server.url(r.target), dir / "");
  if (!done) FAIL(done.error().message());
  CHECK(dir.names() == names{r.name});
  CHECK(done->path.ends_with(std::string("/") + r.name));
}

TEST_CASE("a name that somebody else chose replaces nothing, and is resumed",
          "[client][download][threads]") {
  scratch::folder dir;
  const std::string named = "ETag: \"v1\"\r\nContent-Disposition: attachment; filename=f\r\n";
  client c;
  SECTION("a file of that name") {
    put(dir / "f", "old");
    one_answer_each peer({whole("content", named)});
    CHECK(download_to(c, peer.server.url("/x"), dir / "").error().message() ==
          "open " + (dir / "f") + ": file exists");
    CHECK(content_of(dir / "f") == "old");
  }
  SECTION("a link that leads elsewhere") {
    scratch::folder other;
    REQUIRE(::symlink((other / "f").c_str(), (dir / "f").c_str()) == 0);
    one_answer_each peer({whole("content", named)});
    CHECK(!download_to(c, peer.server.url("/x"), dir / ""));
    CHECK(other.names().empty());
  }
  SECTION("an answer that is no file") {
    one_answer_each peer({"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno"});
    CHECK(download_to(c, peer.server.url("/x"), dir / "").error().status_hint() == 404);
    CHECK(dir.names().empty());
  }
  SECTION("a part of the same file") {
    one_answer_each peer({whole("content", named).substr(0, whole("", named).size() + 3),
                          whole("content", named), rest("tent", "3-6/7")});
    const std::string url = peer.server.url("/x");
    CHECK(!download_to(c, url, dir / ""));
    CHECK(dir.names() == names{"f.part", "f.part.from"});
    CHECK(download_to(c, url, dir / "").value().resumed == 3);
    CHECK(content_of(dir / "f") == "content");
  }
  SECTION("a part of an older one") {
    const std::string newer = "ETag: \"v2\"\r\nContent-Disposition: attachment; filename=f\r\n";
    one_answer_each peer({whole("content", named).substr(0, whole("", named).size() + 3),
                          whole("new one", newer)});
    const std::string url = peer.server.url("/x");
    CHECK(!download_to(c, url, dir / ""));
    CHECK(download_to(c, url, dir / "").value().resumed == 0);
    CHECK(content_of(dir / "f") == "new one");
  }
}

TEST_CASE("an earlier part is forgotten by who begins anew", "[client][local_file]") {
  scratch::folder dir;
  write_note(dir / "f.part.from", "http://h/f\n\"v1\"\n7\n", false).value();
  auto part = part_file::create(dir / "f").value();
  CHECK(dir.names() == names{"f.part"});
}
