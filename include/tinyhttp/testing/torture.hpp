// tinyhttp/testing/torture.hpp -- runs a download against everything that can go wrong, and grades it.
//
// Right, clean error, silent corruption, hang, crash: silent corruption is the one to look for. Each case
// has a fake server of its own. Several cases run at once, each in a process of its own.
#pragma once

#include <tinyhttp/core/ascii.hpp>
#include <tinyhttp/core/chrono.hpp>
#include <tinyhttp/testing/fake_server.hpp>
#include <tinyhttp/testing/run_apart.hpp>
#include <tinyhttp/testing/torture_cases.hpp>
#include <tinyhttp/testing/verdict.hpp>

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tinyhttp::testing {

/// The outcome of one download.
enum class mark : std::uint8_t {
  right,              // the content, octet for octet
  clean_error,        // it reported an error
  needless_error,     // it reported an error although nothing was wrong
  silent_corruption,  // it reported success with other octets
  hang,               // it did not return
  crash,              // a signal, or an exception that is no std::exception
};

/// How the cases run.
struct torture_options {
  /// How long a download may take before it counts as a hang. Your download should time out earlier.
  std::chrono::milliseconds time_limit = patience() * 2;
  std::size_t at_once = 8;
  /// Runs each download in a forked process, so that a crash or a hang ends there. Without it, in threads: for
  /// sanitizers and debuggers, and for code that needs threads that already exist.
  bool isolate = true;
  /// Runs only cases whose name contains this.
  std::string_view only = {};
};

/// The outcome of one case.
struct report_line {
  std::string_view name;
  expected good;
  mark got;
  std::string why;  // the error, or how the octets differ
};

/// The outcomes of all cases. `CHECK(card.all_fine())` prints them if it fails.
class report_card {
 public:
  explicit report_card(std::vector<report_line> lines) : lines_(std::move(lines)) {}

  [[nodiscard]] const std::vector<report_line>& lines() const noexcept { return lines_; }
  [[nodiscard]] std::size_t count(mark m) const noexcept;
  /// No silent corruption, no hang, no crash, and the right content where nothing was wrong.
  [[nodiscard]] verdict all_fine() const;
  /// A line for each case, the bad ones first, and the totals.
  [[nodiscard]] std::string text() const;

 private:
  std::vector<report_line> lines_;
};

/// Runs `download(url)` in every case. It returns `std::optional<std::string>` or `result<std::string>`:
/// the content, or nothing. If it throws a std::exception, that counts as an error.
template <class Download>
[[nodiscard]] report_card torture(const Download& download, torture_options with = {});

[[nodiscard]] inline std::string_view name_of(mark m) noexcept;

// ---------------------------------------------------------------------------------------------

inline std::string_view name_of(mark m) noexcept {
  switch (m) {
    case mark::right: return "right";
    case mark::clean_error: return "clean error";
    case mark::needless_error: return "NEEDLESS ERROR";
    case mark::silent_corruption: return "SILENT CORRUPTION";
    case mark::hang: return "HANG";
    case mark::crash: return "CRASH";
  }
  return "";
}

namespace detail {

/// In a new process: closes what it has inherited of the server on this port.
inline void close_sockets_of(std::uint16_t port) noexcept {
  for (int fd = 3; fd < 4096; ++fd) {
    net::native_address local;
    if (net::os::local_name(fd, local.pointer(), &local.size) < 0) continue;
    if (local.value().port() == port) ::close(fd);
  }
}

/// While this lives, the threads of these servers do nothing. So a process that is forked meanwhile inherits no lock of
/// the standard library that one of them holds, such as those of `_GLIBCXX_DEBUG`.
class standstill {
 public:
  explicit standstill(std::vector<std::unique_ptr<fake_server>>& servers) : standstill() {
    for (auto& each : servers) {
      if (!each) continue;
      each->host().post([this] { stand(); });
      ++asked_;
    }
    wait_for(stand_);
  }
  standstill(const standstill&) = delete;
  standstill& operator=(const standstill&) = delete;
  ~standstill() {
    {
      const std::lock_guard lock(mutex_);
      over_ = true;
    }
    changed_.notify_all();
    wait_for(left_);
  }

 private:
  standstill() = default;  // if the other one throws, this one's end is due
  void stand() {
    std::unique_lock lock(mutex_);
    ++stand_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return over_; });
    ++left_;
    changed_.notify_all();  // within the lock: then it may be gone
  }
  void wait_for(const std::size_t& count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return count == asked_; });
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t asked_ = 0, stand_ = 0, left_ = 0;  // the last two guarded
  bool over_ = false;                             // likewise
};

/// How `got` differs from every content that the file ever had, in words.
[[nodiscard]] inline std::string how_different(std::string_view got) {
  const std::string good = torture_file::first().octets();
  std::size_t same = 0;
  while (same < got.size() && same < good.size() && got[same] == good[same]) ++same;
  return ascii::to_decimal(got.size()) + " octets, of which the first " + ascii::to_decimal(same) + " are the file's";
}

[[nodiscard]] inline report_line mark_of(const torture_case& of, const run_outcome& got) {
  report_line line{of.name, of.good, mark::clean_error, got.text};
  switch (got.how) {
    case run_outcome::kind::hung: line.got = mark::hang; break;
    case run_outcome::kind::crashed: line.got = mark::crash; break;
    case run_outcome::kind::failed:
      if (of.good == expected::content) line.got = mark::needless_error;
      break;
    case run_outcome::kind::content: {
      const bool whole = got.text.size() == torture_file::size;
      const bool good = whole && (torture_file::first().matches(got.text) || torture_file::second().matches(got.text));
      line.got = good ? mark::right : mark::silent_corruption;
      line.why = good ? std::string() : how_different(got.text);
      break;
    }
  }
  return line;
}

}  // namespace detail

template <class Download>
report_card torture(const Download& download, torture_options with) {
  std::vector<const torture_case*> chosen;
  for (const auto& each : torture_cases())
    if (each.name.find(with.only) != each.name.npos) chosen.push_back(&each);
  std::vector<std::unique_ptr<fake_server>> servers(chosen.size());
  const auto prepare = [&](std::size_t i) {
    servers[i] = std::make_unique<fake_server>();
    servers[i]->file("/file", torture_file::first()).etag("\"v1\"");
    chosen[i]->prepare(*servers[i]);
    return servers[i]->url("/file");
  };
  const auto done = [&](std::size_t i) { servers[i].reset(); };
  const auto still = [&] { return detail::standstill(servers); };
  // A connection is not closed while another process has it, too.
  const auto forked = [&] {
    for (const auto& each : servers)
      if (each) detail::close_sockets_of(each->port());
  };
  const auto got = run_apart(chosen.size(), with.at_once, with.time_limit, with.isolate, prepare, done, still, forked,
                             download);
  std::vector<report_line> lines;
  for (std::size_t i = 0; i < chosen.size(); ++i) lines.push_back(detail::mark_of(*chosen[i], got[i]));
  return report_card(std::move(lines));
}

inline std::size_t report_card::count(mark m) const noexcept {
  std::size_t n = 0;
  for (const auto& each : lines_) n += each.got == m ? 1u : 0u;
  return n;
}

inline verdict report_card::all_fine() const {
  return {count(mark::right) + count(mark::clean_error) == lines_.size(), text()};
}

inline std::string report_card::text() const {
  std::string out;
  for (const mark m : {mark::crash, mark::silent_corruption, mark::hang, mark::needless_error, mark::clean_error, mark::right}) {
    for (const auto& each : lines_) {
      if (each.got != m) continue;
      std::string line(name_of(m));
      line.resize(19, ' ');
      line.append(each.name);
      if (!each.why.empty()) {
        line.resize(line.size() < 60 ? 60 : line.size() + 2, ' ');
        line.append(each.why);
      }
      out += line + "\n";
    }
  }
  for (const mark m : {mark::right, mark::clean_error, mark::needless_error, mark::silent_corruption, mark::hang, mark::crash})
    out.append(m == mark::right ? "" : ", ").append(ascii::to_decimal(count(m))).append(" ").append(name_of(m));
  return out + "\n";
}

}  // namespace tinyhttp::testing
