// tinyhttp/files/listing.hpp -- what is in a directory, as a page for people or data for programs.
//
// Pure: names and sizes in, text out. Opens nothing; which names may be shown is decided before.
#pragma once

#include <tinyhttp/core/ascii.hpp>
#include <tinyhttp/core/function.hpp>
#include <tinyhttp/files/listing_order.hpp>
#include <tinyhttp/files/listing_text.hpp>
#include <tinyhttp/files/stamp.hpp>
#include <tinyhttp/http/body.hpp>
#include <tinyhttp/http/date.hpp>
#include <tinyhttp/http/percent.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tinyhttp::files {

/// Fills in size and time of an entry when its turn comes; false: it is gone, and is left out. Null:
/// they are known.
using look_at = function<bool(entry&)>;

/// A page in HTML: breadcrumbs, a table, links that sort it; no script, nothing from elsewhere. Its
/// links are relative, so it works behind any prefix.
///
/// @param name  the directory, relative to the root, decoded: `.`, `a/`, `a/b/`
/// @return      octets, or for more than a thousand entries a stream, which looks at, and holds as
///              text, no more than 250 of them at a time: others are served meanwhile
[[nodiscard]] inline body listing_page(std::string name, std::vector<entry> entries,
                                       listing_order order, look_at look = {});

/// JSON: `{"path":"/a/","entries":[{"name":"x","type":"file","size":1,"modified":0,"href":"./x"}]}`.
/// `modified` is seconds since 1970; `type` is `file` or `directory`, whose `size` is null. Octets
/// that are not UTF-8 show as U+FFFD in names; `href` is exact.
[[nodiscard]] inline body listing_json(std::string name, std::vector<entry> entries,
                                       look_at look = {});

// ---------------------------------------------------------------------------------------------

namespace detail {

inline constexpr std::size_t most_at_once = 1000;  // entries of a listing that is no stream
inline constexpr std::size_t run_length = 250;      // of one piece of a stream

inline constexpr std::string_view page_head = R"(<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<style>
:root { --line: #8883; --dim: #666; --link: #0b57d0; --hover: #8881 }
@media (prefers-color-scheme: dark) { :root { --dim: #aaa; --link: #8ab4f8 } }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 0 auto; padding: 1rem }
h1 { font-size: 1.25rem; font-weight: 600; overflow-wrap: anywhere }
a { color: var(--link); text-decoration: none }
a:hover, a:focus { text-decoration: underline }
table { width: 100%; border-collapse: collapse }
th { text-align: left; font-weight: 600; white-space: nowrap }
th, td { padding: .4rem .5rem; border-bottom: 1px solid var(--line) }
tr:hover td { background: var(--hover) }
td:first-child { overflow-wrap: anywhere }
.n { text-align: right; white-space: nowrap; color: var(--dim); font-variant-numeric: tabular-nums }
p { color: var(--dim) }
@media (max-width: 40rem) { .t { display: none } }
</style>
)";

/// `2024-05-01 12:34` would want a calendar; an HTTP-date has one: `01 May 2024 12:34`.
inline void append_time(std::string& out, std::int64_t seconds) {
  const auto date = format_date(seconds);
  out.append(date.view().substr(5, 17));
}

inline void append_row(std::string& out, const entry& e) {
  out += "<tr><td><a href=\"./";
  append_percent_encoded(out, e.name, unescaped::nothing);
  out += e.is_directory ? "/\"><bdi>" : "\"><bdi>";
  append_html(out, e.name);
  out += e.is_directory ? "/</bdi></a><td class=n>" : "</bdi></a><td class=n title=\"";
  if (!e.is_directory) {
    ascii::append_decimal(out, e.size);
    out += " bytes\">";
    append_size(out, e.size);
  }
  out += "<td class=\"n t\">";
  append_time(out, e.modified);
  out += '\n';
}

/// The segments of `name` as links upwards, the last as it is.
inline void append_breadcrumbs(std::string& out, std::string_view name) {
  std::size_t depth = 0;
  for (const char c : name) depth += c == '/';
  const auto up = [&](std::size_t levels) {
    out += "<a href=\"./";
    for (std::size_t i = 0; i < levels; ++i) out += "../";
    out += "\">";
  };
  up(depth);
  out += "root</a> / ";
  while (depth != 0) {
    const auto end = name.find('/');
    up(--depth);
    out += "<bdi>";
    append_html(out, name.substr(0, end));
    out += "</bdi></a> / ";
    name.remove_prefix(end + 1);
  }
}

/// A column's head: a link that sorts by it, or turns the order around.
inline void append_column(std::string& out, sort_key key, std::string_view title,
                          std::string_view word, listing_order now) {
  const bool current = now.key == key;
  const bool descending = current ? !now.descending : key != sort_key::name;
  out.append("<a href=\"?sort=").append(word);
  out.append(descending ? "&amp;order=desc\">" : "&amp;order=asc\">").append(title);
  if (current) out += now.descending ? " &darr;" : " &uarr;";
  out += "</a>";
}

inline void append_sort_state(std::string& out, sort_key key, listing_order now) {
  if (now.key == key) out += now.descending ? " aria-sort=descending" : " aria-sort=ascending";
  out += '>';
}

inline void append_page_head(std::string& out, std::string_view name, listing_order order) {
  out += page_head;
  out += "<title>/";
  append_html(out, name);
  out += "</title>\n<h1>";
  append_breadcrumbs(out, name);
  out += "</h1>\n<table>\n<tr><th";
  append_sort_state(out, sort_key::name, order);
  append_column(out, sort_key::name, "Name", "name", order);
  out += "<th class=n";
  append_sort_state(out, sort_key::size, order);
  append_column(out, sort_key::size, "Size", "size", order);
  out += "<th class=\"n t\"";
  append_sort_state(out, sort_key::time, order);
  append_column(out, sort_key::time, "Modified (UTC)", "time", order);
  out += '\n';
  if (!name.empty())
    out += "<tr><td><a href=\"../\">../</a><td class=n><td class=\"n t\">\n";
}

inline void append_page_foot(std::string& out, std::size_t directories, std::size_t files) {
  const auto counted = [&](std::size_t n, const char* one, const char* many) {
    ascii::append_decimal(out, n);
    out += n == 1 ? one : many;
  };
  out += "</table>\n<p>";
  counted(directories, " directory, ", " directories, ");
  counted(files, " file</p>\n", " files</p>\n");
}

inline void append_json_entry(std::string& out, const entry& e, bool first) {
  out += first ? "\n{\"name\":" : ",\n{\"name\":";
  append_json(out, e.name);
  out += e.is_directory ? ",\"type\":\"directory\",\"size\":null" : ",\"type\":\"file\",\"size\":";
  if (!e.is_directory) ascii::append_decimal(out, e.size);
  out += ",\"modified\":";
  if (e.modified < 0) out += '-';
  ascii::append_decimal(out, e.modified < 0 ? 0 - static_cast<std::uint64_t>(e.modified)
                                            : static_cast<std::uint64_t>(e.modified));
  out += ",\"href\":\"./";
  append_percent_encoded(out, e.name, unescaped::nothing);
  out += e.is_directory ? "/\"}" : "\"}";
}

/// A listing that is written out in runs. `Text` has `head(out)`, `row(out, entry, first)` and
/// `foot(out, directories, files)`, and takes a line end before a row.
template <class Text>
class listing_writer {
 public:
  listing_writer(Text text, std::vector<entry> entries, listing_order order, look_at look)
      : text_(std::move(text)), entries_(std::move(entries)), order_(order), look_(std::move(look)) {
    // Sorting by name needs no look; by the rest, all have to be looked at before the first row.
    if (order_.key == sort_key::name || !look_) prepare();
  }

  /// The next octets; none at the end.
  std::string operator()() {
    std::string out;
    if (ended_) return out;
    if (!begun_) text_.head(out);
    begun_ = true;
    if (!prepared_) {
      look_at_some();
      out += '\n';  // something: an empty piece would be the end
      return out;
    }
    const std::size_t end = at_ + run_length;
    for (; at_ < end && at_ < entries_.size(); ++at_) write_row(out, entries_[at_]);
    ended_ = at_ == entries_.size();
    if (ended_) text_.foot(out, directories_, files_);
    if (out.empty()) out += '\n';
    return out;
  }

 private:
  void prepare() {
    sort_entries(entries_, order_);
    prepared_ = true;
  }
  void look_at_some() {
    for (const std::size_t end = at_ + run_length; at_ < end && at_ < entries_.size(); ++at_) {
      if (!look_(entries_[at_])) continue;
      if (kept_ != at_) entries_[kept_] = std::move(entries_[at_]);
      ++kept_;
    }
    if (at_ < entries_.size()) return;
    entries_.resize(kept_);
    at_ = 0;
    look_ = {};
    prepare();
  }
  void write_row(std::string& out, entry& e) {
    if (look_ && !look_(e)) return;
    text_.row(out, e, directories_ + files_ == 0);
    ++(e.is_directory ? directories_ : files_);
  }

  Text text_;
  std::vector<entry> entries_;
  listing_order order_;
  look_at look_;
  std::size_t at_ = 0, kept_ = 0, directories_ = 0, files_ = 0;
  bool begun_ = false, prepared_ = false, ended_ = false;
};

template <class Text>
[[nodiscard]] body write_listing(Text text, std::vector<entry> entries, listing_order order,
                                 look_at look) {
  const bool at_once = entries.size() <= most_at_once;
  listing_writer<Text> writer(std::move(text), std::move(entries), order, std::move(look));
  if (!at_once) return stream_body(std::move(writer));
  std::string all;
  for (auto run = writer(); !run.empty(); run = writer()) all += run;
  return all;
}

struct page_text {
  std::string name;
  listing_order order = {};

  void head(std::string& out) const { append_page_head(out, name, order); }
  void row(std::string& out, const entry& e, bool) const { append_row(out, e); }
  void foot(std::string& out, std::size_t directories, std::size_t files) const {
    append_page_foot(out, directories, files);
  }
};

struct json_text {
  std::string name;

  void head(std::string& out) const {
    out += "{\"path\":";
    append_json(out, "/" + name);
    out += ",\"entries\":[";
  }
  void row(std::string& out, const entry& e, bool first) const { append_json_entry(out, e, first); }
  void foot(std::string& out, std::size_t, std::size_t) const { out += "\n]}\n"; }
};

/// The name with a slash at its end; the root has none.
[[nodiscard]] inline std::string as_directory(std::string_view name) {
  std::string shown(name);
  if (!shown.empty() && shown.back() != '/') shown += '/';
  return shown;
}

}  // namespace detail

inline body listing_page(std::string name, std::vector<entry> entries, listing_order order,
                         look_at look) {
  if (name == ".") name.clear();
  detail::page_text text{detail::as_directory(name), order};
  return detail::write_listing(std::move(text), std::move(entries), order, std::move(look));
}

inline body listing_json(std::string name, std::vector<entry> entries, look_at look) {
  if (name == ".") name.clear();
  detail::json_text text{detail::as_directory(name)};
  return detail::write_listing(std::move(text), std::move(entries), listing_order(), std::move(look));
}

}  // namespace tinyhttp::files
