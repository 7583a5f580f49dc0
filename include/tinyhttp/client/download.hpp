// tinyhttp/client/download.hpp -- a URL into a file: whole, or an error and the old file.
//
// Goes on with what an earlier attempt left, if the server still has the same representation
// (RFC 9110 13.1.5, 14.3); never joins pieces of two. Opens files through local_file.hpp only.
#pragma once

#include <tinyhttp/client/client.hpp>
#include <tinyhttp/client/local_file.hpp>
#include <tinyhttp/core/ascii.hpp>
#include <tinyhttp/core/function.hpp>
#include <tinyhttp/core/result.hpp>
#include <tinyhttp/http/conditional.hpp>
#include <tinyhttp/http/date.hpp>
#include <tinyhttp/http/range.hpp>
#include <tinyhttp/http/response.hpp>

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace tinyhttp {

struct download_options {
  call_options call = {};  // what to ask; its body may be sent twice, so it is no stream
  bool resume = true;      // go on with `PATH.part`, if there is one that can be gone on with
  bool any_status =
      false;         // keep the body of any answer; else only that of a 200 (or a resumed 206)
  bool sync = true;  // fsync before the rename: the file is there after a power cut, too
  std::uint64_t limit = std::numeric_limits<std::uint64_t>::max();  // octets of the whole file
  function<void(std::uint64_t octets, std::optional<std::uint64_t> total)> progress = {};
};

struct download_report {
  response head;              // its body has gone into the file
  std::uint64_t octets = 0;   // size of the file
  std::uint64_t resumed = 0;  // octets of it that an earlier attempt had left
};

/// Downloads `from` into the file `path`. The octets go to `PATH.part`, which becomes `PATH` when
/// the last one has come; on failure `PATH` is what it was. A part that can be gone on with (the
/// answer had a strong validator) is left beside it, with the validator in `PATH.part.from`.
///
/// Fails as `client::open` and reading its body do, with `GET URL: 404 Not Found` (kind `protocol`,
/// the status as its hint), and with what the operating system says about files.
template <class Client>
[[nodiscard]] result<download_report> download(Client& with, std::string_view from,
                                                      const std::string& path,
                                                      download_options how = {});

// ---------------------------------------------------------------------------------------------

namespace detail {

/// What a part is a part of.
struct part_origin {
  std::string url;
  std::string validator;               // a strong entity tag, or a Last-Modified that is as good
  std::optional<std::uint64_t> total;  // octets of the whole

  [[nodiscard]] std::string to_text() const {
    return url + '\n' + validator + '\n' + (total ? ascii::to_decimal(*total) : "") + '\n';
  }
  [[nodiscard]] static std::optional<part_origin> parse(std::string_view text) {
    part_origin made;
    for (std::string* line : {&made.url, &made.validator}) {
      const auto end = text.find('\n');
      if (end == text.npos || end == 0) return std::nullopt;
      *line = text.substr(0, end);
      text.remove_prefix(end + 1);
    }
    if (!text.ends_with('\n')) return std::nullopt;  // cut short
    made.total = ascii::parse_decimal_strict(text.substr(0, text.size() - 1));
    return made;
  }
};

/// The validator that If-Range may carry: a strong entity tag, else a Last-Modified that is at
/// least a second older than the answer, which makes it strong (RFC 9110 8.8.2.2). Empty: there is
/// none.
[[nodiscard]] inline std::string strong_validator(const fields& f) {
  if (const auto tag = parse_entity_tag(f["ETag"]); tag && !tag->weak)
    return std::string(f["ETag"]);
  if (f.contains("ETag")) return {};  // a weak one says that octets may differ
  const auto modified = parse_date(f["Last-Modified"], 0);
  const auto date = parse_date(f["Date"], 0);
  if (!modified || !date || *date - *modified < 1) return {};
  return std::string(f["Last-Modified"]);
}

/// A download under way: what is asked, what came, and the file it goes to.
template <class Client>
class running_download {
 public:
  running_download(Client& with, const url& from, part_file file, std::string note,
                   download_options& how)
      : client_(with), from_(from), file_(std::move(file)), note_(std::move(note)), how_(how) {
    file_.keep(file_.size() > 0);  // until the server has sent something better
  }

  result<download_report> run();
  /// It failed: leaves nothing that is of no use to a later attempt.
  void tidy() {
    if (file_.size() > 0) return;
    file_.keep(false);
    remove_file(note_);
  }

 private:
  void look_at_what_is_left();
  result<response> ask();
  result<bool> takes(const response& answer);
  result<void> start_file(const response& answer);
  result<void> receive(response& answer);
  [[nodiscard]] error failed(error_kind kind, std::string_view why, int status = 0) const {
    return {kind, describe(how_.call.method, from_).append(": ").append(why), status};
  }

  Client& client_;
  const url& from_;
  part_file file_;
  std::string note_;  // path of the file that says what the part is a part of
  download_options& how_;
  std::optional<part_origin> origin_;  // of the octets in the file; empty: they are not wanted
  std::optional<std::uint64_t> total_;
};

/// Decides whether the part can be gone on with. The last octet of one that seems complete is asked
/// for again: that is how the server gets to say whether it is still the same.
template <class Client>
void running_download<Client>::look_at_what_is_left() {
  if (!how_.resume || file_.size() == 0) return;
  const auto text = read_note(note_);
  if (text) origin_ = part_origin::parse(*text);
  if (origin_ && origin_->url != from_.origin() + from_.target) origin_.reset();
  if (!origin_ || !origin_->total || file_.size() < *origin_->total) return;
  if (file_.size() > *origin_->total || *origin_->total == 1 || !file_.truncate(file_.size() - 1))
    origin_.reset();
}

template <class Client>
result<response> running_download<Client>::ask() {
  call_options call;
  call.method = how_.call.method;
  call.fields = how_.call.fields;
  call.body = how_.call.body;
  call.max_redirects = how_.call.max_redirects;
  call.total_timeout = how_.call.total_timeout;
  if (origin_) {
    call.fields.set("Range", format_range(file_.size()));
    call.fields.set("If-Range", origin_->validator);
  }
  return client_.open(from_.to_string(), std::move(call));
}

/// True: the answer's body goes behind what the file holds (nothing, if `origin_` is empty). False:
/// ask again, for the whole.
template <class Client>
result<bool> running_download<Client>::takes(const response& answer) {
  const int code = answer.status.code();
  if (origin_ && code == 206) {
    const auto part = parse_content_range(answer.fields["Content-Range"]);
    const auto validator = strong_validator(answer.fields);
    const bool same = part && part->range && part->range->offset == file_.size() &&
                      (validator.empty() || validator == origin_->validator) &&
                      (!part->size || !origin_->total || *part->size == *origin_->total);
    if (!same) origin_.reset();
    if (same) total_ = part->size ? part->size : origin_->total;
    return same;
  }
  const bool asked_for_rest = origin_.has_value();
  if (code == 200 || (how_.any_status && !asked_for_rest)) {
    origin_.reset();
    total_ = answer.body.length();
    return true;
  }
  if (asked_for_rest && code == 416) {
    origin_.reset();
    return false;
  }
  std::string line = ascii::to_decimal(static_cast<std::uint64_t>(code));
  if (!answer.status.reason().empty()) line.append(" ").append(answer.status.reason());
  return failed(error_kind::protocol, line, code);
}

/// Empties the file for a new representation and notes what it is going to be a part of.
template <class Client>
result<void> running_download<Client>::start_file(const response& answer) {
  file_.keep(false);
  remove_file(note_);
  if (const auto emptied = file_.truncate(0); !emptied) return emptied;
  const auto validator = strong_validator(answer.fields);
  if (answer.status != status::ok || validator.empty() || !file_.has_part()) return {};
  file_.keep(true);
  const part_origin origin{from_.origin() + from_.target, validator, total_};
  return write_note(note_, origin.to_text(), how_.sync);
}

template <class Client>
result<void> running_download<Client>::receive(response& answer) {
  const auto too_much = [this] {
    return failed(error_kind::limit, "more than " + ascii::to_decimal(how_.limit) + " octets");
  };
  if (total_.value_or(file_.size()) > how_.limit) return too_much();
  for (;;) {
    const auto piece = pull(answer.body);
    if (!piece) return piece.error();
    if (piece->empty()) break;
    if (piece->size() > how_.limit - file_.size()) return too_much();
    if (const auto written = file_.write(*piece); !written) return written;
    if (how_.progress) how_.progress(file_.size(), total_);
  }
  if (total_ && file_.size() != *total_)
    return failed(error_kind::protocol, "got " + ascii::to_decimal(file_.size()) + " of " +
                                            ascii::to_decimal(*total_) + " octets");
  return {};
}

template <class Client>
result<download_report> running_download<Client>::run() {
  look_at_what_is_left();
  auto answer = ask();
  if (!answer) return answer.error();
  auto taken = takes(*answer);
  if (taken && !*taken) {
    answer = ask();
    if (!answer) return answer.error();
    taken = takes(*answer);
  }
  if (!taken) return taken.error();
  const std::uint64_t resumed = origin_ ? file_.size() : 0;
  if (!origin_)
    if (const auto started = start_file(*answer); !started) return started.error();
  if (const auto received = receive(*answer); !received) return received.error();
  if (const auto committed = file_.commit(how_.sync); !committed) return committed.error();
  remove_file(note_);
  answer->body = {};
  return download_report{std::move(*answer), file_.size(), resumed};
}

}  // namespace detail

template <class Client>
result<download_report> download(Client& with, std::string_view from,
                                        const std::string& path, download_options how) {
  const auto where = parse_url(from);
  if (!where) return where.error();
  auto file = part_file::resume(path);
  if (!file) return file.error();
  std::string note = file->path() + ".part.from";
  detail::running_download running(with, *where, std::move(*file), std::move(note), how);
  auto report = running.run();
  if (!report) running.tidy();
  return report;
}

}  // namespace tinyhttp
