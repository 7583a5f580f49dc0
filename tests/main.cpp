// tests/main.cpp -- Catch2's main, which also keeps a journal of what ran, for tests/run.
//
// TINYHTTP_TEST_LIST=1     print "file<TAB>name" of every selected test case, and run none
// TINYHTTP_TEST_JOURNAL=F  append "started|passed|failed<TAB>name" to file F as test cases come and go
//
// A test that calls `skip` (skip.hpp) is "skipped<TAB>name<TAB>why" there.
// The journal tells which test a crash or a hang belongs to, and what was not run because of it.
#define CATCH_CONFIG_RUNNER
#include "catch.hpp"

#include "skip.hpp"

#include <cstdio>
#include <cstdlib>
#include <string>

namespace {

std::string skipped;  // why the running test cannot do all it would

#if __has_include(<catch2/catch_all.hpp>)
using listener_base = Catch::EventListenerBase;
const Catch::TestCaseInfo& info_of(const Catch::TestCaseHandle& test) {
  return test.getTestCaseInfo();
}
#else
using listener_base = Catch::TestEventListenerBase;
const Catch::TestCaseInfo& info_of(const Catch::TestCase& test) { return test; }
#endif

void note(const char* what, const std::string& name) {
  static std::FILE* const journal = [] {
    const char* file = std::getenv("TINYHTTP_TEST_JOURNAL");
    return file != nullptr ? std::fopen(file, "ae") : nullptr;
  }();
  if (journal == nullptr) return;
  std::fprintf(journal, "%s\t%s\n", what, name.c_str());
  std::fflush(journal);
}

class journal_listener : public listener_base {
 public:
  using listener_base::listener_base;

  void testCaseStarting(const Catch::TestCaseInfo& info) override {
    listener_base::testCaseStarting(info);
    name_ = info.name;
    skipped.clear();
    note("started", name_);
  }

  void testCaseEnded(const Catch::TestCaseStats& stats) override {
    listener_base::testCaseEnded(stats);
    const auto& assertions = stats.totals.assertions;
    if (assertions.total() == 0) {
      std::fprintf(stderr, "\"%s\" asserts nothing, so it counts as failed\n", name_.c_str());
    }
    const bool passed = stats.totals.testCases.failed == 0 && assertions.total() > 0;
    if (passed && !skipped.empty()) return note("skipped", name_ + "\t" + skipped);
    note(passed ? "passed" : "failed", name_);
  }

 private:
  std::string name_;
};

CATCH_REGISTER_LISTENER(journal_listener)

void list(const Catch::IConfig& config) {
  const auto& all = Catch::getAllTestCasesSorted(config);
  const auto chosen =
      config.hasTestFilters() ? Catch::filterTests(all, config.testSpec(), config) : all;
  for (const auto& test : chosen) {
    const auto& info = info_of(test);
    if (!config.hasTestFilters() && info.isHidden()) continue;
    std::printf("%s\t%s\n", info.lineInfo.file, info.name.c_str());
  }
}

}  // namespace

void skip(const std::string& why) {
  SUCCEED(why);
  skipped = why;
}

int main(int argc, char** argv) {
  Catch::Session session;
  if (const int error = session.applyCommandLine(argc, argv); error != 0) return error;
  if (std::getenv("TINYHTTP_TEST_LIST") != nullptr) {
    list(session.config());
    return 0;
  }
  return session.run();
}
