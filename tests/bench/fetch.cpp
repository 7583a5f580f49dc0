// What a client costs.  fetch bare|tinyhttp|curl PORT PATH COUNT [FILE]
//
// Sequential GETs over one connection; prints the CPU time of this process for each. Bodies are
// read and dropped, or written into FILE.
#include <tinyhttp/client/client.hpp>
#include <tinyhttp/client/download.hpp>

#include <curl/curl.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

namespace th = tinyhttp;

namespace {

[[noreturn]] void fail(const std::string& why) {
  std::fprintf(stderr, "fetch: %s\n", why.c_str());
  std::exit(1);
}

double cpu_microseconds() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  const auto of = [](const timeval& t) { return static_cast<double>(t.tv_sec) * 1e6 + static_cast<double>(t.tv_usec); };
  return of(used.ru_utime) + of(used.ru_stime);
}

/// Where bodies go; empty: nowhere.
std::string file;

int create(const std::string& path) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) fail("open " + path);
  return fd;
}

/// Knows that a head ends with an empty line and where the length stands; nothing else.
void bare(std::uint16_t port, const std::string& path, int count) {
  const int s = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(s, reinterpret_cast<sockaddr*>(&to), sizeof to) < 0) fail("connect");
  const int on = 1;
  ::setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  const std::string ask = "GET " + path + " HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
  std::vector<char> room(64 * 1024);
  for (int i = 0; i < count; ++i) {
    if (::send(s, ask.data(), ask.size(), MSG_NOSIGNAL) < 0) fail("send");
    ssize_t got = ::recv(s, room.data(), room.size(), 0);
    const std::string_view in(room.data(), static_cast<std::size_t>(got < 0 ? 0 : got));
    const auto end = in.find("\r\n\r\n");
    const auto length = in.find("Content-Length: ");
    if (end == in.npos || length == in.npos) fail("no head");
    auto left = std::atoll(in.data() + length + 16) - static_cast<long long>(in.size() - end - 4);
    const int to = file.empty() ? -1 : create(file);
    if (to >= 0 && ::write(to, in.data() + end + 4, in.size() - end - 4) < 0) fail("write");
    while (left > 0 && (got = ::recv(s, room.data(), room.size(), 0)) > 0) {
      left -= got;
      if (to >= 0 && ::write(to, room.data(), static_cast<std::size_t>(got)) != got) fail("write");
    }
    if (to >= 0) ::close(to);
  }
  ::close(s);
}

void ours(std::uint16_t port, const std::string& path, int count) {
  th::client client;
  const std::string url = "http://127.0.0.1:" + std::to_string(port) + path;
  for (int i = 0; i < count; ++i) {
    if (!file.empty()) {
      th::download_options how;
      how.sync = false;
      const auto done = th::download(client, url, file, std::move(how));
      if (!done) fail(done.error().message());
      continue;
    }
    auto answer = client.open(url);
    if (!answer) fail(answer.error().message());
    const auto read = th::pull_each(answer->body, [](std::string_view) { return th::result<void>(); });
    if (!read) fail(read.error().message());
  }
}

void curl(std::uint16_t port, const std::string& path, int count) {
  CURL* handle = ::curl_easy_init();
  const std::string url = "http://127.0.0.1:" + std::to_string(port) + path;
  ::curl_easy_setopt(handle, CURLOPT_URL, url.c_str());
  std::size_t (*drop)(char*, std::size_t, std::size_t, void*) = [](char*, std::size_t a, std::size_t b, void*) { return a * b; };
  ::curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, drop);
  for (int i = 0; i < count; ++i) {
    std::FILE* const to = file.empty() ? nullptr : std::fopen(file.c_str(), "wb");  // as the curl program does
    if (to != nullptr) ::curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, nullptr);
    if (to != nullptr) ::curl_easy_setopt(handle, CURLOPT_WRITEDATA, to);
    if (::curl_easy_perform(handle) != CURLE_OK) fail("curl");
    if (to != nullptr) std::fclose(to);
  }
  ::curl_easy_cleanup(handle);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 5) return std::fputs("fetch bare|tinyhttp|curl PORT PATH COUNT [FILE]\n", stderr), 2;
  if (argc > 5) file = argv[5];
  const std::string_view who = argv[1];
  const auto port = static_cast<std::uint16_t>(std::atoi(argv[2]));
  const int count = std::atoi(argv[4]);
  const auto run = who == "bare" ? bare : who == "curl" ? curl : ours;
  run(port, argv[3], 1);
  const double before = cpu_microseconds();
  run(port, argv[3], count);
  std::printf("{\"cpu_us\": %.3f}\n", (cpu_microseconds() - before) / count);
}
