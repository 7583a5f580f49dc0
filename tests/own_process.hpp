// tests/own_process.hpp -- runs a hidden test case in a process of its own, to see how that exits.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "catch.hpp"

/// What waitpid gives of it: 0 when it passed, and ended well. Freed memory is overwritten there, where glibc frees it. The
/// hidden case has the tag `[.]` alone, so that no choice of tags runs it among others.
inline int status_of_own_process(const char* test_case) {
  std::vector<char*> with;
  for (char** each = environ; *each != nullptr; ++each)
    if (!std::string_view(*each).starts_with("TINYHTTP_TEST_")) with.push_back(*each);
  std::string overwritten = "GLIBC_TUNABLES=glibc.malloc.perturb=165:glibc.malloc.tcache_count=0";
  with.insert(with.end(), {overwritten.data(), nullptr});
  std::string program = "/proc/self/exe", name = test_case;
  char* const words[] = {program.data(), name.data(), nullptr};
  posix_spawn_file_actions_t silent;
  ::posix_spawn_file_actions_init(&silent);
  for (const int out : {1, 2}) ::posix_spawn_file_actions_addopen(&silent, out, "/dev/null", 1, 0);
  pid_t process = 0;
  const int failed = ::posix_spawn(&process, words[0], &silent, nullptr, words, with.data());
  ::posix_spawn_file_actions_destroy(&silent);
  REQUIRE(failed == 0);
  int status = -1;
  REQUIRE(::waitpid(process, &status, 0) == process);
  return status;
}
