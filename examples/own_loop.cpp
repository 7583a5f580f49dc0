// A program with an event loop of its own: the library turns octets into requests and answers into octets, and
// opens, reads and writes nothing.
//
//   $ ./own_loop
//   listening on http://127.0.0.1:40123/
//   $ curl http://127.0.0.1:40123/hello/ada
//   hello, ada
//
// Deadlines, bounds on connections, and time for a peer to read the last answer, which a th::server has, are left
// to the loop, and so to you; handlers that wait need a th::net::loop.

#include <tinyhttp/app/router.hpp>
#include <tinyhttp/core/buffer.hpp>
#include <tinyhttp/core/clock.hpp>
#include <tinyhttp/h1/connection.hpp>
#include <tinyhttp/http/date.hpp>
#include <tinyhttp/net/listener.hpp>

#include <cerrno>
#include <cstdio>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include <sys/epoll.h>
#include <sys/socket.h>

namespace th = tinyhttp;

// One connection, whatever carries its octets.
class exchange {
 public:
  explicit exchange(const th::router& app) : app_(app) {}

  // Takes octets that came, none at the end of them, and appends what is to be sent. False: then the connection ends.
  bool received(std::string_view octets, th::buffer& out) {
    using kind = th::h1::wire_event::kind;
    if (octets.empty()) wire_.peer_closed();
    else wire_.receive(octets);
    for (;;) {
      const auto event = wire_.next_event(request_);
      switch (event.what) {
        case kind::need_more: return true;
        case kind::closed: return false;
        case kind::failed: return refuse(wire_.failure().status, out);
        case kind::informational: break;  // a client's
        case kind::head:
          body_.clear();
          if (request_.fields.has_token("Expect", "100-continue")) wire_.send_informational(out, 100, {});
          break;
        case kind::data:
          if (body_.size() + event.data.size() > largest_body) return refuse(413, out);
          body_.append(event.data);
          break;
        case kind::end:
          request_.body = body_;
          if (!send(app_(request_).get(), out) || !wire_.restart()) return false;
          request_.clear();
          break;
      }
    }
  }

 private:
  static constexpr std::size_t largest_body = 1 << 20;

  // Head, then the body piece by piece.
  bool send(th::response answer, th::buffer& out) {
    const auto date = th::format_date(th::system_unix_seconds());
    if (wire_.send(out, answer, date).sends_body) {
      for (;;) {
        auto pulling = answer.body.next();
        if (!pulling.try_start()) return false;
        const auto piece = pulling.take();
        if (!piece) return false;
        if (piece->empty()) break;
        if (!wire_.begin_data(out, piece->size())) return false;
        out.append(*piece);
        out.append(wire_.behind_data());
      }
    }
    return wire_.finish(out, nullptr);
  }
  bool refuse(int status, th::buffer& out) {
    wire_.forbid_reuse();
    (void)send(th::problem(status), out);
    return false;
  }

  const th::router& app_;
  th::h1::limits limits_;
  th::h1::connection wire_{th::h1::side::server, limits_};
  th::request request_;
  std::string body_;
};

struct connection {
  connection(th::net::socket s, const th::router& app) : socket(std::move(s)), talk(app) {}
  th::net::socket socket;
  exchange talk;
  th::buffer out;
  bool ends = false;
};

// False: the connection is over.
bool step(connection& c) {
  char octets[16 * 1024];
  if (c.out.empty() && !c.ends) {  // who does not read its answers is not read from
    const auto came = ::recv(c.socket.native(), octets, sizeof octets, 0);
    if (came < 0 && errno != EAGAIN) return false;
    if (came >= 0) c.ends = !c.talk.received({octets, static_cast<std::size_t>(came)}, c.out);
  }
  if (!c.out.empty()) {
    const auto sent = ::send(c.socket.native(), c.out.view().data(), c.out.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN) return false;
    if (sent > 0) c.out.consume(static_cast<std::size_t>(sent));
  }
  return !c.ends || !c.out.empty();
}

int main() try {
  th::router app;
  app.get("/hello/{name}", [](const th::request& req) {
       return th::text("hello, " + std::string(req.path_params["name"]) + "\n");
     })
      .post("/echo", [](const th::request& req) { return th::text(std::string(req.body.text())); });

  auto listener = th::net::listener::bind({}).value();  // non-blocking, on a free port of 127.0.0.1
  std::printf("listening on http://%s/\n", listener.local_address().to_string().c_str());
  std::fflush(stdout);

  const th::net::descriptor loop(::epoll_create1(EPOLL_CLOEXEC));
  const auto watch = [&](int how, int fd, unsigned what) {
    epoll_event wanted{};
    wanted.events = what;
    wanted.data.fd = fd;
    return ::epoll_ctl(loop.get(), how, fd, &wanted) == 0;
  };
  watch(EPOLL_CTL_ADD, listener.native(), EPOLLIN);
  std::map<int, connection> connections;
  for (;;) {
    epoll_event ready{};
    if (::epoll_wait(loop.get(), &ready, 1, -1) < 1) continue;
    const int fd = ready.data.fd;
    if (fd == listener.native()) {
      auto next = listener.try_accept();
      if (!next || !*next) continue;
      const int made = (*next)->socket.native();
      if (watch(EPOLL_CTL_ADD, made, EPOLLIN)) connections.try_emplace(made, std::move((*next)->socket), app);
      continue;
    }
    connection& c = connections.at(fd);
    if (!step(c)) connections.erase(fd);
    else watch(EPOLL_CTL_MOD, fd, c.out.empty() ? EPOLLIN : EPOLLOUT);
  }
} catch (const std::exception& failed) {
  return std::fprintf(stderr, "own_loop: %s\n", failed.what()), 1;
}
