// A peer that leaves in every state: by a reset, by closing, by half-closing. Nothing is left behind,
// and who only half-closed gets all its answers.
#include "server/support.hpp"

#include <atomic>
#include <string>
#include <string_view>

using namespace server_test;

namespace {

const std::string host = " HTTP/1.1\r\nHost: a\r\n";
const std::string chunked = "POST /read" + host + "Transfer-Encoding: chunked\r\n\r\n";

struct state {
  const char* name;
  std::string octets;       // what the peer has sent by then
  std::string_view answers;  // statuses of what a half-closing peer gets; "-": it has to leave for good
};

const state states[] = {
    {"connected", "", ""},
    {"in a method", "G", "400 "},
    {"in a field", "GET / HTTP/1.1\r\nHo", "400 "},
    {"a request sent", "GET /" + host + "\r\n", "200 "},
    {"several requests sent", "GET /" + host + "\r\nGET /" + host + "\r\nGET /soon" + host + "\r\n", "200 200 200 "},
    {"a request and a half", "GET /" + host + "\r\nGET /" + host, "200 400 "},
    {"the handler waits", "GET /soon" + host + "\r\n", "200 "},
    {"the handler waits for ever", "GET /never" + host + "\r\n", "-"},
    {"requests behind one whose handler waits", "GET /soon" + host + "\r\nGET /" + host + "\r\n", "200 200 "},
    {"in a body of known length", "POST /read" + host + "Content-Length: 100\r\n\r\nabc", "400 "},
    {"in a chunk", chunked + "5\r\nab", "400 "},
    {"in a chunk's size", chunked + "5", "400 "},
    {"in a trailer", chunked + "0\r\nX: y", "400 "},
    {"before a body that was asked for", "POST /read" + host + "Content-Length: 100\r\nExpect: 100-continue\r\n\r\n", "100 400 "},
    {"in a body that nobody reads", "POST /soon" + host + "Content-Length: 100\r\n\r\nabc", "200 "},
    {"a large answer", "GET /large" + host + "\r\n", "200 "},
    {"an answer without end", "GET /endless" + host + "\r\n", "-"},
    {"an answer that has nothing to say", "GET /silent" + host + "\r\n", "-"},
    {"refused, lingering", "NONSENSE\r\n\r\nmore", "400 "},
    {"answered and told to close", "GET /" + host + "Connection: close\r\n\r\nmore", "200 "},
    {"taken over", "GET /raw" + host + "Connection: upgrade\r\nUpgrade: raw\r\n\r\nmore", "101 "},
};

std::atomic<int> begun{0}, ended{0};

task<void> echo(raw_stream& raw) {
  char room[100];
  for (;;) {
    const auto got = co_await raw.read(room);
    if (!got || *got == 0) co_return;
    const auto sent = co_await raw.write(std::string_view(room, *got));
    if (!sent) co_return;
  }
}

task<result<std::string>> says_nothing() {
  const never waiting;
  co_await waiting;
  co_return std::string();
}

task<response> answer_of(request& r) {
  ++begun;
  const flag_at_end flag(ended);
  const std::string_view target = r.target.text();
  if (target == "/soon") {
    const time_point later = r.context->clock().now() + 3ms;
    co_await r.context->clock().wait_until(later);
  }
  if (target == "/never") {
    const never waiting;
    co_await waiting;
  }
  if (target == "/read") {
    const auto all = co_await r.body.read_all();
    if (!all) co_return body_problem(all.error());
  }
  if (target == "/large") co_return text(std::string(3'000'000, 'x'));
  if (target == "/endless") co_return text(stream_body([] { return std::string(1000, 'x'); }));
  if (target == "/silent") co_return text(stream_body(says_nothing));
  if (target == "/raw") {
    response r101(status::switching_protocols);
    r101.fields.set("Upgrade", "raw");
    r101.takeover(echo);
    co_return r101;
  }
  co_return text("hello");
}

/// The statuses of all answers in `octets`, each followed by a space.
std::string statuses(std::string octets) {
  std::string all;
  while (!octets.empty()) {
    const answer a = take_answer(octets);
    if (a.status == 0) break;
    all += std::to_string(a.status) + (a.complete ? " " : " cut ");
  }
  return all;
}

}  // namespace

TEST_CASE("a peer may leave in any state, and nothing of it stays", "[server][rfc9112-9.6]") {
  server_options with{.port = 0, .threads = 2};
  with.patience.linger = 50ms;
  with.backend = net_test::any_backend();
  begun = ended = 0;
  const server running(answer_of, std::move(with));
  const int before = open_descriptors();
  for (const state& one : states) {
    INFO(one.name);
    const bool has_answer = !one.answers.empty() && one.answers != "400 " && one.octets.find("/never") == std::string::npos;
    for (const bool late : {false, true}) {  // once something has come back
      if (late && !has_answer) continue;
      INFO((late ? "late" : "at once"));
      raw_client resets(running, 4096), closes(running, 4096), half(running);
      for (raw_client* c : {&resets, &closes}) {
        c->send(one.octets);
        if (late) CHECK(c->more());
      }
      resets.reset();
      if (one.octets.find("/never") == std::string::npos && one.octets.find("/silent") == std::string::npos) {
        closes.close();  // for all that is known, an answer is still waited for
      } else {
        closes.reset();
      }
      if (one.answers != "-") {
        half.send(one.octets);
        half.half_close();
        std::string all = half.rest();
        CHECK(half.end == 0);
        CHECK(statuses(all) == one.answers);
      } else {
        half.close();
      }
    }
    CHECK(eventually([&] { return running.open_connections() == 0; }));
  }
  CHECK(begun > 30);
  CHECK(ended == begun);  // each coroutine has been destroyed
  CHECK(open_descriptors() == before);
  raw_client c(running);
  CHECK(c.ask(get_root).body == "hello");
}

TEST_CASE("a peer that closes is gone for a handler and a stream that wait, where a server takes half-closing for that", "[server]") {
  const bool taken_for_gone = GENERATE(true, false);
  CAPTURE(taken_for_gone);
  server_options with{.port = 0};
  with.half_closed_is_gone = taken_for_gone;
  with.patience.linger = 50ms;
  with.patience.drain = 0ms;
  with.backend = net_test::any_backend();
  begun = ended = 0;
  const server running(answer_of, std::move(with));
  raw_client waits(running), streams(running), together(running), soon(running), at_once(running);
  waits.send("GET /never" + host + "\r\n");
  streams.send("GET /silent" + host + "\r\n");
  CHECK(streams.more());  // the head
  CHECK(eventually([] { return begun == 2; }));
  waits.half_close();
  streams.close();
  together.send("GET /never" + host + "\r\n");  // the end comes with the request
  together.half_close();
  soon.send("GET /soon" + host + "\r\n");
  soon.half_close();
  at_once.send("GET /" + host + "\r\n");
  at_once.half_close();
  CHECK(soon.receive().status == (taken_for_gone ? 0 : 200));
  CHECK(at_once.receive().status == 200);  // nothing was waited for
  CHECK(eventually([] { return begun == 5; }));  // each was asked
  if (taken_for_gone) {
    CHECK(waits.receive().status == 0);
    CHECK(together.receive().status == 0);
    CHECK(eventually([&] { return ended == begun && running.open_connections() == 0; }));
  } else {
    CHECK(running.open_connections() >= 3);  // for all that is known, an answer is still waited for
  }
}
