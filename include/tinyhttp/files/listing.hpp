// tinyhttp/files/listing.hpp -- what is in a directory, as a page for people or data for programs.
//
// Pure: names and sizes in, text out. Opens nothing; which names may be shown is decided before.
#pragma once

#include <tinyhttp/core/ascii.hpp>
#include <tinyhttp/files/listing_text.hpp>
#include <tinyhttp/files/stamp.hpp>
#include <tinyhttp/http/body.hpp>
#include <tinyhttp/http/date.hpp>
#include <tinyhttp/http/percent.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tinyhttp::files {

enum class sort_key : std::uint8_t { name, size, time };

/// How a listing is sorted; directories always come first, and names decide between equals.
struct listing_order {
  sort_key key = sort_key::name;
  bool descending = false;

  friend bool operator==(const listing_order&, const listing_order&) = default;
};

/// Reads `sort=name|size|time` and `order=asc|desc` from a query; anything else is ignored.
[[nodiscard]] constexpr listing_order parse_order(std::string_view query) noexcept;

inline void sort_entries(std::vector<entry>& entries, listing_order order);

/// A page in HTML: breadcrumbs, a table, links that sort it; no script, nothing from elsewhere. Its
/// links are relative, so it works behind any prefix.
///
/// @param name  the directory, relative to the root, decoded: `.`, `a/`, `a/b/`
/// @return      octets, or for more than a thousand entries a stream, never all in memory as text
[[nodiscard]] inline body listing_page(std::string name, std::vector<entry> entries,
                                       listing_order order);

/// JSON: `{"path":"/a/","entries":[{"name":"x","type":"file","size":1,"modified":0,"href":"./x"}]}`.
/// `modified` is seconds since 1970; `type` is `file` or `directory`, whose `size` is null. Octets
/// that are not UTF-8 show as U+FFFD in names; `href` is exact.
[[nodiscard]] inline body listing_json(std::string name, std::vector<entry> entries);

// ---------------------------------------------------------------------------------------------

namespace detail {

inline constexpr std::size_t rows_at_once = 1000;

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

[[nodiscard]] inline int by_name(const entry& a, const entry& b) noexcept {
  return a.name.compare(b.name);
}
template <class T>
[[nodiscard]] constexpr int by_number(T a, T b) noexcept {
  return a < b ? -1 : a > b;
}

template <sort_key Key, bool Descending>
[[nodiscard]] int compare_entries(const void* left, const void* right) noexcept {
  const auto& a = **static_cast<const entry* const*>(left);
  const auto& b = **static_cast<const entry* const*>(right);
  if (a.is_directory != b.is_directory) return a.is_directory ? -1 : 1;
  int by = 0;
  if constexpr (Key == sort_key::size) by = by_number(a.size, b.size);
  if constexpr (Key == sort_key::time) by = by_number(a.modified, b.modified);
  if (Key == sort_key::name || (by == 0)) {
    by = by_name(a, b);
    return Key == sort_key::name && Descending ? -by : by;
  }
  return Descending ? -by : by;
}

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

inline void append_page_foot(std::string& out, const std::vector<entry>& entries) {
  std::size_t directories = 0;
  for (const auto& e : entries) directories += e.is_directory;
  const auto counted = [&](std::size_t n, const char* one, const char* many) {
    ascii::append_decimal(out, n);
    out += n == 1 ? one : many;
  };
  out += "</table>\n<p>";
  counted(directories, " directory, ", " directories, ");
  counted(entries.size() - directories, " file</p>\n", " files</p>\n");
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

/// Writes a listing out in runs of rows: all at once, or as a stream when there are many.
template <class Head, class Row, class Foot>
[[nodiscard]] body in_runs(std::vector<entry> entries, Head head, Row row, Foot foot) {
  const bool at_once = entries.size() <= rows_at_once;
  auto run = [entries = std::move(entries), head = std::move(head), row, foot, at = std::size_t{0},
              ended = false]() mutable {
    std::string out;
    if (ended) return out;
    if (at == 0) head(out);
    const std::size_t end = at + rows_at_once;
    for (; at < end && at < entries.size(); ++at) row(out, entries[at], at == 0);
    ended = at == entries.size();
    if (ended) foot(out, entries);
    return out;
  };
  if (at_once) return run();
  return stream_body(std::move(run));
}

/// The name without the `.` that stands for the root.
[[nodiscard]] inline std::string shown_name(std::string name) {
  if (name == ".") return {};
  if (!name.empty() && name.back() != '/') name += '/';
  return name;
}

}  // namespace detail

constexpr listing_order parse_order(std::string_view query) noexcept {
  listing_order order;
  while (!query.empty()) {
    const auto end = query.find('&');
    const auto pair = query.substr(0, end);
    query.remove_prefix(end == query.npos ? query.size() : end + 1);
    if (pair == "sort=name") order.key = sort_key::name;
    if (pair == "sort=size") order.key = sort_key::size;
    if (pair == "sort=time") order.key = sort_key::time;
    if (pair == "order=asc") order.descending = false;
    if (pair == "order=desc") order.descending = true;
  }
  return order;
}

inline void sort_entries(std::vector<entry>& entries, listing_order order) {
  using enum sort_key;
  using comparison = int (*)(const void*, const void*);
  static constexpr comparison by[3][2] = {
      {detail::compare_entries<name, false>, detail::compare_entries<name, true>},
      {detail::compare_entries<size, false>, detail::compare_entries<size, true>},
      {detail::compare_entries<time, false>, detail::compare_entries<time, true>}};
  if (entries.empty()) return;
  std::vector<entry*> pointers;  // std::qsort wants what memcpy may move
  pointers.reserve(entries.size());
  for (auto& e : entries) pointers.push_back(&e);
  std::qsort(pointers.data(), pointers.size(), sizeof(entry*),
             by[static_cast<std::size_t>(order.key)][order.descending ? 1 : 0]);
  std::vector<entry> sorted;
  sorted.reserve(entries.size());
  for (auto* e : pointers) sorted.push_back(std::move(*e));
  entries = std::move(sorted);
}

inline body listing_page(std::string name, std::vector<entry> entries, listing_order order) {
  sort_entries(entries, order);
  return detail::in_runs(
      std::move(entries),
      [name = detail::shown_name(std::move(name)), order](std::string& out) {
        detail::append_page_head(out, name, order);
      },
      [](std::string& out, const entry& e, bool) { detail::append_row(out, e); },
      detail::append_page_foot);
}

inline body listing_json(std::string name, std::vector<entry> entries) {
  sort_entries(entries, {});
  return detail::in_runs(
      std::move(entries),
      [name = "/" + detail::shown_name(std::move(name))](std::string& out) {
        out += "{\"path\":";
        append_json(out, name);
        out += ",\"entries\":[";
      },
      detail::append_json_entry,
      [](std::string& out, const std::vector<entry>&) { out += "\n]}\n"; });
}

}  // namespace tinyhttp::files
