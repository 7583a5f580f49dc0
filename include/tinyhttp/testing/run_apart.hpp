// tinyhttp/testing/run_apart.hpp -- calls a function many times in parallel, isolated because it may crash or hang.
//
// In processes of their own, or in threads. Knows nothing of servers and downloads.
#pragma once

#include <tinyhttp/core/ascii.hpp>
#include <tinyhttp/core/chrono.hpp>
#include <tinyhttp/core/owned_list.hpp>
#include <tinyhttp/core/thread.hpp>
#include <tinyhttp/testing/units.hpp>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace tinyhttp::testing {

/// How one call ended.
struct run_outcome {
  enum class kind : std::uint8_t { content, failed, hung, crashed };
  kind how = kind::crashed;
  std::string text;  // the content, or why it failed
};

/// For each `i` below `count`: calls `prepare(i)`, which returns an argument; then calls `f` with it, apart; then
/// `done(i)`. `f` returns something like an optional string. `prepare` and `done` are called in this thread, `forked`
/// in each new process. The object that `still` returns is held while a process is made. If the system has no process
/// or thread for a call, it counts as crashed, and its text says so.
template <class Prepare, class Done, class Still, class Forked, class F>
[[nodiscard]] std::vector<run_outcome> run_apart(std::size_t count, std::size_t at_once,
                                                 std::chrono::milliseconds time_limit, bool in_processes,
                                                 const Prepare& prepare, const Done& done, const Still& still,
                                                 const Forked& forked, const F& f);

// ---------------------------------------------------------------------------------------------

namespace detail {

/// Calls `f` here and says how that went.
template <class F>
run_outcome run_here(const F& f, const std::string& argument) {
  try {
    auto got = f(argument);
    if (got) return {run_outcome::kind::content, std::string(std::move(*got))};
    if constexpr (requires { got.error().message(); })
      return {run_outcome::kind::failed, std::string(got.error().message())};
    return {run_outcome::kind::failed, {}};
  } catch (const std::exception& thrown) {
    return {run_outcome::kind::failed, thrown.what()};
  } catch (...) {
    return {run_outcome::kind::crashed, "threw something that is no std::exception"};
  }
}

/// A process that runs `f` and writes the outcome, a digit and a text, into a pipe.
struct running_child {
  std::size_t index = 0;
  pid_t process = -1;
  int pipe = -1;
  std::string said;
  std::chrono::steady_clock::time_point until;
};

inline void write_whole(int to, std::string_view octets) noexcept {
  while (!octets.empty()) {
    const auto count = ::write(to, octets.data(), octets.size());
    if (count < 0 && errno != EINTR) return;
    if (count > 0) octets.remove_prefix(static_cast<std::size_t>(count));
  }
}

/// In a new process: a crash is to be one at once, without a framework's report and a core file.
inline void let_crash() noexcept {
  for (const int each : {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL}) ::signal(each, SIG_DFL);
  const rlimit none{0, 0};
  ::setrlimit(RLIMIT_CORE, &none);
}

template <class Forked, class F>
running_child start_child(std::size_t index, const Forked& forked, const F& f, const std::string& argument) {
  running_child made;
  made.index = index;
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return made;
  made.process = ::fork();
  if (made.process == 0) {
    ::close(ends[0]);
    let_crash();
    forked();
    const auto got = run_here(f, argument);
    const char how = static_cast<char>('0' + static_cast<int>(got.how));
    write_whole(ends[1], std::string(1, how) + got.text);
    ::_exit(0);  // nothing of ours is torn down here
  }
  ::close(ends[1]);
  if (made.process < 0) ::close(ends[0]);
  else made.pipe = ends[0];
  return made;
}

/// Waits for the end of a child whose pipe has ended, or which is out of time.
inline run_outcome end_child(running_child& child, bool out_of_time) {
  if (out_of_time) ::kill(child.process, SIGKILL);
  int status = 0;
  while (::waitpid(child.process, &status, 0) < 0 && errno == EINTR) {
  }
  ::close(child.pipe);
  if (out_of_time) return {run_outcome::kind::hung, {}};
  if (WIFSIGNALED(status))
    return {run_outcome::kind::crashed, "signal " + ascii::to_decimal(static_cast<std::uint64_t>(WTERMSIG(status)))};
  if (child.said.empty())
    return {run_outcome::kind::crashed, "exit status " + ascii::to_decimal(static_cast<std::uint64_t>(WEXITSTATUS(status)))};
  return {static_cast<run_outcome::kind>(child.said[0] - '0'), child.said.substr(1)};
}

/// Reads what children say until one of them has ended or is out of time; true for the latter.
inline std::size_t wait_for_child(std::vector<running_child>& children, bool& out_of_time) {
  for (;;) {
    std::vector<pollfd> set;
    const auto now = std::chrono::steady_clock::now();
    auto first = children.front().until;
    for (std::size_t i = 0; i < children.size(); ++i) {
      out_of_time = children[i].until <= now;
      if (out_of_time) return i;
      if (children[i].until < first) first = children[i].until;
      set.push_back({children[i].pipe, POLLIN, 0});
    }
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(first - now);
    if (::poll(set.data(), static_cast<nfds_t>(set.size()), static_cast<int>(left.count())) <= 0) continue;
    for (std::size_t i = 0; i < children.size(); ++i) {
      if (set[i].revents == 0) continue;
      std::array<char, 65536> room;
      const auto count = ::read(children[i].pipe, room.data(), room.size());
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) return i;
      children[i].said.append(room.data(), static_cast<std::size_t>(count));
    }
  }
}

/// A call in a thread.
template <class F>
struct running_thread {
  const F& f;
  std::string argument;
  run_outcome& got;
  threading::thread by{};

  static void run(void* of) noexcept {
    auto& self = *static_cast<running_thread*>(of);
    self.got = run_here(self.f, self.argument);
  }
};

/// The calls of `begin` to `end`, all at once.
template <class Prepare, class Done, class F>
void run_in_threads(std::vector<run_outcome>& all, std::size_t begin, std::size_t end, const Prepare& prepare,
                    const Done& done, const F& f) {
  owned_list<running_thread<F>> calls;  // all of them first: what `prepare` throws must find no thread
  for (std::size_t i = begin; i < end; ++i) {
    all[i].text = "cannot start a thread";  // until it has run
    calls.push_back(owned(new running_thread<F>{f, prepare(i), all[i]}));
  }
  for (auto& each : calls) static_cast<void>(each.by.start(each.run, &each));
  for (auto& each : calls) each.by.join();
  for (std::size_t i = begin; i < end; ++i) done(i);
}

}  // namespace detail

template <class Prepare, class Done, class Still, class Forked, class F>
std::vector<run_outcome> run_apart(std::size_t count, std::size_t at_once, std::chrono::milliseconds time_limit,
                                   bool in_processes, const Prepare& prepare, const Done& done,
                                   const Still& still, const Forked& forked, const F& f) {
  std::vector<run_outcome> all(count);
  if (at_once == 0) at_once = 1;
  if (!in_processes) {
    for (std::size_t begin = 0; begin < count; begin += at_once) {
      const std::size_t end = begin + at_once < count ? begin + at_once : count;
      detail::run_in_threads(all, begin, end, prepare, done, f);
    }
    return all;
  }
  std::vector<detail::running_child> running;
  struct end_all {  // when something is thrown
    std::vector<detail::running_child>& of;
    ~end_all() {
      for (auto& each : of) static_cast<void>(detail::end_child(each, true));
    }
  } const guard{running};
  for (std::size_t next = 0; next < count || !running.empty();) {
    if (next < count && running.size() < at_once) {
      const std::string argument = prepare(next);
      auto child = [&] {
        const auto held = still();
        return detail::start_child(next, forked, f, argument);
      }();
      child.until = std::chrono::steady_clock::now() + time_limit;
      if (child.pipe >= 0) running.push_back(std::move(child));
      else all[next].text = "cannot start a process";
      ++next;
      continue;
    }
    bool out_of_time = false;
    const std::size_t which = detail::wait_for_child(running, out_of_time);
    all[running[which].index] = detail::end_child(running[which], out_of_time);
    done(running[which].index);
    running.erase(running.begin() + static_cast<std::ptrdiff_t>(which));
  }
  return all;
}

}  // namespace tinyhttp::testing
