// tinyhttp/files/static_files.hpp -- a handler that serves the files of a directory.
//
// Joins path.hpp (what is requested), directory.hpp (what exists), plan.hpp (what to answer) and
// listing.hpp. Knows neither sockets nor system calls.
#pragma once

#include <tinyhttp/app/handler.hpp>
#include <tinyhttp/core/chrono.hpp>
#include <tinyhttp/core/function.hpp>
#include <tinyhttp/core/shared.hpp>
#include <tinyhttp/files/cache.hpp>
#include <tinyhttp/files/directory.hpp>
#include <tinyhttp/files/error_pages.hpp>
#include <tinyhttp/files/kept_files.hpp>
#include <tinyhttp/files/listing_answer.hpp>
#include <tinyhttp/files/mount.hpp>
#include <tinyhttp/files/path.hpp>
#include <tinyhttp/files/plan.hpp>
#include <tinyhttp/files/rules.hpp>
#include <tinyhttp/files/siblings.hpp>
#include <tinyhttp/files/stamp.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tinyhttp {

/// What is served, and how; the defaults suit a web site.
struct static_files_options {
  /// The part of the path that names the mount: with `/files`, a request for `/files/a` gets `a`
  /// beneath the root. It ends at a segment boundary: `/filesystem` is not below it, and gets a 404.
  std::string strip_prefix = {};

  /// The names of index pages. A directory shows the first that exists.
  std::vector<std::string> index = {"index.html"};

  bool listing = true;     // for directories without an index; false: they answer 403
  bool dot_files = false;  // serve and list names with a leading dot; `.well-known` is always served
  files::links symbolic_links = files::links::inside;
  files::confinement confined_by = files::confinement::automatic;

  /// For files that no rule matches. `no-cache` lets caches keep a copy, but they must ask each time
  /// whether it is still good.
  std::string cache_control = "no-cache";
  std::vector<cache_rule> cache_rules = {};  // first match first

  /// Sends `a.js.br`, `a.js.zst` or `a.js.gz` for `a.js` to clients that accept the coding, if that file
  /// is not older than `a.js`. Costs one to three more looks at the disk per request, even with `trust_for`.
  bool precompressed = false;

  /// Small files are kept in memory, larger ones open. A change on disk is seen at the next request.
  files::cache_limits cache = {};

  /// How long a kept file is trusted after it was compared with the disk. Requests do not look at the disk
  /// meanwhile, so a change may be seen that much later.
  std::chrono::milliseconds trust_for{0};

  /// Rules that are tried before the built-in table; the first match counts.
  std::vector<media_type_rule> media_types = {};

  /// For single-page applications that route their own paths: the file, such as `index.html`, that answers when
  /// a browser navigates to a name that does not exist. A missing script or image stays a 404. A request is a
  /// navigation if its Sec-Fetch-Mode says so, or else if it accepts text/html by name.
  std::string fallback = {};

  /// Your own pages for errors, as `{{404, "404.html"}}`: files beneath the root.
  std::vector<error_page> error_pages = {};

  /// Called with each error that led to a status of 500 or more, from the thread of the request.
  function<void(const error&) const> on_error = {};
};

/// Serves the files beneath a root to GET and HEAD: with ranges, conditional requests, types by extension,
/// index pages, redirects to a directory's trailing slash, and listings. Other methods get 405. A path that
/// leads outside, is hidden, or is no file gets 404. Error bodies reveal nothing about this machine.
///
/// A value that is cheap to copy: copies share the root, which was opened once. Any thread. It never
/// waits for a peer, but does wait for the disk. Response bodies hold the file open until they are sent.
///
///     app.otherwise(static_files("public"));
///     app.get("/files/{path...}", static_files("/srv/files", {.strip_prefix = "/files"}));
class static_files {
 public:
  /// Throws `bad_result`: `serve directory "x": no such file or directory`. Throws std::invalid_argument
  /// for options that are not valid in a field, and for a `strip_prefix` without a leading slash.
  [[gnu::cold]] explicit static_files(const std::string& root, static_files_options options = {});

  /// Uses a root that is already open; its own options decide about confinement and links.
  [[gnu::cold]] explicit static_files(files::directory root, static_files_options options = {});

  [[nodiscard]] reply operator()(const request& r) const;

  /// The root directory. Lives as long as any copy of this handler.
  [[nodiscard]] const files::directory& root() const noexcept { return state_->root; }
  [[nodiscard]] const static_files_options& options() const noexcept { return state_->options; }

  /// The answer to an error, which is also passed to `on_error` as the options say.
  [[nodiscard, gnu::cold]] response failed(const error& why) const;

  /// Replaces the body of `made` by its error page, if it is an error that has one.
  void show_error_page(response& made) const {
    if (made.status.code() >= 400 && !state_->options.error_pages.empty()) replace_by_page(made);
  }

 private:
  [[gnu::cold]] void replace_by_page(response& made) const;
  struct state {
    [[gnu::cold]] state(files::directory opened, static_files_options o)
        : root(std::move(opened)), options(std::move(o)), kept(root, options.cache, options.trust_for) {
      paths.dot_files = options.dot_files;
      keeps_paths = !options.precompressed;
      for (const auto& index : options.index) keeps_paths = keeps_paths && is_safe_name(index, paths);
      keeps_paths = keeps_paths && safe_path("/" + options.fallback, paths);
      files::detail::require_places(options.strip_prefix, options.fallback);
      files::detail::require_field_value("static_files: cache_control", options.cache_control);
      for (const auto& rule : options.cache_rules)
        files::detail::require_field_value("static_files: cache_rules", rule.cache_control);
      for (const auto& rule : options.media_types)
        files::detail::require_field_value("static_files: media_types", rule.media_type);
    }
    files::directory root;
    const static_files_options options;
    safe_path_options paths;
    bool keeps_paths = false;  // what is kept is under its name, and `safe_path` lets that through
    mutable files::kept_files kept;
  };

  [[nodiscard]] response serve(const request& r) const;
  [[nodiscard]] response serve_named(const request& r, std::string_view below) const;
  [[nodiscard]] shared<const files::kept_file> kept_as_asked(const request& r, std::string_view below) const;
  [[nodiscard]] shared<const files::kept_file> kept_for(const request& r, const std::string& name) const;
  [[nodiscard, gnu::cold]] shared<const files::kept_file> kept_variant(const request& r, const std::string& name) const;
  [[nodiscard]] response serve_found(const request& r, const std::string& name) const;
  // For what is not kept: optimized for size, as the disk dominates the cost.
  [[nodiscard, gnu::cold]] response serve_missing(const request& r, const error& why) const;
  [[nodiscard, gnu::cold]] response serve_directory(const request& r, const std::string& name) const;
  [[nodiscard, gnu::cold]] response serve_listing(const request& r, const std::string& name) const;
  [[nodiscard, gnu::cold]] response serve_file(const request& r, const std::string& name, files::opened& file) const;
  [[nodiscard, gnu::cold]] response serve_content(const request& r, const std::string& key, std::string name,
                                       files::facts& known, files::opened& file) const;
  [[nodiscard, gnu::cold]] files::variant choose(const request& r, const std::string& name) const {
    if (!state_->options.precompressed) return {};
    std::string store;
    return files::choose_variant(state_->root, name, r.fields.combined("Accept-Encoding", store));
  }

  shared<const state> state_;
};

// ---------------------------------------------------------------------------------------------

namespace detail {

/// The name under which a variant is kept: no name that is served contains a line end.
[[nodiscard, gnu::cold]] inline std::string variant_key(std::string_view name, std::string_view coding) {
  return std::string(name).append("\n").append(coding);
}

/// Whether what was found as the index of the folder that `r` asks for is itself a folder.
[[nodiscard]] inline bool is_no_index(const files::kept_file& kept, const request& r) noexcept {
  return kept.stamp.is_directory && r.path().ends_with('/');
}

/// One name per thread, so that a usual request allocates none. A handler does not call itself.
[[nodiscard]] inline std::string& name_buffer() {
  thread_local std::string name;
  return name;
}

}  // namespace detail

inline static_files::static_files(const std::string& root, static_files_options options) {
  auto opened = files::directory::open(root, {options.symbolic_links, options.confined_by});
  *this = static_files(std::move(opened).value(), std::move(options));
}

inline static_files::static_files(files::directory root, static_files_options options)
    : state_(shared<const state>(new state(std::move(root), std::move(options)))) {}

inline reply static_files::operator()(const request& r) const {
  return reply([&]() -> response {
    response made = serve(r);
    show_error_page(made);
    return made;
  });
}

inline void static_files::replace_by_page(response& made) const {
  const std::string name(files::error_page_for(state_->options.error_pages, made.status.code()));
  if (name.empty()) return;
  auto page = state_->root.find(name);
  if (!page || page->stamp.is_directory) return;
  files::put_error_page(made, content_slice{std::move(page->content), 0, page->stamp.size},
                        files::media_type_by(state_->options.media_types, name));
}

inline response static_files::serve(const request& r) const {
  if (r.method != method::get && r.method != method::head)
    return problem(status::method_not_allowed).with("Allow", "GET, HEAD");
  const auto below = files::below_prefix(r.path(), state_->options.strip_prefix);
  if (!below) return problem(status::not_found);
  if (auto kept = kept_as_asked(r, *below)) return files::answer_kept(r, std::move(kept));
  return serve_named(r, *below);
}

[[gnu::noinline]] inline response static_files::serve_named(const request& r, std::string_view below) const {
  std::string& name = detail::name_buffer();
  const auto judged = safe_path(below.empty() ? "/" : below, name, state_->paths);
  if (!judged) return files::refuse_path(r, judged.error(), state_->paths);
  const bool folder = name == "." || name.ends_with('/');
  if (folder && !r.path().ends_with('/')) return files::slash_redirect(r);  // the prefix itself
  if (state_->keeps_paths && below.find('%') == below.npos) return serve_found(r, name);  // nothing is kept
  if (folder && !state_->options.index.empty()) {  // a kept first index answers before its folder
    if (auto kept = kept_for(r, files::inside(name, state_->options.index.front())))
      return files::answer_kept(r, std::move(kept));
  } else if (auto kept = kept_for(r, name)) {
    return files::answer_kept(r, std::move(kept));
  }
  return serve_found(r, name);
}

/// A path without escapes is a name, if it is valid at all, so what is kept under it need not be checked again.
/// What is found under a path with a `%` is not used: the path means another name.
inline shared<const files::kept_file> static_files::kept_as_asked(const request& r, std::string_view below) const {
  if (!state_->keeps_paths || below.empty()) return nullptr;
  below.remove_prefix(1);
  if (below.empty() || below.back() == '/') {  // a folder is looked up by its index
    if (state_->options.index.empty()) return nullptr;
    below = detail::name_buffer().assign(below).append(state_->options.index.front());
  }
  auto kept = state_->kept.find(below, r);
  if (kept && (kept->is_escaped || detail::is_no_index(*kept, r))) kept.reset();
  return kept;
}

/// The kept file if it is still the one on disk; null if the disk has to be asked further.
inline shared<const files::kept_file> static_files::kept_for(const request& r, const std::string& name) const {
  if (state_->kept.is_off()) return nullptr;
  auto kept = state_->options.precompressed ? kept_variant(r, name) : state_->kept.find(name, r);
  if (kept && detail::is_no_index(*kept, r)) kept.reset();
  return kept;
}

inline shared<const files::kept_file> static_files::kept_variant(const request& r, const std::string& name) const {
  const auto chosen = choose(r, name);
  return state_->kept.find_seen(chosen.varies ? detail::variant_key(name, chosen.coding) : name, chosen.stamp);
}

inline response static_files::serve_found(const request& r, const std::string& name) const {
  files::file_stamp seen;
  if (const int cause = state_->root.look(name, seen)) return serve_missing(r, files::detail::look_error(name, cause));
  if (seen.is_directory) return serve_directory(r, name);
  auto found = state_->root.find_seen(name);
  if (!found) return serve_missing(r, found.error());
  return found->content ? serve_file(r, name, *found) : serve_directory(r, name);  // which it is by now
}

inline response static_files::serve_missing(const request& r, const error& why) const {
  const std::string& page = state_->options.fallback;
  if (page.empty() || why.status_hint() != 404) return failed(why);
  if (files::is_navigation(r))
    if (auto found = state_->root.find(page); found && !found->stamp.is_directory)
      return files::by_navigation(serve_file(r, page, *found));
  return files::by_navigation(failed(why));
}

inline response static_files::serve_directory(const request& r, const std::string& name) const {
  if (!r.path().ends_with('/')) {  // the way to there is kept as a file is
    const auto found = state_->root.find_seen(name);
    if (!found) return serve_missing(r, found.error());
    if (state_->keeps_paths && !found->content) (void)state_->kept.keep(name, name, {}, *found, files::now_for(r));
    return files::slash_redirect(r);
  }
  for (const auto& index : state_->options.index) {
    const std::string index_name = files::inside(name, index);
    if (auto kept = kept_for(r, index_name)) return files::answer_kept(r, std::move(kept));
    auto found = state_->root.find(index_name);
    if (found && !found->stamp.is_directory) return serve_file(r, index_name, *found);
    if (!found && found.error().status_hint() != 404) return failed(found.error());
  }
  if (state_->options.listing) return serve_listing(r, name);
  auto held = state_->root.hold(name);  // so far it has only been seen
  return held ? problem(status::forbidden) : failed(held.error());
}

inline response static_files::serve_listing(const request& r, const std::string& name) const {
  const shared<const files::directory> root(state_, &state_->root);
  auto made = files::listing_answer(r, root, name, state_->paths);
  return made ? std::move(*made) : failed(made.error());
}

inline response static_files::serve_file(const request& r, const std::string& name, files::opened& file) const {
  const auto chosen = choose(r, name);
  files::facts known;
  const auto& options = state_->options;
  known.media_type = files::media_type_by(options.media_types, name);
  known.cache_control = files::cache_control_by(options.cache_rules, name, options.cache_control);
  known.varies = chosen.varies;
  std::string key = chosen.varies ? detail::variant_key(name, {}) : name;
  std::string own_name = name;
  if (!chosen.suffix.empty()) {
    const std::string sibling_name = std::string(name).append(chosen.suffix);
    auto sibling = state_->root.find(sibling_name);
    if (sibling && !sibling->stamp.is_directory) {  // else it went away; the file itself is here
      file = std::move(*sibling);
      own_name = sibling_name;
      known.content_encoding = chosen.coding;
      key = detail::variant_key(name, chosen.coding);
    }
  }
  return serve_content(r, key, std::move(own_name), known, file);
}

inline response static_files::serve_content(const request& r, const std::string& key, std::string name,
                                            files::facts& known, files::opened& file) const {
  known.size = file.stamp.size;
  known.modified = file.stamp.modified;
  known.etag = files::entity_tag_of(file.stamp);
  const std::int64_t now = files::now_for(r);
  if (auto kept = state_->kept.keep(key, std::move(name), known, file, now)) return files::answer_kept(r, std::move(kept));
  return files::answer(r, known, std::move(file.content), now, files::seed_for(r));
}

inline response static_files::failed(const error& why) const {
  const int hint = why.status_hint() != 0 ? why.status_hint() : 500;
  if (hint >= 500 && state_->options.on_error) state_->options.on_error(why);
  return problem(hint);
}

}  // namespace tinyhttp
