// Tests of net/resolver.hpp and net/find_addresses.hpp: with resolvers that are slow, stuck or lie.
#include "allocations.hpp"
#include "net/support.hpp"
#include "own_process.hpp"

#include <tinyhttp/net/connector.hpp>
#include <tinyhttp/net/find_addresses.hpp>
#include <tinyhttp/net/resolver.hpp>

#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <new>
#include <thread>

using namespace net_test;
using net::address;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

/// A name server that says nothing until it is told to; what it is asked is counted.
class stuck_source {
 public:
  net::address_source source() const {
    return [s = state_](const std::string& host) -> result<std::vector<address>> {
      std::unique_lock lock(s->guard);
      ++s->asked;
      s->changed.notify_all();
      s->changed.wait(lock, [&] { return s->is_open; });
      if (host == "none.test") return error(error_kind::resolve, "resolve none.test: no such name");
      return std::vector{*address::parse("127.0.0.1", 0)};
    };
  }
  void open() const {
    const std::lock_guard lock(state_->guard);
    state_->is_open = true;
    state_->changed.notify_all();
  }
  void wait_until_asked(int times) const {
    std::unique_lock lock(state_->guard);
    state_->changed.wait(lock, [&] { return state_->asked >= times; });
  }
  [[nodiscard]] int asked() const {
    const std::lock_guard lock(state_->guard);
    return state_->asked;
  }
  ~stuck_source() { open(); }

 private:
  struct state {
    std::mutex guard;
    std::condition_variable changed;
    bool is_open = false;
    int asked = 0;
  };
  std::shared_ptr<state> state_ = std::make_shared<state>();
};

void wait_for_answer(const net::resolver::question_pointer& q) {
  REQUIRE(net::wait_in_thread(q->native(), POLLIN, time_point::max(), nullptr) == 0);
  REQUIRE(q->is_answered());
}

net::address_source never_asked() {
  return [](const std::string& host) -> result<std::vector<address>> {
    FAIL_CHECK("asked for " + host);
    return error(error_kind::resolve, "asked");
  };
}

std::string found(std::string_view host, const net::connect_options& with) {
  net::thread_waiting here(with.stop);
  auto finding = net::find_addresses(here, host, 80, with, time_point::max());
  finding.start();
  const auto all = finding.take();
  if (!all) return all.error().message();
  std::string text;
  for (const address& each : *all) text += (text.empty() ? "" : " ") + each.to_string();
  return text;
}

}  // namespace

TEST_CASE("those who ask for one name at a time share the answer", "[net][resolver][threads]") {
  const stuck_source names;
  net::resolver resolver({.ask = names.source()});
  const auto first = resolver.ask("a.test").value();
  const auto second = resolver.ask("a.test").value();
  const auto other = resolver.ask("none.test").value();
  CHECK(first == second);
  names.wait_until_asked(2);
  CHECK(resolver.asking() == 2);
  CHECK_FALSE(first->is_answered());
  names.open();
  wait_for_answer(first);
  wait_for_answer(other);
  CHECK(first->answer().value() == std::vector{*address::parse("127.0.0.1", 0)});
  CHECK(other->answer().error().message() == "resolve none.test: no such name");
  CHECK(names.asked() == 2);
  CHECK_FALSE(resolver.ask("a.test").value() == first);  // answers are not kept
}

TEST_CASE("several on one loop wait for one name at a time", "[net][resolver][threads]") {
  const stuck_source names;
  net::resolver resolver({.ask = names.source()});
  net::connect_options with;
  with.resolver = &resolver;
  net::loop on;
  net::loop_waiting here(on);
  std::vector<task<result<std::vector<address>>>> all;
  for (int i = 0; i < 3; ++i) {
    all.push_back(net::find_addresses(here, "a.test", 80, with, time_point::max()));
    all.back().start();
    CHECK_FALSE(all.back().done());
  }
  names.open();
  for (auto& each : all) {
    while (!each.done()) on.run_once();
    CHECK(each.take().value() == std::vector{*address::parse("127.0.0.1", 80)});
  }
  CHECK(names.asked() == 1);
}

TEST_CASE("a stuck name server holds no more than so many threads and places",
          "[net][resolver][threads]") {
  const stuck_source names;
  net::resolver resolver({.max_threads = 2, .max_waiting = 3, .ask = names.source()});
  std::vector<net::resolver::question_pointer> all;
  for (const char* name : {"a.test", "b.test"}) all.push_back(resolver.ask(name).value());
  names.wait_until_asked(2);
  for (const char* name : {"c.test", "d.test", "e.test"})
    all.push_back(resolver.ask(name).value());
  const auto refused = resolver.ask("f.test");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().kind() == error_kind::limit);
  CHECK(refused.error().message() == "resolve f.test: too many names are being asked for");
  CHECK(resolver.asking() == 2);
  CHECK(names.asked() == 2);
  all.erase(all.begin() + 2);  // nobody wants c.test any more: it is never asked for,
  all.push_back(resolver.ask("f.test").value());  // and another has its place
  all.erase(all.begin() + 2);
  names.open();
  for (const auto& each : all) wait_for_answer(each);
  CHECK(names.asked() == 4);
}

TEST_CASE("a resolver may go while its threads are still asking", "[net][resolver][threads]") {
  const stuck_source names;
  net::resolver::question_pointer asked;
  {
    net::resolver resolver({.ask = names.source()});
    asked = resolver.ask("a.test").value();
    names.wait_until_asked(1);
  }
  names.open();
  wait_for_answer(asked);
  CHECK(asked->answer().has_value());
}

TEST_CASE("what a source of addresses throws is an error", "[net][resolver][threads]") {
  net::resolver resolver(
      {.ask = [](const std::string&) -> result<std::vector<address>> {
        throw std::runtime_error("out of cheese");
      }});
  const auto asked = resolver.ask("a.test").value();
  wait_for_answer(asked);
  CHECK(asked->answer().error().message() == "resolve a.test: out of cheese");
}

TEST_CASE("a source of addresses that throws without memory, or no std::exception, has an error, too", "[net][resolver][memory][threads]") {
  if (allocations_are_counted()) {
    net::resolver poor({.ask = [](const std::string&) -> result<std::vector<address>> {
      fail_allocation_after(0, 1000);
      throw std::bad_alloc();
    }});
    const auto asked = poor.ask("a-name-that-is-too-long-to-be-told-without-memory.test").value();
    const auto ready = net::wait_in_thread(asked->native(), POLLIN, time_point::max(), nullptr);
    fail_allocation_after(-1);
    REQUIRE(ready == 0);
    CHECK(asked->answer().error().kind() == error_kind::resolve);
  }
  net::resolver odd({.ask = [](const std::string&) -> result<std::vector<address>> { throw 7; }});
  const auto asked = odd.ask("a.test").value();
  wait_for_answer(asked);
  CHECK(asked->answer().error().message() == "resolve a.test: something that is no std::exception was thrown");
}

TEST_CASE("whichever allocation fails, a resolver answers or says bad_alloc", "[net][resolver][memory][threads]") {
  if (!allocations_are_counted()) return;
  bool is_over = false;
  for (long at = 0; !is_over; ++at) {
    net::resolver resolver({.ask = [](const std::string&) -> result<std::vector<address>> {
      return std::vector{*address::parse("127.0.0.1", 0)};
    }});
    fail_allocation_after(at);
    try {
      const auto asked = resolver.ask("a.test");
      if (asked) static_cast<void>(net::wait_in_thread((*asked)->native(), POLLIN, time_point::max(), nullptr));
      is_over = !allocation_has_failed();
    } catch (const std::bad_alloc&) {
    }
    fail_allocation_after(-1);
    REQUIRE(at < 100);
  }
}

TEST_CASE("numbers, the host map and localhost ask nobody", "[net][resolver]") {
  net::resolver resolver({.ask = never_asked()});
  net::connect_options with{.resolver = &resolver};
  with.hosts = {{.host = "a.test", .port = 80, .to = {"10.0.0.1", "::2"}, .to_port = 81},
                {.host = "b.test", .to = {"unix:/run/b"}},
                {.host = "10.0.0.9", .to = {"localhost"}}};
  CHECK(found("127.0.0.1", with) == "127.0.0.1:80");
  CHECK(found("[::1]", with) == "[::1]:80");
  CHECK(found("localhost", with) == "[::1]:80 127.0.0.1:80");
  CHECK(found("x.LocalHost.", with) == "[::1]:80 127.0.0.1:80");
  CHECK(found("a.test", with) == "10.0.0.1:81 [::2]:81");
  CHECK(found("b.test", with) == "unix:/run/b");
  CHECK(found("10.0.0.9", with) == "[::1]:80 127.0.0.1:80");
  CHECK(found("no name", with) == "resolve no?name: not a host name");
  CHECK_FALSE(net::is_localhost("notlocalhost"));
  CHECK_FALSE(net::is_localhost("localhost.example"));
}

TEST_CASE("a name that is asked for has the port of the connection", "[net][resolver][threads]") {
  const stuck_source names;
  names.open();
  net::resolver resolver({.ask = names.source()});
  const net::connect_options with{.resolver = &resolver};
  CHECK(found("a.test", with) == "127.0.0.1:80");
  CHECK(found("none.test", with) == "resolve none.test: no such name");
}

TEST_CASE("of the names in a host map those count that have an address", "[net][resolver][host_map][threads]") {
  const stuck_source names;
  names.open();
  net::resolver resolver({.ask = names.source()});
  net::connect_options with{.resolver = &resolver};
  with.hosts = {{.host = "some.test", .to = {"none.test", "10.0.0.1", "no name", "a.test"}},
                {.host = "no.test", .to = {"none.test", "no name"}},
                {.host = "long.test", .to = {"10.0.0.1", "unix:" + std::string(200, 'x')}}};
  CHECK(found("some.test", with) == "10.0.0.1:80 127.0.0.1:80");
  CHECK(found("no.test", with) == "resolve none.test: no such name");
  CHECK(found("long.test", with).find("unix") != std::string::npos);  // no address is as long: a mistake
}

TEST_CASE("a name of a host map that takes all the time is an error, and so is being told to stop",
          "[net][resolver][host_map][deadline][threads]") {
  const stuck_source names;
  net::resolver resolver({.ask = names.source()});
  net::connect_options with{.timeout = milliseconds(20), .resolver = &resolver};
  with.hosts = {{.host = "some.test", .to = {"10.0.0.1", "a.test"}}};
  CHECK(net::connect("some.test", 80, with).error().message() == "resolve a.test: timed out");
  net::interrupter stop;
  stop.cancel();
  with.stop = &stop;
  CHECK(net::connect("some.test", 80, with).error().kind() == error_kind::cancelled);
}

TEST_CASE("resolving outlives no deadline: in a thread", "[net][resolver][deadline][threads]") {
  const stuck_source names;
  net::resolver resolver({.ask = names.source()});
  const auto failed = net::connect("a.test", 80, {.timeout = milliseconds(20), .resolver = &resolver});
  REQUIRE_FALSE(failed);
  CHECK(failed.error().kind() == error_kind::timeout);
  CHECK(failed.error().message() == "resolve a.test: timed out");
}

TEST_CASE("resolving outlives no deadline, and blocks no loop", "[net][resolver][deadline][threads]") {
  const stuck_source names;
  net::resolver resolver({.ask = names.source()});
  held_time time;
  net::loop loop({.backend = any_backend(), .time = &time});
  const time_point begin = time.now();
  auto connecting = net::connect(loop, "a.test", 80, {.resolver = &resolver});
  connecting.start();
  CHECK_FALSE(connecting.done());
  names.wait_until_asked(1);
  const auto failed = loop.run_until_done([](auto& running) -> task<result<net::connected>> {
    auto made = co_await running;
    co_return made;
  }(connecting));
  REQUIRE_FALSE(failed);
  CHECK(failed.error().message() == "resolve a.test: timed out");
  CHECK(time.now() - begin == seconds(10));
}

TEST_CASE("resolving is cancelled at once from another thread", "[net][resolver][cancellation][threads]") {
  const stuck_source names;
  net::resolver resolver({.ask = names.source()});
  net::interrupter stop;
  std::thread other([&] {
    names.wait_until_asked(1);
    stop.cancel();
  });
  const auto failed = net::connect("a.test", 80, {.stop = &stop, .resolver = &resolver});
  other.join();
  REQUIRE_FALSE(failed);
  CHECK(failed.error().kind() == error_kind::cancelled);
  CHECK(failed.error().message() == "resolve a.test: told to stop");
  CHECK(resolver.asking() == 1);  // left behind
}

TEST_CASE("a loop may go while a name is asked for", "[net][resolver][cancellation][threads]") {
  const stuck_source names;
  net::resolver resolver({.ask = names.source()});
  {
    net::loop loop({.backend = any_backend()});
    auto connecting = net::connect(loop, "a.test", 80, {.resolver = &resolver});
    connecting.start();
    names.wait_until_asked(1);
    loop.run_once(duration::zero());
    CHECK_FALSE(connecting.done());
  }
  names.open();
  wait_for_answer(resolver.ask("a.test").value());
}

TEST_CASE("an answer wakes the loop that waits for it", "[net][resolver][threads]") {
  const stuck_source names;
  net::resolver resolver({.ask = names.source()});
  auto listener = net::listener::bind({}).value();
  net::loop loop({.backend = any_backend()});
  auto connecting = net::connect(loop, "a.test", listener.local_address().port(),
                                 {.resolver = &resolver});
  std::thread other([&] {
    names.wait_until_asked(1);
    names.open();
  });
  const auto got = loop.run_until_done(std::move(connecting));
  other.join();
  REQUIRE(got.has_value());
  CHECK(got->peer == listener.local_address());
}

TEST_CASE("a static object that resolves", "[.]") {  // in a process of its own, see below
  ::alarm(60);
  struct asks_at_exit {
    ~asks_at_exit() {
      if (net::resolver::common().asking() != 0) std::abort();
    }
  };
  static const asks_at_exit behind_main;
  CHECK(net::resolver::common().asking() == 0);
}

TEST_CASE("the common resolver is there until the last static object has gone", "[net][resolver]") {
  CHECK(status_of_own_process("a static object that resolves") == 0);
}

TEST_CASE("threads that have nothing more to ask make room for others", "[net][resolver][threads]") {
  net::resolver names({.max_threads = 1,
                       .ask = [](const std::string&) -> result<std::vector<address>> { return std::vector{*address::parse("127.0.0.1", 0)}; }});
  for (int i = 0; i < 50; ++i) wait_for_answer(names.ask(std::to_string(i) + ".test").value());
  CHECK(names.asking() == 0);
}

TEST_CASE("signals are for the program's own threads, which take them as before", "[net][resolver][threads]") {
  std::atomic<bool> held_back{false};
  net::resolver names({.ask = [&](const std::string&) -> result<std::vector<address>> {
    sigset_t mask;
    ::pthread_sigmask(SIG_SETMASK, nullptr, &mask);
    held_back = sigismember(&mask, SIGTERM) == 1;
    return std::vector{*address::parse("127.0.0.1", 0)};
  }});
  wait_for_answer(names.ask("a.test").value());
  CHECK(held_back);
  sigset_t mask;
  ::pthread_sigmask(SIG_SETMASK, nullptr, &mask);
  CHECK(sigismember(&mask, SIGTERM) == 0);
}
