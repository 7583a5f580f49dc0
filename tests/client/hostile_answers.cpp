// tests/client/hostile_answers.cpp -- the client against servers that lie, as data: over memory,
// whole and octet by octet, and over sockets; and downloads that are asked to go on
#include "catch.hpp"
#include "download_support.hpp"
#include "hostile_answers.hpp"

#include <atomic>
#include <limits>
#include <string>
#include <vector>

#include <fcntl.h>

using namespace client_test;

namespace {

/// Whether `answer` is what the row says; a line about what it is instead.
std::string misses(const hostile_answer& row, const result<response>& answer, const std::string& url) {
  if (row.kind.has_value() == answer.has_value())
    return answer ? "an answer: " + std::string(answer->body.text()) : answer.error().message();
  if (answer) return answer->body.text() == row.text ? "" : "it is " + std::string(answer->body.text());
  const error& why = answer.error();
  if (why.kind() != *row.kind) return "another kind: " + why.message();
  return why.message() == "GET " + url + ": " + row.text ? "" : why.message();
}

std::vector<hostile_answer> all_rows() {
  auto all = hostile_answers();
  for (auto& row : cut_answers()) all.push_back(std::move(row));
  return all;
}

}  // namespace

TEST_CASE("no answer is taken for what it is not, whole or octet by octet", "[client][hostile]") {
  const auto rows = all_rows();
  CHECK(rows.size() >= 250);
  for (const auto& row : rows) {
    INFO(row.says);
    const bool large = row.octets.size() > 4096;
    for (const std::size_t fragment : {std::numeric_limits<std::size_t>::max(), large ? std::size_t{997} : std::size_t{1}}) {
      memory_peer peer({.fragment = fragment});
      peer.say(row.octets, true);
      CHECK(misses(row, peer.ask(), "http://h:1/x") == "");
    }
  }
}

TEST_CASE("no answer is taken for what it is not, over sockets", "[client][hostile][threads]") {
  const auto rows = all_rows();
  std::atomic<std::size_t> current{0};
  scripted_server server([&](net::socket& s, int) {
    if (!read_request(s).empty()) static_cast<void>(s.send_all(rows[current].octets));
  });
  const std::string url = server.url("/x");
  for (; current < rows.size(); ++current) {
    INFO(rows[current].says);
    client fresh;
    CHECK(misses(rows[current], fresh.call(url), url) == "");
  }
}

TEST_CASE("no rest is joined to what it is not the rest of", "[client][download][hostile][threads]") {
  for (const auto& row : hostile_rests()) {
    INFO(row.says);
    scratch::folder dir;
    one_answer_each peer({row.answer, whole("new one", "ETag: \"v2\"\r\n")});
    const std::string url = peer.server.url("/f");
    put(dir / "f.part", "con");
    write_note(dir / "f.part.from", url + "\n\"v1\"\n7\n", false).value();
    const int old = ::open((dir / "f").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    REQUIRE(::write(old, "old", 3) == 3);
    ::close(old);
    client c;
    download_options how;
    how.sync = false;
    const auto done = download(c, url, dir / "f", std::move(how));
    const std::string wanted = row.content;
    CHECK(peer.server.connections() == (row.asked_again ? 2 : 1));
    CHECK(content_of(dir / "f") == (wanted.empty() ? "old" : wanted == "(empty)" ? "" : wanted));
    if (wanted.empty()) {
      REQUIRE(!done);
      CHECK(done.error().message().substr(0, url.size() + 6 + std::string(row.line).size()) == "GET " + url + ": " + row.line);
    }
    // What an error leaves is still the beginning of the old file.
    if (!done) CHECK(dir.names() == names{"f", "f.part", "f.part.from"});
  }
}
