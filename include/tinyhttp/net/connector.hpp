// tinyhttp/net/connector.hpp -- connects to a host and a port, within one deadline.
//
// Finds the addresses (find_addresses.hpp) and races connections to them (race.hpp). The same coroutine runs in a
// thread and on a loop.
#pragma once

#include <tinyhttp/core/clock.hpp>
#include <tinyhttp/core/owned.hpp>
#include <tinyhttp/core/owned_list.hpp>
#include <tinyhttp/core/result.hpp>
#include <tinyhttp/core/task.hpp>
#include <tinyhttp/net/address.hpp>
#include <tinyhttp/net/connect_options.hpp>
#include <tinyhttp/net/find_addresses.hpp>
#include <tinyhttp/net/race.hpp>
#include <tinyhttp/net/socket.hpp>
#include <tinyhttp/net/waiting.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tinyhttp::net {

/// A connection, and the address that it reached. The socket knows family, type and protocol.
struct connected {
  net::socket socket;
  address peer;
};

/// Connects and blocks this thread; the returned socket is blocking, too. `host` may be a number, a name, or
/// `unix:PATH`. Fails with `connect 127.0.0.1:9: connection refused`; if the addresses of a name failed for different
/// reasons, it lists each.
template <class = void>
[[nodiscard]] result<connected> connect(std::string_view host, std::uint16_t port,
                                        const connect_options& with = {});

/// The same on a loop, without blocking it. The returned socket is non-blocking, ready for a tcp_stream. `stop` is
/// ignored: destroy the task to cancel.
template <class = void>  // g++ compiles every coroutine it sees; a template only where it is used
[[nodiscard]] task<result<connected>> connect(loop& on, std::string host, std::uint16_t port,
                                              connect_options with = {});

/// The same for known addresses, tried in this order. `name` is for the error line.
template <class = void>
[[nodiscard]] task<result<connected>> connect(loop& on, std::vector<address> to, std::string name,
                                              connect_options with = {});

/// The common implementation; `Waiting` as in waiting.hpp. The socket is non-blocking. `waits` and `with` must
/// outlive the task.
template <class Waiting>
[[nodiscard]] task<result<connected>> connect_with(Waiting& waits, std::string host,
                                                   std::uint16_t port, const connect_options& with);

// ---------------------------------------------------------------------------------------------

namespace detail {

inline std::string name_of_target(std::string_view host, std::uint16_t port) {
  if (host.starts_with("unix:")) return std::string(host);
  if (const auto numeric = address::parse(host, port)) return numeric->to_string();
  return std::string(host) + ":" + std::to_string(port);
}

/// Those that can be reached from the local end that is wanted.
inline std::vector<address> reachable_from(const address& from, const std::vector<address>& all) {
  std::vector<address> usable;
  for (const address& each : all)
    if (!from.is_ip() || !each.is_ip() || each.family() == from.family()) usable.push_back(each);
  return usable;
}

inline std::int64_t bind_to(const net::socket& made, const address& from) {
#if defined(IP_BIND_ADDRESS_NO_PORT)
  if (from.port() == 0)  // one port may then serve connections to several peers
    static_cast<void>(os::set_option(made.native(), IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1));
#endif
  return os::bind(made.native(), from.native(), from.native_size());
}

/// Begins to connect: 0 when that was all, -EINPROGRESS when one has to wait, else the failure.
inline std::int64_t begin_connect(net::socket& made, const address& to,
                                  const connect_options& with) {
  const std::int64_t opened = os::make_socket(to.family(), true);
  if (opened < 0) return opened;
  made = net::socket(descriptor(static_cast<int>(opened)));
  if (with.no_delay && to.is_ip()) static_cast<void>(made.no_delay(true));
  if (with.from.is_ip() && to.is_ip())
    if (const std::int64_t bound = bind_to(made, with.from); bound < 0) return bound;
  const std::int64_t status = os::connect(made.native(), to.native(), to.native_size());
  return status == -EINTR ? -EINPROGRESS : status;
}

/// The sockets of a race.
class racing_sockets {
 public:
  racing_sockets(race& decides, const connect_options& with) : race_(decides), with_(with) {}

  /// Begins; true when that won already.
  bool begin(std::size_t which, time_point now) {
    net::socket made;
    const address& to = race_.at(which);
    const std::int64_t status = begin_connect(made, to, with_);
    if (status == -EINPROGRESS) {
      running_.push_back(owned<attempt>(new attempt{which, std::move(made)}));
    } else if (status == -EAGAIN && to.is_unix_domain()) {
      race_.postpone(which, now);  // its queue is full, and nothing tells when it no longer is
    } else if (status < 0) {
      race_.failed(which, static_cast<int>(-status), now);
    } else {
      winner_.emplace(connected{std::move(made), to});
    }
    return winner_.has_value();
  }

  /// What to wait for; room for the interrupter behind it.
  [[nodiscard]] std::vector<pollfd> set() const {
    std::vector<pollfd> all;
    for (const attempt& each : running_) all.push_back({each.socket.native(), POLLOUT, 0});
    all.push_back({-1, 0, 0});
    return all;
  }

  /// Takes in how attempts have ended; true when one of them won.
  bool collect(const std::vector<pollfd>& set, time_point now) {
    for (std::size_t i = running_.size(); i-- > 0;) {
      if (set[i].revents == 0) continue;
      const owned<attempt> ended = running_.take(i);  // what takes its place has been looked at
      const std::int64_t status = connect_outcome(ended->socket.native());
      if (status < 0) race_.failed(ended->which, static_cast<int>(-status), now);
      if (status == 0) winner_.emplace(connected{std::move(ended->socket), race_.at(ended->which)});
    }
    return winner_.has_value();
  }

  [[nodiscard]] connected take_winner() { return std::move(*winner_); }

 private:
  struct attempt {
    std::size_t which;
    net::socket socket;
  };
  race& race_;
  const connect_options& with_;
  owned_list<attempt> running_;
  std::optional<connected> winner_;
};

/// The losers are closed when it ends.
template <class Waiting>
task<result<connected>> run_race(Waiting& waits, std::vector<address> to, std::string name,
                                 const connect_options& with, time_point end) {
  race decides(std::move(to), at_most_a_year(with.stagger), waits.now(), end);
  racing_sockets sockets(decides, with);
  for (;;) {
    const race::move move = decides.next(waits.now());
    if (move.what == race::verb::over) co_return decides.summary(name);
    if (move.what == race::verb::begin) {
      if (sockets.begin(move.which, waits.now())) co_return sockets.take_winner();
      continue;
    }
    std::vector<pollfd> set = sockets.set();
    const std::int64_t status = co_await waits.ready(set, move.until);
    if (status == 0 && sockets.collect(set, waits.now())) co_return sockets.take_winner();
    if (status < 0 && status != -ETIMEDOUT) decides.stop(static_cast<int>(-status));
  }
}

}  // namespace detail

template <class Waiting>
task<result<connected>> connect_with(Waiting& waits, std::string host, std::uint16_t port,
                                     const connect_options& with) {
  const time_point end = deadline_in(waits.now(), with.timeout);
  auto finding = find_addresses(waits, host, port, with, end);
  result<std::vector<address>> found = co_await finding;
  if (!found) co_return found.error();
  std::string name = detail::name_of_target(host, port);
  std::optional<address> first;
  if (with.memory != nullptr) first = with.memory->winner(name, waits.now());
  std::vector<address> order = race_order(detail::reachable_from(with.from, *found), first);
  const bool may_choose = order.size() > 1;
  std::string told = name;
  if (with.from.is_ip()) told.append(" from ").append(with.from.host());
  auto racing = detail::run_race(waits, std::move(order), std::move(told), with, end);
  result<connected> made = co_await racing;
  if (made && may_choose && with.memory != nullptr)
    with.memory->remember(name, made->peer, waits.now());
  co_return made;
}

template <class>
result<connected> connect(std::string_view host, std::uint16_t port, const connect_options& with) {
  thread_waiting here(with.stop);
  auto connecting = connect_with(here, std::string(host), port, with);
  connecting.start();  // runs through: its waits end before they are awaited
  result<connected> made = connecting.take();
  if (made)
    if (const auto blocks = made->socket.non_blocking(false); !blocks) return blocks.error();
  return made;
}

template <class>
task<result<connected>> connect(loop& on, std::string host, std::uint16_t port,
                                connect_options with) {
  loop_waiting here(on);
  auto connecting = connect_with(here, std::move(host), port, with);
  result<connected> made = co_await connecting;
  co_return made;
}

template <class>
task<result<connected>> connect(loop& on, std::vector<address> to, std::string name,
                                connect_options with) {
  loop_waiting here(on);
  const time_point end = deadline_in(on.now(), with.timeout);
  auto racing = detail::run_race(here, std::move(to), std::move(name), with, end);
  result<connected> made = co_await racing;
  co_return made;
}

}  // namespace tinyhttp::net
