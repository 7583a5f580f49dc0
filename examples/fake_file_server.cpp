// A file server that is perfect until told to misbehave: for tests in shell, Python, Rust, anything.
//
//   $ ./fake_file_server --file /fw.img=3MiB:seed7 --on '/fw.img cut 500000 x1' &
//   listening on http://127.0.0.1:40441/
//   $ curl -sO http://127.0.0.1:40441/fw.img
//    #1 c1.1 GET /fw.img  200  500000/3145728 acked  cut after 500000  FIN
//
// `fake_file_server --help` has the options and the behaviours. The first line says where it listens;
// then a line for each exchange that is over, and as a JSON object a line in FILE. Lines that nobody
// reads are dropped rather than waited for; FILE has them all. SIGTERM and SIGINT end it, with status 0, or 1
// when something did not come as --expect or --strict said, which stderr names. Wrong arguments are one line and
// status 2. --tls needs OpenSSL: see `what needs a library`.

#include <tinyhttp/testing/fake_server.hpp>
#include <tinyhttp/testing/recording.hpp>
#include <tinyhttp/testing/script.hpp>
#include <tinyhttp/testing/script_rules.hpp>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <poll.h>
#include <pthread.h>
#include <unistd.h>

#ifdef FAKE_WITH_TLS
#include <tinyhttp/testing_tls.hpp>
#include <tinyhttp/tls.hpp>
#endif

namespace th = tinyhttp;
namespace tt = tinyhttp::testing;

constexpr const char* help =
    "usage: fake_file_server [--port N] [--dir /mount=DIR]... [--file /path=SIZE[:seedN]]...\n"
    "          [--text /path=TEXT]... [--etag /path=TAG]... [--header '/path=NAME: VALUE']...\n"
    "          [--no-validators /path]... [--on 'REQUESTS BEHAVIOUR']... [--journal FILE [--body SIZE]]\n"
    "          [--expect 'REQUESTS [xN|xN+]']... [--strict [--tolerate REQUESTS]...] [--until-eof]\n"
    "          [--recorded '/mount=DIR[ URL]']... [--tls FILE [--certificate KIND]] [--hang-up N] [--ignore N]\n"
    "\n"
    "SIZE is in octets, or 64KiB, 3MiB, 10GiB. --etag, --header and --no-validators say more of a --file or --text\n"
    "  before them.\n"
    "REQUESTS: [METHOD] /path, where * is any run of octets, and what they have: with NAME:VALUE  with NAME\n"
    "  without NAME  with-body TEXT. 'GET /f with Range cut 5 x1' leaves HEAD alone, and who asks for all of it.\n"
    "The last --on that fits a request answers it; when its script is over, the one before.\n"
    "BEHAVIOUR, joined by blanks, with xN for so many requests, and `then` before what comes next:\n"
    "  what    serve  reply CODE [body TEXT]  redirect URL  raw FILE  swap SEED  ignore-range\n"
    "          basic-auth USER:PASS  retry-after S (503)  flaky PERCENT SEED\n"
    "  fields  header NAME:VALUE  without-header NAME  etag TAG  trailer NAME:VALUE\n"
    "  line    cut N  reset N  stall N  pause N MS  flip-bit N  throttle BYTES/s  tiny-writes N\n"
    "  lies    length N  double-length N  no-length  extra TEXT  chunked N  bad-chunks\n"
    "          no-last-chunk  noise CODE  bare-lf  close\n"
    "  upload  early (answered before the request's body is read)  early N (N octets into it)\n"
    "N counts octets of the body; @N is a place in the file, head before the head, head+N in it,\n"
    "  request before the request's body, request+N in it. Words with blanks stand in quotes of either kind.\n"
    "--expect: so many of these requests, xN+ for that many or more; one if nothing is said. --strict: no request for\n"
    "  what nothing was declared for, but those of --tolerate, and every --on played to its end. What was not so\n"
    "  is on stderr at the end, with the journal, and the status is 1.\n"
    "--hang-up: the first N connections are closed unread; --ignore: and the next N neither read nor answered.\n"
    "--until-eof: ends when standard input does, too. --body: so much of each request's body is in FILE.\n"
    "--recorded: answers as the files in DIR do, which are made by asking what stands below URL, where one is\n"
    "  given, for what is not there yet.\n"
    "--tls: speaks https, and writes into FILE whom to trust (curl --cacert FILE). KIND of certificate:\n"
    "  good  expired  not-yet-valid  self-signed  unknown-authority  other-host\n"
    "example: --file /f=3MiB:seed7 --on '/f cut 500000 x1 then reset @1MiB x1' --expect 'GET /f x3' --strict\n";

[[noreturn]] void usage(const std::string& problem) {
  std::fprintf(stderr, "fake_file_server: %s (see --help)\n", problem.c_str());
  std::exit(2);
}

// ---- what needs a library -----------------------------------------------------------------------

#ifdef FAKE_WITH_TLS  // g++ ... -DFAKE_WITH_TLS -lssl -lcrypto
th::shared<const tt::fake_security> security(const std::string& ca_file, const std::string& certificate) {
  const std::pair<const char*, tt::tls> kinds[] = {
      {"good", tt::tls()},
      {"expired", tt::tls().expired()},
      {"not-yet-valid", tt::tls().not_yet_valid()},
      {"self-signed", tt::tls().self_signed()},
      {"unknown-authority", tt::tls().unknown_authority()},
      {"other-host", tt::tls().host("other.example")},
  };
  for (const auto& [name, kind] : kinds) {
    if (certificate != name) continue;
    auto made = kind.make();
    std::FILE* const file = std::fopen(ca_file.c_str(), "we");
    const bool written = file != nullptr && std::fputs(made->authority.c_str(), file) >= 0;
    if (file == nullptr || std::fclose(file) != 0 || !written) usage("--tls " + ca_file + ": cannot be written");
    return made;
  }
  usage("--certificate " + certificate + ": no such kind");
}
std::shared_ptr<const th::net::secure_context> client_security() { return th::tls_client_context().value(); }
#else
th::shared<const tt::fake_security> security(const std::string&, const std::string&) {
  usage("--tls is not in this build: it needs -DFAKE_WITH_TLS and OpenSSL");
}
std::shared_ptr<const th::net::secure_context> client_security() { return nullptr; }
#endif

// ---- the command line ---------------------------------------------------------------------------

// A line for whoever reads it. One who does not, or has gone, holds up no download.
void tell(std::string line) {
  line.resize(line.size() < 4000 ? line.size() : 4000);  // what a pipe takes at once, where it takes any
  pollfd out{STDOUT_FILENO, POLLOUT, 0};
  if (::poll(&out, 1, 0) != 1 || (out.revents & POLLOUT) == 0) return;
  std::printf("%s\n", line.c_str());
  std::fflush(stdout);
}

// `/path` and what stands behind the first `=`.
std::pair<std::string, std::string> split(const std::string& option, const std::string& value) {
  const auto at = value.find('=');
  if (at == value.npos || value[0] != '/') usage(option + " '" + value + "': expected /path=...");
  return {value.substr(0, at), value.substr(at + 1)};
}

template <class T>
T checked(const std::string& option, const std::string& value, th::result<T> got) {
  if (!got) usage(option + " '" + value + "': " + got.error().message());
  return std::move(*got);
}

struct said {
  std::string option, value;
};

// What the command line declares, one by one.
class declarations {
 public:
  explicit declarations(tt::fake_server& srv) : srv_(srv) {}

  void take(const std::string& option, const std::string& value) try {
    if (option == "--on") {
      auto rule = checked(option, value, tt::parse_rule(value));
      return srv_.on(std::move(rule.when), std::move(rule.then), {"--on", ++rules_});  // for the journal to name it by
    }
    if (option == "--tolerate") return srv_.tolerate(checked(option, value, tt::parse_requests(value)));
    if (option == "--no-validators") return void(file(option, value, value).no_validators());
    const auto [path, what] = split(option, value);
    if (option == "--dir") return srv_.mount(path, what);
    if (option == "--recorded") return record(path, what);
    if (option == "--etag") return void(file(option, value, path).etag(tt::parse_etag(what)));
    if (option == "--header") {
      const auto colon = what.find(':');
      if (colon == what.npos) usage(option + " '" + value + "': expected /path=NAME: VALUE");
      return void(file(option, value, path).header(what.substr(0, colon), th::ascii::trim(std::string_view(what).substr(colon + 1))));
    }
    files_.emplace(path, srv_.file(path, option == "--text" ? tt::text(what) : checked(option, value, tt::parse_content(what))));
  } catch (const std::exception& failed) {
    usage(option + " '" + value + "': " + failed.what());
  }

 private:
  tt::file_handle& file(const std::string& option, const std::string& value, const std::string& path) {
    const auto found = files_.find(path);
    if (found == files_.end()) usage(option + " '" + value + "': no --file or --text of that path stands before it");
    return found->second;
  }
  void record(const std::string& path, const std::string& what) {
    tt::recording_options from{.mode = tt::record_mode::replay};
    const auto blank = what.rfind(' ');
    if (blank != what.npos) {
      from.from = what.substr(blank + 1);
      from.mode = tt::record_mode::missing;
      if (from.from.starts_with("https:")) from.asking.tls = client_security();
    }
    srv_.mount(path, tt::recorded(what.substr(0, blank), std::move(from)));
  }

  tt::fake_server& srv_;
  std::map<std::string, tt::file_handle> files_;
  int rules_ = 0;
};

// ---- the end ------------------------------------------------------------------------------------

// Waits for SIGTERM, SIGINT, or the end of standard input. The signals stay blocked: who sends two of them
// gets the status, too.
void wait_for_the_end(const sigset_t& signals, bool until_eof) {
  if (until_eof)
    std::thread([] {
      char ignored[256];
      while (::read(STDIN_FILENO, ignored, sizeof ignored) > 0) {
      }
      ::kill(::getpid(), SIGTERM);
    }).detach();
  int came = 0;
  while (sigwait(&signals, &came) != 0) {
  }
}

// Says what a false verdict says. The journal behind it is printed once, by the server's end.
bool holds(const std::string& about, const tt::verdict& v) {
  if (v) return true;
  const auto end = v.text().rfind("\njournal (");
  std::fprintf(stderr, "fake_file_server: %s: %s", about.c_str(), v.text().substr(0, end == std::string::npos ? end : end + 1).c_str());
  return false;
}

bool came_as_said(const tt::fake_server& srv, const std::vector<std::pair<std::string, tt::written_wish>>& wishes, bool strict) {
  bool well = true;
  for (const auto& [value, wish] : wishes) {
    const auto seen = srv.saw(wish.of);
    well = holds("--expect '" + value + "'", wish.or_more ? seen.at_least(wish.count) : seen.exactly(wish.count)) && well;
  }
  if (strict) well = holds("--strict", srv.quiet()) && well;
  if (strict) well = holds("--strict", srv.all_played()) && well;
  const auto journal = srv.journal();
  const bool forgot = (strict || !wishes.empty()) && !journal.empty() && journal.front().number > 1;
  if (forgot) std::fputs("fake_file_server: the journal is full and has forgotten its begin: nobody can tell what came\n", stderr);
  return well && !forgot;
}

int main(int argc, char** argv) try {
  tt::fake_server_options with;
  std::vector<said> declared;
  std::vector<std::pair<std::string, tt::written_wish>> wishes;
  std::FILE* journal = nullptr;
  std::string ca_file, certificate;
  std::uint64_t body = 0, hang_up = 0, ignore = 0;
  bool strict = false, until_eof = false;
  for (int i = 1; i < argc; ++i) {
    const std::string option = argv[i];
    if (option == "--help" || option == "-h") return std::fputs(help, stdout), 0;
    if (option == "--strict" || option == "--until-eof") {
      (option == "--strict" ? strict : until_eof) = true;
      continue;
    }
    constexpr std::string_view known[] = {"--port", "--journal", "--body", "--dir", "--file", "--text", "--etag", "--header", "--no-validators",
                                          "--on", "--expect", "--tolerate", "--recorded", "--tls", "--certificate", "--hang-up", "--ignore"};
    if (std::find(std::begin(known), std::end(known), option) == std::end(known)) usage("unknown option " + option);
    if (i + 1 == argc || *argv[i + 1] == '\0') usage(option + ": something is missing behind it");
    const std::string value = argv[++i];
    if (option == "--port") {
      const auto port = th::ascii::parse_decimal_strict(value, 65535);
      if (!port) usage("--port " + value + ": not a number from 0 to 65535");
      with.port = static_cast<std::uint16_t>(*port);
    } else if (option == "--journal") {
      journal = std::fopen(value.c_str(), "we");
      if (journal == nullptr) usage("--journal " + value + ": cannot be written");
    } else if (option == "--body") {
      const auto size = tt::parse_size(value);
      if (!size) usage("--body " + value + ": no size, such as 500000, 64KiB, 3MiB");
      body = *size;
    } else if (option == "--hang-up" || option == "--ignore") {
      const auto count = th::ascii::parse_decimal_strict(value, 1'000'000);
      if (!count) usage(option + " " + value + ": not a number of connections");
      (option == "--ignore" ? ignore : hang_up) = *count;
    } else if (option == "--expect") {
      wishes.emplace_back(value, checked(option, value, tt::parse_wish(value)));
    } else if (option == "--tls") {
      ca_file = value;
    } else if (option == "--certificate") {
      certificate = value;
    } else {
      declared.push_back({option, value});
    }
  }

  if (ca_file.empty() && !certificate.empty()) usage("--certificate goes with --tls");
  if (body > 0 && journal == nullptr) usage("--body goes with --journal");
  if (!ca_file.empty()) with.tls = security(ca_file, certificate.empty() ? "good" : certificate);
  if (!strict && wishes.empty()) with.journal = 16 << 20;  // for as long as it runs; the lines are written at once
  if (body > with.body) with.body = body;

  std::signal(SIGPIPE, SIG_IGN);
  sigset_t signals;
  sigemptyset(&signals);
  for (const int number : {SIGINT, SIGTERM}) sigaddset(&signals, number);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);  // of the server's thread, too
  bool well = true;
  {
    tt::fake_server srv(with);
    srv.hang_up(static_cast<std::size_t>(hang_up));
    srv.ignore_connections(static_cast<std::size_t>(ignore));
    declarations all(srv);
    for (const auto& [option, value] : declared) all.take(option, value);
    srv.on_over([journal, body](const tt::exchange& x) {
      if (journal != nullptr) {
        std::fprintf(journal, "%s\n", x.json(body).c_str());
        std::fflush(journal);
      }
      tell(x.line());  // who has read it finds the other in the file
    });
    tell("listening on " + srv.url());
    wait_for_the_end(signals, until_eof);
    well = came_as_said(srv, wishes, strict);
  }
  const bool lost = journal != nullptr && std::ferror(journal) != 0;
  if (lost || (journal != nullptr && std::fclose(journal) != 0))
    return std::fputs("fake_file_server: --journal: not every line could be written\n", stderr), 1;
  return well ? 0 : 1;
} catch (const std::exception& failed) {
  return std::fprintf(stderr, "fake_file_server: %s\n", failed.what()), 1;
}
