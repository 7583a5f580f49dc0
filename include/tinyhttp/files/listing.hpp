// tinyhttp/files/listing.hpp -- a directory's contents as a page for people or as data for programs.
//
// Pure: names and sizes in, text out. Opens nothing; which names may be shown is decided before, and
// in what portions all this goes out is the business of listing_writer.hpp.
#pragma once

#include <tinyhttp/core/ascii.hpp>
#include <tinyhttp/core/owned.hpp>
#include <tinyhttp/core/result.hpp>
#include <tinyhttp/files/listing_order.hpp>
#include <tinyhttp/files/listing_text.hpp>
#include <tinyhttp/files/listing_writer.hpp>
#include <tinyhttp/files/stamp.hpp>
#include <tinyhttp/http/body.hpp>
#include <tinyhttp/http/date.hpp>
#include <tinyhttp/http/escape.hpp>
#include <tinyhttp/http/percent.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace tinyhttp::files {

/// An HTML page: breadcrumbs, a table, links that sort it; without scripts or external resources. Its links are
/// relative, so it works behind any prefix.
///
/// @param name  the directory, relative to the root, decoded: `.`, `a/`, `a/b/`
/// @return      octets, or for more than a thousand entries a stream: see `write_listing`. Error: that
///              of `more`, where it fails before
[[nodiscard, gnu::cold]] inline result<body> listing_page(std::string name, more_entries more,
                                               listing_order order, look_at look = {});

/// JSON: `{"path":"/a/","entries":[{"name":"x","type":"file","size":1,"modified":0,"href":"./x"}]}`.
/// `modified` is seconds since 1970; `type` is `file` or `directory`, whose `size` is null. Octets
/// that are not UTF-8 show as U+FFFD in names; `href` is exact.
[[nodiscard, gnu::cold]] inline result<body> listing_json(std::string name, more_entries more, look_at look = {});

// ---------------------------------------------------------------------------------------------

namespace detail {

inline constexpr std::string_view page_head = R"(<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<style>
:root { color-scheme: light dark; --line: #8883; --dim: #666; --link: #0b57d0; --hover: #8881 }
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

/// A reference to `e` from its directory.
[[gnu::noinline]] inline void append_link(std::string& out, const entry& e) {
  out += "\"./";
  append_percent_encoded(out, e.name, unescaped::nothing);
  out += e.is_directory ? "/\"" : "\"";
}

inline void append_row(std::string& out, const entry& e) {
  out += "<tr><td><a href=";
  append_link(out, e);
  out += "><bdi>";
  append_html(out, e.name);
  out += e.is_directory ? "/</bdi></a><td class=n>" : "</bdi></a><td class=n title=\"";
  if (!e.is_directory) {
    ascii::append_decimal(out, e.size);
    out += e.size == 1 ? " byte\">" : " bytes\">";
    append_size(out, e.size);
  }
  out += "<td class=\"n t\">";
  append_time(out, e.modified);
  out += '\n';
}

[[gnu::cold]] inline void append_link_up(std::string& out, std::size_t levels) {
  out += "<a href=\"./";
  for (std::size_t i = 0; i < levels; ++i) out += "../";
  out += "\">";
}

/// The segments of `name` as links upwards, the last as it is.
[[gnu::cold]] inline void append_breadcrumbs(std::string& out, std::string_view name) {
  std::size_t depth = 0;
  for (const char c : name) depth += c == '/';
  append_link_up(out, depth);
  out += "root</a> / ";
  while (depth != 0) {
    const auto end = name.find('/');
    append_link_up(out, --depth);
    out += "<bdi>";
    append_html(out, name.substr(0, end));
    out += "</bdi></a> / ";
    name.remove_prefix(end + 1);
  }
}

/// A column's head: a link that sorts by it, or turns the order around.
[[gnu::cold]] inline void append_column(std::string& out, sort_key key, std::string_view title,
                          std::string_view word, listing_order now) {
  const bool current = now.key == key;
  const bool descending = current ? !now.descending : key != sort_key::name;
  out.append("<a href=\"?sort=").append(word);
  out.append(descending ? "&amp;order=desc\">" : "&amp;order=asc\">").append(title);
  if (current) out += now.descending ? " &darr;" : " &uarr;";
  out += "</a>";
}

[[gnu::cold]] inline void append_sort_state(std::string& out, sort_key key, listing_order now) {
  if (now.key == key) out += now.descending ? " aria-sort=descending" : " aria-sort=ascending";
  out += '>';
}

[[gnu::cold]] inline void append_page_head(std::string& out, std::string_view name, listing_order order) {
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

[[gnu::cold]] inline void append_page_foot(std::string& out, std::size_t directories, std::size_t files) {
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
  out += ",\"href\":";
  append_link(out, e);
  out += '}';
}

class page_text final : public listing_text {
 public:
  page_text(std::string name, listing_order order) : name_(std::move(name)), order_(order) {}
  void head(std::string& out) const override { append_page_head(out, name_, order_); }
  void row(std::string& out, const entry& e, bool) const override { append_row(out, e); }
  void foot(std::string& out, std::size_t directories, std::size_t files) const override {
    append_page_foot(out, directories, files);
  }

 private:
  std::string name_;
  listing_order order_;
};

class json_text final : public listing_text {
 public:
  explicit json_text(std::string name) : name_(std::move(name)) {}
  [[gnu::cold]] void head(std::string& out) const override {
    out += "{\"path\":";
    append_json(out, std::string("/").append(name_));
    out += ",\"entries\":[";
  }
  void row(std::string& out, const entry& e, bool first) const override { append_json_entry(out, e, first); }
  void foot(std::string& out, std::size_t, std::size_t) const override { out += "\n]}\n"; }

 private:
  std::string name_;
};

/// The name with a slash at its end; the root, `.`, has none.
[[nodiscard, gnu::cold]] inline std::string as_directory(std::string name) {
  if (name == ".") return {};
  if (!name.empty() && !name.ends_with('/')) name += '/';
  return name;
}

}  // namespace detail

inline result<body> listing_page(std::string name, more_entries more, listing_order order, look_at look) {
  owned<const listing_text> text(new detail::page_text(detail::as_directory(std::move(name)), order));
  return write_listing(std::move(text), std::move(more), order, std::move(look));
}

inline result<body> listing_json(std::string name, more_entries more, look_at look) {
  owned<const listing_text> text(new detail::json_text(detail::as_directory(std::move(name))));
  return write_listing(std::move(text), std::move(more), listing_order(), std::move(look));
}

}  // namespace tinyhttp::files
