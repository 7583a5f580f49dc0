// tinyhttp/files/static_files.hpp -- a handler that serves the files of a directory.
//
// Joins path.hpp (what is asked for), directory.hpp (what is there), plan.hpp (what to answer) and
// listing.hpp. Knows neither sockets nor system calls.
#pragma once

#include <tinyhttp/app/handler.hpp>
#include <tinyhttp/core/function.hpp>
#include <tinyhttp/files/directory.hpp>
#include <tinyhttp/files/listing.hpp>
#include <tinyhttp/files/path.hpp>
#include <tinyhttp/files/plan.hpp>
#include <tinyhttp/http/media_type.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tinyhttp {

/// The media type for file names that end in `suffix`, as `.log`; whatever its case.
struct media_type_rule {
  std::string suffix;
  std::string media_type;  // a Content-Type value
};

struct static_files_options {
  /// The part of the path that names the mount: with `/files`, a request for `/files/a` is one for
  /// `a` beneath the root. Ends at a segment's end: `/filesystem` is not below it, and gets a 404.
  std::string strip_prefix = {};

  /// What a directory shows instead of itself, the first that exists.
  std::vector<std::string> index = {"index.html"};

  bool listing = true;     // of directories without an index; else they answer 403
  bool dot_files = false;  // serve and list names with a leading dot; `.well-known` always is
  files::links symbolic_links = files::links::inside;
  files::confinement confined_by = files::confinement::automatic;

  /// For every file. `no-cache` lets caches keep it, and ask each time whether it still is good.
  std::string cache_control = "no-cache";

  /// Looked at before the built-in table, first match first.
  std::vector<media_type_rule> media_types = {};

  /// Called, from the thread of the request, with what ended in a status of 500 or more.
  function<void(const error&) const> on_error = {};
};

/// Serves the files beneath a root to GET and HEAD: with ranges, conditions, types by extension,
/// index pages, a redirect to the slash of directories, and listings. Others get 405. Answers 404 to
/// what leads outside, is hidden, or is no file; error bodies tell nothing of this machine.
///
/// A value that is cheap to copy: copies share the root, which was opened once. Any thread. Never
/// waits for a peer, but for the disk. Response bodies hold the file open until they are sent.
///
///     app.otherwise(static_files("public"));
///     app.get("/files/{path...}", static_files("/srv/files", {.strip_prefix = "/files"}));
class static_files {
 public:
  /// Throws `bad_result`: `serve directory "x": no such file or directory`.
  explicit static_files(const std::string& root, static_files_options options = {});

  /// Over a root that is open already; its own options decide on confinement and links.
  explicit static_files(files::directory root, static_files_options options = {});

  [[nodiscard]] reply operator()(const request& r) const;

 private:
  struct state {
    files::directory root;
    static_files_options options;
    safe_path_options paths;
  };

  [[nodiscard]] response serve_directory(const request& r, const std::string& name) const;
  [[nodiscard]] response serve_listing(const request& r, const std::string& name) const;
  [[nodiscard]] response serve_file(const request& r, std::string_view name,
                                    files::opened file) const;
  [[nodiscard]] std::string_view media_type(std::string_view name) const;
  [[nodiscard]] response failed(const error& why) const;

  std::shared_ptr<const state> state_;
};

// ---------------------------------------------------------------------------------------------

namespace detail {

/// The time to answer with: the server's, where there is one.
[[nodiscard]] inline std::int64_t now_for(const request& r) noexcept {
  return r.context != nullptr ? r.context->clock().unix_seconds() : files::wall_clock();
}

/// What is left of `path` below `prefix`: empty text for the mount itself, without its slash.
[[nodiscard]] constexpr std::optional<std::string_view> below_prefix(
    std::string_view path, std::string_view prefix) noexcept {
  while (prefix.ends_with('/')) prefix.remove_suffix(1);
  if (!path.starts_with(prefix)) return std::nullopt;
  path.remove_prefix(prefix.size());
  if (!path.empty() && path.front() != '/') return std::nullopt;
  return path;
}

/// A strong entity tag: another whenever the stamp is another. Tells nothing about the stamp.
[[nodiscard]] inline std::string entity_tag_of(const files::file_stamp& s) {
  std::uint64_t sum = 0;
  for (const std::uint64_t part :
       {s.size, static_cast<std::uint64_t>(s.modified), std::uint64_t{s.modified_ns},
        static_cast<std::uint64_t>(s.changed), std::uint64_t{s.changed_ns}, s.inode, s.device})
    sum = files::mix(sum + part + 0x9e3779b97f4a7c15);
  std::string tag = "\"";
  ascii::append_hex(tag, sum);
  return tag.append("\"");
}

/// A program asks, not a person: Accept names JSON, and HTML not at all.
[[nodiscard]] inline bool prefers_json(const fields& from) noexcept {
  bool json = false;
  for (const auto& [name, value] : from) {
    if (!ascii::equal_ignoring_case(name, "Accept")) continue;
    auto list = value;
    while (const auto element = ascii::take_list_element(list)) {
      const auto essence = ascii::trim(element->substr(0, element->find(';')));
      if (ascii::equal_ignoring_case(essence, "text/html")) return false;
      json = json || ascii::equal_ignoring_case(essence, "application/json");
    }
  }
  return json;
}

}  // namespace detail

inline static_files::static_files(const std::string& root, static_files_options options) {
  auto opened = files::directory::open(root, {options.symbolic_links, options.confined_by});
  *this = static_files(std::move(opened).value(), std::move(options));
}

inline static_files::static_files(files::directory root, static_files_options options) {
  const safe_path_options paths{.dot_files = options.dot_files};
  state_ = std::make_shared<const state>(state{std::move(root), std::move(options), paths});
}

inline reply static_files::operator()(const request& r) const {
  if (r.method != method::get && r.method != method::head)
    return problem(status::method_not_allowed).with("Allow", "GET, HEAD");
  const auto below = detail::below_prefix(r.path(), state_->options.strip_prefix);
  if (!below) return problem(status::not_found);
  const auto name = safe_path(below->empty() ? "/" : *below, state_->paths);
  if (!name) return failed(name.error());
  auto found = state_->root.find(*name);
  if (!found) return failed(found.error());
  if (found->stamp.is_directory) return serve_directory(r, *name);
  return serve_file(r, *name, std::move(*found));
}

inline response static_files::serve_directory(const request& r, const std::string& name) const {
  if (!r.path().ends_with('/')) {
    // A path that got here begins with exactly one slash, as safe_path lets no empty segment
    // through; so what follows can't be taken for `//host`.
    std::string location(r.path());
    location += '/';
    if (r.target.has_query()) location.append("?").append(r.query());
    return redirect(location, status::moved_permanently);
  }
  for (const auto& index : state_->options.index) {
    const std::string index_name = name == "." ? index : name + index;
    auto found = state_->root.find(index_name);
    if (found && !found->stamp.is_directory) return serve_file(r, index_name, std::move(*found));
    if (!found && found.error().status_hint() != 404) return failed(found.error());
  }
  return state_->options.listing ? serve_listing(r, name) : problem(status::forbidden);
}

inline response static_files::serve_listing(const request& r, const std::string& name) const {
  auto found = state_->root.list(name);
  if (!found) return failed(found.error());
  std::vector<files::entry> shown;
  shown.reserve(found->size());
  for (auto& e : *found)
    if (is_safe_name(e.name, state_->paths)) shown.push_back(std::move(e));

  response made = detail::prefers_json(r.fields)
                      ? json(files::listing_json(name, std::move(shown)))
                      : html(files::listing_page(name, std::move(shown), files::parse_order(r.query())));
  made.fields.add("Cache-Control", "no-cache").add("Vary", "Accept");
  made.fields.add("X-Content-Type-Options", "nosniff");
  made.fields.add("Content-Security-Policy", "default-src 'none'; img-src data:; style-src 'unsafe-inline'");
  return made;
}

inline response static_files::serve_file(const request& r, std::string_view name,
                                         files::opened file) const {
  const files::facts f{.size = file.stamp.size,
                       .modified = file.stamp.modified,
                       .etag = detail::entity_tag_of(file.stamp),
                       .media_type = std::string(media_type(name)),
                       .content_encoding = {},
                       .cache_control = state_->options.cache_control};
  const bool many = r.fields["Range"].find(',') != std::string_view::npos;
  return files::answer(r, f, std::move(file.content), detail::now_for(r),
                       many ? files::unguessable() : 0);
}

inline std::string_view static_files::media_type(std::string_view name) const {
  for (const auto& rule : state_->options.media_types)
    if (name.size() >= rule.suffix.size() &&
        ascii::equal_ignoring_case(name.substr(name.size() - rule.suffix.size()), rule.suffix))
      return rule.media_type;
  return media_type_of(name);
}

inline response static_files::failed(const error& why) const {
  const int hint = why.status_hint() != 0 ? why.status_hint() : 500;
  if (hint >= 500 && state_->options.on_error) state_->options.on_error(why);
  return problem(hint);
}

}  // namespace tinyhttp
