// tinyhttp/client/download_run.hpp -- a download under way: what is asked, and what is taken.
//
// The only place that decides whether an answer belongs to what is there already. One connection
// here; several are download_pieces.hpp's.
#pragma once

#include <tinyhttp/client/client.hpp>
#include <tinyhttp/client/download_options.hpp>
#include <tinyhttp/client/download_pieces.hpp>
#include <tinyhttp/client/download_target.hpp>
#include <tinyhttp/client/progress.hpp>
#include <tinyhttp/client/retry.hpp>
#include <tinyhttp/core/ascii.hpp>
#include <tinyhttp/core/bounds.hpp>
#include <tinyhttp/core/chrono.hpp>
#include <tinyhttp/core/clock.hpp>
#include <tinyhttp/core/result.hpp>
#include <tinyhttp/http/content_range.hpp>
#include <tinyhttp/http/method.hpp>
#include <tinyhttp/http/range.hpp>
#include <tinyhttp/http/response.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace tinyhttp::detail {

template <class Client>
class running_download {
 public:
  running_download(Client& with, const url& from, download_options& how)
      : client_(with), from_(from), how_(how), system_time_(with.options().stop),
        time_(how.time != nullptr ? *how.time : system_time_), target_(from, how), retries_(how.retry) {
    if (with.options().decoder != nullptr && !how.call.fields.contains("Accept-Encoding"))
      how.call.fields.add("Accept-Encoding", "identity");  // ranges are of what is sent
  }

  result<void> open(const std::string& path) { return target_.open(path); }
  /// Instead: the file is opened when the first answer suggests a name.
  void name_into(const std::string& directory) {
    directory_ = directory.empty() || directory.ends_with('/') ? directory : directory + "/";
  }

  /// All attempts.
  result<download_report> run();

 private:
  enum class question : unsigned char { whole, rest, first_piece };

  result<download_report> attempt();
  result<void> fetch_by_one();
  result<bool> fetch_pieces();
  result<download_report> finish();

  [[nodiscard]] bool wants_pieces() const;
  [[nodiscard]] question next_question() const;
  result<response> ask();
  result<bool> takes(const response& answer);
  /// The caller asked for only a part of the file.
  [[nodiscard]] bool has_own_range() const { return how_.call.fields.contains("Range"); }
  /// Whether the body of such an answer is what was wanted, too. A 206 that nobody asked for is not
  /// all of it, and a 304 has nothing that could replace a file.
  [[nodiscard]] bool keeps(int code) const {
    if (code == 304 || code == 206) return code == 206 && has_own_range();
    const bool comes_back = retries_.left() > 0 && is_worth_a_retry(error_kind::protocol, code);
    return how_.any_status && asked_ != question::rest && !comes_back;
  }
  bool takes_first_piece(const response& answer);
  result<void> receive(response& answer);
  result<void> tell(bool last);

  [[nodiscard]] std::optional<std::chrono::milliseconds> next_pause(const error& after);
  [[nodiscard]] error failed(error_kind kind, std::string_view why, int code = 0) const {
    return {kind, describe(how_.call.method, from_).append(": ").append(why), code};
  }
  [[nodiscard]] error too_much() const {
    return failed(error_kind::limit, "more than " + ascii::to_decimal(how_.limit) + " octets");
  }

  static constexpr std::size_t most_connections = 16;

  Client& client_;
  const url& from_;
  download_options& how_;
  thread_clock<> system_time_;
  clock& time_;
  download_target target_;
  std::string directory_;  // with a slash, for a file whose name is not known yet

  question asked_ = question::whole;
  bool only_whole_ = false;  // ranges in parallel have been tried, and are no good here
  std::optional<std::uint64_t> total_;
  std::optional<std::uint64_t> end_;  // where the answer's octets end in the file: before `total_`, for a part of it
  response head_;

  retry_schedule retries_;
  progress_meter meter_;
  time_point told_at_{};
};

// ---------------------------------------------------------------------------------------------

template <class Client>
result<download_report> running_download<Client>::run() {
  if (!how_.digest.sum && !how_.digest.hex.empty())
    return failed(error_kind::invalid_argument, "nothing was given that sums up its digest");
  for (;;) {
    auto report = attempt();
    if (report) return report;
    const auto length = next_pause(report.error());
    if (length) {
      const auto paused = pause_for(time_, *length, client_.options().stop);
      if (paused) continue;
      report = paused.error().within(describe(how_.call.method, from_));
    }
    target_.tidy();
    return report;
  }
}

template <class Client>
result<download_report> running_download<Client>::attempt() {
  retries_.begin();
  if (const auto arranged = target_.arrange(wants_pieces()); !arranged) return arranged.error();
  if (how_.progress) meter_.start(told_at_ = time_.now(), target_.held());
  if (!target_.in_pieces())
    if (const auto fetched = fetch_by_one(); !fetched) return fetched.error();
  if (target_.in_pieces()) {
    const auto fetched = fetch_pieces();
    if (!fetched) return fetched.error();
    if (!*fetched) {  // another file by now, or no ranges: one connection, from the first octet on
      target_.disown();
      only_whole_ = true;
      if (const auto again = fetch_by_one(); !again) return again.error();
    }
  }
  return finish();
}

template <class Client>
bool running_download<Client>::wants_pieces() const {
  return how_.parallel > 1 && !only_whole_ && how_.call.method == method::get &&
         !has_own_range() && (!target_.is_open() || target_.file().has_part());
}

template <class Client>
auto running_download<Client>::next_question() const -> question {
  if (target_.origin() && target_.size() > 0 && !has_own_range()) return question::rest;
  return wants_pieces() ? question::first_piece : question::whole;
}

template <class Client>
result<response> running_download<Client>::ask() {
  call_options call = same_call(how_.call);
  if (asked_ == question::rest) {
    call.fields.set("Range", format_range(target_.size()));
    call.fields.set("If-Range", target_.origin()->validator);
  }
  if (asked_ == question::first_piece)
    call.fields.set("Range", format_range(0, how_.smallest_piece));
  return client_.open(from_.to_string(), std::move(call));
}

/// Asks until an answer can be taken, and takes it.
template <class Client>
result<void> running_download<Client>::fetch_by_one() {
  for (;;) {
    asked_ = next_question();
    if (asked_ == question::rest)
      if (const auto summed = target_.sum_up(); !summed) return summed;
    auto answer = ask();
    if (!answer) return answer.error();
    const auto taken = takes(*answer);
    if (!taken) return taken.error();
    if (!*taken && target_.in_pieces()) return {};  // just opened, for several connections to go on
    if (!*taken) continue;
    if (asked_ != question::rest) {
      const bool piece = asked_ == question::first_piece;
      if (const auto begun = target_.begin(*answer, total_, piece); !begun) return begun;
    }
    if (const auto received = receive(*answer); !received) return received;
    if (asked_ == question::rest && *end_ < *total_) continue;  // as much as it likes (RFC 9110 15.3.7)
    head_ = std::move(*answer);
    head_.body = {};
    return {};
  }
}

/// True: the answer's body goes behind what the file holds if the rest was asked for, else into an
/// empty file. False: another question may be answered better.
template <class Client>
result<bool> running_download<Client>::takes(const response& answer) {
  const int code = answer.status.code();
  if (asked_ == question::rest && (code == 206 || code == 416)) {
    const auto part = parse_content_range(answer.fields["Content-Range"]);
    total_ = part && part->size ? part->size : target_.origin()->total;
    const auto range = code == 206 ? matching_range(answer, *target_.origin(), target_.size()) : std::nullopt;
    const bool same = range && total_ && range->length <= *total_ - target_.size();
    if (same) end_ = target_.size() + range->length;
    else target_.disown();
    return same;
  }
  if (asked_ == question::first_piece && (code == 206 || code == 416)) {
    only_whole_ = code == 416 || !takes_first_piece(answer);
    if (only_whole_) return false;
  } else if (code == 200 || keeps(code)) {
    asked_ = question::whole;
    end_ = total_ = answer.body.length();
  } else {
    retries_.refused(code, answer.fields["Retry-After"], answer.fields["Date"],
                     time_.unix_seconds());
    return failed(error_kind::protocol, answer.status.to_string(), code);
  }
  if (target_.is_open()) return true;
  const auto goes_on = target_.open_named(directory_, answer);
  if (!goes_on) return goes_on.error();
  if (*goes_on)
    if (const auto arranged = target_.arrange(wants_pieces()); !arranged) return arranged.error();
  return !*goes_on;
}

/// Whether a 206 says all that the connections behind the first need.
template <class Client>
bool running_download<Client>::takes_first_piece(const response& answer) {
  const auto part = parse_content_range(answer.fields["Content-Range"]);
  if (!part || !part->range || part->range->offset != 0 || !part->size) return false;
  end_ = part->range->length;
  total_ = part->size;
  return !strong_validator(answer.fields).empty();
}

template <class Client>
result<void> running_download<Client>::receive(response& answer) {
  if (total_.value_or(target_.size()) > how_.limit) return too_much();
  for (;;) {
    const auto piece = pull(answer.body);
    if (!piece) return piece.error();
    if (piece->empty()) break;
    if (piece->size() > how_.limit - target_.size()) return too_much();
    if (end_ && piece->size() > *end_ - target_.size())
      return failed(error_kind::protocol, "more octets than announced");
    if (const auto written = target_.append(*piece); !written) return written;
    if (const auto told = tell(false); !told) return told;
  }
  if (!end_ || target_.size() == *end_) return {};
  return failed(error_kind::protocol, "got " + ascii::to_decimal(target_.size()) + " of " +
                                          ascii::to_decimal(*end_) + " octets");
}

/// True: all pieces are in the file. False: they cannot be had any more.
template <class Client>
result<bool> running_download<Client>::fetch_pieces() {
  total_ = target_.origin()->total;
  if (*total_ > how_.limit) return too_much();
  const std::size_t connections = at_most(how_.parallel, most_connections);
  const std::uint64_t smallest = how_.smallest_piece > 0 ? how_.smallest_piece : 1;
  const auto missing = target_.origin()->pieces->missing(*total_);
  piece_fetcher<Client> fetcher(client_, from_, how_.call, *target_.origin(), target_.file(),
                                [this](byte_range range) -> result<void> {
                                  const auto added = target_.add_piece(range);
                                  return added ? tell(false) : added;
                                });
  const auto fetched = fetcher.run(cut_in_pieces(missing, connections, smallest), connections);
  if (auto& head = fetcher.head()) head_ = std::move(*head);
  if (const auto& why = fetcher.failure(); !fetched && why)
    retries_.refused(why->status, why->retry_after, why->date, time_.unix_seconds());
  if (!fetched || !*fetched) return fetched;
  if (const auto joined = target_.join(); !joined) return joined.error();
  return true;
}

template <class Client>
result<download_report> running_download<Client>::finish() {
  if (const auto summed = target_.sum_up(); !summed) return summed.error();
  if (const auto sum = target_.wrong_digest())
    return failed(error_kind::protocol, "its digest is " + *sum + ", not " + how_.digest.hex);
  if (const auto told = tell(true); !told) return told.error();
  download_report report;  // made before: what fails behind the commit would say that there is no file
  report.head = std::move(head_);
  report.path = target_.file().path();
  report.octets = target_.size();
  report.resumed = target_.resumed();
  report.retries = retries_.made();
  if (const auto committed = target_.commit(); !committed) return committed.error();
  return report;
}

template <class Client>
result<void> running_download<Client>::tell(bool last) {
  if (!how_.progress) return {};
  const time_point now = time_.now();
  if (!last && now < deadline_in(told_at_, how_.progress_every)) return {};
  told_at_ = now;
  if (how_.progress(meter_.look(now, target_.held(), total_))) return {};
  return failed(error_kind::cancelled,
                "cancelled after " + ascii::to_decimal(target_.held()) +
                    (total_ ? " of " + ascii::to_decimal(*total_) : "") + " octets");
}

template <class Client>
std::optional<std::chrono::milliseconds> running_download<Client>::next_pause(const error& after) {
  const bool repeatable = how_.call.method.is_idempotent() && how_.call.body.stream() == nullptr;
  const bool file_allows = !target_.is_open() || target_.file().has_part() ||
                           target_.size() == 0 || target_.origin();
  if (!repeatable || !file_allows) return std::nullopt;
  return retries_.next_pause(after.kind());
}

}  // namespace tinyhttp::detail
