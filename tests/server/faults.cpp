// Client core and server core talk to each other while the system fails them: over memory, over
// sockets, over poll, in fragments, and with every system call failing in turn.
#include "server/support.hpp"

#include <tinyhttp/client/connection.hpp>
#include <tinyhttp/client/exchange.hpp>
#include <tinyhttp/net/acceptor.hpp>
#include <tinyhttp/net/connector.hpp>
#include <tinyhttp/testing/memory_stream.hpp>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <sys/syscall.h>
#include <unistd.h>

#ifndef __has_feature
#define __has_feature(what) 0
#endif
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) && \
    !__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer) && defined(__linux__)
namespace {
std::atomic<int> closed_twice{0};
}
/// Stands in front of the system's: a descriptor that is closed twice may be somebody else's by then.
extern "C" int close(int fd) {
  const long status = ::syscall(SYS_close, fd);
  if (status != 0 && errno == EBADF) ++closed_twice;
  return static_cast<int>(status);
}
#else
namespace {
constexpr int closed_twice = 0;
}
#endif

using namespace server_test;

namespace {

/// What is said: both kinds of handler, every kind of body, both ways.
struct conversation {
  const std::string octets = net_test::pattern(150'000);
  const net_test::temporary_file file{octets};
  const std::shared_ptr<const file_content> source = std::make_shared<file_content>(file.fd());

  reply answer(request& r) const {
    if (r.target.text() == "/small") return text("hello");
    if (r.target.text() == "/file") return text(body(content_slice{source, 0, octets.size()}));
    if (r.target.text() == "/part") return text(body(content_slice{source, 10, 1000}));
    if (r.target.text() == "/stream")
      return text(stream_body([this, at = std::size_t{0}]() mutable {
        std::string piece = octets.substr(at, 20'000);
        at += piece.size();
        return piece;
      }));
    return pull(r);
  }
  static task<response> pull(request& r) {
    const time_point later = r.context->clock().now() + 5ms;
    co_await r.context->clock().wait_until(later);
    const auto all = co_await r.body.read_all();
    if (!all) co_return problem(status::bad_request);
    co_return text(std::string(*all));
  }

  /// The requests, and what the answer's body has to be.
  std::vector<std::pair<request, std::string>> steps() const {
    std::vector<std::pair<request, std::string>> all;
    all.emplace_back(request::get("/small"), "hello");
    all.emplace_back(request::get("/file"), octets);
    all.emplace_back(request::get("/part"), octets.substr(10, 1000));
    all.emplace_back(request(method::head, "/file"), "");
    all.emplace_back(request::get("/stream"), octets);
    all.emplace_back(request(method::post, "/echo"), octets);
    all.back().first.body = octets;
    all.emplace_back(request(method::put, "/echo"), octets);
    all.back().first.body = stream_body([this, at = std::size_t{0}]() mutable {
      std::string piece = octets.substr(at, 30'000);
      at += piece.size();
      return piece;
    });
    all.back().first.fields.set("Expect", "100-continue");
    all.emplace_back(request::get("/small"), "hello");
    return all;
  }
};

/// Counts system calls, and fails one of them, or all from one on; or cuts each into small pieces.
class failing : public net::fault_injector {
 public:
  failing(int at, net::fault with, bool for_ever = false) : at_(at), with_(with), for_ever_(for_ever) {
    net::os::injector.store(this);
  }
  ~failing() override { net::os::injector.store(nullptr); }
  net::fault before(net::system_call which, int) noexcept override {
    const bool waits = which == net::system_call::epoll_wait || which == net::system_call::poll;
    const int call = calls++;
    if (call < at_ || (call > at_ && !for_ever_)) return {};
    if (waits && for_ever_) return {};  // a loop that can never wait again cannot go on
    hit = which;
    return with_;
  }
  int calls = 0;
  net::system_call hit{};

 private:
  int at_;
  net::fault with_;
  bool for_ever_;
};

/// Time that creeps on, so that a run is bounded in turns: while faults are injected, EAGAIN is not
/// believed, and whoever waits for a descriptor asks it in every turn.
class creeping_time : public net_test::held_time {
 public:
  time_point now() noexcept override {
    advance(20us);
    return held_time::now();
  }
  bool skip_to(time_point when) noexcept override { return net::os::is_injected() || held_time::skip_to(when); }
};

/// How it went.
struct outcome {
  std::size_t right = 0;    // answers as they should be
  std::size_t refused = 0;  // the server said that something went wrong
  std::string failed;       // the client's error, which ended it
  std::string wrong;        // must stay empty
  bool ended = false;
};

/// The client's side. Stops at the first error.
template <class Stream>
task<void> talk(shared<client_connection<Stream>> over, const conversation& about, outcome& how) {
  auto steps = about.steps();
  for (auto& [asked, expected] : steps) {
    shared<client_connection<Stream>> kept;
    over->when_idle = [&kept](shared<client_connection<Stream>> c) { kept = std::move(c); };
    const exchange_options patience{.first_octet_timeout = 1s, .idle_timeout = 1s};
    response answer;
    auto running = exchange(over, asked, answer, patience);
    const auto got = co_await running;
    over.reset();
    if (!got) {
      how.failed = got.error().message();
      co_return;
    }
    const auto all = co_await answer.body.read_all();
    if (!all) {
      how.failed = all.error().message();
      co_return;
    }
    if (answer.status == status::ok && *all == expected) {
      ++how.right;
    } else if (answer.status.code() >= 400) {
      ++how.refused;
    } else {
      how.wrong.append(asked.target.text()).append(": not what was sent; ");
    }
    over = std::move(kept);
    if (!over) co_return;
  }
}

/// A served connection as a shard holds it.
template <class Stream>
struct held {
  template <class... Args>
  held(const any_handler& app, server_services& services, Args&&... opened_with)
      : host(app, services), stream(std::forward<Args>(opened_with)...), serving(stream, host) {}
  void start() {
    host.abandon = [this](served_connection<Stream>&) { finished = true; };
    running = serving.run();
    running.start([](void* self) { static_cast<held*>(self)->finished = true; }, this);
  }
  void sweep() {
    if (!std::exchange(finished, false)) return;
    running.reset();
    stream.close();
  }
  connection_host<Stream> host;
  Stream stream;
  served_connection<Stream> serving;
  task<void> running;
  bool finished = false;
};

/// Everything on one loop, in held time: one run is like the next.
class stage {
 public:
  stage(const conversation& about, net::backend with)
      : about_(about), app_([this](request& r) { return about_.answer(r); }),
        loop_({.backend = with, .time = &time_}), services_(options_, loop_) {
    services_.post = [this](function<void()> work) { loop_.post(std::move(work)); };
  }

  outcome over_memory(testing::delivery to_server, testing::delivery to_client) {
    held<testing::memory_stream> server(app_, services_, loop_, to_server);
    auto client = share(new client_connection<testing::memory_stream>("h:1", h1::limits{}, loop_, to_client));
    testing::memory_stream::connect(server.stream, client->stream);
    server.start();
    outcome how;
    auto talking = talk(std::move(client), about_, how);
    play(talking, how, [&] { server.sweep(); });
    return how;
  }

  outcome over_sockets() {
    outcome how;
    auto listening = net::listener::bind({.unix_path = "@tinyhttp-faults-" + std::to_string(::getpid())});
    if (!listening) {
      how.failed = listening.error().message();
      how.ended = true;
      return how;
    }
    net::acceptor from(loop_, *listening);
    auto accepting = accept_all(from);
    accepting.start();
    auto talking = connect_and_talk(listening->local_address(), how);
    play(talking, how, [&] {
      for (auto& one : served_) one->sweep();
    });
    accepting.reset();
    for (auto& one : served_) {
      one->running.reset();
      one->stream.close();
    }
    served_.clear();
    return how;
  }

 private:
  template <class F>
  void play(task<void>& talking, outcome& how, const F& sweep) {
    talking.start([](void* ended) { *static_cast<bool*>(ended) = true; }, &how.ended);
    for (int turn = 0; turn < 200'000 && !how.ended; ++turn) {
      loop_.run_once(10ms);
      sweep();
    }
    talking.reset();
  }
  task<void> accept_all(net::acceptor& from) {
    for (;;) {
      auto next = co_await from.accept();
      if (next) {
        served_.push_back(std::make_unique<held<net::tcp_stream>>(app_, services_, loop_, std::move(next->socket), next->peer));
        served_.back()->start();
        continue;
      }
      const time_point later = loop_.now() + 50ms;
      co_await loop_.sleep_until(later);
    }
  }
  task<void> connect_and_talk(net::address to, outcome& how) {
    std::vector<net::address> candidates{to};
    auto connecting = net::connect(loop_, std::move(candidates), "the server");
    auto made = co_await connecting;
    if (!made) {
      how.failed = made.error().message();
      co_return;
    }
    auto over = share(new client_connection<net::tcp_stream>("h:1", h1::limits{}, loop_, std::move(made->socket), made->peer));
    auto talking = talk(std::move(over), about_, how);
    co_await talking;
  }

  const conversation& about_;
  server_options options_{.patience = {.head = 1s, .idle = 1s, .grace = 1s, .octets_per_second = 1000, .linger = 100ms}};
  any_handler app_;
  creeping_time time_;
  net::loop loop_;
  server_services services_;
  std::vector<std::unique_ptr<held<net::tcp_stream>>> served_;
};

/// One run from nothing to nothing.
outcome run(const conversation& about, net::backend with) {
  try {
    stage on(about, with);
    return on.over_sockets();
  } catch (const bad_result& failed) {
    outcome how;
    how.failed = failed.what();
    how.ended = true;
    return how;
  }
}

const bool is_long = std::getenv("TINYHTTP_LONG") != nullptr;

}  // namespace

TEST_CASE("client core and server core understand each other, over memory and over sockets", "[server][client][faults]") {
  const conversation about;
  const std::size_t all = about.steps().size();
  const std::size_t any = static_cast<std::size_t>(-1);
  const std::pair<testing::delivery, testing::delivery> ways[] = {  // to the server, and to the client
      {{}, {}}, {{61, any}, {700, 2000}}, {{1000, 3000}, {61, any}}};
  for (const auto& [to_server, to_client] : ways) {
    stage on(about, net::backend::best);
    const outcome how = on.over_memory(to_server, to_client);
    INFO("fragments of " << to_server.fragment << " and " << to_client.fragment << ": " << how.failed << how.wrong);
    CHECK(how.ended);
    CHECK(how.right == all);
  }
  const failing none(-1, {});
  const outcome how = run(about, net_test::any_backend());
  INFO(how.failed << how.wrong);
  CHECK(how.ended);
  CHECK(how.right == all);
}

TEST_CASE("system calls that move one octet, or a few, change nothing", "[server][client][faults]") {
  conversation about;
  const auto with = net_test::any_backend();
  const std::size_t piece = GENERATE(std::size_t{97}, std::size_t{4096});
  const failing fragments(0, {.at_most = piece}, true);
  const outcome how = run(about, with);
  INFO("pieces of " << piece << ": " << how.failed << how.wrong);
  CHECK(how.ended);
  CHECK(how.right == about.steps().size());
}

TEST_CASE("whichever system call fails, the answers are right or the client knows, and nothing is left over",
          "[server][client][faults]") {
  const conversation about;
  const auto with = net_test::any_backend();
  int calls = 0;
  {
    const failing none(-1, {});
    REQUIRE(run(about, with).right == about.steps().size());
    calls = none.calls;
  }
  CHECK(calls > 50);
  const int errors[] = {EINTR, EAGAIN, ECONNRESET, EPIPE, ENOMEM, EMFILE, ENOSPC, EIO, ETIMEDOUT, ENOBUFS};
  const int before = open_descriptors();
  const int twice = closed_twice;
  int runs = 0, whole = 0;
  for (const bool for_ever : {false, true}) {
    for (const int error : errors) {
      if (for_ever && (error == EINTR || error == EAGAIN)) continue;  // no system does that
      const int stride = is_long ? 1 : 97;
      for (int at = runs % stride; at < calls; at += stride) {
        failing one(at, {.error = error}, for_ever);
        const outcome how = run(about, with);
        INFO("call " << at << " of " << calls << ", kind " << static_cast<int>(one.hit) << ": " << net::errno_text(error)
                     << (for_ever ? " for ever: " : ": ") << how.failed << how.wrong);
        CHECK(how.ended);
        CHECK(how.wrong.empty());
        CHECK((how.right == about.steps().size() || how.refused > 0 || !how.failed.empty()));
        // Interruptions change nothing. (A connect that is interrupted goes on, but here it was never made.)
        if (error == EINTR && one.hit != net::system_call::connect) CHECK(how.right == about.steps().size());
        CHECK(open_descriptors() == before);
        CHECK(closed_twice == twice);
        ++runs;
        whole += how.right == about.steps().size();
      }
    }
  }
  CHECK(runs > 100);
  CHECK(whole > 0);
  CHECK(whole < runs);
}
