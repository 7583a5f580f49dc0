// tinyhttp/files/error_pages.hpp -- custom pages for error answers.
//
// Which page goes with which status, and how it takes the place of the plain line. Where pages come
// from is the handler's business.
#pragma once

#include <tinyhttp/http/body.hpp>
#include <tinyhttp/http/response.hpp>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tinyhttp {

/// The file, or asset, that is sent with a status: `{404, "errors/404.html"}`. The status stays, and so do the fields
/// that belong to it, such as Allow. Without that file the answer is the plain line.
struct error_page {
  int status = 404;
  std::string name = {};  // relative to the root; the client's path never leads to another
};

namespace files {

/// The name of the page for `code`; empty if there is none.
[[nodiscard]] inline std::string_view error_page_for(const std::vector<error_page>& pages, int code) noexcept {
  for (const auto& page : pages)
    if (page.status == code) return page.name;
  return {};
}

/// Replaces the body of `made` by the page. Caches may keep an error as long as it says, and this one says not at all
/// (RFC 9111 4.2.2).
[[gnu::cold]] inline void put_error_page(response& made, body page, std::string_view media_type) {
  made.body = std::move(page);
  made.fields.set("Content-Type", media_type);
  made.fields.set("X-Content-Type-Options", "nosniff");
  made.fields.set("Cache-Control", "no-store");
}

}  // namespace files
}  // namespace tinyhttp
