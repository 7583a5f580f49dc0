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
// The options are read in fetch_options.hpp; here is the work. https, --digest and --compressed need a
// library: see `what needs a library`.

#include "fetch_options.hpp"

#include <tinyhttp/client/client.hpp>
#include <tinyhttp/client/credentials.hpp>
#include <tinyhttp/client/download.hpp>
#include <tinyhttp/client/retry.hpp>
#include <tinyhttp/client/upload_form.hpp>
#include <tinyhttp/core/chrono.hpp>
#include <tinyhttp/core/shared.hpp>
#include <tinyhttp/http/content_disposition.hpp>
#include <tinyhttp/http/content_range.hpp>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <unistd.h>

#ifdef FETCH_WITH_TLS
#include <tinyhttp/tls/context.hpp>
#endif
#ifdef FETCH_WITH_DIGEST
#include <tinyhttp/digest.hpp>
#endif
#ifdef FETCH_WITH_CODINGS
#include <tinyhttp/client/decoding.hpp>
#include <tinyhttp/compression.hpp>
#endif

namespace th = tinyhttp;

// ---- what needs a library -----------------------------------------------------------------------

#ifdef FETCH_WITH_TLS  // g++ ... -DFETCH_WITH_TLS -lssl -lcrypto
th::shared<const th::net::secure_context> tls_of(const settings& s) {
  auto made = th::tls_client_context({.ca_file = s.ca_file,
                                      .ca_directory = s.ca_directory,
                                      .certificate_file = s.certificate_file,
                                      .key_file = s.key_file,
                                      .verify_server = !s.insecure});
  if (!made) misuse(made.error().message());
  return *made;
}
#else
th::shared<const th::net::secure_context> tls_of(const settings& s) {
  if (s.uses_tls())
    misuse("TLS is not in this build: it needs -DFETCH_WITH_TLS and OpenSSL");
  return nullptr;
}
#endif

#ifdef FETCH_WITH_DIGEST  // g++ ... -DFETCH_WITH_DIGEST -lcrypto
th::shared<th::hasher> sha256_sum() { return th::share(th::make_hasher("sha256").release()); }
#else
th::shared<th::hasher> sha256_sum() {
  misuse("--digest is not in this build: it needs -DFETCH_WITH_DIGEST and OpenSSL");
}
#endif

#ifdef FETCH_WITH_CODINGS  // g++ ... -DFETCH_WITH_CODINGS -lz -lbrotlidec -lzstd
const th::content_decoder* decoder() {
  static const th::client_codings all(th::all_codings);
  return &all;
}
#else
const th::content_decoder* decoder() {
  misuse("--compressed is not in this build: it needs -DFETCH_WITH_CODINGS, zlib, brotli and zstd");
}
#endif

// ---- the request --------------------------------------------------------------------------------

th::result<th::body> joined_data(const settings& s) {
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
  if (pieces.size() == 1) return th::body(std::move(pieces[0].octets));
  return th::body(std::move(pieces));
}

// What -F says; files are read while they are sent.
th::result<th::typed_body> form_of(const settings& s) {
  th::multipart_form form(th::random_boundary());
  for (const std::string& part : s.form) {
    const auto mark = part.find('=');
    const std::string name = part.substr(0, mark), value = part.substr(mark + 1);
    if (!value.starts_with('@')) form.add(name, value);
    else if (const auto added = th::add_path(form, name, value.substr(1)); !added) return added.error();
  }
  return std::move(form).finish();
}

th::result<th::typed_body> content_of(const settings& s) {
  if (!s.form.empty()) return form_of(s);
  if (s.data.empty()) return th::typed_body();
  auto data = joined_data(s);
  if (!data) return data.error();
  return th::typed_body{std::move(*data), std::string(th::form_media_type)};
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
  if (s.sends()) call.method = th::method::post;
  if (s.method && !call.method.assign(*s.method))
    misuse("-X wants a method, not \"" + *s.method + "\"");
  for (const std::string& line : s.field_lines) add_field(line, call.fields, left_out);
  if (!s.cookies.empty() && !call.fields.try_add("Cookie", s.cookies))
    misuse("-b wants NAME=VALUE, not \"" + s.cookies + "\"");
  if (!s.user.empty() && !call.fields.contains("Authorization"))
    call.fields.add("Authorization", th::basic_credentials(s.user));
  if (!s.range.empty() && !call.fields.try_add("Range", "bytes=" + s.range))
    misuse("-r wants a range, not \"" + s.range + "\"");
  auto content = content_of(s);
  if (!content) return content.error();
  call.body = std::move(content->body);
  bool says_type = call.fields.contains("Content-Type");
  for (const std::string& name : left_out) says_type = says_type || name == "content-type";
  if (says_type && !s.form.empty()) misuse("-F brings its own Content-Type");
  if (s.sends() && !says_type) call.fields.add("Content-Type", content->media_type);
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

// Whether the one range of -r came. Of several, and of a size that the server does not say, nothing is known.
bool is_part_asked_for(const settings& s, const th::response& answer) {
  if (answer.status != th::status::partial_content) return false;
  const auto part = th::parse_content_range(answer.fields["Content-Range"]);
  if (s.range.find(',') != s.range.npos || (part && !part->size)) return true;
  if (!part || !part->range) return false;
  const auto asked = th::select_ranges("bytes=" + s.range, *part->size);
  return asked.ranges.size() == 1 && asked.ranges[0] == *part->range;
}

// A server may send the whole, or less than was asked for. That is no error, as with curl, but it is said.
void warn_of_other_range(const settings& s, const std::string& url, const th::response& answer) {
  if (s.range.empty() || s.silent || s.head_only || !answer.status.is_success()) return;
  if (is_part_asked_for(s, answer)) return;
  const bool is_part = answer.status == th::status::partial_content;
  std::fprintf(stderr, "fetch: %s: warning: the server sent %s, not -r %s\n", url.c_str(),
               is_part ? "another range" : "the whole", s.range.c_str());
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

// ---- how far it is ------------------------------------------------------------------------------

// 1536 octets are 1.5 KiB.
std::string amount(double octets) {
  const char* const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  std::size_t unit = 0;
  for (; octets >= 1024 && unit < 4; ++unit) octets /= 1024;
  char text[32];
  std::snprintf(text, sizeof text, unit == 0 ? "%.0f %s" : "%.1f %s", octets, units[unit]);
  return text;
}

// A bar that is drawn over and over on a terminal, and a line each time elsewhere.
void show_progress(const std::string& name, const th::download_progress& p, bool on_terminal) {
  std::string line = name + ": " + amount(static_cast<double>(p.octets));
  if (p.total && *p.total > 0) {
    const auto part = static_cast<double>(p.octets) / static_cast<double>(*p.total);
    const auto filled = static_cast<std::size_t>(part * 30);
    line.append(" of ").append(amount(static_cast<double>(*p.total)));
    if (on_terminal) line.append(" [").append(filled, '#').append(30 - filled, '.').append("]");
    line.append(" ").append(std::to_string(static_cast<int>(part * 100))).append("%");
  }
  if (p.rate > 0) line.append(", ").append(amount(p.rate)).append("/s");
  if (p.left && p.left->count() > 0)
    line.append(", ").append(std::to_string(p.left->count())).append(" s left");
  const bool over = p.total && p.octets == *p.total;
  std::fprintf(stderr, on_terminal ? "\r%s\033[K%s" : "%s%s", line.c_str(),
               over || !on_terminal ? "\n" : "");
}

// ---- one URL ------------------------------------------------------------------------------------

th::retry_options retries_of(const settings& s) {
  th::retry_options with;
  with.retries = s.retries;
  return with;
}

th::result<void> download(th::client& with, const settings& s, const std::string& url,
                          const std::string& file, th::call_options call) {
  th::download_options how;
  how.call = std::move(call);
  how.resume = s.resume;
  how.any_status = !s.resume && !s.fail_on_error;  // as curl: a 404's page is what there is to fetch
  how.limit = s.limit;
  how.retry = retries_of(s);
  how.parallel = s.connections;
  if (!s.digest.empty()) how.digest = {sha256_sum(), s.digest};
  if (s.progress) {
    const bool on_terminal = ::isatty(2) == 1;
    how.progress_every = std::chrono::milliseconds(on_terminal ? 100 : 1000);
    how.progress = [name = file.empty() ? url : file, on_terminal](const th::download_progress& p) {
      show_progress(name, p, on_terminal);
      return true;
    };
  }
  const auto done = s.name_from_server ? th::download_to(with, url, "", std::move(how))
                                       : th::download(with, url, file, std::move(how));
  if (!done) return done.error();
  warn_of_other_range(s, url, done->head);
  return {};
}

// The answer to a request that goes to standard output, or that is shown with its head.
th::result<th::response> open(th::client& with, const settings& s, const std::string& url) {
  th::retry_schedule retries(retries_of(s));
  th::thread_clock<> time(nullptr);
  for (;;) {
    std::vector<std::string> left_out;
    auto call = request_of(s, left_out);
    if (!call) return call.error();
    retries.begin();
    auto answer = with.open(url, std::move(*call));
    if (answer && answer->status.code() >= 400)
      retries.refused(answer->status.code(), answer->fields["Retry-After"], answer->fields["Date"],
                      time.unix_seconds());
    const auto kind = answer ? th::error_kind::protocol : answer.error().kind();
    const bool failed = !answer || answer->status.code() >= 400;
    const auto pause = failed ? retries.next_pause(kind) : std::nullopt;
    if (!pause) return answer;
    if (const auto paused = th::pause_for(time, *pause, nullptr); !paused) return paused.error();
  }
}

// The file for the URL of that number; empty: standard output.
th::result<std::string> file_for(const settings& s, std::size_t number, const std::string& url) {
  if (!s.name_from_url) return number < s.files.size() ? s.files[number] : std::string();
  const auto parsed = th::parse_url(url);
  if (!parsed) return parsed.error();
  std::string name = th::file_name_of_target(parsed->target);
  if (name.empty() && !s.name_from_server)
    return th::error(th::error_kind::invalid_argument, url + ": -O finds no name in it");
  return name;
}

th::result<void> fetch(th::client& with, const settings& s, std::size_t number) {
  const bool has_scheme = s.urls[number].find("://") != std::string::npos;
  const std::string url = has_scheme ? s.urls[number] : "http://" + s.urls[number];
  const auto file = file_for(s, number, url);
  if (!file) return file.error();
  const bool to_file = !file->empty() || s.name_from_server;
  if (to_file && !s.show_head && !s.head_only && !s.compressed) {
    std::vector<std::string> left_out;
    auto call = request_of(s, left_out);
    if (!call) return call.error();
    return download(with, s, url, *file, std::move(*call));
  }
  auto answer = open(with, s, url);
  if (!answer) return answer.error();
  if (s.fail_on_error && answer->status.code() >= 400)
    return th::error(th::error_kind::protocol,
                     url + ": " + answer->status.to_string());
  warn_of_other_range(s, url, *answer);
  if (!to_file) return show(url, *answer, s, write_to_stdout);
  auto part = th::part_file::create(*file);
  if (!part) return part.error();
  const auto to_part = [&](std::string_view octets) { return part->write(octets); };
  const auto shown = show(url, *answer, s, to_part);
  return shown ? part->commit(true) : shown;
}

// The client that goes the way that was asked for.
th::client_options way_of(const settings& s) {
  th::client_options way = s.way;
  for (const std::string& line : s.field_lines)
    if (th::ascii::starts_with_ignoring_case(line, "user-agent:")) way.user_agent.clear();
  const auto environment = th::proxy_from_environment();
  if (!environment && !s.proxy) misuse("the environment: " + environment.error().message());
  if (environment) way.proxies = *environment;
  if (s.proxy) way.proxies.http = way.proxies.https = *s.proxy;
  if (s.no_proxy) way.proxies.except = *s.no_proxy;
  way.proxies.tunnels = s.tunnel;
  if (s.compressed) way.decoder = decoder();
  bool may_need_tls = s.follow;  // reading whom to trust takes longer than many a fetch
  for (const std::string& each : s.urls)
    may_need_tls = may_need_tls || th::ascii::starts_with_ignoring_case(each, "https:");
  if (may_need_tls || s.uses_tls()) way.tls = tls_of(s);
  return way;
}

int main(int argc, char** argv) {
  const settings s = read_arguments(argc, argv);
  if (!s.digest.empty()) static_cast<void>(sha256_sum());  // says so if this build cannot
  std::setvbuf(stdout, nullptr, _IONBF, 0);  // pieces are large: copying them again gains nothing

  int status = 0;
  th::client client(way_of(s));  // one for all: it keeps the connection
  for (std::size_t i = 0; i < s.urls.size(); ++i) {
    const auto done = fetch(client, s, i);
    if (done) continue;
    if (!s.silent) std::fprintf(stderr, "fetch: %s\n", done.error().message().c_str());
    status = 1;
  }
  return status;
}
