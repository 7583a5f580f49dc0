// tinyhttp/testing/fake_server.hpp -- a file server for tests: perfect until told to misbehave, and
// then exact to the octet.
//
// It listens on 127.0.0.1 and a free port from construction to destruction. It has one thread of its
// own. Every member function may be called from any thread.
#pragma once

#include <tinyhttp/app/handler.hpp>
#include <tinyhttp/core/chrono.hpp>
#include <tinyhttp/core/shared.hpp>
#include <tinyhttp/files/static_files.hpp>
#include <tinyhttp/http/percent.hpp>
#include <tinyhttp/net/address.hpp>
#include <tinyhttp/testing/behaviors.hpp>
#include <tinyhttp/testing/fake_host.hpp>
#include <tinyhttp/testing/journal.hpp>
#include <tinyhttp/testing/rules.hpp>
#include <tinyhttp/testing/stepping.hpp>
#include <tinyhttp/testing/verdict.hpp>

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <unistd.h>

namespace tinyhttp::testing {

/// A file server for unit tests. See examples/test_a_downloader.cpp and docs/testing.md.
///
///     fake_server srv;
///     srv.file("/fw.img", pattern(3_MiB, 7)).etag("\"v1\"");
///     srv.on("/fw.img", cut(after{500'000}).times(1).then(serve()));
///     CHECK(download(srv.url("/fw.img")).ok);
///     CHECK(srv.saw(get("/fw.img")).exactly(2));
///
/// A request is answered by the matching rule that was declared last, else by the file of its path,
/// else by the longest mount, else with 404. Paths that do not begin with `/` throw `bad_result`.
class fake_server {
 public:
  /// Throws `bad_result` if it cannot listen.
  template <class = void>  // compiled only where it is used, like what it starts
  explicit fake_server(fake_server_options with = {}) : host_(std::make_unique<fake_host>(std::move(with))) {}
  fake_server(const fake_server&) = delete;
  fake_server& operator=(const fake_server&) = delete;
  /// Prints the journal to stderr, once, if a verdict was false, a lambda threw or an exception is in flight. Does nothing in a
  /// child of fork: the server belongs to the parent.
  ~fake_server();

  /// `http://127.0.0.1:PORT` and `path`; a literal address, as `localhost` may mean two. `https://` with TLS. Octets
  /// that a URL may not contain, such as a blank, are escaped; existing escapes stay. `url("")` ends after the port.
  [[nodiscard]] std::string url(std::string_view path = "/") const {
    if (!path.empty()) check_path(path);
    std::string made = host_->origin();
    const auto query = path.find('?');
    append_missing_escapes(made, path.substr(0, query), unescaped::path);
    if (query != path.npos) append_missing_escapes(made += '?', path.substr(query + 1), unescaped::query);
    return made;
  }
  [[nodiscard]] std::uint16_t port() const noexcept { return host_->port(); }
  /// The path of the Unix-domain socket, if it listens on one.
  [[nodiscard]] const std::string& unix_path() const noexcept { return host_->unix_path(); }

  // With TLS (testing_tls.hpp); otherwise these are empty.
  /// A file with the CA certificate that clients should trust: `curl --cacert`. Removed with the server.
  [[nodiscard]] const std::string& ca_file() const noexcept { return host_->ca_file(); }
  /// A file with a certificate and key that a client can present: `curl --cert`. Removed with the server.
  [[nodiscard]] const std::string& client_certificate_file() const noexcept { return host_->client_file(); }
  /// The contents of these two files.
  [[nodiscard]] std::string ca() const { return tls_text(&fake_security::authority); }
  [[nodiscard]] std::string client_certificate() const { return tls_text(&fake_security::client); }

  /// Declares a file: `path` has these octets from now on; with a `?`, only for that query. The returned
  /// handle sets more: `.etag(...)`, `.type(...)`.
  file_handle file(std::string path, content octets) {
    check_path(path);
    return declare_file(host_->shared().rules, std::move(path), std::move(octets));
  }
  /// Serves a directory's files below `prefix`, as they are on disk. Throws `bad_result`.
  void mount(std::string prefix, const std::string& directory);
  /// The same, but a function answers, or recorded answers: see `recorded` in recording.hpp.
  void mount(std::string prefix, mounted answers);

  /// Answers requests for `path` (or those that match) like this, in preference to earlier rules.
  void on(std::string path, behavior b, source_line at = source_line::here()) {
    on(any(std::move(path)), std::move(b), at);
  }
  void on(matcher m, behavior b, source_line at = source_line::here());
  /// Lets the test answer the next matching request step by step, by calls: see `expected_exchange`.
  [[nodiscard]] expected_exchange expect(matcher m, source_line at = source_line::here());
  /// Removes every rule; files and mounts stay.
  void forget_rules() {
    host_->shared().rules.edit([](rule_set& set) { set.rules.clear(); });
  }

  /// Every request so far, in order of arrival. Waits a moment for acknowledgements of what has been
  /// sent, so that `acked` is what the client has.
  [[nodiscard]] std::vector<exchange> journal() const;
  [[nodiscard]] sightings saw(matcher m) const { return {std::move(m), journal(), host_->shared().journal}; }
  /// These came in this order, `saw_in_order({get("/sums"), get("/fw.img")})`; others may have come between them.
  [[nodiscard]] verdict saw_in_order(std::initializer_list<matcher> wanted) const {
    return came_in_order(wanted, journal(), host_->shared().journal);
  }
  /// Waits until `count` matching requests have come.
  [[nodiscard]] verdict wait_for(const matcher& m, std::size_t count = 1,
                                 std::chrono::milliseconds at_most = patience()) const {
    return host_->shared().journal.wait_for(m, count, at_most, false);
  }
  /// Waits until `count` matching requests have come and their exchanges are over, in whatever way.
  [[nodiscard]] verdict wait_for_end(const matcher& m, std::size_t count = 1,
                                     std::chrono::milliseconds at_most = patience()) const {
    return host_->shared().journal.wait_for(m, count, at_most, true);
  }
  /// Calls `f`, on the server's thread, with each exchange that is over, and when the server ends with those
  /// still running. What `f` uses must outlive the server. Call this before the first request. `f` must not call
  /// this server: its journal is locked meanwhile, and at the end its thread is gone.
  void on_over(function<void(const exchange&)> f) { host_->shared().journal.on_over(std::move(f)); }
  /// No request went to a path that has nothing, none was malformed, and no lambda threw. Otherwise it names the rule
  /// or file that is nearest.
  [[nodiscard]] verdict quiet() const;
  /// Every rule was met by a request, and every script has come to its last entry. Rules that were
  /// removed do not count.
  [[nodiscard]] verdict all_played() const;
  /// Such requests do not make `quiet()` false.
  void tolerate(matcher m) {
    host_->shared().rules.edit([&](rule_set& set) { set.tolerated.push_back(std::move(m)); });
  }

  /// Refuses connections from now on, but keeps the port. Open connections stay open.
  void refuse() { host_->refuse(); }
  /// Listens again on the same port; also ends `blackhole`.
  void accept() { host_->accept(); }
  /// Makes connecting neither succeed nor fail from now on: the first packet gets no answer.
  void blackhole() { host_->blackhole(); }
  /// Closes each of the next `n` connections as soon as it is accepted.
  void hang_up(std::size_t n = 1) { host_->hang_up(n); }
  /// Accepts the next `n` connections, but never reads from them or sends anything.
  void ignore_connections(std::size_t n = 1) { host_->ignore_connections(n); }
  /// TLS handshakes end like this from the next connection on: `cut(after{n})`, `reset(after{n})` and
  /// `stall(after{n})` once n octets of ours have been sent, `raw(octets)` in place of our ServerHello. A
  /// handshake with fewer than n octets succeeds. Throws `bad_result` for behaviours that only answers can have.
  /// `ignore_connections` and `hang_up` take effect before any octet.
  void on_handshake(behavior b) { host_->on_handshake(std::move(b)); }
  /// Resets every open connection. Called in a behaviour's lambda, it takes effect soon after that has
  /// returned, so the lambda's answer may still go out.
  void drop_connections() { host_->drop_connections(); }
  [[nodiscard]] std::size_t open_connections() const { return host_->open_connections(); }

  /// Answers the octets `request` without sockets, by the same parser, rules and journal, and returns the
  /// octets of the answer. A behaviour that needs a socket, such as a reset, is named at the end: `[reset]`.
  template <class = void>
  [[nodiscard]] std::string call(std::string_view request) { return host_->call(request); }

  [[nodiscard]] fake_host& host() noexcept { return *host_; }

 private:
  static void check_path(std::string_view path) {
    if (path.starts_with('/')) return;
    throw bad_result(error(error_kind::invalid_argument, "fake_server: path \"" + std::string(path) + "\" does not begin with /"));
  }
  [[nodiscard]] std::string tls_text(std::string fake_security::* which) const {
    return host_->security() != nullptr ? host_->security()->*which : std::string();
  }

  std::unique_ptr<fake_host> host_;
  pid_t process_ = ::getpid();
  int exceptions_ = std::uncaught_exceptions();
};

// ---------------------------------------------------------------------------------------------

namespace detail {

/// A test waited for one of these rules to reach a gate or a step, and it did not.
[[nodiscard]] inline bool waited_in_vain(const rule_set& set) {
  for (const auto& rule : set.rules)
    for (const auto& each : rule->then.acts()) {
      if ((each.steps && each.steps->has_failure()) || (each.slice_gate && each.slice_gate->has_failure())) return true;
      for (const auto& event : each.events)
        if (event.gate && event.gate->has_failure()) return true;
    }
  return false;
}

}  // namespace detail

inline fake_server::~fake_server() {
  if (::getpid() != process_) {
    static_cast<void>(host_.release());  // no thread of it is here, and its sockets and files are shared
    return;
  }
  const auto& book = host_->shared().journal;
  const bool wrong = book.has_failure() || std::uncaught_exceptions() > exceptions_ ||
                     detail::waited_in_vain(*host_->shared().rules.current());
  if (!wrong) return;
  try {
    const std::string text = "fake_server " + url("/") + ": " + to_text(journal());
    std::fputs(text.c_str(), stderr);
  } catch (...) {  // no memory for it
  }
  if (std::getenv("TINYHTTP_TEST_PAUSE") != nullptr) {
    std::fprintf(stderr, "%s is still up; press Enter to go on\n", url("/").c_str());
    for (int c = std::getchar(); c != '\n' && c != EOF;) c = std::getchar();
  }
}

inline void fake_server::mount(std::string prefix, const std::string& directory) {
  while (prefix.ends_with('/')) prefix.pop_back();
  if (!prefix.empty()) check_path(prefix);
  static_files_options how;
  how.strip_prefix = prefix;
  how.dot_files = true;
  how.cache_control.clear();
  mount(std::move(prefix),
        [files = static_files(directory, std::move(how))](request& r, exchange& x, std::string_view) {
          auto made = files(r);
          response answer = std::move(made).get();
          x.matched = answer.status != status::not_found && answer.status != status::method_not_allowed;
          return answer;
        });
}

inline void fake_server::mount(std::string prefix, mounted answers) {
  while (prefix.ends_with('/')) prefix.pop_back();
  if (!prefix.empty()) check_path(prefix);
  shared<const fake_mount> made(new fake_mount{std::move(prefix), std::move(answers)});
  host_->shared().rules.edit([&](rule_set& set) { set.mounts.push_back(std::move(made)); });
}

inline void fake_server::on(matcher m, behavior b, source_line at) {
  shared<const rule> made(new rule(std::move(m), std::move(b), at));
  host_->shared().rules.edit([&](rule_set& set) { set.rules.push_back(std::move(made)); });
}

inline expected_exchange fake_server::expect(matcher m, source_line at) {
  act one;
  one.what = act::kind::stepped;
  one.chosen = true;
  one.name = "step by step";
  one.steps = shared<stepping>(new stepping(m.text() + ", expected at " + at.text()));
  expected_exchange made(one.steps);
  on(std::move(m), behavior(std::move(one)).times(1), at);
  return made;
}

inline std::vector<exchange> fake_server::journal() const {
  host_->settle();
  return host_->shared().journal.snapshot();
}

namespace detail {

/// How many octets two paths have in common at the beginning and at the end.
[[nodiscard]] inline std::size_t likeness(std::string_view a, std::string_view b) noexcept {
  const std::size_t most = a.size() < b.size() ? a.size() : b.size();
  std::size_t front = 0, back = 0;
  while (front < most && a[front] == b[front]) ++front;
  while (back < most - front && a[a.size() - 1 - back] == b[b.size() - 1 - back]) ++back;
  return front + back;
}

/// A line about the file that `x` may have meant; empty if there is none.
[[nodiscard]] inline std::string nearest_file(const rule_set& set, const exchange& x) {
  const auto wanted = x.path_and_query();
  const std::string* nearest = nullptr;
  std::size_t most = wanted.size() / 2 + 1;  // less is no likeness: the slash is all paths'
  for (const auto& [path, file] : set.files) {
    const std::size_t like = likeness(path, wanted);
    if (like <= most) continue;
    nearest = &path;
    most = like;
  }
  if (nearest == nullptr) return {};
  if (x.status == 405) return "     a file answers GET and HEAD; for others there are rules\n";
  return "     the nearest path that has a file: " + *nearest + "\n";
}

/// A line about the rule that is for the path of `x`, but not for `x`, or about a file; nothing, where there is none.
[[nodiscard]] inline std::string nearest_rule(const rule_set& set, const exchange& x) {
  if (x.matched || !x.failure.empty()) return {};
  const rule* nearest = nullptr;
  matcher::difference least{.far = 2000, .why = {}};  // as far as another path is
  for (const auto& each : set.rules) {
    auto miss = each->when.miss(x);
    if (miss.far >= least.far) continue;
    nearest = each.get();
    least = std::move(miss);
  }
  if (nearest == nullptr) return nearest_file(set, x);
  return "     the rule at " + nearest->written.text() + " is for " + nearest->when.text() + ": " +
         (least.far > 0 ? least.why : "its script is over") + "\n";
}

}  // namespace detail

inline verdict fake_server::quiet() const {
  const auto all = journal();
  const auto rules = host_->shared().rules.current();
  std::string wrong;
  for (const auto& each : all) {
    bool fine = each.failure.empty() && each.thrown.empty() && each.matched;
    for (const auto& m : rules->tolerated) fine = fine || m.matches(each);
    if (!fine) wrong += each.line() + "\n" + detail::nearest_rule(*rules, each);
  }
  if (wrong.empty()) return {true, {}};
  host_->shared().journal.note_failure();
  return {false, "expected only requests that something was declared for, saw\n" + wrong};
}

inline verdict fake_server::all_played() const {
  std::string left;
  const auto rules = host_->shared().rules.current();
  for (const auto& each : rules->rules) {
    const std::size_t needed = each->then.least(), met = each->met.load(std::memory_order_relaxed);
    if (met >= needed) continue;
    left += "     the rule at " + each->written.text() + " for " + each->when.text() + ": " + each->then.name() + ", met " +
            ascii::to_decimal(met) + " of " + ascii::to_decimal(needed) + " times\n";
  }
  if (left.empty()) return {true, "every rule was met\n"};
  host_->shared().journal.note_failure();
  return {false, "expected every rule to be met and every script to come to its end, not so\n" + left + to_text(journal())};
}

}  // namespace tinyhttp::testing
