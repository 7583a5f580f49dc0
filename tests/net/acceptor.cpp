// Tests of net/acceptor.hpp.
#include "net/support.hpp"

#include <tinyhttp/net/acceptor.hpp>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

using namespace net_test;
using net::acceptor;

namespace {

task<result<net::accepted>> accept_one(acceptor& from) {
  result<net::accepted> next = co_await from.accept();
  co_return next;
}

task<void> accept_all(acceptor& from, std::vector<net::accepted>& into) {
  for (;;) {
    result<net::accepted> next = co_await from.accept();
    if (!next) co_return;
    into.push_back(std::move(*next));
  }
}

net::socket client_of(const net::listener& at) {
  auto client = net::socket::open(AF_INET).value();
  client.connect(at.local_address()).value();
  return client;
}

}  // namespace

TEST_CASE("a loop accepts what comes, one by one and in bursts", "[net][acceptor]") {
  net::loop loop({.backend = any_backend()});
  auto listener = net::listener::bind({}).value();
  acceptor from(loop, listener);
  auto waiting = accept_one(from);
  waiting.start();
  loop.run_once(duration::zero());
  CHECK_FALSE(waiting.done());
  const auto first = client_of(listener);
  while (!waiting.done()) loop.run_once();
  CHECK(waiting.take().value().peer == first.local_address().value());

  std::vector<net::socket> clients;
  for (int i = 0; i < 100; ++i) clients.push_back(client_of(listener));
  std::vector<net::accepted> got;
  auto all = accept_all(from, got);
  all.start();
  CHECK(got.size() < clients.size());  // others have a turn in between
  while (got.size() < clients.size()) loop.run_once();
}

TEST_CASE("nobody spins over connections that nobody accepts", "[net][acceptor]") {
  net::loop loop({.backend = any_backend()});
  auto listener = net::listener::bind({}).value();
  acceptor from(loop, listener);
  {
    auto waiting = accept_one(from);
    waiting.start();
  }
  const auto client = client_of(listener);
  loop.run_once();  // told, and nobody is there
  const auto before = std::chrono::steady_clock::now();
  loop.run_once(std::chrono::milliseconds(20));
  CHECK(std::chrono::steady_clock::now() - before >= std::chrono::milliseconds(20));
  CHECK(loop.run_until_done(accept_one(from)).has_value());  // and it is still there
}

TEST_CASE("a waiting accept can be destroyed, or told to stop", "[net][acceptor][cancellation]") {
  net::loop loop({.backend = any_backend()});
  auto listener = net::listener::bind({}).value();
  acceptor from(loop, listener);
  {
    auto waiting = accept_one(from);
    waiting.start();
    const auto client = client_of(listener);
    loop.poller().wait(1000);  // scheduled already
  }
  loop.run_once(duration::zero());
  CHECK(loop.run_until_done(accept_one(from)).has_value());
  auto waiting = accept_one(from);
  waiting.start();
  from.close();
  while (!waiting.done()) loop.run_once();
  CHECK(waiting.take().error().kind() == error_kind::cancelled);
  CHECK(loop.run_until_done(accept_one(from)).error().kind() == error_kind::cancelled);
}

TEST_CASE("trouble with descriptors is told, and the connection waits", "[net][acceptor][faults]") {
  net::loop loop({.backend = any_backend()});
  auto listener = net::listener::bind({}).value();
  acceptor from(loop, listener);
  const std::string told = "accept on " + listener.local_address().to_string() + ": too many open files";
  auto waiting = accept_one(from);
  waiting.start();
  loop.run_once(duration::zero());
  const auto client = client_of(listener);
  {
    const faults full(net::system_call::accept, {.error = EMFILE}, 0, 2);
    while (!waiting.done()) loop.run_once();
    CHECK(waiting.take().error().message() == told);
    CHECK(loop.run_until_done(accept_one(from)).error().message() == told);  // at once, too
  }
  CHECK(loop.run_until_done(accept_one(from)).has_value());
}

TEST_CASE("several loops share one listening socket, each connection goes to one", "[net][acceptor][threads]") {
  const auto backend = any_backend();
  auto listener = net::listener::bind({}).value();
  constexpr int count = 200;
  std::atomic<int> total{0};
  std::vector<net::accepted> got[2];
  net::loop loops[2] = {net::loop({.backend = backend}), net::loop({.backend = backend})};
  const auto work = [&](int i) {
    acceptor from(loops[i], listener);
    auto all = accept_all(from, got[i]);
    all.start();
    std::size_t before = 0;
    while (total.load() < count) {
      loops[i].run_once(std::chrono::milliseconds(20));
      total += static_cast<int>(got[i].size() - before);
      before = got[i].size();
    }
  };
  std::thread one(work, 0);
  std::thread two(work, 1);
  std::vector<net::socket> clients;
  for (int i = 0; i < count; ++i) clients.push_back(client_of(listener));
  one.join();
  two.join();
  CHECK(got[0].size() + got[1].size() == count);
}

TEST_CASE("loops that take turns share connections that come one by one", "[net][acceptor][threads]") {
  auto listener = net::listener::bind({}).value();
  constexpr int count = 64;
  std::atomic<int> ready{0}, total{0};
  std::vector<net::accepted> got[2];
  net::loop loops[2];
  const auto work = [&](int i) {
    acceptor from(loops[i], listener, true);
    auto all = accept_all(from, got[i]);
    all.start();
    ++ready;
    std::size_t before = 0;
    while (total.load() < count) {
      loops[i].run_once(std::chrono::milliseconds(20));
      total += static_cast<int>(got[i].size() - before);
      before = got[i].size();
    }
  };
  std::thread one(work, 0);
  std::thread two(work, 1);
  while (ready.load() < 2) std::this_thread::yield();
  std::vector<net::socket> clients;
  for (int i = 0; i < count; ++i) {
    clients.push_back(client_of(listener));
    while (total.load() <= i) std::this_thread::yield();  // both are idle again, or nearly
  }
  one.join();
  two.join();
  CHECK(got[0].size() + got[1].size() == count);
  CHECK(got[0].size() >= count / 8);  // without turns, one has them all
  CHECK(got[1].size() >= count / 8);
}
