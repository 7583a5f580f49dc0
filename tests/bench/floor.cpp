// What the kernel allows: an epoll loop that parses nothing and writes a prepared response.
//
//   floor PORT REQUEST_SIZE FILE [memory | sendfile | bounded] [close]
//
// Every REQUEST_SIZE octets received are a request; its answer is FILE's octets: from memory, by
// sendfile, or by sendfile behind a bounded send buffer. `close`: the connection ends behind it.
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

namespace {

constexpr std::size_t most_at_once = 64;  // answers prepared in one piece

struct connection {
  int socket;
  std::size_t received = 0;   // octets of requests not yet answered
  std::size_t head_done = 0;  // of the running answer; only where it is not sent in one go
  off_t body_done = 0;
  bool wants_out = false;
};

std::string prepared_head(std::uint64_t length, bool closes) {
  return "HTTP/1.1 200 OK\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\nContent-Type: text/plain; "
         "charset=utf-8\r\nContent-Length: " +
         std::to_string(length) + (closes ? "\r\nConnection: close\r\n\r\n" : "\r\n\r\n");
}

struct server {
  std::size_t request_size = 0;
  int file = -1;
  off_t file_size = 0;
  bool in_memory = true, bounded = false, closes = false;
  std::string one;   // head and, in memory, body
  std::string many;  // the same many times, if it is small
  int set = ::epoll_create1(EPOLL_CLOEXEC);

  /// False: the connection is to be closed.
  bool answer(connection& c) {
    while (c.received >= request_size || c.head_done > 0) {
      if (!many.empty() && c.head_done == 0) {
        std::size_t count = c.received / request_size;
        if (count > most_at_once) count = most_at_once;
        const std::size_t size = count * one.size();
        const ssize_t sent = ::send(c.socket, many.data(), size, MSG_NOSIGNAL);
        if (sent != static_cast<ssize_t>(size)) return false;  // small answers always fit
        c.received -= count * request_size;
        if (closes) return false;
        continue;
      }
      if (c.head_done == 0) c.received -= request_size;
      if (!send_rest(c)) return errno == EAGAIN;
      if (closes) return false;
    }
    return true;
  }

  /// True: the running answer is complete. False, with errno: not now, or never.
  bool send_rest(connection& c) {
    while (c.head_done < one.size()) {
      const ssize_t sent = ::send(c.socket, one.data() + c.head_done, one.size() - c.head_done,
                                  MSG_NOSIGNAL | (in_memory ? 0 : MSG_MORE));
      if (sent < 0) return false;
      c.head_done += static_cast<std::size_t>(sent);
    }
    while (!in_memory && c.body_done < file_size) {
      const ssize_t sent = ::sendfile(c.socket, file, &c.body_done, static_cast<std::size_t>(file_size - c.body_done));
      if (sent < 0) return false;
    }
    c.head_done = 0;
    c.body_done = 0;
    return true;
  }

  void accept_all(int listener) {
    for (;;) {
      const int fd = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd < 0) return;
      const int on = 1, buffer = 128 * 1024;
      ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      if (bounded) ::setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof buffer);
      epoll_event event{};
      event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | static_cast<std::uint32_t>(EPOLLET);
      event.data.ptr = new connection{fd};
      ::epoll_ctl(set, EPOLL_CTL_ADD, fd, &event);
    }
  }

  void serve(connection* c, std::uint32_t events) {
    static char room[64 * 1024];
    bool open = true;
    while (open && (events & EPOLLIN) != 0) {
      const ssize_t got = ::recv(c->socket, room, sizeof room, 0);
      if (got < 0) {
        open = errno == EAGAIN;
        break;
      }
      open = got > 0;
      if (open) c->received += static_cast<std::size_t>(got);
      if (got < static_cast<ssize_t>(sizeof room)) break;
    }
    if (open) open = answer(*c);
    if (open) return;
    ::close(c->socket);
    delete c;
  }
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) return std::fputs("floor PORT REQUEST_SIZE FILE [memory|sendfile|bounded] [close]\n", stderr), 2;
  std::signal(SIGPIPE, SIG_IGN);  // sendfile knows no flag for it
  server s;
  s.request_size = static_cast<std::size_t>(std::atoi(argv[2]));
  s.file = ::open(argv[3], O_RDONLY | O_CLOEXEC);
  struct stat facts {};
  if (s.file < 0 || ::fstat(s.file, &facts) < 0) return std::perror(argv[3]), 1;
  s.file_size = facts.st_size;
  s.in_memory = argc < 5 || std::strcmp(argv[4], "memory") == 0;
  s.bounded = argc > 4 && std::strcmp(argv[4], "bounded") == 0;
  s.closes = argc > 5 && std::strcmp(argv[5], "close") == 0;
  s.one = prepared_head(static_cast<std::uint64_t>(s.file_size), s.closes);
  if (s.in_memory) {
    std::string octets(static_cast<std::size_t>(s.file_size), '\0');
    if (::pread(s.file, octets.data(), octets.size(), 0) != s.file_size) return 1;
    s.one += octets;
    if (s.one.size() < 1024)
      for (std::size_t i = 0; i < most_at_once; ++i) s.many += s.one;
    else if (s.one.size() < 16 * 1024) s.many = s.one;
  }
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_port = htons(static_cast<std::uint16_t>(std::atoi(argv[1])));
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int on = 1;
  ::setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (::bind(listener, reinterpret_cast<sockaddr*>(&at), sizeof at) < 0 || ::listen(listener, 511) < 0)
    return std::perror("floor: listen"), 1;
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.ptr = nullptr;
  ::epoll_ctl(s.set, EPOLL_CTL_ADD, listener, &event);
  std::vector<epoll_event> events(256);
  for (;;) {
    const int count = ::epoll_wait(s.set, events.data(), static_cast<int>(events.size()), -1);
    for (int i = 0; i < count; ++i) {
      auto* c = static_cast<connection*>(events[static_cast<std::size_t>(i)].data.ptr);
      if (c == nullptr) s.accept_all(listener);
      else s.serve(c, events[static_cast<std::size_t>(i)].events);
    }
  }
}
