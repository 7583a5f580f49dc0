// Tests of client/connecting.hpp by way of the blocking client: proxies, Unix-domain sockets, host
// maps; and that no stage of a call outlives its deadline or the word to stop.
#include "support.hpp"

#include <tinyhttp/client/client.hpp>
#include <tinyhttp/net/resolver.hpp>

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

using namespace client_test;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

/// What a server was asked, connection by connection.
class journal {
 public:
  void add(const std::string& line) {
    const std::lock_guard lock(guard_);
    lines_.push_back(line);
    changed_.notify_all();
  }
  [[nodiscard]] std::vector<std::string> lines() const {
    const std::lock_guard lock(guard_);
    return lines_;
  }
  void wait_for(std::size_t count) {
    std::unique_lock lock(guard_);
    changed_.wait(lock, [&] { return lines_.size() >= count; });
  }

 private:
  mutable std::mutex guard_;
  std::condition_variable changed_;
  std::vector<std::string> lines_;
};

const std::string fine = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const std::string established = "HTTP/1.1 200 Connection established\r\n\r\n";

/// Answers each request of a connection, CONNECT too, and writes down what was asked.
scripted_server::handler answer_all(journal& log) {
  return [&log](net::socket& s, int) {
    for (;;) {
      const std::string asked = read_request(s);
      if (asked.empty()) return;
      log.add(asked);
      if (!s.send_all(asked.starts_with("CONNECT ") ? established : fine)) return;
    }
  };
}

/// Once it has been spoken to, says what was written down for it, and then nothing, until the peer
/// goes.
scripted_server::handler stop_after(journal& log, std::string octets) {
  return [&log, octets = std::move(octets)](net::socket& s, int) {
    char some[4096];
    if (!s.receive(some)) return;
    if (!octets.empty() && !s.send_all(octets)) return;
    log.add("said");
    net_test::read_to_end(s);
  };
}

std::string first_line(const std::string& head) { return head.substr(0, head.find("\r\n")); }

client_options through(const std::string& proxy_url, bool tunnels = false) {
  client_options with;
  with.proxies.http = parse_proxy(proxy_url).value();
  with.proxies.tunnels = tunnels;
  return with;
}

std::string answer_of(const result<response>& answer) {
  return answer ? std::string(answer->body.text()) : answer.error().message();
}

}  // namespace

TEMPLATE_TEST_CASE("an HTTP proxy is asked for whole URLs, over connections of its own",
          "[client][proxy][threads]", client, looped_client) {
  journal log;
  const scripted_server proxy_server(answer_all(log));
  const std::string where = proxy_server.url("");
  TestType c(through("http://me:secret@" + where.substr(7)));
  CHECK(answer_of(c.get("http://h.test/a")) == "ok");
  CHECK(answer_of(c.get("http://h.test/b?c")) == "ok");
  CHECK(answer_of(c.get("http://other.test:81/")) == "ok");
  const auto asked = log.lines();
  REQUIRE(asked.size() == 3);
  CHECK(first_line(asked[0]) == "GET http://h.test/a HTTP/1.1");
  CHECK(asked[0].find("\r\nHost: h.test\r\n") != std::string::npos);
  CHECK(asked[0].find("\r\nProxy-Authorization: Basic bWU6c2VjcmV0\r\n") != std::string::npos);
  CHECK(first_line(asked[1]) == "GET http://h.test/b?c HTTP/1.1");
  CHECK(first_line(asked[2]) == "GET http://other.test:81/ HTTP/1.1");
  CHECK(proxy_server.connections() == 2);  // kept for each origin
}

TEMPLATE_TEST_CASE("errors behind a proxy name the URL once", "[client][proxy][threads]", client, looped_client) {
  const scripted_server proxy_server(say_in_turn({"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"}));
  TestType c(through(proxy_server.url("")));
  CHECK(answer_of(c.get("http://h.test/a")) ==
        "GET http://h.test/a: connection closed after 4 of 9 octets");
}

TEMPLATE_TEST_CASE("through a tunnel the origin is asked as if it were near", "[client][proxy][threads]", client, looped_client) {
  journal log;
  const scripted_server proxy_server(answer_all(log));
  TestType c(through("http://me:secret@" + proxy_server.url("").substr(7), true));
  CHECK(answer_of(c.get("http://h.test/a")) == "ok");
  CHECK(answer_of(c.get("http://h.test/b")) == "ok");
  const auto asked = log.lines();
  REQUIRE(asked.size() == 3);  // one tunnel, kept
  CHECK(first_line(asked[0]) == "CONNECT h.test:80 HTTP/1.1");
  CHECK(first_line(asked[1]) == "GET /a HTTP/1.1");
  CHECK(asked[1].find("Proxy-Authorization") == std::string::npos);
  CHECK(first_line(asked[2]) == "GET /b HTTP/1.1");
  CHECK(proxy_server.connections() == 1);
}

TEMPLATE_TEST_CASE("a proxy that refuses is told as such", "[client][proxy][threads]", client, looped_client) {
  const scripted_server proxy_server(say_in_turn({"HTTP/1.1 407 no\r\n\r\n"}));
  const std::string where = proxy_server.url("").substr(7);
  TestType c(through(where, true));
  const auto failed = c.get("http://h.test/");
  REQUIRE_FALSE(failed);
  CHECK(failed.error().kind() == error_kind::connect);
  CHECK(failed.error().message() == "proxy " + where + ": 407 Proxy Authentication Required");
  const std::string gone = net::listener::bind({}).value().local_address().to_string();
  CHECK(answer_of(TestType(through(gone)).get("http://h.test/")) ==
        "proxy: connect " + gone + ": connection refused");
}

TEMPLATE_TEST_CASE("socks5 resolves here, socks5h there", "[client][proxy][threads]", client, looped_client) {
  journal log;
  const scripted_server socks([&](net::socket& s, int) {
    char octets[64];
    static_cast<void>(s.receive(octets));
    static_cast<void>(s.send_all(std::string_view("\5\0", 2)));
    const auto count = s.receive(octets);
    if (!count) return;
    log.add(std::string(octets + 3, *count - 3));
    static_cast<void>(s.send_all(std::string_view("\5\0\0\1\0\0\0\0\0\0", 10)));
    if (!read_request(s).empty()) static_cast<void>(s.send_all(fine));
  });
  const std::string where = socks.url("").substr(7);
  client_options near = through("socks5://" + where);
  near.hosts = {{.host = "h.test", .to = {"::9", "10.0.0.9"}, .to_port = 258}};
  CHECK(answer_of(TestType(near).get("http://h.test/")) == "ok");
  CHECK(answer_of(TestType(through("socks5h://" + where)).get("http://h.test:258/")) == "ok");
  const auto asked = log.lines();
  REQUIRE(asked.size() == 2);
  CHECK(asked[0] == std::string("\1\x0a\0\0\x09\1\2", 7));
  CHECK(asked[1] == std::string("\3\6h.test\1\2"));
}

TEMPLATE_TEST_CASE("a Unix-domain socket serves every host, whatever proxy is set",
          "[client][unix][threads]", client, looped_client) {
  const std::string name = "@tinyhttp-client-" + std::to_string(::getpid());
  auto listener = net::listener::bind({.unix_path = name}).value();
  std::string asked;
  std::thread server([&] {
    auto got = listener.accept();
    asked = read_request(got->socket);
    static_cast<void>(got->socket.send_all(fine));
  });
  client_options with = through("127.0.0.1:1");
  with.unix_path = name;
  CHECK(answer_of(TestType(with).get("http://h.test:81/x")) == "ok");
  server.join();
  CHECK(first_line(asked) == "GET /x HTTP/1.1");
  CHECK(asked.find("\r\nHost: h.test:81\r\n") != std::string::npos);
}

TEMPLATE_TEST_CASE("a host map changes where, never what is asked", "[client][threads]", client, looped_client) {
  journal log;
  const scripted_server server([&log, answer = answer_all(log)](net::socket& s, int number) mutable {
    log.add(s.peer_address().value().host());
    answer(s, number);
  });
  const auto to = parse_url(server.url()).value();
  client_options with;
  with.hosts = {{.host = "h.test", .to = {to.host}, .to_port = to.port}};
  with.local_address = *net::address::parse("127.0.0.8", 0);
  CHECK(answer_of(TestType(with).get("http://h.test/x")) == "ok");
  CHECK(log.lines().at(0) == "127.0.0.8");
  CHECK(log.lines().at(1).find("\r\nHost: h.test\r\n") != std::string::npos);
}

TEST_CASE("the next address of a host is tried when the options of a client say", "[client][threads][rfc8305-5]") {
  const net_test::full_listener dead;
  const std::uint16_t port = dead.listener.local_address().port();
  auto alive = net::listener::bind({.host = "127.0.0.9", .port = port}).value();
  std::thread answers([&] {
    auto come = alive.accept().value();
    if (!read_request(come.socket).empty()) static_cast<void>(come.socket.send_all(fine));
  });
  constexpr auto endless = milliseconds::max();
  net_test::held_time time;
  net::loop on({.time = &time});
  client_options with{.connect_timeout = endless, .first_octet_timeout = endless, .idle_timeout = endless};
  with.stagger = milliseconds(1234);
  with.hosts = {{.host = "h.test", .to = {"127.0.0.1", "127.0.0.9"}, .to_port = port}};
  async_client c(std::move(with));
  const time_point begin = time.now();
  CHECK(answer_of(on.run_until_done(c.get("http://h.test/"))) == "ok");
  CHECK(time.now() - begin == milliseconds(1234));
  answers.join();
}

namespace {

/// Names that nobody ever answers for.
struct silent_names {
  silent_names() : resolver({.ask = [s = state](const std::string&) {
          std::unique_lock lock(s->guard);
          s->asked = true;
          s->changed.notify_all();
          s->changed.wait(lock, [&] { return s->ends; });
          return result<std::vector<net::address>>(error(error_kind::resolve, "nobody"));
        }}) {}
  ~silent_names() {
    const std::lock_guard lock(state->guard);
    state->ends = true;
    state->changed.notify_all();
  }
  void wait_until_asked() {
    std::unique_lock lock(state->guard);
    state->changed.wait(lock, [&] { return state->asked; });
  }
  struct shared {
    std::mutex guard;
    std::condition_variable changed;
    bool asked = false;
    bool ends = false;
  };
  std::shared_ptr<shared> state = std::make_shared<shared>();
  net::resolver resolver;
};

/// Calls `url` and cancels the call from another thread once `reached` returns there.
template <class Reached>
error cancelled_call(client_options with, const std::string& url, call_options how,
                     Reached reached) {
  net::interrupter stop;
  with.stop = &stop;
  client c(std::move(with));
  std::thread other([&] {
    reached();
    stop.cancel();
  });
  const auto begin = std::chrono::steady_clock::now();
  const auto answer = c.call(url, std::move(how));
  other.join();
  CHECK(std::chrono::steady_clock::now() - begin < seconds(5));  // every deadline is later
  return answer ? error(error_kind::io, "an answer") : answer.error();
}

}  // namespace

TEST_CASE("another thread ends a call in any of its stages", "[client][cancellation][threads]") {
  journal log;
  const auto said = [&] { log.wait_for(1); };
  const auto told = [](const error& why) {
    CHECK(why.kind() == error_kind::cancelled);
    return why.message();
  };
  SECTION("in resolution") {
    silent_names names;
    client_options with;
    with.resolver = &names.resolver;
    CHECK(told(cancelled_call(with, "http://h.test/", {}, [&] { names.wait_until_asked(); })) ==
          "resolve h.test: told to stop");
  }
  SECTION("in resolution for a socks5 proxy") {
    silent_names names;
    const scripted_server server(stop_after(log, ""));
    client_options with = through("socks5://" + server.url("").substr(7));
    with.resolver = &names.resolver;
    CHECK(told(cancelled_call(with, "http://h.test/", {}, [&] { names.wait_until_asked(); })) ==
          "resolve h.test: told to stop");
  }
  SECTION("in connect") {
    const net_test::full_listener full;
    const std::string to = full.listener.local_address().to_string();
    CHECK(told(cancelled_call({}, "http://" + to + "/", {}, [] {})) ==
          "connect " + to + ": told to stop");
  }
  SECTION("in a proxy's handshake") {
    const scripted_server server(stop_after(log, ""));
    const std::string where = server.url("").substr(7);
    const auto scheme = GENERATE(as<std::string>(), "http://", "socks5h://");
    CHECK(told(cancelled_call(through(scheme + where, true), "http://h.test/", {}, said)) ==
          "proxy " + where + ": told to stop");
  }
  SECTION("before the answer") {
    const scripted_server server(stop_after(log, ""));
    CHECK(told(cancelled_call({}, server.url(), {}, said)) ==
          "GET " + server.url() + ": told to stop before any answer");
  }
  SECTION("in the body of the answer") {
    const scripted_server server(
        stop_after(log, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"));
    net::interrupter stop;
    client c({.stop = &stop});
    auto answer = c.open(server.url());
    REQUIRE(answer.has_value());
    REQUIRE(pull(answer->body).value() == "half");
    std::thread other([&] { stop.cancel(); });
    const auto rest = pull(answer->body);
    other.join();
    REQUIRE_FALSE(rest);
    CHECK(told(rest.error()) == "GET " + server.url() + ": told to stop after 4 of 9 octets");
  }
  SECTION("in the body of the request") {
    net::listener unread = net::listener::bind({}).value();  // takes connections, reads nothing
    call_options how;
    how.method = method::post;
    how.body = body(std::string(16 << 20, 'x'));
    const std::string to = "http://" + unread.local_address().to_string() + "/";
    client_options with;
    with.expect_continue_from = 0;
    result<net::accepted> peer = error(error_kind::io, "nobody yet");
    const error why = cancelled_call(with, to, std::move(how), [&] {
      peer = unread.accept();
      char octets[4096];  // more than the head, far less than the body
      for (int i = 0; i < 64 && peer; ++i) static_cast<void>(peer->socket.receive(octets));
    });
    CHECK(told(why) == "POST " + to + ": told to stop before any answer");
  }
}

TEMPLATE_TEST_CASE("no stage outlives the time to connect, or that of the whole call",
          "[client][timeout][threads]", client, looped_client) {
  const bool whole = GENERATE(false, true);  // of the two bounds, which one is near
  const auto hurried = [&](client_options with) {
    (whole ? with.total_timeout : with.connect_timeout) = milliseconds(30);
    return with;
  };
  journal log;
  SECTION("resolution") {
    silent_names names;
    client_options with;
    with.resolver = &names.resolver;
    CHECK(answer_of(TestType(hurried(with)).get("http://h.test/")) == "resolve h.test: timed out");
  }
  SECTION("connect") {
    const net_test::full_listener full;
    const std::string to = full.listener.local_address().to_string();
    CHECK(answer_of(TestType(hurried({})).get("http://" + to + "/")) == "connect " + to + ": timed out");
  }
  SECTION("a proxy's handshake") {
    const scripted_server server(stop_after(log, ""));
    const std::string where = server.url("").substr(7);
    const auto scheme = GENERATE(as<std::string>(), "http://", "socks5h://");
    const auto late =
        answer_of(TestType(hurried(through(scheme + where, true))).get("http://h.test/"));
    CHECK(late.starts_with("proxy"));  // on a busy machine it may be in connect still
    CHECK(late.ends_with(": timed out"));
  }
}

TEMPLATE_TEST_CASE("a slow upload and a slow answer are given up at the least rate",
          "[client][timeout][threads]", client, looped_client) {
  client_options with;
  with.least_rate = 1000;
  with.least_rate_window = milliseconds(50);
  SECTION("an answer that stops") {
    journal log;
    const scripted_server server(
        stop_after(log, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"));
    CHECK(answer_of(TestType(with).get(server.url())) ==
          "GET " + server.url() +
              ": slower than 1000 octets a second for 50 ms, after 4 of 9 octets");
  }
  SECTION("an upload that nobody reads") {
    net::listener unread = net::listener::bind({}).value();
    with.expect_continue_from = 0;
    const std::string to = "http://" + unread.local_address().to_string() + "/";
    const auto failed = TestType(with).post(to, body(std::string(16 << 20, 'x')), "text/plain");
    CHECK(answer_of(failed) ==
          "POST " + to + ": slower than 1000 octets a second for 50 ms, before any answer");
  }
}

TEST_CASE("a call on a loop that is destroyed in any stage leaves nothing behind",
          "[client][cancellation][threads]") {
  journal log;
  silent_names names;
  const scripted_server silent(stop_after(log, ""));
  const std::string where = silent.url("").substr(7);
  net::loop on;
  const auto cut = [&](const client_options& with, auto reached) {
    async_client c(with);
    task<result<response>> call = c.get("http://h.test/");
    on.post([&] { call.start(); });
    while (!reached()) on.run_once(milliseconds(10));
    CHECK_FALSE(call.done());
    CHECK(on.timers().size() > 0);
    call.reset();
    CHECK(on.timers().size() == 0);
    on.run_once(duration::zero());
  };
  SECTION("in resolution") {
    client_options with;
    with.resolver = &names.resolver;
    cut(with, [&] { return names.resolver.asking() > 0; });
  }
  SECTION("in a handshake") {
    cut(through("socks5h://" + where), [&] { return !log.lines().empty(); });
  }
}

TEST_CASE("a client asks the address of a name that was there before", "[client][threads][rfc8305-4]") {
  const scripted_server server([](net::socket& s, int) {
    if (!read_request(s).empty())
      static_cast<void>(s.send_all("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"));
  });
  const auto port = parse_url(server.url()).value().port;
  const client c({.hosts = {{.host = "h.test", .to = {"127.0.0.9", "127.0.0.1"}, .to_port = port}}});
  const net_test::faults connects(net::system_call::connect, {});  // none: they are counted
  CHECK(answer_of(c.get("http://h.test/")) == "ok");
  CHECK(connects.calls() == 2);
  CHECK(answer_of(c.get("http://h.test/")) == "ok");
  CHECK(connects.calls() == 3);
}

TEST_CASE("threads share what a client has learnt of a name", "[client][threads]") {
  const scripted_server server([](net::socket& s, int) {
    if (!read_request(s).empty())
      static_cast<void>(s.send_all("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"));
  });
  const auto port = std::to_string(parse_url(server.url()).value().port);
  client c;  // `localhost` is ::1 first, where nobody listens
  std::atomic<int> fine_answers{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([&] {
      for (int call = 0; call < 4; ++call)
        fine_answers += answer_of(c.get("http://localhost:" + port + "/")) == "ok";
    });
  for (std::thread& each : threads) each.join();
  CHECK(fine_answers == 32);
  CHECK(server.connections() == 32);
}
