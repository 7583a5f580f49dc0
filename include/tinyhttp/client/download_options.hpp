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
  shared<hasher> sum = {};  // of this download alone while it runs; without one, `hex` is an error
  std::string hex = {};              // in digits of either case; both empty: nothing is checked
};

/// How a file is downloaded; each download takes its own options.
struct download_options {
  call_options call = {};   // what to ask; its body may be sent again, so it is no stream
  bool resume = true;       // go on with `PATH.part`, if there is one that can be gone on with
  bool any_status = false;  // keep the body of any answer but a 304; else only that of a 200
                            // a 206 is kept where `call` has a Range of its own, and only there
  bool sync = true;         // fsync before the rename: the file is there after a power cut, too
  std::uint64_t limit = std::numeric_limits<std::uint64_t>::max();  // octets of the whole file

  retry_options retry = {};     // none unless asked for; each goes on with what has come
  expected_digest digest = {};  // else the file is an error, and its part is removed

  /// Connections at once, each with a range of the file, 16 at most. One does it all where the
  /// server has no ranges, no strong validator or no length for the file, or the file is short.
  std::size_t parallel = 1;
  std::uint64_t smallest_piece = std::uint64_t{1} << 20;  // octets worth a connection; at least 1

  /// Told how far it is, at most once in `progress_every` and at the end; false ends the download
  /// with an error of kind `cancelled`, and the part stays. In parallel: in any of the threads, one
  /// at a time. To end a download while nothing comes, cancel `client_options::stop`.
  function<bool(const download_progress&)> progress = {};
  std::chrono::milliseconds progress_every{100};

  clock* time = nullptr;  // for pauses and rates, of a kind that blocks; null: the system's
};

/// The outcome of a download.
struct download_report {
  response head;              // its body has gone into the file
  std::string path = {};      // of the file, symbolic links resolved
  std::uint64_t octets = 0;   // size of the file
  std::uint64_t resumed = 0;  // octets of it that an earlier download had left
  std::size_t retries = 0;    // attempts after the first
};

}  // namespace tinyhttp
