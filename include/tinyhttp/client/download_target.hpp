// tinyhttp/client/download_target.hpp -- the file of a download, what is in it, and of what.
//
// Keeps part, note and digest in step: if the process is killed, it leaves a part that can be resumed, or none. Knows
// no client.
#pragma once

#include <tinyhttp/client/download_digest.hpp>
#include <tinyhttp/client/download_options.hpp>
#include <tinyhttp/client/part_file.hpp>
#include <tinyhttp/client/part_origin.hpp>
#include <tinyhttp/core/ascii.hpp>
#include <tinyhttp/core/bounds.hpp>
#include <tinyhttp/core/result.hpp>
#include <tinyhttp/http/content_disposition.hpp>
#include <tinyhttp/http/range.hpp>
#include <tinyhttp/http/response.hpp>
#include <tinyhttp/http/url.hpp>

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace tinyhttp::detail {

/// The parts of a download's file. Its `origin` is empty where nothing can be added to them.
class download_target {
 public:
  download_target(const url& from, const download_options& how)
      : target_(how.call.target.empty() ? from.target : how.call.target), url_(from.origin() + target_), how_(how),
        digest_(how.digest) {}

  result<void> open(const std::string& path);
  /// Opens the file in `directory`, which ends with a slash or is empty, under the name that the server, or
  /// else the URL, has for it.
  /// True: there is a part of just this representation already.
  result<bool> open_named(const std::string& directory, const response& answer);

  [[nodiscard]] bool is_open() const noexcept { return file_.has_value(); }
  [[nodiscard]] const part_file& file() const noexcept { return *file_; }
  [[nodiscard]] std::uint64_t size() const noexcept { return file_ ? file_->size() : 0; }
  [[nodiscard]] const std::optional<part_origin>& origin() const noexcept { return origin_; }
  [[nodiscard]] bool in_pieces() const noexcept { return origin_ && origin_->pieces; }
  /// Octets of the file that are here; and that were here before this download.
  [[nodiscard]] std::uint64_t held() const {
    return in_pieces() ? origin_->pieces->octets() : size();
  }
  [[nodiscard]] std::uint64_t resumed() const noexcept { return resumed_; }

  /// What is in it is no part of what the server has.
  void disown() noexcept {
    origin_.reset();
    resumed_ = 0;
  }
  /// Several ranges, or a beginning that grows.
  result<void> arrange(bool in_pieces);
  /// Empties the file for the representation of `answer`, and notes what it is a part of.
  result<void> begin(const response& answer, std::optional<std::uint64_t> total, bool in_pieces);
  result<void> append(std::string_view octets);
  /// The file has `range` now.
  result<void> add_piece(byte_range range);
  /// All pieces are there: it is a file like any other.
  result<void> join();

  /// The digest takes in what is here. Before the digest is asked for, and before it gets late.
  result<void> sum_up() { return file_->has_part() ? digest_.catch_up(*file_, size()) : result<void>(); }
  /// The digest, if it is not the expected one; then the part is removed.
  [[nodiscard]] std::optional<std::string> wrong_digest();
  result<void> commit();
  /// It failed: leaves what a later download can use, and nothing else.
  void tidy();

 private:
  static constexpr std::uint64_t note_every = std::uint64_t{8} << 20;  // octets that a kill may cost

  result<void> take(result<part_file> opened);
  void adopt_note();
  result<void> save_note() const;

  const std::string& target_;  // as it is asked for
  std::string url_;
  const download_options& how_;
  running_digest digest_;
  std::optional<part_file> file_;
  std::optional<part_origin> origin_;
  std::uint64_t resumed_ = 0;
  std::uint64_t unsaved_ = 0;  // octets in pieces since the note was written
};

// ---------------------------------------------------------------------------------------------

inline result<void> download_target::open(const std::string& path) {
  return take(part_file::resume(path));
}

inline result<void> download_target::take(result<part_file> opened) {
  if (!opened) return opened.error();
  file_.emplace(std::move(*opened));
  file_->keep(file_->size() > 0);  // until the server has sent something better
  if (how_.resume && file_->size() > 0) adopt_note();
  return {};
}

inline result<bool> download_target::open_named(const std::string& directory,
                                                const response& answer) {
  std::string name;
  if (const auto told = disposition_file_name(answer.fields["Content-Disposition"]))
    name = safe_file_name(*told);
  if (name.empty()) name = file_name_of_target(target_);
  if (name.empty()) name = "download";
  for (const std::string_view ours : {".part", ".part.from", ".new"})  // it shall not pass for a part
    if (ascii::ends_with_ignoring_case(name, ours)) name += '_';
  if (const auto taken = take(part_file::resume_new(directory + name)); !taken) return taken.error();
  if (origin_ && origin_->validator != strong_validator(answer.fields)) disown();
  return origin_.has_value();
}

/// Decides whether the part can be gone on with. The last octet of one that seems complete is asked
/// for again: that is how the server gets to say whether it is still the same.
inline void download_target::adopt_note() {
  const auto text = read_note(file_->note_path());
  if (text) origin_ = part_origin::parse(*text);
  if (!origin_) return;
  const std::uint64_t total = origin_->total.value_or(size() + 1);
  bool useful = origin_->url == url_ && size() <= total;
  if (in_pieces()) {
    useful = useful && held() > 0 && origin_->pieces->end() <= size();
    if (held() == total) origin_->pieces.reset();
  }
  if (useful && !in_pieces() && size() == total) useful = total > 1 && file_->truncate(total - 1);
  if (!useful) origin_.reset();
  resumed_ = origin_ ? held() : 0;
}

inline result<void> download_target::save_note() const {
  if (!file_->has_part()) return {};  // it can be gone on with, but by this process only
  if (in_pieces() && how_.sync)       // it must not speak of octets that a power cut takes
    if (const auto flushed = file_->flush(); !flushed) return flushed;
  return write_note(file_->note_path(), origin_->to_text(), how_.sync);
}

/// What the note says is true at every moment in between.
inline result<void> download_target::arrange(bool in_pieces_now) {
  if (!origin_ || in_pieces() == in_pieces_now) return {};
  if (in_pieces_now) {
    if (size() == 0 || !origin_->total || *origin_->total - size() <= how_.smallest_piece) return {};
    origin_->pieces.emplace().add({0, size()});
    return save_note();
  }
  const byte_range beginning{0, origin_->pieces->prefix()};
  resumed_ = at_most(resumed_, beginning.length);
  origin_->pieces.emplace().add(beginning);
  if (const auto saved = save_note(); !saved) return saved;
  if (const auto cut = file_->truncate(beginning.length); !cut) return cut;
  origin_->pieces.reset();
  return save_note();
}

inline result<void> download_target::begin(const response& answer,
                                           std::optional<std::uint64_t> total, bool in_pieces_now) {
  file_->keep(false);
  remove_note(file_->note_path());
  if (const auto emptied = file_->truncate(0); !emptied) return emptied;
  digest_.begin_anew();
  disown();
  unsaved_ = 0;
  const auto validator = strong_validator(answer.fields);
  if (validator.empty() || (answer.status != status::ok && !in_pieces_now)) return {};
  if (answer.body.is_octets() && !in_pieces_now) return {};  // nothing will be missing
  origin_ = part_origin{url_, validator, total, std::nullopt};
  if (in_pieces_now) origin_->pieces.emplace();
  const auto saved = save_note();
  file_->keep(saved.has_value());
  return saved;
}

inline result<void> download_target::append(std::string_view octets) {
  const std::uint64_t at = size();
  if (const auto written = file_->write(octets); !written) return written;
  digest_.wrote(at, octets);
  return in_pieces() ? add_piece({at, octets.size()}) : result<void>();
}

inline result<void> download_target::add_piece(byte_range range) {
  origin_->pieces->add(range);
  unsaved_ += range.length;
  if (unsaved_ < note_every) return {};
  unsaved_ = 0;
  return save_note();
}

inline result<void> download_target::join() {
  origin_->pieces.reset();
  return file_->measure();
}

inline std::optional<std::string> download_target::wrong_digest() {
  auto sum = digest_.wrong();
  if (!sum) return sum;
  file_->keep(false);
  remove_note(file_->note_path());
  disown();
  return sum;
}

inline result<void> download_target::commit() {
  std::string note = file_->note_path();
  const auto committed = file_->commit(how_.sync);
  if (committed && origin_) remove_note(std::move(note));  // else `begin` has
  return committed;
}

inline void download_target::tidy() {
  if (!file_) return;
  if (in_pieces() && held() > 0) static_cast<void>(save_note());
  if (size() > 0) return;
  file_->keep(false);
  remove_note(file_->note_path());
}

}  // namespace tinyhttp::detail
