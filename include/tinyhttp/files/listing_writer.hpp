// tinyhttp/files/listing_writer.hpp -- writes a directory's entries as text, in portions.
//
// Reads, sorts, looks at and writes a few hundred entries at a time, so that a server can serve others in between.
// Knows neither HTML nor JSON nor where entries come from.
#pragma once

#include <tinyhttp/core/function.hpp>
#include <tinyhttp/core/owned.hpp>
#include <tinyhttp/core/owned_list.hpp>
#include <tinyhttp/core/result.hpp>
#include <tinyhttp/core/shared.hpp>
#include <tinyhttp/core/task.hpp>
#include <tinyhttp/files/listing_order.hpp>
#include <tinyhttp/files/stamp.hpp>
#include <tinyhttp/http/body.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tinyhttp::files {

/// Appends the next few hundred entries, in any order; false: there are no more.
using more_entries = function<result<bool>(owned_list<entry>&)>;

/// Fills in the size and time of an entry right before it is written; false: it no longer exists, and is left out.
/// Null: they are already known.
using look_at = function<bool(entry&)>;

/// Entries that are already in memory, 250 at a time.
template <class Entry = entry>  // compiled only where it is used
[[nodiscard]] more_entries entries_from(std::vector<Entry> all);

/// The format of a listing. Takes a line end before a row.
class listing_text {
 public:
  listing_text() = default;
  listing_text(const listing_text&) = delete;
  listing_text& operator=(const listing_text&) = delete;
  virtual ~listing_text() = default;
  virtual void head(std::string& out) const = 0;
  virtual void row(std::string& out, const entry& e, bool first) const = 0;
  virtual void foot(std::string& out, std::size_t directories, std::size_t files) const = 0;
};

/// Writes a listing in the format of `text`.
///
/// @return  octets if five calls of `more` return all entries; otherwise a stream, each piece of which costs one call
///          of `more`, or 250 rows. It holds the entries and one piece of the text. While it reads, each piece is one
///          line end
[[nodiscard, gnu::cold]] inline result<body> write_listing(owned<const listing_text> text, more_entries more,
                                                listing_order order, look_at look);

// ---------------------------------------------------------------------------------------------

namespace detail {

inline constexpr int most_at_once = 5;          // calls of `more` for a listing that is no stream
inline constexpr std::size_t run_length = 250;  // entries read, or rows written, at a time

class listing_writer final : public body_stream {
 public:
  listing_writer(owned<const listing_text> text, more_entries more, listing_order order, look_at look)
      : text_(std::move(text)), more_(std::move(more)), look_(std::move(look)), entries_(order),
        looks_first_(look_ && order.key != sort_key::name) {}

  [[nodiscard]] bool is_reading() const noexcept { return reading_; }

  /// Sorting by name needs no look; for the rest, all are looked at before the first row.
  [[nodiscard, gnu::cold]] result<void> read_some() {
    owned_list<entry> some;
    const auto more = more_(some);
    if (!more) return more.error();
    reading_ = *more;
    for (std::size_t i = looks_first_ ? some.size() : 0; i-- > 0;)
      if (!look_(some[i])) some.remove(i);
    entries_.add(std::move(some));
    return {};
  }

  /// The next octets, until the next call; none at the end.
  [[gnu::cold]] result<std::string_view> next_piece() {
    piece_.clear();
    if (ended_) return std::string_view();
    if (!std::exchange(begun_, true)) text_->head(piece_);
    if (reading_) {
      if (auto read = read_some(); !read) return read.error();
    } else {
      write_rows(piece_);
    }
    if (piece_.empty()) piece_ += '\n';  // something: an empty piece would be the end
    return std::string_view(piece_);
  }
  task<result<std::string_view>> next() override { return ready_task(next_piece()); }

 private:
  void write_rows(std::string& out) {
    for (std::size_t i = 0; i < run_length && !ended_; ++i) {
      entry* const e = entries_.next();
      ended_ = e == nullptr;
      if (ended_ || (look_ && !looks_first_ && !look_(*e))) continue;
      text_->row(out, *e, directories_ + files_ == 0);
      ++(e->is_directory ? directories_ : files_);
    }
    if (ended_) text_->foot(out, directories_, files_);
  }

  owned<const listing_text> text_;
  more_entries more_;
  look_at look_;
  sorted_slices entries_;
  std::string piece_;
  std::size_t directories_ = 0, files_ = 0;
  bool looks_first_, begun_ = false, reading_ = true, ended_ = false;
};

}  // namespace detail

template <class Entry>
more_entries entries_from(std::vector<Entry> all) {
  return [all = std::move(all), at = std::size_t{0}](owned_list<entry>& into) mutable -> result<bool> {
    for (std::size_t i = 0; i < detail::run_length && at < all.size(); ++i)
      into.push_back(owned<entry>(new Entry(std::move(all[at++]))));
    return at < all.size();
  };
}

inline result<body> write_listing(owned<const listing_text> text, more_entries more,
                                  listing_order order, look_at look) {
  auto* const writer = new detail::listing_writer(std::move(text), std::move(more), order, std::move(look));
  shared<body_stream> owner = share<body_stream>(writer);
  for (int calls = 0; calls < detail::most_at_once && writer->is_reading(); ++calls)
    if (auto read = writer->read_some(); !read) return read.error();
  if (writer->is_reading()) return body(std::move(owner));
  std::string all;
  for (;;) {
    const auto piece = writer->next_piece();
    if (!piece) return piece.error();
    if (piece->empty()) return body(std::move(all));
    all += *piece;
  }
}

}  // namespace tinyhttp::files
