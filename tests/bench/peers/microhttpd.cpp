// libmicrohttpd: one thread, epoll.  microhttpd PORT DIRECTORY
#include <microhttpd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static MHD_Result answer(void* directory, MHD_Connection* to, const char* url, const char*, const char*,
                         const char*, size_t*, void** seen) {
  static int mark;
  if (*seen == nullptr) return *seen = &mark, MHD_YES;
  MHD_Response* made = nullptr;
  if (std::strcmp(url, "/hello") == 0) {
    static char text[] = "Hello, World!";
    made = MHD_create_response_from_buffer(13, text, MHD_RESPMEM_PERSISTENT);
    MHD_add_response_header(made, "Content-Type", "text/plain; charset=utf-8");
  } else {
    const int file = ::open((static_cast<const char*>(directory) + std::string(url)).c_str(), O_RDONLY);
    struct stat facts {};
    if (file < 0 || ::fstat(file, &facts) < 0) return MHD_NO;
    made = MHD_create_response_from_fd64(static_cast<uint64_t>(facts.st_size), file);
  }
  const MHD_Result queued = MHD_queue_response(to, 200, made);
  MHD_destroy_response(made);
  return queued;
}

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  auto* running = MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD, static_cast<uint16_t>(std::atoi(argv[1])), nullptr,
                                   nullptr, answer, argv[2], MHD_OPTION_CONNECTION_LIMIT, 20000u, MHD_OPTION_END);
  if (running == nullptr) return std::fputs("microhttpd: cannot listen\n", stderr), 1;
  ::pause();
}
