// tinyhttp/files/listing_answer.hpp -- the response that lists a directory.
//
// Joins directory.hpp and listing.hpp: a page, or data for programs that ask for that. Knows no mount.
#pragma once

#include <tinyhttp/core/owned_list.hpp>
#include <tinyhttp/core/shared.hpp>
#include <tinyhttp/files/directory.hpp>
#include <tinyhttp/files/listing.hpp>
#include <tinyhttp/files/path.hpp>
#include <tinyhttp/http/negotiation.hpp>
#include <tinyhttp/http/request.hpp>
#include <tinyhttp/http/response.hpp>

#include <string>
#include <string_view>
#include <utility>

namespace tinyhttp::files {

/// Lists the directory `name` as HTML, or as JSON if the Accept of `r` prefers that. Shows only names that a request
/// could reach under `shown`. The body holds `root` and the directory open.
[[nodiscard, gnu::cold]] inline result<response> listing_answer(const request& r, shared<const directory> root,
                                                     const std::string& name, const safe_path_options& shown);

// ---------------------------------------------------------------------------------------------

inline result<response> listing_answer(const request& r, shared<const directory> root,
                                       const std::string& name, const safe_path_options& shown) {
  auto opened_folder = root->open_folder(name);
  if (!opened_folder) return opened_folder.error();
  const shared<folder> in(new folder(std::move(*opened_folder)));
  auto more = [in, shown](owned_list<entry>& into) -> result<bool> {
    const std::size_t before = into.size();
    if (auto read = in->names(detail::run_length, into); !read) return read.error();
    const bool any = into.size() > before;
    for (std::size_t i = into.size(); i-- > before;)
      if (!is_safe_name(into[i].name, shown)) into.remove(i);
    return any;
  };
  auto look = [held = std::move(root), in](entry& e) { return in->look(e); };
  static constexpr std::string_view types[] = {"text/html", "application/json"};
  std::string store;
  const bool as_data = preferred_media_type(r.fields.combined("Accept", store), types) == types[1];
  auto text = as_data ? listing_json(name, std::move(more), std::move(look))
                      : listing_page(name, std::move(more), parse_order(r.query()), std::move(look));
  if (!text) return text.error();
  response made = content(std::move(*text), as_data ? "application/json" : "text/html; charset=utf-8");
  made.fields.add("Cache-Control", "no-cache").add("Vary", "Accept");
  made.fields.add("X-Content-Type-Options", "nosniff");
  made.fields.add("Content-Security-Policy", "default-src 'none'; img-src data:; style-src 'unsafe-inline'");
  return made;
}

}  // namespace tinyhttp::files
