// tests/client/download.cpp -- tests client/download*.hpp, client/part_*.hpp and client/local_file.hpp
#include "catch.hpp"
#include "support.hpp"

#include <tinyhttp/client/download.hpp>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace client_test;

namespace {

/// A directory that goes with all that is in it.
class temporary_directory {
 public:
  temporary_directory() {
    char name[] = "/tmp/tinyhttp-test-XXXXXX";
    REQUIRE(::mkdtemp(name) != nullptr);
    path_ = name;
  }
  ~temporary_directory() {
    for (const std::string& name : names()) ::unlink((path_ + "/" + name).c_str());
    ::rmdir(path_.c_str());
  }
  [[nodiscard]] std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  [[nodiscard]] std::vector<std::string> names() const {
    std::vector<std::string> found;
    DIR* const open = ::opendir(path_.c_str());
    while (const dirent* each = ::readdir(open))
      if (each->d_name[0] != '.') found.emplace_back(each->d_name);
    ::closedir(open);
    std::sort(found.begin(), found.end());
    return found;
  }

 private:
  std::string path_;
};

std::string content_of(const std::string& path) {
  std::string text;
  auto file = file_body(path);
  return file ? std::string(pull_all(*file, 1 << 20).value()) : file.error().message();
}
void put(const std::string& path, std::string_view text) {
  auto file = part_file::create(path).value();
  file.write(text).value();
  file.commit(false).value();
}

using names = std::vector<std::string>;

std::string whole(std::string_view text, std::string_view fields = "ETag: \"v1\"\r\n") {
  return "HTTP/1.1 200 OK\r\nContent-Length: " + ascii::to_decimal(text.size()) + "\r\n" +
         std::string(fields) + "\r\n" + std::string(text);
}
std::string rest(std::string_view text, std::string_view range,
                 std::string_view fields = "ETag: \"v1\"\r\n") {
  return "HTTP/1.1 206 Partial Content\r\nContent-Length: " + ascii::to_decimal(text.size()) +
         "\r\nContent-Range: bytes " + std::string(range) + "\r\n" + std::string(fields) + "\r\n" +
         std::string(text);
}

/// Gives each connection one answer and notes what was asked.
struct one_answer_each {
  explicit one_answer_each(std::vector<std::string> answers)
      : server([this, answers = std::move(answers)](net::socket& s, int number) {
          asked.push_back(read_request(s));
          static_cast<void>(s.send_all(answers.at(static_cast<std::size_t>(number))));
        }) {}
  std::vector<std::string> asked;
  scripted_server server;
};

}  // namespace

TEST_CASE("a part becomes the file when it is committed, and not before", "[client][local_file]") {
  temporary_directory dir;
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

TEST_CASE("a part replaces what a link leads to, and keeps the file's mode",
          "[client][local_file]") {
  temporary_directory dir;
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
  temporary_directory dir;
  auto part = part_file::create("/dev/null").value();
  CHECK(part.write("gone").has_value());
  CHECK(part.commit(true).has_value());
  struct stat facts;
  REQUIRE(::stat("/dev/null", &facts) == 0);
  CHECK(S_ISCHR(facts.st_mode));

  CHECK(part_file::create("/tmp").error().message() == "open /tmp: is a directory");
  CHECK(part_file::create(dir / "no/such").error().message() ==
        "open " + (dir / "no/such.part") + ": no such file or directory");
  CHECK(file_body("/dev/null").error().message() == "open /dev/null: not a regular file");
  CHECK(file_body(dir / "none").error().message() ==
        "open " + (dir / "none") + ": no such file or directory");
  REQUIRE(::symlink("elsewhere", (dir / "f.part").c_str()) == 0);  // not through a planted link
  CHECK(!part_file::create(dir / "f"));
}

TEST_CASE("a file is a body of a known length", "[client][local_file]") {
  temporary_directory dir;
  put(dir / "f", "content");
  auto content = file_body(dir / "f").value();
  CHECK(content.length() == 7u);
  CHECK(content.slice()->source->descriptor() >= 0);
  CHECK(pull_all(content, 7).value() == "content");
}

TEST_CASE("a download is the whole file, and nothing else is left", "[client][download][threads]") {
  temporary_directory dir;
  one_answer_each peer({whole("content")});
  client c;
  const auto done = download(c, peer.server.url("/f"), dir / "f");
  if (!done) FAIL(done.error().message());
  CHECK(done->octets == 7);
  CHECK(done->head.fields["ETag"] == "\"v1\"");
  CHECK(content_of(dir / "f") == "content");
  CHECK(dir.names() == names{"f"});
}

TEST_CASE("a download that fails leaves the old file, and a part only where it is of use",
          "[client][download][threads]") {
  struct row {
    std::string answer;
    bool leaves_part;
    const char* line;  // behind `GET URL: `
  };
  const row rows[] = {
      {"", false, "connection closed before any answer"},
      {"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno", false, "404 Not Found"},
      {"HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-1/7\r\nContent-Length: 2\r\n\r\nco",
       false, "206 Partial Content"},
      {whole("content").substr(0, whole("").size() + 3), true,
       "connection closed after 3 of 7 octets"},
      {whole("content", "ETag: W/\"v1\"\r\n").substr(0, whole("", "ETag: W/\"v1\"\r\n").size() + 3),
       false, "connection closed after 3 of 7 octets"},
      {whole("content", "").substr(0, whole("", "").size() + 3), false,
       "connection closed after 3 of 7 octets"},
      {whole("content").substr(0, whole("").size()), false,
       "connection closed after 0 of 7 octets"},
      {"HTTP/1.1 200 OK\r\nETag: \"v1\"\r\nTransfer-Encoding: chunked\r\n\r\n3\r\ncon\r\nX", true,
       "bad answer: chunk size is not hexadecimal, after 3 octets"},
      {whole("content, and more"), false, "more than 10 octets"},
  };
  for (const row& r : rows) {
    INFO(r.answer);
    temporary_directory dir;
    put(dir / "f", "old");
    one_answer_each peer({r.answer});
    client c;
    download_options how;
    how.limit = 10;
    const std::string url = peer.server.url("/f");
    const auto done = download(c, url, dir / "f", std::move(how));
    REQUIRE(!done);
    CHECK(done.error().message() == "GET " + url + ": " + r.line);
    CHECK(content_of(dir / "f") == "old");
    CHECK(dir.names() == (r.leaves_part ? names{"f", "f.part", "f.part.from"} : names{"f"}));
  }
}

TEST_CASE("a download goes on where it stopped, if it is the same file",
          "[client][download][threads][rfc9110-13.1.5]") {
  temporary_directory dir;
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
  CHECK(peer.asked.at(1).find("Range: bytes=3-\r\nIf-Range: \"v1\"\r\n") != std::string::npos);
  if (!r.third.empty()) CHECK(peer.asked.at(2).find("Range") == std::string::npos);
}

TEST_CASE("a rest that ends too early, or is an error, does not touch what is there",
          "[client][download][threads]") {
  temporary_directory dir;
  one_answer_each peer({whole("content").substr(0, whole("").size() + 3), rest("te", "3-4/7"),
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

TEST_CASE("a part that has everything asks for its last octet again",
          "[client][download][threads]") {
  temporary_directory dir;
  one_answer_each peer({rest("t", "6-6/7")});
  const std::string url = peer.server.url("/f");
  {
    auto part = part_file::create(dir / "f").value();
    part.write("content").value();
    part.keep(true);
  }
  write_note(dir / "f.part.from", url + "\n\"v1\"\n7\n", false).value();
  client c;
  CHECK(download(c, url, dir / "f").value().resumed == 6);
  CHECK(content_of(dir / "f") == "content");
}

TEST_CASE("a part of something else, or of unknown origin, is begun anew",
          "[client][download][threads]") {
  temporary_directory dir;
  one_answer_each peer({whole("content")});
  const std::string url = peer.server.url("/f");
  {
    auto part = part_file::create(dir / "f").value();
    part.write("other").value();
    part.keep(true);
  }
  const std::string note =
      GENERATE_COPY(as<std::string>(), "", url, url + "\n\"v1\"\n",
                    "http://elsewhere/f\n\"v1\"\n7\n", url + "\n\n7\n", url + "\n\"v1\"\n3\n");
  if (!note.empty()) write_note(dir / "f.part.from", note, false).value();
  client c;
  CHECK(download(c, url, dir / "f").value().resumed == 0);
  CHECK(content_of(dir / "f") == "content");
  CHECK(peer.asked.at(0).find("Range") == std::string::npos);
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
  temporary_directory dir;
  one_answer_each peer({whole("content")});
  std::string seen;
  download_options how;
  how.progress = [&](const download_progress& p) {
    seen += ascii::to_decimal(p.octets) + "/" + ascii::to_decimal(p.total.value_or(0)) + " ";
    return true;
  };
  client c;
  CHECK(download(c, peer.server.url(), dir / "f", std::move(how)));
  CHECK(seen == "7/7 ");
}
