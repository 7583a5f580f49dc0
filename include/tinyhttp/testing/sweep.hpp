// tinyhttp/testing/sweep.hpp -- a cut and a reset at every octet of a response, head and body.
//
// Checks one property of a download: it returns the file or an error, and nothing in between.
#pragma once

#include <tinyhttp/core/ascii.hpp>
#include <tinyhttp/testing/fake_server.hpp>
#include <tinyhttp/testing/run_apart.hpp>
#include <tinyhttp/testing/verdict.hpp>

#include <cstddef>
#include <cstdint>
#include <string>

namespace tinyhttp::testing {

/// The options of `sweep_cuts`.
struct sweep_options {
  std::uint64_t size = 256;  // octets of the file
  bool heal = false;         // answers the second request of each run in full: for downloads that retry
};

/// Calls `download(url)` (as `torture` does, but in this thread) once for each position and way to end.
/// False at the first run that returns content other than the file's.
template <class Download>
[[nodiscard]] verdict sweep_cuts(const Download& download, sweep_options with = {});

// ---------------------------------------------------------------------------------------------

template <class Download>
verdict sweep_cuts(const Download& download, sweep_options with) {
  fake_server srv;
  const content file = pattern(with.size, 7);
  srv.file("/f", file).etag("\"v1\"");
  const std::string whole = srv.call("GET /f HTTP/1.1\r\nHost: t\r\n\r\n");
  const std::uint64_t head = whole.size() - with.size;
  std::size_t runs = 0;
  for (std::uint64_t n = 0; n < whole.size(); ++n) {
    const position at = n < head ? position(in_head{n}) : position(after{n - head});
    for (const behavior& end : {cut(at), reset(at)}) {
      srv.forget_rules();
      srv.on("/f", with.heal ? end.times(1) : end);
      const auto got = detail::run_here(download, srv.url("/f"));
      ++runs;
      const bool fine = got.how == run_outcome::kind::failed ||
                        (got.how == run_outcome::kind::content && got.text == file.octets());
      if (!fine)
        return {false, "sweep: " + end.name() + ": claimed " + ascii::to_decimal(got.text.size()) + " of " +
                           ascii::to_decimal(with.size) + " octets\n" + srv.journal().back().line() + "\n"};
    }
  }
  return {true, ascii::to_decimal(runs) + " runs"};
}

}  // namespace tinyhttp::testing
