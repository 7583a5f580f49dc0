// cpp-httplib: its defaults, but for keep-alive without a bound.  httplib PORT DIRECTORY
#include <httplib.h>

#include <cstdlib>

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  httplib::Server server;
  server.new_task_queue = [] { return new httplib::ThreadPool(80); };  // one a connection, or they starve
  server.set_keep_alive_max_count(100'000'000);
  server.set_tcp_nodelay(true);
  server.Get("/hello", [](const httplib::Request&, httplib::Response& r) {
    r.set_content("Hello, World!", "text/plain; charset=utf-8");
  });
  server.set_mount_point("/", argv[2]);
  return server.listen("127.0.0.1", std::atoi(argv[1])) ? 0 : 1;
}
