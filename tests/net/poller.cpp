// Tests of net/poller.hpp.
#include "net/support.hpp"

#include <tinyhttp/net/poller.hpp>

#include <deque>

using namespace net_test;
using net::poller;
using net::watch;
namespace ready = tinyhttp::net::ready;

namespace {

struct seen : watch {
  seen() : watch(note) {}
  static void note(watch& w, std::uint8_t what) {
    auto& self = static_cast<seen&>(w);
    ++self.times;
    self.what |= what;
    if (self.remove_also != nullptr) self.from->remove(*self.remove_also, true);
  }
  int times = 0;
  std::uint8_t what = 0;
  poller* from = nullptr;
  watch* remove_also = nullptr;
};

}  // namespace

TEST_CASE("a poller reports octets that arrive, an end and a reset", "[net][poller]") {
  poller p(any_backend());
  auto pair = connected_sockets();
  seen w;
  REQUIRE(p.add(w, pair.ours.native(), watch::trigger::edge) == 0);
  p.want(w, ready::readable);
  p.wait(0);
  CHECK((w.what & ready::readable) == 0);

  pair.theirs.send_all("x").value();
  w.what = 0;
  p.want(w, ready::readable);
  p.wait(1000);
  CHECK((w.what & ready::readable) != 0);
  CHECK((w.what & ready::gone) == 0);

  net::os::reset_on_close(pair.theirs.native());
  pair.theirs.close();
  w.what = 0;
  p.want(w, ready::readable);
  p.wait(1000);
  CHECK((w.what & ready::gone) != 0);
  p.remove(w, true);
}

TEST_CASE("what is removed is reported no more, not even in the same batch", "[net][poller]") {
  poller p(any_backend());
  auto one = connected_sockets();
  auto two = connected_sockets();
  seen a;
  seen b;
  a.from = b.from = &p;
  a.remove_also = &b;
  b.remove_also = &a;
  p.add(a, one.ours.native(), watch::trigger::edge);
  p.add(b, two.ours.native(), watch::trigger::edge);
  one.theirs.send_all("x").value();
  two.theirs.send_all("x").value();
  p.want(a, ready::readable);
  p.want(b, ready::readable);
  p.wait(1000);
  p.wait(0);
  CHECK((a.times == 0) != (b.times == 0));
  p.remove(a, true);
  p.remove(b, true);
}

TEST_CASE("a poll set stays right while hundreds come and go", "[net][poller]") {
  poller p(any_backend());
  std::deque<seen> watches(300);
  std::deque<socket_pair> pairs;
  for (auto& w : watches) {
    pairs.push_back(connected_sockets(AF_UNIX));
    p.add(w, pairs.back().ours.native(), watch::trigger::edge);
    p.want(w, ready::readable);
  }
  p.wait(0);
  for (auto& w : watches) w.times = 0;
  for (std::size_t i = 0; i < watches.size(); i += 2) p.remove(watches[i], true);
  for (auto& each : pairs) each.theirs.send_all("x").value();
  for (auto& w : watches) p.want(w, ready::readable);
  p.wait(1000);
  p.wait(0);
  for (std::size_t i = 0; i < watches.size(); ++i) {
    CAPTURE(i);
    REQUIRE(watches[i].times == (i % 2 == 0 ? 0 : 1));
    p.remove(watches[i], true);
  }
}

TEST_CASE("without a descriptor for epoll there is still poll", "[net][poller]") {
  const faults no_epoll(net::system_call::epoll_create, {.error = EMFILE});
  const poller p(net::backend::best);
  CHECK(p.which() == net::backend::poll);
}

TEST_CASE("what takes the place of what was removed is told nothing of it", "[net][poller]") {
  poller p(any_backend());
  auto one = connected_sockets();
  auto two = connected_sockets();
  const auto idle = connected_sockets();
  struct replacing : seen {
    replacing() { happened = replace; }
    static void replace(watch& w, std::uint8_t what) {
      note(w, what);
      auto& self = static_cast<replacing&>(w);
      if (self.instead->slot != absent) return;
      self.from->add(*self.instead, self.fd, trigger::edge);
      self.from->want(*self.instead, ready::readable);
    }
    watch* instead = nullptr;
    int fd = -1;
  } a, b;
  seen c;
  a.from = b.from = &p;
  a.remove_also = &b;
  b.remove_also = &a;
  a.instead = b.instead = &c;
  a.fd = b.fd = idle.ours.native();
  p.add(a, one.ours.native(), watch::trigger::edge);
  p.add(b, two.ours.native(), watch::trigger::edge);
  const std::uint32_t places[] = {a.slot, b.slot};
  one.theirs.send_all("x").value();
  two.theirs.send_all("x").value();
  p.want(a, ready::readable);
  p.want(b, ready::readable);
  p.wait(1000);
  CHECK(a.times + b.times == 1);
  CHECK((c.slot == places[0] || c.slot == places[1]));
  CHECK((c.what & ready::readable) == 0);
  p.remove(a, true);
  p.remove(b, true);
  p.remove(c, true);
}

TEST_CASE("places of a poller's table are used again, and none is taken by what cannot be watched", "[net][poller]") {
  poller p(any_backend());
  const auto pair = connected_sockets();
  seen a, b, c;
  REQUIRE(p.add(a, pair.ours.native(), watch::trigger::edge) == 0);
  REQUIRE(p.add(b, pair.theirs.native(), watch::trigger::edge) == 0);
  const std::uint32_t places[] = {a.slot, b.slot};
  p.remove(a, true);
  p.remove(b, true);
  CHECK(a.slot == watch::absent);
  if (p.which() == net::backend::epoll) {
    const faults full(net::system_call::epoll_control, {.error = ENOSPC});
    CHECK(p.add(c, pair.ours.native(), watch::trigger::edge) == -ENOSPC);
    CHECK(c.slot == watch::absent);
  }
  REQUIRE(p.add(a, pair.ours.native(), watch::trigger::edge) == 0);
  REQUIRE(p.add(b, pair.theirs.native(), watch::trigger::edge) == 0);
  CHECK((a.slot == places[0] || a.slot == places[1]));
  CHECK((b.slot == places[0] || b.slot == places[1]));
  CHECK(a.slot != b.slot);
  p.remove(a, true);
  p.remove(b, true);
}
