// tinyhttp/client/download_options.hpp -- the options of a download, and its report.
#pragma once

#include <tinyhttp/client/client.hpp>
#include <tinyhttp/client/progress.hpp>
#include <tinyhttp/client/retry.hpp>
#include <tinyhttp/core/chrono.hpp>
#include <tinyhttp/core/clock.hpp>
#include <tinyhttp/core/function.hpp>
#include <tinyhttp/core/hasher.hpp>
#include <tinyhttp/core/shared.hpp>
#include <tinyhttp/http/response.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>

namespace tinyhttp {

/// The digest that the file must have.
struct expected_digest {
  shared<hasher> sum = {};  // used by this download alone while it runs; without one, `hex` is an error
  std::string hex = {};              // digits in either case; both empty: nothing is checked
};

/// How a file is downloaded; each download takes its own options.
struct download_options {
  call_options call = {};   // the request; its body may be sent again, so it cannot be a stream
  bool resume = true;       // resume `PATH.part`, if there is one that can be resumed
  bool any_status = false;  // keep the body of any answer but a 304; otherwise only that of a 200
                            // a 206 is kept if `call` has a Range of its own, and only then
  bool sync = true;         // fsync before the rename, so that the file survives a power cut
  std::uint64_t limit = std::numeric_limits<std::uint64_t>::max();  // octets of the whole file

  retry_options retry = {};     // none unless set; each resumes from what has arrived
  expected_digest digest = {};  // if it differs, that is an error, and the part is removed

  /// Connections at once, each with a range of the file; at most 16. One connection does it all if the
  /// server has no ranges, no strong validator or no length for the file, or the file is short.
  std::size_t parallel = 1;
  std::uint64_t smallest_piece = std::uint64_t{1} << 20;  // octets that are worth a connection; at least 1

  /// Called with the progress, at most once per `progress_every` and at the end. False ends the download
  /// with an error of kind `cancelled`, and the part stays. With `parallel` it is called by any of the threads,
  /// one at a time. To end a download while nothing arrives, cancel `client_options::stop`.
  function<bool(const download_progress&)> progress = {};
  std::chrono::milliseconds progress_every{100};

  clock* time = nullptr;  // for pauses and rates, a blocking clock; null: the system's
};

/// The outcome of a download.
struct download_report {
  response head;              // the response, without its body, which is in the file
  std::string path = {};      // of the file, symbolic links resolved
  std::uint64_t octets = 0;   // size of the file
  std::uint64_t resumed = 0;  // octets of it from an earlier download
  std::size_t retries = 0;    // attempts after the first
};

}  // namespace tinyhttp
