// A file server that is perfect until told to misbehave: for tests in shell, Python, Rust, anything.
//
//   $ ./fake_file_server --file /fw.img=3MiB:seed7 --on '/fw.img cut 500000 x1' &
//   listening on http://127.0.0.1:40441/
//   $ curl -sO http://127.0.0.1:40441/fw.img
//    #1 c1.1 GET /fw.img  200  500000/3145728 acked  cut after 500000  FIN
//
// `fake_file_server --help` has the options and the behaviours. The first line says where it listens;
// then a line for each exchange that is over, and as a JSON object a line in FILE. Lines that nobody
// reads are dropped rather than waited for; FILE has them all. SIGTERM and SIGINT end it with status 0.
// --tls needs OpenSSL: see `what needs a library`.

#include <tinyhttp/server/signals.hpp>
#include <tinyhttp/testing/fake_server.hpp>
#include <tinyhttp/testing/recording.hpp>
#include <tinyhttp/testing/script.hpp>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <poll.h>
#include <unistd.h>

#ifdef FAKE_WITH_TLS
#include <tinyhttp/testing_tls.hpp>
#include <tinyhttp/tls.hpp>
#endif

namespace th = tinyhttp;
namespace tt = tinyhttp::testing;

constexpr const char* help =
    "usage: fake_file_server [--port N] [--dir /mount=DIR]... [--file /path=SIZE[:seedN]]...\n"
    "                        [--text /path=TEXT]... [--on '[GET] /path BEHAVIOUR']... [--journal FILE]\n"
    "                        [--recorded '/mount=DIR[ URL]']...\n"
    "                        [--tls FILE [--certificate KIND]]\n";
constexpr const char* more_help =
    "\n"
    "SIZE is in octets, or 64KiB, 3MiB, 10GiB. In a /path of --on, * is any run of octets; a method\n"
    "may stand before it: 'GET /f cut 5 x1' leaves HEAD alone.\n"
    "The last --on that fits a request answers it; when its script is over, the one before.\n"
    "BEHAVIOUR, joined by blanks, with xN for so many requests, and `then` before what comes next:\n"
    "  what    serve  reply CODE  redirect URL  raw FILE  swap SEED  ignore-range\n"
    "          basic-auth USER:PASS  retry-after S (503)  flaky PERCENT SEED\n"
    "  line    cut N  reset N  stall N  pause N MS  flip-bit N  throttle BYTES/s  tiny-writes N\n"
    "  lies    length N  double-length N  no-length  extra TEXT  chunked N  bad-chunks\n"
    "          no-last-chunk  noise CODE  bare-lf  close\n"
    "  upload  early (answered before the request's body is read)  early N (N octets into it)\n"
    "N counts octets of the body; @N is a place in the file, head before the head, head+N in it,\n"
    "  request before the request's body, request+N in it.\n"
    "--recorded: answers as the files in DIR do, which are made by asking what stands below URL, where one is\n"
    "  given, for what is not there yet.\n"
    "--tls: speaks https, and writes into FILE whom to trust (curl --cacert FILE). KIND of certificate:\n"
    "  good  expired  not-yet-valid  self-signed  unknown-authority  other-host\n"
    "example: --file /f=3MiB:seed7 --on '/f cut 500000 x1 then reset @1MiB x1'\n";

[[noreturn]] void usage(const std::string& problem) {
  std::fprintf(stderr, "fake_file_server: %s\n%s", problem.c_str(), help);
  std::exit(2);
}

// ---- what needs a library -----------------------------------------------------------------------

#ifdef FAKE_WITH_TLS  // g++ ... -DFAKE_WITH_TLS -lssl -lcrypto
std::shared_ptr<const tt::fake_security> security(const std::string& ca_file, const std::string& certificate) {
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
std::shared_ptr<const tt::fake_security> security(const std::string&, const std::string&) {
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

// `/path` and what stands behind the first `between`.
std::pair<std::string, std::string> split(const std::string& option, const std::string& value, char between) {
  const auto at = value.find(between);
  if (at == value.npos || value[0] != '/') usage(option + " " + value + ": expected /path" + between + "...");
  return {value.substr(0, at), value.substr(at + 1)};
}

template <class T>
T checked(const std::string& option, th::result<T> got) {
  if (!got) usage(option + ": " + got.error().message());
  return std::move(*got);
}

// `nth`: of the options, for the journal to name the rule by.
void declare(tt::fake_server& srv, const std::string& option, const std::string& value, int nth) {
  if (option == "--on") {
    const auto at = value.find(' ');
    const std::string method = value[0] == '/' || at == value.npos ? "" : value.substr(0, at);
    auto [path, script] = split(option, method.empty() ? value : value.substr(at + 1), ' ');
    return srv.on(tt::matcher(method, path), checked(option, tt::parse_behavior(script)), {"--on", nth});
  }
  auto [path, what] = split(option, value, '=');
  if (option == "--dir" || option == "--recorded") try {
      if (option == "--dir") return srv.mount(path, what);
      tt::recording_options from{.mode = tt::record_mode::replay};
      const auto blank = what.rfind(' ');
      if (blank != what.npos) {
        from.from = what.substr(blank + 1);
        from.mode = tt::record_mode::missing;
        if (from.from.starts_with("https:")) from.asking.tls = client_security();
      }
      return srv.mount(path, tt::recorded(what.substr(0, blank), std::move(from)));
    } catch (const th::bad_result& failed) {
      usage(option + " " + value + ": " + failed.what());
    }
  srv.file(path, option == "--text" ? tt::text(what) : checked(option, tt::parse_content(what)));
}

int main(int argc, char** argv) try {
  tt::fake_server_options with{.journal = 16 << 20};  // for as long as it runs; the lines are written at once
  std::vector<std::pair<std::string, std::string>> said;
  std::FILE* journal = nullptr;
  std::string ca_file, certificate;
  for (int i = 1; i < argc; i += 2) {
    const std::string option = argv[i];
    if (option == "--help" || option == "-h") return std::printf("%s%s", help, more_help), 0;
    const bool known = option == "--port" || option == "--journal" || option == "--dir" || option == "--file" ||
                       option == "--text" || option == "--on" || option == "--recorded" || option == "--tls" || option == "--certificate";
    if (!known) usage("unknown option " + option);
    if (i + 1 == argc || *argv[i + 1] == '\0') usage(option + ": something is missing behind it");
    const std::string value = argv[i + 1];
    if (option == "--port") {
      const auto port = th::ascii::parse_decimal_strict(value, 65535);
      if (!port) usage("--port " + value + ": not a number from 0 to 65535");
      with.port = static_cast<std::uint16_t>(*port);
    } else if (option == "--journal") {
      journal = std::fopen(value.c_str(), "we");
      if (journal == nullptr) usage("--journal " + value + ": cannot be written");
    } else if (option == "--tls") {
      ca_file = value;
    } else if (option == "--certificate") {
      certificate = value;
    } else {
      said.emplace_back(option, value);
    }
  }

  if (ca_file.empty() && !certificate.empty()) usage("--certificate goes with --tls");
  if (!ca_file.empty()) with.tls = security(ca_file, certificate.empty() ? "good" : certificate);

  std::signal(SIGPIPE, SIG_IGN);
  th::signal_wait stop{SIGINT, SIGTERM};
  {
    tt::fake_server srv(with);
    int rules = 0;
    for (const auto& [option, value] : said) declare(srv, option, value, rules += option == "--on");
    srv.on_over([journal](const tt::exchange& x) {
      if (journal != nullptr) {
        std::fprintf(journal, "%s\n", x.json().c_str());
        std::fflush(journal);
      }
      tell(x.line());  // who has read it finds the other in the file
    });
    tell("listening on " + srv.url());
    stop.wait();
  }
  const bool lost = journal != nullptr && std::ferror(journal) != 0;
  if (lost || (journal != nullptr && std::fclose(journal) != 0))
    return std::fputs("fake_file_server: --journal: not every line could be written\n", stderr), 1;
} catch (const std::exception& failed) {
  return std::fprintf(stderr, "fake_file_server: %s\n", failed.what()), 1;
}
