// Preloaded into a program, kills it in front of its n-th call that changes a file.
//
//   LD_PRELOAD=kill_at.so KILL_AT=17 KILL_WRITES=1000 fetch -C -o f URL
//
// KILL_AT  which call, from 1 on; 0: never. KILL_WRITES  octets that a write takes at most, so that
// there are many places. fsync is counted, but not made: a kill does not care, and it takes long.
// Programs compiled with _FILE_OFFSET_BITS=64, which is Meson's way, call the names that end in 64.
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/types.h>
#include <unistd.h>

#include <atomic>
#include <cstdarg>
#include <cstddef>
#include <cstdlib>

namespace {

long number(const char* name) {
  const char* const text = std::getenv(name);
  return text == nullptr ? 0 : std::atol(text);
}

void step() {
  static const long place = number("KILL_AT");
  static std::atomic<long> made{0};
  if (++made == place) ::kill(::getpid(), SIGKILL);
}

std::size_t taken(std::size_t size) {
  static const auto most = static_cast<std::size_t>(number("KILL_WRITES"));
  return most > 0 && size > most ? most : size;
}

template <class F>
F* real(const char* name) {
  return reinterpret_cast<F*>(::dlsym(RTLD_NEXT, name));
}

int open_or_die(const char* path, int flags, mode_t mode) {
  if ((flags & O_CREAT) != 0) step();
  static auto* const call = real<int(const char*, int, mode_t)>("open");
  return call(path, flags | O_LARGEFILE, mode);
}
ssize_t pwrite_or_die(int fd, const void* octets, std::size_t size, off_t at) {
  step();
  static auto* const call = real<ssize_t(int, const void*, std::size_t, off_t)>("pwrite");
  return call(fd, octets, taken(size), at);
}
int ftruncate_or_die(int fd, off_t size) {
  step();
  static auto* const call = real<int(int, off_t)>("ftruncate");
  return call(fd, size);
}

}  // namespace

// What variadic callers pass: a mode with O_CREAT, else nothing.
#define PASS_ON_OPEN(name)                                                   \
  int name(const char* path, int flags, ...) {                               \
    va_list rest;                                                            \
    va_start(rest, flags);                                                   \
    const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(rest, mode_t) : 0;   \
    va_end(rest);                                                            \
    return open_or_die(path, flags, mode);                                   \
  }

extern "C" {

PASS_ON_OPEN(open)
PASS_ON_OPEN(open64)
ssize_t write(int fd, const void* octets, std::size_t size) {
  step();
  static auto* const call = real<ssize_t(int, const void*, std::size_t)>("write");
  return call(fd, octets, taken(size));
}
ssize_t pwrite(int fd, const void* octets, std::size_t size, off_t at) {
  return pwrite_or_die(fd, octets, size, at);
}
ssize_t pwrite64(int fd, const void* octets, std::size_t size, off64_t at) {
  return pwrite_or_die(fd, octets, size, at);
}
int ftruncate(int fd, off_t size) noexcept { return ftruncate_or_die(fd, size); }
int ftruncate64(int fd, off64_t size) noexcept { return ftruncate_or_die(fd, size); }
int rename(const char* from, const char* to) noexcept {
  step();
  static auto* const call = real<int(const char*, const char*)>("rename");
  return call(from, to);
}
int unlink(const char* path) noexcept {
  step();
  static auto* const call = real<int(const char*)>("unlink");
  return call(path);
}
int fsync(int) {
  step();
  return 0;
}

}
