// tinyhttp/testing/recording.hpp -- records the answers of a real origin in a folder, and replays them.
//
// Not in testing.hpp, as it needs the client. It contacts the origin only if told to record. An answer is a file: an
// HTTP/1.1 response that people can read and edit. Ranges and conditions are applied at replay.
#pragma once

#include <tinyhttp/client/client.hpp>
#include <tinyhttp/client/forwarding.hpp>
#include <tinyhttp/client/part_file.hpp>
#include <tinyhttp/core/ascii.hpp>
#include <tinyhttp/core/chrono.hpp>
#include <tinyhttp/core/clock.hpp>
#include <tinyhttp/core/result.hpp>
#include <tinyhttp/files/plan.hpp>
#include <tinyhttp/h1/head_parser.hpp>
#include <tinyhttp/h1/limits.hpp>
#include <tinyhttp/http/date.hpp>
#include <tinyhttp/http/url.hpp>
#include <tinyhttp/testing/content.hpp>
#include <tinyhttp/testing/digest.hpp>
#include <tinyhttp/testing/exchange.hpp>
#include <tinyhttp/testing/wire_plan.hpp>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <sys/stat.h>

namespace tinyhttp::testing {

/// When the origin is asked.
enum class record_mode : std::uint8_t {
  by_environment,  // as TINYHTTP_TEST_RECORD says: `missing`, `all`; `replay` if it is not set
  replay,          // never
  missing,         // for what the folder does not have
  all,             // for everything, anew
};

/// The options of a `recording`: what is recorded, from where, and when.
struct recording_options {
  /// The URL at the origin that corresponds to the mount: `https://deb.debian.org/debian`.
  std::string from = {};
  record_mode mode = record_mode::by_environment;
  /// Fields of answers that are not kept: secrets, and a Date that would differ each time.
  std::vector<std::string> leave_out = {"Set-Cookie", "Authentication-Info", "Proxy-Authentication-Info", "Date"};
  /// How the origin is asked: `tls` for https, `body_limit`. A `total_timeout` of zero means a minute here.
  client_options asking = {};
};

/// A mount's function that answers from a recording: see `recorded`.
template <class Client>
class recording {
 public:
  recording(std::string folder, recording_options with);

  /// Throws `bad_result` if there is no answer; the client then gets a 500, and `quiet()` fails.
  response operator()(request& r, exchange& x, std::string_view prefix) const;

 private:
  [[nodiscard]] std::string ask(request& r, const exchange& x, std::string_view prefix) const;
  [[nodiscard]] std::string to_text(const method& asked, const response& got) const;
  [[nodiscard]] std::string location_here(std::string_view told, std::string_view asked, std::string_view prefix) const;

  std::string folder_;
  recording_options how_;
  std::optional<url> from_;
  Client client_;
};

/// Answers from the files of `folder`, without a network:
///
///     srv.mount("/", recorded("tests/answers", {.from = "https://example.org"}));
///
/// If the tests are run with TINYHTTP_TEST_RECORD=missing, it asks the origin for missing answers, in the server's thread, and
/// keeps them. It keeps only whole answers to whole questions: Range and conditions of GET and HEAD are not sent, but applied
/// here, as for a file. Rules go on top: `srv.on("/fw.img", cut(after{500'000}).times(1))`. Throws `bad_result` for a mode that
/// needs a URL and has none, and for an invalid URL.
template <class Client = client>
[[nodiscard]] recording<Client> recorded(std::string folder, recording_options with = {}) {
  return {std::move(folder), std::move(with)};
}

/// The file name of the answer to a request for `target`, a path below the mount and its query: `GET,pool,a.deb@x=1.http`.
/// Octets that are special to some file system or shell are escaped. Long names are cut, and end with a digest; if there is a
/// `body`, its digest follows.
[[nodiscard]] inline std::string recording_name(std::string_view method, std::string_view target, std::string_view body);

// ---------------------------------------------------------------------------------------------

namespace detail {

/// A file in a folder of answers.
struct recorded_answer {
  tinyhttp::status status;
  tinyhttp::fields fields;
  content body;
  bool of_head = false;  // its fields are those of a body that is not there
};

[[noreturn]] inline void throw_damaged(const std::string& path, std::string_view head, std::string_view why) {
  std::size_t line = 1;
  for (const char c : head) line += c == '\n' ? 1u : 0u;
  throw bad_result(error(error_kind::protocol, path + ":" + ascii::to_decimal(line) + ": " + std::string(why)));
}

/// Parses `octets`, the contents of the file at `path`. Lines of the head may have lost their CR in an editor.
[[nodiscard]] inline recorded_answer read_recorded(const std::string& path, std::string_view octets, bool of_head) {
  recorded_answer made;
  const h1::limits bounds;
  h1::head_parser parser(bounds);
  h1::status_line line;
  std::string head;
  for (auto state = h1::head_parser::outcome::need_more; state != h1::head_parser::outcome::done;) {
    const std::size_t begun = head.size(), end = octets.find('\n');
    if (end == octets.npos) throw_damaged(path, head, "the head ends without an empty line");
    head.append(octets.substr(0, end));
    octets.remove_prefix(end + 1);
    if (!head.ends_with('\r')) head += '\r';
    state = parser.parse(head += '\n', line, made.fields);
    if (state == h1::head_parser::outcome::failed)
      throw_damaged(path, std::string_view(head).substr(0, begun), parser.failure().why);
  }
  made.status = line.status;
  made.of_head = of_head;
  const auto told = made.fields.get("Content-Length");
  const bool has_body = !of_head && !made.status.forbids_content();
  const std::string left = ascii::to_decimal(octets.size()) + (octets.size() == 1 ? " octet" : " octets") + " behind the head";
  const auto fail_at = [&](std::string_view name, const std::string& why) {
    throw_damaged(path, std::string_view(head).substr(0, find_line(head, name).first), why);
  };
  if (made.fields.contains("Transfer-Encoding")) fail_at("Transfer-Encoding", "what is kept has no Transfer-Encoding");
  if (!has_body && !octets.empty()) throw_damaged(path, head, left + ", where nothing belongs");
  if (has_body && told && ascii::parse_decimal_strict(*told) != octets.size())
    fail_at("Content-Length", "Content-Length: " + std::string(*told) + ", but " + left);
  if (made.status.is_informational()) throw_damaged(path, {}, "not a final answer");
  if (has_body) made.fields.remove("Content-Length");
  made.body = content(octets);
  return made;
}

/// The response of a server that has this answer to `r`: a 200 to GET acts as a file, with conditions, and with ranges if it says so.
[[nodiscard]] inline response replay(request& r, recorded_answer&& has, std::int64_t now) {
  const auto told = ascii::parse_decimal_strict(has.fields["Content-Length"]);
  body whole;
  if (has.body.size() > 0) whole = content_slice{has.body.source(), 0, has.body.size()};
  if (has.of_head && !told) whole = stream_body([] { return std::string(); });  // no length, as nobody has told one
  if (has.status != status::ok || (r.method != method::get && r.method != method::head))
    return {has.status, std::move(has.fields), std::move(whole)};
  files::facts known{.size = told.value_or(has.body.size()), .modified = parse_date(has.fields["Last-Modified"], now)};
  known.etag = has.fields["ETag"];
  known.media_type = has.fields.get("Content-Type").value_or(known.media_type);
  if (!has.fields.has_token("Accept-Ranges", "bytes")) r.fields.remove("Range");
  response made = files::answer(r, known, has.body.source(), now, has.body.identity());
  if (made.status == status::not_modified) {
    made.fields.remove("Cache-Control");
    for (const std::string_view name : {"Cache-Control", "Content-Location", "Expires", "Vary"})
      if (const auto value = has.fields.combined(name)) made.fields.set(name, *value);
  } else if (made.status == status::ok || made.status == status::partial_content) {
    for (const std::string_view name : {"Content-Range", "Content-Type"})
      if (const auto value = made.fields.get(name); value && made.status == status::partial_content)
        has.fields.set(name, *value);
    made.fields = std::move(has.fields);
    if (has.of_head) made.body = std::move(whole);
  }
  return made;
}

[[nodiscard]] inline record_mode told_mode(record_mode wanted) {
  if (wanted != record_mode::by_environment) return wanted;
  const char* const value = std::getenv("TINYHTTP_TEST_RECORD");
  const std::string_view told = value != nullptr ? value : "";
  if (told == "missing") return record_mode::missing;
  if (told == "all") return record_mode::all;
  if (told.empty() || told == "replay") return record_mode::replay;
  throw bad_result(error(error_kind::invalid_argument,
                         "TINYHTTP_TEST_RECORD=" + std::string(told) + ": missing, all or replay, please"));
}

[[nodiscard]] inline bool is_there(const std::string& path) {
  struct stat facts;
  return ::stat(path.c_str(), &facts) == 0 || errno != ENOENT;  // what cannot be looked at says so when it is opened
}

}  // namespace detail

inline std::string recording_name(std::string_view method, std::string_view target, std::string_view body) {
  constexpr std::size_t longest = 160;  // octets, of the 255 that Linux has
  const std::string whole = std::string(method).append(target);
  std::string made;
  for (const char c : whole) {
    if (c == '/') made += ',';
    else if (c == '?') made += '@';
    else if (c == '&') made += '+';
    else if (ascii::is_alpha(c) || ascii::is_digit(c) || std::string_view("%-._=").find(c) != std::string_view::npos) made += c;
    else tinyhttp::detail::append_escape(made, c);
  }
  if (made.size() > longest) made = made.substr(0, longest - 17) + "~" + sha256(whole).substr(0, 16);
  if (!body.empty()) made += "~" + sha256(body).substr(0, 16);
  return made + ".http";
}

template <class Client>
recording<Client>::recording(std::string folder, recording_options with)
    : folder_(std::move(folder)), how_(std::move(with)), client_([this] {
        if (how_.asking.total_timeout.count() == 0) how_.asking.total_timeout = std::chrono::minutes(1);
        return how_.asking;
      }()) {
  how_.mode = detail::told_mode(how_.mode);
  if (!how_.from.empty()) from_ = parse_url(how_.from).value();
  if (!from_ && how_.mode != record_mode::replay)
    throw bad_result(error(error_kind::invalid_argument, "recorded(\"" + folder_ + "\"): no URL to record from"));
}

template <class Client>
response recording<Client>::operator()(request& r, exchange& x, std::string_view prefix) const {
  std::string target(r.path().substr(prefix.size()));
  if (target.empty()) target = "/";
  if (r.target.has_query()) target.append("?").append(r.query());
  if (!x.whole_body)
    throw bad_result(error(error_kind::invalid_argument, "recorded: the request's body was not read to its end, as `early` says"));
  if (x.body_size > x.body.size())
    throw bad_result(error(error_kind::limit, "recorded: the request's body has " + ascii::to_decimal(x.body_size) +
                                                  " octets, fake_server_options::body is " + ascii::to_decimal(x.body.size())));

  std::string name = recording_name(x.method, target, x.body);
  bool of_head = r.method == method::head;
  if (of_head && how_.mode != record_mode::all && !detail::is_there(folder_ + "/" + name)) {
    std::string whole = recording_name("GET", target, x.body);
    if (detail::is_there(folder_ + "/" + whole)) {
      name = std::move(whole);
      of_head = false;
    }
  }
  const std::string path = folder_ + "/" + name;
  std::string octets;
  if (how_.mode == record_mode::all || !detail::is_there(path)) {
    if (how_.mode == record_mode::replay)
      throw bad_result(error(error_kind::io, x.method + " " + target + ": no answer is kept in " + path +
                                                 (from_ ? "; TINYHTTP_TEST_RECORD=missing asks " + from_->origin()
                                                        : "; recorded() has no URL to ask (from)")));
    octets = ask(r, x, prefix);
    ::mkdir(folder_.c_str(), 0777);  // or it is there, or the next says what is wrong
    replace_file(path, octets, 0666).value();
    x.fired += ", recorded as " + name;
  } else {
    const content kept = on_disk(path);
    if (kept.size() > how_.asking.body_limit + h1::limits().head)
      throw bad_result(error(error_kind::limit, path + ": more octets than body_limit"));
    octets = kept.octets();
    x.fired += " from " + name;
  }
  x.matched = true;
  detail::recorded_answer has = detail::read_recorded(path, octets, of_head);
  if (const auto told = has.fields.get("Location"); told && from_)
    has.fields.set("Location", location_here(*told, target, prefix));
  return detail::replay(r, std::move(has), system_unix_seconds());
}

/// The text of the origin's answer, as it is kept.
template <class Client>
std::string recording<Client>::ask(request& r, const exchange& x, std::string_view prefix) const {
  forward_options plain{.strip_prefix = std::string(prefix), .via = {}, .x_forwarded = false};
  auto target = forward_target(r, from_->target, plain);
  auto fields = forward_fields(r, plain);
  if (!target || !fields)
    throw bad_result(error(error_kind::invalid_argument, "record " + x.target + ": it leads out of what is mounted"));
  call_options asked;
  asked.method = r.method;
  asked.fields = std::move(*fields);
  asked.fields.remove("Expect");
  if (r.method == method::get || r.method == method::head)
    for (const std::string_view name :
         {"Range", "If-Range", "If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since"})
      asked.fields.remove(name);
  asked.body = x.body;
  asked.target = std::move(*target);
  asked.max_redirects = 0;
  asked.as_is = true;
  auto got = client_.call(from_->origin(), std::move(asked));
  if (!got) throw bad_result(got.error().within("record"));
  return to_text(r.method, *got);
}

template <class Client>
std::string recording<Client>::to_text(const method& asked, const response& got) const {
  tinyhttp::fields kept = got.fields;
  remove_hop_by_hop(kept);
  kept.remove("Trailer");
  for (const auto& name : how_.leave_out) kept.remove(name);
  if (got.status.forbids_content()) {
    kept.remove("Content-Length");
  } else if (asked != method::head) {
    kept.set("Content-Length", ascii::to_decimal(got.body.text().size()));
  }
  const auto code = static_cast<std::uint64_t>(got.status.code());
  std::string text = "HTTP/1.1 " + ascii::to_decimal(code) + " ";
  text.append(got.status.reason()).append("\r\n");
  kept.append_to(text);
  return text.append("\r\n").append(got.body.text());
}

/// A redirect's target below our mount; one that leads elsewhere stays as it is.
template <class Client>
std::string recording<Client>::location_here(std::string_view told, std::string_view asked, std::string_view prefix) const {
  std::string_view base = from_->target;
  if (base.ends_with('/')) base.remove_suffix(1);
  const auto to = resolve_reference(parse_url(from_->origin().append(base).append(asked)).value(), told);
  if (!to || !same_origin(*to, *from_) || !to->target.starts_with(base)) return std::string(told);
  std::string_view rest = std::string_view(to->target).substr(base.size());
  if (!rest.empty() && rest.front() != '/' && rest.front() != '?') return std::string(told);
  std::string made(prefix);
  if (!rest.starts_with('/')) made += '/';
  made.append(rest);
  if (!to->fragment.empty()) made.append("#").append(to->fragment);
  return made;
}

}  // namespace tinyhttp::testing
