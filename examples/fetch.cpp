// Fetches URLs, with the options that hands know from curl.
//
//   $ ./fetch -i http://localhost:8000/hello.txt
//   HTTP/1.1 200 OK
//   Content-Type: text/plain; charset=utf-8
//   Content-Length: 6
//
//   hello
//   $ ./fetch -C -o big.iso http://localhost:8000/big.iso     # goes on where it was cut off
//   $ ./fetch --help
//
// Exit status: 0 when every answer was complete (a 404 too), 1 when one was not, 2 for bad usage.

#include <tinyhttp/client/client.hpp>
#include <tinyhttp/client/download.hpp>

#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace th = tinyhttp;

// ---- what was asked for -------------------------------------------------------------------------

constexpr const char* help =
    "usage: fetch URL... [options]\n"
    "  -o FILE                into FILE, by way of FILE.part; one -o for each URL, in order\n"
    "  -i                     show the head of the answer, too\n"
    "  -I                     ask for the head only (HEAD)\n"
    "  -L                     follow redirects\n"
    "  -X METHOD              use METHOD\n"
    "  -H 'Name: value'       add a field; 'Name:' leaves a default one out, 'Name;' sends it "
    "empty\n"
    "  -d DATA                send DATA (POST, application/x-www-form-urlencoded); several are "
    "joined\n"
    "                         by &; @FILE sends the file as it is, line ends too\n"
    "  -r RANGE               ask for these bytes only: 0-499, 500-, -500\n"
    "  -C [-]                 with -o: go on with FILE.part if the server still has the same file\n"
    "  --max-time SECONDS     for each URL, all in all\n"
    "  --connect-timeout SECONDS   10 by default\n"
    "  --max-redirs N         with -L: follow at most N, 10 by default\n"
    "  --limit BYTES          take at most so much of a body, else fail\n"
    "  --compressed           not there yet\n"
    "  --help                 this page\n";

struct settings {
  std::vector<std::string> urls;
  std::vector<std::string> files;
  bool show_head = false;
  bool head_only = false;
  bool follow = false;
  bool resume = false;
  std::optional<std::string> method;
  std::vector<std::string> field_lines;
  std::vector<std::string> data;
  std::string range;
  std::chrono::milliseconds max_time{0};
  std::chrono::milliseconds connect_timeout{10'000};
  std::size_t max_redirects = 10;
  std::uint64_t limit = std::numeric_limits<std::uint64_t>::max();
};

// Says what is wrong with the command line and ends the program.
[[noreturn]] void misuse(const std::string& what) {
  std::fprintf(stderr, "fetch: %s; try fetch --help\n", what.c_str());
  std::exit(2);
}

std::uint64_t to_number(std::string_view option, std::string_view text, std::uint64_t most) {
  if (const auto number = th::ascii::parse_decimal_strict(text, most)) return *number;
  misuse(std::string(option) + " wants a number, not \"" + std::string(text) + "\"");
}

std::chrono::milliseconds to_time(std::string_view option, std::string_view text) {
  double seconds = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size() || !(seconds >= 0.001) ||
      seconds > 1e9)
    misuse(std::string(option) + " wants seconds, not \"" + std::string(text) + "\"");
  return std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000));
}

void set(settings& s, std::string_view option, const std::string& operand) {
  if (option == "-o")
    s.files.push_back(operand);
  else if (option == "-X")
    s.method = operand;
  else if (option == "-H")
    s.field_lines.push_back(operand);
  else if (option == "-d")
    s.data.push_back(operand);
  else if (option == "-r")
    s.range = operand;
  else if (option == "--max-time")
    s.max_time = to_time(option, operand);
  else if (option == "--connect-timeout")
    s.connect_timeout = to_time(option, operand);
  else if (option == "--max-redirs")
    s.max_redirects = to_number(option, operand, 1000);
  else if (option == "--limit")
    s.limit = to_number(option, operand, s.limit);
}

settings read_arguments(int argc, char** argv) {
  const std::string_view with_operand = "oXHdr";
  settings s;
  std::vector<std::string> rest(argv + 1, argv + argc);
  bool only_urls = false;
  for (std::size_t i = 0; i < rest.size(); ++i) {
    const std::string argument = rest[i];
    const auto operand = [&](const std::string& option) -> const std::string& {
      if (i + 1 == rest.size()) misuse(option + " wants an operand");
      return rest[++i];
    };
    if (only_urls || argument.size() < 2 || argument[0] != '-') {
      s.urls.push_back(argument);
    } else if (argument == "--") {
      only_urls = true;
    } else if (argument == "--help") {
      std::fputs(help, stdout);
      std::exit(0);
    } else if (argument == "--compressed") {
      misuse("--compressed is not there yet: this version decodes no Content-Encoding");
    } else if (argument == "--max-time" || argument == "--connect-timeout" ||
               argument == "--max-redirs" || argument == "--limit") {
      set(s, argument, operand(argument));
    } else if (argument.starts_with("--")) {
      misuse("unknown option " + argument);
    } else {
      for (std::size_t at = 1; at < argument.size(); ++at) {  // -iL is -i -L, -oX is -o X
        const std::string option{'-', argument[at]};
        const std::string behind = argument.substr(at + 1);
        if (option == "-i")
          s.show_head = true;
        else if (option == "-I")
          s.head_only = true;
        else if (option == "-L")
          s.follow = true;
        else if (option == "-C") {  // curl wants a `-` behind it
          s.resume = true;
          if (behind == "-") break;
          if (behind.empty() && i + 1 < rest.size() && rest[i + 1] == "-") ++i;
        } else if (with_operand.find(argument[at]) != with_operand.npos) {
          set(s, option, behind.empty() ? operand(option) : behind);
          break;
        } else {
          misuse("unknown option " + option);
        }
      }
    }
  }
  if (s.urls.empty()) misuse("no URL");
  if (s.files.size() > s.urls.size()) misuse("more -o than URLs");
  if (s.resume && s.files.size() < s.urls.size()) misuse("-C needs -o FILE for each URL");
  if (s.resume && (s.show_head || s.head_only || !s.range.empty() || !s.data.empty() || s.method))
    misuse("-C goes with none of -i -I -r -d -X");
  if (s.head_only && !s.data.empty()) misuse("-I sends no -d");
  return s;
}

// ---- the request --------------------------------------------------------------------------------

th::result<th::body> body_of(const settings& s) {
  if (s.data.size() == 1 && s.data[0].starts_with('@')) return th::file_body(s.data[0].substr(1));
  std::vector<th::body_piece> pieces;
  for (const std::string& data : s.data) {
    if (!pieces.empty()) pieces.emplace_back("&");
    if (!data.starts_with('@')) {
      pieces.emplace_back(data);
      continue;
    }
    auto file = th::file_body(data.substr(1));
    if (!file) return file.error();
    pieces.emplace_back(*file->slice());
  }
  if (pieces.size() == 1) return th::body(std::get<std::string>(pieces[0]));
  if (pieces.empty()) return th::body();
  return th::body(std::move(pieces));
}

// Turns `Name: value` into a field; the names of those that shall not be sent go to `left_out`.
void add_field(const std::string& line, th::fields& to, std::vector<std::string>& left_out) {
  const auto mark = line.find_first_of(":;");
  const std::string name = line.substr(0, mark);
  const std::string value = mark == line.npos ? "" : line.substr(mark + 1);
  const bool only_name = th::ascii::trim(value).empty();
  const bool fits =
      mark != line.npos && (line[mark] == ':' || only_name) && to.try_add(name, value);
  if (!fits) misuse("-H wants 'Name: value', not \"" + line + "\"");
  if (line[mark] == ':' && only_name) {
    to.remove(name);
    left_out.push_back(th::ascii::to_lower(name));
  }
}

th::result<th::call_options> request_of(const settings& s, std::vector<std::string>& left_out) {
  th::call_options call;
  if (s.head_only) call.method = th::method::head;
  if (!s.data.empty()) call.method = th::method::post;
  if (s.method && !call.method.assign(*s.method))
    misuse("-X wants a method, not \"" + *s.method + "\"");
  for (const std::string& line : s.field_lines) add_field(line, call.fields, left_out);
  if (!s.range.empty() && !call.fields.try_add("Range", "bytes=" + s.range))
    misuse("-r wants a range, not \"" + s.range + "\"");
  auto content = body_of(s);
  if (!content) return content.error();
  call.body = std::move(*content);
  bool says_type = call.fields.contains("Content-Type");
  for (const std::string& name : left_out) says_type = says_type || name == "content-type";
  if (!s.data.empty() && !says_type)
    call.fields.add("Content-Type", "application/x-www-form-urlencoded");
  if (s.follow) call.max_redirects = s.max_redirects;
  return call;
}

// ---- the answer ---------------------------------------------------------------------------------

std::string head_text(const th::response& answer) {
  std::string text = "HTTP/1.1 " + std::to_string(answer.status.code()) + " ";
  text.append(answer.status.reason()).append("\r\n");
  answer.fields.append_to(text);
  return text.append("\r\n");
}

// Shows head and body of the answer from `url`, as asked, through `write`.
template <class Write>
th::result<void> show(const std::string& url, th::response& answer, const settings& s,
                      Write write) {
  if (s.show_head || s.head_only)
    if (const auto written = write(head_text(answer)); !written) return written;
  std::uint64_t octets = 0;
  const auto taken = th::pull_each(answer.body, [&](std::string_view piece) -> th::result<void> {
    if (piece.size() > s.limit - octets)
      return th::error(th::error_kind::limit,
                       url + ": more than " + std::to_string(s.limit) + " octets");
    octets += piece.size();
    return write(piece);
  });
  if (!taken) return taken.error();
  return {};
}

th::result<void> write_to_stdout(std::string_view octets) {
  if (std::fwrite(octets.data(), 1, octets.size(), stdout) == octets.size()) return {};
  const std::string cause = std::strerror(errno);
  return th::error(th::error_kind::io, "write to standard output: " + cause);
}

th::result<void> fetch(th::client& with, const settings& s, const std::string& url,
                       const std::string* file, th::call_options call) {
  if (file != nullptr && !s.show_head && !s.head_only) {
    th::download_options how;
    how.call = std::move(call);
    how.resume = s.resume;
    how.any_status = !s.resume;  // as curl, a 404's page is what there is to fetch
    how.limit = s.limit;
    const auto done = th::download(with, url, *file, std::move(how));
    if (!done) return done.error();
    return {};
  }
  auto answer = with.open(url, std::move(call));
  if (!answer) return answer.error();
  if (file == nullptr) return show(url, *answer, s, write_to_stdout);
  auto part = th::part_file::create(*file);
  if (!part) return part.error();
  const auto to_part = [&](std::string_view octets) { return part->write(octets); };
  const auto shown = show(url, *answer, s, to_part);
  return shown ? part->commit(true) : shown;
}

int main(int argc, char** argv) {
  const settings s = read_arguments(argc, argv);
  std::setvbuf(stdout, nullptr, _IONBF, 0);  // pieces are large: copying them again gains nothing
  th::client_options options;
  options.connect_timeout = s.connect_timeout;
  options.total_timeout = s.max_time;

  int status = 0;
  std::optional<th::client> client;
  for (std::size_t i = 0; i < s.urls.size(); ++i) {
    std::vector<std::string> left_out;
    auto call = request_of(s, left_out);
    for (const std::string& name : left_out)
      if (name == "user-agent") options.user_agent.clear();
    if (!client) client.emplace(options);  // one for all: it keeps the connection
    const bool has_scheme = s.urls[i].find("://") != std::string::npos;
    const std::string url = has_scheme ? s.urls[i] : "http://" + s.urls[i];
    const std::string* file = i < s.files.size() ? &s.files[i] : nullptr;
    const auto done =
        call ? fetch(*client, s, url, file, std::move(*call)) : th::result<void>(call.error());
    if (done) continue;
    std::fprintf(stderr, "fetch: %s\n", done.error().message().c_str());
    status = 1;
  }
  return status;
}
