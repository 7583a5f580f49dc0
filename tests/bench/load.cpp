// A load generator that costs little: it sends prepared octets and knows Content-Length, no more.
//
//   load PORT REQUEST_FILE CONNECTIONS SECONDS [PIPELINE [close | keep [REQUESTS]]]
//
// Connects, prints "ready", and waits for a line of input. Sends the file's octets over CONNECTIONS
// connections for SECONDS, PIPELINE requests at a time, waits for the last answers, prints one line
// of JSON, and keeps the connections until standard input ends. `close`: one connection per request.
// REQUESTS: stops after so many. With 0 SECONDS every connection asks once, then all idle.
//
// Of a long body it wants to be woken for 128 KiB, not for each segment. A generator that is faster
// than the server sleeps in between, and each wake-up of the other core is the server's to pay: up to
// eight for a MiB, which cost more than the MiB. Who was ahead stayed ahead, so figures had two states.
#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

using steady = std::chrono::steady_clock;

struct connection {
  int socket = -1;
  int wanted = 1;            // octets for which the kernel wakes us
  std::string head;          // of the answer under way, until its end has been seen
  std::uint64_t body = 0;    // octets of it still to come
  unsigned owed = 0;         // answers to requests that were sent
  steady::time_point asked;  // when they were
};

struct totals {
  std::uint64_t answers = 0, octets = 0, failures = 0, bad = 0;
  std::vector<std::uint32_t> nanoseconds;
};

[[noreturn]] void die(const char* what) {
  std::perror(what);
  std::exit(1);
}

class generator {
 public:
  generator(std::uint16_t port, std::string request, unsigned pipeline, bool closes)
      : closes_(closes), pipeline_(pipeline), set_(::epoll_create1(EPOLL_CLOEXEC)), room_(1 << 20) {
    to_.sin_family = AF_INET;
    to_.sin_port = htons(port);
    to_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    for (unsigned i = 0; i < pipeline; ++i) batch_ += request;
  }

  void open(connection& c) {
    c.socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (c.socket < 0) die("socket");
    const int on = 1;
    ::setsockopt(c.socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (::connect(c.socket, reinterpret_cast<const sockaddr*>(&to_), sizeof to_) < 0) die("connect");
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = &c;
    ::epoll_ctl(set_, EPOLL_CTL_ADD, c.socket, &event);
    c.head.clear();
    c.body = 0;
    c.wanted = 1;
  }

  void ask(connection& c) {
    c.asked = steady::now();
    c.owed = pipeline_;
    if (::send(c.socket, batch_.data(), batch_.size(), MSG_NOSIGNAL) !=
        static_cast<ssize_t>(batch_.size()))
      ++all.failures;
  }

  /// Takes in what has arrived; true when every answer is complete.
  bool receive(connection& c) {
    const ssize_t count = ::recv(c.socket, room_.data(), room_.size(), MSG_DONTWAIT);
    if (count < 0 && errno == EAGAIN) return false;
    if (count <= 0) {
      if (c.owed > 0) ++all.failures;
      c.owed = 0;
      broken_ = true;
      return true;
    }
    all.octets += static_cast<std::uint64_t>(count);
    std::string_view in(room_.data(), static_cast<std::size_t>(count));
    while (!in.empty()) {
      if (c.body == 0 && !take_head(c, in)) break;
      const auto part = in.size() < c.body ? in.size() : static_cast<std::size_t>(c.body);
      in.remove_prefix(part);
      c.body -= part;
      if (c.body == 0) finish(c);
    }
    want(c, c.body < 128 * 1024 ? static_cast<int>(c.body) : 128 * 1024);
    return c.owed == 0;
  }

  void turn(std::vector<connection>&, bool asks_again) {
    epoll_event events[256];
    const int count = ::epoll_wait(set_, events, 256, 100);
    for (int i = 0; i < count; ++i) {
      auto& c = *static_cast<connection*>(events[i].data.ptr);
      broken_ = false;
      if (!receive(c)) continue;
      const bool reopen = closes_ || broken_;
      if (reopen) ::close(c.socket);
      if (reopen && asks_again) open(c);
      if (asks_again) ask(c);
    }
  }

  totals all;

 private:
  static void want(connection& c, int octets) {
    if (octets == 0) octets = 1;
    if (octets != std::exchange(c.wanted, octets))
      ::setsockopt(c.socket, SOL_SOCKET, SO_RCVLOWAT, &octets, sizeof octets);
  }
  bool take_head(connection& c, std::string_view& in) {
    if (c.head.empty()) {  // usually the head is here as a whole
      const auto end = in.find("\r\n\r\n");
      if (end != in.npos) {
        read_head(c, in.substr(0, end + 4));
        in.remove_prefix(end + 4);
        return c.body != 0 || !in.empty();
      }
    }
    const auto before = c.head.size();
    c.head += in;
    const auto end = c.head.find("\r\n\r\n");
    if (end == c.head.npos) return false;
    in.remove_prefix(end + 4 - before);
    c.head.resize(end + 4);
    read_head(c, c.head);
    c.head.clear();
    return c.body != 0 || !in.empty();
  }
  void read_head(connection& c, std::string_view head) {
    if (head.substr(0, 12) != "HTTP/1.1 200") ++all.bad;
    constexpr std::string_view name = "\ncontent-length:";
    for (std::size_t at = 0; (at = head.find('\n', at)) != head.npos; ++at) {
      if (head.size() - at < name.size() || ::strncasecmp(head.data() + at, name.data(), name.size()) != 0)
        continue;
      c.body = std::strtoull(head.data() + at + name.size(), nullptr, 10);
      break;
    }
    if (c.body == 0) finish(c);
  }
  void finish(connection& c) {
    ++all.answers;
    if (c.owed == 0) ++all.bad;  // an answer that nobody asked for
    else if (--c.owed == 0)
      all.nanoseconds.push_back(static_cast<std::uint32_t>((steady::now() - c.asked).count()));
  }

  bool closes_;
  bool broken_ = false;
  unsigned pipeline_;
  int set_;
  sockaddr_in to_{};
  std::string batch_;
  std::vector<char> room_;
};

double percentile(std::vector<std::uint32_t>& sorted, double part) {
  if (sorted.empty()) return 0;
  return sorted[static_cast<std::size_t>(static_cast<double>(sorted.size() - 1) * part)] / 1000.0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 5) return std::fputs("load PORT REQUEST_FILE CONNECTIONS SECONDS [PIPELINE [close|keep [REQUESTS]]]\n", stderr), 2;
  std::ifstream file(argv[2], std::ios::binary);
  std::string request((std::istreambuf_iterator<char>(file)), {});
  const double seconds = std::atof(argv[4]);
  const auto pipeline = argc > 5 ? static_cast<unsigned>(std::atoi(argv[5])) : 1u;
  const bool closes = argc > 6 && std::strcmp(argv[6], "close") == 0;
  const std::uint64_t most = argc > 7 ? std::strtoull(argv[7], nullptr, 10) : UINT64_MAX;

  generator load(static_cast<std::uint16_t>(std::atoi(argv[1])), std::move(request), pipeline, closes);
  std::vector<connection> connections(static_cast<std::size_t>(std::atoi(argv[3])));
  for (auto& c : connections) {
    load.open(c);
    ::usleep(100);  // some servers' backlog takes five
  }
  const auto wait_for_input = [](const char* said) {
    std::puts(said);
    std::fflush(stdout);
    return std::getchar();
  };
  if (seconds > 0 && wait_for_input("ready") == EOF) return 1;
  const auto began = steady::now();
  for (auto& c : connections) load.ask(c);
  auto& all = load.all;
  if (seconds <= 0) {
    const auto latest = began + std::chrono::seconds(20);
    while (all.answers < connections.size()) {
      if (steady::now() > latest) return std::fputs("load: not every connection is answered\n", stderr), 1;
      load.turn(connections, false);
    }
    wait_for_input("ready");
    return 0;
  }
  const auto end = began + std::chrono::duration_cast<steady::duration>(std::chrono::duration<double>(seconds));
  while (steady::now() < end && all.answers < most) load.turn(connections, true);
  const auto latest = steady::now() + std::chrono::seconds(5);
  const auto waits = [](const connection& c) { return c.owed > 0; };
  while (steady::now() < latest && std::any_of(connections.begin(), connections.end(), waits)) load.turn(connections, false);
  const std::chrono::duration<double> took = steady::now() - began;
  std::sort(all.nanoseconds.begin(), all.nanoseconds.end());
  std::printf("{\"answers\": %llu, \"octets\": %llu, \"failures\": %llu, \"bad\": %llu, \"seconds\": %.4f, "
              "\"p50\": %.1f, \"p99\": %.1f}\n",
              static_cast<unsigned long long>(all.answers), static_cast<unsigned long long>(all.octets),
              static_cast<unsigned long long>(all.failures), static_cast<unsigned long long>(all.bad),
              took.count(), percentile(all.nanoseconds, 0.5), percentile(all.nanoseconds, 0.99));
  std::fflush(stdout);
  while (std::getchar() != EOF) {
  }
}
