// What a user of fetch may ask for, and how it is read from the command line. See fetch.cpp.
#pragma once

#include <tinyhttp/client/client.hpp>
#include <tinyhttp/client/proxy.hpp>
#include <tinyhttp/core/chrono.hpp>
#include <tinyhttp/net/address.hpp>
#include <tinyhttp/net/host_map.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

constexpr const char* fetch_help =
    "usage: fetch URL... [options]\n"
    "\n"
    "where it goes\n"
    "  -o FILE                into FILE, by way of FILE.part; one -o for each URL, in order\n"
    "  -O                     every URL into a file named like it\n"
    "  -J                     with -O: named as the server suggests; replaces no file\n"
    "  -i                     show the head of the answer, too\n"
    "  -I                     ask for the head only (HEAD)\n"
    "  -f                     an answer of 400 and above is an error, and its page is not shown\n"
    "  -s                     say nothing about errors; the exit status does\n"
    "  --progress             show how far it is: a bar on a terminal, lines elsewhere\n"
    "\n"
    "what is asked\n"
    "  -L                     follow redirects\n"
    "  --max-redirs N         with -L: follow at most N, 10 by default\n"
    "  -X METHOD              use METHOD\n"
    "  -H 'Name: value'       add a field; 'Name:' leaves a default one out, 'Name;' sends it "
    "empty\n"
    "  -u USER:PASSWORD       say who you are (Basic); another origin is not told\n"
    "  -d DATA                send DATA (POST, application/x-www-form-urlencoded); several are "
    "joined\n"
    "                         by &; @FILE sends the file as it is, line ends too\n"
    "  -F NAME=VALUE          send a form (POST, multipart/form-data) with this field; NAME=@FILE sends\n"
    "                         the file\n"
    "  -b NAME=VALUE          send this cookie; several are joined; another origin is not told\n"
    "  -r RANGE               ask for these bytes only: 0-499, 500-, -500; it is said when others come\n"
    "  --compressed           ask for encodings (gzip and others), and decode the answer\n"
    "\n"
    "files that are whole or an error\n"
    "  -C [-]                 go on with FILE.part if the server still has the same file\n"
    "  --retry N              try again N times what may pass, after 1 s, 2 s, 4 s...\n"
    "  --parallel N           over N connections, if the server has ranges; for files\n"
    "  --digest sha256:HEX    a file whose SHA-256 is another one is an error\n"
    "  --limit BYTES          take at most so much of a body, else fail\n"
    "\n"
    "the way there\n"
    "  -x, --proxy URL        through this proxy: http://, socks5:// or socks5h://; '' for none.\n"
    "                         Else http_proxy and the like are heeded, as curl does\n"
    "  -p                     let the proxy make a tunnel (CONNECT)\n"
    "  --noproxy HOSTS        reach these directly, whatever no_proxy says; * for all\n"
    "  --unix-socket PATH     over this socket instead of TCP\n"
    "  --resolve HOST:PORT:ADDRESS, --connect-to HOST:PORT:HOST:PORT   go there instead\n"
    "  --interface ADDRESS    from this address of ours\n"
    "  --cacert FILE, --capath DIR   trust these authorities instead of the system's\n"
    "  -k, --insecure         trust any server: anybody on the way can read and change everything\n"
    "  -E, --cert FILE, --key FILE   show this certificate to servers that ask for one\n"
    "  -Y, --speed-limit N    give up when less than N octets a second come, for 30 s\n"
    "  -y, --speed-time N     or for N seconds; alone, with a limit of 1\n"
    "  --max-time SECONDS     for each attempt, all in all; -m\n"
    "  --connect-timeout SECONDS   10 by default\n"
    "\n"
    "  --help                 this page\n"
    "\n"
    "Exit status: 0 when every answer was complete (a 404 too, without -f), 1 when one was not, 2 "
    "for bad usage.\n";

struct settings {
  std::vector<std::string> urls;
  std::vector<std::string> files;
  bool name_from_url = false;
  bool name_from_server = false;
  bool show_head = false;
  bool head_only = false;
  bool fail_on_error = false;
  bool silent = false;
  bool progress = false;

  bool follow = false;
  std::size_t max_redirects = 10;
  std::optional<std::string> method;
  std::vector<std::string> field_lines;
  std::string user;
  std::vector<std::string> data;
  std::vector<std::string> form;
  std::string cookies;
  std::string range;
  bool compressed = false;

  bool resume = false;
  std::size_t retries = 0;
  std::size_t connections = 1;
  std::string digest;  // hexadecimal digits of a SHA-256
  std::uint64_t limit = std::numeric_limits<std::uint64_t>::max();

  tinyhttp::client_options way;  // how to get there: sockets, hosts, deadlines
  std::optional<std::optional<tinyhttp::proxy>> proxy;  // empty: what the environment says
  std::optional<std::string> no_proxy;
  bool tunnel = false;

  std::string ca_file;
  std::string ca_directory;
  std::string certificate_file;
  std::string key_file;  // empty: in the certificate's
  bool insecure = false;

  [[nodiscard]] bool uses_tls() const {
    return insecure || !(ca_file + ca_directory + certificate_file + key_file).empty();
  }
  [[nodiscard]] bool sends() const { return !data.empty() || !form.empty(); }
};

// Says what is wrong with the command line and ends the program.
[[noreturn]] inline void misuse(const std::string& what) {
  std::fprintf(stderr, "fetch: %s; try fetch --help\n", what.c_str());
  std::exit(2);
}

inline std::uint64_t to_number(std::string_view option, std::string_view text, std::uint64_t most) {
  if (const auto number = tinyhttp::ascii::parse_decimal_strict(text, most)) return *number;
  misuse(std::string(option) + " wants a number, not \"" + std::string(text) + "\"");
}

inline std::chrono::milliseconds to_time(std::string_view option, std::string_view text) {
  const std::string digits(text);
  char* end = nullptr;
  const double seconds = std::strtod(digits.c_str(), &end);
  if (digits.find_first_not_of("0123456789.") != digits.npos || *end != '\0' || !(seconds >= 0.001) || seconds > 1e9)
    misuse(std::string(option) + " wants seconds, not \"" + std::string(text) + "\"");
  return std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000));
}

inline std::string to_digest(const std::string& text) {
  constexpr std::string_view kind = "sha256:";
  bool good = text.starts_with(kind) && text.size() == kind.size() + 64;
  for (std::size_t i = kind.size(); good && i < text.size(); ++i)
    good = tinyhttp::ascii::hex_value(text[i]) >= 0;
  if (!good) misuse("--digest wants sha256: and 64 hexadecimal digits, not \"" + text + "\"");
  return text.substr(kind.size());
}

// What the library made of an operand; what it says of a bad one ends the program.
template <class T>
T checked(const std::string& option, tinyhttp::result<T> made) {
  if (!made) misuse(option + ": " + made.error().message());
  return std::move(*made);
}

inline void add_part(settings& s, const std::string& part) {
  const auto mark = part.find('=');
  if (mark == part.npos || part.substr(mark + 1).starts_with('<'))  // curl puts a file's text there
    misuse("-F wants NAME=VALUE or NAME=@FILE, not \"" + part + "\"");
  s.form.push_back(part);
}

inline void add_cookie(settings& s, const std::string& cookie) {
  if (cookie.find('=') == cookie.npos)  // curl reads a file of that name
    misuse("-b wants NAME=VALUE, not \"" + cookie + "\"");
  s.cookies.append(s.cookies.empty() ? "" : "; ").append(cookie);
}

inline void set_proxy(settings& s, const std::string& option, const std::string& url) {
  s.proxy.emplace();
  if (!url.empty()) s.proxy->emplace(checked(option, tinyhttp::parse_proxy(url)));
}

inline void add_host(settings& s, const std::string& option,
                     tinyhttp::result<tinyhttp::net::host_mapping> read) {
  s.way.hosts.push_back(checked(option, std::move(read)));
}

inline void set_local_address(settings& s, const std::string& option, const std::string& text) {
  const auto read = tinyhttp::net::address::parse(text, 0);
  if (!read) misuse(option + " wants an address, not \"" + text + "\"");
  s.way.local_address = *read;
}

inline void set_speed_time(settings& s, const std::string& option, const std::string& seconds) {
  s.way.least_rate_window = to_time(option, seconds);
  if (s.way.least_rate == 0) s.way.least_rate = 1;
}

// One option without an operand, or false.
inline bool set_flag(settings& s, std::string_view option) {
  const struct {
    std::string_view name;
    bool settings::*flag;
  } flags[] = {
      {"-O", &settings::name_from_url},     {"-J", &settings::name_from_server},
      {"-i", &settings::show_head},         {"-I", &settings::head_only},
      {"-f", &settings::fail_on_error},     {"-s", &settings::silent},
      {"-L", &settings::follow},            {"--progress", &settings::progress},
      {"-p", &settings::tunnel},
      {"--compressed", &settings::compressed},
      {"-k", &settings::insecure},          {"--insecure", &settings::insecure},
  };
  for (const auto& each : flags)
    if (each.name == option) return s.*each.flag = true;
  return false;
}

// What an option with an operand does; null if there is none of that name.
using setter = void (*)(settings& s, const std::string& option, const std::string& operand);

inline setter setter_of(std::string_view option) {
  using text = const std::string&;
  const struct {
    std::string_view name;
    setter set;
  } operands[] = {
      {"-o", [](settings& s, text, text file) { s.files.push_back(file); }},
      {"-X", [](settings& s, text, text method) { s.method = method; }},
      {"-H", [](settings& s, text, text line) { s.field_lines.push_back(line); }},
      {"-u", [](settings& s, text, text user) { s.user = user; }},
      {"-d", [](settings& s, text, text data) { s.data.push_back(data); }},
      {"-F", [](settings& s, text, text part) { add_part(s, part); }},
      {"-b", [](settings& s, text, text cookie) { add_cookie(s, cookie); }},
      {"-r", [](settings& s, text, text range) { s.range = range; }},
      {"--max-time", [](settings& s, text o, text t) { s.way.total_timeout = to_time(o, t); }},
      {"-m", [](settings& s, text o, text t) { s.way.total_timeout = to_time(o, t); }},
      {"--connect-timeout", [](settings& s, text o, text t) { s.way.connect_timeout = to_time(o, t); }},
      {"--proxy", [](settings& s, text o, text url) { set_proxy(s, o, url); }},
      {"-x", [](settings& s, text o, text url) { set_proxy(s, o, url); }},
      {"--noproxy", [](settings& s, text, text hosts) { s.no_proxy = hosts; }},
      {"--unix-socket", [](settings& s, text, text path) { s.way.unix_path = path; }},
      {"--resolve", [](settings& s, text o, text t) { add_host(s, o, tinyhttp::net::parse_host_addresses(t)); }},
      {"--connect-to", [](settings& s, text o, text t) { add_host(s, o, tinyhttp::net::parse_connect_to(t)); }},
      {"--interface", [](settings& s, text o, text t) { set_local_address(s, o, t); }},
      {"--cacert", [](settings& s, text, text file) { s.ca_file = file; }},
      {"--capath", [](settings& s, text, text directory) { s.ca_directory = directory; }},
      {"--cert", [](settings& s, text, text file) { s.certificate_file = file; }},
      {"-E", [](settings& s, text, text file) { s.certificate_file = file; }},
      {"--key", [](settings& s, text, text file) { s.key_file = file; }},
      {"--speed-limit", [](settings& s, text o, text n) { s.way.least_rate = to_number(o, n, 1 << 30); }},
      {"-Y", [](settings& s, text o, text n) { s.way.least_rate = to_number(o, n, 1 << 30); }},
      {"--speed-time", [](settings& s, text o, text t) { set_speed_time(s, o, t); }},
      {"-y", [](settings& s, text o, text t) { set_speed_time(s, o, t); }},
      {"--max-redirs", [](settings& s, text o, text n) { s.max_redirects = to_number(o, n, 1000); }},
      {"--limit", [](settings& s, text o, text n) { s.limit = to_number(o, n, s.limit); }},
      {"--retry", [](settings& s, text o, text n) { s.retries = to_number(o, n, 1000); }},
      {"--parallel", [](settings& s, text o, text n) { s.connections = to_number(o, n, 16); }},
      {"--digest", [](settings& s, text, text digest) { s.digest = to_digest(digest); }},
  };
  for (const auto& each : operands)
    if (each.name == option) return each.set;
  return nullptr;
}

// Ends the program when the options do not go together.
inline void check(const settings& s) {
  if (s.urls.empty()) misuse("no URL");
  if (s.files.size() > s.urls.size()) misuse("more -o than URLs");
  if (s.name_from_url && !s.files.empty()) misuse("-O or -o, not both");
  if (s.name_from_server && !s.name_from_url) misuse("-J goes with -O");
  if (s.head_only && s.sends()) misuse("-I sends no -d or -F");
  if (!s.data.empty() && !s.form.empty()) misuse("-d or -F, not both");
  if (!s.user.empty() && s.user.find(':') == s.user.npos) misuse("-u wants USER:PASSWORD");
  const bool all_files = s.name_from_url || s.files.size() == s.urls.size();
  const std::string for_files = s.resume            ? "-C"
                                : s.connections > 1 ? "--parallel"
                                : !s.digest.empty() ? "--digest"
                                                    : "";
  if (for_files.empty()) return;
  if (!all_files) misuse(for_files + " needs -o FILE for each URL");
  if (s.show_head || s.head_only || !s.range.empty() || s.sends() || s.method || s.compressed)
    misuse(for_files + " goes with none of -i -I -r -d -F -X --compressed");
}

// `-iL` is `-i -L`, and `-oX` is `-o X`.
inline settings read_arguments(int argc, char** argv) {
  settings s;
  const std::vector<std::string> all(argv + 1, argv + argc);
  std::size_t at = 0;
  const auto operand = [&](const std::string& option) -> const std::string& {
    if (at == all.size()) misuse(option + " wants an operand");
    return all[at++];
  };
  bool only_urls = false;
  while (at < all.size()) {
    const std::string argument = all[at++];
    if (only_urls || argument.size() < 2 || argument[0] != '-') {
      s.urls.push_back(argument);
    } else if (argument == "--") {
      only_urls = true;
    } else if (argument == "--help") {
      std::fputs(fetch_help, stdout);
      std::exit(0);
    } else if (argument.starts_with("--")) {
      if (set_flag(s, argument)) continue;
      const setter set = setter_of(argument);
      if (set == nullptr) misuse("unknown option " + argument);
      set(s, argument, operand(argument));
    } else {
      for (std::size_t i = 1; i < argument.size(); ++i) {
        const std::string option{'-', argument[i]};
        const std::string behind = argument.substr(i + 1);
        if (set_flag(s, option)) continue;
        if (option == "-C") {  // curl wants a `-` behind it
          s.resume = true;
          if (behind == "-") break;
          if (behind.empty() && at < all.size() && all[at] == "-") ++at;
          continue;
        }
        const setter set = setter_of(option);
        if (set == nullptr) misuse("unknown option " + option);
        set(s, option, behind.empty() ? operand(option) : behind);
        break;
      }
    }
  }
  check(s);
  return s;
}
